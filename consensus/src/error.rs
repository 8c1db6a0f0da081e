//! Why bytes are refused and why a replica stops.

use ledger::block;
use ledger::id::Height;
use thiserror::Error;

/// A message or record that is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The bytes are not the CBOR expected here: cut short, or of another shape.
    #[error("malformed or truncated")]
    Malformed,
    /// Decodes, but is not in the deterministic encoding, or bytes follow.
    #[error("not in deterministic encoding")]
    NotCanonical,
    /// A length or number above its bound.
    #[error("{what} is {actual}, above the bound of {bound}")]
    OutOfBounds {
        /// What is too large.
        what: &'static str,
        /// Its size.
        actual: usize,
        /// The largest taken.
        bound: usize,
    },
}

/// A write-ahead log that cannot be recovered from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum LogError {
    /// A damaged frame is followed by an intact one of the same height. A crash cannot do that,
    /// because a frame is only written once the one before it is on disk: the disk has lost data
    /// that this node may have acted on.
    #[error(
        "write-ahead log is corrupt at byte {offset}, with intact frames after it: this node may \
         have signed votes it no longer remembers. Keep the file for inspection, replace the disk, \
         and restart only once the other validators have decided this height"
    )]
    CorruptMiddle {
        /// Where the damaged frame begins.
        offset: usize,
    },
    /// An intact frame holds a record that does not decode: written by another version.
    #[error("write-ahead log frame at byte {offset} holds a record that does not decode: {source}")]
    BadRecord {
        /// Where the frame begins.
        offset: usize,
        /// What is wrong with it.
        source: DecodeError,
    },
    /// More records than one frame may hold.
    #[error("a frame of {actual} bytes is above the bound of {bound}")]
    FrameTooLarge {
        /// Payload length.
        actual: usize,
        /// The largest allowed.
        bound: usize,
    },
}

/// Why a replica has stopped.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HaltReason {
    /// More than two thirds committed a block that our rules refuse: this node runs other rules
    /// or holds other state than the rest.
    #[error(
        "block {block_id} at height {height} is committed by the others but invalid here: \
             this node has diverged (other version, or damaged state)"
    )]
    Diverged {
        /// The height.
        height: Height,
        /// The block.
        block_id: block::Id,
    },
    /// Replay of the write-ahead log led to another vote than the recorded one.
    #[error("replay of the write-ahead log at height {height} disagrees with it: {detail}")]
    ReplayDiverged {
        /// The height.
        height: Height,
        /// What the engine reported.
        detail: String,
    },
    /// The voting key does not sign any more. Nothing was sent that it should have signed.
    #[error("the voting key did not sign at height {height}: {detail}. Restart the node when it does again")]
    CannotSign {
        /// The height.
        height: Height,
        /// What the device said.
        detail: String,
    },
    /// The host broke the order of inputs.
    #[error("height {requested} cannot be started after {last}")]
    OutOfOrder {
        /// The height that was to be started.
        requested: Height,
        /// The last height started or decided.
        last: Height,
    },
    /// The engine decided without a quorum; never expected.
    #[error("engine decided height {height} with {signatures} signatures")]
    NoQuorum {
        /// The height.
        height: Height,
        /// How many signatures it had.
        signatures: usize,
    },
}
