//! Doing harm to the world, and undoing it.

use super::super::network::Cut;
use super::super::plan::Plan;
use super::{Event, Host, Phase, World};

impl World {
    /// Sets clocks, weather and disks as planned, and plans the rest.
    pub fn trouble(&mut self, plan: &Plan) {
        self.network.weather = plan.weather;
        for machine in &mut self.nodes {
            machine.clock = plan.clocks.get(machine.centre).copied().unwrap_or_default();
            machine.disk.habits.crash_permille = plan.crash_permille;
        }
        for (number, during) in plan.cuts.iter().enumerate() {
            self.push(during.from_ms, Event::Cut { number, cut: Some(during.what.clone()) });
            self.push(during.until_ms, Event::Cut { number, cut: None });
        }
        for kill in &plan.kills {
            let down_ms = kill.until_ms - kill.from_ms;
            self.push(kill.from_ms, Event::Kill { node: kill.what, down_ms });
        }
        for full in &plan.full_disks {
            self.push(full.from_ms, Event::Fill { node: full.what, full: true });
            self.push(full.until_ms, Event::Fill { node: full.what, full: false });
        }
        for (at, node) in &plan.damaged_logs {
            self.push(*at, Event::DamageNext { node: *node });
            // A kill in the middle of a height is what leaves frames to be damaged.
            for again in 0..6 {
                self.push(at + 40 + again * 530, Event::Kill { node: *node, down_ms: 100 });
            }
        }
    }

    /// Ends all faults: the network is whole, disks work, and who is down is switched on.
    pub fn heal(&mut self) {
        self.healed = true;
        self.network.calm();
        for node in 0..self.nodes.len() {
            let machine = &mut self.nodes[node];
            machine.disk.habits.crash_permille = 0;
            machine.disk.habits.full = false;
            machine.damage_next = false;
            if machine.on && machine.host.is_none() {
                self.boot_after(100, node);
            }
        }
        self.note(None, "heals", 0, || "no more faults from here on".to_owned());
    }

    pub(super) fn kill(&mut self, node: usize, down_ms: u64) {
        if !self.healed && self.nodes[node].host.is_some() {
            self.crashed(node, None, Some(down_ms));
        }
    }

    pub(super) fn set_cut(&mut self, number: usize, cut: Option<Cut>) {
        match cut {
            Some(cut) if !self.healed => {
                self.count(if cut.one_way { "one-way cuts" } else { "cuts" });
                self.note(None, "cuts", number as u64, || {
                    format!("{:?} off, one way: {}", cut.away, cut.one_way)
                });
                self.network.cut(number, cut);
            }
            Some(_) => {}
            None => {
                self.network.heal(number);
                self.note(None, "joins", number as u64, || "a cut heals".into());
            }
        }
    }

    pub(super) fn fill(&mut self, node: usize, full: bool) {
        if full && self.healed {
            return;
        }
        if full {
            self.count("full disks");
        }
        self.note(Some(node), "disk", u64::from(full), || if full { "full" } else { "has room" }.to_owned());
        self.nodes[node].disk.habits.full = full;
    }

    /// Whether a node runs and takes part.
    #[must_use]
    pub fn is_up(&self, node: usize) -> bool {
        self.nodes[node].host.as_ref().is_some_and(|host: &Host| *host.phase() == Phase::Running)
    }
}

/// Strings of a puppet: what a script does in the name of a node.
impl World {
    /// Another valid block that this node could propose next.
    pub fn block_by(&mut self, node: usize) -> Option<(ledger::block::Id, consensus::Body)> {
        let host = self.nodes[node].host.take()?;
        let mut unused = Vec::new();
        let made = host.another_block(&self.env(node, &mut unused)).ok();
        self.nodes[node].host = Some(host);
        made
    }

    /// Brings a message from one node to others, at once and whatever the network does.
    pub fn inject(&mut self, from: usize, to: &[usize], message: &consensus::Message) {
        for node in to {
            let packet = super::Packet::Consensus(message.encode().into());
            self.push(1, Event::Deliver { from, to: *node, packet });
        }
    }
}
