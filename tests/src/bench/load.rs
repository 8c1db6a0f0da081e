//! Load: closed loops that wait for each answer, and open loops that keep a timetable.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::client::{Connection, Request};

/// How requests are sent.
#[derive(Clone, Copy)]
pub(super) enum Pace {
    /// Each connection sends when its last request is answered, until this time is over.
    Closed(Duration),
    /// Requests fall due at this rate per second. A request that finds every connection busy is sent late, and its
    /// latency counts from the moment it was due: a slow node cannot hide by slowing the client.
    Open(f64),
}

/// What came of a load.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Outcome {
    /// Transactions on the ledger.
    pub(super) committed: usize,
    /// What else was answered, by status, with the first such answer.
    pub(super) failed: BTreeMap<u16, (usize, String)>,
    /// From the first request to the last answer, in seconds.
    pub(super) seconds: f64,
    /// Milliseconds from submission to the answer.
    pub(super) latency_ms: Latency,
}

/// A distribution, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Latency {
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) max: f64,
}

impl Outcome {
    /// Transactions a second.
    pub(super) fn rate(&self) -> f64 {
        self.committed as f64 / self.seconds.max(f64::EPSILON)
    }
}

impl Latency {
    /// Of these durations.
    pub(super) fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        let at = |share: f64| {
            let index = (all.len().saturating_sub(1) as f64 * share).ceil() as usize;
            all.get(index).map_or(0.0, |d| d.as_secs_f64() * 1e3)
        };
        Self { p50: at(0.5), p99: at(0.99), max: at(1.0) }
    }
}

/// What one connection after the other found.
#[derive(Default)]
struct Seen {
    committed: usize,
    failed: BTreeMap<u16, (usize, String)>,
    latencies: Vec<Duration>,
    last: Option<Instant>,
}

/// Sends requests over `connections` connections, spread over the nodes.
pub(super) async fn send(
    nodes: &[SocketAddr],
    requests: Vec<Request>,
    connections: usize,
    pace: Pace,
) -> anyhow::Result<Outcome> {
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let mut open = Vec::new();
    for worker in 0..connections {
        // Fewer connections at work than nodes: each takes the nodes in turn.
        let each = if connections < nodes.len() { nodes.len() } else { 1 };
        let mut own = Vec::new();
        for turn in 0..each {
            own.push(Connection::open(nodes[(worker + turn) % nodes.len()]).await?);
        }
        open.push(own);
    }
    let began = Instant::now();
    let workers: Vec<_> = open
        .into_iter()
        .map(|own| tokio::spawn(work(own, requests.clone(), next.clone(), began, pace)))
        .collect();
    let mut all = Seen::default();
    for worker in workers {
        let seen = worker.await??;
        all.committed += seen.committed;
        all.latencies.extend(seen.latencies);
        all.last = all.last.max(seen.last);
        for (status, (count, text)) in seen.failed {
            all.failed.entry(status).or_insert((0, text)).0 += count;
        }
    }
    Ok(Outcome {
        committed: all.committed,
        failed: all.failed,
        seconds: all.last.map_or(0.0, |last| last.duration_since(began).as_secs_f64()),
        latency_ms: Latency::of(all.latencies),
    })
}

async fn work(
    mut own: Vec<Connection>,
    requests: Arc<Vec<Request>>,
    next: Arc<AtomicUsize>,
    began: Instant,
    pace: Pace,
) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    loop {
        if matches!(pace, Pace::Closed(time) if began.elapsed() >= time) {
            return Ok(seen);
        }
        let index = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(index) else { return Ok(seen) };
        let due = match pace {
            Pace::Closed(_) => Instant::now(),
            Pace::Open(rate) => began + Duration::from_secs_f64(index as f64 / rate),
        };
        tokio::time::sleep_until(due.into()).await;
        let turn = index % own.len();
        let answer = own[turn].send(request).await?;
        let now = Instant::now();
        seen.last = Some(now);
        seen.latencies.push(now.saturating_duration_since(due));
        let committed = answer.committed();
        seen.committed += committed;
        if committed < request.transactions {
            let text = || String::from_utf8_lossy(&answer.body[..answer.body.len().min(400)]).into_owned();
            seen.failed.entry(answer.status).or_insert_with(|| (0, text())).0 +=
                request.transactions - committed;
        }
    }
}
