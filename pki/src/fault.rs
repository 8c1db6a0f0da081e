//! Why a certificate, a list, an answer or a statement is refused.

use der::DateTime;

use crate::Reason;

/// Which certificate of a path a fault lies in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The enterprise's own certificate, the first of the chain.
    Subscriber,
    /// A certificate between the subscriber's and the root's.
    Intermediate,
    /// The root of the authority on the trust list.
    Root,
    /// The certificate of an OCSP responder.
    Responder,
}

/// What kind of bytes was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Document {
    /// A certificate (RFC 5280, section 4).
    Certificate,
    /// A chain of certificates, the subscriber's first.
    Chain,
    /// The intermediate certificates of an authority.
    Intermediates,
    /// A certificate revocation list (RFC 5280, section 5).
    RevocationList,
    /// An OCSP response (RFC 6960).
    OcspResponse,
}

/// Why something was refused: one variant for each reason.
///
/// The order of the variants is not that of precedence; each judging function documents its own. Instants are
/// seconds since 1970-01-01 00:00:00 UTC.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", self.english(), code = self.code())]
pub enum Fault {
    /// More bytes, certificates or entries than are looked at.
    TooLong {
        /// What is too long.
        what: Document,
        /// The limit, in bytes, or in certificates or entries where these are counted.
        limit: usize,
    },
    /// Not DER, or not the structure that RFC 5280 or RFC 6960 gives.
    Malformed {
        /// What could not be read.
        what: Document,
    },
    /// A certificate of another version than 3.
    Version,
    /// A signature over MD2, MD4, MD5 or SHA-1.
    WeakDigest {
        /// In which certificate; `None` in a revocation list or OCSP response.
        place: Option<Place>,
    },
    /// An RSA key of fewer than 2048 bits.
    ShortKey {
        /// In which certificate.
        place: Place,
        /// The length of the modulus.
        bits: u32,
    },
    /// An RSA key of more than 4096 bits.
    LongKey {
        /// In which certificate.
        place: Place,
        /// The length of the modulus.
        bits: u32,
    },
    /// A key or signature algorithm that this crate does not know.
    AlgorithmUnknown,
    /// The subscriber's key is of an algorithm that the authority's entry does not list.
    AlgorithmNotAllowed,
    /// A critical extension that is not understood (RFC 5280, section 4.2: the certificate must be refused).
    CriticalExtension {
        /// Its object identifier.
        oid: String,
    },
    /// The subscriber's key usage is absent or has neither digitalSignature nor contentCommitment, as that of an
    /// SM2 encryption certificate.
    NotForSigning,
    /// The extended key usage names purposes, and none that fits signing a statement.
    WrongPurpose,
    /// The subscriber's certificate is that of a certification authority.
    SubscriberIsCa,
    /// A certificate issued another without being one of a certification authority.
    NotACa,
    /// A certification authority's key usage has no keyCertSign.
    KeyUsage,
    /// No certificate of the authority issued the last one of the chain.
    UnknownAuthority,
    /// A certificate of the chain is not the issuer of the one before.
    BrokenPath,
    /// A certificate's signature is not its issuer's.
    BadSignature,
    /// More certification authorities in the path than one of them permits.
    PathLength,
    /// A name that a certification authority of the path may not certify.
    NameConstraints,
    /// The search for a path took more steps than are allowed.
    TooComplex,
    /// Before the first instant of validity.
    NotYetValid {
        /// Of which certificate.
        place: Place,
        /// The first instant at which it is valid.
        not_before: u64,
    },
    /// After the last instant of validity.
    Expired {
        /// Which certificate.
        place: Place,
        /// The last instant at which it was valid.
        not_after: u64,
    },
    /// The certificate was not issued under the policy that the authority's entry asks for.
    PolicyMissing,
    /// No unified social credit code where this authority writes it.
    CreditCodeMissing,
    /// What stands where the credit code should is none, or there are two different ones.
    CreditCodeInvalid,
    /// Neither an organisation's nor a common name that can be shown.
    NameMissing,
    /// The trust list's entry itself cannot be used: an object identifier that is none.
    AuthorityEntry,
    /// A root that is not signed by its own key.
    NotSelfSigned,
    /// A statement's signature is not that of the certificate's key.
    StatementSignature,
    /// The revocation list comes from nobody who may sign one for this authority.
    CrlSigner,
    /// The revocation list's signature is wrong: it was changed on its way, or is false.
    CrlSignature,
    /// The revocation list is dated in the future.
    CrlNotYetValid {
        /// When it was issued, by its own word.
        this_update: u64,
    },
    /// The revocation list should have been replaced by a newer one.
    CrlStale {
        /// When it should have been replaced.
        next_update: u64,
    },
    /// A delta list: only the changes since another one.
    CrlDelta,
    /// A list for other authorities' certificates, for a part of them, without number or without next update.
    CrlUnsupported,
    /// The OCSP response comes from nobody who may answer for this authority.
    OcspSigner,
    /// The OCSP response's signature is wrong.
    OcspSignature,
    /// The OCSP response is dated in the future.
    OcspNotYetValid {
        /// From when it holds, by its own word.
        this_update: u64,
    },
    /// The OCSP response is too old.
    OcspStale {
        /// Until when it held.
        until: u64,
    },
    /// The OCSP response is about other certificates.
    OcspOtherCertificate,
    /// The responder did not answer the question: it was busy, or refused.
    OcspNoAnswer {
        /// OCSPResponseStatus (RFC 6960, section 4.2.1).
        status: u8,
    },
    /// The OCSP response is of another kind than basic, or has a critical extension that is not understood.
    OcspUnsupported,
    /// The certificate is revoked.
    Revoked {
        /// Since when.
        date: u64,
        /// Why, as its issuer says.
        reason: Reason,
    },
}

impl Fault {
    /// The stable code, in snake case.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "too_long",
            Self::Malformed { .. } => "malformed",
            Self::Version => "version",
            Self::WeakDigest { .. } => "weak_digest",
            Self::ShortKey { .. } => "short_key",
            Self::LongKey { .. } => "long_key",
            Self::AlgorithmUnknown => "algorithm_unknown",
            Self::AlgorithmNotAllowed => "algorithm_not_allowed",
            Self::CriticalExtension { .. } => "critical_extension",
            Self::NotForSigning => "not_for_signing",
            Self::WrongPurpose => "wrong_purpose",
            Self::SubscriberIsCa => "subscriber_is_ca",
            Self::NotACa => "not_a_ca",
            Self::KeyUsage => "key_usage",
            Self::UnknownAuthority => "unknown_authority",
            Self::BrokenPath => "broken_path",
            Self::BadSignature => "bad_signature",
            Self::PathLength => "path_length",
            Self::NameConstraints => "name_constraints",
            Self::TooComplex => "too_complex",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::Expired { .. } => "expired",
            Self::PolicyMissing => "policy_missing",
            Self::CreditCodeMissing => "credit_code_missing",
            Self::CreditCodeInvalid => "credit_code_invalid",
            Self::NameMissing => "name_missing",
            Self::AuthorityEntry => "authority_entry",
            Self::NotSelfSigned => "not_self_signed",
            Self::StatementSignature => "statement_signature",
            Self::CrlSigner => "crl_signer",
            Self::CrlSignature => "crl_signature",
            Self::CrlNotYetValid { .. } => "crl_not_yet_valid",
            Self::CrlStale { .. } => "crl_stale",
            Self::CrlDelta => "crl_delta",
            Self::CrlUnsupported => "crl_unsupported",
            Self::OcspSigner => "ocsp_signer",
            Self::OcspSignature => "ocsp_signature",
            Self::OcspNotYetValid { .. } => "ocsp_not_yet_valid",
            Self::OcspStale { .. } => "ocsp_stale",
            Self::OcspOtherCertificate => "ocsp_other_certificate",
            Self::OcspNoAnswer { .. } => "ocsp_no_answer",
            Self::OcspUnsupported => "ocsp_unsupported",
            Self::Revoked { .. } => "revoked",
        }
    }

    /// What is wrong and what to do, in English.
    pub fn english(&self) -> String {
        match self {
            Self::TooLong { what, limit } => {
                format!("{} is longer than the limit of {limit}; send a shorter one.", what.english())
            }
            Self::Malformed { what } => {
                format!("{} cannot be read; export it again, in DER form, and send it unchanged.", what.english())
            }
            Self::Version => "The certificate is not an X.509 certificate of version 3; ask your certification \
                authority for one."
                .into(),
            Self::WeakDigest { place } => format!(
                "{} is signed with MD5 or SHA-1, which can be forged; its issuer must issue it again with SHA-256 \
                 or SM3.",
                place.map_or("This revocation list or status answer", Place::english)
            ),
            Self::ShortKey { place, bits } => format!(
                "{} has an RSA key of {bits} bits, which is too short to be safe; at least 2048 bits are needed. \
                 Ask for a new certificate.",
                place.english()
            ),
            Self::LongKey { place, bits } => format!(
                "{} has an RSA key of {bits} bits; at most 4096 bits are accepted. Ask for a new certificate.",
                place.english()
            ),
            Self::AlgorithmUnknown => "A certificate uses a kind of key or signature that is not known here; Ed25519, \
                ECDSA (P-256, P-384), RSA (2048 to 4096 bits) and SM2 are."
                .into(),
            Self::AlgorithmNotAllowed => "The kind of key in this certificate is not among those that the trust list \
                accepts from this certification authority."
                .into(),
            Self::CriticalExtension { oid } => format!(
                "The certificate has a condition ({oid}) that is marked as critical and not understood here, so it \
                 must be refused; ask its issuer for a certificate without it."
            ),
            Self::NotForSigning => "This certificate is not for signing; if you were given two, use the signing \
                certificate, not the encryption certificate."
                .into(),
            Self::WrongPurpose => "A certificate is issued for another purpose than signing, such as securing a web \
                site; use one for signing or for client authentication."
                .into(),
            Self::SubscriberIsCa => "This is the certificate of a certification authority, not that of an \
                enterprise; send the enterprise's certificate first."
                .into(),
            Self::NotACa => "A certificate in the chain issued another although it is not one of a certification \
                authority."
                .into(),
            Self::KeyUsage => "A certification authority's certificate in the chain may not be used to issue \
                certificates."
                .into(),
            Self::UnknownAuthority => "The certificate was issued by no certification authority that is trusted \
                here; if an intermediate certificate belongs to it, send that along."
                .into(),
            Self::BrokenPath => "The certificates do not follow from one another; send them in order, the \
                enterprise's first, each followed by that of its issuer."
                .into(),
            Self::BadSignature => "A certificate is not signed by the issuer it names; it was changed or is forged."
                .into(),
            Self::PathLength => "There are more certification authorities in the chain than one of them permits."
                .into(),
            Self::NameConstraints => "A certification authority in the chain may not issue certificates for this \
                name."
                .into(),
            Self::TooComplex => "The chain can be put together in too many ways to check; send only the \
                certificates that belong to it."
                .into(),
            Self::NotYetValid { place, not_before } => format!(
                "{} is not valid before {}; wait until then, or use another one.",
                place.english(),
                instant(*not_before)
            ),
            Self::Expired { place, not_after } => {
                format!("{} expired at {}; use its renewal.", place.english(), instant(*not_after))
            }
            Self::PolicyMissing => "The certificate was not issued under the policy that the trust list asks for; \
                ask your certification authority for an enterprise certificate."
                .into(),
            Self::CreditCodeMissing => "The certificate does not carry the enterprise's unified social credit code; \
                ask your certification authority for one that does."
                .into(),
            Self::CreditCodeInvalid => "What the certificate gives as unified social credit code is not a valid one \
                of 18 characters; ask your certification authority to correct it."
                .into(),
            Self::NameMissing => "The certificate does not carry the enterprise's name in a form that can be shown; \
                ask your certification authority to correct it."
                .into(),
            Self::AuthorityEntry => "The trust list's entry names an object identifier that is none; give it as \
                numbers with dots, such as 2.5.4.97."
                .into(),
            Self::NotSelfSigned => "This is not a root certificate: it is not signed by its own key. Give the root \
                first and the others as intermediates."
                .into(),
            Self::StatementSignature => "The signature was not made with the certificate's private key over exactly \
                this statement; sign it again."
                .into(),
            Self::CrlSigner => "The revocation list is not from this certification authority, or from a \
                certificate of it that may not sign such lists."
                .into(),
            Self::CrlSignature => "The revocation list's signature is wrong; it was changed on its way. Fetch it \
                again from the certification authority."
                .into(),
            Self::CrlNotYetValid { this_update } => format!(
                "The revocation list is dated {}, in the future; the clock of its issuer is wrong, or it was fetched \
                 too early.",
                instant(*this_update)
            ),
            Self::CrlStale { next_update } => format!(
                "The revocation list was to be replaced by {}; fetch the newest one.",
                instant(*next_update)
            ),
            Self::CrlDelta => "This revocation list has only the latest changes; fetch the complete one.".into(),
            Self::CrlUnsupported => "This revocation list covers only a part of the certificates or those of other \
                issuers, or says neither its number nor when the next one comes; fetch the authority's complete one."
                .into(),
            Self::OcspSigner => "The status answer is not from this certification authority, nor from a responder \
                that it has appointed."
                .into(),
            Self::OcspSignature => "The status answer's signature is wrong; it was changed on its way. Ask again."
                .into(),
            Self::OcspNotYetValid { this_update } => format!(
                "The status answer holds only from {}, in the future; the responder's clock is wrong.",
                instant(*this_update)
            ),
            Self::OcspStale { until } => {
                format!("The status answer held until {}; ask for a new one.", instant(*until))
            }
            Self::OcspOtherCertificate => "The status answer is about another certificate; ask for the status of \
                this one."
                .into(),
            Self::OcspNoAnswer { status } => format!(
                "The certification authority's status service gave no answer (status {status}); ask again later."
            ),
            Self::OcspUnsupported => "The status answer is of a kind that is not understood here; ask the \
                certification authority for a basic OCSP response."
                .into(),
            Self::Revoked { date, reason } => format!(
                "The certificate is revoked since {} ({}); use another one.",
                instant(*date),
                reason.english()
            ),
        }
    }

    /// What is wrong and what to do, in Chinese.
    pub fn chinese(&self) -> String {
        match self {
            Self::TooLong { what, limit } => {
                format!("{}超过上限 {limit}；请提交较短的内容。", what.chinese())
            }
            Self::Malformed { what } => {
                format!("{}无法读取；请以 DER 格式重新导出，并原样提交。", what.chinese())
            }
            Self::Version => "该证书不是第 3 版 X.509 证书；请向证书颁发机构重新申请。".into(),
            Self::WeakDigest { place } => format!(
                "{}使用可被伪造的 MD5 或 SHA-1 签名；须由颁发机构以 SHA-256 或 SM3 重新签发。",
                place.map_or("该吊销列表或状态应答", Place::chinese)
            ),
            Self::ShortKey { place, bits } => format!(
                "{}的 RSA 密钥只有 {bits} 位，不够安全，至少需要 2048 位；请申请新证书。",
                place.chinese()
            ),
            Self::LongKey { place, bits } => {
                format!("{}的 RSA 密钥有 {bits} 位，最多接受 4096 位；请申请新证书。", place.chinese())
            }
            Self::AlgorithmUnknown => "证书使用了本系统不支持的密钥或签名算法；支持 Ed25519、\
                ECDSA(P-256、P-384)、RSA(2048 至 4096 位)和 SM2。"
                .into(),
            Self::AlgorithmNotAllowed => "该证书的密钥算法不在信任列表对此证书颁发机构允许的范围内。".into(),
            Self::CriticalExtension { oid } => format!(
                "该证书带有标为关键、本系统不能识别的扩展（{oid}），必须拒绝；请向颁发机构申请不含该扩展的证书。"
            ),
            Self::NotForSigning => {
                "该证书不能用于签名；如果您有两张证书，请使用签名证书，不要使用加密证书。".into()
            }
            Self::WrongPurpose => {
                "证书的用途不是签名（例如用于网站）；请使用签名或客户端认证用途的证书。".into()
            }
            Self::SubscriberIsCa => "这是证书颁发机构的证书，不是企业的证书；请把企业证书放在最前面。".into(),
            Self::NotACa => "证书链中有一张证书签发了其他证书，但它不是证书颁发机构的证书。".into(),
            Self::KeyUsage => "证书链中某证书颁发机构的证书不允许用于签发证书。".into(),
            Self::UnknownAuthority => {
                "该证书不是由受信任的证书颁发机构签发的；如果有中级证书，请一并提交。".into()
            }
            Self::BrokenPath => {
                "各证书前后不相连；请按顺序提交，企业证书在前，其后依次为其颁发者的证书。".into()
            }
            Self::BadSignature => "证书不是由其所称的颁发者签名的；它被改动过或者是伪造的。".into(),
            Self::PathLength => "证书链中的证书颁发机构层级超过了其中某一机构所允许的数目。".into(),
            Self::NameConstraints => "证书链中某证书颁发机构无权为该名称签发证书。".into(),
            Self::TooComplex => "证书链的组合方式过多，无法核验；请只提交所需的证书。".into(),
            Self::NotYetValid { place, not_before } => format!(
                "{}在 {} 之前尚未生效；请届时再用，或使用其他证书。",
                place.chinese(),
                instant(*not_before)
            ),
            Self::Expired { place, not_after } => {
                format!("{}已于 {} 过期；请使用更新后的证书。", place.chinese(), instant(*not_after))
            }
            Self::PolicyMissing => {
                "该证书不是按信任列表要求的证书策略签发的；请向证书颁发机构申请企业证书。".into()
            }
            Self::CreditCodeMissing => {
                "该证书没有载明企业的统一社会信用代码；请向证书颁发机构申请载明代码的证书。".into()
            }
            Self::CreditCodeInvalid => {
                "该证书所载的统一社会信用代码不是有效的 18 位代码；请联系证书颁发机构更正。".into()
            }
            Self::NameMissing => "该证书没有以可显示的形式载明企业名称；请联系证书颁发机构更正。".into(),
            Self::AuthorityEntry => {
                "信任列表条目中的对象标识符无效；请用数字加点的形式填写，例如 2.5.4.97。".into()
            }
            Self::NotSelfSigned => {
                "这不是根证书：它不是由自己的密钥签名的；请先提供根证书，其余作为中级证书。".into()
            }
            Self::StatementSignature => "该签名不是用证书的私钥对这份声明作出的；请重新签名。".into(),
            Self::CrlSigner => "该吊销列表不是由此证书颁发机构签发的，或者签发者无权签发吊销列表。".into(),
            Self::CrlSignature => {
                "吊销列表的签名不正确，内容可能在途中被改动；请重新从证书颁发机构获取。".into()
            }
            Self::CrlNotYetValid { this_update } => format!(
                "吊销列表的签发时间 {} 晚于现在；颁发机构的时钟有误，或获取得过早。",
                instant(*this_update)
            ),
            Self::CrlStale { next_update } => {
                format!("该吊销列表应于 {} 之前更新；请获取最新的列表。", instant(*next_update))
            }
            Self::CrlDelta => "这是只含最近变化的增量吊销列表；请获取完整的列表。".into(),
            Self::CrlUnsupported => "该吊销列表只覆盖部分证书或其他机构的证书，或者没有编号或下次更新时间；\
                请获取该证书颁发机构的完整列表。"
                .into(),
            Self::OcspSigner => "该状态应答不是由此证书颁发机构或其指定的应答者签发的。".into(),
            Self::OcspSignature => "状态应答的签名不正确，内容可能在途中被改动；请重新查询。".into(),
            Self::OcspNotYetValid { this_update } => {
                format!("状态应答自 {} 起才有效，晚于现在；应答者的时钟有误。", instant(*this_update))
            }
            Self::OcspStale { until } => format!("状态应答的有效期至 {}；请重新查询。", instant(*until)),
            Self::OcspOtherCertificate => "状态应答说的是另一张证书；请查询本证书的状态。".into(),
            Self::OcspNoAnswer { status } => {
                format!("证书颁发机构的状态服务没有给出答复（状态 {status}）；请稍后再查。")
            }
            Self::OcspUnsupported => {
                "状态应答的类型本系统不能识别；请向证书颁发机构索取基本 OCSP 应答。".into()
            }
            Self::Revoked { date, reason } => {
                format!("该证书自 {} 起已被吊销（{}）；请使用其他证书。", instant(*date), reason.chinese())
            }
        }
    }
}

impl Place {
    fn english(self) -> &'static str {
        match self {
            Self::Subscriber => "The enterprise's certificate",
            Self::Intermediate => "A certification authority's intermediate certificate",
            Self::Root => "The certification authority's root certificate",
            Self::Responder => "The status responder's certificate",
        }
    }

    fn chinese(self) -> &'static str {
        match self {
            Self::Subscriber => "企业证书",
            Self::Intermediate => "证书颁发机构的中级证书",
            Self::Root => "证书颁发机构的根证书",
            Self::Responder => "状态应答者的证书",
        }
    }
}

impl Document {
    fn english(self) -> &'static str {
        match self {
            Self::Certificate => "A certificate",
            Self::Chain => "The chain of certificates",
            Self::Intermediates => "The list of intermediate certificates",
            Self::RevocationList => "The revocation list",
            Self::OcspResponse => "The status answer (OCSP response)",
        }
    }

    fn chinese(self) -> &'static str {
        match self {
            Self::Certificate => "证书",
            Self::Chain => "证书链",
            Self::Intermediates => "中级证书列表",
            Self::RevocationList => "吊销列表",
            Self::OcspResponse => "状态应答(OCSP)",
        }
    }
}

/// An instant as people write it, in Coordinated Universal Time.
fn instant(seconds: u64) -> String {
    DateTime::from_unix_duration(core::time::Duration::from_secs(seconds)).map_or_else(
        |_| format!("{seconds} s"),
        |at| {
            format!(
                "{:04}-{:02}-{:02} {:02}:{:02}:{:02} UTC",
                at.year(),
                at.month(),
                at.day(),
                at.hour(),
                at.minutes(),
                at.seconds()
            )
        },
    )
}
