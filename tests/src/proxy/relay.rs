//! The thread of the proxy: its sockets in the right namespace, and its relays.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use super::{Dial, Links, tcp, udp};
use crate::ground::{Ground, Place};

/// The addresses of the proxy.
pub(super) struct Doors {
    /// For each pair of nodes.
    pub(super) dials: BTreeMap<(usize, usize), Dial>,
    /// For clients, per node.
    pub(super) http: Vec<SocketAddr>,
}

/// Sockets that are bound, with what they lead to.
struct Sockets {
    pairs: Vec<((usize, usize), UdpSocket, TcpListener, SocketAddr)>,
    http: Vec<(TcpListener, SocketAddr)>,
}

/// Starts the thread and returns when everything is bound.
pub(super) fn start(ground: &Ground, links: &Links, stop: oneshot::Receiver<()>) -> (JoinHandle<()>, Doors) {
    let (ready_in, ready) = mpsc::sync_channel(1);
    let (places, hub, links) = (ground.nodes().to_vec(), ground.hub(), links.clone());
    let thread = std::thread::Builder::new().name("proxy".into()).spawn(move || {
        // Clients come from where this process began, nodes from the hub.
        let http: Vec<_> =
            places.iter().map(|place| (bind_tcp(Ipv4Addr::LOCALHOST.into()), place.http)).collect();
        if let Some(hub) = hub {
            hub.enter();
        }
        let sockets = Sockets { pairs: bind_pairs(&places), http };
        let _ = ready_in.send(sockets.doors());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            sockets.serve(&links);
            // Ends when the proxy is dropped, and every relay with it.
            let _ = stop.await;
        });
    });
    let thread = thread.expect("a thread");
    let doors = ready.recv().expect("the proxy's thread has said what is wrong");
    (thread, doors)
}

fn bind_tcp(at: std::net::IpAddr) -> TcpListener {
    TcpListener::bind((at, 0)).unwrap_or_else(|e| panic!("a TCP port at {at}: {e}"))
}

fn bind_pairs(places: &[Place]) -> Vec<((usize, usize), UdpSocket, TcpListener, SocketAddr)> {
    let mut bound = Vec::new();
    for (from, own) in places.iter().enumerate() {
        for (to, other) in places.iter().enumerate().filter(|(to, _)| *to != from) {
            let gate = own.gate;
            let udp = UdpSocket::bind((gate, 0)).unwrap_or_else(|e| panic!("a UDP port at {gate}: {e}"));
            bound.push(((from, to), udp, bind_tcp(gate), other.mesh));
        }
    }
    bound
}

impl Sockets {
    fn doors(&self) -> Doors {
        let dial = |udp: &UdpSocket, tcp: &TcpListener| Dial {
            udp: udp.local_addr().expect("it is bound"),
            tcp: tcp.local_addr().expect("it is bound"),
        };
        Doors {
            dials: self.pairs.iter().map(|(pair, udp, tcp, _)| (*pair, dial(udp, tcp))).collect(),
            http: self.http.iter().map(|(door, _)| door.local_addr().expect("it is bound")).collect(),
        }
    }

    /// Sets every relay going on the current runtime.
    fn serve(self, links: &Links) {
        let waiting = "a socket that does not block";
        for (pair, udp, tcp, address) in self.pairs {
            udp.set_nonblocking(true).expect(waiting);
            tcp.set_nonblocking(true).expect(waiting);
            let udp = tokio::net::UdpSocket::from_std(udp).expect(waiting);
            let tcp = tokio::net::TcpListener::from_std(tcp).expect(waiting);
            tokio::spawn(udp::relay(udp, links.clone(), pair, address));
            tokio::spawn(tcp::relay(tcp, links.clone(), pair, address));
        }
        for (door, address) in self.http {
            door.set_nonblocking(true).expect(waiting);
            let door = tokio::net::TcpListener::from_std(door).expect(waiting);
            tokio::spawn(tcp::door(door, address));
        }
    }
}
