//! Notices when the far end of a link is gone though nothing says so.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::swarm::Stream;
use tokio::sync::mpsc;

use super::CHAIN_BYTES_MAX;
use super::channel::Protocol;
use super::inbound::Note;
use super::link::Link;
use super::peer::Peer;
use super::wire::{read_frame, write_frames};

/// Silence is counted in steps of this length. A process that was itself stopped counts one step when it wakes,
/// not the whole time that it slept, and so does not blame its peers.
const STEP: Duration = Duration::from_millis(250);

/// How long a connection to a node of another chain stays, so that the far end learns what is wrong as well.
const FAREWELL: Duration = Duration::from_secs(1);

/// Pings the far end until it falls silent. The first answer shows that it has admitted us and keeps our chain.
pub(crate) async fn watch_link(peer: Arc<Peer>, link: Arc<Link>, notes: mpsc::Sender<Note>) {
    let reason = watch(&peer, &link, &notes).await;
    let _ = notes.send(Note::LinkDead(link.connection, reason)).await;
}

async fn watch(peer: &Peer, link: &Link, notes: &mpsc::Sender<Note>) -> &'static str {
    let limits = &peer.limits;
    let Ok(mut stream) = link.open(Protocol::Ping, limits.ping_timeout).await else {
        return "the peer did not open the ping stream";
    };
    let asked = Instant::now();
    let said = within(hello(&mut stream, &peer.chain), link, limits.ping_timeout, limits.probe_timeout).await;
    let chain = match said {
        Some(Ok(chain)) => chain,
        Some(Err(_)) => return "the peer did not name its chain",
        None => return "the peer did not answer",
    };
    if *chain != *peer.chain.as_bytes() {
        let theirs = String::from_utf8_lossy(&chain).into_owned();
        let _ = notes.send(Note::OtherChain(link.connection, theirs)).await;
        tokio::time::sleep(FAREWELL).await;
        return "the peer keeps another chain";
    }
    peer.counters.set_rtt(asked.elapsed());
    let _ = notes.send(Note::LinkUp(link.connection)).await;
    loop {
        let patience = tokio::select! {
            () = tokio::time::sleep(limits.ping_interval) => limits.ping_timeout,
            () = link.doubt.notified() => limits.probe_timeout,
        };
        let sent = Instant::now();
        match within(exchange(&mut stream), link, patience, limits.probe_timeout).await {
            Some(Ok(())) => peer.counters.set_rtt(sent.elapsed()),
            Some(Err(_)) => return "the ping stream broke",
            None => return "the peer did not answer pings",
        }
    }
}

/// Names our chain and hears the peer's.
async fn hello(stream: &mut Stream, chain: &str) -> io::Result<Bytes> {
    say(stream, chain).await?;
    hear(stream).await
}

async fn say(stream: &mut Stream, chain: &str) -> io::Result<()> {
    write_frames(stream, &[Bytes::copy_from_slice(chain.as_bytes())], &mut Vec::new()).await
}

async fn hear(stream: &mut Stream) -> io::Result<Bytes> {
    let frame = read_frame(stream, CHAIN_BYTES_MAX).await.map_err(io::Error::other)?;
    frame.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

async fn exchange(stream: &mut Stream) -> io::Result<()> {
    stream.write_all(&[1]).await?;
    stream.flush().await?;
    stream.read_exact(&mut [0]).await
}

/// Runs `work` for at most `patience`, or `doubtful` when the link falls into doubt meanwhile.
async fn within<T>(
    work: impl Future<Output = T>,
    link: &Link,
    patience: Duration,
    doubtful: Duration,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let mut left = patience;
    while !left.is_zero() {
        tokio::select! {
            biased;
            done = &mut work => return Some(done),
            () = link.doubt.notified() => left = left.min(doubtful),
            () = tokio::time::sleep(STEP) => left = left.saturating_sub(STEP),
        }
    }
    None
}

/// Answers the peer's pings until its stream ends. Whether the chains are the same is found out on the stream that
/// this side opens, by [`watch_link`].
pub(crate) async fn echo(peer: Arc<Peer>, mut stream: Stream) {
    if hear(&mut stream).await.is_err() || say(&mut stream, &peer.chain).await.is_err() {
        return;
    }
    let mut byte = [0];
    while stream.read_exact(&mut byte).await.is_ok() {
        if stream.write_all(&byte).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}
