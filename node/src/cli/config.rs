//! `zhulian config`: check a node's configuration, or show where each value comes from.

use clap::Subcommand;

use super::HomeArg;
use super::output::{Console, Exit, Failure, words};
use super::start::refuse_config;
use crate::config::{Config, Home, Loaded};
use crate::keys::{KeyError, is_encrypted};

/// Check or show a node's configuration.
#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Check the configuration, the keys and the genesis 检查配置、密钥与创世文件
    #[command(after_help = "Example 示例:\n  zhulian config check --home gz")]
    Check(HomeArg),
    /// Show every value in effect and what set it 显示生效的配置及来源
    #[command(after_help = "Example 示例:\n  zhulian config show --home gz")]
    Show(HomeArg),
}

impl ConfigCommand {
    pub(crate) fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::Check(home) => check(&Home::new(home.home), console),
            Self::Show(home) => show(&Home::new(home.home), console),
        }
    }
}

fn load(home: &Home) -> Result<Loaded, Failure> {
    Config::load(home, std::env::vars(), &[]).map_err(|e| refuse_config(&e))
}

fn check(home: &Home, console: &Console) -> Result<Exit, Failure> {
    let config = load(home)?.config;
    let refuse = |e: KeyError| super::key::refuse(&e);
    let opener = config.keys.opener(home).map_err(refuse)?;
    let voting = config.keys.consensus_reference(home).map_err(refuse)?;
    opener.ledger_key(&voting).map_err(refuse)?;
    let next = config.keys.next_consensus_reference(home).map_err(refuse)?;
    if next.exists() {
        opener.ledger_key(&next).map_err(refuse)?;
    }
    opener.secret(&config.keys.network_path(home)).map_err(refuse)?;
    // The centre's people may keep this one elsewhere, and under a passphrase that the node does not know.
    if home.operator_key().exists() {
        is_encrypted(&home.operator_key()).map_err(refuse)?;
    }
    let (genesis, _) = crate::genesis::load(&config)
        .map_err(|e| Failure::because(e, words("The node would not start.", "节点将无法启动。")))?;
    console.fields(&serde_json::json!({
        "config": home.config_file(),
        "node": config.node.name,
        "chain_id": genesis.chain_id.to_string(),
        "validators": genesis.validators.len(),
    }));
    Ok(Exit::Done)
}

fn show(home: &Home, console: &Console) -> Result<Exit, Failure> {
    let Loaded { config, origins } = load(home)?;
    if console.is_json() {
        let origins: std::collections::BTreeMap<_, _> =
            origins.iter().map(|(k, o)| (k, o.to_string())).collect();
        console.json(&serde_json::json!({ "config": config, "set_by": origins }));
        return Ok(Exit::Done);
    }
    let mut rows = Vec::new();
    for (section, keys) in serde_json::to_value(&config).unwrap_or_default().as_object().into_iter().flatten()
    {
        for (key, value) in keys.as_object().into_iter().flatten() {
            let path = format!("{section}.{key}");
            let origin = origins
                .get(&path)
                .map_or_else(|| words("default", "默认").pick(console.lang()), ToString::to_string);
            let value = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            rows.push(vec![path, value, origin]);
        }
    }
    console.rows(&[words("key", "项"), words("value", "值"), words("set by", "来源")], rows, &());
    Ok(Exit::Done)
}
