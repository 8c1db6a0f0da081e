//! The verbs of evaluation and award in the table language.

use std::cell::RefCell;

use ledger::action::Action;
use ledger::codec::Bytes;
use ledger::event::Event;
use ledger::hash::{DocumentHash, sha256};
use ledger::id::TenderId;
use ledger::procedure::award::AwardTender;
use ledger::procedure::expert::{EnterExperts, Entry};
use ledger::procedure::panel::{Excused, MendPanel, NameExpert};
use ledger::procedure::scores::{CommitScores, RevealScores};
use ledger::procedure::tender_contract::SignContract;
use ledger::record::evaluation::{ExcuseGround, ExpertCard, Mark, RejectionGround, Sheet};
use ledger::record::project::Industry;
use ledger::state::keys::{EvaluationKey, LotResultKey};

use super::chain::Chain;
use super::network::{code, key};
use super::tender::tender;
use super::words::{Names, Words};

/// What the tables know of experts: their names in the order of the pool, and their numbers in the order of the panel.
#[derive(Clone, Default)]
pub struct Experts {
    entering: Vec<String>,
    pool: Vec<String>,
    panel: Vec<u32>,
}

/// Held where acts are made, which do not change other names.
pub type Roll = RefCell<Experts>;

/// The expert called `name` works for nobody, or for whom it is told: `e1` or `e1@a`.
fn card(name: &str) -> ExpertCard {
    let (name, employer) = name.split_once('@').map_or((name, None), |(name, at)| (name, Some(at)));
    ExpertCard {
        name: format!("专家{name}").parse().unwrap(),
        employer: employer.map(code),
        salt: Bytes::new(sha256(name.as_bytes()).to_vec()).unwrap(),
    }
}

fn person(name: &str) -> &str {
    name.split_once('@').map_or(name, |(name, _)| name)
}

/// `80.5/10,x2,0/0`: marks in the order of the bidders' credit codes; `x2` rejects on the second ground.
fn sheet(words: &Words<'_>) -> Sheet {
    let points = |text: &str| {
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        whole.parse::<u32>().unwrap() * 100
            + part.parse::<u32>().unwrap() * if part.len() == 1 { 10 } else { 1 }
    };
    let mark = |text: &str| match text.strip_prefix('x') {
        Some(ground) => {
            let ground = RejectionGround::ALL[ground.parse::<usize>().unwrap() - 1];
            Mark { technical: 0, business: 0, rejected: Some(ground) }
        }
        None => {
            let (technical, business) = text.split_once('/').unwrap();
            Mark { technical: points(technical), business: points(business), rejected: None }
        }
    };
    let marks = words.take("marks", "0/0,0/0,0/0").split(',').map(mark).collect();
    let dissent = words.named.get("dissent").map(|text| DocumentHash::of(text.as_bytes()));
    Sheet { marks, dissent }
}

fn salt(signer: &str) -> Bytes<32> {
    Bytes::new(sha256(format!("salt of {signer}").as_bytes()).to_vec()).unwrap()
}

/// The number of an expert's seat.
fn seat(names: &Names, name: &str) -> u32 {
    let roll = names.experts.borrow();
    let number = roll.pool.iter().position(|one| person(one) == person(name)).map(|at| at as u32 + 1);
    let at = roll.panel.iter().position(|drawn| Some(*drawn) == number);
    at.map_or(99, |at| at as u32 + 1)
}

/// The act of a line, if the verb is one of evaluation and award.
pub fn action(verb: &str, words: &Words<'_>, names: &Names) -> Option<Action> {
    let first = words.plain.first().copied().unwrap_or("");
    let id: TenderId = tender(names, first);
    let second = words.plain.get(1).copied();
    let signer = names.signer.borrow().clone();
    Some(match verb {
        // `gz experts e1,e2@a`: experts of the road industry; `unordered` spoils the order.
        "experts" => {
            let mut people: Vec<&str> = first.split(',').filter(|name| !name.is_empty()).collect();
            people.sort_by_key(|name| key(person(name)).public_key());
            if words.plain.contains(&"unordered") {
                people.reverse();
            }
            names.experts.borrow_mut().entering = people.iter().map(|name| (*name).to_owned()).collect();
            let entry = |name: &&str| Entry { key: key(person(name)).public_key(), card: card(name).hash() };
            let industry = Industry::parse(words.take("industry", "road")).unwrap();
            Action::EnterExperts(EnterExperts { industry, experts: people.iter().map(entry).collect() })
        }
        "mend" => {
            let ground = match words.take("ground", "absence") {
                "conflict" => ExcuseGround::Conflict,
                _ => ExcuseGround::Absence,
            };
            let excused = second.map(|name| Excused { seat: seat(names, name), ground });
            Action::MendPanel(MendPanel { tender: id, excused })
        }
        "commit" => {
            let sheet = sheet(words).hash(&id, &key(&signer).public_key(), &salt(&signer));
            Action::CommitScores(CommitScores { tender: id, sheet })
        }
        "reveal" => {
            Action::RevealScores(RevealScores { tender: id, sheet: sheet(words), salt: salt(&signer) })
        }
        "name" => {
            let name = second.unwrap_or("");
            let shown = words.take("as-if", name);
            Action::NameExpert(NameExpert { tender: id, seat: seat(names, name), card: card(shown) })
        }
        "award" => Action::AwardTender(AwardTender { tender: id }),
        "sign" => {
            let document = DocumentHash::of(words.take("document", "contract").as_bytes());
            let lot = second.map_or(1, |lot| lot.parse().unwrap());
            Action::SignContract(SignContract { tender: id, lot, document })
        }
        _ => return None,
    })
}

/// Remembers who is in the pool and on the panel.
pub fn name(names: &Names, event: &Event) {
    let mut roll = names.experts.borrow_mut();
    match event {
        Event::ExpertsEntered { .. } => {
            let entering = std::mem::take(&mut roll.entering);
            roll.pool.extend(entering);
        }
        Event::PanelDrawn { experts, .. } => roll.panel.extend(experts),
        _ => {}
    }
}

/// Who sits on the panel, ascending by name.
pub fn sitting(names: &Names, chain: &Chain, of: &str) -> Vec<String> {
    let evaluation = chain.read(&EvaluationKey(&tender(names, of))).unwrap();
    let roll = names.experts.borrow();
    let mut people: Vec<String> = evaluation
        .sitting()
        .map(|(_, seat)| person(&roll.pool[seat.expert.number as usize - 1]).to_owned())
        .collect();
    people.sort();
    people
}

/// Compares the evaluation of a tender.
pub fn check(chain: &Chain, names: &Names, of: &str, expected: &[&str], place: &str) {
    let evaluation = chain.read(&EvaluationKey(&tender(names, of))).expect(place);
    for (name, value) in &Words::of(expected.iter().copied()).named {
        let found = match *name {
            "sitting" => sitting(names, chain, of).len().to_string(),
            "seats" => evaluation.seats.len().to_string(),
            "centres" => {
                let mut centres: Vec<_> =
                    evaluation.sitting().map(|(_, seat)| seat.expert.centre.clone()).collect();
                centres.sort();
                centres.dedup();
                centres.len().to_string()
            }
            "until" => evaluation.display_until.map_or("none".into(), |time| names.show(time)),
            "left" => evaluation.lots_left.to_string(),
            name => panic!("{place}: an evaluation has no {name}"),
        };
        assert_eq!(found, *value, "{place}: {name}");
    }
}

/// Compares a lot: `lot T 1 candidates=a:900000:95.2,b:...`.
pub fn check_lot(chain: &Chain, names: &Names, of: &str, lot: &str, expected: &[&str], place: &str) {
    let lot = chain.read(&LotResultKey(&tender(names, of), lot.parse().unwrap())).expect(place);
    let who = |found| ["a", "b", "c"].into_iter().find(|a| code(a) == found).unwrap_or("?").to_owned();
    for (name, value) in &Words::of(expected.iter().copied()).named {
        let found = match *name {
            "candidates" => lot
                .candidates
                .iter()
                .map(|one| {
                    let price = one.price.minor() / 100;
                    format!("{}:{price}:{}.{:02}", who(one.bidder.clone()), one.score / 100, one.score % 100)
                })
                .collect::<Vec<_>>()
                .join(","),
            "winner" => {
                let awarded = lot.first().filter(|_| lot.awarded_at.is_some());
                awarded.map_or("none".to_owned(), |first| who(first.bidder.clone()))
            }
            "by" => lot.contract_by.map_or("none".into(), |time| names.show(time)),
            "contracted" => if lot.is_contracted() { "yes" } else { "no" }.to_owned(),
            name => panic!("{place}: a lot has no {name}"),
        };
        assert_eq!(found, *value, "{place}: {name}");
    }
}
