//! Names of things: heights, organisations, regions, deals and letters.

use core::fmt;

use minicbor::{Decode, Encode};

use crate::codec::{InvalidText, text_type};
use crate::hash::hash_type;
use crate::time::civil_from_days;

/// Position of a block in the chain. Genesis stands at height 0; the first block is height 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Encode, Decode)]
#[cbor(transparent)]
pub struct Height(#[n(0)] u64);

impl Height {
    /// Where genesis stands.
    pub const GENESIS: Self = Self(0);

    /// The height numbered `height`.
    pub const fn new(height: u64) -> Self {
        Self(height)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The height after this one; the last representable height follows itself.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The height `count` further on, held at the last representable one.
    pub const fn plus(self, count: u64) -> Self {
        Self(self.0.saturating_add(count))
    }
}

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

hash_type! {
    /// Name of a proposed change: the id of the transaction that proposed it.
    ChangeId
}
hash_type! {
    /// Name of a double signing: SHA-256 of the text `zhulian/double-signing/1`, a zero byte, and the
    /// encoding of accused key, height, round and kind.
    DoubleSigningId
}

hash_type! {
    /// Name of a certification authority: SHA-256 of its root certificate (DER).
    AuthorityId
}
hash_type! {
    /// Name of who issues certificates under an authority: SHA-256 of the issuer's SubjectPublicKeyInfo (DER), so that
    /// an issuer whose own certificate is renewed is the same issuer.
    IssuerId
}
hash_type! {
    /// Name of a certificate: SHA-256 of its encoding (DER), which tools call its fingerprint.
    CertificateId
}
hash_type! {
    /// Name of a certificate's public key: SHA-256 of its SubjectPublicKeyInfo (DER).
    CertificateKeyId
}
hash_type! {
    /// Name of a delegation: SHA-256 of the bytes that the certificate's key signs.
    DelegationId
}
hash_type! {
    /// A person without a name: a salted hash, whose salt stays with the organisation that appoints the person.
    PersonHash
}
hash_type! {
    /// Name of a shared key: SHA-256 of the text `zhulian/shared-key/1`, a zero byte, and the encoding of the key
    /// and the two organisations.
    SharedKeyId
}

text_type! {
    /// An object identifier in dotted decimal (X.660), for example `2.5.4.97`: at most 64 characters.
    Oid, |t| {
        let number = |s: &str| {
            !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit()) && (s == "0" || !s.starts_with('0'))
        };
        let arcs: Vec<&str> = t.split('.').collect();
        if t.len() <= 64 && arcs.len() >= 2 && arcs.iter().all(|arc| number(arc)) {
            Ok(t.to_owned())
        } else {
            Err(InvalidText::new("an object identifier is numbers with dots between them, for example 2.5.4.97"))
        }
    }
}

text_type! {
    /// Where something can be fetched, for people and programs outside the ledger: 1 to 200 printable ASCII
    /// characters that begin with `http://`, `https://` or `ldap://`.
    SourceUrl, |t| {
        let scheme = ["http://", "https://", "ldap://"].iter().any(|scheme| t.starts_with(scheme));
        if t.len() <= 200 && scheme && t.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(t.to_owned())
        } else {
            Err(InvalidText::new("an address has at most 200 characters and begins with http://, https:// or ldap://"))
        }
    }
}

text_type! {
    /// Name of a chain: the genesis name, a slash and the first 16 hexadecimal digits of the genesis
    /// hash, so that a signature made for one network means nothing on another.
    ChainId, |t| match t.split_once('/') {
        Some((name, digits)) if chain_name(name).is_ok() && is_hex(digits, 16) => Ok(t.to_owned()),
        _ => Err(InvalidText::new("a chain id is a name, '/' and 16 hexadecimal digits")),
    }
}

impl ChainId {
    /// The id of the chain that begins with this genesis.
    ///
    /// # Errors
    /// [`InvalidText`] when the name is not 1 to 40 of `a-z 0-9 -`.
    pub fn derive(name: &str, genesis: &crate::hash::GenesisHash) -> Result<Self, InvalidText> {
        chain_name(name)?;
        let hash = genesis.to_string();
        format!("{name}/{}", hash.get(..16).unwrap_or_default()).parse()
    }

    /// The bytes that every signature is bound to.
    pub fn as_bytes(&self) -> &[u8] {
        self.as_str().as_bytes()
    }
}

fn chain_name(name: &str) -> Result<(), InvalidText> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if (1..=40).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(InvalidText::new("a chain name has 1 to 40 of a-z, 0-9 and '-'"))
    }
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

text_type! {
    /// Unified social credit code of an organisation (GB 32100-2015): 18 characters, the last one a
    /// check character. Lower case is raised, anything else is refused.
    CreditCode, credit_code
}

/// The 31 characters of GB 32100-2015: no I, O, S, V, Z.
const CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

fn credit_code(text: &str) -> Result<String, InvalidText> {
    let code = text.to_ascii_uppercase();
    if code.len() != 18 || !code.is_ascii() {
        return Err(InvalidText::new("a unified social credit code has 18 characters (GB 32100-2015)"));
    }
    let (body, check) = code.split_at(17);
    let expected = credit_check(body).ok_or_else(|| {
        InvalidText::new("a unified social credit code uses 0-9 and A-Z without I, O, S, V, Z")
    })?;
    if !body.bytes().skip(2).take(6).all(|b| b.is_ascii_digit()) {
        return Err(InvalidText::new(
            "characters 3 to 8 of a unified social credit code are a region number",
        ));
    }
    if check.as_bytes().first() == Some(&expected) {
        Ok(code)
    } else {
        Err(InvalidText::new(format!(
            "the check character of {code} is wrong: it should end in {}",
            char::from(expected)
        )))
    }
}

/// Check character for the first 17 characters: weights 3^i mod 31, the sum's complement to 31.
///
/// Returns `None` for a character outside the alphabet.
pub fn credit_check(body: &str) -> Option<u8> {
    let mut weight = 1usize;
    let mut sum = 0usize;
    for byte in body.bytes() {
        let value = CREDIT_ALPHABET.iter().position(|c| *c == byte)?;
        sum = sum.checked_add(value.checked_mul(weight)?)?;
        weight = weight.checked_mul(3)? % 31;
    }
    CREDIT_ALPHABET.get((31usize.checked_sub(sum % 31)?) % 31).copied()
}

text_type! {
    /// Administrative division of China (GB/T 2260): six digits.
    RegionCode, |t| {
        let first_two = t.get(..2).and_then(|p| p.parse::<u8>().ok()).unwrap_or(0);
        if t.len() == 6 && t.bytes().all(|b| b.is_ascii_digit()) && (11..=82).contains(&first_two) {
            Ok(t.to_owned())
        } else {
            Err(InvalidText::new("a region is six digits of GB/T 2260, for example 440400 for Zhuhai"))
        }
    }
}

impl RegionCode {
    /// Whether `other` is this region or lies in it: a code that ends in `0000` names a province, one that ends in
    /// `00` a city (GB/T 2260).
    pub fn covers(&self, other: &Self) -> bool {
        let own = self.as_str();
        let prefix = own.strip_suffix("0000").or_else(|| own.strip_suffix("00")).unwrap_or(own);
        other.as_str().starts_with(prefix)
    }
}

text_type! {
    /// Number that a guarantor gave its letter: 1 to 32 of `A-Z a-z 0-9 - _ .`
    LetterNumber, |t| {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if (1..=32).contains(&t.len()) && t.bytes().all(allowed) {
            Ok(t.to_owned())
        } else {
            Err(InvalidText::new("a letter number has 1 to 32 of A-Z, a-z, 0-9, '-', '_' and '.'"))
        }
    }
}

/// A letter of guarantee: its guarantor and the number that guarantor gave it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Encode, Decode)]
pub struct GuaranteeId {
    /// The guarantor.
    #[n(0)]
    pub guarantor: CreditCode,
    /// Its own number for the letter.
    #[n(1)]
    pub number: LetterNumber,
}

impl fmt::Display for GuaranteeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.guarantor, self.number)
    }
}

impl core::str::FromStr for GuaranteeId {
    type Err = InvalidText;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (guarantor, number) =
            text.split_once(':').ok_or_else(|| InvalidText::new("a letter is named GUARANTOR:NUMBER"))?;
        Ok(Self { guarantor: guarantor.parse()?, number: number.parse()? })
    }
}

text_type! {
    /// Unified deal code (统一交易标识码): `TYPE-PLATFORM-YYYYMMDD-SEQUENCE-CHECK`, 36 significant
    /// characters of which the last is ISO 7064 MOD 37-2 over the others.
    DealCode, deal_code
}

/// The 37 characters of ISO 7064 MOD 37-2.
const MOD_37_ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*";

impl DealCode {
    /// Makes the code of the deal numbered `sequence` (1 to 999,999) on a platform and a China day.
    ///
    /// # Errors
    /// [`InvalidText`] when the sequence of the day is used up.
    pub fn issue(
        kind: DealKind,
        platform: &CreditCode,
        china_day: u64,
        sequence: u32,
    ) -> Result<Self, InvalidText> {
        if !(1..=999_999).contains(&sequence) {
            return Err(InvalidText::new("a platform numbers at most 999,999 deals a day"));
        }
        let (year, month, day) = civil_from_days(china_day);
        let date = format!("{year:04}{month:02}{day:02}");
        let body = format!("{}{platform}{date}{sequence:06}", kind.code());
        let check =
            mod_37_2(&body).ok_or_else(|| InvalidText::new("the deal code has a foreign character"))?;
        Ok(Self(format!("{}-{platform}-{date}-{sequence:06}-{}", kind.code(), char::from(check))))
    }
}

/// What is traded, as the first three characters of a deal code or a project code name it. The national list
/// of type codes is not settled, so this is a table of ours: one row a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DealKind {
    /// Land-use right, granted by listing.
    LandUseRight,
    /// Construction of buildings (房屋建筑).
    Building,
    /// Municipal works (市政).
    Municipal,
    /// Roads (公路).
    Road,
    /// Any other construction.
    OtherConstruction,
}

impl DealKind {
    const fn code(self) -> &'static str {
        match self {
            Self::LandUseRight => "B01",
            Self::Building => "A01",
            Self::Municipal => "A02",
            Self::Road => "A03",
            Self::OtherConstruction => "A99",
        }
    }
}

text_type! {
    /// Code of a project (投资项目进场编号): type (3), region (6), day as `yymmdd` and number of the day (4).
    ProjectCode, |t| numbered(t, 19)
}
text_type! {
    /// Code of a tender of a project (招标项目编号): the project's code and a number (3).
    TenderCode, |t| numbered(t, 22)
}
text_type! {
    /// Code of a section or lot of a tender (标段编号): the tender's code and a number (3).
    SectionCode, |t| numbered(t, 25)
}

fn numbered(text: &str, length: usize) -> Result<String, InvalidText> {
    let (kind, rest) = text.split_at_checked(3).unwrap_or_default();
    let plain = kind.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if text.len() == length && plain && rest.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(InvalidText::new(format!(
            "a code of this kind is a type of three characters and {} digits",
            length.saturating_sub(3)
        )))
    }
}

impl ProjectCode {
    /// What the codes of a kind, a region and a China day have in common.
    pub fn prefix(kind: DealKind, region: &RegionCode, china_day: u64) -> String {
        let (year, month, day) = civil_from_days(china_day);
        format!("{}{region}{:02}{month:02}{day:02}", kind.code(), year % 100)
    }

    /// The code numbered `sequence` (1 to 9,999) with this prefix.
    ///
    /// # Errors
    /// [`InvalidText`] when the sequence of the day is used up.
    pub fn issue(prefix: &str, sequence: u32) -> Result<Self, InvalidText> {
        if !(1..=9_999).contains(&sequence) {
            return Err(InvalidText::new("a region numbers at most 9,999 projects of a kind a day"));
        }
        format!("{prefix}{sequence:04}").parse()
    }

    /// The code of the tender numbered `number` (1 to 999) of this project.
    ///
    /// # Errors
    /// [`InvalidText`] when the numbers are used up.
    pub fn tender(&self, number: u32) -> Result<TenderCode, InvalidText> {
        format!("{self}{number:03}").parse()
    }
}

impl TenderCode {
    /// The code of the section numbered `number` (1 to 999) of this tender.
    ///
    /// # Errors
    /// [`InvalidText`] when the numbers are used up.
    pub fn section(&self, number: u32) -> Result<SectionCode, InvalidText> {
        format!("{self}{number:03}").parse()
    }
}

hash_type! {
    /// Name of a tender: the first 32 bytes of the hash of its notice.
    TenderId
}
hash_type! {
    /// Name of a sealed bid: the first 32 bytes of the hash of its dealing, envelope and documents.
    BidId
}

fn deal_code(text: &str) -> Result<String, InvalidText> {
    let wrong = || InvalidText::new("a deal code reads TYPE-PLATFORM-YYYYMMDD-SEQUENCE-CHECK");
    let parts: Vec<&str> = text.split('-').collect();
    let [kind, platform, date, sequence, check] = parts.as_slice() else {
        return Err(wrong());
    };
    platform.parse::<CreditCode>()?;
    let numeric = |s: &str, length| s.len() == length && s.bytes().all(|b| b.is_ascii_digit());
    // The last of the 37 characters is for the check character alone.
    let plain = |s: &str| s.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if kind.len() != 3 || !plain(kind) || !numeric(date, 8) || !numeric(sequence, 6) || check.len() != 1 {
        return Err(wrong());
    }
    let expected = mod_37_2(&format!("{kind}{platform}{date}{sequence}")).ok_or_else(wrong)?;
    if check.as_bytes().first() == Some(&expected) {
        Ok(text.to_owned())
    } else {
        Err(InvalidText::new("the check character of the deal code is wrong"))
    }
}

/// Check character of ISO 7064 MOD 37-2: weights 2^i mod 37 from the right, beginning with 2.
fn mod_37_2(body: &str) -> Option<u8> {
    let mut weight = 2usize;
    let mut sum = 0usize;
    for byte in body.bytes().rev() {
        let value = MOD_37_ALPHABET.iter().position(|c| *c == byte)?;
        sum = sum.checked_add(value.checked_mul(weight)?)?;
        weight = weight.checked_mul(2)? % 37;
    }
    MOD_37_ALPHABET.get((38usize.checked_sub(sum % 37)?) % 37).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_codes_are_checked() {
        let cases = [
            ("91350100M000100Y43", true),
            ("91350100m000100y43", true),
            ("91350100M000100Y44", false),
            ("91350100M000100Y4", false),
            ("91350100M000100Y4３", false),
            ("9135010OM000100Y43", false),
            ("", false),
        ];
        for (text, good) in cases {
            assert_eq!(text.parse::<CreditCode>().is_ok(), good, "{text}");
        }
        assert_eq!("91350100m000100y43".parse::<CreditCode>().unwrap().as_str(), "91350100M000100Y43");
    }

    #[test]
    fn deal_codes_carry_a_check_character() {
        // The example of the data standard.
        assert_eq!(mod_37_2("A0112440400123456789320260105000001"), Some(b'4'));
        let platform: CreditCode = "91350100M000100Y43".parse().unwrap();
        let code = DealCode::issue(DealKind::LandUseRight, &platform, 20_514, 7).unwrap();
        assert!(code.as_str().starts_with("B01-91350100M000100Y43-20260302-000007-"));
        assert_eq!(code.as_str().parse::<DealCode>().unwrap(), code);
        let starred = format!("B*1{}", &code.as_str()[3..code.as_str().len() - 1]);
        let check = mod_37_2(&starred.replace('-', "")).unwrap();
        assert!(format!("{starred}{}", char::from(check)).parse::<DealCode>().is_err());
        let forged = code.as_str().replace("000007", "000008");
        assert!(forged.parse::<DealCode>().is_err());
        assert!(DealCode::issue(DealKind::LandUseRight, &platform, 20_514, 0).is_err());
        assert!(DealCode::issue(DealKind::LandUseRight, &platform, 20_514, 1_000_000).is_err());
    }
}
