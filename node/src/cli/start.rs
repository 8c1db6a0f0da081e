//! `zhulian start`: run a node until it is told to stop.

use std::io::Read as _;
use std::time::Duration;

use clap::Args;

use super::HomeArg;
use super::output::{Exit, Failure, words};
use crate::config::{Config, Home, Log, LogFormat, Override};
use crate::{genesis, run};

/// Longest a node may take to stop once it was told to.
const STOP_MAX: Duration = Duration::from_secs(20);

/// Run a node until SIGTERM or ctrl-c.
#[derive(Args)]
#[command(
    after_help = "Example 示例:\n  zhulian start --home gz\n  ZHULIAN_LOG_LEVEL=debug zhulian start --home gz"
)]
pub(crate) struct Start {
    #[command(flatten)]
    home: HomeArg,
    /// Overrides api.listen 接口监听地址
    #[arg(long, value_name = "ADDRESS")]
    api_listen: Option<String>,
    /// Overrides log.level 日志级别
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// Join by a state snapshot when there is no ledger yet 无账本时经状态快照加入
    #[arg(long)]
    from_snapshot: bool,
    /// The block that a snapshot must lead to, as another centre's operator names it 运行者信任的区块
    #[arg(long, value_name = "HEIGHT:ID", requires = "from_snapshot")]
    trust_block: Option<String>,
    /// Stop when standard input ends: a child that outlives its parent by accident ends with it
    #[arg(long, hide = true)]
    stop_on_stdin_eof: bool,
}

impl Start {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        let home = Home::new(&self.home.home);
        let config =
            Config::load(&home, std::env::vars(), &self.overrides()).map_err(|e| refuse_config(&e))?.config;
        log_to_stderr(&config.log)?;
        genesis::load(&config).map_err(|e| {
            Failure::because(
                e,
                words(
                    "The node does not start. Compare `zhulian genesis hash` with the other members, then collect the \
                     missing sign-offs with `zhulian genesis sign`; `zhulian genesis check` shows who has signed.",
                    "节点未启动。请与其他成员核对 zhulian genesis hash，再用 zhulian genesis sign 收齐签署；\
                     zhulian genesis check 可查看签署情况。",
                ),
            )
        })?;
        if self.stop_on_stdin_eof {
            stop_when_stdin_ends();
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        let runtime =
            runtime.map_err(|e| Failure::because(e, words("The node does not start.", "节点未启动。")))?;
        let stopped = runtime.block_on(run::run(config, home));
        runtime.shutdown_timeout(STOP_MAX);
        stopped.map(|()| Exit::Done).map_err(|e| match e {
            run::RunError::Key(error) => super::key::refuse(&error),
            other => Failure::because(
                other,
                words(
                    "The node has stopped; what it acknowledged as recorded is on disk.",
                    "节点已停止；已确认入账的数据均在磁盘上。",
                ),
            ),
        })
    }

    fn overrides(&self) -> Vec<Override> {
        let of = |key, flag, text: &Option<String>| text.clone().map(|text| Override { key, flag, text });
        let join = self.from_snapshot.then(|| "true".to_owned());
        [
            of("api.listen", "--api-listen", &self.api_listen),
            of("log.level", "--log-level", &self.log_level),
            of("snapshots.join", "--from-snapshot", &join),
            of("snapshots.trust_block", "--trust-block", &self.trust_block),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What to say about a configuration that is not accepted.
pub(crate) fn refuse_config(error: &crate::config::ConfigError) -> Failure {
    Failure::because(
        error,
        words(
            "The configuration is not accepted. Correct it, then run `zhulian config check`.",
            "配置未被接受。请修改后运行 zhulian config check。",
        ),
    )
}

/// Log lines go to standard error.
fn log_to_stderr(log: &Log) -> Result<(), Failure> {
    use std::io::IsTerminal as _;
    let refuse = |e: &dyn std::fmt::Display| {
        Failure::because(
            format!("log.level: {:?}: {e}", log.level),
            words(
                "Write error, warn, info, debug or trace, or a filter.",
                "可用 error、warn、info、debug、trace 或过滤表达式。",
            ),
        )
    };
    let filter = tracing_subscriber::EnvFilter::try_new(filter_of(&log.level)).map_err(|e| refuse(&e))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let json = match log.format {
        LogFormat::Json => true,
        LogFormat::Text => false,
        LogFormat::Auto => !std::io::stderr().is_terminal(),
    };
    if json {
        builder.json().init()
    } else {
        builder.init()
    }
    Ok(())
}

/// A bare level is meant for this program; libraries then only warn.
fn filter_of(level: &str) -> String {
    if level.contains(['=', ',']) {
        level.to_owned()
    } else {
        format!("warn,node={level},consensus={level},ledger={level}")
    }
}

/// The same end as by SIGTERM, and a hard one if that takes too long.
fn stop_when_stdin_ends() {
    std::thread::spawn(|| {
        let mut sink = [0; 256];
        while matches!(std::io::stdin().read(&mut sink), Ok(n) if n > 0) {}
        let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM);
        std::thread::sleep(STOP_MAX);
        std::process::exit(1);
    });
}
