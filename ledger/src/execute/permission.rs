//! Who may do what, when: role x act x stage in one table.

use crate::action::Action;
use crate::execute::rejection::Rejection;
use crate::record::listing::Stage;
use crate::record::organisation::{Organisation, Role};
use crate::record::tender::TenderStage;

/// One row: an act, the roles of which the signer must have one, the stages of the listing in which it is
/// possible, whether a member's node may do it with its voting key, and whether mandates limit it. No stages
/// means that the act does not depend on a listing's stage; no roles, that it needs none: a certificate or a one-time key
/// is enough.
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

use Role::{Bidder, Centre, Guarantor, Organiser, Seller, Timekeeper};
use Stage::{
    Announced, Concluded, Confirmed, Contracted, Failed, Lapsed, Listed, Publicised, Publicity, TimedBidding,
};
use TenderStage::{
    Accepting, Awarded, Displayed, OnDisplay, Opened, OpenedLate, Opening, Stalled, Suspended,
};

/// The permission table.
#[rustfmt::skip]
pub const TABLE: [Row; 41] = [
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
    Row { act: "register_seat_key",     roles: &[Centre],         stages: &[], voting_key: true, limited: true },
    Row { act: "register_project",      roles: &[Organiser],      stages: &[], voting_key: false, limited: true },
    Row { act: "publish_tender",        roles: &[Organiser],      stages: &[], voting_key: false, limited: true },
    Row { act: "clarify_tender",        roles: &[Organiser],      stages: &[], voting_key: false, limited: true },
    Row { act: "extend_tender",         roles: &[Organiser],      stages: &[], voting_key: false, limited: true },
    Row { act: "raise_objection",       roles: &[Bidder],         stages: &[], voting_key: false, limited: true },
    Row { act: "answer_objection",      roles: &[Organiser],      stages: &[], voting_key: false, limited: true },
    Row { act: "register_stamp_key",    roles: &[Centre],         stages: &[], voting_key: true, limited: true },
    Row { act: "submit_bid",            roles: &[],               stages: &[], voting_key: false, limited: false },
    Row { act: "withdraw_bid",          roles: &[],               stages: &[], voting_key: false, limited: false },
    Row { act: "open_shares",           roles: &Role::ALL,        stages: &[], voting_key: true, limited: false },
    Row { act: "open_own_bid",          roles: &[],               stages: &[], voting_key: false, limited: false },
    Row { act: "enter_experts",         roles: &[Centre],         stages: &[], voting_key: false, limited: true },
    Row { act: "mend_panel",            roles: &[Centre],         stages: &[], voting_key: false, limited: true },
    Row { act: "commit_scores",         roles: &[],               stages: &[], voting_key: false, limited: false },
    Row { act: "reveal_scores",         roles: &[],               stages: &[], voting_key: false, limited: false },
    Row { act: "name_expert",           roles: &[Centre],         stages: &[], voting_key: false, limited: true },
    Row { act: "award_tender",          roles: &[Organiser],      stages: &[], voting_key: false, limited: true },
    Row { act: "sign_contract",         roles: &[Organiser, Bidder], stages: &[], voting_key: false, limited: true },
];

/// An act on a tender and the stages of the tender in which it is possible.
#[derive(Clone, Copy, Debug)]
pub struct TenderRow {
    /// The act's name.
    pub act: &'static str,
    /// Any of these.
    pub stages: &'static [TenderStage],
}

/// The acts that depend on the stage of a tender.
#[rustfmt::skip]
pub const TENDER_TABLE: [TenderRow; 14] = [
    TenderRow { act: "clarify_tender",   stages: &[Accepting, Suspended] },
    TenderRow { act: "extend_tender",    stages: &[Accepting, Suspended] },
    TenderRow { act: "raise_objection",  stages: &[Accepting, Suspended, Opened, OpenedLate, OnDisplay] },
    TenderRow { act: "answer_objection", stages: &[Suspended, Opened, OpenedLate, OnDisplay] },
    TenderRow { act: "submit_bid",       stages: &[Accepting] },
    TenderRow { act: "withdraw_bid",     stages: &[Accepting] },
    TenderRow { act: "open_shares",      stages: &[Opening, Stalled] },
    TenderRow { act: "open_own_bid",     stages: &[Stalled] },
    TenderRow { act: "mend_panel",       stages: &[Opened, OpenedLate] },
    TenderRow { act: "commit_scores",    stages: &[Opened, OpenedLate] },
    TenderRow { act: "reveal_scores",    stages: &[Opened, OpenedLate] },
    TenderRow { act: "name_expert",      stages: &[OnDisplay, Displayed] },
    TenderRow { act: "award_tender",     stages: &[Displayed] },
    TenderRow { act: "sign_contract",    stages: &[Awarded, Displayed] },
];

/// Whether a tender's stage allows the act.
///
/// # Errors
/// [`Rejection::TenderStageNotPermitted`].
pub fn check_tender_stage(act: &'static str, stage: TenderStage) -> Result<(), Rejection> {
    let row = TENDER_TABLE.iter().find(|row| row.act == act);
    let allowed = row.is_some_and(|row| row.stages.contains(&stage));
    if allowed { Ok(()) } else { Err(Rejection::TenderStageNotPermitted) }
}

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
