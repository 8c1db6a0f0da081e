//! A bidder deposits its letter and so qualifies.

use minicbor::{Decode, Encode};

use super::{Context, Procedure, put_guarantee, put_listing};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_stage;
use crate::execute::rejection::Rejection;
use crate::id::{DealCode, GuaranteeId};
use crate::record::guarantee::{Guarantee, GuaranteeStatus};
use crate::record::listing::{Listing, Qualification};
use crate::state::StateError;
use crate::state::keys::QualificationKey;

/// The deposit of a letter for a listing. A letter is deposited once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DepositGuarantee {
    /// The listing.
    #[n(0)]
    pub listing: DealCode,
    /// The letter.
    #[n(1)]
    pub guarantee: GuaranteeId,
}

impl Procedure for DepositGuarantee {
    type Checked = (Listing, Guarantee);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let listing = context.listing(&self.listing)?;
        check_stage("deposit_guarantee", listing.stage)?;
        let guarantee = context.guarantee(&self.guarantee)?;
        let bidder = &context.signer.code;
        if guarantee.applicant != *bidder {
            return Err(Rejection::NotTheApplicant.into());
        }
        if guarantee.listing != self.listing {
            return Err(Rejection::WrongListing.into());
        }
        if guarantee.status != GuaranteeStatus::Issued {
            return Err(Rejection::GuaranteeUsed.into());
        }
        if !guarantee.amount.at_least(listing.prices.deposit).unwrap_or(false) {
            return Err(Rejection::GuaranteeTooSmall.into());
        }
        if guarantee.expires_at < listing.terms.letters_valid_until {
            return Err(Rejection::GuaranteeTooShort.into());
        }
        if context.qualification(&self.listing, bidder)?.is_some() {
            return Err(Rejection::AlreadyQualified.into());
        }
        if listing.seller == *bidder {
            return Err(Rejection::SellerMayNotBid.into());
        }
        Ok((listing, guarantee))
    }

    fn apply(
        &self,
        (mut listing, mut guarantee): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        let bidder = context.signer.code.clone();
        listing.qualified = listing.qualified.saturating_add(1);
        guarantee.status = GuaranteeStatus::Deposited;
        put_listing(context.state, &listing);
        put_guarantee(context.state, &guarantee);
        let qualification = Qualification {
            bidder: bidder.clone(),
            guarantee: guarantee.id.clone(),
            at: context.time,
            quotes: 0,
            certificates: Vec::new(),
        };
        context.state.write(&QualificationKey(&self.listing, &bidder), &qualification);
        let (listing, guarantee) = (self.listing.clone(), guarantee.id);
        context.events.push(Event::BidderQualified { listing, bidder, guarantee });
        Ok(())
    }
}
