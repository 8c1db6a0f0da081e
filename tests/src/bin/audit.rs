//! Runs the ledger and the auditor side by side over many seeds.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match scenarios::audit::Audit::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("audit: {error:#}");
            ExitCode::FAILURE
        }
    }
}
