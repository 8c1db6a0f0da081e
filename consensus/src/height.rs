//! One height under way: the core, the blocks, the timers, and what leads to a commit.

use std::collections::{BTreeMap, BTreeSet};

use ledger::block;
use ledger::certificate::CommitCertificate;
use ledger::crypto::PublicKey;
use ledger::id::{ChainId, Height};
use ledger::validators::ValidatorSet;

use crate::blocks::Blocks;
use crate::engine::{Engine, EngineError, Event};
use crate::error::HaltReason;
use crate::judge::Judge;
use crate::log::Record;
use crate::message::{BODY_BYTES_MAX, Message, SignedProposal, SignedVote};
use crate::outbox::Outbox;
use crate::output::{Body, Output, Timeout, TimeoutKind};
use crate::params::Params;
use crate::signer::Signer;
use ledger::evidence::Evidence;

mod bodies;
mod catchup;

/// How a height stands after an input.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Not decided.
    Open,
    /// Decided.
    Decided(Decision),
    /// It would be unsafe to go on.
    Halted(HaltReason),
}

/// What a height ended with.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    pub(crate) certificate: CommitCertificate,
    pub(crate) body: Body,
}

/// What a height needs from the replica for one input.
pub(crate) struct Surroundings<'a> {
    pub(crate) chain: &'a ChainId,
    pub(crate) own: PublicKey,
    pub(crate) signer: &'a dyn Signer,
    pub(crate) params: &'a Params,
    pub(crate) out: &'a mut Outbox,
}

/// A height that is begun and not yet decided.
pub(crate) struct HeightState {
    height: Height,
    engine: Engine,
    blocks: Blocks,
    timers: BTreeSet<Timeout>,
    /// The round we were asked to build a block for, until it is built.
    build: Option<u32>,
    /// A verified certificate whose block is not here or not checked yet.
    certified: Option<CommitCertificate>,
    served: BTreeMap<PublicKey, u32>,
    replay: Option<Replay>,
    progress: Progress,
}

/// While the log is replayed nothing is said; this is what is kept for afterwards.
#[derive(Default)]
struct Replay {
    recorded: Vec<Record>,
    said: Vec<Message>,
}

impl HeightState {
    /// Begins a height, going through what an earlier run recorded about it.
    pub(crate) fn begin(
        height: Height,
        validators: ValidatorSet,
        recovered: Vec<Record>,
        s: &mut Surroundings<'_>,
    ) -> Self {
        let engine = Engine::new(s.chain.clone(), s.own, height, validators);
        let mut this = Self {
            height,
            engine,
            blocks: Blocks::default(),
            timers: BTreeSet::new(),
            build: None,
            certified: None,
            served: BTreeMap::new(),
            replay: None,
            progress: Progress::Open,
        };
        if recovered.is_empty() {
            let events = this.engine.start(s.signer);
            this.carry_out(events, s);
        } else {
            this.recover(recovered, s);
        }
        this
    }

    pub(crate) fn height(&self) -> Height {
        self.height
    }

    /// How the height stands; a decision or halt is handed out once.
    pub(crate) fn take_progress(&mut self) -> Progress {
        std::mem::replace(&mut self.progress, Progress::Open)
    }

    /// Who votes at this height.
    pub(crate) fn validators(&self) -> &ValidatorSet {
        self.engine.validators()
    }

    /// Double signings proven since this was last asked.
    pub(crate) fn take_evidence(&mut self) -> Vec<Evidence> {
        self.engine.take_evidence()
    }

    /// Drops all timers. What stays still compares signatures that come late.
    pub(crate) fn end(self, out: &mut Outbox) -> Judge {
        self.timers.into_iter().for_each(|timer| out.push(Output::Cancel(timer)));
        self.engine.into_judge()
    }

    /// Brings the core to where the log left it. Nothing is said meanwhile; then the votes and
    /// proposals of the current round are sent again, and timers and requests are made good for.
    fn recover(&mut self, records: Vec<Record>, s: &mut Surroundings<'_>) {
        let own: Vec<Record> =
            records.iter().filter(|record| record.signer() == Some(s.own)).cloned().collect();
        s.out.recover(&own);
        self.replay = Some(Replay { recorded: own, said: Vec::new() });
        let events = self.engine.start(s.signer);
        self.carry_out(events, s);
        self.engine.begin_replay(&records);
        for record in records {
            if let Record::Body { block_id, body } = &record {
                self.blocks.add_valid(*block_id, 0, None, body.clone());
            }
            if let Record::Timeout { round, kind } = &record {
                self.timers.remove(&Timeout { height: self.height, round: *round, kind: *kind });
            }
            let events = self.engine.replay(&record, s.signer);
            self.carry_out(events, s);
            if matches!(self.progress, Progress::Halted(_)) {
                return;
            }
        }
        self.engine.end_replay();
        let Some(replay) = self.replay.take() else { return };
        let now = self.engine.round();
        // The core proposes only when a block is built, which is not replayed.
        let proposals = replay.recorded.into_iter().filter_map(|record| match record {
            Record::Proposal(signed) => Some(Message::Proposal(signed)),
            _ => None,
        });
        let unsaid: Vec<Message> = proposals.filter(|proposal| !replay.said.contains(proposal)).collect();
        let to_say = unsaid.into_iter().chain(replay.said).filter(|message| message.round() == now);
        to_say.for_each(|message| self.publish(message, s));
        self.timers.iter().for_each(|timer| s.out.push(schedule(*timer, s.params)));
        match self.build {
            Some(round) if round == now && self.engine.awaits_proposal() => self.ask_to_build(round, s),
            _ => self.build = None,
        }
        self.fetch_later(s);
    }

    pub(crate) fn message(&mut self, from: PublicKey, message: Message, s: &mut Surroundings<'_>) {
        match &message {
            Message::Proposal(signed) => self.proposal(signed, s),
            Message::Vote(vote) | Message::VoteAgain(vote) => self.vote(vote, s),
            Message::Block { round, block_id, body, .. } => {
                self.body(from, *round, *block_id, body.clone(), s)
            }
            Message::WantBlock { round, block_id, .. } => self.serve(from, *round, *block_id, s),
            Message::Polka(certificate) => {
                let events = self.engine.polka(certificate, s.signer);
                self.carry_out(events, s);
                self.look_for_missing(s);
            }
            Message::Round(certificate) => {
                let events = self.engine.round_certificate(certificate, s.signer);
                self.carry_out(events, s);
                certificate.votes().for_each(|vote| self.decide_on_precommits(&vote, s));
                self.look_for_missing(s);
            }
            Message::Commit(certificate) => self.foreign_certificate(certificate.clone(), Some(from), s),
        }
        self.engine.hear(&message);
    }

    pub(crate) fn timeout(&mut self, timeout: Timeout, s: &mut Surroundings<'_>) {
        if !self.timers.remove(&timeout) {
            return;
        }
        if timeout.kind == TimeoutKind::Fetch {
            self.fetch(s);
        } else {
            let events = self.engine.timeout(timeout.round, timeout.kind, s.signer);
            self.carry_out(events, s);
        }
    }

    pub(crate) fn built(&mut self, round: u32, block_id: block::Id, body: Body, s: &mut Surroundings<'_>) {
        if body.len() > BODY_BYTES_MAX {
            tracing::warn!(height = %self.height, round, bytes = body.len(), "a built block is too large");
            return;
        }
        // While it was built, others may have gone on without it: after a restart that is likely.
        if self.build != Some(round) || self.engine.round() != round || !self.engine.awaits_proposal() {
            tracing::debug!(height = %self.height, round, "a built block comes too late");
            return;
        }
        self.build = None;
        self.blocks.add_valid(block_id, round, Some(s.own), body.clone());
        s.out.persist(Record::Body { block_id, body }, &s.own);
        let events = self.engine.propose(round, block_id, s.signer);
        self.carry_out(events, s);
    }

    fn proposal(&mut self, signed: &SignedProposal, s: &mut Surroundings<'_>) {
        // The core verifies before it looks whether it has the proposal already.
        if !self.blocks.holds_proposal(signed) {
            let events = self.engine.proposal(signed, s.signer);
            self.carry_out(events, s);
        }
    }

    fn vote(&mut self, vote: &SignedVote, s: &mut Surroundings<'_>) {
        let events = self.engine.vote(vote, s.signer);
        self.carry_out(events, s);
        self.decide_on_precommits(vote, s);
        self.look_for_missing(s);
    }

    /// Carries out what the core wants done.
    fn carry_out(&mut self, events: Result<Vec<Event>, EngineError>, s: &mut Surroundings<'_>) {
        match events {
            Ok(events) => events.into_iter().for_each(|event| self.event(event, s)),
            Err(EngineError::ReplayDiverged(detail)) => {
                self.progress = Progress::Halted(HaltReason::ReplayDiverged { height: self.height, detail });
            }
            Err(EngineError::Signing(failed)) => {
                self.progress =
                    Progress::Halted(HaltReason::CannotSign { height: self.height, detail: failed.0 });
            }
            Err(EngineError::Other(detail)) => {
                tracing::error!(height = %self.height, detail, "the consensus core refused an input");
            }
        }
    }

    fn event(&mut self, event: Event, s: &mut Surroundings<'_>) {
        match event {
            Event::Persist(record) => self.persist(record, s),
            Event::Publish(message) => self.publish(message, s),
            Event::Restream { round, block_id } => self.restream(round, block_id, s),
            Event::Schedule(timeout) => self.schedule(timeout, s),
            Event::Cancel(timeout) => self.cancel(timeout, s),
            Event::CancelAll => {
                let timers: Vec<Timeout> = self.timers.iter().copied().collect();
                let of_core = timers.into_iter().filter(|timer| timer.kind != TimeoutKind::Fetch);
                of_core.for_each(|timer| self.cancel(timer, s));
            }
            Event::RoundStarted { round, proposer } => self.round_started(round, proposer, s),
            Event::WantValue { round } => {
                self.build = Some(round);
                if self.replay.is_none() {
                    self.ask_to_build(round, s);
                }
            }
            Event::Decided { certificate } => self.decided(certificate, s),
        }
    }

    fn persist(&mut self, record: Record, s: &mut Surroundings<'_>) {
        let proposal = match &record {
            Record::Proposal(signed) => Some(signed.clone()),
            _ => None,
        };
        // In replay everything is in the log already, except a message of ours that the crash
        // kept from it and that is signed anew.
        let new = match &self.replay {
            Some(replay) => record.signer() == Some(s.own) && !replay.recorded.contains(&record),
            None => true,
        };
        if new {
            s.out.persist(record, &s.own);
        }
        // Only a proposal that the core accepts is recorded; this is where we learn of it.
        if let Some(signed) = proposal {
            let block_id = signed.proposal.block_id;
            self.blocks.add_proposal(&signed);
            self.check_early(block_id, s);
            self.fetch_later(s);
        }
    }

    fn publish(&mut self, message: Message, s: &mut Surroundings<'_>) {
        if let Some(replay) = &mut self.replay {
            replay.said.push(message);
            return;
        }
        let own_block = match &message {
            Message::Proposal(signed)
                if signed.proposal.proposer == s.own && signed.proposal.valid_round.is_none() =>
            {
                Some((signed.proposal.round, signed.proposal.block_id))
            }
            _ => None,
        };
        s.out.send_all(message);
        // The proposal goes first: it is small, and with it the others know what they receive.
        if let Some((round, block_id)) = own_block {
            self.restream(round, block_id, s);
        }
    }

    fn restream(&mut self, round: u32, block_id: block::Id, s: &mut Surroundings<'_>) {
        if let Some(body) = self.blocks.valid(&block_id) {
            let message = Message::Block { height: self.height, round, block_id, body };
            match &mut self.replay {
                Some(replay) => replay.said.push(message),
                None => s.out.send_all(message),
            }
        }
    }

    fn round_started(&mut self, round: u32, proposer: PublicKey, s: &mut Surroundings<'_>) {
        let mut keep: BTreeSet<block::Id> = self.engine.polkas().into_iter().map(|(_, id)| id).collect();
        keep.extend(self.engine.valid_block());
        keep.extend(self.certified.as_ref().map(|certificate| certificate.block_id));
        self.blocks.enter_round(round, &keep);
        self.build = None;
        if self.replay.is_none() {
            s.out.push(Output::RoundStarted { height: self.height, round, proposer });
        }
    }

    fn ask_to_build(&self, round: u32, s: &mut Surroundings<'_>) {
        let timeout = Timeout { height: self.height, round, kind: TimeoutKind::Propose };
        s.out.push(Output::Build { height: self.height, round, deadline: s.params.duration(&timeout) });
    }

    fn schedule(&mut self, timeout: Timeout, s: &mut Surroundings<'_>) {
        self.timers.insert(timeout);
        if self.replay.is_none() {
            s.out.push(schedule(timeout, s.params));
        }
    }

    fn cancel(&mut self, timeout: Timeout, s: &mut Surroundings<'_>) {
        if self.timers.remove(&timeout) && self.replay.is_none() {
            s.out.push(Output::Cancel(timeout));
        }
    }
}

fn schedule(timeout: Timeout, params: &Params) -> Output {
    Output::Schedule { timeout, duration: params.duration(&timeout) }
}
