//! Validators that lie: what the honest ones make of it.

mod support;

use std::sync::Arc;

use consensus::message::{PolkaCertificate, RoundCertificate, RoundCertificateKind, RoundVote};
use consensus::{Evidence, HaltReason, Input, Message};
use ledger::block;
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType};
use ledger::crypto::SigningKey;
use ledger::id::Height;
use support::{
    Network, World, body_id, chain_id, keys, make_body, signed_proposal, signed_vote, validator_set,
};

/// Four validators of which one is a puppet: the proposer of height 1, round 0.
fn world_with_puppet(seed: u64) -> (World, usize, SigningKey, Vec<usize>) {
    let mut world = World::new(4, seed);
    let puppet = world.proposer(1, 0);
    let honest: Vec<usize> = (0..4).filter(|node| *node != puppet).collect();
    world.start(honest.clone());
    let key = world.key(puppet);
    (world, puppet, key, honest)
}

fn block_message(height: u64, round: u32, block_id: block::Id, body: &Arc<[u8]>) -> Message {
    Message::Block { height: Height::new(height), round, block_id, body: body.clone() }
}

fn certificate(keys: &[SigningKey], height: u64, round: u32, id: block::Id) -> CommitCertificate {
    let mut signatures: Vec<CommitSignature> = keys
        .iter()
        .map(|key| signed_vote(key, height, round, VoteType::Precommit, Some(id)))
        .map(|vote| CommitSignature { public_key: vote.vote.voter, signature: vote.signature })
        .collect();
    signatures.sort_by_key(|one| one.public_key);
    CommitCertificate { height: Height::new(height), round, block_id: id, signatures }
}

#[test]
fn a_proposer_with_two_blocks_is_found_out() {
    for seed in 0..8 {
        let (mut world, puppet, key, honest) = world_with_puppet(seed);
        world.network = Network { loss_percent: 0, delay_ms: (1, 30) };
        let blocks: Vec<_> = (0..2).map(|nonce| make_body(Height::new(1), 0, nonce)).collect();
        // Different orders for different nodes, and votes for both.
        for (i, node) in honest.iter().enumerate() {
            for j in 0..2 {
                let (id, body) = &blocks[(i + j) % 2];
                world.inject(puppet, *node, &Message::Proposal(signed_proposal(&key, 1, 0, *id, None)));
                world.inject(puppet, *node, &block_message(1, 0, *id, body));
                for vote_type in [VoteType::Prevote, VoteType::Precommit] {
                    world.inject(
                        puppet,
                        *node,
                        &Message::Vote(signed_vote(&key, 1, 0, vote_type, Some(*id))),
                    );
                }
            }
        }
        world.run_to_height(5, &honest, 120_000);
        world.assert_sound();
        let evidence: Vec<&Evidence> = honest.iter().flat_map(|node| &world.nodes[*node].evidence).collect();
        assert!(evidence.iter().any(|one| matches!(one, Evidence::Proposals { .. })), "{evidence:?}");
        assert!(evidence.iter().any(|one| matches!(one, Evidence::Votes { .. })), "{evidence:?}");
        for one in evidence {
            assert_eq!(one.accused(), key.public_key());
            assert_eq!(one.verify(&chain_id(), &key.public_key()), Ok(()));
        }
    }
}

#[test]
fn split_votes_delay_but_do_not_split() {
    // The puppet tells each honest node another story in every round of the first heights.
    for seed in 0..8 {
        let (mut world, puppet, key, honest) = world_with_puppet(seed);
        world.network = Network { loss_percent: 2, delay_ms: (0, 60) };
        for height in 1..6 {
            for round in 0..4 {
                for (i, node) in honest.iter().enumerate() {
                    let (id, body) = make_body(Height::new(height), round, i as u64);
                    if world.proposer(height, u64::from(round)) == puppet {
                        let proposal = signed_proposal(&key, height, round, id, None);
                        world.inject(puppet, *node, &Message::Proposal(proposal));
                        world.inject(puppet, *node, &block_message(height, round, id, &body));
                    }
                    let value = (i != 0).then_some(id);
                    for vote_type in [VoteType::Prevote, VoteType::Precommit] {
                        world.inject(
                            puppet,
                            *node,
                            &Message::Vote(signed_vote(&key, height, round, vote_type, value)),
                        );
                    }
                }
            }
        }
        world.run_to_height(8, &honest, 600_000);
        world.assert_sound();
    }
}

#[test]
fn an_invalid_block_is_voted_down() {
    let (mut world, puppet, key, honest) = world_with_puppet(1);
    let body: Arc<[u8]> = Arc::from(b"bad block".as_slice());
    let id = body_id(&body);
    world.inject_all(puppet, &Message::Proposal(signed_proposal(&key, 1, 0, id, None)));
    world.inject_all(puppet, &block_message(1, 0, id, &body));
    world.run_to_height(1, &honest, 60_000);
    world.assert_sound();
    assert_ne!(world.nodes[honest[0]].chain[0].0.block_id, id);
    assert!(world.nodes[honest[0]].chain[0].0.round > 0);
}

#[test]
fn bytes_of_another_block_do_not_discredit_the_block() {
    let (mut world, puppet, key, honest) = world_with_puppet(1);
    let (id, body) = make_body(Height::new(1), 0, 0);
    let garbage: Arc<[u8]> = vec![9; 1000].into();
    world.inject_all(puppet, &Message::Proposal(signed_proposal(&key, 1, 0, id, None)));
    // Garbage under the right id for two, the block for the third, who passes it on.
    for (i, node) in honest.iter().enumerate() {
        let bytes = if i < 2 { &garbage } else { &body };
        (0..5).for_each(|_| world.inject(puppet, *node, &block_message(1, 0, id, bytes)));
    }
    world.run_to_height(1, &honest, 60_000);
    world.assert_sound();
    assert_eq!(
        (world.nodes[honest[0]].chain[0].0.block_id, world.nodes[honest[0]].chain[0].0.round),
        (id, 0)
    );
}

#[test]
fn a_withheld_block_costs_one_round() {
    let (mut world, puppet, key, honest) = world_with_puppet(1);
    let (id, _) = make_body(Height::new(1), 0, 0);
    world.inject_all(puppet, &Message::Proposal(signed_proposal(&key, 1, 0, id, None)));
    world.run_to_height(1, &honest, 60_000);
    world.assert_sound();
    assert_eq!(world.nodes[honest[0]].chain[0].0.round, 1);
    // Nobody has it, and asking stops with the height.
    assert!(world.nodes[honest[0]].fetches < 40);
}

#[test]
fn a_stale_or_thin_certificate_is_refused() {
    let all = keys(4);
    let (id, body) = make_body(Height::new(1), 0, 0);
    let mut bad_signature = certificate(&all[..3], 1, 0, id);
    bad_signature.signatures[1].signature = bad_signature.signatures[0].signature;
    let mut twice = certificate(&all[..2], 1, 0, id);
    twice.signatures.push(twice.signatures[1]);
    let prevotes = {
        let vote = |key| signed_vote(key, 1, 0, VoteType::Prevote, Some(id));
        let one = |key| CommitSignature { public_key: vote(key).vote.voter, signature: vote(key).signature };
        CommitCertificate {
            signatures: all[..3].iter().map(one).collect(),
            ..certificate(&all[..3], 1, 0, id)
        }
    };
    let other_round = CommitCertificate { round: 1, ..certificate(&all[..3], 1, 0, id) };
    let cases = [
        ("two of four", certificate(&all[..2], 1, 0, id)),
        ("of strangers", certificate(&keys(7)[..3], 1, 0, id)),
        ("a bad signature", bad_signature),
        ("one signer twice", twice),
        ("prevotes", prevotes),
        ("another round", other_round),
        ("of a later height", certificate(&all[..3], 2, 0, id)),
        ("of genesis", certificate(&all[..3], 0, 0, id)),
    ];
    for (name, certificate) in cases {
        let mut world = World::new(4, 1);
        world.start([0]);
        let from = all[1].public_key();
        world.feed(0, Input::Message { from, message: Message::Commit(certificate.clone()) });
        world.feed(0, Input::Certified { from, certificate, body: body.clone() });
        world.run(5_000, |_| false);
        assert_eq!(world.height(0), 0, "{name}");
        assert_eq!(world.nodes[0].halted, None, "{name}");
    }
    // And one that holds decides, to show that the others fail for what is wrong with them.
    let mut world = World::new(4, 1);
    world.start([0]);
    let from = all[1].public_key();
    world.feed(0, Input::Certified { from, certificate: certificate(&all[..3], 1, 0, id), body });
    world.run_to_height(1, &[0], 100);
    world.assert_sound();
}

#[test]
fn a_certified_block_that_our_rules_refuse_stops_the_node() {
    let all = keys(4);
    let body: Arc<[u8]> = Arc::from(b"bad block".as_slice());
    let id = body_id(&body);
    let mut world = World::new(4, 1);
    world.start([0]);
    let from = all[1].public_key();
    world.feed(0, Input::Certified { from, certificate: certificate(&all[..3], 1, 0, id), body });
    world.run(100, |world| world.nodes[0].halted.is_some());
    assert_eq!(world.nodes[0].halted, Some(HaltReason::Diverged { height: Height::new(1), block_id: id }));
    assert_eq!(world.height(0), 0);
}

#[test]
fn certified_bytes_of_another_block_only_blame_their_sender() {
    let all = keys(4);
    let (id, body) = make_body(Height::new(1), 0, 0);
    let garbage: Arc<[u8]> = Arc::from(b"bad block".as_slice());
    let mut world = World::new(4, 1);
    world.start([0]);
    let certified = |from: &SigningKey, body: &Arc<[u8]>| Input::Certified {
        from: from.public_key(),
        certificate: certificate(&all[..3], 1, 0, id),
        body: body.clone(),
    };
    world.feed(0, certified(&all[1], &garbage));
    world.run(50, |_| false);
    assert_eq!((world.height(0), world.nodes[0].halted.clone()), (0, None));
    // The liar has had its try; another is believed.
    world.feed(0, certified(&all[1], &body));
    world.run(50, |_| false);
    assert_eq!(world.height(0), 0);
    world.feed(0, certified(&all[2], &body));
    world.run_to_height(1, &[0], 100);
}

#[test]
fn a_block_only_our_clock_minds_is_committed_with_the_others() {
    // Prevoted nil here, but two thirds precommit it: their precommits are our certificate.
    let all = keys(4);
    let body: Arc<[u8]> = Arc::from(b"early block".as_slice());
    let id = body_id(&body);
    let mut world = World::new(4, 1);
    let proposer = world.proposer(1, 0);
    let node = (proposer + 1) % 4;
    world.start([node]);
    world.inject(proposer, node, &Message::Proposal(signed_proposal(&all[proposer], 1, 0, id, None)));
    world.inject(proposer, node, &block_message(1, 0, id, &body));
    world.run(20, |_| false);
    for other in (0..4).filter(|other| *other != node) {
        for vote_type in [VoteType::Prevote, VoteType::Precommit] {
            world.inject(other, node, &Message::Vote(signed_vote(&all[other], 1, 0, vote_type, Some(id))));
        }
    }
    world.run_to_height(1, &[node], 1_000);
    world.assert_sound();
    assert_eq!(world.nodes[node].chain[0].0.block_id, id);
}

#[test]
fn forged_and_foreign_messages_change_nothing() {
    let (mut world, puppet, key, honest) = world_with_puppet(2);
    let strangers = keys(9);
    let stranger =
        strangers.iter().find(|s| !validator_set(&keys(4)).iter().any(|v| v.public_key == s.public_key()));
    let stranger = stranger.expect("a stranger");
    let (id, body) = make_body(Height::new(1), 0, 0);
    let mut forged_vote = signed_vote(&world.key(honest[0]), 1, 0, VoteType::Prevote, Some(id));
    forged_vote.signature = signed_vote(&key, 1, 0, VoteType::Prevote, Some(id)).signature;
    let mut forged_proposal = signed_proposal(&key, 1, 0, id, None);
    forged_proposal.signature = forged_vote.signature;
    let (one, _) = (signed_vote(&key, 1, 5, VoteType::Precommit, None), ());
    let lone = RoundVote {
        vote_type: VoteType::Precommit,
        voter: key.public_key(),
        signature: one.signature,
        block_id: None,
    };
    let round =
        |kind, votes| Message::Round(RoundCertificate { height: Height::new(1), round: 5, kind, votes });
    let polka = |signatures| {
        Message::Polka(PolkaCertificate { height: Height::new(1), round: 5, block_id: id, signatures })
    };
    let signature = CommitSignature { public_key: key.public_key(), signature: one.signature };
    let messages = [
        Message::Vote(forged_vote),
        Message::Vote(signed_vote(stranger, 1, 0, VoteType::Prevote, Some(id))),
        Message::Proposal(forged_proposal),
        Message::Proposal(signed_proposal(&world.key(honest[1]), 1, 0, id, None)),
        Message::Proposal(signed_proposal(stranger, 1, 0, id, None)),
        round(RoundCertificateKind::Skip, vec![]),
        round(RoundCertificateKind::Skip, vec![lone.clone()]),
        round(RoundCertificateKind::Skip, vec![lone.clone(), lone.clone()]),
        round(RoundCertificateKind::Precommit, vec![lone.clone(), lone.clone(), lone]),
        polka(vec![]),
        polka(vec![signature; 3]),
        block_message(1, 5, id, &body),
        Message::WantBlock { height: Height::new(1), round: 0, block_id: id },
    ];
    for message in &messages {
        world.inject_all(puppet, message);
    }
    world.run(50, |_| false);
    let rounds: Vec<u64> = honest.iter().map(|node| world.nodes[*node].rounds_started).collect();
    assert_eq!(rounds, [1, 1, 1], "nobody left round 0");
    world.run_to_height(5, &honest, 60_000);
    world.assert_sound();
    assert!(honest.iter().all(|node| world.nodes[*node].evidence.is_empty()));
}

#[test]
fn floods_are_bounded_and_survived() {
    let (mut world, puppet, key, honest) = world_with_puppet(3);
    for i in 0..400u64 {
        let round = (i % 50) as u32;
        let (id, body) = make_body(Height::new(1 + i % 5), round, i);
        let height = 1 + i % 5;
        world.inject_all(
            puppet,
            &Message::Vote(signed_vote(&key, height, round, VoteType::Prevote, Some(id))),
        );
        world.inject_all(puppet, &Message::Proposal(signed_proposal(&key, height, round, id, None)));
        world.inject_all(puppet, &block_message(height, round, id, &body));
        world.inject_all(puppet, &Message::WantBlock { height: Height::new(height), round, block_id: id });
    }
    world.run_to_height(5, &honest, 600_000);
    world.assert_sound();
    let longest = honest.iter().map(|node| world.nodes[*node].disk.len()).max().expect("nodes");
    assert!(longest < 1 << 18, "a log of {longest} bytes");
}

#[test]
fn a_hidden_lock_does_not_stop_the_others() {
    // One node alone sees two thirds prevote a block and locks on it; the others move on without
    // knowing, and the puppet falls silent. From now on nothing is decided without the locked node,
    // which refuses every block but its own until it may propose it.
    for seed in 0..4 {
        let (mut world, puppet, key, honest) = world_with_puppet(seed);
        world.network = Network { loss_percent: 0, delay_ms: (1, 10) };
        let locked = honest[0];
        let (id, body) = make_body(Height::new(1), 0, 0);
        world.filter = Some(Box::new(move |_, from, _, message| match message {
            Message::Vote(v) | Message::VoteAgain(v) => {
                from != locked || v.vote.height.get() > 1 || v.vote.round > 0
            }
            _ => true,
        }));
        world.inject_all(puppet, &Message::Proposal(signed_proposal(&key, 1, 0, id, None)));
        world.inject_all(puppet, &block_message(1, 0, id, &body));
        world.inject(puppet, locked, &Message::Vote(signed_vote(&key, 1, 0, VoteType::Prevote, Some(id))));
        for node in &honest[1..] {
            for vote_type in [VoteType::Prevote, VoteType::Precommit] {
                world.inject(puppet, *node, &Message::Vote(signed_vote(&key, 1, 0, vote_type, None)));
            }
        }
        world.run_to_height(3, &honest, 600_000);
        world.assert_sound();
        let first = &world.nodes[honest[1]].chain[0].0;
        let turn = (0..4).find(|round| world.proposer(1, *round) == locked).expect("it has a turn");
        assert_eq!((first.block_id, u64::from(first.round)), (id, turn));
    }
}
