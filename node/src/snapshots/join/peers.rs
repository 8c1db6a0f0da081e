//! Whom a joining node asks.
//!
//! A peer that sends what does not hold is not asked again while this process joins; one that is slow or has nothing rests
//! for a while. The next question goes to the next peer, so that the load is spread.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Progress;
use crate::catchup::short;
use crate::network::{self, PublicKey};
use crate::wire::{Answer, Question};

/// How long a peer may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a peer that gave no answer is left alone.
const REST: Duration = Duration::from_secs(3);
/// Questions open at one peer at a time.
const OPEN_PER_PEER: usize = 2;

/// The peers, and what is known of them.
pub(super) struct Peers {
    network: network::Handle,
    known: BTreeMap<PublicKey, Known>,
    turn: usize,
}

#[derive(Default)]
struct Known {
    lied: bool,
    /// How many snapshots it has offered that could not be had.
    in_vain: u32,
    rests_until: Option<Instant>,
    open: usize,
}

impl Peers {
    pub(super) fn new(network: network::Handle) -> Self {
        Self { network, known: BTreeMap::new(), turn: 0 }
    }

    /// Everybody who may be asked now.
    pub(super) fn usable(&self) -> Vec<PublicKey> {
        let now = Instant::now();
        let may = |peer: &PublicKey| {
            self.known.get(peer).is_none_or(|known| {
                !known.lied
                    && known.open < OPEN_PER_PEER
                    && known.rests_until.is_none_or(|until| until <= now)
            })
        };
        let connected = self.network.peers().into_iter().filter(|peer| peer.connected);
        connected.map(|peer| peer.public_key).filter(may).collect()
    }

    /// Whose turn it is.
    pub(super) fn next(&mut self) -> Option<PublicKey> {
        let usable = self.usable();
        self.turn = self.turn.wrapping_add(1);
        usable.get(self.turn.checked_rem(usable.len())?).copied()
    }

    /// Asks; the answer must be handed to [`Peers::answered`].
    pub(super) fn ask(
        &mut self,
        peer: PublicKey,
        question: Question,
    ) -> impl Future<Output = (PublicKey, Option<Answer>)> + Send + use<> {
        self.known.entry(peer).or_default().open += 1;
        let asked = self.network.request(&peer, question.encode(), PATIENCE);
        async move {
            let answer = match asked.await {
                // Bytes that are no answer are as good as none: the peer rests.
                Ok(bytes) => Answer::decode(&bytes).ok(),
                Err(error) => {
                    tracing::debug!(peer = %short(&peer), %error, "a peer gave no answer");
                    None
                }
            };
            (peer, answer)
        }
    }

    /// Notes that a question is no longer open; without a useful answer the peer rests.
    pub(super) fn answered(&mut self, peer: PublicKey, useful: bool) {
        let known = self.known.entry(peer).or_default();
        known.open = known.open.saturating_sub(1);
        known.rests_until = (!useful).then(|| Instant::now() + REST);
    }

    /// The snapshot that this peer offered could not be had from anybody: the offers of others come first now.
    pub(super) fn offered_in_vain(&mut self, peer: PublicKey) {
        let known = self.known.entry(peer).or_default();
        known.in_vain = known.in_vain.saturating_add(1);
    }

    /// What an offer of this peer is worth, the larger the better: whoever has offered least in vain, and of those the
    /// highest. So a peer that holds out a snapshot and withholds its pieces is believed once at a time, in turn with others.
    pub(super) fn worth(&self, peer: &PublicKey, height: u64) -> (Reverse<u32>, u64) {
        (Reverse(self.known.get(peer).map_or(0, |known| known.in_vain)), height)
    }

    /// Asks this peer nothing any more.
    pub(super) fn drop_liar(
        &mut self,
        peer: PublicKey,
        what: &dyn std::fmt::Display,
        progress: &mut Progress,
    ) {
        let known = self.known.entry(peer).or_default();
        if !std::mem::replace(&mut known.lied, true) {
            progress.liars += 1;
            tracing::warn!(peer = %hex::encode(peer), %what, "a peer sent what does not hold; it is not asked again");
        }
    }
}
