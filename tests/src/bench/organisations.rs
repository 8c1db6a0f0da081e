//! What many organisations cost: the same letters of guarantee in a ledger of 100 organisations that have enrolled with
//! certificates, and in one of 100,000.
//!
//! Each ledger is a store of its own, made once. Processes of this program open them in turn, for several rounds, and
//! do with blocks of letters what a replay does: decode and verify, execute, commit. Each works on one thread, whose
//! processor time is counted, so that other work on the machine shows less. 64 organisations whose keys a centre has
//! registered sign, or the first 64 of those that have enrolled, or all of these by turns.

mod ledger_of;
mod stage;

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure};
use comfy_table::Table;
use serde::Serialize;

use super::process::Machine;
use super::report::{align, bytes, new_table, whole};
pub(super) use stage::Stage;
use stage::{Keys, Sample};

/// Organisations with certificates in the ledgers that are compared.
const ENROLLED: [usize; 2] = [100, 100_000];

/// What was found for one kind of signers in one ledger, round by round.
#[derive(Debug, Serialize)]
struct Case {
    enrolled: usize,
    keys: Keys,
    samples: Vec<Sample>,
}

/// Everything that was found.
#[derive(Debug, Serialize)]
pub(super) struct Organisations {
    machine: Machine,
    rounds: usize,
    letters_per_round: usize,
    cases: Vec<Case>,
}

/// Measures: `quick` is a tenth of it.
pub(super) fn measure(directory: &Path, quick: bool) -> anyhow::Result<Organisations> {
    let machine = Machine::describe();
    let (rounds, blocks) = if quick { (2, 10) } else { (7, 50) };
    for enrolled in ENROLLED {
        super::say(&format!("a ledger of {enrolled} organisations with certificates"));
        run(&Stage::Build { directory: directory.join(enrolled.to_string()), enrolled })?;
    }
    let pairs = Keys::ALL.iter().flat_map(|keys| ENROLLED.map(|enrolled| (enrolled, *keys)));
    let mut cases: Vec<Case> =
        pairs.map(|(enrolled, keys)| Case { enrolled, keys, samples: Vec::new() }).collect();
    for round in 1..=rounds {
        super::say(&format!("round {round} of {rounds}"));
        for case in &mut cases {
            let (directory, enrolled) = (directory.join(case.enrolled.to_string()), case.enrolled);
            let said = run(&Stage::Replay { directory, enrolled, keys: case.keys, blocks })?;
            case.samples.push(serde_json::from_slice(&said).context("what a process of a round says")?);
        }
    }
    Ok(Organisations { machine, rounds, letters_per_round: blocks * stage::LETTERS, cases })
}

/// Lets a process of its own do a stage, so that its memory is its own, and returns what it prints.
fn run(stage: &Stage) -> anyhow::Result<Vec<u8>> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["--stage", &serde_json::to_string(stage)?]).stderr(std::process::Stdio::inherit());
    let output = command.output()?;
    ensure!(output.status.success(), "{stage:?} failed: {}", output.status);
    Ok(output.stdout)
}

/// The middle one of some numbers, and the least and the greatest.
fn spread(case: &Case, of: impl Fn(&Sample) -> f64) -> (f64, f64, f64) {
    let mut all: Vec<f64> = case.samples.iter().map(of).collect();
    all.sort_by(f64::total_cmp);
    let at = |index: usize| all.get(index).copied().unwrap_or_default();
    (at(all.len() / 2), at(0), at(all.len().saturating_sub(1)))
}

impl Organisations {
    fn median(&self, enrolled: usize, keys: Keys, of: impl Fn(&Sample) -> f64) -> f64 {
        let case = self.cases.iter().find(|case| case.enrolled == enrolled && case.keys == keys);
        case.map_or(0.0, |case| spread(case, of).0)
    }

    fn table(&self) -> Table {
        let mut table = new_table(&[
            "enrolled",
            "who signs",
            "execute µs/tx",
            "executed tx/s",
            "verify, execute, commit µs/tx",
            "replayed tx/s",
            "resident",
        ]);
        for case in &self.cases {
            let micros = |of: fn(&Sample) -> f64| {
                let (median, least, most) = spread(case, of);
                format!("{median:.2} ({least:.2} to {most:.2})")
            };
            let rate = |of: fn(&Sample) -> f64| whole(1e6 / spread(case, of).0.max(f64::EPSILON));
            table.add_row([
                whole(case.enrolled as f64),
                case.keys.name().to_owned(),
                micros(Sample::execute),
                rate(Sample::execute),
                micros(Sample::replay),
                rate(Sample::replay),
                bytes(spread(case, |sample| sample.resident as f64).0 as u64),
            ]);
        }
        align(&mut table)
    }
}

impl fmt::Display for Organisations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let machine = &self.machine;
        let (cores, commit, load) = (machine.cores, &machine.commit, &machine.load_before);
        let (processor, date) = (&machine.processor, &machine.date);
        writeln!(f, "{processor} · {cores} cores · {date} UTC · commit {commit} · load before {load}\n")?;
        let letters = whole(self.letters_per_round as f64);
        writeln!(f, "{} rounds of {letters} letters each, medians of processor time.\n", self.rounds)?;
        writeln!(f, "{}\n", self.table())?;
        for enrolled in ENROLLED {
            let of = |keys, of: fn(&Sample) -> f64| self.median(enrolled, keys, of);
            let rights = of(Keys::Certified, Sample::execute) - of(Keys::Registered, Sample::execute);
            let share = 100.0 * rights / of(Keys::Certified, Sample::replay).max(f64::EPSILON);
            writeln!(
                f,
                "{} enrolled: rights of keys from certificates, {rights:.2} µs a letter, {share:.1} % of its replay",
                whole(enrolled as f64)
            )?;
        }
        Ok(())
    }
}
