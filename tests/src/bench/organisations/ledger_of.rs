//! A ledger of so many organisations with certificates, as enrolment would have left it, and the keys that sign in it.

use std::collections::BTreeMap;

use anyhow::Context as _;
use ledger::amount::{Amount, Currency};
use ledger::codec::encode;
use ledger::crypto::SigningKey;
use ledger::genesis::Genesis;
use ledger::hash::sha256;
use ledger::id::{AuthorityId, CertificateId, CertificateKeyId, CreditCode, DealCode, DealKind, IssuerId};
use ledger::record::authority::{
    AuthorityStanding, AuthorityStatus, Freshness, KeyAlgorithm, RevocationList, SerialNumber,
};
use ledger::record::certificate::{Certificate, CertificateKeyHolder, PathStep};
use ledger::record::listing::{BothSides, Listing, Prices, Resource, Stage, Terms};
use ledger::record::mandate::{Mandate, Scope};
use ledger::record::organisation::{KeyHolder, Organisation, Role};
use ledger::state::StateKey;
use ledger::state::keys::{
    AuthorityStandingKey, CertificateKey, CertificateKeyHolderKey, KeyHolderKey, ListingKey, OrganisationKey,
    RevocationListKey, SerialKey,
};
use ledger::time::{DAY_MS, Span};

use crate::bench::workload::credit_code;

/// Organisations whose keys a centre has registered.
pub(super) const REGISTERED: usize = 64;
/// Rule pack of the genesis.
const RULES: &str = include_str!("../../../../examples/rules/land-listing-2026.toml");

/// An organisation by its number: first those that a centre has registered, then those that have enrolled.
pub(super) fn code(number: usize) -> anyhow::Result<CreditCode> {
    credit_code("91440300BK", number)
}

/// Its key.
pub(super) fn key(number: usize) -> SigningKey {
    seeded(&format!("bench {number}"))
}

fn seeded(name: &str) -> SigningKey {
    SigningKey::from_seed(&zeroize::Zeroizing::new(sha256(name.as_bytes())))
}

pub(super) fn yuan(yuan: u64) -> anyhow::Result<Amount> {
    Ok(Amount::new(yuan * 100, Currency::Cny)?)
}

/// The bytes of a genesis with one centre.
pub(super) fn genesis_text() -> anyhow::Result<String> {
    let hex = |name: &str| seeded(name).public_key().to_string();
    Ok(format!(
        "name = \"bench\"\ntime = \"2026-03-02T00:00:00+08:00\"\n[parameters]\nexpiry_window = 100\n\
         block_bytes = 4194304\nblock_transactions = 20000\n[clock]\nkind = \"real\"\n[[centre]]\ncode = \"{}\"\n\
         name = \"centre\"\nregion = \"440100\"\nkeys = [\"{}\"]\nconsensus_key = \"{}\"\nnetwork_key = \"{}\"\n{RULES}",
        code(CENTRE)?,
        hex("centre"),
        hex("votes"),
        hex("network"),
    ))
}

/// The number of the centre.
const CENTRE: usize = 9_999_999;

/// The listing for which letters are issued.
pub(super) fn listing_code(genesis: &Genesis) -> anyhow::Result<DealCode> {
    Ok(DealCode::issue(DealKind::LandUseRight, &code(CENTRE)?, genesis.time.china_day(), 1)?)
}

/// The state of a ledger of [`REGISTERED`] organisations with registered keys and `enrolled` with certificates.
pub(super) fn state(genesis: &Genesis, enrolled: usize) -> anyhow::Result<BTreeMap<Vec<u8>, Vec<u8>>> {
    let rows = genesis.state().into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    let mut state = State { rows, genesis };
    state.announce()?;
    for number in 0..REGISTERED + enrolled {
        state.organisation(number)?;
    }
    Ok(state.rows)
}

struct State<'a> {
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
    genesis: &'a Genesis,
}

impl State<'_> {
    fn put<K: StateKey>(&mut self, key: &K, value: &K::Value) {
        self.rows.insert(key.key(), encode(value));
    }

    /// The trust list, the newest revocation list, and the listing.
    fn announce(&mut self) -> anyhow::Result<()> {
        let time = self.genesis.time;
        let standing =
            AuthorityStanding { status: AuthorityStatus::Trusted, freshness: Freshness::default() };
        self.put(&AuthorityStandingKey(&AuthorityId::default()), &standing);
        let list = RevocationList {
            number: SerialNumber::new(vec![1])?,
            this_update: time,
            next_update: time,
            entries: 0,
            recorded_by: code(CENTRE)?,
            recorded_at: time,
        };
        self.put(&RevocationListKey(&AuthorityId::default(), &IssuerId::default()), &list);
        let at = |days| time.plus(Span::from_millis(days * DAY_MS));
        let listing = Listing {
            code: listing_code(self.genesis)?,
            seller: code(1)?,
            centre: code(CENTRE)?,
            title: "测速地块".parse()?,
            region: "440400".parse()?,
            resource: Resource {
                parcel: "ZH-1".parse()?,
                location: "珠海".parse()?,
                area_dm2: 1,
                land_use: "商业".parse()?,
                term_years: 40,
                documents: Vec::new(),
            },
            prices: Prices {
                starting: yuan(80_000_000)?,
                reserve: yuan(100_000_000)?,
                increment: yuan(1_000_000)?,
                deposit: yuan(20_000_000)?,
            },
            published_at: time,
            opens_at: at(25),
            closes_at: at(40),
            terms: Terms {
                pack_version: 1,
                timed_bidding: Span::from_millis(300_000),
                extension: Span::from_millis(300_000),
                letters_valid_until: at(100),
            },
            stage: Stage::Announced,
            qualified: 0,
            quoting: 0,
            quotes: 0,
            best: None,
            stage_ends_at: None,
            confirmation: BothSides::default(),
            contract: None,
            ended: None,
            questioned: Vec::new(),
        };
        self.put(&ListingKey(&listing.code), &listing);
        Ok(())
    }

    fn organisation(&mut self, number: usize) -> anyhow::Result<()> {
        let (code, time) = (code(number)?, self.genesis.time);
        let certified = number >= REGISTERED;
        let organisation = Organisation {
            code: code.clone(),
            name: format!("测速主体{number}").parse()?,
            region: "440300".parse()?,
            roles: vec![Role::Bidder, Role::Guarantor],
            admitted_by: code.clone(),
            admitted_at: time,
            named_from: certified.then_some(time),
            former_names: Vec::new(),
        };
        self.put(&OrganisationKey(&code), &organisation);
        let mut holder = KeyHolder::registered(code);
        if certified {
            self.certificate(number, &mut holder)?;
        }
        self.put(&KeyHolderKey(&key(number).public_key()), &holder);
        Ok(())
    }

    /// A certificate under one intermediate, and the mandate that comes from it.
    fn certificate(&mut self, number: usize, holder: &mut KeyHolder) -> anyhow::Result<()> {
        let hash = |part: &str| sha256(format!("{part} {number}").as_bytes());
        let time = self.genesis.time;
        let certificate = Certificate {
            id: CertificateId::from_bytes(hash("certificate")),
            authority: AuthorityId::default(),
            issuer: IssuerId::default(),
            serial: SerialNumber::new(hash("serial").get(..16).context("a digest has 32 bytes")?.to_vec())?,
            organisation: holder.organisation.clone(),
            algorithm: KeyAlgorithm::Sm2,
            key: CertificateKeyId::from_bytes(hash("key")),
            not_before: time,
            not_after: time.plus(Span::from_millis(365 * DAY_MS)),
            enrolled_at: time,
            revocation: None,
            checked_at: None,
            path: vec![PathStep {
                issuer: IssuerId::from_bytes([1; 32]),
                serial: SerialNumber::new(vec![1])?,
            }],
            hold: None,
        };
        self.put(
            &SerialKey(&certificate.authority, &certificate.issuer, &certificate.serial),
            &certificate.id,
        );
        let key_holder =
            CertificateKeyHolder { organisation: holder.organisation.clone(), certificate: certificate.id };
        self.put(&CertificateKeyHolderKey(&certificate.key), &key_holder);
        self.put(&CertificateKey(&certificate.id), &certificate);
        holder.certificate = Some(certificate.id);
        holder.mandate = Some(Mandate {
            roles: vec![Role::Bidder, Role::Guarantor],
            scope: Scope { ceiling: Some(yuan(90_000_000)?), ..Scope::default() },
            expires: certificate.not_after,
            read_only: false,
            second_approval_above: None,
        });
        Ok(())
    }
}
