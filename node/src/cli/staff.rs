//! `zhulian staff`: appoint people with limited mandates, end them, look them up.

use clap::{Args, Subcommand};
use ledger::hash::sha256;
use ledger::id::{CreditCode, PersonHash};
use ledger::time::BlockTime;
use serde_json::Value;

use super::NodesArg;
use super::device::{DeviceArgs, Offer, ScopeArgs};
use super::governance::{get, get_all};
use super::open::OpenArgs;
use super::output::{Console, Exit, Failure, words};
use super::show::{print, segment};
use super::sign::{SignArgs, random_salt};
use super::trade::yuan;
use super::trust::named;
use crate::api::schema::{Action, AppointStaff, Mandate, RevokeMandate, show_keys};

/// Appoint staff with limited mandates, and end them.
#[derive(Subcommand)]
pub(crate) enum Staff {
    /// On the device of a member of staff: offer its key to the organisation 设备授权请求
    #[command(
        after_help = "Example 示例:\n  zhulian staff offer --key device.key --organisation 91440400MA0000031X > device.json\n\n\
        The private key stays on the device. `zhulian staff appoint` and `zhulian enrol` read the file with --device."
    )]
    Offer {
        /// Key of the device: a key file, or a pkcs11: URI 设备密钥
        #[arg(long, value_name = "KEY", env = "ZHULIAN_KEY")]
        key: String,
        #[command(flatten)]
        open: OpenArgs,
        /// Unified social credit code of the organisation 统一社会信用代码
        #[arg(long, value_name = "CODE")]
        organisation: CreditCode,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// Appoint a person, or give one another mandate, with a principal key 授权经办人
    #[command(
        after_help = "Examples 示例:\n  zhulian staff appoint --key principal.key --organisation 91440400MA0000031X --device device.json \\\n    \
        --name 张三 --role bidder --ceiling 90000000.00 --second-approval-above 50000000.00 \\\n    \
        --only-region 440400 --expires 2027-01-01T00:00:00+08:00\n  \
        zhulian staff appoint --key principal.key --organisation 91440400MA0000031X --ledger-key reader.key \\\n    \
        --name 李四 --read-only --expires 2027-01-01T00:00:00+08:00\n\n\
        On the ledger stands a person's salted hash, not the name. The answer tells the salt: keep it, and give it again\n\
        with --person-salt when the same person gets another device or mandate.\n\
        A mandate is never wider than that of the key that appoints, and ends with the certificate behind that key."
    )]
    Appoint(Box<Appoint>),
    /// Take a key out of use, with a principal key or with itself 撤销授权
    #[command(after_help = "Example 示例:\n  zhulian staff revoke --key principal.key 64-HEX-DIGITS\n\n\
        It cannot come back; appoint another key of the person instead.")]
    Revoke {
        #[command(flatten)]
        sign: SignArgs,
        /// The key, in hexadecimal 公钥
        public_key: String,
    },
    /// List the staff of an organisation with their mandates 列出经办人
    #[command(
        after_help = "Examples 示例:\n  zhulian staff list 91440400MA0000031X\n  zhulian staff list 91440400MA0000031X --all --output json"
    )]
    List {
        /// Unified social credit code 统一社会信用代码
        organisation: String,
        /// Principal keys too 包括主密钥
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        nodes: NodesArg,
    },
    /// Say whom a key speaks for, and how far 查看密钥授权
    #[command(after_help = "Example 示例:\n  zhulian staff show 64-HEX-DIGITS --output json")]
    Show {
        /// The key, in hexadecimal 公钥
        public_key: String,
        #[command(flatten)]
        nodes: NodesArg,
    },
}

/// Who is appointed, and for what.
#[derive(Args)]
pub(crate) struct Appoint {
    #[command(flatten)]
    sign: SignArgs,
    /// Unified social credit code of the organisation 统一社会信用代码
    #[arg(long, value_name = "CODE")]
    organisation: CreditCode,
    #[command(flatten)]
    devices: DeviceArgs,
    /// The person, by name or number; only a salted hash leaves this machine 姓名或工号
    #[arg(long, required_unless_present = "person")]
    name: Option<String>,
    /// Salt of an earlier appointment of the same person; random unless given 盐值
    #[arg(long, value_name = "HEX", requires = "name")]
    person_salt: Option<String>,
    /// The person's hash itself, 64 hexadecimal digits 人员散列值
    #[arg(long, value_name = "HEX", conflicts_with = "name")]
    person: Option<String>,
    /// Role in which the person acts; may be given several times 角色
    #[arg(long, value_parser = ["centre", "seller", "bidder", "guarantor", "supervisor"], required_unless_present = "read_only")]
    role: Vec<String>,
    /// The person may only read 只读
    #[arg(long, conflicts_with_all = ["role", "ceiling", "second_approval_above", "only_region", "only_trade"])]
    read_only: bool,
    #[command(flatten)]
    scope: ScopeArgs,
    /// When the mandate ends (RFC 3339) 有效期至
    #[arg(long, value_name = "TIME", value_parser = super::enrol::time)]
    expires: BlockTime,
    /// Above this amount, in yuan, another key of the organisation must approve 超过此金额须第二人审批（元）
    #[arg(long, value_name = "AMOUNT")]
    second_approval_above: Option<String>,
}

impl Staff {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::Offer { key, open, organisation, nodes } => {
                let key = super::device::ledger_key(&open.opener()?, &key)?;
                let (chain, _) = super::client::Nodes::new(&nodes.nodes)?.chain().await?;
                // A file that `--device` reads, whatever form other answers have.
                console.json(&Offer::new(&chain, &organisation, &key)?);
                Ok(Exit::Done)
            }
            Self::Appoint(appoint) => appoint.run(console).await,
            Self::Revoke { sign, public_key } => {
                sign.submit(vec![Action::RevokeMandate(RevokeMandate { key: public_key })], console).await
            }
            Self::List { organisation, all, nodes } => list(console, &nodes, &organisation, all).await,
            Self::Show { public_key, nodes } => {
                print(console, &get(&nodes, format!("/v1/keys/{}", segment(&public_key))).await?);
                Ok(Exit::Done)
            }
        }
    }
}

impl Appoint {
    async fn run(self, console: &Console) -> Result<Exit, Failure> {
        if self.devices.is_empty() {
            return Err(Failure::usage(words(
                "Name a key with --device or --ledger-key; without one the person could do nothing.",
                "请用 --device 或 --ledger-key 指定密钥，否则经办人无法操作。",
            )));
        }
        let (chain, _) = self.sign.nodes()?.chain().await?;
        let person = self.person(console)?;
        let act = AppointStaff {
            keys: show_keys(self.devices.delegated(
                &chain,
                &self.organisation,
                None,
                &self.sign.opener()?,
            )?),
            person,
            mandate: Mandate {
                roles: self.role.iter().map(|name| named(name)).collect::<Result<_, _>>()?,
                scope: self.scope.schema()?,
                expires: self.expires.to_string(),
                read_only: self.read_only,
                second_approval_above: self.second_approval_above.clone().map(yuan),
            },
        };
        self.sign.submit(vec![Action::AppointStaff(act)], console).await
    }

    /// The person's hash: SHA-256 over the salt and the name.
    fn person(&self, console: &Console) -> Result<String, Failure> {
        let Some(name) = &self.name else { return Ok(self.person.clone().unwrap_or_default()) };
        let salt = match &self.person_salt {
            None => random_salt()?,
            Some(text) => {
                let mut salt = [0; 16];
                hex::decode_to_slice(text, &mut salt)
                    .map_err(|_| super::enrol::usage("--person-salt", &"expected 32 hexadecimal digits"))?;
                salt
            }
        };
        if self.person_salt.is_none() {
            let salt = hex::encode(salt);
            console.remark(&words(
                format!("Keep this for the same person's next appointment: --person-salt {salt}"),
                format!("请保存，同一人员再次授权时使用：--person-salt {salt}"),
            ));
        }
        Ok(PersonHash::from_bytes(sha256(&[salt.as_slice(), name.as_bytes()].concat())).to_string())
    }
}

async fn list(console: &Console, nodes: &NodesArg, organisation: &str, all: bool) -> Result<Exit, Failure> {
    let path = format!("/v1/organisations/{}/keys", segment(organisation));
    let mut keys = get_all(nodes, &path, "").await?;
    keys.retain(|key| all || !key["staff"].is_null());
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let row = |key: &Value| {
        let mandate = &key["mandate"];
        let roles = match (&mandate["roles"], mandate["read_only"].as_bool()) {
            (_, Some(true)) => words("read only", "只读").pick(console.table_lang()),
            (Value::Array(roles), _) => roles.iter().map(text).collect::<Vec<_>>().join(", "),
            _ => words("all", "全部").pick(console.table_lang()),
        };
        vec![
            text(&key["key"]),
            super::status::short(&text(&key["staff"]["person"])),
            roles,
            text(&mandate["scope"]["ceiling"]["amount"]),
            text(&mandate["second_approval_above"]["amount"]),
            text(&mandate["expires"]),
            text(&key["status"]),
        ]
    };
    let headings = [
        words("key", "密钥"),
        words("person", "人员"),
        words("roles", "角色"),
        words("up to", "金额上限"),
        words("second approval above", "须第二人审批"),
        words("expires", "有效期至"),
        words("status", "状态"),
    ];
    console.rows(&headings, keys.iter().map(row).collect(), &keys);
    Ok(Exit::Done)
}
