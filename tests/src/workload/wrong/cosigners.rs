//! Keys for checkpoints that are refused.

use ledger::action::Action;
use ledger::crypto::{PublicKey, Signature};
use ledger::id::CreditCode;
use ledger::procedure::cosigner::RegisterCosigner;

use super::super::draw::Draw;
use super::super::governance::{cosigner, member};
use super::super::hand::{Hand, Scene};

fn with(
    hand: &mut Hand,
    scene: &Scene<'_>,
    who: &CreditCode,
    keys: (PublicKey, PublicKey),
    spoil: impl FnOnce(&mut RegisterCosigner),
) -> Option<Draw> {
    let mut act = cosigner(hand, who, keys)?;
    spoil(&mut act);
    hand.act(scene, who, Action::RegisterCosigner(act))
}

pub(super) fn not_member(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let candidates = super::super::governance::candidates(scene);
    let who = (*hand.chance.pick(&candidates)?).clone();
    let keys = (hand.fresh_key(), hand.fresh_key());
    with(hand, scene, &who, keys, |_| {})
}

/// One key twice, or one that is no strong key.
pub(super) fn invalid_keys(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = member(hand, scene, |_| true)?;
    let (key, weak) = (hand.fresh_key(), PublicKey::from_bytes([0; 32]));
    let same = hand.chance.happens(50);
    with(hand, scene, &who, (key, key), |act| {
        if !same {
            act.cosigning_key = weak;
        }
    })
}

pub(super) fn unchanged(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = member(hand, scene, |code| scene.books.cosigners.contains_key(code))?;
    let keys = scene.books.cosigners.get(&who)?.keys;
    with(hand, scene, &who, keys, |_| {})
}

/// A voting key, an organisation's key, another member's cosigning key, a former one, or the own ones exchanged.
pub(super) fn key_in_use(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = member(hand, scene, |_| true)?;
    let taken: Vec<PublicKey> = match hand.chance.below(3) {
        0 => scene.books.members.values().flat_map(|seat| [seat.votes, seat.speaks]).collect(),
        1 => scene.books.keys.keys().copied().collect(),
        _ => scene.books.cosigner_keys.iter().copied().collect(),
    };
    let taken: Vec<PublicKey> = taken.into_iter().filter(|key| hand.key(key).is_some()).collect();
    let key = *hand.chance.pick(&taken)?;
    let had = scene.books.cosigners.get(&who).map(|cosigner| cosigner.keys);
    let fresh = hand.fresh_key();
    match had {
        Some(had) if had.0 == key => with(hand, scene, &who, (fresh, key), |_| {}),
        _ => with(hand, scene, &who, (key, fresh), |_| {}),
    }
}

/// A proof of nobody, or of the other key.
pub(super) fn not_proven(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = member(hand, scene, |_| true)?;
    let keys = (hand.fresh_key(), hand.fresh_key());
    let fault = hand.chance.below(3);
    with(hand, scene, &who, keys, |act| match fault {
        0 => act.log_proof = Signature::from_bytes([1; 64]),
        1 => act.cosigning_proof = act.log_proof,
        _ => std::mem::swap(&mut act.log_proof, &mut act.cosigning_proof),
    })
}
