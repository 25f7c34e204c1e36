//! The `agentsess` command.

use std::process::ExitCode;

use agentsess::cli::Cli;
use agentsess::commands;
use clap::Parser;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => commands::run(cli),
        Err(error) => commands::wrong_use(&error),
    }
}
