//! The panel that evaluates a tender's bids (评标委员会): drawn by the ledger, mended when somebody leaves, named at the end.
//!
//! Nobody chooses. The draw follows from the secrets of all bids that the opening revealed, which before it nobody knows as
//! long as one bidder keeps its own; and from the pool as it stood when the opening began.

use minicbor::{Decode, Encode};

use super::{Context, Procedure, put_tender, rules_of};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_tender_stage;
use crate::execute::rejection::Rejection;
use crate::hash::tagged;
use crate::id::TenderId;
use crate::record::bid::{OpenedBid, Opening};
use crate::record::evaluation::{
    Beacon, Evaluation, ExcuseGround, Expert, ExpertCard, ExpertStanding, PanelSeat,
};
use crate::record::project::Industry;
use crate::record::tender::{Tender, TenderStage};
use crate::rule::{TradeKind, Unit, construction_tender as rule};
use crate::state::keys::{
    BidKey, ChunkKey, EvaluationKey, ExpertKey, ExpertStandingKey, OpeningKey, PoolTallyKey, ProjectKey,
    experts_of, opened_bids_of,
};
use crate::state::{Overlay, StateError, StateRead, decode_value};
use crate::time::BlockTime;

fn damaged(what: &str) -> StateError {
    StateError::Store(format!("the evaluation of a tender is inconsistent: {what}"))
}

/// Draws the panel of a tender whose bids have just been opened.
pub(super) fn draw(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    now: BlockTime,
    tender: &Tender,
    opening: &Opening,
) -> Result<(), StateError> {
    let pack = rules_of(state, TradeKind::ConstructionTender, tender.pack_version)?;
    let members = pack.value(rule::COMMITTEE, Unit::Count, tender.published_at);
    let members = members.map_err(|e| StateError::Store(e.to_string()))?;
    let mut evaluation = Evaluation {
        beacon: beacon(state, &tender.id, opening)?,
        opened_at: now,
        members: u32::try_from(members).unwrap_or(u32::MAX),
        seats: Vec::new(),
        ranked_at: None,
        display_until: None,
        lots_left: 0,
    };
    fill(state, events, tender, &mut evaluation)
}

/// SHA-256 of the text `zhulian/beacon/1`, a zero byte, the tender and the secrets of all bids on the list, in its order.
fn beacon(state: &Overlay<'_>, tender: &TenderId, opening: &Opening) -> Result<Beacon, StateError> {
    let mut secrets = tender.as_bytes().to_vec();
    for number in 0..opening.chunks {
        let chunk = state.read(&ChunkKey(tender, number))?.ok_or_else(|| damaged("a chunk is missing"))?;
        for live in &chunk.bids {
            let bid = state.read(&BidKey(&live.key))?.ok_or_else(|| damaged("a bid is missing"))?;
            let secret = bid.secret.ok_or_else(|| damaged("an opened bid has no secret"))?;
            secrets.extend_from_slice(secret.as_bytes());
        }
    }
    Ok(Beacon::from_bytes(tagged("zhulian/beacon/1", &[&secrets])))
}

/// Seats experts until the panel is full or the pool empty, and says who was drawn.
fn fill(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    tender: &Tender,
    evaluation: &mut Evaluation,
) -> Result<(), StateError> {
    let project = state.read(&ProjectKey(&tender.project))?.ok_or_else(|| damaged("no project"))?;
    let industry = project.industry;
    let mut order = order(state, industry, &evaluation.beacon, evaluation.opened_at)?;
    let mut drawn = Vec::new();
    while !evaluation.is_full() && !order.is_empty() {
        let place = next_place(&order, evaluation);
        let expert = order.remove(place);
        drawn.push(expert.number);
        take(state, tender, industry, &expert)?;
        let seat = PanelSeat { expert, excused: None, sheet: None, revealed: false, card: None };
        evaluation.seats.push(seat);
    }
    let sitting = u32::try_from(evaluation.sitting().count()).unwrap_or(u32::MAX);
    let missing = evaluation.members.saturating_sub(sitting);
    state.write(&EvaluationKey(&tender.id), evaluation);
    events.push(Event::PanelDrawn { tender: tender.id, industry, experts: drawn, missing });
    Ok(())
}

/// The free experts, by the hash of beacon and number. Those entered after the opening come last: whoever saw the beacon
/// could have made them for it.
fn order(
    state: &Overlay<'_>,
    industry: Industry,
    beacon: &Beacon,
    opened_at: BlockTime,
) -> Result<Vec<Expert>, StateError> {
    let (mut from, before) = experts_of(industry);
    let mut free = Vec::new();
    while let Some((key, value)) = state.first_in(&from, &before)? {
        let expert: Expert = decode_value(&key, &value)?;
        let lot = tagged("zhulian/draw/1", &[beacon.as_bytes(), &expert.number.to_be_bytes()]);
        free.push((expert.at >= opened_at, lot, expert));
        from = key;
        from.push(0);
    }
    free.sort_by(|(a_late, a, _), (b_late, b, _)| (a_late, a).cmp(&(b_late, b)));
    Ok(free.into_iter().map(|(_, _, expert)| expert).collect())
}

/// The next expert of the order; for the last seat the first one of another centre, if all others come from one: experts of
/// two regions evaluate together (远程异地评标).
fn next_place(order: &[Expert], evaluation: &Evaluation) -> usize {
    let mut sitting = evaluation.sitting().map(|(_, seat)| &seat.expert.centre);
    let Some(first) = sitting.next() else { return 0 };
    let last = evaluation.sitting().count().saturating_add(1) >= evaluation.members as usize;
    if !last || sitting.any(|centre| centre != first) {
        return 0;
    }
    order.iter().position(|expert| expert.centre != *first).unwrap_or(0)
}

fn take(
    state: &mut Overlay<'_>,
    tender: &Tender,
    industry: Industry,
    expert: &Expert,
) -> Result<(), StateError> {
    let mut tally = state.read(&PoolTallyKey(industry))?.ok_or_else(|| damaged("no tally of the pool"))?;
    tally.free = tally.free.saturating_sub(1);
    state.write(&PoolTallyKey(industry), &tally);
    state.remove(&ExpertKey(industry, expert.number));
    let standing = ExpertStanding { industry, number: expert.number, panel: Some(tender.id) };
    state.write(&ExpertStandingKey(&expert.key), &standing);
    Ok(())
}

/// The evaluation of a tender; there is one from the end of the opening on.
pub(super) fn evaluation(context: &Context<'_, '_>, tender: &TenderId) -> Result<Evaluation, StateError> {
    context.state.read(&EvaluationKey(tender))?.ok_or_else(|| damaged("it is missing"))
}

/// The hosting centre takes an expert off a panel; the next one of the draw takes the seat. Without a seat the panel is
/// only filled, because experts were missing and have been entered since.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct MendPanel {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// Number of the seat that is left, from 1, and why.
    #[n(1)]
    pub excused: Option<Excused>,
}

/// Who leaves and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Excused {
    /// The seat.
    #[n(0)]
    pub seat: u32,
    /// Why.
    #[n(1)]
    pub ground: ExcuseGround,
}

impl Procedure for MendPanel {
    type Checked = (Tender, Evaluation);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let tender = context.tender(&self.tender)?;
        if tender.centre != context.signer.code {
            return Err(Rejection::NotTheHost.into());
        }
        check_tender_stage("mend_panel", tender.stage)?;
        let evaluation = evaluation(context, &self.tender)?;
        let sound = match self.excused {
            Some(excused) => evaluation.sitting().any(|(number, _)| number == excused.seat as usize),
            None => !evaluation.is_full(),
        };
        if sound { Ok((tender, evaluation)) } else { Err(Rejection::SeatNotTaken.into()) }
    }

    fn apply(
        &self,
        (tender, mut evaluation): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        if let Some(Excused { seat, ground }) = self.excused {
            let at = (seat as usize).saturating_sub(1);
            if let Some(left) = evaluation.seats.get_mut(at) {
                // What the member found counts no more (条48).
                (left.excused, left.sheet) = (Some(ground), None);
            }
            context.events.push(Event::ExpertExcused { tender: tender.id, seat, ground });
        }
        let (state, events) = (&mut *context.state, &mut context.events);
        fill(state, events, &tender, &mut evaluation)
    }
}

/// A centre says who the experts are that it entered, once the ranking is there.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct NameExpert {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// Number of the seat, from 1.
    #[n(1)]
    pub seat: u32,
    /// Who sits there, or sat.
    #[n(2)]
    pub card: ExpertCard,
}

impl Procedure for NameExpert {
    type Checked = (Tender, Evaluation);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let tender = context.tender(&self.tender)?;
        check_tender_stage("name_expert", tender.stage)?;
        let evaluation = evaluation(context, &self.tender)?;
        let at = (self.seat as usize).checked_sub(1);
        let seat = at.and_then(|at| evaluation.seats.get(at)).filter(|seat| seat.card.is_none());
        let seat = seat.ok_or(Rejection::SeatNotTaken)?;
        if seat.expert.card != self.card.hash() {
            return Err(Rejection::CardDiffers.into());
        }
        Ok((tender, evaluation))
    }

    fn apply(
        &self,
        (mut tender, mut evaluation): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        let (id, seat) = (self.tender, self.seat);
        let at = (seat as usize).saturating_sub(1);
        let mut judged = false;
        if let Some(seat) = evaluation.seats.get_mut(at) {
            seat.card = Some(self.card.clone());
            judged = seat.excused.is_none();
        }
        context.events.push(Event::ExpertNamed { tender: id, seat, name: self.card.name.clone() });
        // A member with an interest makes the evaluation void, and it is done anew with others (条46, 条48).
        if judged && self.has_interest(&tender, context.state)? {
            super::scores::start_again(&mut tender, &mut evaluation, at, context)?;
            put_tender(context.state, &tender);
            let (state, events) = (&mut *context.state, &mut context.events);
            return fill(state, events, &tender, &mut evaluation);
        }
        context.state.write(&EvaluationKey(&id), &evaluation);
        Ok(())
    }
}

impl NameExpert {
    /// Whether the expert is employed by the organiser or by one of the bidders.
    fn has_interest(&self, tender: &Tender, state: &Overlay<'_>) -> Result<bool, StateError> {
        let Some(employer) = &self.card.employer else { return Ok(false) };
        if *employer == tender.organiser {
            return Ok(true);
        }
        Ok(opened(state, &tender.id)?.iter().any(|bid| bid.offer.bidder == *employer))
    }
}

/// The bids of a tender that count, ascending by the bidder's credit code: the order of the marks on a sheet.
pub(super) fn opened(state: &Overlay<'_>, tender: &TenderId) -> Result<Vec<OpenedBid>, StateError> {
    let (mut from, before) = opened_bids_of(tender);
    let mut bids = Vec::new();
    while let Some((key, value)) = state.first_in(&from, &before)? {
        bids.push(decode_value(&key, &value)?);
        from = key;
        from.push(0);
    }
    Ok(bids)
}

/// When the opening of a tender began.
pub(super) fn opening(state: &Overlay<'_>, tender: &TenderId) -> Result<Opening, StateError> {
    state.read(&OpeningKey(tender))?.ok_or_else(|| damaged("the opening is missing"))
}

/// The stage to which a tender returns when its evaluation starts again.
pub(super) const fn opened_stage(opening: &Opening) -> TenderStage {
    if opening.by_bidders { TenderStage::OpenedLate } else { TenderStage::Opened }
}
