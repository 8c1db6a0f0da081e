//! The codes of refusals, copied from the table of `docs/rules.md` and held against it by a test.

macro_rules! codes {
    ($($name:ident = $number:literal $code:literal;)*) => {
        /// Why a transaction is refused. Of several reasons the one with the lowest number is named.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "docs/rules.md says what each means")]
        pub enum Code {
            $($name = $number,)*
        }

        impl Code {
            /// All codes, ascending.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

codes! {
    Expired = 101 "expired";
    ExpiryTooFar = 102 "expiry_too_far";
    AlreadyRecorded = 103 "already_recorded";
    UnknownKey = 104 "unknown_key";
    RoleNotPermitted = 105 "role_not_permitted";
    KeyRevoked = 106 "key_revoked";
    MandateExpired = 107 "mandate_expired";
    ReadOnlyMandate = 108 "read_only_mandate";
    SignersCertificateExpired = 109 "signers_certificate_expired";
    SignersCertificateRevoked = 110 "signers_certificate_revoked";
    SignersAuthorityNotTrusted = 111 "signers_authority_not_trusted";
    RevocationDataStale = 112 "revocation_data_stale";
    RoleOutsideMandate = 113 "role_outside_mandate";
    RegionOutsideMandate = 114 "region_outside_mandate";
    TradeOutsideMandate = 115 "trade_outside_mandate";
    AmountOutsideMandate = 116 "amount_outside_mandate";
    InvalidApproval = 117 "invalid_approval";
    SecondApprovalMissing = 118 "second_approval_missing";
    InvalidRoles = 201 "invalid_roles";
    InvalidKeys = 202 "invalid_keys";
    OrganisationExists = 203 "organisation_exists";
    KeyInUse = 204 "key_in_use";
    OrganisationUnknown = 205 "organisation_unknown";
    RoleHeld = 206 "role_held";
    KeysFromCertificatesOnly = 207 "keys_from_certificates_only";
    ListingUnknown = 301 "listing_unknown";
    CentreUnknown = 302 "centre_unknown";
    InvalidResource = 303 "invalid_resource";
    InvalidPrices = 304 "invalid_prices";
    DepositTooLow = 305 "deposit_too_low";
    NoticeTooShort = 306 "notice_too_short";
    ListingTooShort = 307 "listing_too_short";
    BeyondCalendar = 308 "beyond_calendar";
    RuleMissing = 309 "rule_missing";
    DealSequenceUsedUp = 310 "deal_sequence_used_up";
    StageNotPermitted = 311 "stage_not_permitted";
    GuaranteeExists = 401 "guarantee_exists";
    ApplicantNotBidder = 402 "applicant_not_bidder";
    InvalidGuaranteeAmount = 403 "invalid_guarantee_amount";
    GuaranteeAlreadyExpired = 404 "guarantee_already_expired";
    GuaranteeUnknown = 405 "guarantee_unknown";
    NotTheApplicant = 406 "not_the_applicant";
    WrongListing = 407 "wrong_listing";
    GuaranteeUsed = 408 "guarantee_used";
    GuaranteeTooSmall = 409 "guarantee_too_small";
    GuaranteeTooShort = 410 "guarantee_too_short";
    AlreadyQualified = 411 "already_qualified";
    SellerMayNotBid = 412 "seller_may_not_bid";
    NotTheBeneficiary = 413 "not_the_beneficiary";
    WinnersGuarantee = 414 "winners_guarantee";
    NotQualified = 501 "not_qualified";
    NotInTimedBidding = 502 "not_in_timed_bidding";
    QuoteCurrency = 503 "quote_currency";
    QuoteBelowStart = 504 "quote_below_start";
    QuoteBelowIncrement = 505 "quote_below_increment";
    NotAParty = 601 "not_a_party";
    AlreadySigned = 602 "already_signed";
    NotTheHost = 603 "not_the_host";
    ContractDiffers = 604 "contract_differs";
    ClockIsReal = 701 "clock_is_real";
    ClockStepInvalid = 702 "clock_step_invalid";
    NotTheTimekeeper = 703 "not_the_timekeeper";
    NotAMember = 801 "not_a_member";
    ChangeUnknown = 802 "change_unknown";
    ChangeClosed = 803 "change_closed";
    AlreadyApproved = 804 "already_approved";
    TooManyOpenChanges = 805 "too_many_open_changes";
    CandidateNotCentre = 806 "candidate_not_centre";
    MemberExists = 807 "member_exists";
    MemberUnknown = 808 "member_unknown";
    KeysNotNew = 809 "keys_not_new";
    PossessionNotProven = 810 "possession_not_proven";
    TooManyMembers = 811 "too_many_members";
    LastMember = 812 "last_member";
    EvidenceUnknown = 813 "evidence_unknown";
    InvalidRulePack = 814 "invalid_rule_pack";
    RulePackNotNext = 815 "rule_pack_not_next";
    EvidenceOfNoHeight = 901 "evidence_of_no_height";
    AccusedNotMember = 902 "accused_not_member";
    DoubleSigningRecorded = 903 "double_signing_recorded";
    EvidenceProvesNothing = 904 "evidence_proves_nothing";
    CosignerNotMember = 951 "cosigner_not_member";
    InvalidCosignerKeys = 952 "invalid_cosigner_keys";
    CosignerUnchanged = 953 "cosigner_unchanged";
    CosignerKeyInUse = 954 "cosigner_key_in_use";
    CosignerNotProven = 955 "cosigner_not_proven";
    ChainInvalid = 1001 "chain_invalid";
    InvalidMandate = 1002 "invalid_mandate";
    KeyNotProven = 1003 "key_not_proven";
    AuthorityUnknown = 1004 "authority_unknown";
    AuthoritySuspended = 1005 "authority_suspended";
    AuthorityRemoved = 1006 "authority_removed";
    EnrolmentReplayed = 1007 "enrolment_replayed";
    RoleNotAdmitted = 1008 "role_not_admitted";
    NotAPrincipal = 1009 "not_a_principal";
    MandateTooWide = 1010 "mandate_too_wide";
    MandateUnknown = 1011 "mandate_unknown";
    CertificateUnknown = 1012 "certificate_unknown";
    NotTheHolder = 1013 "not_the_holder";
    CertificateRevokedAlready = 1014 "certificate_revoked_already";
    CertificateEntry = 1015 "certificate_entry";
    CertificateTooLong = 1016 "certificate_too_long";
    CertificateMalformed = 1017 "certificate_malformed";
    CertificateVersion = 1018 "certificate_version";
    CertificateWeakDigest = 1019 "certificate_weak_digest";
    CertificateAlgorithmUnknown = 1020 "certificate_algorithm_unknown";
    CertificateShortKey = 1021 "certificate_short_key";
    CertificateLongKey = 1022 "certificate_long_key";
    CertificateCriticalExtension = 1023 "certificate_critical_extension";
    CertificateOfAuthority = 1024 "certificate_of_authority";
    CertificateNotForSigning = 1025 "certificate_not_for_signing";
    CertificateWrongPurpose = 1026 "certificate_wrong_purpose";
    CertificateAlgorithmNotAllowed = 1027 "certificate_algorithm_not_allowed";
    CertificateBrokenPath = 1028 "certificate_broken_path";
    CertificateOfOtherAuthority = 1029 "certificate_of_other_authority";
    CertificateNotYetValid = 1030 "certificate_not_yet_valid";
    CertificateExpired = 1031 "certificate_expired";
    CertificateIssuerNotCa = 1032 "certificate_issuer_not_ca";
    CertificateKeyUsage = 1033 "certificate_key_usage";
    CertificatePathLength = 1034 "certificate_path_length";
    CertificateTooComplex = 1035 "certificate_too_complex";
    CertificateForged = 1036 "certificate_forged";
    CertificateNameConstraints = 1037 "certificate_name_constraints";
    CertificatePolicy = 1038 "certificate_policy";
    CreditCodeMissing = 1039 "credit_code_missing";
    CreditCodeInvalid = 1040 "credit_code_invalid";
    NameMissing = 1041 "name_missing";
    NotSelfSigned = 1042 "not_self_signed";
    CreditCodeDiffers = 1043 "credit_code_differs";
    EnrolmentNotSigned = 1044 "enrolment_not_signed";
    RevocationListSigner = 1045 "revocation_list_signer";
    RevocationListForged = 1046 "revocation_list_forged";
    RevocationListEarly = 1047 "revocation_list_early";
    RevocationListStale = 1048 "revocation_list_stale";
    RevocationListDelta = 1049 "revocation_list_delta";
    RevocationListUnsupported = 1050 "revocation_list_unsupported";
    RevocationListNotNewer = 1051 "revocation_list_not_newer";
    OcspSigner = 1052 "ocsp_signer";
    OcspForged = 1053 "ocsp_forged";
    OcspEarly = 1054 "ocsp_early";
    OcspStale = 1055 "ocsp_stale";
    OcspOtherCertificate = 1056 "ocsp_other_certificate";
    OcspNoAnswer = 1057 "ocsp_no_answer";
    OcspUnsupported = 1058 "ocsp_unsupported";
    OcspNotNewer = 1059 "ocsp_not_newer";
    CertificateRevoked = 1060 "certificate_revoked";
    EnrolmentNeedsFreshData = 1061 "enrolment_needs_fresh_data";
    SerialTaken = 1062 "serial_taken";
    KeyShared = 1063 "key_shared";
    NoSharedKey = 1064 "no_shared_key";
    SharedKeyRecorded = 1065 "shared_key_recorded";
    InvalidAuthority = 1066 "invalid_authority";
    AuthorityStatusUnchanged = 1067 "authority_status_unchanged";
    TooManyAuthorities = 1068 "too_many_authorities";
    RevocationInFuture = 1069 "revocation_in_future";
    ProjectUnknown = 1201 "project_unknown";
    TenderUnknown = 1202 "tender_unknown";
    NotTheOrganiser = 1203 "not_the_organiser";
    InvalidDocuments = 1204 "invalid_documents";
    NumbersUsedUp = 1205 "numbers_used_up";
    InvalidLots = 1206 "invalid_lots";
    InvalidMethod = 1207 "invalid_method";
    BondTooHigh = 1208 "bond_too_high";
    SaleTooShort = 1209 "sale_too_short";
    BiddingTooShort = 1210 "bidding_too_short";
    GraceTooLong = 1211 "grace_too_long";
    ValidityTooShort = 1212 "validity_too_short";
    NoCommittee = 1213 "no_committee";
    TenderExists = 1214 "tender_exists";
    TenderStageNotPermitted = 1215 "tender_stage_not_permitted";
    DeadlinePassed = 1216 "deadline_passed";
    DeadlineShortened = 1217 "deadline_shortened";
    ObjectionTooLate = 1218 "objection_too_late";
    ObjectionOpen = 1219 "objection_open";
    TooManyObjections = 1220 "too_many_objections";
    ObjectionNotOpen = 1221 "objection_not_open";
    SealingEpochClosed = 1301 "sealing_epoch_closed";
    SeatKeyExists = 1302 "seat_key_exists";
    SeatKeyUsed = 1303 "seat_key_used";
    SeatKeyNotProven = 1304 "seat_key_not_proven";
    InvalidBidForm = 1401 "invalid_bid_form";
    BidTooLate = 1402 "bid_too_late";
    OneTimeKeyUsed = 1403 "one_time_key_used";
    BidSequence = 1404 "bid_sequence";
    BidUnknown = 1405 "bid_unknown";
    TooManyBids = 1406 "too_many_bids";
    InvalidStamp = 1407 "invalid_stamp";
    DocumentNotHeld = 1408 "document_not_held";
    DealerKeyUsed = 1409 "dealer_key_used";
    InvalidDealing = 1410 "invalid_dealing";
    ArrivalNotProven = 1411 "arrival_not_proven";
    ChunkNotOpen = 1412 "chunk_not_open";
    SeatNotOpen = 1413 "seat_not_open";
    InvalidShares = 1414 "invalid_shares";
    SelfOpeningEarly = 1415 "self_opening_early";
    NotTheDealer = 1416 "not_the_dealer";
    StampQuarterClosed = 1417 "stamp_quarter_closed";
    StampKeyExists = 1418 "stamp_key_exists";
    InvalidStampKey = 1419 "invalid_stamp_key";
    InvalidExperts = 1501 "invalid_experts";
    ExpertKeyUsed = 1502 "expert_key_used";
    PoolFull = 1503 "pool_full";
    SeatNotTaken = 1504 "seat_not_taken";
    NotOnThePanel = 1505 "not_on_the_panel";
    EvaluationNotBegun = 1506 "evaluation_not_begun";
    ScoresCommitted = 1507 "scores_committed";
    SheetsOutstanding = 1508 "sheets_outstanding";
    ScoresRevealed = 1509 "scores_revealed";
    SheetDiffers = 1510 "sheet_differs";
    InvalidSheet = 1511 "invalid_sheet";
    CardDiffers = 1512 "card_differs";
    PanelNotNamed = 1513 "panel_not_named";
    LotNotAwarded = 1514 "lot_not_awarded";
    NotABidder = 1515 "not_a_bidder";
}

impl Code {
    /// Its number: the order of precedence.
    pub const fn number(self) -> u16 {
        self as u16
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// All the rules that an act breaks.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults(std::collections::BTreeSet<Code>);

impl Faults {
    /// Notes a broken rule if `broken`.
    pub(super) fn when(&mut self, broken: bool, code: Code) {
        if broken {
            self.0.insert(code);
        }
    }

    /// Notes the rule that a failed computation breaks, and hands on what succeeded.
    pub(super) fn unless<T>(&mut self, outcome: Result<T, Code>) -> Option<T> {
        outcome.map_err(|code| self.0.insert(code)).ok()
    }

    /// The one that is named.
    pub(super) fn first(self) -> Result<(), Code> {
        self.0.first().map_or(Ok(()), |code| Err(*code))
    }
}
