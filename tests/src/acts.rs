//! Business acts as tests sign them. All parties are invented.

use std::sync::atomic::{AtomicU64, Ordering};

use ledger::action::Action;
use ledger::amount::{Amount, Currency};
use ledger::crypto::SigningKey;
use ledger::hash::sha256;
use ledger::id::{ChainId, CreditCode, DealCode, DealKind, Height, credit_check};
use ledger::procedure::clock::AdvanceClock;
use ledger::procedure::listing::PublishListing;
use ledger::procedure::quote::SubmitQuote;
use ledger::procedure::registration::RegisterOrganisation;
use ledger::record::listing::{Prices, Resource};
use ledger::record::organisation::Role;
use ledger::time::{BlockTime, Span};
use ledger::transaction::{self, Payload, Unverified};
use zeroize::Zeroizing;

/// An organisation that genesis knows.
#[derive(Clone, Copy, Debug)]
pub struct Party {
    /// Unified social credit code.
    pub code: &'static str,
    /// Its only role.
    pub role: &'static str,
}

/// Sells.
pub const SELLER: Party = Party { code: "12440400DEM0000576", role: "seller" };
/// Issues letters.
pub const BANK: Party = Party { code: "91440300DEM00009X4", role: "guarantor" };
/// Bids.
pub const BIDDER: Party = Party { code: "91440100DEM000065C", role: "bidder" };
/// Invites tenders, on networks with the rules of tenders.
pub const ORGANISER: Party = Party { code: "12440400DEM0001102", role: "organiser" };
/// Bid for tenders.
pub const CONTRACTORS: [Party; 3] = [
    Party { code: "91440400DEM000120X", role: "bidder" },
    Party { code: "91440600DEM0001309", role: "bidder" },
    Party { code: "91441900DEM0001406", role: "bidder" },
];
/// Steps the clock, where it is stepped.
pub const TIMEKEEPER: Party = Party { code: "12440000DEM000102J", role: "timekeeper" };

/// Codes and regions of the centres, in the order of their nodes.
pub const CENTRES: [(&str, &str); 4] = [
    ("12440100DEM0000149", "440100"),
    ("12440300DEM000022E", "440300"),
    ("12440400DEM000030E", "440400"),
    ("12442000DEM000049F", "442000"),
];

/// An expiry that every network of these tests takes, however far it gets.
pub const EXPIRY: u64 = 90_000;

/// A key that follows from a name.
pub fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new(sha256(name.as_bytes())))
}

impl Party {
    /// Its key.
    pub fn key(&self) -> SigningKey {
        key(self.code)
    }
}

/// A signed transaction.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Its name in hexadecimal.
    pub id: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// A number that no other call in this process gets.
pub fn number() -> u64 {
    NUMBER.fetch_add(1, Ordering::Relaxed)
}

/// Signs an act that stands until `expiry`; equal acts stay apart.
pub fn sign(chain: &ChainId, key: &SigningKey, action: Action, expiry: u64) -> Signed {
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&number().to_be_bytes());
    let payload = Payload { action, expiry: Height::new(expiry), salt, approvals: Vec::new() };
    let bytes = transaction::sign(chain, key, &payload);
    let decoded = Unverified::decode(chain, &bytes).expect("what is signed here is well formed");
    Signed { id: decoded.id().to_string(), bytes }
}

/// Admission of an organisation that nobody else admits: for a centre, valid at any time.
pub fn admission() -> Action {
    let number = number();
    let body = format!("91440100{number:09}");
    let check = credit_check(&body).expect("digits have a check character");
    Action::RegisterOrganisation(RegisterOrganisation {
        code: format!("{body}{}", char::from(check)).parse().expect("the check character is right"),
        name: format!("示例企业{number}").parse().expect("a title"),
        region: "440100".parse().expect("a region"),
        roles: vec![Role::Bidder],
        keys: vec![key(&format!("admitted {number}")).public_key()],
    })
}

/// A step of the clock.
pub fn step(millis: u64) -> Action {
    Action::AdvanceClock(AdvanceClock { by: Span::from_millis(millis) })
}

/// A notice, for the seller.
pub fn notice(opens_at: BlockTime, closes_at: BlockTime) -> Action {
    Action::PublishListing(PublishListing {
        centre: credit_code(CENTRES[2].0),
        title: "示例地块挂牌出让公告".parse().expect("a title"),
        region: "440400".parse().expect("a region"),
        resource: Resource {
            parcel: "ZH-1".parse().expect("a title"),
            location: "示例大道东侧".parse().expect("a description"),
            area_dm2: 2_000_000,
            land_use: "商业服务业用地".parse().expect("a title"),
            term_years: 40,
            documents: Vec::new(),
        },
        prices: Prices {
            starting: yuan("80000000.00"),
            reserve: yuan("100000000.00"),
            increment: yuan("1000000.00"),
            deposit: yuan("20000000.00"),
        },
        opens_at,
        closes_at,
    })
}

/// A quote, for a bidder.
pub fn quote(listing: &DealCode) -> Action {
    Action::SubmitQuote(SubmitQuote { listing: listing.clone(), price: yuan("80000000.00") })
}

/// The first deal that the centre of Zhuhai numbers on the China day of `time`.
pub fn first_deal(time: BlockTime) -> DealCode {
    let issued = DealCode::issue(DealKind::LandUseRight, &credit_code(CENTRES[2].0), time.china_day(), 1);
    issued.expect("the first number of a day")
}

fn credit_code(text: &str) -> CreditCode {
    text.parse().expect("a code with its check character")
}

fn yuan(text: &str) -> Amount {
    Amount::parse(text, Currency::Cny).expect("an amount")
}
