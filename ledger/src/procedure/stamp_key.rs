//! A centre registers its key for admission stamps of a quarter (RFC 9474).

use minicbor::{Decode, Encode};
use sealing::stamp::IssuerKey;

use super::{Context, Procedure};
use crate::codec::Bytes;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::record::bid::{MODULUS_BYTES, StampKey};
use crate::state::StateError;
use crate::state::keys::{IssuerCountKey, IssuerNumberKey, StampKeyKey};
use crate::time::{BlockTime, civil_from_days};

/// The quarter of China's calendar: four times the year and the number of the quarter in it, from 0.
pub fn period_of(time: BlockTime) -> u16 {
    let (year, month, _) = civil_from_days(time.china_day());
    let quarter = year.saturating_mul(4).saturating_add(month.saturating_sub(1) / 3);
    u16::try_from(quarter).unwrap_or(u16::MAX)
}

/// A key of the present quarter or the next one. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RegisterStampKey {
    /// The quarter.
    #[n(0)]
    pub period: u16,
    /// The modulus, big-endian, of 3,072 bits; the exponent is 65537.
    #[n(1)]
    pub modulus: Bytes<MODULUS_BYTES>,
}

/// The centre's number among the issuers, and whether it is new.
type Numbered = (u16, bool);

impl Procedure for RegisterStampKey {
    type Checked = Numbered;

    fn check(&self, context: &Context<'_, '_>) -> Result<Numbered, Failure> {
        let now = period_of(context.time);
        if self.period != now && Some(self.period) != now.checked_add(1) {
            return Err(Rejection::StampQuarterClosed.into());
        }
        let known = context.state.read(&IssuerNumberKey(&context.signer.code))?;
        let issuer = match known {
            Some(issuer) => issuer,
            // Of 65,535 centres nobody asks for another number.
            None => context.state.read(&IssuerCountKey)?.unwrap_or(0).saturating_add(1),
        };
        if context.state.read(&StampKeyKey(issuer, self.period))?.is_some() {
            return Err(Rejection::StampKeyExists.into());
        }
        IssuerKey::from_modulus(self.modulus.as_slice()).map_err(|_| Rejection::InvalidStampKey)?;
        Ok((issuer, known.is_none()))
    }

    fn apply(&self, (issuer, new): Numbered, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let (centre, period) = (context.signer.code.clone(), self.period);
        if new {
            context.state.write(&IssuerCountKey, &issuer);
            context.state.write(&IssuerNumberKey(&centre), &issuer);
        }
        let (modulus, at) = (self.modulus.clone(), context.time);
        let key = StampKey { centre: centre.clone(), issuer, period, modulus, at };
        context.state.write(&StampKeyKey(issuer, period), &key);
        context.events.push(Event::StampKeyRegistered { centre, issuer, period });
        Ok(())
    }
}
