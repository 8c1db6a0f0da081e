//! Fetching the pieces of a snapshot.

use std::collections::VecDeque;
use std::time::Instant;

use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use ledger::block::{self, Block};
use ledger::governance::Era;
use ledger::hash::{TransactionRoot, ValidatorSetHash};
use ledger::id::Height;
use ledger::merkle::map::proof::hash_key;
use ledger::merkle::map::subtree::lies_in;
use ledger::snapshot::{SnapshotError, Walk, read_chunk};
use ledger::state::keys::{ParametersKey, all_eras};
use ledger::state::{StateKey, decode_value};
use ledger::validators::ValidatorSet;

use super::{GIVE_UP, JoinError, Joiner, Setback, Step, Target, staging};
use crate::network::PublicKey;
use crate::wire::{Answer, CertifiedBlock, Question};

/// Chunks being fetched at a time.
const CHUNKS_AT_A_TIME: usize = 8;

/// What a header says of a block whose contents are to be fetched.
#[derive(Clone, Copy)]
pub(super) struct Expected {
    id: block::Id,
    root: TransactionRoot,
    validators: ValidatorSetHash,
}

impl Joiner<'_> {
    /// The snapshot that was begun, or the highest one that peers have.
    pub(super) async fn choose(&mut self) -> Result<Target, Setback> {
        self.begin(Step::Choosing, 0, 0);
        if let Some(target) = self.staging.manifest().and_then(|bytes| self.accept(&bytes).ok()) {
            tracing::info!(height = target.height(), "going on with the snapshot that was begun");
            return Ok(target);
        }
        let at_most = self.parts.trust.map_or(Height::new(u64::MAX), |(height, _)| height);
        loop {
            if let Some((peer, target)) = self.ask_for_manifests(at_most).await {
                self.offered_by = Some(peer);
                self.staging.set_manifest(&target.manifest, &target.parts)?;
                return Ok(target);
            }
            self.pause(self.progress.obstacle.clone().unwrap_or_else(|| "no peer has a snapshot yet".into()))
                .await;
        }
    }

    async fn ask_for_manifests(&mut self, at_most: Height) -> Option<(PublicKey, Target)> {
        let mut asked = FuturesUnordered::new();
        for peer in self.peers.usable() {
            asked.push(self.peers.ask(peer, Question::Snapshot { at_most }));
        }
        let mut best: Option<(PublicKey, Target)> = None;
        let mut untrusted = Vec::new();
        while let Some((peer, answer)) = asked.next().await {
            let bytes = match answer {
                Some(Answer::Snapshot(bytes)) if !bytes.is_empty() => bytes,
                _ => {
                    self.peers.answered(peer, false);
                    continue;
                }
            };
            match self.accept(&bytes) {
                Ok(target) => {
                    self.peers.answered(peer, true);
                    let worth =
                        |(peer, target): &(PublicKey, Target)| self.peers.worth(peer, target.height());
                    let offer = (peer, target);
                    if best.as_ref().is_none_or(|best| worth(best) < worth(&offer)) {
                        best = Some(offer);
                    }
                }
                // That may be the truth: the members have changed, and somebody may prove it. Otherwise the operator has
                // to say whom to trust.
                Err(error @ SnapshotError::UntrustedValidators { .. }) => {
                    self.peers.answered(peer, true);
                    untrusted.push((peer, error));
                }
                Err(error) => {
                    self.peers.answered(peer, false);
                    self.peers.drop_liar(peer, &error, &mut self.progress);
                }
            }
        }
        drop(asked);
        for (peer, error) in untrusted {
            if best.is_none() && self.ask_for_eras(peer).await == 0 {
                tracing::warn!(%error, "a snapshot cannot be trusted");
                self.progress.obstacle = Some(error.to_string());
            }
        }
        best
    }

    /// Asks a peer for the changes of the validators that are not known yet, and tells how many it has proven. Nothing that
    /// it says is believed: a wrong one is not taken, and the next peer is asked.
    async fn ask_for_eras(&mut self, peer: PublicKey) -> usize {
        let mut proven = 0;
        loop {
            let after = self.eras.height();
            let (peer, answer) = self.peers.ask(peer, Question::Eras { after }).await;
            let links = match answer {
                Some(Answer::Eras(links)) => links,
                _ => Vec::new(),
            };
            let taken = self.take_eras(links);
            self.peers.answered(peer, proven + taken > 0);
            if taken == 0 {
                return proven;
            }
            proven += taken;
            if let Err(error) = self.staging.put_eras(&self.proofs) {
                tracing::warn!(%error, "the changes of the validators are not kept over a restart");
            }
        }
    }

    /// Walks back to genesis.
    pub(super) async fn fetch_links(&mut self, walk: Walk) -> Result<(), Setback> {
        let mut walk = self.staging.walk(walk, |_| {})?;
        self.came(self.progress.total.saturating_sub(walk.height().get()));
        let mut last_useful = Instant::now();
        while walk.height() > Height::GENESIS {
            self.room_for(ANSWER_ROOM).await?;
            let Some(peer) = self.peers.next() else {
                self.give_up_after(last_useful, "nobody gives the headers")?;
                self.wait("no peer to ask for headers").await;
                continue;
            };
            let top = walk.height();
            let (peer, answer) = self.peers.ask(peer, Question::Links { top }).await;
            let links = match answer {
                Some(Answer::Links(links)) if !links.is_empty() => links,
                _ => {
                    self.peers.answered(peer, false);
                    continue;
                }
            };
            let mut further = walk;
            match links.iter().try_for_each(|link| further.step(link).map(drop)) {
                Ok(()) => {
                    self.peers.answered(peer, true);
                    self.came(links.len() as u64);
                    self.staging.put_links(top, links)?;
                    (walk, last_useful) = (further, Instant::now());
                }
                // The operator may have named a block that never was.
                Err(_) if self.parts.trust == Some((walk.height(), walk.id())) => {
                    self.peers.answered(peer, false);
                    self.pause(
                        "the peers have another block than the one given as trusted; check its height and id",
                    )
                    .await;
                }
                Err(error) => {
                    self.peers.answered(peer, false);
                    self.peers.drop_liar(peer, &error, &mut self.progress);
                }
            }
        }
        Ok(())
    }

    /// Fetches the chunks that are not here yet, from several peers at once.
    pub(super) async fn fetch_chunks(&mut self, target: &Target) -> Result<(), Setback> {
        let mut missing: VecDeque<usize> = VecDeque::new();
        for (number, part) in target.parts.iter().enumerate() {
            match self.staging.chunk(part) {
                Some(_) => self.came(1),
                None => missing.push_back(number),
            }
            // Reading takes a while; whoever tells the node to stop should not wait for all of it.
            tokio::task::yield_now().await;
        }
        let bytes =
            missing.iter().filter_map(|number| target.parts.get(*number)).map(|part| u64::from(part.bytes));
        // Once as fetched, once in the store. How much it is says whoever offered the snapshot, who may exaggerate.
        let room = self.room_for(bytes.sum::<u64>().saturating_mul(2));
        if let Ok(room) = tokio::time::timeout(GIVE_UP, room).await {
            room?;
        } else {
            return Err(Setback::Gone("the disk has no room for it".into()));
        }
        let mut open = FuturesUnordered::new();
        let mut last_useful = Instant::now();
        loop {
            while open.len() < CHUNKS_AT_A_TIME
                && let Some(number) = missing.front().copied()
                && let Some(part) = target.parts.get(number)
                && let Some(peer) = self.peers.next()
            {
                missing.pop_front();
                let question = Question::Chunk { height: target.header.height, hash: part.subtree.hash };
                let asked = self.peers.ask(peer, question);
                open.push(async move { (number, asked.await) });
            }
            let Some((number, (peer, answer))) = open.next().await else {
                if missing.is_empty() {
                    return Ok(());
                }
                self.give_up_after(last_useful, "nobody gives its chunks")?;
                self.wait("no peer to ask for chunks").await;
                continue;
            };
            let Some(part) = target.parts.get(number) else { continue };
            let held = match answer {
                Some(Answer::Chunk(bytes)) if !bytes.is_empty() => match read_chunk(&bytes, part) {
                    Ok(_) => {
                        self.staging.put_chunk(part, &bytes)?;
                        true
                    }
                    Err(error) => {
                        self.peers.drop_liar(peer, &error, &mut self.progress);
                        false
                    }
                },
                _ => false,
            };
            self.peers.answered(peer, held);
            if held {
                last_useful = Instant::now();
                self.came(1);
            } else {
                missing.push_back(number);
            }
        }
    }

    /// Fetches the blocks whose transactions might be sent again, and returns the height of the first one.
    pub(super) async fn fetch_blocks(&mut self, target: &Target) -> Result<u64, Setback> {
        let from = self.first_block(target);
        let sets = self.known_sets(target);
        let mut expected = Vec::new();
        self.staging.walk(self.anchor(target), |linked| {
            if (from..=target.height()).contains(&linked.header.height.get()) {
                let (root, validators) = (linked.header.transaction_root, linked.header.validators);
                expected.push(Expected { id: linked.id, root, validators });
            }
        })?;
        expected.reverse();
        self.progress.total = expected.len() as u64;
        let mut done = self.blocks_on_disk(from, &expected, &sets)?;
        self.came(done as u64);
        let mut last_useful = Instant::now();
        while done < expected.len() {
            self.room_for(ANSWER_ROOM).await?;
            let Some(peer) = self.peers.next() else {
                self.give_up_after(last_useful, "nobody gives its blocks")?;
                self.wait("no peer to ask for blocks").await;
                continue;
            };
            let next = Height::new(from.saturating_add(done as u64));
            let (peer, answer) = self.peers.ask(peer, Question::Blocks { from: next }).await;
            let mut blocks = match answer {
                Some(Answer::Blocks(blocks)) if !blocks.is_empty() => blocks,
                _ => {
                    self.peers.answered(peer, false);
                    continue;
                }
            };
            let wanted = expected.get(done..).unwrap_or_default();
            blocks.truncate(wanted.len());
            match blocks.iter().zip(wanted).find(|(block, expected)| !self.is_block(block, expected, &sets)) {
                None => {
                    self.peers.answered(peer, true);
                    self.came(blocks.len() as u64);
                    done += blocks.len();
                    self.staging.put_blocks(next, blocks)?;
                    last_useful = Instant::now();
                }
                Some((_, expected)) if !sets.iter().any(|set| set.hash() == expected.validators) => {
                    return Err(JoinError::UnknownValidators(next).into());
                }
                Some(_) => {
                    self.peers.answered(peer, false);
                    let what = "a block is not the one its header names, or its certificate does not hold";
                    self.peers.drop_liar(peer, &what, &mut self.progress);
                }
            }
        }
        Ok(from)
    }

    /// How many of the blocks are here already.
    fn blocks_on_disk(
        &self,
        from: u64,
        expected: &[Expected],
        sets: &[ValidatorSet],
    ) -> Result<usize, Setback> {
        let mut done = 0;
        for (first, path) in self.staging.blocks_upwards()? {
            let blocks = staging::read_blocks(&path).unwrap_or_default();
            let wanted = expected.get(done..).unwrap_or_default();
            let holds = first == from.saturating_add(done as u64)
                && !blocks.is_empty()
                && blocks.len() <= wanted.len()
                && blocks.iter().zip(wanted).all(|(block, expected)| self.is_block(block, expected, sets));
            if holds {
                done += blocks.len();
            } else {
                std::fs::remove_file(path)?;
            }
        }
        Ok(done)
    }

    /// A transaction recorded at a height expires at most a window later, so of those recorded below this height none can
    /// be sent again.
    fn first_block(&self, target: &Target) -> u64 {
        let now = self.value(target, &ParametersKey).map_or(0, |parameters| parameters.expiry_window);
        let window = now.max(self.parts.genesis.parameters.expiry_window);
        target.height().saturating_sub(window).max(1)
    }

    /// Every validator set that the state knows, all of which is here: those of all eras since the genesis.
    fn known_sets(&self, target: &Target) -> Vec<ValidatorSet> {
        let (from, before) = all_eras();
        let entries = target.parts.iter().filter_map(|part| self.staging.chunk(part)).flatten();
        let eras = entries.filter(|(key, _)| (&from..&before).contains(&key));
        eras.filter_map(|(key, value)| decode_value::<Era>(&key, &value).ok())
            .map(|era| era.validators)
            .collect()
    }

    /// A value of the state, all of which is here.
    fn value<K: StateKey>(&self, target: &Target, key: &K) -> Option<K::Value> {
        let key = key.key();
        let place = hash_key(&key);
        let part = target.parts.iter().find(|part| lies_in(&place, &part.path, part.depth))?;
        let entries = self.staging.chunk(part)?;
        let (key, value) = entries.into_iter().find(|(found, _)| *found == key)?;
        decode_value(&key, &value).ok()
    }

    fn is_block(&self, block: &CertifiedBlock, expected: &Expected, sets: &[ValidatorSet]) -> bool {
        is_block(block, expected.id, expected.root)
            && sets.iter().any(|set| {
                set.hash() == expected.validators
                    && block.certificate.verify(&self.parts.genesis.chain_id, set).is_ok()
            })
    }

    fn give_up_after(&self, last_useful: Instant, what: &str) -> Result<(), Setback> {
        if last_useful.elapsed() >= GIVE_UP { Err(Setback::Gone(what.into())) } else { Ok(()) }
    }
}

/// Room that the largest answer may take on disk, in bytes.
pub(super) const ANSWER_ROOM: u64 = 16 << 20;

/// Whether the bytes are the block of this id, with the transactions that its header commits to, and the certificate is
/// about it. The signatures of the certificate are not verified.
pub(crate) fn is_block(block: &CertifiedBlock, id: block::Id, root: TransactionRoot) -> bool {
    let Ok(body) = Block::decode(&block.body) else { return false };
    body.header.id() == id
        && block.certificate.block_id == id
        && block.certificate.height == body.header.height
        && Block::transaction_root(body.transactions.iter().map(Vec::as_slice)) == root
}
