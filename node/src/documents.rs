//! The encrypted documents of bids, kept beside the ledger by the hash of their bytes.
//!
//! A bidder uploads each document to more centres of the tender's committee than can fail, and each signs that it holds it
//! until 90 days after the tender's end; a bid without those receipts is not recorded. Then the committee keeps it that way:
//! every document has an order of centres, which every node computes alike, and those that come first of the connected
//! ones fetch what they lack. So a holder that disappears is replaced without anybody's doing.
//!
//! - [`shelf`]: the files, written in pieces and verified before they count.
//! - [`duty`]: what the ledger wants held, by whom, and until when.
//! - [`task`]: fetching what is missing and forgetting what nobody needs any more.

pub mod duty;
pub mod shelf;
pub mod task;

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use ledger::hash::DocumentHash;

use crate::wire::{Answer, MAX_DOCUMENT_PIECE, Question};
use shelf::Shelf;
use task::Standing;

/// Uploads that are known by their tokens at a time; the oldest is forgotten for a new one, and announced again.
const TOKENS_MAX: usize = 4_096;

/// What the interface needs for documents.
pub struct Documents {
    /// The files.
    pub shelf: Arc<Shelf>,
    /// How this centre does its duty.
    pub standing: Standing,
    tokens: Mutex<VecDeque<(Token, DocumentHash)>>,
}

/// Names an upload to whoever announced it: nobody else can spoil it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Token([u8; 16]);

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl FromStr for Token {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut token = [0; 16];
        hex::decode_to_slice(text, &mut token).map_err(|_| "expected 32 hexadecimal digits")?;
        Ok(Self(token))
    }
}

impl Documents {
    /// Documents in `shelf`.
    #[must_use]
    pub fn new(shelf: Arc<Shelf>, standing: Standing) -> Self {
        Self { shelf, standing, tokens: Mutex::default() }
    }

    /// A token for the upload of a document; the same as long as it is remembered.
    #[must_use]
    pub fn token(&self, document: DocumentHash) -> Token {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((token, _)) = tokens.iter().find(|(_, announced)| *announced == document) {
            return *token;
        }
        if tokens.len() >= TOKENS_MAX {
            tokens.pop_front();
        }
        let token = Token(rand::random());
        tokens.push_back((token, document));
        token
    }

    /// The document that a token names.
    #[must_use]
    pub fn document(&self, token: &Token) -> Option<DocumentHash> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.iter().find(|(known, _)| known == token).map(|(_, document)| *document)
    }
}

/// Answers a peer that asks for a piece of a document; no bytes when it is not held.
#[must_use]
pub fn answer(shelf: &Shelf, question: &Question) -> Option<Answer> {
    let Question::Document { hash, offset } = question else { return None };
    let bytes = shelf.read(hash, *offset, MAX_DOCUMENT_PIECE).unwrap_or_default();
    Some(Answer::Document(bytes.into()))
}
