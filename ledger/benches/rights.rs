//! What a key's rights cost at execution: the same letters of guarantee with keys that a centre registered and with keys
//! from certificates, in a state of 64 organisations and in one of 100,000 more that have enrolled.
//!
//! A block of 1,000 letters by 64 guarantors is executed on a state in memory; signatures are verified before.

use std::collections::BTreeMap;
use std::ops::Bound;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ledger::action::Action;
use ledger::amount::{Amount, Currency};
use ledger::codec::encode;
use ledger::crypto::SigningKey;
use ledger::execute::BlockExecution;
use ledger::genesis::Genesis;
use ledger::hash::sha256;
use ledger::id::{
    AuthorityId, CertificateId, CertificateKeyId, CreditCode, DealCode, DealKind, Height, IssuerId,
    credit_check,
};
use ledger::procedure::guarantee::IssueGuarantee;
use ledger::record::authority::{
    AuthorityStanding, AuthorityStatus, Freshness, KeyAlgorithm, RevocationList, SerialNumber,
};
use ledger::record::certificate::{Certificate, CertificateKeyHolder, PathStep};
use ledger::record::listing::{BothSides, Listing, Prices, Resource, Stage, Terms};
use ledger::record::mandate::{Mandate, Scope};
use ledger::record::organisation::{KeyHolder, Organisation, Role};
use ledger::state::keys::{
    AuthorityStandingKey, CertificateKey, CertificateKeyHolderKey, KeyHolderKey, ListingKey, OrganisationKey,
    RevocationListKey, SerialKey,
};
use ledger::state::{ChangeSet, Entry, StateError, StateKey, StateRead};
use ledger::time::{BlockTime, DAY_MS, Span};
use ledger::transaction::{self, Payload, Verified, sign};

const GUARANTORS: usize = 64;
const LETTERS: usize = 1_000;
const ENROLLED: usize = 100_000;
const GENESIS: &str = include_str!("../../examples/rules/land-listing-2026.toml");

struct State(BTreeMap<Vec<u8>, Vec<u8>>);

impl State {
    fn put<K: StateKey>(&mut self, key: &K, value: &K::Value) {
        self.0.insert(key.key(), encode(value));
    }
}

impl StateRead for State {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.0.get(key).cloned())
    }

    fn first_in(&self, from: &[u8], before: &[u8]) -> Result<Option<Entry>, StateError> {
        let range = (Bound::Included(from), Bound::Excluded(before));
        Ok(self.0.range::<[u8], _>(range).next().map(|(key, value)| (key.clone(), value.clone())))
    }

    fn is_recorded(&self, _: &transaction::Id) -> Result<bool, StateError> {
        Ok(false)
    }
}

fn code(number: usize) -> CreditCode {
    let body = format!("91440300BK{number:07}");
    format!("{body}{}", char::from(credit_check(&body).unwrap())).parse().unwrap()
}

fn key(number: usize) -> SigningKey {
    SigningKey::from_seed(&zeroize::Zeroizing::new(sha256(format!("bench {number}").as_bytes())))
}

fn genesis() -> Genesis {
    let hex = |name: &str| {
        SigningKey::from_seed(&zeroize::Zeroizing::new(sha256(name.as_bytes()))).public_key().to_string()
    };
    let text = format!(
        "name = \"bench\"\ntime = \"2026-03-02T00:00:00+08:00\"\n[parameters]\nexpiry_window = 100\nblock_bytes = 4194304\n\
         block_transactions = 20000\n[clock]\nkind = \"real\"\n[[centre]]\ncode = \"{}\"\nname = \"centre\"\nregion = \"440100\"\n\
         keys = [\"{}\"]\nconsensus_key = \"{}\"\nnetwork_key = \"{}\"\n{GENESIS}",
        code(9_999_999),
        hex("centre"),
        hex("votes"),
        hex("network"),
    );
    Genesis::parse(text.as_bytes()).unwrap()
}

/// An organisation with a key, from a certificate or not.
fn organisation(state: &mut State, number: usize, certified: bool, time: BlockTime) {
    let (code, hash) = (code(number), |part: &str| sha256(format!("{part} {number}").as_bytes()));
    let organisation = Organisation {
        code: code.clone(),
        name: format!("测速主体{number}").parse().unwrap(),
        region: "440300".parse().unwrap(),
        roles: vec![Role::Bidder, Role::Guarantor],
        admitted_by: code.clone(),
        admitted_at: time,
        named_from: certified.then_some(time),
        former_names: Vec::new(),
    };
    state.put(&OrganisationKey(&code), &organisation);
    let mut holder = KeyHolder::registered(code.clone());
    if certified {
        let certificate = Certificate {
            id: CertificateId::from_bytes(hash("certificate")),
            authority: AuthorityId::default(),
            issuer: IssuerId::default(),
            serial: SerialNumber::new(hash("serial")[..16].to_vec()).unwrap(),
            organisation: code.clone(),
            algorithm: KeyAlgorithm::Sm2,
            key: CertificateKeyId::from_bytes(hash("key")),
            not_before: time,
            not_after: time.plus(Span::from_millis(365 * DAY_MS)),
            enrolled_at: time,
            revocation: None,
            checked_at: None,
            path: vec![PathStep {
                issuer: IssuerId::from_bytes([1; 32]),
                serial: SerialNumber::new(vec![1]).unwrap(),
            }],
        };
        state.put(
            &SerialKey(&certificate.authority, &certificate.issuer, &certificate.serial),
            &certificate.id,
        );
        let key_holder = CertificateKeyHolder { organisation: code, certificate: certificate.id };
        state.put(&CertificateKeyHolderKey(&certificate.key), &key_holder);
        state.put(&CertificateKey(&certificate.id), &certificate);
        holder.certificate = Some(certificate.id);
        holder.mandate = Some(Mandate {
            roles: vec![Role::Bidder, Role::Guarantor],
            scope: Scope { ceiling: Some(yuan(90_000_000)), ..Scope::default() },
            expires: certificate.not_after,
            read_only: false,
            second_approval_above: None,
        });
    }
    // The others are never asked for; making 100,000 key pairs would only take time.
    let public = match number < GUARANTORS {
        true => key(number).public_key(),
        false => ledger::crypto::PublicKey::from_bytes(hash("public")),
    };
    state.put(&KeyHolderKey(&public), &holder);
}

fn yuan(yuan: u64) -> Amount {
    Amount::new(yuan * 100, Currency::Cny).unwrap()
}

fn listing(genesis: &Genesis) -> Listing {
    let (day, time) = (genesis.time.china_day(), genesis.time);
    let at = |days| time.plus(Span::from_millis(days * DAY_MS));
    Listing {
        code: DealCode::issue(DealKind::LandUseRight, &code(9_999_999), day, 1).unwrap(),
        seller: code(1),
        centre: code(9_999_999),
        title: "测速地块".parse().unwrap(),
        region: "440400".parse().unwrap(),
        resource: Resource {
            parcel: "ZH-1".parse().unwrap(),
            location: "珠海".parse().unwrap(),
            area_dm2: 1,
            land_use: "商业".parse().unwrap(),
            term_years: 40,
            documents: Vec::new(),
        },
        prices: Prices {
            starting: yuan(80_000_000),
            reserve: yuan(100_000_000),
            increment: yuan(1_000_000),
            deposit: yuan(20_000_000),
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
    }
}

fn state(genesis: &Genesis, certified: bool, others: usize) -> State {
    let initial: ChangeSet = genesis.state();
    let mut state = State(initial.into_iter().filter_map(|(key, value)| Some((key, value?))).collect());
    let listing = listing(genesis);
    state.put(&ListingKey(&listing.code), &listing);
    let standing = AuthorityStanding { status: AuthorityStatus::Trusted, freshness: Freshness::default() };
    state.put(&AuthorityStandingKey(&AuthorityId::default()), &standing);
    let list = RevocationList {
        number: SerialNumber::new(vec![1]).unwrap(),
        this_update: genesis.time,
        next_update: genesis.time,
        entries: 0,
        recorded_by: code(9_999_999),
        recorded_at: genesis.time,
    };
    state.put(&RevocationListKey(&AuthorityId::default(), &IssuerId::default()), &list);
    (0..GUARANTORS).for_each(|number| organisation(&mut state, number, certified, genesis.time));
    (GUARANTORS..GUARANTORS + others).for_each(|number| organisation(&mut state, number, true, genesis.time));
    state
}

fn letters(genesis: &Genesis) -> Vec<Verified> {
    let listing = listing(genesis).code;
    let letter = |number: usize| {
        let act = IssueGuarantee {
            number: format!("LG-{number:06}").parse().unwrap(),
            applicant: code(number % 16),
            listing: listing.clone(),
            amount: yuan(20_000_000),
            expires_at: genesis.time.plus(Span::from_millis(200 * DAY_MS)),
        };
        let payload = Payload {
            action: Action::IssueGuarantee(act),
            expiry: Height::new(50),
            salt: [0; 16],
            approvals: Vec::new(),
        };
        let bytes = sign(&genesis.chain_id, &key(number % GUARANTORS), &payload);
        Verified::decode(&genesis.chain_id, &bytes).unwrap()
    };
    (0..LETTERS).map(letter).collect()
}

fn execution(c: &mut Criterion) {
    let genesis = genesis();
    let letters = letters(&genesis);
    let (tip, time) = (genesis.tip(), genesis.time.plus(Span::from_millis(1_000)));
    let mut group = c.benchmark_group("execute 1,000 letters");
    group.throughput(Throughput::Elements(LETTERS as u64));
    let cases = [
        ("registered", false, 0),
        ("certified", true, 0),
        ("registered", false, ENROLLED),
        ("certified", true, ENROLLED),
    ];
    for (keys, certified, others) in cases {
        let state = state(&genesis, certified, others);
        group.bench_function(BenchmarkId::new(keys, format!("{others} enrolled")), |b| {
            b.iter(|| {
                let mut execution = BlockExecution::begin(&state, &tip, time).unwrap();
                letters.iter().for_each(|letter| execution.add(letter).unwrap());
                assert!(!execution.is_empty());
            });
        });
    }
    group.finish();
}

criterion_group!(benches, execution);
criterion_main!(benches);
