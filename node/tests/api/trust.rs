//! The trust list, certificates and keys as they are read, from a certificate to its revocation.

use ledger::action::Action;
use ledger::codec::Bytes;
use ledger::governance::Change;
use ledger::hash::sha256;
use ledger::procedure::enrolment::{DelegatedKey, Delegation, Enrol, delegated_key_bytes, enrolment_bytes};
use ledger::procedure::proposal::ProposeChange;
use ledger::procedure::revocation::RevokeCertificate;
use ledger::procedure::revocation_list::RecordRevocationList;
use ledger::procedure::shared_key::ReportSharedKey;
use ledger::record::authority::{AuthorityTerms, CodeSource, Freshness, KeyAlgorithm};
use ledger::record::certificate::RevocationReason;
use ledger::record::mandate::Scope;
use ledger::record::organisation::Role;
use ledger::time::Span;
use pki::Algorithm;
use pki::issue::{Issuer, Request, SigningKey};
use serde_json::{Value, json};

use super::fixture::{Fixture, MINUTE, centre, code, key, parts, start};

const YEAR: u64 = 365 * 86_400;

fn pair(name: &str) -> SigningKey {
    SigningKey::from_seed(Algorithm::EcdsaP256, name.as_bytes()).unwrap()
}

fn now() -> u64 {
    start().as_millis() / 1_000
}

fn terms(root: &Issuer) -> AuthorityTerms {
    AuthorityTerms {
        name: "广东认证".parse().unwrap(),
        root: Bytes::new(root.certificate.clone()).unwrap(),
        intermediates: Vec::new(),
        algorithms: vec![KeyAlgorithm::EcdsaP256],
        code_source: CodeSource::SubjectAttribute("2.5.4.97".parse().unwrap()),
        policy: None,
        sources: Vec::new(),
        freshness: Freshness::default(),
    }
}

/// An enrolment of organisation `number` by a certificate of the root, delegating the key of this name.
fn enrolment(fixture: &Fixture, root: &Issuer, number: u32, ledger_key: &str) -> Enrol {
    enrolment_as(fixture, root, (number, "持证企业"), ledger_key, now() - 86_400)
}

/// The same with a certificate for this name, valid from this second on.
fn enrolment_as(
    fixture: &Fixture,
    root: &Issuer,
    (number, name): (u32, &str),
    ledger_key: &str,
    from: u64,
) -> Enrol {
    let (organisation, own) = (code(number), pair(&format!("holder {number}")));
    let serial = u64::from(number) + (from - (now() - 86_400));
    let request = Request::enterprise(serial, name, organisation.as_str(), &own, (from, now() + YEAR));
    let (chain, key) = (&fixture.genesis.chain_id, key(ledger_key));
    let proof = key.sign(&delegated_key_bytes(chain, &organisation, &key.public_key()));
    let delegation = Delegation {
        organisation,
        region: "440500".parse().unwrap(),
        keys: vec![DelegatedKey { key: key.public_key(), proof }],
        roles: vec![Role::Bidder],
        scope: Scope::default(),
        expires: start().plus(Span::from_millis(100_000 * MINUTE)),
        salt: sha256(&from.to_be_bytes())[..16].try_into().unwrap(),
    };
    let signature = Bytes::new(own.sign(&enrolment_bytes(chain, &delegation))).unwrap();
    let authority = terms(root).id();
    let chain = vec![Bytes::new(root.issue(&request)).unwrap()];
    Enrol { authority, chain, delegation, signature, ocsp: None }
}

fn fingerprint(enrolment: &Enrol) -> [u8; 32] {
    sha256(enrolment.chain[0].as_slice())
}

#[tokio::test]
async fn certificates_and_keys_are_read_from_trust_to_revocation() {
    let fixture = Fixture::new().await;
    let root = Issuer::root("根", pair("root"), (now() - YEAR, now() + 2 * YEAR));
    assert_eq!(fixture.json("/v1/authorities").await["data"], json!([]));

    let change = Change::TrustAuthority { terms: terms(&root) };
    fixture.commit(&[fixture.sign("centre", Action::ProposeChange(ProposeChange { change }))]);
    let list = root.revocation_list(1, now() - 60, now() + 86_400, &[]);
    let list = RecordRevocationList {
        authority: terms(&root).id(),
        list: Bytes::new(list).unwrap(),
        intermediates: Vec::new(),
    };
    fixture.commit(&[fixture.sign("centre", Action::RecordRevocationList(list))]);
    let enrol = enrolment(&fixture, &root, 31, "delegated");
    fixture.commit(&[fixture.sign("delegated", Action::Enrol(enrol.clone()))]);

    let id = terms(&root).id();
    let authority = fixture.json(&format!("/v1/authorities/{id}")).await["data"].clone();
    assert_eq!(fixture.json("/v1/authorities").await["data"][0], authority);
    assert_eq!((&authority["status"], &authority["terms"]["name"]), (&json!("trusted"), &json!("广东认证")));
    let list = &authority["revocation_lists"][0];
    assert_eq!((&list["number"], &list["age"], &list["entries"]), (&json!("01"), &json!("fresh"), &json!(0)));
    assert_eq!(list["recorded_by"], centre().as_str());

    let path = format!("/v1/certificates/{}", hex::encode(fingerprint(&enrol)));
    let certificate = fixture.json(&path).await["data"].clone();
    assert_eq!(certificate["organisation"], code(31).as_str());
    assert_eq!((&certificate["status"], &certificate["serial"]), (&json!("valid"), &json!("1f")));
    assert_eq!(
        (&certificate["authority"], &certificate["revocation"]),
        (&json!(id.to_string()), &Value::Null)
    );
    let of = |what: &str, number: u32| format!("/v1/organisations/{}/{what}", code(number));
    assert_eq!(fixture.json(&of("certificates", 31)).await["data"], json!([certificate]));
    assert_eq!(fixture.json(&of("certificates", 1)).await["data"], json!([]));

    let keys = fixture.json(&of("keys", 31)).await["data"].clone();
    assert_eq!(keys.as_array().unwrap().len(), 1, "{keys}");
    assert_eq!(keys[0]["key"], key("delegated").public_key().to_string());
    assert_eq!((&keys[0]["mandate"]["roles"], &keys[0]["staff"]), (&json!(["bidder"]), &Value::Null));
    assert_eq!(keys[0]["certificate"], certificate["fingerprint"]);
    assert_eq!((&keys[0]["status"], &keys[0]["organisation"]), (&json!("active"), &json!(code(31).as_str())));
    assert_eq!(keys[0]["reported_shared"], json!([]));
    let one = format!("/v1/keys/{}", keys[0]["key"].as_str().unwrap());
    assert_eq!(fixture.json(&one).await["data"], keys[0]);
    assert_eq!(fixture.json(&of("keys", 1)).await["data"][0]["mandate"], Value::Null);

    let shared = enrolment(&fixture, &root, 32, "delegated");
    let report = Action::ReportSharedKey(ReportSharedKey { enrolment: shared });
    fixture.commit(&[fixture.sign("centre", report)]);
    let shared = fixture.json("/v1/shared-keys").await["data"].clone();
    assert_eq!((&shared[0]["kind"], &shared[0]["key"]), (&json!("ledger_key"), &keys[0]["key"]));
    assert_eq!(
        (&shared[0]["holder"], &shared[0]["applicant"]),
        (&json!(code(31).as_str()), &json!(code(32).as_str()))
    );
    assert_eq!(fixture.json(&one).await["data"]["reported_shared"], json!([shared[0]["id"]]));
    assert_eq!(fixture.json(&path).await["data"]["reported_shared"], json!([]));

    let revoke = RevokeCertificate {
        certificate: certificate["fingerprint"].as_str().unwrap().parse().unwrap(),
        reason: RevocationReason::KeyCompromise,
        proof: None,
    };
    fixture.commit(&[fixture.sign("delegated", Action::RevokeCertificate(revoke))]);
    let revoked = fixture.json(&path).await["data"].clone();
    assert_eq!((&revoked["status"], &revoked["revocation"]["source"]), (&json!("revoked"), &json!("holder")));
    assert_eq!(revoked["revocation"]["reason"], "key_compromise");
}

#[tokio::test]
async fn a_renewed_certificate_brings_a_new_name_and_the_former_one_stays_known() {
    let fixture = Fixture::new().await;
    let root = Issuer::root("根", pair("root"), (now() - YEAR, now() + 2 * YEAR));
    let change = Change::TrustAuthority { terms: terms(&root) };
    fixture.commit(&[fixture.sign("centre", Action::ProposeChange(ProposeChange { change }))]);
    let list = RecordRevocationList {
        authority: terms(&root).id(),
        list: Bytes::new(root.revocation_list(1, now() - 60, now() + 86_400, &[])).unwrap(),
        intermediates: Vec::new(),
    };
    fixture.commit(&[fixture.sign("centre", Action::RecordRevocationList(list))]);
    let first = enrolment(&fixture, &root, 31, "delegated");
    let second = enrolment_as(&fixture, &root, (31, "更名企业"), "delegated", now() - 3_600);
    for enrol in [&first, &second] {
        fixture.commit(&[fixture.sign("delegated", Action::Enrol(enrol.clone()))]);
    }
    let organisation = fixture.json(&format!("/v1/organisations/{}", code(31))).await["data"].clone();
    assert_eq!(organisation["name"], "更名企业");
    assert_eq!(organisation["former_names"][0]["name"], "持证企业");
    for enrol in [&first, &second] {
        let path = format!("/v1/certificates/{}", hex::encode(fingerprint(enrol)));
        let certificate = fixture.json(&path).await["data"].clone();
        assert_eq!(certificate["organisation_name"], "更名企业");
        assert_eq!(certificate["former_names"], organisation["former_names"]);
    }
}

#[tokio::test]
async fn revocation_data_grows_old() {
    let fixture = Fixture::new().await;
    let root = Issuer::root("根", pair("root"), (now() - YEAR, now() + 2 * YEAR));
    let change = Change::TrustAuthority { terms: terms(&root) };
    fixture.commit(&[fixture.sign("centre", Action::ProposeChange(ProposeChange { change }))]);
    let list = root.revocation_list(1, now() - 60, now() + 30 * 86_400, &[]);
    let list = RecordRevocationList {
        authority: terms(&root).id(),
        list: Bytes::new(list).unwrap(),
        intermediates: Vec::new(),
    };
    fixture.commit(&[fixture.sign("centre", Action::RecordRevocationList(list))]);
    let enrol = enrolment(&fixture, &root, 31, "delegated");
    fixture.commit(&[fixture.sign("delegated", Action::Enrol(enrol.clone()))]);
    let path = format!("/v1/certificates/{}", hex::encode(fingerprint(&enrol)));
    for (days, age, status) in [(3, "grace", "valid"), (5, "stale", "revocation_data_stale")] {
        fixture.commit(&[fixture.step_clock(days * 1_440)]);
        // The clock shows its step from the next block on.
        fixture.commit(&[fixture.step_clock(1)]);
        let certificate = fixture.json(&path).await["data"].clone();
        assert_eq!((&certificate["revocation_data"], &certificate["status"]), (&json!(age), &json!(status)));
        let list = fixture.json("/v1/authorities").await["data"][0]["revocation_lists"][0].clone();
        assert_eq!(list["age"], age);
        // The node says so, and is not the less ready for it.
        let (_, ready) = parts(fixture.get("/readyz?verbose").send().await.unwrap()).await;
        let old = ready["parts"].as_array().unwrap().iter().find(|part| part["name"] == "revocation_data");
        let old = old.unwrap();
        assert_eq!((&old["ready"], &old["degraded"]), (&json!(true), &json!(true)));
        assert_eq!(old["subject"], terms(&root).id().to_string());
    }
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let fixture = Fixture::new().await;
    let none = "00".repeat(32);
    for (path, status) in [
        (format!("/v1/authorities/{none}"), 404),
        (format!("/v1/certificates/{none}"), 404),
        (format!("/v1/organisations/{}/keys", code(99)), 404),
        (format!("/v1/organisations/{}/certificates", code(99)), 404),
        ("/v1/authorities/zz".to_owned(), 400),
        ("/v1/certificates/zz".to_owned(), 400),
        (format!("/v1/keys/{none}"), 404),
        ("/v1/keys/zz".to_owned(), 400),
        ("/v1/organisations/zz/keys".to_owned(), 400),
        ("/v1/shared-keys?cursor=zz".to_owned(), 400),
    ] {
        let (found, body) = parts(fixture.get(&path).send().await.unwrap()).await;
        assert_eq!(found, status, "{path}: {body}");
    }
}
