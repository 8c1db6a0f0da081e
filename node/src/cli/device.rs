//! Ledger keys that an organisation takes on: those in files at hand, and those of devices elsewhere, which offer
//! themselves in a file of their own.
//!
//! A key proves with its own signature that somebody holds it who wants to speak for the organisation. So a device need
//! not give its key away: it writes an offer, and whoever enrols or appoints reads it.

use std::path::PathBuf;

use clap::Args;
use consensus::Signer;
use ledger::crypto::{PublicKey, Signature, verify};
use ledger::id::{ChainId, CreditCode};
use ledger::procedure::enrolment::{DelegatedKey, delegated_key_bytes};
use ledger::record::mandate::Scope;
use serde::{Deserialize, Serialize};

use super::output::{Exit, Failure, words};
use super::trade::yuan;
use crate::api::schema::{self, TradeKind};
use crate::keys::{LedgerKey, Opener};

/// What a device offers: its key, and the proof of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Offer {
    /// The chain for which the proof holds.
    chain: String,
    /// The organisation for which the key is to speak.
    organisation: String,
    /// The key, in hexadecimal.
    key: String,
    /// Its signature, in hexadecimal.
    proof: String,
}

impl Offer {
    /// What a key at hand offers.
    pub(crate) fn new(chain: &ChainId, organisation: &CreditCode, key: &dyn Signer) -> Result<Self, Failure> {
        let DelegatedKey { key, proof } = delegated(chain, organisation, key)?;
        Ok(Self {
            chain: chain.to_string(),
            organisation: organisation.to_string(),
            key: key.to_string(),
            proof: hex::encode(proof.as_bytes()),
        })
    }

    /// The key with its proof, which must be for this chain and organisation.
    fn delegated(&self, chain: &ChainId, organisation: &CreditCode) -> Result<DelegatedKey, &'static str> {
        if self.chain != chain.as_str() {
            return Err("it is an offer on another chain; have it written anew with this --node");
        }
        if self.organisation != organisation.as_str() {
            return Err("it is an offer to another organisation; have it written anew for this one");
        }
        let key: PublicKey =
            self.key.parse().map_err(|_| "its key is no public key of 64 hexadecimal digits")?;
        let mut proof = [0; 64];
        hex::decode_to_slice(&self.proof, &mut proof)
            .map_err(|_| "its proof has not 128 hexadecimal digits")?;
        let proof = Signature::from_bytes(proof);
        verify(&key, &delegated_key_bytes(chain, organisation, &key), &proof)
            .map_err(|_| "its proof does not verify; have it written anew")?;
        Ok(DelegatedKey { key, proof })
    }
}

/// Opens a ledger key, wherever it rests.
pub(crate) fn ledger_key(opener: &Opener, reference: &str) -> Result<LedgerKey, Failure> {
    let reference = reference.parse().map_err(|e| super::key::refuse(&e))?;
    opener.ledger_key(&reference).map_err(|e| super::key::refuse(&e))
}

fn delegated(chain: &ChainId, organisation: &CreditCode, key: &dyn Signer) -> Result<DelegatedKey, Failure> {
    let public = key.public_key();
    let proof = key
        .sign(&delegated_key_bytes(chain, organisation, &public))
        .map_err(|e| Failure::because(e, words("Nothing was signed.", "未签署任何内容。")))?;
    Ok(DelegatedKey { key: public, proof })
}

/// Which ledger keys an organisation takes on.
#[derive(Args, Clone)]
pub(crate) struct DeviceArgs {
    /// A ledger key: a key file, or a pkcs11: URI; may be given several times 账本密钥
    #[arg(long, value_name = "KEY")]
    ledger_key: Vec<String>,
    /// Offer of a device elsewhere, from `zhulian staff offer`; may be given several times 设备授权请求
    #[arg(long, value_name = "FILE")]
    device: Vec<PathBuf>,
}

impl DeviceArgs {
    /// Whether none is named.
    pub(crate) fn is_empty(&self) -> bool {
        self.ledger_key.is_empty() && self.device.is_empty()
    }

    /// The keys with their proofs and `own`, in the order in which they are signed.
    pub(crate) fn delegated(
        &self,
        chain: &ChainId,
        organisation: &CreditCode,
        own: Option<&dyn Signer>,
        opener: &Opener,
    ) -> Result<Vec<DelegatedKey>, Failure> {
        let mut keys = Vec::new();
        if let Some(key) = own {
            keys.push(delegated(chain, organisation, key)?);
        }
        for path in &self.ledger_key {
            let key = ledger_key(opener, path)?;
            keys.push(delegated(chain, organisation, &key)?);
        }
        for path in &self.device {
            let offer: Offer = super::submit::read(path)?;
            let wrong = |reason: &str| Failure {
                exit: Exit::Usage,
                ..Failure::because(
                    format!("{}: {reason}", path.display()),
                    words("Nothing was signed.", "未签署任何内容。"),
                )
            };
            keys.push(offer.delegated(chain, organisation).map_err(wrong)?);
        }
        keys.sort_unstable_by_key(|one| one.key);
        keys.dedup_by_key(|one| one.key);
        Ok(keys)
    }
}

/// Where and up to what amount a mandate holds; without limits unless given.
#[derive(Args, Clone)]
pub(crate) struct ScopeArgs {
    /// Only in this region (GB/T 2260), which covers what lies in it; may be given several times 限定地区
    #[arg(long, value_name = "CODE")]
    only_region: Vec<String>,
    /// Only for this kind of trade; may be given several times 限定交易类型
    #[arg(long, value_name = "KIND", value_parser = ["land_listing"])]
    only_trade: Vec<String>,
    /// Only up to this amount, in yuan 金额上限（元）
    #[arg(long, value_name = "AMOUNT")]
    ceiling: Option<String>,
}

impl ScopeArgs {
    /// As clients write it.
    pub(crate) fn schema(&self) -> Result<schema::Scope, Failure> {
        let trades = self
            .only_trade
            .iter()
            .map(|name| super::trust::named(name))
            .collect::<Result<Vec<TradeKind>, _>>()?;
        Ok(schema::Scope {
            regions: self.only_region.clone(),
            trades,
            ceiling: self.ceiling.clone().map(yuan),
        })
    }

    /// As the ledger has it.
    pub(crate) fn ledger(&self) -> Result<Scope, Failure> {
        self.schema()?.try_into().map_err(|e: schema::InvalidField| Failure {
            exit: Exit::Usage,
            ..Failure::because(e, words("Nothing was signed; correct it.", "未签署任何内容，请修改。"))
        })
    }
}
