//! Events as a feed that never skips and as a stream that follows the chain.

mod filter;
mod follow;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use ledger::id::{CreditCode, DealCode, TenderId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::problem::{Code, Fault};
use super::query::{FromQuery, Params, Query, accepts};
use super::schema::{At, Event, Problem};
use super::view::View;
use filter::Filter;

/// Most events looked at for one answer or one step of a stream.
const SCAN_MAX: usize = 2_000;

/// A place between two events: the event to look at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    height: u64,
    number: u32,
}

impl Position {
    /// Before everything that the block at `height` brought about.
    const fn at(height: u64) -> Self {
        Self { height, number: 0 }
    }

    /// After event `number` of the block at `height`.
    const fn after(height: u64, number: u32) -> Self {
        match number.checked_add(1) {
            Some(number) => Self { height, number },
            None => Self::at(height.saturating_add(1)),
        }
    }

    /// The place after the event of this name, `HEIGHT.NUMBER`.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let wrong = "expected HEIGHT.NUMBER, the id of the last event seen; 0.0 for all";
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let (height, number) = text.split_once('.').filter(|(h, n)| digits(h) && digits(n)).ok_or(wrong)?;
        Ok(Self::after(height.parse().map_err(|_| wrong)?, number.parse().map_err(|_| wrong)?))
    }
}

/// Which events, and from where.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; `Events` is what is read from it")]
pub(crate) struct EventsQuery {
    /// `json` for one page; otherwise the header Accept decides, and without it the answer is a stream.
    #[param(pattern = "^(json|sse)$")]
    format: Option<String>,
    /// The id of the last event seen; what follows it is sent. `0.0` begins at the beginning. Without it a stream
    /// begins with the next block and a page at the beginning. A header Last-Event-ID goes before it.
    #[param(pattern = "^[0-9]+[.][0-9]+$")]
    from: Option<String>,
    /// Most events of a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u64>,
    /// Only events about this listing, its letters included (deal code).
    listing: Option<String>,
    /// Only events about this tender (id).
    tender: Option<String>,
    /// Only events that name this organisation, or a letter it is a party to (credit code).
    organisation: Option<String>,
}

/// The query, read.
pub(crate) struct Events {
    json: Option<bool>,
    from: Option<Position>,
    limit: usize,
    filter: Filter,
}

impl FromQuery for Events {
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        let json = params.read("format", |text| match text {
            "json" => Ok(true),
            "sse" => Ok(false),
            _ => Err("expected `json` or `sse`"),
        })?;
        Ok(Self {
            json,
            from: params.read("from", Position::parse)?,
            limit: params.number("limit", 1, 1_000, 100)? as usize,
            filter: Filter {
                tender: params.read::<TenderId, _>("tender", str::parse)?.map(|id| id.to_string()),
                listing: params.read::<DealCode, _>("listing", str::parse)?.map(|code| code.to_string()),
                organisation: params
                    .read::<CreditCode, _>("organisation", str::parse)?
                    .map(|code| code.to_string()),
            },
        })
    }
}

/// Some events, and how to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// The events, in order. A page may be short, or empty, before the feed ends.
    pub data: Vec<Event>,
    /// What to give as `from` to go on, now or when there is more: no event is ever skipped or repeated.
    pub next: String,
    /// Where they were read.
    pub at: At,
}

/// Follow what happens on the ledger.
///
/// As a stream (server-sent events) every event has its id, its name and its JSON; after a broken connection the
/// header Last-Event-ID goes on without gap or repetition, at this node or any other. As JSON (`format=json` or
/// `Accept: application/json`) it is a page of a feed: give `next` as `from` to go on.
#[utoipa::path(
    get,
    path = "/v1/events",
    operation_id = "follow_events",
    tag = "events",
    params(EventsQuery, ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen")),
    responses(
        (status = 200, description = "Events", content(
            (String = "text/event-stream"),
            (EventPage = "application/json"),
        )),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    Query(query): Query<Events>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let from = last_event_id(&headers)?.or(query.from);
    if query.json.unwrap_or_else(|| accepts(&headers, "application/json")) {
        let position = from.unwrap_or(Position::at(0));
        let page = app.read(move |view| view.feed(position, query.limit, &query.filter)).await?;
        return Ok(Json(page).into_response());
    }
    if let Some(from) = from {
        app.read(move |view| view.check_held(from)).await?;
    }
    follow::stream(app, from, query.filter)
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<Position>, Fault> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let position = value.to_str().map_err(|_| "not text").and_then(Position::parse);
    position.map(Some).map_err(|reason| Fault::field(Code::InvalidHeader, "Last-Event-ID", reason))
}

/// Some events of the store.
struct Step {
    events: Vec<Event>,
    /// The place after the last event that was looked at.
    next: Position,
    /// Whether that is after everything in the store.
    caught_up: bool,
}

impl View<'_> {
    fn feed(&self, from: Position, limit: usize, filter: &Filter) -> Result<EventPage, Fault> {
        let step = self.step(from, limit, filter)?;
        let Position { height, number } = step.next;
        // Named as the id of the event before, so that `next` and Last-Event-ID are one thing.
        let next = match number.checked_sub(1) {
            Some(number) => format!("{height}.{number}"),
            None => format!("{}.{}", height.saturating_sub(1), u32::MAX),
        };
        Ok(EventPage { data: step.events, next, at: self.at() })
    }

    /// A feed never skips: one that would begin before the events that are held is refused.
    fn check_held(&self, from: Position) -> Result<(), Fault> {
        let held = self.snapshot.history()?.events_from;
        if held > 1 && from < Position::at(held) { Err(Fault::not_held("events", held)) } else { Ok(()) }
    }

    /// Up to `limit` events that pass the filter, from a place on.
    fn step(&self, from: Position, limit: usize, filter: &Filter) -> Result<Step, Fault> {
        self.check_held(from)?;
        let looked_at =
            self.events(from.height, from.number, if filter.is_open() { limit } else { SCAN_MAX })?;
        let everything = looked_at.len() < if filter.is_open() { limit } else { SCAN_MAX };
        let (mut events, mut next) = (Vec::new(), from);
        for event in looked_at {
            if events.len() == limit {
                return Ok(Step { events, next, caught_up: false });
            }
            next = event.position();
            if filter.passes(&event, self)? {
                events.push(event);
            }
        }
        Ok(Step { events, next, caught_up: everything })
    }
}

impl Event {
    /// The place after this event.
    fn position(&self) -> Position {
        Position::parse(&self.id).unwrap_or(Position::at(self.height.saturating_add(1)))
    }
}
