use std::fmt::Write as _;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{Context, output, select};
use crate::cli;
use crate::error::{Error, Result};
use crate::operations::close::{self, Check, Closed, Gate, Request, Verdict};
use crate::operations::slug_of;
use crate::render::sanitize;

/// Details of one item that are printed.
const SHOWN: usize = 10;

#[derive(Serialize)]
struct Outcome<'o> {
    session: &'o str,
    met: bool,
    gate: &'o [Check],
    closed: Option<&'o Closed>,
    hint: Option<String>,
}

pub(super) fn run(context: &Context, arguments: &cli::Close) -> Result<ExitCode> {
    let store = context.store()?;
    let name = select(&store, arguments.target.selector())?;
    let request = Request {
        confirmed: arguments.confirm.clone(),
        waived: waivers(&arguments.waive)?,
        write_adrs: arguments.write_adrs,
        write_lessons: arguments.write_lessons,
        file_remaining: arguments.file_remaining.clone(),
        filed: arguments.filed.clone(),
        refile: arguments.refile.clone(),
        trust: context.trust().ok(),
        in_person: false,
    };
    let gate = close::check(&store, &name, &request, context.now)?;
    let closed = if gate.is_met() && !arguments.dry_run {
        Some(close::close(&store, &gate, &request, context.now)?)
    } else {
        None
    };
    let hint = match (&closed, gate.is_met()) {
        (Some(_), _) => None,
        (None, _) => Some(gate.command(&request)),
    };
    let outcome = Outcome {
        session: &name,
        met: gate.is_met(),
        gate: &gate.checks,
        closed: closed.as_ref(),
        hint,
    };
    context.output.print(&outcome, || match &closed {
        Some(closed) => done(closed),
        None => text(&gate, outcome.hint.as_deref().unwrap_or("")),
    })?;
    Ok(ExitCode::from(u8::from(!gate.is_met())))
}

fn waivers(waivers: &[String]) -> Result<Vec<(String, String)>> {
    let mut result = Vec::new();
    for waiver in waivers {
        let Some((id, reason)) = waiver.split_once('=') else {
            return Err(
                Error::usage(format!("`--waive {waiver}` gives no reason")).hint(format!(
                    "agentsess close --waive {waiver}=\"why this does not matter\""
                )),
            );
        };
        result.push((id.to_owned(), reason.to_owned()));
    }
    Ok(result)
}

fn done(closed: &Closed) -> String {
    let parents = match closed.cleared_parents.len() {
        0 => String::new(),
        count => format!(", no longer the parent of {count}"),
    };
    let slug = sanitize(&closed.slug);
    let written = closed.written.iter().fold(String::new(), |text, path| {
        let path = path.display().to_string();
        format!("{text}wrote {}\n", sanitize(&path))
    });
    let filed = closed.filed.iter().fold(String::new(), |text, filed| {
        format!(
            "{text}filed {} with {}: {}\n",
            sanitize(&filed.id),
            sanitize(&filed.sink),
            sanitize(&filed.title)
        )
    });
    format!("{filed}{written}closed {slug}{parents}\nundo: {}\n", sanitize(&closed.undo))
}

fn text(gate: &Gate, command: &str) -> String {
    let mut text = String::new();
    for check in &gate.checks {
        let (word, color) = match check.verdict {
            Verdict::Proven => ("proven", AnsiColor::Green),
            Verdict::NotApplicable => ("n/a", AnsiColor::Green),
            Verdict::Planned => ("planned", AnsiColor::Green),
            Verdict::Confirmed => ("confirmed", AnsiColor::Green),
            Verdict::Waived => ("waived", AnsiColor::Yellow),
            Verdict::Asked => ("asked", AnsiColor::Yellow),
            Verdict::Unmet => ("unmet", AnsiColor::Red),
        };
        let style = Style::new().fg_color(Some(color.into()));
        let id = check.item.id();
        let _ = writeln!(
            text,
            "{style}{word:<9}{style:#}  {id:<10}  {}",
            sanitize(&check.note)
        );
        for detail in check.details.iter().take(SHOWN) {
            let _ = writeln!(text, "             - {}", sanitize(detail));
        }
        if check.details.len() > SHOWN {
            let more = check.details.len() - SHOWN;
            let _ = writeln!(text, "             … and {more} more, see --json");
        }
    }
    let slug = sanitize(slug_of(&gate.session)).into_owned();
    let open = gate
        .checks
        .iter()
        .filter(|check| !check.verdict.is_met())
        .count();
    let _ = match open {
        0 => writeln!(text, "{slug} can be closed; nothing was changed"),
        1 => writeln!(
            text,
            "{slug} is not closed: 1 item is open; nothing was changed"
        ),
        _ => writeln!(
            text,
            "{slug} is not closed: {open} items are open; nothing was changed"
        ),
    };
    text + &output::hint(command)
}
