//! One way, or several, to earn each refusal.

mod bids;
mod changes;
mod deals;
mod envelope;
mod evidence;
mod letters;
mod notices;
mod packs;
mod parties;

use ledger::id::{DealCode, DealKind, GuaranteeId};

use super::draw::Draw;
use super::hand::{Hand, Scene};
use crate::auditor::code::Code;

/// Draws an act that earns a refusal, if what it needs is there.
type Wrong = fn(&mut Hand, &Scene<'_>) -> Option<Draw>;

/// Every refusal that can be provoked. Missing are `quote_currency` (there is one currency), `rule_missing` (a
/// pack that lacks a rule is refused), `deal_sequence_used_up` (999,999 deals of one centre in a day),
/// `too_many_members` (128 nodes) and `last_member` (a network of one, where this workload keeps four).
const ALL: &[(Code, Wrong)] = &[
    (Code::Expired, envelope::expired),
    (Code::ExpiryTooFar, envelope::expiry_too_far),
    (Code::AlreadyRecorded, envelope::again),
    (Code::UnknownKey, envelope::unknown_key),
    (Code::RoleNotPermitted, envelope::role_not_permitted),
    (Code::InvalidRoles, parties::invalid_roles),
    (Code::InvalidKeys, parties::invalid_keys),
    (Code::OrganisationExists, parties::organisation_exists),
    (Code::KeyInUse, parties::key_in_use),
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
];

/// The refusals at which wrong acts aim, each once.
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
