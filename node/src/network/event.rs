//! What the network tells the host, in a bounded queue.

use bytes::Bytes;
use libp2p::Multiaddr;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::channel::Channel;
use super::identity::PublicKey;

/// Something the host should know.
#[derive(Debug)]
pub enum Event {
    /// A member is reachable: what is sent to it now goes out at once.
    PeerConnected {
        /// The member.
        peer: PublicKey,
    },
    /// The connection to a member is lost, and with it perhaps frames on their way. Frames sent from now on wait a
    /// little for the next one.
    PeerDisconnected {
        /// The member.
        peer: PublicKey,
    },
    /// A frame from a member.
    Message {
        /// The member.
        peer: PublicKey,
        /// The channel it came on.
        channel: Channel,
        /// The frame, within the channel's limit.
        bytes: Bytes,
    },
    /// A member asks something. Dropping `respond` tells it that there is no answer.
    Request {
        /// The member.
        peer: PublicKey,
        /// The question, within [`super::Limits::request_bytes_max`].
        bytes: Bytes,
        /// Where the answer goes, within [`super::Limits::response_bytes_max`].
        respond: oneshot::Sender<Bytes>,
    },
    /// Somebody was refused at the handshake. Under a flood of attempts only some are reported.
    Refused {
        /// Why.
        reason: Refusal,
        /// From where.
        address: Multiaddr,
    },
    /// A member broke the protocol; its connection was closed.
    Misbehaved {
        /// The member.
        peer: PublicKey,
        /// What it did.
        reason: Misbehaviour,
    },
}

/// Why an inbound connection was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The key that it proved is not a member's.
    #[error("{} is not a member", .public_key.map_or_else(|| "the key".to_owned(), hex::encode))]
    NotMember {
        /// The key, when it is an Ed25519 key.
        public_key: Option<PublicKey>,
    },
    /// A member whose node keeps another chain.
    #[error(
        "member {} keeps the chain {theirs:?} and this node keeps {ours:?}; both centres must start from the same \
         genesis file: compare `zhulian genesis hash`",
        hex::encode(.member)
    )]
    OtherChain {
        /// The member.
        member: PublicKey,
        /// Its chain.
        theirs: String,
        /// Our chain.
        ours: String,
    },
    /// Too many handshakes were under way.
    #[error("too many handshakes are under way")]
    Busy,
    /// The handshake failed or took too long.
    #[error("the handshake failed: {0}")]
    Handshake(String),
}

/// How a member broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Misbehaviour {
    /// It announced a frame above the channel's limit.
    #[error("a frame of {length} bytes on the channel {}, where {max} are allowed", .channel.name())]
    FrameTooLarge {
        /// The channel.
        channel: Channel,
        /// The length announced.
        length: usize,
        /// The length allowed.
        max: usize,
    },
    /// It announced a request above the limit.
    #[error("a request of {length} bytes, where {max} are allowed")]
    RequestTooLarge {
        /// The length announced.
        length: usize,
        /// The length allowed.
        max: usize,
    },
}

/// An event and, for a message, its share of the peer's budget, given back when the host takes it.
pub(crate) struct Queued {
    pub(crate) event: Event,
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

impl Queued {
    /// The event; its room is free again.
    fn release(self) -> Event {
        drop(self.room);
        self.event
    }
}

impl From<Event> for Queued {
    fn from(event: Event) -> Self {
        Self { event, room: None }
    }
}

/// The sending side of [`Events`].
pub(crate) type EventSender = mpsc::Sender<Queued>;

/// The receiving side: one reader, in order of arrival.
#[derive(Debug)]
pub struct Events {
    queue: mpsc::Receiver<Queued>,
}

impl std::fmt::Debug for Queued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.event.fmt(f)
    }
}

impl Events {
    /// A queue of at most `max` events.
    pub(crate) fn new(max: usize) -> (EventSender, Self) {
        let (sender, queue) = mpsc::channel(max.max(1));
        (sender, Self { queue })
    }

    /// The next event; `None` when the network has stopped. Cancel safe.
    pub async fn recv(&mut self) -> Option<Event> {
        self.queue.recv().await.map(Queued::release)
    }

    /// The next event if there is one already.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.queue.try_recv().ok().map(Queued::release)
    }

    /// The next event, for a thread outside the runtime.
    ///
    /// # Panics
    ///
    /// When called from asynchronous code, as [`mpsc::Receiver::blocking_recv`].
    pub fn blocking_recv(&mut self) -> Option<Event> {
        self.queue.blocking_recv().map(Queued::release)
    }
}
