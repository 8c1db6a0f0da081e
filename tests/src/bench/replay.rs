//! Audit by replay: every block of a run again, from its bytes, into an empty store.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use ledger::block::Header;
use ledger::certificate::CommitCertificate;
use ledger::crypto::{Claim, verify_batch};
use ledger::execute::{self, Executed, Tip};
use ledger::genesis::Genesis;
use ledger::store::{BlockCommit, BlockParts, Options, Store};
use ledger::transaction::{Unverified, Verified};
use rayon::prelude::*;
use serde::Serialize;

/// Signatures in one equation, as a node that takes in transactions verifies them.
pub(super) const BATCH: usize = 256;
/// Bytes of blocks read at a time.
const READ: usize = 4 << 20;
/// Groups of blocks verified ahead of execution.
const AHEAD: usize = 2;
/// Most signatures of the raw rate.
const RAW_MAX: usize = 200_000;

/// What a replay found.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Replay {
    /// Blocks.
    pub(super) blocks: u64,
    /// Transactions in them.
    pub(super) transactions: usize,
    /// Bytes of those transactions.
    pub(super) transaction_bytes: usize,
    /// Seconds it took.
    pub(super) seconds: f64,
    /// Signatures a second when nothing else is done with the same transactions, on all cores.
    pub(super) raw_batch_rate: f64,
}

impl Replay {
    /// Transactions a second.
    pub(super) fn rate(&self) -> f64 {
        self.transactions as f64 / self.seconds
    }
}

/// A block whose transactions and certificate hold.
struct Checked {
    parts: BlockParts,
    header: Header,
    transactions: Vec<Verified>,
}

/// Replays the ledger below `source` into a new one below `scratch` and compares where they end.
pub(super) fn replay(
    source: &Path,
    genesis: &Genesis,
    genesis_bytes: &[u8],
    scratch: &Path,
) -> anyhow::Result<Replay> {
    let source = Store::open(&source.join("ledger"), &Options::default())?;
    let fresh = Store::open(scratch, &Options::default())?;
    let state = genesis.state().into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    fresh.initialise(genesis_bytes, *genesis.hash.as_bytes(), &state)?;
    let began = Instant::now();
    let (sender, receiver) = sync_channel(AHEAD);
    let (transactions, transaction_bytes) = std::thread::scope(|scope| -> anyhow::Result<_> {
        // The sender moves into the thread, so that its end is seen here.
        let source = &source;
        let verifier = scope.spawn(move || verify(source, genesis, &sender));
        let executed = execute_all(&fresh, genesis, receiver);
        verifier.join().map_err(|_| anyhow::anyhow!("the verifying thread ended early"))??;
        executed
    })?;
    let seconds = began.elapsed().as_secs_f64();
    let (expected, found) =
        (source.tip().context("an empty ledger")?, fresh.tip().context("an empty replay")?);
    ensure!(expected == found, "the replay ends at {found:?}, the ledger at {expected:?}");
    let raw_batch_rate = raw_rate(&source, genesis)?;
    Ok(Replay { blocks: found.height, transactions, transaction_bytes, seconds, raw_batch_rate })
}

/// Reads, decodes and verifies on all cores, ahead of execution.
fn verify(source: &Store, genesis: &Genesis, sender: &SyncSender<Vec<Checked>>) -> anyhow::Result<()> {
    let snapshot = source.snapshot()?;
    let mut height = 1;
    loop {
        let blocks = snapshot.blocks_from(height, READ)?;
        let Some(last) = blocks.last() else { return Ok(()) };
        height = last.height + 1;
        if sender.send(verify_blocks(genesis, blocks)?).is_err() {
            // Execution has stopped and says why.
            return Ok(());
        }
    }
}

fn verify_blocks(genesis: &Genesis, blocks: Vec<BlockParts>) -> anyhow::Result<Vec<Checked>> {
    let decoded: Vec<Unverified> = blocks
        .par_iter()
        .flat_map(|block| &block.transactions)
        .map(|bytes| Unverified::decode(&genesis.chain_id, bytes))
        .collect::<Result<_, _>>()?;
    let mut verified = verify_transactions(decoded)?.into_iter();
    blocks
        .into_iter()
        .map(|parts| {
            let certificate = CommitCertificate::decode(&parts.certificate)?;
            certificate.verify(&genesis.chain_id, &genesis.validators)?;
            ensure!(*certificate.block_id.as_bytes() == parts.id, "a certificate is for another block");
            let transactions = verified.by_ref().take(parts.transactions.len()).collect();
            Ok(Checked { header: Header::decode(&parts.header)?, transactions, parts })
        })
        .collect()
}

/// Verifies in groups of equal keys, whose terms coalesce; the order stays.
fn verify_transactions(transactions: Vec<Unverified>) -> anyhow::Result<Vec<Verified>> {
    let mut numbered: Vec<(usize, Unverified)> = transactions.into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, transaction)| transaction.key());
    let mut groups = Vec::new();
    while !numbered.is_empty() {
        groups.push(numbered.split_off(numbered.len().saturating_sub(BATCH)));
    }
    let verified: Vec<Vec<(usize, Verified)>> = groups
        .into_par_iter()
        .map(|group| {
            let (numbers, transactions): (Vec<usize>, Vec<Unverified>) = group.into_iter().unzip();
            let verified: Vec<Verified> =
                Unverified::verify_batch(transactions).into_iter().collect::<Result<_, _>>()?;
            anyhow::Ok(numbers.into_iter().zip(verified).collect())
        })
        .collect::<Result<_, _>>()?;
    let mut verified: Vec<(usize, Verified)> = verified.into_iter().flatten().collect();
    verified.sort_unstable_by_key(|(number, _)| *number);
    Ok(verified.into_iter().map(|(_, transaction)| transaction).collect())
}

fn execute_all(
    fresh: &Store,
    genesis: &Genesis,
    receiver: Receiver<Vec<Checked>>,
) -> anyhow::Result<(usize, usize)> {
    let mut tip = genesis.tip();
    let (mut transactions, mut bytes) = (0, 0);
    for checked in receiver.into_iter().flatten() {
        let snapshot = fresh.snapshot()?;
        let executed = execute::validate(&snapshot, &tip, &checked.header, &checked.transactions)?;
        drop(snapshot);
        ensure!(*executed.id.as_bytes() == checked.parts.id, "block {} has another id", checked.parts.height);
        tip = Tip { height: executed.header.height, id: executed.id, time: executed.header.time };
        transactions += executed.transactions.len();
        bytes += executed.transactions.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
        commit(fresh, &checked.parts.certificate, executed)?;
    }
    Ok((transactions, bytes))
}

/// Writes a block that was executed.
pub(super) fn commit(fresh: &Store, certificate: &[u8], executed: Executed) -> anyhow::Result<()> {
    let transactions: Vec<_> =
        executed.transactions.into_iter().map(|(id, bytes)| (*id.as_bytes(), bytes)).collect();
    let events: Vec<Vec<u8>> = executed.events.iter().map(execute::encode_event).collect();
    fresh.commit(BlockCommit {
        height: executed.header.height.get(),
        block_id: *executed.id.as_bytes(),
        header: &executed.header_bytes,
        transactions: &transactions,
        certificate,
        changes: &executed.changes,
        map_update: executed.map_update,
        events: &events,
    })?;
    Ok(())
}

/// Signatures a second of the ledger's own transactions, verified in the same groups and nothing else.
fn raw_rate(source: &Store, genesis: &Genesis) -> anyhow::Result<f64> {
    let snapshot = source.snapshot()?;
    let (mut height, mut transactions) = (1, Vec::new());
    while transactions.len() < RAW_MAX {
        let blocks = snapshot.blocks_from(height, READ)?;
        let Some(last) = blocks.last() else { break };
        height = last.height + 1;
        for bytes in blocks.iter().flat_map(|block| &block.transactions) {
            transactions.push(Unverified::decode(&genesis.chain_id, bytes)?);
        }
    }
    transactions.sort_by_key(Unverified::key);
    let claims: Vec<Claim<'_>> = transactions.iter().map(Unverified::claim).collect();
    let began = Instant::now();
    let good = claims.par_chunks(BATCH).all(|group| verify_batch(group).iter().all(|good| *good));
    ensure!(good, "a signature does not verify");
    Ok(claims.len() as f64 / began.elapsed().as_secs_f64())
}
