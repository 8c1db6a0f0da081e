//! How many files and connections the system lets the node have open at a time.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What is kept for the database (512), the mesh, the consensus log and everything else.
const KEPT: u64 = 768;
/// Fewer HTTP connections than this are of no use, whatever the system allows.
const CONNECTIONS_MIN: u64 = 64;
/// HTTP connections open at a time, where the system allows so many; further ones wait to be accepted.
pub(crate) const CONNECTIONS: usize = 4_096;

/// What the system allows (`None` is no limit; the soft limit is raised to it), what a busy node uses, and with how few it
/// works at all.
pub(crate) fn limits() -> (Option<u64>, u64, u64) {
    (getrlimit(Resource::Nofile).maximum, KEPT + CONNECTIONS as u64, KEPT + CONNECTIONS_MIN)
}

/// Raises the soft limit of open files to the hard one, and returns how many HTTP connections, `most` at the most, leave
/// enough for the rest: a database that cannot open its files halts the node, a connection that waits does not.
pub(crate) fn connections(most: usize) -> usize {
    let limits = getrlimit(Resource::Nofile);
    if let Err(error) =
        setrlimit(Resource::Nofile, Rlimit { current: limits.maximum, maximum: limits.maximum })
    {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
    let allowed = getrlimit(Resource::Nofile).current;
    let connections = within(allowed, most);
    if connections < most {
        tracing::warn!(allowed, connections, "the system allows few open files; raise `ulimit -n`");
    }
    connections
}

/// Connections within this many open files; `None` is no limit.
fn within(allowed: Option<u64>, most: usize) -> usize {
    let free = allowed.unwrap_or(u64::MAX).saturating_sub(KEPT).max(CONNECTIONS_MIN);
    usize::try_from(free).unwrap_or(usize::MAX).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_room_for_the_rest() {
        let cases = [
            (None, 4_096),
            (Some(1 << 20), 4_096),
            (Some(4_096 + KEPT), 4_096),
            (Some(1_024), 256),
            (Some(256), 64),
        ];
        for (allowed, expected) in cases {
            assert_eq!(within(allowed, 4_096), expected, "{allowed:?}");
        }
    }

    #[test]
    fn the_soft_limit_is_raised() {
        assert!(connections(100) <= 100);
        let limits = getrlimit(Resource::Nofile);
        assert_eq!(limits.current, limits.maximum);
    }
}
