//! What a centre's node does for tenders with sealed bids, by itself and when it is asked.
//!
//! By itself ([`Task`]): it makes a seat key for every sealing epoch and a key for admission stamps for every quarter, and
//! registers them; it gives its seat's shares of every opening, when [`release`] says that the time has come and not before;
//! it destroys seat keys that no tender needs any more.
//!
//! When asked: it signs admission stamps blindly for enrolled bidders ([`stamps`]), and says when a bid came ([`arrivals`]). Both
//! are on the disk before they leave.

pub mod admission;
pub mod arrivals;
pub mod keys;
mod lines;
pub mod release;
pub mod stamps;
mod standing;
mod task;

use std::path::Path;
use std::sync::{Arc, Mutex};

use ledger::crypto::PublicKey;
use ledger::id::CreditCode;
use ledger::state::keys::{SteppedClockKey, ValidatorsKey};
use ledger::state::{StateError, StateRead, read};
use ledger::time::BlockTime;

use crate::host::real_time;
use crate::keys::Voice;
use crate::network;
use arrivals::Arrivals;
use keys::Keys;
use stamps::Stamps;

pub use standing::{KeyStanding, Known, Standing};
pub use task::Task;

/// What time it is: this machine's clock, or what the stepped clock of the network reads. `now` is the time of the last block.
///
/// # Errors
/// [`StateError`].
pub fn clock(state: &dyn StateRead, now: BlockTime) -> Result<BlockTime, StateError> {
    Ok(read(state, &SteppedClockKey)?.map_or_else(real_time, |clock| clock.reads.max(now)))
}

/// What the interface and the task share.
pub struct Desk {
    /// Signs for the centre.
    pub voice: Voice,
    /// When bids came.
    pub arrivals: Mutex<Arrivals>,
    /// Admission stamps, and how many each organisation has.
    pub stamps: Mutex<Stamps>,
    /// The keys of seats and stamps.
    pub keys: Arc<Keys>,
    /// How the task does.
    pub standing: Standing,
    /// The network key of this node, by which the ledger names its centre.
    node: network::PublicKey,
}

impl Desk {
    /// Takes up what an earlier process has signed, in the directory `data`.
    ///
    /// # Errors
    /// When the files of that cannot be read.
    pub fn open(
        voice: Voice,
        keys: Keys,
        node: network::PublicKey,
        data: &Path,
        stamps_per_quarter: u32,
    ) -> std::io::Result<Self> {
        Ok(Self {
            voice,
            arrivals: Mutex::new(Arrivals::open(&data.join("arrivals.log"))?),
            stamps: Mutex::new(Stamps::open(&data.join("stamps"), stamps_per_quarter)?),
            keys: Arc::new(keys),
            standing: Standing::default(),
            node,
        })
    }

    /// The centre of this node, if it is a member's.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn own_centre(&self, state: &dyn StateRead) -> Result<Option<CreditCode>, StateError> {
        let members = read(state, &ValidatorsKey)?;
        let is_own = |key: &PublicKey| *key.as_bytes() == self.node;
        let own = members.iter().flat_map(|set| set.iter()).find(|member| is_own(&member.network_key));
        Ok(own.map(|member| member.organisation.clone()))
    }
}
