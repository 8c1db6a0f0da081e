//! What happened: the facts a block adds, in the order in which they came about.

use minicbor::{Decode, Encode};

use crate::amount::Amount;
use crate::codec::Title;
use crate::crypto::PublicKey;
use crate::evidence::SigningKind;
use crate::id::{
    AuthorityId, BidId, CertificateId, ChangeId, CreditCode, DealCode, DoubleSigningId, GuaranteeId, Height,
    ProjectCode, SharedKeyId, TenderId,
};
use crate::record::bid::BidStatus;
use crate::record::certificate::RevocationReason;
use crate::record::evaluation::ExcuseGround;
use crate::record::guarantee::ReleaseGround;
use crate::record::listing::EndReason;
use crate::record::organisation::Role;
use crate::record::project::Industry;
use crate::record::tender::TenderStage;
use crate::rule::TradeKind;
use crate::time::{BlockTime, Span};
use crate::transaction;

/// An event and the transaction that caused it; `None` for what fell due by itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Recorded {
    /// The cause.
    #[n(0)]
    pub transaction: Option<transaction::Id>,
    /// What happened.
    #[n(1)]
    pub event: Event,
}

/// One fact.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Event {
    /// An organisation was admitted.
    #[n(1)]
    OrganisationRegistered {
        /// Which.
        #[n(0)]
        organisation: CreditCode,
        /// By which centre.
        #[n(1)]
        centre: CreditCode,
    },
    /// A notice was published.
    #[n(2)]
    ListingPublished {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// By whom.
        #[n(1)]
        seller: CreditCode,
        /// When it opens.
        #[n(2)]
        opens_at: BlockTime,
        /// When it closes.
        #[n(3)]
        closes_at: BlockTime,
    },
    /// A listing opened for quotes.
    #[n(3)]
    ListingOpened {
        /// The listing.
        #[n(0)]
        listing: DealCode,
    },
    /// A letter of guarantee was issued.
    #[n(4)]
    GuaranteeIssued {
        /// The letter.
        #[n(0)]
        guarantee: GuaranteeId,
        /// For which listing.
        #[n(1)]
        listing: DealCode,
        /// On whose behalf.
        #[n(2)]
        applicant: CreditCode,
        /// How much.
        #[n(3)]
        amount: Amount,
    },
    /// A bidder deposited its letter.
    #[n(5)]
    BidderQualified {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// Who.
        #[n(1)]
        bidder: CreditCode,
        /// The letter.
        #[n(2)]
        guarantee: GuaranteeId,
    },
    /// A quote was recorded.
    #[n(6)]
    QuoteRecorded {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// Who.
        #[n(1)]
        bidder: CreditCode,
        /// How much.
        #[n(2)]
        price: Amount,
        /// Number within the listing.
        #[n(3)]
        number: u32,
    },
    /// Timed bidding began.
    #[n(7)]
    TimedBiddingStarted {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// Valid bidders.
        #[n(1)]
        bidders: u32,
        /// When it ends unless extended.
        #[n(2)]
        ends_at: BlockTime,
    },
    /// A late quote extended timed bidding.
    #[n(8)]
    TimedBiddingExtended {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// The new end.
        #[n(1)]
        ends_at: BlockTime,
    },
    /// There is a winner.
    #[n(9)]
    ListingConcluded {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// The winner.
        #[n(1)]
        winner: CreditCode,
        /// The price.
        #[n(2)]
        price: Amount,
        /// Until when both sides must confirm.
        #[n(3)]
        confirm_by: BlockTime,
    },
    /// The listing ended without a winner, or without a contract.
    #[n(10)]
    ListingEnded {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// Why.
        #[n(1)]
        reason: EndReason,
    },
    /// One side confirmed the deal.
    #[n(11)]
    DealConfirmed {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// Which side.
        #[n(1)]
        by: CreditCode,
        /// Whether both have now confirmed.
        #[n(2)]
        complete: bool,
    },
    /// The result was published.
    #[n(12)]
    ResultPublished {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// When publicity ends.
        #[n(1)]
        until: BlockTime,
    },
    /// Publicity ended.
    #[n(13)]
    PublicityEnded {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// Until when both sides must sign the contract.
        #[n(1)]
        contract_by: BlockTime,
    },
    /// One side signed the contract record.
    #[n(14)]
    ContractSigned {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// Which side.
        #[n(1)]
        by: CreditCode,
        /// Whether both have now signed.
        #[n(2)]
        complete: bool,
    },
    /// A letter was released.
    #[n(15)]
    GuaranteeReleased {
        /// The letter.
        #[n(0)]
        guarantee: GuaranteeId,
        /// Why.
        #[n(1)]
        ground: ReleaseGround,
    },
    /// A letter's validity ended.
    #[n(16)]
    GuaranteeExpired {
        /// The letter.
        #[n(0)]
        guarantee: GuaranteeId,
    },
    /// The clock of a demonstration network was moved forward.
    #[n(17)]
    ClockAdvanced {
        /// By how much.
        #[n(0)]
        by: Span,
    },
    /// A member proposed a change, and approved it by that.
    #[n(18)]
    ChangeProposed {
        /// The change.
        #[n(0)]
        change: ChangeId,
        /// Which member.
        #[n(1)]
        by: CreditCode,
        /// Until when it can be approved.
        #[n(2)]
        expires_at: BlockTime,
    },
    /// A member approved a change.
    #[n(19)]
    ChangeApproved {
        /// The change.
        #[n(0)]
        change: ChangeId,
        /// Which member.
        #[n(1)]
        by: CreditCode,
    },
    /// A quorum of the members has approved a change.
    #[n(20)]
    ChangeAdopted {
        /// The change.
        #[n(0)]
        change: ChangeId,
        /// The first height under it.
        #[n(1)]
        from: Height,
    },
    /// A change can no longer be approved.
    #[n(21)]
    ChangeExpired {
        /// The change.
        #[n(0)]
        change: ChangeId,
    },
    /// A centre became a member.
    #[n(22)]
    MemberAdmitted {
        /// Its organisation.
        #[n(0)]
        organisation: CreditCode,
        /// The first height it votes at.
        #[n(1)]
        from: Height,
    },
    /// A centre ceased to be a member.
    #[n(23)]
    MemberRemoved {
        /// Its organisation.
        #[n(0)]
        organisation: CreditCode,
        /// The first height it does not vote at.
        #[n(1)]
        from: Height,
    },
    /// A member's node got other keys.
    #[n(24)]
    KeysRotated {
        /// Its organisation.
        #[n(0)]
        organisation: CreditCode,
        /// The first height of the new keys.
        #[n(1)]
        from: Height,
    },
    /// A rule pack came into force.
    #[n(25)]
    RulesAdopted {
        /// Its version.
        #[n(0)]
        version: u32,
        /// The kind of trade that it rules.
        #[cbor(n(1), skip_if = "TradeKind::is_first")]
        kind: TradeKind,
    },
    /// It is proven that a validator signed twice.
    #[n(26)]
    DoubleSigningRecorded {
        /// The record.
        #[n(0)]
        double_signing: DoubleSigningId,
        /// The voting key.
        #[n(1)]
        accused: PublicKey,
        /// For which organisation it voted.
        #[n(2)]
        organisation: CreditCode,
        /// At which height.
        #[n(3)]
        height: Height,
        /// In which round.
        #[n(4)]
        round: u32,
        /// What was signed twice.
        #[n(5)]
        kind: SigningKind,
    },
    /// A certification authority is trusted, or its entry was amended.
    #[n(27)]
    AuthorityTrusted {
        /// Which.
        #[n(0)]
        authority: AuthorityId,
        /// By whose votes.
        #[n(1)]
        change: ChangeId,
    },
    /// Certificates of an authority do not count for now.
    #[n(28)]
    AuthoritySuspended {
        /// Which.
        #[n(0)]
        authority: AuthorityId,
        /// By whose votes.
        #[n(1)]
        change: ChangeId,
    },
    /// Certificates of an authority count again.
    #[n(29)]
    AuthorityReinstated {
        /// Which.
        #[n(0)]
        authority: AuthorityId,
        /// By whose votes.
        #[n(1)]
        change: ChangeId,
    },
    /// Certificates of an authority do no longer count.
    #[n(30)]
    AuthorityRemoved {
        /// Which.
        #[n(0)]
        authority: AuthorityId,
        /// By whose votes.
        #[n(1)]
        change: ChangeId,
    },
    /// An organisation enrolled with a certificate.
    #[n(31)]
    OrganisationEnrolled {
        /// Which.
        #[n(0)]
        organisation: CreditCode,
        /// The certificate.
        #[n(1)]
        certificate: CertificateId,
        /// Who issued it.
        #[n(2)]
        authority: AuthorityId,
        /// Whether the ledger did not know the organisation before.
        #[n(3)]
        first: bool,
    },
    /// A newer certificate gives an organisation another name.
    #[n(32)]
    OrganisationRenamed {
        /// Which.
        #[n(0)]
        organisation: CreditCode,
        /// The new name.
        #[n(1)]
        name: Title,
        /// The name before.
        #[n(2)]
        former: Title,
    },
    /// A centre admitted an organisation in a further role.
    #[n(33)]
    RoleAdmitted {
        /// Which.
        #[n(0)]
        organisation: CreditCode,
        /// The role.
        #[n(1)]
        role: Role,
        /// By which centre.
        #[n(2)]
        centre: CreditCode,
    },
    /// An organisation gave a key of its staff a mandate.
    #[n(34)]
    StaffAppointed {
        /// Which.
        #[n(0)]
        organisation: CreditCode,
        /// The key.
        #[n(1)]
        key: PublicKey,
        /// The principal key that gave it.
        #[n(2)]
        by: PublicKey,
    },
    /// An organisation took a key out of use.
    #[n(35)]
    MandateRevoked {
        /// Which.
        #[n(0)]
        organisation: CreditCode,
        /// The key.
        #[n(1)]
        key: PublicKey,
    },
    /// A certificate was revoked or put on hold.
    #[n(36)]
    CertificateRevoked {
        /// Which.
        #[n(0)]
        certificate: CertificateId,
        /// Whose.
        #[n(1)]
        organisation: CreditCode,
        /// From when on.
        #[n(2)]
        date: BlockTime,
        /// Why.
        #[n(3)]
        reason: RevocationReason,
    },
    /// A certificate is no longer on hold.
    #[n(37)]
    CertificateReleased {
        /// Which.
        #[n(0)]
        certificate: CertificateId,
        /// Whose.
        #[n(1)]
        organisation: CreditCode,
    },
    /// A revocation list was recorded.
    #[n(38)]
    RevocationListRecorded {
        /// Whose.
        #[n(0)]
        authority: AuthorityId,
        /// When the authority issued it.
        #[n(1)]
        this_update: BlockTime,
        /// Certificates on it.
        #[n(2)]
        entries: u32,
    },
    /// An authority answered that a certificate is good.
    #[n(39)]
    CertificateChecked {
        /// Which.
        #[n(0)]
        certificate: CertificateId,
        /// Of when the answer is.
        #[n(1)]
        this_update: BlockTime,
    },
    /// A quote was struck because its certificate was revoked with an earlier date.
    #[n(40)]
    QuoteStruck {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// Who.
        #[n(1)]
        bidder: CreditCode,
        /// Number within the listing.
        #[n(2)]
        number: u32,
        /// The certificate.
        #[n(3)]
        certificate: CertificateId,
    },
    /// Something signed in a listing is questioned: its certificate was revoked with an earlier date.
    #[n(41)]
    ListingQuestioned {
        /// The listing.
        #[n(0)]
        listing: DealCode,
        /// The certificate.
        #[n(1)]
        certificate: CertificateId,
    },
    /// A letter is questioned: its certificate was revoked with an earlier date.
    #[n(42)]
    GuaranteeQuestioned {
        /// The letter.
        #[n(0)]
        guarantee: GuaranteeId,
        /// The certificate.
        #[n(1)]
        certificate: CertificateId,
    },
    /// It is proven that two organisations share a key.
    #[n(43)]
    SharedKeyRecorded {
        /// The record.
        #[n(0)]
        shared_key: SharedKeyId,
        /// Who holds it on the ledger.
        #[n(1)]
        holder: CreditCode,
        /// Who wanted to enrol with it.
        #[n(2)]
        applicant: CreditCode,
    },
    /// An act was recorded although the revocation data of its certificate is too old.
    #[n(44)]
    SignedWhileStale {
        /// Whose act.
        #[n(0)]
        organisation: CreditCode,
        /// The certificate.
        #[n(1)]
        certificate: CertificateId,
    },
    /// A member named the keys with which its node signs checkpoints.
    #[n(45)]
    CosignerRegistered {
        /// Whose.
        #[n(0)]
        organisation: CreditCode,
        /// Signs for the log.
        #[n(1)]
        log_key: PublicKey,
        /// Cosigns.
        #[n(2)]
        cosigning_key: PublicKey,
    },
    /// A project entered a centre.
    #[n(60)]
    ProjectRegistered {
        /// The project.
        #[n(0)]
        project: ProjectCode,
        /// Whose it is.
        #[n(1)]
        organiser: CreditCode,
        /// The centre.
        #[n(2)]
        centre: CreditCode,
    },
    /// A centre registered a seat key.
    #[n(61)]
    SeatKeyRegistered {
        /// For which epoch.
        #[n(0)]
        epoch: u64,
        /// The centre.
        #[n(1)]
        centre: CreditCode,
    },
    /// A sealing epoch began.
    #[n(62)]
    SealingEpochBegan {
        /// Its number.
        #[n(0)]
        epoch: u64,
        /// When it ends unless the members change before.
        #[n(1)]
        ends_at: BlockTime,
    },
    /// The committee of an epoch formed.
    #[n(63)]
    CommitteeFormed {
        /// The epoch.
        #[n(0)]
        epoch: u64,
        /// How many seats it has.
        #[n(1)]
        seats: u32,
        /// How many of them open a bid.
        #[n(2)]
        needed: u32,
    },
    /// The notice of a tender was published.
    #[n(64)]
    TenderPublished {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// Its project.
        #[n(1)]
        project: ProjectCode,
        /// By whom.
        #[n(2)]
        organiser: CreditCode,
        /// The bid deadline.
        #[n(3)]
        closes_at: BlockTime,
        /// Epoch of the committee to which bids are sealed.
        #[n(4)]
        committee: u64,
    },
    /// The documents of a tender were clarified or changed.
    #[n(65)]
    TenderClarified {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// Number of the clarification.
        #[n(1)]
        number: u32,
    },
    /// A bid deadline moved to a later time.
    #[n(66)]
    DeadlineMoved {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The new deadline.
        #[n(1)]
        closes_at: BlockTime,
    },
    /// Somebody objected to the documents of a tender, which rests until the answer.
    #[n(67)]
    ObjectionRaised {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// Number of the objection.
        #[n(1)]
        number: u32,
        /// Who.
        #[n(2)]
        by: CreditCode,
        /// Until when it must be answered.
        #[n(3)]
        answer_by: BlockTime,
    },
    /// The organiser answered an objection.
    #[n(68)]
    ObjectionAnswered {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// Number of the objection.
        #[n(1)]
        number: u32,
        /// Whether the legal period had run out.
        #[n(2)]
        late: bool,
    },
    /// A centre registered a key for admission stamps.
    #[n(69)]
    StampKeyRegistered {
        /// The centre.
        #[n(0)]
        centre: CreditCode,
        /// Its number among the issuers.
        #[n(1)]
        issuer: u16,
        /// For which quarter.
        #[n(2)]
        period: u16,
    },
    /// Somebody submitted a sealed bid.
    #[n(70)]
    BidSubmitted {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The bid.
        #[n(1)]
        bid: BidId,
        /// The bid whose place it takes, if any.
        #[n(2)]
        replaces: Option<BidId>,
    },
    /// Somebody withdrew a sealed bid.
    #[n(71)]
    BidWithdrawn {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The bid.
        #[n(1)]
        bid: BidId,
    },
    /// Too few bids came, so that nothing is opened.
    #[n(72)]
    TenderFailed {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// How many came.
        #[n(1)]
        bids: u32,
    },
    /// The list of bids is fixed, and seats open them.
    #[n(73)]
    OpeningBegan {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// How many bids are on the list.
        #[n(1)]
        bids: u32,
        /// In how many chunks.
        #[n(2)]
        chunks: u32,
    },
    /// A seat gave its shares of a chunk.
    #[n(74)]
    SharesGiven {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The chunk.
        #[n(1)]
        chunk: u32,
        /// The seat.
        #[n(2)]
        seat: u8,
    },
    /// A bid was opened, or a later one of the same bidder took its place.
    #[n(75)]
    BidOpened {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The bid.
        #[n(1)]
        bid: BidId,
        /// What it is worth.
        #[n(2)]
        status: BidStatus,
    },
    /// All bids of a tender are open.
    #[n(76)]
    TenderOpened {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// How many bids were on the list.
        #[n(1)]
        bids: u32,
        /// How many of them count.
        #[n(2)]
        valid: u32,
        /// Whether some were opened by their bidders, because seats were missing.
        #[n(3)]
        by_bidders: bool,
    },
    /// Seats have given no shares of a chunk that could not be opened in time.
    #[n(77)]
    SharesMissing {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The chunk.
        #[n(1)]
        chunk: u32,
        /// Whose seats.
        #[n(2)]
        centres: Vec<CreditCode>,
    },
    /// Too few seats have given shares in time.
    #[n(78)]
    OpeningStalled {
        /// The tender.
        #[n(0)]
        tender: TenderId,
    },
    /// A tender is void, because its bids could not be opened.
    #[n(79)]
    TenderAnnulled {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// How many bids stay sealed.
        #[n(1)]
        unopened: u32,
    },
    /// A centre entered experts in the pool.
    #[n(80)]
    ExpertsEntered {
        /// The centre.
        #[n(0)]
        centre: CreditCode,
        /// What they know about.
        #[n(1)]
        industry: Industry,
        /// How many.
        #[n(2)]
        count: u32,
    },
    /// Experts were drawn for the panel of a tender.
    #[n(81)]
    PanelDrawn {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// From which pool.
        #[n(1)]
        industry: Industry,
        /// Their numbers in the pool, in the order of the draw.
        #[n(2)]
        experts: Vec<u32>,
        /// How many are missing, because the pool is empty.
        #[n(3)]
        missing: u32,
    },
    /// An expert left a panel.
    #[n(82)]
    ExpertExcused {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The seat.
        #[n(1)]
        seat: u32,
        /// Why.
        #[n(2)]
        ground: ExcuseGround,
    },
    /// A member of a panel committed to its scores.
    #[n(83)]
    ScoresCommitted {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The seat.
        #[n(1)]
        seat: u32,
    },
    /// A member of a panel revealed its scores.
    #[n(84)]
    ScoresRevealed {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The seat.
        #[n(1)]
        seat: u32,
    },
    /// The ranking was computed, and the candidates are on display.
    #[n(85)]
    CandidatesOnDisplay {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// How many lots have candidates.
        #[n(1)]
        lots: u32,
        /// How many bids the panel rejected.
        #[n(2)]
        rejected: u32,
        /// Until when they are on display.
        #[n(3)]
        until: BlockTime,
    },
    /// The panel rejected all bids.
    #[n(86)]
    AllBidsRejected {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// How many.
        #[n(1)]
        rejected: u32,
    },
    /// It is known who sat on a seat of a panel.
    #[n(87)]
    ExpertNamed {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The seat.
        #[n(1)]
        seat: u32,
        /// The name.
        #[n(2)]
        name: Title,
    },
    /// A member of a panel had an interest: the evaluation is void, and done anew.
    #[n(88)]
    EvaluationVoid {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The seat.
        #[n(1)]
        seat: u32,
    },
    /// The candidates have been on display long enough.
    #[n(89)]
    DisplayEnded {
        /// The tender.
        #[n(0)]
        tender: TenderId,
    },
    /// A lot was awarded.
    #[n(90)]
    LotAwarded {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The lot.
        #[n(1)]
        lot: u32,
        /// To whom.
        #[n(2)]
        winner: CreditCode,
        /// At which price.
        #[n(3)]
        price: Amount,
        /// Until when the contract must be signed.
        #[n(4)]
        contract_by: BlockTime,
    },
    /// No contract was signed in time, and the award is lost.
    #[n(91)]
    AwardLapsed {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The lot.
        #[n(1)]
        lot: u32,
        /// Whose it was.
        #[n(2)]
        winner: CreditCode,
    },
    /// A side signed the contract of a lot.
    #[n(92)]
    LotContractSigned {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// The lot.
        #[n(1)]
        lot: u32,
        /// Who.
        #[n(2)]
        by: CreditCode,
        /// Whether both have.
        #[n(3)]
        complete: bool,
    },
    /// No lot of a tender is left without contract or end.
    #[n(93)]
    TenderEnded {
        /// The tender.
        #[n(0)]
        tender: TenderId,
        /// As what.
        #[n(1)]
        stage: TenderStage,
    },
}
