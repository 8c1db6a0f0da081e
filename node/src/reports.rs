//! Double signings that are proven and not on the ledger yet: what a node has to report, and the file that keeps it.
//!
//! # Format
//!
//! A CBOR array of the encodings of evidence. What is read back is verified like anything from outside; what does not hold
//! is left out.
//!
//! # How much is reported
//!
//! Every report makes a block, in which a validator that goes on signing twice signs twice again: reporting all of it would
//! keep the chain awake for ever and fill the ledger with proofs of one thing. So of the double signings of one validator of
//! one kind, only one is reported in so many heights as [`REPORT_AGAIN`] says. Members remove it on the first.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use consensus::Evidence;
use ledger::codec;
use ledger::crypto::PublicKey;
use ledger::event::{Event, Recorded};
use ledger::evidence::{MAX_EVIDENCE_BYTES, SigningKind};
use ledger::id::{ChainId, DoubleSigningId, Height};
use minicbor::bytes::ByteVec;

use crate::durable::write_whole;

/// Most double signings that wait to be reported; a node that sees more reports these first.
pub const REPORTS_MAX: usize = 64;
/// Heights within which one double signing of a validator stands for all others of its kind.
pub const REPORT_AGAIN: u64 = 100;
const MAX_FILE_BYTES: usize = 16 + REPORTS_MAX * (MAX_EVIDENCE_BYTES + 8);

/// Double signings that wait to be on the ledger.
#[derive(Debug)]
pub struct Reports {
    /// Heights within which one stands for others.
    again: u64,
    /// The evidence, and the last height at which the report sent may be recorded, if one was sent.
    open: BTreeMap<DoubleSigningId, (Evidence, Option<Height>)>,
    /// The highest height of a double signing that this process has seen recorded, by whom and of which kind.
    recorded: BTreeMap<(PublicKey, SigningKind), Height>,
}

impl Reports {
    /// Nothing to report; one double signing will stand for the others of its kind within so many heights.
    #[must_use]
    pub const fn new(again: u64) -> Self {
        Self { again, open: BTreeMap::new(), recorded: BTreeMap::new() }
    }

    /// Takes in what proves a double signing, unless another one stands for it. Tells whether it is new: then it is to be
    /// kept on disk.
    pub fn note(&mut self, evidence: Evidence) -> bool {
        let (of, height) = (offence(&evidence), evidence.height());
        let open = self.open.values().filter(|(open, _)| offence(open) == of).map(|(open, _)| open.height());
        let mut standing = open.chain(self.recorded.get(&of).copied());
        let new = self.open.len() < REPORTS_MAX && !standing.any(|other| self.is_near(other, height));
        if new {
            self.open.insert(evidence.id(), (evidence, None));
        }
        new
    }

    fn is_near(&self, one: Height, other: Height) -> bool {
        one.get().abs_diff(other.get()) < self.again
    }

    /// Takes note of what a block has recorded. Tells whether something need not be reported any more: then the rest is to
    /// be kept on disk.
    pub fn committed(&mut self, events: &[Recorded]) -> bool {
        let before = self.open.len();
        for recorded in events {
            let Event::DoubleSigningRecorded { accused, height, kind, .. } = &recorded.event else {
                continue;
            };
            let of = (*accused, *kind);
            let latest = self.recorded.entry(of).or_insert(*height);
            *latest = (*latest).max(*height);
            let again = self.again;
            self.open.retain(|_, (open, _)| {
                offence(open) != of || open.height().get().abs_diff(height.get()) >= again
            });
        }
        self.open.len() < before
    }

    /// Whether it waits, or a report of it is under way.
    #[must_use]
    pub fn holds(&self, id: &DoubleSigningId) -> bool {
        self.open.contains_key(id)
    }

    /// What has no report under way that may still be recorded above this height.
    #[must_use]
    pub fn waiting(&self, tip: Height) -> Vec<(DoubleSigningId, Evidence)> {
        let late = |sent: &Option<Height>| sent.is_none_or(|until| until <= tip);
        let waiting = self.open.iter().filter(|(_, (_, sent))| late(sent));
        waiting.map(|(id, (evidence, _))| (*id, evidence.clone())).collect()
    }

    /// A report is under way, and may be recorded up to this height.
    pub fn sent(&mut self, id: &DoubleSigningId, until: Height) {
        if let Some((_, sent)) = self.open.get_mut(id) {
            *sent = Some(until);
        }
    }

    /// It is on the ledger, or the ledger does not take it.
    pub fn settled(&mut self, id: &DoubleSigningId) {
        self.open.remove(id);
    }

    /// The bytes of the file.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let all: Vec<ByteVec> = self.open.values().map(|(evidence, _)| evidence.encode().into()).collect();
        codec::encode(&all)
    }

    /// Reads the file; whatever of it does not hold is left out.
    #[must_use]
    pub fn decode(bytes: &[u8], chain: &ChainId, again: u64) -> Self {
        let all: Vec<ByteVec> = codec::decode(bytes, MAX_FILE_BYTES).unwrap_or_default();
        let read = all.iter().filter_map(|one| Evidence::decode(one).ok());
        let mut reports = Self::new(again);
        for evidence in read.filter(|one| one.verify(chain, &one.accused()).is_ok()) {
            reports.note(evidence);
        }
        reports
    }

    /// Reads what an earlier process has kept; nothing when there is no file.
    ///
    /// # Errors
    /// Of the file system.
    pub fn read(path: &Path, chain: &ChainId) -> io::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => Ok(Self::decode(&bytes, chain, REPORT_AGAIN)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::new(REPORT_AGAIN)),
            Err(error) => Err(error),
        }
    }

    /// Keeps all of it on disk, at once or not at all.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        write_whole(path, &self.encode())
    }
}

/// Who has signed twice, and what.
fn offence(evidence: &Evidence) -> (PublicKey, SigningKind) {
    (evidence.accused(), evidence.kind())
}

#[cfg(test)]
mod tests {
    use consensus::message::{SignedVote, Vote};
    use ledger::certificate::VoteType;
    use ledger::crypto::SigningKey;

    use super::*;

    fn chain() -> ChainId {
        "test/0123456789abcdef".parse().expect("a chain id")
    }

    fn evidence(seed: u8, round: u32) -> Evidence {
        evidence_at(seed, 7, round, VoteType::Prevote)
    }

    fn evidence_at(seed: u8, height: u64, round: u32, vote_type: VoteType) -> Evidence {
        let key = SigningKey::from_seed(&[seed; 32].into());
        let vote = |block_id| {
            let height = Height::new(height);
            let vote = Vote { height, round, vote_type, voter: key.public_key(), block_id };
            let signature = key.sign(&vote.sign_bytes(&chain()));
            SignedVote { vote, signature }
        };
        Evidence::votes(vote(None), vote(Some(ledger::block::Id::from_bytes([1; 32]))))
    }

    fn recorded(evidence: &Evidence) -> Recorded {
        let event = Event::DoubleSigningRecorded {
            double_signing: evidence.id(),
            accused: evidence.accused(),
            organisation: "12440100DEM0000149".parse().expect("a code"),
            height: evidence.height(),
            round: evidence.round(),
            kind: evidence.kind(),
        };
        Recorded { transaction: None, event }
    }

    /// A validator that signs twice at every height, twice in each: one report of each kind in a hundred heights.
    #[test]
    fn one_double_signing_stands_for_others_of_its_kind() {
        let mut reports = Reports::new(REPORT_AGAIN);
        let mut reported = Vec::new();
        for height in 1..=250 {
            for (kind, round) in [(VoteType::Prevote, 0), (VoteType::Precommit, 0), (VoteType::Prevote, 1)] {
                reports.note(evidence_at(1, height, round, kind));
            }
            // Each is recorded two heights after it happened; meanwhile it is one report, however often it is asked for.
            let waiting = reports.waiting(Height::new(height));
            assert!(waiting.len() <= 2, "{waiting:?}");
            let due: Vec<_> =
                waiting.into_iter().filter(|(_, one)| one.height().get() + 2 <= height).collect();
            for (_, one) in due {
                assert!(reports.committed(&[recorded(&one)]));
                reported.push((one.height().get(), one.kind()));
            }
        }
        let kinds = [SigningKind::Prevote, SigningKind::Precommit];
        let expected: Vec<_> =
            [1, 101, 201].into_iter().flat_map(|height| kinds.map(|kind| (height, kind))).collect();
        reported.sort_unstable();
        assert_eq!(reported, expected);
        // Others are reported all the same, and so is what happened long before.
        assert!(reports.note(evidence_at(2, 250, 0, VoteType::Prevote)));
        assert!(reports.note(evidence_at(1, 90, 0, VoteType::Prevote)));
        assert!(!reports.committed(&[recorded(&evidence_at(3, 90, 0, VoteType::Prevote))]));
        assert_eq!(reports.waiting(Height::new(250)).len(), 2);
    }

    #[test]
    fn what_waits_is_there_after_a_restart_until_it_is_settled() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("reports.cbor");
        let (one, two) = (evidence(1, 0), evidence(2, 3));
        let mut reports = Reports::read(&path, &chain()).expect("no file is no fault");
        assert!(reports.note(one.clone()) && reports.note(two.clone()) && !reports.note(one.clone()));
        reports.sent(&one.id(), Height::new(20));
        assert_eq!(reports.waiting(Height::new(10)), [(two.id(), two.clone())], "one is under way");
        reports.write(&path).expect("room");
        // Nobody knows any more whether a report was sent; it is signed again.
        let mut again = Reports::read(&path, &chain()).expect("the file");
        assert_eq!(again.waiting(Height::new(10)).len(), 2);
        again.settled(&one.id());
        again.write(&path).expect("room");
        let left = Reports::read(&path, &chain()).expect("the file").waiting(Height::new(10));
        assert_eq!(left, [(two.id(), two)]);
    }

    #[test]
    fn a_damaged_file_accuses_nobody() {
        let mut reports = Reports::new(REPORT_AGAIN);
        reports.note(evidence(1, 0));
        let good = reports.encode();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let read = Reports::decode(&bad, &chain(), REPORT_AGAIN).waiting(Height::new(0));
            for (_, evidence) in read {
                assert_eq!(evidence.verify(&chain(), &evidence.accused()), Ok(()), "byte {at}");
            }
        }
        let elsewhere: ChainId = "other/0123456789abcdef".parse().expect("a chain id");
        assert!(Reports::decode(&good, &elsewhere, REPORT_AGAIN).waiting(Height::new(0)).is_empty());
    }
}
