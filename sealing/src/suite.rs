//! Suites: the group, hash, key derivation and AEAD that a committee's epoch uses.

mod ristretto;
#[cfg(feature = "sm2")]
mod sm;

use core::fmt;

use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

pub use group::Group;
pub use group::ff::{Field, PrimeField};
pub use ristretto::Ristretto255;
#[cfg(feature = "sm2")]
pub use sm::Sm2;

use crate::id::write_hex;
use crate::label::Label;

/// Bytes by which an AEAD makes a text longer, in every suite.
pub const TAG_LEN: usize = 16;
/// Bytes of a scalar, in every suite.
pub const SCALAR_LEN: usize = 32;

/// A nonce of the AEAD.
pub type Nonce = [u8; 12];
/// A key of the AEAD. SM4 takes the first half.
pub type AeadKey = Zeroizing<[u8; 32]>;

/// The cryptography of one suite.
///
/// The scheme needs a group of prime order without a second generator and without hashing to it.
pub trait Suite: Copy + fmt::Debug + Eq + Ord + Send + Sync + 'static {
    /// The byte that names the suite in everything hashed.
    const ID: u8;
    /// Bytes of a point.
    const POINT_LEN: usize;

    /// Integers modulo the group's order.
    type Scalar: PrimeField + Zeroize;
    /// The group.
    type Point: Group<Scalar = Self::Scalar> + Zeroize;
    /// An encoded point.
    type PointBytes: Copy
        + AsRef<[u8]>
        + for<'a> TryFrom<&'a [u8]>
        + Eq
        + Ord
        + fmt::Debug
        + Send
        + Sync
        + 'static;
    /// Fixed points with what speeds up their combinations.
    type Fixed: Clone + Send + Sync;

    /// TH: the label with its length in one byte, then each field with its length in four.
    fn hash(label: Label, fields: &[&[u8]]) -> Digest;
    /// H2S: the same fields to a scalar, uniform but for a negligible bias.
    fn hash_to_scalar(label: Label, fields: &[&[u8]]) -> Self::Scalar;
    /// A uniform scalar other than zero.
    fn random_scalar(rng: &mut impl CryptoRng) -> Self::Scalar;
    /// The canonical encoding of a scalar.
    fn encode_scalar(scalar: &Self::Scalar) -> [u8; SCALAR_LEN];
    /// The scalar below the order that the bytes encode.
    fn decode_scalar(bytes: &[u8; SCALAR_LEN]) -> Option<Self::Scalar>;
    /// The canonical encoding of a point, the identity included.
    fn encode_point(point: &Self::Point) -> Self::PointBytes;
    /// The point other than the identity that the bytes canonically encode.
    fn decode_point(bytes: &Self::PointBytes) -> Option<Self::Point>;
    /// `scalar * G`, in constant time.
    fn mul_base(scalar: &Self::Scalar) -> Self::Point;
    /// The sum of `scalars[i] * points[i]`, in a time that shows both: for public values only.
    fn combine(scalars: &[Self::Scalar], points: &[Self::Point]) -> Self::Point;
    /// `a * G + b * point`, in a time that shows all of them: for public values only.
    fn combine_base(a: &Self::Scalar, b: &Self::Scalar, point: &Self::Point) -> Self::Point;
    /// Prepares points that are combined again and again.
    fn fix(points: &[Self::Point]) -> Self::Fixed;
    /// As [`Suite::combine`], of prepared points.
    fn combine_fixed(scalars: &[Self::Scalar], points: &Self::Fixed) -> Self::Point;
    /// HKDF (RFC 5869) to 32 bytes.
    fn derive(salt: &[u8], secret: &[u8], info: &[u8]) -> AeadKey;
    /// Encrypts in place and appends the tag. A pair of key and nonce is used once.
    fn encrypt(key: &AeadKey, nonce: &Nonce, aad: &[u8], buffer: &mut Vec<u8>);
    /// Decrypts in place and removes the tag; `false`, with the buffer emptied, when the tag is wrong.
    #[must_use]
    fn decrypt(key: &AeadKey, nonce: &Nonce, aad: &[u8], buffer: &mut Vec<u8>) -> bool;
}

/// A hash: 64 bytes in suite 0x01, 32 in suite 0x02.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    bytes: [u8; 64],
    len: u8,
}

impl Digest {
    /// Takes a hash as it is; nothing when it has not 32 or 64 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut held = [0; 64];
        held.get_mut(..bytes.len())?.copy_from_slice(bytes);
        let len = match bytes.len() {
            32 => 32,
            64 => 64,
            _ => return None,
        };
        Some(Self { bytes: held, len })
    }

    pub(crate) const fn full(bytes: [u8; 64]) -> Self {
        Self { bytes, len: 64 }
    }

    #[cfg(feature = "sm2")]
    pub(crate) fn half(bytes: [u8; 32]) -> Self {
        let mut held = [0; 64];
        held.split_at_mut(32).0.copy_from_slice(&bytes);
        Self { bytes: held, len: 32 }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&self.bytes)
    }

    /// The first 32 bytes, which name tenders and bids.
    pub fn name(&self) -> [u8; 32] {
        let (first, _) = self.bytes.split_at(32);
        first.try_into().unwrap_or([0; 32])
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.as_bytes())
    }
}

/// A field's length as the hash writes it before the field. No field comes near its bound.
fn length(field: &[u8]) -> [u8; 4] {
    u32::try_from(field.len()).unwrap_or(u32::MAX).to_be_bytes()
}
