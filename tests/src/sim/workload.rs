//! What clients of a run do: the traffic of [`crate::workload`], as an honest node's ledger suggests it.

use std::collections::VecDeque;

use ledger::action::Action;
use ledger::id::{ChainId, Height, credit_check};
use ledger::procedure::registration::RegisterOrganisation;
use ledger::record::organisation::Role;
use ledger::time::{BlockTime, Span};
use ledger::transaction::{self, Payload};

use super::chain::{Chain, Keys};
use super::membership::Turnover;
use super::random::Rng;
use crate::acts::{self, BANK, BIDDER, EXPIRY, SELLER, TIMEKEEPER};
use crate::auditor::Auditor;
use crate::workload;

/// What a workload sees when it is asked for the next thing to do.
pub struct Scene<'a> {
    /// The chain to sign for.
    pub chain: &'a ChainId,
    /// What is on the ledger of the highest honest node.
    pub auditor: &'a Auditor,
    /// What the world's clock shows; on a network with a stepped clock, block time counts instead.
    pub time: BlockTime,
    /// Whether the run is past its faults: then time makes no leaps.
    pub calm: bool,
    /// The centres, those in genesis first.
    pub centres: &'a [Keys],
}

/// A signed transaction, or bytes that claim to be one.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether it is valid whatever happens meanwhile: then it must be recorded within the bound of the run.
    pub must: bool,
}

/// What clients do next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Give transactions to some nodes, each to one.
    Submit(Vec<Submission>),
    /// Everybody's clock moves ahead at once, as if the whole network had slept.
    Leap(Span),
    /// Nothing.
    Rest,
}

/// A source of things to do. It draws chance from its own seeded generator and keeps no time.
pub trait Workload {
    /// The next thing to do.
    fn next(&mut self, scene: &Scene<'_>) -> Step;
}

/// Admissions that must be recorded, all other acts, legal and not, bytes that are damaged, and leaps of time. Nothing
/// of it changes who votes, but for a turnover.
pub struct Traffic {
    rng: Rng,
    admitted: u64,
    acts: workload::Workload,
    turnover: Option<Turnover>,
    waiting: VecDeque<Vec<u8>>,
    last: Option<Vec<u8>>,
}

impl Traffic {
    /// Traffic on a chain with these adversaries, whose double signings are reported too, and a change of members if
    /// one is planned.
    #[must_use]
    pub fn new(mut rng: Rng, chain: &Chain, adversaries: &[usize], turnover: Option<Turnover>) -> Self {
        let parties = [SELLER, BANK, BIDDER, TIMEKEEPER].map(|party| party.key());
        let centres = chain.centres.iter().map(|keys| keys.operator.clone());
        let liars = adversaries.iter().map(|centre| chain.centres[*centre].voting.clone());
        let keys = parties.into_iter().chain(centres).chain(liars);
        let acts = workload::Workload::new(rng.next(), chain.id().clone(), keys).keeping_members();
        Self { rng, admitted: 0, acts, turnover, waiting: VecDeque::new(), last: None }
    }

    /// A centre admits somebody: that is good at any time.
    fn admission(&mut self, scene: &Scene<'_>) -> Option<Step> {
        self.admitted += 1;
        let number = self.admitted;
        let body = format!("91440100{number:09}");
        let action = Action::RegisterOrganisation(RegisterOrganisation {
            code: format!("{body}{}", char::from(credit_check(&body)?)).parse().ok()?,
            name: format!("示例企业{number}").parse().ok()?,
            region: "440100".parse().ok()?,
            roles: vec![Role::Bidder],
            keys: vec![acts::key(&format!("sim admitted {number}")).public_key()],
        });
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&number.to_be_bytes());
        let payload = Payload { action, expiry: Height::new(EXPIRY), salt, approvals: Vec::new() };
        let in_genesis = scene.auditor.books().members_at(1)?;
        let centres: Vec<&Keys> =
            scene.centres.iter().filter(|keys| in_genesis.contains_key(&keys.code)).collect();
        let operator = &self.rng.pick(&centres)?.operator;
        let bytes = transaction::sign(scene.chain, operator, &payload);
        Some(submit(bytes, true))
    }

    /// The next of the acts that were drawn together, as long as there are any.
    fn act(&mut self, scene: &Scene<'_>) -> Option<Step> {
        if self.waiting.is_empty() {
            let soon = scene.auditor.time().plus(Span::from_millis(1)).max(scene.time);
            let time = scene.auditor.stepped_time().unwrap_or(soon);
            let drawn = self.acts.transactions(scene.auditor, time);
            let wanted = drawn.into_iter().filter(|one| !scene.calm || one.act != "advance_clock");
            self.waiting.extend(wanted.map(|one| one.bytes));
        }
        let bytes = self.waiting.pop_front()?;
        self.last = Some(bytes.clone());
        Some(submit(bytes, false))
    }

    /// A transaction that was damaged on its way.
    fn damaged(&mut self) -> Option<Step> {
        let mut bytes = self.last.clone()?;
        let at = self.rng.index(bytes.len());
        bytes[at] ^= 1 << self.rng.below(8);
        Some(submit(bytes, false))
    }

    /// Time passes as the trades need it.
    fn leap(&mut self, scene: &Scene<'_>) -> Option<Step> {
        let real = scene.auditor.stepped_time().is_none() && !scene.calm;
        let by = real.then(|| self.acts.next_time(scene.auditor).since(scene.time))?;
        Some(Step::Leap(by))
    }
}

fn submit(bytes: Vec<u8>, must: bool) -> Step {
    Step::Submit(vec![Submission { bytes, must }])
}

impl Workload for Traffic {
    fn next(&mut self, scene: &Scene<'_>) -> Step {
        let step = match self.rng.below(100) {
            0..20 => self.admission(scene),
            20..45 if self.turnover.is_some() => {
                let turnover = self.turnover.as_mut();
                let all = turnover.map(|turnover| turnover.next(scene, &mut self.rng)).unwrap_or_default();
                let all = all.into_iter().map(|bytes| Submission { bytes, must: false });
                Some(Step::Submit(all.collect()))
            }
            45..50 => self.damaged(),
            50..54 => self.leap(scene),
            54..58 => None,
            _ => self.act(scene),
        };
        step.unwrap_or(Step::Rest)
    }
}
