//! One member of four breaks the rules: it gets no votes, and holds nobody up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use ledger::time::Span;
use ledger::transaction::Verified;
use scenarios::acts::{BANK, EXPIRY, Signed, admission, first_deal, key, quote, sign};
use scenarios::adversary::{Adversary, Crime};
use scenarios::cluster::{Cluster, PATIENCE, until};
use scenarios::homes::Clock;
use scenarios::records::{Records, block};

const ADVERSARY: usize = 3;

/// Three honest nodes, and the fourth in other hands.
async fn start() -> (Cluster, Adversary) {
    let mut cluster = Cluster::prepare(Clock::Real);
    for node in &mut cluster.nodes {
        node.set("ZHULIAN_CONSENSUS_PAST_MS", 1_000);
    }
    let adversary = Adversary::start(&cluster, ADVERSARY).await;
    cluster.nodes.iter_mut().take(ADVERSARY).for_each(|node| node.start());
    for node in cluster.nodes.iter_mut().take(ADVERSARY) {
        node.wait_until_ready().await;
    }
    (cluster, adversary)
}

/// A crime, and the transaction that must not be recorded, if there is one.
type Plan = (&'static str, Crime, Option<Signed>);

fn plans(cluster: &Cluster, recorded: &Signed, height: u64) -> Vec<Plan> {
    let (chain, centre) = (cluster.chain(), cluster.homes.operator(ADVERSARY));
    let contains = |what, signed: Signed| (what, Crime::Contains(signed.bytes.clone()), Some(signed));
    let good = cluster.sign(&centre, admission());
    let listing = first_deal(cluster.homes.genesis.time);
    let other_chain = "zhulian-test/0000000000000000".parse().expect("a chain id");
    let honest = cluster.homes.voter(0).public_key();
    vec![
        (
            "a forged signature",
            Crime::Forged(Verified::decode(chain, &good.bytes).expect("a good transaction")),
            Some(good),
        ),
        contains("an act for another chain", sign(&other_chain, &centre, admission(), EXPIRY)),
        contains("an unpermitted act", cluster.sign(&BANK.key(), quote(&listing))),
        contains("an unknown key", cluster.sign(&key("stranger"), quote(&listing))),
        contains("an expired act", sign(chain, &centre, admission(), height)),
        contains("an expiry too far", sign(chain, &centre, admission(), u64::MAX)),
        ("a recorded act", Crime::Contains(recorded.bytes.clone()), None),
        ("an act that breaks a rule", Crime::Contains(again(cluster, recorded)), None),
        ("bytes that are no transaction", Crime::Contains(b"no transaction".to_vec()), None),
        ("an act twice", Crime::Twice, None),
        ("a block of the next hour", Crime::Ahead(Span::from_millis(3_600_000)), None),
        ("a block of two seconds from now", Crime::Ahead(Span::from_millis(2_000)), None),
        ("a block of long ago", Crime::Stale, None),
        ("a block at the time of the one before", Crime::SameTime, None),
        ("another state root", Crime::StateRoot, None),
        ("another transaction root", Crime::TransactionRoot, None),
        ("another version", Crime::Version, None),
        ("another height", Crime::Height, None),
        ("another block before", Crime::Previous, None),
        ("another validator set", Crime::Validators, None),
        ("another proposer", Crime::Proposer(honest), None),
    ]
}

/// The content of a recorded admission signed anew: the organisation exists already.
fn again(cluster: &Cluster, recorded: &Signed) -> Vec<u8> {
    let decoded = Verified::decode(cluster.chain(), &recorded.bytes).expect("a good transaction");
    cluster.sign(&cluster.homes.operator(1), decoded.payload().action.clone()).bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn cluster_a_proposer_of_what_is_refused_gets_no_votes() {
    let (cluster, adversary) = start().await;
    let recorded = cluster.sign(&cluster.homes.operator(0), admission());
    cluster.nodes[0].record(&recorded).await;
    let mut never = Vec::new();
    let mut offences = BTreeMap::new();
    let began = Instant::now();
    for (what, crime, transaction) in plans(&cluster, &recorded, 1) {
        if matches!(crime, Crime::Stale) {
            // Until the last block is older than any proposal may be.
            tokio::time::sleep(Duration::from_millis(1_500)).await;
        }
        let stale = matches!(crime, Crime::Stale);
        adversary.plan(crime);
        // Its turn comes with every fourth height.
        let offence = until(what, PATIENCE, async || {
            cluster.admit(0).await;
            if stale && adversary.offence().is_none() {
                tokio::time::sleep(Duration::from_millis(1_500)).await;
            }
            adversary.offence()
        })
        .await;
        assert_eq!(offence.votes, Vec::new(), "{what} got votes");
        offences.insert(offence.height.get(), (what, offence));
        never.extend(transaction.map(|signed| (what, signed.id)));
    }
    println!("{} crimes in {:?}", offences.len(), began.elapsed());
    let tip = cluster.agree().await;
    let evil = cluster.homes.voter(ADVERSARY).public_key().to_string();
    for (height, (what, offence)) in &offences {
        let decided = block(&cluster.nodes[0].client, *height).await;
        assert_ne!(decided.summary.id, offence.block_id.to_string(), "{what} is recorded");
        assert_ne!(decided.summary.proposer, evil, "{what}");
        assert!(decided.certificate.round >= 1, "{what}: decided in round 0");
    }
    let mut ledgers = Vec::new();
    for node in cluster.nodes.iter().filter(|node| node.is_up()) {
        ledgers.push(Records::read(&node.client, tip.height).await);
    }
    assert!(ledgers.windows(2).all(|pair| pair[0] == pair[1]), "the honest nodes agree");
    for (what, id) in never {
        assert!(!ledgers[0].transactions.contains_key(&id), "{what} is recorded");
    }
}

/// Claims of heights that nobody has must not keep honest nodes from taking part, whoever repeats them.
#[tokio::test(flavor = "multi_thread")]
async fn cluster_false_claims_of_height_hold_nobody_up() {
    let (cluster, adversary) = start().await;
    cluster.admit(0).await;
    adversary.lie();
    let began = Instant::now();
    for i in 0..12 {
        cluster.admit(i % ADVERSARY).await;
    }
    // A fourth of the heights wait a second for the adversary's proposal, and each node may be misled once.
    assert!(began.elapsed() < Duration::from_secs(40), "12 blocks took {:?}", began.elapsed());
    cluster.agree().await;
}
