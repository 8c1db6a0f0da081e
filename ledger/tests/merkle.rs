//! The log and the map against their definitions, other people's constants and an outside implementation.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::merkle::Hash;
use ledger::merkle::log::{self, Frontier, HashReader, LogError, leaf_hash, node_hash};
use ledger::merkle::map::{self, EMPTY_ROOT, MapError, MapProof, MapUpdate, Node, ProofError};
use ledger::merkle::tile::{TileEdge, TileHashes, TileId, TileReader};
use proptest::prelude::*;

/// What becomes of state keys: a new value, or none.
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

fn update<R: map::MapReader + ?Sized>(
    reader: &R,
    version: u64,
    changes: &Changes,
) -> Result<map::MapUpdate, MapError> {
    map::update(reader, version, changes.iter().map(|(key, value)| (key, value.as_deref())))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

// The log.

/// Leaf hashes kept in tiles, as a store keeps them.
#[derive(Default)]
struct Tiles(BTreeMap<TileId, Vec<Hash>>);

impl TileReader for Tiles {
    type Error = LogError;

    fn tile(&self, id: TileId) -> Result<Vec<Hash>, LogError> {
        self.0.get(&id).cloned().ok_or(LogError::Frontier("missing tile"))
    }

    fn too_short(&self, _: TileId) -> LogError {
        LogError::Frontier("short tile")
    }
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|i| leaf_hash(&i.to_be_bytes())).collect()
}

fn tiles(leaves: &[Hash]) -> Tiles {
    let mut tiles = Tiles::default();
    tiles.0.extend(TileEdge::default().append(leaves));
    tiles
}

/// RFC 6962 section 2.1, word for word.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => log::empty_root(),
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(naive_split(leaves.len()));
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

fn naive_split(n: usize) -> usize {
    let mut k = 1;
    while k * 2 < n {
        k *= 2;
    }
    k
}

/// RFC 6962 section 2.1.1.
fn naive_path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(naive_split(leaves.len()));
    let (mut path, other) = if m < left.len() {
        (naive_path(m, left), naive_root(right))
    } else {
        (naive_path(m - left.len(), right), naive_root(left))
    };
    path.push(other);
    path
}

/// RFC 6962 section 2.1.2.
fn naive_consistency(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
    if m == leaves.len() {
        return if whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(naive_split(leaves.len()));
    let (mut proof, other) = if m <= left.len() {
        (naive_consistency(m, left, whole), naive_root(right))
    } else {
        (naive_consistency(m - left.len(), right, false), naive_root(left))
    };
    proof.push(other);
    proof
}

#[test]
fn hashes_are_those_of_rfc_6962() {
    let cases = [
        (log::empty_root(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (leaf_hash(b""), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (leaf_hash(b"L123456"), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"),
    ];
    for (found, expected) in cases {
        assert_eq!(hex(&found), expected);
    }
    // The other constant of that test suite hashes inputs that are not 32 bytes; ours cannot, by type.
    use sha2::{Digest, Sha256};
    let node = Sha256::digest(b"\x01N123N456");
    assert_eq!(hex(&node), "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
}

#[test]
fn log_follows_the_definition_for_all_small_sizes() {
    const MAX: u64 = 130;
    let all = leaves(MAX);
    let tiles = tiles(&all);
    let mut frontier = Frontier::default();
    for size in 1..=MAX {
        let (n, hashes) = (size as usize, TileHashes::new(&tiles));
        frontier.append(all[n - 1]);
        let root = naive_root(&all[..n]);
        assert_eq!(frontier.root(), root);
        assert_eq!(log::root(&hashes, size), Ok(root));
        for index in 0..size {
            let proof = log::inclusion_proof(&hashes, index, size).unwrap();
            assert_eq!(proof, naive_path(index as usize, &all[..n]), "leaf {index} of {size}");
            assert_eq!(log::verify_inclusion(&all[index as usize], index, size, &proof, &root), Ok(()));
            let old = index + 1;
            let old_root = naive_root(&all[..old as usize]);
            let proof = log::consistency_proof(&hashes, old, size).unwrap();
            assert_eq!(proof, naive_consistency(old as usize, &all[..n], true), "{old} in {size}");
            assert_eq!(log::verify_consistency(old, size, &proof, &old_root, &root), Ok(()));
        }
    }
}

#[test]
fn tiles_appended_in_any_steps_are_the_same() {
    for (size, step) in [(1, 1), (255, 7), (256, 256), (257, 100), (65_536, 999), (66_000, 4_096)] {
        let all = leaves(size);
        let whole = tiles(&all);
        let (mut stepped, mut edge) = (Tiles::default(), TileEdge::default());
        for part in all.chunks(step) {
            stepped.0.extend(edge.append(part));
        }
        assert_eq!(stepped.0, whole.0, "{size} by {step}");
        assert_eq!(TileEdge::load(&stepped, size).unwrap(), edge, "{size} by {step}");
        let hashes = TileHashes::new(&whole);
        assert_eq!(log::root(&hashes, size), Ok(log::root_of(&all)));
        for index in [0, size / 2, size - 1] {
            let proof = log::inclusion_proof(&hashes, index, size).unwrap();
            let root = log::root_of(&all);
            assert_eq!(log::verify_inclusion(&all[index as usize], index, size, &proof, &root), Ok(()));
        }
    }
}

#[test]
fn impossible_questions_are_refused() {
    let hash = [7; 32];
    let too_large = log::SIZE_MAX + 1;
    let inclusion = [
        (0, 0, LogError::Empty),
        (5, 5, LogError::OutOfRange { index: 5, size: 5 }),
        (u64::MAX, 5, LogError::OutOfRange { index: u64::MAX, size: 5 }),
        (0, too_large, LogError::TooLarge { size: too_large }),
        (0, u64::MAX, LogError::TooLarge { size: u64::MAX }),
        (0, 1 << 62, LogError::ProofLength { expected: 62, found: 0 }),
        (3, 5, LogError::ProofLength { expected: 3, found: 0 }),
    ];
    for (index, size, error) in inclusion {
        assert_eq!(log::verify_inclusion(&hash, index, size, &[], &hash), Err(error), "{index} of {size}");
    }
    let consistency = [
        (0, 0, vec![], LogError::Empty),
        (0, 5, vec![], LogError::Empty),
        (6, 5, vec![], LogError::Shrinks { old: 6, new: 5 }),
        (5, u64::MAX, vec![], LogError::TooLarge { size: u64::MAX }),
        (5, 5, vec![hash], LogError::ProofLength { expected: 0, found: 1 }),
        (3, 5, vec![], LogError::ProofLength { expected: 4, found: 0 }),
        (4, 5, vec![hash, hash], LogError::ProofLength { expected: 1, found: 2 }),
    ];
    for (old, new, proof, error) in consistency {
        assert_eq!(log::verify_consistency(old, new, &proof, &hash, &hash), Err(error), "{old} in {new}");
    }
    let tiles = tiles(&leaves(5));
    let hashes = TileHashes::new(&tiles);
    assert_eq!(log::inclusion_proof(&hashes, 5, 5), Err(LogError::OutOfRange { index: 5, size: 5 }));
    assert_eq!(log::consistency_proof(&hashes, 0, 5), Err(LogError::Empty));
    assert_eq!(hashes.subtree(3, 0), Err(LogError::Frontier("short tile")));
    assert_eq!(hashes.subtree(8, 1), Err(LogError::Frontier("missing tile")));
    assert_eq!(log::parse_hashes(&[vec![0; 32], vec![0; 31]]), Err(LogError::HashLength { found: 31 }));
    assert_eq!(log::parse_hashes(&vec![[0; 32]; 66]), Err(LogError::ProofLength { expected: 65, found: 66 }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_changed_log_proof_is_refused(
        size in 2u64..600,
        at in any::<prop::sample::Index>(),
        which in any::<prop::sample::Index>(),
        bit in 0usize..256,
    ) {
        let all = leaves(size);
        let tiles = tiles(&all);
        let (root, index) = (log::root_of(&all), at.index(size as usize) as u64);
        let leaf = all[index as usize];
        let mut proof = log::inclusion_proof(&TileHashes::new(&tiles), index, size).unwrap();
        let other = (index + 1) % size;
        prop_assert!(log::verify_inclusion(&leaf, other, size, &proof, &root).is_err());
        let extra = [proof.as_slice(), &[leaf]].concat();
        prop_assert!(log::verify_inclusion(&leaf, index, size, &extra, &root).is_err());
        prop_assert!(log::verify_inclusion(&leaf, index, size, &proof[1..], &root).is_err());
        let hash = which.index(proof.len());
        proof[hash][bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(log::verify_inclusion(&leaf, index, size, &proof, &root), Err(LogError::RootMismatch));

        let old = index.max(1);
        let old_root = log::root_of(&all[..old as usize]);
        let mut proof = log::consistency_proof(&TileHashes::new(&tiles), old, size).unwrap();
        prop_assert!(log::verify_consistency(old, size, &proof, &root, &root).is_err());
        let hash = which.index(proof.len());
        proof[hash][bit / 8] ^= 1 << (bit % 8);
        prop_assert_eq!(log::verify_consistency(old, size, &proof, &old_root, &root), Err(LogError::RootMismatch));
    }

    #[test]
    fn any_log_proof_is_answered(
        (a, b) in any::<(u64, u64)>(),
        small in 0u64..40,
        proof in prop::collection::vec(any::<Hash>(), 0..70),
    ) {
        for (a, b) in [(a, b), (a % 40, small), (small, b)] {
            prop_assert!(log::verify_inclusion(&[0; 32], a, b, &proof, &[1; 32]).is_err());
            prop_assert!(log::verify_consistency(a, b, &proof, &[0; 32], &[1; 32]).is_err());
        }
    }

    #[test]
    fn a_frontier_survives_its_bytes(size in 0u64..300, cut in any::<prop::sample::Index>(), noise in any::<Vec<u8>>()) {
        let mut frontier = Frontier::default();
        leaves(size).into_iter().for_each(|leaf| frontier.append(leaf));
        let bytes = frontier.encode();
        prop_assert_eq!(Frontier::decode(&bytes), Ok(frontier));
        prop_assert!(Frontier::decode(&bytes[..cut.index(bytes.len())]).is_err());
        prop_assert!(Frontier::decode(&[bytes.as_slice(), &[0]].concat()).is_err());
        if let Ok(frontier) = Frontier::decode(&noise) {
            prop_assert_eq!(frontier.encode(), noise);
        }
    }
}

// The map.

/// Changes to a few keys that often meet: sets, overwrites, removals, also of absent keys.
fn changes() -> impl Strategy<Value = Vec<Changes>> {
    let key = (0u16..200).prop_map(|key| key.to_be_bytes().to_vec());
    let value = prop::option::weighted(0.6, prop::collection::vec(any::<u8>(), 0..3));
    prop::collection::vec(prop::collection::btree_map(key, value, 0..60), 1..12)
}

/// The map as a store would keep it: every node by its key.
#[derive(Default)]
struct Stored {
    nodes: BTreeMap<Vec<u8>, Arc<Node>>,
    content: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Stored {
    fn apply(&mut self, version: u64, changes: &Changes) -> MapUpdate {
        let update = update(&self.nodes, version, changes).unwrap();
        for (key, node) in &update.nodes {
            assert!(self.nodes.insert(key.clone(), node.clone()).is_none(), "a node is written once");
        }
        for (key, value) in changes {
            match value {
                Some(value) => self.content.insert(key.clone(), value.clone()),
                None => self.content.remove(key),
            };
        }
        update
    }

    fn prune(&mut self, update: &MapUpdate) {
        for key in &update.stale {
            assert!(self.nodes.remove(key).is_some(), "a node gets stale once");
        }
    }
}

/// The Jellyfish Merkle tree of the crate `jmt`, as an outside opinion.
mod outside {
    use super::*;
    use jmt::storage::{LeafNode, NodeKey, TreeReader};
    use jmt::{JellyfishMerkleTree, KeyHash, OwnedValue, SimpleHasher};
    use sha2::Digest;

    pub(super) struct Sha256(sha2::Sha256);

    impl SimpleHasher for Sha256 {
        fn new() -> Self {
            Self(sha2::Sha256::new())
        }

        fn update(&mut self, data: &[u8]) {
            self.0.update(data);
        }

        fn finalize(self) -> Hash {
            self.0.finalize().into()
        }
    }

    type KeyValueHistory = BTreeMap<(KeyHash, u64), Option<OwnedValue>>;

    #[derive(Default)]
    pub(super) struct Tree(BTreeMap<NodeKey, jmt::storage::Node>, KeyValueHistory);

    impl TreeReader for Tree {
        fn get_node_option(&self, key: &NodeKey) -> anyhow::Result<Option<jmt::storage::Node>> {
            Ok(self.0.get(key).cloned())
        }

        fn get_value_option(&self, version: u64, key: KeyHash) -> anyhow::Result<Option<OwnedValue>> {
            Ok(self.1.range((key, 0)..=(key, version)).next_back().and_then(|(_, value)| value.clone()))
        }

        fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
            Ok(None)
        }
    }

    impl Tree {
        pub(super) fn apply(&mut self, version: u64, changes: &Changes) -> Hash {
            let set = changes.iter().map(|(key, value)| (KeyHash(map::proof::hash_key(key)), value.clone()));
            let tree = JellyfishMerkleTree::<_, Sha256>::new(self);
            let (root, update) = tree.put_value_set(set, version).unwrap();
            for ((version, key), value) in update.node_batch.values() {
                self.1.insert((*key, *version), value.clone());
            }
            self.0.extend(update.node_batch.nodes().iter().map(|(key, node)| (key.clone(), node.clone())));
            root.0
        }

        /// Proves with the outside code, and checks with it against the given root.
        pub(super) fn agrees(&self, version: u64, root: Hash, key: &[u8], value: Option<&Vec<u8>>) -> bool {
            let key = KeyHash(map::proof::hash_key(key));
            let tree = JellyfishMerkleTree::<_, Sha256>::new(self);
            let (found, proof) = tree.get_with_proof(key, version).unwrap();
            found.as_ref() == value && proof.verify(jmt::RootHash(root), key, value).is_ok()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn map_agrees_with_its_definition_and_an_outside_tree(history in changes()) {
        let (mut stored, mut outside) = (Stored::default(), outside::Tree::default());
        for (version, changes) in (0..).zip(&history) {
            let update = stored.apply(version, changes);
            prop_assert_eq!(update.root, map::root_of(&stored.content));
            prop_assert_eq!(update.root, outside.apply(version, changes));
            prop_assert_eq!(map::root(&stored.nodes, version), Ok(update.root));
            stored.prune(&update);
            prop_assert_eq!(map::check(&stored.nodes, version), Ok(stored.content.len() as u64));
        }
        let last = history.len() as u64 - 1;
        let root = map::root(&stored.nodes, last).unwrap();
        for key in (0u16..220).map(|key| key.to_be_bytes()) {
            let value = stored.content.get(key.as_slice());
            let proof = map::prove(&stored.nodes, last, &key).unwrap();
            prop_assert_eq!(proof.verify(&root, &key, value.map(Vec::as_slice)), Ok(()));
            prop_assert!(outside.agrees(last, root, &key, value));
        }
    }

    #[test]
    fn pruning_leaves_exactly_the_newest_version(history in changes()) {
        let mut pruned = Stored::default();
        for (version, changes) in (0..).zip(&history) {
            let update = pruned.apply(version, changes);
            pruned.prune(&update);
        }
        // As many nodes as a tree built at once needs.
        let content = pruned.content.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect();
        let whole = update(&BTreeMap::new(), 0, &content).unwrap();
        prop_assert_eq!(pruned.nodes.len(), whole.nodes.len());
    }

    #[test]
    fn a_changed_map_proof_is_refused(
        keys in prop::collection::btree_set(any::<u16>(), 2..80),
        key in any::<u16>(),
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let content: Changes = keys.iter().map(|key| (key.to_be_bytes().to_vec(), Some(b"value".to_vec()))).collect();
        let nodes = BTreeMap::new();
        let update = update(&nodes, 0, &content).unwrap();
        let nodes: BTreeMap<_, _> = update.nodes.into_iter().collect();
        for key in [key, *keys.first().unwrap()] {
            let value = keys.contains(&key).then_some(b"value".as_slice());
            let key = key.to_be_bytes();
            let proof = map::prove(&nodes, 0, &key).unwrap();
            prop_assert_eq!(proof.verify(&update.root, &key, value), Ok(()));
            let claims = [None, Some(b"value".as_slice()), Some(b"other")];
            for claim in claims.into_iter().filter(|claim| *claim != value) {
                prop_assert!(proof.verify(&update.root, &key, claim).is_err());
            }
            let bytes = proof.encode();
            prop_assert!(bytes.len() <= map::proof::ENCODED_MAX);
            prop_assert_eq!(MapProof::decode(&bytes), Ok(proof));
            prop_assert!(MapProof::decode(&bytes[..at.index(bytes.len())]).is_err());
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] ^= 1 << bit;
            if let Ok(changed) = MapProof::decode(&changed) {
                prop_assert!(changed.verify(&update.root, &key, value).is_err());
            }
        }
    }

    #[test]
    fn any_bytes_are_a_proof_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400), start in 0u8..3) {
        for bytes in [bytes.clone(), [&[start], bytes.as_slice()].concat()] {
            if let Ok(proof) = MapProof::decode(&bytes) {
                prop_assert_eq!(proof.encode(), bytes.clone());
                prop_assert!(proof.verify(&[9; 32], b"key", None).is_err());
            }
            if let Some(node) = Node::decode(&bytes) {
                prop_assert_eq!(node.encode(), bytes);
            }
        }
    }
}

#[test]
fn map_edge_cases() {
    let none = Changes::new();
    let set = |key: &str, value: Option<&str>| {
        BTreeMap::from([(key.as_bytes().to_vec(), value.map(|value| value.as_bytes().to_vec()))])
    };
    let mut stored = Stored::default();
    assert_eq!(stored.apply(0, &none).root, EMPTY_ROOT);
    assert_eq!(stored.apply(1, &set("absent", None)).root, EMPTY_ROOT);
    let proof = map::prove(&stored.nodes, 1, b"a").unwrap();
    assert_eq!(proof.verify(&EMPTY_ROOT, b"a", None), Ok(()));
    assert_eq!(proof.verify(&EMPTY_ROOT, b"a", Some(b"")), Err(ProofError::KeyAbsent));

    let one = stored.apply(2, &set("a", Some(""))).root;
    assert_eq!(one, map::proof::hash_leaf(&map::proof::hash_key(b"a"), &map::proof::hash_value(b"")));
    let same = stored.apply(3, &none);
    assert_eq!((same.root, same.nodes.len(), same.stale.len()), (one, 1, 1), "every version has a root");
    let proof = map::prove(&stored.nodes, 3, b"b").unwrap();
    assert_eq!(proof.verify(&one, b"b", None), Ok(()));
    assert_eq!(proof.verify(&one, b"a", None), Err(ProofError::KeyPresent));
    assert_eq!(proof.verify(&one, b"a", Some(b"x")), Err(ProofError::OtherValue));

    stored.apply(4, &set("b", Some("2")));
    let same = stored.apply(5, &set("b", Some("2")));
    assert_eq!(same.nodes.len(), 1, "setting what is set writes the root alone");
    assert_eq!(stored.apply(6, &set("b", None)).root, one, "history leaves no trace");
    assert_eq!(stored.apply(7, &set("a", None)).root, EMPTY_ROOT);
    let twice = [(b"k", Some(b"1")), (b"k", None), (b"k", Some(b"3"))];
    let thrice = map::update(&BTreeMap::new(), 0, twice).unwrap();
    assert_eq!(thrice.root, map::root_of([(b"k", b"3")]), "the last change to a key counts");

    assert_eq!(update(&stored.nodes, 9, &none), Err(MapError::UnknownVersion { version: 8 }));
    assert_eq!(map::prove(&stored.nodes, 8, b"a"), Err(MapError::UnknownVersion { version: 8 }));
}

#[test]
fn a_leaf_from_elsewhere_proves_no_absence() {
    let content: Changes = (0u32..50).map(|key| (key.to_be_bytes().to_vec(), Some(vec![1]))).collect();
    let update = update(&BTreeMap::new(), 0, &content).unwrap();
    let nodes: BTreeMap<_, _> = update.nodes.into_iter().collect();
    let outcomes: Vec<_> = (100u32..140)
        .map(|absent| {
            let proof = map::prove(&nodes, 0, &7u32.to_be_bytes()).unwrap();
            proof.verify(&update.root, &absent.to_be_bytes(), None)
        })
        .collect();
    assert!(outcomes.contains(&Err(ProofError::OffPath)));
    assert!(outcomes.iter().all(|outcome| *outcome == Err(ProofError::OffPath) || outcome.is_ok()));
}

#[test]
fn damaged_nodes_are_named() {
    let content: Changes = (0u32..500).map(|key| (key.to_be_bytes().to_vec(), Some(vec![1]))).collect();
    let update = update(&BTreeMap::new(), 0, &content).unwrap();
    let whole: BTreeMap<_, _> = update.nodes.into_iter().collect();
    assert_eq!(map::check(&whole, 0), Ok(500));
    for key in whole.keys().filter(|key| key.len() > 9) {
        let mut nodes = whole.clone();
        nodes.remove(key);
        assert_eq!(map::check(&nodes, 0), Err(MapError::MissingNode { key: key.clone() }));
        let other =
            whole.values().find(|node| node.hash() != whole[key].hash() && node.hash() != update.root);
        nodes.insert(key.clone(), other.unwrap().clone());
        assert_eq!(map::check(&nodes, 0), Err(MapError::Damaged { key: key.clone() }));
    }
    let some_node = whole.values().last().unwrap().encode();
    for bytes in
        [&some_node[1..], &some_node[..40], &[2, 0, 0, 0, 0], &[2, 0, 1, 0, 1], &[2, 0, 1, 0, 2], &[3], &[]]
    {
        assert_eq!(Node::decode(bytes), None);
    }
}
