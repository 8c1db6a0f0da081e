//! The command line as a user meets it: what it prints and how it ends.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

fn zhulian(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zhulian"));
    command.current_dir(dir).args(args).env_remove("LANG").env_remove("LC_ALL").env_remove("LC_MESSAGES");
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("ZHULIAN_")) {
        command.env_remove(name);
    }
    command.output().unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn ok(dir: &Path, args: &[&str]) -> String {
    let output = zhulian(dir, args);
    assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
    stdout(&output)
}

fn json(dir: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&ok(dir, &[args, &["--output", "json"]].concat())).unwrap()
}

const CENTRES: [(&str, &str, &str, &str); 2] =
    [("gz", "guangzhou", "12440100DEM0000149", "440100"), ("sz", "shenzhen", "12440300DEM000022E", "440300")];

fn init(dir: &Path) {
    for (home, name, centre, region) in CENTRES {
        ok(
            dir,
            &[
                "init",
                "--unencrypted",
                "--home",
                home,
                "--name",
                name,
                "--centre",
                centre,
                "--centre-name",
                "示例中心",
                "--region",
                region,
            ],
        );
    }
}

fn genesis(dir: &Path) {
    init(dir);
    let time = "2026-03-02T09:00:00+08:00";
    let centres = ["--centre", "gz/centre.toml", "--centre", "sz/centre.toml"];
    ok(dir, &[["genesis", "new", "--name", "test", "--time", time].as_slice(), &centres].concat());
}

#[test]
fn usage_ends_with_3_and_help_with_0() {
    let dir = tempfile::tempdir().unwrap();
    let cases: [(&[&str], i32); 27] = [
        (&[], 3),
        (&["--help"], 0),
        (&["--version"], 0),
        (&["version"], 0),
        (&["nonsense"], 3),
        (&["submit"], 3),
        (&["submit", "--help"], 0),
        (&["status", "--output", "xml"], 3),
        (&["status", "--node", "ftp://127.0.0.1"], 3),
        (&["init", "--name", "a"], 3),
        (&["genesis", "new", "--name", "a", "--time", "x", "--centre", "a", "--clock", "stepped"], 3),
        (&["completions", "bash"], 0),
        (&["key", "show", "none.key"], 1),
        (&["genesis", "hash", "none.toml"], 1),
        (&["approve", "none.json"], 3),
        (&["approve", "none.json", "--show"], 3),
        (&["staff", "appoint", "--key", "a.key"], 3),
        (&["staff", "revoke", "--key", "a.key"], 3),
        (&["staff", "list"], 3),
        (&["enrol", "--key", "a.key", "--authority", "00", "--chain", "a.pem"], 3),
        (&["cert", "revoke", "--key", "a.key", "a.pem", "--reason", "certificate_hold"], 3),
        (
            &[
                "ca",
                "propose",
                "--key",
                "a.key",
                "--name",
                "A",
                "--root",
                "a.pem",
                "--algorithm",
                "rsa",
                "--max-age-hours",
                "0",
            ],
            3,
        ),
        (&["ca", "ocsp", "--key", "a.key", "answer.der"], 3),
        (&["doctor", "--home", "none"], 1),
        (&["doctor", "--home", "none", "--peer", "ftp://127.0.0.1"], 3),
        (&["start", "--home", "none"], 1),
        // Nobody listens on port 1.
        (&["status", "--node", "http://127.0.0.1:1"], 1),
    ];
    for (args, expected) in cases {
        let output = zhulian(dir.path(), args);
        assert_eq!(code(&output), expected, "{args:?}: {}{}", stdout(&output), stderr(&output));
    }
}

#[test]
fn every_verb_has_examples() {
    let dir = tempfile::tempdir().unwrap();
    for verb in [
        "init",
        "start",
        "status",
        "submit",
        "approve",
        "doctor",
        "enrol",
        "staff offer",
        "staff appoint",
        "staff revoke",
        "staff list",
        "staff show",
        "ca propose",
        "ca list",
        "ca show",
        "ca suspend",
        "ca reinstate",
        "ca remove",
        "ca crl",
        "ca ocsp",
        "cert status",
        "cert revoke",
        "quote",
        "demo",
        "governance offer",
        "governance propose",
        "governance approve",
        "governance show",
        "governance list",
        "show members",
        "show evidence",
        "key new",
        "key show",
        "key list",
        "key import",
        "key export",
        "key protect",
        "key unprotect",
        "key change-passphrase",
        "listing publish",
        "guarantee issue",
        "guarantee deposit",
        "guarantee release",
        "deal confirm",
        "deal publish",
        "contract record",
        "show transaction",
        "show block",
        "show organisation",
        "show listing",
        "show guarantee",
        "show events",
        "genesis new",
        "genesis hash",
        "genesis sign",
        "genesis check",
        "config check",
        "config show",
    ] {
        let args: Vec<&str> = verb.split(' ').chain(["--help"]).collect();
        assert!(ok(dir.path(), &args).contains("示例"), "{verb}");
    }
}

#[test]
fn a_key_is_made_once_and_only_its_public_half_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let made = json(dir.path(), &["key", "new", "a.key", "--unencrypted"]);
    let file = std::fs::read_to_string(dir.path().join("a.key")).unwrap();
    let seed = file.lines().nth(1).unwrap();
    assert_eq!(json(dir.path(), &["key", "show", "a.key"])[0]["public_key"], made["public_key"]);
    assert_eq!(json(dir.path(), &["key", "list"])[0]["public_key"], made["public_key"]);
    assert!(!made.to_string().contains(seed));
    assert_eq!(code(&zhulian(dir.path(), &["key", "new", "a.key", "--unencrypted"])), 1);
}

#[test]
fn a_genesis_is_signed_off_by_all_or_not_started() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    genesis(dir);
    let hash = ok(dir, &["genesis", "hash"]).trim().to_owned();
    let bytes = std::fs::read(dir.join("genesis.toml")).unwrap();
    assert_eq!(hash, hex::encode(ledger::hash::sha256(&bytes)));

    assert_eq!(code(&zhulian(dir, &["genesis", "check"])), 2);
    ok(dir, &["genesis", "sign", "--home", "gz", "--expect", &hash]);
    let missing = zhulian(dir, &["genesis", "check", "--output", "json"]);
    assert_eq!(code(&missing), 2);
    let missing: Value = serde_json::from_str(&stdout(&missing)).unwrap();
    assert_eq!(missing["signed"]["12440100DEM0000149"], true);
    assert_eq!(missing["signed"]["12440300DEM000022E"], false);

    // A home with this genesis whose members have not all signed does not start.
    for file in ["genesis.toml", "signoffs.toml"] {
        std::fs::copy(dir.join(file), dir.join("gz").join(file)).unwrap();
    }
    let config = dir.join("gz/zhulian.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("genesis_hash = \"\"", &format!("genesis_hash = \"{hash}\"")))
        .unwrap();
    let refused = zhulian(dir, &["start", "--home", "gz"]);
    assert_eq!(code(&refused), 1);
    assert!(stderr(&refused).contains("not signed off yet by: 12440300DEM000022E"), "{}", stderr(&refused));

    ok(dir, &["genesis", "sign", "--home", "sz"]);
    assert_eq!(code(&zhulian(dir, &["genesis", "check"])), 0);
    std::fs::copy(dir.join("signoffs.toml"), dir.join("gz/signoffs.toml")).unwrap();
    ok(dir, &["config", "check", "--home", "gz"]);
}

#[test]
fn another_genesis_or_a_forged_sign_off_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    genesis(dir);
    let refused = |args: &[&str], reason: &str| {
        let output = zhulian(dir, args);
        assert_eq!(code(&output), 1, "{args:?}");
        assert!(stderr(&output).contains(reason), "{args:?}: {}", stderr(&output));
    };
    refused(&["genesis", "sign", "--home", "gz", "--expect", &"00".repeat(32)], "this node agreed to 0000");
    refused(
        &[
            "genesis",
            "new",
            "--name",
            "x",
            "--time",
            "2026-03-02T09:00:00+08:00",
            "--centre",
            "gz/centre.toml",
        ],
        "genesis.toml",
    );

    ok(dir, &["genesis", "sign", "--home", "gz"]);
    let signoffs = std::fs::read_to_string(dir.join("signoffs.toml")).unwrap();
    let digit = signoffs.find("signature = \"").unwrap() + "signature = \"".len();
    let other = if &signoffs[digit..=digit] == "0" { "1" } else { "0" };
    let mut forged = signoffs.clone();
    forged.replace_range(digit..=digit, other);
    std::fs::write(dir.join("signoffs.toml"), &forged).unwrap();
    refused(&["genesis", "check"], "the sign-off of 12440100DEM0000149 does not verify");
    std::fs::write(dir.join("signoffs.toml"), signoffs.replace("12440100DEM0000149", "12440400DEM000030E"))
        .unwrap();
    refused(&["genesis", "check"], "12440400DEM000030E is not a centre of this genesis");

    std::fs::write(dir.join("signoffs.toml"), &signoffs).unwrap();
    let text = std::fs::read_to_string(dir.join("genesis.toml")).unwrap();
    std::fs::write(dir.join("genesis.toml"), format!("{text}\n")).unwrap();
    refused(&["genesis", "check"], "the sign-offs are for");
}

#[test]
fn messages_come_in_the_language_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let zh = zhulian(dir.path(), &["status", "--node", "http://127.0.0.1:1", "--lang", "zh"]);
    assert!(stderr(&zh).contains("请确认节点正在运行"), "{}", stderr(&zh));
    let en = zhulian(dir.path(), &["status", "--node", "http://127.0.0.1:1"]);
    assert!(stderr(&en).contains("Check that the node runs there"), "{}", stderr(&en));
    let json = zhulian(dir.path(), &["status", "--node", "http://127.0.0.1:1", "--output", "json"]);
    let error: Value = serde_json::from_str(&stderr(&json)).unwrap();
    assert_eq!(error["error"]["exit"], 1);
}

#[test]
fn a_directory_that_is_not_the_demonstrations_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("mine")).unwrap();
    std::fs::write(dir.path().join("mine/a"), "kept").unwrap();
    let output = zhulian(dir.path(), &["demo", "--dir", "mine"]);
    assert_eq!(code(&output), 1);
    assert!(stderr(&output).contains("was not made by a demonstration"));
    assert_eq!(std::fs::read_to_string(dir.path().join("mine/a")).unwrap(), "kept");
}

#[test]
fn nothing_is_signed_from_a_wrong_file() {
    let dir = tempfile::tempdir().unwrap();
    ok(dir.path(), &["key", "new", "a.key", "--unencrypted"]);
    for (text, reason) in [
        ("act = \"submit_quot\"\n", "submit_quot"),
        ("act = \"submit_quote\"\nlisting = \"x\"\nprice = { amount = \"1\", currency = \"USD\" }\n", "USD"),
        ("act = \"confirm_deal\"\nlisting = \"x\"\nmore = 1\n", "more"),
        ("not toml", "parse error"),
        ("{\"act\":", "EOF"),
    ] {
        std::fs::write(dir.path().join("act.toml"), text).unwrap();
        let output =
            zhulian(dir.path(), &["submit", "--key", "a.key", "--node", "http://127.0.0.1:1", "act.toml"]);
        assert_eq!(code(&output), 3, "{text}: {}", stderr(&output));
        assert!(stderr(&output).contains(reason), "{text}: {}", stderr(&output));
    }
}

/// A draft as `--write` writes it, for the key in `signer`.
fn draft(signer: &str) -> Value {
    serde_json::json!({
        "draft": "zhulian/draft/1",
        "chain": "test-0123456789abcdef",
        "signer": signer,
        "expiry": 1_000,
        "salt": "00".repeat(16),
        "act": { "act": "confirm_deal", "listing": "B01-12440400DEM000030E-20260302-000001-7" },
    })
}

#[test]
fn an_act_is_approved_offline_once_by_each_other_key_and_not_after_it_was_changed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let keys = ["signer", "second", "third"].map(|name| {
        json(dir, &["key", "new", &format!("{name}.key"), "--unencrypted"])["public_key"]
            .as_str()
            .unwrap()
            .to_owned()
    });
    let mut draft = draft(&keys[0]);
    draft["chain"] = Value::String(chain(dir));
    let listing = ledger::id::DealCode::issue(
        ledger::id::DealKind::LandUseRight,
        &"12440400DEM000030E".parse().unwrap(),
        ledger::time::BlockTime::parse("2026-03-02T09:00:00+08:00").unwrap().china_day(),
        1,
    );
    draft["act"]["listing"] = Value::String(listing.unwrap().to_string());
    std::fs::write(dir.join("draft.json"), draft.to_string()).unwrap();
    let refused = |args: &[&str], reason: &str| {
        let output = zhulian(dir, args);
        assert_eq!(code(&output), 3, "{args:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(reason), "{args:?}: {}", stderr(&output));
    };

    refused(&["approve", "draft.json", "--key", "signer.key"], "another person's");
    assert_eq!(json(dir, &["approve", "draft.json", "--show"])["approved_by"], serde_json::json!([]));
    let approved = json(dir, &["approve", "draft.json", "--key", "second.key"]);
    assert_eq!(approved["approved_by"], serde_json::json!([keys[1]]));
    refused(&["approve", "draft.json", "--key", "second.key"], "approved it already");
    json(dir, &["approve", "draft.json", "--key", "third.key"]);
    let read: Value = serde_json::from_slice(&std::fs::read(dir.join("draft.json")).unwrap()).unwrap();
    assert_eq!(read["approvals"].as_array().unwrap().len(), 2);
    assert!(!dir.join("draft.json.new").exists());

    // Whatever is changed afterwards takes the approvals with it.
    for (field, value) in [
        ("expiry", serde_json::json!(1_001)),
        ("salt", serde_json::json!("01".repeat(16))),
        ("signer", serde_json::json!(keys[2])),
        ("approvals", serde_json::json!([read["approvals"][0], read["approvals"][0]])),
        ("draft", serde_json::json!("zhulian/draft/2")),
        ("more", serde_json::json!(1)),
    ] {
        let mut changed = read.clone();
        changed[field] = value;
        std::fs::write(dir.join("changed.json"), changed.to_string()).unwrap();
        refused(&["approve", "changed.json", "--show"], "changed.json");
        refused(
            &["submit", "--key", "signer.key", "--node", "http://127.0.0.1:1", "changed.json"],
            "changed.json",
        );
    }
    // Another key than the one that wrote it signs nothing.
    refused(
        &["submit", "--key", "second.key", "--node", "http://127.0.0.1:1", "draft.json"],
        "was written for",
    );
}

/// The chain id of a genesis made here.
fn chain(dir: &Path) -> String {
    genesis(dir);
    let genesis = node::genesis::read(&dir.join("genesis.toml")).unwrap().0;
    genesis.chain_id.to_string()
}

#[test]
fn doctor_says_in_both_languages_what_keeps_a_node_from_starting() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    init(dir);
    let said = zhulian(dir, &["doctor", "--home", "gz"]);
    assert_eq!(code(&said), 1, "{}{}", stdout(&said), stderr(&said));
    assert!(stdout(&said).contains("[fail]") && stdout(&said).contains("->"), "{}", stdout(&said));
    let zh = zhulian(dir, &["doctor", "--home", "gz", "--lang", "zh"]);
    assert!(stdout(&zh).contains("项故障"), "{}", stdout(&zh));
    let json = zhulian(dir, &["doctor", "--home", "none", "--output", "json"]);
    let json: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(
        (json["state"].as_str(), json["sections"][0]["checks"][0]["state"].as_str()),
        (Some("fail"), Some("fail"))
    );
    assert!(json["sections"][0]["checks"][0]["advice_zh"].as_str().unwrap().contains("请"));
}

#[test]
fn the_example_acts_are_acts() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/actions");
    let mut found = 0;
    for entry in std::fs::read_dir(examples).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let act: node::api::schema::Action = toml::from_str(&text).unwrap();
        ledger::action::Action::try_from(act).unwrap();
        found += 1;
    }
    assert_eq!(found, 3);
}
