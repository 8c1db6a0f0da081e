//! Reporting double signatures: a node that sees one signs a report with its voting key.
//!
//! What waits to be reported is kept in memory only. A node that ends before its report is recorded forgets it;
//! the double signing is then reported if another node saw it too.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::{Evidence, Signer as _};
use ledger::action::Action;
use ledger::execute::{self, Failure};
use ledger::id::{DoubleSigningId, Height};
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::transaction::{self, Payload, Verified};

use super::clock::next_time;
use super::{Host, HostError};
use crate::network::Channel;
use crate::wire;

/// Most double signings that wait to be reported; a node that sees more reports these first.
const REPORTS_MAX: usize = 64;
/// How many heights a report may wait before it is signed anew.
const REPORT_WINDOW: u64 = 10;

/// Double signings that are not on the ledger yet.
#[derive(Default)]
pub(super) struct Reports {
    /// The evidence, and the last height at which the report sent may be recorded, if one was sent.
    open: BTreeMap<DoubleSigningId, (Evidence, Option<Height>)>,
}

impl Reports {
    fn is_waiting(&self, tip: Height) -> bool {
        self.open.values().any(|(_, sent)| sent.is_none_or(|until| until <= tip))
    }
}

impl Host {
    /// Keeps what proves a double signing until it is recorded.
    pub(super) fn note_evidence(&mut self, evidence: Vec<Evidence>) {
        for one in evidence {
            let (accused, height) = (one.accused(), one.height().get());
            tracing::error!(%accused, height, kind = one.kind().name(), "double signature");
            metrics::counter!("consensus_double_signatures_total").increment(1);
            if self.reports.open.len() < REPORTS_MAX {
                self.reports.open.entry(one.id()).or_insert((one, None));
            }
        }
    }

    /// Signs what waits to be reported, puts it into the mempool and passes it on.
    pub(super) fn report(&mut self) -> Result<(), HostError> {
        if !self.is_member() || !self.reports.is_waiting(self.tip.height) {
            return Ok(());
        }
        let waiting: Vec<_> =
            self.reports.open.iter().map(|(id, (evidence, _))| (*id, evidence.clone())).collect();
        for (id, evidence) in waiting {
            let sent = self.reports.open.get(&id).and_then(|(_, sent)| *sent);
            if sent.is_none_or(|until| until <= self.tip.height) {
                self.report_one(id, evidence)?;
            }
        }
        Ok(())
    }

    fn report_one(&mut self, id: DoubleSigningId, evidence: Evidence) -> Result<(), HostError> {
        let expiry =
            self.tip.height.next().plus(REPORT_WINDOW.min(self.parts.genesis.parameters.expiry_window));
        let Some(report) = self.sign_report(id, evidence, expiry) else { return Ok(()) };
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
                tracing::info!(%id, code = rejection.code(), "a double signing is not reported again");
                self.reports.open.remove(&id);
                return Ok(());
            }
        }
        let own = self.validators.get(&self.parts.key.public_key()).map(|member| member.organisation.clone());
        let Some(organisation) = own else { return Ok(()) };
        let bytes = report.bytes().to_vec();
        if let Err(refusal) = self.parts.mempool.insert(Arc::new(report), organisation, &mut None) {
            tracing::warn!(%refusal, "a report of a double signing must wait");
            return Ok(());
        }
        if let Some((_, sent)) = self.reports.open.get_mut(&id) {
            *sent = Some(expiry);
        }
        for frame in wire::gossip(std::iter::once(bytes.as_slice())) {
            if let Err(error) = self.parts.network.broadcast(Channel::Transactions, frame) {
                tracing::warn!(%error, "a report of a double signing could not be passed on");
            }
        }
        Ok(())
    }

    /// The report: its salt follows from the record, so that signing it again for the same height is the same
    /// transaction.
    fn sign_report(&self, id: DoubleSigningId, evidence: Evidence, expiry: Height) -> Option<Verified> {
        let mut salt = [0; 16];
        salt.iter_mut().zip(id.as_bytes()).for_each(|(slot, byte)| *slot = *byte);
        let action = Action::ReportDoubleSigning(ReportDoubleSigning { evidence });
        let chain = &self.parts.genesis.chain_id;
        let (key, payload) = (&self.parts.key, Payload { action, expiry, salt });
        let signed = transaction::sign_with(chain, &key.public_key(), &payload, |bytes| key.sign(bytes));
        let bytes = signed.inspect_err(|error| tracing::error!(%error, "a report is not signed")).ok()?;
        Verified::decode(chain, &bytes)
            .inspect_err(|error| tracing::error!(%error, "a report of our own does not verify"))
            .ok()
    }
}
