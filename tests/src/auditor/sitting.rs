//! One block under the auditor's eyes: what falls due, then its transactions one by one.

use std::collections::BTreeSet;

use ledger::action::Action;
use ledger::event::{Event, Recorded};
use ledger::id::{CertificateId, ChainId, CreditCode};
use ledger::record::organisation::Role;
use ledger::time::BlockTime;
use ledger::transaction;

use super::acts::{self, Entry, Moment};
use super::books::Books;
use super::code::{Code, Faults};
use super::identity::Key;
use super::rights::Signing;
use super::{Offer, due};

/// For whom a key signs.
enum Speaker {
    /// A key of an organisation.
    Organisation(Key),
    /// The voting key of a member.
    Member(CreditCode),
    /// Who wants to enrol.
    Applicant(CreditCode),
}

impl Speaker {
    fn organisation(&self) -> CreditCode {
        match self {
            Self::Organisation(record) => record.holder.clone(),
            Self::Member(code) | Self::Applicant(code) => code.clone(),
        }
    }
}

/// A block that is being entered.
#[derive(Debug)]
pub struct Sitting<'a> {
    chain: &'a ChainId,
    books: Books,
    recorded: &'a BTreeSet<transaction::Id>,
    entered: BTreeSet<transaction::Id>,
    height: u64,
    time: BlockTime,
    waiting: bool,
    bytes: u64,
    events: Vec<Recorded>,
}

impl<'a> Sitting<'a> {
    pub(super) fn open(
        chain: &'a ChainId,
        books: &Books,
        recorded: &'a BTreeSet<transaction::Id>,
        height: u64,
        time: BlockTime,
    ) -> Self {
        let (mut books, mut events) = (books.clone(), Vec::new());
        for _ in 0..due::MOST_IN_A_BLOCK {
            let Some(thing) = books.due_by(time) else { break };
            events.extend(due::happen(&mut books, time, thing));
        }
        let events = events.into_iter().map(|event| Recorded { transaction: None, event }).collect();
        let waiting = books.due_by(time).is_some();
        Self { chain, books, recorded, entered: BTreeSet::new(), height, time, waiting, bytes: 0, events }
    }

    /// What is there at this point of the block.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Whether the block may hold one more transaction: none while things are left that have fallen due.
    pub fn has_room(&self, offer: &Offer) -> bool {
        !self.waiting
            && (self.entered.len() as u64) < self.books.block_transactions
            && self.bytes + offer.length <= self.books.block_bytes
    }

    pub(super) fn why_no_room(&self, index: usize) -> String {
        if self.waiting {
            format!("transaction {index} stands in a block that leaves things undone that have fallen due")
        } else {
            format!("transaction {index} is more than the block may hold")
        }
    }

    /// Judges a transaction and enters it if it is good. A refused one leaves no trace.
    ///
    /// # Errors
    /// The code of the refusal.
    pub fn judge(&mut self, offer: &Offer) -> Result<(), Code> {
        let (action, window) = (&offer.payload.action, self.books.expiry_window);
        let expiry = offer.payload.expiry.get();
        let mut faults = Faults::default();
        faults.when(expiry < self.height, Code::Expired);
        faults.when(expiry > self.height.saturating_add(window), Code::ExpiryTooFar);
        let known = self.recorded.contains(&offer.id) || self.entered.contains(&offer.id);
        faults.when(known, Code::AlreadyRecorded);
        let Some(speaker) = self.speaker(offer) else {
            faults.when(true, Code::UnknownKey);
            return faults.first();
        };
        let stale = self.judge_speaker(&speaker, offer, &mut faults);
        let (chain, height, time, key) = (self.chain, self.height, self.time, offer.key);
        let signer = speaker.organisation();
        let moment = Moment { books: &self.books, chain, height, time, signer: &signer, key };
        acts::judge(action, &moment, &mut faults);
        faults.first()?;
        let certificate = match speaker {
            Speaker::Organisation(record) => record.certificate,
            Speaker::Member(_) | Speaker::Applicant(_) => None,
        };
        if let Some(certificate) = stale {
            let event = Event::SignedWhileStale { organisation: signer.clone(), certificate };
            self.events.push(Recorded { transaction: Some(offer.id), event });
        }
        let entry = Entry { height, time, id: offer.id, signer, key, certificate };
        let happened = acts::enter(action, &mut self.books, entry, chain);
        let of = |event| Recorded { transaction: Some(offer.id), event };
        self.events.extend(happened.into_iter().map(of));
        self.entered.insert(offer.id);
        self.bytes += offer.length;
        Ok(())
    }

    /// For whom a key signs. Whoever enrols is an applicant, whatever its key may be otherwise.
    fn speaker(&self, offer: &Offer) -> Option<Speaker> {
        if let Action::Enrol(act) = &offer.payload.action {
            let delegated = act.delegation.keys.iter().any(|delegated| delegated.key == offer.key);
            return delegated.then(|| Speaker::Applicant(act.delegation.organisation.clone()));
        }
        if let Some(record) = self.books.keys.get(&offer.key) {
            return Some(Speaker::Organisation(record.clone()));
        }
        self.books.voter(&offer.key).map(|code| Speaker::Member(code.clone()))
    }

    /// Notes what the speaker may not do: by its roles and rights, or as a voting key or an applicant, whose acts
    /// nobody approves. Answers as [`Signing::judge`].
    fn judge_speaker(&self, speaker: &Speaker, offer: &Offer, faults: &mut Faults) -> Option<CertificateId> {
        let (action, payload) = (&offer.payload.action, &offer.payload);
        let record = match speaker {
            Speaker::Organisation(record) => record,
            Speaker::Member(_) => {
                faults.when(!acts::is_for_voting_keys(action), Code::RoleNotPermitted);
                faults.when(!payload.approvals.is_empty(), Code::InvalidApproval);
                return None;
            }
            Speaker::Applicant(_) => {
                faults.when(!payload.approvals.is_empty(), Code::InvalidApproval);
                return None;
            }
        };
        let may = |role: &Role| self.books.has_role(&record.holder, *role);
        faults.when(!acts::roles(action).iter().any(may), Code::RoleNotPermitted);
        let (books, chain, time, key) = (&self.books, self.chain, self.time, offer.key);
        Signing { books, chain, time, payload, key, record }.judge(faults)
    }

    /// The books after the block, the names of what it recorded, and what happened.
    pub fn close(self) -> (Books, BTreeSet<transaction::Id>, Vec<Recorded>) {
        (self.books, self.entered, self.events)
    }
}
