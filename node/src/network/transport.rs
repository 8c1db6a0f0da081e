//! QUIC and TCP with Noise and yamux, under one swarm.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::timeout::TransportTimeout;
use libp2p::core::transport::{
    Boxed, DialOpts, ListenerId, PortUse, Transport, TransportError, TransportEvent,
};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::{Multiaddr, PeerId, Swarm, noise, quic, swarm, tcp, yamux};

use super::behaviour::Behaviour;
use super::limits::Limits;

/// Streams of one connection that a peer may have open: three channels, a ping and its requests, with air.
const STREAMS_MAX: usize = 256;

/// Streams of one connection that may be in negotiation.
const NEGOTIATING_MAX: usize = 64;

/// Bytes in flight on one QUIC stream, and on a whole connection: a reader that stalls on every stream but one
/// does not starve that one.
const QUIC_STREAM_WINDOW: u32 = 2 * 1024 * 1024;
const QUIC_CONNECTION_WINDOW: u32 = 64 * 1024 * 1024;

/// A swarm over both transports. QUIC is dialled first and TCP a moment later.
pub(crate) fn new_swarm(
    keypair: &Keypair,
    behaviour: Behaviour,
    limits: &Limits,
) -> io::Result<Swarm<Behaviour>> {
    let config = swarm::Config::with_tokio_executor()
        .with_smart_dial()
        .with_max_negotiating_inbound_streams(NEGOTIATING_MAX);
    Ok(Swarm::new(transports(keypair, limits)?, behaviour, keypair.public().to_peer_id(), config))
}

fn transports(keypair: &Keypair, limits: &Limits) -> io::Result<Boxed<(PeerId, StreamMuxerBox)>> {
    let mut muxer = yamux::Config::default();
    muxer.set_max_num_streams(STREAMS_MAX);
    let tcp = FreshPort(tcp::tokio::Transport::new(tcp::Config::new().nodelay(true)))
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(keypair).map_err(io::Error::other)?)
        .multiplex(muxer)
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let quic = quic::tokio::Transport::new(quic_config(keypair, limits))
        .map(|(peer, muxer), _| (peer, StreamMuxerBox::new(muxer)));
    let either = quic.or_transport(tcp).map(|either, _| either.into_inner());
    Ok(TransportTimeout::new(either, limits.handshake_timeout).boxed())
}

fn quic_config(keypair: &Keypair, limits: &Limits) -> quic::Config {
    let mut config = quic::Config::new(keypair);
    config.handshake_timeout = limits.handshake_timeout;
    // Pings decide first; this is for a node whose pings do not run.
    let idle = limits.ping_timeout.saturating_add(limits.ping_interval).max(Duration::from_secs(2));
    config.max_idle_timeout = u32::try_from(idle.as_millis()).unwrap_or(u32::MAX);
    config.keep_alive_interval = idle / 3;
    config.max_concurrent_stream_limit = u32::try_from(STREAMS_MAX).unwrap_or(u32::MAX);
    config.max_stream_data = QUIC_STREAM_WINDOW;
    config.max_connection_data = QUIC_CONNECTION_WINDOW;
    config
}

/// TCP that dials from a port of its own.
///
/// libp2p would dial from the listening port, as is useful behind a NAT. Members that dial one another at the same
/// moment would then open one connection from both ends, in which both take the dialler's part and fail; and
/// after a restart the port pair may still be in TIME_WAIT.
struct FreshPort<T>(T);

impl<T: Transport + Unpin> Transport for FreshPort<T> {
    type Output = T::Output;
    type Error = T::Error;
    type ListenerUpgrade = T::ListenerUpgrade;
    type Dial = T::Dial;

    fn listen_on(&mut self, id: ListenerId, address: Multiaddr) -> Result<(), TransportError<T::Error>> {
        self.0.listen_on(id, address)
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.0.remove_listener(id)
    }

    fn dial(&mut self, address: Multiaddr, options: DialOpts) -> Result<T::Dial, TransportError<T::Error>> {
        self.0.dial(address, DialOpts { port_use: PortUse::New, ..options })
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<T::ListenerUpgrade, T::Error>> {
        Pin::new(&mut self.0).poll(cx)
    }
}
