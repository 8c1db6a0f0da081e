//! Notices when the far end of a link is gone though nothing says so.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{AsyncReadExt, AsyncWriteExt};
use libp2p::swarm::Stream;
use tokio::sync::mpsc;

use super::channel::Protocol;
use super::inbound::Note;
use super::link::Link;
use super::peer::Peer;

/// Silence is counted in steps of this length. A process that was itself stopped counts one step when it wakes,
/// not the whole time that it slept, and so does not blame its peers.
const STEP: Duration = Duration::from_millis(250);

/// Pings the far end until it falls silent. The first answer shows that it has admitted us.
pub(crate) async fn watch_link(peer: Arc<Peer>, link: Arc<Link>, notes: mpsc::Sender<Note>) {
    let reason = watch(&peer, &link, &notes).await;
    let _ = notes.send(Note::LinkDead(link.connection, reason)).await;
}

async fn watch(peer: &Peer, link: &Link, notes: &mpsc::Sender<Note>) -> &'static str {
    let limits = &peer.limits;
    let Ok(mut stream) = link.open(Protocol::Ping, limits.ping_timeout).await else {
        return "the peer did not open the ping stream";
    };
    let mut up = false;
    let mut patience = limits.ping_timeout;
    loop {
        let sent = Instant::now();
        match within(exchange(&mut stream), link, patience, limits.probe_timeout).await {
            Some(Ok(())) => peer.counters.set_rtt(sent.elapsed()),
            Some(Err(_)) => return "the ping stream broke",
            None => return "the peer did not answer pings",
        }
        if !up {
            up = true;
            let _ = notes.send(Note::LinkUp(link.connection)).await;
        }
        patience = tokio::select! {
            () = tokio::time::sleep(limits.ping_interval) => limits.ping_timeout,
            () = link.doubt.notified() => limits.probe_timeout,
        };
    }
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

/// Answers the peer's pings until its stream ends.
pub(crate) async fn echo(mut stream: Stream) {
    let mut byte = [0];
    while stream.read_exact(&mut byte).await.is_ok() {
        if stream.write_all(&byte).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}
