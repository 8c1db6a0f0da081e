//! The HTTP interface of a node over a small real ledger, asked without a socket.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, Response, StatusCode, Uri, header::CONTENT_TYPE};
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType, vote_sign_bytes};
use ledger::execute;
use ledger::genesis::Genesis;
use ledger::hash::{StateRoot, sha256};
use ledger::id::{Height, credit_check};
use ledger::procedure::registration::RegisterOrganisation;
use ledger::record::organisation::Role;
use ledger::store::{BlockCommit, Options, Store};
use ledger::transaction::{Payload, Unverified, Verified, sign};
use ledger::{action::Action, block};
use node::api::{self, Extras, Limits};
use node::handle::{Handle, Inner, Outcome, Phase, Refusal, Status, Submission, Submitted};
use node::network;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{broadcast, mpsc, watch};
use tower::ServiceExt as _;
use zeroize::Zeroizing;

use super::key;
use super::seeds::genesis_text;

/// Most of a path and query that is tried, in bytes.
const TARGET_MAX: usize = 4_096;
/// Most of an answer that is read, in bytes.
const ANSWER_MAX: usize = 8 << 20;
/// Longest an answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(30);

/// A node's interface with nothing behind it that decides: submissions wait for ever or are refused.
struct Served {
    runtime: Runtime,
    router: Router,
    _directory: TempDir,
}

fn served() -> &'static Mutex<Served> {
    static SERVED: OnceLock<Mutex<Served>> = OnceLock::new();
    SERVED.get_or_init(|| Mutex::new(Served::new()))
}

/// A path with a query: whatever it is, the answer is no failure of the node's and is what its content type says.
pub fn read(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Some(uri) = text.parse::<Uri>().ok().filter(|_| text.len() <= TARGET_MAX) else { return };
    // A stream of events never ends; its query is read like that of a page.
    let pages = uri.query().is_some_and(|query| query.contains("format=json"));
    if uri.path().contains("events") && !pages {
        return;
    }
    let request = Request::builder().method(Method::GET).uri(uri).body(Body::empty());
    let Ok(request) = request else { return };
    check(text, request);
}

/// First a byte for the content type and the query, then a body: it is taken or refused, but never a failure.
pub fn submit(bytes: &[u8]) {
    let Some((flags, body)) = bytes.split_first() else { return };
    let content_type = ["application/cose", "application/cbor", "application/json"][usize::from(flags % 3)];
    let query = if flags & 0x80 == 0 { "?wait=accepted" } else { "?timeout=1&wait=committed" };
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/v1/transactions{query}"))
        .header(CONTENT_TYPE, content_type)
        .body(Body::from(body.to_vec()))
        .expect("a request");
    let (status, answer) = check("submission", request);
    let results = answer.as_array().map_or(1, Vec::len);
    assert!((1..=2_000).contains(&results), "{status}: {answer}");
}

/// Asks, and holds the answer against what every answer promises.
fn check(what: &str, request: Request<Body>) -> (StatusCode, Value) {
    let served = served().lock().unwrap_or_else(PoisonError::into_inner);
    let router = served.router.clone();
    let answered = async {
        let response: Response<Body> = match router.oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        (parts, to_bytes(body, ANSWER_MAX).await.expect("an answer of bounded length"))
    };
    let answered = served.runtime.block_on(async { tokio::time::timeout(ANSWER_TIME, answered).await });
    let (parts, body) = answered.unwrap_or_else(|_| panic!("{what:?} is not answered"));
    let status = parts.status;
    // Without a running node behind it the interface rightly says that it is not ready.
    let unready = what.contains("/readyz") && status == StatusCode::SERVICE_UNAVAILABLE;
    assert!(!status.is_server_error() || unready, "{what:?}: {status}");
    let content_type =
        parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = content_type == "application/json" || content_type == "application/problem+json";
    let json = if is_json { serde_json::from_slice(&body).expect("JSON") } else { Value::Null };
    if status.is_client_error() {
        assert_eq!(content_type, "application/problem+json", "{what:?}: {status}");
        assert_eq!(json["status"], status.as_u16(), "{what:?}");
        assert!(json["code"].as_str().is_some_and(|code| !code.is_empty()), "{what:?}");
    } else {
        assert!(!content_type.is_empty() || body.is_empty(), "{what:?}: {status} without a content type");
    }
    assert!(parts.headers.contains_key("x-content-type-options"), "{what:?}");
    (status, json)
}

fn genesis() -> (Vec<u8>, Genesis) {
    let bytes = genesis_text(0);
    let genesis = Genesis::parse(&bytes).expect("a genesis of the seeds");
    (bytes, genesis)
}

/// A transaction that the served ledger would record.
pub(super) fn good_transaction() -> Vec<u8> {
    registration(&genesis().1, 77)
}

/// A centre admits an organisation.
fn registration(genesis: &Genesis, number: u64) -> Vec<u8> {
    let body = format!("91440100{number:09}");
    let check = credit_check(&body).expect("digits");
    let action = Action::RegisterOrganisation(RegisterOrganisation {
        code: format!("{body}{}", char::from(check)).parse().expect("a code"),
        name: "示例企业 <甲>".parse().expect("a title"),
        region: "440400".parse().expect("a region"),
        roles: vec![Role::Bidder],
        keys: vec![key(&format!("admitted {number}")).public_key()],
    });
    let payload = Payload { action, expiry: Height::new(900), salt: [7; 16], approvals: Vec::new() };
    sign(&genesis.chain_id, &key("operator 0"), &payload)
}

impl Served {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let (bytes, genesis) = genesis();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let store = Arc::new(open(directory.path(), &bytes, &genesis));
        commit(&store, &genesis);
        let router = runtime.block_on(serve(&directory, &genesis, store));
        Self { runtime, router, _directory: directory }
    }
}

fn open(path: &std::path::Path, bytes: &[u8], genesis: &Genesis) -> Store {
    let small = Options { block_cache_bytes: 4 << 20, write_buffer_bytes: 4 << 20, ..Options::default() };
    let store = Store::open(path, &small).expect("a store");
    let state = genesis.state().into_iter().filter_map(|(key, value)| Some((key, value?))).collect();
    store.initialise(bytes, *genesis.hash.as_bytes(), &state).expect("a genesis");
    store
}

/// One block with two admissions.
fn commit(store: &Store, genesis: &Genesis) {
    let transactions: Vec<Verified> = [1_001, 1_002]
        .map(|number| Verified::decode(&genesis.chain_id, &registration(genesis, number)).expect("good"))
        .to_vec();
    let (tip, voter) = (genesis.tip(), key("voter 0"));
    let time = genesis.time.plus(ledger::time::Span::from_millis(1_000));
    let snapshot = store.snapshot().expect("a genesis");
    let (executed, refused) =
        execute::propose(&snapshot, &tip, time, voter.public_key(), &transactions).expect("a block");
    assert_eq!(refused, Vec::new());
    drop(snapshot);
    let (height, id) = (executed.header.height, executed.id);
    let message = vote_sign_bytes(&genesis.chain_id, VoteType::Precommit, height, 0, Some(id));
    let signature = CommitSignature { public_key: voter.public_key(), signature: voter.sign(&message) };
    let certificate = CommitCertificate { height, round: 0, block_id: id, signatures: vec![signature] };
    let events: Vec<Vec<u8>> = executed.events.iter().map(execute::encode_event).collect();
    let recorded: Vec<_> =
        executed.transactions.iter().map(|(id, bytes)| (*id.as_bytes(), bytes.clone())).collect();
    store
        .commit(BlockCommit {
            height: height.get(),
            block_id: *block::Id::as_bytes(&id),
            header: &executed.header_bytes,
            transactions: &recorded,
            certificate: &certificate.encode(),
            changes: &executed.changes,
            map_update: executed.map_update.clone(),
            events: &events,
        })
        .expect("a block");
}

async fn serve(directory: &TempDir, genesis: &Genesis, store: Arc<Store>) -> Router {
    let (status, status_seen) = watch::channel(status(genesis, &store));
    let (commits, _) = broadcast::channel(8);
    let (submissions, inbox) = mpsc::channel(64);
    let chain = genesis.chain_id.clone();
    tokio::spawn(async move {
        // The sender of the status lives as long as this task.
        let _status = status;
        answer(&chain, inbox).await;
    });
    let config = network::Config {
        listen: vec!["/ip4/127.0.0.1/tcp/0".parse().expect("an address")],
        ..network::Config::default()
    };
    let seed = Zeroizing::new(sha256(b"a network without members"));
    let (network, _) = network::start(seed, config).await.expect("a network");
    let limits = node::documents::shelf::Limits {
        bytes: 1 << 20,
        document_bytes: 1 << 18,
        key_bytes: 1 << 19,
        reserve: 0,
    };
    let shelf = node::documents::shelf::Shelf::open(&directory.path().join("documents"), limits)
        .expect("a directory");
    let documents = Arc::new(node::documents::Documents::new(Arc::new(shelf), Default::default()));
    let voice =
        node::keys::Voice::new(ledger::crypto::SigningKey::from_seed(&Zeroizing::new([7; 32])).into());
    let keys = node::tenders::keys::Keys::new(
        directory.path().into(),
        Default::default(),
        directory.path().join("network.key"),
    );
    let desk =
        node::tenders::Desk::open(voice, keys, network.public_key(), directory.path(), 10).expect("a desk");
    let inner = Inner {
        genesis: genesis.clone(),
        store,
        submissions,
        commits,
        status: status_seen,
        network,
        checkpoints: Default::default(),
        documents,
        desk: Arc::new(desk),
    };
    let extras = Extras {
        name: "zhuhai".to_owned(),
        data_dir: directory.path().to_owned(),
        recorder: api::metrics::install().expect("a recorder"),
        limits: Limits { disk_free_bytes_min: 1, ..Limits::default() },
    };
    api::router(Handle::new(inner), extras)
}

/// The way in without a mempool: what is a transaction waits, the rest is refused.
async fn answer(chain: &ledger::id::ChainId, mut inbox: mpsc::Receiver<Submission>) {
    while let Some(submission) = inbox.recv().await {
        let one = |bytes: &Vec<u8>| match Unverified::decode(chain, bytes) {
            Ok(read) => Submitted { id: Some(read.id()), outcome: Outcome::Pending },
            Err(error) => Submitted { id: None, outcome: Outcome::Refused(Refusal::Malformed(error)) },
        };
        let answers = submission.transactions.iter().map(one).collect();
        let _ = submission.answer.send(answers);
    }
}

fn status(genesis: &Genesis, store: &Store) -> Status {
    let tip = store.tip().expect("a genesis");
    Status {
        height: Height::new(tip.height),
        block_id: block::Id::from_bytes(tip.block_id),
        block_time: genesis.time,
        state_root: StateRoot::from_bytes(tip.map_root),
        log_size: tip.log_size,
        log_root: tip.log_root,
        committed_at_unix_ms: 0,
        round: None,
        phase: Phase::Running,
        mempool_transactions: 0,
        mempool_bytes: 0,
        validators: genesis.validators.len(),
        member: true,
        blocks_from: Height::new(1),
        events_from: Height::new(1),
        behind: None,
        clock_ahead_ms: None,
    }
}
