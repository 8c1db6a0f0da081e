//! What the driver tells the host, without ever waiting for it.

use tokio::sync::mpsc;

use super::super::event::Event;
use super::super::identity::PublicKey;
use super::super::slot::Change;
use super::Driver;

/// Refusals and misdeeds beyond this many waiting events are not reported.
const REPORTS_WAITING_MAX: usize = 256;

impl Driver {
    /// Tells the host what became of a peer's links.
    pub(super) fn on_change(&mut self, peer: PublicKey, change: Change) {
        match change {
            Change::None => {}
            Change::Connected => self.on_connected(peer),
            Change::Disconnected => self.on_disconnected(peer),
            Change::Replaced => {
                self.on_disconnected(peer);
                self.on_connected(peer);
            }
        }
    }

    fn on_connected(&mut self, peer: PublicKey) {
        tracing::info!(peer = hex::encode(peer), "peer connected");
        self.queue(Event::PeerConnected { peer });
    }

    fn on_disconnected(&mut self, peer: PublicKey) {
        tracing::info!(peer = hex::encode(peer), "peer disconnected");
        if let Some(entry) = self.directory.peer(&peer) {
            entry.announced.send_replace(false);
        }
        // A connection that the host has not heard of yet need not be taken back.
        let unheard = |event: &Event| connected_peer(event) == Some(peer);
        match self.waiting.iter().position(unheard) {
            Some(at) => drop(self.waiting.remove(at)),
            None => self.queue(Event::PeerDisconnected { peer }),
        }
    }

    /// Passes an event on in its turn, without waiting.
    pub(super) fn queue(&mut self, event: Event) {
        let connected = connected_peer(&event);
        if !self.waiting.is_empty() {
            self.waiting.push_back(event);
            return;
        }
        match self.reporter.events.try_send(event.into()) {
            Ok(()) => self.announce(connected),
            Err(mpsc::error::TrySendError::Full(queued)) => self.waiting.push_back(queued.event),
            Err(mpsc::error::TrySendError::Closed(_)) => {}
        }
    }

    /// Passes on a report that may be left out when too many wait.
    pub(super) fn report(&mut self, event: Event) {
        if self.waiting.len() < REPORTS_WAITING_MAX {
            self.queue(event);
        }
    }

    /// Lets the readers of a peer go on once the host knows of it.
    pub(super) fn announce(&self, connected: Option<PublicKey>) {
        if let Some(peer) = connected.and_then(|key| self.directory.peer(&key)) {
            peer.announced.send_replace(true);
        }
    }
}

/// The peer whose connection the event announces.
pub(super) fn connected_peer(event: &Event) -> Option<PublicKey> {
    if let Event::PeerConnected { peer } = event { Some(*peer) } else { None }
}
