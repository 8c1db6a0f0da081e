//! What is recorded: sixty-four guarantors issue letters for one announced listing.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use ledger::action::Action;
use ledger::amount::{Amount, Currency};
use ledger::crypto::SigningKey;
use ledger::id::{ChainId, CreditCode, DealCode, Height, credit_check};
use ledger::procedure::guarantee::IssueGuarantee;
use ledger::procedure::listing::PublishListing;
use ledger::procedure::registration::RegisterOrganisation;
use ledger::record::listing::{Prices, Resource};
use ledger::record::organisation::Role;
use ledger::time::{BlockTime, DAY_MS, Span};
use ledger::transaction::{self, Payload};
use node::host::real_time;
use node::keys::Secret;
use rayon::prelude::*;

use super::client::{self, Request};
use super::load::{self, Pace};
use super::network::Network;

/// Organisations that sign.
pub(super) const SIGNERS: usize = 64;
/// Bidders for whom letters are issued.
const BIDDERS: usize = 16;
/// The last height at which anything may be recorded: within the expiry window of genesis.
const EXPIRY: Height = Height::new(90_000);

/// An organisation and its key.
struct Party {
    code: CreditCode,
    key: SigningKey,
}

/// Everything that is needed to sign letters.
pub(super) struct Workload {
    chain: ChainId,
    guarantors: Vec<Party>,
    bidders: Vec<CreditCode>,
    listing: DealCode,
    expires_at: BlockTime,
    next: usize,
}

/// A made-up credit code with its check character.
pub(super) fn credit_code(prefix: &str, number: usize) -> anyhow::Result<CreditCode> {
    let body = format!("{prefix}{number:07}");
    let check = credit_check(&body).context("a foreign character")?;
    Ok(format!("{body}{}", char::from(check)).parse()?)
}

fn party(prefix: &str, number: usize) -> anyhow::Result<Party> {
    Ok(Party { code: credit_code(prefix, number)?, key: Secret::generate()?.signing_key() })
}

impl Workload {
    /// Registers everybody and publishes the listing.
    pub(super) async fn prepare(network: &Network) -> anyhow::Result<Self> {
        let chain = network.genesis.chain_id.clone();
        let seller = party("12440400LD", 1)?;
        let guarantors = (0..SIGNERS).map(|i| party("91440300BK", i)).collect::<anyhow::Result<Vec<_>>>()?;
        let bidders = (0..BIDDERS).map(|i| party("91440100BD", i)).collect::<anyhow::Result<Vec<_>>>()?;
        let operator = network.operator(0)?;
        let with_role = [
            (std::slice::from_ref(&seller), Role::Seller),
            (&guarantors, Role::Guarantor),
            (&bidders, Role::Bidder),
        ];
        let mut acts = Vec::new();
        for (party, role) in
            with_role.into_iter().flat_map(|(parties, role)| parties.iter().map(move |p| (p, role)))
        {
            acts.push(sign(&chain, &operator, acts.len(), registration(party, role)?));
        }
        let centre = network.genesis.validators.iter().next().context("no centre")?.organisation.clone();
        record(network, &acts).await?;
        record(network, &[sign(&chain, &seller.key, 0, notice(centre)?)]).await?;
        let listings = client::get(network.addresses()[0], "/v1/listings").await?;
        let listing = &listings["data"][0];
        ensure!(listing["stage"] == "announced", "the listing is not announced: {listing}");
        let code = listing["code"].as_str().context("a listing without a code")?.parse()?;
        Ok(Self {
            chain,
            guarantors,
            bidders: bidders.into_iter().map(|b| b.code).collect(),
            listing: code,
            expires_at: real_time().plus(Span::from_millis(400 * DAY_MS)),
            next: 0,
        })
    }

    /// Signs the next letters, each with a number of its own, the signers in turn.
    pub(super) fn letters(&mut self, count: usize) -> anyhow::Result<Vec<Vec<u8>>> {
        let first = self.next;
        self.next += count;
        (first..self.next).into_par_iter().map(|number| self.letter(number)).collect()
    }

    fn letter(&self, number: usize) -> anyhow::Result<Vec<u8>> {
        let guarantor = &self.guarantors[number % self.guarantors.len()];
        let act = IssueGuarantee {
            number: format!("SZ-LG-2026-{number:012}").parse()?,
            applicant: self.bidders[number % self.bidders.len()].clone(),
            listing: self.listing.clone(),
            amount: yuan(20_000_000)?,
            expires_at: self.expires_at,
        };
        Ok(sign(&self.chain, &guarantor.key, number, Action::IssueGuarantee(act)))
    }

    /// Letters as requests of one transaction each.
    pub(super) fn singles(&mut self, count: usize) -> anyhow::Result<Vec<Request>> {
        Ok(self.letters(count)?.iter().map(|letter| Request::single(letter)).collect())
    }

    /// Letters as requests of `size` transactions each.
    pub(super) fn batches(&mut self, count: usize, size: usize) -> anyhow::Result<Vec<Request>> {
        self.letters(count * size)?.chunks(size).map(Request::batch).collect()
    }
}

fn sign(chain: &ChainId, key: &SigningKey, number: usize, action: Action) -> Vec<u8> {
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&number.to_be_bytes());
    transaction::sign(chain, key, &Payload { action, expiry: EXPIRY, salt, approvals: Vec::new() })
}

fn registration(party: &Party, role: Role) -> anyhow::Result<Action> {
    Ok(Action::RegisterOrganisation(RegisterOrganisation {
        code: party.code.clone(),
        name: format!("测速主体{}", party.code).parse()?,
        region: "440000".parse()?,
        roles: vec![role],
        keys: vec![party.key.public_key()],
    }))
}

/// A listing that stays announced for as long as anything is measured.
fn notice(centre: CreditCode) -> anyhow::Result<Action> {
    let day = |days| real_time().plus(Span::from_millis(days * DAY_MS));
    Ok(Action::PublishListing(PublishListing {
        centre,
        title: "测速地块挂牌出让公告".parse()?,
        region: "440400".parse()?,
        resource: Resource {
            parcel: "ZH-BENCH-001".parse()?,
            location: "广东省珠海市示例大道".parse()?,
            area_dm2: 2_000_000,
            land_use: "商业服务业用地".parse()?,
            term_years: 40,
            documents: Vec::new(),
        },
        prices: Prices {
            starting: yuan(80_000_000)?,
            reserve: yuan(100_000_000)?,
            increment: yuan(1_000_000)?,
            deposit: yuan(20_000_000)?,
        },
        opens_at: day(25),
        closes_at: day(40),
    }))
}

fn yuan(yuan: u64) -> anyhow::Result<Amount> {
    Ok(Amount::new(yuan * 100, Currency::Cny)?)
}

/// Has acts recorded in their order.
async fn record(network: &Network, acts: &[Vec<u8>]) -> anyhow::Result<()> {
    let request = Request::batch(acts)?;
    let outcome =
        load::send(&network.addresses()[..1], vec![request], 1, Pace::Closed(Duration::from_secs(60)))
            .await?;
    ensure!(outcome.committed == acts.len(), "not everything was recorded: {:?}", outcome.failed);
    Ok(())
}
