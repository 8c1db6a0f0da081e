//! How far back a revocation reaches: what a certificate's keys have signed is noted, and found again.
//!
//! What was recorded stays, unless the revocation dates back before it. A quote is then struck while the listing still
//! takes quotes, because others can still answer; later, and for everything else, the record is questioned, for a
//! supervisor to decide. One listing, or a hundred letters, is reached at a time, as something that has fallen due, so
//! that no certificate makes a block long.

use super::{Context, put_guarantee, put_listing, schedule};
use crate::event::Event;
use crate::id::{CertificateId, DealCode, LetterNumber};
use crate::record::Due;
use crate::record::certificate::{Certificate, Involvement};
use crate::record::guarantee::Guarantee;
use crate::record::listing::{BestQuote, Listing, MAX_QUESTIONED, Qualification, Quote, Stage};
use crate::state::keys::{
    CertificateKey, InvolvementKey, ListingKey, QualificationKey, QuoteKey, involved_listing,
    involvements_of, letters_of,
};
use crate::state::{Overlay, StateError, StateRead, decode_value};
use crate::time::BlockTime;

/// Letters looked at in one step.
const LETTERS_AT_ONCE: usize = 100;

/// Notes that a key of a certificate signed something else than a quote in a listing.
pub(super) fn note_act(listing: &DealCode, context: &mut Context<'_, '_>) -> Result<(), StateError> {
    let Some(certificate) = context.certificate() else { return Ok(()) };
    let key = InvolvementKey(&certificate, listing);
    let known = context.state.read(&key)?.unwrap_or_default();
    context.state.write(&key, &Involvement { other_act: Some(context.time), ..known });
    Ok(())
}

/// Notes the first quote of each certificate; the bidder's standing says whether it is the first.
pub(super) fn note_quote(
    qualification: &mut Qualification,
    listing: &DealCode,
    number: u32,
    context: &mut Context<'_, '_>,
) -> Result<(), StateError> {
    let Some(certificate) = context.certificate() else { return Ok(()) };
    let Err(place) = qualification.certificates.binary_search(&certificate) else { return Ok(()) };
    qualification.certificates.insert(place, certificate);
    let key = InvolvementKey(&certificate, listing);
    let known = context.state.read(&key)?.unwrap_or_default();
    context.state.write(&key, &Involvement { first_quote: Some(number), ..known });
    Ok(())
}

/// The certificate and from when on nothing that its keys signed counts; nothing if that is over.
fn reaching(state: &Overlay<'_>, id: &CertificateId) -> Result<Option<(Certificate, BlockTime)>, StateError> {
    let certificate = state.read(&CertificateKey(id))?;
    Ok(certificate.and_then(|certificate| {
        let date = certificate.revocation?.date;
        Some((certificate, date))
    }))
}

/// Lets a revocation reach the next listing after `after`, and goes on with the following one.
pub(super) fn listing(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    now: BlockTime,
    id: CertificateId,
    after: Option<&DealCode>,
) -> Result<(), StateError> {
    let Some((certificate, date)) = reaching(state, &id)? else { return Ok(()) };
    let (from, before) = involvements_of(&id, after);
    let Some((key, value)) = state.first_in(&from, &before)? else { return Ok(()) };
    let damaged = || StateError::Store("a listing that a certificate has signed in is missing".into());
    let code = involved_listing(&key).ok_or_else(damaged)?;
    let involvement: Involvement = decode_value(&key, &value)?;
    let listing = state.read(&ListingKey(&code))?.ok_or_else(damaged)?;
    let mut reached = Reached { state, events, now, certificate, date, listing };
    reached.reach(&involvement)?;
    schedule(state, now, Due::RevocationReachesListing(id, Some(code)));
    Ok(())
}

struct Reached<'a, 'b> {
    state: &'a mut Overlay<'b>,
    events: &'a mut Vec<Event>,
    now: BlockTime,
    certificate: Certificate,
    date: BlockTime,
    listing: Listing,
}

impl Reached<'_, '_> {
    fn reach(&mut self, involvement: &Involvement) -> Result<(), StateError> {
        let quotes = self.doubtful_quotes(involvement.first_quote)?;
        let takes_quotes = matches!(self.listing.stage, Stage::Listed | Stage::TimedBidding);
        let other = involvement.other_act.is_some_and(|at| at >= self.date);
        if other || (!takes_quotes && !quotes.is_empty()) {
            self.question();
        }
        if takes_quotes && !quotes.is_empty() {
            self.strike(quotes)?;
        }
        put_listing(self.state, &self.listing);
        Ok(())
    }

    fn quote(&self, number: u32) -> Result<Option<Quote>, StateError> {
        self.state.read(&QuoteKey(&self.listing.code, number))
    }

    /// The certificate's quotes since the date, the latest first. Numbers and times ascend together, so the search ends
    /// at the first quote before the date.
    fn doubtful_quotes(&self, first: Option<u32>) -> Result<Vec<Quote>, StateError> {
        let mut found = Vec::new();
        let Some(first) = first else { return Ok(found) };
        for number in (first..=self.listing.quotes).rev() {
            let Some(quote) = self.quote(number)?.filter(|quote| quote.at >= self.date) else { break };
            if quote.certificate == Some(self.certificate.id) && quote.struck.is_none() {
                found.push(quote);
            }
        }
        Ok(found)
    }

    /// Strikes quotes of the certificate's organisation and looks for the best that is left.
    fn strike(&mut self, quotes: Vec<Quote>) -> Result<(), StateError> {
        let (code, bidder) = (self.listing.code.clone(), self.certificate.organisation.clone());
        let count = u32::try_from(quotes.len()).unwrap_or(u32::MAX);
        for mut quote in quotes.into_iter().rev() {
            quote.struck = Some(self.now);
            self.state.write(&QuoteKey(&code, quote.number), &quote);
            self.events.push(Event::QuoteStruck {
                listing: code.clone(),
                bidder: bidder.clone(),
                number: quote.number,
                certificate: self.certificate.id,
            });
        }
        let key = QualificationKey(&code, &bidder);
        if let Some(mut qualification) = self.state.read(&key)? {
            qualification.quotes = qualification.quotes.saturating_sub(count);
            if qualification.quotes == 0 {
                self.listing.quoting = self.listing.quoting.saturating_sub(1);
            }
            self.state.write(&key, &qualification);
        }
        self.listing.best = self.best_left()?;
        Ok(())
    }

    /// The latest quote that stands: each was higher than the best that stood when it was made.
    fn best_left(&self) -> Result<Option<BestQuote>, StateError> {
        for number in (1..=self.listing.quotes).rev() {
            if let Some(quote) = self.quote(number)?.filter(|quote| quote.struck.is_none()) {
                let Quote { bidder, price, number, .. } = quote;
                return Ok(Some(BestQuote { bidder, price, number }));
            }
        }
        Ok(None)
    }

    fn question(&mut self) {
        let questioned = &mut self.listing.questioned;
        let Err(place) = questioned.binary_search(&self.certificate.id) else { return };
        if questioned.len() < MAX_QUESTIONED {
            questioned.insert(place, self.certificate.id);
        }
        let (listing, certificate) = (self.listing.code.clone(), self.certificate.id);
        self.events.push(Event::ListingQuestioned { listing, certificate });
    }
}

/// Lets a revocation reach letters of the certificate's organisation after `after`, and goes on from there.
pub(super) fn letters(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    now: BlockTime,
    id: CertificateId,
    after: Option<&LetterNumber>,
) -> Result<(), StateError> {
    let Some((certificate, date)) = reaching(state, &id)? else { return Ok(()) };
    let (mut from, before) = letters_of(&certificate.organisation, after);
    let mut last = None;
    for _ in 0..LETTERS_AT_ONCE {
        let Some((key, value)) = state.first_in(&from, &before)? else { return Ok(()) };
        let mut letter: Guarantee = decode_value(&key, &value)?;
        let doubtful = letter.certificate == Some(id) && letter.issued_at >= date;
        if doubtful && letter.questioned.is_none() && !letter.is_over() {
            letter.questioned = Some(now);
            put_guarantee(state, &letter);
            events.push(Event::GuaranteeQuestioned { guarantee: letter.id.clone(), certificate: id });
        }
        last = Some(letter.id.number);
        from = key;
        from.push(0);
    }
    schedule(state, now, Due::RevocationReachesLetters(id, last));
    Ok(())
}
