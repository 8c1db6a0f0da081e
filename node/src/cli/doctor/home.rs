//! The home: configuration, genesis, key files.

use std::path::PathBuf;

use ledger::crypto::PublicKey;
use ledger::genesis::Genesis;

use super::super::output::words;
use super::{Finding, Seen, said};
use crate::config::{self, Config, Home};
use crate::keys::{KeyError, Opener, SecretSource};

/// Whether the configuration is understood.
pub(super) fn configuration(home: &Home) -> (Vec<Finding>, Option<Config>) {
    let path = home.config_file().display().to_string();
    match Config::load(home, std::env::vars(), &[]) {
        Ok(loaded) => {
            let detail = words(format!("{path} is understood"), format!("{path} 有效"));
            (vec![Finding::ok("configuration", detail)], Some(loaded.config))
        }
        Err(error) => {
            let advice = words(
                "correct it; `zhulian init` makes a commented one, `zhulian config check` checks it",
                "请修改；zhulian init 可生成带注释的配置，zhulian config check 可检查",
            );
            (vec![Finding::fail("configuration", said(error), advice)], None)
        }
    }
}

/// Whether the genesis is the one agreed on, with everybody's sign-off.
pub(super) fn genesis(config: &Config) -> (Finding, Option<Genesis>) {
    match crate::genesis::load(config) {
        Ok((genesis, _)) => {
            let chain = &genesis.chain_id;
            let detail = words(
                format!("chain {chain}, signed off by all centres"),
                format!("链 {chain}，已由全部中心签署"),
            );
            (Finding::ok("genesis", detail), Some(genesis))
        }
        Err(error) => {
            let advice = words(
                "the node does not start with it; compare `zhulian genesis hash` with the other members",
                "节点无法以此启动；请与其他成员核对 zhulian genesis hash",
            );
            (Finding::fail("genesis", said(error), advice), None)
        }
    }
}

/// Whether the node has kept a proof that the chain is forked: then nothing else matters.
pub(super) fn fork(config: &Config) -> Option<Finding> {
    let found = std::fs::read_dir(&config.node.data_dir).ok()?.filter_map(Result::ok).find(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.starts_with("fork-at-") && name.ends_with(".cbor"))
    })?;
    let path = found.path().display().to_string();
    Some(Finding::fail(
        "fork",
        words(
            format!("{path} proves that two blocks are decided at one height"),
            format!("{path} 证明同一高度有两个已决定的区块"),
        ),
        words(
            "keep it, stop trading, and settle with the other members which chain goes on",
            "请保留该文件、停止交易，并与其他成员商定以哪条链为准",
        ),
    ))
}

/// One member, by its keys.
pub(super) struct Membership {
    pub(super) organisation: String,
    pub(super) voting_key: String,
    pub(super) network_key: String,
}

/// The key files of a home, as far as they can be read.
pub(super) struct Keys {
    consensus: (PathBuf, Result<PublicKey, KeyError>),
    network: (PathBuf, Result<PublicKey, KeyError>),
    operator: (PathBuf, Result<PublicKey, KeyError>),
}

impl Keys {
    pub(super) fn read(home: &Home) -> Self {
        let keys = config::Keys::of_home(home, std::env::vars()).unwrap_or_default();
        let prompt = |_| Opener::new(SecretSource::Prompt, SecretSource::Prompt, None);
        let opener = keys.opener(home).unwrap_or_else(prompt);
        let file = |path: PathBuf| {
            let key = opener.secret(&path).map(|secret| secret.public_key());
            (path, key)
        };
        let voting = keys.consensus_reference(home).and_then(|reference| opener.ledger_key(&reference));
        Self {
            // A key on a token is shown by its URI.
            consensus: (home.root().join(&keys.consensus), voting.map(|key| key.public_key())),
            network: file(keys.network_path(home)),
            operator: file(home.operator_key()),
        }
    }

    /// Whether each file is there, closed to others, and its key what the ledger expects of this home.
    pub(super) fn findings(&self, seen: &Seen) -> Vec<Finding> {
        let mut findings = Vec::new();
        let own = self.consensus.1.as_ref().ok().and_then(|key| {
            let key = key.to_string();
            seen.members.as_ref()?.iter().find(|member| member.voting_key == key)
        });
        findings.push(match (&self.consensus, &seen.members, own) {
            ((path, Err(error)), ..) => unreadable("consensus_key", path, error),
            ((_, Ok(key)), None, _) => readable("consensus_key", key),
            ((_, Ok(key)), Some(_), Some(member)) => Finding::ok(
                "consensus_key",
                words(
                    format!("{key} votes for {}", member.organisation),
                    format!("{key} 为 {} 投票", member.organisation),
                ),
            ),
            ((_, Ok(key)), Some(_), None) => Finding::warn(
                "consensus_key",
                words(
                    format!("{key} is no member's: the node follows the chain and does not vote"),
                    format!("{key} 不属于任何成员，节点只同步不投票"),
                ),
                words(
                    "put the member's key file in place, or have the members admit this one (`zhulian governance offer`)",
                    "请放回成员密钥文件，或由成员通过治理接纳该密钥（zhulian governance offer）",
                ),
            ),
        });
        findings.push(match (&self.network, own) {
            ((path, Err(error)), _) => unreadable("network_key", path, error),
            ((_, Ok(key)), Some(member)) if member.network_key != key.to_string() => Finding::warn(
                "network_key",
                words(
                    format!("{key} is not the one that the ledger names, {}", member.network_key),
                    format!("{key} 与账本登记的 {} 不符", member.network_key),
                ),
                words(
                    "the other members may refuse the connection; put the right file in place, or have the rotation approved",
                    "其他成员可能拒绝连接；请放回正确文件或完成轮换审批",
                ),
            ),
            ((_, Ok(key)), _) => readable("network_key", key),
        });
        findings.push(self.operator(seen));
        findings
    }

    /// The centre's own key, if it is in this home.
    pub(super) fn operator_key(&self) -> Option<PublicKey> {
        self.operator.1.as_ref().ok().copied()
    }

    /// Whether the centre's own key speaks for the centre that this home votes for.
    fn operator(&self, seen: &Seen) -> Finding {
        let (path, key) = &self.operator;
        let key = match key {
            Ok(key) => key,
            // A node runs without it: centres may keep it elsewhere.
            Err(KeyError::Io { reason, .. }) if reason.kind() == std::io::ErrorKind::NotFound => {
                return Finding::skipped(
                    "operator_key",
                    words("not in this home; the node does not need it", "不在本目录；节点运行不需要"),
                );
            }
            Err(error) => return unreadable("operator_key", path, error),
        };
        match &seen.operator {
            Some(Some(code)) => Finding::ok(
                "operator_key",
                words(format!("{key} speaks for {code}"), format!("{key} 代表 {code}")),
            ),
            Some(None) => Finding::warn(
                "operator_key",
                words(
                    format!("{key} speaks for no organisation on the ledger"),
                    format!("{key} 在账本上不代表任何主体"),
                ),
                words(
                    "acts signed with it are refused; put the centre's key file in place",
                    "用其签署的操作将被拒绝；请放回中心的密钥文件",
                ),
            ),
            None => readable("operator_key", key),
        }
    }
}

fn readable(name: &'static str, key: &PublicKey) -> Finding {
    Finding::ok(name, words(format!("{key}, closed to others"), format!("{key}，权限正确")))
}

fn unreadable(name: &'static str, path: &std::path::Path, error: &KeyError) -> Finding {
    let advice = match error {
        KeyError::Exposed { .. } => words(
            format!("run `chmod 600 {}`, and replace the key if anybody may have read it", path.display()),
            format!("请执行 chmod 600 {}；如可能泄露请更换密钥", path.display()),
        ),
        _ => words(
            "the node does not start without it; restore it from your backup, or make another and have it approved",
            "缺少该密钥节点无法启动；请从备份恢复，或新建密钥并经审批",
        ),
    };
    Finding::fail(name, said(error), advice)
}
