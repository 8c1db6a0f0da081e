//! The signatures that make a block final, and what exactly they sign.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode};

use crate::block;
use crate::codec;
use crate::crypto::{Claim, PublicKey, Signature, verify_batch};
use crate::id::{ChainId, Height};
use crate::validators::{MAX_VALIDATORS, ValidatorSet};

/// The two votes of a round (Tendermint).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum VoteType {
    /// The first vote: "I saw a valid proposal".
    #[n(1)]
    Prevote,
    /// The second vote: "I saw a quorum of prevotes". A quorum of these decides.
    #[n(2)]
    Precommit,
}

/// The bytes a validator signs in a vote.
///
/// A CBOR array of the text `zhulian/vote/1`, the chain id, the vote type (1 prevote, 2 precommit),
/// the height, the round, and the block id or null.
pub fn vote_sign_bytes(
    chain: &ChainId,
    vote: VoteType,
    height: Height,
    round: u32,
    block: Option<block::Id>,
) -> Vec<u8> {
    codec::encode(&("zhulian/vote/1", chain.as_str(), vote, height, round, block))
}

/// One validator's precommit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CommitSignature {
    /// The voting key.
    #[n(0)]
    pub public_key: PublicKey,
    /// Its signature over [`vote_sign_bytes`] of a precommit.
    #[n(1)]
    pub signature: Signature,
}

/// Precommits of more than two thirds of the validators for one block.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CommitCertificate {
    /// Height of the block.
    #[n(0)]
    pub height: Height,
    /// Round of the height in which it was decided, from 0.
    #[n(1)]
    pub round: u32,
    /// The block.
    #[n(2)]
    pub block_id: block::Id,
    /// The precommits, in ascending order of voting keys.
    #[n(3)]
    pub signatures: Vec<CommitSignature>,
}

/// Largest encoding of a certificate, in bytes.
pub const MAX_CERTIFICATE_BYTES: usize = 64 + MAX_VALIDATORS * 112;

/// Why a certificate does not decide.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Signatures that are not in strictly ascending order of keys.
    #[error("the precommits are not in strictly ascending order of voting keys")]
    Order,
    /// A key that is not a validator's.
    #[error("{0} is not a validator of this height")]
    UnknownValidator(PublicKey),
    /// A signature that does not verify.
    #[error("the precommit of {0} does not verify")]
    BadSignature(PublicKey),
    /// Too few of them.
    #[error("{found} precommits where {needed} are needed")]
    NoQuorum {
        /// The quorum of the set.
        needed: usize,
        /// What the certificate has.
        found: usize,
    },
}

impl CommitCertificate {
    /// Checks that a quorum of `validators` signed, that nobody is counted twice, and that every
    /// signature verifies.
    ///
    /// # Errors
    /// [`CertificateError`], the first fault in the order of its variants.
    pub fn verify(&self, chain: &ChainId, validators: &ValidatorSet) -> Result<(), CertificateError> {
        let keys: BTreeSet<&PublicKey> = self.signatures.iter().map(|s| &s.public_key).collect();
        let ascending = self.signatures.iter().zip(&keys).all(|(s, key)| s.public_key == **key);
        if !ascending || keys.len() != self.signatures.len() {
            return Err(CertificateError::Order);
        }
        if let Some(stranger) = keys.iter().find(|key| validators.get(key).is_none()) {
            return Err(CertificateError::UnknownValidator(**stranger));
        }
        self.verify_signatures(chain)?;
        let (needed, found) = (validators.quorum(), self.signatures.len());
        if found < needed { Err(CertificateError::NoQuorum { needed, found }) } else { Ok(()) }
    }

    fn verify_signatures(&self, chain: &ChainId) -> Result<(), CertificateError> {
        let message =
            vote_sign_bytes(chain, VoteType::Precommit, self.height, self.round, Some(self.block_id));
        let claims: Vec<Claim<'_>> = self
            .signatures
            .iter()
            .map(|s| Claim { key: &s.public_key, message: &message, signature: &s.signature })
            .collect();
        let answers = verify_batch(&claims);
        match self.signatures.iter().zip(answers).find(|(_, good)| !good) {
            Some((bad, _)) => Err(CertificateError::BadSignature(bad.public_key)),
            None => Ok(()),
        }
    }

    /// The deterministic encoding.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads a certificate from untrusted bytes; it is not verified by this.
    ///
    /// # Errors
    /// [`codec::CodecError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, codec::CodecError> {
        codec::decode(bytes, MAX_CERTIFICATE_BYTES)
    }
}
