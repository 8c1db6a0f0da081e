//! A client of the HTTP interface.

use std::time::Duration;

use ledger::hash::DocumentHash;
use ledger::id::{ChainId, TenderId};
use reqwest::StatusCode;
use serde::de::DeserializeOwned;

use super::output::{Failure, words};
use crate::api::schema::{
    ArrivalReceipt, BlindSignature, DocumentReceipt, Page, Problem, Readiness, Record, Status, SubmitResult,
    SubmitStatus, Transaction, Upload,
};
use crate::tenders::admission::Ticket;
use crate::tenders::stamps::StampRequest;

/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a piece of a document may take.
const PIECE_TIME: Duration = Duration::from_secs(60);
/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A connection to one node.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
}

/// Why a node gave no answer to what was asked.
#[derive(Clone, Debug)]
pub enum ClientError {
    /// No connection could be made, or it broke: the request may or may not have arrived.
    Unreachable(String),
    /// The node refused.
    Refused(Box<Problem>),
    /// The answer is not one that this program knows.
    Strange(String),
}

impl ClientError {
    /// Whether another node may answer better.
    pub fn is_worth_another_node(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Strange(_) => true,
            Self::Refused(problem) => problem.status >= 500,
        }
    }

    /// What to tell a person who asked `url`.
    pub fn into_failure(self, url: &str) -> Failure {
        match self {
            Self::Refused(problem) => Failure::refused(&problem),
            Self::Unreachable(reason) => Failure::failed(words(
                format!(
                    "No answer from {url}: {reason}. Check that the node runs there, or give another --node."
                ),
                format!("{url} 无应答：{reason}。请确认节点正在运行，或用 --node 指定其他节点。"),
            )),
            Self::Strange(reason) => Failure::failed(words(
                format!(
                    "{url} answered something that is not of this interface: {reason}. Check the address and the versions."
                ),
                format!("{url} 的应答不符合接口：{reason}。请检查地址与版本。"),
            )),
        }
    }
}

impl Client {
    /// A client of the node at `url`, for example `http://127.0.0.1:8101`.
    ///
    /// # Errors
    /// [`Failure`] of usage when it is not an HTTP address.
    pub fn new(url: &str) -> Result<Self, Failure> {
        let wrong = |reason: &str| {
            Failure::usage(words(
                format!("{url} is not a node's address ({reason}). Write for example http://127.0.0.1:8101."),
                format!("{url} 不是节点地址（{reason}）。示例：http://127.0.0.1:8101。"),
            ))
        };
        let parsed = reqwest::Url::parse(url).map_err(|e| wrong(&e.to_string()))?;
        if parsed.scheme() != "http" {
            return Err(wrong("only http is spoken here; TLS ends at a proxy"));
        }
        let http = reqwest::Client::builder().connect_timeout(CONNECT).no_proxy().build();
        let http = http.map_err(|e| wrong(&e.to_string()))?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned() })
    }

    /// The node's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where the node stands.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn status(&self) -> Result<Status, ClientError> {
        self.get("/v1/status").await
    }

    /// One record, by path.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn record<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.get::<Record<T>>(path).await.map(|record| record.data)
    }

    /// The first page of a list.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn page<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ClientError> {
        self.get::<Page<T>>(path).await.map(|page| page.data)
    }

    /// A transaction on the ledger.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn transaction(&self, id: &str) -> Result<Transaction, ClientError> {
        self.record(&format!("/v1/transactions/{id}")).await
    }

    /// Whether the node can serve, and what is missing if it cannot.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn readiness(&self) -> Result<Readiness, ClientError> {
        self.readiness_at("/readyz").await
    }

    /// The same with every part, also when all are ready.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn readiness_in_parts(&self) -> Result<Readiness, ClientError> {
        self.readiness_at("/readyz?verbose").await
    }

    async fn readiness_at(&self, path: &str) -> Result<Readiness, ClientError> {
        let request = self.http.get(format!("{}{path}", self.url)).timeout(CONNECT);
        // The answer has the same shape whatever its status.
        let (_, bytes) = body(request.send().await.map_err(unreachable)?).await?;
        serde_json::from_slice(&bytes).map_err(|e| ClientError::Strange(e.to_string()))
    }

    /// Reads a JSON answer.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let request = self.http.get(format!("{}{path}", self.url)).timeout(Duration::from_secs(20));
        read(request.send().await.map_err(unreachable)?).await
    }

    /// Reads an answer that is text.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn text(&self, path: &str) -> Result<String, ClientError> {
        let request = self.http.get(format!("{}{path}", self.url)).timeout(Duration::from_secs(20));
        let response = request.send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        let (_, bytes) = body(response).await?;
        String::from_utf8(bytes).map_err(|e| ClientError::Strange(e.to_string()))
    }

    /// Submits one transaction and waits for it to be recorded, or only to be accepted.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn submit(&self, bytes: &[u8], wait: Wait) -> Result<SubmitResult, ClientError> {
        self.post("application/cose", bytes.to_vec(), wait).await
    }

    /// Submits transactions that may depend on one another, in their order.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn submit_batch(
        &self,
        transactions: &[Vec<u8>],
        wait: Wait,
    ) -> Result<Vec<SubmitResult>, ClientError> {
        let list: Vec<minicbor::bytes::ByteVec> = transactions.iter().cloned().map(Into::into).collect();
        let body = ledger::codec::encode(&list);
        self.post("application/cbor", body, wait).await
    }

    /// Has an admission stamp signed.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn stamp(&self, request: &StampRequest) -> Result<BlindSignature, ClientError> {
        self.put("/v1/stamps", ledger::codec::encode(request)).await
    }

    /// Has it said when a bid came.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn arrival(&self, ticket: &Ticket) -> Result<ArrivalReceipt, ClientError> {
        self.put("/v1/arrivals", ledger::codec::encode(ticket)).await
    }

    /// Posts CBOR and reads JSON.
    async fn put<T: DeserializeOwned>(&self, path: &str, body: Vec<u8>) -> Result<T, ClientError> {
        let request = self.http.post(format!("{}{path}", self.url)).timeout(PIECE_TIME);
        let request = request.header("content-type", "application/cbor").body(body);
        read(request.send().await.map_err(unreachable)?).await
    }

    /// Announces a document, or finds where its upload stands.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn announce(&self, ticket: &Ticket) -> Result<Upload, ClientError> {
        self.put("/v1/documents", ledger::codec::encode(ticket)).await
    }

    /// Adds a piece to an upload.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn upload_piece(&self, upload: &Upload, piece: Vec<u8>) -> Result<Upload, ClientError> {
        let request = self.http.patch(format!("{}{}", self.url, upload.pieces)).timeout(PIECE_TIME);
        let request = request.header("content-type", "application/offset+octet-stream");
        let request = request.header("upload-offset", upload.offset).body(piece);
        read(request.send().await.map_err(unreachable)?).await
    }

    /// The node's receipt for a document that it holds.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn document_receipt(
        &self,
        document: &DocumentHash,
        tender: &TenderId,
    ) -> Result<DocumentReceipt, ClientError> {
        let path = format!("{}/v1/documents/{document}/receipt?tender={tender}", self.url);
        read(self.http.post(path).timeout(PIECE_TIME).send().await.map_err(unreachable)?).await
    }

    /// A piece of an encrypted document, at most `most` bytes from `offset` on.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn document_piece(
        &self,
        document: &DocumentHash,
        offset: u64,
        most: u64,
    ) -> Result<Vec<u8>, ClientError> {
        let range = format!("bytes={offset}-{}", offset.saturating_add(most).saturating_sub(1));
        let request = self.http.get(format!("{}/v1/documents/{document}", self.url)).timeout(PIECE_TIME);
        let response = request.header("range", range).send().await.map_err(unreachable)?;
        if response.status() != StatusCode::PARTIAL_CONTENT {
            return Err(refusal(response).await);
        }
        body(response).await.map(|(_, bytes)| bytes)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        kind: &str,
        body: Vec<u8>,
        wait: Wait,
    ) -> Result<T, ClientError> {
        let query = match wait {
            Wait::Accepted => "wait=accepted".to_owned(),
            Wait::Committed(time) => format!("wait=committed&timeout={}", time.as_secs().clamp(1, 60)),
        };
        let limit =
            Duration::from_secs(10) + if let Wait::Committed(time) = wait { time } else { Duration::ZERO };
        let request = self.http.post(format!("{}/v1/transactions?{query}", self.url)).timeout(limit);
        let request = request.header("content-type", kind).body(body);
        read(request.send().await.map_err(unreachable)?).await
    }
}

/// How long a submission waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until the node has taken it.
    Accepted,
    /// Until it is on the ledger, at most this long.
    Committed(Duration),
}

/// Several nodes of one network, in the order in which they are asked.
#[derive(Clone, Debug)]
pub struct Nodes(Vec<Client>);

impl Nodes {
    /// Clients of these addresses.
    ///
    /// # Errors
    /// [`Failure`] of usage.
    pub fn new(urls: &[String]) -> Result<Self, Failure> {
        urls.iter().map(|url| Client::new(url)).collect::<Result<_, _>>().map(Self)
    }

    /// The clients.
    pub fn all(&self) -> &[Client] {
        &self.0
    }

    /// Asks one node after the other until one answers.
    ///
    /// # Errors
    /// The last node's [`Failure`].
    pub async fn ask<T, F: Future<Output = Result<T, ClientError>>>(
        &self,
        question: impl Fn(Client) -> F,
    ) -> Result<T, Failure> {
        let mut last = None;
        for client in &self.0 {
            match question(client.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) if error.is_worth_another_node() => last = Some(error.into_failure(client.url())),
                Err(error) => return Err(error.into_failure(client.url())),
            }
        }
        Err(last
            .unwrap_or_else(|| Failure::usage(words("Give at least one --node.", "请至少指定一个 --node。"))))
    }

    /// The chain that the nodes keep.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn chain(&self) -> Result<(ChainId, Status), Failure> {
        let status = self.ask(|client| async move { client.status().await }).await?;
        let chain = status.chain_id.parse().map_err(|e| {
            Failure::because(
                e,
                words("The node names no chain; check the address.", "节点未给出有效的链标识，请检查地址。"),
            )
        })?;
        Ok((chain, status))
    }
}

/// Whether a result stands on the ledger.
pub fn is_committed(result: &SubmitResult) -> bool {
    result.status == SubmitStatus::Committed
}

fn unreachable(error: reqwest::Error) -> ClientError {
    // The chain of causes says what the system said; the outermost text is only "error sending request".
    let mut cause: &dyn std::error::Error = &error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    ClientError::Unreachable(cause.to_string())
}

async fn refusal(response: reqwest::Response) -> ClientError {
    match body(response).await {
        Ok((status, bytes)) => match serde_json::from_slice::<Problem>(&bytes) {
            Ok(problem) => ClientError::Refused(Box::new(problem)),
            Err(_) => ClientError::Strange(format!("HTTP {status}")),
        },
        Err(error) => error,
    }
}

async fn read<T: DeserializeOwned>(response: reqwest::Response) -> Result<T, ClientError> {
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let (_, bytes) = body(response).await?;
    serde_json::from_slice(&bytes).map_err(|e| ClientError::Strange(e.to_string()))
}

async fn body(mut response: reqwest::Response) -> Result<(StatusCode, Vec<u8>), ClientError> {
    let status = response.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(ClientError::Strange(format!("more than {ANSWER_BYTES_MAX} bytes")));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((status, bytes))
}
