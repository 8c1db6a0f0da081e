//! What the node does by itself, after every block and every second.

use std::sync::Arc;
use std::time::Duration;

use consensus::Signer as _;
use ledger::action::Action;
use ledger::codec::Bytes;
use ledger::crypto::Signature;
use ledger::id::{ChainId, CreditCode, TenderId};
use ledger::procedure::epoch::{centre_id, sealed};
use ledger::procedure::opening_shares::OpenShares;
use ledger::procedure::seat::RegisterSeatKey;
use ledger::procedure::stamp_key::{RegisterStampKey, period_of};
use ledger::record::bid::Chunk;
use ledger::record::seat::{SealingEpoch, SeatPublicKey};
use ledger::record::tender::{Tender, TenderStage};
use ledger::rule::TradeKind;
use ledger::state::keys::{
    ChunkKey, CommitteeKey, IssuerNumberKey, OpeningKey, RulesKey, SealingEpochKey, SeatKeyKey, StampKeyKey,
    all_tenders,
};
use ledger::state::{StateError, decode_value, read};
use ledger::store::{Snapshot, StoreError};
use ledger::time::{BlockTime, DAY_MS, Span};
use ledger::transaction::{self, Payload};
use sealing::committee::Seat;
use sealing::element::Element;
use sealing::opening::ChunkContext;
use sealing::seat::{Registration, SeatSecret};
use sealing::suite::{Digest, Ristretto255};

use super::keys::system_random;
use super::release::{self, Facts};
use super::{Desk, KeyStanding};
use crate::handle::{Handle, Outcome, Refusal, Wait};
use crate::keys::KeyError;

/// How often the task looks even though no block came: the clock may have reached an opening.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long an act may take to be recorded before it is signed anew.
const PATIENCE: Duration = Duration::from_secs(15);
/// For how many heights an act may be recorded.
const WINDOW: u64 = 50;
/// How long before a quarter's end the key of the next one is made.
const AHEAD: Span = Span::from_millis(7 * DAY_MS);
/// Most acts that are signed in one look: an opening of many chunks goes on with the next.
const ACTS_MAX: usize = 16;

/// Why a look was given up.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("{0}")]
    Damaged(&'static str),
}

/// The task.
pub struct Task {
    handle: Handle,
    desk: Arc<Desk>,
}

/// The ledger at one height, and who looks at it.
struct View<'a> {
    state: Snapshot<'a>,
    chain: &'a ChainId,
    own: CreditCode,
    /// Time of the last block.
    now: BlockTime,
    /// This machine's clock, or block time where that is stepped.
    clock: BlockTime,
}

impl Task {
    /// A task that submits through `handle`.
    #[must_use]
    pub const fn new(handle: Handle, desk: Arc<Desk>) -> Self {
        Self { handle, desk }
    }

    /// Runs until the node stops.
    pub async fn run(self) {
        let this = Arc::new(self);
        let mut commits = this.handle.commits();
        loop {
            // Whether blocks came or were missed makes no difference: the ledger is looked at as it is.
            match tokio::time::timeout(LOOK_EVERY, commits.recv()).await {
                Ok(Err(tokio::sync::broadcast::error::RecvError::Closed)) => return,
                _ => commits = commits.resubscribe(),
            }
            let looking = this.clone();
            let acts = match tokio::task::spawn_blocking(move || looking.look()).await {
                Ok(Ok(acts)) => acts,
                Ok(Err(error)) => {
                    tracing::error!(%error, "what tenders need of this node cannot be done");
                    tokio::time::sleep(LOOK_EVERY).await;
                    continue;
                }
                // The node is stopping.
                Err(_) => return,
            };
            if !acts.is_empty() {
                this.submit(acts).await;
            }
        }
    }

    /// Looks what there is to do, does what needs no act, and says which acts are needed.
    fn look(&self) -> Result<Vec<Action>, Failure> {
        let state = self.handle.store().snapshot()?;
        let genesis = self.handle.genesis();
        if state.tip().height == 0 {
            return Ok(Vec::new());
        }
        let (Some(own), Some(_)) =
            (self.desk.own_centre(&state)?, read(&state, &RulesKey(TradeKind::ConstructionTender))?)
        else {
            *self.desk.standing.lock() = super::standing::Known::default();
            return Ok(Vec::new());
        };
        let now = self.handle.store().ledger_tip(genesis.time)?.time;
        let clock = super::clock(&state, now)?;
        let view = View { state, chain: &genesis.chain_id, own, now, clock };
        let mut acts = Vec::new();
        self.seat_keys(&view, &mut acts)?;
        self.tenders(&view, &mut acts)?;
        // Making a key for stamps takes seconds, for which nothing more urgent waits.
        if acts.is_empty() {
            self.stamp_keys(&view, &mut acts)?;
        }
        acts.truncate(ACTS_MAX);
        Ok(acts)
    }

    /// A key for the present epoch while it has no committee, and for the one after it in any case: when the members change,
    /// the next committee forms at once.
    fn seat_keys(&self, view: &View<'_>, acts: &mut Vec<Action>) -> Result<(), Failure> {
        let epoch = read(&view.state, &SealingEpochKey)?;
        let open = match &epoch {
            None => vec![1],
            Some(SealingEpoch { number, formed: false, .. }) => vec![*number, number.saturating_add(1)],
            Some(SealingEpoch { number, .. }) => vec![number.saturating_add(1)],
        };
        for number in open {
            if read(&view.state, &SeatKeyKey(number, &view.own))?.is_none() {
                acts.push(self.register_seat(view, number)?);
            }
        }
        let present = epoch.map_or(1, |epoch| epoch.number);
        let standing = match read(&view.state, &SeatKeyKey(present, &view.own))? {
            None => KeyStanding::Waiting,
            Some(registered) => match self.desk.keys.seat(present) {
                Ok(Some(key)) if key.public().as_bytes() == registered.key.as_bytes() => {
                    KeyStanding::Registered
                }
                Ok(_) => KeyStanding::Lost(self.desk.keys.seat_path(present).display().to_string()),
                Err(error) => KeyStanding::Lost(error.to_string()),
            },
        };
        self.desk.standing.lock().seat_key = standing;
        Ok(())
    }

    fn register_seat(&self, view: &View<'_>, epoch: u64) -> Result<Action, Failure> {
        let secret = self.desk.keys.make_seat(epoch)?;
        let registration =
            Registration { chain_id: view.chain.as_str(), epoch, centre: centre_id(&view.own) };
        let proof = secret.prove_possession(&registration, &mut system_random());
        let possession = <[u8; 64]>::try_from(proof.encode().as_slice()).map(Signature::from_bytes);
        let possession = possession.map_err(|_| Failure::Damaged("a proof has not 64 bytes"))?;
        let key = <[u8; 32]>::try_from(secret.public().as_bytes()).map(SeatPublicKey::from_bytes);
        let key = key.map_err(|_| Failure::Damaged("a seat key has not 32 bytes"))?;
        Ok(Action::RegisterSeatKey(RegisterSeatKey { epoch, key, possession }))
    }

    fn stamp_keys(&self, view: &View<'_>, acts: &mut Vec<Action>) -> Result<(), Failure> {
        let present = period_of(view.now);
        let issuer = read(&view.state, &IssuerNumberKey(&view.own))?;
        let registered = |quarter: u16| match issuer {
            Some(issuer) => read(&view.state, &StampKeyKey(issuer, quarter)),
            None => Ok(None),
        };
        for quarter in [present, period_of(view.now.plus(AHEAD))] {
            if registered(quarter)?.is_none() {
                let public = self.desk.keys.make_stamp(quarter)?.public();
                let public = public.map_err(|_| Failure::Damaged("a key for stamps has another size"))?;
                let modulus = Bytes::new(public.modulus().to_vec())
                    .map_err(|_| Failure::Damaged("a modulus has 384 bytes"))?;
                let act = Action::RegisterStampKey(RegisterStampKey { period: quarter, modulus });
                if !acts.contains(&act) {
                    acts.push(act);
                }
            }
        }
        self.desk.standing.lock().stamp_key = match registered(present)? {
            None => KeyStanding::Waiting,
            Some(_) => match self.desk.keys.stamp(present) {
                Ok(Some(_)) => KeyStanding::Registered,
                Ok(None) => KeyStanding::Lost(self.desk.keys.stamp_path(present).display().to_string()),
                Err(error) => KeyStanding::Lost(error.to_string()),
            },
        };
        Ok(())
    }

    /// Gives shares where they are due, and destroys the keys that no tender needs any more.
    fn tenders(&self, view: &View<'_>, acts: &mut Vec<Action>) -> Result<(), Failure> {
        let (from, before) = all_tenders();
        let (mut needed, mut missing) = (std::collections::BTreeSet::new(), 0);
        for row in view.state.state_range(&from, Some(&before))? {
            let (key, bytes) = row?;
            let tender: Tender = decode_value(&key, &bytes)?;
            match tender.stage {
                TenderStage::Accepting | TenderStage::Suspended => {
                    needed.insert(tender.committee);
                }
                TenderStage::Opening | TenderStage::Stalled => {
                    needed.insert(tender.committee);
                    missing += self.shares(view, &tender, acts)?;
                }
                _ => {}
            }
        }
        self.desk.standing.lock().shares_missing = missing;
        let present = read(&view.state, &SealingEpochKey)?.map_or(1, |epoch| epoch.number);
        for epoch in self.desk.keys.seat_epochs() {
            if epoch < present && !needed.contains(&epoch) {
                match self.desk.keys.destroy_seat(epoch) {
                    Ok(()) => tracing::info!(
                        epoch,
                        "the seat key of an epoch is destroyed: no tender needs it any more"
                    ),
                    Err(error) => tracing::warn!(epoch, %error, "a seat key cannot be destroyed"),
                }
            }
        }
        Ok(())
    }

    /// The shares of this centre's seat that are due; returns for how many chunks it cannot give them.
    fn shares(&self, view: &View<'_>, tender: &Tender, acts: &mut Vec<Action>) -> Result<usize, Failure> {
        let missing = || Failure::Damaged("a tender's committee or opening is missing");
        let committee = read(&view.state, &CommitteeKey(tender.committee))?.ok_or_else(missing)?;
        let place = committee.seats.iter().position(|seat| seat.centre == view.own);
        let Some(seat) = place.and_then(|at| u8::try_from(at + 1).ok()) else { return Ok(0) };
        let opening = read(&view.state, &OpeningKey(&tender.id))?.ok_or_else(missing)?;
        let chunks = (0..opening.chunks)
            .map(|number| read(&view.state, &ChunkKey(&tender.id, number))?.ok_or_else(missing));
        let chunks: Vec<Chunk> = chunks.collect::<Result<_, Failure>>()?;
        let facts = Facts {
            stage: tender.stage,
            opens_at: tender.opens_at(),
            is_final: view.state.certificate(view.state.tip().height)?.is_some(),
            clock: view.clock,
            seat,
            chunks: &chunks,
        };
        let due = release::due(&facts);
        if due.is_empty() {
            return Ok(0);
        }
        // A key that is not here or does not open holds up this tender alone; what else is to do is done.
        let secret = self.desk.keys.seat(tender.committee).unwrap_or_else(|error| {
            tracing::error!(%error, tender = %tender.id, "the seat key of a tender that is due cannot be opened");
            None
        });
        let Some(secret) = secret else { return Ok(due.len()) };
        let live_root = Digest::from_slice(opening.root.as_slice()).ok_or_else(missing)?;
        let sealed = sealed(&committee, view.chain)?;
        for number in due.iter().take(ACTS_MAX) {
            let chunk = usize::try_from(*number).ok().and_then(|at| chunks.get(at)).ok_or_else(missing)?;
            let context =
                ChunkContext { committee: &sealed, tender: tender.id.sealed(), live_root, chunk: *number };
            match give(&context, &tender.id, chunk, seat, &secret) {
                Some(act) => acts.push(Action::OpenShares(act)),
                None => return Ok(due.len()),
            }
        }
        Ok(0)
    }

    /// Signs acts and submits them one by one, so that one that is refused holds up no other.
    async fn submit(&self, acts: Vec<Action>) {
        let expiry = self
            .handle
            .status()
            .height
            .next()
            .plus(WINDOW.min(self.handle.genesis().parameters.expiry_window));
        let signing = acts.into_iter().filter_map(|action| {
            let name = action.name();
            let payload = Payload { action, expiry, salt: rand::random(), approvals: Vec::new() };
            let key = self.desk.voice.key();
            let chain = &self.handle.genesis().chain_id;
            let signed = transaction::sign_with(chain, &key.public_key(), &payload, |bytes| key.sign(bytes));
            signed
                .inspect_err(|error| tracing::error!(%error, act = name, "an act of this node is not signed"))
                .ok()
        });
        let signed: Vec<Vec<u8>> = signing.collect();
        for submitted in self.handle.submit(signed, Wait::Committed(PATIENCE)).await {
            match submitted.outcome {
                Outcome::Committed { .. } => metrics::counter!("tender_acts_total").increment(1),
                Outcome::Pending => tracing::warn!("an act of this node is not recorded yet"),
                Outcome::Refused(Refusal::NotReady) => {}
                // Another look shows whether it is still needed: a chunk that was opened meanwhile needs no shares.
                Outcome::Refused(refusal) => tracing::info!(%refusal, "an act of this node is not taken"),
            }
        }
    }
}

/// The shares of a seat for a chunk; nothing if the key is not that of the seat.
fn give(
    context: &ChunkContext<'_>,
    tender: &TenderId,
    chunk: &Chunk,
    number: u8,
    secret: &SeatSecret,
) -> Option<OpenShares> {
    let dealers = chunk.bids.iter().map(|bid| Element::<Ristretto255>::decode(bid.dealer.as_bytes()));
    let dealers: Vec<_> = dealers.collect::<Result<_, _>>().ok()?;
    let given = context.give(Seat::new(number)?, secret, &dealers, &mut system_random());
    let given = given
        .inspect_err(|error| tracing::error!(%error, %tender, "this centre's shares cannot be given"))
        .ok()?;
    let shares = Bytes::new(given.encode()).ok()?;
    Some(OpenShares { tender: *tender, chunk: context.chunk, seat: number, shares })
}
