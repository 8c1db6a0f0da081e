//! Reporting double signatures, as the program does: what a node has seen it signs with its voting key and passes on,
//! until the ledger has it or refuses it. A node that is restarted has forgotten.

use std::collections::BTreeMap;

use consensus::Evidence;
use ledger::action::Action;
use ledger::id::{DoubleSigningId, Height};
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::transaction::{self, Payload};

use super::{Answer, Env, Host, Stop};

/// How many heights a report may wait before it is signed anew.
const REPORT_WINDOW: u64 = 10;

/// Double signings that are not on the ledger yet, with the last height at which a report sent may be recorded.
#[derive(Default)]
pub(super) struct Reports(BTreeMap<DoubleSigningId, (Evidence, Option<Height>)>);

impl Host {
    /// Keeps what proves a double signing until it is recorded.
    pub(super) fn note_evidence(&mut self, evidence: &[Evidence]) {
        for one in evidence {
            self.reports.0.entry(one.id()).or_insert_with(|| (one.clone(), None));
        }
    }

    /// Signs what waits to be reported.
    pub(super) fn report(&mut self, env: &mut Env<'_>) -> Result<(), Stop> {
        if self.validators.get(&self.key.public_key()).is_none() {
            return Ok(());
        }
        let late = |sent: &Option<Height>| sent.is_none_or(|until| until <= self.tip.height);
        let waiting = self.reports.0.iter().filter(|(_, (_, sent))| late(sent));
        let waiting: Vec<_> = waiting.map(|(id, (evidence, _))| (*id, evidence.clone())).collect();
        for (id, evidence) in waiting {
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
                Answer::Waits => {
                    if let Some((_, sent)) = self.reports.0.get_mut(&id) {
                        *sent = Some(expiry);
                    }
                }
                Answer::Refused("mempool") => {}
                Answer::Recorded | Answer::Refused(_) => drop(self.reports.0.remove(&id)),
            }
        }
        Ok(())
    }
}
