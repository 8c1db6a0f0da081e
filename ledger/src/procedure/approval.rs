//! A member approves a proposed change.

use minicbor::{Decode, Encode};

use super::change::{before_governance, check_member, judge, members, put_change, settle};
use super::{Context, Procedure};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::governance::{Approval, ChangeStatus, ProposedChange};
use crate::id::ChangeId;
use crate::state::StateError;
use crate::state::keys::ChangeKey;

/// An approval. The change takes effect with the block in which a quorum of the members stands behind it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ApproveChange {
    /// Which change.
    #[n(0)]
    pub change: ChangeId,
}

impl Procedure for ApproveChange {
    type Checked = ProposedChange;

    fn check(&self, context: &Context<'_, '_>) -> Result<ProposedChange, Failure> {
        let found = context.state.read(&ChangeKey(&self.change))?;
        // The change is judged again at every approval: what it was to change may have changed meanwhile.
        let judged = match &found {
            Some(proposed) if proposed.status == ChangeStatus::Open => judge(&proposed.change, context),
            _ => Ok(()),
        };
        before_governance(&judged)?;
        check_member(context)?;
        let proposed = found.ok_or(Rejection::ChangeUnknown)?;
        if proposed.status != ChangeStatus::Open {
            return Err(Rejection::ChangeClosed.into());
        }
        let members = members(context)?;
        // When members have left, the approvals that stand may have become a quorum; then one of those
        // that gave them puts the change into effect by saying so again.
        let waits = proposed.approvals_of(&members) < members.quorum();
        if waits && proposed.is_approved_by(&context.signer.code) {
            return Err(Rejection::AlreadyApproved.into());
        }
        judged?;
        Ok(proposed)
    }

    fn apply(&self, mut proposed: ProposedChange, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let by = context.signer.code.clone();
        if !proposed.is_approved_by(&by) {
            proposed.approvals.push(Approval { organisation: by.clone(), at: context.time });
        }
        put_change(context.state, &proposed);
        context.events.push(Event::ChangeApproved { change: proposed.id, by });
        settle(proposed, context)
    }
}
