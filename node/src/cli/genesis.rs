//! `zhulian genesis`: make a genesis file, sign it off, check who has.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ledger::crypto::PublicKey;
use ledger::genesis::Genesis;
use serde::de::DeserializeOwned;

use super::HomeArg;
use super::init::write_new;
use super::open::OpenArgs;
use super::output::{Console, Exit, Failure, Words, words};
use crate::config::Home;
use crate::genesis::{self, Draft, GenesisFileError, SignOffs};

/// The rule pack that a genesis takes unless told otherwise.
pub(crate) const RULES: &str = include_str!("../../../examples/rules/land-listing-2026.toml");
/// The rule pack of construction tenders that comes with the program.
pub(crate) const CONSTRUCTION_RULES: &str = include_str!("../../../examples/rules/construction-2026.toml");

/// Make, sign off and check a genesis file.
#[derive(Subcommand)]
pub(crate) enum GenesisCommand {
    /// Assemble a genesis file from the centres' entries 汇编创世文件
    New(New),
    /// Print the hash to compare with the other members 显示创世哈希
    #[command(
        after_help = "Example 示例:\n  zhulian genesis hash genesis.toml\n\nThe same as `sha256sum genesis.toml`."
    )]
    Hash {
        /// The genesis file
        #[arg(default_value = "genesis.toml")]
        file: PathBuf,
    },
    /// Sign a genesis off with this home's consensus key 签署创世文件
    #[command(
        after_help = "Example 示例:\n  zhulian genesis sign genesis.toml --home gz --signoffs signoffs.toml"
    )]
    Sign {
        /// The genesis file
        #[arg(default_value = "genesis.toml")]
        file: PathBuf,
        #[command(flatten)]
        home: HomeArg,
        #[command(flatten)]
        open: OpenArgs,
        /// The file of sign-offs to add to 签署文件
        #[arg(long, default_value = "signoffs.toml")]
        signoffs: PathBuf,
        /// The hash agreed with the other members; another one is not signed 商定的哈希
        #[arg(long, value_name = "HASH")]
        expect: Option<ledger::hash::GenesisHash>,
    },
    /// Check a genesis file and say who has signed it off 检查签署情况
    #[command(
        after_help = "Example 示例:\n  zhulian genesis check genesis.toml --signoffs signoffs.toml\n\n\
        Ends with 2 while sign-offs are missing."
    )]
    Check {
        /// The genesis file
        #[arg(default_value = "genesis.toml")]
        file: PathBuf,
        /// The file of sign-offs 签署文件
        #[arg(long, default_value = "signoffs.toml")]
        signoffs: PathBuf,
    },
}

/// Assemble a genesis file from the centres' entries.
#[derive(Args)]
#[command(
    after_help = "Example 示例:\n  zhulian genesis new --name gd-trading --time 2026-03-02T09:00:00+08:00 \\\n    \
    --centre gz/centre.toml --centre sz/centre.toml --centre zh/centre.toml --centre zs/centre.toml"
)]
pub(crate) struct New {
    /// Name of the network: 1 to 40 of a-z, 0-9 and '-' 网络名称
    #[arg(long)]
    name: String,
    /// Block time of height 0 (RFC 3339) 创世时间
    #[arg(long)]
    time: String,
    /// A centre's entry, as `zhulian init` wrote it; once for each centre 交易中心条目
    #[arg(long = "centre", value_name = "FILE", required = true)]
    centres: Vec<PathBuf>,
    /// An organisation known from the beginning: TOML with code, name, region, roles, keys 初始主体
    #[arg(long = "organisation", value_name = "FILE")]
    organisations: Vec<PathBuf>,
    /// The rule pack of land-use right listings; the one that comes with the program unless given 挂牌规则包
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// The rule pack of construction tenders; the one that comes with the program unless given 招标规则包
    #[arg(long, value_name = "FILE")]
    construction_rules: Option<PathBuf>,
    /// How block time runs; stepped is for demonstrations only 时钟
    #[arg(long, value_enum, default_value_t = ClockKind::Real)]
    clock: ClockKind,
    /// Public key of the organisation that steps the clock 时钟管理者公钥
    #[arg(long, value_name = "KEY", required_if_eq("clock", "stepped"))]
    timekeeper: Option<PublicKey>,
    /// Keys of organisations that trade come from certificates only 主体密钥须来自数字证书
    #[arg(long)]
    certificates_required: bool,
    /// The file to make
    #[arg(long, default_value = "genesis.toml")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClockKind {
    Real,
    Stepped,
}

impl GenesisCommand {
    pub(crate) fn run(self, console: &Console) -> Result<Exit, Failure> {
        match self {
            Self::New(new) => new.run(console),
            Self::Hash { file } => {
                let genesis = read(&file)?;
                if console.is_json() {
                    console.json(&summary(&genesis));
                } else {
                    console.line(&genesis.hash.to_string());
                }
                Ok(Exit::Done)
            }
            Self::Sign { file, home, open, signoffs, expect } => {
                sign(&file, &Home::new(home.home), &open, &signoffs, expect, console)
            }
            Self::Check { file, signoffs } => check(&file, &signoffs, console),
        }
    }
}

impl New {
    fn run(self, console: &Console) -> Result<Exit, Failure> {
        let pack = |file: &Option<PathBuf>, own: &str| {
            file.as_deref().map(read_text).transpose().map(|text| text.unwrap_or_else(|| own.into()))
        };
        let land = pack(&self.rules, RULES)?;
        let construction = pack(&self.construction_rules, CONSTRUCTION_RULES)?;
        let rules = format!("{land}\n{construction}");
        let draft = Draft {
            name: self.name,
            time: self.time,
            timekeeper: self.timekeeper.filter(|_| self.clock == ClockKind::Stepped),
            certificates_required: self.certificates_required,
            centres: self.centres.iter().map(entry).collect::<Result<_, _>>()?,
            organisations: self.organisations.iter().map(entry).collect::<Result<_, _>>()?,
            rules,
        };
        let (text, genesis) = draft.render().map_err(|e| refuse(e.into()))?;
        write_new(&self.out, text.as_bytes())?;
        console.fields(&summary(&genesis));
        console.say(&words(
            format!(
                "Next: every centre compares the hash and runs `zhulian genesis sign {}`.",
                self.out.display()
            ),
            format!("下一步：各交易中心核对哈希后运行 zhulian genesis sign {}。", self.out.display()),
        ));
        Ok(Exit::Done)
    }
}

fn summary(genesis: &Genesis) -> serde_json::Value {
    serde_json::json!({
        "hash": genesis.hash.to_string(),
        "chain_id": genesis.chain_id.to_string(),
        "time": genesis.time.to_string(),
        "centres": genesis.validators.len(),
        "rules": genesis.rules.name.as_str(),
    })
}

fn sign(
    file: &std::path::Path,
    home: &Home,
    open: &OpenArgs,
    signoffs_file: &std::path::Path,
    expect: Option<ledger::hash::GenesisHash>,
    console: &Console,
) -> Result<Exit, Failure> {
    let genesis = read(file)?;
    if let Some(agreed) = expect.filter(|hash| *hash != genesis.hash) {
        return Err(refuse(GenesisFileError::OtherHash { agreed, found: genesis.hash }));
    }
    let key = open.voting_key(home)?;
    let mut signoffs = match signoffs_file.exists() {
        true => SignOffs::read(signoffs_file).map_err(refuse)?,
        false => SignOffs::empty(&genesis),
    };
    let centre = signoffs.sign(&genesis, &key).map_err(refuse)?;
    std::fs::write(signoffs_file, signoffs.render()).map_err(|e| {
        Failure::because(
            format!("{}: {e}", signoffs_file.display()),
            words("The sign-off was not written.", "签署未写入。"),
        )
    })?;
    console.fields(&serde_json::json!({
        "signed_off_by": centre.as_str(),
        "hash": genesis.hash.to_string(),
        "signoffs": signoffs_file,
    }));
    Ok(Exit::Done)
}

fn check(file: &std::path::Path, signoffs: &std::path::Path, console: &Console) -> Result<Exit, Failure> {
    let genesis = read(file)?;
    let signed = match signoffs.exists() {
        true => SignOffs::read(signoffs).map_err(refuse)?,
        false => SignOffs::empty(&genesis),
    };
    let signed = signed.signed(&genesis).map_err(refuse)?;
    let name = |code: &ledger::id::CreditCode| {
        genesis
            .organisations
            .iter()
            .find(|(o, _)| o.code == *code)
            .map(|(o, _)| o.name.to_string())
            .unwrap_or_default()
    };
    let mark = |has: bool| if has { words("signed", "已签署") } else { words("missing", "未签署") };
    let rows =
        signed.iter().map(|(c, has)| vec![c.to_string(), name(c), mark(*has).pick(console.lang())]).collect();
    let headings: [Words; 3] =
        [words("centre", "交易中心"), words("name", "名称"), words("sign-off", "签署")];
    let complete = signed.values().all(|has| *has);
    let value = serde_json::json!({ "genesis": summary(&genesis), "signed": signed, "complete": complete });
    console.rows(&headings, rows, &value);
    console.say(&words(format!("hash {}", genesis.hash), format!("哈希 {}", genesis.hash)));
    Ok(if complete { Exit::Done } else { Exit::Incomplete })
}

fn read(file: &std::path::Path) -> Result<Genesis, Failure> {
    genesis::read(file).map(|(genesis, _)| genesis).map_err(refuse)
}

fn refuse(error: GenesisFileError) -> Failure {
    Failure::because(error, words("Nothing was signed or accepted.", "未签署或接受任何文件。"))
}

fn read_text(path: &std::path::Path) -> Result<String, Failure> {
    let bytes = genesis::read_bounded(path, ledger::genesis::MAX_GENESIS_BYTES).map_err(refuse)?;
    String::from_utf8(bytes).map_err(|_| {
        refuse(GenesisFileError::Shape { path: path.into(), reason: "is not UTF-8 text".into() })
    })
}

fn entry<T: DeserializeOwned>(path: &PathBuf) -> Result<T, Failure> {
    let text = read_text(path)?;
    toml::from_str(&text)
        .map_err(|e| refuse(GenesisFileError::Shape { path: path.into(), reason: e.to_string() }))
}
