//! Who is no member and does not mean to become one: handshakes that never end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ledger::hash::sha256;
use node::network::{self, Limits, Member};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::task::JoinSet;
use zeroize::Zeroizing;

/// Pause before a connection that was closed is opened again.
const AGAIN: Duration = Duration::from_millis(50);
/// What a TCP stranger says: the beginning of a negotiation of protocols, which it does not go on with.
const GREETING: &[u8] = b"\x13/multistream/1.0.0\n";

/// TCP connections to the mesh that stall in the handshake.
#[derive(Debug)]
pub struct Silent {
    opened: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Silent {
    /// Keeps `count` connections open; every other one says a little first.
    pub fn start(port: u16, count: usize) -> Self {
        let (address, opened) = (SocketAddr::from(([127, 0, 0, 1], port)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for i in 0..count {
            let opened = opened.clone();
            tasks.spawn(async move {
                loop {
                    if let Ok(mut stream) = TcpStream::connect(address).await {
                        opened.fetch_add(1, Ordering::Relaxed);
                        if i % 2 == 0 {
                            let _ = stream.write_all(GREETING).await;
                        }
                        let mut buffer = [0; 256];
                        while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {}
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            });
        }
        Self { opened, _tasks: tasks }
    }

    /// Connections opened so far.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::Relaxed)
    }
}

/// QUIC handshakes that stall: real first packets of strangers, whose answers are thrown away.
#[derive(Debug)]
pub struct StalledQuic {
    begun: Arc<AtomicUsize>,
    _networks: Vec<(network::Handle, network::Events)>,
    _tasks: JoinSet<()>,
}

impl StalledQuic {
    /// `count` strangers that begin a handshake with the node of this network key and port, again and again.
    pub async fn start(node: [u8; 32], port: u16, count: usize) -> Self {
        let begun = Arc::new(AtomicUsize::new(0));
        let (mut tasks, mut networks) = (JoinSet::new(), Vec::new());
        for i in 0..count {
            let door = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
            let address = format!("/ip4/127.0.0.1/udp/{}/quic-v1", door.local_addr().expect("bound").port());
            tasks.spawn(forward(door, SocketAddr::from(([127, 0, 0, 1], port)), begun.clone()));
            let limits = Limits {
                handshake_timeout: Duration::from_millis(500),
                redial_delay_min: Duration::from_millis(50),
                redial_delay_max: Duration::from_millis(100),
                ..Limits::default()
            };
            let config = network::Config {
                listen: vec!["/ip4/127.0.0.1/udp/0/quic-v1".parse().expect("an address")],
                members: vec![Member {
                    public_key: node,
                    addresses: vec![address.parse().expect("an address")],
                }],
                limits,
            };
            let seed = Zeroizing::new(sha256(format!("stranger {i}").as_bytes()));
            networks.push(network::start(seed, config).await.expect("a network"));
        }
        Self { begun, _networks: networks, _tasks: tasks }
    }

    /// Datagrams that reached the node.
    pub fn begun(&self) -> usize {
        self.begun.load(Ordering::Relaxed)
    }
}

/// Carries datagrams one way, each from a port of its own for each beginning, so that every handshake is another one.
async fn forward(door: UdpSocket, to: SocketAddr, begun: Arc<AtomicUsize>) {
    let mut ways: BTreeMap<Vec<u8>, UdpSocket> = BTreeMap::new();
    let mut buffer = vec![0; 2_048];
    while let Ok((length, _)) = door.recv_from(&mut buffer).await {
        let datagram = &buffer[..length];
        // Behind the first byte a long header has the version and the connection id that the stranger chose.
        let name = datagram.get(1..16).unwrap_or(datagram).to_vec();
        if ways.len() > 64 {
            ways.clear();
        }
        if !ways.contains_key(&name) {
            let Ok(way) = UdpSocket::bind("127.0.0.1:0").await else { continue };
            ways.insert(name.clone(), way);
        }
        if let Some(way) = ways.get(&name)
            && way.send_to(datagram, to).await.is_ok()
        {
            begun.fetch_add(1, Ordering::Relaxed);
        }
    }
}
