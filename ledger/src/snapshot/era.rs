//! The chain of validator sets, from that of the genesis to the present one.
//!
//! A block that changes the validators is decided by those before the change, and the state root in its header is the one
//! after it. So its certificate and the place of the new set under that root hand the trust over: whoever trusts the old set
//! can trust the new one, exactly as if every block had been fetched, because the same signatures decide.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::SnapshotError;
use crate::block::{Header, MAX_HEADER_BYTES};
use crate::certificate::{CommitCertificate, MAX_CERTIFICATE_BYTES};
use crate::codec;
use crate::hash::ValidatorSetHash;
use crate::id::{ChainId, Height};
use crate::merkle::map::proof::MapProof;
use crate::state::keys::ValidatorsKey;
use crate::state::{StateKey as _, decode_value};
use crate::validators::ValidatorSet;

/// A block that changes the validators, with what proves it. It is kept when the block is stored, because old versions of
/// the map are not.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct EraLink {
    /// The header's encoding.
    #[n(0)]
    pub header: ByteVec,
    /// The encoding of the certificate by the validators before the change.
    #[n(1)]
    pub certificate: ByteVec,
    /// The validators after it, as the state has them.
    #[n(2)]
    pub validators: ByteVec,
    /// The encoding of the proof that they stand under the header's state root.
    #[n(3)]
    pub proof: ByteVec,
}

/// Walks from era to era. Every step is checked with the set before it, so a lie is found where it is told.
#[derive(Clone, Debug)]
pub struct EraWalk {
    chain: ChainId,
    /// The last block that changed the validators; 0 for the genesis.
    height: Height,
    /// Every set so far, that of the genesis first.
    sets: Vec<ValidatorSet>,
}

impl EraWalk {
    /// Begins with the validators of the genesis.
    #[must_use]
    pub fn new(chain: ChainId, genesis: ValidatorSet) -> Self {
        Self { chain, height: Height::GENESIS, sets: vec![genesis] }
    }

    /// The last block that changed the validators, as far as it is known; 0 for the genesis.
    #[must_use]
    pub fn height(&self) -> Height {
        self.height
    }

    /// The set of this name, if it has voted in one of the eras walked through.
    #[must_use]
    pub fn set(&self, hash: ValidatorSetHash) -> Option<&ValidatorSet> {
        self.sets.iter().rev().find(|set| set.hash() == hash)
    }

    /// Takes the block that ends the last era known.
    ///
    /// # Errors
    /// [`SnapshotError`] when it is not decided by the validators of that era, or the new ones are not proven; nothing has
    /// changed then.
    pub fn step(&mut self, link: &EraLink) -> Result<(), SnapshotError> {
        let header: Header = codec::decode(&link.header, MAX_HEADER_BYTES)?;
        let certificate: CommitCertificate = codec::decode(&link.certificate, MAX_CERTIFICATE_BYTES)?;
        if certificate.block_id != header.id() || certificate.height != header.height {
            return Err(SnapshotError::OtherBlock);
        }
        let Some(now) = self.sets.last() else { return Err(SnapshotError::Era(header.height)) };
        if header.height <= self.height || header.validators != now.hash() {
            return Err(SnapshotError::Era(header.height));
        }
        certificate.verify(&self.chain, now)?;
        let unproven = || SnapshotError::Era(header.height);
        let key = ValidatorsKey.key();
        let proof = MapProof::decode(&link.proof).map_err(|_| unproven())?;
        proof.verify(header.state_root.as_bytes(), &key, Some(&link.validators)).map_err(|_| unproven())?;
        let next: ValidatorSet = decode_value(&key, &link.validators).map_err(|_| unproven())?;
        self.height = header.height;
        self.sets.push(next);
        Ok(())
    }
}
