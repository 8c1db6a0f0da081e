//! What all nodes of a run share: the genesis, everybody's keys, and work that need not be done twice.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::Message;
use consensus::message::{SignedProposal, SignedVote};
use ledger::certificate::{VoteType, vote_sign_bytes};
use ledger::crypto::{PublicKey, Signature, SigningKey};
use ledger::genesis::Genesis;
use ledger::hash::sha256;
use ledger::id::{ChainId, CreditCode, credit_check};
use ledger::time::BlockTime;
use ledger::transaction::Verified;
use ledger::validators::Validator;
use node::genesis::{Centre, Draft, Organisation};

use crate::acts::{self, BANK, BIDDER, CENTRES, SELLER, TIMEKEEPER};

/// Block time of height 0.
pub const GENESIS_TIME: &str = "2026-03-02T09:00:00+08:00";
const RULES: &str = include_str!("../../../examples/rules/land-listing-2026.toml");

/// The keys of a centre.
#[derive(Clone)]
pub struct Keys {
    /// Its organisation.
    pub code: CreditCode,
    /// Votes, until it is changed.
    pub voting: SigningKey,
    /// Votes after a change of keys.
    pub next_voting: SigningKey,
    /// The network's name of its node.
    pub network: PublicKey,
    /// Signs transactions.
    pub operator: SigningKey,
}

/// What all nodes share.
pub struct Chain {
    /// The genesis.
    pub genesis: Genesis,
    /// The centres, those in genesis first.
    pub centres: Vec<Keys>,
    by_voting_key: BTreeMap<PublicKey, SigningKey>,
    verified: RefCell<BTreeMap<[u8; 32], Option<Arc<Verified>>>>,
}

impl Chain {
    /// A network of `members` centres in genesis and `others` that may join.
    ///
    /// # Panics
    /// When the names made here are not well formed, which a change of their rules would bring about.
    #[must_use]
    pub fn new(members: usize, others: usize, stepped: bool) -> Self {
        let centres: Vec<Keys> = (0..members + others).map(keys).collect();
        let parties = [SELLER, BANK, BIDDER].into_iter().chain(stepped.then_some(TIMEKEEPER));
        let draft = Draft {
            name: "zhulian-sim".into(),
            time: GENESIS_TIME.into(),
            certificates_required: false,
            timekeeper: stepped.then(|| TIMEKEEPER.key().public_key()),
            centres: centres[..members].iter().map(centre).collect(),
            organisations: parties.map(organisation).collect(),
            rules: RULES.into(),
        };
        let (_, genesis) = draft.render().expect("a genesis");
        let voting = centres.iter().flat_map(|keys| [&keys.voting, &keys.next_voting]);
        let by_voting_key = voting.map(|key| (key.public_key(), key.clone())).collect();
        Self { genesis, centres, by_voting_key, verified: RefCell::default() }
    }

    /// The chain's name.
    #[must_use]
    pub const fn id(&self) -> &ChainId {
        &self.genesis.chain_id
    }

    /// Milliseconds of the world's clock when a run begins: an hour after genesis.
    #[must_use]
    pub const fn begins_ms(&self) -> u64 {
        self.genesis.time.as_millis() + 3_600_000
    }

    /// A transaction, if it is one and its signature verifies; each is verified once in a run.
    #[must_use]
    pub fn verified(&self, bytes: &[u8]) -> Option<Arc<Verified>> {
        let mut known = self.verified.borrow_mut();
        let verify = || Verified::decode(self.id(), bytes).ok().map(Arc::new);
        known.entry(sha256(bytes)).or_insert_with(verify).clone()
    }

    /// The centre whose voting key this is.
    #[must_use]
    pub fn centre_of(&self, voter: &PublicKey) -> Option<usize> {
        let has = |keys: &Keys| keys.voting.public_key() == *voter || keys.next_voting.public_key() == *voter;
        self.centres.iter().position(has)
    }

    /// The entry of a centre in a validator set.
    #[must_use]
    pub fn validator(&self, centre: usize, rotated: bool) -> Validator {
        let keys = &self.centres[centre];
        let voting = if rotated { &keys.next_voting } else { &keys.voting };
        Validator {
            public_key: voting.public_key(),
            network_key: keys.network,
            organisation: keys.code.clone(),
        }
    }

    /// The message as it would be, had everybody signed what it says of him: what a node sees that does not look at
    /// signatures. Only for the test that the checker notices.
    #[must_use]
    pub fn as_if_signed(&self, message: Message) -> Message {
        let sign = |voter: &PublicKey, bytes: &[u8], given: Signature| {
            self.by_voting_key.get(voter).map_or(given, |key| key.sign(bytes))
        };
        let vote = |signed: SignedVote| {
            let signature = sign(&signed.vote.voter, &signed.vote.sign_bytes(self.id()), signed.signature);
            SignedVote { signature, ..signed }
        };
        match message {
            Message::Vote(signed) => Message::Vote(vote(signed)),
            Message::VoteAgain(signed) => Message::VoteAgain(vote(signed)),
            Message::Proposal(SignedProposal { proposal, signature }) => {
                let signature = sign(&proposal.proposer, &proposal.sign_bytes(self.id()), signature);
                Message::Proposal(SignedProposal { proposal, signature })
            }
            Message::Commit(mut certificate) => {
                let (height, round, id) = (certificate.height, certificate.round, Some(certificate.block_id));
                let bytes = vote_sign_bytes(self.id(), VoteType::Precommit, height, round, id);
                for one in &mut certificate.signatures {
                    one.signature = sign(&one.public_key, &bytes, one.signature);
                }
                Message::Commit(certificate)
            }
            Message::Polka(mut certificate) => {
                let signed = certificate.votes().map(|one| vote(one).signature).collect::<Vec<_>>();
                let slots = certificate.signatures.iter_mut();
                slots.zip(signed).for_each(|(one, signature)| one.signature = signature);
                Message::Polka(certificate)
            }
            Message::Round(mut certificate) => {
                let signed = certificate.votes().map(|one| vote(one).signature).collect::<Vec<_>>();
                let slots = certificate.votes.iter_mut();
                slots.zip(signed).for_each(|(one, signature)| one.signature = signature);
                Message::Round(certificate)
            }
            Message::Block { .. } | Message::WantBlock { .. } => message,
        }
    }

    /// Block time of genesis.
    #[must_use]
    pub const fn genesis_time(&self) -> BlockTime {
        self.genesis.time
    }
}

/// The centres of [`CENTRES`] and as many more as are wanted.
fn keys(number: usize) -> Keys {
    let code = match CENTRES.get(number) {
        Some((code, _)) => (*code).to_owned(),
        None => {
            let body = format!("12440500{:09}", number + 100);
            let check = credit_check(&body).expect("digits have a check character");
            format!("{body}{}", char::from(check))
        }
    };
    let key = |what: &str| acts::key(&format!("sim centre {number} {what}"));
    Keys {
        code: code.parse().expect("the check character is right"),
        voting: key("votes"),
        next_voting: key("votes later"),
        network: key("network").public_key(),
        operator: key("operates"),
    }
}

fn centre(keys: &Keys) -> Centre {
    Centre {
        code: keys.code.clone(),
        name: "示例公共资源交易中心".parse().expect("a title"),
        region: "440100".parse().expect("a region"),
        consensus_key: keys.voting.public_key().to_string(),
        network_key: keys.network.to_string(),
        keys: vec![keys.operator.public_key().to_string()],
    }
}

fn organisation(party: acts::Party) -> Organisation {
    Organisation {
        code: party.code.parse().expect("a code"),
        name: format!("示例{}", party.role).parse().expect("a title"),
        region: "440000".parse().expect("a region"),
        roles: vec![party.role.into()],
        keys: vec![party.key().public_key().to_string()],
    }
}
