//! Secrets handed to one receiver for one purpose.
#![cfg(feature = "handover")]

mod common;

use common::{CHAIN, EPOCH, Script, centre};
use sealing::document::DocumentKey;
use sealing::handover::{
    HandoverError, ReceiverKey, ReceiverSecret, SEALED_LEN, open_document_key, open_seat, seal_document_key,
    seal_seat,
};
use sealing::id::TenderId;
use sealing::seat::{Registration, SeatSecret};
use sealing::suite::Ristretto255;
use zeroize::Zeroizing;

type S = Ristretto255;

#[test]
fn a_seat_key_reaches_its_successor_only() {
    let mut rng = Script::seeded(1);
    let secret = SeatSecret::<S>::generate(&mut rng);
    let (receiver, stranger) = (ReceiverSecret::generate(&mut rng), ReceiverSecret::generate(&mut rng));
    let seat = Registration { chain_id: CHAIN, epoch: EPOCH, centre: centre(1) };
    let sealed = seal_seat(&secret, &seat, centre(9), &receiver.public(), &mut rng).unwrap();
    assert_eq!(sealed.len(), SEALED_LEN);
    let again = ReceiverSecret::from_bytes(receiver.as_bytes());
    let opened = open_seat(&again, &seat, centre(9), secret.public(), &sealed).unwrap();
    assert_eq!(*opened.encode(), *secret.encode());

    let open = |who: &ReceiverSecret, seat: &Registration<'_>, to, sealed: &[u8]| {
        open_seat(who, seat, centre(to), secret.public(), sealed).map(|_| ()).unwrap_err()
    };
    assert_eq!(open(&stranger, &seat, 9, &sealed), HandoverError::Sealed);
    assert_eq!(open(&receiver, &seat, 8, &sealed), HandoverError::Sealed);
    for other in [
        Registration { chain_id: "chain-y", ..seat },
        Registration { epoch: EPOCH + 1, ..seat },
        Registration { centre: centre(2), ..seat },
    ] {
        assert_eq!(open(&receiver, &other, 9, &sealed), HandoverError::Sealed);
    }
    for at in [0, 31, 32, 79] {
        let mut bad = sealed.clone();
        bad[at] ^= 1;
        assert_eq!(open(&receiver, &seat, 9, &bad), HandoverError::Sealed);
    }
    for len in [0, 31, 32, 79] {
        assert_eq!(open(&receiver, &seat, 9, &sealed[..len]), HandoverError::Sealed);
    }
    let other = SeatSecret::<S>::generate(&mut rng);
    let refused = open_seat(&receiver, &seat, centre(9), other.public(), &sealed).map(|_| ());
    assert_eq!(refused, Err(HandoverError::OtherKey));
    let small_order = ReceiverKey::from_bytes([0; 32]);
    let refused = seal_seat(&secret, &seat, centre(9), &small_order, &mut rng);
    assert_eq!(refused, Err(HandoverError::Receiver));
}

#[test]
fn a_document_key_reaches_the_organiser_only() {
    let mut rng = Script::seeded(2);
    let organiser = ReceiverSecret::generate(&mut rng);
    let key = DocumentKey::<S>::from_bytes(&Zeroizing::new([5; 32]));
    let tender = TenderId::from_bytes([1; 32]);
    let sealed = seal_document_key(&key, CHAIN, &tender, &organiser.public(), &mut rng).unwrap();
    let opened = open_document_key::<S>(&organiser, CHAIN, &tender, &sealed).unwrap();
    assert_eq!(opened.as_bytes(), key.as_bytes());
    let other = TenderId::from_bytes([2; 32]);
    assert!(open_document_key::<S>(&organiser, CHAIN, &other, &sealed).is_err());
    // A seat key and a document key are sealed for different purposes.
    let seat = Registration { chain_id: CHAIN, epoch: EPOCH, centre: centre(1) };
    let secret = SeatSecret::<S>::generate(&mut rng);
    let refused = open_seat(&organiser, &seat, centre(1), secret.public(), &sealed).map(|_| ());
    assert_eq!(refused, Err(HandoverError::Sealed));
}
