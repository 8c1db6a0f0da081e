//! Joining by a state snapshot: everything is fetched from peers that may lie, and verified before it counts.
//!
//! 1. A block is trusted: one certified by validators that follow from those of the genesis by proven changes, or the one
//!    that the operator names.
//! 2. The headers from there back to genesis, with the leaf hashes of the transactions: each names the one before it. They
//!    give the log.
//! 3. The chunks of the state, from several peers at once, each checked alone against the state root.
//! 4. The blocks of the expiry window, whole: the ids of their transactions are what keeps a transaction from being
//!    recorded twice, and they are not in the state. A node without them must not vote.
//! 5. All of it into the store, which has a tip only when everything is there.

pub(super) mod fetch;
pub(super) mod install;
mod peers;
mod staging;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::block::{self, Header};
use ledger::genesis::Genesis;
use ledger::id::Height;
use ledger::snapshot::{EraLink, EraWalk, Manifest, Part, SnapshotError, Walk};
use ledger::store::{Store, StoreError, Tip};
use tokio::sync::watch;

use crate::network;
use install::InstallError;
use peers::Peers;
use staging::Staging;

/// How often the log says how far joining is.
const SAY_EVERY: Duration = Duration::from_secs(5);
/// Pause when nobody can be asked.
const PAUSE: Duration = Duration::from_millis(200);
/// After this long without a single useful answer another snapshot is looked for: peers keep only the newest ones.
const GIVE_UP: Duration = Duration::from_secs(60);

/// What a joining node is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Step {
    /// Looking for a snapshot.
    #[default]
    Choosing,
    /// Fetching headers.
    Headers,
    /// Fetching the state.
    State,
    /// Fetching the blocks of the expiry window.
    Blocks,
    /// Writing into the store.
    Installing,
}

impl Step {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Choosing => "looking for a snapshot",
            Self::Headers => "fetching headers",
            Self::State => "fetching the state",
            Self::Blocks => "fetching recent blocks",
            Self::Installing => "writing the store",
        }
    }
}

/// How far joining is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is being done.
    pub step: Step,
    /// Height of the snapshot; 0 while none is chosen.
    pub height: u64,
    /// Of this step: how many headers, chunks or blocks are here.
    pub done: u64,
    /// Of this step: how many there are.
    pub total: u64,
    /// Peers that sent what does not hold.
    pub liars: u64,
    /// What keeps it from going on, if anything.
    pub obstacle: Option<String>,
}

impl std::fmt::Display for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "joining by a snapshot: {}", self.step.name())?;
        if self.height > 0 {
            write!(f, ", {} of {} at height {}", self.done, self.total, self.height)?;
        }
        match &self.obstacle {
            Some(obstacle) => write!(f, "; {obstacle}"),
            None => Ok(()),
        }
    }
}

/// Why joining ended without a ledger.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The files.
    #[error("a file of the snapshot that is being fetched: {0}")]
    Io(#[from] io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was verified does not hold together all the same.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// The members have changed more than once within the expiry window.
    #[error(
        "block {0} was decided by validators known neither from the genesis nor from the snapshot, so its certificate cannot \
         be verified: join by fetching every block instead, or wait until it is older than the expiry window"
    )]
    UnknownValidators(Height),
    /// A thread ended.
    #[error("installing the snapshot: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

/// What joining needs.
pub struct Parts {
    /// The genesis.
    pub genesis: Genesis,
    /// Its file.
    pub genesis_bytes: Vec<u8>,
    /// The store, without a tip.
    pub store: Arc<Store>,
    /// The members' mesh.
    pub network: network::Handle,
    /// The block that the operator trusts.
    pub trust: Option<(Height, block::Id)>,
    /// Bytes that must stay free on the disk.
    pub reserve: u64,
    /// Says how far joining is.
    pub progress: watch::Sender<Progress>,
}

/// A snapshot to fetch.
struct Target {
    manifest: Vec<u8>,
    header: Header,
    parts: Vec<Part>,
}

impl Target {
    fn height(&self) -> u64 {
        self.header.height.get()
    }
}

/// Why a snapshot was not fetched to the end.
enum Setback {
    /// Nobody gives it any more, or it was a lie.
    Gone(String),
    /// Something that another attempt does not mend.
    Failed(JoinError),
}

impl<E: Into<JoinError>> From<E> for Setback {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

struct Joiner<'a> {
    parts: &'a Parts,
    staging: Staging,
    peers: Peers,
    /// Who offered the snapshot that is being fetched; unknown when an earlier process chose it.
    offered_by: Option<network::PublicKey>,
    /// The validator sets since the genesis, as far as they are proven, and what proves them.
    eras: EraWalk,
    proofs: Vec<EraLink>,
    progress: Progress,
    said: Instant,
}

/// Takes the store to the state of a snapshot. Goes on from what an earlier process has put into `dir`, and keeps trying
/// until it succeeds: peers may come and go.
///
/// # Errors
/// [`JoinError`] when this machine fails; what peers do is no reason to give up.
pub async fn join(parts: &Parts, dir: &Path) -> Result<Tip, JoinError> {
    let genesis = &parts.genesis;
    let mut joiner = Joiner {
        staging: Staging::open(dir)?,
        eras: EraWalk::new(genesis.chain_id.clone(), genesis.validators.clone()),
        proofs: Vec::new(),
        peers: Peers::new(parts.network.clone()),
        offered_by: None,
        parts,
        progress: Progress::default(),
        said: Instant::now(),
    };
    // Whatever of it does not hold any more is fetched again.
    let known = joiner.staging.eras();
    joiner.take_eras(known);
    loop {
        match joiner.attempt().await {
            Ok(tip) => {
                joiner.staging.remove()?;
                tracing::info!(height = tip.height, state_root = %hex::encode(tip.map_root), "joined by a state snapshot");
                return Ok(tip);
            }
            Err(Setback::Failed(error)) => return Err(error),
            Err(Setback::Gone(reason)) => {
                tracing::warn!(height = joiner.progress.height, %reason, "this snapshot cannot be had; looking for another");
                joiner.staging.forget_manifest()?;
                if let Some(peer) = joiner.offered_by.take() {
                    joiner.peers.offered_in_vain(peer);
                }
            }
        }
    }
}

impl Joiner<'_> {
    async fn attempt(&mut self) -> Result<Tip, Setback> {
        // With a trusted block the headers come first: they tell which block a snapshot must be of.
        if let Some((height, id)) = self.parts.trust {
            self.begin(Step::Headers, height.get(), height.get());
            self.fetch_links(Walk::new(self.parts.genesis.hash, height, id)).await?;
        }
        let target = self.choose().await?;
        let height = target.height();
        if self.parts.trust.is_none() {
            self.begin(Step::Headers, height, height);
            self.fetch_links(self.anchor(&target)).await?;
        }
        self.begin(Step::State, height, target.parts.len() as u64);
        self.fetch_chunks(&target).await?;
        self.begin(Step::Blocks, height, 0);
        let from = self.fetch_blocks(&target).await?;
        self.begin(Step::Installing, height, height);
        self.say(true);
        self.install(target, from).await
    }

    /// Where the headers begin: at the trusted block, or at that of the snapshot, whose certificate holds.
    fn anchor(&self, target: &Target) -> Walk {
        let own = || (target.header.height, target.header.id());
        let (height, id) = self.parts.trust.unwrap_or_else(own);
        Walk::new(self.parts.genesis.hash, height, id)
    }

    async fn install(&mut self, target: Target, from: u64) -> Result<Tip, Setback> {
        let (staging, store) = (self.staging.clone(), self.parts.store.clone());
        let (genesis, bytes) = (self.parts.genesis.clone(), self.parts.genesis_bytes.clone());
        let eras = self.proofs.clone();
        let installed = tokio::task::spawn_blocking(move || {
            install::install(&staging, &store, &genesis, &bytes, &target, &eras, from)
        });
        match installed.await? {
            Ok(tip) => Ok(tip),
            // The file is removed; what is missing is fetched again.
            Err(InstallError::Damaged(path)) => {
                Err(Setback::Gone(format!("{} was damaged on disk", path.display())))
            }
            Err(InstallError::Failed(error)) => Err(Setback::Failed(error)),
        }
    }

    fn begin(&mut self, step: Step, height: u64, total: u64) {
        let liars = self.progress.liars;
        self.progress = Progress { step, height, done: 0, total, liars, obstacle: None };
        self.say(true);
    }

    /// Publishes how far joining is, and logs it now and then.
    fn say(&mut self, now: bool) {
        self.parts.progress.send_replace(self.progress.clone());
        if now || self.said.elapsed() >= SAY_EVERY {
            self.said = Instant::now();
            tracing::info!(progress = %self.progress, "joining");
        }
    }

    /// Waits a moment because of this.
    async fn pause(&mut self, obstacle: impl Into<String>) {
        self.progress.obstacle = Some(obstacle.into());
        self.say(false);
        tokio::time::sleep(PAUSE).await;
    }

    /// Waits a moment for want of peers; a better reason that stands already is kept.
    async fn wait(&mut self, obstacle: &str) {
        let known = self.progress.obstacle.take().unwrap_or_else(|| obstacle.to_owned());
        self.pause(known).await;
    }

    fn came(&mut self, done: u64) {
        self.progress.done = self.progress.done.saturating_add(done).min(self.progress.total);
        self.progress.obstacle = None;
        self.say(false);
    }

    /// Whether the disk has room for this much more; waits when it has not.
    async fn room_for(&mut self, bytes: u64) -> Result<(), Setback> {
        let needed = bytes.saturating_add(self.parts.reserve);
        while crate::host::free_bytes(self.staging.dir()).is_some_and(|free| free < needed) {
            self.pause(format!(
                "the disk needs {needed} free bytes: free some space, joining goes on by itself"
            ))
            .await;
        }
        Ok(())
    }

    /// Reads a manifest and decides whether its block is to be trusted.
    fn accept(&self, bytes: &[u8]) -> Result<Target, SnapshotError> {
        let genesis = &self.parts.genesis;
        let (manifest, header, parts) = Manifest::decode(&genesis.chain_id, bytes)?;
        match self.parts.trust {
            None => {
                let set = self.eras.set(header.validators).unwrap_or(&genesis.validators);
                manifest.verify_certificate(&header, set)?;
            }
            Some((height, id)) => self.check_link(&header, height, id)?,
        }
        Ok(Target { manifest: bytes.to_vec(), header, parts })
    }

    /// Takes proofs of changes of the validators, in order, up to the first one that does not follow. Tells how many it took.
    fn take_eras(&mut self, links: Vec<EraLink>) -> usize {
        let before = self.proofs.len();
        for link in links {
            if let Err(error) = self.eras.step(&link) {
                tracing::debug!(%error, "a change of the validators is not taken");
                break;
            }
            self.proofs.push(link);
        }
        self.proofs.len() - before
    }

    /// Checks that the header is on the way from the trusted block to genesis.
    fn check_link(&self, header: &Header, height: Height, id: block::Id) -> Result<(), SnapshotError> {
        let (wanted, mut found) = (header.id(), false);
        let walk = Walk::new(self.parts.genesis.hash, height, id);
        let walked = self.staging.walk(walk, |linked| found |= linked.id == wanted);
        if walked.is_ok() && found { Ok(()) } else { Err(SnapshotError::Link(header.height)) }
    }
}
