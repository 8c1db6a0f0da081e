//! What status pages and metrics show of each peer.

use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use super::channel::Channel;
use super::identity::PublicKey;

/// The transport under a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// QUIC version 1.
    Quic,
    /// TCP with Noise and yamux.
    Tcp,
}

impl Transport {
    /// The name in status pages and metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Transport::Quic => "quic",
            Transport::Tcp => "tcp",
        }
    }

    /// The transport that `address` is reached by.
    pub(crate) fn of(address: &Multiaddr) -> Self {
        if address.iter().any(|part| part == Protocol::QuicV1) { Transport::Quic } else { Transport::Tcp }
    }
}

/// A member as this node sees it now. Counters count from the start of the node or from the member's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    /// The member's network key.
    pub public_key: PublicKey,
    /// Whether frames can flow.
    pub connected: bool,
    /// The transport of the connection in use.
    pub transport: Option<Transport>,
    /// The far address of the connection in use.
    pub address: Option<Multiaddr>,
    /// The last measured round trip, while connected.
    pub rtt: Option<Duration>,
    /// How often the member has become connected.
    pub connections: u64,
    /// Frame and response bytes received.
    pub bytes_in: u64,
    /// Frame and response bytes sent.
    pub bytes_out: u64,
    /// Requests of the member that were over its limits and were not answered.
    pub requests_refused: u64,
    /// One entry per channel, in the order of [`Channel::ALL`].
    pub channels: [ChannelStatus; Channel::ALL.len()],
}

/// One channel to and from a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelStatus {
    /// The channel.
    pub channel: Channel,
    /// Frames waiting to go out.
    pub queued_frames: usize,
    /// Bytes waiting to go out.
    pub queued_bytes: usize,
    /// Frames handed to the transport.
    pub sent_frames: u64,
    /// Frames given up: the queue was full, or they grew too old.
    pub dropped_frames: u64,
    /// Frames received.
    pub received_frames: u64,
}
