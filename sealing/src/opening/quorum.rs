//! From the shares of `k` seats, or from the dealer itself, to a bid's secret.

use zeroize::Zeroizing;

use super::Shares;
use crate::bid::{DealingBytes, InvalidDealing};
use crate::committee::{Committee, Seat};
use crate::envelope::Secret;
use crate::polynomial::at_zero;
use crate::suite::{Ristretto255, SCALAR_LEN, Suite};

/// The seats that open a chunk, with what their shares count for. One serves all bids of the chunk.
#[derive(Clone, Debug)]
pub struct Quorum<'a, S: Suite = Ristretto255> {
    shares: Vec<&'a Shares<S>>,
    weights: Vec<S::Scalar>,
}

/// Why shares make no quorum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongQuorum {
    /// Not as many seats as the committee's threshold.
    #[error("{expected} seats open a bid, not {found}")]
    Seats {
        /// The threshold.
        expected: usize,
        /// Seats found.
        found: usize,
    },
    /// A seat that stands there twice, or that the committee has not.
    #[error("seat {0} stands there twice or is not of the committee")]
    Seat(u8),
    /// The seats answered for different numbers of bids.
    #[error("the seats gave shares for different numbers of bids")]
    Bids,
}

/// Why a dealer's secret does not open a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotThisDealer {
    /// The bytes are no canonical scalar, or of another dealer's key.
    #[error("the secret is not that of the bid's dealer")]
    Secret,
    /// The dealing does not decode.
    #[error(transparent)]
    Dealing(#[from] InvalidDealing),
}

impl<'a, S: Suite> Quorum<'a, S> {
    /// Takes the shares of exactly `k` seats, in any order.
    ///
    /// # Errors
    /// [`WrongQuorum`].
    pub fn new(committee: &Committee<S>, shares: Vec<&'a Shares<S>>) -> Result<Self, WrongQuorum> {
        let (expected, found) = (committee.threshold(), shares.len());
        if expected != found {
            return Err(WrongQuorum::Seats { expected, found });
        }
        let mut places: Vec<u8> = shares.iter().map(|shares| shares.seat().number()).collect();
        let weights = at_zero::<S>(&places);
        places.sort_unstable();
        let twice = places.iter().zip(places.iter().skip(1)).find(|(a, b)| a == b).map(|(a, _)| *a);
        let strange = places.iter().copied().find(|place| usize::from(*place) > committee.seats());
        if let Some(place) = twice.or(strange) {
            return Err(WrongQuorum::Seat(place));
        }
        let bids = shares.first().map_or(0, |first| first.shares().len());
        if shares.iter().any(|seat| seat.shares().len() != bids) {
            return Err(WrongQuorum::Bids);
        }
        Ok(Self { shares, weights })
    }

    /// The secret of the bid at this place of the chunk, from 0: `sum lambda_i (C_i - D_i)`. Every quorum finds the same
    /// one, because the dealing was verified.
    ///
    /// # Errors
    /// [`InvalidDealing`] when the share of a seat does not decode, or there is no such bid in the chunk: a verified
    /// dealing always decodes.
    pub fn secret(&self, index: usize, dealing: &DealingBytes<'_, S>) -> Result<Secret<S>, InvalidDealing> {
        let values = self
            .shares
            .iter()
            .map(|seat| {
                let number = usize::from(seat.seat().number());
                let missing = InvalidDealing::Share { seat: number, reason: crate::element::InvalidElement };
                let share = seat.shares().get(index).ok_or(missing)?;
                Ok(*dealing.share(seat.seat())?.point() - *share.point())
            })
            .collect::<Result<Vec<_>, InvalidDealing>>()?;
        Ok(Secret::of(&S::combine(&self.weights, &values)))
    }
}

/// Opens a bid with its dealer's secret when the committee fails: `sum lambda_i (C_i - skD E_i)` over seats 1 to `k`. The
/// result is that of every quorum.
///
/// # Errors
/// [`NotThisDealer`].
pub fn open_with_dealer_secret<S: Suite>(
    committee: &Committee<S>,
    dealing: &DealingBytes<'_, S>,
    dealer_secret: &Zeroizing<[u8; SCALAR_LEN]>,
) -> Result<Secret<S>, NotThisDealer> {
    // Whoever shows the secret to the chain makes it public; nothing is kept from anybody by constant time.
    let scalar = S::decode_scalar(dealer_secret).ok_or(NotThisDealer::Secret)?;
    if S::mul_base(&scalar) != *dealing.dealer()?.point() {
        return Err(NotThisDealer::Secret);
    }
    let seats: Vec<u8> = (1..=u8::MAX).take(committee.threshold()).collect();
    let values = seats
        .iter()
        .zip(committee.members())
        .map(|(seat, member)| {
            let share = dealing.share(Seat::new(*seat).unwrap_or(Seat::FIRST))?;
            Ok(*share.point() - *member.key.point() * scalar)
        })
        .collect::<Result<Vec<_>, InvalidDealing>>()?;
    Ok(Secret::of(&S::combine(&at_zero::<S>(&seats), &values)))
}
