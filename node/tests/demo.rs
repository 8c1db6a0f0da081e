//! The demonstration, run as a user runs it: a whole trade on four nodes, one of them killed on the way.

use std::process::Command;

use serde_json::Value;

#[test]
fn trades_from_notice_to_contract_and_to_the_opening_end_with_four_equal_nodes() {
    let dir = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_zhulian"))
        .current_dir(dir.path())
        .args(["demo", "--output", "json", "--lang", "en", "--port-base", "21101"])
        .output()
        .unwrap();
    let progress = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{progress}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["equal"], true);
    let nodes = report["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 4);
    for field in ["height", "block_id", "state_root", "log_size", "log_root", "genesis_hash"] {
        assert!(nodes.iter().all(|node| node[field] == nodes[0][field]), "{field}");
    }
    assert_eq!(nodes[0]["clock"]["kind"], "stepped");

    let acts = report["acts"].as_array().unwrap();
    let told: Vec<&str> = acts.iter().map(|act| act["what"].as_str().unwrap()).collect();
    for part in [
        "approved Zhongshan CA (SM2)",
        "certificate_expired 1031",
        "credit_code_differs 1043",
        "authority_unknown 1004",
        "enrolment_replayed 1007",
        "enrolled with a certificate of Guangzhou CA (P-256)",
        "enrolled with a certificate of Shenzhen CA (P-384)",
        "enrolled with a certificate of Zhongshan CA (SM2)",
        "attached a second certificate",
        "appointed staff",
        "amount_outside_mandate 116",
        "recorded a revocation list with one certificate",
        "signers_certificate_revoked 110",
        "unknown_key 104",
        "not_the_applicant 406",
        "guarantee_used 408",
        "stage_not_permitted 311",
        "invalid_signature",
        "quote_below_increment 505",
        "winners_guarantee 414",
        "contract_differs 604",
        "listing opened",
        "timed bidding of 3 bidders",
        "won by 91440100DEM000065C at 103000000.00",
        "confirmed the deal",
        "published the result",
        "released a loser's letter",
        "letter released",
        "publicity ended",
        "recorded the contract",
        "published a tender: a bridge",
        "the tender rests",
        "sealed bid with a document",
        "replaced its bid",
        "withdrew its bid",
        "invalid_stamp 1407",
        "bid_sequence 1404",
        "bid_too_late 1402",
        "recorded within the grace",
        "invalid_shares 1414",
        "opening of",
        "failed: 2 bids, nothing is opened",
        "tender_stage_not_permitted 1215",
    ] {
        assert!(told.iter().any(|what| what.contains(part)), "nothing says {part:?}: {told:#?}");
    }
    // What was refused is not on the ledger, and what the ledger did came through no node.
    assert!(
        acts.iter().all(|act| act["what"].as_str().unwrap().contains("refused") == act["height"].is_null())
    );
    assert!(progress.contains("kill -9") && progress.contains("caught up from height"));
    // Who replaced its bid is opened with the later price, and who withdrew or sent what is no bid is not opened.
    let opened: Vec<&str> = progress.lines().filter(|line| line.starts_with("  * opened: ")).collect();
    let prices = ["39800000.00", "39500000.00", "40200000.00", "38900000.00"];
    assert_eq!(opened.len(), 4, "{progress}");
    assert!(prices.iter().all(|price| opened.iter().any(|line| line.contains(price))), "{opened:?}");
    assert!(!dir.path().join("demo-data").exists(), "the directory is left behind");
}
