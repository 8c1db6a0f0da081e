//! Blocks and their certificates.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use ledger::block::{self, Header};
use ledger::certificate::CommitCertificate;
use ledger::store::BlockParts;
use ledger::transaction::Unverified;
use utoipa::IntoParams;

use super::App;
use super::problem::{Code, Fault, damaged};
use super::query::{FromQuery, NoQuery, Params, Query, Segment, accepts};
use super::schema::{Block, BlockSummary, Bytes, Certificate, Page, Problem, Record};
use super::view::{BlockName, View};

/// Which blocks.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Blocks {
    /// The first height.
    #[param(minimum = 1, default = 1, required = false)]
    from: u64,
    /// Most blocks to return.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    limit: u64,
}

impl FromQuery for Blocks {
    fn from_query(params: &mut Params) -> Result<Self, Fault> {
        Ok(Self { from: params.number("from", 1, u64::MAX, 1)?, limit: params.number("limit", 1, 200, 50)? })
    }
}

/// List blocks, ascending.
///
/// `next` is the next `from`; it is null at the end of the chain, from where `at.height + 1` goes on later.
#[utoipa::path(
    get,
    path = "/v1/blocks",
    operation_id = "list_blocks",
    tag = "blocks",
    params(Blocks),
    responses(
        (status = 200, description = "Blocks without their transactions", body = Page<BlockSummary>),
        (status = "default", description = "Refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(app): State<App>,
    Query(query): Query<Blocks>,
) -> Result<Json<Page<BlockSummary>>, Fault> {
    app.read(move |view| {
        let at = view.at();
        let until = query.from.saturating_add(query.limit);
        let data =
            (query.from..until.min(at.height + 1)).map(|h| view.summary(h)).collect::<Result<_, _>>()?;
        let next = (until <= at.height).then(|| until.to_string());
        Ok(Json(Page { data, next, at }))
    })
    .await
}

/// Look up a block.
///
/// With `Accept: application/cbor` the answer is the block's bytes: a CBOR array of the header's bytes and the
/// transactions' bytes, as docs/formats.md describes it. The certificate is in the JSON answer only.
#[utoipa::path(
    get,
    path = "/v1/blocks/{block}",
    operation_id = "get_block",
    tag = "blocks",
    params(("block" = String, Path, description = "A height, a block id of 64 hexadecimal digits, or `latest`")),
    responses(
        (status = 200, description = "The block", content(
            (Record<Block> = "application/json"),
            (Bytes = "application/cbor"),
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
    let name: BlockName = segment.parse("block")?;
    if accepts(&headers, "application/cbor") {
        let bytes = app.read(move |view| view.block_bytes(&name)).await?;
        return Ok(([(CONTENT_TYPE, "application/cbor")], bytes).into_response());
    }
    let record = app.read(move |view| Ok(Record { data: view.block(&name)?, at: view.at() })).await?;
    Ok(Json(record).into_response())
}

impl View<'_> {
    /// The block at a height, without its transactions.
    pub(crate) fn summary(&self, height: u64) -> Result<BlockSummary, Fault> {
        let missing = || damaged("a block", &format_args!("height {height} is missing"));
        let header = self.header(height)?.ok_or_else(missing)?;
        let index = self.snapshot.block(height)?.ok_or_else(missing)?;
        Ok(BlockSummary::new(&header, index.transactions))
    }

    fn parts(&self, name: &BlockName) -> Result<(BlockParts, Header), Fault> {
        let height = self.height_of(name)?;
        let parts = self.snapshot.block_parts(height.get())?.ok_or_else(|| Fault::new(Code::NotFound))?;
        let header = Header::decode(&parts.header).map_err(|e| damaged("a header", &e))?;
        Ok((parts, header))
    }

    fn block_bytes(&self, name: &BlockName) -> Result<Vec<u8>, Fault> {
        let (parts, header) = self.parts(name)?;
        Ok(block::Block { header, transactions: parts.transactions }.encode())
    }

    fn block(&self, name: &BlockName) -> Result<Block, Fault> {
        let (parts, header) = self.parts(name)?;
        let certificate =
            CommitCertificate::decode(&parts.certificate).map_err(|e| damaged("a certificate", &e))?;
        let transactions = parts
            .transactions
            .iter()
            .map(|bytes| Ok(Unverified::decode(self.chain, bytes)?.id().to_string()))
            .collect::<Result<Vec<_>, ledger::transaction::TransactionError>>()
            .map_err(|e| damaged("a transaction", &e))?;
        let count = u32::try_from(transactions.len()).unwrap_or(u32::MAX);
        Ok(Block {
            summary: BlockSummary::new(&header, count),
            transactions,
            certificate: Certificate::from(&certificate),
        })
    }
}
