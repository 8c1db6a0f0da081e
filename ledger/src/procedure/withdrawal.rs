//! A bidder withdraws a sealed bid before the deadline (撤回).

use minicbor::{Decode, Encode};

use super::bid::check_sequence;
use super::{Context, Procedure, opening};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_tender_stage;
use crate::execute::rejection::Rejection;
use crate::id::TenderId;
use crate::record::bid::{Bid, BidStatus, BidTally};
use crate::state::StateError;
use crate::state::keys::{BidKey, BidTallyKey};

/// A withdrawal, signed with the bid's one-time key. Another version may follow before the deadline.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct WithdrawBid {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// Number of the act under this key.
    #[n(1)]
    pub sequence: u32,
}

impl Procedure for WithdrawBid {
    type Checked = (Bid, BidTally);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let tender = context.tender(&self.tender)?;
        check_tender_stage("withdraw_bid", tender.stage)?;
        if context.time >= tender.closes_at {
            return Err(Rejection::DeadlinePassed.into());
        }
        let found = context.state.read(&BidKey(&context.key))?.filter(|bid| bid.tender == self.tender);
        check_sequence(self.sequence, found.as_ref())?;
        let bid = found.filter(|bid| bid.status == BidStatus::Live).ok_or(Rejection::BidUnknown)?;
        let tally = context.state.read(&BidTallyKey(&self.tender))?.unwrap_or_default();
        Ok((bid, tally))
    }

    fn apply(
        &self,
        (mut bid, mut tally): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        opening::forget(context.state, &bid);
        bid.status = BidStatus::Withdrawn;
        bid.sequence = self.sequence;
        tally.live = tally.live.saturating_sub(1);
        context.state.write(&BidKey(&bid.key), &bid);
        context.state.write(&BidTallyKey(&self.tender), &tally);
        context.events.push(Event::BidWithdrawn { tender: self.tender, bid: bid.id });
        Ok(())
    }
}
