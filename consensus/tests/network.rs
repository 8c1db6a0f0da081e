//! Replicas in a simulated network: good days, loss, crashes, sleep, growth.

mod support;

use consensus::Message;
use support::{CrashPlan, Moment, Network, World};

#[test]
fn four_replicas_decide_without_waiting() {
    let mut world = World::new(4, 1);
    world.start(0..4);
    world.run_to_height(50, &[0, 1, 2, 3], 60_000);
    world.assert_sound();
    // Build, proposal, check, prevote, precommit, next: a few steps of 1 ms, and no timeout.
    assert!(world.now < 50 * 10, "{} ms for 50 heights", world.now);
    assert!(world.nodes.iter().all(|node| node.rounds_started <= 51));
    assert!(world.nodes.iter().all(|node| node.fetches == 0));
    // Each height: a proposal, a block and two votes of each to three others.
    let per_height = world.sent / 50;
    assert!(per_height <= 3 * 2 + 4 * 2 * 3 + 2, "{per_height} messages a height");
}

#[test]
fn one_replica_decides_alone() {
    let mut world = World::new(1, 1);
    world.start(0..1);
    world.run_to_height(20, &[0], 1_000);
    world.assert_sound();
}

#[test]
fn sizes_from_two_to_seven_decide() {
    for count in 2..=7 {
        let mut world = World::new(count, count as u64);
        world.start(0..count);
        let all: Vec<usize> = (0..count).collect();
        world.run_to_height(10, &all, 10_000);
        world.assert_sound();
    }
}

#[test]
fn a_silent_third_is_not_missed() {
    let mut world = World::new(4, 3);
    world.start(0..3);
    world.run_to_height(20, &[0, 1, 2], 120_000);
    world.assert_sound();
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let run = |seed| {
        let mut world = World::new(4, seed);
        world.network = Network { loss_percent: 5, delay_ms: (1, 100) };
        world.start(0..4);
        world.run_to_height(10, &[0, 1, 2, 3], 600_000);
        (world.trace, world.now, world.sent)
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn loss_and_jitter_delay_but_do_not_split() {
    for seed in 0..12 {
        let mut world = World::new(5, seed);
        world.network = Network { loss_percent: 5, delay_ms: (0, 200) };
        world.start(0..5);
        world.run_to_height(30, &[0, 1, 2, 3, 4], 3_600_000);
        world.assert_sound();
    }
}

#[test]
fn heavy_loss_is_survived() {
    for seed in 0..4 {
        let mut world = World::new(4, seed);
        world.network = Network { loss_percent: 30, delay_ms: (0, 300) };
        world.start(0..4);
        world.run_to_height(10, &[0, 1, 2, 3], 7_200_000);
        world.assert_sound();
    }
}

#[test]
fn a_crash_around_any_flush_contradicts_nothing() {
    for moment in [Moment::Before, Moment::Torn, Moment::After] {
        for sync in 1..=12 {
            for node in 0..4 {
                let mut world = World::new(4, sync);
                world.crashes = vec![CrashPlan { node, sync, moment, down_ms: 30, lose_log: false }];
                world.start(0..4);
                world.run_to_height(8, &[0, 1, 2, 3], 120_000);
                world.assert_sound();
                assert_eq!(world.crashes_done, 1, "{moment:?} {sync} {node}");
            }
        }
    }
}

#[test]
fn crashes_in_a_bad_network_contradict_nothing() {
    for seed in 0..12 {
        let mut world = World::new(4, seed);
        world.network = Network { loss_percent: 5, delay_ms: (0, 200) };
        let moments = [Moment::Before, Moment::Torn, Moment::After];
        world.crashes = (0..24)
            .map(|i| CrashPlan {
                node: i % 4,
                sync: 2 + i as u64 * 2 + seed % 3,
                moment: moments[(i + seed as usize) % 3],
                down_ms: 20 + 400 * (seed % 5),
                lose_log: false,
            })
            .collect();
        world.start(0..4);
        world.run_to_height(20, &[0, 1, 2, 3], 3_600_000);
        world.assert_sound();
        assert!(world.crashes_done > 10, "{} crashes", world.crashes_done);
    }
}

#[test]
fn everybody_crashing_at_once_goes_on() {
    for sync in 1..=6 {
        let mut world = World::new(4, sync);
        let plan = |node| CrashPlan { node, sync, moment: Moment::After, down_ms: 50, lose_log: false };
        world.crashes = (0..4).map(plan).collect();
        world.start(0..4);
        world.run_to_height(6, &[0, 1, 2, 3], 120_000);
        world.assert_sound();
        assert_eq!(world.crashes_done, 4);
    }
}

#[test]
fn a_lost_log_is_noticed() {
    // The checks above mean something only if they find the contradictions that a log prevents.
    let contradicts = |seed: u64| {
        let mut world = World::new(4, seed);
        world.network = Network { loss_percent: 5, delay_ms: (0, 200) };
        world.crashes = (1..40)
            .map(|i| CrashPlan {
                node: (i % 4) as usize,
                sync: i + seed,
                moment: Moment::After,
                down_ms: 20,
                lose_log: true,
            })
            .collect();
        world.start(0..4);
        world.run(600_000, |world| !world.contradictions.is_empty() || world.height(0) >= 20);
        !world.contradictions.is_empty()
    };
    assert!((0..10).any(contradicts), "no contradiction found without a log");
}

#[test]
fn a_replica_that_slept_catches_up() {
    for sleep in [1u64, 2, 10] {
        let mut world = World::new(4, sleep);
        world.start(0..4);
        world.run_to_height(3, &[0, 1, 2, 3], 10_000);
        world.cut_off.insert(3);
        let there = world.height(3);
        world.run_to_height(there + sleep, &[0, 1, 2], 600_000);
        world.cut_off.clear();
        world.run_to_height(there + sleep + 5, &[0, 1, 2, 3], 600_000);
        world.assert_sound();
    }
}

#[test]
fn a_replica_one_height_behind_is_helped_while_the_others_rest() {
    let mut world = World::new(4, 5);
    world.stop_height = 5;
    world.start(0..4);
    world.run_to_height(4, &[0, 1, 2, 3], 10_000);
    world.cut_off.insert(3);
    world.run_to_height(5, &[0, 1, 2], 60_000);
    world.cut_off.clear();
    // Nobody begins height 6, so nothing but its own repeated votes can help it.
    world.run_to_height(5, &[3], 60_000);
    world.assert_sound();
}

#[test]
fn a_lost_block_is_fetched() {
    let mut world = World::new(4, 6);
    // The proposer's block never reaches node 0; answers of others do.
    world.filter = Some(Box::new(|world, from, to, message| match message {
        Message::Block { height, round, .. } => {
            to != 0 || from != world.proposer(height.get(), u64::from(*round))
        }
        _ => true,
    }));
    world.start(0..4);
    world.run_to_height(20, &[0, 1, 2, 3], 60_000);
    world.assert_sound();
    assert!(world.nodes[0].fetches > 0);
}

#[test]
fn a_lost_proposal_does_not_leave_a_replica_behind() {
    let mut world = World::new(4, 7);
    world.filter = Some(Box::new(|_, _, to, message| {
        to != 0 || !matches!(message, Message::Proposal(_) | Message::Block { .. }) || message.round() > 0
    }));
    world.start(0..4);
    world.run_to_height(2, &[1, 2, 3], 60_000);
    world.filter = None;
    world.run_to_height(10, &[0, 1, 2, 3], 60_000);
    world.assert_sound();
}

#[test]
fn a_validator_joins() {
    let mut world = World::new(5, 8);
    world.members = Box::new(|height| if height < 30 { 4 } else { 5 });
    world.start(0..5);
    world.run_to_height(60, &[0, 1, 2, 3, 4], 600_000);
    world.assert_sound();
    let late = &world.nodes[0].chain[45].0;
    assert!(late.signatures.len() >= 4);
}

#[test]
fn a_partition_heals() {
    for seed in 0..4 {
        let mut world = World::new(5, seed);
        world.network = Network { loss_percent: 0, delay_ms: (1, 20) };
        world.start(0..5);
        world.run_to_height(3, &[0, 1, 2, 3, 4], 60_000);
        world.filter = Some(Box::new(|_, from, to, _| (from < 2) == (to < 2)));
        let before = world.nodes.iter().map(|node| node.chain.len()).max().expect("nodes");
        world.run(20_000, |_| false);
        let after = world.nodes.iter().map(|node| node.chain.len()).max().expect("nodes");
        assert!(after <= before + 1, "three of five are no quorum");
        world.filter = None;
        world.run_to_height(after as u64 + 5, &[0, 1, 2, 3, 4], 120_000);
        world.assert_sound();
    }
}

#[test]
#[ignore = "minutes; run when the engine or the log changes"]
fn many_seeds_with_everything_going_wrong() {
    for seed in 0..400u64 {
        let mut world = World::new(4 + (seed % 3) as usize, seed);
        let count = world.nodes.len();
        world.network = Network { loss_percent: seed % 15, delay_ms: (0, 50 + 50 * (seed % 6)) };
        let moments = [Moment::Before, Moment::Torn, Moment::After];
        let mut rng = world.rng.clone();
        world.crashes = (0..40)
            .map(|_| CrashPlan {
                node: rng.below(count as u64) as usize,
                sync: 1 + rng.below(60),
                moment: moments[rng.below(3) as usize],
                down_ms: 10 + rng.below(3_000),
                lose_log: false,
            })
            .collect();
        world.start(0..count);
        let all: Vec<usize> = (0..count).collect();
        world.run_to_height(15, &all, 7_200_000);
        world.assert_sound();
    }
}
