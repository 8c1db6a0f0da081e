//! The acts: who may, what must hold, and what follows. One file an act.
//!
//! `judge` notes every rule that an act breaks, as far as it can be looked at; `enter` does what follows from an act
//! that breaks none.

mod admission;
mod approval;
mod change;
mod clock;
mod confirmation;
mod contract;
mod cosigner;
mod deposit;
mod double_signing;
mod enrolment;
mod letter;
mod notice;
mod ocsp_response;
mod pack;
mod proposal;
mod publicity;
mod quote;
mod registration;
mod release;
mod revocation;
mod revocation_list;
mod shared_key;
mod staff;
mod trust;
mod x509;

use ledger::action::Action;
use ledger::crypto::PublicKey;
use ledger::event::Event;
use ledger::id::{CertificateId, ChainId, CreditCode, DealCode};
use ledger::record::listing::Stage;
use ledger::record::organisation::Role;
use ledger::time::BlockTime;
use ledger::transaction;

use super::books::{Books, Deal};
use super::code::{Code, Faults};
use super::identity::Key;

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
    /// The signing key, if it is one that may appoint staff and take mandates away.
    fn principal(&self) -> Option<&'a Key> {
        self.books.keys.get(&self.key).filter(|key| key.staff.is_none())
    }

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
    /// With which key.
    pub(super) key: PublicKey,
    /// The certificate that the key comes from.
    pub(super) certificate: Option<CertificateId>,
}

impl Entry {
    /// The moment in which the act was judged.
    fn moment<'a>(&'a self, books: &'a Books, chain: &'a ChainId) -> Moment<'a> {
        let Self { height, time, ref signer, key, .. } = *self;
        Moment { books, chain, height, time, signer, key }
    }

    /// The certificate that has signed, and when.
    fn signature(&self) -> Option<(CertificateId, BlockTime)> {
        self.certificate.map(|certificate| (certificate, self.time))
    }
}

/// Everybody.
const ANYBODY: &[Role] = &[
    Role::Centre,
    Role::Seller,
    Role::Bidder,
    Role::Guarantor,
    Role::Supervisor,
    Role::Timekeeper,
    Role::Organiser,
];

/// Of which roles the signer must have one.
pub(super) fn roles(action: &Action) -> &'static [Role] {
    match action {
        Action::RegisterOrganisation(_)
        | Action::PublishResult(_)
        | Action::AdmitRole(_)
        | Action::RecordRevocationList(_)
        | Action::RecordOcspResponse(_)
        | Action::ProposeChange(_)
        | Action::ApproveChange(_)
        | Action::RegisterCosigner(_) => &[Role::Centre],
        Action::PublishListing(_) | Action::ReleaseGuarantee(_) => &[Role::Seller],
        Action::IssueGuarantee(_) => &[Role::Guarantor],
        Action::DepositGuarantee(_) | Action::SubmitQuote(_) => &[Role::Bidder],
        Action::ConfirmDeal(_) | Action::RecordContract(_) => &[Role::Seller, Role::Bidder],
        Action::AdvanceClock(_) => &[Role::Timekeeper],
        Action::ReportDoubleSigning(_)
        | Action::AppointStaff(_)
        | Action::RevokeMandate(_)
        | Action::RevokeCertificate(_)
        | Action::ReportSharedKey(_) => ANYBODY,
        // An applicant needs no role; it speaks by its certificate.
        Action::Enrol(_) => &[],
        // The auditor does not know tenders: it disagrees with a ledger that records one.
        Action::RegisterSeatKey(_)
        | Action::RegisterProject(_)
        | Action::PublishTender(_)
        | Action::ClarifyTender(_)
        | Action::ExtendTender(_)
        | Action::RaiseObjection(_)
        | Action::AnswerObjection(_)
        | Action::RegisterStampKey(_)
        | Action::SubmitBid(_)
        | Action::WithdrawBid(_)
        | Action::OpenShares(_)
        | Action::OpenOwnBid(_)
        | Action::EnterExperts(_)
        | Action::MendPanel(_)
        | Action::CommitScores(_)
        | Action::RevealScores(_)
        | Action::NameExpert(_)
        | Action::AwardTender(_)
        | Action::SignContract(_) => &[],
    }
}

/// Whether the mandate of the signing key limits it. What only reports, or takes rights away, needs a key and a
/// certificate that are not revoked, and no more.
pub(super) fn is_limited(action: &Action) -> bool {
    !matches!(
        action,
        Action::ReportDoubleSigning(_)
            | Action::Enrol(_)
            | Action::RevokeMandate(_)
            | Action::RevokeCertificate(_)
            | Action::RecordRevocationList(_)
            | Action::RecordOcspResponse(_)
            | Action::ReportSharedKey(_)
    )
}

/// Whether a member's voting key may sign it.
pub(super) fn is_for_voting_keys(action: &Action) -> bool {
    matches!(
        action,
        Action::ReportDoubleSigning(_) | Action::ReportSharedKey(_) | Action::RegisterCosigner(_)
    )
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
        Action::Enrol(act) => enrolment::judge(act, moment, faults),
        Action::AdmitRole(act) => admission::judge(act, moment, faults),
        Action::AppointStaff(act) => staff::judge_appointment(act, moment, faults),
        Action::RevokeMandate(act) => staff::judge_end(act, moment, faults),
        Action::RevokeCertificate(act) => revocation::judge(act, moment, faults),
        Action::RecordRevocationList(act) => revocation_list::judge(act, moment, faults),
        Action::RecordOcspResponse(act) => ocsp_response::judge(act, moment, faults),
        Action::ReportSharedKey(act) => shared_key::judge(act, moment, faults),
        Action::RegisterCosigner(act) => cosigner::judge(act, moment, faults),
        Action::RegisterSeatKey(_)
        | Action::RegisterProject(_)
        | Action::PublishTender(_)
        | Action::ClarifyTender(_)
        | Action::ExtendTender(_)
        | Action::RaiseObjection(_)
        | Action::AnswerObjection(_)
        | Action::RegisterStampKey(_)
        | Action::SubmitBid(_)
        | Action::WithdrawBid(_)
        | Action::OpenShares(_)
        | Action::OpenOwnBid(_)
        | Action::EnterExperts(_)
        | Action::MendPanel(_)
        | Action::CommitScores(_)
        | Action::RevealScores(_)
        | Action::NameExpert(_)
        | Action::AwardTender(_)
        | Action::SignContract(_) => {}
    }
}

/// Does what follows from an act without fault.
pub(super) fn enter(action: &Action, books: &mut Books, entry: Entry, chain: &ChainId) -> Vec<Event> {
    let Entry { time, signer, .. } = &entry;
    let (time, signer) = (*time, signer.clone());
    match action {
        Action::RegisterOrganisation(act) => registration::enter(act, books, time, signer),
        Action::PublishListing(act) => notice::enter(act, books, &entry),
        Action::IssueGuarantee(act) => letter::enter(act, books, &entry),
        Action::DepositGuarantee(act) => deposit::enter(act, books, time, signer),
        Action::SubmitQuote(act) => quote::enter(act, books, &entry),
        Action::ConfirmDeal(act) => confirmation::enter(act, books, &entry),
        Action::PublishResult(act) => publicity::enter(act, books, time),
        Action::RecordContract(act) => contract::enter(act, books, &entry),
        Action::ReleaseGuarantee(act) => release::enter(act, books, time),
        Action::AdvanceClock(act) => clock::enter(act, books),
        Action::ProposeChange(act) => proposal::enter(act, books, &entry),
        Action::ApproveChange(act) => approval::enter(act, books, &entry),
        Action::ReportDoubleSigning(act) => double_signing::enter(act, books, &entry),
        Action::Enrol(act) => enrolment::enter(act, books, &entry, chain),
        Action::AdmitRole(act) => admission::enter(act, books, signer),
        Action::AppointStaff(act) => staff::enter_appointment(act, books, &entry),
        Action::RevokeMandate(act) => staff::enter_end(act, books, &entry),
        Action::RevokeCertificate(act) => revocation::enter(act, books, time),
        Action::RecordRevocationList(act) => revocation_list::enter(act, books, &entry),
        Action::RecordOcspResponse(act) => ocsp_response::enter(act, books, time),
        Action::ReportSharedKey(act) => shared_key::enter(act, books, &entry, chain),
        Action::RegisterCosigner(act) => cosigner::enter(act, books, &entry),
        Action::RegisterSeatKey(_)
        | Action::RegisterProject(_)
        | Action::PublishTender(_)
        | Action::ClarifyTender(_)
        | Action::ExtendTender(_)
        | Action::RaiseObjection(_)
        | Action::AnswerObjection(_)
        | Action::RegisterStampKey(_)
        | Action::SubmitBid(_)
        | Action::WithdrawBid(_)
        | Action::OpenShares(_)
        | Action::OpenOwnBid(_)
        | Action::EnterExperts(_)
        | Action::MendPanel(_)
        | Action::CommitScores(_)
        | Action::RevealScores(_)
        | Action::NameExpert(_)
        | Action::AwardTender(_)
        | Action::SignContract(_) => Vec::new(),
    }
}
