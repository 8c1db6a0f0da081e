//! A voting key that stops signing: the replica falls silent, says so, and contradicts nothing afterwards.

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use consensus::log::Key;
use consensus::{
    HaltReason, Input, Message, Origin, Output, Params, Record, Replica, Signer, SigningFailed, Verdict,
};
use ledger::certificate::VoteType;
use ledger::crypto::{PublicKey, Signature, SigningKey};
use ledger::id::Height;
use support::{chain_id, keys, make_body, signed_proposal, signed_vote, validator_set};

const HEIGHT: Height = Height::new(1);

/// A device that can be taken away.
#[derive(Clone)]
struct Device {
    key: SigningKey,
    gone: Arc<AtomicBool>,
}

impl Signer for Device {
    fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    fn sign(&self, bytes: &[u8]) -> Result<Signature, SigningFailed> {
        match self.gone.load(Ordering::Relaxed) {
            true => Err(SigningFailed("it is not plugged in any more".into())),
            false => Ok(self.key.sign(bytes)),
        }
    }
}

struct Bench {
    keys: Vec<SigningKey>,
    device: Device,
    replica: Replica,
}

impl Bench {
    /// A replica that proposes in `turn` of height 1, of four.
    fn new(turn: usize) -> Self {
        let keys = keys(4);
        let device = Device { key: keys[(1 + turn) % 4].clone(), gone: Arc::default() };
        let replica = replica(&device);
        Self { keys, device, replica }
    }

    fn start(&mut self, recovered: Vec<Record>) -> Vec<Output> {
        let validators = validator_set(&self.keys);
        self.replica.handle(Input::StartHeight { height: HEIGHT, validators, recovered })
    }

    fn message(&mut self, from: usize, message: Message) -> Vec<Output> {
        let from = self.keys[from].public_key();
        self.replica.handle(Input::Message { from, message })
    }

    /// The proposal of the first turn and its block, up to the verdict that leads to our prevote.
    fn hear_a_proposal(&mut self) -> Vec<Output> {
        let (block_id, body) = make_body(HEIGHT, 0, 0);
        let proposal = signed_proposal(&self.keys[1], 1, 0, block_id, None);
        let mut outputs = self.message(1, Message::Proposal(proposal));
        outputs.extend(self.message(1, Message::Block { height: HEIGHT, round: 0, block_id, body }));
        let checked =
            Input::Checked { height: HEIGHT, block_id, origin: Origin::Proposal, verdict: Verdict::Valid };
        outputs.extend(self.replica.handle(checked));
        outputs
    }
}

fn replica(device: &Device) -> Replica {
    Replica::new(chain_id(), Box::new(device.clone()), Params::default(), Height::GENESIS)
}

/// What of the outputs is spoken or recorded in the name of this key.
fn own(outputs: &[Output], key: &PublicKey) -> usize {
    let signed = |output: &&Output| match output {
        Output::Send { message: Message::Vote(vote) | Message::VoteAgain(vote), .. } => {
            vote.vote.voter == *key
        }
        Output::Send { message: Message::Proposal(signed), .. } => signed.proposal.proposer == *key,
        Output::Persist(Record::Vote(vote)) => vote.vote.voter == *key,
        Output::Persist(Record::Proposal(signed)) => signed.proposal.proposer == *key,
        _ => false,
    };
    outputs.iter().filter(signed).count()
}

fn halts(outputs: &[Output]) -> bool {
    matches!(
        outputs.last(),
        Some(Output::Halt { reason: HaltReason::CannotSign { height: HEIGHT, detail } })
            if detail.contains("not plugged in")
    )
}

#[test]
fn a_voter_whose_key_is_gone_says_nothing_and_halts() {
    let mut bench = Bench::new(2);
    bench.start(vec![]);
    bench.device.gone.store(true, Ordering::Relaxed);
    let outputs = bench.hear_a_proposal();
    assert!(halts(&outputs), "{outputs:?}");
    assert_eq!(own(&outputs, &bench.device.public_key()), 0, "{outputs:?}");
    // Not even when the key is back: what the core was told in between is not recorded.
    bench.device.gone.store(false, Ordering::Relaxed);
    let (block_id, _) = make_body(HEIGHT, 0, 0);
    for voter in [0, 1, 2] {
        let vote = signed_vote(&bench.keys[voter], 1, 0, VoteType::Prevote, Some(block_id));
        let outputs = bench.message(voter, Message::Vote(vote));
        assert_eq!(own(&outputs, &bench.device.public_key()), 0, "{outputs:?}");
    }
    // A restart with the key votes.
    bench.replica = replica(&bench.device);
    bench.start(vec![]);
    let outputs = bench.hear_a_proposal();
    assert_eq!(own(&outputs, &bench.device.public_key()), 2, "recorded and sent: {outputs:?}");
}

#[test]
fn a_proposer_whose_key_is_gone_proposes_nothing_and_halts() {
    let mut bench = Bench::new(0);
    bench.start(vec![]);
    bench.device.gone.store(true, Ordering::Relaxed);
    let (block_id, body) = make_body(HEIGHT, 0, 0);
    let outputs = bench.replica.handle(Input::Built { height: HEIGHT, round: 0, block_id, body });
    assert!(halts(&outputs), "{outputs:?}");
    assert_eq!(own(&outputs, &bench.device.public_key()), 0, "{outputs:?}");
}

/// What was signed before the key went is kept by the log: after a restart the same vote is sent, and no other.
#[test]
fn what_was_signed_before_stands_after_a_restart() {
    let mut bench = Bench::new(2);
    let mut outputs = bench.start(vec![]);
    outputs.extend(bench.hear_a_proposal());
    let log: Vec<Record> = outputs
        .iter()
        .filter_map(|output| if let Output::Persist(record) = output { Some(record.clone()) } else { None })
        .collect();
    // The precommit fails.
    bench.device.gone.store(true, Ordering::Relaxed);
    let (block_id, _) = make_body(HEIGHT, 0, 0);
    let mut halted = Vec::new();
    for voter in [0, 1, 2] {
        let vote = signed_vote(&bench.keys[voter], 1, 0, VoteType::Prevote, Some(block_id));
        halted.extend(bench.message(voter, Message::Vote(vote)));
    }
    assert!(halted.iter().any(|output| matches!(output, Output::Halt { .. })), "{halted:?}");
    assert_eq!(own(&halted, &bench.device.public_key()), 0, "{halted:?}");
    bench.device.gone.store(false, Ordering::Relaxed);
    bench.replica = replica(&bench.device);
    let again = bench.start(log);
    let votes: Vec<_> = again
        .iter()
        .filter_map(|output| match output {
            Output::Send { message: Message::Vote(vote) | Message::VoteAgain(vote), .. } => {
                Some((vote.vote.vote_type, vote.vote.block_id))
            }
            _ => None,
        })
        .collect();
    assert_eq!(votes, [(VoteType::Prevote, Some(block_id))], "{again:?}");
}

#[test]
fn the_key_of_the_log_needs_the_voting_key() {
    let bench = Bench::new(0);
    assert!(Key::derive(&bench.device, &chain_id()).is_ok());
    bench.device.gone.store(true, Ordering::Relaxed);
    let refused = Key::derive(&bench.device, &chain_id());
    assert!(refused.is_err_and(|e| e.to_string().contains("not plugged in")));
}
