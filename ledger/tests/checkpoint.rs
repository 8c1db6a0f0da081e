//! Checkpoints, policies and receipts: that they hold, that a forged twin does not, and that programs which know nothing of
//! us say the same.

use base64ct::{Base64, Encoding as _};
use ledger::checkpoint::{
    Checkpoint, CheckpointError, NoteKey, Policy, Receipt, SignedCheckpoint, cosigner_name,
};
use ledger::crypto::SigningKey;
use ledger::merkle::Hash;
use ledger::merkle::log::{HashReader, LogError, inclusion_proof, leaf_hash, node_hash, root_of};
use proptest::prelude::*;
use signed_note::{Note, StandardVerifier, VerifierList};

const ORIGIN: &str = "guangdong/0123456789abcdef";
const CENTRES: [&str; 4] =
    ["124401004553441851", "12440300MB2C92207K", "12440400MB2D1108XW", "12442000455999999X"];
const TIME: u64 = 1_790_000_000;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32].into())
}

fn log_key(centre: usize) -> SigningKey {
    key(10 + centre as u8)
}

fn cosigning_key(centre: usize) -> SigningKey {
    key(20 + centre as u8)
}

fn name(centre: usize) -> String {
    format!("{ORIGIN}/{}", CENTRES[centre])
}

fn policy() -> Policy {
    let centres: Vec<_> = (0..4)
        .map(|i| {
            let log = NoteKey::log(ORIGIN, log_key(i).public_key());
            (name(i), log, NoteKey::cosigner(&name(i), cosigning_key(i).public_key()))
        })
        .collect();
    Policy::of_centres(ORIGIN, 4, &centres)
}

struct Leaves(Vec<Hash>);

impl HashReader for Leaves {
    type Error = LogError;

    fn subtree(&self, level: u8, index: u64) -> Result<Hash, LogError> {
        match level.checked_sub(1) {
            None => Ok(self.0[index as usize]),
            Some(below) => {
                Ok(node_hash(&self.subtree(below, 2 * index)?, &self.subtree(below, 2 * index + 1)?))
            }
        }
    }
}

fn leaves(size: u64) -> Vec<Vec<u8>> {
    (0..size).map(|i| format!("leaf {i}").into_bytes()).collect()
}

/// A log of so many leaves, cosigned by these centres, and the receipt of one leaf.
fn receipt(size: u64, index: u64, cosigners: &[usize]) -> Receipt {
    let leaves = leaves(size);
    let hashes = Leaves(leaves.iter().map(|leaf| leaf_hash(leaf)).collect());
    let checkpoint = Checkpoint { origin: ORIGIN.into(), size, root: root_of(&hashes.0) };
    let mut lines = vec![checkpoint.sign(&log_key(0))];
    lines
        .extend(cosigners.iter().map(|i| checkpoint.cosign(&name(*i), &cosigning_key(*i), TIME + *i as u64)));
    Receipt {
        leaf: Some(leaves[index as usize].clone()),
        index,
        path: inclusion_proof(&hashes, index, size).unwrap(),
        checkpoint: SignedCheckpoint { checkpoint, lines },
    }
}

#[test]
fn a_receipt_holds_under_the_policy_of_the_centres() {
    for size in [1, 2, 3, 7, 64, 257] {
        for index in [0, size / 2, size - 1] {
            let receipt = receipt(size, index, &[0, 2, 3]);
            let read = Receipt::parse(&receipt.text()).unwrap();
            assert_eq!(read, receipt);
            let verified = read.verify(None, &policy()).unwrap();
            assert_eq!(verified.leaf_hash, leaf_hash(format!("leaf {index}").as_bytes()));
            let witnesses: Vec<_> =
                verified.finality.witnesses.iter().map(|(name, by)| (name.clone(), by.seconds)).collect();
            assert_eq!(witnesses, [0, 2, 3].map(|i| (name(i), Some(TIME + i as u64))));
            assert_eq!((verified.finality.logs.len(), verified.finality.of), (1, 4));
        }
    }
}

#[test]
fn what_does_not_hold_is_named() {
    let policy = policy();
    let good = receipt(9, 4, &[0, 1, 2]);
    let other_log = Policy::parse(&policy.text()).unwrap();
    assert_eq!(other_log, policy, "a policy is read as it was written");
    let verdict = |change: &dyn Fn(&mut Receipt)| {
        let mut receipt = good.clone();
        change(&mut receipt);
        receipt.verify(None, &policy).unwrap_err()
    };
    let not_included = CheckpointError::NotIncluded { index: 4 };
    assert_eq!(verdict(&|r| r.leaf = Some(b"another".to_vec())), not_included);
    assert_eq!(verdict(&|r| r.path[0][0] ^= 1), not_included);
    assert_eq!(verdict(&|r| r.path.truncate(1)), not_included);
    assert_eq!(verdict(&|r| r.index = 5), CheckpointError::NotIncluded { index: 5 });
    assert_eq!(verdict(&|r| r.leaf = None), CheckpointError::NoLeaf);
    assert_eq!(verdict(&|r| drop(r.checkpoint.lines.remove(0))), CheckpointError::NotSigned);
    assert_eq!(verdict(&|r| drop(r.checkpoint.lines.pop())), CheckpointError::NoQuorum { found: 2 });
    let twice = |r: &mut Receipt| r.checkpoint.lines[3] = r.checkpoint.lines[2].clone();
    assert_eq!(verdict(&twice), CheckpointError::NoQuorum { found: 2 }, "nobody counts twice");
    let of_another = |r: &mut Receipt| {
        let line = Checkpoint { size: 8, ..r.checkpoint.checkpoint.clone() };
        r.checkpoint.lines[1] = line.cosign(&name(0), &cosigning_key(0), TIME);
    };
    assert_eq!(verdict(&of_another), CheckpointError::WrongSignature { name: name(0) });
    let stranger = |r: &mut Receipt| {
        r.checkpoint.lines[1] = r.checkpoint.checkpoint.cosign(&name(0), &key(99), TIME);
    };
    assert_eq!(
        verdict(&stranger),
        CheckpointError::NoQuorum { found: 2 },
        "a key that nobody knows is passed over"
    );
    let origin = |r: &mut Receipt| r.checkpoint.checkpoint.origin = "elsewhere/0123456789abcdef".into();
    assert!(matches!(verdict(&origin), CheckpointError::OtherLog { .. }));
}

#[test]
fn every_changed_byte_of_a_receipt_is_noticed() {
    let text = receipt(300, 123, &[0, 1, 2]).text();
    let policy = policy();
    let mut bytes = text.clone().into_bytes();
    for position in 0..bytes.len() {
        for bit in [1, 2, 16] {
            bytes[position] ^= bit;
            if let Ok(changed) = std::str::from_utf8(&bytes) {
                let verdict = Receipt::parse(changed).and_then(|receipt| receipt.verify(None, &policy));
                assert!(verdict.is_err(), "byte {position}, bit {bit}: {changed}");
            }
            bytes[position] ^= bit;
        }
    }
    for end in 0..text.len() {
        if let Some(cut) = text.get(..end) {
            let verdict = Receipt::parse(cut).and_then(|receipt| receipt.verify(None, &policy));
            assert!(verdict.is_err(), "cut at {end}");
        }
    }
}

#[test]
fn policies_are_read_strictly() {
    let good = policy().text();
    for (from, to) in [
        ("group centres 3", "group centres 5"),
        ("group centres 3", "group centres 0"),
        ("quorum centres", "quorum nobody"),
        ("quorum centres\n", ""),
        ("quorum centres", "quorum centres\nquorum centres"),
        ("log guangdong", "log shenzhen"),
        ("witness ", "witness none "),
        ("witness ", "watcher "),
    ] {
        assert!(good.contains(from));
        assert!(Policy::parse(&good.replacen(from, to, 1)).is_err(), "{from} -> {to}");
    }
    let outside = format!(
        "# An office of audit has to agree too.\n{}group final all centres audit\nquorum final\n",
        good.replace(
            "quorum centres\n",
            &format!("witness audit {}\n", NoteKey::cosigner("audit.gd.gov.cn", key(50).public_key()).vkey())
        )
    );
    let policy = Policy::parse(&outside).unwrap();
    let mut receipt = receipt(5, 2, &[0, 1, 2]);
    assert_eq!(receipt.verify(None, &policy), Err(CheckpointError::NoQuorum { found: 3 }));
    let line = receipt.checkpoint.checkpoint.cosign("audit.gd.gov.cn", &key(50), TIME);
    receipt.checkpoint.lines.push(line);
    assert_eq!(receipt.verify(None, &policy).unwrap().finality.witnesses.len(), 4);
}

#[test]
fn a_policy_says_whether_it_can_be_met() {
    let centre = |i: usize| {
        let log = NoteKey::log(ORIGIN, log_key(i).public_key());
        (name(i), log, NoteKey::cosigner(&name(i), cosigning_key(i).public_key()))
    };
    for (members, registered, needed, can) in [
        (4, 4, 3, true),
        (4, 3, 3, true),
        (4, 2, 3, false),
        (21, 14, 15, false),
        (21, 15, 15, true),
        (1, 1, 1, true),
    ] {
        let centres: Vec<_> = (0..registered)
            .map(|i| match i {
                0..4 => centre(i),
                _ => (
                    format!("{ORIGIN}/{i}"),
                    NoteKey::log(ORIGIN, key(60 + i as u8).public_key()),
                    NoteKey::cosigner(&format!("{ORIGIN}/{i}"), key(90 + i as u8).public_key()),
                ),
            })
            .collect();
        let policy = Policy::of_centres(ORIGIN, members, &centres);
        assert_eq!(policy.can_be_met(), can, "{registered} of {members}");
        assert!(policy.text().contains(&format!("group centres {needed} ")));
    }
}

/// Go's note and tlog code, ported by others, with the keys as this program prints them.
#[test]
fn strangers_accept_ours_and_reject_a_forged_twin() {
    let receipt = receipt(300, 123, &[0, 1, 2]);
    let vkey = NoteKey::log(ORIGIN, log_key(0).public_key()).vkey();
    let text = receipt.checkpoint.text();
    let verifies = |text: &str| {
        let verifier = StandardVerifier::new(&vkey).unwrap();
        let note = Note::from_bytes(text.as_bytes()).unwrap();
        note.verify(&VerifierList::new(vec![Box::new(verifier)])).is_ok()
    };
    assert!(verifies(&text));
    assert!(!verifies(&text.replacen("\n300\n", "\n301\n", 1)));

    let signed = text.split_inclusive('\n').take(3).collect::<String>();
    let checkpoint = tlog_tiles::Checkpoint::from_bytes(signed.as_bytes()).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size()), (ORIGIN, 300));
    let path: Vec<_> = receipt.path.iter().map(|hash| tlog_tiles::Hash(*hash)).collect();
    let check = |leaf: &[u8]| {
        let hash = tlog_tiles::record_hash(leaf);
        tlog_tiles::check_record(&path, checkpoint.size(), *checkpoint.hash(), receipt.index, hash)
    };
    assert!(check(b"leaf 123").is_ok());
    assert!(check(b"leaf 124").is_err());
}

/// The constants of C2SP signed-note: its example of a verifier key has this id.
#[test]
fn key_ids_are_those_of_the_specification() {
    let vkey = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let peter = Base64::decode_vec("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").unwrap();
    let peter = ledger::crypto::PublicKey::from_bytes(peter[1..].try_into().unwrap());
    assert_eq!(NoteKey::log("PeterNeumann", peter).vkey(), vkey);
}

#[test]
fn a_centre_cosigns_under_its_code() {
    let chain = ORIGIN.parse().unwrap();
    assert_eq!(cosigner_name(&chain, &CENTRES[0].parse().unwrap()), name(0));
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC*|([a-z0-9+/=— .\n]{0,200})") {
        let _ = Receipt::parse(&text);
        let _ = SignedCheckpoint::parse(&text);
        let _ = Policy::parse(&text);
    }
}
