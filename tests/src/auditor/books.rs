//! The auditor's books: plain maps of what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::amount::Amount;
use ledger::codec::Title;
use ledger::crypto::PublicKey;
use ledger::genesis::Genesis;
use ledger::hash::DocumentHash;
use ledger::id::{
    AuthorityId, CertificateId, ChangeId, CreditCode, DealCode, DelegationId, DoubleSigningId, GuaranteeId,
    IssuerId, RegionCode, SharedKeyId,
};
use ledger::procedure::listing::PublishListing;
use ledger::record::Clock;
use ledger::record::guarantee::GuaranteeStatus;
use ledger::record::listing::{EndReason, Stage};
use ledger::record::organisation::Role;
use ledger::rule::RulePack;
use ledger::time::BlockTime;

use super::calendar::{self, Rules};
use super::due::{self, Thing};
use super::governance::{self, Cosigner, DoubleSigning, Members, Proposal};
use super::identity::{Authority, Certificate, Key, List, SharedKey};

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
    /// Whether a centre may register organisations without keys only.
    pub certificates_required: bool,
    /// What a stepped clock reads.
    pub clock: Option<BlockTime>,
    /// Legal numbers and the holiday table.
    pub pack: Arc<RulePack>,
    /// Everybody.
    pub organisations: BTreeMap<CreditCode, Member>,
    /// Whom each key speaks for, and how far.
    pub keys: BTreeMap<PublicKey, Key>,
    /// The trust list.
    pub authorities: BTreeMap<AuthorityId, Authority>,
    /// The newest revocation list of each issuer.
    pub lists: BTreeMap<(AuthorityId, IssuerId), List>,
    /// Certificates that somebody has enrolled with.
    pub certificates: BTreeMap<CertificateId, Certificate>,
    /// Delegations that were recorded.
    pub delegations: BTreeSet<DelegationId>,
    /// Keys that are known to be shared.
    pub shared_keys: BTreeMap<SharedKeyId, SharedKey>,
    /// Listings by deal code.
    pub deals: BTreeMap<DealCode, Deal>,
    /// Letters of guarantee.
    pub letters: BTreeMap<GuaranteeId, Letter>,
    /// How many deals each platform has numbered on each China day.
    pub numbered: BTreeMap<(CreditCode, u64), u32>,
    /// Who votes from the next height on.
    pub members: Members,
    /// Who voted, by the first height of each such set.
    pub eras: BTreeMap<u64, Members>,
    /// Proposed changes.
    pub changes: BTreeMap<ChangeId, Proposal>,
    /// Reported double signings.
    pub double_signings: BTreeMap<DoubleSigningId, DoubleSigning>,
    /// The keys with which members sign checkpoints.
    pub cosigners: BTreeMap<CreditCode, Cosigner>,
    /// Every key that signs or has signed checkpoints.
    pub cosigner_keys: BTreeSet<PublicKey>,
    /// Rule packs that were in force earlier, by version.
    pub former_packs: BTreeMap<u32, Arc<RulePack>>,
    agenda: BTreeSet<(BlockTime, Thing)>,
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
    /// From when on the certificate is valid that its name comes from.
    pub named_from: Option<BlockTime>,
    /// Names it had before, each with the instant until which it had it.
    pub former_names: Vec<(Title, BlockTime)>,
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
    /// How many of its quotes stand.
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
    /// The certificate that its key comes from.
    pub certificate: Option<CertificateId>,
    /// When it was struck.
    pub struck: Option<BlockTime>,
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
    /// What keys of certificates have signed in it beside quotes, and when.
    pub signed: Vec<(CertificateId, BlockTime)>,
    /// Certificates for which it is questioned.
    pub questioned: BTreeSet<CertificateId>,
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
    /// The certificate that its guarantor's key comes from.
    pub certificate: Option<CertificateId>,
    /// Since when it is questioned.
    pub questioned: Option<BlockTime>,
}

impl Books {
    /// The books at height 0.
    pub(super) fn new(genesis: &Genesis) -> Self {
        let (timekeeper, clock) = match &genesis.parameters.clock {
            Clock::Real => (None, None),
            Clock::Stepped { timekeeper } => (Some(*timekeeper), Some(genesis.time)),
        };
        let members = governance::members(&genesis.validators);
        let mut books = Self {
            expiry_window: genesis.parameters.expiry_window,
            block_bytes: genesis.parameters.block_bytes,
            block_transactions: genesis.parameters.block_transactions,
            timekeeper,
            certificates_required: genesis.parameters.certificates_required,
            clock,
            pack: Arc::new(genesis.rules.clone()),
            organisations: BTreeMap::new(),
            keys: BTreeMap::new(),
            authorities: BTreeMap::new(),
            lists: BTreeMap::new(),
            certificates: BTreeMap::new(),
            delegations: BTreeSet::new(),
            shared_keys: BTreeMap::new(),
            deals: BTreeMap::new(),
            letters: BTreeMap::new(),
            numbered: BTreeMap::new(),
            // Height 0 is genesis, which nobody votes on.
            eras: BTreeMap::from([(1, members.clone())]),
            members,
            changes: BTreeMap::new(),
            double_signings: BTreeMap::new(),
            cosigners: BTreeMap::new(),
            cosigner_keys: BTreeSet::new(),
            former_packs: BTreeMap::new(),
            agenda: BTreeSet::new(),
        };
        for (organisation, keys) in &genesis.organisations {
            let member = Member {
                name: organisation.name.clone(),
                region: organisation.region.clone(),
                roles: organisation.roles.iter().copied().collect(),
                admitted_by: organisation.code.clone(),
                admitted_at: genesis.time,
                named_from: None,
                former_names: Vec::new(),
            };
            books.register(organisation.code.clone(), member, keys);
        }
        books
    }

    /// Enters an organisation and keys that may do everything that it may.
    pub(super) fn register(&mut self, code: CreditCode, member: Member, keys: &[PublicKey]) {
        self.keys.extend(keys.iter().map(|key| (*key, Key::registered(code.clone()))));
        self.organisations.insert(code, member);
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

    /// Takes the first thing off the agenda: nothing that it changes does so.
    pub(super) fn cross_off(&mut self) {
        self.agenda.pop_first();
    }

    /// Puts something else on the agenda.
    pub(super) fn plan(
        &mut self,
        out: impl IntoIterator<Item = (BlockTime, Thing)>,
        new: impl IntoIterator<Item = (BlockTime, Thing)>,
    ) {
        for entry in out {
            self.agenda.remove(&entry);
        }
        self.agenda.extend(new);
    }

    /// The end of a period of a running trade that nobody can refuse.
    pub(super) fn term_of(&self, listing: &DealCode, id: &str, start: BlockTime) -> BlockTime {
        calendar::term_without_refusal(self.rules_of(&self.deals[listing]), id, start)
    }

    /// Changes a listing. What it waits for follows from how it stands then.
    pub(super) fn change_deal(&mut self, code: &DealCode, change: impl FnOnce(&mut Deal)) {
        let Some(deal) = self.deals.get_mut(code) else { return };
        let before = due::of_deal(code, deal);
        change(deal);
        let after = due::of_deal(code, deal);
        self.plan(before, after);
    }

    /// Enters a new listing.
    pub(super) fn add_deal(&mut self, code: DealCode, deal: Deal) {
        self.agenda.extend(due::of_deal(&code, &deal));
        self.deals.insert(code, deal);
    }

    /// Changes a letter.
    pub(super) fn change_letter(&mut self, id: &GuaranteeId, change: impl FnOnce(&mut Letter)) {
        let Some(letter) = self.letters.get_mut(id) else { return };
        let before = due::of_letter(id, letter);
        change(letter);
        let after = due::of_letter(id, letter);
        self.plan(before, after);
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
    /// The highest quote that stands, of equal ones the earlier, with its number from 1.
    pub fn best(&self) -> Option<(u32, &Quote)> {
        let mut best: Option<(u32, &Quote)> = None;
        for (number, quote) in (1..).zip(&self.quotes).filter(|(_, quote)| quote.struck.is_none()) {
            if best.is_none_or(|(_, held)| quote.price.minor() > held.price.minor()) {
                best = Some((number, quote));
            }
        }
        best
    }

    /// Bidders of whom a quote stands.
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
