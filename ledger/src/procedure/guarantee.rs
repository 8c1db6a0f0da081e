//! A guarantor issues an electronic letter of guarantee.

use minicbor::{Decode, Encode};

use super::{Context, Procedure, put_guarantee, schedule};
use crate::amount::Amount;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_stage;
use crate::execute::rejection::Rejection;
use crate::id::{CreditCode, DealCode, GuaranteeId, LetterNumber};
use crate::record::Due;
use crate::record::guarantee::{Guarantee, GuaranteeStatus};
use crate::record::organisation::Role;
use crate::state::StateError;
use crate::state::keys::GuaranteeKey;
use crate::time::BlockTime;

/// A letter for one bidder in one listing, in favour of its seller. It takes effect on issue and
/// cannot be revoked (SPC rules on independent guarantees, article 4).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct IssueGuarantee {
    /// The guarantor's number for the letter.
    #[n(0)]
    pub number: LetterNumber,
    /// The bidder on whose behalf it is issued.
    #[n(1)]
    pub applicant: CreditCode,
    /// The listing.
    #[n(2)]
    pub listing: DealCode,
    /// Maximum amount.
    #[n(3)]
    pub amount: Amount,
    /// When it ends.
    #[n(4)]
    pub expires_at: BlockTime,
}

impl Procedure for IssueGuarantee {
    type Checked = Guarantee;

    fn check(&self, context: &Context<'_, '_>) -> Result<Guarantee, Failure> {
        let listing = context.listing(&self.listing)?;
        check_stage("issue_guarantee", listing.stage)?;
        let id = GuaranteeId { guarantor: context.signer.code.clone(), number: self.number.clone() };
        if context.state.read(&GuaranteeKey(&id))?.is_some() {
            return Err(Rejection::GuaranteeExists.into());
        }
        if !context.organisation(&self.applicant)?.is_some_and(|o| o.has(Role::Bidder)) {
            return Err(Rejection::ApplicantNotBidder.into());
        }
        if self.amount.minor() == 0 || self.amount.currency() != listing.prices.deposit.currency() {
            return Err(Rejection::InvalidGuaranteeAmount.into());
        }
        if self.expires_at <= context.time {
            return Err(Rejection::GuaranteeAlreadyExpired.into());
        }
        Ok(Guarantee {
            id,
            applicant: self.applicant.clone(),
            beneficiary: listing.seller,
            listing: self.listing.clone(),
            amount: self.amount,
            issued_at: context.time,
            expires_at: self.expires_at,
            status: GuaranteeStatus::Issued,
            certificate: context.certificate(),
            questioned: None,
        })
    }

    fn apply(&self, guarantee: Guarantee, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        put_guarantee(context.state, &guarantee);
        schedule(context.state, guarantee.expires_at, Due::GuaranteeExpires(guarantee.id.clone()));
        context.events.push(Event::GuaranteeIssued {
            guarantee: guarantee.id,
            listing: guarantee.listing,
            applicant: guarantee.applicant,
            amount: guarantee.amount,
        });
        Ok(())
    }
}
