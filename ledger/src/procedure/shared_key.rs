//! Somebody proves that two organisations share a key.

use minicbor::{Decode, Encode};

use super::enrolment::Enrol;
use super::{Context, Procedure};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::record::certificate::SharedKey;
use crate::state::StateError;
use crate::state::keys::SharedKeyKey;

/// A report with the enrolment that was refused for the shared key. A node that refuses one reports it by itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ReportSharedKey {
    /// The enrolment. Everything in it holds but that a key belongs to another organisation.
    #[n(0)]
    pub enrolment: Enrol,
}

impl Procedure for ReportSharedKey {
    type Checked = SharedKey;

    fn check(&self, context: &Context<'_, '_>) -> Result<SharedKey, Failure> {
        let judged = self.enrolment.judge(context)?;
        let (key, holder) = judged.shared.ok_or(Rejection::NoSharedKey)?;
        let applicant = self.enrolment.delegation.organisation.clone();
        let id = SharedKey::id_of(&key, &holder, &applicant);
        if context.state.read(&SharedKeyKey(&id))?.is_some() {
            return Err(Rejection::SharedKeyRecorded.into());
        }
        Ok(SharedKey {
            id,
            key,
            holder,
            applicant,
            certificate: judged.certificate.id,
            reported_by: context.signer.code.clone(),
            reported_at: context.time,
        })
    }

    fn apply(&self, record: SharedKey, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        context.state.write(&SharedKeyKey(&record.id), &record);
        let SharedKey { id, holder, applicant, .. } = record;
        context.events.push(Event::SharedKeyRecorded { shared_key: id, holder, applicant });
        Ok(())
    }
}
