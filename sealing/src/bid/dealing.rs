//! Dealings on the wire: `pkD || C_1 .. C_n || c || z`.

use core::marker::PhantomData;

use crate::committee::Seat;
use crate::dleq::{InvalidProof, Proof};
use crate::element::{Element, InvalidElement};
use crate::suite::{Ristretto255, Suite};

/// A dealing's bytes, of the right length and not yet decoded.
///
/// At an opening the seats that answered are decoded and the others are not.
#[derive(Clone, Copy, Debug)]
pub struct DealingBytes<'a, S: Suite = Ristretto255> {
    dealer: &'a [u8],
    shares: &'a [u8],
    proof: &'a [u8],
    suite: PhantomData<S>,
}

/// A decoded dealing (check E8). Whether its shares are consistent, [`super::BidContext::verify`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dealing<S: Suite = Ristretto255> {
    pub(super) dealer: Element<S>,
    pub(super) shares: Vec<Element<S>>,
    pub(super) proof: Proof<S>,
}

/// Why bytes are no dealing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDealing {
    /// Not one share for each seat (check E1).
    #[error("a dealing for {seats} seats has {expected} bytes, not {found}")]
    Length {
        /// Seats of the committee.
        seats: usize,
        /// Bytes for so many seats.
        expected: usize,
        /// Bytes found.
        found: usize,
    },
    /// The dealer's key does not decode (E8).
    #[error("the dealer's key: {0}")]
    Dealer(InvalidElement),
    /// A share does not decode (E8).
    #[error("the share of seat {seat}: {reason}")]
    Share {
        /// The seat, from 1.
        seat: usize,
        /// Why not.
        reason: InvalidElement,
    },
    /// The proof does not decode (E8).
    #[error(transparent)]
    Proof(InvalidProof),
}

impl<'a, S: Suite> DealingBytes<'a, S> {
    /// Bytes of a dealing for so many seats: 96 + 32 n in suite 0x01.
    pub const fn len_for(seats: usize) -> usize {
        S::POINT_LEN * (seats + 1) + Proof::<S>::LEN
    }

    /// Splits bytes into their parts (check E1).
    ///
    /// # Errors
    /// [`InvalidDealing::Length`].
    pub fn split(bytes: &'a [u8], seats: usize) -> Result<Self, InvalidDealing> {
        let (expected, found) = (Self::len_for(seats), bytes.len());
        let refused = InvalidDealing::Length { seats, expected, found };
        if expected != found {
            return Err(refused);
        }
        let (dealer, rest) = bytes.split_at_checked(S::POINT_LEN).ok_or(refused)?;
        let (shares, proof) = rest.split_at_checked(S::POINT_LEN * seats).ok_or(refused)?;
        Ok(Self { dealer, shares, proof, suite: PhantomData })
    }

    /// Decodes every part (check E8).
    ///
    /// # Errors
    /// [`InvalidDealing`], but not for its length.
    pub fn decode(&self) -> Result<Dealing<S>, InvalidDealing> {
        let dealer = self.dealer()?;
        let shares = (1..).zip(self.shares.chunks_exact(S::POINT_LEN));
        let shares = shares
            .map(|(seat, share)| {
                Element::decode(share).map_err(|reason| InvalidDealing::Share { seat, reason })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let proof = Proof::decode(self.proof).map_err(InvalidDealing::Proof)?;
        Ok(Dealing { dealer, shares, proof })
    }

    /// Decodes the dealer's one-time key, pkD. No two bids of an epoch may have the same (check E7).
    ///
    /// # Errors
    /// [`InvalidDealing::Dealer`].
    pub fn dealer(&self) -> Result<Element<S>, InvalidDealing> {
        Element::decode(self.dealer).map_err(InvalidDealing::Dealer)
    }

    /// Decodes the share of one seat, C_i.
    ///
    /// # Errors
    /// [`InvalidDealing::Share`], also for a seat that the dealing has none for.
    pub fn share(&self, seat: Seat) -> Result<Element<S>, InvalidDealing> {
        let bytes = self.shares.chunks_exact(S::POINT_LEN).nth(seat.index()).unwrap_or_default();
        let number = usize::from(seat.number());
        Element::decode(bytes).map_err(|reason| InvalidDealing::Share { seat: number, reason })
    }

    /// The dealer's key as it travels.
    pub const fn dealer_bytes(&self) -> &'a [u8] {
        self.dealer
    }

    /// All shares as they travel, one after another.
    pub const fn share_bytes(&self) -> &'a [u8] {
        self.shares
    }
}

impl<S: Suite> Dealing<S> {
    /// The dealer's one-time key, pkD.
    pub const fn dealer(&self) -> &Element<S> {
        &self.dealer
    }

    /// The shares in the order of the seats.
    pub fn shares(&self) -> &[Element<S>] {
        &self.shares
    }

    pub(super) const fn proof(&self) -> &Proof<S> {
        &self.proof
    }

    /// The bytes it travels in.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.dealer.as_bytes().to_vec();
        self.shares.iter().for_each(|share| bytes.extend_from_slice(share.as_bytes()));
        bytes.extend_from_slice(&self.proof.encode());
        bytes
    }
}
