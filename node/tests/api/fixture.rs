//! A small ledger with a served interface: one centre, real blocks and certificates, and a stand-in for consensus.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use ledger::action::Action;
use ledger::amount::{Amount, Currency};
use ledger::block;
use ledger::certificate::{CommitCertificate, CommitSignature, VoteType, vote_sign_bytes};
use ledger::crypto::SigningKey;
use ledger::execute::rejection::Rejection;
use ledger::execute::{self, Executed, Tip};
use ledger::genesis::Genesis;
use ledger::hash::StateRoot;
use ledger::id::{CreditCode, DealCode, GuaranteeId, Height, credit_check};
use ledger::procedure as act;
use ledger::record::listing::{Prices, Resource};
use ledger::store::{BlockCommit, Options, Store};
use ledger::time::{BlockTime, Span};
use ledger::transaction::{self, Payload, Verified};
use node::api::{self, Extras, Limits};
use node::handle::{
    CommittedBlock, Handle, Inner, Outcome, Phase, Refusal, Status, Submission, Submitted, Wait,
};
use node::network;
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use tokio::sync::{broadcast, mpsc, watch};
use zeroize::Zeroizing;

pub(crate) const MINUTE: u64 = 60_000;

/// The key of a name, the same in every run.
pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(&Zeroizing::new(ledger::hash::sha256(name.as_bytes())))
}

/// A credit code in Zhuhai with a right check character.
pub(crate) fn code(number: u32) -> CreditCode {
    let body = format!("91440400MA{number:07}");
    format!("{body}{}", char::from(credit_check(&body).unwrap())).parse().unwrap()
}

pub(crate) fn centre() -> CreditCode {
    code(1)
}
pub(crate) fn seller() -> CreditCode {
    code(2)
}
pub(crate) fn bank() -> CreditCode {
    code(3)
}
pub(crate) fn bidder(number: u32) -> CreditCode {
    code(10 + number)
}

pub(crate) fn yuan(yuan: u64) -> Amount {
    Amount::new(yuan * 100, Currency::Cny).unwrap()
}

pub(crate) fn start() -> BlockTime {
    BlockTime::parse("2026-03-02T09:00:00+08:00").unwrap()
}

pub(crate) fn genesis_file() -> String {
    let organisation = |code: CreditCode, name: &str, role: &str, key_name: &str| {
        format!(
            "[[organisation]]\ncode = \"{code}\"\nname = \"{name}\"\nregion = \"440400\"\nroles = [\"{role}\"]\nkeys = [\"{}\"]\n",
            key(key_name).public_key()
        )
    };
    let rule = |(number, value, unit): (usize, u64, &str)| {
        format!(
            "[[rules.rule]]\nid = \"LL{number:02}\"\nvalue = {value}\nunit = \"{unit}\"\nsource = \"测试规则\"\neffective_from = \"2020-01-01\"\n"
        )
    };
    let rules: String = (1..=11usize)
        .map(|number| rule(if number == 3 { (3, 200, "permille") } else { (number, 1, "minute") }))
        .collect();
    format!(
        "name = \"api-test\"\ntime = \"{}\"\n\
         [parameters]\nexpiry_window = 1000\nblock_bytes = 1000000\nblock_transactions = 5000\n\
         [clock]\nkind = \"stepped\"\ntimekeeper = \"{}\"\n\
         [[centre]]\ncode = \"{}\"\nname = \"珠海公共资源交易中心\"\nregion = \"440400\"\nconsensus_key = \"{}\"\nnetwork_key = \"{}\"\nkeys = [\"{}\"]\n\
         {}{}{}{}{}\
         [rules]\nname = \"测试规则包\"\nversion = 1\n{rules}\
         [rules.calendar]\nfirst = \"2026-01-01\"\nlast = \"2026-12-31\"\nholidays = []\nworkdays = []\n",
        start(),
        key("timekeeper").public_key(),
        centre(),
        key("vote").public_key(),
        key("network").public_key(),
        key("centre").public_key(),
        organisation(seller(), "出让人 <甲>", "seller", "seller"),
        organisation(bank(), "银行", "guarantor", "bank"),
        organisation(bidder(1), "竞买人一", "bidder", "bidder 1"),
        organisation(bidder(2), "竞买人二", "bidder", "bidder 2"),
        organisation(code(9), "时钟", "timekeeper", "timekeeper"),
    )
}

/// A ledger, its interface on a loopback port, and a client.
pub(crate) struct Fixture {
    pub(crate) genesis: Genesis,
    pub(crate) url: String,
    pub(crate) client: Client,
    chain: Arc<Chain>,
    _directory: tempfile::TempDir,
}

/// The stand-in for consensus: whatever comes is a block of its own.
pub(crate) struct Chain {
    genesis: Genesis,
    store: Arc<Store>,
    tip: Mutex<Tip>,
    commits: broadcast::Sender<Arc<CommittedBlock>>,
    status: watch::Sender<Status>,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let file = genesis_file();
        let genesis = Genesis::parse(file.as_bytes()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let small = Options { block_cache_bytes: 8 << 20, write_buffer_bytes: 8 << 20, ..Options::default() };
        let store = Arc::new(Store::open(directory.path(), &small).unwrap());
        let state: BTreeMap<_, _> =
            genesis.state().into_iter().map(|(key, value)| (key, value.unwrap())).collect();
        store.initialise(file.as_bytes(), *genesis.hash.as_bytes(), &state).unwrap();

        let (status, status_seen) = watch::channel(status_of(&genesis, &store, genesis.time));
        let (commits, _) = broadcast::channel(8);
        let tip = Mutex::new(genesis.tip());
        let chain = Arc::new(Chain {
            genesis: genesis.clone(),
            store: store.clone(),
            tip,
            commits: commits.clone(),
            status,
        });
        let (submissions, inbox) = mpsc::channel(64);
        tokio::spawn(chain.clone().take_submissions(inbox));

        let config = network::Config {
            listen: vec!["/ip4/127.0.0.1/tcp/0".parse().unwrap()],
            ..network::Config::default()
        };
        let seed = Zeroizing::new(ledger::hash::sha256(b"network"));
        let (network, _) = network::start(seed, config).await.unwrap();
        let limits = node::documents::shelf::Limits {
            bytes: 1 << 20,
            document_bytes: 1 << 18,
            key_bytes: 1 << 19,
            reserve: 0,
        };
        let shelf = node::documents::shelf::Shelf::open(&directory.path().join("documents"), limits).unwrap();
        let documents = Arc::new(node::documents::Documents::new(Arc::new(shelf), Default::default()));
        let voice =
            node::keys::Voice::new(ledger::crypto::SigningKey::from_seed(&Zeroizing::new([7; 32])).into());
        let keys = node::tenders::keys::Keys::new(
            directory.path().into(),
            Default::default(),
            directory.path().join("network.key"),
        );
        let desk =
            node::tenders::Desk::open(voice, keys, network.public_key(), directory.path(), 10).unwrap();
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
            recorder: api::metrics::install().unwrap(),
            limits: Limits { disk_free_bytes_min: 1, ..Limits::default() },
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = api::router(Handle::new(inner), extras);
        let listener = api::BoundedListener::new(listener, 64);
        tokio::spawn(api::serve(listener, router, std::future::pending()));
        Self { genesis, url, client: Client::new(), chain, _directory: directory }
    }

    pub(crate) fn chain(&self) -> &Chain {
        &self.chain
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url))
    }

    pub(crate) fn post(&self, path: &str, media_type: &str, body: Vec<u8>) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url)).header("content-type", media_type).body(body)
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let response = self.get(path).send().await.unwrap();
        let (status, body) = parts(response).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// A signed transaction.
    pub(crate) fn sign(&self, signer: &str, action: Action) -> Vec<u8> {
        let expiry = Height::new(self.chain.tip.lock().unwrap().height.get() + 500);
        let salt = ledger::hash::sha256(format!("{signer} {action:?}").as_bytes());
        let payload = Payload { action, expiry, salt: salt[..16].try_into().unwrap(), approvals: Vec::new() };
        transaction::sign(&self.genesis.chain_id, &key(signer), &payload)
    }

    /// Records a block of these transactions, none of which may be refused; returns their ids.
    pub(crate) fn commit(&self, transactions: &[Vec<u8>]) -> Vec<String> {
        let (executed, refused) = self.chain.commit(transactions);
        assert_eq!(refused, vec![], "no transaction of the fixture is refused");
        executed.transactions.iter().map(|(id, _)| id.to_string()).collect()
    }

    pub(crate) fn step_clock(&self, minutes: u64) -> Vec<u8> {
        let by = Span::from_millis(minutes * MINUTE);
        self.sign("timekeeper", Action::AdvanceClock(act::clock::AdvanceClock { by }))
    }

    pub(crate) fn publish(&self, title: &str) -> Vec<u8> {
        let mut notice = listing(title);
        let tip = *self.chain.tip.lock().unwrap();
        if tip.height > Height::GENESIS {
            notice.opens_at = tip.time.plus(Span::from_millis(5 * MINUTE));
        }
        self.sign("seller", Action::PublishListing(notice))
    }

    pub(crate) fn quote(&self, bidder: u32, listing: &DealCode, price: u64) -> Vec<u8> {
        let quote = act::quote::SubmitQuote { listing: listing.clone(), price: yuan(price) };
        self.sign(&format!("bidder {bidder}"), Action::SubmitQuote(quote))
    }

    pub(crate) fn letter(&self, number: u32) -> GuaranteeId {
        GuaranteeId { guarantor: bank(), number: format!("LG-{number}").parse().unwrap() }
    }

    /// A listing with two bidders, open for quotes; heights 1 to 3.
    pub(crate) async fn open_listing(&self) -> DealCode {
        self.commit(&[self.publish("住宅用地 <一号>")]);
        let code =
            self.json("/v1/listings").await["data"][0]["code"].as_str().unwrap().parse::<DealCode>().unwrap();
        let issue = |number: u32| {
            let letter = act::guarantee::IssueGuarantee {
                number: format!("LG-{number}").parse().unwrap(),
                applicant: bidder(number),
                listing: code.clone(),
                amount: yuan(300_000),
                expires_at: start().plus(Span::from_millis(10_000 * MINUTE)),
            };
            self.sign("bank", Action::IssueGuarantee(letter))
        };
        let deposit = |number: u32| {
            let deposit = act::qualification::DepositGuarantee {
                listing: code.clone(),
                guarantee: self.letter(number),
            };
            self.sign(&format!("bidder {number}"), Action::DepositGuarantee(deposit))
        };
        self.commit(&[issue(1), issue(2), deposit(1), deposit(2), self.step_clock(3)]);
        self.commit(&[self.quote(1, &code, 1_000_000)]);
        code
    }
}

/// A notice that keeps every rule.
pub(crate) fn listing(title: &str) -> act::listing::PublishListing {
    let at = |minutes: u64| start().plus(Span::from_millis(minutes * MINUTE));
    act::listing::PublishListing {
        centre: centre(),
        title: title.parse().unwrap(),
        region: "440402".parse().unwrap(),
        resource: Resource {
            parcel: "ZH-2026-001".parse().unwrap(),
            location: "香洲区".parse().unwrap(),
            area_dm2: 2_000_050,
            land_use: "住宅".parse().unwrap(),
            term_years: 70,
            documents: vec![ledger::hash::DocumentHash::of(b"notice")],
        },
        prices: Prices {
            starting: yuan(1_000_000),
            reserve: yuan(1_200_000),
            increment: yuan(50_000),
            deposit: yuan(240_000),
        },
        opens_at: at(2),
        closes_at: at(60),
    }
}

fn status_of(genesis: &Genesis, store: &Store, time: BlockTime) -> Status {
    let tip = store.tip().unwrap();
    Status {
        height: Height::new(tip.height),
        block_id: block::Id::from_bytes(tip.block_id),
        block_time: time,
        state_root: StateRoot::from_bytes(tip.map_root),
        log_size: tip.log_size,
        log_root: tip.log_root,
        committed_at_unix_ms: SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64,
        round: Some(0),
        phase: Phase::Running,
        mempool_transactions: 0,
        mempool_bytes: 0,
        validators: genesis.validators.len(),
        member: true,
        blocks_from: Height::new(store.history().blocks_from),
        events_from: Height::new(store.history().events_from),
        behind: None,
        clock_ahead_ms: None,
    }
}

impl Chain {
    /// Executes, certifies, stores and announces one block.
    pub(crate) fn commit(&self, transactions: &[Vec<u8>]) -> (Executed, Vec<(transaction::Id, Rejection)>) {
        let mut tip = self.tip.lock().unwrap();
        let verified: Vec<Verified> = transactions
            .iter()
            .map(|bytes| Verified::decode(&self.genesis.chain_id, bytes).unwrap())
            .collect();
        let snapshot = self.store.snapshot().unwrap();
        let time = execute::stepped_time(&snapshot, &tip).unwrap().unwrap();
        let proposer = key("vote").public_key();
        let (executed, refused) = execute::propose(&snapshot, &tip, time, proposer, &verified).unwrap();
        drop(snapshot);
        self.store(&executed);
        *tip = Tip { height: executed.header.height, id: executed.id, time };
        self.status.send_modify(|status| *status = status_of(&self.genesis, &self.store, time));
        let announced = CommittedBlock {
            height: executed.header.height,
            id: executed.id,
            time,
            transactions: executed.transactions.iter().map(|(id, _)| *id).collect(),
            events: executed.events.clone(),
        };
        let _ = self.commits.send(Arc::new(announced));
        (executed, refused)
    }

    fn store(&self, executed: &Executed) {
        let (height, id) = (executed.header.height, executed.id);
        let message = vote_sign_bytes(&self.genesis.chain_id, VoteType::Precommit, height, 0, Some(id));
        let vote = key("vote");
        let signature = CommitSignature { public_key: vote.public_key(), signature: vote.sign(&message) };
        let certificate = CommitCertificate { height, round: 0, block_id: id, signatures: vec![signature] };
        let events: Vec<Vec<u8>> = executed.events.iter().map(execute::encode_event).collect();
        let transactions: Vec<_> =
            executed.transactions.iter().map(|(id, bytes)| (*id.as_bytes(), bytes.clone())).collect();
        self.store
            .commit(BlockCommit {
                height: height.get(),
                block_id: *id.as_bytes(),
                header: &executed.header_bytes,
                transactions: &transactions,
                certificate: &certificate.encode(),
                changes: &executed.changes,
                map_update: executed.map_update.clone(),
                events: &events,
            })
            .unwrap();
    }

    /// Changes what the node says of itself.
    pub(crate) fn set_phase(&self, phase: Phase) {
        self.status.send_modify(|status| status.phase = phase);
    }

    /// Changes whether the node says that it is a member.
    pub(crate) fn set_member(&self, member: bool) {
        self.status.send_modify(|status| status.member = member);
    }

    /// Changes what the node says of its clock.
    pub(crate) fn set_clock(&self, ahead_ms: Option<i64>) {
        self.status.send_modify(|status| status.clock_ahead_ms = ahead_ms);
    }

    async fn take_submissions(self: Arc<Self>, mut inbox: mpsc::Receiver<Submission>) {
        while let Some(submission) = inbox.recv().await {
            let answers =
                submission.transactions.iter().map(|bytes| self.take(bytes, submission.wait)).collect();
            let _ = submission.answer.send(answers);
        }
    }

    fn take(&self, bytes: &Vec<u8>, wait: Wait) -> Submitted {
        let verified = match Verified::decode(&self.genesis.chain_id, bytes) {
            Ok(verified) => verified,
            Err(error) => {
                return Submitted { id: None, outcome: Outcome::Refused(Refusal::Malformed(error)) };
            }
        };
        let id = Some(verified.id());
        if wait == Wait::Accepted {
            return Submitted { id, outcome: Outcome::Pending };
        }
        let (executed, refused) = self.commit(std::slice::from_ref(bytes));
        let outcome = match refused.first() {
            Some((_, rejection)) => Outcome::Refused((*rejection).into()),
            None => Outcome::Committed { height: executed.header.height, index: 0 },
        };
        Submitted { id, outcome }
    }
}

/// Status and JSON body of an answer.
pub(crate) async fn parts(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}
