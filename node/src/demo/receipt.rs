//! The receipt of the contract: fetched from one node, verified without any, and a forged twin refused.

use std::time::Duration;

use ledger::checkpoint::{Policy, Receipt};

use super::stage::{Stage, strange};
use crate::api::schema::Transaction;
use crate::cli::client::Nodes;
use crate::cli::output::{Failure, words};
use crate::cli::receipt;

/// Longest wait for enough centres to have signed.
const WAIT: Duration = Duration::from_secs(10);

pub(super) async fn take(stage: &mut Stage<'_>, contract: &Transaction) -> Result<(), Failure> {
    stage.progress.heading(&words(
        "Receipt: proof of the contract for whoever trusts no node",
        "回执：供不信任任何节点者验证的合同备案证明",
    ));
    let urls: Vec<String> =
        stage.network().nodes.iter().filter(|n| n.is_up()).map(|n| n.client.url().to_owned()).collect();
    let nodes = Nodes::new(&urls)?;
    let (text, policy) = (receipt::fetch(&nodes, &contract.id, WAIT).await?, receipt::policy(&nodes).await?);
    stage.network().write("contract.tlog-proof", &text)?;
    stage.network().write("network.policy", &policy)?;
    let policy = Policy::parse(&policy).map_err(|e| strange(&e))?;
    let good = Receipt::parse(&text).map_err(|e| strange(&e))?;
    let verified = good.verify(None, &policy).map_err(|e| strange(&e))?;
    let (by, of, bytes) = (verified.finality.witnesses.len(), verified.finality.of, text.len());
    stage.operated(
        0,
        contract.height,
        words(
            format!(
                "receipt of the contract verified offline: {by} of {of} centres have signed, {bytes} bytes"
            ),
            format!("合同回执离线验证通过：{of} 家中心中 {by} 家已签署，{bytes} 字节"),
        ),
    );
    let mut forged = good;
    if let Some(byte) = forged.leaf.as_mut().and_then(|leaf| leaf.last_mut()) {
        *byte ^= 1;
    }
    match forged.verify(None, &policy) {
        Err(error) => stage.progress.note(&words(
            format!("a forged twin with one bit changed is refused: {error}"),
            format!("改动一个比特的伪造回执被拒绝：{error}"),
        )),
        Ok(_) => return Err(strange(&"a forged receipt was taken for good")),
    }
    Ok(())
}
