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
    /// What has happened 事件
    Events(Events),
}

impl Show {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let (nodes, kind, name) = match self {
            Self::Transaction { id, nodes } => (nodes, "transactions", id),
            Self::Block { block, nodes } => (nodes, "blocks", block),
            Self::Organisation { code, nodes } => (nodes, "organisations", code),
            Self::Listing { code, nodes } => (nodes, "listings", code),
            Self::Guarantee { id, nodes } => (nodes, "guarantees", id),
            Self::Events(events) => return events.run(console).await,
        };
        let path = format!("/v1/{kind}/{}", segment(&name));
        let path = &path;
        let record: Value = Nodes::new(&nodes.nodes)?
            .ask(|client: Client| async move { client.get(path).await as Result<Value, ClientError> })
            .await?;
        if console.is_json() {
            console.json(&record);
        } else {
            console.fields(&record["data"]);
        }
        Ok(Exit::Done)
    }
}

/// A name as one segment of a path, whatever was typed.
pub(crate) fn segment(name: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':');
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
