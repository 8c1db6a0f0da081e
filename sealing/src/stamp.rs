//! Admission stamps: proof that somebody may bid, which tells nobody who.
//!
//! RSABSSA-SHA384-PSS-Randomized (RFC 9474) with RSA-3072. An issuer signs without seeing what, and cannot recognise it
//! later. Judging a stamp is plain RSASSA-PSS over the randomizer and the message; issuing one is behind the feature
//! `stamps`, which no validator needs.
//!
//! # Format
//! `issuer (2) || period (2) || randomizer (32) || signature (384)`, integers big-endian: 420 bytes.

#[cfg(feature = "stamps")]
pub mod issue;

use ring::signature::{RSA_PSS_2048_8192_SHA384, RsaPublicKeyComponents};

use crate::id::OneTimeKey;
use crate::message;
use crate::suite::Suite;

/// Bytes of the modulus and of a signature: RSA-3072.
pub const MODULUS_LEN: usize = 384;
/// Bytes of a stamp.
pub const LEN: usize = 4 + 32 + MODULUS_LEN;
/// The public exponent, 65537.
pub const EXPONENT: [u8; 3] = [1, 0, 1];

/// Which key of which centre issued a stamp: the chain has one for each centre and quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssuerKeyId {
    /// The issuing centre's number on the chain.
    pub issuer: u16,
    /// The quarter, as the chain counts them.
    pub period: u16,
}

/// An issuer's public key: a modulus of 3072 bits with the exponent 65537.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct IssuerKey([u8; MODULUS_LEN]);

/// A stamp on a one-time key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Who issued it, and when.
    pub key: IssuerKeyId,
    /// What made the message random.
    pub randomizer: [u8; 32],
    /// The signature, unblinded.
    pub signature: [u8; MODULUS_LEN],
}

/// Why a stamp or an issuer's key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidStamp {
    /// Not 420 bytes.
    #[error("a stamp has {LEN} bytes, not {0}")]
    Length(usize),
    /// The signature is not the issuer's over this chain and key.
    #[error("the stamp is not this issuer's for this chain and one-time key")]
    Signature,
    /// A modulus that is not odd or not of 3072 bits.
    #[error("an issuer's key is an odd modulus of 3072 bits")]
    Key,
}

impl IssuerKey {
    /// Takes a big-endian modulus.
    ///
    /// # Errors
    /// [`InvalidStamp::Key`].
    pub fn from_modulus(modulus: &[u8]) -> Result<Self, InvalidStamp> {
        let modulus: [u8; MODULUS_LEN] = modulus.try_into().map_err(|_| InvalidStamp::Key)?;
        let [first, .., last] = modulus;
        if first < 0x80 || last % 2 == 0 { Err(InvalidStamp::Key) } else { Ok(Self(modulus)) }
    }

    /// The big-endian modulus.
    pub const fn modulus(&self) -> &[u8; MODULUS_LEN] {
        &self.0
    }
}

impl core::fmt::Debug for IssuerKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        crate::id::write_hex(f, self.0.get(..8).unwrap_or_default())
    }
}

impl Stamp {
    /// Reads a stamp.
    ///
    /// # Errors
    /// [`InvalidStamp::Length`].
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidStamp> {
        let length = InvalidStamp::Length(bytes.len());
        let (issuer, rest) = bytes.split_first_chunk::<2>().ok_or(length)?;
        let (period, rest) = rest.split_first_chunk::<2>().ok_or(length)?;
        let (randomizer, signature) = rest.split_first_chunk::<32>().ok_or(length)?;
        let key = IssuerKeyId { issuer: u16::from_be_bytes(*issuer), period: u16::from_be_bytes(*period) };
        Ok(Self { key, randomizer: *randomizer, signature: signature.try_into().map_err(|_| length)? })
    }

    /// The bytes it travels in.
    pub fn encode(&self) -> Vec<u8> {
        let (issuer, period) = (self.key.issuer.to_be_bytes(), self.key.period.to_be_bytes());
        [&issuer[..], &period[..], &self.randomizer[..], &self.signature[..]].concat()
    }

    /// Whether the issuer's key signed this chain and one-time key. The caller finds the key by [`Stamp::key`].
    ///
    /// # Errors
    /// [`InvalidStamp::Signature`].
    pub fn verify<S: Suite>(
        &self,
        key: &IssuerKey,
        chain_id: &str,
        one_time_key: &OneTimeKey,
    ) -> Result<(), InvalidStamp> {
        let stamped = message::stamp::<S>(chain_id, one_time_key);
        let input = [&self.randomizer[..], stamped.as_bytes()].concat();
        RsaPublicKeyComponents { n: &key.0[..], e: &EXPONENT[..] }
            .verify(&RSA_PSS_2048_8192_SHA384, &input, &self.signature)
            .map_err(|_| InvalidStamp::Signature)
    }
}

impl core::fmt::Debug for Stamp {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Stamp({:?})", self.key)
    }
}
