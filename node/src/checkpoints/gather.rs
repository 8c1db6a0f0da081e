//! The signatures of all centres under the newest states of the log.

use std::collections::{BTreeMap, VecDeque};

use ledger::checkpoint::{Checkpoint, KeyKind, Line, NoteKey, Policy, SignedCheckpoint};

/// States for which signatures are still taken: a centre that is slow signs what others signed some blocks ago.
const KEPT: usize = 64;
/// States of a longer log than the own that wait until the node has them too.
const AHEAD: usize = 256;

/// What became of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Its good signatures count.
    Counted,
    /// It is of a state that the node does not have yet, and waits.
    Waits,
    /// It is of a state that is too old, or of another log.
    PassedOver,
    /// A centre has signed another root of the same size.
    Contradicts {
        /// The name of the centre.
        by: String,
    },
}

struct State {
    checkpoint: Checkpoint,
    policy: Policy,
    /// One signature of the log, for more would tell nobody more, and the cosignatures, one for each key.
    lines: BTreeMap<NoteKey, Line>,
}

impl State {
    /// Takes the lines whose signatures verify, of the log one. Names who has signed it if `checkpoint` is not the state
    /// itself.
    fn take(&mut self, signed: &SignedCheckpoint) -> Option<String> {
        let mut signer = None;
        for key in self.policy.keys() {
            let enough =
                key.kind == KeyKind::Log && self.lines.keys().any(|known| known.kind == KeyKind::Log);
            if signed.checkpoint == self.checkpoint && (enough || self.lines.contains_key(key)) {
                continue;
            }
            let line = signed.lines.iter().find(|line| line.is_of(key));
            let Some(line) = line.filter(|_| matches!(signed.signed_by(key), Ok(Some(_)))) else { continue };
            signer = Some(key.name.clone());
            if signed.checkpoint == self.checkpoint {
                self.lines.entry(key.clone()).or_insert_with(|| line.clone());
            }
        }
        signer.filter(|_| signed.checkpoint != self.checkpoint)
    }

    fn cosignatures(&self) -> usize {
        self.lines.keys().filter(|key| key.kind == KeyKind::Cosigner).count()
    }

    fn text(&self) -> SignedCheckpoint {
        let of =
            |kind| self.lines.iter().filter(move |(key, _)| key.kind == kind).map(|(_, line)| line.clone());
        let lines = of(KeyKind::Log).chain(of(KeyKind::Cosigner)).collect();
        SignedCheckpoint { checkpoint: self.checkpoint.clone(), lines }
    }
}

/// The newest states of the log with their signatures.
#[derive(Default)]
pub struct Gathering {
    states: BTreeMap<u64, State>,
    ahead: VecDeque<SignedCheckpoint>,
}

impl Gathering {
    /// The size of the newest state.
    #[must_use]
    pub fn newest(&self) -> Option<u64> {
        self.states.last_key_value().map(|(size, _)| *size)
    }

    /// Begins to gather for a state that is new. What has waited for a longer log is to be taken in again.
    pub fn begin(&mut self, checkpoint: Checkpoint, policy: Policy) -> Vec<SignedCheckpoint> {
        let size = checkpoint.size;
        self.states.insert(size, State { checkpoint, policy, lines: BTreeMap::new() });
        while self.states.len() > KEPT {
            self.states.pop_first();
        }
        std::mem::take(&mut self.ahead).into()
    }

    /// Takes in signatures from anywhere.
    pub fn take(&mut self, signed: &SignedCheckpoint) -> Taken {
        let size = signed.checkpoint.size;
        let Some((newest, newest_state)) = self.states.last_key_value() else {
            return self.wait(signed);
        };
        if signed.checkpoint.origin != newest_state.checkpoint.origin {
            return Taken::PassedOver;
        }
        if size > *newest {
            return self.wait(signed);
        }
        match self.states.get_mut(&size) {
            None => Taken::PassedOver,
            Some(state) => state.take(signed).map_or(Taken::Counted, |by| Taken::Contradicts { by }),
        }
    }

    fn wait(&mut self, signed: &SignedCheckpoint) -> Taken {
        if self.ahead.len() >= AHEAD {
            self.ahead.pop_front();
        }
        self.ahead.push_back(signed.clone());
        Taken::Waits
    }

    /// The longest state that its policy takes as final, with every signature known so far.
    #[must_use]
    pub fn final_one(&self) -> Option<SignedCheckpoint> {
        let is_final = |state: &&State| state.policy.is_met_by(|key| state.lines.contains_key(key));
        self.states.values().rev().find(is_final).map(State::text)
    }

    /// Whether every centre has signed the newest state.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let newest = self.states.last_key_value();
        newest.is_none_or(|(_, state)| state.cosignatures() >= state.policy.witnesses())
    }
}
