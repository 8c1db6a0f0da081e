//! Double signings that are proven and not on the ledger yet: what a node has to report, and the file that keeps it.
//!
//! # Format
//!
//! A CBOR array of the encodings of evidence. What is read back is verified like anything from outside; what does not hold
//! is left out.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use consensus::Evidence;
use ledger::codec;
use ledger::evidence::MAX_EVIDENCE_BYTES;
use ledger::id::{ChainId, DoubleSigningId, Height};
use minicbor::bytes::ByteVec;

/// Most double signings that wait to be reported; a node that sees more reports these first.
pub const REPORTS_MAX: usize = 64;
const MAX_FILE_BYTES: usize = 16 + REPORTS_MAX * (MAX_EVIDENCE_BYTES + 8);

/// Double signings that wait to be on the ledger.
#[derive(Debug, Default)]
pub struct Reports {
    /// The evidence, and the last height at which the report sent may be recorded, if one was sent.
    open: BTreeMap<DoubleSigningId, (Evidence, Option<Height>)>,
}

impl Reports {
    /// Takes in what proves a double signing. Tells whether it is new: then it is to be kept on disk.
    pub fn note(&mut self, evidence: Evidence) -> bool {
        let new = self.open.len() < REPORTS_MAX && !self.open.contains_key(&evidence.id());
        if new {
            self.open.insert(evidence.id(), (evidence, None));
        }
        new
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
    pub fn decode(bytes: &[u8], chain: &ChainId) -> Self {
        let all: Vec<ByteVec> = codec::decode(bytes, MAX_FILE_BYTES).unwrap_or_default();
        let read = all.iter().filter_map(|one| Evidence::decode(one).ok());
        let mut reports = Self::default();
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
            Ok(bytes) => Ok(Self::decode(&bytes, chain)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Keeps all of it on disk, at once or not at all.
    ///
    /// # Errors
    /// Of the file system.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let unfinished = path.with_extension("new");
        let mut file = File::create(&unfinished)?;
        file.write_all(&self.encode())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)?;
        path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
    }
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
        let key = SigningKey::from_seed(&[seed; 32].into());
        let vote = |block_id| {
            let height = Height::new(7);
            let vote =
                Vote { height, round, vote_type: VoteType::Prevote, voter: key.public_key(), block_id };
            let signature = key.sign(&vote.sign_bytes(&chain()));
            SignedVote { vote, signature }
        };
        Evidence::votes(vote(None), vote(Some(ledger::block::Id::from_bytes([1; 32]))))
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
        let mut reports = Reports::default();
        reports.note(evidence(1, 0));
        let good = reports.encode();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            let read = Reports::decode(&bad, &chain()).waiting(Height::new(0));
            for (_, evidence) in read {
                assert_eq!(evidence.verify(&chain(), &evidence.accused()), Ok(()), "byte {at}");
            }
        }
        let elsewhere: ChainId = "other/0123456789abcdef".parse().expect("a chain id");
        assert!(Reports::decode(&good, &elsewhere).waiting(Height::new(0)).is_empty());
    }
}
