//! What is shared about one member, and the tasks that write to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::AsyncWrite;
use libp2p::swarm::ConnectionId;
use tokio::sync::{Semaphore, watch};

use super::channel::{Channel, Protocol};
use super::identity::PublicKey;
use super::limits::Limits;
use super::link::Link;
use super::outbox::Outbox;
use super::status::PeerStatus;
use super::wire::write_frames;

/// Pause before a broken stream is opened again on the same connection.
const REOPEN_DELAY: Duration = Duration::from_millis(100);

/// Scratch space above this is given back after a batch.
const SCRATCH_KEPT: usize = 512 * 1024;

/// One member, shared by the handle, the driver and the tasks of its streams.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) key: PublicKey,
    /// The chain that this node keeps, and the peer should.
    pub(crate) chain: Arc<str>,
    pub(crate) limits: Arc<Limits>,
    outboxes: [Outbox; Channel::ALL.len()],
    /// The connection in use: set by the driver, followed by the writers.
    pub(crate) link: watch::Sender<Option<Arc<Link>>>,
    /// Whether the host has been told that the peer is connected; readers wait for it.
    pub(crate) announced: watch::Sender<bool>,
    /// Bytes of messages that may wait for the host.
    pub(crate) inbound_room: Arc<Semaphore>,
    /// Requests of ours that may be open.
    pub(crate) asking: Arc<Semaphore>,
    /// Requests of the peer's that may be served.
    pub(crate) serving: Arc<Semaphore>,
    pub(crate) counters: Counters,
}

/// Figures for [`PeerStatus`].
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Microseconds; 0 is unknown.
    rtt: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
    pub(crate) requests_refused: AtomicU64,
}

impl Counters {
    pub(crate) fn set_rtt(&self, rtt: Duration) {
        let micros = u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX);
        self.rtt.store(micros.max(1), Ordering::Relaxed);
    }

    pub(crate) fn add(counter: &AtomicU64, amount: usize) {
        counter.fetch_add(amount as u64, Ordering::Relaxed);
    }
}

impl Peer {
    pub(crate) fn new(key: PublicKey, chain: Arc<str>, limits: Arc<Limits>) -> Self {
        let room = limits.events_bytes_per_peer_max.max(limits.frame_bytes_max());
        Self {
            key,
            chain,
            outboxes: Channel::ALL.map(|channel| Outbox::new(channel, limits.channel(channel))),
            link: watch::Sender::new(None),
            announced: watch::Sender::new(false),
            inbound_room: Arc::new(Semaphore::new(room.min(Semaphore::MAX_PERMITS))),
            asking: Arc::new(Semaphore::new(limits.requests_in_flight_max)),
            serving: Arc::new(Semaphore::new(limits.requests_served_max)),
            counters: Counters::default(),
            limits,
        }
    }

    pub(crate) fn outbox(&self, channel: Channel) -> &Outbox {
        &self.outboxes[channel.index()]
    }

    /// The connection in use.
    pub(crate) fn current_link(&self) -> Option<Arc<Link>> {
        self.link.borrow().clone()
    }

    pub(crate) fn status(&self) -> PeerStatus {
        let link = self.current_link();
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let rtt = read(&self.counters.rtt);
        PeerStatus {
            public_key: self.key,
            connected: link.is_some(),
            transport: link.as_ref().map(|link| link.transport),
            rtt: (link.is_some() && rtt > 0).then(|| Duration::from_micros(rtt)),
            address: link.map(|link| link.address.clone()),
            connections: read(&self.counters.connections),
            bytes_in: read(&self.counters.bytes_in),
            bytes_out: read(&self.counters.bytes_out),
            requests_refused: read(&self.counters.requests_refused),
            channels: Channel::ALL.map(|channel| self.outbox(channel).status()),
        }
    }
}

/// Carries the frames of one channel to the peer, over one connection after another, for ever.
pub(crate) async fn write_channel(peer: Arc<Peer>, channel: Channel) {
    let mut links = peer.link.subscribe();
    loop {
        let Ok(link) = links.wait_for(Option::is_some).await.map(|link| link.clone()) else {
            return;
        };
        let Some(link) = link else { continue };
        let opened = link.open(Protocol::Channel(channel), peer.limits.stream_open_timeout).await;
        match opened {
            Ok(stream) => write_stream(&peer, channel, stream, &mut links, link.connection).await,
            Err(error) => tracing::debug!(channel = channel.name(), %error, "stream not opened"),
        }
        // A broken stream on a connection that stays: not in a tight loop.
        let _ = tokio::time::timeout(REOPEN_DELAY, replaced(&mut links, link.connection)).await;
    }
}

/// Writes batches until the stream breaks or the connection is replaced.
async fn write_stream<W>(
    peer: &Peer,
    channel: Channel,
    mut stream: W,
    links: &mut watch::Receiver<Option<Arc<Link>>>,
    connection: ConnectionId,
) where
    W: AsyncWrite + Unpin,
{
    let outbox = peer.outbox(channel);
    outbox.discard_older_than(peer.limits.queue_age_max);
    let mut scratch = Vec::new();
    loop {
        let batch = tokio::select! {
            biased;
            () = replaced(links, connection) => return,
            batch = outbox.take() => batch,
        };
        let frames = batch.frames();
        let written = tokio::select! {
            written = write_frames(&mut stream, &frames, &mut scratch) => written.is_ok(),
            () = replaced(links, connection) => false,
        };
        if !written {
            outbox.put_back(batch);
            return;
        }
        outbox.confirm(&batch);
        Counters::add(&peer.counters.bytes_out, frames.iter().map(bytes::Bytes::len).sum());
        if scratch.capacity() > SCRATCH_KEPT {
            scratch = Vec::new();
        }
    }
}

/// Returns when `connection` is no longer the one in use.
async fn replaced(links: &mut watch::Receiver<Option<Arc<Link>>>, connection: ConnectionId) {
    // An error means that the peer is gone, and with it its connection.
    let _ = links.wait_for(|link| link.as_ref().is_none_or(|link| link.connection != connection)).await;
}
