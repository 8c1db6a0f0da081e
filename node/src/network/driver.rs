//! The one task that owns the swarm: admission, dialling, links coming and going.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use libp2p::core::ConnectedPoint;
use libp2p::core::transport::ListenerId;
use libp2p::swarm::{ConnectionId, SwarmEvent};
use libp2p::{PeerId, Swarm};
use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::behaviour::{Behaviour, Inbound};
use super::dial::Dial;
use super::event::{Event, Refusal};
use super::handle::{Control, Directory};
use super::inbound::{Note, Reporter};
use super::link::Link;
use super::slot::{Slot, slot_of};
use super::status::Transport;

/// Time for connections to close when the network stops.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

mod announce;
mod dialling;
mod refusal;
mod start;

use announce::connected_peer;
use dialling::sleep_until;
use refusal::refusal;
pub(super) use start::start;

struct Driver {
    swarm: Swarm<Behaviour>,
    directory: Arc<Directory>,
    control: watch::Receiver<Control>,
    notes: mpsc::Receiver<Note>,
    reporter: Reporter,
    slots: BTreeMap<PeerId, Slot>,
    /// Events that the host's queue had no room for. Per peer, never more than two about connections.
    waiting: VecDeque<Event>,
    resolutions: u64,
    silent_listeners: HashSet<ListenerId>,
    listening: Option<oneshot::Sender<()>>,
}

impl Driver {
    async fn run(mut self) {
        let events = self.reporter.events.clone();
        loop {
            let next_dial = self.next_dial();
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm_event(event),
                Some(note) = self.notes.recv() => self.on_note(note),
                changed = self.control.changed() => {
                    if changed.is_err() || self.control.borrow().stop {
                        break;
                    }
                    self.take_roster();
                }
                Ok(room) = events.reserve(), if !self.waiting.is_empty() => {
                    if let Some(event) = self.waiting.pop_front() {
                        let connected = connected_peer(&event);
                        room.send(event.into());
                        self.announce(connected);
                    }
                }
                () = sleep_until(next_dial) => self.dial_due(),
            }
        }
        drop(events);
        self.close().await;
    }

    fn on_swarm_event(&mut self, event: SwarmEvent<Inbound>) {
        match event {
            SwarmEvent::Behaviour(inbound) => {
                if let Some(slot) = self.slots.get_mut(&inbound.peer) {
                    slot.accept(inbound, &self.reporter);
                }
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.on_established(peer_id, connection_id, &endpoint);
            }
            SwarmEvent::ConnectionClosed { connection_id, cause, .. } => {
                tracing::debug!(%connection_id, ?cause, "connection closed");
                self.forget(connection_id);
            }
            SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), connection_id, error } => {
                tracing::debug!(%peer, %error, "dial failed");
                self.on_dial_failed(peer, connection_id);
            }
            SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
                tracing::debug!(address = %send_back_addr, ?error, "connection refused");
                if let Some(reason) = refusal(error) {
                    self.report(Event::Refused { reason, address: send_back_addr });
                }
            }
            SwarmEvent::NewListenAddr { listener_id, address } => {
                tracing::info!(%address, "listening");
                self.silent_listeners.remove(&listener_id);
                self.directory.listening().push(address);
                self.note_listening();
            }
            SwarmEvent::ExpiredListenAddr { address, .. } => {
                self.directory.listening().retain(|listening| *listening != address);
            }
            SwarmEvent::ListenerClosed { addresses, reason, .. } => {
                tracing::error!(?addresses, ?reason, "a listener closed");
                self.directory.listening().retain(|listening| !addresses.contains(listening));
            }
            SwarmEvent::ListenerError { error, .. } => tracing::warn!(%error, "listener"),
            _ => {}
        }
    }

    /// Tells [`start`] when every listener has an address.
    fn note_listening(&mut self) {
        if self.silent_listeners.is_empty()
            && let Some(listening) = self.listening.take()
        {
            let _ = listening.send(());
        }
    }

    fn on_established(&mut self, peer: PeerId, connection: ConnectionId, endpoint: &ConnectedPoint) {
        let opener = self.swarm.behaviour_mut().take_opener(connection);
        let (Some(slot), Some(opener)) = (self.slots.get_mut(&peer), opener) else {
            // It was a member when the handshake ended and is none now.
            self.swarm.close_connection(connection);
            return;
        };
        if matches!(slot.dial, Dial::Dialling(dialled) if dialled == connection) {
            slot.dial = Dial::Idle;
        }
        let address = endpoint.get_remote_address().clone();
        tracing::debug!(%peer, %address, outbound = endpoint.is_dialer(), "connection established");
        let transport = Transport::of(&address);
        let link = Link { connection, address, transport, opener, doubt: Notify::new() };
        for superseded in slot.add_link(link, endpoint.is_dialer(), &self.reporter) {
            self.drop_connection(superseded);
        }
    }

    fn on_note(&mut self, note: Note) {
        match note {
            Note::LinkUp(connection) => {
                let Some(slot) = slot_of(self.slots.iter_mut(), connection) else {
                    return;
                };
                let (key, change) = (slot.peer.key, slot.link_up(connection));
                self.on_change(key, change);
            }
            Note::LinkDead(connection, reason) => {
                tracing::debug!(%connection, reason, "link given up");
                self.drop_connection(connection);
            }
            Note::OtherChain(connection, theirs) => {
                let Some(slot) = slot_of(self.slots.iter_mut(), connection) else {
                    return;
                };
                let (member, address) = (slot.peer.key, slot.address_of(connection));
                let ours = self.directory.chain.to_string();
                let reason = Refusal::OtherChain { member, theirs, ours };
                self.report(Event::Refused { reason, address });
            }
            Note::Misbehaved(connection, reason) => {
                let Some(slot) = slot_of(self.slots.iter_mut(), connection) else {
                    return;
                };
                let (peer, connections) = (slot.peer.key, slot.connections());
                tracing::warn!(peer = hex::encode(peer), %reason, "a member broke the protocol");
                self.report(Event::Misbehaved { peer, reason });
                for connection in connections {
                    self.drop_connection(connection);
                }
            }
            Note::Resolved(peer, number, addresses) => {
                let Some(slot) = self.slots.get(&peer) else {
                    return;
                };
                if matches!(slot.dial, Dial::Resolving(current, _) if current == number) {
                    self.dial(peer, addresses);
                }
            }
        }
    }

    /// Closes a connection. It leaves the books at once, for closing a dead one may take the system minutes.
    fn drop_connection(&mut self, connection: ConnectionId) {
        self.swarm.close_connection(connection);
        self.forget(connection);
    }

    fn forget(&mut self, connection: ConnectionId) {
        let Some(slot) = slot_of(self.slots.iter_mut(), connection) else {
            return;
        };
        let (key, change) = (slot.peer.key, slot.remove_link(connection));
        self.on_change(key, change);
    }

    /// Stops every task and closes the connections, so that the peers see it at once.
    async fn close(mut self) {
        self.directory.peers.write().unwrap_or_else(PoisonError::into_inner).clear();
        self.slots.clear();
        let peers: Vec<PeerId> = self.swarm.connected_peers().copied().collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        let closed = async {
            while self.swarm.network_info().num_peers() > 0 {
                self.swarm.select_next_some().await;
            }
        };
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, closed).await;
    }
}
