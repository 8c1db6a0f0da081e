//! Keys and certificates that other programs made.

use std::path::Path;

use node::keys::{KeyError, KeyReference, Opener, SecretSource};
use pki::Algorithm;

use crate::{ALGORITHMS, assert_verifies, generate, make_private, ok, openssl, private, refused};

fn opener(dir: &Path, passphrase: &str) -> Opener {
    Opener::new(SecretSource::File(dir.join(passphrase)), SecretSource::Prompt, None)
}

/// SHA-256 of the public half as openssl writes it.
fn fingerprint(dir: &Path, name: &str) -> String {
    let der = format!("{name}.spki");
    openssl(dir, &["pkey", "-pubin", "-in", &format!("{name}.pub"), "-outform", "DER", "-out", &der]);
    hex::encode(ledger::hash::sha256(&std::fs::read(dir.join(der)).unwrap()))
}

#[test]
fn keys_made_by_openssl_sign_what_openssl_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(&dir.join("pass"), "correct horse battery");
    for ((name, args), kind) in ALGORITHMS.into_iter().zip(Algorithm::ALL) {
        generate(dir, name, args);
        let (from, to, der) = (format!("{name}.pem"), format!("{name}.key"), format!("{name}.der"));
        let made = ok(dir, &["key", "import", &from, &to, "--passphrase-from", "file:pass"]);
        assert_eq!((&made["kind"], &made["algorithm"]), (&"certificate".into(), &kind.name().into()));
        assert_eq!(made["spki_sha256"], fingerprint(dir, name), "{name}");
        let opener = opener(dir, "pass");
        let reference = KeyReference::File(dir.join(&to));
        let key = opener.certificate_key(&reference).unwrap();
        assert_eq!(key.algorithm(), kind);
        assert_verifies(dir, name, b"a statement", &key.sign(b"a statement").unwrap());
        // A certificate's key is none of the ledger's, even where both are Ed25519.
        assert!(matches!(opener.ledger_key(&reference), Err(KeyError::OtherKind { .. })));
        assert!(!format!("{key:?}").contains("document"));

        // DER as well.
        openssl(dir, &["pkcs8", "-topk8", "-nocrypt", "-in", &from, "-outform", "DER", "-out", &der]);
        make_private(&dir.join(&der));
        let key = Opener::default().certificate_key(&KeyReference::File(dir.join(&der))).unwrap();
        assert_verifies(dir, name, b"a statement", &key.sign(b"a statement").unwrap());
    }
}

/// A certificate of `NAME.pem` by an authority that is made along with it: `NAME.crt`, `ca.crt`.
fn certify(dir: &Path, name: &str) {
    let file = |ending: &str| format!("{name}.{ending}");
    if !dir.join("ca.crt").exists() {
        generate(dir, "ca", ALGORITHMS[1].1);
        let subject = ["-subj", "/CN=Test CA", "-out", "ca.crt", "-days", "30"];
        openssl(dir, &[&["req", "-x509", "-new", "-key", "ca.pem"][..], &subject].concat());
    }
    openssl(dir, &["req", "-new", "-key", &file("pem"), "-subj", "/CN=Company", "-out", &file("csr")]);
    let (csr, crt) = (file("csr"), file("crt"));
    let by = ["-CA", "ca.crt", "-CAkey", "ca.pem", "-CAcreateserial", "-days", "30", "-out", &crt];
    openssl(dir, &[&["x509", "-req", "-in", &csr][..], &by].concat());
}

/// `NAME.p12` with the key and the chain.
fn export(dir: &Path, name: &str, how: &[&str]) -> std::path::PathBuf {
    let file = |ending: &str| format!("{name}.{ending}");
    let (key, crt, p12) = (file("pem"), file("crt"), file("p12"));
    let what = ["pkcs12", "-export", "-inkey", &key, "-in", &crt, "-certfile", "ca.crt"];
    openssl(dir, &[&what[..], how, &["-passout", "file:pass", "-out", &p12]].concat());
    make_private(&dir.join(&p12));
    dir.join(p12)
}

/// As openssl 3 writes PKCS#12 (PBES2 with PBKDF2 and AES-256), with the ciphers of old, and with more work.
const EXPORTS: [&[&str]; 3] = [&[], &["-legacy"], &["-iter", "100000", "-macalg", "sha512"]];

#[test]
fn a_pkcs12_file_gives_its_key_and_its_chain() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(&dir.join("pass"), "from the authority");
    private(&dir.join("own"), "correct horse battery");
    for (name, args) in ALGORITHMS.into_iter().take(4) {
        generate(dir, name, args);
        certify(dir, name);
        for how in EXPORTS {
            let p12 = export(dir, name, how);
            let read = opener(dir, "pass").import(&p12).unwrap();
            assert_eq!(read.chain.len(), 1, "{name}: the root stays out");
            assert_verifies(dir, name, b"a statement", &read.key.sign(b"a statement").unwrap());
            let wrong = opener(dir, "own").import(&p12).unwrap_err();
            assert!(matches!(wrong, KeyError::WrongPassphrase(_)), "{name} {how:?}: {wrong}");
            // It need not be imported to be used.
            let key = opener(dir, "pass").certificate_key(&KeyReference::File(p12)).unwrap();
            assert_verifies(dir, name, b"another", &key.sign(b"another").unwrap());
        }
    }
    let import = [
        "key",
        "import",
        "rsa.p12",
        "rsa.key",
        "--import-passphrase-from",
        "file:pass",
        "--passphrase-from",
        "file:own",
    ];
    assert!(refused(dir, &import).1.contains("--certificates"));
    assert!(!dir.join("rsa.key").exists());
    let made = ok(dir, &[&import[..], &["--certificates", "rsa-chain.pem"]].concat());
    assert_eq!(made["spki_sha256"], fingerprint(dir, "rsa"));
    openssl(dir, &["verify", "-CAfile", "ca.crt", "rsa-chain.pem"]);
    let key = opener(dir, "own").certificate_key(&KeyReference::File(dir.join("rsa.key"))).unwrap();
    assert_verifies(dir, "rsa", b"a statement", &key.sign(b"a statement").unwrap());
}

#[test]
fn what_is_no_pkcs12_or_holds_no_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(&dir.join("pass"), "from the authority");
    let (name, args) = ALGORITHMS[1];
    generate(dir, name, args);
    certify(dir, name);
    let p12 = export(dir, name, &[]);
    let whole = std::fs::read(&p12).unwrap();
    let import = ["key", "import", "p256.p12", "p.key", "--certificates", "chain.pem", "--unencrypted"];
    let import = [&import[..], &["--import-passphrase-from", "file:pass"]].concat();
    // Cut short anywhere, or with a byte changed: a refusal each time, and nothing made.
    for cut in [1, 2, 5, 100, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&p12, &whole[..cut]).unwrap();
        let (code, said) = refused(dir, &import);
        assert!(["not_pkcs12", "not_a_certificate_key"].contains(&code.as_str()), "{cut}: {code} {said}");
    }
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    std::fs::write(&p12, &changed).unwrap();
    assert!(["wrong_passphrase", "not_pkcs12"].contains(&refused(dir, &import).0.as_str()));
    // Certificates without a key.
    let only = ["pkcs12", "-export", "-nokeys", "-in", "ca.crt", "-passout", "file:pass", "-out", "p256.p12"];
    openssl(dir, &only);
    assert_eq!(refused(dir, &import).0, "not_pkcs12");
    // Others could read it.
    std::fs::write(&p12, &whole).unwrap();
    std::fs::set_permissions(&p12, std::os::unix::fs::PermissionsExt::from_mode(0o604)).unwrap();
    assert_eq!(refused(dir, &import).0, "key_exposed");
    assert!(!dir.join("p.key").exists() && !dir.join("chain.pem").exists());
}

#[test]
fn an_encrypted_pem_is_imported_and_a_short_rsa_key_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(&dir.join("pass"), "correct horse battery");
    private(&dir.join("other"), "another passphrase");
    generate(dir, "p256", ALGORITHMS[1].1);
    for (made, how) in [
        ("pbkdf2.pem", &["-v2", "aes-256-cbc", "-iter", "50000"][..]),
        ("scrypt.pem", &["-scrypt", "-scrypt_N", "16384"]),
        ("greedy.pem", &["-v2", "aes-256-cbc", "-iter", "10000001"]),
    ] {
        let what = ["pkcs8", "-topk8", "-in", "p256.pem", "-passout", "file:pass", "-out", made];
        openssl(dir, &[&what[..], how].concat());
        make_private(&dir.join(made));
    }
    let how = ["--import-passphrase-from", "file:pass", "--unencrypted"];
    for made in ["pbkdf2.pem", "scrypt.pem"] {
        let to = format!("{made}.key");
        let imported = ok(dir, &[&["key", "import", made, &to][..], &how].concat());
        assert_eq!(imported["spki_sha256"], fingerprint(dir, "p256"), "{made}");
        let other =
            ["key", "import", made, "x.key", "--unencrypted", "--import-passphrase-from", "file:other"];
        assert_eq!(refused(dir, &other).0, "wrong_passphrase", "{made}");
    }
    let (code, said) = refused(dir, &[&["key", "import", "greedy.pem", "x.key"][..], &how].concat());
    assert!(code == "not_a_certificate_key" && said.contains("too much work"), "{said}");

    openssl(dir, &["genrsa", "-out", "short.pem", "1024"]);
    openssl(
        dir,
        &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-out", "k.pem"],
    );
    for (file, is) in [("short.pem", "RSA"), ("k.pem", "algorithm")] {
        make_private(&dir.join(file));
        let (code, said) = refused(dir, &[&["key", "import", file, "s.key"][..], &how].concat());
        assert!(code == "not_a_certificate_key" && said.contains(is), "{said}");
    }
}
