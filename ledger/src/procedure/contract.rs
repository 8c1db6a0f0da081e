//! Seller and winner record the contract.

use minicbor::{Decode, Encode};

use super::confirmation::Side;
use super::{Context, Procedure, due, put_listing, reach, unschedule};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_stage;
use crate::execute::rejection::Rejection;
use crate::hash::DocumentHash;
use crate::id::DealCode;
use crate::record::Due;
use crate::record::guarantee::ReleaseGround;
use crate::record::listing::{BothSides, Contract, Listing, Stage};
use crate::state::StateError;

/// One side's signature under the contract record.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RecordContract {
    /// The listing.
    #[n(0)]
    pub listing: DealCode,
    /// SHA-256 of the contract document, which stays with the parties.
    #[n(1)]
    pub document: DocumentHash,
}

impl Procedure for RecordContract {
    type Checked = (Listing, Side, Contract);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let listing = context.listing(&self.listing)?;
        check_stage("record_contract", listing.stage)?;
        let side = Side::of(&listing, &context.signer.code)?;
        let contract = listing
            .contract
            .clone()
            .unwrap_or(Contract { document: self.document, signed: BothSides::default() });
        side.check_unsigned(&contract.signed)?;
        if contract.document != self.document {
            return Err(Rejection::ContractDiffers.into());
        }
        Ok((listing, side, contract))
    }

    fn apply(
        &self,
        (mut listing, side, mut contract): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        side.sign(&mut contract.signed, context.time);
        let complete = contract.signed.complete();
        listing.contract = Some(contract);
        let by = context.signer.code.clone();
        context.events.push(Event::ContractSigned { listing: listing.code.clone(), by, complete });
        if complete {
            conclude(&mut listing, context)?;
        }
        put_listing(context.state, &listing);
        reach::note_act(&self.listing, context)
    }
}

/// With both signatures the trade is done and the winner's letter has served its purpose.
fn conclude(listing: &mut Listing, context: &mut Context<'_, '_>) -> Result<(), StateError> {
    if let Some(contract_by) = listing.stage_ends_at {
        unschedule(context.state, contract_by, Due::ContractDue(listing.code.clone()));
    }
    listing.stage = Stage::Contracted;
    listing.stage_ends_at = None;
    let Some(best) = &listing.best else { return Ok(()) };
    let Some(qualification) = context.qualification(&listing.code, &best.bidder)? else { return Ok(()) };
    due::release(
        context.state,
        &mut context.events,
        &qualification.guarantee,
        ReleaseGround::Contract,
        context.time,
    )
}
