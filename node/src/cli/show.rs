//! `zhulian show`: look something up on the ledger.

use clap::Subcommand;
use serde_json::Value;

use super::NodesArg;
use super::client::{Client, ClientError, Nodes};
use super::events::Events;
use super::output::{Console, Exit, Failure};

/// Look something up on the ledger.
#[derive(Subcommand)]
pub(crate) enum Show {
    /// A transaction by its id 交易
    #[command(after_help = "Example 示例:\n  zhulian show transaction 64-HEX-DIGITS")]
    Transaction {
        /// Its id
        id: String,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// A block by height or id, or `latest` 区块
    #[command(after_help = "Example 示例:\n  zhulian show block latest")]
    Block {
        /// Height, id or `latest`
        block: String,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// An organisation by its credit code 主体
    #[command(after_help = "Example 示例:\n  zhulian show organisation 12440400DEM000030E")]
    Organisation {
        /// Unified social credit code
        code: String,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// A listing by its deal code 挂牌项目
    #[command(after_help = "Example 示例:\n  zhulian show listing B01-...-000001-7")]
    Listing {
        /// Deal code
        code: String,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// A letter of guarantee, GUARANTOR:NUMBER 保函
    #[command(after_help = "Example 示例:\n  zhulian show guarantee 91440300DEM00009X4:LG-1")]
    Guarantee {
        /// The letter
        id: String,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// The members of the network, now or at an earlier height 网络成员
    #[command(
        after_help = "Examples 示例:\n  zhulian show members\n  zhulian show members --height 17 --output json"
    )]
    Members {
        /// The height that they decided; the next one unless given
        #[arg(long)]
        height: Option<u64>,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// A double signing by its id, or all of them 重复签名证据
    #[command(
        after_help = "Examples 示例:\n  zhulian show evidence\n  zhulian show evidence 64-HEX-DIGITS --output json"
    )]
    Evidence {
        /// Its id; all unless given, 200 at most
        id: Option<String>,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// What has happened 事件
    Events(Events),
}

impl Show {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let one = |kind: &str, name: &str| format!("/v1/{kind}/{}", segment(name));
        let (nodes, path) = match self {
            Self::Transaction { id, nodes } => (nodes, one("transactions", &id)),
            Self::Block { block, nodes } => (nodes, one("blocks", &block)),
            Self::Organisation { code, nodes } => (nodes, one("organisations", &code)),
            Self::Listing { code, nodes } => (nodes, one("listings", &code)),
            Self::Guarantee { id, nodes } => (nodes, one("guarantees", &id)),
            Self::Members { height: Some(height), nodes } => (nodes, format!("/v1/members?height={height}")),
            Self::Members { height: None, nodes } => (nodes, "/v1/members".to_owned()),
            Self::Evidence { id: Some(id), nodes } => (nodes, one("evidence", &id)),
            Self::Evidence { id: None, nodes } => (nodes, "/v1/evidence?limit=200".to_owned()),
            Self::Events(events) => return events.run(console).await,
        };
        let path = &path;
        let record: Value = Nodes::new(&nodes.nodes)?
            .ask(|client: Client| async move { client.get(path).await as Result<Value, ClientError> })
            .await?;
        print(console, &record);
        Ok(Exit::Done)
    }
}

/// Prints a record, or the records of a page one below the other.
pub(crate) fn print(console: &Console, record: &Value) {
    match &record["data"] {
        _ if console.is_json() => console.json(record),
        Value::Array(records) => records.iter().for_each(|record| console.fields(record)),
        record => console.fields(record),
    }
}

/// A name as one segment of a path, whatever was typed.
pub(crate) fn segment(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
