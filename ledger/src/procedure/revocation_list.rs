//! A centre records the revocation list of a certification authority.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use super::revocation::{adds, release, revoke};
use super::x509::{check_entry, instant, revoked_from, seconds, serial, with_authority};
use super::{Context, Procedure};
use crate::codec::Bytes;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::id::{AuthorityId, IssuerId};
use crate::record::authority::{CertificateDer, RevocationList, SerialNumber};
use crate::record::certificate::{Certificate, ListedRevocation, Revocation, RevocationSource};
use crate::state::keys::{
    AuthorityKey, CertificateKey, ListedRevocationKey, RevocationListKey, SerialKey, listed_revocations_of,
    listed_serial,
};
use crate::state::{StateError, StateRead, decode_value};
use crate::time::BlockTime;

/// A revocation list, as its authority signed it.
///
/// A list that does not fit into a transaction (65,535 bytes, about 1,500 entries) cannot be recorded: its authority
/// issues it in parts under intermediates of their own, or answers are recorded one by one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RecordRevocationList {
    /// The entry of the trust list.
    #[n(0)]
    pub authority: AuthorityId,
    /// The list (DER).
    #[n(1)]
    pub list: Bytes<65_535>,
    /// Intermediates that lead from the list's signer to the root and that the trust list does not have.
    #[cbor(n(2), skip_if = "Vec::is_empty")]
    pub intermediates: Vec<CertificateDer>,
}

/// What a list says, in the ledger's words.
pub struct Listed {
    issuer: IssuerId,
    record: RevocationList,
    entries: BTreeMap<SerialNumber, ListedRevocation>,
}

impl Procedure for RecordRevocationList {
    type Checked = Listed;

    fn check(&self, context: &Context<'_, '_>) -> Result<Listed, Failure> {
        let authority =
            context.state.read(&AuthorityKey(&self.authority))?.ok_or(Rejection::AuthorityUnknown)?;
        let mut terms = authority.terms;
        if !self.intermediates.is_empty() {
            terms.intermediates.extend(self.intermediates.iter().cloned());
            // A judgement of a list relies on the intermediates of the entry; these are new and lead to its root or do
            // not count.
            check_entry(&terms)?;
        }
        let (der, at) = (self.list.as_slice(), seconds(context.time));
        let list = with_authority(&terms, |entry| pki::judge_crl(entry, der, at)).map_err(Rejection::from)?;
        let issuer = IssuerId::from_bytes(list.issuer_key_fingerprint);
        let entries = entries(&list)?;
        let record = RevocationList {
            number: number(&list.number)?,
            this_update: instant(list.this_update),
            next_update: instant(list.next_update),
            entries: u32::try_from(entries.len()).unwrap_or(u32::MAX),
            recorded_by: context.signer.code.clone(),
            recorded_at: context.time,
        };
        if let Some(old) = context.state.read(&RevocationListKey(&self.authority, &issuer))?
            && !is_newer(&record, &old)
        {
            return Err(Rejection::RevocationListNotNewer.into());
        }
        Ok(Listed { issuer, record, entries })
    }

    /// Only what differs from the list before is written: an entry that is new, changed or gone.
    fn apply(&self, listed: Listed, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let Listed { issuer, record, entries } = listed;
        context.events.push(Event::RevocationListRecorded {
            authority: self.authority,
            this_update: record.this_update,
            entries: record.entries,
        });
        let before = self.listed(&issuer, context)?;
        for (serial, entry) in entries.iter().filter(|(serial, entry)| before.get(*serial) != Some(*entry)) {
            context.state.write(&ListedRevocationKey(&self.authority, &issuer, serial), entry);
            if let Some(certificate) = self.enrolled(&issuer, serial, context)? {
                let revocation = stated(entry, &record, context.time);
                if adds(&certificate, &revocation, context.time) {
                    revoke(certificate, revocation, context);
                }
            }
        }
        for serial in before.keys().filter(|serial| !entries.contains_key(*serial)) {
            context.state.remove(&ListedRevocationKey(&self.authority, &issuer, serial));
            if let Some(certificate) = self.enrolled(&issuer, serial, context)?
                && certificate.hold.is_some_and(|hold| is_ended(&hold, &record))
            {
                release(certificate, context);
            }
        }
        context.state.write(&RevocationListKey(&self.authority, &issuer), &record);
        Ok(())
    }
}

impl RecordRevocationList {
    /// What the newest list so far has.
    fn listed(
        &self,
        issuer: &IssuerId,
        context: &Context<'_, '_>,
    ) -> Result<BTreeMap<SerialNumber, ListedRevocation>, StateError> {
        let mut all = BTreeMap::new();
        let (mut from, before) = listed_revocations_of(&self.authority, issuer);
        while let Some((key, value)) = context.state.first_in(&from, &before)? {
            if let Some(serial) = listed_serial(&key) {
                all.insert(serial, decode_value(&key, &value)?);
            }
            from = key;
            from.push(0);
        }
        Ok(all)
    }

    fn enrolled(
        &self,
        issuer: &IssuerId,
        serial: &SerialNumber,
        context: &Context<'_, '_>,
    ) -> Result<Option<Certificate>, StateError> {
        let Some(id) = context.state.read(&SerialKey(&self.authority, issuer, serial))? else {
            return Ok(None);
        };
        context.state.read(&CertificateKey(&id))
    }
}

/// What a list says about a certificate that stands on it.
pub(super) fn stated(entry: &ListedRevocation, list: &RevocationList, now: BlockTime) -> Revocation {
    Revocation {
        date: entry.date,
        reason: entry.reason,
        source: RevocationSource::List,
        as_of: list.this_update,
        recorded_at: now,
    }
}

/// Whether a hold ends with a list that no longer has the certificate: that of a list does, that of an answer unless
/// the answer is as new as this list.
fn is_ended(hold: &Revocation, list: &RevocationList) -> bool {
    hold.source == RevocationSource::List || hold.as_of < list.this_update
}

fn entries(list: &pki::RevocationList) -> Result<BTreeMap<SerialNumber, ListedRevocation>, Rejection> {
    let entry = |one: &pki::Revocation| {
        Ok((serial(&one.serial)?, ListedRevocation { date: revoked_from(one), reason: one.reason.into() }))
    };
    list.entries.iter().map(entry).collect()
}

/// A list's number without leading zeros.
fn number(number: &[u8; 20]) -> Result<SerialNumber, Rejection> {
    let zeros = number.iter().take(19).take_while(|byte| **byte == 0).count();
    serial(number.get(zeros..).unwrap_or_default())
}

/// Whether a list follows another one: by its number, and not before it by its day.
fn is_newer(new: &RevocationList, old: &RevocationList) -> bool {
    let order = |list: &RevocationList| (list.number.as_slice().len(), list.number.clone());
    order(new) > order(old) && new.this_update >= old.this_update
}
