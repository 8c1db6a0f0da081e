//! Network namespaces of one test process, by means of `ip` from iproute2.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// How every name begins; the process id and a part of its own follow.
const PREFIX: &str = "zhulian-";
/// Where `ip` keeps the names.
const NAMES: &str = "/run/netns";
/// Namespaces of ours on one machine, of all processes together.
const NAMESPACES_MAX: usize = 64;

/// A hub and one namespace per node. Dropping it removes them.
pub struct Namespaces {
    hub: String,
    nodes: Vec<String>,
}

/// The namespace in which the proxy runs.
pub struct Hub(PathBuf);

/// The address of a node.
pub(super) fn address(node: usize) -> IpAddr {
    in_subnet(node, 2)
}

/// The address of the hub on a node's side.
pub(super) fn gate(node: usize) -> IpAddr {
    in_subnet(node, 1)
}

/// No two namespaces share a network but through the hub, so the numbers need be free nowhere else.
fn in_subnet(node: usize, host: u8) -> IpAddr {
    let node = u8::try_from(node).expect("a small network");
    Ipv4Addr::new(10, 213, node, host).into()
}

impl Namespaces {
    /// Makes the namespaces and joins each node's to the hub.
    ///
    /// # Errors
    /// Why there are none.
    pub fn make(nodes: usize) -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("they need root".into());
        }
        let others = sweep();
        if others + nodes + 1 > NAMESPACES_MAX {
            return Err(format!("{others} of other test processes are there already"));
        }
        let own = std::process::id();
        let made = Self {
            hub: format!("{PREFIX}{own}-hub"),
            nodes: (0..nodes).map(|node| format!("{PREFIX}{own}-{node}")).collect(),
        };
        // Dropping it removes what was made before an error.
        made.join()?;
        Ok(made)
    }

    fn all(&self) -> impl Iterator<Item = &String> {
        self.nodes.iter().chain([&self.hub])
    }

    fn join(&self) -> Result<(), String> {
        let hub = &self.hub;
        let names: Vec<String> = self.all().map(|name| format!("netns add {name}")).collect();
        batch(None, &names)?;
        let mut in_hub = vec!["link set lo up".to_owned()];
        for (i, node) in self.nodes.iter().enumerate() {
            let (address, gate) = (address(i), gate(i));
            in_hub.push(format!("link add node{i} type veth peer name mesh netns {node}"));
            in_hub.push(format!("addr add {gate}/24 dev node{i}"));
            in_hub.push(format!("link set node{i} up"));
            batch(Some(hub), &std::mem::take(&mut in_hub))?;
            let in_node = ["link set lo up", &format!("addr add {address}/24 dev mesh"), "link set mesh up"];
            batch(Some(node), &in_node.map(str::to_owned))?;
        }
        // What cannot be entered is of no use.
        let entered = Command::new("ip").args(["netns", "exec", hub, "true"]).output();
        match entered {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// The namespace of the proxy.
    pub fn hub(&self) -> Hub {
        Hub(Path::new(NAMES).join(&self.hub))
    }

    /// What to put before a command line that is to run at a node.
    pub fn within(&self, node: usize) -> Vec<String> {
        ["ip", "netns", "exec", &self.nodes[node]].map(str::to_owned).to_vec()
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        self.all().for_each(|name| remove(name));
    }
}

impl Hub {
    /// Moves the calling thread there for the rest of its life.
    ///
    /// # Panics
    /// When that is not permitted.
    pub fn enter(self) {
        let name = File::open(&self.0).unwrap_or_else(|e| panic!("{}: {e}", self.0.display()));
        let moved = move_into_link_name_space(name.as_fd(), Some(LinkNameSpaceType::Network));
        moved.unwrap_or_else(|e| panic!("{}: {e}", self.0.display()));
    }
}

/// Runs lines of `ip`, in a namespace.
fn batch(namespace: Option<&String>, lines: &[String]) -> Result<(), String> {
    let mut command = Command::new("ip");
    if let Some(namespace) = namespace {
        command.args(["-n", namespace]);
    }
    command.args(["-batch", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("`ip` of iproute2 does not run: {e}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        // When it ends early, its own words say more.
        let _ = stdin.write_all(format!("{}\n", lines.join("\n")).as_bytes());
    }
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

/// Removes what processes have left behind that are no more, and counts what others have.
fn sweep() -> usize {
    let mut others = 0;
    for entry in fs::read_dir(NAMES).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((owner, _)) = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('-')) else {
            continue;
        };
        if owner != std::process::id().to_string() && Path::new("/proc").join(owner).exists() {
            others += 1;
        } else {
            remove(&name);
        }
    }
    others
}

fn remove(name: &str) {
    // It may never have been made.
    let _ = Command::new("ip").args(["netns", "del", name]).stderr(Stdio::null()).status();
}
