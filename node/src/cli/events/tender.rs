//! What happened to tenders, in a few words.

use crate::api::schema::EventKind;
use crate::cli::output::{Words, words};

/// What happened to a tender, its bids and the committees; the name of the event for what is described elsewhere.
pub(super) fn describe(kind: &EventKind) -> Words {
    use EventKind as E;
    match kind {
        E::ProjectRegistered { project, .. } => {
            words(format!("project {project} registered"), format!("项目 {project} 进场登记"))
        }
        E::SeatKeyRegistered { epoch, centre } => words(
            format!("seat key of {centre} for epoch {epoch}"),
            format!("{centre} 登记第 {epoch} 密封期席位密钥"),
        ),
        E::SealingEpochBegan { epoch, ends_at } => words(
            format!("sealing epoch {epoch} until {ends_at}"),
            format!("第 {epoch} 密封期开始，至 {ends_at}"),
        ),
        E::CommitteeFormed { epoch, seats, needed } => words(
            format!("committee of epoch {epoch}: {needed} of {seats} seats open"),
            format!("第 {epoch} 密封期委员会组成，{seats} 席中 {needed} 席可开标"),
        ),
        E::TenderPublished { tender, closes_at, .. } => words(
            format!("tender published {tender}, deadline {closes_at}"),
            format!("发布招标公告 {tender}，投标截止 {closes_at}"),
        ),
        E::TenderClarified { tender, number } => {
            words(format!("clarification {number} of {tender}"), format!("{tender} 第 {number} 次澄清"))
        }
        E::DeadlineMoved { tender, closes_at } => words(
            format!("deadline of {tender} moved to {closes_at}"),
            format!("{tender} 投标截止顺延至 {closes_at}"),
        ),
        E::ObjectionRaised { tender, number, by, answer_by } => words(
            format!("objection {number} to {tender} by {by}, to be answered by {answer_by}"),
            format!("{by} 对 {tender} 提出第 {number} 项异议，应于 {answer_by} 前答复"),
        ),
        E::ObjectionAnswered { tender, number, late } => words(
            format!("objection {number} to {tender} answered{}", if *late { ", late" } else { "" }),
            format!("{tender} 第 {number} 项异议已答复{}", if *late { "（逾期）" } else { "" }),
        ),
        E::StampKeyRegistered { centre, quarter, .. } => words(
            format!("key of {centre} for admission stamps of quarter {quarter}"),
            format!("{centre} 登记第 {quarter} 季度准入凭证密钥"),
        ),
        E::BidSubmitted { tender, bid, replaces } => words(
            format!(
                "sealed bid {bid} for {tender}{}",
                if replaces.is_some() { ", in another's place" } else { "" }
            ),
            format!(
                "{tender} 收到密封投标 {}{}",
                short(bid),
                if replaces.is_some() { "（替换）" } else { "" }
            ),
        ),
        E::BidWithdrawn { tender, bid } => words(
            format!("bid {} withdrawn from {tender}", short(bid)),
            format!("{tender} 的投标 {} 撤回", short(bid)),
        ),
        E::TenderFailed { tender, bids } => words(
            format!("tender {tender} failed: {bids} bids, nothing is opened"),
            format!("{tender} 流标：仅 {bids} 份投标，不予开标"),
        ),
        E::OpeningBegan { tender, bids, .. } => {
            words(format!("opening of {tender}: {bids} bids"), format!("{tender} 开标，共 {bids} 份投标"))
        }
        E::SharesGiven { tender, chunk, seat } => words(
            format!("shares of seat {seat} for chunk {chunk} of {tender}"),
            format!("{tender} 第 {chunk} 批：{seat} 号席位提交份额"),
        ),
        E::BidOpened { tender, bid, .. } => words(
            format!("bid {} of {tender} opened", short(bid)),
            format!("{tender} 的投标 {} 已解密", short(bid)),
        ),
        E::TenderOpened { tender, bids, valid, by_bidders } => words(
            format!(
                "tender {tender} opened: {valid} of {bids} bids count{}",
                if *by_bidders { ", some opened by their bidders" } else { "" }
            ),
            format!(
                "{tender} 开标完成，{bids} 份投标中 {valid} 份有效{}",
                if *by_bidders { "（部分由投标人自行解密）" } else { "" }
            ),
        ),
        E::SharesMissing { tender, chunk, centres } => words(
            format!("shares for chunk {chunk} of {tender} missing: {}", centres.join(", ")),
            format!("{tender} 第 {chunk} 批缺少份额：{}", centres.join("、")),
        ),
        E::OpeningStalled { tender } => {
            words(format!("opening of {tender} stalled"), format!("{tender} 开标受阻"))
        }
        E::TenderAnnulled { tender, unopened } => words(
            format!("tender {tender} annulled, {unopened} bids stay sealed"),
            format!("{tender} 作废，{unopened} 份投标保持密封"),
        ),
        other => words(other.name(), other.name()),
    }
}

/// The first digits of a name, enough for a person to tell bids apart.
fn short(name: &str) -> &str {
    name.get(..12).unwrap_or(name)
}
