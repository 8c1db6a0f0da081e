//! `zhulian ca` and `zhulian cert`: the trust list, and certificates that organisations have enrolled with.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger::procedure::revocation::revocation_bytes;
use serde_json::Value;

use super::NodesArg;
use super::certificate_key;
use super::der;
use super::enrol;
use super::governance::{get, get_all};
use super::output::{Console, Exit, Failure, words};
use super::show::{print, segment};
use super::sign::SignArgs;
use crate::api::schema::{
    Action, AuthorityTerms, Change, CodeSource, Freshness, HolderProof, KeyAlgorithm, ProposeChange,
    RecordOcspResponse, RecordRevocationList, RevocationReason, RevokeCertificate,
};
use crate::keys::Opener;

const HOUR_MS: u64 = 3_600_000;

/// Look after the certification authorities that the network trusts.
#[derive(Subcommand)]
pub(crate) enum Ca {
    /// Propose to trust an authority, or to change what was agreed on about it 提议信任认证机构
    #[command(
        after_help = "Examples 示例:\n  zhulian ca propose --key operator.key --name 广东CA --root root.pem --algorithm ecdsa_p256 --algorithm sm2\n  \
        zhulian ca propose ... --max-age-hours 24 --grace-hours 72 --when-stale flag\n\n\
        The other members approve it with `zhulian governance approve`."
    )]
    Propose(Box<Propose>),
    /// List the authorities 列出认证机构
    #[command(after_help = "Example 示例:\n  zhulian ca list --output json")]
    List {
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// Show an authority with its newest revocation lists 查看认证机构
    #[command(after_help = "Example 示例:\n  zhulian ca show 64-HEX-DIGITS --output json")]
    Show {
        /// SHA-256 of its root
        id: String,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// Propose that its certificates do not count for now 提议暂停
    #[command(
        after_help = "Example 示例:\n  zhulian ca suspend --key operator.key 64-HEX-DIGITS --reason 密钥疑似泄露"
    )]
    Suspend(WithReason),
    /// Propose that they count again 提议恢复
    #[command(after_help = "Example 示例:\n  zhulian ca reinstate --key operator.key 64-HEX-DIGITS")]
    Reinstate {
        #[command(flatten)]
        sign: SignArgs,
        /// SHA-256 of its root
        id: String,
    },
    /// Propose that they do no longer count 提议移除
    #[command(
        after_help = "Example 示例:\n  zhulian ca remove --key operator.key 64-HEX-DIGITS --reason 停止服务"
    )]
    Remove(WithReason),
    /// Record a revocation list of an authority, as a centre 登记吊销列表
    #[command(after_help = "Example 示例:\n  zhulian ca crl --key operator.key 64-HEX-DIGITS list.crl")]
    Crl {
        #[command(flatten)]
        sign: SignArgs,
        /// SHA-256 of its root
        id: String,
        /// The list, PEM or DER
        file: PathBuf,
        /// Certificates of issuers that the trust list does not have
        #[arg(long, value_name = "FILE")]
        intermediate: Vec<PathBuf>,
    },
    /// Record an authority's answer about one enrolled certificate, as a centre 登记证书状态应答
    #[command(
        after_help = "Example 示例:\n  openssl ocsp -issuer ca.pem -cert holder.pem -url http://ocsp.example -respout answer.der\n  \
        zhulian ca ocsp --key operator.key --chain holder.pem answer.der\n\n\
        A good answer makes the data about the certificate fresh; `revoked` revokes it everywhere in one block."
    )]
    Ocsp {
        #[command(flatten)]
        sign: SignArgs,
        /// The certificate first, then its issuer unless the trust list has it; PEM
        #[arg(long, value_name = "FILE")]
        chain: PathBuf,
        /// The OCSP response, DER
        file: PathBuf,
    },
}

/// What is to be agreed on.
#[derive(Args)]
pub(crate) struct Propose {
    #[command(flatten)]
    sign: SignArgs,
    /// Its name 名称
    #[arg(long)]
    name: String,
    /// Its root certificate, PEM or DER 根证书
    #[arg(long, value_name = "FILE")]
    root: PathBuf,
    /// Intermediate certificates 中间证书
    #[arg(long, value_name = "FILE")]
    intermediate: Vec<PathBuf>,
    /// Algorithm that its subscribers' keys may have; may be given several times 算法
    #[arg(long, required = true, value_parser = ["ed25519", "ecdsa_p256", "ecdsa_p384", "rsa", "sm2"])]
    algorithm: Vec<String>,
    /// Attribute of the subject with the credit code 信用代码所在属性
    #[arg(long, value_name = "OID", default_value = "2.5.4.97")]
    code_attribute: String,
    /// Extension with the credit code, in place of an attribute 信用代码所在扩展
    #[arg(long, value_name = "OID", conflicts_with = "code_attribute")]
    code_extension: Option<String>,
    /// Certificate policy that is demanded 证书策略
    #[arg(long, value_name = "OID")]
    policy: Option<String>,
    /// Where revocation data can be fetched 吊销数据地址
    #[arg(long, value_name = "URL")]
    source: Vec<String>,
    /// How old its revocation data may be, in hours: 1 to 9600 吊销数据最长时效（小时）
    #[arg(long, value_name = "HOURS", default_value_t = 48, value_parser = clap::value_parser!(u64).range(1..=9_600))]
    max_age_hours: u64,
    /// For how many hours after that acts are still recorded, but nobody enrols: 1 to 9600 宽限（小时）
    #[arg(long, value_name = "HOURS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=9_600))]
    grace_hours: u64,
    /// What happens to acts after that: they are refused, or recorded with an event that says so 过期处理
    #[arg(long, value_parser = ["refuse", "flag"], default_value = "refuse")]
    when_stale: String,
}

/// A change of an authority's standing, and why.
#[derive(Args)]
pub(crate) struct WithReason {
    #[command(flatten)]
    sign: SignArgs,
    /// SHA-256 of its root
    id: String,
    /// Why 原因
    #[arg(long)]
    reason: String,
}

/// Look up and revoke certificates.
#[derive(Subcommand)]
pub(crate) enum Cert {
    /// Say whether the keys of a certificate can act 证书状态
    #[command(
        after_help = "Examples 示例:\n  zhulian cert status 64-HEX-DIGITS\n  zhulian cert status holder.pem --output json\n\n\
        The certificate is named by SHA-256 of its DER, or by the file that has it."
    )]
    Status {
        /// Fingerprint, or file
        certificate: String,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// Revoke a certificate as its holder 吊销证书
    #[command(
        after_help = "Examples 示例:\n  zhulian cert revoke --key bidder.key holder.pem --reason key_compromise\n\n\
        Where no principal key of the organisation is at hand, the certificate's own key says so, and any key that the\n\
        ledger knows carries it there:\n  \
        zhulian cert revoke --key centre.key holder.pem --reason key_compromise --certificate-key holder-key.pem\n\n\
        Signing elsewhere:\n  \
        zhulian cert revoke --key centre.key holder.pem --reason key_compromise --write-statement statement.bin\n  \
        openssl dgst -sha256 -sign holder-key.pem -out statement.sig statement.bin\n  \
        zhulian cert revoke --key centre.key holder.pem --reason key_compromise --signature statement.sig\n\n\
        What to write for keys of other kinds: see `zhulian enrol --help`."
    )]
    Revoke {
        #[command(flatten)]
        sign: Box<SignArgs>,
        /// Fingerprint, or file
        certificate: String,
        /// Why, by the names of RFC 5280 in snake_case 原因
        #[arg(long, value_parser = ["unspecified", "key_compromise", "affiliation_changed", "superseded",
            "cessation_of_operation", "privilege_withdrawn"])]
        reason: String,
        /// The certificate's private key: a file of mode 600 (PKCS#12, PKCS#8, SEC1 or PKCS#1), or a pkcs11: URI 证书私钥
        #[arg(long, value_name = "KEY", conflicts_with_all = ["write_statement", "signature"])]
        certificate_key: Option<String>,
        /// Write what the certificate's key is to sign, and stop 写出待签内容
        #[arg(long, value_name = "FILE", conflicts_with = "signature")]
        write_statement: Option<PathBuf>,
        /// Signature of what --write-statement wrote 签名
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
    },
}

/// What the value parser of the command line has let through.
pub(crate) fn named<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, Failure> {
    let advice = words("Give another name.", "请更换名称。");
    serde_json::from_value(Value::String(name.to_owned())).map_err(|e| Failure::because(e, advice))
}

/// A fingerprint as it is, or that of the first certificate in a file.
fn fingerprint(text: &str) -> Result<String, Failure> {
    if text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(text.to_ascii_lowercase());
    }
    let certificates = der::certificates(std::path::Path::new(text))?;
    Ok(certificates.first().map(|der| hex::encode(ledger::hash::sha256(der))).unwrap_or_default())
}

impl Ca {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::Propose(propose) => {
                let (sign, change) = propose.change()?;
                decide(&sign, change, console).await
            }
            Self::List { nodes } => list(console, &nodes).await,
            Self::Show { id, nodes } => {
                print(console, &get(&nodes, format!("/v1/authorities/{}", segment(&id))).await?);
                Ok(Exit::Done)
            }
            Self::Suspend(WithReason { sign, id, reason }) => {
                decide(&sign, Change::SuspendAuthority { authority: id, reason }, console).await
            }
            Self::Reinstate { sign, id } => {
                decide(&sign, Change::ReinstateAuthority { authority: id }, console).await
            }
            Self::Remove(WithReason { sign, id, reason }) => {
                decide(&sign, Change::RemoveAuthority { authority: id, reason }, console).await
            }
            Self::Crl { sign, id, file, intermediate } => {
                let act = RecordRevocationList {
                    authority: id,
                    list: hex::encode(der::revocation_list(&file)?),
                    intermediates: each(&intermediate)?,
                };
                sign.submit(vec![Action::RecordRevocationList(act)], console).await
            }
            Self::Ocsp { sign, chain, file } => {
                let chain = der::certificates(&chain)?.into_iter().map(hex::encode).collect();
                let act = RecordOcspResponse { chain, response: hex::encode(der::plain(&file)?) };
                sign.submit(vec![Action::RecordOcspResponse(act)], console).await
            }
        }
    }
}

async fn decide(sign: &SignArgs, change: Change, console: &Console) -> Result<Exit, Failure> {
    sign.submit(vec![Action::ProposeChange(ProposeChange { change })], console).await
}

fn each(files: &[PathBuf]) -> Result<Vec<String>, Failure> {
    files.iter().map(|file| der::certificate(file).map(hex::encode)).collect()
}

impl Propose {
    fn change(self) -> Result<(SignArgs, Change), Failure> {
        let algorithms =
            self.algorithm.iter().map(|name| named(name)).collect::<Result<Vec<KeyAlgorithm>, _>>()?;
        let code_source = match self.code_extension {
            Some(oid) => CodeSource::Extension { oid },
            None => CodeSource::SubjectAttribute { oid: self.code_attribute },
        };
        let authority = AuthorityTerms {
            name: self.name,
            root: hex::encode(der::certificate(&self.root)?),
            intermediates: each(&self.intermediate)?,
            algorithms,
            code_source,
            policy: self.policy,
            sources: self.source,
            freshness: Some(Freshness {
                max_age_ms: self.max_age_hours.saturating_mul(HOUR_MS),
                grace_ms: self.grace_hours.saturating_mul(HOUR_MS),
                when_stale: named(&self.when_stale)?,
            }),
        };
        Ok((self.sign, Change::TrustAuthority { authority }))
    }
}

async fn list(console: &Console, nodes: &NodesArg) -> Result<Exit, Failure> {
    let authorities = get_all(nodes, "/v1/authorities", "").await?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let row = |one: &Value| {
        let lists = one["revocation_lists"].as_array().map_or(0, Vec::len).to_string();
        vec![text(&one["id"]), text(&one["terms"]["name"]), text(&one["status"]), text(&one["since"]), lists]
    };
    let headings = [
        words("authority", "认证机构"),
        words("name", "名称"),
        words("status", "状态"),
        words("since", "自"),
        words("revocation lists", "吊销列表数"),
    ];
    console.rows(&headings, authorities.iter().map(row).collect(), &authorities);
    Ok(Exit::Done)
}

impl Cert {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::Status { certificate, nodes } => status(console, &nodes, &certificate).await,
            Self::Revoke { sign, certificate, reason, certificate_key, write_statement, signature } => {
                let reason: RevocationReason = named(&reason)?;
                let id = fingerprint(&certificate)?;
                let proof = if certificate_key.is_none() && write_statement.is_none() && signature.is_none() {
                    None
                } else {
                    let (chain, _) = sign.nodes()?.chain().await?;
                    let parsed = id.parse().map_err(|e| enrol::usage("certificate", &e))?;
                    let statement = revocation_bytes(&chain, &parsed);
                    if let Some(path) = &write_statement {
                        return enrol::write(path, &statement, console);
                    }
                    Some(holder_proof(&sign.opener()?, &certificate, &statement, certificate_key, signature)?)
                };
                let act = RevokeCertificate { certificate: id, reason, proof };
                sign.submit(vec![Action::RevokeCertificate(act)], console).await
            }
        }
    }
}

/// The certificate's own signature of `statement`: made here with its key, or brought in a file and verified.
fn holder_proof(
    opener: &Opener,
    certificate: &str,
    statement: &[u8],
    key: Option<String>,
    signature: Option<PathBuf>,
) -> Result<HolderProof, Failure> {
    let path = std::path::Path::new(certificate);
    let certificates = der::certificates(path)?;
    let own = certificates.first().map(Vec::as_slice).unwrap_or_default();
    let spki = pki::read_subject_key(own).map_err(|fault| der::wrong(path, fault))?.spki;
    let signature = match (key, signature) {
        (Some(key), _) => certificate_key::sign(opener, &key, own, statement)?,
        (None, Some(file)) => {
            let signature = der::read(&file)?.to_vec();
            pki::verify_statement(&spki, statement, &signature).map_err(|fault| der::wrong(&file, fault))?;
            signature
        }
        (None, None) => Vec::new(),
    };
    Ok(HolderProof { public_key: hex::encode(&spki), signature: hex::encode(&signature) })
}

/// The certificate, and beneath it the keys that come from it: what was struck out and what was reported as shared stands
/// beside what can act.
async fn status(console: &Console, nodes: &NodesArg, certificate: &str) -> Result<Exit, Failure> {
    let id = fingerprint(certificate)?;
    let mut record = get(nodes, format!("/v1/certificates/{id}")).await?;
    let organisation = record["data"]["organisation"].as_str().unwrap_or_default();
    let path = format!("/v1/organisations/{}/keys", segment(organisation));
    let mut keys = get_all(nodes, &path, "").await?;
    keys.retain(|key| key["certificate"] == id.as_str());
    record["data"]["keys"] = Value::Array(keys);
    print(console, &record);
    Ok(Exit::Done)
}
