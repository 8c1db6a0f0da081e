//! Every rule of the ledger, as tables of acts and answers.

mod support;

use std::collections::BTreeSet;

use ledger::execute::permission::TABLE;
use ledger::execute::rejection::Rejection;
use ledger::record::organisation::Organisation;
use ledger::rule::{Unit, land_listing};
use ledger::state::keys::{AuthorityCountKey, DealSequenceKey, OrganisationKey, ValidatorsKey};
use ledger::validators::{Validator, ValidatorSet};
use support::{chain::Chain, compare_or_update, network, table, words};

/// Refusals that no table can bring about, and why.
const ELSEWHERE: [(Rejection, &str); 28] = [
    (Rejection::RuleMissing, "genesis refuses a rule pack that lacks a rule"),
    (Rejection::DealSequenceUsedUp, "takes 999,999 listings; tested below on a state that says so"),
    (Rejection::QuoteCurrency, "there is one currency so far"),
    (Rejection::TooManyMembers, "takes 124 admissions; tested below on a state that says so"),
    (Rejection::TooManyAuthorities, "takes 256 entries; tested below on a state that says so"),
    (Rejection::TradeOutsideMandate, "there is one kind of trade so far"),
    (Rejection::CertificateTooLong, JUDGED_ALONE),
    (Rejection::CertificateVersion, JUDGED_ALONE),
    (Rejection::CertificateWeakDigest, JUDGED_ALONE),
    (Rejection::CertificateAlgorithmUnknown, JUDGED_ALONE),
    (Rejection::CertificateShortKey, JUDGED_ALONE),
    (Rejection::CertificateLongKey, JUDGED_ALONE),
    (Rejection::CertificateWrongPurpose, JUDGED_ALONE),
    (Rejection::CertificateIssuerNotCa, JUDGED_ALONE),
    (Rejection::CertificateKeyUsage, JUDGED_ALONE),
    (Rejection::CertificatePathLength, JUDGED_ALONE),
    (Rejection::CertificateTooComplex, JUDGED_ALONE),
    (Rejection::CertificateNameConstraints, JUDGED_ALONE),
    (Rejection::RevocationListDelta, JUDGED_ALONE),
    (Rejection::RevocationListUnsupported, JUDGED_ALONE),
    (Rejection::OcspSigner, JUDGED_ALONE),
    (Rejection::OcspForged, JUDGED_ALONE),
    (Rejection::OcspEarly, JUDGED_ALONE),
    (Rejection::OcspStale, JUDGED_ALONE),
    (Rejection::OcspOtherCertificate, JUDGED_ALONE),
    (Rejection::OcspNoAnswer, JUDGED_ALONE),
    (Rejection::OcspUnsupported, JUDGED_ALONE),
    (Rejection::OcspNotNewer, JUDGED_ALONE),
];
const JUDGED_ALONE: &str = "a fault of the bytes: met by the tests of the crate `pki`";

macro_rules! tables {
    ($($name:ident)*) => {
        const TABLES: &[(&str, &str)] = &[$((stringify!($name), include_str!(concat!("tables/", stringify!($name), ".txt"))),)*];
        $(
            #[test]
            fn $name() {
                table::run(stringify!($name), include_str!(concat!("tables/", stringify!($name), ".txt")));
            }
        )*
    };
}

tables! {
    transaction registration listing guarantee qualification quote confirmation publicity contract
    release clock lifecycle proposal approval double_signing cosigner
    authority enrolment staff revocation
}

#[test]
fn every_refusal_is_met_by_a_table() {
    let met: BTreeSet<Rejection> = TABLES.iter().flat_map(|(name, text)| table::run(name, text)).collect();
    for rejection in Rejection::ALL {
        let elsewhere = ELSEWHERE.iter().find(|(other, _)| other == rejection);
        assert_eq!(met.contains(rejection), elsewhere.is_none(), "{} {elsewhere:?}", rejection.code());
    }
}

#[test]
fn every_table_file_is_run() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tables");
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<String> =
        files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    let mut run: Vec<String> = TABLES.iter().map(|(name, _)| (*name).to_owned()).collect();
    found.sort();
    run.sort();
    assert_eq!(found, run);
}

#[test]
fn a_centre_numbers_at_most_999_999_deals_a_day() {
    let genesis = network::genesis(&network::Options::default());
    let (mut chain, centre) = (Chain::new(&genesis), network::code("gz"));
    let names = words::Names::new(genesis.chain_id.clone(), genesis.time);
    let publish = words::action("publish", &words::Words::of([].into_iter()), &names);
    let bytes = chain.sign(&network::key("seller"), publish, 10);
    let transaction = chain.verified(&bytes);
    // used before, refused?
    for (used, answer) in [(999_998, None), (999_999, Some(Rejection::DealSequenceUsedUp))] {
        chain.put(&DealSequenceKey(&centre, genesis.time.china_day()), &used);
        assert_eq!(chain.check(names.time("d0T09:00"), &transaction), answer, "{used}");
    }
}

#[test]
fn a_network_has_at_most_128_members() {
    let genesis = network::genesis(&network::Options::default());
    let names = words::Names::new(genesis.chain_id.clone(), genesis.time);
    let mut chain = Chain::new(&genesis);
    let centre: Organisation = chain.read(&OrganisationKey(&network::code("gz"))).unwrap();
    let code = network::code("new");
    chain.put(&OrganisationKey(&code), &Organisation { code: code.clone(), ..centre });
    let act = words::action("propose", &words::Words::of(["admit", "new"].into_iter()), &names);
    let bytes = chain.sign(&network::key("gz"), act, 10);
    let transaction = chain.verified(&bytes);
    for (members, answer) in [(127, None), (128, Some(Rejection::TooManyMembers))] {
        let others = (4..members).map(|n| Validator {
            public_key: network::key(&format!("voting key {n}")).public_key(),
            network_key: network::key(&format!("network key {n}")).public_key(),
            organisation: network::code(&format!("centre {n}")),
        });
        let set = ValidatorSet::new(genesis.validators.iter().cloned().chain(others).collect()).unwrap();
        chain.put(&ValidatorsKey, &set);
        assert_eq!(chain.check(names.time("d0T09:00"), &transaction), answer, "{members}");
    }
}

#[test]
fn a_trust_list_has_at_most_256_entries() {
    let genesis = network::genesis(&network::Options::default());
    let mut chain = Chain::new(&genesis);
    let names = words::Names::new(genesis.chain_id.clone(), genesis.time);
    let propose = words::action("propose", &words::Words::of(["trust", "ca1"].into_iter()), &names);
    let bytes = chain.sign(&network::key("gz"), propose, 10);
    let transaction = chain.verified(&bytes);
    // entries before, refused?
    for (entries, answer) in [(255, None), (256, Some(Rejection::TooManyAuthorities))] {
        chain.put(&AuthorityCountKey, &entries);
        assert_eq!(chain.check(names.time("d0T09:00"), &transaction), answer, "{entries}");
    }
}

/// What a legal number is for, in the words of the page.
fn purpose(id: &str) -> &'static str {
    match id {
        land_listing::NOTICE => "from notice to opening, at least",
        land_listing::LISTING => "from opening to closing, at least",
        land_listing::DEPOSIT => "deposit as a share of the reserve price, at least",
        land_listing::TIMED_BIDDING => "length of timed bidding before any quote in it",
        land_listing::EXTENSION => "a quote this close to the end moves the end to this long after it",
        land_listing::CONFIRMATION => "from the result to both confirmations, at most",
        land_listing::PUBLICATION => "from the confirmation to the publication, at most",
        land_listing::PUBLICITY => "publicity of the result",
        land_listing::CONTRACT => "from the end of publicity to both contract records, at most",
        land_listing::RELEASE => "from the result to the release of the losers' letters, at most",
        land_listing::LETTER_VALIDITY => "from closing to the expiry of a deposited letter, at least",
        id => panic!("say what {id} is for"),
    }
}

fn periods() -> String {
    let pack = network::genesis(&network::Options::default()).rules;
    let mut text =
        String::from("| rule | what | value | checked | refusal | source |\n|---|---|---|---|---|---|\n");
    for rule in &pack.rules {
        let unit = match rule.unit {
            Unit::Day => "days",
            Unit::WorkingDay => "working days",
            Unit::Minute => "minutes",
            Unit::Permille => "thousandths",
        };
        let id = rule.id.as_str();
        let named = |r: &&Rejection| r.english().contains(&format!("(rule {id})"));
        let refusal = Rejection::ALL.iter().find(named).map_or("", |r| r.rule());
        let checked = if awaits_checking(id) { "no" } else { "yes" };
        let (what, value, source) = (purpose(id), rule.value, &rule.source);
        text += &format!("| {id} | {what} | {value} {unit} | {checked} | {refusal} | {source} |\n");
    }
    text
}

/// Whether the comment over a rule in the pack says VERIFY.
fn awaits_checking(id: &str) -> bool {
    let (before, _) = network::RULES.split_once(&format!("[[rules.rule]]\nid = \"{id}\"")).unwrap();
    before.lines().rev().take_while(|line| line.starts_with('#')).any(|line| line.contains("VERIFY"))
}

fn permissions() -> String {
    let mut text = String::from(
        "| act | any of these roles | at any of these stages | limited by mandates |\n|---|---|---|---|\n",
    );
    for row in TABLE {
        let roles: Vec<&str> = row.roles.iter().map(|role| role.name()).collect();
        let stages: Vec<&str> = row.stages.iter().map(|stage| stage.name()).collect();
        let stages = if stages.is_empty() { "-".to_owned() } else { stages.join(", ") };
        let by_node = if row.voting_key { ", or a member's voting key" } else { "" };
        let roles =
            if roles.is_empty() { "whoever holds a certificate".to_owned() } else { roles.join(", ") };
        let limits = if row.limited { "yes" } else { "no" };
        text += &format!("| `{}` | {roles}{by_node} | {stages} | {limits} |\n", row.act);
    }
    text
}

fn refusals() -> String {
    let mut text = String::from("| rule | number | code | English | 中文 |\n|---|---|---|---|---|\n");
    for r in Rejection::ALL {
        let (rule, number) = (r.rule(), r.number());
        text += &format!("| {rule} | {number} | `{}` | {} | {} |\n", r.code(), r.english(), r.chinese());
    }
    text
}

/// Puts `table` between the marker of its name and the next end.
fn put(page: &str, name: &str, table: &str) -> String {
    let marker = format!("<!-- generated: {name} -->\n");
    let (before, rest) = page.split_once(&marker).unwrap_or_else(|| panic!("docs/rules.md has no {name}"));
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    format!("{before}{marker}{table}<!-- end -->{after}")
}

#[test]
fn the_page_of_rules_says_what_the_code_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules.md");
    let mut page = std::fs::read_to_string(path).unwrap();
    for (name, table) in [("periods", periods()), ("permissions", permissions()), ("refusals", refusals())] {
        page = put(&page, name, &table);
    }
    compare_or_update(path, &page);
    // What the prose cites exists.
    let words = page.split(|c: char| !c.is_ascii_alphanumeric());
    let cited = words.filter(|w| w.len() == 4 && w[..2].bytes().all(|b| b.is_ascii_uppercase()));
    for rule in cited.filter(|word| word[2..].bytes().all(|b| b.is_ascii_digit())) {
        let known = land_listing::ALL.contains(&rule) || Rejection::ALL.iter().any(|r| r.rule() == rule);
        assert!(known, "no rule is called {rule}");
    }
}
