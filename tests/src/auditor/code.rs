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
    InvalidRoles = 201 "invalid_roles";
    InvalidKeys = 202 "invalid_keys";
    OrganisationExists = 203 "organisation_exists";
    KeyInUse = 204 "key_in_use";
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
    ProjectUnknown = 1001 "project_unknown";
    TenderUnknown = 1002 "tender_unknown";
    NotTheOrganiser = 1003 "not_the_organiser";
    InvalidDocuments = 1004 "invalid_documents";
    NumbersUsedUp = 1005 "numbers_used_up";
    InvalidLots = 1006 "invalid_lots";
    InvalidMethod = 1007 "invalid_method";
    BondTooHigh = 1008 "bond_too_high";
    SaleTooShort = 1009 "sale_too_short";
    BiddingTooShort = 1010 "bidding_too_short";
    GraceTooLong = 1011 "grace_too_long";
    ValidityTooShort = 1012 "validity_too_short";
    NoCommittee = 1013 "no_committee";
    TenderExists = 1014 "tender_exists";
    TenderStageNotPermitted = 1015 "tender_stage_not_permitted";
    DeadlinePassed = 1016 "deadline_passed";
    DeadlineShortened = 1017 "deadline_shortened";
    ObjectionTooLate = 1018 "objection_too_late";
    ObjectionOpen = 1019 "objection_open";
    TooManyObjections = 1020 "too_many_objections";
    ObjectionNotOpen = 1021 "objection_not_open";
    SealingEpochClosed = 1101 "sealing_epoch_closed";
    SeatKeyExists = 1102 "seat_key_exists";
    SeatKeyUsed = 1103 "seat_key_used";
    SeatKeyNotProven = 1104 "seat_key_not_proven";
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
