//! Ed25519 public keys and libp2p's names for them.

use libp2p::PeerId;
use libp2p::identity::{self, ed25519};
use thiserror::Error;

/// The Ed25519 public key of a member's network identity.
pub type PublicKey = [u8; 32];

/// The bytes are not an Ed25519 key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{} is not an Ed25519 public key", hex::encode(.0))]
pub struct InvalidKey(pub PublicKey);

/// The libp2p name of a public key.
///
/// # Errors
///
/// [`InvalidKey`] when the bytes are not a point of the curve.
pub fn peer_id_of(public_key: &PublicKey) -> Result<PeerId, InvalidKey> {
    let key = ed25519::PublicKey::try_from_bytes(public_key).map_err(|_| InvalidKey(*public_key))?;
    Ok(identity::PublicKey::from(key).to_peer_id())
}

/// The public key a libp2p name stands for; `None` when it is not the name of an Ed25519 key.
#[must_use]
pub fn public_key_of(peer: &PeerId) -> Option<PublicKey> {
    // An Ed25519 name is an identity multihash (code 0): the key itself in libp2p's protobuf envelope.
    let multihash = peer.as_ref();
    if multihash.code() != 0 {
        return None;
    }
    let key = identity::PublicKey::try_decode_protobuf(multihash.digest()).ok()?;
    Some(key.try_into_ed25519().ok()?.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_convert_both_ways() {
        for seed in 1..20u8 {
            let pair = identity::Keypair::ed25519_from_bytes([seed; 32]).expect("any 32 bytes are a secret");
            let key = public_key_of(&pair.public().to_peer_id()).expect("an Ed25519 name");
            assert_eq!(peer_id_of(&key), Ok(pair.public().to_peer_id()));
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        // y = 2 is not on the curve.
        let mut no_point = [0; 32];
        no_point[0] = 2;
        assert_eq!(peer_id_of(&no_point), Err(InvalidKey(no_point)));
        assert_eq!(public_key_of(&PeerId::random()), None);
    }
}
