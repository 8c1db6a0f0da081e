//! Transactions on the ledger, and the proof that they are there.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use ledger::merkle::log::{self, HashReader, LogError};
use ledger::state::keys::KeyHolderKey;
use ledger::store::Place;
use ledger::transaction::{Id, Unverified};

use super::App;
use super::problem::{Code, Fault, damaged};
use super::query::{NoQuery, Query, Segment, accepts};
use super::schema::{Bytes, Event, Inclusion, Problem, Proof, Record, Signer, Transaction};
use super::view::View;

/// How many events of a block are read at a time.
const EVENTS_AT_A_TIME: usize = 512;

/// Look up a transaction.
///
/// With `Accept: application/cose` the answer is the transaction's bytes as signed. A transaction that still
/// waits is not on the ledger and not found.
#[utoipa::path(
    get,
    path = "/v1/transactions/{id}",
    operation_id = "get_transaction",
    tag = "transactions",
    params(("id" = String, Path, description = "Name of the transaction: 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The transaction", content(
            (Record<Transaction> = "application/json"),
            (Bytes = "application/cose"),
        )),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let id: Id = segment.parse("id")?;
    if accepts(&headers, "application/cose") {
        let bytes = app.read(move |view| Ok(view.transaction(&id)?.1)).await?;
        return Ok(([(CONTENT_TYPE, "application/cose")], bytes).into_response());
    }
    let record = app.read(move |view| Ok(Record { data: view.decoded(&id)?, at: view.at() })).await?;
    Ok(Json(record).into_response())
}

/// Prove that a transaction is on the ledger.
///
/// The proof needs no trust in this node: hash the leaf (RFC 6962), climb to the transaction root of the header,
/// hash the header to the block id, and verify the certificate's signatures with the members of that height
/// (`/v1/members?height=`).
#[utoipa::path(
    get,
    path = "/v1/transactions/{id}/proof",
    operation_id = "prove_transaction",
    tag = "transactions",
    params(("id" = String, Path, description = "Name of the transaction: 64 hexadecimal digits")),
    responses(
        (status = 200, description = "The proof", body = Record<Proof>),
        (status = "default", description = "Unknown or refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn proof(
    State(app): State<App>,
    segment: Segment,
    _query: Query<NoQuery>,
) -> Result<Json<Record<Proof>>, Fault> {
    let id: Id = segment.parse("id")?;
    app.read(move |view| Ok(Json(Record { data: view.proof(&id)?, at: view.at() }))).await
}

impl View<'_> {
    pub(super) fn transaction(&self, id: &Id) -> Result<(Place, Vec<u8>), Fault> {
        if let Some(found) = self.snapshot.transaction(id.as_bytes())? {
            return Ok(found);
        }
        // Of what is older than what is held nobody here knows whether it exists.
        match self.snapshot.history()?.blocks_from {
            1 => {
                Err(Fault::new(Code::NotFound)
                    .because("A transaction that still waits is not on the ledger yet"))
            }
            from => Err(Fault::not_held("transactions", from)),
        }
    }

    fn decoded(&self, id: &Id) -> Result<Transaction, Fault> {
        let (place, bytes) = self.transaction(id)?;
        let transaction = Unverified::decode(self.chain, &bytes).map_err(|e| damaged("a transaction", &e))?;
        let header = self.header(place.height)?.ok_or_else(|| damaged("a block", &"it has no header"))?;
        let holder = self.get(&KeyHolderKey(&transaction.key()))?;
        let payload = transaction.payload().clone();
        Ok(Transaction {
            id: id.to_string(),
            signer: Signer {
                key: transaction.key().to_string(),
                organisation: holder.map(|holder| holder.organisation.to_string()),
            },
            action: payload.action.into(),
            expiry: payload.expiry.get(),
            salt: hex::encode(payload.salt),
            clock: self.clock()?,
            height: place.height,
            index: place.index,
            block_id: header.id().to_string(),
            block_time: header.time.to_string(),
            events: self.caused_by(id, place.height)?,
        })
    }

    fn caused_by(&self, id: &Id, height: u64) -> Result<Vec<Event>, Fault> {
        let (id, mut caused, mut number) = (id.to_string(), Vec::new(), 0u32);
        loop {
            let events = self.events(height, number, EVENTS_AT_A_TIME)?;
            let of_block = events.iter().take_while(|event| event.height == height).count();
            caused.extend(events.into_iter().take(of_block).filter(|e| e.transaction.as_ref() == Some(&id)));
            if of_block < EVENTS_AT_A_TIME {
                return Ok(caused);
            }
            number = number.saturating_add(EVENTS_AT_A_TIME as u32);
        }
    }

    fn proof(&self, id: &Id) -> Result<Proof, Fault> {
        let (place, bytes) = self.transaction(id)?;
        let tip = self.snapshot.tip();
        let leaf_index = self.snapshot.leaf_of(place)?;
        let block = self.snapshot.block_parts(place.height)?.ok_or_else(|| Fault::new(Code::NotFound))?;
        let leaves = Leaves(block.transactions.iter().map(|bytes| log::leaf_hash(bytes)).collect());
        let (index, size) = (u64::from(place.index), leaves.0.len() as u64);
        let in_block = log::inclusion_proof(&leaves, index, size).map_err(|e| damaged("a block", &e))?;
        Ok(Proof {
            leaf: hex::encode(bytes),
            height: place.height,
            block_id: hex::encode(block.id),
            header: hex::encode(&block.header),
            certificate: hex::encode(&block.certificate),
            block: Inclusion {
                leaf_index: index,
                tree_size: size,
                root: hex::encode(log::root_of(&leaves.0)),
                path: in_block.iter().map(hex::encode).collect(),
            },
            clock: self.clock()?,
            log: Inclusion {
                leaf_index,
                tree_size: tip.log_size,
                root: hex::encode(tip.log_root),
                path: self
                    .snapshot
                    .inclusion_proof(leaf_index, tip.log_size)?
                    .iter()
                    .map(hex::encode)
                    .collect(),
            },
        })
    }
}

/// The leaf hashes of one block, from which any subtree is computed.
struct Leaves(Vec<[u8; 32]>);

impl HashReader for Leaves {
    type Error = LogError;

    fn subtree(&self, level: u8, index: u64) -> Result<[u8; 32], LogError> {
        let width = 1usize.checked_shl(level.into()).unwrap_or(usize::MAX);
        let start = usize::try_from(index).unwrap_or(usize::MAX).saturating_mul(width);
        let leaves = self.0.get(start..start.saturating_add(width));
        Ok(log::root_of(leaves.ok_or(LogError::OutOfRange { index, size: self.0.len() as u64 })?))
    }
}
