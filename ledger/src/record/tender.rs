//! Construction tenders, their lots and the objections to their documents.

use minicbor::{Decode, Encode};

use crate::amount::Amount;
use crate::codec::Title;
use crate::hash::DocumentHash;
use crate::id::{CreditCode, DealCode, ProjectCode, SectionCode, TenderCode, TenderId};
use crate::time::{BlockTime, Span};

/// A part of a tender that is awarded on its own (标段).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Lot {
    /// What it is.
    #[n(0)]
    pub title: Title,
    /// What it is estimated to cost (估算价).
    #[n(1)]
    pub estimate: Amount,
    /// A bid above this is rejected (最高投标限价).
    #[n(2)]
    pub ceiling: Amount,
    /// What a bid's letter of guarantee must cover (投标保证金).
    #[n(3)]
    pub bond: Amount,
}

/// How bids are compared (评标办法).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Method {
    /// The lowest evaluated price wins (经评审的最低投标价法).
    #[n(0)]
    LowestPrice,
    /// The highest score wins (综合评估法).
    #[n(1)]
    Score {
        /// Weight of the price in hundredths of a point; the weights are 10,000 together.
        #[n(0)]
        price: u32,
        /// Weight of the technical part.
        #[n(1)]
        technical: u32,
        /// Weight of the business part.
        #[n(2)]
        business: u32,
    },
}

/// Length of an envelope before encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum EnvelopeClass {
    /// 1,024 bytes.
    #[n(0)]
    Kib1,
    /// 2,048 bytes.
    #[n(1)]
    Kib2,
    /// 4,096 bytes.
    #[n(2)]
    Kib4,
    /// 8,192 bytes.
    #[n(3)]
    Kib8,
    /// 16,384 bytes.
    #[n(4)]
    Kib16,
}

impl EnvelopeClass {
    /// All classes, ascending.
    pub const ALL: [Self; 5] = [Self::Kib1, Self::Kib2, Self::Kib4, Self::Kib8, Self::Kib16];

    /// Bytes of the padded payload.
    pub const fn bytes(self) -> usize {
        1024 << self as usize
    }

    /// The class of envelopes of so many KiB; nothing for other lengths.
    pub fn from_kib(kib: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|class| u32::try_from(class.bytes() / 1024) == Ok(kib))
    }
}

/// Where a tender stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum TenderStage {
    /// Bids can be made (招标公告至投标截止).
    #[n(0)]
    Accepting,
    /// An objection awaits its answer, and until then everything rests (暂停).
    #[n(1)]
    Suspended,
    /// The opening has begun, and seats give their shares (开标).
    #[n(2)]
    Opening,
    /// Seats are missing; the opening goes on.
    #[n(3)]
    Stalled,
    /// All bids are open.
    #[n(4)]
    Opened,
    /// All bids are open, some because their bidders opened them.
    #[n(5)]
    OpenedLate,
    /// Too few bids: nothing is opened (流标).
    #[n(6)]
    Failed,
    /// Seats stayed missing, and the tender is void.
    #[n(7)]
    Annulled,
    /// The candidates are on display (中标候选人公示).
    #[n(8)]
    OnDisplay,
    /// They have been on display long enough; lots can be awarded.
    #[n(9)]
    Displayed,
    /// Lots are awarded, and their contracts are to be signed (中标).
    #[n(10)]
    Awarded,
    /// The contracts are signed.
    #[n(11)]
    Contracted,
}

impl TenderStage {
    /// All stages in order.
    pub const ALL: [Self; 12] = [
        Self::Accepting,
        Self::Suspended,
        Self::Opening,
        Self::Stalled,
        Self::Opened,
        Self::OpenedLate,
        Self::Failed,
        Self::Annulled,
        Self::OnDisplay,
        Self::Displayed,
        Self::Awarded,
        Self::Contracted,
    ];

    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accepting => "accepting",
            Self::Suspended => "suspended",
            Self::Opening => "opening",
            Self::Stalled => "stalled",
            Self::Opened => "opened",
            Self::OpenedLate => "opened_late",
            Self::Failed => "failed",
            Self::Annulled => "annulled",
            Self::OnDisplay => "on_display",
            Self::Displayed => "displayed",
            Self::Awarded => "awarded",
            Self::Contracted => "contracted",
        }
    }
}

/// A tender.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Tender {
    /// Its name in the sealing scheme.
    #[n(0)]
    pub id: TenderId,
    /// Its unified deal code.
    #[n(1)]
    pub deal: DealCode,
    /// Its project.
    #[n(2)]
    pub project: ProjectCode,
    /// Its code within the project.
    #[n(3)]
    pub code: TenderCode,
    /// Who invites.
    #[n(4)]
    pub organiser: CreditCode,
    /// The centre that hosts it.
    #[n(5)]
    pub centre: CreditCode,
    /// Title of the notice.
    #[n(6)]
    pub title: Title,
    /// Codes of the lots, in their order.
    #[n(7)]
    pub sections: Vec<SectionCode>,
    /// The lots.
    #[n(8)]
    pub lots: Vec<Lot>,
    /// How bids are compared.
    #[n(9)]
    pub method: Method,
    /// The tender documents with their clarifications, by content, in the order of publication.
    #[n(10)]
    pub documents: Vec<DocumentHash>,
    /// Until when the documents are available.
    #[n(11)]
    pub sale_until: BlockTime,
    /// The bid deadline.
    #[n(12)]
    pub closes_at: BlockTime,
    /// Bids that arrived before the deadline are recorded until this long after it; then the opening begins.
    #[n(13)]
    pub grace: Span,
    /// How many days bids bind from the deadline on.
    #[n(14)]
    pub validity_days: u32,
    /// Length of the envelopes.
    #[n(15)]
    pub envelope: EnvelopeClass,
    /// Epoch of the committee to which bids are sealed.
    #[n(16)]
    pub committee: u64,
    /// Version of the rule pack that this tender keeps.
    #[n(17)]
    pub pack_version: u32,
    /// When the notice was published.
    #[n(18)]
    pub published_at: BlockTime,
    /// Where it stands.
    #[n(19)]
    pub stage: TenderStage,
    /// Clarifications and changes so far.
    #[n(20)]
    pub clarifications: u32,
    /// Objections so far.
    #[n(21)]
    pub objections: u32,
    /// Objections among them that await an answer.
    #[n(22)]
    pub open_objections: u32,
    /// When the first of those was raised.
    #[n(23)]
    pub suspended_at: Option<BlockTime>,
}

impl Tender {
    /// When the opening begins.
    pub const fn opens_at(&self) -> BlockTime {
        self.closes_at.plus(self.grace)
    }
}

/// An objection to the tender documents.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Objection {
    /// Number within the tender, from 1.
    #[n(0)]
    pub number: u32,
    /// Who raised it.
    #[n(1)]
    pub by: CreditCode,
    /// Its text, by content.
    #[n(2)]
    pub text: DocumentHash,
    /// When.
    #[n(3)]
    pub at: BlockTime,
    /// Until when it must be answered.
    #[n(4)]
    pub answer_by: BlockTime,
    /// The answer, by content.
    #[n(5)]
    pub answer: Option<DocumentHash>,
    /// When it was answered.
    #[n(6)]
    pub answered_at: Option<BlockTime>,
}
