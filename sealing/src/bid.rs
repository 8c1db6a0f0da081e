//! Bids: sealing one, and judging a sealed one before it is accepted.
//!
//! A dealing gives every seat its share of a secret, hidden under that seat's key, and proves that the shares of every
//! `k` seats make the same secret. The keys of the envelope and of the documents follow from the secret.

mod dealing;
mod draft;

pub use dealing::{Dealing, DealingBytes, InvalidDealing};
pub use draft::{DealerSecret, Draft, Sealed};

use crate::committee::Committee;
use crate::dleq::{InvalidProof, Statement};
use crate::element::concat;
use crate::id::{BidId, OneTimeKey, TenderId};
use crate::label;
use crate::polynomial::evaluate;
use crate::suite::{Digest, Ristretto255, Suite};

/// What a bid is bound to. Its dealing opens, and its proof holds, here only.
#[derive(Clone, Copy, Debug)]
pub struct BidContext<'a, S: Suite = Ristretto255> {
    /// The committee that the tender pins; it names chain, epoch and suite.
    pub committee: &'a Committee<S>,
    /// The tender.
    pub tender: TenderId,
    /// The key that signs the bid.
    pub one_time_key: OneTimeKey,
    /// Which version of the bid this is: 1 for the first under its key.
    pub sequence: u32,
}

/// What the keys of one bid are derived with: `kc` of the specification. Public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyContext(Digest);

impl KeyContext {
    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// A bid whose dealing is consistent: any `k` seats can open it, and all of them to the same secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The bid's name.
    pub bid: BidId,
    /// What its keys are derived with.
    pub key_context: KeyContext,
}

impl<S: Suite> BidContext<'_, S> {
    /// What the keys of a bid are derived with. Needs the dealing's bytes only.
    pub fn key_context(&self, dealing: &DealingBytes<'_, S>) -> KeyContext {
        self.key_context_over(dealing.dealer_bytes(), dealing.share_bytes())
    }

    fn key_context_over(&self, dealer: &[u8], shares: &[u8]) -> KeyContext {
        let fields: [&[u8]; 8] = [
            &[S::ID],
            self.committee.chain_id().as_bytes(),
            self.tender.as_bytes(),
            self.committee.id().as_bytes(),
            self.one_time_key.as_bytes(),
            &self.sequence.to_be_bytes(),
            dealer,
            shares,
        ];
        KeyContext(S::hash(label::KEM, &fields))
    }

    /// Judges a dealing with its envelope and documents (check E9). Costs two combinations of `n` points and four
    /// multiplications; every node gives the same answer.
    ///
    /// # Errors
    /// [`InvalidProof::Wrong`] when the shares are not on one polynomial of degree below `k`, or when dealing, envelope,
    /// documents or context are not those of the proof.
    pub fn verify(
        &self,
        dealing: &Dealing<S>,
        envelope: &[u8],
        docs_root: &Digest,
    ) -> Result<Accepted, InvalidProof> {
        if dealing.shares().len() != self.committee.seats() {
            return Err(InvalidProof::Wrong);
        }
        let key_context = self.key_context_over(dealing.dealer().as_bytes(), &concat(dealing.shares()));
        let deal = deal_context::<S>(&key_context, envelope, docs_root);
        let weights = self.code_word(&deal);
        let shares: Vec<S::Point> = dealing.shares().iter().map(|share| *share.point()).collect();
        let keys = S::combine_fixed(&weights, self.committee.fixed_keys());
        let statement = Statement::new(dealing.dealer(), keys, S::combine(&weights, &shares));
        statement.verify(label::DEAL_PROOF, deal.as_bytes(), dealing.proof())?;
        Ok(Accepted { bid: BidId::from_bytes(deal.name()), key_context })
    }

    /// A random word of the dual code, `w_i = v_i m*(i)`: it is orthogonal to the shares of every polynomial of degree
    /// below `k`, and to others with probability 1 in the group's order.
    fn code_word(&self, deal: &Digest) -> Vec<S::Scalar> {
        let degree = self.committee.seats() - self.committee.threshold();
        let coefficients: Vec<S::Scalar> = (0u16..)
            .take(degree)
            .map(|j| S::hash_to_scalar(label::SCRAPE, &[deal.as_bytes(), &j.to_be_bytes()]))
            .collect();
        let weights = (1u64..).zip(self.committee.dual_weights());
        weights.map(|(seat, weight)| evaluate::<S>(&coefficients, seat) * weight).collect()
    }
}

/// What a dealing's proof is bound to, `dc`: everything that the bid consists of.
fn deal_context<S: Suite>(key_context: &KeyContext, envelope: &[u8], docs_root: &Digest) -> Digest {
    let envelope = S::hash(label::ENVELOPE, &[envelope]);
    S::hash(label::DEAL, &[key_context.as_bytes(), envelope.as_bytes(), docs_root.as_bytes()])
}
