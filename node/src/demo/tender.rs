//! The second trade of the demonstration: a construction tender whose bids nobody opens early and nobody withholds.
//!
//! Six bidders of six cities. One replaces its bid, one withdraws, one sends what is no bid, one has gone for good when the
//! opening comes, and one reaches the centres in time and the ledger only after the deadline. At the opening one centre is down
//! and one gives false shares.

use std::path::PathBuf;

use ledger::action::Action as LedgerAction;
use ledger::amount::{Amount, Currency};
use ledger::codec::Bytes;
use ledger::crypto::SigningKey;
use ledger::id::{BidId, TenderId};
use ledger::procedure::bid::{Arrival, StoredDocument, SubmitBid};
use ledger::procedure::opening_shares::OpenShares;
use ledger::procedure::withdrawal::WithdrawBid;
use ledger::record::bid::{BidBond, BondLetter, LotPrice, STAMP_BYTES};
use ledger::record::tender::EnvelopeClass;
use ledger::time::{BlockTime, DAY_MS, Span};
use sealing::committee::Committee;
use serde_json::Value;

use super::cast::{
    BANK, BIDDERS, CENTRES, GUANGZHOU, MORE_BIDDERS, ORGANISER, Party, SHENZHEN, ZHONGSHAN, ZHUHAI,
};
use super::evaluation;
use super::identity::Trust;
use super::stage::{Actor, Stage, strange};
use crate::api::schema::{Action, AnswerObjection, EventKind, RaiseObjection, RegisterProject};
use crate::bidding::{SealedOffer, Target, Terms, hide};
use crate::cli::bid::{stamp, tender_and_committee};
use crate::cli::documents::{self, Local, Uploader};
use crate::cli::output::{Console, Failure, Format, Words, words};
use crate::cli::tender::TenderFile;
use crate::keys::{LedgerKey, Secret};
use crate::tenders::admission::{Request, Ticket};

/// Days from the notice to the opening, of both tenders.
pub(super) const DAYS: u64 = 48;
pub(super) const PROJECT: &str = include_str!("../../../examples/project.toml");
const NOTICE: &str = include_str!("../../../examples/tender.toml");
/// Whole days until the bonds end.
const BOND_DAYS: u64 = 150;
/// The bond that the notice demands, in fen.
const BOND: u64 = 50_000_000;
/// What the winner's document says.
const METHOD_STATEMENT: &str = "示例大桥施工组织设计（演示文本）\n";

/// A bidder with its bid.
struct Bidder {
    party: &'static Party,
    /// Signs the bid, and belongs to nobody that the ledger knows.
    one_time: SigningKey,
    stamp: Bytes<STAMP_BYTES>,
    /// Number of the last act under the one-time key.
    sequence: u32,
}

/// The tender as its bidders see it.
struct Open {
    id: TenderId,
    envelope: EnvelopeClass,
    committee: Committee,
}

/// Plays both tenders.
pub(super) async fn play(stage: &mut Stage<'_>, trust: &Trust) -> Result<(), Failure> {
    enrol(stage, trust).await?;
    let project = project(stage).await?;
    let open =
        notice(stage, &project, "珠海市示例大桥工程施工招标公告", words("a bridge", "示例大桥")).await?;
    objection(stage, &open).await?;
    let experts = evaluation::pool(stage).await?;
    let late = bidding(stage, &open).await?;
    faults_before_the_opening(stage).await?;
    deadline(stage, &open, late).await?;
    opening(stage, &open).await?;
    outcome(stage, &open).await?;
    evaluation::play(stage, open.id, &experts).await?;
    unopened(stage, &project).await
}

async fn enrol(stage: &mut Stage<'_>, trust: &Trust) -> Result<(), Failure> {
    stage.progress.heading(&words(
        "A construction tender: bids sealed to the centres together",
        "工程建设招标：投标文件向各交易中心联合密封",
    ));
    trust.renew_lists(stage).await?;
    trust.admit(stage, &ORGANISER).await?;
    trust.enrol(stage, 40, &ORGANISER, GUANGZHOU).await?;
    for (serial, bidder) in (41..).zip(&MORE_BIDDERS) {
        trust.enrol(stage, serial, bidder, bidder.at).await?;
    }
    Ok(())
}

async fn project(stage: &mut Stage<'_>) -> Result<String, Failure> {
    // The nodes have made their keys by themselves since the network began.
    let committee = stage.until(0, "/v1/sealing/epoch", |epoch| epoch["formed"] == true).await?;
    stage.progress.note(&words(
        format!("sealing epoch {}: a committee of four centres, any three open a bid", committee["number"]),
        format!("密封期 {}：四家中心组成委员会，任意三家可开标", committee["number"]),
    ));
    let act: RegisterProject = toml::from_str(PROJECT).map_err(|e| strange(&e))?;
    let organiser = stage.actor(&ORGANISER)?;
    let what = words("registered the project", "项目进场登记");
    let registered = stage.act(&organiser, Action::RegisterProject(act), what).await?;
    let code = registered.events.iter().find_map(|event| match &event.kind {
        EventKind::ProjectRegistered { project, .. } => Some(project.clone()),
        _ => None,
    });
    code.ok_or_else(|| strange(&"registering a project caused no event"))
}

async fn notice(stage: &mut Stage<'_>, project: &str, title: &str, of: Words) -> Result<Open, Failure> {
    let mut file: TenderFile = toml::from_str(NOTICE).map_err(|e| strange(&e))?;
    title.clone_into(&mut file.title);
    let act = file.resolve(stage.clock(), Some(project.to_owned())).map_err(|e| strange(&e))?;
    let organiser = stage.actor(&ORGANISER)?;
    let what = words(format!("published a tender: {}", of.en), format!("发布招标公告：{}", of.zh));
    let published = stage.act(&organiser, Action::PublishTender(act), what).await?;
    let id = published.events.iter().find_map(|event| match &event.kind {
        EventKind::TenderPublished { tender, .. } => Some(tender.clone()),
        _ => None,
    });
    let id = id.ok_or_else(|| strange(&"publishing a tender caused no event"))?;
    stage.follow(format!("tender={id}"));
    let nodes = stage.nodes()?;
    let (record, committee) = tender_and_committee(&nodes, &id).await?;
    stage.progress.note(&words(
        format!("tender {}, deadline {}", record.code, record.closes_at),
        format!("招标项目 {}，投标截止 {}", record.code, record.closes_at),
    ));
    let envelope = EnvelopeClass::from_kib(record.envelope_kib)
        .ok_or_else(|| strange(&"an unknown length of envelopes"))?;
    Ok(Open { id: id.parse().map_err(|e| strange(&e))?, envelope, committee })
}

async fn objection(stage: &mut Stage<'_>, open: &Open) -> Result<(), Failure> {
    stage.pass_days("2026-04-20T10:00:00+08:00").await?;
    let (bidder, organiser) = (stage.actor(&BIDDERS[1])?, stage.actor(&ORGANISER)?);
    let text = ledger::hash::DocumentHash::of(b"an objection").to_string();
    let act = Action::RaiseObjection(RaiseObjection { tender: open.id.to_string(), text });
    let what = words("objected to the documents: the tender rests (CT23)", "提出异议，招标暂停（CT23）");
    stage.act(&bidder, act, what).await?;
    stage.pass_days("2026-04-22T10:00:00+08:00").await?;
    let answer = ledger::hash::DocumentHash::of(b"an answer").to_string();
    let act = AnswerObjection { tender: open.id.to_string(), number: 1, answer };
    let what = words("answered: the deadline moves by two days", "答复异议，投标截止顺延两日");
    stage.act(&organiser, Action::AnswerObjection(act), what).await?;
    Ok(())
}

/// All bids but the last; returns the bidder whose bid is kept from the ledger until the deadline has passed.
async fn bidding(stage: &mut Stage<'_>, open: &Open) -> Result<Bidder, Failure> {
    stage.progress.heading(&words(
        "Bids: one-time keys with blind-signed stamps, envelopes of one length",
        "投标：一次性密钥、盲签名准入凭证、等长信封",
    ));
    stage.pass_days("2026-05-06T10:00:00+08:00").await?;
    let mut bidders = Vec::new();
    for party in BIDDERS.iter().chain(&MORE_BIDDERS) {
        bidders.push(Bidder::prepare(stage, party).await?);
    }
    stage.progress.note(&words(
        "six admission stamps, each signed by a centre that does not see what it signs",
        "六张准入凭证，签发中心看不到所签内容",
    ));
    let [mut first, mut second, mut third, mut fourth, mut fifth, late] =
        <[Bidder; 6]>::try_from(bidders).map_err(|_| strange(&"six bidders"))?;

    let documents = first.documents(stage)?;
    first
        .submit(
            stage,
            open,
            3_980,
            Some(documents),
            words("sealed bid with a document", "密封投标（含附件）"),
        )
        .await?;
    second.submit(stage, open, 4_050, None, words("sealed bid", "密封投标")).await?;
    third.submit(stage, open, 4_100, None, words("sealed bid", "密封投标")).await?;
    fourth.garbage(stage, open).await?;
    fifth
        .submit(
            stage,
            open,
            4_020,
            None,
            words("sealed bid, and is never heard of again", "密封投标，此后失联"),
        )
        .await?;
    second.submit(stage, open, 3_950, None, words("replaced its bid", "替换投标")).await?;
    third.withdraw(stage, open).await?;

    // The same stamp under another key, and a number that is not the next.
    let stranger = SigningKey::from_seed(&Secret::generate().map_err(|e| strange(&e))?.seed().clone());
    let forged = Bidder { one_time: stranger, stamp: first.stamp.clone(), sequence: 0, party: first.party };
    forged
        .refused(
            stage,
            open,
            1,
            "invalid_stamp",
            words("bid with another key's stamp", "冒用他人准入凭证投标"),
        )
        .await?;
    first.refused(stage, open, 5, "bid_sequence", words("bid with a number left out", "跳号投标")).await?;

    let path = format!("/v1/tenders/{}/bids", open.id);
    let seen = stage.page(GUANGZHOU, &path).await?;
    let told = seen.iter().map(|bid| bid.as_object().map_or(0, serde_json::Map::len)).max().unwrap_or(0);
    if seen.len() != 4 || told != 2 {
        return Err(strange(&format!("{} sealed bids are listed with {told} fields", seen.len())));
    }
    stage.progress.note(&words(
        "before the opening everybody sees: 4 envelopes, their names and one-time keys, and nothing else",
        "开标前任何人只能看到：4 个信封及其编号与一次性公钥",
    ));
    Ok(late)
}

/// A centre loses its seat key, as one that means to give false shares would say; another goes down.
async fn faults_before_the_opening(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage
        .progress
        .heading(&words("Opening: one centre down, one that lies", "开标：一家中心离线，一家中心作假"));
    let height = stage.tip(SHENZHEN).await?;
    stage.network().nodes[SHENZHEN].kill();
    stage.network().nodes[SHENZHEN].hide_seat_keys(true)?;
    stage.network().nodes[SHENZHEN].start()?;
    stage.network().nodes[SHENZHEN].wait_until_ready().await?;
    stage.operated(SHENZHEN, height, words("Shenzhen keeps its true shares back", "深圳中心扣留真实份额"));
    let height = stage.tip(ZHONGSHAN).await?;
    stage.network().nodes[ZHONGSHAN].kill();
    stage.operated(ZHONGSHAN, height, words("the node of Zhongshan is down", "中山节点离线"));
    Ok(())
}

/// The last bid reaches the centres in time and the ledger within the grace.
async fn deadline(stage: &mut Stage<'_>, open: &Open, mut late: Bidder) -> Result<(), Failure> {
    let tender = stage.ask(GUANGZHOU, &format!("/v1/tenders/{}", open.id), "").await?;
    let closes =
        BlockTime::parse(tender["closes_at"].as_str().unwrap_or_default()).map_err(|e| strange(&e))?;
    let before = BlockTime::from_millis(closes.as_millis() - 60_000).map_err(|e| strange(&e))?;
    stage.pass_days(&before.to_string()).await?;
    let actor = late.actor(ZHUHAI);
    let mut act = late.sealed(stage, open, 3_890, None).await?;
    act.arrivals = late.arrivals(stage, open, &act).await?;
    let what = words(
        format!("{} centres have signed that a last bid came before the deadline", act.arrivals.len()),
        format!("{} 家中心已签署最后一份投标于截止前送达", act.arrivals.len()),
    );
    stage.progress.note(&what);
    stage.pass_minutes(2).await?;
    let mut without = act.clone();
    without.arrivals.clear();
    let what = words("the same without their signatures, after the deadline", "截止后无送达回执的同一投标");
    stage.refused(&actor, LedgerAction::SubmitBid(without), "bid_too_late", what).await?;
    let what = words("recorded within the grace", "宽限期内入账");
    stage.act(&actor, LedgerAction::SubmitBid(act), what).await?;
    stage.pass_minutes(2).await?;
    Ok(())
}

async fn opening(stage: &mut Stage<'_>, open: &Open) -> Result<(), Failure> {
    let path = format!("/v1/tenders/{}/opening", open.id);
    let given = |opening: &Value| opening["chunks"][0]["given"].as_array().map_or(0, Vec::len);
    let opening = stage.until(GUANGZHOU, &path, |opening| given(opening) == 2).await?;
    stage.progress.note(&words(
        format!(
            "{} envelopes; two centres have given their shares by themselves, three are needed",
            opening["bids"]
        ),
        format!("{} 个信封；两家中心节点已自动提交份额，需三家", opening["bids"]),
    ));
    let seat = seat_of(&open.committee, CENTRES[SHENZHEN].code)?;
    let bids = opening["bids"].as_u64().and_then(|bids| usize::try_from(bids).ok()).unwrap_or(0);
    let false_shares = false_shares(bids)?;
    let act = OpenShares { tender: open.id, chunk: 0, seat, shares: false_shares };
    let centre = stage.centre(SHENZHEN)?;
    let what = words("false shares of the seat of Shenzhen", "深圳席位提交虚假份额");
    stage.refused(&centre, LedgerAction::OpenShares(act), "invalid_shares", what).await?;
    let height = stage.tip(GUANGZHOU).await?;
    stage.network().nodes[ZHONGSHAN].start()?;
    stage.network().nodes[ZHONGSHAN].wait_until_ready().await?;
    stage.operated(
        ZHONGSHAN,
        height,
        words("Zhongshan is back and gives its share", "中山节点恢复并提交份额"),
    );
    let path = format!("/v1/tenders/{}", open.id);
    stage.until(GUANGZHOU, &path, |tender| tender["stage"] == "opened").await?;
    stage.network().nodes[SHENZHEN].hide_seat_keys(false)?;
    stage.settle_all().await
}

async fn outcome(stage: &mut Stage<'_>, open: &Open) -> Result<(), Failure> {
    let path = format!("/v1/tenders/{}/opened-bids", open.id);
    for bid in stage.page(ZHONGSHAN, &path).await? {
        let (bidder, price) = (&bid["bidder"], &bid["prices"][0]["price"]["amount"]);
        let (bidder, price) = (bidder.as_str().unwrap_or_default(), price.as_str().unwrap_or_default());
        let party = BIDDERS.iter().chain(&MORE_BIDDERS).find(|party| party.code == bidder);
        let party = party.ok_or_else(|| strange(&format!("{bidder} was opened")))?;
        stage.progress.note(&words(
            format!("opened: {} bids {price}", party.english),
            format!("开标：{}报价 {price} 元", party.name),
        ));
    }
    let nodes = stage.nodes()?;
    let into = stage.network().path("opened");
    let (tender, bidder) = (open.id.to_string(), BIDDERS[0].code);
    let written = crate::cli::bid::fetch_documents(&quiet(), &nodes, &tender, bidder, &into).await?;
    let read = written.first().and_then(|path| std::fs::read_to_string(path).ok());
    if read.as_deref() != Some(METHOD_STATEMENT) {
        return Err(strange(&"the document of the opened bid says something else"));
    }
    stage.progress.note(&words(
        "the document of the first bid was fetched from the centres and decrypted: everybody can now",
        "首份投标的附件已从交易中心下载并解密：开标后人人可读",
    ));
    Ok(())
}

/// Two bids are not enough: nothing is opened, and nothing can be.
async fn unopened(stage: &mut Stage<'_>, project: &str) -> Result<(), Failure> {
    stage.progress.heading(&words(
        "A tender with two bids stays sealed for ever (CT13)",
        "仅有两份投标的项目永不开标（CT13）",
    ));
    let title = "珠海市示例大桥附属工程施工招标公告";
    let open = notice(stage, project, title, words("its approach road", "大桥附属工程")).await?;
    for party in BIDDERS.iter().take(2) {
        let mut bidder = Bidder::prepare(stage, party).await?;
        bidder.submit(stage, &open, 4_000, None, words("sealed bid", "密封投标")).await?;
    }
    let path = format!("/v1/tenders/{}", open.id);
    let tender = stage.ask(GUANGZHOU, &path, "").await?;
    let opens = tender["opens_at"].as_str().unwrap_or_default().to_owned();
    stage.pass_days(&opens).await?;
    stage.pass_minutes(1).await?;
    stage.until(GUANGZHOU, &path, |tender| tender["stage"] == "failed").await?;
    let seat = seat_of(&open.committee, CENTRES[GUANGZHOU].code)?;
    let act = OpenShares { tender: open.id, chunk: 0, seat, shares: false_shares(2)? };
    let centre = stage.centre(GUANGZHOU)?;
    let what = words("shares for bids that must not be opened", "为不得开标的投标提交份额");
    stage.refused(&centre, LedgerAction::OpenShares(act), "tender_stage_not_permitted", what).await
}

impl Bidder {
    /// Draws a one-time key and has it stamped by a centre of another city than the bidder's own.
    async fn prepare(stage: &mut Stage<'_>, party: &'static Party) -> Result<Self, Failure> {
        let one_time = SigningKey::from_seed(&Secret::generate().map_err(|e| strange(&e))?.seed().clone());
        let issuer = CENTRES[(party.at + 1) % CENTRES.len()].code;
        let (nodes, key) = (stage.nodes()?, LedgerKey::from(stage.actor(party)?.key));
        stage.until_page(GUANGZHOU, "/v1/stamp-keys", |keys| keys.len() >= CENTRES.len()).await?;
        let stamp = stamp::obtain(&nodes, &key, &one_time, Some(issuer)).await?;
        let stamp = Bytes::new(stamp).map_err(|e| strange(&e))?;
        Ok(Self { party, one_time, stamp, sequence: 0 })
    }

    /// Whoever holds the one-time key, at another city's node.
    fn actor(&self, node: usize) -> Actor {
        Actor { title: words("one-time key", "一次性密钥"), key: self.one_time.clone(), node }
    }

    fn target<'a>(&'a self, stage: &'a Stage<'_>, open: &'a Open, sequence: u32) -> Target<'a> {
        Target {
            chain: stage.chain(),
            tender: open.id,
            envelope: open.envelope,
            committee: &open.committee,
            one_time_key: &self.one_time,
            sequence,
        }
    }

    /// The bidder's document.
    fn documents(&self, stage: &mut Stage<'_>) -> Result<PathBuf, Failure> {
        stage.network().write("method-statement.txt", METHOD_STATEMENT)?;
        Ok(stage.network().path("method-statement.txt"))
    }

    /// Seals a price in ten thousand yuan, with a letter of the bank and perhaps a document, which goes to two centres.
    async fn sealed(
        &mut self,
        stage: &mut Stage<'_>,
        open: &Open,
        price: u64,
        document: Option<PathBuf>,
    ) -> Result<SubmitBid, Failure> {
        self.sequence += 1;
        let price = Amount::new(price * 1_000_000, Currency::Cny).map_err(|e| strange(&e))?;
        let bidder = self.party.code.parse().map_err(|e| strange(&e))?;
        let bond = Some(self.bond(stage, open)?);
        let terms = Terms { bidder, prices: vec![LotPrice { lot: 1, price }], bond };
        let key = LedgerKey::from(stage.actor(self.party)?.key);
        let into = stage.network().path("document.sealed");
        let count = u16::from(document.is_some());
        let sealed = self.target(stage, open, self.sequence).seal(terms, &key, count, |_, key| {
            let path = document.as_deref().ok_or_else(|| strange(&"no document"))?;
            let (entry, local) = documents::encrypt(key, path, "施工组织设计.txt", &into)?;
            Ok::<_, Failure>((entry, local.document))
        });
        let sealed = sealed.map_err(|e| match e {
            crate::bidding::SealError::Document(failure) => failure,
            _ => strange(&"a bid could not be sealed"),
        })?;
        let stored = self.store(stage, open, &sealed, &into).await?;
        sealed
            .act(open.id, self.sequence, &self.stamp, stored)
            .ok_or_else(|| strange(&"a bid of another length"))
    }

    async fn store(
        &self,
        stage: &mut Stage<'_>,
        open: &Open,
        sealed: &SealedOffer,
        path: &std::path::Path,
    ) -> Result<Vec<StoredDocument>, Failure> {
        let local = |document: &ledger::record::bid::SealedDocument| Local {
            path: path.to_owned(),
            document: document.clone(),
        };
        let local: Vec<Local> = sealed.documents.iter().map(local).collect();
        let needed = sealing::committee::faults(open.committee.seats()) + 1;
        let (chain, nodes) = (stage.chain().clone(), stage.nodes()?);
        let who = Uploader { chain: &chain, tender: open.id, key: &self.one_time, stamp: &self.stamp };
        documents::store(&quiet(), &nodes, &who, &local, needed).await
    }

    /// The bank signs a letter on its own machine. It learns neither the price nor which bid it is for.
    fn bond(&self, stage: &Stage<'_>, open: &Open) -> Result<BidBond, Failure> {
        let bank = stage.actor(&BANK)?;
        let (bind, opening) = hide(&self.one_time.public_key());
        let letter = BondLetter {
            chain: stage.chain().clone(),
            tender: open.id,
            guarantor: BANK.code.parse().map_err(|e| strange(&e))?,
            number: format!("TB-{}-{}-{}", &open.id.to_string()[..6], self.party.key, self.sequence)
                .parse()
                .map_err(|e| strange(&e))?,
            principal: self.party.code.parse().map_err(|e| strange(&e))?,
            amount: Amount::new(BOND, Currency::Cny).map_err(|e| strange(&e))?,
            valid_until: stage.clock().plus(Span::from_millis(BOND_DAYS * DAY_MS)),
            bind: Bytes::new(bind).map_err(|e| strange(&e))?,
        };
        let signature = bank.key.sign(&crate::cli::bid::signed_bytes(&letter));
        let opening = Bytes::new(opening.to_vec()).map_err(|e| strange(&e))?;
        Ok(BidBond { letter, key: bank.key.public_key(), signature, opening })
    }

    async fn submit(
        &mut self,
        stage: &mut Stage<'_>,
        open: &Open,
        price: u64,
        document: Option<PathBuf>,
        what: Words,
    ) -> Result<(), Failure> {
        let act = self.sealed(stage, open, price, document).await?;
        let actor = self.actor((self.party.at + 2) % CENTRES.len());
        stage.act(&actor, LedgerAction::SubmitBid(act), what).await.map(|_| ())
    }

    /// A faulty program seals what is no offer. Nobody can know before the opening.
    async fn garbage(&mut self, stage: &mut Stage<'_>, open: &Open) -> Result<(), Failure> {
        self.sequence += 1;
        let sealed = self.target(stage, open, self.sequence).seal_garbage(b"no offer at all");
        let sealed = sealed.map_err(|e| strange(&e))?;
        let act = sealed.act(open.id, self.sequence, &self.stamp, Vec::new());
        let act = act.ok_or_else(|| strange(&"a bid of another length"))?;
        let what = words("sealed what is no bid; nobody can tell yet", "密封内容并非投标，此时无人知晓");
        stage.act(&self.actor(GUANGZHOU), LedgerAction::SubmitBid(act), what).await.map(|_| ())
    }

    async fn withdraw(&mut self, stage: &mut Stage<'_>, open: &Open) -> Result<(), Failure> {
        self.sequence += 1;
        let act = LedgerAction::WithdrawBid(WithdrawBid { tender: open.id, sequence: self.sequence });
        stage.act(&self.actor(GUANGZHOU), act, words("withdrew its bid", "撤回投标")).await.map(|_| ())
    }

    async fn refused(
        &self,
        stage: &mut Stage<'_>,
        open: &Open,
        sequence: u32,
        code: &str,
        what: Words,
    ) -> Result<(), Failure> {
        let sealed = self.target(stage, open, sequence).seal_garbage(b"anything").map_err(|e| strange(&e))?;
        let act = sealed.act(open.id, sequence, &self.stamp, Vec::new());
        let act = act.ok_or_else(|| strange(&"a bid of another length"))?;
        stage.refused(&self.actor(GUANGZHOU), LedgerAction::SubmitBid(act), code, what).await
    }

    /// What the centres that are up say when a bid came.
    async fn arrivals(
        &self,
        stage: &mut Stage<'_>,
        open: &Open,
        act: &SubmitBid,
    ) -> Result<Vec<Arrival>, Failure> {
        let bid = name_of(stage, self, open, act)?;
        let request = Request::Arrival { bid };
        let ticket = Ticket::sign(stage.chain(), &self.one_time, open.id, request, self.stamp.clone());
        crate::cli::bid::arrivals(&quiet(), &stage.nodes()?, stage.chain(), bid, &ticket).await
    }
}

/// The name of a sealed bid.
fn name_of(stage: &Stage<'_>, bidder: &Bidder, open: &Open, act: &SubmitBid) -> Result<BidId, Failure> {
    let target = bidder.target(stage, open, act.sequence);
    let documents: Vec<_> = act.documents.iter().map(|stored| stored.document.clone()).collect();
    let name = target.name(act.dealing.as_slice(), act.envelope.as_slice(), &documents);
    name.map(|name| BidId::from_bytes(*name.as_bytes())).ok_or_else(|| strange(&"a bid that does not verify"))
}

/// Number of a centre's seat.
fn seat_of(committee: &Committee, code: &str) -> Result<u8, Failure> {
    let code = code.parse().map_err(|e| strange(&e))?;
    let id = ledger::procedure::epoch::centre_id(&code);
    let number = (1..=u8::MAX).find(|n| {
        sealing::committee::Seat::new(*n)
            .and_then(|seat| committee.member(seat))
            .is_some_and(|member| member.centre == id)
    });
    number.ok_or_else(|| strange(&"a centre without a seat"))
}

/// Points that are on the curve and nobody's shares.
fn false_shares<const MAX: usize>(bids: usize) -> Result<Bytes<MAX>, Failure> {
    let mut bytes = Vec::new();
    for _ in 0..bids {
        let secret: sealing::seat::SeatSecret =
            sealing::seat::SeatSecret::generate(&mut crate::tenders::keys::system_random());
        bytes.extend_from_slice(secret.public().as_bytes());
    }
    bytes.extend_from_slice(&[0; 64]);
    Bytes::new(bytes).map_err(|e| strange(&e))
}

/// A console that shows nothing: the demonstration tells by itself what happens.
fn quiet() -> Console {
    Console::new(Format::Json, None)
}
