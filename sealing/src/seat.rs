//! Seat keys: what a centre opens bids with during one epoch.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use crate::dleq::{InvalidProof, Proof};
use crate::element::Element;
use crate::id::CentreId;
use crate::label;
use crate::suite::{Ristretto255, SCALAR_LEN, Suite};

/// The secret half. Erased when dropped, never printed. A centre makes a new one for every epoch and destroys it when
/// every tender of the epoch is opened or annulled.
pub struct SeatSecret<S: Suite = Ristretto255> {
    scalar: S::Scalar,
    public: Element<S>,
}

/// Bytes that are no secret scalar: not canonical, or zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the canonical encoding of a scalar other than zero")]
pub struct InvalidSecret;

/// What a seat key is registered for; its proof of possession holds for nothing else.
#[derive(Clone, Copy, Debug)]
pub struct Registration<'a> {
    /// The chain.
    pub chain_id: &'a str,
    /// The epoch, as the chain counts them.
    pub epoch: u64,
    /// The centre that registers it.
    pub centre: CentreId,
}

impl<S: Suite> SeatSecret<S> {
    /// Draws a new key.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self::of(S::random_scalar(rng))
    }

    fn of(scalar: S::Scalar) -> Self {
        let public = Element::of(S::mul_base(&scalar));
        Self { scalar, public }
    }

    /// Reads a key back.
    ///
    /// # Errors
    /// [`InvalidSecret`].
    pub fn decode(bytes: &Zeroizing<[u8; SCALAR_LEN]>) -> Result<Self, InvalidSecret> {
        let scalar = S::decode_scalar(bytes).ok_or(InvalidSecret)?;
        if bytes.iter().all(|byte| *byte == 0) { Err(InvalidSecret) } else { Ok(Self::of(scalar)) }
    }

    /// The key's bytes, for its file.
    pub fn encode(&self) -> Zeroizing<[u8; SCALAR_LEN]> {
        Zeroizing::new(S::encode_scalar(&self.scalar))
    }

    /// The public half, E.
    pub const fn public(&self) -> &Element<S> {
        &self.public
    }

    pub(crate) const fn scalar(&self) -> &S::Scalar {
        &self.scalar
    }

    /// Proves that whoever registers the key holds it, so that nobody registers a key made from another's.
    pub fn prove_possession(&self, what: &Registration<'_>, rng: &mut impl CryptoRng) -> Proof<S> {
        let mut fresh = Zeroizing::new([0; 32]);
        rng.fill_bytes(fresh.as_mut());
        let secret = self.encode();
        let (epoch, chain, key) =
            (what.epoch.to_be_bytes(), what.chain_id.as_bytes(), self.public.as_bytes());
        let mut nonce = S::hash_to_scalar(
            label::SEAT_POP_NONCE,
            &[secret.as_ref(), fresh.as_ref(), chain, &epoch, what.centre.as_bytes(), key],
        );
        let challenge = what.challenge(&self.public, &S::mul_base(&nonce));
        let response = nonce - challenge * self.scalar;
        nonce.zeroize();
        Proof::new(challenge, response)
    }
}

impl<S: Suite> Drop for SeatSecret<S> {
    fn drop(&mut self) {
        self.scalar.zeroize();
    }
}

impl<S: Suite> fmt::Debug for SeatSecret<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SeatSecret({:?})", self.public)
    }
}

impl Registration<'_> {
    fn challenge<S: Suite>(&self, key: &Element<S>, commitment: &S::Point) -> S::Scalar {
        let (epoch, commitment) = (self.epoch.to_be_bytes(), S::encode_point(commitment));
        let fields: [&[u8]; 6] = [
            &[S::ID],
            self.chain_id.as_bytes(),
            &epoch,
            self.centre.as_bytes(),
            key.as_bytes(),
            commitment.as_ref(),
        ];
        S::hash_to_scalar(label::SEAT_POP, &fields)
    }

    /// Judges a proof of possession. Everything here is public.
    ///
    /// # Errors
    /// [`InvalidProof::Wrong`] for another key, chain, epoch, centre or suite.
    pub fn verify_possession<S: Suite>(
        &self,
        key: &Element<S>,
        proof: &Proof<S>,
    ) -> Result<(), InvalidProof> {
        let commitment = S::combine_base(proof.response(), proof.challenge(), key.point());
        let same = self.challenge(key, &commitment) == *proof.challenge();
        if same { Ok(()) } else { Err(InvalidProof::Wrong) }
    }
}
