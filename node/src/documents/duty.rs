//! What the ledger wants held, by which centres, and until when. Decisions only; nothing is fetched or removed here.

use std::collections::{BTreeMap, BTreeSet};

use ledger::crypto::PublicKey;
use ledger::hash::{DocumentHash, sha256};
use ledger::id::{CreditCode, TenderId};
use ledger::record::bid::LiveBid;
use ledger::record::tender::{Tender, TenderStage};
use ledger::state::keys::{BidKey, CommitteeKey, all_tenders, live_bids_of};
use ledger::state::{StateError, decode_value, read};
use ledger::store::{Snapshot, StoreError};
use ledger::time::{BlockTime, DAY_MS, Span};

use super::shelf::About;

/// Copies beyond the number of centres that may fail: one of them is honest and there, and one may be under repair.
const SPARE: usize = 2;
/// How long documents are held after their tender's end, which is what the receipts promise: 90 days.
pub const KEPT_FOR: Span = Span::from_millis(90 * DAY_MS);
/// How long an upload that is not complete waits for its rest: 7 days.
pub const INCOMPLETE_FOR: Span = Span::from_millis(7 * DAY_MS);

/// A document that bids on the ledger name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The tender.
    pub tender: TenderId,
    /// The one-time key of the bid.
    pub key: PublicKey,
    /// Bytes of the ciphertext.
    pub len: u64,
    /// The centres of the committee, in the order in which they keep it.
    pub order: Vec<CreditCode>,
    /// How many of them keep it.
    pub copies: usize,
}

impl Wanted {
    /// Whether a centre must hold it while those in `there` can be reached.
    #[must_use]
    pub fn is_duty_of(&self, own: &CreditCode, there: &BTreeSet<CreditCode>) -> bool {
        let reachable = self.order.iter().filter(|centre| *centre == own || there.contains(*centre));
        reachable.take(self.copies).any(|centre| centre == own)
    }
}

/// The order in which the centres of a committee keep a document. Every node computes the same, no document has the same as
/// another, and when a centre goes the others keep their places (rendezvous hashing).
#[must_use]
pub fn order<'a>(document: &DocumentHash, centres: impl Iterator<Item = &'a CreditCode>) -> Vec<CreditCode> {
    let place = |centre: &CreditCode| sha256(&[document.as_bytes(), centre.as_str().as_bytes()].concat());
    let mut placed: Vec<([u8; 32], CreditCode)> =
        centres.map(|centre| (place(centre), centre.clone())).collect();
    placed.sort_unstable();
    placed.into_iter().map(|(_, centre)| centre).collect()
}

/// Whether a tender needs its documents no more, apart from the time for which they are kept afterwards.
#[must_use]
pub const fn has_ended(stage: TenderStage) -> bool {
    matches!(stage, TenderStage::Failed | TenderStage::Annulled)
}

/// Every document that the ledger wants held now: those of bids that are sealed or opened, of tenders that have not ended. A
/// withdrawn or replaced bid is opened by nobody, and its documents are not wanted.
///
/// # Errors
/// [`DutyError`].
pub fn wanted(state: &Snapshot<'_>) -> Result<BTreeMap<DocumentHash, Wanted>, DutyError> {
    let (from, before) = all_tenders();
    let mut wanted = BTreeMap::new();
    for row in state.state_range(&from, Some(&before))? {
        let (key, bytes) = row?;
        let tender: Tender = decode_value(&key, &bytes)?;
        if !has_ended(tender.stage) {
            of_tender(state, &tender, &mut wanted)?;
        }
    }
    Ok(wanted)
}

fn of_tender(
    state: &Snapshot<'_>,
    tender: &Tender,
    wanted: &mut BTreeMap<DocumentHash, Wanted>,
) -> Result<(), DutyError> {
    let Some(committee) = read(state, &CommitteeKey(tender.committee))? else { return Ok(()) };
    let copies = (committee.faults() + SPARE).min(committee.seats.len());
    let (from, before) = live_bids_of(&tender.id);
    for row in state.state_range(&from, Some(&before))? {
        let (key, bytes) = row?;
        let live: LiveBid = decode_value(&key, &bytes)?;
        let Some(bid) = read(state, &BidKey(&live.key))? else { continue };
        for document in &bid.documents {
            let order = order(&document.hash, committee.seats.iter().map(|seat| &seat.centre));
            let one = Wanted { tender: tender.id, key: bid.key, len: document.len, order, copies };
            wanted.insert(document.hash, one);
        }
    }
    Ok(())
}

/// What becomes of a document here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays as it is.
    Stays,
    /// It is noted that its tender has ended.
    Note,
    /// It goes.
    Goes,
}

/// Decides over a document. What is whole is kept until the tender's end and [`KEPT_FOR`], whatever became of its bid: a
/// receipt says so.
#[must_use]
pub fn fate(about: &About, held: bool, tender_ended: bool, now: BlockTime) -> Fate {
    match about.unneeded_since {
        _ if !held && now >= about.since.plus(INCOMPLETE_FOR) => Fate::Goes,
        _ if !tender_ended => Fate::Stays,
        None => Fate::Note,
        Some(since) if now >= since.plus(KEPT_FOR) => Fate::Goes,
        Some(_) => Fate::Stays,
    }
}

/// Why the ledger does not tell.
#[derive(Debug, thiserror::Error)]
pub enum DutyError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The state.
    #[error(transparent)]
    State(#[from] StateError),
}

#[cfg(test)]
mod tests {
    use ledger::crypto::SigningKey;

    use super::*;

    fn centres(count: u8) -> Vec<CreditCode> {
        let code = |n| -> Option<CreditCode> {
            let body = format!("12440{n:03}000000000");
            "0123456789ABCDEFGHJKLMNPQRTUWXY".chars().find_map(|check| format!("{body}{check}").parse().ok())
        };
        (0..count).map(|n| code(n).expect("one check character fits")).collect()
    }

    #[test]
    fn the_next_centre_takes_over_when_a_holder_goes_and_no_other_changes() {
        let all = centres(7);
        for number in 0..50_u8 {
            let document = DocumentHash::of(&[number]);
            let order = order(&document, all.iter());
            let key = SigningKey::from_seed(&[2; 32].into()).public_key();
            let tender = TenderId::from_bytes([1; 32]);
            let wanted = Wanted { tender, key, len: 1, order: order.clone(), copies: 3 };
            let on_duty = |there: &[CreditCode]| -> Vec<CreditCode> {
                let there: BTreeSet<_> = there.iter().cloned().collect();
                there.iter().filter(|own| wanted.is_duty_of(own, &there)).cloned().collect()
            };
            let mut first: Vec<_> = order.iter().take(3).cloned().collect();
            first.sort();
            assert_eq!(on_duty(&all), first, "the first three of its order");
            let gone = &order[1];
            let rest: Vec<_> = all.iter().filter(|centre| *centre != gone).cloned().collect();
            let mut then = vec![order[0].clone(), order[2].clone(), order[3].clone()];
            then.sort();
            assert_eq!(on_duty(&rest), then, "the fourth takes the second's place");
        }
    }

    #[test]
    fn documents_stay_as_long_as_the_receipts_promise() {
        let day = |n: u64| BlockTime::default().plus(Span::from_millis(n * DAY_MS));
        let (tender, key) =
            (TenderId::from_bytes([1; 32]), SigningKey::from_seed(&[2; 32].into()).public_key());
        // Announced and known to be unneeded since, whether it is whole, has the tender ended; its fate on day 100.
        let table = [
            (day(1), None, true, false, Fate::Stays),
            (day(94), None, false, false, Fate::Stays),
            (day(93), None, false, false, Fate::Goes),
            (day(1), None, true, true, Fate::Note),
            (day(1), Some(day(11)), true, true, Fate::Stays),
            (day(1), Some(day(10)), true, true, Fate::Goes),
            (day(1), Some(day(10)), true, false, Fate::Stays),
        ];
        for (number, (since, unneeded_since, held, ended, expected)) in table.into_iter().enumerate() {
            let about = About { tender, len: 1, key, since, unneeded_since };
            assert_eq!(fate(&about, held, ended, day(100)), expected, "row {number}");
        }
    }
}
