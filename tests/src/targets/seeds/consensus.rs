//! Votes, proposals, certificates and logs of four voters, signed for real.

use consensus::message::{
    PolkaCertificate, Proposal, RoundCertificate, RoundCertificateKind, RoundVote, SignedProposal,
    SignedVote, Vote,
};
use consensus::{Evidence, Message};
use ledger::block::{self, Block, Header};
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType};
use ledger::id::Height;
use node::reports::{REPORT_AGAIN, Reports};

use super::super::replica::{LOG_HEIGHT, frames};
use super::super::{chain, key};
use super::{Seed, format, seed};

pub(in crate::targets) fn empty_block() -> Block {
    let header = Header::decode(&format("header")).expect("a pinned header");
    Block { header, transactions: Vec::new() }
}

/// The bytes of the block that the seeds vote for.
pub(in crate::targets) fn block_bytes() -> Vec<u8> {
    empty_block().encode()
}

/// Its id.
pub(in crate::targets) fn block_id() -> block::Id {
    empty_block().header.id()
}

/// A vote, signed by the key of a name.
pub(in crate::targets) fn signed_vote(
    voter: &str,
    height: Height,
    round: u32,
    vote_type: VoteType,
    block_id: Option<block::Id>,
) -> SignedVote {
    let voter = key(voter);
    let vote = Vote { height, round, vote_type, voter: voter.public_key(), block_id };
    let signature = voter.sign(&vote.sign_bytes(&chain()));
    SignedVote { vote, signature }
}

/// A proposal of the seeds' block, signed by the key of a name.
pub(in crate::targets) fn signed_proposal(
    proposer: &str,
    height: Height,
    round: u32,
    valid_round: Option<u32>,
) -> SignedProposal {
    let proposer = key(proposer);
    let proposal =
        Proposal { height, round, block_id: block_id(), proposer: proposer.public_key(), valid_round };
    let signature = proposer.sign(&proposal.sign_bytes(&chain()));
    SignedProposal { proposal, signature }
}

fn signatures(
    count: usize,
    height: Height,
    vote_type: VoteType,
    block_id: block::Id,
) -> Vec<CommitSignature> {
    let vote = |i| signed_vote(&format!("voter {i}"), height, 0, vote_type, Some(block_id));
    let mut all: Vec<CommitSignature> = (0..count)
        .map(vote)
        .map(|vote| CommitSignature { public_key: vote.vote.voter, signature: vote.signature })
        .collect();
    all.sort_by_key(|one| one.public_key);
    all
}

/// Three prevotes for the seeds' block.
pub(in crate::targets) fn polka(height: Height) -> PolkaCertificate {
    let signatures = signatures(3, height, VoteType::Prevote, block_id());
    PolkaCertificate { height, round: 0, block_id: block_id(), signatures }
}

pub(super) fn certificate(count: usize) -> CommitCertificate {
    certify(count, LOG_HEIGHT, block_id())
}

/// A certificate of so many voters for a block.
pub(in crate::targets) fn certify(count: usize, height: Height, block_id: block::Id) -> CommitCertificate {
    let signatures = signatures(count, height, VoteType::Precommit, block_id);
    CommitCertificate { height, round: 0, block_id, signatures }
}

pub(super) fn messages() -> Vec<(&'static str, Message)> {
    let (height, id) = (LOG_HEIGHT, block_id());
    let vote = |voter: &str, block| signed_vote(voter, height, 0, VoteType::Prevote, block);
    let round_vote = |i: usize| {
        let SignedVote { vote, signature } = vote(&format!("voter {i}"), i.is_multiple_of(2).then_some(id));
        RoundVote { vote_type: vote.vote_type, voter: vote.voter, signature, block_id: vote.block_id }
    };
    let votes: Vec<RoundVote> = (0..3).map(round_vote).collect();
    let round = |kind| Message::Round(RoundCertificate { height, round: 0, kind, votes: votes.clone() });
    vec![
        ("proposal", Message::Proposal(signed_proposal("voter 1", height, 0, None))),
        ("proposal again", Message::Proposal(signed_proposal("voter 1", height, 2, Some(0)))),
        ("vote", Message::Vote(vote("voter 0", Some(id)))),
        ("vote for nil", Message::Vote(vote("voter 1", None))),
        ("vote again", Message::VoteAgain(vote("voter 2", Some(id)))),
        ("block", Message::Block { height, round: 0, block_id: id, body: block_bytes().into() }),
        ("want block", Message::WantBlock { height, round: 1, block_id: id }),
        ("polka", Message::Polka(polka(height))),
        ("skip", round(RoundCertificateKind::Skip)),
        ("precommits", round(RoundCertificateKind::Precommit)),
        ("commit", Message::Commit(certificate(4))),
    ]
}

pub(super) fn evidence() -> Vec<(&'static str, Evidence)> {
    let vote = |block| signed_vote("voter 3", LOG_HEIGHT, 0, VoteType::Precommit, block);
    let proposal = |valid_round| signed_proposal("voter 3", LOG_HEIGHT, 3, valid_round);
    vec![
        ("votes", Evidence::votes(vote(None), vote(Some(block_id())))),
        ("one vote twice", Evidence::votes(vote(None), vote(None))),
        ("proposals", Evidence::proposals(proposal(None), proposal(Some(1)))),
    ]
}

pub(super) fn reports() -> Vec<Seed> {
    let file = |which: &[&Evidence]| {
        let mut reports = Reports::new(REPORT_AGAIN);
        which.iter().for_each(|one| assert!(reports.note((*one).clone()), "one of each kind"));
        reports.encode()
    };
    let evidence = evidence();
    let (votes, proposals) = (&evidence[0].1, &evidence[2].1);
    vec![
        seed("none", file(&[])),
        seed("one", file(&[votes])),
        seed("two", file(&[votes, proposals])),
        seed("no proof", file(&[&evidence[1].1])),
    ]
}

pub(super) fn logs() -> Vec<Seed> {
    let own = frames(LOG_HEIGHT);
    let older = frames(Height::new(LOG_HEIGHT.get() - 1));
    let whole = own.concat();
    let torn = whole[..whole.len() - 300].to_vec();
    let mut damaged = whole.clone();
    damaged[own[0].len() + 60] ^= 1;
    vec![
        seed("nothing", vec![0; 1024]),
        seed("whole", whole.clone()),
        seed("torn", torn),
        seed("damaged in the middle", damaged),
        seed("an older height behind", [&own[0], &own[1], &older[2], &older[3]].map(Vec::as_slice).concat()),
        seed("an older height", older.concat()),
    ]
}
