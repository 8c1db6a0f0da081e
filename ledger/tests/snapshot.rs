//! State snapshots: any state is cut into pieces that prove themselves, a lie about any piece is found where it is
//! told, and a store filled from the pieces goes on like the one they came from.

mod support;

use std::collections::BTreeMap;
use std::path::Path;

use ledger::block::{Block, Header};
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType, vote_sign_bytes};
use ledger::crypto::{PublicKey, SigningKey};
use ledger::genesis::Genesis;
use ledger::hash::{GenesisHash, StateRoot};
use ledger::id::Height;
use ledger::merkle::log::leaf_hash;
use ledger::merkle::map::{self, MapReader};
use ledger::snapshot::{
    CHUNK_BYTES, Cut, KeyedEntry, Link, MAX_CHUNK_BYTES, Manifest, Part, SnapshotError, VERSION, Walk,
    entry_bytes, read_chunk,
};
use ledger::state::Entry;
use ledger::store::audit::{Identify, audit};
use ledger::store::{
    BlockCommit, Column, Contents, History, Options as StoreOptions, PastBlock, Store, StoreError,
};
use ledger::time::BlockTime;
use ledger::validators::{Validator, ValidatorSet};
use sha2::{Digest, Sha256};
use support::network::{Options, genesis, key};

type State = BTreeMap<Vec<u8>, Vec<u8>>;

/// A state of `count` keys with values of up to `longest` bytes.
fn state(count: u32, longest: usize) -> State {
    (0..count)
        .map(|i| (format!("key {i}").into_bytes(), vec![i as u8; (i as usize * 31) % (longest + 1)]))
        .collect()
}

fn header(
    height: u64,
    previous: [u8; 32],
    root: [u8; 32],
    transactions: &[Vec<u8>],
    set: &ValidatorSet,
) -> Header {
    Header {
        version: 1,
        height: Height::new(height),
        time: BlockTime::from_millis(1_000_000 + height).unwrap(),
        previous: ledger::block::Id::from_bytes(previous),
        proposer: PublicKey::default(),
        transaction_root: Block::transaction_root(transactions.iter().map(Vec::as_slice)),
        state_root: StateRoot::from_bytes(root),
        validators: set.hash(),
    }
}

fn certify(genesis: &Genesis, header: &Header, voters: &[SigningKey]) -> CommitCertificate {
    let (height, block_id) = (header.height, header.id());
    let bytes = vote_sign_bytes(&genesis.chain_id, VoteType::Precommit, height, 0, Some(block_id));
    let mut signatures: Vec<_> = voters
        .iter()
        .map(|key| CommitSignature { public_key: key.public_key(), signature: key.sign(&bytes) })
        .collect();
    signatures.sort_by_key(|s| s.public_key);
    CommitCertificate { height, round: 0, block_id, signatures }
}

/// The voting keys of the genesis.
fn voters() -> Vec<SigningKey> {
    ["gz", "sz", "zh", "zs"].map(|name| key(&format!("{name} votes"))).to_vec()
}

struct Made {
    manifest: Manifest,
    chunks: BTreeMap<usize, Vec<u8>>,
}

fn cut(genesis: &Genesis, state: &State, header: &Header) -> Made {
    let mut entries: Vec<_> =
        state.iter().map(|(key, value)| KeyedEntry::new(key.clone(), value.clone())).collect();
    entries.sort();
    let mut chunks = BTreeMap::new();
    let mut emit = |number, bytes: &[u8]| {
        chunks.insert(number, bytes.to_vec());
        Ok::<(), SnapshotError>(())
    };
    let mut cut = Cut::new(CHUNK_BYTES, &mut emit);
    cut.part(&entries, &[0; 32], 0).unwrap();
    let list = cut.finish();
    let certificate = certify(genesis, header, &voters());
    let manifest = Manifest {
        version: VERSION,
        chain: genesis.chain_id.clone(),
        header: header.encode().into(),
        certificate,
        chunks: list,
    };
    Made { manifest, chunks }
}

fn made(state: &State) -> (Genesis, Header, Made) {
    let genesis = genesis(&Options::default());
    let header = header(7, [1; 32], map::root_of(state), &[], &genesis.validators);
    let made = cut(&genesis, state, &header);
    (genesis, header, made)
}

/// Every chunk with its part.
fn pairs(genesis: &Genesis, made: &Made) -> Vec<(Part, Vec<u8>)> {
    let (_, _, parts) = Manifest::decode(&genesis.chain_id, &made.manifest.encode()).unwrap();
    parts.into_iter().zip(made.chunks.values().cloned()).collect()
}

#[test]
fn any_state_is_cut_into_bounded_pieces_that_prove_themselves() {
    // Keys, longest value, chunks at least.
    let cases = [
        (0, 0, 0),
        (1, 10, 1),
        (2, 10, 1),
        (100, 300, 1),
        (3_000, 4_000, 6),
        (70_000, 3, 2),
        (1, 1 << 20, 1),
    ];
    for (count, longest, least) in cases {
        let state = match longest {
            0x10_0000 => State::from([(b"the longest".to_vec(), vec![7; longest])]),
            _ => state(count, longest),
        };
        let (genesis, header, made) = made(&state);
        made.manifest.verify_certificate(&header, &genesis.validators).unwrap();
        let pairs = pairs(&genesis, &made);
        assert!(pairs.len() >= least, "{count} keys in {} chunks", pairs.len());
        let mut found = State::new();
        for (part, bytes) in &pairs {
            let entries = read_chunk(bytes, part).unwrap();
            let size: usize = entries.iter().map(|(key, value)| entry_bytes(key, value)).sum();
            assert!(bytes.len() <= MAX_CHUNK_BYTES && (size <= CHUNK_BYTES || entries.len() == 1));
            found.extend(entries);
        }
        assert_eq!(found, state, "{count} keys");
    }
}

/// The same state gives the same snapshot at every node, whatever was written when.
#[test]
fn the_chunks_follow_from_the_state_alone() {
    let state = state(3_000, 4_000);
    let (_, _, one) = made(&state);
    let (_, _, other) = made(&state.into_iter().rev().collect());
    assert_eq!((one.manifest.chunks, one.chunks), (other.manifest.chunks, other.chunks));
}

/// Each row spoils the manifest in one place.
#[test]
fn a_lie_in_the_manifest_is_refused() {
    use SnapshotError as E;
    let (genesis, header, made) = made(&state(3_000, 4_000));
    let decode = |manifest: &Manifest| Manifest::decode(&genesis.chain_id, &manifest.encode()).map(drop);
    assert_eq!(decode(&made.manifest), Ok(()));
    let other_chain = "other/0123456789abcdef".parse().unwrap();
    type Spoil = fn(&mut Manifest);
    let cases: [(&str, Spoil, E); 8] = [
        ("version", |m| m.version = 2, E::Version(2)),
        ("a chunk less", |m| m.chunks.truncate(m.chunks.len() - 1), E::Partition),
        ("a chunk more", |m| m.chunks.push(m.chunks[0]), E::Partition),
        ("a depth", |m| m.chunks[0].depth += 1, E::Partition),
        ("a depth beyond the hash", |m| m.chunks[0].depth = 257, E::Partition),
        ("a hash", |m| m.chunks[1].hash[9] ^= 1, E::StateRoot),
        ("two chunks in each other's place", |m| m.chunks.swap(0, 1), E::StateRoot),
        ("the certificate's height", |m| m.certificate.height = Height::new(8), E::OtherBlock),
    ];
    for (what, spoil, error) in cases {
        let mut manifest = made.manifest.clone();
        spoil(&mut manifest);
        assert_eq!(decode(&manifest), Err(error), "{what}");
    }
    let strange = Manifest { chain: other_chain, ..made.manifest.clone() };
    assert_eq!(decode(&strange), Err(E::Chain));

    // A header that somebody made up leads nowhere without the votes of those whom it names.
    let check =
        |manifest: &Manifest, header: &Header| manifest.verify_certificate(header, &genesis.validators);
    let few = Manifest { certificate: certify(&genesis, &header, &voters()[..2]), ..made.manifest.clone() };
    assert!(matches!(check(&few, &header), Err(E::Certificate(_))));
    let strangers = [key("a"), key("b"), key("c"), key("bank")];
    let set = ValidatorSet::new(
        genesis
            .validators
            .iter()
            .zip(&strangers)
            .map(|(v, key)| Validator { public_key: key.public_key(), ..v.clone() })
            .collect(),
    )
    .unwrap();
    let elsewhere = Header { validators: set.hash(), ..header };
    let forged = Manifest {
        header: elsewhere.encode().into(),
        certificate: certify(&genesis, &elsewhere, &strangers),
        ..made.manifest
    };
    assert_eq!(decode(&forged), Ok(()));
    assert_eq!(
        check(&forged, &elsewhere),
        Err(E::UntrustedValidators { height: Height::new(7), set: set.hash() })
    );
}

/// A chunk as its entries, for spoiling.
fn encoded(entries: &[Entry]) -> Vec<u8> {
    let pairs: Vec<(minicbor::bytes::ByteVec, minicbor::bytes::ByteVec)> =
        entries.iter().map(|(key, value)| (key.clone().into(), value.clone().into())).collect();
    ledger::codec::encode(&pairs)
}

#[test]
fn a_lie_in_a_chunk_is_refused() {
    let (genesis, _, made) = made(&state(3_000, 4_000));
    let pairs = pairs(&genesis, &made);
    let (part, bytes) = &pairs[2];
    let entries = read_chunk(bytes, part).unwrap();
    assert_eq!(&encoded(&entries), bytes);
    assert!(read_chunk(&pairs[3].1, part).is_err(), "another chunk");
    type Spoil = fn(&mut Vec<Entry>);
    let cases: [(&str, Spoil); 6] = [
        ("an entry less", |e| drop(e.remove(1))),
        ("no entries", |e| e.clear()),
        ("two entries in each other's place", |e| e.swap(0, 1)),
        ("an entry twice", |e| e[1] = e[0].clone()),
        ("another value", |e| e[5].1[0] ^= 1),
        ("another key", |e| e[5].0[0] ^= 1),
    ];
    for (what, spoil) in cases {
        let mut spoiled = entries.clone();
        spoil(&mut spoiled);
        let spoiled = encoded(&spoiled);
        // Also for a reader that was told its length.
        let told = Part { bytes: spoiled.len() as u32, ..*part };
        for part in [part, &told] {
            assert!(read_chunk(&spoiled, part).is_err(), "{what}");
        }
    }
    let mut torn = bytes.clone();
    torn.pop();
    assert!(read_chunk(&torn, part).is_err());
    let mut long = bytes.clone();
    long.push(0);
    assert!(read_chunk(&long, &Part { bytes: long.len() as u32, ..*part }).is_err());
}

/// A header and the transactions of its block.
type HeaderAndTransactions = (Header, Vec<Vec<u8>>);

/// A chain of headers with transactions, the genesis hash first.
fn chain(length: u64) -> (GenesisHash, Vec<HeaderAndTransactions>) {
    let genesis = genesis(&Options::default());
    let mut blocks = Vec::new();
    let mut previous = *genesis.hash.as_bytes();
    for height in 1..=length {
        let transactions: Vec<Vec<u8>> =
            (0..height % 4).map(|i| format!("transaction {height}/{i}").into_bytes()).collect();
        let header = header(height, previous, [height as u8; 32], &transactions, &genesis.validators);
        previous = *header.id().as_bytes();
        blocks.push((header, transactions));
    }
    (genesis.hash, blocks)
}

fn link((header, transactions): &HeaderAndTransactions) -> Link {
    let leaves: Vec<_> = transactions.iter().map(|bytes| leaf_hash(bytes)).collect();
    Link { header: header.encode().into(), leaves: leaves.as_flattened().to_vec().into() }
}

#[test]
fn the_chain_of_headers_is_walked_back_to_genesis_and_nowhere_else() {
    let (genesis, blocks) = chain(9);
    let top = &blocks[8].0;
    let start = Walk::new(genesis, top.height, top.id());
    let mut walk = start;
    for block in blocks.iter().rev() {
        let before = walk;
        // Any other link is refused and changes nothing.
        let mut wrong = link(block);
        wrong.leaves = [&wrong.leaves[..], &[0; 32]].concat().into();
        assert_eq!(walk.step(&wrong), Err(SnapshotError::Leaves(before.height())));
        let mut odd = link(block);
        odd.leaves = [&odd.leaves[..], &[0]].concat().into();
        assert_eq!(walk.step(&odd), Err(SnapshotError::Leaves(before.height())));
        let later = Header { time: BlockTime::from_millis(5).unwrap(), ..block.0.clone() };
        let other = Link { header: later.encode().into(), ..link(block) };
        assert_eq!(walk.step(&other), Err(SnapshotError::Link(before.height())));
        assert_eq!((walk.height(), walk.id()), (before.height(), before.id()));
        let linked = walk.step(&link(block)).unwrap();
        assert_eq!((linked.header, linked.leaves.len()), (block.0.clone(), block.1.len()));
    }
    assert_eq!(walk.height(), Height::GENESIS);
    assert!(walk.step(&link(&blocks[0])).is_err(), "nothing lies before genesis");
    // A chain that is whole in itself and begins with another genesis.
    let mut elsewhere = Walk::new(GenesisHash::from_bytes([3; 32]), top.height, top.id());
    let steps: Vec<_> = blocks.iter().rev().map(|block| elsewhere.step(&link(block)).map(drop)).collect();
    assert_eq!(steps.last(), Some(&Err(SnapshotError::Genesis)));
    assert!(steps[..8].iter().all(Result::is_ok));
}

// The store.

const IDENTIFY: Identify =
    Identify { block: |bytes| Some(id_of(bytes)), transaction: |bytes| Some(id_of(bytes)) };
const GENESIS: &[u8] = b"the genesis";
const GENESIS_ID: [u8; 32] = [0xaa; 32];

fn id_of(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn open(path: &Path) -> Store {
    let options = StoreOptions {
        block_cache_bytes: 8 << 20,
        write_buffer_bytes: 8 << 20,
        node_cache_bytes: 1 << 20,
        keep_versions: 10,
    };
    Store::open(path, &options).unwrap()
}

/// A block of the store: header, transactions with their ids, certificate.
struct Stored {
    header: Vec<u8>,
    transactions: Vec<([u8; 32], Vec<u8>)>,
    certificate: Vec<u8>,
}

fn stored(height: u64) -> Stored {
    let bytes = (0..height % 5).map(|i| format!("transaction {height}/{i}").into_bytes());
    Stored {
        header: format!("header {height}").into_bytes(),
        transactions: bytes.map(|bytes| (id_of(&bytes), bytes)).collect(),
        certificate: format!("certificate {height}").into_bytes(),
    }
}

fn changes(height: u64) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
    let mut changes: BTreeMap<_, _> = (0..30u64)
        .map(|i| (format!("key {}", (height * 7 + i) % 90).into_bytes(), Some(vec![height as u8; 3])))
        .collect();
    changes.insert(format!("key {}", height % 90).into_bytes(), None);
    changes
}

fn commit(store: &Store, height: u64) -> ledger::store::Tip {
    let (block, changes) = (stored(height), changes(height));
    let update = {
        let snapshot = store.snapshot().unwrap();
        let reader: &dyn MapReader = &snapshot;
        map::update(reader, height, changes.iter().map(|(k, v)| (k, v.as_deref()))).unwrap()
    };
    let commit = BlockCommit {
        height,
        block_id: id_of(&block.header),
        header: &block.header,
        transactions: &block.transactions,
        certificate: &block.certificate,
        changes: &changes,
        map_update: update,
        events: &[format!("event {height}").into_bytes()],
    };
    store.commit(commit).unwrap()
}

/// A store of this many blocks, filled one by one.
fn grown(path: &Path, height: u64) -> Store {
    let store = open(path);
    store.initialise(GENESIS, GENESIS_ID, &State::from([(b"rule".to_vec(), b"one".to_vec())])).unwrap();
    for height in 1..=height {
        commit(&store, height);
    }
    store
}

fn sorted_state(store: &Store) -> Vec<Entry> {
    let snapshot = store.snapshot().unwrap();
    let mut entries: Vec<_> = snapshot
        .state_range(&[], None)
        .unwrap()
        .map(|row| row.map(|(key, value)| KeyedEntry::new(key, value)).unwrap())
        .collect();
    entries.sort();
    entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

/// Fills a store from another one, with the contents of blocks from `held` on. Ends early when told to.
fn restore(from: &Store, into: &Store, held: u64, until: u64) -> Result<ledger::store::Tip, StoreError> {
    let snapshot = from.snapshot()?;
    let tip = snapshot.tip();
    let mut restore = into.restore(tip.height)?;
    for entries in sorted_state(from).chunks(7) {
        restore.entries(entries)?;
    }
    for height in 1..=tip.height.min(until) {
        let (header, leaves) = snapshot.link(height)?.unwrap();
        let block = stored(height);
        let contents = Contents { transactions: &block.transactions, certificate: &block.certificate };
        let contents = (height >= held).then_some(contents);
        restore.block(&PastBlock { id: id_of(&header), header: &header, leaves: &leaves, contents })?;
    }
    restore.finish(GENESIS, GENESIS_ID, &tip.map_root)
}

/// What two stores hold apart from what only execution gives.
fn columns_alike(one: &Store, other: &Store, columns: &[Column]) {
    let dumped = |store: &Store| ledger::store::audit::dump(&store.snapshot().unwrap()).unwrap();
    let (one, other) = (dumped(one), dumped(other));
    for column in columns {
        let rows = |text: &str| -> Vec<String> {
            let head = format!("[{}]", column.name());
            let lines = text.lines().skip_while(|line| *line != head).skip(1);
            lines.take_while(|line| !line.starts_with('[')).map(str::to_owned).collect()
        };
        assert_eq!(rows(&one), rows(&other), "{}", column.name());
    }
}

#[test]
fn a_restored_store_goes_on_like_the_one_it_came_from() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Enough leaves for more than one tile.
    let (whole, restored) = (grown(a.path(), 140), open(b.path()));
    let tip = restore(&whole, &restored, 121, u64::MAX).unwrap();
    assert_eq!(Some(tip), whole.tip());
    assert_eq!(restored.history(), History { blocks_from: 121, events_from: 141 });
    columns_alike(&whole, &restored, &[Column::State, Column::Tiles, Column::Blocks, Column::BlockIds]);
    for height in 141..=160 {
        assert_eq!(commit(&whole, height), commit(&restored, height), "height {height}");
    }
    drop(restored);
    let restored = open(b.path());
    assert_eq!(restored.tip(), whole.tip());
    assert_eq!(restored.history(), History { blocks_from: 121, events_from: 141 });

    // The log goes on from genesis: the same proofs, old and new.
    let (one, other) = (whole.snapshot().unwrap(), restored.snapshot().unwrap());
    let size = one.tip().log_size;
    for leaf in [0, 1, 250, 300, size - 1] {
        assert_eq!(one.inclusion_proof(leaf, size).unwrap(), other.inclusion_proof(leaf, size).unwrap());
    }
    assert_eq!(one.consistency_proof(100, size).unwrap(), other.consistency_proof(100, size).unwrap());
    assert_eq!(one.link(3).unwrap(), other.link(3).unwrap());
    assert_eq!(one.header(3).unwrap(), other.header(3).unwrap());

    // What is not held is said so.
    assert_eq!(one.block_parts(121).unwrap(), other.block_parts(121).unwrap());
    assert_eq!(other.block_parts(120), Err(StoreError::NotHeld { height: 120, from: 121 }));
    assert_eq!(other.blocks_from(119, 1_000_000), Err(StoreError::NotHeld { height: 119, from: 121 }));
    assert_eq!(one.events_from(0, 0, 1).unwrap()[0].height, 1);
    assert_eq!(other.events_from(0, 0, 1).unwrap()[0].height, 141);
    let recorded = |height| stored(height).transactions.first().map(|(id, _)| *id).unwrap();
    assert!(restored.transaction_exists(&recorded(121)).unwrap(), "the window is protected against replay");
    assert!(!restored.transaction_exists(&recorded(119)).unwrap());

    let report = audit(&other, &IDENTIFY);
    assert_eq!((report.findings.as_slice(), report.headers_only, report.blocks), (&[][..], 120, 160));
    // An audit still sees what is damaged where only the header is held.
    let first = other.block(50).unwrap().unwrap().first_leaf;
    drop((one, other));
    restored.damage(Column::Leaves, &first.to_be_bytes(), Some(b"another header")).unwrap();
    assert!(!audit(&restored.snapshot().unwrap(), &IDENTIFY).findings.is_empty());
}

#[test]
fn backfilling_makes_a_restored_store_whole() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (whole, restored) = (grown(a.path(), 40), open(b.path()));
    restore(&whole, &restored, 31, u64::MAX).unwrap();
    let blocks: Vec<Stored> = (0..=40).map(stored).collect();
    let contents = |height: u64| {
        let block = &blocks[height as usize];
        (height, Contents { transactions: &block.transactions, certificate: &block.certificate })
    };
    let gap = restored.backfill(&[contents(29)]);
    assert_eq!(gap, Err(StoreError::NotHeld { height: 29, from: 31 }), "no gaps");
    restored.backfill(&[contents(30), contents(29)]).unwrap();
    let wrong = restored.backfill(&[(28, contents(29).1)]);
    assert!(matches!(wrong, Err(StoreError::Damaged { .. })), "{wrong:?}");
    for heights in [25..=28, 2..=24, 1..=1] {
        let step: Vec<_> = heights.rev().map(contents).collect();
        restored.backfill(&step).unwrap();
    }
    assert_eq!(restored.history(), History { blocks_from: 1, events_from: 41 });
    columns_alike(
        &whole,
        &restored,
        &[
            Column::State,
            Column::Leaves,
            Column::Tiles,
            Column::Blocks,
            Column::Certificates,
            Column::BlockIds,
            Column::Transactions,
        ],
    );
    let report = audit(&restored.snapshot().unwrap(), &IDENTIFY);
    assert_eq!((report.findings.as_slice(), report.headers_only), (&[][..], 0));
}

#[test]
fn a_restore_that_was_cut_short_leaves_nothing() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = grown(a.path(), 30);
    let restored = open(b.path());
    for until in [0, 10, 29] {
        assert_eq!(restore(&whole, &restored, 25, until), Err(StoreError::NoBlock(until + 1)));
        assert_eq!(restored.tip(), None);
    }
    // The state of another height was begun; nothing of it may stay.
    commit(&whole, 31);
    drop(restored);
    let restored = open(b.path());
    assert_eq!(restored.tip(), None);
    let tip = restore(&whole, &restored, 25, u64::MAX).unwrap();
    assert_eq!(Some(tip), whole.tip());
    columns_alike(&whole, &restored, &[Column::State, Column::Tiles, Column::Blocks, Column::BlockIds]);
    assert_eq!(restore(&whole, &restored, 25, u64::MAX), Err(StoreError::AlreadyInitialised));

    // Whoever changes his mind begins with genesis in the same directory.
    let c = tempfile::tempdir().unwrap();
    let store = open(c.path());
    assert!(restore(&whole, &store, 25, 29).is_err());
    drop(store);
    let fresh = grown(c.path(), 31);
    columns_alike(&whole, &fresh, &Column::ALL);
}

#[test]
fn a_restore_begun_again_leaves_nothing_of_the_one_before() {
    // Nodes of the map are removed as rows that were written once, and here they are written four times, with the
    // removal of all rows between. Opening moves what is in memory into a file, and many files are merged.
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let whole = grown(a.path(), 30);
    for _ in 0..3 {
        assert!(restore(&whole, &open(b.path()), 25, 29).is_err());
    }
    let mut restored = open(b.path());
    restore(&whole, &restored, 25, u64::MAX).unwrap();
    // Until every key has been written again, and the last version that was restored is no longer kept.
    for height in 31..=80 {
        assert_eq!(commit(&whole, height), commit(&restored, height), "height {height}");
        if height % 5 == 0 {
            drop(restored);
            restored = open(b.path());
        }
    }
    columns_alike(&whole, &restored, &[Column::State, Column::TreeNodes, Column::TreeStale]);
}

#[test]
fn a_restore_refuses_a_state_with_another_root() {
    let (a, b) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (whole, restored) = (grown(a.path(), 5), open(b.path()));
    let snapshot = whole.snapshot().unwrap();
    let entries = sorted_state(&whole);
    let mut filling = restored.restore(5).unwrap();
    filling.entries(&entries[1..]).unwrap();
    for height in 1..=5 {
        let (header, leaves) = snapshot.link(height).unwrap().unwrap();
        filling
            .block(&PastBlock { id: id_of(&header), header: &header, leaves: &leaves, contents: None })
            .unwrap();
    }
    let finished = filling.finish(GENESIS, GENESIS_ID, &snapshot.tip().map_root);
    assert!(matches!(finished, Err(StoreError::Restore(_))), "{finished:?}");
    assert_eq!(restored.tip(), None);
    let mut backwards = restored.restore(5).unwrap();
    backwards.entries(&entries[1..2]).unwrap();
    assert!(backwards.entries(&entries[..1]).is_err(), "keys come in the order of their hashes");
}
