//! A centre registers its seat key of a sealing epoch.

use minicbor::{Decode, Encode};
use sealing::Proof;
use sealing::element::Element;
use sealing::seat::Registration;
use sealing::suite::Ristretto255;

use super::epoch::{self, centre_id};
use super::{Context, Procedure};
use crate::crypto::Signature;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::record::seat::{SealingEpoch, SeatKey, SeatPublicKey};
use crate::state::StateError;
use crate::state::keys::{SealingEpochKey, SeatKeyHolderKey, SeatKeyKey};

/// A centre's seat key for the next epoch, or for the present one while that has no committee.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RegisterSeatKey {
    /// The epoch.
    #[n(0)]
    pub epoch: u64,
    /// The key, fresh for this epoch.
    #[n(1)]
    pub key: SeatPublicKey,
    /// Proof that the centre holds the secret key: a Schnorr proof of 64 bytes.
    #[n(2)]
    pub possession: Signature,
}

impl RegisterSeatKey {
    fn check_epoch(&self, now: Option<&SealingEpoch>) -> Result<(), Rejection> {
        let open = match now {
            None => self.epoch == 1,
            Some(now) if now.formed => self.epoch == now.number.saturating_add(1),
            Some(now) => self.epoch == now.number || self.epoch == now.number.saturating_add(1),
        };
        if open { Ok(()) } else { Err(Rejection::SealingEpochClosed) }
    }

    /// Judged last, because it costs the most.
    fn check_possession(&self, context: &Context<'_, '_>) -> Result<(), Rejection> {
        let wrong = Rejection::SeatKeyNotProven;
        let key = Element::<Ristretto255>::decode(self.key.as_bytes()).map_err(|_| wrong)?;
        let proof = Proof::decode(self.possession.as_bytes()).map_err(|_| wrong)?;
        let (chain_id, epoch) = (context.chain.as_str(), self.epoch);
        let registration = Registration { chain_id, epoch, centre: centre_id(&context.signer.code) };
        registration.verify_possession(&key, &proof).map_err(|_| wrong)
    }
}

impl Procedure for RegisterSeatKey {
    type Checked = Option<SealingEpoch>;

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let now = context.state.read(&SealingEpochKey)?;
        self.check_epoch(now.as_ref())?;
        if context.state.read(&SeatKeyKey(self.epoch, &context.signer.code))?.is_some() {
            return Err(Rejection::SeatKeyExists.into());
        }
        if context.state.read(&SeatKeyHolderKey(&self.key))?.is_some() {
            return Err(Rejection::SeatKeyUsed.into());
        }
        self.check_possession(context)?;
        Ok(now)
    }

    fn apply(&self, now: Self::Checked, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let (centre, epoch, at) = (context.signer.code.clone(), self.epoch, context.time);
        let record = SeatKey { epoch, centre: centre.clone(), key: self.key, at };
        context.state.write(&SeatKeyKey(epoch, &centre), &record);
        context.state.write(&SeatKeyHolderKey(&self.key), &centre);
        context.events.push(Event::SeatKeyRegistered { epoch, centre });
        let (state, events) = (&mut *context.state, &mut context.events);
        match now {
            // The first key of all begins the first epoch.
            None => epoch::begin(state, events, at, context.chain, epoch),
            Some(now) => epoch::form(state, events, at, now),
        }
    }
}
