//! What no sequence of events may break, whatever the rules are: a second set of books, kept from the events alone.
//!
//! A letter begins once, is deposited at most once and ends at most once; the amounts of all letters are those in
//! force, released and expired; a listing has one result, which is its highest quote; the winner's deposited letter
//! is not released while it is bound. What the members decide is held by `council`, what
//! certificates and keys may do by `registry`.

mod council;
mod registry;

use std::collections::{BTreeMap, BTreeSet};

use ledger::amount::Amount;
use ledger::event::Event;
use ledger::id::{CreditCode, DealCode, GuaranteeId};
use ledger::time::BlockTime;

use super::totals::{Money, Totals};
use council::Council;
use registry::Registry;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Released,
    Expired,
}

#[derive(Clone, Debug)]
struct Letter {
    listing: DealCode,
    applicant: CreditCode,
    amount: Amount,
    deposited: bool,
    end: Option<End>,
}

#[derive(Clone, Debug, Default)]
struct Listing {
    /// Quotes that stand, in their order.
    quotes: Vec<(CreditCode, Amount, u32)>,
    /// How many there were, with those that were struck.
    counted: u32,
    winner: Option<CreditCode>,
    over: bool,
}

/// The second set of books.
#[derive(Clone, Debug, Default)]
pub struct Conservation {
    letters: BTreeMap<GuaranteeId, Letter>,
    listings: BTreeMap<DealCode, Listing>,
    qualified: BTreeSet<(DealCode, CreditCode)>,
    money: BTreeMap<&'static str, Money>,
    council: Council,
    registry: Registry,
}

fn ensure(good: bool, sentence: impl FnOnce() -> String) -> Result<(), String> {
    if good { Ok(()) } else { Err(sentence()) }
}

impl Conservation {
    /// Enters an event.
    ///
    /// # Errors
    /// A sentence about what it breaks.
    pub fn enter(&mut self, event: &Event, now: BlockTime) -> Result<(), String> {
        self.council.enter(event)?;
        self.registry.enter(event, now)?;
        match event {
            Event::GuaranteeIssued { guarantee, listing, applicant, amount } => {
                let letter = Letter {
                    listing: listing.clone(),
                    applicant: applicant.clone(),
                    amount: *amount,
                    deposited: false,
                    end: None,
                };
                let money = self.money.entry(amount.currency().code()).or_default();
                money.guaranteed += u128::from(amount.minor());
                money.in_force += u128::from(amount.minor());
                let before = self.letters.insert(guarantee.clone(), letter);
                ensure(before.is_none(), || format!("letter {guarantee} is issued twice"))
            }
            Event::BidderQualified { listing, bidder, guarantee } => {
                self.deposited(listing, bidder, guarantee)
            }
            Event::GuaranteeReleased { guarantee, .. } => self.ended(guarantee, End::Released),
            Event::GuaranteeExpired { guarantee } => self.ended(guarantee, End::Expired),
            Event::QuoteRecorded { listing, bidder, price, number } => {
                self.quoted(listing, bidder, *price, *number)
            }
            Event::QuoteStruck { listing, bidder, number, .. } => self.struck(listing, bidder, *number),
            Event::ListingConcluded { listing, winner, price, .. } => self.concluded(listing, winner, *price),
            Event::ListingEnded { listing, .. } | Event::ContractSigned { listing, complete: true, .. } => {
                let entry = self.listings.entry(listing.clone()).or_default();
                let before = std::mem::replace(&mut entry.over, true);
                ensure(!before, || format!("listing {listing} ends twice"))
            }
            Event::OrganisationRegistered { .. }
            | Event::ListingPublished { .. }
            | Event::ListingOpened { .. }
            | Event::TimedBiddingStarted { .. }
            | Event::TimedBiddingExtended { .. }
            | Event::DealConfirmed { .. }
            | Event::ResultPublished { .. }
            | Event::PublicityEnded { .. }
            | Event::ContractSigned { .. }
            | Event::ClockAdvanced { .. }
            | Event::ChangeProposed { .. }
            | Event::ChangeApproved { .. }
            | Event::ChangeAdopted { .. }
            | Event::ChangeExpired { .. }
            | Event::MemberAdmitted { .. }
            | Event::MemberRemoved { .. }
            | Event::KeysRotated { .. }
            | Event::RulesAdopted { .. }
            | Event::DoubleSigningRecorded { .. }
            | Event::CosignerRegistered { .. }
            | Event::AuthorityTrusted { .. }
            | Event::AuthoritySuspended { .. }
            | Event::AuthorityReinstated { .. }
            | Event::AuthorityRemoved { .. }
            | Event::OrganisationEnrolled { .. }
            | Event::OrganisationRenamed { .. }
            | Event::RoleAdmitted { .. }
            | Event::StaffAppointed { .. }
            | Event::MandateRevoked { .. }
            | Event::CertificateRevoked { .. }
            | Event::CertificateReleased { .. }
            | Event::RevocationListRecorded { .. }
            | Event::CertificateChecked { .. }
            | Event::ListingQuestioned { .. }
            | Event::GuaranteeQuestioned { .. }
            | Event::SharedKeyRecorded { .. }
            | Event::SignedWhileStale { .. }
            | Event::ProjectRegistered { .. }
            | Event::SeatKeyRegistered { .. }
            | Event::SealingEpochBegan { .. }
            | Event::CommitteeFormed { .. }
            | Event::TenderPublished { .. }
            | Event::TenderClarified { .. }
            | Event::DeadlineMoved { .. }
            | Event::ObjectionRaised { .. }
            | Event::ObjectionAnswered { .. }
            | Event::StampKeyRegistered { .. }
            | Event::BidSubmitted { .. }
            | Event::BidWithdrawn { .. }
            | Event::TenderFailed { .. }
            | Event::OpeningBegan { .. }
            | Event::SharesGiven { .. }
            | Event::BidOpened { .. }
            | Event::TenderOpened { .. }
            | Event::SharesMissing { .. }
            | Event::OpeningStalled { .. }
            | Event::TenderAnnulled { .. }
            | Event::ExpertsEntered { .. }
            | Event::PanelDrawn { .. }
            | Event::ExpertExcused { .. }
            | Event::ScoresCommitted { .. }
            | Event::ScoresRevealed { .. }
            | Event::CandidatesOnDisplay { .. }
            | Event::AllBidsRejected { .. }
            | Event::ExpertNamed { .. }
            | Event::EvaluationVoid { .. }
            | Event::DisplayEnded { .. }
            | Event::LotAwarded { .. }
            | Event::AwardLapsed { .. }
            | Event::LotContractSigned { .. }
            | Event::TenderEnded { .. } => Ok(()),
        }
    }

    fn deposited(
        &mut self,
        listing: &DealCode,
        bidder: &CreditCode,
        guarantee: &GuaranteeId,
    ) -> Result<(), String> {
        let first = self.qualified.insert((listing.clone(), bidder.clone()));
        ensure(first, || format!("{bidder} qualifies twice for {listing}"))?;
        let letter = self
            .letters
            .get_mut(guarantee)
            .ok_or_else(|| format!("letter {guarantee} is deposited and was never issued"))?;
        let its_own = letter.listing == *listing && letter.applicant == *bidder;
        ensure(its_own, || format!("letter {guarantee} serves another bidder or listing than it names"))?;
        ensure(letter.end.is_none(), || format!("letter {guarantee} is deposited after its end"))?;
        let before = std::mem::replace(&mut letter.deposited, true);
        ensure(!before, || format!("letter {guarantee} is deposited twice"))
    }

    fn ended(&mut self, guarantee: &GuaranteeId, end: End) -> Result<(), String> {
        let letter = self
            .letters
            .get_mut(guarantee)
            .ok_or_else(|| format!("letter {guarantee} ends and was never issued"))?;
        let before = letter.end.replace(end);
        ensure(before.is_none(), || format!("letter {guarantee} ends twice: {before:?}, then {end:?}"))?;
        let listing = self.listings.get(&letter.listing);
        let bound = listing.is_some_and(|l| !l.over && l.winner.as_ref() == Some(&letter.applicant));
        let free = end == End::Expired || !letter.deposited || !bound;
        ensure(free, || format!("letter {guarantee} is released while it binds the winner"))?;
        let money = self.money.entry(letter.amount.currency().code()).or_default();
        let minor = u128::from(letter.amount.minor());
        money.in_force -= minor;
        match end {
            End::Released => money.released += minor,
            End::Expired => money.expired += minor,
        }
        Ok(())
    }

    fn quoted(
        &mut self,
        listing: &DealCode,
        bidder: &CreditCode,
        price: Amount,
        number: u32,
    ) -> Result<(), String> {
        let qualified = self.qualified.contains(&(listing.clone(), bidder.clone()));
        ensure(qualified, || format!("{bidder} quotes for {listing} without a letter"))?;
        let entry = self.listings.entry(listing.clone()).or_default();
        ensure(entry.winner.is_none() && !entry.over, || {
            format!("{bidder} quotes for {listing} after its result")
        })?;
        let held = entry.quotes.last().map_or(0, |best| best.1.minor());
        let follows = price.minor() > held && number == entry.counted + 1;
        entry.quotes.push((bidder.clone(), price, number));
        entry.counted += 1;
        ensure(follows, || format!("quote {number} for {listing} does not exceed the one before it"))
    }

    fn struck(&mut self, listing: &DealCode, bidder: &CreditCode, number: u32) -> Result<(), String> {
        let entry = self.listings.entry(listing.clone()).or_default();
        let stood = entry.quotes.iter().position(|quote| quote.0 == *bidder && quote.2 == number);
        ensure(entry.winner.is_none() && !entry.over, || {
            format!("a quote for {listing} is struck after its result")
        })?;
        let at = stood.ok_or_else(|| format!("quote {number} for {listing} is struck, and stood not"))?;
        entry.quotes.remove(at);
        Ok(())
    }

    fn concluded(&mut self, listing: &DealCode, winner: &CreditCode, price: Amount) -> Result<(), String> {
        let entry = self.listings.entry(listing.clone()).or_default();
        let highest = entry.quotes.last().is_some_and(|(who, what, _)| who == winner && *what == price);
        let before = entry.winner.replace(winner.clone());
        ensure(highest, || format!("{winner} wins {listing} with {price}, which is not the highest quote"))?;
        ensure(before.is_none() && !entry.over, || format!("listing {listing} has two results"))
    }

    /// Compares the sums with those of the rules' books.
    ///
    /// # Errors
    /// A sentence about what differs.
    pub fn check(&self, totals: &Totals) -> Result<(), String> {
        for (currency, money) in &self.money {
            let parts = money.in_force + money.released + money.expired;
            let whole = money.guaranteed;
            ensure(parts == whole, || {
                format!("of {whole} guaranteed in {currency}, {parts} are accounted for")
            })?;
        }
        let (ours, theirs) = (&self.money, &totals.money);
        ensure(ours == theirs, || format!("the events add up to {ours:?}, and the letters to {theirs:?}"))?;
        self.council.check(totals)
    }
}
