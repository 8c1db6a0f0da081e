//! The hosting centre publishes the result (DE03, legal period LL08).

use ledger::event::Event;
use ledger::procedure::publicity::PublishResult;
use ledger::record::listing::Stage;
use ledger::time::BlockTime;

use super::Moment;
use crate::auditor::books::Books;
use crate::auditor::calendar;
use crate::auditor::code::{Code, Faults};

pub(super) fn judge(act: &PublishResult, moment: &Moment<'_>, faults: &mut Faults) {
    let Some(deal) = moment.deal(&act.listing, &[Stage::Confirmed], faults) else { return };
    faults.unless(calendar::term(moment.books.rules_of(deal), "LL08", moment.time));
    faults.when(deal.notice.centre != *moment.signer, Code::NotTheHost);
}

pub(super) fn enter(act: &PublishResult, books: &mut Books, time: BlockTime) -> Vec<Event> {
    // `judge` has counted the period.
    let rules = books.rules_of(&books.deals[&act.listing]);
    let until = calendar::term(rules, "LL08", time).unwrap_or_default();
    books.change_deal(&act.listing, |deal| {
        deal.stage = Stage::Publicity;
        deal.period_ends = Some(until);
    });
    vec![Event::ResultPublished { listing: act.listing.clone(), until }]
}
