//! The HTTP interface over a real store: every endpoint, every kind of refusal, and streams without gaps.

#[path = "api/fixture.rs"]
mod fixture;

#[path = "api/events.rs"]
mod events;
#[path = "api/governance.rs"]
mod governance;
#[path = "api/problems.rs"]
mod problems;
#[path = "api/reads.rs"]
mod reads;
#[path = "api/schema.rs"]
mod schema;
#[path = "api/submission.rs"]
mod submission;
#[path = "api/trust.rs"]
mod trust;

/// The checked-in description is what the program serves. `UPDATE=1` writes it anew.
#[test]
fn the_checked_in_openapi_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let document = node::api::openapi();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &document).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(checked_in == document, "node/openapi.json is out of date: run this test with UPDATE=1");
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
}
