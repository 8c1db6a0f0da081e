//! The first page: what a person who opens the node's address sees, without script.

mod tenders;

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use ledger::amount::Amount;
use ledger::id::CreditCode;
use ledger::record::guarantee::{Guarantee, GuaranteeStatus};
use ledger::record::listing::{EndReason, Listing, Quote, Stage};
use ledger::state::StateKey;
use ledger::state::keys::{OrganisationKey, QuoteKey, all_guarantees, all_listings, quotes_of};
use ledger::time::BlockTime;

use super::App;
use super::problem::{Fault, damaged};
use super::query::{NoQuery, Query};
use super::schema::{BlockSummary, Clock, Status};
use super::view::View;
use tenders::TenderRow;

/// Most listings and letters shown.
const ROWS: usize = 50;
/// Most quotes shown of a listing: the latest.
const QUOTES: u32 = 20;
/// Most blocks shown: the latest.
const BLOCKS: u64 = 12;

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    status: Status,
    stepped: Option<String>,
    connected: usize,
    tenders: Vec<TenderRow>,
    listings: Vec<ListingRow>,
    letters: Vec<LetterRow>,
    blocks: Vec<BlockSummary>,
}

struct ListingRow {
    code: String,
    title: String,
    region: String,
    seller: String,
    stage: Label,
    open: bool,
    ended: Option<Label>,
    ends_at: Option<String>,
    starting: String,
    deposit: String,
    best: Option<(String, String)>,
    qualified: u32,
    quotes: Vec<(u32, String, String, String)>,
    quote_count: u32,
}

struct LetterRow {
    id: String,
    guarantor: String,
    applicant: String,
    listing: String,
    amount: String,
    expires_at: String,
    status: Label,
}

/// One word in both languages.
#[derive(Clone, Copy)]
struct Label {
    zh: &'static str,
    en: &'static str,
}

/// The page.
pub(crate) async fn home(State(app): State<App>, _query: Query<NoQuery>) -> Result<Response, Fault> {
    let status = app.status().await?;
    let Tables { tenders, listings, letters, blocks } = app.read(|view| view.home()).await?;
    let stepped = match &status.clock {
        Clock::Real => None,
        Clock::Stepped { reads, .. } => Some(moment(reads)),
    };
    let connected = status.peers.iter().filter(|peer| peer.connected).count();
    let page = Home { status, stepped, connected, tenders, listings, letters, blocks };
    let html = page.render().map_err(|e| damaged("the page", &e))?;
    Ok(Html(html).into_response())
}

/// What the page lists.
struct Tables {
    tenders: Vec<TenderRow>,
    listings: Vec<ListingRow>,
    letters: Vec<LetterRow>,
    blocks: Vec<BlockSummary>,
}

impl View<'_> {
    fn home(&self) -> Result<Tables, Fault> {
        let mut names = Names { view: self, known: BTreeMap::new() };
        let tenders = self.tender_rows(&mut names)?;
        let unnamed = |_: &Listing| String::new();
        let listings = self.list(all_listings(), None, ROWS, |_| true, unnamed)?.values;
        let listings =
            listings.into_iter().map(|l| self.listing_row(l, &mut names)).collect::<Result<_, _>>()?;
        let unnamed = |_: &Guarantee| String::new();
        let letters = self.list(all_guarantees(), None, ROWS, |_| true, unnamed)?.values;
        let letters = letters.into_iter().map(|g| letter_row(g, &mut names)).collect::<Result<_, _>>()?;
        let height = self.snapshot.tip().height;
        let blocks = (height.saturating_sub(BLOCKS - 1).max(1)..=height).rev().map(|h| self.summary(h));
        Ok(Tables { tenders, listings, letters, blocks: blocks.collect::<Result<_, _>>()? })
    }

    fn listing_row(&self, l: Listing, names: &mut Names<'_>) -> Result<ListingRow, Fault> {
        let after = QuoteKey(&l.code, l.quotes.saturating_sub(QUOTES)).key();
        let quotes = self.list(
            quotes_of(&l.code, 0),
            Some(after),
            QUOTES as usize,
            |_: &Quote| true,
            |_| String::new(),
        )?;
        let mut rows = Vec::new();
        for quote in quotes.values.into_iter().rev() {
            rows.push((quote.number, names.of(&quote.bidder)?, money(quote.price), time(quote.at)));
        }
        let best = match &l.best {
            Some(best) => Some((names.of(&best.bidder)?, money(best.price))),
            None => None,
        };
        Ok(ListingRow {
            code: l.code.to_string(),
            title: l.title.to_string(),
            region: l.region.to_string(),
            seller: names.of(&l.seller)?,
            stage: stage(l.stage),
            open: matches!(l.stage, Stage::Listed | Stage::TimedBidding),
            ended: l.ended.map(end_reason),
            ends_at: l.stage_ends_at.map(time),
            starting: money(l.prices.starting),
            deposit: money(l.prices.deposit),
            best,
            qualified: l.qualified,
            quotes: rows,
            quote_count: l.quotes,
        })
    }
}

fn letter_row(g: Guarantee, names: &mut Names<'_>) -> Result<LetterRow, Fault> {
    Ok(LetterRow {
        id: g.id.to_string(),
        guarantor: names.of(&g.id.guarantor)?,
        applicant: names.of(&g.applicant)?,
        listing: g.listing.to_string(),
        amount: money(g.amount),
        expires_at: time(g.expires_at),
        status: letter_status(&g.status),
    })
}

/// Names of organisations, each read once.
struct Names<'a> {
    view: &'a View<'a>,
    known: BTreeMap<String, String>,
}

impl Names<'_> {
    fn of(&mut self, code: &CreditCode) -> Result<String, Fault> {
        if let Some(name) = self.known.get(code.as_str()) {
            return Ok(name.clone());
        }
        let organisation = self.view.get(&OrganisationKey(code))?;
        let name = organisation.map_or_else(|| code.to_string(), |o| o.name.to_string());
        self.known.insert(code.to_string(), name.clone());
        Ok(name)
    }
}

/// `2026-03-02 09:00:00`: Chinese standard time, as the page's heading says.
fn time(time: BlockTime) -> String {
    moment(&time.to_string())
}

fn moment(text: &str) -> String {
    text.get(..19).unwrap_or(text).replace('T', " ")
}

/// Yuan with separators, `12,345,678.90`.
fn money(amount: Amount) -> String {
    let (whole, fen) = ((amount.minor() / 100).to_string(), amount.minor() % 100);
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("{grouped}.{fen:02}")
}

const fn label(zh: &'static str, en: &'static str) -> Label {
    Label { zh, en }
}

const fn stage(stage: Stage) -> Label {
    match stage {
        Stage::Announced => label("公告中", "announced"),
        Stage::Listed => label("挂牌中", "listed"),
        Stage::TimedBidding => label("限时竞价", "timed bidding"),
        Stage::Concluded => label("已产生竞得人", "concluded"),
        Stage::Confirmed => label("成交已确认", "confirmed"),
        Stage::Publicity => label("公示中", "publicity"),
        Stage::Publicised => label("公示期满", "publicised"),
        Stage::Contracted => label("已签约", "contracted"),
        Stage::Failed => label("流拍", "failed"),
        Stage::Lapsed => label("已失效", "lapsed"),
    }
}

const fn end_reason(reason: EndReason) -> Label {
    match reason {
        EndReason::NoQuote => label("无人报价", "nobody quoted"),
        EndReason::BelowReserve => label("未达底价", "below the reserve price"),
        EndReason::NotConfirmed => label("逾期未确认", "not confirmed in time"),
        EndReason::NoContract => label("逾期未签约", "no contract in time"),
    }
}

const fn letter_status(status: &GuaranteeStatus) -> Label {
    match status {
        GuaranteeStatus::Issued => label("已开立", "issued"),
        GuaranteeStatus::Deposited => label("已递交", "deposited"),
        GuaranteeStatus::Released { .. } => label("已解除", "released"),
        GuaranteeStatus::Expired => label("已到期", "expired"),
    }
}
