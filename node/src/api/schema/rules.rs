//! The rule pack as clients read it.

use ledger::calendar::{Calendar as LedgerCalendar, Day};
use ledger::rule;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::names::mirror;
use super::{InvalidField, parse};

/// What a rule's value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Calendar days.
    Day,
    /// Working days.
    WorkingDay,
    /// Minutes of block time.
    Minute,
    /// Thousandths of an amount.
    Permille,
    /// Things or persons.
    Count,
    /// Ten thousand yuan.
    TenThousandYuan,
    /// Third parts of a whole.
    Third,
}

mirror! {
    /// A kind of trade.
    TradeKind of rule::TradeKind {
        /// Listing of a land-use right.
        LandListing,
        /// Construction tender.
        ConstructionTender,
    }
}

impl Default for TradeKind {
    fn default() -> Self {
        rule::TradeKind::default().into()
    }
}

/// One legal number with the text it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name in the pack.
    pub id: String,
    /// The number.
    pub value: u64,
    /// What the number counts.
    pub unit: Unit,
    /// The legal text.
    pub source: String,
    /// The day from which it applies.
    pub effective_from: String,
}

/// Which days are worked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// First day the table speaks of.
    pub first: String,
    /// Last day the table speaks of.
    pub last: String,
    /// Weekdays that are not worked.
    pub holidays: Vec<String>,
    /// Weekend days that are worked.
    pub workdays: Vec<String>,
}

/// The rules of a kind of trade in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RulePack {
    /// Name of the pack.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// The rules.
    pub rules: Vec<Rule>,
    /// The holiday table.
    pub calendar: Calendar,
    /// The kind of trade that it rules; land-use right listings when absent.
    #[serde(default)]
    pub kind: TradeKind,
}

impl From<rule::RulePack> for RulePack {
    fn from(pack: rule::RulePack) -> Self {
        Self {
            name: pack.name.to_string(),
            version: pack.version,
            rules: pack.rules.into_iter().map(Rule::from).collect(),
            calendar: pack.calendar.into(),
            kind: pack.kind.into(),
        }
    }
}

impl TryFrom<RulePack> for rule::RulePack {
    type Error = InvalidField;

    /// The ledger wants rules and days in ascending order; how a person lists them means nothing.
    fn try_from(pack: RulePack) -> Result<Self, InvalidField> {
        let numbered = pack.rules.into_iter().enumerate();
        let mut rules = numbered
            .map(|(i, rule)| {
                rule::Rule::try_from(rule).map_err(|e: InvalidField| e.within(&format!("rules[{i}]")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        rules.sort_by(|a, b| (&a.id, a.effective_from).cmp(&(&b.id, b.effective_from)));
        let days = |field: &str, days: &[String]| {
            let mut days = days.iter().map(|text| day(field, text)).collect::<Result<Vec<_>, _>>()?;
            days.sort_unstable();
            Ok(days)
        };
        let calendar = LedgerCalendar {
            first: day("calendar.first", &pack.calendar.first)?,
            last: day("calendar.last", &pack.calendar.last)?,
            holidays: days("calendar.holidays", &pack.calendar.holidays)?,
            workdays: days("calendar.workdays", &pack.calendar.workdays)?,
        };
        let (name, kind) = (parse("name", &pack.name)?, pack.kind.into());
        Ok(Self { name, version: pack.version, rules, calendar, kind })
    }
}

impl TryFrom<Rule> for rule::Rule {
    type Error = InvalidField;

    fn try_from(rule: Rule) -> Result<Self, InvalidField> {
        Ok(Self {
            id: parse("id", &rule.id)?,
            value: rule.value,
            unit: match rule.unit {
                Unit::Day => rule::Unit::Day,
                Unit::WorkingDay => rule::Unit::WorkingDay,
                Unit::Minute => rule::Unit::Minute,
                Unit::Permille => rule::Unit::Permille,
                Unit::Count => rule::Unit::Count,
                Unit::TenThousandYuan => rule::Unit::TenThousandYuan,
                Unit::Third => rule::Unit::Third,
            },
            source: parse("source", &rule.source)?,
            effective_from: day("effective_from", &rule.effective_from)?,
        })
    }
}

fn day(field: &str, text: &str) -> Result<Day, InvalidField> {
    Day::parse(text).ok_or_else(|| InvalidField::new(field, "not a date; write for example 2026-03-02"))
}

impl From<rule::Rule> for Rule {
    fn from(rule: rule::Rule) -> Self {
        Self {
            id: rule.id.to_string(),
            value: rule.value,
            unit: match rule.unit {
                rule::Unit::Day => Unit::Day,
                rule::Unit::WorkingDay => Unit::WorkingDay,
                rule::Unit::Minute => Unit::Minute,
                rule::Unit::Permille => Unit::Permille,
                rule::Unit::Count => Unit::Count,
                rule::Unit::TenThousandYuan => Unit::TenThousandYuan,
                rule::Unit::Third => Unit::Third,
            },
            source: rule.source.to_string(),
            effective_from: rule.effective_from.to_string(),
        }
    }
}

impl From<LedgerCalendar> for Calendar {
    fn from(calendar: LedgerCalendar) -> Self {
        let days = |days: &[ledger::calendar::Day]| days.iter().map(ToString::to_string).collect();
        Self {
            first: calendar.first.to_string(),
            last: calendar.last.to_string(),
            holidays: days(&calendar.holidays),
            workdays: days(&calendar.workdays),
        }
    }
}
