//! The trade of the demonstration, from notice to contract.

use std::time::Instant;

use ledger::hash::DocumentHash;

use super::cast::{BANK, BIDDERS, CENTRES, Party, SELLER, SHENZHEN, ZHONGSHAN, ZHUHAI};
use super::identity::{self, Trust};
use super::receipt;
use super::stage::{Actor, Stage, strange};
use crate::api::schema::{
    Action, ConfirmDeal, DepositGuarantee, EventKind, IssueGuarantee, PublishResult, RecordContract,
    ReleaseGuarantee, Stage as ListingStage, SubmitQuote,
};
use crate::cli::output::{Failure, Words, words};
use crate::cli::trade::{ListingFile, yuan};

/// Days from the notice to the contract.
pub(super) const DAYS: u64 = 45;
/// The listing as examples/listing.toml describes it.
const LISTING: &str = include_str!("../../../examples/listing.toml");
/// When the letters end.
const LETTERS_END: &str = "2026-06-30T18:00:00+08:00";
const CONTRACT: &str = "国有建设用地使用权出让合同（演示文本）\n";
const OTHER_CONTRACT: &str = "国有建设用地使用权出让合同（演示文本，另一版本）\n";

const FIRST: &Party = &BIDDERS[0];
const SECOND: &Party = &BIDDERS[1];
const THIRD: &Party = &BIDDERS[2];

/// Plays the whole trade; with `kill`, one node is killed during the listing period.
pub(super) async fn play(stage: &mut Stage<'_>, kill: bool) -> Result<Trust, Failure> {
    let trust = Trust::establish(stage).await?;
    trust.enrol_all(stage).await?;
    notice(stage).await?;
    guarantees(stage).await?;
    listing_period(stage, &trust, kill).await?;
    timed_bidding(stage).await?;
    confirmation(stage).await?;
    returning_letters(stage).await?;
    contract(stage).await?;
    Ok(trust)
}

async fn notice(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.progress.heading(&words("Notice: 20 days at least (LL01)", "公告期：不少于20日（LL01）"));
    let file: ListingFile = toml::from_str(LISTING).map_err(|e| strange(&e))?;
    let act = Action::PublishListing(file.resolve(stage.clock()).map_err(|e| strange(&e))?);
    let seller = stage.actor(&SELLER)?;
    let published = stage.act(&seller, act, words("published the listing", "发布挂牌公告")).await?;
    let code = published.events.iter().find_map(|event| match &event.kind {
        EventKind::ListingPublished { listing, .. } => Some(listing.clone()),
        _ => None,
    });
    stage.set_deal(code.ok_or_else(|| strange(&"publishing a listing caused no event"))?);
    let deal = stage.deal();
    stage.follow(format!("listing={deal}"));
    stage.progress.note(&words(format!("deal code {deal}"), format!("交易标识码 {deal}")));
    let stranger =
        Actor {
            title: words("stranger", "未登记者"), key: stage.network().key("stranger")?, node: SHENZHEN
        };
    let quote = quote(stage, "80000000.00");
    stage
        .refused(
            &stranger,
            quote,
            "unknown_key",
            words("quote with an unregistered key", "使用未登记密钥报价"),
        )
        .await?;
    stage.pass_days("2026-03-05T09:00:00+08:00").await
}

async fn guarantees(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.progress.heading(&words("Letters of guarantee: one for each bidder", "电子保函：每名竞买人一份"));
    let bank = stage.actor(&BANK)?;
    for bidder in &BIDDERS {
        let act = Action::IssueGuarantee(IssueGuarantee {
            number: letter_number(bidder),
            applicant: bidder.code.into(),
            listing: stage.deal(),
            amount: yuan("20000000.00".into()),
            expires_at: LETTERS_END.into(),
        });
        stage
            .act(
                &bank,
                act,
                words(format!("letter for {}", bidder.english), format!("为{}开立保函", bidder.name)),
            )
            .await?;
    }
    stage.pass_days("2026-03-09T09:00:00+08:00").await?;
    let second = stage.actor(SECOND)?;
    let lent = deposit(stage, FIRST);
    stage
        .refused(&second, lent, "not_the_applicant", words("deposit of another's letter", "递交他人保函"))
        .await?;
    for bidder in &BIDDERS {
        let (actor, act) = (stage.actor(bidder)?, deposit(stage, bidder));
        stage.act(&actor, act, words("deposited the letter", "递交保函，取得竞买资格")).await?;
    }
    let first = stage.actor(FIRST)?;
    let again = deposit(stage, FIRST);
    stage
        .refused(&first, again, "guarantee_used", words("the same letter a second time", "同一保函重复递交"))
        .await?;
    let early = quote(stage, "80000000.00");
    stage
        .refused(&first, early, "stage_not_permitted", words("quote before the opening", "挂牌开始前报价"))
        .await?;
    let act = quote(stage, "80000000.00");
    let mut forged = stage.sign(&first, act).await?.bytes;
    if let Some(last) = forged.last_mut() {
        *last ^= 1;
    }
    stage.refused_bytes(&first, &forged, "invalid_signature", words("forged signature", "伪造签名")).await?;
    stage.pass_days("2026-03-23T09:00:00+08:00").await?;
    stage
        .until_stage(ListingStage::Listed, words("the ledger opens the listing", "账本自动开始挂牌"))
        .await?;
    Ok(())
}

async fn listing_period(stage: &mut Stage<'_>, trust: &Trust, kill: bool) -> Result<(), Failure> {
    stage.progress.heading(&words(
        "Listing: 10 days at least, quotes in the open (LL02)",
        "挂牌期：不少于10日，公开报价（LL02）",
    ));
    let (first, mut third) = (stage.actor(FIRST)?, stage.actor(THIRD)?);
    // Enrolled through Guangzhou, at home everywhere.
    let elsewhere = Actor { node: SHENZHEN, ..stage.actor(FIRST)? };
    quotes(stage, &elsewhere, "80000000.00").await?;
    let staff = identity::appoint_staff(stage).await?;
    stage.pass_days("2026-03-25T10:00:00+08:00").await?;
    quotes(stage, &staff, "85000000.00").await?;
    let low = quote(stage, "85500000.00");
    stage
        .refused(&third, low, "quote_below_increment", words("quote below the increment", "加价不足一个幅度"))
        .await?;
    quotes(stage, &third, "90000000.00").await?;
    let high = quote(stage, "95000000.00");
    stage
        .refused(
            &staff,
            high,
            "amount_outside_mandate",
            words("staff's quote above its ceiling", "经办人报价超过授权上限"),
        )
        .await?;
    let device = trust.revoke_second_certificate(stage).await?;
    let late = quote(stage, "95000000.00");
    stage
        .refused(
            &device,
            late,
            "signers_certificate_revoked",
            words("quote with the revoked certificate", "使用已吊销证书报价"),
        )
        .await?;
    stage.pass_days("2026-03-27T10:00:00+08:00").await?;
    let height = stage.tip(ZHONGSHAN).await?;
    if kill {
        stage.network().nodes[ZHONGSHAN].kill();
        let what = words(
            "kill -9 of the node of Zhongshan; three of four go on",
            "kill -9 终止中山节点，其余三节点继续",
        );
        stage.operated(ZHONGSHAN, height, what);
        // Its customers use any other node.
        third.node = ZHUHAI;
    }
    quotes(stage, &first, "95000000.00").await?;
    stage.pass_days("2026-03-30T10:00:00+08:00").await?;
    quotes(stage, &third, "100000000.00").await?;
    stage.pass_days("2026-04-01T10:00:00+08:00").await?;
    if kill {
        restart(stage, height).await?;
    }
    stage.pass_days("2026-04-03T15:00:00+08:00").await?;
    stage
        .until_stage(
            ListingStage::TimedBidding,
            words(
                "the listing closes, three valid bidders: timed bidding",
                "挂牌截止，三名有效竞买人：进入限时竞价",
            ),
        )
        .await?;
    Ok(())
}

async fn restart(stage: &mut Stage<'_>, from: u64) -> Result<(), Failure> {
    let (began, target) = (Instant::now(), stage.tip(ZHUHAI).await?);
    let node = &mut stage.network().nodes[ZHONGSHAN];
    node.start()?;
    node.wait_until_ready().await?;
    while stage.tip(ZHONGSHAN).await? < target {
        if began.elapsed().as_secs() > 30 {
            return Err(strange(&"the node that was killed does not catch up"));
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let (height, seconds) = (stage.tip(ZHONGSHAN).await?, began.elapsed().as_secs_f32());
    let what = words(
        format!("restarted, caught up from height {from} to {height} in {seconds:.1} s"),
        format!("重启，{seconds:.1} 秒内由高度 {from} 追至 {height}"),
    );
    stage.operated(ZHONGSHAN, height, what);
    Ok(())
}

async fn timed_bidding(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.progress.heading(&words(
        "Timed bidding: a late quote extends it by 5 minutes (LL04, LL05)",
        "限时竞价：最后5分钟报价则延长5分钟（LL04、LL05）",
    ));
    let (first, second) = (stage.actor(FIRST)?, stage.actor(SECOND)?);
    stage.pass_minutes(3).await?;
    quotes(stage, &second, "102000000.00").await?;
    ends_at(stage, "2026-04-03T15:08:00").await?;
    stage.pass_minutes(4).await?;
    quotes(stage, &first, "103000000.00").await?;
    ends_at(stage, "2026-04-03T15:12:00").await?;
    stage.pass_minutes(6).await?;
    let listing =
        stage.until_stage(ListingStage::Concluded, words("timed bidding ends", "限时竞价结束")).await?;
    let best = listing.best.ok_or_else(|| strange(&"a concluded listing without a best quote"))?;
    if best.bidder != FIRST.code || best.price.amount != "103000000.00" {
        return Err(strange(&format!("{} won at {}", best.bidder, best.price.amount)));
    }
    stage.progress.note(&words(
        format!("{} wins at {} yuan", FIRST.english, best.price.amount),
        format!("{}竞得，成交价 {} 元", FIRST.name, best.price.amount),
    ));
    Ok(())
}

async fn confirmation(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.progress.heading(&words(
        "Confirmation, then publicity of 5 working days (LL06, LL08)",
        "成交确认与结果公示5个工作日（LL06、LL08）",
    ));
    let (seller, winner, centre) = (stage.actor(&SELLER)?, stage.actor(FIRST)?, stage.centre(ZHUHAI)?);
    stage.pass_days("2026-04-07T10:00:00+08:00").await?;
    for side in [&seller, &winner] {
        let act = Action::ConfirmDeal(ConfirmDeal { listing: stage.deal() });
        stage.act(side, act, words("confirmed the deal", "签署成交确认书")).await?;
    }
    stage.pass_days("2026-04-08T10:00:00+08:00").await?;
    let act = Action::PublishResult(PublishResult { listing: stage.deal() });
    stage.act(&centre, act, words("published the result", "公示成交结果")).await?;
    Ok(())
}

async fn returning_letters(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.progress.heading(&words(
        "Losers' letters back within 5 working days (LL10)",
        "5个工作日内解除未竞得人保函（LL10）",
    ));
    let seller = stage.actor(&SELLER)?;
    let winners = Action::ReleaseGuarantee(ReleaseGuarantee { guarantee: letter(FIRST) });
    stage
        .refused(
            &seller,
            winners,
            "winners_guarantee",
            words("release of the winner's letter", "提前解除竞得人保函"),
        )
        .await?;
    let act = Action::ReleaseGuarantee(ReleaseGuarantee { guarantee: letter(SECOND) });
    stage.act(&seller, act, words("released a loser's letter", "解除未竞得人保函")).await?;
    stage.pass_days("2026-04-14T10:00:00+08:00").await?;
    released(stage, THIRD, "return_period").await?;
    stage.pass_days("2026-04-16T10:00:00+08:00").await?;
    stage
        .until_stage(ListingStage::Publicised, words("publicity ends without objection", "公示期满，无异议"))
        .await?;
    Ok(())
}

async fn contract(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.progress.heading(&words("Contract: both sides record the same document", "合同：双方备案同一文件"));
    stage.network().write("contract.txt", CONTRACT)?;
    let (seller, winner) = (stage.actor(&SELLER)?, stage.actor(FIRST)?);
    let record = |stage: &Stage<'_>, text: &str| {
        let document = DocumentHash::of(text.as_bytes()).to_string();
        Action::RecordContract(RecordContract { listing: stage.deal(), document })
    };
    let act = record(stage, CONTRACT);
    stage.act(&seller, act, words("recorded the contract", "备案合同")).await?;
    let other = record(stage, OTHER_CONTRACT);
    stage
        .refused(
            &winner,
            other,
            "contract_differs",
            words("another version of the contract", "备案另一版本合同"),
        )
        .await?;
    let act = record(stage, CONTRACT);
    let recorded = stage.act(&winner, act, words("recorded the contract", "备案合同")).await?;
    stage.until_stage(ListingStage::Contracted, words("the trade is done", "交易完成")).await?;
    released(stage, FIRST, "contract").await?;
    receipt::take(stage, &recorded).await
}

/// The ledger has released a letter by itself.
async fn released(stage: &mut Stage<'_>, bidder: &Party, ground: &str) -> Result<(), Failure> {
    let path = format!("/v1/guarantees/{}", letter(bidder));
    for _ in 0..200 {
        if stage.ask(0, &path, "/status/ground").await? == ground {
            stage.progress.note(&words(
                format!("the ledger releases the letter of {} ({ground})", bidder.english),
                format!("账本自动解除{}的保函（{ground}）", bidder.name),
            ));
            return Ok(());
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Err(strange(&format!("the letter of {} is not released", bidder.english)))
}

/// Timed bidding now ends in this second.
async fn ends_at(stage: &mut Stage<'_>, expected: &str) -> Result<(), Failure> {
    let path = format!("/v1/listings/{}", stage.deal());
    let end = stage.ask(0, &path, "/stage_ends_at").await?;
    let end = end.as_str().unwrap_or_default();
    if !end.starts_with(expected) {
        return Err(strange(&format!("timed bidding ends at {end} where {expected} was due")));
    }
    stage.progress.note(&words(format!("extended to {end}"), format!("竞价延长至 {end}")));
    Ok(())
}

async fn quotes(stage: &mut Stage<'_>, actor: &Actor, price: &str) -> Result<(), Failure> {
    let act = quote(stage, price);
    stage.act(actor, act, quoted(price)).await.map(|_| ())
}

fn quoted(price: &str) -> Words {
    words(format!("quoted {price}"), format!("报价 {price} 元"))
}

fn quote(stage: &Stage<'_>, price: &str) -> Action {
    Action::SubmitQuote(SubmitQuote { listing: stage.deal(), price: yuan(price.into()) })
}

fn deposit(stage: &Stage<'_>, bidder: &Party) -> Action {
    Action::DepositGuarantee(DepositGuarantee { listing: stage.deal(), guarantee: letter(bidder) })
}

fn letter_number(bidder: &Party) -> String {
    format!("LG-2026-{}", CENTRES[bidder.at].region)
}

fn letter(bidder: &Party) -> String {
    format!("{}:{}", BANK.code, letter_number(bidder))
}
