//! Blocks that no honest node votes for.

use ledger::block::{Block, Header};
use ledger::crypto::PublicKey;
use ledger::execute::{self, Tip};
use ledger::hash::{StateRoot, TransactionRoot, ValidatorSetHash};
use ledger::id::Height;
use ledger::store::Snapshot;
use ledger::time::{BlockTime, Span};
use ledger::transaction::Verified;

/// What is wrong with a block.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one for a whole test")]
pub enum Crime {
    /// It also contains these bytes, and its transaction root says so.
    Contains(Vec<u8>),
    /// It contains this transaction with a bit of its signature turned. The state root is that of the
    /// transaction as it was signed.
    Forged(Verified),
    /// Its first transaction stands in it twice.
    Twice,
    /// It is dated this much later than now.
    Ahead(Span),
    /// It is dated just after the block before it, however long ago that was.
    Stale,
    /// It has the time of the block before it.
    SameTime,
    /// Its state root is another one.
    StateRoot,
    /// Its transaction root is another one.
    TransactionRoot,
    /// It is made under rules that nobody knows.
    Version,
    /// It claims to be later in the chain.
    Height,
    /// It does not stand on the block before it.
    Previous,
    /// It names another validator set.
    Validators,
    /// It names another proposer.
    Proposer(PublicKey),
}

/// From what a block is made.
pub(super) struct Scene<'a> {
    pub(super) snapshot: Snapshot<'a>,
    pub(super) tip: Tip,
    pub(super) now: BlockTime,
    pub(super) own: PublicKey,
    pub(super) candidates: Vec<Verified>,
}

impl Scene<'_> {
    fn propose(&self, time: BlockTime, candidates: &[Verified]) -> Block {
        let made = execute::propose(&self.snapshot, &self.tip, time, self.own, candidates);
        let (executed, _) = made.expect("the store is whole");
        let transactions = executed.transactions.into_iter().map(|(_, bytes)| bytes).collect();
        Block { header: executed.header, transactions }
    }

    /// A block as it should be.
    pub(super) fn honest(&self) -> Block {
        self.propose(self.now, &self.candidates)
    }

    /// A block as it should not be.
    pub(super) fn commit(&self, crime: &Crime) -> Block {
        let mut block = self.honest();
        match crime {
            Crime::Contains(bytes) => block.transactions.push(bytes.clone()),
            Crime::Forged(transaction) => {
                let mut candidates = self.candidates.clone();
                candidates.push(transaction.clone());
                block = self.propose(self.now, &candidates);
                let last = block.transactions.last_mut().and_then(|bytes| bytes.last_mut());
                *last.expect("the transaction is good") ^= 1;
            }
            Crime::Twice => {
                let first = block.transactions.first().expect("a block is made of a transaction").clone();
                block.transactions.push(first);
            }
            Crime::Ahead(span) => block = self.propose(self.now.plus(*span), &self.candidates),
            Crime::Stale => block = self.propose(self.tip.time.plus(Span::from_millis(1)), &self.candidates),
            Crime::SameTime => block = self.propose(self.tip.time, &self.candidates),
            Crime::StateRoot
            | Crime::TransactionRoot
            | Crime::Version
            | Crime::Height
            | Crime::Previous
            | Crime::Validators
            | Crime::Proposer(_) => {}
        }
        let root = Block::transaction_root(block.transactions.iter().map(Vec::as_slice));
        block.header.transaction_root = root;
        falsify(&mut block.header, crime);
        block
    }
}

fn falsify(header: &mut Header, crime: &Crime) {
    match crime {
        Crime::StateRoot => header.state_root = StateRoot::from_bytes([7; 32]),
        Crime::TransactionRoot => header.transaction_root = TransactionRoot::from_bytes([7; 32]),
        Crime::Version => header.version += 1,
        Crime::Height => header.height = Height::new(header.height.get() + 1),
        Crime::Previous => header.previous = ledger::block::Id::from_bytes([7; 32]),
        Crime::Validators => header.validators = ValidatorSetHash::from_bytes([7; 32]),
        Crime::Proposer(other) => header.proposer = *other,
        Crime::Contains(_)
        | Crime::Forged(_)
        | Crime::Twice
        | Crime::Ahead(_)
        | Crime::Stale
        | Crime::SameTime => {}
    }
}
