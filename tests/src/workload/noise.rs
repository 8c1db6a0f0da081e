//! Acts that nobody would sign: any party, any listing, any letter, often several faults at once.

use ledger::action::Action;
use ledger::hash::DocumentHash;
use ledger::id::{CreditCode, DealCode, GuaranteeId};
use ledger::procedure::approval::ApproveChange;
use ledger::procedure::clock::AdvanceClock;
use ledger::procedure::confirmation::ConfirmDeal;
use ledger::procedure::contract::RecordContract;
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::procedure::proposal::ProposeChange;
use ledger::procedure::publicity::PublishResult;
use ledger::procedure::qualification::DepositGuarantee;
use ledger::procedure::quote::SubmitQuote;
use ledger::procedure::release::ReleaseGuarantee;
use ledger::time::{DAY_MS, Span};

use super::draw::Draw;
use super::hand::{Hand, Scene, after, fen};
use super::{evidence, governance, identity, legal, wrong};

/// Any act by anybody.
pub(super) fn next(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let who = hand.someone_of(scene, |_, _| true)?;
    let action = any_act(hand, scene)?;
    let mut draw = hand.act(scene, &who, action)?;
    if hand.chance.happens(5) {
        draw.expiry = scene.height.saturating_sub(hand.chance.below(3));
    }
    Some(draw)
}

fn any_deal(hand: &mut Hand, scene: &Scene<'_>) -> Option<DealCode> {
    if hand.chance.happens(8) {
        return wrong::unknown_deal(hand, scene);
    }
    hand.deal(scene, |_| true).map(|(code, _)| code.clone())
}

fn any_letter(hand: &mut Hand, scene: &Scene<'_>) -> Option<GuaranteeId> {
    if hand.chance.happens(8) {
        return wrong::unknown_letter(hand, scene);
    }
    hand.letter(scene, |_, _| true).map(|(id, _, _)| id.clone())
}

fn any_code(hand: &mut Hand, scene: &Scene<'_>) -> Option<CreditCode> {
    if hand.chance.happens(8) { hand.fresh_code() } else { hand.someone_of(scene, |_, _| true) }
}

fn any_act(hand: &mut Hand, scene: &Scene<'_>) -> Option<Action> {
    Some(match hand.chance.below(19) {
        12..17 => identity::any_act(hand, scene)?,
        0 => registration(hand, scene)?,
        1 => notice(hand, scene)?,
        2 => letter(hand, scene)?,
        3 => Action::DepositGuarantee(DepositGuarantee {
            listing: any_deal(hand, scene)?,
            guarantee: any_letter(hand, scene)?,
        }),
        4 => Action::SubmitQuote(SubmitQuote {
            listing: any_deal(hand, scene)?,
            price: fen(hand.chance.below(3_000_000_000)),
        }),
        5 => Action::ConfirmDeal(ConfirmDeal { listing: any_deal(hand, scene)? }),
        6 => Action::PublishResult(PublishResult { listing: any_deal(hand, scene)? }),
        7 => Action::RecordContract(RecordContract {
            listing: any_deal(hand, scene)?,
            document: DocumentHash::of(&[hand.chance.below(2) as u8]),
        }),
        8 => Action::ReleaseGuarantee(ReleaseGuarantee { guarantee: any_letter(hand, scene)? }),
        9 => Action::ProposeChange(ProposeChange { change: governance::any_change(hand, scene)? }),
        10 => {
            let ids: Vec<_> = scene.books.changes.keys().copied().collect();
            Action::ApproveChange(ApproveChange { change: *hand.chance.pick(&ids)? })
        }
        17 => {
            let (who, keys) = (any_code(hand, scene)?, (hand.fresh_key(), hand.fresh_key()));
            Action::RegisterCosigner(governance::cosigner(hand, &who, keys)?)
        }
        11 => Action::ReportDoubleSigning(ReportDoubleSigning { evidence: evidence::any(hand, scene)? }),
        _ => {
            let by = Span::from_millis(hand.chance.below(2) * hand.chance.below(900 * DAY_MS));
            Action::AdvanceClock(AdvanceClock { by })
        }
    })
}

fn registration(hand: &mut Hand, scene: &Scene<'_>) -> Option<Action> {
    let mut act = legal::organisation(hand)?;
    act.code = any_code(hand, scene)?;
    if hand.chance.happens(30) {
        act.roles.reverse();
    }
    if hand.chance.happens(30) {
        let taken: Vec<_> = scene.books.keys.keys().copied().collect();
        act.keys.extend(hand.chance.pick(&taken));
    }
    Some(Action::RegisterOrganisation(act))
}

fn notice(hand: &mut Hand, scene: &Scene<'_>) -> Option<Action> {
    let mut act = legal::listing(hand, scene)?;
    act.centre = any_code(hand, scene)?;
    if hand.chance.happens(30) {
        act.prices.deposit = fen(hand.chance.below(1_000_000));
    }
    if hand.chance.happens(30) {
        act.prices.reserve = fen(hand.chance.below(1_000_000_000));
    }
    if hand.chance.happens(30) {
        act.opens_at = after(scene.time, hand.chance.below(40 * DAY_MS));
    }
    if hand.chance.happens(30) {
        act.closes_at = after(scene.time, hand.chance.below(60 * DAY_MS));
    }
    if hand.chance.happens(20) {
        act.resource.term_years = hand.chance.below(100) as u32;
    }
    Some(Action::PublishListing(act))
}

fn letter(hand: &mut Hand, scene: &Scene<'_>) -> Option<Action> {
    let (code, deal) = hand.deal(scene, |_| true)?;
    let mut act = legal::issue(hand, scene, code, deal)?;
    if hand.chance.happens(30) {
        act.number = any_letter(hand, scene)?.number;
    }
    if hand.chance.happens(30) {
        act.applicant = any_code(hand, scene)?;
    }
    if hand.chance.happens(30) {
        act.amount = fen(hand.chance.below(2) * hand.chance.below(1_000));
    }
    if hand.chance.happens(30) {
        act.expires_at = after(deal.published_at, hand.chance.below(90 * DAY_MS));
    }
    Some(Action::IssueGuarantee(act))
}
