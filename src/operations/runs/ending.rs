//! How a process ended, as its record, its exit code and its error say it.

use chrono::SubsecRound;

use super::Request;
use super::record::lossy;
use super::run::CONVERSATION;
use crate::document::time::Timestamp;
use crate::error::{Error, Kind};
use crate::operations::spawned::summary;
use crate::runs::{ENDING, Ended, Reason, Run, StartError, Status};
use crate::shell;
use crate::store::Store;

/// Says of a run how it ended.
pub(super) fn conclude(
    run: &mut Run,
    ended: Option<Box<Ended>>,
    error: Option<&Error>,
    now: Timestamp,
) {
    run.completed_at = Some(now.trunc_subsecs(3).max(run.started_at));
    let told = run
        .signal
        .take()
        .filter(|_| run.reason == Some(Reason::Told));
    run.reason = None;
    let Some(ended) = ended else {
        run.status = Status::Failed;
        run.reason = Some(Reason::NotStarted);
        run.summary = error.and_then(|error| summary(&error.message));
        return;
    };
    run.exit_code = ended.code;
    run.signal = ended.signal;
    let by_signal = ended.signal.is_some_and(|signal| ENDING.contains(&signal));
    (run.status, run.reason) = match (told, ended.code) {
        _ if ended.timed_out => (Status::Failed, Some(Reason::Timeout)),
        (Some(told), _) => {
            run.signal = ended.signal.or(Some(told));
            (Status::Interrupted, Some(Reason::Told))
        }
        (None, _) if by_signal => (Status::Interrupted, None),
        (None, Some(0)) if ended.failure.is_some() => (Status::Failed, Some(Reason::Said)),
        (None, Some(0)) => (Status::Completed, None),
        (None, _) => (Status::Failed, None),
    };
    let before = run.conversation.take().filter(|_| !ended.forgot);
    let known = ended.conversation.filter(|id| id.len() <= CONVERSATION);
    run.conversation = known.or(before);
    let [out, err] = ended.last;
    let said = if run.status == Status::Completed {
        ended.summary.or(out).or(err)
    } else {
        let said = ended.failure.or(ended.complaint).or(err);
        said.or(ended.summary).or(out)
    };
    run.summary = said.and_then(|said| summary(&said));
}

/// What this program is to exit with after a run whose record does not say yet how it ended.
pub(super) fn code(run: &Run, ended: &Ended) -> u8 {
    let told = run.signal.filter(|_| run.reason == Some(Reason::Told));
    let by = |signal| 128 + signal;
    let code = match ended.code {
        _ if ended.timed_out => Some(124),
        // What was told to stop is not done, however well it took that.
        Some(0) => told.map(by).or(Some(0)),
        code => code.or(ended.signal.map(by)),
    };
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(125)
}

pub(super) fn not_started(store: &Store, request: &Request, failed: &StartError) -> Error {
    let program = request.argv.first().map(lossy).unwrap_or_default();
    let path = request.folder.join(&program);
    let is_path = program.contains('/');
    let is_own = path
        .canonicalize()
        .is_ok_and(|path| path.is_file() && path.starts_with(&store.root));
    let word = if is_path {
        shell::word(&store.shown(&path).display().to_string())
    } else {
        shell::word(&program)
    };
    let cause = failed.error.to_string();
    let cause = cause.split(" (os error").next().unwrap_or(&cause);
    let folder = request.folder.display();
    let (message, hint) = match failed.code {
        127 if !request.folder.is_dir() => (
            format!("there is no folder {folder}"),
            "agentsess help run".to_owned(),
        ),
        127 if is_path && path.exists() => (
            format!("the interpreter that `{program}` names is missing"),
            format!("head -n 1 {word}"),
        ),
        // One of that name may be on the path.
        127 if is_path => (
            format!("there is no file `{program}` in {folder}"),
            format!(
                "command -v {}",
                shell::word(program.rsplit('/').next().unwrap_or(&program))
            ),
        ),
        127 => {
            let near = if path.is_file() {
                format!(", and the one here is `./{program}`")
            } else {
                String::new()
            };
            (
                format!("there is no program `{program}` on the path{near}"),
                format!("command -v {word}"),
            )
        }
        126 if is_path || !request.folder.is_dir() => (
            format!("`{program}` cannot be run: {cause}"),
            format!("{} {word}", if is_own { "chmod +x" } else { "ls -ld" }),
        ),
        _ => (
            format!("`{program}` cannot be run: {cause}"),
            "agentsess help run".to_owned(),
        ),
    };
    Error::new(Kind::Io, message).hint(hint)
}
