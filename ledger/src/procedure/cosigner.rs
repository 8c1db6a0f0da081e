//! A member names the keys with which its node signs checkpoints.

use minicbor::{Decode, Encode};

use super::change::members;
use super::{Context, Procedure};
use crate::crypto::{PublicKey, Signature, verify};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::governance::{Cosigner, cosigner_bytes};
use crate::state::StateError;
use crate::state::keys::{CosignerHolderKey, CosignerKey, KeyHolderKey};

/// The two keys, of which each has signed that it is to sign for this organisation. They are in force at once, and replace
/// those that the organisation had.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RegisterCosigner {
    /// Signs checkpoints for the log (signed-note, type 1).
    #[n(0)]
    pub log_key: PublicKey,
    /// Cosigns them with a time (tlog-cosignature, type 4).
    #[n(1)]
    pub cosigning_key: PublicKey,
    /// Signature of [`cosigner_bytes`] by the log key.
    #[n(2)]
    pub log_proof: Signature,
    /// Signature of [`cosigner_bytes`] by the cosigning key.
    #[n(3)]
    pub cosigning_proof: Signature,
}

impl Procedure for RegisterCosigner {
    type Checked = ();

    fn check(&self, context: &Context<'_, '_>) -> Result<(), Failure> {
        let own = &context.signer.code;
        let members = members(context.state)?;
        if members.of(own).is_none() {
            return Err(Rejection::CosignerNotMember.into());
        }
        let keys = [&self.log_key, &self.cosigning_key];
        if self.log_key == self.cosigning_key || !keys.iter().all(|key| key.is_strong()) {
            return Err(Rejection::InvalidCosignerKeys.into());
        }
        let now = context.state.read(&CosignerKey(own))?;
        let kept = |key: &PublicKey| {
            now.as_ref().is_some_and(|now| match key == &self.log_key {
                true => now.log_key == *key,
                false => now.cosigning_key == *key,
            })
        };
        if keys.iter().all(|key| kept(key)) {
            return Err(Rejection::CosignerUnchanged.into());
        }
        for key in keys {
            let votes = members.iter().any(|member| [&member.public_key, &member.network_key].contains(&key));
            let speaks = context.state.read(&KeyHolderKey(key))?.is_some();
            let cosigns = context.state.read(&CosignerHolderKey(key))?.is_some() && !kept(key);
            if votes || speaks || cosigns {
                return Err(Rejection::CosignerKeyInUse.into());
            }
        }
        let message = cosigner_bytes(context.chain, own, &self.log_key, &self.cosigning_key);
        let proven = verify(&self.log_key, &message, &self.log_proof)
            .and_then(|()| verify(&self.cosigning_key, &message, &self.cosigning_proof));
        proven.map_err(|_| Rejection::CosignerNotProven.into())
    }

    fn apply(&self, (): (), context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let organisation = context.signer.code.clone();
        let (log_key, cosigning_key) = (self.log_key, self.cosigning_key);
        for key in [&log_key, &cosigning_key] {
            context.state.write(&CosignerHolderKey(key), &organisation);
        }
        let record =
            Cosigner { organisation: organisation.clone(), log_key, cosigning_key, since: context.height };
        context.state.write(&CosignerKey(&organisation), &record);
        context.events.push(Event::CosignerRegistered { organisation, log_key, cosigning_key });
        Ok(())
    }
}
