//! The workload: business traffic over all acts, legal and illegal, out of one 64-bit seed.
//!
//! It knows what is there from an auditor that follows the chain, and from nothing else: no clock, no counter outside.
//! The same seed and the same blocks give the same traffic. What it offers may be refused, come late or be lost; it
//! looks at the books again each time. `legal` brings trades forward, `identity`
//! enrols, appoints and revokes, `wrong` breaks one rule after another, and
//! `noise` signs what nobody would.

pub mod cast;
pub mod chance;

mod draw;
mod evidence;
mod governance;
mod hand;
mod identity;
mod legal;
mod noise;
mod pace;
mod packs;
mod papers;
mod wrong;

use std::collections::VecDeque;

use ledger::crypto::{PublicKey, SigningKey};
use ledger::id::{ChainId, Height};
use ledger::time::BlockTime;
use ledger::transaction::{self, Approval, Payload, Unverified, approval_bytes};

use crate::auditor::code::Code;
use crate::auditor::{Auditor, Offer};
use draw::Draw;
use hand::{Hand, Scene};
pub use wrong::AIMS;

/// A signed transaction and what is thought of it.
#[derive(Clone, Debug)]
pub struct Offered {
    /// Its name.
    pub id: transaction::Id,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The act's name.
    pub act: &'static str,
    /// The refusal at which it aims; `None` if it is meant to be good, or is noise.
    pub aim: Option<Code>,
    /// How it is judged if it is recorded at once and in this order.
    pub expected: Result<(), Code>,
}

/// Most transactions of a step.
const MOST_A_STEP: u64 = 12;
/// More proposals at once than one member may have open.
const FLURRY: u64 = 18;
/// Transactions that are kept to be sent again.
const MOST_KEPT: usize = 64;

/// Makes traffic.
#[derive(Clone)]
pub struct Workload {
    hand: Hand,
    sent: VecDeque<(transaction::Id, Vec<u8>)>,
}

impl Workload {
    /// Traffic of a seed on a chain, signed with these keys and with those of organisations that it registers itself.
    /// Without a centre's key it registers nobody.
    pub fn new(seed: u64, chain: ChainId, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        Self { hand: Hand::new(seed, chain, keys), sent: VecDeque::new() }
    }

    /// The same without any act that changes who votes or with which key. Rule packs are adopted, centres are
    /// registered and double signings reported all the same.
    #[must_use]
    pub fn keeping_members(mut self) -> Self {
        self.hand.keeps_members = true;
        self
    }

    /// When the next block should be, so that trades move: soon, or when something falls due. On a network with a
    /// stepped clock there is no choice.
    pub fn next_time(&mut self, auditor: &Auditor) -> BlockTime {
        auditor
            .stepped_time()
            .unwrap_or_else(|| pace::next(&mut self.hand.chance, auditor.books(), auditor.time()))
    }

    /// The transactions of a step, for the next block at about `time`.
    pub fn transactions(&mut self, auditor: &Auditor, time: BlockTime) -> Vec<Offered> {
        if self.hand.chance.happens(1) {
            return self.offer(auditor, time, FLURRY, governance::flurry);
        }
        let count = self.hand.chance.below(MOST_A_STEP);
        self.offer(auditor, time, count, |hand, scene| match hand.chance.below(100) {
            0..40 => legal::next(hand, scene),
            40..52 => identity::next(hand, scene),
            52..62 => governance::next(hand, scene),
            62..92 => wrong::next(hand, scene),
            _ => noise::next(hand, scene),
        })
    }

    /// `count` letters that all end in the same millisecond, if there is a listing to issue them for: more things
    /// can fall due at once than one block lets happen.
    pub fn burst(&mut self, auditor: &Auditor, time: BlockTime, count: u64) -> Vec<Offered> {
        self.offer(auditor, time, count, legal::short_letter)
    }

    /// Draws and signs; each draw sees what the ones before it did.
    fn offer(
        &mut self,
        auditor: &Auditor,
        time: BlockTime,
        count: u64,
        mut draw: impl FnMut(&mut Hand, &Scene<'_>) -> Option<Draw>,
    ) -> Vec<Offered> {
        let mut sitting = auditor.sit(time);
        let mut offered = Vec::new();
        for _ in 0..count {
            let scene = Scene { books: sitting.books(), height: auditor.height() + 1, time };
            let Some(draw) = draw(&mut self.hand, &scene) else { continue };
            if !governance::is_sensible(&self.hand, &scene, &draw.action) {
                continue;
            }
            let aim = draw.aim;
            let Some((offer, bytes)) = self.sign(auditor, draw) else { continue };
            let expected = sitting.judge(&offer);
            let act = offer.payload.action.name();
            offered.push(Offered { id: offer.id, bytes, act, aim, expected });
        }
        offered
    }

    /// Signs a draw, or takes an earlier transaction again if that is what is drawn.
    fn sign(&mut self, auditor: &Auditor, draw: Draw) -> Option<(Offer, Vec<u8>)> {
        let bytes = if draw.aim == Some(Code::AlreadyRecorded) {
            let recorded: Vec<_> = self.sent.iter().filter(|(id, _)| auditor.is_recorded(id)).collect();
            self.hand.chance.pick(&recorded)?.1.clone()
        } else {
            let salt = self.hand.salt();
            let expiry = Height::new(draw.expiry);
            let mut payload = Payload { action: draw.action, expiry, salt, approvals: Vec::new() };
            let approved = approval_bytes(&self.hand.chain, &draw.key, &payload);
            let by = |key: &PublicKey| {
                Some(Approval { key: *key, signature: self.hand.key(key)?.sign(&approved) })
            };
            payload.approvals = draw.approvals.iter().filter_map(by).collect();
            transaction::sign(&self.hand.chain, self.hand.key(&draw.key)?, &payload)
        };
        let read = Unverified::decode(&self.hand.chain, &bytes).ok()?;
        let length = bytes.len() as u64;
        let offer = Offer { id: read.id(), key: read.key(), payload: read.payload().clone(), length };
        self.sent.push_back((offer.id, bytes.clone()));
        if self.sent.len() > MOST_KEPT {
            self.sent.pop_front();
        }
        Some((offer, bytes))
    }
}
