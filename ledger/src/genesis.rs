//! Genesis: the first state, from a file that all members sign off by its hash.

use serde::Deserialize;

use crate::block;
use crate::calendar::{Calendar, Day};
use crate::codec::{self, Description, InvalidText, Title};
use crate::crypto::PublicKey;
use crate::execute::Tip;
use crate::governance::Era;
use crate::hash::{GenesisHash, sha256};
use crate::id::{ChainId, CreditCode, Height, RegionCode};
use crate::procedure::registration::MAX_KEYS;
use crate::record::organisation::{KeyHolder, Organisation, Role};
use crate::record::{Clock, Parameters, SteppedClock};
use crate::rule::{Rule, RuleId, RulePack, TradeKind, Unit};
use crate::state::keys::{
    EraKey, KeyHolderKey, OrganisationKey, ParametersKey, RulesKey, SteppedClockKey, ValidatorsKey,
};
use crate::state::{ChangeSet, StateKey};
use crate::time::BlockTime;
use crate::validators::{Validator, ValidatorSet, ValidatorSetError};

/// Largest genesis file, in bytes.
pub const MAX_GENESIS_BYTES: usize = 4 << 20;

/// Why a file is not a genesis.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// Too long, or not UTF-8.
    #[error("a genesis file is UTF-8 text of at most 4 MiB")]
    NotText,
    /// Not TOML of the published shape; the parser's words name the place.
    #[error("{0}")]
    Toml(String),
    /// A value that its kind does not allow.
    #[error("{field}: {reason}")]
    Value {
        /// Where.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// The centres do not form a validator set.
    #[error(transparent)]
    Validators(#[from] ValidatorSetError),
}

/// A parsed and checked genesis file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// SHA-256 of the file, byte for byte.
    pub hash: GenesisHash,
    /// The chain that begins here.
    pub chain_id: ChainId,
    /// Block time of height 0.
    pub time: BlockTime,
    /// The network's bounds.
    pub parameters: Parameters,
    /// The validators of height 1.
    pub validators: ValidatorSet,
    /// Organisations known from the beginning, with their keys.
    pub organisations: Vec<(Organisation, Vec<PublicKey>)>,
    /// Rules of land-use right listings.
    pub rules: RulePack,
    /// Rules of construction tenders; without them the network knows no tenders until it adopts some.
    pub construction: Option<RulePack>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    time: String,
    parameters: ParametersSection,
    clock: ClockSection,
    centre: Vec<CentreSection>,
    #[serde(default)]
    organisation: Vec<OrganisationSection>,
    rules: RulesSection,
    construction: Option<RulesSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ParametersSection {
    expiry_window: u64,
    block_bytes: u64,
    block_transactions: u64,
    #[serde(default)]
    certificates_required: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
enum ClockSection {
    Real,
    Stepped { timekeeper: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CentreSection {
    code: CreditCode,
    name: Title,
    region: RegionCode,
    consensus_key: String,
    network_key: String,
    keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganisationSection {
    code: CreditCode,
    name: Title,
    region: RegionCode,
    roles: Vec<String>,
    keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesSection {
    name: Title,
    version: u32,
    rule: Vec<RuleSection>,
    calendar: CalendarSection,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleSection {
    id: RuleId,
    value: u64,
    unit: String,
    source: Description,
    effective_from: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarSection {
    first: String,
    last: String,
    holidays: Vec<String>,
    workdays: Vec<String>,
}

fn wrong(field: impl Into<String>, reason: impl ToString) -> GenesisError {
    GenesisError::Value { field: field.into(), reason: reason.to_string() }
}

impl Genesis {
    /// Reads a genesis file.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, GenesisError> {
        if bytes.len() > MAX_GENESIS_BYTES {
            return Err(GenesisError::NotText);
        }
        let text = core::str::from_utf8(bytes).map_err(|_| GenesisError::NotText)?;
        let file: File = toml::from_str(text).map_err(|e| GenesisError::Toml(e.to_string()))?;
        let hash = GenesisHash::from_bytes(sha256(bytes));
        let chain_id = ChainId::derive(&file.name, &hash).map_err(|e: InvalidText| wrong("name", e))?;
        let time = BlockTime::parse(&file.time).map_err(|e| wrong("time", e))?;
        let rules = file.rules.check("rules", TradeKind::LandListing, time)?;
        let construction = file
            .construction
            .map(|section| section.check("construction", TradeKind::ConstructionTender, time))
            .transpose()?;
        let clock = file.clock.check()?;
        let validators =
            ValidatorSet::new(file.centre.iter().map(CentreSection::validator).collect::<Result<_, _>>()?)?;
        let organisations = organisations(&file.centre, &file.organisation, time)?;
        check_timekeeper(&clock, &organisations)?;
        let parameters = file.parameters.check(clock)?;
        Ok(Self { hash, chain_id, time, parameters, validators, organisations, rules, construction })
    }

    /// Where the chain begins: height 0, named by the genesis hash.
    pub fn tip(&self) -> Tip {
        Tip { height: Height::GENESIS, id: block::Id::from_bytes(*self.hash.as_bytes()), time: self.time }
    }

    /// The state at height 0.
    pub fn state(&self) -> ChangeSet {
        let mut state = ChangeSet::new();
        put(&mut state, &ParametersKey, &self.parameters);
        for pack in self.construction.iter().chain([&self.rules]) {
            put(&mut state, &RulesKey(pack.kind), pack);
        }
        put(&mut state, &ValidatorsKey, &self.validators);
        let from = Height::GENESIS.next();
        put(&mut state, &EraKey(from), &Era { from, validators: self.validators.clone() });
        if let Clock::Stepped { .. } = self.parameters.clock {
            put(&mut state, &SteppedClockKey, &SteppedClock { reads: self.time });
        }
        for (organisation, keys) in &self.organisations {
            put(&mut state, &OrganisationKey(&organisation.code), organisation);
            let holder = KeyHolder::registered(organisation.code.clone());
            keys.iter().for_each(|key| put(&mut state, &KeyHolderKey(key), &holder));
        }
        state
    }
}

fn put<K: StateKey>(state: &mut ChangeSet, key: &K, value: &K::Value) {
    state.insert(key.key(), Some(codec::encode(value)));
}

fn organisations(
    centres: &[CentreSection],
    others: &[OrganisationSection],
    time: BlockTime,
) -> Result<Vec<(Organisation, Vec<PublicKey>)>, GenesisError> {
    let mut all = Vec::new();
    for c in centres {
        all.push(organisation(&c.code, &c.name, &c.region, vec![Role::Centre], &c.keys, time)?);
    }
    for o in others {
        let mut roles = o
            .roles
            .iter()
            .map(|r| {
                Role::parse(r).ok_or_else(|| {
                    wrong(format!("organisation {}", o.code), format!("no role is called {r}"))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        roles.sort_unstable();
        roles.dedup();
        if roles.is_empty() || roles.contains(&Role::Centre) {
            return Err(wrong(
                format!("organisation {}", o.code),
                "needs roles, and a centre has a section of its own",
            ));
        }
        all.push(organisation(&o.code, &o.name, &o.region, roles, &o.keys, time)?);
    }
    check_unique(&all)?;
    Ok(all)
}

fn check_unique(all: &[(Organisation, Vec<PublicKey>)]) -> Result<(), GenesisError> {
    let mut codes = std::collections::BTreeSet::new();
    let mut keys = std::collections::BTreeSet::new();
    for (organisation, its_keys) in all {
        if !codes.insert(&organisation.code) {
            return Err(wrong(organisation.code.as_str(), "this organisation stands twice"));
        }
        if !its_keys.iter().all(|key| keys.insert(key)) {
            return Err(wrong(organisation.code.as_str(), "one of its keys stands twice"));
        }
    }
    Ok(())
}

/// A clock that nobody can step would stand still for ever.
fn check_timekeeper(clock: &Clock, all: &[(Organisation, Vec<PublicKey>)]) -> Result<(), GenesisError> {
    let Clock::Stepped { timekeeper } = clock else { return Ok(()) };
    let steps =
        |(o, keys): &(Organisation, Vec<PublicKey>)| o.has(Role::Timekeeper) && keys.contains(timekeeper);
    if all.iter().any(steps) {
        Ok(())
    } else {
        Err(wrong("clock.timekeeper", "must be a key of an organisation with the role timekeeper"))
    }
}

fn organisation(
    code: &CreditCode,
    name: &Title,
    region: &RegionCode,
    roles: Vec<Role>,
    keys: &[String],
    time: BlockTime,
) -> Result<(Organisation, Vec<PublicKey>), GenesisError> {
    let keys = keys.iter().map(|text| key(code.as_str(), text)).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() || keys.len() > MAX_KEYS {
        return Err(wrong(code.as_str(), format!("needs 1 to {MAX_KEYS} keys")));
    }
    let organisation = Organisation {
        code: code.clone(),
        name: name.clone(),
        region: region.clone(),
        roles,
        admitted_by: code.clone(),
        admitted_at: time,
        named_from: None,
        former_names: Vec::new(),
    };
    Ok((organisation, keys))
}

fn key(field: &str, text: &str) -> Result<PublicKey, GenesisError> {
    let key: PublicKey =
        text.parse().map_err(|e| wrong(field, format!("{text:?} is not a public key: {e}")))?;
    if key.is_strong() {
        Ok(key)
    } else {
        Err(wrong(field, format!("{text} is no full-strength Ed25519 key")))
    }
}

impl CentreSection {
    fn validator(&self) -> Result<Validator, GenesisError> {
        Ok(Validator {
            public_key: key("consensus_key", &self.consensus_key)?,
            network_key: key("network_key", &self.network_key)?,
            organisation: self.code.clone(),
        })
    }
}

impl ClockSection {
    fn check(&self) -> Result<Clock, GenesisError> {
        match self {
            Self::Real => Ok(Clock::Real),
            Self::Stepped { timekeeper } => {
                Ok(Clock::Stepped { timekeeper: key("clock.timekeeper", timekeeper)? })
            }
        }
    }
}

impl ParametersSection {
    fn check(&self, clock: Clock) -> Result<Parameters, GenesisError> {
        let most_bytes = (block::MAX_BLOCK_BYTES / 2) as u64;
        let ranges = [
            ("expiry_window", self.expiry_window, 10, 1_000_000),
            ("block_bytes", self.block_bytes, block::MAX_LEAF_BYTES as u64, most_bytes),
            ("block_transactions", self.block_transactions, 1, block::MAX_TRANSACTIONS as u64),
        ];
        for (name, value, least, most) in ranges {
            if value < least || value > most {
                return Err(wrong(
                    format!("parameters.{name}"),
                    format!("must be {least} to {most}, is {value}"),
                ));
            }
        }
        Ok(Parameters {
            expiry_window: self.expiry_window,
            block_bytes: self.block_bytes,
            block_transactions: self.block_transactions,
            clock,
            certificates_required: self.certificates_required,
        })
    }
}

impl RulesSection {
    fn check(self, section: &str, kind: TradeKind, time: BlockTime) -> Result<RulePack, GenesisError> {
        let mut rules = self.rule.into_iter().map(RuleSection::check).collect::<Result<Vec<_>, _>>()?;
        rules.sort_by(|a, b| (&a.id, a.effective_from).cmp(&(&b.id, b.effective_from)));
        let (name, version, calendar) = (self.name, self.version, self.calendar.check()?);
        let pack = RulePack { name, version, rules, calendar, kind };
        pack.check(time).map_err(|e| wrong(section, e))?;
        Ok(pack)
    }
}

impl RuleSection {
    fn check(self) -> Result<Rule, GenesisError> {
        let field = format!("rule {}", self.id);
        let unit = Unit::parse(&self.unit).ok_or_else(|| {
            let all = Unit::ALL.map(Unit::name).join(", ");
            wrong(&field, format!("the unit is one of {all}"))
        })?;
        let effective_from = day(&field, &self.effective_from)?;
        Ok(Rule { id: self.id, value: self.value, unit, source: self.source, effective_from })
    }
}

impl CalendarSection {
    fn check(self) -> Result<Calendar, GenesisError> {
        let list = |name: &str, days: Vec<String>| {
            let mut days = days.iter().map(|text| day(name, text)).collect::<Result<Vec<_>, _>>()?;
            days.sort_unstable();
            days.dedup();
            Ok::<_, GenesisError>(days)
        };
        Ok(Calendar {
            first: day("calendar.first", &self.first)?,
            last: day("calendar.last", &self.last)?,
            holidays: list("calendar.holidays", self.holidays)?,
            workdays: list("calendar.workdays", self.workdays)?,
        })
    }
}

fn day(field: &str, text: &str) -> Result<Day, GenesisError> {
    Day::parse(text)
        .ok_or_else(|| wrong(field, format!("{text:?} is not a date; write for example 2026-03-02")))
}
