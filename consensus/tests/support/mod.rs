//! A simulated network of replicas: one thread, virtual time, one seed.

// Each test binary uses its own part of this module.
#![allow(dead_code, unreachable_pub)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use consensus::log::{self, Key};
use consensus::message::{Proposal, SignedProposal, SignedVote, Vote};
use consensus::{
    Body, Evidence, Input, Message, Origin, Output, Params, Record, Replica, Target, Timeout, Verdict,
};
use ledger::block;
use ledger::certificate::{CommitCertificate, VoteType};
use ledger::crypto::{PublicKey, SigningKey};
use ledger::hash::sha256;
use ledger::id::{ChainId, Height};
use ledger::validators::{Validator, ValidatorSet};

/// splitmix64: small, seeded, and ours.
#[derive(Clone)]
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

pub fn chain_id() -> ChainId {
    "test/0123456789abcdef".parse().expect("a chain id")
}

/// Keys in the order of a validator set, so that the index of a key is its turn.
pub fn keys(count: usize) -> Vec<SigningKey> {
    let key = |i: usize| SigningKey::from_seed(&[u8::try_from(i + 1).expect("few keys"); 32].into());
    let mut keys: Vec<SigningKey> = (0..count).map(key).collect();
    keys.sort_by_key(SigningKey::public_key);
    keys
}

pub fn validator_set(keys: &[SigningKey]) -> ValidatorSet {
    const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let organisation = |i: usize| {
        // The check character is found by trying all of them.
        let body = format!("91440100{:09}", i);
        ALPHABET.iter().find_map(|c| format!("{body}{}", char::from(*c)).parse().ok()).expect("a credit code")
    };
    let validator = |(i, key): (usize, &SigningKey)| Validator {
        public_key: key.public_key(),
        network_key: key.public_key(),
        organisation: organisation(i),
    };
    ValidatorSet::new(keys.iter().enumerate().map(validator).collect()).expect("a validator set")
}

pub fn body_id(body: &[u8]) -> block::Id {
    block::Id::from_bytes(sha256(body))
}

pub fn make_body(height: Height, round: u32, nonce: u64) -> (block::Id, Body) {
    let body: Body = Arc::from(format!("valid block {height} {round} {nonce}").into_bytes());
    (body_id(&body), body)
}

/// The rules of this chain: a body begins with "valid", or with "early", which only a clock minds.
pub fn judge(block_id: &block::Id, body: &[u8], origin: Origin) -> Verdict {
    if body_id(body) != *block_id {
        Verdict::Mismatch
    } else if body.starts_with(b"valid") || (body.starts_with(b"early") && origin == Origin::Certificate) {
        Verdict::Valid
    } else {
        Verdict::Invalid
    }
}

pub fn signed_vote(
    key: &SigningKey,
    height: u64,
    round: u32,
    vote_type: VoteType,
    id: Option<block::Id>,
) -> SignedVote {
    let vote = Vote { height: Height::new(height), round, vote_type, voter: key.public_key(), block_id: id };
    let signature = key.sign(&vote.sign_bytes(&chain_id()));
    SignedVote { vote, signature }
}

pub fn signed_proposal(
    key: &SigningKey,
    height: u64,
    round: u32,
    block_id: block::Id,
    valid_round: Option<u32>,
) -> SignedProposal {
    let proposal =
        Proposal { height: Height::new(height), round, block_id, proposer: key.public_key(), valid_round };
    let signature = key.sign(&proposal.sign_bytes(&chain_id()));
    SignedProposal { proposal, signature }
}

/// When to take a node down: around its n-th flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Nothing of the frame reaches the disk.
    Before,
    /// A part of the frame does.
    Torn,
    /// All of it does, but nothing is sent.
    After,
}

#[derive(Clone, Copy, Debug)]
pub struct CrashPlan {
    pub node: usize,
    pub sync: u64,
    pub moment: Moment,
    pub down_ms: u64,
    pub lose_log: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Network {
    pub loss_percent: u64,
    pub delay_ms: (u64, u64),
}

impl Default for Network {
    fn default() -> Self {
        Self { loss_percent: 0, delay_ms: (1, 1) }
    }
}

pub struct Node {
    pub key: SigningKey,
    pub replica: Option<Replica>,
    pub chain: Vec<(CommitCertificate, Body)>,
    pub evidence: Vec<Evidence>,
    pub disk: Vec<u8>,
    pub rounds_started: u64,
    pub fetches: u64,
    pub halted: Option<consensus::HaltReason>,
    unsynced: Vec<Record>,
    offset: usize,
    sequence: u32,
    syncs: u64,
    timers: BTreeMap<Timeout, u64>,
    life: u64,
    target: Height,
}

enum Event {
    Deliver { from: usize, to: usize, bytes: Vec<u8> },
    Elapsed { node: usize, timeout: Timeout, token: u64 },
    Feed { node: usize, life: u64, input: Input },
    Start { node: usize },
    Restart { node: usize },
}

/// Who was asked what: voter, height, round, and step (0 propose, 1 prevote, 2 precommit).
type Question = (PublicKey, u64, u32, u8);
/// Block and valid round.
type Answer = (Option<block::Id>, Option<u32>);

pub type Filter = Box<dyn Fn(&World, usize, usize, &Message) -> bool>;

pub struct World {
    pub now: u64,
    pub rng: Rng,
    pub nodes: Vec<Node>,
    pub network: Network,
    pub stop_height: u64,
    pub crashes: Vec<CrashPlan>,
    /// Nodes that hear and say nothing.
    pub cut_off: BTreeSet<usize>,
    /// Says which messages get through.
    pub filter: Option<Filter>,
    /// Who votes at a height; by default every node.
    pub members: Box<dyn Fn(u64) -> usize>,
    pub params: Params,
    pub sent: u64,
    pub crashes_done: u64,
    /// The votes and proposals of honest nodes, to find contradictions.
    said: BTreeMap<Question, Answer>,
    pub contradictions: Vec<String>,
    pub trace: u64,
    queue: BTreeMap<(u64, u64), Event>,
    counter: u64,
    keys: Vec<SigningKey>,
}

impl World {
    pub fn new(count: usize, seed: u64) -> Self {
        let keys = keys(count);
        let node = |key: &SigningKey| Node {
            key: key.clone(),
            replica: None,
            chain: Vec::new(),
            evidence: Vec::new(),
            disk: vec![0; 1 << 16],
            rounds_started: 0,
            fetches: 0,
            halted: None,
            unsynced: Vec::new(),
            offset: 0,
            sequence: 0,
            syncs: 0,
            timers: BTreeMap::new(),
            life: 0,
            target: Height::GENESIS,
        };
        Self {
            now: 0,
            rng: Rng(seed),
            nodes: keys.iter().map(node).collect(),
            network: Network::default(),
            stop_height: u64::MAX,
            crashes: Vec::new(),
            cut_off: BTreeSet::new(),
            filter: None,
            members: Box::new(move |_| count),
            params: Params::default(),
            sent: 0,
            crashes_done: 0,
            said: BTreeMap::new(),
            contradictions: Vec::new(),
            trace: 0,
            queue: BTreeMap::new(),
            counter: 0,
            keys,
        }
    }

    /// Starts these nodes; the others are puppets of the test.
    pub fn start(&mut self, nodes: impl IntoIterator<Item = usize>) {
        for node in nodes {
            self.boot(node);
        }
    }

    pub fn validators(&self, height: u64) -> ValidatorSet {
        validator_set(&self.keys[..(self.members)(height)])
    }

    pub fn key(&self, node: usize) -> SigningKey {
        self.keys[node].clone()
    }

    /// Whose turn it is.
    pub fn proposer(&self, height: u64, round: u64) -> usize {
        usize::try_from((height + round) % (self.members)(height) as u64).expect("small")
    }

    pub fn height(&self, node: usize) -> u64 {
        self.nodes[node].chain.len() as u64
    }

    pub fn inject(&mut self, from: usize, to: usize, message: &Message) {
        let bytes = message.encode();
        self.push(1, Event::Deliver { from, to, bytes });
    }

    pub fn inject_all(&mut self, from: usize, message: &Message) {
        (0..self.nodes.len()).for_each(|to| self.inject(from, to, message));
    }

    /// Runs until `done` or until this much virtual time has passed; tells whether it was done.
    pub fn run(&mut self, limit_ms: u64, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit_ms;
        while !done(self) {
            match self.queue.first_key_value() {
                Some(((at, _), _)) if *at <= end => {}
                _ => return false,
            }
            let ((at, _), event) = self.queue.pop_first().expect("just seen");
            self.now = at;
            self.step(event);
        }
        true
    }

    pub fn run_to_height(&mut self, height: u64, nodes: &[usize], limit_ms: u64) {
        let done = |world: &Self| nodes.iter().all(|node| world.height(*node) >= height);
        if !self.run(limit_ms, done) {
            let state: Vec<_> = self.nodes.iter().map(|n| (n.chain.len(), n.halted.clone())).collect();
            panic!("not at height {height} after {limit_ms} ms: {state:?}");
        }
    }

    /// All nodes have the same blocks, every certificate holds, and nobody contradicted himself.
    pub fn assert_sound(&self) {
        assert_eq!(self.contradictions, Vec::<String>::new());
        let longest = self.nodes.iter().max_by_key(|node| node.chain.len()).expect("nodes");
        for (i, (certificate, body)) in longest.chain.iter().enumerate() {
            let height = i as u64 + 1;
            assert_eq!(certificate.height, Height::new(height));
            assert_eq!(certificate.block_id, body_id(body));
            certificate.verify(&chain_id(), &self.validators(height)).expect("a certificate holds");
        }
        for node in &self.nodes {
            for (mine, theirs) in node.chain.iter().zip(&longest.chain) {
                assert_eq!(mine.0.block_id, theirs.0.block_id, "agreement at height {}", mine.0.height);
                mine.0
                    .verify(&chain_id(), &self.validators(mine.0.height.get()))
                    .expect("a certificate holds");
            }
        }
    }

    fn push(&mut self, delay: u64, event: Event) {
        self.counter += 1;
        self.queue.insert((self.now + delay, self.counter), event);
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Deliver { from, to, bytes } => {
                let message = Message::decode(&bytes).expect("replicas send what they can read");
                let from = self.nodes[from].key.public_key();
                self.feed(to, Input::Message { from, message });
            }
            Event::Elapsed { node, timeout, token } => {
                if self.nodes[node].timers.get(&timeout) == Some(&token) {
                    self.nodes[node].timers.remove(&timeout);
                    self.feed(node, Input::TimeoutElapsed(timeout));
                }
            }
            Event::Feed { node, life, input } => {
                if self.nodes[node].life == life {
                    self.feed(node, input);
                }
            }
            Event::Start { node } => self.start_next(node),
            Event::Restart { node } => {
                if self.nodes[node].replica.is_none() {
                    self.boot(node);
                }
            }
        }
    }

    fn boot(&mut self, node: usize) {
        let n = &mut self.nodes[node];
        let decided = Height::new(n.chain.len() as u64);
        n.replica = Some(Replica::new(chain_id(), Box::new(n.key.clone()), self.params, decided));
        self.start_next(node);
    }

    fn start_next(&mut self, node: usize) {
        let height = self.height(node) + 1;
        let validators = self.validators(height);
        let n = &mut self.nodes[node];
        let begun = n.replica.as_ref().is_none_or(|replica| replica.current().is_some());
        if begun || height > self.stop_height {
            return;
        }
        let key = Key::derive(&n.key, &chain_id()).expect("a key in memory signs");
        let found = log::scan(&key, &n.disk, Height::new(height)).expect("the log is readable");
        (n.offset, n.sequence) = (found.end, found.next_sequence);
        n.unsynced.clear();
        let recovered = found.records;
        self.feed(node, Input::StartHeight { height: Height::new(height), validators, recovered });
        self.catch_up(node);
    }

    pub fn feed(&mut self, node: usize, input: Input) {
        let Some(replica) = self.nodes[node].replica.as_mut() else { return };
        for output in replica.handle(input) {
            if !self.carry_out(node, output) {
                return;
            }
        }
    }

    /// Does what a replica asks for; false when the node went down over it.
    fn carry_out(&mut self, node: usize, output: Output) -> bool {
        match output {
            Output::Persist(record) => self.nodes[node].unsynced.push(record),
            Output::Sync => return self.sync(node),
            Output::Send { to, message } => self.send(node, to, &message),
            Output::Schedule { timeout, duration } => {
                let token = self.counter + 1;
                self.nodes[node].timers.insert(timeout, token);
                let delay = u64::try_from(duration.as_millis()).expect("short");
                self.push(delay.max(1), Event::Elapsed { node, timeout, token });
            }
            Output::Cancel(timeout) => {
                self.nodes[node].timers.remove(&timeout);
            }
            Output::Build { height, round, .. } => {
                let nonce = self.rng.next();
                let (block_id, body) = make_body(height, round, nonce);
                self.later(node, 1, Input::Built { height, round, block_id, body });
            }
            Output::Check { height, block_id, body, origin, .. } => {
                let verdict = judge(&block_id, &body, origin);
                self.later(node, 1, Input::Checked { height, block_id, origin, verdict });
            }
            Output::Evidence(evidence) => self.nodes[node].evidence.push(evidence),
            Output::Commit { certificate, body } => {
                let n = &mut self.nodes[node];
                assert_eq!(certificate.height.get(), n.chain.len() as u64 + 1);
                self.trace =
                    self.trace.rotate_left(5) ^ u64::from(certificate.block_id.as_bytes()[0]) ^ self.now;
                n.chain.push((certificate, body));
                (n.offset, n.sequence) = (0, 0);
                n.unsynced.clear();
                self.push(1, Event::Start { node });
            }
            Output::RoundStarted { .. } => self.nodes[node].rounds_started += 1,
            Output::NextHeightBegun { .. } => self.push(0, Event::Start { node }),
            Output::Behind { height, .. } => {
                let n = &mut self.nodes[node];
                n.target = n.target.max(height);
                self.catch_up(node);
            }
            // Messages overtake one another here, so that an old vote looks like a claim taken back.
            Output::BeginAgain { .. } => {
                self.crash(CrashPlan { node, sync: 0, moment: Moment::Before, down_ms: 1, lose_log: false });
                return false;
            }
            Output::PeerBehind { peer, height } => {
                let to = self.nodes.iter().position(|n| n.key.public_key() == peer).expect("a node");
                self.deliver_certified(node, to, height.get());
            }
            Output::Halt { reason } => self.nodes[node].halted = Some(reason),
        }
        true
    }

    /// The host's catch-up: the block of the current height from anyone who has it.
    fn catch_up(&mut self, node: usize) {
        let height = self.height(node) + 1;
        if height >= self.nodes[node].target.get() || self.cut_off.contains(&node) {
            return;
        }
        let source = (0..self.nodes.len())
            .find(|other| self.height(*other) >= height && !self.cut_off.contains(other));
        if let Some(source) = source {
            self.deliver_certified(source, node, height);
        }
    }

    fn deliver_certified(&mut self, source: usize, to: usize, height: u64) {
        let Some((certificate, body)) = self.nodes[source].chain.get(height as usize - 1).cloned() else {
            return;
        };
        if !self.cut_off.contains(&source) && !self.cut_off.contains(&to) {
            let from = self.nodes[source].key.public_key();
            self.later(to, 2, Input::Certified { from, certificate, body });
        }
    }

    fn later(&mut self, node: usize, delay: u64, input: Input) {
        let life = self.nodes[node].life;
        self.push(delay, Event::Feed { node, life, input });
    }

    fn sync(&mut self, node: usize) -> bool {
        let n = &mut self.nodes[node];
        n.syncs += 1;
        let plan = self.crashes.iter().find(|plan| plan.node == node && plan.sync == n.syncs).copied();
        let height = Height::new(n.chain.len() as u64 + 1);
        let key = Key::derive(&n.key, &chain_id()).expect("a key in memory signs");
        let frame = log::encode_frame(&key, height, n.sequence, &n.unsynced).expect("small enough");
        n.unsynced.clear();
        let written = match plan.map(|plan| plan.moment) {
            Some(Moment::Before) => 0,
            Some(Moment::Torn) => self.rng.below(frame.len() as u64) as usize,
            Some(Moment::After) | None => frame.len(),
        };
        let end = n.offset + frame.len();
        if n.disk.len() < end {
            n.disk.resize(end, 0);
        }
        n.disk[n.offset..n.offset + written].copy_from_slice(&frame[..written]);
        n.offset = end;
        n.sequence += 1;
        match plan {
            Some(plan) => {
                self.crash(plan);
                false
            }
            None => true,
        }
    }

    fn crash(&mut self, plan: CrashPlan) {
        self.crashes_done += 1;
        let n = &mut self.nodes[plan.node];
        n.replica = None;
        n.timers.clear();
        n.unsynced.clear();
        n.life += 1;
        n.target = Height::GENESIS;
        if plan.lose_log {
            n.disk.fill(0);
        }
        self.push(plan.down_ms, Event::Restart { node: plan.node });
    }

    fn send(&mut self, node: usize, to: Target, message: &Message) {
        self.listen(node, message);
        let bytes = message.encode();
        self.fetches_count(node, message);
        for other in 0..self.nodes.len() {
            let addressed = match to {
                Target::All => other != node,
                Target::One(key) => self.nodes[other].key.public_key() == key,
            };
            let blocked = self.cut_off.contains(&node) || self.cut_off.contains(&other);
            let passes = self.filter.as_ref().is_none_or(|filter| filter(self, node, other, message));
            if addressed && !blocked && passes {
                self.sent += 1;
                let lost = self.network.loss_percent > 0 && self.rng.percent(self.network.loss_percent);
                let (low, high) = self.network.delay_ms;
                let delay = if high > low { low + self.rng.below(high - low + 1) } else { low };
                if !lost {
                    self.push(delay, Event::Deliver { from: node, to: other, bytes: bytes.clone() });
                }
            }
        }
    }

    fn fetches_count(&mut self, node: usize, message: &Message) {
        if matches!(message, Message::WantBlock { .. }) {
            self.nodes[node].fetches += 1;
        }
    }

    /// Remembers what a node says in its own name.
    fn listen(&mut self, node: usize, message: &Message) {
        let own = self.nodes[node].key.public_key();
        let (key, said) = match message {
            Message::Vote(signed) | Message::VoteAgain(signed) if signed.vote.voter == own => {
                assert!(signed.is_authentic(&chain_id()));
                let vote = &signed.vote;
                let step = if vote.vote_type == VoteType::Prevote { 1 } else { 2 };
                ((own, vote.height.get(), vote.round, step), (vote.block_id, None))
            }
            Message::Proposal(signed) if signed.proposal.proposer == own => {
                assert!(signed.is_authentic(&chain_id()));
                let proposal = &signed.proposal;
                (
                    (own, proposal.height.get(), proposal.round, 0),
                    (Some(proposal.block_id), proposal.valid_round),
                )
            }
            _ => return,
        };
        let before = *self.said.entry(key).or_insert(said);
        if before != said {
            self.contradictions.push(format!("{key:?}: {before:?} and {said:?}"));
        }
    }
}

pub fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
