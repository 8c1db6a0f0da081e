//! Peers and clients that mean harm: they flood, stall, claim too much, and never read.
//!
//! Each works until it is dropped. What they send is well formed where that gets further than noise.

mod client;
mod member;
mod stranger;

pub use client::{Client, Manner};
pub use member::Flood;
pub use stranger::{Silent, StalledQuic};

/// Resident memory of a process, in bytes: now, and the most it ever was.
///
/// # Panics
/// When there is no such process.
pub fn resident(pid: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a figure of its memory");
        let kib: u64 = line.split_whitespace().next().and_then(|n| n.parse().ok()).expect("kibibytes");
        kib * 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}
