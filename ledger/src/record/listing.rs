//! Listings, their bidders and their quotes.

use minicbor::{Decode, Encode};

use crate::amount::Amount;
use crate::codec::{Description, Title};
use crate::hash::DocumentHash;
use crate::id::{CertificateId, CreditCode, DealCode, GuaranteeId, RegionCode};
use crate::time::{BlockTime, Span};

/// The land-use right on offer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Resource {
    /// Number of the parcel (宗地编号).
    #[n(0)]
    pub parcel: Title,
    /// Where it lies.
    #[n(1)]
    pub location: Description,
    /// Area in square decimetres; 100 are one square metre.
    #[n(2)]
    pub area_dm2: u64,
    /// What it may be used for (土地用途).
    #[n(3)]
    pub land_use: Title,
    /// Term of the right in years, 1 to 70.
    #[n(4)]
    pub term_years: u32,
    /// Documents that belong to the notice, by content; at most 16.
    #[n(5)]
    pub documents: Vec<DocumentHash>,
}

/// Prices and deposit of a listing, all in one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Prices {
    /// The first quote must be at least this (起始价).
    #[n(0)]
    pub starting: Amount,
    /// Below this nothing is sold (底价).
    #[n(1)]
    pub reserve: Amount,
    /// A quote must exceed the best one by at least this (增价幅度).
    #[n(2)]
    pub increment: Amount,
    /// What each bidder's letter must cover (竞买保证金).
    #[n(3)]
    pub deposit: Amount,
}

/// Rule values fixed when the listing was published: a later rule pack does not touch a running trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Terms {
    /// Version of the rule pack.
    #[n(0)]
    pub pack_version: u32,
    /// Length of timed bidding.
    #[n(1)]
    pub timed_bidding: Span,
    /// Extension window of timed bidding.
    #[n(2)]
    pub extension: Span,
    /// A deposited letter must be valid until this instant at least.
    #[n(3)]
    pub letters_valid_until: BlockTime,
}

/// Where a listing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Stage {
    /// Published, not yet open (公告).
    #[n(0)]
    Announced,
    /// Open for quotes (挂牌).
    #[n(1)]
    Listed,
    /// Timed bidding (限时竞价).
    #[n(2)]
    TimedBidding,
    /// There is a winner, who has not yet been confirmed.
    #[n(3)]
    Concluded,
    /// Confirmed by seller and winner (成交确认).
    #[n(4)]
    Confirmed,
    /// The result is published, objections are possible (公示).
    #[n(5)]
    Publicity,
    /// Publicity is over, the contract can be signed.
    #[n(6)]
    Publicised,
    /// The contract is signed by both sides.
    #[n(7)]
    Contracted,
    /// Ended without a winner.
    #[n(8)]
    Failed,
    /// Ended after the result because a period ran out.
    #[n(9)]
    Lapsed,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 10] = [
        Self::Announced,
        Self::Listed,
        Self::TimedBidding,
        Self::Concluded,
        Self::Confirmed,
        Self::Publicity,
        Self::Publicised,
        Self::Contracted,
        Self::Failed,
        Self::Lapsed,
    ];

    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::Listed => "listed",
            Self::TimedBidding => "timed_bidding",
            Self::Concluded => "concluded",
            Self::Confirmed => "confirmed",
            Self::Publicity => "publicity",
            Self::Publicised => "publicised",
            Self::Contracted => "contracted",
            Self::Failed => "failed",
            Self::Lapsed => "lapsed",
        }
    }
}

/// Why a listing ended without a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EndReason {
    /// Nobody quoted.
    #[n(0)]
    NoQuote,
    /// The best quote is below the reserve price.
    #[n(1)]
    BelowReserve,
    /// Not confirmed by both sides in time.
    #[n(2)]
    NotConfirmed,
    /// The contract was not signed by both sides in time.
    #[n(3)]
    NoContract,
}

impl EndReason {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoQuote => "no_quote",
            Self::BelowReserve => "below_reserve",
            Self::NotConfirmed => "not_confirmed",
            Self::NoContract => "no_contract",
        }
    }
}

/// The two sides' signatures under one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Encode, Decode)]
#[cbor(map)]
pub struct BothSides {
    /// When the seller signed.
    #[n(0)]
    pub seller: Option<BlockTime>,
    /// When the winner signed.
    #[n(1)]
    pub winner: Option<BlockTime>,
}

impl BothSides {
    /// Whether both have signed.
    pub const fn complete(&self) -> bool {
        self.seller.is_some() && self.winner.is_some()
    }
}

/// The highest quote so far. An equal quote never replaces it, so ties go to the earlier.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BestQuote {
    /// Who.
    #[n(0)]
    pub bidder: CreditCode,
    /// How much.
    #[n(1)]
    pub price: Amount,
    /// Number of the quote within the listing, from 1.
    #[n(2)]
    pub number: u32,
}

/// The contract as recorded: the text stays with the parties.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Contract {
    /// SHA-256 of the contract document.
    #[n(0)]
    pub document: DocumentHash,
    /// Who has signed the record.
    #[n(1)]
    pub signed: BothSides,
}

/// A listing from notice to contract.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Listing {
    /// Its unified deal code.
    #[n(0)]
    pub code: DealCode,
    /// Who offers the resource.
    #[n(1)]
    pub seller: CreditCode,
    /// The centre that hosts the trade.
    #[n(2)]
    pub centre: CreditCode,
    /// Title of the notice.
    #[n(3)]
    pub title: Title,
    /// Region of the resource.
    #[n(4)]
    pub region: RegionCode,
    /// The resource.
    #[n(5)]
    pub resource: Resource,
    /// Prices and deposit.
    #[n(6)]
    pub prices: Prices,
    /// When the notice was published.
    #[n(7)]
    pub published_at: BlockTime,
    /// When quotes may begin.
    #[n(8)]
    pub opens_at: BlockTime,
    /// When the listing period ends.
    #[n(9)]
    pub closes_at: BlockTime,
    /// Rule values fixed at publication.
    #[n(10)]
    pub terms: Terms,
    /// Where the listing stands.
    #[n(11)]
    pub stage: Stage,
    /// Bidders that have deposited a letter.
    #[n(12)]
    pub qualified: u32,
    /// Bidders among them that have quoted: the valid bidders, who may enter timed bidding.
    #[n(13)]
    pub quoting: u32,
    /// Quotes recorded.
    #[n(14)]
    pub quotes: u32,
    /// The best of them.
    #[n(15)]
    pub best: Option<BestQuote>,
    /// End of the period that runs in this stage, if one does.
    #[n(16)]
    pub stage_ends_at: Option<BlockTime>,
    /// Signatures under the confirmation of the deal.
    #[n(17)]
    pub confirmation: BothSides,
    /// The contract record.
    #[n(18)]
    pub contract: Option<Contract>,
    /// Why it ended, if it ended without a contract.
    #[n(19)]
    pub ended: Option<EndReason>,
    /// Certificates that were revoked with a date before something that their keys signed here, ascending; at most
    /// [`MAX_QUESTIONED`]. For the supervisor: the ledger undoes nothing once quotes are no longer taken.
    #[cbor(n(20), skip_if = "Vec::is_empty")]
    pub questioned: Vec<CertificateId>,
}

/// Most certificates that a listing names as questioned.
pub const MAX_QUESTIONED: usize = 64;

/// A bidder's standing in one listing.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Qualification {
    /// Who.
    #[n(0)]
    pub bidder: CreditCode,
    /// The letter deposited.
    #[n(1)]
    pub guarantee: GuaranteeId,
    /// When.
    #[n(2)]
    pub at: BlockTime,
    /// How many quotes it has made.
    #[n(3)]
    pub quotes: u32,
    /// Certificates whose keys have quoted, ascending.
    #[cbor(n(4), skip_if = "Vec::is_empty")]
    pub certificates: Vec<CertificateId>,
}

/// One quote.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Quote {
    /// Number within the listing, from 1.
    #[n(0)]
    pub number: u32,
    /// Who.
    #[n(1)]
    pub bidder: CreditCode,
    /// How much.
    #[n(2)]
    pub price: Amount,
    /// When.
    #[n(3)]
    pub at: BlockTime,
    /// The certificate that its key comes from, if it comes from one.
    #[n(4)]
    pub certificate: Option<CertificateId>,
    /// When it was struck, if it was: its certificate was revoked with a date before it.
    #[n(5)]
    pub struck: Option<BlockTime>,
}
