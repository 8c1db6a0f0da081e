//! The encrypted documents of bids: uploaded in pieces, held with a receipt, read by anybody.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use ledger::codec;
use ledger::hash::DocumentHash;
use ledger::id::TenderId;
use ledger::state::keys::TenderKey;
use sealing::message::{self, DocumentRef};
use sealing::suite::Ristretto255;
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::App;
use super::problem::{Code, Fault};
use super::query::{FromQuery, NoQuery, Params, Query, Segment};
use super::schema::{Bytes, DocumentReceipt, Problem, Upload};
use super::submit::read_body;
use crate::documents::duty::has_ended;
use crate::documents::shelf::{About, Progress, ShelfError};
use crate::documents::{Documents, Token};
use crate::tenders::admission::{Request as Asked, TICKET_BYTES_MAX, Ticket, TicketError};

const MEDIA_CBOR: &str = "application/cbor";
const MEDIA_PIECE: &str = "application/offset+octet-stream";
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// What its name says cannot change.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// Announce an encrypted document for a bid, or take its upload up again.
///
/// The body is a ticket, a CBOR map: the tender (0), what is asked for (1: `[1, [SHA-256, length]]` of the ciphertext), the
/// one-time key (2) and its admission stamp (3), signed by that key (4). The answer says where the pieces go and how many bytes
/// are here already.
/// Nobody needs to say who they are. Upload to more centres of the tender's committee than can fail.
#[utoipa::path(
    post,
    path = "/v1/documents",
    operation_id = "announce_document",
    tag = "documents",
    request_body(content((Bytes = "application/cbor")), description = "The ticket"),
    responses(
        (status = 200, description = "Held or begun before", body = Upload),
        (status = 201, description = "Announced; `Location` is where the pieces go", body = Upload),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn announce(
    State(app): State<App>,
    _query: Query<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let ticket = read_ticket(&app, &headers, body).await?;
    let (documents, desk) = (app.documents(), app.handle.desk().clone());
    let (upload, is_new) = app
        .read(move |view| {
            let now = view.time()?;
            let own = desk.own_centre(&view.snapshot)?.ok_or(TicketError::NotSeated)?;
            ticket.check(&view.snapshot, view.chain, &own, now)?;
            let Ticket { tender, key, request: Asked::Document { hash: document, len }, .. } = ticket else {
                return Err(Fault::new(Code::MalformedTicket));
            };
            let about = About { tender, len, key, since: now, unneeded_since: None };
            let is_new = documents.shelf.progress(&document).is_none();
            let progress = documents.shelf.announce(&document, &about)?;
            let token = documents.token(document);
            Ok((upload(&document, &token, progress), is_new))
        })
        .await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let location = HeaderValue::from_str(&upload.pieces).map_err(|_| Fault::new(Code::Internal))?;
    Ok((status, [(LOCATION, location)], Json(upload)).into_response())
}

/// Where an upload stands.
#[utoipa::path(
    get,
    path = "/v1/uploads/{token}",
    operation_id = "get_upload",
    tag = "documents",
    params(("token" = String, Path, description = "As the announcement was answered: 32 hexadecimal digits")),
    responses(
        (status = 200, description = "How many bytes are here", body = Upload),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn progress(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> Result<Response, Fault> {
    let documents = app.documents();
    let (token, document) = documents.announced(&segment)?;
    let progress = documents.shelf.progress(&document).ok_or(ShelfError::Unknown)?;
    Ok((stands(progress), Json(upload(&document, &token, progress))).into_response())
}

/// Add a piece to an upload.
///
/// `Upload-Offset` says where it belongs; a piece of up to 4 MiB is on the disk before it is acknowledged. With the last one
/// the SHA-256 of the whole is compared. A piece that does not follow is answered 409 with the offset that does.
#[utoipa::path(
    patch,
    path = "/v1/uploads/{token}",
    operation_id = "upload_piece",
    tag = "documents",
    params(
        ("token" = String, Path, description = "As the announcement was answered: 32 hexadecimal digits"),
        ("upload-offset" = u64, Header, description = "Bytes that are here already"),
    ),
    request_body(content((Bytes = "application/offset+octet-stream")), description = "The bytes from there on"),
    responses(
        (status = 200, description = "On the disk", body = Upload),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn piece(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    expect_type(&headers, MEDIA_PIECE)?;
    let offset = headers.get(UPLOAD_OFFSET).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let offset = offset.ok_or_else(|| {
        Fault::field(Code::InvalidHeader, "upload-offset", "Say how many bytes are here already")
    })?;
    let documents = app.documents();
    let (token, document) = documents.announced(&segment)?;
    let _permit = app.submissions.try_acquire().map_err(|_| Fault::new(Code::Busy))?;
    let mut room = app.bodies.part();
    let bytes = read_body(&headers, body, &mut room).await?;
    let shelf = documents.shelf.clone();
    let added = tokio::task::spawn_blocking(move || shelf.append(&document, offset, &bytes)).await?;
    let progress = added?;
    Ok((stands(progress), Json(upload(&document, &token, progress))).into_response())
}

/// For which tender.
pub(crate) struct ForTender(TenderId);

impl FromQuery for ForTender {
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        let tender = params.read("tender", str::parse::<TenderId>)?;
        let missing = || Fault::field(Code::InvalidParameter, "tender", "Name the tender");
        tender.map(Self).ok_or_else(missing)
    }
}

/// A centre's receipt for a document that it holds.
///
/// Signed for the tender for which the document was announced: the centre holds it until the tender's end and 90 days. It goes
/// into the bid.
#[utoipa::path(
    post,
    path = "/v1/documents/{hash}/receipt",
    operation_id = "get_document_receipt",
    tag = "documents",
    params(
        ("hash" = String, Path, description = "SHA-256 of the ciphertext: 64 hexadecimal digits"),
        ("tender" = String, Query, description = "The tender: 64 hexadecimal digits"),
    ),
    responses(
        (status = 200, description = "The receipt", body = DocumentReceipt),
        (status = "default", description = "Not held, or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn receipt(
    State(app): State<App>,
    segment: Segment,
    Query(ForTender(tender)): Query<ForTender>,
) -> Result<Json<DocumentReceipt>, Fault> {
    let hash: DocumentHash = segment.parse("hash")?;
    let documents = app.documents();
    let about = documents.shelf.held(&hash).filter(|about| about.tender == tender);
    let about = about.ok_or_else(|| Fault::new(Code::DocumentNotHeldHere))?;
    let (desk, len) = (app.handle.desk().clone(), about.len);
    let (own, attestation) = app
        .read(move |view| {
            let own = desk.own_centre(&view.snapshot)?.ok_or(TicketError::NotSeated)?;
            if view.get(&TenderKey(&tender))?.is_none_or(|tender| has_ended(tender.stage)) {
                return Err(TicketError::NotAccepting.into());
            }
            let reference = DocumentRef { sha256: *hash.as_bytes(), len };
            let bytes = message::receipt::<Ristretto255>(view.chain.as_str(), &tender.sealed(), &reference);
            Ok((own, desk.voice.attest(bytes.as_bytes()).map_err(|error| not_signed(&error))?))
        })
        .await?;
    Ok(Json(DocumentReceipt {
        document: hash.to_string(),
        len: about.len,
        tender: tender.to_string(),
        centre: own.to_string(),
        key: attestation.key.to_string(),
        signature: hex::encode(attestation.signature.as_bytes()),
    }))
}

/// The bytes of an encrypted document.
///
/// Ranges are understood. Everybody may read: the key follows from the bid, and nobody has that before the opening.
#[utoipa::path(
    get,
    path = "/v1/documents/{hash}",
    operation_id = "get_document",
    tag = "documents",
    params(("hash" = String, Path, description = "SHA-256 of the ciphertext: 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The ciphertext", content_type = "application/octet-stream", body = Bytes),
        (status = 206, description = "A part of it", content_type = "application/octet-stream", body = Bytes),
        (status = "default", description = "Not held here", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
    request: Request,
) -> Result<Response, Fault> {
    let hash: DocumentHash = segment.parse("hash")?;
    let file = app.documents().shelf.file(&hash).ok_or_else(|| Fault::new(Code::DocumentNotHeldHere))?;
    let Ok(response) = ServeFile::new(file).oneshot(request).await;
    let mut response = response.map(Body::new);
    if response.status().is_success() {
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
        headers.insert(CACHE_CONTROL, FOR_EVER);
    }
    Ok(response)
}

impl App {
    fn documents(&self) -> Arc<Documents> {
        self.handle.documents().clone()
    }
}

impl Documents {
    fn announced(&self, segment: &Segment) -> Result<(Token, DocumentHash), Fault> {
        let token: Token = segment.parse("token")?;
        let document = self.document(&token).ok_or_else(|| Fault::from(ShelfError::Unknown))?;
        Ok((token, document))
    }
}

/// Reads a ticket from a body.
pub(super) async fn read_ticket(app: &App, headers: &HeaderMap, body: Body) -> Result<Ticket, Fault> {
    expect_type(headers, MEDIA_CBOR)?;
    let mut room = app.bodies.part();
    let bytes = read_body(headers, body, &mut room).await?;
    codec::decode(&bytes, TICKET_BYTES_MAX)
        .map_err(|reason| Fault::new(Code::MalformedTicket).because(reason))
}

/// The key is on a token that does not answer.
pub(super) fn not_signed(error: &consensus::SigningFailed) -> Fault {
    tracing::error!(%error, "the voting key does not sign");
    Fault::new(Code::NotReady)
}

pub(super) fn expect_type(headers: &HeaderMap, expected: &'static str) -> Result<(), Fault> {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(Fault::field(Code::InvalidHeader, "content-type", format!("Expected {expected}")))
}

fn upload(document: &DocumentHash, token: &Token, progress: Progress) -> Upload {
    Upload {
        document: document.to_string(),
        pieces: format!("/v1/uploads/{token}"),
        offset: progress.offset,
        len: progress.len,
        held: progress.held,
    }
}

fn stands(progress: Progress) -> [(HeaderName, HeaderValue); 2] {
    [(UPLOAD_OFFSET, progress.offset.into()), (UPLOAD_LENGTH, progress.len.into())]
}

impl From<TicketError> for Fault {
    fn from(error: TicketError) -> Self {
        match error {
            TicketError::NotAccepting => Self::new(Code::TenderTakesNoDocuments),
            TicketError::UnknownTender => Self::new(Code::NotFound).because(error),
            TicketError::NotSeated => Self::new(Code::KeepsNoDocuments).because(error),
            TicketError::Signature | TicketError::Stamp => Self::new(Code::InvalidTicket).because(error),
            TicketError::State(error) => error.into(),
        }
    }
}

impl From<ShelfError> for Fault {
    fn from(error: ShelfError) -> Self {
        let code = match &error {
            ShelfError::Conflict => Code::DocumentConflict,
            ShelfError::Length(_) | ShelfError::TooMany => Code::DocumentLength,
            ShelfError::Quota(_) => Code::DocumentQuota,
            ShelfError::NoRoom => Code::NoRoomForDocuments,
            ShelfError::Unknown => Code::UploadUnknown,
            ShelfError::Busy | ShelfError::Offset(_) => Code::UploadOffset,
            ShelfError::Differs => Code::DocumentDiffers,
            ShelfError::Io(error) => {
                tracing::error!(%error, "a document could not be kept; check the disk");
                return Self::new(Code::Internal);
            }
        };
        Self::new(code).because(error)
    }
}
