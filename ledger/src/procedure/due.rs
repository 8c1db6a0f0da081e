//! What happens by itself when block time passes an instant.

use super::{award, change, epoch, opening, put_guarantee, put_listing, reach, rules_of, schedule};
use crate::event::Event;
use crate::governance::ChangeStatus;
use crate::id::{ChangeId, CreditCode, DealCode, GuaranteeId};
use crate::record::Due;
use crate::record::guarantee::{GuaranteeStatus, ReleaseGround};
use crate::record::listing::{EndReason, Listing, Qualification, Stage};
use crate::rule::{RuleError, TradeKind, land_listing as rule};
use crate::state::keys::{
    ChangeKey, DueKey, GuaranteeKey, ListingKey, SealingEpochKey, due_time, due_until, qualifications_of,
};
use crate::state::{Overlay, StateError, StateRead, decode_value};
use crate::time::{BlockTime, Span};

/// Most things that happen by themselves in one block; the rest waits for the next.
pub const MAX_PER_BLOCK: usize = 1_000;

/// Lets everything happen that has fallen due by `now`, in the order of its instants.
///
/// # Errors
/// [`StateError`].
pub fn happen(state: &mut Overlay<'_>, now: BlockTime) -> Result<Vec<Event>, StateError> {
    let mut events = Vec::new();
    let (from, before) = due_until(now);
    for _ in 0..MAX_PER_BLOCK {
        let Some((key, value)) = state.first_in(&from, &before)? else { break };
        let due: Due = decode_value(&key, &value)?;
        let time = due_time(&key).ok_or_else(|| StateError::Store("a due key has no time".into()))?;
        state.remove(&DueKey(&crate::record::DueAt { time, due: due.clone() }));
        one(state, now, due, &mut events)?;
    }
    Ok(events)
}

/// Whether anything has fallen due by `now` and not happened yet.
///
/// # Errors
/// [`StateError`].
pub fn is_waiting(state: &Overlay<'_>, now: BlockTime) -> Result<bool, StateError> {
    let (from, before) = due_until(now);
    Ok(state.first_in(&from, &before)?.is_some())
}

fn one(state: &mut Overlay<'_>, now: BlockTime, due: Due, events: &mut Vec<Event>) -> Result<(), StateError> {
    let mut happening = Happening { state, now, events };
    match due {
        Due::ListingOpens(code) => happening.listing_opens(&code),
        Due::ListingCloses(code) => happening.listing_closes(&code),
        Due::TimedBiddingEnds(code) => happening.timed_bidding_ends(&code),
        Due::ConfirmationDue(code) => happening.lapses(&code, Stage::Concluded, EndReason::NotConfirmed),
        Due::PublicityEnds(code) => happening.publicity_ends(&code),
        Due::ContractDue(code) => happening.lapses(&code, Stage::Publicised, EndReason::NoContract),
        Due::ReleaseDue(code) => happening.release_losers(&code, ReleaseGround::ReturnPeriod),
        Due::GuaranteeExpires(id) => happening.guarantee_expires(&id),
        Due::ChangeExpires(id) => happening.change_expires(&id),
        Due::RevocationReachesListing(certificate, after) => {
            reach::listing(happening.state, happening.events, now, certificate, after.as_ref())
        }
        Due::RevocationReachesLetters(certificate, after) => {
            reach::letters(happening.state, happening.events, now, certificate, after.as_ref())
        }
        Due::CommitteeForms(number) => happening.committee_forms(number),
        Due::SealingEpochEnds(number) => happening.sealing_epoch_ends(number),
        Due::TenderOpens(id) => opening::begin(happening.state, happening.events, now, &id),
        Due::OpeningStalls(id) => opening::stall(happening.state, happening.events, &id),
        Due::OpeningAnnulled(id) => opening::annul(happening.state, happening.events, &id),
        Due::DisplayEnds(id) => award::display_ends(happening.state, happening.events, &id),
        Due::AwardLapses(id, lot) => award::lapses(happening.state, happening.events, &id, lot),
    }
}

struct Happening<'a, 'b> {
    state: &'a mut Overlay<'b>,
    now: BlockTime,
    events: &'a mut Vec<Event>,
}

impl Happening<'_, '_> {
    fn listing(&self, code: &DealCode) -> Result<Listing, StateError> {
        self.state.read(&ListingKey(code))?.ok_or_else(|| {
            StateError::Store(format!("something is due for listing {code}, which is missing"))
        })
    }

    fn listing_opens(&mut self, code: &DealCode) -> Result<(), StateError> {
        let mut listing = self.listing(code)?;
        listing.stage = Stage::Listed;
        listing.stage_ends_at = Some(listing.closes_at);
        put_listing(self.state, &listing);
        self.events.push(Event::ListingOpened { listing: code.clone() });
        Ok(())
    }

    /// Two or more valid bidders go on to timed bidding. It runs from block time and not from the
    /// instant of closing: if the network was down at that instant, nobody loses the chance to quote.
    fn listing_closes(&mut self, code: &DealCode) -> Result<(), StateError> {
        let mut listing = self.listing(code)?;
        if listing.quoting < 2 {
            return self.conclude(listing);
        }
        let ends_at = self.now.plus(listing.terms.timed_bidding);
        listing.stage = Stage::TimedBidding;
        listing.stage_ends_at = Some(ends_at);
        put_listing(self.state, &listing);
        schedule(self.state, ends_at, Due::TimedBiddingEnds(code.clone()));
        let (listing, bidders) = (code.clone(), listing.quoting);
        self.events.push(Event::TimedBiddingStarted { listing, bidders, ends_at });
        Ok(())
    }

    fn timed_bidding_ends(&mut self, code: &DealCode) -> Result<(), StateError> {
        let listing = self.listing(code)?;
        self.conclude(listing)
    }

    /// The highest quote wins if it reaches the reserve price (Order 39, article 19).
    fn conclude(&mut self, mut listing: Listing) -> Result<(), StateError> {
        let Some(best) = listing.best.clone() else { return self.fail(listing, EndReason::NoQuote) };
        if !best.price.at_least(listing.prices.reserve).unwrap_or(false) {
            return self.fail(listing, EndReason::BelowReserve);
        }
        let confirm_by = self.deadline(&listing, rule::CONFIRMATION)?;
        let code = listing.code.clone();
        listing.stage = Stage::Concluded;
        listing.stage_ends_at = Some(confirm_by);
        put_listing(self.state, &listing);
        schedule(self.state, confirm_by, Due::ConfirmationDue(code.clone()));
        let release_by = self.deadline(&listing, rule::RELEASE)?;
        schedule(self.state, release_by, Due::ReleaseDue(code.clone()));
        let (winner, price) = (best.bidder, best.price);
        self.events.push(Event::ListingConcluded { listing: code, winner, price, confirm_by });
        Ok(())
    }

    fn fail(&mut self, mut listing: Listing, reason: EndReason) -> Result<(), StateError> {
        listing.stage = Stage::Failed;
        listing.stage_ends_at = None;
        listing.ended = Some(reason);
        put_listing(self.state, &listing);
        self.events.push(Event::ListingEnded { listing: listing.code.clone(), reason });
        self.release_all(&listing, None, ReleaseGround::ListingFailed)
    }

    /// A period in which both sides had to act has run out. The winner's letter stays in force, for the
    /// seller may have a claim on it.
    fn lapses(&mut self, code: &DealCode, while_in: Stage, reason: EndReason) -> Result<(), StateError> {
        let mut listing = self.listing(code)?;
        if listing.stage != while_in {
            return Ok(());
        }
        listing.stage = Stage::Lapsed;
        listing.stage_ends_at = None;
        listing.ended = Some(reason);
        put_listing(self.state, &listing);
        self.events.push(Event::ListingEnded { listing: code.clone(), reason });
        Ok(())
    }

    fn publicity_ends(&mut self, code: &DealCode) -> Result<(), StateError> {
        let mut listing = self.listing(code)?;
        let contract_by = self.deadline(&listing, rule::CONTRACT)?;
        listing.stage = Stage::Publicised;
        listing.stage_ends_at = Some(contract_by);
        put_listing(self.state, &listing);
        schedule(self.state, contract_by, Due::ContractDue(code.clone()));
        self.events.push(Event::PublicityEnded { listing: code.clone(), contract_by });
        Ok(())
    }

    fn release_losers(&mut self, code: &DealCode, ground: ReleaseGround) -> Result<(), StateError> {
        let listing = self.listing(code)?;
        let winner = listing.best.as_ref().map(|best| best.bidder.clone());
        self.release_all(&listing, winner.as_ref(), ground)
    }

    fn release_all(
        &mut self,
        listing: &Listing,
        except: Option<&CreditCode>,
        ground: ReleaseGround,
    ) -> Result<(), StateError> {
        let (mut from, before) = qualifications_of(&listing.code);
        while let Some((key, value)) = self.state.first_in(&from, &before)? {
            let qualification: Qualification = decode_value(&key, &value)?;
            if except != Some(&qualification.bidder) {
                release(self.state, self.events, &qualification.guarantee, ground, self.now)?;
            }
            from = key;
            from.push(0);
        }
        Ok(())
    }

    fn guarantee_expires(&mut self, id: &GuaranteeId) -> Result<(), StateError> {
        let Some(mut guarantee) = self.state.read(&GuaranteeKey(id))? else { return Ok(()) };
        if guarantee.is_over() {
            return Ok(());
        }
        guarantee.status = GuaranteeStatus::Expired;
        put_guarantee(self.state, &guarantee);
        self.events.push(Event::GuaranteeExpired { guarantee: id.clone() });
        Ok(())
    }

    fn change_expires(&mut self, id: &ChangeId) -> Result<(), StateError> {
        let Some(mut proposed) = self.state.read(&ChangeKey(id))? else { return Ok(()) };
        if proposed.status == ChangeStatus::Open {
            change::close(&mut proposed, ChangeStatus::Expired, self.state)?;
            self.events.push(Event::ChangeExpired { change: *id });
        }
        Ok(())
    }

    /// The wait for the seat keys of all members is over.
    fn committee_forms(&mut self, number: u64) -> Result<(), StateError> {
        match self.state.read(&SealingEpochKey)? {
            Some(now) if now.number == number => epoch::form(self.state, self.events, self.now, now),
            _ => Ok(()),
        }
    }

    fn sealing_epoch_ends(&mut self, number: u64) -> Result<(), StateError> {
        match self.state.read(&SealingEpochKey)? {
            Some(now) if now.number == number => epoch::succeed(self.state, self.events, self.now),
            _ => Ok(()),
        }
    }

    /// What has fallen due cannot be refused, so a holiday table that ends too early must not stop the
    /// chain: the period is then counted in calendar days, which is at least visible and the same everywhere.
    fn deadline(&self, listing: &Listing, id: &'static str) -> Result<BlockTime, StateError> {
        let pack = rules_of(self.state, TradeKind::LandListing, listing.terms.pack_version)?;
        match pack.deadline(id, self.now) {
            Ok(time) => Ok(time),
            Err(RuleError::Beyond(_)) => {
                let days = pack.rule(id, self.now).map_or(0, |rule| rule.value);
                let span = Span::from_millis(days.saturating_mul(crate::time::DAY_MS));
                Ok(crate::calendar::Day::of(self.now.plus(span)).end())
            }
            Err(error @ RuleError::Missing(_)) => Err(StateError::Store(error.to_string())),
        }
    }
}

/// Releases a letter that is not over yet.
pub(crate) fn release(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    id: &GuaranteeId,
    ground: ReleaseGround,
    at: BlockTime,
) -> Result<(), StateError> {
    let Some(mut guarantee) = state.read(&GuaranteeKey(id))? else { return Ok(()) };
    if guarantee.is_over() {
        return Ok(());
    }
    guarantee.status = GuaranteeStatus::Released { ground, at };
    super::unschedule(state, guarantee.expires_at, Due::GuaranteeExpires(id.clone()));
    put_guarantee(state, &guarantee);
    events.push(Event::GuaranteeReleased { guarantee: id.clone(), ground });
    Ok(())
}
