//! The chain of validator sets: each change is taken with its proof, and any lie about it is refused.

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use ledger::block::{Block, Header};
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType, vote_sign_bytes};
use ledger::codec;
use ledger::crypto::{PublicKey, SigningKey};
use ledger::genesis::Genesis;
use ledger::hash::StateRoot;
use ledger::id::Height;
use ledger::merkle::map::{self, Node};
use ledger::snapshot::{EraLink, EraWalk};
use ledger::state::StateKey as _;
use ledger::state::keys::ValidatorsKey;
use ledger::time::BlockTime;
use ledger::validators::{Validator, ValidatorSet};
use support::network::{Options, genesis, key};

/// The set in which the member at this place votes with another key, and that key.
fn rotated(set: &ValidatorSet, place: usize, name: &str) -> (ValidatorSet, SigningKey) {
    let key = key(name);
    let rotate = |(at, validator): (usize, &Validator)| match at == place {
        true => Validator { public_key: key.public_key(), ..validator.clone() },
        false => validator.clone(),
    };
    (ValidatorSet::new(set.iter().enumerate().map(rotate).collect()).expect("a set"), key)
}

fn certify(genesis: &Genesis, header: &Header, voters: &[SigningKey]) -> CommitCertificate {
    let (height, block_id) = (header.height, header.id());
    let bytes = vote_sign_bytes(&genesis.chain_id, VoteType::Precommit, height, 0, Some(block_id));
    let mut signatures: Vec<_> = voters
        .iter()
        .map(|key| CommitSignature { public_key: key.public_key(), signature: key.sign(&bytes) })
        .collect();
    signatures.sort_by_key(|s| s.public_key);
    CommitCertificate { height, round: 0, block_id, signatures }
}

/// A block at this height that puts `next` in place of `now`, decided by `voters`.
fn link(
    genesis: &Genesis,
    height: u64,
    now: &ValidatorSet,
    next: &ValidatorSet,
    voters: &[SigningKey],
) -> EraLink {
    let (key, value) = (ValidatorsKey.key(), codec::encode(next));
    let others = (0..200u32).map(|i| (format!("key {i}").into_bytes(), i.to_be_bytes().to_vec()));
    let entries = others.chain([(key.clone(), value.clone())]).map(|(key, value)| (key, Some(value)));
    let nothing: BTreeMap<Vec<u8>, Arc<Node>> = BTreeMap::new();
    let update = map::update(&nothing, 0, entries).expect("a map");
    let nodes: BTreeMap<_, _> = update.nodes.into_iter().collect();
    let header = Header {
        version: 1,
        height: Height::new(height),
        time: BlockTime::from_millis(1_000_000 + height).expect("a time"),
        previous: ledger::block::Id::from_bytes([height as u8; 32]),
        proposer: PublicKey::default(),
        transaction_root: Block::transaction_root(std::iter::empty()),
        state_root: StateRoot::from_bytes(update.root),
        validators: now.hash(),
    };
    EraLink {
        header: codec::encode(&header).into(),
        certificate: certify(genesis, &header, voters).encode().into(),
        validators: value.into(),
        proof: map::prove(&nodes, 0, &key).expect("a proof").encode().into(),
    }
}

#[test]
fn each_change_is_certified_by_the_era_before() {
    let genesis = genesis(&Options::default());
    let mut voters = ["gz", "sz", "zh", "zs"].map(|name| key(&format!("{name} votes"))).to_vec();
    let first = genesis.validators.clone();
    let outgoing = |set: &ValidatorSet, place: usize| set.iter().nth(place).expect("a member").public_key;
    let swap = |voters: &mut Vec<SigningKey>, old: PublicKey, new: &SigningKey| {
        voters.retain(|key| key.public_key() != old);
        voters.push(new.clone());
    };
    let (second, new) = rotated(&first, 1, "a new key");
    let one = link(&genesis, 5, &first, &second, &voters);
    let before = voters.clone();
    swap(&mut voters, outgoing(&first, 1), &new);
    let (third, _) = rotated(&second, 2, "another new key");
    let two = link(&genesis, 9, &second, &third, &voters);

    let walk = || EraWalk::new(genesis.chain_id.clone(), first.clone());
    let mut good = walk();
    assert_eq!((good.step(&one), good.step(&two)), (Ok(()), Ok(())));
    assert_eq!(good.height(), Height::new(9));
    for set in [&first, &second, &third] {
        assert_eq!(good.set(set.hash()), Some(set));
    }
    let (stranger, _) = rotated(&third, 0, "nobody's key");
    assert_eq!(good.set(stranger.hash()), None);

    // What does not follow is refused, and the walk stays where it is.
    let mut after_one = walk();
    after_one.step(&one).expect("it holds");
    let lies: [(&str, EraWalk, EraLink); 8] = [
        ("a change left out", walk(), two.clone()),
        ("the same change twice", after_one.clone(), one.clone()),
        ("signed by the old era", after_one.clone(), link(&genesis, 9, &second, &third, &before)),
        ("signed by too few", walk(), link(&genesis, 5, &first, &second, &before[..2])),
        ("an earlier height", after_one.clone(), link(&genesis, 4, &second, &third, &voters)),
        (
            "another set than the proven one",
            walk(),
            EraLink { validators: codec::encode(&third).into(), ..one.clone() },
        ),
        (
            "the certificate of another block",
            walk(),
            EraLink { certificate: two.certificate.clone(), ..one.clone() },
        ),
        ("the proof of another root", after_one, EraLink { proof: one.proof.clone(), ..two }),
    ];
    for (what, mut walk, lie) in lies {
        let before = walk.height();
        assert!(walk.step(&lie).is_err(), "{what}");
        assert_eq!(walk.height(), before, "{what}");
    }
    // Any bit.
    for field in 0..4 {
        let length = [&one.header, &one.certificate, &one.validators, &one.proof][field].len();
        for at in (0..length).step_by(7) {
            let mut bad = one.clone();
            let bytes = match field {
                0 => &mut bad.header,
                1 => &mut bad.certificate,
                2 => &mut bad.validators,
                _ => &mut bad.proof,
            };
            bytes[at] ^= 1;
            assert!(walk().step(&bad).is_err(), "field {field}, byte {at}");
        }
    }
}
