//! What a process of its own does: make a ledger, or replay blocks in one.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use ledger::action::Action;
use ledger::block;
use ledger::execute::{self, Executed, Tip};
use ledger::genesis::Genesis;
use ledger::id::Height;
use ledger::procedure::guarantee::IssueGuarantee;
use ledger::store::{Options, Store};
use ledger::time::{BlockTime, DAY_MS, Span};
use ledger::transaction::{Payload, Unverified, Verified, sign};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ledger_of::{REGISTERED, code, genesis_text, key, listing_code, state, yuan};
use crate::bench::process;
use crate::bench::replay::{BATCH, commit};

/// Letters of a block.
pub(super) const LETTERS: usize = 1_000;
/// Organisations for which letters are issued.
const APPLICANTS: usize = 16;

/// Whose keys sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Keys {
    /// 64 that a centre has registered.
    Registered,
    /// 64 from certificates.
    Certified,
    /// All from certificates, by turns.
    Everybody,
}

impl Keys {
    /// All of them, in the order of the table.
    pub(super) const ALL: [Self; 3] = [Self::Registered, Self::Certified, Self::Everybody];

    /// In the words of the table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Registered => "64 registered keys",
            Self::Certified => "64 keys from certificates",
            Self::Everybody => "every key from a certificate",
        }
    }

    /// Who signs a letter, in a ledger of so many organisations with certificates.
    const fn signer(self, letter: usize, enrolled: usize) -> usize {
        match self {
            Self::Registered => letter % REGISTERED,
            Self::Certified => REGISTERED + letter % REGISTERED,
            // A prime above every number of organisations, so that all of them come, and no two neighbours.
            Self::Everybody => REGISTERED + letter.wrapping_mul(15_485_863) % enrolled,
        }
    }
}

/// What a process does.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Makes a ledger in an empty directory.
    Build { directory: PathBuf, enrolled: usize },
    /// Replays blocks that are signed for it. As many come before that are not counted, because a store that has just been
    /// opened reads from the disk what it later has in memory.
    Replay { directory: PathBuf, enrolled: usize, keys: Keys, blocks: usize },
}

/// Microseconds of processor time for each letter, and what the process holds at the end.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sample {
    verify: f64,
    execute: f64,
    commit: f64,
    /// Bytes.
    pub(super) resident: u64,
}

impl Sample {
    pub(super) const fn execute(&self) -> f64 {
        self.execute
    }

    pub(super) const fn replay(&self) -> f64 {
        self.verify + self.execute + self.commit
    }
}

impl Stage {
    /// Does it, and prints what was found.
    pub(crate) fn run(&self) -> anyhow::Result<()> {
        let text = genesis_text()?;
        let genesis = Genesis::parse(text.as_bytes())?;
        match self {
            Self::Build { directory, enrolled } => {
                let store = Store::open(directory, &Options::default())?;
                store.initialise(text.as_bytes(), *genesis.hash.as_bytes(), &state(&genesis, *enrolled)?)?;
            }
            Self::Replay { directory, enrolled, keys, blocks } => {
                let sample = replay(directory, &genesis, *enrolled, *keys, *blocks)?;
                println!("{}", serde_json::to_string(&sample)?);
            }
        }
        Ok(())
    }
}

fn replay(
    directory: &Path,
    genesis: &Genesis,
    enrolled: usize,
    keys: Keys,
    blocks: usize,
) -> anyhow::Result<Sample> {
    let store = Store::open(directory, &Options::default())?;
    let mut sample = Sample::default();
    for block in 0..2 * blocks {
        if block == blocks {
            sample = Sample::default();
        }
        let tip = tip(&store, genesis)?;
        let letters = letters(genesis, tip.height, enrolled, keys)?;
        let began = processor_time()?;
        let verified = verify(genesis, &letters)?;
        let judged = processor_time()?;
        let executed = execute(&store, genesis, &tip, &verified)?;
        let done = processor_time()?;
        commit(&store, &[], executed)?;
        sample.verify += judged - began;
        sample.execute += done - judged;
        sample.commit += processor_time()? - done;
    }
    let count = (blocks * LETTERS) as f64;
    for part in [&mut sample.verify, &mut sample.execute, &mut sample.commit] {
        *part /= count;
    }
    sample.resident = process::memory(std::process::id())?.rss;
    Ok(sample)
}

/// Microseconds of processor time that this thread has used.
fn processor_time() -> anyhow::Result<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanoseconds = text.split(' ').next().context("an empty schedstat")?.parse::<u64>()?;
    Ok(nanoseconds as f64 / 1_000.0)
}

/// A block a second.
fn time_of(genesis: &Genesis, height: Height) -> BlockTime {
    genesis.time.plus(Span::from_millis(height.get() * 1_000))
}

fn tip(store: &Store, genesis: &Genesis) -> anyhow::Result<Tip> {
    let tip = store.tip().context("an empty ledger")?;
    if tip.height == 0 {
        return Ok(genesis.tip());
    }
    let height = Height::new(tip.height);
    Ok(Tip { height, id: block::Id::from_bytes(tip.block_id), time: time_of(genesis, height) })
}

/// The letters of the block after a height, signed.
fn letters(genesis: &Genesis, after: Height, enrolled: usize, keys: Keys) -> anyhow::Result<Vec<Vec<u8>>> {
    let listing = listing_code(genesis)?;
    let first = after.get() as usize * LETTERS;
    let letter = |number: usize| {
        let act = IssueGuarantee {
            number: format!("LG-{number:09}").parse()?,
            applicant: code(number % APPLICANTS)?,
            listing: listing.clone(),
            amount: yuan(20_000_000)?,
            expires_at: genesis.time.plus(Span::from_millis(200 * DAY_MS)),
        };
        let (action, expiry) = (Action::IssueGuarantee(act), Height::new(after.get() + 50));
        let payload = Payload { action, expiry, salt: [0; 16], approvals: Vec::new() };
        anyhow::Ok(sign(&genesis.chain_id, &key(keys.signer(number, enrolled)), &payload))
    };
    (first..first + LETTERS).into_par_iter().map(letter).collect()
}

fn verify(genesis: &Genesis, letters: &[Vec<u8>]) -> anyhow::Result<Vec<Verified>> {
    let mut verified = Vec::with_capacity(letters.len());
    for group in letters.chunks(BATCH) {
        let group: Vec<Unverified> = group
            .iter()
            .map(|bytes| Unverified::decode(&genesis.chain_id, bytes))
            .collect::<Result<_, _>>()?;
        for one in Unverified::verify_batch(group) {
            verified.push(one?);
        }
    }
    Ok(verified)
}

fn execute(store: &Store, genesis: &Genesis, tip: &Tip, letters: &[Verified]) -> anyhow::Result<Executed> {
    let snapshot = store.snapshot()?;
    let proposer = genesis.validators.iter().next().context("no centre")?.public_key;
    let time = time_of(genesis, tip.height.next());
    let (executed, refused) = execute::propose(&snapshot, tip, time, proposer, letters)?;
    ensure!(refused.is_empty(), "a letter is refused: {:?}", refused.first());
    ensure!(executed.transactions.len() == LETTERS, "not every letter is in the block");
    Ok(executed)
}
