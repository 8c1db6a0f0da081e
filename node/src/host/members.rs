//! Who takes part: the members of the next height, their mesh, and the key with which this node votes.

use std::time::{Duration, Instant};

use ledger::validators::ValidatorSet;

use super::{Host, HostError, new_replica};
use crate::catchup::Names;
use crate::members::mesh;
use crate::wal::Wal;

/// How long the node of a member that was let go stays in the mesh: long enough to fetch the block that says so.
const PARTING: Duration = Duration::from_secs(15);

impl Host {
    /// Whether this node votes at the next height.
    pub(super) fn is_member(&self) -> bool {
        self.validators.get(&self.parts.key.public_key()).is_some()
    }

    /// Takes over the validator set of the next height. Peers that stay keep their connections.
    pub(super) fn take_members(&mut self, validators: ValidatorSet) -> Result<(), HostError> {
        let (was_member, changed) = (self.is_member(), validators != self.validators);
        let before = std::mem::replace(&mut self.validators, validators);
        self.names =
            Names::new(self.validators.iter().map(|v| (v.public_key, *v.network_key.as_bytes())).collect());
        let names = &self.names;
        self.claims.watch.keep(|peer| names.voter(peer).is_some());
        if !self.is_member() {
            self.take_next_key()?;
        }
        if changed {
            self.note_parting(&before);
            self.tell_mesh();
            self.say_where_we_stand(was_member);
        }
        Ok(())
    }

    fn note_parting(&mut self, before: &ValidatorSet) {
        let stays = |key| self.validators.iter().any(|member| *member.network_key.as_bytes() == key);
        let keys = before.iter().map(|member| *member.network_key.as_bytes());
        let gone: Vec<_> = keys.filter(|key| !stays(*key)).map(|key| (key, Instant::now())).collect();
        self.parting.retain(|(key, _)| !self.validators.iter().any(|m| m.network_key.as_bytes() == key));
        self.parting.extend(gone);
    }

    /// Lets the nodes go that have been parting for long enough.
    pub(super) fn let_go(&mut self) {
        let before = self.parting.len();
        self.parting.retain(|(_, since)| since.elapsed() < PARTING);
        if self.parting.len() < before {
            self.tell_mesh();
        }
    }

    fn tell_mesh(&self) {
        let parting: Vec<_> = self.parting.iter().map(|(key, _)| *key).collect();
        let members = mesh(&self.validators, &self.parts.peers, self.is_member(), &parting);
        if let Err(error) = self.parts.network.set_members(members) {
            tracing::error!(%error, "the mesh does not take the new members; it goes on with the old ones");
        }
    }

    fn say_where_we_stand(&self, was_member: bool) {
        let (members, height) = (self.validators.len(), self.tip.height.next().get());
        match (was_member, self.is_member()) {
            (false, true) => tracing::info!(members, height, "this node is a member and votes"),
            (true, false) => tracing::warn!(
                members,
                height,
                "this node is no member any more: it votes no longer, and the members take no connection from it"
            ),
            _ => tracing::info!(members, height, "the members have changed"),
        }
        let own = self.validators.get(&self.parts.key.public_key());
        if own.is_some_and(|member| *member.network_key.as_bytes() != self.parts.network.public_key()) {
            tracing::error!(
                "the members have given this node another network key: put it into network.key and restart"
            );
        }
    }

    /// Votes with the next voting key of the home from here on, if the members have put it in place. The
    /// replica and the consensus log are those of a key: both begin anew, at a height that the old key does
    /// not vote at.
    fn take_next_key(&mut self) -> Result<(), HostError> {
        let next = match self.parts.next_key.get() {
            Ok(Some(key)) => key,
            Ok(None) => return Ok(()),
            Err(error) => {
                tracing::error!(%error, "the next voting key cannot be read");
                return Ok(());
            }
        };
        if self.validators.get(&next.public_key()).is_none() {
            return Ok(());
        }
        tracing::info!(key = %next.public_key(), "voting with the next voting key of this home from now on");
        self.parts.voice.set(next.clone());
        self.parts.key = next;
        self.wal = Wal::open(&self.parts.wal_path, &self.parts.key, &self.parts.genesis.chain_id)?;
        self.replica = new_replica(&self.parts, self.tip.height);
        self.timers.clear();
        Ok(())
    }
}
