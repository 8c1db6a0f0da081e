//! What is signed or hashed around a bid: exact byte strings, so that every party means the same.
//!
//! Who signs and how a signature is judged is the caller's; each function gives the bytes.

use crate::id::{OneTimeKey, TenderId};
use crate::label;
use crate::suite::{Digest, Suite};

/// An encrypted document as the chain cites it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentRef {
    /// SHA-256 of the ciphertext, under which the centres store it.
    pub sha256: [u8; 32],
    /// Bytes of the ciphertext.
    pub len: u64,
}

/// Names a tender by the bytes of its body.
pub fn tender_id<S: Suite>(body: &[u8]) -> TenderId {
    TenderId::from_bytes(S::hash(label::TENDER, &[body]).name())
}

/// Commits a bid to its documents, in their order. A bid without documents has a root too.
pub fn docs_root<S: Suite>(documents: &[DocumentRef]) -> Digest {
    let fields: Vec<[u8; 40]> = documents
        .iter()
        .map(|document| {
            let mut field = [0; 40];
            let (hash, len) = field.split_at_mut(32);
            hash.copy_from_slice(&document.sha256);
            len.copy_from_slice(&document.len.to_be_bytes());
            field
        })
        .collect();
    let fields: Vec<&[u8]> = fields.iter().map(<[u8; 40]>::as_slice).collect();
    S::hash(label::DOCS, &fields)
}

/// What a centre signs when it holds a document: until the tender's end and 90 days.
pub fn receipt<S: Suite>(chain_id: &str, tender: &TenderId, document: &DocumentRef) -> Digest {
    let fields: [&[u8]; 4] =
        [chain_id.as_bytes(), tender.as_bytes(), &document.sha256, &document.len.to_be_bytes()];
    S::hash(label::RECEIPT, &fields)
}

/// What a centre signs when a transaction arrives, with its own clock in milliseconds since 1970.
pub fn arrival<S: Suite>(chain_id: &str, transaction: &[u8; 32], arrived_ms: u64) -> Digest {
    S::hash(label::ARRIVAL, &[chain_id.as_bytes(), transaction, &arrived_ms.to_be_bytes()])
}

/// What an issuer blindly signs, so that the one-time key may bid once.
pub fn stamp<S: Suite>(chain_id: &str, key: &OneTimeKey) -> Digest {
    S::hash(label::STAMP, &[chain_id.as_bytes(), key.as_bytes()])
}

/// Hides a one-time key in a letter of guarantee: `opening` is 32 random bytes that go into the envelope.
pub fn guarantee_bind<S: Suite>(key: &OneTimeKey, opening: &[u8; 32]) -> Digest {
    S::hash(label::GUARANTEE_BIND, &[key.as_bytes(), opening])
}

/// What a bank signs: the letter's canonical bytes.
pub fn guarantee<S: Suite>(letter: &[u8]) -> Digest {
    S::hash(label::GUARANTEE, &[letter])
}

/// Commits to a document key that only the organiser gets.
pub fn document_key<S: Suite>(key: &[u8; 32]) -> Digest {
    S::hash(label::DOCUMENT_KEY, &[key])
}

/// The payload without the bidder's signature, as that signature commits to it.
pub fn payload<S: Suite>(unsigned: &[u8]) -> Digest {
    S::hash(label::PAYLOAD, &[unsigned])
}

/// What a one-time key signs where no transaction envelope does: all bytes before the signature.
pub fn transaction<S: Suite>(chain_id: &str, preceding: &[u8]) -> Digest {
    S::hash(label::TRANSACTION, &[chain_id.as_bytes(), preceding])
}

/// What a bidder's certificate signs inside the envelope. It ties the identity to this bid and its dealing, so that nobody
/// can put another's signed payload into a bid of theirs.
#[derive(Clone, Copy, Debug)]
pub struct BidderStatement<'a> {
    /// The chain.
    pub chain_id: &'a str,
    /// The tender.
    pub tender: &'a TenderId,
    /// The key that signs the bid.
    pub one_time_key: &'a OneTimeKey,
    /// The bid's version.
    pub sequence: u32,
    /// The dealer's public key, as it travels.
    pub dealer: &'a [u8],
    /// The root of the documents.
    pub docs_root: &'a Digest,
    /// The hash of [`payload`].
    pub payload: &'a Digest,
}

impl BidderStatement<'_> {
    /// The bytes to sign.
    pub fn hash<S: Suite>(&self) -> Digest {
        let fields: [&[u8]; 7] = [
            self.chain_id.as_bytes(),
            self.tender.as_bytes(),
            self.one_time_key.as_bytes(),
            &self.sequence.to_be_bytes(),
            self.dealer,
            self.docs_root.as_bytes(),
            self.payload.as_bytes(),
        ];
        S::hash(label::BIDDER, &fields)
    }
}
