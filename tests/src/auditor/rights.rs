//! What a key may do (TX06 to TX18): whether it and its certificate can be used now, what its mandate allows, and who
//! else must have approved.

use ledger::action::Action;
use ledger::amount::Amount;
use ledger::crypto::{PublicKey, verify};
use ledger::id::{CertificateId, ChainId, DealCode, RegionCode};
use ledger::record::authority::{AuthorityStatus, WhenStale};
use ledger::record::mandate::{Mandate, Scope};
use ledger::rule::TradeKind;
use ledger::time::BlockTime;
use ledger::transaction::{Payload, approval_bytes};

use super::acts;
use super::books::{Books, Deal};
use super::code::{Code, Faults};
use super::identity::{Age, Key};

/// Most approvals of an act.
const MOST_APPROVALS: usize = 4;

/// A key that signs an act for its organisation.
pub(super) struct Signing<'a> {
    pub(super) books: &'a Books,
    pub(super) chain: &'a ChainId,
    pub(super) time: BlockTime,
    pub(super) payload: &'a Payload,
    pub(super) key: PublicKey,
    pub(super) record: &'a Key,
}

/// What an act is about.
struct Subject<'a> {
    region: &'a RegionCode,
    amount: Option<Amount>,
}

impl<'a> Signing<'a> {
    /// Notes what the key may not do. Answers with the certificate whose act is recorded although its data is stale.
    pub(super) fn judge(&self, faults: &mut Faults) -> Option<CertificateId> {
        let stale = self.judge_key(self.record, faults);
        self.judge_approvals(faults);
        stale
    }

    /// Notes what stands against a key, for this act. What is not limited needs only what is not revoked.
    fn judge_key(&self, key: &Key, faults: &mut Faults) -> Option<CertificateId> {
        let limited = acts::is_limited(&self.payload.action);
        faults.when(key.revoked.is_some(), Code::KeyRevoked);
        if let Some(mandate) = key.mandate.as_deref().filter(|_| limited) {
            faults.when(mandate.expires <= self.time, Code::MandateExpired);
            faults.when(mandate.read_only, Code::ReadOnlyMandate);
            self.judge_mandate(mandate, faults);
        }
        let id = key.certificate?;
        let certificate = self.books.certificates.get(&id)?;
        let (first, last) = certificate.valid;
        faults.when(limited && (self.time < first || self.time > last), Code::SignersCertificateExpired);
        let revoked = certificate.is_revoked(self.time) || self.books.path_is_revoked(certificate, self.time);
        faults.when(revoked, Code::SignersCertificateRevoked);
        let authority = self.books.authorities.get(&certificate.authority).filter(|_| limited)?;
        faults.when(authority.status != AuthorityStatus::Trusted, Code::SignersAuthorityNotTrusted);
        let stale = self.books.age_of_data(certificate, self.time) == Age::Stale;
        let flagged = authority.terms.freshness.when_stale == WhenStale::Flag;
        faults.when(stale && !flagged, Code::RevocationDataStale);
        (stale && flagged).then_some(id)
    }

    fn judge_mandate(&self, mandate: &Mandate, faults: &mut Faults) {
        let asked = acts::roles(&self.payload.action);
        let acts_in = |role| asked.contains(role) && self.books.has_role(&self.record.holder, *role);
        faults.when(!mandate.roles.iter().any(acts_in), Code::RoleOutsideMandate);
        let Some(subject) = self.subject() else { return };
        let Scope { regions, trades, .. } = &mandate.scope;
        let here = regions.is_empty() || regions.iter().any(|region| covers(region, subject.region));
        faults.when(!here, Code::RegionOutsideMandate);
        let such = trades.is_empty() || trades.contains(&TradeKind::LandListing);
        faults.when(!such, Code::TradeOutsideMandate);
        let above = |ceiling| subject.amount.is_some_and(|amount| !reaches(ceiling, amount));
        faults.when(mandate.scope.ceiling.is_some_and(above), Code::AmountOutsideMandate);
    }

    /// The place of the trade, and the money that the act commits somebody to. Nothing for what is no trade, and for
    /// what names a listing or letter that does not exist.
    fn subject(&self) -> Option<Subject<'a>> {
        let best = |deal: &Deal| deal.best().map(|(_, quote)| quote.price);
        match &self.payload.action {
            Action::PublishListing(act) => {
                Some(Subject { region: &act.region, amount: Some(act.prices.reserve) })
            }
            Action::IssueGuarantee(act) => self.about(&act.listing, |_| Some(act.amount)),
            Action::SubmitQuote(act) => self.about(&act.listing, |_| Some(act.price)),
            Action::ConfirmDeal(act) => self.about(&act.listing, best),
            Action::RecordContract(act) => self.about(&act.listing, best),
            Action::PublishResult(act) => self.about(&act.listing, |_| None),
            Action::DepositGuarantee(act) => self.about_letter(&act.guarantee),
            Action::ReleaseGuarantee(act) => self.about_letter(&act.guarantee),
            _ => None,
        }
    }

    fn about(&self, code: &DealCode, amount: impl FnOnce(&Deal) -> Option<Amount>) -> Option<Subject<'a>> {
        let deal = self.books.deals.get(code)?;
        Some(Subject { region: &deal.notice.region, amount: amount(deal) })
    }

    fn about_letter(&self, id: &ledger::id::GuaranteeId) -> Option<Subject<'a>> {
        let letter = self.books.letters.get(id)?;
        self.about(&letter.deal, |_| Some(letter.amount))
    }

    /// Notes an approval that is none, and whether one is missing.
    fn judge_approvals(&self, faults: &mut Faults) {
        let approvals = &self.payload.approvals;
        let message = approval_bytes(self.chain, &self.key, self.payload);
        let mut others = Vec::new();
        for approval in approvals {
            let own = self.books.keys.get(&approval.key).filter(|key| key.holder == self.record.holder);
            let good =
                approval.key != self.key && verify(&approval.key, &message, &approval.signature).is_ok();
            faults.when(own.is_none() || !good, Code::InvalidApproval);
            others.extend(own);
        }
        let in_order = approvals.is_sorted_by(|a, b| a.key < b.key);
        faults.when(!in_order || approvals.len() > MOST_APPROVALS, Code::InvalidApproval);
        let mandate = self.record.mandate.as_deref().filter(|_| acts::is_limited(&self.payload.action));
        let limit = mandate.and_then(|mandate| mandate.second_approval_above);
        let amount = self.subject().and_then(|subject| subject.amount);
        if let (Some(limit), Some(amount)) = (limit, amount) {
            let enough = reaches(limit, amount) || others.iter().any(|other| self.approves(other));
            faults.when(!enough, Code::SecondApprovalMissing);
        }
    }

    /// Whether another key is another person's, as far as is known, and may do the act itself.
    fn approves(&self, other: &Key) -> bool {
        let person = |key: &Key| key.staff.map(|(person, ..)| person);
        let same = person(self.record).is_some() && person(self.record) == person(other);
        let mut faults = Faults::default();
        self.judge_key(other, &mut faults);
        !same && faults.first().is_ok()
    }
}

/// Whether a ceiling is not exceeded; one in another currency is no ceiling for an amount, and exceeded.
pub(super) fn reaches(ceiling: Amount, amount: Amount) -> bool {
    ceiling.currency() == amount.currency() && amount.minor() <= ceiling.minor()
}

/// Whether one region lies in another: `440000` is a province, `440400` a city, `440402` a district.
pub(super) fn covers(outer: &RegionCode, inner: &RegionCode) -> bool {
    let (outer, inner) = (outer.as_str(), inner.as_str());
    let digits = match outer.as_bytes() {
        [.., b'0', b'0', b'0', b'0'] => 2,
        [.., b'0', b'0'] => 4,
        _ => 6,
    };
    outer.get(..digits) == inner.get(..digits)
}

/// Whether a mandate can be given at all: lists in order and bounded, roles exactly where it is not read-only, an end
/// that lies ahead.
pub(super) fn is_well_formed(mandate: &Mandate, now: BlockTime) -> bool {
    let Scope { regions, trades, .. } = &mandate.scope;
    mandate.roles.is_sorted_by(|a, b| a < b)
        && mandate.roles.is_empty() == mandate.read_only
        && regions.len() <= 64
        && regions.is_sorted_by(|a, b| a < b)
        && trades.len() <= 16
        && trades.is_sorted_by(|a, b| a < b)
        && mandate.expires > now
}

/// Whether a mandate gives nothing that another one does not have.
pub(super) fn lies_within(inner: &Mandate, outer: &Mandate) -> bool {
    let has_region = |region: &RegionCode| outer.scope.regions.iter().any(|own| covers(own, region));
    let regions = outer.scope.regions.is_empty()
        || (!inner.scope.regions.is_empty() && inner.scope.regions.iter().all(has_region));
    let trades = outer.scope.trades.is_empty()
        || (!inner.scope.trades.is_empty()
            && inner.scope.trades.iter().all(|kind| outer.scope.trades.contains(kind)));
    let below = |own: Option<Amount>, theirs: Option<Amount>| match (own, theirs) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(own), Some(theirs)) => reaches(own, theirs),
    };
    // Who may only read needs nobody's approval.
    let asks = (inner.read_only && inner.second_approval_above.is_none())
        || below(outer.second_approval_above, inner.second_approval_above);
    inner.roles.iter().all(|role| outer.roles.contains(role))
        && inner.expires <= outer.expires
        && (inner.read_only || !outer.read_only)
        && regions
        && trades
        && below(outer.scope.ceiling, inner.scope.ceiling)
        && asks
}
