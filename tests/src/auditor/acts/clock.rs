//! The timekeeper steps the clock of a demonstration network (CL01 to CL03).

use ledger::event::Event;
use ledger::procedure::clock::AdvanceClock;

use super::Moment;
use crate::auditor::books::Books;
use crate::auditor::calendar;
use crate::auditor::code::{Code, Faults};

/// Four hundred days, in milliseconds.
const LONGEST_STEP: u64 = 400 * 86_400_000;

pub(super) fn judge(act: &AdvanceClock, moment: &Moment<'_>, faults: &mut Faults) {
    let by = act.by.as_millis();
    faults.when(moment.books.timekeeper.is_none(), Code::ClockIsReal);
    faults.when(by == 0 || by > LONGEST_STEP, Code::ClockStepInvalid);
    faults.when(moment.books.timekeeper != Some(moment.key), Code::NotTheTimekeeper);
}

pub(super) fn enter(act: &AdvanceClock, books: &mut Books) -> Vec<Event> {
    books.clock = books.clock.map(|reads| calendar::later(reads, act.by.as_millis()));
    vec![Event::ClockAdvanced { by: act.by }]
}
