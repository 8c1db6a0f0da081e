//! One block under the auditor's eyes: what falls due, then its transactions one by one.

use std::collections::BTreeSet;

use ledger::event::Recorded;
use ledger::id::{ChainId, CreditCode};
use ledger::record::organisation::Role;
use ledger::time::BlockTime;
use ledger::transaction;

use super::acts::{self, Entry, Moment};
use super::books::Books;
use super::code::{Code, Faults};
use super::{Offer, due};

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
        let Some((signer, may)) = self.speaker(offer) else {
            faults.when(true, Code::UnknownKey);
            return faults.first();
        };
        faults.when(!may, Code::RoleNotPermitted);
        let (chain, height, time) = (self.chain, self.height, self.time);
        let moment = Moment { books: &self.books, chain, height, time, signer: &signer, key: offer.key };
        acts::judge(action, &moment, &mut faults);
        faults.first()?;
        let entry = Entry { height, time, id: offer.id, signer };
        let happened = acts::enter(action, &mut self.books, entry);
        let of = |event| Recorded { transaction: Some(offer.id), event };
        self.events.extend(happened.into_iter().map(of));
        self.entered.insert(offer.id);
        self.bytes += offer.length;
        Ok(())
    }

    /// For whom a key signs, and whether it may sign this: a key that speaks for an organisation as far as the
    /// roles go, any other with which a member votes what a voting key may.
    fn speaker(&self, offer: &Offer) -> Option<(CreditCode, bool)> {
        let action = &offer.payload.action;
        if let Some(code) = self.books.keys.get(&offer.key) {
            let may = |role: &Role| self.books.has_role(code, *role);
            return Some((code.clone(), acts::roles(action).iter().any(may)));
        }
        let code = self.books.voter(&offer.key)?;
        Some((code.clone(), acts::is_for_voting_keys(action)))
    }

    /// The books after the block, the names of what it recorded, and what happened.
    pub fn close(self) -> (Books, BTreeSet<transaction::Id>, Vec<Recorded>) {
        (self.books, self.entered, self.events)
    }
}
