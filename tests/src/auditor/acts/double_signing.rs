//! Somebody proves that a validator signed twice (EV01 to EV04).

use std::sync::Arc;

use ledger::certificate::VoteType;
use ledger::codec;
use ledger::crypto::{PublicKey, Signature, verify};
use ledger::event::Event;
use ledger::evidence::{Evidence, SigningKind};
use ledger::id::{ChainId, Height};
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::vote::{SignedProposal, SignedVote};

use super::{Entry, Moment};
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};
use crate::auditor::governance::{DoubleSigning, Place, name};

/// A signed message taken apart.
struct Message {
    place: Place,
    /// What must not differ between two honest messages of one place.
    says: (Option<[u8; 32]>, Option<u32>),
    /// Order among messages of one place: block, then the round it was valid in, then the signature; what is
    /// absent comes first.
    rank: (Option<[u8; 32]>, Option<u32>, [u8; 64]),
    signed: Vec<u8>,
    signature: Signature,
}

impl Message {
    fn of_vote(chain: &ChainId, of: &SignedVote) -> Self {
        let vote = &of.vote;
        let (kind, number) = match vote.vote_type {
            VoteType::Prevote => (SigningKind::Prevote, 1u8),
            VoteType::Precommit => (SigningKind::Precommit, 2u8),
        };
        let block = vote.block_id.map(|id| *id.as_bytes());
        let (height, round) = (vote.height.get(), vote.round);
        let signed = codec::encode(&("zhulian/vote/1", chain.as_str(), number, height, round, vote.block_id));
        Self {
            place: (vote.voter, height, round, kind),
            says: (block, None),
            rank: (block, None, *of.signature.as_bytes()),
            signed,
            signature: of.signature,
        }
    }

    fn of_proposal(chain: &ChainId, of: &SignedProposal) -> Self {
        let proposal = &of.proposal;
        let (block, valid) = (Some(*proposal.block_id.as_bytes()), proposal.valid_round);
        let (height, round) = (proposal.height.get(), proposal.round);
        let signed =
            codec::encode(&("zhulian/proposal/1", chain.as_str(), height, round, valid, proposal.block_id));
        Self {
            place: (proposal.proposer, height, round, SigningKind::Proposal),
            says: (block, valid),
            rank: (block, valid, *of.signature.as_bytes()),
            signed,
            signature: of.signature,
        }
    }

    fn is_authentic(&self, by: &PublicKey) -> bool {
        verify(by, &self.signed, &self.signature).is_ok()
    }
}

fn messages(chain: &ChainId, evidence: &Evidence) -> [Message; 2] {
    match evidence {
        Evidence::Votes { first, second } => {
            [Message::of_vote(chain, first), Message::of_vote(chain, second)]
        }
        Evidence::Proposals { first, second } => {
            [Message::of_proposal(chain, first), Message::of_proposal(chain, second)]
        }
    }
}

/// Where the first of the two messages says that it was signed: that is what the report is about.
fn place(evidence: &Evidence) -> Place {
    match evidence {
        Evidence::Votes { first: SignedVote { vote, .. }, .. } => {
            let kind = match vote.vote_type {
                VoteType::Prevote => SigningKind::Prevote,
                VoteType::Precommit => SigningKind::Precommit,
            };
            (vote.voter, vote.height.get(), vote.round, kind)
        }
        Evidence::Proposals { first: SignedProposal { proposal, .. }, .. } => {
            (proposal.proposer, proposal.height.get(), proposal.round, SigningKind::Proposal)
        }
    }
}

fn proves(evidence: &Evidence, chain: &ChainId) -> bool {
    let [first, second] = messages(chain, evidence);
    let accused = first.place.0;
    first.place == second.place
        && first.says != second.says
        && first.rank < second.rank
        && [first, second].iter().all(|message| message.is_authentic(&accused))
}

pub(super) fn judge(act: &ReportDoubleSigning, moment: &Moment<'_>, faults: &mut Faults) {
    let place = place(&act.evidence);
    let (accused, height, ..) = place;
    faults.when(height == 0 || height > moment.height, Code::EvidenceOfNoHeight);
    let members = moment.books.members_at(height);
    let voted = members.is_some_and(|members| members.values().any(|seat| seat.votes == accused));
    faults.when(!voted, Code::AccusedNotMember);
    faults.when(moment.books.double_signings.contains_key(&name(place)), Code::DoubleSigningRecorded);
    faults.when(!proves(&act.evidence, moment.chain), Code::EvidenceProvesNothing);
}

pub(super) fn enter(act: &ReportDoubleSigning, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let place = place(&act.evidence);
    let ((accused, height, round, kind), id) = (place, name(place));
    let members = books.members_at(height).into_iter().flatten();
    let whose = members.filter(|(_, seat)| seat.votes == accused).map(|(code, _)| code.clone()).next();
    // `judge` has found it.
    let Some(organisation) = whose else { return Vec::new() };
    let record = DoubleSigning {
        evidence: Arc::new(act.evidence.clone()),
        organisation: organisation.clone(),
        reported_by: entry.signer.clone(),
        reported_at: entry.time,
    };
    books.double_signings.insert(id, record);
    let height = Height::new(height);
    vec![Event::DoubleSigningRecorded { double_signing: id, accused, organisation, height, round, kind }]
}
