//! Sealed bids: dealings, the shares of an opening, stamps, envelopes and documents.
//!
//! Whoever has no secret makes nothing that holds, so whatever verifies must be the genuine one.

use std::convert::Infallible;
use std::sync::OnceLock;

use ledger::hash::tagged;
use rand_core::{TryCryptoRng, TryRng};
use sealing::Proof;
use sealing::bid::{BidContext, DealingBytes, Draft, KeyContext};
use sealing::committee::{Committee, Member, Seat};
use sealing::document::{Decryptor, DocumentKey, Encryptor};
use sealing::element::Element;
use sealing::envelope::{Secret, SizeClass, pad, unpad};
use sealing::handover::{
    ReceiverKey, ReceiverSecret, open_document_key, open_seat, seal_document_key, seal_seat,
};
use sealing::id::{CentreId, OneTimeKey, TenderId};
use sealing::message::docs_root;
use sealing::opening::{ChunkContext, LiveList, OpeningShares, open_with_dealer_secret};
use sealing::seat::{Registration, SeatSecret};
use sealing::stamp::{IssuerKey, MODULUS_LEN, Stamp};
use sealing::suite::{Ristretto255, Sm2, Suite as AnySuite};
use zeroize::Zeroizing;

type Suite = Ristretto255;

/// Bids of the chunk that the shares are for.
const BIDS: usize = 3;
/// Bytes of the document: more than one chunk.
pub(super) const DOCUMENT: usize = 70_000;

/// The same numbers in every run: the seeds are checked in.
struct Reproducible(u64);

impl TryRng for Reproducible {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes).map(|()| u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes).map(|()| u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for part in dst.chunks_mut(32) {
            let block = tagged("zhulian fuzzing of sealed bids", &[&self.0.to_be_bytes()]);
            part.copy_from_slice(&block[..part.len()]);
            self.0 += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Reproducible {}

/// A committee of four, three bids sealed to it, and what opens them.
pub(super) struct World {
    committee: Committee,
    dealers: Vec<Element>,
    pub(super) dealing: Vec<u8>,
    pub(super) envelope: Vec<u8>,
    key_context: KeyContext,
    secret: Secret,
    pub(super) shares: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    seat: Element,
    pub(super) seat_key: Vec<u8>,
    pub(super) document_key: Vec<u8>,
}

impl World {
    pub(super) fn get() -> &'static Self {
        static WORLD: OnceLock<World> = OnceLock::new();
        WORLD.get_or_init(Self::make)
    }

    fn make() -> Self {
        let mut rng = Reproducible(0);
        let secrets: Vec<SeatSecret> = (0..4).map(|_| SeatSecret::generate(&mut rng)).collect();
        let members = (1u8..).zip(&secrets);
        let members = members
            .map(|(number, s)| Member { centre: CentreId::from_bytes([number; 32]), key: *s.public() });
        let committee = Committee::new("test", 1, 3, members).expect("four seats");
        let padded = pad(b"a bid", SizeClass::Kib1).expect("it is short");
        let root = docs_root::<Suite>(&[]);
        let bids: Vec<_> = (0..BIDS)
            .map(|_| Draft::new(bid(&committee), &mut rng).finish(&padded, &root, &mut rng))
            .collect();
        let dealers: Vec<Element> = bids.iter().map(|bid| *bid.dealing.dealer()).collect();
        let shares = chunk(&committee).give(Seat::FIRST, &secrets[0], &dealers, &mut rng).expect("its seat");
        let receiver = receiver().public();
        let seat_key =
            seal_seat(&secrets[0], &registration(), SUCCESSOR, &receiver, &mut rng).expect("a key");
        let document_key =
            seal_document_key(&document_key(), "test", &TenderId::from_bytes([1; 32]), &receiver, &mut rng);
        let (first, dealing) = (&bids[0], bids[0].dealing.encode());
        let split = DealingBytes::split(&dealing, 4).expect("a dealing");
        let secret = open_with_dealer_secret(&committee, &split, &first.dealer_secret.encode());
        Self {
            key_context: bid(&committee).key_context(&split),
            secret: secret.expect("its own secret"),
            envelope: first.envelope.clone(),
            shares: shares.encode(),
            ciphertext: encrypt(&vec![7; DOCUMENT]),
            seat: *secrets[0].public(),
            seat_key,
            document_key: document_key.expect("a key"),
            dealers,
            dealing,
            committee,
        }
    }
}

fn bid(committee: &Committee) -> BidContext<'_> {
    let one_time_key = OneTimeKey::from_bytes([2; 32]);
    BidContext { committee, tender: TenderId::from_bytes([1; 32]), one_time_key, sequence: 1 }
}

fn chunk(committee: &Committee) -> ChunkContext<'_> {
    let tender = TenderId::from_bytes([1; 32]);
    ChunkContext { committee, tender, live_root: LiveList::new([]).root::<Suite>(&tender), chunk: 0 }
}

/// Who takes over the seat.
const SUCCESSOR: CentreId = CentreId::from_bytes([9; 32]);

/// Whom keys are handed to.
fn receiver() -> ReceiverSecret {
    ReceiverSecret::from_bytes(&Zeroizing::new([5; 32]))
}

const fn registration() -> Registration<'static> {
    Registration { chain_id: "test", epoch: 1, centre: CentreId::from_bytes([1; 32]) }
}

fn document_key() -> DocumentKey {
    DocumentKey::from_bytes(&Zeroizing::new([3; 32]))
}

fn encrypt(plaintext: &[u8]) -> Vec<u8> {
    let chunks = Encryptor::new(document_key(), plaintext.len() as u64, [plaintext]).expect("it is short");
    chunks.map(|chunk| chunk.expect("the announced length")).collect::<Vec<_>>().concat()
}

/// A dealing has one encoding, and of all bytes only the genuine ones verify.
pub fn dealing(bytes: &[u8]) {
    let world = World::get();
    let Ok(split) = DealingBytes::<Suite>::split(bytes, 4) else {
        assert_ne!(bytes.len(), DealingBytes::<Suite>::len_for(4));
        return;
    };
    let Ok(decoded) = split.decode() else { return };
    assert_eq!(decoded.encode(), bytes);
    let judged = bid(&world.committee).verify(&decoded, &world.envelope, &docs_root::<Suite>(&[]));
    assert_eq!(judged.is_ok(), bytes == world.dealing);
}

/// Shares have one encoding; only the genuine ones verify, and for their seat only.
pub fn shares(bytes: &[u8]) {
    let world = World::get();
    for bids in [1, 2, 256, 257] {
        if let Ok(decoded) = OpeningShares::<Suite>::decode(bytes, bids) {
            assert_eq!((decoded.encode().as_slice(), decoded.shares().len()), (bytes, bids));
        }
    }
    let Ok(decoded) = OpeningShares::<Suite>::decode(bytes, BIDS) else { return };
    assert_eq!(decoded.encode(), bytes);
    let chunk = chunk(&world.committee);
    let second = Seat::new(2).expect("a seat");
    assert!(chunk.verify(second, &world.dealers, decoded.clone()).is_err());
    let judged = chunk.verify(Seat::FIRST, &world.dealers, decoded);
    assert_eq!(judged.is_ok(), bytes == world.shares);
}

/// A stamp has one encoding, and nobody forges one; every modulus that is taken can be judged with.
pub fn stamp(bytes: &[u8]) {
    let modulus = bytes.last_chunk::<MODULUS_LEN>().and_then(|modulus| IssuerKey::from_modulus(modulus).ok());
    let Ok(stamp) = Stamp::decode(bytes) else { return };
    assert_eq!(stamp.encode(), bytes);
    let fixed = IssuerKey::from_modulus(&[0xc5; MODULUS_LEN]).expect("odd, and of its length");
    for key in [Some(fixed), modulus].into_iter().flatten() {
        let forged = stamp.verify::<Suite>(&key, "test", &OneTimeKey::from_bytes([2; 32]));
        assert!(forged.is_err());
    }
}

/// An envelope opens only when it is the genuine one; what is unpadded comes back when it is padded.
pub fn envelope(bytes: &[u8]) {
    let world = World::get();
    let opened = world.secret.open(&world.key_context, bytes);
    assert_eq!(opened.is_ok(), bytes == world.envelope);
    if let Ok(payload) = unpad(bytes) {
        assert!(bytes.starts_with(payload) && payload.len() < bytes.len());
        let class = SizeClass::ALL.into_iter().find(|class| class.padded_len() == bytes.len());
        if let Some(class) = class {
            assert_eq!(pad(payload, class).expect("it fitted").as_slice(), bytes);
        }
    }
}

/// A document decrypts only when it is the genuine one, in whatever pieces it comes. The first byte gives their size.
pub fn ciphertext(bytes: &[u8]) {
    let world = World::get();
    let Some((size, cipher)) = bytes.split_first() else { return };
    let pieces = cipher.chunks(1 + usize::from(*size) * 997);
    let opened = Decryptor::new(document_key(), DOCUMENT as u64, pieces).expect("it is short");
    let opened: Result<Vec<Vec<u8>>, _> = opened.collect();
    assert_eq!(opened.is_ok(), cipher == world.ciphertext);
    if let Ok(chunks) = opened {
        assert!(chunks.concat() == vec![7; DOCUMENT]);
    }
}

/// Points, scalars and proofs of both suites have one encoding each.
pub fn elements(bytes: &[u8]) {
    elements_of::<Ristretto255>(bytes);
    elements_of::<Sm2>(bytes);
}

fn elements_of<S: AnySuite>(bytes: &[u8]) {
    if let Ok(element) = Element::<S>::decode(bytes) {
        assert_eq!(element.as_bytes(), bytes);
    }
    if let Ok(proof) = Proof::<S>::decode(bytes) {
        assert_eq!(proof.encode().as_slice(), bytes);
    }
    if let Ok(scalar) = bytes.try_into()
        && let Ok(secret) = SeatSecret::<S>::decode(&Zeroizing::new(scalar))
    {
        assert_eq!(secret.encode().as_slice(), bytes);
        assert_eq!(Element::<S>::decode(secret.public().as_bytes()).as_ref(), Ok(secret.public()));
    }
}

/// A point and a scalar of each suite, and a proof's length of bytes.
pub(super) fn elements_seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut rng = Reproducible(1 << 32);
    let (one, other) =
        (SeatSecret::<Ristretto255>::generate(&mut rng), SeatSecret::<Sm2>::generate(&mut rng));
    vec![
        ("point", one.public().as_bytes().to_vec()),
        ("scalar", one.encode().to_vec()),
        ("point of sm2", other.public().as_bytes().to_vec()),
        ("scalar of sm2", other.encode().to_vec()),
        ("two scalars", [one.encode().as_slice(), other.encode().as_slice()].concat()),
    ]
}

/// Only the genuine bytes open, each for its purpose.
pub fn handover(bytes: &[u8]) {
    let (world, tender) = (World::get(), TenderId::from_bytes([1; 32]));
    let key = open_document_key::<Suite>(&receiver(), "test", &tender, bytes);
    assert_eq!(key.is_ok(), bytes == world.document_key);
    assert!(open_document_key::<Suite>(&receiver(), "other", &tender, bytes).is_err());
    let seat = open_seat::<Suite>(&receiver(), &registration(), SUCCESSOR, &world.seat, bytes);
    assert_eq!(seat.is_ok(), bytes == world.seat_key);
    if let Ok(receiver) = bytes.try_into().map(ReceiverKey::from_bytes) {
        let sealed = seal_document_key(&document_key(), "test", &tender, &receiver, &mut Reproducible(0));
        assert!(sealed.is_err() || sealed.is_ok_and(|sealed| sealed.len() == sealing::handover::SEALED_LEN));
    }
}
