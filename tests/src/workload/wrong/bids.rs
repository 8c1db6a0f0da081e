//! Wrong quotes.

use ledger::action::Action;
use ledger::id::{CreditCode, DealCode};
use ledger::procedure::quote::SubmitQuote;
use ledger::record::listing::Stage;
use ledger::record::organisation::Role;

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene, fen};

const BIDDING: [Stage; 2] = [Stage::Listed, Stage::TimedBidding];

fn quote(hand: &mut Hand, scene: &Scene<'_>, who: &CreditCode, code: &DealCode, minor: u64) -> Option<Draw> {
    let act = SubmitQuote { listing: code.clone(), price: fen(minor) };
    hand.act(scene, who, Action::SubmitQuote(act))
}

pub(super) fn not_qualified(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (code, deal) = hand.deal_at(scene, &BIDDING)?;
    let who = hand
        .someone_of(scene, |code, roles| roles.contains(&Role::Bidder) && !deal.bidders.contains_key(code))?;
    let minor = hand.chance.below(4_000_000_000);
    quote(hand, scene, &who, code, minor)
}

pub(super) fn not_in_timed_bidding(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (code, deal) = hand.deal_at(scene, &[Stage::TimedBidding])?;
    let (who, _) = deal.bidders.iter().find(|(_, bidder)| bidder.quotes == 0)?;
    let minor = deal.best()?.1.price.minor() + deal.notice.prices.increment.minor();
    quote(hand, scene, who, code, minor)
}

/// A bidder that may quote.
fn bidder<'a>(
    hand: &mut Hand,
    scene: &Scene<'a>,
    quoted: bool,
) -> Option<(&'a DealCode, &'a crate::auditor::books::Deal, CreditCode)> {
    let (code, deal) = hand.deal(scene, |deal| {
        BIDDING.contains(&deal.stage) && deal.bidders.values().any(|b| b.quotes > 0 || !quoted)
    })?;
    let (who, _) = deal.bidders.iter().find(|(_, b)| b.quotes > 0 || !quoted)?;
    Some((code, deal, who.clone()))
}

pub(super) fn below_start(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (code, deal, who) = bidder(hand, scene, false)?;
    let starting = deal.notice.prices.starting.minor();
    let minor = if hand.chance.happens(50) { starting - 1 } else { hand.chance.below(starting) };
    quote(hand, scene, &who, code, minor)
}

pub(super) fn below_increment(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (code, deal, who) = bidder(hand, scene, true)?;
    let best = deal.best()?.1.price.minor();
    let short = hand.chance.below(deal.notice.prices.increment.minor());
    let minor = if hand.chance.happens(50) { best + short } else { best };
    quote(hand, scene, &who, code, minor)
}
