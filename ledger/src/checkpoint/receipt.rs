//! A receipt: the proof that one leaf is in the log under a final checkpoint, as a C2SP tlog-proof file.

use base64ct::{Base64, Encoding as _};

use super::{CheckpointError, Finality, MAX_CHECKPOINT_BYTES, Policy, SignedCheckpoint, decimal, hash};
use crate::block::MAX_LEAF_BYTES;
use crate::merkle::Hash;
use crate::merkle::log::{leaf_hash, verify_inclusion};

/// The first line of the file.
const HEAD: &str = "c2sp.org/tlog-proof@v1";
/// Hashes on the longest path.
const MAX_PATH: usize = 63;
/// Largest receipt that is read, in bytes: a leaf in base64, a path, and a checkpoint.
pub const MAX_RECEIPT_BYTES: usize = MAX_LEAF_BYTES * 2 + 8 * 1024 + MAX_CHECKPOINT_BYTES;

/// A receipt, of which nothing is known to be good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The leaf: a block's header, or a signed transaction. Other programs may leave it out.
    pub leaf: Option<Vec<u8>>,
    /// Its place in the log, from 0.
    pub index: u64,
    /// The hashes beside the way to the root, from the leaf on.
    pub path: Vec<Hash>,
    /// The checkpoint.
    pub checkpoint: SignedCheckpoint,
}

/// A receipt that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The hash of the leaf.
    pub leaf_hash: Hash,
    /// Who has signed.
    pub finality: Finality,
}

impl Receipt {
    /// The file.
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}\n");
        if let Some(leaf) = &self.leaf {
            text.push_str(&format!("extra {}\n", Base64::encode_string(leaf)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&Base64::encode_string(hash));
            text.push('\n');
        }
        text.push('\n');
        text.push_str(&self.checkpoint.text());
        text
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`CheckpointError::Malformed`] or [`CheckpointError::TooLarge`]; nothing is verified.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        if text.len() > MAX_RECEIPT_BYTES {
            return Err(CheckpointError::TooLarge { what: "the receipt" });
        }
        let wrong = |line, what| CheckpointError::Malformed { line, what };
        let (proof, checkpoint) =
            text.split_once("\n\n").ok_or(wrong(1, "an empty line before the checkpoint"))?;
        let mut lines = (1usize..).zip(proof.split('\n')).peekable();
        if lines.next().is_none_or(|(_, line)| line != HEAD) {
            return Err(wrong(1, "c2sp.org/tlog-proof@v1"));
        }
        let mut leaf = None;
        if let Some((number, extra)) = lines.next_if(|(_, line)| line.starts_with("extra ")) {
            let extra = extra.trim_start_matches("extra ");
            leaf = Some(Base64::decode_vec(extra).map_err(|_| wrong(number, "the leaf in base64"))?);
        }
        let (_, index) = lines.next().ok_or(wrong(2, "index N"))?;
        let index = index.strip_prefix("index ").and_then(decimal).ok_or(wrong(2, "index N"))?;
        let mut path = Vec::new();
        for (number, line) in lines {
            if path.len() == MAX_PATH {
                return Err(CheckpointError::TooLarge { what: "the path" });
            }
            path.push(hash(line).ok_or(wrong(number, "a hash of 32 bytes, in base64"))?);
        }
        Ok(Self { leaf, index, path, checkpoint: SignedCheckpoint::parse(checkpoint)? })
    }

    /// Judges the receipt for this leaf, or for the one that it carries.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn verify(&self, leaf: Option<&[u8]>, policy: &Policy) -> Result<Verified, CheckpointError> {
        let leaf = leaf.or(self.leaf.as_deref()).ok_or(CheckpointError::NoLeaf)?;
        let leaf_hash = leaf_hash(leaf);
        let checkpoint = &self.checkpoint.checkpoint;
        verify_inclusion(&leaf_hash, self.index, checkpoint.size, &self.path, &checkpoint.root)
            .map_err(|_| CheckpointError::NotIncluded { index: self.index })?;
        Ok(Verified { leaf_hash, finality: policy.judge(&self.checkpoint)? })
    }
}
