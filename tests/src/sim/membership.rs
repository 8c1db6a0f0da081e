//! Who votes from which height on, where a run changes it.
//!
//! Every reader of the simulator takes the validator set from the state, at every height. A script here lays other sets
//! over that one key of the state, the same on every node, so that joining, leaving and a change of keys can be tried
//! without an act that brings them about. Where acts of the ledger change the set, leave the script empty: nothing
//! else has to change.

use std::collections::BTreeMap;

use ledger::id::Height;
use ledger::validators::ValidatorSet;

/// Validator sets by the first height they decide.
#[derive(Clone, Debug, Default)]
pub struct Membership(BTreeMap<u64, ValidatorSet>);

impl Membership {
    /// From this height on, this set decides.
    pub fn from(&mut self, height: u64, set: ValidatorSet) {
        self.0.insert(height, set);
    }

    /// The set that decides a height, if the script says.
    #[must_use]
    pub fn at(&self, height: Height) -> Option<&ValidatorSet> {
        self.0.range(..=height.get()).next_back().map(|(_, set)| set)
    }

    /// How often the set changes.
    #[must_use]
    pub fn changes(&self) -> usize {
        self.0.len()
    }

    /// The last height at which it changes; 0 without a script.
    #[must_use]
    pub fn last_height(&self) -> u64 {
        self.0.last_key_value().map_or(0, |(height, _)| *height)
    }
}
