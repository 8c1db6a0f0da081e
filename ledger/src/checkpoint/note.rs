//! Names, keys and signature lines of C2SP signed notes.

use base64ct::{Base64, Encoding as _};

use super::CheckpointError;
use crate::crypto::PublicKey;
use crate::hash::sha256;

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyKind {
    /// The note itself: Ed25519, type 1.
    Log,
    /// The note and the time: Ed25519 cosignature/v1, type 4.
    Cosigner,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 1,
            Self::Cosigner => 4,
        }
    }
}

/// A name with a key: what C2SP calls a verifier key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NoteKey {
    /// The name, without spaces and plus signs.
    pub name: String,
    /// What it signs.
    pub kind: KeyKind,
    /// The key.
    pub key: PublicKey,
}

impl NoteKey {
    /// A key that speaks for the log; its name is the log's origin.
    pub fn log(origin: &str, key: PublicKey) -> Self {
        Self { name: origin.to_owned(), kind: KeyKind::Log, key }
    }

    /// A cosigner's key.
    pub fn cosigner(name: &str, key: PublicKey) -> Self {
        Self { name: name.to_owned(), kind: KeyKind::Cosigner, key }
    }

    /// The first four bytes of SHA-256(name, line end, type, key).
    pub fn id(&self) -> [u8; 4] {
        let hash = sha256(&[self.name.as_bytes(), &b"\n"[..], &self.typed()[..]].concat());
        let [a, b, c, d, ..] = hash;
        [a, b, c, d]
    }

    fn typed(&self) -> [u8; 33] {
        let mut typed = [self.kind.byte(); 33];
        typed.iter_mut().skip(1).zip(self.key.as_bytes()).for_each(|(slot, byte)| *slot = *byte);
        typed
    }

    /// As text: `NAME+ID+KEY`.
    pub fn vkey(&self) -> String {
        let [a, b, c, d] = self.id();
        format!("{}+{a:02x}{b:02x}{c:02x}{d:02x}+{}", self.name, Base64::encode_string(&self.typed()))
    }

    /// Reads the text; `line` says where it stands, for errors.
    pub(super) fn parse(text: &str, line: usize) -> Result<Self, CheckpointError> {
        let wrong = |what| CheckpointError::Malformed { line, what };
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong("a verifier key NAME+ID+KEY"));
        };
        if !is_name(name) {
            return Err(wrong("a name without spaces and plus signs"));
        }
        let mut typed = [0; 33];
        let length = Base64::decode(key, &mut typed).map_err(|_| wrong("a key in base64"))?.len();
        let (kind, key) = match typed.split_first() {
            Some((1, key)) if length == 33 => (KeyKind::Log, key),
            Some((4, key)) if length == 33 => (KeyKind::Cosigner, key),
            _ => return Err(wrong("an Ed25519 key of type 1 or 4")),
        };
        let key = key.try_into().map(PublicKey::from_bytes).map_err(|_| wrong("a key of 32 bytes"))?;
        let parsed = Self { name: name.to_owned(), kind, key };
        let [a, b, c, d] = parsed.id();
        if id == format!("{a:02x}{b:02x}{c:02x}{d:02x}") {
            Ok(parsed)
        } else {
            Err(wrong("the id that belongs to name and key"))
        }
    }
}

/// A signature under a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    name: String,
    id: [u8; 4],
    pub(super) blob: Vec<u8>,
}

impl Line {
    pub(super) fn new(key: &NoteKey, blob: Vec<u8>) -> Self {
        Self { name: key.name.clone(), id: key.id(), blob }
    }

    /// Whether it stands under the name and id of this key; nothing is verified.
    pub fn is_of(&self, key: &NoteKey) -> bool {
        self.name == key.name && self.id == key.id()
    }

    /// Who is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line, with its end.
    pub fn text(&self) -> String {
        let blob = [&self.id[..], &self.blob].concat();
        format!("— {} {}\n", self.name, Base64::encode_string(&blob))
    }

    /// Reads a line; `number` says where it stands, for errors.
    pub(super) fn parse(text: &str, number: usize) -> Result<Self, CheckpointError> {
        let wrong = CheckpointError::Malformed { line: number, what: "a signature: — NAME BASE64" };
        let (name, blob) =
            text.strip_prefix("— ").and_then(|rest| rest.split_once(' ')).ok_or(wrong.clone())?;
        let blob = Base64::decode_vec(blob).map_err(|_| wrong.clone())?;
        match blob.split_first_chunk::<4>() {
            Some((id, blob)) if is_name(name) && !blob.is_empty() => {
                Ok(Self { name: name.to_owned(), id: *id, blob: blob.to_vec() })
            }
            _ => Err(wrong),
        }
    }
}

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}
