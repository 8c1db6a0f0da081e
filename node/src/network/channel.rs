//! The kinds of streams between two members.

use libp2p::StreamProtocol;

/// A one-way flow of frames to a peer, with a stream and a queue of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Small urgent frames: votes, proposals' headers, certificates.
    Consensus,
    /// Proposal bodies.
    Blocks,
    /// Gossip: batches of transactions.
    Transactions,
}

/// What happens to a frame when its queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overflow {
    /// The oldest queued frames make room: what is newer supersedes them.
    DropOldest,
    /// The new frame is refused: what waits is as good as what comes.
    DropNewest,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Channel; 3] = [Channel::Consensus, Channel::Blocks, Channel::Transactions];

    /// The name of the channel in logs, metrics and status pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Consensus => "consensus",
            Channel::Blocks => "blocks",
            Channel::Transactions => "transactions",
        }
    }

    /// What this channel's queue does when it is full.
    #[must_use]
    pub const fn overflow(self) -> Overflow {
        match self {
            Channel::Consensus | Channel::Blocks => Overflow::DropOldest,
            Channel::Transactions => Overflow::DropNewest,
        }
    }

    /// The place of this channel in per-channel arrays.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// A stream protocol: the channels and the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// Frames of a channel, from the side that opened the stream.
    Channel(Channel),
    /// One request and its response.
    Request,
    /// One byte there and back, to notice a dead link.
    Ping,
}

impl Protocol {
    pub(crate) const ALL: [Protocol; 5] = [
        Protocol::Channel(Channel::Consensus),
        Protocol::Channel(Channel::Blocks),
        Protocol::Channel(Channel::Transactions),
        Protocol::Request,
        Protocol::Ping,
    ];

    /// The name negotiated with the peer.
    pub(crate) const fn name(self) -> StreamProtocol {
        StreamProtocol::new(match self {
            Protocol::Channel(Channel::Consensus) => "/zhulian/consensus/1",
            Protocol::Channel(Channel::Blocks) => "/zhulian/blocks/1",
            Protocol::Channel(Channel::Transactions) => "/zhulian/transactions/1",
            Protocol::Request => "/zhulian/request/1",
            Protocol::Ping => "/zhulian/ping/1",
        })
    }
}
