//! The sum of many runs.

use std::collections::BTreeMap;
use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::UTF8_FULL_CONDENSED;

use super::Outcome;

/// Sums over runs.
#[derive(Clone, Debug, Default)]
pub struct Report {
    runs: u64,
    heights: u64,
    events: u64,
    virtual_ms: u64,
    evidence: u64,
    acknowledged: u64,
    by_members: BTreeMap<usize, u64>,
    counts: BTreeMap<&'static str, u64>,
    adversaries: BTreeMap<&'static str, u64>,
    /// Heights and seed of the run with the most blocks.
    most_heights: (u64, u64),
    /// Time and seed of the slowest return to progress.
    slowest_recovery: (u64, u64),
    /// Events and seed of the run with the most events.
    most_events: (u64, u64),
    /// Seeds that failed.
    pub failed: Vec<Outcome>,
}

impl Report {
    /// Adds a run.
    pub fn add(&mut self, outcome: Outcome) {
        self.runs += 1;
        self.heights += outcome.heights;
        self.events += outcome.events;
        self.virtual_ms += outcome.virtual_ms;
        self.evidence += outcome.evidence;
        self.acknowledged += outcome.acknowledged;
        *self.by_members.entry(outcome.members).or_default() += 1;
        let names = outcome.adversaries.iter().map(|adversary| adversary.name());
        names.clone().for_each(|name| *self.adversaries.entry(name).or_default() += 1);
        for (name, count) in &outcome.counts {
            if !names.clone().any(|adversary| adversary == *name) {
                *self.counts.entry(name).or_default() += count;
            }
        }
        self.most_heights = self.most_heights.max((outcome.heights, outcome.seed));
        self.most_events = self.most_events.max((outcome.events, outcome.seed));
        self.slowest_recovery = self.slowest_recovery.max((outcome.recovery_ms, outcome.seed));
        if outcome.failure.is_some() {
            self.failed.push(outcome);
        }
    }

    /// How many runs there were.
    #[must_use]
    pub const fn runs(&self) -> u64 {
        self.runs
    }

    /// The table.
    #[must_use]
    pub fn render(&self, took: Duration) -> String {
        let mut table = Table::new();
        table.load_preset(UTF8_FULL_CONDENSED);
        let mut row = |name: &str, value: String| {
            table.add_row(vec![name.to_owned(), value]);
        };
        row("runs", self.runs.to_string());
        row("failed", self.failed.len().to_string());
        let sizes = self.by_members.iter().map(|(n, runs)| format!("{n}: {runs}"));
        row("runs by members", sizes.collect::<Vec<_>>().join(", "));
        row("heights decided", self.heights.to_string());
        row("transactions acknowledged", self.acknowledged.to_string());
        row("events", self.events.to_string());
        row("virtual time", format!("{} s", self.virtual_ms / 1_000));
        row("real time", format!("{} s", took.as_secs()));
        row("longest run, heights", format!("{} (seed {})", self.most_heights.0, self.most_heights.1));
        row("longest run, events", format!("{} (seed {})", self.most_events.0, self.most_events.1));
        let (ms, seed) = self.slowest_recovery;
        row("slowest return to progress", format!("{}.{:03} s (seed {seed})", ms / 1_000, ms % 1_000));
        row("proofs of double signing", self.evidence.to_string());
        for (name, count) in &self.counts {
            row(name, count.to_string());
        }
        for (name, count) in &self.adversaries {
            row(&format!("adversary: {name}"), count.to_string());
        }
        table.to_string()
    }
}
