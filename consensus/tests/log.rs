//! The write-ahead log: what a crash may do to it, and what only a fault can.

mod support;

use std::sync::Arc;

use consensus::Record;
use consensus::TimeoutKind;
use consensus::error::LogError;
use consensus::log::{ALIGNMENT, Key, Recovered, encode_frame, scan};
use consensus::message::PolkaCertificate;
use ledger::certificate::{CommitSignature, VoteType};
use ledger::id::Height;
use support::{Rng, body_id, chain_id, keys, make_body, signed_proposal, signed_vote};

const HEIGHT: Height = Height::new(7);

fn key() -> Key {
    Key::derive(&keys(1)[0], &chain_id()).expect("a key in memory signs")
}

/// The log key of somebody else.
fn other_key() -> Key {
    let own = keys(1)[0].public_key();
    let all = keys(2);
    let other = all.iter().find(|key| key.public_key() != own).expect("two keys");
    Key::derive(other, &chain_id()).expect("a key in memory signs")
}

fn records() -> Vec<Vec<Record>> {
    let signer = &keys(1)[0];
    let (id, body) = make_body(HEIGHT, 0, 1);
    let vote = signed_vote(signer, 7, 0, VoteType::Prevote, Some(id));
    let polka = CommitSignature { public_key: vote.vote.voter, signature: vote.signature };
    vec![
        vec![
            Record::Proposal(signed_proposal(signer, 7, 0, id, None)),
            Record::Body { block_id: id, body },
            Record::Verdict {
                round: 0,
                block_id: id,
                proposer: signer.public_key(),
                valid: true,
                valid_round: None,
            },
            Record::Vote(vote),
        ],
        vec![
            Record::Timeout { round: 0, kind: TimeoutKind::Prevote },
            Record::Polka(PolkaCertificate {
                height: HEIGHT,
                round: 0,
                block_id: id,
                signatures: vec![polka; 3],
            }),
        ],
        vec![
            Record::Vote(signed_vote(signer, 7, 0, VoteType::Precommit, None)),
            Record::Proposal(signed_proposal(signer, 7, 3, id, Some(1))),
        ],
    ]
}

fn frames(generation: Height) -> Vec<Vec<u8>> {
    let encode = |(i, records): (usize, &Vec<Record>)| {
        encode_frame(&key(), generation, i as u32, records).expect("small enough")
    };
    records().iter().enumerate().map(encode).collect()
}

/// A preallocated file that begins with these bytes.
fn file(bytes: &[u8]) -> Vec<u8> {
    let mut file = bytes.to_vec();
    file.resize(bytes.len().next_multiple_of(ALIGNMENT) + 8 * ALIGNMENT, 0);
    file
}

fn read(bytes: &[u8]) -> Result<Recovered, LogError> {
    scan(&key(), bytes, HEIGHT)
}

#[test]
fn frames_are_read_back_in_order() {
    let whole = frames(HEIGHT).concat();
    let expected = records().concat();
    for bytes in [file(&whole), whole.clone()] {
        let found = read(&bytes).expect("intact");
        assert_eq!(
            found,
            Recovered { records: expected.clone(), end: whole.len(), next_sequence: 3, torn_tail: false }
        );
    }
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let nothing = Recovered { records: vec![], end: 0, next_sequence: 0, torn_tail: false };
    let cases: [(&str, Vec<u8>); 5] = [
        ("no file", vec![]),
        ("zeros", vec![0; 4096]),
        ("noise", (0..4096u32).map(|i| ((i * 7919) >> 3) as u8).collect()),
        ("an earlier height", file(&frames(Height::new(6)).concat())),
        ("a later height", file(&frames(Height::new(8)).concat())),
    ];
    for (name, bytes) in cases {
        assert_eq!(read(&bytes), Ok(nothing.clone()), "{name}");
    }
    assert_eq!(
        scan(&other_key(), &file(&frames(HEIGHT).concat()), HEIGHT).map(|found| found.records),
        Ok(vec![])
    );
}

#[test]
fn frames_of_an_earlier_height_behind_the_tail_are_ignored() {
    for earlier in [Height::new(6), Height::new(1)] {
        let mut bytes = frames(earlier).concat();
        bytes.extend(frames(earlier).concat());
        let first = &frames(HEIGHT)[0];
        bytes[..first.len()].copy_from_slice(first);
        let found = read(&bytes).expect("left-overs do no harm");
        assert_eq!(found.records, records()[0]);
        assert_eq!((found.end, found.next_sequence, found.torn_tail), (first.len(), 1, false));
    }
}

#[test]
fn a_last_frame_cut_anywhere_is_dropped() {
    for count in 1..=3 {
        let all = frames(HEIGHT);
        let whole: Vec<u8> = all[..count].concat();
        let start = whole.len() - all[count - 1].len();
        let expected = records()[..count - 1].concat();
        for cut in start..whole.len() {
            // The rest of the frame is what was in the file before: zeros, or an earlier height.
            for old in [vec![0; whole.len()], frames(Height::new(6)).concat()] {
                let mut bytes = old;
                bytes.resize(bytes.len().max(whole.len()), 0);
                bytes[..cut].copy_from_slice(&whole[..cut]);
                let found = read(&bytes).expect("a crash is no fault");
                if found.records.len() > expected.len() {
                    // Only padding was cut, and the old bytes there were zeros as well.
                    assert_eq!(bytes[cut..whole.len()], whole[cut..], "cut at {cut}");
                    continue;
                }
                assert_eq!((&found.records, found.end), (&expected, start), "cut at {cut}");
                assert_eq!(found.torn_tail, cut >= start + 16, "cut at {cut}");
            }
        }
        for cut in start..whole.len() {
            let found = read(&whole[..cut]).expect("a short file is no fault");
            assert_eq!((&found.records, found.end), (&expected, start));
        }
    }
}

#[test]
fn any_flipped_bit_before_the_last_frame_is_refused() {
    let all = frames(HEIGHT);
    let whole = file(&all.concat());
    let last = all[0].len() + all[1].len();
    for position in 0..last {
        for bit in [0, 3, 7] {
            let mut bytes = whole.clone();
            bytes[position] ^= 1 << bit;
            let offset = if position < all[0].len() { 0 } else { all[0].len() };
            assert_eq!(read(&bytes), Err(LogError::CorruptMiddle { offset }), "byte {position}");
        }
    }
}

#[test]
fn a_missing_or_repeated_middle_frame_is_refused() {
    let all = frames(HEIGHT);
    let cases = [
        ("first frame gone", [&all[1][..], &all[2]].concat(), 0),
        ("middle frame gone", [&all[0][..], &all[2]].concat(), all[0].len()),
        ("first frame twice", [&all[0][..], &all[0]].concat(), all[0].len()),
        ("a hole", [&all[0][..], &[0; ALIGNMENT], &all[1]].concat(), all[0].len()),
    ];
    for (name, bytes, offset) in cases {
        assert_eq!(read(&file(&bytes)), Err(LogError::CorruptMiddle { offset }), "{name}");
    }
}

#[test]
fn a_block_cannot_smuggle_a_frame_in() {
    let signer = &keys(1)[0];
    let forged = vec![Record::Vote(signed_vote(signer, 7, 9, VoteType::Prevote, None))];
    // A block that holds a frame at every alignment, in a frame of ours that a crash cut short.
    let torn_around = |forger: &Key| {
        let frame = encode_frame(forger, HEIGHT, 0, &forged).expect("small enough");
        let body: Vec<u8> = (0..ALIGNMENT).flat_map(|_| [frame.as_slice(), &[0; 1]].concat()).collect();
        let body: Arc<[u8]> = body.into();
        let record = Record::Body { block_id: body_id(&body), body };
        let mut whole = encode_frame(&key(), HEIGHT, 0, &[record]).expect("small enough");
        whole[100] ^= 1;
        read(&whole).map(|found| (found.records.len(), found.torn_tail))
    };
    assert_eq!(torn_around(&other_key()), Ok((0, true)));
    // With our key it would have worked.
    assert_eq!(torn_around(&key()), Err(LogError::CorruptMiddle { offset: 0 }));
}

#[test]
fn noise_never_panics() {
    let mut rng = Rng(1);
    let whole = file(&frames(HEIGHT).concat());
    for _ in 0..2_000 {
        let mut bytes = whole.clone();
        for _ in 0..=rng.below(6) {
            let position = rng.below(bytes.len() as u64) as usize;
            bytes[position] = rng.next() as u8;
        }
        bytes.truncate(rng.below(bytes.len() as u64 + 1) as usize);
        let _ = read(&bytes);
    }
}

#[test]
fn a_frame_has_a_largest_size() {
    let body: Arc<[u8]> = vec![0u8; 16 << 20].into();
    let record = Record::Body { block_id: body_id(b"any"), body };
    let records = vec![record; 9];
    assert!(matches!(encode_frame(&key(), HEIGHT, 0, &records), Err(LogError::FrameTooLarge { .. })));
}

#[test]
fn the_format_is_pinned() {
    // A change here breaks the restart of a running node: raise the version.
    let records = vec![Record::Timeout { round: 2, kind: TimeoutKind::Precommit }];
    let frame = encode_frame(&key(), HEIGHT, 5, &records).expect("small enough");
    let hex: String = frame[..24].iter().chain(&frame[48..54]).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "7a57414c0001000000000000000000070000000500000006818203820203");
    assert_eq!(frame.len(), ALIGNMENT);
}
