//! When a seat gives its shares: a decision over what is known, and nothing else.
//!
//! A share given too early is half way to reading a bid early, and cannot be taken back. So nothing here depends on who asks:
//! the ledger must have fixed the list of bids in a block that is final, this node must have executed that block, and its own
//! clock must have reached the instant of opening.

use ledger::record::bid::Chunk;
use ledger::record::tender::TenderStage;
use ledger::time::{BlockTime, Span};

/// By how much the own clock may be behind the instant of opening: what honest clocks differ by.
pub const PRECISION: Span = Span::from_millis(500);

/// What is known of a tender.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Where it stands.
    pub stage: TenderStage,
    /// The instant of opening.
    pub opens_at: BlockTime,
    /// Whether the block that this is read from is on the disk with its certificate.
    pub is_final: bool,
    /// This machine's clock; block time where the clock of the network is stepped.
    pub clock: BlockTime,
    /// The own seat.
    pub seat: u8,
    /// The chunks in their order; none unless the opening has begun.
    pub chunks: &'a [Chunk],
}

/// The chunks for which shares are to be given now.
#[must_use]
pub fn due(facts: &Facts<'_>) -> Vec<u32> {
    let open = matches!(facts.stage, TenderStage::Opening | TenderStage::Stalled);
    if !open || !facts.is_final || facts.clock.plus(PRECISION) < facts.opens_at {
        return Vec::new();
    }
    let chunks = (0_u32..).zip(facts.chunks);
    let lacking = chunks.filter(|(_, chunk)| !chunk.opened && !chunk.seats.contains(&facts.seat));
    lacking.map(|(number, _)| number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_given_before_its_time_or_twice() {
        use TenderStage::{Accepting, Annulled, Failed, Opened, OpenedLate, Opening, Stalled, Suspended};
        let at = |ms: u64| BlockTime::default().plus(Span::from_millis(1_000_000 + ms));
        let chunk = |seats: &[u8], opened| Chunk { bids: Vec::new(), seats: seats.to_vec(), opened };
        let chunks = [chunk(&[1, 3], false), chunk(&[2], false), chunk(&[1, 3, 4], true), chunk(&[], false)];
        let opens_at = at(0);
        // The stage, whether it is final, the clock, and the chunks for which seat 2 gives shares.
        let table: [(TenderStage, bool, BlockTime, &[u32]); 13] = [
            (Opening, true, at(0), &[0, 3]),
            (Stalled, true, at(3_600_000), &[0, 3]),
            (Opening, true, at(1_000), &[0, 3]),
            (Opening, true, BlockTime::default().plus(Span::from_millis(999_500)), &[0, 3]),
            (Opening, true, BlockTime::default().plus(Span::from_millis(999_499)), &[]),
            (Opening, true, BlockTime::default(), &[]),
            (Opening, false, at(0), &[]),
            (Accepting, true, at(1_000), &[]),
            (Suspended, true, at(1_000), &[]),
            (Failed, true, at(1_000), &[]),
            (Annulled, true, at(1_000), &[]),
            (Opened, true, at(1_000), &[]),
            (OpenedLate, true, at(1_000), &[]),
        ];
        for (row, (stage, is_final, clock, expected)) in table.into_iter().enumerate() {
            let facts = Facts { stage, opens_at, is_final, clock, seat: 2, chunks: &chunks };
            assert_eq!(due(&facts), expected, "row {row}");
        }
    }
}
