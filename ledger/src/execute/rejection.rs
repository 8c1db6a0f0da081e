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
        "The signing key belongs to no registered organisation. Have a centre register it first.",
        "签名密钥不属于任何已登记的主体，请先由交易中心登记。";
    RoleNotPermitted = 105, "TX05", "role_not_permitted",
        "The organisation has no role that may do this.",
        "该主体的角色无权执行此操作。";

    InvalidRoles = 201, "OR01", "invalid_roles",
        "Roles must be given once each in ascending order, at least one, and never centre or timekeeper.",
        "角色须按升序各列一次，至少一个，且不得为交易中心或时钟管理者。";
    InvalidKeys = 202, "OR02", "invalid_keys",
        "An organisation is registered with 1 to 8 different, full-strength Ed25519 keys in ascending order.",
        "登记主体时须提供一至八个互不相同、强度完整且按升序排列的Ed25519公钥。";
    OrganisationExists = 203, "OR03", "organisation_exists",
        "An organisation with this unified social credit code is registered already.",
        "该统一社会信用代码的主体已登记。";
    KeyInUse = 204, "OR04", "key_in_use",
        "One of the keys already speaks for an organisation. Register a fresh key.",
        "所列密钥已归属某一主体，请使用新的密钥。";

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

    ProjectUnknown = 1001, "TE01", "project_unknown",
        "There is no project with this code. Register it first.",
        "不存在该编号的项目，请先办理项目进场登记。";
    TenderUnknown = 1002, "TE02", "tender_unknown",
        "There is no tender with this id.",
        "不存在该编号的招标项目。";
    NotTheOrganiser = 1003, "TE03", "not_the_organiser",
        "Only the organiser of the project can do this.",
        "仅该项目的招标人可以执行此操作。";
    InvalidDocuments = 1004, "TE04", "invalid_documents",
        "Name at most 16 different documents, at least one for a notice or a clarification, none published before.",
        "每次至多列出十六份互不相同的文件，公告与澄清至少一份，且不得重复公布。";
    NumbersUsedUp = 1005, "TE05", "numbers_used_up",
        "The numbers of this day or of this project are used up. Register or publish tomorrow, or under another project.",
        "当日或该项目的编号已用尽，请次日办理或另行登记项目。";
    InvalidLots = 1006, "TE06", "invalid_lots",
        "A tender has 1 to 20 lots, each with an estimate and a ceiling above zero.",
        "招标须划分一至二十个标段，各标段的估算价与最高投标限价须大于零。";
    InvalidMethod = 1007, "TE07", "invalid_method",
        "The weights of a comprehensive score are 10,000 hundredths together, and the price counts.",
        "综合评估法各项权重之和须为一百分，且价格须计分。";
    BondTooHigh = 1008, "TE08", "bond_too_high",
        "A bid bond exceeds its legal share of the estimated price (rule CT07) or the cap (rule CT07B).",
        "投标保证金超过估算价的法定比例（规则CT07）或法定上限（规则CT07B）。";
    SaleTooShort = 1009, "TE09", "sale_too_short",
        "The documents must be available for the legal period (rule CT01) and not beyond the deadline.",
        "招标文件的获取期限不足法定期限（规则CT01），或晚于投标截止时间。";
    BiddingTooShort = 1010, "TE10", "bidding_too_short",
        "The deadline comes before the legal bidding period has passed (rule CT04).",
        "投标截止时间早于法定的编制投标文件期限（规则CT04）。";
    GraceTooLong = 1011, "TE11", "grace_too_long",
        "The opening would wait longer after the deadline than the rules allow (rule CT41).",
        "截止与开标之间的宽限期超出规则允许的时长（规则CT41）。";
    ValidityTooShort = 1012, "TE12", "validity_too_short",
        "Bids must bind for the shortest validity at least (rule CT45), and 3,650 days at most.",
        "投标有效期短于规则要求（规则CT45），或超过三千六百五十日。";
    NoCommittee = 1013, "TE13", "no_committee",
        "No committee can open bids now. Wait until the members have registered their seat keys.",
        "当前没有可开标的席位委员会，请待各成员登记席位密钥后发布。";
    TenderExists = 1014, "TE14", "tender_exists",
        "The very same notice has been published already.",
        "完全相同的招标公告已发布。";
    TenderStageNotPermitted = 1015, "TE15", "tender_stage_not_permitted",
        "The tender is at a stage in which this is not possible.",
        "招标项目当前所处阶段不允许此操作。";
    DeadlinePassed = 1016, "TE16", "deadline_passed",
        "The bid deadline has passed.",
        "投标截止时间已过。";
    DeadlineShortened = 1017, "TE17", "deadline_shortened",
        "A deadline can only move to a later time.",
        "投标截止时间只能顺延，不得提前。";
    ObjectionTooLate = 1018, "TE18", "objection_too_late",
        "Objections to the tender documents come in time before the deadline (rule CT22).",
        "对招标文件的异议须在投标截止前的法定期限内提出（规则CT22）。";
    ObjectionOpen = 1019, "TE19", "objection_open",
        "The organisation has an objection open. Wait for the answer.",
        "该主体已有一项异议待答复，请等待答复。";
    TooManyObjections = 1020, "TE20", "too_many_objections",
        "The tender has met 256 objections, which is the most it can.",
        "该招标项目的异议已达二百五十六项的上限。";
    ObjectionNotOpen = 1021, "TE21", "objection_not_open",
        "The tender has no objection of this number that awaits an answer.",
        "该招标项目没有此编号的待答复异议。";

    SealingEpochClosed = 1101, "SK01", "sealing_epoch_closed",
        "Seat keys are registered for the next sealing epoch, or for the present one while it has no committee.",
        "席位密钥仅可为下一密封周期登记，或在当前周期尚无委员会时登记。";
    SeatKeyExists = 1102, "SK02", "seat_key_exists",
        "The centre has registered a seat key for this epoch already.",
        "该交易中心已为此密封周期登记席位密钥。";
    SeatKeyUsed = 1103, "SK03", "seat_key_used",
        "This seat key was registered before. Make a fresh one for every epoch.",
        "该席位密钥曾被登记，每一密封周期须使用新的密钥。";
    SeatKeyNotProven = 1104, "SK04", "seat_key_not_proven",
        "The key is no canonical point, or nothing proves that this centre holds it in this epoch on this chain.",
        "该密钥不是规范编码的群元素，或未能证明本中心在本链此周期持有该密钥。";
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
