//! The node and its chain: status, genesis and rules.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use ledger::record;
use ledger::state::keys::{ParametersKey, RulesKey, SteppedClockKey, ValidatorsKey};
use utoipa::IntoParams;

use super::App;
use super::problem::{Code, Fault};
use super::query::{FromQuery, NoQuery, Params, Query};
use super::schema::{Clock, Peer, Problem, Record, RulePack, Status, TradeKind};
use super::view::View;
use crate::handle;

/// Warning of a clock that is not real, in English.
pub(crate) const STEPPED_NOTE: &str = "This network's clock is moved by hand for a demonstration. Its times are not real and have no legal effect.";
/// Warning of a clock that is not real, in Chinese.
pub(crate) const STEPPED_NOTE_ZH: &str =
    "本网络的时钟为演示而人为推进，所示时间并非真实时间，不具有法律效力。";

/// Where the node stands.
#[utoipa::path(
    get,
    path = "/v1/status",
    operation_id = "get_status",
    tag = "node",
    responses(
        (status = 200, description = "Status", body = Status),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(State(app): State<App>, _query: Query<NoQuery>) -> Result<Json<Status>, Fault> {
    app.status().await.map(Json)
}

/// The genesis file, byte for byte.
///
/// Its SHA-256 is the genesis hash that all members signed off.
#[utoipa::path(
    get,
    path = "/v1/genesis",
    operation_id = "get_genesis",
    tag = "node",
    responses(
        (status = 200, description = "The file", content_type = "application/toml", body = String),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn genesis(
    State(app): State<App>,
    _query: Query<NoQuery>,
) -> Result<impl IntoResponse, Fault> {
    let reader = app.clone();
    let bytes = app.read(move |_| Ok(reader.handle.store().genesis()?)).await?;
    let bytes = bytes.ok_or_else(|| Fault::new(Code::NotFound))?;
    Ok(([(CONTENT_TYPE, "application/toml")], bytes))
}

/// Which rules.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RulesQuery {
    /// The kind of trade; land-use right listings unless given.
    kind: Option<TradeKind>,
}

impl FromQuery for RulesQuery {
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        let kind = params.read("kind", |text| {
            ledger::rule::TradeKind::parse(text).ok_or_else(|| {
                let known = ledger::rule::TradeKind::ALL.map(ledger::rule::TradeKind::name).join(", ");
                format!("expected one of {known}")
            })
        })?;
        Ok(Self { kind: kind.map(TradeKind::from) })
    }
}

/// The rules of a kind of trade in force, each with the legal text it comes from.
#[utoipa::path(
    get,
    path = "/v1/rules",
    operation_id = "get_rules",
    tag = "node",
    params(RulesQuery),
    responses(
        (status = 200, description = "The rule pack", body = Record<RulePack>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rules(
    State(app): State<App>,
    Query(query): Query<RulesQuery>,
) -> Result<Json<Record<RulePack>>, Fault> {
    app.read(move |view| view.record(&RulesKey(query.kind.unwrap_or_default().into())).map(Json)).await
}

impl App {
    pub(crate) async fn status(&self) -> Result<Status, Fault> {
        let reader = self.clone();
        let (clock, peers) = self.read(move |view| Ok((view.clock()?, reader.peers(view)?))).await?;
        let (genesis, status) = (self.handle.genesis(), self.handle.status());
        Ok(Status {
            node: self.extras.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            chain_id: genesis.chain_id.to_string(),
            genesis_hash: genesis.hash.to_string(),
            height: status.height.get(),
            block_id: status.block_id.to_string(),
            block_time: status.block_time.to_string(),
            state_root: status.state_root.to_string(),
            log_size: status.log_size,
            log_root: hex::encode(status.log_root),
            tip_age_seconds: tip_age_seconds(&status),
            blocks_from: status.blocks_from.get(),
            events_from: status.events_from.get(),
            catch_up: status.behind.map(Into::into),
            round: status.round,
            phase: status.phase.into(),
            mempool_transactions: status.mempool_transactions,
            mempool_bytes: status.mempool_bytes,
            validators: status.validators,
            member: status.member,
            clock_ahead_ms: status.clock_ahead_ms,
            peers,
            clock,
        })
    }

    fn peers(&self, view: &View<'_>) -> Result<Vec<Peer>, Fault> {
        let validators = view.get(&ValidatorsKey)?;
        let centres: BTreeMap<[u8; 32], String> = validators
            .iter()
            .flat_map(|set| set.iter())
            .map(|v| (*v.network_key.as_bytes(), v.organisation.to_string()))
            .collect();
        let peers = self.handle.network().peers().into_iter().map(|peer| Peer {
            public_key: hex::encode(peer.public_key),
            organisation: centres.get(&peer.public_key).cloned(),
            connected: peer.connected,
            transport: peer.transport.map(|transport| transport.name().to_owned()),
            round_trip_us: peer.rtt.and_then(|rtt| u64::try_from(rtt.as_micros()).ok()),
        });
        Ok(peers.collect())
    }
}

/// Seconds since this node stored its last block, by its own clock.
pub(crate) fn tip_age_seconds(status: &handle::Status) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_millis()).unwrap_or_default();
    let age = now.saturating_sub(u128::from(status.committed_at_unix_ms)) / 1_000;
    u64::try_from(age).unwrap_or(u64::MAX)
}

impl View<'_> {
    /// How block time relates to real time on this network: whoever reads a time should know.
    pub(crate) fn clock(&self) -> Result<Clock, Fault> {
        let Some(record::Clock::Stepped { timekeeper }) = self.get(&ParametersKey)?.map(|p| p.clock) else {
            return Ok(Clock::Real);
        };
        let reads = self.get(&SteppedClockKey)?.map(|clock| clock.reads).unwrap_or_default();
        Ok(Clock::Stepped {
            reads: reads.to_string(),
            timekeeper: timekeeper.to_string(),
            note: STEPPED_NOTE.to_owned(),
            note_zh: STEPPED_NOTE_ZH.to_owned(),
        })
    }
}
