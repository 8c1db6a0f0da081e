//! What a bidder does on its own machine: choose a one-time key, have it stamped, seal an offer, and see that it will open.
//!
//! Nothing here talks to a node. Secrets stay with whoever calls: the one-time key, which signs the bid, and the dealer's
//! secret, which opens it if the committee fails.

use consensus::{Signer, SigningFailed};
use ledger::codec::{self, Bytes};
use ledger::crypto::{PublicKey, SigningKey};
use ledger::id::{ChainId, CreditCode, TenderId};
use ledger::procedure::bid::{StoredDocument, SubmitBid};
use ledger::record::bid::{
    BidBond, BidPayload, DocumentEntry, LotPrice, MAX_ENVELOPE_BYTES, Offer, STAMP_BYTES, SealedDocument,
};
use ledger::record::tender::EnvelopeClass;
use sealing::bid::{BidContext, DealerSecret, DealingBytes, Draft};
use sealing::committee::Committee;
use sealing::document::DocumentKey;
use sealing::envelope::{Malformed, PayloadTooLong, pad};
use sealing::id::{BidId, OneTimeKey};
use sealing::message::{self, BidderStatement, DocumentRef};
use sealing::opening::open_with_dealer_secret;
use sealing::suite::{Digest, Ristretto255};
use zeroize::Zeroizing;

use crate::tenders::keys::system_random;

/// Where a bid goes.
pub struct Target<'a> {
    /// The chain.
    pub chain: &'a ChainId,
    /// The tender.
    pub tender: TenderId,
    /// Length of its envelopes.
    pub envelope: EnvelopeClass,
    /// The committee that it pins.
    pub committee: &'a Committee,
    /// The one-time key.
    pub one_time_key: &'a SigningKey,
    /// Number of the act under that key, from 1.
    pub sequence: u32,
}

/// What is offered, apart from the documents.
pub struct Terms {
    /// Who bids.
    pub bidder: CreditCode,
    /// Prices of the lots, ascending by lot.
    pub prices: Vec<LotPrice>,
    /// The letter of guarantee.
    pub bond: Option<BidBond>,
}

/// A sealed bid, without what goes around it.
pub struct SealedOffer {
    /// The bid's name.
    pub bid: BidId,
    /// The dealing, as it travels.
    pub dealing: Vec<u8>,
    /// The envelope.
    pub envelope: Vec<u8>,
    /// The encrypted documents, in the order of the offer.
    pub documents: Vec<SealedDocument>,
    /// Opens the bid if the committee fails.
    pub dealer_secret: DealerSecret,
}

/// Why nothing was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError<E> {
    /// A document.
    #[error("{0}")]
    Document(E),
    /// The bidder's key does not sign.
    #[error(transparent)]
    Signing(#[from] SigningFailed),
    /// The offer does not fit the tender's envelopes.
    #[error(transparent)]
    TooLong(#[from] PayloadTooLong),
    /// What was sealed does not open as it must: it must not be submitted.
    #[error("the sealed bid does not open again ({0}); nothing may be submitted")]
    Rehearsal(&'static str),
}

impl Target<'_> {
    fn context(&self) -> BidContext<'_> {
        BidContext {
            committee: self.committee,
            tender: self.tender.sealed(),
            one_time_key: OneTimeKey::from_bytes(*self.one_time_key.public_key().as_bytes()),
            sequence: self.sequence,
        }
    }

    /// Seals an offer and rehearses its opening. `encrypt` is given the number and the key of each of `count` documents and
    /// says what became of it.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal<E>(
        &self,
        terms: Terms,
        key: &dyn Signer,
        count: u16,
        mut encrypt: impl FnMut(u16, DocumentKey) -> Result<(DocumentEntry, SealedDocument), E>,
    ) -> Result<SealedOffer, SealError<E>> {
        let mut rng = system_random();
        let draft = Draft::new(self.context(), &mut rng);
        let (mut entries, mut documents) = (Vec::new(), Vec::new());
        for index in 0..count {
            let (entry, sealed) = encrypt(index, draft.document_key(index)).map_err(SealError::Document)?;
            entries.push(entry);
            documents.push(sealed);
        }
        let root = root_of(&documents);
        let Terms { bidder, prices, bond } = terms;
        let offer = Offer { bidder, key: key.public_key(), prices, documents: entries, bond };
        let statement = BidderStatement {
            chain_id: self.chain.as_str(),
            tender: &self.tender.sealed(),
            one_time_key: &OneTimeKey::from_bytes(*self.one_time_key.public_key().as_bytes()),
            sequence: self.sequence,
            dealer: draft.dealer().as_bytes(),
            docs_root: &root,
            payload: &message::payload::<Ristretto255>(&codec::encode(&offer)),
        };
        let signature = key.sign(statement.hash::<Ristretto255>().as_bytes())?;
        let payload = BidPayload { offer, signature };
        let padded = pad(&Zeroizing::new(codec::encode(&payload)), self.envelope.sealed())?;
        let sealed = draft.finish(&padded, &root, &mut rng);
        let (dealing, secret) = (sealed.dealing.encode(), sealed.dealer_secret);
        let opened = self.rehearse(&dealing, &sealed.envelope, &documents, &secret.encode())?;
        if opened != payload {
            return Err(SealError::Rehearsal("it says something else"));
        }
        let (bid, envelope) = (sealed.bid, sealed.envelope);
        Ok(SealedOffer { bid, dealing, envelope, documents, dealer_secret: secret })
    }

    /// Seals bytes that are no offer, as a faulty program would: for showing what becomes of it.
    ///
    /// # Errors
    /// [`PayloadTooLong`].
    pub fn seal_garbage(&self, garbage: &[u8]) -> Result<SealedOffer, PayloadTooLong> {
        let mut rng = system_random();
        let draft = Draft::new(self.context(), &mut rng);
        let sealed = draft.finish(&pad(garbage, self.envelope.sealed())?, &root_of(&[]), &mut rng);
        Ok(SealedOffer {
            bid: sealed.bid,
            dealing: sealed.dealing.encode(),
            envelope: sealed.envelope,
            documents: Vec::new(),
            dealer_secret: sealed.dealer_secret,
        })
    }

    /// The name of a sealed bid, if it is one.
    #[must_use]
    pub fn name(&self, dealing: &[u8], envelope: &[u8], documents: &[SealedDocument]) -> Option<BidId> {
        let decoded = DealingBytes::split(dealing, self.committee.seats()).ok()?.decode().ok()?;
        Some(self.context().verify(&decoded, envelope, &root_of(documents)).ok()?.bid)
    }

    /// Judges a sealed bid as every node will before it is recorded, and opens it as the chain will afterwards.
    ///
    /// # Errors
    /// [`SealError::Rehearsal`].
    pub fn rehearse<E>(
        &self,
        dealing: &[u8],
        envelope: &[u8],
        documents: &[SealedDocument],
        dealer_secret: &Zeroizing<[u8; 32]>,
    ) -> Result<BidPayload, SealError<E>> {
        let seats = self.committee.seats();
        let bytes = DealingBytes::split(dealing, seats).map_err(|_| SealError::Rehearsal("its length"))?;
        let decoded = bytes.decode().map_err(|_| SealError::Rehearsal("its dealing"))?;
        let context = self.context();
        let verified = context.verify(&decoded, envelope, &root_of(documents));
        verified.map_err(|_| SealError::Rehearsal("its proof"))?;
        let secret = open_with_dealer_secret(self.committee, &bytes, dealer_secret)
            .map_err(|_| SealError::Rehearsal("its secret"))?;
        let opened = secret.open(&context.key_context(&bytes), envelope);
        let opened = opened.map_err(|_: Malformed| SealError::Rehearsal("its envelope"))?;
        codec::decode(&opened, MAX_ENVELOPE_BYTES).map_err(|_| SealError::Rehearsal("its contents"))
    }
}

impl SealedOffer {
    /// The act that submits it; nothing if a part is longer than any can be.
    #[must_use]
    pub fn act(
        &self,
        tender: TenderId,
        sequence: u32,
        stamp: &Bytes<STAMP_BYTES>,
        documents: Vec<StoredDocument>,
    ) -> Option<SubmitBid> {
        Some(SubmitBid {
            tender,
            sequence,
            dealing: Bytes::new(self.dealing.clone()).ok()?,
            envelope: Bytes::new(self.envelope.clone()).ok()?,
            documents,
            stamp: stamp.clone(),
            arrivals: Vec::new(),
        })
    }
}

/// Commits to documents in their order.
#[must_use]
pub fn root_of(documents: &[SealedDocument]) -> Digest {
    let reference =
        |document: &SealedDocument| DocumentRef { sha256: *document.hash.as_bytes(), len: document.len };
    message::docs_root::<Ristretto255>(&documents.iter().map(reference).collect::<Vec<_>>())
}

/// What a bidder's one-time key is hidden behind in a letter of guarantee, and the opening that goes into the envelope.
#[must_use]
pub fn hide(key: &PublicKey) -> (Vec<u8>, [u8; 32]) {
    let opening: [u8; 32] = rand::random();
    let one_time = OneTimeKey::from_bytes(*key.as_bytes());
    let bind = message::guarantee_bind::<Ristretto255>(&one_time, &opening);
    (bind.as_bytes().to_vec(), opening)
}
