//! How a node does with its tenders, for operators.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a key stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KeyStanding {
    /// None is needed: the network has no rules of tenders, or this node is no member's.
    #[default]
    NotNeeded,
    /// It is being made or registered.
    Waiting,
    /// It is registered, and here.
    Registered,
    /// It is registered, and its file is not here or cannot be opened.
    Lost(String),
}

/// Everything that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The seat key of the present epoch.
    pub seat_key: KeyStanding,
    /// The key for stamps of the present quarter.
    pub stamp_key: KeyStanding,
    /// Chunks of openings for which this centre's shares are missing: those that it cannot give, for want of the key.
    pub shares_missing: usize,
}

/// How the task does. Cheap to clone.
#[derive(Clone, Default)]
pub struct Standing(Arc<Mutex<Known>>);

impl Standing {
    /// What is known.
    #[must_use]
    pub fn get(&self) -> Known {
        self.lock().clone()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
