use std::process::ExitCode;

use super::{Context, author, select};
use crate::cli;
use crate::error::Result;
use crate::operations::blockers;

pub(super) fn run(context: &Context, arguments: &cli::Block) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let written = blockers::block(
        &store,
        &session,
        &arguments.text.join(" "),
        &author(&arguments.author),
        arguments.secrets.allow_secret,
        context.now,
    )?;
    context.output.written("blocked", &written)?;
    Ok(ExitCode::SUCCESS)
}
