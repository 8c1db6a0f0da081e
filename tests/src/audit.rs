//! The ledger under the workload with the auditor beside it: every block and every refusal is compared.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use clap::Parser;
use ledger::event::Recorded;
use ledger::time::BlockTime;
use ledger::transaction::Verified;

use crate::auditor::code::Code;
use crate::auditor::selection::Selection;
use crate::auditor::totals::Totals;
use crate::auditor::{Auditor, records};
use crate::chain::Chain;
use crate::workload::cast::Cast;
use crate::workload::{Offered, Workload};

/// Blocks between comparisons of all records.
const RECORDS_EVERY: u64 = 16;
/// One seed in so many has more things fall due at once than one block lets happen.
const BURST_ONE_IN: u64 = 8;
/// The height of such a burst, and its size.
const BURST: (u64, u64) = (24, 1_100);

/// Runs the ledger and the auditor side by side over many seeds.
#[derive(Debug, Parser)]
pub struct Audit {
    /// How many seeds
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first of them
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// This seed alone
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Blocks of each seed
    #[arg(long, default_value_t = 300)]
    blocks: u64,
    /// Print each block and each transaction
    #[arg(long)]
    trace: bool,
}

/// A block as the auditor was told of it.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its height.
    pub height: u64,
    /// Its time.
    pub time: BlockTime,
    /// What it records.
    pub transactions: Vec<Vec<u8>>,
    /// What came of it.
    pub events: Vec<Recorded>,
    /// Candidates that were left out, and why.
    pub refused: Vec<(Vec<u8>, Code)>,
}

/// What was met.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Blocks made.
    pub blocks: u64,
    /// Blocks that left undone what had fallen due.
    pub backlogs: u64,
    /// Recorded transactions by act.
    pub accepted: BTreeMap<&'static str, u64>,
    /// Refusals by code.
    pub refused: BTreeMap<Code, u64>,
    /// Events by name.
    pub events: BTreeMap<String, u64>,
}

impl Coverage {
    /// Adds what another run met.
    pub fn add(&mut self, other: &Self) {
        self.blocks += other.blocks;
        self.backlogs += other.backlogs;
        other.accepted.iter().for_each(|(act, n)| *self.accepted.entry(act).or_default() += n);
        other.refused.iter().for_each(|(code, n)| *self.refused.entry(*code).or_default() += n);
        other.events.iter().for_each(|(name, n)| *self.events.entry(name.clone()).or_default() += n);
    }
}

/// One seed: a network in memory, its workload and its auditor.
pub struct Trial {
    /// The auditor, after the last block.
    pub auditor: Auditor,
    /// The ledger, after the last block.
    pub chain: Chain,
    /// What was met so far.
    pub coverage: Coverage,
    seed: u64,
    workload: Workload,
    trace: bool,
}

impl Trial {
    /// The network of a seed at height 0.
    ///
    /// # Errors
    /// When the network cannot be made.
    pub fn new(seed: u64) -> anyhow::Result<Self> {
        let cast = Cast::new(seed)?;
        Ok(Self {
            auditor: Auditor::new(&cast.genesis),
            chain: Chain::new(&cast.genesis, cast.proposer)?,
            coverage: Coverage::default(),
            seed,
            workload: Workload::new(seed, cast.genesis.chain_id, cast.keys),
            trace: false,
        })
    }

    /// Makes a block and compares it.
    ///
    /// # Errors
    /// A [`Disagreement`](crate::auditor::Disagreement) of ledger and auditor; or a block that the ledger itself finds wrong.
    pub fn step(&mut self) -> anyhow::Result<Block> {
        let time = self.workload.next_time(&self.auditor);
        let offered = self.offer(time);
        let decode = |one: &Offered| Verified::decode(self.auditor.chain(), &one.bytes);
        let candidates = offered.iter().map(decode).collect::<Result<Vec<_>, _>>()?;
        let proposed = self.chain.block(time, &candidates)?;
        let height = self.auditor.height() + 1;
        let executed = proposed.executed;
        let recorded: Vec<_> = executed.transactions.iter().map(|(id, _)| *id).collect();
        let selection = Selection { time, recorded: &recorded, refused: &proposed.refused };
        let refused = self.auditor.compare_selection(selection, &candidates)?;
        let transactions = executed.transactions.into_iter().map(|(_, bytes)| bytes).collect();
        let block = Block { height, time, transactions, events: executed.events, refused };
        self.auditor.follow(height, time, &block.transactions, &block.events)?;
        if height.is_multiple_of(RECORDS_EVERY) {
            records::compare(&self.auditor, &self.chain.state)?;
        }
        self.count(&block, &candidates);
        Ok(block)
    }

    fn offer(&mut self, time: BlockTime) -> Vec<Offered> {
        let bursts = self.seed.is_multiple_of(BURST_ONE_IN) && self.auditor.height() == BURST.0;
        let offered = if bursts {
            self.workload.burst(&self.auditor, time, BURST.1)
        } else {
            self.workload.transactions(&self.auditor, time)
        };
        if self.trace {
            let height = self.auditor.height() + 1;
            println!("height {height}, {time}");
            for one in &offered {
                let aim = one.aim.map_or(String::new(), |code| format!(", aims at {code}"));
                let expected = one.expected.map_or_else(|code| code.name(), |()| "ok");
                println!("  {} {}{aim}: {expected}", &one.id.to_string()[..8], one.act);
            }
        }
        offered
    }

    fn count(&mut self, block: &Block, candidates: &[Verified]) {
        let coverage = &mut self.coverage;
        coverage.blocks += 1;
        let waiting = self.auditor.books().next_due().is_some_and(|due| due <= block.time);
        coverage.backlogs += u64::from(waiting);
        let mut recorded: std::collections::BTreeSet<&[u8]> =
            block.transactions.iter().map(Vec::as_slice).collect();
        for candidate in candidates.iter().filter(|candidate| recorded.remove(candidate.bytes())) {
            *coverage.accepted.entry(candidate.payload().action.name()).or_default() += 1;
        }
        block.refused.iter().for_each(|(_, code)| *coverage.refused.entry(*code).or_default() += 1);
        for recorded in &block.events {
            let name = format!("{:?}", recorded.event);
            let name = name.split([' ', '{', '(']).next().unwrap_or_default().to_owned();
            *coverage.events.entry(name).or_default() += 1;
        }
    }

    /// Makes so many blocks and compares all records at the end.
    ///
    /// # Errors
    /// As [`Trial::step`].
    pub fn run(&mut self, blocks: u64) -> anyhow::Result<()> {
        for _ in 0..blocks {
            let block = self.step()?;
            if self.trace {
                block.events.iter().for_each(|recorded| println!("    {:?}", recorded.event));
            }
        }
        Ok(records::compare(&self.auditor, &self.chain.state)?)
    }
}

impl Audit {
    /// Runs it and prints a summary.
    ///
    /// # Errors
    /// When ledger and auditor disagree; the error names the seed and the command that repeats it.
    pub fn run(&self) -> anyhow::Result<()> {
        let (from, count) = self.seed.map_or((self.from, self.seeds), |seed| (seed, 1));
        let (mut coverage, mut last) = (Coverage::default(), Totals::default());
        for seed in from..from.saturating_add(count) {
            let mut trial = Trial::new(seed)?;
            trial.trace = self.trace;
            if self.trace {
                println!("seed {seed}: {}", Cast::new(seed)?.described);
            }
            trial.run(self.blocks).with_context(|| {
                let blocks = self.blocks;
                let again = "cargo run --release --locked --workspace --bin audit --";
                format!(
                    "seed {seed} fails; repeat it with\n  {again} --seed {seed} --blocks {blocks} --trace"
                )
            })?;
            coverage.add(&trial.coverage);
            last = trial.auditor.totals();
        }
        print(&coverage);
        if self.seed.is_some() {
            println!("{last:#?}");
        }
        ensure!(coverage.blocks > 0, "no seed was run");
        println!("{count} seeds from {from}: ledger and auditor agree");
        Ok(())
    }
}

fn print(coverage: &Coverage) {
    let sum = |counts: &BTreeMap<&'static str, u64>| counts.values().sum::<u64>();
    let refused: u64 = coverage.refused.values().sum();
    println!(
        "{} blocks ({} with a backlog), {} transactions recorded, {refused} refused",
        coverage.blocks,
        coverage.backlogs,
        sum(&coverage.accepted)
    );
    println!("recorded: {:?}", coverage.accepted);
    println!("events: {:?}", coverage.events);
    let met: Vec<String> = coverage.refused.iter().map(|(code, n)| format!("{code} {n}")).collect();
    println!("refused: {}", met.join(", "));
    let unmet: Vec<&str> = Code::ALL
        .iter()
        .filter(|code| !coverage.refused.contains_key(code))
        .map(|code| code.name())
        .collect();
    println!("never met: {}", unmet.join(", "));
}
