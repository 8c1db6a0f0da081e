//! A seller publishes a listing (挂牌公告).

use minicbor::{Decode, Encode};

use super::{Context, Procedure, put_listing, reach, schedule};
use crate::codec::Title;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::id::{CreditCode, DealCode, DealKind, RegionCode};
use crate::record::Due;
use crate::record::listing::{BothSides, Listing, Prices, Resource, Stage, Terms};
use crate::record::organisation::Role;
use crate::rule::{RulePack, TradeKind, land_listing as rule};
use crate::state::StateError;
use crate::state::keys::DealSequenceKey;
use crate::time::BlockTime;

/// The notice of a land-use right listing.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PublishListing {
    /// The centre that hosts the trade and numbers it.
    #[n(0)]
    pub centre: CreditCode,
    /// Title of the notice.
    #[n(1)]
    pub title: Title,
    /// Region of the resource.
    #[n(2)]
    pub region: RegionCode,
    /// The resource.
    #[n(3)]
    pub resource: Resource,
    /// Prices and deposit.
    #[n(4)]
    pub prices: Prices,
    /// When quotes may begin.
    #[n(5)]
    pub opens_at: BlockTime,
    /// When the listing period ends.
    #[n(6)]
    pub closes_at: BlockTime,
}

/// Most documents a notice names.
pub const MAX_DOCUMENTS: usize = 16;

impl PublishListing {
    fn check_resource(&self) -> Result<(), Rejection> {
        let resource = &self.resource;
        let mut documents = resource.documents.clone();
        documents.sort_unstable();
        documents.dedup();
        let good = resource.area_dm2 > 0
            && (1..=70).contains(&resource.term_years)
            && resource.documents.len() <= MAX_DOCUMENTS
            && documents.len() == resource.documents.len();
        if good { Ok(()) } else { Err(Rejection::InvalidResource) }
    }

    fn check_prices(&self) -> Result<(), Rejection> {
        let Prices { starting, reserve, increment, deposit } = self.prices;
        let positive = [starting, reserve, increment, deposit].iter().all(|amount| amount.minor() > 0);
        let one_currency = [reserve, increment, deposit].iter().all(|a| a.currency() == starting.currency());
        let ordered = reserve.at_least(starting).unwrap_or(false);
        if positive && one_currency && ordered { Ok(()) } else { Err(Rejection::InvalidPrices) }
    }

    /// A period that is known to be too short is refused before one that cannot be counted.
    fn check_periods(&self, pack: &RulePack, now: BlockTime) -> Result<Terms, Failure> {
        let notice = pack.earliest(rule::NOTICE, now);
        let listing = pack.earliest(rule::LISTING, self.opens_at);
        if notice.as_ref().is_ok_and(|earliest| self.opens_at < *earliest) {
            return Err(Rejection::NoticeTooShort.into());
        }
        if listing.as_ref().is_ok_and(|earliest| self.closes_at < *earliest) {
            return Err(Rejection::ListingTooShort.into());
        }
        notice?;
        listing?;
        Ok(Terms {
            pack_version: pack.version,
            timed_bidding: pack.minutes(rule::TIMED_BIDDING, now)?,
            extension: pack.minutes(rule::EXTENSION, now)?,
            letters_valid_until: pack.earliest(rule::LETTER_VALIDITY, self.closes_at)?,
        })
    }

    fn sequence(&self, context: &Context<'_, '_>) -> Result<u32, StateError> {
        let used = context.state.read(&DealSequenceKey(&self.centre, context.time.china_day()))?.unwrap_or(0);
        Ok(used.saturating_add(1))
    }
}

impl Procedure for PublishListing {
    type Checked = (DealCode, u32, Terms);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        if !context.organisation(&self.centre)?.is_some_and(|o| o.has(Role::Centre)) {
            return Err(Rejection::CentreUnknown.into());
        }
        self.check_resource()?;
        self.check_prices()?;
        let now = context.time;
        let pack = context.rules(TradeKind::LandListing)?;
        let share = pack.permille(rule::DEPOSIT, now)?;
        let least = self.prices.reserve.permille_ceiling(share);
        // A share beyond the largest amount is covered by no deposit.
        if !least.and_then(|least| self.prices.deposit.at_least(least)).unwrap_or(false) {
            return Err(Rejection::DepositTooLow.into());
        }
        let terms = self.check_periods(&pack, now)?;
        let sequence = self.sequence(context)?;
        let code = DealCode::issue(DealKind::LandUseRight, &self.centre, now.china_day(), sequence)
            .map_err(|_| Rejection::DealSequenceUsedUp)?;
        Ok((code, sequence, terms))
    }

    fn apply(
        &self,
        (code, sequence, terms): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        let listing = Listing {
            code: code.clone(),
            seller: context.signer.code.clone(),
            centre: self.centre.clone(),
            title: self.title.clone(),
            region: self.region.clone(),
            resource: self.resource.clone(),
            prices: self.prices,
            published_at: context.time,
            opens_at: self.opens_at,
            closes_at: self.closes_at,
            terms,
            stage: Stage::Announced,
            qualified: 0,
            quoting: 0,
            quotes: 0,
            best: None,
            stage_ends_at: Some(self.opens_at),
            confirmation: BothSides::default(),
            contract: None,
            ended: None,
            questioned: Vec::new(),
        };
        reach::note_act(&code, context)?;
        context.state.write(&DealSequenceKey(&self.centre, context.time.china_day()), &sequence);
        put_listing(context.state, &listing);
        schedule(context.state, self.opens_at, Due::ListingOpens(code.clone()));
        schedule(context.state, self.closes_at, Due::ListingCloses(code.clone()));
        context.events.push(Event::ListingPublished {
            listing: code,
            seller: listing.seller,
            opens_at: self.opens_at,
            closes_at: self.closes_at,
        });
        Ok(())
    }
}
