use std::process::ExitCode;

use super::{Context, SESSION, select, variable};
use crate::cli;
use crate::error::Result;
use crate::operations::use_session::{use_session, used};
use crate::render::sanitize;

pub(super) fn run(context: &Context, arguments: &cli::Use) -> Result<ExitCode> {
    let store = context.store()?;
    let used = match &arguments.session {
        Some(session) => use_session(&store, Some(&select(&store, Some(session))?))?,
        None if arguments.none => use_session(&store, None)?,
        None => used(&store)?,
    };
    context.output.print(&used, || match &used.slug {
        Some(slug) => format!("using {}", sanitize(slug)),
        None => "using no session".to_owned(),
    })?;
    if variable(SESSION).is_some() {
        context
            .output
            .note(&format!("{SESSION} is set and comes first"));
    }
    Ok(ExitCode::SUCCESS)
}
