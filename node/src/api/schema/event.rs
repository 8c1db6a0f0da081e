//! Events as clients read them.

use ledger::event::{Event as LedgerEvent, Recorded};
use ledger::time::BlockTime;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Amount, EndReason, ReleaseGround, RevocationReason, Role, SigningKind};

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
            E::RulesAdopted { version } => Self::RulesAdopted { version },
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
        }
    }
}
