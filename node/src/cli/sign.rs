//! From business acts to signed transactions, and on to a node.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use consensus::Signer;
use ledger::action::Action as LedgerAction;
use ledger::crypto::PublicKey;
use ledger::id::{ChainId, Height};
use ledger::transaction::{self, Payload, Unverified};
use rand::TryRngCore as _;

use super::NodesArg;
use super::client::{ClientError, Nodes, Wait};
use super::draft::Draft;
use super::open::OpenArgs;
use super::output::{Console, Exit, Failure, words};
use crate::api::schema::{Action, SubmitResult, SubmitStatus, Transaction};
use crate::keys::{LedgerKey, Opener};

/// How an act is signed and submitted.
#[derive(Args, Clone)]
pub(crate) struct SignArgs {
    /// Key of the organisation that signs: a key file, or a pkcs11: URI 签名密钥文件或密码设备
    #[arg(long, value_name = "KEY", env = "ZHULIAN_KEY")]
    key: String,
    #[command(flatten)]
    open: OpenArgs,
    #[command(flatten)]
    nodes: NodesArg,
    /// How many heights ahead the transaction may still be recorded 有效高度
    #[arg(long, value_name = "HEIGHTS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    expiry: u64,
    /// 32 hexadecimal digits that tell two equal acts apart; random unless given 盐值
    #[arg(long, value_name = "HEX", value_parser = salt)]
    salt: Option<[u8; 16]>,
    /// Sign and print, but submit nothing 只签名不提交
    #[arg(long)]
    dry_run: bool,
    /// Write the act to a file for a second person to approve, and stop 写入文件待他人审批
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    write: Option<PathBuf>,
    /// What to wait for 等待
    #[arg(long, value_enum, default_value_t = WaitFor::Committed)]
    wait: WaitFor,
    /// Longest wait in seconds 最长等待秒数
    #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=60))]
    timeout: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum WaitFor {
    /// Until the node has taken it.
    Accepted,
    /// Until it is on the ledger.
    Committed,
}

fn salt(text: &str) -> Result<[u8; 16], String> {
    let mut salt = [0; 16];
    hex::decode_to_slice(text, &mut salt).map(|()| salt).map_err(|_| "expected 32 hexadecimal digits".into())
}

/// A signed transaction.
#[derive(Clone, Debug)]
pub(crate) struct Signed {
    pub(crate) id: transaction::Id,
    pub(crate) bytes: Vec<u8>,
}

/// Signs an act for a chain.
pub(crate) fn sign(
    chain: &ChainId,
    key: &dyn Signer,
    action: LedgerAction,
    expiry: Height,
    salt: [u8; 16],
) -> Result<Signed, Failure> {
    sign_payload(chain, key, &Payload { action, expiry, salt, approvals: Vec::new() })
}

fn sign_payload(chain: &ChainId, key: &dyn Signer, payload: &Payload) -> Result<Signed, Failure> {
    let bytes = transaction::sign_with(chain, &key.public_key(), payload, |bytes| key.sign(bytes))
        .map_err(|e| Failure::because(e, words("Nothing was signed.", "未签署任何内容。")))?;
    let decoded = Unverified::decode(chain, &bytes).map_err(|e| {
        Failure::because(
            e,
            words("The act is too long to be recorded; shorten it.", "操作内容过长，无法入账，请缩短。"),
        )
    })?;
    Ok(Signed { id: decoded.id(), bytes })
}

/// Sixteen bytes from the system's random source.
pub(crate) fn random_salt() -> Result<[u8; 16], Failure> {
    let mut salt = [0; 16];
    rand::rngs::OsRng
        .try_fill_bytes(&mut salt)
        .map_err(|e| Failure::because(e, words("Nothing was signed.", "未签署任何内容。")))?;
    Ok(salt)
}

impl SignArgs {
    pub(crate) fn nodes(&self) -> Result<Nodes, Failure> {
        Nodes::new(&self.nodes.nodes)
    }

    /// The key that signs.
    pub(crate) fn signing_key(&self) -> Result<LedgerKey, Failure> {
        super::device::ledger_key(&self.opener()?, &self.key)
    }

    /// What opens keys, as the arguments say.
    pub(crate) fn opener(&self) -> Result<Opener, Failure> {
        self.open.opener()
    }

    fn wait(&self) -> Wait {
        match self.wait {
            WaitFor::Accepted => Wait::Accepted,
            WaitFor::Committed => Wait::Committed(Duration::from_secs(self.timeout)),
        }
    }

    /// Signs the acts in their order, submits them and says what became of each.
    pub(crate) async fn submit(&self, acts: Vec<Action>, console: &Console) -> Result<Exit, Failure> {
        let nodes = self.nodes()?;
        let key = self.signing_key()?;
        let (chain, status) = nodes.chain().await?;
        let expiry = Height::new(status.height.saturating_add(self.expiry));
        if let Some(path) = &self.write {
            return self.write_draft(path, &chain, &key.public_key(), expiry, acts, console);
        }
        let mut signed = Vec::new();
        for (number, act) in acts.iter().enumerate() {
            let action = act.clone().try_into().map_err(|e: crate::api::schema::InvalidField| Failure {
                exit: Exit::Usage,
                ..Failure::because(
                    e,
                    words("Nothing was signed; correct the field.", "未签署任何内容，请修改该字段。"),
                )
            })?;
            let salt = salt_of(self.salt, number)?;
            signed.push(sign(&chain, &key, action, expiry, salt)?);
        }
        if self.dry_run {
            print_dry_run(console, &acts, &signed, expiry);
            return Ok(Exit::Done);
        }
        let results = match signed.as_slice() {
            [one] => vec![submit_one(&nodes, one, self.wait()).await?],
            many => submit_many(&nodes, many, self.wait()).await?,
        };
        report(&nodes, console, &acts, &results).await
    }

    fn write_draft(
        &self,
        path: &Path,
        chain: &ChainId,
        signer: &PublicKey,
        expiry: Height,
        acts: Vec<Action>,
        console: &Console,
    ) -> Result<Exit, Failure> {
        let Ok([act]) = <[Action; 1]>::try_from(acts) else {
            return Err(Failure::usage(words(
                "--write takes one act; write a file for each.",
                "--write 只接受一项操作，请分别写入文件。",
            )));
        };
        let draft = Draft::new(chain, signer, expiry, salt_of(self.salt, 0)?, act);
        // What cannot be signed in the end should be said now.
        draft.open(path)?;
        draft.create(path)?;
        console.fields(&draft.summary(path));
        Ok(Exit::Done)
    }

    /// Signs a draft, with its approvals, and submits it.
    pub(crate) async fn submit_draft(
        &self,
        draft: Draft,
        path: &Path,
        console: &Console,
    ) -> Result<Exit, Failure> {
        let opened = draft.open(path)?;
        let (nodes, key) = (self.nodes()?, self.signing_key()?);
        if key.public_key() != opened.signer {
            return Err(Failure::usage(words(
                format!(
                    "{} was written for the key {}; sign it with that one.",
                    path.display(),
                    opened.signer
                ),
                format!("{}由密钥{}写出，请用该密钥签署。", path.display(), opened.signer),
            )));
        }
        let (chain, _) = nodes.chain().await?;
        if chain != opened.chain {
            return Err(Failure::usage(words(
                format!("{} is for the chain {}, and this node keeps {chain}.", path.display(), opened.chain),
                format!("{}属于链{}，而该节点的链为{chain}。", path.display(), opened.chain),
            )));
        }
        let signed = sign_payload(&chain, &key, &opened.payload)?;
        let acts = [draft.act];
        if self.dry_run {
            print_dry_run(console, &acts, &[signed], opened.payload.expiry);
            return Ok(Exit::Done);
        }
        let result = submit_one(&nodes, &signed, self.wait()).await?;
        report(&nodes, console, &acts, &[result]).await
    }
}

/// Acts of one batch under a salt that was given differ in its last bytes, so that equal acts stay apart.
fn salt_of(given: Option<[u8; 16]>, number: usize) -> Result<[u8; 16], Failure> {
    let Some(mut salt) = given else { return random_salt() };
    let tail = u32::from_be_bytes([salt[12], salt[13], salt[14], salt[15]]);
    let tail = tail.wrapping_add(u32::try_from(number).unwrap_or(u32::MAX));
    salt[12..].copy_from_slice(&tail.to_be_bytes());
    Ok(salt)
}

/// Submits one transaction. When a connection fails, the very same bytes go to the next node: a
/// transaction is recorded once, however often it is sent.
pub(crate) async fn submit_one(nodes: &Nodes, signed: &Signed, wait: Wait) -> Result<SubmitResult, Failure> {
    let (mut last, mut unanswered) = (None, false);
    for client in nodes.all() {
        match client.submit(&signed.bytes, wait).await {
            Ok(result) => return Ok(result),
            Err(ClientError::Refused(problem)) if problem.code == ALREADY_RECORDED => {
                let found = client.transaction(&signed.id.to_string()).await.ok();
                return Ok(recorded(signed, found));
            }
            Err(error) if error.is_worth_another_node() => {
                unanswered |= !matches!(&error, ClientError::Refused(problem) if problem.code != NO_ANSWER);
                last = Some(error.into_failure(client.url()));
            }
            Err(error) => return Err(error.into_failure(client.url())),
        }
    }
    let nobody = || Failure::usage(words("Give at least one --node.", "请至少指定一个 --node。"));
    let failure = last.unwrap_or_else(nobody);
    Err(if unanswered { unknown_end(failure, &[signed.id]) } else { failure })
}

/// The code of a transaction that is on the ledger: a retry whose first attempt had arrived.
const ALREADY_RECORDED: &str = "already_recorded";
/// The code of a node that took the transaction and did not say what became of it in time.
const NO_ANSWER: &str = "no_answer";

async fn submit_many(nodes: &Nodes, signed: &[Signed], wait: Wait) -> Result<Vec<SubmitResult>, Failure> {
    let transactions: Vec<Vec<u8>> = signed.iter().map(|s| s.bytes.clone()).collect();
    let transactions = &transactions;
    let asked = nodes.ask(|client| async move { client.submit_batch(transactions, wait).await }).await;
    let ids: Vec<_> = signed.iter().map(|s| s.id).collect();
    let known = |failure: &Failure| failure.code.as_deref().is_some_and(|code| code != NO_ANSWER);
    let mut results =
        asked.map_err(|failure| if known(&failure) { failure } else { unknown_end(failure, &ids) })?;
    for (result, signed) in results.iter_mut().zip(signed) {
        if result.problem.as_ref().is_some_and(|problem| problem.code == ALREADY_RECORDED) {
            *result = recorded(signed, None);
        }
    }
    Ok(results)
}

fn recorded(signed: &Signed, found: Option<Transaction>) -> SubmitResult {
    SubmitResult {
        id: Some(signed.id.to_string()),
        status: SubmitStatus::Committed,
        height: found.as_ref().map(|t| t.height),
        index: found.as_ref().map(|t| t.index),
        problem: None,
    }
}

/// A broken connection says nothing about whether the transaction arrived.
fn unknown_end(failure: Failure, ids: &[transaction::Id]) -> Failure {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let ids = ids.join(" ");
    Failure::incomplete(words(
        format!(
            "{} It may have arrived all the same: look it up with `zhulian show transaction {ids}`.",
            failure.message.en
        ),
        format!("{} 交易可能已送达，请用 zhulian show transaction {ids} 查询。", failure.message.zh),
    ))
}

fn print_dry_run(console: &Console, acts: &[Action], signed: &[Signed], expiry: Height) {
    for (act, signed) in acts.iter().zip(signed) {
        console.fields(&serde_json::json!({
            "id": signed.id.to_string(),
            "action": act,
            "expiry": expiry.get(),
            "bytes": signed.bytes.len(),
            "transaction": hex::encode(&signed.bytes),
        }));
    }
}

async fn report(
    nodes: &Nodes,
    console: &Console,
    acts: &[Action],
    results: &[SubmitResult],
) -> Result<Exit, Failure> {
    let exit =
        results.iter().map(|r| exit_of(r.status)).max_by_key(|exit| severity(*exit)).unwrap_or(Exit::Done);
    if let [one] = results {
        let id = one.id.clone().unwrap_or_default();
        let recorded = match one.status {
            SubmitStatus::Committed => nodes
                .ask(|c| {
                    let id = id.clone();
                    async move { c.transaction(&id).await }
                })
                .await
                .ok(),
            _ => None,
        };
        let events = recorded.map(|transaction| transaction.events);
        console.fields(&serde_json::json!({ "result": one, "events": events }));
        events.iter().flatten().for_each(|event| console.say(&super::events::describe(event)));
    } else {
        let rows = acts.iter().zip(results).map(|(act, result)| row(console, act, result)).collect();
        let headings = [
            words("act", "操作"),
            words("status", "状态"),
            words("height", "高度"),
            words("transaction", "交易"),
            words("refusal", "拒绝原因"),
        ];
        console.rows(&headings, rows, &results);
    }
    for problem in results.iter().filter_map(|r| r.problem.as_ref()) {
        console.failure(&Failure::refused(problem));
    }
    if exit == Exit::Incomplete {
        console.say(&words(
            "Accepted but not recorded yet: look it up with `zhulian show transaction ID`.",
            "已受理，尚未入账，可用 zhulian show transaction ID 查询。",
        ));
    }
    Ok(exit)
}

fn row(console: &Console, act: &Action, result: &SubmitResult) -> Vec<String> {
    let status = match result.status {
        SubmitStatus::Committed => words("recorded", "已入账"),
        SubmitStatus::Pending => words("pending", "待入账"),
        SubmitStatus::Refused => words("refused", "被拒绝"),
    };
    let name = serde_json::to_value(act).ok().and_then(|v| v["act"].as_str().map(ToOwned::to_owned));
    vec![
        name.unwrap_or_default(),
        status.pick(console.lang()),
        result.height.map(|h| h.to_string()).unwrap_or_default(),
        result.id.clone().unwrap_or_default(),
        result.problem.as_ref().map(|p| p.code.clone()).unwrap_or_default(),
    ]
}

const fn exit_of(status: SubmitStatus) -> Exit {
    match status {
        SubmitStatus::Committed => Exit::Done,
        SubmitStatus::Pending => Exit::Incomplete,
        SubmitStatus::Refused => Exit::Failed,
    }
}

/// Of several ends the refusal counts most, then what is pending.
const fn severity(exit: Exit) -> u8 {
    match exit {
        Exit::Done => 0,
        Exit::Incomplete => 1,
        Exit::Failed | Exit::Usage => 2,
    }
}
