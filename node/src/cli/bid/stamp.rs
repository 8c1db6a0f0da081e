//! Obtaining an admission stamp: blinded here, signed by a centre, unblinded and judged here.

use consensus::Signer;
use ledger::codec::Bytes;
use ledger::crypto::SigningKey;
use ledger::procedure::stamp_key::period_of;
use sealing::id::OneTimeKey;
use sealing::stamp::issue::StampRequest as Blinding;
use sealing::stamp::{IssuerKey, IssuerKeyId};
use sealing::suite::Ristretto255;

use super::super::client::{Client, ClientError, Nodes};
use super::super::output::{Failure, words};
use super::super::trade::now;
use super::folder::broken;
use crate::api::schema::StampKey;
use crate::keys::LedgerKey;
use crate::tenders::keys::system_random;
use crate::tenders::stamps::StampRequest;

/// Asks the centres of the nodes one after the other until one signs. Which key serves is taken from the ledger: one that a
/// centre gives by other means could be made for one bidder, and trace it.
pub(crate) async fn obtain(
    nodes: &Nodes,
    bidder: &LedgerKey,
    one_time: &SigningKey,
    issuer: Option<&str>,
) -> Result<Vec<u8>, Failure> {
    let (chain, status) = nodes.chain().await?;
    let quarter = period_of(now(&status));
    let keys = keys(nodes).await?;
    let wanted = |key: &&StampKey| key.quarter == quarter && issuer.is_none_or(|code| key.centre == code);
    let mut last = None;
    for key in keys.iter().filter(wanted) {
        let id = IssuerKeyId { issuer: key.issuer, period: key.quarter };
        let modulus = hex::decode(&key.modulus).map_err(|e| broken(&e))?;
        let public = IssuerKey::from_modulus(&modulus).map_err(|e| broken(&e))?;
        let one_time = OneTimeKey::from_bytes(*one_time.public_key().as_bytes());
        let blinding =
            Blinding::new::<Ristretto255>(id, &public, chain.as_str(), &one_time, &mut system_random());
        let blinding = blinding.map_err(|e| broken(&e))?;
        let blinded = Bytes::new(blinding.blinded().to_vec()).map_err(|e| broken(&e))?;
        let centre = key.centre.parse().map_err(|e| broken(&e))?;
        let signed = StampRequest::signed_bytes(&chain, &centre, quarter, &blinded);
        let signature = bidder.sign(&signed).map_err(|e| broken(&e))?;
        let request = StampRequest { centre, quarter, blinded, key: bidder.public_key(), signature };
        for client in nodes.all() {
            match client.stamp(&request).await {
                Ok(answer) => {
                    let answer = hex::decode(&answer.signature).map_err(|e| broken(&e))?;
                    let stamp = blinding.finish::<Ristretto255>(&answer, chain.as_str(), &one_time);
                    return stamp.map(|stamp| stamp.encode()).map_err(|e| broken(&e));
                }
                // The node of another centre.
                Err(ClientError::Refused(problem)) if problem.code == "no_stamp_key" => {}
                Err(error) => last = Some(error.into_failure(client.url())),
            }
        }
    }
    Err(last.unwrap_or_else(|| {
        Failure::incomplete(words(
            "None of the centres of these nodes has a key for admission stamps of this quarter; name more nodes with --node, or wait: a node makes its key by itself.",
            "所列节点的交易中心本季度尚无准入凭证密钥，请用 --node 指定更多节点，或稍候（节点会自动生成）。",
        ))
    }))
}

/// The keys of all centres.
async fn keys(nodes: &Nodes) -> Result<Vec<StampKey>, Failure> {
    let path = "/v1/stamp-keys?limit=200";
    nodes.ask(|client: Client| async move { client.page(path).await }).await
}
