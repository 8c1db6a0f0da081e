//! What members decide: they propose what makes sense, and approve what others propose.

use ledger::action::Action;
use ledger::crypto::PublicKey;
use ledger::governance::{Change, RemovalReason, cosigner_bytes, possession_bytes};
use ledger::id::{ChangeId, CreditCode};
use ledger::procedure::approval::ApproveChange;
use ledger::procedure::cosigner::RegisterCosigner;
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::procedure::proposal::ProposeChange;
use ledger::record::organisation::Role;
use ledger::validators::Validator;

use super::draw::Draw;
use super::hand::{Hand, Scene};
use super::{evidence, identity, legal, packs};
use crate::auditor::governance::Proposal;

/// Members that are never fewer: with four, one may fail.
const FEWEST_MEMBERS: usize = 4;
/// Members beyond those of genesis.
const MOST_NEWCOMERS: usize = 3;
/// Changes beyond which nobody proposes more.
const MANY_OPEN: usize = 6;
/// Centres that are no members, beyond which no more are registered.
const MANY_CANDIDATES: usize = 3;
/// Proposals of one member in a flurry.
const MOST_OF_ONE: usize = 16;

/// Something good to decide or to report, if there is anything.
pub(super) fn next(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let open = scene.books.changes.values().filter(|proposal| proposal.is_open()).count();
    match hand.chance.below(100) {
        0..15 => report(hand, scene),
        15..22 => register_cosigner(hand, scene),
        22..50 if open < MANY_OPEN => propose(hand, scene),
        _ => approve(hand, scene),
    }
}

/// Proposals by the member that has the most open.
pub(super) fn flurry(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let change = register_centre(hand)?;
    let spoken = scene.books.members.keys().filter(|code| speaks(hand, scene, code));
    let who = spoken.max_by_key(|code| scene.books.open_changes_of(code))?.clone();
    hand.act(scene, &who, Action::ProposeChange(ProposeChange { change }))
}

fn speaks(hand: &Hand, scene: &Scene<'_>, code: &CreditCode) -> bool {
    scene
        .books
        .keys
        .iter()
        .any(|(key, of)| of.holder == *code && of.revoked.is_none() && hand.key(key).is_some())
}

fn propose(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = member(hand, scene, |code| scene.books.open_changes_of(code) < MOST_OF_ONE)?;
    let change = change(hand, scene)?;
    hand.act(scene, &who, Action::ProposeChange(ProposeChange { change }))
}

/// A change that would do some good.
fn change(hand: &mut Hand, scene: &Scene<'_>) -> Option<Change> {
    if hand.chance.happens(55) {
        return identity::change(hand, scene);
    }
    let candidates = candidates(scene);
    let kind = if hand.keeps_members { 60 + hand.chance.below(40) } else { hand.chance.below(100) };
    match kind {
        0..20 => rotate(hand, scene),
        20..40 => remove(hand, scene),
        40..60 => {
            let who = (*hand.chance.pick(&candidates)?).clone();
            admit(hand, who)
        }
        60..75 if candidates.len() < MANY_CANDIDATES => register_centre(hand),
        _ => Some(Change::AdoptRules { pack: packs::next(hand, scene)? }),
    }
}

/// Any change, for whoever signs it.
pub(super) fn any_change(hand: &mut Hand, scene: &Scene<'_>) -> Option<Change> {
    let anybody = hand.someone_of(scene, |_, _| true)?;
    match hand.chance.below(7) {
        5 | 6 => identity::any_change(hand, scene),
        0 => register_centre(hand),
        1 => admit(hand, anybody),
        2 => Some(Change::RemoveMember { organisation: anybody, reason: RemovalReason::Left }),
        3 => rotate(hand, scene),
        _ => Some(Change::AdoptRules { pack: packs::next(hand, scene)? }),
    }
}

/// A member that meets a condition, for which the hand can sign.
pub(super) fn member(
    hand: &mut Hand,
    scene: &Scene<'_>,
    good: impl Fn(&CreditCode) -> bool,
) -> Option<CreditCode> {
    let members = scene.books.members.keys();
    let spoken: Vec<&CreditCode> =
        members.filter(|code| good(code)).filter(|code| speaks(hand, scene, code)).collect();
    hand.chance.pick(&spoken).map(|code| (*code).clone())
}

/// Centres that are no members.
pub(super) fn candidates<'a>(scene: &Scene<'a>) -> Vec<&'a CreditCode> {
    let centres = scene.books.organisations.iter().filter(|(_, member)| member.roles.contains(&Role::Centre));
    centres.map(|(code, _)| code).filter(|code| !scene.books.members.contains_key(*code)).collect()
}

/// A new trading centre.
pub(super) fn register_centre(hand: &mut Hand) -> Option<Change> {
    let act = legal::organisation(hand)?;
    Some(Change::RegisterCentre { code: act.code, name: act.name, region: act.region, keys: act.keys })
}

/// An admission with fresh keys.
pub(super) fn admit(hand: &mut Hand, organisation: CreditCode) -> Option<Change> {
    let (public_key, network_key) = (hand.fresh_key(), hand.fresh_key());
    admit_with(hand, Validator { public_key, network_key, organisation })
}

/// An admission with these keys, if the hand has the one that votes.
pub(super) fn admit_with(hand: &Hand, validator: Validator) -> Option<Change> {
    let proof = hand.key(&validator.public_key)?.sign(&possession_bytes(&hand.chain, &validator));
    Some(Change::AdmitMember { validator, proof })
}

/// A rotation to these keys, if the hand has the one that votes.
pub(super) fn rotate_with(hand: &Hand, validator: Validator) -> Option<Change> {
    let proof = hand.key(&validator.public_key)?.sign(&possession_bytes(&hand.chain, &validator));
    Some(Change::RotateKeys { validator, proof })
}

/// Another voting key, another network key, or both.
pub(super) fn rotate(hand: &mut Hand, scene: &Scene<'_>) -> Option<Change> {
    let organisation = member(hand, scene, |_| true)?;
    let seat = scene.books.members.get(&organisation)?;
    let (mut public_key, mut network_key) = (seat.votes, seat.speaks);
    let which = hand.chance.below(3);
    if which != 0 || hand.key(&public_key).is_none() {
        public_key = hand.fresh_key();
    }
    if which != 1 {
        network_key = hand.fresh_key();
    }
    rotate_with(hand, Validator { public_key, network_key, organisation })
}

fn remove(hand: &mut Hand, scene: &Scene<'_>) -> Option<Change> {
    if scene.books.members.len() <= FEWEST_MEMBERS {
        return None;
    }
    let accused: Vec<_> = scene.books.double_signings.iter().collect();
    let accused = hand.chance.pick(&accused).map(|(id, record)| (**id, record.organisation.clone()));
    let accused = accused.filter(|(_, code)| scene.books.members.contains_key(code));
    Some(match accused {
        Some((id, organisation)) if hand.chance.happens(50) => {
            Change::RemoveMember { organisation, reason: RemovalReason::DoubleSigning(id) }
        }
        _ => {
            let organisation = member(hand, scene, |_| true)?;
            let words = RemovalReason::Other("不再履行职责".parse().ok()?);
            let reason = if hand.chance.happens(50) { RemovalReason::Left } else { words };
            Change::RemoveMember { organisation, reason }
        }
    })
}

/// One more approval, mostly of what has the most.
fn approve(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let open = scene.books.changes.iter().filter(|(_, proposal)| proposal.is_open());
    let mut wanted: Vec<(&ChangeId, &Proposal)> =
        open.filter(|(_, proposal)| may_pass(hand, scene, &proposal.change)).collect();
    wanted.sort_by_key(|(id, proposal)| (proposal.approvals.len(), **id));
    let (id, proposal) =
        if hand.chance.happens(70) { *wanted.last()? } else { *hand.chance.pick(&wanted)? };
    let complete = proposal.has_quorum(&scene.books.members);
    let who = member(hand, scene, |code| complete || !proposal.has_approval_of(code))?;
    hand.act(scene, &who, Action::ApproveChange(ApproveChange { change: *id }))
}

/// Whether a change may take effect as far as this workload is concerned. Of those that change the number of
/// members one is decided after the other, the oldest first, so that there are never too few or too many, however
/// late anything is recorded.
fn may_pass(hand: &Hand, scene: &Scene<'_>, change: &Change) -> bool {
    let members = &scene.books.members;
    let at_first = scene.books.eras.first_key_value().map_or(0, |(_, members)| members.len());
    let counts = match change {
        Change::RemoveMember { .. } => members.len() > FEWEST_MEMBERS,
        Change::AdmitMember { .. } => members.len() < at_first + MOST_NEWCOMERS,
        Change::RotateKeys { .. } => return !hand.keeps_members,
        Change::RegisterCentre { .. }
        | Change::AdoptRules { .. }
        | Change::TrustAuthority { .. }
        | Change::SuspendAuthority { .. }
        | Change::ReinstateAuthority { .. }
        | Change::RemoveAuthority { .. }
        | Change::RevokeCertificate { .. } => return true,
    };
    let resizes = |proposal: &&Proposal| match &*proposal.change {
        Change::RemoveMember { organisation, .. } => members.contains_key(organisation),
        Change::AdmitMember { validator, .. } => !members.contains_key(&validator.organisation),
        _ => false,
    };
    let open = scene.books.changes.values().filter(|proposal| proposal.is_open());
    let oldest = open.filter(resizes).min_by_key(|proposal| proposal.proposed_at);
    !hand.keeps_members && counts && oldest.is_none_or(|oldest| *oldest.change == *change)
}

/// Whether an act leaves enough members, if it is recorded at once or later.
pub(super) fn is_sensible(hand: &Hand, scene: &Scene<'_>, action: &Action) -> bool {
    match action {
        Action::ApproveChange(act) => {
            let open = scene.books.changes.get(&act.change).filter(|proposal| proposal.is_open());
            open.is_none_or(|proposal| may_pass(hand, scene, &proposal.change))
        }
        Action::ProposeChange(act) => {
            let of_members = matches!(
                act.change,
                Change::AdmitMember { .. } | Change::RemoveMember { .. } | Change::RotateKeys { .. }
            );
            !(hand.keeps_members && of_members)
        }
        _ => true,
    }
}

/// Keys for a member's checkpoints, by the centre or by its node.
fn register_cosigner(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = member(hand, scene, |_| true)?;
    let keys = (hand.fresh_key(), hand.fresh_key());
    let act = Action::RegisterCosigner(cosigner(hand, &who, keys)?);
    let votes = scene.books.members.get(&who)?.votes;
    if hand.key(&votes).is_some() && hand.chance.happens(60) {
        return Some(hand.act_with(scene, votes, act));
    }
    hand.act(scene, &who, act)
}

/// The registration of two keys, if the hand has both.
pub(super) fn cosigner(
    hand: &Hand,
    who: &CreditCode,
    (log_key, cosigning_key): (PublicKey, PublicKey),
) -> Option<RegisterCosigner> {
    let message = cosigner_bytes(&hand.chain, who, &log_key, &cosigning_key);
    let (log_proof, cosigning_proof) =
        (hand.key(&log_key)?.sign(&message), hand.key(&cosigning_key)?.sign(&message));
    Some(RegisterCosigner { log_key, cosigning_key, log_proof, cosigning_proof })
}

/// A double signing that nobody has reported, by anybody, or by a member's node.
fn report(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let evidence = evidence::sound(hand, scene)?;
    if scene.books.double_signings.contains_key(&evidence.id()) {
        return None;
    }
    let act = Action::ReportDoubleSigning(ReportDoubleSigning { evidence });
    let voting: Vec<PublicKey> = scene.books.members.values().map(|seat| seat.votes).collect();
    let voting: Vec<PublicKey> = voting.into_iter().filter(|key| hand.key(key).is_some()).collect();
    if hand.chance.happens(40) {
        let key = *hand.chance.pick(&voting)?;
        return Some(hand.act_with(scene, key, act));
    }
    let who = hand.someone_of(scene, |_, _| true)?;
    hand.act(scene, &who, act)
}
