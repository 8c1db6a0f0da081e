//! Processes: how they start, die, refuse to start, and are brought back.

use ledger::id::Height;

use super::super::disk::Moment;
use super::super::host::{Host, Stop};
use super::super::store::Store;
use super::super::{JOINED, REPORTED, joining};
use super::{Event, World};

/// The longest time a crashed node stays down, in ms.
const DOWN_MAX_MS: u64 = 3_000;
/// How often an operator looks whether a log may be moved away, in ms.
const OPERATOR_EVERY_MS: u64 = 500;

impl World {
    /// The ledger of a node that joins by a snapshot of this one's; `None` when it has no block yet.
    pub fn joined_from(&mut self, node: usize) -> Option<Store> {
        let machine = &mut self.nodes[node];
        machine.disk.store.blocks().last()?;
        match joining::join(&self.chain, &machine.disk.store, &mut machine.rng) {
            Ok(joined) => {
                self.count("joins by a snapshot");
                *self.counts.entry("damaged pieces of snapshots refused").or_default() += joined.refused;
                Some(joined.store)
            }
            Err(detail) => {
                self.checker.fail(self.now, JOINED, format!("from node {node}: {detail}"));
                None
            }
        }
    }

    /// A machine without a ledger may begin with a snapshot of an honest node's instead of the genesis.
    fn begin(&mut self, node: usize) {
        if self.height(node) > 0 || self.nodes[node].on || !self.nodes[node].rng.permille(700) {
            return;
        }
        let others = (0..self.nodes.len()).filter(|other| *other != node && self.is_honest(*other));
        let Some(from) = others.max_by_key(|other| self.height(*other)) else { return };
        if let Some(store) = self.joined_from(from) {
            self.note(Some(node), "joins", store.tip().height.get(), || {
                format!("by a snapshot of node {from}")
            });
            self.nodes[node].disk.store = store;
        }
    }

    /// A process starts on a machine that has none.
    pub(super) fn boot(&mut self, node: usize) {
        self.begin(node);
        self.nodes[node].on = true;
        if self.nodes[node].host.is_some() || self.nodes[node].refuses.is_some() {
            return;
        }
        self.nodes[node].life += 1;
        if self.is_honest(node) {
            self.checker.stands_up(self.now, node, &self.nodes[node].disk.store);
        }
        let damaged = self.nodes[node].disk.is_damaged();
        let mut out = Vec::new();
        let started = Host::boot(&mut self.env(node, &mut out));
        self.note(Some(node), "boots", u64::from(started.is_ok()), String::new);
        match started {
            Ok(host) => {
                if damaged {
                    self.checker.fail(self.now, "a damaged log is refused", format!("node {node} starts"));
                }
                if self.is_honest(node)
                    && let Some(id) =
                        self.checker.unreported(node, &self.nodes[node].disk.store.state, u64::MAX)
                    && !host.is_to_report(&id)
                {
                    self.checker.fail(
                        self.now,
                        REPORTED,
                        format!("node {node} has forgotten {id} over a restart"),
                    );
                }
                self.nodes[node].host = Some(host);
                self.carry_out(node, out);
                let life = self.nodes[node].life;
                self.push(0, Event::Tick { node, life });
                self.connect(node);
            }
            Err(Stop::Crash(moment)) => {
                self.carry_out(node, out);
                self.crashed(node, Some(moment), None);
            }
            Err(Stop::Full) => self.push(2_000, Event::Boot { node }),
            Err(Stop::Damaged { height }) => self.refuse(node, height, damaged),
            Err(Stop::Halt(reason)) if self.is_honest(node) => {
                self.checker.fail(self.now, "honest nodes do not halt", format!("node {node}: {reason}"));
            }
            Err(Stop::Halt(_)) => {}
        }
    }

    fn refuse(&mut self, node: usize, height: Height, damaged: bool) {
        self.note(Some(node), "refuses", height.get(), || {
            format!("to start: its consensus log is damaged at height {height}")
        });
        self.count("damaged logs refused");
        if !damaged {
            self.checker.fail(self.now, "a whole log is read", format!("node {node} at height {height}"));
        }
        self.nodes[node].refuses = Some(height);
        self.push(OPERATOR_EVERY_MS, Event::Operator { node });
    }

    /// Everybody who is up notices everybody else who is.
    fn connect(&mut self, node: usize) {
        for other in 0..self.nodes.len() {
            let (mine, theirs) = (self.nodes[node].centre, self.nodes[other].centre);
            if mine != theirs && self.nodes[other].host.is_some() {
                self.act(node, |host, env| host.on_connected(env, theirs));
                self.act(other, |host, env| host.on_connected(env, mine));
            }
        }
    }

    /// The process of a node is gone; it is started again later.
    pub(super) fn crashed(&mut self, node: usize, moment: Option<Moment>, down_ms: Option<u64>) {
        self.count(crash_name(moment));
        self.note(Some(node), "crashes", 0, || {
            moment.map_or("by a kill".into(), |m| format!("{m:?} a flush"))
        });
        let machine = &mut self.nodes[node];
        machine.host = None;
        machine.life += 1;
        machine.disk.lose_unflushed();
        if machine.damage_next && machine.disk.damage_middle(&mut machine.rng) {
            machine.damage_next = false;
            self.count("logs damaged");
            self.note(Some(node), "is damaged", 0, || "a page in the middle of its consensus log".into());
        }
        self.checker.crashed(node);
        let down_ms = down_ms.unwrap_or_else(|| 10 + self.rng.below(DOWN_MAX_MS));
        self.boot_after(down_ms, node);
    }

    /// The operator of a node that refuses to start does what the refusal says: once the others have decided the
    /// height, the log is moved away and the node started.
    pub(super) fn operator(&mut self, node: usize) {
        let Some(height) = self.nodes[node].refuses else { return };
        let others = (0..self.nodes.len()).filter(|other| *other != node && self.is_honest(*other));
        let decided = others.filter(|other| self.height(*other) >= height.get()).count();
        if decided == 0 {
            self.push(OPERATOR_EVERY_MS, Event::Operator { node });
            return;
        }
        self.note(Some(node), "operator", height.get(), || {
            format!("moves the damaged log away: the others have decided height {height}")
        });
        self.count("logs moved away");
        self.nodes[node].disk.remove_log();
        self.nodes[node].refuses = None;
        self.boot_after(100, node);
    }
}

/// The name of a crash in the counts.
const fn crash_name(moment: Option<Moment>) -> &'static str {
    match moment {
        Some(Moment::Before) => "crashes before a flush",
        Some(Moment::Torn) => "crashes tearing a write",
        Some(Moment::After) => "crashes after a flush",
        None => "kills",
    }
}
