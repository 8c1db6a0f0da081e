//! HTTP clients that stall, claim much and read nothing.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Pause before a client that was cut off comes again.
const AGAIN: Duration = Duration::from_millis(200);
/// Body that a submission claims: just below what a node takes.
const CLAIMED: usize = 4 * 1024 * 1024 - 1;

/// What a client does with its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Connects and says nothing.
    Silent,
    /// Sends the head of a request byte by byte.
    SlowHead,
    /// Sends a head that never ends, as fast as it is taken.
    EndlessHead,
    /// Claims a long body and sends a beginning of it.
    ShortBody,
    /// Sends all but the last byte of the longest body.
    LongBody,
    /// Asks for a long answer again and again and reads nothing.
    Unread,
    /// Follows events from the beginning and reads nothing.
    UnreadEvents,
}

impl Manner {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Silent,
        Self::SlowHead,
        Self::EndlessHead,
        Self::ShortBody,
        Self::LongBody,
        Self::Unread,
        Self::UnreadEvents,
    ];
}

/// Clients of one manner. Dropping it closes their connections.
#[derive(Debug)]
pub struct Client {
    cut: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl Client {
    /// Opens `count` connections to an HTTP interface on loopback, and opens each again when it is cut off.
    pub fn start(port: u16, manner: Manner, count: usize) -> Self {
        let (address, cut) = (SocketAddr::from(([127, 0, 0, 1], port)), Arc::new(AtomicUsize::new(0)));
        let mut tasks = JoinSet::new();
        for _ in 0..count {
            let cut = cut.clone();
            tasks.spawn(async move {
                loop {
                    // Whatever ends it, the next connection is as bad.
                    let _ = misbehave(address, manner).await;
                    cut.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(AGAIN).await;
                }
            });
        }
        Self { cut, _tasks: tasks }
    }

    /// How often the node has cut one of them off.
    pub fn cut(&self) -> usize {
        self.cut.load(Ordering::Relaxed)
    }
}

async fn misbehave(address: SocketAddr, manner: Manner) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    match manner {
        Manner::Silent => {}
        Manner::SlowHead => {
            for byte in b"GET /v1/status HTTP/1.1\r\nhost: node\r\nx: ".iter().chain(std::iter::repeat(&b'y'))
            {
                stream.write_all(&[*byte]).await?;
                if wait_for_end(&mut stream, Duration::from_secs(1)).await {
                    return Ok(());
                }
            }
        }
        Manner::EndlessHead => {
            stream.write_all(b"GET /v1/status HTTP/1.1\r\nhost: node\r\nx: ").await?;
            loop {
                stream.write_all(&[b'y'; 4096]).await?;
            }
        }
        Manner::ShortBody => submit(&mut stream, 1_024).await?,
        Manner::LongBody => submit(&mut stream, CLAIMED - 1).await?,
        Manner::Unread => {
            // One after the other on one connection, until nothing more is taken.
            loop {
                stream.write_all(b"GET /openapi.json HTTP/1.1\r\nhost: node\r\n\r\n").await?;
            }
        }
        Manner::UnreadEvents => {
            stream.write_all(b"GET /v1/events?from=0.0 HTTP/1.1\r\nhost: node\r\n\r\n").await?;
            // To read nothing is the point: the end shows only when something is sent.
            loop {
                tokio::time::sleep(Duration::from_secs(1)).await;
                stream.write_all(b"\r\n").await?;
            }
        }
    }
    while !wait_for_end(&mut stream, Duration::from_secs(60)).await {}
    Ok(())
}

async fn submit(stream: &mut TcpStream, sent: usize) -> std::io::Result<()> {
    let head = format!(
        "POST /v1/transactions HTTP/1.1\r\nhost: node\r\ncontent-type: application/cbor\r\n\
         content-length: {CLAIMED}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&vec![0x81; sent]).await
}

/// Whether the node closes within a time. Its answers are read here only to see that.
async fn wait_for_end(stream: &mut TcpStream, within: Duration) -> bool {
    let mut buffer = [0; 1_024];
    match tokio::time::timeout(within, stream.read(&mut buffer)).await {
        Ok(Ok(0) | Err(_)) => true,
        Ok(Ok(_)) | Err(_) => false,
    }
}
