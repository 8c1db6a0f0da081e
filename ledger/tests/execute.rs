//! Blocks: what a validator refuses, and that all of them compute the same.

mod support;

use std::collections::BTreeMap;

use ledger::action::Action;
use ledger::block::{Block, Header};
use ledger::execute::rejection::Rejection;
use ledger::execute::{BlockFault, Executed, next_due, stepped_time};
use ledger::hash::{StateRoot, TransactionRoot, ValidatorSetHash};
use ledger::id::Height;
use ledger::procedure::due::MAX_PER_BLOCK;
use ledger::record::listing::Stage;
use ledger::state::keys::ListingKey;
use ledger::time::{BlockTime, DAY_MS, Span};
use ledger::transaction::Verified;
use support::Seeded;
use support::chain::Chain;
use support::network::{Options, genesis, key};
use support::table::event_name;
use support::words::{Names, Words, action};

fn start(options: &Options) -> (Chain, Names) {
    let genesis = genesis(options);
    (Chain::new(&genesis), Names::new(genesis.chain_id.clone(), genesis.time))
}

/// Signs the act of a line such as `gz register new`.
fn transaction(chain: &mut Chain, names: &Names, line: &str) -> Verified {
    let words: Vec<&str> = line.split(' ').collect();
    let action = action(words[1], &Words::of(words[2..].iter().copied()), names);
    let bytes = chain.sign(&key(words[0]), action, 10);
    chain.verified(&bytes)
}

fn bytes_of(transactions: &[Verified]) -> impl Iterator<Item = &[u8]> {
    transactions.iter().map(Verified::bytes)
}

/// A valid first block of two transactions, the transactions, and the chain it stands on.
fn first_block(options: &Options) -> (Chain, Header, Vec<Verified>) {
    let (mut chain, names) = start(options);
    let transactions = vec![
        transaction(&mut chain, &names, "gz register one"),
        transaction(&mut chain, &names, "gz register two"),
    ];
    let (made, refused) = chain.propose(names.time("d0T09:00"), &transactions);
    assert!(refused.is_empty());
    (chain, made.header, transactions)
}

/// Each row spoils one claim of a valid header.
#[test]
fn a_block_with_a_fault_is_refused() {
    let (chain, good, transactions) = first_block(&Options::default());
    assert!(chain.validate(&good, &transactions).is_ok());
    let spoil = |change: fn(&mut Header)| {
        let mut header = good.clone();
        change(&mut header);
        chain.validate(&header, &transactions).err()
    };
    let one = Height::new(1);
    let cases: Vec<(&str, Option<BlockFault>, BlockFault)> = vec![
        ("version 0", spoil(|h| h.version = 0), BlockFault::Version(0)),
        ("version 2", spoil(|h| h.version = 2), BlockFault::Version(2)),
        (
            "height again",
            spoil(|h| h.height = Height::GENESIS),
            BlockFault::Height { expected: one, found: Height::GENESIS },
        ),
        (
            "height ahead",
            spoil(|h| h.height = Height::new(2)),
            BlockFault::Height { expected: one, found: Height::new(2) },
        ),
        (
            "another chain",
            spoil(|h| h.previous = ledger::block::Id::default()),
            BlockFault::Previous(chain.tip.id),
        ),
        (
            "time of genesis",
            spoil(|h| h.time = BlockTime::parse("2026-03-02T00:00:00+08:00").unwrap()),
            BlockFault::Time,
        ),
        ("time before", spoil(|h| h.time = BlockTime::default()), BlockFault::Time),
        ("another set", spoil(|h| h.validators = ValidatorSetHash::default()), BlockFault::Validators),
        (
            "other transactions",
            spoil(|h| h.transaction_root = TransactionRoot::default()),
            BlockFault::TransactionRoot,
        ),
        (
            "another state",
            spoil(|h| h.state_root = StateRoot::default()),
            BlockFault::StateRoot { expected: good.state_root, found: StateRoot::default() },
        ),
        // Several at once: the first counts.
        (
            "all",
            spoil(|h| {
                *h = Header {
                    version: 9,
                    height: Height::new(9),
                    previous: ledger::block::Id::default(),
                    time: BlockTime::default(),
                    validators: ValidatorSetHash::default(),
                    ..h.clone()
                }
            }),
            BlockFault::Version(9),
        ),
        (
            "root and state",
            spoil(|h| {
                h.transaction_root = TransactionRoot::default();
                h.state_root = StateRoot::default();
            }),
            BlockFault::TransactionRoot,
        ),
    ];
    for (name, found, expected) in cases {
        assert_eq!(found, Some(expected), "{name}");
    }
}

/// Transactions in another order, fewer, more, twice: the header commits to exactly these.
#[test]
fn the_transactions_are_those_of_the_header() {
    let (mut chain, good, two) = first_block(&Options::default());
    let names = Names::new(chain.chain_id.clone(), chain.tip.time);
    let third = transaction(&mut chain, &names, "gz register three");
    let swapped = vec![two[1].clone(), two[0].clone()];
    let fewer = vec![two[0].clone()];
    let more = vec![two[0].clone(), two[1].clone(), third];
    for other in [vec![], swapped, fewer, more] {
        assert_eq!(chain.validate(&good, &other).err(), Some(BlockFault::TransactionRoot));
    }
}

/// A block of these transactions whose header commits to them, with the state root of nothing.
fn claim(chain: &Chain, good: &Header, transactions: &[Verified]) -> Option<BlockFault> {
    let header = Header { transaction_root: Block::transaction_root(bytes_of(transactions)), ..good.clone() };
    chain.validate(&header, transactions).err()
}

#[test]
fn one_refused_transaction_spoils_the_block() {
    let (mut chain, good, two) = first_block(&Options::default());
    let names = Names::new(chain.chain_id.clone(), chain.tip.time);
    let stranger = transaction(&mut chain, &names, "stranger register three");
    let refused = |index, rejection| Some(BlockFault::Transaction { index, rejection });
    let cases = [
        (vec![two[0].clone(), two[1].clone(), stranger.clone()], refused(2, Rejection::UnknownKey)),
        (vec![stranger, two[0].clone()], refused(0, Rejection::UnknownKey)),
        (vec![two[0].clone(), two[0].clone()], refused(1, Rejection::AlreadyRecorded)),
    ];
    for (transactions, expected) in cases {
        assert_eq!(claim(&chain, &good, &transactions), expected);
    }
}

#[test]
fn a_block_stays_within_the_parameters() {
    let options = Options { block_transactions: Some(2), ..Options::default() };
    let (mut chain, good, two) = first_block(&options);
    let names = Names::new(chain.chain_id.clone(), chain.tip.time);
    // The size is judged before any transaction is: the first of these would be refused.
    let stranger = transaction(&mut chain, &names, "stranger register three");
    let three = [stranger, two[0].clone(), two[1].clone()];
    assert_eq!(claim(&chain, &good, &three), Some(BlockFault::TooLarge));
    // A proposer leaves out what does not fit.
    let (made, refused) = chain.propose(good.time, &[two[0].clone(), two[1].clone(), three[0].clone()]);
    assert_eq!((made.transactions.len(), refused.len()), (2, 0));

    let (mut chain, names) = start(&Options { block_bytes: Some(65_535), ..Options::default() });
    let many: Vec<Verified> =
        (0..400).map(|n| transaction(&mut chain, &names, &format!("gz register n{n}"))).collect();
    let (made, _) = chain.propose(names.time("d0T09:00"), &many);
    let bytes: usize = made.transactions.iter().map(|(_, bytes)| bytes.len()).sum();
    assert!(bytes <= 65_535 && bytes + many[0].bytes().len() > 65_535 - 8, "{bytes}");
    assert_eq!(claim(&chain, &made.header, &many), Some(BlockFault::TooLarge));
}

#[test]
fn a_stepped_clock_leaves_one_time() {
    let (mut chain, names) = start(&Options { stepped: true, ..Options::default() });
    let millis = |time: BlockTime| time.since(names.day_zero).as_millis();
    // what happens, the time of the block after it
    for (line, after) in
        [("wait", 2), ("advance 1d", DAY_MS), ("wait", DAY_MS + 1), ("advance 5m", DAY_MS + 5)]
    {
        let only = stepped_time(&chain, &chain.tip).unwrap().unwrap();
        for other in [only.plus(Span::from_millis(1)), names.day_zero.plus(Span::from_millis(50 * DAY_MS))] {
            let (made, _) = chain.propose(other, &[]);
            assert_eq!(chain.judge(&made).err(), Some(BlockFault::Time), "{line}");
        }
        let acts = match line {
            "wait" => vec![],
            line => vec![transaction(&mut chain, &names, &format!("keeper {line}"))],
        };
        chain.block(only, &acts);
        assert_eq!(millis(stepped_time(&chain, &chain.tip).unwrap().unwrap()), after, "{line}");
    }
    let (real, _) = start(&Options::default());
    assert_eq!(stepped_time(&real, &real.tip), Ok(None));
}

/// More falls due at one instant than a block lets happen: blocks without acts work it off.
#[test]
fn no_act_overtakes_what_has_fallen_due() {
    let count = MAX_PER_BLOCK + 500;
    let options = Options { block_transactions: Some(2_000), ..Options::default() };
    let (mut chain, mut names) = start(&options);
    let publish = transaction(&mut chain, &names, "seller publish L");
    let (made, _) = chain.block(names.time("d0T09:00"), &[publish]);
    if let ledger::event::Event::ListingPublished { listing, .. } = &made.events[0].event {
        names.listings.insert("L".into(), listing.clone());
    }
    let letters: Vec<Verified> = (0..count)
        .map(|n| transaction(&mut chain, &names, &format!("bank issue G{n} expires=d21")))
        .collect();
    let (_, refused) = chain.block(names.time("d0T10:00"), &letters);
    assert!(refused.is_empty());
    assert_eq!(next_due(&chain), Ok(Some(names.time("d21"))));

    let act = transaction(&mut chain, &names, "gz register one");
    let (made, refused) = chain.propose(names.time("d21"), std::slice::from_ref(&act));
    assert!(made.transactions.is_empty() && refused.is_empty(), "it waits and is not refused");
    assert_eq!(made.events.len(), MAX_PER_BLOCK);
    assert_eq!(claim(&chain, &made.header, std::slice::from_ref(&act)), Some(BlockFault::TooLarge));
    chain.block(names.time("d21"), &[]);
    assert_eq!(next_due(&chain), Ok(Some(names.time("d21"))));
    let (made, _) = chain.block(names.time("d21T00:01"), &[act]);
    // 500 letters and the opening of the listing are left, then comes the act.
    assert_eq!((made.events.len(), made.transactions.len()), (500 + 1 + 1, 1));
}

/// A random network: acts that make sense and acts that do not, several in a block, in random order.
struct Workload {
    chain: Chain,
    names: Names,
    random: Seeded,
    count: u64,
    done: BTreeMap<String, u64>,
    refused: BTreeMap<&'static str, u64>,
}

impl Workload {
    fn line(&mut self) -> String {
        self.count += 1;
        let listings: Vec<String> = self.names.listings.keys().cloned().chain(["?".into()]).collect();
        let listing = self.random.pick(&listings).clone();
        let day = self.chain.tip.time.since(self.names.day_zero).as_millis() / DAY_MS;
        let bidder = *self.random.pick(&["a", "b", "c", "trader"]);
        let side = *self.random.pick(&["a", "b", "c", "seller", "trader"]);
        let (seller, host) =
            (*self.random.pick(&["seller", "trader"]), *self.random.pick(&["gz", "gz", "sz"]));
        let letter = self.random.below(self.count.min(60)) + self.count.saturating_sub(60);
        let (price, number) = (1_000 + self.random.below(60) * 10, self.count);
        match self.random.below(20) {
            0 => format!("gz register n{number} roles=bidder"),
            1 | 2 => {
                let (opens, closes) = (day + 20 + self.random.below(3), day + 32 + self.random.below(3));
                format!("{seller} publish L{number} opens=d{opens} closes=d{closes}")
            }
            3..=5 => format!("bank issue G{number} for={bidder} listing={listing} expires=d{}", day + 150),
            6..=8 => format!("{bidder} deposit bank:G{letter} listing={listing}"),
            9..=12 => format!("{bidder} quote {price} listing={listing}"),
            13..=14 => format!("{side} confirm {listing}"),
            15 => format!("{host} publicise {listing}"),
            16..=17 => format!("{side} contract {listing}"),
            18 => format!("{seller} release bank:G{letter}"),
            _ => format!("keeper advance {}m", 1 + self.random.below(6 * DAY_MS)),
        }
    }

    /// Everybody does everything for a listing that runs, so that trades come far enough.
    fn push_on(&mut self) -> Vec<String> {
        let read = |name: &String| self.chain.read(&ListingKey(&self.names.listings[name])).unwrap();
        let over = |stage| matches!(stage, Stage::Contracted | Stage::Failed | Stage::Lapsed);
        let running: Vec<&String> =
            self.names.listings.keys().filter(|name| !over(read(name).stage)).collect();
        if running.is_empty() {
            return vec![];
        }
        let listing = (*self.random.pick(&running)).clone();
        let best = read(&listing).best.map_or(1_000, |best| best.price.minor() / 100);
        let n = self.count;
        let mut lines = vec![];
        for (index, bidder) in ["a", "b", "c"].into_iter().enumerate() {
            let price = best + 10 * (index as u64 + self.random.below(2));
            lines.push(format!("bank issue P{n}x{index} for={bidder} listing={listing} expires=d290"));
            lines.push(format!("{bidder} deposit bank:P{n}x{index} listing={listing}"));
            lines.push(format!("{bidder} quote {price} listing={listing}"));
            lines.push(format!("{bidder} confirm {listing}"));
            lines.push(format!("{bidder} contract {listing}"));
        }
        for who in ["seller", "trader"] {
            lines.push(format!("{who} confirm {listing}"));
            lines.push(format!("{who} contract {listing}"));
        }
        lines.push(format!("gz publicise {listing}"));
        lines.push(format!("keeper advance {}m", 1 + self.random.below(4 * DAY_MS)));
        lines
    }

    fn block(&mut self) {
        let mut lines = if self.random.below(2) == 0 { self.push_on() } else { vec![] };
        (0..self.random.below(6)).for_each(|_| {
            let line = self.line();
            lines.push(line);
        });
        let candidates: Vec<Verified> =
            lines.iter().map(|line| transaction(&mut self.chain, &self.names, line)).collect();
        let time = stepped_time(&self.chain, &self.chain.tip).unwrap().unwrap();
        let before = self.chain.clone();
        let (made, refused) = self.chain.block(time, &candidates);
        self.leaves_no_trace(&before, time, &made);
        refused.iter().for_each(|rejection| *self.refused.entry(rejection.code()).or_default() += 1);
        for recorded in &made.events {
            *self.done.entry(event_name(&recorded.event)).or_default() += 1;
            if let ledger::event::Event::ListingPublished { listing, .. } = &recorded.event {
                self.names.listings.insert(format!("M{:03}", self.names.listings.len()), listing.clone());
            }
        }
    }

    /// The refused ones might as well not have been there.
    fn leaves_no_trace(&self, before: &Chain, time: BlockTime, made: &Executed) {
        let accepted: Vec<Verified> =
            made.transactions.iter().map(|(_, bytes)| before.verified(bytes)).collect();
        let (again, refused) = before.propose(time, &accepted);
        assert!(refused.is_empty());
        assert_eq!(
            (&again.header, &again.changes, &again.events),
            (&made.header, &made.changes, &made.events)
        );
    }
}

#[test]
fn random_blocks_are_judged_as_they_were_made() {
    let mut met: BTreeMap<String, u64> = BTreeMap::new();
    for seed in [1, 2, 3] {
        let (chain, names) = start(&Options { stepped: true, ..Options::default() });
        let (done, refused) = (BTreeMap::new(), BTreeMap::new());
        let mut workload = Workload { chain, names, random: Seeded(seed), count: 0, done, refused };
        for _ in 0..150 {
            workload.block();
        }
        let held = ledger::merkle::map::root(&workload.chain, workload.chain.tip.height.get()).unwrap();
        assert_eq!(workload.chain.root_made_anew(), held, "seed {seed}");
        assert!(workload.refused.len() > 9, "{:?}", workload.refused);
        workload.done.into_iter().for_each(|(name, count)| *met.entry(name).or_default() += count);
    }
    // The workload is worth something only if it comes to the end of trades.
    let events: Vec<&str> = met.keys().map(String::as_str).collect();
    for event in [
        "BidderQualified",
        "ClockAdvanced",
        "ContractSigned",
        "DealConfirmed",
        "GuaranteeIssued",
        "GuaranteeReleased",
        "ListingConcluded",
        "ListingEnded",
        "ListingOpened",
        "ListingPublished",
        "OrganisationRegistered",
        "PublicityEnded",
        "QuoteRecorded",
        "ResultPublished",
        "TimedBiddingExtended",
        "TimedBiddingStarted",
    ] {
        assert!(events.contains(&event), "no {event} in {met:?}");
    }
}

/// The name of an act in interfaces is the name of its variant.
#[test]
fn acts_are_named_after_their_variants() {
    let (_, names) = start(&Options::default());
    for line in [
        "register new",
        "publish L",
        "issue G1",
        "deposit bank:G1",
        "quote 1",
        "confirm L",
        "publicise L",
        "contract L",
        "release bank:G1",
        "advance 1d",
        "propose remove zs",
        "approve C",
        "report zs",
    ] {
        let words: Vec<&str> = line.split(' ').collect();
        let act: Action = action(words[0], &Words::of(words[1..].iter().copied()), &names);
        let variant = format!("{act:?}");
        let variant = variant.split('(').next().unwrap();
        let snake: String = variant
            .chars()
            .enumerate()
            .flat_map(|(i, c)| (c.is_uppercase() && i > 0).then_some('_').into_iter().chain(c.to_lowercase()))
            .collect();
        assert_eq!(act.name(), snake);
    }
}
