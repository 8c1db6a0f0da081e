//! What adversaries say unasked: old messages, nonsense, other pasts, and votes in others' names.

use consensus::Message;
use consensus::message::{
    PolkaCertificate, RoundCertificate, RoundCertificateKind, RoundVote, SignedVote, Vote,
};
use ledger::block::{self, Block};
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType};
use ledger::crypto::Signature;
use ledger::hash::sha256;
use ledger::id::Height;
use ledger::time::Span;
use node::wire::{Answer, CertifiedBlock};

use super::super::host::{Effect, Env, Host, To};
use super::super::network::Packet;
use super::{Adversary, Liar};

/// How far ahead of everybody a forked past claims to be.
const CLAIMED: u64 = 1_000;

impl Liar {
    /// What it says on its own now.
    pub fn speaks(&mut self, host: Option<&Host>, env: &Env<'_>) -> Vec<Effect> {
        match self.kind {
            Adversary::Replayer => self.replays(),
            Adversary::Garbage => self.babbles(),
            Adversary::Forger => self.forges(host),
            Adversary::ForkedPast => self.claims(env),
            _ => Vec::new(),
        }
    }

    fn somebody(&mut self) -> To {
        let count = 1 + self.rng.index(self.others.len());
        To::Nodes(self.rng.some_of(&self.others, count))
    }

    fn replays(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for _ in 0..4 {
            let kept: Vec<Packet> = self.kept.iter().cloned().collect();
            match self.rng.pick(&kept) {
                Some(Packet::Consensus(bytes)) => {
                    let (to, bytes) = (self.somebody(), bytes.to_vec());
                    effects.push(Effect::Raw { to, bytes });
                }
                Some(Packet::Gossip(bytes)) => effects.push(Effect::Gossip(bytes.to_vec())),
                Some(Packet::Answer(number, bytes)) => {
                    let node = self.others[self.rng.index(self.others.len())];
                    effects.push(Effect::Answer { node, number: *number, bytes: bytes.to_vec() });
                }
                Some(Packet::Question(..)) | None => {}
            }
        }
        effects
    }

    /// Random bytes, and messages of its own with a bit turned, to every decoder.
    fn babbles(&mut self) -> Vec<Effect> {
        let length = self.rng.index(600);
        let noise = self.rng.bytes(length);
        let vote = self.last_vote.clone().unwrap_or_else(|| self.some_vote(Height::new(1), 0));
        let mut almost = Message::Vote(self.sign(vote)).encode();
        let at = self.rng.index(almost.len());
        almost[at] ^= 1 << self.rng.below(8);
        let cut = self.rng.index(almost.len());
        let node = self.others[self.rng.index(self.others.len())];
        let number = self.rng.below(4);
        vec![
            Effect::Raw { to: self.somebody(), bytes: noise.clone() },
            Effect::Raw { to: self.somebody(), bytes: almost.clone() },
            Effect::Raw { to: self.somebody(), bytes: almost[..cut].to_vec() },
            Effect::Gossip(noise.clone()),
            Effect::Answer { node, number, bytes: noise.clone() },
            Effect::Ask { peer: self.rng.index(4), number, bytes: noise },
        ]
    }

    fn some_vote(&mut self, height: Height, round: u32) -> Vote {
        let vote_type = if self.rng.permille(500) { VoteType::Prevote } else { VoteType::Precommit };
        Vote { height, round, vote_type, voter: self.key.public_key(), block_id: None }
    }

    /// Votes in others' names, with signatures that are none.
    fn forges(&mut self, host: Option<&Host>) -> Vec<Effect> {
        let Some(host) = host else { return Vec::new() };
        let height = host.current().unwrap_or_else(|| host.tip().height.next());
        let last = self.last_vote.clone().filter(|vote| vote.height == height);
        let round = last.as_ref().map_or(0, |vote| vote.round);
        let voters: Vec<_> = host.validators().iter().map(|v| v.public_key).collect();
        let mut effects = Vec::new();
        let own = self.key.public_key();
        for voter in voters.into_iter().filter(|voter| *voter != own) {
            let block_id = match self.rng.below(3) {
                0 => None,
                1 => last.as_ref().and_then(|vote| vote.block_id),
                _ => Some(block::Id::from_bytes(sha256(&self.rng.bytes(8)))),
            };
            let vote = Vote { voter, block_id, ..self.some_vote(height, round) };
            let signature = self.no_signature();
            let message = Message::Vote(SignedVote { vote, signature });
            effects.push(Effect::Say { to: self.somebody(), message });
        }
        effects.extend(last.map(|vote| self.forges_certificate(&vote, host)));
        effects
    }

    /// A certificate about what is being voted on, with signatures that are none: a polka, a reason to enter a later round,
    /// or a decision.
    fn forges_certificate(&mut self, about: &Vote, host: &Host) -> Effect {
        let (height, round) = (about.height, about.round);
        let block_id = about.block_id.unwrap_or_else(|| block::Id::from_bytes(sha256(&self.rng.bytes(8))));
        let voters: Vec<_> = host.validators().iter().map(|v| v.public_key).collect();
        let mut signatures: Vec<CommitSignature> = voters
            .iter()
            .map(|voter| CommitSignature { public_key: *voter, signature: self.no_signature() })
            .collect();
        signatures.sort_by_key(|one| one.public_key);
        let message = match self.rng.below(4) {
            0 => Message::Polka(PolkaCertificate { height, round, block_id, signatures }),
            1 => Message::Commit(CommitCertificate { height, round, block_id, signatures }),
            kind => {
                let (kind, vote_type, round) = if kind == 2 {
                    (RoundCertificateKind::Skip, VoteType::Prevote, round + 1 + self.rng.below(3) as u32)
                } else {
                    (RoundCertificateKind::Precommit, VoteType::Precommit, round)
                };
                let vote = |one: CommitSignature| RoundVote {
                    vote_type,
                    voter: one.public_key,
                    signature: one.signature,
                    block_id: None,
                };
                let votes = signatures.into_iter().map(vote).collect();
                Message::Round(RoundCertificate { height, round, kind, votes })
            }
        };
        Effect::Say { to: self.somebody(), message }
    }

    fn no_signature(&mut self) -> Signature {
        let mut bytes = [0; 64];
        bytes.iter_mut().for_each(|byte| *byte = self.rng.next() as u8);
        Signature::from_bytes(bytes)
    }

    /// Claims a height that nobody has, and shows a certificate of its own making.
    fn claims(&mut self, env: &Env<'_>) -> Vec<Effect> {
        let tip = env.disk.store.tip();
        let far = Height::new(tip.height.get() + CLAIMED);
        let vote = self.some_vote(far, 0);
        let ahead = Message::VoteAgain(self.sign(vote));
        let certificate = self.certificate(tip.height.next(), block::Id::from_bytes(sha256(&[7])));
        vec![
            Effect::Say { to: self.somebody(), message: ahead },
            Effect::Say { to: self.somebody(), message: Message::Commit(certificate) },
        ]
    }

    /// What it answers: that it is far ahead, or blocks of another past.
    pub(super) fn another_answer(&mut self, env: &Env<'_>, number: u64) -> Vec<u8> {
        match number {
            0 => {
                let height = Height::new(env.disk.store.tip().height.get() + CLAIMED);
                Answer::Tip { height, clock: env.wall }.encode().to_vec()
            }
            _ => self.another_past(env),
        }
    }

    /// The blocks that it says came to be: its last ones, with other times, and signed by itself alone.
    fn another_past(&mut self, env: &Env<'_>) -> Vec<u8> {
        let stored: Vec<_> = env.disk.store.blocks().iter().rev().take(3).rev().cloned().collect();
        let mut blocks = Vec::new();
        for stored in stored {
            let Ok(mut block) = Block::decode(&stored.body) else { continue };
            block.header.time = block.header.time.plus(Span::from_millis(1));
            let certificate = self.certificate(block.header.height, block.header.id());
            blocks.push(CertifiedBlock { certificate, body: block.encode().into() });
        }
        Answer::Blocks(blocks).encode().to_vec()
    }

    fn certificate(&mut self, height: Height, block_id: block::Id) -> CommitCertificate {
        let voter = self.key.public_key();
        let vote = Vote { height, round: 0, vote_type: VoteType::Precommit, voter, block_id: Some(block_id) };
        let signature = self.sign(vote).signature;
        let signatures = vec![CommitSignature { public_key: voter, signature }];
        CommitCertificate { height, round: 0, block_id, signatures }
    }
}
