//! Step tables: one replica, what goes in, what exactly comes out and in which order.

mod support;

use std::sync::Arc;

use consensus::message::{RoundCertificate, RoundCertificateKind, RoundVote};
use consensus::{
    Body, Input, Message, Origin, Output, Params, Record, Replica, Target, Timeout, TimeoutKind, Verdict,
};
use ledger::block;
use ledger::certificate::VoteType::{self, Precommit, Prevote};
use ledger::crypto::SigningKey;
use ledger::id::Height;
use support::{body_id, chain_id, keys, make_body, signed_proposal, signed_vote, validator_set};

const HEIGHT: Height = Height::new(1);

/// One replica of four, the others being played by the test.
struct Bench {
    keys: Vec<SigningKey>,
    own: usize,
    replica: Replica,
    /// What was to be persisted so far.
    log: Vec<Record>,
}

impl Bench {
    /// A replica that proposes in `turn` of height 1.
    fn new(turn: usize) -> Self {
        let keys = keys(4);
        let own = (1 + turn) % 4;
        let replica =
            Replica::new(chain_id(), Box::new(keys[own].clone()), Params::default(), Height::GENESIS);
        Self { keys, own, replica, log: Vec::new() }
    }

    fn start(&mut self, recovered: Vec<Record>) -> Vec<String> {
        let validators = validator_set(&self.keys);
        self.feed(Input::StartHeight { height: HEIGHT, validators, recovered })
    }

    fn feed(&mut self, input: Input) -> Vec<String> {
        let outputs = self.replica.handle(input);
        let records = outputs.iter().filter_map(|output| match output {
            Output::Persist(record) => Some(record.clone()),
            _ => None,
        });
        self.log.extend(records);
        outputs.iter().map(show).collect()
    }

    /// The key of the `i`-th of the three others.
    fn other(&self, i: usize) -> &SigningKey {
        &self.keys[(self.own + 1 + i) % 4]
    }

    fn proposer(&self, round: usize) -> &SigningKey {
        &self.keys[(1 + round) % 4]
    }

    fn message(&mut self, from: &SigningKey, message: Message) -> Vec<String> {
        self.feed(Input::Message { from: from.public_key(), message })
    }

    fn vote(&mut self, i: usize, round: u32, vote_type: VoteType, id: Option<block::Id>) -> Vec<String> {
        let key = self.other(i).clone();
        self.message(&key, Message::Vote(signed_vote(&key, 1, round, vote_type, id)))
    }

    fn propose(&mut self, round: usize, id: block::Id) -> Vec<String> {
        let key = self.proposer(round).clone();
        self.message(&key, Message::Proposal(signed_proposal(&key, 1, round as u32, id, None)))
    }

    fn block(&mut self, round: usize, block_id: block::Id, body: &Body) -> Vec<String> {
        let key = self.proposer(round).clone();
        self.message(
            &key,
            Message::Block { height: HEIGHT, round: round as u32, block_id, body: body.clone() },
        )
    }

    fn checked(&mut self, block_id: block::Id, verdict: Verdict) -> Vec<String> {
        self.feed(Input::Checked { height: HEIGHT, block_id, origin: Origin::Proposal, verdict })
    }

    fn elapse(&mut self, round: u32, kind: TimeoutKind) -> Vec<String> {
        self.feed(Input::TimeoutElapsed(Timeout { height: HEIGHT, round, kind }))
    }
}

fn value(id: Option<block::Id>) -> &'static str {
    if id.is_some() { "block" } else { "nil" }
}

fn show(output: &Output) -> String {
    match output {
        Output::Persist(Record::Vote(v)) => {
            format!("persist {:?} {} {}", v.vote.vote_type, v.vote.round, value(v.vote.block_id))
        }
        Output::Persist(Record::Proposal(p)) => format!("persist Proposal {}", p.proposal.round),
        Output::Persist(Record::Timeout { round, kind }) => format!("persist Timeout {kind:?} {round}"),
        Output::Persist(Record::Verdict { valid, .. }) => format!("persist Verdict {valid}"),
        Output::Persist(Record::Polka(_)) => "persist Polka".into(),
        Output::Persist(Record::Body { .. }) => "persist Body".into(),
        Output::Sync => "sync".into(),
        Output::Send { to, message } => {
            let to = if *to == Target::All { "all" } else { "one" };
            let what = match message {
                Message::Vote(v) => {
                    format!("{:?} {} {}", v.vote.vote_type, v.vote.round, value(v.vote.block_id))
                }
                Message::VoteAgain(v) => {
                    format!("again {:?} {} {}", v.vote.vote_type, v.vote.round, value(v.vote.block_id))
                }
                Message::Proposal(p) => format!("Proposal {} {:?}", p.proposal.round, p.proposal.valid_round),
                Message::Block { round, .. } => format!("Block {round}"),
                Message::WantBlock { round, .. } => format!("WantBlock {round}"),
                Message::Polka(c) => format!("Polka {}", c.round),
                Message::Round(c) => format!("Round {:?} {}", c.kind, c.round),
                Message::Commit(_) => "Commit".into(),
            };
            format!("send {to} {what}")
        }
        Output::Schedule { timeout, duration } => {
            format!("schedule {:?} {} {}", timeout.kind, timeout.round, duration.as_millis())
        }
        Output::Cancel(timeout) => format!("cancel {:?} {}", timeout.kind, timeout.round),
        Output::Build { round, .. } => format!("build {round}"),
        Output::Check { origin, proposer, .. } => {
            format!("check {origin:?} {}", if proposer.is_some() { "named" } else { "any" })
        }
        Output::Evidence(evidence) => format!("evidence {:?}", evidence.kind()),
        Output::Commit { certificate, .. } => {
            format!("commit {} {}", certificate.round, certificate.signatures.len())
        }
        Output::RoundStarted { round, .. } => format!("round {round}"),
        Output::NextHeightBegun { height } => format!("next {height}"),
        Output::Behind { height, .. } => format!("behind {height}"),
        Output::PeerBehind { height, .. } => format!("peer behind {height}"),
        Output::BeginAgain { height } => format!("begin {height} again"),
        Output::Halt { reason } => format!("halt {reason}"),
    }
}

fn a_block() -> (block::Id, Body) {
    make_body(HEIGHT, 0, 0)
}

#[test]
fn a_proposer_persists_before_it_speaks() {
    let mut bench = Bench::new(0);
    assert_eq!(
        bench.start(vec![]),
        ["round 0", "schedule Rebroadcast 0 1000", "schedule Propose 0 1000", "build 0"]
    );
    let (id, body) = a_block();
    assert_eq!(
        bench.feed(Input::Built { height: HEIGHT, round: 0, block_id: id, body: body.clone() }),
        [
            "persist Body",
            "persist Verdict true",
            "cancel Propose 0",
            "persist Proposal 0",
            "persist Prevote 0 block",
            "sync",
            "send all Prevote 0 block",
            "schedule Rebroadcast 0 1000",
            "send all Proposal 0 None",
            "send all Block 0",
        ]
    );
    // A second block for the same round would be a second proposal.
    let (other, other_body) = make_body(HEIGHT, 0, 1);
    let none: Vec<String> = vec![];
    assert_eq!(
        bench.feed(Input::Built { height: HEIGHT, round: 0, block_id: other, body: other_body }),
        none
    );
    assert_eq!(bench.vote(0, 0, Prevote, Some(id)), ["persist Prevote 0 block"]);
    assert_eq!(
        bench.vote(1, 0, Prevote, Some(id)),
        [
            "persist Prevote 0 block",
            "persist Precommit 0 block",
            "sync",
            "send all Precommit 0 block",
            "schedule Rebroadcast 0 1000",
        ]
    );
    assert_eq!(bench.vote(0, 0, Precommit, Some(id)), ["persist Precommit 0 block"]);
    // What others signed needs no flush before the commit, which is durable by itself.
    assert_eq!(
        bench.vote(1, 0, Precommit, Some(id)),
        ["persist Precommit 0 block", "cancel Rebroadcast 0", "commit 0 3"]
    );
    assert_eq!(bench.replica.decided(), HEIGHT);
}

#[test]
fn a_voter_votes_once_it_knows_the_block_is_valid() {
    let (id, body) = a_block();
    let prevote =
        ["persist Body", "persist Verdict true", "persist Prevote 0 block", "cancel Propose 0", "sync"];
    // The proposal and the block in either order.
    for block_first in [false, true] {
        let mut bench = Bench::new(1);
        assert_eq!(
            bench.start(vec![]),
            ["round 0", "schedule Rebroadcast 0 1000", "schedule Propose 0 1000"]
        );
        let (mut first, mut second) = (vec![], vec![]);
        if block_first {
            first.extend(bench.block(0, id, &body));
            second.extend(bench.propose(0, id));
            assert_eq!(first, Vec::<String>::new());
            assert_eq!(second, ["persist Proposal 0", "check Proposal named"]);
        } else {
            first.extend(bench.propose(0, id));
            second.extend(bench.block(0, id, &body));
            assert_eq!(first, ["persist Proposal 0", "schedule Fetch 0 150"]);
            assert_eq!(second, ["check Proposal named"]);
        }
        let outputs = bench.checked(id, Verdict::Valid);
        let mut expected: Vec<&str> = prevote.to_vec();
        // The core cancels the timeout of the step it leaves before it votes.
        expected.swap(2, 3);
        expected.extend(["send all Prevote 0 block", "schedule Rebroadcast 0 1000"]);
        assert_eq!(outputs, expected);
        // Repetitions of any of it change nothing.
        assert_eq!(bench.propose(0, id), Vec::<String>::new());
        assert_eq!(bench.block(0, id, &body), Vec::<String>::new());
        assert_eq!(bench.checked(id, Verdict::Valid), Vec::<String>::new());
    }
}

#[test]
fn verdicts_and_timeouts_lead_to_nil() {
    let (id, body) = a_block();
    let nil = ["persist Prevote 0 nil", "sync", "send all Prevote 0 nil", "schedule Rebroadcast 0 1000"];

    let mut invalid = Bench::new(1);
    invalid.start(vec![]);
    invalid.propose(0, id);
    invalid.block(0, id, &body);
    let outputs = invalid.checked(id, Verdict::Invalid);
    assert_eq!(outputs, [&["persist Verdict false", "cancel Propose 0"], &nil[..]].concat());

    let mut late = Bench::new(1);
    late.start(vec![]);
    let outputs = late.elapse(0, TimeoutKind::Propose);
    assert_eq!(outputs, [&["persist Timeout Propose 0"], &nil[..]].concat());
    // A timeout that has run out, or was never set, is nothing.
    assert_eq!(late.elapse(0, TimeoutKind::Propose), Vec::<String>::new());
    assert_eq!(late.elapse(0, TimeoutKind::Precommit), Vec::<String>::new());
    assert_eq!(late.elapse(3, TimeoutKind::Propose), Vec::<String>::new());
    assert_eq!(
        late.elapse(0, TimeoutKind::Rebroadcast),
        ["send all again Prevote 0 nil", "schedule Rebroadcast 0 1000"]
    );
}

#[test]
fn a_round_without_agreement_leads_to_the_next() {
    let mut bench = Bench::new(1);
    bench.start(vec![]);
    bench.elapse(0, TimeoutKind::Propose);
    bench.vote(0, 0, Prevote, None);
    assert_eq!(
        bench.vote(1, 0, Prevote, None),
        [
            "persist Prevote 0 nil",
            "persist Precommit 0 nil",
            "sync",
            "send all Precommit 0 nil",
            "schedule Rebroadcast 0 1000",
        ]
    );
    bench.vote(0, 0, Precommit, None);
    assert_eq!(bench.vote(1, 0, Precommit, None), ["persist Precommit 0 nil", "schedule Precommit 0 500"]);
    assert_eq!(
        bench.elapse(0, TimeoutKind::Precommit),
        [
            "persist Timeout Precommit 0",
            "send all Round Precommit 0",
            "cancel Rebroadcast 0",
            "round 1",
            "schedule Rebroadcast 1 1500",
            "schedule Propose 1 1500",
            "build 1",
        ]
    );
}

#[test]
fn bytes_of_another_block_are_blamed_on_their_sender() {
    let mut bench = Bench::new(1);
    let (id, body) = a_block();
    let garbage: Body = Arc::from(b"valid but other".as_slice());
    assert_ne!(body_id(&garbage), id);
    bench.start(vec![]);
    bench.propose(0, id);
    assert_eq!(bench.block(0, id, &garbage), ["check Proposal named"]);
    assert_eq!(bench.checked(id, Verdict::Mismatch), Vec::<String>::new());
    // The same sender gets no second try; the next validator is asked.
    assert_eq!(bench.block(0, id, &body), Vec::<String>::new());
    assert_eq!(bench.elapse(0, TimeoutKind::Fetch), ["send one WantBlock 0", "schedule Fetch 0 150"]);
    let from = bench.other(1).clone();
    let answer = Message::Block { height: HEIGHT, round: 0, block_id: id, body };
    assert_eq!(bench.message(&from, answer), ["check Proposal named"]);
    assert_eq!(bench.checked(id, Verdict::Valid)[0], "persist Body");
}

#[test]
fn what_nobody_proposed_is_not_checked() {
    let mut bench = Bench::new(1);
    let (id, body) = a_block();
    bench.start(vec![]);
    let none = Vec::<String>::new();
    // From somebody whose turn it is not, for rounds far ahead, and twice for one round.
    let from = bench.other(0).clone();
    assert_eq!(
        bench.message(&from, Message::Block { height: HEIGHT, round: 0, block_id: id, body: body.clone() }),
        none
    );
    assert_eq!(bench.block(7, id, &body), none);
    let (other, other_body) = make_body(HEIGHT, 0, 1);
    assert_eq!(bench.block(0, other, &other_body), none);
    assert_eq!(bench.block(0, id, &body), none);
    // So the first block of round 0 was the other one, and this one has to be asked for.
    assert_eq!(bench.propose(0, id), ["persist Proposal 0", "schedule Fetch 0 150"]);
}

#[test]
fn the_log_brings_back_votes_timers_and_blocks() {
    let (id, body) = a_block();
    let run = |turn: usize, steps: &dyn Fn(&mut Bench)| {
        let mut bench = Bench::new(turn);
        bench.start(vec![]);
        steps(&mut bench);
        bench.log
    };

    // A proposer that has proposed does not build again, but sends all of it again.
    let records = run(0, &|bench| {
        bench.feed(Input::Built { height: HEIGHT, round: 0, block_id: id, body: body.clone() });
    });
    assert_eq!(
        Bench::new(0).start(records.clone()),
        [
            "send all Proposal 0 None",
            "send all Block 0",
            "send all Prevote 0 block",
            "schedule Rebroadcast 0 1000",
        ]
    );
    // Without the vote on record it is signed anew, recorded and flushed before it is sent.
    let without_vote = records.iter().filter(|record| !matches!(record, Record::Vote(_))).cloned().collect();
    let outputs = Bench::new(0).start(without_vote);
    let expected = [
        "persist Prevote 0 block",
        "sync",
        "send all Proposal 0 None",
        "send all Block 0",
        "send all Prevote 0 block",
    ];
    assert_eq!(outputs[..5], expected);

    // A voter that ran into the timeout prevotes nil again, even when the proposal is here now.
    let records = run(1, &|bench| {
        bench.elapse(0, TimeoutKind::Propose);
    });
    let mut bench = Bench::new(1);
    assert_eq!(bench.start(records), ["send all Prevote 0 nil", "schedule Rebroadcast 0 1000"]);
    bench.propose(0, id);
    bench.block(0, id, &body);
    assert_eq!(bench.checked(id, Verdict::Valid), ["persist Body", "persist Verdict true"]);

    // With two precommits on record the third commits, though nobody sends the block again.
    let records = run(1, &|bench| {
        bench.propose(0, id);
        bench.block(0, id, &body);
        bench.checked(id, Verdict::Valid);
        bench.vote(0, 0, Prevote, Some(id));
        bench.vote(1, 0, Prevote, Some(id));
        bench.vote(0, 0, Precommit, Some(id));
    });
    let mut bench = Bench::new(1);
    let outputs = bench.start(records);
    assert!(outputs.contains(&"send all Precommit 0 block".to_owned()), "{outputs:?}");
    assert_eq!(bench.vote(2, 0, Precommit, Some(id)).last(), Some(&"commit 0 3".to_owned()));
}

#[test]
fn a_log_that_contradicts_itself_stops_the_node() {
    // The log says that we found the block valid in time, and yet that we prevoted nil.
    let (id, body) = a_block();
    let mut bench = Bench::new(1);
    let proposal = signed_proposal(bench.proposer(0), 1, 0, id, None);
    let records = vec![
        Record::Proposal(proposal.clone()),
        Record::Body { block_id: id, body },
        Record::Verdict {
            round: 0,
            block_id: id,
            proposer: proposal.proposal.proposer,
            valid: true,
            valid_round: None,
        },
        Record::Vote(signed_vote(&bench.keys[bench.own], 1, 0, Prevote, None)),
    ];
    let outputs = bench.start(records);
    assert!(outputs.last().is_some_and(|line| line.starts_with("halt replay")), "{outputs:?}");
    assert!(!outputs.iter().any(|line| line.starts_with("send")), "{outputs:?}");
}

#[test]
fn heights_are_begun_in_order() {
    let validators = || validator_set(&keys(4));
    let start = |height| Input::StartHeight {
        height: Height::new(height),
        validators: validators(),
        recovered: vec![],
    };
    for wrong in [0, 2, 7] {
        let mut bench = Bench::new(1);
        let outputs = bench.feed(start(wrong));
        assert!(outputs[0].starts_with("halt height"), "{outputs:?}");
        assert_eq!(bench.feed(start(1)), Vec::<String>::new(), "a halted replica does nothing");
    }
    let mut bench = Bench::new(1);
    bench.feed(start(1));
    assert!(bench.feed(start(1)).iter().any(|line| line.starts_with("halt")), "begun twice");
}

#[test]
fn messages_of_other_heights_are_kept_reported_or_dropped() {
    let mut bench = Bench::new(1);
    let (id, _) = a_block();
    let other = bench.other(0).clone();
    let vote = |height| signed_vote(&other, height, 0, Prevote, Some(id));
    // Not begun: the next height is announced once, a later one reported as it rises.
    assert!(!bench.replica.wants_start());
    assert_eq!(bench.message(&other, Message::Vote(vote(1))), ["next 1"]);
    assert_eq!(
        bench.message(&other, Message::Vote(signed_vote(&other, 1, 0, Precommit, None))),
        Vec::<String>::new()
    );
    assert!(bench.replica.wants_start());
    assert_eq!(bench.message(&other, Message::Vote(vote(5))), ["behind 5"]);
    assert_eq!(bench.message(&other, Message::Vote(vote(5))), Vec::<String>::new());
    assert_eq!(bench.message(&other, Message::Vote(vote(6))), ["behind 6"]);
    // What was kept counts once the height begins.
    let outputs = bench.start(vec![]);
    assert_eq!(outputs[3..], ["persist Prevote 0 block", "persist Precommit 0 nil"]);
    // Where nothing happens here, the report is repeated.
    let outputs = bench.elapse(0, TimeoutKind::Rebroadcast);
    assert_eq!(outputs, ["schedule Rebroadcast 0 1000", "behind 6"]);
    // Genesis has no certificate to give.
    assert_eq!(bench.message(&other, Message::VoteAgain(vote(0))), ["peer behind 0"]);
    assert_eq!(bench.message(&other, Message::Vote(vote(0))), Vec::<String>::new());
}

#[test]
fn a_peer_that_missed_the_decision_gets_certificate_and_block() {
    let mut bench = Bench::new(0);
    let (id, body) = a_block();
    bench.start(vec![]);
    bench.feed(Input::Built { height: HEIGHT, round: 0, block_id: id, body });
    for i in 0..2 {
        bench.vote(i, 0, Prevote, Some(id));
    }
    for i in 0..2 {
        bench.vote(i, 0, Precommit, Some(id));
    }
    assert_eq!(bench.replica.decided(), HEIGHT);
    let late = bench.other(2).clone();
    let vote = signed_vote(&late, 1, 0, Prevote, None);
    assert_eq!(bench.message(&late, Message::Vote(vote.clone())), Vec::<String>::new());
    assert_eq!(bench.message(&late, Message::VoteAgain(vote)), ["send one Commit"]);
    let want = |block_id| Message::WantBlock { height: HEIGHT, round: 0, block_id };
    assert_eq!(bench.message(&late, want(id)), ["send one Block 0"]);
    assert_eq!(bench.message(&late, want(make_body(HEIGHT, 3, 3).0)), Vec::<String>::new());
    // Served within reason.
    let answers: usize = (0..1000).map(|_| bench.message(&late, want(id)).len()).sum();
    assert!(answers < 100, "{answers} answers");
}

/// A validator that looks at a block too late for its clock joins those who found it timely: it is judged again once two
/// thirds have prevoted it, and prevoted when it is proposed again with that proof.
#[test]
fn a_block_that_two_thirds_prevoted_is_not_too_old() {
    let mut bench = Bench::new(3);
    bench.start(vec![]);
    let (id, body) = a_block();
    bench.propose(0, id);
    let late = bench.block(0, id, &body);
    assert_eq!(late, ["check Proposal named"]);
    let said = bench.checked(id, Verdict::Invalid);
    assert!(said.contains(&"send all Prevote 0 nil".into()), "{said:?}");
    let mut said = Vec::new();
    for i in 0..3 {
        said.extend(bench.vote(i, 0, Prevote, Some(id)));
    }
    let again: Vec<_> = said.iter().filter(|line| line.starts_with("check")).collect();
    assert_eq!(again, ["check Polka named"], "once, and without a look at the clock: {said:?}");
    let valid = bench.feed(Input::Checked {
        height: HEIGHT,
        block_id: id,
        origin: Origin::Polka,
        verdict: Verdict::Valid,
    });
    assert!(valid.contains(&"persist Body".into()), "{valid:?}");
    for i in 0..3 {
        bench.vote(i, 0, Precommit, None);
    }
    bench.elapse(0, TimeoutKind::Precommit);
    let key = bench.proposer(1).clone();
    let proposal = signed_proposal(&key, 1, 1, id, Some(0));
    let said = bench.message(&key, Message::Proposal(proposal));
    assert!(said.contains(&"send all Prevote 1 block".into()), "{said:?}");
}

/// Two of four have begun the next height: this one is decided. Nothing new is signed here any more, but what still comes
/// decides it all the same.
#[test]
fn nothing_is_signed_at_a_height_that_others_have_decided() {
    let (id, body) = a_block();
    let speaks = |outputs: &[String]| outputs.iter().any(|o| o == "sync" || o.starts_with("send all P"));
    for further in 0..3 {
        let mut bench = Bench::new(1);
        bench.start(vec![]);
        for i in 0..further {
            let key = bench.other(i).clone();
            bench.message(&key, Message::Vote(signed_vote(&key, 2, 0, Prevote, None)));
        }
        bench.propose(0, id);
        bench.block(0, id, &body);
        let prevoted = bench.checked(id, Verdict::Valid);
        bench.vote(0, 0, Prevote, Some(id));
        let precommitted = bench.vote(1, 0, Prevote, Some(id));
        let spoken = further < 2;
        assert_eq!(
            (speaks(&prevoted), speaks(&precommitted)),
            (spoken, spoken),
            "{further} further: {precommitted:?}"
        );
        let signed = bench.log.iter().filter(
            |record| matches!(record, Record::Vote(v) if v.vote.voter == bench.keys[bench.own].public_key()),
        );
        assert_eq!(signed.count(), if spoken { 2 } else { 0 });
        assert!(!speaks(&bench.elapse(0, TimeoutKind::Rebroadcast)));
        bench.vote(0, 0, Precommit, Some(id));
        bench.vote(1, 0, Precommit, Some(id));
        let last = bench.vote(2, 0, Precommit, Some(id));
        assert!(bench.replica.decided() == HEIGHT, "{further} further: {last:?}");
    }
}

/// Two of four that claim the next height keep the others silent only for as long as they claim it: who repeats its vote
/// here is here.
#[test]
fn a_height_is_begun_again_when_those_who_claimed_a_later_one_are_back() {
    for (returning, begun) in [(0, false), (1, true)] {
        let mut bench = Bench::new(1);
        bench.start(vec![]);
        for i in 0..2 {
            let key = bench.other(i).clone();
            bench.message(&key, Message::Vote(signed_vote(&key, 2, 0, Prevote, None)));
        }
        let mut said = Vec::new();
        for i in 0..returning {
            let key = bench.other(i).clone();
            // What was said before it went on may come late.
            assert!(!bench.vote(i, 0, Prevote, None).contains(&"begin 1 again".to_owned()));
            said = bench.message(&key, Message::VoteAgain(signed_vote(&key, 1, 0, Prevote, None)));
        }
        assert_eq!(said.contains(&"begin 1 again".to_owned()), begun, "{said:?}");
    }
}

/// Whoever signs twice is found out though the second signature comes when the height is decided, hides in a certificate, or
/// is of a round before the one in which we are locked.
#[test]
fn a_second_signature_is_compared_wherever_it_comes_from() {
    let (id, body) = a_block();
    let decide = |bench: &mut Bench| {
        bench.propose(0, id);
        bench.block(0, id, &body);
        bench.checked(id, Verdict::Valid);
        for i in 0..3 {
            bench.vote(i, 0, Prevote, Some(id));
        }
        for i in 0..3 {
            bench.vote(i, 0, Precommit, Some(id));
        }
        assert_eq!(bench.replica.decided(), HEIGHT);
    };
    let certificate = |bench: &Bench| {
        let votes = (0..3).map(|i| {
            let signed = signed_vote(bench.other(i), 1, 0, Precommit, None);
            RoundVote {
                vote_type: Precommit,
                voter: signed.vote.voter,
                signature: signed.signature,
                block_id: None,
            }
        });
        RoundCertificate {
            height: HEIGHT,
            round: 0,
            kind: RoundCertificateKind::Precommit,
            votes: votes.collect(),
        }
    };
    let found = |outputs: &[String]| outputs.iter().filter(|o| o.starts_with("evidence")).count();

    // After the decision, a vote; once only, however often it comes.
    let mut bench = Bench::new(1);
    bench.start(vec![]);
    decide(&mut bench);
    assert_eq!(bench.vote(0, 0, Prevote, None), ["evidence Prevote"]);
    assert_eq!(found(&bench.vote(0, 0, Prevote, None)), 0);
    // Of the three precommits in the certificate one was never heard; the two others contradict those that were.
    let (key, late) = (bench.other(1).clone(), certificate(&bench));
    let before = found(&bench.message(&key, Message::Round(late)));
    assert!(before >= 2, "{before} of those who precommitted the block");

    // A signature that does not hold accuses nobody.
    let mut forged = signed_vote(bench.other(1), 1, 0, Prevote, None);
    forged.vote.voter = bench.other(2).public_key();
    assert_eq!(found(&bench.message(&key, Message::VoteAgain(forged))), 0);

    // Inside a certificate only, before the decision.
    let mut bench = Bench::new(1);
    bench.start(vec![]);
    bench.vote(0, 0, Precommit, Some(id));
    let (key, round) = (bench.other(1).clone(), certificate(&bench));
    assert_eq!(found(&bench.message(&key, Message::Round(round))), 1);

    // Of a round before the lock: the core has let its votes go.
    let mut bench = Bench::new(2);
    bench.start(vec![]);
    bench.vote(0, 0, Prevote, None);
    for i in 0..3 {
        bench.vote(i, 0, Precommit, None);
    }
    bench.elapse(0, TimeoutKind::Precommit);
    let (id, body) = make_body(HEIGHT, 1, 1);
    bench.propose(1, id);
    bench.block(1, id, &body);
    bench.checked(id, Verdict::Valid);
    let locked: Vec<String> = (0..3).flat_map(|i| bench.vote(i, 1, Prevote, Some(id))).collect();
    assert!(locked.contains(&"send all Precommit 1 block".to_owned()), "{locked:?}");
    assert_eq!(found(&bench.vote(0, 0, Prevote, Some(body_id(b"valid other")))), 1);
}
