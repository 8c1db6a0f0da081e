//! The kinds of streams between two members, and their names on the wire.

use std::sync::Arc;

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
    /// Signatures under states of the log.
    Checkpoints,
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
    pub const ALL: [Channel; 4] =
        [Channel::Consensus, Channel::Blocks, Channel::Transactions, Channel::Checkpoints];

    /// The name of the channel in logs, metrics and status pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Channel::Consensus => "consensus",
            Channel::Blocks => "blocks",
            Channel::Transactions => "transactions",
            Channel::Checkpoints => "checkpoints",
        }
    }

    /// What this channel's queue does when it is full.
    #[must_use]
    pub const fn overflow(self) -> Overflow {
        match self {
            Channel::Consensus | Channel::Blocks | Channel::Checkpoints => Overflow::DropOldest,
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
    /// Each side names its chain; then one byte there and back, again and again, to notice a dead link.
    Ping,
}

impl Protocol {
    pub(crate) const ALL: [Protocol; 6] = [
        Protocol::Channel(Channel::Consensus),
        Protocol::Channel(Channel::Blocks),
        Protocol::Channel(Channel::Transactions),
        Protocol::Channel(Channel::Checkpoints),
        Protocol::Request,
        Protocol::Ping,
    ];

    /// Its place in [`Self::ALL`].
    const fn index(self) -> usize {
        match self {
            Protocol::Channel(channel) => channel.index(),
            Protocol::Request => 4,
            Protocol::Ping => 5,
        }
    }
}

/// The names under which the protocols of one chain are negotiated.
///
/// All but one carry the chain: members of two chains, though their keys be the same, open no stream to each other
/// on which one of the chains could be spoken of. The ping is common to all chains, so that it can tell the other
/// side what is wrong.
#[derive(Debug, Clone)]
pub(crate) struct ProtocolNames(Arc<[(Protocol, StreamProtocol); 6]>);

impl ProtocolNames {
    /// `None` when no stream can be named after the chain.
    pub(crate) fn new(chain: &str) -> Option<Self> {
        let name = |protocol| {
            let name = match protocol {
                Protocol::Channel(channel) => format!("/zhulian/2/{chain}/{}", channel.name()),
                Protocol::Request => format!("/zhulian/2/{chain}/request"),
                Protocol::Ping => "/zhulian/2/ping".to_owned(),
            };
            Some((protocol, StreamProtocol::try_from_owned(name).ok()?))
        };
        let [a, b, c, d, e, f] = Protocol::ALL.map(name);
        Some(Self(Arc::new([a?, b?, c?, d?, e?, f?])))
    }

    /// The name negotiated with the peer.
    pub(crate) fn of(&self, protocol: Protocol) -> StreamProtocol {
        self.0[protocol.index()].1.clone()
    }

    /// Every protocol with its name.
    pub(crate) fn all(&self) -> Vec<(Protocol, StreamProtocol)> {
        self.0.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_two_chains_differ_but_for_the_ping() {
        let (one, other) = (ProtocolNames::new("a/01").unwrap(), ProtocolNames::new("a/02").unwrap());
        for protocol in Protocol::ALL {
            assert_eq!(one.of(protocol) == other.of(protocol), protocol == Protocol::Ping, "{protocol:?}");
        }
        assert_eq!(one.of(Protocol::Request).as_ref(), "/zhulian/2/a/01/request");
        let mut names: Vec<String> = one.all().iter().map(|(_, name)| name.to_string()).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), Protocol::ALL.len());
    }
}
