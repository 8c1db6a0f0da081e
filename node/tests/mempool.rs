//! The mempool's bounds, its order, and what it tells those who wait.

use std::sync::Arc;

use ledger::action::Action;
use ledger::crypto::SigningKey;
use ledger::execute::rejection::Rejection;
use ledger::id::{ChainId, CreditCode, Height};
use ledger::procedure::clock::AdvanceClock;
use ledger::time::Span;
use ledger::transaction::{self, Payload, Verified, sign};
use node::handle::{Outcome, Refusal};
use node::mempool::{Account, Limits, Mempool, Waiter};
use tokio::sync::oneshot;
use zeroize::Zeroizing;

const ORGANISATIONS: [&str; 2] = ["12440100DEM0000149", "12440300DEM000022E"];

fn chain() -> ChainId {
    "test/0123456789abcdef".parse().unwrap()
}

/// Transactions differ in the step; what they do is not the mempool's business.
fn transaction(number: u64, expiry: u64) -> Arc<Verified> {
    let key = SigningKey::from_seed(&Zeroizing::new([1; 32]));
    let action = Action::AdvanceClock(AdvanceClock { by: Span::from_millis(number) });
    let bytes = sign(
        &chain(),
        &key,
        &Payload { action, expiry: Height::new(expiry), salt: [0; 16], approvals: Vec::new() },
    );
    Arc::new(Verified::decode(&chain(), &bytes).unwrap())
}

fn organisation(number: usize) -> CreditCode {
    ORGANISATIONS[number].parse().unwrap()
}

fn pool(transactions: usize, bytes: usize, per_organisation: usize) -> Mempool {
    Mempool::new(Limits { transactions, bytes, per_organisation })
}

fn roomy() -> Mempool {
    pool(1_000, 1 << 20, 1_000)
}

fn waiter() -> (Option<Waiter>, oneshot::Receiver<Outcome>) {
    let (sender, receiver) = oneshot::channel();
    (Some(sender), receiver)
}

/// Takes in `transaction` for an organisation, with nobody waiting.
fn insert(pool: &Mempool, of: usize, transaction: &Arc<Verified>) -> Result<bool, Refusal> {
    pool.insert(transaction.clone(), organisation(of), &mut None)
}

/// Whoever wants to enrol shares one quota with all others who do, however many keys they sign with.
#[test]
fn applicants_share_one_quota() {
    let pool = roomy();
    let taken = |number| pool.insert(transaction(number, 10), Account::Applicants, &mut None);
    let first = (1..).find(|number| taken(*number).is_err());
    assert_eq!(first, Some(257));
    assert_eq!(taken(300), Err(Refusal::QuotaExceeded));
    assert_eq!(insert(&pool, 0, &transaction(400, 10)), Ok(true), "an organisation is not crowded out");
    let id = transaction(1, 10).id();
    pool.committed(Height::new(1), &[id]);
    assert_eq!(taken(301), Ok(true));
}

fn numbers(taken: &[Arc<Verified>]) -> Vec<transaction::Id> {
    taken.iter().map(|t| t.id()).collect()
}

#[test]
fn bounds_hold_and_are_told_apart() {
    let size = transaction(1, 10).bytes().len();
    // Limits (transactions, bytes, per organisation), then who submits, and what becomes of each.
    type Case = ((usize, usize, usize), &'static [(usize, Option<Refusal>)]);
    let cases: [Case; 4] = [
        ((9, 1 << 20, 2), &[(0, None), (0, None), (0, Some(Refusal::QuotaExceeded)), (1, None)]),
        ((2, 1 << 20, 2), &[(0, None), (1, None), (1, Some(Refusal::MempoolFull))]),
        ((9, 0, 2), &[(0, Some(Refusal::MempoolFull))]),
        // A full mempool is told before a quota: another node may have room.
        ((1, 1 << 20, 1), &[(0, None), (0, Some(Refusal::MempoolFull))]),
    ];
    for ((transactions, bytes, per_organisation), submissions) in cases {
        let pool = pool(transactions, bytes, per_organisation);
        let mut taken = 0;
        for (number, (of, expected)) in (1..).zip(submissions) {
            let (mut waits, told) = waiter();
            let found = pool.insert(transaction(number, 10), organisation(*of), &mut waits);
            assert_eq!(found.as_ref().err(), expected.as_ref(), "transaction {number}");
            assert_eq!(waits.is_some(), found.is_err(), "the waiter of a refused one is handed back");
            drop(told);
            taken += usize::from(found.is_ok());
        }
        assert_eq!(pool.size(), (taken, taken * size));
    }
    // Bytes are counted exactly.
    let exact = pool(9, 2 * size, 9);
    assert_eq!(insert(&exact, 0, &transaction(1, 10)), Ok(true));
    assert_eq!(insert(&exact, 0, &transaction(2, 10)), Ok(true));
    assert_eq!(insert(&exact, 0, &transaction(3, 10)), Err(Refusal::MempoolFull));
}

#[test]
fn room_comes_back_with_every_end() {
    let ends: [fn(&Mempool, &Verified); 3] = [
        |pool, t| pool.committed(Height::new(1), &[t.id()]),
        |pool, t| pool.settle(&t.id(), &Outcome::Refused(Refusal::Rejected(Rejection::UnknownKey))),
        // Its expiry: the next height is above it.
        |pool, t| pool.committed(t.payload().expiry, &[]),
    ];
    for end in ends {
        let pool = pool(1, 1 << 20, 1);
        for number in 1..4 {
            let one = transaction(number, 10);
            assert_eq!(insert(&pool, 0, &one), Ok(true));
            assert!(insert(&pool, 0, &transaction(100, 10)).is_err());
            end(&pool, &one);
            assert_eq!(pool.size(), (0, 0));
            assert!(pool.is_empty() && pool.candidates(9, 1 << 20).is_empty());
            assert!(!pool.join(one.bytes(), &mut None));
        }
    }
}

#[test]
fn candidates_come_in_the_order_of_arrival_within_bounds() {
    let pool = roomy();
    let all: Vec<_> = [5, 3, 9, 1].map(|number| transaction(number, 10)).into();
    all.iter().for_each(|t| assert_eq!(insert(&pool, 0, t), Ok(true)));
    let size = all[0].bytes().len();
    for (transactions, bytes, expected) in
        [(9, 1 << 20, 4), (3, 1 << 20, 3), (9, 2 * size, 2), (9, 2 * size - 1, 1), (0, 1 << 20, 0), (9, 0, 0)]
    {
        let taken = numbers(&pool.candidates(transactions, bytes));
        assert_eq!(taken, numbers(&all[..expected]), "{transactions} transactions, {bytes} bytes");
    }
    // What is recorded leaves a gap and no other order.
    pool.committed(Height::new(1), &[all[1].id()]);
    let rest = [all[0].clone(), all[2].clone(), all[3].clone()];
    assert_eq!(numbers(&pool.candidates(9, 1 << 20)), numbers(&rest));
    // Who comes back stands at the end.
    assert_eq!(insert(&pool, 0, &all[1]), Ok(true));
    assert_eq!(pool.candidates(9, 1 << 20).last().unwrap().id(), all[1].id());
}

#[test]
fn a_transaction_waits_once_however_often_it_comes() {
    let pool = roomy();
    let one = transaction(1, 10);
    let (mut first, mut told_first) = waiter();
    assert_eq!(pool.insert(one.clone(), organisation(0), &mut first), Ok(true));
    // Through the shorter way, before it is verified, and through the longer one after.
    let (mut second, mut told_second) = waiter();
    assert!(pool.join(one.bytes(), &mut second) && second.is_none());
    let (mut third, mut told_third) = waiter();
    assert_eq!(pool.insert(one.clone(), organisation(0), &mut third), Ok(false));
    assert!(third.is_none());
    assert_eq!(pool.size(), (1, one.bytes().len()));
    pool.committed(Height::new(7), &[transaction(2, 10).id(), one.id()]);
    let place = Outcome::Committed { height: Height::new(7), index: 1 };
    for told in [&mut told_first, &mut told_second, &mut told_third] {
        assert_eq!(told.try_recv(), Ok(place.clone()));
    }
}

#[test]
fn waiters_of_one_transaction_are_bounded() {
    let pool = roomy();
    let one = transaction(1, 10);
    assert_eq!(insert(&pool, 0, &one), Ok(true));
    let mut kept = 0;
    for _ in 0..100 {
        let (mut waits, _told) = waiter();
        assert!(pool.join(one.bytes(), &mut waits));
        kept += usize::from(waits.is_none());
    }
    assert_eq!(kept, 16);
}

/// The same act under another signature has the same name; it is another thing to a block, which holds bytes.
#[test]
fn a_verified_signature_vouches_for_its_own_bytes_only() {
    let pool = roomy();
    let one = transaction(1, 10);
    assert_eq!(insert(&pool, 0, &one), Ok(true));
    let mut forged = one.bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    assert_eq!(transaction::Unverified::decode(&chain(), &forged).unwrap().id(), one.id());
    assert!(!pool.join(&forged, &mut None));
    let found = pool.verified(&[forged, one.bytes().to_vec(), b"else".to_vec()]);
    let found: Vec<_> = found.into_iter().map(|t| t.map(|t| t.id())).collect();
    assert_eq!(found, [None, Some(one.id()), None]);
}

#[test]
fn whoever_waits_is_told_what_became_of_it() {
    let refused = |rejection| Outcome::Refused(Refusal::Rejected(rejection));
    type End = fn(&Mempool, transaction::Id);
    let cases: [(End, Option<Outcome>); 5] = [
        (
            |pool, id| pool.committed(Height::new(3), &[id]),
            Some(Outcome::Committed { height: Height::new(3), index: 0 }),
        ),
        (
            |pool, id| {
                pool.settle(&id, &Outcome::Refused(Refusal::Rejected(Rejection::QuoteBelowIncrement)));
            },
            Some(refused(Rejection::QuoteBelowIncrement)),
        ),
        // It may be recorded at height 10 and no later.
        (|pool, _| pool.committed(Height::new(9), &[]), None),
        (|pool, _| pool.committed(Height::new(10), &[]), Some(refused(Rejection::Expired))),
        (|pool, _| pool.settle(&transaction(2, 10).id(), &Outcome::Pending), None),
    ];
    for (number, (end, expected)) in cases.into_iter().enumerate() {
        let (pool, one) = (roomy(), transaction(1, 10));
        let (mut waits, mut told) = waiter();
        assert_eq!(pool.insert(one.clone(), organisation(0), &mut waits), Ok(true));
        end(&pool, one.id());
        assert_eq!(told.try_recv().ok(), expected, "case {number}");
        assert_eq!(pool.is_empty(), expected.is_some(), "case {number}");
    }
}

#[test]
fn what_a_block_passes_over_is_named() {
    let pool = roomy();
    let (old, new) = (transaction(1, 100), transaction(2, 100));
    assert_eq!(insert(&pool, 0, &old), Ok(true));
    assert_eq!(numbers(&pool.passed_over(9)), []);
    // One block proves nothing: what arrived while it was decided is not in it.
    pool.committed(Height::new(1), &[]);
    assert_eq!(insert(&pool, 0, &new), Ok(true));
    assert_eq!(numbers(&pool.passed_over(9)), []);
    pool.committed(Height::new(2), &[]);
    assert_eq!(numbers(&pool.passed_over(9)), [old.id()]);
    pool.committed(Height::new(3), &[]);
    assert_eq!(numbers(&pool.passed_over(9)), [old.id(), new.id()]);
    assert_eq!(numbers(&pool.passed_over(1)), [old.id()]);
    pool.settle(&old.id(), &Outcome::Refused(Refusal::Rejected(Rejection::UnknownKey)));
    assert_eq!(numbers(&pool.passed_over(9)), [new.id()]);
}
