//! SHA-256 and the names it gives to things.

use core::fmt;

use minicbor::{Decode, Encode};
use sha2::{Digest, Sha256};

/// SHA-256 of `bytes` (FIPS 180-4).
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// SHA-256 over a domain separator, a zero byte and the concatenated `parts`.
///
/// The separator keeps a hash made for one purpose from being taken for another.
pub fn tagged(domain: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(domain.as_bytes());
    hasher.update([0]);
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// Reads exactly 32 bytes from `text`, in lower-case or upper-case hexadecimal.
///
/// # Errors
/// [`NotAHash`] when the text is not 64 hexadecimal digits.
pub fn parse_hex(text: &str) -> Result<[u8; 32], NotAHash> {
    let mut out = [0u8; 32];
    if text.len() != 64 {
        return Err(NotAHash);
    }
    let digits = text.as_bytes().chunks_exact(2);
    for (slot, pair) in out.iter_mut().zip(digits) {
        let pair = core::str::from_utf8(pair).map_err(|_| NotAHash)?;
        if !pair.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAHash);
        }
        *slot = u8::from_str_radix(pair, 16).map_err(|_| NotAHash)?;
    }
    Ok(out)
}

/// A text that should have been a 32-byte value in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected 64 hexadecimal digits")]
pub struct NotAHash;

/// Writes bytes as lower-case hexadecimal.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|b| write!(f, "{b:02x}"))
}

/// Declares a 32-byte name: ordered, hexadecimal in text, a CBOR byte string on the wire.
macro_rules! hash_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, minicbor::Encode, minicbor::Decode)]
        #[cbor(transparent)]
        pub struct $name(#[cbor(n(0), with = "minicbor::bytes")] [u8; 32]);

        impl $name {
            /// Takes 32 bytes as they are.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::hash::write_hex(f, &self.0)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(self, f)
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::hash::NotAHash;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::hash::parse_hex(text).map(Self)
            }
        }
    };
}
pub(crate) use hash_type;

hash_type! {
    /// Root of the authenticated state map after a block.
    StateRoot
}
hash_type! {
    /// Root of the RFC 6962 tree over a block's transactions.
    TransactionRoot
}
hash_type! {
    /// SHA-256 of a genesis file, byte for byte: what `sha256sum genesis.toml` prints.
    GenesisHash
}
hash_type! {
    /// SHA-256 of a document kept off the chain.
    DocumentHash
}
hash_type! {
    /// SHA-256 over a validator set's encoding.
    ValidatorSetHash
}

impl DocumentHash {
    /// Names a document by its content.
    pub fn of(document: &[u8]) -> Self {
        Self(sha256(document))
    }
}

/// A four-byte abbreviation for logs and tables; never used to look anything up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Short(#[cbor(n(0), with = "minicbor::bytes")] [u8; 4]);

impl Short {
    /// The first four bytes.
    pub fn of(hash: &[u8; 32]) -> Self {
        let [a, b, c, d, ..] = *hash;
        Self([a, b, c, d])
    }
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}
