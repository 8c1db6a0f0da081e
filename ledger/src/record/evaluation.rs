//! The evaluation of opened bids: experts, the panel that is drawn from them, its scores, and what is awarded.

use minicbor::{Decode, Encode};

use crate::amount::Amount;
use crate::codec::{Bytes, Title};
use crate::crypto::PublicKey;
use crate::hash::{DocumentHash, hash_type};
use crate::id::{CreditCode, TenderId};
use crate::record::listing::Contract;
use crate::record::project::Industry;
use crate::time::BlockTime;

hash_type! {
    /// Commits to an expert's card: SHA-256 of the text `zhulian/expert/1`, a zero byte, and the card's encoding.
    CardHash
}
hash_type! {
    /// Commits to a score sheet: SHA-256 of the text `zhulian/scores/1`, a zero byte, and the encoding of the tender, the
    /// expert's key, the sheet and 32 random bytes.
    SheetHash
}
hash_type! {
    /// What the draw of a panel follows from, which nobody could know before the opening.
    Beacon
}

/// What a centre knows of an expert, and shows when the result is fixed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ExpertCard {
    /// Name.
    #[n(0)]
    pub name: Title,
    /// Who employs the expert; nobody for the self-employed.
    #[n(1)]
    pub employer: Option<CreditCode>,
    /// 32 random bytes, without which names could be guessed from the commitment.
    #[n(2)]
    pub salt: Bytes<32>,
}

/// An expert in the pool. An entry serves for one panel; whoever evaluates again is entered again, under a fresh key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Expert {
    /// Number in the pool of the industry, from 1.
    #[n(0)]
    pub number: u32,
    /// The centre that entered the expert, and knows who it is.
    #[n(1)]
    pub centre: CreditCode,
    /// The key with which the expert signs scores.
    #[n(2)]
    pub key: PublicKey,
    /// Commits to who it is.
    #[n(3)]
    pub card: CardHash,
    /// When it was entered.
    #[n(4)]
    pub at: BlockTime,
}

/// Experts of an industry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PoolTally {
    /// How many were ever entered.
    #[n(0)]
    pub entered: u32,
    /// How many are free.
    #[n(1)]
    pub free: u32,
}

/// Why an expert leaves a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ExcuseGround {
    /// An interest in one of the bidders, or in the organiser (条46).
    #[n(0)]
    Conflict,
    /// The expert does not come, or does not go on (条48).
    #[n(1)]
    Absence,
}

impl ExcuseGround {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Absence => "absence",
        }
    }
}

/// A seat of a panel. Who left it keeps a seat, so that nobody is drawn twice.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PanelSeat {
    /// Who sits on it.
    #[n(0)]
    pub expert: Expert,
    /// Why the expert left, if so.
    #[n(1)]
    pub excused: Option<ExcuseGround>,
    /// Commits to the scores.
    #[n(2)]
    pub sheet: Option<SheetHash>,
    /// Whether the scores are known.
    #[n(3)]
    pub revealed: bool,
    /// Who it is, once the result is fixed.
    #[n(4)]
    pub card: Option<ExpertCard>,
}

/// The evaluation of a tender's bids.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Evaluation {
    /// What the draw follows from.
    #[n(0)]
    pub beacon: Beacon,
    /// When the opening ended.
    #[n(1)]
    pub opened_at: BlockTime,
    /// How many members the panel has.
    #[n(2)]
    pub members: u32,
    /// Its seats, in the order of the draw.
    #[n(3)]
    pub seats: Vec<PanelSeat>,
    /// When the ranking was computed and published.
    #[n(4)]
    pub ranked_at: Option<BlockTime>,
    /// Until when the candidates are on display.
    #[n(5)]
    pub display_until: Option<BlockTime>,
    /// Lots whose contract is not signed yet.
    #[n(6)]
    pub lots_left: u32,
}

impl Evaluation {
    /// The seats that are not left, with their numbers from 1.
    pub fn sitting(&self) -> impl Iterator<Item = (usize, &PanelSeat)> {
        (1..).zip(&self.seats).filter(|(_, seat)| seat.excused.is_none())
    }

    /// Whether every member that it needs sits.
    pub fn is_full(&self) -> bool {
        self.sitting().count() >= self.members as usize
    }
}

/// Why a bid is rejected (条51).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum RejectionGround {
    /// Not signed or sealed as demanded.
    #[n(0)]
    Unsigned,
    /// A joint bid without its agreement.
    #[n(1)]
    NoJointAgreement,
    /// The bidder does not meet the requirements.
    #[n(2)]
    Unqualified,
    /// Two bids or two prices.
    #[n(3)]
    TwoPrices,
    /// Below cost, or above the ceiling.
    #[n(4)]
    Price,
    /// Does not answer the documents' substantial demands.
    #[n(5)]
    NotResponsive,
    /// Collusion, fraud or bribery.
    #[n(6)]
    Unlawful,
}

impl RejectionGround {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Unsigned,
        Self::NoJointAgreement,
        Self::Unqualified,
        Self::TwoPrices,
        Self::Price,
        Self::NotResponsive,
        Self::Unlawful,
    ];

    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::NoJointAgreement => "no_joint_agreement",
            Self::Unqualified => "unqualified",
            Self::TwoPrices => "two_prices",
            Self::Price => "price",
            Self::NotResponsive => "not_responsive",
            Self::Unlawful => "unlawful",
        }
    }
}

/// What an expert thinks of a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Mark {
    /// For the technical part, in hundredths of a point, up to its weight.
    #[n(0)]
    pub technical: u32,
    /// For the business part.
    #[n(1)]
    pub business: u32,
    /// Why the bid is to be rejected, if it is; it has no points then.
    #[n(2)]
    pub rejected: Option<RejectionGround>,
}

/// An expert's scores.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Sheet {
    /// One mark for each bid that counts, ascending by the bidder's credit code.
    #[n(0)]
    pub marks: Vec<Mark>,
    /// A dissenting opinion, by content (条53).
    #[n(1)]
    pub dissent: Option<DocumentHash>,
}

/// A bidder whom the panel proposes for a lot (中标候选人).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Candidate {
    /// Who.
    #[n(0)]
    pub bidder: CreditCode,
    /// The price.
    #[n(1)]
    pub price: Amount,
    /// The score in hundredths of a point; 0 where the lowest price wins.
    #[n(2)]
    pub score: u32,
}

/// A lot after the evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct LotResult {
    /// The candidates, the best first; at most as many as rule CT19 says.
    #[n(0)]
    pub candidates: Vec<Candidate>,
    /// How many of them lost their award because no contract was signed in time.
    #[n(1)]
    pub lapsed: u32,
    /// When it was awarded to the first of the others.
    #[n(2)]
    pub awarded_at: Option<BlockTime>,
    /// Until when the contract must be signed.
    #[n(3)]
    pub contract_by: Option<BlockTime>,
    /// The contract; the organiser signs as seller.
    #[n(4)]
    pub contract: Option<Contract>,
}

impl LotResult {
    /// Who is, or would be, awarded the lot.
    pub fn first(&self) -> Option<&Candidate> {
        self.candidates.get(self.lapsed as usize)
    }

    /// Whether both sides have signed its contract.
    pub fn is_contracted(&self) -> bool {
        self.contract.as_ref().is_some_and(|contract| contract.signed.complete())
    }
}

/// Whose a key is that signs scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ExpertStanding {
    /// For which kind of work.
    #[n(0)]
    pub industry: Industry,
    /// Number in its pool.
    #[n(1)]
    pub number: u32,
    /// The panel on which the expert sits or sat.
    #[n(2)]
    pub panel: Option<TenderId>,
}
