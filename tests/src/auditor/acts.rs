//! The acts: who may, what must hold, and what follows. One file an act.
//!
//! `judge` notes every rule that an act breaks, as far as it can be looked at; `enter` does what follows from an act
//! that breaks none.

mod approval;
mod change;
mod clock;
mod confirmation;
mod contract;
mod deposit;
mod double_signing;
mod letter;
mod notice;
mod proposal;
mod publicity;
mod quote;
mod registration;
mod release;

use ledger::action::Action;
use ledger::crypto::PublicKey;
use ledger::event::Event;
use ledger::id::{ChainId, CreditCode, DealCode};
use ledger::record::listing::Stage;
use ledger::record::organisation::Role;
use ledger::time::BlockTime;
use ledger::transaction;

use super::books::{Books, Deal};
use super::code::{Code, Faults};

/// What an act meets.
pub(super) struct Moment<'a> {
    /// What is there.
    pub(super) books: &'a Books,
    /// Block time.
    pub(super) time: BlockTime,
    /// Who signed.
    pub(super) signer: &'a CreditCode,
    /// With which key.
    pub(super) key: PublicKey,
    /// On which chain.
    pub(super) chain: &'a ChainId,
    /// At which height.
    pub(super) height: u64,
}

/// Where an act is entered, and under which name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Height of the block.
    pub(super) height: u64,
    /// Its time.
    pub(super) time: BlockTime,
    /// The transaction.
    pub(super) id: transaction::Id,
}

impl<'a> Moment<'a> {
    /// The listing, if it is there; its absence, or a stage other than those named, is a fault.
    fn deal(&self, code: &DealCode, stages: &[Stage], faults: &mut Faults) -> Option<&'a Deal> {
        let Some(deal) = self.books.deals.get(code) else {
            faults.when(true, Code::ListingUnknown);
            return None;
        };
        faults.when(!stages.contains(&deal.stage), Code::StageNotPermitted);
        Some(deal)
    }
}

/// Of which roles the signer must have one.
pub(super) fn roles(action: &Action) -> &'static [Role] {
    match action {
        Action::RegisterOrganisation(_) | Action::PublishResult(_) => &[Role::Centre],
        Action::PublishListing(_) | Action::ReleaseGuarantee(_) => &[Role::Seller],
        Action::IssueGuarantee(_) => &[Role::Guarantor],
        Action::DepositGuarantee(_) | Action::SubmitQuote(_) => &[Role::Bidder],
        Action::ConfirmDeal(_) | Action::RecordContract(_) => &[Role::Seller, Role::Bidder],
        Action::AdvanceClock(_) => &[Role::Timekeeper],
        Action::ProposeChange(_) | Action::ApproveChange(_) => &[Role::Centre],
        Action::ReportDoubleSigning(_) => &Role::ALL,
    }
}

/// Whether a member's voting key may sign.
pub(super) fn a_voting_key_may(action: &Action) -> bool {
    matches!(action, Action::ReportDoubleSigning(_))
}

/// Notes what an act breaks.
pub(super) fn judge(action: &Action, moment: &Moment<'_>, faults: &mut Faults) {
    match action {
        Action::RegisterOrganisation(act) => registration::judge(act, moment, faults),
        Action::PublishListing(act) => notice::judge(act, moment, faults),
        Action::IssueGuarantee(act) => letter::judge(act, moment, faults),
        Action::DepositGuarantee(act) => deposit::judge(act, moment, faults),
        Action::SubmitQuote(act) => quote::judge(act, moment, faults),
        Action::ConfirmDeal(act) => confirmation::judge(act, moment, faults),
        Action::PublishResult(act) => publicity::judge(act, moment, faults),
        Action::RecordContract(act) => contract::judge(act, moment, faults),
        Action::ReleaseGuarantee(act) => release::judge(act, moment, faults),
        Action::AdvanceClock(act) => clock::judge(act, moment, faults),
        Action::ProposeChange(act) => proposal::judge(act, moment, faults),
        Action::ApproveChange(act) => approval::judge(act, moment, faults),
        Action::ReportDoubleSigning(act) => double_signing::judge(act, moment, faults),
    }
}

/// Does what follows from an act without fault.
pub(super) fn enter(action: &Action, books: &mut Books, at: Entry, signer: CreditCode) -> Vec<Event> {
    let time = at.time;
    match action {
        Action::RegisterOrganisation(act) => registration::enter(act, books, time, signer),
        Action::PublishListing(act) => notice::enter(act, books, time, signer),
        Action::IssueGuarantee(act) => letter::enter(act, books, time, signer),
        Action::DepositGuarantee(act) => deposit::enter(act, books, time, signer),
        Action::SubmitQuote(act) => quote::enter(act, books, time, signer),
        Action::ConfirmDeal(act) => confirmation::enter(act, books, time, signer),
        Action::PublishResult(act) => publicity::enter(act, books, time),
        Action::RecordContract(act) => contract::enter(act, books, time, signer),
        Action::ReleaseGuarantee(act) => release::enter(act, books, time),
        Action::AdvanceClock(act) => clock::enter(act, books),
        Action::ProposeChange(act) => proposal::enter(act, books, at, signer),
        Action::ApproveChange(act) => approval::enter(act, books, at, signer),
        Action::ReportDoubleSigning(act) => double_signing::enter(act, books, at, signer),
    }
}
