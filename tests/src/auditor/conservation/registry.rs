//! What no sequence of events may break about certificates and keys.
//!
//! Whoever enrols does so under an authority that is trusted then, with a certificate that is not revoked and has one
//! holder for ever; a key works for one organisation and not again after its end; what is for good is never lifted;
//! nothing is struck or questioned but for a certificate that is revoked.

use std::collections::{BTreeMap, BTreeSet};

use ledger::crypto::PublicKey;
use ledger::event::Event;
use ledger::id::{AuthorityId, CertificateId, CreditCode};
use ledger::record::authority::AuthorityStatus;
use ledger::record::certificate::RevocationReason;
use ledger::time::BlockTime;

use super::ensure;

#[derive(Clone, Debug)]
struct Certificate {
    holder: CreditCode,
    /// Since when it is revoked for good.
    gone: Option<BlockTime>,
    /// Since when it is on hold.
    held: Option<BlockTime>,
}

/// Authorities, certificates and keys as events tell of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Registry {
    authorities: BTreeMap<AuthorityId, AuthorityStatus>,
    certificates: BTreeMap<CertificateId, Certificate>,
    staff: BTreeMap<PublicKey, CreditCode>,
    ended: BTreeSet<PublicKey>,
}

impl Registry {
    /// Enters an event of a block.
    pub(super) fn enter(&mut self, event: &Event, now: BlockTime) -> Result<(), String> {
        use AuthorityStatus::{Removed, Suspended, Trusted};
        match event {
            Event::AuthorityTrusted { authority, .. } => {
                self.authorities.insert(*authority, Trusted);
                Ok(())
            }
            Event::AuthoritySuspended { authority, .. } => self.turn(*authority, &[Trusted], Suspended),
            Event::AuthorityReinstated { authority, .. } => self.turn(*authority, &[Suspended], Trusted),
            Event::AuthorityRemoved { authority, .. } => {
                self.turn(*authority, &[Trusted, Suspended], Removed)
            }
            Event::OrganisationEnrolled { organisation, certificate, authority, .. } => {
                self.enrolled(organisation, *certificate, *authority, now)
            }
            Event::CertificateRevoked { certificate, organisation, date, reason } => {
                self.revoked(certificate, organisation, (*date, *reason), now)
            }
            Event::CertificateReleased { certificate, .. } => {
                let held = self.certificates.get_mut(certificate).and_then(|known| known.held.take());
                ensure(held.is_some(), || {
                    format!("certificate {certificate} is released, and was not on hold")
                })
            }
            Event::StaffAppointed { organisation, key, .. } => {
                let before = self.staff.insert(*key, organisation.clone());
                let own = before.is_none_or(|before| before == *organisation);
                ensure(own && !self.ended.contains(key), || format!("key {key} is another's, or was ended"))
            }
            Event::MandateRevoked { key, .. } => {
                ensure(self.ended.insert(*key), || format!("key {key} is taken out of use twice"))
            }
            Event::QuoteStruck { certificate, .. }
            | Event::ListingQuestioned { certificate, .. }
            | Event::GuaranteeQuestioned { certificate, .. } => {
                let gone = self.certificates.get(certificate).and_then(|known| known.gone);
                ensure(gone.is_some(), || {
                    format!("something is doubted for certificate {certificate}, which is good")
                })
            }
            _ => Ok(()),
        }
    }

    fn turn(&mut self, id: AuthorityId, from: &[AuthorityStatus], to: AuthorityStatus) -> Result<(), String> {
        let before = self.authorities.insert(id, to);
        let good = before.is_some_and(|before| from.contains(&before));
        ensure(good, || format!("authority {id} turns {} and was {before:?}", to.name()))
    }

    fn enrolled(
        &mut self,
        holder: &CreditCode,
        id: CertificateId,
        authority: AuthorityId,
        now: BlockTime,
    ) -> Result<(), String> {
        let trusted = self.authorities.get(&authority) == Some(&AuthorityStatus::Trusted);
        ensure(trusted, || format!("{holder} enrols under authority {authority}, which is not trusted"))?;
        let new = Certificate { holder: holder.clone(), gone: None, held: None };
        let known = self.certificates.entry(id).or_insert(new);
        let good = known.holder == *holder && !known.gone.into_iter().chain(known.held).any(|at| at <= now);
        ensure(good, || format!("{holder} enrols with certificate {id}, which is another's or revoked"))
    }

    fn revoked(
        &mut self,
        id: &CertificateId,
        holder: &CreditCode,
        (date, reason): (BlockTime, RevocationReason),
        now: BlockTime,
    ) -> Result<(), String> {
        let known = self.certificates.get_mut(id).filter(|known| known.holder == *holder);
        let known =
            known.ok_or_else(|| format!("certificate {id} is revoked, which is none of {holder}'s"))?;
        if reason == RevocationReason::CertificateHold {
            known.held = Some(date);
            let gone = known.gone.is_some_and(|gone| gone <= now);
            return ensure(!gone, || format!("certificate {id} is put on hold, and is revoked for good"));
        }
        let more = known.gone.replace(date).is_none_or(|before| date < before);
        ensure(more, || format!("certificate {id} is revoked again, from no earlier instant on"))
    }
}
