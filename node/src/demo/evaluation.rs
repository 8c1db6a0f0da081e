//! The tender of the demonstration goes on: a panel that nobody chose, scores that nobody copied, and a contract.
//!
//! Five of seven experts of two centres are drawn by the ledger from the secrets of the bids. One leaves because it knows a
//! bidder, and the next of the draw takes its seat.

use ledger::action::Action as LedgerAction;
use ledger::codec::Bytes;
use ledger::crypto::SigningKey;
use ledger::hash::DocumentHash;
use ledger::id::TenderId;
use ledger::procedure::award::AwardTender;
use ledger::procedure::expert::{EnterExperts, Entry};
use ledger::procedure::panel::{Excused, MendPanel, NameExpert};
use ledger::procedure::scores::{CommitScores, RevealScores};
use ledger::procedure::tender_contract::SignContract;
use ledger::record::evaluation::{ExcuseGround, ExpertCard, Mark, Sheet};
use ledger::record::project::Industry;
use serde_json::Value;

use super::cast::{BIDDERS, CENTRES, GUANGZHOU, MORE_BIDDERS, ORGANISER, Party, SHENZHEN, ZHUHAI};
use super::stage::{Actor, Stage, strange};
use crate::cli::output::{Failure, words};
use crate::keys::Secret;

/// Experts of two centres, by name.
const EXPERTS: [(usize, &[&str]); 2] =
    [(ZHUHAI, &["专家甲", "专家乙", "专家丙", "专家丁"]), (GUANGZHOU, &["专家戊", "专家己", "专家庚"])];
/// Points for the technical and the business part that the first member gives, in hundredths, in the order of the credit codes
/// of the bidders; each other member gives a little less.
const POINTS: [(u32, u32); 4] = [(2_700, 900), (2_850, 850), (2_600, 800), (2_500, 950)];

/// An expert with what only it and its centre know.
pub(super) struct Expert {
    centre: usize,
    key: SigningKey,
    card: ExpertCard,
}

fn random() -> Result<SigningKey, Failure> {
    Ok(SigningKey::from_seed(&Secret::generate().map_err(|e| strange(&e))?.seed().clone()))
}

fn salt() -> Result<Bytes<32>, Failure> {
    Bytes::new(random()?.public_key().as_bytes().to_vec()).map_err(|e| strange(&e))
}

/// Two centres enter their experts: the ledger gets keys and commitments, and no names.
pub(super) async fn pool(stage: &mut Stage<'_>) -> Result<Vec<Expert>, Failure> {
    let mut experts = Vec::new();
    for (centre, names) in EXPERTS {
        let mut entered = Vec::new();
        for name in names {
            let name = name.parse().map_err(|e| strange(&e))?;
            let card = ExpertCard { name, employer: None, salt: salt()? };
            entered.push(Expert { centre, key: random()?, card });
        }
        entered.sort_by_key(|expert| expert.key.public_key());
        let entry = |expert: &Expert| Entry { key: expert.key.public_key(), card: expert.card.hash() };
        let industry = industry()?;
        let act = EnterExperts { industry, experts: entered.iter().map(entry).collect() };
        let who = stage.centre(centre)?;
        let what = words(
            format!("entered {} experts in the pool, without names", entered.len()),
            format!("录入 {} 名评标专家，不含姓名", entered.len()),
        );
        stage.act(&who, LedgerAction::EnterExperts(act), what).await?;
        experts.extend(entered);
    }
    Ok(experts)
}

/// What the project is about.
fn industry() -> Result<Industry, Failure> {
    let project: crate::api::schema::RegisterProject =
        toml::from_str(super::tender::PROJECT).map_err(|e| strange(&e))?;
    Ok(project.industry.into())
}

/// From the opened bids to the contract.
pub(super) async fn play(stage: &mut Stage<'_>, tender: TenderId, experts: &[Expert]) -> Result<(), Failure> {
    stage.progress.heading(&words(
        "Evaluation: experts drawn by the ledger, scores committed before they are shown",
        "评标：专家由账本随机抽取，评分先承诺后公开",
    ));
    panel(stage, tender).await?;
    scores(stage, tender, experts).await?;
    let winner = award(stage, tender, experts).await?;
    contract(stage, tender, winner).await
}

async fn evaluation(stage: &Stage<'_>, tender: TenderId) -> Result<Value, Failure> {
    stage.ask(GUANGZHOU, &format!("/v1/tenders/{tender}/evaluation"), "").await
}

/// The seats that are not left, with the experts on them.
fn sitting<'a>(evaluation: &Value, experts: &'a [Expert]) -> Result<Vec<(u32, &'a Expert)>, Failure> {
    let seats = evaluation["seats"].as_array().cloned().unwrap_or_default();
    let sitting = seats.iter().filter(|seat| seat["excused"].is_null());
    sitting.map(|seat| Ok((number(seat)?, expert(seat, experts)?))).collect()
}

fn number(seat: &Value) -> Result<u32, Failure> {
    let number = seat["seat"].as_u64().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| strange(&"a seat without a number"))
}

fn expert<'a>(seat: &Value, experts: &'a [Expert]) -> Result<&'a Expert, Failure> {
    let key = seat["key"].as_str().unwrap_or_default();
    let found = experts.iter().find(|expert| expert.key.public_key().to_string() == key);
    found.ok_or_else(|| strange(&"an expert whom nobody entered was drawn"))
}

/// A member of the panel at the node of its centre.
fn member(seat: u32, expert: &Expert) -> Actor {
    let title = words(format!("expert on seat {seat}"), format!("评委（第 {seat} 席）"));
    Actor { title, key: expert.key.clone(), node: expert.centre }
}

async fn panel(stage: &mut Stage<'_>, tender: TenderId) -> Result<(), Failure> {
    let drawn = evaluation(stage, tender).await?;
    let seats = drawn["seats"].as_array().map_or(0, Vec::len);
    stage.progress.note(&words(
        format!("the last bid that was opened drew {seats} of 7 experts of two centres; nobody could choose"),
        format!("全部开标后，账本即由各投标秘密值抽取 7 名专家中的 {seats} 名，无人可以操纵"),
    ));
    let host = stage.centre(ZHUHAI)?;
    let excused = Some(Excused { seat: 2, ground: ExcuseGround::Conflict });
    let act = LedgerAction::MendPanel(MendPanel { tender, excused });
    let what = words(
        "excused an expert who knows a bidder; the next of the draw takes the seat",
        "一名专家与投标人有利害关系而回避，按抽取顺序递补",
    );
    stage.act(&host, act, what).await.map(|_| ())
}

async fn scores(stage: &mut Stage<'_>, tender: TenderId, experts: &[Expert]) -> Result<(), Failure> {
    // So long bidders may object to the opening (CT46).
    stage.pass_minutes(31).await?;
    let panel = evaluation(stage, tender).await?;
    let members = sitting(&panel, experts)?;
    let bids = stage.page(GUANGZHOU, &format!("/v1/tenders/{tender}/opened-bids")).await?.len();
    let mut sheets = Vec::new();
    for (less, (seat, expert)) in (0u32..).zip(&members) {
        let mark = |(technical, business): &(u32, u32)| Mark {
            technical: technical.saturating_sub(less * 35),
            business: business.saturating_sub(less * 10),
            rejected: None,
        };
        let sheet = Sheet { marks: POINTS.iter().take(bids).map(mark).collect(), dissent: None };
        let salt = salt()?;
        let hash = sheet.hash(&tender, &expert.key.public_key(), &salt);
        let reveal = RevealScores { tender, sheet, salt };
        let (who, act) = (member(*seat, expert), CommitScores { tender, sheet: hash });
        stage
            .act(&who, LedgerAction::CommitScores(act), words("committed to scores", "提交评分承诺"))
            .await?;
        if less == 0 {
            let what = words("showed them before the others had committed", "他人未承诺即公开评分");
            stage
                .refused(&who, LedgerAction::RevealScores(reveal.clone()), "sheets_outstanding", what)
                .await?;
        }
        sheets.push((who, reveal));
    }
    let last = sheets.len().saturating_sub(1);
    for (at, (who, reveal)) in sheets.into_iter().enumerate() {
        if at == last {
            let mut other = reveal.clone();
            other.sheet.marks.iter_mut().for_each(|mark| mark.technical = 0);
            let what = words("showed other scores, having seen those of the others", "见他人评分后改动己分");
            stage.refused(&who, LedgerAction::RevealScores(other), "sheet_differs", what).await?;
        }
        let what = words("showed its scores", "公开评分");
        stage.act(&who, LedgerAction::RevealScores(reveal), what).await?;
    }
    Ok(())
}

/// The bidder called by a credit code.
fn bidder(code: &Value) -> Result<&'static Party, Failure> {
    let mut all = BIDDERS.iter().chain(&MORE_BIDDERS);
    all.find(|party| code == party.code).ok_or_else(|| strange(&format!("{code} is no bidder")))
}

async fn award(
    stage: &mut Stage<'_>,
    tender: TenderId,
    experts: &[Expert],
) -> Result<&'static Party, Failure> {
    let ranked = evaluation(stage, tender).await?;
    for (rank, candidate) in (1..).zip(ranked["lots"][0]["candidates"].as_array().into_iter().flatten()) {
        let party = bidder(&candidate["bidder"])?;
        let price = candidate["price"]["amount"].as_str().unwrap_or_default();
        let score = candidate["score"].as_u64().unwrap_or_default();
        let (points, rest) = (score / 100, score % 100);
        stage.progress.note(&words(
            format!("every node ranks: {rank}. {}, {points}.{rest:02} points, {price}", party.english),
            format!("各节点一致排名：第 {rank} 名 {}，{points}.{rest:02} 分，报价 {price} 元", party.name),
        ));
    }
    let until = ranked["display_until"].as_str().unwrap_or_default().to_owned();
    let act = LedgerAction::AwardTender(AwardTender { tender });
    let organiser = stage.actor(&ORGANISER)?;
    let what = words("awarded before the candidates were on display for three days", "公示未满三日即定标");
    stage.refused(&organiser, act.clone(), "tender_stage_not_permitted", what).await?;
    stage.pass_days(&until).await?;
    stage.pass_minutes(1).await?;
    let what = words("awarded before the experts were named", "未公布评委名单即定标");
    stage.refused(&organiser, act.clone(), "panel_not_named", what).await?;
    let seats = ranked["seats"].as_array().cloned().unwrap_or_default();
    for seat in &seats {
        let (number, expert) = (number(seat)?, expert(seat, experts)?);
        let who = stage.centre(expert.centre)?;
        let act = NameExpert { tender, seat: number, card: expert.card.clone() };
        let what = words(format!("named the expert on seat {number}"), format!("公布第 {number} 席评委姓名"));
        stage.act(&who, LedgerAction::NameExpert(act), what).await?;
    }
    stage.act(&organiser, act, words("awarded the lot to the first candidate", "确定第一候选人中标")).await?;
    let awarded = evaluation(stage, tender).await?;
    bidder(&awarded["lots"][0]["winner"])
}

async fn contract(stage: &mut Stage<'_>, tender: TenderId, winner: &'static Party) -> Result<(), Failure> {
    let act = |text: &str| {
        let document = DocumentHash::of(text.as_bytes());
        LedgerAction::SignContract(SignContract { tender, lot: 1, document })
    };
    let (organiser, contractor) = (stage.actor(&ORGANISER)?, stage.actor(winner)?);
    stage.act(&organiser, act("the contract"), words("signed the contract", "签署合同")).await?;
    let what = words("signed another text", "签署另一文本");
    stage.refused(&contractor, act("another contract"), "contract_differs", what).await?;
    let what = words("signed it too: the bridge is contracted", "签署合同，示例大桥工程合同成立");
    stage.act(&contractor, act("the contract"), what).await?;
    let path = format!("/v1/tenders/{tender}");
    stage.until(SHENZHEN, &path, |tender| tender["stage"] == "contracted").await?;
    let centres = CENTRES.len();
    stage.progress.note(&words(
        format!("contracted, on all {centres} nodes alike"),
        format!("合同成立，{centres} 个节点一致"),
    ));
    Ok(())
}
