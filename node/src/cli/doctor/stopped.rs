//! A node that does not run: its ports, the members it would reach, and its ledger.

use std::collections::BTreeSet;
use std::io;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::Duration;

use ledger::block::{self, Block, Header};
use ledger::certificate::CommitCertificate;
use ledger::crypto::PublicKey;
use ledger::genesis::Genesis;
use ledger::id::Height;
use ledger::state::keys::{KeyHolderKey, SteppedClockKey, ValidatorsKey};
use ledger::state::{era_of, read};
use ledger::store::{Options, Snapshot, Store, StoreError};
use ledger::transaction::Unverified;
use ledger::validators::ValidatorSet;
use libp2p::Multiaddr;
use libp2p::multiaddr::Protocol;

use super::super::output::{Words, words};
use super::home::Membership;
use super::{Finding, Seen, said};
use crate::config::Config;

/// Longest wait for a peer's TCP port.
const CONNECT: Duration = Duration::from_secs(3);
/// Memory for a look at the ledger, in bytes.
const CACHE: usize = 16 << 20;

/// What the ledger on disk says.
struct Ledger {
    findings: Vec<Finding>,
    validators: ValidatorSet,
    operator: Option<String>,
}

pub(super) async fn look(
    config: &Config,
    genesis: &Genesis,
    blocks: u64,
    operator: Option<&PublicKey>,
) -> Seen {
    let mut findings = vec![Finding::skipped(
        "node",
        words(
            format!("nobody answers at {}: the node does not run", config.api.listen),
            format!("{} 无应答，节点未运行", config.api.listen),
        ),
    )];
    findings.extend(ports(config));
    let found = ledger(config, genesis, blocks, operator);
    findings.extend(found.findings);
    findings.push(reach(config, &found.validators).await);
    findings.push(Finding::skipped(
        "clock",
        words("compared with those of the other centres once the node runs", "节点运行后与其他中心比对"),
    ));
    let members = found.validators.iter().map(|member| Membership {
        organisation: member.organisation.to_string(),
        voting_key: member.public_key.to_string(),
        network_key: member.network_key.to_string(),
    });
    Seen { findings, members: Some(members.collect()), operator: Some(found.operator), status: None }
}

/// Where an address listens, and whether by UDP.
fn socket(address: &Multiaddr) -> Option<(SocketAddr, bool)> {
    let mut parts = address.iter();
    let ip = match parts.next()? {
        Protocol::Ip4(ip) => ip.into(),
        Protocol::Ip6(ip) => ip.into(),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) => Some((SocketAddr::new(ip, port), false)),
        Protocol::Udp(port) => Some((SocketAddr::new(ip, port), true)),
        _ => None,
    }
}

/// Whether the node would get the ports that it is to listen on.
fn ports(config: &Config) -> Vec<Finding> {
    let mesh = config.network.listen.iter().filter_map(socket);
    let all = std::iter::once((config.api.listen, false)).chain(mesh);
    all.map(|(address, udp)| {
        let kind = if udp { "udp" } else { "tcp" };
        let bound: io::Result<()> =
            if udp { UdpSocket::bind(address).map(drop) } else { TcpListener::bind(address).map(drop) };
        match bound {
            Ok(()) => Finding::ok(
                "port",
                words(format!("{kind} {address} can be bound"), format!("{kind} {address} 可用")),
            ),
            Err(error) => Finding::fail(
                "port",
                said(format!("{kind} {address}: {error}")),
                words(
                    "stop whatever has it (`ss -lptun`), or give the node another address",
                    "请停止占用该端口的程序（ss -lptun），或为节点更换地址",
                ),
            ),
        }
    })
    .collect()
}

/// Whether enough members can be reached to decide anything. QUIC does not answer strangers, so TCP is tried.
async fn reach(config: &Config, validators: &ValidatorSet) -> Finding {
    let (mut reached, mut silent) = (BTreeSet::new(), Vec::new());
    let members =
        config.network.peer.iter().filter(|peer| validators.iter().any(|v| v.network_key == peer.key));
    for peer in members {
        let tcp = peer.addresses.iter().filter_map(host_and_port).collect::<Vec<_>>();
        let mut answered = false;
        for (host, port) in &tcp {
            let connecting = tokio::net::TcpStream::connect((host.as_str(), *port));
            answered |= matches!(tokio::time::timeout(CONNECT, connecting).await, Ok(Ok(_)));
        }
        if answered {
            reached.insert(peer.key);
        } else {
            silent.extend(peer.addresses.iter().map(ToString::to_string));
        }
    }
    let (votes, quorum) = (reached.len() + 1, validators.quorum());
    let detail = words(
        format!(
            "{votes} of {quorum} needed votes reachable by TCP, this node's counted; silent: {}",
            list(&silent)
        ),
        format!("经 TCP 可达 {votes} 票（含本节点），须 {quorum} 票；无应答：{}", list(&silent)),
    );
    let advice = words(
        "look at the lines and firewalls to these, and whether those nodes run",
        "请检查线路与防火墙，以及对方节点是否运行",
    );
    if votes < quorum {
        // Not a fault of this node: everybody may be stopped.
        return Finding::warn("quorum", detail, advice);
    }
    if silent.is_empty() { Finding::ok("quorum", detail) } else { Finding::warn("quorum", detail, advice) }
}

fn list(addresses: &[String]) -> String {
    if addresses.is_empty() { "-".to_owned() } else { addresses.join(", ") }
}

fn host_and_port(address: &Multiaddr) -> Option<(String, u16)> {
    let mut parts = address.iter();
    let host = match parts.next()? {
        Protocol::Ip4(ip) => ip.to_string(),
        Protocol::Ip6(ip) => ip.to_string(),
        Protocol::Dns(name) | Protocol::Dns4(name) | Protocol::Dns6(name) => name.into_owned(),
        _ => return None,
    };
    match parts.next()? {
        Protocol::Tcp(port) => Some((host, port)),
        _ => None,
    }
}

/// Opens the ledger and judges what is newest of it; members are those of genesis where there is none.
fn ledger(config: &Config, genesis: &Genesis, blocks: u64, operator: Option<&PublicKey>) -> Ledger {
    let of_genesis = |findings| {
        let key = operator.copied();
        let holder =
            genesis.organisations.iter().find(|(_, keys)| key.is_some_and(|key| keys.contains(&key)));
        Ledger {
            findings,
            validators: genesis.validators.clone(),
            operator: holder.map(|(organisation, _)| organisation.code.to_string()),
        }
    };
    let path = config.node.data_dir.join("ledger");
    if !path.is_dir() {
        let detail = words("there is none yet: the first start makes one", "尚无账本，首次启动时创建");
        return of_genesis(vec![Finding::skipped("ledger", detail)]);
    }
    let options = Options {
        block_cache_bytes: CACHE,
        write_buffer_bytes: CACHE,
        node_cache_bytes: CACHE,
        ..Options::default()
    };
    match Store::open(&path, &options).and_then(|store| judge(&store, genesis, blocks, operator)) {
        Ok(found) => found,
        Err(StoreError::NotInitialised) => {
            let detail = words(
                "it has not begun: the node joins or begins it",
                "账本尚未开始，由节点启动或加入时建立",
            );
            of_genesis(vec![Finding::skipped("ledger", detail)])
        }
        Err(error) => {
            let advice = match error {
                StoreError::Locked { .. } => words(
                    "a process has it open that does not answer at the node's address; look at its log",
                    "账本被未在节点地址应答的进程占用，请查看其日志",
                ),
                _ => words(
                    "keep the directory; restore it from a copy, or move it away and let the node fetch the chain again",
                    "请保留该目录；从副本恢复，或移走后由节点重新获取",
                ),
            };
            of_genesis(vec![Finding::fail("ledger", said(error), advice)])
        }
    }
}

fn judge(
    store: &Store,
    genesis: &Genesis,
    blocks: u64,
    operator: Option<&PublicKey>,
) -> Result<Ledger, StoreError> {
    let snapshot = store.snapshot()?;
    let mut findings = vec![opened(store, &snapshot, genesis)?, last_blocks(&snapshot, genesis, blocks)];
    findings.extend(revocation_data(&snapshot));
    let damaged = |e: &dyn std::fmt::Display| {
        let advice = words(
            "move the ledger away and let the node fetch the chain again",
            "请移走账本，由节点重新获取",
        );
        Finding::fail("state", said(e), advice)
    };
    let validators = match read(&snapshot, &ValidatorsKey) {
        Ok(Some(set)) => set,
        Ok(None) => {
            findings.push(damaged(&"the state has no validator set"));
            genesis.validators.clone()
        }
        Err(error) => {
            findings.push(damaged(&error));
            genesis.validators.clone()
        }
    };
    let holder = operator.and_then(|key| read(&snapshot, &KeyHolderKey(key)).ok().flatten());
    let operator =
        holder.filter(|holder| holder.revoked.is_none()).map(|holder| holder.organisation.to_string());
    Ok(Ledger { findings, validators, operator })
}

fn opened(store: &Store, snapshot: &Snapshot<'_>, genesis: &Genesis) -> Result<Finding, StoreError> {
    let begun =
        store.genesis()?.is_some_and(|bytes| ledger::hash::sha256(&bytes) == *genesis.hash.as_bytes());
    if !begun {
        let detail = words("it began with another genesis", "账本始于另一创世文件");
        return Ok(Finding::fail("ledger", detail, words("name another data_dir", "请更换 data_dir")));
    }
    let tip = snapshot.tip();
    let (height, id) = (tip.height, hex::encode(tip.block_id));
    let short = id.get(..12).unwrap_or_default();
    Ok(Finding::ok(
        "ledger",
        words(
            format!("opens at height {height}, block {short}"),
            format!("可打开，高度 {height}，区块 {short}"),
        ),
    ))
}

/// Judges the newest blocks again: ids, order, transactions, who decided them; and the state of the last.
fn last_blocks(snapshot: &Snapshot<'_>, genesis: &Genesis, blocks: u64) -> Finding {
    let tip = snapshot.tip().height;
    let held = snapshot.history().map_or(1, |history| history.blocks_from);
    let first = tip.saturating_sub(blocks.saturating_sub(1)).max(held).max(1);
    if first > tip {
        let detail = words("no block is held yet", "尚无区块");
        return Finding::skipped("last_blocks", detail);
    }
    let mut before = None;
    for height in first..=tip {
        match judge_block(snapshot, genesis, height, before) {
            Ok(id) => before = Some(id),
            Err(reason) => {
                return Finding::fail(
                    "last_blocks",
                    words(format!("block {height} {}", reason.en), format!("区块 {height}{}", reason.zh)),
                    words(
                        "the disk has changed what was written: look at it, move the ledger away, and let the node fetch the chain again",
                        "磁盘内容已被改变：请检查磁盘，移走账本，由节点重新获取",
                    ),
                );
            }
        }
    }
    Finding::ok(
        "last_blocks",
        words(
            format!(
                "blocks {first} to {tip} follow one another, hold their transactions and are decided by the members"
            ),
            format!("区块 {first} 至 {tip} 前后相连、交易完整、由成员决定"),
        ),
    )
}

fn judge_block(
    snapshot: &Snapshot<'_>,
    genesis: &Genesis,
    height: u64,
    before: Option<block::Id>,
) -> Result<block::Id, Words> {
    let unreadable =
        |e: &dyn std::fmt::Display| words(format!("cannot be read: {e}"), format!("无法读取：{e}"));
    let parts = snapshot.block_parts(height).map_err(|e| unreadable(&e))?;
    let parts = parts.ok_or_else(|| words("is missing", "缺失"))?;
    let header = Header::decode(&parts.header).map_err(|e| unreadable(&e))?;
    let id = header.id();
    if *id.as_bytes() != parts.id || header.height.get() != height {
        return Err(words("does not have its id", "与其标识不符"));
    }
    if before.is_some_and(|before| before != header.previous) {
        return Err(words("does not follow the one before it", "与前一区块不相连"));
    }
    if Block::transaction_root(parts.transactions.iter().map(Vec::as_slice)) != header.transaction_root {
        return Err(words("does not have the transactions that its header names", "交易与区块头不符"));
    }
    for bytes in &parts.transactions {
        let transaction = Unverified::decode(&genesis.chain_id, bytes).map_err(|e| unreadable(&e))?;
        let place = snapshot.place(transaction.id().as_bytes()).map_err(|e| unreadable(&e))?;
        if place.is_none_or(|place| place.height != height) {
            return Err(words("has a transaction that is not found by its id", "有交易无法按标识找到"));
        }
    }
    let certificate = CommitCertificate::decode(&parts.certificate).map_err(|e| unreadable(&e))?;
    let era = era_of(snapshot, Height::new(height)).map_err(|e| unreadable(&e))?;
    certificate.verify(&genesis.chain_id, &era.validators).map_err(|e| unreadable(&e))?;
    let tip = snapshot.tip();
    if tip.height == height && tip.map_root != *header.state_root.as_bytes() {
        return Err(words("does not have the state root that its header names", "状态根与区块头不符"));
    }
    Ok(id)
}

/// As `/readyz` says it of a running node, but by this machine's clock where block time is real: a node that is stopped
/// has no newer block.
fn revocation_data(snapshot: &Snapshot<'_>) -> Vec<Finding> {
    let stepped = read(snapshot, &SteppedClockKey).ok().flatten().is_some();
    let header = snapshot.header(snapshot.tip().height).ok().flatten();
    let block_time =
        header.and_then(|bytes| Header::decode(&bytes).ok()).map(|header| header.time).unwrap_or_default();
    let time = if stepped { block_time } else { block_time.max(crate::host::real_time()) };
    match crate::api::revocation_data(snapshot, time, false) {
        Ok(parts) => parts.iter().map(super::running::finding).collect(),
        Err(_) => vec![Finding::warn(
            "revocation_data",
            words("the trust list could not be read", "无法读取信任列表"),
            words("look at the findings about the ledger", "请查看账本检查结果"),
        )],
    }
}
