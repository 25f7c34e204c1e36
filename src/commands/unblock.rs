use std::process::ExitCode;

use super::{Context, author, select};
use crate::cli;
use crate::error::Result;
use crate::operations::blockers;

pub(super) fn run(context: &Context, arguments: &cli::Unblock) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let text = (!arguments.text.is_empty()).then(|| arguments.text.join(" "));
    let agent = author(&arguments.author);
    let written = blockers::unblock(&store, &session, text.as_deref(), &agent, context.now)?;
    context.output.written("unblocked", &written)?;
    Ok(ExitCode::SUCCESS)
}
