mod checklist;

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Context, author, conversation, host, output, own_run, select_to_close, trust_file};
use crate::cli;
use crate::error::Result;
use crate::operations::close::{self, Check, Closed, Gate, Request, Verdict};
use crate::operations::slug_of;
use crate::render::sanitize;
use crate::store::Store;

/// Details of one item that are printed.
const SHOWN: usize = 10;

/// What became of a close.
#[derive(Serialize, JsonSchema)]
pub(super) struct Outcome {
    session: String,
    pub met: bool,
    gate: Vec<Check>,
    closed: Option<Closed>,
    hint: Option<String>,
    /// A commit was asked for.
    #[serde(skip)]
    commit: bool,
}

/// What `--all-completed` did.
#[derive(Serialize)]
struct All {
    sessions: Vec<Outcome>,
    closed: usize,
    refused: usize,
}

pub(super) fn run(context: &Context, arguments: &cli::Close) -> Result<ExitCode> {
    let store = context.store()?;
    let mut request = Request {
        confirmed: arguments.confirm.clone(),
        waived: arguments.waive.iter().map(|text| waiver(text)).collect(),
        write_adrs: arguments.write_adrs,
        write_lessons: arguments.write_lessons,
        file_remaining: arguments.file_remaining.clone(),
        filed: arguments.filed.clone(),
        refile: arguments.refile.clone(),
        trust: trust_file().ok(),
        commit: arguments.commit,
        by: author(&arguments.author),
        conversation: conversation(&store),
        searched: Arc::default(),
        in_person: false,
        run: own_run(),
    };
    if arguments.all_completed {
        return all(context, &store, &request, arguments.dry_run);
    }
    let name = select_to_close(&store, arguments.target.selector())?;
    let mut gate = check(context, &store, &name, &request)?;
    let mut wanted = !arguments.dry_run;
    // An agent may have a terminal, but nobody who looks at it.
    if wanted && !gate.is_met() && context.output.is_terminal() && host().is_none() {
        (gate, wanted) = checklist::go_through(context, &store, gate, &mut request)
            .map_err(|error| error.hint(request.command(&store, &name) + " --dry-run"))?;
    }
    let outcome = conclude(context, &store, gate, &request, wanted)?;
    let left = !arguments.dry_run && outcome.closed.is_none();
    Ok(ExitCode::from(u8::from(left || !outcome.met)))
}

/// Closes a session if that is wanted and its gate is met, and prints what became of it.
pub(super) fn conclude(
    context: &Context,
    store: &Store,
    gate: Gate,
    request: &Request,
    wanted: bool,
) -> Result<Outcome> {
    let outcome = finish(context, store, gate, request, wanted)?;
    context.output.print(&outcome, || {
        let hint = outcome.hint.as_deref().map(output::hint);
        text(&outcome) + &hint.unwrap_or_default()
    })?;
    Ok(outcome)
}

/// Checks the gate; on a terminal a long search for references shows how far it is.
fn check(context: &Context, store: &Store, name: &str, request: &Request) -> Result<Gate> {
    if !context.output.is_terminal() {
        return close::check(store, name, request, context.now);
    }
    let (done, end) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut stream = io::stderr();
            let mut pause = Duration::from_millis(500);
            let mut shown = 0;
            while end.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                let searched = request.searched.load(Ordering::Relaxed);
                if searched > 0 {
                    // A terminal that cannot be written to needs no progress.
                    let _ = write!(stream, "\rsearching for references: {searched} files");
                    shown = searched;
                }
                pause = Duration::from_millis(100);
            }
            if shown > 0 {
                let _ = write!(stream, "\r\x1b[2K");
            }
        });
        let gate = close::check(store, name, request, context.now);
        drop(done);
        gate
    })
}

/// Closes a session if that is wanted and its gate is met.
fn finish(
    context: &Context,
    store: &Store,
    gate: Gate,
    request: &Request,
    wanted: bool,
) -> Result<Outcome> {
    let mut closed = if gate.is_met() && wanted {
        Some(close::close(store, &gate, request, context.now)?)
    } else {
        None
    };
    if let Some(closed) = &mut closed {
        closed.undo = context.output.command(&closed.undo);
    }
    Ok(Outcome {
        session: gate.session.clone(),
        met: gate.is_met(),
        hint: closed
            .is_none()
            .then(|| context.output.command(&gate.command(store, request))),
        closed,
        commit: request.commit,
        gate: gate.checks,
    })
}

/// Closes every completed session whose gate is met. A session that fails does not keep the others
/// from being closed.
fn all(context: &Context, store: &Store, request: &Request, dry_run: bool) -> Result<ExitCode> {
    let mut all = All {
        sessions: Vec::new(),
        closed: 0,
        refused: 0,
    };
    let mut worst = 0;
    for name in close::completed(store)? {
        let gate = check(context, store, &name, request);
        match gate.and_then(|gate| finish(context, store, gate, request, !dry_run)) {
            Ok(outcome) => {
                all.closed += usize::from(outcome.closed.is_some());
                if !outcome.met {
                    all.refused += 1;
                    worst = worst.max(1);
                }
                all.sessions.push(outcome);
            }
            Err(error) => {
                context.output.error(&error);
                all.refused += 1;
                worst = worst.max(error.exit_code());
            }
        }
    }
    context.output.print(&all, || {
        let texts = all.sessions.iter().map(text);
        let (closed, refused) = (all.closed, all.refused);
        let refusals = all.sessions.iter().filter(|outcome| !outcome.met);
        let hints = refusals.filter_map(|outcome| outcome.hint.as_deref().map(output::hint));
        let count = format!("{closed} closed, {refused} refused\n");
        texts.chain([count]).chain(hints).collect::<String>()
    })?;
    Ok(ExitCode::from(worst))
}

/// A waiver without a reason is refused by the gate, with a better hint.
fn waiver(waiver: &str) -> (String, String) {
    let (id, reason) = waiver.split_once('=').unwrap_or((waiver, ""));
    (id.to_owned(), reason.to_owned())
}

fn done(closed: &Closed, commit: bool) -> String {
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
    let commit = match &closed.commit {
        Some(commit) => format!(", committed {commit}"),
        None if commit => {
            "\nnote: no commit: git tracks nothing of what closing changed".to_owned()
        }
        None => String::new(),
    };
    format!(
        "{filed}{written}closed {slug}{parents}{commit}\nundo: {}\n",
        sanitize(&closed.undo)
    )
}

fn text(outcome: &Outcome) -> String {
    if let Some(closed) = &outcome.closed {
        return done(closed, outcome.commit);
    }
    let mut text = String::new();
    for check in &outcome.gate {
        let color = match check.verdict {
            Verdict::Waived | Verdict::Asked => AnsiColor::Yellow,
            Verdict::Unmet => AnsiColor::Red,
            _ => AnsiColor::Green,
        };
        let style = Style::new().fg_color(Some(color.into()));
        let (word, rest) = parts(check);
        let _ = writeln!(text, "{style}{word:<9}{style:#}  {rest}");
        for detail in check.details.iter().take(SHOWN) {
            let _ = writeln!(text, "             - {}", sanitize(detail));
        }
        if check.details.len() > SHOWN {
            let more = check.details.len() - SHOWN;
            let _ = writeln!(text, "             … and {more} more, see --json");
        }
    }
    let slug = sanitize(slug_of(&outcome.session)).into_owned();
    let open = outcome
        .gate
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
    text
}

/// An item on one line.
fn line(check: &Check) -> String {
    let (word, rest) = parts(check);
    format!("{word:<9}  {rest}")
}

fn parts(check: &Check) -> (&'static str, String) {
    let word = match check.verdict {
        Verdict::Proven => "proven",
        Verdict::NotApplicable => "n/a",
        Verdict::Planned => "planned",
        Verdict::Confirmed => "confirmed",
        Verdict::Waived => "waived",
        Verdict::Asked => "asked",
        Verdict::Unmet => "unmet",
    };
    (
        word,
        format!("{:<10}  {}", check.item.id(), sanitize(&check.note)),
    )
}
