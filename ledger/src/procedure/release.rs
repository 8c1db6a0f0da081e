//! The beneficiary releases a letter of guarantee.

use minicbor::{Decode, Encode};

use super::{Context, Procedure, due};
use crate::execute::Failure;
use crate::execute::permission::check_stage;
use crate::execute::rejection::Rejection;
use crate::id::GuaranteeId;
use crate::record::guarantee::{Guarantee, GuaranteeStatus, ReleaseGround};
use crate::record::listing::Stage;
use crate::state::StateError;

/// A signed release, which ends the letter at once (SPC rules on independent guarantees, article 11).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReleaseGuarantee {
    /// The letter.
    #[n(0)]
    pub guarantee: GuaranteeId,
}

impl Procedure for ReleaseGuarantee {
    type Checked = Guarantee;

    fn check(&self, context: &Context<'_, '_>) -> Result<Guarantee, Failure> {
        // The letter comes first because it names the listing.
        let guarantee = context.guarantee(&self.guarantee)?;
        let listing = context.listing(&guarantee.listing)?;
        check_stage("release_guarantee", listing.stage)?;
        if guarantee.is_over() {
            return Err(Rejection::GuaranteeUsed.into());
        }
        if guarantee.beneficiary != context.signer.code {
            return Err(Rejection::NotTheBeneficiary.into());
        }
        // A spare letter of the winner's that was never deposited secures nothing.
        let is_winner = guarantee.status == GuaranteeStatus::Deposited
            && listing.best.as_ref().is_some_and(|best| best.bidder == guarantee.applicant);
        let winner_bound = !matches!(listing.stage, Stage::Contracted | Stage::Failed | Stage::Lapsed);
        if is_winner && winner_bound {
            return Err(Rejection::WinnersGuarantee.into());
        }
        Ok(guarantee)
    }

    fn apply(&self, guarantee: Guarantee, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        due::release(
            context.state,
            &mut context.events,
            &guarantee.id,
            ReleaseGround::Beneficiary,
            context.time,
        )
    }
}
