//! The log as strangers' tools read it: checkpoints, tiles and receipts in the formats of C2SP.

use axum::extract::{Path, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use ledger::checkpoint::{Receipt, SignedCheckpoint};
use ledger::merkle::tile::{TILE_WIDTH, TileKind, TilePath, TileReader as _};
use ledger::transaction::Id;
use std::sync::Arc;

use super::App;
use super::problem::{Code, Fault};
use super::query::{NoQuery, Query, Segment};
use super::schema::Problem;
use super::view::View;
use crate::checkpoints;

const TEXT: &str = "text/plain; charset=utf-8";
/// What never changes may be kept for ever.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// The newest checkpoint that more than two thirds of the centres have signed.
///
/// C2SP tlog-checkpoint with cosignatures: a text that other programs verify with `/v1/policy`. After every block there is
/// a new one.
#[utoipa::path(
    get,
    path = "/checkpoint",
    operation_id = "get_checkpoint",
    tag = "log",
    responses(
        (status = 200, description = "The checkpoint", content_type = "text/plain", body = String),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn checkpoint(State(app): State<App>, _query: Query<NoQuery>) -> Result<Response, Fault> {
    let checkpoint = app.checkpoint()?;
    Ok(([(CONTENT_TYPE, TEXT), (CACHE_CONTROL, "no-cache")], checkpoint.text()).into_response())
}

/// Whose signatures make a checkpoint final now.
///
/// C2SP tlog-policy: the log keys and cosigning keys of the members, and how many have to sign. Take it from a node that you
/// trust, or from several and compare.
#[utoipa::path(
    get,
    path = "/v1/policy",
    operation_id = "get_policy",
    tag = "log",
    responses(
        (status = 200, description = "The policy", content_type = "text/plain", body = String),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn policy(State(app): State<App>, _query: Query<NoQuery>) -> Result<Response, Fault> {
    let policy = app.read(|view| Ok(checkpoints::policy(&view.snapshot, view.chain)?)).await?;
    if !policy.can_be_met() {
        return Err(Fault::new(Code::NotFinalYet));
    }
    Ok(([(CONTENT_TYPE, TEXT)], policy.text()).into_response())
}

/// The receipt of a transaction.
///
/// C2SP tlog-proof: the transaction, its place in the log, the hashes up to the root, and the newest final checkpoint. It is
/// verified offline with `zhulian verify`, or by any program that knows the format.
#[utoipa::path(
    get,
    path = "/v1/transactions/{id}/receipt",
    operation_id = "get_receipt",
    tag = "log",
    params(("id" = String, Path, description = "Name of the transaction: 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The receipt", content_type = "text/plain", body = String),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn receipt(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> Result<Response, Fault> {
    let id: Id = segment.parse("id")?;
    let checkpoint = app.checkpoint();
    let text = app.read(move |view| view.receipt(&id, checkpoint).map(|receipt| receipt.text())).await?;
    Ok(([(CONTENT_TYPE, TEXT)], text).into_response())
}

/// A tile of hashes, or a bundle of entries (C2SP tlog-tiles).
pub(crate) async fn tile(
    State(app): State<App>,
    Path(path): Path<String>,
    _query: Query<NoQuery>,
) -> Result<Response, Fault> {
    let wrong = |_| {
        Fault::field(
            Code::InvalidPath,
            "tile",
            "expected LEVEL/NUMBER or entries/NUMBER as in C2SP tlog-tiles",
        )
    };
    let path: TilePath = path.parse().map_err(wrong)?;
    let bytes = app.read(move |view| view.tile(path)).await?;
    let mut response = ([(CONTENT_TYPE, "application/octet-stream")], bytes).into_response();
    response.headers_mut().insert(CACHE_CONTROL, FOR_EVER);
    Ok(response)
}

impl App {
    fn checkpoint(&self) -> Result<Arc<SignedCheckpoint>, Fault> {
        self.handle.checkpoint().ok_or_else(|| Fault::new(Code::NotFinalYet))
    }
}

impl View<'_> {
    fn receipt(&self, id: &Id, checkpoint: Result<Arc<SignedCheckpoint>, Fault>) -> Result<Receipt, Fault> {
        let (place, bytes) = self.transaction(id)?;
        let index = self.snapshot.leaf_of(place)?;
        let checkpoint = checkpoint?;
        let size = checkpoint.checkpoint.size;
        // A checkpoint that is kept from before the ledger was begun anew has nothing to do with this one.
        if size <= index || size > self.snapshot.tip().log_size {
            return Err(Fault::new(Code::NotFinalYet));
        }
        let path = self.snapshot.inclusion_proof(index, size)?;
        Ok(Receipt { leaf: Some(bytes), index, path, checkpoint: (*checkpoint).clone() })
    }

    fn tile(&self, path: TilePath) -> Result<Vec<u8>, Fault> {
        let missing = || Fault::new(Code::NotFound).because("The log is not that long yet");
        let width = usize::from(path.width);
        match path.kind {
            TileKind::Hashes(id) => {
                let covered = path.covered_leaves().ok_or_else(missing)?;
                if covered > self.snapshot.tip().log_size {
                    return Err(missing());
                }
                let hashes = self.snapshot.tile(id)?;
                Ok(hashes.get(..width).ok_or_else(missing)?.concat())
            }
            TileKind::Entries(number) => {
                let first = number.checked_mul(TILE_WIDTH as u64).ok_or_else(missing)?;
                if first.saturating_add(width as u64) > self.snapshot.tip().log_size {
                    return Err(missing());
                }
                let from = self.snapshot.history()?.blocks_from;
                if from > 1 {
                    return Err(Fault::not_held("entries", from));
                }
                let mut bundle = Vec::new();
                for leaf in self.snapshot.leaves(first, width)? {
                    bundle.extend((leaf.len() as u16).to_be_bytes());
                    bundle.extend(leaf);
                }
                Ok(bundle)
            }
        }
    }
}
