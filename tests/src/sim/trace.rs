//! What happened, as a hash always and as lines on request.

/// The record of one run.
#[derive(Debug)]
pub struct Trace {
    hash: u64,
    events: u64,
    print: bool,
}

impl Trace {
    /// An empty record; with `print`, each event is a line on the standard output.
    #[must_use]
    pub const fn new(print: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, events: 0, print }
    }

    /// Notes an event: when (virtual ms), where (a node, or `None` for the world), what, and two numbers that tell
    /// events of a kind apart. `detail` is asked for only where lines are printed.
    pub fn event(
        &mut self,
        now: u64,
        node: Option<usize>,
        what: &'static str,
        numbers: [u64; 2],
        detail: impl FnOnce() -> String,
    ) {
        self.events += 1;
        let node_number = node.map_or(u64::MAX, |node| node as u64);
        for part in [now, node_number, numbers[0], numbers[1]] {
            self.mix(&part.to_be_bytes());
        }
        self.mix(what.as_bytes());
        if self.print {
            let place = node.map_or_else(|| "world".to_owned(), |node| format!("node {node}"));
            println!("{:>6}.{:03} s  {place:<8} {what:<11} {}", now / 1_000, now % 1_000, detail());
        }
    }

    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// The hash (FNV-1a) of all events so far.
    #[must_use]
    pub const fn hash(&self) -> u64 {
        self.hash
    }

    /// How many events there were.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }
}

/// The first eight bytes of a hash as a number, for traces.
#[must_use]
pub fn number(hash: &[u8; 32]) -> u64 {
    hash.first_chunk::<8>().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
