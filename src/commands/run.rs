use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use super::output::Output;
use super::{Context, select, wave};
use crate::agents::Agent;
use crate::cli;
use crate::clock;
use crate::error::{Error, Result};
use crate::operations::runs::{self, Notice, Request};
use crate::render::one_line;
use crate::runs::{Input, NoObserver, Observer};
use crate::shell;

/// The exit code for what went wrong before the command could be started.
pub(super) const FAILED: u8 = 125;

pub(super) fn run(context: &Context, arguments: &cli::Run) -> Result<ExitCode> {
    if arguments.items.are_several() {
        return wave::run(context, arguments);
    }
    if arguments.command.is_empty() {
        return wave::one(context, arguments);
    }
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let output = &context.output;
    let captured = arguments.capture || output.is_json();
    let terminal = !captured && io::stdin().is_terminal() && io::stdout().is_terminal();
    if arguments.stdin && io::stdin().is_terminal() && !terminal {
        let message = "standard input is a terminal, which the command has only without --capture \
                       and with its output there, too";
        return Err(Error::usage(message).hint("agentsess help run"));
    }
    let folder = context
        .place
        .directory
        .clone()
        .unwrap_or_else(|| PathBuf::from("."));
    let folder = folder.canonicalize().unwrap_or(folder);
    let sessions = context
        .place
        .sessions
        .as_ref()
        .map(|_| store.sessions.clone());
    let agent = arguments.agent.as_deref().unwrap_or_default();
    let request = Request {
        session: &session,
        agent,
        model: arguments.model.as_deref(),
        item: arguments.item.as_deref(),
        argv: &arguments.command,
        folder: &folder,
        env: &environment(&arguments.env)?,
        sessions: sessions.as_deref(),
        input: if arguments.stdin {
            Input::Inherited
        } else {
            Input::Nothing
        },
        terminal,
        shown: !output.is_json(),
        timeout: limit(arguments.timeout.as_deref())?,
        kill_after: span("--kill-after", &arguments.kill_after)?,
        conversation: None,
    };
    let observer: Box<dyn Observer> = match Agent::named(&store.config, agent) {
        Some(agent) => Box::new(agent.reader()),
        None => Box::new(NoObserver),
    };
    let clock = || clock::now().unwrap_or(context.now);
    let outcome = runs::run(&store, &request, &clock, observer, &mut |notice| {
        tell(output, &notice);
    })?;
    if let Some(error) = &outcome.error {
        output.error(error);
    }
    if output.is_json() {
        output.print(&runs::Ran::new(&store, &outcome, clock()), String::new)?;
    }
    output.aside(&one_line(&outcome.line()));
    Ok(ExitCode::from(outcome.code))
}

/// Says what happens meanwhile, on standard error: the output is the command's.
fn tell(output: &Output, notice: &Notice) {
    let line = match notice {
        Notice::Begun(_) => return,
        Notice::Ticked(item) => return output.aside(&one_line(&format!("ticked {item}"))),
        Notice::Trouble(what) => format!("warning: {what}"),
        Notice::Stopping(run, signal) => format!(
            "told to stop ({}): run {} ({}) is told to end, and waited for; the third signal kills it",
            runs::signal_name(*signal),
            run.id,
            run.agent
        ),
        Notice::Waiting(run, pid) => format!(
            "waiting for run {} ({}, process {pid}) to end; once more kills it",
            run.id, run.agent
        ),
        Notice::Killing(run) => format!("killing run {} ({})", run.id, run.agent),
    };
    // There is no better place to say so.
    let _ = writeln!(output.error_stream(), "{}", one_line(&line));
}

pub(super) fn environment(given: &[OsString]) -> Result<Vec<(OsString, OsString)>> {
    let variable = |given: &OsString| {
        let bytes = given.as_bytes();
        let at = memchr::memchr(b'=', bytes).filter(|at| *at > 0);
        let parts = at.and_then(|at| bytes.split_at_checked(at));
        let (name, value) = parts.ok_or_else(|| {
            let given = shell::word(&given.to_string_lossy());
            let message = format!("`--env {given}` has no name and value");
            Error::usage(message).hint("agentsess help run")
        })?;
        let shown = shell::word(&String::from_utf8_lossy(name));
        let is_none = |byte: &u8| byte.is_ascii_whitespace() || byte.is_ascii_control();
        let message = if name.iter().any(is_none) {
            Some(format!("`--env`: {shown} is no name of a variable"))
        } else if runs::OWN.iter().any(|own| own.as_bytes() == name) {
            Some(format!("`--env`: {shown} is set by `agentsess run` itself"))
        } else {
            None
        };
        if let Some(message) = message {
            return Err(Error::usage(message).hint("agentsess help run"));
        }
        let own = |bytes: &[u8]| OsStr::from_bytes(bytes).to_owned();
        Ok((own(name), own(value.get(1..).unwrap_or(&[]))))
    };
    given.iter().map(variable).collect()
}

/// How long a command may take; 0 is no limit, as for `timeout`.
pub(super) fn limit(timeout: Option<&str>) -> Result<Option<Duration>> {
    let limit = timeout.map(|time| span("--timeout", time)).transpose()?;
    Ok(limit.filter(|limit| !limit.is_zero()))
}

/// A length of time, in seconds or with a unit.
pub(super) fn span(option: &str, text: &str) -> Result<Duration> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(number.len()..) {
        Some("" | "s") => Some(1.0),
        Some("m") => Some(60.0),
        Some("h") => Some(3600.0),
        Some("d") => Some(86_400.0),
        _ => None,
    };
    let seconds = number
        .parse::<f64>()
        .ok()
        .zip(unit)
        .map(|(number, unit)| number * unit);
    let span = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    span.ok_or_else(|| {
        let message = format!("`{option} {text}` is no length of time, such as 90s, 30m or 2h");
        Error::usage(message).hint("agentsess help run")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_has_a_unit_or_is_in_seconds() {
        for (text, seconds) in [
            ("90", 90.0),
            ("0.5s", 0.5),
            ("30m", 1800.0),
            ("2h", 7200.0),
            ("1d", 86_400.0),
        ] {
            assert_eq!(
                span("-t", text).unwrap(),
                Duration::from_secs_f64(seconds),
                "{text}"
            );
        }
        for text in ["", "s", "1w", "-1s", "1e400", "nan", "1 s"] {
            assert!(span("-t", text).is_err(), "{text}");
        }
    }
}
