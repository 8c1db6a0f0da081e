//! What happens by itself when block time reaches an instant.

use ledger::event::Event;
use ledger::governance::ChangeStatus;
use ledger::id::{CertificateId, ChangeId, CreditCode, DealCode, GuaranteeId, LetterNumber};
use ledger::record::guarantee::{GuaranteeStatus, ReleaseGround};
use ledger::record::listing::{EndReason, Stage};
use ledger::time::BlockTime;

use super::books::{Books, Deal, Letter};
use super::governance::Proposal;
use super::{calendar, reach};

/// Most things that happen in one block.
pub(super) const MOST_IN_A_BLOCK: usize = 1_000;

/// A thing that happens. Those of one instant happen in this order, then by their codes; letters by guarantor, then
/// the shorter number first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thing {
    Opens(DealCode),
    Closes(DealCode),
    TimedBiddingEnds(DealCode),
    ConfirmationDue(DealCode),
    PublicityEnds(DealCode),
    ContractDue(DealCode),
    ReturnDue(DealCode),
    LetterEnds(CreditCode, usize, LetterNumber),
    ChangeExpires(ChangeId),
    /// A revocation that dates back reaches the next listing after this one in which its certificate has signed.
    ReachesListings(CertificateId, Option<DealCode>),
    /// The same for letters, after this number.
    ReachesLetters(CertificateId, Option<LetterNumber>),
}

/// What a listing waits for as it stands.
pub(super) fn of_deal(code: &DealCode, deal: &Deal) -> Vec<(BlockTime, Thing)> {
    let code = || code.clone();
    let own = match (deal.stage, deal.period_ends) {
        (Stage::Announced, _) => Some((deal.notice.opens_at, Thing::Opens(code()))),
        (Stage::Listed, _) => Some((deal.notice.closes_at, Thing::Closes(code()))),
        (Stage::TimedBidding, Some(end)) => Some((end, Thing::TimedBiddingEnds(code()))),
        (Stage::Concluded, Some(end)) => Some((end, Thing::ConfirmationDue(code()))),
        (Stage::Publicity, Some(end)) => Some((end, Thing::PublicityEnds(code()))),
        (Stage::Publicised, Some(end)) => Some((end, Thing::ContractDue(code()))),
        // LL07 binds the centre only: nothing happens when it runs out.
        _ => None,
    };
    own.into_iter().chain(deal.return_by.map(|time| (time, Thing::ReturnDue(code())))).collect()
}

/// What a letter waits for: its end, unless it is over.
pub(super) fn of_letter(id: &GuaranteeId, letter: &Letter) -> Option<(BlockTime, Thing)> {
    let number = &id.number;
    let ends = || Thing::LetterEnds(id.guarantor.clone(), number.as_str().len(), number.clone());
    (!letter.is_over()).then(|| (letter.expires_at, ends()))
}

/// What a proposed change waits for: its end, while it is open.
pub(super) fn of_change(id: ChangeId, proposal: &Proposal) -> Option<(BlockTime, Thing)> {
    proposal.is_open().then_some((proposal.expires_at, Thing::ChangeExpires(id)))
}

/// Lets one thing happen.
pub(super) fn happen(books: &mut Books, now: BlockTime, thing: Thing) -> Vec<Event> {
    match thing {
        Thing::Opens(code) => opens(books, code),
        Thing::Closes(code) => closes(books, now, code),
        Thing::TimedBiddingEnds(code) => conclude(books, now, code),
        Thing::ConfirmationDue(code) => end(books, code, Stage::Lapsed, EndReason::NotConfirmed),
        Thing::PublicityEnds(code) => publicity_ends(books, now, code),
        Thing::ContractDue(code) => end(books, code, Stage::Lapsed, EndReason::NoContract),
        Thing::ReturnDue(code) => {
            books.change_deal(&code, |deal| deal.return_by = None);
            release_deposits(books, now, &code, true, ReleaseGround::ReturnPeriod)
        }
        Thing::LetterEnds(guarantor, _, number) => {
            let guarantee = GuaranteeId { guarantor, number };
            books.change_letter(&guarantee, |letter| letter.status = GuaranteeStatus::Expired);
            vec![Event::GuaranteeExpired { guarantee }]
        }
        Thing::ChangeExpires(change) => {
            books.change_proposal(change, |proposal| proposal.status = ChangeStatus::Expired);
            vec![Event::ChangeExpired { change }]
        }
        Thing::ReachesListings(certificate, after) => {
            books.cross_off();
            reach::listing(books, now, certificate, after)
        }
        Thing::ReachesLetters(certificate, after) => {
            books.cross_off();
            reach::letters(books, now, certificate, after)
        }
    }
}

fn opens(books: &mut Books, listing: DealCode) -> Vec<Event> {
    books.change_deal(&listing, |deal| {
        deal.stage = Stage::Listed;
        deal.period_ends = Some(deal.notice.closes_at);
    });
    vec![Event::ListingOpened { listing }]
}

fn closes(books: &mut Books, now: BlockTime, listing: DealCode) -> Vec<Event> {
    let deal = &books.deals[&listing];
    let bidders = deal.valid_bidders();
    if bidders < 2 {
        return conclude(books, now, listing);
    }
    let ends_at = calendar::later(now, deal.timed_bidding);
    books.change_deal(&listing, |deal| {
        deal.stage = Stage::TimedBidding;
        deal.period_ends = Some(ends_at);
    });
    vec![Event::TimedBiddingStarted { listing, bidders, ends_at }]
}

/// The highest quote wins if it reaches the reserve price.
fn conclude(books: &mut Books, now: BlockTime, listing: DealCode) -> Vec<Event> {
    let deal = &books.deals[&listing];
    let won = match deal.best() {
        None => Err(EndReason::NoQuote),
        Some((_, quote)) if quote.price.minor() < deal.notice.prices.reserve.minor() => {
            Err(EndReason::BelowReserve)
        }
        Some((_, quote)) => Ok((quote.bidder.clone(), quote.price)),
    };
    let (winner, price) = match won {
        Ok(won) => won,
        Err(reason) => {
            let mut events = end(books, listing.clone(), Stage::Failed, reason);
            events.extend(release_deposits(books, now, &listing, false, ReleaseGround::ListingFailed));
            return events;
        }
    };
    let confirm_by = books.term_of(&listing, "LL06", now);
    let return_by = books.term_of(&listing, "LL10", now);
    books.change_deal(&listing, |deal| {
        deal.stage = Stage::Concluded;
        deal.period_ends = Some(confirm_by);
        deal.return_by = Some(return_by);
    });
    vec![Event::ListingConcluded { listing, winner, price, confirm_by }]
}

fn end(books: &mut Books, listing: DealCode, stage: Stage, reason: EndReason) -> Vec<Event> {
    books.change_deal(&listing, |deal| {
        deal.stage = stage;
        deal.period_ends = None;
        deal.ended = Some(reason);
    });
    vec![Event::ListingEnded { listing, reason }]
}

fn publicity_ends(books: &mut Books, now: BlockTime, listing: DealCode) -> Vec<Event> {
    let contract_by = books.term_of(&listing, "LL09", now);
    books.change_deal(&listing, |deal| {
        deal.stage = Stage::Publicised;
        deal.period_ends = Some(contract_by);
    });
    vec![Event::PublicityEnded { listing, contract_by }]
}

/// Releases the deposited letters of a listing's bidders in the order of their codes, on wish without the winner's.
fn release_deposits(
    books: &mut Books,
    now: BlockTime,
    listing: &DealCode,
    but_the_winners: bool,
    ground: ReleaseGround,
) -> Vec<Event> {
    let deal = &books.deals[listing];
    let winner = deal.winner().filter(|_| but_the_winners);
    let letters: Vec<GuaranteeId> = deal
        .bidders
        .iter()
        .filter(|(code, _)| Some(*code) != winner)
        .map(|(_, b)| b.letter.clone())
        .collect();
    letters.into_iter().flat_map(|letter| release(books, now, letter, ground)).collect()
}

/// Releases a letter, unless it is over.
pub(super) fn release(
    books: &mut Books,
    at: BlockTime,
    guarantee: GuaranteeId,
    ground: ReleaseGround,
) -> Option<Event> {
    if books.letters.get(&guarantee)?.is_over() {
        return None;
    }
    books.change_letter(&guarantee, |letter| letter.status = GuaranteeStatus::Released { ground, at });
    Some(Event::GuaranteeReleased { guarantee, ground })
}
