//! What a seed stands for: the network, its faults and its adversaries.

use std::collections::BTreeSet;

use super::adversary::Adversary;
use super::clock::Clock;
use super::membership::Roles;
use super::network::{Cut, Weather};
use super::random::Rng;

/// Sizes of networks that are tried.
pub const SIZES: [usize; 4] = [4, 7, 10, 21];
/// How often a size is drawn, of a hundred: a block of 21 centres costs as much as fifty of 4.
const SIZE_PERCENT: [u64; 4] = [70, 18, 9, 3];

/// What is asked of a run beside its seed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wishes {
    /// So many centres, instead of what the seed says.
    pub nodes: Option<usize>,
    /// This adversary, and no other.
    pub adversary: Option<Adversary>,
    /// A change of members in any case.
    pub turnover: bool,
}

/// A disturbance from one instant to another, in ms.
#[derive(Clone, Debug)]
pub struct During<T> {
    /// When it begins.
    pub from_ms: u64,
    /// When it ends.
    pub until_ms: u64,
    /// What it is.
    pub what: T,
}

/// Everything that a seed decides before a run begins.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Centres in genesis.
    pub members: usize,
    /// Whether time is stepped by a timekeeper.
    pub stepped: bool,
    /// Which centres are adversaries.
    pub adversaries: Vec<(usize, Adversary)>,
    /// The clock of each centre's node.
    pub clocks: Vec<Clock>,
    /// Links while there are faults.
    pub weather: Weather,
    /// How long there are faults, in ms.
    pub faults_ms: u64,
    /// Cuts.
    pub cuts: Vec<During<Cut>>,
    /// Crashes of a thousand flushes.
    pub crash_permille: u64,
    /// Nodes that are killed between flushes: when, and for how long they stay down.
    pub kills: Vec<During<usize>>,
    /// Full disks.
    pub full_disks: Vec<During<usize>>,
    /// Nodes whose log is damaged by the first crash that leaves two frames, after this time.
    pub damaged_logs: Vec<(u64, usize)>,
    /// A centre that joins, one that changes its key and one that leaves; `None` for a constant membership.
    pub turnover: Option<Turnover>,
    /// How often a client does something, in ms.
    pub pace_ms: u64,
}

/// A change of members.
#[derive(Clone, Copy, Debug)]
pub struct Turnover {
    /// When the node that joins is switched on, in ms.
    pub joiner_boots_ms: u64,
    /// Who does what.
    pub roles: Roles,
}

impl Plan {
    /// How many of `members` may be faulty.
    #[must_use]
    pub const fn tolerated(members: usize) -> usize {
        members.saturating_sub(1) / 3
    }

    /// The plan of a seed.
    #[must_use]
    pub fn draw(rng: &mut Rng, wishes: Wishes) -> Self {
        let members = wishes.nodes.unwrap_or_else(|| size(rng));
        let all: Vec<usize> = (0..members).collect();
        // Whoever may be wrong for good: adversaries, clocks far off, logs that are damaged.
        let mut scapegoats = rng.some_of(&all, Self::tolerated(members));
        let adversaries = adversaries(rng, wishes, &mut scapegoats);
        let stepped = rng.permille(350);
        let mut clocks: Vec<Clock> = all.iter().map(|_| good_clock(rng)).collect();
        if rng.permille(250)
            && let Some(node) = scapegoats.pop()
        {
            clocks[node] = bad_clock(rng);
        }
        let faults_ms = rng.between(4_000, if members > 7 { 9_000 } else { 25_000 });
        let damaged = if rng.permille(300) { scapegoats.pop() } else { None };
        let honest: Vec<usize> =
            all.iter().copied().filter(|c| adversaries.iter().all(|(a, _)| a != c)).collect();
        Self {
            members,
            stepped,
            weather: weather(rng),
            cuts: cuts(rng, members, faults_ms),
            crash_permille: *rng.pick(&[0, 0, 3, 10, 30]).unwrap_or(&0),
            kills: disturbances(rng, &all, faults_ms, 4),
            full_disks: if rng.permille(250) { disturbances(rng, &honest, faults_ms, 2) } else { Vec::new() },
            damaged_logs: damaged.map(|node| (rng.between(0, faults_ms / 2), node)).into_iter().collect(),
            turnover: (rng.permille(200) || wishes.turnover)
                .then(|| turnover(rng, &honest, members, faults_ms))
                .flatten(),
            pace_ms: *rng.pick(&[40, 120, 400]).unwrap_or(&120),
            adversaries,
            clocks,
            faults_ms,
        }
    }
}

fn size(rng: &mut Rng) -> usize {
    let mut draw = rng.below(100);
    for (size, percent) in SIZES.iter().zip(SIZE_PERCENT) {
        if draw < percent {
            return *size;
        }
        draw -= percent;
    }
    SIZES[0]
}

fn adversaries(rng: &mut Rng, wishes: Wishes, scapegoats: &mut Vec<usize>) -> Vec<(usize, Adversary)> {
    let wanted = match wishes.adversary {
        Some(_) => 1,
        None if rng.permille(250) => 0,
        None => rng.between(1, scapegoats.len() as u64) as usize,
    };
    let mut chosen = Vec::new();
    for _ in 0..wanted {
        let kind = wishes.adversary.or_else(|| rng.pick(&Adversary::ALL).copied());
        let (Some(node), Some(kind)) = (scapegoats.pop(), kind) else { break };
        chosen.push((node, kind));
    }
    chosen
}

/// A clock that the others can live with: any two differ by less than a block may be dated ahead.
fn good_clock(rng: &mut Rng) -> Clock {
    Clock { skew_ms: rng.between(0, 300) as i64 - 150, drift_ppm: rng.between(0, 400) as i64 - 200 }
}

/// A clock that is minutes off.
fn bad_clock(rng: &mut Rng) -> Clock {
    let minutes = rng.between(1, 20) as i64 * if rng.permille(500) { 1 } else { -1 };
    Clock { skew_ms: minutes * 60_000, drift_ppm: 0 }
}

fn weather(rng: &mut Rng) -> Weather {
    let percent = [0, 0, 10, 50, 150];
    Weather {
        loss_permille: *rng.pick(&percent).unwrap_or(&0),
        duplicate_permille: *rng.pick(&percent).unwrap_or(&0),
        straggler_permille: *rng.pick(&percent).unwrap_or(&0),
        delay_ms: (1, *rng.pick(&[5, 30, 100, 400]).unwrap_or(&30)),
    }
}

fn cuts(rng: &mut Rng, members: usize, faults_ms: u64) -> Vec<During<Cut>> {
    let count = if rng.permille(500) { 0 } else { rng.between(1, 3) };
    let all: Vec<usize> = (0..members).collect();
    let mut cut = || {
        let from_ms = rng.below(faults_ms);
        let until_ms = from_ms + rng.between(200, 8_000);
        let size = 1 + rng.index(members - 1);
        let away: BTreeSet<usize> = rng.some_of(&all, size).into_iter().collect();
        During { from_ms, until_ms, what: Cut { away, one_way: rng.permille(350) } }
    };
    (0..count).map(|_| cut()).collect()
}

fn disturbances(rng: &mut Rng, nodes: &[usize], faults_ms: u64, most: u64) -> Vec<During<usize>> {
    let count = rng.below(most + 1);
    let mut one = || {
        let from_ms = rng.below(faults_ms);
        let until_ms = from_ms + rng.between(50, 6_000);
        rng.pick(nodes).map(|node| During { from_ms, until_ms, what: *node })
    };
    (0..count).filter_map(|_| one()).collect()
}

fn turnover(rng: &mut Rng, honest: &[usize], members: usize, faults_ms: u64) -> Option<Turnover> {
    let two = rng.some_of(honest, 2);
    let roles = Roles { joins: members, rotates: *two.first()?, leaves: *two.get(1)? };
    Some(Turnover { joiner_boots_ms: rng.below(faults_ms), roles })
}
