//! `zhulian governance`: propose, approve and look up changes of membership, keys and rules.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use consensus::Signer;
use ledger::governance::{possession_bytes, proves_possession};
use ledger::id::{ChainId, CreditCode};
use ledger::validators::Validator;
use serde_json::Value;

use super::client::{Client, ClientError, Nodes};
use super::open::OpenArgs;
use super::output::{Console, Exit, Failure, words};
use super::show::segment;
use super::sign::SignArgs;
use super::{HomeArg, NodesArg};
use crate::api::schema::{Action, ApproveChange, Change, Member, ProposeChange};
use crate::config::Home;
use crate::keys::KeyError;

/// Propose, approve and look up changes of membership, keys and rules.
#[derive(Subcommand)]
pub(crate) enum Governance {
    /// Print the change that a node's home asks for, with its proof of possession 生成变更文件
    #[command(
        after_help = "Examples 示例:\n  zhulian governance offer --home zhulian-home --organisation 12440500DEM000050G > admit.json\n  \
        zhulian governance offer --home zhulian-home --organisation 12440300DEM000022E --rotate > rotate.json\n\n\
        A rotation is to the keys consensus-next.key and network-next.key of the home; make them with `zhulian key new`.\n\
        Whichever is not there stays as it is."
    )]
    Offer(Offer),
    /// Propose a change from a TOML or JSON file, approving it by that 提议变更
    #[command(after_help = "Examples 示例:\n  zhulian governance propose --key operator.key admit.json\n  \
        echo '{\"kind\":\"remove_member\",\"organisation\":\"12442000DEM000049F\",\"reason\":{\"kind\":\"left\"}}' | \
        zhulian governance propose --key operator.key -\n\n\
        Kinds: register_centre, admit_member, remove_member, rotate_keys, adopt_rules, and of `zhulian ca`.")]
    Propose {
        #[command(flatten)]
        sign: SignArgs,
        /// The file with the change; `-` reads standard input 变更文件
        file: PathBuf,
    },
    /// Approve a proposed change 批准变更
    #[command(after_help = "Example 示例:\n  zhulian governance approve --key operator.key 64-HEX-DIGITS")]
    Approve {
        #[command(flatten)]
        sign: SignArgs,
        /// Id of the change
        id: String,
    },
    /// Show a proposed change 查看变更
    #[command(after_help = "Example 示例:\n  zhulian governance show 64-HEX-DIGITS --output json")]
    Show {
        /// Id of the change
        id: String,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// List proposed changes 列出变更
    #[command(after_help = "Example 示例:\n  zhulian governance list --status open --output json")]
    List {
        /// Only those that stand so
        #[arg(long, value_parser = ["open", "adopted", "expired"])]
        status: Option<String>,
        #[command(flatten)]
        nodes: NodesArg,
    },
}

/// Which home, and for whom.
#[derive(Args)]
pub(crate) struct Offer {
    #[command(flatten)]
    home: HomeArg,
    /// Unified social credit code of the centre 统一社会信用代码
    #[arg(long, value_name = "CODE")]
    organisation: CreditCode,
    #[command(flatten)]
    open: OpenArgs,
    /// Offer the next keys of the home in place of the present ones 轮换密钥
    #[arg(long)]
    rotate: bool,
    #[command(flatten)]
    nodes: NodesArg,
}

impl Governance {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::Offer(offer) => offer.run(console).await,
            Self::Propose { sign, file } => {
                let change: Change = super::submit::read(&file)?;
                sign.submit(vec![Action::ProposeChange(ProposeChange { change })], console).await
            }
            Self::Approve { sign, id } => {
                sign.submit(vec![Action::ApproveChange(ApproveChange { change: id })], console).await
            }
            Self::Show { id, nodes } => {
                let record = get(&nodes, format!("/v1/governance/changes/{}", segment(&id))).await?;
                super::show::print(console, &record);
                Ok(Exit::Done)
            }
            Self::List { status, nodes } => list(console, &nodes, status.as_deref()).await,
        }
    }
}

pub(crate) async fn get(nodes: &NodesArg, path: String) -> Result<Value, Failure> {
    let path = &path;
    Nodes::new(&nodes.nodes)?
        .ask(|client: Client| async move { client.get(path).await as Result<Value, ClientError> })
        .await
}

/// Follows the pages of a list to the end; `filter` begins with `&` unless it is empty.
pub(crate) async fn get_all(nodes: &NodesArg, path: &str, filter: &str) -> Result<Vec<Value>, Failure> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut page = get(nodes, format!("{path}?limit=200{filter}{cursor}")).await?;
        if let Value::Array(data) = page["data"].take() {
            all.extend(data);
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={}", segment(next)),
            None => return Ok(all),
        }
    }
}

async fn list(console: &Console, nodes: &NodesArg, status: Option<&str>) -> Result<Exit, Failure> {
    let filter = status.map(|status| format!("&status={status}")).unwrap_or_default();
    let changes = get_all(nodes, "/v1/governance/changes", &filter).await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |change: &Value| {
        let approvals = change["approvals"].as_array().map_or(0, Vec::len).to_string();
        vec![
            text(&change["id"]),
            text(&change["change"]["kind"]),
            text(&change["status"]["name"]),
            approvals,
            text(&change["proposer"]),
            text(&change["expires_at"]),
        ]
    };
    let headings = [
        words("change", "变更"),
        words("kind", "类型"),
        words("status", "状态"),
        words("approvals", "批准数"),
        words("proposed by", "提议方"),
        words("expires", "有效期至"),
    ];
    console.rows(&headings, changes.iter().map(row).collect(), &changes);
    Ok(Exit::Done)
}

impl Offer {
    async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let (chain, _) = Nodes::new(&self.nodes.nodes)?.chain().await?;
        let home = Home::new(&self.home.home);
        let (keys, opener) = self.open.of_home(&home)?;
        let refuse = |e: KeyError| super::key::refuse(&e);
        let next = keys.next_consensus_reference(&home).map_err(refuse)?;
        let voting = match self.rotate && next.exists() {
            true => next,
            false => keys.consensus_reference(&home).map_err(refuse)?,
        };
        let voting = opener.ledger_key(&voting).map_err(refuse)?;
        let next = home.next_network_key();
        let network = if self.rotate && next.exists() { next } else { keys.network_path(&home) };
        let network = opener.secret(&network).map_err(refuse)?;
        let validator = Validator {
            public_key: voting.public_key(),
            network_key: network.public_key(),
            organisation: self.organisation,
        };
        let change = offer(&chain, &voting, validator, self.rotate)?;
        // A file that `propose` reads, whatever form other answers have.
        console.json(&change);
        Ok(Exit::Done)
    }
}

/// The change with the proof that whoever offers it holds the voting key.
pub(crate) fn offer(
    chain: &ChainId,
    voting: &dyn Signer,
    validator: Validator,
    rotate: bool,
) -> Result<Change, Failure> {
    let proof = voting
        .sign(&possession_bytes(chain, &validator))
        .map_err(|e| Failure::because(e, words("Nothing was offered.", "未生成变更。")))?;
    if !proves_possession(chain, &validator, &proof) {
        return Err(Failure::failed(words(
            "The proof of possession does not verify; the voting key is not of this home.",
            "占有证明无法通过验证，投票密钥与节点目录不符。",
        )));
    }
    let (member, proof) = (Member::from(validator), hex::encode(proof.as_bytes()));
    Ok(if rotate { Change::RotateKeys { member, proof } } else { Change::AdmitMember { member, proof } })
}
