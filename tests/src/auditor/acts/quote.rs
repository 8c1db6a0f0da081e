//! A qualified bidder quotes (QU01 to QU05, legal period LL05).

use ledger::event::Event;
use ledger::procedure::quote::SubmitQuote;
use ledger::record::listing::Stage;

use super::{Entry, Moment};
use crate::auditor::books::{Books, Quote};
use crate::auditor::calendar;
use crate::auditor::code::{Code, Faults};

pub(super) fn judge(act: &SubmitQuote, moment: &Moment<'_>, faults: &mut Faults) {
    let Some(deal) = moment.deal(&act.listing, &[Stage::Listed, Stage::TimedBidding], faults) else { return };
    match deal.bidders.get(moment.signer) {
        None => faults.when(true, Code::NotQualified),
        Some(bidder) => {
            let late = deal.stage == Stage::TimedBidding && bidder.quotes == 0;
            faults.when(late, Code::NotInTimedBidding);
        }
    }
    let prices = &deal.notice.prices;
    if act.price.currency() != prices.starting.currency() {
        faults.when(true, Code::QuoteCurrency);
        return;
    }
    faults.when(act.price.minor() < prices.starting.minor(), Code::QuoteBelowStart);
    if let Some((_, best)) = deal.best() {
        let least = best.price.minor() + prices.increment.minor();
        faults.when(act.price.minor() < least, Code::QuoteBelowIncrement);
    }
}

pub(super) fn enter(act: &SubmitQuote, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let (listing, price) = (act.listing.clone(), act.price);
    let Entry { time, certificate, .. } = *entry;
    let bidder = entry.signer.clone();
    let mut events = Vec::new();
    books.change_deal(&act.listing, |deal| {
        deal.quotes.push(Quote { bidder: bidder.clone(), price, at: time, certificate, struck: None });
        if let Some(entry) = deal.bidders.get_mut(&bidder) {
            entry.quotes += 1;
        }
        let number = u32::try_from(deal.quotes.len()).unwrap_or(u32::MAX);
        events.push(Event::QuoteRecorded { listing: listing.clone(), bidder, price, number });
        // A quote near the end of timed bidding moves the end; one that is not near leaves it.
        let moved = calendar::later(time, deal.extension);
        if deal.stage == Stage::TimedBidding && deal.period_ends.is_some_and(|end| moved > end) {
            deal.period_ends = Some(moved);
            events.push(Event::TimedBiddingExtended { listing, ends_at: moved });
        }
    });
    events
}
