//! Constants of the standards, against what suite 0x01 makes of the crates it uses.

use sealing::suite::{Ristretto255, Suite};
use zeroize::Zeroizing;

type S = Ristretto255;

fn hex<const N: usize>(text: &str) -> [u8; N] {
    hex::decode(text).unwrap().try_into().unwrap()
}

/// RFC 9496, appendix A.1: multiples of the generator.
#[test]
fn multiples_of_the_generator_are_those_of_rfc_9496() {
    let multiples = [
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
        "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
    ];
    for (number, expected) in (1u64..).zip(multiples) {
        let point = S::mul_base(&number.into());
        assert_eq!(S::encode_point(&point), hex(expected));
        assert_eq!(S::decode_point(&hex(expected)), Some(point));
    }
}

/// RFC 9496, appendix A.2: encodings that must be refused; and the identity, which this scheme refuses too.
#[test]
fn bad_encodings_of_rfc_9496_are_refused() {
    let bad = [
        // Non-canonical field elements.
        "00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        // Negative field elements.
        "0100000000000000000000000000000000000000000000000000000000000000",
        "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "ed57ffd8c914fb201471d1c3d245ce3c746fcbe63a3679d51b6a516ebebe0e20",
        "c34c4e1826e5d403b78e246e88aa051c36ccf0aafebffe137d148a2bf9104562",
        "c940e5a4404157cfb1628b108db051a8d439e1a421394ec4ebccb9ec92a8ac78",
        "47cfc5497c53dc8e61c91d17fd626ffb1c49e2bca94eed052281b510b1117a24",
        "f1c6165d33367351b0da8f6e4511010c68174a03b6581212c71c0e1d026c3c72",
        "87260f7a2f12495118360f02c26a470f450dadf34a413d21042b43b9d93e1309",
        // Non-square x^2.
        "26948d35ca62e643e26a83177332e6b6afeb9d08e4268b650f1f5bbd8d81d371",
        "4eac077a713c57b4f4397629a4145982c661f48044dd3f96427d40b147d9742f",
        "de6a7b00deadc788eb6b6c8d20c0ae96c2f2019078fa604fee5b87d6e989ad7b",
        "bcab477be20861e01e4a0e295284146a510150d9817763caf1a6f4b422d67042",
        "2a292df7e32cababbd9de088d1d1abec9fc0440f637ed2fba145094dc14bea08",
        "f4a9e534fc0d216c44b218fa0c42d99635a0127ee2e53c712f70609649fdff22",
        "8268436f8c4126196cf64b3c7ddbda90746a378625f9813dd9b8457077256731",
        "2810e5cbc2cc4d4eece54f61c6f69758e289aa7ab440b3cbeaa21995c2f4232b",
        // Negative x y.
        "3eb858e78f5a7254d8c9731174a94f76755fd3941c0ac93735c07ba14579630e",
        "a45fdc55c76448c049a1ab33f17023edfb2be3581e9c7aade8a6125215e04220",
        "d483fe813c6ba647ebbfd3ec41adca1c6130c2beeee9d9bf065c8d151c5f396e",
        "8a2e1d30050198c65a54483123960ccc38aef6848e1ec8f5f780e8523769ba32",
        "32888462f8b486c68ad7dd9610be5192bbeaf3b443951ac1a8118419d9fa097b",
        "227142501b9d4355ccba290404bde41575b037693cef1f438c47f8fbf35d1165",
        // s = -1, which makes y = 0.
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        // The identity.
        "0000000000000000000000000000000000000000000000000000000000000000",
    ];
    for encoding in bad {
        assert!(S::decode_point(&hex(encoding)).is_none(), "{encoding}");
    }
}

/// A scalar has one encoding: the order itself and everything above is refused.
#[test]
fn scalars_from_the_order_on_are_refused() {
    let order = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
    assert!(S::decode_scalar(&hex(order)).is_none());
    assert!(S::decode_scalar(&[0xff; 32]).is_none());
    let mut below: [u8; 32] = hex(order);
    below[0] -= 1;
    let last = S::decode_scalar(&below).unwrap();
    assert_eq!(last + <S as Suite>::Scalar::from(1u64), <S as Suite>::Scalar::from(0u64));
}

/// RFC 5869 has vectors for other hashes only, so: the inputs of its appendix A.1, and HMAC of another library.
#[test]
fn keys_are_derived_as_in_rfc_5869() {
    let (secret, salt, info) =
        ([0x0b; 22], hex::<13>("000102030405060708090a0b0c"), hex::<10>("f0f1f2f3f4f5f6f7f8f9"));
    let mac = |key: &[u8], message: &[u8]| {
        ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA512, key), message).as_ref().to_vec()
    };
    let block = mac(&mac(&salt, &secret), &[&info[..], &[1]].concat());
    let derived = S::derive(&salt, &secret, &info);
    assert_eq!(derived.as_slice(), &block[..32]);
    assert_eq!(*derived, hex("832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c14815793"));
}

/// RFC 8439, section 2.8.2.
#[test]
fn the_aead_is_that_of_rfc_8439() {
    let key = Zeroizing::new(hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"));
    let (nonce, aad) = (hex("070000004041424344454647"), hex::<12>("50515253c0c1c2c3c4c5c6c7"));
    let text = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the \
                 future, sunscreen would be it.";
    let mut buffer = text.to_vec();
    S::encrypt(&key, &nonce, &aad, &mut buffer);
    assert_eq!(buffer[..16], hex::<16>("d31a8d34648e60db7b86afbc53ef7ec2"));
    assert_eq!(buffer[text.len()..], hex::<16>("1ae10b594f09e26a7e902ecbd0600691"));
    let mut changed = buffer.clone();
    assert!(S::decrypt(&key, &nonce, &aad, &mut buffer));
    assert_eq!(buffer, text);
    changed[3] ^= 1;
    assert!(!S::decrypt(&key, &nonce, &aad, &mut changed));
    assert!(changed.is_empty(), "what is not authentic is not given out");
}
