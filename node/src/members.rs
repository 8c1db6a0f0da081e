//! Whom a node connects to.

use std::collections::BTreeSet;

use ledger::validators::ValidatorSet;

use crate::network::{Member, PublicKey};

/// The mesh of a node: the members, with the addresses that its configuration knows.
///
/// A member talks to members only. A node that is none, because it is about to join or has left, also talks to
/// the peers of its configuration: the members that it knows of may be those of long ago, and its operator names
/// the ones that it may catch up from. Nodes that are `parting` stay a little longer, so that they learn from
/// the block that lets them go that they are.
pub fn mesh(
    validators: &ValidatorSet,
    configured: &[Member],
    is_member: bool,
    parting: &[PublicKey],
) -> Vec<Member> {
    let known = |key| configured.iter().find(|peer| peer.public_key == key);
    let addresses = |key| known(key).map(|peer| peer.addresses.clone()).unwrap_or_default();
    let voting = validators.iter().map(|v| *v.network_key.as_bytes());
    let keys: BTreeSet<_> = voting.chain(parting.iter().copied()).collect();
    let members = keys.iter().map(|key| Member { public_key: *key, addresses: addresses(*key) });
    let others = configured.iter().filter(|peer| !is_member && !keys.contains(&peer.public_key));
    members.chain(others.cloned()).collect()
}
