//! Wrong signatures under deals: unknown listing, wrong stage, wrong side, twice, another document.

use ledger::action::Action;
use ledger::hash::DocumentHash;
use ledger::id::{CreditCode, DealCode};
use ledger::procedure::confirmation::ConfirmDeal;
use ledger::procedure::contract::RecordContract;
use ledger::procedure::guarantee::IssueGuarantee;
use ledger::procedure::publicity::PublishResult;
use ledger::procedure::quote::SubmitQuote;
use ledger::procedure::release::ReleaseGuarantee;
use ledger::record::listing::Stage;
use ledger::record::organisation::Role;
use ledger::time::DAY_MS;

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene, after, fen};
use super::{letters, unknown_deal};
use crate::auditor::books::Deal;

fn confirm(hand: &mut Hand, scene: &Scene<'_>, who: &CreditCode, code: &DealCode) -> Option<Draw> {
    hand.act(scene, who, Action::ConfirmDeal(ConfirmDeal { listing: code.clone() }))
}

fn sign(
    hand: &mut Hand,
    scene: &Scene<'_>,
    who: &CreditCode,
    code: &DealCode,
    document: DocumentHash,
) -> Option<Draw> {
    hand.act(scene, who, Action::RecordContract(RecordContract { listing: code.clone(), document }))
}

pub(super) fn listing_unknown(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let listing = unknown_deal(hand, scene)?;
    let (seller, bidder) = (hand.someone(scene, Role::Seller)?, hand.someone(scene, Role::Bidder)?);
    match hand.chance.below(5) {
        0 => confirm(hand, scene, &seller, &listing),
        1 => sign(hand, scene, &bidder, &listing, DocumentHash::of(b"nothing")),
        2 => hand.act(scene, &bidder, Action::SubmitQuote(SubmitQuote { listing, price: fen(1) })),
        3 => {
            let centre = hand.someone(scene, Role::Centre)?;
            hand.act(scene, &centre, Action::PublishResult(PublishResult { listing }))
        }
        _ => letters::nowhere(hand, scene),
    }
}

pub(super) fn stage_not_permitted(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (code, deal) = hand.deal(scene, |_| true)?;
    let winner = deal.winner().or_else(|| deal.bidders.keys().next());
    match hand.chance.below(6) {
        0 if deal.stage != Stage::Concluded => confirm(hand, scene, &deal.seller, code),
        1 if deal.stage != Stage::Confirmed => {
            let act = PublishResult { listing: code.clone() };
            hand.act(scene, &deal.notice.centre, Action::PublishResult(act))
        }
        2 if deal.stage != Stage::Publicised => {
            sign(hand, scene, winner.unwrap_or(&deal.seller), code, DocumentHash::of(b"too early"))
        }
        3 if deal.stage != Stage::Listed && deal.stage != Stage::TimedBidding => {
            let act = SubmitQuote { listing: code.clone(), price: fen(u64::MAX) };
            hand.act(scene, winner?, Action::SubmitQuote(act))
        }
        4 if deal.stage > Stage::Listed => late_letter(hand, scene, code, deal),
        5 if deal.stage <= Stage::TimedBidding => early_release(hand, scene, code, deal),
        _ => None,
    }
}

fn late_letter(hand: &mut Hand, scene: &Scene<'_>, code: &DealCode, deal: &Deal) -> Option<Draw> {
    let guarantor = hand.someone(scene, Role::Guarantor)?;
    let act = IssueGuarantee {
        number: format!("late-{}", hand.number()).parse().ok()?,
        applicant: hand.someone(scene, Role::Bidder)?,
        listing: code.clone(),
        amount: deal.notice.prices.deposit,
        expires_at: after(scene.time, DAY_MS),
    };
    hand.act(scene, &guarantor, Action::IssueGuarantee(act))
}

fn early_release(hand: &mut Hand, scene: &Scene<'_>, code: &DealCode, deal: &Deal) -> Option<Draw> {
    let (id, _, _) = hand.letter(scene, |letter, _| letter.deal == *code)?;
    let act = ReleaseGuarantee { guarantee: id.clone() };
    hand.act(scene, &deal.seller, Action::ReleaseGuarantee(act))
}

/// Somebody that is neither seller nor winner.
fn outsider(hand: &mut Hand, scene: &Scene<'_>, deal: &Deal) -> Option<CreditCode> {
    hand.someone_of(scene, |code, roles| {
        let may = roles.contains(&Role::Seller) || roles.contains(&Role::Bidder);
        may && *code != deal.seller && deal.winner() != Some(code)
    })
}

pub(super) fn not_a_party(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (code, deal) = hand.deal_at(scene, &[Stage::Concluded, Stage::Publicised])?;
    let who = outsider(hand, scene, deal)?;
    match deal.stage {
        Stage::Concluded => confirm(hand, scene, &who, code),
        _ => sign(hand, scene, &who, code, DocumentHash::of(b"of others")),
    }
}

pub(super) fn already_signed(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let signed = |deal: &Deal| match (deal.stage, deal.contract) {
        (Stage::Concluded, _) => Some(deal.confirmed),
        (Stage::Publicised, Some((_, signed))) => Some(signed),
        _ => None,
    };
    let (code, deal) =
        hand.deal(scene, |deal| signed(deal).is_some_and(|s| s.seller.is_some() || s.winner.is_some()))?;
    let who = if signed(deal)?.seller.is_some() { &deal.seller } else { deal.winner()? };
    match deal.stage {
        Stage::Concluded => confirm(hand, scene, who, code),
        _ => {
            // Also with another document: that this side has signed is said first.
            let document = [DocumentHash::of(code.as_str().as_bytes()), DocumentHash::of(b"another")];
            let document = *hand.chance.pick(&document)?;
            sign(hand, scene, who, code, document)
        }
    }
}

pub(super) fn not_the_host(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (code, deal) = hand.deal_at(scene, &[Stage::Confirmed])?;
    let host = &deal.notice.centre;
    let other = hand.someone_of(scene, |code, roles| roles.contains(&Role::Centre) && code != host)?;
    hand.act(scene, &other, Action::PublishResult(PublishResult { listing: code.clone() }))
}

pub(super) fn contract_differs(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (code, deal) = hand.deal(scene, |deal| deal.stage == Stage::Publicised && deal.contract.is_some())?;
    let (_, signed) = deal.contract?;
    let who = if signed.seller.is_none() { &deal.seller } else { deal.winner()? };
    sign(hand, scene, who, code, DocumentHash::of(b"another"))
}
