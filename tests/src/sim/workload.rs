//! What clients of a run do: the seam for workloads, and a simple one.

use ledger::action::Action;
use ledger::amount::{Amount, Currency};
use ledger::crypto::SigningKey;
use ledger::execute::Tip;
use ledger::id::{ChainId, GuaranteeId, Height, credit_check};
use ledger::procedure::guarantee::IssueGuarantee;
use ledger::procedure::qualification::DepositGuarantee;
use ledger::procedure::quote::SubmitQuote;
use ledger::procedure::registration::RegisterOrganisation;
use ledger::record::listing::{Listing, Stage};
use ledger::record::organisation::Role;
use ledger::state::keys::all_listings;
use ledger::state::{StateRead, decode_value};
use ledger::time::{BlockTime, DAY_MS, Span};
use ledger::transaction::{self, Payload};

use super::random::Rng;
use crate::acts::{self, BANK, BIDDER, EXPIRY, SELLER, TIMEKEEPER};

/// What a workload sees when it is asked for the next thing to do.
pub struct Scene<'a> {
    /// The chain to sign for.
    pub chain: &'a ChainId,
    /// The state of the highest honest node.
    pub state: &'a dyn StateRead,
    /// Its last block.
    pub tip: Tip,
    /// What the world's clock shows; on a network with a stepped clock, block time counts instead.
    pub time: BlockTime,
    /// Whether time is stepped.
    pub stepped: bool,
    /// Whether the run is past its faults: then time makes no leaps, so that what is valid stays so.
    pub calm: bool,
    /// The keys with which the centres in genesis sign transactions.
    pub operators: &'a [SigningKey],
}

/// A signed transaction, or bytes that claim to be one.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether it is valid whatever happens meanwhile: then it must be recorded within the bound of the run.
    pub must: bool,
}

/// What clients do next.
#[derive(Clone, Debug)]
pub enum Step {
    /// Give a transaction to some node.
    Submit(Submission),
    /// Everybody's clock moves ahead at once, as if the whole network had slept.
    Leap(Span),
    /// Nothing.
    Rest,
}

/// A source of things to do. It draws chance from its own seeded generator and keeps no time.
pub trait Workload {
    /// The next thing to do.
    fn next(&mut self, scene: &Scene<'_>) -> Step;
}

/// Admissions, notices, letters, quotes and steps of the clock, with some that must be refused.
pub struct Simple {
    rng: Rng,
    number: u64,
    last: Option<Vec<u8>>,
    /// How far time has been moved, in ms.
    moved_ms: u64,
}

/// How far time is moved in a run at most, in ms: the holiday table of the rules has an end.
const MOVED_MAX_MS: u64 = 60 * DAY_MS;

impl Simple {
    /// A workload.
    #[must_use]
    pub const fn new(rng: Rng) -> Self {
        Self { rng, number: 0, last: None, moved_ms: 0 }
    }

    fn signed(&mut self, scene: &Scene<'_>, key: &SigningKey, action: Action, must: bool) -> Step {
        self.number += 1;
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&self.number.to_be_bytes());
        let payload = Payload { action, expiry: Height::new(EXPIRY), salt };
        let bytes = transaction::sign(scene.chain, key, &payload);
        self.last = Some(bytes.clone());
        Step::Submit(Submission { bytes, must })
    }

    fn admission(&mut self) -> Action {
        self.number += 1;
        let number = self.number;
        let body = format!("91440100{number:09}");
        let check = credit_check(&body).expect("digits have a check character");
        Action::RegisterOrganisation(RegisterOrganisation {
            code: format!("{body}{}", char::from(check)).parse().expect("the check character is right"),
            name: format!("示例企业{number}").parse().expect("a title"),
            region: "440100".parse().expect("a region"),
            roles: vec![Role::Bidder],
            keys: vec![acts::key(&format!("sim admitted {number}")).public_key()],
        })
    }

    /// A notice that keeps its periods even when every step of the clock is recorded before it.
    fn notice(&self, now: BlockTime) -> Action {
        let in_days = |days: u64| now.plus(Span::from_millis(days * DAY_MS));
        acts::notice(in_days(90), in_days(110))
    }

    /// A listing from a random place on.
    fn listing(&mut self, scene: &Scene<'_>) -> Option<Listing> {
        let (mut from, before) = all_listings();
        let skip = self.rng.below(4);
        let mut found = None;
        for _ in 0..=skip {
            let (key, value) = scene.state.first_in(&from, &before).ok()??;
            found = decode_value(&key, &value).ok();
            from = [key, vec![0]].concat();
        }
        found
    }

    /// The next act on some listing, for its bidder or bank; refused where it does not fit.
    fn trade(&mut self, scene: &Scene<'_>) -> Option<Step> {
        let listing = self.listing(scene)?;
        let number = format!("SIM-{}", self.rng.below(8));
        let guarantor = BANK.code.parse().ok()?;
        let id = GuaranteeId { guarantor, number: number.parse().ok()? };
        let code = listing.code.clone();
        Some(match (self.rng.below(3), listing.stage) {
            (0, _) => {
                let act = Action::IssueGuarantee(IssueGuarantee {
                    number: id.number,
                    applicant: BIDDER.code.parse().ok()?,
                    listing: code,
                    amount: listing.prices.deposit,
                    expires_at: listing.closes_at.plus(Span::from_millis(400 * DAY_MS)),
                });
                self.signed(scene, &BANK.key(), act, false)
            }
            (1, _) | (_, Stage::Announced) => {
                let act = Action::DepositGuarantee(DepositGuarantee { listing: code, guarantee: id });
                self.signed(scene, &BIDDER.key(), act, false)
            }
            _ => {
                let best = listing.best.as_ref().map_or(listing.prices.starting, |best| best.price);
                // Nothing more, one increment, or two.
                let more = Amount::new(self.rng.below(3) * 100_000_000, Currency::Cny).ok()?;
                let price = best.checked_add(more).ok()?;
                let act = Action::SubmitQuote(SubmitQuote { listing: code, price });
                self.signed(scene, &BIDDER.key(), act, false)
            }
        })
    }

    /// What must be refused, or must change nothing the second time.
    fn illegal(&mut self, scene: &Scene<'_>) -> Step {
        match (self.rng.below(4), self.last.clone()) {
            (0, Some(bytes)) => Step::Submit(Submission { bytes, must: false }),
            (1, Some(mut bytes)) => {
                let at = self.rng.index(bytes.len());
                bytes[at] ^= 1 << self.rng.below(8);
                Step::Submit(Submission { bytes, must: false })
            }
            (2, _) => {
                let act = self.admission();
                self.signed(scene, &SELLER.key(), act, false)
            }
            _ => {
                let act = self.admission();
                self.signed(scene, &acts::key("a stranger"), act, false)
            }
        }
    }

    fn time(&mut self, scene: &Scene<'_>) -> Step {
        let by = self.rng.pick(&[60_000, 3_600_000, DAY_MS, 20 * DAY_MS]).copied().unwrap_or(DAY_MS);
        if scene.calm || self.moved_ms + by > MOVED_MAX_MS {
            return Step::Rest;
        }
        self.moved_ms += by;
        match scene.stepped {
            true => self.signed(scene, &TIMEKEEPER.key(), acts::step(by), false),
            false => Step::Leap(Span::from_millis(by)),
        }
    }
}

impl Workload for Simple {
    fn next(&mut self, scene: &Scene<'_>) -> Step {
        match self.rng.below(100) {
            0..30 => {
                let operator = scene.operators[self.rng.index(scene.operators.len())].clone();
                let act = self.admission();
                self.signed(scene, &operator, act, true)
            }
            30..45 => {
                let now = if scene.stepped { scene.tip.time } else { scene.time.max(scene.tip.time) };
                let act = self.notice(now);
                // A step of the clock may overtake it by more than its periods allow.
                self.signed(scene, &SELLER.key(), act, scene.calm)
            }
            45..75 => self.trade(scene).unwrap_or(Step::Rest),
            75..90 => self.illegal(scene),
            90..94 => self.time(scene),
            _ => Step::Rest,
        }
    }
}
