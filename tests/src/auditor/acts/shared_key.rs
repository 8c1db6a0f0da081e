//! Somebody proves that two organisations share a key (ID64, ID65, and all that an enrolment must meet).

use ledger::codec;
use ledger::event::Event;
use ledger::hash::sha256;
use ledger::id::{ChainId, CreditCode, SharedKeyId};
use ledger::procedure::shared_key::ReportSharedKey;
use ledger::record::certificate::AnyKey;

use super::{Entry, Moment, enrolment};
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};
use crate::auditor::identity::SharedKey;

/// The name of a key that two organisations share.
fn name(key: &AnyKey, holder: &CreditCode, applicant: &CreditCode) -> SharedKeyId {
    let mut bytes = b"zhulian/shared-key/1\0".to_vec();
    bytes.extend(codec::encode(&(key, holder, applicant)));
    SharedKeyId::from_bytes(sha256(&bytes))
}

pub(super) fn judge(act: &ReportSharedKey, moment: &Moment<'_>, faults: &mut Faults) {
    let applicant = &act.enrolment.delegation.organisation;
    let Some(judged) = enrolment::judge_all(&act.enrolment, moment, faults) else { return };
    match enrolment::shared(&act.enrolment, &judged, moment.books) {
        None => faults.when(true, Code::NoSharedKey),
        Some((key, holder)) => {
            let known = moment.books.shared_keys.contains_key(&name(&key, &holder, applicant));
            faults.when(known, Code::SharedKeyRecorded);
        }
    }
}

pub(super) fn enter(act: &ReportSharedKey, books: &mut Books, entry: &Entry, chain: &ChainId) -> Vec<Event> {
    let moment = entry.moment(books, chain);
    let judged = enrolment::judge_all(&act.enrolment, &moment, &mut Faults::default());
    let found =
        judged.and_then(|judged| Some((enrolment::shared(&act.enrolment, &judged, books)?, judged.id)));
    // `judge` has found it.
    let Some(((key, holder), certificate)) = found else { return Vec::new() };
    let applicant = act.enrolment.delegation.organisation.clone();
    let id = name(&key, &holder, &applicant);
    let record = SharedKey {
        key,
        parties: (holder.clone(), applicant.clone()),
        certificate,
        reported: (entry.signer.clone(), entry.time),
    };
    books.shared_keys.insert(id, record);
    vec![Event::SharedKeyRecorded { shared_key: id, holder, applicant }]
}
