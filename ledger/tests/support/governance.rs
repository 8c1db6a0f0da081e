//! The verbs of governance in the table language, and what a table asks of its records.

use ledger::block;
use ledger::certificate::VoteType;
use ledger::crypto::{PublicKey, Signature};
use ledger::evidence::Evidence;
use ledger::governance::{Change, RemovalReason, cosigner_bytes, possession_bytes};
use ledger::id::{ChangeId, DoubleSigningId, Height};
use ledger::procedure::cosigner::RegisterCosigner;
use ledger::rule::RulePack;
use ledger::state::era_of;
use ledger::state::keys::{ChangeKey, LandListingRules, ValidatorsKey};
use ledger::validators::{Validator, ValidatorSet};
use ledger::vote::{Proposal, SignedProposal, SignedVote, Vote};

use super::certificates;
use super::chain::Chain;
use super::network::{Options, code, genesis, key};
use super::words::{Names, Words, keys};

/// A key by its name; see [`keys`].
fn public(name: &str) -> PublicKey {
    keys(name, false)[0]
}

/// The voting and network key of a member, those of genesis unless the words say otherwise.
fn validator(organisation: &str, words: &Words<'_>) -> Validator {
    let (votes, network) = (format!("{organisation}_votes"), format!("{organisation}_network"));
    Validator {
        public_key: public(words.named.get("votes").copied().unwrap_or(&votes)),
        network_key: public(words.named.get("network").copied().unwrap_or(&network)),
        organisation: code(organisation),
    }
}

/// Signed by the voting key, unless `proof=` names another key, or `proof=other` another organisation.
fn proof(organisation: &str, validator: &Validator, words: &Words<'_>, names: &Names) -> Signature {
    let default = format!("{organisation}_votes");
    let votes = words.named.get("votes").copied().unwrap_or(&default);
    match words.take("proof", votes) {
        "other" => {
            let other = Validator { organisation: code("b"), ..validator.clone() };
            key(&votes.replace('_', " ")).sign(&possession_bytes(&names.chain, &other))
        }
        "elsewhere" => {
            let elsewhere = "test/0123456789abcdee".parse().unwrap();
            key(&votes.replace('_', " ")).sign(&possession_bytes(&elsewhere, validator))
        }
        signer => key(&signer.replace('_', " ")).sign(&possession_bytes(&names.chain, validator)),
    }
}

/// The change of a line: `admit new votes=new_votes`, `remove zs reason=left`, and so on.
pub fn change(words: &Words<'_>, names: &Names) -> Change {
    if let Some(change) = certificates::change(words, names) {
        return change;
    }
    let who = words.plain.get(1).copied().unwrap_or("");
    match words.plain[0] {
        "centre" => Change::RegisterCentre {
            code: code(who),
            name: who.parse().unwrap(),
            region: "440500".parse().unwrap(),
            keys: keys(words.take("keys", who), words.take("order", "ascending") == "ascending"),
        },
        "admit" => {
            let validator = validator(who, words);
            Change::AdmitMember { proof: proof(who, &validator, words, names), validator }
        }
        "rotate" => {
            let validator = validator(who, words);
            Change::RotateKeys { proof: proof(who, &validator, words, names), validator }
        }
        "remove" => {
            let reason = match words.take("reason", "left") {
                "left" => RemovalReason::Left,
                "other" => RemovalReason::Other("不再履行职责".parse().unwrap()),
                accused => RemovalReason::DoubleSigning(double_signing(accused, words, names)),
            };
            Change::RemoveMember { organisation: code(who), reason }
        }
        "rules" => Change::AdoptRules { pack: pack(words) },
        kind => panic!("no change is called {kind}"),
    }
}

/// The record that a report about `accused` with the same words would make.
fn double_signing(accused: &str, words: &Words<'_>, names: &Names) -> DoubleSigningId {
    let named = words.named.clone();
    evidence(&Words { plain: vec![accused], named }, names).id()
}

/// The pack of genesis with another version, other values (`LL08=3`), without a rule, or with a holiday table
/// that ends earlier.
fn pack(words: &Words<'_>) -> RulePack {
    let mut pack = genesis(&Options::default()).rules;
    pack.version = words.take("version", "2").parse().unwrap();
    for rule in &mut pack.rules {
        if let Some(value) = words.named.get(rule.id.as_str()) {
            rule.value = value.parse().unwrap();
        }
    }
    let without = words.take("without", "");
    pack.rules.retain(|rule| rule.id.as_str() != without);
    if words.plain.contains(&"unordered") {
        pack.rules.reverse();
    }
    if let Some(day) = words.named.get("ends") {
        pack.calendar.last = ledger::calendar::Day::parse(day).unwrap();
        let last = pack.calendar.last;
        pack.calendar.holidays.retain(|day| *day <= last);
        pack.calendar.workdays.retain(|day| *day <= last);
    }
    pack
}

/// Evidence against the voting key of the first word (or `votes=`): `height=1 round=0 kind=prevote`, in a
/// proposal `valid=` for the first one, sound unless `fault=` says `same`, `unsigned` or `elsewhere`.
pub fn evidence(words: &Words<'_>, names: &Names) -> Evidence {
    let own = format!("{}_votes", words.plain[0]);
    let signer = key(&words.named.get("votes").copied().unwrap_or(&own).replace('_', " "));
    let height = Height::new(words.take("height", "1").parse().unwrap());
    let round = words.take("round", "0").parse().unwrap();
    let fault = words.take("fault", "none");
    let elsewhere = "test/0123456789abcdee".parse().unwrap();
    let chain = if fault == "elsewhere" { &elsewhere } else { &names.chain };
    let (one, other) = (words.take("first", "1").parse().unwrap(), if fault == "same" { 1 } else { 2 });
    let id = |number: u8| block::Id::from_bytes([number; 32]);
    let unsigned = |signature| if fault == "unsigned" { Signature::from_bytes([7; 64]) } else { signature };
    if words.take("kind", "prevote") == "proposal" {
        let valid = words.named.get("valid").map(|valid| valid.parse().unwrap());
        let sign = |number, valid_round| {
            let proposer = signer.public_key();
            let proposal = Proposal { height, round, block_id: id(number), proposer, valid_round };
            let signature = unsigned(signer.sign(&proposal.sign_bytes(chain)));
            SignedProposal { proposal, signature }
        };
        return Evidence::proposals(sign(one, valid), sign(other, None));
    }
    let vote_type =
        if words.take("kind", "prevote") == "prevote" { VoteType::Prevote } else { VoteType::Precommit };
    let sign = |number| {
        let voter = signer.public_key();
        let vote = Vote { height, round, vote_type, voter, block_id: Some(id(number)) };
        let signature = unsigned(signer.sign(&vote.sign_bytes(chain)));
        SignedVote { vote, signature }
    };
    Evidence::votes(sign(one), sign(other))
}

/// The keys `log=` and `cosigning=`, those named after the signer unless the words say otherwise, with proofs for the
/// organisation of the signer, unless `proof=` says `other`, `elsewhere` or `swapped`.
pub fn cosigner(words: &Words<'_>, names: &Names) -> RegisterCosigner {
    let own = words.take("for", "gz");
    let (log, cosigning) = (format!("{own}_log"), format!("{own}_cosigns"));
    let named = |word, default| words.named.get(word).copied().unwrap_or(default).replace('_', " ");
    let signers = [key(&named("log", &log)), key(&named("cosigning", &cosigning))];
    let [log_key, cosigning_key] = [signers[0].public_key(), signers[1].public_key()];
    let weak = words.take("log", "") == "weak";
    let log_key = if weak { PublicKey::from_bytes([0; 32]) } else { log_key };
    let fault = words.take("proof", "none");
    let organisation = if fault == "other" { code("b") } else { code(own) };
    let elsewhere = "test/0123456789abcdee".parse().unwrap();
    let chain = if fault == "elsewhere" { &elsewhere } else { &names.chain };
    let message = cosigner_bytes(chain, &organisation, &log_key, &cosigning_key);
    let [mut log_proof, mut cosigning_proof] = signers.map(|signer| signer.sign(&message));
    if fault == "swapped" {
        std::mem::swap(&mut log_proof, &mut cosigning_proof);
    }
    RegisterCosigner { log_key, cosigning_key, log_proof, cosigning_proof }
}

/// Compares a change's status and its number of approvals.
pub fn check_change(chain: &Chain, id: &ChangeId, expected: &[&str], place: &str) {
    let proposed = chain.read(&ChangeKey(id)).expect(place);
    for (name, value) in &Words::of(expected.iter().copied()).named {
        let found = match *name {
            "status" => proposed.status.name().to_owned(),
            "approvals" => proposed.approvals.len().to_string(),
            name => panic!("{place}: a change has no {name}"),
        };
        assert_eq!(found, *value, "{place}: {name}");
    }
}

/// Compares the members of the next height, in any order.
pub fn check_members(chain: &Chain, expected: &str, place: &str) {
    let set = chain.read(&ValidatorsKey).expect(place);
    assert_eq!(organisations(&set), codes(expected), "{place}");
    // The era says the same as the set.
    assert_eq!(era_of(chain, chain.tip.height.next()).expect(place).validators, set, "{place}");
}

/// Compares the members that decided a height.
pub fn check_era(chain: &Chain, height: &str, expected: &str, place: &str) {
    let era = era_of(chain, Height::new(height.parse().unwrap())).expect(place);
    assert_eq!(organisations(&era.validators), codes(expected), "{place}");
}

/// Compares the version of the rules in force.
pub fn check_rules(chain: &Chain, version: &str, place: &str) {
    assert_eq!(chain.read(&LandListingRules).expect(place).version.to_string(), version, "{place}");
}

fn organisations(set: &ValidatorSet) -> Vec<String> {
    let mut codes: Vec<String> = set.iter().map(|member| member.organisation.to_string()).collect();
    codes.sort();
    codes
}

fn codes(names: &str) -> Vec<String> {
    let mut codes: Vec<String> = names.split(',').map(|name| code(name).to_string()).collect();
    codes.sort();
    codes
}
