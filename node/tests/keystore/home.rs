//! The keys of a home: which they are, how a node opens them, and that nothing of them shows.

use std::path::Path;
use std::sync::Arc;

use node::config::{ConfigError, Home, Keys};
use node::keys::{KeyError, KeyFile, KeyReference, NextKey, Opener, Passphrase, Secret, SecretSource};

use crate::{ok, private};

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(text.to_owned().into()).unwrap()
}

fn encrypted(path: &Path, text: &str) -> Secret {
    let secret = Secret::generate().unwrap();
    KeyFile::Ledger(secret.clone()).create(path, Some(&passphrase(text))).unwrap();
    secret
}

#[test]
fn the_next_key_is_opened_when_it_appears_and_again_when_it_changes() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (path, pass) = (dir.join("next.key"), dir.join("pass"));
    private(&pass, "correct horse battery");
    let opener = Arc::new(Opener::new(SecretSource::File(pass.clone()), SecretSource::Prompt, None));
    let mut next = NextKey::new(KeyReference::File(path.clone()), opener);
    assert!(next.get().unwrap().is_none());
    let first = encrypted(&path, "correct horse battery");
    assert_eq!(next.get().unwrap().unwrap().public_key(), first.public_key());
    // Known from now on: even without its passphrase.
    private(&pass, "another passphrase");
    assert_eq!(next.get().unwrap().unwrap().public_key(), first.public_key());
    // Another file that cannot be opened is told once, and tried again when it has changed.
    std::fs::remove_file(&path).unwrap();
    encrypted(&path, "correct horse battery");
    assert!(matches!(next.get(), Err(KeyError::WrongPassphrase(_))));
    assert!(next.get().unwrap().is_none());
    std::fs::remove_file(&path).unwrap();
    let last = encrypted(&path, "another passphrase");
    assert_eq!(next.get().unwrap().unwrap().public_key(), last.public_key());
    std::fs::remove_file(&path).unwrap();
    assert!(next.get().unwrap().is_none());
}

#[test]
fn the_keys_of_a_home_are_known_before_its_genesis_is() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::new(dir.path().join("gz"));
    assert_eq!(Keys::of_home(&home, []).unwrap(), Keys::default());
    std::fs::create_dir(home.root()).unwrap();
    let read = |text: &str, environment: &[(&str, &str)]| {
        std::fs::write(home.config_file(), text).unwrap();
        Keys::of_home(&home, environment.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())))
    };
    // Without a genesis hash the node would not start; its keys can be used all the same.
    let text = "[node]\ngenesis_hash = \"\"\n[keys]\nconsensus = \"vote.key\"\n";
    let keys = read(text, &[]).unwrap();
    assert_eq!(keys.consensus_reference(&home).unwrap(), KeyReference::File(home.root().join("vote.key")));
    let uri = "pkcs11:token=gz;object=vote?pin-source=file:pin";
    let keys = read(text, &[("ZHULIAN_KEYS_CONSENSUS", uri), ("ZHULIAN_KEYS_PASSPHRASE_FROM", "file:pass")]);
    let keys = keys.unwrap();
    // Every path starts at the home, also the one in a URI.
    let KeyReference::Token(uri) = keys.consensus_reference(&home).unwrap() else { panic!("a token") };
    assert_eq!(uri.pin, Some(SecretSource::File(home.root().join("pin"))));
    assert_eq!(keys.opener(&home).unwrap().passphrase, SecretSource::File(home.root().join("pass")));
    for (wrong, is) in [
        ("network = \"pkcs11:token=gz\"", "cannot be on a token"),
        ("passphrase_from = \"hunter2-hunter2\"", "`prompt`, `file:PATH` or `credential:NAME`"),
        ("pin_from = \"31337\"", "`prompt`, `file:PATH` or `credential:NAME`"),
        ("consensus = \"pkcs11:token=gz?pin-value=31337\"", "pin-value"),
        ("consensus_next = \"pkcs11:colour=red\"", "colour"),
        ("pasphrase_from = \"prompt\"", "did you mean keys.passphrase_from?"),
        ("consensus = 1", "keys.consensus"),
    ] {
        let error: ConfigError = read(&format!("[keys]\n{wrong}\n"), &[]).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(is), "{wrong}: {said}");
        assert!(!said.contains("hunter2") && !said.contains("31337"), "{said}");
    }
}

/// A node with encrypted keys starts with the passphrase of a file, and says in no log what they are. It is told to
/// stop as soon as it is up.
#[test]
fn a_home_with_encrypted_keys_is_checked_and_leaks_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let passphrase = "correct horse battery";
    private(&dir.join("pass"), passphrase);
    let from = ["--passphrase-from", "file:pass"];
    let init = [
        "init",
        "--home",
        "gz",
        "--name",
        "guangzhou",
        "--centre",
        "12440100DEM0000149",
        "--centre-name",
        "示例中心",
        "--region",
        "440100",
    ];
    ok(dir, &[&init[..], &from].concat());
    for key in ["consensus", "network", "operator"] {
        let text = std::fs::read_to_string(dir.join(format!("gz/{key}.key"))).unwrap();
        assert!(text.starts_with("-----BEGIN AGE"), "{key}");
    }
    ok(
        dir,
        &[
            "genesis",
            "new",
            "--name",
            "gd",
            "--time",
            "2026-03-02T09:00:00+08:00",
            "--centre",
            "gz/centre.toml",
        ],
    );
    // The genesis is signed off with the voting key, whose passphrase the arguments name, then the configuration.
    ok(dir, &[&["genesis", "sign", "--home", "gz"][..], &from].concat());
    let hash = ok(dir, &["genesis", "hash"])["hash"].as_str().unwrap().to_owned();
    let config = std::fs::read_to_string(dir.join("gz/zhulian.toml")).unwrap();
    // A file is named as it is found from anywhere.
    assert!(config.contains("passphrase_from = \"file:/") && config.contains("/pass\""), "{config}");
    let config = config
        .replace("genesis_hash = \"\"", &format!("genesis_hash = {hash:?}"))
        .replace("/ip4/0.0.0.0/udp/7100/quic-v1", "/ip4/127.0.0.1/udp/0/quic-v1")
        .replace("/ip4/0.0.0.0/tcp/7100", "/ip4/127.0.0.1/tcp/0")
        .replace("127.0.0.1:8101", "127.0.0.1:0")
        .replace("level = \"info\"", "level = \"trace\"");
    std::fs::write(dir.join("gz/zhulian.toml"), config).unwrap();
    for file in ["genesis.toml", "signoffs.toml"] {
        std::fs::copy(dir.join(file), dir.join("gz").join(file)).unwrap();
    }
    ok(dir, &["config", "check", "--home", "gz"]);

    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_zhulian"));
    command.current_dir(dir).args(["start", "--home", "gz", "--stop-on-stdin-eof"]);
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Long enough for two scrypts on a busy machine; it reads its arguments and environment meanwhile.
    let procfs = std::path::PathBuf::from(format!("/proc/{}", child.id()));
    let surfaces =
        [std::fs::read(procfs.join("cmdline")).unwrap(), std::fs::read(procfs.join("environ")).unwrap()];
    let mut stderr = child.stderr.take().unwrap();
    let (lines, seen) = std::sync::mpsc::sync_channel(1);
    let reader = std::thread::spawn(move || {
        use std::io::Read as _;
        let (mut all, mut piece) = (Vec::new(), [0; 4096]);
        while let Ok(n @ 1..) = stderr.read(&mut piece) {
            all.extend_from_slice(&piece[..n]);
            if String::from_utf8_lossy(&all).contains("the node is up") {
                let _ = lines.try_send(());
            }
        }
        all
    });
    let up = seen.recv_timeout(std::time::Duration::from_secs(60));
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    let logs = reader.join().unwrap();
    assert!(up.is_ok(), "{}", String::from_utf8_lossy(&logs));

    let opener = Opener::new(SecretSource::File(dir.join("pass")), SecretSource::Prompt, None);
    let mut secrets = vec![passphrase.as_bytes().to_vec()];
    for key in ["consensus", "network"] {
        let secret = opener.secret(&dir.join(format!("gz/{key}.key"))).unwrap();
        secrets.extend([secret.seed().to_vec(), hex::encode(secret.seed().as_slice()).into_bytes()]);
        assert!(
            !format!("{secret:?} {:?}", secret.signing_key())
                .contains(&hex::encode(secret.seed().as_slice()))
        );
    }
    for (secret, surface) in secrets.iter().flat_map(|s| surfaces.iter().chain([&logs]).map(move |t| (s, t)))
    {
        assert!(!surface.windows(secret.len()).any(|window| window == secret), "a secret shows");
    }
}
