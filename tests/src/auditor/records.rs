//! The auditor's books beside a ledger's records. Nothing else of the auditor reads a ledger's state.

mod governance;
mod identity;

use std::fmt::Debug;

use ledger::id::DealCode;
use ledger::record::guarantee::Guarantee;
use ledger::record::listing::{BothSides, Listing, Qualification, Quote};
use ledger::record::organisation::Organisation;
use ledger::state::keys::{
    SteppedClockKey, all_guarantees, all_listings, all_organisations, qualifications_of, quotes_of,
};
use ledger::state::{StateRead, StateValue, decode_value, read};

use super::books::{Deal, Sides};
use super::totals::Totals;
use super::{Auditor, Disagreement};

/// Compares everything that the auditor knows with a ledger's state after the same block.
///
/// # Errors
/// [`Disagreement`], the first one; also when the state cannot be read.
pub fn compare(auditor: &Auditor, state: &dyn StateRead) -> Result<(), Disagreement> {
    let comparison = Comparison { auditor, state };
    let all = || {
        let mut totals = Totals::default();
        comparison.governance(&mut totals)?;
        comparison.identity(&mut totals)?;
        comparison.trades(&mut totals)?;
        complete(totals, auditor.totals())
    };
    all().map_err(|sentence| Disagreement { height: auditor.height(), sentence })
}

/// Compares what trades have left, without the rules by which they were judged.
///
/// # Errors
/// As [`compare`].
pub fn compare_trades(auditor: &Auditor, state: &dyn StateRead) -> Result<(), Disagreement> {
    let comparison = Comparison { auditor, state };
    let trades = || {
        let mut totals = Totals::default();
        comparison.trades(&mut totals)?;
        complete(totals, auditor.totals().of_trades())
    };
    trades().map_err(|sentence| Disagreement { height: auditor.height(), sentence })
}

/// Every record has been found in the books; equal numbers say that there are no others.
fn complete(ledger: Totals, auditor: Totals) -> Result<(), String> {
    same(|| "the sum of everything".into(), ledger, auditor)
}

struct Comparison<'a> {
    auditor: &'a Auditor,
    state: &'a dyn StateRead,
}

/// Says that two values of one thing differ.
fn same<T: PartialEq + Debug>(what: impl Fn() -> String, ledger: T, auditor: T) -> Result<(), String> {
    if ledger == auditor {
        Ok(())
    } else {
        Err(format!("{} is {ledger:?} on the ledger, and must be {auditor:?}", what()))
    }
}

impl Comparison<'_> {
    /// All values in a range.
    fn values<V: StateValue>(&self, (mut from, before): (Vec<u8>, Vec<u8>)) -> Result<Vec<V>, String> {
        let mut values = Vec::new();
        while let Some((key, value)) = self.state.first_in(&from, &before).map_err(|e| e.to_string())? {
            values.push(decode_value(&key, &value).map_err(|e| e.to_string())?);
            from = key;
            from.push(0);
        }
        Ok(values)
    }

    fn trades(&self, totals: &mut Totals) -> Result<(), String> {
        let organisations: Vec<Organisation> = self.values(all_organisations())?;
        let listings: Vec<Listing> = self.values(all_listings())?;
        let letters: Vec<Guarantee> = self.values(all_guarantees())?;
        totals.organisations = organisations.len() as u64;
        for listing in &listings {
            *totals.listings.entry(listing.stage.name()).or_default() += 1;
            totals.quotes += u64::from(listing.quotes);
        }
        letters.iter().for_each(|letter| totals.add_letter(letter.amount, &letter.status));
        organisations.iter().try_for_each(|organisation| self.organisation(organisation))?;
        listings.iter().try_for_each(|listing| self.listing(listing))?;
        letters.iter().try_for_each(|letter| self.letter(letter))?;
        let clock = read(self.state, &SteppedClockKey).map_err(|e| e.to_string())?;
        same(|| "the clock".into(), clock.map(|clock| clock.reads), self.auditor.books().clock)?;
        let due = ledger::execute::next_due(self.state).map_err(|e| e.to_string())?;
        same(|| "the next instant at which something falls due".into(), due, self.auditor.books().next_due())
    }

    fn organisation(&self, found: &Organisation) -> Result<(), String> {
        let code = &found.code;
        let ours = self.auditor.books().organisations.get(code);
        let ours = ours.ok_or_else(|| format!("organisation {code} must not be there"))?;
        let of = |field: &'static str| move || format!("{field} of organisation {code}");
        same(of("the roles"), found.roles.clone(), ours.roles.iter().copied().collect())?;
        same(of("name and region"), (&found.name, &found.region), (&ours.name, &ours.region))?;
        let former: Vec<_> = found.former_names.iter().map(|one| (one.name.clone(), one.until)).collect();
        let theirs = (found.named_from, &former);
        same(of("where its name comes from"), theirs, (ours.named_from, &ours.former_names))?;
        let (theirs, ours) = ((&found.admitted_by, found.admitted_at), (&ours.admitted_by, ours.admitted_at));
        same(of("the admission"), theirs, ours)
    }

    fn listing(&self, found: &Listing) -> Result<(), String> {
        let code = &found.code;
        let ours = self.auditor.books().deals.get(code);
        let ours = ours.ok_or_else(|| format!("listing {code} must not be there"))?;
        let of = |field: &'static str| move || format!("{field} of listing {code}");
        let (notice, parties) = (&ours.notice, (&found.seller, &found.centre));
        same(of("the stage"), found.stage, ours.stage)?;
        same(of("the running period"), found.stage_ends_at, ours.period_ends)?;
        same(of("the end"), found.ended, ours.ended)?;
        same(of("the parties"), parties, (&ours.seller, &notice.centre))?;
        same(of("title and region"), (&found.title, &found.region), (&notice.title, &notice.region))?;
        same(of("the resource"), &found.resource, &notice.resource)?;
        same(of("the prices"), found.prices, notice.prices)?;
        let times = (found.published_at, found.opens_at, found.closes_at);
        same(of("the times"), times, (ours.published_at, notice.opens_at, notice.closes_at))?;
        let terms = &found.terms;
        let spans = (terms.timed_bidding.as_millis(), terms.extension.as_millis());
        same(of("the spans of timed bidding"), spans, (ours.timed_bidding, ours.extension))?;
        let fixed = (terms.pack_version, terms.letters_valid_until);
        same(of("the terms"), fixed, (ours.pack.version, ours.letters_until))?;
        let counted = (found.qualified, found.quoting, found.quotes);
        let counts = (ours.bidders.len() as u32, ours.valid_bidders(), ours.quotes.len() as u32);
        same(of("the number of bidders, valid bidders and quotes"), counted, counts)?;
        let best = found.best.as_ref().map(|best| (&best.bidder, best.price, best.number));
        let highest = ours.best().map(|(number, quote)| (&quote.bidder, quote.price, number));
        same(of("the best quote"), best, highest)?;
        same(of("the confirmation"), sides(&found.confirmation), ours.confirmed)?;
        let contract = found.contract.as_ref().map(|c| (c.document, sides(&c.signed)));
        same(of("the contract"), contract, ours.contract)?;
        let questioned: Vec<_> = ours.questioned.iter().copied().collect();
        same(of("what is questioned"), &found.questioned, &questioned)?;
        self.bidders(code, ours)?;
        self.quotes(code, ours)
    }

    fn bidders(&self, code: &DealCode, deal: &Deal) -> Result<(), String> {
        let found: Vec<Qualification> = self.values(qualifications_of(code))?;
        let found: Vec<_> = found.into_iter().map(|q| (q.bidder, q.guarantee, q.at, q.quotes)).collect();
        let ours = deal.bidders.iter();
        let ours = ours.map(|(who, b)| (who.clone(), b.letter.clone(), b.since, b.quotes)).collect();
        same(|| format!("the bidders of listing {code}"), found, ours)
    }

    fn quotes(&self, code: &DealCode, deal: &Deal) -> Result<(), String> {
        let found: Vec<Quote> = self.values(quotes_of(code, 0))?;
        let found: Vec<_> = found
            .into_iter()
            .map(|q| ((q.number, q.bidder, q.price, q.at), (q.certificate, q.struck)))
            .collect();
        let ours = (1u32..).zip(&deal.quotes);
        let ours =
            ours.map(|(number, q)| ((number, q.bidder.clone(), q.price, q.at), (q.certificate, q.struck)));
        let ours = ours.collect();
        same(|| format!("the quotes of listing {code}"), found, ours)
    }

    fn letter(&self, found: &Guarantee) -> Result<(), String> {
        let id = &found.id;
        let ours = self.auditor.books().letters.get(id);
        let ours = ours.ok_or_else(|| format!("letter {id} must not be there"))?;
        let of = |field: &'static str| move || format!("{field} of letter {id}");
        same(of("the state"), &found.status, &ours.status)?;
        same(of("the amount"), found.amount, ours.amount)?;
        let (theirs, parties) =
            ((&found.applicant, &found.beneficiary), (&ours.applicant, &ours.beneficiary));
        same(of("applicant and beneficiary"), theirs, parties)?;
        let theirs = (found.certificate, found.questioned);
        same(of("certificate and question"), theirs, (ours.certificate, ours.questioned))?;
        same(of("the listing"), &found.listing, &ours.deal)?;
        same(of("the term"), (found.issued_at, found.expires_at), (ours.issued_at, ours.expires_at))
    }
}

fn sides(signed: &BothSides) -> Sides {
    Sides { seller: signed.seller, winner: signed.winner }
}
