//! Links that come and go by a seed.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use super::{Cut, Dice, Links};

/// How links come and go.
#[derive(Clone, Debug)]
pub struct Flaps {
    /// How long a link is whole.
    pub whole: RangeInclusive<Duration>,
    /// How long it is cut.
    pub cut: RangeInclusive<Duration>,
    /// Of a thousand cuts, so many are of one direction only.
    pub one_way: u16,
}

/// Cuts and heals the link between every two nodes, each in its own time, for as long as told; then all are
/// whole. Tells how many cuts there were.
pub async fn flap(links: &Links, seed: u64, flaps: &Flaps, time: Duration) -> usize {
    let pairs = (0..links.nodes()).flat_map(|one| (0..one).map(move |other| (one, other)));
    let flapping = pairs.map(|pair| {
        let (links, flaps) = (links.clone(), flaps.clone());
        tokio::spawn(flap_one(links, pair, seed, flaps, Instant::now() + time))
    });
    let mut cuts = 0;
    for one in flapping.collect::<Vec<_>>() {
        cuts += one.await.expect("a task that does not panic");
    }
    links.heal();
    cuts
}

async fn flap_one(
    links: Links,
    (mut one, mut other): (usize, usize),
    seed: u64,
    flaps: Flaps,
    end: Instant,
) -> usize {
    let mut dice = Dice::of(seed, &format!("flapping of {one} and {other}"));
    let mut cuts = 0;
    loop {
        sleep_within(dice.between(&flaps.whole), end).await;
        if Instant::now() >= end {
            return cuts;
        }
        cuts += 1;
        if dice.happens(flaps.one_way) {
            if dice.happens(500) {
                (one, other) = (other, one);
            }
            links.cut_one_way(one, other, Cut::All);
        } else {
            links.cut(one, other, Cut::All);
        }
        sleep_within(dice.between(&flaps.cut), end).await;
        links.cut(one, other, Cut::Whole);
    }
}

async fn sleep_within(time: Duration, end: Instant) {
    tokio::time::sleep_until((Instant::now() + time).min(end).into()).await;
}
