//! `zhulian init`: a node's home with keys, configuration and its entry for a genesis.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use clap::Args;
use ledger::codec::Title;
use ledger::id::{CreditCode, RegionCode};
use libp2p::Multiaddr;

use super::HomeArg;
use super::open::OpenArgs;
use super::output::{Console, Exit, Failure, words};
use crate::config::{Config, Home, Keys, NodeDescription, Peer, render};
use crate::genesis::{self, Centre};
use crate::keys::{KeyFile, KeyReference, LedgerKey, Passphrase, Secret};

/// Make a node's home: keys, configuration and genesis entry.
#[derive(Args)]
#[command(
    after_help = "Examples 示例:\n  zhulian init --home gz --name guangzhou --centre 12440100DEM0000149 \\\n    \
    --centre-name 广州示例公共资源交易中心 --region 440100 --passphrase-from file:gz.passphrase\n  \
    zhulian init --home gz ... --consensus-key 'pkcs11:token=gz;object=vote' --pin-from file:gz.pin \\\n    \
    --pkcs11-module /usr/lib/softhsm/libsofthsm2.so\n  \
    zhulian init --home gz ... --genesis genesis.toml --signoffs signoffs.toml \\\n    \
    --peer 3b6a...=/ip4/192.0.2.7/udp/7100/quic-v1"
)]
pub(crate) struct Init {
    #[command(flatten)]
    home: HomeArg,
    /// Name of the node in logs and metrics 节点名称
    #[arg(long)]
    name: String,
    /// Unified social credit code of the centre 交易中心统一社会信用代码
    #[arg(long, value_name = "CODE")]
    centre: CreditCode,
    /// Name of the centre 交易中心名称
    #[arg(long, value_name = "NAME")]
    centre_name: Title,
    /// Region of the centre (GB/T 2260) 行政区划代码
    #[arg(long)]
    region: RegionCode,
    /// Address of the members' mesh; several 成员网络监听地址
    #[arg(long, value_delimiter = ',', default_values = ["/ip4/0.0.0.0/udp/7100/quic-v1", "/ip4/0.0.0.0/tcp/7100"])]
    listen: Vec<Multiaddr>,
    /// Address of the HTTP interface 接口监听地址
    #[arg(long, default_value = "127.0.0.1:8101")]
    api: SocketAddr,
    /// Another member: network key, '=', its addresses with ',' between 其他成员
    #[arg(long = "peer", value_name = "KEY=ADDRESS", value_parser = peer)]
    peers: Vec<Peer>,
    /// The voting key, if it is on a token already: a pkcs11: URI 投票密钥已在密码设备上
    #[arg(long, value_name = "URI")]
    consensus_key: Option<String>,
    /// Leave the keys readable to whoever can read their files 密钥不加密
    #[arg(long)]
    unencrypted: bool,
    #[command(flatten)]
    open: OpenArgs,
    /// The genesis file, if the members have agreed on one 创世文件
    #[arg(long, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// The members' sign-offs 创世签署文件
    #[arg(long, value_name = "FILE", requires = "genesis")]
    signoffs: Option<PathBuf>,
}

/// Not parsed by clap: its message would repeat the text, and with it a PIN that does not belong there.
fn on_token(text: &str) -> Result<KeyReference, Failure> {
    match text.parse().map_err(|e| super::key::refuse(&e))? {
        token @ KeyReference::Token(_) => Ok(token),
        KeyReference::File(_) => Err(Failure::usage(words(
            "--consensus-key names a key on a token, pkcs11:...; without it one is made in a file. No home was made.",
            "--consensus-key 用于指定密码设备上的密钥（pkcs11:...）；不指定时将在文件中新建。未创建节点目录。",
        ))),
    }
}

fn peer(text: &str) -> Result<Peer, String> {
    let (key, addresses) = text.split_once('=').ok_or("write KEY=ADDRESS")?;
    let key = key.parse().map_err(|e: ledger::hash::NotAHash| e.to_string())?;
    let addresses =
        addresses.split(',').map(|a| a.parse().map_err(|e| format!("{a}: {e}"))).collect::<Result<_, _>>()?;
    Ok(Peer { key, addresses })
}

/// What a new home is told.
pub(crate) struct HomePlan {
    pub(crate) name: String,
    pub(crate) code: CreditCode,
    pub(crate) title: Title,
    pub(crate) region: RegionCode,
    pub(crate) listen: Vec<Multiaddr>,
    pub(crate) api: SocketAddr,
    pub(crate) peers: Vec<Peer>,
    pub(crate) genesis_hash: String,
    pub(crate) keys: Keys,
}

/// How the keys of a new home are made.
#[derive(Default)]
pub(crate) struct NewKeys {
    /// What encrypts their files; nothing leaves them readable.
    pub(crate) passphrase: Option<Passphrase>,
    /// The voting key that is on a token already.
    pub(crate) voting: Option<LedgerKey>,
}

impl Init {
    pub(crate) fn run(self, console: &Console) -> Result<Exit, Failure> {
        let home = Home::new(&self.home.home);
        let genesis = self.genesis.as_deref().map(genesis::read).transpose().map_err(|e| {
            Failure::because(
                e,
                words(
                    "No home was made; give the file the members agreed on.",
                    "未创建节点目录；请提供各成员商定的创世文件。",
                ),
            )
        })?;
        let voting = self.consensus_key.as_deref().map(on_token).transpose()?;
        let plan = HomePlan {
            name: self.name,
            code: self.centre,
            title: self.centre_name,
            region: self.region,
            listen: self.listen,
            api: self.api,
            peers: self.peers,
            genesis_hash: genesis.as_ref().map(|(g, _)| g.hash.to_string()).unwrap_or_default(),
            keys: self.open.configured(self.consensus_key)?,
        };
        check(&plan, &home)?;
        let new = NewKeys {
            voting: match &voting {
                Some(key) => Some(self.open.opener()?.ledger_key(key).map_err(|e| super::key::refuse(&e))?),
                None => None,
            },
            passphrase: self.open.protection(self.unencrypted)?,
        };
        let centre = make_keys(&home, &plan, &new)?;
        write_config(&home, &plan)?;
        if let Some((_, bytes)) = &genesis {
            write_new(&home.root().join("genesis.toml"), bytes)?;
        }
        if let Some(signoffs) = &self.signoffs {
            let bytes =
                genesis::read_bounded(signoffs, 1 << 17).map_err(|e| Failure::because(e, words("", "")))?;
            write_new(&home.root().join("signoffs.toml"), &bytes)?;
        }
        console.fields(&serde_json::json!({
            "home": home.root(),
            "config": home.config_file(),
            "consensus_key": centre.consensus_key,
            "network_key": centre.network_key,
            "operator_key": centre.keys.first(),
            "centre_file": home.centre_file(),
        }));
        console.say(&words(
            format!(
                "Next: send {} to whoever assembles the genesis (`zhulian genesis new`), then sign it off \
                 (`zhulian genesis sign`) and put its hash and the peers into {}. Back up the three .key files.",
                home.centre_file().display(),
                home.config_file().display()
            ),
            format!(
                "下一步：将 {} 交给创世文件的汇编方（zhulian genesis new），核对并签署（zhulian genesis sign），\
                 再将哈希与成员地址填入 {}。请备份三个 .key 文件。",
                home.centre_file().display(),
                home.config_file().display()
            ),
        ));
        Ok(Exit::Done)
    }
}

/// Everything that the configuration would refuse is refused before anything is written.
fn check(plan: &HomePlan, home: &Home) -> Result<(), Failure> {
    let mut description = plan.describe();
    if description.genesis_hash.is_empty() {
        description.genesis_hash = "0".repeat(64);
    }
    let checked = Config::parse(&render(&description), home, [], &[]);
    checked.map(|_| ()).map_err(|e| Failure {
        exit: Exit::Usage,
        ..Failure::because(e, words("No home was made; change the argument.", "未创建节点目录；请修改参数。"))
    })
}

impl HomePlan {
    fn describe(&self) -> NodeDescription {
        NodeDescription {
            name: self.name.clone(),
            genesis_hash: self.genesis_hash.clone(),
            listen: self.listen.iter().map(ToString::to_string).collect(),
            peers: self.peers.clone(),
            api: self.api.to_string(),
            keys: self.keys.clone(),
        }
    }
}

/// Makes the directory, its keys, and the centre's entry for a genesis.
pub(crate) fn make_keys(home: &Home, plan: &HomePlan, new: &NewKeys) -> Result<Centre, Failure> {
    let nothing_lost = words(
        "The home is not complete; nothing that existed was changed. Choose another --home.",
        "节点目录未完成，已有文件未改动。请选择其他 --home。",
    );
    let mut builder = DirBuilder::new();
    builder
        .recursive(true)
        .mode(0o700)
        .create(home.root())
        .map_err(|e| Failure::because(format!("{}: {e}", home.root().display()), nothing_lost.clone()))?;
    let make = |path: PathBuf| -> Result<String, Failure> {
        let secret = Secret::generate().map_err(|e| Failure::because(e, nothing_lost.clone()))?;
        let key = secret.public_key().to_string();
        KeyFile::Ledger(secret).create(&path, new.passphrase.as_ref()).map_err(|e| super::key::refuse(&e))?;
        Ok(key)
    };
    let centre = Centre {
        code: plan.code.clone(),
        name: plan.title.clone(),
        region: plan.region.clone(),
        consensus_key: match &new.voting {
            Some(key) => key.public_key().to_string(),
            None => make(home.consensus_key())?,
        },
        network_key: make(home.network_key())?,
        keys: vec![make(home.operator_key())?],
    };
    let text = toml::to_string(&centre).unwrap_or_default();
    write_new(&home.centre_file(), text.as_bytes())?;
    Ok(centre)
}

/// Writes the configuration of a new home.
pub(crate) fn write_config(home: &Home, plan: &HomePlan) -> Result<(), Failure> {
    write_new(&home.config_file(), render(&plan.describe()).as_bytes())
}

/// Writes a file that did not exist.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written =
        OpenOptions::new().write(true).create_new(true).mode(0o644).open(path).and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        });
    written.map_err(|e| {
        Failure::because(
            format!("{}: {e}", path.display()),
            words(
                "The file was not written; existing files are never replaced.",
                "文件未写入；已有文件不会被覆盖。",
            ),
        )
    })
}
