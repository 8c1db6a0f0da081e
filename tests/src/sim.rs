//! A network of nodes on one thread: virtual time, one seed.
//!
//! Each node is the real `consensus::Replica` with real frames of its log on a simulated disk, and the real execution
//! of the ledger over a ledger in memory; [`host`] does around them what the program's host does. What surrounds the
//! nodes is made here: [`network`], [`disk`] and [`clock`], which fail as the seed says, [`adversary`], and clients with
//! a [`workload`]. [`checker`] judges what comes of it.
//!
//! # Determinism
//!
//! One 64-bit seed decides everything: the [`plan`] and all chance afterwards. Nothing reads a real clock, starts a
//! thread or goes through an unordered map. Equal seeds give equal [`trace`] hashes.
//!
//! # What must hold
//!
//! At any time: one block per height with the same roots, certificates that verify, nothing acknowledged lost, no
//! transaction twice, honest nodes that neither contradict themselves nor leave a lock nor are accused, evidence against
//! whoever contradicts himself before an honest node's eyes. Once the last fault has healed, with at most a third of the
//! members faulty: progress within [`PROGRESS_MS`], and every valid transaction on the ledger within [`RECORDED_MS`].
//!
//! The [`crate::auditor`] follows every block and every choice of an honest proposer; a disagreement ends the run.
//!
//! # Seams
//!
//! Another [`workload::Workload`] is given to [`world::World::employ`]; [`membership`] changes who votes.

pub mod adversary;
pub mod chain;
pub mod checker;
pub mod client;
pub mod clock;
pub mod command;
pub mod disk;
pub mod host;
pub mod joining;
pub mod membership;
pub mod network;
pub mod plan;
pub mod random;
pub mod report;
pub mod store;
pub mod trace;
pub mod workload;
pub mod world;

use std::collections::BTreeMap;

use adversary::Adversary;
use chain::Chain;
use checker::Failure;
use host::Mutation;
use ledger::id::DoubleSigningId;
use membership::{Roles, Turnover};
use plan::{Plan, Wishes};
use random::Rng;
use store::Store;
use trace::Trace;
use workload::Traffic;
use world::{AUDITED, World};

use crate::auditor::records;

/// Once all is healed, every honest member has this many more blocks within [`PROGRESS_MS`].
pub const PROGRESS_BLOCKS: u64 = 5;
/// The bound on progress, in virtual ms.
pub const PROGRESS_MS: u64 = 240_000;
/// The bound on the recording of a valid transaction, from its submission or from the last fault, in virtual ms.
pub const RECORDED_MS: u64 = 240_000;

/// The rule that what is proven comes onto the ledger, whatever crashed meanwhile.
pub const REPORTED: &str = "proven double signings are reported";

/// The rule that a snapshot of an honest node leads to its ledger, and a damaged piece of one to nothing.
pub const JOINED: &str = "a snapshot leads to the ledger that it is from";

/// What to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Decides everything.
    pub seed: u64,
    /// What is asked for beside it.
    pub wishes: Wishes,
    /// A fault built into the honest nodes.
    pub mutation: Option<Mutation>,
    /// Whether to print a line for each event.
    pub trace: bool,
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// Hash of all events.
    pub hash: u64,
    /// How many events there were.
    pub events: u64,
    /// Members.
    pub members: usize,
    /// Members after the last block.
    pub members_at_end: u64,
    /// Sets of members that there have been.
    pub eras: u64,
    /// Blocks decided.
    pub heights: u64,
    /// How long it took, in virtual ms.
    pub virtual_ms: u64,
    /// From the last fault to progress everywhere, in virtual ms.
    pub recovery_ms: u64,
    /// Proofs of double signing.
    pub evidence: u64,
    /// Double signings on the ledger.
    pub double_signings: u64,
    /// Transactions that clients were told are recorded.
    pub acknowledged: u64,
    /// Adversaries.
    pub adversaries: Vec<Adversary>,
    /// How often things happened.
    pub counts: BTreeMap<&'static str, u64>,
    /// The first rule that did not hold.
    pub failure: Option<Failure>,
}

/// Runs a network through faults and out of them.
#[must_use]
pub fn simulate(options: &Options) -> Outcome {
    let mut rng = Rng::new(options.seed);
    let plan = Plan::draw(&mut rng.fork(1), options.wishes);
    let mut world = build(&plan, &mut rng, options);
    world.run(plan.faults_ms, |_| false);
    world.heal();
    let recovery_ms = settle(&mut world, &plan);
    finish(&mut world);
    let totals = world.auditor.totals();
    Outcome {
        seed: options.seed,
        hash: world.trace.hash(),
        events: world.trace.events(),
        members: plan.members,
        members_at_end: totals.members,
        eras: totals.eras,
        heights: world.checker.height(),
        virtual_ms: world.now,
        recovery_ms,
        evidence: world.checker.evidence(),
        double_signings: totals.double_signings,
        acknowledged: world.clients.all_acknowledged().len() as u64,
        adversaries: plan.adversaries.iter().map(|(_, kind)| *kind).collect(),
        counts: world.counts.clone(),
        failure: world.checker.failure().cloned(),
    }
}

fn build(plan: &Plan, rng: &mut Rng, options: &Options) -> World {
    let joiners = usize::from(plan.turnover.is_some());
    let chain = Chain::new(plan.members, joiners, plan.stepped);
    let turnover = plan.turnover.map(|turnover| Turnover::new(&chain, turnover.roles));
    let adversaries: Vec<usize> = plan.adversaries.iter().map(|(centre, _)| *centre).collect();
    let traffic = Traffic::new(rng.fork(3), &chain, &adversaries, turnover);
    let trace = Trace::new(options.trace);
    let mut world = World::new(chain, rng.fork(2), trace, options.mutation);
    world.corrupt(&plan.adversaries);
    world.trouble(plan);
    world.employ(Box::new(traffic), plan.pace_ms);
    let joiner = plan.members;
    let at_once: Vec<usize> = (0..world.nodes.len()).filter(|n| joiners == 0 || *n != joiner).collect();
    world.start(at_once);
    if let Some(turnover) = plan.turnover {
        world.boot_after(turnover.joiner_boots_ms, joiner);
    }
    world
}

/// The honest nodes of the members that decide the next height.
fn required(world: &World) -> Vec<usize> {
    let members = &world.auditor.books().members;
    let is_member = |node: &usize| members.contains_key(&world.chain.centres[world.nodes[*node].centre].code);
    (0..world.nodes.len()).filter(|node| world.is_honest(*node)).filter(is_member).collect()
}

/// Waits until everybody has made progress; tells how long it took.
fn settle(world: &mut World, plan: &Plan) -> u64 {
    let healed_at = world.now;
    let goal = world.checker.height() + PROGRESS_BLOCKS;
    let turned = |world: &World| {
        let complete = |roles: Roles| roles.is_complete(&world.chain.centres, &world.auditor);
        plan.turnover.is_none_or(|turnover| complete(turnover.roles))
    };
    let done =
        |world: &World| turned(world) && required(world).iter().all(|node| world.height(*node) >= goal);
    if !world.run(PROGRESS_MS, done) {
        let (heights, turned) = (describe(world), turned(world));
        world.checker.fail(
            world.now,
            "progress after the last fault",
            format!(
                "not all at height {goal} after {PROGRESS_MS} ms, members as planned: {turned}: {heights}"
            ),
        );
    }
    world.now - healed_at
}

/// Lets everything that is under way end, and judges what is left.
fn finish(world: &mut World) {
    world.dismiss();
    // Whoever signs twice at every height does so in the block that holds the report of the one before.
    let until = world.checker.height();
    let done = |world: &World| {
        let height = world.checker.height();
        world.clients.musts().next().is_none()
            && unreported(world, until).is_none()
            && required(world).iter().all(|node| world.height(*node) == height && world.is_up(*node))
    };
    if !world.run(RECORDED_MS, done) {
        let late: Vec<String> = world
            .clients
            .musts()
            .map(|(id, open)| format!("{id} of {} ms, {}", open.since, open.act()))
            .collect();
        let heights = describe(world);
        let detail = format!("after {RECORDED_MS} ms: {heights}; not recorded: {}", late.join(", "));
        match unreported(world, until) {
            Some((node, id)) => {
                world.checker.fail(world.now, REPORTED, format!("node {node}: {id}; {detail}"))
            }
            None => world.checker.fail(world.now, "what is valid is recorded, and everybody has it", detail),
        }
    }
    for node in required(world) {
        let state = &world.nodes[node].disk.store.state;
        if world.height(node) == world.auditor.height()
            && let Err(disagreement) = records::compare(&world.auditor, state)
        {
            world.checker.fail(world.now, AUDITED, format!("node {node}: {disagreement}"));
        }
    }
    join_once_more(world);
    let acknowledged = world.clients.all_acknowledged();
    for node in required(world) {
        world.checker.final_ledger(world.now, node, &world.nodes[node].disk.store, &acknowledged);
    }
}

/// Whoever joins by a snapshot after all this has the ledger of the others.
fn join_once_more(world: &mut World) {
    let Some(node) = required(world).into_iter().max_by_key(|node| world.height(*node)) else { return };
    let Some(joined) = world.joined_from(node) else { return };
    let roots = |store: &Store| {
        store
            .blocks()
            .last()
            .map(|last| (last.tip.id, last.state_root, last.log_root, store.state.root(last.tip.height)))
    };
    let (ours, theirs) = (roots(&joined), roots(&world.nodes[node].disk.store));
    if ours != theirs {
        world.checker.fail(world.now, JOINED, format!("from node {node}: {ours:?}, not {theirs:?}"));
    }
}

/// A double signing up to this height that an honest member has proven and that is not on its ledger.
fn unreported(world: &World, until: u64) -> Option<(usize, DoubleSigningId)> {
    let one = |node| {
        world.checker.unreported(node, &world.nodes[node].disk.store.state, until).map(|id| (node, id))
    };
    required(world).into_iter().find_map(one)
}

fn describe(world: &World) -> String {
    let one = |node: usize| {
        let machine = &world.nodes[node];
        let honest = if world.is_honest(node) { "" } else { " (adversary)" };
        let phase =
            machine.host.as_ref().map_or_else(|| "down".to_owned(), |host| format!("{:?}", host.phase()));
        format!("node {node}{honest} at {} {phase}", world.height(node))
    };
    (0..world.nodes.len()).map(one).collect::<Vec<_>>().join(", ")
}
