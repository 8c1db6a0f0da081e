//! Not falling behind: peers' heights, fetched blocks, and room on the disk.

use std::collections::BTreeMap;

use consensus::Input;
use ledger::crypto::PublicKey;
use ledger::id::Height;
use node::wire::{Answer, CertifiedBlock, MAX_ANSWER_BLOCKS, Question};

use super::{DISK_EVERY_MS, Effect, Env, Host, Phase, Stop};

/// How long catching up may bring no block before the claim that began it is doubted, in ms.
const STALLED_MS: u64 = 5_000;
/// How long the claims of a doubted peer begin no catching up, in ms.
const DOUBTED_MS: u64 = 60_000;
/// How long a peer may take to answer, in ms.
const PATIENCE_MS: u64 = 10_000;
/// The number of every question about a height; questions for blocks count from 1.
const TIP_QUESTION: u64 = 0;

/// What is known of peers that claim to be higher.
#[derive(Default)]
pub(super) struct Claims {
    aim: Option<(Height, usize)>,
    doubted: BTreeMap<usize, u64>,
    since: Option<u64>,
}

impl Claims {
    fn is_doubted(&self, peer: usize, now: u64) -> bool {
        self.doubted.get(&peer).is_some_and(|at| now.saturating_sub(*at) < DOUBTED_MS)
    }

    fn doubt(&mut self, now: u64) {
        if let Some((_, peer)) = self.aim.take() {
            self.doubted.insert(peer, now);
        }
    }
}

impl Host {
    /// A member is connected: asks how high it is.
    ///
    /// # Errors
    /// None; the type is that of all events.
    pub fn on_connected(&mut self, env: &mut Env<'_>, peer: usize) -> Result<(), Stop> {
        self.ask_tip(env, peer);
        Ok(())
    }

    /// A question of a peer; silence is an answer to nonsense.
    ///
    /// # Errors
    /// None; the type is that of all events.
    pub fn on_question(
        &mut self,
        env: &mut Env<'_>,
        node: usize,
        number: u64,
        question: &[u8],
    ) -> Result<(), Stop> {
        let answer = match Question::decode(question) {
            Ok(Question::Tip) => Answer::Tip { height: self.tip.height, clock: env.wall },
            Ok(Question::Blocks { from }) => Answer::Blocks(blocks(env, from)),
            // State snapshots and documents are tried with real processes.
            Ok(
                Question::Snapshot { .. }
                | Question::Chunk { .. }
                | Question::Links { .. }
                | Question::Eras { .. }
                | Question::Document { .. },
            )
            | Err(_) => {
                return Ok(());
            }
        };
        env.out.push(Effect::Answer { node, number, bytes: answer.encode().to_vec() });
        Ok(())
    }

    /// An answer of a peer.
    ///
    /// # Errors
    /// [`Stop`].
    pub fn on_answer(
        &mut self,
        env: &mut Env<'_>,
        peer: usize,
        number: u64,
        answer: &[u8],
    ) -> Result<(), Stop> {
        let answer = Answer::decode(answer);
        if number == TIP_QUESTION {
            if self.tips_asked.remove(&peer)
                && let Ok(Answer::Tip { height, .. }) = answer
            {
                self.aim_at(env, height, peer);
            }
            return Ok(());
        }
        // Only the open question is listened to, and only whom it went to.
        if self.question.is_none_or(|(open, asked, _)| (open, asked) != (number, peer)) {
            return Ok(());
        }
        self.question = None;
        let blocks = match answer {
            Ok(Answer::Blocks(blocks)) => blocks,
            Ok(_) | Err(_) => Vec::new(),
        };
        self.on_fetched(env, peer, blocks)
    }

    /// A question that nobody answers in time brought no blocks.
    pub(super) fn watch_question(&mut self, env: &mut Env<'_>) -> Result<(), Stop> {
        match self.question {
            Some((_, peer, until)) if env.now >= until => {
                self.question = None;
                self.on_fetched(env, peer, Vec::new())
            }
            _ => Ok(()),
        }
    }

    fn fetch(&mut self, env: &mut Env<'_>, peer: usize) {
        if self.question.is_some() {
            return;
        }
        self.questions += 1;
        let until = env.now + PATIENCE_MS;
        self.question = Some((self.questions, peer, until));
        env.out.push(Effect::WakeAt(until));
        let bytes = Question::Blocks { from: self.tip.height.next() }.encode().to_vec();
        env.out.push(Effect::Ask { peer, number: self.questions, bytes });
    }

    pub(super) fn on_behind(&mut self, env: &mut Env<'_>, height: Height, from: &PublicKey) {
        if let Some(peer) = self.centre_of(env, from) {
            let decided = Height::new(height.get().saturating_sub(1));
            self.aim_at(env, decided, peer);
        }
    }

    fn aim_at(&mut self, env: &mut Env<'_>, height: Height, peer: usize) {
        if height <= self.tip.height || !self.takes_part() {
            return;
        }
        let believed = !self.claims.is_doubted(peer, env.now);
        if believed || self.claims.aim.is_none() {
            self.claims.aim = Some((height, peer));
        }
        // One block behind is what a slow message looks like: consensus itself heals that.
        if believed && height > self.tip.height.next() && self.phase == Phase::Running {
            self.claims.since = Some(env.now);
            self.phase = Phase::CatchingUp(height);
        }
        self.fetch(env, peer);
    }

    fn on_fetched(
        &mut self,
        env: &mut Env<'_>,
        peer: usize,
        blocks: Vec<CertifiedBlock>,
    ) -> Result<(), Stop> {
        let before = self.tip.height;
        if let Some(voter) = self.voter(env, peer) {
            for block in blocks {
                let (certificate, body) = block.into_parts();
                self.fetched.push_back((certificate, body, voter));
            }
        }
        self.take_fetched(env)?;
        self.fetched.clear();
        if self.takes_part() {
            self.ask_for_more(env, peer, self.tip.height > before);
        }
        Ok(())
    }

    pub(super) fn take_fetched(&mut self, env: &mut Env<'_>) -> Result<(), Stop> {
        while let Some((certificate, body, from)) = self.fetched.pop_front() {
            let before = self.tip.height;
            if certificate.height <= before {
                continue;
            }
            if certificate.height != before.next() || !self.takes_part() {
                self.fetched.clear();
                return Ok(());
            }
            if self.replica.current().is_none() {
                self.start_height(env)?;
            }
            // Taking up the height may already have decided it from the log.
            if self.tip.height == before {
                self.feed(env, Input::Certified { from, certificate, body })?;
            }
            if self.tip.height == before {
                self.fetched.clear();
            }
        }
        Ok(())
    }

    fn ask_for_more(&mut self, env: &mut Env<'_>, peer: usize, rose: bool) {
        match self.claims.aim {
            Some((target, _)) if target > self.tip.height && rose => self.fetch(env, peer),
            Some((target, claimant)) if target > self.tip.height => {
                if claimant == peer {
                    self.claims.doubt(env.now);
                }
                self.arrived();
                self.ask_somebody(env);
            }
            _ => self.arrived(),
        }
    }

    pub(super) fn watch_catch_up(&mut self, env: &Env<'_>) {
        let Phase::CatchingUp(target) = self.phase else { return };
        let stalled = |since: u64| env.now.saturating_sub(since.max(self.last_block)) >= STALLED_MS;
        if self.tip.height >= target {
            self.arrived();
        } else if self.claims.since.is_none_or(stalled) {
            self.claims.doubt(env.now);
            self.arrived();
        }
    }

    fn arrived(&mut self) {
        if matches!(self.phase, Phase::CatchingUp(_)) {
            self.phase = Phase::Running;
        }
    }

    /// Asks one peer after the other how high it is.
    pub(super) fn ask_somebody(&mut self, env: &mut Env<'_>) {
        self.last_asked = env.now;
        let peers = env.chain.centres.len();
        self.ask_next = (self.ask_next + 1) % peers;
        if self.ask_next == self.centre {
            self.ask_next = (self.ask_next + 1) % peers;
        }
        self.ask_tip(env, self.ask_next);
    }

    fn ask_tip(&mut self, env: &mut Env<'_>, peer: usize) {
        self.tips_asked.insert(peer);
        env.out.push(Effect::Ask { peer, number: TIP_QUESTION, bytes: Question::Tip.encode().to_vec() });
    }

    pub(super) fn watch_disk(&mut self, env: &mut Env<'_>) -> Result<(), Stop> {
        if env.now.saturating_sub(self.last_disk) < DISK_EVERY_MS {
            return Ok(());
        }
        self.last_disk = env.now;
        match (&self.phase, env.disk.habits.full) {
            (Phase::Running | Phase::CatchingUp(_), true) => self.stand_down(env, Phase::DiskFull),
            (Phase::DiskFull, false) => {
                self.phase = Phase::Running;
                self.ask_somebody(env);
                self.take_up(env)?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn blocks(env: &Env<'_>, from: Height) -> Vec<CertifiedBlock> {
    if from == Height::GENESIS {
        return Vec::new();
    }
    let first = usize::try_from(from.get() - 1).unwrap_or(usize::MAX);
    let mut room = MAX_ANSWER_BLOCKS;
    let stored = env.disk.store.blocks().iter().skip(first).take_while(|block| {
        let fits = block.body.len() <= room;
        room = room.saturating_sub(block.body.len());
        fits
    });
    stored
        .map(|block| CertifiedBlock {
            certificate: block.certificate.clone(),
            body: block.body.to_vec().into(),
        })
        .collect()
}
