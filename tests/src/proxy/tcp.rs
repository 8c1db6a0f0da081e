//! TCP between two nodes: a stream in, a stream out, bytes that take their time.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};

use super::Links;

/// Connections of one pair at a time; further ones are closed.
const CONNECTIONS_MAX: usize = 64;
/// Connections to one HTTP interface at a time.
const CLIENTS_MAX: usize = 8_192;
/// Bytes read at a time.
const CHUNK: usize = 16 * 1024;
/// Chunks on their way in one direction; then the sender waits.
const ON_THE_WAY_MAX: usize = 64;
/// A connection that a cut holds up for longer is closed.
const HELD_MAX: Duration = Duration::from_secs(20);
/// Pause after a connection that could not be accepted.
const PAUSE: Duration = Duration::from_millis(5);

/// Relays connections of node `from` to the address of node `to`.
pub(super) async fn relay(
    listener: TcpListener,
    links: Links,
    (from, to): (usize, usize),
    address: SocketAddr,
) {
    accept(listener, CONNECTIONS_MAX, move |near| {
        let links = links.clone();
        async move {
            // The first packets go both ways.
            let passable =
                links.get(from, to).passable(HELD_MAX).await && links.get(to, from).passable(HELD_MAX).await;
            if !passable {
                return;
            }
            let Ok(far) = TcpStream::connect(address).await else { return };
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            // Both end when one breaks, as a connection does.
            let _ = tokio::try_join!(
                pipe(near_in, far_out, &links, (from, to)),
                pipe(far_in, near_out, &links, (to, from)),
            );
        }
    })
    .await;
}

/// Lets clients through to an HTTP interface.
pub(super) async fn door(listener: TcpListener, address: SocketAddr) {
    accept(listener, CLIENTS_MAX, move |mut near| async move {
        let Ok(mut far) = TcpStream::connect(address).await else { return };
        let _ = far.set_nodelay(true);
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
    })
    .await;
}

async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    most: usize,
    serve: impl Fn(TcpStream) -> F,
) {
    let room = Arc::new(Semaphore::new(most));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = room.clone().try_acquire_owned() else { continue };
        let _ = stream.set_nodelay(true);
        let served = serve(stream);
        tokio::spawn(async move {
            served.await;
            drop(place);
        });
    }
}

/// Carries one direction of a connection to its end.
async fn pipe(
    mut input: OwnedReadHalf,
    mut output: OwnedWriteHalf,
    links: &Links,
    (from, to): (usize, usize),
) -> io::Result<()> {
    let (there, mut chunks) = mpsc::channel::<(Instant, Bytes)>(ON_THE_WAY_MAX);
    let reading = async move {
        let (mut buffer, mut last) = (vec![0; CHUNK], Instant::now());
        loop {
            let length = input.read(&mut buffer).await?;
            last = last.max(links.get(from, to).chunk(length, Instant::now()));
            // An empty chunk is the end, which takes its time like the rest.
            let sent = there.send((last, Bytes::copy_from_slice(&buffer[..length]))).await;
            if length == 0 || sent.is_err() {
                return io::Result::Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((at, chunk)) = chunks.recv().await {
            tokio::time::sleep_until(at.into()).await;
            if !links.get(from, to).passable(HELD_MAX).await {
                return Err(io::ErrorKind::TimedOut.into());
            }
            if chunk.is_empty() {
                break;
            }
            output.write_all(&chunk).await?;
        }
        output.shutdown().await
    };
    tokio::try_join!(reading, writing).map(|_| ())
}
