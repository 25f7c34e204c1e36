use std::path::Path;
use std::process::ExitCode;

use super::output::line;
use super::{Context, author, is_person, own_run, select};
use crate::cli;
use crate::error::Result;
use crate::operations::handoff::{HandedOver, Request, handoff};
use crate::render::{brief, one_line};

/// Files that a warning names.
const SHOWN: usize = 10;

pub(super) fn run(context: &Context, arguments: &cli::Handoff) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let run = own_run();
    let request = Request {
        agent: &author(&arguments.author),
        to: arguments.to.as_deref(),
        state: arguments.state.as_deref(),
        next: &arguments.next,
        replace: arguments.replace,
        message: arguments.message.as_deref(),
        take: arguments.take || is_person(&arguments.author),
        run: run.as_deref(),
        allow_secret: arguments.secrets.allow_secret,
    };
    let outcome = handoff(&store, &session, &request, context.now)?;
    print(context, outcome)?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn print(context: &Context, mut outcome: HandedOver) -> Result<()> {
    let output = &context.output;
    outcome.resume = output.command_for_others(&outcome.resume);
    output.print(&outcome, || {
        brief::ending_with(&outcome.brief, &format!("Go on with: {}\n", outcome.resume))
    })?;
    if let Some(holder) = &outcome.taken_from {
        output.note(&format!("{holder} had it"));
    }
    output.aside(&line("handed over", &outcome.written));
    for path in outcome.unlisted.iter().take(SHOWN) {
        let path = shown(path);
        output.aside(&format!(
            "warning: {path} is neither committed nor listed in Files Modified"
        ));
    }
    if let Some(more) = outcome.unlisted.len().checked_sub(SHOWN + 1) {
        output.aside(&format!("warning: and so are {} more", more + 1));
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    one_line(&path.to_string_lossy()).into_owned()
}
