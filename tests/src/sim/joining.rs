//! Joining by a state snapshot: what `node::snapshots` does, without its questions and files.
//!
//! The pieces are those of `ledger::snapshot`, made from the ledger of an honest node and judged as a stranger judges
//! them. Before the genuine piece a liar may give a damaged one, which must not be taken.

use consensus::Body;
use ledger::block::Block;
use ledger::codec;
use ledger::execute::Tip;
use ledger::merkle::log::{Frontier, leaf_hash};
use ledger::snapshot::{
    Cut, EraLink, EraWalk, KeyedEntry, Link, Linked, Manifest, SnapshotError, VERSION, Walk, read_chunk,
};
use ledger::transaction;

use super::chain::Chain;
use super::random::Rng;
use super::store::{Store, Stored};
use crate::chain::State;

/// Bytes of a chunk: so few that every state has several.
const CHUNK_BYTES: usize = 2_048;
/// Of a thousand pieces, how many a liar gives first.
const LIES_PERMILLE: u64 = 300;

/// A ledger made from pieces.
pub struct Joined {
    /// The ledger, equal to the one that the pieces are from.
    pub store: Store,
    /// Damaged pieces that were refused.
    pub refused: u64,
}

/// Makes a ledger from the pieces of another one, all of whose blocks lie within the expiry window.
///
/// # Errors
/// What does not hold although it should, or holds although it should not.
pub fn join(chain: &Chain, from: &Store, rng: &mut Rng) -> Result<Joined, String> {
    let mut joiner = Joiner { rng, refused: 0 };
    let tip = from.tip();
    let eras = joiner.walk_eras(chain, from)?;
    let (offered, chunks) = cut(chain, from)?;
    let encoded = offered.encode();
    let (id, _) = joiner.offered("manifest", &encoded, |bytes| {
        let (manifest, header, parts) = Manifest::decode(chain.id(), bytes).map_err(said)?;
        let set = eras.set(header.validators).unwrap_or(&chain.genesis.validators);
        manifest.verify_certificate(&header, set).map_err(said)?;
        // Lengths and kinds are not proven, and nothing follows from them.
        let proven: Vec<_> = parts.iter().map(|part| (part.path, part.subtree.hash)).collect();
        Ok((header.id(), proven))
    })?;
    let (_, _, parts) = Manifest::decode(chain.id(), &encoded).map_err(said)?;
    let mut walk = Walk::new(chain.genesis.hash, tip.height, id);
    let mut linked = Vec::new();
    for stored in from.blocks().iter().rev() {
        linked.push(joiner.step(&mut walk, &link_of(stored)?)?);
    }
    let mut rows = Vec::new();
    for (part, bytes) in parts.iter().zip(&chunks) {
        rows.extend(joiner.offered("chunk", bytes, |bytes| read_chunk(bytes, part).map_err(said))?);
    }
    let mut blocks = Vec::new();
    let mut frontier = Frontier::default();
    for (linked, stored) in linked.iter().rev().zip(from.blocks()) {
        blocks.push(check_block(chain, &eras, linked, stored, &mut frontier)?);
    }
    let recorded = from.blocks().iter().flat_map(|stored| ids_of(chain, &stored.body)).collect();
    let state = State::restored(tip.height.get(), rows, recorded).map_err(said)?;
    let store = Store::restored(&chain.genesis, state, frontier, blocks, from.eras().to_vec());
    Ok(Joined { store, refused: joiner.refused })
}

struct Joiner<'a> {
    rng: &'a mut Rng,
    refused: u64,
}

impl Joiner<'_> {
    /// Takes a piece, and before it perhaps a damaged one.
    fn offered<T: PartialEq>(
        &mut self,
        what: &str,
        genuine: &[u8],
        judge: impl Fn(&[u8]) -> Result<T, String>,
    ) -> Result<T, String> {
        let good = judge(genuine).map_err(|error| format!("a genuine {what} is refused: {error}"))?;
        if self.rng.permille(LIES_PERMILLE) {
            match judge(&self.damaged(genuine)) {
                Ok(other) if other != good => return Err(format!("a damaged {what} is taken")),
                Ok(_) => {}
                Err(_) => self.refused += 1,
            }
        }
        Ok(good)
    }

    fn damaged(&mut self, genuine: &[u8]) -> Vec<u8> {
        let mut bytes = genuine.to_vec();
        if self.rng.permille(200) {
            bytes.truncate(self.rng.index(bytes.len()));
        } else {
            let at = self.rng.index(bytes.len());
            bytes[at] ^= 1 << self.rng.below(8);
        }
        bytes
    }

    fn walk_eras(&mut self, chain: &Chain, from: &Store) -> Result<EraWalk, String> {
        let mut eras = EraWalk::new(chain.id().clone(), chain.genesis.validators.clone());
        for link in from.eras() {
            let walked = self.offered("change of validators", &codec::encode(link), |bytes| {
                let mut further = eras.clone();
                let link: EraLink = codec::decode(bytes, bytes.len()).map_err(said)?;
                further.step(&link).map_err(said)?;
                Ok(link)
            })?;
            eras.step(&walked).map_err(said)?;
        }
        Ok(eras)
    }

    fn step(&mut self, walk: &mut Walk, link: &Link) -> Result<Linked, String> {
        let at = *walk;
        let linked = self.offered("header", &codec::encode(link), |bytes| {
            let link: Link = codec::decode(bytes, bytes.len()).map_err(said)?;
            at.clone().step(&link).map_err(said)
        })?;
        walk.step(link).map_err(said)?;
        Ok(linked)
    }
}

/// The state in chunks, and what says so.
fn cut(chain: &Chain, from: &Store) -> Result<(Manifest, Vec<Vec<u8>>), String> {
    let last = from.blocks().last().ok_or("no block")?;
    let mut entries: Vec<_> = from
        .state
        .rows(&[], &[0xff])
        .map(|(key, value)| KeyedEntry::new(key.clone(), value.clone()))
        .collect();
    entries.sort();
    let mut bytes = Vec::new();
    let mut emit = |_, chunk: &[u8]| {
        bytes.push(chunk.to_vec());
        Ok::<(), SnapshotError>(())
    };
    let mut cut = Cut::new(CHUNK_BYTES, &mut emit);
    cut.part(&entries, &[0; 32], 0).map_err(said)?;
    let chunks = cut.finish();
    let header = Block::decode(&last.body).map_err(said)?.header.encode().into();
    let certificate = last.certificate.clone();
    let manifest = Manifest { version: VERSION, chain: chain.id().clone(), header, certificate, chunks };
    Ok((manifest, bytes))
}

fn link_of(stored: &Stored) -> Result<Link, String> {
    let block = Block::decode(&stored.body).map_err(said)?;
    let leaves: Vec<u8> = block.transactions.iter().flat_map(|bytes| leaf_hash(bytes)).collect();
    Ok(Link { header: block.header.encode().into(), leaves: leaves.into() })
}

/// A block is the one that its header names, and its own validators have certified it.
fn check_block(
    chain: &Chain,
    eras: &EraWalk,
    linked: &Linked,
    stored: &Stored,
    frontier: &mut Frontier,
) -> Result<Stored, String> {
    let block = Block::decode(&stored.body).map_err(said)?;
    let leaves: Vec<_> = block.transactions.iter().map(|bytes| leaf_hash(bytes)).collect();
    if block.header.id() != linked.id || leaves != linked.leaves || stored.certificate.block_id != linked.id {
        return Err(format!("block {} is not the one that the headers lead to", linked.header.height));
    }
    let set = eras.set(linked.header.validators).ok_or("validators that no change has brought")?;
    stored.certificate.verify(chain.id(), set).map_err(said)?;
    frontier.append(leaf_hash(&linked.header.encode()));
    leaves.iter().for_each(|leaf| frontier.append(*leaf));
    let tip = Tip { height: linked.header.height, id: linked.id, time: linked.header.time };
    Ok(Stored {
        certificate: stored.certificate.clone(),
        body: stored.body.clone(),
        tip,
        state_root: *linked.header.state_root.as_bytes(),
        log_root: frontier.root(),
    })
}

fn ids_of(chain: &Chain, body: &Body) -> Vec<transaction::Id> {
    let block = Block::decode(body).map(|block| block.transactions).unwrap_or_default();
    block.iter().filter_map(|bytes| Some(chain.verified(bytes)?.id())).collect()
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
