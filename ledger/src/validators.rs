//! The centres that vote, one vote each.

use minicbor::{Decode, Encode};

use crate::codec;
use crate::crypto::PublicKey;
use crate::hash::{ValidatorSetHash, tagged};
use crate::id::CreditCode;

/// Largest number of validators in a set.
pub const MAX_VALIDATORS: usize = 128;

/// A centre's voting membership.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Validator {
    /// The key that signs votes and proposals, and the sign-off of the genesis.
    #[n(0)]
    pub public_key: PublicKey,
    /// The libp2p identity of the centre's node.
    #[n(1)]
    pub network_key: PublicKey,
    /// The centre's organisation.
    #[n(2)]
    pub organisation: CreditCode,
}

/// Validators in the order of their voting keys; between 1 and [`MAX_VALIDATORS`], without repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidatorSet(Vec<Validator>);

/// Why validators do not form a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValidatorSetError {
    /// No validator, or more than [`MAX_VALIDATORS`].
    #[error("a validator set has 1 to 128 members, this one has {0}")]
    Size(usize),
    /// A voting key, network key or organisation that stands twice.
    #[error("a voting key, network key or organisation stands twice in the validator set")]
    Repeated,
}

impl ValidatorSet {
    /// Makes a set of validators given in any order.
    ///
    /// # Errors
    /// [`ValidatorSetError`].
    pub fn new(mut validators: Vec<Validator>) -> Result<Self, ValidatorSetError> {
        if validators.is_empty() || validators.len() > MAX_VALIDATORS {
            return Err(ValidatorSetError::Size(validators.len()));
        }
        validators.sort_by_key(|v| v.public_key);
        let repeats = |mut keys: Vec<Vec<u8>>| {
            keys.sort();
            keys.windows(2).any(|pair| pair.first() == pair.last())
        };
        let of = |key: fn(&Validator) -> Vec<u8>| validators.iter().map(key).collect();
        if repeats(of(|v| v.public_key.as_bytes().to_vec()))
            || repeats(of(|v| v.network_key.as_bytes().to_vec()))
            || repeats(of(|v| v.organisation.as_str().as_bytes().to_vec()))
        {
            return Err(ValidatorSetError::Repeated);
        }
        Ok(Self(validators))
    }

    /// Number of validators, `n`.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Never true: a set has at least one member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The validators in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Validator> {
        self.0.iter()
    }

    /// The validator with this voting key.
    pub fn get(&self, key: &PublicKey) -> Option<&Validator> {
        self.0.binary_search_by_key(key, |v| v.public_key).ok().and_then(|index| self.0.get(index))
    }

    /// The validator of this organisation.
    pub fn of(&self, organisation: &CreditCode) -> Option<&Validator> {
        self.0.iter().find(|validator| validator.organisation == *organisation)
    }

    /// The validator at `index` in the order of voting keys.
    pub fn at(&self, index: usize) -> Option<&Validator> {
        self.0.get(index)
    }

    /// Votes needed to decide: the least number that is more than two thirds of all.
    pub fn quorum(&self) -> usize {
        self.len().saturating_mul(2).saturating_div(3).saturating_add(1)
    }

    /// What a header calls this set.
    pub fn hash(&self) -> ValidatorSetHash {
        ValidatorSetHash::from_bytes(tagged("zhulian/validators/1", &[&codec::encode(self)]))
    }
}

impl<C> Encode<C> for ValidatorSet {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        self.0.encode(e, ctx)
    }
}

impl<'b, C> Decode<'b, C> for ValidatorSet {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        Self::new(Vec::decode(d, ctx)?).map_err(minicbor::decode::Error::message)
    }
}
