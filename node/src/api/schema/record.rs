//! Organisations and letters of guarantee as clients read them.

use ledger::record::guarantee as g;
use ledger::record::organisation as o;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Amount, ReleaseGround, Role};

/// An organisation that the ledger knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Organisation {
    /// Unified social credit code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Region of registration.
    pub region: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// The centre that admitted it; itself for those in genesis.
    pub admitted_by: String,
    /// When (RFC 3339).
    pub admitted_at: String,
    /// Names it had before, in their order; the latest eight.
    #[serde(default)]
    pub former_names: Vec<FormerName>,
}

/// A name that an organisation had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormerName {
    /// The name.
    pub name: String,
    /// Until when the ledger called it so (RFC 3339).
    pub until: String,
}

impl From<o::FormerName> for FormerName {
    fn from(former: o::FormerName) -> Self {
        Self { name: former.name.to_string(), until: former.until.to_string() }
    }
}

impl From<o::Organisation> for Organisation {
    fn from(o: o::Organisation) -> Self {
        Self {
            code: o.code.to_string(),
            name: o.name.to_string(),
            region: o.region.to_string(),
            roles: o.roles.into_iter().map(Role::from).collect(),
            admitted_by: o.admitted_by.to_string(),
            admitted_at: o.admitted_at.to_string(),
            former_names: o.former_names.into_iter().map(FormerName::from).collect(),
        }
    }
}

/// Where a letter stands in its life.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum GuaranteeStatus {
    /// Issued and not yet deposited.
    Issued,
    /// Deposited for the listing it names.
    Deposited,
    /// Over: released.
    Released {
        /// Why.
        ground: ReleaseGround,
        /// When (RFC 3339).
        at: String,
    },
    /// Over: its validity has ended.
    Expired,
}

/// A letter of guarantee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Guarantee {
    /// `GUARANTOR:NUMBER`.
    pub id: String,
    /// Credit code of the guarantor.
    pub guarantor: String,
    /// The guarantor's number for it.
    pub number: String,
    /// Credit code of the bidder on whose behalf it is issued.
    pub applicant: String,
    /// Credit code of the seller in whose favour it is.
    pub beneficiary: String,
    /// Deal code of the listing.
    pub listing: String,
    /// Maximum amount.
    pub amount: Amount,
    /// When it took effect (RFC 3339).
    pub issued_at: String,
    /// When it ends (RFC 3339).
    pub expires_at: String,
    /// Where it stands.
    pub status: GuaranteeStatus,
}

impl From<g::Guarantee> for Guarantee {
    fn from(g: g::Guarantee) -> Self {
        Self {
            id: g.id.to_string(),
            guarantor: g.id.guarantor.to_string(),
            number: g.id.number.to_string(),
            applicant: g.applicant.to_string(),
            beneficiary: g.beneficiary.to_string(),
            listing: g.listing.to_string(),
            amount: g.amount.into(),
            issued_at: g.issued_at.to_string(),
            expires_at: g.expires_at.to_string(),
            status: match g.status {
                g::GuaranteeStatus::Issued => GuaranteeStatus::Issued,
                g::GuaranteeStatus::Deposited => GuaranteeStatus::Deposited,
                g::GuaranteeStatus::Released { ground, at } => {
                    GuaranteeStatus::Released { ground: ground.into(), at: at.to_string() }
                }
                g::GuaranteeStatus::Expired => GuaranteeStatus::Expired,
            },
        }
    }
}
