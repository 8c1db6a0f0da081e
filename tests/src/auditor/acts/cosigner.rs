//! A member names the keys that sign checkpoints (CO01 to CO05).

use ledger::codec;
use ledger::crypto::{PublicKey, verify};
use ledger::event::Event;
use ledger::procedure::cosigner::RegisterCosigner;

use super::{Entry, Moment};
use crate::auditor::books::Books;
use crate::auditor::code::{Code, Faults};
use crate::auditor::governance::Cosigner;

pub(super) fn judge(act: &RegisterCosigner, moment: &Moment<'_>, faults: &mut Faults) {
    let (books, own) = (moment.books, moment.signer);
    faults.when(!books.members.contains_key(own), Code::CosignerNotMember);
    let pair = (act.log_key, act.cosigning_key);
    faults.when(pair.0 == pair.1 || !pair.0.is_strong() || !pair.1.is_strong(), Code::InvalidCosignerKeys);
    let had = books.cosigners.get(own).map(|cosigner| cosigner.keys);
    faults.when(had == Some(pair), Code::CosignerUnchanged);
    let is_taken = |key: &PublicKey, kept: bool| {
        let seated = books.members.values().any(|seat| seat.votes == *key || seat.speaks == *key);
        seated || books.keys.contains_key(key) || (books.cosigner_keys.contains(key) && !kept)
    };
    let log = is_taken(&pair.0, had.is_some_and(|had| had.0 == pair.0));
    faults.when(log || is_taken(&pair.1, had.is_some_and(|had| had.1 == pair.1)), Code::CosignerKeyInUse);
    let said = codec::encode(&("zhulian/cosigner/1", moment.chain.as_str(), own.as_str(), pair.0, pair.1));
    let is_proven = verify(&pair.0, &said, &act.log_proof).is_ok()
        && verify(&pair.1, &said, &act.cosigning_proof).is_ok();
    faults.when(!is_proven, Code::CosignerNotProven);
}

pub(super) fn enter(act: &RegisterCosigner, books: &mut Books, entry: &Entry) -> Vec<Event> {
    let (organisation, log_key, cosigning_key) = (entry.signer.clone(), act.log_key, act.cosigning_key);
    books.cosigner_keys.extend([log_key, cosigning_key]);
    let record = Cosigner { keys: (log_key, cosigning_key), since: entry.height };
    books.cosigners.insert(organisation.clone(), record);
    vec![Event::CosignerRegistered { organisation, log_key, cosigning_key }]
}
