//! Wrong revocations, lists and answers, and changes of the trust list that cannot be.

use ledger::action::Action;
use ledger::codec::Bytes;
use ledger::governance::Change;
use ledger::id::CertificateId;
use ledger::procedure::ocsp_response::RecordOcspResponse;
use ledger::procedure::proposal::ProposeChange;
use ledger::procedure::revocation::RevokeCertificate;
use ledger::record::authority::AuthorityTerms;
use ledger::record::certificate::RevocationReason;
use ledger::time::DAY_MS;

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene, after};
use super::super::papers::{self, Listing, Word};
use super::super::{governance, identity};

fn certificate(hand: &mut Hand, scene: &Scene<'_>, revoked: bool) -> Option<CertificateId> {
    let all = scene.books.certificates.iter().filter(|(_, one)| one.is_clear() != revoked);
    let ids: Vec<CertificateId> = all.map(|(id, _)| *id).collect();
    hand.chance.pick(&ids).copied()
}

fn by_anybody(hand: &mut Hand, scene: &Scene<'_>, action: Action) -> Option<Draw> {
    let who = hand.someone_of(scene, |_, _| true)?;
    hand.act(scene, &who, action)
}

pub(super) fn certificate_unknown(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (certificate, reason) = (Default::default(), RevocationReason::KeyCompromise);
    by_anybody(hand, scene, Action::RevokeCertificate(RevokeCertificate { certificate, reason, proof: None }))
}

/// Somebody else, one of the staff, another certificate, or a hold, which only the authority can put.
pub(super) fn not_the_holder(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let certificate = certificate(hand, scene, false)?;
    let hold = hand.chance.happens(30);
    let reason = if hold { RevocationReason::CertificateHold } else { RevocationReason::KeyCompromise };
    let papers: Vec<_> =
        hand.papers.values().filter(|paper| hold == (paper.id() == certificate)).cloned().collect();
    let paper = hand.chance.pick(&papers).cloned().filter(|_| hold || hand.chance.happens(40));
    let proof = paper.and_then(|paper| identity::proof(hand, &paper, &certificate));
    by_anybody(hand, scene, Action::RevokeCertificate(RevokeCertificate { certificate, reason, proof }))
}

pub(super) fn revoked_already(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let certificate = certificate(hand, scene, true)?;
    let paper = hand.papers.get(&certificate)?.clone();
    let proof = Some(identity::proof(hand, &paper, &certificate)?);
    let reason = RevocationReason::KeyCompromise;
    by_anybody(hand, scene, Action::RevokeCertificate(RevokeCertificate { certificate, reason, proof }))
}

/// A list of an authority on the trust list, changed before it is signed.
pub(super) fn list(
    hand: &mut Hand,
    scene: &Scene<'_>,
    change: impl FnOnce(&mut Hand, &mut Listing<'_>),
) -> Option<Draw> {
    let listed: Vec<_> = scene.books.authorities.keys().copied().collect();
    let authority = papers::number_of(hand.chance.pick(&listed)?)?;
    let act = identity::next_list(hand, scene, authority, by_root(authority), change)?;
    identity::by_centre(hand, scene, Action::RecordRevocationList(act))
}

/// Whether an authority's root issues its certificates.
fn by_root(authority: usize) -> bool {
    papers::intermediate_serial(authority).is_none()
}

pub(super) fn list_signer(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let listed: Vec<_> = scene.books.authorities.keys().copied().collect();
    let (first, second) = (*hand.chance.pick(&listed)?, *hand.chance.pick(&listed)?);
    if first == second {
        return None;
    }
    let authority = papers::number_of(&first)?;
    let mut act = identity::next_list(hand, scene, authority, true, |_, _| {})?;
    (act.authority, act.intermediates) = (second, Vec::new());
    identity::by_centre(hand, scene, Action::RecordRevocationList(act))
}

pub(super) fn list_forged(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    list(hand, scene, |_, listing| listing.forged = true)
}

pub(super) fn list_early(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    list(hand, scene, |_, listing| listing.issued = after(scene.time, DAY_MS / 24))
}

pub(super) fn list_stale(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    list(hand, scene, |_, listing| {
        let early = |by: u64| ledger::time::BlockTime::from_millis(scene.time.as_millis().saturating_sub(by));
        listing.issued = early(2 * DAY_MS).unwrap_or_default();
        listing.next = early(DAY_MS).unwrap_or_default();
    })
}

pub(super) fn list_not_newer(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    list(hand, scene, |hand, listing| {
        let issuer = papers::issuer_id(listing.authority, listing.root).unwrap_or_default();
        let id = papers::authority_id(listing.authority).unwrap_or_default();
        let known = scene.books.lists.get(&(id, issuer)).map_or([0; 20], |list| list.number);
        let last = known.iter().skip(12).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        listing.number = if hand.chance.happens(50) { last } else { hand.chance.below(last + 1) };
    })
}

/// An answer about a certificate that somebody has enrolled with.
fn answer(
    hand: &mut Hand,
    scene: &Scene<'_>,
    word: Word,
    by: Option<usize>,
    from: u64,
    until: u64,
) -> Option<Draw> {
    let paper = identity::enrolled(hand, scene, |one| one.is_clear())?;
    let by = by.unwrap_or(paper.authority);
    // A day before is the beginning.
    let day_before = scene.time.as_millis().saturating_sub(2 * DAY_MS);
    let at = |millis: u64| ledger::time::BlockTime::from_millis(day_before + millis).ok();
    identity::answered(hand, scene, &paper, by, word, (at(from)?, at(until)?))
}

pub(super) fn answer_early(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    answer(hand, scene, Word::Good, None, 2 * DAY_MS + DAY_MS / 24, 4 * DAY_MS)
}

pub(super) fn answer_stale(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    answer(hand, scene, Word::Good, None, DAY_MS / 2, DAY_MS)
}

pub(super) fn no_answer(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    answer(hand, scene, Word::Unknown, None, 2 * DAY_MS, 3 * DAY_MS)
}

/// The same instant again, or an earlier one.
pub(super) fn answer_not_newer(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let paper = identity::enrolled(hand, scene, |one| one.checked_at.is_some() && one.is_clear())?;
    let checked = scene.books.certificates.get(&paper.id())?.checked_at?;
    identity::answered(hand, scene, &paper, paper.authority, Word::Good, (checked, after(scene.time, DAY_MS)))
}

/// What another authority says of a certificate that it did not issue.
pub(super) fn answer_of_other(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let by = hand.chance.below(papers::AUTHORITIES as u64) as usize;
    answer(hand, scene, Word::Good, Some(by), 2 * DAY_MS, 3 * DAY_MS)
}

/// An answer about one certificate that is handed in for another.
pub(super) fn answer_about_other(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let paper = identity::enrolled(hand, scene, |_| true)?;
    let other = identity::enrolled(hand, scene, |_| true)?;
    if other.authority != paper.authority || other.id() == paper.id() {
        return None;
    }
    let times = (scene.time, after(scene.time, DAY_MS));
    let response = papers::answer(&other, other.authority, Word::Good, times)?;
    let act = RecordOcspResponse { chain: vec![paper.der], response };
    identity::by_centre(hand, scene, Action::RecordOcspResponse(act))
}

/// A bit of the signature is another one.
pub(super) fn answer_forged(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let paper = identity::enrolled(hand, scene, |_| true)?;
    let times = (scene.time, after(scene.time, DAY_MS));
    let response = papers::answer(&paper, paper.authority, Word::Good, times)?;
    let mut bytes = response.as_slice().to_vec();
    *bytes.last_mut()? ^= 1;
    let act = RecordOcspResponse { chain: vec![paper.der], response: Bytes::new(bytes).ok()? };
    identity::by_centre(hand, scene, Action::RecordOcspResponse(act))
}

/// An answer that cannot be read.
pub(super) fn answer_malformed(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let papers: Vec<_> = hand.papers.values().map(|paper| paper.der.clone()).collect();
    let chain = vec![hand.chance.pick(&papers)?.clone()];
    let response = Bytes::new(vec![0x30, 1]).ok()?;
    identity::by_centre(hand, scene, Action::RecordOcspResponse(RecordOcspResponse { chain, response }))
}

/// A proposal by a member.
fn proposed(hand: &mut Hand, scene: &Scene<'_>, change: Change) -> Option<Draw> {
    let who = governance::member(hand, scene, |_| true)?;
    hand.act(scene, &who, Action::ProposeChange(ProposeChange { change }))
}

fn entry(
    hand: &mut Hand,
    scene: &Scene<'_>,
    change: impl FnOnce(&mut Hand, &mut AuthorityTerms) -> Option<()>,
) -> Option<Draw> {
    let mut terms = papers::terms(hand.chance.below(papers::AUTHORITIES as u64) as usize)?;
    change(hand, &mut terms)?;
    proposed(hand, scene, Change::TrustAuthority { terms })
}

pub(super) fn entry_identifier(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    entry(hand, scene, |_, terms| {
        // The first number of an identifier is 0, 1 or 2.
        terms.policy = Some("9.9.9".parse().ok()?);
        Some(())
    })
}

pub(super) fn not_self_signed(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let intermediate = papers::terms(1)?.intermediates.first()?.clone();
    entry(hand, scene, |_, terms| {
        (terms.root, terms.intermediates) = (intermediate, Vec::new());
        Some(())
    })
}

pub(super) fn invalid_authority(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    entry(hand, scene, |hand, terms| {
        match hand.chance.below(3) {
            0 => terms.algorithms = Vec::new(),
            1 => terms.algorithms.push(*terms.algorithms.first()?),
            _ => terms.freshness.grace = ledger::time::Span::from_millis(DAY_MS / 24 - 1),
        }
        Some(())
    })
}

pub(super) fn status_unchanged(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let listed: Vec<_> = scene.books.authorities.iter().collect();
    let (authority, known) = *hand.chance.pick(&listed)?;
    let trusted = known.status == ledger::record::authority::AuthorityStatus::Trusted;
    let change = match hand.chance.below(2) {
        0 if trusted => Change::TrustAuthority { terms: (*known.terms).clone() },
        _ if trusted => Change::ReinstateAuthority { authority: *authority },
        _ => Change::SuspendAuthority { authority: *authority, reason: "签发流程存疑".parse().ok()? },
    };
    proposed(hand, scene, change)
}

pub(super) fn in_future(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let certificate = certificate(hand, scene, false)?;
    let date = Some(after(scene.time, 1 + hand.chance.below(DAY_MS)));
    let reason = RevocationReason::KeyCompromise;
    proposed(hand, scene, Change::RevokeCertificate { certificate, reason, date })
}
