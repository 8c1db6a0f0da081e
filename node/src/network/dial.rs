//! When to dial a member again, and at which addresses.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;
use libp2p::swarm::ConnectionId;

use super::limits::Limits;
use super::link::Task;

/// Addresses that one host name may stand for.
const RESOLVED_MAX: usize = 8;

/// Time for the resolver.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Where the dialling of a member stands.
#[derive(Debug)]
pub(crate) enum Dial {
    /// It is connected, or has no address.
    Idle,
    /// It will be dialled then.
    Waiting(Instant),
    /// Host names are being looked up; the number tells this look-up from earlier ones.
    Resolving(u64, #[expect(dead_code, reason = "dropping the task ends it")] Task),
    /// This connection is being made.
    Dialling(ConnectionId),
}

/// The pause before the next dial after `failures` in a row: doubling from the least to the most, and between
/// half and all of that, so that members do not dial in step.
pub(crate) fn redial_delay(failures: u32, limits: &Limits) -> Duration {
    let doubled =
        limits.redial_delay_min.saturating_mul(1u32.checked_shl(failures.min(31)).unwrap_or(u32::MAX));
    doubled.min(limits.redial_delay_max).mul_f64(rand::random_range(0.5..=1.0))
}

/// Whether an address has a host name in it.
pub(crate) fn has_name(address: &Multiaddr) -> bool {
    matches!(address.iter().next(), Some(Protocol::Dns(_) | Protocol::Dns4(_) | Protocol::Dns6(_)))
}

/// The addresses with their host names looked up. A name that does not resolve is left out.
pub(crate) async fn resolve(addresses: Vec<Multiaddr>) -> Vec<Multiaddr> {
    let mut resolved = Vec::new();
    for address in addresses {
        if has_name(&address) {
            resolved.extend(resolve_one(&address).await);
        } else {
            resolved.push(address);
        }
    }
    resolved
}

async fn resolve_one(address: &Multiaddr) -> Vec<Multiaddr> {
    let (name, wanted): (_, fn(&IpAddr) -> bool) = match address.iter().next() {
        Some(Protocol::Dns(name)) => (name, |_| true),
        Some(Protocol::Dns4(name)) => (name, IpAddr::is_ipv4),
        Some(Protocol::Dns6(name)) => (name, IpAddr::is_ipv6),
        _ => return Vec::new(),
    };
    let lookup = tokio::net::lookup_host((name.as_ref(), 0));
    match tokio::time::timeout(RESOLVE_TIMEOUT, lookup).await {
        Ok(Ok(found)) => found
            .map(|socket| socket.ip())
            .filter(wanted)
            .take(RESOLVED_MAX)
            .filter_map(|ip| address.replace(0, |_| Some(ip.into())))
            .collect(),
        _ => {
            tracing::debug!(%address, "host name not resolved");
            Vec::new()
        }
    }
}

/// Lets through so many per second on average and a burst after a pause (the generic cell rate algorithm).
#[derive(Debug)]
pub(crate) struct RateLimit {
    interval: Duration,
    tolerance: Duration,
    due: Option<Instant>,
}

impl RateLimit {
    pub(crate) fn new(per_second_max: u32, burst_max: u32) -> Self {
        let interval = Duration::from_secs(1) / per_second_max.max(1);
        Self { interval, tolerance: interval.saturating_mul(burst_max.saturating_sub(1)), due: None }
    }

    /// Whether one more may pass at `now`.
    pub(crate) fn admit(&mut self, now: Instant) -> bool {
        let due = self.due.map_or(now, |due| due.max(now));
        let admitted = due.saturating_duration_since(now) <= self.tolerance;
        if admitted {
            self.due = Some(due + self.interval);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_to_its_cap() {
        let limits = Limits::default();
        for (failures, ms) in [(0, 100), (1, 200), (3, 800), (5, 3_200), (6, 5_000), (31, 5_000), (99, 5_000)]
        {
            for _ in 0..100 {
                let delay = redial_delay(failures, &limits);
                let most = Duration::from_millis(ms);
                assert!(delay >= most / 2 && delay <= most, "{failures}: {delay:?}");
            }
        }
    }

    #[test]
    fn a_burst_and_then_a_rate() {
        let mut rate = RateLimit::new(10, 3);
        let start = Instant::now();
        let mut passed = Vec::new();
        for ms in [0, 1, 2, 3, 50, 100, 101, 150, 200, 5_000, 5_000, 5_000, 5_000] {
            passed.push(rate.admit(start + Duration::from_millis(ms)));
        }
        let expected = [
            true, true, true, false, false, true, false, false, true, // three, then one in 100 ms
            true, true, true, false, // a pause earns a burst, not more
        ];
        assert_eq!(passed, expected);
    }

    #[tokio::test]
    async fn names_become_addresses() {
        let addresses =
            ["/dns4/localhost/tcp/7", "/ip4/10.0.0.1/udp/9/quic-v1", "/dns4/no.such.invalid/tcp/1"];
        let resolved = resolve(addresses.map(|a| a.parse().unwrap()).to_vec()).await;
        assert_eq!(
            resolved,
            ["/ip4/127.0.0.1/tcp/7", "/ip4/10.0.0.1/udp/9/quic-v1"].map(|a| a.parse().unwrap())
        );
    }
}
