//! What a node is told: one commented TOML file, with overrides.
//!
//! Three layers, each over the one before: the documented defaults, the file, and environment variables
//! `ZHULIAN_<SECTION>_<KEY>`; flags of `zhulian start` come last. A key that does not exist is refused with
//! its path and the nearest one that does, wherever it was set.

mod error;
mod keys;
mod layers;
mod template;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ledger::block;
use ledger::crypto::PublicKey;
use ledger::hash::GenesisHash;
use ledger::id::Height;
use ledger::snapshot::CHUNK_BYTES;
use libp2p::Multiaddr;
use sealing::document::cipher_len;
use serde::{Deserialize, Serialize};

pub use error::ConfigError;
pub use keys::Keys;
pub use layers::{KEYS, Origin, Override};
pub use template::{NodeDescription, render};

/// Name of the configuration file in a node's home.
pub const FILE_NAME: &str = "zhulian.toml";
/// Bytes of the longest encrypted document: what the sealing scheme allows, with padding and tags.
const DOCUMENT_BYTES_MAX: u64 = cipher_len(sealing::document::LEN_MAX);
/// Largest configuration file, in bytes.
pub const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// A checked configuration. Paths are absolute or relative to the working directory, never to the home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The node itself.
    pub node: Node,
    /// The node's own keys.
    #[serde(default)]
    pub keys: Keys,
    /// The members' mesh.
    pub network: Network,
    /// The HTTP interface.
    pub api: Api,
    /// Transactions that wait.
    #[serde(default)]
    pub mempool: Mempool,
    /// Agreement on blocks.
    #[serde(default)]
    pub consensus: Consensus,
    /// The database.
    #[serde(default)]
    pub store: Store,
    /// Room on the disk.
    #[serde(default)]
    pub disk: Disk,
    /// State snapshots.
    #[serde(default)]
    pub snapshots: Snapshots,
    /// Encrypted documents of bids.
    #[serde(default)]
    pub documents: Documents,
    /// Tenders with sealed bids.
    #[serde(default)]
    pub tenders: Tenders,
    /// What the node writes about itself.
    #[serde(default)]
    pub log: Log,
}

/// The node itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// Its name in logs and metrics, 1 to 40 of `a-z 0-9 -`.
    pub name: String,
    /// Where the ledger is kept.
    pub data_dir: PathBuf,
    /// The genesis file.
    pub genesis: PathBuf,
    /// SHA-256 of the genesis file that this node's operator agreed to.
    #[serde(with = "text")]
    pub genesis_hash: GenesisHash,
    /// The members' signatures under that hash.
    pub signoffs: PathBuf,
}

/// The members' mesh.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Addresses to listen on: `/ip4/../udp/../quic-v1` or `/ip4/../tcp/..`.
    #[serde(with = "text_list")]
    pub listen: Vec<Multiaddr>,
    /// The other members.
    #[serde(default)]
    pub peer: Vec<Peer>,
}

/// Another member's node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// Its network key, as genesis names it.
    #[serde(with = "text")]
    pub key: PublicKey,
    /// Where it can be dialled; empty when it dials this node.
    #[serde(with = "text_list")]
    pub addresses: Vec<Multiaddr>,
}

/// The HTTP interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Api {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Whether the node counts as not ready while the revocation data of a trusted authority is too old.
    #[serde(default)]
    pub fresh_revocation_data_required: bool,
}

/// Transactions that wait to be recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mempool {
    /// Most transactions.
    pub transactions: usize,
    /// Most bytes of transactions.
    pub bytes: usize,
    /// Most transactions of one organisation.
    pub per_organisation: usize,
}

/// Agreement on blocks. Every time is local: nodes may differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Consensus {
    /// How long a proposal is waited for in round 0, in milliseconds.
    pub propose_ms: u64,
    /// Added for every further round.
    pub propose_delta_ms: u64,
    /// How long stragglers' prevotes are waited for after a quorum in disagreement.
    pub prevote_ms: u64,
    /// Added for every further round.
    pub prevote_delta_ms: u64,
    /// The same for precommits.
    pub precommit_ms: u64,
    /// Added for every further round.
    pub precommit_delta_ms: u64,
    /// A block dated further than this after our clock gets no vote, in milliseconds.
    pub future_ms: u64,
    /// A block dated further than this before our clock gets no vote.
    pub past_ms: u64,
    /// A block is made after this many seconds even when nothing happened.
    pub heartbeat_seconds: u64,
}

/// Memory of the database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// Bytes for what was read from disk.
    pub block_cache_bytes: usize,
    /// Bytes for what is not yet in table files.
    pub write_buffer_bytes: usize,
    /// Bytes for nodes of the authenticated map.
    pub node_cache_bytes: usize,
}

/// Room on the disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Disk {
    /// With less free space than this many bytes the node stops taking part until there is room.
    pub reserve_bytes: u64,
}

/// State snapshots: keeping them for others, and joining by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Snapshots {
    /// A snapshot is made at every height that is a multiple of this; 0 makes none.
    pub every_blocks: u64,
    /// The newest this many are kept.
    pub keep: usize,
    /// The pieces that others fetch have about this many bytes.
    pub chunk_bytes: usize,
    /// Whether a node without a ledger joins by a snapshot instead of fetching every block.
    pub join: bool,
    /// `HEIGHT:ID` of a block that the operator trusts, or empty to trust the validators of the genesis.
    pub trust_block: String,
    /// Whether a node that joined by a snapshot fetches the older blocks afterwards.
    pub backfill: bool,
}

/// Encrypted documents of bids, which the node keeps as a centre of their tenders' committees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Documents {
    /// Most bytes of all of them.
    pub bytes: u64,
    /// Most bytes of one.
    pub document_bytes: u64,
    /// Most bytes of those of one bidder's one-time key.
    pub key_bytes: u64,
}

/// Tenders with sealed bids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tenders {
    /// Most admission stamps that this centre issues to one organisation in a quarter.
    pub stamps_per_quarter: u32,
}

impl Snapshots {
    /// The block that the operator trusts.
    #[must_use]
    pub fn trusted(&self) -> Option<(Height, block::Id)> {
        let (height, id) = self.trust_block.split_once(':')?;
        let height = height.parse().ok().filter(|height| *height > 0)?;
        Some((Height::new(height), id.parse().ok()?))
    }
}

/// What the node writes about itself, to standard error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `info,node::network=debug`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// Text.
    Text,
    /// One JSON object a line.
    Json,
}

impl Default for Mempool {
    fn default() -> Self {
        Self { transactions: 100_000, bytes: 128 << 20, per_organisation: 20_000 }
    }
}

impl Default for Consensus {
    fn default() -> Self {
        Self {
            propose_ms: 1_000,
            propose_delta_ms: 500,
            prevote_ms: 500,
            prevote_delta_ms: 250,
            precommit_ms: 500,
            precommit_delta_ms: 250,
            future_ms: 500,
            past_ms: 10_000,
            heartbeat_seconds: 600,
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { block_cache_bytes: 256 << 20, write_buffer_bytes: 64 << 20, node_cache_bytes: 128 << 20 }
    }
}

impl Default for Disk {
    fn default() -> Self {
        Self { reserve_bytes: 1 << 30 }
    }
}

impl Default for Snapshots {
    fn default() -> Self {
        Self {
            every_blocks: 10_000,
            keep: 2,
            chunk_bytes: CHUNK_BYTES,
            join: false,
            trust_block: String::new(),
            backfill: true,
        }
    }
}

impl Default for Tenders {
    fn default() -> Self {
        Self { stamps_per_quarter: 100 }
    }
}

impl Default for Documents {
    fn default() -> Self {
        Self { bytes: 256 << 30, document_bytes: 1 << 30, key_bytes: 4 << 30 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Auto }
    }
}

impl Config {
    /// Reads the file of a home, the environment given and the flags given, and checks everything.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key and where it was set.
    pub fn load(
        home: &Home,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[Override],
    ) -> Result<Loaded, ConfigError> {
        let path = home.config_file();
        let text = read_bounded(&path)?;
        Self::parse(&text, home, environment, flags)
    }

    /// The same for text already read.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn parse(
        text: &str,
        home: &Home,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[Override],
    ) -> Result<Loaded, ConfigError> {
        let (table, origins) = layers::merge(text, environment, flags)?;
        let mut config: Self = table.try_into().map_err(|e| layers::place(&e, &origins))?;
        config.check_ranges()?;
        config.check_addresses()?;
        config.check_snapshots()?;
        config.keys.check()?;
        for path in [&mut config.node.data_dir, &mut config.node.genesis, &mut config.node.signoffs] {
            *path = home.root().join(path.as_path());
        }
        Ok(Loaded { config, origins })
    }

    fn check_ranges(&self) -> Result<(), ConfigError> {
        let (mempool, consensus, store) = (&self.mempool, &self.consensus, &self.store);
        let minute = 60_000;
        #[rustfmt::skip]
        let ranges = [
            ("mempool.transactions", mempool.transactions as u64, 1, 10_000_000),
            ("mempool.bytes", mempool.bytes as u64, 1 << 20, 64 << 30),
            ("mempool.per_organisation", mempool.per_organisation as u64, 1, mempool.transactions as u64),
            ("consensus.propose_ms", consensus.propose_ms, 10, minute),
            ("consensus.propose_delta_ms", consensus.propose_delta_ms, 1, minute),
            ("consensus.prevote_ms", consensus.prevote_ms, 10, minute),
            ("consensus.prevote_delta_ms", consensus.prevote_delta_ms, 1, minute),
            ("consensus.precommit_ms", consensus.precommit_ms, 10, minute),
            ("consensus.precommit_delta_ms", consensus.precommit_delta_ms, 1, minute),
            ("consensus.future_ms", consensus.future_ms, 10, 10 * minute),
            ("consensus.past_ms", consensus.past_ms, 100, 10 * minute),
            ("consensus.heartbeat_seconds", consensus.heartbeat_seconds, 1, 86_400),
            ("store.block_cache_bytes", store.block_cache_bytes as u64, 1 << 20, 1 << 40),
            ("store.write_buffer_bytes", store.write_buffer_bytes as u64, 1 << 20, 64 << 30),
            ("store.node_cache_bytes", store.node_cache_bytes as u64, 1 << 20, 1 << 40),
            ("disk.reserve_bytes", self.disk.reserve_bytes, 16 << 20, 1 << 44),
            ("snapshots.every_blocks", self.snapshots.every_blocks, 0, 1_000_000_000),
            ("snapshots.keep", self.snapshots.keep as u64, 1, 16),
            ("snapshots.chunk_bytes", self.snapshots.chunk_bytes as u64, 1 << 10, CHUNK_BYTES as u64),
            ("tenders.stamps_per_quarter", u64::from(self.tenders.stamps_per_quarter), 0, 1_000_000),
            ("documents.bytes", self.documents.bytes, 1 << 20, 1 << 50),
            ("documents.document_bytes", self.documents.document_bytes, 1 << 16, DOCUMENT_BYTES_MAX),
            ("documents.key_bytes", self.documents.key_bytes, 1 << 16, 1 << 50),
            ("network.peer", self.network.peer.len() as u64, 0, 127),
        ];
        for (key, value, least, most) in ranges {
            if value < least || value > most {
                return Err(ConfigError::Value {
                    key: key.into(),
                    reason: format!("must be {least} to {most}, is {value}"),
                });
            }
        }
        Ok(())
    }

    fn check_snapshots(&self) -> Result<(), ConfigError> {
        let trust = &self.snapshots.trust_block;
        if trust.is_empty() || self.snapshots.trusted().is_some() {
            return Ok(());
        }
        let reason = format!(
            "{trust:?} is not HEIGHT:ID; /v1/status of another centre's node names both of its last block"
        );
        Err(ConfigError::Value { key: "snapshots.trust_block".into(), reason })
    }

    fn check_addresses(&self) -> Result<(), ConfigError> {
        let name = &self.node.name;
        let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if name.is_empty() || name.len() > 40 || !name.bytes().all(allowed) {
            let reason = "a node's name has 1 to 40 of a-z, 0-9 and '-'".into();
            return Err(ConfigError::Value { key: "node.name".into(), reason });
        }
        if self.network.listen.is_empty() {
            let reason = "give at least one address, or no other member can reach this node".into();
            return Err(ConfigError::Value { key: "network.listen".into(), reason });
        }
        let peers =
            self.network.peer.iter().flat_map(|peer| &peer.addresses).map(|a| ("network.peer.addresses", a));
        for (key, address) in self.network.listen.iter().map(|a| ("network.listen", a)).chain(peers) {
            if !is_transport(address) {
                return Err(ConfigError::Value {
                    key: key.into(),
                    reason: format!("{address} is neither /ip4/../udp/../quic-v1 nor /ip4/../tcp/.."),
                });
            }
        }
        Ok(())
    }
}

/// Whether the mesh can carry the address: QUIC or TCP on an IP address or a DNS name.
fn is_transport(address: &Multiaddr) -> bool {
    use libp2p::multiaddr::Protocol::{Dns, Dns4, Dns6, Ip4, Ip6, QuicV1, Tcp, Udp};
    let parts: Vec<_> = address.iter().collect();
    let host = matches!(parts.first(), Some(Ip4(_) | Ip6(_) | Dns(_) | Dns4(_) | Dns6(_)));
    host && matches!(parts.get(1..), Some([Tcp(_)] | [Udp(_), QuicV1]))
}

fn read_bounded(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |reason: std::io::Error| ConfigError::Unreadable { path: path.into(), reason };
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > MAX_CONFIG_BYTES {
        let reason = format!("a configuration has at most {MAX_CONFIG_BYTES} bytes, this file has {length}");
        return Err(ConfigError::Unreadable { path: path.into(), reason: std::io::Error::other(reason) });
    }
    std::fs::read_to_string(path).map_err(unreadable)
}

/// A configuration and where each of its values was set.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// Where a key was set; keys that are absent have their default.
    pub origins: std::collections::BTreeMap<String, Origin>,
}

/// The directory that belongs to one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Home {
    /// The home at `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The configuration.
    pub fn config_file(&self) -> PathBuf {
        self.root.join(FILE_NAME)
    }

    /// The key that signs votes and proposals, and nothing else.
    pub fn consensus_key(&self) -> PathBuf {
        self.root.join("consensus.key")
    }

    /// The key of the node's network identity.
    pub fn network_key(&self) -> PathBuf {
        self.root.join("network.key")
    }

    /// The key that is to take the place of the consensus key, while the members decide on it.
    pub fn next_consensus_key(&self) -> PathBuf {
        self.root.join("consensus-next.key")
    }

    /// The key that is to take the place of the network key, while the members decide on it.
    pub fn next_network_key(&self) -> PathBuf {
        self.root.join("network-next.key")
    }

    /// The key with which the centre signs transactions.
    pub fn operator_key(&self) -> PathBuf {
        self.root.join("operator.key")
    }

    /// The key that signs checkpoints for the log.
    pub fn log_key(&self) -> PathBuf {
        self.root.join("log.key")
    }

    /// The key that cosigns checkpoints.
    pub fn cosigning_key(&self) -> PathBuf {
        self.root.join("cosigning.key")
    }

    /// The centre's entry for a genesis file.
    pub fn centre_file(&self) -> PathBuf {
        self.root.join("centre.toml")
    }
}

/// Values written as text: keys, hashes, addresses.
mod text {
    use core::fmt::Display;
    use core::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(value)
    }

    pub(super) fn deserialize<'de, T, D>(d: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        parse(&String::deserialize(d)?)
    }

    pub(super) fn parse<T: FromStr<Err: Display>, E: serde::de::Error>(text: &str) -> Result<T, E> {
        text.parse().map_err(|e| E::custom(format_args!("{text:?}: {e}")))
    }
}

/// Lists of such values.
mod text_list {
    use core::fmt::Display;
    use core::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<T: Display, S: Serializer>(values: &[T], s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(values.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, T, D>(d: D) -> Result<Vec<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        Vec::<String>::deserialize(d)?.iter().map(|text| super::text::parse(text)).collect()
    }
}
