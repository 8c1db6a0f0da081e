//! `zhulian demo`: a whole trade on four nodes of this machine, watched from notice to contract.
//!
//! The demonstration uses nothing that a user does not have: it makes homes and a genesis as `zhulian init`
//! and `zhulian genesis` do, runs `zhulian start` four times, and trades through the HTTP interfaces.

mod cast;
mod evaluation;
mod identity;
mod network;
mod progress;
mod receipt;
mod report;
mod stage;
mod tender;
mod trade;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use crate::cli::output::{Console, Exit, Failure, words};
use network::Network;
use progress::Progress;
use stage::Stage;

/// Run a whole trade on four nodes of this machine.
#[derive(Args)]
#[command(after_help = "Examples 示例:\n  zhulian demo\n  zhulian demo --serve --lang zh\n\n\
    Four nodes (Guangzhou, Shenzhen, Zhuhai, Zhongshan) start on loopback. A land-use right of Zhuhai is listed, \
    bidders of the other cities deposit letters of guarantee and quote, one node is killed and catches up, the deal \
    is confirmed, publicised and contracted. The clock is stepped: 45 days pass in seconds.")]
pub(crate) struct Demo {
    /// Directory to make; it must not exist, unless an earlier demonstration made it 数据目录
    #[arg(long, value_name = "DIR", default_value = "demo-data")]
    dir: PathBuf,
    /// Keep the directory afterwards 保留数据目录
    #[arg(long)]
    keep: bool,
    /// Leave the network running afterwards, until ctrl-c 演示后保持网络运行
    #[arg(long)]
    serve: bool,
    /// Do not kill a node half way 不中途终止节点
    #[arg(long)]
    no_kill: bool,
    /// First of eight ports to try: four HTTP interfaces, then four of the mesh 起始端口
    #[arg(long, value_name = "PORT", default_value_t = 8101, value_parser = clap::value_parser!(u16).range(1024..=65000))]
    port_base: u16,
    /// Milliseconds that a day takes at least; 300 at a terminal, else 0 每日最短毫秒数
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(0..=10_000))]
    pace: Option<u64>,
}

impl Demo {
    pub(crate) async fn run(self, console: &Console) -> Result<Exit, Failure> {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())
            .map_err(|e| Failure::because(e, words("The demonstration did not begin.", "演示未开始。")))?;
        // Whichever way this ends, the network is dropped, and with it every child.
        let (exit, mut network) = tokio::select! {
            end = self.play(console) => end?,
            _ = tokio::signal::ctrl_c() => return Err(interrupted()),
            _ = terminate.recv() => return Err(interrupted()),
        };
        if self.serve {
            report::serve(console, &network, &self.dir);
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
        }
        network.stop();
        if !self.keep && exit == Exit::Done {
            network.remove()?;
        }
        Ok(exit)
    }

    async fn play(&self, console: &Console) -> Result<(Exit, Network), Failure> {
        let began = Instant::now();
        let pace = self.pace.map(Duration::from_millis);
        let mut progress = Progress::new(console, trade::DAYS + tender::DAYS, pace);
        progress.heading(&words(
            "Zhulian demonstration: all organisations are invented, the clock is stepped",
            "珠联演示：主体均为虚构，时钟为人工推进",
        ));
        let mut network = Network::prepare(&self.dir, self.port_base)?;
        progress.done(&words(
            format!("four homes with keys, a genesis signed off by four centres, in {}", self.dir.display()),
            format!("四个节点目录与密钥、四家交易中心签署的创世文件，位于 {}", self.dir.display()),
        ));
        let end = self.perform(console, &mut network, &mut progress, began).await;
        if end.is_err() {
            progress.finish();
            console.say(&words(
                format!("The nodes' logs are in {}.", self.dir.display()),
                format!("节点日志位于 {}。", self.dir.display()),
            ));
        }
        Ok((end?, network))
    }

    async fn perform(
        &self,
        console: &Console,
        network: &mut Network,
        progress: &mut Progress,
        began: Instant,
    ) -> Result<Exit, Failure> {
        network.start_all(progress).await?;
        let mut stage = Stage::new(network, progress).await?;
        let trust = trade::play(&mut stage, !self.no_kill).await?;
        tender::play(&mut stage, &trust).await?;
        let acts = stage.finish().await?;
        let compared = report::compare(network).await?;
        progress.finish();
        Ok(report::print(console, network, &acts, &compared, began.elapsed()))
    }
}

fn interrupted() -> Failure {
    Failure::incomplete(words("Interrupted; the nodes are stopped.", "已中断，节点已停止。"))
}
