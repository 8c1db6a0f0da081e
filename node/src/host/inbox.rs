//! The way to the host: a bounded queue with a lane for each member and one for this node itself.

use consensus::Message;

use super::HostEvent;
use crate::lanes::{Receiver, Room, Sender, lanes};
use crate::network;

/// Most events that wait for the host, and most bytes of members' messages among them.
const ROOM: Room = Room { items: 8_192, bytes: 64 << 20 };

/// Whose event it is: a member's, or this node's own.
type Lane = Option<network::PublicKey>;

/// Where events for the host are put in.
#[derive(Clone, Debug)]
pub struct Inbox(Sender<Lane, HostEvent>);

/// Where the host takes them out.
pub type HostEvents = Receiver<Lane, HostEvent>;

/// The way to a host.
#[must_use]
pub fn inbox() -> (Inbox, HostEvents) {
    let (sender, receiver) = lanes(ROOM);
    (Inbox(sender), receiver)
}

impl Inbox {
    /// Tells the host something of this node's own. Without room it is dropped: the host looks around by itself.
    pub fn tell(&self, event: HostEvent) {
        for (lane, _) in self.0.push(None, 0, event) {
            dropped(lane);
        }
    }

    /// Hands over a member's message of so many bytes.
    pub fn message(&self, peer: network::PublicKey, bytes: usize, message: Message) {
        for (lane, _) in self.0.push(Some(peer), bytes, HostEvent::Message { peer, message }) {
            dropped(lane);
        }
    }
}

fn dropped(lane: Lane) {
    let peer = lane.map_or_else(|| "self".to_owned(), hex::encode);
    metrics::counter!("consensus_inbox_dropped_total", "peer" => peer).increment(1);
}
