//! Goes on with work that was begun and is not done.

use std::process::ExitCode;

use dialoguer::{Confirm, Input, Select};
use serde::Serialize;

use super::progress::open_table;
use super::wave::{Options, not_asked, queue, refuse_recorded, trusted, work};
use super::{Context, author, output, prompt, select};
use crate::cli;
use crate::error::{Error, Kind, Result};
use crate::operations::assignment::Assignment;
use crate::operations::new_wave::new_wave;
use crate::operations::queue::{Command, Job};
use crate::operations::runs::{self, Left, Open, Planned, Way};
use crate::operations::{Written, counted};
use crate::render::one_line;
use crate::shell;
use crate::store::Store;

/// What is incomplete.
#[derive(Serialize)]
struct Report<'r> {
    incomplete: &'r [Open],
    /// What would be started, with `--dry-run`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_start: Vec<Would<'r>>,
    /// What cannot be gone on with in this way, and why.
    #[serde(skip_serializing_if = "<[Left]>::is_empty")]
    left: &'r [Left],
}

#[derive(Serialize)]
struct Would<'r> {
    item: &'r str,
    agent: &'r str,
    how: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<&'r str>,
}

#[derive(Serialize)]
struct Moved<'m> {
    wave: u32,
    items: Vec<&'m str>,
    #[serde(flatten)]
    written: Option<&'m Written>,
}

/// What is done about it.
enum Choice {
    Start(Planned),
    Move(String),
}

const RESUME: &str = "go on with the conversations";
const RETRY: &str = "have the same agents start over";
const OTHER: &str = "have another agent start over";
const MOVE: &str = "move the items into a new wave";
const NOTHING: &str = "nothing";

pub(super) fn run(context: &Context, arguments: &cli::Fix) -> Result<ExitCode> {
    let store = context.store()?;
    let session = session(&store, arguments)?;
    let which = arguments.which.as_deref();
    let (open, background) = runs::incomplete(&store, &session, which, context.now)?;
    let output = &context.output;
    if open.is_empty() {
        let report = Report {
            incomplete: &open,
            would_start: Vec::new(),
            left: &[],
        };
        output.print(&report, || "nothing is incomplete\n".to_owned())?;
        return Ok(ExitCode::SUCCESS);
    }
    let choice = match said(&store, &open, arguments)? {
        None => ask(context, &store, &open)?,
        said => said,
    };
    let planned = match choice {
        None => return incomplete(context, &store, &session, &open, arguments),
        Some(Choice::Start(planned)) => planned,
        Some(Choice::Move(title)) => {
            return move_items(context, &store, &session, &open, &title, arguments.dry_run);
        }
    };
    let timeout = arguments.timeout.as_deref();
    if arguments.dry_run {
        refuse_recorded(context, &store, &session, timeout, &planned.jobs)?;
        return would(context, &open, &planned);
    }
    let Planned { jobs, left } = planned;
    let options = Options::new(context, &store, &[], timeout, &arguments.kill_after)?;
    let mut queue = queue(jobs, &arguments.limits);
    trusted(context, &store, &session, timeout, &mut queue)?;
    let plan = options.plan(&session, background, None);
    work(context, &store, &plan, &mut queue, left)
}

/// The session that is named, or that of the run that is.
fn session(store: &Store, arguments: &cli::Fix) -> Result<String> {
    let selector = arguments.target.selector();
    let ledger = store.runs()?.unwrap_or_default();
    let named = arguments.which.as_deref().map(|word| ledger.meant(word));
    match (selector, named.as_deref()) {
        (None, Some([run])) if store.path(&run.session).exists() => Ok(run.session.clone()),
        _ => select(store, selector),
    }
}

fn said(store: &Store, open: &[Open], arguments: &cli::Fix) -> Result<Option<Choice>> {
    let way = if arguments.resume {
        Way::Resume
    } else if arguments.retry {
        Way::Retry
    } else if let Some(name) = &arguments.agent {
        Way::Agent(name.clone())
    } else {
        return Ok(arguments.new_wave.clone().map(Choice::Move));
    };
    plan(store, open, &way).map(|planned| Some(Choice::Start(planned)))
}

fn plan(store: &Store, open: &[Open], way: &Way) -> Result<Planned> {
    runs::go_on(store, open.to_vec(), way, None)
}

/// Shows what is incomplete and asks what to do; nothing where nobody can be asked.
fn ask(context: &Context, store: &Store, open: &[Open]) -> Result<Option<Choice>> {
    if !context.output.is_terminal() {
        return Ok(None);
    }
    let terminal = prompt::terminal();
    let _ = terminal.write_str(&open_table(open));
    // What cannot be planned is not offered.
    let [resume, retry] =
        [Way::Resume, Way::Retry].map(|way| plan(store, open, &way).unwrap_or_default());
    let movable = runs::failures(open).len();
    let ways = [
        (RESUME, !resume.jobs.is_empty()),
        (RETRY, !retry.jobs.is_empty()),
        (OTHER, true),
        (MOVE, movable > 0),
        (NOTHING, true),
    ];
    let ways = ways.into_iter().filter(|(_, works)| *works);
    let ways: Vec<_> = ways.map(|(way, _)| way).collect();
    let chosen = Select::new()
        .with_prompt("How to go on")
        .items(&ways)
        .default(0)
        .interact_on_opt(&terminal)
        .map_err(not_asked)?;
    let text = |prompt: &str| -> Result<String> {
        let text: String = Input::new()
            .with_prompt(prompt)
            .interact_text_on(&terminal)
            .map_err(not_asked)?;
        Ok(text.trim().to_owned())
    };
    let start = |planned: Planned| {
        let agents = counted(planned.jobs.len(), "agent");
        (format!("Start {agents}?"), Choice::Start(planned))
    };
    let (question, choice) = match chosen.and_then(|at| ways.get(at).copied()) {
        Some(RESUME) => {
            let conversations = counted(resume.jobs.len(), "conversation");
            (format!("Resume {conversations}?"), Choice::Start(resume))
        }
        Some(RETRY) => start(retry),
        Some(OTHER) => start(plan(store, open, &Way::Agent(text("Which agent")?))?),
        Some(MOVE) => {
            let items = counted(movable, "item");
            let title = text("Name of the wave")?;
            (
                format!("Move {items} into a new wave?"),
                Choice::Move(title),
            )
        }
        _ => return Ok(None),
    };
    let sure = Confirm::new()
        .with_prompt(question)
        .default(true)
        .interact_on_opt(&terminal)
        .map_err(not_asked)?;
    Ok(Some(choice).filter(|_| sure == Some(true)))
}

/// What is incomplete, and what could be done about it.
fn incomplete(
    context: &Context,
    store: &Store,
    session: &str,
    open: &[Open],
    arguments: &cli::Fix,
) -> Result<ExitCode> {
    let report = Report {
        incomplete: open,
        would_start: Vec::new(),
        left: &[],
    };
    let slug = store.selector(session);
    let which = arguments.which.as_deref();
    let which = which.map(|word| format!(" {}", shell::word(word)));
    let which = which.unwrap_or_default();
    let fix = |how: &str| format!("agentsess runs fix{which} {how} -s {slug}");
    let jobs = |way| plan(store, open, &way).map_or(Vec::new(), |planned| planned.jobs);
    let retry = jobs(Way::Retry);
    let timeout = arguments.timeout.as_deref();
    let hint = if !jobs(Way::Resume).is_empty() {
        fix("--resume")
    } else if retry.is_empty() {
        fix(&format!("--agent {}", runs::usual(store, session)))
    } else {
        // A command that was given by hand is only started again by whoever names it.
        match refuse_recorded(context, store, session, timeout, &retry) {
            Err(Error {
                hint: Some(hint), ..
            }) => hint,
            _ => fix("--retry"),
        }
    };
    let hint = context.output.command(&hint);
    context
        .output
        .print(&report, || open_table(open) + &output::hint(&hint))?;
    Ok(ExitCode::from(1))
}

/// What would be started.
fn would(context: &Context, open: &[Open], planned: &Planned) -> Result<ExitCode> {
    let would = planned.jobs.iter().map(would_start);
    let report = Report {
        incomplete: open,
        would_start: would.collect(),
        left: &planned.left,
    };
    context.output.print(&report, || {
        let mut text = String::new();
        for would in &report.would_start {
            let id = would.conversation.map(|id| format!(" {id}"));
            let id = id.unwrap_or_default();
            let line = format!("would {} {}{id}: {}\n", would.how, would.agent, would.item);
            text += &one_line(line.trim_end());
            text.push('\n');
        }
        for left in report.left {
            text += &one_line(&format!("left: {} ({})", left.item, left.why));
            text.push('\n');
        }
        text + "nothing was changed\n"
    })?;
    Ok(ExitCode::SUCCESS)
}

fn would_start(job: &Job) -> Would<'_> {
    let (how, conversation) = match &job.command {
        Command::Start => ("start", None),
        Command::Resume(id) => ("resume", Some(id.as_str())),
        Command::Recorded { .. } => ("repeat", None),
    };
    Would {
        item: &job.assignment.item,
        agent: &job.agent.name,
        how,
        conversation,
    }
}

/// Moves what failed or was interrupted into a wave of its own.
fn move_items(
    context: &Context,
    store: &Store,
    session: &str,
    open: &[Open],
    title: &str,
    dry_run: bool,
) -> Result<ExitCode> {
    let items: Vec<Assignment> = runs::failures(open);
    if items.is_empty() {
        let error = Error::new(Kind::Unmet, "no item failed or was interrupted");
        return Err(error.hint("agentsess runs fix --retry"));
    }
    let names: Vec<_> = items.iter().map(|item| item.item.as_str()).collect();
    if dry_run {
        let moved = Moved {
            wave: 0,
            items: names,
            written: None,
        };
        context.output.print(&moved, || {
            let lines = moved
                .items
                .iter()
                .map(|item| format!("would move: {}\n", one_line(item)));
            lines.collect::<String>() + "nothing was changed\n"
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let agent = author(&cli::Author { agent: None });
    let (wave, written) = new_wave(store, session, title, &items, &agent, context.now)?;
    let moved = Moved {
        wave,
        items: names,
        written: Some(&written),
    };
    let done = format!("moved {} into Wave {wave} of", counted(items.len(), "item"));
    context.output.answered(&done, &written, &moved)?;
    let slug = store.selector(session);
    let command = format!("agentsess run --wave {wave} --on-failed fix -s {slug}");
    context
        .output
        .aside(output::hint(&context.output.command(&command)).trim_end());
    Ok(ExitCode::SUCCESS)
}
