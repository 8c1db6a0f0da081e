//! Stamps from the request to the judgment, by two libraries.
#![cfg(feature = "stamps")]

mod common;

use std::sync::OnceLock;

use common::{CHAIN, Script};
use sealing::id::OneTimeKey;
use sealing::stamp::issue::{IssuerSecret, StampError, StampRequest};
use sealing::stamp::{InvalidStamp, IssuerKey, IssuerKeyId, LEN, Stamp};
use sealing::suite::Ristretto255;

type S = Ristretto255;

const KEY: IssuerKeyId = IssuerKeyId { issuer: 3, period: 226 };

fn issuer() -> &'static IssuerSecret {
    static ISSUER: OnceLock<IssuerSecret> = OnceLock::new();
    ISSUER.get_or_init(|| IssuerSecret::generate(&mut Script::seeded(1)).unwrap())
}

fn one_time(number: u8) -> OneTimeKey {
    OneTimeKey::from_bytes([number; 32])
}

fn stamp(number: u8) -> Stamp {
    let mut rng = Script::seeded(u64::from(number));
    let key = issuer().public().unwrap();
    let request = StampRequest::new::<S>(KEY, &key, CHAIN, &one_time(number), &mut rng).unwrap();
    let answer = issuer().sign(request.blinded(), &mut rng).unwrap();
    request.finish::<S>(&answer, CHAIN, &one_time(number)).unwrap()
}

#[test]
fn a_stamp_holds_for_its_key_and_chain_only() {
    let key = issuer().public().unwrap();
    let good = stamp(1);
    let encoded = good.encode();
    assert_eq!((encoded.len(), LEN), (420, 420));
    assert_eq!(encoded[..4], [0, 3, 0, 226]);
    assert_eq!(Stamp::decode(&encoded), Ok(good));
    good.verify::<S>(&key, CHAIN, &one_time(1)).unwrap();
    let refused = Err(InvalidStamp::Signature);
    assert_eq!(good.verify::<S>(&key, CHAIN, &one_time(2)), refused);
    assert_eq!(good.verify::<S>(&key, "chain-y", &one_time(1)), refused);
    let other = IssuerSecret::generate(&mut Script::seeded(2)).unwrap().public().unwrap();
    assert_eq!(good.verify::<S>(&other, CHAIN, &one_time(1)), refused);
    for at in [4, 35, 36, 419] {
        let mut bad = encoded.clone();
        bad[at] ^= 1;
        assert_eq!(Stamp::decode(&bad).unwrap().verify::<S>(&key, CHAIN, &one_time(1)), refused, "{at}");
    }
    for len in [0, 3, 35, 419, 421] {
        let mut bad = encoded.clone();
        bad.resize(len, 0);
        assert_eq!(Stamp::decode(&bad), Err(InvalidStamp::Length(len)));
    }
}

/// Two requests for one key look different, and so do two stamps: the issuer cannot recognise what it signed.
#[test]
fn requests_tell_nothing() {
    let key = issuer().public().unwrap();
    let ask = |seed| {
        StampRequest::new::<S>(KEY, &key, CHAIN, &one_time(1), &mut Script::seeded(seed))
            .unwrap()
            .blinded()
            .to_vec()
    };
    assert_ne!(ask(1), ask(2));
    assert_ne!(stamp(1).randomizer, stamp(2).randomizer);
}

#[test]
fn a_lying_issuer_is_noticed_by_the_bidder() {
    let key = issuer().public().unwrap();
    let mut rng = Script::seeded(5);
    let ask = |rng: &mut Script| StampRequest::new::<S>(KEY, &key, CHAIN, &one_time(1), rng).unwrap();
    let request = ask(&mut rng);
    let mut answer = issuer().sign(request.blinded(), &mut rng).unwrap();
    answer[100] ^= 1;
    assert_eq!(request.finish::<S>(&answer, CHAIN, &one_time(1)), Err(StampError::Answer));
    let other = IssuerSecret::generate(&mut Script::seeded(6)).unwrap();
    let request = ask(&mut rng);
    if let Ok(answer) = other.sign(request.blinded(), &mut rng) {
        assert_eq!(request.finish::<S>(&answer, CHAIN, &one_time(1)), Err(StampError::Answer));
    }
    for answer in [&[][..], &[0; 384], &[0xff; 384], &[1; 383]] {
        assert_eq!(ask(&mut rng).finish::<S>(answer, CHAIN, &one_time(1)), Err(StampError::Answer));
    }
    for blinded in [&[][..], &[0xff; 384], &[1; 385]] {
        assert_eq!(issuer().sign(blinded, &mut rng), Err(StampError::Request));
    }
}

#[test]
fn issuer_keys_are_kept_and_judged() {
    let der = issuer().to_der().unwrap();
    let back = IssuerSecret::from_der(&der).unwrap();
    assert_eq!(back.public(), issuer().public());
    assert!(IssuerSecret::from_der(&zeroize::Zeroizing::new(vec![1, 2, 3])).is_err());
    let modulus = *issuer().public().unwrap().modulus();
    assert_eq!(IssuerKey::from_modulus(&modulus), issuer().public().map_err(|_| InvalidStamp::Key));
    let (mut even, mut short) = (modulus, modulus);
    even[383] &= 0xfe;
    short[0] = 0x7f;
    for bad in [&modulus[1..], &even, &short, &[]] {
        assert_eq!(IssuerKey::from_modulus(bad), Err(InvalidStamp::Key));
    }
}
