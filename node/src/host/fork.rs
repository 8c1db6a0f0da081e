//! Two decided blocks at one height.
//!
//! That takes more than a third of the validators signing both, and then nothing that any node says is final any more. The
//! node keeps both certificates, which name the guilty, and stops: the members must settle it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use ledger::block::Header;
use ledger::certificate::CommitCertificate;
use ledger::codec;
use ledger::id::Height;
use ledger::state::era_of;
use ledger::store::StoreError;
use minicbor::bytes::ByteVec;

use super::{Host, HostError};

impl Host {
    /// Compares a certificate of a height that is decided here with the block that is.
    pub(super) fn watch_fork(&self, theirs: &CommitCertificate) -> Result<(), HostError> {
        let height = theirs.height.get();
        if height == 0 || theirs.height > self.tip.height {
            return Ok(());
        }
        let snapshot = self.parts.store.snapshot()?;
        let Some(block) = snapshot.block(height)? else { return Ok(()) };
        if block.id == *theirs.block_id.as_bytes() {
            return Ok(());
        }
        let header = snapshot.header(height)?.ok_or(StoreError::NoBlock(height))?;
        let header =
            Header::decode(&header).map_err(|e| StoreError::Corrupt(format!("header {height}: {e}")))?;
        let era = era_of(&snapshot, theirs.height)?;
        if let Err(error) = theirs.verify(&self.parts.genesis.chain_id, &era.validators) {
            tracing::warn!(height, %error, "somebody claims another block at a decided height, without proof");
            return Ok(());
        }
        let Some(ours) = snapshot.certificate(height)? else { return Ok(()) };
        let path = write_proof(&self.parts.data_dir, theirs.height, &ours, &theirs.encode());
        tracing::error!(height, ours = %header.id(), theirs = %theirs.block_id, ?path, "two blocks are decided at one height");
        Err(HostError::Fork { height: theirs.height, kept: path.map_err(|e| e.to_string()) })
    }
}

/// Writes both certificates: a CBOR array of their encodings, ours first.
fn write_proof(data: &Path, height: Height, ours: &[u8], theirs: &[u8]) -> std::io::Result<PathBuf> {
    let path = data.join(format!("fork-at-{height}.cbor"));
    let proof: [ByteVec; 2] = [ours.to_vec().into(), theirs.to_vec().into()];
    let mut file = std::fs::File::create(&path)?;
    file.write_all(&codec::encode(&proof.to_vec()))?;
    file.sync_all()?;
    Ok(path)
}
