//! The watchdog of catching up: whether this node is behind, and since when nothing has come.
//!
//! One peer that claims a height nobody has must not make a node look behind. What more than a third claim, one honest
//! node claims: the watchdog believes the height that at least f + 1 of the n = 3f + 1 members have reached.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ledger::id::Height;

use crate::network::PublicKey;

/// Being behind without a new block for this long is called stalled: peers usually answer within a second, and one that
/// keeps a question open is given up after ten.
pub const STALLED_AFTER: Duration = Duration::from_secs(15);

/// A node that is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The height that the network has reached at least.
    pub target: Height,
    /// How long no block has come, though some are missing.
    pub quiet: Duration,
}

impl Behind {
    /// Whether something is wrong.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.quiet >= STALLED_AFTER
    }
}

/// What peers have claimed.
#[derive(Debug, Default)]
pub struct Watch {
    claims: BTreeMap<PublicKey, Height>,
    /// The tip at which this node was first seen behind, and when.
    since: Option<(Height, Instant)>,
    turn: usize,
}

impl Watch {
    /// A member says that it has this height. What counts is what it said last.
    pub fn heard(&mut self, peer: PublicKey, height: Height) {
        self.claims.insert(peer, height);
    }

    /// Keeps the claims of members only.
    pub fn keep(&mut self, is_member: impl Fn(&PublicKey) -> bool) {
        self.claims.retain(|peer, _| is_member(peer));
    }

    /// Looks whether this node, with `tip`, is behind a network of `members`, itself included.
    pub fn look(&mut self, tip: Height, members: usize, now: Instant) -> Option<Behind> {
        let target = self.reached(members).filter(|target| *target > tip);
        let Some(target) = target else {
            self.since = None;
            return None;
        };
        let since = match self.since {
            Some((at, since)) if at == tip => since,
            _ => self.since.insert((tip, now)).1,
        };
        Some(Behind { target, quiet: now.saturating_duration_since(since) })
    }

    /// The next peer that claims to have more than `tip`; each in turn.
    pub fn next_above(&mut self, tip: Height) -> Option<PublicKey> {
        let above: Vec<_> =
            self.claims.iter().filter(|(_, height)| **height > tip).map(|(peer, _)| *peer).collect();
        self.turn = self.turn.wrapping_add(1);
        above.get(self.turn.checked_rem(above.len())?).copied()
    }

    /// The highest height that more than a third of the members claim.
    fn reached(&self, members: usize) -> Option<Height> {
        let faulty = members.saturating_sub(1) / 3;
        let mut heights: Vec<Height> = self.claims.values().copied().collect();
        heights.sort_unstable_by(|a, b| b.cmp(a));
        heights.get(faulty).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn peer(number: u8) -> PublicKey {
        [number; 32]
    }

    /// What four members' claims make a node at height 10 believe: (claims of the three others, target).
    #[test]
    fn one_liar_does_not_make_a_node_look_behind() {
        let cases: [(&[u64], Option<u64>); 6] = [
            (&[], None),
            (&[1_000_000], None),
            (&[1_000_000, 10, 9], None),
            (&[1_000_000, 11, 10], Some(11)),
            (&[12, 12, 12], Some(12)),
            (&[3, 2, 1], None),
        ];
        for (claims, target) in cases {
            let mut watch = Watch::default();
            for (number, height) in (0..).zip(claims) {
                watch.heard(peer(number), Height::new(*height));
            }
            let behind = watch.look(Height::new(10), 4, Instant::now());
            assert_eq!(behind.map(|behind| behind.target.get()), target, "{claims:?}");
        }
    }

    /// Steps: (seconds, own tip, what both honest peers claim, behind by this height, stalled).
    #[test]
    fn silence_is_measured_from_the_last_block() {
        let steps = [
            (0, 10, 10, None, false),
            (100, 10, 20, Some(20), false),
            (110, 10, 21, Some(21), false),
            (116, 10, 21, Some(21), true),
            (117, 11, 21, Some(21), false),
            (131, 11, 21, Some(21), false),
            (132, 11, 21, Some(21), true),
            (140, 21, 21, None, false),
            (200, 21, 22, Some(22), false),
        ];
        let (start, mut watch) = (Instant::now(), Watch::default());
        for (seconds, tip, claimed, target, stalled) in steps {
            watch.heard(peer(1), Height::new(claimed));
            watch.heard(peer(2), Height::new(claimed));
            let now = start + Duration::from_secs(seconds);
            let behind = watch.look(Height::new(tip), 4, now);
            assert_eq!(behind.map(|b| b.target.get()), target, "after {seconds} s");
            assert_eq!(behind.is_some_and(|b| b.is_stalled()), stalled, "after {seconds} s");
        }
    }

    #[test]
    fn whoever_has_more_is_asked_in_turn() {
        let mut watch = Watch::default();
        for (number, height) in [(1, 20), (2, 5), (3, 30), (4, 11)] {
            watch.heard(peer(number), Height::new(height));
        }
        let asked: std::collections::BTreeSet<_> =
            (0..3).filter_map(|_| watch.next_above(Height::new(10))).collect();
        assert_eq!(asked, [peer(1), peer(3), peer(4)].into());
        watch.keep(|member| *member == peer(3));
        assert_eq!(watch.next_above(Height::new(10)), Some(peer(3)));
        assert_eq!(watch.next_above(Height::new(30)), None);
    }
}
