//! From the files that were fetched into the store.

use std::io;
use std::path::PathBuf;

use ledger::block::{Block, Header};
use ledger::codec::CodecError;
use ledger::genesis::Genesis;
use ledger::hash::sha256;
use ledger::merkle::Hash;
use ledger::snapshot::EraLink;
use ledger::store::{Contents, PastBlock, Restore, Store, StoreError, Tip};
use ledger::transaction::Unverified;

use super::staging::{Staging, read_blocks, read_links_upwards};
use super::{JoinError, Target};
use crate::wire::CertifiedBlock;

/// Why the store was not filled.
pub(super) enum InstallError {
    /// A file was not what it was when it was verified. It is removed.
    Damaged(PathBuf),
    /// Anything else.
    Failed(JoinError),
}

impl From<StoreError> for InstallError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<io::Error> for InstallError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Fills the store. `from` is the first height whose blocks are there whole.
pub(super) fn install(
    staging: &Staging,
    store: &Store,
    genesis: &Genesis,
    genesis_bytes: &[u8],
    target: &Target,
    eras: &[EraLink],
    from: u64,
) -> Result<Tip, InstallError> {
    let mut restore = store.restore(target.height())?;
    for part in &target.parts {
        let entries = staging.chunk(part).ok_or_else(|| InstallError::Damaged(staging.dir().to_owned()))?;
        restore.entries(&entries)?;
    }
    for link in eras {
        let header = Header::decode(&link.header)
            .map_err(|error| InstallError::Failed(StoreError::Corrupt(error.to_string()).into()))?;
        if header.height <= target.header.height {
            restore.era(header.height.get(), link)?;
        }
    }
    Chain { staging, genesis, from, target, whole: Whole::new(staging)? }.add_to(&mut restore)?;
    Ok(restore.finish(genesis_bytes, *genesis.hash.as_bytes(), target.header.state_root.as_bytes())?)
}

struct Chain<'a> {
    staging: &'a Staging,
    genesis: &'a Genesis,
    from: u64,
    target: &'a Target,
    whole: Whole,
}

impl Chain<'_> {
    /// Adds every block, from the first one on.
    fn add_to(mut self, restore: &mut Restore<'_>) -> Result<(), InstallError> {
        let mut previous = *self.genesis.hash.as_bytes();
        let mut height = 0;
        for (_, path) in self.staging.links_upwards()? {
            let damaged = || InstallError::Damaged(path.clone());
            for link in read_links_upwards(&path).ok_or_else(damaged)? {
                // With a trusted block that is higher there are more headers than the snapshot needs.
                if height == self.target.height() {
                    break;
                }
                let header = Header::decode(&link.header).map_err(|_| damaged())?;
                if header.height.get() <= height {
                    continue;
                }
                height += 1;
                if header.height.get() != height || *header.previous.as_bytes() != previous {
                    let _ = std::fs::remove_file(&path);
                    return Err(damaged());
                }
                previous = sha256(&link.header);
                self.add(restore, height, previous, &link.header, &link.leaves)?;
            }
        }
        if previous == *self.target.header.id().as_bytes() {
            Ok(())
        } else {
            Err(InstallError::Damaged(self.staging.dir().to_owned()))
        }
    }

    fn add(
        &mut self,
        restore: &mut Restore<'_>,
        height: u64,
        id: Hash,
        header: &[u8],
        leaves: &[u8],
    ) -> Result<(), InstallError> {
        let leaves = leaves.as_chunks::<32>().0;
        if height < self.from {
            return Ok(restore.block(&PastBlock { id, header, leaves, contents: None })?);
        }
        let block = self.whole.next(height)?;
        let certificate = block.certificate.encode();
        let transactions = transactions(self.genesis, &block)
            .map_err(|error| InstallError::Failed(StoreError::Corrupt(error.to_string()).into()))?;
        let contents = Some(Contents { transactions: &transactions, certificate: &certificate });
        Ok(restore.block(&PastBlock { id, header, leaves, contents })?)
    }
}

/// The blocks that are there whole, one after the other.
struct Whole {
    files: std::vec::IntoIter<(u64, PathBuf)>,
    blocks: std::vec::IntoIter<CertifiedBlock>,
    path: PathBuf,
}

impl Whole {
    fn new(staging: &Staging) -> io::Result<Self> {
        let files = staging.blocks_upwards()?.into_iter();
        Ok(Self { files, blocks: Vec::new().into_iter(), path: staging.dir().to_owned() })
    }

    fn next(&mut self, height: u64) -> Result<CertifiedBlock, InstallError> {
        loop {
            match self.blocks.next() {
                Some(block) if block.certificate.height.get() == height => return Ok(block),
                Some(_) => {
                    let _ = std::fs::remove_file(&self.path);
                    return Err(InstallError::Damaged(self.path.clone()));
                }
                None => {
                    let (_, path) =
                        self.files.next().ok_or_else(|| InstallError::Damaged(self.path.clone()))?;
                    self.blocks = read_blocks(&path).unwrap_or_default().into_iter();
                    self.path = path;
                }
            }
        }
    }
}

/// Ids and bytes of the transactions of a block. Their signatures need no check: a quorum has recorded them.
pub(crate) fn transactions(
    genesis: &Genesis,
    block: &CertifiedBlock,
) -> Result<Vec<(Hash, Vec<u8>)>, CodecError> {
    let unreadable = |e: &dyn std::fmt::Display| CodecError::Malformed(e.to_string());
    let body = Block::decode(&block.body)?;
    let named = body.transactions.into_iter().map(|bytes| {
        let id = Unverified::decode(&genesis.chain_id, &bytes).map_err(|e| unreadable(&e))?.id();
        Ok((*id.as_bytes(), bytes))
    });
    named.collect()
}
