//! Unified deal codes: `TYPE-PLATFORM-YYYYMMDD-SEQUENCE-CHECK` with the check character of ISO 7064 MOD 37-2.

use ledger::id::{CreditCode, DealCode};

use super::calendar::date_of;

/// Deals that a platform can number on a day.
pub(super) const MOST_A_DAY: u32 = 999_999;

/// The code of deal `number` of a platform on a China day. Land-use rights are of the type `B01`.
pub(super) fn deal_code(platform: &CreditCode, day: u64, number: u32) -> Option<DealCode> {
    let (year, month, date) = date_of(day);
    let date = format!("{year:04}{month:02}{date:02}");
    let check = check_character(&format!("B01{platform}{date}{number:06}"))?;
    format!("B01-{platform}-{date}-{number:06}-{check}").parse().ok()
}

/// By the pure recursive method: to half of what comes next is added, from the left, modulo 37.
fn check_character(text: &str) -> Option<char> {
    const CHARACTERS: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*";
    let mut product = 0;
    for character in text.chars() {
        product = (product + CHARACTERS.find(character)?) * 2 % 37;
    }
    CHARACTERS.chars().nth((38 - product) % 37)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the data standard.
    #[test]
    fn the_check_character_is_that_of_the_standard() {
        assert_eq!(check_character("A0112440400123456789320260105000001"), Some('4'));
    }
}
