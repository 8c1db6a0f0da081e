//! Reproducible damage to an input: the same seed makes the same changes.

/// Numbers that lengths and counts are replaced with.
const EXTREMES: [u64; 6] = [0, 1, 0x7f, 0xffff, 0xffff_ffff, u64::MAX];

/// A reproducible stream of changes (splitmix64).
#[derive(Clone, Debug)]
pub struct Mutator(u64);

impl Mutator {
    /// The stream of this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; 0 for a bound of 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// A damaged `input`; parts of `other` may be spliced in.
    pub fn change(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        let mut bytes = input.to_vec();
        // Mostly one fault, sometimes several.
        for _ in 0..=self.below(3) * self.below(2) {
            match self.below(7) {
                0 => self.flip(&mut bytes),
                1 => bytes.truncate(self.below(bytes.len() + 1)),
                2 => self.splice(&mut bytes, other),
                3 => self.inflate(&mut bytes),
                4 => self.put(&mut bytes),
                5 => self.repeat(&mut bytes),
                _ => self.set(&mut bytes),
            }
        }
        bytes
    }

    fn flip(&mut self, bytes: &mut [u8]) {
        let (at, bit) = (self.below(bytes.len()), self.below(8));
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }

    fn set(&mut self, bytes: &mut [u8]) {
        let (at, value) = (self.below(bytes.len()), self.next().to_be_bytes()[0]);
        if let Some(byte) = bytes.get_mut(at) {
            *byte = value;
        }
    }

    /// The beginning of one and the end of the other.
    fn splice(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        bytes.truncate(self.below(bytes.len() + 1));
        bytes.extend_from_slice(&other[self.below(other.len() + 1)..]);
    }

    /// Where a CBOR length or a big-endian number may stand: another one, often far too large.
    fn inflate(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        let number = EXTREMES[self.below(EXTREMES.len())];
        let width = [1, 2, 4, 8][self.below(4)];
        let text = number.to_be_bytes();
        let digits = text[8 - width..].to_vec();
        if self.below(2) == 0 {
            let end = (at + width).min(bytes.len());
            bytes.splice(at..end, digits);
        } else if let Some(head) = bytes.get(at).copied() {
            let wide = head & 0xe0 | [24, 25, 26, 27][width.trailing_zeros() as usize];
            bytes.splice(at..=at, std::iter::once(wide).chain(digits));
        }
    }

    fn put(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len() + 1);
        let count = 1 + self.below(8);
        let new = self.next().to_be_bytes();
        bytes.splice(at..at, new.into_iter().take(count));
    }

    fn repeat(&mut self, bytes: &mut Vec<u8>) {
        let start = self.below(bytes.len());
        let end = (start + 1 + self.below(64)).min(bytes.len());
        let part = bytes[start..end].to_vec();
        bytes.splice(end..end, part);
    }
}
