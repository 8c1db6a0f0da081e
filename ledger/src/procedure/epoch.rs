//! Sealing epochs: when one begins, and when its committee forms.

use std::collections::BTreeMap;
use std::rc::Rc;

use sealing::committee::{Committee as Sealed, Member, SEATS_MIN, default_threshold};
use sealing::element::Element;
use sealing::id::CentreId;
use sealing::suite::Ristretto255;

use super::{change, schedule, unschedule};
use crate::event::Event;
use crate::hash::tagged;
use crate::id::{ChainId, CreditCode, TenderId};
use crate::record::Due;
use crate::record::seat::{Committee, CommitteeId, SealingEpoch, Seat};
use crate::state::keys::{CommitteeKey, SealingEpochKey, SeatKeyKey};
use crate::state::{Overlay, StateError};
use crate::time::{BlockTime, DAY_MS, Span};

/// How long an epoch lasts at most.
pub const EPOCH_LENGTH: Span = Span::from_millis(90 * DAY_MS);
/// How long a committee waits for the seat keys of all members.
pub const FORMATION_WAIT: Span = Span::from_millis(DAY_MS);

/// How the sealing scheme names a centre: SHA-256 of the text `zhulian/centre/1`, a zero byte and the credit code.
pub fn centre_id(code: &CreditCode) -> CentreId {
    CentreId::from_bytes(tagged("zhulian/centre/1", &[code.as_str().as_bytes()]))
}

impl TenderId {
    /// The tender as the sealing scheme names it.
    pub const fn sealed(&self) -> sealing::id::TenderId {
        sealing::id::TenderId::from_bytes(*self.as_bytes())
    }
}

/// A committee as the sealing scheme has it, from its record: what seats give their shares with, and bidders seal to.
///
/// # Errors
/// [`StateError`] when the record is no committee.
pub fn sealed(committee: &Committee, chain: &ChainId) -> Result<Sealed, StateError> {
    let damaged = |e: &dyn core::fmt::Display| {
        StateError::Store(format!("the record of committee {} is none: {e}", committee.epoch))
    };
    let member = |seat: &Seat| {
        let key = Element::<Ristretto255>::decode(seat.key.as_bytes()).map_err(|e| damaged(&e))?;
        Ok(Member { centre: centre_id(&seat.centre), key })
    };
    let members = committee.seats.iter().map(member).collect::<Result<Vec<_>, StateError>>()?;
    let k = usize::from(committee.k);
    Sealed::new(chain.as_str(), committee.epoch, k, members).map_err(|e| damaged(&e))
}

/// The same for the committee of an epoch, made once a block: it never changes.
pub(super) fn sealed_committee(state: &Overlay<'_>, number: u64) -> Result<Rc<Sealed>, StateError> {
    state.derived(&CommitteeKey(number), |committee| {
        let missing = || StateError::Store("there is a committee and no epoch".into());
        let epoch = state.read(&SealingEpochKey)?.ok_or_else(missing)?;
        sealed(&committee, &epoch.chain)
    })
}

/// Begins an epoch; its committee forms at once if every member has a seat key for it.
pub(super) fn begin(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    now: BlockTime,
    chain: &ChainId,
    number: u64,
) -> Result<(), StateError> {
    let (forms_at, ends_at) = (now.plus(FORMATION_WAIT), now.plus(EPOCH_LENGTH));
    let epoch =
        SealingEpoch { number, began_at: now, forms_at, ends_at, formed: false, chain: chain.clone() };
    state.write(&SealingEpochKey, &epoch);
    schedule(state, forms_at, Due::CommitteeForms(number));
    schedule(state, ends_at, Due::SealingEpochEnds(number));
    events.push(Event::SealingEpochBegan { epoch: number, ends_at });
    form(state, events, now, epoch)
}

/// Begins the next epoch, if there are any, because the members have changed or the present one has ended.
pub(super) fn succeed(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    now: BlockTime,
) -> Result<(), StateError> {
    let Some(epoch) = state.read(&SealingEpochKey)? else { return Ok(()) };
    unschedule(state, epoch.forms_at, Due::CommitteeForms(epoch.number));
    unschedule(state, epoch.ends_at, Due::SealingEpochEnds(epoch.number));
    begin(state, events, now, &epoch.chain, epoch.number.saturating_add(1))
}

/// The committee that tenders pin now.
pub(super) fn committee(state: &Overlay<'_>) -> Result<Option<Committee>, StateError> {
    match state.read(&SealingEpochKey)? {
        Some(epoch) if epoch.formed => state.read(&CommitteeKey(epoch.number)),
        _ => Ok(None),
    }
}

/// Forms the committee if every member has a seat key, or if the wait for the others is over.
pub(super) fn form(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    now: BlockTime,
    mut epoch: SealingEpoch,
) -> Result<(), StateError> {
    if epoch.formed {
        return Ok(());
    }
    let members = change::members(state)?;
    let mut keys = Vec::new();
    for member in members.iter() {
        keys.extend(state.read(&SeatKeyKey(epoch.number, &member.organisation))?);
    }
    let waits = keys.len() < members.len() && now < epoch.forms_at;
    if waits || keys.len() < SEATS_MIN {
        return Ok(());
    }
    let mut codes = BTreeMap::new();
    let mut seated = Vec::new();
    for seat in keys {
        let damaged = |_| StateError::Store("a registered seat key is no point".into());
        let key = Element::<Ristretto255>::decode(seat.key.as_bytes()).map_err(damaged)?;
        let centre = centre_id(&seat.centre);
        seated.push(Member { centre, key });
        codes.insert(centre, Seat { centre: seat.centre, key: seat.key });
    }
    let k = default_threshold(seated.len());
    let sealed = Sealed::new(epoch.chain.as_str(), epoch.number, k, seated)
        .map_err(|e| StateError::Store(format!("members form no committee: {e}")))?;
    let id = sealed.id().as_bytes().try_into().map(CommitteeId);
    let committee = Committee {
        id: id.map_err(|_| StateError::Store("a committee's name has not 64 bytes".into()))?,
        epoch: epoch.number,
        k: u8::try_from(k).unwrap_or(u8::MAX),
        // Both orders are that of the names in the sealing scheme.
        seats: codes.into_values().collect(),
        formed_at: now,
    };
    epoch.formed = true;
    unschedule(state, epoch.forms_at, Due::CommitteeForms(epoch.number));
    state.write(&SealingEpochKey, &epoch);
    state.write(&CommitteeKey(epoch.number), &committee);
    let seats = u32::try_from(committee.seats.len()).unwrap_or(u32::MAX);
    events.push(Event::CommitteeFormed { epoch: epoch.number, seats, needed: u32::from(committee.k) });
    Ok(())
}
