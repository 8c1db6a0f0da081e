//! The network between the nodes: it loses, delays, repeats, reorders and is cut.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::random::Rng;

/// What travels.
#[derive(Clone, Debug)]
pub enum Packet {
    /// A consensus message.
    Consensus(Arc<[u8]>),
    /// Transactions.
    Gossip(Arc<[u8]>),
    /// A question, with a number that the answer repeats.
    Question(u64, Arc<[u8]>),
    /// An answer to the question with that number.
    Answer(u64, Arc<[u8]>),
}

impl Packet {
    /// Its name in a trace.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Consensus(_) => "message",
            Self::Gossip(_) => "gossip",
            Self::Question(..) => "question",
            Self::Answer(..) => "answer",
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Consensus(bytes)
            | Self::Gossip(bytes)
            | Self::Question(_, bytes)
            | Self::Answer(_, bytes) => bytes,
        }
    }
}

/// How links behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// Packets lost of a thousand.
    pub loss_permille: u64,
    /// Packets that arrive twice of a thousand.
    pub duplicate_permille: u64,
    /// Packets that take up to [`STRAGGLER_MS`] of a thousand.
    pub straggler_permille: u64,
    /// The shortest and the longest time of the others, in ms.
    pub delay_ms: (u64, u64),
}

/// The longest time a packet takes that lags behind, in ms.
pub const STRAGGLER_MS: u64 = 4_000;

impl Weather {
    /// Links as they are when nothing is wrong.
    pub const CALM: Self =
        Self { loss_permille: 0, duplicate_permille: 0, straggler_permille: 0, delay_ms: (1, 20) };
}

/// A cut through the network.
#[derive(Clone, Debug)]
pub struct Cut {
    /// The nodes on one side.
    pub away: BTreeSet<usize>,
    /// Whether packets still reach that side.
    pub one_way: bool,
}

impl Cut {
    fn stops(&self, from: usize, to: usize) -> bool {
        match (self.away.contains(&from), self.away.contains(&to)) {
            (true, false) => true,
            (false, true) => !self.one_way,
            _ => false,
        }
    }
}

/// The network.
#[derive(Clone, Debug)]
pub struct Network {
    /// How links behave at present.
    pub weather: Weather,
    cuts: BTreeMap<usize, Cut>,
}

/// What became of a packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// A cut is in the way.
    Cut,
    /// It is lost.
    Lost,
    /// It arrives after these times, in ms.
    Arrives(Vec<u64>),
}

impl Network {
    /// A network in this weather.
    #[must_use]
    pub const fn new(weather: Weather) -> Self {
        Self { weather, cuts: BTreeMap::new() }
    }

    /// Makes a cut that is known by a number.
    pub fn cut(&mut self, number: usize, cut: Cut) {
        self.cuts.insert(number, cut);
    }

    /// Heals a cut.
    pub fn heal(&mut self, number: usize) {
        self.cuts.remove(&number);
    }

    /// Heals everything.
    pub fn calm(&mut self) {
        self.cuts.clear();
        self.weather = Weather::CALM;
    }

    /// Decides what becomes of a packet.
    pub fn route(&self, from: usize, to: usize, rng: &mut Rng) -> Fate {
        if self.cuts.values().any(|cut| cut.stops(from, to)) {
            return Fate::Cut;
        }
        let Weather { loss_permille, duplicate_permille, straggler_permille, delay_ms: (low, high) } =
            self.weather;
        if rng.permille(loss_permille) {
            return Fate::Lost;
        }
        let copies = 1 + usize::from(rng.permille(duplicate_permille));
        let mut delay = || {
            let longest = if rng.permille(straggler_permille) { STRAGGLER_MS } else { high };
            rng.between(low, longest)
        };
        Fate::Arrives((0..copies).map(|_| delay()).collect())
    }
}
