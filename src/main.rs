//! The `agentsess` command.

use std::process::ExitCode;

use agentsess::cli::Cli;
use agentsess::commands;
use clap::CommandFactory;

fn main() -> ExitCode {
    match Cli::command().try_get_matches() {
        Ok(matches) => commands::run(&matches),
        Err(error) => commands::wrong_use(&error),
    }
}
