//! What bounds any ledger on this machine: signatures a second, and how long a flush takes.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use ledger::crypto::{Claim, PublicKey, Signature, SigningKey, verify, verify_batch};
use node::keys::Secret;
use rayon::prelude::*;
use serde::Serialize;

use super::load::Latency;

/// Bytes of a signed message: what a letter of guarantee has.
const MESSAGE: usize = 300;
/// Signers, as many as in the workload.
const SIGNERS: usize = 64;

/// The machine's own rates.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Limits {
    /// Ed25519 signatures made a second, all cores.
    pub(super) sign: f64,
    /// Verified one by one, a second, one core.
    pub(super) verify_one_core: f64,
    /// Verified one by one, a second, all cores.
    pub(super) verify: f64,
    /// Verified in equations of 256, signers sorted, a second, one core.
    pub(super) batch_256_one_core: f64,
    /// The same on all cores.
    pub(super) batch_256: f64,
    /// In equations of 1,024, all cores.
    pub(super) batch_1024: f64,
    /// Milliseconds to overwrite 4 KiB of a preallocated file and flush it.
    pub(super) overwrite_flush_ms: Latency,
    /// Milliseconds to write one row of 432 bytes into RocksDB and flush it.
    pub(super) rocksdb_flush_ms: Latency,
}

impl Limits {
    /// Measures in a directory, each operation for about this long.
    pub(super) fn measure(directory: &Path, time: Duration) -> anyhow::Result<Self> {
        let keys = (0..SIGNERS)
            .map(|_| Ok(Secret::generate()?.signing_key()))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let signed = Signed::make(&keys, 4_096);
        let claims = signed.claims();
        let one_core = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
        let single = || claims.par_iter().all(|c| verify(c.key, c.message, c.signature).is_ok());
        let batch = |size| claims.par_chunks(size).all(|group| verify_batch(group).iter().all(|good| *good));
        Ok(Self {
            sign: rate(time, claims.len(), || {
                Signed::make(&keys, claims.len()).signatures.len() == claims.len()
            })?,
            verify_one_core: one_core.install(|| rate(time, claims.len(), single))?,
            verify: rate(time, claims.len(), single)?,
            batch_256_one_core: one_core.install(|| rate(time, claims.len(), || batch(256)))?,
            batch_256: rate(time, claims.len(), || batch(256))?,
            batch_1024: rate(time, claims.len(), || batch(1_024))?,
            overwrite_flush_ms: overwrite(&directory.join("overwritten"), time)?,
            rocksdb_flush_ms: rocksdb(&directory.join("rocksdb"), time)?,
        })
    }
}

/// Signatures by signers in turn, sorted by signer.
struct Signed {
    keys: Vec<PublicKey>,
    messages: Vec<Vec<u8>>,
    signatures: Vec<Signature>,
}

impl Signed {
    fn make(keys: &[SigningKey], count: usize) -> Self {
        let public: Vec<PublicKey> = keys.iter().map(SigningKey::public_key).collect();
        let of = |number: usize| number * keys.len() / count;
        let messages: Vec<Vec<u8>> = (0..count)
            .map(|number| number.to_be_bytes().into_iter().cycle().take(MESSAGE).collect())
            .collect();
        let signatures =
            messages.par_iter().enumerate().map(|(number, m)| keys[of(number)].sign(m)).collect();
        Self { keys: (0..count).map(|number| public[of(number)]).collect(), messages, signatures }
    }

    fn claims(&self) -> Vec<Claim<'_>> {
        let rows = self.keys.iter().zip(&self.messages).zip(&self.signatures);
        rows.map(|((key, message), signature)| Claim { key, message, signature }).collect()
    }
}

/// Runs `act`, which does `count` things, again and again.
fn rate(time: Duration, count: usize, act: impl Fn() -> bool) -> anyhow::Result<f64> {
    ensure!(act(), "a signature does not verify");
    let (began, mut done) = (Instant::now(), 0);
    while began.elapsed() < time {
        ensure!(act(), "a signature does not verify");
        done += count;
    }
    Ok(done as f64 / began.elapsed().as_secs_f64())
}

fn repeat(time: Duration, mut act: impl FnMut(u64) -> anyhow::Result<()>) -> anyhow::Result<Latency> {
    let (began, mut all) = (Instant::now(), Vec::new());
    for number in 0.. {
        let from = Instant::now();
        act(number)?;
        all.push(from.elapsed());
        if began.elapsed() >= time {
            break;
        }
    }
    Ok(Latency::of(all))
}

fn overwrite(path: &Path, time: Duration) -> anyhow::Result<Latency> {
    const SIZE: u64 = 4 << 20;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    file.write_all(&vec![0; SIZE as usize])?;
    file.sync_all()?;
    repeat(time, |number| {
        file.write_all_at(&[number as u8; 4096], number * 4096 % SIZE)?;
        Ok(file.sync_data()?)
    })
}

fn rocksdb(path: &Path, time: Duration) -> anyhow::Result<Latency> {
    let mut options = rocksdb::Options::default();
    options.create_if_missing(true);
    options.set_recycle_log_file_num(2);
    let database = rocksdb::DB::open(&options, path)?;
    let mut synced = rocksdb::WriteOptions::default();
    synced.set_sync(true);
    repeat(time, |number| Ok(database.put_opt(number.to_be_bytes(), [number as u8; 432], &synced)?))
}
