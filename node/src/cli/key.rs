//! `zhulian key`: make, import, protect and inspect keys. Private halves are never printed.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::output::{Console, Exit, Failure, Words, words};
use crate::config::{Home, Keys};
use crate::keys::{
    CertificateKey, KeyError, KeyFile, KeyReference, LedgerKey, Opener, Passphrase, Pkcs12, Secret,
    SecretSource, is_encrypted,
};

/// How keys are opened. Secrets themselves are never arguments.
#[derive(Args, Clone, Default)]
pub(crate) struct OpenArgs {
    /// Where the passphrase of an encrypted key comes from: prompt, file:PATH, credential:NAME 口令来源
    #[arg(long, value_name = "SOURCE", env = "ZHULIAN_PASSPHRASE_FROM", hide_env_values = true)]
    passphrase_from: Option<String>,
    /// Where the PIN of a PKCS#11 token comes from: prompt, file:PATH, credential:NAME PIN 来源
    #[arg(long, value_name = "SOURCE", env = "ZHULIAN_PIN_FROM", hide_env_values = true)]
    pin_from: Option<String>,
    /// The library that speaks to the token PKCS#11 模块
    #[arg(long, value_name = "FILE", env = "ZHULIAN_PKCS11_MODULE")]
    pkcs11_module: Option<PathBuf>,
}

/// Not parsed by clap: its message would repeat the text, which may be the secret by mistake.
fn source(text: Option<&String>) -> Result<SecretSource, Failure> {
    let usage = |e: KeyError| Failure { exit: Exit::Usage, ..refuse(&e) };
    text.map_or(Ok(SecretSource::Prompt), |text| text.parse().map_err(usage))
}

impl OpenArgs {
    /// What opens keys as these arguments say.
    pub(crate) fn opener(&self) -> Result<Opener, Failure> {
        Ok(Opener::new(
            source(self.passphrase_from.as_ref())?,
            source(self.pin_from.as_ref())?,
            self.pkcs11_module.clone(),
        ))
    }

    /// The same for a home: where these arguments say nothing its configuration does.
    pub(crate) fn home_opener(&self, keys: &Keys) -> Result<Opener, Failure> {
        let configured = keys.opener().map_err(|e| refuse(&e))?;
        let own = self.opener()?;
        let passphrase = if self.passphrase_from.is_some() { own.passphrase } else { configured.passphrase };
        let pin = if self.pin_from.is_some() { own.pin } else { configured.pin };
        Ok(Opener::new(passphrase, pin, own.module.or(configured.module)))
    }

    /// The voting key of a home.
    pub(crate) fn voting_key(&self, home: &Home) -> Result<LedgerKey, Failure> {
        let keys = Keys::of_home(home);
        let reference = keys.consensus_reference(home).map_err(|e| refuse(&e))?;
        self.home_opener(&keys)?.ledger_key(&reference).map_err(|e| refuse(&e))
    }

    /// A new passphrase, or none where the operator does without.
    pub(crate) fn protection(&self, unencrypted: bool) -> Result<Option<Passphrase>, Failure> {
        if unencrypted {
            return Ok(None);
        }
        let source = source(self.passphrase_from.as_ref())?;
        source.read_new("New passphrase 新口令").map(Some).map_err(|e| refuse(&e))
    }
}

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
    /// Take a private key and its certificates out of a PKCS#12 file, or a private key out of PEM 导入证书与私钥
    #[command(
        after_help = "Examples 示例:\n  zhulian key import company.p12 company.key --certificates company.pem\n  \
        zhulian key import company-key.pem company.key"
    )]
    Import {
        /// The PKCS#12 file (.p12, .pfx), or PEM with PKCS#8
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
                        Ok(true) => Ok(serde_json::json!({ "key": path, "kind": null, "public_key": null, "encrypted": true })),
                        Ok(false) => Opener::default().open(&path).map(|key| shown(&path.display().to_string(), &key, false)),
                        Err(error) => Err(error),
                    };
                    opened.map_err(|e| refuse(&e))
                });
                print(console, found.collect())
            }
            Self::Import { from, to, certificates, import_passphrase_from, unencrypted, open } => {
                let import = source(import_passphrase_from.as_ref())?;
                let (key, chain) = read_foreign(&from, import)?;
                if chain.is_some() != certificates.is_some() {
                    return Err(Failure::usage(words(
                        "--certificates belongs to a PKCS#12 file, and is needed for it: the file for its certificates. \
                         Nothing was imported.",
                        "导入 PKCS#12 文件时须以 --certificates 指定证书链文件，其他文件则不需要。未导入任何内容。",
                    )));
                }
                let passphrase = open.protection(unencrypted)?;
                let key = KeyFile::Certificate(Box::new(key));
                key.create(&to, passphrase.as_ref()).map_err(|e| refuse(&e))?;
                if let (Some(file), Some(chain)) = (&certificates, &chain) {
                    super::init::write_new(file, pem(chain).as_bytes())?;
                }
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
                reprotect(&file, false, &Opener::default(), || Ok(open.protection(false)?), console)
            }
            Self::ChangePassphrase { file, new_passphrase_from, open } => reprotect(
                &file,
                true,
                &open.opener()?,
                || new_passphrase(new_passphrase_from.as_ref()).map(Some),
                console,
            ),
        }
    }
}

fn new_passphrase(text: Option<&String>) -> Result<Passphrase, Failure> {
    source(text)?.read_new("New passphrase 新口令").map_err(|e| refuse(&e))
}

fn reprotect(
    file: &Path,
    encrypted: bool,
    opener: &Opener,
    passphrase: impl FnOnce() -> Result<Option<Passphrase>, Failure>,
    console: &Console,
) -> Result<Exit, Failure> {
    let found = is_encrypted(file).map_err(|e| refuse(&e))?;
    if found != encrypted {
        return Err(refuse(&KeyError::Protection { path: file.into(), encrypted: found }));
    }
    let key = opener.open(file).map_err(|e| refuse(&e))?;
    if let Some(passphrase) = passphrase()? {
        key.replace(file, &passphrase).map_err(|e| refuse(&e))?;
    }
    console.fields(&shown(&file.display().to_string(), &key, true));
    Ok(Exit::Done)
}

/// A key of another program: PKCS#12 by its ending, else PEM.
fn read_foreign(
    path: &Path,
    passphrase: SecretSource,
) -> Result<(CertificateKey, Option<Vec<Vec<u8>>>), Failure> {
    let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
    if matches!(ending.as_str(), "p12" | "pfx") {
        let read = Pkcs12::read(path, &passphrase).map_err(|e| refuse(&e))?;
        return Ok((read.key, Some(read.chain)));
    }
    let opener = Opener::new(passphrase, SecretSource::Prompt, None);
    let key = opener.certificate_key(&KeyReference::File(path.into())).map_err(|e| refuse(&e))?;
    Ok((key, None))
}

/// Certificates in PEM, in their order.
fn pem(chain: &[Vec<u8>]) -> String {
    use pkcs8::der::pem::{LineEnding, encode_string};
    chain.iter().filter_map(|der| encode_string("CERTIFICATE", LineEnding::LF, der).ok()).collect()
}

fn shown(name: &str, key: &KeyFile, encrypted: bool) -> serde_json::Value {
    let (kind, public) = match key {
        KeyFile::Ledger(secret) => ("Ed25519".to_owned(), Some(secret.public_key().to_string())),
        // Its public half is in the certificate.
        KeyFile::Certificate(key) => (format!("certificate, {}", key.algorithm()), None),
    };
    serde_json::json!({ "key": name, "kind": kind, "public_key": public, "encrypted": encrypted })
}

fn show(console: &Console, keys: &[String], open: &OpenArgs) -> Result<Exit, Failure> {
    let opener = open.opener()?;
    let one = |text: &String| -> Result<serde_json::Value, KeyError> {
        match text.parse()? {
            KeyReference::File(path) => Ok(shown(text, &opener.open(&path)?, is_encrypted(&path)?)),
            reference @ KeyReference::Token(_) => {
                let key = opener.ledger_key(&reference)?;
                Ok(serde_json::json!({
                    "key": text, "kind": "Ed25519", "public_key": key.public_key().to_string(), "encrypted": true,
                }))
            }
        }
    };
    print(console, keys.iter().map(|text| one(text).map_err(|e| refuse(&e))).collect())
}

fn print(console: &Console, found: Vec<Result<serde_json::Value, Failure>>) -> Result<Exit, Failure> {
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
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    let row = |key: &serde_json::Value| {
        let protection = protection(key["encrypted"] == true).pick(console.table_lang());
        vec![text(&key["key"]), text(&key["kind"]), protection, text(&key["public_key"])]
    };
    let headings: [Words; 4] = [
        words("key", "密钥"),
        words("kind", "类型"),
        words("at rest", "保存方式"),
        words("public key", "公钥"),
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
    Failure::failed(words(
        format!("{}. The key was not used.", en.trim_end_matches('.')),
        format!("{}。未使用该密钥。", error.zh().trim_end_matches('。')),
    ))
}
