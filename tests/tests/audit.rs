//! The auditor agrees with the ledger over a fixed set of seeds, which meet every act and every refusal; and it
//! disagrees as soon as anything is altered.

use std::collections::{BTreeMap, BTreeSet};

use ledger::event::Event;
use ledger::execute::rejection::Rejection;
use ledger::genesis::Genesis;
use ledger::rule::land_listing;
use scenarios::audit::{Block, Coverage, Trial};
use scenarios::auditor::code::Code;
use scenarios::auditor::{Auditor, records};
use scenarios::workload::cast::Cast;
use scenarios::workload::{AIMS, Workload};

/// The seeds that every change is tried with, and the blocks of each.
const SEEDS: std::ops::RangeInclusive<u64> = 1..=40;
const BLOCKS: u64 = 240;

/// Refusals that no traffic can earn, each with its reason.
const UNPROVOKED: [(Code, &str); 7] = [
    (Code::RuleMissing, "a rule pack that lacks a rule is refused, in a genesis and as a change"),
    (Code::DealSequenceUsedUp, "a centre would have to number 999,999 deals on one day"),
    (Code::QuoteCurrency, "there is one currency"),
    (Code::TooManyMembers, "128 nodes would have to be admitted"),
    (Code::LastMember, "the workload keeps four members, so that one may fail"),
    (Code::TradeOutsideMandate, "the workload has one kind of trade"),
    (Code::TooManyAuthorities, "256 authorities would have to be trusted"),
];

/// Acts that the workload does not do and the auditor does not know.
const OF_TENDERS: [&str; 19] = [
    "register_seat_key",
    "register_project",
    "publish_tender",
    "clarify_tender",
    "extend_tender",
    "raise_objection",
    "answer_objection",
    "register_stamp_key",
    "submit_bid",
    "withdraw_bid",
    "open_shares",
    "open_own_bid",
    "enter_experts",
    "mend_panel",
    "commit_scores",
    "reveal_scores",
    "name_expert",
    "award_tender",
    "sign_contract",
];

fn run(seed: u64) -> Coverage {
    let mut trial = Trial::new(seed).unwrap();
    if let Err(error) = trial.run(BLOCKS) {
        panic!(
            "seed {seed}: {error:#}\ncargo run --release --locked --workspace --bin audit -- --seed {seed} --blocks {BLOCKS} --trace"
        );
    }
    trial.coverage
}

#[test]
fn ledger_and_auditor_agree_and_everything_is_met() {
    let mut coverage = Coverage::default();
    SEEDS.map(run).for_each(|one| coverage.add(&one));
    let acts: BTreeSet<&str> = coverage.accepted.keys().copied().collect();
    let every = ledger::execute::permission::TABLE.iter().map(|row| row.act);
    let every: BTreeSet<&str> = every.filter(|act| !OF_TENDERS.contains(act)).collect();
    assert_eq!(acts, every, "every act is recorded at least once");
    let unprovoked = UNPROVOKED.iter().map(|(code, _)| *code);
    // Neither the auditor nor the workload knows tenders, from the project to the contract.
    let of_tenders = Code::ALL.iter().copied().filter(|code| *code >= Code::ProjectUnknown);
    let unprovoked: BTreeSet<Code> = unprovoked.chain(of_tenders).collect();
    let met: BTreeSet<Code> = coverage.refused.keys().copied().collect();
    let all: BTreeSet<Code> = Code::ALL.iter().copied().collect();
    assert_eq!(&all - &met, unprovoked, "every other refusal is met at least once");
    assert!(coverage.backlogs > 0, "more falls due at once than one block lets happen");
    assert_eq!(AIMS.into_iter().collect::<BTreeSet<_>>(), &all - &unprovoked);
    let events = 45;
    assert_eq!(coverage.events.len(), events, "every kind of event came about: {:?}", coverage.events);
}

/// The auditor's table of codes is the one of the rules.
#[test]
fn the_codes_are_those_of_the_rules() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/rules.md")).unwrap();
    let rows = page.split("<!-- generated: refusals -->").nth(1).unwrap();
    let rows = rows.split("<!-- end -->").next().unwrap();
    let documented: Vec<(u16, String)> = rows
        .lines()
        .map(|line| line.split('|').map(str::trim).collect::<Vec<_>>())
        .filter_map(|cells| Some((cells.get(2)?.parse().ok()?, cells.get(3)?.trim_matches('`').to_owned())))
        .collect();
    let ours: Vec<(u16, String)> =
        Code::ALL.iter().map(|code| (code.number(), code.name().to_owned())).collect();
    assert_eq!(ours, documented);
    let theirs: Vec<(u16, String)> =
        Rejection::ALL.iter().map(|r| (r.number(), r.code().to_owned())).collect();
    assert_eq!(ours, theirs);
}

/// The same seed gives the same traffic, byte for byte; another seed gives another.
#[test]
fn the_seed_decides_everything() {
    let blocks = |seed| {
        let mut trial = Trial::new(seed).unwrap();
        (0..40).flat_map(|_| trial.step().unwrap().transactions).collect::<Vec<_>>()
    };
    assert_eq!(blocks(3), blocks(3));
    assert_ne!(blocks(3), blocks(4));
}

/// A workload that joins late, or whose transactions were lost, goes on from what is there.
#[test]
fn a_workload_needs_no_past() {
    let cast = Cast::new(2).unwrap();
    let mut trial = Trial::new(2).unwrap();
    trial.run(60).unwrap();
    let mut late = Workload::new(77, cast.genesis.chain_id.clone(), cast.keys);
    let mut good = 0;
    for _ in 0..40 {
        let time = late.next_time(&trial.auditor);
        let offered = late.transactions(&trial.auditor, time);
        good += offered.iter().filter(|one| one.expected.is_ok()).count();
    }
    assert!(good > 10, "{good} good transactions");
}

/// A way to lie to an auditor about a block, which answers whether it found something to alter.
type Lie = fn(&mut Block) -> bool;

const LIES: [(&str, Lie); 20] = [
    ("an event is dropped", |block| block.events.pop().is_some()),
    ("an event is told twice", |block| {
        let last = block.events.last().cloned();
        block.events.extend(last.clone());
        last.is_some()
    }),
    ("two events change places", |block| {
        let many = block.events.len();
        let differ = many > 1 && block.events[many - 1] != block.events[many - 2];
        if differ {
            block.events.swap(many - 1, many - 2);
        }
        differ
    }),
    ("a price is changed", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::QuoteRecorded { price, .. } | Event::ListingConcluded { price, .. } => {
                *price = price.checked_add(*price).unwrap();
                true
            }
            _ => false,
        })
    }),
    ("an end is put off by a millisecond", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::TimedBiddingExtended { ends_at: time, .. }
            | Event::ListingConcluded { confirm_by: time, .. }
            | Event::ResultPublished { until: time, .. }
            | Event::PublicityEnded { contract_by: time, .. } => {
                *time = time.plus(ledger::time::Span::from_millis(1));
                true
            }
            _ => false,
        })
    }),
    ("a change is adopted a height later", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::ChangeAdopted { from, .. } => {
                *from = from.next();
                true
            }
            _ => false,
        })
    }),
    ("members change a height later", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::MemberAdmitted { from, .. }
            | Event::MemberRemoved { from, .. }
            | Event::KeysRotated { from, .. } => {
                *from = from.next();
                true
            }
            _ => false,
        })
    }),
    ("an approval is somebody else's", |block| {
        let centre = block.events.iter().find_map(|recorded| match &recorded.event {
            Event::ChangeProposed { by, .. } => Some(by.clone()),
            _ => None,
        });
        block.events.iter_mut().any(|recorded| match (&mut recorded.event, &centre) {
            (Event::ChangeApproved { by, .. }, Some(centre)) if by != centre => {
                *by = centre.clone();
                true
            }
            _ => false,
        })
    }),
    ("a change stands longer", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::ChangeProposed { expires_at, .. } => {
                *expires_at = expires_at.plus(ledger::time::Span::from_millis(1));
                true
            }
            _ => false,
        })
    }),
    ("another version of the rules is adopted", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::RulesAdopted { version, .. } => {
                *version += 1;
                true
            }
            _ => false,
        })
    }),
    ("a double signing is of another round", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::DoubleSigningRecorded { round, .. } => {
                *round += 1;
                true
            }
            _ => false,
        })
    }),
    ("a revocation is dated back by a millisecond", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::CertificateRevoked { date, .. } => {
                *date = ledger::time::BlockTime::from_millis(date.as_millis() - 1).unwrap();
                true
            }
            _ => false,
        })
    }),
    ("another quote is struck", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::QuoteStruck { number, .. } => {
                *number += 1;
                true
            }
            _ => false,
        })
    }),
    ("an organisation was known, or was not", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::OrganisationEnrolled { first, .. } => {
                *first = !*first;
                true
            }
            _ => false,
        })
    }),
    ("a mandate is another key's", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::StaffAppointed { key, by, .. } => {
                *key = *by;
                true
            }
            _ => false,
        })
    }),
    ("a list is shorter", |block| {
        block.events.iter_mut().any(|recorded| match &mut recorded.event {
            Event::RevocationListRecorded { entries, .. } if *entries > 0 => {
                *entries -= 1;
                true
            }
            _ => false,
        })
    }),
    ("a transaction is dropped", |block| block.transactions.pop().is_some()),
    ("a transaction is told twice", |block| {
        let last = block.transactions.last().cloned();
        block.transactions.extend(last.clone());
        last.is_some()
    }),
    ("a refused transaction is slipped in", |block| {
        let refused = block.refused.first().map(|(bytes, _)| bytes.clone());
        block.transactions.extend(refused.clone());
        refused.is_some()
    }),
    ("the block is dated back", |block| {
        block.time = ledger::time::BlockTime::default();
        true
    }),
];

#[test]
fn every_lie_about_a_block_is_found() {
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in [1, 2, 5, 41, 80] {
        let mut trial = Trial::new(seed).unwrap();
        for _ in 0..100 {
            let mut before = trial.auditor.clone();
            let block = trial.step().unwrap();
            for (name, lie) in LIES {
                let mut told = block.clone();
                if lie(&mut told) {
                    let followed = before.follow(told.height, told.time, &told.transactions, &told.events);
                    assert!(followed.is_err(), "seed {seed}, height {}: {name}", block.height);
                    *found.entry(name).or_default() += 1;
                }
            }
            let followed = before.follow(block.height, block.time, &block.transactions, &block.events);
            assert_eq!(followed, Ok(()), "what was refused has left no trace");
        }
    }
    assert_eq!(found.len(), LIES.len(), "every lie was told: {found:?}");
}

/// A transaction that is hidden with everything that came of it leaves a block without fault; the records show it.
#[test]
fn a_hidden_transaction_shows_in_the_records() {
    let mut trial = Trial::new(1).unwrap();
    let mut hidden = 0;
    for _ in 0..60 {
        let mut before = trial.auditor.clone();
        let mut told = trial.step().unwrap();
        let Some(last) = told.transactions.pop() else { continue };
        let of_last = scenarios::auditor::Offer::decode(before.chain(), &last).unwrap();
        told.events.retain(|recorded| recorded.transaction != Some(of_last.id));
        assert_eq!(before.follow(told.height, told.time, &told.transactions, &told.events), Ok(()));
        assert!(records::compare(&before, &trial.chain.state).is_err(), "height {}", told.height);
        hidden += 1;
    }
    assert!(hidden > 10, "{hidden}");
}

/// A genesis with one legal number changed.
fn with_rule(genesis: &Genesis, id: &str) -> Genesis {
    let mut other = genesis.clone();
    other.rules.rules.iter_mut().filter(|rule| rule.id.as_str() == id).for_each(|rule| rule.value += 1);
    other
}

/// An auditor that counts with another legal number disagrees: none is left unaudited.
#[test]
fn every_legal_number_is_audited() {
    let mut unnoticed: BTreeSet<&str> = land_listing::ALL.into_iter().collect();
    for seed in SEEDS {
        let cast = Cast::new(seed).unwrap();
        let mut others: Vec<(&str, Auditor)> =
            unnoticed.iter().map(|id| (*id, Auditor::new(&with_rule(&cast.genesis, id)))).collect();
        let mut trial = Trial::new(seed).unwrap();
        for _ in 0..BLOCKS {
            let block = trial.step().unwrap();
            others.retain_mut(|(id, auditor)| {
                let agrees = auditor
                    .follow(block.height, block.time, &block.transactions, &block.events)
                    .and_then(|()| records::compare_trades(auditor, &trial.chain.state))
                    .is_ok();
                if !agrees {
                    unnoticed.remove(id);
                }
                agrees
            });
        }
        if unnoticed.is_empty() {
            return;
        }
    }
    panic!("nobody noticed that these were changed: {unnoticed:?}");
}

/// The books of events refuse what no rules may bring about, in a table of sequences of which the last event is bad.
#[test]
fn no_letter_is_used_twice() {
    use ledger::amount::{Amount, Currency};
    use ledger::id::{CreditCode, DealCode, DealKind, GuaranteeId};
    use ledger::record::guarantee::ReleaseGround;
    use scenarios::auditor::conservation::Conservation;

    let cast = Cast::new(1).unwrap();
    let codes: Vec<CreditCode> =
        cast.genesis.organisations.iter().map(|(organisation, _)| organisation.code.clone()).collect();
    let listing = DealCode::issue(DealKind::LandUseRight, &codes[0], 20_514, 1).unwrap();
    let other = DealCode::issue(DealKind::LandUseRight, &codes[0], 20_514, 2).unwrap();
    let (bidder, rival) = (codes[6].clone(), codes[7].clone());
    let letter = |number: &str| GuaranteeId { guarantor: codes[9].clone(), number: number.parse().unwrap() };
    let yuan = |minor| Amount::new(minor, Currency::Cny).unwrap();
    let issued = |number, applicant: &CreditCode| Event::GuaranteeIssued {
        guarantee: letter(number),
        listing: listing.clone(),
        applicant: applicant.clone(),
        amount: yuan(500),
    };
    let deposited = |number, bidder: &CreditCode, listing: &DealCode| Event::BidderQualified {
        listing: listing.clone(),
        bidder: bidder.clone(),
        guarantee: letter(number),
    };
    let quoted = |bidder: &CreditCode, minor, number| Event::QuoteRecorded {
        listing: listing.clone(),
        bidder: bidder.clone(),
        price: yuan(minor),
        number,
    };
    let won = |winner: &CreditCode, minor| Event::ListingConcluded {
        listing: listing.clone(),
        winner: winner.clone(),
        price: yuan(minor),
        confirm_by: Default::default(),
    };
    let released =
        |number| Event::GuaranteeReleased { guarantee: letter(number), ground: ReleaseGround::Beneficiary };
    let expired = |number| Event::GuaranteeExpired { guarantee: letter(number) };
    let begun = || vec![issued("1", &bidder), deposited("1", &bidder, &listing)];
    let after = |more: Vec<Event>| begun().into_iter().chain(more).collect::<Vec<_>>();
    let cases = [
        ("issued twice", after(vec![issued("1", &bidder)])),
        ("was never issued", vec![deposited("1", &bidder, &listing)]),
        ("was never issued", vec![expired("1")]),
        ("qualifies twice", after(vec![issued("2", &bidder), deposited("2", &bidder, &listing)])),
        ("another bidder or listing", vec![issued("1", &bidder), deposited("1", &rival, &listing)]),
        ("another bidder or listing", vec![issued("1", &bidder), deposited("1", &bidder, &other)]),
        ("after its end", vec![issued("1", &bidder), expired("1"), deposited("1", &bidder, &listing)]),
        ("ends twice", after(vec![released("1"), expired("1")])),
        ("ends twice", after(vec![released("1"), released("1")])),
        ("without a letter", after(vec![quoted(&rival, 10, 1)])),
        ("does not exceed", after(vec![quoted(&bidder, 10, 1), quoted(&bidder, 10, 2)])),
        ("does not exceed", after(vec![quoted(&bidder, 10, 1), quoted(&bidder, 11, 3)])),
        ("not the highest quote", after(vec![quoted(&bidder, 10, 1), won(&bidder, 11)])),
        ("after its result", after(vec![quoted(&bidder, 10, 1), won(&bidder, 10), quoted(&bidder, 20, 2)])),
        ("binds the winner", after(vec![quoted(&bidder, 10, 1), won(&bidder, 10), released("1")])),
    ];
    for (sentence, events) in cases {
        let mut books = Conservation::default();
        let (last, good) = events.split_last().unwrap();
        good.iter().for_each(|event| books.enter(event, Default::default()).unwrap());
        let said = books.enter(last, Default::default()).unwrap_err();
        assert!(said.contains(sentence), "{said:?} does not say {sentence:?}");
    }
}
