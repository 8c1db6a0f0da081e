//! Certificates that organisations have enrolled with, their revocation, and keys that two organisations share.

use minicbor::{Decode, Encode};

use crate::codec;
use crate::crypto::PublicKey;
use crate::hash::tagged;
use crate::id::{AuthorityId, CertificateId, CertificateKeyId, ChangeId, CreditCode, IssuerId, SharedKeyId};
use crate::record::authority::{KeyAlgorithm, SerialNumber};
use crate::time::BlockTime;

/// Why a certificate was revoked (RFC 5280, section 5.3.1, with its numbers).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RevocationReason {
    /// Not said.
    #[n(0)]
    Unspecified,
    /// The private key is in other hands, or may be.
    #[n(1)]
    KeyCompromise,
    /// The authority's key is in other hands, or may be.
    #[n(2)]
    CaCompromise,
    /// Name or other particulars of the holder have changed.
    #[n(3)]
    AffiliationChanged,
    /// Another certificate has taken its place.
    #[n(4)]
    Superseded,
    /// It is no longer needed.
    #[n(5)]
    CessationOfOperation,
    /// On hold: the authority may lift it again.
    #[n(6)]
    CertificateHold,
    /// A right that it certifies was withdrawn.
    #[n(9)]
    PrivilegeWithdrawn,
    /// The key of an attribute authority is in other hands, or may be.
    #[n(10)]
    AaCompromise,
}

impl RevocationReason {
    /// All reasons.
    pub const ALL: [Self; 9] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::CaCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::CertificateHold,
        Self::PrivilegeWithdrawn,
        Self::AaCompromise,
    ];

    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "key_compromise",
            Self::CaCompromise => "ca_compromise",
            Self::AffiliationChanged => "affiliation_changed",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessation_of_operation",
            Self::CertificateHold => "certificate_hold",
            Self::PrivilegeWithdrawn => "privilege_withdrawn",
            Self::AaCompromise => "aa_compromise",
        }
    }

    /// The reason of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// Who said that a certificate is revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RevocationSource {
    /// Its holder.
    #[n(0)]
    Holder,
    /// Its authority, by a revocation list.
    #[n(1)]
    List,
    /// Its authority, by an answer about this certificate.
    #[n(2)]
    Ocsp,
    /// The members of the network, by this change.
    #[n(3)]
    Members(#[n(0)] ChangeId),
}

impl RevocationSource {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Holder => "holder",
            Self::List => "list",
            Self::Ocsp => "ocsp",
            Self::Members(_) => "members",
        }
    }
}

/// The revocation of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Revocation {
    /// From this instant on nothing that its keys sign counts. It may lie ahead.
    #[n(0)]
    pub date: BlockTime,
    /// Why.
    #[n(1)]
    pub reason: RevocationReason,
    /// Who says so.
    #[n(2)]
    pub source: RevocationSource,
    /// Of when the statement is, by the date that whoever made it has written on it (thisUpdate).
    #[n(3)]
    pub as_of: BlockTime,
    /// When the ledger recorded it.
    #[n(4)]
    pub recorded_at: BlockTime,
}

impl Revocation {
    /// Whether it may be lifted again.
    pub fn is_hold(&self) -> bool {
        self.reason == RevocationReason::CertificateHold
    }
}

/// A certificate on the newest revocation list of its issuer, whether it is enrolled or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ListedRevocation {
    /// From when on it is revoked.
    #[n(0)]
    pub date: BlockTime,
    /// Why.
    #[n(1)]
    pub reason: RevocationReason,
}

/// A certificate that an organisation has enrolled with.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Certificate {
    /// Its name.
    #[n(0)]
    pub id: CertificateId,
    /// The entry of the trust list under which it was judged.
    #[n(1)]
    pub authority: AuthorityId,
    /// Who issued it.
    #[n(2)]
    pub issuer: IssuerId,
    /// Its serial number, unique with its issuer.
    #[n(3)]
    pub serial: SerialNumber,
    /// Whose it is.
    #[n(4)]
    pub organisation: CreditCode,
    /// Algorithm of its key.
    #[n(5)]
    pub algorithm: KeyAlgorithm,
    /// Its key.
    #[n(6)]
    pub key: CertificateKeyId,
    /// It is valid from this instant on.
    #[n(7)]
    pub not_before: BlockTime,
    /// It is valid until this instant, inclusive: its own last, or that of an intermediate above it which ends earlier.
    #[n(8)]
    pub not_after: BlockTime,
    /// When it was first enrolled with.
    #[n(9)]
    pub enrolled_at: BlockTime,
    /// Its revocation for good, which nothing takes back; from the earliest instant that anybody named who may.
    #[n(10)]
    pub revocation: Option<Revocation>,
    /// Of when the newest answer is that its authority gave about it, if one is on the ledger.
    #[n(11)]
    pub checked_at: Option<BlockTime>,
    /// The intermediates between it and the root, from its issuer upwards: it falls with any of them.
    #[cbor(n(12), skip_if = "Vec::is_empty")]
    pub path: Vec<PathStep>,
    /// Its hold, which only its authority puts and lifts. It stands beside a revocation for good that is yet to come.
    #[cbor(n(13), skip_if = "Option::is_none")]
    pub hold: Option<Revocation>,
}

/// A certificate as revocation lists name it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PathStep {
    /// Who issued it.
    #[n(0)]
    pub issuer: IssuerId,
    /// Its serial number.
    #[n(1)]
    pub serial: SerialNumber,
}

impl Certificate {
    /// Whether it is revoked for good at `time`: then a hold says nothing more.
    pub fn is_over(&self, time: BlockTime) -> bool {
        self.revocation.is_some_and(|revocation| revocation.date <= time)
    }

    /// Whether it is revoked or on hold at `time`.
    pub fn is_revoked(&self, time: BlockTime) -> bool {
        self.is_over(time) || self.hold.is_some_and(|hold| hold.date <= time)
    }

    /// What stands against it, to be shown: what counts at `time` before what is yet to come, and of these a revocation
    /// for good before a hold.
    pub fn against(&self, time: BlockTime) -> Option<Revocation> {
        self.hold.filter(|hold| hold.date <= time && !self.is_over(time)).or(self.revocation).or(self.hold)
    }
}

/// Whose a certificate's key is: the first organisation that enrolled with it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CertificateKeyHolder {
    /// The organisation.
    #[n(0)]
    pub organisation: CreditCode,
    /// The newest of its certificates with this key.
    #[n(1)]
    pub certificate: CertificateId,
}

/// What keys of a certificate have signed in a listing: where a revocation that dates back must look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Involvement {
    /// Number of the first quote.
    #[n(0)]
    pub first_quote: Option<u32>,
    /// When something else was signed last.
    #[n(1)]
    pub other_act: Option<BlockTime>,
}

/// A key that two organisations hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum AnyKey {
    /// A ledger key.
    #[n(0)]
    Ledger(#[n(0)] PublicKey),
    /// A certificate's key.
    #[n(1)]
    Certificate(#[n(0)] CertificateKeyId),
}

/// A sign of collusion: an organisation wanted to enrol with a key that another one holds.
///
/// It accuses nobody by itself: one hand that signs for two bidders is what a supervisor must know of.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SharedKey {
    /// Its name.
    #[n(0)]
    pub id: SharedKeyId,
    /// The key.
    #[n(1)]
    pub key: AnyKey,
    /// Who holds it on the ledger.
    #[n(2)]
    pub holder: CreditCode,
    /// Who wanted to enrol with it.
    #[n(3)]
    pub applicant: CreditCode,
    /// With which certificate.
    #[n(4)]
    pub certificate: CertificateId,
    /// Who reported it.
    #[n(5)]
    pub reported_by: CreditCode,
    /// When.
    #[n(6)]
    pub reported_at: BlockTime,
}

impl SharedKey {
    /// The name of a key shared by two organisations.
    pub fn id_of(key: &AnyKey, holder: &CreditCode, applicant: &CreditCode) -> SharedKeyId {
        SharedKeyId::from_bytes(tagged("zhulian/shared-key/1", &[&codec::encode(&(key, holder, applicant))]))
    }
}
