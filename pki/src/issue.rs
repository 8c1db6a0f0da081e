//! Certificates, revocation lists and status answers made, for tests and demonstrations.
//!
//! This is no certification authority: keys come from seeds, so that the same test has the same bytes, and nothing
//! guards them. It makes what real ones make, for every kind of key but RSA, and on request also what they must not
//! make, so that refusals can be shown. Signatures are deterministic (RFC 6979, RFC 8032).
//!
//! # Panics
//!
//! On values that cannot be written in DER, such as a date after the year 9999: a mistake of the test.
#![allow(clippy::expect_used, reason = "what is made here comes from the test that runs it")]

use core::time::Duration;

use der::asn1::{Any, BitString, GeneralizedTime, ObjectIdentifier, OctetString, SetOfVec, Uint, UtcTime};
use der::{Decode, Encode, Sequence, Tag};
use p256::pkcs8::{EncodePrivateKey, EncodePublicKey};
use sha2::{Digest, Sha256};
use sm2::dsa::signature::Signer;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::certificate::Version;
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::ext::pkix::constraints::BasicConstraints;
use x509_cert::ext::pkix::{ExtendedKeyUsage, KeyUsage, KeyUsages};
use x509_cert::ext::{Extension, Extensions};
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::{Time, Validity};

use crate::signature::SM2_DEFAULT_ID;
use crate::{Algorithm, OcspStatus, Revocation};

pub use x509_cert::ext::pkix::KeyUsages as Usage;

/// Attribute of a subject: commonName.
pub const COMMON_NAME: &str = "2.5.4.3";
/// Attribute of a subject: organizationName.
pub const ORGANISATION: &str = "2.5.4.10";
/// Attribute of a subject: organizationIdentifier, where most authorities here write the credit code.
pub const ORGANISATION_IDENTIFIER: &str = "2.5.4.97";

/// A private key of a subscriber or an authority.
pub enum SigningKey {
    /// Ed25519.
    Ed25519(Box<ed25519_dalek::SigningKey>),
    /// ECDSA on P-256, with SHA-256.
    EcdsaP256(Box<p256::ecdsa::SigningKey>),
    /// ECDSA on P-384, with SHA-384.
    EcdsaP384(Box<p384::ecdsa::SigningKey>),
    /// SM2 with SM3.
    Sm2(Box<sm2::dsa::SigningKey>),
}

impl SigningKey {
    /// The key that belongs to a seed; `None` for RSA, whose keys are not made here.
    pub fn from_seed(algorithm: Algorithm, seed: &[u8]) -> Option<Self> {
        let digest = |counter: u8| -> [u8; 32] {
            Sha256::new().chain_update([counter]).chain_update(seed).finalize().into()
        };
        // A digest is a scalar of its curve in all but one of 2^32 cases; then the next one is taken.
        let mut digests = (0..=u8::MAX).map(digest);
        Some(match algorithm {
            Algorithm::Ed25519 => Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&digest(0)))),
            Algorithm::EcdsaP256 => {
                let found = digests.find_map(|bytes| p256::ecdsa::SigningKey::from_slice(&bytes).ok());
                Self::EcdsaP256(Box::new(found?))
            }
            Algorithm::EcdsaP384 => {
                let half =
                    |bytes: [u8; 32]| -> Vec<u8> { Sha256::digest(bytes).into_iter().take(16).collect() };
                let wide = |bytes: [u8; 32]| [bytes.to_vec(), half(bytes)].concat();
                let found = digests.find_map(|bytes| p384::ecdsa::SigningKey::from_slice(&wide(bytes)).ok());
                Self::EcdsaP384(Box::new(found?))
            }
            Algorithm::Sm2 => {
                let found =
                    digests.find_map(|bytes| sm2::dsa::SigningKey::from_slice(SM2_DEFAULT_ID, &bytes).ok());
                Self::Sm2(Box::new(found?))
            }
            Algorithm::Rsa => return None,
        })
    }

    /// The Ed25519 key with this secret.
    pub fn ed25519(secret: &[u8; 32]) -> Self {
        Self::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(secret)))
    }

    /// The kind of the key.
    pub const fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::EcdsaP256(_) => Algorithm::EcdsaP256,
            Self::EcdsaP384(_) => Algorithm::EcdsaP384,
            Self::Sm2(_) => Algorithm::Sm2,
        }
    }

    /// Its SubjectPublicKeyInfo, DER.
    pub fn spki(&self) -> Vec<u8> {
        let document = match self {
            // RFC 8410, section 4: the key follows a header that never changes.
            Self::Ed25519(key) => {
                let header = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
                return [header.as_slice(), key.verifying_key().as_bytes()].concat();
            }
            Self::EcdsaP256(key) => key.verifying_key().to_public_key_der(),
            Self::EcdsaP384(key) => key.verifying_key().to_public_key_der(),
            Self::Sm2(key) => key.verifying_key().to_public_key_der(),
        };
        document.expect("a public key can be written").into_vec()
    }

    /// The private key as PKCS#8 (RFC 5958), DER.
    pub fn pkcs8(&self) -> Vec<u8> {
        let document = match self {
            Self::Ed25519(key) => {
                let header = [
                    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
                    0x20,
                ];
                return [header.as_slice(), key.as_bytes()].concat();
            }
            Self::EcdsaP256(key) => key.to_pkcs8_der(),
            Self::EcdsaP384(key) => key.to_pkcs8_der(),
            Self::Sm2(key) => sm2::SecretKey::from(*key.as_nonzero_scalar()).to_pkcs8_der(),
        };
        document.expect("a private key can be written").as_bytes().to_vec()
    }

    /// Signs as [`verify_statement`](crate::verify_statement) and certificates expect it.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
            Self::EcdsaP256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Self::EcdsaP384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Self::Sm2(key) => key.sign(message).to_der().as_bytes().to_vec(),
        }
    }

    fn signature_algorithm(&self) -> AlgorithmIdentifierOwned {
        let oid = match self {
            Self::Ed25519(_) => "1.3.101.112",
            Self::EcdsaP256(_) => "1.2.840.10045.4.3.2",
            Self::EcdsaP384(_) => "1.2.840.10045.4.3.3",
            Self::Sm2(_) => "1.2.156.10197.1.501",
        };
        AlgorithmIdentifierOwned { oid: oid_of(oid), parameters: None }
    }
}

/// What a certificate is to say.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its serial number, above zero.
    pub serial: u64,
    /// The subject's attributes as object identifiers and texts, in their order.
    pub subject: Vec<(String, String)>,
    /// The holder's SubjectPublicKeyInfo, DER.
    pub spki: Vec<u8>,
    /// The first instant of validity, in unix seconds.
    pub not_before: u64,
    /// The last instant of validity, in unix seconds.
    pub not_after: u64,
    /// basicConstraints: absent, or `ca` with the longest path below it.
    pub authority: Option<Option<u8>>,
    /// keyUsage; empty leaves the extension out.
    pub usage: Vec<KeyUsages>,
    /// extKeyUsage as object identifiers; empty leaves the extension out.
    pub purposes: Vec<String>,
    /// Further extensions: object identifier, whether critical, DER of the value.
    pub extensions: Vec<(String, bool, Vec<u8>)>,
}

impl Request {
    /// A certificate of an enterprise as authorities issue them, with the credit code in organizationIdentifier.
    pub fn enterprise(
        serial: u64,
        name: &str,
        credit_code: &str,
        key: &SigningKey,
        validity: (u64, u64),
    ) -> Self {
        let attribute = |oid: &str, text: &str| (oid.to_owned(), text.to_owned());
        Self {
            serial,
            subject: vec![
                attribute(ORGANISATION, name),
                attribute(ORGANISATION_IDENTIFIER, credit_code),
                attribute(COMMON_NAME, name),
            ],
            spki: key.spki(),
            not_before: validity.0,
            not_after: validity.1,
            authority: None,
            usage: vec![KeyUsages::DigitalSignature, KeyUsages::NonRepudiation],
            purposes: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// A certificate of an authority, with the longest path below it.
    pub fn authority(
        serial: u64,
        name: &str,
        key: &SigningKey,
        validity: (u64, u64),
        path_length: Option<u8>,
    ) -> Self {
        let subject =
            vec![(ORGANISATION.to_owned(), name.to_owned()), (COMMON_NAME.to_owned(), name.to_owned())];
        Self {
            subject,
            authority: Some(path_length),
            usage: vec![KeyUsages::KeyCertSign, KeyUsages::CRLSign],
            ..Self::enterprise(serial, name, "", key, validity)
        }
    }
}

#[derive(Sequence)]
struct ToSign {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: Version,
    serial: Uint,
    signature: AlgorithmIdentifierOwned,
    issuer: Name,
    validity: Validity,
    subject: Name,
    spki: Any,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

#[derive(Sequence)]
struct Signed {
    content: Any,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// A certification authority, root or intermediate.
pub struct Issuer {
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
    /// Its private key.
    pub key: SigningKey,
    name: Name,
}

impl Issuer {
    /// A root, signed by its own key.
    pub fn root(name: &str, key: SigningKey, validity: (u64, u64)) -> Self {
        Self::self_signed(&Request::authority(1, name, &key, validity, None), key)
    }

    /// A root as `request` says.
    pub fn self_signed(request: &Request, key: SigningKey) -> Self {
        let name = name(&request.subject);
        Self { certificate: certificate(request, &name, &key), key, name }
    }

    /// An authority whose certificate another hand has made; `None` if it cannot be read.
    pub fn with_certificate(certificate: Vec<u8>, key: SigningKey) -> Option<Self> {
        let read = x509_cert::Certificate::from_der(&certificate).ok()?;
        let name = read.tbs_certificate().subject().clone();
        Some(Self { certificate, key, name })
    }

    /// An authority below this one, as `request` says.
    pub fn authority(&self, request: &Request, key: SigningKey) -> Self {
        Self { certificate: self.issue(request), key, name: name(&request.subject) }
    }

    /// A certificate signed by this authority, DER.
    pub fn issue(&self, request: &Request) -> Vec<u8> {
        certificate(request, &self.name, &self.key)
    }

    /// A complete revocation list, DER.
    pub fn revocation_list(
        &self,
        number: u64,
        this_update: u64,
        next_update: u64,
        revoked: &[Revocation],
    ) -> Vec<u8> {
        let number = extension("2.5.29.20", false, uint(number).to_der());
        self.revocation_list_with(vec![number], this_update, next_update, revoked)
    }

    /// A revocation list with these extensions, DER: object identifier, whether critical, DER of the value.
    pub fn special_list(
        &self,
        extensions: &[(&str, bool, Vec<u8>)],
        this_update: u64,
        next_update: u64,
        revoked: &[Revocation],
    ) -> Vec<u8> {
        let extensions = extensions
            .iter()
            .map(|(oid, critical, value)| extension(oid, *critical, Ok(value.clone())))
            .collect();
        self.revocation_list_with(extensions, this_update, next_update, revoked)
    }

    fn revocation_list_with(
        &self,
        extensions: Extensions,
        this_update: u64,
        next_update: u64,
        revoked: &[Revocation],
    ) -> Vec<u8> {
        let signature = self.key.signature_algorithm();
        let entries: Vec<RevokedCert> = revoked.iter().map(entry).collect();
        let tbs_cert_list = TbsCertList {
            version: Version::V2,
            signature: signature.clone(),
            issuer: self.name.clone(),
            this_update: time(this_update),
            next_update: Some(time(next_update)),
            revoked_certificates: (!entries.is_empty()).then_some(entries),
            crl_extensions: Some(extensions),
        };
        let message = tbs_cert_list.to_der().expect("a list can be written");
        let list = CertificateList {
            tbs_cert_list,
            signature_algorithm: signature,
            signature: BitString::from_bytes(&self.key.sign(&message)).expect("a signature can be written"),
        };
        list.to_der().expect("a list can be written")
    }

    /// An answer about the status of a certificate that this authority issued, DER.
    pub fn status_answer(&self, certificate: &[u8], status: &OcspStatus, from: u64, until: u64) -> Vec<u8> {
        crate::ocsp::make(&self.certificate, certificate, status, from, until, |data| {
            (self.key.signature_algorithm(), self.key.sign(data))
        })
        .expect("an answer can be written")
    }
}

fn certificate(request: &Request, issuer: &Name, key: &SigningKey) -> Vec<u8> {
    let extensions = extensions(request);
    let algorithm = key.signature_algorithm();
    let to_sign = ToSign {
        version: Version::V3,
        serial: uint(request.serial),
        signature: algorithm.clone(),
        issuer: issuer.clone(),
        validity: Validity::new(time(request.not_before), time(request.not_after)),
        subject: name(&request.subject),
        spki: Any::from_der(&request.spki).expect("a key is DER"),
        extensions: (!extensions.is_empty()).then_some(extensions),
    };
    let message = to_sign.to_der().expect("a certificate can be written");
    let signature = BitString::from_bytes(&key.sign(&message)).expect("a signature can be written");
    let content = Any::from_der(&message).expect("what was written is DER");
    Signed { content, algorithm, signature }.to_der().expect("a certificate can be written")
}

fn extensions(request: &Request) -> Extensions {
    let mut extensions = Extensions::new();
    if let Some(path_len_constraint) = request.authority {
        let constraints = BasicConstraints { ca: true, path_len_constraint };
        extensions.push(extension("2.5.29.19", true, constraints.to_der()));
    }
    if !request.usage.is_empty() {
        let usage =
            request.usage.iter().fold(Default::default(), |all: der::flagset::FlagSet<_>, one| all | *one);
        extensions.push(extension("2.5.29.15", true, KeyUsage(usage).to_der()));
    }
    if !request.purposes.is_empty() {
        let purposes = request.purposes.iter().map(|oid| oid_of(oid)).collect();
        extensions.push(extension("2.5.29.37", false, ExtendedKeyUsage(purposes).to_der()));
    }
    let further = request.extensions.iter();
    extensions.extend(further.map(|(oid, critical, value)| extension(oid, *critical, Ok(value.clone()))));
    extensions
}

fn extension(oid: &str, critical: bool, value: der::Result<Vec<u8>>) -> Extension {
    let value = value.expect("an extension can be written");
    let extn_value = OctetString::new(value).expect("an extension is short");
    Extension { extn_id: oid_of(oid), critical, extn_value }
}

fn entry(revocation: &Revocation) -> RevokedCert {
    let mut extensions = Extensions::new();
    // ENUMERATED, one byte.
    let reason = vec![0x0a, 0x01, revocation.reason.number()];
    extensions.push(extension("2.5.29.21", false, Ok(reason)));
    if let Some(since) = revocation.invalid_since {
        extensions.push(extension("2.5.29.24", false, generalized(since).to_der()));
    }
    RevokedCert {
        serial_number: SerialNumber::new(&revocation.serial).expect("a serial number is short"),
        revocation_date: time(revocation.date),
        crl_entry_extensions: Some(extensions),
    }
}

fn name(attributes: &[(String, String)]) -> Name {
    let mut sequence = RdnSequence::default();
    for (oid, text) in attributes {
        let value = Any::new(Tag::Utf8String, text.as_bytes()).expect("a name is short");
        let attribute = AttributeTypeAndValue { oid: oid_of(oid), value };
        let set = SetOfVec::try_from(vec![attribute]).expect("one attribute is a set");
        sequence.push(RelativeDistinguishedName::from(set));
    }
    let der = sequence.to_der().expect("a name can be written");
    Name::from_der(&der).expect("what was written is a name")
}

fn oid_of(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new(text).expect("an object identifier")
}

fn uint(number: u64) -> Uint {
    Uint::new(&number.to_be_bytes()).expect("a number is short")
}

fn time(seconds: u64) -> Time {
    // RFC 5280, section 4.1.2.5: UTCTime through the year 2049.
    match UtcTime::from_unix_duration(Duration::from_secs(seconds)) {
        Ok(time) => Time::UtcTime(time),
        Err(_) => Time::GeneralTime(generalized(seconds)),
    }
}

fn generalized(seconds: u64) -> GeneralizedTime {
    GeneralizedTime::from_unix_duration(Duration::from_secs(seconds)).expect("a year of four digits")
}
