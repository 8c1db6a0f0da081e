//! How a proposer chose among candidates, beside how the auditor would.

use ledger::execute::rejection::Rejection;
use ledger::time::BlockTime;
use ledger::transaction::{self, Verified};

use super::code::Code;
use super::{Auditor, Disagreement, Offer};

/// What a proposer did for the block after the one that the auditor followed last.
#[derive(Clone, Copy, Debug)]
pub struct Selection<'a> {
    /// The block's time.
    pub time: BlockTime,
    /// What it recorded, in order.
    pub recorded: &'a [transaction::Id],
    /// What it refused, in order.
    pub refused: &'a [(transaction::Id, Rejection)],
}

impl Auditor {
    /// Goes through the candidates as the proposer did, and compares what became of each. Returns the refused ones.
    ///
    /// # Errors
    /// [`Disagreement`] about the first one that was not dealt with as it must be.
    pub fn compare_selection<'c>(
        &self,
        selection: Selection<'_>,
        candidates: impl IntoIterator<Item = &'c Verified>,
    ) -> Result<Vec<(Vec<u8>, Code)>, Disagreement> {
        let height = self.height() + 1;
        self.select(selection, candidates).map_err(|sentence| Disagreement { height, sentence })
    }

    /// Compares what became of a transaction that was judged alone, as the next block would at `time`.
    ///
    /// # Errors
    /// [`Disagreement`] if the auditor judges otherwise.
    pub fn compare_judgement(
        &self,
        time: BlockTime,
        candidate: &Verified,
        found: Result<(), Rejection>,
    ) -> Result<(), Disagreement> {
        let (id, act) = (candidate.id(), candidate.payload().action.name());
        let expected = self.judge(&Offer::from(candidate), time).map_err(|code| (code.number(), code.name()));
        let found = found.map_err(|rejection| (rejection.number(), rejection.code()));
        if found == expected {
            return Ok(());
        }
        let (found, must) = (outcome(Some(found)), outcome(Some(expected)));
        let sentence = format!("{act} {id} is {found} by the ledger, and must be {must}");
        Err(Disagreement { height: self.height() + 1, sentence })
    }

    fn select<'c>(
        &self,
        selection: Selection<'_>,
        candidates: impl IntoIterator<Item = &'c Verified>,
    ) -> Result<Vec<(Vec<u8>, Code)>, String> {
        let mut sitting = self.sit(selection.time);
        let mut recorded = selection.recorded.iter().peekable();
        let mut refused = selection.refused.iter().peekable();
        let mut codes = Vec::new();
        for candidate in candidates {
            let (id, act) = (candidate.id(), candidate.payload().action.name());
            let offer = Offer::from(candidate);
            let ours = sitting.has_room(&offer).then(|| sitting.judge(&offer));
            let theirs = if recorded.next_if(|next| **next == id).is_some() {
                Some(Ok(()))
            } else {
                refused.next_if(|next| next.0 == id).map(|(_, rejection)| Err(*rejection))
            };
            let named = theirs.map(|outcome| outcome.map_err(|r| (r.number(), r.code())));
            let expected = ours.map(|outcome| outcome.map_err(|code| (code.number(), code.name())));
            if named != expected {
                let (found, must) = (outcome(named), outcome(expected));
                return Err(format!("{act} {id} is {found} by the ledger, and must be {must}"));
            }
            match ours {
                Some(Err(code)) => codes.push((candidate.bytes().to_vec(), code)),
                Some(Ok(())) => {}
                None => break,
            }
        }
        if recorded.next().is_some() || refused.next().is_some() {
            return Err("the ledger judged what was not offered, or in another order".into());
        }
        Ok(codes)
    }
}

/// What became of a candidate, in words.
fn outcome(of: Option<Result<(), (u16, &'static str)>>) -> String {
    match of {
        None => "left for the next block".into(),
        Some(Ok(())) => "recorded".into(),
        Some(Err((number, code))) => format!("refused as {code} ({number})"),
    }
}
