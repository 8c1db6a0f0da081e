//! Ed25519 keys and signatures, judged alike by every node, alone or in a batch.
//!
//! Validity is that of ZIP-215: the cofactored equation, with non-canonical point encodings accepted.
//! RFC 8032 leaves room on exactly these points, and two honest nodes that use the room differently
//! would split the chain. Keys are held and signatures made with ed25519-dalek.

use core::fmt;

use ed25519_dalek::Signer as _;
use ed25519_zebra::{Signature as ZebraSignature, VerificationKey, VerificationKeyBytes, batch};
use minicbor::{Decode, Encode};
use rand_core::{TryCryptoRng, TryRng};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

crate::hash::hash_type! {
    /// An Ed25519 public key as it travels: 32 bytes that need not decode to a point.
    PublicKey
}

impl PublicKey {
    /// Whether the bytes are a point for which only the holder of a private key can sign.
    ///
    /// For the eight points of small order ZIP-215 accepts signatures that anybody can write down, so
    /// whoever speaks for somebody on the ledger must have another key.
    pub fn is_strong(&self) -> bool {
        ed25519_dalek::VerifyingKey::from_bytes(self.as_bytes()).is_ok_and(|key| !key.is_weak())
    }
}

/// An Ed25519 signature as it travels: 64 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Signature(#[cbor(n(0), with = "minicbor::bytes")] [u8; 64]);

/// A signature that does not verify under ZIP-215.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify (Ed25519, ZIP-215)")]
pub struct InvalidSignature;

impl Signature {
    /// Takes 64 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The 64 bytes.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::hash::write_hex(f, &self.0)
    }
}

/// A private key. Erased when dropped; never printed.
#[derive(Clone)]
pub struct SigningKey(ed25519_dalek::SigningKey);

impl SigningKey {
    /// The key of a 32-byte seed (RFC 8032, section 5.1.5).
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Self {
        Self(ed25519_dalek::SigningKey::from_bytes(seed))
    }

    /// The public half.
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_bytes(self.0.verifying_key().to_bytes())
    }

    /// Signs a message (deterministic, RFC 8032).
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.0.sign(message).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.public_key())
    }
}

/// Verifies one signature.
///
/// # Errors
/// [`InvalidSignature`] under the rules of ZIP-215.
pub fn verify(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), InvalidSignature> {
    let key = VerificationKey::try_from(VerificationKeyBytes::from(*key.as_bytes()))
        .map_err(|_| InvalidSignature)?;
    key.verify(&ZebraSignature::from(signature.0), message).map_err(|_| InvalidSignature)
}

/// One signature to judge: who, what, and the signature.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The key said to have signed.
    pub key: &'a PublicKey,
    /// The bytes said to be signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a Signature,
}

/// Verifies many signatures and answers for each of them, in order.
///
/// All of them are tried in one equation, in which terms of equal keys coalesce. When that fails the
/// batch is halved until the bad ones stand alone, so `b` bad ones among `n` cost about `b log n`
/// equations, and the answers equal those of [`verify`].
pub fn verify_batch(claims: &[Claim<'_>]) -> Vec<bool> {
    let items: Vec<batch::Item> = claims
        .iter()
        .map(|c| {
            let key = VerificationKeyBytes::from(*c.key.as_bytes());
            batch::Item::from((key, ZebraSignature::from(c.signature.0), c.message))
        })
        .collect();
    let mut answers = Vec::with_capacity(claims.len());
    judge(claims, &items, &mut answers);
    answers
}

fn judge(claims: &[Claim<'_>], items: &[batch::Item], answers: &mut Vec<bool>) {
    match items {
        [] => {}
        [one] => answers.push(one.clone().verify_single().is_ok()),
        _ => {
            let mut verifier = batch::Verifier::new();
            items.iter().for_each(|item| verifier.queue(item.clone()));
            if verifier.verify(Coefficients::over(claims)).is_ok() {
                answers.extend(items.iter().map(|_| true));
                return;
            }
            let middle = items.len() / 2;
            let ((claims_a, claims_b), (items_a, items_b)) =
                (claims.split_at(middle), items.split_at(middle));
            judge(claims_a, items_a, answers);
            judge(claims_b, items_b, answers);
        }
    }
}

/// The coefficients of a batch equation, hashed from the batch itself.
///
/// A forger who could foresee them could make wrong signatures cancel out. Hashing everything that
/// the equation depends on makes them unforeseeable without a random source, and the same everywhere.
struct Coefficients {
    seed: [u8; 64],
    counter: u64,
    block: [u8; 64],
    used: usize,
}

impl Coefficients {
    fn over(claims: &[Claim<'_>]) -> Self {
        let mut hasher = Sha512::new();
        hasher.update(b"zhulian/batch/1\0");
        for claim in claims {
            hasher.update(claim.key.as_bytes());
            hasher.update(claim.signature.as_bytes());
            hasher.update((claim.message.len() as u64).to_be_bytes());
            hasher.update(claim.message);
        }
        Self { seed: hasher.finalize().into(), counter: 0, block: [0; 64], used: 64 }
    }

    fn refill(&mut self) {
        self.block =
            Sha512::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes()).finalize().into();
        self.counter = self.counter.wrapping_add(1);
        self.used = 0;
    }
}

impl TryRng for Coefficients {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        for slot in dst {
            if self.used >= self.block.len() {
                self.refill();
            }
            *slot = self.block.get(self.used).copied().unwrap_or_default();
            self.used = self.used.saturating_add(1);
        }
        Ok(())
    }
}

impl TryCryptoRng for Coefficients {}
