//! The bodies of blocks: taking, checking, serving and fetching them.

use std::collections::BTreeMap;

use ledger::block;
use ledger::crypto::PublicKey;

use super::{HeightState, Progress, Surroundings};
use crate::blocks::{Block, Status};
use crate::error::HaltReason;
use crate::log::Record;
use crate::message::{BODY_BYTES_MAX, Message, Proposal};
use crate::output::{Body, Origin, Output, Timeout, TimeoutKind, Verdict};
use crate::proposer::proposer;

/// How many blocks a peer is served in one height.
const BLOCKS_PER_PEER: u32 = 64;

impl HeightState {
    pub(super) fn body(
        &mut self,
        from: PublicKey,
        round: u32,
        block_id: block::Id,
        body: Body,
        s: &mut Surroundings<'_>,
    ) {
        if body.len() > BODY_BYTES_MAX {
            return;
        }
        match self.blocks.get(&block_id) {
            Some(block) if block.is_missing() && !block.has_lied(&from) => {
                self.check(block_id, body, from, s)
            }
            Some(_) => {}
            None if from == proposer(self.engine.validators(), self.height, round) => {
                self.blocks.add_early(self.engine.round(), round, block_id, body, from);
            }
            None => {}
        }
    }

    pub(super) fn check_early(&mut self, block_id: block::Id, s: &mut Surroundings<'_>) {
        let wanted = self.blocks.get(&block_id).is_some_and(Block::is_missing);
        if wanted && let Some((body, from)) = self.blocks.take_early(&block_id) {
            self.check(block_id, body, from, s);
        }
    }

    /// Asks the host about a block, once the core has a proposal of it or it is certified.
    pub(super) fn check(
        &mut self,
        block_id: block::Id,
        body: Body,
        from: PublicKey,
        s: &mut Surroundings<'_>,
    ) {
        let certified = self.certified.as_ref().is_some_and(|certificate| certificate.block_id == block_id);
        let origin = match certified {
            true => Origin::Certificate,
            false if self.has_polka(&block_id) => Origin::Polka,
            false => Origin::Proposal,
        };
        let Some(block) = self.blocks.get_mut(&block_id) else { return };
        block.status = Status::Checking { body: body.clone(), from, origin };
        let (round, proposer) = (block.round, block.proposer);
        s.out.push(Output::Check { height: self.height, round, proposer, block_id, body, origin });
    }

    /// Tells the core about a proposed block. A valid one is on record first, so that whoever
    /// votes for it can also commit it after a crash.
    fn judged(&mut self, block_id: block::Id, valid: Option<Body>, s: &mut Surroundings<'_>) {
        let round = self.blocks.get(&block_id).map_or(0, |block| block.round);
        let proposal = match self.blocks.proposal(round, &block_id) {
            Some(signed) => signed.proposal.clone(),
            // Known by a polka alone: the core pairs it with a proposal when one comes.
            None => Proposal {
                height: self.height,
                round,
                block_id,
                proposer: proposer(self.engine.validators(), self.height, round),
                valid_round: None,
            },
        };
        let is_valid = valid.is_some();
        if let Some(body) = valid {
            s.out.persist(Record::Body { block_id, body }, &s.own);
        }
        let events = self.engine.verdict(&proposal, is_valid, s.signer);
        self.carry_out(events, s);
    }

    pub(super) fn serve(&mut self, to: PublicKey, round: u32, block_id: block::Id, s: &mut Surroundings<'_>) {
        let Some(body) = self.blocks.valid(&block_id) else { return };
        let served = self.served.entry(to).or_default();
        if *served >= BLOCKS_PER_PEER {
            return;
        }
        *served = served.saturating_add(1);
        if let Some(signed) = self.blocks.proposal(round, &block_id) {
            s.out.send_one(to, Message::Proposal(signed.clone()));
        }
        s.out.send_one(to, Message::Block { height: self.height, round, block_id, body });
    }

    pub(crate) fn checked(
        &mut self,
        block_id: block::Id,
        origin: Origin,
        verdict: Verdict,
        s: &mut Surroundings<'_>,
    ) {
        let certified = self.certified.as_ref().is_some_and(|certificate| certificate.block_id == block_id);
        let Some(block) = self.blocks.get_mut(&block_id) else { return };
        let (body, from) = match &block.status {
            Status::Checking { body, from, origin: asked } if *asked == origin => (body.clone(), *from),
            _ => return,
        };
        match verdict {
            Verdict::Mismatch => {
                block.blame(from);
                self.fetch_later(s);
            }
            Verdict::Valid => {
                block.status = Status::Valid(body.clone());
                if certified { self.commit_certified() } else { self.judged(block_id, Some(body), s) }
            }
            Verdict::Invalid if origin == Origin::Certificate => {
                self.progress = Progress::Halted(HaltReason::Diverged { height: self.height, block_id });
            }
            // Two thirds took it: only the rules that do not look at our clock count now.
            Verdict::Invalid if certified => self.check(block_id, body, from, s),
            Verdict::Invalid => {
                block.status = Status::Invalid { body, from, origin };
                self.judged(block_id, None, s);
                self.check_again(block_id, s);
            }
        }
    }

    fn has_polka(&self, block_id: &block::Id) -> bool {
        self.engine.polkas().iter().any(|(_, id)| id == block_id)
    }

    /// Judges a block anew that was found invalid before two thirds prevoted it: perhaps it only came to us too late
    /// for our clock. Without this a few late validators keep a block that others are locked on from ever being decided.
    fn check_again(&mut self, block_id: block::Id, s: &mut Surroundings<'_>) {
        if self.replay.is_some() || !self.has_polka(&block_id) {
            return;
        }
        if let Some(Status::Invalid { body, from, origin: Origin::Proposal }) =
            self.blocks.get(&block_id).map(|block| &block.status)
        {
            let (body, from) = (body.clone(), *from);
            self.check(block_id, body, from, s);
        }
    }

    /// Notes blocks that two thirds prevoted while we know nothing of them, or hold them for invalid.
    pub(super) fn look_for_missing(&mut self, s: &mut Surroundings<'_>) {
        for (round, block_id) in self.engine.polkas() {
            if self.blocks.get(&block_id).is_none() {
                self.blocks.add(block_id, round, None);
                self.check_early(block_id, s);
            } else {
                self.check_again(block_id, s);
            }
        }
        self.fetch_later(s);
    }

    /// The blocks to ask for: those missing, and those whose proposal is missing where a polka
    /// shows that there is one.
    fn wanted(&self) -> Vec<(block::Id, u32)> {
        let now = self.engine.round();
        let without_proposal =
            |(round, id): &(u32, block::Id)| *round >= now && !self.blocks.has_proposal(*round, id);
        let mut wanted: BTreeMap<block::Id, u32> = self.blocks.missing().collect();
        let polkas = self.engine.polkas().into_iter().filter(without_proposal);
        polkas.for_each(|(round, id)| {
            wanted.insert(id, round);
        });
        wanted.into_iter().collect()
    }

    pub(super) fn fetch_timer(&self) -> Timeout {
        Timeout { height: self.height, round: 0, kind: TimeoutKind::Fetch }
    }

    /// Sees to it that missing blocks are asked for soon; mostly they come by themselves.
    pub(super) fn fetch_later(&mut self, s: &mut Surroundings<'_>) {
        if self.replay.is_none() && !self.timers.contains(&self.fetch_timer()) && !self.wanted().is_empty() {
            self.schedule(self.fetch_timer(), s);
        }
    }

    pub(super) fn fetch(&mut self, s: &mut Surroundings<'_>) {
        let peers: Vec<PublicKey> =
            self.engine.validators().iter().map(|v| v.public_key).filter(|key| *key != s.own).collect();
        let mut attempts = 0;
        for (block_id, round) in self.wanted() {
            let Some(block) = self.blocks.get_mut(&block_id) else { continue };
            if let Some(peer) = block.next_peer(&peers) {
                attempts = block.attempts.max(attempts);
                s.out.send_one(peer, Message::WantBlock { height: self.height, round, block_id });
            }
        }
        if attempts > 0 {
            // Every peer once at the same pace, then slower.
            let rounds = u64::from(attempts).checked_div(peers.len() as u64).unwrap_or_default();
            let pace =
                Timeout { round: u32::try_from(rounds).unwrap_or(u32::MAX).min(20), ..self.fetch_timer() };
            self.timers.insert(self.fetch_timer());
            s.out.push(Output::Schedule { timeout: self.fetch_timer(), duration: s.params.duration(&pace) });
        }
    }
}
