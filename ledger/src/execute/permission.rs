//! Who may do what, when: role x act x stage in one table.

use crate::action::Action;
use crate::execute::rejection::Rejection;
use crate::record::listing::Stage;
use crate::record::organisation::{Organisation, Role};

/// One row: an act, the roles of which the signer must have one, the stages of the listing in which it is
/// possible, whether a member's node may do it with its voting key, and whether mandates limit it. No stages
/// means that the act does not depend on a listing's stage; no roles, that it needs none.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The act's name.
    pub act: &'static str,
    /// Any of these.
    pub roles: &'static [Role],
    /// Any of these.
    pub stages: &'static [Stage],
    /// Whether a member's voting key may sign it.
    pub voting_key: bool,
    /// Whether the limits of the signing key's mandate count. They do not for acts that only report, or take rights
    /// away: for those a key and its certificate that are not revoked are enough.
    pub limited: bool,
}

use Role::{Bidder, Centre, Guarantor, Seller, Timekeeper};
use Stage::{
    Announced, Concluded, Confirmed, Contracted, Failed, Lapsed, Listed, Publicised, Publicity, TimedBidding,
};

/// The permission table.
#[rustfmt::skip]
pub const TABLE: [Row; 22] = [
    Row { act: "register_organisation", roles: &[Centre],         stages: &[], voting_key: false, limited: true },
    Row { act: "publish_listing",       roles: &[Seller],         stages: &[], voting_key: false, limited: true },
    Row { act: "issue_guarantee",       roles: &[Guarantor],      stages: &[Announced, Listed], voting_key: false, limited: true },
    Row { act: "deposit_guarantee",     roles: &[Bidder],         stages: &[Announced, Listed], voting_key: false, limited: true },
    Row { act: "submit_quote",          roles: &[Bidder],         stages: &[Listed, TimedBidding], voting_key: false, limited: true },
    Row { act: "confirm_deal",          roles: &[Seller, Bidder], stages: &[Concluded], voting_key: false, limited: true },
    Row { act: "publish_result",        roles: &[Centre],         stages: &[Confirmed], voting_key: false, limited: true },
    Row { act: "record_contract",       roles: &[Seller, Bidder], stages: &[Publicised], voting_key: false, limited: true },
    Row { act: "release_guarantee",     roles: &[Seller],
          stages: &[Concluded, Confirmed, Publicity, Publicised, Contracted, Failed, Lapsed], voting_key: false, limited: true },
    Row { act: "advance_clock",         roles: &[Timekeeper],     stages: &[], voting_key: false, limited: true },
    Row { act: "propose_change",        roles: &[Centre],         stages: &[], voting_key: false, limited: true },
    Row { act: "approve_change",        roles: &[Centre],         stages: &[], voting_key: false, limited: true },
    Row { act: "report_double_signing", roles: &Role::ALL,        stages: &[], voting_key: true, limited: false },
    Row { act: "enrol",                 roles: &[],               stages: &[], voting_key: false, limited: false },
    Row { act: "admit_role",            roles: &[Centre],         stages: &[], voting_key: false, limited: true },
    Row { act: "appoint_staff",         roles: &Role::ALL,        stages: &[], voting_key: false, limited: true },
    Row { act: "revoke_mandate",        roles: &Role::ALL,        stages: &[], voting_key: false, limited: false },
    Row { act: "revoke_certificate",    roles: &Role::ALL,        stages: &[], voting_key: false, limited: false },
    Row { act: "record_revocation_list", roles: &[Centre],        stages: &[], voting_key: false, limited: false },
    Row { act: "record_ocsp_response",  roles: &[Centre],         stages: &[], voting_key: false, limited: false },
    Row { act: "report_shared_key",     roles: &Role::ALL,        stages: &[], voting_key: true, limited: false },
    Row { act: "register_cosigner",     roles: &[Centre],         stages: &[], voting_key: true, limited: true },
];

/// The row of an act.
///
/// # Errors
/// [`Rejection::RoleNotPermitted`] for an act without one, of which there is none.
pub fn row(act: &str) -> Result<&'static Row, Rejection> {
    // Every act has a row, which a test holds; without one nobody may do it.
    TABLE.iter().find(|row| row.act == act).ok_or(Rejection::RoleNotPermitted)
}

/// Whether an organisation's roles allow the act.
///
/// # Errors
/// [`Rejection::RoleNotPermitted`].
pub fn check_role(action: &Action, organisation: &Organisation) -> Result<(), Rejection> {
    let allowed = row(action.name())?.roles;
    if allowed.iter().any(|role| organisation.has(*role)) { Ok(()) } else { Err(Rejection::RoleNotPermitted) }
}

/// Whether a member's voting key may sign the act.
///
/// # Errors
/// [`Rejection::RoleNotPermitted`].
pub fn check_voting_key(action: &Action) -> Result<(), Rejection> {
    if row(action.name())?.voting_key { Ok(()) } else { Err(Rejection::RoleNotPermitted) }
}

/// Whether a listing's stage allows the act.
///
/// # Errors
/// [`Rejection::StageNotPermitted`].
pub fn check_stage(act: &'static str, stage: Stage) -> Result<(), Rejection> {
    if row(act)?.stages.contains(&stage) { Ok(()) } else { Err(Rejection::StageNotPermitted) }
}
