//! The other centres' nodes, as far as their interfaces are named: version, chain, height.

use super::super::client::Client;
use super::super::output::{Words, words};
use super::Finding;
use crate::api::schema::{Peer, Phase, Status, Version};

/// Blocks by which two nodes may differ while one asks the other.
const APART: u64 = 20;

pub(super) async fn compare(own: &Client, status: Option<&Status>, others: &[Client]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = status.map(|status| connections(&status.peers)).into_iter().collect();
    if others.is_empty() {
        findings.push(Finding::skipped(
            "peers",
            words(
                "not compared: name their HTTP addresses with --peer to compare versions and heights",
                "未比对：用 --peer 指定其他节点的 HTTP 地址以比对版本与高度",
            ),
        ));
    }
    for other in others.iter().filter(|other| other.url() != own.url()) {
        findings.push(one(status, other).await);
    }
    findings
}

fn connections(peers: &[Peer]) -> Finding {
    let missing: Vec<&str> = peers
        .iter()
        .filter(|peer| !peer.connected)
        .map(|peer| peer.organisation.as_deref().unwrap_or(&peer.public_key))
        .collect();
    let connected = peers.len() - missing.len();
    let detail = words(
        format!("{connected} of {} connected", peers.len()),
        format!("已连接 {connected}/{}", peers.len()),
    );
    if missing.is_empty() {
        return Finding::ok("connections", detail);
    }
    let missing = missing.join(", ");
    Finding::warn(
        "connections",
        words(
            format!("{}; not connected: {missing}", detail.en),
            format!("{}；未连接：{missing}", detail.zh),
        ),
        words("look at the lines to these, and whether those nodes run", "请检查线路以及对方节点是否运行"),
    )
}

async fn one(own: Option<&Status>, other: &Client) -> Finding {
    let url = other.url();
    let (version, status) = match (other.get::<Version>("/version").await, other.status().await) {
        (Ok(version), Ok(status)) => (version, status),
        (Err(error), _) | (_, Err(error)) => {
            let message = error.into_failure(url).message;
            return Finding::warn(
                "peer",
                message,
                words("ask its operator whether it runs", "请与对方运维确认是否运行"),
            );
        }
    };
    let differences = differences(own, &version, &status);
    if differences.is_empty() {
        let (name, height) = (&status.node, status.height);
        let detail = words(
            format!("{url}: {name}, version {}, height {height}", version.version),
            format!("{url}：{name}，版本 {}，高度 {height}", version.version),
        );
        return Finding::ok("peer", detail);
    }
    let join = |pick: fn(&Words) -> &String| {
        differences.iter().map(|words| pick(words).as_str()).collect::<Vec<_>>().join("; ")
    };
    Finding::warn(
        "peer",
        words(format!("{url}: {}", join(|words| &words.en)), format!("{url}：{}", join(|words| &words.zh))),
        words("settle with its operator which of the two is to change", "请与对方运维协商调整"),
    )
}

fn differences(own: Option<&Status>, version: &Version, status: &Status) -> Vec<Words> {
    let mut found = Vec::new();
    let installed = env!("CARGO_PKG_VERSION");
    if version.version != installed {
        found.push(words(
            format!("version {}, here {installed}", version.version),
            format!("版本 {}，本机 {installed}", version.version),
        ));
    }
    if version.block_version != ledger::block::VERSION {
        found.push(words(
            format!("block version {}, here {}", version.block_version, ledger::block::VERSION),
            format!("区块版本 {}，本机 {}", version.block_version, ledger::block::VERSION),
        ));
    }
    if status.phase != Phase::Running {
        found.push(words("it does not run normally", "对方未正常运行"));
    }
    let Some(own) = own else { return found };
    if own.chain_id != status.chain_id {
        found.push(words(
            format!("it keeps chain {}", status.chain_id),
            format!("对方的链为 {}", status.chain_id),
        ));
    } else if own.height.abs_diff(status.height) > APART {
        found.push(words(
            format!("height {}, here {}", status.height, own.height),
            format!("高度 {}，本机 {}", status.height, own.height),
        ));
    }
    found
}
