//! What no sequence of events may do to members, changes and reports.
//!
//! A change is proposed once and ends at most once; a member approves it once, or says so again and adopts it by that;
//! whatever changes members or rules follows at once from an adoption; a centre comes, changes its keys and goes in an
//! order that makes sense; rule packs count up; a double signing is recorded once.

use std::collections::{BTreeMap, BTreeSet};

use ledger::crypto::PublicKey;
use ledger::event::Event;
use ledger::evidence::SigningKind;
use ledger::id::{ChangeId, CreditCode, Height};

use super::ensure;
use crate::auditor::totals::Totals;

#[derive(Clone, Debug, Default)]
struct Proposed {
    approved_by: BTreeSet<CreditCode>,
    end: Option<&'static str>,
}

/// What events have said of the members' decisions.
#[derive(Clone, Debug, Default)]
pub(super) struct Council {
    changes: BTreeMap<ChangeId, Proposed>,
    /// A change that somebody approved again: nothing but its adoption may come next.
    again: Option<ChangeId>,
    /// The height from which the adoption before this event holds.
    adopted: Option<Height>,
    /// Whether an organisation was a member after the last event about it.
    seated: BTreeMap<CreditCode, bool>,
    version: Option<u32>,
    signed_twice: BTreeSet<(PublicKey, Height, u32, SigningKind)>,
}

impl Council {
    pub(super) fn enter(&mut self, event: &Event) -> Result<(), String> {
        let (again, adopted) = (self.again.take(), self.adopted.take());
        let follows =
            again.is_none_or(|id| matches!(event, Event::ChangeAdopted { change, .. } if *change == id));
        ensure(follows, || format!("a change is approved by one member twice, and {event:?} follows"))?;
        match event {
            Event::ChangeProposed { change, by, .. } => {
                let first = Proposed { approved_by: [by.clone()].into(), end: None };
                let before = self.changes.insert(*change, first);
                ensure(before.is_none(), || format!("change {change} is proposed twice"))
            }
            Event::ChangeApproved { change, by } => {
                let proposed = self.open(change)?;
                if !proposed.approved_by.insert(by.clone()) {
                    self.again = Some(*change);
                }
                Ok(())
            }
            Event::ChangeAdopted { change, from } => {
                self.open(change)?.end = Some("adopted");
                self.adopted = Some(*from);
                Ok(())
            }
            Event::ChangeExpired { change } => {
                self.open(change)?.end = Some("expired");
                Ok(())
            }
            Event::MemberAdmitted { organisation, from } => {
                let before = self.seat(organisation, true, adopted, *from)?;
                ensure(before != Some(true), || format!("{organisation} becomes a member twice"))
            }
            Event::MemberRemoved { organisation, from } => {
                let before = self.seat(organisation, false, adopted, *from)?;
                ensure(before != Some(false), || format!("{organisation} leaves twice"))
            }
            Event::KeysRotated { organisation, from } => {
                let before = self.seat(organisation, true, adopted, *from)?;
                ensure(before != Some(false), || format!("{organisation} has left and gets keys"))
            }
            Event::RulesAdopted { version, .. } => {
                let before = self.version.replace(*version);
                let next = before.is_none_or(|before| before + 1 == *version) && adopted.is_some();
                ensure(next, || format!("rules {version} follow {before:?}, or no adoption"))
            }
            Event::DoubleSigningRecorded { accused, height, round, kind, .. } => {
                let first = self.signed_twice.insert((*accused, *height, *round, *kind));
                ensure(first, || {
                    format!("a double signing of {accused} at height {height} is recorded twice")
                })
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, id: &ChangeId) -> Result<&mut Proposed, String> {
        let proposed = self.changes.get_mut(id).ok_or_else(|| format!("change {id} was never proposed"))?;
        match proposed.end {
            None => Ok(proposed),
            Some(end) => Err(format!("change {id} goes on after it has {end}")),
        }
    }

    /// Notes that an organisation is or is not a member now, and tells what was said of it before.
    fn seat(
        &mut self,
        code: &CreditCode,
        seated: bool,
        adopted: Option<Height>,
        from: Height,
    ) -> Result<Option<bool>, String> {
        ensure(adopted == Some(from), || format!("the members change at height {from} without an adoption"))?;
        Ok(self.seated.insert(code.clone(), seated))
    }

    /// Compares the numbers with those of the rules' books.
    pub(super) fn check(&self, totals: &Totals) -> Result<(), String> {
        let mut changes: BTreeMap<&'static str, u64> = BTreeMap::new();
        for proposed in self.changes.values() {
            *changes.entry(proposed.end.unwrap_or("open")).or_default() += 1;
        }
        let (reports, theirs) = (self.signed_twice.len() as u64, totals.double_signings);
        ensure(changes == totals.changes, || {
            format!("the events tell of changes {changes:?}, and the books of {:?}", totals.changes)
        })?;
        ensure(reports == theirs, || format!("of {reports} double signings the books know {theirs}"))
    }
}
