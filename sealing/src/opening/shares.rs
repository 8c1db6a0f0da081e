//! The shares of one seat for one chunk, with one proof.

use rand_core::CryptoRng;

use super::CHUNK;
use crate::committee::{Committee, Seat};
use crate::dleq::{Batch, InvalidProof, Proof};
use crate::element::{Element, InvalidElement};
use crate::id::TenderId;
use crate::label;
use crate::seat::SeatSecret;
use crate::suite::{Digest, Ristretto255, Suite};

/// What the shares of a chunk are bound to. Shares given for one list of bids hold for no other.
#[derive(Clone, Copy, Debug)]
pub struct ChunkContext<'a, S: Suite = Ristretto255> {
    /// The committee that the tender pins.
    pub committee: &'a Committee<S>,
    /// The tender.
    pub tender: TenderId,
    /// Root of the list of live bids.
    pub live_root: Digest,
    /// The chunk's number, from 0.
    pub chunk: u32,
}

/// Shares as a seat publishes them: `D_b = sk_i pkD_b` for each bid of the chunk, and the proof. Not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningShares<S: Suite = Ristretto255> {
    shares: Vec<Element<S>>,
    proof: Proof<S>,
}

/// Shares whose proof holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shares<S: Suite = Ristretto255> {
    seat: Seat,
    shares: Vec<Element<S>>,
}

/// Why shares are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidShares {
    /// The committee has no such seat (O2).
    #[error("the committee has no seat {0}")]
    Seat(u8),
    /// The seat's key is another's.
    #[error("the key is not that of the seat")]
    Key,
    /// Not one share for each bid of the chunk, or no bid (O3).
    #[error("the chunk has {expected} bids, 1 to {CHUNK}; there are {found} shares")]
    Count {
        /// Bids of the chunk.
        expected: usize,
        /// Shares found.
        found: usize,
    },
    /// A share does not decode (O4).
    #[error("share {index}: {reason}")]
    Share {
        /// Its place in the chunk, from 0.
        index: usize,
        /// Why not.
        reason: InvalidElement,
    },
    /// The proof does not decode or does not hold (O5).
    #[error(transparent)]
    Proof(InvalidProof),
}

impl<S: Suite> ChunkContext<'_, S> {
    /// What the proof is bound to, `octx`: chain, tender, committee, the whole list and the chunk.
    pub fn hash(&self) -> Digest {
        let fields: [&[u8]; 6] = [
            &[S::ID],
            self.committee.chain_id().as_bytes(),
            self.tender.as_bytes(),
            self.committee.id().as_bytes(),
            self.live_root.as_bytes(),
            &self.chunk.to_be_bytes(),
        ];
        S::hash(label::OPEN_CONTEXT, &fields)
    }

    /// Gives a seat's shares. The caller makes sure that the bids are live and the time has come: nothing here can.
    ///
    /// # Errors
    /// [`InvalidShares::Seat`], [`InvalidShares::Key`] and [`InvalidShares::Count`].
    pub fn give(
        &self,
        seat: Seat,
        secret: &SeatSecret<S>,
        dealers: &[Element<S>],
        rng: &mut impl CryptoRng,
    ) -> Result<OpeningShares<S>, InvalidShares> {
        let key = self.key(seat)?;
        if key != secret.public() {
            return Err(InvalidShares::Key);
        }
        count(dealers.len(), dealers.len())?;
        let product = |dealer: &Element<S>| Element::of(*dealer.point() * *secret.scalar());
        let shares: Vec<Element<S>> = dealers.iter().map(product).collect();
        let batch = Batch::new(self.hash().as_bytes(), key, dealers, &shares);
        let proof = batch.prove(key, dealers, secret.scalar(), rng);
        Ok(OpeningShares { shares, proof })
    }

    /// Judges a seat's shares (checks O3 and O5) for the bids with these dealers' keys, in the order of the chunk.
    ///
    /// # Errors
    /// [`InvalidShares`].
    pub fn verify(
        &self,
        seat: Seat,
        dealers: &[Element<S>],
        given: OpeningShares<S>,
    ) -> Result<Shares<S>, InvalidShares> {
        let key = self.key(seat)?;
        count(dealers.len(), given.shares.len())?;
        let batch = Batch::new(self.hash().as_bytes(), key, dealers, &given.shares);
        batch.verify(key, dealers, &given.shares, &given.proof).map_err(InvalidShares::Proof)?;
        Ok(Shares { seat, shares: given.shares })
    }

    fn key(&self, seat: Seat) -> Result<&Element<S>, InvalidShares> {
        let member = self.committee.member(seat).ok_or(InvalidShares::Seat(seat.number()))?;
        Ok(&member.key)
    }
}

fn count(expected: usize, found: usize) -> Result<(), InvalidShares> {
    let fits = expected == found && (1..=CHUNK).contains(&expected);
    if fits { Ok(()) } else { Err(InvalidShares::Count { expected, found }) }
}

impl<S: Suite> OpeningShares<S> {
    /// Bytes for so many bids.
    pub const fn len_for(bids: usize) -> usize {
        S::POINT_LEN * bids + Proof::<S>::LEN
    }

    /// Decodes `D_1 .. D_count || c || z` (checks O3 and O4) for a chunk of so many bids.
    ///
    /// # Errors
    /// [`InvalidShares::Count`], [`InvalidShares::Share`] and [`InvalidShares::Proof`].
    pub fn decode(bytes: &[u8], bids: usize) -> Result<Self, InvalidShares> {
        let split = bytes.len().saturating_sub(Proof::<S>::LEN);
        count(bids, split / S::POINT_LEN)?;
        let refused = InvalidShares::Proof(InvalidProof::Length(bytes.len() - split));
        if bytes.len() != Self::len_for(bids) {
            return Err(InvalidShares::Count { expected: bids, found: split / S::POINT_LEN });
        }
        let (shares, proof) = bytes.split_at_checked(split).ok_or(refused)?;
        let shares = shares.chunks_exact(S::POINT_LEN).enumerate();
        let shares = shares
            .map(|(index, share)| {
                Element::decode(share).map_err(|reason| InvalidShares::Share { index, reason })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { shares, proof: Proof::decode(proof).map_err(InvalidShares::Proof)? })
    }

    /// The bytes it travels in.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            self.shares.iter().flat_map(|share| share.as_bytes().iter().copied()).collect();
        bytes.extend_from_slice(&self.proof.encode());
        bytes
    }

    /// The shares, one for each bid of the chunk.
    pub fn shares(&self) -> &[Element<S>] {
        &self.shares
    }
}

impl<S: Suite> Shares<S> {
    /// Takes shares that were judged before and stored since. They are not judged again.
    pub const fn trusted(seat: Seat, shares: Vec<Element<S>>) -> Self {
        Self { seat, shares }
    }

    /// The seat that gave them.
    pub const fn seat(&self) -> Seat {
        self.seat
    }

    /// One for each bid of the chunk.
    pub fn shares(&self) -> &[Element<S>] {
        &self.shares
    }
}
