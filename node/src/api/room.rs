//! Memory that requests and answers share, taken by the kibibyte while they are held.

use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::App;
use super::problem::{Code, Fault};

/// Answers up to this length are not counted: a connection's buffers are as large.
const SHORT: usize = 16 * 1024;

/// Room for a number of bytes.
pub(super) struct Room(Arc<Semaphore>);

impl Room {
    /// Room for `bytes`.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / 1024).min(Semaphore::MAX_PERMITS))))
    }

    /// A part of the room, nothing yet.
    pub(super) fn part(&self) -> Part {
        Part { room: self.0.clone(), taken: None }
    }
}

/// What one holder has taken of a room; given back when it is dropped.
pub(super) struct Part {
    room: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
}

impl Part {
    /// Takes as much more as is needed to hold `bytes` in all; false when there is no room.
    #[must_use]
    pub(super) fn hold(&mut self, bytes: usize) -> bool {
        let has = self.taken.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let Ok(more) = u32::try_from(bytes.div_ceil(1024).saturating_sub(has)) else { return false };
        match (self.room.clone().try_acquire_many_owned(more), &mut self.taken) {
            (Ok(permit), Some(taken)) => taken.merge(permit),
            (Ok(permit), taken) => *taken = Some(permit),
            (Err(_), _) => return false,
        }
        true
    }
}

/// An answer's bytes with the room they take.
struct Held {
    bytes: Bytes,
    _part: Part,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Takes room for a long answer until its last byte is handed to the system: clients that ask much and read nothing
/// share it, and further ones are told to come again. Streams have queues of their own.
pub(super) async fn within_room(State(app): State<App>, response: Response) -> Response {
    let Some(length) = response.body().size_hint().exact().and_then(|length| usize::try_from(length).ok())
    else {
        return response;
    };
    if length <= SHORT {
        return response;
    }
    let mut part = app.answers.part();
    if !part.hold(length) {
        return Fault::new(Code::Busy).into_response();
    }
    let (parts, body) = response.into_parts();
    match to_bytes(body, length).await {
        Ok(bytes) => Response::from_parts(parts, Body::from(Bytes::from_owner(Held { bytes, _part: part }))),
        Err(_) => Fault::new(Code::Internal).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_by_the_kibibyte_and_given_back() {
        let room = Room::new(10 * 1024);
        let (mut one, mut other) = (room.part(), room.part());
        let held = [one.hold(0), one.hold(1), one.hold(1_024), one.hold(6 * 1_024), other.hold(4 * 1_024)];
        assert_eq!(held, [true; 5]);
        assert!(!other.hold(4 * 1_024 + 1) && !one.hold(7 * 1_024), "ten kibibytes are taken");
        assert!(one.hold(6 * 1_024) && one.hold(3), "what is held may be held again");
        drop(one);
        assert!(other.hold(10 * 1_024) && !other.hold(usize::MAX));
    }
}
