//! The way in: decode, verify in batches, judge against the tip, take into the mempool, pass on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ledger::action::Action;
use ledger::crypto::InvalidSignature;
use ledger::execute::rejection::Rejection;
use ledger::execute::{BlockExecution, Failure, Tip, speaker_of, stepped_time};
use ledger::id::{ChainId, Height};
use ledger::state::{Overlay, StateError};
use ledger::store::{Place, Snapshot, Store};
use ledger::time::BlockTime;
use ledger::transaction::{self, Unverified, Verified};
use rayon::prelude::*;
use tokio::sync::{mpsc, oneshot};

use crate::handle::{Outcome, Refusal, Submission, Submitted, Wait};
use crate::host::{HostEvent, Inbox, real_time};
use crate::lanes::{self, Room};
use crate::mempool::{Account, Mempool, Waiter};
use crate::network::{self, Channel};
use crate::wire;

/// Signatures verified in one equation at most: beyond this the gain per signature is small.
const BATCH: usize = 256;
/// Transactions taken through together at most.
const MOST_AT_ONCE: usize = 4_096;
/// Frames of gossip taken through together at most.
const MOST_FRAMES: usize = 32;
/// How long a batch gathers after one of at least so many transactions: a signature costs a third in a batch of what it
/// costs alone, and every batch reads the tip and what has fallen due. Where little comes nothing waits.
const GATHER: [(usize, Duration); 2] = [(16, Duration::from_millis(8)), (4, Duration::from_millis(3))];
/// Frames of gossip that may wait here, of at most 512 KiB each.
const GOSSIP_ROOM: Room = Room { items: 64, bytes: 32 << 20 };
/// Submissions that may wait here; then submitters wait.
pub const SUBMISSION_QUEUE: usize = 1_024;

/// Where the members' gossip comes in, with a lane for each.
#[derive(Debug)]
pub struct GossipInbox(lanes::Sender<network::PublicKey, Bytes>);

/// Where it is taken out.
pub type Gossip = lanes::Receiver<network::PublicKey, Bytes>;

/// The way in for gossip.
#[must_use]
pub fn gossip() -> (GossipInbox, Gossip) {
    let (sender, receiver) = lanes::lanes(GOSSIP_ROOM);
    (GossipInbox(sender), receiver)
}

impl GossipInbox {
    /// Hands over a member's frame. Who fills the room loses frames of its own.
    pub fn frame(&self, peer: network::PublicKey, bytes: Bytes) {
        // The channel lets longer frames through than anybody of good will sends.
        if bytes.len() > wire::MAX_GOSSIP_BYTES {
            return gossip_dropped(&peer);
        }
        for (peer, _) in self.0.push(peer, bytes.len(), bytes) {
            gossip_dropped(&peer);
        }
    }
}

fn gossip_dropped(peer: &network::PublicKey) {
    metrics::counter!("mempool_gossip_dropped_total", "peer" => hex::encode(peer)).increment(1);
}

/// Takes transactions from submitters and peers for as long as there are any.
pub struct Ingest {
    /// The chain they must be signed for.
    pub chain: ChainId,
    /// Block time of genesis.
    pub genesis_time: BlockTime,
    /// What they are judged against.
    pub store: Arc<Store>,
    /// Where they wait.
    pub mempool: Arc<Mempool>,
    /// Whom they are passed on to.
    pub network: network::Handle,
    /// Woken when something waits.
    pub host: Inbox,
}

/// A transaction under way, with whoever waits for it.
struct Item {
    bytes: Vec<u8>,
    waiter: Option<Waiter>,
    local: bool,
    slot: Option<(usize, usize)>,
}

/// The answers of one submission as they come about.
struct Answers {
    wait: Wait,
    answer: oneshot::Sender<Vec<Submitted>>,
    done: Vec<Submitted>,
    open: Vec<(usize, oneshot::Receiver<Outcome>)>,
}

impl Ingest {
    /// Runs until both queues are closed.
    pub async fn run(self, mut submissions: mpsc::Receiver<Submission>, gossip: Gossip) {
        let this = Arc::new(self);
        let mut taken = 0;
        loop {
            let (mut local, mut frames) = (Vec::new(), Vec::new());
            tokio::select! {
                Some(submission) = submissions.recv() => local.push(submission),
                Some(frame) = gossip.recv() => frames.push(frame),
                else => return,
            }
            if let Some((_, time)) = GATHER.iter().find(|(least, _)| taken >= *least) {
                tokio::time::sleep(*time).await;
            }
            let mut count = 0;
            while count < MOST_AT_ONCE
                && let Ok(submission) = submissions.try_recv()
            {
                count += submission.transactions.len();
                local.push(submission);
            }
            while frames.len() < MOST_FRAMES
                && let Some(frame) = gossip.try_recv()
            {
                frames.push(frame);
            }
            let worker = this.clone();
            // Verification is work for threads that may block; the next batch gathers meanwhile.
            match tokio::task::spawn_blocking(move || worker.take_in(local, &frames)).await {
                Ok(count) => taken = count,
                Err(_) => tracing::error!(
                    "taking in a batch of transactions failed; its submitters must submit again"
                ),
            }
        }
    }

    /// Returns how many there were.
    fn take_in(&self, submissions: Vec<Submission>, frames: &[Bytes]) -> usize {
        let mut answers = Vec::new();
        let mut items = Vec::new();
        for submission in submissions {
            open_answers(submission, &mut answers, &mut items);
        }
        for frame in frames {
            match wire::read_gossip(frame) {
                Ok(batch) => items.extend(batch.into_iter().map(Item::gossiped)),
                Err(error) => tracing::debug!(%error, "a frame of gossip is not readable"),
            }
        }
        let count = items.len();
        metrics::histogram!("mempool_batch_transactions").record(count as f64);
        let outcome = self.process(items, &mut answers);
        if let Err(error) = outcome {
            tracing::error!(%error, "transactions could not be judged");
        }
        answers.into_iter().for_each(Answers::reply);
        // The host may be busy: it looks at the mempool after every input anyway.
        self.host.tell(HostEvent::Wake);
        count
    }

    fn process(&self, items: Vec<Item>, answers: &mut [Answers]) -> Result<(), StateError> {
        let decoded = self.decode(items, answers);
        let verified = verify(decoded, answers);
        let tip = self.store.ledger_tip(self.genesis_time)?;
        let snapshot = self.store.snapshot().map_err(StateError::from)?;
        let time = stepped_time(&snapshot, &tip)?.unwrap_or_else(|| real_time().max(tip.time));
        let mut judging = BlockExecution::begin(&snapshot, &tip, time)?;
        let (mut taken, mut pass_on) = (Vec::new(), Vec::new());
        for (mut item, transaction) in verified {
            let id = transaction.id();
            // What a peer passes on it has judged; here it is judged once more when it enters a block. But a
            // block is often faster than gossip, and what is recorded must not wait and keep the chain awake.
            if item.local {
                if let Err(settled) = judge(&mut judging, &snapshot, &transaction)? {
                    self.note_shared_key(&transaction, &settled);
                    item.answer(answers, Some(id), settled);
                    continue;
                }
            } else if snapshot.place(id.as_bytes()).map_err(StateError::from)?.is_some() {
                continue;
            }
            let Some(account) = account(&snapshot, &judging, &transaction)? else { continue };
            let local = item.local.then(|| transaction.bytes().to_vec());
            match self.mempool.insert(Arc::new(transaction), account, &mut item.waiter) {
                Ok(new) => {
                    if new {
                        taken.push(id);
                        pass_on.extend(local);
                    }
                    item.answer(answers, Some(id), Outcome::Pending);
                }
                Err(refusal) => item.answer(answers, Some(id), Outcome::Refused(refusal)),
            }
        }
        self.forget_recorded(&tip, &taken)?;
        for frame in wire::gossip(pass_on.iter().map(Vec::as_slice)) {
            if let Err(error) = self.network.broadcast(Channel::Transactions, frame) {
                tracing::warn!(%error, "transactions could not be passed on");
            }
        }
        Ok(())
    }

    /// An enrolment refused because its key is another organisation's is a sign of collusion: the host reports it. When
    /// the host is busy it is not, and whoever tries again is reported then.
    fn note_shared_key(&self, transaction: &Verified, settled: &Outcome) {
        if let (Action::Enrol(enrolment), Outcome::Refused(Refusal::Rejected(Rejection::KeyShared))) =
            (&transaction.payload().action, settled)
        {
            self.host.tell(HostEvent::SharedKey(Box::new(enrolment.clone())));
        }
    }

    /// A block stored while these were judged may hold some of them: nobody else would look.
    fn forget_recorded(&self, judged_at: &Tip, taken: &[transaction::Id]) -> Result<(), StateError> {
        if self.store.tip().is_none_or(|tip| tip.height == judged_at.height.get()) {
            return Ok(());
        }
        let snapshot = self.store.snapshot().map_err(StateError::from)?;
        for id in taken {
            if let Some(place) = snapshot.place(id.as_bytes()).map_err(StateError::from)? {
                self.mempool.settle(id, &recorded(place));
            }
        }
        Ok(())
    }

    fn decode(&self, items: Vec<Item>, answers: &mut [Answers]) -> Vec<(Item, Unverified)> {
        let mut decoded = Vec::with_capacity(items.len());
        for mut item in items {
            match Unverified::decode(&self.chain, &item.bytes) {
                Ok(transaction) => {
                    let id = transaction.id();
                    if self.mempool.join(&item.bytes, &mut item.waiter) {
                        item.answer(answers, Some(id), Outcome::Pending);
                    } else {
                        decoded.push((item, transaction));
                    }
                }
                Err(error) => item.answer(answers, None, Outcome::Refused(error.into())),
            }
        }
        decoded
    }
}

/// Verifies in groups of equal keys, across the cores; answers for those that fail. The order stays.
fn verify(decoded: Vec<(Item, Unverified)>, answers: &mut [Answers]) -> Vec<(Item, Verified)> {
    let (items, transactions): (Vec<Item>, Vec<Unverified>) = decoded.into_iter().unzip();
    let mut numbered: Vec<(usize, Unverified)> = transactions.into_iter().enumerate().collect();
    numbered.sort_by_key(|(_, transaction)| transaction.key());
    let mut groups = Vec::with_capacity(numbered.len().div_ceil(BATCH));
    while !numbered.is_empty() {
        groups.push(numbered.split_off(numbered.len().saturating_sub(BATCH)));
    }
    let mut judged: Vec<_> = match groups.len() {
        // Waking another thread costs more than it would save.
        0 | 1 => groups.into_iter().flat_map(verify_group).collect(),
        _ => groups.into_par_iter().flat_map_iter(verify_group).collect(),
    };
    judged.sort_by_key(|(index, ..)| *index);
    let mut verified = Vec::with_capacity(judged.len());
    for (item, (_, id, result)) in items.into_iter().zip(judged) {
        match result {
            Ok(transaction) => verified.push((item, transaction)),
            Err(error) => {
                item.answer(
                    answers,
                    Some(id),
                    Outcome::Refused(transaction::TransactionError::from(error).into()),
                );
            }
        }
    }
    verified
}

type Judged = (usize, transaction::Id, Result<Verified, InvalidSignature>);

fn verify_group(group: Vec<(usize, Unverified)>) -> Vec<Judged> {
    let (indexes, transactions): (Vec<usize>, Vec<Unverified>) = group.into_iter().unzip();
    let ids: Vec<transaction::Id> = transactions.iter().map(Unverified::id).collect();
    let results = Unverified::verify_batch(transactions);
    indexes.into_iter().zip(ids).zip(results).map(|((index, id), result)| (index, id, result)).collect()
}

/// Judges as the next block would. What is on the ledger already is answered with its place.
fn judge(
    judging: &mut BlockExecution<'_>,
    snapshot: &Snapshot<'_>,
    transaction: &Verified,
) -> Result<Result<(), Outcome>, StateError> {
    match judging.add(transaction) {
        Ok(()) => Ok(Ok(())),
        Err(Failure::State(error)) => Err(error),
        Err(Failure::Rejected(rejection)) => {
            // Whoever sends a recorded transaction again wants its place, however long ago it expired.
            let again = matches!(rejection, Rejection::AlreadyRecorded | Rejection::Expired);
            let place = match again {
                true => snapshot.place(transaction.id().as_bytes()).map_err(StateError::from)?,
                false => None,
            };
            Ok(match (place, rejection) {
                (Some(place), _) => Err(recorded(place)),
                // It stands earlier in the same batch, and joins that one.
                (None, Rejection::AlreadyRecorded) => Ok(()),
                (None, rejection) => Err(Outcome::Refused(rejection.into())),
            })
        }
    }
}

/// The outcome of what stands on the ledger.
pub(crate) fn recorded(place: Place) -> Outcome {
    Outcome::Committed { height: Height::new(place.height), index: place.index }
}

/// Whose quota the transaction counts against; nobody's when its key is unknown, which may only enrol.
fn account(
    snapshot: &Snapshot<'_>,
    judging: &BlockExecution<'_>,
    transaction: &Verified,
) -> Result<Option<Account>, StateError> {
    let speaker = match speaker_of(judging.state(), transaction)? {
        Some(speaker) => Some(speaker),
        // In the state as it is stored: the batch may have taken the key away.
        None => speaker_of(&Overlay::new(snapshot), transaction)?,
    };
    Ok(speaker.map(Account::from))
}

fn open_answers(submission: Submission, answers: &mut Vec<Answers>, items: &mut Vec<Item>) {
    let which = answers.len();
    let count = submission.transactions.len();
    let mut open = Vec::new();
    for (index, bytes) in submission.transactions.into_iter().enumerate() {
        let waiter = match submission.wait {
            Wait::Accepted => None,
            Wait::Committed(_) => {
                let (sender, receiver) = oneshot::channel();
                open.push((index, receiver));
                Some(sender)
            }
        };
        items.push(Item { bytes, waiter, local: true, slot: Some((which, index)) });
    }
    let done = vec![Submitted { id: None, outcome: Outcome::Refused(Refusal::NotReady) }; count];
    answers.push(Answers { wait: submission.wait, answer: submission.answer, done, open });
}

impl Item {
    fn gossiped(bytes: Vec<u8>) -> Self {
        Self { bytes, waiter: None, local: false, slot: None }
    }

    fn answer(self, answers: &mut [Answers], id: Option<transaction::Id>, outcome: Outcome) {
        let Some((which, index)) = self.slot else { return };
        if let Some(slot) = answers.get_mut(which).and_then(|a| a.done.get_mut(index)) {
            *slot = Submitted { id, outcome };
        }
    }
}

impl Answers {
    /// Answers now if nothing is open, else once everything is recorded or the wait is over.
    fn reply(self) {
        let Self { wait, answer, mut done, open } = self;
        let pending: Vec<_> = open
            .into_iter()
            .filter(|(index, _)| done.get(*index).is_some_and(|s| s.outcome == Outcome::Pending))
            .collect();
        let Wait::Committed(at_most) = wait else {
            let _ = answer.send(done);
            return;
        };
        if pending.is_empty() {
            let _ = answer.send(done);
            return;
        }
        tokio::spawn(async move {
            let deadline = tokio::time::Instant::now() + at_most.min(Duration::from_secs(300));
            for (index, receiver) in pending {
                if let Ok(Ok(outcome)) = tokio::time::timeout_at(deadline, receiver).await {
                    done[index].outcome = outcome;
                }
            }
            let _ = answer.send(done);
        });
    }
}
