//! The trust list, enrolled certificates, keys of organisations and shared keys as clients read them.

use ledger::crypto::PublicKey;
use ledger::id::IssuerId;
use ledger::record::authority as a;
use ledger::record::certificate as c;
use ledger::record::organisation as o;
use ledger::time::BlockTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::names::mirror;
use super::{AuthorityTerms, FormerName, KeyAlgorithm, Mandate, RevocationReason};

mirror! {
    /// Whether certificates of an authority count.
    AuthorityStatus of a::AuthorityStatus {
        /// They do.
        Trusted,
        /// They do not for now.
        Suspended,
        /// They do no longer.
        Removed,
    }
}

mirror! {
    /// How old revocation data is.
    DataAge of a::Age {
        /// Fresh enough for everything.
        Fresh,
        /// Too old to enrol by.
        Grace,
        /// Too old, or none at all.
        Stale,
    }
}

/// The newest revocation list of an issuer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuerList {
    /// SHA-256 of the issuer's public key, in hexadecimal.
    pub issuer: String,
    /// Its number, in hexadecimal.
    pub number: String,
    /// When the authority issued it (RFC 3339).
    pub this_update: String,
    /// When the authority will issue the next one at the latest (RFC 3339).
    pub next_update: String,
    /// Certificates on it.
    pub entries: u32,
    /// The centre that recorded it.
    pub recorded_by: String,
    /// When (RFC 3339).
    pub recorded_at: String,
    /// How old it is by the authority's terms, at the last block's time.
    pub age: DataAge,
}

impl IssuerList {
    pub(crate) fn new(issuer: &IssuerId, list: &a::RevocationList, age: a::Age) -> Self {
        Self {
            issuer: issuer.to_string(),
            number: hex::encode(list.number.as_slice()),
            this_update: list.this_update.to_string(),
            next_update: list.next_update.to_string(),
            entries: list.entries,
            recorded_by: list.recorded_by.to_string(),
            recorded_at: list.recorded_at.to_string(),
            age: age.into(),
        }
    }
}

/// An entry of the trust list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Authority {
    /// SHA-256 of its root, in hexadecimal.
    pub id: String,
    /// What was agreed on last.
    pub terms: AuthorityTerms,
    /// When it was first trusted (RFC 3339).
    pub first_trusted_at: String,
    /// Whether its certificates count.
    pub status: AuthorityStatus,
    /// Since when (RFC 3339).
    pub since: String,
    /// The change that said so; its approvals tell by whose votes.
    pub change: String,
    /// The newest revocation list of each of its issuers. Certificates of an issuer that is not here are judged by
    /// the answers about them alone.
    pub revocation_lists: Vec<IssuerList>,
}

impl Authority {
    pub(crate) fn new(entry: a::CertificationAuthority, revocation_lists: Vec<IssuerList>) -> Self {
        Self {
            id: entry.id.to_string(),
            terms: entry.terms.into(),
            first_trusted_at: entry.first_trusted_at.to_string(),
            status: entry.status.into(),
            since: entry.since.to_string(),
            change: entry.change.to_string(),
            revocation_lists,
        }
    }
}

/// Whether keys of a certificate can act, at the last block's time. The first that applies, from above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CertificateStatus {
    /// They cannot: it is revoked.
    Revoked,
    /// They cannot for now: it is on hold.
    OnHold,
    /// They cannot: an intermediate above it is revoked.
    IssuerRevoked,
    /// They cannot yet.
    NotYetValid,
    /// They cannot any more.
    Expired,
    /// They cannot: its authority is suspended or removed.
    AuthorityNotTrusted,
    /// Its authority's revocation data is too old: they cannot, or their acts are flagged, as the terms say.
    RevocationDataStale,
    /// They can.
    Valid,
}

/// The revocation of a certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateRevocation {
    /// From when on nothing that its keys sign counts (RFC 3339).
    pub date: String,
    /// Why.
    pub reason: RevocationReason,
    /// Who says so: `holder`, `list`, `ocsp` or `members`.
    pub source: String,
    /// The members' change, if they said so.
    pub change: Option<String>,
    /// When the ledger recorded it (RFC 3339).
    pub recorded_at: String,
}

impl From<c::Revocation> for CertificateRevocation {
    fn from(revocation: c::Revocation) -> Self {
        let change = match revocation.source {
            c::RevocationSource::Members(change) => Some(change.to_string()),
            _ => None,
        };
        Self {
            date: revocation.date.to_string(),
            reason: revocation.reason.into(),
            source: revocation.source.name().to_owned(),
            change,
            recorded_at: revocation.recorded_at.to_string(),
        }
    }
}

/// A certificate that an organisation has enrolled with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolledCertificate {
    /// SHA-256 of the certificate, in hexadecimal.
    pub fingerprint: String,
    /// Credit code of its organisation.
    pub organisation: String,
    /// The entry of the trust list.
    pub authority: String,
    /// SHA-256 of its issuer's public key, in hexadecimal.
    pub issuer: String,
    /// Its serial number, in hexadecimal.
    pub serial: String,
    /// Algorithm of its key.
    pub algorithm: KeyAlgorithm,
    /// SHA-256 of its public key, in hexadecimal.
    pub key: String,
    /// It is valid from then on (RFC 3339).
    pub not_before: String,
    /// It is valid until then (RFC 3339).
    pub not_after: String,
    /// When it was first enrolled with (RFC 3339).
    pub enrolled_at: String,
    /// Of when the authority's newest answer about it is (RFC 3339), if the ledger has one.
    pub checked_at: Option<String>,
    /// Whether its keys can act.
    pub status: CertificateStatus,
    /// How old the data is that would say if it were revoked.
    pub revocation_data: DataAge,
    /// Its revocation, if it is revoked or on hold.
    pub revocation: Option<CertificateRevocation>,
    /// Name of its organisation.
    #[serde(default)]
    pub organisation_name: String,
    /// Names that its organisation had before.
    #[serde(default)]
    pub former_names: Vec<FormerName>,
    /// Reports that another organisation wanted to enrol with its key, by id: see `/v1/shared-keys`.
    #[serde(default)]
    pub reported_shared: Vec<String>,
}

impl EnrolledCertificate {
    pub(crate) fn new(
        certificate: c::Certificate,
        status: CertificateStatus,
        age: a::Age,
        against: Option<c::Revocation>,
        organisation: Option<o::Organisation>,
        reported_shared: Vec<String>,
    ) -> Self {
        let (organisation_name, former_names) = organisation
            .map(|known| {
                (known.name.to_string(), known.former_names.into_iter().map(FormerName::from).collect())
            })
            .unwrap_or_default();
        Self {
            fingerprint: certificate.id.to_string(),
            organisation: certificate.organisation.to_string(),
            authority: certificate.authority.to_string(),
            issuer: certificate.issuer.to_string(),
            serial: hex::encode(certificate.serial.as_slice()),
            algorithm: certificate.algorithm.into(),
            key: certificate.key.to_string(),
            not_before: certificate.not_before.to_string(),
            not_after: certificate.not_after.to_string(),
            enrolled_at: certificate.enrolled_at.to_string(),
            checked_at: certificate.checked_at.map(|at| at.to_string()),
            status,
            revocation_data: age.into(),
            revocation: against.map(CertificateRevocation::from),
            organisation_name,
            former_names,
            reported_shared,
        }
    }
}

/// Whether a key's own mandate lets it act. Its certificate and the authority behind that have a standing of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    /// It does not: the key is struck out and cannot come back.
    Revoked,
    /// It does not any more.
    Expired,
    /// It lets it read only.
    ReadOnly,
    /// It does.
    Active,
}

/// A key of an organisation, and how far it may go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OrganisationKey {
    /// The key, in hexadecimal.
    pub key: String,
    /// Credit code of the organisation that it speaks for.
    pub organisation: String,
    /// Whether its mandate lets it act, at the last block's time.
    pub status: KeyStatus,
    /// What it may do; everything that the organisation may if null.
    pub mandate: Option<Mandate>,
    /// The certificate that it comes from; null for a key that a centre or genesis registered.
    pub certificate: Option<String>,
    /// The member of staff who holds it; null for a principal key.
    pub staff: Option<StaffMember>,
    /// When it was taken out of use (RFC 3339), if it was.
    pub revoked_at: Option<String>,
    /// Reports that another organisation wanted to enrol with it, by id: see `/v1/shared-keys`.
    pub reported_shared: Vec<String>,
}

/// A member of staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StaffMember {
    /// The person, by a salted SHA-256, in hexadecimal.
    pub person: String,
    /// The principal key that appointed the person.
    pub appointed_by: String,
    /// When (RFC 3339).
    pub appointed_at: String,
}

impl OrganisationKey {
    pub(crate) fn new(
        key: &PublicKey,
        holder: o::KeyHolder,
        time: BlockTime,
        reported_shared: Vec<String>,
    ) -> Self {
        let staff = |staff: o::Staff| StaffMember {
            person: staff.person.to_string(),
            appointed_by: staff.appointed_by.to_string(),
            appointed_at: staff.appointed_at.to_string(),
        };
        let status = match (&holder.revoked, &holder.mandate) {
            (Some(_), _) => KeyStatus::Revoked,
            (None, Some(mandate)) if mandate.expires <= time => KeyStatus::Expired,
            (None, Some(mandate)) if mandate.read_only => KeyStatus::ReadOnly,
            (None, _) => KeyStatus::Active,
        };
        Self {
            key: key.to_string(),
            organisation: holder.organisation.to_string(),
            status,
            mandate: holder.mandate.map(Mandate::from),
            certificate: holder.certificate.map(|id| id.to_string()),
            staff: holder.staff.map(staff),
            revoked_at: holder.revoked.map(|at| at.to_string()),
            reported_shared,
        }
    }
}

/// A sign of collusion: an organisation wanted to enrol with a key that another one holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SharedKey {
    /// Its name, in hexadecimal.
    pub id: String,
    /// What is shared: `ledger_key` or `certificate_key`.
    pub kind: String,
    /// The ledger key, or SHA-256 of the certificate's key, in hexadecimal.
    pub key: String,
    /// Who holds it on the ledger.
    pub holder: String,
    /// Who wanted to enrol with it.
    pub applicant: String,
    /// With which certificate.
    pub certificate: String,
    /// Who reported it.
    pub reported_by: String,
    /// When (RFC 3339).
    pub reported_at: String,
}

impl From<c::SharedKey> for SharedKey {
    fn from(shared: c::SharedKey) -> Self {
        let (kind, key) = match shared.key {
            c::AnyKey::Ledger(key) => ("ledger_key", key.to_string()),
            c::AnyKey::Certificate(key) => ("certificate_key", key.to_string()),
        };
        Self {
            id: shared.id.to_string(),
            kind: kind.to_owned(),
            key,
            holder: shared.holder.to_string(),
            applicant: shared.applicant.to_string(),
            certificate: shared.certificate.to_string(),
            reported_by: shared.reported_by.to_string(),
            reported_at: shared.reported_at.to_string(),
        }
    }
}
