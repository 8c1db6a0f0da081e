//! Sealing: what a bidder's client does, on line or off.

use core::fmt;

use rand_core::CryptoRng;
use zeroize::{Zeroize, Zeroizing};

use super::{BidContext, Dealing, KeyContext, deal_context};
use crate::dleq::Statement;
use crate::document::DocumentKey;
use crate::element::{Element, concat};
use crate::envelope::Secret;
use crate::id::BidId;
use crate::label;
use crate::polynomial::evaluate;
use crate::suite::{Digest, Ristretto255, SCALAR_LEN, Suite};

/// A bid before its envelope is closed: the secret is dealt, so that documents can be encrypted and the payload signed.
///
/// It serves one bid. Another version of the bid needs another draft; a dealer's key that occurs twice would let the
/// opening of one bid open the other.
pub struct Draft<'a, S: Suite = Ristretto255> {
    context: BidContext<'a, S>,
    dealer_secret: DealerSecret<S>,
    dealer: Element<S>,
    shares: Vec<Element<S>>,
    secret: Secret<S>,
    key_context: KeyContext,
}

/// The dealer's secret, skD. It opens the bid without any seat, so it is kept only for the case that the committee fails,
/// and shown to the chain only then.
pub struct DealerSecret<S: Suite = Ristretto255>(S::Scalar);

/// A sealed bid, ready to be submitted.
pub struct Sealed<S: Suite = Ristretto255> {
    /// The bid's name.
    pub bid: BidId,
    /// What the committee opens it with.
    pub dealing: Dealing<S>,
    /// The encrypted payload.
    pub envelope: Vec<u8>,
    /// What opens it if the committee fails.
    pub dealer_secret: DealerSecret<S>,
}

impl<'a, S: Suite> Draft<'a, S> {
    /// Deals a fresh secret to the committee.
    pub fn new(context: BidContext<'a, S>, rng: &mut impl CryptoRng) -> Self {
        let dealer_secret = DealerSecret(S::random_scalar(rng));
        let threshold = context.committee.threshold();
        let mut coefficients = Zeroizing::new(Vec::with_capacity(threshold));
        (0..threshold).for_each(|_| coefficients.push(S::random_scalar(rng)));
        Self::deal(context, dealer_secret, &coefficients)
    }

    /// `C_i = skD E_i + p(i) G`, in constant time.
    fn deal(context: BidContext<'a, S>, dealer_secret: DealerSecret<S>, coefficients: &[S::Scalar]) -> Self {
        let dealer = Element::of(S::mul_base(&dealer_secret.0));
        let seats = (1u64..).zip(context.committee.members());
        let shares: Vec<Element<S>> = seats
            .map(|(seat, member)| {
                let mut value = evaluate::<S>(coefficients, seat);
                let share = *member.key.point() * dealer_secret.0 + S::mul_base(&value);
                value.zeroize();
                Element::of(share)
            })
            .collect();
        let mut constant = evaluate::<S>(coefficients, 0);
        let mut point = S::mul_base(&constant);
        let secret = Secret::of(&point);
        constant.zeroize();
        point.zeroize();
        let key_context = context.key_context_over(dealer.as_bytes(), &concat(&shares));
        Self { context, dealer_secret, dealer, shares, secret, key_context }
    }

    /// The dealer's public key, which the bidder's certificate signs.
    pub const fn dealer(&self) -> &Element<S> {
        &self.dealer
    }

    /// The key of the document of this index, from 0.
    pub fn document_key(&self, index: u16) -> DocumentKey<S> {
        self.secret.document_key(&self.key_context, index)
    }

    /// Closes the envelope over `padded`, a payload padded to the tender's class ([`crate::envelope::pad`]), and proves
    /// that the dealing is consistent.
    pub fn finish(self, padded: &[u8], docs_root: &Digest, rng: &mut impl CryptoRng) -> Sealed<S> {
        let envelope = self.secret.encrypt(&self.key_context, padded);
        let deal = deal_context::<S>(&self.key_context, &envelope, docs_root);
        let weights = self.context.code_word(&deal);
        let keys = S::combine_fixed(&weights, self.context.committee.fixed_keys());
        let secret = &self.dealer_secret.0;
        let statement = Statement::new(&self.dealer, keys, keys * secret);
        let proof = statement.prove(label::DEAL_PROOF, deal.as_bytes(), secret, rng);
        let Self { dealer_secret, dealer, shares, .. } = self;
        let dealing = Dealing { dealer, shares, proof };
        Sealed { bid: BidId::from_bytes(deal.name()), dealing, envelope, dealer_secret }
    }
}

impl<S: Suite> DealerSecret<S> {
    /// The bytes, which open the bid.
    pub fn encode(&self) -> Zeroizing<[u8; SCALAR_LEN]> {
        Zeroizing::new(S::encode_scalar(&self.0))
    }
}

impl<S: Suite> Drop for DealerSecret<S> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<S: Suite> fmt::Debug for DealerSecret<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DealerSecret")
    }
}

impl<S: Suite> fmt::Debug for Draft<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({:?})", self.dealer)
    }
}

impl<S: Suite> fmt::Debug for Sealed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({})", self.bid)
    }
}
