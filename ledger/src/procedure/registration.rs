//! A centre admits an organisation.

use minicbor::{Decode, Encode};

use super::change::members;
use super::{Context, Procedure};
use crate::codec::{Title, ascending};
use crate::crypto::PublicKey;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::id::{CreditCode, RegionCode};
use crate::record::organisation::{KeyHolder, Organisation, Role};
use crate::state::StateError;
use crate::state::keys::{KeyHolderKey, OrganisationKey};

/// Admission of an organisation with its roles and keys. It then trades in every region.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RegisterOrganisation {
    /// Its unified social credit code.
    #[n(0)]
    pub code: CreditCode,
    /// Its name.
    #[n(1)]
    pub name: Title,
    /// Where it is registered.
    #[n(2)]
    pub region: RegionCode,
    /// Its roles, ascending, at least one; centres and timekeepers come from genesis.
    #[n(3)]
    pub roles: Vec<Role>,
    /// Its keys, ascending, at most 8; none where they are to come from its certificate.
    #[n(4)]
    pub keys: Vec<PublicKey>,
}

/// Most keys an organisation is registered with.
pub const MAX_KEYS: usize = 8;

impl Procedure for RegisterOrganisation {
    type Checked = ();

    fn check(&self, context: &Context<'_, '_>) -> Result<(), Failure> {
        let reserved = |role: &Role| matches!(role, Role::Centre | Role::Timekeeper);
        if self.roles.is_empty() || !ascending(&self.roles) || self.roles.iter().any(reserved) {
            return Err(Rejection::InvalidRoles.into());
        }
        if !self.keys.is_empty() {
            check_keys(&self.keys)?;
        }
        check_unused(&self.code, &self.keys, context)?;
        if context.parameters.certificates_required && !self.keys.is_empty() {
            return Err(Rejection::KeysFromCertificatesOnly.into());
        }
        Ok(())
    }

    fn apply(&self, (): (), context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let organisation = Organisation {
            code: self.code.clone(),
            name: self.name.clone(),
            region: self.region.clone(),
            roles: self.roles.clone(),
            admitted_by: context.signer.code.clone(),
            admitted_at: context.time,
            named_from: None,
            former_names: Vec::new(),
        };
        register(organisation, &self.keys, context);
        Ok(())
    }
}

/// Whether an organisation can have these keys.
pub(super) fn check_keys(keys: &[PublicKey]) -> Result<(), Rejection> {
    let counted = (1..=MAX_KEYS).contains(&keys.len()) && ascending(keys);
    if counted && keys.iter().all(PublicKey::is_strong) { Ok(()) } else { Err(Rejection::InvalidKeys) }
}

/// Whether neither the organisation nor one of the keys is known, as its own or as a member's voting key.
pub(super) fn check_unused(
    code: &CreditCode,
    keys: &[PublicKey],
    context: &Context<'_, '_>,
) -> Result<(), Failure> {
    if context.organisation(code)?.is_some() {
        return Err(Rejection::OrganisationExists.into());
    }
    let members = members(context.state)?;
    for key in keys {
        if members.get(key).is_some() || context.state.read(&KeyHolderKey(key))?.is_some() {
            return Err(Rejection::KeyInUse.into());
        }
    }
    Ok(())
}

/// Writes an organisation and its keys.
pub(super) fn register(organisation: Organisation, keys: &[PublicKey], context: &mut Context<'_, '_>) {
    context.state.write(&OrganisationKey(&organisation.code), &organisation);
    for key in keys {
        context.state.write(&KeyHolderKey(key), &KeyHolder::registered(organisation.code.clone()));
    }
    context.events.push(Event::OrganisationRegistered {
        organisation: organisation.code,
        centre: organisation.admitted_by,
    });
}
