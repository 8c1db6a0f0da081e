//! The host's side of the network: send, ask, change the members, look.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use libp2p::{Multiaddr, PeerId};
use thiserror::Error;
use tokio::sync::watch;

use super::channel::Channel;
use super::identity::{PublicKey, peer_id_of};
use super::limits::Limits;
use super::peer::Peer;
use super::request::{RequestError, ask};
use super::status::PeerStatus;
use super::{Member, NetworkError};

/// Why a frame was not queued.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendError {
    /// The key is not that of another member.
    #[error("not a member")]
    UnknownPeer,
    /// The frame is above the channel's limit.
    #[error("the frame has {length} bytes, {max} are allowed")]
    TooLarge {
        /// Its length.
        length: usize,
        /// The length allowed.
        max: usize,
    },
    /// The queue is full and the channel keeps what it has ([`super::Overflow::DropNewest`]).
    #[error("the queue to the member is full")]
    QueueFull,
}

/// The member list, checked, without this node.
#[derive(Debug, Clone)]
pub(crate) struct Roster(Arc<BTreeMap<PeerId, Member>>);

impl Roster {
    pub(crate) fn new(
        members: Vec<Member>,
        local: &PublicKey,
        limits: &Limits,
    ) -> Result<Self, NetworkError> {
        let (count, max) = (members.len(), limits.members_max);
        if count > max {
            return Err(NetworkError::TooManyMembers { count, max });
        }
        let mut roster = BTreeMap::new();
        for member in members {
            let (count, max) = (member.addresses.len(), limits.addresses_max);
            if count > max {
                return Err(NetworkError::TooManyAddresses { member: member.public_key, count, max });
            }
            let key = member.public_key;
            if roster.insert(peer_id_of(&key)?, member).is_some() {
                return Err(NetworkError::DuplicateMember(key));
            }
        }
        roster.remove(&peer_id_of(local)?);
        Ok(Self(Arc::new(roster)))
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = PeerId> {
        self.0.keys().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&PeerId, &Member)> {
        self.0.iter()
    }

    pub(crate) fn contains(&self, id: &PeerId) -> bool {
        self.0.contains_key(id)
    }
}

/// What the handle asks of the driver.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) roster: Roster,
    pub(crate) stop: bool,
}

/// What the handle and the driver both see.
#[derive(Debug)]
pub(crate) struct Directory {
    pub(crate) local: PublicKey,
    pub(crate) chain: Arc<str>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) peers: RwLock<BTreeMap<PublicKey, Arc<Peer>>>,
    listening: Mutex<Vec<Multiaddr>>,
}

impl Directory {
    pub(crate) fn new(local: PublicKey, chain: Arc<str>, limits: Arc<Limits>) -> Self {
        Self { local, chain, limits, peers: RwLock::default(), listening: Mutex::default() }
    }

    pub(crate) fn peer(&self, key: &PublicKey) -> Option<Arc<Peer>> {
        self.peers.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(crate) fn listening(&self) -> MutexGuard<'_, Vec<Multiaddr>> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Commands the network. Cheap to clone; the network stops when the last one is dropped.
///
/// Nothing here waits: every method but [`Handle::request`] and [`Handle::shutdown`] returns at once and may be
/// called from any thread.
#[derive(Debug, Clone)]
pub struct Handle {
    directory: Arc<Directory>,
    control: Arc<watch::Sender<Control>>,
}

impl Handle {
    pub(crate) fn new(directory: Arc<Directory>, control: watch::Sender<Control>) -> Self {
        Self { directory, control: Arc::new(control) }
    }

    /// This node's own network key.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.directory.local
    }

    /// The addresses this node listens on, with the ports that the system chose.
    #[must_use]
    pub fn listening(&self) -> Vec<Multiaddr> {
        self.directory.listening().clone()
    }

    /// Queues a frame for one member. While the member is away the queue keeps what is not too old.
    ///
    /// # Errors
    ///
    /// [`SendError`] when the frame was not queued. That it was queued is no promise that it arrives.
    pub fn send(&self, peer: &PublicKey, channel: Channel, bytes: Bytes) -> Result<(), SendError> {
        self.check_length(channel, &bytes)?;
        let peer = self.directory.peer(peer).ok_or(SendError::UnknownPeer)?;
        peer.outbox(channel).push(bytes).map_err(|_| SendError::QueueFull)
    }

    /// Queues a frame for every other member, without copying it, and returns for how many it was queued.
    ///
    /// # Errors
    ///
    /// [`SendError::TooLarge`] when the frame is above the channel's limit.
    pub fn broadcast(&self, channel: Channel, bytes: Bytes) -> Result<usize, SendError> {
        self.check_length(channel, &bytes)?;
        let peers = self.directory.peers.read().unwrap_or_else(PoisonError::into_inner);
        Ok(peers.values().filter(|peer| peer.outbox(channel).push(bytes.clone()).is_ok()).count())
    }

    fn check_length(&self, channel: Channel, bytes: &Bytes) -> Result<(), SendError> {
        let (length, max) = (bytes.len(), self.directory.limits.channel(channel).frame_bytes_max);
        if length > max { Err(SendError::TooLarge { length, max }) } else { Ok(()) }
    }

    /// Asks a member and waits for its answer, `timeout` in all. Dropping the future gives the question up.
    ///
    /// The future must run on a tokio runtime.
    pub fn request(
        &self,
        peer: &PublicKey,
        bytes: Bytes,
        timeout: Duration,
    ) -> impl Future<Output = Result<Bytes, RequestError>> + Send + use<> {
        ask(self.directory.peer(peer), bytes, timeout)
    }

    /// Replaces the member list: who is no longer listed is disconnected, who is new is dialled. It takes effect
    /// a moment later.
    ///
    /// # Errors
    ///
    /// [`NetworkError`] when the list is not usable; the old one then stays in force.
    pub fn set_members(&self, members: Vec<Member>) -> Result<(), NetworkError> {
        let roster = Roster::new(members, &self.directory.local, &self.directory.limits)?;
        self.control.send_modify(|control| control.roster = roster);
        Ok(())
    }

    /// Every other member as this node sees it, in the order of their keys.
    #[must_use]
    pub fn peers(&self) -> Vec<PeerStatus> {
        let peers = self.directory.peers.read().unwrap_or_else(PoisonError::into_inner);
        peers.values().map(|peer| peer.status()).collect()
    }

    /// Stops the network and returns when it has stopped. Peers see their connections close.
    pub async fn shutdown(&self) {
        self.control.send_modify(|control| control.stop = true);
        self.control.closed().await;
    }
}
