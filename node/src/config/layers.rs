//! Layers of a configuration: file, environment, flags; and the names of all keys.

use std::collections::BTreeMap;
use std::fmt;

use toml::{Table, Value};

use super::ConfigError;

/// Every key there is, by section. `network.peer` is a list of tables, whose keys stand in a row of their own.
#[rustfmt::skip]
pub const KEYS: &[(&str, &[&str])] = &[
    ("node", &["name", "data_dir", "genesis", "genesis_hash", "signoffs"]),
    ("keys", &["consensus", "consensus_next", "network", "passphrase_from", "pin_from", "pkcs11_module"]),
    ("network", &["listen", "peer"]),
    ("network.peer", &["key", "addresses"]),
    ("api", &["listen", "fresh_revocation_data_required"]),
    ("mempool", &["transactions", "bytes", "per_organisation"]),
    ("consensus", &[
        "propose_ms", "propose_delta_ms", "prevote_ms", "prevote_delta_ms", "precommit_ms", "precommit_delta_ms",
        "future_ms", "past_ms", "heartbeat_seconds",
    ]),
    ("store", &["block_cache_bytes", "write_buffer_bytes", "node_cache_bytes"]),
    ("disk", &["reserve_bytes"]),
    ("snapshots", &["every_blocks", "keep", "chunk_bytes", "join", "trust_block", "backfill"]),
    ("documents", &["bytes", "document_bytes", "key_bytes"]),
    ("tenders", &["stamps_per_quarter"]),
    ("log", &["level", "format"]),
];

/// Keys without a default.
const REQUIRED: [&str; 7] = [
    "node.name",
    "node.data_dir",
    "node.genesis",
    "node.genesis_hash",
    "node.signoffs",
    "network.listen",
    "api.listen",
];

/// Where a value was set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the file.
    File,
    /// By the environment variable of this name.
    Environment(String),
    /// By the flag of this name.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str(super::FILE_NAME),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A value set on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The key, for example `api.listen`.
    pub key: &'static str,
    /// The flag, for example `--api-listen`.
    pub flag: &'static str,
    /// Its text; lists are separated by commas.
    pub text: String,
}

type Origins = BTreeMap<String, Origin>;

/// Lays the environment and the flags over the file, which must then say everything that has no default.
pub(super) fn merge(
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &[Override],
) -> Result<(Table, Origins), ConfigError> {
    let (table, origins) = overlay(text, environment, flags)?;
    if let Some(key) = REQUIRED.into_iter().find(|key| !origins.contains_key(*key)) {
        return Err(ConfigError::Missing(key.into()));
    }
    // As `zhulian init` leaves it while the members have not agreed yet.
    if table["node"].get("genesis_hash").and_then(Value::as_str) == Some("") {
        let reason =
            "is empty; put in what `zhulian genesis hash` prints, once the members agree on it".into();
        return Err(ConfigError::Value { key: "node.genesis_hash".into(), reason });
    }
    Ok((table, origins))
}

/// Lays the environment and the flags over the file.
pub(super) fn overlay(
    text: &str,
    environment: impl IntoIterator<Item = (String, String)>,
    flags: &[Override],
) -> Result<(Table, Origins), ConfigError> {
    let mut table: Table = text.parse().map_err(|e: toml::de::Error| ConfigError::Syntax(e.to_string()))?;
    let mut origins = Origins::new();
    check_table(&table, "", &mut origins)?;
    for (name, value) in environment {
        if let Some((section, key)) = variable(&name)? {
            set(&mut table, &mut origins, (section, &key), &value, Origin::Environment(name))?;
        }
    }
    for flag in flags {
        if let Some(place) = flag.key.split_once('.') {
            set(&mut table, &mut origins, place, &flag.text, Origin::Flag(flag.flag.into()))?;
        }
    }
    Ok((table, origins))
}

/// Refuses unknown keys at any depth and notes where the known ones stand.
fn check_table(table: &Table, prefix: &str, origins: &mut Origins) -> Result<(), ConfigError> {
    for (key, value) in table {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        if !is_known(&path) {
            return Err(unknown(path, Origin::File));
        }
        match value {
            Value::Table(inner) => check_table(inner, &path, origins)?,
            Value::Array(list) if list.iter().any(Value::is_table) => {
                origins.insert(path.clone(), Origin::File);
                list.iter().filter_map(Value::as_table).try_for_each(|t| check_table(t, &path, origins))?;
            }
            _ => {
                origins.insert(path, Origin::File);
            }
        }
    }
    Ok(())
}

fn all_paths() -> impl Iterator<Item = String> {
    let sections = KEYS.iter().map(|(section, _)| (*section).to_owned());
    sections
        .chain(KEYS.iter().flat_map(|(section, keys)| keys.iter().map(move |key| format!("{section}.{key}"))))
}

fn is_known(path: &str) -> bool {
    all_paths().any(|known| known == path)
}

/// Names longer than this resemble none of ours, and comparing them would cost memory for each character.
const NAME_MAX: usize = 128;

fn unknown(key: String, origin: Origin) -> ConfigError {
    if key.len() > NAME_MAX {
        let key = key.chars().take(NAME_MAX).chain(['…']).collect();
        return ConfigError::Unknown { key, origin, nearest: None };
    }
    let nearest = all_paths()
        .map(|known| (strsim::damerau_levenshtein(&known, &key), known))
        .min()
        .filter(|(distance, known)| *distance <= known.len().max(key.len()) / 3)
        .or_else(|| namesake(&key))
        .map(|(_, known)| known);
    ConfigError::Unknown { key, origin, nearest }
}

/// A key of the same last word in another section: `node.listen` for `network.listen`.
fn namesake(key: &str) -> Option<(usize, String)> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let word = last(key);
    all_paths()
        .map(|known| (strsim::damerau_levenshtein(&last(&known), &word), known))
        .min()
        .filter(|(distance, _)| *distance <= word.len() / 3)
}

/// The key that an environment variable sets; `None` for variables that are none of ours.
fn variable(name: &str) -> Result<Option<(&'static str, String)>, ConfigError> {
    let Some(rest) = name.strip_prefix("ZHULIAN_") else { return Ok(None) };
    let Some((section, key)) = rest.split_once('_') else { return Ok(None) };
    let Some((section, _)) = KEYS.iter().find(|(s, _)| s.to_ascii_uppercase() == section) else {
        return Ok(None);
    };
    let key = key.to_ascii_lowercase();
    if is_known(&format!("{section}.{key}")) && key != "peer" {
        Ok(Some((*section, key)))
    } else {
        Err(unknown(format!("{section}.{key}"), Origin::Environment(name.into())))
    }
}

fn set(
    table: &mut Table,
    origins: &mut Origins,
    (section, key): (&str, &str),
    text: &str,
    origin: Origin,
) -> Result<(), ConfigError> {
    let entry = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
    let Some(entry) = entry.as_table_mut() else {
        return Err(ConfigError::Value {
            key: section.into(),
            reason: "must be a section, [section]".into(),
        });
    };
    entry.insert(key.into(), value_of(section, key, text));
    origins.insert(format!("{section}.{key}"), origin);
    Ok(())
}

/// Text becomes what the key takes: a list for `network.listen`, numbers and truth values where they parse as such.
fn value_of(section: &str, key: &str, text: &str) -> Value {
    if (section, key) == ("network", "listen") {
        return Value::Array(text.split(',').map(|part| Value::String(part.trim().into())).collect());
    }
    if matches!(
        (section, key),
        ("snapshots", "join" | "backfill") | ("api", "fresh_revocation_data_required")
    ) && let Ok(join) = text.parse()
    {
        return Value::Boolean(join);
    }
    let numeric = matches!(section, "mempool" | "consensus" | "store" | "disk" | "snapshots");
    match text.replace('_', "").parse() {
        Ok(number) if numeric => Value::Integer(number),
        _ => Value::String(text.into()),
    }
}

/// Says at which key a value did not fit, and where that was set.
pub(super) fn place(error: &toml::de::Error, origins: &Origins) -> ConfigError {
    let text = error.to_string();
    let (reason, key) = match text.trim().rsplit_once("\nin `") {
        Some((reason, key)) => (reason.to_owned(), key.trim_end_matches('`').to_owned()),
        None => (text.trim().to_owned(), String::new()),
    };
    if let Some(field) = reason.strip_prefix("missing field `").and_then(|r| r.strip_suffix('`')) {
        return ConfigError::Missing(if key.is_empty() { field.into() } else { format!("{key}.{field}") });
    }
    let origin = origins.get(&key).filter(|origin| **origin != Origin::File);
    let reason = origin.map_or(reason.clone(), |origin| format!("{reason} (set by {origin})"));
    ConfigError::Value { key: if key.is_empty() { super::FILE_NAME.into() } else { key }, reason }
}
