//! Networks for the workload: a genesis that follows from the seed, and the keys of everybody in it.

use ledger::crypto::{PublicKey, SigningKey};
use ledger::genesis::{Genesis, GenesisError};
use ledger::hash::sha256;
use ledger::id::credit_check;
use zeroize::Zeroizing;

use super::chance::Chance;

/// The reference rule pack.
const RULES: &str = include_str!("../../../examples/rules/land-listing-2026.toml");

/// Region and roles of everybody in genesis; centres first.
const ACTORS: [(&str, &[&str]); 13] = [
    ("440100", &["centre"]),
    ("440300", &["centre"]),
    ("440400", &["centre"]),
    ("442000", &["centre"]),
    ("440400", &["seller"]),
    ("440400", &["seller", "bidder"]),
    ("440100", &["bidder"]),
    ("440300", &["bidder"]),
    ("442000", &["bidder"]),
    ("440100", &["guarantor"]),
    ("440300", &["guarantor"]),
    ("440100", &["supervisor"]),
    ("440100", &["timekeeper"]),
];
/// The place of the timekeeper in [`ACTORS`].
const TIMEKEEPER: usize = 12;

/// A network before its first block.
pub struct Cast {
    /// Its genesis.
    pub genesis: Genesis,
    /// The keys of all its organisations, and those with which its centres vote.
    pub keys: Vec<SigningKey>,
    /// The voting key of its first centre.
    pub proposer: PublicKey,
    /// What is special about it, for people.
    pub described: String,
}

/// What differs from seed to seed.
struct Variant {
    stepped: bool,
    certificates_required: bool,
    expiry_window: u64,
    block_transactions: u64,
    begins: &'static str,
    calendar_ends: Option<&'static str>,
    rules: &'static [(&'static str, u64, &'static str)],
}

/// Rule packs: the reference; minutes, so that trades are short; working days; calendar days; a share that makes
/// deposits larger than there are amounts.
const PACKS: [&[(&str, u64, &str)]; 6] = [
    &[],
    &[],
    &[
        ("LL01", 20, "minute"),
        ("LL02", 40, "minute"),
        ("LL04", 2, "minute"),
        ("LL05", 3, "minute"),
        ("LL06", 30, "minute"),
        ("LL07", 30, "minute"),
        ("LL08", 30, "minute"),
        ("LL09", 30, "minute"),
        ("LL10", 45, "minute"),
        ("LL11", 240, "minute"),
    ],
    &[("LL01", 5, "working_day"), ("LL02", 5, "working_day"), ("LL11", 20, "working_day")],
    &[
        ("LL01", 3, "day"),
        ("LL06", 4, "day"),
        ("LL07", 5, "day"),
        ("LL08", 6, "day"),
        ("LL09", 3, "day"),
        ("LL10", 2, "day"),
        ("LL11", 1, "day"),
    ],
    &[("LL03", 100_000, "permille"), ("LL04", 10, "minute"), ("LL01", 1, "day")],
];

impl Variant {
    fn of(chance: &mut Chance) -> Self {
        let pack = chance.below(PACKS.len() as u64) as usize;
        let ends = [None, None, Some("2026-04-30"), Some("2026-05-31")];
        let (begins, calendar_ends) = match chance.below(4) {
            0 => ("2026-10-20T09:00:00+08:00", None),
            _ => ("2026-03-02T00:00:00+08:00", chance.pick(&ends).copied().flatten()),
        };
        Self {
            stepped: chance.happens(30),
            expiry_window: [10, 100][chance.below(2) as usize],
            block_transactions: [4, 2_000, 2_000][chance.below(3) as usize],
            begins,
            calendar_ends,
            rules: PACKS[pack],
            certificates_required: chance.happens(25),
        }
    }

    /// The reference pack with the variant's values.
    fn pack(&self) -> String {
        let mut text = String::new();
        let (mut changed, mut in_list) = (None, false);
        for line in RULES.lines() {
            if let Some(id) = line.strip_prefix("id = ") {
                changed = self.rules.iter().find(|(rule, _, _)| id == format!("\"{rule}\""));
            }
            in_list = (in_list || line.ends_with('[')) && line != "]";
            let is = |name: &str| line.starts_with(&format!("{name} = "));
            let line = match (changed, self.calendar_ends) {
                (Some((_, value, _)), _) if is("value") => format!("value = {value}"),
                (Some((_, _, unit)), _) if is("unit") => format!("unit = \"{unit}\""),
                (_, Some(last)) if is("last") => format!("last = \"{last}\""),
                (_, Some(last)) if in_list => days_until(line, last),
                _ => line.to_owned(),
            };
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

/// A line of quoted days without those after `last`.
fn days_until(line: &str, last: &str) -> String {
    let days = line.split('#').next().unwrap_or("").split('"').filter(|day| day.len() == last.len());
    let kept: Vec<String> = days.filter(|day| *day <= last).map(|day| format!("\"{day}\",")).collect();
    if line.ends_with('[') { line.to_owned() } else { kept.join(" ") }
}

/// The key of this name.
fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new(sha256(format!("workload cast {name}").as_bytes())))
}

impl Cast {
    /// The network of a seed.
    ///
    /// # Errors
    /// [`GenesisError`], which would be a defect of this module.
    pub fn new(seed: u64) -> Result<Self, GenesisError> {
        let variant = Variant::of(&mut Chance::new(seed ^ 0x6361_7374));
        let (mut text, mut keys) = (head(&variant), Vec::new());
        for (number, (region, roles)) in ACTORS.iter().enumerate() {
            let own = [key(&format!("{number}")), key(&format!("{number}, second"))];
            text.push_str(&section(number, region, roles, &own));
            keys.extend(own);
            if *roles == ["centre"] {
                keys.push(key(&format!("{number} votes")));
            }
        }
        text.push_str(&variant.pack());
        let described = format!(
            "{} clock from {}, window {}, {} transactions a block, holiday table to {}, rules {:?}, {} by centres",
            if variant.stepped { "stepped" } else { "real" },
            variant.begins,
            variant.expiry_window,
            variant.block_transactions,
            variant.calendar_ends.unwrap_or("2026-12-31"),
            variant.rules,
            if variant.certificates_required { "no keys" } else { "keys" },
        );
        let genesis = Genesis::parse(text.as_bytes())?;
        Ok(Self { genesis, keys, proposer: key("0 votes").public_key(), described })
    }
}

fn head(variant: &Variant) -> String {
    let clock = if variant.stepped {
        let timekeeper = key(&format!("{TIMEKEEPER}")).public_key();
        format!("kind = \"stepped\"\ntimekeeper = \"{timekeeper}\"")
    } else {
        "kind = \"real\"".to_owned()
    };
    format!(
        "name = \"audited\"\ntime = \"{}\"\n\n[parameters]\nexpiry_window = {}\nblock_bytes = 1048576\n\
         block_transactions = {}\ncertificates_required = {}\n\n[clock]\n{clock}\n\n",
        variant.begins, variant.expiry_window, variant.block_transactions, variant.certificates_required,
    )
}

/// The section of one organisation.
fn section(number: usize, region: &str, roles: &[&str], keys: &[SigningKey]) -> String {
    let body = format!("91{region}{:09}", number + 1);
    let check = credit_check(&body).map_or('?', char::from);
    let quoted =
        |texts: Vec<String>| texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ");
    let own = quoted(keys.iter().map(|key| key.public_key().to_string()).collect());
    let common =
        format!("code = \"{body}{check}\"\nname = \"示例{number}\"\nregion = \"{region}\"\nkeys = [{own}]\n");
    if roles == ["centre"] {
        let (votes, speaks) = (key(&format!("{number} votes")), key(&format!("{number} speaks")));
        let (votes, speaks) = (votes.public_key(), speaks.public_key());
        return format!("[[centre]]\n{common}consensus_key = \"{votes}\"\nnetwork_key = \"{speaks}\"\n\n");
    }
    let roles = quoted(roles.iter().map(|role| (*role).to_owned()).collect());
    format!("[[organisation]]\n{common}roles = [{roles}]\n\n")
}
