//! The trust list: certification authorities, and what they say about certificates.

use minicbor::{Decode, Encode};

use crate::codec::{Bytes, Title, ascending};
use crate::id::{AuthorityId, ChangeId, CreditCode, Oid, SourceUrl};
use crate::time::{BlockTime, DAY_MS, Span};

/// A certificate (X.509, DER) as it travels: at most 8 KiB.
pub type CertificateDer = Bytes<8_192>;
/// Number of a certificate or of a revocation list: big-endian without leading zeros, at most 20 bytes (RFC 5280,
/// sections 4.1.2.2 and 5.2.3).
pub type SerialNumber = Bytes<20>;

/// Most intermediate certificates of an entry.
pub const MAX_INTERMEDIATES: usize = 8;
/// Most addresses of revocation data of an entry.
pub const MAX_SOURCES: usize = 8;
/// Most certification authorities on the trust list, removed ones included.
pub const MAX_AUTHORITIES: u32 = 256;

/// Algorithm of a certificate's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum KeyAlgorithm {
    /// Ed25519 (RFC 8032).
    #[n(0)]
    Ed25519,
    /// ECDSA on P-256 with SHA-256.
    #[n(1)]
    EcdsaP256,
    /// ECDSA on P-384 with SHA-384.
    #[n(2)]
    EcdsaP384,
    /// RSA of 2,048 to 4,096 bits with SHA-256.
    #[n(3)]
    Rsa,
    /// SM2 with SM3 (GB/T 32918).
    #[n(4)]
    Sm2,
}

impl KeyAlgorithm {
    /// All algorithms.
    pub const ALL: [Self; 5] = [Self::Ed25519, Self::EcdsaP256, Self::EcdsaP384, Self::Rsa, Self::Sm2];

    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::EcdsaP256 => "ecdsa_p256",
            Self::EcdsaP384 => "ecdsa_p384",
            Self::Rsa => "rsa",
            Self::Sm2 => "sm2",
        }
    }

    /// The algorithm of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// Where an authority writes the unified social credit code of a certificate's holder.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum CodeSource {
    /// In an attribute of the subject, for example 2.5.4.97 (organizationIdentifier).
    #[n(0)]
    SubjectAttribute(#[n(0)] Oid),
    /// In an extension.
    #[n(1)]
    Extension(#[n(0)] Oid),
}

/// What happens to acts of keys from an authority's certificates once its revocation data is too old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum WhenStale {
    /// They are refused.
    #[n(0)]
    Refuse,
    /// They are recorded, each with an event that says so.
    #[n(1)]
    Flag,
}

impl WhenStale {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Flag => "flag",
        }
    }
}

/// How old revocation data may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Freshness {
    /// Up to this age everything goes its way. The age is that of the newest revocation list of the certificate's
    /// issuer, or of the newest answer about the certificate itself, by the day that the authority wrote on it.
    #[n(0)]
    pub max_age: Span,
    /// For so long after that acts are recorded, but nobody enrols.
    #[n(1)]
    pub grace: Span,
    /// What happens then.
    #[n(2)]
    pub when_stale: WhenStale,
}

impl Freshness {
    /// The shortest and the longest that an age or a grace may be: an hour and 400 days.
    pub const RANGE: (Span, Span) = (Span::from_millis(3_600_000), Span::from_millis(400 * DAY_MS));

    /// How data of this age is judged.
    pub fn judge(&self, age: Option<Span>) -> Age {
        let Some(age) = age else { return Age::Stale };
        let limit = self.max_age.as_millis();
        if age.as_millis() <= limit {
            Age::Fresh
        } else if age.as_millis() <= limit.saturating_add(self.grace.as_millis()) {
            Age::Grace
        } else {
            Age::Stale
        }
    }

    fn is_well_formed(&self) -> bool {
        let (least, most) = Self::RANGE;
        (least..=most).contains(&self.max_age) && (least..=most).contains(&self.grace)
    }
}

impl Default for Freshness {
    /// Two days, five days of grace, then acts are refused: lists are issued once a day, and a week without one is
    /// longer than the longest run of holidays on which an authority is not served.
    fn default() -> Self {
        Self {
            max_age: Span::from_millis(2 * DAY_MS),
            grace: Span::from_millis(5 * DAY_MS),
            when_stale: WhenStale::Refuse,
        }
    }
}

/// How old revocation data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Age {
    /// Fresh enough for everything.
    Fresh,
    /// Too old to enrol by.
    Grace,
    /// Too old, or none at all.
    Stale,
}

impl Age {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Grace => "grace",
            Self::Stale => "stale",
        }
    }
}

/// What the members agree on about an authority.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AuthorityTerms {
    /// Its name.
    #[n(0)]
    pub name: Title,
    /// Its root certificate, self-signed.
    #[n(1)]
    pub root: CertificateDer,
    /// Intermediate certificates that need not be shown at every enrolment; at most [`MAX_INTERMEDIATES`].
    #[cbor(n(2), skip_if = "Vec::is_empty")]
    pub intermediates: Vec<CertificateDer>,
    /// Algorithms that its subscribers' keys may have, ascending, at least one.
    #[n(3)]
    pub algorithms: Vec<KeyAlgorithm>,
    /// Where it writes the credit code.
    #[n(4)]
    pub code_source: CodeSource,
    /// The certificate policy that a subscriber's certificate must assert, if one must.
    #[n(5)]
    pub policy: Option<Oid>,
    /// Where its revocation lists and answers can be fetched; at most [`MAX_SOURCES`]. The ledger fetches nothing.
    #[cbor(n(6), skip_if = "Vec::is_empty")]
    pub sources: Vec<SourceUrl>,
    /// How old its revocation data may be.
    #[n(7)]
    pub freshness: Freshness,
}

impl AuthorityTerms {
    /// Name of the authority.
    pub fn id(&self) -> AuthorityId {
        AuthorityId::from_bytes(crate::hash::sha256(self.root.as_slice()))
    }

    /// Whether lists are in order and short enough, and spans in range. The certificates are judged apart.
    pub fn is_well_formed(&self) -> bool {
        self.intermediates.len() <= MAX_INTERMEDIATES
            && self.sources.len() <= MAX_SOURCES
            && !self.algorithms.is_empty()
            && ascending(&self.algorithms)
            && self.freshness.is_well_formed()
    }
}

/// Whether certificates of an authority count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AuthorityStatus {
    /// They do.
    #[n(0)]
    Trusted,
    /// They do not for now.
    #[n(1)]
    Suspended,
    /// They do no longer.
    #[n(2)]
    Removed,
}

impl AuthorityStatus {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Suspended => "suspended",
            Self::Removed => "removed",
        }
    }
}

/// An entry of the trust list.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CertificationAuthority {
    /// Its name.
    #[n(0)]
    pub id: AuthorityId,
    /// What was agreed on last.
    #[n(1)]
    pub terms: AuthorityTerms,
    /// When it was first trusted.
    #[n(2)]
    pub first_trusted_at: BlockTime,
    /// Whether its certificates count.
    #[n(3)]
    pub status: AuthorityStatus,
    /// Since when.
    #[n(4)]
    pub since: BlockTime,
    /// The change that said so: its approvals tell by whose votes.
    #[n(5)]
    pub change: ChangeId,
}

/// As much of an entry as every act of a key from a certificate asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AuthorityStanding {
    /// Whether its certificates count.
    #[n(0)]
    pub status: AuthorityStatus,
    /// How old its revocation data may be.
    #[n(1)]
    pub freshness: Freshness,
}

/// The newest revocation list of an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RevocationList {
    /// Its number; the next list has a greater one.
    #[n(0)]
    pub number: SerialNumber,
    /// When the authority issued it.
    #[n(1)]
    pub this_update: BlockTime,
    /// When the authority will issue the next one at the latest.
    #[n(2)]
    pub next_update: BlockTime,
    /// Certificates on it.
    #[n(3)]
    pub entries: u32,
    /// The centre that recorded it.
    #[n(4)]
    pub recorded_by: CreditCode,
    /// When.
    #[n(5)]
    pub recorded_at: BlockTime,
}
