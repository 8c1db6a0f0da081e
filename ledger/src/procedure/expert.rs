//! A centre enters experts in the pool (评标专家库).
//!
//! The ledger does not learn who they are until a result is fixed: an entry has a fresh key and a commitment, and serves once.

use minicbor::{Decode, Encode};

use super::{Context, Procedure};
use crate::codec;
use crate::crypto::PublicKey;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::rejection::Rejection;
use crate::hash::tagged;
use crate::record::evaluation::{CardHash, Expert, ExpertCard, ExpertStanding, PoolTally};
use crate::record::project::Industry;
use crate::state::StateError;
use crate::state::keys::{BidKey, ExpertKey, ExpertStandingKey, KeyHolderKey, PoolTallyKey};

/// Most experts entered at once.
pub const MAX_ENTRIES: usize = 64;
/// Most free experts in the pool of an industry: a draw looks at all of them.
pub const MAX_POOL: u32 = 4_096;

/// Experts for one kind of work.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EnterExperts {
    /// What they know about.
    #[n(0)]
    pub industry: Industry,
    /// The experts, 1 to 64, ascending by key.
    #[n(1)]
    pub experts: Vec<Entry>,
}

/// An expert as entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Entry {
    /// A fresh key of the expert's.
    #[n(0)]
    pub key: PublicKey,
    /// Commits to who it is.
    #[n(1)]
    pub card: CardHash,
}

impl ExpertCard {
    /// What the pool has of it.
    pub fn hash(&self) -> CardHash {
        CardHash::from_bytes(tagged("zhulian/expert/1", &[&codec::encode(self)]))
    }
}

impl Procedure for EnterExperts {
    type Checked = PoolTally;

    fn check(&self, context: &Context<'_, '_>) -> Result<PoolTally, Failure> {
        let counted = (1..=MAX_ENTRIES).contains(&self.experts.len());
        let ascending = self.experts.windows(2).all(|pair| matches!(pair, [a, b] if a.key < b.key));
        if !(counted && ascending && self.experts.iter().all(|entry| entry.key.is_strong())) {
            return Err(Rejection::InvalidExperts.into());
        }
        for entry in &self.experts {
            let known = context.state.read(&ExpertStandingKey(&entry.key))?.is_some()
                || context.state.read(&KeyHolderKey(&entry.key))?.is_some()
                || context.state.read(&BidKey(&entry.key))?.is_some();
            if known {
                return Err(Rejection::ExpertKeyUsed.into());
            }
        }
        let tally = context.state.read(&PoolTallyKey(self.industry))?.unwrap_or_default();
        if tally.free.saturating_add(self.experts.len() as u32) > MAX_POOL {
            return Err(Rejection::PoolFull.into());
        }
        Ok(tally)
    }

    fn apply(&self, mut tally: PoolTally, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let (industry, centre) = (self.industry, context.signer.code.clone());
        for Entry { key, card } in &self.experts {
            tally.entered = tally.entered.saturating_add(1);
            tally.free = tally.free.saturating_add(1);
            let number = tally.entered;
            let expert = Expert { number, centre: centre.clone(), key: *key, card: *card, at: context.time };
            context.state.write(&ExpertKey(industry, number), &expert);
            let standing = ExpertStanding { industry, number, panel: None };
            context.state.write(&ExpertStandingKey(key), &standing);
        }
        context.state.write(&PoolTallyKey(industry), &tally);
        let count = self.experts.len() as u32;
        context.events.push(Event::ExpertsEntered { centre, industry, count });
        Ok(())
    }
}
