//! Every bound of the network, with its default.

use std::time::Duration;

use super::channel::Channel;

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

/// The bounds of one channel to one peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelLimits {
    /// Longest frame, sent or received. A longer one from a peer closes the connection.
    pub frame_bytes_max: usize,
    /// Most frames waiting for a peer.
    pub queue_frames_max: usize,
    /// Most bytes waiting for a peer. A single frame is always let in.
    pub queue_bytes_max: usize,
}

/// Every bound of the network. The defaults fit a mesh of 4 to 30 members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// [`Channel::Consensus`]: 256 KiB a frame, 16,384 frames or 16 MiB queued.
    pub consensus: ChannelLimits,
    /// [`Channel::Blocks`]: 16 MiB a frame, 64 frames or 64 MiB queued.
    pub blocks: ChannelLimits,
    /// [`Channel::Transactions`]: 1 MiB a frame, 1,024 frames or 16 MiB queued.
    pub transactions: ChannelLimits,
    /// [`Channel::Checkpoints`]: 4 KiB a frame, 256 frames or 1 MiB queued.
    pub checkpoints: ChannelLimits,
    /// Age above which a queued frame is not sent on a new stream after a reconnection: 5 s.
    pub queue_age_max: Duration,

    /// Most members, and so most peers: 64.
    pub members_max: usize,
    /// Most addresses of one member: 16.
    pub addresses_max: usize,
    /// Most inbound connections in the middle of their handshake: 64.
    pub pending_incoming_max: usize,
    /// Most of them from one address, loopback excepted: 16.
    pub pending_per_address_max: usize,
    /// Time for a handshake, either way: 3 s.
    pub handshake_timeout: Duration,
    /// Time to open a stream on a live connection: 5 s.
    pub stream_open_timeout: Duration,

    /// Most events waiting for the host: 1,024.
    pub events_max: usize,
    /// Most bytes of messages from one peer waiting for the host: 32 MiB, and never less than one frame.
    pub events_bytes_per_peer_max: usize,

    /// Longest request, either way: 64 KiB.
    pub request_bytes_max: usize,
    /// Longest response, either way: 16 MiB.
    pub response_bytes_max: usize,
    /// Most requests of ours open at one peer: 8.
    pub requests_in_flight_max: usize,
    /// Most requests of one peer that we answer at a time: 8.
    pub requests_served_max: usize,
    /// Requests of one peer that we take in each second, on average: 100.
    pub requests_per_second_max: u32,
    /// Requests of one peer that we take in at once after a pause: 200.
    pub requests_burst_max: u32,
    /// Time for a peer to send its request, for the host to answer, and for the peer to take the answer in,
    /// each: 30 s.
    pub serve_timeout: Duration,

    /// Pause between two pings of a link: 2 s.
    pub ping_interval: Duration,
    /// Silence after which a link is given up: 6 s.
    pub ping_timeout: Duration,
    /// The same when the peer has just made another connection, which it does when it has lost this one: 1 s.
    pub probe_timeout: Duration,
    /// First pause before dialling again: 100 ms. It doubles with each failure.
    pub redial_delay_min: Duration,
    /// Longest pause before dialling again: 5 s.
    pub redial_delay_max: Duration,
}

impl Limits {
    /// The bounds of `channel`.
    #[must_use]
    pub fn channel(&self, channel: Channel) -> ChannelLimits {
        match channel {
            Channel::Consensus => self.consensus,
            Channel::Blocks => self.blocks,
            Channel::Transactions => self.transactions,
            Channel::Checkpoints => self.checkpoints,
        }
    }

    /// The longest frame of any channel, in bytes.
    pub(crate) fn frame_bytes_max(&self) -> usize {
        Channel::ALL.map(|c| self.channel(c).frame_bytes_max).into_iter().max().unwrap_or(0)
    }
}

impl Default for Limits {
    fn default() -> Self {
        let channel = |frame_bytes_max, queue_frames_max, queue_bytes_max| ChannelLimits {
            frame_bytes_max,
            queue_frames_max,
            queue_bytes_max,
        };
        Self {
            consensus: channel(256 * KIB, 16_384, 16 * MIB),
            blocks: channel(16 * MIB, 64, 64 * MIB),
            transactions: channel(MIB, 1_024, 16 * MIB),
            checkpoints: channel(4 * KIB, 256, MIB),
            queue_age_max: Duration::from_secs(5),
            members_max: 64,
            addresses_max: 16,
            pending_incoming_max: 64,
            pending_per_address_max: 16,
            handshake_timeout: Duration::from_secs(3),
            stream_open_timeout: Duration::from_secs(5),
            events_max: 1_024,
            events_bytes_per_peer_max: 32 * MIB,
            request_bytes_max: 64 * KIB,
            response_bytes_max: 16 * MIB,
            requests_in_flight_max: 8,
            requests_served_max: 8,
            requests_per_second_max: 100,
            requests_burst_max: 200,
            serve_timeout: Duration::from_secs(30),
            ping_interval: Duration::from_secs(2),
            ping_timeout: Duration::from_secs(6),
            probe_timeout: Duration::from_secs(1),
            redial_delay_min: Duration::from_millis(100),
            redial_delay_max: Duration::from_secs(5),
        }
    }
}
