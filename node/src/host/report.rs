//! Reporting double signatures and shared keys: a node that sees one signs a report with its voting key.
//!
//! What waits to be reported is kept in memory only. A node that ends before its report is recorded forgets it;
//! it is then reported if another node saw it too.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::Evidence;
use ledger::action::Action;
use ledger::codec;
use ledger::execute::{self, Failure};
use ledger::hash::sha256;
use ledger::id::Height;
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::procedure::enrolment::Enrol;
use ledger::procedure::shared_key::ReportSharedKey;
use ledger::transaction::{self, Payload, Verified};

use super::clock::next_time;
use super::{Host, HostError};
use crate::network::Channel;
use crate::wire;

/// Most double signings that wait to be reported, and most shared keys; a node that sees more reports these first.
const REPORTS_MAX: usize = 64;
/// How many heights a report may wait before it is signed anew.
const REPORT_WINDOW: u64 = 10;

/// What is to be reported. Each has a name, from which the report's salt follows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    DoubleSigning([u8; 32]),
    SharedKey([u8; 32]),
}

/// A report to be signed.
struct Report {
    action: Action,
    /// The last height at which the report sent may be recorded, if one was sent.
    sent: Option<Height>,
}

/// What is not on the ledger yet.
#[derive(Default)]
pub(super) struct Reports {
    open: BTreeMap<Name, Report>,
}

impl Reports {
    /// Keeps a report, unless too many of its kind wait: a flood of one kind must not drown the other.
    fn keep(&mut self, name: Name, action: Action) {
        let of_kind = |other: &&Name| core::mem::discriminant(*other) == core::mem::discriminant(&name);
        if self.open.keys().filter(of_kind).count() < REPORTS_MAX {
            self.open.entry(name).or_insert(Report { action, sent: None });
        }
    }

    fn waiting(&self, tip: Height) -> Vec<Name> {
        let due = |(name, report): (&Name, &Report)| {
            report.sent.is_none_or(|until| until <= tip).then(|| name.clone())
        };
        self.open.iter().filter_map(due).collect()
    }
}

impl Host {
    /// Keeps what proves a double signing until it is recorded.
    pub(super) fn note_evidence(&mut self, evidence: Vec<Evidence>) {
        for one in evidence {
            let (accused, height) = (one.accused(), one.height().get());
            tracing::error!(%accused, height, kind = one.kind().name(), "double signature");
            metrics::counter!("consensus_double_signatures_total").increment(1);
            let name = Name::DoubleSigning(*one.id().as_bytes());
            self.reports.keep(name, Action::ReportDoubleSigning(ReportDoubleSigning { evidence: one }));
        }
    }

    /// Keeps an enrolment that shows a key under two organisations until it is recorded.
    pub(super) fn note_shared_key(&mut self, enrolment: Enrol) {
        let organisation = &enrolment.delegation.organisation;
        tracing::warn!(%organisation, "an enrolment with a key of another organisation");
        metrics::counter!("enrolments_with_shared_keys_total").increment(1);
        let name = Name::SharedKey(sha256(&codec::encode(&enrolment.delegation)));
        self.reports.keep(name, Action::ReportSharedKey(ReportSharedKey { enrolment }));
    }

    /// Signs what waits to be reported, puts it into the mempool and passes it on.
    pub(super) fn report(&mut self) -> Result<(), HostError> {
        if self.reports.open.is_empty() || !self.is_member() {
            return Ok(());
        }
        for name in self.reports.waiting(self.tip.height) {
            self.report_one(name)?;
        }
        Ok(())
    }

    fn report_one(&mut self, name: Name) -> Result<(), HostError> {
        let expiry =
            self.tip.height.next().plus(REPORT_WINDOW.min(self.parts.genesis.parameters.expiry_window));
        let Some(report) = self.sign_report(&name, expiry) else { return Ok(()) };
        let judged = {
            let snapshot = self.parts.store.snapshot()?;
            let time = next_time(&snapshot, &self.tip)?;
            execute::check(&snapshot, &self.tip, time, &report)
        };
        match judged {
            Ok(()) => {}
            Err(Failure::State(error)) => return Err(error.into()),
            // It is recorded, or the ledger does not take it.
            Err(Failure::Rejected(rejection)) => {
                tracing::info!(
                    act = report.payload().action.name(),
                    code = rejection.code(),
                    "not reported again"
                );
                self.reports.open.remove(&name);
                return Ok(());
            }
        }
        let own = self.validators.get(&self.parts.key.public_key()).map(|member| member.organisation.clone());
        let Some(organisation) = own else { return Ok(()) };
        let bytes = report.bytes().to_vec();
        if let Err(refusal) = self.parts.mempool.insert(Arc::new(report), organisation, &mut None) {
            tracing::warn!(%refusal, "a report must wait");
            return Ok(());
        }
        if let Some(report) = self.reports.open.get_mut(&name) {
            report.sent = Some(expiry);
        }
        for frame in wire::gossip(std::iter::once(bytes.as_slice())) {
            if let Err(error) = self.parts.network.broadcast(Channel::Transactions, frame) {
                tracing::warn!(%error, "a report could not be passed on");
            }
        }
        Ok(())
    }

    /// The report: its salt follows from what it is about, so that signing it again for the same height is the same
    /// transaction.
    fn sign_report(&self, name: &Name, expiry: Height) -> Option<Verified> {
        let (Name::DoubleSigning(id) | Name::SharedKey(id)) = name;
        let mut salt = [0; 16];
        salt.iter_mut().zip(id).for_each(|(slot, byte)| *slot = *byte);
        let action = self.reports.open.get(name)?.action.clone();
        let chain = &self.parts.genesis.chain_id;
        let payload = Payload { action, expiry, salt, approvals: Vec::new() };
        let bytes = transaction::sign(chain, &self.parts.key, &payload);
        Verified::decode(chain, &bytes)
            .inspect_err(|error| tracing::error!(%error, "a report of our own does not verify"))
            .ok()
    }
}
