use std::process::ExitCode;

use super::{Context, select};
use crate::cli;
use crate::error::Result;
use crate::operations::task::{self, Place};

pub(super) fn run(context: &Context, arguments: &cli::Task) -> Result<ExitCode> {
    let cli::TaskCommand::Add(arguments) = &arguments.command;
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let place = match arguments.wave {
        Some(number) => Place::Wave(number),
        None if arguments.criterion => Place::Criteria,
        None => Place::NextSteps,
    };
    let text = arguments.text.join(" ");
    let allow_secret = arguments.secrets.allow_secret;
    let written = task::add(&store, &session, &text, place, allow_secret, context.now)?;
    context.output.written("added to", &written)?;
    Ok(ExitCode::SUCCESS)
}
