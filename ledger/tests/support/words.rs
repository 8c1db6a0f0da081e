//! The verbs of the table language: how a line becomes a business act.

use std::cell::RefCell;
use std::collections::BTreeMap;

use ledger::action::Action;
use ledger::amount::{Amount, Currency};
use ledger::crypto::PublicKey;
use ledger::hash::DocumentHash;
use ledger::id::{ChainId, ChangeId, DealCode, GuaranteeId, ProjectCode, TenderId};
use ledger::procedure::approval::ApproveChange;
use ledger::procedure::clock::AdvanceClock;
use ledger::procedure::confirmation::ConfirmDeal;
use ledger::procedure::contract::RecordContract;
use ledger::procedure::double_signing::ReportDoubleSigning;
use ledger::procedure::guarantee::IssueGuarantee;
use ledger::procedure::listing::PublishListing;
use ledger::procedure::proposal::ProposeChange;
use ledger::procedure::publicity::PublishResult;
use ledger::procedure::qualification::DepositGuarantee;
use ledger::procedure::quote::SubmitQuote;
use ledger::procedure::registration::RegisterOrganisation;
use ledger::procedure::release::ReleaseGuarantee;
use ledger::procedure::shared_key::ReportSharedKey;
use ledger::record::listing::{Prices, Resource};
use ledger::record::organisation::Role;
use ledger::time::{BlockTime, DAY_MS, Span};

use super::network::{code, key};
use super::{bids, certificates, evaluation, governance, tender};

/// Words of a line after the verb: the plain ones in order, and `name=value`.
pub struct Words<'a> {
    pub plain: Vec<&'a str>,
    pub named: BTreeMap<&'a str, &'a str>,
}

impl<'a> Words<'a> {
    pub fn of(words: impl Iterator<Item = &'a str>) -> Self {
        let (mut plain, mut named) = (Vec::new(), BTreeMap::new());
        for word in words {
            match word.split_once('=') {
                Some((name, value)) => drop(named.insert(name, value)),
                None => plain.push(word),
            }
        }
        Self { plain, named }
    }

    pub fn take(&self, name: &str, default: &'a str) -> &'a str {
        self.named.get(name).copied().unwrap_or(default)
    }
}

/// What names stand for in a case: listings are named before the ledger numbers them.
pub struct Names {
    pub listings: BTreeMap<String, DealCode>,
    pub changes: BTreeMap<String, ChangeId>,
    pub projects: BTreeMap<String, ProjectCode>,
    pub tenders: BTreeMap<String, TenderId>,
    /// Who signs the act that is made.
    pub signer: RefCell<String>,
    /// The sealed bids of the case.
    pub sealed: super::bids::Book,
    /// The experts of the case.
    pub experts: super::evaluation::Roll,
    pub day_zero: BlockTime,
    pub chain: ChainId,
}

impl Names {
    /// No names yet.
    pub fn new(chain: ChainId, day_zero: BlockTime) -> Self {
        let (listings, changes) = (BTreeMap::new(), BTreeMap::new());
        let (projects, tenders) = (BTreeMap::new(), BTreeMap::new());
        let (signer, sealed, experts) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { listings, changes, projects, tenders, signer, sealed, experts, day_zero, chain }
    }

    /// The change called `name`; one that was never proposed has an id that nobody gave.
    pub fn change(&self, name: &str) -> ChangeId {
        self.changes.get(name).copied().unwrap_or_default()
    }

    /// The listing called `name`; one that was never published has a code that nobody gave.
    pub fn listing(&self, name: &str) -> DealCode {
        self.listings.get(name).cloned().unwrap_or_else(|| {
            DealCode::issue(ledger::id::DealKind::LandUseRight, &code("gz"), 20_000, 999_999).unwrap()
        })
    }

    /// `d21`, `d21T09:00`, `d21T09:00:00.001`: an instant by the day of the test and the time in China;
    /// or `never`, the last instant that can be named.
    pub fn time(&self, text: &str) -> BlockTime {
        if text == "never" {
            return BlockTime::parse("9999-12-31T23:59:59.999+08:00").unwrap();
        }
        let text = text.strip_prefix('d').unwrap_or_else(|| panic!("{text} is no instant"));
        let (day, clock) = text.split_once('T').unwrap_or((text, "00:00"));
        let mut parts = clock.split([':', '.']).map(|part| part.parse::<u64>().unwrap());
        let mut next = || parts.next().unwrap_or(0);
        let millis = next() * 3_600_000 + next() * 60_000 + next() * 1_000 + next();
        self.day_zero.plus(Span::from_millis(day.parse::<u64>().unwrap() * DAY_MS + millis))
    }

    /// An instant as a table writes it.
    pub fn show(&self, time: BlockTime) -> String {
        let millis = time.since(self.day_zero).as_millis();
        let (day, of_day) = (millis / DAY_MS, millis % DAY_MS);
        let (hour, minute, second) = (of_day / 3_600_000, of_day / 60_000 % 60, of_day / 1_000 % 60);
        match (second, of_day % 1_000) {
            (0, 0) => format!("d{day}T{hour:02}:{minute:02}"),
            (_, rest) => format!("d{day}T{hour:02}:{minute:02}:{second:02}.{rest:03}"),
        }
    }
}

/// `bank:G1`: guarantor and number.
pub fn letter(text: &str) -> GuaranteeId {
    let (guarantor, number) = text.split_once(':').unwrap();
    GuaranteeId { guarantor: code(guarantor), number: number.parse().unwrap() }
}

/// Yuan.
pub fn yuan(text: &str) -> Amount {
    Amount::parse(text, Currency::Cny).unwrap()
}

/// Keys by name, ascending unless the words say `order=given`; `weak` is a point of small order and
/// `none` no point at all.
pub fn keys(names: &str, sorted: bool) -> Vec<PublicKey> {
    let mut keys: Vec<PublicKey> = match names {
        "" => Vec::new(),
        names => names
            .split(',')
            .map(|name| match name {
                "weak" => PublicKey::from_bytes([0; 32]),
                "none" => PublicKey::from_bytes([2; 32]),
                name => key(&name.replace('_', " ")).public_key(),
            })
            .collect(),
    };
    if sorted {
        keys.sort_unstable();
    }
    keys
}

fn listing(words: &Words<'_>, names: &Names) -> PublishListing {
    let documents = words.take("documents", "1").parse::<u8>().unwrap();
    let mut documents: Vec<DocumentHash> = (0..documents).map(|n| DocumentHash::of(&[n])).collect();
    if words.plain.contains(&"document-twice") {
        documents.push(documents[0]);
    }
    PublishListing {
        centre: code(words.take("centre", "gz")),
        title: "土地使用权挂牌出让公告".parse().unwrap(),
        region: "440400".parse().unwrap(),
        resource: Resource {
            parcel: "ZH-2026-001".parse().unwrap(),
            location: "珠海市香洲区".parse().unwrap(),
            area_dm2: words.take("area", "1000000").parse().unwrap(),
            land_use: "工业用地".parse().unwrap(),
            term_years: words.take("years", "50").parse().unwrap(),
            documents,
        },
        prices: Prices {
            starting: yuan(words.take("start", "1000")),
            reserve: yuan(words.take("reserve", "1000")),
            increment: yuan(words.take("increment", "10")),
            deposit: yuan(words.take("deposit", "200")),
        },
        opens_at: names.time(words.take("opens", "d21")),
        closes_at: names.time(words.take("closes", "d32")),
    }
}

/// The act of a line.
pub fn action(verb: &str, words: &Words<'_>, names: &Names) -> Action {
    let first = words.plain.first().copied().unwrap_or("");
    match verb {
        "register" => Action::RegisterOrganisation(RegisterOrganisation {
            code: code(first),
            name: first.parse().unwrap(),
            region: "440500".parse().unwrap(),
            roles: match words.take("roles", "bidder") {
                "" => Vec::new(),
                roles => roles.split(',').map(|role| Role::parse(role).unwrap()).collect(),
            },
            keys: keys(words.take("keys", first), words.take("order", "ascending") == "ascending"),
        }),
        "publish" => Action::PublishListing(listing(words, names)),
        "issue" => Action::IssueGuarantee(IssueGuarantee {
            number: first.parse().unwrap(),
            applicant: code(words.take("for", "a")),
            listing: names.listing(words.take("listing", "L")),
            amount: yuan(words.take("amount", "200")),
            expires_at: names.time(words.take("expires", "d120")),
        }),
        "deposit" => Action::DepositGuarantee(DepositGuarantee {
            listing: names.listing(words.take("listing", "L")),
            guarantee: letter(first),
        }),
        "quote" => Action::SubmitQuote(SubmitQuote {
            listing: names.listing(words.take("listing", "L")),
            price: yuan(first),
        }),
        "confirm" => Action::ConfirmDeal(ConfirmDeal { listing: names.listing(first) }),
        "publicise" => Action::PublishResult(PublishResult { listing: names.listing(first) }),
        "contract" => Action::RecordContract(RecordContract {
            listing: names.listing(first),
            document: DocumentHash::of(words.take("document", "contract").as_bytes()),
        }),
        "release" => Action::ReleaseGuarantee(ReleaseGuarantee { guarantee: letter(first) }),
        "advance" => {
            let (count, unit) = first.split_at(first.len() - 1);
            let millis = count.parse::<u64>().unwrap() * if unit == "d" { DAY_MS } else { 1 };
            Action::AdvanceClock(AdvanceClock { by: Span::from_millis(millis) })
        }
        "propose" => Action::ProposeChange(ProposeChange { change: governance::change(words, names) }),
        "approve" => Action::ApproveChange(ApproveChange { change: names.change(first) }),
        "report" => {
            Action::ReportDoubleSigning(ReportDoubleSigning { evidence: governance::evidence(words, names) })
        }
        "enrol" => Action::Enrol(certificates::enrol(words, names)),
        "admit-role" => Action::AdmitRole(certificates::admit(words)),
        "appoint" => Action::AppointStaff(certificates::appoint(words, names)),
        "revoke-mandate" => Action::RevokeMandate(certificates::revoke_mandate(words)),
        "revoke-certificate" => Action::RevokeCertificate(certificates::revoke_certificate(words, names)),
        "record-list" => Action::RecordRevocationList(certificates::list(words, names)),
        "record-ocsp" => Action::RecordOcspResponse(certificates::ocsp(words, names)),
        "report-shared" => {
            Action::ReportSharedKey(ReportSharedKey { enrolment: certificates::enrol(words, names) })
        }
        "cosign" => Action::RegisterCosigner(governance::cosigner(words, names)),
        verb => tender::action(verb, words, names)
            .or_else(|| bids::action(verb, words, names))
            .or_else(|| evaluation::action(verb, words, names))
            .unwrap_or_else(|| panic!("no verb is called {verb}")),
    }
}
