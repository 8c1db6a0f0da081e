//! The members' mesh over loopback: admission, channels, requests, failures.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use bytes::Bytes;
use libp2p::Multiaddr;
use libp2p::identity::Keypair;
use node::network::{
    self, Channel, Config, Event, Events, Handle, Limits, Member, Misbehaviour, NetworkError, PeerStatus,
    PublicKey, Refusal, RequestError, SendError, Transport,
};
use zeroize::Zeroizing;

const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";
const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const PATIENCE: Duration = Duration::from_secs(20);

fn key(seed: u8) -> PublicKey {
    let pair = Keypair::ed25519_from_bytes([seed; 32]).unwrap();
    network::public_key_of(&pair.public().to_peer_id()).unwrap()
}

struct Node {
    key: PublicKey,
    handle: Handle,
    events: Events,
}

impl Node {
    async fn try_start(
        seed: u8,
        listen: &[Multiaddr],
        members: Vec<Member>,
        limits: Limits,
    ) -> Result<Self, NetworkError> {
        Self::try_start_on("test/1", seed, listen, members, limits).await
    }

    async fn try_start_on(
        chain: &str,
        seed: u8,
        listen: &[Multiaddr],
        members: Vec<Member>,
        limits: Limits,
    ) -> Result<Self, NetworkError> {
        let config = Config { listen: listen.to_vec(), members, chain: chain.to_owned(), limits };
        let (handle, events) = network::start(Zeroizing::new([seed; 32]), config).await?;
        assert_eq!(handle.public_key(), key(seed));
        Ok(Self { key: key(seed), handle, events })
    }

    async fn start(seed: u8, listen: &[&str], members: Vec<Member>, limits: Limits) -> Self {
        let listen: Vec<Multiaddr> = listen.iter().map(|address| address.parse().unwrap()).collect();
        Self::try_start(seed, &listen, members, limits).await.unwrap()
    }

    fn member(&self) -> Member {
        Member { public_key: self.key, addresses: self.handle.listening() }
    }

    fn status(&self, peer: PublicKey) -> PeerStatus {
        self.handle.peers().into_iter().find(|status| status.public_key == peer).unwrap()
    }

    /// Waits until what is shown of every peer is as it should be; figures follow the traffic a little later.
    async fn until_peers(&self, fits: impl Fn(&PeerStatus) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !self.handle.peers().iter().all(&fits) {
            assert!(Instant::now() < end, "{:?}", self.handle.peers());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// The first event that `pick` takes; others are passed over.
    async fn until<T>(&mut self, what: &str, mut pick: impl FnMut(Event) -> Option<T>) -> T {
        let found = async {
            loop {
                let event = self.events.recv().await.expect("the network runs");
                if let Some(found) = pick(event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("no {what} in time"))
    }

    async fn until_connected(&mut self, peers: &[PublicKey]) {
        let mut missing: BTreeSet<PublicKey> =
            peers.iter().copied().filter(|peer| *peer != self.key).collect();
        if missing.is_empty() {
            return;
        }
        self.until("connection", |event| {
            if let Event::PeerConnected { peer } = event {
                missing.remove(&peer);
            }
            missing.is_empty().then_some(())
        })
        .await;
    }

    async fn until_disconnected(&mut self, from: PublicKey) {
        self.until("disconnection", |event| {
            matches!(event, Event::PeerDisconnected { peer } if peer == from).then_some(())
        })
        .await;
    }

    async fn message(&mut self) -> (PublicKey, Channel, Bytes) {
        self.until("message", |event| match event {
            Event::Message { peer, channel, bytes } => Some((peer, channel, bytes)),
            _ => None,
        })
        .await
    }

    /// Every event of the next `time`.
    async fn listen_for(&mut self, time: Duration) -> Vec<Event> {
        let mut seen = Vec::new();
        let end = tokio::time::Instant::now() + time;
        while let Ok(Some(event)) = tokio::time::timeout_at(end, self.events.recv()).await {
            seen.push(event);
        }
        seen
    }
}

/// `count` members with seeds from 1, each connected to every other.
async fn mesh(count: u8, listen: &[&str], limits: &Limits) -> Vec<Node> {
    let mut nodes = Vec::new();
    for seed in 1..=count {
        nodes.push(Node::start(seed, listen, Vec::new(), limits.clone()).await);
    }
    let members: Vec<Member> = nodes.iter().map(Node::member).collect();
    let keys: Vec<PublicKey> = nodes.iter().map(|node| node.key).collect();
    for node in &nodes {
        node.handle.set_members(members.clone()).unwrap();
    }
    for node in &mut nodes {
        node.until_connected(&keys).await;
    }
    nodes
}

/// Limits under which a dead link is noticed in about a second.
fn impatient() -> Limits {
    Limits {
        ping_interval: Duration::from_millis(300),
        ping_timeout: Duration::from_secs(1),
        probe_timeout: Duration::from_millis(500),
        ..Limits::default()
    }
}

fn threads() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn run(test: impl Future<Output = ()>) {
    threads().block_on(async { tokio::time::timeout(Duration::from_secs(90), test).await.expect("in time") });
}

#[test]
fn a_mesh_exchanges_frames_on_every_channel() {
    let cases: [(&[&str], &[Transport]); 3] = [
        (&[QUIC], &[Transport::Quic]),
        (&[TCP], &[Transport::Tcp]),
        (&[QUIC, TCP], &[Transport::Quic, Transport::Tcp]),
    ];
    for (listen, transports) in cases {
        run(async {
            let mut nodes = mesh(4, listen, &Limits::default()).await;
            let sizes = [
                (Channel::Consensus, 0),
                (Channel::Consensus, 200),
                (Channel::Blocks, 1 << 20),
                (Channel::Transactions, 9_000),
            ];
            for (index, node) in nodes.iter().enumerate() {
                for (channel, size) in sizes {
                    let frame = Bytes::from(vec![index as u8; size]);
                    assert_eq!(node.handle.broadcast(channel, frame), Ok(3));
                }
            }
            let keys: Vec<PublicKey> = nodes.iter().map(|node| node.key).collect();
            for node in &mut nodes {
                let mut found = BTreeMap::new();
                for _ in 0..12 {
                    let (peer, channel, bytes) = node.message().await;
                    let from = keys.iter().position(|key| *key == peer).unwrap();
                    assert!(bytes.iter().all(|byte| usize::from(*byte) == from));
                    found.entry(peer).or_insert_with(Vec::new).push((channel, bytes.len()));
                }
                assert_eq!(found.len(), 3, "a frame set from each of the others");
                for frames in found.values_mut() {
                    frames.sort();
                    assert_eq!(*frames, sizes);
                }
                for status in node.handle.peers() {
                    assert!(
                        status.connected && transports.contains(&status.transport.unwrap()),
                        "{status:?}"
                    );
                    assert_eq!(
                        status.channels.map(|c| (c.received_frames, c.dropped_frames)),
                        [(2, 0), (1, 0), (1, 0), (0, 0)]
                    );
                }
                node.until_peers(|status| {
                    status.rtt.is_some() && status.bytes_in >= 1 << 20 && status.bytes_out >= 1 << 20
                })
                .await;
            }
            // Members that dialled one another at the same moment do not come and go.
            for node in &mut nodes {
                let events = node.listen_for(Duration::from_millis(300)).await;
                assert!(events.is_empty(), "{events:?}");
                assert!(node.handle.peers().iter().all(|status| status.connections == 1));
            }
        });
    }
}

#[test]
fn a_stranger_is_refused_and_sees_nothing() {
    for listen in [QUIC, TCP] {
        run(async {
            let mut nodes = mesh(2, &[listen], &Limits::default()).await;
            let members: Vec<Member> = nodes.iter().map(Node::member).collect();
            let mut stranger = Node::start(66, &[listen], members, Limits::default()).await;
            for node in &mut nodes {
                let reason = node
                    .until("refusal", |event| match event {
                        Event::Refused { reason, .. } => Some(reason),
                        _ => None,
                    })
                    .await;
                assert_eq!(reason, Refusal::NotMember { public_key: Some(stranger.key) });
            }
            nodes[0].handle.broadcast(Channel::Consensus, Bytes::from_static(b"secret")).unwrap();
            assert_eq!(nodes[1].message().await.2, "secret");
            stranger.handle.broadcast(Channel::Consensus, Bytes::from_static(b"lie")).unwrap();
            let seen = stranger.listen_for(Duration::from_secs(1)).await;
            assert!(seen.is_empty(), "{seen:?}");
            let asked = stranger.handle.request(&nodes[0].key, Bytes::new(), PATIENCE).await;
            assert_eq!(asked, Err(RequestError::NotConnected));
            for node in &mut nodes {
                let seen = node.listen_for(Duration::from_millis(100)).await;
                assert!(seen.iter().all(|event| matches!(event, Event::Refused { .. })), "{seen:?}");
            }
        });
    }
}

#[test]
fn a_member_of_another_chain_is_told_so_and_not_connected() {
    for listen in [QUIC, TCP] {
        run(async {
            let chains = ["test/1", "test/2"];
            let address: Vec<Multiaddr> = vec![listen.parse().unwrap()];
            let start = |chain, seed| {
                let (address, limits) = (address.clone(), Limits::default());
                async move { Node::try_start_on(chain, seed, &address, Vec::new(), limits).await.unwrap() }
            };
            let mut nodes = vec![start(chains[0], 1).await, start(chains[1], 2).await];
            let members: Vec<Member> = nodes.iter().map(Node::member).collect();
            for node in &nodes {
                node.handle.set_members(members.clone()).unwrap();
            }
            for (i, other) in [(0, 1), (1, 0)] {
                let reason = nodes[i]
                    .until("refusal", |event| match event {
                        Event::Refused { reason: reason @ Refusal::OtherChain { .. }, .. } => Some(reason),
                        Event::PeerConnected { .. } => panic!("a member of another chain is connected"),
                        _ => None,
                    })
                    .await;
                let (theirs, ours) = (chains[other].to_owned(), chains[i].to_owned());
                assert_eq!(reason, Refusal::OtherChain { member: nodes[other].key, theirs, ours });
            }
            nodes[0].handle.broadcast(Channel::Consensus, Bytes::from_static(b"of another chain")).unwrap();
            let asked = nodes[0].handle.request(&nodes[1].key, Bytes::new(), Duration::from_secs(2)).await;
            assert_eq!(asked, Err(RequestError::NotConnected));
            for node in &mut nodes {
                let seen = node.listen_for(Duration::from_millis(100)).await;
                assert!(seen.iter().all(|event| matches!(event, Event::Refused { .. })), "{seen:?}");
            }

            // The same member with the right genesis is let in.
            nodes.pop().unwrap().handle.shutdown().await;
            nodes.push(start(chains[0], 2).await);
            let members: Vec<Member> = nodes.iter().map(Node::member).collect();
            for node in &nodes {
                node.handle.set_members(members.clone()).unwrap();
            }
            let keys: Vec<PublicKey> = nodes.iter().map(|node| node.key).collect();
            for node in &mut nodes {
                node.until_connected(&keys).await;
            }
        });
    }
}

#[test]
fn a_removed_member_is_cut_and_may_come_back() {
    run(async {
        let mut nodes = mesh(3, &[QUIC, TCP], &Limits::default()).await;
        let all: Vec<Member> = nodes.iter().map(Node::member).collect();
        let (first, third) = (nodes[0].key, nodes[2].key);
        for node in &nodes[..2] {
            node.handle.set_members(all[..2].to_vec()).unwrap();
        }
        nodes[0].until_disconnected(third).await;
        nodes[1].until_disconnected(third).await;
        nodes[2].until_disconnected(first).await;
        assert_eq!(nodes[0].handle.peers().len(), 1);
        assert_eq!(nodes[0].handle.send(&third, Channel::Blocks, Bytes::new()), Err(SendError::UnknownPeer));
        assert_eq!(nodes[0].handle.broadcast(Channel::Consensus, Bytes::from_static(b"two")), Ok(1));
        assert_eq!(nodes[1].message().await.2, "two");

        for node in &nodes[..2] {
            node.handle.set_members(all.clone()).unwrap();
        }
        nodes[2].until_connected(&[first]).await;
        nodes[0].until_connected(&[third]).await;
        nodes[0].handle.send(&third, Channel::Blocks, Bytes::from_static(b"back")).unwrap();
        assert_eq!(nodes[2].message().await.2, "back");
    });
}

#[test]
fn an_oversized_frame_cuts_its_sender_only() {
    run(async {
        let strict = Limits::default();
        let mut lax = Limits::default();
        lax.consensus.frame_bytes_max *= 2;
        let mut nodes = vec![
            Node::start(1, &[QUIC], Vec::new(), strict.clone()).await,
            Node::start(2, &[QUIC], Vec::new(), strict.clone()).await,
            Node::start(3, &[QUIC], Vec::new(), lax).await,
        ];
        let members: Vec<Member> = nodes.iter().map(Node::member).collect();
        let keys: Vec<PublicKey> = nodes.iter().map(|node| node.key).collect();
        for node in &nodes {
            node.handle.set_members(members.clone()).unwrap();
        }
        for node in &mut nodes {
            node.until_connected(&keys).await;
        }
        let max = strict.consensus.frame_bytes_max;
        let frame = Bytes::from(vec![0; max + 1]);
        let refused = nodes[0].handle.broadcast(Channel::Consensus, frame.clone());
        assert_eq!(refused, Err(SendError::TooLarge { length: max + 1, max }));
        nodes[2].handle.send(&keys[0], Channel::Consensus, frame).unwrap();
        let (peer, reason) = nodes[0]
            .until("report", |event| match event {
                Event::Misbehaved { peer, reason } => Some((peer, reason)),
                Event::Message { .. } => panic!("the frame came through"),
                _ => None,
            })
            .await;
        assert_eq!(peer, keys[2]);
        assert_eq!(reason, Misbehaviour::FrameTooLarge { channel: Channel::Consensus, length: max + 1, max });
        nodes[0].until_disconnected(keys[2]).await;
        nodes[1].handle.send(&keys[0], Channel::Consensus, Bytes::from_static(b"fine")).unwrap();
        assert_eq!(nodes[0].message().await.2, "fine");
    });
}

#[test]
fn a_restarted_member_is_back_within_seconds() {
    for listen in [&[QUIC][..], &[TCP], &[QUIC, TCP]] {
        for politely in [true, false] {
            run(async {
                let mut nodes = mesh(4, listen, &Limits::default()).await;
                let members: Vec<Member> = nodes.iter().map(Node::member).collect();
                let keys: Vec<PublicKey> = nodes.iter().map(|node| node.key).collect();
                let node = nodes.pop().unwrap();
                if politely {
                    node.handle.shutdown().await;
                }
                drop(node);
                for node in &mut nodes {
                    node.until_disconnected(keys[3]).await;
                }
                let begin = Instant::now();
                // In one process, the sockets of a stopped network close a moment later.
                let mut again = loop {
                    match Node::try_start(4, &members[3].addresses, members.clone(), Limits::default()).await
                    {
                        Ok(node) => break node,
                        Err(NetworkError::Listen { .. }) => {
                            tokio::time::sleep(Duration::from_millis(50)).await
                        }
                        Err(error) => panic!("{error}"),
                    }
                };
                again.until_connected(&keys).await;
                for node in &mut nodes {
                    node.until_connected(&keys[3..]).await;
                }
                println!("{listen:?} politely {politely}: back after {:?}", begin.elapsed());
                assert!(begin.elapsed() < Duration::from_secs(10));
                again.handle.broadcast(Channel::Transactions, Bytes::from_static(b"hello")).unwrap();
                for node in &mut nodes {
                    assert_eq!(node.message().await.2, "hello");
                    node.handle.send(&keys[3], Channel::Consensus, Bytes::from_static(b"welcome")).unwrap();
                    assert_eq!(again.message().await.2, "welcome");
                }
            });
        }
    }
}

/// Passes TCP connections on to a port until it is frozen; then it goes on accepting and moves nothing.
async fn tcp_proxy(to: u16) -> (u16, tokio::sync::watch::Sender<bool>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (freeze, frozen) = tokio::sync::watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut frozen = frozen.clone();
            tokio::spawn(async move {
                let mut far = tokio::net::TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                tokio::select! {
                    biased;
                    () = async { drop(frozen.wait_for(|frozen| *frozen).await) } => std::future::pending().await,
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                }
            });
        }
    });
    (port, freeze)
}

fn tcp_port(address: &Multiaddr) -> u16 {
    address
        .iter()
        .find_map(|part| if let libp2p::multiaddr::Protocol::Tcp(port) = part { Some(port) } else { None })
        .unwrap()
}

#[test]
fn a_silent_link_is_given_up_and_made_again() {
    run(async {
        let mut far = Node::start(2, &[TCP], Vec::new(), impatient()).await;
        let (port, freeze) = tcp_proxy(tcp_port(&far.handle.listening()[0])).await;
        let proxied: Multiaddr = format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap();
        let members = vec![Member { public_key: far.key, addresses: vec![proxied] }];
        let mut near = Node::start(1, &[TCP], members, impatient()).await;
        far.handle.set_members(vec![Member { public_key: near.key, addresses: Vec::new() }]).unwrap();
        near.until_connected(&[far.key]).await;
        far.until_connected(&[near.key]).await;

        freeze.send_replace(true);
        let begin = Instant::now();
        near.until_disconnected(far.key).await;
        far.until_disconnected(near.key).await;
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
        assert!(!near.status(far.key).connected);

        // What is sent now waits for the next connection.
        near.handle.send(&far.key, Channel::Consensus, Bytes::from_static(b"late")).unwrap();
        freeze.send_replace(false);
        far.until_connected(&[near.key]).await;
        assert_eq!(far.message().await.2, "late");
    });
}

#[test]
fn tcp_serves_where_quic_does_not() {
    run(async {
        let mut far = Node::start(2, &[TCP], Vec::new(), Limits::default()).await;
        let dead_udp = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let dead = format!("/ip4/127.0.0.1/udp/{}/quic-v1", dead_udp.local_addr().unwrap().port());
        let name = format!("/dns4/localhost/tcp/{}", tcp_port(&far.handle.listening()[0]));
        let members = vec![Member {
            public_key: far.key,
            addresses: vec![dead.parse().unwrap(), name.parse().unwrap()],
        }];
        let mut near = Node::start(1, &[QUIC, TCP], members, Limits::default()).await;
        far.handle.set_members(vec![Member { public_key: near.key, addresses: Vec::new() }]).unwrap();
        near.until_connected(&[far.key]).await;
        far.until_connected(&[near.key]).await;
        assert_eq!(near.status(far.key).transport, Some(Transport::Tcp));
    });
}

#[test]
fn requests_are_answered_or_fail_for_a_reason() {
    let limits = Limits {
        request_bytes_max: 1_000,
        response_bytes_max: 100_000,
        requests_in_flight_max: 2,
        ..Limits::default()
    };
    for listen in [QUIC, TCP] {
        run(async {
            let mut nodes = mesh(2, &[listen], &limits).await;
            let server = nodes.pop().unwrap();
            let client = nodes.pop().unwrap();
            let peer = server.key;
            let (mut events, kept) = (server.events, server.handle.clone());
            let serving = tokio::spawn(async move {
                let mut held = Vec::new();
                while let Some(event) = events.recv().await {
                    let Event::Request { bytes, respond, .. } = event else {
                        continue;
                    };
                    match &bytes[..] {
                        b"hold" => held.push(respond),
                        b"drop" => drop(respond),
                        b"big" => respond.send(Bytes::from(vec![7; 100_000])).unwrap(),
                        b"huge" => respond.send(Bytes::from(vec![7; 100_001])).unwrap(),
                        _ => respond.send(bytes).unwrap(),
                    }
                }
            });
            let ask = |text: Bytes, ms| client.handle.request(&peer, text, Duration::from_millis(ms));
            let long = Bytes::from(vec![1; 1_001]);
            let cases = [
                (Bytes::new(), Ok(Bytes::new())),
                (Bytes::from_static(b"echo"), Ok(Bytes::from_static(b"echo"))),
                (long.slice(..1_000), Ok(long.slice(..1_000))),
                (long, Err(RequestError::RequestTooLarge { length: 1_001, max: 1_000 })),
                (Bytes::from_static(b"big"), Ok(Bytes::from(vec![7; 100_000]))),
                (Bytes::from_static(b"huge"), Err(RequestError::Refused)),
                (Bytes::from_static(b"drop"), Err(RequestError::Refused)),
            ];
            for (request, response) in cases {
                assert_eq!(ask(request, 5_000).await, response, "{listen}");
            }
            assert_eq!(ask(Bytes::from_static(b"hold"), 200).await, Err(RequestError::Timeout));

            let held: Vec<_> =
                (0..2).map(|_| tokio::spawn(ask(Bytes::from_static(b"hold"), 1_000))).collect();
            tokio::time::sleep(Duration::from_millis(100)).await;
            assert_eq!(ask(Bytes::new(), 1_000).await, Err(RequestError::TooManyInFlight { max: 2 }));
            for asked in held {
                assert_eq!(asked.await.unwrap(), Err(RequestError::Timeout));
            }
            assert_eq!(ask(Bytes::from_static(b"again"), 5_000).await, Ok(Bytes::from_static(b"again")));
            let unknown = client.handle.request(&key(99), Bytes::new(), PATIENCE).await;
            assert_eq!(unknown, Err(RequestError::UnknownPeer));

            kept.shutdown().await;
            assert!(matches!(
                ask(Bytes::new(), 5_000).await,
                Err(RequestError::NotConnected | RequestError::Refused | RequestError::Broken(_))
            ));
            serving.abort();
        });
    }
}

#[test]
fn a_server_bounds_what_each_peer_asks() {
    run(async {
        let server_limits = Limits {
            requests_per_second_max: 1,
            requests_burst_max: 5,
            response_bytes_max: 10,
            ..Limits::default()
        };
        let mut server = Node::start(2, &[QUIC], Vec::new(), server_limits).await;
        let client_limits = Limits { response_bytes_max: 5, request_bytes_max: 1 << 20, ..Limits::default() };
        let mut client = Node::start(1, &[QUIC], vec![server.member()], client_limits).await;
        server.handle.set_members(vec![client.member()]).unwrap();
        client.until_connected(&[server.key]).await;
        server.until_connected(&[client.key]).await;
        let (peer, watched) = (server.key, server.handle.clone());
        let (cut_in, cut) = tokio::sync::oneshot::channel();
        tokio::spawn(async move {
            let mut cut_in = Some(cut_in);
            while let Some(event) = server.events.recv().await {
                match event {
                    Event::Request { bytes, respond, .. } => drop(respond.send(bytes)),
                    Event::Misbehaved { reason, .. } => drop(cut_in.take().unwrap().send(reason)),
                    _ => {}
                }
            }
        });
        let ask = |length| client.handle.request(&peer, Bytes::from(vec![0; length]), Duration::from_secs(5));
        assert_eq!(ask(6).await, Err(RequestError::ResponseTooLarge { length: 6, max: 5 }));
        for _ in 0..4 {
            assert_eq!(ask(5).await, Ok(Bytes::from(vec![0; 5])));
        }
        assert_eq!(ask(5).await, Err(RequestError::Refused), "the burst is used up");
        assert_eq!(watched.peers()[0].requests_refused, 1);
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        assert!(ask(100_000).await.is_err());
        assert_eq!(cut.await.unwrap(), Misbehaviour::RequestTooLarge { length: 100_000, max: 64 * 1024 });
    });
}

#[test]
fn a_slow_reader_stops_nobody_else() {
    const FRAME: usize = 256 * 1024;
    for listen in [QUIC, TCP] {
        run(async {
            let mut limits =
                Limits { events_max: 8, events_bytes_per_peer_max: 1 << 20, ..Limits::default() };
            limits.blocks.frame_bytes_max = FRAME;
            limits.blocks.queue_frames_max = 10;
            limits.transactions.queue_frames_max = 10;
            let mut nodes = mesh(3, &[listen], &limits).await;
            let slow = nodes.pop().unwrap();
            let mut quick = nodes.pop().unwrap();
            let sender = nodes.pop().unwrap();
            let body = Bytes::from(vec![5; FRAME]);
            for round in 0..200u32 {
                sender.handle.broadcast(Channel::Blocks, body.clone()).unwrap();
                let batch = sender.handle.broadcast(Channel::Transactions, body.clone()).unwrap();
                assert!(batch == 2 || (batch == 1 && round > 10));
                sender
                    .handle
                    .send(&quick.key, Channel::Consensus, Bytes::from(round.to_be_bytes().to_vec()))
                    .unwrap();
                let mut rest = BTreeSet::from([Channel::Consensus, Channel::Blocks, Channel::Transactions]);
                while !rest.is_empty() {
                    let (_, channel, bytes) = quick.message().await;
                    if channel == Channel::Consensus {
                        assert_eq!(bytes, round.to_be_bytes().to_vec());
                    }
                    assert!(rest.remove(&channel));
                }
                let status = sender.status(slow.key);
                for channel in status.channels {
                    assert!(channel.queued_frames <= 10 && channel.queued_bytes <= 10 * FRAME, "{channel:?}");
                }
            }
            let (of_slow, of_quick) = (sender.status(slow.key), sender.status(quick.key));
            assert!(of_slow.connected, "a slow reader is not a dead one");
            for channel in [1, 2] {
                let dropped = of_slow.channels[channel].dropped_frames;
                assert!(dropped > 50, "{listen}: {:?}", of_slow.channels[channel]);
                assert_eq!(of_quick.channels[channel].dropped_frames, 0);
            }
            assert_eq!(of_slow.channels[0].dropped_frames, 0);
        });
    }
}

#[test]
fn frames_of_a_channel_keep_their_order() {
    const COUNT: u32 = 10_000;
    for listen in [QUIC, TCP] {
        run(async {
            let mut nodes = mesh(3, &[listen], &Limits::default()).await;
            let mut limits = BTreeMap::new();
            for node in &nodes {
                limits.insert(node.key, [0u32; 2]);
            }
            let begin = Instant::now();
            // From a thread outside the runtime, as a host may.
            let handles: Vec<Handle> = nodes.iter().map(|node| node.handle.clone()).collect();
            let sending = std::thread::spawn(move || {
                for number in 0..COUNT {
                    for handle in &handles {
                        let frame = Bytes::from(number.to_be_bytes().to_vec());
                        assert_eq!(handle.broadcast(Channel::Consensus, frame.clone()), Ok(2));
                        if number < 1_000 {
                            assert_eq!(handle.broadcast(Channel::Transactions, frame), Ok(2));
                        }
                    }
                }
            });
            for node in &mut nodes {
                let mut next = limits.clone();
                for _ in 0..2 * (COUNT + 1_000) {
                    let (peer, channel, bytes) = node.message().await;
                    let next =
                        &mut next.get_mut(&peer).unwrap()[usize::from(channel == Channel::Transactions)];
                    assert_eq!(bytes, next.to_be_bytes().to_vec());
                    *next += 1;
                }
            }
            sending.join().unwrap();
            println!("{listen}: {} frames in {:?}", 6 * (COUNT + 1_000), begin.elapsed());
        });
    }
}

#[test]
fn handshakes_under_way_are_bounded() {
    run(async {
        let limits = Limits {
            pending_incoming_max: 4,
            handshake_timeout: Duration::from_secs(1),
            ..Limits::default()
        };
        let mut node = Node::start(1, &[TCP], Vec::new(), limits).await;
        let port = tcp_port(&node.handle.listening()[0]);
        let mut idle = Vec::new();
        for _ in 0..10 {
            idle.push(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap());
        }
        let (mut busy, mut failed) = (0, 0);
        for event in node.listen_for(Duration::from_secs(3)).await {
            match event {
                Event::Refused { reason: Refusal::Busy, .. } => busy += 1,
                Event::Refused { reason: Refusal::Handshake(_), .. } => failed += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((busy, failed), (6, 4));
        let mut peer = Node::start(2, &[TCP], vec![node.member()], Limits::default()).await;
        node.handle.set_members(vec![peer.member()]).unwrap();
        peer.until_connected(&[node.key]).await;
    });
}

#[test]
fn unusable_configurations_are_refused() {
    run(async {
        let member = |public_key| Member { public_key, addresses: Vec::new() };
        let mut no_point = [0; 32];
        no_point[0] = 2;
        let crowd: Vec<Member> = (1..=65).map(|seed| member(key(seed))).collect();
        let address: Multiaddr = TCP.parse().unwrap();
        let spread = Member { public_key: key(2), addresses: vec![address.clone(); 17] };
        let cases = [
            (vec![], vec![member(no_point)], "is not an Ed25519 public key"),
            (vec![], vec![member(key(2)), member(key(2))], "is listed twice"),
            (vec![], crowd, "65 members are listed, at most 64 are allowed"),
            (vec![], vec![spread], "has 17 addresses, at most 16 are allowed"),
            (vec!["/ip4/127.0.0.1/udp/1".parse().unwrap()], vec![], "cannot listen on /ip4/127.0.0.1/udp/1"),
            (
                vec!["/ip4/203.0.113.1/tcp/1".parse().unwrap()],
                vec![],
                "cannot listen on /ip4/203.0.113.1/tcp/1",
            ),
        ];
        for (listen, members, reason) in cases {
            let error = Node::try_start(1, &listen, members, Limits::default()).await.err().unwrap();
            assert!(error.to_string().contains(reason), "{error}");
        }
        let node = Node::start(1, &[TCP], vec![member(key(2))], Limits::default()).await;
        assert!(node.handle.set_members(vec![member(no_point)]).is_err());
        assert_eq!(node.handle.peers().len(), 1, "the old list stays");
        node.handle.shutdown().await;
        node.handle.shutdown().await;
    });
}

#[test]
fn loopback_is_quick() {
    for listen in [QUIC, TCP] {
        run(async {
            let mut nodes = mesh(4, &[listen], &Limits::default()).await;
            let sender = nodes.remove(0);
            let mut bodies = Vec::new();
            let mut votes = Vec::new();
            for _ in 0..50 {
                for (channel, size, times) in
                    [(Channel::Blocks, 1 << 20, &mut bodies), (Channel::Consensus, 200, &mut votes)]
                {
                    let frame = Bytes::from(vec![1; size]);
                    let begin = Instant::now();
                    sender.handle.broadcast(channel, frame).unwrap();
                    for node in &mut nodes {
                        node.message().await;
                    }
                    times.push(begin.elapsed());
                }
            }
            bodies.sort();
            votes.sort();
            println!(
                "{listen}: to 3 peers: 1 MiB p50 {:?} max {:?}; 200 B p50 {:?} max {:?}",
                bodies[25], bodies[49], votes[25], votes[49]
            );
            assert!(bodies[25] < Duration::from_millis(200) && votes[25] < Duration::from_millis(20));
        });
    }
}

/// One member in a process of its own: it says where it listens and then sends a word every 20 ms.
/// Only [`a_killed_and_a_stopped_member_are_noticed`] runs it, to have something to kill.
#[test]
#[ignore = "a process that another test starts"]
fn member_process() {
    let read = |name: &str| std::env::var(name).unwrap_or_default();
    let addresses =
        |text: &str| text.split(',').map(|address| address.parse().unwrap()).collect::<Vec<Multiaddr>>();
    if read("MEMBER_LISTEN").is_empty() {
        return;
    }
    threads().block_on(async {
        let members = (1..=2).map(|seed| Member { public_key: key(seed), addresses: addresses(&read(&format!("MEMBER_{seed}"))) });
        let listen = addresses(&read("MEMBER_LISTEN"));
        let mut node = Node::try_start(3, &listen, members.collect(), Limits::default()).await.unwrap();
        let listening: Vec<String> = node.handle.listening().iter().map(ToString::to_string).collect();
        println!("\nlistening {}", listening.join(","));
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        loop {
            tokio::select! {
                _ = ticks.tick() => drop(node.handle.broadcast(Channel::Consensus, Bytes::from_static(b"word"))),
                event = node.events.recv() => drop(event.unwrap()),
            }
        }
    });
}

/// Starts [`member_process`] and returns it with the addresses it listens on.
fn start_process(listen: &[Multiaddr], nodes: &[Node]) -> (std::process::Child, Vec<Multiaddr>) {
    use std::io::BufRead;
    let join =
        |addresses: &[Multiaddr]| addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["member_process", "--exact", "--ignored", "--nocapture"])
        .env("MEMBER_LISTEN", join(listen))
        .env("MEMBER_1", join(&nodes[0].handle.listening()))
        .env("MEMBER_2", join(&nodes[1].handle.listening()))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines();
    let listening = lines
        .find_map(|line| line.unwrap().strip_prefix("listening ").map(str::to_owned))
        .expect("the process says where it listens");
    std::thread::spawn(move || lines.for_each(drop));
    (child, listening.split(',').map(|address| address.parse().unwrap()).collect())
}

#[test]
fn a_killed_and_a_stopped_member_are_noticed() {
    use rustix::process::{Pid, Signal, kill_process};
    for listen in [&[QUIC][..], &[TCP]] {
        run(async {
            let mut nodes = mesh(2, listen, &Limits::default()).await;
            let listen: Vec<Multiaddr> = listen.iter().map(|address| address.parse().unwrap()).collect();
            let (mut child, listening) = start_process(&listen, &nodes);
            let members: Vec<Member> = nodes
                .iter()
                .map(Node::member)
                .chain([Member { public_key: key(3), addresses: listening.clone() }])
                .collect();
            for node in &nodes {
                node.handle.set_members(members.clone()).unwrap();
            }
            for node in &mut nodes {
                node.until_connected(&[key(3)]).await;
                assert_eq!(node.message().await.2, "word");
            }

            child.kill().unwrap();
            child.wait().unwrap();
            let killed = Instant::now();
            let (mut child, _) = start_process(&listening, &nodes);
            let restarted = Instant::now();
            for node in &mut nodes {
                node.until_disconnected(key(3)).await;
                node.until_connected(&[key(3)]).await;
                assert_eq!(node.message().await.2, "word");
            }
            println!(
                "{listen:?}: killed, started again after {:?}, back after {:?}",
                restarted - killed,
                killed.elapsed()
            );
            assert!(killed.elapsed() < Duration::from_secs(10));

            let pid = Pid::from_child(&child);
            kill_process(pid, Signal::STOP).unwrap();
            let stopped = Instant::now();
            for node in &mut nodes {
                node.until_disconnected(key(3)).await;
            }
            println!("{listen:?}: stopped, noticed after {:?}", stopped.elapsed());
            assert!(stopped.elapsed() < Duration::from_secs(10));
            kill_process(pid, Signal::CONT).unwrap();
            let continued = Instant::now();
            for node in &mut nodes {
                node.until_connected(&[key(3)]).await;
                assert_eq!(node.message().await.2, "word");
            }
            println!("{listen:?}: continued, back after {:?}", continued.elapsed());
            assert!(continued.elapsed() < Duration::from_secs(10));
            child.kill().unwrap();
            child.wait().unwrap();
        });
    }
}
