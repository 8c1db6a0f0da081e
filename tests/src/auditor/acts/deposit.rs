//! A bidder deposits its letter and so qualifies (GU05 to GU12).

use ledger::event::Event;
use ledger::id::CreditCode;
use ledger::procedure::qualification::DepositGuarantee;
use ledger::record::guarantee::GuaranteeStatus;
use ledger::record::listing::Stage;
use ledger::time::BlockTime;

use super::Moment;
use crate::auditor::books::{Bidder, Books};
use crate::auditor::code::{Code, Faults};

pub(super) fn judge(act: &DepositGuarantee, moment: &Moment<'_>, faults: &mut Faults) {
    let deal = moment.deal(&act.listing, &[Stage::Announced, Stage::Listed], faults);
    let letter = moment.books.letters.get(&act.guarantee);
    faults.when(letter.is_none(), Code::GuaranteeUnknown);
    if let Some(letter) = letter {
        faults.when(letter.applicant != *moment.signer, Code::NotTheApplicant);
        faults.when(letter.deal != act.listing, Code::WrongListing);
        faults.when(letter.status != GuaranteeStatus::Issued, Code::GuaranteeUsed);
    }
    if let Some(deal) = deal {
        faults.when(deal.bidders.contains_key(moment.signer), Code::AlreadyQualified);
        faults.when(deal.seller == *moment.signer, Code::SellerMayNotBid);
    }
    if let (Some(letter), Some(deal)) = (letter, deal) {
        let deposit = deal.notice.prices.deposit;
        let covers =
            letter.amount.currency() == deposit.currency() && letter.amount.minor() >= deposit.minor();
        faults.when(!covers, Code::GuaranteeTooSmall);
        faults.when(letter.expires_at < deal.letters_until, Code::GuaranteeTooShort);
    }
}

pub(super) fn enter(
    act: &DepositGuarantee,
    books: &mut Books,
    time: BlockTime,
    bidder: CreditCode,
) -> Vec<Event> {
    books.change_letter(&act.guarantee, |letter| letter.status = GuaranteeStatus::Deposited);
    let entry = Bidder { letter: act.guarantee.clone(), since: time, quotes: 0 };
    books.change_deal(&act.listing, |deal| drop(deal.bidders.insert(bidder.clone(), entry)));
    vec![Event::BidderQualified { listing: act.listing.clone(), bidder, guarantee: act.guarantee.clone() }]
}
