//! Electronic letters of guarantee.

use minicbor::{Decode, Encode};

use crate::amount::Amount;
use crate::id::{CertificateId, CreditCode, DealCode, GuaranteeId};
use crate::time::BlockTime;

/// Where a letter stands in its life.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum GuaranteeStatus {
    /// Issued and not yet deposited.
    #[n(0)]
    Issued,
    /// Deposited for the listing it names; it can be deposited once only.
    #[n(1)]
    Deposited,
    /// Over: the beneficiary or the ledger has released it.
    #[n(2)]
    Released {
        /// Why.
        #[n(0)]
        ground: ReleaseGround,
        /// When.
        #[n(1)]
        at: BlockTime,
    },
    /// Over: its validity has ended.
    #[n(3)]
    Expired,
}

/// Why a letter was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum ReleaseGround {
    /// By the beneficiary's signature.
    #[n(0)]
    Beneficiary,
    /// By the ledger: the legal period for returning the losers' deposits ran out.
    #[n(1)]
    ReturnPeriod,
    /// By the ledger: the contract is signed by both sides.
    #[n(2)]
    Contract,
    /// By the ledger: the listing failed.
    #[n(3)]
    ListingFailed,
}

/// A letter that stands in for a cash deposit.
///
/// Fields after the model text for bid guarantees of 建市〔2021〕11号 as far as a listing needs them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Guarantee {
    /// Guarantor and number.
    #[n(0)]
    pub id: GuaranteeId,
    /// On whose behalf it is issued: the bidder.
    #[n(1)]
    pub applicant: CreditCode,
    /// In whose favour: the seller.
    #[n(2)]
    pub beneficiary: CreditCode,
    /// The underlying trade.
    #[n(3)]
    pub listing: DealCode,
    /// Maximum amount.
    #[n(4)]
    pub amount: Amount,
    /// The letter takes effect on issue.
    #[n(5)]
    pub issued_at: BlockTime,
    /// The letter ends at this instant.
    #[n(6)]
    pub expires_at: BlockTime,
    /// Where it stands.
    #[n(7)]
    pub status: GuaranteeStatus,
    /// The certificate that its guarantor's key comes from, if it comes from one.
    #[n(8)]
    pub certificate: Option<CertificateId>,
    /// Since when it is questioned: its certificate was revoked with a date before its issue. It stays in force.
    #[n(9)]
    pub questioned: Option<BlockTime>,
}

impl Guarantee {
    /// Whether the letter is over, whatever the reason.
    pub const fn is_over(&self) -> bool {
        matches!(self.status, GuaranteeStatus::Released { .. } | GuaranteeStatus::Expired)
    }
}
