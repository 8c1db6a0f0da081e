//! Fetching the documents that this centre has to hold, and forgetting those whose time is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ledger::hash::DocumentHash;
use ledger::id::CreditCode;
use ledger::record::tender::TenderStage;
use ledger::state::keys::{TenderKey, ValidatorsKey};
use ledger::state::read;
use ledger::store::Store;
use ledger::time::BlockTime;

use super::duty::{DutyError, Fate, Wanted, fate, has_ended, wanted};
use super::shelf::{About, Shelf, ShelfError};
use crate::network;
use crate::wire::{Answer, Question};

/// How often the task looks what there is to do.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How long a peer may take to give a piece.
const PATIENCE: Duration = Duration::from_secs(20);
/// A centre counts as gone when it has not been connected for so many looks: half a minute. One that restarts is not
/// replaced.
const GONE_AFTER: u32 = 10;

/// How this centre does its duty, for whoever asks. Cheap to clone.
#[derive(Clone, Default)]
pub struct Standing(Arc<Mutex<Missing>>);

/// Documents that this centre must hold and does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// How many are being fetched.
    pub fetching: usize,
    /// How many of them no peer gave when it was asked last.
    pub nowhere: usize,
}

impl Standing {
    /// What is missing.
    #[must_use]
    pub fn get(&self) -> Missing {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, missing: Missing) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = missing;
    }
}

/// What the task works with.
pub struct Task {
    /// The ledger.
    pub store: Arc<Store>,
    /// The documents.
    pub shelf: Arc<Shelf>,
    /// The peers.
    pub network: network::Handle,
    /// Where it is said how it goes.
    pub standing: Standing,
}

/// What is to be done after one look at the ledger.
#[derive(Default)]
struct Look {
    /// How high the ledger was.
    height: u64,
    now: BlockTime,
    wanted: BTreeMap<DocumentHash, Wanted>,
    /// The network keys of the members.
    centres: BTreeMap<network::PublicKey, CreditCode>,
}

impl Look {
    fn is_duty(&self, wanted: &Wanted, node: &network::PublicKey, there: &BTreeSet<CreditCode>) -> bool {
        self.centres.get(node).is_some_and(|own| wanted.is_duty_of(own, there))
    }
}

impl Task {
    /// Runs until the node stops.
    pub async fn run(self) {
        let this = Arc::new(self);
        let mut absent: BTreeMap<CreditCode, u32> = BTreeMap::new();
        let mut last: Option<Look> = None;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let (looking, seen) = (this.clone(), last.as_ref().map(|look| look.height));
            match tokio::task::spawn_blocking(move || looking.look(seen)).await {
                Ok(Ok(look)) => {
                    let look = look.or(last.take()).unwrap_or_default();
                    this.work(&look, &mut absent).await;
                    last = Some(look);
                }
                Ok(Err(error)) => tracing::warn!(%error, "what documents are to be held cannot be read"),
                // The node is stopping.
                Err(_) => return,
            }
        }
    }

    /// Looks what is wanted, and removes what is not; nothing when the ledger is as high as it was `seen` before.
    fn look(&self, seen: Option<u64>) -> Result<Option<Look>, DutyError> {
        let state = self.store.snapshot()?;
        let height = state.tip().height;
        if seen == Some(height) {
            return Ok(None);
        }
        let header = state.header(state.tip().height)?;
        let now =
            header.and_then(|bytes| ledger::block::Header::decode(&bytes).ok()).map(|header| header.time);
        let now = now.unwrap_or_default();
        for (hash, about, held) in self.shelf.list() {
            let stage = read(&state, &TenderKey(&about.tender))?.map(|tender| tender.stage);
            self.settle(&hash, &about, held, stage, now);
        }
        let members = read(&state, &ValidatorsKey)?;
        let members = members.iter().flat_map(|set| set.iter());
        let centres = members.map(|m| (*m.network_key.as_bytes(), m.organisation.clone())).collect();
        Ok(Some(Look { height, now, wanted: wanted(&state)?, centres }))
    }

    fn settle(
        &self,
        hash: &DocumentHash,
        about: &About,
        held: bool,
        stage: Option<TenderStage>,
        now: BlockTime,
    ) {
        let done = match fate(about, held, stage.is_none_or(has_ended), now) {
            Fate::Stays => return,
            Fate::Note => self.shelf.note(hash, Some(now)),
            Fate::Goes => {
                tracing::info!(document = %hash, tender = %about.tender, "the time of a document is over");
                self.shelf.forget(hash)
            }
        };
        if let Err(error) = done {
            tracing::warn!(document = %hash, %error, "a document whose time is over stays for now");
        }
    }

    async fn work(&self, look: &Look, absent: &mut BTreeMap<CreditCode, u32>) {
        let there = self.there(look, absent);
        let mut missing = Missing::default();
        for (hash, wanted) in &look.wanted {
            if self.shelf.held(hash).is_some() || !look.is_duty(wanted, &self.network.public_key(), &there) {
                continue;
            }
            missing.fetching += 1;
            if !self.fetch(hash, wanted, look).await {
                missing.nowhere += 1;
            }
        }
        self.standing.set(missing);
        let held = self.shelf.list();
        metrics::gauge!("documents_held").set(held.iter().filter(|(_, _, held)| *held).count() as f64);
        metrics::gauge!("documents_bytes")
            .set(held.iter().map(|(_, about, _)| about.len).sum::<u64>() as f64);
        metrics::gauge!("documents_missing").set(missing.nowhere as f64);
    }

    /// The centres that count as there: connected now, or not gone for long.
    fn there(&self, look: &Look, absent: &mut BTreeMap<CreditCode, u32>) -> BTreeSet<CreditCode> {
        let connected: BTreeSet<_> =
            self.network.peers().iter().filter(|peer| peer.connected).map(|peer| peer.public_key).collect();
        let mut there = BTreeSet::new();
        absent.retain(|centre, _| look.centres.values().any(|member| member == centre));
        for (key, centre) in &look.centres {
            let looks = absent.entry(centre.clone()).or_insert(0);
            *looks = if connected.contains(key) { 0 } else { looks.saturating_add(1) };
            if *looks < GONE_AFTER {
                there.insert(centre.clone());
            }
        }
        there
    }

    /// Fetches a document, going on where an earlier try ended; tells whether all of it is here.
    async fn fetch(&self, hash: &DocumentHash, wanted: &Wanted, look: &Look) -> bool {
        let about = About {
            tender: wanted.tender,
            len: wanted.len,
            key: wanted.key,
            since: look.now,
            unneeded_since: None,
        };
        if let Err(error) = self.shelf.announce(hash, &about) {
            tracing::warn!(document = %hash, %error, "a document that is to be held here cannot be");
            return false;
        }
        for peer in self.peers(wanted, look) {
            match self.fetch_from(&peer, hash).await {
                Ok(true) => {
                    tracing::info!(document = %hash, bytes = wanted.len, "a document was fetched from another centre");
                    metrics::counter!("documents_fetched_total").increment(1);
                    return true;
                }
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(document = %hash, peer = %crate::catchup::short(&peer), %error, "a document was not fetched");
                }
            }
        }
        false
    }

    /// The connected members, in the order in which they keep the document.
    fn peers(&self, wanted: &Wanted, look: &Look) -> Vec<network::PublicKey> {
        let place = |key: &network::PublicKey| {
            let centre = look.centres.get(key)?;
            wanted.order.iter().position(|one| one == centre)
        };
        let connected = self.network.peers().into_iter().filter(|peer| peer.connected);
        let mut placed: Vec<_> =
            connected.filter_map(|peer| Some((place(&peer.public_key)?, peer.public_key))).collect();
        placed.sort_unstable();
        placed.into_iter().map(|(_, key)| key).collect()
    }

    /// False when the peer does not have it. A piece that does not fit is the peer's fault, and the hash of the whole finds
    /// out who gives wrong bytes.
    async fn fetch_from(&self, peer: &network::PublicKey, hash: &DocumentHash) -> Result<bool, ShelfError> {
        loop {
            let stands = self.shelf.progress(hash).ok_or(ShelfError::Unknown)?;
            if stands.held {
                return Ok(true);
            }
            let question = Question::Document { hash: *hash, offset: stands.offset };
            let answer = self.network.request(peer, question.encode(), PATIENCE).await;
            let Ok(Ok(Answer::Document(piece))) = answer.map(|bytes| Answer::decode(&bytes)) else {
                return Ok(false);
            };
            if piece.is_empty() {
                return Ok(false);
            }
            let (shelf, hash) = (self.shelf.clone(), *hash);
            let added = tokio::task::spawn_blocking(move || shelf.append(&hash, stands.offset, &piece)).await;
            added.map_err(std::io::Error::other)??;
        }
    }
}
