//! A centre registers its key for admission stamps of a quarter (RFC 9474).

use minicbor::{Decode, Encode};
use sealing::id::OneTimeKey;
use sealing::stamp::{IssuerKey, Stamp};
use sealing::suite::Ristretto255;

use super::{Context, Procedure};
use crate::codec::Bytes;
use crate::crypto::PublicKey;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::id::ChainId;
use crate::record::bid::{MODULUS_BYTES, STAMP_BYTES, StampKey};
use crate::state::keys::{IssuerCountKey, IssuerNumberKey, StampKeyKey};
use crate::state::{StateError, StateRead, read};
use crate::time::{BlockTime, civil_from_days};

/// The quarter of China's calendar: four times the year and the number of the quarter in it, from 0.
pub fn period_of(time: BlockTime) -> u16 {
    let (year, month, _) = civil_from_days(time.china_day());
    let quarter = year.saturating_mul(4).saturating_add(month.saturating_sub(1) / 3);
    u16::try_from(quarter).unwrap_or(u16::MAX)
}

/// For how many quarters after its own a stamp can be used.
pub const STAMP_QUARTERS: u16 = 3;

/// Whether a stamp lets a one-time key in at `time`: signed with a registered key of that quarter or of one of the
/// [`STAMP_QUARTERS`] before (RFC 9474).
///
/// # Errors
/// [`StateError`].
pub fn admits(
    state: &dyn StateRead,
    chain: &ChainId,
    stamp: &Bytes<STAMP_BYTES>,
    one_time: &PublicKey,
    time: BlockTime,
) -> Result<bool, StateError> {
    let Ok(stamp) = Stamp::decode(stamp.as_slice()) else { return Ok(false) };
    let age = period_of(time).checked_sub(stamp.key.period);
    if age.is_none_or(|age| age > STAMP_QUARTERS) {
        return Ok(false);
    }
    let issuer = read(state, &StampKeyKey(stamp.key.issuer, stamp.key.period))?;
    let issuer = issuer.and_then(|known| IssuerKey::from_modulus(known.modulus.as_slice()).ok());
    let one_time = OneTimeKey::from_bytes(*one_time.as_bytes());
    Ok(issuer.is_some_and(|key| stamp.verify::<Ristretto255>(&key, chain.as_str(), &one_time).is_ok()))
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
