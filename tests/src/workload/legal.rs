//! Acts that a plausible trade needs next.

use ledger::action::Action;
use ledger::hash::DocumentHash;
use ledger::id::{CreditCode, DealCode, GuaranteeId};
use ledger::procedure::clock::{AdvanceClock, MAX_STEP};
use ledger::procedure::confirmation::ConfirmDeal;
use ledger::procedure::contract::RecordContract;
use ledger::procedure::guarantee::IssueGuarantee;
use ledger::procedure::listing::PublishListing;
use ledger::procedure::publicity::PublishResult;
use ledger::procedure::qualification::DepositGuarantee;
use ledger::procedure::quote::SubmitQuote;
use ledger::procedure::registration::RegisterOrganisation;
use ledger::procedure::release::ReleaseGuarantee;
use ledger::record::guarantee::GuaranteeStatus;
use ledger::record::listing::{Prices, Resource, Stage};
use ledger::record::organisation::Role;
use ledger::rule::land_listing;
use ledger::time::DAY_MS;

use super::draw::Draw;
use super::hand::{Hand, Scene, after, fen};
use super::pace;
use crate::auditor::books::{Deal, Sides};

/// Listings that run beside each other.
const MOST_RUNNING: usize = 7;
/// Organisations beyond which hardly anybody is registered.
const MANY_ORGANISATIONS: usize = 30;
/// Stages of a listing that has not ended.
const RUNNING: [Stage; 7] = [
    Stage::Announced,
    Stage::Listed,
    Stage::TimedBidding,
    Stage::Concluded,
    Stage::Confirmed,
    Stage::Publicity,
    Stage::Publicised,
];

/// Something good to do, if there is anything.
pub(super) fn next(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let running = scene.books.deals.values().filter(|deal| RUNNING.contains(&deal.stage)).count();
    let many = scene.books.organisations.len() > MANY_ORGANISATIONS;
    match hand.chance.below(100) {
        0..4 if !many => registration(hand, scene),
        4..16 if running < MOST_RUNNING => notice(hand, scene),
        16..40 if scene.books.timekeeper.is_some() => step(hand, scene),
        40..46 => release(hand, scene),
        _ => {
            let (code, deal) = hand.deal_at(scene, &RUNNING)?;
            further(hand, scene, code, deal)
        }
    }
}

/// Brings a listing forward.
fn further(hand: &mut Hand, scene: &Scene<'_>, code: &DealCode, deal: &Deal) -> Option<Draw> {
    match deal.stage {
        Stage::Announced | Stage::Listed => gather(hand, scene, code, deal),
        Stage::TimedBidding => quote(hand, scene, code, deal),
        Stage::Concluded => {
            let who = unsigned(hand, deal, &deal.confirmed)?;
            hand.act(scene, &who, Action::ConfirmDeal(ConfirmDeal { listing: code.clone() }))
        }
        Stage::Confirmed => {
            let act = PublishResult { listing: code.clone() };
            hand.act(scene, &deal.notice.centre, Action::PublishResult(act))
        }
        Stage::Publicised => contract(hand, scene, code, deal),
        Stage::Publicity | Stage::Contracted | Stage::Failed | Stage::Lapsed => None,
    }
}

/// A new organisation with one to four roles and one or two keys.
pub(super) fn registration(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let centre = hand.someone(scene, Role::Centre)?;
    let mut act = organisation(hand)?;
    if scene.books.certificates_required {
        act.keys = Vec::new();
    }
    hand.act(scene, &centre, Action::RegisterOrganisation(act))
}

/// Its admission.
pub(super) fn organisation(hand: &mut Hand) -> Option<RegisterOrganisation> {
    let choices: [&[Role]; 5] = [
        &[Role::Bidder],
        &[Role::Seller],
        &[Role::Guarantor],
        &[Role::Seller, Role::Bidder],
        &[Role::Seller, Role::Bidder, Role::Guarantor, Role::Supervisor],
    ];
    let mut keys: Vec<_> = (0..1 + hand.chance.below(2)).map(|_| hand.fresh_key()).collect();
    keys.sort_unstable();
    Some(RegisterOrganisation {
        code: hand.fresh_code()?,
        name: format!("示例主体{}", hand.number()).parse().ok()?,
        region: "440500".parse().ok()?,
        roles: hand.chance.pick(&choices)?.to_vec(),
        keys,
    })
}

/// A notice that keeps every period, as far as it can be counted.
pub(super) fn notice(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let seller = hand.someone(scene, Role::Seller)?;
    let act = listing(hand, scene)?;
    hand.act(scene, &seller, Action::PublishListing(act))
}

/// The notice itself.
pub(super) fn listing(hand: &mut Hand, scene: &Scene<'_>) -> Option<PublishListing> {
    let pack = &scene.books.pack;
    let wait = if hand.chance.happens(50) { 0 } else { hand.chance.below(2 * DAY_MS) };
    let opens_at = after(pack.earliest(land_listing::NOTICE, scene.time).ok()?, wait);
    let wait = if hand.chance.happens(50) { 0 } else { hand.chance.below(3 * DAY_MS) };
    let closes_at = after(pack.earliest(land_listing::LISTING, opens_at).ok()?, wait);
    let documents = (0..hand.chance.below(4)).map(|n| DocumentHash::of(&n.to_be_bytes())).collect();
    let starting = 1_000_000 + hand.chance.below(1_000_000_000);
    let reserve = starting + hand.chance.below(3) * (starting / 8);
    let share = pack.permille(land_listing::DEPOSIT, scene.time).ok()?;
    let deposit = fen(reserve).permille_ceiling(share).ok()?.minor() + hand.chance.below(2) * 1_000;
    Some(PublishListing {
        centre: hand.someone(scene, Role::Centre)?,
        title: "示例地块挂牌出让公告".parse().ok()?,
        region: "440400".parse().ok()?,
        resource: Resource {
            parcel: format!("ZH-{}", hand.number()).parse().ok()?,
            location: "示例大道东侧".parse().ok()?,
            area_dm2: 1 + hand.chance.below(10_000_000),
            land_use: "商业服务业用地".parse().ok()?,
            term_years: 1 + hand.chance.below(70) as u32,
            documents,
        },
        prices: Prices {
            starting: fen(starting),
            reserve: fen(reserve),
            increment: fen(1 + hand.chance.below(starting / 20)),
            deposit: fen(deposit),
        },
        opens_at,
        closes_at,
    })
}

/// How many bidders a listing attracts: some none, some one.
fn attraction(code: &DealCode) -> usize {
    let sum: usize = code.as_str().bytes().map(usize::from).sum();
    [0, 1, 2, 3, 3, 4][sum % 6]
}

/// Letters, deposits and quotes, until as many bidders have come as the listing attracts.
fn gather(hand: &mut Hand, scene: &Scene<'_>, code: &DealCode, deal: &Deal) -> Option<Draw> {
    let complete = deal.bidders.len() >= attraction(code);
    if deal.stage == Stage::Listed && (complete || hand.chance.happens(25)) {
        return quote(hand, scene, code, deal);
    }
    if complete && hand.chance.happens(80) {
        return None;
    }
    let deposit = deal.notice.prices.deposit;
    let ready = hand.letter(scene, |letter, of| {
        letter.status == GuaranteeStatus::Issued
            && letter.deal == *code
            && letter.amount.minor() >= deposit.minor()
            && letter.expires_at >= of.letters_until
            && letter.applicant != of.seller
            && !of.bidders.contains_key(&letter.applicant)
    });
    match ready {
        Some((id, letter, _)) if hand.chance.happens(75) => {
            let act = DepositGuarantee { listing: code.clone(), guarantee: id.clone() };
            hand.act(scene, &letter.applicant, Action::DepositGuarantee(act))
        }
        _ => letter(hand, scene, code, deal),
    }
}

/// A letter, mostly one that will do; some are too small, too short, or for somebody that cannot use them.
fn letter(hand: &mut Hand, scene: &Scene<'_>, code: &DealCode, deal: &Deal) -> Option<Draw> {
    let guarantor = hand.someone(scene, Role::Guarantor)?;
    let mut act = issue(hand, scene, code, deal)?;
    match hand.chance.below(20) {
        0 => act.amount = fen(deal.notice.prices.deposit.minor().saturating_sub(1).max(1)),
        1 => act.expires_at = super::hand::just_before(deal.letters_until).max(after(scene.time, 1)),
        2 if scene.books.has_role(&deal.seller, Role::Bidder) => act.applicant = deal.seller.clone(),
        3 => act.expires_at = after(scene.time, 1 + hand.chance.below(DAY_MS)),
        _ => {}
    }
    hand.act(scene, &guarantor, Action::IssueGuarantee(act))
}

/// A letter that will do.
pub(super) fn issue(
    hand: &mut Hand,
    scene: &Scene<'_>,
    code: &DealCode,
    deal: &Deal,
) -> Option<IssueGuarantee> {
    let applicant =
        hand.someone_of(scene, |code, roles| roles.contains(&Role::Bidder) && *code != deal.seller)?;
    let more = hand.chance.below(2) * hand.chance.below(1_000_000);
    let longer = if hand.chance.happens(30) { 0 } else { hand.chance.below(30 * DAY_MS) };
    Some(IssueGuarantee {
        number: letter_number(hand).parse().ok()?,
        applicant,
        listing: code.clone(),
        amount: fen(deal.notice.prices.deposit.minor() + more),
        expires_at: after(deal.letters_until.max(scene.time), 1 + longer),
    })
}

/// Numbers of several lengths: the order of letters that end together depends on it.
fn letter_number(hand: &mut Hand) -> String {
    let number = hand.number();
    match hand.chance.below(3) {
        0 => format!("{number}"),
        1 => format!("LG-{number:010}"),
        _ => format!("LG-2026-{number:024}"),
    }
}

/// A letter that ends ten minutes after the next full hour.
pub(super) fn short_letter(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let guarantor = hand.someone(scene, Role::Guarantor)?;
    let (code, deal) = hand.deal_at(scene, &[Stage::Announced, Stage::Listed])?;
    let mut act = issue(hand, scene, code, deal)?;
    let hour = scene.time.as_millis() / 3_600_000 * 3_600_000;
    act.expires_at = ledger::time::BlockTime::from_millis(hour + 4_200_000).ok()?;
    hand.act(scene, &guarantor, Action::IssueGuarantee(act))
}

/// A quote that exceeds the best.
fn quote(hand: &mut Hand, scene: &Scene<'_>, code: &DealCode, deal: &Deal) -> Option<Draw> {
    let timed = deal.stage == Stage::TimedBidding;
    let may = |b: &crate::auditor::books::Bidder| !timed || b.quotes > 0;
    let bidders: Vec<&CreditCode> = deal.bidders.iter().filter(|(_, b)| may(b)).map(|(who, _)| who).collect();
    let who = (*hand.chance.pick(&bidders)?).clone();
    let prices = &deal.notice.prices;
    let steps = prices.increment.minor() * hand.chance.below(4) + hand.chance.below(2);
    let least = deal
        .best()
        .map_or(prices.starting.minor(), |(_, best)| best.price.minor() + prices.increment.minor());
    let act = SubmitQuote { listing: code.clone(), price: fen(least + steps) };
    hand.act(scene, &who, Action::SubmitQuote(act))
}

/// A side that has not signed yet.
fn unsigned(hand: &mut Hand, deal: &Deal, signed: &Sides) -> Option<CreditCode> {
    let seller = signed.seller.is_none().then(|| deal.seller.clone());
    let winner = signed.winner.is_none().then(|| deal.winner().cloned()).flatten();
    let sides: Vec<CreditCode> = seller.into_iter().chain(winner).collect();
    hand.chance.pick(&sides).cloned()
}

fn contract(hand: &mut Hand, scene: &Scene<'_>, code: &DealCode, deal: &Deal) -> Option<Draw> {
    let (document, signed) =
        deal.contract.unwrap_or((DocumentHash::of(code.as_str().as_bytes()), Sides::default()));
    let who = unsigned(hand, deal, &signed)?;
    let act = RecordContract { listing: code.clone(), document };
    hand.act(scene, &who, Action::RecordContract(act))
}

/// The seller gives a letter back that it has no claim on any more.
fn release(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let free = |deal: &Deal| !matches!(deal.stage, Stage::Announced | Stage::Listed | Stage::TimedBidding);
    let bound = |deal: &Deal| !matches!(deal.stage, Stage::Contracted | Stage::Failed | Stage::Lapsed);
    let (id, letter, _) = hand.letter(scene, |letter, deal| {
        let winners = letter.status == GuaranteeStatus::Deposited && deal.winner() == Some(&letter.applicant);
        !letter.is_over() && free(deal) && !(winners && bound(deal))
    })?;
    let guarantee: GuaranteeId = id.clone();
    hand.act(scene, &letter.beneficiary, Action::ReleaseGuarantee(ReleaseGuarantee { guarantee }))
}

/// The timekeeper moves on as time would pass by itself.
fn step(hand: &mut Hand, scene: &Scene<'_>) -> Option<Draw> {
    let reads = scene.books.clock?;
    let by = pace::next(&mut hand.chance, scene.books, reads).since(reads).min(MAX_STEP);
    let key = scene.books.timekeeper?;
    Some(hand.act_with(scene, key, Action::AdvanceClock(AdvanceClock { by })))
}
