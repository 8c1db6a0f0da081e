//! The timekeeper of a demonstration network moves its clock forward.

use minicbor::{Decode, Encode};

use super::{Context, Procedure};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::record::{Clock, SteppedClock};
use crate::state::StateError;
use crate::state::keys::SteppedClockKey;
use crate::time::{DAY_MS, Span};

/// A step of the clock. It takes effect from the next block on, and being on the ledger it is the same
/// for every node, for catching up and for an audit.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AdvanceClock {
    /// How far, 1 ms to 400 days.
    #[n(0)]
    pub by: Span,
}

/// Longest step.
pub const MAX_STEP: Span = Span::from_millis(400 * DAY_MS);

impl Procedure for AdvanceClock {
    type Checked = SteppedClock;

    fn check(&self, context: &Context<'_, '_>) -> Result<SteppedClock, Failure> {
        let Clock::Stepped { timekeeper } = &context.parameters.clock else {
            return Err(Rejection::ClockIsReal.into());
        };
        if self.by.as_millis() == 0 || self.by > MAX_STEP {
            return Err(Rejection::ClockStepInvalid.into());
        }
        if *timekeeper != context.key {
            return Err(Rejection::NotTheTimekeeper.into());
        }
        let clock = context.state.read(&SteppedClockKey)?.ok_or(Rejection::ClockIsReal)?;
        Ok(SteppedClock { reads: clock.reads.plus(self.by) })
    }

    fn apply(&self, clock: SteppedClock, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        context.state.write(&SteppedClockKey, &clock);
        context.events.push(Event::ClockAdvanced { by: self.by });
        Ok(())
    }
}
