//! A seller publishes a listing (LI02 to LI10, legal periods LL01 to LL05 and LL11).

use std::collections::BTreeSet;

use ledger::event::Event;
use ledger::procedure::listing::PublishListing;
use ledger::record::listing::Stage;
use ledger::record::organisation::Role;

use super::{Entry, Moment};
use crate::auditor::books::{Books, Deal, Sides};
use crate::auditor::code::{Code, Faults};
use crate::auditor::{calendar, numbering};

const MOST_DOCUMENTS: usize = 16;

pub(super) fn judge(act: &PublishListing, moment: &Moment<'_>, faults: &mut Faults) {
    let (books, rules) = (moment.books, moment.books.rules());
    faults.when(!books.has_role(&act.centre, Role::Centre), Code::CentreUnknown);
    faults.when(!resource_is_good(act), Code::InvalidResource);
    faults.when(!prices_are_good(act), Code::InvalidPrices);
    if let Some(share) = faults.unless(calendar::permille(rules, "LL03", moment.time)) {
        let (deposit, reserve) = (act.prices.deposit.minor(), act.prices.reserve.minor());
        let too_low = u128::from(deposit) * 1_000 < u128::from(reserve) * u128::from(share);
        faults.when(too_low, Code::DepositTooLow);
    }
    if let Some(earliest) = faults.unless(calendar::minimum(rules, "LL01", moment.time)) {
        faults.when(act.opens_at < earliest, Code::NoticeTooShort);
    }
    if let Some(earliest) = faults.unless(calendar::minimum(rules, "LL02", act.opens_at)) {
        faults.when(act.closes_at < earliest, Code::ListingTooShort);
    }
    faults.unless(calendar::minimum(rules, "LL11", act.closes_at));
    faults.unless(calendar::minutes(rules, "LL04", moment.time));
    faults.unless(calendar::minutes(rules, "LL05", moment.time));
    let used = books.numbered.get(&(act.centre.clone(), calendar::day_of(moment.time))).copied();
    faults.when(used.unwrap_or(0) >= numbering::MOST_A_DAY, Code::DealSequenceUsedUp);
}

fn resource_is_good(act: &PublishListing) -> bool {
    let resource = &act.resource;
    let different: BTreeSet<_> = resource.documents.iter().collect();
    resource.area_dm2 > 0
        && resource.term_years >= 1
        && resource.term_years <= 70
        && resource.documents.len() <= MOST_DOCUMENTS
        && different.len() == resource.documents.len()
}

fn prices_are_good(act: &PublishListing) -> bool {
    let prices = &act.prices;
    let all = [prices.starting, prices.reserve, prices.increment, prices.deposit];
    all.iter().all(|amount| amount.minor() != 0 && amount.currency() == prices.starting.currency())
        && prices.starting.minor() <= prices.reserve.minor()
}

pub(super) fn enter(act: &PublishListing, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let (time, seller) = (entry.time, entry.signer.clone());
    let day = calendar::day_of(time);
    let number = books.numbered.entry((act.centre.clone(), day)).or_default();
    *number += 1;
    let Some(listing) = numbering::deal_code(&act.centre, day, *number) else { return Vec::new() };
    let rules = books.rules();
    // None of these fails: `judge` has asked for each.
    let timed_bidding = calendar::minutes(rules, "LL04", time).unwrap_or_default();
    let extension = calendar::minutes(rules, "LL05", time).unwrap_or_default();
    let letters_until = calendar::minimum(rules, "LL11", act.closes_at).unwrap_or_default();
    let deal = Deal {
        notice: act.clone(),
        seller: seller.clone(),
        published_at: time,
        pack: books.pack.clone(),
        timed_bidding,
        extension,
        letters_until,
        stage: Stage::Announced,
        period_ends: Some(act.opens_at),
        return_by: None,
        bidders: Default::default(),
        quotes: Vec::new(),
        confirmed: Sides::default(),
        contract: None,
        ended: None,
        signed: entry.signature().into_iter().collect(),
        questioned: BTreeSet::new(),
    };
    books.add_deal(listing.clone(), deal);
    vec![Event::ListingPublished { listing, seller, opens_at: act.opens_at, closes_at: act.closes_at }]
}
