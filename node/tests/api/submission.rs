//! Submission: what is taken, what is refused, and what a batch answers.

use minicbor::Encoder;
use serde_json::{Value, json};

use super::fixture::{Fixture, listing, parts, yuan};
use super::problems::check;

const PATH: &str = "/v1/transactions";

/// Path, media type and body of a request; status, code and field of its refusal.
type Refused<'a> = (&'a str, &'a str, Vec<u8>, u16, &'a str, Option<&'a str>);

fn batch(transactions: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    encoder.array(transactions.len() as u64).unwrap();
    for transaction in transactions {
        encoder.bytes(transaction).unwrap();
    }
    encoder.into_writer()
}

#[tokio::test]
async fn one_transaction_is_answered_with_its_place() {
    let fixture = Fixture::new().await;
    let response = fixture.post(PATH, "application/cose", fixture.publish("一号地")).send().await.unwrap();
    let (status, answer) = parts(response).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["status"], &answer["height"], &answer["index"]),
        (&json!("committed"), &json!(1), &json!(0))
    );
    let id = answer["id"].as_str().unwrap();
    assert_eq!(fixture.json(&format!("/v1/transactions/{id}")).await["data"]["height"], json!(1));

    let media_type = "application/cose; cose-type=\"cose-sign1\"";
    let request =
        fixture.post("/v1/transactions?wait=accepted&timeout=1", media_type, fixture.publish("二号地"));
    let (status, answer) = parts(request.send().await.unwrap()).await;
    assert_eq!((status, &answer["status"], answer.get("height")), (202, &json!("pending"), None));
}

#[tokio::test]
async fn refusals_name_their_rule() {
    let fixture = Fixture::new().await;
    let code = fixture.open_listing().await;
    let mut wrongly_signed = fixture.publish("三号地");
    *wrongly_signed.last_mut().unwrap() ^= 1;
    let mut cheap = listing("四号地");
    cheap.prices.deposit = yuan(1);
    let cheap = fixture.sign("seller", ledger::action::Action::PublishListing(cheap));
    let stranger = fixture.sign("nobody", ledger::action::Action::PublishListing(listing("五号地")));
    let cases: Vec<(&str, Vec<u8>, u16, &str, Value)> = vec![
        ("quote", fixture.quote(2, &code, 1_000_001), 422, "quote_below_increment", json!(505)),
        ("deposit", cheap, 422, "deposit_too_low", json!(305)),
        ("stranger", stranger, 403, "unknown_key", json!(104)),
        ("repeated", fixture.quote(1, &code, 1_000_000), 409, "already_recorded", json!(103)),
        ("signature", wrongly_signed, 400, "invalid_signature", Value::Null),
        ("not CBOR", vec![0xff; 40], 400, "malformed_transaction", Value::Null),
        ("nothing", Vec::new(), 400, "malformed_transaction", Value::Null),
        ("too long", vec![0; 65_536], 413, "body_too_large", Value::Null),
        ("far too long", vec![0; 5 << 20], 413, "body_too_large", Value::Null),
    ];
    // The quote of the fixture was signed at another height: sign the same one again by asking for its bytes.
    let quote_id = fixture.json("/v1/blocks/3").await["data"]["transactions"][0].as_str().unwrap().to_owned();
    let raw =
        fixture.get(&format!("{PATH}/{quote_id}")).header("accept", "application/cose").send().await.unwrap();
    let raw = raw.bytes().await.unwrap().to_vec();
    for (what, body, status, code, rule) in cases {
        let body = if what == "repeated" { raw.clone() } else { body };
        let response = fixture.post(PATH, "application/cose", body).send().await.unwrap();
        let problem = check(what, response, status, code, None).await;
        assert_eq!(problem.get("rule").unwrap_or(&Value::Null), &rule, "{what}");
    }
}

#[tokio::test]
async fn a_batch_is_answered_one_by_one() {
    let fixture = Fixture::new().await;
    let good = fixture.publish("一号地");
    let body = batch(&[good.clone(), vec![1, 2, 3], good, fixture.publish("二号地")]);
    let (status, answer) = parts(fixture.post(PATH, "application/cbor", body).send().await.unwrap()).await;
    assert_eq!(status, 200, "{answer}");
    let answers = answer.as_array().unwrap();
    let statuses: Vec<_> = answers.iter().map(|a| a["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["committed", "refused", "refused", "committed"]);
    assert_eq!(answers[1]["problem"]["code"], json!("malformed_transaction"));
    assert_eq!(answers[1].get("id"), None);
    assert_eq!(answers[2]["problem"]["code"], json!("already_recorded"));
    assert_eq!(answers[2]["id"], answers[0]["id"]);
}

#[tokio::test]
async fn what_is_no_submission_is_refused() {
    let fixture = Fixture::new().await;
    let good = fixture.publish("一号地");
    let cases: Vec<Refused<'_>> = vec![
        (PATH, "application/json", b"{}".to_vec(), 415, "unsupported_media_type", None),
        (PATH, "", Vec::new(), 415, "unsupported_media_type", None),
        (PATH, "application/cbor", Vec::new(), 400, "malformed_batch", None),
        (PATH, "application/cbor", batch(&[]), 400, "malformed_batch", None),
        (PATH, "application/cbor", vec![0x9f, 0xff], 400, "malformed_batch", None),
        (PATH, "application/cbor", vec![0x82, 0x41, 0x00], 400, "malformed_batch", None),
        (PATH, "application/cbor", vec![0x81, 0x61, 0x61], 400, "malformed_batch", None),
        (
            PATH,
            "application/cbor",
            [batch(std::slice::from_ref(&good)), vec![0]].concat(),
            400,
            "malformed_batch",
            None,
        ),
        (
            PATH,
            "application/cbor",
            vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            413,
            "batch_too_long",
            None,
        ),
        (PATH, "application/cbor", batch(&vec![vec![0]; 2_001]), 413, "batch_too_long", None),
        (PATH, "application/cbor", batch(&[vec![0; 65_536]]), 413, "body_too_large", None),
        (
            "/v1/transactions?wait=forever",
            "application/cose",
            good.clone(),
            400,
            "invalid_parameter",
            Some("wait"),
        ),
        (
            "/v1/transactions?timeout=61",
            "application/cose",
            good.clone(),
            400,
            "invalid_parameter",
            Some("timeout"),
        ),
        ("/v1/transactions?async=1", "application/cose", good, 400, "unknown_parameter", Some("async")),
    ];
    for (index, (path, media_type, body, status, code, field)) in cases.into_iter().enumerate() {
        let response = fixture.post(path, media_type, body).send().await.unwrap();
        check(&format!("case {index}"), response, status, code, field).await;
    }
    assert_eq!(fixture.json("/v1/status").await["height"], json!(0));
}
