//! The members of a panel give their scores: first all commit, then all reveal, so that nobody follows anybody else (评标).
//!
//! With the last sheet every node computes the ranking, and the candidates are on display.

use minicbor::{Decode, Encode};

use super::panel::{evaluation, opened, opened_stage, opening};
use super::{Context, Procedure, put_tender, ranking, schedule, unschedule};
use crate::codec::{self, Bytes};
use crate::crypto::PublicKey;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_tender_stage;
use crate::execute::rejection::Rejection;
use crate::hash::tagged;
use crate::id::TenderId;
use crate::record::Due;
use crate::record::evaluation::{Evaluation, ExcuseGround, LotResult, Mark, Sheet, SheetHash};
use crate::record::tender::{Method, Tender, TenderStage};
use crate::rule::{Unit, construction_tender as rule};
use crate::state::StateError;
use crate::state::keys::{EvaluationKey, LotResultKey, SheetKey};
use crate::time::BlockTime;

/// A member commits to its scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CommitScores {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// What is committed to.
    #[n(1)]
    pub sheet: SheetHash,
}

/// A member reveals its scores, when all have committed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RevealScores {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// The scores.
    #[n(1)]
    pub sheet: Sheet,
    /// The 32 random bytes of the commitment.
    #[n(2)]
    pub salt: Bytes<32>,
}

impl Sheet {
    /// What a member commits to.
    pub fn hash(&self, tender: &TenderId, key: &PublicKey, salt: &Bytes<32>) -> SheetHash {
        SheetHash::from_bytes(tagged("zhulian/scores/1", &[&codec::encode(&(tender, key, self, salt))]))
    }
}

/// The number of the seat on which a key sits.
fn seat_of(evaluation: &Evaluation, key: &PublicKey) -> Result<usize, Rejection> {
    let mut sitting = evaluation.sitting();
    let seat = sitting.find(|(_, seat)| seat.expert.key == *key);
    seat.map(|(number, _)| number).ok_or(Rejection::NotOnThePanel)
}

impl Procedure for CommitScores {
    type Checked = (Evaluation, usize);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let tender = context.tender(&self.tender)?;
        let pack = context.rules_of_tender(&tender)?;
        let quiet = pack.minutes(rule::OPENING_OBJECTION, tender.published_at)?;
        check_tender_stage("commit_scores", tender.stage)?;
        let evaluation = evaluation(context, &self.tender)?;
        let seat = seat_of(&evaluation, &context.key)?;
        // Objections at the opening are answered before anybody judges the bids (条44).
        let begun = context.time >= evaluation.opened_at.plus(quiet) && tender.open_objections == 0;
        if !(begun && evaluation.is_full()) {
            return Err(Rejection::EvaluationNotBegun.into());
        }
        let place = seat.checked_sub(1).and_then(|at| evaluation.seats.get(at));
        if place.is_none_or(|place| place.sheet.is_some()) {
            return Err(Rejection::ScoresCommitted.into());
        }
        Ok((evaluation, seat))
    }

    fn apply(
        &self,
        (mut evaluation, number): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        if let Some(seat) = evaluation.seats.get_mut(number.saturating_sub(1)) {
            seat.sheet = Some(self.sheet);
        }
        context.state.write(&EvaluationKey(&self.tender), &evaluation);
        let seat = u32::try_from(number).unwrap_or(u32::MAX);
        context.events.push(Event::ScoresCommitted { tender: self.tender, seat });
        Ok(())
    }
}

/// What a revealed sheet leads to.
pub struct Revealed {
    tender: Tender,
    evaluation: Evaluation,
    seat: usize,
    display_until: BlockTime,
    most: u32,
}

impl RevealScores {
    /// One mark for each bid, within the weights of the method; a rejected bid has no points.
    fn check_marks(&self, tender: &Tender, bids: usize) -> Result<(), Rejection> {
        let (technical, business) = match tender.method {
            Method::LowestPrice => (0, 0),
            Method::Score { technical, business, .. } => (technical, business),
        };
        let sound = |mark: &Mark| match mark.rejected {
            None => mark.technical <= technical && mark.business <= business,
            Some(_) => mark.technical == 0 && mark.business == 0,
        };
        let whole = self.sheet.marks.len() == bids && self.sheet.marks.iter().all(sound);
        if whole { Ok(()) } else { Err(Rejection::InvalidSheet) }
    }
}

impl Procedure for RevealScores {
    type Checked = Revealed;

    fn check(&self, context: &Context<'_, '_>) -> Result<Revealed, Failure> {
        let tender = context.tender(&self.tender)?;
        let pack = context.rules_of_tender(&tender)?;
        let display_until = pack.deadline(rule::PUBLICITY, context.time)?;
        let most = pack.value(rule::CANDIDATES, Unit::Count, tender.published_at)?;
        check_tender_stage("reveal_scores", tender.stage)?;
        let evaluation = evaluation(context, &self.tender)?;
        let seat = seat_of(&evaluation, &context.key)?;
        let all = evaluation.is_full() && evaluation.sitting().all(|(_, seat)| seat.sheet.is_some());
        if !all {
            return Err(Rejection::SheetsOutstanding.into());
        }
        let place = seat.checked_sub(1).and_then(|at| evaluation.seats.get(at));
        let place = place.filter(|place| !place.revealed).ok_or(Rejection::ScoresRevealed)?;
        if place.sheet != Some(self.sheet.hash(&self.tender, &context.key, &self.salt)) {
            return Err(Rejection::SheetDiffers.into());
        }
        self.check_marks(&tender, opened(context.state, &self.tender)?.len())?;
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        Ok(Revealed { tender, evaluation, seat, display_until, most })
    }

    fn apply(&self, found: Revealed, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let Revealed { mut tender, mut evaluation, seat: number, display_until, most } = found;
        if let Some(seat) = evaluation.seats.get_mut(number.saturating_sub(1)) {
            seat.revealed = true;
        }
        let seat = u32::try_from(number).unwrap_or(u32::MAX);
        context.state.write(&SheetKey(&tender.id, seat), &self.sheet);
        context.events.push(Event::ScoresRevealed { tender: tender.id, seat });
        if evaluation.sitting().all(|(_, seat)| seat.revealed) {
            rank(&mut tender, &mut evaluation, display_until, most, context)?;
        }
        context.state.write(&EvaluationKey(&tender.id), &evaluation);
        Ok(())
    }
}

/// The last sheet is there: the ranking follows, and the candidates are on display (公示). Without any the tender failed.
fn rank(
    tender: &mut Tender,
    evaluation: &mut Evaluation,
    display_until: BlockTime,
    most: u32,
    context: &mut Context<'_, '_>,
) -> Result<(), StateError> {
    let bids = opened(context.state, &tender.id)?;
    let mut sheets = Vec::new();
    for (number, _) in evaluation.sitting() {
        let key = SheetKey(&tender.id, u32::try_from(number).unwrap_or(u32::MAX));
        sheets.extend(context.state.read(&key)?);
    }
    let mut proposed = 0u32;
    for lot in 1..=u32::try_from(tender.lots.len()).unwrap_or(u32::MAX) {
        let candidates = ranking::candidates(tender.method, lot, &bids, &sheets, most as usize);
        proposed = proposed.saturating_add(u32::from(!candidates.is_empty()));
        let (awarded_at, contract_by, contract) = (None, None, None);
        let result = LotResult { candidates, lapsed: 0, awarded_at, contract_by, contract };
        context.state.write(&LotResultKey(&tender.id, lot), &result);
    }
    evaluation.ranked_at = Some(context.time);
    evaluation.lots_left = proposed;
    let rejected = bids.len().saturating_sub(ranking::standing(&bids, &sheets));
    let rejected = u32::try_from(rejected).unwrap_or(u32::MAX);
    if proposed == 0 {
        tender.stage = TenderStage::Failed;
        context.events.push(Event::AllBidsRejected { tender: tender.id, rejected });
    } else {
        tender.stage = TenderStage::OnDisplay;
        evaluation.display_until = Some(display_until);
        schedule(context.state, display_until, Due::DisplayEnds(tender.id));
        let until = display_until;
        context.events.push(Event::CandidatesOnDisplay {
            tender: tender.id,
            lots: proposed,
            rejected,
            until,
        });
    }
    put_tender(context.state, tender);
    Ok(())
}

/// Makes an evaluation void in which a member had an interest: scores and ranking go, the seat is left, and the others judge
/// again with the one who takes it.
pub(super) fn start_again(
    tender: &mut Tender,
    evaluation: &mut Evaluation,
    seat: usize,
    context: &mut Context<'_, '_>,
) -> Result<(), StateError> {
    if let Some(until) = evaluation.display_until.take() {
        unschedule(context.state, until, Due::DisplayEnds(tender.id));
    }
    evaluation.ranked_at = None;
    for (number, seat) in (1u32..).zip(&mut evaluation.seats) {
        (seat.sheet, seat.revealed) = (None, false);
        context.state.remove(&SheetKey(&tender.id, number));
    }
    for lot in 1..=u32::try_from(tender.lots.len()).unwrap_or(u32::MAX) {
        context.state.remove(&LotResultKey(&tender.id, lot));
    }
    if let Some(left) = evaluation.seats.get_mut(seat) {
        left.excused = Some(ExcuseGround::Conflict);
    }
    tender.stage = opened_stage(&opening(context.state, &tender.id)?);
    let seat = u32::try_from(seat).unwrap_or(u32::MAX).saturating_add(1);
    context.events.push(Event::EvaluationVoid { tender: tender.id, seat });
    Ok(())
}
