//! Which events a client wants.

use ledger::id::GuaranteeId;
use ledger::record::guarantee::Guarantee;
use ledger::state::keys::GuaranteeKey;

use crate::api::problem::Fault;
use crate::api::schema::{Event, EventKind};
use crate::api::view::View;

/// Both conditions must hold; a missing one always does.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    pub(super) listing: Option<String>,
    pub(super) organisation: Option<String>,
    pub(super) tender: Option<String>,
}

/// What an event is about.
#[derive(Default)]
struct Subject<'a> {
    listing: Option<&'a str>,
    guarantee: Option<&'a str>,
    organisations: [Option<&'a str>; 2],
}

impl Filter {
    /// Whether everything passes.
    pub(super) const fn is_open(&self) -> bool {
        self.listing.is_none() && self.organisation.is_none() && self.tender.is_none()
    }

    /// Whether an event passes. Of a letter, the ledger is asked whose it is and for which listing.
    pub(super) fn passes(&self, event: &Event, view: &View<'_>) -> Result<bool, Fault> {
        if self.is_open() {
            return Ok(true);
        }
        if self.tender.is_some() && self.tender.as_deref() != tender(&event.kind) {
            return Ok(false);
        }
        let subject = subject(&event.kind);
        let letter = match subject.guarantee.and_then(|id| id.parse::<GuaranteeId>().ok()) {
            Some(id) => view.get(&GuaranteeKey(&id))?,
            None => None,
        };
        Ok(self.is_listing(&subject, letter.as_ref()) && self.names(&subject, letter.as_ref()))
    }

    fn is_listing(&self, subject: &Subject<'_>, letter: Option<&Guarantee>) -> bool {
        let Some(wanted) = &self.listing else { return true };
        subject.listing == Some(wanted) || letter.is_some_and(|letter| letter.listing.as_str() == wanted)
    }

    fn names(&self, subject: &Subject<'_>, letter: Option<&Guarantee>) -> bool {
        let Some(wanted) = &self.organisation else { return true };
        let party = |letter: &Guarantee| {
            [&letter.id.guarantor, &letter.applicant, &letter.beneficiary]
                .iter()
                .any(|code| code.as_str() == wanted)
        };
        subject.organisations.contains(&Some(wanted)) || letter.is_some_and(party)
    }
}

/// The tender that an event is about.
fn tender(kind: &EventKind) -> Option<&str> {
    use EventKind as K;
    match kind {
        K::TenderPublished { tender, .. }
        | K::TenderClarified { tender, .. }
        | K::DeadlineMoved { tender, .. }
        | K::ObjectionRaised { tender, .. }
        | K::ObjectionAnswered { tender, .. }
        | K::BidSubmitted { tender, .. }
        | K::BidWithdrawn { tender, .. }
        | K::TenderFailed { tender, .. }
        | K::OpeningBegan { tender, .. }
        | K::SharesGiven { tender, .. }
        | K::BidOpened { tender, .. }
        | K::TenderOpened { tender, .. }
        | K::SharesMissing { tender, .. }
        | K::OpeningStalled { tender, .. }
        | K::TenderAnnulled { tender, .. }
        | K::PanelDrawn { tender, .. }
        | K::ExpertExcused { tender, .. }
        | K::ScoresCommitted { tender, .. }
        | K::ScoresRevealed { tender, .. }
        | K::CandidatesOnDisplay { tender, .. }
        | K::AllBidsRejected { tender, .. }
        | K::ExpertNamed { tender, .. }
        | K::EvaluationVoid { tender, .. }
        | K::DisplayEnded { tender, .. }
        | K::LotAwarded { tender, .. }
        | K::AwardLapsed { tender, .. }
        | K::LotContractSigned { tender, .. }
        | K::TenderEnded { tender, .. } => Some(tender),
        _ => None,
    }
}

fn subject(kind: &EventKind) -> Subject<'_> {
    use EventKind as K;
    let about = |listing, organisation| Subject {
        listing: Some(listing),
        organisations: [organisation, None],
        ..Subject::default()
    };
    match kind {
        K::OrganisationRegistered { organisation, centre } => {
            Subject { organisations: [Some(organisation), Some(centre)], ..Subject::default() }
        }
        K::ListingPublished { listing, seller, .. } => about(listing, Some(seller)),
        K::GuaranteeIssued { listing, guarantee, applicant, .. } => {
            Subject { guarantee: Some(guarantee), ..about(listing, Some(applicant)) }
        }
        K::BidderQualified { listing, bidder, guarantee } => {
            Subject { guarantee: Some(guarantee), ..about(listing, Some(bidder)) }
        }
        K::QuoteRecorded { listing, bidder, .. } => about(listing, Some(bidder)),
        K::ListingConcluded { listing, winner, .. } => about(listing, Some(winner)),
        K::LotAwarded { winner: party, .. }
        | K::AwardLapsed { winner: party, .. }
        | K::LotContractSigned { by: party, .. }
        | K::ExpertsEntered { centre: party, .. } => {
            Subject { organisations: [Some(party), None], ..Subject::default() }
        }
        K::DealConfirmed { listing, by, .. } | K::ContractSigned { listing, by, .. } => {
            about(listing, Some(by))
        }
        K::ListingOpened { listing }
        | K::TimedBiddingStarted { listing, .. }
        | K::TimedBiddingExtended { listing, .. }
        | K::ListingEnded { listing, .. }
        | K::ResultPublished { listing, .. }
        | K::PublicityEnded { listing, .. } => about(listing, None),
        K::GuaranteeReleased { guarantee, .. } | K::GuaranteeExpired { guarantee } => {
            Subject { guarantee: Some(guarantee), ..Subject::default() }
        }
        K::ChangeProposed { by, .. } | K::ChangeApproved { by, .. } => {
            Subject { organisations: [Some(by), None], ..Subject::default() }
        }
        K::MemberAdmitted { organisation, .. }
        | K::MemberRemoved { organisation, .. }
        | K::KeysRotated { organisation, .. }
        | K::DoubleSigningRecorded { organisation, .. } => {
            Subject { organisations: [Some(organisation), None], ..Subject::default() }
        }
        K::OrganisationEnrolled { organisation, .. }
        | K::OrganisationRenamed { organisation, .. }
        | K::StaffAppointed { organisation, .. }
        | K::MandateRevoked { organisation, .. }
        | K::CertificateRevoked { organisation, .. }
        | K::CertificateReleased { organisation, .. }
        | K::SignedWhileStale { organisation, .. }
        | K::CosignerRegistered { organisation, .. } => {
            Subject { organisations: [Some(organisation), None], ..Subject::default() }
        }
        K::RoleAdmitted { organisation, centre, .. } => {
            Subject { organisations: [Some(organisation), Some(centre)], ..Subject::default() }
        }
        K::SharedKeyRecorded { holder, applicant, .. } => {
            Subject { organisations: [Some(holder), Some(applicant)], ..Subject::default() }
        }
        K::QuoteStruck { listing, bidder, .. } => about(listing, Some(bidder)),
        K::ListingQuestioned { listing, .. } => about(listing, None),
        K::GuaranteeQuestioned { guarantee, .. } => {
            Subject { guarantee: Some(guarantee), ..Subject::default() }
        }
        K::ProjectRegistered { organiser, centre, .. } => {
            Subject { organisations: [Some(organiser), Some(centre)], ..Subject::default() }
        }
        K::SeatKeyRegistered { centre: one, .. }
        | K::StampKeyRegistered { centre: one, .. }
        | K::TenderPublished { organiser: one, .. }
        | K::ObjectionRaised { by: one, .. } => {
            Subject { organisations: [Some(one), None], ..Subject::default() }
        }
        K::ClockAdvanced { .. }
        | K::AuthorityTrusted { .. }
        | K::AuthoritySuspended { .. }
        | K::AuthorityReinstated { .. }
        | K::AuthorityRemoved { .. }
        | K::RevocationListRecorded { .. }
        | K::CertificateChecked { .. }
        | K::SealingEpochBegan { .. }
        | K::CommitteeFormed { .. }
        | K::TenderClarified { .. }
        | K::DeadlineMoved { .. }
        | K::ObjectionAnswered { .. }
        | K::BidSubmitted { .. }
        | K::BidWithdrawn { .. }
        | K::TenderFailed { .. }
        | K::OpeningBegan { .. }
        | K::SharesGiven { .. }
        | K::BidOpened { .. }
        | K::TenderOpened { .. }
        | K::SharesMissing { .. }
        | K::OpeningStalled { .. }
        | K::TenderAnnulled { .. }
        | K::PanelDrawn { .. }
        | K::ExpertExcused { .. }
        | K::ScoresCommitted { .. }
        | K::ScoresRevealed { .. }
        | K::CandidatesOnDisplay { .. }
        | K::AllBidsRejected { .. }
        | K::ExpertNamed { .. }
        | K::EvaluationVoid { .. }
        | K::DisplayEnded { .. }
        | K::TenderEnded { .. }
        | K::ChangeAdopted { .. }
        | K::ChangeExpired { .. }
        | K::RulesAdopted { .. } => Subject::default(),
    }
}
