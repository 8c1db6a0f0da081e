//! Blocks, transactions, receipts and answers to submissions as clients read them.

use ledger::block::Header;
use ledger::certificate::CommitCertificate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Action, Clock, Event, Problem};

/// What became of a submitted transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubmitStatus {
    /// On the ledger, for good.
    Committed,
    /// Waiting; not on the ledger yet.
    Pending,
    /// Not taken.
    Refused,
}

/// What became of one submitted transaction, with its place or the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SubmitResult {
    /// Name of the transaction, in hexadecimal; missing when the bytes are not a transaction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What became of it.
    pub status: SubmitStatus,
    /// The block, if committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u64>,
    /// Position in the block from 0, if committed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// Why it was not taken, if refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// Who signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signer {
    /// The Ed25519 public key, in hexadecimal.
    pub key: String,
    /// Credit code of the organisation it speaks for.
    pub organisation: Option<String>,
}

/// A transaction on the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Transaction {
    /// Its name, in hexadecimal.
    pub id: String,
    /// Who signed.
    pub signer: Signer,
    /// What was signed.
    pub action: Action,
    /// The last height at which it could be recorded.
    pub expiry: u64,
    /// The signer's salt, in hexadecimal.
    pub salt: String,
    /// Height of its block.
    pub height: u64,
    /// Position in the block, from 0.
    pub index: u32,
    /// Name of the block, in hexadecimal.
    pub block_id: String,
    /// Time of the block (RFC 3339).
    pub block_time: String,
    /// How block time relates to real time on this network.
    pub clock: Clock,
    /// What it caused, in order.
    pub events: Vec<Event>,
}

/// A block without its transactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlockSummary {
    /// Its name, in hexadecimal.
    pub id: String,
    /// Version of the rules and formats under which it was made.
    pub version: u32,
    /// Position in the chain, from 1.
    pub height: u64,
    /// The agreed instant (RFC 3339).
    pub time: String,
    /// Name of the block before; for height 1 the genesis hash.
    pub previous: String,
    /// Voting key of the validator that made it.
    pub proposer: String,
    /// RFC 6962 root over the transactions' bytes.
    pub transaction_root: String,
    /// Root of the state after it.
    pub state_root: String,
    /// Hash of the validator set that decided it.
    pub validators: String,
    /// How many transactions it has.
    pub transaction_count: u32,
}

impl BlockSummary {
    /// The block with this header.
    pub fn new(header: &Header, transaction_count: u32) -> Self {
        Self {
            id: header.id().to_string(),
            version: header.version,
            height: header.height.get(),
            time: header.time.to_string(),
            previous: header.previous.to_string(),
            proposer: header.proposer.to_string(),
            transaction_root: header.transaction_root.to_string(),
            state_root: header.state_root.to_string(),
            validators: header.validators.to_string(),
            transaction_count,
        }
    }
}

/// Why a block is final.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// The round of the height in which it was decided, from 0.
    pub round: u32,
    /// Voting keys of the validators whose precommits it holds, in hexadecimal.
    pub signers: Vec<String>,
    /// Its deterministic CBOR encoding, in hexadecimal.
    pub raw: String,
}

impl From<&CommitCertificate> for Certificate {
    fn from(certificate: &CommitCertificate) -> Self {
        Self {
            round: certificate.round,
            signers: certificate.signatures.iter().map(|s| s.public_key.to_string()).collect(),
            raw: hex::encode(certificate.encode()),
        }
    }
}

/// A block with the names of its transactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Block {
    /// What the header says.
    #[serde(flatten)]
    pub summary: BlockSummary,
    /// Names of its transactions, in order.
    pub transactions: Vec<String>,
    /// Why it is final.
    pub certificate: Certificate,
}

/// An RFC 6962 inclusion proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Inclusion {
    /// Number of the leaf, from 0.
    pub leaf_index: u64,
    /// Leaves in the tree.
    pub tree_size: u64,
    /// Root of the tree, in hexadecimal.
    pub root: String,
    /// The path from the leaf to the root, in hexadecimal.
    pub path: Vec<String>,
}

/// Proof that a transaction is on the ledger.
///
/// `block` shows the transaction under the transaction root of the header, the header's SHA-256 is the block
/// id, and the certificate is a quorum's signatures under that id. `log` shows it in the whole log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Proof {
    /// The transaction's bytes, in hexadecimal: the leaf.
    pub leaf: String,
    /// Height of its block.
    pub height: u64,
    /// Name of its block, in hexadecimal.
    pub block_id: String,
    /// The header's bytes, in hexadecimal.
    pub header: String,
    /// The certificate's bytes, in hexadecimal.
    pub certificate: String,
    /// Inclusion in the block, under the header's transaction root.
    pub block: Inclusion,
    /// Inclusion in the log as it is now.
    pub log: Inclusion,
    /// How block time relates to real time on this network; said here for the reader, not proved.
    pub clock: Clock,
}
