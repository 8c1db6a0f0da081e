//! Members, the changes they decide on, and double signings, as clients write and read them.

use ledger::evidence as e;
use ledger::governance as g;
use ledger::validators as v;
use ledger::vote;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{AuthorityTerms, InvalidField, RevocationReason, RulePack, parse, parse_list, parse_time};

/// A member's node and its keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Credit code of the centre.
    pub organisation: String,
    /// The key that signs votes and proposals, in hexadecimal.
    pub voting_key: String,
    /// The key of the node's network identity, in hexadecimal.
    pub network_key: String,
}

/// Who decides a height.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Members {
    /// The first height that they decide.
    pub from: u64,
    /// Votes needed to decide: more than two thirds.
    pub quorum: usize,
    /// What headers call the set, in hexadecimal.
    pub hash: String,
    /// The members, in the order of their voting keys.
    pub members: Vec<Member>,
}

/// A change of membership, keys or rules; `kind` says which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[allow(clippy::large_enum_variant, reason = "a few of them are ever held at a time")]
pub enum Change {
    /// An organisation is registered as a trading centre. It does not vote by this.
    RegisterCentre {
        /// Unified social credit code (GB 32100-2015).
        code: String,
        /// Name, 1 to 120 characters.
        name: String,
        /// Region of registration (GB/T 2260).
        region: String,
        /// Ed25519 public keys in hexadecimal, 1 to 8. Any order: they are signed in the ledger's.
        keys: Vec<String>,
    },
    /// A registered centre becomes a member.
    AdmitMember {
        /// The member.
        member: Member,
        /// Signature by its voting key, in hexadecimal; `zhulian governance offer` makes it.
        proof: String,
    },
    /// A member ceases to be one.
    RemoveMember {
        /// Credit code of the centre.
        organisation: String,
        /// Why.
        reason: RemovalReason,
    },
    /// A member's node gets other keys.
    RotateKeys {
        /// The member with its new keys.
        member: Member,
        /// Signature by its new voting key, in hexadecimal; `zhulian governance offer` makes it.
        proof: String,
    },
    /// The next version of the rules of land-use right listings comes into force.
    AdoptRules {
        /// The whole pack; its version is one more than that of the pack in force.
        pack: RulePack,
    },
    /// A certification authority comes on the trust list, or its entry is amended.
    TrustAuthority {
        /// The entry.
        authority: AuthorityTerms,
    },
    /// Certificates of an authority do not count until it is reinstated.
    SuspendAuthority {
        /// SHA-256 of its root, in hexadecimal.
        authority: String,
        /// Why, 1 to 2,000 characters.
        reason: String,
    },
    /// Certificates of a suspended authority count again.
    ReinstateAuthority {
        /// SHA-256 of its root, in hexadecimal.
        authority: String,
    },
    /// Certificates of an authority do no longer count.
    RemoveAuthority {
        /// SHA-256 of its root, in hexadecimal.
        authority: String,
        /// Why, 1 to 2,000 characters.
        reason: String,
    },
    /// A certificate is revoked by the members.
    RevokeCertificate {
        /// SHA-256 of the certificate, in hexadecimal.
        certificate: String,
        /// Why.
        reason: RevocationReason,
        /// From when on (RFC 3339); from the adoption on if null.
        #[serde(default)]
        date: Option<String>,
    },
}

/// Why a member is removed; `kind` says which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum RemovalReason {
    /// It leaves.
    Left,
    /// It signed twice.
    DoubleSigning {
        /// The record that proves it.
        double_signing: String,
    },
    /// Anything else.
    Other {
        /// In words, 1 to 2,000 characters.
        text: String,
    },
}

/// Where a proposed change stands; `name` says which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum ChangeStatus {
    /// It can be approved.
    Open,
    /// It has taken effect.
    Adopted {
        /// The first height under it.
        from: u64,
    },
    /// Its validity has ended.
    Expired,
}

/// One member's approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approval {
    /// Credit code of the centre.
    pub organisation: String,
    /// When (RFC 3339).
    pub at: String,
}

/// A change that a member has proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProposedChange {
    /// Its name: the id of the transaction that proposed it, in hexadecimal.
    pub id: String,
    /// What is to change.
    pub change: Change,
    /// Credit code of the member that proposed it.
    pub proposer: String,
    /// When (RFC 3339).
    pub proposed_at: String,
    /// Until when it can be approved (RFC 3339).
    pub expires_at: String,
    /// Approvals in their order. Those of centres that have left do not count.
    pub approvals: Vec<Approval>,
    /// Where it stands.
    pub status: ChangeStatus,
}

/// A vote or proposal as it was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignedMessage {
    /// The block, in hexadecimal; null for a vote for nil.
    pub block_id: Option<String>,
    /// The earlier round that a proposal refers to, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_round: Option<u32>,
    /// The signature, in hexadecimal.
    pub signature: String,
}

/// What was signed twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SigningKind {
    /// Two prevotes.
    Prevote,
    /// Two precommits.
    Precommit,
    /// Two proposals.
    Proposal,
}

/// Two signed messages of which an honest validator signs at most one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The voting key that signed both, in hexadecimal.
    pub accused: String,
    /// The height.
    pub height: u64,
    /// The round.
    pub round: u32,
    /// What was signed twice.
    pub kind: SigningKind,
    /// One of them. Any order: they are recorded in the ledger's.
    pub first: SignedMessage,
    /// The other.
    pub second: SignedMessage,
}

/// A double signing on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoubleSigning {
    /// Its name, in hexadecimal.
    pub id: String,
    /// Both signed messages.
    pub evidence: Evidence,
    /// The same in the ledger's encoding, in hexadecimal: what verifies without this program.
    pub evidence_cbor: String,
    /// Credit code of the centre for which the key voted.
    pub organisation: String,
    /// Credit code of whoever reported it.
    pub reported_by: String,
    /// When (RFC 3339).
    pub reported_at: String,
}

impl From<v::Validator> for Member {
    fn from(validator: v::Validator) -> Self {
        Self {
            organisation: validator.organisation.to_string(),
            voting_key: validator.public_key.to_string(),
            network_key: validator.network_key.to_string(),
        }
    }
}

impl TryFrom<Member> for v::Validator {
    type Error = InvalidField;

    fn try_from(member: Member) -> Result<Self, InvalidField> {
        Ok(Self {
            public_key: parse("member.voting_key", &member.voting_key)?,
            network_key: parse("member.network_key", &member.network_key)?,
            organisation: parse("member.organisation", &member.organisation)?,
        })
    }
}

impl From<g::Era> for Members {
    fn from(era: g::Era) -> Self {
        Self {
            from: era.from.get(),
            quorum: era.validators.quorum(),
            hash: era.validators.hash().to_string(),
            members: era.validators.iter().cloned().map(Member::from).collect(),
        }
    }
}

pub(super) fn signature(field: &str, text: &str) -> Result<ledger::crypto::Signature, InvalidField> {
    let mut bytes = [0; 64];
    hex::decode_to_slice(text, &mut bytes)
        .map_err(|_| InvalidField::new(field, "expected 128 hexadecimal digits"))?;
    Ok(ledger::crypto::Signature::from_bytes(bytes))
}

impl TryFrom<Change> for g::Change {
    type Error = InvalidField;

    fn try_from(change: Change) -> Result<Self, InvalidField> {
        Ok(match change {
            Change::RegisterCentre { code, name, region, keys } => {
                let mut keys = parse_list("keys", &keys)?;
                keys.sort_unstable();
                let (code, name) = (parse("code", &code)?, parse("name", &name)?);
                Self::RegisterCentre { code, name, region: parse("region", &region)?, keys }
            }
            Change::AdmitMember { member, proof } => {
                Self::AdmitMember { validator: member.try_into()?, proof: signature("proof", &proof)? }
            }
            Change::RemoveMember { organisation, reason } => Self::RemoveMember {
                organisation: parse("organisation", &organisation)?,
                reason: match reason {
                    RemovalReason::Left => g::RemovalReason::Left,
                    RemovalReason::DoubleSigning { double_signing } => {
                        g::RemovalReason::DoubleSigning(parse("reason.double_signing", &double_signing)?)
                    }
                    RemovalReason::Other { text } => g::RemovalReason::Other(parse("reason.text", &text)?),
                },
            },
            Change::RotateKeys { member, proof } => {
                Self::RotateKeys { validator: member.try_into()?, proof: signature("proof", &proof)? }
            }
            Change::AdoptRules { pack } => {
                Self::AdoptRules { pack: pack.try_into().map_err(|e: InvalidField| e.within("pack"))? }
            }
            Change::TrustAuthority { authority } => Self::TrustAuthority {
                terms: authority.try_into().map_err(|e: InvalidField| e.within("authority"))?,
            },
            Change::SuspendAuthority { authority, reason } => Self::SuspendAuthority {
                authority: parse("authority", &authority)?,
                reason: parse("reason", &reason)?,
            },
            Change::ReinstateAuthority { authority } => {
                Self::ReinstateAuthority { authority: parse("authority", &authority)? }
            }
            Change::RemoveAuthority { authority, reason } => Self::RemoveAuthority {
                authority: parse("authority", &authority)?,
                reason: parse("reason", &reason)?,
            },
            Change::RevokeCertificate { certificate, reason, date } => Self::RevokeCertificate {
                certificate: parse("certificate", &certificate)?,
                reason: reason.into(),
                date: date.map(|date| parse_time("date", &date)).transpose()?,
            },
        })
    }
}

impl From<g::Change> for Change {
    fn from(change: g::Change) -> Self {
        match change {
            g::Change::RegisterCentre { code, name, region, keys } => Self::RegisterCentre {
                code: code.to_string(),
                name: name.to_string(),
                region: region.to_string(),
                keys: keys.iter().map(ToString::to_string).collect(),
            },
            g::Change::AdmitMember { validator, proof } => {
                Self::AdmitMember { member: validator.into(), proof: hex::encode(proof.as_bytes()) }
            }
            g::Change::RemoveMember { organisation, reason } => Self::RemoveMember {
                organisation: organisation.to_string(),
                reason: match reason {
                    g::RemovalReason::Left => RemovalReason::Left,
                    g::RemovalReason::DoubleSigning(id) => {
                        RemovalReason::DoubleSigning { double_signing: id.to_string() }
                    }
                    g::RemovalReason::Other(text) => RemovalReason::Other { text: text.to_string() },
                },
            },
            g::Change::RotateKeys { validator, proof } => {
                Self::RotateKeys { member: validator.into(), proof: hex::encode(proof.as_bytes()) }
            }
            g::Change::AdoptRules { pack } => Self::AdoptRules { pack: pack.into() },
            g::Change::TrustAuthority { terms } => Self::TrustAuthority { authority: terms.into() },
            g::Change::SuspendAuthority { authority, reason } => {
                Self::SuspendAuthority { authority: authority.to_string(), reason: reason.to_string() }
            }
            g::Change::ReinstateAuthority { authority } => {
                Self::ReinstateAuthority { authority: authority.to_string() }
            }
            g::Change::RemoveAuthority { authority, reason } => {
                Self::RemoveAuthority { authority: authority.to_string(), reason: reason.to_string() }
            }
            g::Change::RevokeCertificate { certificate, reason, date } => Self::RevokeCertificate {
                certificate: certificate.to_string(),
                reason: reason.into(),
                date: date.map(|date| date.to_string()),
            },
        }
    }
}

impl From<g::ProposedChange> for ProposedChange {
    fn from(proposed: g::ProposedChange) -> Self {
        let approval =
            |a: g::Approval| Approval { organisation: a.organisation.to_string(), at: a.at.to_string() };
        Self {
            id: proposed.id.to_string(),
            change: proposed.change.into(),
            proposer: proposed.proposer.to_string(),
            proposed_at: proposed.proposed_at.to_string(),
            expires_at: proposed.expires_at.to_string(),
            approvals: proposed.approvals.into_iter().map(approval).collect(),
            status: match proposed.status {
                g::ChangeStatus::Open => ChangeStatus::Open,
                g::ChangeStatus::Adopted(from) => ChangeStatus::Adopted { from: from.get() },
                g::ChangeStatus::Expired => ChangeStatus::Expired,
            },
        }
    }
}

impl From<e::SigningKind> for SigningKind {
    fn from(kind: e::SigningKind) -> Self {
        match kind {
            e::SigningKind::Prevote => Self::Prevote,
            e::SigningKind::Precommit => Self::Precommit,
            e::SigningKind::Proposal => Self::Proposal,
        }
    }
}

impl From<e::Evidence> for Evidence {
    fn from(evidence: e::Evidence) -> Self {
        let (accused, height) = (evidence.accused().to_string(), evidence.height().get());
        let (round, kind) = (evidence.round(), evidence.kind().into());
        let of_vote = |signed: vote::SignedVote| SignedMessage {
            block_id: signed.vote.block_id.map(|id| id.to_string()),
            valid_round: None,
            signature: hex::encode(signed.signature.as_bytes()),
        };
        let of_proposal = |signed: vote::SignedProposal| SignedMessage {
            block_id: Some(signed.proposal.block_id.to_string()),
            valid_round: signed.proposal.valid_round,
            signature: hex::encode(signed.signature.as_bytes()),
        };
        let (first, second) = match evidence {
            e::Evidence::Votes { first, second } => (of_vote(first), of_vote(second)),
            e::Evidence::Proposals { first, second } => (of_proposal(first), of_proposal(second)),
        };
        Self { accused, height, round, kind, first, second }
    }
}

impl TryFrom<Evidence> for e::Evidence {
    type Error = InvalidField;

    fn try_from(evidence: Evidence) -> Result<Self, InvalidField> {
        let Evidence { first, second, .. } = &evidence;
        Ok(match evidence.kind {
            SigningKind::Proposal => {
                Self::proposals(proposal("first", &evidence, first)?, proposal("second", &evidence, second)?)
            }
            SigningKind::Prevote | SigningKind::Precommit => {
                Self::votes(vote("first", &evidence, first)?, vote("second", &evidence, second)?)
            }
        })
    }
}

fn vote(field: &str, evidence: &Evidence, message: &SignedMessage) -> Result<vote::SignedVote, InvalidField> {
    use ledger::certificate::VoteType;
    if message.valid_round.is_some() {
        return Err(InvalidField::new(format!("{field}.valid_round"), "only a proposal has one"));
    }
    let block_id =
        message.block_id.as_deref().map(|id| parse(&format!("{field}.block_id"), id)).transpose()?;
    let vote = vote::Vote {
        height: ledger::id::Height::new(evidence.height),
        round: evidence.round,
        vote_type: if evidence.kind == SigningKind::Prevote {
            VoteType::Prevote
        } else {
            VoteType::Precommit
        },
        voter: parse("accused", &evidence.accused)?,
        block_id,
    };
    Ok(vote::SignedVote { vote, signature: signature(&format!("{field}.signature"), &message.signature)? })
}

fn proposal(
    field: &str,
    evidence: &Evidence,
    message: &SignedMessage,
) -> Result<vote::SignedProposal, InvalidField> {
    let block_id = message
        .block_id
        .as_deref()
        .ok_or_else(|| InvalidField::new(format!("{field}.block_id"), "a proposal names a block"))?;
    let proposal = vote::Proposal {
        height: ledger::id::Height::new(evidence.height),
        round: evidence.round,
        block_id: parse(&format!("{field}.block_id"), block_id)?,
        proposer: parse("accused", &evidence.accused)?,
        valid_round: message.valid_round,
    };
    let signature = signature(&format!("{field}.signature"), &message.signature)?;
    Ok(vote::SignedProposal { proposal, signature })
}

impl From<g::DoubleSigning> for DoubleSigning {
    fn from(record: g::DoubleSigning) -> Self {
        Self {
            id: record.id.to_string(),
            evidence_cbor: hex::encode(record.evidence.encode()),
            evidence: record.evidence.into(),
            organisation: record.organisation.to_string(),
            reported_by: record.reported_by.to_string(),
            reported_at: record.reported_at.to_string(),
        }
    }
}
