//! The auditor: the ledger's rules a second time, written from `docs/rules.md` over plain maps.
//!
//! It follows every block from genesis and says what differs from what it expects. It reads the ledger's plain data
//! (acts, codes, amounts, the decoder of transactions) and none of the code that judges there, so that a mistake in
//! the one is not the same mistake in the other. What X.509 says of bytes is `pki`'s verdict here as there: a second
//! judge of certificates is not wanted, only a second judge of what follows from them. Where the ledger stops at the first rule that an act breaks, the
//! auditor looks at all of them and takes the lowest number, as `docs/rules.md` says.
//!
//! A new act is one file in `acts/`, one row in the two tables of `acts.rs`, and its refusals in `code.rs`.

pub mod books;
pub mod code;
pub mod conservation;
pub mod governance;
pub mod identity;
pub mod records;
pub mod selection;
pub mod totals;

mod acts;
mod calendar;
mod due;
mod numbering;
mod reach;
mod rights;
mod sitting;

use std::collections::BTreeSet;

use ledger::crypto::PublicKey;
use ledger::event::Recorded;
use ledger::genesis::Genesis;
use ledger::id::ChainId;
use ledger::time::BlockTime;
use ledger::transaction::{self, Payload, TransactionError, Unverified, Verified};

use books::Books;
use code::Code;
use conservation::Conservation;
pub use sitting::Sitting;
use totals::Totals;

/// A transaction as the auditor reads it: who says what, under which name.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Its name.
    pub id: transaction::Id,
    /// The key that signed.
    pub key: PublicKey,
    /// What was signed.
    pub payload: Payload,
    /// Length of the signed bytes.
    pub length: u64,
}

impl Offer {
    /// Reads and verifies the bytes of a transaction.
    ///
    /// # Errors
    /// [`TransactionError`].
    pub fn decode(chain: &ChainId, bytes: &[u8]) -> Result<Self, TransactionError> {
        Ok(Self::from(&Unverified::decode(chain, bytes)?.verify()?))
    }
}

impl From<&Verified> for Offer {
    fn from(verified: &Verified) -> Self {
        let length = verified.bytes().len() as u64;
        Self { id: verified.id(), key: verified.key(), payload: verified.payload().clone(), length }
    }
}

/// What a block, or a ledger's state, has otherwise than the auditor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The height of the block.
    pub height: u64,
    /// What differs, in a sentence.
    pub sentence: String,
}

impl std::fmt::Display for Disagreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "height {}: {}", self.height, self.sentence)
    }
}

impl std::error::Error for Disagreement {}

/// Follows a chain and keeps books of its own.
#[derive(Clone, Debug)]
pub struct Auditor {
    chain: ChainId,
    books: Books,
    recorded: BTreeSet<transaction::Id>,
    conservation: Conservation,
    height: u64,
    time: BlockTime,
}

impl Auditor {
    /// The books of a chain at height 0.
    pub fn new(genesis: &Genesis) -> Self {
        Self {
            chain: genesis.chain_id.clone(),
            books: Books::new(genesis),
            recorded: BTreeSet::new(),
            conservation: Conservation::default(),
            height: 0,
            time: genesis.time,
        }
    }

    /// The chain it follows.
    pub fn chain(&self) -> &ChainId {
        &self.chain
    }

    /// Height of the last block followed; 0 for genesis.
    pub fn height(&self) -> u64 {
        self.height
    }

    /// Time of the last block followed.
    pub fn time(&self) -> BlockTime {
        self.time
    }

    /// What is there after that block.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Whether a transaction is on the ledger.
    pub fn is_recorded(&self, id: &transaction::Id) -> bool {
        self.recorded.contains(id)
    }

    /// Numbers over everything, for comparison and for reports.
    pub fn totals(&self) -> Totals {
        Totals::of(&self.books)
    }

    /// The only time the next block may have where the clock is stepped.
    pub fn stepped_time(&self) -> Option<BlockTime> {
        let least = calendar::later(self.time, 1);
        self.books.clock.map(|reads| reads.max(least))
    }

    /// Begins the next block at `time`: what has fallen due has happened. The auditor itself does not change.
    pub fn sit(&self, time: BlockTime) -> Sitting<'_> {
        Sitting::open(&self.chain, &self.books, &self.recorded, self.height + 1, time)
    }

    /// How the next block would answer a transaction if it stood alone in it.
    ///
    /// # Errors
    /// The code of the refusal.
    pub fn judge(&self, offer: &Offer, time: BlockTime) -> Result<(), Code> {
        self.sit(time).judge(offer)
    }

    /// Enters a committed block: its height and time, its transactions in order, and the events that the ledger
    /// says came of it. After a disagreement the auditor is as it was before.
    ///
    /// # Errors
    /// [`Disagreement`], the first one.
    pub fn follow(
        &mut self,
        height: u64,
        time: BlockTime,
        transactions: &[impl AsRef<[u8]>],
        events: &[Recorded],
    ) -> Result<(), Disagreement> {
        let entered = self.examine(height, time, transactions, events);
        let (books, ids, conservation) = entered.map_err(|sentence| Disagreement { height, sentence })?;
        self.books = books;
        self.recorded.extend(ids);
        self.conservation = conservation;
        (self.height, self.time) = (height, time);
        Ok(())
    }

    fn examine(
        &self,
        height: u64,
        time: BlockTime,
        transactions: &[impl AsRef<[u8]>],
        events: &[Recorded],
    ) -> Result<(Books, BTreeSet<transaction::Id>, Conservation), String> {
        self.check_time(height, time)?;
        let mut sitting = self.sit(time);
        for (index, bytes) in transactions.iter().enumerate() {
            let offer = Offer::decode(&self.chain, bytes.as_ref())
                .map_err(|error| format!("transaction {index} of the block cannot be read: {error}"))?;
            if !sitting.has_room(&offer) {
                return Err(sitting.why_no_room(index));
            }
            sitting.judge(&offer).map_err(|code| {
                let (act, id) = (offer.payload.action.name(), offer.id);
                format!("transaction {index} ({act}, {id}) is recorded, and must be refused as {code}")
            })?;
        }
        let (books, ids, expected) = sitting.close();
        compare_events(&expected, events)?;
        let mut conservation = self.conservation.clone();
        events.iter().try_for_each(|recorded| conservation.enter(&recorded.event, time))?;
        conservation.check(&Totals::of(&books))?;
        Ok((books, ids, conservation))
    }

    fn check_time(&self, height: u64, time: BlockTime) -> Result<(), String> {
        let next = self.height + 1;
        if height != next {
            return Err(format!("the block has height {height} where {next} comes next"));
        }
        if time <= self.time {
            return Err(format!("the block is dated {time}, which is not later than {}", self.time));
        }
        match self.stepped_time() {
            Some(reads) if time != reads => {
                Err(format!("the block is dated {time} where the stepped clock says {reads}"))
            }
            _ => Ok(()),
        }
    }
}

/// Names the first event that is not as expected.
fn compare_events(expected: &[Recorded], found: &[Recorded]) -> Result<(), String> {
    for number in 0..expected.len().max(found.len()) {
        match (expected.get(number), found.get(number)) {
            (Some(ours), Some(theirs)) if ours == theirs => {}
            (Some(ours), Some(theirs)) => {
                return Err(format!("event {number} is {theirs:?}, and must be {ours:?}"));
            }
            (Some(ours), None) => return Err(format!("event {number} is missing: {ours:?}")),
            (None, Some(theirs)) => return Err(format!("event {number} must not be: {theirs:?}")),
            (None, None) => {}
        }
    }
    Ok(())
}
