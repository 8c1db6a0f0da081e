//! Where signatures of our own come from.

use ledger::crypto::{PublicKey, Signature, SigningKey};
use thiserror::Error;

/// A key that did not sign: the device was taken away, or refuses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the key did not sign: {0}")]
pub struct SigningFailed(pub String);

/// Holds the voting key of this node: in memory, or in a device that never lets it out.
pub trait Signer: Send {
    /// The voting key, by which the others know us.
    fn public_key(&self) -> PublicKey;

    /// Signs the bytes. The same bytes must always give the same signature.
    ///
    /// # Errors
    /// [`SigningFailed`]; a replica that cannot sign halts rather than going on without its vote's record.
    fn sign(&self, bytes: &[u8]) -> Result<Signature, SigningFailed>;
}

impl Signer for SigningKey {
    fn public_key(&self) -> PublicKey {
        Self::public_key(self)
    }

    fn sign(&self, bytes: &[u8]) -> Result<Signature, SigningFailed> {
        Ok(Self::sign(self, bytes))
    }
}
