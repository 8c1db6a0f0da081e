//! The opening of a tender's bids (开标): what happens at its instant, and what every node does with a quorum of shares.
//!
//! Nothing here can be refused. A bid that cannot be opened, or says something that does not count, is named as what it is,
//! alike by every node, and the others are opened all the same.

use sealing::bid::{BidContext, DealingBytes};
use sealing::envelope::Secret;
use sealing::id::{BidId as SealedBidId, OneTimeKey};
use sealing::message::{self, BidderStatement};
use sealing::opening::{CHUNK, LiveList};
use sealing::suite::Ristretto255;

use super::bid::documents_root;
use super::epoch::sealed_committee;
use super::{panel, put_tender, rules_of, schedule, unschedule};
use crate::amount::Amount;
use crate::calendar::whole_days_after;
use crate::codec::{self, Bytes};
use crate::crypto::{PublicKey, verify};
use crate::event::Event;
use crate::execute::Speaker;
use crate::execute::can_act;
use crate::execute::speaker;
use crate::id::{ChainId, CreditCode, GuaranteeId, TenderId};
use crate::record::Due;
use crate::record::bid::*;
use crate::record::organisation::Role;
use crate::record::seat::Committee;
use crate::record::tender::{Tender, TenderStage};
use crate::rule::{RulePack, TradeKind, Unit, construction_tender as rule};
use crate::state::keys::{
    BidBondKey, BidKey, BidTallyKey, ChunkKey, CommitteeKey, EnvelopeKey, GuaranteeKey, LiveBidKey,
    OpenedBidKey, OpeningKey, TenderKey, live_bids_of,
};
use crate::state::{Overlay, StateError, StateRead, decode_value};
use crate::time::{BlockTime, Span};

/// Takes a bid off the list of the live ones, with its envelope.
pub(super) fn forget(state: &mut Overlay<'_>, bid: &Bid) {
    state.remove(&EnvelopeKey(&bid.id));
    state.remove(&LiveBidKey(&bid.tender, &bid.id));
}

fn damaged(what: &str) -> StateError {
    StateError::Store(format!("the state of an opening is inconsistent: {what}"))
}

/// A period of the opening in the tender's rules.
pub(super) fn minutes(state: &Overlay<'_>, tender: &Tender, id: &'static str) -> Result<Span, StateError> {
    let pack = pack(state, tender)?;
    pack.minutes(id, tender.published_at).map_err(|e| StateError::Store(e.to_string()))
}

fn pack(state: &Overlay<'_>, tender: &Tender) -> Result<RulePack, StateError> {
    rules_of(state, TradeKind::ConstructionTender, tender.pack_version)
}

/// The instant of opening has come. With fewer bids than the law asks for nothing is opened, and it never will be: seats
/// give shares for an opening's list only. Otherwise the list of live bids is fixed.
pub(super) fn begin(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    now: BlockTime,
    id: &TenderId,
) -> Result<(), StateError> {
    let mut tender = state.read(&TenderKey(id))?.ok_or_else(|| damaged("the tender is missing"))?;
    if tender.stage != TenderStage::Accepting {
        return Ok(());
    }
    let fewest = pack(state, &tender)?.value(rule::FEWEST_BIDS, Unit::Count, tender.published_at);
    let fewest = fewest.map_err(|e| StateError::Store(e.to_string()))?;
    let live = live_bids(state, id)?;
    let bids = u32::try_from(live.len()).unwrap_or(u32::MAX);
    if u64::from(bids) < fewest {
        tender.stage = TenderStage::Failed;
        put_tender(state, &tender);
        events.push(Event::TenderFailed { tender: *id, bids });
        return Ok(());
    }
    let list = LiveList::new(live.iter().map(|bid| SealedBidId::from_bytes(*bid.id.as_bytes())));
    let root = Bytes::new(list.root::<Ristretto255>(&id.sealed()).as_bytes().to_vec());
    let mut chunks = 0u32;
    for bids in live.chunks(CHUNK) {
        let chunk = Chunk { bids: bids.to_vec(), seats: Vec::new(), opened: false };
        state.write(&ChunkKey(id, chunks), &chunk);
        chunks = chunks.saturating_add(1);
    }
    let root = root.map_err(|_| damaged("a root has 64 bytes"))?;
    let opening = Opening { root, began_at: now, bids, chunks, left: bids, valid: 0, by_bidders: false };
    state.write(&OpeningKey(id), &opening);
    tender.stage = TenderStage::Opening;
    put_tender(state, &tender);
    schedule(state, now.plus(minutes(state, &tender, rule::SHARES)?), Due::OpeningStalls(*id));
    schedule(state, now.plus(minutes(state, &tender, rule::ANNULMENT)?), Due::OpeningAnnulled(*id));
    events.push(Event::OpeningBegan { tender: *id, bids, chunks });
    Ok(())
}

fn live_bids(state: &Overlay<'_>, tender: &TenderId) -> Result<Vec<LiveBid>, StateError> {
    let (mut from, before) = live_bids_of(tender);
    let mut live = Vec::new();
    while let Some((key, value)) = state.first_in(&from, &before)? {
        live.push(decode_value(&key, &value)?);
        from = key;
        from.push(0);
    }
    Ok(live)
}

/// Too few seats have given shares in time. They still can; later bidders can open their own bids too.
pub(super) fn stall(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    id: &TenderId,
) -> Result<(), StateError> {
    let Some(mut tender) = state.read(&TenderKey(id))? else { return Ok(()) };
    if tender.stage != TenderStage::Opening {
        return Ok(());
    }
    tender.stage = TenderStage::Stalled;
    put_tender(state, &tender);
    name_missing(state, events, &tender)?;
    events.push(Event::OpeningStalled { tender: *id });
    Ok(())
}

/// The last instant has passed. What is sealed stays sealed, and the tender is void.
pub(super) fn annul(
    state: &mut Overlay<'_>,
    events: &mut Vec<Event>,
    id: &TenderId,
) -> Result<(), StateError> {
    let Some(mut tender) = state.read(&TenderKey(id))? else { return Ok(()) };
    let opening = state.read(&OpeningKey(id))?;
    let Some(opening) = opening.filter(|_| is_open(tender.stage)) else { return Ok(()) };
    tender.stage = TenderStage::Annulled;
    put_tender(state, &tender);
    name_missing(state, events, &tender)?;
    events.push(Event::TenderAnnulled { tender: *id, unopened: opening.left });
    Ok(())
}

/// Whether bids are being opened.
const fn is_open(stage: TenderStage) -> bool {
    matches!(stage, TenderStage::Opening | TenderStage::Stalled)
}

/// Says for every chunk that is not open which seats have given no shares for it.
fn name_missing(state: &Overlay<'_>, events: &mut Vec<Event>, tender: &Tender) -> Result<(), StateError> {
    let committee: Committee =
        state.read(&CommitteeKey(tender.committee))?.ok_or_else(|| damaged("the committee is missing"))?;
    let opening = state.read(&OpeningKey(&tender.id))?.ok_or_else(|| damaged("the opening is missing"))?;
    for number in 0..opening.chunks {
        let chunk = state.read(&ChunkKey(&tender.id, number))?;
        let Some(chunk) = chunk.filter(|chunk| !chunk.opened) else { continue };
        let seats = (1u8..=u8::MAX).zip(&committee.seats);
        let silent = seats.filter(|(seat, _)| !chunk.seats.contains(seat));
        let missing: Vec<CreditCode> = silent.map(|(_, seat)| seat.centre.clone()).collect();
        events.push(Event::SharesMissing { tender: tender.id, chunk: number, centres: missing });
    }
    Ok(())
}

/// What the judgment of a tender's bids needs again and again.
pub(super) struct Judge<'a, 'b> {
    pub(super) state: &'a mut Overlay<'b>,
    pub(super) events: &'a mut Vec<Event>,
    pub(super) chain: &'a ChainId,
    pub(super) now: BlockTime,
    pub(super) tender: Tender,
    pub(super) opening: Opening,
}

impl Judge<'_, '_> {
    /// Opens a bid with its secret, and says what it is worth.
    pub(super) fn open(&mut self, mut bid: Bid, secret: &Secret) -> Result<(), StateError> {
        let bytes = secret.as_bytes().try_into().map_err(|_| damaged("a secret has 32 bytes"))?;
        bid.secret = Some(BidSecret::from_bytes(bytes));
        bid.status = match self.payload(&bid, secret)? {
            None => BidStatus::Malformed,
            Some(payload) => match self.judge(&bid, &payload)? {
                Some(fault) => BidStatus::Rejected(fault),
                None => {
                    self.count(&bid, payload)?;
                    BidStatus::Opened
                }
            },
        };
        self.opening.left = self.opening.left.saturating_sub(1);
        self.state.remove(&EnvelopeKey(&bid.id));
        self.state.write(&BidKey(&bid.key), &bid);
        let (tender, bid, status) = (self.tender.id, bid.id, bid.status);
        self.events.push(Event::BidOpened { tender, bid, status });
        Ok(())
    }

    /// M1 and M2: the payload, unless there is none.
    fn payload(&self, bid: &Bid, secret: &Secret) -> Result<Option<BidPayload>, StateError> {
        let envelope =
            self.state.read(&EnvelopeKey(&bid.id))?.ok_or_else(|| damaged("an envelope is missing"))?;
        let committee = sealed_committee(self.state, self.tender.committee)?;
        let dealing = DealingBytes::split(bid.dealing.as_slice(), committee.seats())
            .map_err(|_| damaged("a dealing has another length"))?;
        let context = BidContext {
            committee: &committee,
            tender: self.tender.id.sealed(),
            one_time_key: OneTimeKey::from_bytes(*bid.key.as_bytes()),
            sequence: bid.version,
        };
        let opened = secret.open(&context.key_context(&dealing), envelope.as_slice());
        Ok(opened.ok().and_then(|bytes| codec::decode(&bytes, MAX_ENVELOPE_BYTES).ok()))
    }

    /// R1 to R6: the first fault.
    fn judge(&self, bid: &Bid, payload: &BidPayload) -> Result<Option<BidFault>, StateError> {
        let offer = &payload.offer;
        if !self.speaks_for(&offer.key, &offer.bidder, Role::Bidder)? {
            return Ok(Some(BidFault::Bidder));
        }
        if !self.is_signed(bid, payload) {
            return Ok(Some(BidFault::Signature));
        }
        let other = self.state.read(&OpenedBidKey(&self.tender.id, &offer.bidder))?;
        if other.is_some_and(|other| other.order > bid.order) {
            return Ok(Some(BidFault::Superseded));
        }
        // The bond depends on the lots, so they are looked at first, but a fault of the bond is named before theirs.
        let bonds = self.bonds_of(offer);
        if !self.is_covered(bid, offer, bonds.unwrap_or(Amount::ZERO))? {
            return Ok(Some(BidFault::Guarantee));
        }
        if offer.documents.len() != bid.documents.len() {
            return Ok(Some(BidFault::Documents));
        }
        Ok(bonds.is_none().then_some(BidFault::Lots))
    }

    /// Whether a key could speak for an organisation in a role when the opening began.
    fn speaks_for(&self, key: &PublicKey, code: &CreditCode, role: Role) -> Result<bool, StateError> {
        match speaker(self.state, key)? {
            Some(Speaker::Organisation(holder)) if holder.organisation == *code => {
                can_act(self.state, self.opening.began_at, &holder, role)
            }
            _ => Ok(false),
        }
    }

    fn is_signed(&self, bid: &Bid, payload: &BidPayload) -> bool {
        let dealer = bid.dealing.as_slice().get(..32).unwrap_or_default();
        let offer = message::payload::<Ristretto255>(&codec::encode(&payload.offer));
        let statement = BidderStatement {
            chain_id: self.chain.as_str(),
            tender: &self.tender.id.sealed(),
            one_time_key: &OneTimeKey::from_bytes(*bid.key.as_bytes()),
            sequence: bid.version,
            dealer,
            docs_root: &documents_root(bid.documents.iter()),
            payload: &offer,
        };
        let bytes = statement.hash::<Ristretto255>();
        verify(&payload.offer.key, bytes.as_bytes(), &payload.signature).is_ok()
    }

    /// The bonds of the lots bid for together; nothing if the prices are not sound.
    fn bonds_of(&self, offer: &Offer) -> Option<Amount> {
        let lots: Vec<u32> = offer.prices.iter().map(|price| price.lot).collect();
        if lots.is_empty() || !codec::ascending(&lots) {
            return None;
        }
        offer.prices.iter().try_fold(Amount::ZERO, |sum, price| {
            let index = usize::try_from(price.lot.checked_sub(1)?).ok()?;
            let lot = self.tender.lots.get(index)?;
            let sound = price.price.minor() > 0 && price.price.currency() == lot.ceiling.currency();
            if sound { sum.checked_add(lot.bond).ok() } else { None }
        })
    }

    /// Whether a genuine letter for this very bid, used for no other, covers the bonds until the bid binds no longer.
    fn is_covered(&self, bid: &Bid, offer: &Offer, bonds: Amount) -> Result<bool, StateError> {
        let Some(bond) = &offer.bond else { return Ok(bonds.minor() == 0) };
        let letter = &bond.letter;
        let until = whole_days_after(self.tender.closes_at, u64::from(self.tender.validity_days));
        let sound = letter.chain == *self.chain
            && letter.tender == self.tender.id
            && letter.principal == offer.bidder
            && letter.amount.at_least(bonds).unwrap_or(false)
            && letter.valid_until >= until;
        let key = OneTimeKey::from_bytes(*bid.key.as_bytes());
        // What is not as long as it must be opens nothing.
        let opening = <&[u8; 32]>::try_from(bond.opening.as_slice());
        let bound = opening.is_ok_and(|opening| {
            let bind = message::guarantee_bind::<Ristretto255>(&key, opening);
            bind.as_bytes() == letter.bind.as_slice()
        });
        let bytes = message::guarantee::<Ristretto255>(&codec::encode(letter));
        let signed = verify(&bond.key, bytes.as_bytes(), &bond.signature).is_ok();
        if !(sound && bound && signed && self.speaks_for(&bond.key, &letter.guarantor, Role::Guarantor)?) {
            return Ok(false);
        }
        let id = GuaranteeId { guarantor: letter.guarantor.clone(), number: letter.number.clone() };
        let used =
            self.state.read(&GuaranteeKey(&id))?.is_some() || self.state.read(&BidBondKey(&id))?.is_some();
        Ok(!used)
    }

    /// Enters a bid that counts, in the place of an earlier one of the same bidder.
    fn count(&mut self, bid: &Bid, payload: BidPayload) -> Result<(), StateError> {
        let offer = payload.offer;
        if let Some(bond) = &offer.bond {
            let letter = &bond.letter;
            let id = GuaranteeId { guarantor: letter.guarantor.clone(), number: letter.number.clone() };
            self.state.write(&BidBondKey(&id), &self.tender.id);
        }
        let bidder = offer.bidder.clone();
        let key = OpenedBidKey(&self.tender.id, &bidder);
        match self.state.read(&key)? {
            None => self.opening.valid = self.opening.valid.saturating_add(1),
            Some(earlier) => {
                let earlier = self.state.read(&BidKey(&earlier.key))?;
                let mut earlier = earlier.ok_or_else(|| damaged("an opened bid is missing"))?;
                earlier.status = BidStatus::Rejected(BidFault::Superseded);
                self.state.write(&BidKey(&earlier.key), &earlier);
                let (tender, status) = (self.tender.id, earlier.status);
                self.events.push(Event::BidOpened { tender, bid: earlier.id, status });
            }
        }
        self.state.write(&key, &OpenedBid { key: bid.key, order: bid.order, offer });
        Ok(())
    }

    /// Writes what has come of it. With the last bid the opening ends.
    pub(super) fn finish(mut self) -> Result<(), StateError> {
        let id = self.tender.id;
        if self.opening.left == 0 {
            let late = self.opening.by_bidders;
            self.tender.stage = if late { TenderStage::OpenedLate } else { TenderStage::Opened };
            put_tender(self.state, &self.tender);
            let began = self.opening.began_at;
            for (period, due) in
                [(rule::SHARES, Due::OpeningStalls(id)), (rule::ANNULMENT, Due::OpeningAnnulled(id))]
            {
                let at = began.plus(minutes(self.state, &self.tender, period)?);
                unschedule(self.state, at, due);
            }
            self.state.remove(&BidTallyKey(&id));
            let (bids, valid) = (self.opening.bids, self.opening.valid);
            self.events.push(Event::TenderOpened { tender: id, bids, valid, by_bidders: late });
            panel::draw(self.state, self.events, self.now, &self.tender, &self.opening)?;
        }
        self.state.write(&OpeningKey(&id), &self.opening);
        Ok(())
    }
}
