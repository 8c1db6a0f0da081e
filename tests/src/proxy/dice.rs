//! Chance that follows from a seed.

use std::ops::RangeInclusive;
use std::time::Duration;

use ledger::hash::sha256;

/// A sequence of numbers that looks random and follows from its seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of one purpose; others of the same seed are unlike it.
    pub fn of(seed: u64, purpose: &str) -> Self {
        let mut bytes = seed.to_be_bytes().to_vec();
        bytes.extend_from_slice(purpose.as_bytes());
        let hash = sha256(&bytes);
        Self(hash.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `count`, which is not zero. What one number is likelier than another is far below
    /// anything that a test could see.
    pub fn below(&mut self, count: usize) -> usize {
        (self.roll() % count as u64) as usize
    }

    /// Whether something happens that happens so often in a thousand times.
    pub fn happens(&mut self, per_mille: u16) -> bool {
        self.roll() % 1_000 < u64::from(per_mille)
    }

    /// A time between two, in whole microseconds.
    pub fn between(&mut self, range: &RangeInclusive<Duration>) -> Duration {
        let (least, most) = (range.start().as_micros() as u64, range.end().as_micros() as u64);
        Duration::from_micros(least + self.roll() % (most.saturating_sub(least) + 1))
    }
}

/// The seed of this run: `ZHULIAN_SEED` if it is set, else that of the test. It is printed, so that a run that
/// fails can be had again as nearly as real processes allow.
///
/// # Panics
/// When `ZHULIAN_SEED` is not a number.
pub fn seed(of_test: u64) -> u64 {
    let seed = match std::env::var("ZHULIAN_SEED") {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("ZHULIAN_SEED={text} is not a number")),
        Err(_) => of_test,
    };
    println!("seed {seed} (ZHULIAN_SEED={seed} repeats it)");
    seed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_purpose_give_one_sequence() {
        let rolls = |seed, purpose: &str| -> Vec<u64> {
            let mut dice = Dice::of(seed, purpose);
            (0..100).map(|_| dice.roll()).collect()
        };
        assert_eq!(rolls(1, "a"), rolls(1, "a"));
        assert_ne!(rolls(1, "a"), rolls(1, "b"));
        assert_ne!(rolls(1, "a"), rolls(2, "a"));
    }

    #[test]
    fn what_happens_happens_about_as_often_as_it_should() {
        for per_mille in [0, 30, 500, 1_000] {
            let mut dice = Dice::of(7, "often");
            let found = (0..100_000).filter(|_| dice.happens(per_mille)).count() as i64;
            assert!((found - i64::from(per_mille) * 100).abs() < 1_000, "{per_mille}: {found}");
        }
        let mut dice = Dice::of(7, "between");
        let range = Duration::from_millis(10)..=Duration::from_millis(90);
        let times: Vec<Duration> = (0..10_000).map(|_| dice.between(&range)).collect();
        assert!(times.iter().all(|time| range.contains(time)));
        let mean = times.iter().sum::<Duration>() / 10_000;
        assert!((48..=52).contains(&mean.as_millis()), "{mean:?}");
    }
}
