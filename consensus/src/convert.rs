//! Our messages and records as the core's, and back.

use arc_malachitebft_core_consensus::{Input, ProposedValue};
use arc_malachitebft_core_types as core_types;
use core_types::{Round, TimeoutKind as CoreTimeoutKind, Validity};
use ledger::certificate::{CommitCertificate, CommitSignature};
use ledger::id::Height;

use crate::context::{
    self, Address, Context, Value, from_core_proposal, from_core_vote, round_number, to_core_vote,
};
use crate::log::Record;
use crate::message::{PolkaCertificate, Proposal, RoundCertificate, RoundCertificateKind, RoundVote};
use crate::output::TimeoutKind;

pub(crate) fn proposed_value(height: Height, proposal: &Proposal, valid: bool) -> ProposedValue<Context> {
    ProposedValue {
        height: context::Height(height),
        round: Round::new(proposal.round),
        valid_round: Round::from(proposal.valid_round),
        proposer: Address(proposal.proposer),
        value: Value(proposal.block_id),
        validity: Validity::from_bool(valid),
    }
}

pub(crate) fn record_of(input: &Input<Context>) -> Option<Record> {
    match input {
        Input::Vote(vote) => Some(Record::Vote(from_core_vote(vote))),
        Input::Proposal(proposal) => Some(Record::Proposal(from_core_proposal(proposal))),
        Input::TimeoutElapsed(timeout) => {
            Some(Record::Timeout { round: round_number(timeout.round), kind: timeout_kind(timeout.kind)? })
        }
        Input::ProposedValue(value, _) => Some(Record::Verdict {
            round: round_number(value.round),
            block_id: value.value.0,
            proposer: value.proposer.0,
            valid: value.validity.is_valid(),
            valid_round: value.valid_round.as_u32(),
        }),
        Input::PolkaCertificate(polka) => Some(Record::Polka(polka_certificate(polka))),
        Input::StartHeight(..)
        | Input::Propose(_)
        | Input::RoundCertificate(_)
        | Input::SyncValueResponse(_) => None,
    }
}

pub(crate) fn timeout_kind(kind: CoreTimeoutKind) -> Option<TimeoutKind> {
    match kind {
        CoreTimeoutKind::Propose => Some(TimeoutKind::Propose),
        CoreTimeoutKind::Prevote => Some(TimeoutKind::Prevote),
        CoreTimeoutKind::Precommit => Some(TimeoutKind::Precommit),
        CoreTimeoutKind::Rebroadcast => Some(TimeoutKind::Rebroadcast),
        // Comes only with a target time.
        CoreTimeoutKind::FinalizeHeight(_) => None,
    }
}

pub(crate) fn core_timeout(round: u32, kind: TimeoutKind) -> Option<core_types::Timeout> {
    let kind = match kind {
        TimeoutKind::Propose => CoreTimeoutKind::Propose,
        TimeoutKind::Prevote => CoreTimeoutKind::Prevote,
        TimeoutKind::Precommit => CoreTimeoutKind::Precommit,
        TimeoutKind::Rebroadcast => CoreTimeoutKind::Rebroadcast,
        TimeoutKind::Fetch => return None,
    };
    Some(core_types::Timeout::new(Round::new(round), kind))
}

pub(crate) fn commit_certificate(certificate: &core_types::CommitCertificate<Context>) -> CommitCertificate {
    let mut signatures: Vec<CommitSignature> = certificate
        .commit_signatures
        .iter()
        .map(|one| CommitSignature { public_key: one.address.0, signature: one.signature })
        .collect();
    signatures.sort_by_key(|one| one.public_key);
    CommitCertificate {
        height: certificate.height.0,
        round: round_number(certificate.round),
        block_id: certificate.value_id.0,
        signatures,
    }
}

pub(crate) fn polka_certificate(polka: &core_types::PolkaCertificate<Context>) -> PolkaCertificate {
    let signatures = polka.polka_signatures.iter();
    PolkaCertificate {
        height: polka.height.0,
        round: round_number(polka.round),
        block_id: polka.value_id.0,
        signatures: signatures
            .map(|one| CommitSignature { public_key: one.address.0, signature: one.signature })
            .collect(),
    }
}

pub(crate) fn core_polka(polka: &PolkaCertificate) -> core_types::PolkaCertificate<Context> {
    let signatures = polka.signatures.iter();
    core_types::PolkaCertificate {
        height: context::Height(polka.height),
        round: Round::new(polka.round),
        value_id: Value(polka.block_id),
        polka_signatures: signatures
            .map(|one| core_types::PolkaSignature::new(Address(one.public_key), one.signature))
            .collect(),
    }
}

pub(crate) fn round_certificate(certificate: &core_types::RoundCertificate<Context>) -> RoundCertificate {
    let votes = certificate.round_signatures.iter();
    RoundCertificate {
        height: certificate.height.0,
        round: round_number(certificate.round),
        kind: match certificate.cert_type {
            core_types::RoundCertificateType::Skip => RoundCertificateKind::Skip,
            core_types::RoundCertificateType::Precommit => RoundCertificateKind::Precommit,
        },
        votes: votes
            .map(|one| RoundVote {
                vote_type: context::vote_type(one.vote_type),
                voter: one.address.0,
                signature: one.signature,
                block_id: context::block_id(&one.value_id),
            })
            .collect(),
    }
}

pub(crate) fn core_round_certificate(
    certificate: &RoundCertificate,
) -> core_types::RoundCertificate<Context> {
    let votes = certificate.votes().map(|vote| to_core_vote(&vote)).collect();
    let kind = match certificate.kind {
        RoundCertificateKind::Skip => core_types::RoundCertificateType::Skip,
        RoundCertificateKind::Precommit => core_types::RoundCertificateType::Precommit,
    };
    let (height, round) = (context::Height(certificate.height), Round::new(certificate.round));
    core_types::RoundCertificate::new_from_votes(height, round, kind, votes)
}
