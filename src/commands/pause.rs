use std::process::ExitCode;

use super::{Context, author, select};
use crate::cli;
use crate::error::Result;
use crate::operations::pause;

pub(super) fn run(context: &Context, arguments: &cli::Pause) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let written = pause::pause(
        &store,
        &session,
        arguments.because.as_deref(),
        &author(&arguments.author),
        arguments.secrets.allow_secret,
        context.now,
    )?;
    context.output.written("paused", &written)?;
    Ok(ExitCode::SUCCESS)
}
