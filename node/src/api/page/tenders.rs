//! Tenders on the first page: what anybody may see, before the opening and after it.

use ledger::record::bid::OpenedBid;
use ledger::record::tender::{Tender, TenderStage};
use ledger::state::keys::{BidTallyKey, ChunkKey, CommitteeKey, OpeningKey, all_tenders, opened_bids_of};

use super::{Label, Names, ROWS, label, money, time};
use crate::api::problem::Fault;
use crate::api::view::View;

/// Most opened bids shown of a tender.
const BIDS: usize = 50;

pub(super) struct TenderRow {
    pub(super) id: String,
    pub(super) code: String,
    pub(super) title: String,
    pub(super) organiser: String,
    pub(super) stage: Label,
    pub(super) open: bool,
    pub(super) closes_at: String,
    pub(super) opens_at: String,
    pub(super) lots: Vec<(String, String, String)>,
    /// How many sealed bids there are, and nothing about whose they are.
    pub(super) envelopes: u32,
    pub(super) seats: usize,
    pub(super) needed: u8,
    /// Which centres gave their shares, and which did not, while bids are being opened.
    pub(super) shares: Option<(Vec<String>, Vec<String>)>,
    /// Bidder, and its price for each lot it bid for.
    pub(super) opened: Vec<(String, Vec<(u32, String)>)>,
}

impl View<'_> {
    pub(super) fn tender_rows(&self, names: &mut Names<'_>) -> Result<Vec<TenderRow>, Fault> {
        let unnamed = |_: &Tender| String::new();
        let tenders = self.list(all_tenders(), None, ROWS, |_| true, unnamed)?.values;
        let mut tenders: Vec<Tender> = tenders;
        tenders.sort_by_key(|tender| std::cmp::Reverse(tender.published_at));
        tenders.into_iter().map(|tender| self.tender_row(tender, names)).collect()
    }

    fn tender_row(&self, t: Tender, names: &mut Names<'_>) -> Result<TenderRow, Fault> {
        let committee = self.get(&CommitteeKey(t.committee))?;
        let seats = committee.as_ref().map_or(&[][..], |committee| committee.seats.as_slice());
        let opening = self.get(&OpeningKey(&t.id))?;
        let tally = self.get(&BidTallyKey(&t.id))?.unwrap_or_default();
        let mut shares = None;
        if opening.is_some() && matches!(t.stage, TenderStage::Opening | TenderStage::Stalled) {
            let given = self.get(&ChunkKey(&t.id, 0))?.map(|chunk| chunk.seats).unwrap_or_default();
            let (mut there, mut missing) = (Vec::new(), Vec::new());
            for (number, seat) in (1_u8..=u8::MAX).zip(seats) {
                let place = if given.contains(&number) { &mut there } else { &mut missing };
                place.push(names.of(&seat.centre)?);
            }
            shares = Some((there, missing));
        }
        let unnamed = |_: &OpenedBid| String::new();
        let mut opened = Vec::new();
        for bid in self.list(opened_bids_of(&t.id), None, BIDS, |_| true, unnamed)?.values {
            let prices = bid.offer.prices.iter().map(|price| (price.lot, money(price.price))).collect();
            opened.push((names.of(&bid.offer.bidder)?, prices));
        }
        Ok(TenderRow {
            id: t.id.to_string(),
            code: t.code.to_string(),
            title: t.title.to_string(),
            organiser: names.of(&t.organiser)?,
            stage: stage(t.stage),
            open: t.stage == TenderStage::Accepting,
            closes_at: time(t.closes_at),
            opens_at: time(t.opens_at()),
            lots: t.lots.iter().map(|l| (l.title.to_string(), money(l.ceiling), money(l.bond))).collect(),
            envelopes: opening.map_or(tally.live, |opening| opening.bids),
            seats: seats.len(),
            needed: committee.as_ref().map_or(0, |committee| committee.k),
            shares,
            opened,
        })
    }
}

const fn stage(stage: TenderStage) -> Label {
    match stage {
        TenderStage::Accepting => label("招标中", "accepting bids"),
        TenderStage::Suspended => label("异议处理，暂停", "suspended by an objection"),
        TenderStage::Opening => label("正在开标", "being opened"),
        TenderStage::Stalled => label("开标受阻", "opening stalled"),
        TenderStage::Opened => label("已开标", "opened"),
        TenderStage::OpenedLate => label("已开标（延迟）", "opened late"),
        TenderStage::Failed => label("流标，未开标", "failed, never opened"),
        TenderStage::Annulled => label("作废，未开标", "annulled"),
        TenderStage::OnDisplay => label("中标候选人公示", "candidates on display"),
        TenderStage::Displayed => label("公示期满，待定标", "to be awarded"),
        TenderStage::Awarded => label("已定标，待签合同", "awarded, contract to be signed"),
        TenderStage::Contracted => label("合同已签订", "contracted"),
    }
}
