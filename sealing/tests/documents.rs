//! Documents in chunks: lengths, pieces of every size, and everything that can be done to a ciphertext.

mod common;

use common::{Script, context, network};
use proptest::prelude::*;
use sealing::bid::Draft;
use sealing::document::{
    CHUNK, CIPHER_CHUNK, Decryptor, DocumentError, DocumentKey, Encryptor, LEN_MAX, cipher_len, padded_len,
};
use sealing::suite::{Ristretto255, Suite};
use zeroize::Zeroizing;

fn key<S: Suite>() -> DocumentKey<S> {
    DocumentKey::from_bytes(&Zeroizing::new([7; 32]))
}

fn document(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 % 251) as u8 + 1).collect()
}

fn encrypt<S: Suite>(key: DocumentKey<S>, plaintext: &[u8], piece: usize) -> Vec<u8> {
    let chunks = Encryptor::new(key, plaintext.len() as u64, plaintext.chunks(piece)).unwrap();
    chunks.collect::<Result<Vec<_>, _>>().unwrap().concat()
}

fn decrypt<S: Suite>(
    key: DocumentKey<S>,
    len: u64,
    cipher: &[u8],
    piece: usize,
) -> Result<Vec<u8>, DocumentError> {
    let chunks = Decryptor::new(key, len, cipher.chunks(piece))?;
    Ok(chunks.collect::<Result<Vec<_>, _>>()?.concat())
}

/// Lengths of the paper's algorithm.
#[test]
fn lengths_are_padme() {
    let cases = [
        (0, 0),
        (1, 1),
        (2, 2),
        (3, 3),
        (8, 8),
        (9, 10),
        (100, 104),
        (1000, 1024),
        (1025, 1088),
        (65_536, 65_536),
        (65_537, 67_584),
        (50_000_000, 50_331_648),
        (LEN_MAX, LEN_MAX),
    ];
    for (len, padded) in cases {
        assert_eq!(padded_len(len), padded, "{len}");
    }
    for len in (1..5000).chain((0..64).map(|i| (LEN_MAX >> 7) + i * 977)) {
        let padded = padded_len(len);
        assert!(padded >= len && (padded - len) * 100 <= len * 12, "{len}");
        assert_eq!(padded_len(padded), padded, "a padded length is its own");
    }
}

#[test]
fn documents_of_every_edge_come_back() {
    let edges = [0, 1, 2, 15, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 77, 5 * CHUNK];
    for len in edges {
        let plaintext = document(len);
        let whole = encrypt::<Ristretto255>(key(), &plaintext, usize::MAX);
        assert_eq!(whole.len() as u64, cipher_len(len as u64), "{len}");
        for piece in [1 << 10, CHUNK, CIPHER_CHUNK, 100_000, usize::MAX] {
            assert!(encrypt::<Ristretto255>(key(), &plaintext, piece) == whole, "{len} in {piece}");
            assert!(decrypt::<Ristretto255>(key(), len as u64, &whole, piece).unwrap() == plaintext);
        }
    }
    #[cfg(feature = "sm2")]
    {
        let plaintext = document(CHUNK + 5);
        let cipher = encrypt::<sealing::suite::Sm2>(key(), &plaintext, 999);
        assert!(
            decrypt::<sealing::suite::Sm2>(key(), plaintext.len() as u64, &cipher, 1001).unwrap()
                == plaintext
        );
    }
}

#[test]
fn what_was_done_to_a_ciphertext_is_noticed() {
    let len = 3 * CHUNK + 100;
    let plaintext = document(len);
    let good = encrypt::<Ristretto255>(key(), &plaintext, CHUNK);
    let open = |cipher: &[u8]| decrypt::<Ristretto255>(key(), len as u64, cipher, 50_000);
    open(&good).unwrap();
    let mut flipped = good.clone();
    flipped[CIPHER_CHUNK + 5] ^= 1;
    assert_eq!(open(&flipped), Err(DocumentError::Chunk(1)));
    let swapped =
        [&good[CIPHER_CHUNK..2 * CIPHER_CHUNK], &good[..CIPHER_CHUNK], &good[2 * CIPHER_CHUNK..]].concat();
    assert_eq!(open(&swapped), Err(DocumentError::Chunk(0)));
    for cut in [0, 1, 15, CIPHER_CHUNK, good.len() - 1] {
        assert!(matches!(open(&good[..cut]), Err(DocumentError::Length { .. })), "{cut}");
    }
    assert!(matches!(open(&[&good[..], &[0]].concat()), Err(DocumentError::Length { .. })));
    // Cut at a chunk, with a manifest that fits: the last chunk was not made as a last one.
    let shorter = 2 * CHUNK as u64;
    assert_eq!(padded_len(shorter), shorter);
    assert_eq!(
        decrypt::<Ristretto255>(key(), shorter, &good[..2 * CIPHER_CHUNK], 9999),
        Err(DocumentError::Chunk(1))
    );
    let other = DocumentKey::from_bytes(&Zeroizing::new([8; 32]));
    assert_eq!(decrypt::<Ristretto255>(other, len as u64, &good, 9999), Err(DocumentError::Chunk(0)));
    // A manifest that says less than there is: what follows is no padding.
    let close =
        (1..1000).map(|less| len as u64 - less).find(|l| padded_len(*l) == padded_len(len as u64)).unwrap();
    assert_eq!(decrypt::<Ristretto255>(key(), close, &good, 9999), Err(DocumentError::Padding));
}

#[test]
fn announced_lengths_are_held() {
    let pieces = || document(1000).chunks(300).map(<[u8]>::to_vec).collect::<Vec<_>>();
    let run = |len| Encryptor::<_, Ristretto255>::new(key(), len, pieces()).unwrap().last().unwrap();
    assert!(run(1000).is_ok());
    assert_eq!(run(1001), Err(DocumentError::Length { expected: 1001, found: 1000 }));
    assert_eq!(run(999), Err(DocumentError::Length { expected: 999, found: 1000 }));
    let long = Encryptor::<_, Ristretto255>::new(key(), LEN_MAX + 1, pieces());
    assert!(matches!(long, Err(DocumentError::TooLong(_))));
    assert!(matches!(
        Decryptor::<_, Ristretto255>::new(key(), u64::MAX, pieces()),
        Err(DocumentError::TooLong(_))
    ));
}

#[test]
fn every_document_of_a_bid_has_a_key_of_its_own() {
    let network = network::<Ristretto255>(4, 3);
    let draft = Draft::new(context(&network.committee), &mut Script::seeded(1));
    let keys: Vec<[u8; 32]> = [0, 1, 256].map(|i| **draft.document_key(i).as_bytes()).into();
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
    let other = Draft::new(context(&network.committee), &mut Script::seeded(2));
    assert_ne!(**other.document_key(0).as_bytes(), keys[0]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn documents_come_back(len in 0usize..300_000, out in 1usize..200_000, back in 1usize..200_000) {
        let plaintext = document(len);
        let cipher = encrypt::<Ristretto255>(key(), &plaintext, out);
        prop_assert!(decrypt::<Ristretto255>(key(), len as u64, &cipher, back).unwrap() == plaintext);
    }

    #[test]
    fn no_bit_can_change(len in 0usize..200_000, at: prop::sample::Index, bit in 0u8..8) {
        let mut cipher = encrypt::<Ristretto255>(key(), &document(len), CHUNK);
        let place = at.index(cipher.len());
        cipher[place] ^= 1 << bit;
        let opened = decrypt::<Ristretto255>(key(), len as u64, &cipher, CHUNK);
        prop_assert!(matches!(opened, Err(DocumentError::Chunk(_))));
    }
}
