//! The interface of a node that joins by a snapshot: how far it is, and nothing else.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use ledger::genesis::Genesis;
use ledger::hash::StateRoot;
use ledger::merkle::log;
use ledger::record;
use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::watch;

use super::health;
use super::problem::{Code, Fault};
use super::schema::{Clock, Peer, Phase, Readiness, ReadinessPart, Status};
use super::status::{STEPPED_NOTE, STEPPED_NOTE_ZH};
use crate::network;
use crate::snapshots::join::Progress;

/// What there is to show.
pub struct Joining {
    /// Name of the node.
    pub name: String,
    /// The genesis.
    pub genesis: Genesis,
    /// The members' mesh.
    pub network: network::Handle,
    /// The recorder of metrics.
    pub recorder: PrometheusHandle,
    /// How far it is.
    pub progress: watch::Receiver<Progress>,
}

/// The interface: `/livez`, `/readyz`, `/v1/status` and `/metrics`; anything else is refused with a problem.
pub fn joining_router(joining: Joining) -> Router {
    Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(ready))
        .route("/v1/status", get(status))
        .route("/metrics", get(metrics))
        .fallback(refuse)
        .layer(axum::middleware::map_response(super::with_headers))
        .with_state(Arc::new(joining))
}

async fn ready(State(joining): State<Arc<Joining>>) -> Response {
    let detail = joining.progress.borrow().to_string();
    let parts = vec![ReadinessPart {
        name: "snapshot".to_owned(),
        ready: false,
        degraded: false,
        subject: None,
        detail,
    }];
    (StatusCode::SERVICE_UNAVAILABLE, Json(Readiness { ready: false, parts })).into_response()
}

async fn refuse(State(joining): State<Arc<Joining>>) -> Fault {
    let progress = joining.progress.borrow().to_string();
    Fault::new(Code::Joining).because(progress)
}

async fn status(State(joining): State<Arc<Joining>>) -> Json<Status> {
    Json(joining.status())
}

async fn metrics(State(joining): State<Arc<Joining>>) -> impl IntoResponse {
    {
        let progress = joining.progress.borrow();
        gauge!("snapshot_join_done").set(progress.done as f64);
        gauge!("snapshot_join_total").set(progress.total as f64);
        gauge!("snapshot_join_liars").set(progress.liars as f64);
    }
    joining.recorder.run_upkeep();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], joining.recorder.render())
}

impl Joining {
    /// The status of a node that still stands at genesis.
    fn status(&self) -> Status {
        let (genesis, progress) = (&self.genesis, self.progress.borrow().clone());
        let tip = genesis.tip();
        let peers = self.network.peers().into_iter().map(|peer| Peer {
            organisation: genesis
                .validators
                .iter()
                .find(|v| *v.network_key.as_bytes() == peer.public_key)
                .map(|v| v.organisation.to_string()),
            public_key: hex::encode(peer.public_key),
            connected: peer.connected,
            transport: peer.transport.map(|transport| transport.name().to_owned()),
            round_trip_us: peer.rtt.and_then(|rtt| u64::try_from(rtt.as_micros()).ok()),
        });
        Status {
            node: self.name.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            chain_id: genesis.chain_id.to_string(),
            genesis_hash: genesis.hash.to_string(),
            height: tip.height.get(),
            block_id: tip.id.to_string(),
            block_time: tip.time.to_string(),
            state_root: StateRoot::default().to_string(),
            log_size: 0,
            log_root: hex::encode(log::empty_root()),
            tip_age_seconds: 0,
            blocks_from: 1,
            events_from: 1,
            catch_up: None,
            round: None,
            phase: Phase::Joining {
                step: progress.step.name().to_owned(),
                target: progress.height,
                done: progress.done,
                total: progress.total,
            },
            mempool_transactions: 0,
            mempool_bytes: 0,
            validators: genesis.validators.len(),
            member: false,
            clock_ahead_ms: None,
            peers: peers.collect(),
            clock: clock(&genesis.parameters.clock, &tip.time.to_string()),
        }
    }
}

fn clock(clock: &record::Clock, reads: &str) -> Clock {
    match clock {
        record::Clock::Real => Clock::Real,
        record::Clock::Stepped { timekeeper } => Clock::Stepped {
            reads: reads.to_owned(),
            timekeeper: timekeeper.to_string(),
            note: STEPPED_NOTE.to_owned(),
            note_zh: STEPPED_NOTE_ZH.to_owned(),
        },
    }
}
