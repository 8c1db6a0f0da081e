//! The stream: first what the store holds, then what comes, without gap or repetition.
//!
//! The store is the truth and the announcement of a block is no more than a shortcut: a block that is exactly the
//! next one is sent from memory, after any doubt the store is read again. One task serves one stream through a
//! short queue, so that a reader who does not read holds neither memory nor a place for long.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use axum::response::sse::{Event as Frame, Sse};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_stream::wrappers::ReceiverStream;

use super::filter::Filter;
use super::{Position, SCAN_MAX};
use crate::api::App;
use crate::api::problem::{Code, Fault};
use crate::api::schema::Event;
use crate::handle::{CommittedBlock, Phase, Status};

/// Frames waiting for a reader.
const QUEUE: usize = 64;
/// How long a full queue is borne.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a quiet stream shows that it lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Most events read from the store at a time.
const STEP: usize = 256;

/// Why a stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The reader has gone.
    Gone,
    /// The reader reads too slowly.
    TooSlow,
    /// The node stops, or cannot read its ledger.
    Stopping,
}

/// One stream.
struct Follow {
    app: App,
    filter: Filter,
    next: Position,
    commits: broadcast::Receiver<Arc<CommittedBlock>>,
    status: watch::Receiver<Status>,
    reader: mpsc::Sender<Frame>,
    last_id: Option<String>,
    _place: OwnedSemaphorePermit,
}

/// Answers with a stream that begins at `from`, or with the next block.
pub(super) fn stream(app: App, from: Option<Position>, filter: Filter) -> Result<Response, Fault> {
    let place = app.streams.clone().try_acquire_owned().map_err(|_| Fault::new(Code::Busy))?;
    let (reader, frames) = mpsc::channel(QUEUE);
    let (farewell, last) = oneshot::channel::<String>();
    // Subscribed before anything is read: what is committed from here on is announced or in the store.
    let (commits, status) = (app.handle.commits(), app.handle.inner.status.clone());
    let next = from.unwrap_or_else(|| {
        let height = app.handle.store().tip().map_or(0, |tip| tip.height);
        Position::at(height.saturating_add(1))
    });
    let follow = Follow { app, filter, next, commits, status, reader, last_id: None, _place: place };
    tokio::spawn(async move {
        if let Some(words) = follow.run().await {
            let _ = farewell.send(words);
        }
    });
    let last = futures::stream::once(last)
        .filter_map(|words| async { words.ok().map(|w| Frame::default().comment(w)) });
    let frames = ReceiverStream::new(frames).chain(last).map(Ok::<_, Infallible>);
    let mut response = Sse::new(frames).into_response();
    response.headers_mut().insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

impl Follow {
    /// Follows the chain to the stream's end and says what to tell the reader then.
    async fn run(mut self) -> Option<String> {
        let end = match self.greet().await {
            Ok(()) => self.follow().await,
            Err(end) => end,
        };
        let resume = self.last_id.as_deref().map_or(String::new(), |id| format!(" with Last-Event-ID: {id}"));
        match end {
            End::Gone => None,
            End::TooSlow => Some(format!("disconnected for reading too slowly; connect again{resume}")),
            End::Stopping => Some(format!("this node stops; connect to another one{resume}")),
        }
    }

    /// The first bytes leave at once, so that a reader knows that it is connected.
    async fn greet(&mut self) -> Result<(), End> {
        self.send(Frame::default().comment("zhulian events").retry(Duration::from_secs(2))).await
    }

    async fn follow(&mut self) -> End {
        loop {
            if let Err(end) = self.catch_up().await {
                return end;
            }
            if let Err(end) = self.live().await {
                return end;
            }
        }
    }

    /// Sends what the store holds from the next place on.
    async fn catch_up(&mut self) -> Result<(), End> {
        loop {
            let (from, filter) = (self.next, self.filter.clone());
            let step =
                self.app.read(move |view| Ok((view.step(from, STEP, &filter)?, view.at().height))).await;
            let (step, tip) = step.map_err(|_| End::Stopping)?;
            for event in step.events {
                self.send_event(event).await?;
            }
            self.next = step.next;
            if step.caught_up {
                self.next = self.next.max(Position::at(tip.saturating_add(1)));
                return Ok(());
            }
        }
    }

    /// Sends blocks as they come; returns when the store must be read.
    async fn live(&mut self) -> Result<(), End> {
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat.reset();
        loop {
            tokio::select! {
                () = self.reader.closed() => return Err(End::Gone),
                changed = self.status.changed() => {
                    if changed.is_err() || self.status.borrow_and_update().phase == Phase::Stopping {
                        return Err(End::Stopping);
                    }
                }
                _ = heartbeat.tick() => self.send(Frame::default().comment("")).await?,
                block = self.commits.recv() => match block {
                    Ok(block) if block.height.get() < self.next.height => {}
                    Ok(block) if self.is_next(&block) => self.send_block(&block).await?,
                    Ok(_) | Err(RecvError::Lagged(_)) => return Ok(()),
                    Err(RecvError::Closed) => return Err(End::Stopping),
                },
            }
        }
    }

    /// Whether a block can be sent from memory. A filter may have to ask the ledger about letters.
    fn is_next(&self, block: &CommittedBlock) -> bool {
        Position::at(block.height.get()) == self.next
            && self.filter.is_open()
            && block.events.len() <= SCAN_MAX
    }

    async fn send_block(&mut self, block: &CommittedBlock) -> Result<(), End> {
        let height = block.height.get();
        for (number, recorded) in (0u32..).zip(&block.events) {
            self.send_event(Event::new(height, number, block.time, recorded.clone())).await?;
        }
        self.next = Position::at(height.saturating_add(1));
        Ok(())
    }

    async fn send_event(&mut self, event: Event) -> Result<(), End> {
        let frame = Frame::default().id(&event.id).event(event.kind.name()).json_data(&event);
        self.send(frame.map_err(|_| End::Stopping)?).await?;
        self.last_id = Some(event.id);
        Ok(())
    }

    async fn send(&mut self, frame: Frame) -> Result<(), End> {
        match timeout(PATIENCE, self.reader.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::TooSlow),
        }
    }
}
