//! Mandates: what a key may do for its organisation.

use minicbor::{Decode, Encode};

use crate::amount::Amount;
use crate::codec::{ascending, is_false};
use crate::id::RegionCode;
use crate::record::organisation::Role;
use crate::rule::TradeKind;
use crate::time::BlockTime;

/// Most regions that a scope names.
pub const MAX_REGIONS: usize = 64;
/// Most kinds of trade that a scope names.
pub const MAX_TRADES: usize = 16;

/// Where and up to what amount a mandate holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Scope {
    /// Regions, ascending, at most [`MAX_REGIONS`]; a province or city covers what lies in it. None means all.
    #[cbor(n(0), skip_if = "Vec::is_empty")]
    pub regions: Vec<RegionCode>,
    /// Kinds of trade, ascending, at most [`MAX_TRADES`]. None means all.
    #[cbor(n(1), skip_if = "Vec::is_empty")]
    pub trades: Vec<TradeKind>,
    /// The largest amount of an act. Absent means any.
    #[n(2)]
    pub ceiling: Option<Amount>,
}

/// A mandate: which roles of its organisation a key may act in, where, up to what amount, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Mandate {
    /// Roles, ascending; none only if it may read only.
    #[n(0)]
    pub roles: Vec<Role>,
    /// Where and up to what amount.
    #[n(1)]
    pub scope: Scope,
    /// From this instant on the key may do nothing.
    #[n(2)]
    pub expires: BlockTime,
    /// Whether the key may read only: it can prove whom it belongs to, and sign no act.
    #[cbor(n(3), skip_if = "is_false")]
    pub read_only: bool,
    /// Above this amount an act needs the approval of a second key of the organisation. Absent means never.
    #[n(4)]
    pub second_approval_above: Option<Amount>,
}

impl Scope {
    /// Whether its lists are in order and short enough.
    pub fn is_well_formed(&self) -> bool {
        self.regions.len() <= MAX_REGIONS
            && self.trades.len() <= MAX_TRADES
            && ascending(&self.regions)
            && ascending(&self.trades)
    }

    /// Whether it limits nothing.
    pub const fn is_unlimited(&self) -> bool {
        self.regions.is_empty() && self.trades.is_empty() && self.ceiling.is_none()
    }

    /// Whether a region lies in it.
    pub fn has_region(&self, region: &RegionCode) -> bool {
        self.regions.is_empty() || self.regions.iter().any(|own| own.covers(region))
    }

    /// Whether a kind of trade lies in it.
    pub fn has_trade(&self, kind: TradeKind) -> bool {
        self.trades.is_empty() || self.trades.contains(&kind)
    }

    /// Whether an amount lies in it; one in another currency does not.
    pub fn has_amount(&self, amount: Amount) -> bool {
        self.ceiling.is_none_or(|ceiling| ceiling.at_least(amount).unwrap_or(false))
    }

    /// Whether everything in `other` lies in it.
    fn contains(&self, other: &Self) -> bool {
        let regions = match other.regions.as_slice() {
            [] => self.regions.is_empty(),
            some => some.iter().all(|region| self.has_region(region)),
        };
        let trades = match other.trades.as_slice() {
            [] => self.trades.is_empty(),
            some => some.iter().all(|kind| self.has_trade(*kind)),
        };
        let amounts = match other.ceiling {
            None => self.ceiling.is_none(),
            Some(amount) => self.has_amount(amount),
        };
        regions && trades && amounts
    }
}

impl Mandate {
    /// Whether its lists are in order and it can be used at all at `time`.
    pub fn is_well_formed(&self, time: BlockTime) -> bool {
        let roles = ascending(&self.roles) && self.read_only == self.roles.is_empty();
        roles && self.scope.is_well_formed() && self.expires > time
    }

    /// Whether `other` allows nothing that this one does not allow.
    pub fn contains(&self, other: &Self) -> bool {
        let approval = match (self.second_approval_above, other.second_approval_above) {
            (None, _) => true,
            (Some(_), None) => other.read_only,
            (Some(own), Some(theirs)) => own.at_least(theirs).unwrap_or(false),
        };
        other.roles.iter().all(|role| self.roles.contains(role))
            && other.expires <= self.expires
            && (other.read_only || !self.read_only)
            && self.scope.contains(&other.scope)
            && approval
    }
}
