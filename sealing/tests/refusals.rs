//! Everything that must be refused, check by check.

mod common;

use common::{
    CHAIN, EPOCH, Network, PlainDealing, Script, centre, context, judge, network, point, scalar, seat,
};
use sealing::bid::{BidContext, DealingBytes, Draft, Sealed};
use sealing::committee::{Committee, InvalidCommittee, Member};
use sealing::element::Element;
use sealing::envelope::{Malformed, SizeClass, pad, unpad};
use sealing::id::{BidId, OneTimeKey, TenderId};
use sealing::message::docs_root;
use sealing::opening::{
    CHUNK, ChunkContext, InvalidShares, LiveList, NotThisDealer, OpeningShares, Quorum, WrongQuorum,
    open_with_dealer_secret,
};
use sealing::seat::{Registration, SeatSecret};
use sealing::suite::{Digest, Ristretto255, Suite};
use zeroize::Zeroizing;

type S = Ristretto255;

fn sealed(network: &Network<S>, seed: u64) -> Sealed<S> {
    let padded = pad(b"a bid", SizeClass::Kib1).unwrap();
    let mut rng = Script::seeded(seed);
    Draft::new(context(&network.committee), &mut rng).finish(&padded, &docs_root::<S>(&[]), &mut rng)
}

/// The order, and the order more than a proof's number: both encode what has another encoding already.
fn not_canonical(canonical: &[u8]) -> [[u8; 32]; 2] {
    let order: [u8; 32] = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
        .unwrap()
        .try_into()
        .unwrap();
    let mut sum = [0u8; 32];
    let mut carry = 0u16;
    for (slot, (a, b)) in sum.iter_mut().zip(order.iter().zip(canonical)) {
        carry += u16::from(*a) + u16::from(*b);
        *slot = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    [order, sum]
}

#[test]
fn a_dealing_with_numbers_that_are_not_canonical() {
    let network = network::<S>(4, 3);
    let sealed = sealed(&network, 1);
    let good = sealed.dealing.encode();
    let numbers = good.len() - 64;
    for at in [numbers, numbers + 32] {
        for number in not_canonical(&good[at..at + 32]) {
            let mut bad = good.clone();
            bad[at..at + 32].copy_from_slice(&number);
            let refused = judge(&context(&network.committee), &bad, &sealed.envelope, &docs_root::<S>(&[]));
            assert_eq!(refused.unwrap_err(), "E8 the proof's challenge or response is not canonical");
        }
    }
}

#[test]
fn a_dealing_of_a_wrong_length_or_for_another_committee() {
    let (four, seven) = (network::<S>(4, 3), network::<S>(7, 4));
    let sealed = sealed(&four, 1);
    let good = sealed.dealing.encode();
    let root = docs_root::<S>(&[]);
    for len in [0, 1, 31, 95, 96, good.len() - 1, good.len() + 1] {
        let mut bad = good.clone();
        bad.resize(len, 0);
        let refused = judge(&context(&four.committee), &bad, &sealed.envelope, &root).unwrap_err();
        assert!(refused.starts_with("E1 "), "{refused}");
    }
    assert!(judge(&context(&seven.committee), &good, &sealed.envelope, &root).is_err());
    assert!(context(&seven.committee).verify(&sealed.dealing, &sealed.envelope, &root).is_err());
    // As many seats, one with another key; and the same seats in another epoch, chain and threshold.
    let mut members = four.committee.members().to_vec();
    members[3].key = *SeatSecret::generate(&mut Script::seeded(9)).public();
    let others = [
        Committee::new(CHAIN, EPOCH, 3, members),
        Committee::new(CHAIN, EPOCH + 1, 3, four.committee.members().to_vec()),
        Committee::new("chain-y", EPOCH, 3, four.committee.members().to_vec()),
        Committee::new(CHAIN, EPOCH, 2, four.committee.members().to_vec()),
    ];
    for other in others {
        let refused = judge(&context(&other.unwrap()), &good, &sealed.envelope, &root).unwrap_err();
        assert!(refused.starts_with("E9 "), "{refused}");
    }
}

#[test]
fn a_dealing_with_another_context_envelope_or_documents() {
    let network = network::<S>(7, 4);
    let sealed = sealed(&network, 1);
    let good = sealed.dealing.encode();
    let own = context(&network.committee);
    let root = docs_root::<S>(&[]);
    judge(&own, &good, &sealed.envelope, &root).unwrap();
    let mut longer = sealed.envelope.clone();
    longer.push(0);
    let other_root = S::hash(sealing::label::DOCS, &[&[1; 40]]);
    let wrong: [(BidContext<'_, S>, &[u8], &Digest); 6] = [
        (BidContext { tender: TenderId::from_bytes([9; 32]), ..own }, &sealed.envelope, &root),
        (BidContext { one_time_key: OneTimeKey::from_bytes([9; 32]), ..own }, &sealed.envelope, &root),
        (BidContext { sequence: 2, ..own }, &sealed.envelope, &root),
        (own, &longer, &root),
        (own, &[], &root),
        (own, &sealed.envelope, &other_root),
    ];
    for (context, envelope, root) in wrong {
        assert!(judge(&context, &good, envelope, root).unwrap_err().starts_with("E9 "));
    }
}

/// Two dealings with the same dealer's key decode and verify each by itself: the chain refuses the second by its key (E7),
/// because the opening of one would open the other for the same seats.
#[test]
fn a_dealers_key_that_occurs_twice_can_be_told() {
    let network = network::<S>(4, 3);
    let own = context(&network.committee);
    let deal = |coefficient: u32| {
        let coefficients: Vec<_> = (0..3).map(|j| scalar::<S>("coef", coefficient + j)).collect();
        let root = docs_root::<S>(&[]);
        let skd = scalar::<S>("skd", 0);
        let dealing = PlainDealing::deal(&own, skd, &coefficients, |_| (), b"x", &root, &[1; 32]);
        judge(&own, &dealing.encode(), &dealing.envelope, &root).unwrap();
        dealing.encode()
    };
    let (first, second) = (deal(0), deal(10));
    assert_ne!(first, second);
    let dealer = |bytes: &[u8]| DealingBytes::<S>::split(bytes, 4).unwrap().dealer().unwrap();
    assert_eq!(dealer(&first), dealer(&second));
}

#[test]
fn a_committee_that_is_none() {
    let network = network::<S>(21, 11);
    let members = |n: usize| network.committee.members()[..n].to_vec();
    let form = |k: usize, members: Vec<Member<S>>| Committee::new(CHAIN, EPOCH, k, members).map(|_| ());
    assert_eq!(form(3, members(3)), Err(InvalidCommittee::Seats(3)));
    assert_eq!(form(3, Vec::new()), Err(InvalidCommittee::Seats(0)));
    let refused = |threshold, least, most| Err(InvalidCommittee::Threshold { threshold, least, most });
    for (n, threshold, least, most) in
        [(4, 1, 2, 3), (4, 4, 2, 3), (7, 2, 3, 5), (7, 6, 3, 5), (21, 6, 7, 15), (21, 300, 7, 15)]
    {
        assert_eq!(form(threshold, members(n)), refused(threshold, least, most));
    }
    let mut twice = members(4);
    twice[1].centre = twice[0].centre;
    assert_eq!(form(3, twice), Err(InvalidCommittee::CentreTwice(centre(1))));
    let mut twice = members(4);
    twice[3].key = twice[0].key;
    assert_eq!(form(3, twice), Err(InvalidCommittee::KeyTwice(centre(4))));
    // The default threshold is always a right one; the order of the members makes no difference.
    for n in 4..=21 {
        form(sealing::committee::default_threshold(n), members(n)).unwrap();
    }
    let mut turned = members(7);
    turned.reverse();
    let (a, b) = (Committee::new(CHAIN, EPOCH, 4, turned), Committee::new(CHAIN, EPOCH, 4, members(7)));
    assert_eq!(a.unwrap().id(), b.unwrap().id());
}

#[test]
fn a_proof_of_possession_for_something_else() {
    let secret = SeatSecret::<S>::generate(&mut Script::seeded(1));
    let own = Registration { chain_id: CHAIN, epoch: EPOCH, centre: centre(1) };
    let proof = secret.prove_possession(&own, &mut Script::seeded(2));
    own.verify_possession(secret.public(), &proof).unwrap();
    let wrong = [
        Registration { chain_id: "chain-y", ..own },
        Registration { epoch: EPOCH + 1, ..own },
        Registration { centre: centre(2), ..own },
    ];
    for registration in wrong {
        assert!(registration.verify_possession(secret.public(), &proof).is_err());
    }
    let other = SeatSecret::<S>::generate(&mut Script::seeded(3));
    assert!(own.verify_possession(other.public(), &proof).is_err());
    // A key made from another's: its holder cannot prove it.
    let shifted = point::<S>(secret.public()) + S::mul_base(&5u64.into());
    let shifted = Element::decode(&S::encode_point(&shifted)).unwrap();
    assert!(own.verify_possession(&shifted, &proof).is_err());
    assert!(SeatSecret::<S>::decode(&Zeroizing::new([0; 32])).is_err());
    assert!(SeatSecret::<S>::decode(&Zeroizing::new([0xff; 32])).is_err());
}

struct Opening {
    network: Network<S>,
    dealers: Vec<Element<S>>,
    root: Digest,
}

impl Opening {
    fn new(bids: u32) -> Self {
        let dealer = |i| Element::decode(&S::encode_point(&S::mul_base(&scalar::<S>("dealer", i)))).unwrap();
        let ids = (0..bids).map(|i| BidId::from_bytes([i.to_le_bytes()[0]; 32]));
        let root = LiveList::new(ids).root::<S>(&TenderId::from_bytes([0x11; 32]));
        Self { network: network::<S>(4, 3), dealers: (0..bids).map(dealer).collect(), root }
    }

    fn chunk(&self) -> ChunkContext<'_, S> {
        let tender = TenderId::from_bytes([0x11; 32]);
        ChunkContext { committee: &self.network.committee, tender, live_root: self.root, chunk: 0 }
    }

    fn give(&self, number: usize) -> OpeningShares<S> {
        let secret = &self.network.secrets[number - 1];
        self.chunk().give(seat(number), secret, &self.dealers, &mut Script::seeded(4)).unwrap()
    }
}

#[test]
fn shares_for_another_list_chunk_tender_or_seat() {
    let opening = Opening::new(5);
    let own = opening.chunk();
    let given = opening.give(2);
    own.verify(seat(2), &opening.dealers, given.clone()).unwrap();
    let foreign = LiveList::new([BidId::from_bytes([7; 32])]).root::<S>(&own.tender);
    let seven = network::<S>(7, 4);
    let wrong = [
        ChunkContext { live_root: foreign, ..own },
        ChunkContext { chunk: 1, ..own },
        ChunkContext { tender: TenderId::from_bytes([9; 32]), ..own },
        ChunkContext { committee: &seven.committee, ..own },
    ];
    for context in wrong {
        let refused = context.verify(seat(2), &opening.dealers, given.clone()).unwrap_err();
        assert!(matches!(refused, InvalidShares::Proof(_)), "{refused}");
    }
    assert!(own.verify(seat(3), &opening.dealers, given.clone()).is_err());
    assert_eq!(own.verify(seat(5), &opening.dealers, given.clone()), Err(InvalidShares::Seat(5)));
    // The same bids in another order are another list.
    let mut turned = opening.dealers.clone();
    turned.reverse();
    assert!(own.verify(seat(2), &turned, given).is_err());
    let refused = own.give(seat(1), &opening.network.secrets[1], &opening.dealers, &mut Script::seeded(1));
    assert_eq!(refused, Err(InvalidShares::Key));
}

#[test]
fn one_wrong_share_among_many() {
    let opening = Opening::new(9);
    let good = opening.give(2).encode();
    for index in 0..9 {
        let mut bad = good.clone();
        let other = S::encode_point(&S::mul_base(&scalar::<S>("wrong", index as u32)));
        bad[32 * index..32 * index + 32].copy_from_slice(&other);
        let bad = OpeningShares::decode(&bad, 9).unwrap();
        assert!(opening.chunk().verify(seat(2), &opening.dealers, bad).is_err());
    }
    // Two errors that cancel out in the plain sum.
    let given = opening.give(2);
    let shift = S::mul_base(&scalar::<S>("wrong", 0));
    let moved = |i: usize, point: common_point| {
        S::encode_point(&match i {
            0 => point + shift,
            1 => point - shift,
            _ => point,
        })
    };
    let points = given.shares().iter().enumerate().flat_map(|(i, share)| moved(i, point::<S>(share)));
    let bad: Vec<u8> = points.chain(good[good.len() - 64..].iter().copied()).collect();
    let bad = OpeningShares::decode(&bad, 9).unwrap();
    assert!(opening.chunk().verify(seat(2), &opening.dealers, bad).is_err());
}

#[allow(non_camel_case_types)]
type common_point = <S as Suite>::Point;

#[test]
fn shares_that_do_not_decode() {
    let opening = Opening::new(3);
    let good = opening.give(1).encode();
    assert_eq!(OpeningShares::<S>::decode(&good, 3).unwrap().encode(), good);
    for (at, reason) in [(0, 0), (32, 1), (64, 2)] {
        for encoding in [[0; 32], [0xff; 32]] {
            let mut bad = good.clone();
            bad[at..at + 32].copy_from_slice(&encoding);
            let refused = OpeningShares::<S>::decode(&bad, 3).unwrap_err();
            assert!(matches!(refused, InvalidShares::Share { index, .. } if index == reason));
        }
    }
    for at in [96, 128] {
        for number in not_canonical(&good[at..at + 32]) {
            let mut bad = good.clone();
            bad[at..at + 32].copy_from_slice(&number);
            assert!(matches!(OpeningShares::<S>::decode(&bad, 3), Err(InvalidShares::Proof(_))));
        }
    }
    for (len, bids) in [(0, 3), (63, 3), (64, 0), (64, 1), (97, 1), (good.len(), 2), (good.len() - 1, 3)] {
        let mut bad = good.clone();
        bad.resize(len, 0);
        assert!(matches!(OpeningShares::<S>::decode(&bad, bids), Err(InvalidShares::Count { .. })), "{len}");
    }
}

#[test]
fn chunks_have_1_to_256_bids() {
    for (count, fits) in [(1, true), (256, true), (257, false)] {
        let opening = Opening::new(count);
        let secret = &opening.network.secrets[0];
        let given = opening.chunk().give(seat(1), secret, &opening.dealers, &mut Script::seeded(4));
        assert_eq!(given.is_ok(), fits, "{count}");
        let Ok(given) = given else { continue };
        let encoded = given.encode();
        assert_eq!(encoded.len(), OpeningShares::<S>::len_for(opening.dealers.len()));
        let given = OpeningShares::decode(&encoded, opening.dealers.len()).unwrap();
        opening.chunk().verify(seat(1), &opening.dealers, given).unwrap();
    }
    let none = Opening::new(0);
    let given = none.chunk().give(seat(1), &none.network.secrets[0], &[], &mut Script::seeded(4));
    assert_eq!(given, Err(InvalidShares::Count { expected: 0, found: 0 }));
}

#[test]
fn live_lists_fall_into_chunks() {
    let list = |n: u32| {
        LiveList::new((0..n).map(|i| {
            let mut bytes = [0; 32];
            bytes[..4].copy_from_slice(&i.to_le_bytes());
            BidId::from_bytes(bytes)
        }))
    };
    let tender = TenderId::from_bytes([1; 32]);
    let sizes =
        |n: u32| (0..4).map_while(|chunk| list(n).chunk(chunk).map(<[BidId]>::len)).collect::<Vec<_>>();
    let cases: [(u32, &[usize]); 5] =
        [(0, &[]), (1, &[1]), (256, &[256]), (257, &[256, 1]), (600, &[256, 256, 88])];
    for (n, expected) in cases {
        assert_eq!(sizes(n), expected);
        assert_eq!(list(n).chunks(), expected.len());
        assert!(list(n).chunk(u32::MAX).is_none());
    }
    assert_eq!(CHUNK, 256);
    let sorted = list(600);
    assert!(sorted.bids().windows(2).all(|pair| pair[0] < pair[1]));
    let mut turned = sorted.bids().to_vec();
    turned.reverse();
    turned.push(turned[0]);
    assert_eq!(LiveList::new(turned), sorted);
    // An empty list has a root of its own; each tender and each list another.
    let roots = [list(0).root::<S>(&tender), list(1).root::<S>(&tender), list(2).root::<S>(&tender)];
    assert!(roots[0] != roots[1] && roots[1] != roots[2]);
    assert_ne!(list(1).root::<S>(&TenderId::from_bytes([2; 32])), roots[1]);
}

#[test]
fn a_quorum_that_is_none() {
    let opening = Opening::new(2);
    let shares: Vec<_> = (1..=4)
        .map(|number| opening.chunk().verify(seat(number), &opening.dealers, opening.give(number)).unwrap())
        .collect();
    let committee = &opening.network.committee;
    let form = |seats: &[usize]| {
        Quorum::new(committee, seats.iter().map(|i| &shares[i - 1]).collect()).map(|_| ()).unwrap_err()
    };
    assert_eq!(form(&[1, 2]), WrongQuorum::Seats { expected: 3, found: 2 });
    assert_eq!(form(&[1, 2, 3, 4]), WrongQuorum::Seats { expected: 3, found: 4 });
    assert_eq!(form(&[]), WrongQuorum::Seats { expected: 3, found: 0 });
    assert_eq!(form(&[1, 2, 1]), WrongQuorum::Seat(1));
    let strange = sealing::opening::Shares::trusted(seat(9), shares[0].shares().to_vec());
    let refused = Quorum::new(committee, vec![&shares[0], &shares[1], &strange]).map(|_| ()).unwrap_err();
    assert_eq!(refused, WrongQuorum::Seat(9));
    let fewer = sealing::opening::Shares::trusted(seat(3), shares[2].shares()[..1].to_vec());
    let refused = Quorum::new(committee, vec![&shares[0], &shares[1], &fewer]).map(|_| ()).unwrap_err();
    assert_eq!(refused, WrongQuorum::Bids);
}

#[test]
fn a_dealers_secret_of_another_bid() {
    let network = network::<S>(4, 3);
    let (own, other) = (sealed(&network, 1), sealed(&network, 2));
    let bytes = own.dealing.encode();
    let dealing = DealingBytes::split(&bytes, 4).unwrap();
    let open = |secret: &Zeroizing<[u8; 32]>| open_with_dealer_secret(&network.committee, &dealing, secret);
    open(&own.dealer_secret.encode()).unwrap();
    for wrong in [other.dealer_secret.encode(), Zeroizing::new([0xff; 32]), Zeroizing::new([0; 32])] {
        assert_eq!(open(&wrong).map(|_| ()), Err(NotThisDealer::Secret));
    }
}

#[test]
fn envelopes_and_paddings() {
    for class in SizeClass::ALL {
        let most = class.padded_len() - 1;
        assert_eq!(SizeClass::from_kib(class.kib()), Some(class));
        for len in [0, 1, most] {
            let payload = vec![0x80; len];
            let padded = pad(&payload, class).unwrap();
            assert_eq!(padded.len(), class.padded_len());
            assert_eq!(unpad(&padded).unwrap(), payload);
        }
        assert_eq!(pad(&vec![0; most + 1], class).unwrap_err().most, most);
    }
    assert_eq!(SizeClass::from_kib(3), None);
    let bad: [&[u8]; 4] = [b"", &[0; 1024], b"text", &[0x80, 0, 1]];
    for padded in bad {
        assert_eq!(unpad(padded), Err(Malformed::Padding), "{padded:?}");
    }
    assert_eq!(unpad(&[0x80, 0x80, 0, 0]).unwrap(), [0x80]);

    // A right dealing around garbage: it is accepted, and malformed for everybody at the opening.
    let network = network::<S>(4, 3);
    let own = context(&network.committee);
    let root = docs_root::<S>(&[]);
    for (plaintext, reason) in [(vec![0; 1024], Malformed::Padding), (Vec::new(), Malformed::Padding)] {
        let mut rng = Script::seeded(5);
        let sealed = Draft::new(own, &mut rng).finish(&plaintext, &root, &mut rng);
        let bytes = sealed.dealing.encode();
        let accepted = judge(&own, &bytes, &sealed.envelope, &root).unwrap();
        let dealing = DealingBytes::split(&bytes, 4).unwrap();
        let secret =
            open_with_dealer_secret(&network.committee, &dealing, &sealed.dealer_secret.encode()).unwrap();
        assert_eq!(secret.open(&accepted.key_context, &sealed.envelope), Err(reason));
        assert_eq!(secret.open(&accepted.key_context, b"short"), Err(Malformed::Envelope));
    }
}
