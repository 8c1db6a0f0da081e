//! Signature validity is ZIP-215, alone and in any batch.

mod support;

use ledger::crypto::{Claim, PublicKey, Signature, SigningKey, verify, verify_batch};
use support::{Seeded, network::key};

/// Every encoding of a point of small order: eight canonical ones, then six that are not.
const SMALL_ORDER: [&str; 14] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

/// Order of the group, little-endian.
const L: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A key, a message and a signature, owned.
#[derive(Clone)]
struct Case {
    key: PublicKey,
    message: Vec<u8>,
    signature: Signature,
}

impl Case {
    fn honest(signer: &SigningKey, message: &[u8]) -> Self {
        Self { key: signer.public_key(), message: message.to_vec(), signature: signer.sign(message) }
    }

    fn alone(&self) -> bool {
        verify(&self.key, &self.message, &self.signature).is_ok()
    }
}

fn batch(cases: &[Case]) -> Vec<bool> {
    let claims: Vec<Claim<'_>> =
        cases.iter().map(|c| Claim { key: &c.key, message: &c.message, signature: &c.signature }).collect();
    verify_batch(&claims)
}

fn point(text: &str) -> [u8; 32] {
    ledger::hash::parse_hex(text).unwrap()
}

/// The 196 published cases of "It's 255:19AM. Do you know what your validation criteria are?": every
/// pair of encodings as A and R, s = 0, message "Zcash". All are valid under ZIP-215; implementations
/// of RFC 8032 disagree on most of them.
fn published() -> Vec<Case> {
    let mut cases = Vec::new();
    for a in SMALL_ORDER {
        for r in SMALL_ORDER {
            let mut signature = [0; 64];
            signature[..32].copy_from_slice(&point(r));
            let (key, signature) = (PublicKey::from_bytes(point(a)), Signature::from_bytes(signature));
            cases.push(Case { key, message: b"Zcash".to_vec(), signature });
        }
    }
    cases
}

/// A signature with `s + L` in the place of `s`: the same equation, another encoding.
fn with_s_plus_l(signature: &Signature) -> Signature {
    let mut bytes = *signature.as_bytes();
    let mut carry = 0;
    for (byte, add) in bytes[32..].iter_mut().zip(L) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    Signature::from_bytes(bytes)
}

#[test]
fn the_published_edge_cases_are_valid_alone_and_in_batches() {
    let cases = published();
    assert_eq!(cases.len(), 196);
    assert!(cases.iter().all(Case::alone));
    assert!(batch(&cases).into_iter().all(|good| good));
    for case in &cases {
        assert_eq!(batch(std::slice::from_ref(case)), [true]);
        assert!(!case.key.is_strong(), "and nobody is registered with such a key");
    }
    // Among honest and bad ones each keeps its own answer.
    let (honest, bad) = (Case::honest(&key("honest"), b"act"), wrong(&key("bad"), b"act"));
    for case in cases {
        let mixed = [honest.clone(), case.clone(), bad.clone(), case];
        assert_eq!(batch(&mixed), [true, true, false, true]);
    }
}

fn wrong(signer: &SigningKey, message: &[u8]) -> Case {
    Case { signature: signer.sign(b"something else"), ..Case::honest(signer, message) }
}

#[test]
fn a_scalar_has_one_encoding() {
    let honest = Case::honest(&key("a"), b"act");
    let stretched = Case { signature: with_s_plus_l(&honest.signature), ..honest.clone() };
    assert!(honest.alone() && !stretched.alone());
    assert_eq!(batch(&[honest.clone(), stretched.clone()]), [true, false]);
    assert_eq!(batch(&[stretched]), [false]);
    // s = L and s = 0 name the same scalar; only the second is an encoding.
    let zero = published().remove(0);
    let full = Case { signature: with_s_plus_l(&zero.signature), ..zero.clone() };
    assert_eq!((zero.alone(), full.alone()), (true, false));
    assert_eq!(batch(&[zero, full]), [true, false]);
}

#[test]
fn what_is_no_point_verifies_nothing() {
    let honest = Case::honest(&key("a"), b"act");
    // y = 2 is on no point of the curve.
    let mut no_point = [0; 32];
    no_point[0] = 2;
    let bad_key = Case { key: PublicKey::from_bytes(no_point), ..honest.clone() };
    let mut bytes = *honest.signature.as_bytes();
    bytes[..32].copy_from_slice(&no_point);
    let bad_r = Case { signature: Signature::from_bytes(bytes), ..honest.clone() };
    assert!(!bad_key.alone() && !bad_r.alone() && !bad_key.key.is_strong());
    assert_eq!(batch(&[bad_key, honest, bad_r]), [false, true, false]);
}

/// Wrong signatures whose errors cancel out in an equation without random coefficients.
#[test]
fn errors_do_not_cancel_out() {
    let (one, other) = (Case::honest(&key("a"), b"one"), Case::honest(&key("a"), b"other"));
    let shift = |case: &Case, up: bool| {
        let mut bytes = *case.signature.as_bytes();
        // s is below L, far from the ends of its first byte only by luck: carry is dropped on purpose.
        bytes[32] = if up { bytes[32].wrapping_add(1) } else { bytes[32].wrapping_sub(1) };
        Case { signature: Signature::from_bytes(bytes), ..case.clone() }
    };
    assert_eq!(batch(&[shift(&one, true), shift(&other, false)]), [false, false]);
    assert_eq!(batch(&[shift(&one, false), one, shift(&other, true)]), [false, true, false]);
}

/// Batches of many sizes, with few signers so that keys repeat, honest and bad in random places.
#[test]
fn a_batch_answers_as_each_alone() {
    let mut random = Seeded(215);
    let edge = published();
    let signers: Vec<SigningKey> = (0..5).map(|n| key(&format!("signer {n}"))).collect();
    for round in 0..60u64 {
        let size = random.below(40) as usize;
        let cases: Vec<Case> = (0..size)
            .map(|index| {
                let (signer, message) = (random.pick(&signers).clone(), [round as u8, index as u8]);
                match random.below(12) {
                    0 => wrong(&signer, &message),
                    1 => Case { key: key("other").public_key(), ..Case::honest(&signer, &message) },
                    2 => random.pick(&edge).clone(),
                    3 => {
                        let honest = Case::honest(&signer, &message);
                        Case { signature: with_s_plus_l(&honest.signature), ..honest }
                    }
                    _ => Case::honest(&signer, &message),
                }
            })
            .collect();
        let alone: Vec<bool> = cases.iter().map(Case::alone).collect();
        assert_eq!(batch(&cases), alone, "round {round}");
        assert_eq!(batch(&cases), alone, "the same answer twice");
    }
}

/// Terms of equal keys coalesce into one; that changes the price and no answer.
#[test]
fn one_signer_of_many_and_many_of_one() {
    let signer = key("one");
    for bad in [None, Some(0), Some(31), Some(63)] {
        let mut cases: Vec<Case> = (0..64u8).map(|n| Case::honest(&signer, &[n])).collect();
        let mut expected = vec![true; 64];
        if let Some(bad) = bad {
            cases[bad] = wrong(&signer, &[bad as u8]);
            expected[bad] = false;
        }
        assert_eq!(batch(&cases), expected, "one signer, bad {bad:?}");
        for (n, case) in cases.iter_mut().enumerate().filter(|(n, _)| Some(*n) != bad) {
            *case = Case::honest(&key(&format!("{n}")), &[n as u8]);
        }
        assert_eq!(batch(&cases), expected, "many signers, bad {bad:?}");
    }
}
