//! Deciding by certificate: the way of a replica that others are ahead of.
//!
//! There is one way to a commit besides the core's own decision, and all catching up takes it: a
//! verified commit certificate and a valid body. The certificate may come from a peer that decided
//! before us, from the host's catch-up, or be put together from precommits we hold while the core
//! cannot decide on them (proposal lost, or block refused by our clock). The core's own sync path
//! is not used: it runs the certificate through the round state machine, which may vote and skip
//! rounds on the way, keeps an earlier verdict of "invalid", and stops in silence where we must halt.

use ledger::certificate::{CommitCertificate, VoteType};
use ledger::crypto::PublicKey;

use super::{Decision, HeightState, Progress, Surroundings};
use crate::blocks::{Block, Status};
use crate::error::HaltReason;
use crate::message::{Message, SignedVote};
use crate::output::Body;

impl HeightState {
    pub(crate) fn certified(
        &mut self,
        from: PublicKey,
        certificate: CommitCertificate,
        body: Body,
        s: &mut Surroundings<'_>,
    ) {
        let (block_id, round) = (certificate.block_id, certificate.round);
        self.engine.hear(&Message::Commit(certificate.clone()));
        self.foreign_certificate(certificate, None, s);
        self.body(from, round, block_id, body, s);
    }

    /// Decides on a quorum of precommits that the core holds but cannot use.
    pub(super) fn decide_on_precommits(&mut self, vote: &SignedVote, s: &mut Surroundings<'_>) {
        let open = matches!(self.progress, Progress::Open) && self.certified.is_none();
        let (VoteType::Precommit, Some(block_id)) = (vote.vote.vote_type, vote.vote.block_id) else { return };
        if open && let Some(certificate) = self.engine.commit_certificate(vote.vote.round, block_id) {
            self.adopt(certificate, None, s);
        }
    }

    pub(super) fn decided(&mut self, certificate: CommitCertificate, s: &mut Surroundings<'_>) {
        let (found, needed) = (certificate.signatures.len(), self.engine.validators().quorum());
        if found < needed {
            self.progress = Progress::Halted(HaltReason::NoQuorum { height: self.height, signatures: found });
        } else {
            self.adopt(certificate, None, s);
        }
    }

    pub(super) fn foreign_certificate(
        &mut self,
        certificate: CommitCertificate,
        from: Option<PublicKey>,
        s: &mut Surroundings<'_>,
    ) {
        if self.certified.is_some() || certificate.height != self.height {
            return;
        }
        match certificate.verify(s.chain, self.engine.validators()) {
            Ok(()) => self.adopt(certificate, from, s),
            Err(error) => tracing::warn!(height = %self.height, %error, "a commit certificate does not hold"),
        }
    }

    /// Takes a commit certificate that holds, and goes after its block if it is not here. `from` is
    /// asked for it at once.
    fn adopt(&mut self, certificate: CommitCertificate, from: Option<PublicKey>, s: &mut Surroundings<'_>) {
        let (block_id, round) = (certificate.block_id, certificate.round);
        self.certified = Some(certificate);
        let block = self.blocks.add(block_id, round, None);
        // A block proposed again may have been built by any validator.
        block.proposer = None;
        match &block.status {
            Status::Valid(_) => self.commit_certified(),
            Status::Checking { .. } => {}
            Status::Invalid { body, from, .. } => {
                let (body, from) = (body.clone(), *from);
                self.check(block_id, body, from, s);
            }
            Status::Missing => {
                self.check_early(block_id, s);
                let missing = self.blocks.get(&block_id).is_some_and(Block::is_missing);
                if let Some(peer) = from.filter(|_| missing) {
                    s.out.send_one(peer, Message::WantBlock { height: self.height, round, block_id });
                }
                self.fetch_later(s);
            }
        }
    }

    pub(super) fn commit_certified(&mut self) {
        let decided = self.certified.as_ref().and_then(|certificate| {
            self.blocks.valid(&certificate.block_id).map(|body| (certificate.clone(), body))
        });
        if matches!(self.progress, Progress::Open)
            && let Some((certificate, body)) = decided
        {
            self.progress = Progress::Decided(Decision { certificate, body });
        }
    }
}
