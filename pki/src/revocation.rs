//! A certificate taken back: since when, and why.

use crate::Fault;

/// Why a certificate was revoked (RFC 5280, section 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The issuer gives none.
    Unspecified = 0,
    /// The private key was lost or is suspected to be known to others.
    KeyCompromise = 1,
    /// The issuer's own key is.
    CaCompromise = 2,
    /// A name or another fact in the certificate changed.
    AffiliationChanged = 3,
    /// Replaced by another certificate.
    Superseded = 4,
    /// No longer needed.
    CessationOfOperation = 5,
    /// Suspended; may be lifted by a later list that no longer has the certificate.
    CertificateHold = 6,
    /// A right that the certificate states was withdrawn.
    PrivilegeWithdrawn = 9,
    /// The key of an attribute authority is known to others.
    AaCompromise = 10,
}

impl Reason {
    /// The number that RFC 5280 gives the reason.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The reason with this number; 7 is not used, and 8 (removeFromCRL) stands in delta lists only.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Unspecified,
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => return None,
        })
    }

    /// The reason in English, in a few words.
    pub fn english(self) -> &'static str {
        match self {
            Self::Unspecified => "no reason given",
            Self::KeyCompromise => "the key may be known to others",
            Self::CaCompromise => "the issuer's key may be known to others",
            Self::AffiliationChanged => "facts in the certificate changed",
            Self::Superseded => "replaced by another certificate",
            Self::CessationOfOperation => "no longer needed",
            Self::CertificateHold => "suspended",
            Self::PrivilegeWithdrawn => "a right was withdrawn",
            Self::AaCompromise => "the key of an attribute authority may be known to others",
        }
    }

    /// The reason in Chinese, in a few words.
    pub fn chinese(self) -> &'static str {
        match self {
            Self::Unspecified => "未说明原因",
            Self::KeyCompromise => "私钥可能泄露",
            Self::CaCompromise => "颁发机构的私钥可能泄露",
            Self::AffiliationChanged => "证书所载信息变更",
            Self::Superseded => "已被新证书替代",
            Self::CessationOfOperation => "不再使用",
            Self::CertificateHold => "证书被冻结",
            Self::PrivilegeWithdrawn => "权限被撤销",
            Self::AaCompromise => "属性机构的私钥可能泄露",
        }
    }
}

/// One certificate that its issuer has taken back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revocation {
    /// Its serial number, as in [`Subscriber::serial`](crate::Subscriber::serial).
    pub serial: Vec<u8>,
    /// When it was revoked, in unix seconds.
    pub date: u64,
    /// Since when its key is known or suspected not to be safe (invalidityDate, RFC 5280, section 5.3.2), when the
    /// issuer says so: what was signed from then on is in doubt. Usually before `date`.
    pub invalid_since: Option<u64>,
    /// Why.
    pub reason: Reason,
}

impl Revocation {
    /// The refusal of a certificate that is revoked so.
    pub fn fault(&self) -> Fault {
        Fault::Revoked { date: self.date, reason: self.reason }
    }
}
