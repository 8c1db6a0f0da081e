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

#[cfg(test)]
mod tests {
    use ledger::crypto::SigningKey;
    use ledger::validators::Validator;
    use zeroize::Zeroizing;

    use super::*;

    fn key(number: u8) -> ledger::crypto::PublicKey {
        SigningKey::from_seed(&Zeroizing::new([number; 32])).public_key()
    }

    fn member(number: u8, address: &str) -> Member {
        let addresses = address.parse().into_iter().collect();
        Member { public_key: *key(number).as_bytes(), addresses }
    }

    #[test]
    fn a_member_talks_to_members_and_others_to_their_peers_too() {
        let codes = ["12440100DEM0000149", "12440300DEM000022E"];
        let validator = |(number, code): (u8, &&str)| Validator {
            public_key: key(number + 100),
            network_key: key(number),
            organisation: code.parse().unwrap(),
        };
        let set = ValidatorSet::new((1..).zip(&codes).map(validator).collect()).unwrap();
        let configured = [member(1, "/ip4/127.0.0.1/tcp/1"), member(3, "/ip4/127.0.0.1/tcp/3")];
        let (known, unknown) = (configured[0].clone(), Member { addresses: Vec::new(), ..member(2, "") });
        let parting = *key(4).as_bytes();
        // whether this node is a member, who is parting, the mesh
        let cases = [
            (true, vec![], vec![known.clone(), unknown.clone()]),
            (false, vec![], vec![known.clone(), unknown.clone(), configured[1].clone()]),
            (
                true,
                vec![parting],
                vec![known.clone(), unknown.clone(), Member { public_key: parting, addresses: vec![] }],
            ),
            (true, vec![*key(3).as_bytes()], vec![known, unknown, configured[1].clone()]),
        ];
        for (is_member, parting, mut expected) in cases {
            let mut found = mesh(&set, &configured, is_member, &parting);
            found.sort_by_key(|member| member.public_key);
            expected.sort_by_key(|member| member.public_key);
            assert_eq!(found, expected, "member: {is_member}, parting: {}", parting.len());
        }
    }
}
