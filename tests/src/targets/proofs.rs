//! What a verifier reads: proofs of the map and of the log, frontiers and tiles.
//!
//! A hash function without collisions leaves one proof for each statement, so whatever verifies must be that one.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use ledger::merkle::Hash;
use ledger::merkle::log::{
    Frontier, HashReader, LogError, SIZE_MAX, consistency_proof, inclusion_proof, leaf_hash, parse_hashes,
    root, verify_consistency, verify_inclusion,
};
use ledger::merkle::map::proof::{ENCODED_MAX, MapProof};
use ledger::merkle::map::{self, MapUpdate, Node};
use ledger::merkle::tile::{TileEdge, TileHashes, TileId, TileReader};

/// Keys in the map of the seeds.
pub(super) const KEYS: u8 = 24;

/// A small map: key `[n]` has the value `[n, n]` for `n` below [`KEYS`].
pub(super) struct SmallMap {
    pub(super) root: Hash,
    nodes: BTreeMap<Vec<u8>, Arc<Node>>,
}

impl SmallMap {
    pub(super) fn get() -> &'static Self {
        static MAP: OnceLock<SmallMap> = OnceLock::new();
        MAP.get_or_init(|| {
            let entries = (0..KEYS).map(|n| ([n], Some([n, n])));
            let empty = BTreeMap::<Vec<u8>, Arc<Node>>::new();
            let MapUpdate { root, nodes, .. } = map::update(&empty, 0, entries).expect("a map in memory");
            SmallMap { root, nodes: nodes.into_iter().collect() }
        })
    }

    pub(super) fn prove(&self, key: &[u8]) -> MapProof {
        map::prove(&self.nodes, 0, key).expect("a map in memory")
    }
}

/// First a key of one byte, then a proof: it has one encoding, and of all proofs only the genuine one verifies, for the
/// value that the key has and for no other.
pub fn map_proof(bytes: &[u8]) {
    if let Some(node) = Node::decode(bytes) {
        assert_eq!(node.encode(), bytes);
    }
    let Some((key, encoded)) = bytes.split_first() else { return };
    let Ok(proof) = MapProof::decode(encoded) else { return };
    assert!(encoded.len() <= ENCODED_MAX);
    assert_eq!(proof.encode(), encoded);
    let map = SmallMap::get();
    let (value, key) = ([*key, *key], [*key]);
    let truth = (key[0] < KEYS).then_some(value.as_slice());
    let genuine = map.prove(&key) == proof;
    assert_eq!(proof.verify(&map.root, &key, truth).is_ok(), genuine, "one proof, and it verifies");
    let lies: [Option<&[u8]>; 3] =
        [Some(&[]), Some(b"other"), if truth.is_some() { None } else { Some(&value) }];
    for lie in lies {
        assert!(proof.verify(&map.root, &key, lie).is_err(), "{lie:?} was proved for {key:?}");
    }
    assert!(proof.verify(&[0; 32], &key, truth).is_err());
}

/// Leaves in the log of the seeds.
pub(super) const LEAVES: u64 = 300;

/// A log whose leaf `i` is the text of `i`.
pub(super) struct SmallLog(BTreeMap<TileId, Vec<Hash>>);

impl SmallLog {
    pub(super) fn get() -> &'static Self {
        static LOG: OnceLock<SmallLog> = OnceLock::new();
        LOG.get_or_init(|| {
            let leaves: Vec<Hash> = (0..LEAVES).map(leaf).collect();
            SmallLog(TileEdge::default().append(&leaves))
        })
    }

    fn root(&self, size: u64) -> Hash {
        root(&TileHashes::new(self), size).expect("a log in memory")
    }

    pub(super) fn inclusion(&self, index: u64, size: u64) -> Vec<Hash> {
        inclusion_proof(&TileHashes::new(self), index, size).expect("a leaf of the log")
    }

    pub(super) fn consistency(&self, old: u64, new: u64) -> Vec<Hash> {
        consistency_proof(&TileHashes::new(self), old, new).expect("sizes of the log")
    }
}

impl TileReader for SmallLog {
    type Error = LogError;

    fn tile(&self, id: TileId) -> Result<Vec<Hash>, LogError> {
        self.0.get(&id).cloned().ok_or(LogError::Empty)
    }

    fn too_short(&self, _: TileId) -> LogError {
        LogError::Empty
    }
}

fn leaf(index: u64) -> Hash {
    leaf_hash(index.to_string().as_bytes())
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*number), rest))
}

/// Two numbers and hashes: taken as an inclusion proof (leaf, size) and as a consistency proof (old size, new size),
/// only the genuine ones verify, and no number is too large to be refused.
pub fn log_proof(bytes: &[u8]) {
    let Some((first, rest)) = number(bytes) else { return };
    let Some((second, rest)) = number(rest) else { return };
    let parts: Vec<&[u8]> = rest.chunks(32).collect();
    let Ok(hashes) = parse_hashes(&parts) else { return };
    let log = SmallLog::get();
    // With a root of the sender's choice nothing is proved about our log; it must only come to an end.
    let any = hashes.first().copied().unwrap_or_default();
    let _ = verify_inclusion(&any, first, second, &hashes, &any);
    let _ = verify_consistency(first, second, &hashes, &any, &any);
    if second == 0 || second > LEAVES {
        return;
    }
    let root = log.root(second);
    let included = verify_inclusion(&leaf(first), first, second, &hashes, &root).is_ok();
    assert_eq!(included, first < second && hashes == log.inclusion(first, second));
    assert!(
        verify_inclusion(&leaf(LEAVES), first, second, &hashes, &root).is_err(),
        "a leaf that is not there"
    );
    let old = if first <= LEAVES { log.root(first) } else { root };
    let grown = verify_consistency(first, second, &hashes, &old, &root).is_ok();
    assert_eq!(grown, (1..=second).contains(&first) && hashes == log.consistency(first, second));
    assert!(verify_consistency(first, second, &hashes, &leaf(0), &root).is_err() || first == 1);
}

/// Tiles that hold whatever the bytes say.
struct Claimed<'a>(&'a [Hash]);

impl TileReader for Claimed<'_> {
    type Error = LogError;

    fn tile(&self, id: TileId) -> Result<Vec<Hash>, LogError> {
        let start = usize::from(id.level) * 3 + usize::try_from(id.number % 3).unwrap_or(0);
        Ok(self.0.iter().skip(start).take(256).copied().collect())
    }

    fn too_short(&self, _: TileId) -> LogError {
        LogError::Empty
    }
}

/// A frontier has one encoding and grows by one; tiles of any content are loaded or refused, and grow.
pub fn tiles(bytes: &[u8]) {
    if let Ok(frontier) = Frontier::decode(bytes) {
        assert_eq!(frontier.encode(), bytes);
        let mut grown = frontier.clone();
        grown.append(leaf(0));
        assert_eq!(grown.size(), frontier.size() + 1);
        assert_ne!(grown.root(), frontier.root());
        if frontier.size() < SIZE_MAX {
            assert_eq!(Frontier::decode(&grown.encode()), Ok(grown));
        }
    }
    let Some((size, rest)) = number(bytes) else { return };
    let (hashes, _) = rest.as_chunks::<32>();
    let claimed = Claimed(hashes);
    if let Ok(mut edge) = TileEdge::load(&claimed, size) {
        assert!(edge.size() == size && size <= SIZE_MAX);
        if size < SIZE_MAX {
            assert!(!edge.append(&[leaf(0), leaf(1)]).is_empty());
            assert_eq!(edge.size(), size + 2);
        }
    }
    let reader = TileHashes::new(&claimed);
    let _ = root(&reader, size);
    let _ = reader.subtree(8, size >> 32);
    let _ = inclusion_proof(&reader, size / 2, size);
}
