//! What the members decide together: changes of membership, keys and rules, and what proves a breach.

use minicbor::{Decode, Encode};

use crate::codec::{self, Description, Title};
use crate::crypto::{PublicKey, Signature, verify};
use crate::evidence::Evidence;
use crate::id::{
    AuthorityId, CertificateId, ChainId, ChangeId, CreditCode, DoubleSigningId, Height, RegionCode,
};
use crate::record::authority::AuthorityTerms;
use crate::record::certificate::RevocationReason;
use crate::rule::RulePack;
use crate::time::{BlockTime, DAY_MS, Span};
use crate::validators::{Validator, ValidatorSet};

/// How long a proposed change can be approved: 30 days of block time.
pub const CHANGE_VALIDITY: Span = Span::from_millis(30 * DAY_MS);
/// Most changes that one member may have open at a time.
pub const MAX_OPEN_CHANGES: u32 = 16;

/// Something that takes effect once more than two thirds of the members have approved it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Change {
    /// An organisation is registered as a trading centre. It does not vote by this.
    #[n(0)]
    RegisterCentre {
        /// Its unified social credit code.
        #[n(0)]
        code: CreditCode,
        /// Its name.
        #[n(1)]
        name: Title,
        /// Where it is registered.
        #[n(2)]
        region: RegionCode,
        /// Its keys, ascending, 1 to 8.
        #[n(3)]
        keys: Vec<PublicKey>,
    },
    /// A registered centre becomes a member: its node votes.
    #[n(1)]
    AdmitMember {
        /// The new member's keys and organisation.
        #[n(0)]
        validator: Validator,
        /// Signature of [`possession_bytes`] by its voting key.
        #[n(1)]
        proof: Signature,
    },
    /// A member ceases to be one. Its organisation stays registered.
    #[n(2)]
    RemoveMember {
        /// Which.
        #[n(0)]
        organisation: CreditCode,
        /// Why.
        #[n(1)]
        reason: RemovalReason,
    },
    /// A member's node gets other keys. Either may stay as it is, but not both.
    #[n(3)]
    RotateKeys {
        /// The member's organisation with its new keys.
        #[n(0)]
        validator: Validator,
        /// Signature of [`possession_bytes`] by the new voting key.
        #[n(1)]
        proof: Signature,
    },
    /// The next version of the rules of land-use right listings comes into force.
    #[n(4)]
    AdoptRules {
        /// The whole pack.
        #[n(0)]
        pack: RulePack,
    },
    /// A certification authority comes on the trust list, or its entry is amended.
    #[n(5)]
    TrustAuthority {
        /// The entry.
        #[n(0)]
        terms: AuthorityTerms,
    },
    /// Certificates of an authority do not count until it is reinstated.
    #[n(6)]
    SuspendAuthority {
        /// Which.
        #[n(0)]
        authority: AuthorityId,
        /// Why.
        #[n(1)]
        reason: Description,
    },
    /// Certificates of a suspended authority count again.
    #[n(7)]
    ReinstateAuthority {
        /// Which.
        #[n(0)]
        authority: AuthorityId,
    },
    /// Certificates of an authority do no longer count.
    #[n(8)]
    RemoveAuthority {
        /// Which.
        #[n(0)]
        authority: AuthorityId,
        /// Why.
        #[n(1)]
        reason: Description,
    },
    /// A certificate is revoked by the members.
    #[n(9)]
    RevokeCertificate {
        /// Which.
        #[n(0)]
        certificate: CertificateId,
        /// Why.
        #[n(1)]
        reason: RevocationReason,
        /// From when on; from the adoption on if absent.
        #[n(2)]
        date: Option<BlockTime>,
    },
}

impl Change {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::RegisterCentre { .. } => "register_centre",
            Self::AdmitMember { .. } => "admit_member",
            Self::RemoveMember { .. } => "remove_member",
            Self::RotateKeys { .. } => "rotate_keys",
            Self::AdoptRules { .. } => "adopt_rules",
            Self::TrustAuthority { .. } => "trust_authority",
            Self::SuspendAuthority { .. } => "suspend_authority",
            Self::ReinstateAuthority { .. } => "reinstate_authority",
            Self::RemoveAuthority { .. } => "remove_authority",
            Self::RevokeCertificate { .. } => "revoke_certificate",
        }
    }
}

/// Why a member is removed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RemovalReason {
    /// It leaves.
    #[n(0)]
    Left,
    /// It signed twice, as this record on the ledger proves.
    #[n(1)]
    DoubleSigning(#[n(0)] DoubleSigningId),
    /// Anything else, in words.
    #[n(2)]
    Other(#[n(0)] Description),
}

/// The bytes by which a voting key proves that somebody holds it: a CBOR array of the text
/// `zhulian/possession/1`, the chain id, the organisation, the voting key and the network key.
pub fn possession_bytes(chain: &ChainId, validator: &Validator) -> Vec<u8> {
    let Validator { public_key, network_key, organisation } = validator;
    codec::encode(&("zhulian/possession/1", chain.as_str(), organisation.as_str(), public_key, network_key))
}

/// Whether `proof` shows that the holder of the voting key wants to vote for this organisation.
pub fn proves_possession(chain: &ChainId, validator: &Validator, proof: &Signature) -> bool {
    verify(&validator.public_key, &possession_bytes(chain, validator), proof).is_ok()
}

/// What the keys sign that are to sign checkpoints for an organisation: both sign the same bytes.
pub fn cosigner_bytes(
    chain: &ChainId,
    organisation: &CreditCode,
    log_key: &PublicKey,
    cosigning_key: &PublicKey,
) -> Vec<u8> {
    codec::encode(&("zhulian/cosigner/1", chain.as_str(), organisation.as_str(), log_key, cosigning_key))
}

/// The keys with which a member's node signs checkpoints.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Cosigner {
    /// The member.
    #[n(0)]
    pub organisation: CreditCode,
    /// Signs for the log.
    #[n(1)]
    pub log_key: PublicKey,
    /// Cosigns.
    #[n(2)]
    pub cosigning_key: PublicKey,
    /// The height at which they were registered.
    #[n(3)]
    pub since: Height,
}

/// One member's approval.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Approval {
    /// The member's organisation.
    #[n(0)]
    pub organisation: CreditCode,
    /// When.
    #[n(1)]
    pub at: BlockTime,
}

/// Where a proposed change stands.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum ChangeStatus {
    /// It can be approved.
    #[n(0)]
    Open,
    /// It has taken effect: the given height is the first one under it.
    #[n(1)]
    Adopted(#[n(0)] Height),
    /// Its validity has ended.
    #[n(2)]
    Expired,
}

impl ChangeStatus {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Adopted(_) => "adopted",
            Self::Expired => "expired",
        }
    }
}

/// A change that a member has proposed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct ProposedChange {
    /// Its name: that of the transaction which proposed it.
    #[n(0)]
    pub id: ChangeId,
    /// What is to change.
    #[n(1)]
    pub change: Change,
    /// The member that proposed it.
    #[n(2)]
    pub proposer: CreditCode,
    /// When.
    #[n(3)]
    pub proposed_at: BlockTime,
    /// Until when it can be approved.
    #[n(4)]
    pub expires_at: BlockTime,
    /// Approvals in their order, the proposer's first; one for each organisation.
    #[n(5)]
    pub approvals: Vec<Approval>,
    /// Where it stands.
    #[n(6)]
    pub status: ChangeStatus,
}

impl ProposedChange {
    /// Whether the organisation has approved.
    pub fn is_approved_by(&self, organisation: &CreditCode) -> bool {
        self.approvals.iter().any(|approval| approval.organisation == *organisation)
    }

    /// How many of `members` have approved. Who has left since then does not count.
    pub fn approvals_of(&self, members: &ValidatorSet) -> usize {
        members.iter().filter(|member| self.is_approved_by(&member.organisation)).count()
    }
}

/// A validator set, and the first height that it decides.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Era {
    /// The first height. The set decides every height until the next era begins.
    #[n(0)]
    pub from: Height,
    /// Who votes.
    #[n(1)]
    pub validators: ValidatorSet,
}

/// A double signing on the ledger, with all that is needed to verify it elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct DoubleSigning {
    /// Its name.
    #[n(0)]
    pub id: DoubleSigningId,
    /// Both signed messages.
    #[n(1)]
    pub evidence: Evidence,
    /// The organisation for which the accused key voted at that height.
    #[n(2)]
    pub organisation: CreditCode,
    /// Who reported it.
    #[n(3)]
    pub reported_by: CreditCode,
    /// When.
    #[n(4)]
    pub reported_at: BlockTime,
}
