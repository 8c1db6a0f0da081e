//! Submitting a sealed bid: documents first, then the word of the centres when it came, then the bid.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use ledger::action::Action as LedgerAction;
use ledger::crypto::{SigningKey, verify};
use ledger::id::{BidId, ChainId, Height};
use ledger::procedure::bid::{Arrival, SubmitBid};
use ledger::time::{BlockTime, Span};
use sealing::message;
use sealing::suite::Ristretto255;

use super::super::NodesArg;
use super::super::client::{Nodes, Wait};
use super::super::documents::{self, Local, Uploader};
use super::super::open::OpenArgs;
use super::super::output::{Console, Exit, Failure, words};
use super::super::sign::{random_salt, sign, submit_one};
use super::super::trade::now;
use super::folder::{Folder, Version, broken};
use super::seal::{bytes_of, documents_of};
use crate::api::schema::SubmitStatus;
use crate::tenders::admission::{Request, Ticket};

/// So long before the deadline the centres are asked to say when the bid came: a proposer that keeps it out of blocks
/// until the deadline then keeps it out of nothing.
const NEAR: Span = Span::from_millis(10 * 60_000);
/// How many heights ahead the bid may be recorded.
const EXPIRY: u64 = 1_000;
/// How long a node may take to record it.
const PATIENCE: Duration = Duration::from_secs(15);

/// The newest version on its way.
#[derive(Args)]
pub(crate) struct Send {
    /// The bid's folder 投标目录
    folder: PathBuf,
    /// Ask the centres to say when it came, also when the deadline is far 索取送达回执
    #[arg(long)]
    arrivals: bool,
    #[command(flatten)]
    open: OpenArgs,
    #[command(flatten)]
    nodes: NodesArg,
}

impl Send {
    pub(super) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let (mut folder, nodes) = (Folder::open(&self.folder)?, Nodes::new(&self.nodes.nodes)?);
        let key = folder.one_time_key(&self.open.opener()?)?;
        let number = folder.newest()?;
        let version = folder.version(number)?;
        can_be_next(&mut folder, &nodes, &version).await?;
        let (chain, tender, stamp) = (folder.chain()?, folder.tender()?, folder.stamp()?);
        let needed = sealing::committee::faults(folder.committee()?.seats()) + 1;
        let sealed = documents_of(&version)?;
        let local = sealed.into_iter().map(|document| {
            let path = folder.document(number, &document.hash);
            Local { path, document }
        });
        let local: Vec<Local> = local.collect();
        let who = Uploader { chain: &chain, tender, key: &key, stamp: &stamp };
        let stored = documents::store(console, &nodes, &who, &local, needed).await?;
        let mut act = SubmitBid {
            tender,
            sequence: version.sequence,
            dealing: bytes_of(&version.dealing)?,
            envelope: bytes_of(&version.envelope)?,
            documents: stored,
            stamp: stamp.clone(),
            arrivals: Vec::new(),
        };
        let closes = BlockTime::parse(&folder.facts.notice.closes_at).map_err(|e| broken(&e))?;
        let (_, status) = nodes.chain().await?;
        if self.arrivals || now(&status).plus(NEAR) >= closes {
            let bid: BidId = version.bid.parse().map_err(|e| broken(&e))?;
            let ticket = Ticket::sign(&chain, &key, tender, Request::Arrival { bid }, stamp);
            act.arrivals = arrivals(console, &nodes, &chain, bid, &ticket).await?;
        }
        submit(console, &nodes, &mut folder, &key, version.sequence, LedgerAction::SubmitBid(act)).await
    }
}

/// Whether a version can be the next act under the one-time key. What the ledger has is noted, so that what is sealed next can.
async fn can_be_next(folder: &mut Folder, nodes: &Nodes, version: &Version) -> Result<(), Failure> {
    let recorded = folder.recorded(nodes).await?;
    let acts = recorded.as_ref().map_or(0, |bid| bid.sequence);
    folder.note_recorded(acts)?;
    if recorded.is_some_and(|bid| bid.bid == version.bid && bid.sequence == version.sequence) {
        return Err(Failure::usage(words(
            "The newest version is on the ledger already; seal another one to replace it.",
            "最新版本已入账；如需替换，请先封装新版本。",
        )));
    }
    let next = acts.saturating_add(1);
    if next != version.sequence {
        let sealed_as = version.sequence;
        return Err(Failure::usage(words(
            format!(
                "The ledger expects act {next} of this key and the newest version is sealed as act {sealed_as}; seal it anew."
            ),
            format!("账本期待该密钥的第 {next} 次操作，而最新版本按第 {sealed_as} 次操作封装，请重新封装。"),
        )));
    }
    Ok(())
}

/// What the centres of the nodes say when the bid came; those that say nothing are left out.
pub(crate) async fn arrivals(
    console: &Console,
    nodes: &Nodes,
    chain: &ChainId,
    bid: BidId,
    ticket: &Ticket,
) -> Result<Vec<Arrival>, Failure> {
    let (mut arrivals, mut centres) = (Vec::new(), Vec::new());
    for client in nodes.all() {
        let receipt = match client.arrival(ticket).await {
            Ok(receipt) => receipt,
            Err(error) => {
                console.remark(&error.into_failure(client.url()).message);
                continue;
            }
        };
        let attestation: ledger::procedure::attestation::Attestation =
            receipt.attestation.try_into().map_err(|e: crate::api::schema::InvalidField| broken(&e))?;
        let at = BlockTime::from_millis(receipt.at_ms).map_err(|e| broken(&e))?;
        let bytes = message::arrival::<Ristretto255>(chain.as_str(), bid.as_bytes(), receipt.at_ms);
        let genuine = verify(&attestation.key, bytes.as_bytes(), &attestation.signature).is_ok();
        if genuine && !centres.contains(&receipt.centre) {
            centres.push(receipt.centre);
            arrivals.push(Arrival { at, key: attestation.key, signature: attestation.signature });
        }
    }
    Ok(arrivals)
}

/// Signs an act with the one-time key, submits it and says what became of it; the folder notes that the ledger has it.
pub(super) async fn submit(
    console: &Console,
    nodes: &Nodes,
    folder: &mut Folder,
    key: &SigningKey,
    sequence: u32,
    act: LedgerAction,
) -> Result<Exit, Failure> {
    let (chain, status) = nodes.chain().await?;
    if chain.to_string() != folder.facts.chain {
        return Err(Failure::usage(words(
            format!("The folder is for the chain {}, and this node keeps {chain}.", folder.facts.chain),
            format!("该目录属于链 {}，而该节点的链为 {chain}。", folder.facts.chain),
        )));
    }
    let signed = sign(&chain, key, act, Height::new(status.height.saturating_add(EXPIRY)), random_salt()?)?;
    let result = submit_one(nodes, &signed, Wait::Committed(PATIENCE)).await?;
    console.fields(&result);
    match result.status {
        SubmitStatus::Committed => {
            folder.note_recorded(sequence)?;
            console.say(&words(
                "On the ledger. `zhulian receipt get` fetches the receipt of this transaction.",
                "已入账，可用 zhulian receipt get 取得该交易的回执。",
            ));
            Ok(Exit::Done)
        }
        SubmitStatus::Pending => Ok(Exit::Incomplete),
        SubmitStatus::Refused => Ok(Exit::Failed),
    }
}
