//! A snapshot of the store as execution reads it.

use super::{Snapshot, Store, StoreError};
use crate::block;
use crate::execute::Tip;
use crate::id::Height;
use crate::state::{StateError, StateRead};
use crate::time::BlockTime;
use crate::transaction;

impl From<StoreError> for StateError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

impl StateRead for Snapshot<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.state_get(key)?)
    }

    fn first_in(&self, from: &[u8], before: &[u8]) -> Result<Option<(Vec<u8>, Vec<u8>)>, StateError> {
        if from >= before {
            return Ok(None);
        }
        Ok(self.state_range(from, Some(before))?.next().transpose()?)
    }

    fn is_recorded(&self, id: &transaction::Id) -> Result<bool, StateError> {
        Ok(self.transaction_exists(id.as_bytes())?)
    }
}

impl Store {
    /// The last block as execution needs it. `genesis_time` dates height 0, which has no header.
    ///
    /// # Errors
    /// [`StoreError`] when there is no genesis, or the last header is damaged.
    pub fn ledger_tip(&self, genesis_time: BlockTime) -> Result<Tip, StoreError> {
        let tip = self.tip().ok_or(StoreError::NotInitialised)?;
        let time = match tip.height {
            0 => genesis_time,
            height => {
                let header = self.snapshot()?.header(height)?.ok_or(StoreError::NoBlock(height))?;
                let damaged =
                    |e: crate::codec::CodecError| StoreError::Corrupt(format!("header {height}: {e}"));
                block::Header::decode(&header).map_err(damaged)?.time
            }
        };
        Ok(Tip { height: Height::new(tip.height), id: block::Id::from_bytes(tip.block_id), time })
    }
}
