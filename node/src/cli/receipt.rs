//! `zhulian receipt` and `zhulian verify`: proofs that a transaction is on the ledger, fetched from a node and verified
//! without one.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ledger::checkpoint::{CheckpointError, MAX_RECEIPT_BYTES, Policy, Receipt as LedgerReceipt, Verified};
use ledger::transaction::Unverified;
use serde::Serialize;
use tokio::time::{Duration, Instant, sleep};

use super::NodesArg;
use super::client::{Client, ClientError, Nodes};
use super::output::{Console, Exit, Failure, words};
use super::show::segment;

/// Between two looks for a checkpoint that is not final yet.
const PAUSE: Duration = Duration::from_millis(200);

/// Fetch what a stranger needs to verify that a transaction is on the ledger.
#[derive(Subcommand)]
pub(crate) enum Receipt {
    /// The receipt of a transaction, as a file 取得交易回执
    #[command(
        after_help = "Example 示例:\n  zhulian receipt get 64-HEX-DIGITS --out contract.tlog-proof\n\n\
        The file is a C2SP tlog-proof. It holds the transaction itself, so it needs nothing else but a policy.\n\
        回执文件采用 C2SP tlog-proof 格式，内含交易原文，配合策略文件即可离线验证。"
    )]
    Get {
        /// Its id
        id: String,
        /// Where to write it; to standard output unless given 输出文件
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Longest wait for enough centres to have signed, in seconds 最长等待秒数
        #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(0..=60))]
        timeout: u64,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// Whose signatures make a receipt good 取得验证策略
    #[command(
        after_help = "Example 示例:\n  zhulian receipt policy --node http://127.0.0.1:8101,http://127.0.0.1:8102 --out network.policy\n\n\
        Every node named must give the same policy. Keep the file: with another one a forger could make up a network.\n\
        所列各节点须给出相同的策略，请妥善保存该文件。"
    )]
    Policy {
        /// Where to write it; to standard output unless given 输出文件
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        nodes: NodesArg,
    },
}

/// Verify a receipt without any node. 离线验证回执
#[derive(Args)]
#[command(after_help = "Example 示例:\n  zhulian verify contract.tlog-proof --policy network.policy\n\n\
    Exit codes 退出码: 0 it holds 验证通过, 1 it does not 验证失败, 2 something is missing 材料不全, 3 usage 用法错误")]
pub(crate) struct Verify {
    /// The receipt 回执文件
    file: PathBuf,
    /// The policy, from a source that you trust 策略文件
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The transaction, if the receipt does not hold it 交易原文
    #[arg(long, value_name = "FILE")]
    transaction: Option<PathBuf>,
}

impl Receipt {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::Get { id, out, timeout, nodes } => {
                let text = fetch(&Nodes::new(&nodes.nodes)?, &id, Duration::from_secs(timeout)).await?;
                LedgerReceipt::parse(&text).map_err(|e| strange(&e))?;
                put(console, out.as_deref(), &text)
            }
            Self::Policy { out, nodes } => {
                let text = policy(&Nodes::new(&nodes.nodes)?).await?;
                put(console, out.as_deref(), &text)
            }
        }
    }
}

/// Fetches a receipt, and waits while too few centres have signed.
pub(crate) async fn fetch(nodes: &Nodes, id: &str, wait: Duration) -> Result<String, Failure> {
    let path = &format!("/v1/transactions/{}/receipt", segment(id));
    let until = Instant::now() + wait;
    loop {
        let asked = nodes.ask(|client: Client| async move { client.text(path).await }).await;
        match asked {
            Err(failure) if failure.code.as_deref() == Some("not_final_yet") => {
                if Instant::now() >= until {
                    return Err(Failure { exit: Exit::Incomplete, ..failure });
                }
                sleep(PAUSE).await;
            }
            answer => return answer,
        }
    }
}

/// The policy that all nodes agree on.
pub(crate) async fn policy(nodes: &Nodes) -> Result<String, Failure> {
    let mut agreed: Option<(String, String)> = None;
    for client in nodes.all() {
        let text = client.text("/v1/policy").await.map_err(|e: ClientError| e.into_failure(client.url()))?;
        Policy::parse(&text).map_err(|e| strange(&e))?;
        match &agreed {
            Some((first, policy)) if *policy != text => {
                return Err(Failure::failed(words(
                    format!(
                        "{first} and {} name different policies. One of them may be behind, or lie: compare with the genesis \
                         and the members of the network.",
                        client.url()
                    ),
                    format!(
                        "{first} 与 {} 给出的策略不同，其中之一可能落后或不实，请与创世文件及网络成员核对。",
                        client.url()
                    ),
                )));
            }
            Some(_) => {}
            None => agreed = Some((client.url().to_owned(), text)),
        }
    }
    let none = || Failure::usage(words("Give at least one --node.", "请至少指定一个 --node。"));
    agreed.map(|(_, text)| text).ok_or_else(none)
}

fn strange(error: &CheckpointError) -> Failure {
    Failure::because(
        error,
        words("The node's answer is not usable; ask another node.", "节点的答复不可用，请改用其他节点。"),
    )
}

fn put(console: &Console, out: Option<&Path>, text: &str) -> Result<Exit, Failure> {
    let Some(path) = out else {
        console.line(text.trim_end_matches('\n'));
        return Ok(Exit::Done);
    };
    std::fs::write(path, text).map_err(|e| {
        let shown = path.display();
        Failure::because(format!("{shown}: {e}"), words("Nothing was written.", "未写入任何内容。"))
    })?;
    console.fields(&serde_json::json!({ "file": path, "bytes": text.len() }));
    Ok(Exit::Done)
}

/// What a receipt proves.
#[derive(Serialize)]
struct Proven {
    verdict: &'static str,
    log: String,
    leaf: String,
    index: u64,
    size: u64,
    root: String,
    transaction: Option<String>,
    act: Option<&'static str>,
    signed_by: Option<String>,
    cosigners: Vec<String>,
    of: usize,
}

impl Verify {
    pub(crate) fn run(&self, console: &Console) -> Result<Exit, Failure> {
        let receipt = LedgerReceipt::parse(&read(&self.file)?).map_err(|e| refuse(&self.file, &e))?;
        let policy = Policy::parse(&read(&self.policy)?).map_err(|e| refuse(&self.policy, &e))?;
        let leaf = self.transaction.as_deref().map(read_bytes).transpose()?;
        let verified = receipt.verify(leaf.as_deref(), &policy).map_err(|e| refuse(&self.file, &e))?;
        let leaf = leaf.or_else(|| receipt.leaf.clone()).unwrap_or_default();
        console.fields(&proven(&receipt, &leaf, &verified));
        Ok(Exit::Done)
    }
}

fn proven(receipt: &LedgerReceipt, leaf: &[u8], verified: &Verified) -> Proven {
    let checkpoint = &receipt.checkpoint.checkpoint;
    let chain = checkpoint.origin.parse().ok();
    // A block's header is a leaf too, and proven as well as any.
    let transaction = chain.and_then(|chain| Unverified::decode(&chain, leaf).ok());
    let witness = |(name, by): &(String, ledger::checkpoint::Signed)| {
        format!("{name} {}", by.seconds.and_then(instant).unwrap_or_default())
    };
    Proven {
        verdict: "PASS",
        log: checkpoint.origin.clone(),
        leaf: hex::encode(verified.leaf_hash),
        index: receipt.index,
        size: checkpoint.size,
        root: hex::encode(checkpoint.root),
        transaction: transaction.as_ref().map(|transaction| transaction.id().to_string()),
        act: transaction.as_ref().map(|transaction| transaction.payload().action.name()),
        signed_by: transaction.as_ref().map(|transaction| transaction.key().to_string()),
        cosigners: verified.finality.witnesses.iter().map(witness).collect(),
        of: verified.finality.of,
    }
}

/// A time in the form of RFC 3339, if it is one of these centuries.
fn instant(seconds: u64) -> Option<String> {
    let millis = seconds.checked_mul(1_000)?;
    ledger::time::BlockTime::from_millis(millis).ok().map(|time| time.to_string())
}

fn refuse(file: &Path, error: &CheckpointError) -> Failure {
    let missing = matches!(error, CheckpointError::NoQuorum { .. } | CheckpointError::NoLeaf);
    let advice = match error {
        CheckpointError::NoQuorum { .. } => words(
            "Not verified: fetch a newer receipt, or the policy of the members at the time of this one.",
            "未能验证：请取得更新的回执，或使用该回执当时成员的策略。",
        ),
        CheckpointError::NoLeaf => {
            words("Not verified: add --transaction FILE.", "未能验证：请用 --transaction 指定交易原文。")
        }
        CheckpointError::OtherLog { .. } => {
            words("Not verified: use the policy of that network.", "未能验证：请使用该网络的策略。")
        }
        _ => words("It does not prove what it claims.", "该文件不能证明其所称内容。"),
    };
    let failure = Failure::because(format!("{}: FAIL: {error}", file.display()), advice);
    Failure { exit: if missing { Exit::Incomplete } else { Exit::Failed }, ..failure }
}

fn read(path: &Path) -> Result<String, Failure> {
    let bytes = read_bytes(path)?;
    let text = String::from_utf8(bytes);
    text.map_err(|_| refuse(path, &CheckpointError::Malformed { line: 1, what: "text in UTF-8" }))
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let unreadable = |e: std::io::Error| {
        let failure = Failure::because(
            format!("{}: {e}", path.display()),
            words("Nothing was verified; name a file that can be read.", "未进行验证，请指定可读取的文件。"),
        );
        Failure { exit: Exit::Usage, ..failure }
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(MAX_RECEIPT_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
