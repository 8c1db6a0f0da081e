//! Tenders, sealed bids and committees as clients read them.

use ledger::record::{bid as b, project as p, seat as s, tender as t};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::tender::{Industry, Lot, Method};
use super::{Amount, Attestation};

/// A construction project that has entered a trading centre.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Project {
    /// Its code.
    pub code: String,
    /// Credit code of whoever invites tenders for it.
    pub organiser: String,
    /// Credit code of the hosting centre.
    pub centre: String,
    /// Its name.
    pub name: String,
    /// Where it is built (GB/T 2260).
    pub region: String,
    /// What is built.
    pub industry: Industry,
    /// Number of the approval.
    pub approval: String,
    /// SHA-256 of the documents of the approval, in hexadecimal.
    pub documents: Vec<String>,
    /// When it was registered (RFC 3339).
    pub registered_at: String,
}

impl From<p::Project> for Project {
    fn from(p: p::Project) -> Self {
        Self {
            code: p.code.to_string(),
            organiser: p.organiser.to_string(),
            centre: p.centre.to_string(),
            name: p.name.to_string(),
            region: p.region.to_string(),
            industry: p.industry.into(),
            approval: p.approval.to_string(),
            documents: texts(&p.documents),
            registered_at: p.registered_at.to_string(),
        }
    }
}

/// A tender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tender {
    /// Its id, in hexadecimal.
    pub id: String,
    /// Its unified deal code.
    pub deal: String,
    /// Code of its project.
    pub project: String,
    /// Its code within the project.
    pub code: String,
    /// Credit code of whoever invites.
    pub organiser: String,
    /// Credit code of the hosting centre.
    pub centre: String,
    /// Title of the notice.
    pub title: String,
    /// Codes of the lots, in their order.
    pub sections: Vec<String>,
    /// The lots.
    pub lots: Vec<Lot>,
    /// How bids are compared.
    pub method: Method,
    /// SHA-256 of the tender documents with their clarifications, in hexadecimal.
    pub documents: Vec<String>,
    /// Until when the documents are available (RFC 3339).
    pub sale_until: String,
    /// The bid deadline (RFC 3339).
    pub closes_at: String,
    /// Until then bids that arrived before the deadline are recorded; then the opening begins (RFC 3339).
    pub opens_at: String,
    /// How many days bids bind from the deadline on.
    pub validity_days: u32,
    /// Length of the envelopes in KiB.
    pub envelope_kib: u32,
    /// Epoch of the committee to which bids are sealed.
    pub committee: u64,
    /// Version of the rule pack that this tender keeps.
    pub pack_version: u32,
    /// When the notice was published (RFC 3339).
    pub published_at: String,
    /// Where it stands.
    pub stage: String,
    /// Clarifications and changes so far.
    pub clarifications: u32,
    /// Objections so far.
    pub objections: u32,
    /// Objections among them that await an answer.
    pub open_objections: u32,
    /// Since when the tender is suspended (RFC 3339).
    pub suspended_at: Option<String>,
}

impl From<t::Tender> for Tender {
    fn from(t: t::Tender) -> Self {
        Self {
            id: t.id.to_string(),
            deal: t.deal.to_string(),
            project: t.project.to_string(),
            code: t.code.to_string(),
            organiser: t.organiser.to_string(),
            centre: t.centre.to_string(),
            title: t.title.to_string(),
            sections: texts(&t.sections),
            opens_at: t.opens_at().to_string(),
            lots: t.lots.into_iter().map(Lot::from).collect(),
            method: t.method.into(),
            documents: texts(&t.documents),
            sale_until: t.sale_until.to_string(),
            closes_at: t.closes_at.to_string(),
            validity_days: t.validity_days,
            envelope_kib: (t.envelope.bytes() / 1024) as u32,
            committee: t.committee,
            pack_version: t.pack_version,
            published_at: t.published_at.to_string(),
            stage: t.stage.name().to_owned(),
            clarifications: t.clarifications,
            objections: t.objections,
            open_objections: t.open_objections,
            suspended_at: t.suspended_at.map(|at| at.to_string()),
        }
    }
}

/// An objection to the tender documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Objection {
    /// Number within the tender, from 1.
    pub number: u32,
    /// Credit code of who raised it.
    pub by: String,
    /// SHA-256 of its text, in hexadecimal.
    pub text: String,
    /// When (RFC 3339).
    pub at: String,
    /// Until when it must be answered (RFC 3339).
    pub answer_by: String,
    /// SHA-256 of the answer, in hexadecimal.
    pub answer: Option<String>,
    /// When it was answered (RFC 3339).
    pub answered_at: Option<String>,
}

impl From<t::Objection> for Objection {
    fn from(o: t::Objection) -> Self {
        Self {
            number: o.number,
            by: o.by.to_string(),
            text: o.text.to_string(),
            at: o.at.to_string(),
            answer_by: o.answer_by.to_string(),
            answer: o.answer.map(|answer| answer.to_string()),
            answered_at: o.answered_at.map(|at| at.to_string()),
        }
    }
}

/// A sealed bid: what anybody can see of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealedBid {
    /// Its name, in hexadecimal.
    pub bid: String,
    /// The tender, in hexadecimal.
    pub tender: String,
    /// The one-time key that signs it, in hexadecimal.
    pub key: String,
    /// Number of the last act under the key.
    pub sequence: u32,
    /// Version of the bid that is sealed here.
    pub version: u32,
    /// Number among the envelopes that the tender took.
    pub order: u32,
    /// The encrypted documents.
    pub documents: Vec<SealedDocument>,
    /// When it was recorded (RFC 3339).
    pub at: String,
    /// Where it stands; `live` is sealed.
    pub status: String,
    /// The dealing, in hexadecimal.
    pub dealing: String,
    /// Once it is opened: the secret from which the keys of envelope and documents follow, in hexadecimal.
    pub secret: Option<String>,
}

/// An encrypted document of a bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealedDocument {
    /// SHA-256 of the ciphertext, in hexadecimal.
    pub hash: String,
    /// Bytes of the ciphertext.
    pub len: u64,
}

impl From<b::Bid> for SealedBid {
    fn from(bid: b::Bid) -> Self {
        let document = |d: &b::SealedDocument| SealedDocument { hash: d.hash.to_string(), len: d.len };
        Self {
            bid: bid.id.to_string(),
            tender: bid.tender.to_string(),
            key: bid.key.to_string(),
            sequence: bid.sequence,
            version: bid.version,
            order: bid.order,
            documents: bid.documents.iter().map(document).collect(),
            at: bid.at.to_string(),
            status: bid.status.name().to_owned(),
            dealing: hex::encode(bid.dealing.as_slice()),
            secret: bid.secret.map(|secret| secret.to_string()),
        }
    }
}

/// A live bid in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LiveBid {
    /// Its name, in hexadecimal.
    pub bid: String,
    /// Its one-time key, in hexadecimal.
    pub key: String,
}

impl From<b::LiveBid> for LiveBid {
    fn from(bid: b::LiveBid) -> Self {
        Self { bid: bid.id.to_string(), key: bid.key.to_string() }
    }
}

/// A price for a lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LotPrice {
    /// Number of the lot, from 1.
    pub lot: u32,
    /// The price.
    pub price: Amount,
}

/// What a document of an opened bid is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentEntry {
    /// Its name.
    pub name: String,
    /// SHA-256 of its plain text, in hexadecimal.
    pub hash: String,
    /// Bytes of its plain text.
    pub len: u64,
}

/// The letter of guarantee in an opened bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Bond {
    /// Credit code of the guarantor.
    pub guarantor: String,
    /// Its number for the letter.
    pub number: String,
    /// How much.
    pub amount: Amount,
    /// Until when, inclusive (RFC 3339).
    pub valid_until: String,
}

/// A bid that was opened and counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenedBid {
    /// Credit code of the bidder.
    pub bidder: String,
    /// Its one-time key, in hexadecimal, under which the sealed bid stands.
    pub key: String,
    /// Its number among the envelopes.
    pub order: u32,
    /// Prices of the lots.
    pub prices: Vec<LotPrice>,
    /// The documents, in the order of the sealed ones.
    pub documents: Vec<DocumentEntry>,
    /// The letter of guarantee.
    pub bond: Option<Bond>,
}

impl From<b::OpenedBid> for OpenedBid {
    fn from(bid: b::OpenedBid) -> Self {
        let b::Offer { bidder, prices, documents, bond, .. } = bid.offer;
        let bond = bond.map(|bond| Bond {
            guarantor: bond.letter.guarantor.to_string(),
            number: bond.letter.number.to_string(),
            amount: bond.letter.amount.into(),
            valid_until: bond.letter.valid_until.to_string(),
        });
        let documents = documents.into_iter().map(|d| DocumentEntry {
            name: d.name.to_string(),
            hash: d.hash.to_string(),
            len: d.len,
        });
        Self {
            bidder: bidder.to_string(),
            key: bid.key.to_string(),
            order: bid.order,
            prices: prices.into_iter().map(|p| LotPrice { lot: p.lot, price: p.price.into() }).collect(),
            documents: documents.collect(),
            bond,
        }
    }
}

/// The opening of a tender's bids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Opening {
    /// Root of the list of bids, which the shares commit to, in hexadecimal.
    pub root: String,
    /// Time of the block that fixed the list (RFC 3339).
    pub began_at: String,
    /// Bids on the list.
    pub bids: u32,
    /// Bids not opened yet.
    pub left: u32,
    /// Bids that count so far.
    pub valid: u32,
    /// Whether a bidder opened its own bid because seats were missing.
    pub by_bidders: bool,
    /// How many seats open a chunk.
    pub needed: u8,
    /// The chunks.
    pub chunks: Vec<Chunk>,
}

/// Bids that are opened together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chunk {
    /// Its number, from 0.
    pub number: u32,
    /// How many bids it has.
    pub bids: usize,
    /// Whether its bids are open.
    pub opened: bool,
    /// Credit codes of the centres whose seats gave their shares.
    pub given: Vec<String>,
    /// Credit codes of those that have not; when the chunk is open none are needed any more.
    pub missing: Vec<String>,
}

impl Opening {
    /// An opening with its chunks, of the committee that gives the shares.
    pub(crate) fn new(opening: &b::Opening, chunks: &[b::Chunk], committee: &s::Committee) -> Self {
        let chunk = |(number, chunk): (u32, &b::Chunk)| {
            let seats = (1_u8..=u8::MAX).zip(&committee.seats);
            let (given, missing): (Vec<_>, Vec<_>) = seats.partition(|(seat, _)| chunk.seats.contains(seat));
            let names =
                |seats: Vec<(u8, &s::Seat)>| seats.iter().map(|(_, s)| s.centre.to_string()).collect();
            let (given, missing) = (names(given), names(missing));
            Chunk { number, bids: chunk.bids.len(), opened: chunk.opened, given, missing }
        };
        Self {
            root: hex::encode(opening.root.as_slice()),
            began_at: opening.began_at.to_string(),
            bids: opening.bids,
            left: opening.left,
            valid: opening.valid,
            by_bidders: opening.by_bidders,
            needed: committee.k,
            chunks: (0_u32..).zip(chunks).map(chunk).collect(),
        }
    }
}

/// The time in which bids are sealed to one committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SealingEpoch {
    /// Its number, from 1.
    pub number: u64,
    /// When it began (RFC 3339).
    pub began_at: String,
    /// From then on the committee does not wait for every member (RFC 3339).
    pub forms_at: String,
    /// When the next one begins, unless the members change before (RFC 3339).
    pub ends_at: String,
    /// Whether it has a committee.
    pub formed: bool,
}

impl From<s::SealingEpoch> for SealingEpoch {
    fn from(e: s::SealingEpoch) -> Self {
        let (began_at, forms_at, ends_at) =
            (e.began_at.to_string(), e.forms_at.to_string(), e.ends_at.to_string());
        Self { number: e.number, began_at, forms_at, ends_at, formed: e.formed }
    }
}

/// The centres of which some open a bid together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Committee {
    /// Its name, 64 bytes in hexadecimal.
    pub id: String,
    /// Its epoch.
    pub epoch: u64,
    /// How many seats open a bid.
    pub needed: u8,
    /// The seats, in their order; the first has number 1.
    pub seats: Vec<Seat>,
    /// When it formed (RFC 3339).
    pub formed_at: String,
}

/// A seat of a committee.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Seat {
    /// Credit code of the centre.
    pub centre: String,
    /// Its key of this epoch, a ristretto255 encoding in hexadecimal.
    pub key: String,
}

impl From<s::Committee> for Committee {
    fn from(c: s::Committee) -> Self {
        let seat = |s: &s::Seat| Seat { centre: s.centre.to_string(), key: s.key.to_string() };
        Self {
            id: hex::encode(c.id.0),
            epoch: c.epoch,
            needed: c.k,
            seats: c.seats.iter().map(seat).collect(),
            formed_at: c.formed_at.to_string(),
        }
    }
}

/// A centre's key for admission stamps of a quarter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StampKey {
    /// Credit code of the centre.
    pub centre: String,
    /// Its number among the issuers.
    pub issuer: u16,
    /// The quarter: four times the year and the number of the quarter in it, from 0.
    pub quarter: u16,
    /// The RSA-3072 modulus, in hexadecimal, big-endian; the exponent is 65537.
    pub modulus: String,
    /// When it was registered (RFC 3339).
    pub at: String,
}

impl From<b::StampKey> for StampKey {
    fn from(k: b::StampKey) -> Self {
        let (centre, modulus) = (k.centre.to_string(), hex::encode(k.modulus.as_slice()));
        Self { centre, issuer: k.issuer, quarter: k.period, modulus, at: k.at.to_string() }
    }
}

/// A centre's blind signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlindSignature {
    /// Number of the centre among the issuers.
    pub issuer: u16,
    /// The quarter.
    pub quarter: u16,
    /// Over the blinded message, 384 bytes in hexadecimal.
    pub signature: String,
}

/// A centre's word on when a bid came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArrivalReceipt {
    /// Name of the bid, in hexadecimal.
    pub bid: String,
    /// Credit code of the centre.
    pub centre: String,
    /// When, in milliseconds since 1970 by the centre's clock: this is what is signed.
    pub at_ms: u64,
    /// The key and its signature (label `arrival` of the sealing scheme).
    #[serde(flatten)]
    pub attestation: Attestation,
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
