//! What can be read, and what it says.

use ledger::certificate::CommitCertificate;
use ledger::merkle::log;
use ledger::{block, transaction};
use node::handle::Phase;
use serde_json::{Value, json};

use super::fixture::{Fixture, bank, bidder, centre, parts, seller};

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn hash(value: &Value) -> [u8; 32] {
    bytes(value).try_into().unwrap()
}

#[tokio::test]
async fn records_are_read_with_their_place_in_the_chain() {
    let fixture = Fixture::new().await;
    let listing = fixture.open_listing().await;
    let status = fixture.json("/v1/status").await;
    let (seller, bank, centre, first) =
        (seller().to_string(), bank().to_string(), centre().to_string(), bidder(1).to_string());
    let cases: Vec<(String, Vec<(&str, Value)>)> = vec![
        (
            format!("/v1/listings/{listing}"),
            vec![
                ("/data/code", json!(listing.as_str())),
                ("/data/seller", json!(seller)),
                ("/data/stage", json!("listed")),
                ("/data/prices/starting", json!({"amount": "1000000.00", "currency": "CNY"})),
                ("/data/resource/area_m2", json!("20000.50")),
                ("/data/opens_at", json!("2026-03-02T09:02:00+08:00")),
                ("/data/qualified", json!(2)),
                ("/data/best/bidder", json!(first)),
                ("/data/contract", Value::Null),
            ],
        ),
        (
            format!("/v1/listings/{listing}/quotes"),
            vec![
                ("/data/0/number", json!(1)),
                ("/data/0/price/amount", json!("1000000.00")),
                ("/next", Value::Null),
            ],
        ),
        (
            format!("/v1/listings/{listing}/bidders"),
            vec![("/data/0/bidder", json!(first)), ("/data/0/guarantee", json!(format!("{bank}:LG-1")))],
        ),
        ("/v1/listings?stage=listed&region=440000".into(), vec![("/data/0/title", json!("住宅用地 <一号>"))]),
        ("/v1/listings?region=440402".into(), vec![("/data/0/title", json!("住宅用地 <一号>"))]),
        ("/v1/listings?region=440300".into(), vec![("/data", json!([])), ("/next", Value::Null)]),
        ("/v1/listings?stage=failed".into(), vec![("/data", json!([]))]),
        (
            format!("/v1/guarantees/{bank}:LG-2"),
            vec![("/data/status", json!({"state": "deposited"})), ("/data/beneficiary", json!(seller))],
        ),
        ("/v1/guarantees".into(), vec![("/data/1/number", json!("LG-2"))]),
        (
            format!("/v1/organisations/{centre}"),
            vec![("/data/roles", json!(["centre"])), ("/data/name", json!("珠海公共资源交易中心"))],
        ),
        (format!("/v1/organisations/{}", centre.to_lowercase()), vec![("/data/code", json!(centre))]),
        (
            "/v1/rules".into(),
            vec![(
                "/data/rules/2",
                json!({
                    "id": "LL03", "value": 200, "unit": "permille", "source": "测试规则", "effective_from": "2020-01-01",
                }),
            )],
        ),
        ("/v1/blocks/latest".into(), vec![("/data/height", json!(3)), ("/data/certificate/round", json!(0))]),
        ("/v1/blocks/1".into(), vec![("/data/previous", json!(fixture.genesis.hash.to_string()))]),
        (
            "/v1/blocks?from=2&limit=1".into(),
            vec![
                ("/data/0/height", json!(2)),
                ("/data/0/transaction_count", json!(5)),
                ("/next", json!("3")),
            ],
        ),
        ("/v1/blocks?from=9".into(), vec![("/data", json!([])), ("/next", Value::Null)]),
    ];
    for (path, expected) in cases {
        let answer = fixture.json(&path).await;
        for (pointer, value) in expected {
            assert_eq!(answer.pointer(pointer), Some(&value), "{path} {pointer}: {answer}");
        }
        assert_eq!(answer["at"]["height"], status["height"], "{path}");
        assert_eq!(answer["at"]["block_id"], status["block_id"], "{path}");
        assert_eq!(answer["at"]["state_root"], status["state_root"], "{path}");
    }
}

#[tokio::test]
async fn blocks_and_transactions_are_found_by_name_and_as_bytes() {
    let fixture = Fixture::new().await;
    let bytes_signed = fixture.publish("一号地");
    let id = fixture.commit(std::slice::from_ref(&bytes_signed)).remove(0);

    let block = fixture.json("/v1/blocks/1").await;
    let by_id = fixture.json(&format!("/v1/blocks/{}", block["data"]["id"].as_str().unwrap())).await;
    assert_eq!(block, by_id);
    assert_eq!(block["data"]["transactions"], json!([id]));
    let raw = fixture.get("/v1/blocks/1").header("accept", "application/cbor").send().await.unwrap();
    let raw = block::Block::decode(&raw.bytes().await.unwrap()).unwrap();
    assert_eq!(raw.header.id().to_string(), block["data"]["id"].as_str().unwrap());
    assert_eq!(raw.transactions, vec![bytes_signed.clone()]);

    let path = format!("/v1/transactions/{id}");
    let found = fixture.json(&path).await;
    let data = &found["data"];
    assert_eq!(data["signer"]["organisation"], json!(seller().as_str()));
    assert_eq!(data["action"]["act"], json!("publish_listing"));
    assert_eq!(data["action"]["title"], json!("一号地"));
    assert_eq!((&data["height"], &data["index"]), (&json!(1), &json!(0)));
    assert_eq!(data["block_id"], block["data"]["id"]);
    assert_eq!(data["events"][0]["event"], json!("listing_published"));
    assert_eq!(data["events"][0]["id"], json!("1.0"));
    let raw = fixture.get(&path).header("accept", "application/cose").send().await.unwrap();
    assert_eq!(raw.headers()["content-type"], "application/cose");
    assert_eq!(raw.bytes().await.unwrap(), bytes_signed);
}

/// What the documentation of the endpoint promises: no trust in the node is needed.
#[tokio::test]
async fn a_proof_is_checked_without_the_node() {
    let fixture = Fixture::new().await;
    let titles = ["一", "二", "三", "四", "五"];
    let ids = fixture.commit(&titles.map(|title| fixture.publish(title)));
    fixture.commit(&[fixture.step_clock(1)]);
    for (index, id) in ids.iter().enumerate() {
        let proof = fixture.json(&format!("/v1/transactions/{id}/proof")).await["data"].clone();
        let leaf = bytes(&proof["leaf"]);
        let decoded = transaction::Verified::decode(&fixture.genesis.chain_id, &leaf).unwrap();
        assert_eq!(decoded.id().to_string(), *id);
        let header = block::Header::decode(&bytes(&proof["header"])).unwrap();
        assert_eq!(header.id().to_string(), proof["block_id"].as_str().unwrap());
        let certificate = CommitCertificate::decode(&bytes(&proof["certificate"])).unwrap();
        assert_eq!(certificate.block_id, header.id());
        certificate.verify(&fixture.genesis.chain_id, &fixture.genesis.validators).unwrap();
        assert_eq!(hash(&proof["block"]["root"]), *header.transaction_root.as_bytes());
        assert_eq!(proof["block"]["leaf_index"], json!(index));
        for part in ["block", "log"] {
            let inclusion = &proof[part];
            let path: Vec<[u8; 32]> = inclusion["path"].as_array().unwrap().iter().map(hash).collect();
            let (leaf_index, size) =
                (inclusion["leaf_index"].as_u64().unwrap(), inclusion["tree_size"].as_u64().unwrap());
            log::verify_inclusion(&log::leaf_hash(&leaf), leaf_index, size, &path, &hash(&inclusion["root"]))
                .unwrap();
        }
    }
}

#[tokio::test]
async fn pages_follow_one_another() {
    let fixture = Fixture::new().await;
    let whole = fixture.json("/v1/organisations").await["data"].as_array().unwrap().clone();
    assert_eq!(whole.len(), 6);
    for limit in [1, 2, 5, 6, 200] {
        let (mut collected, mut path) = (Vec::new(), format!("/v1/organisations?limit={limit}"));
        loop {
            let page = fixture.json(&path).await;
            let data = page["data"].as_array().unwrap();
            assert!(data.len() <= limit);
            collected.extend(data.clone());
            let Some(next) = page["next"].as_str() else { break };
            path = format!("/v1/organisations?limit={limit}&cursor={next}");
        }
        assert_eq!(collected, whole, "limit {limit}");
    }
}

#[tokio::test]
async fn status_says_that_the_clock_is_not_real() {
    let fixture = Fixture::new().await;
    fixture.commit(&[fixture.step_clock(3)]);
    let status = fixture.json("/v1/status").await;
    assert_eq!(status["node"], json!("zhuhai"));
    assert_eq!(status["chain_id"], json!(fixture.genesis.chain_id.as_str()));
    assert_eq!(status["height"], json!(1));
    assert_eq!(status["phase"], json!({"name": "running"}));
    assert_eq!(status["clock"]["kind"], json!("stepped"));
    assert_eq!(status["clock"]["reads"], json!("2026-03-02T09:03:00+08:00"));
    assert!(status["clock"]["note"].as_str().unwrap().contains("not real"));
    assert!(status["clock"]["note_zh"].as_str().unwrap().contains("并非真实时间"));
    let genesis = fixture.get("/v1/genesis").send().await.unwrap().bytes().await.unwrap();
    assert_eq!(ledger::hash::sha256(&genesis), *fixture.genesis.hash.as_bytes());
}

#[tokio::test]
async fn health_names_the_part_at_fault() {
    let fixture = Fixture::new().await;
    fixture.commit(&[fixture.step_clock(1)]);
    assert_eq!(fixture.get("/livez").send().await.unwrap().text().await.unwrap(), "ok\n");
    assert_eq!(fixture.json("/version").await["block_version"], json!(1));
    assert_eq!(fixture.json("/readyz").await, json!({"ready": true}));
    let parts_of = |answer: &Value| {
        let parts = answer["parts"].as_array().unwrap().clone();
        parts
            .into_iter()
            .map(|p| (p["name"].as_str().unwrap().to_owned(), p["ready"] == true))
            .collect::<Vec<_>>()
    };
    let expected = |consensus: bool, member: bool| {
        let others = [
            ("clock", true),
            ("disk", true),
            ("tip", true),
            ("catch_up", true),
            ("mempool", true),
            ("revocation_data", true),
            ("seat_key", true),
            ("stamp_key", true),
        ];
        // Without its own vote the only member's node reaches none.
        let parts = [("consensus", consensus), ("membership", member), ("peers", member)];
        let named = |(name, ready): (&str, bool)| (name.to_owned(), ready);
        parts.into_iter().chain(others).map(named).collect::<Vec<_>>()
    };
    assert_eq!(parts_of(&fixture.json("/readyz?verbose").await), expected(true, true));
    fixture.chain().set_member(false);
    let (status, answer) = parts(fixture.get("/readyz").send().await.unwrap()).await;
    assert_eq!((status, parts_of(&answer)), (503, expected(true, false)));
    assert_eq!(fixture.json("/v1/status").await["member"], false);
    let act =
        fixture.post("/v1/transactions", "application/cose", fixture.step_clock(1)).send().await.unwrap();
    assert_eq!(act.status(), 503, "who is no member takes no transactions");
    fixture.chain().set_member(true);
    for phase in [Phase::DiskFull, Phase::Stopping, Phase::Halted { reason: "the state root differs".into() }]
    {
        fixture.chain().set_phase(phase);
        let (status, answer) = parts(fixture.get("/readyz").send().await.unwrap()).await;
        assert_eq!((status, &answer["ready"]), (503, &json!(false)));
        assert_eq!(parts_of(&answer), expected(false, true));
    }
    fixture.chain().set_phase(Phase::Running);
    for (ahead, ready, words) in [
        (None, true, "not compared"),
        (Some(500), true, "500 ms ahead of the other centres' clocks, at most 500 ms is normal"),
        (
            Some(501),
            false,
            "501 ms ahead of the other centres' clocks, at most 500 ms is normal; set it right",
        ),
        (Some(-180_000), false, "180000 ms behind the other centres' clocks"),
    ] {
        fixture.chain().set_clock(ahead);
        let (status, answer) = parts(fixture.get("/readyz?verbose").send().await.unwrap()).await;
        assert_eq!((status, &answer["ready"]), (if ready { 200 } else { 503 }, &json!(ready)));
        let clock = answer["parts"].as_array().unwrap().iter().find(|part| part["name"] == "clock").unwrap();
        assert!(clock["detail"].as_str().unwrap().starts_with(words), "{clock}");
        assert_eq!(fixture.json("/v1/status").await["clock_ahead_ms"], json!(ahead));
    }
    let live = fixture.get("/livez").send().await.unwrap();
    assert_eq!(live.status(), 200, "a halted node still lives");

    let metrics = fixture.get("/metrics").send().await.unwrap().text().await.unwrap();
    for name in [
        "consensus_height",
        "p2p_peers",
        "mempool_size",
        "disk_free_bytes",
        "process_resident_memory_bytes",
        "rocksdb_table_bytes",
    ] {
        assert!(metrics.lines().any(|line| line.starts_with(&format!("{name} "))), "{name} in {metrics}");
        assert!(metrics.contains(&format!("# HELP {name} ")), "{name} is described");
    }
}

#[tokio::test]
async fn the_first_page_shows_the_trade() {
    let fixture = Fixture::new().await;
    let listing = fixture.open_listing().await;
    fixture.commit(&[fixture.quote(2, &listing, 1_234_567)]);
    let response = fixture.get("/").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    let page = response.text().await.unwrap();
    for shown in [
        listing.as_str(),
        "挂牌中",
        "listed",
        "¥ 1,234,567.00",
        "竞买人二",
        "已递交",
        "并非真实时间",
        "not real",
        "住宅用地 &#60;一号&#62;",
        "出让人 &#60;甲&#62;",
        "/v1/blocks/4",
    ] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    assert!(!page.contains("<一号>") && !page.contains("<script"));
}
