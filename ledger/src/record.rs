//! What the state holds: one record for each thing that a rule can ask about.

pub mod authority;
pub mod bid;
pub mod certificate;
pub mod evaluation;
pub mod guarantee;
pub mod listing;
pub mod mandate;
pub mod organisation;
pub mod project;
pub mod seat;
pub mod tender;

use minicbor::{Decode, Encode};

use crate::codec::is_false;
use crate::id::{CertificateId, ChangeId, DealCode, GuaranteeId, LetterNumber, TenderId};
use crate::time::BlockTime;

/// What a stepped clock reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SteppedClock {
    /// The instant it shows: genesis time plus every step so far.
    #[n(0)]
    pub reads: BlockTime,
}

/// Bounds that all nodes must agree on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Parameters {
    /// A transaction may name an expiry at most this many heights ahead.
    #[n(0)]
    pub expiry_window: u64,
    /// Largest total of transaction bytes in a block.
    #[n(1)]
    pub block_bytes: u64,
    /// Most transactions in a block.
    #[n(2)]
    pub block_transactions: u64,
    /// How the network's clock runs.
    #[n(3)]
    pub clock: Clock,
    /// Whether the keys of an organisation that a centre registers must come from a certificate. Centres and
    /// whoever stands in genesis have keys of their own.
    #[cbor(n(4), skip_if = "is_false")]
    pub certificates_required: bool,
}

/// How block time relates to real time.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Clock {
    /// Block time is real time.
    #[n(0)]
    Real,
    /// Block time stands still but for the timekeeper's steps: for demonstrations and tests. A block is
    /// dated with what the clock reads, or one millisecond after the block before.
    #[n(1)]
    Stepped {
        /// The only key that may add to it.
        #[n(0)]
        timekeeper: crate::crypto::PublicKey,
    },
}

/// Something that happens by itself once block time has passed an instant.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Due {
    /// A listing opens for quotes.
    #[n(0)]
    ListingOpens(#[n(0)] DealCode),
    /// The listing period ends.
    #[n(1)]
    ListingCloses(#[n(0)] DealCode),
    /// Timed bidding ends.
    #[n(2)]
    TimedBiddingEnds(#[n(0)] DealCode),
    /// The confirmation must have been signed.
    #[n(3)]
    ConfirmationDue(#[n(0)] DealCode),
    /// The publicity period ends.
    #[n(4)]
    PublicityEnds(#[n(0)] DealCode),
    /// The contract must have been signed.
    #[n(5)]
    ContractDue(#[n(0)] DealCode),
    /// The losers' letters must have been released.
    #[n(6)]
    ReleaseDue(#[n(0)] DealCode),
    /// A letter of guarantee ends.
    #[n(7)]
    GuaranteeExpires(#[n(0)] GuaranteeId),
    /// A proposed change can no longer be approved.
    #[n(8)]
    ChangeExpires(#[n(0)] ChangeId),
    /// A revocation that dates back reaches the next listing in which keys of the certificate have signed: the first
    /// one after the given one.
    #[n(9)]
    RevocationReachesListing(#[n(0)] CertificateId, #[n(1)] Option<DealCode>),
    /// The same for letters of guarantee.
    #[n(10)]
    RevocationReachesLetters(#[n(0)] CertificateId, #[n(1)] Option<LetterNumber>),
    /// A committee forms of the centres that have a seat key.
    #[n(30)]
    CommitteeForms(#[n(0)] u64),
    /// A sealing epoch ends.
    #[n(31)]
    SealingEpochEnds(#[n(0)] u64),
    /// The bids of a tender are opened.
    #[n(32)]
    TenderOpens(#[n(0)] TenderId),
    /// Seats must have opened them.
    #[n(33)]
    OpeningStalls(#[n(0)] TenderId),
    /// A tender whose bids could not be opened ends.
    #[n(34)]
    OpeningAnnulled(#[n(0)] TenderId),
    /// The candidates of a tender have been on display long enough.
    #[n(35)]
    DisplayEnds(#[n(0)] TenderId),
    /// The contract of a lot must have been signed.
    #[n(36)]
    AwardLapses(#[n(0)] TenderId, #[n(1)] u32),
}

/// When something falls due: the order in which due things happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueAt {
    /// The instant.
    pub time: BlockTime,
    /// What happens.
    pub due: Due,
}
