//! Whose turn it is to propose.

use std::num::NonZeroU64;

use ledger::crypto::PublicKey;
use ledger::id::Height;
use ledger::validators::ValidatorSet;

/// The proposer of a round: the validators take turns in the order of their keys, one further with
/// every height and every round.
pub fn proposer(validators: &ValidatorSet, height: Height, round: u32) -> PublicKey {
    let count = NonZeroU64::new(validators.len() as u64).unwrap_or(NonZeroU64::MIN);
    // Two remainders below 2^7 each: their sum cannot overflow, and an index below the length is
    // in the set.
    let turn = (height.get() % count).saturating_add(u64::from(round) % count) % count;
    let index = usize::try_from(turn).unwrap_or_default();
    validators.at(index).map(|validator| validator.public_key).unwrap_or_default()
}
