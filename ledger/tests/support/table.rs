//! The table language: a case is a network, and each line one act with the answer it must get.
//!
//! ```text
//! == name of the case
//! clock stepped                     # this and the next four before any act
//! trades construction               # genesis has the rules of construction tenders
//! rule LL03 300 permille
//! calendar ends 2026-05-31
//! block transactions 2
//! certificates required
//! d0T09:00 seller publish L opens=d21 closes=d32 -> ok ListingPublished
//! .        a quote 1010 -> stage_not_permitted
//! d21      wait -> ok ListingOpened
//! listing L stage=listed best=a:1010 ends=d32T00:00
//! letter bank:G1 released:return_period
//! d0       gz propose remove zs as=C -> ok ChangeProposed
//! change C status=open approvals=1
//! members gz,sz,zh,zs               # who votes at the next height, in this order
//! era 5 gz,sz,zh,zs                 # who voted at height 5
//! rules 1                           # the version in force
//! organisation new called=new roles=bidder former=0
//! questioned listing L 1            # by how many certificates
//! questioned letter bank:G1 no
//! tender T stage=accepting closes=d21T09:00 open=0 # a tender
//! sealing epoch=1 seats=4 needed=3  # the epoch and its committee, seats=none without one
//! ready lots=2                      # committee, issuer, project, and tender T as the words say
//! bid k1 status=opened order=1      # the sealed bid under a one-time key
//! opened T a 900000                 # the first price of the bid of `a` that counts, or none
//! rules construction 0              # that of construction tenders, 0 without any
//! ```
//!
//! `.` stands for one millisecond after the block before. What follows `ok` are all the events of the
//! block; without any, events are not compared. A refused act shares its block with nothing else, and
//! its block is compared with an empty one: a refusal leaves no trace. Any line may say `key=NAME` to
//! sign with another key (`zs_votes` is the voting key of `zs`), `as=NAME` to name the change it proposes,
//! `approved=NAME,NAME` to have other keys approve it, `expiry=N` to expire N heights after the next, `again` to send the bytes of
//! the case's last recorded act once more.

use std::collections::BTreeSet;

use ledger::crypto::SigningKey;
use ledger::event::Event;
use ledger::execute::Executed;
use ledger::execute::rejection::Rejection;
use ledger::record::guarantee::{GuaranteeStatus, ReleaseGround};
use ledger::record::listing::Listing;
use ledger::record::organisation::Organisation;
use ledger::rule::TradeKind;
use ledger::state::keys::{GuaranteeKey, ListingKey, OrganisationKey};
use ledger::time::{BlockTime, Span};

use super::chain::Chain;
use super::network::{Options, code, genesis, key};
use super::words::{Names, Words, action, letter};
use super::{bids, evaluation, governance, tender};

/// Runs every case of a table; answers with the refusals that it met.
pub fn run(name: &str, text: &str) -> BTreeSet<Rejection> {
    let mut met = BTreeSet::new();
    let mut case: Option<Case> = None;
    for (number, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or("").trim();
        if line.is_empty() {
            continue;
        }
        if let Some(title) = line.strip_prefix("== ") {
            case.take().iter().for_each(Case::close);
            case = Some(Case::new(format!("{name}: {title}")));
            continue;
        }
        let case = case.as_mut().unwrap_or_else(|| panic!("{name}:{}: no case begun", number + 1));
        case.line(number + 1, line, &mut met);
    }
    case.iter().for_each(Case::close);
    met
}

struct Case {
    title: String,
    options: Options,
    running: Option<(Chain, Names)>,
    last: Vec<u8>,
}

impl Case {
    fn new(title: String) -> Self {
        Self { title, options: Options::default(), running: None, last: Vec::new() }
    }

    /// Whatever order of writes led here, the tree is that of the state.
    fn close(&self) {
        let Some((chain, _)) = &self.running else { return };
        let held = ledger::merkle::map::root(chain, chain.tip.height.get()).unwrap();
        assert_eq!(chain.root_made_anew(), held, "{}", self.title);
    }

    fn line(&mut self, number: usize, line: &str, met: &mut BTreeSet<Rejection>) {
        let place = format!("{}, line {number}: {line}", self.title);
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["clock", "stepped"] => self.options.stepped = true,
            ["trades", "construction"] => self.options.construction = true,
            ["rule", id, value, unit] => {
                let value = (value.parse().unwrap(), (*unit).to_owned());
                self.options.rules.insert((*id).to_owned(), value);
            }
            ["certificates", "required"] => self.options.certificates_required = true,
            ["calendar", "ends", day] => self.options.calendar_ends = Some((*day).to_owned()),
            ["block", "transactions", count] => {
                self.options.block_transactions = Some(count.parse().unwrap());
            }
            ["listing", name, rest @ ..] => {
                let (chain, names) = self.running();
                let listing = chain.read(&ListingKey(&names.listing(name))).expect(&place);
                check_listing(names, &listing, &Words::of(rest.iter().copied()), &place);
            }
            ["letter", name, status] => {
                let letter = self.running().0.read(&GuaranteeKey(&letter(name))).expect(&place);
                assert_eq!(show_status(&letter.status), *status, "{place}");
            }
            ["change", name, rest @ ..] => {
                let (chain, names) = self.running();
                governance::check_change(chain, &names.change(name), rest, &place);
            }
            ["tender", name, rest @ ..] if !line.contains("->") => {
                let (chain, names) = self.running();
                tender::check(chain, names, name, rest, &place);
            }
            ["ready", rest @ ..] => {
                for line in tender::READY {
                    self.line(number, line, met);
                }
                let words = rest.join(" ");
                self.line(number, &format!(". owner tender T {words} -> ok TenderPublished"), met);
            }
            ["bid", signer, rest @ ..] => bids::check(&self.running().0, signer, rest, &place),
            ["opened", of, bidder, expected] => {
                let (chain, names) = self.running();
                bids::check_opened(chain, names, of, bidder, expected, &place);
            }
            ["evaluation", of, rest @ ..] => {
                let (chain, names) = self.running();
                evaluation::check(chain, names, of, rest, &place);
            }
            ["lot", of, number, rest @ ..] => {
                let (chain, names) = self.running();
                evaluation::check_lot(chain, names, of, number, rest, &place);
            }
            // Three bids of a, b and c in T, opened; the panel is drawn of whom the pool has.
            ["opened-with", prices] => {
                let mut prices = prices.split(';');
                for (time, signer, bidder) in [("d10", "k1", "a"), (".", "k2", "b"), (".", "k3", "c")] {
                    let terms = prices.next().unwrap().replace('+', " ");
                    self.line(
                        number,
                        &format!("{time} {signer} bid T from={bidder} price={terms} -> ok"),
                        met,
                    );
                }
                for (time, centre) in [("d30T09:02", "gz"), (".", "sz"), (".", "zh")] {
                    self.line(number, &format!("{time} {centre} shares T {centre} -> ok"), met);
                }
            }
            // Every member gives the same marks.
            ["scored", time, marks] => {
                let (chain, names) = self.running();
                let members = evaluation::sitting(names, chain, "T");
                let mut time = *time;
                for verb in ["commit", "reveal"] {
                    for member in &members {
                        self.line(number, &format!("{time} {member} {verb} T marks={marks} -> ok"), met);
                        time = ".";
                    }
                }
            }
            ["sealing", rest @ ..] => {
                let (chain, _) = self.running();
                tender::check_sealing(chain, rest, &place);
            }
            ["members", expected] => governance::check_members(&self.running().0, expected, &place),
            ["era", height, expected] => governance::check_era(&self.running().0, height, expected, &place),
            ["organisation", name, rest @ ..] => {
                let organisation = self.running().0.read(&OrganisationKey(&code(name))).expect(&place);
                check_organisation(&organisation, &Words::of(rest.iter().copied()), &place);
            }
            ["questioned", "listing", name, count] => {
                let (chain, names) = self.running();
                let listing = chain.read(&ListingKey(&names.listing(name))).expect(&place);
                assert_eq!(listing.questioned.len().to_string(), *count, "{place}");
            }
            ["questioned", "letter", name, answer] => {
                let letter = self.running().0.read(&GuaranteeKey(&letter(name))).expect(&place);
                assert_eq!(if letter.questioned.is_some() { "yes" } else { "no" }, *answer, "{place}");
            }
            ["rules", version] => {
                governance::check_rules(&self.running().0, TradeKind::LandListing, version, &place);
            }
            ["rules", "construction", version] => {
                governance::check_rules(&self.running().0, TradeKind::ConstructionTender, version, &place);
            }
            _ => self.act(&words, &place, met),
        }
    }

    fn running(&mut self) -> &mut (Chain, Names) {
        self.running.get_or_insert_with(|| {
            let genesis = genesis(&self.options);
            let names = Names::new(genesis.chain_id.clone(), genesis.time);
            (Chain::new(&genesis), names)
        })
    }

    fn act(&mut self, words: &[&str], place: &str, met: &mut BTreeSet<Rejection>) {
        let arrow =
            words.iter().position(|word| *word == "->").unwrap_or_else(|| panic!("{place}: no answer"));
        let (said, answer) = words.split_at(arrow);
        let (answer, events) = (answer[1], &answer[2..]);
        let last = self.last.clone();
        let (chain, names) = self.running();
        let time = match said[0] {
            "." => next_time(chain),
            text => names.time(text),
        };
        if said[1] == "wait" {
            let (made, _) = chain.block(time, &[]);
            check_events(&made, events, place);
            return;
        }
        let (who, verb, rest) = (said[1], said[2], Words::of(said[3..].iter().copied()));
        let bytes = if verb == "again" {
            last
        } else {
            let signer = rest.named.get("key").copied().unwrap_or(who);
            names.signer.replace(signer.to_owned());
            let ahead = rest.named.get("expiry").map_or(10, |text| text.parse().unwrap());
            let approving = rest.named.get("approved").copied().unwrap_or("");
            let approving: Vec<SigningKey> = approving
                .split(',')
                .filter(|name| !name.is_empty())
                .map(|name| key(&name.replace('_', " ")))
                .collect();
            let signer = key(&signer.replace('_', " "));
            chain.sign_approved(&signer, action(verb, &rest, names), ahead, &approving)
        };
        let transaction = chain.verified(&bytes);
        let (empty, _) = chain.propose(time, &[]);
        let (made, refused) = chain.block(time, std::slice::from_ref(&transaction));
        let found = refused.first().map_or("ok", |rejection| rejection.code());
        assert_eq!(found, answer, "{place}");
        if let Some(rejection) = refused.first() {
            assert_eq!(made.header, empty.header, "{place}: a refusal leaves no trace");
            assert_eq!((&made.changes, &made.events), (&empty.changes, &empty.events), "{place}");
            met.insert(*rejection);
            return;
        }
        if let ("publish", Some(event)) = (verb, made.events.last())
            && let Event::ListingPublished { listing, .. } = &event.event
        {
            names.listings.insert(rest.plain[0].to_owned(), listing.clone());
        }
        for recorded in &made.events {
            tender::name(names, &recorded.event, rest.plain.first().copied().unwrap_or(""));
            bids::name(names, &recorded.event);
            evaluation::name(names, &recorded.event);
        }
        if let Some(name) = rest.named.get("as") {
            let id = ledger::id::ChangeId::from_bytes(*transaction.id().as_bytes());
            names.changes.insert((*name).to_owned(), id);
        }
        check_events(&made, events, place);
        self.last = bytes;
    }
}

/// What the clock reads, or one millisecond after the block before.
fn next_time(chain: &Chain) -> BlockTime {
    let stepped = ledger::execute::stepped_time(chain, &chain.tip).unwrap();
    stepped.unwrap_or_else(|| chain.tip.time.plus(Span::from_millis(1)))
}

/// The name of an event: the first word of its debug form.
pub fn event_name(event: &Event) -> String {
    format!("{event:?}").split([' ', '{', '(']).next().unwrap_or("").to_owned()
}

fn check_events(made: &Executed, expected: &[&str], place: &str) {
    if expected.is_empty() {
        return;
    }
    let found: Vec<String> = made.events.iter().map(|recorded| event_name(&recorded.event)).collect();
    let expected: Vec<&str> = expected.iter().copied().filter(|word| *word != "nothing").collect();
    assert_eq!(found, expected, "{place}");
}

fn check_listing(names: &Names, listing: &Listing, expected: &Words<'_>, place: &str) {
    for (name, value) in &expected.named {
        let actors = ["a", "b", "c", "trader", "new", "other"];
        let who = |found| actors.into_iter().find(|a| code(a) == found).unwrap_or("?").to_owned();
        let found = match *name {
            "stage" => listing.stage.name().to_owned(),
            "ends" => listing.stage_ends_at.map_or("none".into(), |time| names.show(time)),
            "best" => listing
                .best
                .clone()
                .map_or("none".into(), |best| format!("{}:{}", who(best.bidder), best.price.minor() / 100)),
            "ended" => listing.ended.map_or("none".into(), |reason| reason.name().to_owned()),
            "qualified" => listing.qualified.to_string(),
            "quoting" => listing.quoting.to_string(),
            "quotes" => listing.quotes.to_string(),
            name => panic!("{place}: a listing has no {name}"),
        };
        assert_eq!(found, *value, "{place}: {name}");
    }
}

fn check_organisation(organisation: &Organisation, expected: &Words<'_>, place: &str) {
    for (name, value) in &expected.named {
        let found = match *name {
            "called" => organisation.name.to_string(),
            "roles" => organisation.roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(","),
            "former" => organisation.former_names.len().to_string(),
            name => panic!("{place}: an organisation has no {name}"),
        };
        assert_eq!(found, *value, "{place}: {name}");
    }
}

fn show_status(status: &GuaranteeStatus) -> String {
    match status {
        GuaranteeStatus::Issued => "issued".into(),
        GuaranteeStatus::Deposited => "deposited".into(),
        GuaranteeStatus::Expired => "expired".into(),
        GuaranteeStatus::Released { ground, .. } => {
            let ground = match ground {
                ReleaseGround::Beneficiary => "beneficiary",
                ReleaseGround::ReturnPeriod => "return_period",
                ReleaseGround::Contract => "contract",
                ReleaseGround::ListingFailed => "listing_failed",
            };
            format!("released:{ground}")
        }
    }
}
