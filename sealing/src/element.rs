//! Elements: points of the group that came from outside, with the bytes they came in.

use core::cmp::Ordering;
use core::fmt;

use crate::id::write_hex;
use crate::suite::{Ristretto255, Suite};

/// A point other than the identity, together with its one encoding.
#[derive(Clone, Copy)]
pub struct Element<S: Suite = Ristretto255> {
    point: S::Point,
    bytes: S::PointBytes,
}

/// Bytes that are no point, not its canonical encoding, or the identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the canonical encoding of a point other than the identity")]
pub struct InvalidElement;

impl<S: Suite> Element<S> {
    /// Decodes a point.
    ///
    /// # Errors
    /// [`InvalidElement`] for a wrong length, a non-canonical encoding, and the identity.
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidElement> {
        let bytes = S::PointBytes::try_from(bytes).map_err(|_| InvalidElement)?;
        let point = S::decode_point(&bytes).ok_or(InvalidElement)?;
        Ok(Self { point, bytes })
    }

    /// A point of ours. The identity would have an encoding that nobody accepts.
    pub(crate) fn of(point: S::Point) -> Self {
        Self { point, bytes: S::encode_point(&point) }
    }

    /// The encoding.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    pub(crate) const fn point(&self) -> &S::Point {
        &self.point
    }
}

impl<S: Suite> PartialEq for Element<S> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<S: Suite> Eq for Element<S> {}

impl<S: Suite> PartialOrd for Element<S> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<S: Suite> Ord for Element<S> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

impl<S: Suite> fmt::Debug for Element<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.as_bytes())
    }
}

/// The encodings one after another, as they are hashed.
pub(crate) fn concat<'a, S: Suite>(elements: impl IntoIterator<Item = &'a Element<S>>) -> Vec<u8> {
    elements.into_iter().flat_map(|element| element.as_bytes().iter().copied()).collect()
}
