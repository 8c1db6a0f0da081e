//! The consensus log on disk: what a restart reads back, and what it refuses.

use std::fs;
use std::path::Path;

use consensus::error::LogError;
use consensus::log::{ALIGNMENT, Record};
use consensus::{Body, TimeoutKind};
use ledger::block;
use ledger::crypto::SigningKey;
use ledger::id::{ChainId, Height};
use node::wal::{Wal, WalError};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// What the file is made to at first.
const PREALLOCATED: u64 = 32 << 20;

struct Log {
    dir: TempDir,
    key: SigningKey,
}

impl Log {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), key: SigningKey::from_seed(&Zeroizing::new([1; 32])) }
    }

    fn path(&self) -> std::path::PathBuf {
        self.dir.path().join("consensus.log")
    }

    /// As after a restart.
    fn open(&self) -> Wal {
        Wal::open(&self.path(), &self.key, &chain()).unwrap()
    }

    /// What a restart reads of a height.
    fn read(&self, height: u64) -> Result<Vec<Record>, WalError> {
        self.open().begin(Height::new(height))
    }

    fn change(&self, damage: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.path()).unwrap();
        damage(&mut bytes);
        fs::write(self.path(), bytes).unwrap();
    }
}

fn chain() -> ChainId {
    "test/0123456789abcdef".parse().unwrap()
}

fn record(round: u32) -> Record {
    Record::Timeout { round, kind: TimeoutKind::Propose }
}

fn records(rounds: std::ops::Range<u32>) -> Vec<Record> {
    rounds.map(record).collect()
}

/// A record of about this many bytes.
fn block_of(bytes: usize) -> Record {
    let body: Body = vec![7; bytes].into();
    Record::Body { block_id: block::Id::from_bytes([7; 32]), body }
}

fn write(wal: &mut Wal, rounds: std::ops::Range<u32>) {
    for round in rounds {
        wal.append(record(round));
        wal.sync().unwrap();
    }
}

#[test]
fn only_what_was_synced_is_read_back() {
    let log = Log::new();
    let mut wal = log.open();
    assert_eq!(wal.begin(Height::new(1)).unwrap(), []);
    wal.sync().unwrap();
    assert_eq!(log.read(1).unwrap(), [], "nothing to sync writes nothing");
    wal.append(record(0));
    wal.append(record(1));
    assert_eq!(log.read(1).unwrap(), []);
    wal.sync().unwrap();
    wal.append(record(2));
    assert_eq!(log.read(1).unwrap(), records(0..2));
    wal.sync().unwrap();
    assert_eq!(log.read(1).unwrap(), records(0..3));
    assert_eq!(log.read(2).unwrap(), [], "of another height there is nothing");
}

#[test]
fn a_restart_goes_on_behind_what_is_there() {
    let log = Log::new();
    let mut wal = log.open();
    wal.begin(Height::new(5)).unwrap();
    write(&mut wal, 0..3);
    for restarts in 1..4 {
        let mut wal = log.open();
        assert_eq!(wal.begin(Height::new(5)).unwrap(), records(0..restarts + 2));
        write(&mut wal, restarts + 2..restarts + 3);
    }
    assert_eq!(log.read(5).unwrap(), records(0..6));
}

#[test]
fn a_height_writes_over_the_one_before() {
    let log = Log::new();
    let mut wal = log.open();
    wal.begin(Height::new(1)).unwrap();
    write(&mut wal, 0..10);
    assert_eq!(wal.begin(Height::new(2)).unwrap(), []);
    write(&mut wal, 0..2);
    assert_eq!(log.read(2).unwrap(), records(0..2), "what is left of height 1 behind it does not count");
    assert_eq!(fs::metadata(log.path()).unwrap().len(), PREALLOCATED);
}

/// After a write failed, what is in the file is what counts, and what was not synced is forgotten.
#[test]
fn a_reset_reads_the_file_again() {
    let log = Log::new();
    let mut wal = log.open();
    wal.begin(Height::new(3)).unwrap();
    write(&mut wal, 0..2);
    wal.append(record(9));
    wal.reset();
    assert_eq!(wal.begin(Height::new(3)).unwrap(), records(0..2));
    write(&mut wal, 2..3);
    assert_eq!(log.read(3).unwrap(), records(0..3));
}

#[test]
fn a_height_may_need_more_than_was_prepared() {
    let log = Log::new();
    let mut wal = log.open();
    wal.begin(Height::new(1)).unwrap();
    let large = block_of(12 << 20);
    for _ in 0..4 {
        wal.append(large.clone());
        wal.sync().unwrap();
    }
    assert!(fs::metadata(log.path()).unwrap().len() > PREALLOCATED);
    assert_eq!(log.read(1).unwrap(), vec![large; 4]);
    wal.begin(Height::new(2)).unwrap();
    write(&mut wal, 0..1);
    assert_eq!(log.read(2).unwrap(), records(0..1));
}

#[test]
fn a_torn_tail_is_dropped_and_written_over() {
    type Damage = fn(&mut Vec<u8>);
    // Three frames of one sector each.
    const LAST: usize = 2 * ALIGNMENT;
    let damages: [(&str, Damage); 6] = [
        ("never written", |bytes| bytes[LAST..LAST + ALIGNMENT].fill(0)),
        ("header only", |bytes| bytes[LAST + 48..LAST + ALIGNMENT].fill(0)),
        ("half a header", |bytes| bytes[LAST + 20..LAST + ALIGNMENT].fill(0)),
        ("garbage in it", |bytes| bytes[LAST + 50] ^= 0xff),
        ("garbage behind it", |bytes| bytes[LAST + ALIGNMENT - 1] = 1),
        ("the file cut short", |bytes| bytes.truncate(LAST + 50)),
    ];
    for (what, damage) in damages {
        let log = Log::new();
        let mut wal = log.open();
        wal.begin(Height::new(4)).unwrap();
        write(&mut wal, 0..3);
        log.change(damage);
        let mut wal = log.open();
        assert_eq!(wal.begin(Height::new(4)).unwrap(), records(0..2), "{what}");
        write(&mut wal, 2..4);
        assert_eq!(log.read(4).unwrap(), records(0..4), "{what}");
    }
}

#[test]
fn a_damaged_middle_is_refused_with_what_to_do() {
    for (what, offset) in [("first header", 9), ("first payload", 49), ("second frame", ALIGNMENT + 40)] {
        let log = Log::new();
        let mut wal = log.open();
        wal.begin(Height::new(4)).unwrap();
        write(&mut wal, 0..3);
        let intact = fs::read(log.path()).unwrap();
        log.change(|bytes| bytes[offset] ^= 1);
        let error = log.read(4).unwrap_err();
        let expected = offset / ALIGNMENT * ALIGNMENT;
        match &error {
            WalError::Damaged { height, source: LogError::CorruptMiddle { offset }, .. } => {
                assert_eq!((height.get(), *offset), (4, expected), "{what}");
            }
            other => panic!("{what}: {other}"),
        }
        assert!(!error.is_full());
        let text = error.to_string();
        let path = log.path();
        for words in [path.to_str().unwrap(), "move it away", "let the other centres decide height 4"] {
            assert!(text.contains(words), "{what}: {text}");
        }
        // The height is what matters: for another one the file is empty.
        assert_eq!(log.read(5).unwrap(), [], "{what}");
        fs::write(log.path(), intact).unwrap();
        assert_eq!(log.read(4).unwrap(), records(0..3), "{what}: refusing changes nothing");
    }
}

/// The checks are made with a secret of the voting key: frames of another node, or of another chain, are no
/// frames.
#[test]
fn only_the_own_key_reads_a_log() {
    let log = Log::new();
    let mut wal = log.open();
    wal.begin(Height::new(1)).unwrap();
    write(&mut wal, 0..2);
    let other_key = SigningKey::from_seed(&Zeroizing::new([2; 32]));
    let other_chain: ChainId = "test/fedcba9876543210".parse().unwrap();
    for (key, chain) in [(&other_key, &chain()), (&log.key, &other_chain)] {
        let mut wal = Wal::open(&log.path(), key, chain).unwrap();
        assert_eq!(wal.begin(Height::new(1)).unwrap(), []);
    }
}

#[test]
fn a_log_that_cannot_be_opened_says_which_file() {
    let log = Log::new();
    let path = Path::new("nowhere").join("consensus.log");
    let error = Wal::open(&path, &log.key, &chain()).err().unwrap();
    assert!(error.to_string().contains("nowhere/consensus.log"), "{error}");
    use std::os::unix::fs::PermissionsExt as _;
    log.open();
    assert_eq!(fs::metadata(log.path()).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A start that found no log and fears to have forgotten votes leaves none behind, so that the next one finds the same.
#[test]
fn a_log_that_was_moved_away_stays_away_until_it_is_made_anew() {
    let log = Log::new();
    assert!(log.open().is_new());
    assert!(!log.open().is_new());
    fs::remove_file(log.path()).unwrap();
    for _ in 0..2 {
        let mut wal = log.open();
        assert!(wal.is_new());
        wal.unmake().unwrap();
        assert_eq!(wal.begin(Height::new(5)).unwrap(), [], "it works on without a name");
        wal.append(record(5));
        wal.sync().unwrap();
    }
    assert!(log.open().is_new());
    assert!(!log.open().is_new());
}
