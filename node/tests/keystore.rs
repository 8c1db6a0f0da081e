//! Keys at rest: encrypted files, passphrases, PKCS#12, tokens; and that nothing of them leaks.

mod keystore {
    pub(crate) mod files;
    pub(crate) mod foreign;
    pub(crate) mod home;
    pub(crate) mod sources;
    pub(crate) mod token;
}

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program, answering in JSON and English, without a terminal: in a session of its own it has none to ask at.
pub(crate) fn program(dir: &Path) -> Command {
    let mut command = Command::new("setsid");
    command.args(["--wait", env!("CARGO_BIN_EXE_zhulian")]).current_dir(dir).stdin(Stdio::null());
    command.env("ZHULIAN_LANG", "en").env("ZHULIAN_OUTPUT", "json");
    command
}

pub(crate) fn zhulian(dir: &Path, args: &[&str]) -> Output {
    program(dir).args(args).output().expect("the program runs")
}

pub(crate) fn ok(dir: &Path, args: &[&str]) -> serde_json::Value {
    let output = zhulian(dir, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The code and the sentence with which the program refuses.
pub(crate) fn refused(dir: &Path, args: &[&str]) -> (String, String) {
    refusal(&zhulian(dir, args))
}

pub(crate) fn refusal(output: &Output) -> (String, String) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "not refused: {said}");
    let said: serde_json::Value = serde_json::from_str(&said).unwrap_or_else(|e| panic!("{e}: {said}"));
    let text = |name: &str| said["error"][name].as_str().unwrap_or_default().to_owned();
    (text("code"), text("message"))
}

/// A file that its owner alone can read.
pub(crate) fn private(path: &Path, text: &str) {
    std::fs::write(path, text).expect("a file");
    make_private(path);
}

pub(crate) fn make_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).expect("a mode");
}

/// openssl, which made the certificates of most enterprises; it is on every Debian machine that builds this.
pub(crate) fn openssl(dir: &Path, args: &[&str]) {
    let output = Command::new("openssl").current_dir(dir).args(args).output().expect("openssl is installed");
    assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Keys of every algorithm as openssl makes them: name, and arguments of `openssl genpkey`.
pub(crate) const ALGORITHMS: [(&str, &[&str]); 5] = [
    ("ed25519", &["-algorithm", "ED25519"]),
    ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ("rsa", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("sm2", &["-algorithm", "SM2"]),
];

pub(crate) fn generate(dir: &Path, name: &str, args: &[&str]) {
    let file = format!("{name}.pem");
    openssl(dir, &[&["genpkey", "-out", &file][..], args].concat());
    openssl(dir, &["pkey", "-in", &file, "-pubout", "-out", &format!("{name}.pub")]);
    make_private(&dir.join(file));
}

/// Whether openssl verifies the signature under `NAME.pub`.
pub(crate) fn assert_verifies(dir: &Path, name: &str, message: &[u8], signature: &[u8]) {
    std::fs::write(dir.join("message"), message).expect("a file");
    std::fs::write(dir.join("signature"), signature).expect("a file");
    let public = format!("{name}.pub");
    let common = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        &public,
        "-sigfile",
        "signature",
        "-in",
        "message",
        "-rawin",
    ];
    let how: &[&str] = match name {
        "ed25519" => &[],
        "p384" => &["-digest", "sha384"],
        "sm2" => &["-digest", "sm3", "-pkeyopt", "distid:1234567812345678"],
        _ => &["-digest", "sha256"],
    };
    openssl(dir, &[&common[..], how].concat());
}
