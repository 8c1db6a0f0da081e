//! Issuing and obtaining stamps: for issuers and bidders, never for validators.
//!
//! An issuer's RSA key signs whatever is put to it, so it serves stamps and nothing else. The private-key operation of the
//! `rsa` crate is blinded with fresh randomness but not constant in time: an issuer answers authenticated bidders only.

use blind_rsa_signatures::{
    BlindMessage, BlindSignature, BlindingResult, KeyPair, PublicKey, PublicKeyComponents, Randomized,
    SecretKey, Sha384, reexports::rsa,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{EXPONENT, InvalidStamp, IssuerKey, IssuerKeyId, MODULUS_LEN, Stamp};
use crate::id::OneTimeKey;
use crate::message;
use crate::suite::Suite;

type Public = PublicKey<Sha384, blind_rsa_signatures::PSS, Randomized>;
type Private = SecretKey<Sha384, blind_rsa_signatures::PSS, Randomized>;

/// An issuer's private key of one quarter.
pub struct IssuerSecret(Private);

/// Why no stamp came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// The key is no RSA-3072 key with the exponent 65537, or its bytes do not decode.
    #[error("not an RSA key of 3072 bits with the exponent 65537")]
    Key,
    /// What was to be signed is not below the modulus.
    #[error("the blinded message is not one for this key")]
    Request,
    /// The issuer's answer is no signature on what was asked.
    #[error("the issuer's answer does not verify; ask another issuer")]
    Answer,
}

impl IssuerSecret {
    /// Draws a key. Takes seconds.
    ///
    /// # Errors
    /// [`StampError::Key`] when the library makes none.
    pub fn generate(rng: &mut impl CryptoRng) -> Result<Self, StampError> {
        KeyPair::generate(rng, MODULUS_LEN * 8).map(|pair| Self(pair.sk)).map_err(|_| StampError::Key)
    }

    /// Reads a key back (PKCS #8).
    ///
    /// # Errors
    /// [`StampError::Key`].
    pub fn from_der(der: &Zeroizing<Vec<u8>>) -> Result<Self, StampError> {
        let secret = Self(Private::from_der(der).map_err(|_| StampError::Key)?);
        secret.public()?;
        Ok(secret)
    }

    /// The key's bytes for its file (PKCS #8).
    ///
    /// # Errors
    /// [`StampError::Key`] when the library cannot encode it.
    pub fn to_der(&self) -> Result<Zeroizing<Vec<u8>>, StampError> {
        self.0.to_der().map(Zeroizing::new).map_err(|_| StampError::Key)
    }

    /// The public half, as it is registered on the chain.
    ///
    /// # Errors
    /// [`StampError::Key`] for a key of another size or exponent.
    pub fn public(&self) -> Result<IssuerKey, StampError> {
        let public = self.0.public_key().map_err(|_| StampError::Key)?;
        let components: PublicKeyComponents<'_> = public.components();
        if trimmed(&components.e()) != EXPONENT {
            return Err(StampError::Key);
        }
        IssuerKey::from_modulus(trimmed(&components.n())).map_err(|_: InvalidStamp| StampError::Key)
    }

    /// Signs a blinded message for a bidder who was authenticated and has quota left.
    ///
    /// # Errors
    /// [`StampError::Request`].
    pub fn sign(&self, blinded: &[u8], rng: &mut impl CryptoRng) -> Result<Vec<u8>, StampError> {
        if blinded.len() != MODULUS_LEN {
            return Err(StampError::Request);
        }
        let signed = self.0.blind_sign_with_rng(rng, BlindMessage(blinded.to_vec()));
        signed.map(|signature| signature.0).map_err(|_| StampError::Request)
    }
}

impl core::fmt::Debug for IssuerSecret {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("IssuerSecret")
    }
}

/// A stamp being asked for: what the bidder keeps until the issuer answers.
pub struct StampRequest {
    key: IssuerKeyId,
    issuer: IssuerKey,
    public: Public,
    message: Vec<u8>,
    blinding: BlindingResult,
}

impl StampRequest {
    /// Blinds a one-time key for an issuer whose key stands on the chain. A key that an issuer gives by other means could be
    /// made for one bidder, and trace it.
    ///
    /// # Errors
    /// [`StampError::Key`].
    pub fn new<S: Suite>(
        key: IssuerKeyId,
        issuer: &IssuerKey,
        chain_id: &str,
        one_time_key: &OneTimeKey,
        rng: &mut impl CryptoRng,
    ) -> Result<Self, StampError> {
        let number = rsa::BoxedUint::from_be_slice(issuer.modulus(), 8 * MODULUS_LEN as u32);
        let exponent = rsa::BoxedUint::from(65_537u64);
        let public = rsa::RsaPublicKey::new(number.map_err(|_| StampError::Key)?, exponent);
        let public = Public::new(public.map_err(|_| StampError::Key)?);
        let message = message::stamp::<S>(chain_id, one_time_key).as_bytes().to_vec();
        let blinding = public.blind(rng, &message).map_err(|_| StampError::Key)?;
        Ok(Self { key, issuer: *issuer, public, message, blinding })
    }

    /// What goes to the issuer: 384 bytes that tell nothing of the one-time key.
    pub fn blinded(&self) -> &[u8] {
        &self.blinding.blind_message.0
    }

    /// Makes the stamp of the issuer's answer, which is judged first as every validator will.
    ///
    /// # Errors
    /// [`StampError::Answer`].
    pub fn finish<S: Suite>(
        self,
        answer: &[u8],
        chain_id: &str,
        one_time_key: &OneTimeKey,
    ) -> Result<Stamp, StampError> {
        let answer = BlindSignature(answer.to_vec());
        let signature = self.public.finalize(&answer, &self.blinding, &self.message);
        let signature = signature.map_err(|_| StampError::Answer)?;
        let randomizer = self.blinding.msg_randomizer.ok_or(StampError::Answer)?.0;
        let signature = signature.0.try_into().map_err(|_| StampError::Answer)?;
        let stamp = Stamp { key: self.key, randomizer, signature };
        stamp.verify::<S>(&self.issuer, chain_id, one_time_key).map_err(|_| StampError::Answer)?;
        Ok(stamp)
    }
}

impl core::fmt::Debug for StampRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "StampRequest({:?})", self.key)
    }
}

/// A big-endian number without leading zeros.
fn trimmed(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    bytes.get(start..).unwrap_or_default()
}
