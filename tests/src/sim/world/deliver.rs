//! What reaches a node.

use std::sync::Arc;

use consensus::Message;
use ledger::id::Height;

use super::super::host::Phase;
use super::super::network::Packet;
use super::{World, carry};

impl World {
    pub(super) fn deliver(&mut self, from: usize, to: usize, packet: Packet) {
        if self.nodes[to].host.is_none() {
            return;
        }
        if let Some(liar) = &mut self.nodes[to].liar {
            liar.hears(&packet);
        }
        let peer = self.nodes[from].centre;
        match packet {
            Packet::Consensus(bytes) => self.deliver_message(from, to, &bytes),
            Packet::Gossip(bytes) => match node::wire::read_gossip(&bytes) {
                Ok(transactions) => self.act(to, |host, env| host.on_gossip(env, &transactions)),
                Err(_) => self.count("unreadable packets"),
            },
            Packet::Question(number, bytes) => {
                self.act(to, |host, env| host.on_question(env, from, number, &bytes));
            }
            Packet::Answer(number, bytes) => {
                self.act(to, |host, env| host.on_answer(env, peer, number, &bytes));
            }
        }
    }

    fn deliver_message(&mut self, from: usize, to: usize, bytes: &Arc<[u8]>) {
        let Ok(message) = Message::decode(bytes) else {
            self.count("unreadable packets");
            return;
        };
        let peer = self.nodes[from].centre;
        self.trace.event(
            self.now,
            Some(to),
            "hears",
            [from as u64, message.height().get() << 32 | u64::from(message.round())],
            || format!("node {from}: {}", carry::describe(&message)),
        );
        let message = match self.mutation {
            Some(mutation) if mutation.trusts(&message) && self.is_honest(to) => {
                self.chain.as_if_signed(message)
            }
            _ => message,
        };
        let heard = match &message {
            Message::Vote(signed) | Message::VoteAgain(signed)
                if self.is_honest(to) && self.listens(to, peer, signed.vote.height) =>
            {
                Some(signed.clone())
            }
            _ => None,
        };
        self.act(to, |host, env| host.on_message(env, peer, message));
        // What it was told in the moment in which it went down it need not know.
        if let Some(signed) = heard
            && self.listens(to, peer, signed.vote.height)
        {
            self.checker.heard(self.now, to, &signed);
        }
    }

    /// Whether a node is deciding this height, or has decided it since its process began and lately, and takes messages of
    /// this peer.
    fn listens(&self, node: usize, peer: usize, height: Height) -> bool {
        let network = self.chain.centres[peer].network;
        self.nodes[node].host.as_ref().is_some_and(|host| {
            let running = matches!(host.phase(), Phase::Running | Phase::CatchingUp(_));
            running
                && (host.current() == Some(height) || host.remembers(height))
                && host.validators().iter().any(|v| v.network_key == network)
        })
    }
}
