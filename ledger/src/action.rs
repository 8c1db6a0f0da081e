//! Business acts: one variant for each thing that can be recorded.

use minicbor::{Decode, Encode};

use crate::procedure::{
    admission::AdmitRole, approval::ApproveChange, award::AwardTender, bid::SubmitBid,
    clarification::ClarifyTender, clarification::ExtendTender, clock::AdvanceClock,
    confirmation::ConfirmDeal, contract::RecordContract, cosigner::RegisterCosigner,
    double_signing::ReportDoubleSigning, enrolment::Enrol, expert::EnterExperts, guarantee::IssueGuarantee,
    listing::PublishListing, objection::AnswerObjection, objection::RaiseObjection,
    ocsp_response::RecordOcspResponse, opening_shares::OpenShares, panel::MendPanel, panel::NameExpert,
    project::RegisterProject, proposal::ProposeChange, publicity::PublishResult,
    qualification::DepositGuarantee, quote::SubmitQuote, registration::RegisterOrganisation,
    release::ReleaseGuarantee, revocation::RevokeCertificate, revocation_list::RecordRevocationList,
    scores::CommitScores, scores::RevealScores, seat::RegisterSeatKey, self_opening::OpenOwnBid,
    shared_key::ReportSharedKey, staff::AppointStaff, staff::RevokeMandate, stamp_key::RegisterStampKey,
    tender::PublishTender, tender_contract::SignContract, withdrawal::WithdrawBid,
};

/// Everything that an organisation can ask the ledger to record.
///
/// The number of a variant is its name in signed bytes and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[allow(clippy::large_enum_variant, reason = "an act is held by reference from its decoding on")]
pub enum Action {
    /// A centre admits an organisation with its roles and keys.
    #[n(1)]
    RegisterOrganisation(#[n(0)] RegisterOrganisation),
    /// A seller publishes a listing.
    #[n(2)]
    PublishListing(#[n(0)] PublishListing),
    /// A guarantor issues an electronic letter of guarantee.
    #[n(3)]
    IssueGuarantee(#[n(0)] IssueGuarantee),
    /// A bidder deposits its letter and so qualifies for a listing.
    #[n(4)]
    DepositGuarantee(#[n(0)] DepositGuarantee),
    /// A qualified bidder quotes a price, in the open.
    #[n(5)]
    SubmitQuote(#[n(0)] SubmitQuote),
    /// The seller or the winner confirms the deal.
    #[n(6)]
    ConfirmDeal(#[n(0)] ConfirmDeal),
    /// The hosting centre publishes the confirmed result.
    #[n(7)]
    PublishResult(#[n(0)] PublishResult),
    /// The seller or the winner records the contract.
    #[n(8)]
    RecordContract(#[n(0)] RecordContract),
    /// The beneficiary releases a letter of guarantee.
    #[n(9)]
    ReleaseGuarantee(#[n(0)] ReleaseGuarantee),
    /// The timekeeper of a network with a stepped clock moves it forward.
    #[n(10)]
    AdvanceClock(#[n(0)] AdvanceClock),
    /// A member proposes a change of membership, keys or rules.
    #[n(11)]
    ProposeChange(#[n(0)] ProposeChange),
    /// A member approves a proposed change.
    #[n(12)]
    ApproveChange(#[n(0)] ApproveChange),
    /// Somebody proves that a validator signed twice.
    #[n(13)]
    ReportDoubleSigning(#[n(0)] ReportDoubleSigning),
    /// The holder of a certificate delegates ledger keys, and its organisation trades in every region.
    #[n(14)]
    Enrol(#[n(0)] Enrol),
    /// A centre admits an organisation in a further role.
    #[n(15)]
    AdmitRole(#[n(0)] AdmitRole),
    /// An organisation appoints a member of its staff.
    #[n(16)]
    AppointStaff(#[n(0)] AppointStaff),
    /// An organisation takes a key out of use.
    #[n(17)]
    RevokeMandate(#[n(0)] RevokeMandate),
    /// The holder revokes its certificate.
    #[n(18)]
    RevokeCertificate(#[n(0)] RevokeCertificate),
    /// A centre records the revocation list of a certification authority.
    #[n(19)]
    RecordRevocationList(#[n(0)] RecordRevocationList),
    /// A centre records what a certification authority answers about one certificate.
    #[n(20)]
    RecordOcspResponse(#[n(0)] RecordOcspResponse),
    /// Somebody proves that two organisations share a key.
    #[n(21)]
    ReportSharedKey(#[n(0)] ReportSharedKey),
    /// A member names the keys with which its node signs checkpoints.
    #[n(22)]
    RegisterCosigner(#[n(0)] RegisterCosigner),
    /// A centre registers its seat key of a sealing epoch.
    #[n(30)]
    RegisterSeatKey(#[n(0)] RegisterSeatKey),
    /// An organiser registers a construction project.
    #[n(31)]
    RegisterProject(#[n(0)] RegisterProject),
    /// An organiser publishes a tender.
    #[n(32)]
    PublishTender(#[n(0)] PublishTender),
    /// An organiser clarifies or changes the tender documents.
    #[n(33)]
    ClarifyTender(#[n(0)] ClarifyTender),
    /// An organiser moves the bid deadline to a later time.
    #[n(34)]
    ExtendTender(#[n(0)] ExtendTender),
    /// Somebody objects to the tender documents.
    #[n(35)]
    RaiseObjection(#[n(0)] RaiseObjection),
    /// An organiser answers an objection.
    #[n(36)]
    AnswerObjection(#[n(0)] AnswerObjection),
    /// A centre registers its key for admission stamps of a quarter.
    #[n(37)]
    RegisterStampKey(#[n(0)] RegisterStampKey),
    /// Somebody submits a sealed bid, or replaces it.
    #[n(38)]
    SubmitBid(#[n(0)] SubmitBid),
    /// Somebody withdraws a sealed bid.
    #[n(39)]
    WithdrawBid(#[n(0)] WithdrawBid),
    /// A seat's shares of a chunk of bids are brought.
    #[n(40)]
    OpenShares(#[n(0)] OpenShares),
    /// Somebody opens its own bid, because too few seats have.
    #[n(41)]
    OpenOwnBid(#[n(0)] OpenOwnBid),
    /// A centre enters experts in the pool.
    #[n(42)]
    EnterExperts(#[n(0)] EnterExperts),
    /// The hosting centre takes an expert off a panel, or has it filled.
    #[n(43)]
    MendPanel(#[n(0)] MendPanel),
    /// A member of a panel commits to its scores.
    #[n(44)]
    CommitScores(#[n(0)] CommitScores),
    /// A member of a panel reveals its scores.
    #[n(45)]
    RevealScores(#[n(0)] RevealScores),
    /// Somebody shows who sat on a panel.
    #[n(46)]
    NameExpert(#[n(0)] NameExpert),
    /// An organiser awards the lots of a tender.
    #[n(47)]
    AwardTender(#[n(0)] AwardTender),
    /// Organiser or winner signs the contract of a lot.
    #[n(48)]
    SignContract(#[n(0)] SignContract),
}

impl Action {
    /// Whether a one-time key signs it, so that nobody knows who does it.
    pub const fn is_anonymous(&self) -> bool {
        matches!(
            self,
            Self::SubmitBid(_)
                | Self::WithdrawBid(_)
                | Self::OpenOwnBid(_)
                | Self::CommitScores(_)
                | Self::RevealScores(_)
        )
    }

    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RegisterOrganisation(_) => "register_organisation",
            Self::PublishListing(_) => "publish_listing",
            Self::IssueGuarantee(_) => "issue_guarantee",
            Self::DepositGuarantee(_) => "deposit_guarantee",
            Self::SubmitQuote(_) => "submit_quote",
            Self::ConfirmDeal(_) => "confirm_deal",
            Self::PublishResult(_) => "publish_result",
            Self::RecordContract(_) => "record_contract",
            Self::ReleaseGuarantee(_) => "release_guarantee",
            Self::AdvanceClock(_) => "advance_clock",
            Self::ProposeChange(_) => "propose_change",
            Self::ApproveChange(_) => "approve_change",
            Self::ReportDoubleSigning(_) => "report_double_signing",
            Self::Enrol(_) => "enrol",
            Self::AdmitRole(_) => "admit_role",
            Self::AppointStaff(_) => "appoint_staff",
            Self::RevokeMandate(_) => "revoke_mandate",
            Self::RevokeCertificate(_) => "revoke_certificate",
            Self::RecordRevocationList(_) => "record_revocation_list",
            Self::RecordOcspResponse(_) => "record_ocsp_response",
            Self::ReportSharedKey(_) => "report_shared_key",
            Self::RegisterCosigner(_) => "register_cosigner",
            Self::RegisterSeatKey(_) => "register_seat_key",
            Self::RegisterProject(_) => "register_project",
            Self::PublishTender(_) => "publish_tender",
            Self::ClarifyTender(_) => "clarify_tender",
            Self::ExtendTender(_) => "extend_tender",
            Self::RaiseObjection(_) => "raise_objection",
            Self::AnswerObjection(_) => "answer_objection",
            Self::RegisterStampKey(_) => "register_stamp_key",
            Self::SubmitBid(_) => "submit_bid",
            Self::WithdrawBid(_) => "withdraw_bid",
            Self::OpenShares(_) => "open_shares",
            Self::OpenOwnBid(_) => "open_own_bid",
            Self::EnterExperts(_) => "enter_experts",
            Self::MendPanel(_) => "mend_panel",
            Self::CommitScores(_) => "commit_scores",
            Self::RevealScores(_) => "reveal_scores",
            Self::NameExpert(_) => "name_expert",
            Self::AwardTender(_) => "award_tender",
            Self::SignContract(_) => "sign_contract",
        }
    }
}
