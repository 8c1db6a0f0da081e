//! The store: what is committed is there, whole, provable and audited; what is refused leaves no trace.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use ledger::merkle::log::{self, leaf_hash, root_of};
use ledger::merkle::map::{self, MapError};
use ledger::merkle::{Hash, tile::TileReader};
use ledger::store::audit::{Finding, Identify, Report, audit, dump};
use ledger::store::{BlockCommit, Column, KeyValue, Options, Place, Store, StoreError, Tip};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

const IDENTIFY: Identify =
    Identify { block: |bytes| Some(id_of(bytes)), transaction: |bytes| Some(id_of(bytes)) };
const GENESIS_ID: Hash = [0xaa; 32];

/// What becomes of state keys: a new value, or none.
type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

fn update<R: map::MapReader + ?Sized>(
    reader: &R,
    version: u64,
    changes: &Changes,
) -> Result<map::MapUpdate, MapError> {
    map::update(reader, version, changes.iter().map(|(key, value)| (key, value.as_deref())))
}

fn id_of(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

fn options() -> Options {
    Options {
        block_cache_bytes: 8 << 20,
        write_buffer_bytes: 8 << 20,
        node_cache_bytes: 1 << 20,
        keep_versions: 10,
    }
}

fn open(path: &Path) -> Store {
    Store::open(path, &options()).unwrap()
}

/// A block by its contents; the rest follows.
struct Block {
    height: u64,
    transactions: Vec<Vec<u8>>,
    changes: Changes,
}

impl Block {
    fn header(&self) -> Vec<u8> {
        format!("header {}", self.height).into_bytes()
    }

    fn certificate(&self) -> Vec<u8> {
        format!("certificate {}", self.height).into_bytes()
    }

    fn events(&self) -> Vec<Vec<u8>> {
        self.transactions.iter().map(|bytes| [b"event of ", bytes.as_slice()].concat()).collect()
    }

    fn leaves(&self) -> Vec<Vec<u8>> {
        [vec![self.header()], self.transactions.clone()].concat()
    }

    fn commit(&self, store: &Store) -> Result<Tip, StoreError> {
        let map_update = update(&store.snapshot()?, self.height, &self.changes)?;
        self.commit_with(store, map_update)
    }

    fn commit_with(&self, store: &Store, map_update: map::MapUpdate) -> Result<Tip, StoreError> {
        let transactions: Vec<_> =
            self.transactions.iter().map(|bytes| (id_of(bytes), bytes.clone())).collect();
        store.commit(BlockCommit {
            height: self.height,
            block_id: id_of(&self.header()),
            header: &self.header(),
            transactions: &transactions,
            certificate: &self.certificate(),
            changes: &self.changes,
            map_update,
            events: &self.events(),
        })
    }
}

/// Block `height` with `count` transactions; each sets a key of its own and one that others overwrite.
fn block(height: u64, count: u32) -> Block {
    let transactions = (0..count).map(|i| format!("transaction {height}/{i}").into_bytes()).collect();
    let mut changes = Changes::new();
    for i in 0..count {
        changes.insert(format!("own/{height}/{i}").into_bytes(), Some(format!("value {i}").into_bytes()));
        changes.insert(format!("shared/{i}").into_bytes(), Some(height.to_be_bytes().to_vec()));
    }
    if height > 1 {
        changes.insert(format!("own/{}/0", height - 1).into_bytes(), None);
    }
    Block { height, transactions, changes }
}

fn genesis_state() -> Changes {
    Changes::from([(b"rule/1".to_vec(), Some(b"first".to_vec())), (b"shared/0".to_vec(), Some(Vec::new()))])
}

fn genesis(store: &Store) -> Tip {
    store.initialise(b"the genesis", GENESIS_ID, &content(&[])).unwrap()
}

/// A store with blocks of these numbers of transactions.
fn filled(path: &Path, counts: &[u32]) -> (Store, Vec<Block>) {
    let store = open(path);
    genesis(&store);
    let blocks: Vec<_> = (1..).zip(counts).map(|(height, count)| block(height, *count)).collect();
    for block in &blocks {
        block.commit(&store).unwrap();
    }
    (store, blocks)
}

fn content(blocks: &[Block]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut content = BTreeMap::new();
    for (key, value) in blocks.iter().map(|block| &block.changes).fold(genesis_state(), |mut all, changes| {
        all.extend(changes.clone());
        all
    }) {
        if let Some(value) = value {
            content.insert(key, value);
        }
    }
    content
}

/// Everything a store says of these blocks is what went in.
fn assert_holds(store: &Store, blocks: &[Block]) {
    let snapshot = store.snapshot().unwrap();
    let tip = snapshot.tip();
    assert_eq!(Some(tip), store.tip());
    assert_eq!(tip.height, blocks.len() as u64);
    let leaves: Vec<Vec<u8>> = blocks.iter().flat_map(Block::leaves).collect();
    let hashes: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    assert_eq!((tip.log_size, tip.log_root), (leaves.len() as u64, root_of(&hashes)));
    assert_eq!(snapshot.leaves(0, leaves.len() + 1).unwrap(), leaves);

    for block in blocks {
        let parts = snapshot.block_parts(block.height).unwrap().unwrap();
        assert_eq!((parts.height, parts.id), (block.height, id_of(&block.header())));
        assert_eq!(parts.header, block.header());
        assert_eq!(parts.transactions, block.transactions);
        assert_eq!(parts.certificate, block.certificate());
        assert_eq!(snapshot.block_by_id(&parts.id).unwrap(), Some(block.height));
        assert_eq!(snapshot.header(block.height).unwrap(), Some(parts.header));
        for (index, transaction) in (0..).zip(&block.transactions) {
            let place = Place { height: block.height, index };
            let id = id_of(transaction);
            assert!(store.transaction_exists(&id).unwrap());
            assert_eq!(snapshot.transaction(&id).unwrap(), Some((place, transaction.clone())));
            let leaf = snapshot.leaf_of(place).unwrap();
            let proof = snapshot.inclusion_proof(leaf, tip.log_size).unwrap();
            let outcome =
                log::verify_inclusion(&leaf_hash(transaction), leaf, tip.log_size, &proof, &tip.log_root);
            assert_eq!(outcome, Ok(()));
        }
        let size = snapshot.block(block.height).unwrap().unwrap().log_size();
        let root = snapshot.log_root(size).unwrap();
        assert_eq!(root, root_of(&hashes[..size as usize]));
        let proof = snapshot.consistency_proof(size, tip.log_size).unwrap();
        assert_eq!(log::verify_consistency(size, tip.log_size, &proof, &root, &tip.log_root), Ok(()));
        let events = snapshot.events_from(block.height, 0, block.transactions.len()).unwrap();
        assert_eq!(events.into_iter().map(|event| event.bytes).collect::<Vec<_>>(), block.events());
    }

    let content = content(blocks);
    let state: BTreeMap<_, _> = snapshot.state_range(b"", None).unwrap().map(Result::unwrap).collect();
    assert_eq!(state, content);
    assert_eq!(tip.map_root, map::root_of(&content));
    for key in content.keys().map(Vec::as_slice).chain([b"absent".as_slice(), b""]) {
        let value = content.get(key).cloned();
        assert_eq!(store.state_get(key).unwrap(), value);
        let proof = snapshot.state_proof(key).unwrap();
        assert_eq!(proof.verify(&tip.map_root, key, value.as_deref()), Ok(()));
    }
    assert_eq!(audit(&snapshot, &IDENTIFY).findings, []);
}

#[test]
fn what_is_committed_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let (store, mut blocks) = filled(directory.path(), &[3, 0, 1, 300, 2]);
    assert_holds(&store, &blocks);
    assert_eq!(store.genesis().unwrap().as_deref(), Some(b"the genesis".as_slice()));
    drop(store);
    // Not closed in any way: the write-ahead log has it all.
    let store = open(directory.path());
    assert_holds(&store, &blocks);
    blocks.push(block(6, 7));
    blocks[5].commit(&store).unwrap();
    store.flush().unwrap();
    drop(store);
    assert_holds(&open(directory.path()), &blocks);
}

#[test]
fn a_copy_taken_while_open_has_every_committed_block() {
    // What a power cut leaves: the files as they are, with nothing closed. Only synced bytes are certain, so the log is
    // also cut short; then the last block is there whole or not at all.
    let directory = tempfile::tempdir().unwrap();
    let (_store, blocks) = filled(directory.path(), &[3, 4, 5]);
    let log_length = |path: &Path| std::fs::metadata(path).unwrap().len();
    for cut in [0, 1, 40, 400, 4_000] {
        let copy = tempfile::tempdir().unwrap();
        let mut wal = None;
        for entry in std::fs::read_dir(directory.path()).unwrap() {
            let entry = entry.unwrap();
            let target = copy.path().join(entry.file_name());
            if entry.file_name() != "LOCK" {
                std::fs::copy(entry.path(), &target).unwrap();
            }
            if target.extension().is_some_and(|extension| extension == "log") && log_length(&target) > 0 {
                wal = Some(target);
            }
        }
        let wal = std::fs::OpenOptions::new().write(true).open(wal.unwrap()).unwrap();
        wal.set_len(wal.metadata().unwrap().len() - cut).unwrap();
        let store = open(copy.path());
        let height = store.tip().unwrap().height;
        assert!(
            if cut == 0 { height == 3 } else { (1..3).contains(&height) },
            "{height} after cutting {cut}"
        );
        assert_holds(&store, &blocks[..height as usize]);
        block(height + 1, 2).commit(&store).unwrap();
    }
}

#[test]
fn what_is_refused_leaves_no_trace() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let no_update = update(&BTreeMap::new(), 0, &Changes::new()).unwrap();
    assert_eq!(store.tip(), None);
    assert_eq!(store.snapshot().err(), Some(StoreError::NotInitialised));
    assert_eq!(block(1, 1).commit_with(&store, no_update.clone()), Err(StoreError::NotInitialised));
    genesis(&store);
    let again = store.initialise(b"another", [0; 32], &BTreeMap::new());
    assert_eq!(again, Err(StoreError::AlreadyInitialised));
    block(1, 2).commit(&store).unwrap();
    let before = dump(&store.snapshot().unwrap()).unwrap();

    let height = |found| Err(StoreError::Height { tip: 1, found });
    for wrong in [0, 1, 3, u64::MAX] {
        assert_eq!(block(wrong, 1).commit_with(&store, no_update.clone()), height(wrong));
    }
    let stale = Err(StoreError::MapVersion { height: 2, found: 0 });
    assert_eq!(block(2, 1).commit_with(&store, no_update), stale);
    let mut long = block(2, 1);
    long.transactions.push(vec![0; 65_536]);
    assert_eq!(long.commit(&store), Err(StoreError::LeafTooLong { length: 65_536 }));
    assert_eq!(dump(&store.snapshot().unwrap()).unwrap(), before);

    long.transactions[1].pop();
    long.commit(&store).unwrap();
    assert_eq!(store.snapshot().unwrap().leaf(5).unwrap().map(|leaf| leaf.len()), Some(65_535));
}

/// A store of format 1 is one of format 2 that began with blocks. Afterwards older programs refuse it.
#[test]
fn a_store_of_the_former_format_is_upgraded() {
    let directory = tempfile::tempdir().unwrap();
    let (store, blocks) = filled(directory.path(), &[2, 1]);
    let now = dump(&store.snapshot().unwrap()).unwrap();
    store.damage(Column::Meta, b"format", Some(&[0, 0, 0, 1])).unwrap();
    assert_ne!(dump(&store.snapshot().unwrap()).unwrap(), now);
    drop(store);
    let store = open(directory.path());
    assert_eq!(dump(&store.snapshot().unwrap()).unwrap(), now);
    assert_holds(&store, &blocks);
}

#[test]
fn opening_is_refused_politely() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = filled(directory.path(), &[1]);
    let locked = Store::open(directory.path(), &options()).err().unwrap();
    assert_eq!(locked, StoreError::Locked { path: directory.path().to_owned() });
    assert!(locked.to_string().ends_with("is open elsewhere: one node may run on a data directory"));

    let cases: [(&[u8], StoreError, &str); 3] = [
        (&[0, 0, 0, 9], StoreError::Format { found: 9, supported: 2 }, "use a newer program"),
        (&[0, 0, 0, 0], StoreError::Format { found: 0, supported: 2 }, "use an older program"),
        (&[1], StoreError::Damaged { column: Column::Meta, key: b"format".to_vec() }, "damaged row in meta"),
    ];
    drop(store);
    for (format, error, words) in cases {
        let directory = tempfile::tempdir().unwrap();
        let (store, _) = filled(directory.path(), &[1]);
        store.damage(Column::Meta, b"format", Some(format)).unwrap();
        drop(store);
        let found = Store::open(directory.path(), &options()).err().unwrap();
        assert_eq!(found, error);
        assert!(found.to_string().contains(words), "{found}");
    }
    let store = open(directory.path());
    store.damage(Column::Meta, b"format", None).unwrap();
    drop(store);
    assert_eq!(Store::open(directory.path(), &options()).err(), Some(StoreError::Foreign));
}

#[test]
fn a_snapshot_does_not_move() {
    let directory = tempfile::tempdir().unwrap();
    let (store, blocks) = filled(directory.path(), &[2]);
    let snapshot = store.snapshot().unwrap();
    let (before, key) = (dump(&snapshot).unwrap(), b"shared/0");
    for height in 2..6 {
        block(height, 3).commit(&store).unwrap();
    }
    assert_eq!(dump(&snapshot).unwrap(), before);
    assert_eq!(snapshot.tip().height, 1);
    let value = snapshot.state_get(key).unwrap();
    assert_eq!(value, blocks[0].changes[key.as_slice()]);
    let proof = snapshot.state_proof(key).unwrap();
    assert_eq!(proof.verify(&snapshot.tip().map_root, key, value.as_deref()), Ok(()));
    assert_eq!(store.snapshot().unwrap().tip().height, 5);
}

#[test]
fn readers_see_whole_blocks_while_one_writes() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = filled(directory.path(), &[2]);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = || {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) || seen < 60 {
                let snapshot = store.snapshot().unwrap();
                let tip = snapshot.tip();
                assert!(tip.height >= seen);
                seen = tip.height;
                let value = snapshot.state_get(b"shared/1").unwrap().unwrap();
                assert_eq!(value, tip.height.to_be_bytes());
                let proof = snapshot.state_proof(b"shared/1").unwrap();
                assert_eq!(proof.verify(&tip.map_root, b"shared/1", Some(&value)), Ok(()));
                assert_eq!(snapshot.log_root(tip.log_size).unwrap(), tip.log_root);
            }
        };
        let readers = [scope.spawn(reader), scope.spawn(reader)];
        for height in 2..=60 {
            block(height, 5).commit(&store).unwrap();
        }
        done.store(true, Ordering::Relaxed);
        readers.into_iter().for_each(|reader| reader.join().unwrap());
    });
}

#[test]
fn reads_are_bounded() {
    let directory = tempfile::tempdir().unwrap();
    let (store, blocks) = filled(directory.path(), &[1, 2, 3, 4, 5]);
    let snapshot = store.snapshot().unwrap();
    let heights = |from, bytes| -> Vec<u64> {
        snapshot.blocks_from(from, bytes).unwrap().iter().map(|block| block.height).collect()
    };
    let size = |block: &Block| block.leaves().iter().map(Vec::len).sum::<usize>() + block.certificate().len();
    assert_eq!(heights(1, 0), [1], "one, however large, so that a node behind gets on");
    assert_eq!(heights(0, usize::MAX), [1, 2, 3, 4, 5]);
    assert_eq!(heights(2, size(&blocks[1]) + size(&blocks[2])), [2, 3]);
    assert_eq!(heights(2, size(&blocks[1]) + size(&blocks[2]) - 1), [2]);
    assert_eq!(heights(6, usize::MAX), []);

    let events: Vec<_> =
        snapshot.events_from(2, 1, 3).unwrap().iter().map(|e| (e.height, e.number)).collect();
    assert_eq!(events, [(2, 1), (3, 0), (3, 1)]);
    assert_eq!(snapshot.events_from(6, 0, 9).unwrap(), []);

    let keys = |range: Vec<Result<KeyValue, StoreError>>| -> Vec<String> {
        range.into_iter().map(|row| String::from_utf8(row.unwrap().0).unwrap()).collect()
    };
    let prefix = |prefix: &str| keys(snapshot.state_prefix(prefix.as_bytes()).unwrap().collect());
    assert_eq!(prefix("own/5/"), ["own/5/0", "own/5/1", "own/5/2", "own/5/3", "own/5/4"]);
    assert_eq!(prefix("own/1/0"), [""; 0], "removed by block 2");
    assert_eq!(prefix("none"), [""; 0]);
    assert_eq!(prefix("").len(), content(&blocks).len());
    let range = snapshot.state_range(b"rule", Some(b"shared/2")).unwrap().take(9).collect();
    assert_eq!(keys(range), ["rule/1", "shared/0", "shared/1"]);

    let beyond = snapshot.tip().log_size + 1;
    let shrinks = StoreError::Log(log::LogError::Shrinks { old: beyond, new: beyond - 1 });
    assert_eq!(snapshot.log_root(beyond), Err(shrinks.clone()));
    assert_eq!(snapshot.inclusion_proof(0, beyond), Err(shrinks.clone()));
    assert!(snapshot.consistency_proof(1, u64::MAX).is_err());
    assert_eq!(snapshot.block(0).unwrap(), None);
    assert_eq!(snapshot.block(6).unwrap(), None);
    assert_eq!(snapshot.transaction(&[0; 32]).unwrap(), None);
    assert_eq!(snapshot.leaf_of(Place { height: 9, index: 0 }), Err(StoreError::NoBlock(9)));
    assert!(snapshot.leaf_of(Place { height: 1, index: 1 }).is_err());
}

#[test]
fn old_versions_are_pruned_and_kept_ones_provable() {
    let directory = tempfile::tempdir().unwrap();
    let (store, blocks) = filled(directory.path(), &[4; 40]);
    let snapshot = store.snapshot().unwrap();
    for height in 0..=40u64 {
        let root = map::root_of(&content(&blocks[..height as usize]));
        let value = height.to_be_bytes();
        match snapshot.state_proof_at(height, b"shared/3") {
            Ok(proof) if height > 30 => assert_eq!(proof.verify(&root, b"shared/3", Some(&value)), Ok(())),
            Err(error) if height <= 30 => {
                assert_eq!(error, MapError::UnknownVersion { version: height }.into())
            }
            other => panic!("version {height}: {other:?}"),
        }
    }
    let rows = |store: &Store, column: &str| {
        let text = dump(&store.snapshot().unwrap()).unwrap();
        let from = text.find(&format!("[{column}]")).unwrap();
        text[from..].lines().skip(1).take_while(|line| !line.starts_with('[')).count()
    };
    assert_eq!(rows(&store, "tree_stale"), 9);
    let kept = rows(&store, "tree_nodes");
    drop(snapshot);
    drop(store);

    // A shorter history is reached within a few blocks, a step each.
    let store = Store::open(directory.path(), &Options { keep_versions: 2, ..options() }).unwrap();
    for height in 41..=44 {
        block(height, 4).commit(&store).unwrap();
    }
    assert_eq!(rows(&store, "tree_stale"), 1);
    assert!(rows(&store, "tree_nodes") < kept / 2);
    assert_eq!(audit(&store.snapshot().unwrap(), &IDENTIFY).findings, []);
}

#[test]
fn damage_is_found_and_named() {
    let leaf = |number: u64| number.to_be_bytes().to_vec();
    let tile = |level: u8, number: u64| [&[level][..], &number.to_be_bytes()].concat();
    let transaction = b"transaction 2/3".as_slice();
    let hash = |byte: u8| vec![byte; 32];
    let map_root = |finding: &Finding| matches!(finding, Finding::MapRoot { .. });
    type Found = Box<dyn Fn(&Report) -> bool>;
    type Case<'a> = (&'a str, Column, Vec<u8>, Option<Vec<u8>>, Found);
    let only = |finding: Finding| -> Found { Box::new(move |report| report.findings == [finding.clone()]) };
    let has = |finding: Finding| -> Found { Box::new(move |report| report.findings.contains(&finding)) };
    // Leaves: 0 header, 1..=3; 4 header, 5..=304; 305 header, 306.
    let cases: Vec<Case> = vec![
        (
            "leaf changed",
            Column::Leaves,
            leaf(8),
            Some(b"forged".to_vec()),
            has(Finding::LeafHash { leaf: 8 }),
        ),
        (
            "the same leaf, by its id",
            Column::Leaves,
            leaf(8),
            Some(b"forged".to_vec()),
            has(Finding::Transaction { height: 2, index: 3 }),
        ),
        (
            "header changed",
            Column::Leaves,
            leaf(4),
            Some(b"forged".to_vec()),
            has(Finding::BlockId { height: 2 }),
        ),
        ("leaf gone", Column::Leaves, leaf(300), None, has(Finding::LeafMissing { leaf: 300 })),
        (
            "full tile",
            Column::Tiles,
            tile(0, 0),
            Some(hash(1).repeat(256)),
            has(Finding::LeafHash { leaf: 255 }),
        ),
        (
            "last tile",
            Column::Tiles,
            tile(0, 1),
            Some(hash(1).repeat(51)),
            has(Finding::LeafHash { leaf: 306 }),
        ),
        ("tile gone", Column::Tiles, tile(0, 1), None, only(Finding::Tile { level: 0, number: 1 })),
        ("upper tile", Column::Tiles, tile(1, 0), Some(hash(1)), only(Finding::Tile { level: 1, number: 0 })),
        ("block gone", Column::Blocks, leaf(2), None, has(Finding::Block { height: 2 })),
        (
            "block cut",
            Column::Blocks,
            leaf(2),
            Some(vec![0; 43]),
            Box::new(|report| {
                let damaged =
                    StoreError::Damaged { column: Column::Blocks, key: 2u64.to_be_bytes().to_vec() };
                report.findings == [Finding::Unreadable { column: Column::Leaves, error: damaged }]
            }),
        ),
        ("certificate gone", Column::Certificates, leaf(2), None, only(Finding::Certificate { height: 2 })),
        (
            "block id gone",
            Column::BlockIds,
            id_of(b"header 2").to_vec(),
            None,
            only(Finding::BlockId { height: 2 }),
        ),
        (
            "index gone",
            Column::Transactions,
            id_of(transaction).to_vec(),
            None,
            has(Finding::Transaction { height: 2, index: 3 }),
        ),
        (
            "index too long",
            Column::Transactions,
            hash(7),
            Some(vec![0; 12]),
            only(Finding::TransactionCount { indexed: 305, committed: 304 }),
        ),
        (
            "value",
            Column::State,
            b"rule/1".to_vec(),
            Some(b"second".to_vec()),
            Box::new(move |report| report.findings.len() == 1 && report.findings.iter().all(map_root)),
        ),
        (
            "key gone",
            Column::State,
            b"rule/1".to_vec(),
            None,
            Box::new(move |r| r.findings.iter().all(map_root)),
        ),
        (
            "key added",
            Column::State,
            b"rule/2".to_vec(),
            Some(vec![]),
            Box::new(move |r| r.findings.iter().all(map_root)),
        ),
    ];
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = filled(directory.path(), &[3, 300, 1]);
    let sound = dump(&store.snapshot().unwrap()).unwrap();
    for (name, column, key, value, found) in cases {
        let before = stored(&store, column, &key);
        assert_ne!(before, value, "{name}");
        store.damage(column, &key, value.as_deref()).unwrap();
        let report = audit(&store.snapshot().unwrap(), &IDENTIFY);
        assert!(!report.findings.is_empty() && found(&report), "{name}: {:?}", report.findings);
        store.damage(column, &key, before.as_deref()).unwrap();
    }
    assert_eq!(dump(&store.snapshot().unwrap()).unwrap(), sound);

    // Every node of the map, damaged in turn.
    let nodes = rows(&store, Column::TreeNodes);
    let tip = store.snapshot().unwrap().tip();
    assert_eq!(map::check(&store.snapshot().unwrap(), tip.height), Ok(content_len(&store)));
    let mut noticed = 0;
    for (key, value) in nodes {
        for bad in [None, Some(&value[1..])] {
            store.damage(Column::TreeNodes, &key, bad).unwrap();
            let report = audit(&store.snapshot().unwrap(), &IDENTIFY);
            let named = |finding: &Finding| match finding {
                Finding::MapNode(MapError::MissingNode { key: named } | MapError::Damaged { key: named }) => {
                    *named == key
                }
                Finding::MapNode(MapError::UnknownVersion { version }) => {
                    key == [&version.to_be_bytes()[..], &[0]].concat()
                }
                _ => false,
            };
            assert!(report.findings.iter().all(named), "{:?}", report.findings);
            noticed += report.findings.len();
            store.damage(Column::TreeNodes, &key, Some(&value)).unwrap();
        }
    }
    let newest = update(&BTreeMap::new(), 0, &state(&store)).unwrap().nodes.len();
    assert_eq!(noticed, 2 * newest, "all nodes of the newest version, and no others");
}

fn rows(store: &Store, column: Column) -> Vec<(Vec<u8>, Vec<u8>)> {
    let text = dump(&store.snapshot().unwrap()).unwrap();
    let lines = text.lines().skip_while(|line| *line != format!("[{}]", column.name())).skip(1);
    let bytes = |hex: &str| -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    };
    lines
        .take_while(|line| !line.starts_with('['))
        .map(|line| {
            let (key, value) = line.split_once(" = ").unwrap();
            (bytes(key), bytes(value))
        })
        .collect()
}

fn stored(store: &Store, column: Column, key: &[u8]) -> Option<Vec<u8>> {
    rows(store, column).into_iter().find(|(found, _)| found == key).map(|(_, value)| value)
}

fn state(store: &Store) -> Changes {
    rows(store, Column::State).into_iter().map(|(key, value)| (key, Some(value))).collect()
}

fn content_len(store: &Store) -> u64 {
    state(store).len() as u64
}

#[test]
fn the_format_on_disk_is_pinned() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = filled(directory.path(), &[2, 1]);
    let mut text =
        String::from("# Format 2: a genesis and two blocks. A change here needs a new format version.\n");
    write!(text, "{}", dump(&store.snapshot().unwrap()).unwrap()).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots/store-format-2.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let pinned = std::fs::read_to_string(&path).unwrap();
    for (number, (found, expected)) in text.lines().zip(pinned.lines()).enumerate() {
        assert_eq!(found, expected, "line {}", number + 1);
    }
    assert_eq!(text, pinned);
}

#[test]
fn stats_speak() {
    let directory = tempfile::tempdir().unwrap();
    let (store, _) = filled(directory.path(), &[50, 50]);
    store.flush().unwrap();
    let stats = store.stats();
    assert!(stats.database.table_bytes > 10_000, "{stats:?}");
    assert!(stats.node_cache_bytes > 1_000, "{stats:?}");
    assert!(stats.node_cache_bytes < 2 << 20, "{stats:?}");
    assert_eq!((stats.database.background_errors, stats.database.writes_stopped), (0, false));
    let snapshot = store.snapshot().unwrap();
    assert_eq!(snapshot.tile(ledger::merkle::tile::TileId { level: 0, number: 0 }).unwrap().len(), 102);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_history_is_kept(
        sizes in prop::collection::vec(0u32..40, 1..14),
        keys in prop::collection::vec(prop::collection::btree_map(0u8..40, any::<Option<u8>>(), 0..20), 14),
        reopen in 0usize..14,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut store = open(directory.path());
        genesis(&store);
        let mut blocks = Vec::new();
        for (i, (size, keys)) in sizes.iter().zip(keys).enumerate() {
            let mut block = block(i as u64 + 1, *size);
            block.changes.extend(keys.into_iter().map(|(key, value)| (vec![key], value.map(|value| vec![value]))));
            block.commit(&store).unwrap();
            blocks.push(block);
            if i == reopen {
                drop(store);
                store = open(directory.path());
            }
        }
        assert_holds(&store, &blocks);
    }
}

/// Fills a small disk, frees it and goes on. Needs a file system of 128 MiB:
/// `ZHULIAN_SMALL_DISK=/mnt/small cargo test --release -p ledger --test store -- --ignored full`
#[test]
#[ignore = "needs a small file system, named in ZHULIAN_SMALL_DISK"]
fn a_full_disk_is_survived() {
    let disk = std::env::var_os("ZHULIAN_SMALL_DISK").expect("a small file system");
    let directory = tempfile::tempdir_in(&disk).unwrap();
    let ballast = Path::new(&disk).join("ballast");
    std::fs::write(&ballast, vec![1; 88 << 20]).unwrap();
    let (mut store, mut blocks) = filled(directory.path(), &[1]);
    let large = |height: u64| {
        let mut block = block(height, 1);
        let noise =
            (0..32_000u32).flat_map(|i| id_of(&[&height.to_be_bytes()[..], &i.to_be_bytes()].concat()));
        block.transactions = noise.collect::<Vec<u8>>().chunks(60_000).map(<[u8]>::to_vec).collect();
        block
    };
    let error = loop {
        let block = large(blocks.len() as u64 + 1);
        match block.commit(&store) {
            Ok(_) => blocks.push(block),
            Err(error) => break error,
        }
    };
    assert!(error.is_full(), "{error}");
    assert_holds(&store, &blocks);
    std::fs::remove_file(&ballast).unwrap();
    let block = large(blocks.len() as u64 + 1);
    let mut waited = 0;
    while let Err(error) = block.commit(&store) {
        assert!(error.is_full(), "{error}");
        std::thread::sleep(std::time::Duration::from_secs(1));
        waited += 1;
        if waited == 20 {
            eprintln!("reopening");
            drop(store);
            store = open(directory.path());
        }
        assert!(waited < 25);
    }
    eprintln!("went on after {waited} s with {} blocks", blocks.len());
    blocks.push(block);
    assert_holds(&store, &blocks);
    drop(store);
    assert_holds(&open(directory.path()), &blocks);
}
