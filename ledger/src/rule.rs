//! Rule packs: legal periods and thresholds as versioned ledger data, one pack for each kind of trade.

pub mod construction_tender;
pub mod land_listing;

use minicbor::{Decode, Encode};

use crate::calendar::{BeyondCalendar, Calendar, Day, whole_days_after};
use crate::codec::{Description, InvalidText, Title, ascending, text_type};
use crate::time::{BlockTime, Span};

text_type! {
    /// Name of a rule within its pack, for example `LL01`: 2 to 12 of `A-Z 0-9`.
    RuleId, |t| {
        let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit();
        if (2..=12).contains(&t.len()) && t.bytes().all(allowed) {
            Ok(t.to_owned())
        } else {
            Err(InvalidText::new("a rule id has 2 to 12 of A-Z and 0-9"))
        }
    }
}

/// What a rule's value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Unit {
    /// Calendar days (日).
    #[n(0)]
    Day,
    /// Working days (工作日).
    #[n(1)]
    WorkingDay,
    /// Minutes of block time.
    #[n(2)]
    Minute,
    /// Thousandths of an amount.
    #[n(3)]
    Permille,
    /// Things or persons.
    #[n(4)]
    Count,
    /// Ten thousand yuan (万元), in which the law names amounts.
    #[n(5)]
    TenThousandYuan,
    /// Third parts of a whole.
    #[n(6)]
    Third,
}

impl Unit {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::WorkingDay => "working_day",
            Self::Minute => "minute",
            Self::Permille => "permille",
            Self::Count => "count",
            Self::TenThousandYuan => "ten_thousand_yuan",
            Self::Third => "third",
        }
    }

    /// All units.
    pub const ALL: [Self; 7] = [
        Self::Day,
        Self::WorkingDay,
        Self::Minute,
        Self::Permille,
        Self::Count,
        Self::TenThousandYuan,
        Self::Third,
    ];

    /// The unit of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|unit| unit.name() == name)
    }
}

/// A kind of trade. Each has a rule pack of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum TradeKind {
    /// Listing of a land-use right (土地使用权挂牌出让): every network has its rules.
    #[default]
    #[n(0)]
    LandListing,
    /// Construction tender (工程建设招标投标).
    #[n(1)]
    ConstructionTender,
}

impl TradeKind {
    /// All kinds.
    pub const ALL: [Self; 2] = [Self::LandListing, Self::ConstructionTender];

    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LandListing => "land_listing",
            Self::ConstructionTender => "construction_tender",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Names of the rules that a trade of this kind asks for.
    pub const fn rules(self) -> &'static [&'static str] {
        match self {
            Self::LandListing => &land_listing::ALL,
            Self::ConstructionTender => &construction_tender::ALL,
        }
    }

    /// The units that a rule's value may have; none for a name that no trade of this kind asks for.
    pub fn units(self, id: &str) -> &'static [Unit] {
        match self {
            Self::LandListing => land_listing::units(id),
            Self::ConstructionTender => construction_tender::units(id),
        }
    }

    /// Whether it is the kind that encodings leave out: they are older than the others.
    pub(crate) fn is_first(&self) -> bool {
        *self == Self::LandListing
    }
}

/// One legal number with the text it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Rule {
    /// Its name in the pack.
    #[n(0)]
    pub id: RuleId,
    /// The number.
    #[n(1)]
    pub value: u64,
    /// What the number counts.
    #[n(2)]
    pub unit: Unit,
    /// The legal text.
    #[n(3)]
    pub source: Description,
    /// The day from which it applies.
    #[n(4)]
    pub effective_from: Day,
}

/// The rules of one kind of trade, and the holidays by which they are counted.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RulePack {
    /// Name of the pack.
    #[n(0)]
    pub name: Title,
    /// Version, from 1, one more at each change.
    #[n(1)]
    pub version: u32,
    /// The rules, ascending by id and day of effect.
    #[n(2)]
    pub rules: Vec<Rule>,
    /// The holiday table.
    #[n(3)]
    pub calendar: Calendar,
    /// The kind of trade that it rules.
    #[cbor(n(4), skip_if = "TradeKind::is_first")]
    pub kind: TradeKind,
}

/// A rule pack that cannot answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// No rule of that name and unit in effect on the day.
    #[error("the rule pack has no rule {0} in effect")]
    Missing(&'static str),
    /// The period ends beyond the holiday table.
    #[error(transparent)]
    Beyond(#[from] BeyondCalendar),
}

/// A rule pack that must not come into force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRulePack {
    /// No version.
    #[error("version: counts from 1")]
    Version,
    /// A rule that no trade asks for.
    #[error("rule {0}: is not known; rules of a {kind} are {all}", kind = .1.name(), all = .1.rules().join(", "))]
    UnknownRule(RuleId, TradeKind),
    /// A rule in a unit it cannot have.
    #[error("rule {0}: does not count in {unit}", unit = .1.name())]
    Unit(RuleId, Unit),
    /// A value out of range.
    #[error("rule {0}: the value must be 1 to 100,000")]
    Value(RuleId),
    /// A rule that stands twice, or not in its order.
    #[error("rule {0}: stands twice for the same day of effect, or not in the order of names and days")]
    Order(RuleId),
    /// A rule that is missing now.
    #[error(transparent)]
    Missing(#[from] RuleError),
    /// A holiday table that does not speak of today.
    #[error("calendar: the holiday table must cover the day on which it comes into force")]
    Today,
    /// A day outside the table.
    #[error("calendar: {0} lies outside the table's first and last day")]
    Outside(Day),
    /// A day that is worked and is not.
    #[error("calendar: {0} stands among the holidays and the workdays")]
    Both(Day),
    /// Days that are not in ascending order.
    #[error("calendar: the days must be in ascending order, once each")]
    Days,
}

impl RulePack {
    /// Checks that the pack can come into force at `time`: every rule of its kind of trade in
    /// effect, known units, values in range, everything once and in order, a holiday table that
    /// speaks of the day.
    ///
    /// # Errors
    /// [`InvalidRulePack`].
    pub fn check(&self, time: BlockTime) -> Result<(), InvalidRulePack> {
        if self.version == 0 {
            return Err(InvalidRulePack::Version);
        }
        self.rules.iter().try_for_each(|rule| rule.check(self.kind))?;
        let order = |rule: &Rule| (rule.id.clone(), rule.effective_from);
        let mut pairs = self.rules.iter().zip(self.rules.iter().skip(1));
        if let Some((rule, _)) = pairs.find(|(a, b)| order(a) >= order(b)) {
            return Err(InvalidRulePack::Order(rule.id.clone()));
        }
        for id in self.kind.rules() {
            self.rule(id, time)?;
        }
        check_calendar(&self.calendar, Day::of(time))
    }

    /// The rule `id` in effect at `time`.
    ///
    /// # Errors
    /// [`RuleError::Missing`].
    pub fn rule(&self, id: &'static str, time: BlockTime) -> Result<&Rule, RuleError> {
        let today = Day::of(time);
        self.rules
            .iter()
            .filter(|rule| rule.id.as_str() == id && rule.effective_from <= today)
            .max_by_key(|rule| rule.effective_from)
            .ok_or(RuleError::Missing(id))
    }

    /// Latest instant of a period that begins at `start` and within which somebody must act.
    ///
    /// # Errors
    /// [`RuleError`].
    pub fn deadline(&self, id: &'static str, start: BlockTime) -> Result<BlockTime, RuleError> {
        let rule = self.rule(id, start)?;
        match rule.unit {
            Unit::Day => Ok(self.calendar.days_after(start, rule.value)?),
            Unit::WorkingDay => Ok(self.calendar.working_days_after(start, rule.value)?),
            Unit::Minute => Ok(start.plus(Span::from_millis(rule.value.saturating_mul(60_000)))),
            Unit::Permille | Unit::Count | Unit::TenThousandYuan | Unit::Third => Err(RuleError::Missing(id)),
        }
    }

    /// First instant at which a minimum period that begins at `start` has passed.
    ///
    /// # Errors
    /// [`RuleError`].
    pub fn earliest(&self, id: &'static str, start: BlockTime) -> Result<BlockTime, RuleError> {
        let rule = self.rule(id, start)?;
        match rule.unit {
            Unit::Day => Ok(whole_days_after(start, rule.value)),
            _ => self.deadline(id, start),
        }
    }

    /// A span counted in minutes.
    ///
    /// # Errors
    /// [`RuleError::Missing`], also when the rule is of another unit.
    pub fn minutes(&self, id: &'static str, time: BlockTime) -> Result<Span, RuleError> {
        match self.rule(id, time)? {
            Rule { unit: Unit::Minute, value, .. } => Ok(Span::from_millis(value.saturating_mul(60_000))),
            _ => Err(RuleError::Missing(id)),
        }
    }

    /// A share in thousandths.
    ///
    /// # Errors
    /// [`RuleError::Missing`], also when the rule is of another unit.
    pub fn permille(&self, id: &'static str, time: BlockTime) -> Result<u64, RuleError> {
        match self.rule(id, time)? {
            Rule { unit: Unit::Permille, value, .. } => Ok(*value),
            _ => Err(RuleError::Missing(id)),
        }
    }

    /// The value of a rule that is given in one unit.
    ///
    /// # Errors
    /// [`RuleError::Missing`], also when the rule is of another unit.
    pub fn value(&self, id: &'static str, unit: Unit, time: BlockTime) -> Result<u64, RuleError> {
        match self.rule(id, time)? {
            rule if rule.unit == unit => Ok(rule.value),
            _ => Err(RuleError::Missing(id)),
        }
    }
}

impl Rule {
    fn check(&self, kind: TradeKind) -> Result<(), InvalidRulePack> {
        let allowed = kind.units(self.id.as_str());
        if allowed.is_empty() {
            return Err(InvalidRulePack::UnknownRule(self.id.clone(), kind));
        }
        if !allowed.contains(&self.unit) {
            return Err(InvalidRulePack::Unit(self.id.clone(), self.unit));
        }
        if self.value == 0 || self.value > 100_000 {
            return Err(InvalidRulePack::Value(self.id.clone()));
        }
        Ok(())
    }
}

fn check_calendar(calendar: &Calendar, today: Day) -> Result<(), InvalidRulePack> {
    let Calendar { first, last, holidays, workdays } = calendar;
    if today < *first || today > *last {
        return Err(InvalidRulePack::Today);
    }
    if let Some(day) = holidays.iter().chain(workdays).find(|day| *day < first || *day > last) {
        return Err(InvalidRulePack::Outside(*day));
    }
    if !ascending(holidays) || !ascending(workdays) {
        return Err(InvalidRulePack::Days);
    }
    // Ascending, so a pack of any length is searched in little time.
    match holidays.iter().find(|day| workdays.binary_search(day).is_ok()) {
        Some(day) => Err(InvalidRulePack::Both(*day)),
        None => Ok(()),
    }
}
