use std::process::ExitCode;

use super::{Context, author, select};
use crate::cli;
use crate::error::{Error, Result};
use crate::operations::{pause, slug_of, stem_of};
use crate::shell;
use crate::store::Store;

pub(super) fn run(context: &Context, arguments: &cli::Pause) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.writing.target.selector())?;
    if arguments.writing.target.selector().is_none() {
        refuse_session(&store, &arguments.reason)?;
    }
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

/// Other commands take a session where this one takes a reason.
fn refuse_session(store: &Store, reason: &[String]) -> Result<()> {
    let [word] = reason else {
        return Ok(());
    };
    let names = store.names()?;
    let is_one = |name: &String| word == slug_of(name) || word == stem_of(name);
    if !names.iter().any(is_one) {
        return Ok(());
    }
    let mut error = Error::usage(format!(
        "`{word}` is taken for the reason, and it is the name of a session"
    ));
    error.details = vec!["as a reason it is given with --because".to_owned()];
    Err(error.hint(format!("agentsess pause -s {}", shell::word(word))))
}
