//! How time passes under the workload.

use ledger::record::listing::Stage;
use ledger::time::{BlockTime, DAY_MS};

use super::chance::Chance;
use super::hand::{after, just_before};
use crate::auditor::books::Books;

/// An instant after `now`: soon, at, just before or some time after the next thing falls due, or much later.
///
/// While somebody bids against the clock, time passes slowly.
pub(super) fn next(chance: &mut Chance, books: &Books, now: BlockTime) -> BlockTime {
    let soon = after(now, 1 + chance.below(60_000));
    let bidding = books.deals.values().any(|deal| deal.stage == Stage::TimedBidding);
    let jumps = if bidding { 15 } else { 40 };
    let due = books.next_due().filter(|_| chance.happens(jumps));
    let Some(due) = due.filter(|due| *due > now) else {
        return match chance.below(100) {
            0..4 => after(now, chance.below(3 * DAY_MS)).max(soon),
            4..5 => after(now, chance.below(60 * DAY_MS)).max(soon),
            _ => soon,
        };
    };
    match chance.below(100) {
        0..60 => due,
        60..75 => just_before(due).max(after(now, 1)),
        75..92 => after(due, chance.below(3_600_000)),
        _ => after(due, chance.below(5 * DAY_MS)),
    }
}
