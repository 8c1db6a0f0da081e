//! Suite 0x02: sm2p256v1, SM3, HKDF-SM3, SM4-GCM (GB/T 32918, 32905, 32907).
//!
//! Points have 33 bytes (SEC1, compressed), scalars are big-endian, as the curve's standard writes them. A hash becomes a
//! scalar by `expand_message_xmd` (RFC 9380, section 5.3.1) to 48 bytes, with the label as its domain.

use core::num::NonZeroU16;

use aes_gcm::AesGcm;
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{AeadInOut, KeyInit};
use group::GroupEncoding;
use group::ff::PrimeField;
use hash2curve::{ExpandMsg, ExpandMsgXmd, Expander};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sm2::elliptic_curve::consts::U16;
use sm2::{ProjectivePoint, Scalar};
use sm3::Sm3;
use sm3::digest::Digest as _;
use sm4::Sm4;
use zeroize::Zeroizing;

use super::{AeadKey, Digest, Nonce, SCALAR_LEN, Suite};
use crate::label::Label;

/// Suite 0x02: the national algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sm2;

impl Suite for Sm2 {
    const ID: u8 = 0x02;
    const POINT_LEN: usize = 33;

    type Scalar = Scalar;
    type Point = ProjectivePoint;
    type PointBytes = [u8; 33];
    type Fixed = Vec<ProjectivePoint>;

    fn hash(label: Label, fields: &[&[u8]]) -> Digest {
        let mut hasher = Sm3::new();
        hasher.update([label.len()]);
        hasher.update(label.as_bytes());
        for field in fields {
            hasher.update(super::length(field));
            hasher.update(field);
        }
        Digest::half(hasher.finalize().into())
    }

    fn hash_to_scalar(label: Label, fields: &[&[u8]]) -> Scalar {
        let mut message = Zeroizing::new(Vec::new());
        for field in fields {
            message.extend_from_slice(&super::length(field));
            message.extend_from_slice(field);
        }
        reduce(&expand(label.as_bytes(), &message))
    }

    fn random_scalar(rng: &mut impl CryptoRng) -> Scalar {
        let mut wide = Zeroizing::new([0; 48]);
        loop {
            rng.fill_bytes(wide.as_mut());
            let scalar = reduce(&wide);
            if !bool::from(scalar.is_zero()) {
                return scalar;
            }
        }
    }

    fn encode_scalar(scalar: &Scalar) -> [u8; SCALAR_LEN] {
        scalar.to_repr().into()
    }

    fn decode_scalar(bytes: &[u8; SCALAR_LEN]) -> Option<Scalar> {
        Scalar::from_repr((*bytes).into()).into()
    }

    fn encode_point(point: &ProjectivePoint) -> [u8; 33] {
        point.to_bytes().into()
    }

    fn decode_point(bytes: &[u8; 33]) -> Option<ProjectivePoint> {
        // What decodes and encodes otherwise is no canonical encoding.
        let point: Option<ProjectivePoint> = ProjectivePoint::from_bytes(&(*bytes).into()).into();
        point.filter(|point| {
            !bool::from(group::Group::is_identity(point)) && Self::encode_point(point) == *bytes
        })
    }

    fn mul_base(scalar: &Scalar) -> ProjectivePoint {
        <ProjectivePoint as group::Group>::mul_by_generator(scalar)
    }

    fn combine(scalars: &[Scalar], points: &[ProjectivePoint]) -> ProjectivePoint {
        scalars.iter().zip(points).map(|(scalar, point)| *point * scalar).sum()
    }

    fn combine_base(a: &Scalar, b: &Scalar, point: &ProjectivePoint) -> ProjectivePoint {
        Self::mul_base(a) + *point * b
    }

    fn fix(points: &[ProjectivePoint]) -> Vec<ProjectivePoint> {
        points.to_vec()
    }

    fn combine_fixed(scalars: &[Scalar], points: &Vec<ProjectivePoint>) -> ProjectivePoint {
        Self::combine(scalars, points)
    }

    fn derive(salt: &[u8], secret: &[u8], info: &[u8]) -> AeadKey {
        let mut key = Zeroizing::new([0; 32]);
        // 32 bytes are far below what HKDF can give, so this cannot fail.
        let expanded = Hkdf::<Sm3>::new(Some(salt), secret).expand(info, key.as_mut());
        debug_assert!(expanded.is_ok());
        key
    }

    fn encrypt(key: &AeadKey, nonce: &Nonce, aad: &[u8], buffer: &mut Vec<u8>) {
        // Only a text of 64 GiB could be refused.
        let encrypted = cipher(key).encrypt_in_place(&(*nonce).into(), aad, buffer);
        debug_assert!(encrypted.is_ok());
    }

    fn decrypt(key: &AeadKey, nonce: &Nonce, aad: &[u8], buffer: &mut Vec<u8>) -> bool {
        let opened = cipher(key).decrypt_in_place(&(*nonce).into(), aad, buffer).is_ok();
        if !opened {
            buffer.clear();
        }
        opened
    }
}

/// 48 bytes of `expand_message_xmd` with SM3.
fn expand(domain: &[u8], message: &[u8]) -> Zeroizing<[u8; 48]> {
    let mut wide = Zeroizing::new([0; 48]);
    let expanded = fill::<ExpandMsgXmd<Sm3>>(domain, message, wide.as_mut());
    // A label has 1 to 255 bytes, and 48 bytes can be had, so this cannot fail.
    debug_assert!(expanded.is_some());
    wide
}

/// Fills `wide` with the expanded message.
fn fill<X: ExpandMsg<U16>>(domain: &[u8], message: &[u8], wide: &mut [u8]) -> Option<()> {
    let len = NonZeroU16::new(u16::try_from(wide.len()).ok()?)?;
    let domain = [domain];
    let mut expander = X::expand_message(&[message], &domain, len).ok()?;
    expander.fill_bytes(wide).ok().map(|_| ())
}

/// The big-endian integer of 48 bytes modulo the order: eight bytes at a time, in the field.
fn reduce(wide: &[u8; 48]) -> Scalar {
    let shift = Scalar::from(1u64 << 32).square();
    wide.chunks_exact(8).fold(Scalar::ZERO, |sum, part| {
        let part = part.try_into().map_or(0, u64::from_be_bytes);
        sum * shift + Scalar::from(part)
    })
}

/// Takes the first half of the key.
fn cipher(key: &AeadKey) -> AesGcm<Sm4, U12> {
    let (half, _) = key.split_at(16);
    let half: [u8; 16] = half.try_into().unwrap_or([0; 16]);
    AesGcm::new(&half.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        hex::decode(text).unwrap()
    }

    /// RFC 9380, appendix K.1: the same calls with the hash that has vectors.
    #[test]
    fn messages_expand_as_in_rfc_9380() {
        const DOMAIN: &[u8] = b"QUUX-V01-CS02-with-expander-SHA256-128";
        let cases = [
            (&b""[..], "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"),
            (b"abc", "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"),
            (b"abcdef0123456789", "eff31487c770a893cfb36f912fbfcbff40d5661771ca4b2cb4eafe524333f5c1"),
        ];
        for (message, expected) in cases {
            let mut wide = [0; 32];
            fill::<ExpandMsgXmd<sha2::Sha256>>(DOMAIN, message, &mut wide).unwrap();
            assert_eq!(wide.to_vec(), hex(expected));
        }
    }

    /// GB/T 32905, the first example.
    #[test]
    fn sm3_is_the_standards() {
        let expected = hex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
        assert_eq!(Sm3::digest(b"abc").to_vec(), expected);
    }

    /// RFC 8998, appendix A.1.
    #[test]
    fn sm4_gcm_is_that_of_rfc_8998() {
        let mut key = Zeroizing::new([0; 32]);
        key[..16].copy_from_slice(&hex("0123456789abcdeffedcba9876543210"));
        let nonce = hex("00001234567800000000abcd").try_into().unwrap();
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let plaintext = hex(concat!(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd",
            "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
        ));
        let mut buffer = plaintext.clone();
        Sm2::encrypt(&key, &nonce, &aad, &mut buffer);
        let expected = hex(concat!(
            "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735",
            "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d",
            "83de3541e4c2b58177e065a9bf7b62ec"
        ));
        assert_eq!(buffer, expected);
        assert!(Sm2::decrypt(&key, &nonce, &aad, &mut buffer));
        assert_eq!(buffer, plaintext);
    }

    /// The generator of GB/T 32918.5, and the reduction of a wide integer.
    #[test]
    fn the_curve_is_the_standards() {
        let expected = hex("0232c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7");
        assert_eq!(Sm2::encode_point(&Sm2::mul_base(&Scalar::ONE)).to_vec(), expected);
        let mut wide = [0; 48];
        wide[16..].copy_from_slice(&hex("fffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123"));
        assert_eq!(reduce(&wide), Scalar::ZERO);
        wide[47] += 5;
        assert_eq!(reduce(&wide), Scalar::from(5u64));
        let two_to_256 = (0..256).fold(Scalar::ONE, |power, _| power + power);
        let mut wide = [0; 48];
        wide[15] = 1;
        assert_eq!(reduce(&wide), two_to_256);
    }
}
