//! What a block costs: the map update, the commit, a proof, on a store of 10,000 and of 1,000,000 keys.
//!
//! The keys changed are spread over the whole state, which is the worst case: no two share much of their path. The crate
//! `jmt` does the same update from memory beside it, to compare in one run.
#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use jmt::storage::{LeafNode, Node, NodeKey, TreeReader};
use jmt::{JellyfishMerkleTree, KeyHash, OwnedValue, SimpleHasher};
use ledger::merkle::map;
use ledger::store::{BlockCommit, Options, Store};
use sha2::{Digest, Sha256};

type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

const SIZES: [u64; 2] = [10_000, 1_000_000];
const CHANGED: [u64; 3] = [1, 100, 1_000];

fn key(number: u64) -> Vec<u8> {
    format!("listing/440100/{number:012}").into_bytes()
}

/// `count` keys out of `size`, others each round.
fn changes(size: u64, count: u64, round: u64) -> Changes {
    let step = 7_919 * round;
    let numbers = (0..count).map(|i| (i * (size / count) + step) % size);
    numbers.map(|number| (key(number), Some([round.to_be_bytes(); 12].concat()))).collect()
}

fn filled(path: &Path, size: u64) -> Store {
    let store = Store::open(path, &Options::default()).expect("open");
    let state = (0..size).map(|number| (key(number), vec![1; 96])).collect();
    store.initialise(b"genesis", [0; 32], &state).expect("initialise");
    store.flush().expect("flush");
    store
}

fn update(store: &Store, changes: &Changes) -> map::MapUpdate {
    let snapshot = store.snapshot().expect("snapshot");
    let version = snapshot.tip().height + 1;
    map::update(&snapshot, version, changes.iter().map(|(key, value)| (key, value.as_deref())))
        .expect("update")
}

fn commit(store: &Store, changes: &Changes, map_update: map::MapUpdate) {
    let height = map_update.version;
    let transaction = |i: u64| {
        let id = Sha256::digest([height.to_be_bytes(), i.to_be_bytes()].concat()).into();
        (id, vec![2; 400])
    };
    let transactions: Vec<_> = (0..changes.len() as u64).map(transaction).collect();
    let block = BlockCommit {
        height,
        block_id: Sha256::digest(height.to_be_bytes()).into(),
        header: &[3; 200],
        transactions: &transactions,
        certificate: &[4; 500],
        changes,
        map_update,
        events: &[],
    };
    store.commit(block).expect("commit");
}

fn store(criterion: &mut Criterion) {
    for size in SIZES {
        let directory = tempfile::tempdir().expect("directory");
        let store = filled(directory.path(), size);
        let mut round = 0;
        let mut group = criterion.benchmark_group(format!("store of {size} keys"));
        group.sample_size(20).measurement_time(Duration::from_secs(4));
        for count in CHANGED {
            group.throughput(Throughput::Elements(count));
            group.bench_function(BenchmarkId::new("update, nodes in memory", count), |bencher| {
                let changes = changes(size, count, round);
                update(&store, &changes);
                bencher.iter(|| black_box(update(&store, &changes)));
            });
            group.bench_function(
                BenchmarkId::new("update and commit, other keys each time", count),
                |bencher| {
                    bencher.iter_custom(|iterations| {
                        let mut spent = Duration::ZERO;
                        for _ in 0..iterations {
                            round += 1;
                            let changes = changes(size, count, round);
                            let start = Instant::now();
                            let map_update = update(&store, &changes);
                            commit(&store, &changes, map_update);
                            spent += start.elapsed();
                        }
                        spent
                    });
                },
            );
        }
        group.throughput(Throughput::Elements(1));
        group.bench_function("prove a key", |bencher| {
            let snapshot = store.snapshot().expect("snapshot");
            let mut number = 0;
            bencher.iter(|| {
                number = (number + 7_919) % size;
                black_box(snapshot.state_proof(&key(number)).expect("proof"))
            });
        });
        group.finish();
    }
}

/// The hasher of this repository, for `jmt`.
struct Hasher(Sha256);

impl SimpleHasher for Hasher {
    fn new() -> Self {
        Self(Sha256::new())
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finalize(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

#[derive(Default)]
struct Outside(BTreeMap<NodeKey, Node>);

impl TreeReader for Outside {
    fn get_node_option(&self, key: &NodeKey) -> anyhow::Result<Option<Node>> {
        Ok(self.0.get(key).cloned())
    }

    fn get_value_option(&self, _: u64, _: KeyHash) -> anyhow::Result<Option<OwnedValue>> {
        Ok(None)
    }

    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        Ok(None)
    }
}

fn outside(criterion: &mut Criterion) {
    let hashed = |changes: Changes| -> Vec<_> {
        changes.into_iter().map(|(key, value)| (KeyHash(map::proof::hash_key(&key)), value)).collect()
    };
    for size in SIZES {
        let mut outside = Outside::default();
        let all = hashed(changes(size, size, 0))
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect();
        let tree = JellyfishMerkleTree::<_, Hasher>::new(&outside);
        let (_, built) = tree.batch_put_value_sets(vec![all], None, 0).expect("build");
        outside.0.extend(built.node_batch.nodes().iter().map(|(key, node)| (key.clone(), node.clone())));
        let mut group = criterion.benchmark_group(format!("jmt of {size} keys"));
        group.sample_size(20).measurement_time(Duration::from_secs(4));
        for count in CHANGED {
            let set = hashed(changes(size, count, 1));
            let tree = JellyfishMerkleTree::<_, Hasher>::new(&outside);
            group.throughput(Throughput::Elements(count));
            group.bench_function(BenchmarkId::new("put_value_set, nodes in memory", count), |bencher| {
                let put = |set| black_box(tree.put_value_set(set, 1).expect("put"));
                bencher.iter_batched(|| set.clone(), put, BatchSize::PerIteration);
            });
        }
        group.finish();
    }
}

criterion_group!(benches, store, outside);
criterion_main!(benches);
