//! A bidder opens its own bid, because too few seats have.

use minicbor::{Decode, Encode};
use sealing::bid::DealingBytes;
use sealing::envelope::Secret;
use sealing::opening::open_with_dealer_secret;
use zeroize::Zeroizing;

use super::epoch::sealed_committee;
use super::opening::{self, Judge};
use super::{Context, Procedure};
use crate::codec::Bytes;
use crate::execute::Failure;
use crate::execute::permission::check_tender_stage;
use crate::execute::rejection::Rejection;
use crate::id::TenderId;
use crate::record::bid::{Bid, BidStatus, Opening};
use crate::record::tender::Tender;
use crate::rule::construction_tender as rule;
use crate::state::StateError;
use crate::state::keys::{BidKey, OpeningKey};

/// The dealer's secret of a bid, published by its bidder and signed with the bid's one-time key.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OpenOwnBid {
    /// The tender.
    #[n(0)]
    pub tender: TenderId,
    /// skD: a canonical scalar, little-endian.
    #[n(1)]
    pub secret: Bytes<32>,
}

impl Procedure for OpenOwnBid {
    type Checked = (Tender, Opening, Bid, Secret);

    fn check(&self, context: &Context<'_, '_>) -> Result<Self::Checked, Failure> {
        let tender = context.tender(&self.tender)?;
        check_tender_stage("open_own_bid", tender.stage)?;
        let opening = context.state.read(&OpeningKey(&self.tender))?;
        let missing = || StateError::Store("a stalled tender has no opening".into());
        let opening = opening.ok_or_else(missing)?;
        let own = |bid: &Bid| bid.tender == self.tender && bid.status == BidStatus::Live;
        let bid = context.state.read(&BidKey(&context.key))?.filter(own).ok_or(Rejection::BidUnknown)?;
        let from = opening.began_at.plus(opening::minutes(context.state, &tender, rule::SELF_OPENING)?);
        if context.time < from {
            return Err(Rejection::SelfOpeningEarly.into());
        }
        let wrong = || Failure::from(Rejection::NotTheDealer);
        let committee = sealed_committee(context.state, tender.committee)?;
        let dealing = DealingBytes::split(bid.dealing.as_slice(), committee.seats()).map_err(|_| wrong())?;
        let scalar = Zeroizing::new(self.secret.as_slice().try_into().map_err(|_| wrong())?);
        let secret = open_with_dealer_secret(&committee, &dealing, &scalar).map_err(|_| wrong())?;
        Ok((tender, opening, bid, secret))
    }

    fn apply(
        &self,
        (tender, mut opening, bid, secret): Self::Checked,
        context: &mut Context<'_, '_>,
    ) -> Result<(), StateError> {
        opening.by_bidders = true;
        let (chain, now) = (context.chain, context.time);
        let (state, events) = (&mut *context.state, &mut context.events);
        let mut judge = Judge { state, events, chain, now, tender, opening };
        judge.open(bid, &secret)?;
        judge.finish()
    }
}
