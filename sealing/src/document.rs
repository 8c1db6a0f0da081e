//! Documents: encrypted in chunks, so that neither side needs to hold one whole.
//!
//! # Format
//! Chunks of 64 KiB of plaintext, each with the AEAD's tag, the last one shorter or full: STREAM as the file format age
//! uses it. Chunk `i` has the nonce `I2OSP(i, 11) || last`, so that chunks can be neither moved, dropped nor cut off. The
//! plaintext is followed by zeros up to its Padmé length, which hides all but about the first digits of its size; its true
//! length stands in the payload's manifest.

mod stream;

pub use stream::{Decryptor, Encryptor};

use core::marker::PhantomData;

use zeroize::Zeroizing;

use crate::suite::{AeadKey, Ristretto255, Suite, TAG_LEN};

/// Bytes of plaintext in a chunk.
pub const CHUNK: usize = 64 << 10;
/// Bytes of ciphertext in a chunk.
pub const CIPHER_CHUNK: usize = CHUNK + TAG_LEN;
/// Largest document: 4 GiB of plaintext, of which nobody should have to hold more.
pub const LEN_MAX: u64 = 4 << 30;

/// The key of one document. It encrypts one document once.
#[derive(Clone)]
pub struct DocumentKey<S: Suite = Ristretto255>(AeadKey, PhantomData<S>);

/// Why a document cannot be encrypted or does not decrypt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Longer than [`LEN_MAX`].
    #[error("a document has at most {LEN_MAX} bytes, not {0}")]
    TooLong(u64),
    /// What was read has not the length that was announced.
    #[error("the document has {found} bytes where {expected} were announced")]
    Length {
        /// Bytes announced.
        expected: u64,
        /// Bytes found: at least so many.
        found: u64,
    },
    /// A chunk was not made with this key at this place: changed, moved, or the end cut off.
    #[error("chunk {0} of the document does not decrypt with this key")]
    Chunk(u64),
    /// What follows the document is not zeros.
    #[error("the document's padding is not zeros")]
    Padding,
}

impl<S: Suite> DocumentKey<S> {
    pub(crate) const fn of(key: AeadKey) -> Self {
        Self(key, PhantomData)
    }

    /// A key that came sealed to the organiser.
    pub fn from_bytes(key: &Zeroizing<[u8; 32]>) -> Self {
        Self(key.clone(), PhantomData)
    }

    /// The key's bytes.
    pub const fn as_bytes(&self) -> &AeadKey {
        &self.0
    }
}

impl<S: Suite> core::fmt::Debug for DocumentKey<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("DocumentKey")
    }
}

/// The Padmé length of a length: its lower bits are rounded up, so that at most 12 % is added and about
/// `log log` bits of the size are told ("Reducing Metadata Leakage from Encrypted Files and Communication with PURBs",
/// PETS 2019, algorithm 1).
///
/// The length is at most [`LEN_MAX`]; longer ones come back as they are.
pub const fn padded_len(len: u64) -> u64 {
    if len < 2 || len > LEN_MAX {
        return len;
    }
    let exponent = len.ilog2();
    let kept = exponent.ilog2() + 1;
    let mask = if exponent < 1 { 0 } else { (1u64 << exponent.saturating_sub(kept)) - 1 };
    (len + mask) & !mask
}

/// Bytes of ciphertext for a document of so many bytes.
pub const fn cipher_len(len: u64) -> u64 {
    let padded = padded_len(len);
    let chunks = if padded == 0 { 1 } else { padded.div_ceil(CHUNK as u64) };
    padded + chunks * TAG_LEN as u64
}
