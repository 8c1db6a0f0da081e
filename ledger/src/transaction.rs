//! Transactions: a business act, signed once as a COSE_Sign1 and carried unchanged ever after.

use core::convert::Infallible;

use minicbor::data::{Tag, Type};
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::action::Action;
use crate::block::MAX_LEAF_BYTES;
use crate::codec::{self, CodecError};
use crate::crypto::{self, Claim, InvalidSignature, PublicKey, Signature, SigningKey};
use crate::hash::{hash_type, sha256};
use crate::id::{ChainId, Height};

hash_type! {
    /// Name of a transaction: SHA-256 of its Sig_structure (RFC 9052, section 4.4), which covers the
    /// chain, the key and the payload but not the signature. Signing the same content again makes
    /// the same transaction.
    Id
}

/// What is signed: the act, how long the offer to record it stands, and a salt.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Payload {
    /// The business act.
    #[n(0)]
    pub action: Action,
    /// The last height at which the transaction may be recorded.
    #[n(1)]
    pub expiry: Height,
    /// Sixteen bytes of the signer's choice that tell two equal acts apart.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// Approvals by other keys of the signer's organisation, ascending by key, where its mandate demands one: at
    /// most [`MAX_APPROVALS`].
    #[cbor(n(3), skip_if = "Vec::is_empty")]
    pub approvals: Vec<Approval>,
}

/// Most approvals of a transaction.
pub const MAX_APPROVALS: usize = 4;

/// A second person's signature under somebody else's act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Approval {
    /// The approving key.
    #[n(0)]
    pub key: PublicKey,
    /// Its signature of [`approval_bytes`].
    #[n(1)]
    pub signature: Signature,
}

/// What a second person signs: a Sig_structure (RFC 9052, section 4.4) with the context `Approval` over the payload
/// without approvals, by the key that will sign it.
pub fn approval_bytes(chain: &ChainId, signer: &PublicKey, payload: &Payload) -> Vec<u8> {
    let bare = Payload { approvals: Vec::new(), ..payload.clone() };
    structure("Approval", chain, &protected_header(signer), &codec::encode(&bare))
}

/// Why bytes are not a transaction that can be judged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The envelope or the payload is not of the published schema.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The protected header names another algorithm or carries other parameters.
    #[error("the protected header must be {{1: -8, 4: 32-byte key}} (EdDSA with Ed25519)")]
    Header,
    /// The signature does not verify.
    #[error(transparent)]
    Signature(#[from] InvalidSignature),
}

/// COSE algorithm EdDSA (RFC 9053). Verifiers in the field know it; its successor, "Ed25519" (-19,
/// RFC 9864), is not yet understood by all of them.
const COSE_ALG_EDDSA: i64 = -8;
/// CBOR tag of a COSE_Sign1 (RFC 9052).
const TAG_COSE_SIGN1: u64 = 18;

/// A transaction that has the right shape, with a signature not yet verified.
#[derive(Clone, Debug)]
pub struct Unverified {
    chain: ChainId,
    bytes: Vec<u8>,
    key: PublicKey,
    payload: Payload,
    signed: Vec<u8>,
    signature: Signature,
}

/// A transaction whose signature verifies. Only this module can make one.
#[derive(Clone, Debug)]
pub struct Verified {
    id: Id,
    chain: ChainId,
    bytes: Vec<u8>,
    key: PublicKey,
    payload: Payload,
}

impl Unverified {
    /// Reads a COSE_Sign1 from untrusted bytes.
    ///
    /// # Errors
    /// [`TransactionError::Codec`] or [`TransactionError::Header`].
    pub fn decode(chain: &ChainId, bytes: &[u8]) -> Result<Self, TransactionError> {
        let envelope: Envelope = codec::decode(bytes, MAX_LEAF_BYTES)?;
        let key = read_protected(&envelope.protected)?;
        let payload = codec::decode(&envelope.payload, MAX_LEAF_BYTES)?;
        let signed = sig_structure(chain, &envelope.protected, &envelope.payload);
        let chain = chain.clone();
        Ok(Self { chain, bytes: bytes.to_vec(), key, payload, signed, signature: envelope.signature })
    }

    /// The claim that the signature makes, for a batch.
    pub fn claim(&self) -> Claim<'_> {
        Claim { key: &self.key, message: &self.signed, signature: &self.signature }
    }

    /// The name of the transaction.
    pub fn id(&self) -> Id {
        Id::from_bytes(sha256(&self.signed))
    }

    /// What is said to be signed.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// The key said to have signed.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// Verifies the signature alone.
    ///
    /// # Errors
    /// [`InvalidSignature`].
    pub fn verify(self) -> Result<Verified, InvalidSignature> {
        crypto::verify(&self.key, &self.signed, &self.signature)?;
        Ok(self.into_verified())
    }

    /// Verifies many signatures in as few equations as it takes; answers in the order given.
    pub fn verify_batch(many: Vec<Self>) -> Vec<Result<Verified, InvalidSignature>> {
        let claims: Vec<Claim<'_>> = many.iter().map(Self::claim).collect();
        let answers = crypto::verify_batch(&claims);
        many.into_iter()
            .zip(answers)
            .map(|(one, good)| if good { Ok(one.into_verified()) } else { Err(InvalidSignature) })
            .collect()
    }

    fn into_verified(self) -> Verified {
        let id = self.id();
        Verified { id, chain: self.chain, bytes: self.bytes, key: self.key, payload: self.payload }
    }
}

impl Verified {
    /// Reads and verifies one transaction.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn decode(chain: &ChainId, bytes: &[u8]) -> Result<Self, TransactionError> {
        Ok(Unverified::decode(chain, bytes)?.verify()?)
    }

    /// The name of the transaction.
    pub fn id(&self) -> Id {
        self.id
    }

    /// The chain it was signed for.
    pub fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// The bytes as signed: the leaf that the log keeps.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The key that signed.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// What was signed.
    pub fn payload(&self) -> &Payload {
        &self.payload
    }
}

/// Signs a payload for a chain and returns the transaction's bytes.
pub fn sign(chain: &ChainId, key: &SigningKey, payload: &Payload) -> Vec<u8> {
    let signed = sign_with(chain, &key.public_key(), payload, |bytes| Ok::<_, Infallible>(key.sign(bytes)));
    let Ok(bytes) = signed;
    bytes
}

/// The same with a key that is elsewhere, for example in a device: `signature` is asked for one over its argument.
///
/// # Errors
/// Whatever `signature` fails with.
pub fn sign_with<E>(
    chain: &ChainId,
    key: &PublicKey,
    payload: &Payload,
    signature: impl FnOnce(&[u8]) -> Result<Signature, E>,
) -> Result<Vec<u8>, E> {
    let (protected, payload) = (protected_header(key), codec::encode(payload));
    let signature = signature(&sig_structure(chain, &protected, &payload))?;
    Ok(codec::encode(&Envelope { protected, payload, signature }))
}

/// The bytes a signature covers (RFC 9052, section 4.4): `["Signature1", protected, external_aad,
/// payload]` with the chain id as external_aad.
fn sig_structure(chain: &ChainId, protected: &[u8], payload: &[u8]) -> Vec<u8> {
    structure("Signature1", chain, protected, payload)
}

fn structure(context: &str, chain: &ChainId, protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let chain = chain.as_bytes();
    // What stands around the payload takes about a hundred bytes.
    let mut out = Vec::with_capacity(payload.len().saturating_add(128));
    let mut e = Encoder::new(&mut out);
    let written =
        e.array(4).and_then(|e| e.str(context)?.bytes(protected)?.bytes(chain)?.bytes(payload)).is_ok();
    debug_assert!(written, "encoding into memory does not fail");
    out
}

/// `{1: -8, 4: key}`: the algorithm, and the signer's public key as its key id, so that a signature
/// can be verified before any state is read.
fn protected_header(key: &PublicKey) -> Vec<u8> {
    let mut out = Vec::with_capacity(40);
    let mut e = Encoder::new(&mut out);
    let written = e.map(2).and_then(|e| e.u8(1)?.i64(COSE_ALG_EDDSA)?.u8(4)?.bytes(key.as_bytes())).is_ok();
    debug_assert!(written, "encoding into memory does not fail");
    out
}

fn read_protected(bytes: &[u8]) -> Result<PublicKey, TransactionError> {
    // There is one header we accept, so the key is read from its place and the rest compared.
    let key = bytes.last_chunk::<32>().ok_or(TransactionError::Header)?;
    let key = PublicKey::from_bytes(*key);
    if protected_header(&key) == bytes { Ok(key) } else { Err(TransactionError::Header) }
}

/// COSE_Sign1: tag 18 over `[protected, {}, payload, signature]`.
struct Envelope {
    protected: Vec<u8>,
    payload: Vec<u8>,
    signature: Signature,
}

impl Encode<()> for Envelope {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut Encoder<W>,
        ctx: &mut (),
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.tag(Tag::new(TAG_COSE_SIGN1))?.array(4)?.bytes(&self.protected)?.map(0)?.bytes(&self.payload)?;
        self.signature.encode(e, ctx)
    }
}

impl<'b> Decode<'b, ()> for Envelope {
    fn decode(d: &mut Decoder<'b>, ctx: &mut ()) -> Result<Self, minicbor::decode::Error> {
        use minicbor::decode::Error;
        if d.datatype()? != Type::Tag || d.tag()? != Tag::new(TAG_COSE_SIGN1) {
            return Err(Error::message("a transaction is a COSE_Sign1, tag 18"));
        }
        if d.array()? != Some(4) {
            return Err(Error::message("a COSE_Sign1 is an array of four"));
        }
        let protected = d.bytes()?.to_vec();
        if d.map()? != Some(0) {
            return Err(Error::message("the unprotected header must be empty"));
        }
        let payload = d.bytes()?.to_vec();
        Ok(Self { protected, payload, signature: Signature::decode(d, ctx)? })
    }
}
