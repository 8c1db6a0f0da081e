//! The verbs of sealed bids in the table language. Bids are sealed and opened with the real scheme, from fixed seeds.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use ledger::action::Action;
use ledger::codec::{Bytes, encode};
use ledger::event::Event;
use ledger::hash::{DocumentHash, sha256};
use ledger::id::{BidId, TenderId};
use ledger::procedure::attestation::Attestation;
use ledger::procedure::bid::{Arrival, StoredDocument, SubmitBid};
use ledger::procedure::epoch::centre_id;
use ledger::procedure::opening_shares::OpenShares;
use ledger::procedure::self_opening::OpenOwnBid;
use ledger::procedure::stamp_key::RegisterStampKey;
use ledger::procedure::withdrawal::WithdrawBid;
use ledger::record::bid::*;
use ledger::state::keys::{BidKey, OpenedBidKey};
use sealing::bid::{BidContext, Dealing, Draft};
use sealing::committee::{Committee, Member};
use sealing::envelope::{SizeClass, pad};
use sealing::id::OneTimeKey;
use sealing::message::{self, BidderStatement, DocumentRef};
use sealing::opening::{ChunkContext, LiveList};
use sealing::stamp::issue::{IssuerSecret, StampRequest};
use sealing::stamp::{IssuerKeyId, MODULUS_LEN};
use sealing::suite::Ristretto255;

use super::Random;
use super::chain::Chain;
use super::network::{code, key};
use super::tender::{seat_secret, tender};
use super::words::{Names, Words, yuan};

/// The first quarter of 2026, in which the tables begin.
const FIRST_QUARTER: u16 = 2026 * 4;
/// The seats' centres.
const CENTRES: [&str; 4] = ["gz", "sz", "zh", "zs"];

/// What the tables know of sealed bids.
#[derive(Clone, Default)]
pub struct Sealed {
    made: BTreeMap<BidId, Made>,
    live: BTreeMap<TenderId, BTreeSet<BidId>>,
    /// The bid of each one-time key.
    latest: BTreeMap<String, BidId>,
}

#[derive(Clone)]
struct Made {
    signer: String,
    dealing: Dealing,
    secret: [u8; 32],
}

/// Held where acts are made, which do not change other names.
pub type Book = RefCell<Sealed>;

fn one_time(signer: &str) -> OneTimeKey {
    OneTimeKey::from_bytes(*key(signer).public_key().as_bytes())
}

/// The committee of epoch 1, formed without the ledger.
fn committee(names: &Names) -> Committee {
    let member = |name: &&str| Member {
        centre: centre_id(&code(name)),
        key: *seat_secret(&format!("{name} 1")).public(),
    };
    Committee::new(names.chain.as_str(), 1, 3, CENTRES.iter().map(member)).unwrap()
}

fn issuer() -> &'static IssuerSecret {
    static ISSUER: OnceLock<IssuerSecret> = OnceLock::new();
    ISSUER.get_or_init(|| IssuerSecret::generate(&mut Random::new(1)).unwrap())
}

/// A stamp of the issuer numbered `issuer=` in the quarter `quarter=` for the key of `stamped=`.
fn stamp(words: &Words<'_>, names: &Names, signer: &str) -> Bytes<STAMP_BYTES> {
    let number = |name, default| words.named.get(name).map_or(default, |text| text.parse().unwrap());
    let id = IssuerKeyId { issuer: number("issuer", 1), period: FIRST_QUARTER + number("quarter", 0) };
    let holder = one_time(words.take("stamped", signer));
    let (mut rng, public) = (Random::new(2), issuer().public().unwrap());
    let chain = names.chain.as_str();
    let request = StampRequest::new::<Ristretto255>(id, &public, chain, &holder, &mut rng).unwrap();
    let answer = issuer().sign(request.blinded(), &mut rng).unwrap();
    let stamp = request.finish::<Ristretto255>(&answer, chain, &holder).unwrap();
    Bytes::new(stamp.encode()).unwrap()
}

/// `docs=2`: documents, held by `held=gz,sz`.
fn documents(words: &Words<'_>, names: &Names, id: TenderId) -> Vec<StoredDocument> {
    let count: u64 = words.take("docs", "0").parse().unwrap();
    let one = |n: u64| {
        let hash = DocumentHash::of(format!("document {n}").as_bytes());
        let document = SealedDocument { hash, len: 1_000 + n };
        let reference = DocumentRef { sha256: *hash.as_bytes(), len: document.len };
        let bytes = message::receipt::<Ristretto255>(names.chain.as_str(), &id.sealed(), &reference);
        let receipts = words.take("held", "gz,sz").split(',').filter(|name| !name.is_empty());
        let receipts = receipts.map(|name| {
            let signer = key(&name.replace('_', " "));
            Attestation { key: signer.public_key(), signature: signer.sign(bytes.as_bytes()) }
        });
        StoredDocument { document, receipts: receipts.collect() }
    };
    (0..count).map(|n| one(if words.plain.contains(&"document-twice") { 0 } else { n })).collect()
}

/// A letter of `bank` for `of=`, which is the bidder's, over `bond=`; spoiled as `letter=` says.
fn bond(words: &Words<'_>, names: &Names, id: TenderId, signer: &str, bidder: &str) -> Option<BidBond> {
    let amount = words.take("bond", "20000");
    if amount == "none" {
        return None;
    }
    let spoiled = words.take("letter", "good");
    let opening = if spoiled == "opening" { [0; 32] } else { [9; 32] };
    let bound = if spoiled == "bind" { one_time("somebody") } else { one_time(signer) };
    let bind = message::guarantee_bind::<Ristretto255>(&bound, &opening);
    let guarantor = if spoiled == "guarantor" { "a" } else { "bank" };
    let letter = BondLetter {
        chain: names.chain.clone(),
        tender: if spoiled == "tender" { TenderId::from_bytes([1; 32]) } else { id },
        guarantor: code(guarantor),
        number: words.take("number", signer).parse().unwrap(),
        principal: code(if spoiled == "principal" { "trader" } else { bidder }),
        amount: yuan(amount),
        valid_until: names.time(words.take("until", "d200")),
        bind: Bytes::new(bind.as_bytes().to_vec()).unwrap(),
    };
    let bytes = message::guarantee::<Ristretto255>(&encode(&letter));
    let signing = key(if spoiled == "signature" { "b" } else { guarantor });
    let (public, signature) = (key(guarantor).public_key(), signing.sign(bytes.as_bytes()));
    // One that is cut short opens nothing, not even a letter that is bound to zeros.
    let shown = if spoiled == "opening" { vec![0; 31] } else { opening.to_vec() };
    Some(BidBond { letter, key: public, signature, opening: Bytes::new(shown).unwrap() })
}

fn offer(words: &Words<'_>, names: &Names, id: TenderId, signer: &str) -> Offer {
    let bidder = words.take("from", "a");
    let price = yuan(words.take("price", "900000"));
    let lots = words.take("lots", "1").split(',').filter(|lot| !lot.is_empty());
    let entries: u64 = words.take("entries", words.take("docs", "0")).parse().unwrap();
    let entry = |n: u64| DocumentEntry {
        name: format!("文件{n}").parse().unwrap(),
        hash: DocumentHash::of(format!("plain {n}").as_bytes()),
        len: 900,
    };
    Offer {
        bidder: code(bidder),
        key: key(&words.take("with", bidder).replace('_', " ")).public_key(),
        prices: lots.map(|lot| LotPrice { lot: lot.parse().unwrap(), price }).collect(),
        documents: (0..entries).map(entry).collect(),
        bond: bond(words, names, id, signer, bidder),
    }
}

/// `k1 bid T from=a price=900000`: a bid under the one-time key `k1`. `fault=` spoils it.
fn bid(words: &Words<'_>, names: &Names, id: TenderId) -> SubmitBid {
    let signer = names.signer.borrow().clone();
    let fault = words.take("fault", "none");
    let sequence: u32 = words.take("seq", "1").parse().unwrap();
    let committee = committee(names);
    let context = BidContext {
        committee: &committee,
        tender: if fault == "tender" { TenderId::from_bytes([2; 32]) } else { id }.sealed(),
        one_time_key: one_time(if fault == "key" { "somebody" } else { &signer }),
        sequence: if fault == "sequence" { sequence + 1 } else { sequence },
    };
    let default = format!("{signer} {sequence}");
    let seed = sha256(words.take("seed", &default).as_bytes());
    let mut rng = Random::new(u64::from_be_bytes(seed[..8].try_into().unwrap()));
    let draft = Draft::new(context, &mut rng);
    let documents = documents(words, names, id);
    let references: Vec<DocumentRef> = documents
        .iter()
        .map(|stored| DocumentRef { sha256: *stored.document.hash.as_bytes(), len: stored.document.len })
        .collect();
    let docs_root = message::docs_root::<Ristretto255>(&references);
    let offer = offer(words, names, id, &signer);
    let statement = BidderStatement {
        chain_id: names.chain.as_str(),
        tender: &id.sealed(),
        one_time_key: &one_time(&signer),
        sequence: if fault == "unsigned" { sequence + 1 } else { sequence },
        dealer: draft.dealer().as_bytes(),
        docs_root: &docs_root,
        payload: &message::payload::<Ristretto255>(&encode(&offer)),
    };
    let signing = key(&words.take("with", words.take("from", "a")).replace('_', " "));
    let signature = signing.sign(statement.hash::<Ristretto255>().as_bytes());
    let payload = encode(&BidPayload { offer, signature });
    let mut padded = pad(&payload, SizeClass::Kib4).unwrap();
    match fault {
        "padding" => padded.fill(0),
        "payload" => padded[0] ^= 1,
        _ => {}
    }
    let sealed = draft.finish(&padded, &docs_root, &mut rng);
    let mut dealing = sealed.dealing.encode();
    let mut envelope = sealed.envelope.clone();
    match fault {
        "share" => dealing.copy_within(64..96, 32),
        "point" => dealing[32..64].fill(0xff),
        "proof" => *dealing.last_mut().unwrap() ^= 1,
        "seats" => dealing.truncate(dealing.len() - 32),
        "short" => envelope.truncate(envelope.len() - 1),
        "envelope" => envelope[0] ^= 1,
        _ => {}
    }
    let bid = BidId::from_bytes(*sealed.bid.as_bytes());
    let secret = *sealed.dealer_secret.encode();
    names
        .sealed
        .borrow_mut()
        .made
        .insert(bid, Made { signer: signer.clone(), dealing: sealed.dealing, secret });
    SubmitBid {
        tender: id,
        sequence,
        dealing: Bytes::new(dealing).unwrap(),
        envelope: Bytes::new(envelope).unwrap(),
        documents,
        stamp: stamp(words, names, &signer),
        arrivals: arrivals(words, names, &bid),
    }
}

/// `arrived=d30T08:59 at=gz,sz,zh`: when centres say that the bid came. `zs_votes` is a voting key.
fn arrivals(words: &Words<'_>, names: &Names, bid: &BidId) -> Vec<Arrival> {
    let Some(at) = words.named.get("arrived").map(|text| names.time(text)) else { return Vec::new() };
    let named = if words.plain.contains(&"other-bid") { BidId::from_bytes([3; 32]) } else { *bid };
    let bytes = message::arrival::<Ristretto255>(names.chain.as_str(), named.as_bytes(), at.as_millis());
    let centres = words.take("at", "gz,sz,zh").split(',');
    centres
        .map(|name| key(&name.replace('_', " ")))
        .map(|key| Arrival { at, key: key.public_key(), signature: key.sign(bytes.as_bytes()) })
        .collect()
}

/// `gz shares T gz chunk=0`: the shares of a seat. `fault=` is `list`, `chunk`, `secret`, `few` or `proof`.
fn shares(words: &Words<'_>, names: &Names, id: TenderId) -> OpenShares {
    let centre = words.plain.get(1).copied().unwrap_or("gz");
    let (committee, fault) = (committee(names), words.take("fault", "none"));
    let chunk = words.take("chunk", "0").parse().unwrap();
    let seat = committee.seat_of(&centre_id(&code(centre))).unwrap();
    let number = words.named.get("seat").map_or(seat.number(), |text| text.parse().unwrap());
    let book = names.sealed.borrow();
    let live = book.live.get(&id).cloned().unwrap_or_default();
    let list = LiveList::new(live.iter().map(|bid| sealing::id::BidId::from_bytes(*bid.as_bytes())));
    let range = list.chunk_range(chunk).unwrap_or(0..live.len());
    let dealers = live.iter().skip(range.start).take(range.len());
    let mut dealers: Vec<_> = dealers.map(|bid| *book.made[bid].dealing.dealer()).collect();
    if dealers.is_empty() {
        let shares = Bytes::new(vec![7; 96]).unwrap();
        return OpenShares { tender: id, chunk, seat: number, shares };
    }
    if fault == "few" {
        dealers.pop();
    }
    let empty = LiveList::new([]);
    let root = if fault == "list" { &empty } else { &list }.root::<Ristretto255>(&id.sealed());
    let context = ChunkContext {
        committee: &committee,
        tender: id.sealed(),
        live_root: root,
        chunk: if fault == "chunk" { chunk + 1 } else { chunk },
    };
    let given =
        context.give(seat, &seat_secret(&format!("{centre} 1")), &dealers, &mut Random::new(3)).unwrap();
    let mut shares = given.encode();
    if fault == "proof" {
        *shares.last_mut().unwrap() ^= 1;
    }
    OpenShares { tender: id, chunk, seat: number, shares: Bytes::new(shares).unwrap() }
}

/// The act of a line, if the verb is one of sealed bids.
pub fn action(verb: &str, words: &Words<'_>, names: &Names) -> Option<Action> {
    let id = tender(names, words.plain.first().copied().unwrap_or(""));
    Some(match verb {
        "stamp-key" => {
            let mut modulus = issuer().public().unwrap().modulus().to_vec();
            if words.take("fault", "none") == "even" {
                modulus[MODULUS_LEN - 1] = 0;
            }
            let period = FIRST_QUARTER + words.take("quarter", "0").parse::<u16>().unwrap();
            Action::RegisterStampKey(RegisterStampKey { period, modulus: Bytes::new(modulus).unwrap() })
        }
        "bid" => Action::SubmitBid(bid(words, names, id)),
        "withdraw" => {
            let sequence = words.take("seq", "2").parse().unwrap();
            Action::WithdrawBid(WithdrawBid { tender: id, sequence })
        }
        "shares" => Action::OpenShares(shares(words, names, id)),
        "open-own" => {
            let signer = names.signer.borrow();
            let book = names.sealed.borrow();
            let of = words.take("of", &signer);
            let made = book.latest.get(of).map(|bid| &book.made[bid]);
            let secret = Bytes::new(made.map_or([7; 32], |made| made.secret).to_vec()).unwrap();
            Action::OpenOwnBid(OpenOwnBid { tender: id, secret })
        }
        _ => return None,
    })
}

/// Remembers which bids are live.
pub fn name(names: &Names, event: &Event) {
    let mut book = names.sealed.borrow_mut();
    match event {
        Event::BidSubmitted { tender, bid, replaces } => {
            let signer = book.made[bid].signer.clone();
            book.latest.insert(signer, *bid);
            let live = book.live.entry(*tender).or_default();
            live.insert(*bid);
            if let Some(former) = replaces {
                live.remove(former);
            }
        }
        Event::BidWithdrawn { tender, bid } => {
            book.live.entry(*tender).or_default().remove(bid);
        }
        _ => {}
    }
}

/// Compares the sealed bid under a one-time key.
pub fn check(chain: &Chain, signer: &str, expected: &[&str], place: &str) {
    let bid = chain.read(&BidKey(&key(signer).public_key())).expect(place);
    for (name, value) in &Words::of(expected.iter().copied()).named {
        let found = match *name {
            "status" => bid.status.name().to_owned(),
            "seq" => bid.sequence.to_string(),
            "order" => bid.order.to_string(),
            "secret" => if bid.secret.is_some() { "known" } else { "unknown" }.to_owned(),
            name => panic!("{place}: a bid has no {name}"),
        };
        assert_eq!(found, *value, "{place}: {name}");
    }
}

/// Compares the bid of a bidder that counts in a tender, or says that there is none.
pub fn check_opened(chain: &Chain, names: &Names, of: &str, bidder: &str, expected: &str, place: &str) {
    let opened = chain.read(&OpenedBidKey(&tender(names, of), &code(bidder)));
    let found = opened.map_or("none".to_owned(), |opened| {
        let price = opened.offer.prices.first().unwrap().price;
        (price.minor() / 100).to_string()
    });
    assert_eq!(found, expected, "{place}");
}
