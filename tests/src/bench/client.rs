//! A small HTTP/1.1 client: it shares two cores with the nodes it measures, so it must cost little.

use std::net::SocketAddr;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Longest head of an answer, in bytes.
const HEAD_MAX: usize = 16 << 10;
/// Longest body of an answer, in bytes.
const BODY_MAX: usize = 4 << 20;

/// A request as it goes over the wire, rendered before the clock starts.
pub(super) struct Request {
    bytes: Vec<u8>,
    /// Transactions in it.
    pub(super) transactions: usize,
}

impl Request {
    /// One transaction.
    pub(super) fn single(transaction: &[u8]) -> Self {
        Self { bytes: post("application/cose", transaction), transactions: 1 }
    }

    /// A batch: a CBOR array of byte strings.
    pub(super) fn batch(transactions: &[Vec<u8>]) -> anyhow::Result<Self> {
        let mut body = Vec::with_capacity(transactions.iter().map(|t| t.len() + 3).sum::<usize>() + 3);
        let mut encoder = minicbor::Encoder::new(&mut body);
        encoder.array(transactions.len() as u64)?;
        for transaction in transactions {
            encoder.bytes(transaction)?;
        }
        Ok(Self { bytes: post("application/cbor", &body), transactions: transactions.len() })
    }

    /// A read.
    pub(super) fn get(path: &str) -> Self {
        let head = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\r\n");
        Self { bytes: head.into_bytes(), transactions: 0 }
    }
}

fn post(media_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /v1/transactions?wait=committed&timeout=30 HTTP/1.1\r\nhost: localhost\r\n\
         content-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// What came back.
pub(super) struct Answer {
    /// Status code.
    pub(super) status: u16,
    /// Body.
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Transactions that it says are on the ledger.
    pub(super) fn committed(&self) -> usize {
        const COMMITTED: &[u8] = br#""status":"committed""#;
        match self.status {
            200 => self.body.windows(COMMITTED.len()).filter(|window| *window == COMMITTED).count(),
            _ => 0,
        }
    }
}

/// A connection that stays open.
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream =
            TcpStream::connect(address).await.with_context(|| format!("no connection to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(4096) })
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn send(&mut self, request: &Request) -> anyhow::Result<Answer> {
        self.stream.write_all(&request.bytes).await?;
        self.buffer.clear();
        let end = loop {
            ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the node closed a connection");
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            ensure!(self.buffer.len() < HEAD_MAX, "the head of an answer does not end");
        };
        let (status, length) = read_head(&self.buffer[..end])?;
        ensure!(length <= BODY_MAX, "an answer has {length} bytes");
        let mut body = self.buffer.split_off(end);
        while body.len() < length {
            ensure!(self.stream.read_buf(&mut body).await? > 0, "the node closed a connection");
        }
        Ok(Answer { status, body })
    }
}

/// Status and length of body.
fn read_head(head: &[u8]) -> anyhow::Result<(u16, usize)> {
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status line")?.parse()?;
    for line in lines {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            return Ok((status, value.trim().parse()?));
        }
    }
    bail!("an answer with status {status} does not say how long it is")
}

/// Asks once, over a connection of its own.
pub(super) async fn get(address: SocketAddr, path: &str) -> anyhow::Result<serde_json::Value> {
    let answer = Connection::open(address).await?.send(&Request::get(path)).await?;
    ensure!(answer.status == 200, "{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
    Ok(serde_json::from_slice(&answer.body)?)
}
