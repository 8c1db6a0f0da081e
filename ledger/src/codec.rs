//! Deterministic CBOR and bounded decoding.
//!
//! Every signed or stored value has exactly one encoding (RFC 8949, section 4.2.1). The decoder does
//! not try to recognise all the other ones: it decodes, encodes again and refuses whatever differs.

use minicbor::{Decode, Decoder, Encode};

/// Why bytes are not a value of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// More bytes than the kind may have.
    #[error("{found} bytes where at most {max} are allowed")]
    TooLong {
        /// The limit for this kind of value, in bytes.
        max: usize,
        /// What arrived, in bytes.
        found: usize,
    },
    /// Not CBOR, or not of the published schema.
    #[error("not a value of this schema: {0}")]
    Malformed(String),
    /// A valid value in an encoding that is not the deterministic one, or with bytes after it.
    #[error("not in deterministic encoding (RFC 8949, section 4.2.1)")]
    NotDeterministic,
}

/// Reserved for an encoding, so that most of them are never moved while they grow.
const USUAL_BYTES: usize = 128;

/// Encodes a value; the same value always gives the same bytes.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    encode_sized(value, USUAL_BYTES)
}

/// Encodes a value that probably takes `expected` bytes.
fn encode_sized<T: Encode<()>>(value: &T, expected: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(expected);
    // Writing into a Vec cannot fail, and our types have no failing encoders.
    let written = minicbor::encode(value, &mut bytes);
    debug_assert!(written.is_ok(), "encoding into memory does not fail");
    bytes
}

/// Decodes a value from untrusted bytes of at most `max` bytes.
///
/// # Errors
/// [`CodecError`] when the bytes are too long, malformed, or not in deterministic encoding.
pub fn decode<T>(bytes: &[u8], max: usize) -> Result<T, CodecError>
where
    T: Encode<()> + for<'b> Decode<'b, ()>,
{
    if bytes.len() > max {
        return Err(CodecError::TooLong { max, found: bytes.len() });
    }
    let mut decoder = Decoder::new(bytes);
    let value: T = decoder.decode().map_err(|e| CodecError::Malformed(e.to_string()))?;
    if encode_sized(&value, bytes.len()) != bytes {
        return Err(CodecError::NotDeterministic);
    }
    Ok(value)
}

/// Declares a checked text: what its constructor accepts is what its decoder accepts.
macro_rules! text_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl core::str::FromStr for $name {
            type Err = $crate::codec::InvalidText;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let check: fn(&str) -> Result<String, $crate::codec::InvalidText> = $check;
                check(text).map(Self)
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Debug::fmt(&self.0, f)
            }
        }

        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.str(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                d.str()?.parse().map_err(minicbor::decode::Error::message)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use text_type;

/// A text that breaks the rule of its kind; the sentence says which rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidText(pub String);

impl InvalidText {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// Accepts 1 to `max` characters without control characters and without blanks at either end.
pub(crate) fn plain_text(text: &str, max: usize) -> Result<String, InvalidText> {
    let count = text.chars().count();
    if count == 0 || count > max {
        return Err(InvalidText::new(format!("must have 1 to {max} characters, has {count}")));
    }
    if text.chars().any(char::is_control) || text.trim() != text {
        return Err(InvalidText::new("must have no control characters and no blanks at either end"));
    }
    Ok(text.to_owned())
}

/// A byte string of 1 to `MAX` bytes.
///
/// The bound is enforced when it is decoded, so that whoever holds one need not ask again.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes<const MAX: usize>(Vec<u8>);

impl<const MAX: usize> Bytes<MAX> {
    /// Takes bytes.
    ///
    /// # Errors
    /// [`InvalidText`] when there are none or too many.
    pub fn new(bytes: Vec<u8>) -> Result<Self, InvalidText> {
        if bytes.is_empty() || bytes.len() > MAX {
            return Err(InvalidText::new(format!("must have 1 to {MAX} bytes, has {}", bytes.len())));
        }
        Ok(Self(bytes))
    }

    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl<const MAX: usize> core::fmt::Debug for Bytes<MAX> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<C, const MAX: usize> Encode<C> for Bytes<MAX> {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C, const MAX: usize> Decode<'b, C> for Bytes<MAX> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::new(d.bytes()?.to_vec()).map_err(minicbor::decode::Error::message)
    }
}

/// Whether a field that is false is left out of an encoding.
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}

/// Whether the values ascend, each once.
pub(crate) fn ascending<T: Ord>(list: &[T]) -> bool {
    list.iter().zip(list.iter().skip(1)).all(|(a, b)| a < b)
}

text_type! {
    /// A name or title as people write it: 1 to 120 characters.
    Title, |t| plain_text(t, 120)
}
impl Title {
    /// A code as a name, where no other is known; it has 1 to 120 characters.
    pub(crate) fn of_code(code: &str) -> Self {
        Self(code.to_owned())
    }
}

text_type! {
    /// A free description: 1 to 2,000 characters.
    Description, |t| plain_text(t, 2_000)
}
