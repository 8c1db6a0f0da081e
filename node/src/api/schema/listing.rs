//! Listings, bidders and quotes as clients read them.

use ledger::record::listing as l;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Amount, EndReason, InvalidField, Stage, decimal, parse, parse_amount, parse_list};

/// The land-use right on offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Number of the parcel, 1 to 120 characters.
    pub parcel: String,
    /// Where it lies, 1 to 2,000 characters.
    pub location: String,
    /// Area in square metres, a decimal text with at most two digits.
    #[schema(example = "20000.00", pattern = "^[0-9]+([.][0-9]{1,2})?$")]
    pub area_m2: String,
    /// What it may be used for, 1 to 120 characters.
    pub land_use: String,
    /// Term of the right in years, 1 to 70.
    pub term_years: u32,
    /// SHA-256 of the documents that belong to the notice, in hexadecimal; at most 16.
    #[serde(default)]
    pub documents: Vec<String>,
}

impl TryFrom<Resource> for l::Resource {
    type Error = InvalidField;

    fn try_from(r: Resource) -> Result<Self, InvalidField> {
        Ok(Self {
            parcel: parse("parcel", &r.parcel)?,
            location: parse("location", &r.location)?,
            area_dm2: parse_hundredths("area_m2", &r.area_m2)?,
            land_use: parse("land_use", &r.land_use)?,
            term_years: r.term_years,
            documents: parse_list("documents", &r.documents)?,
        })
    }
}

impl From<l::Resource> for Resource {
    fn from(r: l::Resource) -> Self {
        Self {
            parcel: r.parcel.to_string(),
            location: r.location.to_string(),
            area_m2: decimal(r.area_dm2),
            land_use: r.land_use.to_string(),
            term_years: r.term_years,
            documents: r.documents.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Reads a decimal with at most two digits after the point as hundredths.
fn parse_hundredths(field: &str, text: &str) -> Result<u64, InvalidField> {
    let wrong = || {
        InvalidField::new(field, "not a decimal with at most two digits after the point, such as 20000.00")
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 2 {
        return Err(wrong());
    }
    format!("{whole}{fraction:0<2}").parse().map_err(|_| wrong())
}

/// Prices and deposit of a listing, all in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// The first quote must be at least this.
    pub starting: Amount,
    /// Below this nothing is sold.
    pub reserve: Amount,
    /// A quote must exceed the best one by at least this.
    pub increment: Amount,
    /// What each bidder's letter must cover.
    pub deposit: Amount,
}

impl TryFrom<Prices> for l::Prices {
    type Error = InvalidField;

    fn try_from(p: Prices) -> Result<Self, InvalidField> {
        Ok(Self {
            starting: parse_amount("starting", p.starting)?,
            reserve: parse_amount("reserve", p.reserve)?,
            increment: parse_amount("increment", p.increment)?,
            deposit: parse_amount("deposit", p.deposit)?,
        })
    }
}

impl From<l::Prices> for Prices {
    fn from(p: l::Prices) -> Self {
        Self {
            starting: p.starting.into(),
            reserve: p.reserve.into(),
            increment: p.increment.into(),
            deposit: p.deposit.into(),
        }
    }
}

/// Rule values fixed when the listing was published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Terms {
    /// Version of the rule pack.
    pub pack_version: u32,
    /// Length of timed bidding, in milliseconds.
    pub timed_bidding_ms: u64,
    /// Extension window of timed bidding, in milliseconds.
    pub extension_ms: u64,
    /// A deposited letter must be valid until this instant at least (RFC 3339).
    pub letters_valid_until: String,
}

/// The highest quote so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BestQuote {
    /// Who.
    pub bidder: String,
    /// How much.
    pub price: Amount,
    /// Number of the quote within the listing, from 1.
    pub number: u32,
}

/// The two sides' signatures under one thing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BothSides {
    /// When the seller signed (RFC 3339).
    pub seller: Option<String>,
    /// When the winner signed (RFC 3339).
    pub winner: Option<String>,
}

impl From<l::BothSides> for BothSides {
    fn from(b: l::BothSides) -> Self {
        Self { seller: b.seller.map(|t| t.to_string()), winner: b.winner.map(|t| t.to_string()) }
    }
}

/// The contract as recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contract {
    /// SHA-256 of the contract document, in hexadecimal.
    pub document: String,
    /// Who has signed the record.
    pub signed: BothSides,
}

/// A listing from notice to contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Listing {
    /// Unified deal code.
    pub code: String,
    /// Credit code of the seller.
    pub seller: String,
    /// Credit code of the hosting centre.
    pub centre: String,
    /// Title of the notice.
    pub title: String,
    /// Region of the resource.
    pub region: String,
    /// The resource.
    pub resource: Resource,
    /// Prices and deposit.
    pub prices: Prices,
    /// When the notice was published (RFC 3339).
    pub published_at: String,
    /// When quotes may begin (RFC 3339).
    pub opens_at: String,
    /// When the listing period ends (RFC 3339).
    pub closes_at: String,
    /// Rule values fixed at publication.
    pub terms: Terms,
    /// Where the listing stands.
    pub stage: Stage,
    /// End of the period that runs in this stage, if one does (RFC 3339).
    pub stage_ends_at: Option<String>,
    /// Bidders that have deposited a letter.
    pub qualified: u32,
    /// Bidders among them that have quoted.
    pub quoting: u32,
    /// Quotes recorded.
    pub quotes: u32,
    /// The best of them.
    pub best: Option<BestQuote>,
    /// Signatures under the confirmation of the deal.
    pub confirmation: BothSides,
    /// The contract record.
    pub contract: Option<Contract>,
    /// Why it ended, if it ended without a contract.
    pub ended: Option<EndReason>,
}

impl From<l::Listing> for Listing {
    fn from(l: l::Listing) -> Self {
        Self {
            code: l.code.to_string(),
            seller: l.seller.to_string(),
            centre: l.centre.to_string(),
            title: l.title.to_string(),
            region: l.region.to_string(),
            resource: l.resource.into(),
            prices: l.prices.into(),
            published_at: l.published_at.to_string(),
            opens_at: l.opens_at.to_string(),
            closes_at: l.closes_at.to_string(),
            terms: Terms {
                pack_version: l.terms.pack_version,
                timed_bidding_ms: l.terms.timed_bidding.as_millis(),
                extension_ms: l.terms.extension.as_millis(),
                letters_valid_until: l.terms.letters_valid_until.to_string(),
            },
            stage: l.stage.into(),
            stage_ends_at: l.stage_ends_at.map(|t| t.to_string()),
            qualified: l.qualified,
            quoting: l.quoting,
            quotes: l.quotes,
            best: l.best.map(|b| BestQuote {
                bidder: b.bidder.to_string(),
                price: b.price.into(),
                number: b.number,
            }),
            confirmation: l.confirmation.into(),
            contract: l
                .contract
                .map(|c| Contract { document: c.document.to_string(), signed: c.signed.into() }),
            ended: l.ended.map(EndReason::from),
        }
    }
}

/// A bidder's standing in one listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Bidder {
    /// Credit code of the bidder.
    pub bidder: String,
    /// The letter deposited, as `GUARANTOR:NUMBER`.
    pub guarantee: String,
    /// When (RFC 3339).
    pub at: String,
    /// How many quotes it has made.
    pub quotes: u32,
}

impl From<l::Qualification> for Bidder {
    fn from(q: l::Qualification) -> Self {
        Self {
            bidder: q.bidder.to_string(),
            guarantee: q.guarantee.to_string(),
            at: q.at.to_string(),
            quotes: q.quotes,
        }
    }
}

/// One quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Quote {
    /// Number within the listing, from 1.
    pub number: u32,
    /// Credit code of the bidder.
    pub bidder: String,
    /// How much.
    pub price: Amount,
    /// When (RFC 3339).
    pub at: String,
}

impl From<l::Quote> for Quote {
    fn from(q: l::Quote) -> Self {
        Self { number: q.number, bidder: q.bidder.to_string(), price: q.price.into(), at: q.at.to_string() }
    }
}
