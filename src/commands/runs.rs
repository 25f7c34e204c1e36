use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::run::span;
use super::{Context, fix, output, select_to_read};
use crate::cli::{self, RunsCommand};
use crate::clock;
use crate::document::insert::cut;
use crate::error::{Error, Kind, Result};
use crate::operations::counted;
use crate::operations::runs::{
    self, Completed, Failed, Filter, Listing, Row, Settled, Stopped, Which,
};
use crate::render::{age, one_line, sanitize};
use crate::runs::{Captured, Machine, RunId, Standing};
use crate::store::Store;

/// Runs that are listed if nothing else is said.
const SHOWN: usize = 20;

/// How often it is looked whether a run has said more.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Serialize)]
struct Report<'r> {
    #[serde(flatten)]
    listing: &'r Listing,
    /// How many are left out.
    more: usize,
}

#[derive(Serialize)]
struct Said {
    run: String,
    left_out: u64,
    text: String,
}

#[derive(Serialize)]
struct Done<'d> {
    completed: &'d [Completed],
    /// Those that failed, which stays so.
    failed: &'d [Failed],
}

#[derive(Serialize)]
struct Ended<'s> {
    stopped: &'s [Stopped],
}

#[derive(Serialize)]
struct Pruned {
    forgotten: usize,
    dry_run: bool,
}

pub(super) fn run(context: &Context, arguments: &cli::Runs) -> Result<ExitCode> {
    match &arguments.command {
        None => list(context, &arguments.list),
        Some(RunsCommand::List(arguments)) => list(context, arguments),
        Some(RunsCommand::Log(arguments)) => log(context, arguments),
        Some(RunsCommand::Stop(arguments)) => stop(context, arguments),
        Some(RunsCommand::Complete(arguments)) => complete(context, arguments),
        Some(RunsCommand::Fix(arguments)) => fix::run(context, arguments),
        Some(RunsCommand::Prune(arguments)) => prune(context, arguments),
    }
}

/// Writes down what is to be written down, and says what came of that. What cannot be written down
/// can still be looked at.
fn settle(context: &Context, store: &Store) {
    let output = &context.output;
    match runs::settle(store, context.now) {
        Ok(settled) => tell(output, &settled),
        // Whoever reads it next says what keeps it from being read.
        Err(error) if store.runs().is_ok() => output.warning(&error.to_string()),
        Err(_) => {}
    }
}

fn tell(output: &output::Output, settled: &Settled) {
    for (invalid, path) in &settled.found.aside {
        let kept = path.display();
        output.warning(&format!(
            "{invalid}; it is kept in {kept}, and the rest works; a run that stood there may go on unseen"
        ));
    }
    if let Some(path) = &settled.found.backup {
        let path = path.display();
        output.note(&format!("the ledger of an older version is kept in {path}"));
    }
    if settled.found.recovered > 0 {
        let files = counted(settled.found.recovered, "file");
        output.note(&format!(
            "written down now what could not be before: {files}"
        ));
    }
    say_untold(output, &settled.untold);
}

fn say_untold(output: &output::Output, untold: &[(RunId, Error)]) {
    for (run, error) in untold {
        output.warning(&format!(
            "{error}; the next `agentsess runs` tells the session how run {run} ended"
        ));
    }
}

fn list(context: &Context, arguments: &cli::RunsList) -> Result<ExitCode> {
    let store = context.store()?;
    let session = arguments.session.as_deref();
    let session = session
        .map(|session| select_to_read(&store, Some(session)))
        .transpose()?;
    settle(context, &store);
    let filter = Filter {
        running: arguments.running,
        failed: arguments.failed,
        resumable: arguments.resumable,
        session: session.as_deref(),
    };
    let mut listing = runs::list(&store, filter, context.now)?;
    let mut more = 0;
    if !arguments.all && !arguments.running && !arguments.failed && !arguments.resumable {
        let mut room = SHOWN;
        listing.runs.retain(|row| {
            let kept = room > 0 || row.standing.is_running();
            room = room.saturating_sub(1);
            more += usize::from(!kept);
            kept
        });
    }
    let report = Report {
        listing: &listing,
        more,
    };
    context
        .output
        .print(&report, || match listing.runs.as_slice() {
            [] => "0 runs\n".to_owned(),
            rows => {
                let mut text = table(&store, rows);
                if more > 0 {
                    let command = context.output.command("agentsess runs --all");
                    let _ = writeln!(text, "… and {more} more: {command}");
                }
                text
            }
        })?;
    Ok(ExitCode::SUCCESS)
}

fn table(store: &Store, rows: &[Row]) -> String {
    let first = rows.first().map(|row| &row.session);
    let several = rows.iter().any(|row| Some(&row.session) != first);
    let cells = |row: &Row| {
        let plain = |text: &str| sanitize(text).into_owned();
        let option = |text: &Option<String>| plain(text.as_deref().unwrap_or(""));
        let session = if several {
            store.short_name(&row.session)
        } else {
            ""
        };
        let duration = row.duration.map(age).unwrap_or_default();
        [
            format!("{} {}", sign(row.standing), row.standing.as_str()),
            row.id.clone(),
            plain(session),
            plain(&row.agent),
            option(&row.model),
            cut(&one_line(row.item.as_deref().unwrap_or(&row.task)), 50),
            duration,
            option(&row.why),
            option(&row.conversation),
        ]
    };
    let rows = rows.iter().map(|row| (style(row.standing), cells(row)));
    output::columns(&rows.collect::<Vec<_>>())
}

fn sign(standing: Standing) -> char {
    match standing {
        Standing::Running
        | Standing::Stopping
        | Standing::Stopped
        | Standing::Unsupervised
        | Standing::Lingering => '▶',
        Standing::Unknown => '?',
        Standing::Interrupted => '!',
        Standing::Failed => '✗',
        Standing::Completed => '✓',
    }
}

fn style(standing: Standing) -> Style {
    let color = match standing {
        Standing::Running => AnsiColor::Blue,
        Standing::Stopping
        | Standing::Stopped
        | Standing::Unsupervised
        | Standing::Lingering
        | Standing::Unknown => AnsiColor::Yellow,
        Standing::Interrupted | Standing::Failed => AnsiColor::Red,
        Standing::Completed => AnsiColor::Green,
    };
    Style::new().fg_color(Some(color.into()))
}

fn log(context: &Context, arguments: &cli::RunsLog) -> Result<ExitCode> {
    let store = context.store()?;
    let ledger = store.runs()?.unwrap_or_default();
    let run = runs::meant(&ledger, &arguments.run)?;
    let path = store.run_log(&run.id);
    let failed =
        |error: &io::Error| store.relocate(Error::io("read the log of the run", &path, error));
    // The log is there before the ledger, which others may be writing, says that there is one.
    if run.log.is_none() && !path.exists() {
        let message = format!(
            "run {} had the terminal for itself, and nothing is kept of what it said",
            run.id
        );
        return Err(Error::new(Kind::NotFound, message).hint("agentsess help run"));
    }
    let mut captured = Captured::new(&path);
    if context.output.is_json() {
        let (mut all, mut left_out) = (Vec::new(), 0);
        while let Some((skipped, bytes)) = captured.read().map_err(|error| failed(&error))? {
            left_out += skipped;
            all.extend(bytes);
        }
        let said = Said {
            run: run.id.to_string(),
            left_out,
            text: String::from_utf8_lossy(&all).into_owned(),
        };
        context.output.print(&said, String::new)?;
        return Ok(ExitCode::SUCCESS);
    }
    let here = Machine::this();
    let mut stdout = io::stdout().lock();
    let terminal = stdout.is_terminal();
    loop {
        // First whether it has ended, so that nothing it said before that is missed.
        let ledger = store.runs()?.unwrap_or_default();
        let now = ledger.runs.get(&run.id);
        let over = now.is_none_or(|run| !run.standing(&here).is_running());
        while let Some((left_out, bytes)) = captured.read().map_err(|error| failed(&error))? {
            let mut piece = Vec::new();
            if left_out > 0 {
                piece = format!("\n[{left_out} bytes left out]\n").into_bytes();
            }
            if terminal {
                piece.extend_from_slice(sanitize(&String::from_utf8_lossy(&bytes)).as_bytes());
            } else {
                piece.extend_from_slice(&bytes);
            }
            match stdout.write_all(&piece).and_then(|()| stdout.flush()) {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    return Ok(ExitCode::SUCCESS);
                }
                written => output::finish(written)?,
            }
        }
        if over || !arguments.follow {
            return Ok(ExitCode::SUCCESS);
        }
        thread::sleep(PAUSE);
    }
}

fn stop(context: &Context, arguments: &cli::RunsStop) -> Result<ExitCode> {
    let store = context.store()?;
    let grace = arguments.kill_after.as_deref();
    let grace = grace.map(|time| span("--kill-after", time)).transpose()?;
    let clock = || clock::now().unwrap_or(context.now);
    let stopped = runs::stop(&store, &arguments.runs, grace, &clock)?;
    context.output.print(&Ended { stopped: &stopped }, || {
        let mut text = String::new();
        for run in &stopped {
            let killed = if run.killed {
                "; it had to be killed"
            } else {
                ""
            };
            let _ = writeln!(text, "stopped {}: {}{killed}", run.id, run.outcome);
        }
        text
    })?;
    Ok(ExitCode::SUCCESS)
}

fn complete(context: &Context, arguments: &cli::RunsComplete) -> Result<ExitCode> {
    let store = context.store()?;
    settle(context, &store);
    let selector = arguments.target.selector();
    let selected = || select_to_read(&store, selector);
    let named = selector.map(|_| selected()).transpose()?;
    let wave = arguments
        .wave
        .map(|number| selected().map(|name| (name, number)))
        .transpose()?;
    let which = match (&arguments.run, &arguments.item, &wave, arguments.all) {
        (Some(run), ..) => Which::Run(run),
        (_, Some(item), ..) => Which::Item(item),
        (_, _, Some((name, number)), _) => Which::Wave(name, *number),
        (.., true) => Which::All,
        _ => {
            let message = "which runs? name one, or give --item, --wave or --all";
            return Err(Error::usage(message).hint("agentsess runs complete --all"));
        }
    };
    let session = wave.as_ref().map(|(name, _)| name).or(named.as_ref());
    let said = runs::complete(&store, which, session.map(String::as_str), context.now)?;
    let (completed, failed) = (&said.completed, &said.failed);
    context.output.print(&Done { completed, failed }, || {
        let mut text = String::new();
        for run in completed {
            let alive = if run.alive { ", and still runs" } else { "" };
            let _ = writeln!(
                text,
                "completed {}: {} (was {}{alive})",
                run.id,
                run.agent,
                run.previous.as_str()
            );
            if let Some(item) = run.item.as_ref().filter(|_| run.ticked) {
                let _ = writeln!(text, "ticked {}", one_line(item));
            }
        }
        for run in failed {
            let _ = writeln!(
                text,
                "not completed {}: {} {}",
                run.id, run.agent, run.outcome
            );
        }
        if completed.is_empty() && failed.is_empty() {
            text += "nothing to complete: none of these runs is running or interrupted\n";
        }
        text
    })?;
    say_untold(&context.output, &said.untold);
    let Some(run) = failed.first() else {
        return Ok(ExitCode::SUCCESS);
    };
    let next = format!("agentsess runs fix {}", run.id);
    let next = context.output.command(&next);
    context.output.aside(output::hint(&next).trim_end());
    // All that can be completed is; what was named and failed is not.
    Ok(ExitCode::from(u8::from(!arguments.all)))
}

fn prune(context: &Context, arguments: &cli::RunsPrune) -> Result<ExitCode> {
    let store = context.store()?;
    let forgotten = if arguments.dry_run {
        let mut ledger = store.runs()?.unwrap_or_default();
        ledger.prune(arguments.keep).len()
    } else {
        settle(context, &store);
        store.prune_runs(arguments.keep)?
    };
    let pruned = Pruned {
        forgotten,
        dry_run: arguments.dry_run,
    };
    context.output.print(&pruned, || {
        let would = if arguments.dry_run {
            "would forget"
        } else {
            "forgot"
        };
        format!("{would} {}\n", counted(forgotten, "run"))
    })?;
    Ok(ExitCode::SUCCESS)
}
