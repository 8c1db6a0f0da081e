//! Actions as clients write them: there and back, and what is wrong with the others.

use ledger::action::Action as LedgerAction;
use node::api::schema::Action;
use serde_json::{Value, json};

use super::fixture::{bank, bidder, centre, key, seller};

fn money(amount: &str) -> Value {
    json!({"amount": amount, "currency": "CNY"})
}

fn deal() -> String {
    ledger::id::DealCode::issue(ledger::id::DealKind::LandUseRight, &centre(), 20_514, 7).unwrap().to_string()
}

/// One of each act, as JSON.
fn all() -> Vec<Value> {
    let keys: Vec<String> = {
        let mut keys = ["a", "b"].map(|name| key(name).public_key());
        keys.sort_unstable();
        keys.iter().map(ToString::to_string).collect()
    };
    vec![
        json!({"act": "register_organisation", "code": bidder(7).as_str(), "name": "新企业", "region": "440100",
               "roles": ["seller", "bidder"], "keys": keys}),
        json!({"act": "publish_listing", "centre": centre().as_str(), "title": "一号地", "region": "440402",
               "resource": {"parcel": "ZH-1", "location": "香洲", "area_m2": "20000.50", "land_use": "住宅",
                            "term_years": 70, "documents": ["ab".repeat(32)]},
               "prices": {"starting": money("1.00"), "reserve": money("2.00"), "increment": money("0.01"),
                          "deposit": money("1.00")},
               "opens_at": "2026-03-02T09:00:00+08:00", "closes_at": "2026-03-12T15:00:00+08:00"}),
        json!({"act": "issue_guarantee", "number": "LG-1", "applicant": bidder(1).as_str(), "listing": deal(),
               "amount": money("300000.00"), "expires_at": "2026-06-01T00:00:00+08:00"}),
        json!({"act": "deposit_guarantee", "listing": deal(), "guarantee": format!("{}:LG-1", bank())}),
        json!({"act": "submit_quote", "listing": deal(), "price": money("1234.56")}),
        json!({"act": "confirm_deal", "listing": deal()}),
        json!({"act": "publish_result", "listing": deal()}),
        json!({"act": "record_contract", "listing": deal(), "document": "cd".repeat(32)}),
        json!({"act": "release_guarantee", "guarantee": format!("{}:LG-1", bank())}),
        json!({"act": "advance_clock", "by_ms": 86_400_000}),
        propose(
            json!({"kind": "register_centre", "code": bidder(7).as_str(), "name": "新中心", "region": "440100",
                       "keys": keys}),
        ),
        propose(json!({"kind": "admit_member", "member": member(), "proof": "ab".repeat(64)})),
        propose(
            json!({"kind": "remove_member", "organisation": centre().as_str(), "reason": {"kind": "left"}}),
        ),
        propose(json!({"kind": "remove_member", "organisation": centre().as_str(),
                       "reason": {"kind": "double_signing", "double_signing": "cd".repeat(32)}})),
        propose(json!({"kind": "remove_member", "organisation": centre().as_str(),
                       "reason": {"kind": "other", "text": "不再履行职责"}})),
        propose(json!({"kind": "rotate_keys", "member": member(), "proof": "ab".repeat(64)})),
        propose(json!({"kind": "adopt_rules", "pack": {
            "name": "测试规则包", "kind": "land_listing", "version": 2,
            "rules": [{"id": "LL01", "value": 20, "unit": "day", "source": "测试", "effective_from": "2020-01-01"},
                      {"id": "LL03", "value": 200, "unit": "permille", "source": "测试", "effective_from": "2020-01-01"},
                      {"id": "LL06", "value": 5, "unit": "working_day", "source": "测试", "effective_from": "2020-01-01"},
                      {"id": "LL06", "value": 6, "unit": "minute", "source": "测试", "effective_from": "2026-01-01"}],
            "calendar": {"first": "2026-01-01", "last": "2026-12-31", "holidays": ["2026-10-01", "2026-10-02"],
                         "workdays": ["2026-10-10"]}}})),
        json!({"act": "approve_change", "change": "ef".repeat(32)}),
        report("prevote", json!({"block_id": "01".repeat(32), "signature": "ab".repeat(64)})),
        report("precommit", json!({"block_id": "01".repeat(32), "signature": "ab".repeat(64)})),
        report(
            "proposal",
            json!({"block_id": "01".repeat(32), "valid_round": 1, "signature": "ab".repeat(64)}),
        ),
    ]
}

fn propose(change: Value) -> Value {
    json!({"act": "propose_change", "change": change})
}

fn member() -> Value {
    json!({"organisation": centre().as_str(), "voting_key": key("a").public_key().to_string(),
           "network_key": key("b").public_key().to_string()})
}

fn report(kind: &str, first: Value) -> Value {
    let second = json!({"block_id": "02".repeat(32), "signature": "ab".repeat(64)});
    json!({"act": "report_double_signing", "evidence": {
        "accused": key("a").public_key().to_string(), "height": 7, "round": 1, "kind": kind,
        "first": first, "second": second}})
}

#[test]
fn every_act_goes_there_and_back() {
    for written in all() {
        let action: Action = serde_json::from_value(written.clone()).unwrap();
        let signed = LedgerAction::try_from(action).unwrap();
        assert_eq!(written["act"], signed.name());
        assert_eq!(serde_json::to_value(Action::from(signed.clone())).unwrap(), written);
        // The same act as a TOML file.
        let file = toml::to_string(&Action::from(signed.clone())).unwrap();
        assert_eq!(LedgerAction::try_from(toml::from_str::<Action>(&file).unwrap()).unwrap(), signed);
    }
}

#[test]
fn what_is_wrong_is_named() {
    let of = |act: &str| all().into_iter().find(|action| action["act"] == act).unwrap();
    let cases = [
        ("submit_quote", "/price/amount", json!("1.234"), "price.amount"),
        ("submit_quote", "/listing", json!("B01"), "listing"),
        ("publish_listing", "/prices/reserve/amount", json!("-1"), "prices.reserve.amount"),
        ("publish_listing", "/resource/area_m2", json!("1.234"), "resource.area_m2"),
        ("publish_listing", "/resource/area_m2", json!("1."), "resource.area_m2"),
        ("publish_listing", "/resource/documents/0", json!("ab"), "resource.documents[0]"),
        ("publish_listing", "/resource/land_use", json!(""), "resource.land_use"),
        ("publish_listing", "/opens_at", json!("2026-03-02"), "opens_at"),
        ("publish_listing", "/region", json!("zhuhai"), "region"),
        ("register_organisation", "/code", json!(seller().as_str().replace('9', "8")), "code"),
        ("register_organisation", "/keys/1", json!("00"), "keys[1]"),
        ("issue_guarantee", "/number", json!("a b"), "number"),
        ("deposit_guarantee", "/guarantee", json!("LG-1"), "guarantee"),
        ("record_contract", "/document", json!("zz"), "document"),
        ("approve_change", "/change", json!("zz"), "change"),
        ("propose_change", "/change/keys/0", json!("00"), "change.keys[0]"),
        ("report_double_signing", "/evidence/accused", json!("00"), "evidence.accused"),
        ("report_double_signing", "/evidence/first/signature", json!("00"), "evidence.first.signature"),
        ("report_double_signing", "/evidence/second/block_id", json!("00"), "evidence.second.block_id"),
    ];
    for (act, pointer, value, field) in cases {
        let mut written = of(act);
        *written.pointer_mut(pointer).unwrap() = value;
        let action: Action = serde_json::from_value(written).unwrap();
        let error = LedgerAction::try_from(action).unwrap_err();
        assert_eq!(error.field, field, "{error}");
    }
    let unknown = [
        (json!({"act": "confirm_deal", "listing": deal(), "price": 1}), "price"),
        (
            json!({"act": "submit_quote", "listing": deal(), "price": {"amount": "1", "currency": "CNY", "vat": 0}}),
            "vat",
        ),
        (
            json!({"act": "submit_quote", "listing": deal(), "price": {"amount": "1", "currency": "USD"}}),
            "USD",
        ),
        (json!({"act": "give_up"}), "give_up"),
        (propose(json!({"kind": "admit_member", "member": member(), "proof": "", "vote": 2})), "vote"),
        (propose(json!({"kind": "dissolve"})), "dissolve"),
        (json!({"listing": deal()}), "act"),
    ];
    for (written, named) in unknown {
        let error = serde_json::from_value::<Action>(written).unwrap_err().to_string();
        assert!(error.contains(named), "{error} names {named}");
    }
}
