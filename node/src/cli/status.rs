//! `zhulian status`: where nodes stand, side by side.

use clap::Args;

use super::NodesArg;
use super::client::Nodes;
use super::output::{Console, Exit, Failure, Words, words};
use crate::api::schema::{Clock, Phase, Status as NodeStatus};

/// Say where nodes stand.
#[derive(Args)]
#[command(
    after_help = "Example 示例:\n  zhulian status --node http://127.0.0.1:8101,http://127.0.0.1:8102\n\n\
    Ends with 1 when a node does not answer, with 2 when one is not running normally."
)]
pub(crate) struct Status {
    #[command(flatten)]
    nodes: NodesArg,
}

impl Status {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let nodes = Nodes::new(&self.nodes.nodes)?;
        let (mut found, mut exit) = (Vec::new(), Exit::Done);
        for client in nodes.all() {
            match client.status().await {
                Ok(status) => {
                    if status.phase != Phase::Running && exit == Exit::Done {
                        exit = Exit::Incomplete;
                    }
                    found.push((client.url().to_owned(), status));
                }
                Err(error) => {
                    console.failure(&error.into_failure(client.url()));
                    exit = Exit::Failed;
                }
            }
        }
        let rows = found.iter().map(|(url, status)| row(url, status)).collect();
        let all: Vec<&NodeStatus> = found.iter().map(|(_, status)| status).collect();
        console.rows(&headings(), rows, &all);
        if let Some(Clock::Stepped { reads, note, note_zh, .. }) = all.first().map(|status| &status.clock) {
            console.say(&words(format!("{note} It reads {reads}."), format!("{note_zh}时钟读数 {reads}。")));
        }
        Ok(exit)
    }
}

/// The headings of [`row`].
pub(crate) fn headings() -> Vec<Words> {
    [
        ("node", "节点"),
        ("height", "高度"),
        ("block", "区块"),
        ("state root", "状态根"),
        ("log root", "日志根"),
        ("peers", "连接"),
        ("phase", "状态"),
        ("URL", "地址"),
    ]
    .into_iter()
    .map(|(en, zh)| words(en, zh))
    .collect()
}

/// One node in a table.
pub(crate) fn row(url: &str, status: &NodeStatus) -> Vec<String> {
    let connected = status.peers.iter().filter(|peer| peer.connected).count();
    vec![
        status.node.clone(),
        status.height.to_string(),
        short(&status.block_id),
        short(&status.state_root),
        short(&status.log_root),
        format!("{connected}/{}", status.peers.len()),
        held(status),
        url.to_owned(),
    ]
}

/// What the node is doing, and what it lacks.
fn held(status: &NodeStatus) -> String {
    let mut text = phase(&status.phase);
    if !status.member {
        text.push_str(", no member");
    }
    if status.catch_up.as_ref().is_some_and(|behind| behind.stalled) {
        text.push_str(", stalled");
    }
    if status.blocks_from > 1 {
        text.push_str(&format!(", blocks from {}", status.blocks_from));
    }
    text
}

fn phase(phase: &Phase) -> String {
    match phase {
        Phase::Running => "running".into(),
        Phase::Joining { step, target: 0, .. } => format!("joining: {step}"),
        Phase::Joining { step, target, done, total } => {
            format!("joining at {target}: {step}, {done} of {total}")
        }
        Phase::CatchingUp { target } => format!("catching up to {target}"),
        Phase::DiskFull => "disk full".into(),
        Phase::Halted { reason } => format!("halted: {reason}"),
        Phase::Stopping => "stopping".into(),
    }
}

/// The first digits of a hash, for tables.
pub(crate) fn short(hash: &str) -> String {
    hash.chars().take(12).collect()
}
