//! Carrying out what hosts want done, and what clients do.

use consensus::Message;
use ledger::event::Event;
use ledger::time::BlockTime;
use ledger::transaction::{self, Unverified};

use super::super::host::{Answer, Commit, Effect, Judged, Made, To};
use super::super::network::{Fate, Packet};
use super::super::trace::number;
use super::super::workload::{Scene, Step, Submission};
use super::{Event as Happening, World};
use crate::auditor::records;
use crate::auditor::selection::Selection;

/// Blocks between comparisons of all records.
const RECORDS_EVERY: u64 = 16;
/// The rule that ledger and auditor are of one mind.
pub const AUDITED: &str = "the ledger does what the auditor expects";

impl World {
    pub(super) fn carry_out(&mut self, node: usize, effects: Vec<Effect>) {
        if self.nodes[node].liar.is_none() {
            effects.into_iter().for_each(|effect| self.carry_out_one(node, effect));
            return;
        }
        let Some(mut liar) = self.nodes[node].liar.take() else { return };
        let host = self.nodes[node].host.take();
        let mut unused = Vec::new();
        let twisted = liar.twist(effects, host.as_ref(), &self.env(node, &mut unused));
        self.nodes[node].host = host;
        self.nodes[node].liar = Some(liar);
        for (delay, effect) in twisted {
            match delay {
                0 => self.carry_out_one(node, effect),
                _ => self.push(delay, Happening::Effect { node, effect: Box::new(effect) }),
            }
        }
    }

    pub(super) fn carry_out_one(&mut self, node: usize, effect: Effect) {
        match effect {
            Effect::Say { to, message } => self.say(node, &to, &message),
            Effect::Raw { to, bytes } => self.send_all(node, &to, &Packet::Consensus(bytes.into())),
            Effect::Gossip(bytes) => self.send_all(node, &To::All, &Packet::Gossip(bytes.into())),
            Effect::Ask { peer, number, bytes } => {
                self.send_all(node, &To::Centre(peer), &Packet::Question(number, bytes.into()));
            }
            Effect::Answer { node: to, number, bytes } => {
                self.send_all(node, &To::Nodes(vec![to]), &Packet::Answer(number, bytes.into()));
            }
            Effect::WakeAt(at) => {
                let life = self.nodes[node].life;
                self.push(at.saturating_sub(self.now), Happening::Wake { node, life });
            }
            Effect::Persisted(record) => {
                if let consensus::Record::Vote(signed) = &record
                    && self.is_honest(node)
                    && self.chain.centre_of(&signed.vote.voter) == Some(self.nodes[node].centre)
                {
                    self.checker.counted_on(signed);
                }
            }
            Effect::Judged(judged) => self.judged(node, &judged),
            Effect::Made(made) => self.made(node, &made),
            Effect::Accused { evidence, kept } => {
                self.note(Some(node), "accuses", evidence.height().get(), || evidence.accused().to_string());
                if self.is_honest(node) {
                    self.checker.accused(self.now, node, &evidence, kept);
                }
            }
            Effect::Committed(commit) => self.committed(node, &commit),
            Effect::StoodDown => self.checker.crashed(node),
            Effect::Halted(reason) => {
                self.note(Some(node), "halts", 0, || reason.clone());
                if self.is_honest(node) {
                    self.checker.fail(self.now, "honest nodes do not halt", format!("node {node}: {reason}"));
                }
            }
        }
    }

    fn say(&mut self, node: usize, to: &To, message: &Message) {
        self.watch(node, message);
        let packet = Packet::Consensus(message.encode().into());
        for other in self.addressed(node, to) {
            let passes = self.filter.as_ref().is_none_or(|filter| filter(self, node, other, message));
            if passes {
                self.send(node, other, packet.clone());
            }
        }
    }

    /// Shows the checker what an honest node says in its own name.
    fn watch(&mut self, node: usize, message: &Message) {
        let own = match message {
            Message::Vote(signed) | Message::VoteAgain(signed) => signed.vote.voter,
            Message::Proposal(signed) => signed.proposal.proposer,
            _ => return,
        };
        if self.is_honest(node)
            && self.chain.centre_of(&own) == Some(self.nodes[node].centre)
            && let Some(host) = &self.nodes[node].host
        {
            self.checker.said(self.now, message, host.validators_of(message.height()));
        }
    }

    fn send_all(&mut self, node: usize, to: &To, packet: &Packet) {
        for other in self.addressed(node, to) {
            self.send(node, other, packet.clone());
        }
    }

    fn addressed(&self, node: usize, to: &To) -> Vec<usize> {
        let own = self.nodes[node].centre;
        let all = 0..self.nodes.len();
        match to {
            To::All => all.filter(|other| self.nodes[*other].centre != own).collect(),
            To::Centre(centre) => all.filter(|other| self.nodes[*other].centre == *centre).collect(),
            To::Nodes(nodes) => nodes.clone(),
        }
    }

    fn send(&mut self, from: usize, to: usize, packet: Packet) {
        match self.network.route(from, to, &mut self.rng) {
            Fate::Cut => self.count("packets cut off"),
            Fate::Lost => self.count("packets lost"),
            Fate::Arrives(delays) => {
                if delays.len() > 1 {
                    self.count("packets repeated");
                }
                for delay in delays {
                    if delay > 1_000 {
                        self.count("packets late by seconds");
                    }
                    self.push(delay, Happening::Deliver { from, to, packet: packet.clone() });
                }
            }
        }
    }

    fn committed(&mut self, node: usize, commit: &Commit) {
        let height = commit.certificate.height;
        let id = commit.executed.id;
        self.trace.event(self.now, Some(node), "commits", [height.get(), number(id.as_bytes())], || {
            let (round, count) = (commit.certificate.round, commit.executed.transactions.len());
            format!("height {height}, round {round}, block {id}, {count} transactions")
        });
        if !self.is_honest(node) {
            return;
        }
        let first = self.checker.committed(self.now, node, commit);
        self.clients.recorded_at(node, commit.executed.transactions.iter().map(|(id, _)| *id));
        if first {
            self.follow(node, commit);
        }
    }

    /// The auditor judges a block that is new to the network, and from time to time all records that it has left.
    fn follow(&mut self, node: usize, commit: &Commit) {
        let executed = &commit.executed;
        let (height, time) = (executed.header.height.get(), executed.header.time);
        let transactions: Vec<&[u8]> =
            executed.transactions.iter().map(|(_, bytes)| bytes.as_slice()).collect();
        for recorded in &executed.events {
            match &recorded.event {
                Event::DoubleSigningRecorded { .. } => self.count("double signings on the ledger"),
                Event::MemberAdmitted { .. } | Event::MemberRemoved { .. } | Event::KeysRotated { .. } => {
                    self.count("changes of members");
                }
                _ => {}
            }
        }
        let mut agreed = self.auditor.follow(height, time, &transactions, &executed.events);
        if agreed.is_ok() && height.is_multiple_of(RECORDS_EVERY) {
            agreed = records::compare(&self.auditor, &self.nodes[node].disk.store.state);
        }
        if let Err(disagreement) = agreed {
            self.checker.fail(self.now, AUDITED, format!("node {node}: {disagreement}"));
        }
    }

    /// What an honest node says of a transaction is what the auditor would, if it has got as far.
    fn judged(&mut self, node: usize, judged: &Judged) {
        if !self.is_honest(node) || self.auditor.height() + 1 != judged.height.get() {
            return;
        }
        match self.auditor.compare_judgement(judged.time, &judged.transaction, judged.outcome) {
            Ok(()) => self.count("judgements audited"),
            Err(disagreement) => {
                self.checker.fail(self.now, AUDITED, format!("node {node} judges: {disagreement}"));
            }
        }
    }

    /// What an honest proposer took and refused is what the auditor would, if it has got as far.
    fn made(&mut self, node: usize, made: &Made) {
        if !self.is_honest(node) || self.auditor.height() + 1 != made.height.get() {
            return;
        }
        let selection = Selection { time: made.time, recorded: &made.recorded, refused: &made.refused };
        let candidates = made.candidates.iter().map(AsRef::as_ref);
        match self.auditor.compare_selection(selection, candidates) {
            Ok(refused) => *self.counts.entry("refusals audited").or_default() += refused.len() as u64,
            Err(disagreement) => {
                self.checker.fail(self.now, AUDITED, format!("node {node} proposes: {disagreement}"));
            }
        }
    }

    /// A client does something.
    pub(super) fn client(&mut self) {
        for (id, open) in self.clients.overdue(self.now) {
            self.submit(open.bytes, open.must, Some(id));
        }
        match self.next_step() {
            Some(Step::Submit(all)) => {
                all.into_iter().for_each(|Submission { bytes, must }| self.submit(bytes, must, None));
            }
            Some(Step::Leap(by)) => self.leap(by),
            Some(Step::Rest) | None => {}
        }
        let pace = self.pace_ms;
        self.push(pace, Happening::Client);
    }

    fn next_step(&mut self) -> Option<Step> {
        let mut workload = self.workload.take()?;
        let world_ms = self.chain.begins_ms() + self.now + self.leapt_ms;
        let scene = Scene {
            chain: self.chain.id(),
            auditor: &self.auditor,
            time: BlockTime::from_millis(world_ms).unwrap_or_default(),
            calm: self.healed,
            centres: &self.chain.centres,
        };
        let step = workload.next(&scene);
        self.workload = Some(workload);
        Some(step)
    }

    /// Gives a transaction to some honest node that runs.
    fn submit(&mut self, bytes: Vec<u8>, must: bool, known: Option<transaction::Id>) {
        let up = |node: &usize| self.is_honest(*node) && self.nodes[*node].host.is_some();
        let nodes: Vec<usize> = (0..self.nodes.len()).filter(up).collect();
        let Some(node) = self.rng.pick(&nodes).copied() else { return };
        let mut answer = Answer::Refused("crash");
        self.act(node, |host, env| {
            answer = host.submit(env, &bytes)?;
            Ok(())
        });
        let id = known.or_else(|| Unverified::decode(self.chain.id(), &bytes).ok().map(|one| one.id()));
        let what = match &answer {
            Answer::Waits => "transactions taken in",
            Answer::Recorded => "transactions known already",
            Answer::Refused(_) => "transactions refused",
        };
        self.count(what);
        let id_number = id.map_or(0, |id| number(id.as_bytes()));
        self.note(Some(node), "is given", id_number, || format!("a transaction: {answer:?}"));
        match (answer, id) {
            (Answer::Waits, _) => {
                let chain = self.chain.id().clone();
                self.clients.submitted(self.now, &chain, node, bytes, must);
            }
            (Answer::Recorded, Some(id)) => self.clients.acknowledged(id),
            // Who must be recorded is not put off by a node that is behind, or that crashed.
            (Answer::Refused(_), _) if must => {
                let chain = self.chain.id().clone();
                self.clients.submitted(self.now, &chain, node, bytes, must);
            }
            (Answer::Refused(_), Some(id)) => self.clients.refused(&id),
            (Answer::Recorded | Answer::Refused(_), None) => {}
        }
    }
}

/// A message in few words.
pub(super) fn describe(message: &Message) -> String {
    let place = format!("h{} r{}", message.height(), message.round());
    let id = |id: &ledger::block::Id| id.to_string().chars().take(8).collect::<String>();
    match message {
        Message::Proposal(signed) => format!("proposal {place} {}", id(&signed.proposal.block_id)),
        Message::Vote(signed) | Message::VoteAgain(signed) => {
            let again = if matches!(message, Message::VoteAgain(_)) { " again" } else { "" };
            let block = signed.vote.block_id.as_ref().map_or_else(|| "nil".to_owned(), id);
            format!("{:?}{again} {place} {block}", signed.vote.vote_type).to_lowercase()
        }
        Message::Block { block_id, body, .. } => {
            format!("block {place} {} of {} bytes", id(block_id), body.len())
        }
        Message::WantBlock { block_id, .. } => format!("wants block {place} {}", id(block_id)),
        Message::Polka(certificate) => format!("polka {place} {}", id(&certificate.block_id)),
        Message::Round(certificate) => format!("round certificate {place} {:?}", certificate.kind),
        Message::Commit(certificate) => format!("commit certificate {place} {}", id(&certificate.block_id)),
    }
}
