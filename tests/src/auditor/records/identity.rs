//! Keys, the trust list, certificates and revocation lists beside those of a ledger.

use std::collections::BTreeMap;

use ledger::record::authority::{CertificationAuthority, RevocationList};
use ledger::record::certificate::{Certificate, ListedRevocation, PathStep, SharedKey};
use ledger::record::organisation::KeyHolder;
use ledger::state::decode_value;
use ledger::state::keys::{
    KeyHolderKey, all_authorities, all_certificates, all_key_holders, all_shared_keys, listed_revocations_of,
    listed_serial, revocation_lists_of,
};

use super::{Comparison, same};
use crate::auditor::identity::{List, Step};
use crate::auditor::totals::Totals;

fn step(of: &PathStep) -> Step {
    (of.issuer, of.serial.as_slice().to_vec())
}

impl Comparison<'_> {
    pub(super) fn identity(&self, totals: &mut Totals) -> Result<(), String> {
        let authorities: Vec<CertificationAuthority> = self.values(all_authorities())?;
        let certificates: Vec<Certificate> = self.values(all_certificates())?;
        let shared: Vec<SharedKey> = self.values(all_shared_keys())?;
        let keys: Vec<KeyHolder> = self.values(all_key_holders())?;
        self.keys()?;
        for authority in &authorities {
            self.authority(authority)?;
            let lists: Vec<RevocationList> = self.values(revocation_lists_of(&authority.id))?;
            totals.revocation_lists.0 += lists.len() as u64;
            *totals.authorities.entry(authority.status.name()).or_default() += 1;
        }
        for (place, list) in &self.auditor.books().lists {
            totals.revocation_lists.1 += self.list(place, list)?;
        }
        certificates.iter().try_for_each(|certificate| self.certificate(certificate))?;
        shared.iter().try_for_each(|record| self.shared_key(record))?;
        let revoked = certificates.iter().filter(|one| one.revocation.or(one.hold).is_some()).count();
        totals.keys = keys.len() as u64;
        totals.certificates = (certificates.len() as u64, revoked as u64);
        totals.shared_keys = shared.len() as u64;
        Ok(())
    }

    /// Every key in the books; the totals say that there are no others.
    fn keys(&self) -> Result<(), String> {
        for (key, ours) in &self.auditor.books().keys {
            let found = ledger::state::read(self.state, &KeyHolderKey(key)).map_err(|e| e.to_string())?;
            let found = found.ok_or_else(|| format!("key {key} must be there"))?;
            let of = |field: &'static str| move || format!("{field} of key {key}");
            same(of("the organisation"), &found.organisation, &ours.holder)?;
            same(of("the mandate"), found.mandate.as_ref(), ours.mandate.as_deref())?;
            let theirs = (found.certificate, found.revoked);
            same(of("certificate and end"), theirs, (ours.certificate, ours.revoked))?;
            let staff = found.staff.map(|staff| (staff.person, staff.appointed_by, staff.appointed_at));
            same(of("the person"), staff, ours.staff)?;
        }
        Ok(())
    }

    fn authority(&self, found: &CertificationAuthority) -> Result<(), String> {
        let id = found.id;
        let ours = self.auditor.books().authorities.get(&id);
        let ours = ours.ok_or_else(|| format!("authority {id} must not be there"))?;
        let of = |field: &'static str| move || format!("{field} of authority {id}");
        same(of("the terms"), &found.terms, &*ours.terms)?;
        let theirs = (found.status, found.since, found.change);
        same(of("the status"), theirs, (ours.status, ours.since, ours.change))?;
        same(of("the first trust"), found.first_trusted_at, ours.first_trusted_at)
    }

    /// Compares a list and what stands on it; answers how much that is.
    fn list(
        &self,
        place: &(ledger::id::AuthorityId, ledger::id::IssuerId),
        ours: &List,
    ) -> Result<u64, String> {
        let (authority, issuer) = place;
        let of = |field: &'static str| move || format!("{field} of the list of {issuer} under {authority}");
        let key = ledger::state::keys::RevocationListKey(authority, issuer);
        let found = ledger::state::read(self.state, &key).map_err(|e| e.to_string())?;
        let found: RevocationList = found.ok_or_else(|| format!("{} is missing", of("the record")()))?;
        let mut number = [0; 20];
        let digits = found.number.as_slice();
        number[20 - digits.len()..].copy_from_slice(digits);
        same(of("the number"), number, ours.number)?;
        same(of("the updates"), (found.this_update, found.next_update), ours.updates)?;
        same(
            of("the recording"),
            (&found.recorded_by, found.recorded_at),
            (&ours.recorded.0, ours.recorded.1),
        )?;
        let mut entries = BTreeMap::new();
        let (mut from, before) = listed_revocations_of(authority, issuer);
        while let Some((key, value)) = self.state.first_in(&from, &before).map_err(|e| e.to_string())? {
            let one: ListedRevocation = decode_value(&key, &value).map_err(|e| e.to_string())?;
            let serial = listed_serial(&key).ok_or("a key of a listed certificate has no number")?;
            entries.insert(serial.as_slice().to_vec(), (one.date, one.reason));
            from = key;
            from.push(0);
        }
        same(of("what stands on it"), &entries, &*ours.entries)?;
        same(of("the length"), found.entries as usize, ours.entries.len())?;
        Ok(entries.len() as u64)
    }

    fn certificate(&self, found: &Certificate) -> Result<(), String> {
        let id = found.id;
        let ours = self.auditor.books().certificates.get(&id);
        let ours = ours.ok_or_else(|| format!("certificate {id} must not be there"))?;
        let of = |field: &'static str| move || format!("{field} of certificate {id}");
        let own = PathStep { issuer: found.issuer, serial: found.serial.clone() };
        let path: Vec<Step> = found.path.iter().map(step).collect();
        same(of("the authority"), (found.authority, step(&own)), (ours.authority, ours.step.clone()))?;
        same(of("the path"), &path, &ours.path)?;
        same(of("the holder"), &found.organisation, &ours.organisation)?;
        same(of("the key"), (found.algorithm, found.key), (ours.algorithm, ours.key))?;
        same(of("the validity"), (found.not_before, found.not_after), ours.valid)?;
        same(of("the enrolment"), found.enrolled_at, ours.enrolled_at)?;
        same(of("the revocation"), found.revocation, ours.revocation)?;
        same(of("the hold"), found.hold, ours.hold)?;
        same(of("the newest answer"), found.checked_at, ours.checked_at)
    }

    fn shared_key(&self, found: &SharedKey) -> Result<(), String> {
        let id = found.id;
        let ours = self.auditor.books().shared_keys.get(&id);
        let ours = ours.ok_or_else(|| format!("shared key {id} must not be there"))?;
        let of = |field: &'static str| move || format!("{field} of shared key {id}");
        same(of("the key"), (found.key, found.certificate), (ours.key, ours.certificate))?;
        let parties = (found.holder.clone(), found.applicant.clone());
        same(of("the parties"), &parties, &ours.parties)?;
        same(of("the report"), &(found.reported_by.clone(), found.reported_at), &ours.reported)
    }
}
