//! Wrong letters, wrong deposits and wrong releases.

use ledger::action::Action;
use ledger::id::{CreditCode, DealCode, GuaranteeId};
use ledger::procedure::guarantee::IssueGuarantee;
use ledger::procedure::qualification::DepositGuarantee;
use ledger::procedure::release::ReleaseGuarantee;
use ledger::record::guarantee::GuaranteeStatus;
use ledger::record::listing::Stage;
use ledger::record::organisation::Role;

use super::super::draw::Draw;
use super::super::hand::{Hand, Scene, fen};
use super::super::legal;
use super::{unknown_deal, unknown_letter};
use crate::auditor::books::{Deal, Letter};

const OPEN: [Stage; 2] = [Stage::Announced, Stage::Listed];

/// A letter of a guarantor, changed.
fn issued(
    hand: &mut Hand,
    scene: &Scene<'_>,
    change: impl FnOnce(&mut Hand, &mut IssueGuarantee) -> Option<()>,
) -> Option<Draw> {
    let guarantor = hand.someone(scene, Role::Guarantor)?;
    let (code, deal) = hand.deal_at(scene, &OPEN)?;
    let mut act = legal::issue(hand, scene, code, deal)?;
    change(hand, &mut act)?;
    hand.act(scene, &guarantor, Action::IssueGuarantee(act))
}

pub(super) fn exists(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (id, _, _) = hand.letter(scene, |_, _| true)?;
    let (code, deal) = hand.deal_at(scene, &OPEN)?;
    let mut act = legal::issue(hand, scene, code, deal)?;
    act.number = id.number.clone();
    hand.act(scene, &id.guarantor, Action::IssueGuarantee(act))
}

pub(super) fn applicant_not_bidder(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    issued(hand, scene, |hand, act| {
        act.applicant = if hand.chance.happens(50) {
            hand.fresh_code()?
        } else {
            hand.someone_of(scene, |_, roles| !roles.contains(&Role::Bidder))?
        };
        Some(())
    })
}

pub(super) fn invalid_amount(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    issued(hand, scene, |_, act| {
        act.amount = fen(0);
        Some(())
    })
}

pub(super) fn already_expired(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    issued(hand, scene, |hand, act| {
        act.expires_at = if hand.chance.happens(50) { scene.time } else { Default::default() };
        Some(())
    })
}

/// Deposits a letter for a listing.
fn deposit(
    hand: &mut Hand,
    scene: &Scene<'_>,
    who: &CreditCode,
    listing: &DealCode,
    guarantee: &GuaranteeId,
) -> Option<Draw> {
    let act = DepositGuarantee { listing: listing.clone(), guarantee: guarantee.clone() };
    hand.act(scene, who, Action::DepositGuarantee(act))
}

/// Deposits, as its applicant, some letter for an open listing that meets a condition.
fn deposited(hand: &mut Hand, scene: &Scene<'_>, good: impl Fn(&Letter, &Deal) -> bool) -> Option<Draw> {
    let (id, letter, _) =
        hand.letter(scene, |letter, deal| OPEN.contains(&deal.stage) && good(letter, deal))?;
    deposit(hand, scene, &letter.applicant, &letter.deal, id)
}

fn is_issued(letter: &Letter) -> bool {
    letter.status == GuaranteeStatus::Issued
}

pub(super) fn unknown(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let guarantee = unknown_letter(hand, scene)?;
    if hand.chance.happens(50) {
        let seller = hand.someone(scene, Role::Seller)?;
        return hand.act(scene, &seller, Action::ReleaseGuarantee(ReleaseGuarantee { guarantee }));
    }
    let bidder = hand.someone(scene, Role::Bidder)?;
    let (code, _) = hand.deal_at(scene, &OPEN)?;
    deposit(hand, scene, &bidder, code, &guarantee)
}

pub(super) fn not_the_applicant(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (id, letter, _) = hand.letter(scene, |_, deal| OPEN.contains(&deal.stage))?;
    let other =
        hand.someone_of(scene, |code, roles| roles.contains(&Role::Bidder) && *code != letter.applicant)?;
    deposit(hand, scene, &other, &letter.deal, id)
}

pub(super) fn wrong_listing(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (id, letter, _) = hand.letter(scene, |_, _| true)?;
    let (code, _) = hand.deal_at(scene, &OPEN)?;
    (*code != letter.deal).then(|| deposit(hand, scene, &letter.applicant, code, id))?
}

pub(super) fn used(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    if hand.chance.happens(50) {
        return deposited(hand, scene, |letter, _| !is_issued(letter));
    }
    let (id, letter, _) =
        hand.letter(scene, |letter, deal| letter.is_over() && !OPEN.contains(&deal.stage))?;
    let act = ReleaseGuarantee { guarantee: id.clone() };
    hand.act(scene, &letter.beneficiary, Action::ReleaseGuarantee(act))
}

pub(super) fn too_small(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    deposited(hand, scene, |letter, deal| {
        is_issued(letter) && letter.amount.minor() < deal.notice.prices.deposit.minor()
    })
}

pub(super) fn too_short(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    deposited(hand, scene, |letter, deal| is_issued(letter) && letter.expires_at < deal.letters_until)
}

/// Deposits a second letter; where there is none, has one issued for the next time.
pub(super) fn already_qualified(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let second = deposited(hand, scene, |letter, deal| {
        is_issued(letter) && deal.bidders.contains_key(&letter.applicant)
    });
    second.or_else(|| {
        let (code, deal) = hand.deal(scene, |deal| OPEN.contains(&deal.stage) && !deal.bidders.is_empty())?;
        let mut act = legal::issue(hand, scene, code, deal)?;
        act.applicant = deal.bidders.keys().next()?.clone();
        let guarantor = hand.someone(scene, Role::Guarantor)?;
        hand.act(scene, &guarantor, Action::IssueGuarantee(act))
    })
}

/// Deposits the seller's own letter; where there is none, has one issued for the next time.
pub(super) fn seller_bids(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let own = deposited(hand, scene, |letter, deal| is_issued(letter) && letter.applicant == deal.seller);
    own.or_else(|| {
        let books = scene.books;
        let (code, deal) = hand
            .deal(scene, |deal| OPEN.contains(&deal.stage) && books.has_role(&deal.seller, Role::Bidder))?;
        let mut act = legal::issue(hand, scene, code, deal)?;
        act.applicant = deal.seller.clone();
        let guarantor = hand.someone(scene, Role::Guarantor)?;
        hand.act(scene, &guarantor, Action::IssueGuarantee(act))
    })
}

pub(super) fn not_the_beneficiary(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let (id, letter, _) =
        hand.letter(scene, |letter, deal| !letter.is_over() && !OPEN.contains(&deal.stage))?;
    let other =
        hand.someone_of(scene, |code, roles| roles.contains(&Role::Seller) && *code != letter.beneficiary)?;
    let act = ReleaseGuarantee { guarantee: id.clone() };
    hand.act(scene, &other, Action::ReleaseGuarantee(act))
}

pub(super) fn winners(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    const BOUND: [Stage; 4] = [Stage::Concluded, Stage::Confirmed, Stage::Publicity, Stage::Publicised];
    let (id, letter, _) = hand.letter(scene, |letter, deal| {
        letter.status == GuaranteeStatus::Deposited
            && BOUND.contains(&deal.stage)
            && deal.winner() == Some(&letter.applicant)
    })?;
    let act = ReleaseGuarantee { guarantee: id.clone() };
    hand.act(scene, &letter.beneficiary, Action::ReleaseGuarantee(act))
}

/// A letter or a deposit for a listing that is not there.
pub(super) fn nowhere(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let listing = unknown_deal(hand, scene)?;
    if hand.chance.happens(50) {
        return issued(hand, scene, |_, act| {
            act.listing = listing;
            Some(())
        });
    }
    let (id, letter, _) = hand.letter(scene, |_, _| true)?;
    deposit(hand, scene, &letter.applicant, &listing, id)
}
