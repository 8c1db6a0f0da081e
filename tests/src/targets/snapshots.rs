//! State snapshots: tables of contents, chunks, and the walks of eras and headers.
//!
//! Everything is named by hashes, so of all bytes only the genuine ones are taken.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use ledger::block::{self, Block, Header};
use ledger::codec;
use ledger::hash::{GenesisHash, StateRoot};
use ledger::id::Height;
use ledger::merkle::log::leaf_hash;
use ledger::merkle::map::{self, Node};
use ledger::snapshot::{
    Cut, EraLink, EraWalk, KeyedEntry, Link, Manifest, Part, SnapshotError, VERSION, Walk, read_chunk,
};
use ledger::state::StateKey as _;
use ledger::state::keys::ValidatorsKey;
use ledger::validators::ValidatorSet;

use super::ledger::voters;
use super::seeds::{certify, empty_block};
use super::{chain, key};

/// Keys of the state beside the validators, and bytes of a chunk: several chunks.
const KEYS: u16 = 60;
const CHUNK_BYTES: usize = 600;
/// The height of the snapshot.
const HEIGHT: Height = Height::new(7);

/// A state after a block that changes the validators, cut into chunks, with all that proves it.
pub(super) struct World {
    pub(super) manifest: Vec<u8>,
    pub(super) parts: Vec<(Part, Vec<u8>)>,
    pub(super) era: EraLink,
    pub(super) link: Link,
    id: block::Id,
}

impl World {
    pub(super) fn get() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::make)
    }

    fn make() -> Self {
        let (before, after) = (voters(), fewer_voters());
        let validators = codec::encode(&after);
        let mut state: BTreeMap<Vec<u8>, Vec<u8>> =
            (0..KEYS).map(|i| (i.to_be_bytes().to_vec(), vec![i as u8; usize::from(i)])).collect();
        state.insert(ValidatorsKey.key(), validators.clone());
        let nodes = map::update(
            &BTreeMap::<Vec<u8>, Arc<Node>>::new(),
            0,
            state.iter().map(|(key, value)| (key, Some(value))),
        )
        .expect("a map in memory");
        let transactions = [b"one".to_vec(), b"two".to_vec()];
        let header = Header {
            height: HEIGHT,
            state_root: StateRoot::from_bytes(nodes.root),
            transaction_root: Block::transaction_root(transactions.iter().map(Vec::as_slice)),
            validators: before.hash(),
            ..empty_block().header
        };
        let certificate = certify(3, HEIGHT, header.id());
        let mut chunks = Vec::new();
        let mut emit = |_, bytes: &[u8]| {
            chunks.push(bytes.to_vec());
            Ok::<(), SnapshotError>(())
        };
        let mut entries: Vec<_> =
            state.iter().map(|(key, value)| KeyedEntry::new(key.clone(), value.clone())).collect();
        entries.sort();
        let mut cut = Cut::new(CHUNK_BYTES, &mut emit);
        cut.part(&entries, &[0; 32], 0).expect("a small state");
        let list = cut.finish();
        let manifest = Manifest {
            version: VERSION,
            chain: chain(),
            header: header.encode().into(),
            certificate: certificate.clone(),
            chunks: list,
        };
        let manifest = manifest.encode();
        let (_, _, parts) = Manifest::decode(&chain(), &manifest).expect("it holds together");
        let map: BTreeMap<Vec<u8>, Arc<Node>> = nodes.nodes.into_iter().collect();
        let proof = map::prove(&map, 0, &ValidatorsKey.key()).expect("a map in memory");
        let leaves: Vec<u8> = transactions.iter().flat_map(|bytes| leaf_hash(bytes)).collect();
        Self {
            manifest,
            parts: parts.into_iter().zip(chunks).collect(),
            era: EraLink {
                header: header.encode().into(),
                certificate: certificate.encode().into(),
                validators: validators.into(),
                proof: proof.encode().into(),
            },
            link: Link { header: header.encode().into(), leaves: leaves.into() },
            id: header.id(),
        }
    }
}

/// The voters without the last one.
fn fewer_voters() -> ValidatorSet {
    let last = key("voter 3").public_key();
    ValidatorSet::new(voters().iter().filter(|one| one.public_key != last).cloned().collect()).expect("three")
}

/// A manifest that holds together encodes to its bytes and covers the map; only under the genuine header can its
/// certificate hold.
pub fn manifest(bytes: &[u8]) {
    let Ok((manifest, header, parts)) = Manifest::decode(&chain(), bytes) else { return };
    assert_eq!(manifest.encode(), bytes);
    assert!(parts.len() <= manifest.chunks.len());
    assert!(parts.windows(2).all(|pair| pair[0].path < pair[1].path), "parts in their order, none twice");
    if manifest.verify_certificate(&header, &voters()).is_ok() {
        assert!(manifest.certificate.signatures.len() >= voters().quorum());
        assert_eq!(header.id(), World::get().id, "a certificate of a block that nobody signed");
    }
}

/// Of all bytes only the genuine ones are a chunk, and of its own part only.
pub fn chunk(bytes: &[u8]) {
    for (part, genuine) in &World::get().parts {
        assert_eq!(read_chunk(bytes, part).is_ok(), bytes == genuine);
        let as_long = Part { bytes: bytes.len() as u32, ..*part };
        assert_eq!(read_chunk(bytes, &as_long).is_ok(), bytes == genuine);
    }
}

/// A change of validators is believed only when those before it have signed it and it stands under the root.
pub fn era(bytes: &[u8]) {
    let Ok(link) = codec::decode::<EraLink>(bytes, bytes.len()) else { return };
    assert_eq!(codec::encode(&link), bytes);
    let mut walk = EraWalk::new(chain(), voters());
    let before = walk.height();
    match walk.step(&link) {
        Ok(()) => {
            let genuine = &World::get().era;
            assert_eq!(
                (&link.header, &link.validators, &link.proof),
                (&genuine.header, &genuine.validators, &genuine.proof)
            );
            assert!(walk.set(fewer_voters().hash()).is_some());
            assert!(walk.step(&link).is_err(), "the same change twice");
        }
        Err(_) => assert_eq!(walk.height(), before, "a refused step leaves no trace"),
    }
}

/// A header is believed only when the block after it names it, with its own leaves.
pub fn link(bytes: &[u8]) {
    let Ok(link) = codec::decode::<Link>(bytes, bytes.len()) else { return };
    assert_eq!(codec::encode(&link), bytes);
    let world = World::get();
    let mut walk = Walk::new(GenesisHash::default(), HEIGHT, world.id);
    assert_eq!(walk.step(&link).is_ok(), link == world.link);
    assert_eq!(walk.height() == HEIGHT, link != world.link);
}
