//! Metrics for Prometheus: described once, sampled at each scrape.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::App;
use super::status::tip_age_seconds;

/// Buckets in seconds, from what a LAN needs to what somebody must look at.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0, 600.0];
/// Buckets of counts.
const COUNTS: [f64; 12] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_000.0, 5_000.0];

static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

/// Installs the recorder of this process, once; later calls return the same one.
///
/// Metrics recorded before this are lost, so a program calls it early.
///
/// # Errors
/// [`BuildError`] when another recorder is installed already.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(recorder) = &*installed {
        return Ok(recorder.clone());
    }
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_transactions".to_owned()), &COUNTS)?
        .install_recorder()?;
    describe();
    *installed = Some(recorder.clone());
    Ok(recorder)
}

/// Metrics in the text format of Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "get_metrics",
    tag = "health",
    responses((status = 200, description = "Metrics", content_type = "text/plain", body = String))
)]
pub(crate) async fn get(State(app): State<App>) -> impl IntoResponse {
    app.sample();
    // Histograms keep raw samples until somebody does this; without a listener of the exporter it is ours to do.
    app.extras.recorder.run_upkeep();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.extras.recorder.render())
}

#[rustfmt::skip]
fn describe() {
    describe_gauge!("consensus_height", "Height of the last block on disk");
    describe_gauge!("consensus_rounds", "Round of the height being decided");
    describe_gauge!("consensus_validators", "Size of the validator set");
    describe_gauge!("consensus_latest_block_age_seconds", Unit::Seconds, "Age of the last block on disk");
    describe_histogram!("consensus_block_interval_seconds", Unit::Seconds, "Time between this block and the one before");
    describe_histogram!("consensus_block_transactions", "Transactions in a block");
    describe_counter!("consensus_double_signatures_total", "Double signatures that this node has seen since it started");
    describe_counter!("ledger_transactions_total", "Transactions recorded since the node started");
    describe_counter!("consensus_inbox_dropped_total", "Messages for which consensus had no room, by sender");
    describe_counter!("mempool_gossip_dropped_total", "Gossiped batches for which there was no room, by sender");
    describe_counter!("p2p_unreadable_messages_total", "Messages of peers that could not be read");
    describe_gauge!(
        "clock_ahead_seconds",
        Unit::Seconds,
        "By how much this machine's clock is ahead of the other centres', at least; negative when behind"
    );
    describe_gauge!("blocksync_syncing", "1 while the node fetches blocks, else 0");
    describe_gauge!("tip_age_seconds", Unit::Seconds, "Age of the last block on disk");
    describe_gauge!("catchup_behind_blocks", "Blocks that more than a third of the members have and this node has not");
    describe_gauge!("catchup_stalled", "1 while the node is behind and no block comes, else 0");
    describe_counter!("catchup_prods_total", "Times the watchdog has asked another peer because no block came");
    describe_gauge!("ledger_backfill_remaining_blocks", "Blocks from before the snapshot that are still to be fetched");
    describe_gauge!("snapshot_join_done", "Pieces of the current step of joining by a snapshot that are done");
    describe_gauge!("snapshot_join_total", "Pieces of the current step of joining by a snapshot");
    describe_gauge!("snapshot_join_liars", "Peers that sent what did not hold while joining by a snapshot");
    describe_gauge!("p2p_peers", "Connected peers");
    describe_counter!("p2p_peer_receive_bytes_total", Unit::Bytes, "Bytes received from a peer");
    describe_counter!("p2p_peer_send_bytes_total", Unit::Bytes, "Bytes sent to a peer");
    describe_gauge!("p2p_peer_round_trip_seconds", Unit::Seconds, "Last measured round trip to a peer");
    describe_gauge!("mempool_size", "Transactions waiting");
    describe_gauge!("mempool_size_bytes", Unit::Bytes, "Bytes of transactions waiting");
    describe_gauge!("ledger_log_size", "Leaves in the log");
    describe_gauge!("disk_free_bytes", Unit::Bytes, "Bytes free on the file system of the data directory");
    describe_gauge!("process_resident_memory_bytes", Unit::Bytes, "Resident memory of the process");
    describe_gauge!("rocksdb_table_bytes", Unit::Bytes, "Bytes of table files");
    describe_gauge!("rocksdb_write_buffer_bytes", Unit::Bytes, "Bytes of writes not yet in table files");
    describe_gauge!("rocksdb_pending_compaction_bytes", Unit::Bytes, "Bytes that compaction has to rewrite");
    describe_gauge!("rocksdb_block_cache_bytes", Unit::Bytes, "Bytes of blocks in memory");
    describe_gauge!("rocksdb_background_errors", "Errors of background work");
    describe_gauge!("rocksdb_delayed_write_rate", "Bytes a second to which writes are slowed down; 0 if they are not");
    describe_gauge!("rocksdb_writes_stopped", "1 while writes wait for compaction, else 0");
    describe_gauge!("ledger_node_cache_bytes", Unit::Bytes, "Bytes of map nodes in memory");
}

impl App {
    /// Sets the gauges that nobody reports by himself. Gauges are floating point; beyond 2^53 they round.
    fn sample(&self) {
        let set = |name: &'static str, value: u64| gauge!(name).set(value as f64);
        let status = self.handle.status();
        set("consensus_height", status.height.get());
        set("consensus_rounds", status.round.unwrap_or(0).into());
        set("consensus_validators", status.validators as u64);
        set("consensus_latest_block_age_seconds", tip_age_seconds(&status));
        set("tip_age_seconds", tip_age_seconds(&status));
        let behind = status.behind.map_or(0, |b| b.target.get().saturating_sub(status.height.get()));
        set("catchup_behind_blocks", behind);
        set("catchup_stalled", status.behind.is_some_and(|behind| behind.is_stalled()).into());
        set("blocksync_syncing", matches!(status.phase, crate::handle::Phase::CatchingUp { .. }).into());
        set("mempool_size", status.mempool_transactions as u64);
        set("mempool_size_bytes", status.mempool_bytes as u64);
        set("ledger_log_size", status.log_size);
        self.sample_peers();
        self.sample_store();
        if let Some(free) = disk_free_bytes(&self.extras.data_dir) {
            set("disk_free_bytes", free);
        }
        if let Some(resident) = resident_bytes() {
            set("process_resident_memory_bytes", resident);
        }
    }

    fn sample_peers(&self) {
        let peers = self.handle.network().peers();
        gauge!("p2p_peers").set(peers.iter().filter(|peer| peer.connected).count() as f64);
        for peer in peers {
            let name = hex::encode(peer.public_key.first_chunk::<4>().unwrap_or(&[0; 4]));
            counter!("p2p_peer_receive_bytes_total", "peer" => name.clone()).absolute(peer.bytes_in);
            counter!("p2p_peer_send_bytes_total", "peer" => name.clone()).absolute(peer.bytes_out);
            if let Some(rtt) = peer.rtt {
                gauge!("p2p_peer_round_trip_seconds", "peer" => name).set(rtt.as_secs_f64());
            }
        }
    }

    fn sample_store(&self) {
        let set = |name: &'static str, value: u64| gauge!(name).set(value as f64);
        let stats = self.handle.store().stats();
        let database = stats.database;
        set("rocksdb_table_bytes", database.table_bytes);
        set("rocksdb_write_buffer_bytes", database.write_buffer_bytes);
        set("rocksdb_pending_compaction_bytes", database.pending_compaction_bytes);
        set("rocksdb_block_cache_bytes", database.block_cache_bytes);
        set("rocksdb_background_errors", database.background_errors);
        set("rocksdb_delayed_write_rate", database.delayed_write_rate);
        set("rocksdb_writes_stopped", database.writes_stopped.into());
        set("ledger_node_cache_bytes", stats.node_cache_bytes);
    }
}

/// Bytes that the node may still write on the file system of `path`.
pub(crate) fn disk_free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

/// Resident memory of this process as Linux counts it (`VmRSS`, in KiB).
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}
