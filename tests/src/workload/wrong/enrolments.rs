//! Wrong enrolments: chains, certificates, delegations, and keys that are another's.

use ledger::action::Action;
use ledger::codec::Bytes;
use ledger::crypto::{PublicKey, Signature};
use ledger::id::CertificateId;
use ledger::procedure::enrolment::{Delegation, Enrol};
use ledger::record::authority::AuthorityStatus;
use ledger::record::organisation::Role;
use ledger::time::{BlockTime, DAY_MS};

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene, after};
use super::super::identity;
use super::super::papers::{self, Application, Flaw};

/// An enrolment of which the certificate says something else.
fn with(
    hand: &mut Hand,
    scene: &Scene<'_>,
    change: impl FnOnce(&mut Hand, &mut Application) -> Option<()>,
) -> Option<Draw> {
    let who = identity::applicant(hand, scene)?;
    let mut application = identity::application(hand, scene, &who)?;
    change(hand, &mut application)?;
    let paper = papers::issue(&application)?;
    let delegation = identity::delegation(hand, scene, &who)?;
    let act = identity::enrolment(hand, &paper, delegation)?;
    identity::enrols(hand, scene, act)
}

pub(super) fn flawed(hand: &mut Hand, scene: &Scene<'_>, flaw: Flaw) -> Option<Draw> {
    with(hand, scene, |_, application| {
        application.flaw = flaw;
        Some(())
    })
}

/// An enrolment of which the delegation is changed before it is signed.
fn delegating(
    hand: &mut Hand,
    scene: &Scene<'_>,
    change: impl FnOnce(&mut Hand, &mut Delegation) -> Option<()>,
) -> Option<Draw> {
    let who = identity::applicant(hand, scene)?;
    let application = identity::application(hand, scene, &who)?;
    let paper = papers::issue(&application)?;
    let mut delegation = identity::delegation(hand, scene, &who)?;
    change(hand, &mut delegation)?;
    let act = identity::enrolment(hand, &paper, delegation)?;
    identity::enrols(hand, scene, act)
}

/// An enrolment that is changed after it was signed.
pub(super) fn changed(
    hand: &mut Hand,
    scene: &Scene<'_>,
    change: impl FnOnce(&mut Hand, &mut Enrol) -> Option<()>,
) -> Option<Draw> {
    let who = identity::applicant(hand, scene)?;
    let application = identity::application(hand, scene, &who)?;
    let paper = papers::issue(&application)?;
    let delegation = identity::delegation(hand, scene, &who)?;
    let mut act = identity::enrolment(hand, &paper, delegation)?;
    change(hand, &mut act)?;
    identity::enrols(hand, scene, act)
}

pub(super) fn chain_invalid(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, act| {
        let first = act.chain.first()?.clone();
        act.chain = match hand.chance.below(3) {
            0 => Vec::new(),
            1 => vec![first; 6],
            _ => vec![Bytes::new(vec![0x30; 8_192]).ok()?; 4],
        };
        Some(())
    })
}

pub(super) fn invalid_mandate(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    delegating(hand, scene, |hand, delegation| {
        let who = delegation.organisation.clone();
        match hand.chance.below(5) {
            0 => delegation.roles = Vec::new(),
            1 => delegation.roles = vec![Role::Bidder, Role::Bidder],
            2 => delegation.expires = scene.time,
            3 => {
                let mut keys: Vec<PublicKey> = (0..9).map(|_| hand.fresh_key()).collect();
                // One that is taken counts wherever it stands.
                keys.extend(hand.key_of(scene, &who, |key| key.staff.is_some()));
                delegation.keys = identity::delegated(hand, &who, keys);
            }
            _ => {
                let weak = PublicKey::from_bytes([0; 32]);
                let keys = delegation.keys.iter().map(|one| one.key).chain([weak]).collect();
                delegation.keys = identity::delegated(hand, &who, keys);
            }
        }
        Some(())
    })
}

pub(super) fn key_not_proven(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    delegating(hand, scene, |_, delegation| {
        delegation.keys.last_mut()?.proof = Signature::from_bytes([7; 64]);
        Some(())
    })
}

pub(super) fn authority_unknown(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    if hand.chance.happens(50) {
        let mut act = identity::next_list(hand, scene, 0, true, |_, _| {})?;
        act.authority = Default::default();
        return identity::by_centre(hand, scene, Action::RecordRevocationList(act));
    }
    changed(hand, scene, |_, act| {
        act.authority = Default::default();
        Some(())
    })
}

fn under(hand: &mut Hand, scene: &Scene<'_>, status: AuthorityStatus) -> Option<Draw> {
    let of: Vec<_> = identity::with_status(scene, status);
    let authority = *hand.chance.pick(&of)?;
    changed(hand, scene, |_, act| {
        act.authority = authority;
        Some(())
    })
}

pub(super) fn authority_suspended(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    under(hand, scene, AuthorityStatus::Suspended)
}

pub(super) fn authority_removed(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    under(hand, scene, AuthorityStatus::Removed)
}

pub(super) fn replayed(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let recorded =
        |act: &&Enrol| act.delegation.keys.iter().any(|one| scene.books.keys.contains_key(&one.key));
    let known: Vec<Enrol> = hand.enrolments.iter().filter(recorded).cloned().collect();
    let act = hand.chance.pick(&known)?.clone();
    identity::enrols(hand, scene, act)
}

pub(super) fn role_not_admitted(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    delegating(hand, scene, |_, delegation| {
        delegation.roles = vec![Role::Supervisor];
        Some(())
    })
}

pub(super) fn malformed(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |_, act| {
        *act.chain.first_mut()? = Bytes::new(vec![0x30, 3, 1, 2]).ok()?;
        Some(())
    })
}

pub(super) fn critical(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    flawed(hand, scene, Flaw::Critical)
}

pub(super) fn of_authority(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    flawed(hand, scene, Flaw::OfAuthority)
}

pub(super) fn not_for_signing(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    flawed(hand, scene, Flaw::NotForSigning)
}

pub(super) fn wrong_purpose(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    flawed(hand, scene, Flaw::WrongPurpose)
}

pub(super) fn algorithm_not_allowed(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    with(hand, scene, |_, application| {
        (application.authority, application.key.0) = (papers::OF_SM2, pki::Algorithm::Ed25519);
        Some(())
    })
}

pub(super) fn broken_path(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, act| {
        let other = papers::terms(hand.chance.below(papers::AUTHORITIES as u64) as usize)?;
        act.chain.insert(1, other.root);
        Some(())
    })
}

pub(super) fn of_other_authority(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let trusted = identity::with_status(scene, AuthorityStatus::Trusted);
    changed(hand, scene, |hand, act| {
        let others: Vec<_> = trusted.into_iter().filter(|id| *id != act.authority).collect();
        act.authority = *hand.chance.pick(&others)?;
        Some(())
    })
}

pub(super) fn not_yet_valid(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    with(hand, scene, |_, application| {
        application.from = after(scene.time, DAY_MS / 24);
        Some(())
    })
}

pub(super) fn expired(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    with(hand, scene, |_, application| {
        let early = |by: u64| BlockTime::from_millis(scene.time.as_millis().saturating_sub(by)).ok();
        (application.from, application.until) = (early(9 * DAY_MS)?, early(5_000)?);
        Some(())
    })
}

pub(super) fn forged(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    flawed(hand, scene, Flaw::Forged)
}

pub(super) fn policy(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    flawed(hand, scene, Flaw::NoPolicy)
}

pub(super) fn code_missing(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    with(hand, scene, |_, application| {
        application.code = None;
        Some(())
    })
}

pub(super) fn code_invalid(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    with(hand, scene, |_, application| {
        application.code = Some("91350100M000100Y44".into());
        Some(())
    })
}

pub(super) fn name_missing(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    with(hand, scene, |hand, application| {
        application.called = hand.chance.happens(50).then(|| "x".repeat(121));
        // Of several faults the lowest rule is named, whoever finds them.
        if hand.chance.happens(30) {
            application.code = Some("91350100M000100Y44".into());
        } else if hand.chance.happens(30) {
            application.code = Some(hand.fresh_code()?.to_string());
        }
        Some(())
    })
}

pub(super) fn code_differs(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    with(hand, scene, |hand, application| {
        application.code = Some(hand.fresh_code()?.to_string());
        Some(())
    })
}

pub(super) fn not_signed(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    changed(hand, scene, |hand, act| {
        act.delegation.salt = hand.salt();
        if hand.chance.happens(30) {
            act.ocsp = Bytes::new(vec![0x30, 1]).ok();
        }
        Some(())
    })
}

/// A certificate of this workload that somebody has enrolled with, and that is revoked or not.
fn enrolled(hand: &mut Hand, scene: &Scene<'_>, revoked: bool) -> Option<CertificateId> {
    let known =
        |id: &&CertificateId| scene.books.certificates.get(*id).is_some_and(|one| one.is_clear() != revoked);
    let ids: Vec<CertificateId> = hand.papers.keys().filter(known).copied().collect();
    hand.chance.pick(&ids).copied()
}

pub(super) fn revoked(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let id = enrolled(hand, scene, true)?;
    let (who, paper) =
        (scene.books.certificates.get(&id)?.organisation.clone(), hand.papers.get(&id)?.clone());
    let delegation = identity::delegation(hand, scene, &who)?;
    let act = identity::enrolment(hand, &paper, delegation)?;
    identity::enrols(hand, scene, act)
}

/// Enrolment while the authority's newest list is old, or there is none.
pub(super) fn data_not_fresh(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    with(hand, scene, |_, _| Some(()))
}

pub(super) fn serial_taken(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let id = enrolled(hand, scene, false)?;
    let (authority, number) = hand.papers.get(&id).map(|paper| (paper.authority, paper.number.clone()))?;
    with(hand, scene, |_, application| {
        (application.authority, application.number) = (authority, number);
        Some(())
    })
}

pub(super) fn key_shared(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let act = identity::sharing(hand, scene)?;
    identity::enrols(hand, scene, act)
}

pub(super) fn no_shared_key(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let draw = with(hand, scene, |_, _| Some(()))?;
    let Action::Enrol(enrolment) = draw.action else { return None };
    identity::reports(hand, scene, enrolment)
}

/// A shared key that was reported, with another delegation.
pub(super) fn shared_key_recorded(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let records: Vec<_> = scene.books.shared_keys.values().collect();
    let record = *hand.chance.pick(&records)?;
    let ledger::record::certificate::AnyKey::Ledger(key) = record.key else { return None };
    let who = &record.parties.1;
    let application = identity::application(hand, scene, who)?;
    let mut delegation = identity::delegation(hand, scene, who)?;
    delegation.keys = identity::delegated(hand, who, vec![key]);
    let act = identity::enrolment(hand, &papers::issue(&application)?, delegation)?;
    identity::reports(hand, scene, act)
}
