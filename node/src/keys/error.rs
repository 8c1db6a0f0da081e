//! Why a key cannot be made, read or used; in both languages.

use std::io;
use std::path::PathBuf;

use super::HEADER;
use super::token::TokenFault;

/// Why a key cannot be made, read or used. No variant holds anything secret.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The system said no.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What it said.
        reason: io::Error,
    },
    /// There is a file already; keys are never overwritten.
    #[error("{} exists already; a key is never overwritten", .0.display())]
    Exists(PathBuf),
    /// Others than the owner can read it.
    #[error("{} has mode {mode:03o}: others than its owner could read the key; run `chmod 600` on it, and replace the key if anybody may have", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Longer than what it should hold.
    #[error("{} is longer than {most} bytes", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Its greatest length, in bytes.
        most: usize,
    },
    /// Not a key file.
    #[error("{} is not a key file: its first line must read {HEADER:?} and its second have 64 hexadecimal digits, or it is such a file encrypted with age", .0.display())]
    NotAKey(PathBuf),
    /// A certificate's key where one of the ledger is needed, or the other way round.
    #[error("{} holds {found}, but {needed} is needed here", path.display())]
    OtherKind {
        /// The file or token.
        path: PathBuf,
        /// What it holds.
        found: &'static str,
        /// What is needed.
        needed: &'static str,
    },
    /// The system gives no random bytes.
    #[error("the system's random source failed: {0}")]
    Random(String),
    /// The file is encrypted and the passphrase does not open it.
    #[error("the passphrase does not open {}", .0.display())]
    WrongPassphrase(PathBuf),
    /// The file is encrypted otherwise than with a passphrase, or damaged.
    #[error("{} is not a file that age encrypted with a passphrase, or is damaged: {reason}", path.display())]
    NotDecryptable {
        /// The file.
        path: PathBuf,
        /// What age says.
        reason: String,
    },
    /// The file is encrypted already, or not at all.
    #[error("{} is {}", path.display(), if *encrypted { "encrypted already; use `zhulian key change-passphrase`" } else { "not encrypted; use `zhulian key protect`" })]
    Protection {
        /// The file.
        path: PathBuf,
        /// Whether it is encrypted.
        encrypted: bool,
    },
    /// There is nobody to ask.
    #[error(
        "{what} is needed and there is no terminal to ask at; name a file (file:PATH, mode 0600) or a systemd credential (credential:NAME)"
    )]
    NoTerminal {
        /// What was to be asked for.
        what: String,
    },
    /// Two entries that should be equal differ.
    #[error("the two entries differ; nothing was changed")]
    Mismatch,
    /// Too short, too long, or not one line of text.
    #[error("a passphrase has {least} to {most} bytes of one line of UTF-8 text, and no control characters", least = super::source::PASSPHRASE_MIN, most = super::source::SECRET_BYTES_MAX)]
    BadPassphrase,
    /// Not a name of where a secret comes from.
    #[error(
        "a passphrase or PIN comes from `prompt`, `file:PATH` or `credential:NAME`; what was given is none of these and is not repeated here, in case it is the secret itself"
    )]
    BadSource,
    /// The service manager gave no credentials.
    #[error(
        "the credential {0:?} was not given: $CREDENTIALS_DIRECTORY is not set or not absolute; add LoadCredential= or LoadCredentialEncrypted= to the unit"
    )]
    NoCredentials(String),
    /// A `pkcs11:` URI that is not read.
    #[error("the PKCS#11 URI is not accepted: {0}")]
    BadUri(String),
    /// The token, its module, or the key on it.
    #[error("the PKCS#11 token: {0}")]
    Token(#[from] TokenFault),
    /// A private key of a certificate that is not read.
    #[error("{} holds no private key that is known here: {reason}; known are Ed25519, ECDSA on P-256 and P-384, RSA of 2048 to 4096 bits, and SM2, as PKCS#8", path.display())]
    NotACertificateKey {
        /// Where it was looked for.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// A PKCS#12 file that is not read.
    #[error("{} is not a PKCS#12 file that is read here: {reason}", path.display())]
    Pkcs12 {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A signature, or an encrypted file, could not be made.
    #[error("nothing was made with the key: {0}")]
    Signing(String),
}

impl KeyError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "key_file",
            Self::Exists(_) => "key_exists",
            Self::Exposed { .. } => "key_exposed",
            Self::TooLong { .. } => "key_file_too_long",
            Self::NotAKey(_) => "not_a_key",
            Self::OtherKind { .. } => "other_kind_of_key",
            Self::Random(_) => "no_random_source",
            Self::WrongPassphrase(_) => "wrong_passphrase",
            Self::NotDecryptable { .. } => "not_decryptable",
            Self::Protection { encrypted: true, .. } => "key_encrypted_already",
            Self::Protection { encrypted: false, .. } => "key_not_encrypted",
            Self::NoTerminal { .. } => "no_terminal",
            Self::Mismatch => "entries_differ",
            Self::BadPassphrase => "bad_passphrase",
            Self::BadSource => "bad_secret_source",
            Self::NoCredentials(_) => "no_credentials",
            Self::BadUri(_) => "bad_pkcs11_uri",
            Self::Token(fault) => fault.code(),
            Self::NotACertificateKey { .. } => "not_a_certificate_key",
            Self::Pkcs12 { .. } => "not_pkcs12",
            Self::Signing(_) => "key_not_used",
        }
    }

    /// The same in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::Io { path, reason } => format!("{}：{reason}", path.display()),
            Self::Exists(path) => format!("{} 已存在；密钥文件从不覆盖", path.display()),
            Self::Exposed { path, mode } => format!(
                "{} 的权限为 {mode:03o}：所有者以外的人可以读取密钥；请执行 chmod 600，若可能已被他人读取，请更换密钥",
                path.display()
            ),
            Self::TooLong { path, most } => format!("{} 超过 {most} 字节", path.display()),
            Self::NotAKey(path) => format!(
                "{} 不是密钥文件：首行应为 {HEADER:?}，次行为 64 位十六进制数字，或为经 age 加密的此类文件",
                path.display()
            ),
            Self::OtherKind { path, found, needed } => {
                let kind = |text: &str| if text == LEDGER_KEY { "账本密钥" } else { "证书私钥" };
                format!("{} 保存的是{}，此处需要{}", path.display(), kind(found), kind(needed))
            }
            Self::Random(reason) => format!("系统随机数源失败：{reason}"),
            Self::WrongPassphrase(path) => format!("口令无法打开 {}", path.display()),
            Self::NotDecryptable { path, reason } => {
                format!("{} 不是 age 以口令加密的文件，或已损坏：{reason}", path.display())
            }
            Self::Protection { path, encrypted: true } => {
                format!("{} 已加密；请使用 zhulian key change-passphrase", path.display())
            }
            Self::Protection { path, encrypted: false } => {
                format!("{} 未加密；请使用 zhulian key protect", path.display())
            }
            Self::NoTerminal { .. } => {
                "需要口令或 PIN，但没有可供输入的终端；请指定文件（file:路径，权限 0600）或 systemd 凭据（credential:名称）".into()
            }
            Self::Mismatch => "两次输入不一致；未作任何更改".into(),
            Self::BadPassphrase => format!(
                "口令应为单行 UTF-8 文本，{} 至 {} 字节，不含控制字符",
                super::source::PASSPHRASE_MIN,
                super::source::SECRET_BYTES_MAX
            ),
            Self::BadSource => "口令或 PIN 的来源只能是 prompt、file:路径 或 credential:名称；\
                所给内容不属于其中任何一种，因其可能就是口令本身，此处不再显示"
                .into(),
            Self::NoCredentials(name) => format!(
                "未收到凭据 {name:?}：$CREDENTIALS_DIRECTORY 未设置或不是绝对路径；请在服务单元中加入 LoadCredential= 或 LoadCredentialEncrypted="
            ),
            Self::BadUri(reason) => format!("PKCS#11 URI 未被接受：{reason}"),
            Self::Token(fault) => format!("PKCS#11 密码设备：{}", fault.zh()),
            Self::NotACertificateKey { path, reason } => format!(
                "{} 中没有可识别的私钥（{reason}）；支持 PKCS#8 格式的 Ed25519、ECDSA P-256 与 P-384、2048 至 4096 位 RSA、SM2",
                path.display()
            ),
            Self::Pkcs12 { path, reason } => {
                format!("{} 不是可读取的 PKCS#12 文件：{reason}", path.display())
            }
            Self::Signing(reason) => format!("密钥未能使用：{reason}"),
        }
    }
}

/// What [`KeyError::OtherKind`] calls a key of the ledger.
pub(super) const LEDGER_KEY: &str = "an Ed25519 key of the ledger";
/// What [`KeyError::OtherKind`] calls the private key of a certificate.
pub(super) const CERTIFICATE_KEY: &str = "the private key of a certificate";
