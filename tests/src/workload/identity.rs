//! What authorities, enterprises and their staff do: certificates are trusted, enrolled with, renewed and revoked, and
//! keys get mandates and lose them.

use ledger::action::Action;
use ledger::codec::Bytes;
use ledger::crypto::{PublicKey, Signature};
use ledger::governance::Change;
use ledger::id::{AuthorityId, CertificateId, CreditCode, PersonHash};
use ledger::procedure::admission::AdmitRole;
use ledger::procedure::enrolment::{DelegatedKey, Delegation, Enrol, delegated_key_bytes, enrolment_bytes};
use ledger::procedure::ocsp_response::RecordOcspResponse;
use ledger::procedure::registration::RegisterOrganisation;
use ledger::procedure::revocation::{HolderProof, RevokeCertificate, revocation_bytes};
use ledger::procedure::revocation_list::RecordRevocationList;
use ledger::procedure::shared_key::ReportSharedKey;
use ledger::procedure::staff::{AppointStaff, RevokeMandate};
use ledger::record::authority::AuthorityStatus;
use ledger::record::certificate::RevocationReason;
use ledger::record::mandate::{Mandate, Scope};
use ledger::record::organisation::Role;
use ledger::time::{BlockTime, DAY_MS};

use pki::Algorithm;

use super::draw::Draw;
use super::hand::{Hand, Scene, after, fen};
use super::legal;
use super::papers::{self, Application, Flaw, Listing, Paper, Word};
use crate::auditor::identity::{Certificate, Key};

/// Keys of one organisation beyond which it appoints nobody.
const MANY_KEYS: usize = 10;
/// Enrolments that are kept to be sent again.
const MOST_KEPT: usize = 24;
/// Persons of an organisation's staff.
const PERSONS: u64 = 3;

/// Something good to do, if there is anything.
pub(super) fn next(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    match hand.chance.below(100) {
        0..16 => list(hand, scene),
        16..20 => answer(hand, scene),
        20..48 => enrol(hand, scene),
        48..72 => appoint(hand, scene),
        72..78 => end(hand, scene),
        78..84 => admit(hand, scene),
        84..88 => revoke(hand, scene),
        88..95 => report(hand, scene),
        _ => register_without_keys(hand, scene),
    }
}

/// Any act, for whoever signs it.
pub(super) fn any_act(hand: &mut Hand, scene: &Scene<'_>) -> Option<Action> {
    Some(match hand.chance.below(8) {
        7 => answer(hand, scene)?.action,
        0 => enrol(hand, scene)?.action,
        1 => appoint(hand, scene)?.action,
        2 => {
            // Where others count on the centres, theirs stay in use.
            let stays = |key: &Key| hand.keeps_members && scene.books.has_role(&key.holder, Role::Centre);
            let free = scene.books.keys.iter().filter(|(_, key)| !stays(key));
            let keys: Vec<PublicKey> = free.map(|(public, _)| *public).collect();
            Action::RevokeMandate(RevokeMandate { key: *hand.chance.pick(&keys)? })
        }
        3 => admit(hand, scene)?.action,
        4 => revoke(hand, scene)?.action,
        5 => list(hand, scene)?.action,
        _ => report(hand, scene)?.action,
    })
}

/// A change of the trust list that would do some good: first all authorities come on it.
pub(super) fn change(hand: &mut Hand, scene: &Scene<'_>) -> Option<Change> {
    let listed =
        |at: usize| papers::authority_id(at).is_some_and(|id| scene.books.authorities.contains_key(&id));
    let missing: Vec<usize> = (0..papers::AUTHORITIES).filter(|at| !listed(*at)).collect();
    if let Some(authority) = hand.chance.pick(&missing).copied().filter(|_| hand.chance.happens(70)) {
        return Some(Change::TrustAuthority { terms: papers::terms(authority)? });
    }
    let with = |status| with_status(scene, status);
    match hand.chance.below(100) {
        0..25 => {
            let authority = *hand.chance.pick(&with(AuthorityStatus::Suspended))?;
            Some(Change::ReinstateAuthority { authority })
        }
        25..50 => {
            let authority = *hand.chance.pick(&with(AuthorityStatus::Trusted))?;
            Some(Change::SuspendAuthority { authority, reason: "签发流程存疑".parse().ok()? })
        }
        50..60 => {
            let authority = *hand.chance.pick(&with(AuthorityStatus::Trusted))?;
            Some(Change::RemoveAuthority { authority, reason: "不再符合要求".parse().ok()? })
        }
        60..75 => {
            let authority = *hand.chance.pick(&with(AuthorityStatus::Removed))?;
            Some(Change::TrustAuthority { terms: papers::terms(papers::number_of(&authority)?)? })
        }
        75..80 => {
            let authority = hand.chance.below(papers::AUTHORITIES as u64) as usize;
            let mut terms = papers::terms(authority)?;
            terms.sources = vec![format!("https://example.com/{}.crl", hand.number()).parse().ok()?];
            Some(Change::TrustAuthority { terms })
        }
        _ => {
            let (certificate, date) = doubtful(hand, scene)?;
            Some(Change::RevokeCertificate {
                certificate,
                reason: RevocationReason::PrivilegeWithdrawn,
                date,
            })
        }
    }
}

/// A good certificate, and from when on it is to be revoked: mostly one whose keys have signed something that still
/// matters, from then on.
fn doubtful(hand: &mut Hand, scene: &Scene<'_>) -> Option<(CertificateId, Option<BlockTime>)> {
    let good = |id: &CertificateId| {
        scene.books.certificates.get(id).is_some_and(|certificate| certificate.is_clear())
    };
    let letters = scene.books.letters.values().filter(|letter| !letter.is_over());
    let letters = letters.filter_map(|letter| Some((letter.certificate?, letter.issued_at)));
    let quotes = scene.books.deals.values().filter(|deal| deal.ended.is_none()).flat_map(|deal| &deal.quotes);
    let quotes = quotes.filter_map(|quote| Some((quote.certificate?, quote.at)));
    let signed: Vec<(CertificateId, BlockTime)> =
        letters.chain(quotes).filter(|(id, at)| good(id) && *at < scene.time).collect();
    if let Some((id, at)) = hand.chance.pick(&signed).copied().filter(|_| hand.chance.happens(75)) {
        return Some((id, Some(at)));
    }
    let all: Vec<CertificateId> = scene.books.certificates.keys().filter(|id| good(id)).copied().collect();
    let date = hand.chance.happens(70).then(|| back(hand, scene.time));
    Some((*hand.chance.pick(&all)?, date))
}

/// Any change of the trust list.
pub(super) fn any_change(hand: &mut Hand, scene: &Scene<'_>) -> Option<Change> {
    let number = hand.chance.below(papers::AUTHORITIES as u64) as usize;
    let authority = papers::authority_id(number)?;
    Some(match hand.chance.below(5) {
        0 => Change::TrustAuthority { terms: papers::terms(number)? },
        1 => Change::SuspendAuthority { authority, reason: "签发流程存疑".parse().ok()? },
        2 => Change::ReinstateAuthority { authority },
        3 => Change::RemoveAuthority { authority, reason: "不再符合要求".parse().ok()? },
        _ => {
            let all: Vec<CertificateId> = scene.books.certificates.keys().copied().collect();
            let certificate = *hand.chance.pick(&all)?;
            let date = Some(back(hand, scene.time));
            Change::RevokeCertificate { certificate, reason: RevocationReason::Superseded, date }
        }
    })
}

/// The authorities of this workload that stand so on the trust list.
pub(super) fn with_status(scene: &Scene<'_>, status: AuthorityStatus) -> Vec<AuthorityId> {
    let ours: Vec<AuthorityId> = (0..papers::AUTHORITIES).filter_map(papers::authority_id).collect();
    let of = scene.books.authorities.iter().filter(|(id, entry)| ours.contains(id) && entry.status == status);
    of.map(|(id, _)| *id).collect()
}

/// An instant up to some days before.
fn back(hand: &mut Hand, time: BlockTime) -> BlockTime {
    let by = hand.chance.below(4) * hand.chance.below(10 * DAY_MS);
    BlockTime::from_millis(time.as_millis().saturating_sub(by)).unwrap_or_default()
}

/// A centre's act.
pub(super) fn by_centre(hand: &mut Hand, scene: &Scene<'_>, action: Action) -> Option<Draw> {
    let centre = hand.someone(scene, Role::Centre)?;
    hand.act(scene, &centre, action)
}

/// The next list of an authority that is on the trust list: mostly of what was listed before, sometimes with another
/// certificate, or without one that was on hold.
fn list(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let listed: Vec<AuthorityId> = scene.books.authorities.keys().copied().collect();
    let authority = papers::number_of(hand.chance.pick(&listed)?)?;
    let root = papers::intermediate_serial(authority).is_none() || hand.chance.happens(20);
    let act = next_list(hand, scene, authority, root, |_, _| {})?;
    by_centre(hand, scene, Action::RecordRevocationList(act))
}

/// The next list of an issuer, changed before it is signed.
pub(super) fn next_list(
    hand: &mut Hand,
    scene: &Scene<'_>,
    authority: usize,
    root: bool,
    change: impl FnOnce(&mut Hand, &mut Listing<'_>),
) -> Option<RecordRevocationList> {
    let (id, issuer) = (papers::authority_id(authority)?, papers::issuer_id(authority, root)?);
    let known = scene.books.lists.get(&(id, issuer));
    let mut entries: Vec<_> = known
        .iter()
        .flat_map(|list| list.entries.iter())
        .map(|(serial, (date, reason))| (serial.clone(), *date, *reason))
        .collect();
    if hand.chance.happens(50) {
        entries.retain(|(_, _, reason)| *reason != RevocationReason::CertificateHold);
    }
    if hand.chance.happens(30) {
        let of = |serial: &Vec<u8>| entries.iter().any(|(known, ..)| known == serial);
        let issued =
            scene.books.certificates.values().filter(|one| one.authority == id && one.step.0 == issuer);
        let good: Vec<Vec<u8>> = issued.map(|one| one.step.1.clone()).filter(|serial| !of(serial)).collect();
        let reasons = [
            RevocationReason::KeyCompromise,
            RevocationReason::CertificateHold,
            RevocationReason::Unspecified,
        ];
        let reason = *hand.chance.pick(&reasons)?;
        let signed =
            doubtful(hand, scene).and_then(|(id, date)| Some((scene.books.certificates.get(&id)?, date?)));
        let signed = signed.filter(|(one, _)| good.contains(&one.step.1));
        let other = hand.chance.pick(&good).map(|serial| (serial.clone(), back(hand, scene.time)));
        let revoked = signed.map(|(one, date)| (one.step.1.clone(), date)).or(other);
        entries.extend(revoked.map(|(serial, date)| (serial, date, reason)));
    }
    if hand.chance.happens(15) {
        entries.extend(ahead(hand, scene, authority, &entries));
    }
    let intermediate = papers::intermediate_serial(authority).filter(|_| root && hand.chance.happens(5));
    let new = intermediate.filter(|serial| !entries.iter().any(|(known, ..)| known == serial));
    entries.extend(new.map(|serial| (serial, scene.time, RevocationReason::CaCompromise)));
    let last = known.map_or(0, |list| list.number.iter().skip(12).fold(0, |sum, b| sum << 8 | u64::from(*b)));
    let number = last + 1 + hand.chance.below(300);
    let (issued, next) = (scene.time, after(scene.time, 30 * DAY_MS));
    let mut listing =
        Listing { authority, root, number, issued, next, entries: &entries, forged: false, part: None };
    change(hand, &mut listing);
    let terms = papers::terms(authority)?;
    let along = hand.chance.happens(20);
    Some(RecordRevocationList {
        authority: id,
        list: papers::list(&listing)?,
        intermediates: terms.intermediates.into_iter().filter(|_| along).collect(),
    })
}

/// An entry of a list that begins later, mostly for a certificate that nobody has enrolled with yet.
fn ahead(
    hand: &mut Hand,
    scene: &Scene<'_>,
    authority: usize,
    entries: &[(Vec<u8>, BlockTime, RevocationReason)],
) -> Option<(Vec<u8>, BlockTime, RevocationReason)> {
    let enrolled = hand.chance.happens(30);
    let papers = hand.papers.iter().filter(|(id, paper)| {
        paper.authority == authority && scene.books.certificates.contains_key(*id) == enrolled
    });
    let serials: Vec<Vec<u8>> = papers.map(|(_, paper)| papers::serial_of(paper)).collect();
    let serial =
        hand.chance.pick(&serials).filter(|serial| entries.iter().all(|(known, ..)| known != *serial));
    let reasons = [RevocationReason::KeyCompromise, RevocationReason::CertificateHold];
    let reason = *hand.chance.pick(&reasons)?;
    Some((serial?.clone(), after(scene.time, hand.chance.below(4 * DAY_MS)), reason))
}

/// A centre asks about a certificate that somebody has enrolled with.
fn answer(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let words = [
        Word::Good,
        Word::Good,
        Word::Revoked(back(hand, scene.time), RevocationReason::CertificateHold),
        Word::Revoked(back(hand, scene.time), RevocationReason::KeyCompromise),
    ];
    let word = *hand.chance.pick(&words)?;
    let paper = enrolled(hand, scene, |_| true)?;
    let times = (scene.time, after(scene.time, DAY_MS));
    answered(hand, scene, &paper, paper.authority, word, times)
}

/// A certificate in the hand that somebody has enrolled with.
pub(super) fn enrolled(
    hand: &mut Hand,
    scene: &Scene<'_>,
    good: impl Fn(&Certificate) -> bool,
) -> Option<Paper> {
    let known = |id: &CertificateId| scene.books.certificates.get(id).is_some_and(&good);
    let papers: Vec<Paper> =
        hand.papers.iter().filter(|(id, _)| known(id)).map(|(_, paper)| paper.clone()).collect();
    hand.chance.pick(&papers).cloned()
}

/// An answer about a certificate, recorded by a centre.
pub(super) fn answered(
    hand: &mut Hand,
    scene: &Scene<'_>,
    paper: &Paper,
    by: usize,
    word: Word,
    times: (BlockTime, BlockTime),
) -> Option<Draw> {
    let response = papers::answer(paper, by, word, times)?;
    let act = RecordOcspResponse { chain: vec![paper.der.clone()], response };
    by_centre(hand, scene, Action::RecordOcspResponse(act))
}

/// A certificate for an organisation that is good for a while, of an authority on the trust list.
pub(super) fn application(hand: &mut Hand, scene: &Scene<'_>, who: &CreditCode) -> Option<Application> {
    let trusted = with_status(scene, AuthorityStatus::Trusted);
    let trusted: Vec<usize> = trusted.iter().filter_map(papers::number_of).collect();
    let authority = *hand.chance.pick(&trusted)?;
    // Verification on these curves costs many times what Ed25519 costs; most keys are of the cheap kind.
    let algorithms = [Algorithm::Ed25519, Algorithm::Ed25519, Algorithm::EcdsaP256, Algorithm::Sm2];
    let algorithm =
        if authority == papers::OF_SM2 { Algorithm::Sm2 } else { *hand.chance.pick(&algorithms)? };
    let known = scene.books.organisations.get(who).filter(|_| hand.chance.happens(80));
    let number = hand.fresh_name();
    let called = known.map_or_else(|| format!("示例更名{}", number.len()), |known| known.name.to_string());
    Some(Application {
        authority,
        code: Some(who.to_string()),
        called: Some(called),
        from: back(hand, scene.time),
        until: after(scene.time, DAY_MS + hand.chance.below(200 * DAY_MS)),
        key: (algorithm, hand.fresh_name()),
        number,
        flaw: Flaw::None,
    })
}

/// Issues it, and keeps it in the hand.
pub(super) fn issue(hand: &mut Hand, of: &Application) -> Option<Paper> {
    let paper = papers::issue(of)?;
    hand.papers.insert(paper.id(), paper.clone());
    Some(paper)
}

/// Where and how far, often everywhere and any amount.
fn scope(hand: &mut Hand) -> Option<Scope> {
    let regions: [&[&str]; 5] = [&[], &[], &["440000"], &["440400"], &["440100", "440300"]];
    let regions =
        hand.chance.pick(&regions)?.iter().map(|region| region.parse().ok()).collect::<Option<_>>()?;
    let ceiling = hand.chance.happens(35).then(|| fen(1_000_000 + hand.chance.below(1_500_000_000)));
    Some(Scope { regions, trades: Vec::new(), ceiling })
}

/// What an organisation delegates to fresh keys of its own, without proofs.
pub(super) fn delegation(hand: &mut Hand, scene: &Scene<'_>, who: &CreditCode) -> Option<Delegation> {
    let member = scene.books.organisations.get(who);
    let its_own = member.map_or(Vec::new(), |member| member.roles.iter().copied().collect());
    let choices = [vec![Role::Bidder], vec![Role::Seller, Role::Bidder], its_own.clone(), its_own];
    let mut roles = hand.chance.pick(&choices)?.clone();
    if roles.is_empty() {
        roles.push(Role::Bidder);
    }
    let mut keys: Vec<PublicKey> = (0..1 + hand.chance.below(2)).map(|_| hand.fresh_key()).collect();
    if hand.chance.happens(40) {
        let from_certificate =
            |key: &Key| key.staff.is_none() && key.revoked.is_none() && key.certificate.is_some();
        keys.extend(hand.key_of(scene, who, from_certificate));
    }
    let salt = hand.salt();
    Some(Delegation {
        organisation: who.clone(),
        region: "440500".parse().ok()?,
        keys: delegated(hand, who, keys),
        roles,
        scope: scope(hand)?,
        expires: after(scene.time, 3_600_000 + hand.chance.below(120 * DAY_MS)),
        salt,
    })
}

/// Keys with their proofs, ascending; a key that is not in the hand proves nothing.
pub(super) fn delegated(hand: &Hand, who: &CreditCode, mut keys: Vec<PublicKey>) -> Vec<DelegatedKey> {
    keys.sort_unstable();
    let proof = |key: &PublicKey| {
        let said = delegated_key_bytes(&hand.chain, who, key);
        hand.key(key).map_or(Signature::from_bytes([0; 64]), |own| own.sign(&said))
    };
    keys.iter().map(|key| DelegatedKey { key: *key, proof: proof(key) }).collect()
}

/// The enrolment with a certificate, signed by its key.
pub(super) fn enrolment(hand: &Hand, paper: &Paper, delegation: Delegation) -> Option<Enrol> {
    let signature = paper.sign(&enrolment_bytes(&hand.chain, &delegation))?;
    let chain = std::iter::once(paper.der.clone()).chain(paper.along.clone()).collect();
    Some(Enrol {
        authority: papers::authority_id(paper.authority)?,
        chain,
        delegation,
        signature,
        ocsp: None,
    })
}

/// The same as an act of the first delegated key in the hand.
pub(super) fn enrols(hand: &mut Hand, scene: &Scene<'_>, act: Enrol) -> Option<Draw> {
    let key =
        act.delegation.keys.iter().map(|delegated| delegated.key).find(|key| hand.key(key).is_some())?;
    Some(hand.act_with(scene, key, Action::Enrol(act)))
}

/// Somebody who may want a certificate: mostly an organisation that the ledger knows.
pub(super) fn applicant(hand: &mut Hand, scene: &Scene<'_>) -> Option<CreditCode> {
    let many = scene.books.organisations.len() > 40;
    if hand.chance.happens(20) {
        return hand.someone(scene, Role::Guarantor);
    }
    if !many && hand.chance.happens(45) {
        return hand.fresh_code();
    }
    hand.someone_of(scene, |_, roles| {
        !roles.contains(&Role::Centre)
            && !roles.contains(&Role::Timekeeper)
            && !roles.contains(&Role::Supervisor)
    })
}

/// Enrolment: with a new certificate, or anew with one that is good.
fn enrol(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let own: Vec<CertificateId> = hand
        .papers
        .keys()
        .filter(|id| scene.books.certificates.get(*id).is_none_or(|known| known.is_clear()))
        .copied()
        .collect();
    let again = hand.chance.pick(&own).copied().filter(|_| hand.chance.happens(30));
    let (who, paper) = match again {
        Some(id) => {
            let paper = hand.papers.get(&id)?.clone();
            (paper.holder.clone()?, paper)
        }
        None => {
            let who = applicant(hand, scene)?;
            let application = application(hand, scene, &who)?;
            (who, issue(hand, &application)?)
        }
    };
    let delegation = delegation(hand, scene, &who)?;
    let mut act = enrolment(hand, &paper, delegation)?;
    if hand.chance.happens(40) {
        let times = (scene.time, after(scene.time, DAY_MS));
        act.ocsp = papers::answer(&paper, paper.authority, Word::Good, times);
    }
    hand.enrolments.push_back(act.clone());
    if hand.enrolments.len() > MOST_KEPT {
        hand.enrolments.pop_front();
    }
    enrols(hand, scene, act)
}

/// A mandate that a principal key can give.
pub(super) fn mandate(hand: &mut Hand, scene: &Scene<'_>, of: &Key) -> Option<Mandate> {
    let member = scene.books.organisations.get(&of.holder)?;
    let own = of.mandate.as_deref();
    let roles: Vec<Role> =
        member.roles.iter().copied().filter(|role| own.is_none_or(|own| own.roles.contains(role))).collect();
    let read_only = hand.chance.happens(12);
    let roles = match hand.chance.below(3) {
        _ if read_only => Vec::new(),
        0 => hand.chance.pick(&roles).copied().into_iter().collect(),
        _ => roles,
    };
    let mut scope = match own.filter(|own| !own.scope.regions.is_empty() || own.scope.ceiling.is_some()) {
        Some(own) => own.scope.clone(),
        None => scope(hand)?,
    };
    if let Some(ceiling) = scope.ceiling.filter(|_| hand.chance.happens(50)) {
        scope.ceiling = Some(fen(ceiling.minor() / 2 + 1));
    }
    let until = after(scene.time, 3_600_000 + hand.chance.below(60 * DAY_MS));
    Some(Mandate {
        roles,
        scope,
        expires: own.map_or(until, |own| own.expires.min(until)),
        read_only,
        second_approval_above: hand
            .chance
            .happens(35)
            .then(|| fen(1_000_000 + hand.chance.below(800_000_000))),
    })
}

/// Fresh keys, or another mandate for one of the staff.
pub(super) fn appointment(hand: &mut Hand, scene: &Scene<'_>, of: &Key) -> Option<AppointStaff> {
    let mandate = mandate(hand, scene, of)?;
    let person = PersonHash::from_bytes([hand.chance.below(PERSONS) as u8 + 1; 32]);
    let staff = |key: &Key| key.staff.is_some() && key.revoked.is_none();
    let again = hand.key_of(scene, &of.holder, staff).filter(|_| hand.chance.happens(15));
    let keys = match again {
        Some(key) => vec![key],
        None => (0..1 + hand.chance.below(2)).map(|_| hand.fresh_key()).collect(),
    };
    Some(AppointStaff { keys: delegated(hand, &of.holder, keys), person, mandate })
}

/// An appointment by a key that meets a condition.
pub(super) fn appoint_by(
    hand: &mut Hand,
    scene: &Scene<'_>,
    good: impl Fn(&Key) -> bool,
    change: impl FnOnce(&mut Hand, &Key, &mut AppointStaff) -> Option<()>,
) -> Option<Draw> {
    let by = hand.key_that(scene, |_, key| good(key))?;
    let key = scene.books.keys.get(&by)?;
    let mut act = appointment(hand, scene, key)?;
    change(hand, key, &mut act)?;
    Some(hand.act_with(scene, by, Action::AppointStaff(act)))
}

fn appoint(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let keys = |who: &CreditCode| scene.books.keys.values().filter(|key| key.holder == *who).count();
    let may = |key: &Key| key.staff.is_none() && key.revoked.is_none() && keys(&key.holder) < MANY_KEYS;
    appoint_by(hand, scene, may, |_, _, _| Some(()))
}

/// The end of a key of the staff or of one from a certificate: by a principal key, or by itself.
fn end(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let spare = |key: &Key| key.revoked.is_none() && (key.staff.is_some() || key.certificate.is_some());
    let key = hand.key_that(scene, |_, key| spare(key))?;
    let who = &scene.books.keys.get(&key)?.holder;
    let principal = |of: &Key| of.staff.is_none() && of.revoked.is_none();
    let by = if hand.chance.happens(50) { key } else { hand.key_of(scene, who, principal)? };
    Some(hand.act_with(scene, by, Action::RevokeMandate(RevokeMandate { key })))
}

fn admit(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let role = *hand.chance.pick(&[Role::Seller, Role::Bidder, Role::Guarantor])?;
    let organisation = hand.someone_of(scene, |_, roles| {
        !roles.contains(&role) && !roles.contains(&Role::Centre) && !roles.contains(&Role::Supervisor)
    })?;
    by_centre(hand, scene, Action::AdmitRole(AdmitRole { organisation, role }))
}

/// The holder takes its certificate back: by a key of its organisation, or by the certificate's own.
fn revoke(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let good = scene.books.certificates.iter().filter(|(_, one)| one.is_clear());
    let good: Vec<CertificateId> = good.map(|(id, _)| *id).collect();
    let certificate = *hand.chance.pick(&good)?;
    let reason = RevocationReason::CessationOfOperation;
    if let Some(paper) = hand.papers.get(&certificate).cloned().filter(|_| hand.chance.happens(50)) {
        let proof = Some(proof(hand, &paper, &certificate)?);
        let who = hand.someone_of(scene, |_, _| true)?;
        return hand.act(
            scene,
            &who,
            Action::RevokeCertificate(RevokeCertificate { certificate, reason, proof }),
        );
    }
    let who = &scene.books.certificates.get(&certificate)?.organisation;
    let by = hand.key_of(scene, who, |key| key.staff.is_none() && key.revoked.is_none())?;
    let act = RevokeCertificate { certificate, reason, proof: None };
    Some(hand.act_with(scene, by, Action::RevokeCertificate(act)))
}

/// A certificate's own signature under a revocation.
pub(super) fn proof(hand: &Hand, paper: &Paper, of: &CertificateId) -> Option<HolderProof> {
    let signature: Bytes<1_024> = paper.sign(&revocation_bytes(&hand.chain, of))?;
    Some(HolderProof { public_key: paper.public_key()?, signature })
}

/// An enrolment with a key that another organisation holds: a delegated one, or the certificate's.
pub(super) fn sharing(hand: &mut Hand, scene: &Scene<'_>) -> Option<Enrol> {
    let who = applicant(hand, scene)?;
    let mut application = application(hand, scene, &who)?;
    let mut delegation = delegation(hand, scene, &who)?;
    if hand.chance.happens(50) {
        let others = |id: &CertificateId| {
            scene.books.certificates.get(id).is_some_and(|known| known.organisation != who)
        };
        let theirs: Vec<(Algorithm, String)> =
            hand.papers.iter().filter(|(id, _)| others(id)).map(|(_, paper)| paper.key.clone()).collect();
        application.key = hand.chance.pick(&theirs)?.clone();
    } else {
        let theirs = hand.key_that(scene, |_, key| key.holder != who)?;
        let keys = delegation.keys.iter().map(|delegated| delegated.key).chain([theirs]).collect();
        delegation.keys = delegated(hand, &who, keys);
    }
    // It is enrolled with by nobody, and need not be kept.
    let paper = papers::issue(&application)?;
    enrolment(hand, &paper, delegation)
}

/// Somebody reports a shared key, or a member's node does.
pub(super) fn report(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let enrolment = sharing(hand, scene)?;
    reports(hand, scene, enrolment)
}

/// The report of an enrolment.
pub(super) fn reports(hand: &mut Hand, scene: &Scene<'_>, enrolment: Enrol) -> Option<Draw> {
    let act = Action::ReportSharedKey(ReportSharedKey { enrolment });
    let voting: Vec<PublicKey> = scene.books.members.values().map(|seat| seat.votes).collect();
    let voting: Vec<PublicKey> = voting.into_iter().filter(|key| hand.key(key).is_some()).collect();
    if hand.chance.happens(30) {
        let key = *hand.chance.pick(&voting)?;
        return Some(hand.act_with(scene, key, act));
    }
    let who = hand.someone_of(scene, |_, _| true)?;
    hand.act(scene, &who, act)
}

/// An organisation that a centre admits before it has a certificate.
fn register_without_keys(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let act = RegisterOrganisation { keys: Vec::new(), ..legal::organisation(hand)? };
    by_centre(hand, scene, Action::RegisterOrganisation(act))
}
