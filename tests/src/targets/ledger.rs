//! What the ledger reads: transactions, blocks, certificates, events, records of the state.

use ledger::block::{Block, Header, MAX_LEAF_BYTES, MAX_TRANSACTIONS};
use ledger::certificate::CommitCertificate;
use ledger::codec::{self, CodecError};
use ledger::event::Recorded;
use ledger::governance::{DoubleSigning, Era, ProposedChange};
use ledger::id::{ChainId, CreditCode};
use ledger::record::authority::{AuthorityStanding, CertificationAuthority, RevocationList};
use ledger::record::bid::{Bid, BidPayload, Chunk, OpenedBid, Opening};
use ledger::record::certificate::{
    Certificate, CertificateKeyHolder, Involvement, ListedRevocation, SharedKey,
};
use ledger::record::guarantee::Guarantee;
use ledger::record::listing::{Listing, Qualification, Quote};
use ledger::record::organisation::{KeyHolder, Organisation};
use ledger::record::project::Project;
use ledger::record::seat::Committee;
use ledger::record::tender::Tender;
use ledger::record::{Due, Parameters, SteppedClock};
use ledger::rule::RulePack;
use ledger::transaction::{Payload, Unverified, Verified, sign};
use ledger::validators::{Validator, ValidatorSet};
use minicbor::{Decode, Encode};

use super::{chain, key, may_sign};

/// Longest encoding tried as a record.
const RECORD_BYTES_MAX: usize = 1 << 20;

/// A chain on which nothing of the seeds was signed.
fn other_chain() -> ChainId {
    "other/0123456789abcdef".parse().expect("a chain id")
}

/// What decodes has the shape of its own bytes, and verifies only where and by whom it was signed.
pub fn transaction(bytes: &[u8]) {
    let Ok(read) = Unverified::decode(&chain(), bytes) else {
        assert!(Verified::decode(&chain(), bytes).is_err());
        return;
    };
    assert!(bytes.len() <= MAX_LEAF_BYTES);
    let elsewhere =
        Unverified::decode(&other_chain(), bytes).expect("the shape does not depend on the chain");
    assert_ne!(read.id(), elsewhere.id(), "an id is bound to its chain");
    let (id, signer, content) = (read.id(), read.key(), read.payload().clone());
    assert_eq!(codec::decode::<Payload>(&codec::encode(&content), MAX_LEAF_BYTES), Ok(content.clone()));
    let batch = Unverified::verify_batch(vec![read.clone(), elsewhere.clone()]);
    let alone = read.verify();
    assert_eq!(batch[0].is_ok(), alone.is_ok(), "alone and in a batch");
    if let Ok(verified) = alone {
        assert!(may_sign(&signer), "a forged signature of {signer}");
        assert!(elsewhere.verify().is_err() || !signer.is_strong(), "a signature holds on one chain only");
        assert_eq!((verified.id(), verified.bytes(), verified.key()), (id, bytes, signer));
        assert_eq!(verified.payload(), &content);
    }
}

/// A payload that decodes can be signed, and comes back from the transaction as it was.
pub fn payload(bytes: &[u8]) {
    let Ok(payload) = codec::decode::<Payload>(bytes, MAX_LEAF_BYTES / 2) else { return };
    assert_eq!(codec::encode(&payload), bytes);
    let signed = sign(&chain(), &key("a"), &payload);
    let verified = Verified::decode(&chain(), &signed).expect("what was just signed");
    assert_eq!(verified.payload(), &payload);
    let mut forged = signed;
    let at = bytes.len() % forged.len();
    forged[at] ^= 1;
    assert!(Verified::decode(&chain(), &forged).is_err(), "byte {at} is not covered");
}

/// A header is named by its bytes.
pub fn header(bytes: &[u8]) {
    let Ok(header) = Header::decode(bytes) else { return };
    assert_eq!(header.encode(), bytes);
    assert_eq!(header.id().as_bytes(), &ledger::hash::sha256(bytes));
}

/// A block encodes to its bytes and keeps its bounds.
pub fn block(bytes: &[u8]) {
    let Ok(block) = Block::decode(bytes) else { return };
    assert_eq!(block.encode(), bytes);
    assert!(block.transactions.len() <= MAX_TRANSACTIONS);
    assert!(block.transactions.iter().all(|transaction| transaction.len() <= MAX_LEAF_BYTES));
    let root = || Block::transaction_root(block.transactions.iter().map(Vec::as_slice));
    assert_eq!(root(), root());
    let mut longer = block.clone();
    longer.transactions.push(Vec::new());
    let longer = Block::transaction_root(longer.transactions.iter().map(Vec::as_slice));
    assert_ne!(root(), longer, "one transaction more is another root");
}

/// The voters of the seeds: a quorum is three of four.
pub(super) fn voters() -> ValidatorSet {
    let voter = |i: usize| {
        let body = format!("91440100{i:09}");
        let check = ledger::id::credit_check(&body).expect("digits");
        Validator {
            public_key: key(&format!("voter {i}")).public_key(),
            network_key: key(&format!("network {i}")).public_key(),
            organisation: format!("{body}{}", char::from(check)).parse::<CreditCode>().expect("a code"),
        }
    };
    ValidatorSet::new((0..4).map(voter).collect()).expect("four voters")
}

/// A certificate that decides was signed by a quorum of the voters, each counted once.
pub fn certificate(bytes: &[u8]) {
    let Ok(certificate) = CommitCertificate::decode(bytes) else { return };
    assert_eq!(certificate.encode(), bytes);
    let voters = voters();
    if certificate.verify(&chain(), &voters).is_ok() {
        assert!(certificate.signatures.len() >= voters.quorum());
        assert!(certificate.signatures.windows(2).all(|pair| pair[0].public_key < pair[1].public_key));
        assert!(certificate.verify(&other_chain(), &voters).is_err());
        let mut higher = certificate.clone();
        higher.height = certificate.height.next();
        assert!(higher == certificate || higher.verify(&chain(), &voters).is_err());
        let mut fewer = certificate.clone();
        fewer.signatures.truncate(voters.quorum() - 1);
        assert!(fewer.verify(&chain(), &voters).is_err());
    }
}

/// An event encodes to its bytes.
pub fn event(bytes: &[u8]) {
    canonical::<Recorded>(bytes);
}

/// Every kind of record of the state: whichever kind the bytes decode to, they are its encoding.
pub fn record(bytes: &[u8]) {
    canonical::<Parameters>(bytes);
    canonical::<SteppedClock>(bytes);
    canonical::<Organisation>(bytes);
    canonical::<KeyHolder>(bytes);
    canonical::<Listing>(bytes);
    canonical::<Qualification>(bytes);
    canonical::<Quote>(bytes);
    canonical::<Guarantee>(bytes);
    canonical::<Project>(bytes);
    canonical::<Tender>(bytes);
    canonical::<Committee>(bytes);
    canonical::<Bid>(bytes);
    canonical::<Chunk>(bytes);
    canonical::<Opening>(bytes);
    canonical::<OpenedBid>(bytes);
    // What a stranger put into an envelope.
    canonical::<BidPayload>(bytes);
    canonical::<Due>(bytes);
    canonical::<RulePack>(bytes);
    canonical::<CertificationAuthority>(bytes);
    canonical::<AuthorityStanding>(bytes);
    canonical::<RevocationList>(bytes);
    canonical::<ListedRevocation>(bytes);
    canonical::<Certificate>(bytes);
    canonical::<CertificateKeyHolder>(bytes);
    canonical::<Involvement>(bytes);
    canonical::<ProposedChange>(bytes);
    canonical::<DoubleSigning>(bytes);
    canonical::<SharedKey>(bytes);
    if let Some(era) = canonical::<Era>(bytes) {
        assert!(!era.validators.is_empty());
    }
    if let Some(set) = canonical::<ValidatorSet>(bytes) {
        assert!((1..=ledger::validators::MAX_VALIDATORS).contains(&set.len()));
        assert!(set.quorum() * 3 > set.len() * 2 && set.quorum() <= set.len());
        assert!(set.iter().all(|one| set.get(&one.public_key) == Some(one)));
    }
}

fn canonical<T>(bytes: &[u8]) -> Option<T>
where
    T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + std::fmt::Debug,
{
    let value = match codec::decode::<T>(bytes, RECORD_BYTES_MAX) {
        Ok(value) => value,
        Err(CodecError::TooLong { max, found }) => {
            assert!(found > max);
            return None;
        }
        Err(CodecError::Malformed(_) | CodecError::NotDeterministic) => return None,
    };
    let again = codec::encode(&value);
    assert_eq!(again, bytes);
    assert_eq!(codec::decode::<T>(&again, RECORD_BYTES_MAX).as_ref(), Ok(&value));
    Some(value)
}
