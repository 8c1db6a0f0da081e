//! A centre admits an organisation in a further role.

use minicbor::{Decode, Encode};

use super::{Context, Procedure};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::id::CreditCode;
use crate::record::organisation::{Organisation, Role};
use crate::state::StateError;
use crate::state::keys::OrganisationKey;

/// Admission in a role that no certificate gives, for example that of a guarantor.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AdmitRole {
    /// The organisation.
    #[n(0)]
    pub organisation: CreditCode,
    /// The role; centres and timekeepers are made otherwise.
    #[n(1)]
    pub role: Role,
}

impl Procedure for AdmitRole {
    type Checked = Organisation;

    fn check(&self, context: &Context<'_, '_>) -> Result<Organisation, Failure> {
        if matches!(self.role, Role::Centre | Role::Timekeeper) {
            return Err(Rejection::InvalidRoles.into());
        }
        let organisation = context.organisation(&self.organisation)?.ok_or(Rejection::OrganisationUnknown)?;
        if organisation.has(self.role) { Err(Rejection::RoleHeld.into()) } else { Ok(organisation) }
    }

    fn apply(&self, mut organisation: Organisation, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        organisation.roles.push(self.role);
        organisation.roles.sort_unstable();
        context.state.write(&OrganisationKey(&self.organisation), &organisation);
        context.events.push(Event::RoleAdmitted {
            organisation: self.organisation.clone(),
            role: self.role,
            centre: context.signer.code.clone(),
        });
        Ok(())
    }
}
