//! The permission table, cell by cell: role x act, act x stage.

mod support;

use ledger::action::Action;
use ledger::execute::permission::{TABLE, TENDER_TABLE, check_role, check_voting_key};
use ledger::execute::rejection::Rejection;
use ledger::record::listing::{BestQuote, BothSides, Contract, Stage};
use ledger::record::organisation::{Organisation, Role};
use ledger::record::tender::TenderStage;
use ledger::state::keys::{ListingKey, OrganisationKey, TenderKey};
use support::chain::Chain;
use support::network::{code, key};
use support::tender::{published, tender};
use support::words::{Names, Words, action, yuan};

/// One act of every kind: who does it, and how.
const ACTS: [&str; 41] = [
    "gz register new",
    "seller publish L",
    "bank issue G3 for=c",
    "a deposit bank:G1",
    "b quote 1010",
    "seller confirm L",
    "gz publicise L",
    "seller contract L",
    "seller release bank:G1",
    "keeper advance 1d",
    "gz propose remove zs",
    "sz approve C",
    "a report zs",
    "new enrol new",
    "gz admit-role a",
    "a appoint a clerk",
    "a revoke-mandate a.2",
    "a revoke-certificate new proof=new",
    "gz record-list ca1",
    "gz record-ocsp new",
    "a report-shared new",
    "gz cosign",
    "gz seat gz epoch=2",
    "owner project Q",
    "owner tender U title=U",
    "owner clarify T salt=a",
    "owner extend T closes=d60",
    "a object T",
    "owner answer T 1",
    "sz stamp-key",
    "k1 bid T from=b",
    "k2 withdraw T seq=2",
    "a shares T gz",
    "k2 open-own T",
    "gz experts e1",
    "zh mend T nobody",
    "e1 commit T",
    "e1 reveal T",
    "gz name T nobody",
    "owner award T",
    "owner sign T",
];

fn act(line: &str, names: &Names) -> (String, Action) {
    let words: Vec<&str> = line.split(' ').collect();
    names.signer.replace(words[0].to_owned());
    (words[0].to_owned(), action(words[1], &Words::of(words[2..].iter().copied()), names))
}

/// A chain with listing `L`, a letter of `a`, a deposited letter of `b`, and tender `T` to which `b` objects.
fn chain() -> (Chain, Names) {
    let (mut chain, mut names) = published();
    for line in [
        "seller publish L",
        "bank issue G1",
        "bank issue G2 for=b",
        "b deposit bank:G2",
        "gz propose remove zs",
        "b object T",
    ] {
        let (who, action) = act(line, &names);
        let bytes = chain.sign(&key(&who), action, 10);
        let time = ledger::execute::stepped_time(&chain, &chain.tip).unwrap().unwrap();
        let (made, refused) = chain.block(time, &[chain.verified(&bytes)]);
        assert!(refused.is_empty(), "{line}: {refused:?}");
        match &made.events[0].event {
            ledger::event::Event::ListingPublished { listing, .. } => {
                names.listings.insert("L".into(), listing.clone());
            }
            ledger::event::Event::ChangeProposed { change, .. } => {
                names.changes.insert("C".into(), *change);
            }
            _ => {}
        }
    }
    (chain, names)
}

#[test]
fn every_act_has_one_row() {
    let names = chain().1;
    let acts: Vec<&str> = ACTS.iter().map(|line| act(line, &names).1.name()).collect();
    let rows: Vec<&str> = TABLE.iter().map(|row| row.act).collect();
    assert_eq!(acts, rows);
}

#[test]
fn an_act_needs_one_of_its_roles() {
    let (chain, names) = chain();
    let somebody: Organisation = chain.read(&OrganisationKey(&code("a"))).unwrap();
    for (line, row) in ACTS.iter().zip(TABLE) {
        let action = act(line, &names).1;
        for role in Role::ALL {
            let organisation = Organisation { roles: vec![role], ..somebody.clone() };
            let expected = if row.roles.contains(&role) { Ok(()) } else { Err(Rejection::RoleNotPermitted) };
            assert_eq!(check_role(&action, &organisation), expected, "{} as {}", row.act, role.name());
        }
        let expected = if row.voting_key { Ok(()) } else { Err(Rejection::RoleNotPermitted) };
        assert_eq!(check_voting_key(&action), expected, "{} by a voting key", row.act);
        let nobody = Organisation { roles: Vec::new(), ..somebody.clone() };
        assert_eq!(check_role(&action, &nobody), Err(Rejection::RoleNotPermitted));
    }
}

/// Puts the listing into every stage and tries every act: it succeeds in the stages of its row and is
/// refused for the stage in all others.
#[test]
fn an_act_needs_one_of_its_stages() {
    let (chain, names) = chain();
    let code_of_listing = names.listing("L");
    let time = ledger::execute::stepped_time(&chain, &chain.tip).unwrap().unwrap();
    for stage in Stage::ALL {
        let mut chain = chain.clone();
        let mut listing = chain.read(&ListingKey(&code_of_listing)).unwrap();
        listing.stage = stage;
        listing.best = Some(BestQuote { bidder: code("b"), price: yuan("1000"), number: 1 });
        listing.contract = Some(Contract {
            document: ledger::hash::DocumentHash::of(b"contract"),
            signed: BothSides::default(),
        });
        chain.put(&ListingKey(&code_of_listing), &listing);
        for (line, row) in ACTS.iter().zip(TABLE) {
            let (who, action) = act(line, &names);
            let bytes = chain.sign(&key(&who), action, 10);
            let found = chain.check(time, &chain.verified(&bytes));
            let expected = match (row.act, stage) {
                (_, stage) if !row.stages.is_empty() && !row.stages.contains(&stage) => {
                    Some(Rejection::StageNotPermitted)
                }
                // No authority is trusted here.
                ("enrol" | "record_revocation_list" | "report_shared_key", _) => {
                    Some(Rejection::AuthorityUnknown)
                }
                ("revoke_certificate" | "record_ocsp_response", _) => Some(Rejection::CertificateUnknown),
                // `b` has objected to the tender, which rests.
                (
                    "submit_bid" | "withdraw_bid" | "open_shares" | "open_own_bid" | "mend_panel"
                    | "commit_scores" | "reveal_scores" | "name_expert" | "award_tender" | "sign_contract",
                    _,
                ) => Some(Rejection::TenderStageNotPermitted),
                // `b` has not quoted: the stage is right and the next rule answers.
                ("submit_quote", Stage::TimedBidding) => Some(Rejection::NotInTimedBidding),
                _ => None,
            };
            assert_eq!(found, expected, "{} while {}", row.act, stage.name());
        }
    }
}

/// The same for the stages of a tender.
#[test]
fn an_act_on_a_tender_needs_one_of_its_stages() {
    let (chain, names) = chain();
    let id = tender(&names, "T");
    let time = ledger::execute::stepped_time(&chain, &chain.tip).unwrap().unwrap();
    for stage in TenderStage::ALL {
        let mut chain = chain.clone();
        let mut tender = chain.read(&TenderKey(&id)).unwrap();
        tender.stage = stage;
        chain.put(&TenderKey(&id), &tender);
        for row in TENDER_TABLE {
            let line = ACTS.iter().find(|line| act(line, &names).1.name() == row.act).unwrap();
            // Without an opening there is nothing to open or to evaluate; the tables do it in the right stages.
            let before = matches!(stage, TenderStage::Accepting | TenderStage::Suspended);
            if !before && row.stages.contains(&stage) {
                continue;
            }
            let (who, action) = act(line, &names);
            let bytes = chain.sign(&key(&who), action, 10);
            let found = chain.check(time, &chain.verified(&bytes));
            let expected = (!row.stages.contains(&stage)).then_some(Rejection::TenderStageNotPermitted);
            assert_eq!(found, expected, "{} while {}", row.act, stage.name());
        }
    }
}
