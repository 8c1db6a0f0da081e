//! What a node answers to its peers' questions, by whoever holds what is asked for.

use bytes::Bytes;
use ledger::store::Store;
use tokio::sync::oneshot;

use crate::wire::Question;
use crate::{catchup, documents, snapshots};

/// Where answers come from.
#[derive(Clone)]
pub struct Sources {
    /// The ledger.
    pub store: std::sync::Arc<Store>,
    /// State snapshots.
    pub snapshots: std::sync::Arc<snapshots::shelf::Shelf>,
    /// Documents of bids.
    pub documents: std::sync::Arc<documents::shelf::Shelf>,
}

impl Sources {
    /// Answers a question. Silence is an answer to nonsense.
    pub fn answer(&self, question: &[u8], respond: oneshot::Sender<Bytes>) {
        let found = Question::decode(question).ok().and_then(|question| {
            snapshots::answer(&self.snapshots, &question)
                .or_else(|| documents::answer(&self.documents, &question))
        });
        match found {
            Some(answer) => drop(respond.send(answer.encode())),
            None => catchup::answer(&self.store, question, respond),
        }
    }
}
