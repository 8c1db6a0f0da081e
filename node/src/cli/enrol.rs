//! `zhulian enrol`: an organisation takes part by its certificate.

use std::path::PathBuf;

use clap::Args;
use ledger::id::{ChainId, CreditCode, RegionCode};
use ledger::procedure::enrolment as e;
use ledger::record::organisation::Role;
use ledger::time::BlockTime;

use super::certificate_key;
use super::der;
use super::device::{DeviceArgs, ScopeArgs};
use super::output::{Console, Exit, Failure, words};
use super::sign::{SignArgs, random_salt};
use crate::api::schema::{Action, Enrol as EnrolAct};
use crate::keys::LedgerKey;

/// Longest statement, in bytes.
const STATEMENT_BYTES_MAX: usize = 64 << 10;

/// Enrol an organisation with its certificate.
#[derive(Args)]
#[command(
    after_help = "Examples 示例:\n  zhulian enrol --key bidder.key --authority 64-HEX-DIGITS --chain chain.pem --certificate-key holder.pem \\\n    \
    --organisation 91440400MA0000031X --region 440400 --role bidder --expires 2027-01-01T00:00:00+08:00\n\n\
    Signing elsewhere, for example with openssl or a token:\n  \
    zhulian enrol --key bidder.key ... --write-statement statement.bin\n  \
    openssl dgst -sha256 -sign holder.pem -out statement.sig statement.bin\n  \
    zhulian enrol --key bidder.key --authority 64-HEX-DIGITS --chain chain.pem --statement statement.bin --signature statement.sig\n\n\
    With limits, for two keys, and with the authority's answer stapled:\n  \
    zhulian enrol ... --only-region 440400 --only-trade land_listing --ceiling 90000000.00 --ledger-key second.key --ocsp answer.der\n\n\
    --key is the ledger key that the certificate delegates to; make it with `zhulian key new`. Keys of devices elsewhere\n\
    come with --device and an offer from `zhulian staff offer`.\n\n\
    openssl signs statements, by the kind of the certificate's key, with\n  \
    P-256, RSA  openssl dgst -sha256 -sign holder.pem -out statement.sig statement.bin\n  \
    P-384       openssl dgst -sha384 -sign holder.pem -out statement.sig statement.bin\n  \
    Ed25519     openssl pkeyutl -sign -rawin -inkey holder.pem -out statement.sig -in statement.bin\n  \
    SM2         openssl pkeyutl -sign -rawin -digest sm3 -pkeyopt distid:1234567812345678 -inkey holder.pem \\\n              \
    -out statement.sig -in statement.bin"
)]
pub(crate) struct Enrol {
    #[command(flatten)]
    sign: SignArgs,
    /// Entry of the trust list: SHA-256 of the authority's root 信任列表条目
    #[arg(long, value_name = "HEX")]
    authority: String,
    /// The certificate first, then the intermediates; PEM 证书链
    #[arg(long, value_name = "FILE")]
    chain: PathBuf,
    /// Unified social credit code, as in the certificate 统一社会信用代码
    #[arg(long, value_name = "CODE", required_unless_present = "statement")]
    organisation: Option<CreditCode>,
    /// Region of registration (GB/T 2260) 注册地
    #[arg(long, value_name = "CODE", required_unless_present = "statement")]
    region: Option<RegionCode>,
    /// Role that is delegated; may be given several times 角色
    #[arg(long, value_parser = ["bidder", "seller", "guarantor", "supervisor"], required_unless_present = "statement")]
    role: Vec<String>,
    /// When the key ends (RFC 3339) 有效期至
    #[arg(long, value_name = "TIME", value_parser = time, required_unless_present = "statement")]
    expires: Option<BlockTime>,
    #[command(flatten)]
    devices: DeviceArgs,
    #[command(flatten)]
    scope: ScopeArgs,
    /// What the authority answers about the certificate (OCSP response, DER), stapled 证书状态应答
    #[arg(long, value_name = "FILE")]
    ocsp: Option<PathBuf>,
    /// The certificate's private key: a file of mode 600 (PKCS#12, PKCS#8, SEC1 or PKCS#1), or a pkcs11: URI 证书私钥
    #[arg(long, value_name = "KEY", conflicts_with_all = ["write_statement", "statement"], required_unless_present_any = ["write_statement", "statement"])]
    certificate_key: Option<String>,
    /// Write what the certificate's key is to sign, and stop 写出待签内容
    #[arg(long, value_name = "FILE", conflicts_with = "statement")]
    write_statement: Option<PathBuf>,
    /// What --write-statement wrote 待签内容
    #[arg(long, value_name = "FILE", requires = "signature", conflicts_with_all = ["organisation", "region", "role", "expires",
        "ledger_key", "device", "only_region", "only_trade", "ceiling"])]
    statement: Option<PathBuf>,
    /// Its signature by the certificate's key 签名
    #[arg(long, value_name = "FILE", requires = "statement")]
    signature: Option<PathBuf>,
}

pub(crate) fn time(text: &str) -> Result<BlockTime, String> {
    BlockTime::parse(text).map_err(|e| e.to_string())
}

impl Enrol {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let key = self.sign.signing_key()?;
        let certificates = der::certificates(&self.chain)?;
        let (chain, _) = self.sign.nodes()?.chain().await?;
        let (delegation, signature) = match (&self.statement, &self.signature) {
            (Some(statement), Some(signature)) => {
                let statement = der::read(statement)?;
                (delegation_in(&statement, &chain)?, der::read(signature)?)
            }
            _ => {
                let delegation = self.delegation(&chain, &key)?;
                let statement = e::enrolment_bytes(&chain, &delegation);
                if let Some(path) = &self.write_statement {
                    return write(path, &statement, console);
                }
                let Some(private) = &self.certificate_key else { return Err(incomplete()) };
                let own = certificates.first().map(Vec::as_slice).unwrap_or_default();
                let signature = certificate_key::sign(&self.sign.opener()?, private, own, &statement)?;
                (delegation, signature)
            }
        };
        let act = e::Enrol {
            authority: self.authority.parse().map_err(|e| usage("--authority", &e))?,
            chain: certificates
                .into_iter()
                .map(ledger::codec::Bytes::new)
                .collect::<Result<_, _>>()
                .map_err(|e| usage("--chain", &e))?,
            delegation,
            signature: ledger::codec::Bytes::new(signature).map_err(|e| usage("--signature", &e))?,
            ocsp: self
                .ocsp
                .as_deref()
                .map(der::plain)
                .transpose()?
                .map(ledger::codec::Bytes::new)
                .transpose()
                .map_err(|e| usage("--ocsp", &e))?,
        };
        self.sign.submit(vec![Action::Enrol(EnrolAct::from(act))], console).await
    }

    fn delegation(&self, chain: &ChainId, key: &LedgerKey) -> Result<e::Delegation, Failure> {
        let (Some(organisation), Some(region), Some(expires)) =
            (self.organisation.clone(), self.region.clone(), self.expires)
        else {
            return Err(incomplete());
        };
        let keys = self.devices.delegated(chain, &organisation, Some(key), &self.sign.opener()?)?;
        let mut roles: Vec<Role> = self.role.iter().filter_map(|name| Role::parse(name)).collect();
        roles.sort_unstable();
        roles.dedup();
        Ok(e::Delegation {
            organisation,
            region,
            keys,
            roles,
            scope: self.scope.ledger()?,
            expires,
            salt: random_salt()?,
        })
    }
}

fn incomplete() -> Failure {
    Failure::usage(words(
        "Say with --organisation, --region, --role and --expires what is delegated, or give a --statement.",
        "请用 --organisation、--region、--role 和 --expires 说明授权内容，或提供 --statement。",
    ))
}

pub(crate) fn usage(what: &str, reason: &dyn std::fmt::Display) -> Failure {
    let because = format!("{what}: {reason}");
    let advice = words("Nothing was signed; correct it.", "未签署任何内容，请修改。");
    Failure { exit: Exit::Usage, ..Failure::because(because, advice) }
}

/// The delegation in a statement, which must be for this chain.
fn delegation_in(statement: &[u8], chain: &ChainId) -> Result<e::Delegation, Failure> {
    let read: Result<(String, String, e::Delegation), _> =
        ledger::codec::decode(statement, STATEMENT_BYTES_MAX);
    let (_, _, delegation) = read.map_err(|e| usage("--statement", &e))?;
    if e::enrolment_bytes(chain, &delegation) == statement {
        return Ok(delegation);
    }
    Err(usage("--statement", &"it is an enrolment on another chain; write it anew with this --node"))
}

pub(crate) fn write(path: &std::path::Path, statement: &[u8], console: &Console) -> Result<Exit, Failure> {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, statement));
    written.map_err(|e| usage("--write-statement", &format!("{}: {e}", path.display())))?;
    let digest = hex::encode(ledger::hash::sha256(statement));
    console.fields(&serde_json::json!({ "statement": path, "bytes": statement.len(), "sha256": digest }));
    Ok(Exit::Done)
}
