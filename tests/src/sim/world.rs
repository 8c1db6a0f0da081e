//! The world of one run: a queue of events in virtual time, and everything that happens in it.

mod carry;
mod deliver;
mod faults;
mod life;

use std::collections::{BTreeMap, BTreeSet};

use consensus::Message;
use ledger::id::Height;
use ledger::time::Span;

pub use carry::AUDITED;

use super::adversary::{Adversary, Liar, SPEAKS_EVERY_MS};
use super::chain::Chain;
use super::checker::Checker;
use super::client::Clients;
use super::clock::Clock;
use super::disk::Disk;
use super::host::{Bent, Effect, Env, Host, LOOK_AROUND_MS, Mutation, Phase, Stop};
use super::network::{Cut, Network, Packet, Weather};
use super::random::Rng;
use super::store::Store;
use super::trace::Trace;
use super::workload::Workload;
use crate::auditor::Auditor;

/// Says of a consensus message whether it may pass from one node to another: for scripts.
pub type Filter = Box<dyn Fn(&World, usize, usize, &Message) -> bool>;

/// How often things happened, by name.
pub type Counts = BTreeMap<&'static str, u64>;

/// A machine with its disk and, when it runs, its process.
pub struct Machine {
    /// The centre whose node it is.
    pub centre: usize,
    /// Its disk.
    pub disk: Disk,
    /// Its process, if it runs.
    pub host: Option<Host>,
    /// The adversary it is, if it is one.
    pub liar: Option<Liar>,
    /// Whether its process refuses to start, and at which height its log is damaged.
    pub refuses: Option<Height>,
    bent: Bent,
    clock: Clock,
    rng: Rng,
    /// Counts its processes: events for an earlier one are void.
    life: u64,
    /// Whether it is switched on; a machine that joins late is not at first.
    on: bool,
    /// Whether its log is to be damaged at the next crash.
    damage_next: bool,
}

enum Event {
    Deliver { from: usize, to: usize, packet: Packet },
    Wake { node: usize, life: u64 },
    Tick { node: usize, life: u64 },
    Effect { node: usize, effect: Box<Effect> },
    Speak { node: usize },
    Boot { node: usize },
    Kill { node: usize, down_ms: u64 },
    Cut { number: usize, cut: Option<Cut> },
    Fill { node: usize, full: bool },
    DamageNext { node: usize },
    Operator { node: usize },
    Client,
}

/// The world.
pub struct World {
    /// Virtual milliseconds since the run began.
    pub now: u64,
    /// What all nodes share.
    pub chain: Chain,
    /// The nodes.
    pub nodes: Vec<Machine>,
    /// Judges.
    pub checker: Checker,
    /// Clients.
    pub clients: Clients,
    /// What happened.
    pub trace: Trace,
    /// How often.
    pub counts: Counts,
    /// Lets consensus messages through or not, for scripts.
    pub filter: Option<Filter>,
    /// Follows every block that the network decides, and says what each one must have been.
    pub auditor: Auditor,
    network: Network,
    rng: Rng,
    queue: BTreeMap<(u64, u64), Event>,
    counter: u64,
    workload: Option<Box<dyn Workload>>,
    pace_ms: u64,
    /// How far the world's clock has leapt, in ms.
    leapt_ms: u64,
    healed: bool,
    mutation: Option<Mutation>,
}

impl World {
    /// A world in which nothing runs yet. Machine `i` is the node of centre `i`.
    #[must_use]
    pub fn new(chain: Chain, rng: Rng, trace: Trace, mutation: Option<Mutation>) -> Self {
        let mut rng = rng;
        let genesis = Store::new(&chain.genesis);
        let machines =
            (0..chain.centres.len()).map(|centre| machine(centre, &genesis, &mut rng, mutation)).collect();
        Self {
            now: 0,
            nodes: machines,
            checker: Checker::new(chain.id().clone(), BTreeSet::new()),
            clients: Clients::default(),
            trace,
            counts: Counts::new(),
            filter: None,
            auditor: Auditor::new(&chain.genesis),
            network: Network::new(Weather::CALM),
            queue: BTreeMap::new(),
            counter: 0,
            workload: None,
            pace_ms: 100,
            leapt_ms: 0,
            healed: false,
            mutation,
            rng,
            chain,
        }
    }

    /// Makes nodes adversaries; twins get a second machine.
    pub fn corrupt(&mut self, adversaries: &[(usize, Adversary)]) {
        let mut keys = BTreeSet::new();
        for (centre, kind) in adversaries {
            *self.counts.entry(kind.name()).or_default() += 1;
            keys.insert(self.chain.centres[*centre].voting.public_key());
            if *kind == Adversary::Twins {
                let genesis = Store::new(&self.chain.genesis);
                self.nodes.push(machine(*centre, &genesis, &mut self.rng, None));
            }
        }
        self.checker = Checker::new(self.chain.id().clone(), keys);
        let count = self.nodes.len();
        for node in 0..count {
            let centre = self.nodes[node].centre;
            let Some((_, kind)) = adversaries.iter().find(|(c, _)| *c == centre) else { continue };
            let others = (0..count).filter(|other| self.nodes[*other].centre != centre).collect();
            let mut rng = self.rng.fork(900 + node as u64);
            let bent = kind.bent(&mut rng);
            let key = self.chain.centres[centre].voting.clone();
            let machine = &mut self.nodes[node];
            machine.liar = Some(Liar::new(*kind, rng, self.chain.id().clone(), key, others));
            (machine.bent, machine.disk.habits.skips_flush) = (bent, false);
            if kind.speaks_unasked() {
                self.push(SPEAKS_EVERY_MS, Event::Speak { node });
            }
        }
    }

    /// Gives the clients something to do, once every `pace_ms`.
    pub fn employ(&mut self, workload: Box<dyn Workload>, pace_ms: u64) {
        self.workload = Some(workload);
        self.pace_ms = pace_ms;
        self.push(pace_ms, Event::Client);
    }

    /// The clients submit nothing new any more.
    pub fn dismiss(&mut self) {
        self.workload = None;
    }

    /// Whether a node keeps to the rules.
    #[must_use]
    pub fn is_honest(&self, node: usize) -> bool {
        self.nodes[node].liar.is_none()
    }

    /// The height of a node's durable ledger.
    #[must_use]
    pub fn height(&self, node: usize) -> u64 {
        self.nodes[node].disk.store.tip().height.get()
    }

    /// Switches machines on.
    pub fn start(&mut self, nodes: impl IntoIterator<Item = usize>) {
        nodes.into_iter().for_each(|node| self.boot_after(0, node));
    }

    /// Switches a machine on later.
    pub fn boot_after(&mut self, delay_ms: u64, node: usize) {
        self.push(delay_ms, Event::Boot { node });
    }

    /// Runs until `done`, until nothing is left to happen, until a rule is broken, or for this long; tells whether it
    /// was done.
    pub fn run(&mut self, limit_ms: u64, done: impl Fn(&Self) -> bool) -> bool {
        let end = self.now + limit_ms;
        loop {
            if self.checker.failure().is_some() {
                return false;
            }
            if done(self) {
                return true;
            }
            match self.queue.first_key_value() {
                Some(((at, _), _)) if *at <= end => {}
                _ => {
                    self.now = end;
                    return false;
                }
            }
            let Some(((at, _), event)) = self.queue.pop_first() else { return false };
            self.now = at;
            self.step(event);
        }
    }

    fn push(&mut self, delay_ms: u64, event: Event) {
        self.counter += 1;
        self.queue.insert((self.now + delay_ms, self.counter), event);
    }

    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    fn note(
        &mut self,
        node: Option<usize>,
        what: &'static str,
        number: u64,
        detail: impl FnOnce() -> String,
    ) {
        self.trace.event(self.now, node, what, [number, 0], detail);
    }

    fn step(&mut self, event: Event) {
        match event {
            Event::Deliver { from, to, packet } => self.deliver(from, to, packet),
            Event::Wake { node, life } if self.nodes[node].life == life => {
                self.act(node, |_, _| Ok(()));
            }
            Event::Tick { node, life } if self.nodes[node].life == life => {
                self.act(node, |_, _| Ok(()));
                if self.nodes[node].host.is_some() {
                    self.push(LOOK_AROUND_MS, Event::Tick { node, life });
                }
            }
            Event::Wake { .. } | Event::Tick { .. } => {}
            Event::Effect { node, effect } => self.carry_out_one(node, *effect),
            Event::Speak { node } => self.speak(node),
            Event::Boot { node } => self.boot(node),
            Event::Kill { node, down_ms } => self.kill(node, down_ms),
            Event::Cut { number, cut } => self.set_cut(number, cut),
            Event::Fill { node, full } => self.fill(node, full),
            Event::DamageNext { node } => self.nodes[node].damage_next = !self.healed,
            Event::Operator { node } => self.operator(node),
            Event::Client => self.client(),
        }
    }

    /// Lets the process of a node do something, and does what follows from it.
    fn act(&mut self, node: usize, act: impl FnOnce(&mut Host, &mut Env<'_>) -> Result<(), Stop>) {
        let Some(mut host) = self.nodes[node].host.take() else { return };
        let mut out = Vec::new();
        let result = host.work(&mut self.env(node, &mut out), act);
        self.nodes[node].host = Some(host);
        self.carry_out(node, out);
        if let Err(Stop::Crash(moment)) = result {
            self.crashed(node, Some(moment), None);
        }
    }

    fn env<'a>(&'a mut self, node: usize, out: &'a mut Vec<Effect>) -> Env<'a> {
        let world_ms = self.chain.begins_ms() + self.now + self.leapt_ms;
        let machine = &mut self.nodes[node];
        let honest = machine.liar.is_none();
        Env {
            now: self.now,
            wall: machine.clock.reads(world_ms, self.now),
            centre: machine.centre,
            node,
            chain: &self.chain,
            disk: &mut machine.disk,
            bent: machine.bent,
            mutation: self.mutation.filter(|_| honest),
            rng: &mut machine.rng,
            out,
        }
    }

    fn speak(&mut self, node: usize) {
        if let Some(mut liar) = self.nodes[node].liar.take() {
            let host = self.nodes[node].host.take();
            let mut unused = Vec::new();
            let effects = liar.speaks(host.as_ref(), &self.env(node, &mut unused));
            self.nodes[node].host = host;
            self.nodes[node].liar = Some(liar);
            if self.nodes[node].host.is_some() {
                effects.into_iter().for_each(|effect| self.carry_out_one(node, effect));
            }
        }
        self.push(SPEAKS_EVERY_MS, Event::Speak { node });
    }

    /// Moves everybody's clock ahead.
    fn leap(&mut self, by: Span) {
        self.leapt_ms += by.as_millis();
        self.count("leaps of time");
        self.note(None, "leaps", by.as_millis(), || format!("{} s ahead", by.as_millis() / 1_000));
    }
}

fn machine(centre: usize, genesis: &Store, rng: &mut Rng, mutation: Option<Mutation>) -> Machine {
    let mut disk = Disk::new(genesis.clone());
    disk.habits.skips_flush = mutation == Some(Mutation::SkipFlush);
    Machine {
        centre,
        disk,
        host: None,
        liar: None,
        refuses: None,
        bent: Bent::default(),
        clock: Clock::default(),
        rng: rng.fork(100 + centre as u64),
        life: 0,
        on: false,
        damage_next: false,
    }
}
