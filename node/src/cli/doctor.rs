//! `zhulian doctor`: what keeps a node from working well, as a tree of findings with advice.
//!
//! The same questions whether the node runs or not: a running one is asked over its interface, for a stopped one the ledger
//! is opened as the node would open it, its last blocks are judged again, and its ports are tried.

mod home;
mod machine;
mod peers;
mod running;
mod stopped;

use clap::Args;
use serde_json::{Value, json};

use super::HomeArg;
use super::client::{Client, ClientError};
use super::output::{Console, Exit, Failure, Words, words};
use crate::api::schema::Version;
use crate::config::{Config, Home};

/// Find out what keeps a node from working well.
#[derive(Args)]
#[command(after_help = "Examples 示例:\n  zhulian doctor --home zhulian-home\n  \
    zhulian doctor --home zhulian-home --peer http://10.0.3.1:8101,http://10.0.4.1:8101 --output json\n\n\
    Works while the node runs and while it is stopped. Nothing is changed, but that the ledger of a stopped node is opened\n\
    as `zhulian start` would open it. Ends with 0 when all is well, 2 with warnings, 1 when something keeps the node from\n\
    working.")]
pub(crate) struct Doctor {
    #[command(flatten)]
    home: HomeArg,
    /// HTTP addresses of other centres' nodes, to compare versions and heights with 其他节点地址
    #[arg(long, value_name = "URL", value_delimiter = ',')]
    peer: Vec<String>,
    /// Blocks of a stopped node's ledger that are judged again, from the last one backwards 复核的区块数
    #[arg(long, value_name = "BLOCKS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    blocks: u64,
}

/// How something stands. The worst comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    /// As it should be.
    Ok,
    /// Could not be asked, for a reason that is no fault.
    Skipped,
    /// Somebody should look after it.
    Warn,
    /// It keeps the node from working.
    Fail,
}

impl State {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }

    /// As in the tree: of one width, so that what follows stands straight.
    const fn mark(self) -> &'static str {
        match self {
            Self::Ok => "[ok]  ",
            Self::Skipped => "[--]  ",
            Self::Warn => "[warn]",
            Self::Fail => "[fail]",
        }
    }
}

/// One thing that was looked at.
struct Finding {
    name: &'static str,
    state: State,
    detail: Words,
    advice: Option<Words>,
}

impl Finding {
    fn ok(name: &'static str, detail: Words) -> Self {
        Self { name, state: State::Ok, detail, advice: None }
    }

    fn skipped(name: &'static str, detail: Words) -> Self {
        Self { name, state: State::Skipped, detail, advice: None }
    }

    fn warn(name: &'static str, detail: Words, advice: Words) -> Self {
        Self { name, state: State::Warn, detail, advice: Some(advice) }
    }

    fn fail(name: &'static str, detail: Words, advice: Words) -> Self {
        Self { name, state: State::Fail, detail, advice: Some(advice) }
    }

    fn json(&self) -> Value {
        let advice = self.advice.as_ref();
        json!({
            "name": self.name,
            "state": self.state.name(),
            "detail": self.detail.en,
            "detail_zh": self.detail.zh,
            "advice": advice.map(|advice| &advice.en),
            "advice_zh": advice.map(|advice| &advice.zh),
        })
    }
}

/// Findings that belong together.
struct Section {
    name: &'static str,
    title: Words,
    findings: Vec<Finding>,
}

impl Section {
    fn state(&self) -> State {
        self.findings.iter().map(|finding| finding.state).max().unwrap_or(State::Ok)
    }
}

/// The same in both languages: what the system or a library says.
fn said(text: impl std::fmt::Display) -> Words {
    let text = text.to_string();
    words(text.clone(), text)
}

impl Doctor {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let others = self.peer.iter().map(|url| Client::new(url)).collect::<Result<Vec<_>, _>>()?;
        let home = Home::new(&self.home.home);
        let sections = self.sections(&home, &others).await?;
        let worst = sections.iter().map(Section::state).max().unwrap_or(State::Ok);
        print(console, &sections, worst);
        Ok(match worst {
            State::Ok | State::Skipped => Exit::Done,
            State::Warn => Exit::Incomplete,
            State::Fail => Exit::Failed,
        })
    }

    async fn sections(&self, home: &Home, others: &[Client]) -> Result<Vec<Section>, Failure> {
        let section = |name, en: &str, zh: &str, findings| Section { name, title: words(en, zh), findings };
        let (mut findings, config) = home::configuration(home);
        let Some(config) = config else {
            findings.push(Finding::skipped(
                "node",
                words("everything else follows from the configuration", "其余检查以配置为前提"),
            ));
            return Ok(vec![section("configuration", "Configuration", "配置", findings)]);
        };
        let (genesis_finding, genesis) = home::genesis(&config);
        findings.push(genesis_finding);
        findings.extend(home::fork(&config));
        let mut sections = vec![
            section("configuration", "Configuration", "配置", findings),
            section("machine", "This machine", "本机", machine::findings(&config)),
        ];
        let keys = home::Keys::read(home);
        let operator = keys.operator_key();
        let online = own_client(&config)?;
        let reached = online.get::<Version>("/version").await;
        let (title, seen) = match (reached, &genesis) {
            // A node that is joining refuses this question, and answers others.
            (Ok(_) | Err(ClientError::Refused(_)), _) => {
                let seen = running::look(&online, &config, genesis.as_ref(), operator.as_ref()).await;
                (("running", "The node, running", "运行中的节点"), seen)
            }
            (Err(_), Some(genesis)) => {
                let seen = stopped::look(&config, genesis, self.blocks, operator.as_ref()).await;
                (("stopped", "The node, stopped", "已停止的节点"), seen)
            }
            (Err(_), None) => {
                let seen = Seen::nothing(words("a ledger is judged by its genesis", "账本须依创世文件判断"));
                (("stopped", "The node, stopped", "已停止的节点"), seen)
            }
        };
        sections.push(section("keys", "Keys", "密钥", keys.findings(&seen)));
        sections.push(section(title.0, title.1, title.2, seen.findings));
        sections.push(section(
            "peers",
            "Other centres",
            "其他中心",
            peers::compare(&online, seen.status.as_ref(), others).await,
        ));
        Ok(sections)
    }
}

/// What was found of the node, and what other checks compare with.
struct Seen {
    findings: Vec<Finding>,
    /// Voting and network keys of the members, with their organisations.
    members: Option<Vec<home::Membership>>,
    /// Whom this home's operator key speaks for; `None` if the ledger could not be asked.
    operator: Option<Option<String>>,
    /// Where a running node stands.
    status: Option<crate::api::schema::Status>,
}

impl Seen {
    fn nothing(why: Words) -> Self {
        let findings = vec![Finding::skipped("node", why)];
        Self { findings, members: None, operator: None, status: None }
    }
}

/// The node's own interface: where it listens on every address, on loopback.
fn own_client(config: &Config) -> Result<Client, Failure> {
    let mut address = config.api.listen;
    if address.ip().is_unspecified() {
        let loopback: std::net::IpAddr = if address.is_ipv4() {
            std::net::Ipv4Addr::LOCALHOST.into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        address.set_ip(loopback);
    }
    Client::new(&format!("http://{address}"))
}

fn print(console: &Console, sections: &[Section], worst: State) {
    if console.is_json() {
        let section = |section: &Section| {
            let findings: Vec<Value> = section.findings.iter().map(Finding::json).collect();
            json!({ "name": section.name, "state": section.state().name(), "checks": findings })
        };
        let sections: Vec<Value> = sections.iter().map(section).collect();
        return console.json(&json!({ "state": worst.name(), "sections": sections }));
    }
    let lang = console.lang();
    for section in sections {
        console.line(&section.title.pick(lang));
        for Finding { name, state, detail, advice } in &section.findings {
            console.line(&format!("  {} {name}: {}", state.mark(), detail.pick(lang)));
            if let Some(advice) = advice {
                console.line(&format!("         -> {}", advice.pick(lang)));
            }
        }
    }
    let count = |state| sections.iter().flat_map(|s| &s.findings).filter(|f| f.state == state).count();
    let (warnings, failures) = (count(State::Warn), count(State::Fail));
    console.say(&words(
        format!("{warnings} warnings, {failures} failures."),
        format!("{warnings}项警告，{failures}项故障。"),
    ));
}
