//! The driver's books on one member: its links, its readers, its dialling.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use libp2p::swarm::ConnectionId;
use libp2p::{Multiaddr, PeerId};
use tokio::task::JoinSet;

use super::behaviour::Inbound;
use super::channel::{Channel, Protocol};
use super::dial::{Dial, RateLimit, redial_delay};
use super::inbound::{Reporter, read_channel, serve_request};
use super::link::{Link, Task};
use super::liveness::{echo, watch_link};
use super::peer::{Peer, write_channel};

/// A link that has held this long was a good one: the next dial starts without a penalty.
const GOOD_LINK_AGE: Duration = Duration::from_secs(5);

/// One member.
pub(crate) struct Slot {
    pub(crate) peer: Arc<Peer>,
    pub(crate) addresses: Vec<Multiaddr>,
    pub(crate) dial: Dial,
    pub(crate) failures: u32,
    links: Vec<Held>,
    readers: [Option<(ConnectionId, Task)>; Channel::ALL.len()],
    served: JoinSet<()>,
    rate: RateLimit,
    _writers: [Task; Channel::ALL.len()],
}

/// A link and the tasks that live with it.
struct Held {
    link: Arc<Link>,
    outbound: bool,
    up_since: Option<Instant>,
    echo: Option<Task>,
    _watcher: Task,
}

/// What a change of links means for the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing.
    None,
    /// Frames can flow.
    Connected,
    /// Frames can no longer flow.
    Disconnected,
    /// They flow over another connection: what was on the way on the first may be lost.
    Replaced,
}

impl Slot {
    pub(crate) fn new(peer: Arc<Peer>, addresses: Vec<Multiaddr>) -> Self {
        let limits = &peer.limits;
        Self {
            addresses,
            dial: Dial::Waiting(Instant::now()),
            failures: 0,
            links: Vec::new(),
            readers: [const { None }; Channel::ALL.len()],
            served: JoinSet::new(),
            rate: RateLimit::new(limits.requests_per_second_max, limits.requests_burst_max),
            _writers: Channel::ALL.map(|channel| Task::spawn(write_channel(Arc::clone(&peer), channel))),
            peer,
        }
    }

    /// Whether there is any link, up or coming up.
    pub(crate) fn has_links(&self) -> bool {
        !self.links.is_empty()
    }

    /// Its connections.
    pub(crate) fn connections(&self) -> Vec<ConnectionId> {
        self.links.iter().map(|held| held.link.connection).collect()
    }

    /// The far address of a connection; empty if it is none of these.
    pub(crate) fn address_of(&self, connection: ConnectionId) -> Multiaddr {
        let held = self.links.iter().find(|held| held.link.connection == connection);
        held.map_or_else(Multiaddr::empty, |held| held.link.address.clone())
    }

    pub(crate) fn holds(&self, connection: ConnectionId) -> bool {
        self.links.iter().any(|held| held.link.connection == connection)
    }

    /// Takes in a new connection and returns those it supersedes.
    ///
    /// A member dials only while it has no connection, so a second one in the same direction means that the first
    /// is lost at the far end, and one in the other direction puts the first in doubt: either the two sides dialled
    /// at the same moment, and both connections stay, or a ping will find out. So there are never more than two.
    pub(crate) fn add_link(&mut self, link: Link, outbound: bool, reporter: &Reporter) -> Vec<ConnectionId> {
        let superseded = self
            .links
            .iter()
            .filter(|held| held.outbound == outbound)
            .map(|held| held.link.connection)
            .collect();
        for held in self.links.iter().filter(|held| held.outbound != outbound) {
            held.link.doubt.notify_one();
        }
        let link = Arc::new(link);
        let watcher = watch_link(Arc::clone(&self.peer), Arc::clone(&link), reporter.notes.clone());
        self.links.push(Held { link, outbound, up_since: None, echo: None, _watcher: Task::spawn(watcher) });
        superseded
    }

    /// Notes that the far end answers on `connection`.
    pub(crate) fn link_up(&mut self, connection: ConnectionId) -> Change {
        for held in self.links.iter_mut().filter(|held| held.link.connection == connection) {
            held.up_since.get_or_insert_with(Instant::now);
        }
        self.choose_link()
    }

    /// Forgets a connection with all its tasks, and plans the next dial if it was the last.
    pub(crate) fn remove_link(&mut self, connection: ConnectionId) -> Change {
        let Some(at) = self.links.iter().position(|held| held.link.connection == connection) else {
            return Change::None;
        };
        let held = self.links.remove(at);
        for reader in &mut self.readers {
            reader.take_if(|(of, _)| *of == connection);
        }
        let good = held.up_since.is_some_and(|since| since.elapsed() >= GOOD_LINK_AGE);
        self.failures = if good { 0 } else { self.failures.saturating_add(1) };
        if self.links.is_empty() && matches!(self.dial, Dial::Idle) {
            self.plan_dial();
        }
        self.choose_link()
    }

    /// Plans the next dial after a pause.
    pub(crate) fn plan_dial(&mut self) {
        self.dial = Dial::Waiting(Instant::now() + redial_delay(self.failures, &self.peer.limits));
    }

    /// Puts the oldest link that is up to use, unless the one in use still is.
    fn choose_link(&mut self) -> Change {
        let current = self.peer.current_link();
        let mut up = self.links.iter().filter(|held| held.up_since.is_some());
        let stays = current
            .as_ref()
            .is_some_and(|current| up.clone().any(|held| held.link.connection == current.connection));
        if stays {
            return Change::None;
        }
        let next = up.next().map(|held| Arc::clone(&held.link));
        let change = match (&current, &next) {
            (None, Some(_)) => Change::Connected,
            (Some(_), None) => Change::Disconnected,
            (Some(_), Some(_)) => Change::Replaced,
            (None, None) => Change::None,
        };
        if matches!(change, Change::Connected | Change::Replaced) {
            self.peer.counters.connections.fetch_add(1, Ordering::Relaxed);
        }
        self.peer.link.send_replace(next);
        change
    }

    /// Hands a stream that the peer opened to a task.
    pub(crate) fn accept(&mut self, inbound: Inbound, reporter: &Reporter) {
        let Inbound { connection, protocol, stream, .. } = inbound;
        let Some(held) = self.links.iter_mut().find(|held| held.link.connection == connection) else {
            return;
        };
        let peer = Arc::clone(&self.peer);
        match protocol {
            Protocol::Ping => held.echo = Some(Task::spawn(echo(peer, stream))),
            Protocol::Channel(channel) => {
                let reader = &mut self.readers[channel.index()];
                let previous = reader.take().map(|(_, task)| task);
                let work = read_channel(peer, channel, stream, connection, previous, reporter.clone());
                *reader = Some((connection, Task::spawn(work)));
            }
            Protocol::Request => {
                while self.served.try_join_next().is_some() {}
                let permit = Arc::clone(&peer.serving).try_acquire_owned();
                let (true, Ok(permit)) = (self.rate.admit(Instant::now()), permit) else {
                    peer.counters.requests_refused.fetch_add(1, Ordering::Relaxed);
                    return;
                };
                let reporter = reporter.clone();
                self.served.spawn(async move {
                    serve_request(peer, stream, connection, reporter).await;
                    drop(permit);
                });
            }
        }
    }

    /// Ends every link in the books and tells the host's side that nothing flows.
    pub(crate) fn close(&mut self) -> Change {
        self.links.clear();
        self.choose_link()
    }
}

/// The slot that holds `connection`.
pub(crate) fn slot_of<'a>(
    mut slots: impl Iterator<Item = (&'a PeerId, &'a mut Slot)>,
    connection: ConnectionId,
) -> Option<&'a mut Slot> {
    slots.find(|(_, slot)| slot.holds(connection)).map(|(_, slot)| slot)
}
