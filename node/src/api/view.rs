//! Reading the ledger at one height, off the threads that answer requests.

use std::time::Duration;

use ledger::block::Header;
use ledger::event::Recorded;
use ledger::id::{ChainId, Height};
use ledger::state::{StateKey, decode_value};
use ledger::store::Snapshot;
use ledger::time::BlockTime;
use ledger::{block, codec};

use super::App;
use super::problem::{Code, Fault, damaged};
use super::schema::{self, At};

/// Longest an answer may take to read.
const READ_TIME: Duration = Duration::from_secs(10);
/// Most records looked at for one page: a filter that matches little then gives a short page and a cursor.
const SCAN_MAX: usize = 2_000;

/// The ledger as it was after one block.
pub(crate) struct View<'a> {
    pub(crate) snapshot: Snapshot<'a>,
    pub(crate) chain: &'a ChainId,
}

impl App {
    /// Runs `work` on the ledger as it is now, on a thread that may wait for the disk.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, Fault>
    where
        T: Send + 'static,
        F: FnOnce(&View<'_>) -> Result<T, Fault> + Send + 'static,
    {
        let app = self.clone();
        let answer = async move {
            let permit = app.reads.clone().acquire_owned().await.map_err(|_| Fault::new(Code::NotReady))?;
            tokio::task::spawn_blocking(move || {
                let _permit = permit;
                let snapshot = app.handle.store().snapshot()?;
                work(&View { snapshot, chain: &app.handle.genesis().chain_id })
            })
            .await?
        };
        tokio::time::timeout(READ_TIME, answer).await.unwrap_or_else(|_| Err(Fault::new(Code::Busy)))
    }
}

/// A page of a list in the making.
pub(crate) struct Listed<V> {
    pub(crate) values: Vec<V>,
    pub(crate) next: Option<String>,
}

impl View<'_> {
    /// Where in the chain this is.
    pub(crate) fn at(&self) -> At {
        let tip = self.snapshot.tip();
        At { height: tip.height, block_id: hex::encode(tip.block_id), state_root: hex::encode(tip.map_root) }
    }

    /// A typed value of the state.
    pub(crate) fn get<K: StateKey>(&self, key: &K) -> Result<Option<K::Value>, Fault> {
        let key = key.key();
        Ok(self.snapshot.state_get(&key)?.map(|bytes| decode_value(&key, &bytes)).transpose()?)
    }

    /// A record that must be there to be shown.
    pub(crate) fn record<K, T>(&self, key: &K) -> Result<schema::Record<T>, Fault>
    where
        K: StateKey,
        T: From<K::Value>,
    {
        let value = self.get(key)?.ok_or_else(|| Fault::new(Code::NotFound))?;
        Ok(schema::Record { data: value.into(), at: self.at() })
    }

    /// Values in a range of keys: up to `limit` that `keep` keeps, after the key `after`.
    pub(crate) fn list<V>(
        &self,
        range: (Vec<u8>, Vec<u8>),
        after: Option<Vec<u8>>,
        limit: usize,
        keep: impl Fn(&V) -> bool,
        name: impl Fn(&V) -> String,
    ) -> Result<Listed<V>, Fault>
    where
        V: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
    {
        let listed = self.list_rows(range, after, limit, |_, value| keep(value), |_, value| name(value))?;
        Ok(Listed { values: listed.values.into_iter().map(|(_, value)| value).collect(), next: listed.next })
    }

    /// The same with the keys, for values that do not say what they are the values of.
    pub(crate) fn list_rows<V>(
        &self,
        (from, before): (Vec<u8>, Vec<u8>),
        after: Option<Vec<u8>>,
        limit: usize,
        keep: impl Fn(&[u8], &V) -> bool,
        name: impl Fn(&[u8], &V) -> String,
    ) -> Result<Listed<(Vec<u8>, V)>, Fault>
    where
        V: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>,
    {
        let from = after.map_or(from, |mut key| {
            key.push(0);
            key
        });
        let (mut values, mut last) = (Vec::new(), None);
        for (scanned, row) in self.snapshot.state_range(&from, Some(&before))?.enumerate() {
            if values.len() == limit || scanned == SCAN_MAX {
                return Ok(Listed { values, next: last });
            }
            let (key, bytes) = row?;
            let value: V = decode_value(&key, &bytes)?;
            last = Some(name(&key, &value));
            if keep(&key, &value) {
                values.push((key.to_vec(), value));
            }
        }
        Ok(Listed { values, next: None })
    }

    /// Turns a list into the page that clients read.
    pub(crate) fn page<V, T: From<V>>(&self, listed: Listed<V>) -> schema::Page<T> {
        let data = listed.values.into_iter().map(T::from).collect();
        schema::Page { data, next: listed.next, at: self.at() }
    }

    /// The header at a height.
    pub(crate) fn header(&self, height: u64) -> Result<Option<Header>, Fault> {
        let Some(bytes) = self.snapshot.header(height)? else { return Ok(None) };
        Header::decode(&bytes).map(Some).map_err(|e| damaged("a header", &e))
    }

    /// The height that a path segment names: a number, a block id, or `latest`.
    pub(crate) fn height_of(&self, name: &BlockName) -> Result<Height, Fault> {
        let height = match name {
            BlockName::Latest => self.snapshot.tip().height,
            BlockName::Height(height) => *height,
            BlockName::Id(id) => {
                self.snapshot.block_by_id(id.as_bytes())?.ok_or_else(|| Fault::new(Code::NotFound))?
            }
        };
        if height == 0 || height > self.snapshot.tip().height {
            return Err(
                Fault::new(Code::NotFound).because("Blocks begin at height 1; genesis is at /v1/genesis")
            );
        }
        Ok(Height::new(height))
    }

    /// Events from number `number` of the block at `height` on, at most `limit`, each with its block's time.
    pub(crate) fn events(&self, height: u64, number: u32, limit: usize) -> Result<Vec<schema::Event>, Fault> {
        let mut time: Option<(u64, BlockTime)> = None;
        let stored = self.snapshot.events_from(height, number, limit)?;
        let mut events = Vec::with_capacity(stored.len());
        for event in stored {
            let at = match time {
                Some((height, at)) if height == event.height => at,
                _ => self.header(event.height)?.map(|h| h.time).unwrap_or_default(),
            };
            time = Some((event.height, at));
            let recorded: Recorded = codec::decode(&event.bytes, ledger::state::MAX_VALUE_BYTES)
                .map_err(|e| damaged("an event", &e))?;
            events.push(schema::Event::new(event.height, event.number, at, recorded));
        }
        Ok(events)
    }
}

/// How a path names a block.
pub(crate) enum BlockName {
    Latest,
    Height(u64),
    Id(block::Id),
}

impl std::str::FromStr for BlockName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "latest" {
            return Ok(Self::Latest);
        }
        let digits = !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit());
        if digits {
            return text.parse().map(Self::Height).map_err(|_| "the height is too large");
        }
        text.parse()
            .map(Self::Id)
            .map_err(|_| "expected a height, a block id of 64 hexadecimal digits, or `latest`")
    }
}
