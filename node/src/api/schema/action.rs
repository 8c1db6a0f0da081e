//! Business acts as clients write them.

use ledger::action::Action as LedgerAction;
use ledger::procedure as act;
use ledger::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::evaluation::{
    AwardTender, CommitScores, EnterExperts, MendPanel, NameExpert, RevealScores, SignContract,
};
use super::governance::signature;
use super::{
    AdmitRole, AppointStaff, Enrol, RecordOcspResponse, RecordRevocationList, ReportSharedKey,
    RevokeCertificate, RevokeMandate,
};
use super::{
    Amount, Change, Evidence, InvalidField, Prices, Resource, Role, parse, parse_amount, parse_list,
    parse_time,
};
use super::{
    AnswerObjection, ClarifyTender, ExtendTender, PublishTender, RaiseObjection, RegisterProject,
    RegisterSeatKey,
};
use super::{OpenOwnBid, OpenShares, RegisterStampKey, SubmitBid, WithdrawBid};

/// Everything that an organisation can ask the ledger to record; `act` says which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "act", rename_all = "snake_case")]
#[allow(clippy::large_enum_variant, reason = "a few of them are ever held at a time")]
pub enum Action {
    /// A centre admits an organisation with its roles and keys.
    RegisterOrganisation(RegisterOrganisation),
    /// A seller publishes a listing.
    PublishListing(PublishListing),
    /// A guarantor issues an electronic letter of guarantee.
    IssueGuarantee(IssueGuarantee),
    /// A bidder deposits its letter and so qualifies for a listing.
    DepositGuarantee(DepositGuarantee),
    /// A qualified bidder quotes a price, in the open.
    SubmitQuote(SubmitQuote),
    /// The seller or the winner confirms the deal.
    ConfirmDeal(ConfirmDeal),
    /// The hosting centre publishes the confirmed result.
    PublishResult(PublishResult),
    /// The seller or the winner records the contract.
    RecordContract(RecordContract),
    /// The beneficiary releases a letter of guarantee.
    ReleaseGuarantee(ReleaseGuarantee),
    /// The timekeeper of a network with a stepped clock moves it forward.
    AdvanceClock(AdvanceClock),
    /// A member proposes a change of membership, keys or rules.
    ProposeChange(ProposeChange),
    /// A member approves a proposed change.
    ApproveChange(ApproveChange),
    /// Somebody proves that a validator signed twice.
    ReportDoubleSigning(ReportDoubleSigning),
    /// The holder of a certificate delegates ledger keys.
    Enrol(Enrol),
    /// A centre admits an organisation in a further role.
    AdmitRole(AdmitRole),
    /// An organisation appoints a member of its staff.
    AppointStaff(AppointStaff),
    /// An organisation takes a key out of use.
    RevokeMandate(RevokeMandate),
    /// The holder revokes its certificate.
    RevokeCertificate(RevokeCertificate),
    /// A centre records the revocation list of a certification authority.
    RecordRevocationList(RecordRevocationList),
    /// A centre records what a certification authority answers about one certificate.
    RecordOcspResponse(RecordOcspResponse),
    /// Somebody proves that two organisations share a key.
    ReportSharedKey(ReportSharedKey),
    /// A member names the keys with which its node signs checkpoints. Nodes do it by themselves.
    RegisterCosigner(RegisterCosigner),
    /// A centre registers its seat key of a sealing epoch.
    RegisterSeatKey(RegisterSeatKey),
    /// An organiser registers a construction project.
    RegisterProject(RegisterProject),
    /// An organiser publishes a tender.
    PublishTender(PublishTender),
    /// An organiser clarifies or changes the tender documents.
    ClarifyTender(ClarifyTender),
    /// An organiser moves the bid deadline to a later time.
    ExtendTender(ExtendTender),
    /// A bidder objects to the tender documents.
    RaiseObjection(RaiseObjection),
    /// An organiser answers an objection.
    AnswerObjection(AnswerObjection),
    /// A centre registers its key for admission stamps of a quarter.
    RegisterStampKey(RegisterStampKey),
    /// Somebody submits a sealed bid, or replaces it.
    SubmitBid(SubmitBid),
    /// Somebody withdraws a sealed bid.
    WithdrawBid(WithdrawBid),
    /// A seat's shares of a chunk of bids are brought.
    OpenShares(OpenShares),
    /// Somebody opens its own bid, because too few seats have.
    OpenOwnBid(OpenOwnBid),
    /// A centre enters experts in the pool.
    EnterExperts(EnterExperts),
    /// The hosting centre takes an expert off a panel, or has it filled.
    MendPanel(MendPanel),
    /// A member of a panel commits to its scores.
    CommitScores(CommitScores),
    /// A member of a panel reveals its scores.
    RevealScores(RevealScores),
    /// A centre shows who sat on a panel.
    NameExpert(NameExpert),
    /// An organiser awards the lots of a tender.
    AwardTender(AwardTender),
    /// Organiser or winner signs the contract of a lot.
    SignContract(SignContract),
}

/// The keys with which a member's node signs checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterCosigner {
    /// Ed25519 public key that signs for the log, in hexadecimal.
    pub log_key: String,
    /// Ed25519 public key that cosigns, in hexadecimal.
    pub cosigning_key: String,
    /// Signature by the log key that it is to sign for this member, in hexadecimal.
    pub log_proof: String,
    /// The same by the cosigning key.
    pub cosigning_proof: String,
}

/// Admission of an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterOrganisation {
    /// Unified social credit code (GB 32100-2015).
    #[schema(example = "91350100M000100Y43")]
    pub code: String,
    /// Name, 1 to 120 characters.
    pub name: String,
    /// Region of registration (GB/T 2260).
    #[schema(example = "440400")]
    pub region: String,
    /// Roles, at least one; never centre or timekeeper. Any order: they are signed in the ledger's.
    pub roles: Vec<Role>,
    /// Ed25519 public keys in hexadecimal, at most 8; none if they are to come from its certificate. Any order: they are
    /// signed in the ledger's.
    #[serde(default)]
    pub keys: Vec<String>,
}

/// The notice of a land-use right listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishListing {
    /// Credit code of the hosting centre.
    pub centre: String,
    /// Title of the notice, 1 to 120 characters.
    pub title: String,
    /// Region of the resource (GB/T 2260).
    #[schema(example = "440400")]
    pub region: String,
    /// The resource.
    pub resource: Resource,
    /// Prices and deposit.
    pub prices: Prices,
    /// When quotes may begin (RFC 3339).
    #[schema(example = "2026-03-02T09:00:00+08:00")]
    pub opens_at: String,
    /// When the listing period ends (RFC 3339).
    #[schema(example = "2026-03-12T15:00:00+08:00")]
    pub closes_at: String,
}

/// A letter for one bidder in one listing, in favour of its seller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IssueGuarantee {
    /// The guarantor's number for the letter, 1 to 32 of `A-Z a-z 0-9 - _ .`
    pub number: String,
    /// Credit code of the bidder on whose behalf it is issued.
    pub applicant: String,
    /// Deal code of the listing.
    pub listing: String,
    /// Maximum amount.
    pub amount: Amount,
    /// When it ends (RFC 3339).
    pub expires_at: String,
}

/// The deposit of a letter for a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DepositGuarantee {
    /// Deal code of the listing.
    pub listing: String,
    /// The letter, as `GUARANTOR:NUMBER`.
    #[schema(example = "91350100M000100Y43:LG-2026-0001")]
    pub guarantee: String,
}

/// A quote. It binds until a higher one is recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitQuote {
    /// Deal code of the listing.
    pub listing: String,
    /// The price.
    pub price: Amount,
}

/// One side's signature under the confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmDeal {
    /// Deal code of the listing.
    pub listing: String,
}

/// Publication of a confirmed result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishResult {
    /// Deal code of the listing.
    pub listing: String,
}

/// One side's signature under the contract record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordContract {
    /// Deal code of the listing.
    pub listing: String,
    /// SHA-256 of the contract document, in hexadecimal.
    pub document: String,
}

/// A signed release, which ends the letter at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseGuarantee {
    /// The letter, as `GUARANTOR:NUMBER`.
    pub guarantee: String,
}

/// A step of a demonstration network's clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdvanceClock {
    /// How far, in milliseconds: 1 to 34,560,000,000 (400 days).
    pub by_ms: u64,
}

/// A proposal, which is its proposer's approval too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeChange {
    /// What is to change.
    pub change: Change,
}

/// An approval of a proposed change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApproveChange {
    /// Id of the transaction that proposed it, in hexadecimal.
    pub change: String,
}

/// A report with both signed messages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportDoubleSigning {
    /// What proves it.
    pub evidence: Evidence,
}

impl TryFrom<Action> for LedgerAction {
    type Error = InvalidField;

    fn try_from(action: Action) -> Result<Self, InvalidField> {
        Ok(match action {
            Action::RegisterOrganisation(a) => Self::RegisterOrganisation(register(a)?),
            Action::PublishListing(a) => Self::PublishListing(publish(a)?),
            Action::IssueGuarantee(a) => Self::IssueGuarantee(issue(a)?),
            Action::DepositGuarantee(a) => Self::DepositGuarantee(act::qualification::DepositGuarantee {
                listing: parse("listing", &a.listing)?,
                guarantee: parse("guarantee", &a.guarantee)?,
            }),
            Action::SubmitQuote(a) => Self::SubmitQuote(act::quote::SubmitQuote {
                listing: parse("listing", &a.listing)?,
                price: parse_amount("price", a.price)?,
            }),
            Action::ConfirmDeal(a) => {
                Self::ConfirmDeal(act::confirmation::ConfirmDeal { listing: parse("listing", &a.listing)? })
            }
            Action::PublishResult(a) => {
                Self::PublishResult(act::publicity::PublishResult { listing: parse("listing", &a.listing)? })
            }
            Action::RecordContract(a) => Self::RecordContract(act::contract::RecordContract {
                listing: parse("listing", &a.listing)?,
                document: parse("document", &a.document)?,
            }),
            Action::ReleaseGuarantee(a) => Self::ReleaseGuarantee(act::release::ReleaseGuarantee {
                guarantee: parse("guarantee", &a.guarantee)?,
            }),
            Action::AdvanceClock(a) => {
                Self::AdvanceClock(act::clock::AdvanceClock { by: Span::from_millis(a.by_ms) })
            }
            Action::ProposeChange(a) => Self::ProposeChange(act::proposal::ProposeChange {
                change: a.change.try_into().map_err(|e: InvalidField| e.within("change"))?,
            }),
            Action::ApproveChange(a) => {
                Self::ApproveChange(act::approval::ApproveChange { change: parse("change", &a.change)? })
            }
            Action::ReportDoubleSigning(a) => {
                Self::ReportDoubleSigning(act::double_signing::ReportDoubleSigning {
                    evidence: a.evidence.try_into().map_err(|e: InvalidField| e.within("evidence"))?,
                })
            }
            Action::Enrol(a) => Self::Enrol(a.try_into()?),
            Action::AdmitRole(a) => Self::AdmitRole(a.try_into()?),
            Action::AppointStaff(a) => Self::AppointStaff(a.try_into()?),
            Action::RevokeMandate(a) => Self::RevokeMandate(a.try_into()?),
            Action::RevokeCertificate(a) => Self::RevokeCertificate(a.try_into()?),
            Action::RecordRevocationList(a) => Self::RecordRevocationList(a.try_into()?),
            Action::RecordOcspResponse(a) => Self::RecordOcspResponse(a.try_into()?),
            Action::ReportSharedKey(a) => Self::ReportSharedKey(a.try_into()?),
            Action::RegisterCosigner(a) => Self::RegisterCosigner(act::cosigner::RegisterCosigner {
                log_key: parse("log_key", &a.log_key)?,
                cosigning_key: parse("cosigning_key", &a.cosigning_key)?,
                log_proof: signature("log_proof", &a.log_proof)?,
                cosigning_proof: signature("cosigning_proof", &a.cosigning_proof)?,
            }),
            Action::RegisterSeatKey(a) => Self::RegisterSeatKey(a.try_into()?),
            Action::RegisterProject(a) => Self::RegisterProject(a.try_into()?),
            Action::PublishTender(a) => Self::PublishTender(a.try_into()?),
            Action::ClarifyTender(a) => Self::ClarifyTender(a.try_into()?),
            Action::ExtendTender(a) => Self::ExtendTender(a.try_into()?),
            Action::RaiseObjection(a) => Self::RaiseObjection(a.try_into()?),
            Action::AnswerObjection(a) => Self::AnswerObjection(a.try_into()?),
            Action::RegisterStampKey(a) => Self::RegisterStampKey(a.try_into()?),
            Action::SubmitBid(a) => Self::SubmitBid(a.try_into()?),
            Action::WithdrawBid(a) => Self::WithdrawBid(a.try_into()?),
            Action::OpenShares(a) => Self::OpenShares(a.try_into()?),
            Action::OpenOwnBid(a) => Self::OpenOwnBid(a.try_into()?),
            Action::EnterExperts(a) => Self::EnterExperts(a.try_into()?),
            Action::MendPanel(a) => Self::MendPanel(a.try_into()?),
            Action::CommitScores(a) => Self::CommitScores(a.try_into()?),
            Action::RevealScores(a) => Self::RevealScores(a.try_into()?),
            Action::NameExpert(a) => Self::NameExpert(a.try_into()?),
            Action::AwardTender(a) => Self::AwardTender(a.try_into()?),
            Action::SignContract(a) => Self::SignContract(a.try_into()?),
        })
    }
}

/// The ledger wants roles and keys in ascending order, once each; how a person lists them means nothing.
fn register(a: RegisterOrganisation) -> Result<act::registration::RegisterOrganisation, InvalidField> {
    let mut roles: Vec<_> = a.roles.into_iter().map(ledger::record::organisation::Role::from).collect();
    roles.sort_unstable();
    let mut keys = parse_list("keys", &a.keys)?;
    keys.sort_unstable();
    Ok(act::registration::RegisterOrganisation {
        code: parse("code", &a.code)?,
        name: parse("name", &a.name)?,
        region: parse("region", &a.region)?,
        roles,
        keys,
    })
}

fn publish(a: PublishListing) -> Result<act::listing::PublishListing, InvalidField> {
    Ok(act::listing::PublishListing {
        centre: parse("centre", &a.centre)?,
        title: parse("title", &a.title)?,
        region: parse("region", &a.region)?,
        resource: a.resource.try_into().map_err(|e: InvalidField| e.within("resource"))?,
        prices: a.prices.try_into().map_err(|e: InvalidField| e.within("prices"))?,
        opens_at: parse_time("opens_at", &a.opens_at)?,
        closes_at: parse_time("closes_at", &a.closes_at)?,
    })
}

fn issue(a: IssueGuarantee) -> Result<act::guarantee::IssueGuarantee, InvalidField> {
    Ok(act::guarantee::IssueGuarantee {
        number: parse("number", &a.number)?,
        applicant: parse("applicant", &a.applicant)?,
        listing: parse("listing", &a.listing)?,
        amount: parse_amount("amount", a.amount)?,
        expires_at: parse_time("expires_at", &a.expires_at)?,
    })
}

impl From<LedgerAction> for Action {
    fn from(action: LedgerAction) -> Self {
        match action {
            LedgerAction::RegisterOrganisation(a) => Self::RegisterOrganisation(RegisterOrganisation {
                code: a.code.to_string(),
                name: a.name.to_string(),
                region: a.region.to_string(),
                roles: a.roles.into_iter().map(Role::from).collect(),
                keys: a.keys.iter().map(ToString::to_string).collect(),
            }),
            LedgerAction::PublishListing(a) => Self::PublishListing(PublishListing {
                centre: a.centre.to_string(),
                title: a.title.to_string(),
                region: a.region.to_string(),
                resource: a.resource.into(),
                prices: a.prices.into(),
                opens_at: a.opens_at.to_string(),
                closes_at: a.closes_at.to_string(),
            }),
            LedgerAction::IssueGuarantee(a) => Self::IssueGuarantee(IssueGuarantee {
                number: a.number.to_string(),
                applicant: a.applicant.to_string(),
                listing: a.listing.to_string(),
                amount: a.amount.into(),
                expires_at: a.expires_at.to_string(),
            }),
            LedgerAction::DepositGuarantee(a) => Self::DepositGuarantee(DepositGuarantee {
                listing: a.listing.to_string(),
                guarantee: a.guarantee.to_string(),
            }),
            LedgerAction::SubmitQuote(a) => {
                Self::SubmitQuote(SubmitQuote { listing: a.listing.to_string(), price: a.price.into() })
            }
            LedgerAction::ConfirmDeal(a) => Self::ConfirmDeal(ConfirmDeal { listing: a.listing.to_string() }),
            LedgerAction::PublishResult(a) => {
                Self::PublishResult(PublishResult { listing: a.listing.to_string() })
            }
            LedgerAction::RecordContract(a) => Self::RecordContract(RecordContract {
                listing: a.listing.to_string(),
                document: a.document.to_string(),
            }),
            LedgerAction::ReleaseGuarantee(a) => {
                Self::ReleaseGuarantee(ReleaseGuarantee { guarantee: a.guarantee.to_string() })
            }
            LedgerAction::AdvanceClock(a) => Self::AdvanceClock(AdvanceClock { by_ms: a.by.as_millis() }),
            LedgerAction::ProposeChange(a) => Self::ProposeChange(ProposeChange { change: a.change.into() }),
            LedgerAction::ApproveChange(a) => {
                Self::ApproveChange(ApproveChange { change: a.change.to_string() })
            }
            LedgerAction::ReportDoubleSigning(a) => {
                Self::ReportDoubleSigning(ReportDoubleSigning { evidence: a.evidence.into() })
            }
            LedgerAction::Enrol(a) => Self::Enrol(a.into()),
            LedgerAction::AdmitRole(a) => Self::AdmitRole(a.into()),
            LedgerAction::AppointStaff(a) => Self::AppointStaff(a.into()),
            LedgerAction::RevokeMandate(a) => Self::RevokeMandate(a.into()),
            LedgerAction::RevokeCertificate(a) => Self::RevokeCertificate(a.into()),
            LedgerAction::RecordRevocationList(a) => Self::RecordRevocationList(a.into()),
            LedgerAction::RecordOcspResponse(a) => Self::RecordOcspResponse(a.into()),
            LedgerAction::ReportSharedKey(a) => Self::ReportSharedKey(a.into()),
            LedgerAction::RegisterCosigner(a) => Self::RegisterCosigner(RegisterCosigner {
                log_key: a.log_key.to_string(),
                cosigning_key: a.cosigning_key.to_string(),
                log_proof: hex::encode(a.log_proof.as_bytes()),
                cosigning_proof: hex::encode(a.cosigning_proof.as_bytes()),
            }),
            LedgerAction::RegisterSeatKey(a) => Self::RegisterSeatKey(a.into()),
            LedgerAction::RegisterProject(a) => Self::RegisterProject(a.into()),
            LedgerAction::PublishTender(a) => Self::PublishTender(a.into()),
            LedgerAction::ClarifyTender(a) => Self::ClarifyTender(a.into()),
            LedgerAction::ExtendTender(a) => Self::ExtendTender(a.into()),
            LedgerAction::RaiseObjection(a) => Self::RaiseObjection(a.into()),
            LedgerAction::AnswerObjection(a) => Self::AnswerObjection(a.into()),
            LedgerAction::RegisterStampKey(a) => Self::RegisterStampKey(a.into()),
            LedgerAction::SubmitBid(a) => Self::SubmitBid(a.into()),
            LedgerAction::WithdrawBid(a) => Self::WithdrawBid(a.into()),
            LedgerAction::OpenShares(a) => Self::OpenShares(a.into()),
            LedgerAction::OpenOwnBid(a) => Self::OpenOwnBid(a.into()),
            LedgerAction::EnterExperts(a) => Self::EnterExperts(a.into()),
            LedgerAction::MendPanel(a) => Self::MendPanel(a.into()),
            LedgerAction::CommitScores(a) => Self::CommitScores(a.into()),
            LedgerAction::RevealScores(a) => Self::RevealScores(a.into()),
            LedgerAction::NameExpert(a) => Self::NameExpert(a.into()),
            LedgerAction::AwardTender(a) => Self::AwardTender(a.into()),
            LedgerAction::SignContract(a) => Self::SignContract(a.into()),
        }
    }
}
