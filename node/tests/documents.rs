//! Documents on the disk: nothing acknowledged is lost, nothing wrong is held, and nobody takes more than allowed.

use std::path::Path;

use ledger::crypto::{PublicKey, SigningKey};
use ledger::hash::DocumentHash;
use ledger::id::TenderId;
use ledger::time::BlockTime;
use node::documents::shelf::{About, Limits, Progress, Shelf, ShelfError};

const LIMITS: Limits = Limits { bytes: 10_000, document_bytes: 4_000, key_bytes: 6_000, reserve: 0 };

fn key(number: u8) -> PublicKey {
    SigningKey::from_seed(&[number; 32].into()).public_key()
}

fn about(document: &[u8], key_number: u8) -> About {
    let (len, key) = (document.len() as u64, key(key_number));
    About {
        tender: TenderId::from_bytes([1; 32]),
        len,
        key,
        since: BlockTime::default(),
        unneeded_since: None,
    }
}

fn document(number: u8, len: usize) -> (Vec<u8>, DocumentHash) {
    let bytes: Vec<u8> = (0..len).map(|at| (at % 251) as u8 ^ number).collect();
    let hash = DocumentHash::of(&bytes);
    (bytes, hash)
}

fn files(dir: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for part in ["about", "coming", "held"] {
        for file in std::fs::read_dir(dir.join(part)).expect("a folder") {
            names.push(format!("{part}/{}", file.expect("a file").file_name().to_string_lossy()));
        }
    }
    names
}

#[test]
fn an_upload_goes_on_where_it_was_after_every_end() {
    let home = tempfile::tempdir().expect("a directory");
    let (bytes, hash) = document(1, 3_000);
    let mut offset = 0;
    for piece in bytes.chunks(700) {
        let shelf = Shelf::open(home.path(), LIMITS).expect("a shelf");
        let stands = shelf.announce(&hash, &about(&bytes, 1)).expect("announced");
        assert_eq!(stands, Progress { offset, len: 3_000, held: false });
        assert_eq!(shelf.read(&hash, 0, 10), None, "nothing is read before all of it is there");
        offset = shelf.append(&hash, offset, piece).expect("a piece").offset;
    }
    let shelf = Shelf::open(home.path(), LIMITS).expect("a shelf");
    let stands = shelf.announce(&hash, &about(&bytes, 1)).expect("announced");
    assert_eq!(stands, Progress { offset: 3_000, len: 3_000, held: true });
    assert_eq!(shelf.read(&hash, 2_990, 100).as_deref(), bytes.get(2_990..));
    assert_eq!(shelf.read(&hash, 5_000, 100), Some(Vec::new()));
    shelf.append(&hash, 0, b"anything").expect("what is held already needs no writing");
    assert_eq!(shelf.read(&hash, 0, 4_000), Some(bytes));
}

#[test]
fn what_the_system_wrote_of_an_unfinished_piece_is_written_over() {
    let home = tempfile::tempdir().expect("a directory");
    let (bytes, hash) = document(2, 2_000);
    let shelf = Shelf::open(home.path(), LIMITS).expect("a shelf");
    shelf.announce(&hash, &about(&bytes, 1)).expect("announced");
    shelf.append(&hash, 0, &bytes[..500]).expect("a piece");
    let path = home.path().join("coming").join(hash.to_string());
    // A piece that was written and not acknowledged, cut off by a crash.
    std::fs::write(&path, &bytes[..900]).expect("written");
    let shelf = Shelf::open(home.path(), LIMITS).expect("a shelf");
    let stands = shelf.progress(&hash).expect("announced");
    assert_eq!(stands.offset, 900, "what is on the disk counts, and the hash of the whole judges it");
    assert!(shelf.append(&hash, 900, &bytes[900..]).expect("the rest").held);
    // The same with garbage at the end: the hash finds it, and the upload begins anew.
    let (bytes, hash) = document(3, 2_000);
    shelf.announce(&hash, &about(&bytes, 2)).expect("announced");
    shelf.append(&hash, 0, &[0; 900]).expect("a piece");
    assert!(matches!(shelf.append(&hash, 900, &bytes[900..]), Err(ShelfError::Differs)));
    assert_eq!(shelf.progress(&hash).map(|stands| stands.offset), Some(0));
    assert!(shelf.append(&hash, 0, &bytes).expect("all of it").held);
}

#[test]
fn refusals() {
    let home = tempfile::tempdir().expect("a directory");
    let shelf = Shelf::open(home.path(), LIMITS).expect("a shelf");
    let (bytes, hash) = document(4, 1_000);
    let is = |result: Result<Progress, ShelfError>, expected: &str| {
        let error = format!("{:?}", result.expect_err(expected));
        assert!(error.starts_with(expected), "{error} where {expected} was expected");
    };
    is(shelf.append(&hash, 0, &bytes), "Unknown");
    is(shelf.announce(&hash, &About { len: 0, ..about(&bytes, 1) }), "Length");
    is(shelf.announce(&hash, &About { len: 4_001, ..about(&bytes, 1) }), "Length");
    shelf.announce(&hash, &about(&bytes, 1)).expect("announced");
    is(shelf.announce(&hash, &about(&bytes, 2)), "Conflict");
    is(shelf.announce(&hash, &About { len: 999, ..about(&bytes, 1) }), "Conflict");
    is(shelf.append(&hash, 10, &bytes[10..]), "Offset(0)");
    is(shelf.append(&hash, 0, &[0; 1_001]), "TooMany");
    shelf.append(&hash, 0, &bytes[..100]).expect("a piece");
    is(shelf.append(&hash, 0, &bytes[..100]), "Offset(100)");

    // 6,000 bytes under one key, announced ones among them, and 10,000 in all.
    let announce = |number: u8, len: usize, key: u8| {
        let (bytes, hash) = document(number, len);
        shelf.announce(&hash, &about(&bytes, key))
    };
    announce(5, 4_000, 1).expect("5,000 bytes under the first key");
    is(announce(6, 1_001, 1), "Quota");
    announce(7, 4_000, 2).expect("9,000 bytes in all");
    is(announce(8, 1_001, 3), "NoRoom");
    announce(8, 1_000, 3).expect("10,000 bytes in all");
}

#[test]
fn what_is_forgotten_leaves_nothing_and_makes_room() {
    let home = tempfile::tempdir().expect("a directory");
    let shelf = Shelf::open(home.path(), LIMITS).expect("a shelf");
    let (bytes, hash) = document(9, 4_000);
    shelf.announce(&hash, &about(&bytes, 1)).expect("announced");
    shelf.append(&hash, 0, &bytes).expect("all of it");
    let since = BlockTime::default();
    shelf.note(&hash, Some(since)).expect("noted");
    assert_eq!(shelf.held(&hash).and_then(|about| about.unneeded_since), Some(since));
    let again = Shelf::open(home.path(), LIMITS).expect("a shelf");
    assert_eq!(
        again.held(&hash).and_then(|about| about.unneeded_since),
        Some(since),
        "the note is on the disk"
    );
    shelf.forget(&hash).expect("forgotten");
    assert_eq!(files(home.path()), Vec::<String>::new());
    shelf.announce(&hash, &about(&bytes, 1)).expect("there is room again");
}

#[test]
fn two_writers_do_not_mix() {
    let home = tempfile::tempdir().expect("a directory");
    let limits = Limits { bytes: 1 << 24, document_bytes: 1 << 24, key_bytes: 1 << 24, reserve: 0 };
    let shelf = Shelf::open(home.path(), limits).expect("a shelf");
    let (bytes, hash) = document(10, 1 << 20);
    shelf.announce(&hash, &about(&bytes, 1)).expect("announced");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(stands) = shelf.progress(&hash).filter(|stands| !stands.held) {
                    let from = stands.offset as usize;
                    let to = (from + (1 << 16)).min(bytes.len());
                    match shelf.append(&hash, stands.offset, &bytes[from..to]) {
                        Ok(_) | Err(ShelfError::Busy | ShelfError::Offset(_)) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
            });
        }
    });
    assert_eq!(shelf.read(&hash, 0, 1 << 21), Some(bytes));
}
