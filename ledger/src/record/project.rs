//! Construction projects that have entered a trading centre.

use minicbor::{Decode, Encode};

use crate::codec::Title;
use crate::hash::DocumentHash;
use crate::id::{CreditCode, DealKind, ProjectCode, RegionCode};
use crate::time::BlockTime;

/// What is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Industry {
    /// Buildings (房屋建筑).
    #[n(0)]
    Building,
    /// Municipal works (市政).
    #[n(1)]
    Municipal,
    /// Roads (公路).
    #[n(2)]
    Road,
    /// Anything else.
    #[n(3)]
    Other,
}

impl Industry {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Building, Self::Municipal, Self::Road, Self::Other];

    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Municipal => "municipal",
            Self::Road => "road",
            Self::Other => "other",
        }
    }

    /// The industry of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|industry| industry.name() == name)
    }

    /// How codes name it.
    pub const fn deal_kind(self) -> DealKind {
        match self {
            Self::Building => DealKind::Building,
            Self::Municipal => DealKind::Municipal,
            Self::Road => DealKind::Road,
            Self::Other => DealKind::OtherConstruction,
        }
    }
}

/// A project (项目进场登记).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Project {
    /// Its code.
    #[n(0)]
    pub code: ProjectCode,
    /// Who invites tenders for it.
    #[n(1)]
    pub organiser: CreditCode,
    /// The centre that hosts its trades.
    #[n(2)]
    pub centre: CreditCode,
    /// Its name.
    #[n(3)]
    pub name: Title,
    /// Where it is built.
    #[n(4)]
    pub region: RegionCode,
    /// What is built.
    #[n(5)]
    pub industry: Industry,
    /// Number of the approval (批准文号).
    #[n(6)]
    pub approval: Title,
    /// Documents of the approval, by content; at most 16.
    #[n(7)]
    pub documents: Vec<DocumentHash>,
    /// When it was registered.
    #[n(8)]
    pub registered_at: BlockTime,
    /// Tenders published for it.
    #[n(9)]
    pub tenders: u32,
}
