//! Keys on a PKCS#11 token: SoftHSM2, which `scripts/setup.sh checks` installs.

use std::path::{Path, PathBuf};
use std::process::Command;

use consensus::Signer as _;
use node::keys::{KeyReference, LedgerKey, Opener, SecretSource};
use pki::Algorithm;

use crate::{ALGORITHMS, assert_verifies, generate, private};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Names the directory to the part of the test that runs with the token's configuration in its environment.
const DIRECTORY: &str = "ZHULIAN_TEST_TOKEN";

/// Whether there is SoftHSM2; without it nothing here is tested, which `scripts/setup.sh checks` says as well.
fn is_installed() -> bool {
    let there = Command::new("softhsm2-util").arg("--version").output().is_ok();
    if !there {
        eprintln!("LEFT OUT: keys on tokens; softhsm2 is missing, scripts/setup.sh checks installs it");
    }
    there
}

fn softhsm(dir: &Path, args: &[&str]) {
    let mut command = Command::new("softhsm2-util");
    command.current_dir(dir).env("SOFTHSM2_CONF", dir.join("softhsm.conf")).args(args);
    let output = command.output().expect("softhsm2-util runs");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&said));
}

/// Two tokens, so that the right one has to be found; keys of all algorithms but SM2, which PKCS#11 lacks.
#[test]
fn keys_on_a_token_sign() {
    if !is_installed() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path();
    std::fs::create_dir(path.join("tokens")).unwrap();
    let conf = format!("directories.tokendir = {}\nlog.level = ERROR\n", path.join("tokens").display());
    std::fs::write(path.join("softhsm.conf"), conf).unwrap();
    private(&path.join("pin"), "123456\n");
    private(&path.join("wrong"), "654321\n");
    for label in ["zhulian", "another"] {
        softhsm(
            path,
            &["--init-token", "--free", "--label", label, "--pin", "123456", "--so-pin", "12345678"],
        );
    }
    for (number, (name, args)) in ALGORITHMS.into_iter().take(4).enumerate() {
        generate(path, name, args);
        let id = format!("0{number}");
        softhsm(
            path,
            &[
                "--import",
                &format!("{name}.pem"),
                "--token",
                "zhulian",
                "--label",
                name,
                "--id",
                &id,
                "--pin",
                "123456",
            ],
        );
    }
    // The environment of this process cannot be changed under other tests, and SoftHSM2 reads it.
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "keystore::token::with_the_token_of_the_environment"])
        .env("SOFTHSM2_CONF", path.join("softhsm.conf"))
        .env(DIRECTORY, path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&[child.stdout, child.stderr].concat()).into_owned();
    assert!(child.status.success() && said.contains("1 passed"), "{said}");

    // The program finds the same key.
    let mut command = Command::new(env!("CARGO_BIN_EXE_zhulian"));
    command.current_dir(path).env("SOFTHSM2_CONF", path.join("softhsm.conf")).args(["--output", "json"]);
    command.args([
        "key",
        "show",
        "pkcs11:token=zhulian;object=ed25519",
        "--pin-from",
        "file:pin",
        "--pkcs11-module",
        MODULE,
    ]);
    let shown = command.output().unwrap();
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    let public = std::fs::read_to_string(path.join("public")).unwrap();
    assert_eq!(shown[0]["public_key"], public);
}

#[test]
#[ignore = "run by the test above, with the token's configuration in its environment"]
fn with_the_token_of_the_environment() {
    let dir = PathBuf::from(std::env::var_os(DIRECTORY).expect("the directory of the token"));
    let opener =
        |pin: &str| Opener::new(SecretSource::Prompt, SecretSource::File(dir.join(pin)), Some(MODULE.into()));
    let reference = |text: &str| text.parse::<KeyReference>().unwrap();
    for (pin, uri, code) in [
        ("wrong", "pkcs11:token=zhulian;object=rsa", "wrong_pin"),
        ("pin", "pkcs11:token=nobody;object=rsa", "token_not_found"),
        ("pin", "pkcs11:object=rsa", "token_not_found"),
        ("pin", "pkcs11:token=zhulian;object=none", "token_key_not_found"),
        ("pin", "pkcs11:token=zhulian", "token_key_not_found"),
    ] {
        let error = opener(pin).certificate_key(&reference(uri)).unwrap_err();
        assert_eq!(error.code(), code, "{uri}: {error}");
        assert!(!error.zh().is_empty());
    }
    // A PIN source, and a module, may stand in the URI.
    let bare = Opener::new(SecretSource::Prompt, SecretSource::Prompt, None);
    let whole = format!(
        "pkcs11:token=zhulian;object=p256?module-path={MODULE}&pin-source=file:{}",
        dir.join("pin").display()
    );
    assert_eq!(bare.certificate_key(&reference(&whole)).unwrap().algorithm(), Algorithm::EcdsaP256);
    let module = |path: &str| {
        Opener::new(SecretSource::Prompt, SecretSource::File(dir.join("pin")), Some(path.into()))
    };
    let none = module("/nowhere/x.so").certificate_key(&reference("pkcs11:object=rsa")).unwrap_err();
    assert_eq!(none.code(), "token_module");
    // A library that is none of a token's.
    let other = module("libc.so.6").certificate_key(&reference("pkcs11:object=rsa")).unwrap_err();
    assert_eq!(other.code(), "token_module");

    let opener = opener("pin");
    for ((name, _), kind) in ALGORITHMS.into_iter().zip(Algorithm::ALL).take(4) {
        let key = opener.certificate_key(&reference(&format!("pkcs11:token=zhulian;object={name}"))).unwrap();
        assert_eq!(key.algorithm(), kind);
        assert_verifies(&dir, name, b"a statement", &key.sign(b"a statement").unwrap());
    }
    // A key of the ledger: the same key by its id, signing as the ledger verifies.
    let key = opener.ledger_key(&reference("pkcs11:token=zhulian;id=%00")).unwrap();
    let signature = key.sign(b"a vote").unwrap();
    assert!(ledger::crypto::verify(&key.public_key(), b"a vote", &signature).is_ok());
    assert!(matches!(key, LedgerKey::Token(..)));
    let p256 = opener.ledger_key(&reference("pkcs11:token=zhulian;object=p256")).unwrap_err();
    assert_eq!(p256.code(), "token_key_unusable");
    std::fs::write(dir.join("public"), key.public_key().to_string()).unwrap();
}
