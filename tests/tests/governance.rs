//! The members change who they are while the network runs: joining, leaving, new keys, and a liar removed.

use std::time::Duration;

use ledger::crypto::PublicKey;
use ledger::evidence::Evidence;
use ledger::governance::{Change, RemovalReason, possession_bytes};
use ledger::validators::Validator;
use node::api::schema::{DoubleSigning, Members, Page};
use node::keys::Secret;
use scenarios::adversary::Adversary;
use scenarios::cluster::{Cluster, Node, PATIENCE, until};
use scenarios::homes::{Clock, Homes};
use scenarios::load::Load;
use scenarios::records::{Records, block};

/// Longest wait for something under load.
const UNDER_LOAD: Duration = Duration::from_secs(120);

/// The membership that a home asks for, with its proof of possession.
fn offer(homes: &Homes, node: usize, voting: &Secret) -> (Validator, ledger::crypto::Signature) {
    let network = Secret::read(&homes.homes[node].network_key()).expect("a key");
    let validator = Validator {
        public_key: voting.public_key(),
        network_key: network.public_key(),
        organisation: homes.code(node),
    };
    let proof = voting.signing_key().sign(&possession_bytes(&homes.genesis.chain_id, &validator));
    (validator, proof)
}

async fn members(node: &Node) -> Members {
    let found = node.client.record("/v1/members").await;
    found.unwrap_or_else(|e| panic!("the members as {} sees them: {e:?}", node.name))
}

/// Waits until a block is decided with a precommit of this key, and tells its height.
async fn until_it_votes(cluster: &Cluster, node: usize, key: &PublicKey) -> u64 {
    let mut height = cluster.nodes[node].height().await;
    let key = key.to_string();
    until(&format!("a vote of {key}"), UNDER_LOAD, async || {
        while height <= cluster.nodes[node].status().await?.height {
            let found = block(&cluster.nodes[node].client, height).await;
            if found.certificate.signers.contains(&key) {
                return Some(height);
            }
            height += 1;
        }
        None
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_members_join_leave_and_change_keys_while_trading_goes_on() {
    let mut cluster = Cluster::start(Clock::Real).await;
    let load = Load::start(&cluster, 4);
    load.more(20).await;

    // A fifth centre is registered, starts its node, and is admitted.
    let fifth = cluster.join();
    let operator = cluster.homes.operator(fifth).public_key();
    let register = Change::RegisterCentre {
        code: cluster.homes.code(fifth),
        name: "示例第五交易中心".parse().expect("a title"),
        region: "440500".parse().expect("a region"),
        keys: vec![operator],
    };
    cluster.decide(&[0, 1, 2], register).await;
    cluster.nodes[fifth].start();
    let outside =
        until("the new node to answer", PATIENCE, async || cluster.nodes[fifth].status().await).await;
    assert!(!outside.member, "it does not vote before it is admitted");
    let (code, answer) = cluster.nodes[fifth].get("/readyz").await;
    assert!(code == 503 && answer.contains("membership"), "{code}: {answer}");
    let voting = Secret::read(&cluster.homes.homes[fifth].consensus_key()).expect("a key");
    let (validator, proof) = offer(&cluster.homes, fifth, &voting);
    cluster.decide(&[3, 0, 1], Change::AdmitMember { validator, proof }).await;
    cluster.nodes[fifth].wait_until_ready().await;
    assert!(cluster.nodes[fifth].must_status().await.member);
    assert_eq!(members(&cluster.nodes[fifth]).await.quorum, 4);
    until_it_votes(&cluster, 0, &voting.public_key()).await;
    load.more(20).await;

    // The fourth one leaves: its node goes on without a vote and says so.
    let leaving = cluster.homes.code(3);
    let leave = Change::RemoveMember { organisation: leaving.clone(), reason: RemovalReason::Left };
    cluster.decide(&[0, 3, 1, fifth], leave).await;
    until("the node that left to know", UNDER_LOAD, async || {
        cluster.nodes[3].status().await.filter(|status| !status.member)
    })
    .await;
    let (code, answer) = cluster.nodes[3].get("/readyz").await;
    assert!(code == 503 && answer.contains("does not vote"), "{code}: {answer}");
    let now = members(&cluster.nodes[0]).await;
    assert!(now.members.iter().all(|member| member.organisation != leaving.as_str()));
    assert_eq!((now.members.len(), now.quorum), (4, 3));
    load.more(20).await;

    // The second one changes its voting key, without a restart.
    let next = Secret::generate().expect("random bytes");
    let home = cluster.homes.homes[1].clone();
    next.create(&home.next_consensus_key()).expect("a key file");
    let (validator, proof) = offer(&cluster.homes, 1, &next);
    cluster.decide(&[1, 0, 2], Change::RotateKeys { validator, proof }).await;
    until_it_votes(&cluster, 0, &next.public_key()).await;
    assert!(cluster.nodes[1].must_status().await.member);

    // A restart finds the key in either place.
    assert_eq!(cluster.nodes[1].stop().await, Some(0));
    cluster.nodes[1].start();
    cluster.nodes[1].wait_until_ready().await;
    until_it_votes(&cluster, 0, &next.public_key()).await;
    assert_eq!(cluster.nodes[1].stop().await, Some(0));
    std::fs::rename(home.next_consensus_key(), home.consensus_key()).expect("a key file");
    cluster.nodes[1].start();
    cluster.nodes[1].wait_until_ready().await;
    until_it_votes(&cluster, 0, &next.public_key()).await;

    // Nothing that a client was told is lost, and the members hold the same ledger from the first block on.
    load.more(20).await;
    let acknowledged = load.stop().await;
    assert_eq!(cluster.nodes[3].stop().await, Some(0));
    let tip = cluster.agree().await;
    let mut ledgers = Vec::new();
    for node in cluster.nodes.iter().filter(|node| node.is_up()) {
        ledgers.push(Records::read(&node.client, tip.height).await);
    }
    assert_eq!(ledgers.len(), 4);
    assert!(ledgers.windows(2).all(|pair| pair[0] == pair[1]), "the members agree");
    for told in &acknowledged {
        assert_eq!(ledgers[0].transactions.get(&told.signed.id), Some(&told.place), "{}", told.signed.id);
    }
    println!("{} transactions in {} blocks", acknowledged.len(), tip.height);
}

fn bytes_of(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).expect("ASCII"));
    digits.map(|pair| u8::from_str_radix(pair, 16).expect("hexadecimal")).collect()
}

async fn evidence(node: &Node) -> Option<Vec<DoubleSigning>> {
    let page: Page<DoubleSigning> = node.client.get("/v1/evidence").await.ok()?;
    Some(page.data).filter(|data| !data.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_member_that_signs_twice_is_recorded_and_removed() {
    const ADVERSARY: usize = 3;
    let mut cluster = Cluster::prepare(Clock::Real);
    let adversary = Adversary::start(&cluster, ADVERSARY).await;
    cluster.nodes.iter_mut().take(ADVERSARY).for_each(Node::start);
    for node in cluster.nodes.iter_mut().take(ADVERSARY) {
        node.wait_until_ready().await;
    }
    cluster.admit(0).await;
    adversary.sign_twice(true);
    // The honest nodes may decide without it, so that it takes some heights until one of them has both votes.
    until("evidence on the ledger", UNDER_LOAD, async || {
        cluster.admit(0).await;
        evidence(&cluster.nodes[0]).await
    })
    .await;
    adversary.sign_twice(false);
    let accused = cluster.homes.voter(ADVERSARY).public_key();
    for node in cluster.nodes.iter().take(ADVERSARY) {
        let records = until("the same evidence everywhere", PATIENCE, async || evidence(node).await).await;
        for record in records {
            let proof = Evidence::decode(&bytes_of(&record.evidence_cbor)).expect("evidence");
            assert_eq!(proof.verify(cluster.chain(), &accused), Ok(()), "{}", node.name);
            assert_eq!(proof.id().to_string(), record.id);
            assert_eq!(record.organisation, cluster.homes.code(ADVERSARY).as_str());
            assert_eq!(record.evidence.accused, accused.to_string(), "nobody else is accused");
        }
    }
    let record = evidence(&cluster.nodes[0]).await.expect("evidence").remove(0);
    let removal = Change::RemoveMember {
        organisation: cluster.homes.code(ADVERSARY),
        reason: RemovalReason::DoubleSigning(record.id.parse().expect("an id")),
    };
    cluster.decide(&[0, 1, 2], removal).await;
    for node in cluster.nodes.iter().take(ADVERSARY) {
        until("three members", PATIENCE, async || Some(members(node).await).filter(|m| m.members.len() == 3))
            .await;
    }
    for node in 0..ADVERSARY {
        cluster.admit(node).await;
    }
    let tip = cluster.agree().await;
    let last = block(&cluster.nodes[0].client, tip.height).await;
    assert_eq!(last.certificate.signers.len(), 3, "all three decide now");
    assert!(!last.certificate.signers.contains(&accused.to_string()));
}

/// The network key of a member changes while trading goes on: until its restart the others take no connection from the node
/// and go on without it; afterwards it is found by its new name and votes.
#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_member_changes_its_network_key() {
    const ROTATES: usize = 1;
    let mut cluster = Cluster::start(Clock::Real).await;
    let load = Load::start(&cluster, 4);
    load.more(20).await;
    let home = cluster.homes.homes[ROTATES].clone();
    let voting = Secret::read(&home.consensus_key()).expect("a key");
    let next = Secret::generate().expect("random bytes");
    next.create(&home.next_network_key()).expect("a key file");
    let before = Secret::read(&home.network_key()).expect("a key").public_key();
    let validator = Validator {
        public_key: voting.public_key(),
        network_key: next.public_key(),
        organisation: cluster.homes.code(ROTATES),
    };
    let proof = voting.signing_key().sign(&possession_bytes(&cluster.homes.genesis.chain_id, &validator));
    cluster.decide(&[ROTATES, 0, 2], Change::RotateKeys { validator, proof }).await;
    // The three others decide without it.
    let height = cluster.nodes[0].height().await;
    load.more(20).await;
    assert!(cluster.nodes[0].height().await > height);

    for in_place in [false, true] {
        assert_eq!(cluster.nodes[ROTATES].stop().await, Some(0));
        if in_place {
            std::fs::rename(home.next_network_key(), home.network_key()).expect("a key file");
        }
        cluster.nodes[ROTATES].start();
        cluster.nodes[ROTATES].wait_until_ready().await;
        until_it_votes(&cluster, 0, &voting.public_key()).await;
        assert!(cluster.nodes[ROTATES].must_status().await.member);
        load.more(20).await;
    }

    // With the old key it is a stranger, and says what to do.
    assert_eq!(cluster.nodes[ROTATES].stop().await, Some(0));
    let kept = home.network_key().with_extension("kept");
    std::fs::rename(home.network_key(), &kept).expect("a key file");
    let stranger = Secret::generate().expect("random bytes");
    assert_ne!(stranger.public_key(), before);
    stranger.create(&home.network_key()).expect("a key file");
    cluster.nodes[ROTATES].start();
    let alone = until("the node to answer", PATIENCE, async || cluster.nodes[ROTATES].status().await).await;
    load.more(20).await;
    let later = cluster.nodes[ROTATES].must_status().await;
    assert_eq!(later.height, alone.height, "nobody gives it a block");
    assert_eq!(cluster.nodes[ROTATES].stop().await, Some(0));
    std::fs::rename(&kept, home.network_key()).expect("a key file");
    cluster.nodes[ROTATES].start();
    cluster.nodes[ROTATES].wait_until_ready().await;

    let acknowledged = load.stop().await;
    let tip = cluster.agree().await;
    let ledger = Records::read(&cluster.nodes[ROTATES].client, tip.height).await;
    for told in &acknowledged {
        assert_eq!(ledger.transactions.get(&told.signed.id), Some(&told.place), "{}", told.signed.id);
    }
}
