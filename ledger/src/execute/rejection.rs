//! Refusals: one for each rule, with a stable code and a fixed order of precedence.

/// Declares the refusals in their order of precedence.
macro_rules! rejections {
    ($($name:ident = $number:literal, $rule:literal, $code:literal, $en:literal, $zh:literal;)*) => {
        /// Why a transaction is not recorded.
        ///
        /// A transaction that breaks several rules is refused for the first of them, so that every
        /// node and every auditor names the same reason. Codes and numbers never change their meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rejection {
            $(#[doc = concat!("Rule ", $rule, ": ", $en)] $name = $number,)*
        }

        impl Rejection {
            /// All refusals, in their order of precedence.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Number of the rule in `docs/rules.md`.
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$name => $rule,)* }
            }

            /// Its stable name: `snake_case`.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// What is wrong and what to do, in English.
            pub const fn english(self) -> &'static str {
                match self { $(Self::$name => $en,)* }
            }

            /// What is wrong and what to do, in Chinese.
            pub const fn chinese(self) -> &'static str {
                match self { $(Self::$name => $zh,)* }
            }
        }
    };
}

rejections! {
    Expired = 101, "TX01", "expired",
        "The transaction's expiry height has passed. Sign it again with a later expiry.",
        "交易的有效高度已过，请以更晚的有效高度重新签名。";
    ExpiryTooFar = 102, "TX02", "expiry_too_far",
        "The expiry height lies further ahead than the network allows. Sign again with an earlier expiry.",
        "交易的有效高度超出网络允许的范围，请以更早的有效高度重新签名。";
    AlreadyRecorded = 103, "TX03", "already_recorded",
        "This transaction is on the ledger already; nothing needs to be done.",
        "该交易已记入账本，无需再次提交。";
    UnknownKey = 104, "TX04", "unknown_key",
        "The signing key belongs to no organisation. Enrol it with a certificate, or have a centre register it.",
        "签名密钥不属于任何主体，请先用数字证书登记，或由交易中心登记。";
    RoleNotPermitted = 105, "TX05", "role_not_permitted",
        "The organisation has no role that may do this.",
        "该主体的角色无权执行此操作。";
    KeyRevoked = 106, "TX06", "key_revoked",
        "The signing key has been revoked. Sign with another key of the organisation.",
        "该签名密钥已被撤销，请使用本主体的其他密钥签名。";
    MandateExpired = 107, "TX07", "mandate_expired",
        "The signing key's mandate has expired. Have a principal key of the organisation appoint it again.",
        "该签名密钥的授权已到期，请由本主体的主密钥重新授权。";
    ReadOnlyMandate = 108, "TX08", "read_only_mandate",
        "The signing key may only read. Have somebody sign who may act for the organisation.",
        "该签名密钥仅可查阅，请由有权代表本主体办理的人员签名。";
    SignersCertificateExpired = 109, "TX09", "signers_certificate_expired",
        "The certificate that the signing key comes from is not valid at this time. Enrol the key with the renewed certificate.",
        "签名密钥所依据的数字证书当前不在有效期内，请以续期后的证书重新登记该密钥。";
    SignersCertificateRevoked = 110, "TX10", "signers_certificate_revoked",
        "The certificate that the signing key comes from is revoked. Enrol fresh keys with another certificate.",
        "签名密钥所依据的数字证书已被吊销，请用其他证书登记新的密钥。";
    SignersAuthorityNotTrusted = 111, "TX11", "signers_authority_not_trusted",
        "The authority that issued the certificate behind the signing key is suspended or removed. Enrol with a certificate of another one.",
        "签发该密钥所依据证书的证书颁发机构已被暂停或移除，请用其他机构的证书登记。";
    RevocationDataStale = 112, "TX12", "revocation_data_stale",
        "What the ledger knows of the authority's revocations is too old. Have a centre record its newest revocation list.",
        "账本上该证书颁发机构的吊销信息已过时，请由交易中心录入最新的吊销列表。";
    RoleOutsideMandate = 113, "TX13", "role_outside_mandate",
        "The signing key's mandate does not include the role that this needs.",
        "该签名密钥的授权不含办理此事所需的角色。";
    RegionOutsideMandate = 114, "TX14", "region_outside_mandate",
        "The trade lies in a region outside the signing key's mandate.",
        "该交易所在地区超出签名密钥的授权范围。";
    TradeOutsideMandate = 115, "TX15", "trade_outside_mandate",
        "The signing key's mandate does not include this kind of trade.",
        "该签名密钥的授权不含此类交易。";
    AmountOutsideMandate = 116, "TX16", "amount_outside_mandate",
        "The amount is above what the signing key's mandate allows.",
        "金额超出该签名密钥的授权上限。";
    InvalidApproval = 117, "TX17", "invalid_approval",
        "The approvals are not up to 4 good signatures over this act by different other keys of the organisation, in the order of the keys.",
        "附带的核准须为本主体其他密钥对本次操作的有效签名，至多四个，互不相同并按密钥排序。";
    SecondApprovalMissing = 118, "TX18", "second_approval_missing",
        "At this amount the signing key's mandate demands the approval of a second person who may do this too.",
        "该金额须由另一名同样有权办理的人员核准。";

    InvalidRoles = 201, "OR01", "invalid_roles",
        "Roles must be given once each in ascending order, at least one, and never centre or timekeeper.",
        "角色须按升序各列一次，至少一个，且不得为交易中心或时钟管理者。";
    InvalidKeys = 202, "OR02", "invalid_keys",
        "An organisation is registered with at most 8 different, full-strength Ed25519 keys in ascending order, a centre with at least one.",
        "登记主体时须提供至多八个互不相同、强度完整且按升序排列的Ed25519公钥，交易中心至少一个。";
    OrganisationExists = 203, "OR03", "organisation_exists",
        "An organisation with this unified social credit code is registered already.",
        "该统一社会信用代码的主体已登记。";
    KeyInUse = 204, "OR04", "key_in_use",
        "One of the keys already speaks for an organisation. Register a fresh key.",
        "所列密钥已归属某一主体，请使用新的密钥。";
    OrganisationUnknown = 205, "OR05", "organisation_unknown",
        "No organisation with this unified social credit code is on the ledger.",
        "账本上没有该统一社会信用代码的主体。";
    RoleHeld = 206, "OR06", "role_held",
        "The organisation has this role already; nothing needs to be done.",
        "该主体已具有此角色，无需办理。";
    KeysFromCertificatesOnly = 207, "OR07", "keys_from_certificates_only",
        "On this network an organisation's keys come from its certificate. Register it without keys and have it enrol.",
        "本网络要求主体的密钥来自数字证书，请不带密钥登记，再由其用证书登记密钥。";

    ListingUnknown = 301, "LI01", "listing_unknown",
        "There is no listing with this deal code.",
        "不存在该交易标识码的挂牌项目。";
    CentreUnknown = 302, "LI02", "centre_unknown",
        "The hosting centre is not a registered trading centre.",
        "承办机构不是已登记的交易中心。";
    InvalidResource = 303, "LI03", "invalid_resource",
        "The resource needs an area above zero, a term of 1 to 70 years and at most 16 different documents.",
        "标的面积须大于零，年限须为一至七十年，附件不得超过十六份且不得重复。";
    InvalidPrices = 304, "LI04", "invalid_prices",
        "Prices must be above zero, in one currency, and the starting price not above the reserve price.",
        "各项价格须大于零且币种一致，起始价不得高于底价。";
    DepositTooLow = 305, "LI05", "deposit_too_low",
        "The deposit is below the legal share of the reserve price (rule LL03).",
        "竞买保证金低于法定比例（规则LL03）。";
    NoticeTooShort = 306, "LI06", "notice_too_short",
        "The listing would open before the legal notice period has passed (rule LL01).",
        "公告期不足，挂牌起始时间早于法定期限（规则LL01）。";
    ListingTooShort = 307, "LI07", "listing_too_short",
        "The listing would close before the legal listing period has passed (rule LL02).",
        "挂牌期不足，截止时间早于法定期限（规则LL02）。";
    BeyondCalendar = 308, "LI08", "beyond_calendar",
        "A legal period ends beyond the holiday table of the rule pack. Adopt a newer rule pack first.",
        "法定期限超出规则包的节假日表，请先更新规则包。";
    RuleMissing = 309, "LI09", "rule_missing",
        "The rule pack has no rule in effect for a period that is needed. Adopt a complete rule pack first.",
        "规则包缺少所需的有效规则，请先启用完整的规则包。";
    DealSequenceUsedUp = 310, "LI10", "deal_sequence_used_up",
        "The centre has numbered all the deals it can on this day. Publish tomorrow.",
        "该交易中心当日交易编号已用尽，请次日发布。";
    StageNotPermitted = 311, "LI11", "stage_not_permitted",
        "The listing is at a stage in which this is not possible.",
        "挂牌项目当前所处阶段不允许此操作。";

    GuaranteeExists = 401, "GU01", "guarantee_exists",
        "The guarantor has used this letter number already. Take another number.",
        "该担保机构已使用此保函编号，请更换编号。";
    ApplicantNotBidder = 402, "GU02", "applicant_not_bidder",
        "The applicant is not a registered bidder.",
        "保函申请人不是已登记的竞买人。";
    InvalidGuaranteeAmount = 403, "GU03", "invalid_guarantee_amount",
        "The amount of the letter must be above zero and in the listing's currency.",
        "保函金额须大于零且币种与挂牌项目一致。";
    GuaranteeAlreadyExpired = 404, "GU04", "guarantee_already_expired",
        "The letter would expire before it is issued.",
        "保函的失效时间早于开立时间。";
    GuaranteeUnknown = 405, "GU05", "guarantee_unknown",
        "There is no letter of guarantee with this guarantor and number.",
        "不存在该担保机构和编号的保函。";
    NotTheApplicant = 406, "GU06", "not_the_applicant",
        "The letter was issued on behalf of another organisation; it cannot be lent.",
        "该保函系为其他主体开立，不得转借。";
    WrongListing = 407, "GU07", "wrong_listing",
        "The letter was issued for another listing.",
        "该保函系为其他挂牌项目开立。";
    GuaranteeUsed = 408, "GU08", "guarantee_used",
        "The letter has been deposited before or is over; it cannot be used again.",
        "该保函已使用或已终止，不得重复使用。";
    GuaranteeTooSmall = 409, "GU09", "guarantee_too_small",
        "The letter does not cover the deposit that the listing demands.",
        "保函金额不足以覆盖竞买保证金。";
    GuaranteeTooShort = 410, "GU10", "guarantee_too_short",
        "The letter expires before the instant until which the listing demands it (rule LL11).",
        "保函有效期短于挂牌项目的要求（规则LL11）。";
    AlreadyQualified = 411, "GU11", "already_qualified",
        "The bidder has deposited a letter for this listing already.",
        "该竞买人已为本项目递交保函。";
    SellerMayNotBid = 412, "GU12", "seller_may_not_bid",
        "The seller may not bid for its own listing (Auction Law, article 30).",
        "出让人不得参与自己项目的竞买（拍卖法第三十条）。";
    NotTheBeneficiary = 413, "GU13", "not_the_beneficiary",
        "Only the beneficiary can release the letter.",
        "仅受益人可以解除保函。";
    WinnersGuarantee = 414, "GU14", "winners_guarantee",
        "The winner's letter stays until the contract is signed.",
        "竞得人的保函须保留至合同签订。";

    NotQualified = 501, "QU01", "not_qualified",
        "The bidder has not deposited a letter of guarantee for this listing.",
        "该竞买人未为本项目递交保函。";
    NotInTimedBidding = 502, "QU02", "not_in_timed_bidding",
        "Only bidders that quoted during the listing period take part in timed bidding.",
        "仅在挂牌期内有有效报价的竞买人可参加限时竞价。";
    QuoteCurrency = 503, "QU03", "quote_currency",
        "The quote is in another currency than the listing.",
        "报价币种与挂牌项目不一致。";
    QuoteBelowStart = 504, "QU04", "quote_below_start",
        "The first quote must reach the starting price.",
        "首次报价不得低于起始价。";
    QuoteBelowIncrement = 505, "QU05", "quote_below_increment",
        "The quote must exceed the best one by at least the increment.",
        "报价须比当前最高报价至少高出一个增价幅度。";

    NotAParty = 601, "DE01", "not_a_party",
        "Only the seller and the winner can sign this.",
        "仅出让人和竞得人可以签署。";
    AlreadySigned = 602, "DE02", "already_signed",
        "This side has signed already.",
        "该方已签署。";
    NotTheHost = 603, "DE03", "not_the_host",
        "Only the hosting centre can publish the result.",
        "仅承办交易中心可以公布结果。";
    ContractDiffers = 604, "DE04", "contract_differs",
        "The other side recorded a contract with another hash. Both must sign the same document.",
        "双方记录的合同文件不一致，须签署同一文件。";

    ClockIsReal = 701, "CL01", "clock_is_real",
        "This network runs on real time; its clock cannot be moved.",
        "本网络采用真实时间，不可调整时钟。";
    ClockStepInvalid = 702, "CL02", "clock_step_invalid",
        "The clock moves forward by 1 millisecond to 400 days at a time.",
        "时钟每次须前移一毫秒至四百日。";
    NotTheTimekeeper = 703, "CL03", "not_the_timekeeper",
        "Only the timekeeper's key that genesis names can move the clock.",
        "仅创世文件所列的时钟管理者密钥可以调整时钟。";

    NotAMember = 801, "GO01", "not_a_member",
        "Only a centre that is a member of the network now can propose or approve a change.",
        "仅当前的网络成员交易中心可以提议或批准变更。";
    ChangeUnknown = 802, "GO02", "change_unknown",
        "There is no proposed change with this id.",
        "不存在该编号的变更提议。";
    ChangeClosed = 803, "GO03", "change_closed",
        "The change has been adopted or has expired. Propose it anew if it is still wanted.",
        "该变更已生效或已过期；如仍需要，请重新提议。";
    AlreadyApproved = 804, "GO04", "already_approved",
        "The member has approved this change already.",
        "该成员已批准此变更。";
    TooManyOpenChanges = 805, "GO05", "too_many_open_changes",
        "The member has 16 changes open. Wait until some are adopted or expire.",
        "该成员已有十六项未决变更，请待其生效或过期后再提议。";
    CandidateNotCentre = 806, "GO06", "candidate_not_centre",
        "The organisation is not registered as a trading centre. Have the members register it as one first.",
        "该主体未登记为交易中心，请先由成员将其登记为交易中心。";
    MemberExists = 807, "GO07", "member_exists",
        "The centre is a member already. Its keys change by a rotation.",
        "该交易中心已是成员；更换密钥请使用密钥轮换。";
    MemberUnknown = 808, "GO08", "member_unknown",
        "The organisation is not a member of the network.",
        "该主体不是网络成员。";
    KeysNotNew = 809, "GO09", "keys_not_new",
        "The keys are those of a member already, or none of them changes. Make fresh keys.",
        "所列密钥已属于某一成员或未发生变化，请生成新的密钥。";
    PossessionNotProven = 810, "GO10", "possession_not_proven",
        "The voting key has not signed for this organisation and these keys on this chain.",
        "投票密钥未对本链上的该主体及所列密钥签名。";
    TooManyMembers = 811, "GO11", "too_many_members",
        "The network has 128 members, which is the most it can have.",
        "网络成员已达一百二十八个的上限。";
    LastMember = 812, "GO12", "last_member",
        "The last member cannot be removed: nobody would be left to decide blocks.",
        "最后一个成员不得移除，否则无人可以裁定区块。";
    EvidenceUnknown = 813, "GO13", "evidence_unknown",
        "The ledger has no such record of a double signing by this member.",
        "账本上不存在该成员的此项重复签名记录。";
    InvalidRulePack = 814, "GO14", "invalid_rule_pack",
        "The rule pack is incomplete or inconsistent, or its holiday table does not cover today.",
        "规则包不完整或自相矛盾，或其节假日表未涵盖当日。";
    RulePackNotNext = 815, "GO15", "rule_pack_not_next",
        "The version of the rule pack must be one more than that of the pack in force.",
        "规则包的版本须比现行规则包的版本大一。";

    EvidenceOfNoHeight = 901, "EV01", "evidence_of_no_height",
        "The evidence is about a height that has not been reached, or about genesis.",
        "证据所涉高度尚未达到，或为创世高度。";
    AccusedNotMember = 902, "EV02", "accused_not_member",
        "The accused key did not vote at that height.",
        "被指控的密钥在该高度不具有投票权。";
    DoubleSigningRecorded = 903, "EV03", "double_signing_recorded",
        "This double signing is on the ledger already; nothing needs to be done.",
        "该重复签名已记入账本，无需再次报告。";
    EvidenceProvesNothing = 904, "EV04", "evidence_proves_nothing",
        "The two messages do not contradict each other, or are not both signed by the accused on this chain.",
        "两条消息并不矛盾，或并非均由被指控的密钥在本链上签署。";

    CosignerNotMember = 951, "CO01", "cosigner_not_member",
        "Only a centre that is a member of the network now signs checkpoints.",
        "仅当前的网络成员交易中心可以签署检查点。";
    InvalidCosignerKeys = 952, "CO02", "invalid_cosigner_keys",
        "The log key and the cosigning key must be two different full-strength Ed25519 keys.",
        "日志密钥与会签密钥须为两个不同且强度完整的Ed25519密钥。";
    CosignerUnchanged = 953, "CO03", "cosigner_unchanged",
        "These keys sign checkpoints for the centre already; nothing needs to be done.",
        "该中心已使用这两个密钥签署检查点，无需办理。";
    CosignerKeyInUse = 954, "CO04", "cosigner_key_in_use",
        "A key that signs checkpoints has no other use and no other holder, now or before. Make fresh keys.",
        "签署检查点的密钥不得另有用途或归属其他主体，也不得曾被使用，请生成新的密钥。";
    CosignerNotProven = 955, "CO05", "cosigner_not_proven",
        "One of the keys has not signed that it is to sign checkpoints for this centre on this chain.",
        "其中一个密钥未签名确认其在本链上为该中心签署检查点。";

    ChainInvalid = 1001, "ID01", "chain_invalid",
        "An enrolment shows 1 to 5 certificates, the holder's first, of at most 24,576 bytes together.",
        "登记须提交一至五张证书，持有人证书在前，合计不超过24576字节。";
    InvalidMandate = 1002, "ID02", "invalid_mandate",
        "A mandate needs 1 to 8 different full-strength keys, and roles, regions and trades in ascending order, and must end later than now.",
        "授权须列明一至八个互不相同、强度完整的密钥，角色、地区和交易种类按升序排列，且到期时间晚于当前时间。";
    KeyNotProven = 1003, "ID03", "key_not_proven",
        "One of the keys has not signed that it is to speak for this organisation on this chain.",
        "其中一个密钥未签名确认其在本链上代表该主体。";
    AuthorityUnknown = 1004, "ID04", "authority_unknown",
        "There is no certification authority with this id on the trust list.",
        "信任列表中没有该编号的证书颁发机构。";
    AuthoritySuspended = 1005, "ID05", "authority_suspended",
        "The members have suspended this certification authority. Wait, or use a certificate of another one.",
        "该证书颁发机构已被成员暂停，请等待恢复或使用其他机构的证书。";
    AuthorityRemoved = 1006, "ID06", "authority_removed",
        "The members have removed this certification authority from the trust list. Use a certificate of another one.",
        "该证书颁发机构已被成员移出信任列表，请使用其他机构的证书。";
    EnrolmentReplayed = 1007, "ID07", "enrolment_replayed",
        "This delegation is on the ledger already. Sign a new one if keys are to change.",
        "该授权书已记入账本；如需变更密钥，请重新签署。";
    RoleNotAdmitted = 1008, "ID08", "role_not_admitted",
        "The organisation does not have one of the roles. Bidder and seller come with a certificate, except for those who oversee; other roles a centre admits.",
        "该主体不具有所列角色。竞买人、出让人角色可凭证书取得（监管方除外），其他角色须由交易中心核准。";
    NotAPrincipal = 1009, "ID09", "not_a_principal",
        "Only a principal key of the same organisation can do this: one that comes from its certificate or that a centre registered.",
        "仅本主体的主密钥可以办理，即来自其证书或由交易中心登记的密钥。";
    MandateTooWide = 1010, "ID10", "mandate_too_wide",
        "The mandate goes beyond that of the key that gives it.",
        "所给授权超出授权人自身的权限。";
    MandateUnknown = 1011, "ID11", "mandate_unknown",
        "This is no key of the organisation, or it has been revoked already.",
        "该密钥不属于本主体，或已被撤销。";
    CertificateUnknown = 1012, "ID12", "certificate_unknown",
        "No organisation has enrolled with this certificate.",
        "没有主体用该证书登记。";
    NotTheHolder = 1013, "ID13", "not_the_holder",
        "Only the holder can revoke the certificate: by a principal key of its organisation, or by the certificate's own key. Only its authority can put it on hold.",
        "仅持有人可以申请吊销：由其主体的主密钥或该证书自身的私钥签名；冻结仅可由颁发机构办理。";
    CertificateRevokedAlready = 1014, "ID14", "certificate_revoked_already",
        "The certificate is revoked already, from the same date or an earlier one; nothing needs to be done.",
        "该证书已被吊销，且吊销时间相同或更早，无需办理。";
    CertificateEntry = 1015, "ID15", "certificate_entry",
        "The trust list's entry has an object identifier that is none. Write it as numbers with dots between them.",
        "信任列表条目中的对象标识符无效，请以数字加点的形式填写。";
    CertificateTooLong = 1016, "ID16", "certificate_too_long",
        "A certificate, list or answer is longer than is looked at, or has more entries. For a long revocation list have the authority issue it in parts or record an OCSP response.",
        "证书、列表或应答超过长度或条目上限；吊销列表过长时，请由颁发机构缩短列表或改录OCSP应答。";
    CertificateMalformed = 1017, "ID17", "certificate_malformed",
        "A certificate, list or answer cannot be read. Export it again in DER form and send it unchanged.",
        "证书、列表或应答无法读取，请以DER格式重新导出并原样提交。";
    CertificateVersion = 1018, "ID18", "certificate_version",
        "A certificate is not of X.509 version 3. Ask the authority for a new one.",
        "证书不是第三版X.509证书，请向颁发机构重新申请。";
    CertificateWeakDigest = 1019, "ID19", "certificate_weak_digest",
        "A certificate, list or answer is signed over MD5 or SHA-1, which can be forged. The authority must issue it again.",
        "证书、列表或应答使用可被伪造的MD5或SHA-1签名，须由颁发机构重新签发。";
    CertificateAlgorithmUnknown = 1020, "ID20", "certificate_algorithm_unknown",
        "A certificate uses a kind of key or signature that is not known here. Ed25519, ECDSA, RSA and SM2 are.",
        "证书使用了不支持的密钥或签名算法；支持Ed25519、ECDSA、RSA和SM2。";
    CertificateShortKey = 1021, "ID21", "certificate_short_key",
        "A certificate has an RSA key below 2,048 bits, which is too short to be safe. Ask for a new certificate.",
        "证书的RSA密钥不足2048位，不够安全，请申请新证书。";
    CertificateLongKey = 1022, "ID22", "certificate_long_key",
        "A certificate has an RSA key above 4,096 bits. Ask for a new certificate.",
        "证书的RSA密钥超过4096位，请申请新证书。";
    CertificateCriticalExtension = 1023, "ID23", "certificate_critical_extension",
        "A certificate or list has a critical extension that is not understood here, so it must be refused.",
        "证书或列表含有不能识别的关键扩展，必须拒绝。";
    CertificateOfAuthority = 1024, "ID24", "certificate_of_authority",
        "The first certificate is that of a certification authority. Put the organisation's own first.",
        "第一张证书是证书颁发机构的证书，请把企业证书放在最前面。";
    CertificateNotForSigning = 1025, "ID25", "certificate_not_for_signing",
        "The certificate is not for signing. If there are two, use the signing certificate, not the encryption one.",
        "该证书不能用于签名；如有两张证书，请使用签名证书而非加密证书。";
    CertificateWrongPurpose = 1026, "ID26", "certificate_wrong_purpose",
        "The certificate is issued for another purpose than signing, such as securing a web site.",
        "证书用途不是签名（例如用于网站）。";
    CertificateAlgorithmNotAllowed = 1027, "ID27", "certificate_algorithm_not_allowed",
        "The trust list does not accept this kind of key from this certification authority.",
        "信任列表不接受该证书颁发机构的此类密钥算法。";
    CertificateBrokenPath = 1028, "ID28", "certificate_broken_path",
        "The certificates do not follow one another. Send the holder's first, then each one's issuer.",
        "各证书前后不相连；请按顺序提交，企业证书在前，其后依次为其颁发者证书。";
    CertificateOfOtherAuthority = 1029, "ID29", "certificate_of_other_authority",
        "The certificate was not issued under this certification authority. Name the right one, and send intermediate certificates along.",
        "该证书不是由所选证书颁发机构签发的；请选择正确的机构，并一并提交中级证书。";
    CertificateNotYetValid = 1030, "ID30", "certificate_not_yet_valid",
        "A certificate of the chain is not valid yet.",
        "证书链中有证书尚未生效。";
    CertificateExpired = 1031, "ID31", "certificate_expired",
        "A certificate of the chain has expired. Use the renewed one.",
        "证书链中有证书已过期，请使用更新后的证书。";
    CertificateIssuerNotCa = 1032, "ID32", "certificate_issuer_not_ca",
        "A certificate of the chain issued another one without being a certification authority's.",
        "证书链中有证书签发了其他证书，但它不是证书颁发机构的证书。";
    CertificateKeyUsage = 1033, "ID33", "certificate_key_usage",
        "A certification authority of the chain may not issue certificates by its own key usage.",
        "证书链中某颁发机构的证书不允许用于签发证书。";
    CertificatePathLength = 1034, "ID34", "certificate_path_length",
        "There are more certification authorities in the chain than one of them permits.",
        "证书链的颁发机构层级超过其中某一机构允许的数目。";
    CertificateTooComplex = 1035, "ID35", "certificate_too_complex",
        "The chain can be put together in too many ways. Send only the certificates that are needed.",
        "证书链组合方式过多，请只提交所需的证书。";
    CertificateForged = 1036, "ID36", "certificate_forged",
        "A certificate is not signed by the issuer that it names: it was changed or is false.",
        "证书不是由其所称的颁发者签名的，它被改动过或者是伪造的。";
    CertificateNameConstraints = 1037, "ID37", "certificate_name_constraints",
        "A certification authority of the chain may not certify this name.",
        "证书链中某颁发机构无权为该名称签发证书。";
    CertificatePolicy = 1038, "ID38", "certificate_policy",
        "The certificate was not issued under the policy that the trust list demands.",
        "该证书不是按信任列表要求的证书策略签发的。";
    CreditCodeMissing = 1039, "ID39", "credit_code_missing",
        "The certificate has no unified social credit code where this authority writes it.",
        "该证书没有载明统一社会信用代码。";
    CreditCodeInvalid = 1040, "ID40", "credit_code_invalid",
        "What the certificate has for a unified social credit code is none.",
        "该证书所载的统一社会信用代码无效。";
    NameMissing = 1041, "ID41", "name_missing",
        "The certificate has no organisation's name that can be shown.",
        "该证书没有可显示的企业名称。";
    NotSelfSigned = 1042, "ID42", "not_self_signed",
        "The root certificate is not signed by its own key. Give the root first and the others as intermediates.",
        "根证书不是由自身密钥签名的；请先提供根证书，其余作为中级证书。";
    CreditCodeDiffers = 1043, "ID43", "credit_code_differs",
        "The certificate is for another unified social credit code than the delegation.",
        "证书所载统一社会信用代码与授权书不一致。";
    EnrolmentNotSigned = 1044, "ID44", "enrolment_not_signed",
        "The delegation is not signed by the certificate's private key for this chain.",
        "授权书未由该证书的私钥为本链签署。";
    RevocationListSigner = 1045, "ID45", "revocation_list_signer",
        "The revocation list comes from nobody who may sign one for this authority.",
        "该吊销列表的签发者无权为此证书颁发机构签发。";
    RevocationListForged = 1046, "ID46", "revocation_list_forged",
        "The revocation list's signature is wrong. Fetch it again from the authority.",
        "吊销列表的签名不正确，请重新从颁发机构获取。";
    RevocationListEarly = 1047, "ID47", "revocation_list_early",
        "The revocation list is dated in the future.",
        "吊销列表的签发时间晚于当前时间。";
    RevocationListStale = 1048, "ID48", "revocation_list_stale",
        "The revocation list should have been replaced by a newer one. Fetch the newest.",
        "该吊销列表已应更新，请获取最新的列表。";
    RevocationListDelta = 1049, "ID49", "revocation_list_delta",
        "This is a delta list with only the latest changes. Fetch the complete one.",
        "这是增量吊销列表，请获取完整的列表。";
    RevocationListUnsupported = 1050, "ID50", "revocation_list_unsupported",
        "The list covers only a part of the certificates or other authorities', or lacks number or next update.",
        "该吊销列表只覆盖部分证书或其他机构的证书，或缺少编号、下次更新时间。";
    RevocationListNotNewer = 1051, "ID51", "revocation_list_not_newer",
        "The ledger has a list of this issuer with the same or a greater number, or of a later day.",
        "账本上已有该颁发者编号相同或更大、或签发更晚的吊销列表。";
    OcspSigner = 1052, "ID52", "ocsp_signer",
        "The status answer comes from nobody who may give one for this authority.",
        "该状态应答的签发者无权为此证书颁发机构应答。";
    OcspForged = 1053, "ID53", "ocsp_forged",
        "The status answer's signature is wrong. Ask again.",
        "状态应答的签名不正确，请重新查询。";
    OcspEarly = 1054, "ID54", "ocsp_early",
        "The status answer is dated in the future.",
        "状态应答的时间晚于当前时间。";
    OcspStale = 1055, "ID55", "ocsp_stale",
        "The status answer is too old. Ask for a new one.",
        "状态应答已过时，请重新查询。";
    OcspOtherCertificate = 1056, "ID56", "ocsp_other_certificate",
        "The status answer is about another certificate.",
        "状态应答说的是另一张证书。";
    OcspNoAnswer = 1057, "ID57", "ocsp_no_answer",
        "The authority's status service gave no answer, or does not know the certificate. Ask again later.",
        "颁发机构的状态服务没有给出答复或不认识该证书，请稍后再查。";
    OcspUnsupported = 1058, "ID58", "ocsp_unsupported",
        "The status answer is of a kind that is not understood here. Ask for a basic OCSP response.",
        "状态应答的类型不能识别，请索取基本OCSP应答。";
    OcspNotNewer = 1059, "ID59", "ocsp_not_newer",
        "The ledger has an answer about this certificate of the same or a later instant, or, if it is put on hold, a later list without it.",
        "账本上已有关于该证书同时或更晚的应答；应答为冻结的，账本上已有更晚且未列该证书的吊销列表。";
    CertificateRevoked = 1060, "ID60", "certificate_revoked",
        "The certificate, or that of an authority in its chain, is revoked or on hold. Use another one.",
        "该证书或其链上机构的证书已被吊销或冻结，请使用其他证书。";
    EnrolmentNeedsFreshData = 1061, "ID61", "enrolment_needs_fresh_data",
        "The ledger has no fresh revocation data of the certificate's issuer. Send an OCSP response along, or have a centre record the newest list.",
        "账本上没有该颁发者的最新吊销信息；请随附OCSP应答，或由交易中心录入最新吊销列表。";
    SerialTaken = 1062, "ID62", "serial_taken",
        "Another certificate of the same issuer with this serial number is enrolled. The authority must issue a new one.",
        "同一颁发者已有相同序列号的其他证书登记，须由颁发机构重新签发。";
    KeyShared = 1063, "ID63", "key_shared",
        "One of the keys, or the certificate's own, belongs to another organisation. Each organisation needs keys of its own; this is recorded as a sign of collusion.",
        "所列密钥或证书密钥已属于另一主体；各主体须使用自己的密钥，此情况将作为串通线索记录。";
    NoSharedKey = 1064, "ID64", "no_shared_key",
        "The enrolment does not show a key under two organisations.",
        "该登记未显示同一密钥归属两个主体。";
    SharedKeyRecorded = 1065, "ID65", "shared_key_recorded",
        "This shared key is on the ledger already; nothing needs to be done.",
        "该共用密钥已记入账本，无需再次报告。";
    InvalidAuthority = 1066, "ID66", "invalid_authority",
        "An entry needs a root, at most 8 intermediates and 8 addresses, algorithms in ascending order, and spans of an hour to 400 days.",
        "条目须有根证书，中级证书和地址各至多八个，算法按升序排列，期限为一小时至四百日。";
    AuthorityStatusUnchanged = 1067, "ID67", "authority_status_unchanged",
        "The authority is not in a state in which this change does anything.",
        "该证书颁发机构当前的状态无需此变更。";
    TooManyAuthorities = 1068, "ID68", "too_many_authorities",
        "The trust list has 256 entries, which is the most it can have.",
        "信任列表已达二百五十六条的上限。";
    RevocationInFuture = 1069, "ID69", "revocation_in_future",
        "A revocation cannot be dated in the future.",
        "吊销时间不得晚于当前时间。";
    ProjectUnknown = 1201, "TE01", "project_unknown",
        "There is no project with this code. Register it first.",
        "不存在该编号的项目，请先办理项目进场登记。";
    TenderUnknown = 1202, "TE02", "tender_unknown",
        "There is no tender with this id.",
        "不存在该编号的招标项目。";
    NotTheOrganiser = 1203, "TE03", "not_the_organiser",
        "Only the organiser of the project can do this.",
        "仅该项目的招标人可以执行此操作。";
    InvalidDocuments = 1204, "TE04", "invalid_documents",
        "Name at most 16 different documents, at least one for a notice or a clarification, none published before.",
        "每次至多列出十六份互不相同的文件，公告与澄清至少一份，且不得重复公布。";
    NumbersUsedUp = 1205, "TE05", "numbers_used_up",
        "The numbers of this day or of this project are used up. Register or publish tomorrow, or under another project.",
        "当日或该项目的编号已用尽，请次日办理或另行登记项目。";
    InvalidLots = 1206, "TE06", "invalid_lots",
        "A tender has 1 to 20 lots, each with an estimate and a ceiling above zero.",
        "招标须划分一至二十个标段，各标段的估算价与最高投标限价须大于零。";
    InvalidMethod = 1207, "TE07", "invalid_method",
        "The weights of a comprehensive score are 10,000 hundredths together, and the price counts.",
        "综合评估法各项权重之和须为一百分，且价格须计分。";
    BondTooHigh = 1208, "TE08", "bond_too_high",
        "A bid bond exceeds its legal share of the estimated price (rule CT07) or the cap (rule CT07B).",
        "投标保证金超过估算价的法定比例（规则CT07）或法定上限（规则CT07B）。";
    SaleTooShort = 1209, "TE09", "sale_too_short",
        "The documents must be available for the legal period (rule CT01) and not beyond the deadline.",
        "招标文件的获取期限不足法定期限（规则CT01），或晚于投标截止时间。";
    BiddingTooShort = 1210, "TE10", "bidding_too_short",
        "The deadline comes before the legal bidding period has passed (rule CT04).",
        "投标截止时间早于法定的编制投标文件期限（规则CT04）。";
    GraceTooLong = 1211, "TE11", "grace_too_long",
        "The opening would wait longer after the deadline than the rules allow (rule CT41).",
        "截止与开标之间的宽限期超出规则允许的时长（规则CT41）。";
    ValidityTooShort = 1212, "TE12", "validity_too_short",
        "Bids must bind for the shortest validity at least (rule CT45), and 3,650 days at most.",
        "投标有效期短于规则要求（规则CT45），或超过三千六百五十日。";
    NoCommittee = 1213, "TE13", "no_committee",
        "No committee can open bids now. Wait until the members have registered their seat keys.",
        "当前没有可开标的席位委员会，请待各成员登记席位密钥后发布。";
    TenderExists = 1214, "TE14", "tender_exists",
        "The very same notice has been published already.",
        "完全相同的招标公告已发布。";
    TenderStageNotPermitted = 1215, "TE15", "tender_stage_not_permitted",
        "The tender is at a stage in which this is not possible.",
        "招标项目当前所处阶段不允许此操作。";
    DeadlinePassed = 1216, "TE16", "deadline_passed",
        "The bid deadline has passed.",
        "投标截止时间已过。";
    DeadlineShortened = 1217, "TE17", "deadline_shortened",
        "A deadline can only move to a later time.",
        "投标截止时间只能顺延，不得提前。";
    ObjectionTooLate = 1218, "TE18", "objection_too_late",
        "Objections to the tender documents come in time before the deadline (rule CT22).",
        "对招标文件的异议须在投标截止前的法定期限内提出（规则CT22）。";
    ObjectionOpen = 1219, "TE19", "objection_open",
        "The organisation has an objection open. Wait for the answer.",
        "该主体已有一项异议待答复，请等待答复。";
    TooManyObjections = 1220, "TE20", "too_many_objections",
        "The tender has met 256 objections, which is the most it can.",
        "该招标项目的异议已达二百五十六项的上限。";
    ObjectionNotOpen = 1221, "TE21", "objection_not_open",
        "The tender has no objection of this number that awaits an answer.",
        "该招标项目没有此编号的待答复异议。";

    SealingEpochClosed = 1301, "SK01", "sealing_epoch_closed",
        "Seat keys are registered for the next sealing epoch, or for the present one while it has no committee.",
        "席位密钥仅可为下一密封周期登记，或在当前周期尚无委员会时登记。";
    SeatKeyExists = 1302, "SK02", "seat_key_exists",
        "The centre has registered a seat key for this epoch already.",
        "该交易中心已为此密封周期登记席位密钥。";
    SeatKeyUsed = 1303, "SK03", "seat_key_used",
        "This seat key was registered before. Make a fresh one for every epoch.",
        "该席位密钥曾被登记，每一密封周期须使用新的密钥。";
    SeatKeyNotProven = 1304, "SK04", "seat_key_not_proven",
        "The key is no canonical point, or nothing proves that this centre holds it in this epoch on this chain.",
        "该密钥不是规范编码的群元素，或未能证明本中心在本链此周期持有该密钥。";

    InvalidBidForm = 1401, "SB01", "invalid_bid_form",
        "Dealing and envelope have the lengths of the tender's committee and class, and there are at most 16 different documents.",
        "密封份额与信封的长度须与委员会及招标档位一致，文件不得超过十六份且不得重复。";
    BidTooLate = 1402, "SB02", "bid_too_late",
        "The bid comes after the deadline, and too few centres say that it came before (regulation, article 36).",
        "投标已过截止时间，且没有足够的交易中心证明其在截止前送达（实施条例第三十六条）。";
    OneTimeKeyUsed = 1403, "SB03", "one_time_key_used",
        "The key signs a bid for another tender or belongs to an organisation. Make a fresh one, which tells nobody who bids.",
        "该密钥已用于其他招标项目或归属某一主体，请使用不泄露投标人身份的新密钥。";
    BidSequence = 1404, "SB04", "bid_sequence",
        "Acts under a one-time key are numbered from 1 to 16 without gaps.",
        "同一一次性密钥的操作须自一至十六连续编号。";
    BidUnknown = 1405, "SB05", "bid_unknown",
        "There is no sealed bid under this key in this tender.",
        "该密钥在本招标项目中没有密封的投标。";
    TooManyBids = 1406, "SB06", "too_many_bids",
        "The tender has 4,096 bids, which is the most it can take.",
        "该招标项目的投标已达四千零九十六份的上限。";
    InvalidStamp = 1407, "SB07", "invalid_stamp",
        "The admission stamp is not a centre's for this key on this chain, or older than three quarters. Get a fresh one.",
        "准入凭证不是交易中心为本链此密钥签发的，或已超过三个季度，请重新领取。";
    DocumentNotHeld = 1408, "SB08", "document_not_held",
        "A document is not held by more centres of the committee than can fail. Upload it and send the receipts along.",
        "某份文件的存储凭证不足，请先上传并附上足够数目的交易中心存储凭证。";
    DealerKeyUsed = 1409, "SB09", "dealer_key_used",
        "Another bid of this sealing epoch has the same dealer's key. Seal the bid anew.",
        "本密封周期已有投标使用相同的密封密钥，请重新密封。";
    InvalidDealing = 1410, "SB10", "invalid_dealing",
        "The dealing is not proven to open alike for all seats, or is not for this tender, key, envelope or documents. Seal the bid anew.",
        "密封份额未能证明各席位可一致开启，或与本招标项目、密钥、信封、文件不符，请重新密封。";
    ArrivalNotProven = 1411, "SB11", "arrival_not_proven",
        "The arrivals are not signatures of different centres of the committee about this bid.",
        "到达凭证须为委员会不同交易中心对本投标的有效签名。";
    ChunkNotOpen = 1412, "SB12", "chunk_not_open",
        "The tender has no such chunk of bids, or its bids are open already.",
        "该招标项目没有此批投标，或此批投标已开启。";
    SeatNotOpen = 1413, "SB13", "seat_not_open",
        "The committee has no such seat, or it has given its shares of this chunk.",
        "委员会没有该席位，或该席位已提交此批投标的份额。";
    InvalidShares = 1414, "SB14", "invalid_shares",
        "The shares are not those of the seat for these very bids.",
        "所提交的份额不是该席位对此批投标的有效份额。";
    SelfOpeningEarly = 1415, "SB15", "self_opening_early",
        "Bidders open their own bids only when the seats have had their time (rule CT43).",
        "仅在席位逾期之后投标人方可自行开启投标（规则CT43）。";
    NotTheDealer = 1416, "SB16", "not_the_dealer",
        "The secret is not that with which the bid was sealed.",
        "该秘密值不是密封本投标所用的秘密值。";
    StampQuarterClosed = 1417, "SB17", "stamp_quarter_closed",
        "Keys for admission stamps are registered for the present quarter or the next one.",
        "准入凭证密钥仅可为本季度或下一季度登记。";
    StampKeyExists = 1418, "SB18", "stamp_key_exists",
        "The centre has a key for admission stamps in this quarter; it never changes.",
        "该交易中心已登记该季度的准入凭证密钥，且不得更换。";
    InvalidStampKey = 1419, "SB19", "invalid_stamp_key",
        "The key is not an odd modulus of 3,072 bits.",
        "该密钥须为3072位的奇数模数。";

    InvalidExperts = 1501, "EB01", "invalid_experts",
        "Experts are entered 1 to 64 at a time, ascending by full-strength keys, each once.",
        "专家每次录入一至六十四名，按密钥升序排列，互不相同且强度完整。";
    ExpertKeyUsed = 1502, "EB02", "expert_key_used",
        "A key is in use already. An entry in the pool has a fresh key and serves for one panel.",
        "所列密钥已被使用，每条专家记录须使用新的密钥，且仅用于一次评标。";
    PoolFull = 1503, "EB03", "pool_full",
        "The pool of this industry has 4,096 free experts, which is the most it can have.",
        "该行业专家库的可用专家已达四千零九十六名的上限。";
    SeatNotTaken = 1504, "EB04", "seat_not_taken",
        "Nobody sits on this seat of the panel, or who sits there is named already; without a seat, the panel is full.",
        "评标委员会该席位无人，或其姓名已公布；未指明席位时，委员会已满员。";
    NotOnThePanel = 1505, "EB05", "not_on_the_panel",
        "The signing key is not that of a member of the tender's panel.",
        "签名密钥不属于该招标项目评标委员会的成员。";
    EvaluationNotBegun = 1506, "EB06", "evaluation_not_begun",
        "Scores are given when the time for objections at the opening is over (rule CT46), all are answered, and the panel is full.",
        "开标异议期结束（规则CT46）、异议均已答复且评标委员会满员后方可评分。";
    ScoresCommitted = 1507, "EB07", "scores_committed",
        "The member has committed to its scores already.",
        "该成员已提交评分承诺。";
    SheetsOutstanding = 1508, "EB08", "sheets_outstanding",
        "Scores are revealed when every member has committed to its own.",
        "全体成员均提交评分承诺后方可公开评分。";
    ScoresRevealed = 1509, "EB09", "scores_revealed",
        "The member has revealed its scores already.",
        "该成员已公开评分。";
    SheetDiffers = 1510, "EB10", "sheet_differs",
        "The scores are not those that the member committed to.",
        "所公开的评分与该成员的承诺不符。";
    InvalidSheet = 1511, "EB11", "invalid_sheet",
        "A sheet has one mark for each bid that counts, within the weights of the method, and no points for a rejected bid.",
        "评分表须对每份有效投标各有一项评分，不超过评标办法的权重，被否决的投标不得计分。";
    CardDiffers = 1512, "EB12", "card_differs",
        "The card is not that which the pool commits to for this seat.",
        "所公布的专家信息与专家库中的承诺不符。";
    PanelNotNamed = 1513, "EB13", "panel_not_named",
        "Lots are awarded when everybody who sat on the panel is named.",
        "评标委员会成员姓名全部公布后方可定标。";
    LotNotAwarded = 1514, "EB14", "lot_not_awarded",
        "The lot is not awarded, or does not exist.",
        "该标段不存在或尚未定标。";
    NotABidder = 1515, "EB15", "not_a_bidder",
        "At the opening and afterwards only those object whose bid was opened.",
        "开标及以后，仅投标已开启的投标人可以提出异议。";
}

impl Rejection {
    /// Number of the refusal; lower numbers take precedence.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

impl core::fmt::Display for Rejection {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}: {}", self.code(), self.english())
    }
}

impl core::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_numbers_are_unique_and_in_order() {
        let numbers: Vec<u16> = Rejection::ALL.iter().map(|r| r.number()).collect();
        assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]));
        let mut codes: Vec<&str> = Rejection::ALL.iter().map(|r| r.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), Rejection::ALL.len());
        let mut rules: Vec<&str> = Rejection::ALL.iter().map(|r| r.rule()).collect();
        rules.sort_unstable();
        rules.dedup();
        assert_eq!(rules.len(), Rejection::ALL.len());
        assert!(Rejection::ALL.iter().all(|r| r.chinese().ends_with('。') && r.english().ends_with('.')));
    }
}
