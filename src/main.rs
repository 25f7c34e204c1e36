//! The `agentsess` command.

use std::process::ExitCode;

use agentsess::{cli, commands};

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    match cli::parse(&arguments) {
        Ok(matches) => commands::run(&matches),
        Err(error) => commands::wrong_use(&error),
    }
}
