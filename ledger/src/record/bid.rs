//! Sealed bids, their opening, and what they turned out to say.

use minicbor::{Decode, Encode};

use crate::amount::Amount;
use crate::codec::{Bytes, Title};
use crate::crypto::{PublicKey, Signature};
use crate::hash::{DocumentHash, hash_type};
use crate::id::{BidId, ChainId, CreditCode, LetterNumber, TenderId};
use crate::time::BlockTime;

/// Bytes of the largest dealing: to 255 seats.
pub const MAX_DEALING_BYTES: usize = 96 + 32 * 255;
/// Bytes of the largest envelope: 16 KiB and the tag of its encryption.
pub const MAX_ENVELOPE_BYTES: usize = (16 << 10) + 16;
/// Bytes of the shares of a whole chunk: 256 points.
pub const MAX_SHARE_BYTES: usize = 32 * 256;
/// Bytes of an admission stamp.
pub const STAMP_BYTES: usize = 420;
/// Bytes of the modulus of an issuer's key: RSA-3072.
pub const MODULUS_BYTES: usize = 384;
/// Most documents of a bid.
pub const MAX_BID_DOCUMENTS: usize = 16;
/// Most versions of a bid under one key, withdrawals among them.
pub const MAX_SEQUENCE: u32 = 16;

hash_type! {
    /// A bid's dealer key: a canonical ristretto255 encoding (RFC 9496). No two bids of a sealing epoch have the same.
    DealerKey
}
hash_type! {
    /// The secret of an opened bid, from which the keys of envelope and documents follow: a ristretto255 encoding.
    BidSecret
}

/// An encrypted document beside the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SealedDocument {
    /// SHA-256 of the ciphertext.
    #[n(0)]
    pub hash: DocumentHash,
    /// Bytes of the ciphertext.
    #[n(1)]
    pub len: u64,
}

/// Where a bid stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum BidStatus {
    /// Sealed, and the latest version under its key.
    #[n(0)]
    Live,
    /// Withdrawn (撤回); another version may follow.
    #[n(1)]
    Withdrawn,
    /// Opened, and it counts.
    #[n(2)]
    Opened,
    /// What was sealed is no bid: the bidder's own fault.
    #[n(3)]
    Malformed,
    /// Opened, but it does not count.
    #[n(4)]
    Rejected(#[n(0)] BidFault),
}

impl BidStatus {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Withdrawn => "withdrawn",
            Self::Opened => "opened",
            Self::Malformed => "malformed",
            Self::Rejected(fault) => fault.name(),
        }
    }
}

/// Why an opened bid does not count, in the order in which it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum BidFault {
    /// The bidder's key is unknown, is no bidder's, or could not sign when the opening began.
    #[n(1)]
    Bidder,
    /// The bidder has not signed for this bid.
    #[n(2)]
    Signature,
    /// The same bidder made another bid later, which counts instead.
    #[n(3)]
    Superseded,
    /// The letter of guarantee is missing, does not cover the bid, or is not genuine, the bidder's own or fresh.
    #[n(4)]
    Guarantee,
    /// The list of documents is not as long as that of the sealed bid.
    #[n(5)]
    Documents,
    /// The priced lots are not those of the tender, ascending, each above zero.
    #[n(6)]
    Lots,
}

impl BidFault {
    /// All of them, in their order.
    pub const ALL: [Self; 6] =
        [Self::Bidder, Self::Signature, Self::Superseded, Self::Guarantee, Self::Documents, Self::Lots];

    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bidder => "bidder",
            Self::Signature => "signature",
            Self::Superseded => "superseded",
            Self::Guarantee => "guarantee",
            Self::Documents => "documents",
            Self::Lots => "lots",
        }
    }
}

/// A sealed bid: the latest version under its one-time key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Bid {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// The one-time key that signs it.
    #[n(1)]
    pub key: PublicKey,
    /// Number of the last act under the key, from 1.
    #[n(2)]
    pub sequence: u32,
    /// Version of the bid that is sealed here.
    #[n(3)]
    pub version: u32,
    /// The bid's name in the sealing scheme.
    #[n(4)]
    pub id: BidId,
    /// Number among the envelopes that the tender took, from 1.
    #[n(5)]
    pub order: u32,
    /// The dealing, as it travelled.
    #[n(6)]
    pub dealing: Bytes<MAX_DEALING_BYTES>,
    /// The documents.
    #[n(7)]
    pub documents: Vec<SealedDocument>,
    /// When it was recorded.
    #[n(8)]
    pub at: BlockTime,
    /// Where it stands.
    #[n(9)]
    pub status: BidStatus,
    /// Its secret, once it is opened.
    #[n(10)]
    pub secret: Option<BidSecret>,
}

/// Envelopes of a tender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BidTally {
    /// How many it took, with those replaced and withdrawn since.
    #[n(0)]
    pub taken: u32,
    /// How many are live.
    #[n(1)]
    pub live: u32,
}

/// A live bid in the list of those that are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LiveBid {
    /// Its name.
    #[n(0)]
    pub id: BidId,
    /// Its one-time key.
    #[n(1)]
    pub key: PublicKey,
    /// Its dealer's key.
    #[n(2)]
    pub dealer: DealerKey,
}

/// The opening of a tender's bids.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Opening {
    /// Root of the list of live bids, which the shares commit to.
    #[n(0)]
    pub root: Bytes<64>,
    /// Time of the block that fixed the list.
    #[n(1)]
    pub began_at: BlockTime,
    /// Bids on the list.
    #[n(2)]
    pub bids: u32,
    /// Chunks of up to 256 bids.
    #[n(3)]
    pub chunks: u32,
    /// Bids not opened yet.
    #[n(4)]
    pub left: u32,
    /// Bids that count so far.
    #[n(5)]
    pub valid: u32,
    /// Whether a bidder opened its own bid because seats were missing: which bids were opened may then be no accident.
    #[n(6)]
    pub by_bidders: bool,
}

/// Bids that are opened together.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Chunk {
    /// The bids, ascending by name: 1 to 256.
    #[n(0)]
    pub bids: Vec<LiveBid>,
    /// Seats that gave their shares, in the order of their coming.
    #[n(1)]
    pub seats: Vec<u8>,
    /// Whether its bids are open.
    #[n(2)]
    pub opened: bool,
}

/// What an envelope holds: the offer, and the bidder's signature under it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BidPayload {
    /// The offer.
    #[n(0)]
    pub offer: Offer,
    /// By the bidder's key, over the statement that the sealing scheme names (label `bidder`).
    #[n(1)]
    pub signature: Signature,
}

/// An offer.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Offer {
    /// Who bids.
    #[n(0)]
    pub bidder: CreditCode,
    /// Its key that signs.
    #[n(1)]
    pub key: PublicKey,
    /// The lots that it bids for, ascending.
    #[n(2)]
    pub prices: Vec<LotPrice>,
    /// What the sealed documents are, in their order.
    #[n(3)]
    pub documents: Vec<DocumentEntry>,
    /// The letter of guarantee, where the tender demands one.
    #[n(4)]
    pub bond: Option<BidBond>,
}

/// A price for a lot.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LotPrice {
    /// Number of the lot, from 1.
    #[n(0)]
    pub lot: u32,
    /// The price.
    #[n(1)]
    pub price: Amount,
}

/// What a sealed document is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DocumentEntry {
    /// Its name.
    #[n(0)]
    pub name: Title,
    /// Hash of its plain text.
    #[n(1)]
    pub hash: DocumentHash,
    /// Bytes of its plain text.
    #[n(2)]
    pub len: u64,
}

/// A letter of guarantee inside an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BidBond {
    /// The letter.
    #[n(0)]
    pub letter: BondLetter,
    /// The guarantor's key.
    #[n(1)]
    pub key: PublicKey,
    /// Its signature over the letter (label `guarantee`).
    #[n(2)]
    pub signature: Signature,
    /// What shows that the letter is for this bid's one-time key.
    #[n(3)]
    pub opening: Bytes<32>,
}

/// What a guarantor signs. It does not learn the one-time key, which `bind` hides.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BondLetter {
    /// The chain.
    #[n(0)]
    pub chain: ChainId,
    /// The tender.
    #[n(1)]
    pub tender: TenderId,
    /// The guarantor.
    #[n(2)]
    pub guarantor: CreditCode,
    /// Its number for the letter.
    #[n(3)]
    pub number: LetterNumber,
    /// For whom.
    #[n(4)]
    pub principal: CreditCode,
    /// How much.
    #[n(5)]
    pub amount: Amount,
    /// Until when, inclusive.
    #[n(6)]
    pub valid_until: BlockTime,
    /// The hidden one-time key (label `guarantee-bind`).
    #[n(7)]
    pub bind: Bytes<64>,
}

/// A bid that was opened and counts, unless a later one of the same bidder does.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpenedBid {
    /// Its one-time key, under which the sealed bid stands.
    #[n(0)]
    pub key: PublicKey,
    /// Its number among the envelopes of the tender.
    #[n(1)]
    pub order: u32,
    /// What it says.
    #[n(2)]
    pub offer: Offer,
}

/// A centre's key for issuing admission stamps in a quarter. It never changes: a key for one bidder alone would tell
/// its stamps apart.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StampKey {
    /// The centre.
    #[n(0)]
    pub centre: CreditCode,
    /// Its number among the issuers, from 1.
    #[n(1)]
    pub issuer: u16,
    /// The quarter: four times the year and the number of the quarter in it, from 0.
    #[n(2)]
    pub period: u16,
    /// The modulus, big-endian; the exponent is 65537.
    #[n(3)]
    pub modulus: Bytes<MODULUS_BYTES>,
    /// When it was registered.
    #[n(4)]
    pub at: BlockTime,
}
