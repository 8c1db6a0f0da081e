//! How far back a revocation reaches: quotes are struck while others can still answer, and everything else that the
//! certificate's keys have signed since the date is questioned.

use ledger::event::Event;
use ledger::id::{CertificateId, CreditCode, DealCode, GuaranteeId, LetterNumber};
use ledger::record::listing::Stage;
use ledger::time::BlockTime;

use super::books::{Books, Deal};
use super::due::Thing;

/// Letters that are looked at together.
const LETTERS_AT_ONCE: usize = 100;
/// Most certificates for which a listing is questioned.
const MOST_QUESTIONED: usize = 64;

/// Whose certificate it is, and from when on nothing that its keys signed counts; nothing if that is over.
fn reaching(books: &Books, id: &CertificateId) -> Option<(CreditCode, BlockTime)> {
    let certificate = books.certificates.get(id)?;
    Some((certificate.organisation.clone(), certificate.revocation?.date))
}

/// Whether keys of a certificate have signed in a listing.
fn has_signed(deal: &Deal, id: &CertificateId) -> bool {
    deal.quotes.iter().any(|quote| quote.certificate == Some(*id))
        || deal.signed.iter().any(|(other, _)| other == id)
}

/// The next listing after one; then the one after that.
pub(super) fn listing(
    books: &mut Books,
    now: BlockTime,
    id: CertificateId,
    after: Option<DealCode>,
) -> Vec<Event> {
    let Some((bidder, date)) = reaching(books, &id) else { return Vec::new() };
    let later = |code: &&DealCode| after.as_ref().is_none_or(|after| *code > after);
    let next = books.deals.iter().filter(|(_, deal)| has_signed(deal, &id)).map(|(code, _)| code).find(later);
    let Some(code) = next.cloned() else { return Vec::new() };
    let mut events = Vec::new();
    books.change_deal(&code, |deal| events = reach(deal, &code, &bidder, now, id, date));
    books.plan([], [(now, Thing::ReachesListings(id, Some(code)))]);
    events
}

fn reach(
    deal: &mut Deal,
    listing: &DealCode,
    bidder: &CreditCode,
    now: BlockTime,
    certificate: CertificateId,
    date: BlockTime,
) -> Vec<Event> {
    let mut events = Vec::new();
    let open = matches!(deal.stage, Stage::Listed | Stage::TimedBidding);
    let others = deal.signed.iter().any(|(other, at)| *other == certificate && *at >= date);
    let (mut doubtful, mut struck) = (false, 0);
    for (number, quote) in (1..).zip(&mut deal.quotes) {
        if quote.certificate == Some(certificate) && quote.at >= date && quote.struck.is_none() {
            doubtful = true;
            if open {
                quote.struck = Some(now);
                struck += 1;
                let (listing, bidder) = (listing.clone(), bidder.clone());
                events.push(Event::QuoteStruck { listing, bidder, number, certificate });
            }
        }
    }
    if let Some(entry) = deal.bidders.get_mut(bidder) {
        entry.quotes -= struck;
    }
    let questioned = others || (doubtful && !open);
    if questioned && !deal.questioned.contains(&certificate) {
        if deal.questioned.len() < MOST_QUESTIONED {
            deal.questioned.insert(certificate);
        }
        events.insert(0, Event::ListingQuestioned { listing: listing.clone(), certificate });
    }
    events
}

/// The next letters of the certificate's organisation after a number; then those after them.
pub(super) fn letters(
    books: &mut Books,
    now: BlockTime,
    id: CertificateId,
    after: Option<LetterNumber>,
) -> Vec<Event> {
    let Some((guarantor, date)) = reaching(books, &id) else { return Vec::new() };
    let later = |letter: &&GuaranteeId| {
        letter.guarantor == guarantor && after.as_ref().is_none_or(|after| letter.number > *after)
    };
    let next: Vec<GuaranteeId> = books.letters.keys().filter(later).take(LETTERS_AT_ONCE).cloned().collect();
    let mut events = Vec::new();
    for guarantee in &next {
        books.change_letter(guarantee, |letter| {
            let doubtful = letter.certificate == Some(id) && letter.issued_at >= date;
            if doubtful && letter.questioned.is_none() && !letter.is_over() {
                letter.questioned = Some(now);
                events.push(Event::GuaranteeQuestioned { guarantee: guarantee.clone(), certificate: id });
            }
        });
    }
    if let Some(last) = next.get(LETTERS_AT_ONCE - 1) {
        books.plan([], [(now, Thing::ReachesLetters(id, Some(last.number.clone())))]);
    }
    events
}
