//! What must hold in every run, whatever happens: judged from what honest nodes say and store.

mod speech;

use std::collections::{BTreeMap, BTreeSet};

use consensus::message::SignedVote;
use consensus::{Evidence, Message};
use ledger::block;
use ledger::certificate::VoteType;
use ledger::crypto::PublicKey;
use ledger::event::Event;
use ledger::governance::DoubleSigning;
use ledger::hash::{ValidatorSetHash, sha256};
use ledger::id::{ChainId, DoubleSigningId, Height};
use ledger::state::decode_value;
use ledger::state::keys::all_double_signings;
use ledger::transaction;
use ledger::validators::ValidatorSet;

use super::host::{Commit, REPORT_AGAIN};
use super::store::Store;
use crate::chain::State;
use speech::{Set, Speech};

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The rule.
    pub rule: &'static str,
    /// When, in virtual ms.
    pub at_ms: u64,
    /// What was seen.
    pub detail: String,
}

/// What the network has agreed on at a height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Agreed {
    id: block::Id,
    state_root: [u8; 32],
    log_root: [u8; 32],
    validators: ValidatorSetHash,
}

/// A question that an honest validator answers once: voter, height, round, and step (0 propose, 1 prevote, 2 precommit).
type Question = (PublicKey, u64, u32, u8);

/// The checker.
pub struct Checker {
    chain: ChainId,
    adversaries: BTreeSet<PublicKey>,
    agreed: Vec<Agreed>,
    recorded: BTreeMap<transaction::Id, u64>,
    speech: Speech,
    /// Certificates that were found good, by their hash.
    certificates: BTreeSet<[u8; 32]>,
    /// How high each node's durable ledger was.
    durable: BTreeMap<usize, Height>,
    /// What adversaries told each node first, since its process began.
    heard: BTreeMap<usize, BTreeMap<Question, Option<SignedVote>>>,
    /// What each honest node has proven.
    proven: BTreeMap<usize, BTreeSet<DoubleSigningId>>,
    /// What of it is on the node's disk, or was until it was settled.
    kept: BTreeMap<usize, BTreeMap<DoubleSigningId, Evidence>>,
    evidence: u64,
    failure: Option<Failure>,
}

impl Checker {
    /// A checker that knows whose keys adversaries hold.
    #[must_use]
    pub fn new(chain: ChainId, adversaries: BTreeSet<PublicKey>) -> Self {
        Self {
            chain,
            adversaries,
            agreed: Vec::new(),
            recorded: BTreeMap::new(),
            speech: Speech::default(),
            certificates: BTreeSet::new(),
            durable: BTreeMap::new(),
            heard: BTreeMap::new(),
            evidence: 0,
            proven: BTreeMap::new(),
            kept: BTreeMap::new(),
            failure: None,
        }
    }

    /// The first rule that does not hold, if any.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Proofs of double signing that honest nodes have collected.
    #[must_use]
    pub const fn evidence(&self) -> u64 {
        self.evidence
    }

    /// The height of the highest block that an honest node has.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.agreed.len() as u64
    }

    /// The height at which a transaction is recorded.
    #[must_use]
    pub fn recorded(&self, id: &transaction::Id) -> Option<u64> {
        self.recorded.get(id).copied()
    }

    /// Notes that a rule does not hold; the first one counts.
    pub fn fail(&mut self, at_ms: u64, rule: &'static str, detail: impl Into<String>) {
        if self.failure.is_none() {
            self.failure = Some(Failure { rule, at_ms, detail: detail.into() });
        }
    }

    /// An honest node has made a block durable. Tells whether it is the first one to have it.
    pub fn committed(&mut self, now: u64, node: usize, commit: &Commit) -> bool {
        let height = commit.certificate.height;
        let header = &commit.executed.header;
        let found = Agreed {
            id: commit.executed.id,
            state_root: commit.executed.map_update.root,
            log_root: commit.log_root,
            validators: commit.validators.hash(),
        };
        if commit.certificate.block_id != found.id || header.validators != found.validators {
            self.fail(
                now,
                "a certificate is about the block it comes with",
                format!("node {node}, height {height}"),
            );
        }
        self.check_certificate(now, node, commit);
        let before = self.durable.insert(node, height).unwrap_or(Height::GENESIS);
        if before.next() != height {
            self.fail(now, "blocks are stored in order", format!("node {node}: {height} after {before}"));
        }
        match self.agreed.get(height.get() as usize - 1) {
            Some(agreed) if *agreed != found => {
                let detail = format!("height {height}: node {node} has {found:?}, another {agreed:?}");
                self.fail(now, "one block per height, with the same roots", detail);
                false
            }
            Some(_) => false,
            None => {
                self.agree(now, height, found, commit);
                true
            }
        }
    }

    fn agree(&mut self, now: u64, height: Height, found: Agreed, commit: &Commit) {
        if height.get() != self.height() + 1 {
            let detail = format!("height {height} after {}", self.height());
            self.fail(now, "blocks are decided in order", detail);
        }
        self.agreed.push(found);
        for recorded in &commit.executed.events {
            if let Event::DoubleSigningRecorded { accused, .. } = &recorded.event
                && !self.adversaries.contains(accused)
            {
                let detail = format!("the ledger accuses {accused} at height {height}");
                self.fail(now, "honest nodes are never accused", detail);
            }
        }
        for (id, _) in &commit.executed.transactions {
            if let Some(before) = self.recorded.insert(*id, height.get()) {
                self.fail(now, "no transaction twice", format!("{id} at {before} and {height}"));
            }
        }
    }

    fn check_certificate(&mut self, now: u64, node: usize, commit: &Commit) {
        let certificate = &commit.certificate;
        if self.certificates.insert(sha256(&certificate.encode()))
            && let Err(error) = certificate.verify(&self.chain, &commit.validators)
        {
            let detail = format!("node {node}, height {}: {error}", certificate.height);
            self.fail(now, "every certificate verifies with its height's validators", detail);
        }
        if let Err((rule, detail)) = self.speech.decided(certificate, self.set(&commit.validators)) {
            self.fail(now, rule, format!("node {node}: {detail}"));
        }
    }

    /// Evidence of an honest node is against adversaries only, and holds.
    pub fn accused(&mut self, now: u64, node: usize, evidence: &Evidence, kept: bool) {
        let accused = evidence.accused();
        self.evidence += 1;
        if !self.adversaries.contains(&accused) {
            let detail = format!("node {node} accuses {accused} at height {}", evidence.height());
            self.fail(now, "honest nodes are never accused", detail);
        }
        if let Err(error) = evidence.verify(&self.chain, &accused) {
            self.fail(now, "evidence verifies", format!("node {node} against {accused}: {error}"));
        }
        self.proven.entry(node).or_default().insert(evidence.id());
        if kept {
            self.kept.entry(node).or_default().insert(evidence.id(), evidence.clone());
        }
    }

    /// An adversary's vote has reached an honest node that is deciding this height or has decided it lately. Whoever has
    /// contradicted himself before this node's eyes by now is proven to.
    pub fn heard(&mut self, now: u64, node: usize, signed: &SignedVote) {
        let vote = &signed.vote;
        if !self.adversaries.contains(&vote.voter) || !signed.is_authentic(&self.chain) {
            return;
        }
        let step = if vote.vote_type == VoteType::Prevote { 1 } else { 2 };
        let question = (vote.voter, vote.height.get(), vote.round, step);
        let heard = self.heard.entry(node).or_default().entry(question).or_default();
        let first = heard.get_or_insert_with(|| signed.clone()).clone();
        let contradicts = first.vote.block_id != vote.block_id;
        let id = Evidence::votes(first, signed.clone()).id();
        if contradicts && !self.proven.get(&node).is_some_and(|proven| proven.contains(&id)) {
            let (height, round) = (vote.height, vote.round);
            let detail = format!(
                "node {node} heard {} contradict itself at {height}/{round}, step {step}",
                vote.voter
            );
            self.fail(now, "double signing that is seen yields evidence", detail);
        }
    }

    /// A double signing up to this height that an honest node has proven, kept, and that is not on its ledger, nor another
    /// of the same validator and kind a few heights from it.
    #[must_use]
    pub fn unreported(&self, node: usize, state: &State, until: u64) -> Option<DoubleSigningId> {
        let recorded = recorded_double_signings(state);
        let is_covered = |kept: &Evidence| {
            recorded.iter().any(|one| {
                (one.accused(), one.kind()) == (kept.accused(), kept.kind())
                    && one.height().get().abs_diff(kept.height().get()) < REPORT_AGAIN
            })
        };
        let mut kept = self.kept.get(&node)?.iter().filter(|(_, kept)| kept.height().get() <= until);
        kept.find(|(_, kept)| !is_covered(kept)).map(|(id, _)| *id)
    }

    /// A node has forgotten what it had heard.
    pub fn crashed(&mut self, node: usize) {
        self.heard.remove(&node);
    }

    /// An honest node stands up with this ledger: nothing that it had may be missing.
    pub fn stands_up(&mut self, now: u64, node: usize, store: &Store) {
        let height = store.tip().height;
        let before = self.durable.get(&node).copied().unwrap_or(Height::GENESIS);
        if height < before {
            let detail = format!("node {node} had height {before} and has {height}");
            self.fail(now, "nothing acknowledged is lost", detail);
        }
        self.durable.insert(node, height);
    }

    /// At the end: every acknowledged transaction is on every honest node's ledger, whose blocks are those agreed on.
    pub fn final_ledger(&mut self, now: u64, node: usize, store: &Store, acknowledged: &[transaction::Id]) {
        for (agreed, stored) in self.agreed.clone().iter().zip(store.blocks()) {
            let found = (stored.tip.id, stored.state_root, stored.log_root);
            if found != (agreed.id, agreed.state_root, agreed.log_root) {
                let detail = format!("node {node}, height {}", stored.tip.height);
                self.fail(now, "one block per height, with the same roots", detail);
            }
        }
        if let Some(lost) = acknowledged.iter().find(|id| !store.holds(id)) {
            self.fail(now, "nothing acknowledged is lost", format!("node {node} lacks {lost}"));
        }
    }

    /// A vote of its own that an honest node hands to its log: it counts on that, though it may never be said.
    pub fn counted_on(&mut self, signed: &SignedVote) {
        self.speech.voted(signed);
    }

    /// What an honest node says in its own name.
    pub fn said(&mut self, now: u64, message: &Message, validators: &ValidatorSet) {
        if let Err((rule, detail)) = self.speech.said(message, self.set(validators)) {
            self.fail(now, rule, detail);
        }
    }

    fn set(&self, validators: &ValidatorSet) -> Set {
        let adversaries = validators.iter().filter(|v| self.adversaries.contains(&v.public_key)).count();
        Set { size: validators.len(), quorum: validators.quorum(), adversaries }
    }
}

fn recorded_double_signings(state: &State) -> Vec<Evidence> {
    let (from, before) = all_double_signings();
    let records = state.rows(&from, &before).map(|(key, value)| decode_value::<DoubleSigning>(key, value));
    records.filter_map(|record| Some(record.ok()?.evidence)).collect()
}
