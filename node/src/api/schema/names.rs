//! Names of roles, stages and reasons, the same as the ledger's.

use ledger::record::guarantee as g;
use ledger::record::listing as l;
use ledger::record::organisation as o;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Declares an enumeration with the names of a ledger enumeration, converted both ways.
macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident of $ledger:ty { $($(#[$variant_doc:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl From<$ledger> for $name {
            fn from(value: $ledger) -> Self {
                match value { $(<$ledger>::$variant => Self::$variant,)* }
            }
        }

        impl From<$name> for $ledger {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => Self::$variant,)* }
            }
        }
    };
}

pub(super) use mirror;

mirror! {
    /// What an organisation may be on this ledger.
    Role of o::Role {
        /// A trading centre.
        Centre,
        /// Offers a resource.
        Seller,
        /// Bids for a resource.
        Bidder,
        /// Issues letters of guarantee.
        Guarantor,
        /// Supervises trades.
        Supervisor,
        /// Steps the clock of a demonstration network.
        Timekeeper,
        /// Invites tenders for a project.
        Organiser,
    }
}

mirror! {
    /// Where a listing stands.
    Stage of l::Stage {
        /// Published, not yet open.
        Announced,
        /// Open for quotes.
        Listed,
        /// Timed bidding.
        TimedBidding,
        /// There is a winner, not yet confirmed.
        Concluded,
        /// Confirmed by seller and winner.
        Confirmed,
        /// The result is published, objections are possible.
        Publicity,
        /// Publicity is over, the contract can be signed.
        Publicised,
        /// The contract is signed by both sides.
        Contracted,
        /// Ended without a winner.
        Failed,
        /// Ended after the result because a period ran out.
        Lapsed,
    }
}

mirror! {
    /// Why a listing ended without a contract.
    EndReason of l::EndReason {
        /// Nobody quoted.
        NoQuote,
        /// The best quote is below the reserve price.
        BelowReserve,
        /// Not confirmed by both sides in time.
        NotConfirmed,
        /// The contract was not signed by both sides in time.
        NoContract,
    }
}

mirror! {
    /// Why a letter was released.
    ReleaseGround of g::ReleaseGround {
        /// By the beneficiary's signature.
        Beneficiary,
        /// By the ledger: the period for returning the losers' deposits ran out.
        ReturnPeriod,
        /// By the ledger: the contract is signed by both sides.
        Contract,
        /// By the ledger: the listing failed.
        ListingFailed,
    }
}
