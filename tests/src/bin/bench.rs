//! `make bench`: measures four nodes on this machine, and the machine beside them.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match scenarios::bench::Bench::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
