//! Keys on a PKCS#11 token: SoftHSM2, which `scripts/setup.sh checks` installs.

use std::path::{Path, PathBuf};
use std::process::Command;

use consensus::Signer as _;
use node::keys::{KeyAlgorithm, KeyReference, LedgerKey, Opener, SecretSource};

use crate::{ALGORITHMS, assert_verifies, generate, private};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Names the directory to the part of the test that runs with the token's configuration in its environment.
const DIRECTORY: &str = "ZHULIAN_TEST_TOKEN";

fn softhsm(dir: &Path, args: &[&str]) {
    let mut command = Command::new("softhsm2-util");
    command.current_dir(dir).env("SOFTHSM2_CONF", dir.join("softhsm.conf")).args(args);
    let output =
        command.output().expect("softhsm2 is missing: run `scripts/setup.sh checks`, which installs it");
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&said));
}

/// Two tokens, so that the right one has to be found; keys of all algorithms but SM2, which PKCS#11 lacks.
#[test]
fn keys_on_a_token_sign() {
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
    let refused =
        |pin: &str, text: &str| opener(pin).certificate_key(&reference(text)).unwrap_err().to_string();
    assert!(refused("wrong", "pkcs11:token=zhulian;object=rsa").contains("PIN is wrong"));
    assert!(refused("pin", "pkcs11:token=nobody;object=rsa").contains("none is there"));
    assert!(refused("pin", "pkcs11:object=rsa").contains("add `serial=`"));
    assert!(refused("pin", "pkcs11:token=zhulian;object=none").contains("no private key"));
    assert!(refused("pin", "pkcs11:token=zhulian").contains("add `id=`"));

    let opener = opener("pin");
    let kinds = [KeyAlgorithm::Ed25519, KeyAlgorithm::EcdsaP256, KeyAlgorithm::EcdsaP384, KeyAlgorithm::Rsa];
    for ((name, _), kind) in ALGORITHMS.into_iter().zip(kinds) {
        let key = opener.certificate_key(&reference(&format!("pkcs11:token=zhulian;object={name}"))).unwrap();
        assert_eq!(key.algorithm(), kind);
        assert_verifies(&dir, name, b"a statement", &key.sign(b"a statement").unwrap());
    }
    // A key of the ledger: the same key by its id, signing as the ledger verifies.
    let key = opener.ledger_key(&reference("pkcs11:token=zhulian;id=%00")).unwrap();
    let signature = key.sign(b"a vote").unwrap();
    assert!(ledger::crypto::verify(&key.public_key(), b"a vote", &signature).is_ok());
    assert!(matches!(key, LedgerKey::Token(..)));
    assert!(opener.ledger_key(&reference("pkcs11:token=zhulian;object=p256")).is_err());
    std::fs::write(dir.join("public"), key.public_key().to_string()).unwrap();
}
