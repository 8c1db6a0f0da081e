//! Events as clients read them.

use ledger::event::{Event as LedgerEvent, Recorded};
use ledger::time::BlockTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::tender::Industry;
use super::{
    Amount, BidStatus, EndReason, ExcuseGround, ReleaseGround, RevocationReason, Role, SigningKind, TradeKind,
};

/// A fact that a block added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its name: height, a dot, and its number in the block from 0. Give it as `Last-Event-ID` to go on after it.
    #[schema(example = "17.0")]
    pub id: String,
    /// Height of the block.
    pub height: u64,
    /// Time of the block (RFC 3339).
    pub time: String,
    /// The transaction that caused it, in hexadecimal; null for what fell due by itself.
    pub transaction: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Event {
    /// Event number `number` of the block at `height`.
    pub fn new(height: u64, number: u32, time: BlockTime, recorded: Recorded) -> Self {
        Self {
            id: format!("{height}.{number}"),
            height,
            time: time.to_string(),
            transaction: recorded.transaction.map(|id| id.to_string()),
            kind: recorded.event.into(),
        }
    }
}

/// What happened; `event` says which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// An organisation was admitted.
    OrganisationRegistered {
        /// Which.
        organisation: String,
        /// By which centre.
        centre: String,
    },
    /// A notice was published.
    ListingPublished {
        /// The listing.
        listing: String,
        /// By whom.
        seller: String,
        /// When it opens (RFC 3339).
        opens_at: String,
        /// When it closes (RFC 3339).
        closes_at: String,
    },
    /// A listing opened for quotes.
    ListingOpened {
        /// The listing.
        listing: String,
    },
    /// A letter of guarantee was issued.
    GuaranteeIssued {
        /// The letter.
        guarantee: String,
        /// For which listing.
        listing: String,
        /// On whose behalf.
        applicant: String,
        /// How much.
        amount: Amount,
    },
    /// A bidder deposited its letter.
    BidderQualified {
        /// The listing.
        listing: String,
        /// Who.
        bidder: String,
        /// The letter.
        guarantee: String,
    },
    /// A quote was recorded.
    QuoteRecorded {
        /// The listing.
        listing: String,
        /// Who.
        bidder: String,
        /// How much.
        price: Amount,
        /// Number within the listing.
        number: u32,
    },
    /// Timed bidding began.
    TimedBiddingStarted {
        /// The listing.
        listing: String,
        /// Valid bidders.
        bidders: u32,
        /// When it ends unless extended (RFC 3339).
        ends_at: String,
    },
    /// A late quote extended timed bidding.
    TimedBiddingExtended {
        /// The listing.
        listing: String,
        /// The new end (RFC 3339).
        ends_at: String,
    },
    /// There is a winner.
    ListingConcluded {
        /// The listing.
        listing: String,
        /// The winner.
        winner: String,
        /// The price.
        price: Amount,
        /// Until when both sides must confirm (RFC 3339).
        confirm_by: String,
    },
    /// The listing ended without a winner, or without a contract.
    ListingEnded {
        /// The listing.
        listing: String,
        /// Why.
        reason: EndReason,
    },
    /// One side confirmed the deal.
    DealConfirmed {
        /// The listing.
        listing: String,
        /// Which side.
        by: String,
        /// Whether both have now confirmed.
        complete: bool,
    },
    /// The result was published.
    ResultPublished {
        /// The listing.
        listing: String,
        /// When publicity ends (RFC 3339).
        until: String,
    },
    /// Publicity ended.
    PublicityEnded {
        /// The listing.
        listing: String,
        /// Until when both sides must sign the contract (RFC 3339).
        contract_by: String,
    },
    /// One side signed the contract record.
    ContractSigned {
        /// The listing.
        listing: String,
        /// Which side.
        by: String,
        /// Whether both have now signed.
        complete: bool,
    },
    /// A letter was released.
    GuaranteeReleased {
        /// The letter.
        guarantee: String,
        /// Why.
        ground: ReleaseGround,
    },
    /// A letter's validity ended.
    GuaranteeExpired {
        /// The letter.
        guarantee: String,
    },
    /// The clock of a demonstration network was moved forward.
    ClockAdvanced {
        /// By how much, in milliseconds.
        by_ms: u64,
    },
    /// A member proposed a change, and approved it by that.
    ChangeProposed {
        /// The change.
        change: String,
        /// Which member.
        by: String,
        /// Until when it can be approved (RFC 3339).
        expires_at: String,
    },
    /// A member approved a change.
    ChangeApproved {
        /// The change.
        change: String,
        /// Which member.
        by: String,
    },
    /// A quorum of the members has approved a change.
    ChangeAdopted {
        /// The change.
        change: String,
        /// The first height under it.
        from: u64,
    },
    /// A change can no longer be approved.
    ChangeExpired {
        /// The change.
        change: String,
    },
    /// A centre became a member.
    MemberAdmitted {
        /// Its organisation.
        organisation: String,
        /// The first height it votes at.
        from: u64,
    },
    /// A centre ceased to be a member.
    MemberRemoved {
        /// Its organisation.
        organisation: String,
        /// The first height it does not vote at.
        from: u64,
    },
    /// A member's node got other keys.
    KeysRotated {
        /// Its organisation.
        organisation: String,
        /// The first height of the new keys.
        from: u64,
    },
    /// A rule pack came into force.
    RulesAdopted {
        /// Its version.
        version: u32,
        /// The kind of trade that it rules.
        kind: TradeKind,
    },
    /// It is proven that a validator signed twice.
    DoubleSigningRecorded {
        /// The record.
        double_signing: String,
        /// The voting key, in hexadecimal.
        accused: String,
        /// For which organisation it voted.
        organisation: String,
        /// At which height. The event's own `height` is that of the record.
        signed_height: u64,
        /// In which round.
        round: u32,
        /// What was signed twice.
        kind: SigningKind,
    },
    /// A certification authority is trusted, or its entry was amended.
    AuthorityTrusted {
        /// Which, in hexadecimal.
        authority: String,
        /// By whose votes, in hexadecimal.
        change: String,
    },
    /// Certificates of an authority do not count for now.
    AuthoritySuspended {
        /// Which, in hexadecimal.
        authority: String,
        /// By whose votes, in hexadecimal.
        change: String,
    },
    /// Certificates of an authority count again.
    AuthorityReinstated {
        /// Which, in hexadecimal.
        authority: String,
        /// By whose votes, in hexadecimal.
        change: String,
    },
    /// Certificates of an authority do no longer count.
    AuthorityRemoved {
        /// Which, in hexadecimal.
        authority: String,
        /// By whose votes, in hexadecimal.
        change: String,
    },
    /// An organisation enrolled with a certificate.
    OrganisationEnrolled {
        /// Which.
        organisation: String,
        /// The certificate, in hexadecimal.
        certificate: String,
        /// Who issued it, in hexadecimal.
        authority: String,
        /// Whether the ledger did not know the organisation before.
        first: bool,
    },
    /// A newer certificate gives an organisation another name.
    OrganisationRenamed {
        /// Which.
        organisation: String,
        /// The new name.
        name: String,
        /// The name before.
        former: String,
    },
    /// A centre admitted an organisation in a further role.
    RoleAdmitted {
        /// Which.
        organisation: String,
        /// The role.
        role: Role,
        /// By which centre.
        centre: String,
    },
    /// An organisation gave a key of its staff a mandate.
    StaffAppointed {
        /// Which.
        organisation: String,
        /// The key, in hexadecimal.
        key: String,
        /// The principal key that gave it, in hexadecimal.
        by: String,
    },
    /// An organisation took a key out of use.
    MandateRevoked {
        /// Which.
        organisation: String,
        /// The key, in hexadecimal.
        key: String,
    },
    /// A certificate was revoked or put on hold.
    CertificateRevoked {
        /// Which, in hexadecimal.
        certificate: String,
        /// Whose.
        organisation: String,
        /// From when on (RFC 3339).
        date: String,
        /// Why.
        reason: RevocationReason,
    },
    /// A certificate is no longer on hold.
    CertificateReleased {
        /// Which, in hexadecimal.
        certificate: String,
        /// Whose.
        organisation: String,
    },
    /// A revocation list was recorded.
    RevocationListRecorded {
        /// Whose, in hexadecimal.
        authority: String,
        /// When the authority issued it (RFC 3339).
        this_update: String,
        /// Certificates on it.
        entries: u32,
    },
    /// An authority answered that a certificate is good.
    CertificateChecked {
        /// Which, in hexadecimal.
        certificate: String,
        /// Of when the answer is (RFC 3339).
        this_update: String,
    },
    /// A quote was struck because its certificate was revoked with an earlier date.
    QuoteStruck {
        /// The listing.
        listing: String,
        /// Who.
        bidder: String,
        /// Number within the listing.
        number: u32,
        /// The certificate, in hexadecimal.
        certificate: String,
    },
    /// Something signed in a listing is questioned: its certificate was revoked with an earlier date.
    ListingQuestioned {
        /// The listing.
        listing: String,
        /// The certificate, in hexadecimal.
        certificate: String,
    },
    /// A letter is questioned: its certificate was revoked with an earlier date.
    GuaranteeQuestioned {
        /// The letter.
        guarantee: String,
        /// The certificate, in hexadecimal.
        certificate: String,
    },
    /// It is proven that two organisations share a key.
    SharedKeyRecorded {
        /// The record, in hexadecimal.
        shared_key: String,
        /// Who holds it on the ledger.
        holder: String,
        /// Who wanted to enrol with it.
        applicant: String,
    },
    /// An act was recorded although the revocation data of its certificate is too old.
    SignedWhileStale {
        /// Whose act.
        organisation: String,
        /// The certificate, in hexadecimal.
        certificate: String,
    },
    /// A member named the keys with which its node signs checkpoints.
    CosignerRegistered {
        /// Whose.
        organisation: String,
        /// Signs for the log, in hexadecimal.
        log_key: String,
        /// Cosigns, in hexadecimal.
        cosigning_key: String,
    },
    /// A project entered a centre.
    ProjectRegistered {
        /// Code of the project.
        project: String,
        /// Whose it is.
        organiser: String,
        /// The centre.
        centre: String,
    },
    /// A centre registered a seat key.
    SeatKeyRegistered {
        /// For which sealing epoch.
        epoch: u64,
        /// The centre.
        centre: String,
    },
    /// A sealing epoch began.
    SealingEpochBegan {
        /// Its number.
        epoch: u64,
        /// When it ends unless the members change before (RFC 3339).
        ends_at: String,
    },
    /// The committee of a sealing epoch formed.
    CommitteeFormed {
        /// The epoch.
        epoch: u64,
        /// How many seats it has.
        seats: u32,
        /// How many of them open a bid.
        needed: u32,
    },
    /// The notice of a tender was published.
    TenderPublished {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// Code of its project.
        project: String,
        /// By whom.
        organiser: String,
        /// The bid deadline (RFC 3339).
        closes_at: String,
        /// Epoch of the committee to which bids are sealed.
        committee: u64,
    },
    /// The documents of a tender were clarified or changed.
    TenderClarified {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// Number of the clarification.
        number: u32,
    },
    /// A bid deadline moved to a later time.
    DeadlineMoved {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The new deadline (RFC 3339).
        closes_at: String,
    },
    /// Somebody objected to the documents of a tender, which rests until the answer.
    ObjectionRaised {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// Number of the objection.
        number: u32,
        /// Who.
        by: String,
        /// Until when it must be answered (RFC 3339).
        answer_by: String,
    },
    /// The organiser answered an objection.
    ObjectionAnswered {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// Number of the objection.
        number: u32,
        /// Whether the legal period had run out.
        late: bool,
    },
    /// A centre registered a key for admission stamps.
    StampKeyRegistered {
        /// The centre.
        centre: String,
        /// Its number among the issuers.
        issuer: u16,
        /// For which quarter: four times the year and the number of the quarter in it, from 0.
        quarter: u16,
    },
    /// Somebody submitted a sealed bid.
    BidSubmitted {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// Id of the bid, in hexadecimal.
        bid: String,
        /// Id of the bid whose place it takes, in hexadecimal.
        replaces: Option<String>,
    },
    /// Somebody withdrew a sealed bid.
    BidWithdrawn {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// Id of the bid, in hexadecimal.
        bid: String,
    },
    /// Too few bids came, so that nothing is opened.
    TenderFailed {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// How many came.
        bids: u32,
    },
    /// The list of bids is fixed, and seats open them.
    OpeningBegan {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// How many bids are on the list.
        bids: u32,
        /// In how many chunks.
        chunks: u32,
    },
    /// A seat gave its shares of a chunk.
    SharesGiven {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The chunk.
        chunk: u32,
        /// The seat.
        seat: u8,
    },
    /// A bid was opened, or a later one of the same bidder took its place.
    BidOpened {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// Id of the bid, in hexadecimal.
        bid: String,
        /// What it is worth.
        status: BidStatus,
    },
    /// All bids of a tender are open.
    TenderOpened {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// How many bids were on the list.
        bids: u32,
        /// How many of them count.
        valid: u32,
        /// Whether some were opened by their bidders, because seats were missing.
        by_bidders: bool,
    },
    /// Seats have given no shares of a chunk that could not be opened in time.
    SharesMissing {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The chunk.
        chunk: u32,
        /// Whose seats.
        centres: Vec<String>,
    },
    /// Too few seats have given shares in time.
    OpeningStalled {
        /// Id of the tender, in hexadecimal.
        tender: String,
    },
    /// A tender is void, because its bids could not be opened.
    TenderAnnulled {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// How many bids stay sealed.
        unopened: u32,
    },
    /// A centre entered experts in the pool.
    ExpertsEntered {
        /// Credit code of the centre.
        centre: String,
        /// What they know about.
        industry: Industry,
        /// How many.
        count: u32,
    },
    /// Experts were drawn for the panel of a tender.
    PanelDrawn {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// From which pool.
        industry: Industry,
        /// Their numbers in the pool, in the order of the draw.
        experts: Vec<u32>,
        /// How many are missing, because the pool is empty.
        missing: u32,
    },
    /// An expert left a panel.
    ExpertExcused {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The seat.
        seat: u32,
        /// Why.
        ground: ExcuseGround,
    },
    /// A member of a panel committed to its scores.
    ScoresCommitted {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The seat.
        seat: u32,
    },
    /// A member of a panel revealed its scores.
    ScoresRevealed {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The seat.
        seat: u32,
    },
    /// The ranking was computed, and the candidates are on display.
    CandidatesOnDisplay {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// How many lots have candidates.
        lots: u32,
        /// How many bids the panel rejected.
        rejected: u32,
        /// Until when they are on display (RFC 3339).
        until: String,
    },
    /// The panel rejected all bids.
    AllBidsRejected {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// How many.
        rejected: u32,
    },
    /// It is known who sat on a seat of a panel.
    ExpertNamed {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The seat.
        seat: u32,
        /// The name.
        name: String,
    },
    /// A member of a panel had an interest: the evaluation is void, and done anew.
    EvaluationVoid {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The seat.
        seat: u32,
    },
    /// The candidates have been on display long enough.
    DisplayEnded {
        /// Id of the tender, in hexadecimal.
        tender: String,
    },
    /// A lot was awarded.
    LotAwarded {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The lot.
        lot: u32,
        /// Credit code of the winner.
        winner: String,
        /// At which price.
        price: Amount,
        /// Until when the contract must be signed (RFC 3339).
        contract_by: String,
    },
    /// No contract was signed in time, and the award is lost.
    AwardLapsed {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The lot.
        lot: u32,
        /// Credit code of whose it was.
        winner: String,
    },
    /// A side signed the contract of a lot.
    LotContractSigned {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// The lot.
        lot: u32,
        /// Credit code of who signed.
        by: String,
        /// Whether both have.
        complete: bool,
    },
    /// No lot of a tender is left without contract or end.
    TenderEnded {
        /// Id of the tender, in hexadecimal.
        tender: String,
        /// As what.
        stage: String,
    },
}

impl EventKind {
    /// Its name, as `event` has it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OrganisationRegistered { .. } => "organisation_registered",
            Self::ListingPublished { .. } => "listing_published",
            Self::ListingOpened { .. } => "listing_opened",
            Self::GuaranteeIssued { .. } => "guarantee_issued",
            Self::BidderQualified { .. } => "bidder_qualified",
            Self::QuoteRecorded { .. } => "quote_recorded",
            Self::TimedBiddingStarted { .. } => "timed_bidding_started",
            Self::TimedBiddingExtended { .. } => "timed_bidding_extended",
            Self::ListingConcluded { .. } => "listing_concluded",
            Self::ListingEnded { .. } => "listing_ended",
            Self::DealConfirmed { .. } => "deal_confirmed",
            Self::ResultPublished { .. } => "result_published",
            Self::PublicityEnded { .. } => "publicity_ended",
            Self::ContractSigned { .. } => "contract_signed",
            Self::GuaranteeReleased { .. } => "guarantee_released",
            Self::GuaranteeExpired { .. } => "guarantee_expired",
            Self::ClockAdvanced { .. } => "clock_advanced",
            Self::ChangeProposed { .. } => "change_proposed",
            Self::ChangeApproved { .. } => "change_approved",
            Self::ChangeAdopted { .. } => "change_adopted",
            Self::ChangeExpired { .. } => "change_expired",
            Self::MemberAdmitted { .. } => "member_admitted",
            Self::MemberRemoved { .. } => "member_removed",
            Self::KeysRotated { .. } => "keys_rotated",
            Self::RulesAdopted { .. } => "rules_adopted",
            Self::DoubleSigningRecorded { .. } => "double_signing_recorded",
            Self::AuthorityTrusted { .. } => "authority_trusted",
            Self::AuthoritySuspended { .. } => "authority_suspended",
            Self::AuthorityReinstated { .. } => "authority_reinstated",
            Self::AuthorityRemoved { .. } => "authority_removed",
            Self::OrganisationEnrolled { .. } => "organisation_enrolled",
            Self::OrganisationRenamed { .. } => "organisation_renamed",
            Self::RoleAdmitted { .. } => "role_admitted",
            Self::StaffAppointed { .. } => "staff_appointed",
            Self::MandateRevoked { .. } => "mandate_revoked",
            Self::CertificateRevoked { .. } => "certificate_revoked",
            Self::CertificateReleased { .. } => "certificate_released",
            Self::RevocationListRecorded { .. } => "revocation_list_recorded",
            Self::CertificateChecked { .. } => "certificate_checked",
            Self::QuoteStruck { .. } => "quote_struck",
            Self::ListingQuestioned { .. } => "listing_questioned",
            Self::GuaranteeQuestioned { .. } => "guarantee_questioned",
            Self::SharedKeyRecorded { .. } => "shared_key_recorded",
            Self::SignedWhileStale { .. } => "signed_while_stale",
            Self::CosignerRegistered { .. } => "cosigner_registered",
            Self::ProjectRegistered { .. } => "project_registered",
            Self::SeatKeyRegistered { .. } => "seat_key_registered",
            Self::SealingEpochBegan { .. } => "sealing_epoch_began",
            Self::CommitteeFormed { .. } => "committee_formed",
            Self::TenderPublished { .. } => "tender_published",
            Self::TenderClarified { .. } => "tender_clarified",
            Self::DeadlineMoved { .. } => "deadline_moved",
            Self::ObjectionRaised { .. } => "objection_raised",
            Self::ObjectionAnswered { .. } => "objection_answered",
            Self::StampKeyRegistered { .. } => "stamp_key_registered",
            Self::BidSubmitted { .. } => "bid_submitted",
            Self::BidWithdrawn { .. } => "bid_withdrawn",
            Self::TenderFailed { .. } => "tender_failed",
            Self::OpeningBegan { .. } => "opening_began",
            Self::SharesGiven { .. } => "shares_given",
            Self::BidOpened { .. } => "bid_opened",
            Self::TenderOpened { .. } => "tender_opened",
            Self::SharesMissing { .. } => "shares_missing",
            Self::OpeningStalled { .. } => "opening_stalled",
            Self::TenderAnnulled { .. } => "tender_annulled",
            Self::ExpertsEntered { .. } => "experts_entered",
            Self::PanelDrawn { .. } => "panel_drawn",
            Self::ExpertExcused { .. } => "expert_excused",
            Self::ScoresCommitted { .. } => "scores_committed",
            Self::ScoresRevealed { .. } => "scores_revealed",
            Self::CandidatesOnDisplay { .. } => "candidates_on_display",
            Self::AllBidsRejected { .. } => "all_bids_rejected",
            Self::ExpertNamed { .. } => "expert_named",
            Self::EvaluationVoid { .. } => "evaluation_void",
            Self::DisplayEnded { .. } => "display_ended",
            Self::LotAwarded { .. } => "lot_awarded",
            Self::AwardLapsed { .. } => "award_lapsed",
            Self::LotContractSigned { .. } => "lot_contract_signed",
            Self::TenderEnded { .. } => "tender_ended",
        }
    }
}

impl From<LedgerEvent> for EventKind {
    fn from(event: LedgerEvent) -> Self {
        use LedgerEvent as E;
        let text = |value: &dyn ToString| value.to_string();
        match event {
            E::OrganisationRegistered { organisation, centre } => {
                Self::OrganisationRegistered { organisation: text(&organisation), centre: text(&centre) }
            }
            E::ListingPublished { listing, seller, opens_at, closes_at } => Self::ListingPublished {
                listing: text(&listing),
                seller: text(&seller),
                opens_at: text(&opens_at),
                closes_at: text(&closes_at),
            },
            E::ListingOpened { listing } => Self::ListingOpened { listing: text(&listing) },
            E::GuaranteeIssued { guarantee, listing, applicant, amount } => Self::GuaranteeIssued {
                guarantee: text(&guarantee),
                listing: text(&listing),
                applicant: text(&applicant),
                amount: amount.into(),
            },
            E::BidderQualified { listing, bidder, guarantee } => Self::BidderQualified {
                listing: text(&listing),
                bidder: text(&bidder),
                guarantee: text(&guarantee),
            },
            E::QuoteRecorded { listing, bidder, price, number } => Self::QuoteRecorded {
                listing: text(&listing),
                bidder: text(&bidder),
                price: price.into(),
                number,
            },
            E::TimedBiddingStarted { listing, bidders, ends_at } => {
                Self::TimedBiddingStarted { listing: text(&listing), bidders, ends_at: text(&ends_at) }
            }
            E::TimedBiddingExtended { listing, ends_at } => {
                Self::TimedBiddingExtended { listing: text(&listing), ends_at: text(&ends_at) }
            }
            E::ListingConcluded { listing, winner, price, confirm_by } => Self::ListingConcluded {
                listing: text(&listing),
                winner: text(&winner),
                price: price.into(),
                confirm_by: text(&confirm_by),
            },
            E::ListingEnded { listing, reason } => {
                Self::ListingEnded { listing: text(&listing), reason: reason.into() }
            }
            E::DealConfirmed { listing, by, complete } => {
                Self::DealConfirmed { listing: text(&listing), by: text(&by), complete }
            }
            E::ResultPublished { listing, until } => {
                Self::ResultPublished { listing: text(&listing), until: text(&until) }
            }
            E::PublicityEnded { listing, contract_by } => {
                Self::PublicityEnded { listing: text(&listing), contract_by: text(&contract_by) }
            }
            E::ContractSigned { listing, by, complete } => {
                Self::ContractSigned { listing: text(&listing), by: text(&by), complete }
            }
            E::GuaranteeReleased { guarantee, ground } => {
                Self::GuaranteeReleased { guarantee: text(&guarantee), ground: ground.into() }
            }
            E::GuaranteeExpired { guarantee } => Self::GuaranteeExpired { guarantee: text(&guarantee) },
            E::ClockAdvanced { by } => Self::ClockAdvanced { by_ms: by.as_millis() },
            E::ChangeProposed { change, by, expires_at } => {
                Self::ChangeProposed { change: text(&change), by: text(&by), expires_at: text(&expires_at) }
            }
            E::ChangeApproved { change, by } => Self::ChangeApproved { change: text(&change), by: text(&by) },
            E::ChangeAdopted { change, from } => {
                Self::ChangeAdopted { change: text(&change), from: from.get() }
            }
            E::ChangeExpired { change } => Self::ChangeExpired { change: text(&change) },
            E::MemberAdmitted { organisation, from } => {
                Self::MemberAdmitted { organisation: text(&organisation), from: from.get() }
            }
            E::MemberRemoved { organisation, from } => {
                Self::MemberRemoved { organisation: text(&organisation), from: from.get() }
            }
            E::KeysRotated { organisation, from } => {
                Self::KeysRotated { organisation: text(&organisation), from: from.get() }
            }
            E::RulesAdopted { version, kind } => Self::RulesAdopted { version, kind: kind.into() },
            E::DoubleSigningRecorded { double_signing, accused, organisation, height, round, kind } => {
                Self::DoubleSigningRecorded {
                    double_signing: text(&double_signing),
                    accused: text(&accused),
                    organisation: text(&organisation),
                    signed_height: height.get(),
                    round,
                    kind: kind.into(),
                }
            }
            E::AuthorityTrusted { authority, change } => {
                Self::AuthorityTrusted { authority: text(&authority), change: text(&change) }
            }
            E::AuthoritySuspended { authority, change } => {
                Self::AuthoritySuspended { authority: text(&authority), change: text(&change) }
            }
            E::AuthorityReinstated { authority, change } => {
                Self::AuthorityReinstated { authority: text(&authority), change: text(&change) }
            }
            E::AuthorityRemoved { authority, change } => {
                Self::AuthorityRemoved { authority: text(&authority), change: text(&change) }
            }
            E::OrganisationEnrolled { organisation, certificate, authority, first } => {
                Self::OrganisationEnrolled {
                    organisation: text(&organisation),
                    certificate: text(&certificate),
                    authority: text(&authority),
                    first,
                }
            }
            E::OrganisationRenamed { organisation, name, former } => Self::OrganisationRenamed {
                organisation: text(&organisation),
                name: text(&name),
                former: text(&former),
            },
            E::RoleAdmitted { organisation, role, centre } => Self::RoleAdmitted {
                organisation: text(&organisation),
                role: role.into(),
                centre: text(&centre),
            },
            E::StaffAppointed { organisation, key, by } => {
                Self::StaffAppointed { organisation: text(&organisation), key: text(&key), by: text(&by) }
            }
            E::MandateRevoked { organisation, key } => {
                Self::MandateRevoked { organisation: text(&organisation), key: text(&key) }
            }
            E::CertificateRevoked { certificate, organisation, date, reason } => Self::CertificateRevoked {
                certificate: text(&certificate),
                organisation: text(&organisation),
                date: text(&date),
                reason: reason.into(),
            },
            E::CertificateReleased { certificate, organisation } => Self::CertificateReleased {
                certificate: text(&certificate),
                organisation: text(&organisation),
            },
            E::RevocationListRecorded { authority, this_update, entries } => Self::RevocationListRecorded {
                authority: text(&authority),
                this_update: text(&this_update),
                entries,
            },
            E::CertificateChecked { certificate, this_update } => {
                Self::CertificateChecked { certificate: text(&certificate), this_update: text(&this_update) }
            }
            E::QuoteStruck { listing, bidder, number, certificate } => Self::QuoteStruck {
                listing: text(&listing),
                bidder: text(&bidder),
                number,
                certificate: text(&certificate),
            },
            E::ListingQuestioned { listing, certificate } => {
                Self::ListingQuestioned { listing: text(&listing), certificate: text(&certificate) }
            }
            E::GuaranteeQuestioned { guarantee, certificate } => {
                Self::GuaranteeQuestioned { guarantee: text(&guarantee), certificate: text(&certificate) }
            }
            E::SharedKeyRecorded { shared_key, holder, applicant } => Self::SharedKeyRecorded {
                shared_key: text(&shared_key),
                holder: text(&holder),
                applicant: text(&applicant),
            },
            E::SignedWhileStale { organisation, certificate } => {
                Self::SignedWhileStale { organisation: text(&organisation), certificate: text(&certificate) }
            }
            E::CosignerRegistered { organisation, log_key, cosigning_key } => Self::CosignerRegistered {
                organisation: text(&organisation),
                log_key: text(&log_key),
                cosigning_key: text(&cosigning_key),
            },
            E::ProjectRegistered { project, organiser, centre } => Self::ProjectRegistered {
                project: text(&project),
                organiser: text(&organiser),
                centre: text(&centre),
            },
            E::SeatKeyRegistered { epoch, centre } => {
                Self::SeatKeyRegistered { epoch, centre: text(&centre) }
            }
            E::SealingEpochBegan { epoch, ends_at } => {
                Self::SealingEpochBegan { epoch, ends_at: text(&ends_at) }
            }
            E::CommitteeFormed { epoch, seats, needed } => Self::CommitteeFormed { epoch, seats, needed },
            E::TenderPublished { tender, project, organiser, closes_at, committee } => {
                Self::TenderPublished {
                    tender: text(&tender),
                    project: text(&project),
                    organiser: text(&organiser),
                    closes_at: text(&closes_at),
                    committee,
                }
            }
            E::TenderClarified { tender, number } => Self::TenderClarified { tender: text(&tender), number },
            E::DeadlineMoved { tender, closes_at } => {
                Self::DeadlineMoved { tender: text(&tender), closes_at: text(&closes_at) }
            }
            E::ObjectionRaised { tender, number, by, answer_by } => Self::ObjectionRaised {
                tender: text(&tender),
                number,
                by: text(&by),
                answer_by: text(&answer_by),
            },
            E::ObjectionAnswered { tender, number, late } => {
                Self::ObjectionAnswered { tender: text(&tender), number, late }
            }
            E::StampKeyRegistered { centre, issuer, period } => {
                Self::StampKeyRegistered { centre: text(&centre), issuer, quarter: period }
            }
            E::BidSubmitted { tender, bid, replaces } => Self::BidSubmitted {
                tender: text(&tender),
                bid: text(&bid),
                replaces: replaces.map(|bid| text(&bid)),
            },
            E::BidWithdrawn { tender, bid } => Self::BidWithdrawn { tender: text(&tender), bid: text(&bid) },
            E::TenderFailed { tender, bids } => Self::TenderFailed { tender: text(&tender), bids },
            E::OpeningBegan { tender, bids, chunks } => {
                Self::OpeningBegan { tender: text(&tender), bids, chunks }
            }
            E::SharesGiven { tender, chunk, seat } => {
                Self::SharesGiven { tender: text(&tender), chunk, seat }
            }
            E::BidOpened { tender, bid, status } => {
                Self::BidOpened { tender: text(&tender), bid: text(&bid), status: status.into() }
            }
            E::TenderOpened { tender, bids, valid, by_bidders } => {
                Self::TenderOpened { tender: text(&tender), bids, valid, by_bidders }
            }
            E::SharesMissing { tender, chunk, centres } => Self::SharesMissing {
                tender: text(&tender),
                chunk,
                centres: centres.iter().map(|centre| text(centre)).collect(),
            },
            E::OpeningStalled { tender } => Self::OpeningStalled { tender: text(&tender) },
            E::TenderAnnulled { tender, unopened } => {
                Self::TenderAnnulled { tender: text(&tender), unopened }
            }
            E::ExpertsEntered { centre, industry, count } => {
                Self::ExpertsEntered { centre: text(&centre), industry: industry.into(), count }
            }
            E::PanelDrawn { tender, industry, experts, missing } => {
                Self::PanelDrawn { tender: text(&tender), industry: industry.into(), experts, missing }
            }
            E::ExpertExcused { tender, seat, ground } => {
                Self::ExpertExcused { tender: text(&tender), seat, ground: ground.into() }
            }
            E::ScoresCommitted { tender, seat } => Self::ScoresCommitted { tender: text(&tender), seat },
            E::ScoresRevealed { tender, seat } => Self::ScoresRevealed { tender: text(&tender), seat },
            E::CandidatesOnDisplay { tender, lots, rejected, until } => {
                Self::CandidatesOnDisplay { tender: text(&tender), lots, rejected, until: text(&until) }
            }
            E::AllBidsRejected { tender, rejected } => {
                Self::AllBidsRejected { tender: text(&tender), rejected }
            }
            E::ExpertNamed { tender, seat, name } => {
                Self::ExpertNamed { tender: text(&tender), seat, name: text(&name) }
            }
            E::EvaluationVoid { tender, seat } => Self::EvaluationVoid { tender: text(&tender), seat },
            E::DisplayEnded { tender } => Self::DisplayEnded { tender: text(&tender) },
            E::LotAwarded { tender, lot, winner, price, contract_by } => Self::LotAwarded {
                tender: text(&tender),
                lot,
                winner: text(&winner),
                price: price.into(),
                contract_by: text(&contract_by),
            },
            E::AwardLapsed { tender, lot, winner } => {
                Self::AwardLapsed { tender: text(&tender), lot, winner: text(&winner) }
            }
            E::LotContractSigned { tender, lot, by, complete } => {
                Self::LotContractSigned { tender: text(&tender), lot, by: text(&by), complete }
            }
            E::TenderEnded { tender, stage } => {
                Self::TenderEnded { tender: text(&tender), stage: stage.name().to_owned() }
            }
        }
    }
}
