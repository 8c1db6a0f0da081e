//! One file for each business act: what it says, what is checked, what it does.

pub mod admission;
pub mod registration;

pub mod enrolment;
pub mod ocsp_response;
pub mod revocation;
pub mod revocation_list;
pub mod shared_key;
pub mod staff;

pub mod confirmation;
pub mod contract;
pub mod due;
pub mod guarantee;
pub mod listing;
pub mod publicity;
pub mod qualification;
pub mod quote;
pub mod release;

pub mod attestation;
pub mod award;
pub mod bid;
pub mod clarification;
pub mod epoch;
pub mod expert;
pub mod objection;
pub mod opening_shares;
pub mod panel;
pub mod project;
pub mod scores;
pub mod seat;
pub mod self_opening;
pub mod stamp_key;
pub mod tender;
pub mod tender_contract;
pub mod withdrawal;

pub mod clock;

pub mod approval;
pub mod cosigner;
pub mod double_signing;
pub mod proposal;

mod change;
mod opening;
mod ranking;
mod reach;
mod trust;
mod x509;

use crate::calendar::BeyondCalendar;
use crate::crypto::PublicKey;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::id::{CertificateId, ChainId, CreditCode, DealCode, GuaranteeId, Height, TenderId};
use crate::record::guarantee::Guarantee;
use crate::record::listing::{Listing, Qualification};
use crate::record::organisation::{KeyHolder, Organisation};
use crate::record::tender::Tender;
use crate::record::{Due, DueAt, Parameters};
use crate::rule::{RuleError, RulePack, TradeKind};
use crate::state::keys::{
    DueKey, FormerRulesKey, GuaranteeKey, ListingKey, OrganisationKey, QualificationKey, RulesKey, TenderKey,
};
use crate::state::{Overlay, StateError};
use crate::time::BlockTime;
use crate::transaction;

/// What an act sees of the world, and where its effects go.
pub struct Context<'a, 'b> {
    /// The state so far in this block.
    pub state: &'a mut Overlay<'b>,
    /// The chain that the transaction was signed for.
    pub chain: &'a ChainId,
    /// The height of the block.
    pub height: Height,
    /// Block time.
    pub time: BlockTime,
    /// The transaction.
    pub transaction: transaction::Id,
    /// The organisation whose key signed; for an applicant as far as the ledger knows it.
    pub signer: Organisation,
    /// That key.
    pub key: PublicKey,
    /// What the ledger has about that key; nothing about a member's voting key and an applicant's.
    pub holder: Option<KeyHolder>,
    /// The network's bounds.
    pub parameters: &'a Parameters,
    /// What has happened so far in this act.
    pub events: Vec<Event>,
}

/// A business act: checks that read, then effects that cannot be refused.
pub trait Procedure {
    /// What the checks found, and the effects need.
    type Checked;

    /// Checks every rule in the order of [`Rejection`], without writing.
    ///
    /// # Errors
    /// [`Failure`].
    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure>;

    /// Writes what follows.
    ///
    /// # Errors
    /// [`StateError`] when the state cannot be read.
    fn apply(&self, checked: Self::Checked, context: &mut Context<'_, '_>) -> Result<(), StateError>;

    /// Both, in their order.
    ///
    /// # Errors
    /// [`Failure`].
    fn run(&self, context: &mut Context<'_, '_>) -> Result<(), Failure> {
        let checked = self.check(context)?;
        Ok(self.apply(checked, context)?)
    }
}

impl Context<'_, '_> {
    /// The certificate that the signing key comes from.
    pub(crate) fn certificate(&self) -> Option<CertificateId> {
        self.holder.as_ref().and_then(|holder| holder.certificate)
    }

    pub(crate) fn organisation(&self, code: &CreditCode) -> Result<Option<Organisation>, StateError> {
        self.state.read(&OrganisationKey(code))
    }

    pub(crate) fn listing(&self, code: &DealCode) -> Result<Listing, Failure> {
        Ok(self.state.read(&ListingKey(code))?.ok_or(Rejection::ListingUnknown)?)
    }

    pub(crate) fn tender(&self, id: &TenderId) -> Result<Tender, Failure> {
        Ok(self.state.read(&TenderKey(id))?.ok_or(Rejection::TenderUnknown)?)
    }

    pub(crate) fn rules_of_tender(&self, tender: &Tender) -> Result<RulePack, Failure> {
        Ok(rules_of(self.state, TradeKind::ConstructionTender, tender.pack_version)?)
    }

    pub(crate) fn guarantee(&self, id: &GuaranteeId) -> Result<Guarantee, Failure> {
        Ok(self.state.read(&GuaranteeKey(id))?.ok_or(Rejection::GuaranteeUnknown)?)
    }

    pub(crate) fn qualification(
        &self,
        listing: &DealCode,
        bidder: &CreditCode,
    ) -> Result<Option<Qualification>, StateError> {
        self.state.read(&QualificationKey(listing, bidder))
    }

    pub(crate) fn rules(&self, kind: TradeKind) -> Result<RulePack, Failure> {
        Ok(self.state.read(&RulesKey(kind))?.ok_or(Rejection::RuleMissing)?)
    }

    pub(crate) fn rules_of(&self, listing: &Listing) -> Result<RulePack, Failure> {
        Ok(rules_of(self.state, TradeKind::LandListing, listing.terms.pack_version)?)
    }
}

/// The rules that a trade began with, counted by the holiday table in force: a newer pack does not touch
/// a trade that runs, but the State Council's table of the next year is for everybody.
pub(crate) fn rules_of(state: &Overlay<'_>, kind: TradeKind, version: u32) -> Result<RulePack, StateError> {
    let missing = || StateError::Store("the state lacks the rules of a trade".into());
    let now = state.read(&RulesKey(kind))?.ok_or_else(missing)?;
    if now.version == version {
        return Ok(now);
    }
    let then = state.read(&FormerRulesKey(kind, version))?.ok_or_else(missing)?;
    Ok(RulePack { calendar: now.calendar, ..then })
}

/// Has `due` happen at `time`.
pub(crate) fn schedule(state: &mut Overlay<'_>, time: BlockTime, due: Due) {
    let at = DueAt { time, due };
    state.write(&DueKey(&at), &at.due);
}

/// Forgets what was to happen.
pub(crate) fn unschedule(state: &mut Overlay<'_>, time: BlockTime, due: Due) {
    state.remove(&DueKey(&DueAt { time, due }));
}

pub(crate) fn put_listing(state: &mut Overlay<'_>, listing: &Listing) {
    state.write(&ListingKey(&listing.code), listing);
}

pub(crate) fn put_tender(state: &mut Overlay<'_>, tender: &Tender) {
    state.write(&TenderKey(&tender.id), tender);
}

pub(crate) fn put_guarantee(state: &mut Overlay<'_>, guarantee: &Guarantee) {
    state.write(&GuaranteeKey(&guarantee.id), guarantee);
}

impl From<RuleError> for Failure {
    fn from(error: RuleError) -> Self {
        match error {
            RuleError::Missing(_) => Rejection::RuleMissing.into(),
            RuleError::Beyond(BeyondCalendar(_)) => Rejection::BeyondCalendar.into(),
        }
    }
}
