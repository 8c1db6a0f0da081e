//! What four nodes on one machine do in a second, and what bounds them.
//!
//! The nodes are four processes with their default configuration on loopback, flushing every vote and every block. The
//! load comes from this process, on the same cores.

mod client;
mod limits;
mod load;
mod network;
mod organisations;
mod process;
mod replay;
mod report;
mod workload;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::{Parser, ValueEnum};

use client::Request;
use limits::Limits;
use load::{Outcome, Pace};
use network::{NODES, Network};
use process::Machine;
use report::{Report, Step};
use workload::Workload;

/// Measures four nodes on this machine, and the machine beside them.
#[derive(Debug, Parser)]
pub struct Bench {
    /// Shorter steps: under a minute in all
    #[arg(long)]
    quick: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value = "table")]
    output: Output,
    /// The program `zhulian`; by default the one beside this program
    #[arg(long)]
    program: Option<PathBuf>,
    /// Below which the nodes' homes are made and afterwards removed; by default the system's place for such files
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Leave the homes, with the nodes' logs
    #[arg(long)]
    keep: bool,
    /// Only steps under full load with so many connections, for profiles
    #[arg(long, value_name = "CONNECTIONS", hide = true)]
    only: Option<usize>,
    /// Instead, what 100,000 organisations with certificates cost beside 100: execution, memory, look-up of rights
    #[arg(long)]
    organisations: bool,
    /// What a process of that measurement is to do
    #[arg(long, value_name = "JSON", hide = true)]
    stage: Option<String>,
}

/// How a result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people.
    Table,
    /// For programs.
    Json,
}

/// A step under full load: name, connections, transactions a request, transactions a second that are signed for it.
struct FullLoad(&'static str, usize, usize, usize);

const FULL_LOADS: [FullLoad; 6] = [
    FullLoad("one per request, 1 connection", 1, 1, 2_000),
    FullLoad("one per request, 64 connections", 64, 1, 15_000),
    FullLoad("one per request, 256 connections", 256, 1, 20_000),
    FullLoad("one per request, 1,024 connections", 1_024, 1, 30_000),
    FullLoad("100 per request, 32 connections", 32, 100, 40_000),
    FullLoad("1,000 per request, 8 connections", 8, 1_000, 40_000),
];

impl Bench {
    /// Measures and prints.
    ///
    /// # Errors
    /// When a node does not start, a transaction is not recorded, or two nodes differ.
    pub fn run(self) -> anyhow::Result<()> {
        if let Some(stage) = &self.stage {
            return serde_json::from_str::<organisations::Stage>(stage)?.run();
        }
        if self.organisations {
            return self.print(&organisations::measure(self.directory()?.path(), self.quick)?);
        }
        // One thread for the load: the nodes need the cores.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let report = runtime.block_on(async {
            tokio::select! {
                // Whichever way this ends, the network is dropped, and with it every process.
                report = self.measure() => report,
                _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
            }
        })?;
        self.print(&report)?;
        ensure!(report.complete(), "not every transaction was recorded");
        Ok(())
    }

    fn print<T: std::fmt::Display + serde::Serialize>(&self, found: &T) -> anyhow::Result<()> {
        match self.output {
            Output::Table => println!("{found}"),
            Output::Json => println!("{}", serde_json::to_string_pretty(found)?),
        }
        Ok(())
    }

    /// Where everything is made, and afterwards removed.
    fn directory(&self) -> anyhow::Result<tempfile::TempDir> {
        let parent = self.dir.clone().unwrap_or_else(std::env::temp_dir);
        let mut directory = tempfile::Builder::new().prefix("zhulian-bench-").tempdir_in(parent)?;
        directory.disable_cleanup(self.keep);
        Ok(directory)
    }

    /// Seconds of a step.
    fn time(&self, full: f64) -> Duration {
        Duration::from_secs_f64(if self.quick { full / 5.0 } else { full })
    }

    async fn measure(&self) -> anyhow::Result<Report> {
        let machine = Machine::describe();
        let directory = self.directory()?;
        if self.keep {
            eprintln!("bench: homes and logs stay in {}", directory.path().display());
        }
        say("the machine's own limits");
        let limits = Limits::measure(directory.path(), self.time(1.0))?;
        say("four nodes");
        let mut network = Network::prepare(directory.path())?;
        network.start(&self.program()?).await?;
        let mut workload = Workload::prepare(&network).await?;
        say("warming up");
        full_load(&network, &mut workload, &FULL_LOADS[1], self.time(3.0)).await?;
        let mut steps = Vec::new();
        for load in FULL_LOADS.iter().filter(|load| self.only.is_none_or(|only| load.1 == only)) {
            say(load.0);
            steps.push(full_load(&network, &mut workload, load, self.time(10.0)).await?);
        }
        let top = steps.iter().filter(|step| step.per_request == 1).map(|step| step.rate).fold(0.0, f64::max);
        for (name, connections, rate) in [
            ("one in flight", 1, None),
            ("50 a second", 64, Some(50.0)),
            ("half of the top rate", 512, Some(top / 2.0)),
        ] {
            say(name);
            steps.push(timed_load(&network, &mut workload, name, connections, rate, self.time(10.0)).await?);
        }
        let height = network.settled().await?;
        let memory = network.memory()?;
        say("stopping the nodes, which flush");
        network.stop();
        say("replaying the chain");
        let data = network.data();
        let disk = report::Disk::of(&data[0])?;
        let scratch = directory.path().join("replay");
        let replay = replay::replay(&data[0], &network.genesis, &network.genesis_bytes, &scratch)?;
        Ok(Report { machine, limits, steps, height, memory, disk, replay })
    }

    fn program(&self) -> anyhow::Result<PathBuf> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        let beside = std::env::current_exe()?.with_file_name("zhulian");
        ensure!(
            beside.exists(),
            "{} is missing: build the workspace, or name it with --program",
            beside.display()
        );
        Ok(beside)
    }
}

fn say(what: &str) {
    eprintln!("bench: {what}");
}

/// As much as the nodes take.
async fn full_load(
    network: &Network,
    workload: &mut Workload,
    load: &FullLoad,
    time: Duration,
) -> anyhow::Result<Step> {
    let FullLoad(name, connections, size, rate) = *load;
    let count = (rate as f64 * time.as_secs_f64()) as usize / size;
    let requests = if size == 1 { workload.singles(count)? } else { workload.batches(count, size)? };
    step(network, name, connections, size, requests, Pace::Closed(time)).await
}

/// Few, or as many as a timetable says.
async fn timed_load(
    network: &Network,
    workload: &mut Workload,
    name: &'static str,
    connections: usize,
    rate: Option<f64>,
    time: Duration,
) -> anyhow::Result<Step> {
    let count = rate.unwrap_or(2_000.0) * time.as_secs_f64();
    let requests = workload.singles(count as usize)?;
    step(network, name, connections, 1, requests, rate.map_or(Pace::Closed(time), Pace::Open)).await
}

async fn step(
    network: &Network,
    name: &'static str,
    connections: usize,
    per_request: usize,
    requests: Vec<Request>,
    pace: Pace,
) -> anyhow::Result<Step> {
    let (height, cpu) = (network.settled().await?, network.cpu()?);
    let own = process::cpu_seconds(std::process::id())?;
    let outcome: Outcome = load::send(&network.addresses(), requests, connections, pace).await?;
    let own = process::cpu_seconds(std::process::id())? - own;
    let cpu: Vec<f64> = network.cpu()?.iter().zip(cpu).map(|(after, before)| after - before).collect();
    ensure!(cpu.len() == NODES, "a node has ended");
    let blocks = network.settled().await?.checked_sub(height).context("the chain became shorter")?;
    Ok(Step::new(name, connections, per_request, outcome, blocks, cpu, own))
}
