//! Proofs that two points have the same logarithm, alone and for whole lists.
//!
//! `log_G(B) = log_M(Z)`, made non-interactive by a hash over everything that `B`, `M` and `Z` are computed from.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::element::{Element, concat};
use crate::id::write_hex;
use crate::label::{self, ProofLabels};
use crate::suite::{Ristretto255, SCALAR_LEN, Suite};

/// A proof: challenge and response, both below the group's order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Proof<S: Suite = Ristretto255> {
    challenge: S::Scalar,
    response: S::Scalar,
}

/// A proof that does not verify, or whose numbers are not below the group's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProof {
    /// Not two scalars of 32 bytes.
    #[error("a proof has 64 bytes, not {0}")]
    Length(usize),
    /// A number that is not below the order: it would give one proof two encodings.
    #[error("the proof's challenge or response is not canonical")]
    NotCanonical,
    /// The statement is wrong or made for another context.
    #[error("the proof does not hold for this statement and context")]
    Wrong,
}

impl<S: Suite> Proof<S> {
    /// Bytes of a proof.
    pub const LEN: usize = 2 * SCALAR_LEN;

    /// Reads challenge and response.
    ///
    /// # Errors
    /// [`InvalidProof::Length`] and [`InvalidProof::NotCanonical`].
    pub fn decode(bytes: &[u8]) -> Result<Self, InvalidProof> {
        let halves: &[u8; 64] = bytes.try_into().map_err(|_| InvalidProof::Length(bytes.len()))?;
        let (challenge, response) = halves.split_at(SCALAR_LEN);
        let scalar = |half: &[u8]| {
            half.try_into().ok().and_then(|half| S::decode_scalar(half)).ok_or(InvalidProof::NotCanonical)
        };
        Ok(Self { challenge: scalar(challenge)?, response: scalar(response)? })
    }

    /// Challenge and response, 64 bytes.
    pub fn encode(&self) -> [u8; 64] {
        let mut bytes = [0; 64];
        let (challenge, response) = bytes.split_at_mut(SCALAR_LEN);
        challenge.copy_from_slice(&S::encode_scalar(&self.challenge));
        response.copy_from_slice(&S::encode_scalar(&self.response));
        bytes
    }

    pub(crate) const fn new(challenge: S::Scalar, response: S::Scalar) -> Self {
        Self { challenge, response }
    }

    pub(crate) const fn challenge(&self) -> &S::Scalar {
        &self.challenge
    }

    pub(crate) const fn response(&self) -> &S::Scalar {
        &self.response
    }
}

impl<S: Suite> fmt::Debug for Proof<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.encode())
    }
}

/// What is proved: `log_G(key) = log_base(product)`.
///
/// Base and product stand here with their encodings, and may be the identity.
pub(crate) struct Statement<'a, S: Suite> {
    key: &'a Element<S>,
    base: Element<S>,
    product: Element<S>,
}

impl<'a, S: Suite> Statement<'a, S> {
    pub(crate) fn new(key: &'a Element<S>, base: S::Point, product: S::Point) -> Self {
        Self { key, base: Element::of(base), product: Element::of(product) }
    }

    fn challenge(&self, labels: ProofLabels, context: &[u8], r1: &S::Point, r2: &S::Point) -> S::Scalar {
        let (r1, r2) = (S::encode_point(r1), S::encode_point(r2));
        let fields = [
            context,
            self.key.as_bytes(),
            self.base.as_bytes(),
            self.product.as_bytes(),
            r1.as_ref(),
            r2.as_ref(),
        ];
        S::hash_to_scalar(labels.challenge, &fields)
    }

    /// Proves with the logarithm `secret`. The nonce is hashed from it and from fresh randomness, so that neither a bad
    /// random source alone nor a repeated statement gives the secret away.
    pub(crate) fn prove(
        &self,
        labels: ProofLabels,
        context: &[u8],
        secret: &S::Scalar,
        rng: &mut impl CryptoRng,
    ) -> Proof<S> {
        let mut fresh = Zeroizing::new([0; 32]);
        rng.fill_bytes(fresh.as_mut());
        let encoded = Zeroizing::new(S::encode_scalar(secret));
        let (key, base, product) = (self.key.as_bytes(), self.base.as_bytes(), self.product.as_bytes());
        let mut nonce =
            S::hash_to_scalar(labels.nonce, &[encoded.as_ref(), fresh.as_ref(), context, key, base, product]);
        let (r1, r2) = (S::mul_base(&nonce), *self.base.point() * nonce);
        let challenge = self.challenge(labels, context, &r1, &r2);
        let response = nonce - challenge * secret;
        nonce.zeroize();
        Proof { challenge, response }
    }

    /// Whether the proof holds. Everything here is public, so the time may depend on it.
    pub(crate) fn verify(
        &self,
        labels: ProofLabels,
        context: &[u8],
        proof: &Proof<S>,
    ) -> Result<(), InvalidProof> {
        let Proof { challenge, response } = proof;
        let r1 = S::combine_base(response, challenge, self.key.point());
        let r2 = S::combine(&[*response, *challenge], &[*self.base.point(), *self.product.point()]);
        let same = self.challenge(labels, context, &r1, &r2) == *challenge;
        if same { Ok(()) } else { Err(InvalidProof::Wrong) }
    }
}

/// Proves or judges `products[i] = secret * bases[i]` for a whole list with one proof.
///
/// The weights come from a seed that binds both lists whole. Weights that depended on their own pair only would let a
/// prover search for wrong pairs that cancel out.
pub(crate) struct Batch<S: Suite> {
    seed: Vec<u8>,
    weights: Vec<S::Scalar>,
}

impl<S: Suite> Batch<S> {
    pub(crate) fn new(
        context: &[u8],
        key: &Element<S>,
        bases: &[Element<S>],
        products: &[Element<S>],
    ) -> Self {
        let count = u32::try_from(bases.len()).unwrap_or(u32::MAX).to_be_bytes();
        let (all_bases, all_products) = (concat(bases), concat(products));
        let seed = S::hash(label::OPEN_SEED, &[context, key.as_bytes(), &count, &all_bases, &all_products]);
        let seed = seed.as_bytes().to_vec();
        let weights = (0u32..).zip(bases);
        let weights = weights
            .map(|(index, _)| S::hash_to_scalar(label::OPEN_WEIGHT, &[&seed, &index.to_be_bytes()]))
            .collect();
        Self { seed, weights }
    }

    fn weigh(&self, elements: &[Element<S>]) -> S::Point {
        let points: Vec<S::Point> = elements.iter().map(|element| *element.point()).collect();
        S::combine(&self.weights, &points)
    }

    /// Proves for the holder of `secret`, whose products are right by construction.
    pub(crate) fn prove(
        &self,
        key: &Element<S>,
        bases: &[Element<S>],
        secret: &S::Scalar,
        rng: &mut impl CryptoRng,
    ) -> Proof<S> {
        let base = self.weigh(bases);
        Statement::new(key, base, base * secret).prove(label::OPEN_PROOF, &self.seed, secret, rng)
    }

    pub(crate) fn verify(
        &self,
        key: &Element<S>,
        bases: &[Element<S>],
        products: &[Element<S>],
        proof: &Proof<S>,
    ) -> Result<(), InvalidProof> {
        let statement = Statement::new(key, self.weigh(bases), self.weigh(products));
        statement.verify(label::OPEN_PROOF, &self.seed, proof)
    }
}
