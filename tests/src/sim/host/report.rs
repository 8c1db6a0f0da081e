//! Reporting double signatures, as the program does: what a node has seen it signs with its voting key and passes on,
//! until the ledger has it or refuses it.

use consensus::Evidence;
use ledger::action::Action;
use ledger::event::Recorded;
use ledger::id::DoubleSigningId;
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::transaction::{self, Payload};

use super::{Answer, Effect, Env, Host, Stop};

/// How many heights a report may wait before it is signed anew.
const REPORT_WINDOW: u64 = 10;

impl Host {
    /// Keeps what proves a double signing until it is recorded.
    pub(super) fn note_evidence(&mut self, env: &mut Env<'_>, evidence: Evidence) {
        let new = self.reports.note(evidence.clone());
        let kept = !env.disk.habits.full && self.reports.holds(&evidence.id());
        if new && kept {
            env.disk.reports = self.reports.encode();
        }
        env.out.push(Effect::Accused { evidence: Box::new(evidence), kept });
    }

    /// Takes note of the double signings that a block has recorded.
    pub(super) fn note_recorded(&mut self, env: &mut Env<'_>, events: &[Recorded]) {
        if self.reports.committed(events) {
            env.disk.reports = self.reports.encode();
        }
    }

    /// Whether a double signing waits to be on the ledger.
    #[must_use]
    pub fn is_to_report(&self, id: &DoubleSigningId) -> bool {
        self.reports.holds(id)
    }

    /// Signs what waits to be reported.
    pub(super) fn report(&mut self, env: &mut Env<'_>) -> Result<(), Stop> {
        if self.validators.get(&self.key.public_key()).is_none() {
            return Ok(());
        }
        for (id, evidence) in self.reports.waiting(self.tip.height) {
            let expiry = self.tip.height.next().plus(REPORT_WINDOW);
            let mut salt = [0; 16];
            salt.copy_from_slice(&id.as_bytes()[..16]);
            let action = Action::ReportDoubleSigning(ReportDoubleSigning { evidence });
            let bytes = transaction::sign(
                env.chain.id(),
                &self.key,
                &Payload { action, expiry, salt, approvals: Vec::new() },
            );
            match self.submit(env, &bytes)? {
                Answer::Waits => self.reports.sent(&id, expiry),
                Answer::Refused("mempool") => {}
                Answer::Recorded | Answer::Refused(_) => {
                    self.reports.settled(&id);
                    env.disk.reports = self.reports.encode();
                }
            }
        }
        Ok(())
    }
}
