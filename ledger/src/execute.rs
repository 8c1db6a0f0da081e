//! Execution: all control flow from a block to its effects is here.

pub mod permission;
pub mod rejection;

use std::borrow::Borrow;

use crate::action::Action;
use crate::block::{self, Block, Header};
use crate::codec;
use crate::crypto::PublicKey;
use crate::event::{Event, Recorded};
use crate::hash::{StateRoot, ValidatorSetHash};
use crate::id::{CreditCode, Height};
use crate::merkle::map::{self, MapReader, MapUpdate};
use crate::procedure::{Context, Procedure, due};
use crate::record::{Parameters, SteppedClock};
use crate::state::keys::{KeyHolderKey, OrganisationKey, ParametersKey, SteppedClockKey, ValidatorsKey};
use crate::state::{ChangeSet, Overlay, StateError, StateKey as _, StateRead, decode_value};
use crate::time::{BlockTime, Span};
use crate::transaction::{self, Verified};
use rejection::Rejection;

/// A transaction was not executed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// A rule refused it.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The state could not be read.
    #[error(transparent)]
    State(#[from] StateError),
}

/// The last decided block, as far as the next one depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its height, 0 for genesis.
    pub height: Height,
    /// Its name; for genesis the genesis hash.
    pub id: block::Id,
    /// Its time.
    pub time: BlockTime,
}

/// What execution reads: the state after the tip, and the tree over it.
pub trait LedgerView: StateRead + MapReader {}
impl<T: StateRead + MapReader> LedgerView for T {}

/// A block together with everything that follows from it.
#[derive(Clone, Debug)]
pub struct Executed {
    /// The header.
    pub header: Header,
    /// Its encoding.
    pub header_bytes: Vec<u8>,
    /// The block's name.
    pub id: block::Id,
    /// Ids and bytes of the transactions, in order.
    pub transactions: Vec<(transaction::Id, Vec<u8>)>,
    /// Writes to the state.
    pub changes: ChangeSet,
    /// Writes to the tree over the state.
    pub map_update: MapUpdate,
    /// What happened.
    pub events: Vec<Recorded>,
}

/// Why a proposed block is not voted for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockFault {
    /// Made under rules this code does not know.
    #[error("version {0} is not known here; install a newer release")]
    Version(u32),
    /// Not the next height.
    #[error("height {found} where {expected} comes next")]
    Height {
        /// The height after the tip.
        expected: Height,
        /// The header's.
        found: Height,
    },
    /// Not on top of our tip.
    #[error("the previous block is not {0}")]
    Previous(block::Id),
    /// Not later than the previous block, or not what a stepped clock reads.
    #[error("the time is not later than that of the previous block, or not that of the stepped clock")]
    Time,
    /// The header does not name the validator set of this height.
    #[error("the header names another validator set")]
    Validators,
    /// The transactions are not those the header commits to.
    #[error("the transaction root is wrong")]
    TransactionRoot,
    /// More transactions or bytes than the parameters allow, or any while due things are left over.
    #[error("the block holds more than the network's parameters and what has fallen due allow")]
    TooLarge,
    /// It contains a transaction that must be refused.
    #[error("transaction {index} is refused: {rejection}")]
    Transaction {
        /// Its position, from 0.
        index: usize,
        /// Why.
        rejection: Rejection,
    },
    /// Executing it gives another state.
    #[error("the state root is {found} where execution gives {expected}")]
    StateRoot {
        /// What we compute.
        expected: StateRoot,
        /// What the header says.
        found: StateRoot,
    },
    /// The state could not be read; says nothing about the block.
    #[error(transparent)]
    State(#[from] StateError),
}

/// Executes transactions of one block on top of a state.
pub struct BlockExecution<'a> {
    state: Overlay<'a>,
    parameters: Parameters,
    validators: ValidatorSetHash,
    backlog: bool,
    height: Height,
    time: BlockTime,
    events: Vec<Recorded>,
    transactions: Vec<(transaction::Id, Vec<u8>)>,
    bytes: u64,
}

impl<'a> BlockExecution<'a> {
    /// Begins the block after `tip` and lets everything happen that has fallen due by `time`.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn begin(base: &'a dyn StateRead, tip: &Tip, time: BlockTime) -> Result<Self, StateError> {
        let mut state = Overlay::new(base);
        let parameters = state.read(&ParametersKey)?.ok_or_else(|| {
            StateError::Store("the state has no parameters: it was never initialised".into())
        })?;
        let validators = state
            .read(&ValidatorsKey)?
            .ok_or_else(|| StateError::Store("the state has no validator set".into()))?
            .hash();
        let events = due::happen(&mut state, time)?;
        state.keep();
        let backlog = due::is_waiting(&state, time)?;
        let events = events.into_iter().map(|event| Recorded { transaction: None, event }).collect();
        let height = tip.height.next();
        let transactions = Vec::new();
        Ok(Self { state, parameters, validators, backlog, height, time, events, transactions, bytes: 0 })
    }

    /// The state so far in this block.
    pub const fn state(&self) -> &Overlay<'a> {
        &self.state
    }

    /// Whether `transaction` still fits.
    ///
    /// Nothing does while more has fallen due than one block lets happen: no act may meet a listing
    /// that should have closed.
    pub fn has_room(&self, transaction: &Verified) -> bool {
        let bytes = self.bytes.saturating_add(transaction.bytes().len() as u64);
        self.holds((self.transactions.len() as u64).saturating_add(1), bytes)
    }

    fn holds(&self, count: u64, bytes: u64) -> bool {
        count <= self.parameters.block_transactions
            && count <= block::MAX_TRANSACTIONS as u64
            && bytes <= self.parameters.block_bytes
            && (count == 0 || !self.backlog)
    }

    /// Whether anything at all has happened in this block.
    pub fn is_empty(&self) -> bool {
        self.transactions.is_empty() && self.events.is_empty()
    }

    /// Executes one transaction; when it is refused nothing has changed.
    ///
    /// # Errors
    /// [`Failure`].
    pub fn add(&mut self, transaction: &Verified) -> Result<(), Failure> {
        match self.execute(transaction) {
            Ok(events) => {
                self.state.keep();
                self.state.record(transaction.id());
                let id = transaction.id();
                self.events.extend(events.into_iter().map(|event| Recorded { transaction: Some(id), event }));
                self.bytes = self.bytes.saturating_add(transaction.bytes().len() as u64);
                self.transactions.push((id, transaction.bytes().to_vec()));
                Ok(())
            }
            Err(failure) => {
                self.state.discard();
                Err(failure)
            }
        }
    }

    /// Checks in the fixed order of [`Rejection`]: the offer still stands, it is not on the ledger yet,
    /// the key speaks for somebody, whose role allows the act; then the act's own rules.
    fn execute(&mut self, transaction: &Verified) -> Result<Vec<Event>, Failure> {
        let payload = transaction.payload();
        if payload.expiry < self.height {
            return Err(Rejection::Expired.into());
        }
        if payload.expiry > self.height.plus(self.parameters.expiry_window) {
            return Err(Rejection::ExpiryTooFar.into());
        }
        if self.state.is_recorded(&transaction.id())? {
            return Err(Rejection::AlreadyRecorded.into());
        }
        let speaker = speaker(&self.state, &transaction.key())?.ok_or(Rejection::UnknownKey)?;
        let organisation =
            self.state.read(&OrganisationKey(speaker.organisation()))?.ok_or(Rejection::UnknownKey)?;
        match speaker {
            Speaker::Organisation(_) => permission::check_role(&payload.action, &organisation)?,
            Speaker::Member(_) => permission::check_voting_key(&payload.action)?,
        }
        let mut context = Context {
            state: &mut self.state,
            chain: transaction.chain(),
            height: self.height,
            time: self.time,
            transaction: transaction.id(),
            signer: organisation,
            key: transaction.key(),
            parameters: &self.parameters,
            events: Vec::new(),
        };
        dispatch(&payload.action, &mut context)?;
        Ok(context.events)
    }

    /// Ends the block: computes the state root and everything to be written.
    ///
    /// # Errors
    /// [`StateError`].
    fn finish(self, view: &dyn LedgerView, tip: &Tip, proposer: PublicKey) -> Result<Executed, StateError> {
        let changes = self.state.into_changes();
        let writes = changes.iter().map(|(key, value)| (key, value.as_deref()));
        let map_update =
            map::update(view, self.height.get(), writes).map_err(|e| StateError::Store(e.to_string()))?;
        let header = Header {
            version: block::VERSION,
            height: self.height,
            time: self.time,
            previous: tip.id,
            proposer,
            transaction_root: Block::transaction_root(
                self.transactions.iter().map(|(_, bytes)| bytes.as_slice()),
            ),
            state_root: StateRoot::from_bytes(map_update.root),
            validators: self.validators,
        };
        let header_bytes = header.encode();
        let id = header.id();
        let (transactions, events) = (self.transactions, self.events);
        Ok(Executed { header, header_bytes, id, transactions, changes, map_update, events })
    }
}

/// For whom a key signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// It is a key of this organisation.
    Organisation(CreditCode),
    /// It is the voting key of this organisation, which is a member now.
    Member(CreditCode),
}

impl Speaker {
    /// The organisation.
    pub const fn organisation(&self) -> &CreditCode {
        match self {
            Self::Organisation(code) | Self::Member(code) => code,
        }
    }
}

/// For whom a key signs; nobody if it is unknown. A key that an organisation registered is the
/// organisation's, even if a member votes with it.
///
/// # Errors
/// [`StateError`].
pub fn speaker(state: &Overlay<'_>, key: &PublicKey) -> Result<Option<Speaker>, StateError> {
    if let Some(holder) = state.read(&KeyHolderKey(key))? {
        return Ok(Some(Speaker::Organisation(holder.organisation)));
    }
    let members = state.read(&ValidatorsKey)?;
    let member = members.as_ref().and_then(|set| set.get(key));
    Ok(member.map(|member| Speaker::Member(member.organisation.clone())))
}

/// The specification of what each act runs.
fn dispatch(action: &Action, context: &mut Context<'_, '_>) -> Result<(), Failure> {
    match action {
        Action::RegisterOrganisation(act) => act.run(context),
        Action::PublishListing(act) => act.run(context),
        Action::IssueGuarantee(act) => act.run(context),
        Action::DepositGuarantee(act) => act.run(context),
        Action::SubmitQuote(act) => act.run(context),
        Action::ConfirmDeal(act) => act.run(context),
        Action::PublishResult(act) => act.run(context),
        Action::RecordContract(act) => act.run(context),
        Action::ReleaseGuarantee(act) => act.run(context),
        Action::AdvanceClock(act) => act.run(context),
        Action::ProposeChange(act) => act.run(context),
        Action::ApproveChange(act) => act.run(context),
        Action::ReportDoubleSigning(act) => act.run(context),
        Action::RegisterSeatKey(act) => act.run(context),
        Action::RegisterProject(act) => act.run(context),
        Action::PublishTender(act) => act.run(context),
        Action::ClarifyTender(act) => act.run(context),
        Action::ExtendTender(act) => act.run(context),
        Action::RaiseObjection(act) => act.run(context),
        Action::AnswerObjection(act) => act.run(context),
    }
}

/// Makes a block at `time` from candidates in their order; what is refused is left out and reported.
///
/// # Errors
/// [`StateError`].
pub fn propose<'t>(
    view: &dyn LedgerView,
    tip: &Tip,
    time: BlockTime,
    proposer: PublicKey,
    candidates: impl IntoIterator<Item = &'t Verified>,
) -> Result<(Executed, Vec<(transaction::Id, Rejection)>), StateError> {
    let mut execution = BlockExecution::begin(view, tip, time)?;
    let mut refused = Vec::new();
    for candidate in candidates {
        if !execution.has_room(candidate) {
            break;
        }
        match execution.add(candidate) {
            Ok(()) => {}
            Err(Failure::Rejected(rejection)) => refused.push((candidate.id(), rejection)),
            Err(Failure::State(error)) => return Err(error),
        }
    }
    Ok((execution.finish(view, tip, proposer)?, refused))
}

/// Executes a block that somebody else made and compares every claim in its header. `transactions`
/// are the block's own, in order, with their signatures verified.
///
/// # Errors
/// [`BlockFault`], the first fault in the order of its variants.
pub fn validate<T: Borrow<Verified>>(
    view: &dyn LedgerView,
    tip: &Tip,
    header: &Header,
    transactions: &[T],
) -> Result<Executed, BlockFault> {
    check_header(view, tip, header, transactions)?;
    let mut execution = BlockExecution::begin(view, tip, header.time)?;
    let bytes = transactions.iter().fold(0u64, |sum, t| sum.saturating_add(t.borrow().bytes().len() as u64));
    if !execution.holds(transactions.len() as u64, bytes) {
        return Err(BlockFault::TooLarge);
    }
    for (index, transaction) in transactions.iter().enumerate() {
        execution.add(transaction.borrow()).map_err(|failure| match failure {
            Failure::Rejected(rejection) => BlockFault::Transaction { index, rejection },
            Failure::State(error) => BlockFault::State(error),
        })?;
    }
    let executed = execution.finish(view, tip, header.proposer)?;
    if executed.header.state_root != header.state_root {
        let (expected, found) = (executed.header.state_root, header.state_root);
        return Err(BlockFault::StateRoot { expected, found });
    }
    debug_assert_eq!(executed.header, *header, "every field of the header has been compared");
    Ok(executed)
}

fn check_header<T: Borrow<Verified>>(
    view: &dyn LedgerView,
    tip: &Tip,
    header: &Header,
    transactions: &[T],
) -> Result<(), BlockFault> {
    if header.version != block::VERSION {
        return Err(BlockFault::Version(header.version));
    }
    if header.height != tip.height.next() {
        return Err(BlockFault::Height { expected: tip.height.next(), found: header.height });
    }
    if header.previous != tip.id {
        return Err(BlockFault::Previous(tip.id));
    }
    let stepped = stepped_time(view, tip)?;
    if header.time <= tip.time || stepped.is_some_and(|time| header.time != time) {
        return Err(BlockFault::Time);
    }
    let validators = crate::state::read(view, &ValidatorsKey)?;
    if validators.map(|set| set.hash()) != Some(header.validators) {
        return Err(BlockFault::Validators);
    }
    if Block::transaction_root(transactions.iter().map(|t| t.borrow().bytes())) != header.transaction_root {
        return Err(BlockFault::TransactionRoot);
    }
    Ok(())
}

/// Judges one transaction against the state after the tip, as the next block would at `time`.
///
/// # Errors
/// [`Failure`].
pub fn check(
    base: &dyn StateRead,
    tip: &Tip,
    time: BlockTime,
    transaction: &Verified,
) -> Result<(), Failure> {
    BlockExecution::begin(base, tip, time)?.add(transaction)
}

/// The next instant at which something falls due, if anything will.
///
/// # Errors
/// [`StateError`].
pub fn next_due(base: &dyn StateRead) -> Result<Option<BlockTime>, StateError> {
    let (from, before) = crate::state::keys::all_due();
    Ok(base.first_in(&from, &before)?.and_then(|(key, _)| crate::state::keys::due_time(&key)))
}

/// The only time that the next block may have on a network with a stepped clock; `None` where time is real.
///
/// # Errors
/// [`StateError`].
pub fn stepped_time(base: &(impl StateRead + ?Sized), tip: &Tip) -> Result<Option<BlockTime>, StateError> {
    let key = SteppedClockKey.key();
    let Some(bytes) = base.get(&key)? else { return Ok(None) };
    let clock: SteppedClock = decode_value(&key, &bytes)?;
    Ok(Some(clock.reads.max(tip.time.plus(Span::from_millis(1)))))
}

/// The encoding in which an event is kept.
pub fn encode_event(event: &Recorded) -> Vec<u8> {
    codec::encode(event)
}
