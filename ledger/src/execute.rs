//! Execution: all control flow from a block to its effects is here.

pub mod permission;
pub mod rejection;
mod rights;

pub use rights::can_act;

use std::borrow::Borrow;

use crate::action::Action;
use crate::block::{self, Block, Header};
use crate::codec;
use crate::crypto::PublicKey;
use crate::event::{Event, Recorded};
use crate::hash::{StateRoot, TransactionRoot, ValidatorSetHash};
use crate::id::{CertificateId, CreditCode, Height, RegionCode};
use crate::merkle::map::{self, MapReader, MapUpdate};
use crate::procedure::{Context, Procedure, due};
use crate::record::organisation::{KeyHolder, Organisation};
use crate::record::{Parameters, SteppedClock};
use crate::state::keys::{KeyHolderKey, OrganisationKey, ParametersKey, SteppedClockKey, ValidatorsKey};
use crate::state::{ChangeSet, Overlay, StateError, StateKey as _, StateRead, decode_value};
use crate::time::{BlockTime, Span};
use crate::transaction::{self, Payload, Verified};
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
    remembered: rights::Remembered,
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
        let (transactions, remembered) = (Vec::new(), rights::Remembered::default());
        Ok(Self {
            state,
            parameters,
            validators,
            backlog,
            height,
            time,
            events,
            transactions,
            bytes: 0,
            remembered,
        })
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
                self.remembered.forget_after(&transaction.payload().action);
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
    /// the key speaks for somebody, whose role and mandate allow the act; then the act's own rules.
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
        let speaker = speaker_of(&self.state, transaction)?.ok_or(Rejection::UnknownKey)?;
        let known = match speaker.organisation() {
            Some(code) => self.state.read(&OrganisationKey(code))?,
            None => None,
        };
        let organisation = match &speaker {
            Speaker::Applicant(code, region) => {
                known.unwrap_or_else(|| Organisation::unproven(code.clone(), region.clone(), self.time))
            }
            Speaker::OneTimeKey => Organisation::nobody(self.time)
                .map_err(|e| StateError::Store(format!("nobody's code is none: {e}")))?,
            Speaker::Organisation(_) | Speaker::Member(_) => known.ok_or(Rejection::UnknownKey)?,
        };
        let (holder, stale) = self.check_speaker(speaker, &organisation, transaction)?;
        let mut events = Vec::new();
        if let Some(certificate) = stale {
            events.push(Event::SignedWhileStale { organisation: organisation.code.clone(), certificate });
        }
        let mut context = Context {
            state: &mut self.state,
            chain: transaction.chain(),
            height: self.height,
            time: self.time,
            transaction: transaction.id(),
            signer: organisation,
            key: transaction.key(),
            holder,
            parameters: &self.parameters,
            events,
        };
        dispatch(&payload.action, &mut context)?;
        Ok(context.events)
    }

    /// Whether who speaks may do the act. Answers with the record of the signing key, if it has one, and the
    /// certificate whose act is to be flagged.
    fn check_speaker(
        &self,
        speaker: Speaker,
        organisation: &Organisation,
        transaction: &Verified,
    ) -> Result<(Option<KeyHolder>, Option<CertificateId>), Failure> {
        let payload = transaction.payload();
        let holder = match speaker {
            Speaker::Organisation(holder) => holder,
            Speaker::Member(_) => {
                permission::check_voting_key(&payload.action)?;
                check_unapproved(payload)?;
                return Ok((None, None));
            }
            Speaker::Applicant(..) | Speaker::OneTimeKey => {
                check_unapproved(payload)?;
                return Ok((None, None));
            }
        };
        permission::check_role(&payload.action, organisation)?;
        let signing = rights::Signing {
            state: &self.state,
            chain: transaction.chain(),
            time: self.time,
            payload,
            key: transaction.key(),
            organisation,
            remembered: &self.remembered,
        };
        let stale = signing.check(&holder)?;
        Ok((Some(holder), stale))
    }

    /// Ends the block: computes the state root and everything to be written. `transaction_root` is that of the
    /// transactions added.
    ///
    /// # Errors
    /// [`StateError`].
    fn finish(
        self,
        view: &dyn LedgerView,
        tip: &Tip,
        proposer: PublicKey,
        transaction_root: TransactionRoot,
    ) -> Result<Executed, StateError> {
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
            transaction_root,
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
#[allow(clippy::large_enum_variant, reason = "one of them is held at a time")]
pub enum Speaker {
    /// It is a key of an organisation.
    Organisation(KeyHolder),
    /// It is the voting key of this organisation, which is a member now.
    Member(CreditCode),
    /// It wants to become a key of this organisation, in this region, and may do nothing else.
    Applicant(CreditCode, RegionCode),
    /// It is a key of which nobody knows whose it is, and may bid.
    OneTimeKey,
}

impl Speaker {
    /// The organisation; an applicant's is what it says, and a one-time key has none.
    pub const fn organisation(&self) -> Option<&CreditCode> {
        match self {
            Self::Organisation(holder) => Some(&holder.organisation),
            Self::Member(code) | Self::Applicant(code, _) => Some(code),
            Self::OneTimeKey => None,
        }
    }
}

/// For whom a transaction is signed; nobody if its key is unknown. Whoever enrols speaks as an applicant, even with a
/// key that the organisation has: the certificate counts there and not what the key may do.
///
/// # Errors
/// [`StateError`].
pub fn speaker_of(state: &Overlay<'_>, transaction: &Verified) -> Result<Option<Speaker>, StateError> {
    let key = transaction.key();
    match &transaction.payload().action {
        Action::Enrol(act) if act.names(&key) => {
            let delegation = &act.delegation;
            Ok(Some(Speaker::Applicant(delegation.organisation.clone(), delegation.region.clone())))
        }
        Action::Enrol(_) => Ok(None),
        action if action.is_anonymous() => Ok(Some(Speaker::OneTimeKey)),
        _ => speaker(state, &key),
    }
}

/// For whom a key signs; nobody if it is unknown. A key that an organisation registered is the
/// organisation's, even if a member votes with it.
///
/// # Errors
/// [`StateError`].
pub fn speaker(state: &Overlay<'_>, key: &PublicKey) -> Result<Option<Speaker>, StateError> {
    if let Some(holder) = state.read(&KeyHolderKey(key))? {
        return Ok(Some(Speaker::Organisation(holder)));
    }
    let members = state.read(&ValidatorsKey)?;
    let member = members.as_ref().and_then(|set| set.get(key));
    Ok(member.map(|member| Speaker::Member(member.organisation.clone())))
}

/// Whether nobody approves what needs no approval.
fn check_unapproved(payload: &Payload) -> Result<(), Rejection> {
    if payload.approvals.is_empty() { Ok(()) } else { Err(Rejection::InvalidApproval) }
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
        Action::Enrol(act) => act.run(context),
        Action::AdmitRole(act) => act.run(context),
        Action::AppointStaff(act) => act.run(context),
        Action::RevokeMandate(act) => act.run(context),
        Action::RevokeCertificate(act) => act.run(context),
        Action::RecordRevocationList(act) => act.run(context),
        Action::RecordOcspResponse(act) => act.run(context),
        Action::ReportSharedKey(act) => act.run(context),
        Action::RegisterCosigner(act) => act.run(context),
        Action::RegisterSeatKey(act) => act.run(context),
        Action::RegisterProject(act) => act.run(context),
        Action::PublishTender(act) => act.run(context),
        Action::ClarifyTender(act) => act.run(context),
        Action::ExtendTender(act) => act.run(context),
        Action::RaiseObjection(act) => act.run(context),
        Action::AnswerObjection(act) => act.run(context),
        Action::RegisterStampKey(act) => act.run(context),
        Action::SubmitBid(act) => act.run(context),
        Action::WithdrawBid(act) => act.run(context),
        Action::OpenShares(act) => act.run(context),
        Action::OpenOwnBid(act) => act.run(context),
        Action::EnterExperts(act) => act.run(context),
        Action::MendPanel(act) => act.run(context),
        Action::CommitScores(act) => act.run(context),
        Action::RevealScores(act) => act.run(context),
        Action::NameExpert(act) => act.run(context),
        Action::AwardTender(act) => act.run(context),
        Action::SignContract(act) => act.run(context),
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
    let root = Block::transaction_root(execution.transactions.iter().map(|(_, bytes)| bytes.as_slice()));
    Ok((execution.finish(view, tip, proposer, root)?, refused))
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
    let executed = execution.finish(view, tip, header.proposer, header.transaction_root)?;
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
