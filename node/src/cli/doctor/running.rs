//! A node that runs, asked over its interface.

use ledger::crypto::PublicKey;
use ledger::genesis::Genesis;

use super::super::client::{Client, ClientError};
use super::super::output::words;
use super::home::Membership;
use super::{Finding, Seen, said};
use crate::api::schema::{Members, OrganisationKey, ReadinessPart, Status, Version};
use crate::config::Config;

pub(super) async fn look(
    client: &Client,
    config: &Config,
    genesis: Option<&Genesis>,
    operator: Option<&PublicKey>,
) -> Seen {
    let status = client.status().await.ok();
    let mut findings = vec![identity(client, config, genesis, status.as_ref()), version(client).await];
    match client.readiness_in_parts().await {
        Ok(readiness) => findings.extend(readiness.parts.iter().map(finding)),
        Err(error) => findings.push(Finding::fail(
            "readiness",
            error.into_failure(client.url()).message,
            words("look at the node's log", "请查看节点日志"),
        )),
    }
    let members: Option<Members> = client.record("/v1/members").await.ok();
    let member = |member: crate::api::schema::Member| Membership {
        organisation: member.organisation,
        voting_key: member.voting_key,
        network_key: member.network_key,
    };
    let members = members.map(|members| members.members.into_iter().map(member).collect());
    Seen { findings, members, operator: speaks_for(client, operator).await, status }
}

/// Whether the node at this home's address is this home's node.
fn identity(client: &Client, config: &Config, genesis: Option<&Genesis>, status: Option<&Status>) -> Finding {
    let url = client.url();
    let Some(status) = status else {
        let detail = words(format!("{url} does not say where it stands"), format!("{url} 未返回状态"));
        return Finding::fail("node", detail, words("look at the node's log", "请查看节点日志"));
    };
    // A node that is joining does not name its chain yet.
    let other_chain = genesis.is_some_and(|genesis| {
        !status.chain_id.is_empty() && status.chain_id != genesis.chain_id.to_string()
    });
    if other_chain || status.node != config.node.name {
        let detail = words(
            format!("{url} is {} of chain {}, not this home's node", status.node, status.chain_id),
            format!("{url} 是链 {} 的节点 {}，并非本目录的节点", status.chain_id, status.node),
        );
        let advice = words(
            "another node has this address; give one of them another `[api] listen`",
            "地址被其他节点占用；请修改其中之一的 [api] listen",
        );
        return Finding::fail("node", detail, advice);
    }
    let name = &status.node;
    Finding::ok(
        "node",
        words(
            format!("{name} answers at {url}, height {}", status.height),
            format!("{name} 在 {url} 应答，高度 {}", status.height),
        ),
    )
}

/// Whether the program that runs is the one that is installed.
async fn version(client: &Client) -> Finding {
    let installed = env!("CARGO_PKG_VERSION");
    match client.get::<Version>("/version").await {
        Ok(running) if running.version == installed && running.block_version == ledger::block::VERSION => {
            Finding::ok("version", said(format!("{installed}, block version {}", running.block_version)))
        }
        Ok(running) => Finding::warn(
            "version",
            words(
                format!("{} is running, {installed} is installed", running.version),
                format!("运行版本 {}，已安装 {installed}", running.version),
            ),
            words("restart the node with the program that is installed", "请用已安装的版本重启节点"),
        ),
        Err(ClientError::Refused(problem)) => {
            Finding::skipped("version", words(problem.detail.clone(), problem.detail_zh.clone()))
        }
        Err(error) => Finding::skipped("version", error.into_failure(client.url()).message),
    }
}

/// A part of `/readyz`. The node says the detail in English; what it is about has a name in both languages.
pub(super) fn finding(part: &ReadinessPart) -> Finding {
    let (name, zh, advice) = known(&part.name);
    let detail = words(part.detail.clone(), format!("{zh}：{}", part.detail));
    match (part.ready, part.degraded) {
        (true, false) => Finding::ok(name, detail),
        (true, true) => Finding::warn(name, detail, advice),
        (false, _) => Finding::fail(name, detail, advice),
    }
}

fn known(name: &str) -> (&'static str, &'static str, super::Words) {
    match name {
        "consensus" => (
            "consensus",
            "共识",
            words("see the table in the README, by this sentence", "请按此提示查阅 README 的故障表"),
        ),
        "membership" => (
            "membership",
            "成员资格",
            words(
                "have the members admit this node's key (`zhulian governance offer`)",
                "请由成员接纳本节点密钥（zhulian governance offer）",
            ),
        ),
        "peers" => (
            "quorum",
            "法定人数连接",
            words(
                "look at the lines and firewalls to the other centres",
                "请检查与其他中心之间的线路与防火墙",
            ),
        ),
        "clock" => (
            "clock",
            "时钟",
            words("set this machine's clock right, for example with NTP", "请校准本机时钟，例如使用 NTP"),
        ),
        "disk" => {
            ("disk", "磁盘", words("make room; the node goes on by itself", "请释放空间，节点会自动恢复"))
        }
        "tip" => (
            "tip",
            "最新区块",
            words(
                "compare with the other centres: `zhulian status --node URL,URL`",
                "请与其他中心比较：zhulian status --node URL,URL",
            ),
        ),
        "catch_up" => (
            "catch_up",
            "追赶进度",
            words("look at the connections to the other centres", "请检查与其他中心的连接"),
        ),
        "mempool" => ("mempool", "待入块交易", words("look at consensus and peers", "请检查共识与连接")),
        "revocation_data" => (
            "revocation_data",
            "吊销数据",
            words(
                "fetch the authority's newest list and record it: `zhulian ca crl --key operator.key AUTHORITY list.crl`",
                "请获取该机构最新吊销列表并登记：zhulian ca crl --key operator.key 机构标识 list.crl",
            ),
        ),
        "snapshot" => ("snapshot", "快照加入", words("wait until it has joined", "请等待加入完成")),
        _ => ("other", "其他", words("look at the node's log", "请查看节点日志")),
    }
}

async fn speaks_for(client: &Client, key: Option<&PublicKey>) -> Option<Option<String>> {
    match client.record::<OrganisationKey>(&format!("/v1/keys/{}", key?)).await {
        Ok(held) => Some(held.revoked_at.is_none().then_some(held.organisation)),
        Err(ClientError::Refused(problem)) if problem.status == 404 => Some(None),
        Err(_) => None,
    }
}
