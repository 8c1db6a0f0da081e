//! Building a version of the map from all its keys, in bounded memory.
//!
//! [`super::update`] needs every change in memory at once. Whoever takes over a whole state has its leaves in the order of
//! their key hashes instead: then a node is finished as soon as a key arrives that lies behind it, and only the nodes on
//! the way to the last key are open.

use std::mem;
use std::sync::Arc;

use super::node::{Body, DEPTH_MAX, Leaf, Node, Slot, Slots, WIDTH, hash_slots, nibble, node_key};
use super::proof::{EMPTY_ROOT, hash_key, hash_value};
use super::{Hash, MapError};

/// Nodes to store, by database key.
pub type Nodes = Vec<(Vec<u8>, Arc<Node>)>;

/// A version of the map in the making. Keys come in ascending order of their hashes.
pub struct Builder {
    version: u64,
    /// The unfinished nodes on the way to the last leaf, the root first.
    open: Vec<Slots>,
    /// The last leaf: its place is known when the next one is.
    last: Option<Leaf>,
    /// Nibbles that the last leaf shares with the one before it.
    shared: usize,
    ready: Nodes,
}

impl Builder {
    /// Begins version `version`.
    #[must_use]
    pub fn new(version: u64) -> Self {
        Self { version, open: Vec::new(), last: None, shared: 0, ready: Vec::new() }
    }

    /// Adds a key, which lies behind all those before.
    ///
    /// # Errors
    /// [`MapError::Damaged`] when it does not.
    pub fn add(&mut self, key: &[u8], value: &[u8]) -> Result<(), MapError> {
        let leaf = Leaf::new(hash_key(key), hash_value(value));
        if let Some(last) = self.last.take() {
            let (before, now) = (&last.content.key_hash, &leaf.content.key_hash);
            if before >= now {
                return Err(MapError::Damaged { key: now.to_vec() });
            }
            let shared = (0..DEPTH_MAX).take_while(|at| nibble(before, *at) == nibble(now, *at)).count();
            self.place(last, self.shared.max(shared));
            self.close_below(before, shared);
            self.shared = shared;
        }
        self.last = Some(leaf);
        Ok(())
    }

    /// The nodes that are finished by now; each is given out once.
    #[must_use]
    pub fn take_nodes(&mut self) -> Nodes {
        mem::take(&mut self.ready)
    }

    /// Ends the map: its root and the nodes not given out yet.
    #[must_use]
    pub fn finish(mut self) -> (Hash, Nodes) {
        let root = match (self.last.take(), self.open.is_empty()) {
            (last, true) => Body::Single(last),
            (None, false) => Body::Single(None),
            (Some(last), false) => {
                self.place(last, self.shared);
                self.close_below(&last.content.key_hash, 0);
                self.open.pop().map_or(Body::Single(None), |slots| Body::Branch(Box::new(slots)))
            }
        };
        let root = Node(root);
        let hash = root.hash();
        self.ready.push((node_key(self.version, &EMPTY_ROOT, 0), Arc::new(root)));
        (hash, self.ready)
    }

    fn place(&mut self, leaf: Leaf, depth: usize) {
        while self.open.len() <= depth {
            self.open.push([Slot::Empty; WIDTH]);
        }
        self.put(Slot::Leaf(leaf), &leaf.content.key_hash, depth);
    }

    fn put(&mut self, slot: Slot, path: &Hash, depth: usize) {
        if let Some(place) = self.open.get_mut(depth).and_then(|slots| slots.get_mut(nibble(path, depth))) {
            *place = slot;
        }
    }

    /// Finishes the nodes deeper than `depth` nibbles; the path leads to all of them.
    fn close_below(&mut self, path: &Hash, depth: usize) {
        while self.open.len() > depth + 1 {
            let Some(slots) = self.open.pop() else { return };
            let at = self.open.len();
            let hash = hash_slots(slots.as_slice());
            self.ready
                .push((node_key(self.version, path, at), Arc::new(Node(Body::Branch(Box::new(slots))))));
            self.put(Slot::Inner { hash, version: self.version }, path, at - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::merkle::map;

    /// Whatever the keys, the nodes are those that an update of the empty map writes.
    #[test]
    fn the_same_nodes_as_an_update() {
        let none = BTreeMap::new();
        for count in (0..40u32).chain([100, 1_000, 5_000]) {
            let mut entries: Vec<_> =
                (0..count).map(|i| (i.to_be_bytes().to_vec(), vec![7; i as usize % 9])).collect();
            let expected = map::update(&none, 0, entries.iter().map(|(k, v)| (k, Some(v)))).unwrap();
            entries.sort_by_key(|(key, _)| hash_key(key));
            let (mut builder, mut nodes) = (Builder::new(0), Vec::new());
            for (key, value) in &entries {
                builder.add(key, value).unwrap();
                nodes.extend(builder.take_nodes());
            }
            let (root, rest) = builder.finish();
            nodes.extend(rest);
            let map = |nodes: Nodes| nodes.into_iter().collect::<BTreeMap<_, _>>();
            assert_eq!((root, map(nodes)), (expected.root, map(expected.nodes)), "{count} keys");
        }
    }

    #[test]
    fn keys_out_of_order_are_refused() {
        let mut keys = [b"a", b"b"];
        keys.sort_by_key(|key| hash_key(*key));
        let mut builder = Builder::new(0);
        builder.add(keys[1], b"").unwrap();
        assert!(builder.add(keys[0], b"").is_err());
        assert!(Builder::new(0).add(keys[0], b"").is_ok());
    }
}
