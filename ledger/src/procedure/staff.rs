//! An organisation appoints staff with limited mandates, and takes keys out of use.

use minicbor::{Decode, Encode};

use super::change::members;
use super::enrolment::{DelegatedKey, check_delegated, check_proofs};
use super::{Context, Procedure};
use crate::crypto::PublicKey;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::id::PersonHash;
use crate::record::mandate::Mandate;
use crate::record::organisation::{KeyHolder, Staff};
use crate::state::StateError;
use crate::state::keys::KeyHolderKey;

/// Appointment of a person with the keys of its devices. Appointing a key of the organisation's staff again gives it
/// another mandate, and moves it over to the certificate of the key that appoints.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AppointStaff {
    /// The keys, ascending, 1 to 8, each with its proof.
    #[n(0)]
    pub keys: Vec<DelegatedKey>,
    /// The person, by a salted hash.
    #[n(1)]
    pub person: PersonHash,
    /// What the person may do; never more than the appointing key.
    #[n(2)]
    pub mandate: Mandate,
}

/// The end of a key: by a principal key of its organisation, or by itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RevokeMandate {
    /// The key.
    #[n(0)]
    pub key: PublicKey,
}

/// The holder of the signing key, if it is a principal key.
pub(super) fn principal<'a>(context: &'a Context<'_, '_>) -> Option<&'a KeyHolder> {
    context.holder.as_ref().filter(|holder| holder.is_principal())
}

impl AppointStaff {
    /// Whether every key that is named is nobody's, or of this organisation's staff.
    fn check_free(&self, context: &Context<'_, '_>) -> Result<(), Failure> {
        let members = members(context.state)?;
        for DelegatedKey { key, .. } in &self.keys {
            let holder = context.state.read(&KeyHolderKey(key))?;
            let own_staff = |holder: &KeyHolder| {
                holder.organisation == context.signer.code
                    && !holder.is_principal()
                    && holder.revoked.is_none()
            };
            if members.get(key).is_some() || holder.is_some_and(|holder| !own_staff(&holder)) {
                return Err(Rejection::KeyInUse.into());
            }
        }
        Ok(())
    }
}

impl Procedure for AppointStaff {
    type Checked = KeyHolder;

    fn check(&self, context: &Context<'_, '_>) -> Result<KeyHolder, Failure> {
        self.check_free(context)?;
        check_delegated(&self.keys)?;
        if !self.mandate.is_well_formed(context.time) {
            return Err(Rejection::InvalidMandate.into());
        }
        check_proofs(&self.keys, &context.signer.code, context.chain)?;
        if !self.mandate.roles.iter().all(|role| context.signer.has(*role)) {
            return Err(Rejection::RoleNotAdmitted.into());
        }
        let appointing = principal(context).ok_or(Rejection::NotAPrincipal)?;
        if appointing.mandate.as_ref().is_some_and(|own| !own.contains(&self.mandate)) {
            return Err(Rejection::MandateTooWide.into());
        }
        Ok(KeyHolder {
            mandate: Some(self.mandate.clone()),
            certificate: appointing.certificate,
            staff: Some(Staff { person: self.person, appointed_by: context.key, appointed_at: context.time }),
            ..KeyHolder::registered(context.signer.code.clone())
        })
    }

    fn apply(&self, holder: KeyHolder, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        for DelegatedKey { key, .. } in &self.keys {
            context.state.write(&KeyHolderKey(key), &holder);
            let organisation = holder.organisation.clone();
            context.events.push(Event::StaffAppointed { organisation, key: *key, by: context.key });
        }
        Ok(())
    }
}

impl Procedure for RevokeMandate {
    type Checked = KeyHolder;

    fn check(&self, context: &Context<'_, '_>) -> Result<KeyHolder, Failure> {
        if self.key != context.key && principal(context).is_none() {
            return Err(Rejection::NotAPrincipal.into());
        }
        let holder = context.state.read(&KeyHolderKey(&self.key))?;
        let own = |holder: &KeyHolder| holder.organisation == context.signer.code && holder.revoked.is_none();
        Ok(holder.filter(own).ok_or(Rejection::MandateUnknown)?)
    }

    fn apply(&self, mut holder: KeyHolder, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        holder.revoked = Some(context.time);
        context.state.write(&KeyHolderKey(&self.key), &holder);
        let organisation = holder.organisation;
        context.events.push(Event::MandateRevoked { organisation, key: self.key });
        Ok(())
    }
}
