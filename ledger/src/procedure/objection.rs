//! Somebody objects to the tender documents (异议), and the organiser answers.

use minicbor::{Decode, Encode};

use super::clarification::move_deadline;
use super::{Context, Procedure, panel, put_tender, schedule, unschedule};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_tender_stage;
use crate::execute::rejection::Rejection;
use crate::hash::DocumentHash;
use crate::id::TenderId;
use crate::record::Due;
use crate::record::tender::{Objection, Tender, TenderStage};
use crate::rule::construction_tender as rule;
use crate::state::StateError;
use crate::state::keys::{EvaluationKey, ObjectionKey, ObjectorKey, OpenedBidKey};
use crate::time::{BlockTime, Span};

/// Most objections to one tender.
pub const MAX_OBJECTIONS: u32 = 256;

/// An objection to the documents, to the opening or to the candidates. The tender rests until it is answered (regulation,
/// articles 22, 44 and 54).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RaiseObjection {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// The text, by content.
    #[n(1)]
    pub text: DocumentHash,
}

/// The organiser's answer. With the last one the tender goes on, with a deadline later by the time it rested.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AnswerObjection {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// Number of the objection.
    #[n(1)]
    pub number: u32,
    /// The answer, by content.
    #[n(2)]
    pub answer: DocumentHash,
}

impl Procedure for RaiseObjection {
    type Checked = (Tender, BlockTime);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let tender = context.tender(&self.tender)?;
        let pack = context.rules_of_tender(&tender)?;
        let answer_by = pack.deadline(rule::ANSWER, context.time)?;
        // While the tender rests, its clock stands where the first objection stopped it.
        let stands_at = tender.suspended_at.unwrap_or(context.time);
        let earliest = pack.earliest(rule::DOCUMENT_OBJECTION, stands_at)?;
        check_tender_stage("raise_objection", tender.stage)?;
        let late = match tender.stage {
            TenderStage::Opened | TenderStage::OpenedLate => {
                let quiet = pack.minutes(rule::OPENING_OBJECTION, tender.published_at)?;
                context.time >= panel::evaluation(context, &self.tender)?.opened_at.plus(quiet)
            }
            TenderStage::OnDisplay => false,
            _ => earliest > tender.closes_at,
        };
        if late {
            return Err(Rejection::ObjectionTooLate.into());
        }
        if context.state.read(&ObjectorKey(&self.tender, &context.signer.code))?.is_some() {
            return Err(Rejection::ObjectionOpen.into());
        }
        if tender.objections >= MAX_OBJECTIONS {
            return Err(Rejection::TooManyObjections.into());
        }
        let before = matches!(tender.stage, TenderStage::Accepting | TenderStage::Suspended);
        let bid = context.state.read(&OpenedBidKey(&self.tender, &context.signer.code))?;
        if !before && bid.is_none() {
            return Err(Rejection::NotABidder.into());
        }
        Ok((tender, answer_by))
    }

    fn apply(
        &self,
        (mut tender, answer_by): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        let (by, at) = (context.signer.code.clone(), context.time);
        tender.objections = tender.objections.saturating_add(1);
        tender.open_objections = tender.open_objections.saturating_add(1);
        if tender.suspended_at.is_none() {
            stand_still(&mut tender, context)?;
        }
        tender.suspended_at.get_or_insert(at);
        let number = tender.objections;
        let (text, answer, answered_at) = (self.text, None, None);
        let objection = Objection { number, by: by.clone(), text, at, answer_by, answer, answered_at };
        context.state.write(&ObjectorKey(&tender.id, &by), &number);
        context.state.write(&ObjectionKey(&tender.id, number), &objection);
        context.events.push(Event::ObjectionRaised { tender: tender.id, number, by, answer_by });
        put_tender(context.state, &tender);
        Ok(())
    }
}

impl Procedure for AnswerObjection {
    type Checked = (Tender, Objection);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let tender = context.tender(&self.tender)?;
        if tender.organiser != context.signer.code {
            return Err(Rejection::NotTheOrganiser.into());
        }
        check_tender_stage("answer_objection", tender.stage)?;
        let found = context.state.read(&ObjectionKey(&self.tender, self.number))?;
        match found.filter(|objection| objection.answer.is_none()) {
            Some(objection) => Ok((tender, objection)),
            None => Err(Rejection::ObjectionNotOpen.into()),
        }
    }

    fn apply(
        &self,
        (mut tender, mut objection): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        let late = context.time > objection.answer_by;
        objection.answer = Some(self.answer);
        objection.answered_at = Some(context.time);
        context.state.write(&ObjectionKey(&tender.id, objection.number), &objection);
        context.state.remove(&ObjectorKey(&tender.id, &objection.by));
        context.events.push(Event::ObjectionAnswered { tender: tender.id, number: objection.number, late });
        tender.open_objections = tender.open_objections.saturating_sub(1);
        if tender.open_objections == 0 {
            let rested = context.time.since(tender.suspended_at.take().unwrap_or(context.time));
            go_on(&mut tender, rested, context)?;
        }
        put_tender(context.state, &tender);
        Ok(())
    }
}

/// With the first open objection the clock of the tender's stage stands still.
fn stand_still(tender: &mut Tender, context: &mut Context<'_, '_>) -> Result<(), StateError> {
    match tender.stage {
        TenderStage::Accepting => {
            unschedule(context.state, tender.opens_at(), Due::TenderOpens(tender.id));
            tender.stage = TenderStage::Suspended;
        }
        TenderStage::OnDisplay => {
            let until = panel::evaluation(context, &tender.id)?.display_until;
            if let Some(until) = until {
                unschedule(context.state, until, Due::DisplayEnds(tender.id));
            }
        }
        // The evaluation does not begin while an objection is open.
        _ => {}
    }
    Ok(())
}

/// With the last answer it goes on, later by the time for which it stood.
fn go_on(tender: &mut Tender, rested: Span, context: &mut Context<'_, '_>) -> Result<(), StateError> {
    match tender.stage {
        TenderStage::Suspended => {
            let closes_at = tender.closes_at.plus(rested);
            move_deadline(tender, closes_at, context);
            tender.stage = TenderStage::Accepting;
            schedule(context.state, tender.opens_at(), Due::TenderOpens(tender.id));
        }
        TenderStage::OnDisplay => {
            let mut evaluation = panel::evaluation(context, &tender.id)?;
            if let Some(until) = &mut evaluation.display_until {
                *until = until.plus(rested);
                schedule(context.state, *until, Due::DisplayEnds(tender.id));
            }
            context.state.write(&EvaluationKey(&tender.id), &evaluation);
        }
        _ => {}
    }
    Ok(())
}
