//! Seller and winner confirm the deal (DE01, DE02, legal period LL07).

use ledger::event::Event;
use ledger::id::CreditCode;
use ledger::procedure::confirmation::ConfirmDeal;
use ledger::record::listing::Stage;
use ledger::time::BlockTime;

use super::{Entry, Moment};
use crate::auditor::books::{Books, Deal, Sides};
use crate::auditor::calendar;
use crate::auditor::code::{Code, Faults};

/// Notes whether the signer is no side of the deal, or has signed before.
pub(super) fn judge_side(deal: &Deal, signed: &Sides, signer: &CreditCode, faults: &mut Faults) {
    let (seller, winner) = (deal.seller == *signer, deal.winner() == Some(signer));
    faults.when(!seller && !winner, Code::NotAParty);
    let before = (seller && signed.seller.is_some()) || (winner && signed.winner.is_some());
    faults.when(before, Code::AlreadySigned);
}

/// Signs for the side that the signer is.
pub(super) fn sign(is_seller: bool, signed: &mut Sides, time: BlockTime) {
    if is_seller {
        signed.seller = Some(time);
    } else {
        signed.winner = Some(time);
    }
}

pub(super) fn judge(act: &ConfirmDeal, moment: &Moment<'_>, faults: &mut Faults) {
    let Some(deal) = moment.deal(&act.listing, &[Stage::Concluded], faults) else { return };
    // The confirmation begins the period for the publication, which must be countable.
    faults.unless(calendar::term(moment.books.rules_of(deal), "LL07", moment.time));
    judge_side(deal, &deal.confirmed, moment.signer, faults);
}

pub(super) fn enter(act: &ConfirmDeal, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let (time, by) = (entry.time, entry.signer.clone());
    let publish_by = calendar::term(books.rules_of(&books.deals[&act.listing]), "LL07", time).ok();
    let mut complete = false;
    books.change_deal(&act.listing, |deal| {
        sign(deal.seller == by, &mut deal.confirmed, time);
        deal.signed.extend(entry.signature());
        complete = deal.confirmed.complete();
        if complete {
            deal.stage = Stage::Confirmed;
            deal.period_ends = publish_by;
        }
    });
    vec![Event::DealConfirmed { listing: act.listing.clone(), by, complete }]
}
