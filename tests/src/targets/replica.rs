//! What the replica reads: messages of other replicas, evidence, and its own write-ahead log.

use consensus::log::{ALIGNMENT, Key, encode_frame, scan};
use consensus::message::{ROUND_MAX, SignedVote};
use consensus::{Evidence, Message, Record, TimeoutKind};
use ledger::certificate::VoteType;
use ledger::id::{ChainId, Height};
use ledger::validators::MAX_VALIDATORS;
use node::reports::{REPORT_AGAIN, REPORTS_MAX, Reports};

use super::seeds::{self, signed_vote};
use super::{chain, key, may_sign};

/// A message encodes to its bytes, keeps its bounds, and its signatures are those of who could sign.
pub fn message(bytes: &[u8]) {
    let Ok(message) = Message::decode(bytes) else { return };
    assert_eq!(message.encode(), bytes);
    assert!(message.round() <= ROUND_MAX);
    let votes: Vec<SignedVote> = match &message {
        Message::Vote(vote) | Message::VoteAgain(vote) => vec![vote.clone()],
        Message::Polka(certificate) => certificate.votes().collect(),
        Message::Round(certificate) => certificate.votes().collect(),
        Message::Proposal(proposal) => {
            let signer = proposal.proposal.proposer;
            assert!(!proposal.is_authentic(&chain()) || may_sign(&signer), "a forged proposal of {signer}");
            Vec::new()
        }
        Message::Commit(certificate) => {
            assert!(certificate.signatures.len() <= MAX_VALIDATORS);
            Vec::new()
        }
        Message::Block { .. } | Message::WantBlock { .. } => Vec::new(),
    };
    assert!(votes.len() <= MAX_VALIDATORS);
    for vote in votes.iter().take(4) {
        assert_eq!((vote.vote.height, vote.vote.round), (message.height(), message.round()));
        let signer = vote.vote.voter;
        assert!(!vote.is_authentic(&chain()) || may_sign(&signer), "a forged vote of {signer}");
    }
}

/// Evidence that holds accuses one of those who signed two things, here and on no other chain.
pub fn evidence(bytes: &[u8]) {
    let Ok(evidence) = Evidence::decode(bytes) else { return };
    assert_eq!(evidence.encode(), bytes);
    let accused = evidence.accused();
    if evidence.verify(&chain(), &accused).is_err() {
        return;
    }
    assert!(may_sign(&accused), "{accused} is accused of what it never signed");
    let elsewhere: ChainId = "other/0123456789abcdef".parse().expect("a chain id");
    assert!(evidence.verify(&elsewhere, &accused).is_err() || !accused.is_strong());
    assert!(evidence.verify(&chain(), &key("nobody").public_key()).is_err());
    // The same pair the other way round is the same evidence.
    let turned = match evidence.clone() {
        Evidence::Votes { first, second } => Evidence::votes(second, first),
        Evidence::Proposals { first, second } => Evidence::proposals(second, first),
    };
    assert_eq!(turned, evidence);
}

/// The height whose frames the log of the seeds holds.
pub(super) const LOG_HEIGHT: Height = Height::new(7);

/// The key of the log of the seeds.
pub(super) fn log_key() -> Key {
    Key::derive(&key("voter 0"), &chain()).expect("a key in memory signs")
}

/// The only records that were ever written at [`LOG_HEIGHT`], a frame each entry.
pub(super) fn written() -> Vec<Vec<Record>> {
    let vote = |voter: &str| Record::Vote(signed_vote(voter, LOG_HEIGHT, 0, VoteType::Prevote, None));
    vec![
        vec![Record::Timeout { round: 0, kind: TimeoutKind::Propose }],
        vec![vote("voter 0")],
        vec![vote("voter 1"), vote("voter 2"), Record::Timeout { round: 0, kind: TimeoutKind::Prevote }],
        vec![
            Record::Body { block_id: seeds::block_id(), body: seeds::block_bytes().into() },
            Record::Polka(seeds::polka(LOG_HEIGHT)),
            Record::Proposal(seeds::signed_proposal("voter 1", LOG_HEIGHT, 1, Some(0))),
            Record::Verdict {
                round: 1,
                block_id: seeds::block_id(),
                proposer: key("voter 1").public_key(),
                valid: true,
                valid_round: Some(0),
            },
        ],
    ]
}

/// The frames of [`written`].
pub(super) fn frames(generation: Height) -> Vec<Vec<u8>> {
    let frame = |(sequence, records): (u32, Vec<Record>)| {
        encode_frame(&log_key(), generation, sequence, &records).expect("a short frame")
    };
    (0..).zip(written()).map(frame).collect()
}

/// A log gives back a beginning of what was written, in order, or refuses; never anything else. What it drops has no
/// intact frame behind it.
pub fn log(bytes: &[u8]) {
    thread_local! {
        static GENUINE: (Key, Vec<Vec<u8>>, Vec<Vec<Record>>) = (log_key(), frames(LOG_HEIGHT), written());
    }
    GENUINE.with(|(key, frames, written)| {
        let Ok(found) = scan(key, bytes, LOG_HEIGHT) else { return };
        let count = found.next_sequence as usize;
        let expected: Vec<Record> = written.iter().take(count).flatten().cloned().collect();
        assert!(count <= written.len(), "{count} frames, {} were written", written.len());
        assert_eq!(found.records, expected, "other records than were written");
        let end: usize = frames.iter().take(count).map(Vec::len).sum();
        assert_eq!(found.end, end);
        for offset in (end..bytes.len()).step_by(ALIGNMENT) {
            let intact = frames.iter().any(|frame| bytes[offset..].starts_with(frame));
            assert!(!intact, "an intact frame at {offset} was passed over");
        }
    });
}

/// The file of double signings: what is read of it proves them, and it comes back when it is written and read again.
pub fn reports(bytes: &[u8]) {
    let reports = Reports::decode(bytes, &chain(), REPORT_AGAIN);
    let waiting = reports.waiting(Height::new(0));
    assert!(waiting.len() <= REPORTS_MAX);
    for (id, evidence) in &waiting {
        assert_eq!(evidence.id(), *id);
        assert_eq!(evidence.verify(&chain(), &evidence.accused()), Ok(()));
        assert!(may_sign(&evidence.accused()), "a forged accusation");
    }
    let again = Reports::decode(&reports.encode(), &chain(), REPORT_AGAIN);
    assert_eq!(again.waiting(Height::new(0)), waiting);
}
