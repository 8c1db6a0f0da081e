//! Key files: encrypted, re-encrypted, refused.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use node::keys::{KeyError, Opener, Secret, SecretSource};

use crate::{make_private, ok, private, refused, zhulian};

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_key_is_encrypted_unless_the_operator_says_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(&dir.join("pass"), "correct horse battery\n");
    private(&dir.join("other"), "another passphrase");
    let from = ["--passphrase-from", "file:pass"];
    let made = ok(dir, &[&["key", "new", "a.key"][..], &from].concat());
    assert_eq!((made["encrypted"].as_bool(), mode(&dir.join("a.key"))), (Some(true), 0o600));
    let file = std::fs::read_to_string(dir.join("a.key")).unwrap();
    assert!(file.starts_with("-----BEGIN AGE ENCRYPTED FILE-----"), "{file}");
    let shown = ok(dir, &[&["key", "show", "a.key"][..], &from].concat());
    assert_eq!(shown[0]["public_key"], made["public_key"]);
    // Not asked for a passphrase, and so not the public half either.
    assert_eq!(ok(dir, &["key", "list"])[0]["public_key"], serde_json::Value::Null);

    let wrong = refused(dir, &["key", "show", "a.key", "--passphrase-from", "file:other"]);
    assert!(wrong.0 == "wrong_passphrase" && wrong.1.contains("does not open a.key"), "{wrong:?}");
    // No terminal, no passphrase: neither made nor opened.
    let nobody = refused(dir, &["key", "new", "b.key"]);
    assert!(nobody.0 == "no_terminal" && !dir.join("b.key").exists(), "{nobody:?}");
    assert_eq!(refused(dir, &["key", "show", "a.key"]).0, "no_terminal");

    let moved = ok(
        dir,
        &[&["key", "change-passphrase", "a.key", "--new-passphrase-from", "file:other"][..], &from].concat(),
    );
    assert_eq!(moved["public_key"], made["public_key"]);
    assert!(!zhulian(dir, &[&["key", "show", "a.key"][..], &from].concat()).status.success());
    let shown = ok(dir, &["key", "show", "a.key", "--passphrase-from", "file:other"]);
    assert_eq!(shown[0]["public_key"], made["public_key"]);
    assert_eq!(mode(&dir.join("a.key")), 0o600);

    let copied = ok(
        dir,
        &[
            "key",
            "export",
            "a.key",
            "c.key",
            "--passphrase-from",
            "file:other",
            "--new-passphrase-from",
            "file:pass",
        ],
    );
    assert_eq!((&copied["public_key"], mode(&dir.join("c.key"))), (&made["public_key"], 0o600));
}

#[test]
fn an_unencrypted_key_is_protected_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(&dir.join("pass"), "correct horse battery");
    let made = ok(dir, &["key", "new", "a.key", "--unencrypted"]);
    let seed = std::fs::read_to_string(dir.join("a.key")).unwrap().lines().nth(1).unwrap().to_owned();
    let protect = ["key", "protect", "a.key", "--passphrase-from", "file:pass"];
    assert_eq!(ok(dir, &protect)["public_key"], made["public_key"]);
    assert!(!std::fs::read_to_string(dir.join("a.key")).unwrap().contains(&seed));
    let again = refused(dir, &protect);
    assert!(again.0 == "key_encrypted_already" && again.1.contains("change-passphrase"), "{again:?}");
    assert!(!dir.join("a.key.new").exists());
    // Chinese says the same.
    let zh = refused(dir, &[&protect[..], &["--lang", "zh"]].concat());
    assert!(zh.0 == "key_encrypted_already" && zh.1.contains("已加密"), "{zh:?}");

    // And back, through a link, by the very file it was.
    std::os::unix::fs::symlink("a.key", dir.join("link.key")).unwrap();
    let unprotect = ["key", "unprotect", "link.key", "--passphrase-from", "file:pass"];
    assert_eq!(ok(dir, &unprotect)["encrypted"], false);
    assert!(std::fs::read_to_string(dir.join("a.key")).unwrap().contains(&seed));
    assert!(dir.join("link.key").is_symlink());
    assert_eq!(mode(&dir.join("a.key")), 0o600);
    assert_eq!(refused(dir, &unprotect).0, "key_not_encrypted");
    let change = ["key", "change-passphrase", "a.key", "--new-passphrase-from", "file:pass"];
    assert_eq!(refused(dir, &change).0, "key_not_encrypted");
    // A file that a crash left beside it is somebody's key; it is not replaced.
    private(&dir.join("a.key.new"), "a key");
    assert_eq!(refused(dir, &protect).0, "key_exists");
    assert_eq!(std::fs::read_to_string(dir.join("a.key.new")).unwrap(), "a key");
}

/// Whether a command succeeds in a terminal of its own, and what it says, when these lines are typed.
fn at_a_terminal(dir: &Path, command: &str, lines: &[&str]) -> (bool, String) {
    use std::io::Write as _;
    // `script` is the terminal; what it writes down goes nowhere.
    let mut child = std::process::Command::new("script")
        .args(["--quiet", "--return", "--command", command, "/dev/null"])
        .current_dir(dir)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("script is part of util-linux");
    let typed: String = lines.iter().map(|line| format!("{line}\n")).collect();
    child.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

fn age(dir: &Path, args: &str, passphrase: &str) {
    let (done, said) = at_a_terminal(dir, &format!("age {args}"), &[passphrase, passphrase]);
    assert!(done, "age {args}: {said}");
}

#[test]
fn a_passphrase_is_asked_for_at_the_terminal_and_a_new_one_twice() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let zhulian = |args: &str, lines: &[&str]| {
        at_a_terminal(dir, &format!("{} --lang en {args}", env!("CARGO_BIN_EXE_zhulian")), lines)
    };
    let passphrase = "correct horse battery";
    let (done, said) = zhulian("key new a.key", &[passphrase, "correct horse bettary"]);
    assert!(!done && said.contains("the two entries differ"), "{said}");
    let (done, said) = zhulian("key new a.key", &["short", "short"]);
    assert!(!done && said.contains("8 to 1024 bytes"), "{said}");
    assert!(!dir.join("a.key").exists());
    let (done, said) = zhulian("key new a.key", &[passphrase, passphrase]);
    assert!(done, "{said}");
    let (done, said) = zhulian("key show a.key", &[passphrase]);
    assert!(done && said.contains("Passphrase of") && said.contains("ed25519"), "{said}");
    // One entry opens all files that it fits; another is asked for what it does not fit.
    private(&dir.join("other"), "another passphrase");
    std::fs::copy(dir.join("a.key"), dir.join("b.key")).unwrap();
    ok(dir, &["key", "new", "c.key", "--passphrase-from", "file:other"]);
    let (done, said) = zhulian("key show a.key b.key c.key", &[passphrase, "another passphrase"]);
    assert!(done && said.matches("Passphrase of").count() == 2, "{said}");
}

/// The program `age`, which `scripts/setup.sh checks` installs, opens what we made, and we open what it made.
#[test]
fn stock_age_and_we_open_each_others_files() {
    let version = std::process::Command::new("age").arg("--version").output();
    assert!(version.is_ok(), "age is missing: run `scripts/setup.sh checks`, which installs it");
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let passphrase = "correct horse battery";
    private(&dir.join("pass"), passphrase);
    let from = ["--passphrase-from", "file:pass"];
    let made = ok(dir, &[&["key", "new", "a.key"][..], &from].concat());
    age(dir, "--decrypt --output plain.key a.key", passphrase);
    make_private(&dir.join("plain.key"));
    assert_eq!(ok(dir, &["key", "show", "plain.key"])[0]["public_key"], made["public_key"]);
    for (how, file) in [("--passphrase --armor", "armoured.key"), ("--passphrase", "binary.key")] {
        age(dir, &format!("{how} --output {file} plain.key"), passphrase);
        make_private(&dir.join(file));
        let shown = ok(dir, &[&["key", "show", file][..], &from].concat());
        assert_eq!((&shown[0]["public_key"], &shown[0]["encrypted"]), (&made["public_key"], &true.into()));
    }
    // Encrypted to a key instead of a passphrase: not ours to open.
    let keygen = std::process::Command::new("age-keygen").args(["-o", "identity"]).current_dir(dir).output();
    let said = String::from_utf8(keygen.unwrap().stderr).unwrap();
    let recipient = said.trim().rsplit(' ').next().unwrap();
    age(dir, &format!("--recipient {recipient} --output foreign.key plain.key"), "");
    make_private(&dir.join("foreign.key"));
    let (code, said) = refused(dir, &[&["key", "show", "foreign.key"][..], &from].concat());
    assert!(code == "not_decryptable" && said.contains("not with a passphrase"), "{said}");
}

/// A file may not ask for more work and memory than a key is worth: scrypt's cost stands in its header.
#[test]
fn a_file_that_asks_for_too_much_work_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(&dir.join("pass"), "correct horse battery");
    let header = "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 30\n\
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    private(&dir.join("a.key"), header);
    let begun = std::time::Instant::now();
    let (code, said) = refused(dir, &["key", "show", "a.key", "--passphrase-from", "file:pass"]);
    assert_eq!(code, "not_decryptable", "{said}");
    // 2^30 would take an hour and a terabyte.
    assert!(begun.elapsed() < std::time::Duration::from_secs(30));
}

#[test]
fn a_key_that_others_could_read_is_refused_and_so_is_what_is_no_key() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    Secret::generate().unwrap().create(&dir.join("a.key")).unwrap();
    std::fs::set_permissions(dir.join("a.key"), std::fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = refused(dir, &["key", "show", "a.key"]);
    assert!(exposed.0 == "key_exposed" && exposed.1.contains("mode 640"), "{exposed:?}");
    let opener = Opener::default();
    for (text, is) in [
        ("", "not a key file"),
        ("zhulian ed25519 private key v1\nzz\n", "not a key file"),
        ("age-encryption.org/v1\n-> X25519 abc\n", "damaged"),
        ("-----BEGIN AGE ENCRYPTED FILE-----\n", "damaged"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n", "RSA: "),
        ("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "not PKCS#8"),
    ] {
        private(&dir.join("b.key"), text);
        private(&dir.join("pass"), "correct horse battery");
        let opener = match is {
            "damaged" => Opener::new(SecretSource::File(dir.join("pass")), SecretSource::Prompt, None),
            _ => Opener::default(),
        };
        let error = opener.open(&dir.join("b.key")).unwrap_err();
        assert!(error.to_string().contains(is), "{text:?}: {error}");
        assert!(!error.zh().is_empty());
    }
    private(&dir.join("long.key"), &"x".repeat(70_000));
    assert!(matches!(opener.open(&dir.join("long.key")), Err(KeyError::TooLong { .. })));
}
