//! The HTTP interface: what a client can ask of a running node.
//!
//! Everything is served from one router, without login: the ledger is public to read, and what is submitted is
//! signed. Whatever a request says is refused with a problem document when it is not understood to the letter.

pub mod schema;

mod problem;
mod query;
mod room;
mod view;

mod blocks;
mod documents;
mod events;
mod governance;
mod records;
mod status;
mod submit;
mod tenders;
mod transactions;
mod trust;

mod health;
mod joining;
mod log;
pub mod metrics;
mod page;

mod listen;

pub use events::EventPage;
pub(crate) use health::revocation_data;
pub use joining::{Joining, joining_router};
pub use listen::{BoundedListener, serve};

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{map_response, map_response_with_state};
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::Semaphore;
use utoipa::openapi::{Info, License, OpenApi, RefOr, Schema, Tag};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::handle::Handle;
use problem::{Code, Fault};
use room::Room;

/// Bounds of the interface, and when a node counts as ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Submissions being answered at a time: 8,192.
    pub submissions: usize,
    /// Bytes of their bodies held at a time, as they arrive: 256 MiB.
    pub body_bytes: usize,
    /// Bytes of long answers held at a time, until their readers have taken them: 256 MiB.
    pub answer_bytes: usize,
    /// Reads of the ledger at a time; more of them wait up to 10 s: 32.
    pub reads: usize,
    /// Event streams at a time: 512.
    pub streams: usize,
    /// Difference from the other centres' clocks above which the node is not ready, in milliseconds: 500.
    pub clock_off_ms_max: u64,
    /// Free space below which the node is not ready, in bytes: 256 MiB.
    pub disk_free_bytes_min: u64,
    /// Age of the last block above which the node is not ready, in seconds; blocks come at least once in a
    /// heartbeat of 600 s: 900.
    pub tip_age_seconds_max: u64,
    /// The same while transactions wait: 30.
    pub tip_age_waiting_seconds_max: u64,
    /// Whether the node is not ready while the revocation data of a trusted authority is too old: no. It is degraded.
    pub fresh_revocation_data_required: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            submissions: 8_192,
            body_bytes: 256 << 20,
            answer_bytes: 256 << 20,
            reads: 32,
            streams: 512,
            clock_off_ms_max: 500,
            disk_free_bytes_min: 256 << 20,
            tip_age_seconds_max: 900,
            tip_age_waiting_seconds_max: 30,
            fresh_revocation_data_required: false,
        }
    }
}

/// What the interface shows besides the ledger.
#[derive(Clone)]
pub struct Extras {
    /// Name of the node.
    pub name: String,
    /// Where the node keeps its data: the file system whose free space counts.
    pub data_dir: PathBuf,
    /// The recorder, from [`metrics::install`].
    pub recorder: PrometheusHandle,
    /// Bounds.
    pub limits: Limits,
}

/// What every endpoint works with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App(Arc<Shared>);

pub(crate) struct Shared {
    handle: Handle,
    extras: Extras,
    submissions: Semaphore,
    bodies: Room,
    answers: Room,
    reads: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

/// The whole interface of a running node.
pub fn router(handle: Handle, extras: Extras) -> Router {
    let limits = &extras.limits;
    let app = App(Arc::new(Shared {
        submissions: Semaphore::new(limits.submissions),
        bodies: Room::new(limits.body_bytes),
        answers: Room::new(limits.answer_bytes),
        reads: Arc::new(Semaphore::new(limits.reads)),
        streams: Arc::new(Semaphore::new(limits.streams)),
        handle,
        extras,
    }));
    let (router, _) = documented().split_for_parts();
    router
        .route("/", axum::routing::get(page::home))
        .route("/tile/{*path}", axum::routing::get(log::tile))
        .route("/openapi.json", axum::routing::get(document))
        .fallback(|| async { Fault::new(Code::NoSuchPath) })
        .method_not_allowed_fallback(|| async { Fault::new(Code::MethodNotAllowed) })
        .layer(map_response_with_state(app.clone(), room::within_room))
        .layer(map_response(with_headers))
        .with_state(app)
}

/// The description of the interface: OpenAPI 3.1, as JSON. The file `node/openapi.json` is this text.
pub fn openapi() -> String {
    let (_, mut document) = documented().split_for_parts();
    document.info = Info::builder()
        .title("Zhulian node")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Read the ledger, submit signed transactions, follow events. Problems are RFC 9457 documents in English \
             and Chinese. Unknown query parameters are refused. Amounts are decimal texts, times RFC 3339, names in \
             hexadecimal.",
        ))
        .license(Some(License::new("Apache-2.0")))
        .build();
    let tags = [
        ("transactions", "Submit, look up and prove"),
        ("blocks", "The chain"),
        ("log", "What strangers' tools verify: checkpoints, receipts, and tiles at /tile/ (C2SP tlog-tiles)"),
        ("listings", "Listings with their quotes and bidders"),
        ("guarantees", "Letters of guarantee"),
        ("organisations", "Who takes part"),
        (
            "certificates",
            "Certification authorities, certificates, keys with their mandates, and shared keys",
        ),
        ("governance", "Members, the changes they decide on, and double signings"),
        ("tenders", "Tenders with sealed bids: notices, openings, committees, admission stamps, arrivals"),
        ("documents", "Encrypted documents of bids"),
        ("events", "What happens"),
        ("node", "This node and its chain"),
        ("health", "For operators"),
    ];
    let tag = |(name, description): (&str, &str)| {
        let mut tag = Tag::new(name);
        tag.description = Some(description.to_owned());
        tag
    };
    document.components.iter_mut().flat_map(|c| c.schemas.values_mut()).for_each(open);
    document.tags = Some(tags.into_iter().map(tag).collect());
    text_of(&document)
}

/// What the program reads it reads strictly, but answers may have more properties than a schema names: an act stands
/// beside its name there, and a schema that forbids what it does not list would forbid the name.
fn open(schema: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(object)) = schema {
        object.additional_properties = None;
    }
}

fn text_of(document: &OpenApi) -> String {
    // Serialising plain data that the program itself holds cannot fail.
    document.to_pretty_json().map(|json| json + "\n").unwrap_or_default()
}

fn documented() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(submit::submit))
        .routes(routes!(transactions::get))
        .routes(routes!(transactions::proof))
        .routes(routes!(log::receipt))
        .routes(routes!(log::checkpoint))
        .routes(routes!(log::policy))
        .routes(routes!(blocks::list))
        .routes(routes!(blocks::get))
        .routes(routes!(records::listings))
        .routes(routes!(records::listing))
        .routes(routes!(records::quotes))
        .routes(routes!(records::bidders))
        .routes(routes!(records::guarantees))
        .routes(routes!(records::guarantee))
        .routes(routes!(records::organisations))
        .routes(routes!(records::organisation))
        .routes(routes!(trust::authorities))
        .routes(routes!(trust::authority))
        .routes(routes!(trust::certificate))
        .routes(routes!(trust::certificates))
        .routes(routes!(trust::keys))
        .routes(routes!(trust::key))
        .routes(routes!(trust::shared_keys))
        .routes(routes!(governance::members))
        .routes(routes!(governance::changes))
        .routes(routes!(governance::change))
        .routes(routes!(governance::evidence_list))
        .routes(routes!(governance::evidence))
        .routes(routes!(tenders::projects))
        .routes(routes!(tenders::project))
        .routes(routes!(tenders::tenders))
        .routes(routes!(tenders::tender))
        .routes(routes!(tenders::objections))
        .routes(routes!(tenders::bids))
        .routes(routes!(tenders::bid))
        .routes(routes!(tenders::opening))
        .routes(routes!(tenders::opened_bids))
        .routes(routes!(tenders::evaluation))
        .routes(routes!(tenders::epoch))
        .routes(routes!(tenders::committee))
        .routes(routes!(tenders::stamp_keys))
        .routes(routes!(tenders::stamp))
        .routes(routes!(tenders::arrival))
        .routes(routes!(documents::announce))
        .routes(routes!(documents::progress, documents::piece))
        .routes(routes!(documents::receipt))
        .routes(routes!(documents::get))
        .routes(routes!(events::get))
        .routes(routes!(status::get))
        .routes(routes!(status::genesis))
        .routes(routes!(status::rules))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::version))
        .routes(routes!(metrics::get))
}

async fn document() -> impl IntoResponse {
    static TEXT: OnceLock<String> = OnceLock::new();
    ([(CONTENT_TYPE, "application/json")], TEXT.get_or_init(openapi).as_str())
}

/// Headers that keep browsers from guessing and leaking. Reading is public, so any site may read.
async fn with_headers(mut response: Response) -> Response {
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    response
}
