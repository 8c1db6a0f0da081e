//! The actors of the tests and the genesis in which they stand.

use std::collections::BTreeMap;

use ledger::crypto::SigningKey;
use ledger::genesis::Genesis;
use ledger::hash::sha256;
use ledger::id::{CreditCode, credit_check};

/// Name, region and roles of everybody in genesis; centres first.
const ACTORS: [(&str, &str, &[&str]); 13] = [
    ("gz", "440100", &["centre"]),
    ("sz", "440300", &["centre"]),
    ("zh", "440400", &["centre"]),
    ("zs", "442000", &["centre"]),
    ("seller", "440400", &["seller"]),
    ("trader", "440400", &["seller", "bidder"]),
    ("a", "440100", &["bidder"]),
    ("b", "440300", &["bidder"]),
    ("c", "442000", &["bidder"]),
    ("bank", "440100", &["guarantor"]),
    ("insurer", "440300", &["guarantor"]),
    ("overseer", "440100", &["supervisor"]),
    ("keeper", "440100", &["timekeeper"]),
];

/// The reference rule pack, as a genesis holds it.
pub const RULES: &str = include_str!("../../../examples/rules/land-listing-2026.toml");
/// The reference rule pack of construction tenders.
pub const CONSTRUCTION_RULES: &str = include_str!("../../../examples/rules/construction-2026.toml");

/// How a test's genesis differs from the usual one.
#[derive(Clone, Default)]
pub struct Options {
    /// Whether the clock is stepped by `keeper`.
    pub stepped: bool,
    /// Whether keys must come from certificates.
    pub certificates_required: bool,
    /// Whether there are rules of construction tenders.
    pub construction: bool,
    /// Values of rules: id to value and unit.
    pub rules: BTreeMap<String, (u64, String)>,
    /// Last day of the holiday table.
    pub calendar_ends: Option<String>,
    /// Largest total of transaction bytes in a block.
    pub block_bytes: Option<u64>,
    /// Most transactions in a block.
    pub block_transactions: Option<u64>,
}

/// The key called `name`: an actor's first key is called as the actor.
pub fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&zeroize::Zeroizing::new(sha256(format!("zhulian test key {name}").as_bytes())))
}

/// The credit code of the actor called `name`, whether it is in genesis or not.
pub fn code(name: &str) -> CreditCode {
    let index = ACTORS.iter().position(|a| a.0 == name);
    let region = index.map_or("440500", |i| ACTORS[i].1);
    let serial = match index {
        Some(i) => i as u64 + 1,
        None => 1_000 + name.bytes().fold(0u64, |sum, b| (sum * 31 + u64::from(b)) % 99_999_000),
    };
    let body = format!("91{region}{serial:09}");
    let check = credit_check(&body).unwrap();
    format!("{body}{}", char::from(check)).parse().unwrap()
}

/// A genesis file. Time begins on Monday 2 March 2026, 00:00 in China.
pub fn genesis_text(options: &Options) -> String {
    let mut text = String::from("name = \"test\"\ntime = \"2026-03-02T00:00:00+08:00\"\n\n[parameters]\n");
    let (bytes, count) =
        (options.block_bytes.unwrap_or(1 << 20), options.block_transactions.unwrap_or(1_000));
    text += &format!("expiry_window = 100\nblock_bytes = {bytes}\nblock_transactions = {count}\n");
    if options.certificates_required {
        text += "certificates_required = true\n";
    }
    text += "\n[clock]\n";
    match options.stepped {
        true => text += &format!("kind = \"stepped\"\ntimekeeper = \"{}\"\n", key("keeper").public_key()),
        false => text += "kind = \"real\"\n",
    }
    let organisers: &[(&str, &str, &[&str])] = match options.construction {
        true => &[("owner", "440400", &["organiser"]), ("mayor", "440300", &["organiser"])],
        false => &[],
    };
    for &(name, region, roles) in ACTORS.iter().chain(organisers) {
        let keys =
            [key(name), key(&format!("{name}.2"))].map(|key| format!("\"{}\"", key.public_key())).join(", ");
        let head =
            format!("code = \"{}\"\nname = \"{name}\"\nregion = \"{region}\"\nkeys = [{keys}]\n", code(name));
        if roles == ["centre"] {
            let (votes, speaks) = (key(&format!("{name} votes")), key(&format!("{name} network")));
            let (votes, speaks) = (votes.public_key(), speaks.public_key());
            text += &format!("\n[[centre]]\n{head}consensus_key = \"{votes}\"\nnetwork_key = \"{speaks}\"\n");
        } else {
            let roles = roles.iter().map(|role| format!("\"{role}\"")).collect::<Vec<_>>().join(", ");
            text += &format!("\n[[organisation]]\n{head}roles = [{roles}]\n");
        }
    }
    text += &format!("\n{}", rules(options, RULES, "rules"));
    if options.construction {
        text += &format!("\n{}", rules(options, CONSTRUCTION_RULES, "construction"));
    }
    text
}

/// A reference pack with the values that the test wants.
fn rules(options: &Options, pack: &str, section: &str) -> String {
    let mut table: toml::Table = pack.parse().unwrap();
    let rules = table.get_mut(section).and_then(toml::Value::as_table_mut).unwrap();
    for rule in rules.get_mut("rule").and_then(toml::Value::as_array_mut).unwrap() {
        let rule = rule.as_table_mut().unwrap();
        if let Some((value, unit)) = options.rules.get(rule["id"].as_str().unwrap()) {
            rule.insert("value".into(), toml::Value::Integer(*value as i64));
            rule.insert("unit".into(), unit.clone().into());
        }
    }
    if let Some(last) = &options.calendar_ends {
        let calendar = rules.get_mut("calendar").and_then(toml::Value::as_table_mut).unwrap();
        calendar.insert("last".into(), last.clone().into());
        for list in ["holidays", "workdays"] {
            let days = calendar.get_mut(list).and_then(toml::Value::as_array_mut).unwrap();
            days.retain(|day| day.as_str().unwrap() <= last.as_str());
        }
    }
    toml::to_string(&table).unwrap()
}

/// The parsed genesis.
pub fn genesis(options: &Options) -> Genesis {
    Genesis::parse(genesis_text(options).as_bytes()).unwrap()
}
