//! What goes wrong with tokens, in both languages.

use std::path::PathBuf;

use pki::Algorithm;

/// Why a key on a token cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It is not said which library speaks to it.
    #[error("which library speaks to it is not said; give --pkcs11-module, or module-path in the URI")]
    NoModule,
    /// The library is not loaded.
    #[error("the library {} cannot be used: {reason}", path.display())]
    Module {
        /// The library.
        path: PathBuf,
        /// What the system or the library said.
        reason: String,
    },
    /// No token, or more than one, matches the URI.
    #[error("{found} tokens are there that {uri} names; it must be one, so plug it in or add `serial=`")]
    Tokens {
        /// The URI.
        uri: String,
        /// How many match.
        found: usize,
    },
    /// No private key, or more than one, matches the URI.
    #[error(
        "{found} private keys are on it that {uri} names; it must be one, so correct `object=` or add `id=`"
    )]
    Keys {
        /// The URI.
        uri: String,
        /// How many match.
        found: usize,
    },
    /// The PIN is refused.
    #[error("the PIN is wrong; a few more wrong ones lock the token")]
    WrongPin,
    /// The PIN was wrong too often.
    #[error("its PIN is locked; its security officer can set another")]
    PinLocked,
    /// It was taken away.
    #[error("it is not plugged in any more")]
    Gone,
    /// A key of another kind than the ledger's.
    #[error("its key is of the kind {}; keys of the ledger are ed25519", .0.name())]
    NotEd25519(Algorithm),
    /// A kind of key that is not known here.
    #[error("its key is none of Ed25519, ECDSA P-256, ECDSA P-384 and RSA")]
    UnknownKind,
    /// It does not sign with this kind of key.
    #[error("it cannot sign with {}: the mechanism is not in its list", .0.name())]
    NoMechanism(Algorithm),
    /// The public half is not beside the private one.
    #[error("the public half of the key is not on it; keep both halves under one id")]
    NoPublicHalf,
    /// What it signs is not what it should be.
    #[error("what it signs does not verify under the public half beside the key")]
    DoesNotVerify,
    /// It signs the same bytes in different ways.
    #[error("it signs the same bytes in two ways; such a device cannot vote")]
    NotDeterministic,
    /// It answered something that is no signature.
    #[error("it answered something that is no signature")]
    Malformed,
    /// The private half was asked for.
    #[error("a key on a token cannot be taken out of it")]
    StaysThere,
    /// Anything else that it reports.
    #[error("{0}")]
    Device(String),
}

impl TokenFault {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoModule | Self::Module { .. } => "token_module",
            Self::Tokens { .. } => "token_not_found",
            Self::Keys { .. } => "token_key_not_found",
            Self::WrongPin => "wrong_pin",
            Self::PinLocked => "pin_locked",
            Self::Gone => "token_gone",
            Self::NotEd25519(_) | Self::UnknownKind | Self::NoMechanism(_) | Self::NoPublicHalf => {
                "token_key_unusable"
            }
            Self::DoesNotVerify | Self::NotDeterministic | Self::Malformed => "token_signs_wrongly",
            Self::StaysThere => "token_keeps_key",
            Self::Device(_) => "token_failed",
        }
    }

    /// The same in Chinese.
    pub fn zh(&self) -> String {
        match self {
            Self::NoModule => {
                "未指明密码设备所用的动态库；请给出 --pkcs11-module 或 URI 中的 module-path".into()
            }
            Self::Module { path, reason } => format!("无法使用动态库 {}：{reason}", path.display()),
            Self::Tokens { uri, found } => {
                format!("与 {uri} 相符的密码设备有 {found} 个，应恰为一个；请插入设备或添加 serial=")
            }
            Self::Keys { uri, found } => {
                format!("设备上与 {uri} 相符的私钥有 {found} 个，应恰为一个；请更正 object= 或添加 id=")
            }
            Self::WrongPin => "PIN 错误；再错几次设备将被锁定".into(),
            Self::PinLocked => "PIN 已锁定；请由设备管理员重新设置".into(),
            Self::Gone => "设备已被拔出".into(),
            Self::NotEd25519(kind) => format!("其密钥类型为 {}；账本密钥须为 ed25519", kind.name()),
            Self::UnknownKind => "其密钥不属于 Ed25519、ECDSA P-256、ECDSA P-384、RSA 中的任何一种".into(),
            Self::NoMechanism(kind) => format!("设备不支持以 {} 签名", kind.name()),
            Self::NoPublicHalf => "设备上没有对应的公钥；公钥与私钥须使用同一 id".into(),
            Self::DoesNotVerify => "设备的签名无法用其公钥验证".into(),
            Self::NotDeterministic => "设备对相同内容给出不同签名；不能用于投票".into(),
            Self::Malformed => "设备返回的内容不是签名".into(),
            Self::StaysThere => "密码设备中的私钥不能导出".into(),
            Self::Device(reason) => reason.clone(),
        }
    }
}
