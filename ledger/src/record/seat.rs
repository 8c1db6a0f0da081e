//! Seat keys, sealing epochs and the committees that open bids.

use minicbor::{Decode, Encode};

use crate::hash::hash_type;
use crate::id::{ChainId, CreditCode};
use crate::time::BlockTime;

hash_type! {
    /// A seat's public key: a canonical ristretto255 encoding (RFC 9496).
    SeatPublicKey
}

/// Name of a committee: a hash of 64 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct CommitteeId(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 64]);

/// A centre's key for one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SeatKey {
    /// For which epoch.
    #[n(0)]
    pub epoch: u64,
    /// Whose it is.
    #[n(1)]
    pub centre: CreditCode,
    /// The key.
    #[n(2)]
    pub key: SeatPublicKey,
    /// When it was registered.
    #[n(3)]
    pub at: BlockTime,
}

/// The time in which bids are sealed to one committee.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SealingEpoch {
    /// Its number, from 1.
    #[n(0)]
    pub number: u64,
    /// When it began.
    #[n(1)]
    pub began_at: BlockTime,
    /// From then on the committee does not wait for every member.
    #[n(2)]
    pub forms_at: BlockTime,
    /// When the next one begins, unless the members change before.
    #[n(3)]
    pub ends_at: BlockTime,
    /// Whether it has a committee.
    #[n(4)]
    pub formed: bool,
    /// The chain, which the names of committees commit to.
    #[n(5)]
    pub chain: ChainId,
}

/// A seat of a committee.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Seat {
    /// Whose it is.
    #[n(0)]
    pub centre: CreditCode,
    /// Its key.
    #[n(1)]
    pub key: SeatPublicKey,
}

/// The centres of which `k` open a bid. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Committee {
    /// Its name.
    #[n(0)]
    pub id: CommitteeId,
    /// Its epoch.
    #[n(1)]
    pub epoch: u64,
    /// How many seats open a bid.
    #[n(2)]
    pub k: u8,
    /// The seats, numbered from 1, ascending by the centres' names in the sealing scheme.
    #[n(3)]
    pub seats: Vec<Seat>,
    /// When it formed.
    #[n(4)]
    pub formed_at: BlockTime,
}

impl Committee {
    /// How many of its seats may fail.
    pub const fn faults(&self) -> usize {
        sealing::committee::faults(self.seats.len())
    }
}
