//! A seat gives its shares of a chunk of bids. The last one that is needed opens them.

use minicbor::{Decode, Encode};
use sealing::bid::DealingBytes;
use sealing::committee::Seat;
use sealing::element::Element;
use sealing::opening::{ChunkContext, OpeningShares, Quorum, Shares};
use sealing::suite::{Digest, Ristretto255};

use super::epoch::sealed_committee;
use super::opening::Judge;
use super::{Context, Procedure};
use crate::codec::Bytes;
use crate::event::Event;
use crate::execute::Failure;
use crate::execute::permission::check_tender_stage;
use crate::execute::rejection::Rejection;
use crate::id::TenderId;
use crate::record::bid::{BidStatus, Chunk, MAX_SHARE_BYTES, Opening};
use crate::record::tender::Tender;
use crate::state::keys::{BidKey, ChunkKey, OpeningKey, SharesKey};
use crate::state::{Overlay, StateError};

/// The shares of a seat. Anybody may bring them: that they are the seat's, their proof shows.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpenShares {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// Number of the chunk, from 0.
    #[n(1)]
    pub chunk: u32,
    /// Number of the seat, from 1.
    #[n(2)]
    pub seat: u8,
    /// One share for each bid of the chunk, and one proof: `D_1 .. D_count || c || z`.
    #[n(3)]
    pub shares: Bytes<{ MAX_SHARE_BYTES + 64 }>,
}

/// What the checks found.
pub struct Found {
    tender: Tender,
    opening: Opening,
    chunk: Chunk,
    shares: Shares,
}

fn damaged(what: &str) -> StateError {
    StateError::Store(format!("the shares of an opening are inconsistent: {what}"))
}

impl OpenShares {
    /// O3 to O5.
    fn judge(
        &self,
        seat: Seat,
        tender: &Tender,
        opening: &Opening,
        chunk: &Chunk,
        state: &Overlay<'_>,
    ) -> Result<Shares, Failure> {
        let wrong = || Failure::from(Rejection::InvalidShares);
        let given = OpeningShares::decode(self.shares.as_slice(), chunk.bids.len()).map_err(|_| wrong())?;
        let dealers = chunk.bids.iter().map(|bid| Element::decode(bid.dealer.as_bytes()));
        let dealers: Vec<Element<Ristretto255>> =
            dealers.collect::<Result<_, _>>().map_err(|_| damaged("a dealer's key is no point"))?;
        let live_root =
            Digest::from_slice(opening.root.as_slice()).ok_or_else(|| damaged("a root has 64 bytes"))?;
        let committee = sealed_committee(state, tender.committee)?;
        let context = ChunkContext {
            committee: &committee,
            tender: self.tender.sealed(),
            live_root,
            chunk: self.chunk,
        };
        context.verify(seat, &dealers, given).map_err(|_| wrong())
    }
}

/// Shares as they were stored after they had been judged.
fn stored(state: &Overlay<'_>, tender: &TenderId, chunk: u32, seat: u8) -> Result<Shares, StateError> {
    let missing = || damaged("a seat's are missing");
    let bytes = state.read(&SharesKey(tender, chunk, seat))?.ok_or_else(missing)?;
    let points = bytes.as_slice().chunks(32).map(Element::decode);
    let points = points.collect::<Result<_, _>>().map_err(|_| damaged("one is no point"))?;
    Ok(Shares::trusted(Seat::new(seat).ok_or_else(missing)?, points))
}

impl Procedure for OpenShares {
    type Checked = Found;

    fn check(&self, context: &Context<'_, '_>) -> Result<Found, Failure> {
        let tender = context.tender(&self.tender)?;
        check_tender_stage("open_shares", tender.stage)?;
        let opening = context.state.read(&OpeningKey(&self.tender))?;
        let opening = opening.ok_or_else(|| damaged("the opening is missing"))?;
        let chunk = context.state.read(&ChunkKey(&self.tender, self.chunk))?;
        let chunk = chunk.filter(|chunk| !chunk.opened).ok_or(Rejection::ChunkNotOpen)?;
        let committee = sealed_committee(context.state, tender.committee)?;
        let seat = Seat::new(self.seat).filter(|seat| committee.member(*seat).is_some());
        let seat = seat.filter(|_| !chunk.seats.contains(&self.seat)).ok_or(Rejection::SeatNotOpen)?;
        let shares = self.judge(seat, &tender, &opening, &chunk, context.state)?;
        Ok(Found { tender, opening, chunk, shares })
    }

    fn apply(&self, found: Found, context: &mut Context<'_, '_>) -> Result<(), StateError> {
        let Found { tender, opening, mut chunk, shares } = found;
        let (id, number) = (self.tender, self.chunk);
        let committee = sealed_committee(context.state, tender.committee)?;
        let given = chunk.seats.clone();
        chunk.seats.push(self.seat);
        context.events.push(Event::SharesGiven { tender: id, chunk: number, seat: self.seat });
        if chunk.seats.len() < committee.threshold() {
            let points: Vec<u8> = shares.shares().iter().flat_map(|one| one.as_bytes().to_vec()).collect();
            let points = Bytes::new(points).map_err(|_| damaged("none for no bid"))?;
            context.state.write(&SharesKey(&id, number, self.seat), &points);
            context.state.write(&ChunkKey(&id, number), &chunk);
            return Ok(());
        }
        let mut all = Vec::with_capacity(chunk.seats.len());
        for seat in &given {
            all.push(stored(context.state, &id, number, *seat)?);
            context.state.remove(&SharesKey(&id, number, *seat));
        }
        all.push(shares);
        chunk.opened = true;
        context.state.write(&ChunkKey(&id, number), &chunk);
        let quorum = Quorum::new(&committee, all.iter().collect()).map_err(|e| damaged(&e.to_string()))?;
        let (chain, now) = (context.chain, context.time);
        let (state, events) = (&mut *context.state, &mut context.events);
        let mut judge = Judge { state, events, chain, now, tender, opening };
        for (index, live) in chunk.bids.iter().enumerate() {
            let bid = judge.state.read(&BidKey(&live.key))?.ok_or_else(|| damaged("a bid is missing"))?;
            // A bidder may have opened it before.
            if bid.status != BidStatus::Live {
                continue;
            }
            let dealing = DealingBytes::split(bid.dealing.as_slice(), committee.seats());
            let dealing = dealing.map_err(|e| damaged(&e.to_string()))?;
            let secret = quorum.secret(index, &dealing).map_err(|e| damaged(&e.to_string()))?;
            judge.open(bid, &secret)?;
        }
        judge.finish()
    }
}
