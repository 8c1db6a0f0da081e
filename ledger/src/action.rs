//! Business acts: one variant for each thing that can be recorded.

use minicbor::{Decode, Encode};

use crate::procedure::{
    admission::AdmitRole, approval::ApproveChange, clock::AdvanceClock, confirmation::ConfirmDeal,
    contract::RecordContract, cosigner::RegisterCosigner, double_signing::ReportDoubleSigning,
    enrolment::Enrol, guarantee::IssueGuarantee, listing::PublishListing, ocsp_response::RecordOcspResponse,
    proposal::ProposeChange, publicity::PublishResult, qualification::DepositGuarantee, quote::SubmitQuote,
    registration::RegisterOrganisation, release::ReleaseGuarantee, revocation::RevokeCertificate,
    revocation_list::RecordRevocationList, shared_key::ReportSharedKey, staff::AppointStaff,
    staff::RevokeMandate,
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
}

impl Action {
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
        }
    }
}
