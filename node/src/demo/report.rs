//! What the demonstration ends with: what happened, and four nodes that agree.

use std::path::Path;
use std::time::Duration;

use super::network::Network;
use super::stage::Act;
use crate::api::schema::Status;
use crate::cli::output::{Console, Exit, Failure, words};
use crate::cli::status::{headings, row, short};

/// How often the nodes are asked until they stand at one height.
const TRIES: u32 = 200;

/// Where the nodes stand, once they stand at the same height, or after a while.
pub(super) async fn compare(network: &Network) -> Result<Vec<Status>, Failure> {
    let mut found = Vec::new();
    for _ in 0..TRIES {
        found.clear();
        for node in network.nodes.iter().filter(|node| node.is_up()) {
            found.push(node.client.status().await.map_err(|e| e.into_failure(node.client.url()))?);
        }
        if differences(&found).is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(found)
}

/// What is not the same at all nodes.
fn differences(nodes: &[Status]) -> Vec<&'static str> {
    type Field = fn(&Status) -> String;
    let same = |of: Field| nodes.windows(2).all(|pair| of(&pair[0]) == of(&pair[1]));
    let fields: [(&str, Field); 5] = [
        ("height", |s| s.height.to_string()),
        ("block_id", |s| s.block_id.clone()),
        ("state_root", |s| s.state_root.clone()),
        ("log_size", |s| s.log_size.to_string()),
        ("log_root", |s| s.log_root.clone()),
    ];
    fields.into_iter().filter(|(_, of)| !same(*of)).map(|(name, _)| name).collect()
}

/// Prints what happened and where the nodes stand; done only if all four are equal.
pub(super) fn print(
    console: &Console,
    network: &Network,
    acts: &[Act],
    nodes: &[Status],
    took: Duration,
) -> Exit {
    let mut different = differences(nodes);
    if nodes.len() < network.nodes.len() {
        different.push("running");
    }
    let exit = if different.is_empty() { Exit::Done } else { Exit::Failed };
    if console.is_json() {
        console.json(&serde_json::json!({
            "acts": acts, "nodes": nodes, "equal": different.is_empty(), "different": different,
            "seconds": took.as_secs_f32(),
        }));
        return exit;
    }
    print_acts(console, acts);
    let rows =
        nodes.iter().zip(&network.nodes).map(|(status, node)| row(node.client.url(), status)).collect();
    console.line(&console.table(&headings(), rows));
    console.say(&match exit {
        Exit::Done => words(
            format!(
                "All four nodes are equal: height, block, state root and log root. {:.1} s.",
                took.as_secs_f32()
            ),
            format!("四个节点完全一致：高度、区块、状态根、日志根。用时 {:.1} 秒。", took.as_secs_f32()),
        ),
        _ => words(
            format!("The nodes differ in: {}.", different.join(", ")),
            format!("节点不一致：{}。", different.join("、")),
        ),
    });
    exit
}

fn print_acts(console: &Console, acts: &[Act]) {
    let headings = [
        words("block time", "区块时间"),
        words("what", "事项"),
        words("by", "主体"),
        words("via", "经节点"),
        words("transaction", "交易"),
        words("height", "高度"),
    ];
    let rows = acts.iter().map(|act| {
        vec![
            act.time.get(..16).unwrap_or(&act.time).replace('T', " "),
            words(&act.what, &act.what_zh).pick(console.table_lang()),
            words(&act.by, &act.by_zh).pick(console.table_lang()),
            act.via.unwrap_or("-").to_owned(),
            act.transaction.as_deref().map_or_else(|| "-".into(), short),
            act.height.map_or_else(|| "-".into(), |height| height.to_string()),
        ]
    });
    console.line(&console.table(&headings, rows.collect()));
}

/// Says what to look at while the network runs on.
pub(super) fn serve(console: &Console, network: &Network, dir: &Path) {
    console.say(&words(
        "The network runs on; end it with ctrl-c. Look at:",
        "网络保持运行，ctrl-c 结束。可查看：",
    ));
    for node in &network.nodes {
        let (url, title) = (node.client.url(), node.title());
        console.line(&format!(
            "  {:<10} {url}/  {url}/v1/status  {url}/v1/listings  {url}/v1/events?format=json",
            title.en
        ));
    }
    let (url, dir) = (network.nodes[0].client.url(), dir.display());
    for path in ["openapi.json", "v1/blocks", "v1/rules", "readyz?verbose", "metrics"] {
        console.line(&format!("  {url}/{path}"));
    }
    console.line(&format!("  zhulian show events --follow --node {url}"));
    console.line(&format!("  zhulian status --node {url}"));
    console.say(&words(format!("Keys and logs are in {dir}."), format!("密钥与日志位于 {dir}。")));
}
