//! Configuration: what is refused, and how the refusal helps.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;

use node::config::{Config, ConfigError, Home, KEYS, Keys, NodeDescription, Origin, Override, Peer, render};
use node::keys::{KeyError, Secret};

fn text() -> String {
    let key = "11".repeat(32).parse().unwrap();
    render(&NodeDescription {
        name: "guangzhou".into(),
        genesis_hash: "00".repeat(32),
        listen: vec!["/ip4/127.0.0.1/udp/7101/quic-v1".into(), "/ip4/127.0.0.1/tcp/7101".into()],
        peers: vec![Peer { key, addresses: vec!["/ip4/127.0.0.1/tcp/7102".parse().unwrap()] }],
        api: "127.0.0.1:8101".into(),
        keys: Keys::default(),
    })
}

fn parse(text: &str, environment: &[(&str, &str)]) -> Result<node::config::Loaded, ConfigError> {
    let environment = environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Config::parse(text, &Home::new("/home/gz"), environment, &[])
}

#[test]
fn the_file_that_init_writes_is_complete_and_says_the_defaults() {
    let loaded = parse(&text(), &[]).unwrap();
    for (section, keys) in KEYS {
        for key in *keys {
            assert!(
                loaded.origins.contains_key(&format!("{section}.{key}")),
                "{section}.{key} is not in the file"
            );
        }
    }
    let config = loaded.config;
    assert_eq!(config.mempool, Default::default());
    assert_eq!(config.consensus, Default::default());
    assert_eq!(config.store, Default::default());
    assert_eq!(config.disk, Default::default());
    assert_eq!(config.snapshots, Default::default());
    assert_eq!(config.snapshots.trusted(), None);
    assert_eq!(config.log, Default::default());
    assert_eq!(config.keys, Default::default());
    assert_eq!(config.node.data_dir, std::path::Path::new("/home/gz/data"));
    assert_eq!(config.node.genesis, std::path::Path::new("/home/gz/genesis.toml"));
}

#[test]
fn the_example_is_the_file_that_init_writes() {
    assert_eq!(text(), include_str!("../../examples/zhulian.toml"), "write it anew from the left side");
}

#[test]
fn what_is_wrong_is_named_with_its_place_and_what_would_be_right() {
    // what is replaced, by what, what the refusal says
    let cases = [
        (
            "listen = [",
            "listn = [",
            "network.listn (zhulian.toml): unknown key; did you mean network.listen?",
        ),
        ("[mempool]", "[mempol]", "mempol (zhulian.toml): unknown key; did you mean mempool?"),
        ("heartbeat_seconds =", "heartbeat_second =", "did you mean consensus.heartbeat_seconds?"),
        ("[disk]", "[disk]\nlisten = 1", "disk.listen (zhulian.toml): unknown key; did you mean api.listen?"),
        ("[disk]", "[disk]\nqqqqqqqqqqqq = 1", "disk.qqqqqqqqqqqq (zhulian.toml): unknown key"),
        (
            "[[network.peer]]",
            "[[network.peer]]\nadresses = []",
            "network.peer.adresses (zhulian.toml): unknown key; did you mean network.peer.addresses?",
        ),
        ("transactions = 100000", "transactions = 0", "mempool.transactions: must be 1 to 10000000, is 0"),
        (
            "transactions = 100000",
            "transactions = \"many\"",
            "mempool.transactions: invalid type: string \"many\"",
        ),
        ("transactions = 100000", "transactions = -1", "mempool.transactions: invalid value: integer `-1`"),
        (
            "per_organisation = 20000",
            "per_organisation = 200000",
            "mempool.per_organisation: must be 1 to 100000",
        ),
        ("\"127.0.0.1:8101\"", "\"localhost\"", "api.listen: invalid socket address"),
        ("\"guangzhou\"", "\"Guang Zhou\"", "node.name: a node's name has 1 to 40 of a-z"),
        (
            "/ip4/127.0.0.1/tcp/7101",
            "/ip4/127.0.0.1/tcp/7101/ws",
            "network.listen: /ip4/127.0.0.1/tcp/7101/ws is neither",
        ),
        ("/ip4/127.0.0.1/tcp/7101", "127.0.0.1:7101", "network.listen: \"127.0.0.1:7101\": "),
        ("/ip4/127.0.0.1/tcp/7102", "/unix/x", "network.peer.addresses: /unix/x is neither"),
        ("genesis_hash = \"00", "genesis_hash = \"zz", "node.genesis_hash: "),
        ("genesis_hash =", "#", "node.genesis_hash is missing"),
        (
            "genesis_hash = \"0000000000000000000000000000000000000000000000000000000000000000\"",
            "genesis_hash = \"\"",
            "node.genesis_hash: is empty; put in",
        ),
        (
            "format = \"auto\"",
            "format = \"xml\"",
            "log.format: unknown variant `xml`, expected one of `auto`, `text`, `json`",
        ),
        (
            "trust_block = \"\"",
            "trust_block = \"7\"",
            "snapshots.trust_block: \"7\" is not HEIGHT:ID; /v1/status of another centre's node names both",
        ),
        ("keep = 2", "keep = 0", "snapshots.keep: must be 1 to 16, is 0"),
        (
            "join = false",
            "join = \"yes\"",
            "snapshots.join: invalid type: string \"yes\", expected a boolean",
        ),
        ("[disk]", "[disk", "TOML parse error at line"),
    ];
    for (from, to, expected) in cases {
        assert!(text().contains(from), "{from} is not in the file");
        let error = parse(&text().replacen(from, to, 1), &[]).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
}

/// What the flags of `zhulian start` do, and the environment as well.
#[test]
fn joining_by_a_snapshot_is_set_from_outside() {
    let id = "ab".repeat(32);
    let trusted = format!("1234:{id}");
    let environment =
        [("ZHULIAN_SNAPSHOTS_JOIN", "true"), ("ZHULIAN_SNAPSHOTS_TRUST_BLOCK", trusted.as_str())];
    let snapshots = parse(&text(), &environment).unwrap().config.snapshots;
    assert!(snapshots.join && snapshots.backfill);
    let (height, block) = snapshots.trusted().unwrap();
    assert_eq!((height.get(), block.to_string()), (1234, id));
    for wrong in ["0:00", "x:y", ":", "12", "-1:00"] {
        assert!(parse(&text(), &[("ZHULIAN_SNAPSHOTS_TRUST_BLOCK", wrong)]).is_err(), "{wrong}");
    }
}

#[test]
fn the_environment_goes_over_the_file_and_flags_over_both() {
    let environment = [
        ("ZHULIAN_API_LISTEN", "0.0.0.0:9000"),
        ("ZHULIAN_MEMPOOL_BYTES", "2_000_000"),
        ("ZHULIAN_NETWORK_LISTEN", "/ip4/0.0.0.0/tcp/1, /ip4/0.0.0.0/udp/1/quic-v1"),
        ("ZHULIAN_LANG", "zh"),
        ("ZHULIAN_HOME", "x"),
        ("PATH", "/bin"),
    ];
    let loaded = parse(&text(), &environment).unwrap();
    assert_eq!(loaded.config.api.listen, "0.0.0.0:9000".parse().unwrap());
    assert_eq!(loaded.config.mempool.bytes, 2_000_000);
    assert_eq!(loaded.config.network.listen.len(), 2);
    assert_eq!(loaded.origins["api.listen"], Origin::Environment("ZHULIAN_API_LISTEN".into()));
    assert_eq!(loaded.origins["node.name"], Origin::File);

    let flags = [Override { key: "api.listen", flag: "--api-listen", text: "127.0.0.1:1".into() }];
    let environment = [("ZHULIAN_API_LISTEN".to_owned(), "0.0.0.0:9000".to_owned())];
    let loaded = Config::parse(&text(), &Home::new("."), environment, &flags).unwrap();
    assert_eq!(loaded.config.api.listen, "127.0.0.1:1".parse().unwrap());
    assert_eq!(loaded.origins["api.listen"], Origin::Flag("--api-listen".into()));
}

#[test]
fn a_wrong_variable_is_named() {
    let cases = [
        (
            "ZHULIAN_NETWORK_LISTN",
            "x",
            "network.listn (ZHULIAN_NETWORK_LISTN): unknown key; did you mean network.listen?",
        ),
        ("ZHULIAN_API_LISTEN", "x", "api.listen: invalid socket address syntax (set by ZHULIAN_API_LISTEN)"),
        (
            "ZHULIAN_DISK_RESERVE_BYTES",
            "few",
            "disk.reserve_bytes: invalid type: string \"few\", expected u64 (set by ZHULIAN_DISK_RESERVE_BYTES)",
        ),
    ];
    for (name, value, expected) in cases {
        let error = parse(&text(), &[(name, value)]).unwrap_err().to_string();
        assert_eq!(error, expected);
    }
}

#[test]
fn keys_are_made_once_and_for_their_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.key");
    let secret = Secret::generate().unwrap();
    secret.create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Secret::read(&path).unwrap().public_key(), secret.public_key());
    assert!(matches!(secret.create(&path), Err(KeyError::Exists(_))));
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(
            matches!(Secret::read(&path), Err(KeyError::Exposed { mode: found, .. }) if found == mode),
            "{mode:o}"
        );
    }
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    Secret::read(&path).unwrap();
}

#[test]
fn what_is_not_a_key_file_is_refused_without_printing_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.key");
    let (header, seed) = ("zhulian ed25519 private key v1", "ab".repeat(32));
    let cases = [
        String::new(),
        seed.clone(),
        format!("{header}\n{seed}"),
        format!("{header}\n{seed}\n\n"),
        format!("{header}\n{}\n", &seed[2..]),
        format!("{header}\n{}zz\n", &seed[2..]),
        format!("zhulian ed25519 private key v2\n{seed}\n"),
        format!("{header}\r\n{seed}\r\n"),
        "x".repeat(1 << 20),
    ];
    for text in cases {
        fs::write(&path, &text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let error = Secret::read(&path).unwrap_err();
        assert!(matches!(error, KeyError::NotAKey(_)), "{text:.80}");
        assert!(!error.to_string().contains(&seed[..16]));
    }
    fs::write(&path, format!("{header}\n{seed}\n")).unwrap();
    let secret = Secret::read(&path).unwrap();
    // The public half of RFC 8032 keys is what any other tool computes from the same seed.
    assert_eq!(format!("{secret:?}"), format!("Secret({})", secret.public_key()));
}
