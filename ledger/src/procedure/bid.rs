//! A bidder submits a sealed bid, or replaces the one under the same key (投标).
//!
//! Nobody knows whose it is: the act is signed with a one-time key, which an admission stamp lets in, and the bidder's
//! name is inside the envelope.

use minicbor::{Decode, Encode};
use sealing::bid::{Accepted, BidContext, DealingBytes};
use sealing::envelope::SizeClass;
use sealing::message::{self, DocumentRef};
use sealing::suite::{Digest, Ristretto255};

use super::attestation::{self, Attestation};
use super::epoch::sealed_committee;
use super::{Context, Procedure, opening, stamp_key};
use crate::codec::Bytes;
use crate::crypto::{PublicKey, Signature};
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_tender_stage;
use crate::execute::rejection::Rejection;
use crate::id::{BidId, TenderId};
use crate::record::bid::*;
use crate::record::seat::Committee;
use crate::record::tender::{EnvelopeClass, Tender};
use crate::state::StateError;
use crate::state::keys::{
    BidKey, BidTallyKey, CommitteeKey, DealerKeyKey, EnvelopeKey, KeyHolderKey, LiveBidKey,
};
use crate::time::BlockTime;

/// Most live bids of a tender.
pub const MAX_LIVE_BIDS: u32 = 4_096;

/// A sealed bid. The transaction is signed with its one-time key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SubmitBid {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// Number of the act under this key, from 1; a later one replaces the bid.
    #[n(1)]
    pub sequence: u32,
    /// The dealing to the tender's committee: `pkD || C_1 .. C_n || c || z`.
    #[n(2)]
    pub dealing: Bytes<MAX_DEALING_BYTES>,
    /// The encrypted payload, of the tender's length.
    #[n(3)]
    pub envelope: Bytes<MAX_ENVELOPE_BYTES>,
    /// The encrypted documents with the receipts of the centres that hold them; at most 16.
    #[n(4)]
    pub documents: Vec<StoredDocument>,
    /// What lets the one-time key in (RFC 9474).
    #[n(5)]
    pub stamp: Bytes<STAMP_BYTES>,
    /// What shows that it came before the deadline, for a bid that is recorded after it; genuine in any case.
    #[n(6)]
    pub arrivals: Vec<Arrival>,
}

/// A document and who holds it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct StoredDocument {
    /// The document.
    #[n(0)]
    pub document: SealedDocument,
    /// Receipts of more centres of the committee than can fail (label `receipt`).
    #[n(1)]
    pub receipts: Vec<Attestation>,
}

/// A centre's word on when a bid came.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Arrival {
    /// When, by the centre's clock.
    #[n(0)]
    pub at: BlockTime,
    /// A key of the centre.
    #[n(1)]
    pub key: PublicKey,
    /// Its signature over the bid's name and the time (label `arrival`).
    #[n(2)]
    pub signature: Signature,
}

/// What the checks found.
pub struct Found {
    tender: Tender,
    former: Option<Bid>,
    tally: BidTally,
    id: BidId,
    dealer: DealerKey,
}

impl EnvelopeClass {
    /// The class as the sealing scheme has it.
    pub const fn sealed(self) -> SizeClass {
        match self {
            Self::Kib1 => SizeClass::Kib1,
            Self::Kib2 => SizeClass::Kib2,
            Self::Kib4 => SizeClass::Kib4,
            Self::Kib8 => SizeClass::Kib8,
            Self::Kib16 => SizeClass::Kib16,
        }
    }
}

/// Commits to documents in their order.
pub(super) fn documents_root<'a>(documents: impl Iterator<Item = &'a SealedDocument>) -> Digest {
    let references: Vec<DocumentRef> = documents.map(reference).collect();
    message::docs_root::<Ristretto255>(&references)
}

fn reference(document: &SealedDocument) -> DocumentRef {
    DocumentRef { sha256: *document.hash.as_bytes(), len: document.len }
}

impl SubmitBid {
    fn documents(&self) -> impl Iterator<Item = &SealedDocument> {
        self.documents.iter().map(|stored| &stored.document)
    }

    /// E1: sizes.
    fn check_form(&self, tender: &Tender, committee: &Committee) -> Result<DealingBytes<'_>, Rejection> {
        let wrong = Rejection::InvalidBidForm;
        let dealing =
            DealingBytes::split(self.dealing.as_slice(), committee.seats.len()).map_err(|_| wrong)?;
        let fits = self.envelope.as_slice().len() == tender.envelope.sealed().envelope_len();
        let mut hashes: Vec<_> = self.documents().map(|document| document.hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        let documents = self.documents.len() <= MAX_BID_DOCUMENTS && hashes.len() == self.documents.len();
        if fits && documents { Ok(dealing) } else { Err(wrong) }
    }

    /// E2: before the deadline, or within the grace with the word of so many centres that most of them are honest.
    fn check_time(&self, tender: &Tender, committee: &Committee, now: BlockTime) -> Result<(), Rejection> {
        let early = |arrival: &Arrival| arrival.at < tender.closes_at;
        let enough = self.arrivals.len() >= committee.seats.len().saturating_sub(committee.faults());
        match now {
            now if now < tender.closes_at => Ok(()),
            now if now < tender.opens_at() && enough && self.arrivals.iter().all(early) => Ok(()),
            _ => Err(Rejection::BidTooLate),
        }
    }

    /// E3: the key has no other tender and is nobody's whom the ledger knows.
    fn check_key(&self, context: &Context<'_, '_>) -> Result<Option<Bid>, Failure> {
        let former = context.state.read(&BidKey(&context.key))?;
        let elsewhere = former.as_ref().is_some_and(|bid| bid.tender != self.tender);
        if elsewhere || context.state.read(&KeyHolderKey(&context.key))?.is_some() {
            return Err(Rejection::OneTimeKeyUsed.into());
        }
        check_sequence(self.sequence, former.as_ref())?;
        Ok(former)
    }

    /// E6: every document is held by more centres than can fail.
    fn check_receipts(&self, context: &Context<'_, '_>, committee: &Committee) -> Result<(), Failure> {
        let tender = self.tender.sealed();
        for stored in &self.documents {
            let bytes = message::receipt::<Ristretto255>(
                context.chain.as_str(),
                &tender,
                &reference(&stored.document),
            );
            let signed = stored.receipts.iter().map(|one| (one, bytes.as_bytes().to_vec()));
            let held = attestation::count(context.state, committee, signed)?;
            if held.is_none_or(|held| held <= committee.faults()) {
                return Err(Rejection::DocumentNotHeld.into());
            }
        }
        Ok(())
    }

    /// E8 and E9: every `k` seats will find the same content.
    fn check_dealing(
        &self,
        dealing: &DealingBytes<'_>,
        tender: &Tender,
        context: &Context<'_, '_>,
    ) -> Result<Accepted, Failure> {
        let wrong = || Failure::from(Rejection::InvalidDealing);
        let committee = sealed_committee(context.state, tender.committee)?;
        let sealed = BidContext {
            committee: &committee,
            tender: self.tender.sealed(),
            one_time_key: sealing::id::OneTimeKey::from_bytes(*context.key.as_bytes()),
            sequence: self.sequence,
        };
        let decoded = dealing.decode().map_err(|_| wrong())?;
        let root = documents_root(self.documents());
        sealed.verify(&decoded, self.envelope.as_slice(), &root).map_err(|_| wrong())
    }

    /// The arrivals are about the bid's name: a transaction cannot hold signatures over its own.
    fn check_arrivals(
        &self,
        id: &BidId,
        context: &Context<'_, '_>,
        committee: &Committee,
    ) -> Result<(), Failure> {
        let signed: Vec<(Attestation, Vec<u8>)> = self
            .arrivals
            .iter()
            .map(|arrival| {
                let bytes = message::arrival::<Ristretto255>(
                    context.chain.as_str(),
                    id.as_bytes(),
                    arrival.at.as_millis(),
                );
                let Arrival { key, signature, .. } = *arrival;
                (Attestation { key, signature }, bytes.as_bytes().to_vec())
            })
            .collect();
        let distinct = attestation::count(
            context.state,
            committee,
            signed.iter().map(|(one, bytes)| (one, bytes.clone())),
        )?;
        if distinct == Some(self.arrivals.len()) { Ok(()) } else { Err(Rejection::ArrivalNotProven.into()) }
    }
}

/// Whether this is the next act under a key, and not one too many.
pub(super) fn check_sequence(sequence: u32, former: Option<&Bid>) -> Result<(), Rejection> {
    let next = former.map_or(0, |bid| bid.sequence).saturating_add(1);
    if sequence == next && sequence <= MAX_SEQUENCE { Ok(()) } else { Err(Rejection::BidSequence) }
}

impl Procedure for SubmitBid {
    type Checked = Found;

    fn check(&self, context: &Context<'_, '_>) -> Result<Found, Failure> {
        let tender = context.tender(&self.tender)?;
        check_tender_stage("submit_bid", tender.stage)?;
        let missing = || StateError::Store("a tender's committee is missing".into());
        let committee = context.state.read(&CommitteeKey(tender.committee))?.ok_or_else(missing)?;
        let dealing = self.check_form(&tender, &committee)?;
        self.check_time(&tender, &committee, context.time)?;
        let former = self.check_key(context)?;
        let tally = context.state.read(&BidTallyKey(&self.tender))?.unwrap_or_default();
        let replaces = former.as_ref().is_some_and(|bid| bid.status == BidStatus::Live);
        if tally.live >= MAX_LIVE_BIDS && !replaces {
            return Err(Rejection::TooManyBids.into());
        }
        // E5: a stamp lets the key in.
        if !stamp_key::admits(context.state, context.chain, &self.stamp, &context.key, context.time)? {
            return Err(Rejection::InvalidStamp.into());
        }
        self.check_receipts(context, &committee)?;
        let dealer = DealerKey::from_bytes(dealing.dealer_bytes().try_into().unwrap_or_default());
        if context.state.read(&DealerKeyKey(tender.committee, &dealer))?.is_some() {
            return Err(Rejection::DealerKeyUsed.into());
        }
        let accepted = self.check_dealing(&dealing, &tender, context)?;
        let id = BidId::from_bytes(*accepted.bid.as_bytes());
        self.check_arrivals(&id, context, &committee)?;
        Ok(Found { tender, former, tally, id, dealer })
    }

    fn apply(&self, found: Found, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let Found { tender, former, mut tally, id, dealer } = found;
        let (key, replaces) = (context.key, former.filter(|bid| bid.status == BidStatus::Live));
        if let Some(former) = &replaces {
            opening::forget(context.state, former);
        } else {
            tally.live = tally.live.saturating_add(1);
        }
        tally.taken = tally.taken.saturating_add(1);
        let bid = Bid {
            tender: tender.id,
            key,
            sequence: self.sequence,
            version: self.sequence,
            id,
            order: tally.taken,
            dealing: self.dealing.clone(),
            documents: self.documents().cloned().collect(),
            at: context.time,
            status: BidStatus::Live,
            secret: None,
        };
        context.state.write(&BidKey(&key), &bid);
        context.state.write(&EnvelopeKey(&id), &self.envelope);
        context.state.write(&LiveBidKey(&tender.id, &id), &LiveBid { id, key, dealer });
        context.state.write(&DealerKeyKey(tender.committee, &dealer), &key);
        context.state.write(&BidTallyKey(&tender.id), &tally);
        let (tender, replaces) = (tender.id, replaces.map(|bid| bid.id));
        context.events.push(Event::BidSubmitted { tender, bid: id, replaces });
        Ok(())
    }
}
