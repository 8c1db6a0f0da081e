//! A guarantor issues a letter of guarantee (GU01 to GU04).

use ledger::event::Event;
use ledger::id::GuaranteeId;
use ledger::procedure::guarantee::IssueGuarantee;
use ledger::record::guarantee::GuaranteeStatus;
use ledger::record::listing::Stage;
use ledger::record::organisation::Role;

use super::{Entry, Moment};
use crate::auditor::books::{Books, Letter};
use crate::auditor::code::{Code, Faults};

pub(super) fn judge(act: &IssueGuarantee, moment: &Moment<'_>, faults: &mut Faults) {
    let deal = moment.deal(&act.listing, &[Stage::Announced, Stage::Listed], faults);
    let id = GuaranteeId { guarantor: moment.signer.clone(), number: act.number.clone() };
    faults.when(moment.books.letters.contains_key(&id), Code::GuaranteeExists);
    faults.when(!moment.books.has_role(&act.applicant, Role::Bidder), Code::ApplicantNotBidder);
    let foreign = deal.is_some_and(|deal| act.amount.currency() != deal.notice.prices.deposit.currency());
    faults.when(act.amount.minor() == 0 || foreign, Code::InvalidGuaranteeAmount);
    faults.when(act.expires_at <= moment.time, Code::GuaranteeAlreadyExpired);
}

pub(super) fn enter(act: &IssueGuarantee, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let (time, guarantor) = (entry.time, entry.signer.clone());
    let guarantee = GuaranteeId { guarantor, number: act.number.clone() };
    let letter = Letter {
        applicant: act.applicant.clone(),
        beneficiary: books.deals[&act.listing].seller.clone(),
        deal: act.listing.clone(),
        amount: act.amount,
        issued_at: time,
        expires_at: act.expires_at,
        status: GuaranteeStatus::Issued,
        certificate: entry.certificate,
        questioned: None,
    };
    books.add_letter(guarantee.clone(), letter);
    let (listing, applicant) = (act.listing.clone(), act.applicant.clone());
    vec![Event::GuaranteeIssued { guarantee, listing, applicant, amount: act.amount }]
}
