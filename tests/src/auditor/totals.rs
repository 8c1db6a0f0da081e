//! Numbers over everything that is there.

use std::collections::BTreeMap;

use ledger::amount::Amount;
use ledger::governance::ChangeStatus;
use ledger::record::guarantee::GuaranteeStatus;

use super::books::Books;

/// Sums of letters in one currency, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    /// All that was ever guaranteed.
    pub guaranteed: u128,
    /// Of that, what is still in force.
    pub in_force: u128,
    /// Of that, what was released.
    pub released: u128,
    /// Of that, what has expired.
    pub expired: u128,
}

/// Counts and sums. Two views of one ledger have the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Organisations.
    pub organisations: u64,
    /// Listings by the name of their stage.
    pub listings: BTreeMap<&'static str, u64>,
    /// Quotes.
    pub quotes: u64,
    /// Letters by the name of their state.
    pub letters: BTreeMap<&'static str, u64>,
    /// Sums by currency.
    pub money: BTreeMap<&'static str, Money>,
    /// Who votes at the next height.
    pub members: u64,
    /// Sets of members that there have been, with the one that begins last.
    pub eras: u64,
    /// Proposed changes by the name of their state.
    pub changes: BTreeMap<&'static str, u64>,
    /// Reported double signings.
    pub double_signings: u64,
    /// The version of the rule pack in force.
    pub rule_pack: u32,
    /// Keys that speak for somebody, or did.
    pub keys: u64,
    /// Entries of the trust list, by the name of their state.
    pub authorities: BTreeMap<&'static str, u64>,
    /// Revocation lists in force, and the certificates on them.
    pub revocation_lists: (u64, u64),
    /// Certificates that somebody has enrolled with, and how many of them are revoked.
    pub certificates: (u64, u64),
    /// Keys that are known to be shared.
    pub shared_keys: u64,
}

impl Totals {
    pub(super) fn of(books: &Books) -> Self {
        let mut totals = Self { organisations: books.organisations.len() as u64, ..Self::default() };
        for deal in books.deals.values() {
            *totals.listings.entry(deal.stage.name()).or_default() += 1;
            totals.quotes += deal.quotes.len() as u64;
        }
        books.letters.values().for_each(|letter| totals.add_letter(letter.amount, &letter.status));
        books.changes.values().for_each(|proposal| totals.add_change(&proposal.status));
        totals.members = books.members.len() as u64;
        totals.eras = books.eras.len() as u64;
        totals.double_signings = books.double_signings.len() as u64;
        totals.rule_pack = books.pack.version;
        totals.keys = books.keys.len() as u64;
        for authority in books.authorities.values() {
            *totals.authorities.entry(authority.status.name()).or_default() += 1;
        }
        let entries: usize = books.lists.values().map(|list| list.entries.len()).sum();
        totals.revocation_lists = (books.lists.len() as u64, entries as u64);
        let revoked = books.certificates.values().filter(|one| !one.is_clear()).count();
        totals.certificates = (books.certificates.len() as u64, revoked as u64);
        totals.shared_keys = books.shared_keys.len() as u64;
        totals
    }

    /// The same without what the members decide.
    pub(super) fn of_trades(self) -> Self {
        let Self { organisations, listings, quotes, letters, money, .. } = self;
        Self { organisations, listings, quotes, letters, money, ..Self::default() }
    }

    pub(super) fn add_change(&mut self, status: &ChangeStatus) {
        *self.changes.entry(status.name()).or_default() += 1;
    }

    pub(super) fn add_letter(&mut self, amount: Amount, status: &GuaranteeStatus) {
        *self.letters.entry(status_name(status)).or_default() += 1;
        let (money, minor) =
            (self.money.entry(amount.currency().code()).or_default(), u128::from(amount.minor()));
        money.guaranteed += minor;
        match status {
            GuaranteeStatus::Issued | GuaranteeStatus::Deposited => money.in_force += minor,
            GuaranteeStatus::Released { .. } => money.released += minor,
            GuaranteeStatus::Expired => money.expired += minor,
        }
    }
}

/// The name of a letter's state.
const fn status_name(status: &GuaranteeStatus) -> &'static str {
    match status {
        GuaranteeStatus::Issued => "issued",
        GuaranteeStatus::Deposited => "deposited",
        GuaranteeStatus::Released { .. } => "released",
        GuaranteeStatus::Expired => "expired",
    }
}
