//! One way, or several, to earn each refusal.

mod bids;
mod changes;
mod cosigners;
mod deals;
mod enrolments;
mod envelope;
mod evidence;
mod letters;
mod notices;
mod packs;
mod parties;
mod revocations;
mod rights;

use ledger::id::{DealCode, DealKind, GuaranteeId};

use super::draw::Draw;
use super::hand::{Hand, Scene};
use crate::auditor::code::Code;

/// Draws an act that earns a refusal, if what it needs is there.
type Wrong = fn(&mut Hand, &Scene<'_>) -> Option<Draw>;

/// Every refusal that can be provoked. Missing are `quote_currency` (there is one currency), `rule_missing` (a
/// pack that lacks a rule is refused), `deal_sequence_used_up` (999,999 deals of one centre in a day),
/// `too_many_members` (128 nodes), `last_member` (a network of one, where this workload keeps four),
/// `trade_outside_mandate` (there is one kind of trade), `too_many_authorities` (256 of them), and those faults of
/// certificates, lists and answers that no certificate of `papers` has: the tests of `pki` meet them.
const ALL: &[(Code, Wrong)] = &[
    (Code::Expired, envelope::expired),
    (Code::ExpiryTooFar, envelope::expiry_too_far),
    (Code::AlreadyRecorded, envelope::again),
    (Code::UnknownKey, envelope::unknown_key),
    (Code::RoleNotPermitted, envelope::role_not_permitted),
    (Code::KeyRevoked, rights::key_revoked),
    (Code::MandateExpired, rights::mandate_expired),
    (Code::ReadOnlyMandate, rights::read_only),
    (Code::SignersCertificateExpired, rights::certificate_expired),
    (Code::SignersCertificateRevoked, rights::certificate_revoked),
    (Code::SignersAuthorityNotTrusted, rights::authority_not_trusted),
    (Code::RevocationDataStale, rights::data_stale),
    (Code::RoleOutsideMandate, rights::role_outside),
    (Code::RegionOutsideMandate, rights::region_outside),
    (Code::AmountOutsideMandate, rights::amount_outside),
    (Code::InvalidApproval, rights::invalid_approval),
    (Code::SecondApprovalMissing, rights::second_approval_missing),
    (Code::InvalidRoles, parties::invalid_roles),
    (Code::InvalidKeys, parties::invalid_keys),
    (Code::OrganisationExists, parties::organisation_exists),
    (Code::KeyInUse, parties::key_in_use),
    (Code::OrganisationUnknown, rights::organisation_unknown),
    (Code::RoleHeld, rights::role_held),
    (Code::KeysFromCertificatesOnly, rights::keys_from_certificates_only),
    (Code::ListingUnknown, deals::listing_unknown),
    (Code::CentreUnknown, notices::centre_unknown),
    (Code::InvalidResource, notices::invalid_resource),
    (Code::InvalidPrices, notices::invalid_prices),
    (Code::DepositTooLow, notices::deposit_too_low),
    (Code::NoticeTooShort, notices::notice_too_short),
    (Code::ListingTooShort, notices::listing_too_short),
    (Code::BeyondCalendar, notices::beyond_calendar),
    (Code::StageNotPermitted, deals::stage_not_permitted),
    (Code::GuaranteeExists, letters::exists),
    (Code::ApplicantNotBidder, letters::applicant_not_bidder),
    (Code::InvalidGuaranteeAmount, letters::invalid_amount),
    (Code::GuaranteeAlreadyExpired, letters::already_expired),
    (Code::GuaranteeUnknown, letters::unknown),
    (Code::NotTheApplicant, letters::not_the_applicant),
    (Code::WrongListing, letters::wrong_listing),
    (Code::GuaranteeUsed, letters::used),
    (Code::GuaranteeTooSmall, letters::too_small),
    (Code::GuaranteeTooShort, letters::too_short),
    (Code::AlreadyQualified, letters::already_qualified),
    (Code::SellerMayNotBid, letters::seller_bids),
    (Code::NotTheBeneficiary, letters::not_the_beneficiary),
    (Code::WinnersGuarantee, letters::winners),
    (Code::NotQualified, bids::not_qualified),
    (Code::NotInTimedBidding, bids::not_in_timed_bidding),
    (Code::QuoteBelowStart, bids::below_start),
    (Code::QuoteBelowIncrement, bids::below_increment),
    (Code::NotAParty, deals::not_a_party),
    (Code::AlreadySigned, deals::already_signed),
    (Code::NotTheHost, deals::not_the_host),
    (Code::ContractDiffers, deals::contract_differs),
    (Code::ClockIsReal, envelope::clock_is_real),
    (Code::ClockStepInvalid, envelope::clock_step_invalid),
    (Code::NotTheTimekeeper, envelope::not_the_timekeeper),
    (Code::NotAMember, changes::not_a_member),
    (Code::ChangeUnknown, changes::unknown),
    (Code::ChangeClosed, changes::closed),
    (Code::AlreadyApproved, changes::already_approved),
    (Code::TooManyOpenChanges, changes::too_many_open),
    (Code::CandidateNotCentre, changes::candidate_not_centre),
    (Code::MemberExists, changes::member_exists),
    (Code::MemberUnknown, changes::member_unknown),
    (Code::KeysNotNew, changes::keys_not_new),
    (Code::PossessionNotProven, changes::possession_not_proven),
    (Code::EvidenceUnknown, changes::evidence_unknown),
    (Code::InvalidRulePack, packs::invalid),
    (Code::RulePackNotNext, packs::not_next),
    (Code::EvidenceOfNoHeight, evidence::of_no_height),
    (Code::AccusedNotMember, evidence::accused_not_member),
    (Code::DoubleSigningRecorded, evidence::recorded),
    (Code::EvidenceProvesNothing, evidence::proves_nothing),
    (Code::CosignerNotMember, cosigners::not_member),
    (Code::InvalidCosignerKeys, cosigners::invalid_keys),
    (Code::CosignerUnchanged, cosigners::unchanged),
    (Code::CosignerKeyInUse, cosigners::key_in_use),
    (Code::CosignerNotProven, cosigners::not_proven),
    (Code::ChainInvalid, enrolments::chain_invalid),
    (Code::InvalidMandate, enrolments::invalid_mandate),
    (Code::KeyNotProven, enrolments::key_not_proven),
    (Code::AuthorityUnknown, enrolments::authority_unknown),
    (Code::AuthoritySuspended, enrolments::authority_suspended),
    (Code::AuthorityRemoved, enrolments::authority_removed),
    (Code::EnrolmentReplayed, enrolments::replayed),
    (Code::RoleNotAdmitted, enrolments::role_not_admitted),
    (Code::NotAPrincipal, rights::not_a_principal),
    (Code::MandateTooWide, rights::mandate_too_wide),
    (Code::MandateUnknown, rights::mandate_unknown),
    (Code::CertificateUnknown, revocations::certificate_unknown),
    (Code::NotTheHolder, revocations::not_the_holder),
    (Code::CertificateRevokedAlready, revocations::revoked_already),
    (Code::CertificateEntry, revocations::entry_identifier),
    (Code::CertificateMalformed, enrolments::malformed),
    (Code::CertificateMalformed, revocations::answer_malformed),
    (Code::CertificateCriticalExtension, enrolments::critical),
    (Code::CertificateOfAuthority, enrolments::of_authority),
    (Code::CertificateNotForSigning, enrolments::not_for_signing),
    (Code::CertificateWrongPurpose, enrolments::wrong_purpose),
    (Code::CertificateAlgorithmNotAllowed, enrolments::algorithm_not_allowed),
    (Code::CertificateBrokenPath, enrolments::broken_path),
    (Code::CertificateOfOtherAuthority, enrolments::of_other_authority),
    (Code::CertificateNotYetValid, enrolments::not_yet_valid),
    (Code::CertificateExpired, enrolments::expired),
    (Code::CertificateForged, enrolments::forged),
    (Code::CertificatePolicy, enrolments::policy),
    (Code::CreditCodeMissing, enrolments::code_missing),
    (Code::CreditCodeInvalid, enrolments::code_invalid),
    (Code::NameMissing, enrolments::name_missing),
    (Code::NotSelfSigned, revocations::not_self_signed),
    (Code::CreditCodeDiffers, enrolments::code_differs),
    (Code::EnrolmentNotSigned, enrolments::not_signed),
    (Code::RevocationListSigner, revocations::list_signer),
    (Code::RevocationListForged, revocations::list_forged),
    (Code::RevocationListEarly, revocations::list_early),
    (Code::RevocationListStale, revocations::list_stale),
    (Code::RevocationListNotNewer, revocations::list_not_newer),
    (Code::OcspOtherCertificate, revocations::answer_of_other),
    (Code::OcspForged, revocations::answer_forged),
    (Code::OcspEarly, revocations::answer_early),
    (Code::OcspStale, revocations::answer_stale),
    (Code::OcspOtherCertificate, revocations::answer_about_other),
    (Code::OcspNoAnswer, revocations::no_answer),
    (Code::OcspNotNewer, revocations::answer_not_newer),
    (Code::CertificateRevoked, enrolments::revoked),
    (Code::EnrolmentNeedsFreshData, enrolments::data_not_fresh),
    (Code::SerialTaken, enrolments::serial_taken),
    (Code::KeyShared, enrolments::key_shared),
    (Code::NoSharedKey, enrolments::no_shared_key),
    (Code::SharedKeyRecorded, enrolments::shared_key_recorded),
    (Code::InvalidAuthority, revocations::invalid_authority),
    (Code::AuthorityStatusUnchanged, revocations::status_unchanged),
    (Code::RevocationInFuture, revocations::in_future),
];

/// The refusals at which wrong acts aim.
pub const AIMS: [Code; ALL.len()] = {
    let mut aims = [Code::Expired; ALL.len()];
    let mut index = 0;
    while index < ALL.len() {
        aims[index] = ALL[index].0;
        index += 1;
    }
    aims
};

/// Tries of [`next`] for a refusal whose conditions are given.
const TRIES: usize = 4;

/// An act that aims at some refusal.
pub(super) fn next(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    (0..TRIES).find_map(|_| {
        let (code, wrong) = hand.chance.pick(ALL)?;
        Some(wrong(hand, scene)?.aimed(*code))
    })
}

/// A deal code that nobody has given.
pub(super) fn unknown_deal(hand: &mut Hand, scene: &Scene<'_>) -> Option<DealCode> {
    let platform = hand.someone_of(scene, |_, _| true)?;
    DealCode::issue(DealKind::LandUseRight, &platform, 20_000, 1 + hand.chance.below(999_999) as u32).ok()
}

/// A letter that nobody has issued.
pub(super) fn unknown_letter(hand: &mut Hand, scene: &Scene<'_>) -> Option<GuaranteeId> {
    let guarantor = hand.someone_of(scene, |_, _| true)?;
    Some(GuaranteeId { guarantor, number: format!("none-{}", hand.number()).parse().ok()? })
}
