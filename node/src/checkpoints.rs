//! Checkpoints: after every block the node signs the state of the log, passes its signatures on, and gathers those of
//! the other centres until there are enough to make the checkpoint final.
//!
//! What a node signs it has on disk first: the block, by the store, and the size and root that it is about to sign, in a
//! file of its own. It never signs two roots of one size, nor a shorter log than it has signed, whatever becomes of the store.

mod gather;
mod signed;

pub use gather::{Gathering, Taken};
pub use signed::{Refused, Signed};

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use ledger::checkpoint::{Checkpoint, NoteKey, Policy, SignedCheckpoint, cosigner_name};
use ledger::crypto::{PublicKey, SigningKey};
use ledger::governance::Cosigner;
use ledger::id::{ChainId, CreditCode};
use ledger::state::keys::{CosignerKey, ValidatorsKey};
use ledger::state::{StateError, StateRead, read};
use ledger::store::{Store, StoreError};
use tokio::sync::watch;

use crate::handle::Status;
use crate::keys::{KeyError, Opener};
use crate::lanes::{self, Room};
use crate::network::{self, Channel};

/// Frames of other centres that may wait to be looked at.
const ROOM: Room = Room { items: 1_024, bytes: 1 << 20 };
/// How often a checkpoint that lacks signatures is passed on again.
const AGAIN: Duration = Duration::from_secs(1);

/// Where the members' signatures come in, with a lane for each member.
#[derive(Debug)]
pub struct Inbox(lanes::Sender<network::PublicKey, Bytes>);

/// Where they are taken out.
pub type Frames = lanes::Receiver<network::PublicKey, Bytes>;

/// The way in for the members' signatures.
#[must_use]
pub fn inbox() -> (Inbox, Frames) {
    let (sender, receiver) = lanes::lanes(ROOM);
    (Inbox(sender), receiver)
}

impl Inbox {
    /// Hands over a member's frame. Who fills the room loses frames of its own.
    pub fn frame(&self, peer: network::PublicKey, bytes: Bytes) {
        for (peer, _) in self.0.push(peer, bytes.len(), bytes) {
            metrics::counter!("checkpoint_dropped_total", "peer" => hex::encode(peer)).increment(1);
        }
    }
}

/// The two keys of a node that sign checkpoints.
#[derive(Clone)]
pub struct Keys {
    /// Signs for the log.
    pub log: SigningKey,
    /// Cosigns.
    pub cosigning: SigningKey,
}

impl Keys {
    /// Reads both keys of a home, and makes those that are not there, encrypted as the file of `like` is: they speak for
    /// nobody before the node has registered them.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn of_home(opener: &Opener, log: &Path, cosigning: &Path, like: &Path) -> Result<Self, KeyError> {
        let one = |path: &Path| {
            if path.exists() {
                return opener.secret(path).map(|secret| secret.signing_key());
            }
            let secret = opener.create_like(path, like)?;
            tracing::info!(path = %path.display(), "a key that signs checkpoints was made");
            Ok(secret.signing_key())
        };
        Ok(Self { log: one(log)?, cosigning: one(cosigning)? })
    }

    /// The public halves, in the order log, cosigning.
    #[must_use]
    pub fn public(&self) -> [PublicKey; 2] {
        [self.log.public_key(), self.cosigning.public_key()]
    }
}

/// The newest final checkpoint, as everybody in this process sees it. Cheap to clone.
#[derive(Clone, Default)]
pub struct Latest(Arc<Mutex<Option<Arc<SignedCheckpoint>>>>);

impl Latest {
    /// The checkpoint; `None` before there was one.
    #[must_use]
    pub fn get(&self) -> Option<Arc<SignedCheckpoint>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, checkpoint: SignedCheckpoint) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(checkpoint));
    }
}

/// Whose signatures make a checkpoint final after the block that left this state.
///
/// # Errors
/// [`StateError`].
pub fn policy(state: &dyn StateRead, chain: &ChainId) -> Result<Policy, StateError> {
    let members = read(state, &ValidatorsKey)?.map_or_else(Vec::new, |set| set.iter().cloned().collect());
    let mut centres = Vec::new();
    for member in &members {
        if let Some(cosigner) = read(state, &CosignerKey(&member.organisation))? {
            centres.push(entry(chain, &cosigner));
        }
    }
    Ok(Policy::of_centres(chain.as_str(), members.len(), &centres))
}

fn entry(chain: &ChainId, cosigner: &Cosigner) -> (String, NoteKey, NoteKey) {
    let name = cosigner_name(chain, &cosigner.organisation);
    let (log, key) =
        (NoteKey::log(chain.as_str(), cosigner.log_key), NoteKey::cosigner(&name, cosigner.cosigning_key));
    (name, log, key)
}

/// What the task needs.
pub struct Parts {
    /// The chain: the log's origin.
    pub chain: ChainId,
    /// The ledger on disk.
    pub store: Arc<Store>,
    /// The own keys.
    pub keys: Keys,
    /// The members' mesh.
    pub network: network::Handle,
    /// Where the node stands.
    pub status: watch::Receiver<Status>,
    /// Frames of other centres.
    pub frames: Frames,
    /// Where the final checkpoint goes.
    pub latest: Latest,
    /// Directory of the file of what was signed, and of the newest final checkpoint.
    pub data_dir: PathBuf,
}

/// Why the task cannot go on with a block.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Refused(#[from] Refused),
}

/// The task.
pub struct Task {
    parts: Parts,
    signed: Signed,
    gathering: Gathering,
    /// The own signatures under the newest state, as they are passed on.
    own: Option<Bytes>,
    /// The final checkpoint that is on disk.
    kept: Option<Arc<SignedCheckpoint>>,
}

impl Task {
    /// Takes up what an earlier process has signed.
    ///
    /// # Errors
    /// [`Refused`] when the file cannot be read or is damaged.
    pub fn new(parts: Parts) -> Result<Self, Refused> {
        let signed = Signed::read(&parts.data_dir.join("cosigned"))?;
        let kept = std::fs::read_to_string(final_file(&parts.data_dir)).ok();
        if let Some(kept) = kept.and_then(|text| SignedCheckpoint::parse(&text).ok())
            && kept.checkpoint.origin == parts.chain.as_str()
        {
            parts.latest.set(kept);
        }
        Ok(Self { signed, gathering: Gathering::default(), own: None, kept: None, parts })
    }

    /// Runs until the node stops, on a thread of its own, because it waits for the disk.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn spawn(self) -> io::Result<std::thread::JoinHandle<()>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new().name("checkpoints".into()).spawn(move || runtime.block_on(self.run()))
    }

    async fn run(mut self) {
        let mut again = tokio::time::interval(AGAIN);
        again.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.after_block();
        loop {
            tokio::select! {
                changed = self.parts.status.changed() => match changed {
                    Ok(()) => self.after_block(),
                    Err(_) => return self.keep(),
                },
                Some(frame) = self.parts.frames.recv() => self.take(&frame),
                _ = again.tick() => {
                    self.pass_on_again();
                    self.keep();
                }
            }
        }
    }

    /// Signs the newest state of the log, if it is new.
    fn after_block(&mut self) {
        let (size, root, height) = {
            let status = self.parts.status.borrow_and_update();
            (status.log_size, status.log_root, status.height)
        };
        if size == 0 || self.gathering.newest() == Some(size) {
            return;
        }
        let checkpoint = Checkpoint { origin: self.parts.chain.to_string(), size, root };
        if let Err(error) = self.sign(checkpoint) {
            tracing::error!(%error, %height, "this node signs no checkpoint");
            metrics::counter!("checkpoint_failures_total").increment(1);
        }
    }

    fn sign(&mut self, checkpoint: Checkpoint) -> Result<(), Failure> {
        let (policy, own) = {
            let snapshot = self.parts.store.snapshot()?;
            (policy(&snapshot, &self.parts.chain)?, self.own_name(&snapshot)?)
        };
        let size = checkpoint.size;
        let waited = self.gathering.begin(checkpoint.clone(), policy);
        self.own = None;
        // Keys that are not registered sign nothing: nobody could tell whose they are.
        if let Some(name) = own {
            self.signed.note(size, &checkpoint.root)?;
            let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
            let lines = vec![
                checkpoint.sign(&self.parts.keys.log),
                checkpoint.cosign(&name, &self.parts.keys.cosigning, seconds),
            ];
            let signed = SignedCheckpoint { checkpoint, lines };
            let frame = Bytes::from(signed.text());
            self.take_signed(&signed);
            self.pass_on(&frame);
            self.own = Some(frame);
        }
        waited.iter().for_each(|signed| self.take_signed(signed));
        self.publish();
        Ok(())
    }

    /// The name under which this node cosigns: that of the member whose registered keys are the own ones.
    fn own_name(&self, state: &dyn StateRead) -> Result<Option<String>, StateError> {
        let [log, cosigning] = self.parts.keys.public();
        let members = read(state, &ValidatorsKey)?;
        for member in members.iter().flat_map(|set| set.iter()) {
            let code: &CreditCode = &member.organisation;
            let registered = read(state, &CosignerKey(code))?;
            if registered.is_some_and(|keys| keys.log_key == log && keys.cosigning_key == cosigning) {
                return Ok(Some(cosigner_name(&self.parts.chain, code)));
            }
        }
        Ok(None)
    }

    fn take(&mut self, frame: &[u8]) {
        let text = std::str::from_utf8(frame).ok();
        match text.and_then(|text| SignedCheckpoint::parse(text).ok()) {
            Some(signed) => {
                self.take_signed(&signed);
                self.publish();
            }
            None => metrics::counter!("checkpoint_unreadable_total").increment(1),
        }
    }

    fn take_signed(&mut self, signed: &SignedCheckpoint) {
        if let Taken::Contradicts { by } = self.gathering.take(signed) {
            // Two states of one log of the same size, and a centre's good signature under the other one.
            tracing::error!(
                centre = %by, size = signed.checkpoint.size, text = %signed.text(),
                "a centre has signed another state of the log than this node holds; keep this entry"
            );
            metrics::counter!("checkpoint_split_views_total").increment(1);
        }
    }

    /// Makes the newest checkpoint that is final known.
    fn publish(&self) {
        let Some(newest) = self.gathering.final_one() else { return };
        if self.parts.latest.get().is_some_and(|known| *known == newest) {
            return;
        }
        metrics::gauge!("checkpoint_size").set(newest.checkpoint.size as f64);
        self.parts.latest.set(newest);
    }

    /// Keeps the newest final checkpoint for the next start.
    fn keep(&mut self) {
        let newest = self.parts.latest.get().filter(|newest| self.kept.as_ref() != Some(newest));
        let Some(newest) = newest else { return };
        let unfinished = final_file(&self.parts.data_dir).with_extension("new");
        let kept = std::fs::write(&unfinished, newest.text())
            .and_then(|()| std::fs::rename(&unfinished, final_file(&self.parts.data_dir)));
        match kept {
            Ok(()) => self.kept = Some(newest),
            Err(error) => tracing::warn!(%error, "the newest final checkpoint is not on disk"),
        }
    }

    fn pass_on_again(&mut self) {
        if let Some(frame) = self.own.clone().filter(|_| !self.gathering.is_complete()) {
            self.pass_on(&frame);
        }
    }

    fn pass_on(&self, frame: &Bytes) {
        if let Err(error) = self.parts.network.broadcast(Channel::Checkpoints, frame.clone()) {
            tracing::debug!(%error, "a checkpoint could not be passed on");
        }
    }
}

fn final_file(data_dir: &Path) -> PathBuf {
    data_dir.join("checkpoint.txt")
}
