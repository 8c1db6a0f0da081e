//! Money: integer minor units with a currency, and arithmetic that can refuse.

use core::fmt;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

/// Currency of an amount (ISO 4217).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Serialize, Deserialize)]
#[cbor(index_only)]
pub enum Currency {
    /// Renminbi yuan, two decimals: the minor unit is the fen.
    #[n(156)]
    #[serde(rename = "CNY")]
    Cny,
}

impl Currency {
    /// The alphabetic code of ISO 4217.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Cny => "CNY",
        }
    }

    /// Decimal digits of the minor unit.
    pub const fn decimals(self) -> u32 {
        match self {
            Self::Cny => 2,
        }
    }
}

/// An amount of money, never negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub struct Amount {
    /// Minor units, for CNY fen.
    #[n(0)]
    minor: u64,
    #[n(1)]
    currency: Currency,
}

/// Largest amount accepted, in minor units: one hundred trillion yuan, far beyond any trade and far
/// below any overflow.
pub const MAX_MINOR: u64 = 10_000_000_000_000_000;

/// Why amounts cannot be combined or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Two currencies in one sum or comparison.
    #[error("the amounts are in different currencies")]
    CurrencyMismatch,
    /// Beyond [`MAX_MINOR`] or below zero.
    #[error("the amount is out of range")]
    OutOfRange,
    /// Not a decimal number with at most the currency's digits.
    #[error("not an amount: write for example 1234.56")]
    NotAnAmount,
}

impl Amount {
    /// Nothing, in yuan.
    pub const ZERO: Self = Self { minor: 0, currency: Currency::Cny };

    /// The largest amount, in yuan.
    pub const MAX: Self = Self { minor: MAX_MINOR, currency: Currency::Cny };

    /// An amount of minor units.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`] above [`MAX_MINOR`].
    pub const fn new(minor: u64, currency: Currency) -> Result<Self, AmountError> {
        if minor > MAX_MINOR { Err(AmountError::OutOfRange) } else { Ok(Self { minor, currency }) }
    }

    /// Reads a decimal such as `1234.56`.
    ///
    /// # Errors
    /// [`AmountError::NotAnAmount`] or [`AmountError::OutOfRange`].
    pub fn parse(text: &str, currency: Currency) -> Result<Self, AmountError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = currency.decimals() as usize;
        let digits_only = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !digits_only(whole) || !digits_only(fraction) || fraction.len() > digits {
            return Err(AmountError::NotAnAmount);
        }
        if text.ends_with('.') {
            return Err(AmountError::NotAnAmount);
        }
        let minor = format!("{whole}{fraction:0<digits$}").parse().map_err(|_| AmountError::OutOfRange)?;
        Self::new(minor, currency)
    }

    /// Minor units.
    pub const fn minor(self) -> u64 {
        self.minor
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// Sum of two amounts of one currency.
    ///
    /// # Errors
    /// [`AmountError`] for different currencies or a sum out of range.
    pub fn checked_add(self, other: Self) -> Result<Self, AmountError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(AmountError::OutOfRange)?;
        Self::new(minor, self.currency)
    }

    /// Whether `self` is at least `other`.
    ///
    /// # Errors
    /// [`AmountError::CurrencyMismatch`].
    pub fn at_least(self, other: Self) -> Result<bool, AmountError> {
        self.same_currency(other)?;
        Ok(self.minor >= other.minor)
    }

    /// `permille` thousandths of the amount, rounded up, as a legal minimum must be.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`].
    pub fn permille_ceiling(self, permille: u64) -> Result<Self, AmountError> {
        let product =
            u128::from(self.minor).checked_mul(u128::from(permille)).ok_or(AmountError::OutOfRange)?;
        let minor = u64::try_from(product.div_ceil(1000)).map_err(|_| AmountError::OutOfRange)?;
        Self::new(minor, self.currency)
    }

    /// `permille` thousandths of the amount, rounded down, as a legal maximum must be.
    ///
    /// # Errors
    /// [`AmountError::OutOfRange`].
    pub fn permille_floor(self, permille: u64) -> Result<Self, AmountError> {
        let product =
            u128::from(self.minor).checked_mul(u128::from(permille)).ok_or(AmountError::OutOfRange)?;
        let minor = u64::try_from(product / 1000).map_err(|_| AmountError::OutOfRange)?;
        Self::new(minor, self.currency)
    }

    fn same_currency(self, other: Self) -> Result<(), AmountError> {
        if self.currency == other.currency { Ok(()) } else { Err(AmountError::CurrencyMismatch) }
    }
}

impl<'b, C> Decode<'b, C> for Amount {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        if d.array()? != Some(2) {
            return Err(minicbor::decode::Error::message("an amount is an array of two"));
        }
        let minor = d.u64()?;
        Self::new(minor, Currency::decode(d, ctx)?).map_err(minicbor::decode::Error::message)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = 10u64.pow(self.currency.decimals());
        let width = self.currency.decimals() as usize;
        let whole = self.minor.checked_div(unit).unwrap_or(0);
        let rest = self.minor.checked_rem(unit).unwrap_or(0);
        write!(f, "{} {whole}.{rest:0width$}", self.currency.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_read_exactly() {
        let cases = [
            ("0", Ok(0)),
            ("12", Ok(1_200)),
            ("12.3", Ok(1_230)),
            ("12.34", Ok(1_234)),
            ("12.", Err(AmountError::NotAnAmount)),
            ("12.345", Err(AmountError::NotAnAmount)),
            ("-1", Err(AmountError::NotAnAmount)),
            ("", Err(AmountError::NotAnAmount)),
            ("1e3", Err(AmountError::NotAnAmount)),
            ("100000000000000.01", Err(AmountError::OutOfRange)),
            ("99999999999999999999999", Err(AmountError::OutOfRange)),
        ];
        for (text, expected) in cases {
            assert_eq!(Amount::parse(text, Currency::Cny).map(Amount::minor), expected, "{text}");
        }
    }

    #[test]
    fn no_encoding_names_an_amount_out_of_range() {
        for (minor, good) in [(0, true), (MAX_MINOR, true), (MAX_MINOR + 1, false), (u64::MAX, false)] {
            let bytes = crate::codec::encode(&(minor, 156u16));
            assert_eq!(crate::codec::decode::<Amount>(&bytes, 16).is_ok(), good, "{minor}");
        }
    }

    #[test]
    fn a_share_rounds_up_or_down() {
        let amount = Amount::new(1_001, Currency::Cny).unwrap();
        assert_eq!(amount.permille_ceiling(200).unwrap().minor(), 201);
        assert_eq!(amount.permille_floor(200).unwrap().minor(), 200);
    }
}
