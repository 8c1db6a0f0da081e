//! Submission: the way in for transactions, one by one or in batches.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use ledger::block::MAX_LEAF_BYTES;
use minicbor::Decoder;
use utoipa::IntoParams;

use super::App;
use super::problem::{Code, Fault};
use super::query::{FromQuery, Params, Query};
use super::room::Part;
use super::schema::{self, Problem, SubmitResult, SubmitStatus};
use crate::handle::{Outcome, Submitted, Wait};

/// Largest body, in bytes.
pub(crate) const BODY_MAX: usize = 4 * 1024 * 1024;
/// A longer body is read and thrown away up to here, in bytes, before it is refused.
const DISCARDED_MAX: usize = 16 * 1024 * 1024;
/// Most transactions in a batch.
pub(crate) const BATCH_MAX: usize = 2_000;
/// Longest a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(20);
/// How much longer than the client's own limit the node may take to answer.
const ANSWER_MARGIN: Duration = Duration::from_secs(5);

const MEDIA_COSE: &str = "application/cose";
const MEDIA_CBOR: &str = "application/cbor";

/// How long to wait for what.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query; `Submit` is what is read from it")]
pub(crate) struct SubmitQuery {
    /// `committed` (the default): answer when the transaction is on the ledger. `accepted`: answer when it waits.
    #[param(pattern = "^(committed|accepted)$")]
    wait: Option<String>,
    /// Longest wait for `committed`, in seconds; then the answer is 202 and `pending`.
    #[param(minimum = 1, maximum = 60, default = 15)]
    timeout: Option<u64>,
}

/// The query, read.
pub(crate) struct Submit {
    wait: Wait,
    timeout: Duration,
}

impl FromQuery for Submit {
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        let committed = params.read("wait", |text| match text {
            "committed" => Ok(true),
            "accepted" => Ok(false),
            _ => Err("expected `committed` or `accepted`"),
        })?;
        let timeout = Duration::from_secs(params.number("timeout", 1, 60, 15)?);
        let wait = if committed.unwrap_or(true) { Wait::Committed(timeout) } else { Wait::Accepted };
        Ok(Self { wait, timeout })
    }
}

/// Submit transactions.
///
/// One COSE_Sign1 as `application/cose`, answered with one result; or a batch as `application/cbor`: a CBOR array
/// (RFC 8949) of definite length whose elements are byte strings, each one COSE_Sign1, up to 2,000 of them and
/// 4 MiB in all, answered with an array of results in the same order. Transactions of a batch are taken in their
/// order and may depend on one another. Submitting the same transaction again does no harm.
#[utoipa::path(
    post,
    path = "/v1/transactions",
    operation_id = "submit_transactions",
    tag = "transactions",
    params(SubmitQuery),
    request_body(content(
        (schema::Bytes = "application/cose"),
        (schema::Bytes = "application/cbor"),
    ), description = "One transaction, or a CBOR array of byte strings"),
    responses(
        (status = 200, description = "On the ledger; of a batch, what became of each", body = SubmitAnswer),
        (status = 202, description = "Waiting", body = SubmitResult),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn submit(
    State(app): State<App>,
    Query(query): Query<Submit>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let batch = is_batch(&headers)?;
    let _permit = app.submissions.try_acquire().map_err(|_| Fault::new(Code::Busy))?;
    let mut room = app.bodies.part();
    let bytes = read_body(&headers, body, &mut room).await?;
    let transactions = if batch { decode_batch(&bytes)? } else { vec![one(bytes)?] };
    let answer =
        tokio::time::timeout(query.timeout + ANSWER_MARGIN, app.handle.submit(transactions, query.wait));
    let submitted = answer.await.map_err(|_| Fault::new(Code::NoAnswer))?;
    if batch {
        let results: Vec<SubmitResult> = submitted.into_iter().map(result).collect();
        return Ok(Json(results).into_response());
    }
    let submitted = submitted.into_iter().next().ok_or_else(|| Fault::new(Code::NotReady))?;
    match submitted.outcome {
        Outcome::Refused(refusal) => Err(refusal.into()),
        Outcome::Pending => Ok((StatusCode::ACCEPTED, Json(result(submitted))).into_response()),
        Outcome::Committed { .. } => Ok(Json(result(submitted)).into_response()),
    }
}

/// One result for one transaction, or one for each of a batch.
#[derive(serde::Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the answer")]
pub(crate) enum SubmitAnswer {
    One(SubmitResult),
    Batch(Vec<SubmitResult>),
}

fn is_batch(headers: &HeaderMap) -> Result<bool, Fault> {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(MEDIA_COSE) {
        Ok(false)
    } else if media_type.eq_ignore_ascii_case(MEDIA_CBOR) {
        Ok(true)
    } else {
        Err(Fault::new(Code::UnsupportedMediaType))
    }
}

/// Reads the body, taking room as it arrives: a length that is only declared costs nobody else anything. One that is too
/// long is refused when it has arrived: whoever still sends when the connection closes never reads the answer.
pub(super) async fn read_body(headers: &HeaderMap, body: Body, room: &mut Part) -> Result<Vec<u8>, Fault> {
    let declared =
        headers.get(axum::http::header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<usize>().ok());
    // Whoever asks first whether to send, or has more than will be thrown away, is answered at once.
    if declared.is_some_and(|length| length > DISCARDED_MAX || (length > BODY_MAX && asks_first(headers))) {
        return Err(too_large());
    }
    let gathered = tokio::time::timeout(BODY_TIME, gather(body, declared, room)).await;
    gathered.unwrap_or_else(|_| Err(Fault::new(Code::BodyTimeout)))
}

fn asks_first(headers: &HeaderMap) -> bool {
    headers.contains_key(axum::http::header::EXPECT)
}

async fn gather(body: Body, declared: Option<usize>, room: &mut Part) -> Result<Vec<u8>, Fault> {
    let mut chunks = body.into_data_stream();
    let (mut bytes, mut length) = (Vec::new(), 0);
    let mut fits = declared.is_none_or(|length| length <= BODY_MAX);
    while let Some(chunk) = chunks.next().await {
        // Whose connection broke does not read the answer.
        let chunk = chunk.map_err(|_| Fault::new(Code::BodyTimeout))?;
        length += chunk.len();
        fits = fits && length <= BODY_MAX;
        if length > DISCARDED_MAX {
            break;
        }
        if !fits {
            bytes = Vec::new();
        } else if room.hold(length) {
            bytes.extend_from_slice(&chunk);
        } else {
            return Err(Fault::new(Code::Busy));
        }
    }
    if fits { Ok(bytes) } else { Err(too_large()) }
}

fn too_large() -> Fault {
    Fault::new(Code::BodyTooLarge).because(format!("At most {BODY_MAX} bytes are allowed"))
}

fn one(bytes: Vec<u8>) -> Result<Vec<u8>, Fault> {
    check_length(&bytes)?;
    Ok(bytes)
}

fn check_length(bytes: &[u8]) -> Result<(), Fault> {
    if bytes.len() > MAX_LEAF_BYTES {
        let reason =
            format!("A transaction has at most {MAX_LEAF_BYTES} bytes, this one has {}", bytes.len());
        return Err(Fault::new(Code::BodyTooLarge).because(reason));
    }
    Ok(())
}

fn decode_batch(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let malformed = |reason: &dyn std::fmt::Display| Fault::new(Code::MalformedBatch).because(reason);
    let mut decoder = Decoder::new(bytes);
    let count = match decoder.array() {
        Ok(Some(count)) => usize::try_from(count).unwrap_or(usize::MAX),
        Ok(None) => return Err(malformed(&"The array has no definite length")),
        Err(error) => return Err(malformed(&error)),
    };
    if count == 0 {
        return Err(malformed(&"The array is empty"));
    }
    if count > BATCH_MAX {
        return Err(Fault::new(Code::BatchTooLong)
            .because(format!("At most {BATCH_MAX} are allowed, {count} were sent")));
    }
    let mut transactions = Vec::with_capacity(count);
    for _ in 0..count {
        let transaction = decoder.bytes().map_err(|error| malformed(&error))?;
        check_length(transaction)?;
        transactions.push(transaction.to_vec());
    }
    if decoder.position() != bytes.len() {
        return Err(malformed(&"There are bytes after the array"));
    }
    Ok(transactions)
}

fn result(submitted: Submitted) -> SubmitResult {
    let id = submitted.id.map(|id| hex::encode(id.as_bytes()));
    let (status, height, index, problem) = match submitted.outcome {
        Outcome::Committed { height, index } => {
            (SubmitStatus::Committed, Some(height.get()), Some(index), None)
        }
        Outcome::Pending => (SubmitStatus::Pending, None, None, None),
        Outcome::Refused(refusal) => {
            (SubmitStatus::Refused, None, None, Some(Fault::from(refusal).into_problem()))
        }
    };
    SubmitResult { id, status, height, index, problem }
}
