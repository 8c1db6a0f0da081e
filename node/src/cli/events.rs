//! `zhulian show events`: what has happened, from any place on, and what happens next.

mod tender;

use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::NodesArg;
use super::client::{Client, Nodes};
use super::output::{Console, Exit, Failure, Words, words};
use crate::api::schema::{Event, EventKind};

/// How often a follower asks.
const PACE: Duration = Duration::from_millis(500);
/// Events asked for at a time.
const PAGE: u32 = 500;

/// What has happened.
#[derive(Args)]
#[command(
    after_help = "Examples 示例:\n  zhulian show events --listing B01-...-000001-7\n  zhulian show events --from 120.0 --follow --output json"
)]
pub(crate) struct Events {
    /// The last event already seen, HEIGHT.NUMBER; 0.0 shows all 起点
    #[arg(long, value_name = "EVENT", default_value = "0.0")]
    from: String,
    /// Go on with what happens next, until ctrl-c 持续跟踪
    #[arg(long)]
    follow: bool,
    /// Only what concerns this listing 仅某挂牌项目
    #[arg(long, value_name = "CODE")]
    listing: Option<String>,
    /// Only what concerns this tender 仅某招标项目
    #[arg(long, value_name = "ID")]
    tender: Option<String>,
    /// Only what concerns this organisation 仅某主体
    #[arg(long, value_name = "CODE")]
    organisation: Option<String>,
    #[command(flatten)]
    nodes: NodesArg,
}

/// A page of the feed.
#[derive(Deserialize)]
struct Page {
    data: Vec<Event>,
    next: String,
}

impl Events {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let nodes = Nodes::new(&self.nodes.nodes)?;
        let mut from = self.from.clone();
        loop {
            let (page, path) = (&self.path(&from), self.path(&from));
            let found: Page = nodes.ask(|client: Client| async move { client.get(page).await }).await?;
            self.print(console, &found.data);
            let moved = self.path(&found.next) != path;
            from = found.next;
            match (moved, self.follow) {
                (true, _) => {}
                (false, true) => tokio::time::sleep(PACE).await,
                (false, false) => return Ok(Exit::Done),
            }
        }
    }

    fn path(&self, from: &str) -> String {
        let mut path = format!("/v1/events?format=json&limit={PAGE}&from={}", super::show::segment(from));
        let filters =
            [("listing", &self.listing), ("tender", &self.tender), ("organisation", &self.organisation)];
        for (name, value) in filters {
            if let Some(value) = value {
                path += &format!("&{name}={}", super::show::segment(value));
            }
        }
        path
    }

    /// One event a line, so that a follower can be piped.
    fn print(&self, console: &Console, events: &[Event]) {
        for event in events {
            if console.is_json() {
                console.line(&serde_json::to_string(event).unwrap_or_default());
            } else {
                console.line(&format!(
                    "{:<10} {}  {}",
                    event.id,
                    event.time,
                    describe(event).pick(console.lang())
                ));
            }
        }
    }
}

/// What happened, in a few words.
pub(crate) fn describe(event: &Event) -> Words {
    use EventKind as E;
    match &event.kind {
        E::OrganisationRegistered { organisation, .. } => {
            words(format!("registered {organisation}"), format!("登记主体 {organisation}"))
        }
        E::ListingPublished { listing, opens_at, closes_at, .. } => words(
            format!("listing published {listing}, open {opens_at} to {closes_at}"),
            format!("发布挂牌公告 {listing}，{opens_at} 至 {closes_at}"),
        ),
        E::ListingOpened { listing } => {
            words(format!("listing opened {listing}"), format!("挂牌开始 {listing}"))
        }
        E::GuaranteeIssued { guarantee, amount, .. } => words(
            format!("letter issued {guarantee}, {}", amount.amount),
            format!("开立保函 {guarantee}，{} 元", amount.amount),
        ),
        E::BidderQualified { bidder, .. } => {
            words(format!("qualified {bidder}"), format!("取得竞买资格 {bidder}"))
        }
        E::QuoteRecorded { bidder, price, number, .. } => words(
            format!("quote {number}: {} by {bidder}", price.amount),
            format!("第{number}次报价 {} 元，{bidder}", price.amount),
        ),
        E::TimedBiddingStarted { bidders, ends_at, .. } => words(
            format!("timed bidding of {bidders} bidders until {ends_at}"),
            format!("进入限时竞价，{bidders} 名竞买人，至 {ends_at}"),
        ),
        E::TimedBiddingExtended { ends_at, .. } => {
            words(format!("extended to {ends_at}"), format!("竞价延长至 {ends_at}"))
        }
        E::ListingConcluded { winner, price, .. } => words(
            format!("won by {winner} at {}", price.amount),
            format!("竞得人 {winner}，成交价 {} 元", price.amount),
        ),
        E::ListingEnded { listing, .. } => {
            words(format!("listing ended {listing}"), format!("挂牌终结 {listing}"))
        }
        E::DealConfirmed { by, .. } => words(format!("confirmed by {by}"), format!("成交确认 {by}")),
        E::ResultPublished { until, .. } => {
            words(format!("result published until {until}"), format!("结果公示至 {until}"))
        }
        E::PublicityEnded { .. } => words("publicity ended", "公示期满"),
        E::ContractSigned { by, complete, .. } => words(
            format!("contract signed by {by}{}", if *complete { ", complete" } else { "" }),
            format!("合同签署 {by}{}", if *complete { "，双方完成" } else { "" }),
        ),
        E::GuaranteeReleased { guarantee, .. } => {
            words(format!("letter released {guarantee}"), format!("保函解除 {guarantee}"))
        }
        E::GuaranteeExpired { guarantee } => {
            words(format!("letter expired {guarantee}"), format!("保函到期 {guarantee}"))
        }
        E::ClockAdvanced { by_ms } => {
            words(format!("clock stepped by {by_ms} ms"), format!("时钟前移 {by_ms} 毫秒"))
        }
        governance => describe_governance(governance),
    }
}

/// What happened to members, keys and rules, in a few words.
fn describe_governance(kind: &EventKind) -> Words {
    use EventKind as E;
    match kind {
        E::ChangeProposed { change, by, .. } => {
            words(format!("change {change} proposed by {by}"), format!("{by} 提议变更 {change}"))
        }
        E::ChangeApproved { change, by } => {
            words(format!("change {change} approved by {by}"), format!("{by} 批准变更 {change}"))
        }
        E::ChangeAdopted { change, from } => words(
            format!("change {change} in force from height {from}"),
            format!("变更 {change} 自高度 {from} 起生效"),
        ),
        E::ChangeExpired { change } => {
            words(format!("change {change} expired"), format!("变更 {change} 已过期"))
        }
        E::MemberAdmitted { organisation, from } => words(
            format!("{organisation} is a member from height {from}"),
            format!("{organisation} 自高度 {from} 起成为成员"),
        ),
        E::MemberRemoved { organisation, from } => words(
            format!("{organisation} is no member from height {from}"),
            format!("{organisation} 自高度 {from} 起不再是成员"),
        ),
        E::KeysRotated { organisation, from } => words(
            format!("{organisation} has new keys from height {from}"),
            format!("{organisation} 自高度 {from} 起启用新密钥"),
        ),
        E::RulesAdopted { version, kind } => words(
            format!("rule pack {version} of {kind:?} in force"),
            format!("规则包（{kind:?}）第 {version} 版生效"),
        ),
        E::DoubleSigningRecorded { accused, organisation, signed_height, .. } => words(
            format!("{organisation} signed twice at height {signed_height}, key {accused}"),
            format!("{organisation} 在高度 {signed_height} 重复签名，密钥 {accused}"),
        ),
        identity => describe_identity(identity),
    }
}

/// What happened to certificates and what follows from them, in a few words.
fn describe_identity(kind: &EventKind) -> Words {
    use EventKind as E;
    match kind {
        E::AuthorityTrusted { authority, .. } => {
            words(format!("authority {authority} trusted"), format!("信任证书颁发机构 {authority}"))
        }
        E::AuthoritySuspended { authority, .. } => {
            words(format!("authority {authority} suspended"), format!("暂停证书颁发机构 {authority}"))
        }
        E::AuthorityReinstated { authority, .. } => {
            words(format!("authority {authority} reinstated"), format!("恢复证书颁发机构 {authority}"))
        }
        E::AuthorityRemoved { authority, .. } => {
            words(format!("authority {authority} removed"), format!("移除证书颁发机构 {authority}"))
        }
        E::OrganisationEnrolled { organisation, certificate, .. } => words(
            format!("{organisation} enrolled with certificate {certificate}"),
            format!("{organisation} 以证书 {certificate} 登记"),
        ),
        E::OrganisationRenamed { organisation, name, .. } => {
            words(format!("{organisation} is now called {name}"), format!("{organisation} 更名为 {name}"))
        }
        E::RoleAdmitted { organisation, .. } => {
            words(format!("{organisation} has a further role"), format!("{organisation} 取得新角色"))
        }
        E::StaffAppointed { organisation, key, .. } => {
            words(format!("{organisation} appointed key {key}"), format!("{organisation} 授权密钥 {key}"))
        }
        E::MandateRevoked { organisation, key } => {
            words(format!("{organisation} revoked key {key}"), format!("{organisation} 撤销密钥 {key}"))
        }
        E::CertificateRevoked { certificate, organisation, date, .. } => words(
            format!("certificate {certificate} of {organisation} revoked from {date}"),
            format!("{organisation} 的证书 {certificate} 自 {date} 起吊销"),
        ),
        E::CertificateReleased { certificate, .. } => {
            words(format!("certificate {certificate} off hold"), format!("证书 {certificate} 解除冻结"))
        }
        E::RevocationListRecorded { entries, .. } => words(
            format!("revocation list of {entries} certificates recorded"),
            format!("录入吊销列表，{entries} 张证书"),
        ),
        E::CertificateChecked { certificate, .. } => {
            words(format!("certificate {certificate} is good"), format!("证书 {certificate} 状态正常"))
        }
        E::QuoteStruck { bidder, number, .. } => {
            words(format!("quote {number} by {bidder} struck"), format!("{bidder} 的第{number}次报价作废"))
        }
        E::ListingQuestioned { listing, .. } => {
            words(format!("listing {listing} questioned"), format!("挂牌项目 {listing} 存疑"))
        }
        E::GuaranteeQuestioned { guarantee, .. } => {
            words(format!("letter {guarantee} questioned"), format!("保函 {guarantee} 存疑"))
        }
        E::SharedKeyRecorded { holder, applicant, .. } => words(
            format!("{holder} and {applicant} share a key"),
            format!("{holder} 与 {applicant} 共用密钥"),
        ),
        E::SignedWhileStale { organisation, .. } => words(
            format!("{organisation} signed while revocation data is stale"),
            format!("{organisation} 在吊销信息过时期间签名"),
        ),
        E::CosignerRegistered { organisation, .. } => words(
            format!("{organisation} named its keys for checkpoints"),
            format!("{organisation} 登记检查点签名密钥"),
        ),
        other => tender::describe(other),
    }
}
