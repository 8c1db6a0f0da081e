//! The hosting centre publishes the result (公示).

use minicbor::{Decode, Encode};

use super::{Context, Procedure, put_listing, schedule};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_stage;
use crate::execute::rejection::Rejection;
use crate::id::DealCode;
use crate::record::Due;
use crate::record::listing::{Listing, Stage};
use crate::rule::land_listing as rule;
use crate::state::StateError;
use crate::time::BlockTime;

/// Publication of a confirmed result.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PublishResult {
    /// The listing.
    #[n(0)]
    pub listing: DealCode,
}

impl Procedure for PublishResult {
    type Checked = (Listing, BlockTime);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let listing = context.listing(&self.listing)?;
        let until = context.rules_of(&listing)?.deadline(rule::PUBLICITY, context.time)?;
        check_stage("publish_result", listing.stage)?;
        if listing.centre != context.signer.code {
            return Err(Rejection::NotTheHost.into());
        }
        Ok((listing, until))
    }

    fn apply(
        &self,
        (mut listing, until): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        listing.stage = Stage::Publicity;
        listing.stage_ends_at = Some(until);
        put_listing(context.state, &listing);
        schedule(context.state, until, Due::PublicityEnds(self.listing.clone()));
        context.events.push(Event::ResultPublished { listing: self.listing.clone(), until });
        Ok(())
    }
}
