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
        E::ExpertsEntered { centre, industry, count } => words(
            format!("{centre} entered {count} experts for {industry:?}"),
            format!("{centre} 录入 {count} 名专家（{industry:?}）"),
        ),
        E::PanelDrawn { tender, experts, missing, .. } => words(
            format!("panel of {tender}: {} experts drawn, {missing} missing", experts.len()),
            format!("{tender} 评标委员会：抽取专家 {} 名，尚缺 {missing} 名", experts.len()),
        ),
        E::ExpertExcused { tender, seat, ground } => words(
            format!("panel of {tender}: seat {seat} left ({ground:?})"),
            format!("{tender} 评标委员会第 {seat} 席退出（{ground:?}）"),
        ),
        E::ScoresCommitted { tender, seat } => words(
            format!("panel of {tender}: seat {seat} committed to its scores"),
            format!("{tender} 评标委员会第 {seat} 席提交评分承诺"),
        ),
        E::ScoresRevealed { tender, seat } => words(
            format!("panel of {tender}: seat {seat} revealed its scores"),
            format!("{tender} 评标委员会第 {seat} 席公开评分"),
        ),
        E::CandidatesOnDisplay { tender, lots, rejected, until } => words(
            format!(
                "{tender} ranked: candidates for {lots} lots on display until {until}, {rejected} bids rejected"
            ),
            format!("{tender} 评标完成：{lots} 个标段的中标候选人公示至 {until}，否决投标 {rejected} 份"),
        ),
        E::AllBidsRejected { tender, rejected } => words(
            format!("{tender} failed: all {rejected} bids rejected"),
            format!("{tender} 否决全部 {rejected} 份投标，招标失败"),
        ),
        E::ExpertNamed { tender, seat, name } => words(
            format!("panel of {tender}: seat {seat} is {name}"),
            format!("{tender} 评标委员会第 {seat} 席：{name}"),
        ),
        E::EvaluationVoid { tender, seat } => words(
            format!("evaluation of {tender} void: seat {seat} had an interest"),
            format!("{tender} 第 {seat} 席存在利害关系，评标无效，重新评审"),
        ),
        E::DisplayEnded { tender } => {
            words(format!("display of candidates of {tender} ended"), format!("{tender} 中标候选人公示期满"))
        }
        E::LotAwarded { tender, lot, winner, price, contract_by } => words(
            format!(
                "lot {lot} of {tender} awarded to {winner} at {}, contract by {contract_by}",
                price.amount
            ),
            format!(
                "{tender} 第 {lot} 标段中标人 {winner}，中标价 {}，合同签订截止 {contract_by}",
                price.amount
            ),
        ),
        E::AwardLapsed { tender, lot, winner } => words(
            format!("award of lot {lot} of {tender} to {winner} lapsed"),
            format!("{winner} 逾期未订立 {tender} 第 {lot} 标段合同，中标资格失效"),
        ),
        E::LotContractSigned { tender, lot, by, complete } => words(
            format!(
                "{by} signed the contract of lot {lot} of {tender}{}",
                if *complete { ", both have" } else { "" }
            ),
            format!("{by} 签署 {tender} 第 {lot} 标段合同{}", if *complete { "，双方已签署" } else { "" }),
        ),
        E::TenderEnded { tender, stage } => {
            words(format!("{tender} ended: {stage}"), format!("{tender} 结束：{stage}"))
        }
        other => words(other.name(), other.name()),
    }
}

/// The first digits of a name, enough for a person to tell bids apart.
fn short(name: &str) -> &str {
    name.get(..12).unwrap_or(name)
}
