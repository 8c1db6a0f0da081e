//! Names, amounts and times as people and programs write them.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use ledger::amount::{Amount, Currency, MAX_MINOR};
use ledger::calendar::Day;
use ledger::codec::{self, Description, Title};
use ledger::crypto::PublicKey;
use ledger::hash::{DocumentHash, GenesisHash};
use ledger::id::{ChainId, CreditCode, DealCode, GuaranteeId, LetterNumber, RegionCode, credit_check};
use ledger::rule::RuleId;
use ledger::time::BlockTime;
use ledger::transaction;
use minicbor::{Decode, Encode};

/// A text that is taken comes back from what is shown of it, and from its encoding; what it promises holds.
pub fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(code) = shown::<CreditCode>(text) {
        let (body, check) = code.as_str().split_at(17);
        assert_eq!(credit_check(body).map(char::from), check.chars().next());
    }
    if let Some(code) = shown::<DealCode>(text) {
        let significant: Vec<char> = code.as_str().chars().filter(|c| *c != '-').collect();
        assert_eq!(significant.len(), 36);
        let body = &significant[..35];
        assert!(body.iter().all(|c| c.is_ascii_digit() || c.is_ascii_uppercase()), "{code}");
    }
    shown::<ChainId>(text);
    shown::<RegionCode>(text);
    shown::<LetterNumber>(text);
    shown::<GuaranteeId>(text);
    shown::<RuleId>(text);
    if let Some(title) = shown::<Title>(text) {
        assert!(title.as_str().chars().count() <= 120);
    }
    if let Some(description) = shown::<Description>(text) {
        assert!(description.as_str().chars().count() <= 2_000);
    }
    shown::<PublicKey>(text);
    shown::<GenesisHash>(text);
    shown::<DocumentHash>(text);
    shown::<transaction::Id>(text);
    amount(text);
    if let Ok(time) = BlockTime::parse(text) {
        assert_eq!(BlockTime::parse(&time.to_string()), Ok(time), "{text}");
        assert_eq!(codec::decode::<BlockTime>(&codec::encode(&time), 16), Ok(time));
    }
    if let Some(day) = Day::parse(text) {
        assert_eq!(day.to_string(), text);
        assert!(Day::of(day.end()) > day || text == "9999-12-31");
    }
}

fn shown<T>(text: &str) -> Option<T>
where
    T: FromStr + Display + Debug + PartialEq + Encode<()> + for<'b> Decode<'b, ()>,
{
    let value = text.parse::<T>().ok()?;
    let shown = value.to_string();
    assert_eq!(shown.parse::<T>().ok().as_ref(), Some(&value), "{text:?} is shown as {shown:?}");
    assert_eq!(codec::decode::<T>(&codec::encode(&value), 1 << 16).as_ref(), Ok(&value));
    Some(value)
}

fn amount(text: &str) {
    let Ok(amount) = Amount::parse(text, Currency::Cny) else { return };
    assert!(amount.minor() <= MAX_MINOR);
    let shown = amount.to_string();
    let number = shown.strip_prefix("CNY ").expect("an amount is shown with its currency");
    assert_eq!(Amount::parse(number, Currency::Cny), Ok(amount), "{text} is shown as {shown}");
    // A legal minimum is rounded up and never off by a whole minor unit.
    if let Ok(share) = amount.permille_ceiling(200) {
        let exact = u128::from(amount.minor()) * 200;
        let found = u128::from(share.minor()) * 1000;
        assert!(found >= exact && found - exact < 1000);
    }
}
