//! The command line: what can be asked, and how it ends.
//!
//! Exit codes: 0 done, 1 refused or failed, 2 incomplete (pending, or not yet known), 3 wrong usage.

pub(crate) mod bid;
pub mod client;
pub mod output;

mod certificate_key;
mod config;
mod der;
mod device;
mod doctor;
pub(crate) mod documents;
mod draft;
mod enrol;
pub(crate) mod events;
pub(crate) mod genesis;
pub(crate) mod governance;
pub(crate) mod init;
mod key;
mod open;
pub(crate) mod receipt;
mod show;
pub(crate) mod sign;
mod staff;
mod start;
pub(crate) mod status;
mod submit;
pub(crate) mod tender;
pub(crate) mod trade;
mod trust;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::demo;
use output::{Console, Failure, Format, Lang};

/// 珠联 Zhulian: a ledger for public resource trading. 公共资源交易联盟账本
#[derive(Parser)]
#[command(name = "zhulian", version, propagate_version = true, max_term_width = 110)]
#[command(
    after_help = "Exit codes 退出码: 0 done 完成, 1 refused or failed 被拒绝或失败, 2 incomplete 未完成, 3 usage 用法错误\n\n\
    Examples 示例:\n  zhulian demo\n  zhulian status --node http://127.0.0.1:8101\n  zhulian submit --key seller.key action.toml"
)]
struct Cli {
    /// How answers are written 输出格式
    #[arg(long, global = true, value_enum, default_value_t = Format::Table, env = "ZHULIAN_OUTPUT")]
    output: Format,
    /// Language of messages; from LANG unless given 语言
    #[arg(long, global = true, value_enum, env = "ZHULIAN_LANG")]
    lang: Option<Lang>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a node's home: keys, configuration and genesis entry 初始化节点目录
    Init(init::Init),
    /// Run a node until SIGTERM or ctrl-c 启动节点
    Start(start::Start),
    /// Say where nodes stand 查询节点状态
    Status(status::Status),
    /// Find out what keeps a node from working well 节点诊断
    Doctor(doctor::Doctor),
    /// Make and inspect key files 密钥管理
    #[command(subcommand)]
    Key(key::Key),
    /// Sign and submit acts from TOML or JSON files 签名并提交业务操作
    Submit(submit::Submit),
    /// Approve another person's act as the second person 第二人审批
    Approve(draft::Approve),
    /// Publish a listing 挂牌公告
    #[command(subcommand)]
    Listing(trade::Listing),
    /// Quote a price 报价
    Quote(trade::Quote),
    /// Issue, deposit or release a letter of guarantee 电子保函
    #[command(subcommand)]
    Guarantee(trade::Guarantee),
    /// Construction tenders: projects, notices, clarifications, objections 招标
    #[command(subcommand)]
    Tender(Box<tender::Tender>),
    /// Seal a bid, submit, replace or withdraw it, and read opened ones 投标
    #[command(subcommand)]
    Bid(Box<bid::Bid>),
    /// Confirm a deal or publish its result 成交确认与结果公示
    #[command(subcommand)]
    Deal(trade::Deal),
    /// Record a contract 合同备案
    #[command(subcommand)]
    Contract(trade::Contract),
    /// Change members, keys and rules together 网络治理
    #[command(subcommand)]
    Governance(governance::Governance),
    /// Trust certification authorities together 认证机构
    #[command(subcommand)]
    Ca(trust::Ca),
    /// Look up and revoke certificates 证书
    #[command(subcommand)]
    Cert(trust::Cert),
    /// Enrol an organisation with its certificate 凭证书入网
    Enrol(Box<enrol::Enrol>),
    /// Appoint staff with limited mandates, and end them 经办人授权
    #[command(subcommand)]
    Staff(Box<staff::Staff>),
    /// Look something up on the ledger 查询账本
    #[command(subcommand)]
    Show(show::Show),
    /// Fetch receipts that anybody can verify 交易回执
    #[command(subcommand)]
    Receipt(receipt::Receipt),
    /// Verify a receipt without any node 离线验证回执
    Verify(receipt::Verify),
    /// Make, sign off and check a genesis file 创世文件
    #[command(subcommand)]
    Genesis(genesis::GenesisCommand),
    /// Check or show a node's configuration 检查或显示配置
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Run a whole trade on four nodes of this machine 本机四节点演示
    Demo(demo::Demo),
    /// Say which version this is 版本
    Version,
    /// Write completions for a shell 生成命令补全
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// Where a node lives on this machine.
#[derive(Args, Clone)]
pub(crate) struct HomeArg {
    /// The node's home 节点目录
    #[arg(long, value_name = "DIR", default_value = "zhulian-home", env = "ZHULIAN_HOME")]
    pub(crate) home: PathBuf,
}

/// Which nodes to talk to.
#[derive(Args, Clone)]
pub(crate) struct NodesArg {
    /// HTTP address of a node; several, in the order in which they are tried 节点地址
    #[arg(
        long = "node",
        value_name = "URL",
        value_delimiter = ',',
        default_value = "http://127.0.0.1:8101",
        env = "ZHULIAN_NODE"
    )]
    pub(crate) nodes: Vec<String>,
}

/// Parses the arguments, does what they ask and says how it ended.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let usage = error.use_stderr();
            // Nothing can be done when even this cannot be written.
            let _ = error.print();
            return if usage { output::Exit::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    let console = Console::new(cli.output, cli.lang);
    match run(cli.command, &console, cli.lang.is_some()) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            console.failure(&failure);
            failure.exit.into()
        }
    }
}

fn run(command: Command, console: &Console, lang_given: bool) -> Result<output::Exit, Failure> {
    match command {
        Command::Init(init) => init.run(console),
        Command::Start(start) => start.run(),
        Command::Status(status) => wait(status.run(console)),
        Command::Key(key) => key.run(console),
        Command::Submit(submit) => wait(submit.run(console)),
        Command::Approve(approve) => approve.run(console),
        Command::Staff(staff) => wait(staff.run(console)),
        Command::Doctor(doctor) => wait(doctor.run(console)),
        Command::Listing(listing) => wait(listing.run(console)),
        Command::Quote(quote) => wait(quote.run(console)),
        Command::Guarantee(guarantee) => wait(guarantee.run(console)),
        Command::Tender(tender) => wait(tender.run(console)),
        Command::Bid(bid) => wait(bid.run(console)),
        Command::Deal(deal) => wait(deal.run(console)),
        Command::Contract(contract) => wait(contract.run(console)),
        Command::Governance(governance) => wait(governance.run(console)),
        Command::Ca(ca) => wait(ca.run(console)),
        Command::Cert(cert) => wait(cert.run(console)),
        Command::Enrol(enrol) => wait(enrol.run(console)),
        Command::Show(show) => wait(show.run(console)),
        Command::Receipt(receipt) => wait(receipt.run(console)),
        Command::Verify(verify) => verify.run(console),
        Command::Genesis(genesis) => genesis.run(console),
        Command::Config(config) => config.run(console),
        Command::Demo(demo) => {
            wait(demo.run(&if lang_given { console.clone() } else { console.bilingual() }))
        }
        Command::Version => {
            console.fields(&serde_json::json!({
                "version": env!("CARGO_PKG_VERSION"),
                "block_version": ledger::block::VERSION,
                "store_format": ledger::store::FORMAT,
            }));
            Ok(output::Exit::Done)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "zhulian", &mut std::io::stdout());
            Ok(output::Exit::Done)
        }
    }
}

/// Runs what talks to nodes.
fn wait<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| {
        Failure::failed(output::words(
            format!("The program cannot run: {e}. Nothing was done."),
            format!("程序无法运行：{e}。未执行任何操作。"),
        ))
    })?;
    runtime.block_on(work)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
