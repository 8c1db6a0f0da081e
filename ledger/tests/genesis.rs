//! Genesis files: what is read from them, and what is refused.

mod support;

use ledger::genesis::{Genesis, GenesisError, MAX_GENESIS_BYTES};
use ledger::record::Clock;
use ledger::record::organisation::Role;
use ledger::rule::land_listing;
use support::network::{Options, code, genesis_text, key};

fn good() -> String {
    genesis_text(&Options { stepped: true, ..Options::default() })
}

#[test]
fn a_genesis_is_read_whole() {
    let text = good();
    let genesis = Genesis::parse(text.as_bytes()).unwrap();
    assert_eq!(genesis.hash.as_bytes(), &ledger::hash::sha256(text.as_bytes()));
    assert_eq!(genesis.chain_id.as_str(), format!("test/{}", &genesis.hash.to_string()[..16]));
    assert_eq!(genesis.time.to_string(), "2026-03-02T00:00:00+08:00");
    assert_eq!((genesis.validators.len(), genesis.validators.quorum()), (4, 3));
    assert_eq!(genesis.organisations.len(), 13);
    let (gz, keys) = &genesis.organisations[0];
    assert_eq!((&gz.code, gz.roles.as_slice()), (&code("gz"), [Role::Centre].as_slice()));
    assert_eq!(keys, &[key("gz").public_key(), key("gz.2").public_key()]);
    assert_eq!(genesis.parameters.clock, Clock::Stepped { timekeeper: key("keeper").public_key() });
    assert_eq!(genesis.rules.rules.len(), land_listing::ALL.len());
    // 3 settings, a clock and an era, 13 organisations with two keys each.
    assert_eq!(genesis.state().len(), 5 + 13 * 3);
}

/// The reference packs have every rule, and their holiday tables speak of days that they change only.
#[test]
fn the_reference_packs_are_complete() {
    let text = genesis_text(&Options { construction: true, ..Options::default() });
    let genesis = Genesis::parse(text.as_bytes()).unwrap();
    for pack in [&genesis.rules, genesis.construction.as_ref().unwrap()] {
        let ids: Vec<&str> = pack.rules.iter().map(|rule| rule.id.as_str()).collect();
        assert_eq!(ids, pack.kind.rules());
        let weekdays = pack.calendar.holidays.iter().filter(|day| !matches!(day.number() % 7, 2 | 3)).count();
        assert_eq!(weekdays, pack.calendar.holidays.len(), "holidays are days that would be worked");
        assert!(pack.calendar.workdays.iter().all(|day| matches!(day.number() % 7, 2 | 3)));
    }
}

/// Each kind of trade has rules of its own, and asks for all of them.
#[test]
fn a_pack_of_another_kind_of_trade_is_refused() {
    let good = genesis_text(&Options { construction: true, ..Options::default() });
    let cases = [
        ("[construction]", "[other]", "missing field `name`"),
        (
            "id = \"CT04\"",
            "id = \"LL04\"",
            "construction: rule LL04: is not known; rules of a construction_tender",
        ),
        ("id = \"LL04\"", "id = \"CT04\"", "rules: rule CT04: is not known; rules of a land_listing"),
        (
            "unit = \"ten_thousand_yuan\"",
            "unit = \"count\"",
            "construction: rule CT07B: does not count in count",
        ),
        ("unit = \"third\"", "unit = \"permille\"", "construction: rule CT15A: does not count in permille"),
    ];
    for (from, to, error) in cases {
        assert!(good.contains(from), "{from}");
        let found = Genesis::parse(good.replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
        assert!(found.contains(error), "{found}");
    }
}

#[test]
fn what_is_not_a_genesis_is_refused() {
    let weak = "0".repeat(64);
    let [gz_code, a_code, b_code] = ["gz", "a", "b"].map(|name| code(name).to_string());
    let (keeper, a, gz) = (key("keeper").public_key(), key("a").public_key(), key("gz").public_key());
    let (votes, network) = (key("gz votes").public_key(), key("gz network").public_key());
    let sz_votes = key("sz votes").public_key();
    // what is replaced, by what, what the error says
    let cases: &[(&str, &str, &str)] = &[
        ("name = \"test\"", "name = \"Test\"", "name: a chain name has"),
        ("name = \"test\"", "name = \"\"", "name: a chain name has"),
        ("name = \"test\"", "nmae = \"test\"", "unknown field `nmae`"),
        ("2026-03-02T00:00:00+08:00", "2026-03-02", "time: not a time"),
        ("2026-03-02T00:00:00+08:00", "2027-03-02T00:00:00+08:00", "holiday table must cover"),
        ("2026-03-02T00:00:00+08:00", "2007-10-31T00:00:00+08:00", "no rule LL01 in effect"),
        ("expiry_window = 100", "expiry_window = 9", "parameters.expiry_window: must be 10"),
        ("block_bytes = 1048576", "block_bytes = 65534", "parameters.block_bytes: must be 65535"),
        ("block_bytes = 1048576", "block_bytes = 4194305", "parameters.block_bytes: must be"),
        ("block_transactions = 1000", "block_transactions = 0", "parameters.block_transactions"),
        ("kind = \"stepped\"", "kind = \"scaled\"", "unknown variant `scaled`"),
        (&format!("timekeeper = \"{keeper}\""), "", "missing field `timekeeper`"),
        (&format!("timekeeper = \"{keeper}\""), &format!("timekeeper = \"{a}\""), "role timekeeper"),
        (&format!("timekeeper = \"{keeper}\""), &format!("timekeeper = \"{weak}\""), "full-strength"),
        (&gz_code, "914401000000000010", "check character"),
        ("region = \"442000\"", "region = \"992000\"", "GB/T 2260"),
        (&format!("consensus_key = \"{votes}\""), &format!("consensus_key = \"{sz_votes}\""), "stands twice"),
        (&format!("consensus_key = \"{votes}\""), "consensus_key = \"00\"", "is not a public key"),
        (&format!("network_key = \"{network}\""), &format!("network_key = \"{weak}\""), "full-strength"),
        (&format!("keys = [\"{gz}\", "), &format!("keys = [\"{a}\", "), "one of its keys stands twice"),
        (&format!("keys = [\"{gz}\", "), &format!("keys = [\"{weak}\", "), "full-strength"),
        ("roles = [\"seller\"]", "roles = [\"seler\"]", "no role is called seler"),
        ("roles = [\"seller\"]", "roles = []", "needs roles"),
        ("roles = [\"seller\"]", "roles = [\"centre\"]", "a section of its own"),
        (&a_code, &b_code, "this organisation stands twice"),
        ("id = \"LL05\"", "id = \"LL04\"", "rule LL04: stands twice"),
        ("id = \"LL05\"", "id = \"LL12\"", "rule LL12: is not known"),
        ("id = \"LL05\"", "id = \"ll05\"", "a rule id has"),
        ("unit = \"permille\"", "unit = \"percent\"", "the unit is one of"),
        ("unit = \"permille\"", "unit = \"day\"", "rule LL03: does not count in day"),
        ("value = 200", "value = 0", "the value must be"),
        ("version = 1", "version = 0", "version: counts from 1"),
        ("effective_from = \"2007-11-01\"", "effective_from = \"2026-03-03\"", "no rule LL01 in effect"),
        ("effective_from = \"2007-11-01\"", "effective_from = \"2007-02-30\"", "is not a date"),
        ("last = \"2026-12-31\"", "last = \"2026-06-30\"", "lies outside the table"),
        ("\"2026-05-09\"", "\"2026-05-04\"", "among the holidays and the workdays"),
    ];
    for (from, to, says) in cases {
        let text = good();
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text, "{from} is not in the file");
        let error = Genesis::parse(broken.as_bytes()).expect_err(says).to_string();
        assert!(error.contains(says), "{from} -> {to}: {error}");
    }
}

#[test]
fn size_and_text_are_bounded() {
    assert_eq!(Genesis::parse(&[0xff, 0xfe]), Err(GenesisError::NotText));
    let mut long = good();
    long.push_str(&"#".repeat(MAX_GENESIS_BYTES));
    assert_eq!(Genesis::parse(long.as_bytes()), Err(GenesisError::NotText));
}

/// Any change to the file, a comment included, is another chain.
#[test]
fn the_chain_is_named_after_the_file() {
    let commented = format!("# signed off\n{}", good());
    let (one, other) =
        (Genesis::parse(good().as_bytes()).unwrap(), Genesis::parse(commented.as_bytes()).unwrap());
    assert_ne!(one.chain_id, other.chain_id);
    assert_eq!(one.state(), other.state());
}
