use std::process::ExitCode;

use super::{Context, author, select};
use crate::cli;
use crate::error::Result;
use crate::operations::done;

pub(super) fn run(context: &Context, arguments: &cli::Done) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let agent = author(&arguments.author);
    let written = done::done(&store, &session, &arguments.items, &agent, context.now)?;
    context.output.written("done", &written)?;
    Ok(ExitCode::SUCCESS)
}
