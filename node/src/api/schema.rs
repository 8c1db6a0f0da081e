//! What clients write and read: HTTP types, converted by hand.
//!
//! None of these is signed or stored. A value from outside becomes a ledger value through `TryFrom`, which
//! names the field that is wrong; a ledger value becomes one of these through `From`.

mod action;
mod bid;
mod chain;
mod document;
mod evaluation;
mod event;
mod governance;
mod identity;
mod listing;
mod names;
mod node;
mod problem;
mod record;
mod rules;
mod tender;
mod tenders;
mod trust;

pub use action::{
    Action, AdvanceClock, ApproveChange, ConfirmDeal, DepositGuarantee, IssueGuarantee, ProposeChange,
    PublishListing, PublishResult, RecordContract, RegisterOrganisation, ReleaseGuarantee,
    ReportDoubleSigning, SubmitQuote,
};
pub use bid::{
    Arrival, Attestation, BidStatus, OpenOwnBid, OpenShares, RegisterStampKey, StoredDocument, SubmitBid,
    WithdrawBid,
};
pub use chain::{
    Block, BlockSummary, Certificate, Inclusion, Proof, Signer, SubmitResult, SubmitStatus, Transaction,
};
pub use document::{DocumentReceipt, Upload};
pub use evaluation::{
    AwardTender, Candidate, CommitScores, EnterExperts, Evaluation, ExcuseGround, ExpertCard, ExpertEntry,
    LotResult, Mark, MendPanel, NameExpert, PanelSeat, RejectionGround, RevealScores, Sheet, SignContract,
};
pub use event::{Event, EventKind};
pub use governance::{
    Approval, Change, ChangeStatus, DoubleSigning, Evidence, Member, Members, ProposedChange, RemovalReason,
    SignedMessage, SigningKind,
};
pub(crate) use identity::show_keys;
pub use identity::{
    AdmitRole, AppointStaff, AuthorityTerms, CodeSource, DelegatedKey, Delegation, Enrol, Freshness,
    HolderProof, KeyAlgorithm, Mandate, RecordOcspResponse, RecordRevocationList, ReportSharedKey,
    RevocationReason, RevokeCertificate, RevokeMandate, Scope, WhenStale,
};
pub use listing::{BestQuote, Bidder, BothSides, Contract, Listing, Prices, Quote, Resource, Terms};
pub use names::{EndReason, ReleaseGround, Role, Stage};
pub use node::{Clock, Peer, Phase, Readiness, ReadinessPart, Status, Version};
pub use problem::Problem;
pub use record::{FormerName, Guarantee, GuaranteeStatus, Organisation};
pub use rules::{Calendar, Rule, RulePack, TradeKind, Unit};
pub use tender::{
    AnswerObjection, ClarifyTender, ExtendTender, Industry, Lot, Method, PublishTender, RaiseObjection,
    RegisterProject, RegisterSeatKey,
};
pub use tenders::{
    ArrivalReceipt, BlindSignature, Bond, Chunk, Committee, DocumentEntry, LiveBid, LotPrice, Objection,
    OpenedBid, Opening, Project, SealedBid, SealedDocument, SealingEpoch, Seat, StampKey, Tender,
};
pub use trust::{
    Authority, AuthorityStatus, CertificateRevocation, CertificateStatus, DataAge, EnrolledCertificate,
    IssuerList, KeyStatus, OrganisationKey, SharedKey, StaffMember,
};

use ledger::time::BlockTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A value from outside that does not fit its field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidField {
    /// Where, with dots between the levels: `prices.starting.amount`.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}

impl InvalidField {
    /// A field and what is wrong with it.
    pub fn new(field: impl Into<String>, reason: impl ToString) -> Self {
        Self { field: field.into(), reason: reason.to_string() }
    }

    /// The same, one level further out.
    fn within(self, outer: &str) -> Self {
        Self { field: format!("{outer}.{}", self.field), reason: self.reason }
    }
}

/// The currency of an amount (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Currency {
    /// Renminbi yuan.
    #[serde(rename = "CNY")]
    Cny,
}

/// An amount of money. The amount is a decimal text, so that no reader rounds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// A decimal with at most the currency's digits.
    #[schema(example = "1234.56", pattern = "^[0-9]+([.][0-9]{1,2})?$")]
    pub amount: String,
    /// The currency.
    pub currency: Currency,
}

impl TryFrom<Amount> for ledger::amount::Amount {
    type Error = InvalidField;

    fn try_from(amount: Amount) -> Result<Self, InvalidField> {
        let Currency::Cny = amount.currency;
        Self::parse(&amount.amount, ledger::amount::Currency::Cny).map_err(|e| InvalidField::new("amount", e))
    }
}

impl From<ledger::amount::Amount> for Amount {
    fn from(amount: ledger::amount::Amount) -> Self {
        let ledger::amount::Currency::Cny = amount.currency();
        Self { amount: decimal(amount.minor()), currency: Currency::Cny }
    }
}

/// Hundredths as a decimal with two digits.
fn decimal(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Bytes as they are signed or stored, not text.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "describes bodies that are no JSON")]
pub(crate) struct Bytes(Vec<u8>);

/// Where in the chain an answer was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct At {
    /// Height of the last block then.
    pub height: u64,
    /// Its name, in hexadecimal.
    pub block_id: String,
    /// Root of the state after it, in hexadecimal.
    pub state_root: String,
}

/// One record, and where in the chain it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Record<T> {
    /// The record.
    pub data: T,
    /// Where it was read.
    pub at: At,
}

/// Some of a list's records, and how to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The records, in order. A page may be short, or empty, before the list ends.
    pub data: Vec<T>,
    /// What to give as `cursor` to go on; null at the end.
    pub next: Option<String>,
    /// Where they were read.
    pub at: At,
}

/// Reads a text that has a form of its own.
fn parse<T: core::str::FromStr>(field: &str, text: &str) -> Result<T, InvalidField>
where
    T::Err: ToString,
{
    text.parse().map_err(|e: T::Err| InvalidField::new(field, e.to_string()))
}

fn parse_time(field: &str, text: &str) -> Result<BlockTime, InvalidField> {
    BlockTime::parse(text).map_err(|e| InvalidField::new(field, e))
}

pub(crate) fn parse_amount(field: &str, amount: Amount) -> Result<ledger::amount::Amount, InvalidField> {
    amount.try_into().map_err(|e: InvalidField| e.within(field))
}

/// Reads a list, naming the element that is wrong.
fn parse_list<T: core::str::FromStr>(field: &str, texts: &[String]) -> Result<Vec<T>, InvalidField>
where
    T::Err: ToString,
{
    texts.iter().enumerate().map(|(index, text)| parse(&format!("{field}[{index}]"), text)).collect()
}
