//! Reading and writing the state: typed keys over ordered bytes.

pub mod keys;

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::rc::Rc;

use crate::codec::{self, CodecError};
use crate::governance::Era;
use crate::id::Height;
use crate::transaction;

/// Writes of a block in the order of keys; `None` removes.
pub type ChangeSet = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// Longest value the state holds, in bytes.
pub const MAX_VALUE_BYTES: usize = 1 << 20;

/// The state could not be read. This is about the disk or a defect, never about a transaction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// The store failed.
    #[error("the store cannot be read: {0}")]
    Store(String),
    /// A stored value is not of its schema.
    #[error("a stored value is damaged (key {key}): {source}")]
    Damaged {
        /// The key, in hexadecimal.
        key: String,
        /// What is wrong with the value.
        source: CodecError,
    },
}

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// A state as of some block: what execution reads.
pub trait StateRead {
    /// The value at `key`.
    ///
    /// # Errors
    /// [`StateError`].
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError>;

    /// The first key at or after `from` and before `before`, with its value.
    ///
    /// # Errors
    /// [`StateError`].
    fn first_in(&self, from: &[u8], before: &[u8]) -> Result<Option<Entry>, StateError>;

    /// Whether a transaction is on the ledger already.
    ///
    /// # Errors
    /// [`StateError`].
    fn is_recorded(&self, id: &transaction::Id) -> Result<bool, StateError>;
}

/// What can be stored.
pub trait StateValue: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()> + Clone + 'static {}
impl<V: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()> + Clone + 'static> StateValue for V {}

/// A key with the type of its value. All of them stand in [`keys`].
pub trait StateKey {
    /// What is stored there.
    type Value: StateValue;

    /// The bytes of the key.
    fn key(&self) -> Vec<u8>;
}

/// Reads a typed value.
///
/// # Errors
/// [`StateError`].
pub fn read<K: StateKey>(state: &dyn StateRead, key: &K) -> Result<Option<K::Value>, StateError> {
    let key = key.key();
    state.get(&key)?.map(|bytes| decode_value(&key, &bytes)).transpose()
}

/// The validator set of a height that is decided or about to be.
///
/// # Errors
/// [`StateError`].
pub fn era_of(state: &dyn StateRead, height: Height) -> Result<Era, StateError> {
    let (from, before) = keys::era_of(height);
    era(state.first_in(&from, &before)?)
}

fn era(found: Option<Entry>) -> Result<Era, StateError> {
    let (key, value) = found.ok_or_else(|| StateError::Store("the state has no validator sets".into()))?;
    decode_value(&key, &value)
}

/// Decodes a stored value.
///
/// # Errors
/// [`StateError::Damaged`].
pub fn decode_value<V>(key: &[u8], bytes: &[u8]) -> Result<V, StateError>
where
    V: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
{
    codec::decode(bytes, MAX_VALUE_BYTES).map_err(|source| StateError::Damaged {
        key: key.iter().map(|b| format!("{b:02x}")).collect(),
        source,
    })
}

/// Writes laid over a state. Nothing reaches the state below; what was written comes out as a
/// [`ChangeSet`].
///
/// Writes of a transaction are staged first: [`Overlay::keep`] takes them over, [`Overlay::discard`]
/// forgets them, so that a refused transaction leaves no trace.
///
/// What was read below is remembered as it was decoded, because the transactions of a block ask for the
/// same organisations and listings again and again.
pub struct Overlay<'a> {
    base: &'a dyn StateRead,
    seen: RefCell<BTreeMap<Vec<u8>, Rc<dyn Any>>>,
    derived: RefCell<BTreeMap<Vec<u8>, Rc<dyn Any>>>,
    kept: ChangeSet,
    staged: ChangeSet,
    recorded: std::collections::BTreeSet<transaction::Id>,
}

impl<'a> Overlay<'a> {
    /// An overlay without writes.
    pub fn new(base: &'a dyn StateRead) -> Self {
        Self {
            base,
            seen: RefCell::default(),
            derived: RefCell::default(),
            kept: ChangeSet::new(),
            staged: ChangeSet::new(),
            recorded: Default::default(),
        }
    }

    /// Reads a typed value, the newest write first.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn read<K: StateKey>(&self, key: &K) -> Result<Option<K::Value>, StateError> {
        let key = key.key();
        match self.written(&key) {
            Some(value) => value.as_ref().map(|bytes| decode_value(&key, bytes)).transpose(),
            None => self.read_below(key),
        }
    }

    /// What a value that never changes is worth in another form, made once for this overlay.
    ///
    /// # Errors
    /// [`StateError`], also when there is no such value.
    pub(crate) fn derived<K: StateKey, T: 'static>(
        &self,
        key: &K,
        make: impl FnOnce(K::Value) -> Result<T, StateError>,
    ) -> Result<Rc<T>, StateError> {
        let name = key.key();
        let known = self.derived.borrow().get(&name).cloned();
        if let Some(Ok(known)) = known.map(Rc::downcast::<T>) {
            return Ok(known);
        }
        let missing = || StateError::Store("the state lacks a value that others name".into());
        let made = Rc::new(make(self.read(key)?.ok_or_else(missing)?)?);
        self.derived.borrow_mut().insert(name, made.clone());
        Ok(made)
    }

    /// The validator set of a height that is decided or about to be.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn era_of(&self, height: Height) -> Result<Era, StateError> {
        let (from, before) = keys::era_of(height);
        era(self.first_in(&from, &before)?)
    }

    /// Stages a typed write.
    pub fn write<K: StateKey>(&mut self, key: &K, value: &K::Value) {
        self.staged.insert(key.key(), Some(codec::encode(value)));
    }

    /// Stages the removal of a key.
    pub fn remove<K: StateKey>(&mut self, key: &K) {
        self.staged.insert(key.key(), None);
    }

    /// Makes the staged writes part of the block.
    pub fn keep(&mut self) {
        // Not `append`: it takes time in proportion to all that is kept.
        self.kept.extend(std::mem::take(&mut self.staged));
    }

    /// Notes that the block records this transaction.
    pub fn record(&mut self, id: transaction::Id) {
        self.recorded.insert(id);
    }

    /// Forgets the staged writes.
    pub fn discard(&mut self) {
        self.staged.clear();
    }

    /// All kept writes.
    pub fn into_changes(self) -> ChangeSet {
        self.kept
    }

    /// The value below the writes. A key has one type of value: it names its kind.
    fn read_below<V: StateValue>(&self, key: Vec<u8>) -> Result<Option<V>, StateError> {
        if let Some(seen) = self.seen.borrow().get(&key).and_then(|any| any.downcast_ref::<Option<V>>()) {
            return Ok(seen.clone());
        }
        let value: Option<V> = self.base.get(&key)?.map(|bytes| decode_value(&key, &bytes)).transpose()?;
        self.seen.borrow_mut().insert(key, Rc::new(value.clone()));
        Ok(value)
    }

    fn written(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.staged.get(key).or_else(|| self.kept.get(key))
    }

    /// The first live write in a range.
    fn first_written(&self, from: &[u8], before: &[u8]) -> Option<Entry> {
        if from >= before {
            return None;
        }
        let range = (Bound::Included(from), Bound::Excluded(before));
        let live = |map: &ChangeSet| {
            map.range::<[u8], _>(range)
                .find(|(key, _)| matches!(self.written(key), Some(Some(_))))
                .map(|(key, _)| key.clone())
        };
        let key = match (live(&self.staged), live(&self.kept)) {
            (Some(a), Some(b)) => a.min(b),
            (a, b) => a.or(b)?,
        };
        let value = self.written(&key)?.clone()?;
        Some((key, value))
    }
}

impl StateRead for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        match self.written(key) {
            Some(value) => Ok(value.clone()),
            None => self.base.get(key),
        }
    }

    fn first_in(&self, from: &[u8], before: &[u8]) -> Result<Option<Entry>, StateError> {
        let written = self.first_written(from, before);
        let mut from = from.to_vec();
        // Keys below that a write has replaced or removed do not count.
        while let Some((key, value)) = self.base.first_in(&from, before)? {
            if written.as_ref().is_some_and(|(w, _)| *w <= key) {
                break;
            }
            if self.written(&key).is_none() {
                return Ok(Some((key, value)));
            }
            from = key;
            from.push(0);
        }
        Ok(written)
    }

    fn is_recorded(&self, id: &transaction::Id) -> Result<bool, StateError> {
        Ok(self.recorded.contains(id) || self.base.is_recorded(id)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Base(BTreeMap<Vec<u8>, Vec<u8>>);

    impl StateRead for Base {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
            Ok(self.0.get(key).cloned())
        }

        fn first_in(&self, from: &[u8], before: &[u8]) -> Result<Option<Entry>, StateError> {
            let range = (Bound::Included(from), Bound::Excluded(before));
            Ok(self.0.range::<[u8], _>(range).next().map(|(k, v)| (k.clone(), v.clone())))
        }

        fn is_recorded(&self, _: &transaction::Id) -> Result<bool, StateError> {
            Ok(false)
        }
    }

    /// Every mix of present, kept and staged (written or removed) keys reads like a plain map.
    #[test]
    fn ranges_see_the_newest_write() {
        let choices: [Option<Option<u8>>; 3] = [None, Some(None), Some(Some(7))];
        for mix in 0..(2 * 3 * 3usize).pow(3) {
            let (mut rest, mut model) = (mix, BTreeMap::new());
            let mut layers = Vec::new();
            for key in 1u8..=3 {
                let (present, kept, staged) = (rest % 2 == 1, choices[rest / 2 % 3], choices[rest / 6 % 3]);
                rest /= 18;
                layers.push((key, present, kept, staged));
                match staged.or(kept) {
                    Some(Some(value)) => drop(model.insert(vec![key], vec![value])),
                    Some(None) => {}
                    None if present => drop(model.insert(vec![key], vec![1])),
                    None => {}
                }
            }
            let base = Base(layers.iter().filter(|l| l.1).map(|l| (vec![l.0], vec![1])).collect());
            let mut overlay = Overlay::new(&base);
            for (key, _, kept, staged) in &layers {
                let bytes = |v: &Option<u8>| v.map(|v| vec![v]);
                kept.iter().for_each(|v| drop(overlay.kept.insert(vec![*key], bytes(v))));
                staged.iter().for_each(|v| drop(overlay.staged.insert(vec![*key], bytes(v))));
            }
            for from in 0u8..=4 {
                let expected = model.range(vec![from]..vec![9]).next().map(|(k, v)| (k.clone(), v.clone()));
                assert_eq!(overlay.first_in(&[from], &[9]).unwrap(), expected, "mix {mix} from {from}");
            }
        }
    }
}
