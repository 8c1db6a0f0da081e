//! `zhulian key`: make, import, protect and inspect keys. Private halves are never printed.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use ledger::crypto::PublicKey;
use pki::Algorithm;
use serde_json::Value;

use super::open::{OpenArgs, source};
use super::output::{Console, Exit, Failure, Words, words};
use crate::keys::{
    CertificateKey, Foreign, KeyError, KeyFile, KeyReference, Opener, Passphrase, Secret, SecretSource,
    is_encrypted,
};

/// Make, import, protect and inspect keys.
#[derive(Subcommand)]
pub(crate) enum Key {
    /// Make a key in a new file, encrypted with a passphrase 新建密钥
    #[command(after_help = "Examples 示例:\n  zhulian key new seller.key\n  \
        zhulian key new seller.key --passphrase-from file:seller.passphrase\n  zhulian key new test.key --unencrypted\n\n\
        An encrypted key file is one of age: `age --decrypt seller.key` opens it with the same passphrase.")]
    New {
        /// The file to make
        file: PathBuf,
        /// Leave the key readable to whoever can read the file 不加密
        #[arg(long)]
        unencrypted: bool,
        #[command(flatten)]
        open: OpenArgs,
    },
    /// Print the public halves of keys 显示公钥
    #[command(after_help = "Examples 示例:\n  zhulian key show seller.key\n  \
        zhulian key show 'pkcs11:token=zhulian;object=seller' --pkcs11-module /usr/lib/softhsm/libsofthsm2.so")]
    Show {
        /// Key files, or `pkcs11:` URIs
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
        #[command(flatten)]
        open: OpenArgs,
    },
    /// List the key files (*.key) of a directory, without opening the encrypted ones 列出目录中的密钥
    #[command(after_help = "Example 示例:\n  zhulian key list gz")]
    List {
        /// The directory, for example a node's home
        #[arg(default_value = ".")]
        directory: PathBuf,
    },
    /// Take over a certificate's private key that another program made, from PKCS#12 or PKCS#8 导入证书私钥
    #[command(
        after_help = "Examples 示例:\n  zhulian key import company.p12 company.key --certificates company.pem\n  \
        zhulian key import company-key.pem company.key"
    )]
    Import {
        /// A PKCS#12 file, or PKCS#8 in PEM or DER; mode 600
        from: PathBuf,
        /// The key file to make
        to: PathBuf,
        /// The file to make for the certificates of a PKCS#12 file 证书链文件
        #[arg(long, value_name = "FILE")]
        certificates: Option<PathBuf>,
        /// Where the passphrase of the file that is imported comes from 导入文件的口令来源
        #[arg(long, value_name = "SOURCE")]
        import_passphrase_from: Option<String>,
        /// Leave the key readable to whoever can read the file 不加密
        #[arg(long)]
        unencrypted: bool,
        #[command(flatten)]
        open: OpenArgs,
    },
    /// Copy a key to a new file under a passphrase of its own, for a backup 导出备份
    #[command(after_help = "Example 示例:\n  zhulian key export seller.key seller-backup.key")]
    Export {
        /// The key file
        from: PathBuf,
        /// The file to make
        to: PathBuf,
        /// Where the new passphrase comes from 新口令来源
        #[arg(long, value_name = "SOURCE")]
        new_passphrase_from: Option<String>,
        #[command(flatten)]
        open: OpenArgs,
    },
    /// Encrypt a key file that is not encrypted 加密密钥文件
    #[command(after_help = "Example 示例:\n  zhulian key protect seller.key\n\n\
        The unencrypted contents may remain on the disk and in backups: replace the key if others could read them.")]
    Protect {
        /// The key file
        file: PathBuf,
        #[command(flatten)]
        open: OpenArgs,
    },
    /// Take the encryption off a key file 解除密钥文件的加密
    #[command(after_help = "Example 示例:\n  zhulian key unprotect test.key")]
    Unprotect {
        /// The key file
        file: PathBuf,
        #[command(flatten)]
        open: OpenArgs,
    },
    /// Encrypt a key file under another passphrase 更换口令
    #[command(
        after_help = "Example 示例:\n  zhulian key change-passphrase seller.key --new-passphrase-from file:new.passphrase"
    )]
    ChangePassphrase {
        /// The key file
        file: PathBuf,
        /// Where the new passphrase comes from 新口令来源
        #[arg(long, value_name = "SOURCE")]
        new_passphrase_from: Option<String>,
        #[command(flatten)]
        open: OpenArgs,
    },
}

impl Key {
    pub(crate) fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::New { file, unencrypted, open } => {
                let passphrase = open.protection(unencrypted)?;
                let key = KeyFile::Ledger(Secret::generate().map_err(|e| refuse(&e))?);
                key.create(&file, passphrase.as_ref()).map_err(|e| refuse(&e))?;
                console.fields(&shown(&file.display().to_string(), &key, !unencrypted));
                Ok(Exit::Done)
            }
            Self::Show { keys, open } => show(console, &keys, &open),
            Self::List { directory } => {
                let found = list(&directory)?.into_iter().map(|path| {
                    let opened = match is_encrypted(&path) {
                        // Not asked for a passphrase, and so nothing is known of it.
                        Ok(true) => Ok(serde_json::json!({ "key": path, "encrypted": true })),
                        Ok(false) => {
                            let opened = Opener::default().open(&path);
                            opened.map(|key| shown(&path.display().to_string(), &key, false))
                        }
                        Err(error) => Err(error),
                    };
                    opened.map_err(|e| refuse(&e))
                });
                print(console, found.collect())
            }
            Self::Import { from, to, certificates, import_passphrase_from, unencrypted, open } => {
                let import = source(import_passphrase_from.as_ref())?;
                let found = Opener::new(import, SecretSource::Prompt, None).import(&from);
                let Foreign { key, chain } = found.map_err(|e| refuse(&e))?;
                if chain.is_empty() == certificates.is_some() {
                    return Err(Failure::usage(words(
                        "--certificates names the file to make for the certificates of a PKCS#12 file: it is needed if there \
                         are any, and for nothing else. Nothing was imported.",
                        "导入含证书的 PKCS#12 文件时须以 --certificates 指定证书链文件，其他情形不需要。未导入任何内容。",
                    )));
                }
                let passphrase = open.protection(unencrypted)?;
                let key = KeyFile::Certificate(Box::new(key));
                if let Some(file) = &certificates {
                    super::init::write_new(file, pem(&chain).as_bytes())?;
                }
                let made = key.create(&to, passphrase.as_ref()).inspect_err(|_| {
                    // Both files or none. This one was made just now, and holds nothing that is not in the other.
                    certificates.iter().for_each(|file| drop(std::fs::remove_file(file)));
                });
                made.map_err(|e| refuse(&e))?;
                let mut value = shown(&to.display().to_string(), &key, !unencrypted);
                value["certificates"] = serde_json::json!(certificates);
                console.fields(&value);
                Ok(Exit::Done)
            }
            Self::Export { from, to, new_passphrase_from, open } => {
                let key = open.opener()?.open(&from).map_err(|e| refuse(&e))?;
                let passphrase = new_passphrase(new_passphrase_from.as_ref())?;
                key.create(&to, Some(&passphrase)).map_err(|e| refuse(&e))?;
                console.fields(&shown(&to.display().to_string(), &key, true));
                Ok(Exit::Done)
            }
            Self::Protect { file, open } => {
                expect(&file, false)?;
                rewrite(&file, &Opener::default(), || open.protection(false), console)
            }
            Self::Unprotect { file, open } => {
                expect(&file, true)?;
                rewrite(&file, &open.opener()?, || Ok(None), console)
            }
            Self::ChangePassphrase { file, new_passphrase_from, open } => {
                expect(&file, true)?;
                let new = || new_passphrase(new_passphrase_from.as_ref()).map(Some);
                rewrite(&file, &open.opener()?, new, console)
            }
        }
    }
}

fn new_passphrase(text: Option<&String>) -> Result<Passphrase, Failure> {
    source(text)?.read_new("New passphrase 新口令").map_err(|e| refuse(&e))
}

/// Refuses a file that is encrypted, or is not, against what is asked for.
fn expect(file: &Path, encrypted: bool) -> Result<(), Failure> {
    match is_encrypted(file).map_err(|e| refuse(&e))? {
        found if found == encrypted => Ok(()),
        found => Err(refuse(&KeyError::Protection { path: file.into(), encrypted: found })),
    }
}

/// Puts the key of a file in its place again, under another passphrase or none.
fn rewrite(
    file: &Path,
    opener: &Opener,
    passphrase: impl FnOnce() -> Result<Option<Passphrase>, Failure>,
    console: &Console,
) -> Result<Exit, Failure> {
    let key = opener.open(file).map_err(|e| refuse(&e))?;
    let passphrase = passphrase()?;
    key.replace(file, passphrase.as_ref()).map_err(|e| refuse(&e))?;
    console.fields(&shown(&file.display().to_string(), &key, passphrase.is_some()));
    Ok(Exit::Done)
}

/// Certificates in PEM, in their order.
fn pem(chain: &[Vec<u8>]) -> String {
    use pkcs8::der::pem::{LineEnding, encode_string};
    chain.iter().filter_map(|der| encode_string("CERTIFICATE", LineEnding::LF, der).ok()).collect()
}

/// What is told of a key: its public half if the ledger knows it, else the fingerprint of that.
fn shown(name: &str, key: &KeyFile, encrypted: bool) -> Value {
    match key {
        KeyFile::Ledger(secret) => shown_ledger(name, &secret.public_key(), encrypted),
        KeyFile::Certificate(key) => shown_certificate(name, key, encrypted),
    }
}

fn shown_ledger(name: &str, key: &PublicKey, encrypted: bool) -> Value {
    serde_json::json!({
        "key": name, "kind": "ledger", "algorithm": Algorithm::Ed25519.name(), "public_key": key.to_string(),
        "encrypted": encrypted,
    })
}

fn shown_certificate(name: &str, key: &CertificateKey, encrypted: bool) -> Value {
    serde_json::json!({
        "key": name, "kind": "certificate", "algorithm": key.algorithm().name(),
        "spki_sha256": key.fingerprint().map(hex::encode), "encrypted": encrypted,
    })
}

fn show(console: &Console, keys: &[String], open: &OpenArgs) -> Result<Exit, Failure> {
    let opener = open.opener()?;
    let one = |text: &String| -> Result<Value, KeyError> {
        let reference: KeyReference = text.parse()?;
        if let KeyReference::File(path) = &reference {
            return Ok(shown(text, &opener.open(path)?, is_encrypted(path)?));
        }
        // What a token keeps is as good as encrypted.
        let key = opener.certificate_key(&reference)?;
        if key.algorithm() != Algorithm::Ed25519 {
            return Ok(shown_certificate(text, &key, true));
        }
        Ok(shown_ledger(text, &opener.ledger_key(&reference)?.public_key(), true))
    };
    print(console, keys.iter().map(|text| one(text).map_err(|e| refuse(&e))).collect())
}

fn print(console: &Console, found: Vec<Result<Value, Failure>>) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    let mut keys = Vec::new();
    for one in found {
        match one {
            Ok(value) => keys.push(value),
            Err(failure) => {
                console.failure(&failure);
                exit = Exit::Failed;
            }
        }
    }
    let protection = |encrypted: bool| match encrypted {
        true => words("encrypted", "已加密"),
        false => words("not encrypted", "未加密"),
    };
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let row = |key: &Value| {
        let protection = protection(key["encrypted"] == true).pick(console.table_lang());
        let public = if key["public_key"].is_null() { &key["spki_sha256"] } else { &key["public_key"] };
        vec![text(&key["key"]), text(&key["kind"]), text(&key["algorithm"]), protection, text(public)]
    };
    let headings: [Words; 5] = [
        words("key", "密钥"),
        words("kind", "类型"),
        words("algorithm", "算法"),
        words("at rest", "保存方式"),
        words("public key, or fingerprint of it", "公钥或公钥指纹"),
    ];
    console.rows(&headings, keys.iter().map(row).collect(), &keys);
    Ok(exit)
}

fn list(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = std::fs::read_dir(directory).map_err(|e| {
        Failure::because(format!("{}: {e}", directory.display()), words("Give a directory.", "请指定目录。"))
    })?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "key"))
        .collect();
    files.sort();
    Ok(files)
}

/// What to say about a key that cannot be made or read.
pub(crate) fn refuse(error: &KeyError) -> Failure {
    let en = error.to_string();
    let message = words(
        format!("{}. The key was not used.", en.trim_end_matches('.')),
        format!("{}。未使用该密钥。", error.zh().trim_end_matches('。')),
    );
    let asked_wrongly = matches!(error, KeyError::BadSource | KeyError::BadUri(_));
    let exit = if asked_wrongly { Exit::Usage } else { Exit::Failed };
    Failure { exit, code: Some(error.code().into()), ..Failure::failed(message) }
}
