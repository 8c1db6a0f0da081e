//! Drives the BFT core through one height.
//!
//! The core is a coroutine: it takes an input, yields effects and wants each answered. Here the
//! effects that need an answer (sign, verify) are answered on the spot, and the others become
//! [`Event`]s for the replica. A fresh core is made for every height, so that nothing is left over.
//!
//! Of the core's facilities these are not used: its sync path (a verified commit certificate decides
//! a height without help from the round state machine, see [`crate::Replica`]), its queue for later
//! heights (ours is bounded per sender), vote extensions, and `target_time` (it reads the clock).

use arc_malachitebft_core_consensus as core_consensus;
use arc_malachitebft_core_types as core_types;
use core_consensus::{
    Effect, Error, Input, LivenessMsg, LocallyProposedValue, Params, Resumable, Resume, SignedConsensusMsg,
    State,
};
use core_types::{
    CertificateError, Round, SignedMessage, Threshold, ThresholdParams, ValueOrigin, ValuePayload,
    VoteExtensionPolicy,
};
use ledger::block;
use ledger::certificate::CommitCertificate;
use ledger::crypto::{PublicKey, Signature};
use ledger::id::{ChainId, Height};
use ledger::validators::ValidatorSet;

use crate::context::{
    self, Address, Context, CoreProposal, CoreVote, Validators, Value, from_core_proposal, from_core_vote,
    round_number, to_core_proposal, to_core_vote,
};
use crate::convert::{
    commit_certificate, core_polka, core_round_certificate, core_timeout, polka_certificate, proposed_value,
    record_of, round_certificate, timeout_kind,
};
use crate::judge::Judge;
use crate::log::Record;
use crate::message::{
    Message, PolkaCertificate, Proposal, RoundCertificate, SignedProposal, SignedVote, Vote,
};
use crate::output::{Timeout, TimeoutKind};
use crate::signer::{Signer, SigningFailed};
use ledger::evidence::Evidence;

/// What the core wants done, in order.
#[derive(Debug)]
pub(crate) enum Event {
    /// Remember this before anything after it is said.
    Persist(Record),
    /// Send to all.
    Publish(Message),
    /// Send the bytes of this block to all.
    Restream {
        round: u32,
        block_id: block::Id,
    },
    Schedule(Timeout),
    Cancel(Timeout),
    CancelAll,
    RoundStarted {
        round: u32,
        proposer: PublicKey,
    },
    WantValue {
        round: u32,
    },
    Decided {
        certificate: CommitCertificate,
    },
}

/// Why feeding the core failed.
#[derive(Debug)]
pub(crate) enum EngineError {
    /// Replay led to another message than the recorded one.
    ReplayDiverged(String),
    /// Our key did not sign; the message is lost, and with it what the core was told of it.
    Signing(SigningFailed),
    /// Anything else; the input is lost, the core lives on.
    Other(String),
}

/// The core at one height.
pub(crate) struct Engine {
    state: State<Context>,
    height: Height,
    validators: Validators,
    judge: Judge,
}

impl Engine {
    pub(crate) fn new(chain: ChainId, own: PublicKey, height: Height, validators: ValidatorSet) -> Self {
        let validators = Validators::new(validators);
        let params = Params {
            address: Address(own),
            threshold_params: ThresholdParams::default(),
            // With `ProposalOnly` the core would take every proposal as valid, unasked.
            value_payload: ValuePayload::ProposalAndParts,
            enabled: true,
        };
        // The queue for later heights is never used: such inputs are not fed.
        let state = State::new(Context, context::Height(height), validators.clone(), params, 1, 1);
        let judge = Judge::new(chain, height, validators.clone());
        Self { state, height, validators, judge }
    }

    pub(crate) fn validators(&self) -> &ValidatorSet {
        self.validators.set()
    }

    pub(crate) fn round(&self) -> u32 {
        round_number(self.state.round())
    }

    /// Whether the round still waits for its proposal.
    pub(crate) fn awaits_proposal(&self) -> bool {
        self.state.driver.step_is_propose()
    }

    /// The block this node will propose again when its turn comes, if two thirds prevoted it.
    pub(crate) fn valid_block(&self) -> Option<block::Id> {
        self.state.driver.valid_value().map(|valid| valid.value.0)
    }

    /// Round and block of every polka certificate held.
    pub(crate) fn polkas(&self) -> Vec<(u32, block::Id)> {
        let certificates = self.state.driver.polka_certificates();
        certificates.iter().map(|polka| (round_number(polka.round), polka.value_id.0)).collect()
    }

    /// The commit certificate made of the precommits received, if they are a quorum. The core does
    /// not decide on them while it lacks the proposal or holds the block for invalid.
    pub(crate) fn commit_certificate(&self, round: u32, block_id: block::Id) -> Option<CommitCertificate> {
        let (round, value) = (Round::new(round), Value(block_id));
        let votes = self.state.driver.votes();
        if !votes.is_threshold_met(&round, core_types::VoteType::Precommit, Threshold::Value(value)) {
            return None;
        }
        let precommits = self.state.restore_precommits(context::Height(self.height), round, &value);
        let certificate =
            core_types::CommitCertificate::new(context::Height(self.height), round, value, precommits);
        Some(commit_certificate(&certificate))
    }

    /// Begins the height at round 0.
    pub(crate) fn start(&mut self, signer: &dyn Signer) -> Result<Vec<Event>, EngineError> {
        // As a restart the core would forget inputs and could contradict the log.
        let is_restart = false;
        let policy = VoteExtensionPolicy::Disabled;
        let height = context::Height(self.height);
        self.feed(Input::StartHeight(height, self.validators.clone(), is_restart, None, policy), signer)
    }

    pub(crate) fn vote(&mut self, vote: &SignedVote, signer: &dyn Signer) -> Result<Vec<Event>, EngineError> {
        self.feed(Input::Vote(to_core_vote(vote)), signer)
    }

    pub(crate) fn proposal(
        &mut self,
        proposal: &SignedProposal,
        signer: &dyn Signer,
    ) -> Result<Vec<Event>, EngineError> {
        self.feed(Input::Proposal(to_core_proposal(proposal)), signer)
    }

    pub(crate) fn polka(
        &mut self,
        certificate: &PolkaCertificate,
        signer: &dyn Signer,
    ) -> Result<Vec<Event>, EngineError> {
        self.feed(Input::PolkaCertificate(core_polka(certificate)), signer)
    }

    pub(crate) fn round_certificate(
        &mut self,
        certificate: &RoundCertificate,
        signer: &dyn Signer,
    ) -> Result<Vec<Event>, EngineError> {
        self.feed(Input::RoundCertificate(core_round_certificate(certificate)), signer)
    }

    pub(crate) fn timeout(
        &mut self,
        round: u32,
        kind: TimeoutKind,
        signer: &dyn Signer,
    ) -> Result<Vec<Event>, EngineError> {
        match core_timeout(round, kind) {
            Some(timeout) => self.feed(Input::TimeoutElapsed(timeout), signer),
            None => Ok(Vec::new()),
        }
    }

    /// Proposes a block of our own.
    pub(crate) fn propose(
        &mut self,
        round: u32,
        block_id: block::Id,
        signer: &dyn Signer,
    ) -> Result<Vec<Event>, EngineError> {
        let height = context::Height(self.height);
        let value = LocallyProposedValue { height, round: Round::new(round), value: Value(block_id) };
        self.feed(Input::Propose(value), signer)
    }

    /// Tells the core what the host found about a proposed block.
    pub(crate) fn verdict(
        &mut self,
        proposal: &Proposal,
        valid: bool,
        signer: &dyn Signer,
    ) -> Result<Vec<Event>, EngineError> {
        self.feed(
            Input::ProposedValue(proposed_value(self.height, proposal, valid), ValueOrigin::Consensus),
            signer,
        )
    }

    /// Announces what is going to be replayed, so that recorded signatures are used again.
    pub(crate) fn begin_replay(&mut self, records: &[Record]) {
        let inputs: Vec<Input<Context>> = records.iter().filter_map(|record| self.input_of(record)).collect();
        self.state.index_wal_entries(&inputs);
    }

    pub(crate) fn replay(&mut self, record: &Record, signer: &dyn Signer) -> Result<Vec<Event>, EngineError> {
        self.input_of(record).map_or(Ok(Vec::new()), |input| self.feed(input, signer))
    }

    pub(crate) fn end_replay(&mut self) {
        self.state.reset_entries_index();
    }

    fn input_of(&self, record: &Record) -> Option<Input<Context>> {
        match record {
            Record::Vote(vote) => Some(Input::Vote(to_core_vote(vote))),
            Record::Proposal(proposal) => Some(Input::Proposal(to_core_proposal(proposal))),
            Record::Timeout { round, kind } => core_timeout(*round, *kind).map(Input::TimeoutElapsed),
            Record::Verdict { round, block_id, proposer, valid, valid_round } => {
                let proposal = Proposal {
                    height: self.height,
                    round: *round,
                    block_id: *block_id,
                    proposer: *proposer,
                    valid_round: *valid_round,
                };
                Some(Input::ProposedValue(
                    proposed_value(self.height, &proposal, *valid),
                    ValueOrigin::Consensus,
                ))
            }
            Record::Polka(certificate) => Some(Input::PolkaCertificate(core_polka(certificate))),
            Record::Body { .. } => None,
        }
    }

    /// Takes a message as testimony of what was signed, after the core has had it: the core does not look at every vote.
    pub(crate) fn hear(&mut self, message: &Message) {
        self.judge.hear(message);
    }

    /// Double signings proven since this was last asked.
    pub(crate) fn take_evidence(&mut self) -> Vec<Evidence> {
        self.judge.take_evidence()
    }

    /// What is left of a height that is over: it still compares what comes late.
    pub(crate) fn into_judge(self) -> Judge {
        self.judge
    }

    fn feed(&mut self, input: Input<Context>, signer: &dyn Signer) -> Result<Vec<Event>, EngineError> {
        let mut handler =
            Handler { judge: &mut self.judge, signer, height: self.height, events: Vec::new(), failed: None };
        let state = &mut self.state;
        let result: Result<(), Error<Context>> = core_consensus::process!(
            input: input,
            state: state,
            metrics: &(),
            with: effect => handler.handle(effect)
        );
        // The core gives the input up when an effect is not answered, and reports only that.
        if let Some(failed) = handler.failed {
            return Err(EngineError::Signing(failed));
        }
        match result {
            Ok(()) => Ok(handler.events),
            Err(error @ Error::ReplayDivergence(..)) => Err(EngineError::ReplayDiverged(error.to_string())),
            Err(error) => Err(EngineError::Other(error.to_string())),
        }
    }
}

/// Answers effects; lives for one input.
struct Handler<'a> {
    judge: &'a mut Judge,
    signer: &'a dyn Signer,
    height: Height,
    events: Vec<Event>,
    failed: Option<SigningFailed>,
}

impl Handler<'_> {
    /// One arm for each effect of the core.
    fn handle(&mut self, effect: Effect<Context>) -> Result<Resume<Context>, SigningFailed> {
        Ok(match effect {
            Effect::CancelAllTimeouts(r) => self.event(Event::CancelAll, r),
            Effect::CancelTimeout(timeout, r) => {
                let timeout = self.timeout(timeout).map(Event::Cancel);
                self.maybe(timeout, r)
            }
            Effect::ScheduleTimeout(timeout, r) => {
                let timeout = self.timeout(timeout).map(Event::Schedule);
                self.maybe(timeout, r)
            }
            Effect::StartRound(_, round, proposer, _, r) => {
                self.event(Event::RoundStarted { round: round_number(round), proposer: proposer.0 }, r)
            }
            Effect::PublishConsensusMsg(SignedConsensusMsg::Vote(vote), r)
            | Effect::PublishLivenessMsg(LivenessMsg::Vote(vote), r) => {
                self.event(Event::Publish(Message::Vote(from_core_vote(&vote))), r)
            }
            Effect::PublishConsensusMsg(SignedConsensusMsg::Proposal(proposal), r) => {
                self.event(Event::Publish(Message::Proposal(from_core_proposal(&proposal))), r)
            }
            Effect::PublishLivenessMsg(LivenessMsg::PolkaCertificate(polka), r) => {
                self.event(Event::Publish(Message::Polka(polka_certificate(&polka))), r)
            }
            Effect::PublishLivenessMsg(LivenessMsg::SkipRoundCertificate(certificate), r)
            | Effect::RepublishRoundCertificate(certificate, r) => {
                self.event(Event::Publish(Message::Round(round_certificate(&certificate))), r)
            }
            Effect::RepublishVote(vote, r) => {
                self.event(Event::Publish(Message::VoteAgain(from_core_vote(&vote))), r)
            }
            Effect::GetValue(_, round, _, r) => {
                self.event(Event::WantValue { round: round_number(round) }, r)
            }
            Effect::RestreamProposal(_, round, _, _, value, r) => {
                self.event(Event::Restream { round: round_number(round), block_id: value.0 }, r)
            }
            Effect::WalAppend(_, input, r) => {
                let record = record_of(&input).map(Event::Persist);
                self.maybe(record, r)
            }
            // The height ends with `Finalize`, which follows at once as there is no target time
            // and carries the same certificate.
            Effect::Decide(_, _, r) => r.resume_with(()),
            Effect::Finalize(certificate, _, _, r) => {
                self.event(Event::Decided { certificate: commit_certificate(&certificate) }, r)
            }
            Effect::SignVote(vote, r) => r.resume_with(self.sign_vote(vote)?),
            Effect::SignProposal(proposal, r) => r.resume_with(self.sign_proposal(proposal)?),
            Effect::VerifySignature(message, _, r) => r.resume_with(self.judge.message(&message)),
            // Asked only about certificates the core has put together from precommits that were
            // verified one by one.
            Effect::VerifyCommitCertificate(_, _, _, r) => r.resume_with(Ok(())),
            // Belongs to the sync path, which is not used.
            Effect::VerifyExtendedCommitCertificate(_, _, _, _, r) => {
                r.resume_with(Err(CertificateError::VerificationError(None)))
            }
            Effect::VerifyPolkaCertificate(polka, _, thresholds, r) => {
                let polka = polka_certificate(&polka);
                r.resume_with(self.judge.certificate(polka.votes().collect(), thresholds.quorum))
            }
            Effect::VerifyRoundCertificate(certificate, _, thresholds, r) => {
                r.resume_with(self.judge.round_certificate(&round_certificate(&certificate), thresholds))
            }
            // Belong to the sync path and to vote extensions, which are not used.
            Effect::CertVerifiedSyncValue(_, _, r) => r.resume_with(()),
            Effect::CertRejectedSyncValue(_, _, _, r) => r.resume_with(()),
            Effect::ExtendVote(_, _, _, _, r) => r.resume_with(None),
            Effect::VerifyVoteExtension(_, _, _, _, _, _, r) => {
                r.resume_with(Err(core_consensus::VoteExtensionError::InvalidVoteExtension))
            }
        })
    }

    fn sign(&mut self, bytes: &[u8]) -> Result<Signature, SigningFailed> {
        self.signer.sign(bytes).inspect_err(|failed| self.failed = Some(failed.clone()))
    }

    fn event(&mut self, event: Event, resume: impl Resumable<Context, Value = ()>) -> Resume<Context> {
        self.events.push(event);
        resume.resume_with(())
    }

    fn maybe(
        &mut self,
        event: Option<Event>,
        resume: impl Resumable<Context, Value = ()>,
    ) -> Resume<Context> {
        self.events.extend(event);
        resume.resume_with(())
    }

    fn timeout(&self, timeout: core_types::Timeout) -> Option<Timeout> {
        let kind = timeout_kind(timeout.kind)?;
        Some(Timeout { height: self.height, round: round_number(timeout.round), kind })
    }

    fn sign_vote(&mut self, vote: CoreVote) -> Result<core_types::SignedVote<Context>, SigningFailed> {
        let signature = self.sign(&Vote::from(&vote).sign_bytes(&self.judge.chain))?;
        let signed = SignedMessage::new(vote, signature);
        self.judge.trust_vote(from_core_vote(&signed));
        Ok(signed)
    }

    fn sign_proposal(
        &mut self,
        proposal: CoreProposal,
    ) -> Result<core_types::SignedProposal<Context>, SigningFailed> {
        let signature = self.sign(&Proposal::from(&proposal).sign_bytes(&self.judge.chain))?;
        let signed = SignedMessage::new(proposal, signature);
        self.judge.trust_proposal(from_core_proposal(&signed));
        Ok(signed)
    }
}
