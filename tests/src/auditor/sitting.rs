//! One block under the auditor's eyes: what falls due, then its transactions one by one.

use std::collections::BTreeSet;

use ledger::event::Recorded;
use ledger::id::ChainId;
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
        // A key that an organisation registered is the organisation's, even if a member votes with it.
        let own = self.books.keys.get(&offer.key);
        let voting = || self.books.members.values().find(|member| member.public_key == offer.key);
        let Some(signer) = own.or_else(|| voting().map(|member| &member.organisation)).cloned() else {
            faults.when(true, Code::UnknownKey);
            return faults.first();
        };
        let may = |role: &Role| self.books.has_role(&signer, *role);
        let permitted = match own {
            Some(_) => acts::roles(action).iter().any(may),
            None => acts::a_voting_key_may(action),
        };
        faults.when(!permitted, Code::RoleNotPermitted);
        let moment = Moment {
            books: &self.books,
            time: self.time,
            signer: &signer,
            key: offer.key,
            chain: self.chain,
            height: self.height,
        };
        acts::judge(action, &moment, &mut faults);
        faults.first()?;
        let at = Entry { height: self.height, time: self.time, id: offer.id };
        let happened = acts::enter(action, &mut self.books, at, signer);
        let of = |event| Recorded { transaction: Some(offer.id), event };
        self.events.extend(happened.into_iter().map(of));
        self.entered.insert(offer.id);
        self.bytes += offer.length;
        Ok(())
    }

    /// The books after the block, the names of what it recorded, and what happened.
    pub fn close(self) -> (Books, BTreeSet<transaction::Id>, Vec<Recorded>) {
        (self.books, self.entered, self.events)
    }
}
