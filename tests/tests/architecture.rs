//! The rules of the house, as ARCHITECTURE.md gives them, held by a test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Files below `directory` with one of the endings, in order; build output and version control are left out.
fn files(directory: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<PathBuf> = match std::fs::read_dir(directory) {
        Ok(entries) => entries.map(|entry| entry.unwrap().path()).collect(),
        Err(_) => return found,
    };
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != ".git" && name != "node_modules" {
            found.extend(files(&path, endings));
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found
}

/// The code of a file without its comments and without its tests, which stand last.
fn code(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .map(|line| line.split("//").next().unwrap_or(""))
        .collect::<Vec<_>>()
        .join("\n")
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

/// Identifiers and paths' parts of a text.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[test]
fn crates_depend_on_each_other_one_way() {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let ours: Vec<&str> = packages.iter().map(|package| package["name"].as_str().unwrap()).collect();
    let mut arrows: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for package in packages {
        let needs = package["dependencies"].as_array().unwrap().iter();
        let normal = needs.filter(|need| need["kind"].is_null());
        let mut names: Vec<String> = normal
            .filter_map(|need| need["name"].as_str())
            .filter(|name| ours.contains(name))
            .map(str::to_owned)
            .collect();
        names.sort();
        arrows.insert(package["name"].as_str().unwrap(), names);
    }
    let expected: [(&str, &[&str]); 6] = [
        ("consensus", &["ledger"]),
        ("ledger", &["pki", "sealing"]),
        ("node", &["consensus", "ledger", "pki", "sealing"]),
        ("pki", &[]),
        ("scenarios", &["consensus", "ledger", "node", "pki", "sealing"]),
        ("sealing", &[]),
    ];
    let found: Vec<(&str, Vec<&str>)> =
        arrows.iter().map(|(name, needs)| (*name, needs.iter().map(String::as_str).collect())).collect();
    let expected: Vec<(&str, Vec<&str>)> = expected.map(|(name, needs)| (name, needs.to_vec())).to_vec();
    assert_eq!(found, expected);
    // The consensus sees the ledger without its store.
    let consensus = packages.iter().find(|package| package["name"] == "consensus").unwrap();
    let ledger =
        consensus["dependencies"].as_array().unwrap().iter().find(|need| need["name"] == "ledger").unwrap();
    assert_eq!(
        (&ledger["uses_default_features"], &ledger["features"]),
        (&false.into(), &serde_json::json!([]))
    );
}

/// Nothing in the pure crates knows a runtime, a network, a clock, chance, the environment or, but for
/// the store, a file.
#[test]
fn the_pure_crates_are_pure() {
    const NEVER: [&str; 12] = [
        "tokio",
        "libp2p",
        "axum",
        "reqwest",
        "SystemTime",
        "Instant",
        "HashMap",
        "HashSet",
        "thread_rng",
        "OsRng",
        "env",
        "net",
    ];
    for directory in ["pki/src", "sealing/src", "ledger/src", "consensus/src"] {
        for path in files(&root().join(directory), &[".rs"]) {
            let (code, name) = (code(&path), name(&path));
            let in_store = name.starts_with("ledger/src/store");
            for word in NEVER.iter().chain(if in_store { &[][..] } else { &["fs", "jmt"] }) {
                // A store may measure itself and caches may be unordered: they decide nothing.
                let measures = in_store && ["Instant", "HashMap", "HashSet"].contains(word);
                // A text of the specification, and not the environment.
                let label = name == "sealing/src/label.rs" && *word == "env";
                assert!(
                    measures || label || !words(&code).any(|found| found == *word),
                    "{name} names {word}"
                );
            }
        }
    }
}

#[test]
fn the_database_is_named_in_one_file() {
    for directory in ["sealing/src", "ledger/src", "consensus/src", "node/src"] {
        for path in files(&root().join(directory), &[".rs"]) {
            let named = words(&code(&path)).any(|word| word == "rocksdb");
            assert_eq!(named, name(&path) == "ledger/src/store/rocks.rs", "{}", name(&path));
        }
    }
}

/// Modules of the ledger in their order: each reads those before it only.
const ORDER: [&[&str]; 17] = [
    &["amount", "codec", "hash", "time"],
    &["calendar", "crypto", "id"],
    &["merkle", "rule", "validators"],
    &["record"],
    &["block"],
    &["certificate"],
    &["vote"],
    &["evidence"],
    &["governance"],
    &["action"],
    &["transaction"],
    &["event", "state"],
    &["procedure", "snapshot"],
    &["execute"],
    &["genesis"],
    &["store"],
    &["checkpoint"],
];

/// Arrows against the order, each with its reason.
const EXCEPTIONS: [(&str, &str, &str); 7] = [
    ("action", "procedure", "an act's record stands in the file of its procedure"),
    ("procedure", "execute::rejection", "the refusals are the vocabulary of the checks"),
    ("procedure", "execute::permission", "the table of stages is one of the checks"),
    ("procedure", "execute::Failure", "what a check answers"),
    ("procedure", "execute::Speaker", "whose key has signed beside the transaction"),
    ("procedure", "execute::speaker", "the same question"),
    ("procedure", "execute::can_act", "whether such a key may act"),
];

fn rank(module: &str) -> usize {
    ORDER
        .iter()
        .position(|row| row.contains(&module))
        .unwrap_or_else(|| panic!("{module} has no place in the order"))
}

#[test]
fn modules_of_the_ledger_read_downwards() {
    let source = root().join("ledger/src");
    for path in files(&source, &[".rs"]) {
        let relative = path.strip_prefix(&source).unwrap().to_string_lossy().into_owned();
        let module = relative.split(['/', '.']).next().unwrap();
        if module == "lib" {
            continue;
        }
        for import in code(&path).split("crate::").skip(1) {
            let import: String =
                import.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':')).collect();
            let other = import.split("::").next().unwrap();
            // A macro of the crate, or a name behind `$`, has no module.
            if other.is_empty() || other == module {
                continue;
            }
            let excepted = |e: &&(&str, &str, &str)| e.0 == module && import.starts_with(e.1);
            let allowed = rank(other) < rank(module) || EXCEPTIONS.iter().any(|e| excepted(&e));
            assert!(allowed, "ledger/src/{relative} reads {import}");
        }
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for path in files(&root(), &[".rs"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap_or("");
        assert!(first.starts_with("//! ") && first.len() > 12, "{} begins with {first:?}", name(&path));
    }
}

/// The repository speaks of the ledger, and not of who wrote it, where, or with what.
#[test]
fn the_repository_speaks_of_the_ledger_only() {
    // Put together here, so that this file does not contain them.
    let banned = [
        ["cla", "ude"],
        ["anthro", "pic"],
        ["open", "ai"],
        ["chat", "gpt"],
        ["copi", "lot"],
        ["language ", "model"],
        ["ai-", "generated"],
        ["/ro", "ot/"],
        ["/wo", "rk/"],
        ["brief", ".md"],
        ["TO", "DO:"],
        ["FIX", "ME"],
        ["x", "xx:"],
    ]
    .map(|halves| halves.concat().to_lowercase());
    let endings = [
        ".rs", ".toml", ".md", ".txt", ".sh", ".yml", ".yaml", ".json", ".html", ".ts", ".css", "Makefile",
        "run", ".service", ".cddl",
    ];
    for path in files(&root(), &endings) {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let text = text.to_lowercase();
        for word in &banned {
            assert!(!text.contains(word.as_str()), "{} contains {word:?}", name(&path));
        }
    }
}

/// Every decision record has its four parts and a number of its own.
#[test]
fn decisions_are_complete() {
    let records = files(&root().join("docs/decisions"), &[".md"]);
    assert!(records.len() >= 5);
    let mut numbers = Vec::new();
    for path in records {
        let text = std::fs::read_to_string(&path).unwrap();
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        for part in ["# ", "## Context", "## Options", "## Choice", "## Consequences"] {
            assert!(text.contains(part), "{file} has no {part}");
        }
        assert!(text.starts_with(&format!("# {}: ", &file[..4])), "{file} is headed by its number");
        numbers.push(file[..4].to_owned());
    }
    let all = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), all, "two records share a number");
}
