//! An organiser clarifies or changes the tender documents (澄清与修改), or moves the deadline.

use minicbor::{Decode, Encode};

use super::project::are_documents;
use super::tender::{MAX_TENDER_DOCUMENTS, check_reach};
use super::{Context, Procedure, put_tender, schedule, unschedule};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_tender_stage;
use crate::execute::rejection::Rejection;
use crate::hash::DocumentHash;
use crate::id::TenderId;
use crate::record::Due;
use crate::record::tender::{Tender, TenderStage};
use crate::rule::construction_tender as rule;
use crate::state::StateError;
use crate::time::BlockTime;

/// Most documents of a tender, with those of its clarifications.
pub const MAX_ALL_DOCUMENTS: usize = 256;

/// A clarification or change. If it may affect bids and comes late, the deadline moves by itself (rule CT05).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ClarifyTender {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// The documents that say it, by content, 1 to 16, none of them published before.
    #[n(1)]
    pub documents: Vec<DocumentHash>,
    /// Whether it may affect how bids are made.
    #[n(2)]
    pub affects_bids: bool,
}

/// A later deadline.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ExtendTender {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// The new deadline, later than the present one.
    #[n(1)]
    pub closes_at: BlockTime,
}

impl Procedure for ClarifyTender {
    type Checked = (Tender, BlockTime);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let tender = context.tender(&self.tender)?;
        let pack = context.rules_of_tender(&tender)?;
        let closes_at = match self.affects_bids {
            true => tender.closes_at.max(pack.earliest(rule::CLARIFICATION, context.time)?),
            false => tender.closes_at,
        };
        check_reach(&pack, closes_at)?;
        if tender.organiser != context.signer.code {
            return Err(Rejection::NotTheOrganiser.into());
        }
        let known = |document| tender.documents.contains(document);
        let all = tender.documents.len().saturating_add(self.documents.len());
        let fresh =
            are_documents(&self.documents, 1, MAX_TENDER_DOCUMENTS) && !self.documents.iter().any(known);
        if !fresh || all > MAX_ALL_DOCUMENTS {
            return Err(Rejection::InvalidDocuments.into());
        }
        check_tender_stage("clarify_tender", tender.stage)?;
        check_before_deadline(&tender, context.time)?;
        Ok((tender, closes_at))
    }

    fn apply(
        &self,
        (mut tender, closes_at): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        tender.clarifications = tender.clarifications.saturating_add(1);
        tender.documents.extend(&self.documents);
        let number = tender.clarifications;
        context.events.push(Event::TenderClarified { tender: tender.id, number });
        move_deadline(&mut tender, closes_at, context);
        put_tender(context.state, &tender);
        Ok(())
    }
}

impl Procedure for ExtendTender {
    type Checked = Tender;

    fn check(&self, context: &Context<'_, '_>) -> Result<Tender, Failure> {
        let tender = context.tender(&self.tender)?;
        let pack = context.rules_of_tender(&tender)?;
        check_reach(&pack, self.closes_at)?;
        if tender.organiser != context.signer.code {
            return Err(Rejection::NotTheOrganiser.into());
        }
        check_tender_stage("extend_tender", tender.stage)?;
        if self.closes_at <= tender.closes_at {
            return Err(Rejection::DeadlineShortened.into());
        }
        Ok(tender)
    }

    fn apply(&self, mut tender: Tender, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        move_deadline(&mut tender, self.closes_at, context);
        put_tender(context.state, &tender);
        Ok(())
    }
}

/// Whether the deadline lies ahead. A suspended tender's moves when it goes on.
fn check_before_deadline(tender: &Tender, now: BlockTime) -> Result<(), Rejection> {
    let ahead = tender.suspended_at.is_some() || now < tender.closes_at;
    if ahead { Ok(()) } else { Err(Rejection::DeadlinePassed) }
}

/// Sets a deadline that is later than the present one, and says so.
pub(super) fn move_deadline(tender: &mut Tender, closes_at: BlockTime, context: &mut Context<'_, '_>) {
    if closes_at <= tender.closes_at {
        return;
    }
    let running = tender.stage == TenderStage::Accepting;
    if running {
        unschedule(context.state, tender.opens_at(), Due::TenderOpens(tender.id));
    }
    tender.closes_at = closes_at;
    if running {
        schedule(context.state, tender.opens_at(), Due::TenderOpens(tender.id));
    }
    context.events.push(Event::DeadlineMoved { tender: tender.id, closes_at });
}
