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
mod pack;
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
    /// The chain.
    pub(super) chain: &'a ChainId,
    /// The height of the block.
    pub(super) height: u64,
    /// Block time.
    pub(super) time: BlockTime,
    /// Who signed.
    pub(super) signer: &'a CreditCode,
    /// With which key.
    pub(super) key: PublicKey,
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

/// What an act is entered with.
pub(super) struct Entry {
    /// The height of the block.
    pub(super) height: u64,
    /// Block time.
    pub(super) time: BlockTime,
    /// The transaction's name.
    pub(super) id: transaction::Id,
    /// Who signed.
    pub(super) signer: CreditCode,
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
        Action::ReportDoubleSigning(_) => &[
            Role::Centre,
            Role::Seller,
            Role::Bidder,
            Role::Guarantor,
            Role::Supervisor,
            Role::Timekeeper,
            Role::Organiser,
        ],
        // The auditor does not know tenders: it disagrees with a ledger that records one.
        Action::RegisterSeatKey(_)
        | Action::RegisterProject(_)
        | Action::PublishTender(_)
        | Action::ClarifyTender(_)
        | Action::ExtendTender(_)
        | Action::RaiseObjection(_)
        | Action::AnswerObjection(_) => &[],
    }
}

/// Whether a member's voting key may sign it.
pub(super) fn is_for_voting_keys(action: &Action) -> bool {
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
        Action::RegisterSeatKey(_)
        | Action::RegisterProject(_)
        | Action::PublishTender(_)
        | Action::ClarifyTender(_)
        | Action::ExtendTender(_)
        | Action::RaiseObjection(_)
        | Action::AnswerObjection(_) => {}
    }
}

/// Does what follows from an act without fault.
pub(super) fn enter(action: &Action, books: &mut Books, entry: Entry) -> Vec<Event> {
    let Entry { time, signer, .. } = &entry;
    let (time, signer) = (*time, signer.clone());
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
        Action::ProposeChange(act) => proposal::enter(act, books, &entry),
        Action::ApproveChange(act) => approval::enter(act, books, &entry),
        Action::ReportDoubleSigning(act) => double_signing::enter(act, books, &entry),
        Action::RegisterSeatKey(_)
        | Action::RegisterProject(_)
        | Action::PublishTender(_)
        | Action::ClarifyTender(_)
        | Action::ExtendTender(_)
        | Action::RaiseObjection(_)
        | Action::AnswerObjection(_) => Vec::new(),
    }
}
