//! What a key may do: between "it belongs to this organisation" and the rules of the act itself.
//!
//! A key that a centre registered may do everything that its organisation may, and costs nothing here. A key from a
//! certificate is asked for the certificate, the authority behind it and the age of its revocation data once in a block,
//! unless the block itself changes any of them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Failure;
use super::permission::{self, Row};
use super::rejection::Rejection;
use crate::action::Action;
use crate::amount::Amount;
use crate::crypto::{PublicKey, verify};
use crate::id::{CertificateId, ChainId, DealCode, GuaranteeId, ProjectCode, RegionCode, TenderId};
use crate::procedure::enrolment::{age_of_data, path_is_revoked};
use crate::record::authority::{Age, AuthorityStatus, WhenStale};
use crate::record::certificate::Certificate;
use crate::record::listing::Listing;
use crate::record::mandate::Mandate;
use crate::record::organisation::{KeyHolder, Organisation, Role};
use crate::rule::TradeKind;
use crate::state::keys::{
    AuthorityStandingKey, CertificateKey, GuaranteeKey, KeyHolderKey, ListingKey, OrganisationKey,
    ProjectKey, TenderKey,
};
use crate::state::{Overlay, StateError};
use crate::time::BlockTime;
use crate::transaction::{Approval, MAX_APPROVALS, Payload, approval_bytes};

/// Keys whose standing a block has judged as good for every act, with the certificate to be flagged. Block time does not
/// change within a block; what acts change is forgotten by [`Remembered::forget_after`].
#[derive(Default)]
pub(super) struct Remembered(RefCell<BTreeMap<PublicKey, Option<CertificateId>>>);

impl Remembered {
    /// Forgets everything after an act that may change what a key's standing follows from: any but those of a trade.
    pub(super) fn forget_after(&self, action: &Action) {
        let trade = matches!(
            action,
            Action::PublishListing(_)
                | Action::IssueGuarantee(_)
                | Action::DepositGuarantee(_)
                | Action::SubmitQuote(_)
                | Action::ConfirmDeal(_)
                | Action::PublishResult(_)
                | Action::RecordContract(_)
                | Action::ReleaseGuarantee(_)
                | Action::RegisterSeatKey(_)
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
                | Action::SignContract(_)
        );
        if !trade {
            self.0.borrow_mut().clear();
        }
    }
}

/// Who wants to do what.
pub(super) struct Signing<'a, 'b> {
    pub(super) state: &'a Overlay<'b>,
    pub(super) chain: &'a ChainId,
    pub(super) time: BlockTime,
    pub(super) payload: &'a Payload,
    pub(super) key: PublicKey,
    pub(super) organisation: &'a Organisation,
    pub(super) remembered: &'a Remembered,
}

/// Where an act takes place, and how much money it is about.
struct Subject {
    region: RegionCode,
    kind: TradeKind,
    amount: Option<Amount>,
}

impl Signing<'_, '_> {
    /// Judges the signing key and the approvals, in the order of [`Rejection`]. Answers with the certificate whose
    /// revocation data is too old, where the authority's entry says that this is only flagged.
    pub(super) fn check(&self, holder: &KeyHolder) -> Result<Option<CertificateId>, Failure> {
        if holder.mandate.is_none()
            && holder.certificate.is_none()
            && holder.revoked.is_none()
            && self.payload.approvals.is_empty()
        {
            return Ok(None);
        }
        let row = permission::row(self.payload.action.name())?;
        let stale = self.own_standing(holder, row.limited)?;
        let subject = self.within(holder, row)?;
        self.check_approvals(holder, row, subject.as_ref())?;
        Ok(stale)
    }

    /// The standing of the signing key, remembered for the rest of the block.
    fn own_standing(&self, holder: &KeyHolder, limited: bool) -> Result<Option<CertificateId>, Failure> {
        if let Some(known) = self.remembered.0.borrow().get(&self.key) {
            return Ok(known.filter(|_| limited));
        }
        let stale = judge(self.state, self.time, holder, limited)?;
        if limited {
            self.remembered.0.borrow_mut().insert(self.key, stale);
        }
        Ok(stale)
    }

    /// Whether the act lies within the key's mandate. Answers with what the act is about, if the mandate asks.
    fn within(&self, holder: &KeyHolder, row: &Row) -> Result<Option<Subject>, Failure> {
        let Some(mandate) = holder.mandate.as_ref().filter(|_| row.limited) else { return Ok(None) };
        let acts_in = |role| row.roles.contains(role) && self.organisation.has(*role);
        if !mandate.roles.iter().any(acts_in) {
            return Err(Rejection::RoleOutsideMandate.into());
        }
        if mandate.scope.is_unlimited() && mandate.second_approval_above.is_none() {
            return Ok(None);
        }
        let subject = self.subject()?;
        if let Some(subject) = &subject {
            check_scope(mandate, subject)?;
        }
        Ok(subject)
    }

    /// What the act is about: the money that it commits somebody to, in the place of its trade. An act that names a
    /// listing, letter, project or tender that does not exist is about nothing, and is refused for that by its own rules.
    fn subject(&self) -> Result<Option<Subject>, StateError> {
        match &self.payload.action {
            Action::PublishListing(act) => Ok(Some(Subject {
                region: act.region.clone(),
                kind: TradeKind::LandListing,
                amount: Some(act.prices.reserve),
            })),
            Action::IssueGuarantee(act) => self.in_listing(&act.listing, |_| Some(act.amount)),
            Action::SubmitQuote(act) => self.in_listing(&act.listing, |_| Some(act.price)),
            Action::ConfirmDeal(act) => self.in_listing(&act.listing, best_price),
            Action::RecordContract(act) => self.in_listing(&act.listing, best_price),
            Action::PublishResult(act) => self.in_listing(&act.listing, |_| None),
            Action::DepositGuarantee(act) => self.about_letter(&act.guarantee),
            Action::ReleaseGuarantee(act) => self.about_letter(&act.guarantee),
            Action::RegisterProject(act) => Ok(Some(construction_in(act.region.clone(), None))),
            Action::PublishTender(act) => self.in_project(&act.project, Some(act.most())),
            Action::ClarifyTender(act) => self.in_tender(&act.tender),
            Action::ExtendTender(act) => self.in_tender(&act.tender),
            Action::RaiseObjection(act) => self.in_tender(&act.tender),
            Action::AnswerObjection(act) => self.in_tender(&act.tender),
            Action::MendPanel(act) => self.in_tender(&act.tender),
            Action::NameExpert(act) => self.in_tender(&act.tender),
            Action::AwardTender(act) => self.in_tender(&act.tender),
            Action::SignContract(act) => self.in_tender(&act.tender),
            Action::RegisterOrganisation(_)
            | Action::AdvanceClock(_)
            | Action::ProposeChange(_)
            | Action::ApproveChange(_)
            | Action::ReportDoubleSigning(_)
            | Action::Enrol(_)
            | Action::AdmitRole(_)
            | Action::AppointStaff(_)
            | Action::RevokeMandate(_)
            | Action::RevokeCertificate(_)
            | Action::RecordRevocationList(_)
            | Action::RecordOcspResponse(_)
            | Action::ReportSharedKey(_)
            | Action::RegisterCosigner(_)
            | Action::RegisterSeatKey(_)
            | Action::RegisterStampKey(_)
            | Action::SubmitBid(_)
            | Action::WithdrawBid(_)
            | Action::OpenShares(_)
            | Action::OpenOwnBid(_)
            | Action::EnterExperts(_)
            | Action::CommitScores(_)
            | Action::RevealScores(_) => Ok(None),
        }
    }

    fn in_listing(
        &self,
        code: &DealCode,
        amount: impl FnOnce(&Listing) -> Option<Amount>,
    ) -> Result<Option<Subject>, StateError> {
        let listing = self.state.read(&ListingKey(code))?;
        Ok(listing.map(|listing| Subject {
            amount: amount(&listing),
            region: listing.region,
            kind: TradeKind::LandListing,
        }))
    }

    fn in_project(&self, code: &ProjectCode, amount: Option<Amount>) -> Result<Option<Subject>, StateError> {
        let project = self.state.read(&ProjectKey(code))?;
        Ok(project.map(|project| construction_in(project.region, amount)))
    }

    fn in_tender(&self, id: &TenderId) -> Result<Option<Subject>, StateError> {
        match self.state.read(&TenderKey(id))? {
            Some(tender) => self.in_project(&tender.project, None),
            None => Ok(None),
        }
    }

    fn about_letter(&self, id: &GuaranteeId) -> Result<Option<Subject>, StateError> {
        let Some(letter) = self.state.read(&GuaranteeKey(id))? else { return Ok(None) };
        self.in_listing(&letter.listing, |_| Some(letter.amount))
    }

    /// Whether every approval is genuine, and there is one where the mandate demands it.
    fn check_approvals(
        &self,
        holder: &KeyHolder,
        row: &Row,
        subject: Option<&Subject>,
    ) -> Result<(), Failure> {
        let approving = self.approving()?;
        let limit = holder.mandate.as_ref().and_then(|mandate| mandate.second_approval_above);
        let amount = subject.and_then(|subject| subject.amount);
        let (Some(limit), Some(amount), Some(subject)) = (limit, amount, subject) else { return Ok(()) };
        if limit.at_least(amount).unwrap_or(false) {
            return Ok(());
        }
        for other in &approving {
            if self.may_approve(holder, other, row, subject)? {
                return Ok(());
            }
        }
        Err(Rejection::SecondApprovalMissing.into())
    }

    /// The holders of the keys that approve.
    fn approving(&self) -> Result<Vec<KeyHolder>, Failure> {
        let approvals = &self.payload.approvals;
        if approvals.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<PublicKey> = approvals.iter().map(|approval| approval.key).collect();
        let well_formed = approvals.len() <= MAX_APPROVALS && crate::codec::ascending(&keys);
        if !well_formed || keys.contains(&self.key) {
            return Err(Rejection::InvalidApproval.into());
        }
        let message = approval_bytes(self.chain, &self.key, self.payload);
        let mut holders = Vec::with_capacity(keys.len());
        for Approval { key, signature } in approvals {
            let holder = self.state.read(&KeyHolderKey(key))?;
            let own = holder.filter(|holder| holder.organisation == self.organisation.code);
            let good = own.filter(|_| verify(key, &message, signature).is_ok());
            holders.push(good.ok_or(Rejection::InvalidApproval)?);
        }
        Ok(holders)
    }

    /// Whether another key of the organisation, of another person, may do the act itself.
    fn may_approve(
        &self,
        signer: &KeyHolder,
        other: &KeyHolder,
        row: &Row,
        subject: &Subject,
    ) -> Result<bool, Failure> {
        let person = |holder: &KeyHolder| holder.staff.as_ref().map(|staff| staff.person);
        if person(signer).is_some() && person(signer) == person(other) {
            return Ok(false);
        }
        let judged = judge(self.state, self.time, other, row.limited).and_then(|_| {
            self.within(other, row)?;
            match &other.mandate {
                Some(mandate) => Ok(check_scope(mandate, subject)?),
                None => Ok(()),
            }
        });
        match judged {
            Ok(()) => Ok(true),
            Err(Failure::Rejected(_)) => Ok(false),
            Err(error @ Failure::State(_)) => Err(error),
        }
    }
}

/// Whether a key may act for its organisation in a role at `time`, as far as that does not depend on an act: asked of keys that
/// signed inside an envelope, and of those for which a node does something beside the ledger.
///
/// # Errors
/// [`StateError`].
pub fn can_act(
    state: &Overlay<'_>,
    time: BlockTime,
    holder: &KeyHolder,
    role: Role,
) -> Result<bool, StateError> {
    let organisation = state.read(&OrganisationKey(&holder.organisation))?;
    let has_role = organisation.is_some_and(|known| known.has(role) && known.admitted_at <= time);
    let mandated = holder.mandate.as_ref().is_none_or(|mandate| mandate.roles.contains(&role));
    if !(has_role && mandated) {
        return Ok(false);
    }
    match judge(state, time, holder, true) {
        Ok(_) => Ok(true),
        Err(Failure::Rejected(_)) => Ok(false),
        Err(Failure::State(error)) => Err(error),
    }
}

/// Whether the key and what it comes from can be used at all.
fn judge(
    state: &Overlay<'_>,
    time: BlockTime,
    holder: &KeyHolder,
    limited: bool,
) -> Result<Option<CertificateId>, Failure> {
    if holder.revoked.is_some_and(|at| at <= time) {
        return Err(Rejection::KeyRevoked.into());
    }
    let mandate = holder.mandate.as_ref().filter(|_| limited);
    if mandate.is_some_and(|mandate| mandate.expires <= time) {
        return Err(Rejection::MandateExpired.into());
    }
    if mandate.is_some_and(|mandate| mandate.read_only) {
        return Err(Rejection::ReadOnlyMandate.into());
    }
    let Some(id) = &holder.certificate else { return Ok(None) };
    let missing = || StateError::Store("the state lacks a certificate that a key comes from".into());
    let certificate = state.read(&CertificateKey(id))?.ok_or_else(missing)?;
    if limited && !(certificate.not_before..=certificate.not_after).contains(&time) {
        return Err(Rejection::SignersCertificateExpired.into());
    }
    if certificate.is_revoked(time) || path_is_revoked(state, &certificate, time)? {
        return Err(Rejection::SignersCertificateRevoked.into());
    }
    if limited { check_authority(state, time, &certificate) } else { Ok(None) }
}

fn check_authority(
    state: &Overlay<'_>,
    time: BlockTime,
    certificate: &Certificate,
) -> Result<Option<CertificateId>, Failure> {
    let standing = state.read(&AuthorityStandingKey(&certificate.authority))?;
    let Some(standing) = standing.filter(|standing| standing.status == AuthorityStatus::Trusted) else {
        return Err(Rejection::SignersAuthorityNotTrusted.into());
    };
    let age = age_of_data(state, certificate, time)?;
    match (standing.freshness.judge(age), standing.freshness.when_stale) {
        (Age::Fresh | Age::Grace, _) => Ok(None),
        (Age::Stale, WhenStale::Flag) => Ok(Some(certificate.id)),
        (Age::Stale, WhenStale::Refuse) => Err(Rejection::RevocationDataStale.into()),
    }
}

const fn construction_in(region: RegionCode, amount: Option<Amount>) -> Subject {
    Subject { region, kind: TradeKind::ConstructionTender, amount }
}

fn best_price(listing: &Listing) -> Option<Amount> {
    listing.best.as_ref().map(|best| best.price)
}

fn check_scope(mandate: &Mandate, subject: &Subject) -> Result<(), Rejection> {
    if !mandate.scope.has_region(&subject.region) {
        return Err(Rejection::RegionOutsideMandate);
    }
    if !mandate.scope.has_trade(subject.kind) {
        return Err(Rejection::TradeOutsideMandate);
    }
    if subject.amount.is_some_and(|amount| !mandate.scope.has_amount(amount)) {
        return Err(Rejection::AmountOutsideMandate);
    }
    Ok(())
}
