//! The auditor's books beside a ledger's records. Only this file of the auditor reads a ledger's state.

use std::fmt::Debug;

use ledger::governance::{DoubleSigning, Era, ProposedChange};
use ledger::id::DealCode;
use ledger::record::guarantee::Guarantee;
use ledger::record::listing::{BothSides, Listing, Qualification, Quote};
use ledger::record::organisation::Organisation;
use ledger::state::keys::{
    SteppedClockKey, ValidatorsKey, all_changes, all_double_signings, all_eras, all_guarantees, all_listings,
    all_organisations, qualifications_of, quotes_of,
};
use ledger::state::{StateRead, StateValue, decode_value, read};

use super::books::{Deal, Proposed, Sides};
use super::totals::Totals;
use super::{Auditor, Disagreement};

/// Compares everything that the auditor knows with a ledger's state after the same block.
///
/// # Errors
/// [`Disagreement`], the first one; also when the state cannot be read.
pub fn compare(auditor: &Auditor, state: &dyn StateRead) -> Result<(), Disagreement> {
    Comparison { auditor, state }
        .all()
        .map_err(|sentence| Disagreement { height: auditor.height(), sentence })
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

    fn all(&self) -> Result<(), String> {
        let organisations: Vec<Organisation> = self.values(all_organisations())?;
        let listings: Vec<Listing> = self.values(all_listings())?;
        let letters: Vec<Guarantee> = self.values(all_guarantees())?;
        let mut totals = Totals { organisations: organisations.len() as u64, ..Totals::default() };
        for listing in &listings {
            *totals.listings.entry(listing.stage.name()).or_default() += 1;
            totals.quotes += u64::from(listing.quotes);
        }
        letters.iter().for_each(|letter| totals.add_letter(letter.amount, &letter.status));
        organisations.iter().try_for_each(|organisation| self.organisation(organisation))?;
        listings.iter().try_for_each(|listing| self.listing(listing))?;
        letters.iter().try_for_each(|letter| self.letter(letter))?;
        // Every record has been found in the books; equal numbers say that there are no others.
        same(|| "the sum of everything".into(), totals, self.auditor.totals())?;
        let clock = read(self.state, &SteppedClockKey).map_err(|e| e.to_string())?;
        same(|| "the clock".into(), clock.map(|clock| clock.reads), self.auditor.books().clock)?;
        self.governance()?;
        let due = ledger::execute::next_due(self.state).map_err(|e| e.to_string())?;
        same(|| "the next instant at which something falls due".into(), due, self.auditor.books().next_due())
    }

    fn governance(&self) -> Result<(), String> {
        let books = self.auditor.books();
        let members = read(self.state, &ValidatorsKey).map_err(|e| e.to_string())?;
        let members: Vec<_> = members.iter().flat_map(|set| set.iter()).cloned().collect();
        let mut ours: Vec<_> = books.members.values().cloned().collect();
        ours.sort_by_key(|member| member.public_key);
        same(|| "the members".into(), members, ours)?;
        let eras: Vec<Era> = self.values(all_eras())?;
        let eras: Vec<_> = eras.iter().rev().map(|era| (era.from.get(), era.validators.len())).collect();
        let ours = books.eras.iter().map(|(from, members)| (*from, members.len())).collect();
        same(|| "the eras".into(), eras, ours)?;
        let changes: Vec<ProposedChange> = self.values(all_changes())?;
        let changes: Vec<_> = changes
            .into_iter()
            .map(|found| {
                let approvals = found.approvals.into_iter().map(|by| (by.organisation, by.at)).collect();
                let (change, proposer, status) = (found.change, found.proposer, found.status);
                let (proposed_at, expires_at) = (found.proposed_at, found.expires_at);
                (found.id, Proposed { change, proposer, proposed_at, expires_at, approvals, status })
            })
            .collect();
        let ours = books.changes.iter().map(|(id, proposed)| (*id, proposed.clone())).collect();
        same(|| "the proposed changes".into(), changes, ours)?;
        let proven: Vec<DoubleSigning> = self.values(all_double_signings())?;
        let proven: Vec<_> =
            proven.into_iter().map(|d| (d.id, (d.organisation, (d.reported_by, d.reported_at)))).collect();
        let ours = books.double_signings.iter().map(|(id, entry)| (*id, entry.clone())).collect();
        same(|| "the double signings".into(), proven, ours)
    }

    fn organisation(&self, found: &Organisation) -> Result<(), String> {
        let code = &found.code;
        let ours = self.auditor.books().organisations.get(code);
        let ours = ours.ok_or_else(|| format!("organisation {code} must not be there"))?;
        let of = |field: &'static str| move || format!("{field} of organisation {code}");
        same(of("the roles"), found.roles.clone(), ours.roles.iter().copied().collect())?;
        same(of("name and region"), (&found.name, &found.region), (&ours.name, &ours.region))?;
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
        let found: Vec<_> = found.into_iter().map(|q| (q.number, q.bidder, q.price, q.at)).collect();
        let ours = (1u32..).zip(&deal.quotes);
        let ours = ours.map(|(number, q)| (number, q.bidder.clone(), q.price, q.at)).collect();
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
        same(of("the listing"), &found.listing, &ours.deal)?;
        same(of("the term"), (found.issued_at, found.expires_at), (ours.issued_at, ours.expires_at))
    }
}

fn sides(signed: &BothSides) -> Sides {
    Sides { seller: signed.seller, winner: signed.winner }
}
