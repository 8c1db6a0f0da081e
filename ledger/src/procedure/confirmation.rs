//! Seller and winner confirm the deal (成交确认书).

use minicbor::{Decode, Encode};

use super::{Context, Procedure, put_listing, reach, unschedule};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_stage;
use crate::execute::rejection::Rejection;
use crate::id::{CreditCode, DealCode};
use crate::record::Due;
use crate::record::listing::{BothSides, Listing, Stage};
use crate::rule::land_listing as rule;
use crate::state::StateError;
use crate::time::BlockTime;

/// One side's signature under the confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ConfirmDeal {
    /// The listing.
    #[n(0)]
    pub listing: DealCode,
}

/// A side of a deal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Who offers the resource.
    Seller,
    /// Who won it.
    Winner,
}

impl Side {
    /// Which side `who` is.
    pub(crate) fn of(listing: &Listing, who: &CreditCode) -> Result<Self, Rejection> {
        let winner = listing.best.as_ref().map(|best| &best.bidder);
        if listing.seller == *who {
            Ok(Self::Seller)
        } else if winner == Some(who) {
            Ok(Self::Winner)
        } else {
            Err(Rejection::NotAParty)
        }
    }

    pub(crate) fn check_unsigned(self, signed: &BothSides) -> Result<(), Rejection> {
        let mine = match self {
            Self::Seller => signed.seller,
            Self::Winner => signed.winner,
        };
        if mine.is_some() { Err(Rejection::AlreadySigned) } else { Ok(()) }
    }

    pub(crate) const fn sign(self, signed: &mut BothSides, at: BlockTime) {
        match self {
            Self::Seller => signed.seller = Some(at),
            Self::Winner => signed.winner = Some(at),
        }
    }
}

impl Procedure for ConfirmDeal {
    type Checked = (Listing, Side, BlockTime);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let listing = context.listing(&self.listing)?;
        let publish_by = context.rules_of(&listing)?.deadline(rule::PUBLICATION, context.time)?;
        check_stage("confirm_deal", listing.stage)?;
        let side = Side::of(&listing, &context.signer.code)?;
        side.check_unsigned(&listing.confirmation)?;
        Ok((listing, side, publish_by))
    }

    fn apply(
        &self,
        (mut listing, side, publish_by): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        side.sign(&mut listing.confirmation, context.time);
        let complete = listing.confirmation.complete();
        if complete {
            if let Some(confirm_by) = listing.stage_ends_at {
                unschedule(context.state, confirm_by, Due::ConfirmationDue(self.listing.clone()));
            }
            listing.stage = Stage::Confirmed;
            // Nothing happens by itself at the end of this period: it binds the centre, whose lateness
            // must not cost the parties their deal. It shows as overdue.
            listing.stage_ends_at = Some(publish_by);
        }
        put_listing(context.state, &listing);
        reach::note_act(&self.listing, context)?;
        let (listing, by) = (self.listing.clone(), context.signer.code.clone());
        context.events.push(Event::DealConfirmed { listing, by, complete });
        Ok(())
    }
}
