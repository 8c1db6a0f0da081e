//! Refusals: every one a problem document that names what is wrong, in two languages.

use serde_json::Value;

use super::fixture::{Fixture, code, parts};

#[tokio::test]
async fn what_is_not_understood_is_refused() {
    let fixture = Fixture::new().await;
    let listing = fixture.open_listing().await;
    let id = "ab".repeat(32);
    let unknown_listing = listing.as_str().replace("-000001-", "-000002-");
    let unknown_listing = ("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*".chars())
        .map(|check| format!("{}{check}", &unknown_listing[..unknown_listing.len() - 1]))
        .find(|text| text.parse::<ledger::id::DealCode>().is_ok())
        .unwrap();
    let cases: Vec<(String, u16, &str, Option<&str>)> = vec![
        ("/nothing".into(), 404, "no_such_path", None),
        ("/v1".into(), 404, "no_such_path", None),
        ("/v1/listings/".into(), 404, "no_such_path", None),
        ("/v1/status?verbose=1".into(), 400, "unknown_parameter", Some("verbose")),
        ("/v1/listings?stages=listed".into(), 400, "unknown_parameter", Some("stages")),
        ("/v1/listings?stage=open".into(), 400, "invalid_parameter", Some("stage")),
        ("/v1/listings?region=44".into(), 400, "invalid_parameter", Some("region")),
        ("/v1/listings?limit=201".into(), 400, "invalid_parameter", Some("limit")),
        ("/v1/listings?limit=0".into(), 400, "invalid_parameter", Some("limit")),
        ("/v1/listings?limit=-1".into(), 400, "invalid_parameter", Some("limit")),
        ("/v1/listings?limit=1&limit=2".into(), 400, "repeated_parameter", Some("limit")),
        ("/v1/listings?cursor=x".into(), 400, "invalid_parameter", Some("cursor")),
        ("/v1/listings?cursor=%ff".into(), 400, "invalid_parameter", Some("cursor")),
        ("/v1/listings/x".into(), 400, "invalid_path", Some("code")),
        ("/v1/listings/%ff".into(), 400, "invalid_path", None),
        (format!("/v1/listings/{unknown_listing}"), 404, "not_found", None),
        (format!("/v1/listings/{unknown_listing}/quotes"), 404, "not_found", None),
        (format!("/v1/listings/{listing}/quotes?cursor=-1"), 400, "invalid_parameter", Some("cursor")),
        ("/v1/organisations/91440400MA00000010".into(), 400, "invalid_path", Some("code")),
        (format!("/v1/organisations/{}", code(77)), 404, "not_found", None),
        (format!("/v1/guarantees/{}", code(3)), 400, "invalid_path", Some("id")),
        (format!("/v1/guarantees/{}:LG-9", code(3)), 404, "not_found", None),
        ("/v1/transactions/abc".into(), 400, "invalid_path", Some("id")),
        (format!("/v1/transactions/{id}"), 404, "not_found", None),
        (format!("/v1/transactions/{id}/proof"), 404, "not_found", None),
        ("/v1/transactions".into(), 405, "method_not_allowed", None),
        ("/v1/blocks/0".into(), 404, "not_found", None),
        ("/v1/blocks/99".into(), 404, "not_found", None),
        ("/v1/blocks/99999999999999999999".into(), 400, "invalid_path", Some("block")),
        ("/v1/blocks/newest".into(), 400, "invalid_path", Some("block")),
        (format!("/v1/blocks/{id}"), 404, "not_found", None),
        ("/v1/blocks?from=0".into(), 400, "invalid_parameter", Some("from")),
        ("/v1/events?format=json&from=1".into(), 400, "invalid_parameter", Some("from")),
        ("/v1/events?from=1.x".into(), 400, "invalid_parameter", Some("from")),
        ("/v1/events?format=xml".into(), 400, "invalid_parameter", Some("format")),
        ("/v1/events?listing=x".into(), 400, "invalid_parameter", Some("listing")),
        ("/readyz?verbose=maybe".into(), 400, "invalid_parameter", Some("verbose")),
        (
            format!("/v1/status?{}=1", "x".repeat(5_000)),
            400,
            "unknown_parameter",
            Some("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        ),
    ];
    for (path, status, code, field) in cases {
        let response = fixture.get(&path).send().await.unwrap();
        check(&path, response, status, code, field).await;
    }
    let response = fixture.get("/v1/events").header("last-event-id", "x").send().await.unwrap();
    check("Last-Event-ID", response, 400, "invalid_header", Some("Last-Event-ID")).await;
    for method in ["PUT", "DELETE", "POST", "PATCH"] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = fixture.client.request(method, format!("{}/v1/status", fixture.url));
        check("method", request.send().await.unwrap(), 405, "method_not_allowed", None).await;
    }
}

/// A refusal has every member that clients rely on.
pub(crate) async fn check(
    what: &str,
    response: reqwest::Response,
    status: u16,
    code: &str,
    field: Option<&str>,
) -> Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json", "{what}");
    let (found, problem) = parts(response).await;
    assert_eq!((found, problem["code"].as_str()), (status, Some(code)), "{what}: {problem}");
    assert_eq!(problem["status"], status, "{what}");
    assert_eq!(problem["type"], format!("urn:zhulian:problem:{code}"), "{what}");
    assert_eq!(problem["field"].as_str(), field, "{what}: {problem}");
    assert!(problem["detail"].as_str().unwrap().ends_with('.'), "{what}: {problem}");
    assert!(problem["detail_zh"].as_str().unwrap().ends_with('。'), "{what}: {problem}");
    problem
}
