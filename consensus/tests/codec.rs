//! Messages and evidence as bytes: round trips, and everything else refused.

mod support;

use std::sync::Arc;

use consensus::error::DecodeError;
use consensus::message::{
    BODY_BYTES_MAX, MESSAGE_BYTES_MAX, PolkaCertificate, ROUND_MAX, RoundCertificate, RoundCertificateKind,
    RoundVote,
};
use consensus::{Evidence, Message};
use ledger::block;
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType};
use ledger::crypto::SigningKey;
use ledger::evidence::EvidenceError;
use ledger::id::{ChainId, Height};
use support::{Rng, chain_id, keys, make_body, signed_proposal, signed_vote};

fn commit_signature(key: &SigningKey, id: block::Id) -> CommitSignature {
    let vote = signed_vote(key, 3, 1, VoteType::Prevote, Some(id));
    CommitSignature { public_key: vote.vote.voter, signature: vote.signature }
}

fn messages(signers: usize) -> Vec<Message> {
    let all = keys(signers);
    let key = &all[0];
    let (id, body) = make_body(Height::new(3), 1, 0);
    let height = Height::new(3);
    let signatures: Vec<CommitSignature> = all.iter().map(|key| commit_signature(key, id)).collect();
    let round_vote = |(i, one): (usize, &CommitSignature)| RoundVote {
        vote_type: if i % 2 == 0 { VoteType::Prevote } else { VoteType::Precommit },
        voter: one.public_key,
        signature: one.signature,
        block_id: (i % 3 != 0).then_some(id),
    };
    let votes: Vec<RoundVote> = signatures.iter().enumerate().map(round_vote).collect();
    vec![
        Message::Proposal(signed_proposal(key, 3, 1, id, None)),
        Message::Proposal(signed_proposal(key, 3, 1, id, Some(0))),
        Message::Vote(signed_vote(key, 3, 1, VoteType::Prevote, Some(id))),
        Message::Vote(signed_vote(key, u64::MAX, ROUND_MAX, VoteType::Precommit, None)),
        Message::VoteAgain(signed_vote(key, 3, 1, VoteType::Prevote, None)),
        Message::Block { height, round: 1, block_id: id, body },
        Message::Block { height, round: 0, block_id: id, body: Arc::from([0u8; 0].as_slice()) },
        Message::WantBlock { height, round: 1, block_id: id },
        Message::Polka(PolkaCertificate { height, round: 1, block_id: id, signatures: signatures.clone() }),
        Message::Round(RoundCertificate {
            height,
            round: 1,
            kind: RoundCertificateKind::Skip,
            votes: votes.clone(),
        }),
        Message::Round(RoundCertificate { height, round: 1, kind: RoundCertificateKind::Precommit, votes }),
        Message::Commit(CommitCertificate { height, round: 1, block_id: id, signatures }),
    ]
}

#[test]
fn messages_come_back_as_they_were() {
    for signers in [1, 4, 30, 128] {
        for message in messages(signers) {
            let bytes = message.encode();
            assert_eq!(Message::decode(&bytes), Ok(message));
        }
    }
}

#[test]
fn every_truncation_and_every_tail_is_refused() {
    for message in messages(4) {
        let bytes = message.encode();
        for length in 0..bytes.len() {
            assert_eq!(
                Message::decode(&bytes[..length]),
                Err(DecodeError::Malformed),
                "{message:?} cut to {length}"
            );
        }
        for tail in [0x00, 0xf6, 0xff] {
            let longer = [bytes.as_slice(), &[tail]].concat();
            assert_eq!(Message::decode(&longer), Err(DecodeError::NotCanonical), "{message:?}");
        }
    }
}

#[test]
fn what_decodes_encodes_to_the_same_bytes() {
    let mut rng = Rng(3);
    for message in messages(4) {
        let bytes = message.encode();
        for _ in 0..3_000 {
            let mut changed = bytes.clone();
            let position = rng.below(changed.len() as u64) as usize;
            changed[position] = rng.next() as u8;
            if let Ok(read) = Message::decode(&changed) {
                assert_eq!(read.encode(), changed);
            }
        }
    }
}

#[test]
fn indefinite_lengths_are_refused() {
    // From 24 elements on, an indefinite array is exactly as long as a definite one.
    let (id, _) = make_body(Height::new(3), 1, 0);
    let signatures = keys(30).iter().map(|key| commit_signature(key, id)).collect();
    let polka = PolkaCertificate { height: Height::new(3), round: 1, block_id: id, signatures };
    let bytes = Message::Polka(polka).encode();
    let head = bytes.windows(2).position(|pair| pair == [0x98, 30]).expect("an array of 30");
    let indefinite = [&bytes[..head], &[0x9f], &bytes[head + 2..], &[0xff]].concat();
    assert_eq!(indefinite.len(), bytes.len());
    assert_eq!(Message::decode(&indefinite), Err(DecodeError::NotCanonical));
}

#[test]
fn sizes_above_their_bounds_are_refused() {
    let (id, _) = make_body(Height::new(3), 1, 0);
    let height = Height::new(3);
    let key = &keys(1)[0];
    let one = commit_signature(key, id);
    let vote = RoundVote {
        vote_type: VoteType::Prevote,
        voter: one.public_key,
        signature: one.signature,
        block_id: None,
    };
    let block =
        |length: usize| Message::Block { height, round: 0, block_id: id, body: vec![7; length].into() };
    let proposal = |round, valid_round| Message::Proposal(signed_proposal(key, 3, round, id, valid_round));
    let cases = [
        ("round", proposal(ROUND_MAX + 1, None)),
        ("round", proposal(u32::MAX, None)),
        ("round", proposal(1, Some(ROUND_MAX + 1))),
        ("round", Message::Vote(signed_vote(key, 3, u32::MAX, VoteType::Prevote, None))),
        ("round", Message::WantBlock { height, round: u32::MAX, block_id: id }),
        ("body length", block(BODY_BYTES_MAX + 1)),
        ("message length", block(MESSAGE_BYTES_MAX)),
        (
            "number of signatures",
            Message::Polka(PolkaCertificate { height, round: 1, block_id: id, signatures: vec![one; 129] }),
        ),
        (
            "number of signatures",
            Message::Commit(CommitCertificate { height, round: 1, block_id: id, signatures: vec![one; 129] }),
        ),
        (
            "number of signatures",
            Message::Round(RoundCertificate {
                height,
                round: 1,
                kind: RoundCertificateKind::Skip,
                votes: vec![vote.clone(); 129],
            }),
        ),
        (
            "message length",
            Message::Round(RoundCertificate {
                height,
                round: 1,
                kind: RoundCertificateKind::Skip,
                votes: vec![vote; 1000],
            }),
        ),
    ];
    for (expected, message) in cases {
        match Message::decode(&message.encode()) {
            Err(DecodeError::OutOfBounds { what, .. }) => assert_eq!(what, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
    assert!(Message::decode(&block(BODY_BYTES_MAX).encode()).is_ok());
}

#[test]
fn lengths_that_promise_too_much_are_refused() {
    // A block whose byte string claims 2^63 bytes, and a certificate that claims 2^32 signatures.
    let (id, _) = make_body(Height::new(3), 1, 0);
    let block = Message::WantBlock { height: Height::new(3), round: 0, block_id: id }.encode();
    let mut huge_body = block.clone();
    huge_body[1] = 4;
    huge_body[2] = 0x84;
    huge_body.extend([0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(Message::decode(&huge_body), Err(DecodeError::Malformed));
    let mut huge_array = block;
    huge_array[1] = 6;
    huge_array[2] = 0x81;
    huge_array.insert(3, 0x84);
    huge_array.extend([0x9a, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(Message::decode(&huge_array), Err(DecodeError::Malformed));
}

#[test]
fn signed_bytes_are_bound_to_chain_height_round_and_block() {
    let key = &keys(1)[0];
    let (id, _) = make_body(Height::new(3), 1, 0);
    let (other, _) = make_body(Height::new(3), 1, 1);
    let base = signed_proposal(key, 3, 1, id, None);
    assert!(base.is_authentic(&chain_id()));
    let elsewhere: ChainId = "test/0123456789abcdee".parse().expect("a chain id");
    assert!(!base.is_authentic(&elsewhere));
    for (height, round, block_id, valid_round) in
        [(4, 1, id, None), (3, 2, id, None), (3, 1, other, None), (3, 1, id, Some(0))]
    {
        let mut changed = signed_proposal(key, height, round, block_id, valid_round);
        changed.signature = base.signature;
        assert!(!changed.is_authentic(&chain_id()));
    }
}

#[test]
fn evidence_proves_only_contradictions() {
    let all = keys(2);
    let (key, stranger) = (&all[0], &all[1]);
    let (id, _) = make_body(Height::new(3), 1, 0);
    let (other, _) = make_body(Height::new(3), 1, 1);
    let vote = |key, round, vote_type, id| signed_vote(key, 3, round, vote_type, id);
    let (prevote, precommit) = (VoteType::Prevote, VoteType::Precommit);
    let votes = Evidence::votes;
    let mut forged = vote(key, 1, prevote, Some(other));
    forged.signature = vote(key, 1, prevote, Some(id)).signature;
    let proposals = |a: (u32, block::Id, Option<u32>), b: (u32, block::Id, Option<u32>)| {
        Evidence::proposals(signed_proposal(key, 3, a.0, a.1, a.2), signed_proposal(key, 3, b.0, b.1, b.2))
    };
    let cases = [
        (votes(vote(key, 1, prevote, Some(id)), vote(key, 1, prevote, Some(other))), Ok(())),
        (votes(vote(key, 1, prevote, None), vote(key, 1, prevote, Some(other))), Ok(())),
        (votes(vote(key, 1, precommit, Some(id)), vote(key, 1, precommit, None)), Ok(())),
        (
            votes(vote(key, 1, prevote, Some(id)), vote(key, 1, prevote, Some(id))),
            Err(EvidenceError::NotConflicting),
        ),
        (
            votes(vote(key, 1, prevote, Some(id)), vote(key, 1, precommit, None)),
            Err(EvidenceError::NotConflicting),
        ),
        (
            votes(vote(key, 1, prevote, Some(id)), vote(key, 2, prevote, None)),
            Err(EvidenceError::NotConflicting),
        ),
        (
            votes(vote(key, 1, prevote, Some(id)), vote(stranger, 1, prevote, None)),
            Err(EvidenceError::WrongSigner),
        ),
        (
            votes(vote(stranger, 1, prevote, Some(id)), vote(stranger, 1, prevote, None)),
            Err(EvidenceError::WrongSigner),
        ),
        (votes(vote(key, 1, prevote, Some(id)), forged), Err(EvidenceError::BadSignature)),
        (proposals((1, id, None), (1, other, None)), Ok(())),
        (proposals((1, id, None), (1, id, Some(0))), Ok(())),
        (proposals((1, id, None), (1, id, None)), Err(EvidenceError::NotConflicting)),
        (proposals((1, id, None), (2, other, None)), Err(EvidenceError::NotConflicting)),
    ];
    for (i, (evidence, expected)) in cases.into_iter().enumerate() {
        assert_eq!(evidence.verify(&chain_id(), &key.public_key()), expected, "case {i}");
        let bytes = evidence.encode();
        assert_eq!(Evidence::decode(&bytes), Ok(evidence), "case {i}");
        (0..bytes.len()).for_each(|length| assert!(Evidence::decode(&bytes[..length]).is_err()));
    }
}
