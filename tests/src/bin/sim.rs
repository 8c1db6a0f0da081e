//! `make sim`: networks under faults and adversaries, seed by seed.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    if scenarios::sim::command::Sim::parse().run() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
