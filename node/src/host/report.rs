//! Reporting double signatures and shared keys: a node that sees one signs a report with its voting key.
//!
//! Double signatures that wait to be reported are on disk, so that a node that ends before its report is recorded
//! signs it again. Shared keys wait in memory: who shares a key enrols again, and is seen again.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::{Evidence, Signer as _};
use ledger::action::Action;
use ledger::codec;
use ledger::event::Recorded;
use ledger::execute::{self, Failure};
use ledger::governance::cosigner_bytes;
use ledger::hash::sha256;
use ledger::id::Height;
use ledger::procedure::cosigner::RegisterCosigner;
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::procedure::enrolment::Enrol;
use ledger::procedure::shared_key::ReportSharedKey;
use ledger::transaction::{self, Payload, Verified};

use super::clock::next_time;
use super::{Host, HostError};
use crate::network::Channel;
use crate::wire;

/// Most shared keys that wait to be reported; a node that sees more reports these first.
const SHARED_KEYS_MAX: usize = 64;
/// How many heights a report may wait before it is signed anew.
const REPORT_WINDOW: u64 = 10;

/// Enrolments that show a key under two organisations and are not on the ledger yet, with the last height at which
/// the report sent may be recorded, if one was sent.
#[derive(Default)]
pub(super) struct SharedKeys(BTreeMap<[u8; 32], (Enrol, Option<Height>)>);

/// What is known of the registration of the keys that sign checkpoints.
#[derive(Default)]
pub(super) enum CosignerSent {
    /// Nothing: it is to be looked up.
    #[default]
    Unknown,
    /// A registration is under way, which may be recorded up to this height.
    Until(Height),
    /// They are registered, or the ledger does not take them.
    Settled,
}

/// What became of a report.
enum Outcome {
    /// It waits for a block until this height.
    Sent(Height),
    /// It is recorded, or the ledger does not take it.
    Settled,
    /// It can be tried again later.
    Waits,
}

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

    /// Takes note of the double signings that a block has recorded.
    pub(super) fn note_recorded(&mut self, events: &[Recorded]) {
        if self.reports.committed(events) {
            self.keep_reports();
        }
    }

    /// A report that cannot be kept on disk is kept in memory all the same.
    fn keep_reports(&self) {
        if let Err(error) = self.reports.write(&self.parts.reports_path) {
            tracing::error!(%error, "what is to be reported of double signings is not on disk");
        }
    }

    /// Keeps an enrolment that shows a key under two organisations until it is recorded.
    pub(super) fn note_shared_key(&mut self, enrolment: Enrol) {
        let organisation = &enrolment.delegation.organisation;
        tracing::warn!(%organisation, "an enrolment with a key of another organisation");
        metrics::counter!("enrolments_with_shared_keys_total").increment(1);
        if self.shared_keys.0.len() < SHARED_KEYS_MAX {
            let name = sha256(&codec::encode(&enrolment.delegation));
            self.shared_keys.0.entry(name).or_insert((enrolment, None));
        }
    }

    /// Signs what waits to be reported, puts it into the mempool and passes it on.
    pub(super) fn report(&mut self) -> Result<(), HostError> {
        if !self.is_member() {
            return Ok(());
        }
        for (id, evidence) in self.reports.waiting(self.tip.height) {
            let action = Action::ReportDoubleSigning(ReportDoubleSigning { evidence });
            match self.report_one(action, id.as_bytes())? {
                Outcome::Sent(until) => self.reports.sent(&id, until),
                Outcome::Settled => {
                    self.reports.settled(&id);
                    self.keep_reports();
                }
                Outcome::Waits => {}
            }
        }
        let tip = self.tip.height;
        let is_due = |sent: &Option<Height>| sent.is_none_or(|until| until <= tip);
        let due = self.shared_keys.0.iter().filter(|(_, (_, sent))| is_due(sent));
        let due: Vec<_> = due.map(|(name, (enrolment, _))| (*name, enrolment.clone())).collect();
        for (name, enrolment) in due {
            match self.report_one(Action::ReportSharedKey(ReportSharedKey { enrolment }), &name)? {
                Outcome::Sent(until) => {
                    self.shared_keys.0.entry(name).and_modify(|(_, sent)| *sent = Some(until));
                }
                Outcome::Settled => {
                    self.shared_keys.0.remove(&name);
                }
                Outcome::Waits => {}
            }
        }
        self.register_cosigner()
    }

    /// Names the keys that sign checkpoints, if the ledger does not know them as this member's.
    fn register_cosigner(&mut self) -> Result<(), HostError> {
        match self.cosigner {
            CosignerSent::Settled => return Ok(()),
            CosignerSent::Until(height) if self.tip.height < height => return Ok(()),
            CosignerSent::Until(_) | CosignerSent::Unknown => {}
        }
        let own = self.validators.get(&self.parts.key.public_key()).map(|own| own.organisation.clone());
        let Some(own) = own else { return Ok(()) };
        let [log_key, cosigning_key] = self.parts.checkpoint_keys.public();
        let message = cosigner_bytes(&self.parts.genesis.chain_id, &own, &log_key, &cosigning_key);
        let keys = &self.parts.checkpoint_keys;
        let (log_proof, cosigning_proof) = (keys.log.sign(&message), keys.cosigning.sign(&message));
        let act = RegisterCosigner { log_key, cosigning_key, log_proof, cosigning_proof };
        self.cosigner = match self.report_one(Action::RegisterCosigner(act), &sha256(&message))? {
            Outcome::Sent(until) => CosignerSent::Until(until),
            Outcome::Settled => CosignerSent::Settled,
            Outcome::Waits => CosignerSent::Unknown,
        };
        Ok(())
    }

    fn report_one(&self, action: Action, name: &[u8; 32]) -> Result<Outcome, HostError> {
        let expiry =
            self.tip.height.next().plus(REPORT_WINDOW.min(self.parts.genesis.parameters.expiry_window));
        let Some(report) = self.sign_report(action, name, expiry) else { return Ok(Outcome::Waits) };
        let judged = {
            let snapshot = self.parts.store.snapshot()?;
            let time = next_time(&snapshot, &self.tip)?;
            execute::check(&snapshot, &self.tip, time, &report)
        };
        match judged {
            Ok(()) => {}
            Err(Failure::State(error)) => return Err(error.into()),
            Err(Failure::Rejected(rejection)) => {
                let act = report.payload().action.name();
                tracing::info!(act, code = rejection.code(), "not reported again");
                return Ok(Outcome::Settled);
            }
        }
        let own = self.validators.get(&self.parts.key.public_key()).map(|member| member.organisation.clone());
        let Some(organisation) = own else { return Ok(Outcome::Waits) };
        let bytes = report.bytes().to_vec();
        if let Err(refusal) = self.parts.mempool.insert(Arc::new(report), organisation, &mut None) {
            tracing::warn!(%refusal, "a report must wait");
            return Ok(Outcome::Waits);
        }
        for frame in wire::gossip(std::iter::once(bytes.as_slice())) {
            if let Err(error) = self.parts.network.broadcast(Channel::Transactions, frame) {
                tracing::warn!(%error, "a report could not be passed on");
            }
        }
        Ok(Outcome::Sent(expiry))
    }

    /// The report: its salt follows from what it is about, so that signing it again for the same height is the same
    /// transaction.
    fn sign_report(&self, action: Action, name: &[u8; 32], expiry: Height) -> Option<Verified> {
        let mut salt = [0; 16];
        salt.iter_mut().zip(name).for_each(|(slot, byte)| *slot = *byte);
        let chain = &self.parts.genesis.chain_id;
        let key = &self.parts.key;
        let payload = Payload { action, expiry, salt, approvals: Vec::new() };
        let signed = transaction::sign_with(chain, &key.public_key(), &payload, |bytes| key.sign(bytes));
        let bytes = signed.inspect_err(|error| tracing::error!(%error, "a report is not signed")).ok()?;
        Verified::decode(chain, &bytes)
            .inspect_err(|error| tracing::error!(%error, "a report of our own does not verify"))
            .ok()
    }
}
