//! `zhulian tender`: construction tenders, from the project to the objection.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::hash::DocumentHash;
use ledger::time::BlockTime;
use serde::Deserialize;
use serde_json::Value;

use super::NodesArg;
use super::client::{Client, Nodes};
use super::output::{Console, Exit, Failure, words};
use super::show::segment;
use super::sign::SignArgs;
use super::submit::read;
use super::trade::{Moment, now};
use crate::api::schema::{
    Action, AnswerObjection, ClarifyTender, ExtendTender, Lot, Method, PublishTender, RaiseObjection,
    RegisterProject,
};

/// Construction tenders.
#[derive(Subcommand)]
pub(crate) enum Tender {
    /// Register a project at a trading centre 项目进场登记
    #[command(
        after_help = "Example 示例:\n  zhulian tender project examples/project.toml --key organiser.key"
    )]
    Project {
        /// The project; see examples/project.toml
        file: PathBuf,
        #[command(flatten)]
        sign: SignArgs,
    },
    /// Publish the notice of an open tender 发布招标公告
    #[command(
        after_help = "Example 示例:\n  zhulian tender publish examples/tender.toml --project A034404002603020001 --key organiser.key"
    )]
    Publish {
        /// The notice; see examples/tender.toml
        file: PathBuf,
        /// Code of the project, unless the file names it 项目编号
        #[arg(long)]
        project: Option<String>,
        #[command(flatten)]
        sign: SignArgs,
    },
    /// Clarify or change the tender documents; a late one moves the deadline 澄清或修改招标文件
    #[command(
        after_help = "Example 示例:\n  zhulian tender clarify TENDER answers.pdf --affects-bids --key organiser.key"
    )]
    Clarify {
        /// The tender 招标项目
        tender: String,
        /// The documents that say it; they stay here, their hashes are published 文件
        #[arg(required = true)]
        documents: Vec<PathBuf>,
        /// It may affect how bids are made 影响投标文件编制
        #[arg(long)]
        affects_bids: bool,
        #[command(flatten)]
        sign: SignArgs,
    },
    /// Move the deadline to a later time 延长投标截止时间
    #[command(
        after_help = "Example 示例:\n  zhulian tender extend TENDER --closes-at 2026-04-20T09:30:00+08:00 --key organiser.key"
    )]
    Extend {
        /// The tender 招标项目
        tender: String,
        /// The new deadline (RFC 3339) 新的截止时间
        #[arg(long)]
        closes_at: String,
        #[command(flatten)]
        sign: SignArgs,
    },
    /// Object to the tender documents; the tender rests until the answer 提出异议
    #[command(after_help = "Example 示例:\n  zhulian tender object TENDER objection.pdf --key bidder.key")]
    Object(OneDocument),
    /// Answer an objection 答复异议
    #[command(after_help = "Example 示例:\n  zhulian tender answer TENDER 1 answer.pdf --key organiser.key")]
    Answer {
        /// The tender 招标项目
        tender: String,
        /// Number of the objection 异议编号
        number: u32,
        /// The answer; its hash is published 答复文件
        document: PathBuf,
        #[command(flatten)]
        sign: SignArgs,
    },
    /// List tenders 招标项目列表
    #[command(after_help = "Example 示例:\n  zhulian tender list --stage accepting")]
    List {
        /// Only those at this stage 阶段
        #[arg(long)]
        stage: Option<String>,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// A tender with its opening and what was opened 查询招标项目
    #[command(after_help = "Example 示例:\n  zhulian tender show TENDER --output json")]
    Show {
        /// The tender 招标项目
        tender: String,
        #[command(flatten)]
        nodes: NodesArg,
    },
}

/// A tender and a document about it.
#[derive(Args)]
pub(crate) struct OneDocument {
    /// The tender 招标项目
    tender: String,
    /// The document; its hash is published 文件
    document: PathBuf,
    #[command(flatten)]
    sign: SignArgs,
}

/// A notice as people write it: times as instants, or as days from publication.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenderFile {
    project: Option<String>,
    pub(crate) title: String,
    lots: Vec<Lot>,
    method: Method,
    documents: Vec<String>,
    sale_until: Moment,
    closes: Moment,
    #[serde(default = "two_minutes")]
    grace_minutes: u64,
    validity_days: u32,
    #[serde(default = "four")]
    envelope_kib: u32,
}

const fn two_minutes() -> u64 {
    2
}

const fn four() -> u32 {
    4
}

impl TenderFile {
    /// The act that is signed; `now` is when it is published.
    pub(crate) fn resolve(self, now: BlockTime, project: Option<String>) -> Result<PublishTender, String> {
        let project = project.or(self.project).ok_or("name the project, here or with --project")?;
        Ok(PublishTender {
            project,
            title: self.title,
            lots: self.lots,
            method: self.method,
            documents: self.documents,
            sale_until: self.sale_until.after(now)?.to_string(),
            closes_at: self.closes.after(now)?.to_string(),
            grace_ms: self.grace_minutes.saturating_mul(60_000),
            validity_days: self.validity_days,
            envelope_kib: self.envelope_kib,
        })
    }
}

/// SHA-256 of a file.
pub(crate) fn hash_of(path: &PathBuf) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|e| {
        Failure::because(
            format!("{}: {e}", path.display()),
            words("Nothing was signed; give the document.", "未签署任何内容，请指定文件。"),
        )
    })?;
    Ok(DocumentHash::of(&bytes).to_string())
}

impl Tender {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let (act, sign) = match self {
            Self::Project { file, sign } => {
                let project: RegisterProject = read(&file)?;
                (Action::RegisterProject(project), sign)
            }
            Self::Publish { file, project, sign } => {
                let notice: TenderFile = read(&file)?;
                let (_, status) = sign.nodes()?.chain().await?;
                let act = notice.resolve(now(&status), project).map_err(|reason| Failure {
                    exit: Exit::Usage,
                    ..Failure::because(
                        format!("{}: {reason}", file.display()),
                        words("Nothing was signed; correct the file.", "未签署任何内容，请修改文件。"),
                    )
                })?;
                (Action::PublishTender(act), sign)
            }
            Self::Clarify { tender, documents, affects_bids, sign } => {
                let documents = documents.iter().map(hash_of).collect::<Result<_, _>>()?;
                (Action::ClarifyTender(ClarifyTender { tender, documents, affects_bids }), sign)
            }
            Self::Extend { tender, closes_at, sign } => {
                (Action::ExtendTender(ExtendTender { tender, closes_at }), sign)
            }
            Self::Object(OneDocument { tender, document, sign }) => {
                (Action::RaiseObjection(RaiseObjection { tender, text: hash_of(&document)? }), sign)
            }
            Self::Answer { tender, number, document, sign } => {
                let answer = hash_of(&document)?;
                (Action::AnswerObjection(AnswerObjection { tender, number, answer }), sign)
            }
            Self::List { stage, nodes } => return list(&Nodes::new(&nodes.nodes)?, stage, console).await,
            Self::Show { tender, nodes } => return show(&Nodes::new(&nodes.nodes)?, &tender, console).await,
        };
        sign.submit(vec![act], console).await
    }
}

async fn list(nodes: &Nodes, stage: Option<String>, console: &Console) -> Result<Exit, Failure> {
    let filter = stage.map(|stage| format!("&stage={}", segment(&stage))).unwrap_or_default();
    let path = &format!("/v1/tenders?limit=200{filter}");
    let tenders: Vec<Value> = nodes.ask(|client: Client| async move { client.page(path).await }).await?;
    let text = |tender: &Value, field: &str| tender[field].as_str().unwrap_or_default().to_owned();
    let fields = ["id", "code", "stage", "closes_at", "title"];
    let rows = tenders.iter().map(|tender| fields.map(|field| text(tender, field)).to_vec()).collect();
    let headings = [
        words("tender", "招标项目"),
        words("code", "编号"),
        words("stage", "阶段"),
        words("deadline", "投标截止"),
        words("title", "名称"),
    ];
    console.rows(&headings, rows, &tenders);
    Ok(Exit::Done)
}

async fn show(nodes: &Nodes, tender: &str, console: &Console) -> Result<Exit, Failure> {
    let path = &format!("/v1/tenders/{}", segment(tender));
    let record: Value = nodes.ask(|client: Client| async move { client.record(path).await }).await?;
    let (opening, bids) = (&format!("{path}/opening"), &format!("{path}/opened-bids?limit=200"));
    // There is none before the opening, and none at all for a tender that failed.
    let opening: Option<Value> =
        nodes.ask(|client: Client| async move { client.record(opening).await }).await.ok();
    let bids: Vec<Value> = nodes.ask(|client: Client| async move { client.page(bids).await }).await?;
    console.fields(&serde_json::json!({ "tender": record, "opening": opening, "opened_bids": bids }));
    Ok(Exit::Done)
}
