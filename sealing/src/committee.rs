//! Committees: the seats of an epoch, and how many of them open a bid.

use core::fmt;

use crate::element::{Element, concat};
use crate::id::{CentreId, write_hex};
use crate::label;
use crate::polynomial;
use crate::suite::{Digest, Ristretto255, Suite};

/// Fewest seats: below four, no seat may fail.
pub const SEATS_MIN: usize = 4;
/// Most seats that the format allows; a seat's number is one byte.
pub const SEATS_MAX: usize = 255;

/// A seat's number, from 1: its place in the committee and in its polynomials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seat(u8);

impl Seat {
    /// The first seat.
    pub const FIRST: Self = Self(1);

    /// The seat of a number; 0 is none.
    pub const fn new(number: u8) -> Option<Self> {
        if number == 0 { None } else { Some(Self(number)) }
    }

    /// The number, from 1.
    pub const fn number(self) -> u8 {
        self.0
    }

    pub(crate) fn index(self) -> usize {
        usize::from(self.0.saturating_sub(1))
    }
}

/// The name of a committee, which commits to chain, epoch, threshold, centres and keys.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitteeId(Digest);

impl CommitteeId {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for CommitteeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.as_bytes())
    }
}

/// One seat: who holds it and with which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member<S: Suite = Ristretto255> {
    /// The centre.
    pub centre: CentreId,
    /// Its key of this epoch, whose possession was proved at registration.
    pub key: Element<S>,
}

/// A committee, with what its calculations need again and again. Keep it: making one costs an inversion for each seat.
#[derive(Clone)]
pub struct Committee<S: Suite = Ristretto255> {
    chain_id: String,
    epoch: u64,
    threshold: u8,
    members: Vec<Member<S>>,
    id: CommitteeId,
    dual_weights: Vec<S::Scalar>,
    fixed_keys: S::Fixed,
}

/// Why members make no committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCommittee {
    /// Too few or too many seats.
    #[error("a committee has {SEATS_MIN} to {SEATS_MAX} seats, not {0}")]
    Seats(usize),
    /// With fewer than `f + 1` faulty centres would open early, with more than `n - f` they would prevent the opening.
    #[error("a threshold of {threshold} is not within {least} to {most}")]
    Threshold {
        /// The threshold asked for.
        threshold: usize,
        /// f + 1.
        least: usize,
        /// n - f.
        most: usize,
    },
    /// One centre with two seats.
    #[error("centre {0} has two seats")]
    CentreTwice(CentreId),
    /// One key for two seats.
    #[error("centre {0} has the key of another seat")]
    KeyTwice(CentreId),
}

/// How many faulty seats `n` seats bear: `floor((n - 1) / 3)`.
pub const fn faults(seats: usize) -> usize {
    seats.saturating_sub(1) / 3
}

/// The threshold unless governance sets another: `floor(n / 2) + 1`.
pub const fn default_threshold(seats: usize) -> usize {
    seats / 2 + 1
}

impl<S: Suite> Committee<S> {
    /// Forms a committee of an epoch; the members may come in any order and sit by the name of their centre.
    ///
    /// # Errors
    /// [`InvalidCommittee`].
    pub fn new(
        chain_id: &str,
        epoch: u64,
        threshold: usize,
        members: impl IntoIterator<Item = Member<S>>,
    ) -> Result<Self, InvalidCommittee> {
        let mut members: Vec<Member<S>> = members.into_iter().collect();
        members.sort();
        let seats = members.len();
        if !(SEATS_MIN..=SEATS_MAX).contains(&seats) {
            return Err(InvalidCommittee::Seats(seats));
        }
        let (least, most) = (faults(seats) + 1, seats - faults(seats));
        let refused = InvalidCommittee::Threshold { threshold, least, most };
        let threshold = u8::try_from(threshold).map_err(|_| refused)?;
        if !(least..=most).contains(&usize::from(threshold)) {
            return Err(refused);
        }
        distinct(&members)?;
        let places: Vec<u8> = (1..=u8::MAX).take(seats).collect();
        let keys: Vec<S::Point> = members.iter().map(|member| *member.key.point()).collect();
        Ok(Self {
            id: name(chain_id, epoch, threshold, &members),
            chain_id: chain_id.to_owned(),
            epoch,
            threshold,
            members,
            dual_weights: polynomial::dual_weights::<S>(&places),
            fixed_keys: S::fix(&keys),
        })
    }

    /// The chain it belongs to.
    pub fn chain_id(&self) -> &str {
        &self.chain_id
    }

    /// Its epoch.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Seats, n.
    pub const fn seats(&self) -> usize {
        self.members.len()
    }

    /// Seats that open a bid, k.
    pub fn threshold(&self) -> usize {
        usize::from(self.threshold)
    }

    /// Its name.
    pub const fn id(&self) -> &CommitteeId {
        &self.id
    }

    /// The members in the order of their seats: seat 1 first.
    pub fn members(&self) -> &[Member<S>] {
        &self.members
    }

    /// Who sits there.
    pub fn member(&self, seat: Seat) -> Option<&Member<S>> {
        self.members.get(seat.index())
    }

    /// Where a centre sits.
    pub fn seat_of(&self, centre: &CentreId) -> Option<Seat> {
        let index = self.members.binary_search_by(|member| member.centre.cmp(centre)).ok()?;
        u8::try_from(index + 1).ok().and_then(Seat::new)
    }

    pub(crate) fn dual_weights(&self) -> &[S::Scalar] {
        &self.dual_weights
    }

    pub(crate) const fn fixed_keys(&self) -> &S::Fixed {
        &self.fixed_keys
    }
}

impl<S: Suite> fmt::Debug for Committee<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (epoch, seats, threshold) = (self.epoch, self.seats(), self.threshold);
        write!(f, "Committee(epoch {epoch}, {threshold} of {seats}, {:?})", self.id)
    }
}

/// Refuses two seats of one centre and two seats with one key.
fn distinct<S: Suite>(members: &[Member<S>]) -> Result<(), InvalidCommittee> {
    let mut keys: Vec<(&Element<S>, CentreId)> = members.iter().map(|m| (&m.key, m.centre)).collect();
    keys.sort();
    for (a, b) in members.iter().zip(members.iter().skip(1)) {
        if a.centre == b.centre {
            return Err(InvalidCommittee::CentreTwice(b.centre));
        }
    }
    for (a, b) in keys.iter().zip(keys.iter().skip(1)) {
        if a.0 == b.0 {
            return Err(InvalidCommittee::KeyTwice(b.1));
        }
    }
    Ok(())
}

fn name<S: Suite>(chain_id: &str, epoch: u64, threshold: u8, members: &[Member<S>]) -> CommitteeId {
    let seats = u16::try_from(members.len()).unwrap_or(u16::MAX).to_be_bytes();
    let centres: Vec<u8> = members.iter().flat_map(|member| *member.centre.as_bytes()).collect();
    let keys = concat(members.iter().map(|member| &member.key));
    let (epoch, threshold) = (epoch.to_be_bytes(), u16::from(threshold).to_be_bytes());
    let fields: [&[u8]; 7] = [&[S::ID], chain_id.as_bytes(), &epoch, &seats, &threshold, &centres, &keys];
    CommitteeId(S::hash(label::COMMITTEE, &fields))
}
