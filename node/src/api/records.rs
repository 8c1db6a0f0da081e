//! Organisations, listings with their quotes and bidders, and letters of guarantee.

use axum::Json;
use axum::extract::State;
use ledger::id::{CreditCode, DealCode, GuaranteeId, RegionCode};
use ledger::record::guarantee::Guarantee as LedgerGuarantee;
use ledger::record::listing::{
    Listing as LedgerListing, Qualification, Quote as LedgerQuote, Stage as LedgerStage,
};
use ledger::record::organisation::Organisation as LedgerOrganisation;
use ledger::state::StateKey;
use ledger::state::keys::{
    GuaranteeKey, ListingKey, OrganisationKey, QualificationKey, QuoteKey, all_guarantees, all_listings,
    all_organisations, qualifications_of, quotes_of,
};
use utoipa::IntoParams;

use super::App;
use super::problem::{Code, Fault};
use super::query::{FromQuery, NoQuery, Params, Query, Segment};
use super::schema::{Bidder, Guarantee, Listing, Organisation, Page, Problem, Quote, Record, Stage};
use super::view::View;

/// A type alias for what every list answers.
pub(crate) type PageAnswer<T> = Result<Json<Page<T>>, Fault>;
/// A type alias for what every look-up answers.
pub(crate) type RecordAnswer<T> = Result<Json<Record<T>>, Fault>;

/// Which part of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; `Paging` is what is read from it")]
pub(crate) struct PagingQuery {
    /// Most records to return.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// Where to go on: `next` of the page before.
    cursor: Option<String>,
}

/// Which listings.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; `Listings` is what is read from it")]
pub(crate) struct ListingsQuery {
    /// Only those at this stage.
    stage: Option<Stage>,
    /// Only those in this region (GB/T 2260); 440000 takes in all of 44xxxx and 440400 all of 4404xx.
    region: Option<String>,
}

/// A paging query, read; `T` is what a cursor names.
pub(crate) struct Paging<T> {
    pub(crate) limit: usize,
    pub(crate) cursor: Option<T>,
}

impl<T: std::str::FromStr> FromQuery for Paging<T>
where
    T::Err: std::fmt::Display,
{
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        let limit = params.number("limit", 1, 200, 50)? as usize;
        Ok(Self { limit, cursor: params.read("cursor", str::parse)? })
    }
}

/// A query for listings, read.
pub(crate) struct Listings {
    stage: Option<LedgerStage>,
    region: Option<RegionCode>,
    paging: Paging<DealCode>,
}

impl FromQuery for Listings {
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        let stage = params.read("stage", |text| {
            let stages = LedgerStage::ALL.map(LedgerStage::name).join(", ");
            LedgerStage::ALL.into_iter().find(|s| s.name() == text).ok_or(format!("expected one of {stages}"))
        })?;
        Ok(Self { stage, region: params.read("region", str::parse)?, paging: Paging::from_query(params)? })
    }
}

impl Listings {
    fn keeps(&self, listing: &LedgerListing) -> bool {
        self.stage.is_none_or(|stage| listing.stage == stage)
            && self.region.as_ref().is_none_or(|region| lies_in(&listing.region, region))
    }
}

/// Pairs of zeros at the end of a GB/T 2260 code stand for everything below a province or a city.
fn lies_in(region: &RegionCode, wider: &RegionCode) -> bool {
    let wider = wider.as_str();
    let prefix = wider.strip_suffix("0000").or_else(|| wider.strip_suffix("00")).unwrap_or(wider);
    region.as_str().starts_with(prefix)
}

/// Look up an organisation.
#[utoipa::path(
    get,
    path = "/v1/organisations/{code}",
    operation_id = "get_organisation",
    tag = "organisations",
    params(("code" = String, Path, description = "Unified social credit code")),
    responses(
        (status = 200, description = "The organisation", body = Record<Organisation>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn organisation(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<Organisation> {
    let code: CreditCode = segment.parse("code")?;
    app.read(move |view| view.record(&OrganisationKey(&code)).map(Json)).await
}

/// List organisations, by credit code.
#[utoipa::path(
    get,
    path = "/v1/organisations",
    operation_id = "list_organisations",
    tag = "organisations",
    params(PagingQuery),
    responses(
        (status = 200, description = "Organisations", body = Page<Organisation>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn organisations(
    State(app): State<App>,
    Query(paging): Query<Paging<CreditCode>>,
) -> PageAnswer<Organisation> {
    app.read(move |view| {
        let after = paging.cursor.map(|code| OrganisationKey(&code).key());
        let name = |o: &LedgerOrganisation| o.code.to_string();
        Ok(Json(view.page(view.list(all_organisations(), after, paging.limit, |_| true, name)?)))
    })
    .await
}

/// Look up a listing.
#[utoipa::path(
    get,
    path = "/v1/listings/{code}",
    operation_id = "get_listing",
    tag = "listings",
    params(("code" = String, Path, description = "Unified deal code")),
    responses(
        (status = 200, description = "The listing", body = Record<Listing>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn listing(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<Listing> {
    let code: DealCode = segment.parse("code")?;
    app.read(move |view| view.record(&ListingKey(&code)).map(Json)).await
}

/// List listings, by deal code.
#[utoipa::path(
    get,
    path = "/v1/listings",
    operation_id = "list_listings",
    tag = "listings",
    params(ListingsQuery, PagingQuery),
    responses(
        (status = 200, description = "Listings", body = Page<Listing>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn listings(State(app): State<App>, Query(query): Query<Listings>) -> PageAnswer<Listing> {
    app.read(move |view| {
        let after = query.paging.cursor.as_ref().map(|code| ListingKey(code).key());
        let name = |l: &LedgerListing| l.code.to_string();
        Ok(Json(view.page(view.list(all_listings(), after, query.paging.limit, |l| query.keeps(l), name)?)))
    })
    .await
}

/// List a listing's quotes, in their order.
#[utoipa::path(
    get,
    path = "/v1/listings/{code}/quotes",
    operation_id = "list_quotes",
    tag = "listings",
    params(("code" = String, Path, description = "Unified deal code"), PagingQuery),
    responses(
        (status = 200, description = "Quotes", body = Page<Quote>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn quotes(
    State(app): State<App>,
    segment: Segment,
    Query(paging): Query<Paging<u32>>,
) -> PageAnswer<Quote> {
    let code: DealCode = segment.parse("code")?;
    app.read(move |view| {
        view.listing_exists(&code)?;
        let after = paging.cursor.map(|number| QuoteKey(&code, number).key());
        let name = |q: &LedgerQuote| q.number.to_string();
        Ok(Json(view.page(view.list(quotes_of(&code, 0), after, paging.limit, |_| true, name)?)))
    })
    .await
}

/// List a listing's qualified bidders, by credit code.
#[utoipa::path(
    get,
    path = "/v1/listings/{code}/bidders",
    operation_id = "list_bidders",
    tag = "listings",
    params(("code" = String, Path, description = "Unified deal code"), PagingQuery),
    responses(
        (status = 200, description = "Bidders", body = Page<Bidder>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn bidders(
    State(app): State<App>,
    segment: Segment,
    Query(paging): Query<Paging<CreditCode>>,
) -> PageAnswer<Bidder> {
    let code: DealCode = segment.parse("code")?;
    app.read(move |view| {
        view.listing_exists(&code)?;
        let after = paging.cursor.map(|bidder| QualificationKey(&code, &bidder).key());
        let name = |q: &Qualification| q.bidder.to_string();
        Ok(Json(view.page(view.list(qualifications_of(&code), after, paging.limit, |_| true, name)?)))
    })
    .await
}

/// Look up a letter of guarantee.
#[utoipa::path(
    get,
    path = "/v1/guarantees/{id}",
    operation_id = "get_guarantee",
    tag = "guarantees",
    params(("id" = String, Path, description = "The letter, as GUARANTOR:NUMBER")),
    responses(
        (status = 200, description = "The letter", body = Record<Guarantee>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn guarantee(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> RecordAnswer<Guarantee> {
    let id: GuaranteeId = segment.parse("id")?;
    app.read(move |view| view.record(&GuaranteeKey(&id)).map(Json)).await
}

/// List letters of guarantee, by guarantor and number.
#[utoipa::path(
    get,
    path = "/v1/guarantees",
    operation_id = "list_guarantees",
    tag = "guarantees",
    params(PagingQuery),
    responses(
        (status = 200, description = "Letters", body = Page<Guarantee>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn guarantees(
    State(app): State<App>,
    Query(paging): Query<Paging<GuaranteeId>>,
) -> PageAnswer<Guarantee> {
    app.read(move |view| {
        let after = paging.cursor.map(|id| GuaranteeKey(&id).key());
        let name = |g: &LedgerGuarantee| g.id.to_string();
        Ok(Json(view.page(view.list(all_guarantees(), after, paging.limit, |_| true, name)?)))
    })
    .await
}

impl View<'_> {
    fn listing_exists(&self, code: &DealCode) -> Result<(), Fault> {
        self.get(&ListingKey(code))?.map(|_| ()).ok_or_else(|| Fault::new(Code::NotFound))
    }
}
