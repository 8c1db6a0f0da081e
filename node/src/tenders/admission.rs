//! Who may ask a centre for something on the way to a bid: the holder of an admission stamp, of whom nobody knows who it is.

use ledger::codec::{self, Bytes};
use ledger::crypto::{PublicKey, Signature, SigningKey, verify};
use ledger::hash::DocumentHash;
use ledger::id::{BidId, ChainId, CreditCode, TenderId};
use ledger::procedure::stamp_key;
use ledger::record::bid::STAMP_BYTES;
use ledger::record::tender::{Tender, TenderStage};
use ledger::state::keys::{CommitteeKey, TenderKey};
use ledger::state::{StateError, StateRead, read};
use ledger::time::BlockTime;
use minicbor::{Decode, Encode};

/// Bytes of a ticket, at most.
pub const TICKET_BYTES_MAX: usize = 1_024;
/// What the signed bytes begin with, so that they mean nothing else.
const DOMAIN: &str = "zhulian/ticket/v1";

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Request {
    /// To upload an encrypted document.
    #[n(1)]
    Document {
        /// SHA-256 of the ciphertext.
        #[n(0)]
        hash: DocumentHash,
        /// Bytes of the ciphertext.
        #[n(1)]
        len: u64,
    },
    /// To have it said when a bid came.
    #[n(2)]
    Arrival {
        /// The bid's name, which commits to all that is sealed.
        #[n(0)]
        bid: BidId,
    },
}

/// Asks for something under a one-time key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Ticket {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// What is asked for.
    #[n(1)]
    pub request: Request,
    /// The one-time key of the bid.
    #[n(2)]
    pub key: PublicKey,
    /// Its admission stamp.
    #[n(3)]
    pub stamp: Bytes<STAMP_BYTES>,
    /// By the one-time key, over tender, request and chain.
    #[n(4)]
    pub signature: Signature,
}

/// Why a ticket lets nobody in.
#[derive(Debug, thiserror::Error)]
pub enum TicketError {
    /// Not this tender's time.
    #[error("The tender takes no bids now")]
    NotAccepting,
    /// There is none.
    #[error("There is no such tender")]
    UnknownTender,
    /// Another committee.
    #[error("This centre has no seat in the tender's committee; ask one that has")]
    NotSeated,
    /// Not signed by the one-time key.
    #[error("The one-time key has not signed this ticket for this chain")]
    Signature,
    /// No valid stamp.
    #[error("The admission stamp is not good for this key and quarter")]
    Stamp,
    /// The state cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Ticket {
    /// Signs a ticket.
    #[must_use]
    pub fn sign(
        chain: &ChainId,
        key: &SigningKey,
        tender: TenderId,
        request: Request,
        stamp: Bytes<STAMP_BYTES>,
    ) -> Self {
        let signature = key.sign(&signed_bytes(chain, &tender, &request));
        Self { tender, request, key: key.public_key(), stamp, signature }
    }

    /// Whether the centre `own` may give what is asked for now.
    ///
    /// # Errors
    /// [`TicketError`].
    pub fn check(
        &self,
        state: &dyn StateRead,
        chain: &ChainId,
        own: &CreditCode,
        now: BlockTime,
    ) -> Result<Tender, TicketError> {
        let tender = read(state, &TenderKey(&self.tender))?.ok_or(TicketError::UnknownTender)?;
        let open = match tender.stage {
            TenderStage::Accepting => now < tender.opens_at(),
            TenderStage::Suspended => true,
            _ => false,
        };
        if !open {
            return Err(TicketError::NotAccepting);
        }
        let committee = read(state, &CommitteeKey(tender.committee))?.ok_or(TicketError::NotSeated)?;
        if committee.seats.iter().all(|seat| seat.centre != *own) {
            return Err(TicketError::NotSeated);
        }
        let signed = signed_bytes(chain, &self.tender, &self.request);
        verify(&self.key, &signed, &self.signature).map_err(|_| TicketError::Signature)?;
        if !stamp_key::admits(state, chain, &self.stamp, &self.key, now)? {
            return Err(TicketError::Stamp);
        }
        Ok(tender)
    }
}

fn signed_bytes(chain: &ChainId, tender: &TenderId, request: &Request) -> Vec<u8> {
    codec::encode(&(DOMAIN, chain, tender, request))
}
