//! A change of members while the network runs: one centre joins, one changes its voting key, one leaves, each by acts
//! that the members sign.

use ledger::action::Action;
use ledger::governance::{Change, ChangeStatus, RemovalReason, possession_bytes};
use ledger::id::{ChangeId, Height};
use ledger::procedure::approval::ApproveChange;
use ledger::procedure::proposal::ProposeChange;
use ledger::transaction::{self, Payload, Unverified};

use super::chain::{Chain, Keys};
use super::random::Rng;
use super::workload::Scene;
use crate::acts::EXPIRY;
use crate::auditor::Auditor;

/// How often a proposal is given to a node before another member proposes anew: the first one may have as many changes
/// open as it can.
const TRIES: u64 = 40;

/// What a turnover is about, by the numbers of centres.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// Who joins.
    pub joins: usize,
    /// Who changes its voting key.
    pub rotates: usize,
    /// Who leaves.
    pub leaves: usize,
}

/// Brings a turnover about: every change is proposed by one member and approved by the others, one after the other.
pub struct Turnover {
    changes: Vec<Change>,
    roles: Roles,
    attempts: u64,
    proposed: Option<Proposed>,
}

/// A change under way.
struct Proposed {
    stage: usize,
    id: ChangeId,
    bytes: Vec<u8>,
    tries: u64,
}

impl Turnover {
    /// A turnover on a chain.
    ///
    /// # Panics
    /// When a name made here is not well formed.
    #[must_use]
    pub fn new(chain: &Chain, roles: Roles) -> Self {
        let joiner = &chain.centres[roles.joins];
        let register = Change::RegisterCentre {
            code: joiner.code.clone(),
            name: "示例公共资源交易中心".parse().expect("a title"),
            region: "440100".parse().expect("a region"),
            keys: vec![joiner.operator.public_key()],
        };
        let validator = chain.validator(roles.joins, false);
        let proof = joiner.voting.sign(&possession_bytes(chain.id(), &validator));
        let admit = Change::AdmitMember { validator, proof };
        let validator = chain.validator(roles.rotates, true);
        let next_voting = &chain.centres[roles.rotates].next_voting;
        let proof = next_voting.sign(&possession_bytes(chain.id(), &validator));
        let rotate = Change::RotateKeys { validator, proof };
        let organisation = chain.centres[roles.leaves].code.clone();
        let remove = Change::RemoveMember { organisation, reason: RemovalReason::Left };
        let changes = vec![register, admit, rotate, remove];
        Self { changes, roles, attempts: 0, proposed: None }
    }

    /// The transactions that are needed next, if any: the proposal of the next change, or the approvals that it lacks.
    pub fn next(&mut self, scene: &Scene<'_>, rng: &mut Rng) -> Vec<Vec<u8>> {
        let stage = self.roles.stage(scene.centres, scene.auditor);
        if self.proposed.as_ref().is_none_or(|proposed| proposed.is_over(stage, scene.auditor)) {
            self.proposed = self.propose(stage, scene, rng);
        }
        let Some(proposed) = self.proposed.as_mut().filter(|proposed| proposed.stage == stage) else {
            return Vec::new();
        };
        let Some(known) = scene.auditor.books().changes.get(&proposed.id) else {
            proposed.tries += 1;
            return vec![proposed.bytes.clone()];
        };
        let action = || Action::ApproveChange(ApproveChange { change: proposed.id });
        let lacking = voters(scene, |keys| !known.has_approval_of(&keys.code));
        lacking.into_iter().map(|who| sign(scene, who, action(), [1 << 32, 0])).collect()
    }

    fn propose(&mut self, stage: usize, scene: &Scene<'_>, rng: &mut Rng) -> Option<Proposed> {
        let change = self.changes.get(stage)?.clone();
        self.attempts += 1;
        let who = *rng.pick(&voters(scene, |_| true))?;
        let action = Action::ProposeChange(ProposeChange { change });
        let bytes = sign(scene, who, action, [stage as u64, self.attempts]);
        let id = Unverified::decode(scene.chain, &bytes).ok()?.id();
        Some(Proposed { stage, id: ChangeId::from_bytes(*id.as_bytes()), bytes, tries: 0 })
    }
}

impl Proposed {
    /// Whether it leads nowhere any more.
    fn is_over(&self, stage: usize, auditor: &Auditor) -> bool {
        let known = auditor.books().changes.get(&self.id);
        let expired = known.is_some_and(|proposal| proposal.status == ChangeStatus::Expired);
        self.stage != stage || expired || (known.is_none() && self.tries >= TRIES)
    }
}

impl Roles {
    /// How many of the changes are in force.
    fn stage(self, centres: &[Keys], auditor: &Auditor) -> usize {
        let books = auditor.books();
        let (joiner, rotated) = (&centres[self.joins].code, &centres[self.rotates]);
        let seat = books.members.get(&rotated.code);
        let done = [
            books.organisations.contains_key(joiner),
            books.members.contains_key(joiner),
            seat.is_some_and(|seat| seat.votes == rotated.next_voting.public_key()),
            !books.members.contains_key(&centres[self.leaves].code),
        ];
        done.into_iter().take_while(|done| *done).count()
    }

    /// Whether all of it is in force.
    #[must_use]
    pub fn is_complete(self, centres: &[Keys], auditor: &Auditor) -> bool {
        self.stage(centres, auditor) == 4
    }
}

/// Members that meet a condition.
fn voters<'a>(scene: &Scene<'a>, good: impl Fn(&Keys) -> bool) -> Vec<&'a Keys> {
    let members = &scene.auditor.books().members;
    scene.centres.iter().filter(|keys| members.contains_key(&keys.code) && good(keys)).collect()
}

/// Signs with a centre's key. Equal acts of one centre are one transaction, however often they are signed.
fn sign(scene: &Scene<'_>, who: &Keys, action: Action, number: [u64; 2]) -> Vec<u8> {
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&number[0].to_be_bytes());
    salt[8..].copy_from_slice(&number[1].to_be_bytes());
    let payload = Payload { action, expiry: Height::new(EXPIRY), salt, approvals: Vec::new() };
    transaction::sign(scene.chain, &who.operator, &payload)
}
