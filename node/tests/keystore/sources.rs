//! Where passphrases and PINs come from.

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use node::keys::{KeyError, KeyReference, Passphrase, Pkcs11Uri, SecretSource};

use crate::{private, refused};

#[test]
fn a_source_is_named_and_a_secret_in_its_place_is_not_repeated() {
    for (text, source) in [
        ("prompt", SecretSource::Prompt),
        ("file:/run/pin", SecretSource::File("/run/pin".into())),
        ("credential:zhulian.pin", SecretSource::Credential("zhulian.pin".into())),
    ] {
        assert_eq!(text.parse::<SecretSource>().unwrap(), source);
        assert_eq!(source.to_string(), text);
    }
    for text in [
        "hunter2-hunter2",
        "file:",
        "credential:",
        "credential:../passwd",
        "credential:a/b",
        "credential:.",
        "env:PIN",
    ] {
        let error = text.parse::<SecretSource>().unwrap_err();
        assert!(matches!(error, KeyError::BadSource), "{text}");
        assert!(!error.to_string().contains("hunter2") && !error.zh().contains("hunter2"));
    }
    let dir = tempfile::tempdir().unwrap();
    let said = refused(dir.path(), &["key", "new", "a.key", "--passphrase-from", "hunter2-hunter2"]);
    assert!(said.0 == "bad_secret_source" && !said.1.contains("hunter2"), "{said:?}");
    let passphrase = Passphrase::new("hunter2-hunter2".to_owned().into()).unwrap();
    assert!(!format!("{passphrase:?}").contains("hunter2"));
}

#[test]
fn a_file_of_a_passphrase_is_private_and_has_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pass");
    let source = SecretSource::File(path.clone());
    private(&path, "one line\r\n");
    assert!(source.read("").is_ok());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(source.read(""), Err(KeyError::Exposed { mode: 0o644, .. })));
    let long = "x".repeat(2_000);
    for text in ["", "\n", "two\nlines\n", "a\0b"] {
        private(&path, text);
        assert!(matches!(source.read(""), Err(KeyError::BadPassphrase)), "{text:?}");
    }
    private(&path, &long);
    assert!(source.read("").is_err());
    // Good enough to open what there is, too short for a new one.
    private(&path, "short");
    assert!(source.read("").is_ok());
    assert!(matches!(source.read_new(""), Err(KeyError::BadPassphrase)));
}

#[test]
fn a_credential_of_the_service_manager_is_found_by_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let credentials = dir.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    private(&credentials.join("zhulian"), "correct horse battery");
    // As systemd lets a service in by an access list.
    std::fs::set_permissions(credentials.join("zhulian"), std::fs::Permissions::from_mode(0o440)).unwrap();
    let new = |directory: Option<&std::path::Path>, key: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_zhulian"));
        command.current_dir(dir.path()).args(["key", "new", key, "--passphrase-from", "credential:zhulian"]);
        command.stdin(Stdio::null()).env_remove("CREDENTIALS_DIRECTORY");
        directory.into_iter().for_each(|d| {
            command.env("CREDENTIALS_DIRECTORY", d);
        });
        command.output().unwrap()
    };
    assert!(new(Some(&credentials), "a.key").status.success());
    assert!(!new(None, "b.key").status.success());
    assert!(!new(Some("credentials".as_ref()), "c.key").status.success());
}

#[test]
fn a_token_is_named_by_a_uri() {
    let uri: Pkcs11Uri = "pkcs11:token=My%20token;object=%E9%92%A5;id=%01%ff;type=private;slot-id=7\
        ?module-path=/usr/lib/x.so&pin-source=file:/run/pin&x-vendor=1"
        .parse()
        .unwrap();
    assert_eq!(uri.token.as_deref(), Some("My token"));
    assert_eq!(uri.object.as_deref(), Some("钥"));
    assert_eq!((uri.id.as_deref(), uri.slot), (Some(&[1, 0xff][..]), Some(7)));
    assert_eq!(uri.pin, Some(SecretSource::File("/run/pin".into())));
    for bad in [
        "pkcs11:token=a;token=b",
        "pkcs11:token=a;colour=red",
        "pkcs11:token",
        "pkcs11:id=%0",
        "pkcs11:token=%ff",
        "pkcs11:type=public",
        "pkcs11:slot-id=x",
    ] {
        assert!(bad.parse::<KeyReference>().is_err(), "{bad}");
    }
    let error = "pkcs11:token=a?pin-value=31337".parse::<KeyReference>().unwrap_err();
    assert!(!error.to_string().contains("31337") && !error.zh().contains("31337"));
    assert_eq!("a.key".parse::<KeyReference>().unwrap(), KeyReference::File("a.key".into()));
}
