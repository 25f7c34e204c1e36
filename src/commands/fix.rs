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

/// What can be chosen.
enum Wish {
    Go(Way),
    Agent,
    NewWave,
    Nothing,
}

/// What is done about it.
enum Choice {
    Go(Way),
    NewWave(String),
}

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
    let Some(choice) =
        said(arguments).map_or_else(|| ask(context, &store, &open), |it| Ok(Some(it)))?
    else {
        return incomplete(context, &store, &session, &open, which);
    };
    let way = match choice {
        Choice::Go(way) => way,
        Choice::NewWave(title) => {
            return move_items(context, &store, &session, &open, &title, arguments.dry_run);
        }
    };
    let planned = runs::go_on(&store, open.clone(), &way, None)?;
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

fn said(arguments: &cli::Fix) -> Option<Choice> {
    let flag = |set: bool, way: Way| set.then_some(Choice::Go(way));
    let agent = arguments.agent.clone();
    flag(arguments.resume, Way::Resume)
        .or_else(|| flag(arguments.retry, Way::Retry))
        .or_else(|| agent.map(|name| Choice::Go(Way::Agent(name))))
        .or_else(|| arguments.new_wave.clone().map(Choice::NewWave))
}

/// Shows what is incomplete and asks what to do; nothing where nobody can be asked.
fn ask(context: &Context, store: &Store, open: &[Open]) -> Result<Option<Choice>> {
    if !context.output.is_terminal() {
        return Ok(None);
    }
    let terminal = prompt::terminal();
    let _ = terminal.write_str(&open_table(open));
    let mut ways = Vec::new();
    if works(store, open, &Way::Resume) {
        ways.push(("go on with the conversations", Wish::Go(Way::Resume)));
    }
    if works(store, open, &Way::Retry) {
        ways.push(("have the same agents start over", Wish::Go(Way::Retry)));
    }
    ways.push(("have another agent start over", Wish::Agent));
    if !runs::failures(open).is_empty() {
        ways.push(("move the items into a new wave", Wish::NewWave));
    }
    ways.push(("nothing", Wish::Nothing));
    let chosen = Select::new()
        .with_prompt("How to go on")
        .items(ways.iter().map(|(text, _)| text))
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
    let chosen = chosen.filter(|at| *at < ways.len());
    let choice = match chosen.map(|at| ways.swap_remove(at).1) {
        Some(Wish::Go(way)) => Choice::Go(way),
        Some(Wish::Agent) => Choice::Go(Way::Agent(text("Which agent")?)),
        Some(Wish::NewWave) => Choice::NewWave(text("Name of the wave")?),
        Some(Wish::Nothing) | None => return Ok(None),
    };
    let sure = Confirm::new()
        .with_prompt(question(store, open, &choice)?)
        .default(true)
        .interact_on_opt(&terminal)
        .map_err(not_asked)?;
    Ok(Some(choice).filter(|_| sure == Some(true)))
}

/// Whether something of it can be gone on with in this way.
fn works(store: &Store, open: &[Open], way: &Way) -> bool {
    let planned = runs::go_on(store, open.to_vec(), way, None);
    planned.is_ok_and(|planned| !planned.jobs.is_empty())
}

fn question(store: &Store, open: &[Open], choice: &Choice) -> Result<String> {
    let planned = |way| runs::go_on(store, open.to_vec(), way, None);
    Ok(match choice {
        Choice::Go(way @ Way::Resume) => {
            format!(
                "Resume {}?",
                counted(planned(way)?.jobs.len(), "conversation")
            )
        }
        Choice::Go(way) => format!("Start {}?", counted(planned(way)?.jobs.len(), "agent")),
        Choice::NewWave(_) => {
            let items = counted(runs::failures(open).len(), "item");
            format!("Move {items} into a new wave?")
        }
    })
}

/// What is incomplete, and what could be done about it.
fn incomplete(
    context: &Context,
    store: &Store,
    session: &str,
    open: &[Open],
    which: Option<&str>,
) -> Result<ExitCode> {
    let report = Report {
        incomplete: open,
        would_start: Vec::new(),
        left: &[],
    };
    let how = if works(store, open, &Way::Resume) {
        "--resume".to_owned()
    } else if works(store, open, &Way::Retry) {
        "--retry".to_owned()
    } else {
        format!("--agent {}", runs::usual(store, session))
    };
    let slug = store.selector(session);
    let which = which.map(|word| format!(" {}", shell::word(word)));
    let which = which.unwrap_or_default();
    let hint = format!("agentsess runs fix{which} {how} -s {slug}");
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
