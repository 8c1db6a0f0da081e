//! A centre records an answer about one certificate (ID01, ID12, ID14, ID16 to ID59).

use ledger::event::Event;
use ledger::hash::sha256;
use ledger::id::CertificateId;
use ledger::procedure::ocsp_response::RecordOcspResponse;
use ledger::record::certificate::{Revocation, RevocationSource};
use ledger::time::BlockTime;

use super::{Moment, x509};
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};
use crate::auditor::identity::is_hold;

const MOST_CERTIFICATES: usize = 5;

pub(super) fn judge(act: &RecordOcspResponse, moment: &Moment<'_>, faults: &mut Faults) {
    let Some((id, answer)) = faults.unless(read(act, moment.books, moment.time)) else { return };
    let certificate = &moment.books.certificates[&id];
    faults.when(answer.status == pki::OcspStatus::Unknown, Code::OcspNoAnswer);
    let at = x509::instant(answer.this_update);
    faults.when(certificate.checked_at >= Some(at), Code::OcspNotNewer);
    if let Some(said) = revocation(&answer, moment.time) {
        faults.when(!certificate.learns_from(&said, moment.time), Code::CertificateRevokedAlready);
        // Of a hold and a list that does not have the certificate the later one is right.
        let list = moment.books.lists.get(&(certificate.authority, certificate.step.0));
        let lifted =
            list.is_some_and(|list| list.updates.0 > at && !list.entries.contains_key(&certificate.step.1));
        faults.when(is_hold(said.reason) && lifted, Code::OcspNotNewer);
    }
}

fn read(
    act: &RecordOcspResponse,
    books: &Books,
    time: BlockTime,
) -> Result<(CertificateId, pki::OcspAnswer), Code> {
    let shown = act.chain.first().filter(|_| act.chain.len() <= MOST_CERTIFICATES);
    let id = CertificateId::from_bytes(sha256(shown.ok_or(Code::ChainInvalid)?.as_slice()));
    let certificate = books.certificates.get(&id).ok_or(Code::CertificateUnknown)?;
    let authority = books.authorities.get(&certificate.authority).ok_or(Code::AuthorityUnknown)?;
    let (chain, response) = (x509::slices(&act.chain), act.response.as_slice());
    let at = x509::seconds(time);
    let answer = x509::ask(&authority.terms, |entry| pki::judge_ocsp(entry, &chain, response, at))?;
    Ok((id, answer))
}

fn revocation(answer: &pki::OcspAnswer, time: BlockTime) -> Option<Revocation> {
    let pki::OcspStatus::Revoked(revocation) = &answer.status else { return None };
    Some(Revocation {
        date: x509::since(revocation),
        reason: x509::reason(revocation.reason),
        source: RevocationSource::Ocsp,
        as_of: x509::instant(answer.this_update),
        recorded_at: time,
    })
}

pub(super) fn enter(act: &RecordOcspResponse, books: &mut Books, time: BlockTime) -> Vec<Event> {
    // `judge` has read it.
    let Ok((id, answer)) = read(act, books, time) else { return Vec::new() };
    let this_update = x509::instant(answer.this_update);
    if let Some(certificate) = books.certificates.get_mut(&id) {
        certificate.checked_at = Some(this_update);
    }
    if let Some(said) = revocation(&answer, time) {
        return vec![books.revoke(&id, said, time)];
    }
    let mut events = vec![Event::CertificateChecked { certificate: id, this_update }];
    let Some(certificate) = books.certificates.get(&id) else { return events };
    let Some(held) = certificate.hold else { return events };
    match books.said_by_list(certificate.authority, &certificate.step, time) {
        // What stands on the list stays held, by the list.
        Some(said) if is_hold(said.reason) && held.source != RevocationSource::List => {
            events.push(books.revoke(&id, said, time));
        }
        None if held.as_of < this_update => events.extend(books.lift(&id, time)),
        _ => {}
    }
    events
}
