//! A network in memory, its actors, and the table language of the rule tests.
#![allow(dead_code, unreachable_pub, reason = "every test file uses another part of it")]

pub mod bids;
pub mod cddl;
pub mod certificates;
pub mod chain;
pub mod evaluation;
pub mod governance;
pub mod network;
pub mod table;
pub mod tender;
pub mod words;

/// The difference of two texts as a test prints it: the first line that is not the same.
pub fn first_difference(expected: &str, found: &str) -> Option<String> {
    let (mut left, mut right) = (expected.lines(), found.lines());
    for number in 1.. {
        match (left.next(), right.next()) {
            (None, None) => return None,
            (a, b) if a == b => {}
            (a, b) => return Some(format!("line {number}:\n  file  {a:?}\n  now   {b:?}")),
        }
    }
    None
}

/// Compares a checked-in text with what the code says now; with `UPDATE=1` it is rewritten instead.
pub fn compare_or_update(path: &str, now: &str) {
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, now).unwrap();
        return;
    }
    let held = std::fs::read_to_string(path).unwrap_or_default();
    if let Some(difference) = first_difference(&held, now) {
        panic!("{path} is out of date; run the tests with UPDATE=1 and read the change.\n{difference}");
    }
}

/// A reproducible stream of numbers (splitmix64): tests need variety, not secrecy.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len() as u64) as usize]
    }
}

/// The same stream, for what asks for a cryptographic source.
pub struct Random(Seeded);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(Seeded(seed))
    }
}

impl rand_core::TryRng for Random {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.0.next() as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.0.next())
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Self::Error> {
        into.fill_with(|| self.0.next() as u8);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Random {}
