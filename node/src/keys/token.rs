//! Keys on PKCS#11 tokens: a device signs, and the private key never leaves it.

mod fault;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, CertificateType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use ledger::crypto::{self, PublicKey, Signature};
use pki::Algorithm;
use sha2::{Digest as _, Sha256, Sha384};

use super::{KeyError, Passphrase, Pkcs11Uri};

pub use fault::TokenFault;

/// Signed twice when a voting key is opened: a device must sign the same bytes the same way.
const PROBE: &[u8] = b"zhulian/token-probe/1";

/// A module may be loaded and initialised once in a process, whichever keys are used of it.
static MODULES: Mutex<BTreeMap<PathBuf, Pkcs11>> = Mutex::new(BTreeMap::new());

/// A key on a token that was logged in to.
pub struct Token {
    name: String,
    session: Mutex<Session>,
    private: ObjectHandle,
    algorithm: Algorithm,
    point: Option<Vec<u8>>,
    certificate: Option<Vec<u8>>,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, {:?})", self.name, self.algorithm)
    }
}

impl Token {
    /// Logs in and finds the key.
    ///
    /// # Errors
    /// [`KeyError::Token`] when the module, token or key is not there, not the only one, or the PIN is refused.
    pub fn open(uri: &Pkcs11Uri, module: Option<&Path>, pin: &Passphrase) -> Result<Self, KeyError> {
        let module = uri.module.as_deref().or(module).ok_or(TokenFault::NoModule)?;
        let context = load(module)?;
        let slot = find_slot(&context, uri)?;
        let session = context.open_ro_session(slot).map_err(failed)?;
        match session.login(UserType::User, Some(&pin.to_secret())) {
            // Another key of the same token is open in this process.
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
            Err(error) => return Err(failed(error)),
        }
        let private = find_key(&session, uri)?;
        let algorithm = algorithm_of(&session, private)?;
        check_mechanism(&context, slot, algorithm)?;
        let same = identity_of(&session, private)?;
        let point = match algorithm {
            Algorithm::Rsa => None,
            _ => beside(&session, ObjectClass::PUBLIC_KEY, &same, AttributeType::EcPoint)?,
        };
        let certificate = beside(&session, ObjectClass::CERTIFICATE, &same, AttributeType::Value)?;
        Ok(Self {
            name: uri.to_string(),
            session: Mutex::new(session),
            private,
            algorithm,
            point,
            certificate,
        })
    }

    /// What kind of key it is.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The X.509 certificate that the token keeps beside the key, in DER.
    pub fn certificate(&self) -> Option<&[u8]> {
        self.certificate.as_deref()
    }

    /// The public half of an Ed25519 key, after the device has shown that it signs with it, and deterministically.
    ///
    /// # Errors
    /// [`KeyError::Token`].
    pub fn ledger_key(&self) -> Result<PublicKey, KeyError> {
        if self.algorithm != Algorithm::Ed25519 {
            return Err(TokenFault::NotEd25519(self.algorithm).into());
        }
        let point = self.point.as_deref().ok_or(TokenFault::NoPublicHalf)?;
        // PKCS#11 3.0 wraps the point in an OCTET STRING; some modules leave it bare.
        let bare = point.strip_prefix(&[0x04, 0x20]).unwrap_or(point);
        let key = <[u8; 32]>::try_from(bare).map_err(|_| TokenFault::NoPublicHalf)?;
        let key = PublicKey::from_bytes(key);
        let (first, second) = (self.sign_ledger(PROBE)?, self.sign_ledger(PROBE)?);
        if first != second {
            return Err(TokenFault::NotDeterministic.into());
        }
        crypto::verify(&key, PROBE, &first).map_err(|_| TokenFault::DoesNotVerify)?;
        Ok(key)
    }

    /// An Ed25519 signature.
    ///
    /// # Errors
    /// [`KeyError::Token`].
    pub fn sign_ledger(&self, message: &[u8]) -> Result<Signature, KeyError> {
        let bytes = self.raw(&Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)), message)?;
        let bytes = <[u8; 64]>::try_from(bytes).map_err(|_| TokenFault::Malformed)?;
        Ok(Signature::from_bytes(bytes))
    }

    /// A signature in the form of X.509: raw for Ed25519, DER for ECDSA, PKCS#1 v1.5 with SHA-256 for RSA.
    ///
    /// # Errors
    /// [`KeyError::Token`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self.algorithm {
            Algorithm::Ed25519 => self.sign_ledger(message).map(|s| s.as_bytes().to_vec()),
            Algorithm::EcdsaP256 => {
                let raw = self.raw(&Mechanism::Ecdsa, &Sha256::digest(message))?;
                let signature =
                    p256::ecdsa::Signature::from_slice(&raw).map_err(|_| TokenFault::Malformed)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Algorithm::EcdsaP384 => {
                let raw = self.raw(&Mechanism::Ecdsa, &Sha384::digest(message))?;
                let signature =
                    p384::ecdsa::Signature::from_slice(&raw).map_err(|_| TokenFault::Malformed)?;
                Ok(signature.to_der().as_bytes().to_vec())
            }
            Algorithm::Rsa => self.raw(&Mechanism::Sha256RsaPkcs, message),
            Algorithm::Sm2 => Err(TokenFault::UnknownKind.into()),
        }
    }

    fn raw(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Vec<u8>, KeyError> {
        let session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        session.sign(mechanism, self.private, data).map_err(failed)
    }
}

fn failed(error: Error) -> KeyError {
    KeyError::Token(match error {
        Error::Pkcs11(RvError::PinIncorrect | RvError::PinLenRange | RvError::PinInvalid, _) => {
            TokenFault::WrongPin
        }
        Error::Pkcs11(RvError::PinLocked, _) => TokenFault::PinLocked,
        Error::Pkcs11(RvError::TokenNotPresent | RvError::DeviceRemoved, _) => TokenFault::Gone,
        other => TokenFault::Device(other.to_string()),
    })
}

fn load(module: &Path) -> Result<Pkcs11, KeyError> {
    let mut modules = MODULES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(context) = modules.get(module) {
        return Ok(context.clone());
    }
    let refuse = |e: Error| KeyError::from(TokenFault::Module { path: module.into(), reason: e.to_string() });
    let context = Pkcs11::new(module).map_err(refuse)?;
    match context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
        Err(error) => return Err(refuse(error)),
    }
    modules.insert(module.to_owned(), context.clone());
    Ok(context)
}

fn find_slot(context: &Pkcs11, uri: &Pkcs11Uri) -> Result<Slot, KeyError> {
    let is = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|w| w == found);
    let mut found = Vec::new();
    for slot in context.get_slots_with_initialized_token().map_err(failed)? {
        let info = context.get_token_info(slot).map_err(failed)?;
        if is(&uri.token, info.label())
            && is(&uri.serial, info.serial_number())
            && is(&uri.manufacturer, info.manufacturer_id())
            && is(&uri.model, info.model())
            && uri.slot.is_none_or(|id| id == slot.id())
        {
            found.push(slot);
        }
    }
    match found.as_slice() {
        [one] => Ok(*one),
        others => Err(TokenFault::Tokens { uri: uri.to_string(), found: others.len() }.into()),
    }
}

fn find_key(session: &Session, uri: &Pkcs11Uri) -> Result<ObjectHandle, KeyError> {
    let mut wanted = vec![Attribute::Class(ObjectClass::PRIVATE_KEY)];
    wanted.extend(uri.object.as_ref().map(|label| Attribute::Label(label.as_bytes().to_vec())));
    wanted.extend(uri.id.clone().map(Attribute::Id));
    match session.find_objects(&wanted).map_err(failed)?.as_slice() {
        [one] => Ok(*one),
        others => Err(TokenFault::Keys { uri: uri.to_string(), found: others.len() }.into()),
    }
}

/// What ties the two halves of a key and its certificate together.
fn identity_of(session: &Session, key: ObjectHandle) -> Result<Vec<Attribute>, KeyError> {
    let found = session.get_attributes(key, &[AttributeType::Id, AttributeType::Label]).map_err(failed)?;
    let id = found.iter().find(|a| matches!(a, Attribute::Id(id) if !id.is_empty())).cloned();
    Ok(id.map_or(found, |id| vec![id]))
}

fn beside(
    session: &Session,
    class: ObjectClass,
    same: &[Attribute],
    wanted: AttributeType,
) -> Result<Option<Vec<u8>>, KeyError> {
    let mut template = vec![Attribute::Class(class)];
    if class == ObjectClass::CERTIFICATE {
        template.push(Attribute::CertificateType(CertificateType::X_509));
    }
    template.extend_from_slice(same);
    let Some(object) = session.find_objects(&template).map_err(failed)?.first().copied() else {
        return Ok(None);
    };
    let found = session.get_attributes(object, &[wanted]).map_err(failed)?;
    Ok(found.into_iter().find_map(|attribute| match attribute {
        Attribute::EcPoint(bytes) | Attribute::Value(bytes) => Some(bytes),
        _ => None,
    }))
}

/// DER of the curves' object identifiers: secp256r1 and secp384r1 (RFC 5480).
const P256: &[u8] = &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
/// Ed25519: by object identifier (RFC 8410), or by name (PKCS#11 3.0).
const ED25519: [&[u8]; 2] = [&[0x06, 0x03, 0x2b, 0x65, 0x70], b"\x13\x0cedwards25519"];

fn algorithm_of(session: &Session, key: ObjectHandle) -> Result<Algorithm, KeyError> {
    let found =
        session.get_attributes(key, &[AttributeType::KeyType, AttributeType::EcParams]).map_err(failed)?;
    let curve =
        found.iter().find_map(|a| if let Attribute::EcParams(p) = a { Some(p.as_slice()) } else { None });
    let kind = found.iter().find_map(|a| if let Attribute::KeyType(kind) = a { Some(*kind) } else { None });
    match (kind, curve) {
        (Some(KeyType::RSA), _) => Ok(Algorithm::Rsa),
        (Some(KeyType::EC), Some(P256)) => Ok(Algorithm::EcdsaP256),
        (Some(KeyType::EC), Some(P384)) => Ok(Algorithm::EcdsaP384),
        (Some(KeyType::EC_EDWARDS), Some(curve)) if ED25519.contains(&curve) => Ok(Algorithm::Ed25519),
        _ => Err(TokenFault::UnknownKind.into()),
    }
}

fn check_mechanism(context: &Pkcs11, slot: Slot, algorithm: Algorithm) -> Result<(), KeyError> {
    let needed = match algorithm {
        Algorithm::Ed25519 => MechanismType::EDDSA,
        Algorithm::EcdsaP256 | Algorithm::EcdsaP384 => MechanismType::ECDSA,
        Algorithm::Rsa => MechanismType::SHA256_RSA_PKCS,
        Algorithm::Sm2 => return Err(TokenFault::UnknownKind.into()),
    };
    if context.get_mechanism_list(slot).map_err(failed)?.contains(&needed) {
        Ok(())
    } else {
        Err(TokenFault::NoMechanism(algorithm).into())
    }
}
