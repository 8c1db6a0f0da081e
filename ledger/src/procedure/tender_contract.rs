//! Organiser and winner sign the contract of a lot.

use minicbor::{Decode, Encode};

use super::panel::evaluation;
use super::{Context, Procedure, put_tender, unschedule};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_tender_stage;
use crate::execute::rejection::Rejection;
use crate::hash::DocumentHash;
use crate::id::TenderId;
use crate::procedure::confirmation::Side;
use crate::record::Due;
use crate::record::evaluation::{Evaluation, LotResult};
use crate::record::listing::{BothSides, Contract};
use crate::record::tender::{Tender, TenderStage};
use crate::state::StateError;
use crate::state::keys::{EvaluationKey, LotResultKey};

/// One side's signature under the contract of a lot (法46). The first signature says which document, the second agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SignContract {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// Number of the lot, from 1.
    #[n(1)]
    pub lot: u32,
    /// SHA-256 of the contract, which stays with the parties.
    #[n(2)]
    pub document: DocumentHash,
}

/// What the checks found.
pub struct Found {
    tender: Tender,
    evaluation: Evaluation,
    lot: LotResult,
    side: Side,
    contract: Contract,
}

impl Procedure for SignContract {
    type Checked = Found;

    fn check(&self, context: &Context<'_, '_>) -> Result<Found, Failure> {
        let tender = context.tender(&self.tender)?;
        let lot = context.state.read(&LotResultKey(&self.tender, self.lot))?;
        let winner = lot.as_ref().filter(|lot| lot.awarded_at.is_some()).and_then(LotResult::first);
        let side = if tender.organiser == context.signer.code {
            Side::Seller
        } else if winner.is_some_and(|winner| winner.bidder == context.signer.code) {
            Side::Winner
        } else {
            return Err(Rejection::NotAParty.into());
        };
        let contract = lot.as_ref().and_then(|lot| lot.contract.clone());
        let contract = contract.unwrap_or(Contract { document: self.document, signed: BothSides::default() });
        side.check_unsigned(&contract.signed)?;
        if contract.document != self.document {
            return Err(Rejection::ContractDiffers.into());
        }
        check_tender_stage("sign_contract", tender.stage)?;
        let lot = lot.filter(|lot| lot.awarded_at.is_some()).ok_or(Rejection::LotNotAwarded)?;
        Ok(Found { tender, evaluation: evaluation(context, &self.tender)?, lot, side, contract })
    }

    fn apply(&self, found: Found, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let Found { mut tender, mut evaluation, mut lot, side, mut contract } = found;
        let (id, number) = (self.tender, self.lot);
        side.sign(&mut contract.signed, context.time);
        let complete = contract.signed.complete();
        lot.contract = Some(contract);
        let by = context.signer.code.clone();
        context.events.push(Event::LotContractSigned { tender: id, lot: number, by, complete });
        if complete {
            if let Some(contract_by) = lot.contract_by {
                unschedule(context.state, contract_by, Due::AwardLapses(id, number));
            }
            evaluation.lots_left = evaluation.lots_left.saturating_sub(1);
            context.state.write(&EvaluationKey(&id), &evaluation);
        }
        context.state.write(&LotResultKey(&id, number), &lot);
        if complete && evaluation.lots_left == 0 {
            tender.stage = TenderStage::Contracted;
            put_tender(context.state, &tender);
            context.events.push(Event::TenderEnded { tender: id, stage: tender.stage });
        }
        Ok(())
    }
}
