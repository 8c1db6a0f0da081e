//! `zhulian bid`: a sealed bid from the one-time key to the opening.
//!
//! Everything of a bid is in one folder, which is the bidder's secret until the opening: the one-time key, the stamp, and for each
//! version what was sealed and the dealer's secret. Keys never leave it. Whatever is interrupted goes on where it was.

mod bond;
mod folder;
mod seal;
mod send;
pub(crate) mod stamp;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::action::Action as LedgerAction;
use ledger::codec::Bytes;
use ledger::procedure::self_opening::OpenOwnBid;
use ledger::procedure::withdrawal::WithdrawBid;
use ledger::record::bid as b;
use ledger::record::tender::EnvelopeClass;
use sealing::bid::{BidContext, DealingBytes};
use sealing::envelope::Secret;
use sealing::id::OneTimeKey;

use super::NodesArg;
use super::client::{Client, Nodes};
use super::open::OpenArgs;
use super::output::{Console, Exit, Failure, words};
use super::show::segment;
use crate::api::schema::{Amount, OpenedBid, SealedBid};
use folder::Folder;

pub(crate) use bond::{SignBond, signed_bytes};
pub(crate) use folder::tender_and_committee;
pub(crate) use send::arrivals;

/// Sealed bids.
#[derive(Subcommand)]
pub(crate) enum Bid {
    /// Make the folder of a bid: one-time key, admission stamp, tender and committee 准备投标
    #[command(
        after_help = "Example 示例:\n  zhulian bid prepare mybid --tender TENDER --key bidder.key --node http://127.0.0.1:8101,http://127.0.0.1:8102\n\n\
        The stamp is signed blindly by the centre of one of the nodes: it sees who asks, and later cannot tell for which bid.\n\
        Prepare in good time, and through another centre than the one you live at. 准入凭证为盲签名，签发中心无法得知用于哪份投标。"
    )]
    Prepare(Prepare),
    /// Ask for a letter of guarantee that hides the bid 申请投标保函
    #[command(
        after_help = "Example 示例:\n  zhulian bid request-bond mybid --bidder CODE --out request.json\n  zhulian guarantee sign-bond request.json --number LG-7 --amount 500000.00 --valid-until 2026-09-01T18:00:00+08:00 --guarantor CODE --key bank.key --out bond.json"
    )]
    RequestBond {
        /// The bid's folder 投标目录
        folder: PathBuf,
        /// Credit code of the bidder 投标人
        #[arg(long)]
        bidder: String,
        /// Where to write the request 输出文件
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Seal an offer; works offline, and rehearses the opening 封装投标文件
    #[command(
        after_help = "Example 示例:\n  zhulian bid seal mybid examples/offer.toml --bidder CODE --key bidder.key\n\n\
        Another run makes another version, which replaces the one before when it is submitted."
    )]
    Seal(seal::Seal),
    /// Upload the documents and submit the newest version 递交投标
    #[command(
        after_help = "Example 示例:\n  zhulian bid submit mybid --node http://127.0.0.1:8101,http://127.0.0.1:8102,http://127.0.0.1:8103\n\n\
        Name several nodes: documents are uploaded to more centres than can fail, and each is told when the bid came."
    )]
    Submit(send::Send),
    /// Withdraw the bid, before the deadline 撤回投标
    #[command(after_help = "Example 示例:\n  zhulian bid withdraw mybid")]
    Withdraw(OnFolder),
    /// What the ledger has of the bid, and what the folder has 查询投标
    #[command(after_help = "Example 示例:\n  zhulian bid show mybid --output json")]
    Show(OnFolder),
    /// See that the newest version opens and what it says; works offline 开标预演
    #[command(after_help = "Example 示例:\n  zhulian bid rehearse mybid")]
    Rehearse(OnFolder),
    /// Open the own bid when too few centres have, a day after the opening began 自行解密
    #[command(after_help = "Example 示例:\n  zhulian bid open-self mybid")]
    OpenSelf(OnFolder),
    /// Fetch and decrypt the documents of an opened bid 下载已开标的投标文件
    #[command(after_help = "Example 示例:\n  zhulian bid documents TENDER BIDDER --into opened")]
    Documents {
        /// The tender 招标项目
        tender: String,
        /// Credit code of the bidder 投标人
        bidder: String,
        /// Folder for the documents 输出目录
        #[arg(long, value_name = "DIR")]
        into: PathBuf,
        #[command(flatten)]
        nodes: NodesArg,
    },
}

/// The beginning of a bid.
#[derive(Args)]
pub(crate) struct Prepare {
    /// The folder to make 投标目录
    folder: PathBuf,
    /// The tender 招标项目
    #[arg(long)]
    tender: String,
    /// A key of the bidder, which asks for the stamp 投标人密钥
    #[arg(long, value_name = "KEY", env = "ZHULIAN_KEY")]
    key: String,
    /// Credit code of the centre that is to sign the stamp; the first that has a key unless given 签发准入凭证的中心
    #[arg(long)]
    issuer: Option<String>,
    /// Keep the folder's keys unencrypted 不加密
    #[arg(long)]
    unencrypted: bool,
    #[command(flatten)]
    open: OpenArgs,
    #[command(flatten)]
    nodes: NodesArg,
}

/// A folder, what opens its keys, and nodes.
#[derive(Args)]
pub(crate) struct OnFolder {
    /// The bid's folder 投标目录
    folder: PathBuf,
    #[command(flatten)]
    open: OpenArgs,
    #[command(flatten)]
    nodes: NodesArg,
}

impl Bid {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::Prepare(prepare) => prepare.run(console).await,
            Self::RequestBond { folder, bidder, out } => bond::request(console, &folder, &bidder, &out),
            Self::Seal(seal) => seal.run(console).await,
            Self::Submit(send) => send.run(console).await,
            Self::Withdraw(on) => on.withdraw(console).await,
            Self::Show(on) => on.show(console).await,
            Self::Rehearse(on) => on.rehearse(console),
            Self::OpenSelf(on) => on.open_self(console).await,
            Self::Documents { tender, bidder, into, nodes } => {
                documents(console, &Nodes::new(&nodes.nodes)?, &tender, &bidder, &into).await
            }
        }
    }
}

impl Prepare {
    async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let nodes = Nodes::new(&self.nodes.nodes)?;
        let opener = self.open.opener()?;
        let (folder, made) = match Folder::existing(&self.folder, &self.tender)? {
            Some(folder) => (folder, None),
            None => {
                let protection = || self.open.protection(self.unencrypted);
                let made = Folder::create(&self.folder, &nodes, &self.tender, &opener, protection).await?;
                (made.0, Some(made.1))
            }
        };
        if folder.facts.stamp.is_none() {
            let bidder = super::device::ledger_key(&opener, &self.key)?;
            let one_time = made.map_or_else(|| folder.one_time_key(&opener), Ok)?;
            let stamp = stamp::obtain(&nodes, &bidder, &one_time, self.issuer.as_deref()).await?;
            folder.with_stamp(&stamp)?;
        }
        console.fields(&serde_json::json!({
            "folder": self.folder.display().to_string(),
            "tender": folder.facts.tender,
            "one_time_key": folder.facts.key,
        }));
        console.say(&words(
            "Keep the folder secret and back it up: whoever has it can bid, withdraw and open in its name.",
            "请妥善保管并备份该目录：持有者可以其名义投标、撤回或解密。",
        ));
        Ok(Exit::Done)
    }
}

impl OnFolder {
    async fn withdraw(self, console: &Console) -> Result<Exit, Failure> {
        let (mut folder, nodes) = (Folder::open(&self.folder)?, Nodes::new(&self.nodes.nodes)?);
        let key = folder.one_time_key(&self.open.opener()?)?;
        let sequence = folder.recorded(&nodes).await?.map_or(0, |bid| bid.sequence).saturating_add(1);
        let act = LedgerAction::WithdrawBid(WithdrawBid { tender: folder.tender()?, sequence });
        send::submit(console, &nodes, &mut folder, &key, sequence, act).await
    }

    async fn show(self, console: &Console) -> Result<Exit, Failure> {
        let (mut folder, nodes) = (Folder::open(&self.folder)?, Nodes::new(&self.nodes.nodes)?);
        let recorded = folder.recorded(&nodes).await?;
        folder.note_recorded(recorded.as_ref().map_or(0, |bid| bid.sequence))?;
        let versions = folder.versions().into_iter().map(|number| {
            let version = folder.version(number)?;
            Ok(serde_json::json!({ "version": number, "sequence": version.sequence, "bid": version.bid }))
        });
        let versions = versions.collect::<Result<Vec<_>, Failure>>()?;
        let recorded = recorded.map(|bid| {
            serde_json::json!({
                "bid": bid.bid, "version": folder.version_of(&bid.bid), "sequence": bid.sequence, "status": bid.status,
                "order": bid.order, "at": bid.at, "documents": bid.documents,
            })
        });
        console.fields(&serde_json::json!({
            "tender": folder.facts.tender,
            "one_time_key": folder.facts.key,
            "sealed_versions": versions,
            "on_the_ledger": recorded,
        }));
        Ok(Exit::Done)
    }

    fn rehearse(self, console: &Console) -> Result<Exit, Failure> {
        let folder = Folder::open(&self.folder)?;
        let opener = self.open.opener()?;
        let version = folder.newest()?;
        let payload = seal::rehearse(&folder, &opener, version)?;
        let prices: Vec<_> = payload
            .offer
            .prices
            .iter()
            .map(|price| serde_json::json!({ "lot": price.lot, "price": Amount::from(price.price) }))
            .collect();
        let names: Vec<String> =
            payload.offer.documents.iter().map(|document| document.name.to_string()).collect();
        console.fields(&serde_json::json!({
            "version": version,
            "bidder": payload.offer.bidder.to_string(),
            "prices": prices,
            "documents": names,
            "bond": payload.offer.bond.map(|bond| bond.letter.number.to_string()),
        }));
        console.say(&words("It opens, and says this.", "预演成功，内容如上。"));
        Ok(Exit::Done)
    }

    async fn open_self(self, console: &Console) -> Result<Exit, Failure> {
        let (mut folder, nodes) = (Folder::open(&self.folder)?, Nodes::new(&self.nodes.nodes)?);
        let opener = self.open.opener()?;
        let recorded = folder.recorded(&nodes).await?.ok_or_else(|| {
            Failure::failed(words("The ledger has no bid of this folder.", "账本上没有该目录的投标。"))
        })?;
        let version = folder.version_of(&recorded.bid).ok_or_else(|| {
            Failure::failed(words(
                "What the ledger has was sealed in a copy of this folder; its secret is there.",
                "账本上的投标是在该目录的另一副本中封装的，密钥在该副本中。",
            ))
        })?;
        let secret = folder.dealer_secret(&opener, version)?;
        let secret = Bytes::new(secret.to_vec()).map_err(|e| folder::broken(&e))?;
        let act = LedgerAction::OpenOwnBid(OpenOwnBid { tender: folder.tender()?, secret });
        let key = folder.one_time_key(&opener)?;
        send::submit(console, &nodes, &mut folder, &key, recorded.sequence, act).await
    }
}

async fn documents(
    console: &Console,
    nodes: &Nodes,
    tender: &str,
    bidder: &str,
    into: &std::path::Path,
) -> Result<Exit, Failure> {
    let written = fetch_documents(console, nodes, tender, bidder, into).await?;
    let written: Vec<String> = written.iter().map(|path| path.display().to_string()).collect();
    console.fields(&serde_json::json!({ "bidder": bidder, "documents": written }));
    Ok(Exit::Done)
}

/// Fetches and decrypts the documents of an opened bid: the keys follow from the secret that the opening revealed.
pub(crate) async fn fetch_documents(
    console: &Console,
    nodes: &Nodes,
    tender: &str,
    bidder: &str,
    into: &std::path::Path,
) -> Result<Vec<PathBuf>, Failure> {
    let path = &format!("/v1/tenders/{}/opened-bids?limit=200", segment(tender));
    let opened: Vec<OpenedBid> = nodes.ask(|client: Client| async move { client.page(path).await }).await?;
    let bid = opened.into_iter().find(|bid| bid.bidder == bidder).ok_or_else(|| {
        Failure::failed(words(
            format!("{bidder} has no opened bid in this tender that counts."),
            format!("{bidder} 在该项目中没有有效的已开标投标。"),
        ))
    })?;
    let path = &format!("/v1/bids/{}", bid.key);
    let sealed: SealedBid = nodes.ask(|client: Client| async move { client.record(path).await }).await?;
    let (record, committee) = folder::tender_and_committee(nodes, tender).await?;
    let strange = |e: &dyn std::fmt::Display| folder::broken(e);
    let secret = sealed.secret.as_deref().map(hex::decode).transpose().map_err(|e| strange(&e))?;
    let secret = secret.and_then(|secret| Secret::from_bytes(&secret));
    let secret = secret.ok_or_else(|| strange(&"an opened bid without its secret"))?;
    let dealing = hex::decode(&sealed.dealing).map_err(|e| strange(&e))?;
    let dealing = DealingBytes::split(&dealing, committee.seats()).map_err(|e| strange(&e))?;
    let key: ledger::crypto::PublicKey = sealed.key.parse().map_err(|e| strange(&e))?;
    let context = BidContext {
        committee: &committee,
        tender: record.id.parse::<ledger::id::TenderId>().map_err(|e| strange(&e))?.sealed(),
        one_time_key: OneTimeKey::from_bytes(*key.as_bytes()),
        sequence: sealed.version,
    }
    .key_context(&dealing);
    let mut written = Vec::new();
    for (index, (entry, document)) in (0_u16..).zip(bid.documents.iter().zip(&sealed.documents)) {
        let entry = b::DocumentEntry {
            name: entry.name.parse().map_err(|e| strange(&e))?,
            hash: entry.hash.parse().map_err(|e| strange(&e))?,
            len: entry.len,
        };
        let sealed =
            b::SealedDocument { hash: document.hash.parse().map_err(|e| strange(&e))?, len: document.len };
        let key = secret.document_key(&context, index);
        written.push(super::documents::fetch(console, nodes, key, (&entry, &sealed), into).await?);
    }
    Ok(written)
}

/// The envelope class of so many KiB.
fn class_of(kib: u32) -> Result<EnvelopeClass, Failure> {
    EnvelopeClass::from_kib(kib).ok_or_else(|| folder::broken(&"an unknown envelope length"))
}
