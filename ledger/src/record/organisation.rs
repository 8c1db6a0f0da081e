//! Organisations, their roles and their keys.

use minicbor::{Decode, Encode};

use crate::codec::Title;
use crate::id::{CreditCode, RegionCode};
use crate::time::BlockTime;

/// What an organisation may be on this ledger. One organisation can be several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// A trading centre: admits organisations, hosts trades, runs a node.
    #[n(0)]
    Centre,
    /// Offers a resource (出让人).
    #[n(1)]
    Seller,
    /// Bids for a resource (竞买人).
    #[n(2)]
    Bidder,
    /// Issues letters of guarantee: bank, insurer or guarantee company.
    #[n(3)]
    Guarantor,
    /// Supervises trades.
    #[n(4)]
    Supervisor,
    /// Steps the clock of a demonstration network. Given by genesis only.
    #[n(5)]
    Timekeeper,
    /// Invites tenders for a project (招标人).
    #[n(6)]
    Organiser,
}

impl Role {
    /// Its name in interfaces: `snake_case`, stable.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Centre => "centre",
            Self::Seller => "seller",
            Self::Bidder => "bidder",
            Self::Guarantor => "guarantor",
            Self::Supervisor => "supervisor",
            Self::Timekeeper => "timekeeper",
            Self::Organiser => "organiser",
        }
    }

    /// All roles.
    pub const ALL: [Self; 7] = [
        Self::Centre,
        Self::Seller,
        Self::Bidder,
        Self::Guarantor,
        Self::Supervisor,
        Self::Timekeeper,
        Self::Organiser,
    ];

    /// The role of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// An organisation that the ledger knows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Organisation {
    /// Its unified social credit code.
    #[n(0)]
    pub code: CreditCode,
    /// Its name.
    #[n(1)]
    pub name: Title,
    /// The region where it is registered.
    #[n(2)]
    pub region: RegionCode,
    /// Its roles, ascending.
    #[n(3)]
    pub roles: Vec<Role>,
    /// The centre that admitted it; itself for those in genesis.
    #[n(4)]
    pub admitted_by: CreditCode,
    /// When.
    #[n(5)]
    pub admitted_at: BlockTime,
}

impl Organisation {
    /// Whether the organisation has the role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// Whom a key speaks for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyHolder {
    /// The organisation.
    #[n(0)]
    pub organisation: CreditCode,
}
