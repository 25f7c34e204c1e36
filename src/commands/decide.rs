use std::process::ExitCode;

use super::{Context, author, select};
use crate::cli;
use crate::error::Result;
use crate::operations::decide::{self, Request};

pub(super) fn run(context: &Context, arguments: &cli::Decide) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.writing.target.selector())?;
    let request = Request {
        title: &arguments.title.join(" "),
        decision: &arguments.decision,
        rationale: &arguments.rationale,
        agent: &author(&arguments.writing.author),
        allow_secret: arguments.writing.secrets.allow_secret,
    };
    let written = decide::decide(&store, &session, &request, context.now)?;
    context.output.written("decided", &written)?;
    Ok(ExitCode::SUCCESS)
}
