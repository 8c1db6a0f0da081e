//! From sheets to candidates: the ranking, as every node computes it.
//!
//! A bid is rejected when more than half of the members say so. Points for the price are its weight times the lowest price by
//! the bid's price; for the other parts, what the members give on average; all rounded down to hundredths of a point. The
//! lowest price among them is that of the bids that stand. Equal scores go to the lower price, then to the higher technical
//! points, then to the envelope that came first.

use crate::amount::Amount;
use crate::record::bid::OpenedBid;
use crate::record::evaluation::{Candidate, Mark, Sheet};
use crate::record::tender::Method;

/// What the members think of the bid at a place of the list.
fn marks(sheets: &[Sheet], at: usize) -> impl Iterator<Item = &Mark> {
    sheets.iter().filter_map(move |sheet| sheet.marks.get(at))
}

fn stands(sheets: &[Sheet], at: usize) -> bool {
    let against = marks(sheets, at).filter(|mark| mark.rejected.is_some()).count();
    against.saturating_mul(2) <= sheets.len()
}

/// How many bids stand.
pub(super) fn standing(bids: &[OpenedBid], sheets: &[Sheet]) -> usize {
    (0..bids.len()).filter(|at| stands(sheets, *at)).count()
}

/// The average of what the members who do not reject the bid give.
fn average(sheets: &[Sheet], at: usize, part: impl Fn(&Mark) -> u32) -> u32 {
    let given = marks(sheets, at).filter(|mark| mark.rejected.is_none());
    let (sum, count) = given.fold((0u64, 0u64), |(sum, count), mark| {
        (sum.saturating_add(u64::from(part(mark))), count.saturating_add(1))
    });
    sum.checked_div(count).and_then(|average| u32::try_from(average).ok()).unwrap_or(0)
}

/// Points for a price: `weight * lowest / price`.
fn price_points(weight: u32, lowest: Amount, price: Amount) -> u32 {
    let scaled = u128::from(weight).saturating_mul(u128::from(lowest.minor()));
    let points = scaled.checked_div(u128::from(price.minor()));
    points.and_then(|points| u32::try_from(points).ok()).unwrap_or(0)
}

/// The candidates for a lot, the best first, at most `most`. Sheets have a mark for each bid, in the order of the bids.
pub(super) fn candidates(
    method: Method,
    lot: u32,
    bids: &[OpenedBid],
    sheets: &[Sheet],
    most: usize,
) -> Vec<Candidate> {
    let offers = bids.iter().enumerate().filter(|(at, _)| stands(sheets, *at));
    let priced = offers.filter_map(|(at, bid)| {
        let price = bid.offer.prices.iter().find(|price| price.lot == lot)?.price;
        Some((at, bid, price))
    });
    let priced: Vec<_> = priced.collect();
    let Some(lowest) = priced.iter().map(|(_, _, price)| *price).min_by_key(|price| price.minor()) else {
        return Vec::new();
    };
    let mut ranked: Vec<_> = priced
        .into_iter()
        .map(|(at, bid, price)| {
            let (score, technical) = match method {
                Method::LowestPrice => (0, 0),
                Method::Score { price: weight, .. } => {
                    let technical = average(sheets, at, |mark| mark.technical);
                    let business = average(sheets, at, |mark| mark.business);
                    let points = price_points(weight, lowest, price);
                    (points.saturating_add(technical).saturating_add(business), technical)
                }
            };
            (core::cmp::Reverse(score), price.minor(), core::cmp::Reverse(technical), bid.order, price, bid)
        })
        .collect();
    ranked.sort_by_key(|(score, price, technical, order, ..)| (*score, *price, *technical, *order));
    let candidate = |(score, _, _, _, price, bid): (core::cmp::Reverse<u32>, _, _, _, Amount, &OpenedBid)| {
        Candidate { bidder: bid.offer.bidder.clone(), price, score: score.0 }
    };
    ranked.into_iter().take(most).map(candidate).collect()
}
