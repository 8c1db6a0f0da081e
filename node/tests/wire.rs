//! What nodes ask and answer: the published schema, sizes, and that nothing else is read.

#[path = "../../ledger/tests/support/cddl.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the tests of the ledger, which use all of it")]
mod cddl;

use ledger::certificate::CommitCertificate;
use ledger::hash::DocumentHash;
use ledger::id::Height;
use ledger::snapshot::{Link, MAX_CHUNK_BYTES, MAX_MANIFEST_BYTES};
use ledger::time::BlockTime;
use node::wire::{Answer, CertifiedBlock, MAX_DOCUMENT_PIECE, Question};

const DOCUMENT: &str = include_str!("../../docs/formats.md");

fn questions() -> Vec<Question> {
    let height = Height::new(u64::MAX);
    vec![
        Question::Tip,
        Question::Blocks { from: height },
        Question::Snapshot { at_most: height },
        Question::Chunk { height, hash: [0xff; 32] },
        Question::Links { top: height },
        Question::Eras { after: height },
        Question::Document { hash: DocumentHash::of(b""), offset: u64::MAX },
    ]
}

fn answers() -> Vec<Answer> {
    let certificate = CommitCertificate {
        height: Height::new(7),
        round: 0,
        block_id: ledger::block::Id::from_bytes([1; 32]),
        signatures: Vec::new(),
    };
    vec![
        Answer::Tip { height: Height::new(7), clock: BlockTime::default() },
        Answer::Blocks(vec![CertifiedBlock { certificate, body: vec![0x80].into() }]),
        Answer::Snapshot(vec![1, 2, 3].into()),
        Answer::Chunk(Vec::new().into()),
        Answer::Links(vec![Link { header: vec![1].into(), leaves: vec![0; 64].into() }]),
        Answer::Document(vec![1, 2, 3].into()),
    ]
}

#[test]
fn questions_and_answers_are_as_published() {
    let document = cddl::Document::of_markdown(DOCUMENT);
    for question in questions() {
        let bytes = question.encode();
        assert!(bytes.len() <= 64, "{question:?}");
        document.check("question", &bytes).unwrap_or_else(|why| panic!("{question:?}: {why}"));
        assert_eq!(Question::decode(&bytes), Ok(question));
    }
    for answer in answers() {
        let bytes = answer.encode();
        assert_eq!(Answer::decode(&bytes), Ok(answer.clone()));
        // Blocks and headers stand in these answers as bytes that are none, which the schema sees through.
        if !matches!(answer, Answer::Blocks(_) | Answer::Links(_)) {
            document.check("answer", &bytes).unwrap_or_else(|why| panic!("{answer:?}: {why}"));
        }
    }
    assert!(document.check("question", &answers()[2].encode()).is_err());
}

#[test]
fn answers_above_their_bounds_are_refused() {
    let cases = [
        (Answer::Snapshot(vec![0; MAX_MANIFEST_BYTES].into()), true),
        (Answer::Snapshot(vec![0; MAX_MANIFEST_BYTES + 1].into()), false),
        (Answer::Chunk(vec![0; MAX_CHUNK_BYTES].into()), true),
        (Answer::Chunk(vec![0; MAX_CHUNK_BYTES + 1].into()), false),
        (Answer::Document(vec![0; MAX_DOCUMENT_PIECE].into()), true),
        (Answer::Document(vec![0; MAX_DOCUMENT_PIECE + 1].into()), false),
    ];
    for (answer, good) in cases {
        assert_eq!(Answer::decode(&answer.encode()).is_ok(), good);
    }
    for question in questions() {
        let mut bytes = question.encode().to_vec();
        bytes.push(0);
        assert!(Question::decode(&bytes).is_err());
        bytes.truncate(bytes.len() - 2);
        assert!(Question::decode(&bytes).is_err());
    }
}
