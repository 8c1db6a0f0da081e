//! Envelopes: the padded payload under a key that follows from the secret.

use core::fmt;

use zeroize::Zeroizing;

use crate::bid::KeyContext;
use crate::document::DocumentKey;
use crate::suite::{AeadKey, Nonce, Ristretto255, Suite, TAG_LEN};

/// Each key encrypts one envelope, so its nonce is always this.
const NONCE: Nonce = [0; 12];
/// What follows a payload; zeros come after it.
const MARK: u8 = 0x80;

/// How long the payloads of a tender are padded to, so that their lengths tell nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SizeClass {
    /// 1 KiB.
    Kib1,
    /// 2 KiB.
    Kib2,
    /// 4 KiB.
    Kib4,
    /// 8 KiB.
    Kib8,
    /// 16 KiB.
    Kib16,
}

impl SizeClass {
    /// Every class, the smallest first.
    pub const ALL: [Self; 5] = [Self::Kib1, Self::Kib2, Self::Kib4, Self::Kib8, Self::Kib16];

    /// The class of so many KiB.
    pub fn from_kib(kib: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.kib() == kib)
    }

    /// KiB of a padded payload: 1, 2, 4, 8 or 16.
    pub const fn kib(self) -> u8 {
        match self {
            Self::Kib1 => 1,
            Self::Kib2 => 2,
            Self::Kib4 => 4,
            Self::Kib8 => 8,
            Self::Kib16 => 16,
        }
    }

    /// Bytes of a padded payload.
    pub fn padded_len(self) -> usize {
        usize::from(self.kib()) << 10
    }

    /// Bytes of an envelope of this class (check E1).
    pub fn envelope_len(self) -> usize {
        self.padded_len() + TAG_LEN
    }
}

/// A payload that leaves no room for its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the payload has {found} bytes; the tender's class takes at most {most}")]
pub struct PayloadTooLong {
    /// Bytes of the payload.
    pub found: usize,
    /// Bytes that fit.
    pub most: usize,
}

/// Why an envelope gives no payload. It is the bidder's fault, and every node finds the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It was not made with the key that the dealing gives (M1).
    #[error("the envelope does not open with the key of its dealing")]
    Envelope,
    /// The payload is not padded as it must be (M2).
    #[error("the payload's padding is not 0x80 and zeros")]
    Padding,
}

/// Pads a payload to its class: 0x80, then zeros.
///
/// # Errors
/// [`PayloadTooLong`].
pub fn pad(payload: &[u8], class: SizeClass) -> Result<Zeroizing<Vec<u8>>, PayloadTooLong> {
    let (found, most) = (payload.len(), class.padded_len() - 1);
    if found > most {
        return Err(PayloadTooLong { found, most });
    }
    let mut padded = Zeroizing::new(Vec::with_capacity(class.padded_len()));
    padded.extend_from_slice(payload);
    padded.push(MARK);
    padded.resize(class.padded_len(), 0);
    Ok(padded)
}

/// The payload without its padding. What it was padded to, the envelope's length has shown.
///
/// # Errors
/// [`Malformed::Padding`].
pub fn unpad(padded: &[u8]) -> Result<&[u8], Malformed> {
    let end = padded.iter().rposition(|byte| *byte != 0).ok_or(Malformed::Padding)?;
    match padded.split_at_checked(end) {
        Some((payload, [MARK, ..])) => Ok(payload),
        _ => Err(Malformed::Padding),
    }
}

/// The encoding of a bid's secret point, S. Known to the bidder before the opening and to everybody after it; the chain
/// stores it then, because the document keys follow from it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<S: Suite = Ristretto255>(Zeroizing<Vec<u8>>, core::marker::PhantomData<S>);

impl<S: Suite> Secret<S> {
    pub(crate) fn of(point: &S::Point) -> Self {
        Self(Zeroizing::new(S::encode_point(point).as_ref().to_vec()), core::marker::PhantomData)
    }

    /// Takes a secret as it was stored; nothing for a wrong length. Whether it is the bid's, the envelope shows.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (bytes.len() == S::POINT_LEN).then(|| Self(Zeroizing::new(bytes.to_vec()), core::marker::PhantomData))
    }

    /// Its bytes: 32 in suite 0x01.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn key(&self, context: &KeyContext) -> AeadKey {
        S::derive(context.as_bytes(), &self.0, b"envelope")
    }

    /// The key of the document of this index, from 0.
    pub fn document_key(&self, context: &KeyContext, index: u16) -> DocumentKey<S> {
        let mut info = b"document".to_vec();
        info.extend_from_slice(&index.to_be_bytes());
        DocumentKey::of(S::derive(context.as_bytes(), &self.0, &info))
    }

    pub(crate) fn encrypt(&self, context: &KeyContext, padded: &[u8]) -> Vec<u8> {
        let mut buffer = Vec::with_capacity(padded.len() + TAG_LEN);
        buffer.extend_from_slice(padded);
        S::encrypt(&self.key(context), &NONCE, context.as_bytes(), &mut buffer);
        buffer
    }

    /// Decrypts an envelope and leaves the padding on.
    ///
    /// # Errors
    /// [`Malformed::Envelope`].
    pub fn decrypt(&self, context: &KeyContext, envelope: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut buffer = envelope.to_vec();
        let opened = S::decrypt(&self.key(context), &NONCE, context.as_bytes(), &mut buffer);
        if opened { Ok(buffer) } else { Err(Malformed::Envelope) }
    }

    /// Opens an envelope: the payload without its padding.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn open(&self, context: &KeyContext, envelope: &[u8]) -> Result<Vec<u8>, Malformed> {
        let mut padded = self.decrypt(context, envelope)?;
        let end = unpad(&padded)?.len();
        padded.truncate(end);
        Ok(padded)
    }
}

impl<S: Suite> fmt::Debug for Secret<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}
