//! Admission of members and the opening of streams, as a libp2p behaviour.
//!
//! One behaviour of our own rather than a stack of stock ones: it gives back the connection of each stream,
//! loses none when many arrive at once, and keeps its books per connection, so closing one leaves the other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::iter;
use std::net::IpAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::core::transport::PortUse;
use libp2p::core::upgrade::{InboundUpgrade, ReadyUpgrade, UpgradeInfo};
use libp2p::core::{Endpoint, Multiaddr};
use libp2p::multiaddr;
use libp2p::swarm::behaviour::FromSwarm;
use libp2p::swarm::handler::{
    ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
};
use libp2p::swarm::{
    ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, NetworkBehaviour, Stream,
    StreamProtocol, StreamUpgradeError, SubstreamProtocol, THandler, THandlerInEvent, THandlerOutEvent,
    ToSwarm,
};
use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use super::channel::Protocol;
use super::limits::Limits;

/// Streams that may wait to be opened on one connection.
const OPENINGS_MAX: usize = 32;

/// The key that a peer proved is not a member's.
#[derive(Debug, Error)]
#[error("{peer} is not a member")]
pub(crate) struct NotMember {
    pub(crate) peer: PeerId,
}

/// Too many handshakes are under way.
#[derive(Debug, Error)]
#[error("too many handshakes are under way")]
pub(crate) struct TooManyPending;

/// Why a stream was not opened.
#[derive(Debug, Error)]
pub(crate) enum OpenError {
    #[error("the connection is gone")]
    Gone,
    #[error("the peer does not speak the protocol")]
    Unsupported,
    #[error("no answer in time")]
    Timeout,
    #[error(transparent)]
    Io(std::io::Error),
}

/// A stream that a task wants on a connection.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) protocol: Protocol,
    pub(crate) reply: oneshot::Sender<Result<Stream, OpenError>>,
}

/// Where tasks ask for streams on one connection.
pub(crate) type Opener = mpsc::Sender<Opening>;

/// A stream that a peer opened.
#[derive(Debug)]
pub(crate) struct Inbound {
    pub(crate) peer: PeerId,
    pub(crate) connection: ConnectionId,
    pub(crate) protocol: Protocol,
    pub(crate) stream: Stream,
}

/// Admits members only and passes streams in both directions.
pub(crate) struct Behaviour {
    members: BTreeSet<PeerId>,
    pending: BTreeMap<ConnectionId, Option<IpAddr>>,
    pending_max: usize,
    pending_per_address_max: usize,
    open_timeout: Duration,
    openers: BTreeMap<ConnectionId, Opener>,
    inbound: VecDeque<Inbound>,
}

impl Behaviour {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            members: BTreeSet::new(),
            pending: BTreeMap::new(),
            pending_max: limits.pending_incoming_max,
            pending_per_address_max: limits.pending_per_address_max,
            open_timeout: limits.stream_open_timeout,
            openers: BTreeMap::new(),
            inbound: VecDeque::new(),
        }
    }

    /// Admits exactly `members` from now on; connections that exist are the caller's to close.
    pub(crate) fn set_members(&mut self, members: BTreeSet<PeerId>) {
        self.members = members;
    }

    /// The opener of a connection just established; `None` if it was taken or the connection is unknown.
    pub(crate) fn take_opener(&mut self, connection: ConnectionId) -> Option<Opener> {
        self.openers.remove(&connection)
    }

    fn admit(&mut self, connection: ConnectionId, peer: PeerId) -> Result<Handler, ConnectionDenied> {
        if !self.members.contains(&peer) {
            return Err(ConnectionDenied::new(NotMember { peer }));
        }
        let (opener, openings) = mpsc::channel(OPENINGS_MAX);
        self.openers.insert(connection, opener);
        Ok(Handler { openings, inbound: VecDeque::new(), open_timeout: self.open_timeout })
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Inbound;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        let from = bounded_address(remote);
        let alike = from.map_or(0, |from| self.pending.values().filter(|one| **one == Some(from)).count());
        if self.pending.len() >= self.pending_max || alike >= self.pending_per_address_max {
            return Err(ConnectionDenied::new(TooManyPending));
        }
        self.pending.insert(connection, from);
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.pending.remove(&connection);
        self.admit(connection, peer)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.admit(connection, peer)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ListenFailure(failure) => {
                self.pending.remove(&failure.connection_id);
            }
            FromSwarm::ConnectionClosed(closed) => {
                self.openers.remove(&closed.connection_id);
            }
            _ => {}
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        (protocol, stream): THandlerOutEvent<Self>,
    ) {
        self.inbound.push_back(Inbound { peer, connection, protocol, stream });
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        // The swarm polls again after each handler event, so no waker has to be kept.
        self.inbound.pop_front().map_or(Poll::Pending, |stream| Poll::Ready(ToSwarm::GenerateEvent(stream)))
    }
}

/// The address by which handshakes are counted: that of the remote host, unless it is this machine itself, where a
/// proxy may stand for many.
fn bounded_address(remote: &Multiaddr) -> Option<IpAddr> {
    let address = match remote.iter().next()? {
        multiaddr::Protocol::Ip4(address) => IpAddr::V4(address),
        multiaddr::Protocol::Ip6(address) => address.to_canonical(),
        _ => return None,
    };
    (!address.is_loopback()).then_some(address)
}

/// The streams of one connection.
pub(crate) struct Handler {
    openings: mpsc::Receiver<Opening>,
    inbound: VecDeque<(Protocol, Stream)>,
    open_timeout: Duration,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Infallible;
    type ToBehaviour = (Protocol, Stream);
    type InboundProtocol = Accept;
    type OutboundProtocol = ReadyUpgrade<StreamProtocol>;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = oneshot::Sender<Result<Stream, OpenError>>;

    fn listen_protocol(&self) -> SubstreamProtocol<Accept> {
        SubstreamProtocol::new(Accept, ()).with_timeout(self.open_timeout)
    }

    /// A member's connection stays, however quiet.
    fn connection_keep_alive(&self) -> bool {
        true
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>> {
        if let Some(stream) = self.inbound.pop_front() {
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(stream));
        }
        match self.openings.poll_recv(cx) {
            Poll::Ready(Some(opening)) => {
                let upgrade = ReadyUpgrade::new(opening.protocol.name());
                let protocol = SubstreamProtocol::new(upgrade, opening.reply).with_timeout(self.open_timeout);
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
            }
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }

    fn on_behaviour_event(&mut self, event: Infallible) {
        match event {}
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<'_, Accept, Self::OutboundProtocol, (), Self::OutboundOpenInfo>,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound { protocol, .. }) => {
                self.inbound.push_back(protocol);
            }
            // A task that no longer waits drops the stream, which resets it.
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound { protocol, info }) => {
                let _ = info.send(Ok(protocol));
            }
            ConnectionEvent::DialUpgradeError(DialUpgradeError { info, error }) => {
                let _ = info.send(Err(match error {
                    StreamUpgradeError::Timeout => OpenError::Timeout,
                    StreamUpgradeError::NegotiationFailed => OpenError::Unsupported,
                    StreamUpgradeError::Io(error) => OpenError::Io(error),
                    StreamUpgradeError::Apply(never) => match never {},
                }));
            }
            _ => {}
        }
    }
}

/// Accepts a stream of any of our protocols.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accept;

/// A protocol with its name on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Named(Protocol, StreamProtocol);

impl AsRef<str> for Named {
    fn as_ref(&self) -> &str {
        self.1.as_ref()
    }
}

impl UpgradeInfo for Accept {
    type Info = Named;
    type InfoIter = iter::Map<std::array::IntoIter<Protocol, 5>, fn(Protocol) -> Named>;

    fn protocol_info(&self) -> Self::InfoIter {
        Protocol::ALL.into_iter().map(|protocol| Named(protocol, protocol.name()))
    }
}

impl InboundUpgrade<Stream> for Accept {
    type Output = (Protocol, Stream);
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Output, Infallible>>;

    fn upgrade_inbound(self, stream: Stream, Named(protocol, _): Named) -> Self::Future {
        std::future::ready(Ok((protocol, stream)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for connections from addresses in turn and tells which may go on with their handshakes.
    fn asked(behaviour: &mut Behaviour, first: usize, from: &[&str]) -> Vec<bool> {
        let local: Multiaddr = "/ip4/10.0.0.1/tcp/1".parse().unwrap();
        let ask = |(i, address): (usize, &&str)| {
            let remote = format!("{address}/tcp/{}", 1_000 + i).parse().unwrap();
            let connection = ConnectionId::new_unchecked(first + i);
            behaviour.handle_pending_inbound_connection(connection, &local, &remote).is_ok()
        };
        from.iter().enumerate().map(ask).collect()
    }

    #[test]
    fn one_address_does_not_take_all_the_handshakes() {
        let limits = Limits { pending_incoming_max: 6, pending_per_address_max: 2, ..Limits::default() };
        let mut behaviour = Behaviour::new(&limits);
        let (one, mapped, two) = ("/ip4/192.0.2.1", "/ip6/::ffff:192.0.2.1", "/ip6/2001:db8::2");
        assert_eq!(asked(&mut behaviour, 0, &[one, mapped, one, mapped]), [true, true, false, false]);
        assert_eq!(asked(&mut behaviour, 10, &[two, two, two]), [true, true, false]);
        // This machine counts towards the sum only.
        let own = "/ip4/127.0.0.1";
        assert_eq!(asked(&mut behaviour, 20, &[own, own, own, "/ip4/192.0.2.9"]), [true, true, false, false]);
        behaviour.pending.remove(&ConnectionId::new_unchecked(0));
        assert_eq!(asked(&mut behaviour, 30, &[two, one, one]), [false, true, false]);
    }
}
