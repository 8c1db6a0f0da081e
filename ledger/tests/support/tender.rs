//! The verbs of tenders in the table language, and what a table asks of their records.

use ledger::action::Action;
use ledger::crypto::Signature;
use ledger::event::Event;
use ledger::hash::{DocumentHash, sha256};
use ledger::id::{ProjectCode, TenderId};
use ledger::procedure::clarification::{ClarifyTender, ExtendTender};
use ledger::procedure::epoch::centre_id;
use ledger::procedure::objection::{AnswerObjection, RaiseObjection};
use ledger::procedure::project::RegisterProject;
use ledger::procedure::seat::RegisterSeatKey;
use ledger::procedure::tender::PublishTender;
use ledger::record::project::Industry;
use ledger::record::seat::SeatPublicKey;
use ledger::record::tender::{EnvelopeClass, Lot, Method};
use ledger::state::keys::{CommitteeKey, SealingEpochKey, TenderKey};
use ledger::time::Span;
use sealing::seat::{Registration, SeatSecret};
use zeroize::Zeroizing;

use super::Random;
use super::chain::Chain;
use super::network::code;
use super::words::{Names, Words, yuan};

/// The seat secret called `name`.
pub fn seat_secret(name: &str) -> SeatSecret {
    let mut bytes = sha256(format!("zhulian test seat {name}").as_bytes());
    // Below the order of the group.
    bytes[31] &= 0x0f;
    SeatSecret::decode(&Zeroizing::new(bytes)).unwrap()
}

/// `documents=3` fresh documents of this act, or `document-twice`.
fn documents(words: &Words<'_>, default: &'static str) -> Vec<DocumentHash> {
    let salt = words.take("salt", "");
    let count = words.take("documents", default).parse::<u8>().unwrap();
    let mut documents: Vec<DocumentHash> =
        (0..count).map(|n| DocumentHash::of(format!("{salt}{n}").as_bytes())).collect();
    if words.plain.contains(&"document-twice") {
        documents.push(documents[0]);
    }
    documents
}

/// The project called `name`; one that was never registered has a code that nobody gave.
fn project(names: &Names, name: &str) -> ProjectCode {
    names.projects.get(name).cloned().unwrap_or_else(|| "A014404002603029999".parse().unwrap())
}

/// The tender called `name`; one that was never published has an id that nobody gave.
pub fn tender(names: &Names, name: &str) -> TenderId {
    names.tenders.get(name).copied().unwrap_or_default()
}

fn method(text: &str) -> Method {
    match text.split(',').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>().as_slice() {
        [price, technical, business] => {
            Method::Score { price: *price, technical: *technical, business: *business }
        }
        _ => Method::LowestPrice,
    }
}

fn notice(words: &Words<'_>, names: &Names) -> PublishTender {
    let lot = |n: u32| Lot {
        title: format!("第{n}标段").parse().unwrap(),
        estimate: yuan(words.take("estimate", "1000000")),
        ceiling: yuan(words.take("ceiling", "1100000")),
        bond: yuan(words.take("bond", "20000")),
    };
    PublishTender {
        project: project(names, words.take("project", "P")),
        title: words.take("title", "施工招标公告").parse().unwrap(),
        lots: (1..=words.take("lots", "1").parse().unwrap()).map(lot).collect(),
        method: method(words.take("method", "lowest")),
        documents: documents(words, "1"),
        sale_until: names.time(words.take("sale", "d6")),
        closes_at: names.time(words.take("closes", "d30T09:00")),
        grace: Span::from_millis(words.take("grace", "120000").parse().unwrap()),
        validity_days: words.take("validity", "60").parse().unwrap(),
        envelope: EnvelopeClass::Kib4,
    }
}

/// A registration of the seat key of the centre named first, or `seat=`, for `epoch=`; sound unless `fault=` says
/// `identity`, `epoch`, `centre` or `chain`.
fn seat(words: &Words<'_>, names: &Names) -> RegisterSeatKey {
    let centre = words.plain.first().copied().unwrap_or("");
    let epoch = words.take("epoch", "1").parse().unwrap();
    let default = format!("{centre} {epoch}");
    let secret = seat_secret(words.named.get("seat").copied().unwrap_or(&default));
    let fault = words.take("fault", "none");
    let registration = Registration {
        chain_id: if fault == "chain" { "test/0123456789abcdee" } else { names.chain.as_str() },
        epoch: if fault == "epoch" { 7 } else { epoch },
        centre: centre_id(&code(if fault == "centre" { "bank" } else { centre })),
    };
    let proof = secret.prove_possession(&registration, &mut Random::new(epoch));
    let mut key: [u8; 32] = secret.public().as_bytes().try_into().unwrap();
    if fault == "identity" {
        key = [0; 32];
    }
    RegisterSeatKey {
        epoch,
        key: SeatPublicKey::from_bytes(key),
        possession: Signature::from_bytes(proof.encode()),
    }
}

/// The act of a line, if the verb is one of tenders.
pub fn action(verb: &str, words: &Words<'_>, names: &Names) -> Option<Action> {
    let first = words.plain.first().copied().unwrap_or("");
    let tender = tender(names, first);
    let text = |default| DocumentHash::of(words.take("text", default).as_bytes());
    Some(match verb {
        "seat" => Action::RegisterSeatKey(seat(words, names)),
        "project" => Action::RegisterProject(RegisterProject {
            centre: code(words.take("centre", "zh")),
            name: "横琴隧道工程".parse().unwrap(),
            region: "440400".parse().unwrap(),
            industry: Industry::parse(words.take("industry", "road")).unwrap(),
            approval: "珠发改〔2026〕1号".parse().unwrap(),
            documents: documents(words, "1"),
        }),
        "tender" => Action::PublishTender(notice(words, names)),
        "clarify" => Action::ClarifyTender(ClarifyTender {
            tender,
            documents: documents(words, "1"),
            affects_bids: words.take("affects", "yes") == "yes",
        }),
        "extend" => {
            let closes_at = names.time(words.take("closes", "d40T09:00"));
            Action::ExtendTender(ExtendTender { tender, closes_at })
        }
        "object" => Action::RaiseObjection(RaiseObjection { tender, text: text("objection") }),
        "answer" => {
            let number = words.plain.get(1).map_or(1, |number| number.parse().unwrap());
            Action::AnswerObjection(AnswerObjection { tender, number, answer: text("answer") })
        }
        _ => return None,
    })
}

/// Remembers what the ledger has named.
pub fn name(names: &mut Names, event: &Event, name: &str) {
    match event {
        Event::ProjectRegistered { project, .. } => {
            names.projects.insert(name.to_owned(), project.clone());
        }
        Event::TenderPublished { tender, .. } => {
            names.tenders.insert(name.to_owned(), *tender);
        }
        _ => {}
    }
}

/// Compares a tender.
pub fn check(chain: &Chain, names: &Names, name: &str, expected: &[&str], place: &str) {
    let tender = chain.read(&TenderKey(&tender(names, name))).expect(place);
    for (name, value) in &Words::of(expected.iter().copied()).named {
        let found = match *name {
            "stage" => tender.stage.name().to_owned(),
            "closes" => names.show(tender.closes_at),
            "open" => tender.open_objections.to_string(),
            "documents" => tender.documents.len().to_string(),
            "committee" => tender.committee.to_string(),
            "code" => tender.code.to_string(),
            "section" => tender.sections.last().unwrap().to_string(),
            "deal" => tender.deal.as_str()[..3].to_owned(),
            name => panic!("{place}: a tender has no {name}"),
        };
        assert_eq!(found, *value, "{place}: {name}");
    }
}

/// Compares the sealing epoch and its committee.
pub fn check_sealing(chain: &Chain, expected: &[&str], place: &str) {
    let epoch = chain.read(&SealingEpochKey).expect(place);
    let committee = chain.read(&CommitteeKey(epoch.number)).filter(|_| epoch.formed);
    for (name, value) in &Words::of(expected.iter().copied()).named {
        let found = match (*name, &committee) {
            ("epoch", _) => epoch.number.to_string(),
            ("seats", Some(committee)) => committee.seats.len().to_string(),
            ("needed", Some(committee)) => committee.k.to_string(),
            ("seats" | "needed", None) => "none".to_owned(),
            (name, _) => panic!("{place}: an epoch has no {name}"),
        };
        assert_eq!(found, *value, "{place}: {name}");
    }
}

/// What stands before a tender whose bids are sealed.
pub const READY: [&str; 6] = [
    "d0T08:00 gz seat gz -> ok",
    ". sz seat sz -> ok",
    ". zh seat zh -> ok",
    ". zs seat zs -> ok",
    ". gz stamp-key -> ok",
    ". owner project P -> ok",
];

/// A chain with a committee, an issuer of stamps, project `P`, tender `T` and a bid of `k2` in it.
pub fn published() -> (Chain, Names) {
    let genesis = super::network::genesis(&super::network::Options {
        stepped: true,
        construction: true,
        ..Default::default()
    });
    let mut chain = Chain::new(&genesis);
    let mut names = Names::new(genesis.chain_id.clone(), genesis.time);
    let lines = ["gz seat gz", "sz seat sz", "zh seat zh", "zs seat zs", "gz stamp-key", "owner project P"];
    for line in lines.into_iter().chain(["owner tender T", "k2 bid T"]) {
        record(&mut chain, &mut names, line);
    }
    (chain, names)
}

/// Records the act of a line in a block of its own, on a network with a stepped clock.
pub fn record(chain: &mut Chain, names: &mut Names, line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    names.signer.replace(words[0].to_owned());
    let act = super::words::action(words[1], &Words::of(words[2..].iter().copied()), names);
    let bytes = chain.sign(&super::network::key(words[0]), act, 10);
    let time = ledger::execute::stepped_time(chain, &chain.tip).unwrap().unwrap();
    let (made, refused) = chain.block(time, &[chain.verified(&bytes)]);
    assert!(refused.is_empty(), "{line}: {refused:?}");
    for recorded in &made.events {
        name(names, &recorded.event, words.get(2).copied().unwrap_or(""));
        super::bids::name(names, &recorded.event);
    }
}
