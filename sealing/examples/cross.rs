//! The other side of the browser's sealer, for tests: each round it seals a bid, and opens one that it is given.
//!
//! A line of JSON in and a line out. First comes `{"n": .., "k": ..}`; the answer is a committee with fresh keys, a bid sealed to it
//! and the shares of every seat. Then comes a bid that was sealed to this committee; the answer is what it says, opened by the
//! seats that were named and by its dealer's secret.

use std::io::{BufRead, Write, stdin, stdout};

use getrandom::SysRng;
use rand_core::UnwrapErr;
use sealing::bid::{BidContext, DealingBytes, Draft};
use sealing::committee::{Committee, Member, Seat};
use sealing::document::{Decryptor, Encryptor};
use sealing::element::Element;
use sealing::envelope::{SizeClass, pad};
use sealing::id::{CentreId, OneTimeKey, TenderId};
use sealing::message::{DocumentRef, docs_root};
use sealing::opening::{ChunkContext, LiveList, OpeningShares, Quorum, open_with_dealer_secret};
use sealing::seat::SeatSecret;
use sealing::suite::{Ristretto255, Suite};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

type Error = Box<dyn std::error::Error>;

const CHAIN: &str = "cross/0123456789abcdef";
const EPOCH: u64 = 1 << 40;

#[derive(Deserialize)]
struct Ask {
    n: usize,
    k: usize,
}

/// Bytes are hexadecimal.
#[derive(Serialize, Deserialize)]
struct Bid {
    one_time_key: String,
    sequence: u32,
    dealing: String,
    envelope: String,
    docs_root: String,
    bid: String,
    dealer_secret: String,
    document: String,
    document_len: u64,
    seats: Vec<u8>,
}

#[derive(Serialize)]
struct Round {
    chain_id: &'static str,
    epoch: String,
    tender: String,
    centres: Vec<String>,
    keys: Vec<String>,
    bid: Bid,
    payload: String,
    plaintext_sha256: String,
    live_root: String,
    shares: Vec<String>,
}

#[derive(Serialize)]
struct Opened {
    bid: String,
    payload: String,
    plaintext_sha256: String,
}

fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand_core::Rng::fill_bytes(&mut rng(), &mut bytes);
    bytes
}

fn array<const N: usize>(text: &str) -> Result<[u8; N], Error> {
    Ok(hex::decode(text)?.try_into().map_err(|_| "not as long as it must be")?)
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

struct Network {
    secrets: Vec<SeatSecret>,
    committee: Committee,
    tender: TenderId,
}

impl Network {
    fn new(ask: &Ask) -> Result<Self, Error> {
        let secrets: Vec<SeatSecret> = (0..ask.n).map(|_| SeatSecret::generate(&mut rng())).collect();
        let members = secrets.iter().map(|secret| (CentreId::from_bytes(random()), secret));
        let mut seated: Vec<(CentreId, &SeatSecret)> = members.collect();
        seated.sort_by_key(|(centre, _)| *centre);
        let members = seated.iter().map(|(centre, secret)| Member { centre: *centre, key: *secret.public() });
        let committee = Committee::new(CHAIN, EPOCH, ask.k, members)?;
        let order = |secret: &SeatSecret| {
            committee.members().iter().position(|member| member.key == *secret.public())
        };
        let mut secrets = secrets;
        secrets.sort_by_key(order);
        Ok(Self { committee, secrets, tender: TenderId::from_bytes(random()) })
    }

    fn context(&self, one_time_key: [u8; 32], sequence: u32) -> BidContext<'_> {
        let one_time_key = OneTimeKey::from_bytes(one_time_key);
        BidContext { committee: &self.committee, tender: self.tender, one_time_key, sequence }
    }

    fn chunk(&self, bid: [u8; 32]) -> ChunkContext<'_> {
        let live_root =
            LiveList::new([sealing::id::BidId::from_bytes(bid)]).root::<Ristretto255>(&self.tender);
        ChunkContext { committee: &self.committee, tender: self.tender, live_root, chunk: 0 }
    }

    fn give(&self, bid: [u8; 32], dealer: Element, number: u8) -> Result<OpeningShares, Error> {
        let seat = Seat::new(number).ok_or("no seat")?;
        let secret = self.secrets.get(seat.number() as usize - 1).ok_or("no such seat")?;
        Ok(self.chunk(bid).give(seat, secret, &[dealer], &mut rng())?)
    }

    /// Seals a bid with one document and gives the shares of every seat.
    fn seal(&self) -> Result<Round, Error> {
        let [length @ .., sequence] = random::<3>();
        let (payload, one_time_key) = (random::<200>(), random());
        let plaintext = vec![length[0] | 1; usize::from(u16::from_be_bytes(length)) * 3];
        let draft = Draft::new(self.context(one_time_key, sequence.into()), &mut rng());
        let chunks = Encryptor::new(draft.document_key(0), plaintext.len() as u64, [&plaintext])?;
        let document = chunks.collect::<Result<Vec<_>, _>>()?.concat();
        let cited = DocumentRef { sha256: sha256(&document), len: document.len() as u64 };
        let root = docs_root::<Ristretto255>(&[cited]);
        let sealed = draft.finish(&pad(&payload, SizeClass::Kib2)?, &root, &mut rng());
        let bid = *sealed.bid.as_bytes();
        let dealer = *sealed.dealing.dealer();
        let all = 1..=u8::try_from(self.secrets.len())?;
        let shares = all.map(|number| Ok(hex::encode(self.give(bid, dealer, number)?.encode())));
        let members = self.committee.members();
        Ok(Round {
            chain_id: CHAIN,
            epoch: EPOCH.to_string(),
            tender: self.tender.to_string(),
            centres: members.iter().map(|member| member.centre.to_string()).collect(),
            keys: members.iter().map(|member| hex::encode(member.key.as_bytes())).collect(),
            payload: hex::encode(payload),
            plaintext_sha256: hex::encode(sha256(&plaintext)),
            live_root: hex::encode(self.chunk(bid).live_root.as_bytes()),
            shares: shares.collect::<Result<_, Error>>()?,
            bid: Bid {
                one_time_key: hex::encode(one_time_key),
                sequence: sequence.into(),
                dealing: hex::encode(sealed.dealing.encode()),
                envelope: hex::encode(&sealed.envelope),
                docs_root: hex::encode(root.as_bytes()),
                bid: sealed.bid.to_string(),
                dealer_secret: hex::encode(*sealed.dealer_secret.encode()),
                document: hex::encode(&document),
                document_len: plaintext.len() as u64,
                seats: Vec::new(),
            },
        })
    }

    /// Judges a bid as a node does, opens it with the seats that are named, and compares with its dealer's secret.
    fn open(&self, bid: &Bid) -> Result<Opened, Error> {
        let context = self.context(array(&bid.one_time_key)?, bid.sequence);
        let (dealing, envelope) = (hex::decode(&bid.dealing)?, hex::decode(&bid.envelope)?);
        let split = DealingBytes::split(&dealing, self.secrets.len())?;
        let root = sealing::suite::Digest::from_slice(&hex::decode(&bid.docs_root)?).ok_or("no hash")?;
        let document = hex::decode(&bid.document)?;
        let cited = DocumentRef { sha256: sha256(&document), len: document.len() as u64 };
        if docs_root::<Ristretto255>(&[cited]) != root {
            return Err("the root of the documents is another".into());
        }
        let decoded = split.decode()?;
        let accepted = context.verify(&decoded, &envelope, &root)?;
        if accepted.bid.to_string() != bid.bid {
            return Err("the bid has another name".into());
        }
        let name = *accepted.bid.as_bytes();
        let shares = bid.seats.iter().map(|number| {
            let given = OpeningShares::decode(&self.give(name, *decoded.dealer(), *number)?.encode(), 1)?;
            let seat = Seat::new(*number).ok_or("no seat")?;
            Ok(self.chunk(name).verify(seat, &[*decoded.dealer()], given)?)
        });
        let shares = shares.collect::<Result<Vec<_>, Error>>()?;
        let secret = Quorum::new(&self.committee, shares.iter().collect())?.secret(0, &split)?;
        let own =
            open_with_dealer_secret(&self.committee, &split, &Zeroizing::new(array(&bid.dealer_secret)?))?;
        if secret != own {
            return Err("the dealer's secret opens otherwise".into());
        }
        let key = secret.document_key(&accepted.key_context, 0);
        let plaintext = Decryptor::new(key, bid.document_len, document.chunks(10_000))?;
        let plaintext = plaintext.collect::<Result<Vec<_>, _>>()?.concat();
        Ok(Opened {
            bid: accepted.bid.to_string(),
            payload: hex::encode(secret.open(&accepted.key_context, &envelope)?),
            plaintext_sha256: hex::encode(sha256(&plaintext)),
        })
    }
}

fn say(value: &impl Serialize) -> Result<(), Error> {
    let mut out = stdout().lock();
    writeln!(out, "{}", serde_json::to_string(value)?)?;
    Ok(out.flush()?)
}

fn main() -> Result<(), Error> {
    const { assert!(Ristretto255::ID == 1) };
    let mut lines = stdin().lock().lines();
    while let Some(ask) = lines.next() {
        let network = Network::new(&serde_json::from_str(&ask?)?)?;
        say(&network.seal()?)?;
        let Some(bid) = lines.next() else { break };
        match network.open(&serde_json::from_str(&bid?)?) {
            Ok(opened) => say(&opened)?,
            Err(refused) => say(&serde_json::json!({ "refused": refused.to_string() }))?,
        }
    }
    Ok(())
}
