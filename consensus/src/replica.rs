//! The replica: one height after another.

use std::collections::{BTreeMap, VecDeque};

use ledger::certificate::CommitCertificate;
use ledger::crypto::PublicKey;
use ledger::evidence::Evidence;
use ledger::id::{ChainId, Height};
use ledger::validators::ValidatorSet;

use crate::error::HaltReason;
use crate::height::{Decision, HeightState, Progress, Surroundings};
use crate::judge::Judge;
use crate::log::Record;
use crate::message::Message;
use crate::outbox::Outbox;
use crate::output::{Body, Input, Output, Timeout, TimeoutKind};
use crate::params::Params;
use crate::pending::Pending;
use crate::signer::Signer;

/// How many peers' heights are remembered.
const PEERS_MAX: usize = 256;
/// How many blocks of the last height a peer is served until the next one begins.
const BLOCKS_PER_PEER: u32 = 64;
/// For how many decided heights signatures that come late are compared.
const PAST_HEIGHTS: usize = 16;

/// A validator's, or an observer's, part in deciding blocks.
pub struct Replica {
    chain: ChainId,
    own: PublicKey,
    signer: Box<dyn Signer>,
    params: Params,
    out: Outbox,
    /// The last height that is decided.
    decided: Height,
    /// The height after it, once begun.
    current: Option<HeightState>,
    /// Messages for the height after the current one, or for the next one while none is begun.
    pending: Pending,
    announced: bool,
    /// What the last height was decided with, for peers that missed it.
    last: Option<(CommitCertificate, Body)>,
    served: BTreeMap<PublicKey, u32>,
    /// What was signed at the last heights, oldest first: signatures that come late are compared with it.
    past: VecDeque<Judge>,
    /// Where peers are that are ahead of us.
    ahead: BTreeMap<PublicKey, Height>,
    halted: bool,
}

impl Replica {
    /// A replica that has the chain up to `decided`, genesis included, and votes with the key of
    /// `signer` wherever that key is a validator's.
    pub fn new(chain: ChainId, signer: Box<dyn Signer>, params: Params, decided: Height) -> Self {
        Self {
            chain,
            own: signer.public_key(),
            signer,
            params,
            out: Outbox::default(),
            decided,
            current: None,
            pending: Pending::default(),
            announced: false,
            last: None,
            served: BTreeMap::new(),
            past: VecDeque::new(),
            ahead: BTreeMap::new(),
            halted: false,
        }
    }

    /// The voting key of this replica.
    pub fn public_key(&self) -> PublicKey {
        self.own
    }

    /// The last decided height.
    pub fn decided(&self) -> Height {
        self.decided
    }

    /// The height being decided, if one is begun.
    pub fn current(&self) -> Option<Height> {
        self.current.as_ref().map(HeightState::height)
    }

    /// Whether signatures about a decided height are still compared.
    pub fn remembers(&self, height: Height) -> bool {
        self.past.iter().any(|judge| judge.height() == height)
    }

    /// Whether a peer has begun the next height while we have not: then it must be started, even
    /// without transactions.
    pub fn wants_start(&self) -> bool {
        self.current.is_none() && !self.pending.is_empty()
    }

    /// Takes one input and tells what to do about it, in order.
    pub fn handle(&mut self, input: Input) -> Vec<Output> {
        if !self.halted {
            self.dispatch(input);
            self.settle();
        }
        self.out.take()
    }

    fn dispatch(&mut self, input: Input) {
        match input {
            Input::StartHeight { height, validators, recovered } => self.start(height, validators, recovered),
            Input::Message { from, message } => self.message(from, message),
            Input::TimeoutElapsed(timeout) => self.timeout(timeout),
            Input::Built { height, round, block_id, body } => {
                self.at(height, |state, s| state.built(round, block_id, body, s));
            }
            Input::Checked { height, block_id, origin, verdict } => {
                self.at(height, |state, s| state.checked(block_id, origin, verdict, s));
            }
            Input::Certified { from, certificate, body } => {
                self.at(certificate.height, |state, s| state.certified(from, certificate, body, s));
            }
        }
    }

    fn start(&mut self, height: Height, validators: ValidatorSet, recovered: Vec<Record>) {
        if self.current.is_some() || height != self.decided.next() {
            let last = self.current().unwrap_or(self.decided);
            self.halt(HaltReason::OutOfOrder { requested: height, last });
            return;
        }
        if self.is_decided_elsewhere(height, &validators) {
            self.out.mute();
        }
        let mut s = Surroundings {
            chain: &self.chain,
            own: self.own,
            signer: &*self.signer,
            params: &self.params,
            out: &mut self.out,
        };
        self.current = Some(HeightState::begin(height, validators, recovered, &mut s));
        self.settle();
        for (from, message) in self.pending.take() {
            self.message(from, message);
            self.settle();
        }
    }

    /// Works on the current height, if it is that one.
    fn at(&mut self, height: Height, work: impl FnOnce(&mut HeightState, &mut Surroundings<'_>)) {
        if let Some(state) = self.current.as_mut().filter(|state| state.height() == height) {
            let mut s = Surroundings {
                chain: &self.chain,
                own: self.own,
                signer: &*self.signer,
                params: &self.params,
                out: &mut self.out,
            };
            work(state, &mut s);
        }
    }

    fn message(&mut self, from: PublicKey, message: Message) {
        let height = message.height();
        if height <= self.decided {
            self.hear_late(&message);
            self.answer_behind(from, height, message);
        } else if self.current() == Some(height) {
            if self.note_here(from, height, &message) {
                self.out.push(Output::BeginAgain { height });
            } else {
                self.at(height, |state, s| state.message(from, message, s));
            }
        } else {
            self.note_ahead(from, height, message);
        }
    }

    /// A message about a height that is decided here tells nothing about blocks any more, but perhaps that somebody has
    /// signed twice.
    fn hear_late(&mut self, message: &Message) {
        if let Some(judge) = self.past.iter_mut().find(|judge| judge.height() == message.height()) {
            judge.hear(message);
            let evidence = judge.take_evidence();
            self.accuse(evidence);
        }
    }

    fn accuse(&mut self, evidence: Vec<Evidence>) {
        evidence.into_iter().for_each(|one| self.out.push(Output::Evidence(one)));
    }

    /// A message about a height that is decided here. Whoever repeats its votes, or asks for a
    /// block, is stuck there.
    fn answer_behind(&mut self, from: PublicKey, height: Height, message: Message) {
        let last = self.last.as_ref().filter(|(certificate, _)| certificate.height == height);
        match (message, last) {
            (Message::VoteAgain(_), Some((certificate, _))) => {
                let message = Message::Commit(certificate.clone());
                self.out.send_one(from, message);
            }
            (Message::WantBlock { round, block_id, .. }, Some((certificate, body)))
                if certificate.block_id == block_id =>
            {
                let message = Message::Block { height, round, block_id, body: body.clone() };
                let served = self.served.entry(from).or_default();
                if *served < BLOCKS_PER_PEER {
                    *served = served.saturating_add(1);
                    self.out.send_one(from, message);
                }
            }
            (Message::VoteAgain(_) | Message::WantBlock { .. }, None) => {
                self.out.push(Output::PeerBehind { peer: from, height });
            }
            _ => {}
        }
    }

    /// A message about a height that is not begun here.
    fn note_ahead(&mut self, from: PublicKey, height: Height, message: Message) {
        let rises = self.ahead.get(&from).is_none_or(|known| *known < height);
        if rises && (self.ahead.len() < PEERS_MAX || self.ahead.contains_key(&from)) {
            self.ahead.insert(from, height);
            if let Some(state) = &self.current
                && self.is_decided_elsewhere(state.height(), state.validators())
            {
                self.out.mute();
            }
        }
        let next = self.current().unwrap_or(self.decided).next();
        if height > next {
            if rises {
                self.out.push(Output::Behind { height, from });
            }
        } else if self.pending.add(from, message) && self.current.is_none() && !self.announced {
            self.announced = true;
            self.out.push(Output::NextHeightBegun { height });
        }
    }

    /// A message about the current height. Whoever repeats its own vote is stuck here, whatever it said of a later height
    /// before: an honest validator never goes back. Tells whether too few are left of those for whose sake nothing new is signed
    /// here. Then the height is begun anew with what is on record, as after a crash: the core has counted signatures of ours
    /// that nobody got.
    fn note_here(&mut self, from: PublicKey, height: Height, message: &Message) -> bool {
        matches!(message, Message::VoteAgain(again) if again.vote.voter == from)
            && self.ahead.remove(&from).is_some()
            && self.out.is_muted()
            && self
                .current
                .as_ref()
                .is_some_and(|state| !self.is_decided_elsewhere(height, state.validators()))
    }

    /// Whether more than a third of the validators, so that an honest one is among them, have begun a height after this one.
    /// Then it is decided, and our vote there is of no use to anybody.
    fn is_decided_elsewhere(&self, height: Height, validators: &ValidatorSet) -> bool {
        let beyond = |key: &PublicKey| self.ahead.get(key).is_some_and(|theirs| *theirs > height);
        let further = validators.iter().filter(|validator| beyond(&validator.public_key)).count();
        further.saturating_mul(3) > validators.len()
    }

    fn timeout(&mut self, timeout: Timeout) {
        self.at(timeout.height, |state, s| state.timeout(timeout, s));
        // Nothing has happened here for a while, but there has elsewhere.
        if timeout.kind == TimeoutKind::Rebroadcast && self.current() == Some(timeout.height) {
            let ahead = self.ahead.iter().filter(|(_, height)| **height > timeout.height);
            for (from, height) in ahead {
                self.out.push(Output::Behind { height: *height, from: *from });
            }
        }
    }

    /// Draws the consequences of a decision.
    fn settle(&mut self) {
        let Some(state) = self.current.as_mut() else { return };
        let (evidence, progress) = (state.take_evidence(), state.take_progress());
        self.accuse(evidence);
        match progress {
            Progress::Open => {}
            Progress::Halted(reason) => self.halt(reason),
            Progress::Decided(decision) => self.commit(decision),
        }
    }

    fn commit(&mut self, decision: Decision) {
        if let Some(state) = self.current.take() {
            self.past.push_back(state.end(&mut self.out));
            if self.past.len() > PAST_HEIGHTS {
                self.past.pop_front();
            }
        }
        let Decision { certificate, body } = decision;
        self.decided = certificate.height;
        self.last = Some((certificate.clone(), body.clone()));
        self.served.clear();
        self.ahead.retain(|_, height| *height > certificate.height);
        self.out.speak(Output::Commit { certificate, body });
        self.out.height_ended();
        self.announced = self.wants_start();
        if self.announced {
            self.out.push(Output::NextHeightBegun { height: self.decided.next() });
        }
    }

    fn halt(&mut self, reason: HaltReason) {
        self.halted = true;
        if let Some(state) = self.current.take() {
            state.end(&mut self.out);
        }
        tracing::error!(%reason, "the replica stops");
        self.out.push(Output::Halt { reason });
    }
}
