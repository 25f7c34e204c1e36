use std::process::ExitCode;

use super::{Context, author, select};
use crate::cli;
use crate::error::Result;
use crate::operations::pause;

pub(super) fn run(context: &Context, arguments: &cli::Pause) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.writing.target.selector())?;
    let reason = arguments.reason.join(" ");
    let written = pause::pause(
        &store,
        &session,
        Some(arguments.because.as_deref().unwrap_or(&reason)),
        &author(&arguments.writing.author),
        arguments.writing.secrets.allow_secret,
        context.now,
    )?;
    context.output.written("paused", &written)?;
    Ok(ExitCode::SUCCESS)
}
