//! Collects outputs and keeps the order of persisting and speaking.
//!
//! At a height that others have decided already nothing new is signed: the core goes on, so that what still comes can
//! decide it here too, but its new signatures are neither put on record nor sent. That saves a slow disk the flushes, and
//! is safe, because a signature that nobody has seen binds nobody.

use ledger::crypto::PublicKey;

use crate::log::Record;
use crate::message::Message;
use crate::output::{Output, Target};

/// Flush when this much waits, in bytes, so that a frame stays far below its bound.
const UNSYNCED_BYTES_MAX: usize = 32 << 20;

/// Outputs in the making.
#[derive(Default)]
pub(crate) struct Outbox {
    outputs: Vec<Output>,
    /// Whether something we signed is persisted but not yet flushed. What others signed need not be
    /// flushed: forgetting it cannot make us contradict ourselves, and it is flushed along with our
    /// next signature, which may rest on it.
    unsynced_signature: bool,
    unsynced_bytes: usize,
    muted: bool,
    /// What we have signed at this height and put on record.
    signed: Vec<Record>,
}

impl Outbox {
    pub(crate) fn take(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    /// Anything that neither speaks nor persists.
    pub(crate) fn push(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// Signs nothing new until the height ends.
    pub(crate) fn mute(&mut self) {
        self.muted = true;
    }

    /// Whether nothing new is signed.
    pub(crate) const fn is_muted(&self) -> bool {
        self.muted
    }

    /// These were put on record by an earlier process.
    pub(crate) fn recover(&mut self, signed: &[Record]) {
        self.signed.extend_from_slice(signed);
    }

    pub(crate) fn persist(&mut self, record: Record, own: &PublicKey) {
        if record.signer().is_some_and(|signer| signer == *own) {
            if self.muted {
                return;
            }
            self.unsynced_signature = true;
            self.signed.push(record.clone());
        }
        self.unsynced_bytes = self.unsynced_bytes.saturating_add(record.size_hint());
        self.outputs.push(Output::Persist(record));
        if self.unsynced_bytes > UNSYNCED_BYTES_MAX {
            self.sync();
        }
    }

    /// Sends or commits, once our signatures are safe.
    pub(crate) fn speak(&mut self, output: Output) {
        if self.unsynced_signature {
            self.sync();
        }
        self.outputs.push(output);
    }

    pub(crate) fn send_all(&mut self, message: Message) {
        let is_on_record = match &message {
            Message::Vote(vote) | Message::VoteAgain(vote) => {
                self.signed.contains(&Record::Vote(vote.clone()))
            }
            Message::Proposal(proposal) => self.signed.contains(&Record::Proposal(proposal.clone())),
            Message::Polka(_) | Message::Round(_) | Message::Commit(_) => true,
            Message::Block { .. } | Message::WantBlock { .. } => true,
        };
        if self.muted && !is_on_record {
            return;
        }
        self.speak(Output::Send { to: Target::All, message });
    }

    pub(crate) fn send_one(&mut self, peer: PublicKey, message: Message) {
        self.speak(Output::Send { to: Target::One(peer), message });
    }

    /// The log of the height is of no more use.
    pub(crate) fn height_ended(&mut self) {
        self.unsynced_signature = false;
        self.unsynced_bytes = 0;
        self.muted = false;
        self.signed.clear();
    }

    fn sync(&mut self) {
        self.outputs.push(Output::Sync);
        self.unsynced_signature = false;
        self.unsynced_bytes = 0;
    }
}
