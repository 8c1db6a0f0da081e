//! Acts of construction tenders as clients write them.

use ledger::procedure as act;
use ledger::record::{project as p, tender as t};
use ledger::time::Span;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Amount, InvalidField, parse, parse_amount, parse_list, parse_time};

/// A centre's seat key for a sealing epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterSeatKey {
    /// The epoch.
    pub epoch: u64,
    /// The key, a canonical ristretto255 encoding in hexadecimal.
    pub key: String,
    /// Proof of possession, 64 bytes in hexadecimal.
    pub possession: String,
}

/// What is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Industry {
    /// Buildings.
    Building,
    /// Municipal works.
    Municipal,
    /// Roads.
    Road,
    /// Anything else.
    Other,
}

/// The registration of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterProject {
    /// Credit code of the hosting centre.
    pub centre: String,
    /// Its name, 1 to 120 characters.
    pub name: String,
    /// Where it is built (GB/T 2260).
    #[schema(example = "440400")]
    pub region: String,
    /// What is built.
    pub industry: Industry,
    /// Number of the approval, 1 to 120 characters.
    pub approval: String,
    /// SHA-256 of the documents of the approval, in hexadecimal; at most 16.
    pub documents: Vec<String>,
}

/// A part of a tender that is awarded on its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lot {
    /// What it is, 1 to 120 characters.
    pub title: String,
    /// What it is estimated to cost.
    pub estimate: Amount,
    /// A bid above this is rejected.
    pub ceiling: Amount,
    /// What a bid's letter of guarantee must cover.
    pub bond: Amount,
}

/// How bids are compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Method {
    /// The lowest evaluated price wins.
    LowestPrice,
    /// The highest score wins; the weights are in hundredths of a point and 10,000 together.
    Score {
        /// Weight of the price.
        price: u32,
        /// Weight of the technical part.
        technical: u32,
        /// Weight of the business part.
        business: u32,
    },
}

/// The notice of an open tender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishTender {
    /// Code of the project.
    #[schema(example = "A034404002603020001")]
    pub project: String,
    /// Title of the notice, 1 to 120 characters.
    pub title: String,
    /// Its lots, 1 to 20.
    pub lots: Vec<Lot>,
    /// How bids are compared.
    pub method: Method,
    /// SHA-256 of the tender documents, in hexadecimal, 1 to 16.
    pub documents: Vec<String>,
    /// Until when the documents are available (RFC 3339).
    pub sale_until: String,
    /// The bid deadline (RFC 3339).
    pub closes_at: String,
    /// How long after the deadline bids that arrived before it are recorded, in milliseconds.
    pub grace_ms: u64,
    /// How many days bids bind from the deadline on.
    pub validity_days: u32,
    /// Length of the envelopes in KiB: 1, 2, 4, 8 or 16.
    pub envelope_kib: u32,
}

/// A clarification or change of the tender documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClarifyTender {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// SHA-256 of the documents that say it, in hexadecimal, 1 to 16.
    pub documents: Vec<String>,
    /// Whether it may affect how bids are made.
    pub affects_bids: bool,
}

/// A later deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendTender {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// The new deadline (RFC 3339).
    pub closes_at: String,
}

/// An objection to the tender documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RaiseObjection {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// SHA-256 of the text, in hexadecimal.
    pub text: String,
}

/// The organiser's answer to an objection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerObjection {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// Number of the objection.
    pub number: u32,
    /// SHA-256 of the answer, in hexadecimal.
    pub answer: String,
}

/// Converts an enumeration both ways, name by name.
macro_rules! convert {
    ($name:ty, $ledger:ty { $($variant:ident)* }) => {
        impl From<$ledger> for $name {
            fn from(value: $ledger) -> Self {
                match value { $(<$ledger>::$variant => Self::$variant,)* }
            }
        }

        impl From<$name> for $ledger {
            fn from(value: $name) -> Self {
                match value { $(<$name>::$variant => Self::$variant,)* }
            }
        }
    };
}
convert!(Industry, p::Industry { Building Municipal Road Other });

impl TryFrom<RegisterSeatKey> for act::seat::RegisterSeatKey {
    type Error = InvalidField;

    fn try_from(a: RegisterSeatKey) -> Result<Self, InvalidField> {
        let mut possession = [0; 64];
        hex::decode_to_slice(&a.possession, &mut possession)
            .map_err(|_| InvalidField::new("possession", "expected 128 hexadecimal digits"))?;
        Ok(Self {
            epoch: a.epoch,
            key: parse("key", &a.key)?,
            possession: ledger::crypto::Signature::from_bytes(possession),
        })
    }
}

impl From<act::seat::RegisterSeatKey> for RegisterSeatKey {
    fn from(a: act::seat::RegisterSeatKey) -> Self {
        let possession = hex::encode(a.possession.as_bytes());
        Self { epoch: a.epoch, key: a.key.to_string(), possession }
    }
}

impl TryFrom<RegisterProject> for act::project::RegisterProject {
    type Error = InvalidField;

    fn try_from(a: RegisterProject) -> Result<Self, InvalidField> {
        Ok(Self {
            centre: parse("centre", &a.centre)?,
            name: parse("name", &a.name)?,
            region: parse("region", &a.region)?,
            industry: a.industry.into(),
            approval: parse("approval", &a.approval)?,
            documents: parse_list("documents", &a.documents)?,
        })
    }
}

impl From<act::project::RegisterProject> for RegisterProject {
    fn from(a: act::project::RegisterProject) -> Self {
        Self {
            centre: a.centre.to_string(),
            name: a.name.to_string(),
            region: a.region.to_string(),
            industry: a.industry.into(),
            approval: a.approval.to_string(),
            documents: texts(&a.documents),
        }
    }
}

impl TryFrom<Lot> for t::Lot {
    type Error = InvalidField;

    fn try_from(lot: Lot) -> Result<Self, InvalidField> {
        Ok(Self {
            title: parse("title", &lot.title)?,
            estimate: parse_amount("estimate", lot.estimate)?,
            ceiling: parse_amount("ceiling", lot.ceiling)?,
            bond: parse_amount("bond", lot.bond)?,
        })
    }
}

impl From<t::Lot> for Lot {
    fn from(lot: t::Lot) -> Self {
        let title = lot.title.to_string();
        Self { title, estimate: lot.estimate.into(), ceiling: lot.ceiling.into(), bond: lot.bond.into() }
    }
}

impl From<Method> for t::Method {
    fn from(method: Method) -> Self {
        match method {
            Method::LowestPrice => Self::LowestPrice,
            Method::Score { price, technical, business } => Self::Score { price, technical, business },
        }
    }
}

impl From<t::Method> for Method {
    fn from(method: t::Method) -> Self {
        match method {
            t::Method::LowestPrice => Self::LowestPrice,
            t::Method::Score { price, technical, business } => Self::Score { price, technical, business },
        }
    }
}

impl TryFrom<PublishTender> for act::tender::PublishTender {
    type Error = InvalidField;

    fn try_from(a: PublishTender) -> Result<Self, InvalidField> {
        let lots = a.lots.into_iter().enumerate();
        let lot = |(i, lot): (usize, Lot)| {
            lot.try_into().map_err(|e: InvalidField| e.within(&format!("lots[{i}]")))
        };
        Ok(Self {
            project: parse("project", &a.project)?,
            title: parse("title", &a.title)?,
            lots: lots.map(lot).collect::<Result<_, _>>()?,
            method: a.method.into(),
            documents: parse_list("documents", &a.documents)?,
            sale_until: parse_time("sale_until", &a.sale_until)?,
            closes_at: parse_time("closes_at", &a.closes_at)?,
            grace: Span::from_millis(a.grace_ms),
            validity_days: a.validity_days,
            envelope: t::EnvelopeClass::from_kib(a.envelope_kib)
                .ok_or_else(|| InvalidField::new("envelope_kib", "is one of 1, 2, 4, 8, 16"))?,
        })
    }
}

impl From<act::tender::PublishTender> for PublishTender {
    fn from(a: act::tender::PublishTender) -> Self {
        Self {
            project: a.project.to_string(),
            title: a.title.to_string(),
            lots: a.lots.into_iter().map(Lot::from).collect(),
            method: a.method.into(),
            documents: texts(&a.documents),
            sale_until: a.sale_until.to_string(),
            closes_at: a.closes_at.to_string(),
            grace_ms: a.grace.as_millis(),
            validity_days: a.validity_days,
            envelope_kib: (a.envelope.bytes() / 1024) as u32,
        }
    }
}

impl TryFrom<ClarifyTender> for act::clarification::ClarifyTender {
    type Error = InvalidField;

    fn try_from(a: ClarifyTender) -> Result<Self, InvalidField> {
        Ok(Self {
            tender: parse("tender", &a.tender)?,
            documents: parse_list("documents", &a.documents)?,
            affects_bids: a.affects_bids,
        })
    }
}

impl From<act::clarification::ClarifyTender> for ClarifyTender {
    fn from(a: act::clarification::ClarifyTender) -> Self {
        let (tender, documents) = (a.tender.to_string(), texts(&a.documents));
        Self { tender, documents, affects_bids: a.affects_bids }
    }
}

impl TryFrom<ExtendTender> for act::clarification::ExtendTender {
    type Error = InvalidField;

    fn try_from(a: ExtendTender) -> Result<Self, InvalidField> {
        let closes_at = parse_time("closes_at", &a.closes_at)?;
        Ok(Self { tender: parse("tender", &a.tender)?, closes_at })
    }
}

impl From<act::clarification::ExtendTender> for ExtendTender {
    fn from(a: act::clarification::ExtendTender) -> Self {
        Self { tender: a.tender.to_string(), closes_at: a.closes_at.to_string() }
    }
}

impl TryFrom<RaiseObjection> for act::objection::RaiseObjection {
    type Error = InvalidField;

    fn try_from(a: RaiseObjection) -> Result<Self, InvalidField> {
        Ok(Self { tender: parse("tender", &a.tender)?, text: parse("text", &a.text)? })
    }
}

impl From<act::objection::RaiseObjection> for RaiseObjection {
    fn from(a: act::objection::RaiseObjection) -> Self {
        Self { tender: a.tender.to_string(), text: a.text.to_string() }
    }
}

impl TryFrom<AnswerObjection> for act::objection::AnswerObjection {
    type Error = InvalidField;

    fn try_from(a: AnswerObjection) -> Result<Self, InvalidField> {
        let answer = parse("answer", &a.answer)?;
        Ok(Self { tender: parse("tender", &a.tender)?, number: a.number, answer })
    }
}

impl From<act::objection::AnswerObjection> for AnswerObjection {
    fn from(a: act::objection::AnswerObjection) -> Self {
        Self { tender: a.tender.to_string(), number: a.number, answer: a.answer.to_string() }
    }
}

fn texts<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}
