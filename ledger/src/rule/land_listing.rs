//! Names of the rules that a land-use right listing (挂牌) obeys.

use super::Unit;

/// From notice to opening, at least.
pub const NOTICE: &str = "LL01";
/// From opening to closing, at least.
pub const LISTING: &str = "LL02";
/// Deposit as a share of the reserve price, at least.
pub const DEPOSIT: &str = "LL03";
/// Length of timed bidding before any quote in it.
pub const TIMED_BIDDING: &str = "LL04";
/// A quote within this span of the end of timed bidding moves the end to this span after the quote.
pub const EXTENSION: &str = "LL05";
/// From the result to the confirmation by both sides, at most.
pub const CONFIRMATION: &str = "LL06";
/// From the confirmation to the publication of the result, at most.
pub const PUBLICATION: &str = "LL07";
/// Publicity of the result, at least.
pub const PUBLICITY: &str = "LL08";
/// From the end of publicity to the contract signed by both sides, at most.
pub const CONTRACT: &str = "LL09";
/// From the result to the release of the losers' letters, at most.
pub const RELEASE: &str = "LL10";
/// From closing to the expiry of a deposited letter, at least.
pub const LETTER_VALIDITY: &str = "LL11";

/// All of them; a genesis whose pack lacks one is refused.
pub const ALL: [&str; 11] = [
    NOTICE,
    LISTING,
    DEPOSIT,
    TIMED_BIDDING,
    EXTENSION,
    CONFIRMATION,
    PUBLICATION,
    PUBLICITY,
    CONTRACT,
    RELEASE,
    LETTER_VALIDITY,
];

/// The units that a rule's value may have; none for a name that is not in [`ALL`].
pub fn units(id: &str) -> &'static [Unit] {
    match id {
        DEPOSIT => &[Unit::Permille],
        TIMED_BIDDING | EXTENSION => &[Unit::Minute],
        id if ALL.contains(&id) => &[Unit::Day, Unit::WorkingDay, Unit::Minute],
        _ => &[],
    }
}
