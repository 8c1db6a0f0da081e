//! Members, changes, double signings and rule packs beside those of a ledger.

use std::collections::BTreeMap;

use ledger::governance::{self, Era, ProposedChange};
use ledger::rule::RulePack;
use ledger::state::keys::{
    FormerRules, LandListingRules, OpenChangesKey, ValidatorsKey, all_changes, all_cosigners,
    all_double_signings, all_eras,
};
use ledger::state::{StateKey, read};

use super::{Comparison, same};
use crate::auditor::governance::members;
use crate::auditor::totals::Totals;

impl Comparison<'_> {
    pub(super) fn governance(&self, totals: &mut Totals) -> Result<(), String> {
        let eras: Vec<Era> = self.values(all_eras())?;
        let changes: Vec<ProposedChange> = self.values(all_changes())?;
        let reports: Vec<governance::DoubleSigning> = self.values(all_double_signings())?;
        eras.iter().try_for_each(|era| self.era(era))?;
        changes.iter().try_for_each(|change| self.change(change))?;
        reports.iter().try_for_each(|report| self.report(report))?;
        let ours = &self.auditor.books().members;
        let set = self.read(&ValidatorsKey)?.ok_or("the ledger has no validator set")?;
        same(|| "the members of the next height".into(), &members(&set), ours)?;
        for code in self.auditor.books().organisations.keys() {
            let open = self.read(&OpenChangesKey(code))?.unwrap_or(0);
            let ours = self.auditor.books().open_changes_of(code);
            same(|| format!("the number of changes that {code} has open"), open as usize, ours)?;
        }
        let cosigners: Vec<governance::Cosigner> = self.values(all_cosigners())?;
        let found =
            cosigners.iter().map(|c| (c.organisation.clone(), ((c.log_key, c.cosigning_key), c.since.get())));
        let ours = &self.auditor.books().cosigners;
        let ours: BTreeMap<_, _> = ours.iter().map(|(code, c)| (code.clone(), (c.keys, c.since))).collect();
        same(|| "the keys that sign checkpoints".into(), &found.collect(), &ours)?;
        let pack = self.packs()?;
        changes.iter().for_each(|change| totals.add_change(&change.status));
        totals.members = set.len() as u64;
        totals.eras = eras.len() as u64;
        totals.double_signings = reports.len() as u64;
        totals.rule_pack = pack.version;
        Ok(())
    }

    fn read<K: StateKey>(&self, key: &K) -> Result<Option<K::Value>, String> {
        read(self.state, key).map_err(|e| e.to_string())
    }

    fn era(&self, found: &Era) -> Result<(), String> {
        let from = found.from.get();
        let ours = self.auditor.books().eras.get(&from);
        same(|| format!("the members from height {from} on"), Some(&members(&found.validators)), ours)
    }

    fn change(&self, found: &ProposedChange) -> Result<(), String> {
        let id = &found.id;
        let ours = self.auditor.books().changes.get(id);
        let ours = ours.ok_or_else(|| format!("change {id} must not be there"))?;
        let of = |field: &'static str| move || format!("{field} of change {id}");
        same(of("the state"), &found.status, &ours.status)?;
        same(of("the content"), &found.change, &*ours.change)?;
        let (theirs, proposed) = ((&found.proposer, found.proposed_at), (&ours.proposer, ours.proposed_at));
        same(of("the proposal"), theirs, proposed)?;
        same(of("the end"), found.expires_at, ours.expires_at)?;
        let approvals: Vec<_> = found.approvals.iter().map(|a| (a.organisation.clone(), a.at)).collect();
        same(of("the approvals"), &approvals, &ours.approvals)
    }

    fn report(&self, found: &governance::DoubleSigning) -> Result<(), String> {
        let id = &found.id;
        let ours = self.auditor.books().double_signings.get(id);
        let ours = ours.ok_or_else(|| format!("double signing {id} must not be there"))?;
        let of = |field: &'static str| move || format!("{field} of double signing {id}");
        same(of("the evidence"), &found.evidence, &*ours.evidence)?;
        same(of("the accused"), &found.organisation, &ours.organisation)?;
        let (theirs, report) =
            ((&found.reported_by, found.reported_at), (&ours.reported_by, ours.reported_at));
        same(of("the report"), theirs, report)
    }

    /// The rule pack in force, compared, as every earlier one is.
    fn packs(&self) -> Result<RulePack, String> {
        let ours = self.auditor.books();
        for (version, former) in &ours.former_packs {
            let found = self.read(&FormerRules(*version))?;
            same(|| format!("version {version} of the rule pack"), found.as_ref(), Some(&**former))?;
        }
        let found = self.read(&LandListingRules)?.ok_or("the ledger has no rule pack")?;
        same(|| "the rule pack in force".into(), &found, &*ours.pack)?;
        Ok(found)
    }
}
