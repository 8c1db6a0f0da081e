//! The machine: room and speed of the disk, open files.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::super::output::words;
use super::{Finding, said};
use crate::api::metrics::disk_free_bytes;
use crate::config::Config;
use crate::descriptors;

/// Flushes that are measured; the median counts.
const FLUSHES: usize = 9;
/// A height costs two flushes in a row on every centre, so one above this is felt by everybody.
const SLOW: Duration = Duration::from_millis(50);
/// Bytes written before each flush: about what the consensus log writes.
const WRITTEN: [u8; 4096] = [0x5a; 4096];

pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let data = &config.node.data_dir;
    // A node that has never run has no data directory yet; its parent is of the same file system.
    let existing = data.ancestors().find(|path| path.is_dir()).unwrap_or(Path::new("."));
    vec![space(existing, config.disk.reserve_bytes), flush(existing), open_files()]
}

fn space(path: &Path, reserve: u64) -> Finding {
    let mib = |bytes: u64| bytes / (1 << 20);
    let Some(free) = disk_free_bytes(path) else {
        let detail = words(
            format!("the file system of {} could not be asked", path.display()),
            format!("无法查询 {} 所在文件系统", path.display()),
        );
        return Finding::fail("disk_space", detail, words("look at its mount", "请检查挂载"));
    };
    let detail = words(
        format!("{} MiB free at {}, {} MiB are kept in reserve", mib(free), path.display(), mib(reserve)),
        format!("{} 剩余 {} MiB，预留 {} MiB", path.display(), mib(free), mib(reserve)),
    );
    if free < reserve {
        let advice = words(
            "the node takes no part below the reserve; make room, it goes on by itself",
            "低于预留值时节点暂停参与；请释放空间，随后自动恢复",
        );
        return Finding::fail("disk_space", detail, advice);
    }
    if free < reserve.saturating_mul(4) {
        return Finding::warn("disk_space", detail, words("make room before it is used up", "请尽早扩容"));
    }
    Finding::ok("disk_space", detail)
}

/// How long the disk takes to keep what it was given.
fn flush(directory: &Path) -> Finding {
    match measure(directory) {
        Err(error) => Finding::fail(
            "disk_flush",
            said(error),
            words(
                "the node writes there; look at owner, mode and mount",
                "节点须在此写入；请检查属主、权限与挂载",
            ),
        ),
        Ok(median) => {
            let ms = format!("{}.{:02} ms", median.as_millis(), median.subsec_micros() / 10 % 100);
            let detail = words(format!("{ms} for a flush (median)"), format!("落盘耗时中位数 {ms}"));
            if median <= SLOW {
                return Finding::ok("disk_flush", detail);
            }
            Finding::warn(
                "disk_flush",
                detail,
                words(
                    format!(
                        "above {} ms every block waits for this disk; give the node a faster one",
                        SLOW.as_millis()
                    ),
                    format!("超过 {} ms 将拖慢每个区块；请更换更快的磁盘", SLOW.as_millis()),
                ),
            )
        }
    }
}

fn measure(directory: &Path) -> std::io::Result<Duration> {
    let path = directory.join(format!(".zhulian-doctor-{}", std::process::id()));
    let mut file = File::options().write(true).create_new(true).open(&path)?;
    let mut run = || {
        let began = Instant::now();
        file.write_all(&WRITTEN).and_then(|()| file.sync_data()).map(|()| began.elapsed())
    };
    let times: std::io::Result<Vec<Duration>> = (0..FLUSHES).map(|_| run()).collect();
    fs::remove_file(&path)?;
    let mut times = times?;
    times.sort_unstable();
    Ok(times.get(FLUSHES / 2).copied().unwrap_or_default())
}

fn open_files() -> Finding {
    let (allowed, wanted, least) = descriptors::limits();
    let shown = allowed.map_or_else(|| "no limit".to_owned(), |allowed| allowed.to_string());
    let detail = words(
        format!("{shown} open files allowed, {wanted} used at most"),
        format!("允许打开文件数 {shown}，最多使用 {wanted}"),
    );
    let advice = words(
        format!("raise `ulimit -n` (LimitNOFILE= in a unit) to {wanted}"),
        format!("请将 ulimit -n（systemd 的 LimitNOFILE=）提高到 {wanted}"),
    );
    match allowed {
        Some(allowed) if allowed < least => Finding::fail("open_files", detail, advice),
        Some(allowed) if allowed < wanted => Finding::warn("open_files", detail, advice),
        _ => Finding::ok("open_files", detail),
    }
}
