use std::process::ExitCode;

use super::{Context, Words, author, select};
use crate::cli;
use crate::error::Result;
use crate::operations::log;

pub(super) fn run(context: &Context, arguments: &cli::Log) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.writing.target.selector())?;
    let words = Words::read("log", &arguments.message, arguments.named.as_deref())?;
    let request = log::Request {
        message: words.text.as_deref(),
        input: words.input.as_deref(),
        agent: &author(&arguments.writing.author),
        action: &arguments.action,
        state: arguments.state.as_deref(),
        next: &arguments.next,
        replace: arguments.replace,
        current: arguments.current.as_deref(),
        status: None,
        run: None,
        done: &arguments.done,
        files: &arguments.files,
        allow_secret: arguments.writing.secrets.allow_secret,
    };
    let written = log::log(&store, &session, &request, context.now)?;
    context.output.written("logged", &written)?;
    Ok(ExitCode::SUCCESS)
}
