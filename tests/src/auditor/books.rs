//! The auditor's books: plain maps of what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::amount::Amount;
use ledger::codec::Title;
use ledger::crypto::PublicKey;
use ledger::genesis::Genesis;
use ledger::governance::{Change, ChangeStatus};
use ledger::hash::DocumentHash;
use ledger::id::{ChangeId, CreditCode, DealCode, DoubleSigningId, GuaranteeId, RegionCode};
use ledger::procedure::listing::PublishListing;
use ledger::record::Clock;
use ledger::record::guarantee::GuaranteeStatus;
use ledger::record::listing::{EndReason, Stage};
use ledger::record::organisation::Role;
use ledger::rule::RulePack;
use ledger::time::BlockTime;
use ledger::validators::Validator;

use super::calendar::{self, Rules};
use super::due::{self, Thing};

/// Everything that a rule can ask about, but for the names of recorded transactions.
#[derive(Clone, Debug)]
pub struct Books {
    /// How many heights ahead an expiry may lie.
    pub expiry_window: u64,
    /// Most bytes of transactions in a block.
    pub block_bytes: u64,
    /// Most transactions in a block.
    pub block_transactions: u64,
    /// The key that steps the clock; `None` where time is real.
    pub timekeeper: Option<PublicKey>,
    /// What a stepped clock reads.
    pub clock: Option<BlockTime>,
    /// Legal numbers and the holiday table.
    pub pack: Arc<RulePack>,
    /// Everybody.
    pub organisations: BTreeMap<CreditCode, Member>,
    /// Whom each key speaks for.
    pub keys: BTreeMap<PublicKey, CreditCode>,
    /// Listings by deal code.
    pub deals: BTreeMap<DealCode, Deal>,
    /// Letters of guarantee.
    pub letters: BTreeMap<GuaranteeId, Letter>,
    /// How many deals each platform has numbered on each China day.
    pub numbered: BTreeMap<(CreditCode, u64), u32>,
    /// The members of the next block.
    pub members: BTreeMap<CreditCode, Validator>,
    /// Who votes from which height on.
    pub eras: BTreeMap<u64, BTreeMap<CreditCode, Validator>>,
    /// Proposed changes.
    pub changes: BTreeMap<ChangeId, Proposed>,
    /// Double signings: whose, reported by whom and when.
    pub double_signings: BTreeMap<DoubleSigningId, (CreditCode, (CreditCode, BlockTime))>,
    agenda: BTreeSet<(BlockTime, Thing)>,
}

/// A proposed change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    /// What is to change.
    pub change: Change,
    /// The member that proposed it.
    pub proposer: CreditCode,
    /// When.
    pub proposed_at: BlockTime,
    /// Until when it can be approved.
    pub expires_at: BlockTime,
    /// Who has approved, and when.
    pub approvals: Vec<(CreditCode, BlockTime)>,
    /// Where it stands.
    pub status: ChangeStatus,
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name.
    pub name: Title,
    /// Where it is registered.
    pub region: RegionCode,
    /// What it may be.
    pub roles: BTreeSet<Role>,
    /// The centre that admitted it; itself for those of genesis.
    pub admitted_by: CreditCode,
    /// When.
    pub admitted_at: BlockTime,
}

/// Signatures of the two sides, with their times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    /// The seller's.
    pub seller: Option<BlockTime>,
    /// The winner's.
    pub winner: Option<BlockTime>,
}

/// A bidder in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bidder {
    /// The letter it deposited.
    pub letter: GuaranteeId,
    /// When.
    pub since: BlockTime,
    /// How often it has quoted.
    pub quotes: u32,
}

/// A quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Whose.
    pub bidder: CreditCode,
    /// How much.
    pub price: Amount,
    /// When.
    pub at: BlockTime,
}

/// A listing from its notice on.
#[derive(Clone, Debug)]
pub struct Deal {
    /// The notice as signed.
    pub notice: PublishListing,
    /// Who published it.
    pub seller: CreditCode,
    /// When.
    pub published_at: BlockTime,
    /// The rule pack at publication, whose numbers hold for the whole trade.
    pub pack: Arc<RulePack>,
    /// Length of timed bidding, in milliseconds, as of publication (LL04).
    pub timed_bidding: u64,
    /// Length of an extension, in milliseconds, as of publication (LL05).
    pub extension: u64,
    /// Until when a letter must be valid (LL11).
    pub letters_until: BlockTime,
    /// Where the listing stands.
    pub stage: Stage,
    /// End of the period that runs.
    pub period_ends: Option<BlockTime>,
    /// When the losers' letters are released, while that lies ahead (LL10).
    pub return_by: Option<BlockTime>,
    /// Qualified bidders.
    pub bidders: BTreeMap<CreditCode, Bidder>,
    /// Quotes in their order.
    pub quotes: Vec<Quote>,
    /// Signatures under the confirmation.
    pub confirmed: Sides,
    /// The contract's hash and the signatures under it.
    pub contract: Option<(DocumentHash, Sides)>,
    /// Why it ended without a contract.
    pub ended: Option<EndReason>,
}

/// A letter of guarantee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// On whose behalf.
    pub applicant: CreditCode,
    /// In whose favour.
    pub beneficiary: CreditCode,
    /// For which listing.
    pub deal: DealCode,
    /// How much.
    pub amount: Amount,
    /// When it was issued.
    pub issued_at: BlockTime,
    /// When it ends.
    pub expires_at: BlockTime,
    /// Where it stands.
    pub status: GuaranteeStatus,
}

impl Books {
    /// The books at height 0.
    pub(super) fn new(genesis: &Genesis) -> Self {
        let (timekeeper, clock) = match &genesis.parameters.clock {
            Clock::Real => (None, None),
            Clock::Stepped { timekeeper } => (Some(*timekeeper), Some(genesis.time)),
        };
        let mut books = Self {
            expiry_window: genesis.parameters.expiry_window,
            block_bytes: genesis.parameters.block_bytes,
            block_transactions: genesis.parameters.block_transactions,
            timekeeper,
            clock,
            pack: Arc::new(genesis.rules.clone()),
            organisations: BTreeMap::new(),
            keys: BTreeMap::new(),
            deals: BTreeMap::new(),
            letters: BTreeMap::new(),
            numbered: BTreeMap::new(),
            members: genesis.validators.iter().map(|v| (v.organisation.clone(), v.clone())).collect(),
            eras: BTreeMap::new(),
            changes: BTreeMap::new(),
            double_signings: BTreeMap::new(),
            agenda: BTreeSet::new(),
        };
        books.eras.insert(1, books.members.clone());
        for (organisation, keys) in &genesis.organisations {
            let member = Member {
                name: organisation.name.clone(),
                region: organisation.region.clone(),
                roles: organisation.roles.iter().copied().collect(),
                admitted_by: organisation.code.clone(),
                admitted_at: genesis.time,
            };
            books.organisations.insert(organisation.code.clone(), member);
            books.keys.extend(keys.iter().map(|key| (*key, organisation.code.clone())));
        }
        books
    }

    /// Whether somebody is registered and has the role.
    pub fn has_role(&self, code: &CreditCode, role: Role) -> bool {
        self.organisations.get(code).is_some_and(|member| member.roles.contains(&role))
    }

    /// The numbers and holidays in force.
    pub(super) fn rules(&self) -> Rules<'_> {
        Rules { numbers: &self.pack.rules, calendar: &self.pack.calendar }
    }

    /// Those of a trade: the numbers with which it began, and the holidays that are known by now.
    pub(super) fn rules_of<'a>(&'a self, deal: &'a Deal) -> Rules<'a> {
        Rules { numbers: &deal.pack.rules, calendar: &self.pack.calendar }
    }

    /// The next instant at which something happens by itself.
    pub fn next_due(&self) -> Option<BlockTime> {
        self.agenda.first().map(|(time, _)| *time)
    }

    /// The first thing that has fallen due by `now`.
    pub(super) fn due_by(&self, now: BlockTime) -> Option<Thing> {
        self.agenda.first().filter(|(time, _)| *time <= now).map(|(_, thing)| thing.clone())
    }

    /// The end of a period of a running trade that nobody can refuse.
    pub(super) fn term_of(&self, listing: &DealCode, id: &str, start: BlockTime) -> BlockTime {
        calendar::term_without_refusal(self.rules_of(&self.deals[listing]), id, start)
    }

    /// Changes a listing. What it waits for follows from how it stands then.
    pub(super) fn change_deal(&mut self, code: &DealCode, change: impl FnOnce(&mut Deal)) {
        let Some(deal) = self.deals.get_mut(code) else { return };
        for entry in due::of_deal(code, deal) {
            self.agenda.remove(&entry);
        }
        change(deal);
        self.agenda.extend(due::of_deal(code, deal));
    }

    /// Enters a new listing.
    pub(super) fn add_deal(&mut self, code: DealCode, deal: Deal) {
        self.agenda.extend(due::of_deal(&code, &deal));
        self.deals.insert(code, deal);
    }

    /// Changes a letter.
    pub(super) fn change_letter(&mut self, id: &GuaranteeId, change: impl FnOnce(&mut Letter)) {
        let Some(letter) = self.letters.get_mut(id) else { return };
        if let Some(entry) = due::of_letter(id, letter) {
            self.agenda.remove(&entry);
        }
        change(letter);
        self.agenda.extend(due::of_letter(id, letter));
    }

    /// Enters a proposed change.
    pub(super) fn add_change(&mut self, id: ChangeId, proposed: Proposed) {
        self.agenda.insert((proposed.expires_at, Thing::ChangeExpires(id)));
        self.changes.insert(id, proposed);
    }

    /// Ends a change's being open.
    pub(super) fn change_status(&mut self, id: &ChangeId, status: ChangeStatus) {
        let Some(proposed) = self.changes.get_mut(id) else { return };
        self.agenda.remove(&(proposed.expires_at, Thing::ChangeExpires(*id)));
        proposed.status = status;
    }

    /// Enters a new letter.
    pub(super) fn add_letter(&mut self, id: GuaranteeId, letter: Letter) {
        self.agenda.extend(due::of_letter(&id, &letter));
        self.letters.insert(id, letter);
    }
}

impl Sides {
    /// Whether both have signed.
    pub fn complete(&self) -> bool {
        self.seller.is_some() && self.winner.is_some()
    }
}

impl Deal {
    /// The highest quote, of equal ones the earlier, with its number from 1.
    pub fn best(&self) -> Option<(u32, &Quote)> {
        let mut best: Option<(u32, &Quote)> = None;
        for (number, quote) in (1..).zip(&self.quotes) {
            if best.is_none_or(|(_, held)| quote.price.minor() > held.price.minor()) {
                best = Some((number, quote));
            }
        }
        best
    }

    /// Bidders that have quoted.
    pub fn valid_bidders(&self) -> u32 {
        self.bidders.values().map(|bidder| u32::from(bidder.quotes > 0)).sum()
    }

    /// Whose quote is the best.
    pub fn winner(&self) -> Option<&CreditCode> {
        self.best().map(|(_, quote)| &quote.bidder)
    }
}

impl Letter {
    /// Whether it can serve nothing any more.
    pub fn is_over(&self) -> bool {
        matches!(self.status, GuaranteeStatus::Released { .. } | GuaranteeStatus::Expired)
    }
}
