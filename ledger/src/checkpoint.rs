//! What the world outside sees of the log: checkpoints that the centres cosign, in the text formats of C2SP, so that whoever
//! verifies them needs nothing of ours.
//!
//! ```text
//! zhulian/4f5a0c…            origin: the chain id
//! 4211                       size: leaves in the log
//! 0iQ0…=                     root: RFC 6962 tree hash, base64
//!
//! — zhulian/4f5a0c… Hr9…=    the log's signature, by one of the centres
//! — zhulian/4f5a0c…/12440100MB2C12345X k7u…=    cosignatures, one for each centre
//! ```
//!
//! Sources: C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature v1.0.1, tlog-policy and tlog-proof of 2026.

mod note;
mod policy;
mod receipt;

pub use note::{KeyKind, Line, NoteKey};
pub use policy::{Finality, Policy};
pub use receipt::{MAX_RECEIPT_BYTES, Receipt, Verified};

use base64ct::{Base64, Encoding as _};

use crate::crypto::{Signature, SigningKey};
use crate::id::{ChainId, CreditCode};
use crate::merkle::Hash;

/// Longest checkpoint with its signatures that is read, in bytes.
pub const MAX_CHECKPOINT_BYTES: usize = 64 * 1024;
/// Most signatures of a checkpoint that are read: twice what the largest network needs.
pub const MAX_LINES: usize = 256;

/// Why a checkpoint, policy or receipt is not what it claims to be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The text is not in the form that its specification demands.
    #[error("line {line}: {what}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// What was expected.
        what: &'static str,
    },
    /// Longer, or with more lines, than anything honest.
    #[error("{what} is larger than anything honest")]
    TooLarge {
        /// What.
        what: &'static str,
    },
    /// A key that is known has not made the signature under its name.
    #[error("the signature of {name} does not verify")]
    WrongSignature {
        /// Whose.
        name: String,
    },
    /// The checkpoint is of another log than the policy.
    #[error("the checkpoint is of the log {found}, the policy of {expected}")]
    OtherLog {
        /// The checkpoint's origin.
        found: String,
        /// The policy's.
        expected: String,
    },
    /// No key of the policy that may speak for the log has signed.
    #[error("none of the policy's log keys has signed the checkpoint")]
    NotSigned,
    /// Too few cosignatures of the policy's witnesses.
    #[error("{found} witnesses of the policy have cosigned, too few for its quorum")]
    NoQuorum {
        /// Witnesses whose cosignatures verify.
        found: usize,
    },
    /// The receipt does not carry the leaf that it is about.
    #[error("the receipt does not carry what it is about; name the file that does")]
    NoLeaf,
    /// The leaf is not in the tree of the checkpoint at the place that the receipt names.
    #[error("the leaf is not at place {index} of the log under this checkpoint")]
    NotIncluded {
        /// The place.
        index: u64,
    },
}

/// The state of the log: how many leaves, and their root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Whose log: the chain id.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// RFC 6962 tree hash.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed: three lines, each with its line end.
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, Base64::encode_string(&self.root))
    }

    /// Reads the text that is signed. Further lines are allowed by the specification and mean nothing to us, but would not be
    /// covered by [`Self::text`]: they are refused.
    fn parse(text: &str) -> Result<Self, CheckpointError> {
        let wrong = |line, what| CheckpointError::Malformed { line, what };
        let mut lines = text.lines();
        let origin = lines.next().filter(|line| !line.is_empty()).ok_or(wrong(1, "an origin"))?;
        let size = lines.next().and_then(decimal).ok_or(wrong(2, "the number of leaves, in decimal"))?;
        let root = lines.next().and_then(hash).ok_or(wrong(3, "a tree hash of 32 bytes, in base64"))?;
        match lines.next() {
            None => Ok(Self { origin: origin.to_owned(), size, root }),
            Some(_) => Err(wrong(4, "nothing but signatures after the tree hash")),
        }
    }

    /// What a cosignature of this second signs (tlog-cosignature, "cosignature/v1").
    fn cosigned(&self, seconds: u64) -> Vec<u8> {
        format!("cosignature/v1\ntime {seconds}\n{}", self.text()).into_bytes()
    }

    /// The log's own signature.
    pub fn sign(&self, key: &SigningKey) -> Line {
        let name = NoteKey::log(&self.origin, key.public_key());
        Line::new(&name, key.sign(self.text().as_bytes()).as_bytes().to_vec())
    }

    /// A cosignature, made `seconds` after 1970 by the cosigner's clock.
    pub fn cosign(&self, name: &str, key: &SigningKey, seconds: u64) -> Line {
        let signature = key.sign(&self.cosigned(seconds));
        let blob = [&seconds.to_be_bytes()[..], signature.as_bytes()].concat();
        Line::new(&NoteKey::cosigner(name, key.public_key()), blob)
    }
}

/// A checkpoint with signatures, of which nothing is known to be good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What is signed.
    pub checkpoint: Checkpoint,
    /// The signatures, in the order of the text.
    pub lines: Vec<Line>,
}

impl SignedCheckpoint {
    /// The whole text.
    pub fn text(&self) -> String {
        let lines: String = self.lines.iter().map(Line::text).collect();
        format!("{}\n{lines}", self.checkpoint.text())
    }

    /// Reads the whole text.
    ///
    /// # Errors
    /// [`CheckpointError`]; no signature is verified.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        if text.len() > MAX_CHECKPOINT_BYTES {
            return Err(CheckpointError::TooLarge { what: "the checkpoint" });
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(CheckpointError::Malformed { line: 1, what: "no control characters" });
        }
        let malformed = |what| CheckpointError::Malformed { line: 1, what };
        // The signatures begin after the last empty line.
        let end = text.rfind("\n\n").ok_or(malformed("an empty line before the signatures"))?;
        let (signed, lines) = text.split_at(end.saturating_add(1));
        let lines = lines.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.filter(|lines| !lines.is_empty()).ok_or(malformed("signatures, and a line end"))?;
        let first = signed.lines().count().saturating_add(2);
        let lines: Vec<&str> = lines.split('\n').collect();
        if lines.len() > MAX_LINES {
            return Err(CheckpointError::TooLarge { what: "the list of signatures" });
        }
        let lines = lines
            .iter()
            .enumerate()
            .map(|(i, line)| Line::parse(line, first.saturating_add(i)))
            .collect::<Result<_, _>>()?;
        let checkpoint = Checkpoint::parse(signed)?;
        Ok(Self { checkpoint, lines })
    }

    /// Whether a key has signed, and for a cosignature when, in seconds after 1970.
    ///
    /// # Errors
    /// [`CheckpointError::WrongSignature`] when there is a line under its name and id that it has not made: a note with
    /// such a line is refused as a whole (signed-note).
    pub fn signed_by(&self, key: &NoteKey) -> Result<Option<Signed>, CheckpointError> {
        let mut found = None;
        for line in self.lines.iter().filter(|line| line.is_of(key)) {
            let signed = self.check(line, key);
            found = Some(signed.ok_or_else(|| CheckpointError::WrongSignature { name: key.name.clone() })?);
        }
        Ok(found)
    }

    fn check(&self, line: &Line, key: &NoteKey) -> Option<Signed> {
        let (seconds, signature, message) = match key.kind {
            KeyKind::Log => (None, line.blob.as_slice(), self.checkpoint.text().into_bytes()),
            KeyKind::Cosigner => {
                let (time, signature) = line.blob.split_first_chunk::<8>()?;
                let seconds = u64::from_be_bytes(*time);
                (Some(seconds), signature, self.checkpoint.cosigned(seconds))
            }
        };
        let signature = Signature::from_bytes(signature.try_into().ok()?);
        crate::crypto::verify(&key.key, &message, &signature).ok().map(|()| Signed { seconds })
    }
}

/// A signature that verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed {
    /// When, in seconds after 1970 by the signer's clock; a log's own signature does not say.
    pub seconds: Option<u64>,
}

/// The name under which a centre cosigns.
pub fn cosigner_name(chain: &ChainId, centre: &CreditCode) -> String {
    format!("{chain}/{centre}")
}

/// A decimal number as the specifications write it: digits, without leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// A hash of 32 bytes in base64.
fn hash(text: &str) -> Option<Hash> {
    let mut bytes = [0; 32];
    let decoded = Base64::decode(text, &mut bytes).ok()?.len();
    (decoded == bytes.len()).then_some(bytes)
}
