//! Keys and certificates that other programs made.

use node::keys::{KeyAlgorithm, KeyError, KeyReference, Opener, Pkcs12, SecretSource};

use crate::{ALGORITHMS, assert_verifies, generate, ok, openssl, private, refused};

const KINDS: [KeyAlgorithm; 5] = [
    KeyAlgorithm::Ed25519,
    KeyAlgorithm::EcdsaP256,
    KeyAlgorithm::EcdsaP384,
    KeyAlgorithm::Rsa,
    KeyAlgorithm::Sm2,
];

#[test]
fn keys_made_by_openssl_sign_what_openssl_verifies() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(&dir.join("pass"), "correct horse battery");
    for ((name, args), kind) in ALGORITHMS.into_iter().zip(KINDS) {
        generate(dir, name, args);
        let (from, to) = (format!("{name}.pem"), format!("{name}.key"));
        let made = ok(dir, &["key", "import", &from, &to, "--passphrase-from", "file:pass"]);
        assert_eq!(made["kind"], format!("certificate, {kind}"));
        let opener = Opener::new(SecretSource::File(dir.join("pass")), SecretSource::Prompt, None);
        let reference = KeyReference::File(dir.join(&to));
        let key = opener.certificate_key(&reference).unwrap();
        assert_eq!(key.algorithm(), kind);
        assert_verifies(dir, name, b"a statement", &key.sign(b"a statement").unwrap());
        // A certificate's key is none of the ledger's, even where both are Ed25519.
        assert!(matches!(opener.ledger_key(&reference), Err(KeyError::OtherKind { .. })));
        assert!(!format!("{key:?}").contains("document"));
    }
}

#[test]
fn a_pkcs12_file_gives_its_key_and_its_chain() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(&dir.join("pass"), "from the authority");
    private(&dir.join("own"), "correct horse battery");
    generate(dir, "ca", ALGORITHMS[1].1);
    openssl(
        dir,
        &["req", "-x509", "-new", "-key", "ca.pem", "-subj", "/CN=Test CA", "-out", "ca.crt", "-days", "30"],
    );
    for (name, args) in ALGORITHMS.into_iter().take(4) {
        generate(dir, name, args);
        let (key, csr, crt, p12) =
            (format!("{name}.pem"), format!("{name}.csr"), format!("{name}.crt"), format!("{name}.p12"));
        openssl(dir, &["req", "-new", "-key", &key, "-subj", "/CN=Company", "-out", &csr]);
        openssl(
            dir,
            &[
                "x509",
                "-req",
                "-in",
                &csr,
                "-CA",
                "ca.crt",
                "-CAkey",
                "ca.pem",
                "-CAcreateserial",
                "-days",
                "30",
                "-out",
                &crt,
            ],
        );
        openssl(
            dir,
            &[
                "pkcs12",
                "-export",
                "-inkey",
                &key,
                "-in",
                &crt,
                "-certfile",
                "ca.crt",
                "-passout",
                "file:pass",
                "-out",
                &p12,
            ],
        );
        std::process::Command::new("chmod").args(["600", &p12]).current_dir(dir).status().unwrap();
        let read = Pkcs12::read(&dir.join(&p12), &SecretSource::File(dir.join("pass"))).unwrap();
        assert_eq!(read.chain.len(), 1, "{name}: the root stays out");
        assert_verifies(dir, name, b"a statement", &read.key.sign(b"a statement").unwrap());
        assert!(Pkcs12::read(&dir.join(&p12), &SecretSource::File(dir.join("own"))).is_err());
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
    assert!(refused(dir, &import).contains("--certificates"));
    ok(dir, &[&import[..], &["--certificates", "rsa-chain.pem"]].concat());
    openssl(dir, &["verify", "-CAfile", "ca.crt", "rsa-chain.pem"]);
}

#[test]
fn an_encrypted_pem_is_imported_and_a_short_rsa_key_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    private(&dir.join("pass"), "correct horse battery");
    openssl(
        dir,
        &[
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-aes-256-cbc",
            "-pass",
            "file:pass",
            "-out",
            "e.pem",
        ],
    );
    openssl(dir, &["genrsa", "-out", "short.pem", "1024"]);
    for file in ["e.pem", "short.pem"] {
        private(&dir.join(file), &std::fs::read_to_string(dir.join(file)).unwrap());
    }
    let how = ["--import-passphrase-from", "file:pass", "--unencrypted"];
    ok(dir, &[&["key", "import", "e.pem", "e.key"][..], &how].concat());
    assert!(refused(dir, &[&["key", "import", "short.pem", "s.key"][..], &how].concat()).contains("RSA"));
}
