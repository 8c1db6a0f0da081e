//! What the workload has in its hand: chance, keys, and the picking of parties and listings.

use std::collections::{BTreeMap, VecDeque};

use ledger::action::Action;
use ledger::amount::{Amount, Currency, MAX_MINOR};
use ledger::crypto::{PublicKey, SigningKey};
use ledger::hash::sha256;
use ledger::id::{CertificateId, ChainId, CreditCode, DealCode, GuaranteeId, credit_check};
use ledger::procedure::enrolment::Enrol;
use ledger::record::listing::Stage;
use ledger::record::mandate::Mandate;
use ledger::record::organisation::Role;
use ledger::time::{BlockTime, Span};
use zeroize::Zeroizing;

use super::chance::Chance;
use super::draw::Draw;
use super::papers::Paper;
use crate::auditor::books::{Books, Deal, Letter};
use crate::auditor::identity::Key;

/// What is there when something is drawn.
pub(super) struct Scene<'a> {
    /// The books so far in the next block.
    pub(super) books: &'a Books,
    /// Its height.
    pub(super) height: u64,
    /// Its time.
    pub(super) time: BlockTime,
}

/// Chance and keys.
#[derive(Clone)]
pub(super) struct Hand {
    /// The stream from which everything is drawn.
    pub(super) chance: Chance,
    /// The chain for which everything is signed.
    pub(super) chain: ChainId,
    /// Whether nothing may change who votes.
    pub(super) keeps_members: bool,
    seed: u64,
    made: u64,
    keys: BTreeMap<PublicKey, SigningKey>,
    /// Certificates that were issued for this workload.
    pub(super) papers: BTreeMap<CertificateId, Paper>,
    /// Enrolments that were offered, the latest last.
    pub(super) enrolments: VecDeque<Enrol>,
}

impl Hand {
    pub(super) fn new(seed: u64, chain: ChainId, keys: impl IntoIterator<Item = SigningKey>) -> Self {
        let keys = keys.into_iter().map(|key| (key.public_key(), key)).collect();
        Self {
            chance: Chance::new(seed),
            chain,
            keeps_members: false,
            seed,
            made: 0,
            keys,
            papers: BTreeMap::new(),
            enrolments: VecDeque::new(),
        }
    }

    /// The private half of a key that is in the hand.
    pub(super) fn key(&self, public: &PublicKey) -> Option<&SigningKey> {
        self.keys.get(public)
    }

    /// A number that this workload has not used.
    pub(super) fn number(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// Sixteen bytes that tell equal acts apart, also those of workloads with other seeds.
    pub(super) fn salt(&mut self) -> [u8; 16] {
        let mut salt = [0; 16];
        salt[..8].copy_from_slice(&self.seed.to_be_bytes());
        salt[8..].copy_from_slice(&self.number().to_be_bytes());
        salt
    }

    /// A name that this workload has not used, nor has one of another seed.
    pub(super) fn fresh_name(&mut self) -> String {
        let number = self.number();
        format!("workload {} key {number}", self.seed)
    }

    /// A key that speaks for nobody yet.
    pub(super) fn fresh_key(&mut self) -> PublicKey {
        let name = self.fresh_name();
        let key = SigningKey::from_seed(&Zeroizing::new(sha256(name.as_bytes())));
        let public = key.public_key();
        self.keys.insert(public, key);
        public
    }

    /// A code that hardly anybody has.
    pub(super) fn fresh_code(&mut self) -> Option<CreditCode> {
        let body = format!("91440500{:09}", self.chance.below(1_000_000_000));
        format!("{body}{}", char::from(credit_check(&body)?)).parse().ok()
    }

    /// A key of an organisation that is in the hand: mostly a principal one, hardly ever one that was revoked.
    pub(super) fn speaker(&mut self, scene: &Scene<'_>, code: &CreditCode) -> Option<PublicKey> {
        let anyhow = self.chance.happens(2);
        let lasts = |mandate: &Mandate| mandate.expires > scene.time && !mandate.read_only;
        let usable =
            |key: &Key| anyhow || (key.revoked.is_none() && key.mandate.as_deref().is_none_or(lasts));
        if self.chance.happens(40) {
            let certified = self.key_of(scene, code, |key| usable(key) && key.certificate.is_some());
            if certified.is_some() {
                return certified;
            }
        }
        let principal = self.chance.happens(65);
        self.key_of(scene, code, |key| usable(key) && (!principal || key.staff.is_none()))
            .or_else(|| self.key_of(scene, code, usable))
    }

    /// A key of an organisation that is in the hand and meets a condition.
    pub(super) fn key_of(
        &mut self,
        scene: &Scene<'_>,
        code: &CreditCode,
        good: impl Fn(&Key) -> bool,
    ) -> Option<PublicKey> {
        self.key_that(scene, |_, key| key.holder == *code && good(key))
    }

    /// A key in the hand that speaks for somebody and meets a condition.
    pub(super) fn key_that(
        &mut self,
        scene: &Scene<'_>,
        good: impl Fn(&PublicKey, &Key) -> bool,
    ) -> Option<PublicKey> {
        let own = scene.books.keys.iter().filter(|(public, _)| self.keys.contains_key(*public));
        let keys: Vec<PublicKey> =
            own.filter(|(public, key)| good(public, key)).map(|(key, _)| *key).collect();
        self.chance.pick(&keys).copied()
    }

    /// An organisation with a role and without another that is asked for.
    pub(super) fn someone(&mut self, scene: &Scene<'_>, role: Role) -> Option<CreditCode> {
        self.someone_of(scene, |_, roles| roles.contains(&role))
    }

    /// An organisation that meets a condition on its code and roles.
    pub(super) fn someone_of(
        &mut self,
        scene: &Scene<'_>,
        good: impl Fn(&CreditCode, &std::collections::BTreeSet<Role>) -> bool,
    ) -> Option<CreditCode> {
        let all = scene.books.organisations.iter();
        let codes: Vec<&CreditCode> =
            all.filter(|(code, member)| good(code, &member.roles)).map(|(code, _)| code).collect();
        self.chance.pick(&codes).map(|code| (*code).clone())
    }

    /// A listing that meets a condition.
    pub(super) fn deal<'a>(
        &mut self,
        scene: &Scene<'a>,
        good: impl Fn(&Deal) -> bool,
    ) -> Option<(&'a DealCode, &'a Deal)> {
        let deals: Vec<_> = scene.books.deals.iter().filter(|(_, deal)| good(deal)).collect();
        self.chance.pick(&deals).copied()
    }

    /// A listing at one of these stages.
    pub(super) fn deal_at<'a>(
        &mut self,
        scene: &Scene<'a>,
        stages: &[Stage],
    ) -> Option<(&'a DealCode, &'a Deal)> {
        self.deal(scene, |deal| stages.contains(&deal.stage))
    }

    /// A letter that meets a condition, with its listing.
    pub(super) fn letter<'a>(
        &mut self,
        scene: &Scene<'a>,
        good: impl Fn(&Letter, &Deal) -> bool,
    ) -> Option<(&'a GuaranteeId, &'a Letter, &'a Deal)> {
        let of = |(id, letter): (&'a GuaranteeId, &'a Letter)| {
            Some((id, letter, scene.books.deals.get(&letter.deal)?))
        };
        let all = scene.books.letters.iter().filter_map(of);
        let letters: Vec<_> = all.filter(|(_, letter, deal)| good(letter, deal)).collect();
        self.chance.pick(&letters).copied()
    }

    /// An act by an organisation, with an expiry that is good, and mostly with the approval that the key's mandate may
    /// demand.
    pub(super) fn act(&mut self, scene: &Scene<'_>, who: &CreditCode, action: Action) -> Option<Draw> {
        let key = self.speaker(scene, who)?;
        let draw = self.act_with(scene, key, action);
        let mandate = scene.books.keys.get(&key).and_then(|key| key.mandate.as_deref());
        let wanted = mandate.is_some_and(|mandate| mandate.second_approval_above.is_some());
        if !wanted || self.chance.happens(25) {
            return Some(draw);
        }
        let other =
            self.key_that(scene, |public, of| of.holder == *who && *public != key && of.revoked.is_none());
        Some(draw.approved(other))
    }

    /// An act signed with a key, with an expiry that is good.
    pub(super) fn act_with(&mut self, scene: &Scene<'_>, key: PublicKey, action: Action) -> Draw {
        let expiry = scene.height + self.chance.below(scene.books.expiry_window + 1);
        Draw { key, action, expiry, approvals: Vec::new(), aim: None }
    }
}

/// An amount in fen, held at the largest there is.
pub(super) fn fen(minor: u64) -> Amount {
    Amount::new(minor.min(MAX_MINOR), Currency::Cny).unwrap_or_else(|_| unreachable!("held at the largest"))
}

/// The instant `millis` later.
pub(super) fn after(time: BlockTime, millis: u64) -> BlockTime {
    time.plus(Span::from_millis(millis))
}

/// The instant one millisecond earlier.
pub(super) fn just_before(time: BlockTime) -> BlockTime {
    BlockTime::from_millis(time.as_millis().saturating_sub(1)).unwrap_or_default()
}
