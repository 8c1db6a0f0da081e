//! The voting key as those see it that sign beside consensus.

use std::sync::{Arc, PoisonError, RwLock};

use consensus::{Signer as _, SigningFailed};
use ledger::crypto::PublicKey;
use ledger::procedure::attestation::Attestation;

use super::LedgerKey;

/// The key with which this node votes now; it follows when the members put the next one in place. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Voice(Arc<RwLock<LedgerKey>>);

impl Voice {
    /// The voice of a key.
    #[must_use]
    pub fn new(key: LedgerKey) -> Self {
        Self(Arc::new(RwLock::new(key)))
    }

    /// Goes on with another key.
    pub fn set(&self, key: LedgerKey) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = key;
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> LedgerKey {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.key().public_key()
    }

    /// Signs as the centre: who holds a document, when a bid came.
    ///
    /// # Errors
    /// [`SigningFailed`] when the key is on a token that does not sign.
    pub fn attest(&self, bytes: &[u8]) -> Result<Attestation, SigningFailed> {
        let key = self.key();
        Ok(Attestation { key: key.public_key(), signature: key.sign(bytes)? })
    }
}
