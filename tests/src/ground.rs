//! Where the nodes of a linked network stand: each in a network namespace of its own, or all on loopback.
//!
//! With namespaces every node has one interface, a veth pair whose other end is in a hub namespace. Nothing is
//! forwarded there, so the only way to another node is the proxy in the hub. Where namespaces are not permitted,
//! all stand on loopback and are told of the proxy's addresses only.

mod namespace;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub use namespace::{Hub, Namespaces};

use crate::homes::{Ports, free_ports};

/// Ports of a node that has an address of its own.
const OWN: Ports = Ports { http: 8_100, mesh: 8_000 };

/// Where one node stands.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Where it listens for the other nodes, over UDP and TCP.
    pub mesh: SocketAddr,
    /// Where it listens for clients.
    pub http: SocketAddr,
    /// Where it finds the proxy.
    pub gate: IpAddr,
}

/// Where all nodes of a network stand.
pub struct Ground {
    nodes: Vec<Place>,
    namespaces: Option<Namespaces>,
}

impl Ground {
    /// Namespaces where they are permitted, loopback elsewhere; says which and why.
    pub fn make(nodes: usize) -> Self {
        match Namespaces::make(nodes) {
            Ok(namespaces) => {
                println!("nodes in network namespaces of their own, joined by a proxy in a hub");
                let places = (0..nodes).map(|i| Place::at(namespace::address(i), OWN, namespace::gate(i)));
                Self { nodes: places.collect(), namespaces: Some(namespaces) }
            }
            Err(reason) => {
                println!("nodes on loopback, joined by a proxy; no network namespaces here: {reason}");
                Self::loopback(nodes)
            }
        }
    }

    /// All on loopback.
    pub fn loopback(nodes: usize) -> Self {
        let own = Ipv4Addr::LOCALHOST.into();
        Self { nodes: (0..nodes).map(|_| Place::at(own, free_ports(), own)).collect(), namespaces: None }
    }

    /// Where each node stands.
    pub fn nodes(&self) -> &[Place] {
        &self.nodes
    }

    /// Where the proxy is to run, if not here.
    pub fn hub(&self) -> Option<Hub> {
        self.namespaces.as_ref().map(Namespaces::hub)
    }

    /// What to put before a node's command line.
    pub fn within(&self, node: usize) -> Vec<String> {
        self.namespaces.as_ref().map_or_else(Vec::new, |namespaces| namespaces.within(node))
    }
}

impl Place {
    fn at(ip: IpAddr, ports: Ports, gate: IpAddr) -> Self {
        Self { mesh: (ip, ports.mesh).into(), http: (ip, ports.http).into(), gate }
    }
}
