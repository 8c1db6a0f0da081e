//! Fetching the blocks that others have decided without us, and giving ours to others.

pub mod watch;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use ledger::block::{Block, Header};
use ledger::certificate::CommitCertificate;
use ledger::crypto::PublicKey;
use ledger::governance::Era;
use ledger::id::Height;
use ledger::snapshot::{EraLink, Link};
use ledger::state::keys::all_eras;
use ledger::state::{StateError, StateRead as _, decode_value};
use ledger::store::{BlockParts, Store, StoreError};
use tokio::sync::oneshot;

use crate::host::{HostEvent, Inbox, real_time, surely_ahead};
use crate::network;
use crate::wire::{Answer, CertifiedBlock, MAX_ANSWER_BLOCKS, MAX_ANSWER_ERAS, MAX_ANSWER_LINKS, Question};

/// How long a peer may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a peer is asked how high it is. A network without trades decides nothing, so silence alone
/// does not tell whether we are behind.
pub const ASK_EVERY: Duration = Duration::from_secs(3);

/// Asks peers, one question at a time.
#[derive(Clone)]
pub struct CatchUp {
    network: network::Handle,
    host: Inbox,
    busy: Arc<AtomicBool>,
    runtime: tokio::runtime::Handle,
}

impl CatchUp {
    /// A catch-up that asks through `network` and tells `host`.
    pub fn new(network: network::Handle, host: Inbox, runtime: tokio::runtime::Handle) -> Self {
        Self { network, host, busy: Arc::default(), runtime }
    }

    /// Asks a peer for the blocks from `from` on, unless a question is open. The answer comes to the host as
    /// [`HostEvent::Fetched`], empty when there is none.
    pub fn fetch(&self, peer: network::PublicKey, from: Height) {
        if self.busy.swap(true, Ordering::AcqRel) {
            return;
        }
        let this = self.clone();
        self.runtime.spawn(async move {
            let answer = this.network.request(&peer, Question::Blocks { from }.encode(), PATIENCE).await;
            let blocks = match answer.map(|bytes| Answer::decode(&bytes)) {
                Ok(Ok(Answer::Blocks(blocks))) => blocks,
                Ok(Ok(_)) => Vec::new(),
                Ok(Err(error)) => {
                    tracing::warn!(peer = %short(&peer), %error, "a peer's blocks are not readable");
                    Vec::new()
                }
                Err(error) => {
                    tracing::debug!(peer = %short(&peer), %error, "a peer gave no blocks");
                    Vec::new()
                }
            };
            this.busy.store(false, Ordering::Release);
            this.host.tell(HostEvent::Fetched { peer, blocks });
        });
    }

    /// Asks a peer how high it is and what its clock says. The answer comes to the host as [`HostEvent::PeerTip`].
    pub fn ask_tip(&self, peer: network::PublicKey) {
        let this = self.clone();
        self.runtime.spawn(async move {
            let asked = real_time();
            let answer = this.network.request(&peer, Question::Tip.encode(), PATIENCE).await;
            let answered = real_time();
            if let Ok(Ok(Answer::Tip { height, clock })) = answer.map(|bytes| Answer::decode(&bytes)) {
                let ahead_ms = surely_ahead(asked, clock, answered);
                this.host.tell(HostEvent::PeerTip { peer, height, ahead_ms });
            }
        });
    }
}

/// The first four bytes of a network key, for logs.
pub(crate) fn short(peer: &network::PublicKey) -> ledger::hash::Short {
    ledger::hash::Short::of(peer)
}

/// Answers a peer's question from the store. Silence is an answer to nonsense.
pub fn answer(store: &Store, question: &[u8], respond: oneshot::Sender<Bytes>) {
    let answer = match Question::decode(question) {
        Ok(Question::Tip) => {
            store.tip().map(|tip| Answer::Tip { height: Height::new(tip.height), clock: real_time() })
        }
        Ok(Question::Blocks { from }) => match blocks(store, from) {
            Ok(blocks) => Some(Answer::Blocks(blocks)),
            Err(error) => {
                tracing::error!(%error, "blocks for a peer cannot be read");
                None
            }
        },
        Ok(Question::Links { top }) => match links(store, top) {
            Ok(links) => Some(Answer::Links(links)),
            Err(error) => {
                tracing::error!(%error, "headers for a peer cannot be read");
                None
            }
        },
        Ok(Question::Eras { after }) => match eras(store, after) {
            Ok(links) => Some(Answer::Eras(links)),
            Err(error) => {
                tracing::error!(%error, "changes of the validators cannot be read for a peer");
                None
            }
        },
        // Whoever keeps snapshots and documents answers these: see `answers`.
        Ok(Question::Snapshot { .. }) => Some(Answer::Snapshot(Vec::new().into())),
        Ok(Question::Chunk { .. }) => Some(Answer::Chunk(Vec::new().into())),
        Ok(Question::Document { .. }) => Some(Answer::Document(Vec::new().into())),
        Err(error) => {
            tracing::debug!(%error, "a peer's question is not readable");
            None
        }
    };
    if let Some(answer) = answer {
        let _ = respond.send(answer.encode());
    }
}

fn blocks(store: &Store, from: Height) -> Result<Vec<CertifiedBlock>, StoreError> {
    let tip = store.tip().map_or(0, |tip| tip.height);
    if from == Height::GENESIS || from.get() > tip {
        return Ok(Vec::new());
    }
    if from.get() < store.history().blocks_from {
        return Ok(Vec::new());
    }
    let parts = store.snapshot()?.blocks_from(from.get(), MAX_ANSWER_BLOCKS)?;
    parts.into_iter().map(certified).collect()
}

/// Headers with leaf hashes from `top` downwards, as many as fit into an answer and at least one.
fn links(store: &Store, top: Height) -> Result<Vec<Link>, StoreError> {
    let snapshot = store.snapshot()?;
    let (mut links, mut bytes) = (Vec::new(), 0);
    if top.get() > snapshot.tip().height {
        return Ok(links);
    }
    for height in (1..=top.get()).rev() {
        let (header, leaves) = snapshot.link(height)?.ok_or(StoreError::NoBlock(height))?;
        let leaves = leaves.as_flattened().to_vec();
        bytes += header.len() + leaves.len() + 16;
        if bytes > MAX_ANSWER_LINKS && !links.is_empty() {
            break;
        }
        links.push(Link { header: header.into(), leaves: leaves.into() });
    }
    Ok(links)
}

/// Proofs of the changes of the validators above a height, up to the first one that is not held.
fn eras(store: &Store, after: Height) -> Result<Vec<EraLink>, StoreError> {
    let snapshot = store.snapshot()?;
    let (from, before) = all_eras();
    let damaged = |error: StateError| StoreError::Corrupt(error.to_string());
    let (mut links, mut bytes) = (Vec::new(), 0);
    let mut changes = BTreeSet::new();
    let mut at = from;
    while let Some((key, value)) = snapshot.first_in(&at, &before).map_err(damaged)? {
        let era: Era = decode_value(&key, &value).map_err(damaged)?;
        changes.insert(era.from.get().saturating_sub(1));
        at = [key, vec![0]].concat();
    }
    for height in changes.into_iter().filter(|height| *height > after.get()) {
        let Some(link) = snapshot.era_link(height)? else { break };
        bytes += link.header.len() + link.certificate.len() + link.validators.len() + link.proof.len();
        if bytes > MAX_ANSWER_ERAS && !links.is_empty() {
            break;
        }
        links.push(link);
    }
    Ok(links)
}

fn certified(parts: BlockParts) -> Result<CertifiedBlock, StoreError> {
    let damaged = |e: ledger::codec::CodecError| StoreError::Corrupt(format!("block {}: {e}", parts.height));
    let header = Header::decode(&parts.header).map_err(damaged)?;
    let certificate = CommitCertificate::decode(&parts.certificate).map_err(damaged)?;
    let body = Block { header, transactions: parts.transactions }.encode();
    Ok(CertifiedBlock { certificate, body: body.into() })
}

/// Two names of one centre: its voting key and its network key.
#[derive(Clone, Debug, Default)]
pub struct Names {
    pairs: Vec<(PublicKey, network::PublicKey)>,
}

impl Names {
    /// The names of all members.
    pub fn new(pairs: Vec<(PublicKey, network::PublicKey)>) -> Self {
        Self { pairs }
    }

    /// The voting key behind a network key.
    pub fn voter(&self, network: &network::PublicKey) -> Option<PublicKey> {
        self.pairs.iter().find(|(_, n)| n == network).map(|(v, _)| *v)
    }

    /// The network key behind a voting key.
    pub fn network(&self, voter: &PublicKey) -> Option<network::PublicKey> {
        self.pairs.iter().find(|(v, _)| v == voter).map(|(_, n)| *n)
    }
}
