//! A member proposes a change.

use minicbor::{Decode, Encode};

use super::change::{before_governance, check_member, judge, put_change, settle};
use super::{Context, Procedure, schedule};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::governance::{Approval, CHANGE_VALIDITY, Change, ChangeStatus, MAX_OPEN_CHANGES, ProposedChange};
use crate::id::ChangeId;
use crate::record::Due;
use crate::state::StateError;
use crate::state::keys::OpenChangesKey;

/// A proposal, which is its proposer's approval too. The change is named after the transaction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProposeChange {
    /// What is to change.
    #[n(0)]
    pub change: Change,
}

impl Procedure for ProposeChange {
    type Checked = u32;

    fn check(&self, context: &Context<'_, '_>) -> Result<u32, Failure> {
        let judged = judge(&self.change, context);
        before_governance(&judged)?;
        check_member(context)?;
        let open = context.state.read(&OpenChangesKey(&context.signer.code))?.unwrap_or(0);
        if open >= MAX_OPEN_CHANGES {
            return Err(Rejection::TooManyOpenChanges.into());
        }
        judged?;
        Ok(open)
    }

    fn apply(&self, open: u32, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let id = ChangeId::from_bytes(*context.transaction.as_bytes());
        let proposer = context.signer.code.clone();
        let proposed = ProposedChange {
            id,
            change: self.change.clone(),
            proposer: proposer.clone(),
            proposed_at: context.time,
            expires_at: context.time.plus(CHANGE_VALIDITY),
            approvals: vec![Approval { organisation: proposer.clone(), at: context.time }],
            status: ChangeStatus::Open,
        };
        context.state.write(&OpenChangesKey(&proposer), &open.saturating_add(1));
        schedule(context.state, proposed.expires_at, Due::ChangeExpires(id));
        put_change(context.state, &proposed);
        let expires_at = proposed.expires_at;
        context.events.push(Event::ChangeProposed { change: id, by: proposer, expires_at });
        settle(proposed, context)
    }
}
