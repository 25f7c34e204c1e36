use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, output, planning, sessions_above};
use crate::cli;
use crate::document::time::format_rfc3339;
use crate::error::Result;
use crate::operations::copies::Relation;
use crate::operations::list::{self, Row, State};
use crate::operations::since::{self, Activity};
use crate::render::{age, one_line, sanitize};
use crate::shell;

/// Sessions that the overview shows.
const SHOWN: usize = 10;

#[derive(Serialize, JsonSchema)]
pub(super) struct Listing<'r> {
    sessions: &'r [Row],
    /// How many are left out.
    #[serde(skip_serializing_if = "is_zero")]
    more: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

#[derive(Serialize)]
struct Lately {
    since: String,
    sessions: Vec<Activity>,
}

pub(super) fn run(context: &Context, arguments: &cli::List) -> Result<ExitCode> {
    if arguments.planning {
        return planning::list(context, arguments);
    }
    if let Some(start) = &arguments.since {
        return lately(context, start);
    }
    sessions(context, true, arguments.stale, usize::MAX)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the sessions of all work trees, or only those that nobody has written to for too long.
pub(super) fn sessions(
    context: &Context,
    completed: bool,
    stale: bool,
    limit: usize,
) -> Result<()> {
    let store = context.store()?;
    let mut rows = list::list(&store, completed, context.now)?;
    let above = rows.is_empty().then(|| sessions_above(&store)).flatten();
    let (note, hint) = above.unzip();
    if stale {
        rows.retain(|row| row.stale);
    }
    let more = rows.len().saturating_sub(limit);
    rows.truncate(limit);
    let sessions = Listing {
        sessions: &rows,
        more,
        hint: hint.map(|hint| context.output.command(&hint)),
    };
    context
        .output
        .print(&sessions, || match (rows.len(), more) {
            (0, 0) => {
                "0 sessions\n".to_owned() + &elsewhere(note.as_deref(), sessions.hint.as_deref())
            }
            (_, 0) => table(&rows),
            _ => table(&rows) + &format!("… and {more} more\n"),
        })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// What to say where no session is, but some are above.
fn elsewhere(note: Option<&str>, hint: Option<&str>) -> String {
    let note = note.map(|note| format!("note: {}\n", one_line(note)));
    note.unwrap_or_default() + &hint.map(output::hint).unwrap_or_default()
}

/// What happened, by session.
fn lately(context: &Context, start: &str) -> Result<ExitCode> {
    let start = since::start(start, context.now)?;
    let lately = Lately {
        since: format_rfc3339(start),
        sessions: since::since(&context.store()?, start)?,
    };
    context.output.print(&lately, || {
        let mut text = String::new();
        for session in &lately.sessions {
            let state = match (&session.closed_at, session.status) {
                (Some(at), _) => format!("closed {at}"),
                (None, Some(status)) => status.as_str().to_owned(),
                (None, None) => "broken".to_owned(),
            };
            let title = session.title.as_deref().unwrap_or("");
            let slug = &session.slug;
            let _ = writeln!(text, "{} ({state}) {}", sanitize(slug), sanitize(title));
            for event in &session.entries {
                let minute = event.at.get(..16).unwrap_or("").replace('T', " ");
                let what = format!("{}/{}: {}", event.agent, event.action, event.text);
                let _ = writeln!(text, "  {minute} {}", one_line(&what));
            }
        }
        if text.is_empty() {
            let _ = writeln!(text, "nothing since {}", lately.since);
        }
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

/// What bare `agentsess` prints: the active sessions and one suggestion.
pub(super) fn overview(context: &Context) -> Result<ExitCode> {
    let store = context.store()?;
    let rows = list::list(&store, false, context.now)?;
    let above = rows.is_empty().then(|| sessions_above(&store)).flatten();
    let (note, above) = above.unzip();
    let hint = rows.first().map(suggestion).or(above);
    let hint = hint.unwrap_or_else(|| "agentsess new \"What this work is about\"".to_owned());
    let hint = context.output.command(&hint);
    let sessions = Listing {
        sessions: &rows,
        more: 0,
        hint: Some(hint.clone()),
    };
    context.output.print(&sessions, || {
        let mut text = match rows.len() {
            0 => "no active session\n".to_owned(),
            _ => table(rows.get(..SHOWN).unwrap_or(&rows)),
        };
        if rows.len() > SHOWN {
            let _ = writeln!(text, "… and {} more: agentsess list", rows.len() - SHOWN);
        }
        text + &elsewhere(note.as_deref(), Some(&hint))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The command that the session most in need of attention calls for.
fn suggestion(row: &Row) -> String {
    let path = |path: &Path| shell::word(&path.display().to_string());
    let elsewhere = if row.here {
        String::new()
    } else {
        format!("-C {} ", path(&row.root))
    };
    let slug = shell::word(&row.short);
    let command = match row.state {
        State::Broken => return format!("agentsess lint {}", path(&row.path)),
        State::Closable => format!("close {slug} --dry-run"),
        State::Paused => format!("resume {slug}"),
        // What is to be written down nobody but those at work can know.
        _ => format!("show {slug}"),
    };
    format!("agentsess {elsewhere}{command}")
}

fn table(rows: &[Row]) -> String {
    let rows = rows.iter().map(|row| (style(row.state), cells(row)));
    output::columns(&rows.collect::<Vec<_>>())
}

fn cells(row: &Row) -> [String; 6] {
    let age = row.age.map(age).unwrap_or_default();
    let plain = |text: Option<&str>| sanitize(text.unwrap_or("")).into_owned();
    let progress = match row.progress.total {
        0 => String::new(),
        total => format!("{}/{total}", row.progress.done),
    };
    let mut task = plain(row.defect.as_deref().or(row.current_task.as_deref()));
    if task.chars().count() > 60 {
        task = task.chars().take(59).chain(['…']).collect();
    }
    if let Some(runs) = row.runs {
        let _ = write!(task, " ({})", runs.tag());
    }
    let shown = |path: &Path| sanitize(&path.display().to_string()).into_owned();
    if !row.here {
        let _ = write!(task, " ({})", shown(&row.path));
    }
    for copy in &row.copies {
        let _ = match copy.relation {
            Relation::Diverged => write!(task, " (diverged: {})", shown(&copy.path)),
            // What another work tree has not caught up with yet is no surprise there.
            _ if copy.here => write!(task, " (older: {})", shown(&copy.path)),
            _ => Ok(()),
        };
    }
    let holder = match &row.waits_for {
        Some(to) => format!("for {}", sanitize(to)),
        None => plain(row.holder.as_deref()),
    };
    [
        format!("{} {age}", row.state.as_str())
            .trim_end()
            .to_owned(),
        plain(Some(&row.short)),
        holder,
        plain(row.branch.as_deref()),
        progress,
        task,
    ]
}

fn style(state: State) -> Style {
    let color = match state {
        State::Broken | State::Blocked => AnsiColor::Red,
        State::Behind | State::Idle => AnsiColor::Yellow,
        State::Closable | State::Active => AnsiColor::Green,
        State::Paused => AnsiColor::Blue,
    };
    Style::new().fg_color(Some(color.into()))
}
