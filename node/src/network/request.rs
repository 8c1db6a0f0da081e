//! Asking one peer one question.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::AsyncWriteExt;
use libp2p::swarm::Stream;
use thiserror::Error;

use super::channel::Protocol;
use super::link::Link;
use super::peer::{Counters, Peer};
use super::wire::{FrameError, read_frame, write_frames};

/// Why a request brought no response.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RequestError {
    /// The key is not that of another member.
    #[error("not a member")]
    UnknownPeer,
    /// The member is not connected.
    #[error("not connected")]
    NotConnected,
    /// As many requests as [`super::Limits::requests_in_flight_max`] are open at this member.
    #[error("{max} requests to this member are already open")]
    TooManyInFlight {
        /// How many may be open.
        max: usize,
    },
    /// The request is longer than [`super::Limits::request_bytes_max`].
    #[error("the request has {length} bytes, {max} are allowed")]
    RequestTooLarge {
        /// Its length.
        length: usize,
        /// The length allowed.
        max: usize,
    },
    /// The member announced a response longer than [`super::Limits::response_bytes_max`].
    #[error("the response would have {length} bytes, {max} are allowed")]
    ResponseTooLarge {
        /// The length announced.
        length: usize,
        /// The length allowed.
        max: usize,
    },
    /// No response within the time given.
    #[error("no response in time")]
    Timeout,
    /// The member closed the stream instead of answering: it has no answer or we ask too much.
    #[error("the member gave no answer")]
    Refused,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
}

/// Sends `request` and waits for the response, `patience` in all.
pub(crate) async fn ask(
    peer: Option<Arc<Peer>>,
    request: Bytes,
    patience: Duration,
) -> Result<Bytes, RequestError> {
    let peer = peer.ok_or(RequestError::UnknownPeer)?;
    let (length, max) = (request.len(), peer.limits.request_bytes_max);
    if length > max {
        return Err(RequestError::RequestTooLarge { length, max });
    }
    let link = peer.current_link().ok_or(RequestError::NotConnected)?;
    let max = peer.limits.requests_in_flight_max;
    let _open = peer.asking.try_acquire().map_err(|_| RequestError::TooManyInFlight { max })?;
    tokio::time::timeout(patience, exchange(&peer, &link, request))
        .await
        .map_err(|_| RequestError::Timeout)?
}

async fn exchange(peer: &Peer, link: &Link, request: Bytes) -> Result<Bytes, RequestError> {
    let broken = |error: &dyn std::error::Error| RequestError::Broken(error.to_string());
    let patience = peer.limits.stream_open_timeout;
    let mut stream = link.open(Protocol::Request, patience).await.map_err(|error| broken(&error))?;
    Counters::add(&peer.counters.bytes_out, request.len());
    let sent = send(&mut stream, request).await;
    match read_frame(&mut stream, peer.limits.response_bytes_max).await {
        Ok(Some(response)) => {
            Counters::add(&peer.counters.bytes_in, response.len());
            Ok(response)
        }
        Ok(None) => Err(RequestError::Refused),
        Err(FrameError::TooLarge { length, max }) => Err(RequestError::ResponseTooLarge { length, max }),
        // A peer that refuses drops the stream, which may show as an end, as a reset or as a failed write.
        Err(FrameError::Io(_)) if link.opener.is_closed() => Err(RequestError::NotConnected),
        Err(FrameError::Io(error)) => match sent {
            Ok(()) if peer.current_link().is_some() => Err(RequestError::Refused),
            _ => Err(broken(&error)),
        },
    }
}

async fn send(stream: &mut Stream, request: Bytes) -> std::io::Result<()> {
    write_frames(stream, &[request], &mut Vec::new()).await?;
    stream.close().await
}
