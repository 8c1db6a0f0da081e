//! The network of the members: a permissioned full mesh.
//!
//! Every member keeps a connection to every other member, over QUIC or TCP, both encrypted and both
//! authenticated by the Ed25519 network key. Whoever is not in the member list is refused at the end of the
//! handshake, before a single stream exists. The module moves bytes and knows nothing of the ledger.
//!
//! * Three [`Channel`]s carry frames one way, each on a stream of its own, so that a block body never stands
//!   in front of a vote. Within one channel and one connection, frames arrive in the order they were sent.
//!   Around a reconnection a frame may be lost or arrive twice: the layer above must bear both.
//! * [`Handle::request`] asks one member one question on a stream of its own.
//! * [`Events`] is bounded in number and in bytes. While the host does not read it, the node stops reading
//!   from the peers concerned and their own queues fill: nobody's memory grows without a limit.
//!
//! Everything a peer sends is untrusted. All bounds are in [`Limits`].

mod behaviour;
mod channel;
mod dial;
mod driver;
mod event;
mod handle;
mod identity;
mod inbound;
mod limits;
mod link;
mod liveness;
mod outbox;
mod peer;
mod request;
mod slot;
mod status;
mod transport;
mod wire;

use std::io;

use libp2p::Multiaddr;
use thiserror::Error;
use zeroize::Zeroizing;

pub use channel::{Channel, Overflow};
pub use event::{Event, Events, Misbehaviour, Refusal};
pub use handle::{Handle, SendError};
pub use identity::{InvalidKey, PublicKey, peer_id_of, public_key_of};
pub use limits::{ChannelLimits, Limits};
pub use request::RequestError;
pub use status::{ChannelStatus, PeerStatus, Transport};

/// Longest name of a chain, in bytes.
pub const CHAIN_BYTES_MAX: usize = 128;

/// A member of the network, as the ledger or the configuration names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The Ed25519 key of its network identity.
    pub public_key: PublicKey,
    /// Where it can be dialled: `/ip4/../udp/../quic-v1` or `/ip4/../tcp/..`, also with `/dns4/..`. May be
    /// empty: then this node waits to be dialled.
    pub addresses: Vec<Multiaddr>,
}

/// What [`start`] needs to know.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Addresses to listen on; port 0 lets the system choose (see [`Handle::listening`]).
    pub listen: Vec<Multiaddr>,
    /// The members. The node's own entry may be among them and is ignored.
    pub members: Vec<Member>,
    /// Name of the chain that the members keep, at most [`CHAIN_BYTES_MAX`] bytes. Nodes of different chains do not
    /// speak with one another, even if they share member keys.
    pub chain: String,
    /// Every bound.
    pub limits: Limits,
}

/// Why the network did not start, or refused a member list.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// A public key in the member list, or the node's own seed, is not an Ed25519 key.
    #[error(transparent)]
    InvalidKey(#[from] InvalidKey),
    /// Two entries of the member list carry the same key.
    #[error("member {} is listed twice", hex::encode(.0))]
    DuplicateMember(PublicKey),
    /// The member list is longer than [`Limits::members_max`].
    #[error("{count} members are listed, at most {max} are allowed")]
    TooManyMembers {
        /// Entries given.
        count: usize,
        /// Entries allowed.
        max: usize,
    },
    /// A member has more addresses than [`Limits::addresses_max`].
    #[error("member {} has {count} addresses, at most {max} are allowed", hex::encode(.member))]
    TooManyAddresses {
        /// The member.
        member: PublicKey,
        /// Addresses given.
        count: usize,
        /// Addresses allowed.
        max: usize,
    },
    /// [`Config::chain`] is too long.
    #[error("the name of the chain has {0} bytes, at most {CHAIN_BYTES_MAX} are allowed")]
    ChainTooLong(usize),
    /// An address of [`Config::listen`] could not be opened.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: Multiaddr,
        /// What the system said.
        reason: String,
    },
    /// The listeners did not report an address in time.
    #[error("the listeners were not ready within {0:?}")]
    ListenTimeout(std::time::Duration),
    /// The encrypted transports could not be set up.
    #[error("cannot set up the transports: {0}")]
    Transport(#[source] io::Error),
}

/// Starts the network on the current tokio runtime and returns once it listens.
///
/// `seed` is the 32-byte Ed25519 secret of the node's network identity. The network runs in tasks of its own
/// until the last [`Handle`] is dropped or [`Handle::shutdown`] is called.
///
/// # Errors
///
/// [`NetworkError`] when a key, the member list or a listening address is not usable.
pub async fn start(seed: Zeroizing<[u8; 32]>, config: Config) -> Result<(Handle, Events), NetworkError> {
    driver::start(seed, config).await
}
