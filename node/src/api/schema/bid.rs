//! Sealed bids as clients write and read them.

use ledger::crypto::Signature;
use ledger::procedure as act;
use ledger::record::bid as b;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::identity::{bytes, fixed, show};
use super::{InvalidField, parse, parse_time};

/// A centre's key for admission stamps of a quarter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterStampKey {
    /// The quarter: four times the year and the number of the quarter in it, from 0.
    #[schema(example = 8104)]
    pub quarter: u16,
    /// The RSA-3072 modulus, 384 bytes in hexadecimal, big-endian; the exponent is 65537.
    pub modulus: String,
}

/// A signature of a centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// A key of the centre, in hexadecimal.
    pub key: String,
    /// The signature, in hexadecimal.
    pub signature: String,
}

/// An encrypted document, and who holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StoredDocument {
    /// SHA-256 of the ciphertext, in hexadecimal.
    pub hash: String,
    /// Bytes of the ciphertext.
    pub len: u64,
    /// Receipts of centres of the committee.
    pub receipts: Vec<Attestation>,
}

/// A centre's word on when a bid came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Arrival {
    /// When, by the centre's clock (RFC 3339).
    pub at: String,
    /// A key of the centre, in hexadecimal.
    pub key: String,
    /// Its signature, in hexadecimal.
    pub signature: String,
}

/// A sealed bid, signed with its one-time key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitBid {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// Number of the act under this key, 1 to 16; a later one replaces the bid.
    pub sequence: u32,
    /// The dealing, in hexadecimal: 96 bytes and 32 for each seat.
    pub dealing: String,
    /// The envelope, in hexadecimal: the tender's length and 16 bytes.
    pub envelope: String,
    /// The encrypted documents; at most 16.
    pub documents: Vec<StoredDocument>,
    /// The admission stamp, 420 bytes in hexadecimal.
    pub stamp: String,
    /// What shows that it came before the deadline, for a bid that is recorded after it.
    pub arrivals: Vec<Arrival>,
}

/// The withdrawal of a sealed bid, signed with its one-time key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WithdrawBid {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// Number of the act under this key.
    pub sequence: u32,
}

/// A seat's shares of a chunk of bids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenShares {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// Number of the chunk, from 0.
    pub chunk: u32,
    /// Number of the seat, from 1.
    pub seat: u8,
    /// Shares and proof, in hexadecimal: 32 bytes for each bid and 64.
    pub shares: String,
}

/// The secret with which a bid was sealed, published by its bidder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenOwnBid {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// The dealer's secret, 32 bytes in hexadecimal.
    pub secret: String,
}

/// What an opened bid is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BidStatus {
    /// Sealed.
    Live,
    /// Withdrawn.
    Withdrawn,
    /// It counts.
    Opened,
    /// What was sealed is no bid.
    Malformed,
    /// The bidder's key is unknown, is no bidder's, or could not sign when the opening began.
    Bidder,
    /// The bidder has not signed for this bid.
    Signature,
    /// The same bidder made another bid later.
    Superseded,
    /// The letter of guarantee is missing or does not count.
    Guarantee,
    /// The list of documents is not as long as that of the sealed bid.
    Documents,
    /// The priced lots are not those of the tender.
    Lots,
}

impl From<b::BidStatus> for BidStatus {
    fn from(status: b::BidStatus) -> Self {
        use b::BidFault as F;
        match status {
            b::BidStatus::Live => Self::Live,
            b::BidStatus::Withdrawn => Self::Withdrawn,
            b::BidStatus::Opened => Self::Opened,
            b::BidStatus::Malformed => Self::Malformed,
            b::BidStatus::Rejected(F::Bidder) => Self::Bidder,
            b::BidStatus::Rejected(F::Signature) => Self::Signature,
            b::BidStatus::Rejected(F::Superseded) => Self::Superseded,
            b::BidStatus::Rejected(F::Guarantee) => Self::Guarantee,
            b::BidStatus::Rejected(F::Documents) => Self::Documents,
            b::BidStatus::Rejected(F::Lots) => Self::Lots,
        }
    }
}

impl TryFrom<RegisterStampKey> for act::stamp_key::RegisterStampKey {
    type Error = InvalidField;

    fn try_from(a: RegisterStampKey) -> Result<Self, InvalidField> {
        Ok(Self { period: a.quarter, modulus: bytes("modulus", &a.modulus)? })
    }
}

impl From<act::stamp_key::RegisterStampKey> for RegisterStampKey {
    fn from(a: act::stamp_key::RegisterStampKey) -> Self {
        Self { quarter: a.period, modulus: show(&a.modulus) }
    }
}

impl TryFrom<Attestation> for act::attestation::Attestation {
    type Error = InvalidField;

    fn try_from(a: Attestation) -> Result<Self, InvalidField> {
        Ok(Self { key: parse("key", &a.key)?, signature: signed(&a.signature)? })
    }
}

impl From<act::attestation::Attestation> for Attestation {
    fn from(a: act::attestation::Attestation) -> Self {
        Self { key: a.key.to_string(), signature: shown(&a.signature) }
    }
}

impl TryFrom<StoredDocument> for act::bid::StoredDocument {
    type Error = InvalidField;

    fn try_from(d: StoredDocument) -> Result<Self, InvalidField> {
        let receipts = each("receipts", d.receipts)?;
        Ok(Self { document: b::SealedDocument { hash: parse("hash", &d.hash)?, len: d.len }, receipts })
    }
}

impl From<act::bid::StoredDocument> for StoredDocument {
    fn from(d: act::bid::StoredDocument) -> Self {
        let receipts = d.receipts.into_iter().map(Attestation::from).collect();
        Self { hash: d.document.hash.to_string(), len: d.document.len, receipts }
    }
}

impl TryFrom<Arrival> for act::bid::Arrival {
    type Error = InvalidField;

    fn try_from(a: Arrival) -> Result<Self, InvalidField> {
        let (key, signature) = (parse("key", &a.key)?, signed(&a.signature)?);
        Ok(Self { at: parse_time("at", &a.at)?, key, signature })
    }
}

impl From<act::bid::Arrival> for Arrival {
    fn from(a: act::bid::Arrival) -> Self {
        Self { at: a.at.to_string(), key: a.key.to_string(), signature: shown(&a.signature) }
    }
}

impl TryFrom<SubmitBid> for act::bid::SubmitBid {
    type Error = InvalidField;

    fn try_from(a: SubmitBid) -> Result<Self, InvalidField> {
        Ok(Self {
            tender: parse("tender", &a.tender)?,
            sequence: a.sequence,
            dealing: bytes("dealing", &a.dealing)?,
            envelope: bytes("envelope", &a.envelope)?,
            documents: each("documents", a.documents)?,
            stamp: bytes("stamp", &a.stamp)?,
            arrivals: each("arrivals", a.arrivals)?,
        })
    }
}

impl From<act::bid::SubmitBid> for SubmitBid {
    fn from(a: act::bid::SubmitBid) -> Self {
        Self {
            tender: a.tender.to_string(),
            sequence: a.sequence,
            dealing: show(&a.dealing),
            envelope: show(&a.envelope),
            documents: a.documents.into_iter().map(StoredDocument::from).collect(),
            stamp: show(&a.stamp),
            arrivals: a.arrivals.into_iter().map(Arrival::from).collect(),
        }
    }
}

impl TryFrom<WithdrawBid> for act::withdrawal::WithdrawBid {
    type Error = InvalidField;

    fn try_from(a: WithdrawBid) -> Result<Self, InvalidField> {
        Ok(Self { tender: parse("tender", &a.tender)?, sequence: a.sequence })
    }
}

impl From<act::withdrawal::WithdrawBid> for WithdrawBid {
    fn from(a: act::withdrawal::WithdrawBid) -> Self {
        Self { tender: a.tender.to_string(), sequence: a.sequence }
    }
}

impl TryFrom<OpenShares> for act::opening_shares::OpenShares {
    type Error = InvalidField;

    fn try_from(a: OpenShares) -> Result<Self, InvalidField> {
        let (tender, shares) = (parse("tender", &a.tender)?, bytes("shares", &a.shares)?);
        Ok(Self { tender, chunk: a.chunk, seat: a.seat, shares })
    }
}

impl From<act::opening_shares::OpenShares> for OpenShares {
    fn from(a: act::opening_shares::OpenShares) -> Self {
        let (tender, shares) = (a.tender.to_string(), show(&a.shares));
        Self { tender, chunk: a.chunk, seat: a.seat, shares }
    }
}

impl TryFrom<OpenOwnBid> for act::self_opening::OpenOwnBid {
    type Error = InvalidField;

    fn try_from(a: OpenOwnBid) -> Result<Self, InvalidField> {
        Ok(Self { tender: parse("tender", &a.tender)?, secret: bytes("secret", &a.secret)? })
    }
}

impl From<act::self_opening::OpenOwnBid> for OpenOwnBid {
    fn from(a: act::self_opening::OpenOwnBid) -> Self {
        Self { tender: a.tender.to_string(), secret: show(&a.secret) }
    }
}

fn signed(text: &str) -> Result<Signature, InvalidField> {
    fixed("signature", text).map(Signature::from_bytes)
}

fn shown(signature: &Signature) -> String {
    hex::encode(signature.as_bytes())
}

/// Converts every element; a fault names its place.
fn each<A, B>(field: &str, list: Vec<A>) -> Result<Vec<B>, InvalidField>
where
    B: TryFrom<A, Error = InvalidField>,
{
    let one = |(index, one): (usize, A)| B::try_from(one).map_err(|e| e.within(&format!("{field}[{index}]")));
    list.into_iter().enumerate().map(one).collect()
}
