//! The organiser awards the lots to the first candidates (定标), and what happens when a period of the award runs out.

use minicbor::{Decode, Encode};

use super::panel::evaluation;
use super::{Context, Procedure, put_tender, schedule};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_tender_stage;
use crate::execute::rejection::Rejection;
use crate::id::TenderId;
use crate::record::Due;
use crate::record::evaluation::LotResult;
use crate::record::tender::{Tender, TenderStage};
use crate::rule::construction_tender as rule;
use crate::state::keys::{EvaluationKey, LotResultKey, TenderKey};
use crate::state::{Overlay, StateError};
use crate::time::BlockTime;

/// The award of every lot that has a candidate and is not awarded: to the first whose award has not lapsed (条55). The
/// contracts are signed within the period that begins here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AwardTender {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
}

/// Numbers and results of the lots of a tender.
pub(super) fn lots(state: &Overlay<'_>, tender: &Tender) -> Result<Vec<(u32, LotResult)>, StateError> {
    let mut lots = Vec::new();
    for number in 1..=u32::try_from(tender.lots.len()).unwrap_or(u32::MAX) {
        if let Some(lot) = state.read(&LotResultKey(&tender.id, number))? {
            lots.push((number, lot));
        }
    }
    Ok(lots)
}

impl Procedure for AwardTender {
    type Checked = (Tender, BlockTime);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let tender = context.tender(&self.tender)?;
        let contract_by = context.rules_of_tender(&tender)?.deadline(rule::CONTRACT, context.time)?;
        if tender.organiser != context.signer.code {
            return Err(Rejection::NotTheOrganiser.into());
        }
        check_tender_stage("award_tender", tender.stage)?;
        // Who judged is known before anybody wins.
        if evaluation(context, &self.tender)?.seats.iter().any(|seat| seat.card.is_none()) {
            return Err(Rejection::PanelNotNamed.into());
        }
        Ok((tender, contract_by))
    }

    fn apply(
        &self,
        (mut tender, contract_by): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        for (number, mut lot) in lots(context.state, &tender)? {
            let Some(first) = lot.first().cloned().filter(|_| lot.awarded_at.is_none()) else { continue };
            lot.awarded_at = Some(context.time);
            lot.contract_by = Some(contract_by);
            context.state.write(&LotResultKey(&tender.id, number), &lot);
            schedule(context.state, contract_by, Due::AwardLapses(tender.id, number));
            let (winner, price) = (first.bidder, first.price);
            let tender = tender.id;
            context.events.push(Event::LotAwarded { tender, lot: number, winner, price, contract_by });
        }
        tender.stage = TenderStage::Awarded;
        put_tender(context.state, &tender);
        Ok(())
    }
}

/// The candidates have been on display long enough.
pub(super) fn display_ends(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    id: &TenderId,
) -> Result<(), StateError> {
    let Some(mut tender) = state.read(&TenderKey(id))? else { return Ok(()) };
    if tender.stage != TenderStage::OnDisplay {
        return Ok(());
    }
    tender.stage = TenderStage::Displayed;
    put_tender(state, &tender);
    events.push(Event::DisplayEnded { tender: *id });
    Ok(())
}

/// No contract was signed in time. The next candidate can be awarded the lot; without one it stays without contract, and a
/// tender of which no lot is left has failed or is done (条55).
pub(super) fn lapses(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    id: &TenderId,
    number: u32,
) -> Result<(), StateError> {
    let (tender, lot) = (state.read(&TenderKey(id))?, state.read(&LotResultKey(id, number))?);
    let (Some(mut tender), Some(mut lot)) = (tender, lot) else { return Ok(()) };
    if lot.awarded_at.is_none() || lot.is_contracted() {
        return Ok(());
    }
    let Some(winner) = lot.first().map(|first| first.bidder.clone()) else { return Ok(()) };
    lot.lapsed = lot.lapsed.saturating_add(1);
    (lot.awarded_at, lot.contract_by, lot.contract) = (None, None, None);
    state.write(&LotResultKey(id, number), &lot);
    events.push(Event::AwardLapsed { tender: *id, lot: number, winner });
    let damaged = || StateError::Store("an awarded tender has no evaluation".into());
    if lot.first().is_some() {
        tender.stage = TenderStage::Displayed;
    } else {
        let mut evaluation = state.read(&EvaluationKey(id))?.ok_or_else(damaged)?;
        evaluation.lots_left = evaluation.lots_left.saturating_sub(1);
        state.write(&EvaluationKey(id), &evaluation);
        if evaluation.lots_left == 0 {
            let contracted = lots(state, &tender)?.iter().any(|(_, lot)| lot.is_contracted());
            tender.stage = if contracted { TenderStage::Contracted } else { TenderStage::Failed };
            events.push(Event::TenderEnded { tender: *id, stage: tender.stage });
        }
    }
    put_tender(state, &tender);
    Ok(())
}
