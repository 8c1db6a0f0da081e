//! Health as operators and their tools ask for it.

mod revocation;
mod tenders;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use ledger::state::keys::ValidatorsKey;
use utoipa::IntoParams;

pub(crate) use revocation::revocation_data;

use super::App;
use super::problem::Fault;
use super::query::{FromQuery, NoQuery, Params, Query};
use super::schema::{Problem, Readiness, ReadinessPart, Version};
use super::status::tip_age_seconds;
use crate::handle::{Phase, Status};

/// Whether the process answers at all.
#[utoipa::path(get, path = "/livez", operation_id = "get_liveness", tag = "health", responses((status = 200, description = "It does", body = String)))]
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// The program's version.
#[utoipa::path(get, path = "/version", operation_id = "get_version", tag = "health", responses(
    (status = 200, description = "Version", body = Version),
    (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn version(_query: Query<NoQuery>) -> Json<Version> {
    Json(Version {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        block_version: ledger::block::VERSION,
        store_format: ledger::store::FORMAT,
    })
}

/// How much to say.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Verbose {
    /// Name every part, also when all are ready. The bare word is enough.
    #[param(required = false)]
    verbose: bool,
}

impl FromQuery for Verbose {
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        let verbose = params.read("verbose", |text| match text {
            "" | "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err("expected `true` or `false`"),
        })?;
        Ok(Self { verbose: verbose.unwrap_or(false) })
    }
}

/// Whether the node can serve: 503 and the parts at fault when it cannot.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "get_readiness",
    tag = "health",
    params(Verbose),
    responses(
        (status = 200, description = "It can", body = Readiness),
        (status = 503, description = "It cannot", body = Readiness),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ready(State(app): State<App>, Query(query): Query<Verbose>) -> Response {
    let quorum = app.read(|view| view.get(&ValidatorsKey)).await.ok().flatten().map(|set| set.quorum());
    let required = app.extras.limits.fresh_revocation_data_required;
    let revocation_data = app.read(move |view| revocation_data(&view.snapshot, view.time()?, required)).await;
    let status = app.handle.status();
    let mut parts = vec![
        consensus(&status),
        membership(&status),
        app.peers_reachable(quorum, &status),
        app.clock(&status),
        app.disk(),
        app.tip(&status),
        catch_up(&status),
        mempool(&status),
    ];
    parts.extend(revocation_data.unwrap_or_else(|_| {
        vec![part(revocation::NAME, !required, "the trust list could not be read".to_owned())]
    }));
    let (known, missing) = (app.handle.desk().standing.get(), app.handle.documents().standing.get());
    parts.extend(tenders::parts(&known, missing));
    let ready = parts.iter().all(|part| part.ready);
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    if ready && !query.verbose {
        parts.retain(|part| part.degraded);
    }
    (code, Json(Readiness { ready, parts })).into_response()
}

fn part(name: &str, ready: bool, detail: String) -> ReadinessPart {
    ReadinessPart { name: name.to_owned(), ready, degraded: false, subject: None, detail }
}

fn consensus(status: &Status) -> ReadinessPart {
    let (ready, detail) = match &status.phase {
        Phase::Running => (true, format!("running, height {}", status.height)),
        Phase::CatchingUp { target } => (false, format!("catching up: height {} of {target}", status.height)),
        Phase::DiskFull => {
            (false, "the disk is full: free some space, the node goes on by itself".to_owned())
        }
        Phase::Halted { reason } => (false, format!("halted: {reason}")),
        Phase::Stopping => (false, "shutting down".to_owned()),
    };
    part("consensus", ready, detail)
}

fn membership(status: &Status) -> ReadinessPart {
    let detail = if status.member {
        format!("one of {} members", status.validators)
    } else {
        "this node's voting key is no member's: it follows the chain, does not vote and takes no transactions; \
         the members admit a centre or a new key by governance"
            .to_owned()
    };
    part("membership", status.member, detail)
}

/// Being behind is normal for a moment; being behind while nothing comes is not.
fn catch_up(status: &Status) -> ReadinessPart {
    let Some(behind) = status.behind else {
        return part("catch_up", true, "no more than a third of the members have more blocks".to_owned());
    };
    let (height, target, quiet) = (status.height, behind.target, behind.quiet.as_secs());
    let detail = format!("height {height} of {target}, no block for {quiet} s");
    if behind.is_stalled() {
        let advice =
            "the node goes on asking one peer after the other; look at the connections to the other centres";
        return part("catch_up", false, format!("stalled: {detail}; {advice}"));
    }
    part("catch_up", true, detail)
}

fn mempool(status: &Status) -> ReadinessPart {
    let detail = format!("{} transactions wait, {} bytes", status.mempool_transactions, status.mempool_bytes);
    part("mempool", true, detail)
}

impl App {
    fn peers_reachable(&self, quorum: Option<usize>, status: &Status) -> ReadinessPart {
        let network = self.handle.network();
        let peers = network.peers();
        let connected = peers.iter().filter(|peer| peer.connected).count();
        let reachable = connected + usize::from(status.member);
        let Some(quorum) = quorum else {
            return part("peers", false, "the validator set could not be read".to_owned());
        };
        let detail = format!(
            "{connected} of {} peers connected; {reachable} of {quorum} needed votes reachable",
            peers.len()
        );
        part("peers", reachable >= quorum, detail)
    }

    /// Who cannot be asked is no witness against the clock: only what several others say counts.
    fn clock(&self, status: &Status) -> ReadinessPart {
        let most = self.extras.limits.clock_off_ms_max;
        let Some(ahead) = status.clock_ahead_ms else {
            return part("clock", true, "not compared with those of the other centres".to_owned());
        };
        let ready = ahead.unsigned_abs() <= most;
        let (off, side) = (ahead.unsigned_abs(), if ahead < 0 { "behind" } else { "ahead of" });
        let advice = if ready {
            ""
        } else {
            "; set it right, for example with NTP: until then no vote of this node counts"
        };
        part(
            "clock",
            ready,
            format!("{off} ms {side} the other centres' clocks, at most {most} ms is normal{advice}"),
        )
    }

    fn disk(&self) -> ReadinessPart {
        let least = self.extras.limits.disk_free_bytes_min;
        match super::metrics::disk_free_bytes(&self.extras.data_dir) {
            Some(free) => part("disk", free >= least, format!("{free} bytes free, {least} wanted")),
            None => part("disk", false, "the file system could not be asked for its free space".to_owned()),
        }
    }

    /// Blocks come on demand and at least once a heartbeat, so an old tip is a fault only after that, or when
    /// transactions wait.
    fn tip(&self, status: &Status) -> ReadinessPart {
        let limits = &self.extras.limits;
        let age = tip_age_seconds(status);
        let waiting = status.mempool_transactions > 0;
        let most = if waiting { limits.tip_age_waiting_seconds_max } else { limits.tip_age_seconds_max };
        let idle = if waiting { "while transactions wait" } else { "idle" };
        part(
            "tip",
            age <= most,
            format!("the last block was stored {age} s ago ({idle}), at most {most} s is normal"),
        )
    }
}
