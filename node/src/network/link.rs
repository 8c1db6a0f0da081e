//! One live connection to a peer.

use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::swarm::{ConnectionId, Stream};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::behaviour::{OpenError, Opener, Opening};
use super::channel::Protocol;
use super::status::Transport;

/// What tasks need to use a connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) connection: ConnectionId,
    pub(crate) address: Multiaddr,
    pub(crate) transport: Transport,
    pub(crate) opener: Opener,
    /// Rung when there is reason to doubt that the far end still holds this connection.
    pub(crate) doubt: Notify,
}

impl Link {
    /// Opens a stream, waiting at most `patience`.
    pub(crate) async fn open(&self, protocol: Protocol, patience: Duration) -> Result<Stream, OpenError> {
        let opened = async {
            let (reply, answer) = oneshot::channel();
            self.opener.send(Opening { protocol, reply }).await.map_err(|_| OpenError::Gone)?;
            answer.await.map_err(|_| OpenError::Gone)?
        };
        tokio::time::timeout(patience, opened).await.map_err(|_| OpenError::Timeout)?
    }
}

/// A task that ends with its owner.
#[derive(Debug)]
pub(crate) struct Task(JoinHandle<()>);

impl Task {
    pub(crate) fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(work))
    }

    /// Stops the task and returns when it has stopped.
    pub(crate) async fn stop(mut self) {
        self.0.abort();
        let _ = (&mut self.0).await;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}
