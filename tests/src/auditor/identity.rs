//! What the books hold of identity: the trust list, certificates and their revocation, keys and their mandates.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::crypto::PublicKey;
use ledger::event::Event;
use ledger::id::{AuthorityId, CertificateId, CertificateKeyId, ChangeId, CreditCode, IssuerId, PersonHash};
use ledger::record::authority::{AuthorityStatus, AuthorityTerms, KeyAlgorithm};
use ledger::record::certificate::{AnyKey, Revocation, RevocationReason, RevocationSource};
use ledger::record::mandate::Mandate;
use ledger::time::BlockTime;

use super::books::Books;
use super::due::Thing;

/// A key that speaks for an organisation, or did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// For whom.
    pub holder: CreditCode,
    /// What it may do; everything that the organisation may, if absent.
    pub mandate: Option<Arc<Mandate>>,
    /// The certificate that it comes from.
    pub certificate: Option<CertificateId>,
    /// The person who holds it, the key that appointed the person, and when; absent for a principal key.
    pub staff: Option<(PersonHash, PublicKey, BlockTime)>,
    /// When it was taken out of use.
    pub revoked: Option<BlockTime>,
}

/// An entry of the trust list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// What was agreed on.
    pub terms: Arc<AuthorityTerms>,
    /// When it first came on the list.
    pub first_trusted_at: BlockTime,
    /// Whether its certificates count.
    pub status: AuthorityStatus,
    /// Since when.
    pub since: BlockTime,
    /// By which change.
    pub change: ChangeId,
}

/// Who issued a certificate, and its number there, without leading zeros.
pub type Step = (IssuerId, Vec<u8>);

/// A certificate that somebody has enrolled with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The entry of the trust list.
    pub authority: AuthorityId,
    /// How lists name it.
    pub step: Step,
    /// Whose it is.
    pub organisation: CreditCode,
    /// The kind of its key.
    pub algorithm: KeyAlgorithm,
    /// Its key.
    pub key: CertificateKeyId,
    /// The first and the last instant at which it is valid.
    pub valid: (BlockTime, BlockTime),
    /// When somebody first enrolled with it.
    pub enrolled_at: BlockTime,
    /// Its revocation for good.
    pub revocation: Option<Revocation>,
    /// The hold on it.
    pub hold: Option<Revocation>,
    /// Of when the newest answer about it is.
    pub checked_at: Option<BlockTime>,
    /// The intermediates above it, as lists name them.
    pub path: Vec<Step>,
}

/// The newest revocation list of an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its number, filled with zeros from the left.
    pub number: [u8; 20],
    /// When it was issued, and by when the next one will be.
    pub updates: (BlockTime, BlockTime),
    /// Who recorded it, and when.
    pub recorded: (CreditCode, BlockTime),
    /// What it has, by number of the certificate: from when on, and why.
    pub entries: Arc<BTreeMap<Vec<u8>, (BlockTime, RevocationReason)>>,
}

/// A key that was shown for one organisation and is another one's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedKey {
    /// The key.
    pub key: AnyKey,
    /// Who holds it, and who wanted to enrol with it.
    pub parties: (CreditCode, CreditCode),
    /// With which certificate.
    pub certificate: CertificateId,
    /// Who reported it, and when.
    pub reported: (CreditCode, BlockTime),
}

/// How old what is known of revocations is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Fresh,
    Grace,
    Stale,
}

impl Key {
    /// A key that a centre or genesis registers.
    pub(super) fn registered(holder: CreditCode) -> Self {
        Self { holder, mandate: None, certificate: None, staff: None, revoked: None }
    }
}

/// Whether a revocation may be lifted again.
pub(super) fn is_hold(reason: RevocationReason) -> bool {
    reason == RevocationReason::CertificateHold
}

impl Certificate {
    /// Whether it is revoked or held at an instant, as far as its own record goes.
    pub(super) fn is_revoked(&self, at: BlockTime) -> bool {
        self.revocation.into_iter().chain(self.hold).any(|said| said.date <= at)
    }

    /// Whether nothing stands against it, now or from some day on.
    pub(crate) fn is_clear(&self) -> bool {
        self.revocation.or(self.hold).is_none()
    }

    /// Whether it is taken back for good at an instant.
    pub(super) fn is_gone(&self, at: BlockTime) -> bool {
        self.revocation.is_some_and(|known| known.date <= at)
    }

    /// Whether a statement says more than what is known. What ends it for good does if it begins earlier. A hold does
    /// while it is not gone, unless it is the one that is known or is older than that.
    pub(super) fn learns_from(&self, said: &Revocation, now: BlockTime) -> bool {
        if is_hold(said.reason) {
            let same = |known: &Revocation| known.source == said.source && known.date == said.date;
            let known = self.hold.filter(|known| same(known) || known.as_of > said.as_of);
            known.is_none() && !self.is_gone(now)
        } else {
            self.revocation.is_none_or(|known| known.date > said.date)
        }
    }
}

impl Books {
    /// Whether the newest list of an issuer has a certificate as revoked at an instant.
    pub(super) fn is_listed(&self, authority: AuthorityId, step: &Step, at: BlockTime) -> bool {
        let list = self.lists.get(&(authority, step.0));
        list.and_then(|list| list.entries.get(&step.1)).is_some_and(|(date, _)| *date <= at)
    }

    /// Whether an authority between a certificate and its root is revoked.
    pub(super) fn path_is_revoked(&self, certificate: &Certificate, at: BlockTime) -> bool {
        certificate.path.iter().any(|step| self.is_listed(certificate.authority, step, at))
    }

    /// How old the newest list or answer is that would say if a certificate were revoked.
    pub(super) fn age_of_data(&self, certificate: &Certificate, now: BlockTime) -> Age {
        let Some(authority) = self.authorities.get(&certificate.authority) else { return Age::Stale };
        let list = self.lists.get(&(certificate.authority, certificate.step.0));
        let newest = list.map(|list| list.updates.0).into_iter().chain(certificate.checked_at).max();
        let Some(newest) = newest else { return Age::Stale };
        let age = now.as_millis().saturating_sub(newest.as_millis());
        let freshness = authority.terms.freshness;
        let fresh = freshness.max_age.as_millis();
        if age <= fresh {
            Age::Fresh
        } else if age - fresh <= freshness.grace.as_millis() {
            Age::Grace
        } else {
            Age::Stale
        }
    }

    /// The enrolled certificate that a list names so.
    pub(super) fn numbered(&self, authority: AuthorityId, step: &Step) -> Option<CertificateId> {
        let same =
            |(_, other): &(&CertificateId, &Certificate)| other.authority == authority && other.step == *step;
        self.certificates.iter().find(same).map(|(id, _)| *id)
    }

    /// Whose a certificate's key is.
    pub(super) fn holder_of_certificate_key(&self, key: &CertificateKeyId) -> Option<&CreditCode> {
        self.certificates.values().find(|other| other.key == *key).map(|other| &other.organisation)
    }

    /// What the newest list of an issuer says about a certificate, and of when the list is.
    pub(super) fn said_by_list(
        &self,
        authority: AuthorityId,
        step: &Step,
        now: BlockTime,
    ) -> Option<Revocation> {
        let list = self.lists.get(&(authority, step.0))?;
        let (date, reason) = *list.entries.get(&step.1)?;
        let (source, as_of) = (RevocationSource::List, list.updates.0);
        Some(Revocation { date, reason, source, as_of, recorded_at: now })
    }

    /// Revokes a certificate, or puts it on hold. If that dates back, what its keys have signed since is looked at before
    /// the acts of the next block; a hold reaches nothing back. What is gone is not held any more.
    pub(super) fn revoke(&mut self, id: &CertificateId, revocation: Revocation, now: BlockTime) -> Event {
        let hold = is_hold(revocation.reason);
        let certificate = self.certificates.get_mut(id);
        let organisation = certificate.map(|certificate| {
            let place = if hold { &mut certificate.hold } else { &mut certificate.revocation };
            *place = Some(revocation);
            certificate.hold = certificate.hold.filter(|_| !certificate.is_gone(now));
            certificate.organisation.clone()
        });
        if !hold && revocation.date < now {
            self.plan(
                [],
                [(now, Thing::ReachesListings(*id, None)), (now, Thing::ReachesLetters(*id, None))],
            );
        }
        Event::CertificateRevoked {
            certificate: *id,
            // Whoever calls this has found the certificate.
            organisation: organisation.unwrap_or_else(|| unreachable!("certificate {id} is unknown")),
            date: revocation.date,
            reason: revocation.reason,
        }
    }

    /// Lifts a hold; nothing is to be told of it where the certificate is gone.
    pub(super) fn lift(&mut self, id: &CertificateId, now: BlockTime) -> Option<Event> {
        let certificate = self.certificates.get_mut(id)?;
        certificate.hold = None;
        let organisation = certificate.organisation.clone();
        (!certificate.is_gone(now)).then_some(Event::CertificateReleased { certificate: *id, organisation })
    }
}
