use std::process::ExitCode;

use super::{Context, author, select};
use crate::cli;
use crate::error::Result;
use crate::operations::blockers;

pub(super) fn run(context: &Context, arguments: &cli::Block) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.writing.target.selector())?;
    let written = blockers::block(
        &store,
        &session,
        arguments
            .named
            .as_deref()
            .unwrap_or(&arguments.text.join(" ")),
        &author(&arguments.writing.author),
        arguments.writing.secrets.allow_secret,
        context.now,
    )?;
    context.output.written("blocked", &written)?;
    Ok(ExitCode::SUCCESS)
}
