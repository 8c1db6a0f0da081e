//! 1,000 bids to a committee of 21 seats, 11 of which open: what each step costs one thread.
//!
//! Figures of two machines are compared by the first line: one multiplication of a point that is not fixed.

use std::convert::Infallible;
use std::hint::black_box;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rand_core::{TryCryptoRng, TryRng};
use sealing::bid::{BidContext, Dealing, DealingBytes, Draft, Sealed};
use sealing::committee::{Committee, Member, Seat};
use sealing::element::Element;
use sealing::envelope::{SizeClass, pad};
use sealing::id::{CentreId, OneTimeKey, TenderId};
use sealing::label::Label;
use sealing::message::docs_root;
use sealing::opening::{CHUNK, ChunkContext, LiveList, OpeningShares, Quorum, Shares};
use sealing::seat::SeatSecret;
use sealing::suite::{Ristretto255, Suite};

type S = Ristretto255;

const SEATS: usize = 21;
const THRESHOLD: usize = 11;
const BIDS: usize = 1000;

/// Reproducible, and good for a measurement only.
struct Counter(u64);

impl TryRng for Counter {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| word as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        const FILL: Label = Label::new("sealing bench");
        for part in dst.chunks_mut(64) {
            let block = S::hash(FILL, &[&self.0.to_be_bytes()]);
            part.copy_from_slice(&block.as_bytes()[..part.len()]);
            self.0 += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Counter {}

struct World {
    secrets: Vec<SeatSecret<S>>,
    committee: Committee<S>,
    bids: Vec<Sealed<S>>,
}

fn context(committee: &Committee<S>) -> BidContext<'_, S> {
    BidContext {
        committee,
        tender: TenderId::from_bytes([1; 32]),
        one_time_key: OneTimeKey::from_bytes([2; 32]),
        sequence: 1,
    }
}

fn seal(committee: &Committee<S>, padded: &[u8], rng: &mut Counter) -> Sealed<S> {
    Draft::new(context(committee), rng).finish(padded, &docs_root::<S>(&[]), rng)
}

impl World {
    fn new() -> Self {
        let mut rng = Counter(0);
        let secrets: Vec<SeatSecret<S>> = (0..SEATS).map(|_| SeatSecret::generate(&mut rng)).collect();
        let members = (1u8..).zip(&secrets);
        let members =
            members.map(|(i, s)| Member { centre: CentreId::from_bytes([i; 32]), key: *s.public() });
        let committee = Committee::new("bench", 1, THRESHOLD, members).unwrap();
        let padded = pad(&[7; 900], SizeClass::Kib1).unwrap();
        let bids = (0..BIDS).map(|_| seal(&committee, &padded, &mut rng)).collect();
        Self { secrets, committee, bids }
    }

    fn chunks(&self) -> Vec<(ChunkContext<'_, S>, Vec<Element<S>>)> {
        let tender = TenderId::from_bytes([1; 32]);
        let live_root = LiveList::new(self.bids.iter().map(|bid| bid.bid)).root::<S>(&tender);
        let chunks = (0u32..).zip(self.bids.chunks(CHUNK));
        chunks
            .map(|(chunk, bids)| {
                let dealers = bids.iter().map(|bid| *bid.dealing.dealer()).collect();
                (ChunkContext { committee: &self.committee, tender, live_root, chunk }, dealers)
            })
            .collect()
    }

    fn give(&self, seat: usize) -> Vec<Vec<u8>> {
        let number = Seat::new(seat as u8 + 1).unwrap();
        let mut rng = Counter(9);
        let give = |(chunk, dealers): (ChunkContext<'_, S>, Vec<Element<S>>)| {
            chunk.give(number, &self.secrets[seat], &dealers, &mut rng).unwrap().encode()
        };
        self.chunks().into_iter().map(give).collect()
    }

    /// Decodes and judges what one seat gave for every chunk.
    fn judge(&self, seat: usize, given: &[Vec<u8>]) -> Vec<Shares<S>> {
        let number = Seat::new(seat as u8 + 1).unwrap();
        let chunks = self.chunks().into_iter().zip(given);
        chunks
            .map(|((chunk, dealers), given)| {
                let given = OpeningShares::decode(given, dealers.len()).unwrap();
                chunk.verify(number, &dealers, given).unwrap()
            })
            .collect()
    }

    /// Combines what the seats gave and opens every envelope.
    fn open(&self, shares: &[Vec<Shares<S>>], dealings: &[Vec<u8>]) -> usize {
        let own = context(&self.committee);
        let mut opened = 0;
        for (chunk, bids) in self.bids.chunks(CHUNK).enumerate() {
            let shares = shares.iter().map(|seat| &seat[chunk]).collect();
            let quorum = Quorum::new(&self.committee, shares).unwrap();
            for (index, bid) in bids.iter().enumerate() {
                let dealing = DealingBytes::split(&dealings[chunk * CHUNK + index], SEATS).unwrap();
                let secret = quorum.secret(index, &dealing).unwrap();
                opened += secret.open(&own.key_context(&dealing), &bid.envelope).unwrap().len();
            }
        }
        opened
    }
}

fn bids(criterion: &mut Criterion) {
    let world = World::new();
    let mut group = criterion.benchmark_group("bids");
    group.sample_size(20);

    let (mut rng, point) = (Counter(5), S::mul_base(&7u64.into()));
    let scalar = S::random_scalar(&mut rng);
    group.bench_function("multiplication of a point", |b| b.iter(|| black_box(point) * black_box(scalar)));
    group.bench_function("multiplication of the generator", |b| b.iter(|| S::mul_base(black_box(&scalar))));

    let padded = pad(&[7; 900], SizeClass::Kib1).unwrap();
    group.bench_function("seal 1", |b| b.iter(|| seal(&world.committee, &padded, &mut rng)));

    let dealings: Vec<Vec<u8>> = world.bids.iter().map(|bid| bid.dealing.encode()).collect();
    let (own, root) = (context(&world.committee), docs_root::<S>(&[]));
    let judge = |(dealing, bid): (&Vec<u8>, &Sealed<S>)| {
        let dealing: Dealing<S> = DealingBytes::split(dealing, SEATS).unwrap().decode().unwrap();
        own.verify(&dealing, &bid.envelope, &root).unwrap()
    };
    let mut turn = dealings.iter().zip(&world.bids).cycle();
    group.bench_function("verify 1", |b| {
        b.iter_batched(|| turn.next().unwrap(), judge, BatchSize::SmallInput);
    });

    group.sample_size(10);
    group.bench_function("shares of one seat for 1000", |b| b.iter(|| world.give(0)));
    let given: Vec<Vec<Vec<u8>>> = (0..THRESHOLD).map(|seat| world.give(seat)).collect();
    group.bench_function("judge the shares of one seat for 1000", |b| b.iter(|| world.judge(0, &given[0])));
    let shares: Vec<_> = (0..THRESHOLD).map(|seat| world.judge(seat, &given[seat])).collect();
    group.bench_function("combine and open 1000", |b| b.iter(|| world.open(&shares, &dealings)));
    group.finish();
    println!(
        "bytes: dealing {}, envelope {}, shares of a full chunk {}",
        DealingBytes::<S>::len_for(SEATS),
        SizeClass::Kib1.envelope_len(),
        OpeningShares::<S>::len_for(CHUNK)
    );
}

criterion_group!(benches, bids);
criterion_main!(benches);
