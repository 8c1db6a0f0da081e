//! Serving connections: their number, and the time and memory that a silent, slow or stuck one may take.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// How long a connection may stay without a byte in either direction. Longer than the longest wait of a submission.
const IDLE: Duration = Duration::from_secs(90);
/// How long a peer may take no byte while some are waiting for it.
const STUCK: Duration = Duration::from_secs(30);
/// How long the head of a request may take, counted from the answer before it: who sends it byte by byte holds a place
/// no longer than that, and neither does a connection that asks nothing more.
const HEAD: Duration = Duration::from_secs(30);
/// Most bytes of a connection that wait to be understood, a request's head among them. The server's own default would
/// let 4,096 connections fill 1.6 GiB with heads that never end.
const BUFFER_BYTES: usize = 32 * 1024;

/// Accepts up to a number of connections at a time; further ones wait in the system's queue.
pub struct BoundedListener {
    inner: TcpListener,
    places: Arc<Semaphore>,
}

impl BoundedListener {
    /// At most `connections` at a time.
    pub fn new(inner: TcpListener, connections: usize) -> Self {
        Self { inner, places: Arc::new(Semaphore::new(connections.clamp(1, Semaphore::MAX_PERMITS))) }
    }

    async fn accept(&mut self) -> BoundedStream {
        loop {
            let Ok(place) = self.places.clone().acquire_owned().await else {
                // Nobody closes the semaphore; if it happened, waiting is all that is left to do.
                std::future::pending::<()>().await;
                continue;
            };
            match self.inner.accept().await {
                Ok((stream, _)) => {
                    // Answers are small and single; waiting for more to fill a segment only delays them.
                    let _ = stream.set_nodelay(true);
                    return BoundedStream::new(stream, place);
                }
                Err(error) => {
                    tracing::warn!(%error, "could not accept a connection; trying again in a second");
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

/// Serves until `stop` is ready, then lets what has begun end.
pub async fn serve(mut listener: BoundedListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BUFFER_BYTES);
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            stream = listener.accept() => stream,
            () = &mut stop => break,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = connections.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection of the HTTP interface broke");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}

/// A connection with its place and its clocks.
struct BoundedStream {
    stream: TcpStream,
    moved: Instant,
    idle: Pin<Box<Sleep>>,
    stuck: Option<Pin<Box<Sleep>>>,
    _place: OwnedSemaphorePermit,
}

impl BoundedStream {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit) -> Self {
        let moved = Instant::now();
        Self { stream, moved, idle: Box::pin(sleep_until(moved + IDLE)), stuck: None, _place: place }
    }

    /// Pending until nothing has moved for too long. The timer is set again only when it rings, not at every byte.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            ready!(self.idle.as_mut().poll(cx));
            let end = self.moved + IDLE;
            if Instant::now() >= end {
                return Poll::Ready(io::ErrorKind::TimedOut.into());
            }
            self.idle.as_mut().reset(end);
        }
    }

    fn written<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            self.stuck = None;
            self.moved = Instant::now();
            return result;
        }
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(sleep(STUCK)));
        ready!(stuck.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for BoundedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if result.is_ready() {
            self.moved = Instant::now();
            return result;
        }
        self.poll_idle(cx).map(Err)
    }
}

impl AsyncWrite for BoundedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.written(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
