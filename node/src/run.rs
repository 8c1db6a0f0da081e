//! Bringing a node up, and down again.

mod joining;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use consensus::Message;
use ledger::crypto::PublicKey;
use ledger::genesis::Genesis;
use ledger::state::keys::{KeyHolderKey, ValidatorsKey};
use ledger::state::{StateError, read};
use ledger::store::{Options, Store, StoreError};
use ledger::validators::{Validator, ValidatorSet};
use tokio::net::TcpListener;
use tokio::sync::{broadcast, mpsc, watch};

use crate::answers::Sources;
use crate::api;
use crate::catchup::{self, CatchUp};
use crate::checkpoints;
use crate::config::{self, Config, Home};
use crate::descriptors;
use crate::documents::{self, Documents};
use crate::genesis::{self, GenesisFileError};
use crate::handle::{Handle, Inner, Phase, Status};
use crate::host::{Bounds, Host, HostError, HostEvent, Inbox, Parts, inbox};
use crate::ingest::{GossipInbox, Ingest, SUBMISSION_QUEUE, gossip};
use crate::keys::{KeyError, LedgerKey, NextKey, Opener, Secret, Voice};
use crate::members::mesh;
use crate::mempool::{Limits, Mempool};
use crate::network::{self, Channel, Event, Events, Member, NetworkError, Refusal};
use crate::snapshots::export::{self, Exporter};
use crate::snapshots::shelf::Shelf;
use crate::snapshots::{backfill, join};
use crate::tenders;
use crate::wal::Wal;

/// Final blocks kept for those that watch; who falls further behind reads from the store.
const COMMITS_KEPT: usize = 1_024;
/// How long the HTTP interface may take to answer what it has begun when the node stops.
const DRAIN: Duration = Duration::from_secs(5);

/// Why a node did not start, or did not stop well.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The genesis file or its sign-offs.
    #[error(transparent)]
    Genesis(#[from] GenesisFileError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A key in the home that is not the one genesis names.
    #[error(
        "{what} of this home is {found}, an organisation's key, but genesis names {expected}; put the right key file in place"
    )]
    WrongKey {
        /// Which key.
        what: &'static str,
        /// What the home holds.
        found: String,
        /// What genesis names.
        expected: String,
    },
    /// The ledger on disk cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store began with another genesis.
    #[error("the data directory holds a ledger that began with another genesis; name another data_dir")]
    OtherLedger,
    /// What this node has signed of the log.
    #[error(transparent)]
    Checkpoints(#[from] checkpoints::Refused),
    /// The network.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The HTTP interface.
    #[error("the HTTP interface cannot listen on {address}: {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Joining by a snapshot.
    #[error(transparent)]
    Join(#[from] join::JoinError),
    /// Anything else that the system refuses.
    #[error("{what}: {source}")]
    System {
        /// What was attempted.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// Runs a node until it is told to stop by SIGTERM or SIGINT.
///
/// # Errors
/// [`RunError`].
pub async fn run(config: Config, home: Home) -> Result<(), RunError> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
        .map_err(|source| RunError::System { what: "listening for SIGTERM", source })?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
    };
    run_until(config, home, stop).await
}

/// Runs a node until `stop` is ready.
///
/// # Errors
/// [`RunError`].
pub async fn run_until(config: Config, home: Home, stop: impl Future<Output = ()>) -> Result<(), RunError> {
    let recorder = api::metrics::install().map_err(|e| RunError::System {
        what: "installing the metrics recorder",
        source: io::Error::other(e.to_string()),
    })?;
    let (genesis, genesis_bytes) = genesis::load(&config)?;
    let opener = Arc::new(config.keys.opener(&home)?);
    let consensus_key = opener.ledger_key(&config.keys.consensus_reference(&home)?)?;
    let mut next_key = NextKey::new(config.keys.next_consensus_reference(&home)?, opener.clone());
    let store = Arc::new(open_store(&config)?);
    let wal_path = config.node.data_dir.join("consensus.log");
    let begun = store.tip().is_some();
    if !begun {
        // Before the ledger begins: so a ledger without a consensus log is one that has lost it.
        Wal::open(&wal_path, &consensus_key, &genesis.chain_id).map_err(HostError::from)?;
    }
    let known = validators(&store, &genesis)?;
    let own = own_membership(&consensus_key, &mut next_key, &known)?;
    let network_path = config.keys.network_path(&home);
    let checkpoint_keys =
        checkpoints::Keys::of_home(&opener, &home.log_key(), &home.cosigning_key(), &network_path)?;
    let network_key = network_key(&network_path, &home, &opener, own.as_ref(), &store, &genesis)?;
    let peers = configured(&config.network.peer);
    let data = &config.node.data_dir;
    let shelf = Shelf::open(&data.join("snapshots"), config.snapshots.keep, &genesis.chain_id)
        .map_err(|source| RunError::System { what: "opening the state snapshots", source })?;
    let shelf = Arc::new(shelf);
    let documents = documents::shelf::Shelf::open(&data.join("documents"), document_limits(&config))
        .map_err(|source| RunError::System { what: "opening the documents of bids", source })?;
    let documents = Arc::new(documents);

    // The address first: a port that is taken should be said before anything is joined.
    let address = config.api.listen;
    let listener = TcpListener::bind(address).await.map_err(|source| RunError::Listen { address, source })?;
    let members = network::Config {
        listen: config.network.listen.clone(),
        members: mesh(&known, &peers, own.is_some(), &[]),
        chain: genesis.chain_id.to_string(),
        limits: network::Limits::default(),
    };
    let (network, mut events) = network::start(network_key.seed().clone(), members).await?;

    let mut stop = std::pin::pin!(stop);
    let joined = joining::begin(
        joining::Surroundings {
            config: &config,
            genesis: &genesis,
            genesis_bytes: &genesis_bytes,
            store: &store,
            network: &network,
            listener: &listener,
            recorder: &recorder,
        },
        &mut events,
        stop.as_mut(),
    )
    .await?;
    if !joined {
        network.shutdown().await;
        return Ok(());
    }
    // A snapshot may bring other members than genesis names.
    let validators = validators(&store, &genesis)?;
    let is_member = own_membership(&consensus_key, &mut next_key, &validators)?.is_some();
    network.set_members(mesh(&validators, &peers, is_member, &[]))?;

    let mempool = Arc::new(Mempool::new(mempool_limits(&config.mempool)));
    let (host_inbox, host_events) = inbox();
    let (commits, _) = broadcast::channel(COMMITS_KEPT);
    let (status_in, status) = watch::channel(first_status(&genesis));
    let catch_up = CatchUp::new(network.clone(), host_inbox.clone(), tokio::runtime::Handle::current());
    let voice = Voice::new(consensus_key.clone());
    let host = Host::new(Parts {
        voice: voice.clone(),
        genesis: genesis.clone(),
        store: store.clone(),
        begun,
        key: consensus_key,
        next_key,
        checkpoint_keys: checkpoint_keys.clone(),
        peers,
        params: params(&config.consensus),
        bounds: bounds(&config),
        wal_path,
        reports_path: config.node.data_dir.join("reports.cbor"),
        data_dir: config.node.data_dir.clone(),
        mempool: mempool.clone(),
        network: network.clone(),
        catch_up,
        exporter: Exporter::new(store.clone(), shelf.clone(), genesis.chain_id.clone(), plan(&config)),
        commits: commits.clone(),
        status: status_in,
    })?;
    let host = std::thread::Builder::new()
        .name("host".into())
        .spawn(move || host.run(&host_events))
        .map_err(|source| RunError::System { what: "starting the host thread", source })?;

    let (submissions, submitted) = mpsc::channel(SUBMISSION_QUEUE);
    let (gossip_in, gossiped) = gossip();
    let ingest = Ingest {
        chain: genesis.chain_id.clone(),
        genesis_time: genesis.time,
        store: store.clone(),
        mempool,
        network: network.clone(),
        host: host_inbox.clone(),
    };
    tokio::spawn(ingest.run(submitted, gossiped));
    let (checkpoints_in, frames) = checkpoints::inbox();
    let answers = Sources { store: store.clone(), snapshots: shelf, documents: documents.clone() };
    tokio::spawn(pump(events, host_inbox.clone(), gossip_in, checkpoints_in, answers));
    let latest = checkpoints::Latest::default();
    let signing = checkpoints::Task::new(checkpoints::Parts {
        chain: genesis.chain_id.clone(),
        store: store.clone(),
        keys: checkpoint_keys,
        network: network.clone(),
        status: status.clone(),
        frames,
        latest: latest.clone(),
        data_dir: config.node.data_dir.clone(),
    })?;
    let signing = signing
        .spawn()
        .map_err(|source| RunError::System { what: "starting the thread of the checkpoints", source })?;
    if config.snapshots.backfill && store.history().blocks_from > 1 {
        let (data, reserve) = (config.node.data_dir.clone(), config.disk.reserve_bytes);
        tokio::spawn(backfill::run(genesis.clone(), store.clone(), network.clone(), data, reserve));
    }

    let kept = keep_documents(&store, &documents, &network);
    let tender_keys = tenders::keys::Keys::new(home.root().to_owned(), opener.clone(), network_path.clone());
    let stamps = config.tenders.stamps_per_quarter;
    let desk = tenders::Desk::open(voice, tender_keys, network.public_key(), &config.node.data_dir, stamps)
        .map_err(|source| RunError::System {
        what: "opening the records of stamps and arrivals",
        source,
    })?;
    let desk = Arc::new(desk);
    let handle = Handle::new(Inner {
        genesis,
        store,
        submissions,
        commits,
        status,
        network: network.clone(),
        checkpoints: latest,
        documents: kept,
        desk: desk.clone(),
    });
    tokio::spawn(tenders::Task::new(handle.clone(), desk).run());
    let extras = api::Extras {
        name: config.node.name.clone(),
        data_dir: config.node.data_dir.clone(),
        recorder,
        limits: api::Limits {
            disk_free_bytes_min: config.disk.reserve_bytes,
            clock_off_ms_max: config.consensus.future_ms,
            fresh_revocation_data_required: config.api.fresh_revocation_data_required,
            ..api::Limits::default()
        },
    };
    tracing::info!(api = %address, name = %config.node.name, chain = %handle.genesis().chain_id, "the node is up");
    // The host stops first: that ends the event streams, which the interface would wait for.
    let stop_host = async {
        stop.await;
        tracing::info!("stopping");
        host_inbox.tell(HostEvent::Stop);
    };
    serve(listener, handle, extras, stop_host).await;
    let _ = tokio::task::spawn_blocking(move || (host.join(), signing.join())).await;
    network.shutdown().await;
    Ok(())
}

/// Keeps documents, as a centre of committees once this node is a member's.
fn keep_documents(
    store: &Arc<Store>,
    shelf: &Arc<documents::shelf::Shelf>,
    network: &network::Handle,
) -> Arc<Documents> {
    let standing = documents::task::Standing::default();
    let store = store.clone();
    let task = documents::task::Task {
        store,
        shelf: shelf.clone(),
        network: network.clone(),
        standing: standing.clone(),
    };
    tokio::spawn(task.run());
    Arc::new(Documents::new(shelf.clone(), standing))
}

/// Serves until told to stop, then lets what has begun end within [`DRAIN`].
async fn serve(listener: TcpListener, handle: Handle, extras: api::Extras, stop: impl Future<Output = ()>) {
    let (stopping, stopped) = watch::channel(false);
    let places = descriptors::connections(descriptors::CONNECTIONS);
    let server = tokio::spawn(async move {
        let mut stopped = stopped;
        let connections = api::BoundedListener::new(listener, places);
        let stop = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
        };
        api::serve(connections, api::router(handle, extras), stop).await;
    });
    stop.await;
    stopping.send_replace(true);
    if tokio::time::timeout(DRAIN, server).await.is_err() {
        tracing::warn!("some HTTP answers were not finished in time");
    }
}

/// Takes what comes from the members to where it belongs. Never waits for the host: the replica bears
/// losses, and a stuck queue would keep everything behind it.
async fn pump(
    mut events: Events,
    host: Inbox,
    gossip: GossipInbox,
    checkpoints: checkpoints::Inbox,
    answers: Sources,
) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Message { peer, channel: Channel::Transactions, bytes } => gossip.frame(peer, bytes),
            Event::Message { peer, channel: Channel::Checkpoints, bytes } => checkpoints.frame(peer, bytes),
            Event::Message { peer, bytes, .. } => match Message::decode(&bytes) {
                Ok(message) => host.message(peer, bytes.len(), message),
                Err(error) => {
                    tracing::debug!(peer = %catchup::short(&peer), %error, "a message is not readable");
                    metrics::counter!("p2p_unreadable_messages_total").increment(1);
                }
            },
            Event::Request { bytes, respond, .. } => {
                let answers = answers.clone();
                tokio::task::spawn_blocking(move || answers.answer(&bytes, respond));
            }
            Event::PeerConnected { peer } => {
                tracing::info!(peer = %catchup::short(&peer), "a member is connected");
                host.tell(HostEvent::Connected(peer));
            }
            Event::PeerDisconnected { peer } => {
                tracing::info!(peer = %catchup::short(&peer), "a member is gone")
            }
            // Members whose dials cross, and whoever looks which ports are open, cause these.
            Event::Refused { reason: reason @ Refusal::Handshake(_), address } => {
                tracing::info!(%reason, %address, "somebody was not let in");
            }
            Event::Refused { reason, address } => tracing::warn!(%reason, %address, "somebody was refused"),
            Event::Misbehaved { peer, reason } => {
                tracing::warn!(peer = %catchup::short(&peer), %reason, "a member broke the protocol");
            }
        }
    }
}

/// The members of the next height; those of genesis before there is a ledger.
fn validators(store: &Store, genesis: &Genesis) -> Result<ValidatorSet, RunError> {
    if store.tip().is_none() {
        return Ok(genesis.validators.clone());
    }
    read(&store.snapshot()?, &ValidatorsKey)?.ok_or(RunError::Host(HostError::NoValidators))
}

/// Whether an organisation signs with this key.
fn is_held(store: &Store, genesis: &Genesis, key: &PublicKey) -> Result<bool, RunError> {
    if store.tip().is_none() {
        return Ok(genesis.organisations.iter().any(|(_, keys)| keys.contains(key)));
    }
    Ok(read(&store.snapshot()?, &KeyHolderKey(key))?.is_some())
}

/// The membership of this home, by its voting key or the next one. A node without one follows the chain and
/// does not vote: it may be about to join, or have left.
fn own_membership(
    consensus: &LedgerKey,
    next: &mut NextKey,
    validators: &ValidatorSet,
) -> Result<Option<Validator>, RunError> {
    let next = next.get()?.map(|key| key.public_key());
    let mut keys = std::iter::once(consensus.public_key()).chain(next);
    let own = keys.find_map(|key| validators.get(&key).cloned());
    if own.is_none() {
        tracing::warn!(
            key = %consensus.public_key(),
            "the consensus key of this home is no member's: the node follows the chain and does not vote"
        );
    }
    Ok(own)
}

/// The network key of this home: the next one as soon as the members have put it in place.
fn network_key(
    path: &Path,
    home: &Home,
    opener: &Opener,
    own: Option<&Validator>,
    store: &Store,
    genesis: &Genesis,
) -> Result<Secret, RunError> {
    let key = opener.secret(path)?;
    let Some(member) = own.filter(|member| member.network_key != key.public_key()) else { return Ok(key) };
    let next = home.next_network_key();
    if next.exists() {
        let next = opener.secret(&next)?;
        if next.public_key() == member.network_key {
            return Ok(next);
        }
    }
    let found = key.public_key();
    if is_held(store, genesis, &found)? {
        let expected = member.network_key.to_string();
        return Err(RunError::WrongKey { what: "the network key", found: found.to_string(), expected });
    }
    // Not a reason to stay away: this ledger may be from before a rotation, and the members of today know the key.
    tracing::warn!(
        key = %found, expected = %member.network_key,
        "the network key of this home is not the one that the ledger names: the members may refuse it"
    );
    Ok(key)
}

fn open_store(config: &Config) -> Result<Store, RunError> {
    let data = &config.node.data_dir;
    std::fs::create_dir_all(data)
        .map_err(|source| RunError::System { what: "making the data directory", source })?;
    let options = Options {
        block_cache_bytes: config.store.block_cache_bytes,
        write_buffer_bytes: config.store.write_buffer_bytes,
        node_cache_bytes: config.store.node_cache_bytes,
        ..Options::default()
    };
    Ok(Store::open(&data.join("ledger"), &options)?)
}

/// Begins the ledger of a store that has none, and refuses one that began otherwise.
fn initialise(store: &Store, genesis: &Genesis, bytes: &[u8]) -> Result<(), RunError> {
    match store.genesis()? {
        Some(begun) if begun == bytes => Ok(()),
        Some(_) => Err(RunError::OtherLedger),
        None => {
            let state = genesis.state().into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
            store.initialise(bytes, *genesis.hash.as_bytes(), &state)?;
            Ok(())
        }
    }
}

/// The nodes that the configuration names.
fn configured(peers: &[config::Peer]) -> Vec<Member> {
    peers
        .iter()
        .map(|peer| Member { public_key: *peer.key.as_bytes(), addresses: peer.addresses.clone() })
        .collect()
}

const fn mempool_limits(config: &config::Mempool) -> Limits {
    Limits {
        transactions: config.transactions,
        bytes: config.bytes,
        per_organisation: config.per_organisation,
    }
}

fn params(config: &config::Consensus) -> consensus::Params {
    let ms = Duration::from_millis;
    consensus::Params {
        propose: ms(config.propose_ms),
        propose_delta: ms(config.propose_delta_ms),
        prevote: ms(config.prevote_ms),
        prevote_delta: ms(config.prevote_delta_ms),
        precommit: ms(config.precommit_ms),
        precommit_delta: ms(config.precommit_delta_ms),
        ..consensus::Params::default()
    }
}

const fn bounds(config: &Config) -> Bounds {
    Bounds {
        future: Duration::from_millis(config.consensus.future_ms),
        past: Duration::from_millis(config.consensus.past_ms),
        heartbeat: Duration::from_secs(config.consensus.heartbeat_seconds),
        disk_reserve: config.disk.reserve_bytes,
    }
}

const fn document_limits(config: &Config) -> documents::shelf::Limits {
    let config::Documents { bytes, document_bytes, key_bytes } = config.documents;
    documents::shelf::Limits { bytes, document_bytes, key_bytes, reserve: config.disk.reserve_bytes }
}

const fn plan(config: &Config) -> export::Plan {
    export::Plan {
        every: config.snapshots.every_blocks,
        chunk_bytes: config.snapshots.chunk_bytes,
        reserve: config.disk.reserve_bytes,
    }
}

/// What is published until the host has spoken for the first time.
fn first_status(genesis: &Genesis) -> Status {
    let tip = genesis.tip();
    Status {
        height: tip.height,
        block_id: tip.id,
        block_time: tip.time,
        state_root: ledger::hash::StateRoot::default(),
        log_size: 0,
        log_root: [0; 32],
        committed_at_unix_ms: crate::host::real_time().as_millis(),
        round: None,
        phase: Phase::Running,
        mempool_transactions: 0,
        mempool_bytes: 0,
        validators: genesis.validators.len(),
        member: false,
        blocks_from: ledger::id::Height::new(1),
        events_from: ledger::id::Height::new(1),
        behind: None,
        clock_ahead_ms: None,
    }
}
