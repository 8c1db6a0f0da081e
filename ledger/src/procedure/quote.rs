//! A qualified bidder quotes a price, in the open.

use minicbor::{Decode, Encode};

use super::{Context, Procedure, put_listing, reach, schedule, unschedule};
use crate::amount::Amount;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_stage;
use crate::execute::rejection::Rejection;
use crate::id::DealCode;
use crate::record::Due;
use crate::record::listing::{BestQuote, Listing, Qualification, Quote, Stage};
use crate::state::StateError;
use crate::state::keys::{QualificationKey, QuoteKey};

/// A quote. It binds until a higher one is recorded (Auction Law, article 36).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SubmitQuote {
    /// The listing.
    #[n(0)]
    pub listing: DealCode,
    /// The price.
    #[n(1)]
    pub price: Amount,
}

impl SubmitQuote {
    fn check_price(&self, listing: &Listing) -> Result<(), Rejection> {
        let prices = &listing.prices;
        let currency = |_| Rejection::QuoteCurrency;
        if !self.price.at_least(prices.starting).map_err(currency)? {
            return Err(Rejection::QuoteBelowStart);
        }
        let Some(best) = &listing.best else { return Ok(()) };
        let least = best.price.checked_add(prices.increment).map_err(|_| Rejection::QuoteBelowIncrement)?;
        if self.price.at_least(least).map_err(currency)? {
            Ok(())
        } else {
            Err(Rejection::QuoteBelowIncrement)
        }
    }
}

impl Procedure for SubmitQuote {
    type Checked = (Listing, Qualification);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let listing = context.listing(&self.listing)?;
        check_stage("submit_quote", listing.stage)?;
        let qualification =
            context.qualification(&self.listing, &context.signer.code)?.ok_or(Rejection::NotQualified)?;
        if listing.stage == Stage::TimedBidding && qualification.quotes == 0 {
            return Err(Rejection::NotInTimedBidding.into());
        }
        self.check_price(&listing)?;
        Ok((listing, qualification))
    }

    fn apply(
        &self,
        (mut listing, mut qualification): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        let (bidder, price) = (context.signer.code.clone(), self.price);
        listing.quotes = listing.quotes.saturating_add(1);
        if qualification.quotes == 0 {
            listing.quoting = listing.quoting.saturating_add(1);
        }
        qualification.quotes = qualification.quotes.saturating_add(1);
        let number = listing.quotes;
        listing.best = Some(BestQuote { bidder: bidder.clone(), price, number });
        let certificate = context.certificate();
        reach::note_quote(&mut qualification, &listing.code, number, context)?;
        let quote =
            Quote { number, bidder: bidder.clone(), price, at: context.time, certificate, struck: None };
        context.state.write(&QuoteKey(&listing.code, number), &quote);
        context.state.write(&QualificationKey(&listing.code, &bidder), &qualification);
        context.events.push(Event::QuoteRecorded { listing: listing.code.clone(), bidder, price, number });
        extend_timed_bidding(&mut listing, context);
        put_listing(context.state, &listing);
        Ok(())
    }
}

/// A quote within the extension window of the end moves the end, so that nobody wins by being last.
fn extend_timed_bidding(listing: &mut Listing, context: &mut Context<'_, '_>) {
    let (Stage::TimedBidding, Some(ends_at)) = (listing.stage, listing.stage_ends_at) else { return };
    let extended = context.time.plus(listing.terms.extension);
    if extended <= ends_at {
        return;
    }
    let due = || Due::TimedBiddingEnds(listing.code.clone());
    unschedule(context.state, ends_at, due());
    schedule(context.state, extended, due());
    listing.stage_ends_at = Some(extended);
    context.events.push(Event::TimedBiddingExtended { listing: listing.code.clone(), ends_at: extended });
}
