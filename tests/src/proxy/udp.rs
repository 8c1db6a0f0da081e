//! UDP between two nodes: each packet judged on its own.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Links;

/// Largest packet.
const PACKET_MAX: usize = 65_536;
/// Packets on their way in one direction of one flow; further ones are lost.
const ON_THE_WAY_MAX: usize = 8_192;
/// Flows of one pair; a new one takes the place of the longest known.
const FLOWS_MAX: usize = 32;
/// A flow without packets for so long is forgotten.
const FLOW_IDLE: Duration = Duration::from_secs(120);
/// Pause after an error of a socket.
const PAUSE: Duration = Duration::from_millis(5);

/// A packet and when it arrives; the number keeps equal times in order.
type Due = Reverse<(Instant, u64, Bytes)>;

/// What one sender of packets has at the proxy.
struct Flow {
    number: u64,
    packets: mpsc::Sender<(Instant, Bytes)>,
    /// Carries the answers back; it ends when there were none for long.
    answers: JoinHandle<()>,
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.answers.abort();
    }
}

/// Relays what comes to `listener` from node `from` to the address of node `to`, and the answers back.
pub(super) async fn relay(
    listener: UdpSocket,
    links: Links,
    (from, to): (usize, usize),
    address: SocketAddr,
) {
    let listener = Arc::new(listener);
    let mut flows: BTreeMap<SocketAddr, Flow> = BTreeMap::new();
    let (mut buffer, mut number) = (vec![0; PACKET_MAX], 0);
    loop {
        // A packet that could not be delivered comes back as an error of the next call.
        let Ok((length, sender)) = listener.recv_from(&mut buffer).await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        flows.retain(|_, flow| !flow.answers.is_finished());
        if !flows.contains_key(&sender) {
            number += 1;
            let Some(flow) = open(number, address, &listener, sender, &links, (from, to)).await else {
                continue;
            };
            if flows.len() >= FLOWS_MAX {
                let oldest = flows.iter().min_by_key(|(_, flow)| flow.number).map(|(sender, _)| *sender);
                oldest.and_then(|sender| flows.remove(&sender));
            }
            flows.insert(sender, flow);
        }
        if let Some(flow) = flows.get(&sender) {
            pass(&links, (from, to), &buffer[..length], &flow.packets);
        }
    }
}

/// Judges a packet and puts it on its way.
fn pass(links: &Links, (from, to): (usize, usize), packet: &[u8], way: &mpsc::Sender<(Instant, Bytes)>) {
    let arrivals = links.get(from, to).packet(packet.len(), Instant::now());
    let bytes = arrivals[0].map(|_| Bytes::copy_from_slice(packet));
    for (at, bytes) in arrivals.into_iter().flatten().zip(bytes.iter().cycle()) {
        // A full way loses packets, as a full router does.
        let _ = way.try_send((at, bytes.clone()));
    }
}

/// Makes the tasks of a new flow: one carries its packets, one its answers.
async fn open(
    number: u64,
    address: SocketAddr,
    listener: &Arc<UdpSocket>,
    sender: SocketAddr,
    links: &Links,
    (from, to): (usize, usize),
) -> Option<Flow> {
    let upstream = Arc::new(UdpSocket::bind((listener.local_addr().ok()?.ip().unspecified(), 0)).await.ok()?);
    upstream.connect(address).await.ok()?;
    let (packets, there) = mpsc::channel(ON_THE_WAY_MAX);
    let (answers, back) = mpsc::channel(ON_THE_WAY_MAX);
    tokio::spawn(carry(there, Arc::clone(&upstream), None));
    tokio::spawn(carry(back, Arc::clone(listener), Some(sender)));
    let answers = tokio::spawn(answer(upstream, links.clone(), (to, from), answers));
    Some(Flow { number, packets, answers })
}

/// Judges what comes back, until nothing came for long.
async fn answer(
    upstream: Arc<UdpSocket>,
    links: Links,
    pair: (usize, usize),
    way: mpsc::Sender<(Instant, Bytes)>,
) {
    let mut buffer = vec![0; PACKET_MAX];
    while let Ok(received) = timeout(FLOW_IDLE, upstream.recv(&mut buffer)).await {
        match received {
            Ok(length) => pass(&links, pair, &buffer[..length], &way),
            // Nobody listens there now; later perhaps somebody does.
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Delivers packets when they are due.
async fn carry(
    mut packets: mpsc::Receiver<(Instant, Bytes)>,
    socket: Arc<UdpSocket>,
    to: Option<SocketAddr>,
) {
    let (mut waiting, mut number) = (BinaryHeap::<Due>::new(), 0);
    loop {
        let next = waiting.peek().map(|Reverse((at, ..))| *at);
        tokio::select! {
            biased;
            () = sleep_until(next) => {
                if let Some(Reverse((_, _, bytes))) = waiting.pop() {
                    // What the system refuses is lost, as packets are.
                    let _ = match to {
                        Some(address) => socket.send_to(&bytes, address).await,
                        None => socket.send(&bytes).await,
                    };
                }
            }
            packet = packets.recv() => match packet {
                Some((at, bytes)) => {
                    number += 1;
                    waiting.push(Reverse((at, number, bytes)));
                }
                None => return,
            }
        }
    }
}

/// Waits until `at`, or for ever.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) if at <= Instant::now() => {}
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// The address that means all of the same family.
trait Unspecified {
    fn unspecified(self) -> Self;
}

impl Unspecified for std::net::IpAddr {
    fn unspecified(self) -> Self {
        match self {
            Self::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
            Self::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
        }
    }
}
