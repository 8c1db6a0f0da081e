//! Transactions that wait for a block: verified, bounded, in the order of their arrival.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::execute::Speaker;
use ledger::hash::sha256;
use ledger::id::{CreditCode, Height};
use ledger::transaction::{self, Verified};
use tokio::sync::oneshot;

use crate::handle::{Outcome, Refusal};

/// Bounds of a mempool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most transactions.
    pub transactions: usize,
    /// Most bytes.
    pub bytes: usize,
    /// Most transactions of one organisation.
    pub per_organisation: usize,
}

/// Whose quota a transaction counts against.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Account {
    /// An organisation's.
    Organisation(CreditCode),
    /// All those together that want to enrol: anybody can make as many keys as it likes.
    Applicants,
    /// All bidders together: nobody knows who signs with a one-time key, and each needs an admission stamp.
    Bidders,
}

impl From<Speaker> for Account {
    /// The account of whoever speaks: all applicants share one, and so do all bidders.
    fn from(speaker: Speaker) -> Self {
        match speaker {
            Speaker::Applicant(..) => Self::Applicants,
            Speaker::OneTimeKey => Self::Bidders,
            Speaker::Organisation(holder) => Self::Organisation(holder.organisation),
            Speaker::Member(code) => Self::Organisation(code),
        }
    }
}

impl From<CreditCode> for Account {
    fn from(code: CreditCode) -> Self {
        Self::Organisation(code)
    }
}

/// Most transactions of all applicants together: no more than an organisation's, and no more than these.
const APPLICANTS: usize = 256;

/// Told once what became of a transaction.
pub type Waiter = oneshot::Sender<Outcome>;

/// The waiting transactions of a node.
pub struct Mempool {
    limits: Limits,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    next: u64,
    by_order: BTreeMap<u64, Entry>,
    by_id: HashMap<transaction::Id, u64>,
    /// By SHA-256 of the whole bytes: a block's transaction is the one we verified only if its
    /// signature is the same too.
    by_bytes: HashMap<[u8; 32], u64>,
    accounts: HashMap<Account, usize>,
    bytes: usize,
}

struct Entry {
    transaction: Arc<Verified>,
    bytes_hash: [u8; 32],
    account: Account,
    waiters: Vec<Waiter>,
    /// Blocks decided while it waited.
    passed_over: u32,
}

/// Blocks that pass over a transaction before it is suspected of being refused. One proves nothing: under load most
/// transactions arrive while a block is being decided, and to judge all of them again would cost as much as the block.
const PASSED_OVER: u32 = 2;
/// Most waiters on one transaction; more are answered "pending" at once.
const MAX_WAITERS: usize = 16;

impl Mempool {
    /// An empty mempool.
    pub fn new(limits: Limits) -> Self {
        Self { limits, inner: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait, and their bytes.
    pub fn size(&self) -> (usize, usize) {
        let inner = self.lock();
        (inner.by_order.len(), inner.bytes)
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.lock().by_order.is_empty()
    }

    /// Whether these very bytes wait; a waiter given is kept with them. The same transaction under another
    /// signature does not count: that one has not been verified.
    pub fn join(&self, bytes: &[u8], waiter: &mut Option<Waiter>) -> bool {
        let mut inner = self.lock();
        let order = inner.by_bytes.get(&sha256(bytes)).copied();
        order.is_some_and(|order| inner.wait_for(order, waiter))
    }

    /// Takes in a verified transaction on somebody's account, or joins it where it waits already: then `false`.
    ///
    /// # Errors
    /// [`Refusal::MempoolFull`] or [`Refusal::QuotaExceeded`]; the waiter is then handed back.
    pub fn insert(
        &self,
        transaction: Arc<Verified>,
        account: impl Into<Account>,
        waiter: &mut Option<Waiter>,
    ) -> Result<bool, Refusal> {
        let length = transaction.bytes().len();
        let (id, account) = (transaction.id(), account.into());
        let mut inner = self.lock();
        if let Some(order) = inner.by_id.get(&id).copied() {
            inner.wait_for(order, waiter);
            return Ok(false);
        }
        if inner.by_order.len() >= self.limits.transactions || inner.bytes + length > self.limits.bytes {
            return Err(Refusal::MempoolFull);
        }
        let quota = match account {
            Account::Organisation(_) => self.limits.per_organisation,
            Account::Applicants => self.limits.per_organisation.min(APPLICANTS),
            // Half, so that a rush before a deadline leaves room for everything else.
            Account::Bidders => (self.limits.transactions / 2).max(1),
        };
        let waiting = inner.accounts.entry(account.clone()).or_default();
        if *waiting >= quota {
            return Err(Refusal::QuotaExceeded);
        }
        *waiting += 1;
        let order = inner.next;
        inner.next += 1;
        let bytes_hash = sha256(transaction.bytes());
        inner.by_id.insert(id, order);
        inner.by_bytes.insert(bytes_hash, order);
        inner.bytes += length;
        let waiters = waiter.take().into_iter().collect();
        inner.by_order.insert(order, Entry { transaction, bytes_hash, account, waiters, passed_over: 0 });
        Ok(true)
    }

    /// The longest-waiting transactions, within a number and a total of bytes.
    pub fn candidates(&self, transactions: usize, bytes: usize) -> Vec<Arc<Verified>> {
        let inner = self.lock();
        let mut total = 0;
        inner
            .by_order
            .values()
            .take(transactions)
            .take_while(|entry| {
                total += entry.transaction.bytes().len();
                total <= bytes
            })
            .map(|entry| entry.transaction.clone())
            .collect()
    }

    /// Those of a block's transactions that are verified here already, by position.
    pub fn verified(&self, transactions: &[Vec<u8>]) -> Vec<Option<Arc<Verified>>> {
        let hashes: Vec<[u8; 32]> = transactions.iter().map(|bytes| sha256(bytes)).collect();
        let inner = self.lock();
        let find =
            |hash| inner.by_order.get(inner.by_bytes.get(hash)?).map(|entry| entry.transaction.clone());
        hashes.iter().map(find).collect()
    }

    /// Forgets what a block has recorded and what can no longer be recorded, and tells those who wait.
    pub fn committed(&self, height: Height, recorded: &[transaction::Id]) {
        let mut inner = self.lock();
        for (index, id) in (0u32..).zip(recorded) {
            if let Some(entry) = inner.remove(id) {
                entry.tell(&Outcome::Committed { height, index });
            }
        }
        let expired: Vec<_> = inner
            .by_order
            .values_mut()
            .filter_map(|entry| {
                entry.passed_over += 1;
                (entry.transaction.payload().expiry <= height).then(|| entry.transaction.id())
            })
            .collect();
        for id in expired {
            if let Some(entry) = inner.remove(&id) {
                entry.tell(&Outcome::Refused(ledger::execute::rejection::Rejection::Expired.into()));
            }
        }
    }

    /// Transactions that two blocks have passed over, the longest-waiting first.
    pub fn passed_over(&self, most: usize) -> Vec<Arc<Verified>> {
        let inner = self.lock();
        let late = inner.by_order.values().take_while(|entry| entry.passed_over >= PASSED_OVER);
        late.take(most).map(|entry| entry.transaction.clone()).collect()
    }

    /// Forgets a transaction of which it is known what became, and tells those who wait.
    pub fn settle(&self, id: &transaction::Id, outcome: &Outcome) {
        if let Some(entry) = self.lock().remove(id) {
            entry.tell(outcome);
        }
    }
}

impl Inner {
    fn wait_for(&mut self, order: u64, waiter: &mut Option<Waiter>) -> bool {
        let Some(entry) = self.by_order.get_mut(&order) else { return false };
        if entry.waiters.len() < MAX_WAITERS {
            entry.waiters.extend(waiter.take());
        }
        true
    }

    fn remove(&mut self, id: &transaction::Id) -> Option<Entry> {
        let order = self.by_id.remove(id)?;
        let entry = self.by_order.remove(&order)?;
        self.by_bytes.remove(&entry.bytes_hash);
        self.bytes -= entry.transaction.bytes().len();
        if let Some(waiting) = self.accounts.get_mut(&entry.account) {
            *waiting -= 1;
            if *waiting == 0 {
                self.accounts.remove(&entry.account);
            }
        }
        Some(entry)
    }
}

impl Entry {
    fn tell(self, outcome: &Outcome) {
        for waiter in self.waiters {
            // Whoever no longer waits need not be told.
            let _ = waiter.send(outcome.clone());
        }
    }
}
