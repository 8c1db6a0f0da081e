//! What a node reads from its peers outside consensus.

use ledger::block::MAX_LEAF_BYTES;
use node::wire::{self, Answer, MAX_GOSSIP_BYTES, MAX_GOSSIP_TRANSACTIONS, Question};

/// A batch of gossip keeps its bounds and can be packed and read again.
pub fn gossip(bytes: &[u8]) {
    let Ok(batch) = wire::read_gossip(bytes) else { return };
    assert!(bytes.len() <= MAX_GOSSIP_BYTES && batch.len() <= MAX_GOSSIP_TRANSACTIONS);
    assert!(batch.iter().all(|transaction| transaction.len() <= MAX_LEAF_BYTES));
    let frames = wire::gossip(batch.iter().map(Vec::as_slice));
    assert!(frames.iter().all(|frame| frame.len() <= MAX_GOSSIP_BYTES));
    let again: Vec<Vec<u8>> = frames
        .iter()
        .flat_map(|frame| wire::read_gossip(frame).expect("what was packed can be read"))
        .collect();
    assert_eq!(again, batch);
}

/// A question encodes to its bytes.
pub fn question(bytes: &[u8]) {
    if let Ok(question) = Question::decode(bytes) {
        assert_eq!(question.encode(), bytes);
    }
}

/// An answer encodes to its bytes; its blocks are left to the ledger's decoder, which must take them as they are.
pub fn answer(bytes: &[u8]) {
    let Ok(answer) = Answer::decode(bytes) else { return };
    assert_eq!(answer.encode(), bytes);
    let Answer::Blocks(blocks) = answer else { return };
    for block in blocks {
        let (certificate, body) = block.into_parts();
        super::ledger::certificate(&certificate.encode());
        super::ledger::block(&body);
    }
}
