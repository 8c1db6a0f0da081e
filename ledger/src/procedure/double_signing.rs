//! Somebody proves that a validator signed twice.

use minicbor::{Decode, Encode};

use super::{Context, Procedure};
use crate::event::Event;
use crate::evidence::Evidence;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::governance::DoubleSigning;
use crate::id::CreditCode;
use crate::state::StateError;
use crate::state::keys::DoubleSigningKey;

/// A report with both signed messages. It accuses and does not punish: the accused stays a member until the
/// members remove it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReportDoubleSigning {
    /// What proves it.
    #[n(0)]
    pub evidence: Evidence,
}

impl Procedure for ReportDoubleSigning {
    type Checked = CreditCode;

    /// Signatures are judged last, because that costs the most.
    fn check(&self, context: &Context<'_, '_>) -> Result<CreditCode, Failure> {
        let evidence = &self.evidence;
        if evidence.height() > context.height || evidence.height().get() == 0 {
            return Err(Rejection::EvidenceOfNoHeight.into());
        }
        let accused = evidence.accused();
        let era = context.state.era_of(evidence.height())?;
        let organisation = era
            .validators
            .get(&accused)
            .map(|member| member.organisation.clone())
            .ok_or(Rejection::AccusedNotMember)?;
        if context.state.read(&DoubleSigningKey(&evidence.id()))?.is_some() {
            return Err(Rejection::DoubleSigningRecorded.into());
        }
        evidence.verify(context.chain, &accused).map_err(|_| Rejection::EvidenceProvesNothing)?;
        Ok(organisation)
    }

    fn apply(&self, organisation: CreditCode, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let evidence = self.evidence.clone();
        let (accused, height, round, kind) =
            (evidence.accused(), evidence.height(), evidence.round(), evidence.kind());
        let id = evidence.id();
        let reported_by = context.signer.code.clone();
        let reported_at = context.time;
        let record =
            DoubleSigning { id, evidence, organisation: organisation.clone(), reported_by, reported_at };
        context.state.write(&DoubleSigningKey(&id), &record);
        context.events.push(Event::DoubleSigningRecorded {
            double_signing: id,
            accused,
            organisation,
            height,
            round,
            kind,
        });
        Ok(())
    }
}
