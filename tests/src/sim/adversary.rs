//! Members that break the rules, by name; at most a third of a network.
//!
//! An adversary is a real host with a real replica, so that it follows the chain and its turn to propose comes. What it
//! says is twisted on the way out, and it says more on its own; it holds its keys and nobody else's.

mod unasked;

use std::collections::{BTreeSet, VecDeque};

use consensus::Message;
use consensus::message::{Proposal, SignedProposal, SignedVote, Vote};
use ledger::block;
use ledger::crypto::SigningKey;
use ledger::id::ChainId;

use super::host::{Bent, Effect, Env, Host, To};
use super::network::Packet;
use super::random::Rng;
use crate::acts::SELLER;

/// How often an adversary that speaks unasked does so, in ms.
pub const SPEAKS_EVERY_MS: u64 = 150;
/// Most packets that a replayer keeps.
const KEPT_MAX: usize = 400;

/// The adversaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Adversary {
    /// Offers two blocks for one round, to different nodes, and votes for both.
    EquivocatingProposer,
    /// Votes differently towards different nodes.
    EquivocatingVoter,
    /// Hears and says nothing.
    Silent,
    /// Says everything late.
    Delayed,
    /// Repeats old messages of everybody.
    Replayer,
    /// Sends bytes that mean nothing, or almost something.
    Garbage,
    /// Proposes blocks and gives their bytes to hardly anybody.
    BodyWithholder,
    /// Dates its blocks ahead.
    ClockForward,
    /// Dates its blocks as early as the rules allow.
    ClockBackward,
    /// Keeps the acts of one organisation out.
    Censor,
    /// Has another past and shows it around.
    ForkedPast,
    /// One key on two nodes.
    Twins,
    /// Votes in the name of others.
    Forger,
}

impl Adversary {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::EquivocatingProposer,
        Self::EquivocatingVoter,
        Self::Silent,
        Self::Delayed,
        Self::Replayer,
        Self::Garbage,
        Self::BodyWithholder,
        Self::ClockForward,
        Self::ClockBackward,
        Self::Censor,
        Self::ForkedPast,
        Self::Twins,
        Self::Forger,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EquivocatingProposer => "equivocating-proposer",
            Self::EquivocatingVoter => "equivocating-voter",
            Self::Silent => "silent",
            Self::Delayed => "delayed",
            Self::Replayer => "replayer",
            Self::Garbage => "garbage",
            Self::BodyWithholder => "body-withholder",
            Self::ClockForward => "clock-forward",
            Self::ClockBackward => "clock-backward",
            Self::Censor => "censor",
            Self::ForkedPast => "forked-past",
            Self::Twins => "twins",
            Self::Forger => "forger",
        }
    }

    /// The adversary with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|adversary| adversary.name() == name)
    }

    /// How its host differs from an honest one.
    pub fn bent(self, rng: &mut Rng) -> Bent {
        match self {
            // Within what the others allow, a little beyond it, and far beyond.
            Self::ClockForward => {
                let ahead_ms = rng.pick(&[300, 900, 60_000, 31_536_000_000]).copied().unwrap_or(900);
                Bent { ahead_ms, ..Bent::default() }
            }
            Self::ClockBackward => Bent { early: true, ..Bent::default() },
            Self::Censor => Bent { censored: Some(SELLER.key().public_key()), ..Bent::default() },
            _ => Bent::default(),
        }
    }

    /// Whether it speaks unasked.
    #[must_use]
    pub const fn speaks_unasked(self) -> bool {
        matches!(self, Self::Replayer | Self::Garbage | Self::ForkedPast | Self::Forger)
    }
}

/// Two blocks that an equivocating proposer has offered for one round.
struct TwoBlocks {
    height: u64,
    round: u32,
    first: block::Id,
    second: block::Id,
    /// The nodes that were offered the second.
    side: BTreeSet<usize>,
}

/// An adversary at work on one node.
pub struct Liar {
    kind: Adversary,
    rng: Rng,
    chain: ChainId,
    key: SigningKey,
    /// The numbers of all other nodes.
    others: Vec<usize>,
    kept: VecDeque<Packet>,
    two_blocks: Option<TwoBlocks>,
    /// Where the others are, as their last vote tells.
    last_vote: Option<Vote>,
}

impl Liar {
    /// An adversary.
    #[must_use]
    pub fn new(kind: Adversary, rng: Rng, chain: ChainId, key: SigningKey, others: Vec<usize>) -> Self {
        let (kept, two_blocks, last_vote) = (VecDeque::new(), None, None);
        Self { kind, rng, chain, key, others, kept, two_blocks, last_vote }
    }

    /// Which one.
    #[must_use]
    pub const fn kind(&self) -> Adversary {
        self.kind
    }

    /// A packet has reached it.
    pub fn hears(&mut self, packet: &Packet) {
        if self.kind == Adversary::Replayer {
            if self.kept.len() == KEPT_MAX {
                self.kept.remove(self.rng.index(KEPT_MAX));
            }
            self.kept.push_back(packet.clone());
        }
        if let (Adversary::Forger | Adversary::ForkedPast, Packet::Consensus(bytes)) = (self.kind, packet)
            && let Ok(Message::Vote(signed)) = Message::decode(bytes)
        {
            self.last_vote = Some(signed.vote);
        }
    }

    /// What becomes of what its host wants done: each with a delay in ms.
    pub fn twist(&mut self, effects: Vec<Effect>, host: Option<&Host>, env: &Env<'_>) -> Vec<(u64, Effect)> {
        let mut twisted = Vec::new();
        for effect in effects {
            self.twist_one(effect, host, env, &mut twisted);
        }
        twisted
    }

    fn twist_one(
        &mut self,
        effect: Effect,
        host: Option<&Host>,
        env: &Env<'_>,
        out: &mut Vec<(u64, Effect)>,
    ) {
        let speaks = matches!(
            effect,
            Effect::Say { .. } | Effect::Gossip(_) | Effect::Ask { .. } | Effect::Answer { .. }
        );
        match (self.kind, effect) {
            (Adversary::Silent, _) if speaks => {}
            (Adversary::Delayed, effect) if speaks => out.push((self.rng.between(300, 5_000), effect)),
            (Adversary::BodyWithholder, Effect::Say { message: message @ Message::Block { .. }, .. }) => {
                if self.rng.permille(600)
                    && let Some(node) = self.rng.pick(&self.others).copied()
                {
                    out.push((0, Effect::Say { to: To::Nodes(vec![node]), message }));
                }
            }
            (Adversary::EquivocatingProposer, Effect::Say { to: To::All, message }) => {
                self.offer_two(message, host, env, out);
            }
            (Adversary::EquivocatingVoter, Effect::Say { to: To::All, message: Message::Vote(signed) }) => {
                self.vote_twice(signed, out);
            }
            (Adversary::ForkedPast, Effect::Answer { node, number, .. }) => {
                out.push((0, Effect::Answer { node, number, bytes: self.another_answer(env, number) }));
            }
            (_, effect) => out.push((0, effect)),
        }
    }

    /// Offers a second block to half of the nodes, and keeps both halves in their belief.
    fn offer_two(
        &mut self,
        message: Message,
        host: Option<&Host>,
        env: &Env<'_>,
        out: &mut Vec<(u64, Effect)>,
    ) {
        match &message {
            Message::Proposal(signed) if signed.proposal.valid_round.is_none() => {
                let another = host.and_then(|host| host.another_block(env).ok());
                let Some((second, body)) = another.filter(|(id, _)| *id != signed.proposal.block_id) else {
                    out.push((0, Effect::Say { to: To::All, message }));
                    return;
                };
                let (first, round) = (signed.proposal.block_id, signed.proposal.round);
                let height = signed.proposal.height;
                let side: BTreeSet<usize> =
                    self.rng.some_of(&self.others, self.others.len() / 2).into_iter().collect();
                let proposal = Proposal { block_id: second, ..signed.proposal.clone() };
                let signature = self.key.sign(&proposal.sign_bytes(&self.chain));
                let offer = Message::Proposal(SignedProposal { proposal, signature });
                self.two_blocks =
                    Some(TwoBlocks { height: height.get(), round, first, second, side: side.clone() });
                let to = || To::Nodes(side.iter().copied().collect());
                out.push((0, Effect::Say { to: self.to_rest(&side), message }));
                out.push((0, Effect::Say { to: to(), message: offer }));
                let body = Message::Block { height, round, block_id: second, body };
                out.push((0, Effect::Say { to: to(), message: body }));
            }
            Message::Block { .. } => {
                let to = self.two_blocks.as_ref().map_or(To::All, |two| self.to_rest(&two.side));
                out.push((0, Effect::Say { to, message }));
            }
            Message::Vote(signed) => match self.second_vote(signed) {
                Some((side, second)) => {
                    out.push((0, Effect::Say { to: self.to_rest(&side), message }));
                    let to = To::Nodes(side.into_iter().collect());
                    out.push((0, Effect::Say { to, message: Message::Vote(second) }));
                }
                None => out.push((0, Effect::Say { to: To::All, message })),
            },
            _ => out.push((0, Effect::Say { to: To::All, message })),
        }
    }

    /// The vote for the second block that goes with a vote for the first.
    fn second_vote(&self, signed: &SignedVote) -> Option<(BTreeSet<usize>, SignedVote)> {
        let two = self.two_blocks.as_ref()?;
        let vote = &signed.vote;
        let same = (vote.height.get(), vote.round, vote.block_id) == (two.height, two.round, Some(two.first));
        same.then(|| (two.side.clone(), self.sign(Vote { block_id: Some(two.second), ..vote.clone() })))
    }

    fn to_rest(&self, side: &BTreeSet<usize>) -> To {
        To::Nodes(self.others.iter().copied().filter(|node| !side.contains(node)).collect())
    }

    /// Says one thing to some and another to the rest; a few hear both.
    fn vote_twice(&mut self, signed: SignedVote, out: &mut Vec<(u64, Effect)>) {
        let other_id = match signed.vote.block_id {
            Some(_) => None,
            None => Some(block::Id::from_bytes(ledger::hash::sha256(&self.rng.bytes(8)))),
        };
        let second = self.sign(Vote { block_id: other_id, ..signed.vote.clone() });
        let side: BTreeSet<usize> =
            self.rng.some_of(&self.others, self.others.len() / 2).into_iter().collect();
        let both = self.rng.some_of(&self.others, 1);
        let to = To::Nodes(side.iter().copied().collect());
        out.push((0, Effect::Say { to: self.to_rest(&side), message: Message::Vote(signed.clone()) }));
        out.push((0, Effect::Say { to, message: Message::Vote(second.clone()) }));
        out.push((0, Effect::Say { to: To::Nodes(both.clone()), message: Message::Vote(signed) }));
        out.push((0, Effect::Say { to: To::Nodes(both), message: Message::Vote(second) }));
    }

    fn sign(&self, vote: Vote) -> SignedVote {
        let signature = self.key.sign(&vote.sign_bytes(&self.chain));
        SignedVote { vote, signature }
    }
}
