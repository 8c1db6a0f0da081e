//! Messages for the height after this one, kept within bounds until it begins.

use std::collections::BTreeMap;

use ledger::crypto::PublicKey;

use crate::message::Message;

/// How many senders are listened to.
const SENDERS_MAX: usize = 256;
/// How many votes and proposals of one sender are kept.
const SMALL_PER_SENDER: usize = 16;
/// How many certificates of one sender are kept.
const CERTIFICATES_PER_SENDER: usize = 2;
/// How many blocks are kept in all; one per sender.
const BLOCKS_MAX: usize = 4;

/// The buffer.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    messages: Vec<(PublicKey, Message)>,
    counts: BTreeMap<PublicKey, Counts>,
    blocks: usize,
}

#[derive(Debug, Default)]
struct Counts {
    small: usize,
    certificates: usize,
    blocks: usize,
}

impl Pending {
    /// Keeps a message if there is room; tells whether it did.
    pub(crate) fn add(&mut self, from: PublicKey, message: Message) -> bool {
        if self.counts.len() >= SENDERS_MAX && !self.counts.contains_key(&from) {
            return false;
        }
        if self.messages.iter().any(|(sender, kept)| *sender == from && *kept == message) {
            return false;
        }
        let counts = self.counts.entry(from).or_default();
        let (count, bound) = match message {
            Message::Proposal(_) | Message::Vote(_) | Message::VoteAgain(_) => {
                (&mut counts.small, SMALL_PER_SENDER)
            }
            Message::Polka(_) | Message::Round(_) | Message::Commit(_) => {
                (&mut counts.certificates, CERTIFICATES_PER_SENDER)
            }
            Message::Block { .. } if self.blocks < BLOCKS_MAX => (&mut counts.blocks, 1),
            Message::Block { .. } | Message::WantBlock { .. } => return false,
        };
        if *count >= bound {
            return false;
        }
        *count = count.saturating_add(1);
        self.blocks = self.blocks.saturating_add(usize::from(matches!(message, Message::Block { .. })));
        self.messages.push((from, message));
        true
    }

    /// Takes everything, in the order it came.
    pub(crate) fn take(&mut self) -> Vec<(PublicKey, Message)> {
        std::mem::take(self).messages
    }

    /// Whether a validator has really begun the height: requests and certificates of the height
    /// do not tell.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}
