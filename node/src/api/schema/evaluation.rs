//! Experts, panels, scores and awards as clients write and read them.

use ledger::procedure as act;
use ledger::record::evaluation as e;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::identity::{bytes, show};
use super::tender::Industry;
use super::{Amount, InvalidField, parse};

/// Experts that a centre enters in the pool.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterExperts {
    /// What they know about.
    pub industry: Industry,
    /// The experts, 1 to 64, ascending by key.
    pub experts: Vec<ExpertEntry>,
}

/// An expert as entered: nobody learns who it is until a result is fixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertEntry {
    /// A fresh key of the expert's, in hexadecimal.
    pub key: String,
    /// Hash of the expert's card, in hexadecimal.
    pub card: String,
}

/// Who an expert is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpertCard {
    /// Name.
    pub name: String,
    /// Credit code of the employer; nothing for the self-employed.
    #[serde(default)]
    pub employer: Option<String>,
    /// 32 random bytes in hexadecimal, without which names could be guessed from the hash.
    pub salt: String,
}

/// Why an expert leaves a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExcuseGround {
    /// An interest in one of the bidders, or in the organiser.
    Conflict,
    /// The expert does not come, or does not go on.
    Absence,
}

/// The hosting centre takes an expert off a panel, or has it filled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MendPanel {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// The seat that is left, and why; nothing to fill a panel that is short.
    #[serde(default)]
    pub excused: Option<Excused>,
}

/// Who leaves and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Excused {
    /// Number of the seat, from 1.
    pub seat: u32,
    /// Why.
    pub ground: ExcuseGround,
}

/// A member's commitment to its scores, signed with the expert's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CommitScores {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// Hash of tender, key, sheet and salt, in hexadecimal.
    pub sheet: String,
}

/// A member's scores, signed with the expert's key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevealScores {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// The scores.
    pub sheet: Sheet,
    /// The 32 random bytes of the commitment, in hexadecimal.
    pub salt: String,
}

/// A member's scores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// One mark for each bid that counts, ascending by the bidder's credit code.
    pub marks: Vec<Mark>,
    /// SHA-256 of a dissenting opinion, in hexadecimal.
    #[serde(default)]
    pub dissent: Option<String>,
}

/// What a member thinks of a bid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// For the technical part, in hundredths of a point.
    pub technical: u32,
    /// For the business part, in hundredths of a point.
    pub business: u32,
    /// Why the bid is to be rejected, if it is; it has no points then.
    #[serde(default)]
    pub rejected: Option<RejectionGround>,
}

/// Why a bid is rejected (article 51 of the regulation).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectionGround {
    /// Not signed or sealed as demanded.
    Unsigned,
    /// A joint bid without its agreement.
    NoJointAgreement,
    /// The bidder does not meet the requirements.
    Unqualified,
    /// Two bids or two prices.
    TwoPrices,
    /// Below cost, or above the ceiling.
    Price,
    /// Does not answer the documents' substantial demands.
    NotResponsive,
    /// Collusion, fraud or bribery.
    Unlawful,
}

/// A centre shows who sat on a panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NameExpert {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// Number of the seat, from 1.
    pub seat: u32,
    /// Who sits there, or sat.
    pub card: ExpertCard,
}

/// The award of the lots of a tender to their first candidates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AwardTender {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
}

/// One side's signature under the contract of a lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignContract {
    /// Id of the tender, in hexadecimal.
    pub tender: String,
    /// Number of the lot, from 1.
    pub lot: u32,
    /// SHA-256 of the contract, in hexadecimal.
    pub document: String,
}

/// The evaluation of a tender's bids.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Evaluation {
    /// What the draw of the panel follows from, in hexadecimal.
    pub beacon: String,
    /// When the opening ended (RFC 3339).
    pub opened_at: String,
    /// How many members the panel needs.
    pub members: u32,
    /// Its seats, in the order of the draw.
    pub seats: Vec<PanelSeat>,
    /// When the ranking was computed and published (RFC 3339).
    pub ranked_at: Option<String>,
    /// Until when the candidates are on display (RFC 3339).
    pub display_until: Option<String>,
    /// The lots, once they are ranked.
    pub lots: Vec<LotResult>,
}

/// A seat of a panel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PanelSeat {
    /// Number of the seat, from 1.
    pub seat: u32,
    /// Number of the expert in the pool of the industry.
    pub expert: u32,
    /// Credit code of the centre that entered the expert.
    pub centre: String,
    /// The expert's key, in hexadecimal.
    pub key: String,
    /// Why the expert left, if so.
    pub excused: Option<ExcuseGround>,
    /// Whether the member has committed to its scores.
    pub committed: bool,
    /// The scores, once they are revealed.
    pub sheet: Option<Sheet>,
    /// Who it is, once the result is fixed.
    pub card: Option<ExpertCard>,
}

/// A lot after the evaluation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LotResult {
    /// Number of the lot, from 1.
    pub lot: u32,
    /// The candidates, the best first.
    pub candidates: Vec<Candidate>,
    /// How many of them lost their award because no contract was signed in time.
    pub lapsed: u32,
    /// Credit code of whom the lot is awarded to.
    pub winner: Option<String>,
    /// When it was awarded (RFC 3339).
    pub awarded_at: Option<String>,
    /// Until when the contract must be signed (RFC 3339).
    pub contract_by: Option<String>,
    /// SHA-256 of the contract, in hexadecimal, once a side has signed.
    pub contract: Option<String>,
    /// Whether both sides have signed it.
    pub contracted: bool,
}

/// A bidder whom the panel proposes for a lot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Candidate {
    /// Credit code of the bidder.
    pub bidder: String,
    /// The price.
    pub price: Amount,
    /// The score in hundredths of a point; 0 where the lowest price wins.
    pub score: u32,
}

macro_rules! same_names {
    ($name:ident: $($variant:ident)*) => {
        impl From<$name> for e::$name {
            fn from(ground: $name) -> Self {
                match ground { $($name::$variant => Self::$variant,)* }
            }
        }

        impl From<e::$name> for $name {
            fn from(ground: e::$name) -> Self {
                match ground { $(e::$name::$variant => Self::$variant,)* }
            }
        }
    };
}

same_names! { ExcuseGround: Conflict Absence }
same_names! { RejectionGround: Unsigned NoJointAgreement Unqualified TwoPrices Price NotResponsive Unlawful }

impl TryFrom<EnterExperts> for act::expert::EnterExperts {
    type Error = InvalidField;

    fn try_from(a: EnterExperts) -> Result<Self, InvalidField> {
        let entry = |(at, entry): (usize, ExpertEntry)| {
            let within = |e: InvalidField| e.within(&format!("experts[{at}]"));
            let key = parse("key", &entry.key).map_err(within)?;
            let card = parse("card", &entry.card).map_err(within)?;
            Ok(act::expert::Entry { key, card })
        };
        let experts = a.experts.into_iter().enumerate().map(entry).collect::<Result<_, InvalidField>>()?;
        Ok(Self { industry: a.industry.into(), experts })
    }
}

impl From<act::expert::EnterExperts> for EnterExperts {
    fn from(a: act::expert::EnterExperts) -> Self {
        let entry = |entry: act::expert::Entry| ExpertEntry {
            key: entry.key.to_string(),
            card: entry.card.to_string(),
        };
        Self { industry: a.industry.into(), experts: a.experts.into_iter().map(entry).collect() }
    }
}

impl TryFrom<ExpertCard> for e::ExpertCard {
    type Error = InvalidField;

    fn try_from(card: ExpertCard) -> Result<Self, InvalidField> {
        let employer = card.employer.map(|code| parse("employer", &code)).transpose()?;
        let salt = bytes::<32>("salt", &card.salt)?;
        if salt.as_slice().len() != 32 {
            return Err(InvalidField::new("salt", "has 32 bytes"));
        }
        Ok(Self { name: parse("name", &card.name)?, employer, salt })
    }
}

impl From<e::ExpertCard> for ExpertCard {
    fn from(card: e::ExpertCard) -> Self {
        let employer = card.employer.map(|code| code.to_string());
        Self { name: card.name.to_string(), employer, salt: show(&card.salt) }
    }
}

impl TryFrom<MendPanel> for act::panel::MendPanel {
    type Error = InvalidField;

    fn try_from(a: MendPanel) -> Result<Self, InvalidField> {
        let excused = a.excused.map(|one| act::panel::Excused { seat: one.seat, ground: one.ground.into() });
        Ok(Self { tender: parse("tender", &a.tender)?, excused })
    }
}

impl From<act::panel::MendPanel> for MendPanel {
    fn from(a: act::panel::MendPanel) -> Self {
        let excused = a.excused.map(|one| Excused { seat: one.seat, ground: one.ground.into() });
        Self { tender: a.tender.to_string(), excused }
    }
}

impl TryFrom<CommitScores> for act::scores::CommitScores {
    type Error = InvalidField;

    fn try_from(a: CommitScores) -> Result<Self, InvalidField> {
        Ok(Self { tender: parse("tender", &a.tender)?, sheet: parse("sheet", &a.sheet)? })
    }
}

impl From<act::scores::CommitScores> for CommitScores {
    fn from(a: act::scores::CommitScores) -> Self {
        Self { tender: a.tender.to_string(), sheet: a.sheet.to_string() }
    }
}

impl TryFrom<Sheet> for e::Sheet {
    type Error = InvalidField;

    fn try_from(sheet: Sheet) -> Result<Self, InvalidField> {
        let mark = |mark: Mark| e::Mark {
            technical: mark.technical,
            business: mark.business,
            rejected: mark.rejected.map(Into::into),
        };
        let dissent = sheet.dissent.map(|hash| parse("dissent", &hash)).transpose()?;
        Ok(Self { marks: sheet.marks.into_iter().map(mark).collect(), dissent })
    }
}

impl From<e::Sheet> for Sheet {
    fn from(sheet: e::Sheet) -> Self {
        let mark = |mark: e::Mark| Mark {
            technical: mark.technical,
            business: mark.business,
            rejected: mark.rejected.map(Into::into),
        };
        let dissent = sheet.dissent.map(|hash| hash.to_string());
        Self { marks: sheet.marks.into_iter().map(mark).collect(), dissent }
    }
}

impl TryFrom<RevealScores> for act::scores::RevealScores {
    type Error = InvalidField;

    fn try_from(a: RevealScores) -> Result<Self, InvalidField> {
        let sheet = a.sheet.try_into().map_err(|e: InvalidField| e.within("sheet"))?;
        Ok(Self { tender: parse("tender", &a.tender)?, sheet, salt: bytes("salt", &a.salt)? })
    }
}

impl From<act::scores::RevealScores> for RevealScores {
    fn from(a: act::scores::RevealScores) -> Self {
        Self { tender: a.tender.to_string(), sheet: a.sheet.into(), salt: show(&a.salt) }
    }
}

impl TryFrom<NameExpert> for act::panel::NameExpert {
    type Error = InvalidField;

    fn try_from(a: NameExpert) -> Result<Self, InvalidField> {
        let card = a.card.try_into().map_err(|e: InvalidField| e.within("card"))?;
        Ok(Self { tender: parse("tender", &a.tender)?, seat: a.seat, card })
    }
}

impl From<act::panel::NameExpert> for NameExpert {
    fn from(a: act::panel::NameExpert) -> Self {
        Self { tender: a.tender.to_string(), seat: a.seat, card: a.card.into() }
    }
}

impl TryFrom<AwardTender> for act::award::AwardTender {
    type Error = InvalidField;

    fn try_from(a: AwardTender) -> Result<Self, InvalidField> {
        Ok(Self { tender: parse("tender", &a.tender)? })
    }
}

impl From<act::award::AwardTender> for AwardTender {
    fn from(a: act::award::AwardTender) -> Self {
        Self { tender: a.tender.to_string() }
    }
}

impl TryFrom<SignContract> for act::tender_contract::SignContract {
    type Error = InvalidField;

    fn try_from(a: SignContract) -> Result<Self, InvalidField> {
        let (tender, document) = (parse("tender", &a.tender)?, parse("document", &a.document)?);
        Ok(Self { tender, lot: a.lot, document })
    }
}

impl From<act::tender_contract::SignContract> for SignContract {
    fn from(a: act::tender_contract::SignContract) -> Self {
        Self { tender: a.tender.to_string(), lot: a.lot, document: a.document.to_string() }
    }
}

impl Evaluation {
    /// From the ledger's records: the evaluation, the sheets by seat and the lots by number.
    pub(crate) fn of(
        evaluation: e::Evaluation,
        mut sheet: impl FnMut(u32) -> Option<e::Sheet>,
        lots: Vec<(u32, e::LotResult)>,
    ) -> Self {
        let seat = |(number, seat): (u32, e::PanelSeat)| PanelSeat {
            seat: number,
            expert: seat.expert.number,
            centre: seat.expert.centre.to_string(),
            key: seat.expert.key.to_string(),
            excused: seat.excused.map(Into::into),
            committed: seat.sheet.is_some(),
            sheet: sheet(number).map(Into::into),
            card: seat.card.map(Into::into),
        };
        Self {
            beacon: evaluation.beacon.to_string(),
            opened_at: evaluation.opened_at.to_string(),
            members: evaluation.members,
            seats: (1..).zip(evaluation.seats).map(seat).collect(),
            ranked_at: evaluation.ranked_at.map(|at| at.to_string()),
            display_until: evaluation.display_until.map(|at| at.to_string()),
            lots: lots.into_iter().map(LotResult::from).collect(),
        }
    }
}

impl From<(u32, e::LotResult)> for LotResult {
    fn from((number, lot): (u32, e::LotResult)) -> Self {
        let awarded = lot.first().filter(|_| lot.awarded_at.is_some());
        let winner = awarded.map(|first| first.bidder.to_string());
        let contracted = lot.is_contracted();
        let candidate = |one: e::Candidate| Candidate {
            bidder: one.bidder.to_string(),
            price: one.price.into(),
            score: one.score,
        };
        Self {
            lot: number,
            lapsed: lot.lapsed,
            winner,
            awarded_at: lot.awarded_at.map(|at| at.to_string()),
            contract_by: lot.contract_by.map(|at| at.to_string()),
            contract: lot.contract.map(|contract| contract.document.to_string()),
            contracted,
            candidates: lot.candidates.into_iter().map(candidate).collect(),
        }
    }
}
