//! What the members decide together: good proposals and approvals, and bad ones of many kinds.

use ledger::action::Action;
use ledger::block;
use ledger::certificate::VoteType;
use ledger::crypto::PublicKey;
use ledger::evidence::Evidence;
use ledger::governance::{Change, ChangeStatus, RemovalReason, possession_bytes};
use ledger::id::{ChangeId, CreditCode, DoubleSigningId, Height};
use ledger::procedure::approval::ApproveChange;
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::procedure::proposal::ProposeChange;
use ledger::record::organisation::Role;
use ledger::validators::Validator;
use ledger::vote::{SignedVote, Vote};

use super::draw::Draw;
use super::hand::{Hand, Scene};

/// Members below which nobody is removed at will.
const FEW_MEMBERS: usize = 4;

/// Something about governance.
pub(super) fn next(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    match hand.chance.below(10) {
        0..6 => approval(hand, scene),
        6..9 => proposal(hand, scene),
        _ => report(hand, scene),
    }
}

/// Mostly a member; sometimes a centre that is none.
fn centre(hand: &mut Hand, scene: &Scene<'_>) -> Option<CreditCode> {
    let members: Vec<&CreditCode> = scene.books.members.keys().collect();
    match hand.chance.pick(&members) {
        Some(member) if hand.chance.happens(92) => Some((*member).clone()),
        _ => hand.someone(scene, Role::Centre),
    }
}

/// Mostly of an open change; sometimes of a closed one, or of none.
fn approval(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let all = scene.books.changes.iter();
    let open = hand.chance.happens(90);
    let changes: Vec<ChangeId> =
        all.filter(|(_, p)| !open || p.status == ChangeStatus::Open).map(|(id, _)| *id).collect();
    let change = match hand.chance.pick(&changes) {
        Some(change) => *change,
        None if hand.chance.happens(10) => ChangeId::from_bytes([7; 32]),
        None => return None,
    };
    let who = centre(hand, scene)?;
    hand.act(scene, &who, Action::ApproveChange(ApproveChange { change }))
}

fn proposal(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = centre(hand, scene)?;
    let change = match hand.chance.below(6) {
        0 => register_centre(hand, scene)?,
        1 | 2 => seat(hand, scene)?,
        3 => remove(hand, scene)?,
        _ => adopt(hand, scene),
    };
    hand.act(scene, &who, Action::ProposeChange(ProposeChange { change }))
}

fn register_centre(hand: &mut Hand, scene: &Scene<'_>) -> Option<Change> {
    let taken: Vec<CreditCode> = scene.books.organisations.keys().cloned().collect();
    let code = if hand.chance.happens(10) { hand.chance.pick(&taken)?.clone() } else { hand.fresh_code()? };
    let keys = if hand.chance.happens(10) { Vec::new() } else { vec![hand.fresh_key()] };
    Some(Change::RegisterCentre {
        code,
        name: "示例中心".parse().ok()?,
        region: "440500".parse().ok()?,
        keys,
    })
}

/// A seat for a centre, or other keys for a member: of somebody that may have neither, now and then.
fn seat(hand: &mut Hand, scene: &Scene<'_>) -> Option<Change> {
    let role = if hand.chance.happens(10) { Role::Bidder } else { Role::Centre };
    let organisation = hand.someone(scene, role)?;
    let (mut public_key, mut network_key) = (hand.fresh_key(), hand.fresh_key());
    let is_member = scene.books.members.contains_key(&organisation);
    let others: Vec<PublicKey> = scene.books.members.values().map(|member| member.network_key).collect();
    let signer = public_key;
    match hand.chance.below(20) {
        0 => network_key = *hand.chance.pick(&others)?,
        1 => network_key = PublicKey::from_bytes([0; 32]),
        2 => public_key = *scene.books.keys.keys().next()?,
        3 => {
            let held = scene.books.members.get(&organisation)?;
            (public_key, network_key) = (held.public_key, held.network_key);
        }
        4 | 5 => public_key = hand.fresh_key(),
        _ => {}
    }
    let validator = Validator { public_key, network_key, organisation };
    let proof = hand.key(&signer)?.sign(&possession_bytes(scene.chain, &validator));
    let rotates = is_member != hand.chance.happens(8);
    Some(if rotates {
        Change::RotateKeys { validator, proof }
    } else {
        Change::AdmitMember { validator, proof }
    })
}

fn remove(hand: &mut Hand, scene: &Scene<'_>) -> Option<Change> {
    let organisation = hand.someone(scene, Role::Centre)?;
    let proven: Vec<(DoubleSigningId, CreditCode)> =
        scene.books.double_signings.iter().map(|(id, (who, _))| (*id, who.clone())).collect();
    let reason = match hand.chance.pick(&proven) {
        Some((id, who)) if hand.chance.happens(50) => {
            let reason = RemovalReason::DoubleSigning(*id);
            return Some(Change::RemoveMember { organisation: who.clone(), reason });
        }
        _ if hand.chance.happens(20) => RemovalReason::DoubleSigning(DoubleSigningId::from_bytes([9; 32])),
        _ if scene.books.members.len() < FEW_MEMBERS => return None,
        _ => RemovalReason::Left,
    };
    Some(Change::RemoveMember { organisation, reason })
}

/// The next pack: the same with another number somewhere, or one that must not come into force.
fn adopt(hand: &mut Hand, scene: &Scene<'_>) -> Change {
    let mut pack = (*scene.books.pack).clone();
    pack.version += 1;
    let rule = hand.chance.below(pack.rules.len() as u64) as usize;
    pack.rules[rule].value += hand.chance.below(3);
    match hand.chance.below(20) {
        0 | 5 => pack.version += 1,
        1 => drop(pack.rules.remove(rule)),
        2 => pack.rules[rule].value = 0,
        3 => pack.rules.reverse(),
        4 => pack.calendar.holidays.reverse(),
        _ => {}
    }
    Change::AdoptRules { pack }
}

/// Evidence against a member whose voting key is in the hand: good, of no height, or of nothing.
fn report(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let voters: Vec<PublicKey> = scene.books.members.values().map(|member| member.public_key).collect();
    let stranger = hand.fresh_key();
    let voter = if hand.chance.happens(90) { *hand.chance.pick(&voters)? } else { stranger };
    let key = hand.key(&voter)?.clone();
    let height = match hand.chance.below(10) {
        0 => 0,
        1 => scene.height + 1 + hand.chance.below(5),
        // Always the same, so that it is recorded already.
        2..5 => 1,
        _ => scene.height.saturating_sub(hand.chance.below(10)),
    };
    let round = hand.chance.below(2) as u32;
    let same = hand.chance.happens(10);
    let vote = |byte| {
        let block_id = Some(block::Id::from_bytes([byte; 32]));
        let height = Height::new(height);
        let vote = Vote { height, round, vote_type: VoteType::Prevote, voter, block_id };
        SignedVote { signature: key.sign(&vote.sign_bytes(scene.chain)), vote }
    };
    let evidence = Evidence::votes(vote(1), vote(if same { 1 } else { 2 }));
    let action = Action::ReportDoubleSigning(ReportDoubleSigning { evidence });
    // A member's node reports with its voting key, anybody else with its own.
    if hand.chance.happens(40) {
        let with = *hand.chance.pick(&voters)?;
        return Some(hand.act_with(scene, with, action));
    }
    let who = hand.someone_of(scene, |_, _| true)?;
    hand.act(scene, &who, action)
}
