//! Where signatures of our own come from.

use ledger::crypto::{PublicKey, Signature, SigningKey};

/// Holds the voting key of this node: in memory, or in a device that never lets it out.
pub trait Signer: Send {
    /// The voting key, by which the others know us.
    fn public_key(&self) -> PublicKey;

    /// Signs the bytes. The same bytes must always give the same signature.
    fn sign(&self, bytes: &[u8]) -> Signature;
}

impl Signer for SigningKey {
    fn public_key(&self) -> PublicKey {
        Self::public_key(self)
    }

    fn sign(&self, bytes: &[u8]) -> Signature {
        Self::sign(self, bytes)
    }
}
