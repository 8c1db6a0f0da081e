//! Members, changes and double signings as they are read.

use ledger::action::Action;
use ledger::block;
use ledger::certificate::VoteType;
use ledger::evidence::Evidence;
use ledger::governance::{Change, RemovalReason};
use ledger::id::Height;
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::procedure::proposal::ProposeChange;
use ledger::vote::{SignedVote, Vote};
use serde_json::{Value, json};

use super::fixture::{Fixture, centre, code, key, parts};

fn propose(fixture: &Fixture, change: Change) -> Vec<u8> {
    fixture.sign("centre", Action::ProposeChange(ProposeChange { change }))
}

/// The only member's voting key signs two prevotes at height 1.
fn evidence(fixture: &Fixture) -> Evidence {
    let voter = key("vote");
    let sign = |number: u8| {
        let block_id = Some(block::Id::from_bytes([number; 32]));
        let (height, vote_type) = (Height::new(1), VoteType::Prevote);
        let vote = Vote { height, round: 0, vote_type, voter: voter.public_key(), block_id };
        let signature = voter.sign(&vote.sign_bytes(&fixture.genesis.chain_id));
        SignedVote { vote, signature }
    };
    Evidence::votes(sign(1), sign(2))
}

#[tokio::test]
async fn changes_are_read_while_open_and_after() {
    let fixture = Fixture::new().await;
    let register = Change::RegisterCentre {
        code: code(77),
        name: "第二交易中心".parse().unwrap(),
        region: "440400".parse().unwrap(),
        keys: vec![key("second").public_key()],
    };
    let id = fixture.commit(&[propose(&fixture, register)]).remove(0);
    let change = fixture.json(&format!("/v1/governance/changes/{id}")).await;
    assert_eq!(change["data"]["change"]["kind"], "register_centre");
    assert_eq!(change["data"]["proposer"], centre().as_str());
    assert_eq!(change["data"]["status"], json!({"name": "adopted", "from": 2}));
    assert_eq!(change["data"]["approvals"][0]["organisation"], centre().as_str());
    for (path, count) in [
        ("/v1/governance/changes", 1),
        ("/v1/governance/changes?status=adopted", 1),
        ("/v1/governance/changes?status=open", 0),
        ("/v1/governance/changes?status=expired", 0),
    ] {
        assert_eq!(fixture.json(path).await["data"].as_array().unwrap().len(), count, "{path}");
    }
    let events = fixture.json("/v1/events?format=json").await;
    let names: Vec<&str> =
        events["data"].as_array().unwrap().iter().map(|e| e["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["change_proposed", "change_adopted", "organisation_registered"]);
    let organisation = fixture.json(&format!("/v1/organisations/{}", code(77))).await;
    assert_eq!(organisation["data"]["roles"], json!(["centre"]));
}

#[tokio::test]
async fn members_are_read_at_every_height() {
    let fixture = Fixture::new().await;
    fixture.commit(&[fixture.step_clock(1)]);
    let now = fixture.json("/v1/members").await;
    assert_eq!((&now["data"]["from"], &now["data"]["quorum"]), (&json!(1), &json!(1)));
    assert_eq!(now["data"]["members"][0]["organisation"], centre().as_str());
    assert_eq!(now["data"]["members"][0]["voting_key"], key("vote").public_key().to_string());
    assert_eq!(now["data"]["hash"], fixture.genesis.validators.hash().to_string());
    assert_eq!(fixture.json("/v1/members?height=1").await["data"], now["data"]);
    assert_eq!(fixture.json("/v1/members?height=2").await["data"], now["data"]);
    for (path, status) in
        [("/v1/members?height=3", 404), ("/v1/members?height=0", 400), ("/v1/members?at=1", 400)]
    {
        let (found, body) = parts(fixture.get(path).send().await.unwrap()).await;
        assert_eq!(found, status, "{path}: {body}");
    }
}

#[tokio::test]
async fn evidence_is_read_and_verifies_by_itself() {
    let fixture = Fixture::new().await;
    assert_eq!(fixture.json("/v1/evidence").await["data"], json!([]));
    let evidence = evidence(&fixture);
    let act = Action::ReportDoubleSigning(ReportDoubleSigning { evidence: evidence.clone() });
    // The node's own voting key may sign this and nothing else.
    fixture.commit(&[fixture.sign("vote", act)]);
    let listed = fixture.json("/v1/evidence").await["data"][0].clone();
    let one = fixture.json(&format!("/v1/evidence/{}", evidence.id())).await["data"].clone();
    assert_eq!(listed, one);
    let bytes = hex::decode(one["evidence_cbor"].as_str().unwrap()).unwrap();
    let read = Evidence::decode(&bytes).unwrap();
    assert_eq!(read, evidence);
    assert_eq!(read.verify(&fixture.genesis.chain_id, &key("vote").public_key()), Ok(()));
    assert_eq!(
        (&one["organisation"], &one["evidence"]["kind"]),
        (&json!(centre().as_str()), &json!("prevote"))
    );
    let events = fixture.json("/v1/events?format=json").await;
    assert_eq!(events["data"][0]["event"], "double_signing_recorded");
    assert_eq!(events["data"][0]["signed_height"], 1);
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_says_so() {
    let fixture = Fixture::new().await;
    for path in ["/v1/governance/changes/", "/v1/evidence/"] {
        let (status, _) =
            parts(fixture.get(&format!("{path}{}", "00".repeat(32))).send().await.unwrap()).await;
        assert_eq!(status, 404, "{path}");
        let (status, _) = parts(fixture.get(&format!("{path}zz")).send().await.unwrap()).await;
        assert_eq!(status, 400, "{path}");
    }
    let (status, _) = parts(fixture.get("/v1/governance/changes?status=new").send().await.unwrap()).await;
    assert_eq!(status, 400);
    let last = Change::RemoveMember { organisation: centre(), reason: RemovalReason::Left };
    let bytes = propose(&fixture, last);
    let answer = fixture.post("/v1/transactions", "application/cose", bytes).send().await.unwrap();
    let (status, body): (u16, Value) = parts(answer).await;
    assert_eq!((status, &body["code"]), (422, &json!("last_member")), "{body}");
}
