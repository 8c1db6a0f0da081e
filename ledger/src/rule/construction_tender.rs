//! Names of the rules that a construction tender (工程建设招标投标) obeys.
//!
//! 法 is the Tendering and Bidding Law (招标投标法), 条 its implementing regulation (招标投标法实施条例). Rules of
//! the law that carry no number are upheld by the acts themselves; `docs/rules.md` says where.

use super::Unit;

/// Documents are available, at least (条16).
pub const SALE: &str = "CT01";
/// From the end of the sale to the deadline for applications to prequalify, at least (条17).
pub const PREQUALIFICATION: &str = "CT02";
/// Prequalified applicants, at least (条19).
pub const PREQUALIFIED: &str = "CT03";
/// From the issue of the documents to the bid deadline, at least (法24).
pub const BIDDING: &str = "CT04";
/// From a clarification or change to the bid deadline, at least (条21, 法23).
pub const CLARIFICATION: &str = "CT05";
/// From a clarification or change to the prequalification deadline, at least (条21).
pub const PREQUALIFICATION_CLARIFICATION: &str = "CT05A";
/// Invitees of an invited tender, at least (法17).
pub const INVITEES: &str = "CT06";
/// Bid bond as a share of the estimated price, at most (条26).
pub const BOND_SHARE: &str = "CT07";
/// Bid bond, at most.
pub const BOND_CAP: &str = "CT07B";
/// From a written withdrawal before the deadline to the return of the bond, at most (条35).
pub const WITHDRAWN_BOND: &str = "CT09";
/// Bids without which nothing is opened (法28, 条44).
pub const FEWEST_BIDS: &str = "CT13";
/// Members of the evaluation committee, at least (法37).
pub const COMMITTEE: &str = "CT15";
/// Experts among them, at least (法37).
pub const EXPERTS: &str = "CT15A";
/// More members than this share prolong an evaluation that is too short (条48).
pub const PROLONGATION: &str = "CT16";
/// Candidates, at most (条53).
pub const CANDIDATES: &str = "CT19";
/// From the evaluation report to the publication of the candidates, at most (条54).
pub const CANDIDATE_NOTICE: &str = "CT20";
/// Publicity of the candidates, at least (条54).
pub const PUBLICITY: &str = "CT21";
/// From an objection to the tender documents to the bid deadline, at least (条22).
pub const DOCUMENT_OBJECTION: &str = "CT22";
/// From an objection to the prequalification documents to their deadline, at least (条22).
pub const PREQUALIFICATION_OBJECTION: &str = "CT22A";
/// From an objection to its answer, at most (条22, 条54).
pub const ANSWER: &str = "CT23";
/// From the award notice to the contract, at most (法46).
pub const CONTRACT: &str = "CT26";
/// From the determination of the winner to the report to the supervisor, at most (法47).
pub const REPORT: &str = "CT27";
/// From the contract to the return of the bonds, at most (条57).
pub const BOND_RETURN: &str = "CT28";
/// Performance bond as a share of the contract price, at most (条58).
pub const PERFORMANCE_BOND: &str = "CT29";
/// From knowing to a complaint, at most (条60).
pub const COMPLAINT: &str = "CT30";
/// From a complaint to its acceptance, at most (条61).
pub const COMPLAINT_ACCEPTANCE: &str = "CT31";
/// From the acceptance of a complaint to the decision, at most (条61).
pub const COMPLAINT_DECISION: &str = "CT31A";

/// From the bid deadline to the opening, at most: time in which bids that arrived before the deadline are still
/// recorded. A rule of the platform.
pub const GRACE: &str = "CT41";
/// From the opening to the shares of enough centres, before the opening counts as stalled. A rule of the platform.
pub const SHARES: &str = "CT42";
/// From the opening until bidders may open their own bids. A rule of the platform.
pub const SELF_OPENING: &str = "CT43";
/// From the opening to the annulment of a tender that could not be opened. A rule of the platform.
pub const ANNULMENT: &str = "CT44";
/// Bid validity, at least. A rule of the platform: the law leaves it to the documents.
pub const VALIDITY: &str = "CT45";

/// From the end of the opening, in which bidders may object to it, before the evaluation begins (条44: on the spot). A rule of
/// the platform.
pub const OPENING_OBJECTION: &str = "CT46";

/// All of them, ascending; a pack that lacks one is refused.
pub const ALL: [&str; 33] = [
    SALE,
    PREQUALIFICATION,
    PREQUALIFIED,
    BIDDING,
    CLARIFICATION,
    PREQUALIFICATION_CLARIFICATION,
    INVITEES,
    BOND_SHARE,
    BOND_CAP,
    WITHDRAWN_BOND,
    FEWEST_BIDS,
    COMMITTEE,
    EXPERTS,
    PROLONGATION,
    CANDIDATES,
    CANDIDATE_NOTICE,
    PUBLICITY,
    DOCUMENT_OBJECTION,
    PREQUALIFICATION_OBJECTION,
    ANSWER,
    CONTRACT,
    REPORT,
    BOND_RETURN,
    PERFORMANCE_BOND,
    COMPLAINT,
    COMPLAINT_ACCEPTANCE,
    COMPLAINT_DECISION,
    GRACE,
    SHARES,
    SELF_OPENING,
    ANNULMENT,
    VALIDITY,
    OPENING_OBJECTION,
];

/// The units that a rule's value may have; none for a name that is not in [`ALL`].
pub fn units(id: &str) -> &'static [Unit] {
    match id {
        BOND_SHARE | PERFORMANCE_BOND => &[Unit::Permille],
        BOND_CAP => &[Unit::TenThousandYuan],
        PREQUALIFIED | INVITEES | FEWEST_BIDS | COMMITTEE | CANDIDATES => &[Unit::Count],
        EXPERTS | PROLONGATION => &[Unit::Third],
        GRACE | SHARES | SELF_OPENING | ANNULMENT | OPENING_OBJECTION => &[Unit::Minute],
        id if ALL.contains(&id) => &[Unit::Day, Unit::WorkingDay, Unit::Minute],
        _ => &[],
    }
}
