//! Reporting double signatures: a node that sees one signs a report with its voting key.
//!
//! What waits to be reported is on disk, so that a node that ends before its report is recorded signs it again.

use std::sync::Arc;

use consensus::Evidence;
use ledger::action::Action;
use ledger::execute::{self, Failure};
use ledger::id::{DoubleSigningId, Height};
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::transaction::{self, Payload, Verified};

use super::clock::next_time;
use super::{Host, HostError};
use crate::network::Channel;
use crate::wire;

/// How many heights a report may wait before it is signed anew.
const REPORT_WINDOW: u64 = 10;

impl Host {
    /// Keeps what proves a double signing until it is recorded.
    pub(super) fn note_evidence(&mut self, evidence: Evidence) {
        let (accused, height) = (evidence.accused(), evidence.height().get());
        tracing::error!(%accused, height, kind = evidence.kind().name(), "double signature");
        metrics::counter!("consensus_double_signatures_total").increment(1);
        if self.reports.note(evidence) {
            self.keep_reports();
        }
    }

    /// A report that cannot be kept on disk is kept in memory all the same.
    fn keep_reports(&self) {
        if let Err(error) = self.reports.write(&self.parts.reports_path) {
            tracing::error!(%error, "what is to be reported of double signings is not on disk");
        }
    }

    /// Signs what waits to be reported, puts it into the mempool and passes it on.
    pub(super) fn report(&mut self) -> Result<(), HostError> {
        if !self.is_member() {
            return Ok(());
        }
        self.reports
            .waiting(self.tip.height)
            .into_iter()
            .try_for_each(|(id, evidence)| self.report_one(id, evidence))
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
                self.reports.settled(&id);
                self.keep_reports();
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
        self.reports.sent(&id, expiry);
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
        let bytes = transaction::sign(chain, &self.parts.key, &Payload { action, expiry, salt });
        Verified::decode(chain, &bytes)
            .inspect_err(|error| tracing::error!(%error, "a report of our own does not verify"))
            .ok()
    }
}
