//! What was fetched so far, on disk, so that a node killed in the middle goes on where it was.
//!
//! ```text
//! joining/manifest                     the snapshot that is fetched
//!        /eras                         proofs of the changes of the validators since the genesis
//!        /links-00000000000000010000   headers and leaf hashes, from this height downwards
//!        /HASH.chunk                   a chunk, named by its hash
//!        /blocks-00000000000000009001  blocks with their certificates, from this height upwards
//! ```
//!
//! A file is written under another name, flushed and then given its own. Whatever is read back is verified again, and a
//! file that does not hold is removed, to be fetched anew.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ledger::id::Height;
use ledger::merkle::Hash;
use ledger::snapshot::{EraLink, Link, Linked, Part, Walk, read_chunk};
use ledger::state::Entry;

use crate::snapshots::export::write_synced;
use crate::wire::{Answer, CertifiedBlock};

const MANIFEST: &str = "manifest";
const ERAS: &str = "eras";

/// The directory.
#[derive(Clone, Debug)]
pub(super) struct Staging {
    dir: PathBuf,
}

impl Staging {
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        for path in files(dir)? {
            if path.extension().is_some_and(|extension| extension == "part") {
                fs::remove_file(path)?;
            }
        }
        Ok(Self { dir: dir.to_owned() })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    pub(super) fn remove(&self) -> io::Result<()> {
        fs::remove_dir_all(&self.dir)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unfinished = self.dir.join(format!("{name}.part"));
        write_synced(&unfinished, bytes)?;
        fs::rename(unfinished, self.dir.join(name))?;
        fs::File::open(&self.dir)?.sync_all()
    }

    pub(super) fn manifest(&self) -> Option<Vec<u8>> {
        fs::read(self.dir.join(MANIFEST)).ok()
    }

    /// Sets the snapshot to fetch. Of what was fetched for another one only the chunks are of use, those that both have.
    pub(super) fn set_manifest(&self, bytes: &[u8], parts: &[Part]) -> io::Result<()> {
        let wanted: std::collections::BTreeSet<String> =
            parts.iter().map(|part| chunk_name(&part.subtree.hash)).collect();
        for path in files(&self.dir)? {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if name.starts_with("blocks-") || name.ends_with(".chunk") && !wanted.contains(name) {
                fs::remove_file(&path)?;
            }
        }
        self.put(MANIFEST, bytes)
    }

    pub(super) fn forget_manifest(&self) -> io::Result<()> {
        match fs::remove_file(self.dir.join(MANIFEST)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    pub(super) fn put_eras(&self, links: &[EraLink]) -> io::Result<()> {
        self.put(ERAS, &Answer::Eras(links.to_vec()).encode())
    }

    /// The proofs of the changes of the validators that are here.
    pub(super) fn eras(&self) -> Vec<EraLink> {
        match fs::read(self.dir.join(ERAS)).map(|bytes| Answer::decode(&bytes)) {
            Ok(Ok(Answer::Eras(links))) => links,
            _ => Vec::new(),
        }
    }

    pub(super) fn put_chunk(&self, part: &Part, bytes: &[u8]) -> io::Result<()> {
        self.put(&chunk_name(&part.subtree.hash), bytes)
    }

    /// The keys and values of a chunk that is here and holds.
    pub(super) fn chunk(&self, part: &Part) -> Option<Vec<Entry>> {
        let path = self.dir.join(chunk_name(&part.subtree.hash));
        let bytes = fs::read(&path).ok()?;
        let entries = read_chunk(&bytes, part).ok();
        if entries.is_none() {
            tracing::warn!(file = %path.display(), "a fetched chunk is damaged on disk; fetching it again");
            let _ = fs::remove_file(path);
        }
        entries
    }

    pub(super) fn put_links(&self, top: Height, links: Vec<Link>) -> io::Result<()> {
        self.put(&numbered("links", top.get()), &Answer::Links(links).encode())
    }

    /// Goes on walking along the links that are here and gives out each one. Ends where they end.
    pub(super) fn walk(&self, mut walk: Walk, mut seen: impl FnMut(&Linked)) -> io::Result<Walk> {
        while walk.height() > Height::GENESIS {
            let path = self.dir.join(numbered("links", walk.height().get()));
            let Ok(bytes) = fs::read(&path) else { return Ok(walk) };
            let Ok(Answer::Links(links)) = Answer::decode(&bytes) else {
                fs::remove_file(path)?;
                return Ok(walk);
            };
            let mut further = walk;
            let stepped: Result<Vec<Linked>, _> = links.iter().map(|link| further.step(link)).collect();
            match stepped {
                Ok(linked) if !linked.is_empty() => linked.iter().for_each(&mut seen),
                // Of another chain of headers, or damaged.
                _ => {
                    fs::remove_file(path)?;
                    return Ok(walk);
                }
            }
            walk = further;
        }
        Ok(walk)
    }

    /// The files of links, those of the lowest heights first.
    pub(super) fn links_upwards(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        self.numbered_files("links-")
    }

    pub(super) fn put_blocks(&self, from: Height, blocks: Vec<CertifiedBlock>) -> io::Result<()> {
        self.put(&numbered("blocks", from.get()), &Answer::Blocks(blocks).encode())
    }

    /// The files of blocks, those of the lowest heights first.
    pub(super) fn blocks_upwards(&self) -> io::Result<Vec<(u64, PathBuf)>> {
        self.numbered_files("blocks-")
    }

    fn numbered_files(&self, prefix: &str) -> io::Result<Vec<(u64, PathBuf)>> {
        let mut found: Vec<(u64, PathBuf)> = files(&self.dir)?
            .into_iter()
            .filter_map(|path| {
                let number = path.file_name()?.to_str()?.strip_prefix(prefix)?.parse().ok()?;
                Some((number, path))
            })
            .collect();
        found.sort();
        Ok(found)
    }
}

/// The links of a file, that of the lowest height first.
pub(super) fn read_links_upwards(path: &Path) -> Option<Vec<Link>> {
    let Ok(Answer::Links(mut links)) = Answer::decode(&fs::read(path).ok()?) else { return None };
    links.reverse();
    Some(links)
}

/// The blocks of a file.
pub(super) fn read_blocks(path: &Path) -> Option<Vec<CertifiedBlock>> {
    match Answer::decode(&fs::read(path).ok()?) {
        Ok(Answer::Blocks(blocks)) => Some(blocks),
        _ => None,
    }
}

fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect()
}

fn numbered(prefix: &str, number: u64) -> String {
    format!("{prefix}-{number:020}")
}

fn chunk_name(hash: &Hash) -> String {
    format!("{}.chunk", hex::encode(hash))
}
