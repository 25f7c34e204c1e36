use std::process::ExitCode;

use super::{Context, own_run, select};
use crate::cli;
use crate::error::Result;
use crate::operations::set;

pub(super) fn run(context: &Context, arguments: &cli::Set) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let written = set::set(
        &store,
        &session,
        &arguments.key,
        &arguments.value,
        arguments.secrets.allow_secret,
        own_run().as_deref(),
        context.now,
    )?;
    context.output.written("set", &written)?;
    Ok(ExitCode::SUCCESS)
}
