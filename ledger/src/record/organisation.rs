//! Organisations, their roles and their keys.

use minicbor::{Decode, Encode};

use crate::codec::{InvalidText, Title};
use crate::crypto::PublicKey;
use crate::id::{CertificateId, CreditCode, PersonHash, RegionCode};
use crate::record::mandate::Mandate;
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
    /// The centre that admitted it; itself for those in genesis and those that enrolled with a certificate.
    #[n(4)]
    pub admitted_by: CreditCode,
    /// When.
    #[n(5)]
    pub admitted_at: BlockTime,
    /// The day from which the certificate is valid that its name comes from, if it comes from one. Only a certificate
    /// of a later day gives it another name.
    #[n(6)]
    pub named_from: Option<BlockTime>,
    /// Names it had before, in their order; the latest [`MAX_FORMER_NAMES`].
    #[cbor(n(7), skip_if = "Vec::is_empty")]
    pub former_names: Vec<FormerName>,
}

/// A name that an organisation had.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FormerName {
    /// The name.
    #[n(0)]
    pub name: Title,
    /// Until when the ledger called it so.
    #[n(1)]
    pub until: BlockTime,
}

/// Most former names that an organisation's record keeps; the events have all of them.
pub const MAX_FORMER_NAMES: usize = 8;

impl Organisation {
    /// An organisation as an applicant names it, before its certificate is judged: without roles, and with its code
    /// for a name. It stands in no state.
    pub(crate) fn unproven(code: CreditCode, region: RegionCode, time: BlockTime) -> Self {
        let name = Title::of_code(code.as_str());
        let (roles, former_names) = (Vec::new(), Vec::new());
        let admitted_by = code.clone();
        Self { code, name, region, roles, admitted_by, admitted_at: time, named_from: None, former_names }
    }

    /// Nobody, for acts that a one-time key signs: without roles, and with a code that no authority gives. It stands in
    /// no state.
    pub(crate) fn nobody(time: BlockTime) -> Result<Self, InvalidText> {
        Ok(Self::unproven("000000000000000000".parse()?, "440000".parse()?, time))
    }

    /// Whether the organisation has the role.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}

/// Whom a key speaks for, and how far.
///
/// A key is never forgotten: one that is revoked stays here, so that nobody registers it again.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct KeyHolder {
    /// The organisation.
    #[n(0)]
    pub organisation: CreditCode,
    /// What it may do; everything that the organisation may if absent.
    #[n(1)]
    pub mandate: Option<Mandate>,
    /// The certificate that it comes from, directly or by appointment; absent for a key that a centre or genesis
    /// registered.
    #[n(2)]
    pub certificate: Option<CertificateId>,
    /// Who holds it, for a key that a principal key appointed.
    #[n(3)]
    pub staff: Option<Staff>,
    /// When it was revoked, if it was.
    #[n(4)]
    pub revoked: Option<BlockTime>,
}

impl KeyHolder {
    /// A key that a centre or genesis registers.
    pub const fn registered(organisation: CreditCode) -> Self {
        Self { organisation, mandate: None, certificate: None, staff: None, revoked: None }
    }

    /// Whether it may do whatever its organisation may, now and without a certificate.
    pub const fn is_unlimited(&self) -> bool {
        self.mandate.is_none() && self.certificate.is_none() && self.revoked.is_none()
    }

    /// Whether it is a principal key, which may appoint staff and take mandates away.
    pub const fn is_principal(&self) -> bool {
        self.staff.is_none()
    }
}

/// A member of an organisation's staff.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Staff {
    /// The person, by a salted hash.
    #[n(0)]
    pub person: PersonHash,
    /// The principal key that appointed the person.
    #[n(1)]
    pub appointed_by: PublicKey,
    /// When.
    #[n(2)]
    pub appointed_at: BlockTime,
}
