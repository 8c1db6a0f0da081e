//! What the system says of a process, of files and of the machine.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use serde::Serialize;

/// Ticks a second in /proc/PID/stat: 100 on every Linux that Rust's standard library runs on.
const TICKS: f64 = 100.0;

/// Seconds of processor time a process has used, all threads, user and system.
pub(super) fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, in parentheses, may have anything in it.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks =
        |index: usize| -> anyhow::Result<f64> { Ok(fields.get(index).context("a short stat")?.parse()?) };
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Memory {
    /// Resident.
    pub(super) rss: u64,
    /// Resident, shared pages divided among those that share them.
    pub(super) pss: u64,
}

pub(super) fn memory(pid: u32) -> anyhow::Result<Memory> {
    let rollup = fs::read_to_string(format!("/proc/{pid}/smaps_rollup"))?;
    let of = |name: &str| {
        let line = rollup.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kib.map_or(0, |kib| kib * 1024)
    };
    Ok(Memory { rss: of("Rss:"), pss: of("Pss:") })
}

/// Bytes that those files below a directory take on the disk which are wanted.
pub(super) fn disk_bytes(directory: &Path, wanted: impl Fn(&Path) -> bool + Copy) -> anyhow::Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let (path, metadata) = (entry.path(), entry.metadata()?);
        if metadata.is_dir() {
            sum += disk_bytes(&path, wanted)?;
        } else if wanted(&path) {
            sum += metadata.blocks() * 512;
        }
    }
    Ok(sum)
}

/// On what was measured, and what.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Machine {
    /// Model of the processor.
    pub(super) processor: String,
    /// Processors this process may use.
    pub(super) cores: usize,
    /// Memory, in bytes.
    pub(super) memory: u64,
    /// Kernel.
    pub(super) kernel: String,
    /// Processes that wanted to run in the minute before.
    pub(super) load_before: String,
    /// Date, UTC.
    pub(super) date: String,
    /// Commit of the sources, `+` when they were changed.
    pub(super) commit: String,
}

impl Machine {
    pub(super) fn describe() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let value = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| Some(line.split_once(':')?.1.trim().to_owned())).unwrap_or_default()
        };
        let kib = value(&meminfo, "MemTotal").split(' ').next().and_then(|kib| kib.parse::<u64>().ok());
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            processor: value(&cpuinfo, "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory: kib.unwrap_or_default() * 1024,
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            load_before: load.split(' ').next().unwrap_or_default().to_owned(),
            date: said_by("date", &["-u", "+%Y-%m-%d %H:%M"]),
            commit: said_by("git", &["describe", "--always", "--dirty=+", "--abbrev=10"]),
        }
    }
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
    text.and_then(|text| String::from_utf8(text).ok()).map_or("unknown".into(), |text| text.trim().to_owned())
}
