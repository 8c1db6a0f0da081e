//! Suite 0x01: ristretto255, SHA-512, HKDF-SHA-512, ChaCha20-Poly1305.

use chacha20poly1305::aead::{AeadInOut, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key};
use curve25519_dalek::ristretto::{CompressedRistretto, RistrettoPoint, VartimeRistrettoPrecomputation};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::{IsIdentity, VartimeMultiscalarMul, VartimePrecomputedMultiscalarMul};
use hkdf::Hkdf;
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha512};
use std::sync::Arc;
use zeroize::Zeroizing;

use super::{AeadKey, Digest, Nonce, SCALAR_LEN, Suite};
use crate::label::Label;

/// Suite 0x01: the group of RFC 9496.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ristretto255;

impl Suite for Ristretto255 {
    const ID: u8 = 0x01;
    const POINT_LEN: usize = 32;

    type Scalar = Scalar;
    type Point = RistrettoPoint;
    type PointBytes = [u8; 32];
    type Fixed = Arc<VartimeRistrettoPrecomputation>;

    fn hash(label: Label, fields: &[&[u8]]) -> Digest {
        Digest::full(framed(label, fields))
    }

    fn hash_to_scalar(label: Label, fields: &[&[u8]]) -> Scalar {
        // The nonce of a proof comes this way, so the hash is a secret.
        Scalar::from_bytes_mod_order_wide(&Zeroizing::new(framed(label, fields)))
    }

    fn random_scalar(rng: &mut impl CryptoRng) -> Scalar {
        let mut wide = Zeroizing::new([0; 64]);
        loop {
            rng.fill_bytes(wide.as_mut());
            let scalar = Scalar::from_bytes_mod_order_wide(&wide);
            if scalar != Scalar::ZERO {
                return scalar;
            }
        }
    }

    fn encode_scalar(scalar: &Scalar) -> [u8; SCALAR_LEN] {
        scalar.to_bytes()
    }

    fn decode_scalar(bytes: &[u8; SCALAR_LEN]) -> Option<Scalar> {
        Scalar::from_canonical_bytes(*bytes).into()
    }

    fn encode_point(point: &RistrettoPoint) -> [u8; 32] {
        point.compress().to_bytes()
    }

    fn decode_point(bytes: &[u8; 32]) -> Option<RistrettoPoint> {
        CompressedRistretto(*bytes).decompress().filter(|point| !point.is_identity())
    }

    fn mul_base(scalar: &Scalar) -> RistrettoPoint {
        RistrettoPoint::mul_base(scalar)
    }

    fn combine(scalars: &[Scalar], points: &[RistrettoPoint]) -> RistrettoPoint {
        RistrettoPoint::vartime_multiscalar_mul(scalars, points)
    }

    fn combine_base(a: &Scalar, b: &Scalar, point: &RistrettoPoint) -> RistrettoPoint {
        RistrettoPoint::vartime_double_scalar_mul_basepoint(b, point, a)
    }

    fn fix(points: &[RistrettoPoint]) -> Self::Fixed {
        Arc::new(VartimeRistrettoPrecomputation::new(points))
    }

    fn combine_fixed(scalars: &[Scalar], points: &Self::Fixed) -> RistrettoPoint {
        points.vartime_multiscalar_mul(scalars)
    }

    fn derive(salt: &[u8], secret: &[u8], info: &[u8]) -> AeadKey {
        let mut key = Zeroizing::new([0; 32]);
        // 32 bytes are far below what HKDF can give, so this cannot fail.
        let expanded = Hkdf::<Sha512>::new(Some(salt), secret).expand(info, key.as_mut());
        debug_assert!(expanded.is_ok());
        key
    }

    fn encrypt(key: &AeadKey, nonce: &Nonce, aad: &[u8], buffer: &mut Vec<u8>) {
        // Only a text of 256 GiB could be refused.
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

/// TH of section 0 of the specification.
fn framed(label: Label, fields: &[&[u8]]) -> [u8; 64] {
    let mut hasher = Sha512::new();
    hasher.update([label.len()]);
    hasher.update(label.as_bytes());
    for field in fields {
        hasher.update(super::length(field));
        hasher.update(field);
    }
    hasher.finalize().into()
}

fn cipher(key: &AeadKey) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(**key))
}
