//! The test vectors: made here from names, and compared byte for byte with the file that other languages test against.
//!
//! `UPDATE=1` writes the file. It changes when the specification does, and then every implementation changes with it.

mod common;

use common::{CHAIN, EPOCH, PlainDealing, Script, centre, context, judge, network, scalar, seat, wide};
use sealing::bid::{DealingBytes, Draft};
use sealing::element::Element;
use sealing::id::OneTimeKey;
use sealing::opening::{ChunkContext, LiveList, OpeningShares, Quorum};
use sealing::seat::Registration;
use sealing::suite::{Digest, Ristretto255, Suite};
use serde::{Deserialize, Serialize};

type S = Ristretto255;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/vectors.json");
const PAYLOAD: &[u8] = b"price=123456.78 CUR";

/// Members in the order of their names, as they are written.
#[derive(Debug, Serialize, Deserialize, PartialEq)]
#[allow(non_snake_case)]
struct Vector {
    S: String,
    bid_id: String,
    c: Vec<String>,
    chain_id: String,
    coeffs: Vec<String>,
    committee_id: String,
    e: Vec<String>,
    env: String,
    epoch: u64,
    k: usize,
    live_root: String,
    n: usize,
    negative: Vec<Negative>,
    open_D: String,
    open_ctx: String,
    open_pi: String,
    open_seat: u8,
    pi: String,
    pk_d: String,
    seat1_pop: String,
    sk_d: String,
}

#[derive(Debug, Serialize, Deserialize, PartialEq)]
struct Negative {
    c: Vec<String>,
    env: String,
    pi: String,
    pk_d: String,
    pk_ot: String,
    reason: String,
}

fn docs_root() -> Digest {
    Digest::from_slice(&[0x33; 32]).unwrap()
}

fn strings<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    parts.into_iter().map(hex::encode).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// Dealer's key, shares and proof of a dealing's bytes.
fn negative(dealing: &[u8], envelope: &[u8], pk_ot: [u8; 32], reason: &str) -> Negative {
    let (points, proof) = dealing.split_at(dealing.len() - 64);
    Negative {
        c: strings(points[32..].chunks(32)),
        env: hex::encode(envelope),
        pi: hex::encode(proof),
        pk_d: hex::encode(&points[..32]),
        pk_ot: hex::encode(pk_ot),
        reason: reason.to_owned(),
    }
}

/// Wrong dealings: of a wrong polynomial, of another bidder, damaged.
fn negatives(n: usize, k: usize, good: &[u8], envelope: &[u8]) -> Vec<Negative> {
    let (own, other) = ([0x22; 32], [0x23; 32]);
    let network = network::<S>(n, k);
    let context = context(&network.committee);
    let mut coefficients: Vec<_> = (0..k as u32).map(|j| scalar::<S>("coef", j)).collect();
    let deal = |coefficients: &[_], tamper: &dyn Fn(&mut Vec<_>)| {
        let skd = scalar::<S>("skd", 0);
        PlainDealing::deal(&context, skd, coefficients, tamper, b"x", &docs_root(), &[0x44; 32])
    };
    let inconsistent = deal(&coefficients, &|shares| shares[1] += S::mul_base(&1u64.into()));
    coefficients.push(scalar::<S>("coef-extra", 0));
    let degree = deal(&coefficients, &|_| ());

    let r = scalar::<S>("rerand", 0);
    let keys = network.committee.members().iter().map(|member| common::point::<S>(&member.key) * r);
    let shift = std::iter::once(S::mul_base(&r)).chain(keys);
    let moved = good.chunks(32).zip(shift).flat_map(|(point, shift)| {
        S::encode_point(&(common::point::<S>(&Element::decode(point).unwrap()) + shift))
    });
    let moved: Vec<u8> = moved.chain(good[good.len() - 64..].iter().copied()).collect();

    let with = |at: usize, part: &[u8]| [&good[..at], part, &good[at + part.len()..]].concat();
    let mut flipped = envelope.to_vec();
    flipped[0] ^= 1;
    let short = [&good[..32 * n], &good[32 * n + 32..]].concat();
    let swapped = [&good[..32], &good[64..96], &good[32..64], &good[96..]].concat();
    vec![
        negative(&degree.encode(), &degree.envelope, own, "polynomial degree k"),
        negative(&inconsistent.encode(), &inconsistent.envelope, own, "one inconsistent share"),
        negative(good, envelope, other, "copied under another one-time key"),
        negative(&moved, envelope, other, "re-randomised copy"),
        negative(good, &flipped, own, "envelope bit flipped"),
        negative(&with(0, &[0; 32]), envelope, own, "identity pk_d"),
        negative(&with(32, &[0xff; 32]), envelope, own, "non-canonical point"),
        negative(&short, envelope, own, "n-1 shares"),
        negative(&swapped, envelope, own, "shares swapped"),
    ]
}

fn vector(n: usize, k: usize) -> Vector {
    let network = network::<S>(n, k);
    let committee = &network.committee;
    let context = context(committee);

    // Exactly the coins that are drawn: the dealer's secret, the polynomial, and the proof's fresh bytes.
    let coins: Vec<Digest> =
        std::iter::once(wide::<S>("skd", 0)).chain((0..k as u32).map(|j| wide::<S>("coef", j))).collect();
    let coins: Vec<&[u8]> = coins.iter().map(Digest::as_bytes).collect();
    let draft = Draft::new(context, &mut Script::of(&coins));
    let sealed = draft.finish(PAYLOAD, &docs_root(), &mut Script::of(&[&[0x44; 32]]));
    let dealing = sealed.dealing.encode();
    let accepted = judge(&context, &dealing, &sealed.envelope, &docs_root()).unwrap();
    assert_eq!(accepted.bid, sealed.bid);

    let registration = Registration { chain_id: CHAIN, epoch: EPOCH, centre: centre(1) };
    let pop = network.secrets[0].prove_possession(&registration, &mut Script::of(&[&[0x66; 32]]));

    let live_root = LiveList::new([sealed.bid]).root::<S>(&context.tender);
    let chunk = ChunkContext { committee, tender: context.tender, live_root, chunk: 0 };
    let dealers = [*sealed.dealing.dealer()];
    let opened = chunk.give(seat(2), &network.secrets[1], &dealers, &mut Script::of(&[&[0x55; 32]]));
    let opened = opened.unwrap().encode();

    let secret = sealing::opening::open_with_dealer_secret(
        committee,
        &DealingBytes::split(&dealing, n).unwrap(),
        &sealed.dealer_secret.encode(),
    );
    Vector {
        S: hex::encode(secret.unwrap().as_bytes()),
        bid_id: sealed.bid.to_string(),
        c: strings(sealed.dealing.shares().iter().map(Element::as_bytes)),
        chain_id: CHAIN.to_owned(),
        coeffs: (0..k as u32).map(|j| hex::encode(S::encode_scalar(&scalar::<S>("coef", j)))).collect(),
        committee_id: hex::encode(committee.id().as_bytes()),
        e: strings(committee.members().iter().map(|member| member.key.as_bytes())),
        env: hex::encode(&sealed.envelope),
        epoch: EPOCH,
        k,
        live_root: hex::encode(live_root.as_bytes()),
        n,
        negative: negatives(n, k, &dealing, &sealed.envelope),
        open_D: hex::encode(&opened[..32]),
        open_ctx: hex::encode(chunk.hash().as_bytes()),
        open_pi: hex::encode(&opened[32..]),
        open_seat: 2,
        pi: hex::encode(&dealing[dealing.len() - 64..]),
        pk_d: hex::encode(sealed.dealing.dealer().as_bytes()),
        seat1_pop: hex::encode(pop.encode()),
        sk_d: hex::encode(*sealed.dealer_secret.encode()),
    }
}

fn made() -> Vec<Vector> {
    [(4, 3), (7, 4), (21, 11)].map(|(n, k)| vector(n, k)).into()
}

#[test]
fn the_vectors_are_what_this_code_makes() {
    let text = serde_json::to_string_pretty(&made()).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(FILE, &text).unwrap();
    }
    let held = std::fs::read_to_string(FILE).unwrap();
    assert!(held == text, "tests/data/vectors.json is not what the code makes; see UPDATE=1");
}

/// From the file alone, as another implementation reads it: everything verifies, opens, and the wrong is refused.
#[test]
fn the_vectors_hold() {
    let held = std::fs::read_to_string(FILE).unwrap();
    let vectors: Vec<Vector> = serde_json::from_str(&held).unwrap();
    for vector in vectors {
        let network = network::<S>(vector.n, vector.k);
        let context = context(&network.committee);
        assert_eq!(hex::encode(network.committee.id().as_bytes()), vector.committee_id);
        let dealing = [bytes(&vector.pk_d), bytes(&vector.c.concat()), bytes(&vector.pi)].concat();
        let accepted = judge(&context, &dealing, &bytes(&vector.env), &docs_root()).unwrap();
        assert_eq!(accepted.bid.to_string(), vector.bid_id);

        let registration = Registration { chain_id: CHAIN, epoch: EPOCH, centre: centre(1) };
        let pop = sealing::Proof::decode(&bytes(&vector.seat1_pop)).unwrap();
        registration.verify_possession(&network.committee.members()[0].key, &pop).unwrap();

        let live_root = Digest::from_slice(&bytes(&vector.live_root)).unwrap();
        let chunk =
            ChunkContext { committee: &network.committee, tender: context.tender, live_root, chunk: 0 };
        let dealers = [Element::decode(&bytes(&vector.pk_d)).unwrap()];
        let given = [bytes(&vector.open_D), bytes(&vector.open_pi)].concat();
        let given = OpeningShares::decode(&given, 1).unwrap();
        let verified = chunk.verify(seat(usize::from(vector.open_seat)), &dealers, given).unwrap();

        let rest = (1..=vector.n).filter(|number| *number != 2).take(vector.k - 1);
        let mut shares: Vec<_> = rest
            .map(|number| {
                let secret = &network.secrets[number - 1];
                let given = chunk.give(seat(number), secret, &dealers, &mut Script::seeded(1)).unwrap();
                chunk.verify(seat(number), &dealers, given).unwrap()
            })
            .collect();
        shares.push(verified);
        let quorum = Quorum::new(&network.committee, shares.iter().collect()).unwrap();
        let secret = quorum.secret(0, &DealingBytes::split(&dealing, vector.n).unwrap()).unwrap();
        assert_eq!(hex::encode(secret.as_bytes()), vector.S);
        let payload = secret.decrypt(&accepted.key_context, &bytes(&vector.env)).unwrap();
        assert_eq!(payload, PAYLOAD);

        for negative in &vector.negative {
            let mut context = context;
            context.one_time_key = OneTimeKey::from_bytes(bytes(&negative.pk_ot).try_into().unwrap());
            let dealing = [bytes(&negative.pk_d), bytes(&negative.c.concat()), bytes(&negative.pi)].concat();
            let refused = judge(&context, &dealing, &bytes(&negative.env), &docs_root()).unwrap_err();
            let check = match negative.reason.as_str() {
                "n-1 shares" => "E1",
                "identity pk_d" | "non-canonical point" => "E8",
                _ => "E9",
            };
            assert!(refused.starts_with(check), "{}: {refused}", negative.reason);
        }
    }
}
