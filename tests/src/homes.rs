//! Homes of a whole network: keys, a genesis that all signed off, configurations, free ports.

use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use ledger::crypto::{PublicKey, SigningKey};
use ledger::genesis::Genesis;
use ledger::id::{CreditCode, credit_check};
use ledger::time::{BlockTime, DAY_MS};
use node::config::{Home, Keys, NodeDescription, Peer, render};
use node::genesis::{Centre, Draft, Organisation, SignOffs};
use node::keys::Secret;
use node::network::Member;
use tempfile::TempDir;

use crate::acts::{BANK, BIDDER, CENTRES, CONTRACTORS, ORGANISER, Party, SELLER, TIMEKEEPER};
use crate::ground::{Ground, Place};
use crate::proxy::{Dial, Proxy};

/// Block time of height 0 on a network with a stepped clock.
pub const GENESIS_TIME: &str = "2026-03-02T09:00:00+08:00";
const RULES: &str = include_str!("../../examples/rules/land-listing-2026.toml");
const TENDER_RULES: &str = include_str!("../../examples/rules/construction-2026.toml");

/// How a network's time goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// As the machines' clocks do.
    Real,
    /// Not at all, but for the timekeeper's steps.
    Stepped,
}

/// Which trades a network has rules for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Trades {
    /// Listings of land-use rights.
    #[default]
    Listings,
    /// Construction tenders too: nodes then make keys of seats and stamps by themselves.
    Tenders,
}

/// The ports of one node.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// Of the HTTP interface.
    pub http: u16,
    /// Of the mesh: UDP for QUIC, TCP.
    pub mesh: u16,
}

/// The homes of four nodes.
pub struct Homes {
    dir: TempDir,
    /// The genesis.
    pub genesis: Genesis,
    /// Each node's home.
    pub homes: Vec<Home>,
    /// Where each node listens.
    pub places: Vec<Place>,
    /// The centres that joined later.
    joined: Vec<Centre>,
}

impl Homes {
    /// Makes the homes of four nodes on loopback that know each other's addresses.
    pub fn make(clock: Clock) -> Self {
        Self::with_window(clock, None)
    }

    /// The same; transactions expire after this many heights.
    pub fn with_window(clock: Clock, window: Option<u64>) -> Self {
        Self::with_trades(clock, window, Trades::Listings)
    }

    /// The same; the network has the rules of these trades.
    pub fn with_trades(clock: Clock, window: Option<u64>, trades: Trades) -> Self {
        let places = Ground::loopback(4).nodes().to_vec();
        let dial = |_, to: usize| Dial { udp: places[to].mesh, tcp: places[to].mesh };
        Self::at(clock, window, &places, trades, dial)
    }

    /// Makes the homes of nodes that know only the proxy between them.
    pub fn behind(clock: Clock, ground: &Ground, proxy: &Proxy) -> Self {
        Self::at(clock, None, ground.nodes(), Trades::Listings, |from, to| proxy.dial(from, to))
    }

    /// Makes the homes of nodes at these places; `dial` says where the first finds the second.
    fn at(
        clock: Clock,
        window: Option<u64>,
        places: &[Place],
        trades: Trades,
        dial: impl Fn(usize, usize) -> Dial,
    ) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let homes: Vec<Home> =
            (0..places.len()).map(|i| Home::new(dir.path().join(format!("node{i}")))).collect();
        let centres: Vec<Centre> =
            homes.iter().zip(CENTRES).map(|(home, (code, region))| centre(home, code, region)).collect();
        let stepped = clock == Clock::Stepped;
        let tenders = trades == Trades::Tenders;
        let contractors = tenders.then(|| [ORGANISER].into_iter().chain(CONTRACTORS));
        let parties = [SELLER, BANK, BIDDER].into_iter().chain(stepped.then_some(TIMEKEEPER));
        let parties = parties.chain(contractors.into_iter().flatten());
        let draft = Draft {
            name: "zhulian-test".into(),
            time: if stepped { GENESIS_TIME.into() } else { yesterday() },
            certificates_required: false,
            timekeeper: stepped.then(|| TIMEKEEPER.key().public_key()),
            organisations: parties.map(organisation).collect(),
            rules: if tenders { format!("{RULES}\n{TENDER_RULES}") } else { RULES.into() },
            centres,
        };
        let (mut text, mut genesis) = draft.render().expect("a genesis");
        if let Some(window) = window {
            let usual = format!("expiry_window = {}\n", genesis.parameters.expiry_window);
            assert!(text.contains(&usual), "the genesis says how long transactions stand");
            text = text.replace(&usual, &format!("expiry_window = {window}\n"));
            genesis = Genesis::parse(text.as_bytes()).expect("a genesis");
        }
        let mut signoffs = SignOffs::empty(&genesis);
        for home in &homes {
            signoffs.sign(&genesis, &read(&home.consensus_key())).expect("a centre's key");
        }
        for (i, home) in homes.iter().enumerate() {
            write(&home.root().join("genesis.toml"), &text);
            write(&home.root().join("signoffs.toml"), &signoffs.render());
            let description = describe(i, &genesis, &draft.centres, places, &dial);
            write(&home.config_file(), &render(&description));
        }
        Self { dir, genesis, homes, places: places.to_vec(), joined: Vec::new() }
    }

    /// Makes the home of one more centre, which genesis does not know, and tells its number. It begins with
    /// the genesis and the addresses of the others.
    pub fn join(&mut self) -> usize {
        let own = self.homes.len();
        let home = Home::new(self.dir.path().join(format!("node{own}")));
        let body = format!("12440500DEM{own:06}");
        let check = credit_check(&body).expect("letters and digits have a check character");
        let entry = centre(&home, &format!("{body}{}", char::from(check)), "440500");
        for file in ["genesis.toml", "signoffs.toml"] {
            fs::copy(self.homes[0].root().join(file), home.root().join(file)).expect("a file of genesis");
        }
        let peers = self.members().into_iter().map(|member| Peer {
            key: PublicKey::from_bytes(member.public_key),
            addresses: member.addresses,
        });
        let place = Ground::loopback(1).nodes()[0];
        let description = NodeDescription {
            name: format!("node{own}"),
            genesis_hash: self.genesis.hash.to_string(),
            listen: addresses(Dial { udp: place.mesh, tcp: place.mesh }).to_vec(),
            peers: peers.collect(),
            api: place.http.to_string(),
            keys: Keys::default(),
        };
        write(&home.config_file(), &render(&description));
        self.joined.push(entry);
        self.homes.push(home);
        self.places.push(place);
        own
    }

    /// Credit code of a node's centre.
    pub fn code(&self, node: usize) -> CreditCode {
        match node.checked_sub(CENTRES.len()) {
            None => CENTRES[node].0.parse().expect("a code"),
            Some(later) => self.joined[later].code.clone(),
        }
    }

    /// The directory that holds all homes; it is removed with this value.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The key with which a centre signs transactions.
    pub fn operator(&self, node: usize) -> SigningKey {
        read(&self.homes[node].operator_key())
    }

    /// All members of the mesh, with their addresses.
    pub fn members(&self) -> Vec<Member> {
        let member = |(home, place): (&Home, &Place)| Member {
            public_key: *read(&home.network_key()).public_key().as_bytes(),
            addresses: addresses(Dial { udp: place.mesh, tcp: place.mesh })
                .iter()
                .map(|text| text.parse().expect("an address"))
                .collect(),
        };
        self.homes.iter().zip(&self.places).map(member).collect()
    }

    /// The key with which a node votes.
    pub fn voter(&self, node: usize) -> SigningKey {
        read(&self.homes[node].consensus_key())
    }
}

fn describe(
    own: usize,
    genesis: &Genesis,
    centres: &[Centre],
    places: &[Place],
    dial: impl Fn(usize, usize) -> Dial,
) -> NodeDescription {
    let peer = |i: usize| Peer {
        key: centres[i].network_key.parse().expect("a key"),
        addresses: addresses(dial(own, i)).iter().map(|text| text.parse().expect("an address")).collect(),
    };
    let mesh = places[own].mesh;
    NodeDescription {
        name: format!("node{own}"),
        genesis_hash: genesis.hash.to_string(),
        listen: addresses(Dial { udp: mesh, tcp: mesh }).to_vec(),
        peers: (0..centres.len()).filter(|i| *i != own).map(peer).collect(),
        api: places[own].http.to_string(),
        keys: Keys::default(),
    }
}

fn addresses(Dial { udp, tcp }: Dial) -> [String; 2] {
    [format!("/ip4/{}/udp/{}/quic-v1", udp.ip(), udp.port()), format!("/ip4/{}/tcp/{}", tcp.ip(), tcp.port())]
}

fn centre(home: &Home, code: &str, region: &str) -> Centre {
    fs::create_dir_all(home.root()).expect("a home");
    let make = |path: &Path| {
        let secret = Secret::generate().expect("random bytes");
        secret.create(path).expect("a key file");
        secret.public_key().to_string()
    };
    Centre {
        code: code.parse().expect("a code"),
        name: format!("示例公共资源交易中心{region}").parse().expect("a title"),
        region: region.parse().expect("a region"),
        consensus_key: make(&home.consensus_key()),
        network_key: make(&home.network_key()),
        keys: vec![make(&home.operator_key())],
    }
}

fn organisation(party: Party) -> Organisation {
    Organisation {
        code: party.code.parse().expect("a code"),
        name: format!("示例{}", party.role).parse().expect("a title"),
        region: "440000".parse().expect("a region"),
        roles: vec![party.role.into()],
        keys: vec![party.key().public_key().to_string()],
    }
}

fn yesterday() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_millis();
    let now = u64::try_from(now).expect("a clock before the year 500,000,000");
    BlockTime::from_millis(now - DAY_MS).expect("a time").to_string()
}

fn read(path: &Path) -> SigningKey {
    Secret::read(path).expect("a key file").signing_key()
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

/// Ports below those that the system gives to outgoing connections: a node that is restarted must find its
/// own free.
pub(crate) fn free_ports() -> Ports {
    Ports { http: free_port(), mesh: free_port() }
}

fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    const FIRST: u32 = 20_000;
    const COUNT: u32 = 10_000;
    for _ in 0..COUNT {
        let turn = u32::from(NEXT.fetch_add(1, Ordering::Relaxed));
        // Processes begin at different places, so that they do not reach for the same ports.
        let port = FIRST + (std::process::id().wrapping_mul(61).wrapping_add(turn)) % COUNT;
        let port = u16::try_from(port).expect("below 30,000");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port from {FIRST} on")
}
