//! The beneficiary releases a letter (GU05, GU08, GU13, GU14).

use ledger::event::Event;
use ledger::procedure::release::ReleaseGuarantee;
use ledger::record::guarantee::{GuaranteeStatus, ReleaseGround};
use ledger::record::listing::Stage;
use ledger::time::BlockTime;

use super::Moment;
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};
use crate::auditor::due;

/// After the bidding has ended.
const STAGES: [Stage; 7] = [
    Stage::Concluded,
    Stage::Confirmed,
    Stage::Publicity,
    Stage::Publicised,
    Stage::Contracted,
    Stage::Failed,
    Stage::Lapsed,
];
/// Stages in which the winner is still bound.
const BOUND: [Stage; 4] = [Stage::Concluded, Stage::Confirmed, Stage::Publicity, Stage::Publicised];

pub(super) fn judge(act: &ReleaseGuarantee, moment: &Moment<'_>, faults: &mut Faults) {
    let Some(letter) = moment.books.letters.get(&act.guarantee) else {
        faults.when(true, Code::GuaranteeUnknown);
        return;
    };
    let deal = moment.deal(&letter.deal, &STAGES, faults);
    faults.when(letter.is_over(), Code::GuaranteeUsed);
    faults.when(letter.beneficiary != *moment.signer, Code::NotTheBeneficiary);
    // A letter of the winner's that was never deposited secures nothing.
    let secures = letter.status == GuaranteeStatus::Deposited;
    let winners =
        deal.is_some_and(|deal| BOUND.contains(&deal.stage) && deal.winner() == Some(&letter.applicant));
    faults.when(secures && winners, Code::WinnersGuarantee);
}

pub(super) fn enter(act: &ReleaseGuarantee, books: &mut Books, time: BlockTime) -> Vec<Event> {
    due::release(books, time, act.guarantee.clone(), ReleaseGround::Beneficiary).into_iter().collect()
}
