//! The member list in force, and the dialling of its members.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use libp2p::swarm::ConnectionId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::{Multiaddr, PeerId};

use super::super::dial::{Dial, has_name, resolve};
use super::super::inbound::Note;
use super::super::link::Task;
use super::super::peer::Peer;
use super::super::slot::Slot;
use super::Driver;

impl Driver {
    /// Brings the slots in line with the member list.
    pub(super) fn take_roster(&mut self) {
        let roster = self.control.borrow_and_update().roster.clone();
        self.swarm.behaviour_mut().set_members(roster.ids().collect());
        let removed: Vec<PeerId> = self.slots.keys().filter(|id| !roster.contains(id)).copied().collect();
        for id in removed {
            if let Some(mut slot) = self.slots.remove(&id) {
                let _ = self.swarm.disconnect_peer_id(id);
                let change = slot.close();
                self.on_change(slot.peer.key, change);
            }
        }
        for (id, member) in roster.iter() {
            match self.slots.get_mut(id) {
                Some(slot) if slot.addresses == member.addresses => {}
                Some(slot) => {
                    slot.addresses.clone_from(&member.addresses);
                    if !matches!(slot.dial, Dial::Dialling(_)) {
                        slot.dial = Dial::Waiting(Instant::now());
                    }
                }
                None => {
                    let peer = Arc::new(Peer::new(
                        member.public_key,
                        Arc::clone(&self.directory.chain),
                        Arc::clone(&self.directory.limits),
                    ));
                    self.slots.insert(*id, Slot::new(peer, member.addresses.clone()));
                }
            }
        }
        let peers = self.slots.values().map(|slot| (slot.peer.key, Arc::clone(&slot.peer))).collect();
        *self.directory.peers.write().unwrap_or_else(PoisonError::into_inner) = peers;
    }

    pub(super) fn next_dial(&self) -> Option<Instant> {
        let due = |slot: &Slot| {
            if let Dial::Waiting(at) = slot.dial { Some(at) } else { None }
        };
        self.slots.values().filter_map(due).min()
    }

    /// Dials every member whose time has come.
    pub(super) fn dial_due(&mut self) {
        let now = Instant::now();
        let due: Vec<PeerId> = self
            .slots
            .iter()
            .filter(|(_, slot)| matches!(slot.dial, Dial::Waiting(at) if at <= now))
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(slot) = self.slots.get_mut(&id) else {
                continue;
            };
            let addresses = slot.addresses.clone();
            if slot.has_links() || addresses.is_empty() {
                slot.dial = Dial::Idle;
            } else if addresses.iter().any(has_name) {
                self.resolutions = self.resolutions.wrapping_add(1);
                let (number, notes) = (self.resolutions, self.reporter.notes.clone());
                slot.dial = Dial::Resolving(
                    number,
                    Task::spawn(async move {
                        let _ = notes.send(Note::Resolved(id, number, resolve(addresses).await)).await;
                    }),
                );
            } else {
                self.dial(id, addresses);
            }
        }
    }

    pub(super) fn dial(&mut self, peer: PeerId, addresses: Vec<Multiaddr>) {
        let Some(slot) = self.slots.get_mut(&peer) else {
            return;
        };
        if slot.has_links() {
            slot.dial = Dial::Idle;
            return;
        }
        let options = DialOpts::peer_id(peer).condition(PeerCondition::Always).addresses(addresses).build();
        let connection = options.connection_id();
        slot.dial = Dial::Dialling(connection);
        if let Err(error) = self.swarm.dial(options) {
            tracing::debug!(%peer, %error, "dial failed");
            self.on_dial_failed(peer, connection);
        }
    }

    pub(super) fn on_dial_failed(&mut self, peer: PeerId, connection: ConnectionId) {
        let Some(slot) = self.slots.get_mut(&peer) else {
            return;
        };
        if !matches!(slot.dial, Dial::Dialling(dialled) if dialled == connection) {
            return;
        }
        if slot.has_links() {
            slot.dial = Dial::Idle;
        } else {
            slot.failures = slot.failures.saturating_add(1);
            slot.plan_dial();
        }
    }
}

/// Waits until `at`, or for ever.
pub(super) async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}
