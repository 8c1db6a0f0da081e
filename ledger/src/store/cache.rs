//! Recently used map nodes, in bounded memory.
//!
//! Three generations of a third each: nodes enter the young one; when its third is full it becomes the old one, and the
//! old one the leaving one, which is emptied node by node as others enter, so that nothing is dropped in bulk. A node
//! found in the old one is young again. So what was used lately, the upper nodes above all, stays.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::merkle::map::Node;

/// What a node costs beside itself: key, pointers, its share of the tree that holds it.
const OVERHEAD: usize = 96;

#[derive(Default)]
struct Generations {
    young: BTreeMap<Vec<u8>, Arc<Node>>,
    old: BTreeMap<Vec<u8>, Arc<Node>>,
    leaving: BTreeMap<Vec<u8>, Arc<Node>>,
    /// Bytes that entered the young generation since it began.
    entered: usize,
    bytes: usize,
}

impl Generations {
    fn put(&mut self, key: Vec<u8>, node: Arc<Node>, third: usize) {
        self.entered += cost(&node);
        self.bytes += cost(&node);
        let former = self.young.insert(key, node);
        self.forget(former);
        // Two leave for one that enters, so the leaving are gone before the next are to leave.
        for _ in 0..2 {
            let left = self.leaving.pop_first().map(|(_, node)| node);
            self.forget(left);
        }
        if self.entered > third {
            self.entered = 0;
            let leaving = mem::replace(&mut self.old, mem::take(&mut self.young));
            for node in mem::replace(&mut self.leaving, leaving).into_values() {
                self.forget(Some(node));
            }
        }
    }

    fn forget(&mut self, node: Option<Arc<Node>>) {
        self.bytes = self.bytes.saturating_sub(node.map_or(0, |node| cost(&node)));
    }
}

/// The cache. A key always names the same node, so a cached node is never wrong, at most no longer needed.
pub(super) struct NodeCache {
    third: usize,
    generations: Mutex<Generations>,
}

impl NodeCache {
    /// Keeps at most about this many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self { third: bytes / 3, generations: Mutex::default() }
    }

    pub(super) fn get(&self, key: &[u8]) -> Option<Arc<Node>> {
        let mut generations = self.lock();
        if let Some(node) = generations.young.get(key) {
            return Some(Arc::clone(node));
        }
        let (key, node) = generations.old.remove_entry(key)?;
        generations.entered += cost(&node);
        generations.young.insert(key, Arc::clone(&node));
        Some(node)
    }

    pub(super) fn insert(&self, key: &[u8], node: &Arc<Node>) {
        self.lock().put(key.to_vec(), Arc::clone(node), self.third);
    }

    /// Takes in the nodes of a new version and forgets those it replaced.
    pub(super) fn replace(&self, stale: &[Vec<u8>], nodes: Vec<(Vec<u8>, Arc<Node>)>) {
        let mut generations = self.lock();
        for key in stale {
            let node = generations.young.remove(key).or_else(|| generations.old.remove(key));
            generations.forget(node);
        }
        for (key, node) in nodes {
            generations.put(key, node, self.third);
        }
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(node: &Node) -> usize {
    node.memory() + OVERHEAD
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let node = Arc::new(Node::decode(&[0]).expect("an empty root"));
        let cache = NodeCache::new(100 * cost(&node));
        for round in 0..10_000u32 {
            cache.insert(&round.to_be_bytes(), &node);
            assert!(cache.bytes() <= 102 * cost(&node));
            assert!(cache.get(&0u32.to_be_bytes()).is_some(), "round {round}");
        }
        let kept = (0..10_000u32).filter(|round| cache.get(&round.to_be_bytes()).is_some()).count();
        assert!((33..=100).contains(&kept), "{kept}");
        cache.replace(&[0u32.to_be_bytes().to_vec()], vec![(b"new".to_vec(), node)]);
        assert!(cache.get(&0u32.to_be_bytes()).is_none());
        assert!(cache.get(b"new").is_some());
    }
}
