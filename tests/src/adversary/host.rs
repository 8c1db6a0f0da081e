//! Carries out what the adversary's replica wants, except where its orders say otherwise.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use consensus::message::{SignedVote, Vote};
use consensus::{Body, Input, Message, Output, Params, Replica, Target, Timeout, Verdict};
use ledger::block::{self, Block};
use ledger::certificate::{CommitCertificate, VoteType};
use ledger::crypto::SigningKey;
use ledger::execute::{self, Tip};
use ledger::genesis::Genesis;
use ledger::id::Height;
use ledger::store::{BlockCommit, Options, Store};
use ledger::time::{BlockTime, Span};
use ledger::transaction::{self, Verified};
use node::answers::Sources;
use node::documents::shelf as documents;
use node::network::{self, Channel, Event, Events};
use node::snapshots::export::{Exporter, Plan};
use node::snapshots::shelf::Shelf;
use node::wire::{Answer, Question, read_gossip};
use tokio::sync::oneshot;

use super::crime::Scene;
use super::{Chunks, Offence, Orders, SNAPSHOT_CHUNK_BYTES, SNAPSHOT_EVERY};

/// How often it looks around.
const TICK: Duration = Duration::from_millis(20);
/// How often it lies unasked.
const LIE_EVERY: Duration = Duration::from_millis(200);

pub(super) struct Host {
    genesis: Genesis,
    store: Arc<Store>,
    shelf: Arc<Shelf>,
    documents: Arc<documents::Shelf>,
    exporter: Exporter,
    key: SigningKey,
    network: network::Handle,
    orders: Arc<Mutex<Orders>>,
    replica: Replica,
    tip: Tip,
    timers: BTreeMap<Timeout, Instant>,
    waiting: BTreeMap<transaction::Id, Verified>,
    /// The height and round that a block is wanted for.
    build: Option<(Height, u32)>,
    /// Whoever asked a liar for blocks.
    kept_waiting: VecDeque<oneshot::Sender<Bytes>>,
    lied: (Instant, u64),
}

impl Host {
    pub(super) fn new(
        genesis: &Genesis,
        bytes: &[u8],
        data: &Path,
        key: SigningKey,
        network: network::Handle,
        orders: Arc<Mutex<Orders>>,
    ) -> Self {
        let options = Options { write_buffer_bytes: 4 << 20, ..Options::default() };
        let store = Arc::new(Store::open(data, &options).expect("a store"));
        let shelf =
            Shelf::open(&data.with_extension("snapshots"), 2, &genesis.chain_id).expect("a directory");
        let shelf = Arc::new(shelf);
        let limits = documents::Limits { bytes: 0, document_bytes: 0, key_bytes: 0, reserve: 0 };
        let documents =
            documents::Shelf::open(&data.with_extension("documents"), limits).expect("a directory");
        let plan = Plan { every: SNAPSHOT_EVERY, chunk_bytes: SNAPSHOT_CHUNK_BYTES, reserve: 0 };
        let state = genesis.state().into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
        store.initialise(bytes, *genesis.hash.as_bytes(), &state).expect("a genesis");
        let chain = genesis.chain_id.clone();
        let tip = genesis.tip();
        Self {
            replica: Replica::new(chain, Box::new(key.clone()), Params::default(), tip.height),
            genesis: genesis.clone(),
            exporter: Exporter::new(store.clone(), shelf.clone(), genesis.chain_id.clone(), plan),
            store,
            shelf,
            documents: Arc::new(documents),
            key,
            network,
            orders,
            tip,
            timers: BTreeMap::new(),
            waiting: BTreeMap::new(),
            build: None,
            kept_waiting: VecDeque::new(),
            lied: (Instant::now(), 1_000_000),
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Orders) -> T) -> T {
        act(&mut self.orders.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) async fn run(mut self, mut events: Events) {
        loop {
            match tokio::time::timeout(TICK, events.recv()).await {
                Ok(Some(event)) => self.on_event(event),
                Ok(None) => return,
                Err(_) => {}
            }
            if self.with(|orders| orders.lie) {
                self.lie();
            }
            let now = Instant::now();
            while let Some(timeout) = self.timers.iter().find(|(_, at)| **at <= now).map(|(t, _)| *t) {
                self.timers.remove(&timeout);
                self.feed(Input::TimeoutElapsed(timeout));
            }
            if self.replica.current().is_none() && (self.replica.wants_start() || !self.waiting.is_empty()) {
                let validators = self.genesis.validators.clone();
                let height = self.tip.height.next();
                self.feed(Input::StartHeight { height, validators, recovered: Vec::new() });
            }
            if let Some(built) = self.try_build() {
                self.feed(built);
            }
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Message { channel: Channel::Transactions, bytes, .. } => {
                for bytes in read_gossip(&bytes).unwrap_or_default() {
                    let Ok(transaction) = Verified::decode(&self.genesis.chain_id, &bytes) else { continue };
                    let recorded = self.store.transaction_exists(transaction.id().as_bytes());
                    if !recorded.expect("the store is whole") {
                        self.waiting.insert(transaction.id(), transaction);
                    }
                }
            }
            Event::Message { peer, bytes, .. } => {
                let Ok(message) = Message::decode(&bytes) else { return };
                self.note_vote(&message);
                let sender = self.genesis.validators.iter().find(|v| *v.network_key.as_bytes() == peer);
                if let Some(from) = sender.map(|v| v.public_key) {
                    self.feed(Input::Message { from, message });
                }
            }
            Event::Request { bytes, respond, .. } => self.answer(&bytes, respond),
            _ => {}
        }
    }

    /// Keeps account of who votes for what should get no vote.
    fn note_vote(&self, message: &Message) {
        let (Message::Vote(SignedVote { vote, .. }) | Message::VoteAgain(SignedVote { vote, .. })) = message
        else {
            return;
        };
        let own = self.key.public_key();
        self.with(|orders| {
            if let Some(offence) = &mut orders.committed
                && vote.block_id == Some(offence.block_id)
                && vote.voter != own
            {
                offence.votes.push(vote.voter);
            }
        });
    }

    fn answer(&mut self, question: &[u8], respond: oneshot::Sender<Bytes>) {
        if !self.with(|orders| orders.lie) {
            if let Ok(Question::Chunk { height, hash }) = Question::decode(question) {
                return self.give_chunk(self.shelf.chunk(height, &hash), respond);
            }
            let (store, snapshots) = (self.store.clone(), self.shelf.clone());
            Sources { store, snapshots, documents: self.documents.clone() }.answer(question, respond);
            return;
        }
        match Question::decode(question) {
            Ok(Question::Tip) => {
                let (height, clock) =
                    (Height::new(self.next_lie()), now().plus(Span::from_millis(3_600_000)));
                let _ = respond.send(Answer::Tip { height, clock }.encode());
            }
            _ => self.kept_waiting.push_back(respond),
        }
    }

    /// Gives a piece of a snapshot as it is told to.
    fn give_chunk(&self, chunk: Option<Vec<u8>>, respond: oneshot::Sender<Bytes>) {
        let Some(mut bytes) = chunk else { return };
        let gives = self.with(|orders| match &mut orders.chunks {
            Chunks::Honest => true,
            Chunks::Few(left) => {
                let gives = *left > 0;
                *left = left.saturating_sub(1);
                gives
            }
            Chunks::Spoiled => {
                if let Some(last) = bytes.last_mut() {
                    *last ^= 1;
                }
                true
            }
        });
        if gives {
            let _ = respond.send(Answer::Chunk(bytes.into()).encode());
        }
    }

    fn next_lie(&mut self) -> u64 {
        self.lied.1 += 1;
        self.lied.1
    }

    /// Claims, unasked, to be at a height far off, each time a higher one.
    fn lie(&mut self) {
        if self.lied.0.elapsed() < LIE_EVERY {
            return;
        }
        self.lied.0 = Instant::now();
        let height = Height::new(self.next_lie());
        let voter = self.key.public_key();
        let vote = Vote { height, round: 0, vote_type: VoteType::Prevote, voter, block_id: None };
        let bytes = ledger::certificate::vote_sign_bytes(
            &self.genesis.chain_id,
            vote.vote_type,
            height,
            vote.round,
            None,
        );
        let signature = self.key.sign(&bytes);
        let message = Message::VoteAgain(SignedVote { vote, signature });
        let _ = self.network.broadcast(Channel::Consensus, message.encode().into());
    }

    fn feed(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            for output in self.replica.handle(input) {
                inputs.extend(self.carry_out(output));
            }
        }
    }

    fn carry_out(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Send { to, message } => self.send(to, &message),
            Output::Schedule { timeout, duration } => {
                self.timers.insert(timeout, Instant::now() + duration);
            }
            Output::Cancel(timeout) => {
                self.timers.remove(&timeout);
            }
            Output::Build { height, round, .. } => {
                self.build = Some((height, round));
                return self.try_build();
            }
            // It votes for anything.
            Output::Check { height, block_id, origin, .. } => {
                return Some(Input::Checked { height, block_id, origin, verdict: Verdict::Valid });
            }
            Output::Commit { certificate, body, .. } => self.commit(&certificate, &body),
            Output::Halt { reason } => panic!("the adversary's replica stopped: {reason}"),
            _ => {}
        }
        None
    }

    fn send(&self, to: Target, message: &Message) {
        if self.with(|orders| orders.silent) {
            return;
        }
        let channel =
            if matches!(message, Message::Block { .. }) { Channel::Blocks } else { Channel::Consensus };
        if let Message::Vote(SignedVote { vote, .. }) = message
            && vote.block_id.is_some()
            && self.with(|orders| orders.double)
        {
            let vote = Vote { block_id: None, ..vote.clone() };
            let signature = self.key.sign(&vote.sign_bytes(&self.genesis.chain_id));
            let message = Message::Vote(SignedVote { vote, signature });
            let _ = self.network.broadcast(Channel::Consensus, message.encode().into());
        }
        let bytes = Bytes::from(message.encode());
        // It does not care what arrives.
        let _ = match to {
            Target::All => self.network.broadcast(channel, bytes).map(|_| ()),
            Target::One(voter) => match self.genesis.validators.get(&voter) {
                Some(validator) => self.network.send(validator.network_key.as_bytes(), channel, bytes),
                None => Ok(()),
            },
        };
    }

    /// Builds when there is something to build from: a crime needs a transaction too.
    fn try_build(&mut self) -> Option<Input> {
        let (height, round) = self.build.filter(|_| !self.waiting.is_empty())?;
        self.build = None;
        let scene = Scene {
            snapshot: self.store.snapshot().expect("a genesis"),
            tip: self.tip,
            now: now().max(self.tip.time.plus(Span::from_millis(1))),
            own: self.key.public_key(),
            candidates: self.waiting.values().cloned().collect(),
        };
        let crime = self.with(|orders| orders.crime.take());
        let block = crime.as_ref().map_or_else(|| scene.honest(), |crime| scene.commit(crime));
        let block_id = block.header.id();
        if crime.is_some() {
            let offence = Offence { height, block_id, votes: Vec::new() };
            self.with(|orders| orders.committed = Some(offence));
        }
        let body: Body = block.encode().into();
        Some(Input::Built { height, round, block_id, body })
    }

    fn commit(&mut self, certificate: &CommitCertificate, body: &Body) {
        let block = Block::decode(body).expect("a decided block");
        let decode = |bytes: &Vec<u8>| Verified::decode(&self.genesis.chain_id, bytes);
        let transactions: Vec<Verified> =
            block.transactions.iter().map(decode).collect::<Result<_, _>>().expect("a decided block");
        let snapshot = self.store.snapshot().expect("a genesis");
        let executed = execute::validate(&snapshot, &self.tip, &block.header, &transactions)
            .unwrap_or_else(|fault| panic!("the honest nodes decided a bad block: {fault}"));
        drop(snapshot);
        let ids: Vec<_> = executed.transactions.iter().map(|(id, b)| (*id.as_bytes(), b.clone())).collect();
        let events: Vec<Vec<u8>> = executed.events.iter().map(execute::encode_event).collect();
        let commit = BlockCommit {
            height: certificate.height.get(),
            block_id: *block::Id::as_bytes(&executed.id),
            header: &executed.header_bytes,
            transactions: &ids,
            certificate: &certificate.encode(),
            changes: &executed.changes,
            map_update: executed.map_update.clone(),
            events: &events,
        };
        self.store.commit(commit).expect("room on the disk");
        self.exporter.committed(certificate.height.get());
        self.tip = Tip { height: certificate.height, id: executed.id, time: executed.header.time };
        executed.transactions.iter().for_each(|(id, _)| drop(self.waiting.remove(id)));
        self.timers.clear();
        self.build = None;
    }
}

fn now() -> BlockTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    BlockTime::from_millis(u64::try_from(since.as_millis()).unwrap_or_default()).unwrap_or_default()
}
