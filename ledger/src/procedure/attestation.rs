//! Signatures of the centres of a committee: who holds a document, and when a bid came.

use minicbor::{Decode, Encode};

use crate::crypto::{PublicKey, Signature, verify};
use crate::execute::Speaker;
use crate::execute::speaker;
use crate::id::CreditCode;
use crate::record::seat::Committee;
use crate::state::{Overlay, StateError};

/// A centre's signature: with a key that a centre registered for itself, or with the voting key of its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Attestation {
    /// The key.
    #[n(0)]
    pub key: PublicKey,
    /// The signature.
    #[n(1)]
    pub signature: Signature,
}

/// How many centres of the committee have signed, each its bytes; nothing unless all of them are different and genuine.
pub(super) fn count<'a>(
    state: &Overlay<'_>,
    committee: &Committee,
    signed: impl Iterator<Item = (&'a Attestation, Vec<u8>)>,
) -> Result<Option<usize>, StateError> {
    let mut centres: Vec<CreditCode> = Vec::new();
    for (Attestation { key, signature }, bytes) in signed {
        let Some(centre) = seated(state, committee, key)? else { return Ok(None) };
        if centres.contains(&centre) || verify(key, &bytes, signature).is_err() {
            return Ok(None);
        }
        centres.push(centre);
    }
    Ok(Some(centres.len()))
}

/// The centre of the committee that a key speaks for without limits.
fn seated(
    state: &Overlay<'_>,
    committee: &Committee,
    key: &PublicKey,
) -> Result<Option<CreditCode>, StateError> {
    let centre = match speaker(state, key)? {
        Some(Speaker::Organisation(holder)) if holder.is_unlimited() => holder.organisation,
        Some(Speaker::Member(code)) => code,
        _ => return Ok(None),
    };
    Ok(committee.seats.iter().any(|seat| seat.centre == centre).then_some(centre))
}
