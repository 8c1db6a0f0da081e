//! Seller and winner record the contract (DE01, DE02, DE04).

use ledger::event::Event;
use ledger::procedure::contract::RecordContract;
use ledger::record::guarantee::ReleaseGround;
use ledger::record::listing::Stage;

use super::{Entry, Moment, confirmation};
use crate::auditor::books::{Books, Sides};
use crate::auditor::code::{Code, Faults};
use crate::auditor::due;

pub(super) fn judge(act: &RecordContract, moment: &Moment<'_>, faults: &mut Faults) {
    let Some(deal) = moment.deal(&act.listing, &[Stage::Publicised], faults) else { return };
    let (document, signed) = deal.contract.unwrap_or((act.document, Sides::default()));
    confirmation::judge_side(deal, &signed, moment.signer, faults);
    faults.when(document != act.document, Code::ContractDiffers);
}

pub(super) fn enter(act: &RecordContract, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let (time, by) = (entry.time, entry.signer.clone());
    let mut winners = None;
    books.change_deal(&act.listing, |deal| {
        let (document, mut signed) = deal.contract.unwrap_or((act.document, Sides::default()));
        confirmation::sign(deal.seller == by, &mut signed, time);
        deal.contract = Some((document, signed));
        deal.signed.extend(entry.signature());
        if signed.complete() {
            deal.stage = Stage::Contracted;
            deal.period_ends = None;
            winners = deal.winner().and_then(|winner| deal.bidders.get(winner)).map(|b| b.letter.clone());
        }
    });
    let (listing, complete) = (act.listing.clone(), winners.is_some());
    let signed = Event::ContractSigned { listing, by, complete };
    let released = winners.and_then(|letter| due::release(books, time, letter, ReleaseGround::Contract));
    std::iter::once(signed).chain(released).collect()
}
