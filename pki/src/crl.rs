//! Certificate revocation lists (RFC 5280, section 5).

use der::asn1::{GeneralizedTime, ObjectIdentifier, UintRef};
use der::{Decode, Enumerated};
use x509_cert::certificate::Version;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::ext::Extension;

use crate::authority::Entry;
use crate::certificate::{Certificate, Signed, judge_signature_kind, minimal};
use crate::{
    Authority, CLOCK_SKEW_SECONDS, Document, Fault, MAX_CRL_BYTES, MAX_CRL_ENTRIES, Place, Reason, Revocation,
};

const NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
const INVALIDITY_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.24");
const DELTA: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
const DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
const CERTIFICATE_ISSUER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.29");

/// CRLReason as it stands on the wire; 8 is removeFromCRL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enumerated)]
#[repr(u8)]
pub(crate) enum WireReason {
    Unspecified = 0,
    KeyCompromise = 1,
    CaCompromise = 2,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
    CertificateHold = 6,
    RemoveFromCrl = 8,
    PrivilegeWithdrawn = 9,
    AaCompromise = 10,
}

impl WireReason {
    /// The reason, unless it is that of a delta list.
    pub(crate) fn known(self) -> Option<Reason> {
        Reason::from_number(self as u8)
    }
}

/// A revocation list whose signature was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
    /// SHA-256 of the DER of the certificate that signed it.
    pub issuer_fingerprint: [u8; 32],
    /// SHA-256 of the SubjectPublicKeyInfo of its signer: the list is about certificates with this
    /// [`issuer_key_fingerprint`](crate::Subscriber::issuer_key_fingerprint).
    pub issuer_key_fingerprint: [u8; 32],
    /// Its number (cRLNumber), which only grows: big-endian, without leading zeros, in 20 bytes filled from the left
    /// with zeros, so that two compare as numbers.
    pub number: [u8; 20],
    /// When it was issued, in unix seconds.
    pub this_update: u64,
    /// By when the next one is issued, in unix seconds.
    pub next_update: u64,
    /// What it has, in the order of the serial numbers, each once.
    pub entries: Vec<Revocation>,
}

impl RevocationList {
    /// The entry for a serial number of this issuer.
    pub fn find(&self, serial: &[u8]) -> Option<&Revocation> {
        let at = self.entries.binary_search_by(|entry| entry.serial.as_slice().cmp(serial)).ok()?;
        self.entries.get(at)
    }
}

/// Judges a revocation list at an instant in unix seconds.
///
/// It must be signed by the root or an intermediate of the entry that may sign lists (cRLSign) and is valid then, be
/// complete for its issuer's certificates, carry a number, and not be due for replacement. The clock of its issuer may
/// be ahead by [`CLOCK_SKEW_SECONDS`](crate::CLOCK_SKEW_SECONDS). That the number grows is for the caller to hold.
///
/// # Errors
///
/// In this order: [`Fault::TooLong`], [`Fault::Malformed`], [`Fault::CrlDelta`], [`Fault::CrlUnsupported`],
/// [`Fault::CriticalExtension`]; [`Fault::WeakDigest`], [`Fault::AlgorithmUnknown`]; [`Fault::CrlSigner`],
/// [`Fault::CrlSignature`]; [`Fault::CrlNotYetValid`], [`Fault::CrlStale`].
pub fn judge_crl(authority: &Authority<'_>, der: &[u8], at: u64) -> Result<RevocationList, Fault> {
    let malformed = || Fault::Malformed { what: Document::RevocationList };
    let entry = Entry::read(authority.root, authority.intermediates)?;
    if der.len() > MAX_CRL_BYTES {
        return Err(Fault::TooLong { what: Document::RevocationList, limit: MAX_CRL_BYTES });
    }
    let list: CertificateList = CertificateList::from_der(der).map_err(|_| malformed())?;
    let signed = Signed::read(der).ok_or_else(malformed)?;
    let tbs = &list.tbs_cert_list;
    if tbs.version != Version::V2 || tbs.signature != list.signature_algorithm {
        return Err(malformed());
    }
    let revoked = tbs.revoked_certificates.as_deref().unwrap_or_default();
    if revoked.len() > MAX_CRL_ENTRIES {
        return Err(Fault::TooLong { what: Document::RevocationList, limit: MAX_CRL_ENTRIES });
    }
    let number = judge_scope(tbs.crl_extensions.as_deref().unwrap_or_default())?;
    let next_update = tbs.next_update.ok_or(Fault::CrlUnsupported)?.to_unix_duration().as_secs();
    let entries = read_entries(revoked)?;
    judge_signature_kind(signed.oid, &signed.identifier, None)?;
    let signer = find_signer(&entry, &list, &signed, at)?;
    let this_update = tbs.this_update.to_unix_duration().as_secs();
    if this_update > at.saturating_add(CLOCK_SKEW_SECONDS) {
        return Err(Fault::CrlNotYetValid { this_update });
    }
    if next_update < at {
        return Err(Fault::CrlStale { next_update });
    }
    Ok(RevocationList {
        issuer_fingerprint: signer.fingerprint(),
        issuer_key_fingerprint: signer.key.fingerprint(),
        number,
        this_update,
        next_update,
        entries,
    })
}

/// Judges that a list is complete for all certificates of its issuer, and returns its number.
fn judge_scope(extensions: &[Extension]) -> Result<[u8; 20], Fault> {
    let has = |oid| extensions.iter().any(|extension| extension.extn_id == oid);
    if has(DELTA) {
        return Err(Fault::CrlDelta);
    }
    if has(DISTRIBUTION_POINT) {
        return Err(Fault::CrlUnsupported);
    }
    if let Some(unknown) = extensions.iter().find(|one| one.critical && one.extn_id != NUMBER) {
        return Err(Fault::CriticalExtension { oid: unknown.extn_id.to_string() });
    }
    let number = extensions.iter().find(|one| one.extn_id == NUMBER).ok_or(Fault::CrlUnsupported)?;
    let number = UintRef::from_der(number.extn_value.as_bytes())
        .map_err(|_| Fault::Malformed { what: Document::RevocationList })?;
    let digits = minimal(number.as_bytes());
    let mut filled = [0; 20];
    let at = filled.len().checked_sub(digits.len()).ok_or(Fault::CrlUnsupported)?;
    filled.iter_mut().skip(at).zip(digits).for_each(|(place, digit)| *place = digit);
    Ok(filled)
}

fn read_entries(revoked: &[RevokedCert]) -> Result<Vec<Revocation>, Fault> {
    let mut entries = revoked.iter().map(read_entry).collect::<Result<Vec<_>, _>>()?;
    // Of several entries for one certificate the earliest date counts.
    entries.sort();
    entries.dedup_by(|later, earlier| later.serial == earlier.serial);
    Ok(entries)
}

fn read_entry(revoked: &RevokedCert) -> Result<Revocation, Fault> {
    let malformed = |_| Fault::Malformed { what: Document::RevocationList };
    let (mut reason, mut invalid_since) = (Reason::Unspecified, None);
    for extension in revoked.crl_entry_extensions.iter().flatten() {
        let value = extension.extn_value.as_bytes();
        match extension.extn_id {
            REASON => {
                let stated = WireReason::from_der(value).map_err(malformed)?;
                reason = stated.known().ok_or(Fault::CrlUnsupported)?;
            }
            INVALIDITY_DATE => {
                let date = GeneralizedTime::from_der(value).map_err(malformed)?;
                invalid_since = Some(date.to_unix_duration().as_secs());
            }
            CERTIFICATE_ISSUER => return Err(Fault::CrlUnsupported),
            oid if extension.critical => return Err(Fault::CriticalExtension { oid: oid.to_string() }),
            _ => {}
        }
    }
    Ok(Revocation {
        serial: minimal(revoked.serial_number.as_bytes()),
        date: revoked.revocation_date.to_unix_duration().as_secs(),
        invalid_since,
        reason,
    })
}

/// Who of the entry signed the list: of this name, valid then, and permitted to.
fn find_signer<'a>(
    entry: &'a Entry,
    list: &CertificateList,
    signed: &Signed,
    at: u64,
) -> Result<&'a Certificate, Fault> {
    let mut permitted = false;
    for candidate in entry.all().filter(|one| *one.subject() == list.tbs_cert_list.issuer) {
        candidate.judge_form()?;
        let signs = match candidate.usage()? {
            Some(usage) => usage.crl_sign(),
            None => candidate.place == Place::Root,
        };
        if !signs || candidate.judge_validity(at).is_err() {
            continue;
        }
        permitted = true;
        if candidate.key.verifies(&signed.identifier, &signed.message, &signed.signature) {
            return Ok(candidate);
        }
    }
    Err(if permitted { Fault::CrlSignature } else { Fault::CrlSigner })
}
