//! The command `sim`: one seed with its trace, or many seeds.

use std::io::{IsTerminal as _, Write as _};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use clap::Parser;

use super::adversary::Adversary;
use super::plan::Wishes;
use super::report::Report;
use super::{Options, Outcome, simulate};

/// Simulates networks under faults and adversaries; the same seed gives the same run
#[derive(Clone, Debug, Parser)]
#[command(name = "sim")]
pub struct Sim {
    /// Runs this one seed
    #[arg(long)]
    seed: Option<u64>,
    /// Runs so many seeds
    #[arg(long, default_value_t = 100, conflicts_with = "seed")]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 0, conflicts_with = "seed")]
    from: u64,
    /// So many members, instead of what the seed says (4, 7, 10 or 21)
    #[arg(long, value_parser = clap::value_parser!(u16).range(4..=40))]
    nodes: Option<u16>,
    /// This adversary and no other: for example equivocating-voter
    #[arg(long, value_parser = adversary)]
    adversary: Option<Adversary>,
    /// A centre joins, one changes its voting key and one leaves, in every run
    #[arg(long)]
    turnover: bool,
    /// Prints a line for each event of the one seed
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Seeds that run at a time
    #[arg(long, default_value_t = 2)]
    jobs: usize,
}

fn adversary(name: &str) -> Result<Adversary, String> {
    let all = Adversary::ALL.map(Adversary::name).join(", ");
    Adversary::named(name).ok_or_else(|| format!("adversaries are {all}"))
}

impl Sim {
    /// Runs; tells whether everything held.
    #[must_use]
    pub fn run(&self) -> bool {
        match self.seed {
            Some(seed) => self.one(seed),
            None => self.many(),
        }
    }

    fn options(&self, seed: u64) -> Options {
        let (nodes, adversary) = (self.nodes.map(usize::from), self.adversary);
        let wishes = Wishes { nodes, adversary, turnover: self.turnover };
        Options { seed, wishes, mutation: None, trace: self.trace }
    }

    /// The arguments that repeat a run.
    fn repeat(&self, seed: u64) -> String {
        let nodes = self.nodes.map_or_else(String::new, |nodes| format!(" --nodes {nodes}"));
        let adversary = self.adversary.map_or_else(String::new, |a| format!(" --adversary {}", a.name()));
        let turnover = if self.turnover { " --turnover" } else { "" };
        format!("make sim ARGS=\"--seed {seed}{nodes}{adversary}{turnover} --trace\"")
    }

    fn one(&self, seed: u64) -> bool {
        let outcome = simulate(&self.options(seed));
        println!(
            "seed {seed}: {} members, {} heights, {} events, {} s of virtual time, trace hash {:016x}",
            outcome.members,
            outcome.heights,
            outcome.events,
            outcome.virtual_ms / 1_000,
            outcome.hash
        );
        let names: Vec<&str> = outcome.adversaries.iter().map(|adversary| adversary.name()).collect();
        println!("adversaries: {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") });
        self.tell(&outcome)
    }

    /// Says what failed, and how to see it again.
    fn tell(&self, outcome: &Outcome) -> bool {
        let Some(failure) = &outcome.failure else { return true };
        let (seconds, millis) = (failure.at_ms / 1_000, failure.at_ms % 1_000);
        println!("FAILED seed {} at {seconds}.{millis:03} s: {}", outcome.seed, failure.rule);
        println!("  {}", failure.detail);
        println!("  repeat with: {}", self.repeat(outcome.seed));
        false
    }

    fn many(&self) -> bool {
        let began = Instant::now();
        let (next, report) = (AtomicU64::new(self.from), Mutex::new(Report::default()));
        let end = self.from.saturating_add(self.seeds);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, 64) {
                scope.spawn(|| {
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end {
                            break;
                        }
                        let outcome = simulate(&self.options(seed));
                        let mut report = report.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        self.progress(&outcome, report.runs() + 1);
                        report.add(outcome);
                    }
                });
            }
        });
        let mut report = report.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        if std::io::stdout().is_terminal() {
            println!();
        }
        println!("{}", report.render(began.elapsed()));
        report.failed.sort_by_key(|outcome| outcome.seed);
        report.failed.iter().for_each(|outcome| {
            self.tell(outcome);
        });
        report.failed.is_empty()
    }

    fn progress(&self, outcome: &Outcome, done: u64) {
        if outcome.failure.is_some() {
            self.tell(outcome);
        }
        let mut stdout = std::io::stdout();
        if stdout.is_terminal() {
            print!("\r{done} of {} seeds", self.seeds);
            // A lost line of progress is no loss.
            let _ = stdout.flush();
        }
    }
}
