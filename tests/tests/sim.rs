//! The simulator's fixed set: a sample of seeds, every adversary, the proof that faults in the nodes are found.

use std::collections::BTreeMap;

use consensus::Message;
use consensus::message::{Proposal, SignedProposal, SignedVote, Vote};
use consensus::proposer::proposer;
use ledger::block;
use ledger::certificate::VoteType;
use ledger::crypto::SigningKey;
use ledger::id::Height;
use scenarios::sim::adversary::Adversary;
use scenarios::sim::chain::Chain;
use scenarios::sim::host::Mutation;
use scenarios::sim::plan::{SIZES, Wishes};
use scenarios::sim::random::Rng;
use scenarios::sim::trace::Trace;
use scenarios::sim::workload::Traffic;
use scenarios::sim::world::World;
use scenarios::sim::{Options, Outcome, PROGRESS_BLOCKS, PROGRESS_MS, REPORTED, simulate};

/// Seeds that once failed, with what they found.
const SEEDS: &str = include_str!("../sim-seeds.txt");

fn with_nodes(seed: u64, nodes: usize) -> Options {
    let wishes = Wishes { nodes: Some(nodes), ..Wishes::default() };
    Options { seed, wishes, ..Options::default() }
}

/// Runs and insists that everything holds.
fn holds(options: &Options) -> Outcome {
    let outcome = simulate(options);
    assert_eq!(outcome.failure, None, "seed {} with {:?}", options.seed, options.wishes);
    outcome
}

#[test]
fn the_same_seed_is_the_same_run() {
    let mut hashes = Vec::new();
    for seed in 0..4 {
        let (one, two) = (simulate(&with_nodes(seed, 4)), simulate(&with_nodes(seed, 4)));
        assert_eq!((one.hash, one.events, &one.counts), (two.hash, two.events, &two.counts), "seed {seed}");
        assert!(one.events > 1_000, "{} events", one.events);
        hashes.push(one.hash);
    }
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 4, "different seeds are different runs");
}

#[test]
fn a_sample_of_seeds_holds() {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in 1_000..1_030 {
        let outcome = holds(&with_nodes(seed, 4));
        assert!(outcome.heights >= PROGRESS_BLOCKS, "seed {seed} decided {} heights", outcome.heights);
        assert!(outcome.acknowledged > 0, "seed {seed} acknowledged nothing");
        outcome.counts.iter().for_each(|(name, count)| *counts.entry(name).or_default() += count);
    }
    // The sample means something only if the faults really happen.
    for fault in [
        "crashes before a flush",
        "crashes tearing a write",
        "crashes after a flush",
        "kills",
        "cuts",
        "one-way cuts",
        "full disks",
        "leaps of time",
        "packets lost",
        "packets repeated",
        "packets cut off",
        "packets late by seconds",
        "transactions refused",
        "refusals audited",
        "judgements audited",
        "joins by a snapshot",
        "damaged pieces of snapshots refused",
    ] {
        assert!(counts.get(fault).is_some_and(|count| *count > 0), "no {fault}: {counts:?}");
    }
}

#[test]
fn larger_networks_hold() {
    for nodes in SIZES.into_iter().filter(|nodes| (5..=10).contains(nodes)) {
        let outcome = holds(&with_nodes(7, nodes));
        assert_eq!(outcome.members, nodes);
    }
}

#[test]
fn twenty_one_members_hold() {
    assert_eq!(holds(&with_nodes(2, 21)).members, 21);
}

/// One centre joins, one changes its key and one leaves by acts of the members, while everything else goes wrong.
#[test]
fn members_change_under_faults() {
    for seed in 0..6 {
        let wishes = Wishes { nodes: Some(4), turnover: true, ..Wishes::default() };
        let outcome = holds(&Options { seed, wishes, ..Options::default() });
        assert_eq!(outcome.members_at_end, 4, "seed {seed}: one has come, one has gone");
        assert_eq!(outcome.eras, 4, "seed {seed}: a set at first and after each of three changes");
    }
}

/// Seeds within which a double signing is seen and stands on the ledger.
const CAUGHT_WITHIN: u64 = 24;

#[test]
fn every_adversary_is_borne() {
    for adversary in Adversary::ALL {
        let wishes = Wishes { nodes: Some(4), adversary: Some(adversary), ..Wishes::default() };
        let options = |seed| Options { seed, wishes, ..Options::default() };
        let mut outcomes: Vec<Outcome> = (0..2).map(|seed| holds(&options(seed))).collect();
        let doubles = matches!(adversary, Adversary::EquivocatingProposer | Adversary::EquivocatingVoter);
        if doubles {
            // Who offers two blocks shows each to one side only, so that it takes luck to be caught.
            let caught = (2..CAUGHT_WITHIN).map(|seed| holds(&options(seed)));
            let caught =
                caught.into_iter().find(|outcome| outcome.evidence > 0 && outcome.double_signings > 0);
            outcomes.push(caught.unwrap_or_else(|| panic!("{} is never on the ledger", adversary.name())));
        }
        let evidence: u64 = outcomes.iter().map(|outcome| outcome.evidence).sum();
        let signs_once = matches!(adversary, Adversary::Silent | Adversary::Garbage | Adversary::Forger);
        assert!(evidence == 0 || !signs_once, "{} signs nothing twice", adversary.name());
    }
}

/// A fault built into the honest nodes is found within so many seeds.
fn is_found(mutation: Mutation, adversary: Option<Adversary>, seeds: u64, rules: &[&str]) {
    let wishes = Wishes { nodes: Some(4), adversary, ..Wishes::default() };
    let options = |seed| Options { seed, wishes, mutation: Some(mutation), trace: false };
    let found = (0..seeds).find_map(|seed| simulate(&options(seed)).failure.map(|failure| (seed, failure)));
    let Some((seed, failure)) = found else { panic!("{mutation:?} is not found in {seeds} seeds") };
    assert!(rules.contains(&failure.rule), "seed {seed}: {failure:?}");
    // Without it the same seed holds.
    assert_eq!(simulate(&Options { mutation: None, ..options(seed) }).failure, None);
}

const CONTRADICTION: &str = "honest nodes never contradict themselves";
const LOCK: &str = "honest nodes keep their lock";
const HALT: &str = "honest nodes do not halt";
const POLKA: &str = "honest nodes precommit what two thirds have prevoted";
const ROUND: &str = "honest nodes enter a round that something leads to";
const DECIDED: &str = "what is decided is what two thirds have precommitted";
const ACCUSED: &str = "honest nodes are never accused";

#[test]
fn a_vote_before_its_flush_is_found() {
    is_found(Mutation::SkipFlush, None, 20, &[CONTRADICTION, LOCK, ACCUSED]);
}

#[test]
fn a_forgotten_lock_is_found() {
    is_found(Mutation::ForgetLock, None, 40, &[CONTRADICTION, LOCK, HALT, ACCUSED]);
}

#[test]
fn trust_in_every_signature_is_found() {
    is_found(Mutation::TrustEverybody, Some(Adversary::Forger), 5, &[ACCUSED, HALT, POLKA, ROUND, DECIDED]);
}

/// Certificates are believed by their signatures alone, each kind of them.
#[test]
fn trust_in_polka_certificates_is_found() {
    is_found(Mutation::TrustPolkas, Some(Adversary::Forger), 5, &[POLKA, LOCK, ACCUSED]);
}

#[test]
fn trust_in_round_certificates_is_found() {
    is_found(Mutation::TrustRounds, Some(Adversary::Forger), 5, &[ROUND, ACCUSED]);
}

#[test]
fn trust_in_commit_certificates_is_found() {
    is_found(Mutation::TrustCommits, Some(Adversary::Forger), 5, &[DECIDED, ACCUSED]);
}

/// What a node has proven of double signings is reported though the node crashes before it is recorded.
#[test]
fn forgotten_reports_are_found() {
    is_found(Mutation::ForgetReports, Some(Adversary::EquivocatingVoter), 20, &[REPORTED]);
}

#[test]
fn seeds_that_once_failed_hold() {
    for line in SEEDS.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()) {
        let mut words = line.split_whitespace();
        let seed = words.next().and_then(|word| word.parse().ok()).expect("a line begins with its seed");
        let nodes: usize =
            words.next().and_then(|word| word.parse().ok()).expect("the number of nodes follows");
        let wishes = Wishes { nodes: (nodes > 0).then_some(nodes), ..Wishes::default() };
        holds(&Options { seed, wishes, ..Options::default() });
    }
}

/// A validator that signs twice at every height is reported once in a while, and not at every height: each report makes a
/// block, and there would be no end.
#[test]
fn a_double_signer_does_not_keep_the_chain_awake() {
    let mut caught = 0;
    for seed in 0..8 {
        let chain = Chain::new(4, 0, false);
        let traffic = Box::new(Traffic::new(Rng::new(seed), &chain, &[3], None));
        let mut world = World::new(chain, Rng::new(seed), Trace::new(false), None);
        world.corrupt(&[(3, Adversary::EquivocatingVoter)]);
        world.employ(traffic, 50);
        world.start(0..4);
        world.run(PROGRESS_MS, |world| world.height(0) >= 20);
        world.dismiss();
        world.run(60_000, |_| false);
        let height = world.height(0);
        world.run(120_000, |_| false);
        assert_eq!(world.checker.failure(), None, "seed {seed}");
        assert_eq!(world.height(0), height, "seed {seed}: nothing happens, and blocks are made");
        caught += u64::from(world.checker.evidence() > 0);
    }
    assert!(caught > 0, "nobody was caught signing twice");
}

fn signed_vote(world: &World, key: &SigningKey, vote_type: VoteType, block_id: Option<block::Id>) -> Message {
    let vote = Vote { height: Height::new(1), round: 0, vote_type, voter: key.public_key(), block_id };
    let signature = key.sign(&vote.sign_bytes(world.chain.id()));
    Message::Vote(SignedVote { vote, signature })
}

/// One node alone sees two thirds prevote a block and locks on it; the others move on without knowing, and the proposer
/// falls silent. From now on nothing is decided without the locked node, which takes no other block.
#[test]
fn a_hidden_lock_does_not_stop_the_others() {
    for seed in 0..3 {
        let chain = Chain::new(4, 0, false);
        let height = Height::new(1);
        let turn = |chain: &Chain, round| {
            let key = proposer(&chain.genesis.validators, height, round);
            chain.centre_of(&key).expect("a centre")
        };
        let puppet = turn(&chain, 0);
        // Whose turn comes late, so that the others try in vain before.
        let locked = turn(&chain, 3);
        let key = chain.centres[puppet].voting.clone();
        let traffic = Box::new(Traffic::new(Rng::new(seed), &chain, &[puppet], None));
        let mut world = World::new(chain, Rng::new(seed), Trace::new(false), None);
        world.corrupt(&[(puppet, Adversary::Silent)]);
        world.filter = Some(Box::new(move |_, from, _, message| match message {
            Message::Vote(v) | Message::VoteAgain(v) => {
                from != locked || v.vote.height.get() > 1 || v.vote.round > 0
            }
            _ => true,
        }));
        world.employ(traffic, 50);
        world.start(0..4);
        let honest: Vec<usize> = (0..4).filter(|node| *node != puppet).collect();
        let begun = |world: &World| {
            honest.iter().all(|n| world.nodes[*n].host.as_ref().is_some_and(|h| h.current().is_some()))
        };
        assert!(world.run(5_000, begun), "everybody begins the first height");
        let (block_id, body) = world.block_by(puppet).expect("a block");
        let proposal = Proposal { height, round: 0, block_id, proposer: key.public_key(), valid_round: None };
        let signature = key.sign(&proposal.sign_bytes(world.chain.id()));
        world.inject(puppet, &honest, &Message::Proposal(SignedProposal { proposal, signature }));
        world.inject(puppet, &honest, &Message::Block { height, round: 0, block_id, body });
        let yes = signed_vote(&world, &key, VoteType::Prevote, Some(block_id));
        world.inject(puppet, &[locked], &yes);
        let others: Vec<usize> = honest.iter().copied().filter(|node| *node != locked).collect();
        for vote_type in [VoteType::Prevote, VoteType::Precommit] {
            let no = signed_vote(&world, &key, vote_type, None);
            world.inject(puppet, &others, &no);
        }
        let done = |world: &World| honest.iter().all(|node| world.height(*node) >= 3);
        assert!(world.run(PROGRESS_MS, done), "seed {seed}: {:?}", world.checker.failure());
        let first = world.nodes[honest[0]].disk.store.block(height).expect("the first block");
        assert_eq!(first.tip.id, block_id, "the locked block is decided");
        assert!(first.certificate.round >= 3, "in the locked node's turn: {}", first.certificate.round);
    }
}
