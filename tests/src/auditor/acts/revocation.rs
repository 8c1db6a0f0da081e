//! The holder revokes its certificate (ID12 to ID14).

use ledger::codec;
use ledger::event::Event;
use ledger::hash::sha256;
use ledger::procedure::revocation::RevokeCertificate;
use ledger::record::certificate::{Revocation, RevocationSource};
use ledger::time::BlockTime;

use super::Moment;
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};
use crate::auditor::identity::{Certificate, is_hold};

pub(super) fn judge(act: &RevokeCertificate, moment: &Moment<'_>, faults: &mut Faults) {
    let Some(certificate) = moment.books.certificates.get(&act.certificate) else {
        faults.when(true, Code::CertificateUnknown);
        return;
    };
    let holder = is_by_holder(act, certificate, moment);
    faults.when(is_hold(act.reason) || !holder, Code::NotTheHolder);
    let learns = certificate.learns_from(&by_holder(act, moment.time), moment.time);
    faults.when(!learns, Code::CertificateRevokedAlready);
}

/// A principal key of the organisation has signed, or the certificate's own key has.
fn is_by_holder(act: &RevokeCertificate, certificate: &Certificate, moment: &Moment<'_>) -> bool {
    let Some(proof) = &act.proof else {
        return certificate.organisation == *moment.signer && moment.principal().is_some();
    };
    let said = codec::encode(&("zhulian/revocation/1", moment.chain.as_str(), act.certificate));
    let key = proof.public_key.as_slice();
    sha256(key) == *certificate.key.as_bytes()
        && pki::verify_statement(key, &said, proof.signature.as_slice()).is_ok()
}

fn by_holder(act: &RevokeCertificate, time: BlockTime) -> Revocation {
    let source = RevocationSource::Holder;
    Revocation { date: time, reason: act.reason, source, as_of: time, recorded_at: time }
}

pub(super) fn enter(act: &RevokeCertificate, books: &mut Books, time: BlockTime) -> Vec<Event> {
    vec![books.revoke(&act.certificate, by_holder(act, time), time)]
}
