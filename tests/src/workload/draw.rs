//! What is drawn before it is signed.

use ledger::action::Action;
use ledger::crypto::PublicKey;

use crate::auditor::code::Code;

/// An act, who signs it and until which height it stands.
#[derive(Clone, Debug)]
pub(super) struct Draw {
    /// The signer.
    pub(super) key: PublicKey,
    /// The act.
    pub(super) action: Action,
    /// The last height at which it may be recorded.
    pub(super) expiry: u64,
    /// Keys that approve it.
    pub(super) approvals: Vec<PublicKey>,
    /// The refusal at which it aims.
    pub(super) aim: Option<Code>,
}

impl Draw {
    /// The same with a refusal as its aim.
    pub(super) fn aimed(mut self, code: Code) -> Self {
        self.aim = Some(code);
        self
    }

    /// The same with approvals, in the order of their keys.
    pub(super) fn approved(mut self, by: impl IntoIterator<Item = PublicKey>) -> Self {
        self.approvals.extend(by);
        self.approvals.sort_unstable();
        self
    }
}
