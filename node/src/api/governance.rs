//! Members, the changes they decide on, and double signings.

use axum::Json;
use axum::extract::State;
use ledger::governance as g;
use ledger::id::{ChangeId, DoubleSigningId, Height};
use ledger::state::StateKey;
use ledger::state::decode_value;
use ledger::state::keys::{ChangeKey, DoubleSigningKey, all_changes, all_double_signings, era_of};
use utoipa::IntoParams;

use super::App;
use super::problem::{Code, Fault};
use super::query::{FromQuery, NoQuery, Params, Query, Segment};
use super::records::{PageAnswer, Paging, PagingQuery, RecordAnswer};
use super::schema::{DoubleSigning, Members, Page, Problem, ProposedChange, Record};
use super::view::View;

/// Of which height.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct AtHeight {
    /// The height that the members decide; the next one unless given.
    #[param(minimum = 1)]
    height: Option<u64>,
}

impl FromQuery for AtHeight {
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        let height = params.read("height", |text| match text.parse::<u64>() {
            Ok(0) | Err(_) => Err("expected a height from 1 on"),
            Ok(height) => Ok(height),
        })?;
        Ok(Self { height })
    }
}

/// Which changes.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; `Changes` is what is read from it")]
pub(crate) struct ChangesQuery {
    /// Only those that stand so: `open`, `adopted` or `expired`.
    status: Option<String>,
}

/// A query for changes, read.
pub(crate) struct Changes {
    status: Option<&'static str>,
    paging: Paging<ChangeId>,
}

impl FromQuery for Changes {
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        let status = params.read("status", |text| {
            ["open", "adopted", "expired"]
                .into_iter()
                .find(|name| *name == text)
                .ok_or("expected one of open, adopted, expired")
        })?;
        Ok(Self { status, paging: Paging::from_query(params)? })
    }
}

/// Who decides the next height, or any earlier one.
#[utoipa::path(
    get,
    path = "/v1/members",
    operation_id = "get_members",
    tag = "governance",
    params(AtHeight),
    responses(
        (status = 200, description = "The members", body = Record<Members>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn members(State(app): State<App>, Query(query): Query<AtHeight>) -> RecordAnswer<Members> {
    app.read(move |view| view.members(query.height).map(Json)).await
}

/// List proposed changes, by id.
#[utoipa::path(
    get,
    path = "/v1/governance/changes",
    operation_id = "list_changes",
    tag = "governance",
    params(ChangesQuery, PagingQuery),
    responses(
        (status = 200, description = "Changes", body = Page<ProposedChange>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn changes(
    State(app): State<App>,
    Query(query): Query<Changes>,
) -> PageAnswer<ProposedChange> {
    app.read(move |view| {
        let after = query.paging.cursor.as_ref().map(|id| ChangeKey(id).key());
        let name = |change: &g::ProposedChange| change.id.to_string();
        let keep =
            |change: &g::ProposedChange| query.status.is_none_or(|status| change.status.name() == status);
        Ok(Json(view.page(view.list(all_changes(), after, query.paging.limit, keep, name)?)))
    })
    .await
}

/// Look up a proposed change.
#[utoipa::path(
    get,
    path = "/v1/governance/changes/{id}",
    operation_id = "get_change",
    tag = "governance",
    params(("id" = String, Path, description = "Id of the transaction that proposed it, in hexadecimal")),
    responses(
        (status = 200, description = "The change", body = Record<ProposedChange>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<ProposedChange> {
    let id: ChangeId = segment.parse("id")?;
    app.read(move |view| view.record(&ChangeKey(&id)).map(Json)).await
}

/// List double signings, by id.
#[utoipa::path(
    get,
    path = "/v1/evidence",
    operation_id = "list_evidence",
    tag = "governance",
    params(PagingQuery),
    responses(
        (status = 200, description = "Double signings with both signed messages", body = Page<DoubleSigning>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn evidence_list(
    State(app): State<App>,
    Query(paging): Query<Paging<DoubleSigningId>>,
) -> PageAnswer<DoubleSigning> {
    app.read(move |view| {
        let after = paging.cursor.as_ref().map(|id| DoubleSigningKey(id).key());
        let name = |record: &g::DoubleSigning| record.id.to_string();
        Ok(Json(view.page(view.list(all_double_signings(), after, paging.limit, |_| true, name)?)))
    })
    .await
}

/// Look up a double signing.
#[utoipa::path(
    get,
    path = "/v1/evidence/{id}",
    operation_id = "get_evidence",
    tag = "governance",
    params(("id" = String, Path, description = "Its name, in hexadecimal")),
    responses(
        (status = 200, description = "The double signing with both signed messages", body = Record<DoubleSigning>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn evidence(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<DoubleSigning> {
    let id: DoubleSigningId = segment.parse("id")?;
    app.read(move |view| view.record(&DoubleSigningKey(&id)).map(Json)).await
}

impl View<'_> {
    fn members(&self, height: Option<u64>) -> Result<Record<Members>, Fault> {
        let next = Height::new(self.snapshot.tip().height).next();
        let height = height.map_or(next, Height::new);
        if height > next {
            return Err(Fault::new(Code::NotFound));
        }
        let (from, before) = era_of(height);
        let row = self.snapshot.state_range(&from, Some(&before))?.next();
        let (key, bytes) = row.ok_or_else(|| Fault::new(Code::NotFound))??;
        let era: g::Era = decode_value(&key, &bytes)?;
        Ok(Record { data: era.into(), at: self.at() })
    }
}
