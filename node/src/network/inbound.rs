//! The tasks that read what a peer sends.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::io::BufReader;
use libp2p::swarm::{ConnectionId, Stream};
use tokio::sync::{mpsc, oneshot};

use super::channel::Channel;
use super::event::{Event, EventSender, Misbehaviour, Queued};
use super::link::Task;
use super::peer::{Counters, Peer};
use super::wire::{FrameError, read_frame, write_frames};

/// Small frames are read from the stream this many bytes at a time.
const READ_BUFFER: usize = 64 * 1024;

/// What a task tells the driver.
#[derive(Debug)]
pub(crate) enum Note {
    /// The far end has admitted us on this connection.
    LinkUp(ConnectionId),
    /// The far end is silent, or the link does not work.
    LinkDead(ConnectionId, &'static str),
    /// The far end keeps the chain of this name.
    OtherChain(ConnectionId, String),
    /// The peer broke the protocol on this connection.
    Misbehaved(ConnectionId, Misbehaviour),
    /// The addresses of a peer with host names resolved; the number is that of the dial.
    Resolved(libp2p::PeerId, u64, Vec<libp2p::Multiaddr>),
}

/// Where tasks report.
#[derive(Debug, Clone)]
pub(crate) struct Reporter {
    pub(crate) notes: mpsc::Sender<Note>,
    pub(crate) events: EventSender,
}

/// Reads the frames of one channel until the stream ends.
///
/// `previous` is the reader of the stream this one replaces: it is stopped first, so that frames of two streams
/// are never mixed.
pub(crate) async fn read_channel(
    peer: Arc<Peer>,
    channel: Channel,
    stream: Stream,
    connection: ConnectionId,
    previous: Option<Task>,
    reporter: Reporter,
) {
    if let Some(previous) = previous {
        previous.stop().await;
    }
    // The host hears of the peer before it hears from the peer.
    if peer.announced.subscribe().wait_for(|announced| *announced).await.is_err() {
        return;
    }
    let max = peer.limits.channel(channel).frame_bytes_max;
    let mut reader = BufReader::with_capacity(READ_BUFFER, stream);
    loop {
        match read_frame(&mut reader, max).await {
            Ok(Some(bytes)) => {
                if !deliver(&peer, channel, bytes, &reporter.events).await {
                    return;
                }
            }
            Err(FrameError::TooLarge { length, max }) => {
                let reason = Misbehaviour::FrameTooLarge { channel, length, max };
                let _ = reporter.notes.send(Note::Misbehaved(connection, reason)).await;
                return;
            }
            Ok(None) | Err(FrameError::Io(_)) => return,
        }
    }
}

/// Hands a frame to the host, waiting for room; false when the host is gone.
async fn deliver(peer: &Peer, channel: Channel, bytes: Bytes, events: &EventSender) -> bool {
    peer.outbox(channel).received.fetch_add(1, Ordering::Relaxed);
    Counters::add(&peer.counters.bytes_in, bytes.len());
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let Ok(room) = Arc::clone(&peer.inbound_room).acquire_many_owned(length).await else {
        return false;
    };
    let event = Event::Message { peer: peer.key, channel, bytes };
    events.send(Queued { event, room: Some(room) }).await.is_ok()
}

/// Answers one request. Whatever goes wrong, the stream is dropped, which the asker sees.
pub(crate) async fn serve_request(
    peer: Arc<Peer>,
    mut stream: Stream,
    connection: ConnectionId,
    reporter: Reporter,
) {
    let limits = Arc::clone(&peer.limits);
    let read = read_frame(&mut stream, limits.request_bytes_max);
    let request = match tokio::time::timeout(limits.serve_timeout, read).await {
        Ok(Ok(Some(request))) => request,
        Ok(Err(FrameError::TooLarge { length, max })) => {
            let reason = Misbehaviour::RequestTooLarge { length, max };
            let _ = reporter.notes.send(Note::Misbehaved(connection, reason)).await;
            return;
        }
        _ => return,
    };
    Counters::add(&peer.counters.bytes_in, request.len());
    let (respond, response) = oneshot::channel();
    let event = Event::Request { peer: peer.key, bytes: request, respond };
    if reporter.events.send(event.into()).await.is_err() {
        return;
    }
    let Ok(Ok(response)) = tokio::time::timeout(limits.serve_timeout, response).await else {
        return;
    };
    if response.len() > limits.response_bytes_max {
        tracing::warn!(bytes = response.len(), max = limits.response_bytes_max, "response too large to send");
        return;
    }
    Counters::add(&peer.counters.bytes_out, response.len());
    let write = async {
        write_frames(&mut stream, &[response], &mut Vec::new()).await?;
        futures::AsyncWriteExt::close(&mut stream).await
    };
    let _ = tokio::time::timeout(limits.serve_timeout, write).await;
}
