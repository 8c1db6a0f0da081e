//! What happened: the facts a block adds, in the order in which they came about.

use minicbor::{Decode, Encode};

use crate::amount::Amount;
use crate::codec::Title;
use crate::crypto::PublicKey;
use crate::evidence::SigningKind;
use crate::id::{
    AuthorityId, CertificateId, ChangeId, CreditCode, DealCode, DoubleSigningId, GuaranteeId, Height,
    SharedKeyId,
};
use crate::record::certificate::RevocationReason;
use crate::record::guarantee::ReleaseGround;
use crate::record::listing::EndReason;
use crate::record::organisation::Role;
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
}
