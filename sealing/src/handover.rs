//! Handing a secret to one receiver: a seat key to a successor, a document key to an organiser.
//!
//! HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20-Poly1305. What the secret is for
//! is bound as `info`, so that it opens for nothing else. Base mode does not prove the sender: a receiver of a seat key
//! compares its public half with the committee's, and the payload commits to a document key.
//!
//! # Format
//! `encapsulated key (32) || ciphertext (32) || tag (16)`: 80 bytes.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use crate::document::DocumentKey;
use crate::element::Element;
use crate::id::{CentreId, TenderId};
use crate::seat::{Registration, SeatSecret};
use crate::suite::{SCALAR_LEN, Suite};

/// Bytes of a sealed secret.
pub const SEALED_LEN: usize = 32 + SCALAR_LEN + 16;

/// A receiver's public key: X25519.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverKey([u8; 32]);

/// A receiver's private key: X25519. Erased when dropped, never printed.
pub struct ReceiverSecret(Zeroizing<[u8; 32]>);

/// Why a secret cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandoverError {
    /// The receiver's key is of small order.
    #[error("the receiver's key is none that a secret can be sealed to")]
    Receiver,
    /// The bytes are not sealed to this receiver for this purpose.
    #[error("the secret is not sealed to this key for this purpose")]
    Sealed,
    /// It opened, and is not the key of the seat.
    #[error("the key that came is not that of the seat")]
    OtherKey,
}

impl ReceiverKey {
    /// Takes 32 bytes as they are.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ReceiverSecret {
    /// Draws a key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(seed.as_mut());
        Self(seed)
    }

    /// The key of these 32 bytes, from which the pair is derived (RFC 9180, section 7.1.3).
    pub fn from_bytes(bytes: &Zeroizing<[u8; 32]>) -> Self {
        Self(bytes.clone())
    }

    /// The 32 bytes, for the key's file.
    pub const fn as_bytes(&self) -> &Zeroizing<[u8; 32]> {
        &self.0
    }

    /// The public half.
    pub fn public(&self) -> ReceiverKey {
        let (_, public) = X25519HkdfSha256::derive_keypair(self.0.as_ref());
        ReceiverKey(public.to_bytes().into())
    }

    fn open(&self, info: &[u8], sealed: &[u8]) -> Result<Zeroizing<[u8; SCALAR_LEN]>, HandoverError> {
        let (encapsulated, ciphertext) = sealed.split_first_chunk::<32>().ok_or(HandoverError::Sealed)?;
        let (secret, _) = X25519HkdfSha256::derive_keypair(self.0.as_ref());
        let encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(encapsulated)
            .map_err(|_| HandoverError::Sealed)?;
        let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &secret,
            &encapsulated,
            info,
            ciphertext,
            &[],
        );
        let opened = Zeroizing::new(opened.map_err(|_| HandoverError::Sealed)?);
        opened.as_slice().try_into().map(Zeroizing::new).map_err(|_| HandoverError::Sealed)
    }
}

impl core::fmt::Debug for ReceiverSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ReceiverSecret")
    }
}

fn seal(
    receiver: &ReceiverKey,
    info: &[u8],
    secret: &Zeroizing<[u8; SCALAR_LEN]>,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, HandoverError> {
    let receiver =
        <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&receiver.0).map_err(|_| HandoverError::Receiver)?;
    let (encapsulated, ciphertext) = hpke::single_shot_seal_with_rng::<
        ChaCha20Poly1305,
        HkdfSha256,
        X25519HkdfSha256,
    >(&OpModeS::Base, &receiver, info, secret.as_ref(), &[], rng)
    .map_err(|_| HandoverError::Receiver)?;
    Ok([encapsulated.to_bytes().as_slice(), &ciphertext].concat())
}

/// Seals a leaving centre's seat key to its successor.
///
/// # Errors
/// [`HandoverError::Receiver`].
pub fn seal_seat<S: Suite>(
    secret: &SeatSecret<S>,
    seat: &Registration<'_>,
    successor: CentreId,
    receiver: &ReceiverKey,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, HandoverError> {
    seal(receiver, &seat_info::<S>(seat, successor), &secret.encode(), rng)
}

/// Opens a seat key that came sealed, and compares it with the key that stands in the committee.
///
/// # Errors
/// [`HandoverError::Sealed`] and [`HandoverError::OtherKey`].
pub fn open_seat<S: Suite>(
    receiver: &ReceiverSecret,
    seat: &Registration<'_>,
    successor: CentreId,
    expected: &Element<S>,
    sealed: &[u8],
) -> Result<SeatSecret<S>, HandoverError> {
    let opened = receiver.open(&seat_info::<S>(seat, successor), sealed)?;
    let secret = SeatSecret::decode(&opened).map_err(|_| HandoverError::OtherKey)?;
    if secret.public() == expected { Ok(secret) } else { Err(HandoverError::OtherKey) }
}

/// Seals the random key of a document that must not become public to the organiser.
///
/// # Errors
/// [`HandoverError::Receiver`].
pub fn seal_document_key<S: Suite>(
    key: &DocumentKey<S>,
    chain_id: &str,
    tender: &TenderId,
    receiver: &ReceiverKey,
    rng: &mut impl CryptoRng,
) -> Result<Vec<u8>, HandoverError> {
    seal(receiver, &document_info::<S>(chain_id, tender), key.as_bytes(), rng)
}

/// Opens the key of a document. The organiser compares [`crate::message::document_key`] of it with the payload.
///
/// # Errors
/// [`HandoverError::Sealed`].
pub fn open_document_key<S: Suite>(
    receiver: &ReceiverSecret,
    chain_id: &str,
    tender: &TenderId,
    sealed: &[u8],
) -> Result<DocumentKey<S>, HandoverError> {
    let opened = receiver.open(&document_info::<S>(chain_id, tender), sealed)?;
    Ok(DocumentKey::from_bytes(&opened))
}

fn seat_info<S: Suite>(seat: &Registration<'_>, successor: CentreId) -> Vec<u8> {
    let epoch = seat.epoch.to_be_bytes();
    let parts = [seat.chain_id.as_bytes(), &epoch, seat.centre.as_bytes(), successor.as_bytes()];
    info::<S>(b"tender-seal/v1/handover", &parts)
}

fn document_info<S: Suite>(chain_id: &str, tender: &TenderId) -> Vec<u8> {
    info::<S>(b"tender-seal/v1/organiser", &[chain_id.as_bytes(), tender.as_bytes()])
}

/// The parts with their lengths, so that no two purposes give the same bytes.
fn info<S: Suite>(purpose: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut info = purpose.to_vec();
    info.push(S::ID);
    for part in parts {
        info.extend_from_slice(&(part.len() as u64).to_be_bytes());
        info.extend_from_slice(part);
    }
    info
}
