//! What holds for every bid, in both suites: any `k` seats open it alike, fewer learn nothing, and nothing can be changed.

mod common;

use common::{Network, PlainDealing, Script, context, judge, network, point, scalar, seat};
use group::ff::Field;
use proptest::prelude::*;
use sealing::bid::{DealingBytes, Draft, Sealed};
use sealing::element::Element;
use sealing::envelope::{SizeClass, pad};
use sealing::id::BidId;
use sealing::message::docs_root;
use sealing::opening::{ChunkContext, LiveList, OpeningShares, Quorum, Shares, open_with_dealer_secret};
use sealing::suite::{Ristretto255, Suite};

const PAYLOAD: &[u8] = b"price and lots";

fn seal<S: Suite>(network: &Network<S>, rng: &mut Script) -> Sealed<S> {
    let padded = pad(PAYLOAD, SizeClass::Kib1).unwrap();
    Draft::new(context(&network.committee), rng).finish(&padded, &docs_root::<S>(&[]), rng)
}

/// The verified shares of every seat for these bids.
fn open<S: Suite>(network: &Network<S>, bids: &[Sealed<S>], rng: &mut Script) -> Vec<Shares<S>> {
    let own = context(&network.committee);
    let live_root = LiveList::new(bids.iter().map(|bid| bid.bid)).root::<S>(&own.tender);
    let chunk = ChunkContext { committee: &network.committee, tender: own.tender, live_root, chunk: 0 };
    let dealers: Vec<Element<S>> = bids.iter().map(|bid| *bid.dealing.dealer()).collect();
    (1..=network.secrets.len())
        .map(|number| {
            let given = chunk.give(seat(number), &network.secrets[number - 1], &dealers, rng).unwrap();
            let given = OpeningShares::decode(&given.encode(), dealers.len()).unwrap();
            chunk.verify(seat(number), &dealers, given).unwrap()
        })
        .collect()
}

/// All subsets of `size` numbers below `n`.
fn subsets(n: usize, size: usize) -> Vec<Vec<usize>> {
    let all = (0u32..1 << n).filter(|mask| mask.count_ones() as usize == size);
    all.map(|mask| (0..n).filter(|i| mask & (1 << i) != 0).collect()).collect()
}

fn every_quorum_opens_alike<S: Suite>(n: usize, k: usize) {
    let network = network::<S>(n, k);
    let mut rng = Script::seeded(n as u64);
    let bids = [seal(&network, &mut rng), seal(&network, &mut rng)];
    let shares = open(&network, &bids, &mut rng);
    let own = context(&network.committee);
    for (index, bid) in bids.iter().enumerate() {
        let bytes = bid.dealing.encode();
        let dealing = DealingBytes::split(&bytes, n).unwrap();
        let accepted = judge(&own, &bytes, &bid.envelope, &docs_root::<S>(&[])).unwrap();
        assert_eq!(accepted.bid, bid.bid);
        let own_secret =
            open_with_dealer_secret(&network.committee, &dealing, &bid.dealer_secret.encode()).unwrap();
        let quorums = subsets(n, k);
        for seats in &quorums {
            let mut seats: Vec<&Shares<S>> = seats.iter().map(|i| &shares[*i]).collect();
            seats.reverse();
            let quorum = Quorum::new(&network.committee, seats).unwrap();
            let secret = quorum.secret(index, &dealing).unwrap();
            assert_eq!(secret, own_secret);
            assert_eq!(secret.open(&accepted.key_context, &bid.envelope).unwrap(), PAYLOAD);
        }
        assert!(
            Quorum::new(&network.committee, shares[..k].iter().collect())
                .unwrap()
                .secret(2, &dealing)
                .is_err()
        );
        // One seat fewer: what a polynomial of one degree less through their values gives is not the secret.
        for seats in subsets(n, k - 1) {
            let places: Vec<u8> = seats.iter().map(|i| *i as u8 + 1).collect();
            let point = interpolate::<S>(&places, |place| {
                let i = usize::from(place) - 1;
                point::<S>(&bid.dealing.shares()[i]) - point::<S>(&shares[i].shares()[index])
            });
            assert_ne!(S::encode_point(&point).as_ref(), own_secret.as_bytes());
        }
    }
}

/// Lagrange's formula at 0, once more and slowly.
fn interpolate<S: Suite>(places: &[u8], value: impl Fn(u8) -> S::Point) -> S::Point {
    let number = |place: u8| S::Scalar::from(u64::from(place));
    let term = |i: u8| {
        let others = places.iter().filter(|j| **j != i);
        let weight = others.fold(S::Scalar::ONE, |product, j| {
            product * number(*j) * (number(*j) - number(i)).invert().unwrap()
        });
        value(i) * weight
    };
    places.iter().map(|place| term(*place)).sum()
}

#[test]
fn every_quorum_opens_alike_in_suite_1() {
    for (n, k) in [(4, 3), (4, 2), (5, 3), (7, 4), (7, 3), (7, 5)] {
        every_quorum_opens_alike::<Ristretto255>(n, k);
    }
}

#[cfg(feature = "sm2")]
#[test]
fn every_quorum_opens_alike_in_suite_2() {
    for (n, k) in [(4, 3), (5, 3)] {
        every_quorum_opens_alike::<sealing::suite::Sm2>(n, k);
    }
}

/// A polynomial of degree `k` or above is refused; one of degree below `k - 1` is a right one.
fn wrong_degrees_are_refused<S: Suite>(n: usize, k: usize) {
    let network = network::<S>(n, k);
    let own = context(&network.committee);
    let root = docs_root::<S>(&[]);
    for terms in 1..=n + 1 {
        let coefficients: Vec<_> = (0..terms as u32).map(|j| scalar::<S>("coef", j)).collect();
        let skd = scalar::<S>("skd", terms as u32);
        let dealing = PlainDealing::deal(&own, skd, &coefficients, |_| (), b"x", &root, &[1; 32]);
        let judged = judge(&own, &dealing.encode(), &dealing.envelope, &root);
        assert_eq!(judged.is_ok(), terms <= k, "{terms} terms, {k} of {n}");
    }
}

#[test]
fn wrong_degrees_are_refused_in_both_suites() {
    for (n, k) in [(4, 3), (7, 4), (21, 11)] {
        wrong_degrees_are_refused::<Ristretto255>(n, k);
    }
    #[cfg(feature = "sm2")]
    wrong_degrees_are_refused::<sealing::suite::Sm2>(4, 3);
}

/// The two ways to a good dealing give the same bytes from the same coins.
fn the_plain_dealer_agrees<S: Suite>(n: usize, k: usize) {
    let network = network::<S>(n, k);
    let own = context(&network.committee);
    let root = docs_root::<S>(&[]);
    let mut rng = Script::seeded(8);
    let skd = S::random_scalar(&mut rng);
    let coefficients: Vec<_> = (0..k).map(|_| S::random_scalar(&mut rng)).collect();
    let mut fresh = [0; 32];
    rand_core::Rng::fill_bytes(&mut rng, &mut fresh);
    let plain = PlainDealing::deal(&own, skd, &coefficients, |_| (), b"text", &root, &fresh);
    let mut rng = Script::seeded(8);
    let sealed = Draft::new(own, &mut rng).finish(b"text", &root, &mut rng);
    assert_eq!(sealed.dealing.encode(), plain.encode());
    assert_eq!(sealed.envelope, plain.envelope);
}

#[test]
fn the_plain_dealer_agrees_in_both_suites() {
    the_plain_dealer_agrees::<Ristretto255>(7, 4);
    #[cfg(feature = "sm2")]
    the_plain_dealer_agrees::<sealing::suite::Sm2>(7, 4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any committee, any threshold, any coins, any quorum.
    #[test]
    fn sealed_bids_open(n in 4usize..=21, pick: u64, seed: u64) {
        let (least, most) = (sealing::committee::faults(n) + 1, n - sealing::committee::faults(n));
        let k = least + (pick as usize) % (most - least + 1);
        let network = network::<Ristretto255>(n, k);
        let mut rng = Script::seeded(seed);
        let bid = seal(&network, &mut rng);
        let bytes = bid.dealing.encode();
        let accepted = judge(&context(&network.committee), &bytes, &bid.envelope, &docs_root::<Ristretto255>(&[]));
        let accepted = accepted.unwrap();
        let bids = [bid];
        let mut shares = open(&network, &bids, &mut rng);
        shares.rotate_left((pick >> 32) as usize % n);
        let quorum = Quorum::new(&network.committee, shares[..k].iter().collect()).unwrap();
        let secret = quorum.secret(0, &DealingBytes::split(&bytes, n).unwrap()).unwrap();
        prop_assert_eq!(secret.open(&accepted.key_context, &bids[0].envelope).unwrap(), PAYLOAD);
    }

    /// No bit of a dealing, its envelope or its context can change; two shares cannot be swapped.
    #[test]
    fn nothing_can_be_changed(at: prop::sample::Index, bit in 0u8..8, seed: u64) {
        let network = network::<Ristretto255>(5, 3);
        let mut rng = Script::seeded(seed);
        let bid = seal(&network, &mut rng);
        let root = docs_root::<Ristretto255>(&[]);
        let (own, mut bytes, mut envelope) = (context(&network.committee), bid.dealing.encode(), bid.envelope);
        let place = at.index(bytes.len() + envelope.len());
        match bytes.get_mut(place) {
            Some(byte) => *byte ^= 1 << bit,
            None => envelope[place - bytes.len()] ^= 1 << bit,
        }
        prop_assert!(judge(&own, &bytes, &envelope, &root).is_err());
    }

    /// No bit of a seat's shares can change.
    #[test]
    fn no_share_can_be_changed(at: prop::sample::Index, bit in 0u8..8, seed: u64) {
        let network = network::<Ristretto255>(4, 3);
        let mut rng = Script::seeded(seed);
        let dealers: Vec<_> = (0..3).map(|_| *seal(&network, &mut rng).dealing.dealer()).collect();
        let own = context(&network.committee);
        let live_root = LiveList::new([BidId::from_bytes([1; 32])]).root::<Ristretto255>(&own.tender);
        let chunk = ChunkContext { committee: &network.committee, tender: own.tender, live_root, chunk: 0 };
        let mut bytes = chunk.give(seat(1), &network.secrets[0], &dealers, &mut rng).unwrap().encode();
        let place = at.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let judged = OpeningShares::decode(&bytes, 3).and_then(|given| chunk.verify(seat(1), &dealers, given));
        prop_assert!(judged.is_err());
    }
}
