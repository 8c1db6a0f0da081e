//! Somebody proves that a validator signed twice (EV01 to EV04).

use ledger::crypto::verify;
use ledger::event::Event;
use ledger::evidence::Evidence;
use ledger::id::{ChainId, CreditCode};
use ledger::procedure::double_signing::ReportDoubleSigning;

use super::{Entry, Moment};
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};

pub(super) fn judge(act: &ReportDoubleSigning, moment: &Moment<'_>, faults: &mut Faults) {
    let (evidence, books) = (&act.evidence, moment.books);
    let height = evidence.height().get();
    faults.when(height == 0 || height > moment.height, Code::EvidenceOfNoHeight);
    faults.when(accused(books, evidence).is_none(), Code::AccusedNotMember);
    faults.when(books.double_signings.contains_key(&evidence.id()), Code::DoubleSigningRecorded);
    faults.when(!proves(evidence, moment.chain), Code::EvidenceProvesNothing);
}

/// The organisation for which the accused key voted at that height.
fn accused(books: &Books, evidence: &Evidence) -> Option<CreditCode> {
    let (_, members) = books.eras.range(..=evidence.height().get()).next_back()?;
    let key = evidence.accused();
    members.values().find(|member| member.public_key == key).map(|member| member.organisation.clone())
}

/// Whether one key signed two messages of which it may sign one.
fn proves(evidence: &Evidence, chain: &ChainId) -> bool {
    match evidence {
        Evidence::Votes { first, second } => {
            let (a, b) = (&first.vote, &second.vote);
            let signed = [(a, first), (b, second)]
                .iter()
                .all(|(vote, of)| verify(&a.voter, &vote.sign_bytes(chain), &of.signature).is_ok());
            a.voter == b.voter
                && (a.height, a.round, a.vote_type) == (b.height, b.round, b.vote_type)
                && a.block_id != b.block_id
                && first < second
                && signed
        }
        Evidence::Proposals { first, second } => {
            let (a, b) = (&first.proposal, &second.proposal);
            let signed = [(a, first), (b, second)]
                .iter()
                .all(|(one, of)| verify(&a.proposer, &one.sign_bytes(chain), &of.signature).is_ok());
            a.proposer == b.proposer
                && (a.height, a.round) == (b.height, b.round)
                && (a.block_id != b.block_id || a.valid_round != b.valid_round)
                && first < second
                && signed
        }
    }
}

pub(super) fn enter(act: &ReportDoubleSigning, books: &mut Books, at: Entry, by: CreditCode) -> Vec<Event> {
    let evidence = &act.evidence;
    // `judge` has found it.
    let Some(organisation) = accused(books, evidence) else { return Vec::new() };
    let double_signing = evidence.id();
    books.double_signings.insert(double_signing, (organisation.clone(), (by, at.time)));
    vec![Event::DoubleSigningRecorded {
        double_signing,
        accused: evidence.accused(),
        organisation,
        height: evidence.height(),
        round: evidence.round(),
        kind: evidence.kind(),
    }]
}
