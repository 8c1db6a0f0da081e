//! What was measured, as a table and as data.

use std::fmt;
use std::path::Path;

use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use super::limits::Limits;
use super::load::{Latency, Outcome};
use super::process::{Machine, Memory, disk_bytes};
use super::replay::Replay;

/// Everything that was measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) machine: Machine,
    pub(super) limits: Limits,
    pub(super) steps: Vec<Step>,
    /// Height at the end, the same at every node.
    pub(super) height: u64,
    /// Memory of each node at the end.
    pub(super) memory: Vec<Memory>,
    pub(super) disk: Disk,
    pub(super) replay: Replay,
}

/// One load.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) connections: usize,
    pub(super) per_request: usize,
    /// Transactions on the ledger, a second.
    pub(super) rate: f64,
    pub(super) outcome: Outcome,
    pub(super) blocks: u64,
    /// Processor seconds of each node.
    pub(super) node_cpu_seconds: Vec<f64>,
    /// Processor seconds of the load.
    pub(super) load_cpu_seconds: f64,
}

impl Step {
    pub(super) fn new(
        name: &'static str,
        connections: usize,
        per_request: usize,
        outcome: Outcome,
        blocks: u64,
        node_cpu_seconds: Vec<f64>,
        load_cpu_seconds: f64,
    ) -> Self {
        let rate = outcome.rate();
        Self { name, connections, per_request, rate, outcome, blocks, node_cpu_seconds, load_cpu_seconds }
    }

    /// Microseconds of processor time that one node spends on one transaction.
    fn node_cpu_micros(&self) -> f64 {
        let each = self.node_cpu_seconds.iter().sum::<f64>() / self.node_cpu_seconds.len().max(1) as f64;
        each * 1e6 / self.outcome.committed.max(1) as f64
    }
}

/// Bytes on the disk of one node that has stopped.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Disk {
    /// The ledger: tables and the database's own log.
    pub(super) ledger: u64,
    /// Of these, the database's own log: files that it writes over again, bounded by the write buffers and not by the
    /// ledger. After a short run they weigh as much as everything else.
    pub(super) ledger_log: u64,
    /// The consensus log, whose size does not depend on the ledger's.
    pub(super) consensus_log: u64,
}

impl Disk {
    pub(super) fn of(data: &Path) -> anyhow::Result<Self> {
        let ledger = disk_bytes(&data.join("ledger"), |_| true)?;
        let ledger_log =
            disk_bytes(&data.join("ledger"), |path| path.extension().is_some_and(|e| e == "log"))?;
        let consensus_log = disk_bytes(data, |path| !path.starts_with(data.join("ledger")))?;
        Ok(Self { ledger, ledger_log, consensus_log })
    }
}

impl Report {
    /// Whether everything that was submitted is on the ledger.
    pub(super) fn complete(&self) -> bool {
        self.steps.iter().all(|step| step.outcome.failed.is_empty())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = &self.machine;
        writeln!(
            f,
            "{} · {} cores · {} memory · Linux {} · {} UTC · commit {} · load before {}\n",
            machine.processor,
            machine.cores,
            bytes(machine.memory),
            machine.kernel,
            machine.date,
            machine.commit,
            machine.load_before
        )?;
        writeln!(
            f,
            "Four nodes, loopback, every vote and block flushed; the load runs on the same cores.\n"
        )?;
        writeln!(f, "{}\n", self.steps_table())?;
        for step in self.steps.iter().filter(|step| !step.outcome.failed.is_empty()) {
            writeln!(f, "NOT RECORDED in \"{}\": {:?}\n", step.name, step.outcome.failed)?;
        }
        writeln!(f, "{}\n", self.ledger_table())?;
        write!(f, "{}", self.limits_table())
    }
}

impl Report {
    fn steps_table(&self) -> Table {
        let mut table = new_table(&[
            "load",
            "tx/s",
            "p50 ms",
            "p99 ms",
            "max ms",
            "tx/block",
            "blocks/s",
            "node CPU µs/tx",
            "load CPU µs/tx",
            "nodes CPU s",
        ]);
        for step in &self.steps {
            let Latency { p50, p99, max } = step.outcome.latency_ms;
            let blocks = step.blocks.max(1) as f64;
            table.add_row([
                step.name.to_owned(),
                whole(step.rate),
                format!("{p50:.1}"),
                format!("{p99:.1}"),
                format!("{max:.0}"),
                format!("{:.1}", step.outcome.committed as f64 / blocks),
                format!("{:.1}", step.blocks as f64 / step.outcome.seconds.max(f64::EPSILON)),
                format!("{:.0}", step.node_cpu_micros()),
                format!("{:.0}", step.load_cpu_seconds * 1e6 / step.outcome.committed.max(1) as f64),
                step.node_cpu_seconds.iter().map(|s| format!("{s:.1}")).collect::<Vec<_>>().join(" "),
            ]);
        }
        align(&mut table)
    }

    fn ledger_table(&self) -> Table {
        let replay = &self.replay;
        let count = replay.transactions.max(1) as f64;
        let own = replay.transaction_bytes as f64 / count;
        let on_disk = self.disk.ledger as f64 / count;
        let in_tables = self.disk.ledger.saturating_sub(self.disk.ledger_log) as f64 / count;
        let each =
            |of: fn(&Memory) -> u64| self.memory.iter().map(|m| bytes(of(m))).collect::<Vec<_>>().join(", ");
        let mut table = new_table(&["ledger", ""]);
        let share = 100.0 * replay.rate() / replay.raw_batch_rate;
        table.add_rows([
            ["transactions, blocks".into(), format!("{}, {}", replay.transactions, replay.blocks)],
            ["replay: decode, verify, execute, commit".into(), format!("{} tx/s", whole(replay.rate()))],
            [
                "batch verification of the same signatures alone".into(),
                format!("{}/s; the replay reaches {share:.0} %", whole(replay.raw_batch_rate)),
            ],
            ["mean size of a transaction".into(), format!("{own:.0} bytes")],
            [
                "on disk per transaction, everything included".into(),
                format!("{on_disk:.0} bytes, {:.2} times its size", on_disk / own),
            ],
            [
                "the same without the database's log of bounded size".into(),
                format!("{in_tables:.0} bytes, {:.2} times its size", in_tables / own),
            ],
            [
                "ledger, of it the database's log, and consensus log, one node".into(),
                format!(
                    "{}, {}, {}",
                    bytes(self.disk.ledger),
                    bytes(self.disk.ledger_log),
                    bytes(self.disk.consensus_log)
                ),
            ],
            ["resident memory per node (RSS)".into(), each(|m| m.rss)],
            ["its share without what is common (PSS)".into(), each(|m| m.pss)],
        ]);
        align(&mut table)
    }

    fn limits_table(&self) -> Table {
        let limits = &self.limits;
        let flush = |l: &Latency| format!("p50 {:.2} ms, p99 {:.2} ms", l.p50, l.p99);
        let mut table = new_table(&["this machine in the same run", ""]);
        table.add_rows([
            ["Ed25519 signing, all cores".into(), format!("{}/s", whole(limits.sign))],
            [
                "Ed25519 verification one by one, one core; all".into(),
                format!("{}/s; {}/s", whole(limits.verify_one_core), whole(limits.verify)),
            ],
            [
                "in batches of 256 (64 signers), one core; all".into(),
                format!("{}/s; {}/s", whole(limits.batch_256_one_core), whole(limits.batch_256)),
            ],
            ["in batches of 1,024, all cores".into(), format!("{}/s", whole(limits.batch_1024))],
            ["overwriting 4 KiB and flushing".into(), flush(&limits.overwrite_flush_ms)],
            ["a RocksDB row of 432 bytes, flushed".into(), flush(&limits.rocksdb_flush_ms)],
        ]);
        align(&mut table)
    }
}

pub(super) fn new_table(head: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(ASCII_MARKDOWN).set_header(head.iter().copied());
    table
}

/// Numbers to the right.
pub(super) fn align(table: &mut Table) -> Table {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.clone()
}

/// A whole number with its thousands marked.
pub(super) fn whole(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

pub(super) fn bytes(bytes: u64) -> String {
    let mebi = bytes as f64 / f64::from(1 << 20);
    if mebi >= 1024.0 { format!("{:.1} GiB", mebi / 1024.0) } else { format!("{mebi:.0} MiB") }
}
