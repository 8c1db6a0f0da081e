//! Every rule of the ledger, as tables of acts and answers.

mod support;

use std::collections::BTreeSet;

use ledger::execute::permission::{TABLE, TENDER_TABLE};
use ledger::execute::rejection::Rejection;
use ledger::record::bid::BidTally;
use ledger::record::evaluation::PoolTally;
use ledger::record::organisation::Organisation;
use ledger::record::project::Industry;
use ledger::record::tender::{Tender, TenderStage};
use ledger::rule::{RulePack, Unit, construction_tender, land_listing};
use ledger::state::keys::{
    AuthorityCountKey, BidTallyKey, DealSequenceKey, OpenedBidKey, OpeningKey, OrganisationKey, PoolTallyKey,
    ProjectSequenceKey, TenderKey, ValidatorsKey,
};
use ledger::validators::{Validator, ValidatorSet};
use support::{chain::Chain, compare_or_update, network, table, words};

/// Refusals that no table can bring about, and why.
const ELSEWHERE: [(Rejection, &str); 8] = [
    (Rejection::PoolFull, "takes 4,096 experts; tested below on a state that says so"),
    (Rejection::NumbersUsedUp, "takes 9,999 projects; tested below on a state that says so"),
    (Rejection::TooManyBids, "takes 4,096 bids; tested below on a state that says so"),
    (Rejection::TooManyObjections, "takes 256 objections; tested below on a state that says so"),
    (Rejection::DealSequenceUsedUp, "takes 999,999 listings; tested below on a state that says so"),
    (Rejection::QuoteCurrency, "there is one currency so far"),
    (Rejection::TooManyMembers, "takes 124 admissions; tested below on a state that says so"),
    (Rejection::TooManyAuthorities, "takes 256 entries; tested below on a state that says so"),
];

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
    project seat tender clarification objection
    stamp_key bid withdrawal opening_shares self_opening
    expert panel scores award tender_contract
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
fn a_pool_has_at_most_4_096_free_experts() {
    let genesis = network::genesis(&network::Options { construction: true, ..Default::default() });
    let mut chain = Chain::new(&genesis);
    let names = words::Names::new(genesis.chain_id.clone(), genesis.time);
    let enter = words::action("experts", &words::Words::of(["e1,e2"].into_iter()), &names);
    let bytes = chain.sign(&network::key("gz"), enter, 10);
    let transaction = chain.verified(&bytes);
    // free before, refused?
    for (free, answer) in [(4_094, None), (4_095, Some(Rejection::PoolFull))] {
        chain.put(&PoolTallyKey(Industry::Road), &PoolTally { entered: 9_000, free });
        assert_eq!(chain.check(names.time("d0T09:00"), &transaction), answer, "{free}");
    }
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

#[test]
fn a_region_numbers_at_most_9_999_projects_of_a_kind_a_day() {
    let genesis = network::genesis(&network::Options { construction: true, ..Default::default() });
    let mut chain = Chain::new(&genesis);
    let names = words::Names::new(genesis.chain_id.clone(), genesis.time);
    let act = words::action("project", &words::Words::of([].into_iter()), &names);
    let bytes = chain.sign(&network::key("owner"), act, 10);
    let transaction = chain.verified(&bytes);
    for (used, answer) in [(9_998, None), (9_999, Some(Rejection::NumbersUsedUp))] {
        chain.put(&ProjectSequenceKey("A03440400260302"), &used);
        assert_eq!(chain.check(names.time("d0T09:00"), &transaction), answer, "{used}");
    }
}

/// Bids are opened in chunks of 256, whichever chunk comes first; of one bidder the last counts.
#[test]
fn bids_beyond_256_open_in_chunks() {
    let (mut chain, mut names) = support::tender::published();
    let mut record = |line: &str| support::tender::record(&mut chain, &mut names, line);
    for number in 3..259 {
        record(&format!("k{number} bid T price={number}"));
    }
    record("keeper advance 31d");
    for (chunk, seat) in [(1, "gz"), (0, "sz"), (1, "zh"), (0, "zs"), (1, "zs"), (0, "gz")] {
        record(&format!("{seat} shares T {seat} chunk={chunk}"));
    }
    let id = support::tender::tender(&names, "T");
    assert_eq!(chain.read(&TenderKey(&id)).unwrap().stage, TenderStage::Opened);
    let opening = chain.read(&OpeningKey(&id)).unwrap();
    assert_eq!((opening.bids, opening.chunks, opening.left, opening.valid), (257, 2, 0, 1));
    let opened = chain.read(&OpenedBidKey(&id, &network::code("a"))).unwrap();
    assert_eq!((opened.order, opened.key), (257, network::key("k258").public_key()));
}

#[test]
fn a_tender_takes_at_most_4_096_bids() {
    let (mut chain, names) = support::tender::published();
    let id = support::tender::tender(&names, "T");
    names.signer.replace("k1".to_owned());
    let act = words::action("bid", &words::Words::of(["T"].into_iter()), &names);
    let bytes = chain.sign(&network::key("k1"), act, 10);
    let transaction = chain.verified(&bytes);
    for (live, answer) in [(4_095, None), (4_096, Some(Rejection::TooManyBids))] {
        chain.put(&BidTallyKey(&id), &BidTally { taken: live, live });
        assert_eq!(chain.check(names.time("d1"), &transaction), answer, "{live}");
    }
}

#[test]
fn a_tender_meets_at_most_256_objections() {
    let (mut chain, names) = support::tender::published();
    let id = support::tender::tender(&names, "T");
    let act = words::action("object", &words::Words::of(["T"].into_iter()), &names);
    let bytes = chain.sign(&network::key("a"), act, 10);
    let transaction = chain.verified(&bytes);
    let tender = chain.read(&TenderKey(&id)).unwrap();
    for (objections, answer) in [(255, None), (256, Some(Rejection::TooManyObjections))] {
        chain.put(&TenderKey(&id), &Tender { objections, ..tender.clone() });
        assert_eq!(chain.check(names.time("d1"), &transaction), answer, "{objections}");
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
        construction_tender::SALE => "documents are available, at least",
        construction_tender::PREQUALIFICATION => {
            "from the end of the sale to the prequalification deadline, at least"
        }
        construction_tender::PREQUALIFIED => "prequalified applicants, at least",
        construction_tender::BIDDING => "from the issue of the documents to the bid deadline, at least",
        construction_tender::CLARIFICATION => "from a clarification or change to the bid deadline, at least",
        construction_tender::PREQUALIFICATION_CLARIFICATION => {
            "from a clarification or change to the prequalification deadline, at least"
        }
        construction_tender::INVITEES => "invitees of an invited tender, at least",
        construction_tender::BOND_SHARE => "bid bond as a share of the estimated price, at most",
        construction_tender::BOND_CAP => "bid bond, at most",
        construction_tender::WITHDRAWN_BOND => {
            "from a withdrawal before the deadline to the return of the bond, at most"
        }
        construction_tender::FEWEST_BIDS => "bids without which nothing is opened",
        construction_tender::COMMITTEE => "members of the evaluation committee, at least",
        construction_tender::EXPERTS => "experts among them, at least",
        construction_tender::PROLONGATION => "more members than this share prolong the evaluation",
        construction_tender::CANDIDATES => "candidates, at most",
        construction_tender::CANDIDATE_NOTICE => {
            "from the report to the publication of the candidates, at most"
        }
        construction_tender::PUBLICITY => "publicity of the candidates, at least",
        construction_tender::DOCUMENT_OBJECTION => {
            "from an objection to the tender documents to the deadline, at least"
        }
        construction_tender::PREQUALIFICATION_OBJECTION => {
            "from an objection to the prequalification documents to their deadline, at least"
        }
        construction_tender::ANSWER => "from an objection to its answer, at most",
        construction_tender::CONTRACT => "from the award notice to the contract, at most",
        construction_tender::REPORT => "from the determination of the winner to the report, at most",
        construction_tender::BOND_RETURN => "from the contract to the return of the bonds, at most",
        construction_tender::PERFORMANCE_BOND => "performance bond as a share of the contract price, at most",
        construction_tender::COMPLAINT => "from knowing to a complaint, at most",
        construction_tender::COMPLAINT_ACCEPTANCE => "from a complaint to its acceptance, at most",
        construction_tender::COMPLAINT_DECISION => {
            "from the acceptance of a complaint to the decision, at most"
        }
        construction_tender::GRACE => "from the bid deadline to the opening, at most",
        construction_tender::SHARES => "from the opening until it counts as stalled",
        construction_tender::SELF_OPENING => "from the opening until bidders may open their own bids",
        construction_tender::ANNULMENT => "from the opening to the annulment of what could not be opened",
        construction_tender::VALIDITY => "bid validity from the bid deadline, at least",
        construction_tender::OPENING_OBJECTION => {
            "from the end of the opening, in which bidders may object to it, to the evaluation"
        }
        id => panic!("say what {id} is for"),
    }
}

fn periods(pack: &RulePack) -> String {
    let mut text =
        String::from("| rule | what | value | checked | refusal | source |\n|---|---|---|---|---|---|\n");
    for rule in &pack.rules {
        let unit = match rule.unit {
            Unit::Day => "days",
            Unit::WorkingDay => "working days",
            Unit::Minute => "minutes",
            Unit::Permille => "thousandths",
            Unit::Count => "",
            Unit::TenThousandYuan => "ten thousand yuan",
            Unit::Third if rule.value == 1 => "third",
            Unit::Third => "thirds",
        };
        let id = rule.id.as_str();
        let named = |r: &&Rejection| r.english().contains(&format!("(rule {id})"));
        let refusal = Rejection::ALL.iter().find(named).map_or("", |r| r.rule());
        let checked = if awaits_checking(id) { "no" } else { "yes" };
        let (what, value, source) = (purpose(id), rule.value, &rule.source);
        let value = format!("{value} {unit}");
        let value = value.trim_end();
        text += &format!("| {id} | {what} | {value} | {checked} | {refusal} | {source} |\n");
    }
    text
}

/// Whether the comment over a rule in the pack says VERIFY.
fn awaits_checking(id: &str) -> bool {
    let packs = [(network::RULES, "rules"), (network::CONSTRUCTION_RULES, "construction")];
    let mut found = packs
        .iter()
        .filter_map(|(pack, section)| pack.split_once(&format!("[[{section}.rule]]\nid = \"{id}\"\n")));
    let (before, _) = found.next().unwrap();
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
        let roles = match roles.as_slice() {
            [] if row.act == "enrol" => "whoever holds a certificate".to_owned(),
            [] if row.act.ends_with("_scores") => "a key on the panel".to_owned(),
            [] => "a one-time key".to_owned(),
            roles => roles.join(", "),
        };
        let limits = if row.limited { "yes" } else { "no" };
        text += &format!("| `{}` | {roles}{by_node} | {stages} | {limits} |\n", row.act);
    }
    text += "\nStages of a tender in which an act on it is possible:\n\n| act | at any of these stages |\n|---|---|\n";
    for row in TENDER_TABLE {
        let stages: Vec<&str> = row.stages.iter().map(|stage| stage.name()).collect();
        text += &format!("| `{}` | {} |\n", row.act, stages.join(", "));
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
    let genesis = network::genesis(&network::Options { construction: true, ..Default::default() });
    let (land, construction) = (periods(&genesis.rules), periods(&genesis.construction.unwrap()));
    let tables = [("periods", land), ("construction", construction)];
    for (name, table) in tables.into_iter().chain([("permissions", permissions()), ("refusals", refusals())])
    {
        page = put(&page, name, &table);
    }
    compare_or_update(path, &page);
    // What the prose cites exists.
    let words = page.split(|c: char| !c.is_ascii_alphanumeric());
    let cited = words.filter(|w| w.len() == 4 && w[..2].bytes().all(|b| b.is_ascii_uppercase()));
    for rule in cited.filter(|word| word[2..].bytes().all(|b| b.is_ascii_digit())) {
        let legal = land_listing::ALL.contains(&rule) || construction_tender::ALL.contains(&rule);
        let known = legal || Rejection::ALL.iter().any(|r| r.rule() == rule);
        assert!(known, "no rule is called {rule}");
    }
}

/// The lines of a case of a table, `revocation: by the holder`.
fn case(name: &str) -> Option<&'static str> {
    let (table, title) = name.split_once(": ")?;
    let (_, text) = TABLES.iter().find(|(name, _)| *name == table)?;
    let (_, rest) = text.split_once(&format!("\n== {title}\n"))?;
    rest.split("\n== ").next()
}

#[test]
fn the_page_of_certificates_names_cases_that_there_are() {
    let page = include_str!("../../docs/certificates.md");
    let mut named = BTreeSet::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [what, how, name] = cells.as_slice() else { continue };
        let Some(lines) = case(name) else {
            assert!(!name.contains(": "), "{what}: there is no case {name:?}");
            continue;
        };
        if let Some(rejection) = Rejection::ALL.iter().find(|rejection| rejection.rule() == *how) {
            assert!(lines.contains(&format!("-> {}\n", rejection.code())), "{what}: {name:?} lacks {how}");
            named.insert(*rejection);
        }
    }
    // Each refusal of an enrolment's certificate, of a list, of an answer and of a key from a certificate has its row.
    let of_bytes = (Rejection::CertificateWeakDigest as u16)..=(Rejection::KeyShared as u16);
    for rejection in Rejection::ALL.iter().filter(|rejection| of_bytes.contains(&rejection.number())) {
        assert!(named.contains(rejection), "{} has no row", rejection.rule());
    }
}
