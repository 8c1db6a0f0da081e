//! An organiser publishes a construction tender (招标公告).

use minicbor::{Decode, Encode};
use sealing::label;
use sealing::suite::{Ristretto255, Suite as _};

use super::project::are_documents;
use super::{Context, Procedure, epoch, schedule};
use crate::amount::{Amount, Currency};
use crate::calendar::{Day, whole_days_after};
use crate::codec::{self, Title};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::hash::DocumentHash;
use crate::id::{CreditCode, DealCode, ProjectCode, SectionCode, TenderCode, TenderId};
use crate::record::Due;
use crate::record::project::Project;
use crate::record::tender::{EnvelopeClass, Lot, Method, Tender, TenderStage};
use crate::rule::{RuleError, RulePack, TradeKind, Unit, construction_tender as rule};
use crate::state::StateError;
use crate::state::keys::{DealSequenceKey, ProjectKey, TenderKey};
use crate::time::{BlockTime, Span};

/// Most lots of a tender.
pub const MAX_LOTS: usize = 20;
/// Most documents that a notice or a clarification names.
pub const MAX_TENDER_DOCUMENTS: usize = 16;
/// Weights of an evaluation together: 100 points in hundredths.
pub const ALL_WEIGHTS: u32 = 10_000;
/// Longest bid validity, in days.
pub const MAX_VALIDITY_DAYS: u32 = 3_650;

/// The notice of an open tender. It pins the committee of the moment, to which all bids are sealed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PublishTender {
    /// The project.
    #[n(0)]
    pub project: ProjectCode,
    /// Title of the notice.
    #[n(1)]
    pub title: Title,
    /// Its lots, 1 to 20.
    #[n(2)]
    pub lots: Vec<Lot>,
    /// How bids are compared.
    #[n(3)]
    pub method: Method,
    /// The tender documents, by content, 1 to 16.
    #[n(4)]
    pub documents: Vec<DocumentHash>,
    /// Until when the documents are available.
    #[n(5)]
    pub sale_until: BlockTime,
    /// The bid deadline.
    #[n(6)]
    pub closes_at: BlockTime,
    /// How long after the deadline bids that arrived before it are recorded.
    #[n(7)]
    pub grace: Span,
    /// How many days bids bind from the deadline on.
    #[n(8)]
    pub validity_days: u32,
    /// Length of the envelopes.
    #[n(9)]
    pub envelope: EnvelopeClass,
}

/// The periods that a notice must keep.
struct Periods {
    sale: BlockTime,
    bidding: BlockTime,
    grace: Span,
    validity: BlockTime,
}

/// What the checks found.
pub struct Found {
    id: TenderId,
    project: Project,
    code: TenderCode,
    sections: Vec<SectionCode>,
    deal: DealCode,
    sequence: u32,
    committee: u64,
    pack_version: u32,
}

impl PublishTender {
    /// The tender's name: the first 32 bytes of the hash of organiser and notice. The same notice has the same name.
    pub fn id(&self, organiser: &CreditCode) -> TenderId {
        let body = codec::encode(&(organiser, self));
        TenderId::from_bytes(Ristretto255::hash(label::TENDER, &[&body]).name())
    }

    /// What all lots can cost together; held at the largest amount.
    pub fn most(&self) -> Amount {
        let ceilings = self.lots.iter().map(|lot| lot.ceiling);
        ceilings
            .reduce(|sum, ceiling| sum.checked_add(ceiling).unwrap_or(Amount::MAX))
            .unwrap_or(Amount::ZERO)
    }

    fn check_lots(&self) -> Result<(), Rejection> {
        let sound = |lot: &Lot| {
            let prices = [lot.estimate, lot.ceiling];
            prices.iter().all(|price| price.minor() > 0) && lot.bond.currency() == lot.estimate.currency()
        };
        let counted = (1..=MAX_LOTS).contains(&self.lots.len());
        if counted && self.lots.iter().all(sound) { Ok(()) } else { Err(Rejection::InvalidLots) }
    }

    fn check_method(&self) -> Result<(), Rejection> {
        let Method::Score { price, technical, business } = self.method else { return Ok(()) };
        let sum = [price, technical, business].into_iter().try_fold(0u32, u32::checked_add);
        // A price that counts for nothing is no price.
        if sum == Some(ALL_WEIGHTS) && price > 0 { Ok(()) } else { Err(Rejection::InvalidMethod) }
    }

    /// Whether every lot's bond is within its share of the estimated price and below the cap. A share beyond the largest
    /// amount is exceeded by no bond.
    fn check_bonds(&self, share: u64, cap: Amount) -> Result<(), Rejection> {
        let within = |lot: &Lot| {
            let most = lot.estimate.permille_floor(share).unwrap_or(Amount::MAX);
            most.at_least(lot.bond).unwrap_or(false) && cap.at_least(lot.bond).unwrap_or(false)
        };
        if self.lots.iter().all(within) { Ok(()) } else { Err(Rejection::BondTooHigh) }
    }

    /// Counts the periods, which has the lowest number of all refusals where the holiday table ends too early.
    fn periods(&self, pack: &RulePack, now: BlockTime) -> Result<Periods, RuleError> {
        check_reach(pack, self.closes_at)?;
        Ok(Periods {
            sale: pack.earliest(rule::SALE, now)?,
            bidding: pack.earliest(rule::BIDDING, now)?,
            grace: pack.minutes(rule::GRACE, now)?,
            validity: pack.earliest(rule::VALIDITY, self.closes_at)?,
        })
    }

    fn check_periods(&self, periods: &Periods) -> Result<(), Rejection> {
        if self.sale_until < periods.sale || self.sale_until > self.closes_at {
            return Err(Rejection::SaleTooShort);
        }
        if self.closes_at < periods.bidding {
            return Err(Rejection::BiddingTooShort);
        }
        if self.grace > periods.grace {
            return Err(Rejection::GraceTooLong);
        }
        let until = whole_days_after(self.closes_at, u64::from(self.validity_days));
        if until < periods.validity || self.validity_days > MAX_VALIDITY_DAYS {
            return Err(Rejection::ValidityTooShort);
        }
        Ok(())
    }
}

/// Refuses a deadline on a day of which the holiday table does not speak: what follows could not be counted.
pub(super) fn check_reach(pack: &RulePack, deadline: BlockTime) -> Result<(), RuleError> {
    pack.calendar.is_worked(Day::of(deadline))?;
    Ok(())
}

impl Procedure for PublishTender {
    type Checked = Found;

    fn check(&self, context: &Context<'_, '_>) -> Result<Found, Failure> {
        let now = context.time;
        // Refusals about rules and numbers that listings know too have lower numbers.
        let pack = context.rules(TradeKind::ConstructionTender)?;
        let periods = self.periods(&pack, now)?;
        let share = pack.value(rule::BOND_SHARE, Unit::Permille, now)?;
        let cap = ten_thousand_yuan(pack.value(rule::BOND_CAP, Unit::TenThousandYuan, now)?);
        let project = context.state.read(&ProjectKey(&self.project))?;
        let day = now.china_day();
        let (deal, sequence) = match &project {
            None => (None, 0),
            Some(project) => {
                let used = context.state.read(&DealSequenceKey(&project.centre, day))?.unwrap_or(0);
                let sequence = used.saturating_add(1);
                let deal = DealCode::issue(project.industry.deal_kind(), &project.centre, day, sequence);
                (Some(deal.map_err(|_| Rejection::DealSequenceUsedUp)?), sequence)
            }
        };
        let (Some(project), Some(deal)) = (project, deal) else {
            return Err(Rejection::ProjectUnknown.into());
        };
        if project.organiser != context.signer.code {
            return Err(Rejection::NotTheOrganiser.into());
        }
        if !are_documents(&self.documents, 1, MAX_TENDER_DOCUMENTS) {
            return Err(Rejection::InvalidDocuments.into());
        }
        let used_up = |_| Rejection::NumbersUsedUp;
        let code = project.code.tender(project.tenders.saturating_add(1)).map_err(used_up)?;
        self.check_lots()?;
        self.check_method()?;
        self.check_bonds(share, cap)?;
        self.check_periods(&periods)?;
        let committee = epoch::committee(context.state)?.ok_or(Rejection::NoCommittee)?.epoch;
        let id = self.id(&context.signer.code);
        if context.state.read(&TenderKey(&id))?.is_some() {
            return Err(Rejection::TenderExists.into());
        }
        let numbers = (1u32..).take(self.lots.len());
        let sections = numbers.map(|n| code.section(n)).collect::<Result<_, _>>().map_err(used_up)?;
        let pack_version = pack.version;
        Ok(Found { id, project, code, sections, deal, sequence, committee, pack_version })
    }

    fn apply(&self, found: Found, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let Found { id, mut project, code, sections, deal, sequence, committee, pack_version } = found;
        project.tenders = project.tenders.saturating_add(1);
        let tender = Tender {
            id,
            deal,
            project: project.code.clone(),
            code,
            organiser: project.organiser.clone(),
            centre: project.centre.clone(),
            title: self.title.clone(),
            sections,
            lots: self.lots.clone(),
            method: self.method,
            documents: self.documents.clone(),
            sale_until: self.sale_until,
            closes_at: self.closes_at,
            grace: self.grace,
            validity_days: self.validity_days,
            envelope: self.envelope,
            committee,
            pack_version,
            published_at: context.time,
            stage: TenderStage::Accepting,
            clarifications: 0,
            objections: 0,
            open_objections: 0,
            suspended_at: None,
        };
        context.state.write(&DealSequenceKey(&project.centre, context.time.china_day()), &sequence);
        context.state.write(&ProjectKey(&project.code), &project);
        context.state.write(&TenderKey(&id), &tender);
        schedule(context.state, tender.opens_at(), Due::TenderOpens(id));
        context.events.push(Event::TenderPublished {
            tender: id,
            project: project.code,
            organiser: project.organiser,
            closes_at: self.closes_at,
            committee,
        });
        Ok(())
    }
}

/// An amount in units of ten thousand yuan; rule values are small enough.
fn ten_thousand_yuan(value: u64) -> Amount {
    let minor = value.saturating_mul(1_000_000).min(crate::amount::MAX_MINOR);
    Amount::new(minor, Currency::Cny).unwrap_or(Amount::ZERO)
}
