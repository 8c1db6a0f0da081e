//! What the tests share: reproducible randomness, committees, and a second dealer that can also deal wrongly.

#![allow(dead_code, unreachable_pub)]

use std::collections::VecDeque;
use std::convert::Infallible;

use group::ff::Field;
use rand_core::{TryCryptoRng, TryRng};
use sealing::bid::{BidContext, DealingBytes};
use sealing::committee::{Committee, Member, Seat};
use sealing::element::Element;
use sealing::id::{CentreId, OneTimeKey, TenderId};
use sealing::label::{self, Label};
use sealing::seat::SeatSecret;
use sealing::suite::{Digest, Suite};
use zeroize::Zeroizing;

pub const CHAIN: &str = "chain-x";
pub const EPOCH: u64 = 7;
pub const TEST_VECTOR: Label = Label::new("tender-seal/v1/test-vector");

/// Gives out bytes that were laid ready, then those of a seed.
pub struct Script {
    ready: VecDeque<u8>,
    seed: u64,
    counter: u64,
}

impl Script {
    pub fn of(parts: &[&[u8]]) -> Self {
        Self { ready: parts.concat().into(), seed: 0, counter: 0 }
    }

    pub fn seeded(seed: u64) -> Self {
        Self { ready: VecDeque::new(), seed, counter: 0 }
    }
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        const FILL: Label = Label::new("sealing tests");
        for slot in dst {
            if self.ready.is_empty() {
                let (seed, counter) = (self.seed.to_be_bytes(), self.counter.to_be_bytes());
                let block = sealing::suite::Ristretto255::hash(FILL, &[&seed, &counter]);
                self.ready.extend(block.as_bytes());
                self.counter += 1;
            }
            *slot = self.ready.pop_front().unwrap();
        }
        Ok(())
    }
}

impl TryCryptoRng for Script {}

/// The bytes from which the scalar of a name is reduced.
pub fn wide<S: Suite>(name: &str, index: u32) -> Digest {
    S::hash(TEST_VECTOR, &[name.as_bytes(), &index.to_be_bytes()])
}

pub fn scalar<S: Suite>(name: &str, index: u32) -> S::Scalar {
    S::hash_to_scalar(TEST_VECTOR, &[name.as_bytes(), &index.to_be_bytes()])
}

pub fn centre(number: u8) -> CentreId {
    CentreId::from_bytes([number; 32])
}

pub fn seat(number: usize) -> Seat {
    Seat::new(u8::try_from(number).unwrap()).unwrap()
}

pub struct Network<S: Suite> {
    pub secrets: Vec<SeatSecret<S>>,
    pub committee: Committee<S>,
}

/// A committee whose seat `i` has the key named `seat`, `i - 1`.
pub fn network<S: Suite>(n: usize, k: usize) -> Network<S> {
    let secrets: Vec<SeatSecret<S>> = (0..n as u32)
        .map(|i| {
            let bytes = Zeroizing::new(S::encode_scalar(&scalar::<S>("seat", i)));
            SeatSecret::decode(&bytes).unwrap()
        })
        .collect();
    let members =
        (1u8..).zip(&secrets).map(|(i, secret)| Member { centre: centre(i), key: *secret.public() });
    let committee = Committee::new(CHAIN, EPOCH, k, members).unwrap();
    Network { secrets, committee }
}

pub fn context<S: Suite>(committee: &Committee<S>) -> BidContext<'_, S> {
    BidContext {
        committee,
        tender: TenderId::from_bytes([0x11; 32]),
        one_time_key: OneTimeKey::from_bytes([0x22; 32]),
        sequence: 1,
    }
}

/// A dealing made step by step from the text of the specification, with whatever polynomial is asked for.
pub struct PlainDealing<S: Suite> {
    pub dealer: S::Point,
    pub shares: Vec<S::Point>,
    pub envelope: Vec<u8>,
    pub proof: [u8; 64],
}

impl<S: Suite> PlainDealing<S> {
    pub fn deal(
        context: &BidContext<'_, S>,
        dealer_secret: S::Scalar,
        coefficients: &[S::Scalar],
        tamper: impl FnOnce(&mut Vec<S::Point>),
        plaintext: &[u8],
        docs_root: &Digest,
        fresh: &[u8; 32],
    ) -> Self {
        let committee = context.committee;
        let keys: Vec<S::Point> = committee.members().iter().map(|member| point::<S>(&member.key)).collect();
        let at = |i: usize| S::Scalar::from(i as u64);
        let value = |i: usize| {
            let powers = std::iter::successors(Some(S::Scalar::ONE), |power| Some(*power * at(i)));
            coefficients.iter().zip(powers).fold(S::Scalar::ZERO, |sum, (a, power)| sum + *a * power)
        };
        let mut shares: Vec<S::Point> =
            (1..).zip(&keys).map(|(i, key)| *key * dealer_secret + S::mul_base(&value(i))).collect();
        tamper(&mut shares);
        let dealer = S::mul_base(&dealer_secret);
        let mut made = Self { dealer, shares, envelope: Vec::new(), proof: [0; 64] };
        let bytes = made.encode();
        let kc = context.key_context(&DealingBytes::split(&bytes, keys.len()).unwrap());
        let secret = S::encode_point(&S::mul_base(&coefficients[0]));
        let key = S::derive(kc.as_bytes(), secret.as_ref(), b"envelope");
        made.envelope = plaintext.to_vec();
        S::encrypt(&key, &[0; 12], kc.as_bytes(), &mut made.envelope);
        let envelope = S::hash(label::ENVELOPE, &[&made.envelope]);
        let dc = S::hash(label::DEAL, &[kc.as_bytes(), envelope.as_bytes(), docs_root.as_bytes()]);
        let n = keys.len();
        let word = (1..=n).map(|i| {
            let m = (0..n - committee.threshold()).fold(S::Scalar::ZERO, |sum, j| {
                let m = S::hash_to_scalar(label::SCRAPE, &[dc.as_bytes(), &(j as u16).to_be_bytes()]);
                (0..j).fold(m, |m, _| m * at(i)) + sum
            });
            let differences =
                (1..=n).filter(|j| *j != i).fold(S::Scalar::ONE, |product, j| product * (at(i) - at(j)));
            m * differences.invert().unwrap()
        });
        let u: S::Point = word.zip(&keys).map(|(w, key)| *key * w).sum();
        let (b, m, z) =
            (S::encode_point(&dealer), S::encode_point(&u), S::encode_point(&(u * dealer_secret)));
        let k = S::encode_scalar(&dealer_secret);
        let fields: [&[u8]; 6] = [&k, fresh, dc.as_bytes(), b.as_ref(), m.as_ref(), z.as_ref()];
        let nonce = S::hash_to_scalar(label::DEAL_NONCE, &fields);
        let (r1, r2) = (S::encode_point(&S::mul_base(&nonce)), S::encode_point(&(u * nonce)));
        let fields: [&[u8]; 6] =
            [dc.as_bytes(), b.as_ref(), m.as_ref(), z.as_ref(), r1.as_ref(), r2.as_ref()];
        let challenge = S::hash_to_scalar(label::DEAL_CHALLENGE, &fields);
        made.proof[..32].copy_from_slice(&S::encode_scalar(&challenge));
        made.proof[32..].copy_from_slice(&S::encode_scalar(&(nonce - challenge * dealer_secret)));
        made
    }

    pub fn encode(&self) -> Vec<u8> {
        let points = std::iter::once(&self.dealer).chain(&self.shares);
        let mut bytes: Vec<u8> = points.flat_map(|p| S::encode_point(p).as_ref().to_vec()).collect();
        bytes.extend_from_slice(&self.proof);
        bytes
    }
}

pub fn point<S: Suite>(element: &Element<S>) -> S::Point {
    let Ok(bytes) = S::PointBytes::try_from(element.as_bytes()) else { panic!("a point has its length") };
    S::decode_point(&bytes).unwrap()
}

/// Splits a dealing, decodes it and judges it, as a node does.
pub fn judge<S: Suite>(
    context: &BidContext<'_, S>,
    dealing: &[u8],
    envelope: &[u8],
    docs_root: &Digest,
) -> Result<sealing::bid::Accepted, String> {
    let seats = context.committee.seats();
    let bytes = DealingBytes::<S>::split(dealing, seats).map_err(|e| format!("E1 {e}"))?;
    let dealing = bytes.decode().map_err(|e| format!("E8 {e}"))?;
    context.verify(&dealing, envelope, docs_root).map_err(|e| format!("E9 {e}"))
}
