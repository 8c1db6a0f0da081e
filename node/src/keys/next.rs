//! The voting key that follows the present one.

use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::{KeyError, KeyReference, LedgerKey, Opener};

/// The voting key that follows the present one. It is opened when it is first looked for, and again when its file has
/// changed: opening an encrypted one takes a second, and a node without a vote looks at every height.
#[derive(Debug)]
pub struct NextKey {
    reference: KeyReference,
    opener: Arc<Opener>,
    /// What was found last, and when its file had been changed.
    found: Option<(Option<SystemTime>, Option<LedgerKey>)>,
}

impl NextKey {
    /// The key at a place where there may be none yet.
    pub const fn new(reference: KeyReference, opener: Arc<Opener>) -> Self {
        Self { reference, opener, found: None }
    }

    /// The key, if there is one that can be opened.
    ///
    /// # Errors
    /// [`KeyError`], once for each state of its file.
    pub fn get(&mut self) -> Result<Option<LedgerKey>, KeyError> {
        if !self.reference.exists() {
            self.found = None;
            return Ok(None);
        }
        let changed = match &self.reference {
            KeyReference::File(path) => changed(path),
            KeyReference::Token(_) => None,
        };
        if let Some((then, key)) = &self.found
            && *then == changed
        {
            return Ok(key.clone());
        }
        let opened = self.opener.ledger_key(&self.reference);
        self.found = Some((changed, opened.as_ref().ok().cloned()));
        opened.map(Some)
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|file| file.modified()).ok()
}
