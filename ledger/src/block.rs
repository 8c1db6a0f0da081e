//! Blocks: a header that commits to everything, and the transactions it orders.

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Decoder, Encode};

use crate::codec::{self, CodecError};
use crate::crypto::PublicKey;
use crate::hash::{StateRoot, TransactionRoot, ValidatorSetHash, hash_type, sha256};
use crate::id::Height;
use crate::merkle::log;
use crate::time::BlockTime;

hash_type! {
    /// SHA-256 of a header's encoding: the name of a block. Height 0 is named by the genesis hash.
    Id
}

/// What a block says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Header {
    /// Version of the rules and formats under which the block was made.
    #[n(0)]
    pub version: u32,
    /// Position in the chain, from 1.
    #[n(1)]
    pub height: Height,
    /// The agreed instant, strictly later than that of the previous block.
    #[n(2)]
    pub time: BlockTime,
    /// The block before; for height 1 the genesis hash.
    #[n(3)]
    pub previous: Id,
    /// Voting key of the validator that made the block.
    #[n(4)]
    pub proposer: PublicKey,
    /// RFC 6962 root over the transactions' bytes.
    #[n(5)]
    pub transaction_root: TransactionRoot,
    /// Root of the state map after these transactions.
    #[n(6)]
    pub state_root: StateRoot,
    /// Hash of the validator set that decides this block.
    #[n(7)]
    pub validators: ValidatorSetHash,
}

/// The version this code writes in headers.
pub const VERSION: u32 = 1;
/// Largest encoding of a header, in bytes.
pub const MAX_HEADER_BYTES: usize = 512;
/// Largest leaf of the log, in bytes: the limit of C2SP tlog-tiles entries.
pub const MAX_LEAF_BYTES: usize = 65_535;
/// Most transactions in one block, whatever its limit in bytes.
pub const MAX_TRANSACTIONS: usize = 20_000;
/// Largest encoding of a block, in bytes.
pub const MAX_BLOCK_BYTES: usize = 8 * 1024 * 1024;

impl Header {
    /// The deterministic encoding: the leaf that the log keeps.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(self)
    }

    /// Reads a header from untrusted bytes.
    ///
    /// # Errors
    /// [`CodecError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        codec::decode(bytes, MAX_HEADER_BYTES)
    }

    /// The block's name.
    pub fn id(&self) -> Id {
        Id::from_bytes(sha256(&self.encode()))
    }
}

/// A header and its transactions' bytes, not yet judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// What the block says of itself.
    pub header: Header,
    /// Transactions in their order, as signed.
    pub transactions: Vec<Vec<u8>>,
}

impl Block {
    /// RFC 6962 root over transactions.
    pub fn transaction_root<'a>(transactions: impl Iterator<Item = &'a [u8]>) -> TransactionRoot {
        let mut frontier = log::Frontier::default();
        transactions.for_each(|bytes| frontier.append(log::leaf_hash(bytes)));
        TransactionRoot::from_bytes(frontier.root())
    }

    /// The deterministic encoding: an array of the header's bytes and the transactions' bytes.
    pub fn encode(&self) -> Vec<u8> {
        codec::encode(&Wire {
            header: self.header.encode().into(),
            transactions: self.transactions.iter().cloned().map(Into::into).collect(),
        })
    }

    /// Reads a block from untrusted bytes; nothing about it is judged but its shape and sizes.
    ///
    /// # Errors
    /// [`CodecError`] for anything that is not the one encoding of a block within its limits.
    pub fn decode(bytes: &[u8]) -> Result<Self, CodecError> {
        let wire: Wire = codec::decode(bytes, MAX_BLOCK_BYTES)?;
        let header = Header::decode(&wire.header)?;
        Ok(Self { header, transactions: wire.transactions.into_iter().map(Into::into).collect() })
    }
}

#[derive(Encode)]
struct Wire {
    #[n(0)]
    header: ByteVec,
    #[n(1)]
    transactions: Vec<ByteVec>,
}

/// Counts and lengths are checked before anything is allocated for them: a transaction of no bytes
/// costs a sender one byte and a receiver dozens.
impl<'b> Decode<'b, ()> for Wire {
    fn decode(d: &mut Decoder<'b>, ctx: &mut ()) -> Result<Self, minicbor::decode::Error> {
        use minicbor::decode::Error;
        if d.array()? != Some(2) {
            return Err(Error::message("a block is an array of two"));
        }
        let header = ByteVec::decode(d, ctx)?;
        let count = d.array()?.ok_or_else(|| Error::message("transactions are an array of known length"))?;
        if count > MAX_TRANSACTIONS as u64 {
            return Err(Error::message("more transactions than a block may have"));
        }
        let transactions = (0..count)
            .map(|_| match d.bytes()? {
                leaf if leaf.len() > MAX_LEAF_BYTES => {
                    Err(Error::message("a transaction is longer than a leaf"))
                }
                leaf => Ok(leaf.to_vec().into()),
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { header, transactions })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a block whose transactions have these lengths.
    fn block_of(lengths: &[usize]) -> Vec<u8> {
        let header = Header {
            version: VERSION,
            height: Height::new(1),
            time: BlockTime::default(),
            previous: Id::default(),
            proposer: PublicKey::default(),
            transaction_root: TransactionRoot::default(),
            state_root: StateRoot::default(),
            validators: ValidatorSetHash::default(),
        };
        Block { header, transactions: lengths.iter().map(|length| vec![0; *length]).collect() }.encode()
    }

    #[test]
    fn counts_and_lengths_are_bounded() {
        let cases = [
            (vec![], true),
            (vec![0, 1, MAX_LEAF_BYTES], true),
            (vec![MAX_LEAF_BYTES + 1], false),
            (vec![0; MAX_TRANSACTIONS], true),
            (vec![0; MAX_TRANSACTIONS + 1], false),
        ];
        for (lengths, good) in cases {
            assert_eq!(Block::decode(&block_of(&lengths)).is_ok(), good, "{} transactions", lengths.len());
        }
        // A promise of more than was sent is refused where it is read.
        let mut promise = block_of(&[]);
        promise.pop();
        promise.extend([0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert!(Block::decode(&promise).is_err());
    }
}
