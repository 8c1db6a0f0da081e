//! Tenders with their projects, objections, sealed and opened bids, and the committees that open them.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use ledger::codec;
use ledger::crypto::PublicKey;
use ledger::id::{BidId, CreditCode, ProjectCode, TenderId};
use ledger::record::bid::{
    LiveBid as LedgerLiveBid, OpenedBid as LedgerOpenedBid, StampKey as LedgerStampKey,
};
use ledger::record::project::Project as LedgerProject;
use ledger::record::tender::{Objection as LedgerObjection, Tender as LedgerTender, TenderStage};
use ledger::state::StateKey as _;
use ledger::state::keys::{
    BidKey, ChunkKey, CommitteeKey, EvaluationKey, IssuerNumberKey, LiveBidKey, LotResultKey, ObjectionKey,
    OpenedBidKey, OpeningKey, ProjectKey, SealingEpochKey, SheetKey, StampKeyKey, TenderKey, all_projects,
    all_stamp_keys, all_tenders, live_bids_of, objections_of, opened_bids_of,
};
use sealing::message;
use sealing::suite::Ristretto255;
use utoipa::IntoParams;

use super::App;
use super::documents::{expect_type, not_signed, read_ticket};
use super::problem::{Code, Fault, damaged};
use super::query::{FromQuery, NoQuery, Params, Query, Segment};
use super::records::{PageAnswer, Paging, PagingQuery, RecordAnswer};
use super::schema::{
    ArrivalReceipt, BlindSignature, Bytes, Committee, Evaluation, LiveBid, Objection, OpenedBid, Opening,
    Page, Problem, Project, Record, SealedBid, SealingEpoch, StampKey, Tender,
};
use super::submit::read_body;
use super::view::View;
use crate::tenders::admission::{Request as Asked, TicketError};
use crate::tenders::arrivals::ArrivalError;
use crate::tenders::keys::system_random;
use crate::tenders::stamps::{REQUEST_BYTES_MAX, RequestError, StampRequest};

/// Which tenders.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; `Tenders` is what is read from it")]
pub(crate) struct TendersQuery {
    /// Only those at this stage.
    stage: Option<String>,
    /// Only those of this project.
    project: Option<String>,
    /// Only those of this organiser.
    organiser: Option<String>,
}

/// A query for tenders, read.
pub(crate) struct Tenders {
    stage: Option<TenderStage>,
    project: Option<ProjectCode>,
    organiser: Option<CreditCode>,
    paging: Paging<TenderId>,
}

impl FromQuery for Tenders {
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        let stage = params.read("stage", |text| {
            let stages = TenderStage::ALL.map(TenderStage::name).join(", ");
            let mut all = TenderStage::ALL.into_iter();
            all.find(|stage| stage.name() == text).ok_or(format!("expected one of {stages}"))
        })?;
        let project = params.read("project", str::parse)?;
        let organiser = params.read("organiser", str::parse)?;
        Ok(Self { stage, project, organiser, paging: Paging::from_query(params)? })
    }
}

impl Tenders {
    fn keeps(&self, tender: &LedgerTender) -> bool {
        self.stage.is_none_or(|stage| tender.stage == stage)
            && self.project.as_ref().is_none_or(|project| tender.project == *project)
            && self.organiser.as_ref().is_none_or(|organiser| tender.organiser == *organiser)
    }
}

/// List projects, by code.
#[utoipa::path(get, path = "/v1/projects", operation_id = "list_projects", tag = "tenders", params(PagingQuery), responses(
    (status = 200, description = "Projects", body = Page<Project>),
    (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn projects(
    State(app): State<App>,
    Query(paging): Query<Paging<ProjectCode>>,
) -> PageAnswer<Project> {
    app.read(move |view| {
        let after = paging.cursor.map(|code| ProjectKey(&code).key());
        let name = |p: &LedgerProject| p.code.to_string();
        Ok(Json(view.page(view.list(all_projects(), after, paging.limit, |_| true, name)?)))
    })
    .await
}

/// Look up a project.
#[utoipa::path(get, path = "/v1/projects/{code}", operation_id = "get_project", tag = "tenders",
    params(("code" = String, Path, description = "Code of the project")), responses(
    (status = 200, description = "The project", body = Record<Project>),
    (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn project(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<Project> {
    let code: ProjectCode = segment.parse("code")?;
    app.read(move |view| view.record(&ProjectKey(&code)).map(Json)).await
}

/// List tenders, by id.
#[utoipa::path(get, path = "/v1/tenders", operation_id = "list_tenders", tag = "tenders",
    params(TendersQuery, PagingQuery), responses(
    (status = 200, description = "Tenders", body = Page<Tender>),
    (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn tenders(State(app): State<App>, Query(query): Query<Tenders>) -> PageAnswer<Tender> {
    app.read(move |view| {
        let after = query.paging.cursor.as_ref().map(|id| TenderKey(id).key());
        let name = |t: &LedgerTender| t.id.to_string();
        Ok(Json(view.page(view.list(all_tenders(), after, query.paging.limit, |t| query.keeps(t), name)?)))
    })
    .await
}

/// Look up a tender.
#[utoipa::path(get, path = "/v1/tenders/{id}", operation_id = "get_tender", tag = "tenders",
    params(("id" = String, Path, description = "The tender: 64 hexadecimal digits")), responses(
    (status = 200, description = "The tender", body = Record<Tender>),
    (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn tender(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<Tender> {
    let id: TenderId = segment.parse("id")?;
    app.read(move |view| view.record(&TenderKey(&id)).map(Json)).await
}

/// List the objections to a tender's documents, in their order.
#[utoipa::path(get, path = "/v1/tenders/{id}/objections", operation_id = "list_objections", tag = "tenders",
    params(("id" = String, Path, description = "The tender: 64 hexadecimal digits"), PagingQuery), responses(
    (status = 200, description = "Objections", body = Page<Objection>),
    (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn objections(
    State(app): State<App>,
    segment: Segment,
    Query(paging): Query<Paging<u32>>,
) -> PageAnswer<Objection> {
    let id: TenderId = segment.parse("id")?;
    app.read(move |view| {
        view.tender(&id)?;
        let after = paging.cursor.map(|number| ObjectionKey(&id, number).key());
        let name = |o: &LedgerObjection| o.number.to_string();
        Ok(Json(view.page(view.list(objections_of(&id), after, paging.limit, |_| true, name)?)))
    })
    .await
}

/// List the sealed bids of a tender, by name.
///
/// Before the opening this is all that anybody knows: that a bid exists. Afterwards the list stays as it was when the opening began.
#[utoipa::path(get, path = "/v1/tenders/{id}/bids", operation_id = "list_sealed_bids", tag = "tenders",
    params(("id" = String, Path, description = "The tender: 64 hexadecimal digits"), PagingQuery), responses(
    (status = 200, description = "Sealed bids", body = Page<LiveBid>),
    (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn bids(
    State(app): State<App>,
    segment: Segment,
    Query(paging): Query<Paging<BidId>>,
) -> PageAnswer<LiveBid> {
    let id: TenderId = segment.parse("id")?;
    app.read(move |view| {
        view.tender(&id)?;
        let after = paging.cursor.map(|bid| LiveBidKey(&id, &bid).key());
        let name = |bid: &LedgerLiveBid| bid.id.to_string();
        Ok(Json(view.page(view.list(live_bids_of(&id), after, paging.limit, |_| true, name)?)))
    })
    .await
}

/// Look up a sealed bid by its one-time key.
#[utoipa::path(get, path = "/v1/bids/{key}", operation_id = "get_sealed_bid", tag = "tenders",
    params(("key" = String, Path, description = "The one-time key: 64 hexadecimal digits")), responses(
    (status = 200, description = "The bid, as it travelled", body = Record<SealedBid>),
    (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn bid(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<SealedBid> {
    let key: PublicKey = segment.parse("key")?;
    app.read(move |view| view.record(&BidKey(&key)).map(Json)).await
}

/// The opening of a tender's bids: which seats have given their shares.
#[utoipa::path(get, path = "/v1/tenders/{id}/opening", operation_id = "get_opening", tag = "tenders",
    params(("id" = String, Path, description = "The tender: 64 hexadecimal digits")), responses(
    (status = 200, description = "The opening", body = Record<Opening>),
    (status = "default", description = "Unknown, not begun, or refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn opening(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<Opening> {
    let id: TenderId = segment.parse("id")?;
    app.read(move |view| {
        let tender = view.tender(&id)?;
        let begun = || Fault::new(Code::NotFound).because("The opening has not begun, or never did");
        let opening = view.get(&OpeningKey(&id))?.ok_or_else(begun)?;
        let committee = view.get(&CommitteeKey(tender.committee))?;
        let committee = committee.ok_or_else(|| damaged("a tender", &"its committee is missing"))?;
        let chunks = (0..opening.chunks).map(|number| view.get(&ChunkKey(&id, number)));
        let chunks: Vec<_> = chunks.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let data = Opening::new(&opening, &chunks, &committee);
        Ok(Json(Record { data, at: view.at() }))
    })
    .await
}

/// List the bids of a tender that were opened and count, by bidder.
#[utoipa::path(get, path = "/v1/tenders/{id}/opened-bids", operation_id = "list_opened_bids", tag = "tenders",
    params(("id" = String, Path, description = "The tender: 64 hexadecimal digits"), PagingQuery), responses(
    (status = 200, description = "Opened bids", body = Page<OpenedBid>),
    (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn opened_bids(
    State(app): State<App>,
    segment: Segment,
    Query(paging): Query<Paging<CreditCode>>,
) -> PageAnswer<OpenedBid> {
    let id: TenderId = segment.parse("id")?;
    app.read(move |view| {
        view.tender(&id)?;
        let after = paging.cursor.map(|bidder| OpenedBidKey(&id, &bidder).key());
        let name = |bid: &LedgerOpenedBid| bid.offer.bidder.to_string();
        Ok(Json(view.page(view.list(opened_bids_of(&id), after, paging.limit, |_| true, name)?)))
    })
    .await
}

/// The evaluation of a tender's bids: the panel, its scores once they are revealed, and what has come of the lots.
#[utoipa::path(get, path = "/v1/tenders/{id}/evaluation", operation_id = "get_evaluation", tag = "tenders",
    params(("id" = String, Path, description = "The tender: 64 hexadecimal digits")), responses(
    (status = 200, description = "The evaluation", body = Record<Evaluation>),
    (status = "default", description = "Unknown, not opened, or refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn evaluation(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<Evaluation> {
    let id: TenderId = segment.parse("id")?;
    app.read(move |view| {
        let tender = view.tender(&id)?;
        let none = || Fault::new(Code::NotFound).because("The bids of the tender are not open");
        let evaluation = view.get(&EvaluationKey(&id))?.ok_or_else(none)?;
        let (mut sheets, mut lots) = (BTreeMap::new(), Vec::new());
        for (seat, _) in (1..).zip(&evaluation.seats) {
            sheets.extend(view.get(&SheetKey(&id, seat))?.map(|sheet| (seat, sheet)));
        }
        for (lot, _) in (1..).zip(&tender.lots) {
            lots.extend(view.get(&LotResultKey(&id, lot))?.map(|result| (lot, result)));
        }
        let data = Evaluation::of(evaluation, |seat| sheets.remove(&seat), lots);
        Ok(Json(Record { data, at: view.at() }))
    })
    .await
}

/// The present sealing epoch.
#[utoipa::path(get, path = "/v1/sealing/epoch", operation_id = "get_sealing_epoch", tag = "tenders", responses(
    (status = 200, description = "The epoch", body = Record<SealingEpoch>),
    (status = "default", description = "None yet, or refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn epoch(State(app): State<App>, _query: Query<NoQuery>) -> RecordAnswer<SealingEpoch> {
    app.read(|view| view.record(&SealingEpochKey).map(Json)).await
}

/// The committee of a sealing epoch: to whom bids are sealed.
#[utoipa::path(get, path = "/v1/sealing/committees/{epoch}", operation_id = "get_committee", tag = "tenders",
    params(("epoch" = u64, Path, description = "The epoch, from 1")), responses(
    (status = 200, description = "The committee", body = Record<Committee>),
    (status = "default", description = "None, or refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn committee(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<Committee> {
    let epoch: u64 = segment.parse("epoch")?;
    app.read(move |view| view.record(&CommitteeKey(epoch)).map(Json)).await
}

/// List the centres' keys for admission stamps. A stamp is asked for with such a key and no other.
#[utoipa::path(get, path = "/v1/stamp-keys", operation_id = "list_stamp_keys", tag = "tenders",
    params(PagingQuery), responses(
    (status = 200, description = "Keys, by issuer and quarter; a cursor is ISSUER-QUARTER", body = Page<StampKey>),
    (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn stamp_keys(
    State(app): State<App>,
    Query(paging): Query<Paging<IssuerAndQuarter>>,
) -> PageAnswer<StampKey> {
    app.read(move |view| {
        let after = paging.cursor.map(|IssuerAndQuarter(issuer, quarter)| StampKeyKey(issuer, quarter).key());
        let name = |key: &LedgerStampKey| format!("{}-{}", key.issuer, key.period);
        Ok(Json(view.page(view.list(all_stamp_keys(), after, paging.limit, |_| true, name)?)))
    })
    .await
}

/// What a cursor of the list of keys for stamps names.
pub(crate) struct IssuerAndQuarter(u16, u16);

impl std::str::FromStr for IssuerAndQuarter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('-').and_then(|(i, q)| Some((i.parse().ok()?, q.parse().ok()?)));
        parts.map(|(issuer, quarter)| Self(issuer, quarter)).ok_or("expected ISSUER-QUARTER")
    }
}

/// Have an admission stamp signed blindly.
///
/// The body is a CBOR map: the centre (0), the quarter of its key (1), the blinded message (2), a key of the bidder (3), and that
/// key's signature (4). The centre sees who asks and not for which one-time key; later it cannot tell its stamps apart. An
/// organisation gets so many in a quarter as the centre's configuration says; asking again for the same counts once.
#[utoipa::path(post, path = "/v1/stamps", operation_id = "sign_stamp", tag = "tenders",
    request_body(content((Bytes = "application/cbor")), description = "The request"), responses(
    (status = 200, description = "Signed", body = BlindSignature),
    (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn stamp(
    State(app): State<App>,
    _query: Query<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<BlindSignature>, Fault> {
    expect_type(&headers, "application/cbor")?;
    let mut room = app.bodies.part();
    let bytes = read_body(&headers, body, &mut room).await?;
    let request: StampRequest = codec::decode(&bytes, REQUEST_BYTES_MAX)
        .map_err(|reason| Fault::new(Code::MalformedTicket).because(reason))?;
    let desk = app.handle.desk().clone();
    let signed = app.read(move |view| {
        let own = desk.own_centre(&view.snapshot)?.filter(|own| *own == request.centre);
        let own = own.ok_or(RequestError::Quarter)?;
        let organisation = request.check(&view.snapshot, view.chain, view.time()?)?;
        let issuer = view.get(&IssuerNumberKey(&own))?.ok_or(RequestError::Quarter)?;
        view.get(&StampKeyKey(issuer, request.quarter))?.ok_or(RequestError::Quarter)?;
        let key = desk.keys.stamp(request.quarter).map_err(|error| {
            tracing::error!(%error, "the key for admission stamps cannot be opened");
            Fault::new(Code::NotReady)
        })?;
        let key = key.ok_or_else(|| Fault::new(Code::NotReady))?;
        // Counted first: who has no stamps left costs the node no signature.
        let mut stamps = desk.stamps.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        stamps.count(request.quarter, &organisation, request.blinded.as_slice())?;
        drop(stamps);
        let signature = key.sign(request.blinded.as_slice(), &mut system_random());
        let signature = signature.map_err(|_| RequestError::Blinded)?;
        Ok(BlindSignature { issuer, quarter: request.quarter, signature: hex::encode(signature) })
    });
    signed.await.map(Json)
}

/// Have it said when a bid came.
///
/// The body is a ticket, a CBOR map: the tender (0), what is asked for (1: `[2, [bid]]`), the one-time key (2), its stamp (3), and
/// that key's signature (4). The centre signs the time by its own clock, once for each bid; before the deadline only. With n - f of
/// these a bid that the deadline has overtaken is recorded within the grace.
#[utoipa::path(post, path = "/v1/arrivals", operation_id = "sign_arrival", tag = "tenders",
    request_body(content((Bytes = "application/cbor")), description = "The ticket"), responses(
    (status = 200, description = "Signed", body = ArrivalReceipt),
    (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn arrival(
    State(app): State<App>,
    _query: Query<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ArrivalReceipt>, Fault> {
    let ticket = read_ticket(&app, &headers, body).await?;
    let Asked::Arrival { bid } = ticket.request else { return Err(Fault::new(Code::MalformedTicket)) };
    let desk = app.handle.desk().clone();
    let signed = app.read(move |view| {
        let own = desk.own_centre(&view.snapshot)?.ok_or(TicketError::NotSeated)?;
        let now = view.time()?;
        let tender = ticket.check(&view.snapshot, view.chain, &own, now)?;
        let clock = crate::tenders::clock(&view.snapshot, now)?;
        if clock >= tender.closes_at && tender.stage == TenderStage::Accepting {
            return Err(TicketError::NotAccepting.into());
        }
        let mut arrivals = desk.arrivals.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let at = arrivals.note(ticket.tender, bid, ticket.key, clock)?;
        let bytes = message::arrival::<Ristretto255>(view.chain.as_str(), bid.as_bytes(), at.as_millis());
        let attestation = desk.voice.attest(bytes.as_bytes()).map_err(|error| not_signed(&error))?;
        let (bid, centre, at_ms) = (bid.to_string(), own.to_string(), at.as_millis());
        Ok(ArrivalReceipt { bid, centre, at_ms, attestation: attestation.into() })
    });
    signed.await.map(Json)
}

impl View<'_> {
    fn tender(&self, id: &TenderId) -> Result<LedgerTender, Fault> {
        self.get(&TenderKey(id))?.ok_or_else(|| Fault::new(Code::NotFound))
    }
}

impl From<RequestError> for Fault {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::Quarter => Self::new(Code::NoStampKey).because(error),
            RequestError::Signature | RequestError::Bidder => Self::new(Code::InvalidTicket).because(error),
            RequestError::Blinded => Self::new(Code::MalformedTicket).because(error),
            RequestError::Quota(_) => Self::new(Code::StampQuota).because(error),
            RequestError::State(error) => error.into(),
            RequestError::Io(error) => {
                tracing::error!(%error, "an admission stamp could not be counted; check the disk");
                Self::new(Code::Internal)
            }
        }
    }
}

impl From<ArrivalError> for Fault {
    fn from(error: ArrivalError) -> Self {
        match error {
            ArrivalError::TooMany => Self::new(Code::TooManyArrivals).because(error),
            ArrivalError::Io(error) => {
                tracing::error!(%error, "an arrival could not be noted; check the disk");
                Self::new(Code::Internal)
            }
        }
    }
}
