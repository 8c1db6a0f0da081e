//! A certificate read, and what can be said of it alone.

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, UintRef};
use der::{Decode, Encode, Header, Reader, SliceReader};
use sha2::{Digest, Sha256};
use x509_cert::certificate::{Certificate as Parsed, Version};
use x509_cert::ext::pkix::constraints::BasicConstraints;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage};
use x509_cert::name::Name;

use crate::{Algorithm, Document, Fault, MAX_CERTIFICATE_BYTES, Place, signature};

/// What the extensions mean that may be critical: those that webpki or this crate judges.
const UNDERSTOOD: [ObjectIdentifier; 6] = [
    ObjectIdentifier::new_unwrap("2.5.29.15"), // keyUsage
    ObjectIdentifier::new_unwrap("2.5.29.17"), // subjectAltName
    ObjectIdentifier::new_unwrap("2.5.29.19"), // basicConstraints
    ObjectIdentifier::new_unwrap("2.5.29.30"), // nameConstraints
    ObjectIdentifier::new_unwrap("2.5.29.31"), // cRLDistributionPoints
    ObjectIdentifier::new_unwrap("2.5.29.37"), // extKeyUsage
];

/// Signatures over MD2, MD4, MD5 and SHA-1 (RFC 8017, RFC 5758).
const WEAK: [ObjectIdentifier; 7] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.2"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.3"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.4"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.5"),
    ObjectIdentifier::new_unwrap("1.2.840.10045.4.1"),
    ObjectIdentifier::new_unwrap("1.2.840.10040.4.3"),
    ObjectIdentifier::new_unwrap("1.3.14.3.2.29"),
];

/// RSASSA-PSS, whose digest stands in its parameters.
const PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

/// The shortest and the longest RSA modulus, in bits.
const RSA_BITS: core::ops::RangeInclusive<u32> = 2048..=4096;

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The body of a DER value, without its header.
fn body(der: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(der).ok()?;
    Header::decode(&mut reader).ok()?;
    let length = reader.remaining_len();
    reader.read_slice(length).ok()
}

/// An algorithm identifier as the table of signatures has it: DER without the outer header.
pub(crate) fn identifier(algorithm: &impl Encode) -> Vec<u8> {
    let der = algorithm.to_der().unwrap_or_default();
    body(&der).unwrap_or_default().to_vec()
}

/// Judges the kind of a signature.
pub(crate) fn judge_signature_kind(
    oid: ObjectIdentifier,
    identifier: &[u8],
    place: Option<Place>,
) -> Result<(), Fault> {
    if WEAK.contains(&oid) || (oid == PSS && is_pss_over_sha1(identifier)) {
        return Err(Fault::WeakDigest { place });
    }
    if signature::is_accepted(identifier) { Ok(()) } else { Err(Fault::AlgorithmUnknown) }
}

/// RSASSA-PSS is over SHA-1 where its parameters name no digest, which would stand first, as [0] (RFC 4055, section 3.1).
fn is_pss_over_sha1(identifier: &[u8]) -> bool {
    let parameters = || {
        let mut reader = SliceReader::new(identifier).ok()?;
        AnyRef::decode(&mut reader).ok()?;
        AnyRef::decode(&mut reader).ok().map(AnyRef::value)
    };
    const SHA1: &[u8] = &[0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a];
    parameters().is_none_or(|value| match value {
        // [0] EXPLICIT AlgorithmIdentifier: two headers, then the digest's identifier.
        [0xa0, _, 0x30, _, digest @ ..] => digest.starts_with(SHA1),
        _ => true,
    })
}

/// A public key.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// SubjectPublicKeyInfo, DER.
    pub(crate) der: Vec<u8>,
    /// Its algorithm identifier, without the outer header.
    pub(crate) identifier: Vec<u8>,
    /// The key itself: what stands in the bit string.
    pub(crate) bits: Vec<u8>,
}

#[derive(der::Sequence)]
struct SpkiRef<'a> {
    algorithm: AnyRef<'a>,
    subject_public_key: BitStringRef<'a>,
}

#[derive(der::Sequence)]
struct RsaKeyRef<'a> {
    modulus: UintRef<'a>,
    public_exponent: UintRef<'a>,
}

impl Key {
    pub(crate) fn read(der: &[u8]) -> Result<Self, Fault> {
        let malformed = || Fault::Malformed { what: Document::Certificate };
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(Fault::TooLong { what: Document::Certificate, limit: MAX_CERTIFICATE_BYTES });
        }
        let spki = SpkiRef::from_der(der).map_err(|_| malformed())?;
        let bits = spki.subject_public_key.as_bytes().ok_or_else(malformed)?.to_vec();
        Ok(Self { der: der.to_vec(), identifier: spki.algorithm.value().to_vec(), bits })
    }

    /// The kind of the key, when it is one that is accepted.
    pub(crate) fn judge(&self, place: Place) -> Result<Algorithm, Fault> {
        let algorithm = signature::key_algorithm(&self.identifier).ok_or(Fault::AlgorithmUnknown)?;
        if algorithm == Algorithm::Rsa {
            let key = RsaKeyRef::from_der(&self.bits)
                .map_err(|_| Fault::Malformed { what: Document::Certificate })?;
            let bits = bit_length(key.modulus.as_bytes());
            if bits < *RSA_BITS.start() {
                return Err(Fault::ShortKey { place, bits });
            }
            if bits > *RSA_BITS.end() {
                return Err(Fault::LongKey { place, bits });
            }
        }
        Ok(algorithm)
    }

    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    pub(crate) fn verifies(&self, identifier: &[u8], message: &[u8], signature: &[u8]) -> bool {
        signature::verifies(&self.identifier, &self.bits, identifier, message, signature)
    }
}

fn bit_length(unsigned: &[u8]) -> u32 {
    let whole = u32::try_from(unsigned.len()).unwrap_or(u32::MAX).saturating_mul(8);
    whole.saturating_sub(unsigned.first().map_or(0, |first| first.leading_zeros()))
}

/// A certificate with the bytes it was read from.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) parsed: Parsed,
    pub(crate) key: Key,
    pub(crate) place: Place,
}

impl Certificate {
    /// Reads one from untrusted bytes.
    pub(crate) fn read(der: &[u8], place: Place) -> Result<Self, Fault> {
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(Fault::TooLong { what: Document::Certificate, limit: MAX_CERTIFICATE_BYTES });
        }
        let malformed = |_| Fault::Malformed { what: Document::Certificate };
        let parsed = Parsed::from_der(der).map_err(malformed)?;
        let spki = parsed.tbs_certificate().subject_public_key_info().to_der().map_err(malformed)?;
        Ok(Self { der: der.to_vec(), key: Key::read(&spki)?, parsed, place })
    }

    /// Judges what needs no other certificate: version, kinds of signature and key, critical extensions.
    pub(crate) fn judge_form(&self) -> Result<Algorithm, Fault> {
        let tbs = self.parsed.tbs_certificate();
        if tbs.version() != Version::V3 {
            return Err(Fault::Version);
        }
        if tbs.signature() != self.parsed.signature_algorithm() {
            return Err(Fault::Malformed { what: Document::Certificate });
        }
        let kind = self.parsed.signature_algorithm();
        judge_signature_kind(kind.oid, &identifier(kind), Some(self.place))?;
        let algorithm = self.key.judge(self.place)?;
        for extension in tbs.extensions().into_iter().flatten() {
            if extension.critical && !UNDERSTOOD.contains(&extension.extn_id) {
                return Err(Fault::CriticalExtension { oid: extension.extn_id.to_string() });
            }
        }
        Ok(algorithm)
    }

    /// Judges that it may issue certificates.
    pub(crate) fn judge_issuer(&self) -> Result<(), Fault> {
        if !self.constraints()?.is_some_and(|constraints| constraints.ca) {
            return Err(Fault::NotACa);
        }
        match self.usage()? {
            Some(usage) if !usage.key_cert_sign() => Err(Fault::KeyUsage),
            // RFC 5280, section 4.2.1.3 asks for the extension; old roots lack it.
            None if self.place != Place::Root => Err(Fault::KeyUsage),
            _ => Ok(()),
        }
    }

    pub(crate) fn judge_validity(&self, at: u64) -> Result<(), Fault> {
        let (not_before, not_after) = self.validity();
        if at < not_before {
            return Err(Fault::NotYetValid { place: self.place, not_before });
        }
        if at > not_after {
            return Err(Fault::Expired { place: self.place, not_after });
        }
        Ok(())
    }

    pub(crate) fn validity(&self) -> (u64, u64) {
        let validity = self.parsed.tbs_certificate().validity();
        (validity.not_before.to_unix_duration().as_secs(), validity.not_after.to_unix_duration().as_secs())
    }

    pub(crate) fn subject(&self) -> &Name {
        self.parsed.tbs_certificate().subject()
    }

    pub(crate) fn issuer(&self) -> &Name {
        self.parsed.tbs_certificate().issuer()
    }

    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        sha256(&self.der)
    }

    pub(crate) fn serial(&self) -> Vec<u8> {
        minimal(self.parsed.tbs_certificate().serial_number().as_bytes())
    }

    /// Whether `issuer` is named as its issuer and its key verifies its signature.
    pub(crate) fn is_issued_by(&self, issuer: &Self) -> bool {
        if self.issuer() != issuer.subject() {
            return false;
        }
        let signed = Signed::read(&self.der);
        signed
            .is_some_and(|signed| issuer.key.verifies(&signed.identifier, &signed.message, &signed.signature))
    }

    pub(crate) fn constraints(&self) -> Result<Option<BasicConstraints>, Fault> {
        self.extension::<BasicConstraints>()
    }

    pub(crate) fn usage(&self) -> Result<Option<KeyUsage>, Fault> {
        self.extension::<KeyUsage>()
    }

    pub(crate) fn purposes(&self) -> Result<Option<ExtendedKeyUsage>, Fault> {
        self.extension::<ExtendedKeyUsage>()
    }

    /// An extension, which stands at most once (RFC 5280, section 4.2).
    pub(crate) fn extension<'a, T>(&'a self) -> Result<Option<T>, Fault>
    where
        T: Decode<'a, Error = der::Error> + der::oid::AssociatedOid,
    {
        let found = self.parsed.tbs_certificate().get_extension::<T>();
        found
            .map(|found| found.map(|(_, value)| value))
            .map_err(|_| Fault::Malformed { what: Document::Certificate })
    }
}

/// A big-endian number without leading zeros.
pub(crate) fn minimal(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}

/// The outer form that certificates, lists and basic responses share: what is signed, how, and the signature.
pub(crate) struct Signed {
    /// What is signed, DER.
    pub(crate) message: Vec<u8>,
    /// The algorithm of the signature.
    pub(crate) oid: ObjectIdentifier,
    /// Its identifier, without the outer header.
    pub(crate) identifier: Vec<u8>,
    /// The signature.
    pub(crate) signature: Vec<u8>,
}

impl Signed {
    /// Reads the first three members of a sequence.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let mut reader = SliceReader::new(body(der)?).ok()?;
        let message = AnyRef::decode(&mut reader).ok()?.to_der().ok()?;
        let algorithm = AnyRef::decode(&mut reader).ok()?;
        let signature = BitStringRef::decode(&mut reader).ok()?.as_bytes()?.to_vec();
        let identifier = algorithm.value().to_vec();
        let oid = ObjectIdentifier::decode(&mut SliceReader::new(&identifier).ok()?).ok()?;
        Some(Self { message, oid, identifier, signature })
    }
}
