//! Agents on items: one, or all of a wave.

pub(super) mod report;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use dialoguer::Select;

use super::progress::{self, Screen};
use super::run::{environment, limit, span};
use super::{Context, prompt, select, tmux, trust_file};
use crate::cli::{self, OnFailed};
use crate::clock;
use crate::document::is_token;
use crate::error::{Error, Kind, Result};
use crate::operations::assignment::{self, Background, Scope};
use crate::operations::queue::{Command, Job, Queue, State};
use crate::operations::runs::{self, Left, Open, Outcome, Plan, Progress, Progressed, Ran, Way};
use crate::render::one_line;
use crate::shell;
use crate::store::Store;
use report::{conclude, tell};

/// What holds for all agents that a command starts.
pub(super) struct Options {
    pub folder: PathBuf,
    pub sessions: Option<PathBuf>,
    pub env: Vec<(OsString, OsString)>,
    pub timeout: Option<Duration>,
    pub kill_after: Duration,
}

impl Options {
    pub fn new(
        context: &Context,
        store: &Store,
        env: &[OsString],
        timeout: Option<&str>,
        kill_after: &str,
    ) -> Result<Self> {
        Ok(Self {
            // Files that the commands name are trusted as those of this folder.
            folder: store.root.clone(),
            sessions: context
                .place
                .sessions
                .as_ref()
                .map(|_| store.sessions.clone()),
            env: environment(env)?,
            timeout: limit(timeout)?,
            kill_after: span("--kill-after", kill_after)?,
        })
    }

    pub fn plan<'p>(
        &'p self,
        session: &'p str,
        background: Background,
        model: Option<&'p str>,
    ) -> Plan<'p> {
        Plan {
            session,
            background,
            model,
            folder: &self.folder,
            env: &self.env,
            sessions: self.sessions.as_deref(),
            timeout: self.timeout,
            kill_after: self.kill_after,
            shown: false,
            ticks: true,
        }
    }
}

/// Starts agents on the open items of a wave, or of all.
pub(super) fn run(context: &Context, arguments: &cli::Run) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let items = &arguments.items;
    let default = arguments.agent.as_deref();
    if let Some(name) = default {
        runs::known(&store, name)?;
    }
    let env = &arguments.env;
    let options = Options::new(
        context,
        &store,
        env,
        arguments.timeout.as_deref(),
        &arguments.kill_after,
    )?;
    let scope = items.wave.map_or(Scope::Waves, Scope::Wave);
    let opened = runs::open(&store, &session, scope, context.now);
    let (open, background) = opened.map_err(|mut error| {
        // A wave that comes first is done by the same agent.
        if let (Some(hint), Some(name)) = (&mut error.hint, default)
            && hint.starts_with("agentsess run ")
        {
            hint.push_str(" --agent ");
            hint.push_str(name);
        }
        error
    })?;
    let lacks = |error| with_agent(&store, &session, error);
    let is_failed = |open: &Open| matches!(open.progress, Progress::Failed | Progress::Interrupted);
    let (failed, open): (Vec<_>, Vec<_>) = open.into_iter().partition(is_failed);
    let how = if failed.is_empty() {
        OnFailed::Continue
    } else {
        on_failed(context, &failed, items.on_failed)?
    };
    let mut jobs = Vec::new();
    match how {
        OnFailed::Abort => return Err(aborted(&failed)),
        OnFailed::Fix => {
            for open in failed {
                jobs.extend(fixed(&store, open, default).map_err(lacks)?);
            }
        }
        OnFailed::Continue => {
            let mut out = runs::plan_begin(&store, failed, default)?;
            for job in &mut out {
                job.state = State::LeftOut;
            }
            jobs.append(&mut out);
        }
    }
    jobs.extend(runs::plan_begin(&store, open, default).map_err(lacks)?);
    let mut queue = queue(jobs, &items.limits);
    trusted(
        context,
        &store,
        &session,
        arguments.timeout.as_deref(),
        &mut queue,
    )?;
    let plan = options.plan(&session, background, arguments.model.as_deref());
    if items.tmux {
        return tmux::work(context, &store, &plan, &mut queue);
    }
    work(context, &store, &plan, &mut queue, Vec::new())
}

/// Starts an agent on an item, or on the current task, as the configuration says.
pub(super) fn one(context: &Context, arguments: &cli::Run) -> Result<ExitCode> {
    let store = context.store()?;
    let session = select(&store, arguments.target.selector())?;
    let name = arguments.agent.as_deref().unwrap_or_default();
    let agent = runs::known(&store, name).map_err(|mut error| {
        error.details.push("or a command behind `--`".to_owned());
        error
    })?;
    let item = arguments.item.as_deref();
    let (assignment, background, is_item) = assignment::named(&store, &session, item, context.now)?;
    let env = &arguments.env;
    let options = Options::new(
        context,
        &store,
        env,
        arguments.timeout.as_deref(),
        &arguments.kill_after,
    )?;
    let job = Job {
        assignment,
        agent,
        run: None,
        is_item,
        command: Command::Start,
        state: State::Waiting,
    };
    let mut queue = queue(vec![job], &arguments.items.limits);
    trusted(
        context,
        &store,
        &session,
        arguments.timeout.as_deref(),
        &mut queue,
    )?;
    let output = &context.output;
    let mut plan = options.plan(&session, background, arguments.model.as_deref());
    plan.shown = !output.is_json();
    plan.ticks = false;
    let clock = || clock::now().unwrap_or(context.now);
    let mut done = runs::work(&store, &plan, &mut queue, &clock, &mut |notice| {
        if !matches!(notice, Progressed::Started(..) | Progressed::Ended(..)) {
            tell(output, &notice);
        }
    })?;
    let Some((_, run)) = done.runs.pop() else {
        let failed = Error::usage("the agent was not started").hint("agentsess help run");
        return Err(done.error.unwrap_or(failed));
    };
    if let Some(error) = &done.error {
        output.error(error);
    }
    let outcome = Outcome {
        run,
        code: done.code.unwrap_or(super::run::FAILED),
        tally: queue.tally(),
        error: done.error,
    };
    if output.is_json() {
        output.print(&Ran::new(&store, &outcome, clock()), String::new)?;
    }
    output.aside(&one_line(&outcome.line()));
    // What it says counts, whatever its exit code.
    let failed = outcome.code == 0 && outcome.tally.remaining > 0;
    Ok(ExitCode::from(if failed { 1 } else { outcome.code }))
}

pub(super) fn queue(jobs: Vec<Job>, limits: &cli::Limits) -> Queue {
    Queue {
        jobs,
        limit: limits.jobs.get(),
        max_failures: limits.max_failures.map(usize::from),
        stopped: false,
    }
}

/// Works a queue off, shows how it goes, and says how far it came.
pub(super) fn work(
    context: &Context,
    store: &Store,
    plan: &Plan,
    queue: &mut Queue,
    left: Vec<Left>,
) -> Result<ExitCode> {
    let output = &context.output;
    let clock = || clock::now().unwrap_or(context.now);
    let mut screen = Screen::new(output);
    let done = runs::work(store, plan, queue, &clock, &mut |notice| match notice {
        Progressed::Look(queue, active) => screen.draw(queue, active, clock()),
        notice => {
            screen.clear();
            tell(output, &notice);
        }
    });
    screen.clear();
    let done = done?;
    let runs = done.runs.iter().map(|(_, run)| run);
    let error = done.error.as_ref();
    conclude(context, store, plan.session, queue, runs, left, error)
}

/// Fails unless every command is trusted; what is only recorded is shown and asked for.
pub(super) fn trusted(
    context: &Context,
    store: &Store,
    session: &str,
    timeout: Option<&str>,
    queue: &mut Queue,
) -> Result<()> {
    runs::require_trust(store, &trust_file()?, &queue.jobs)?;
    refuse_recorded(context, store, session, timeout, &queue.jobs)?;
    for job in &mut queue.jobs {
        let Command::Recorded { argv, folder, .. } = &job.command else {
            continue;
        };
        let (message, command) = (by_hand(job), shell::words(argv));
        let folder = folder.display().to_string();
        let question = format!("{message}. Run this again?\n  {command}\n  in {folder}\n");
        let terminal = prompt::terminal();
        let answer = dialoguer::Confirm::new()
            .with_prompt(crate::render::sanitize(&question).into_owned())
            .default(false)
            .interact_on_opt(&terminal)
            .map_err(not_asked)?;
        if answer != Some(true) {
            job.state = State::LeftOut;
        }
    }
    Ok(())
}

fn by_hand(job: &Job) -> String {
    let name = &job.agent.name;
    format!("the command of the agent `{name}` was given by hand")
}

/// Fails if a command is only recorded and nobody is here to look at it.
pub(super) fn refuse_recorded(
    context: &Context,
    store: &Store,
    session: &str,
    timeout: Option<&str>,
    jobs: &[Job],
) -> Result<()> {
    if context.output.is_terminal() {
        return Ok(());
    }
    for job in jobs {
        let Command::Recorded { argv, folder, env } = &job.command else {
            continue;
        };
        let (name, command) = (&job.agent.name, shell::words(argv));
        let shown = folder.display().to_string();
        let message = format!("{}, and nobody is here to look at it again", by_hand(job));
        let here = context.place.directory.as_deref();
        let here = here.unwrap_or(Path::new(".")).canonicalize();
        let place = if here.is_ok_and(|here| here == *folder) {
            String::new()
        } else {
            format!(" -C {}", shell::word(&shown))
        };
        let mut words = vec![format!("agentsess{place} run --agent {name}")];
        if job.is_item {
            words.push(format!("--item {}", shell::word(&job.assignment.item)));
        }
        // What they were is not recorded; whoever runs it may have them.
        let plain = env.iter().filter(|name| is_token(name));
        words.extend(plain.map(|name| format!("--env {name}=\"${name}\"")));
        words.extend(timeout.map(|time| format!("--timeout {}", shell::word(time))));
        words.push(format!("-s {} -- {command}", store.selector(session)));
        let hint = words.join(" ");
        let mut error = Error::usage(message);
        error.details = vec![command, format!("in {shown}")];
        return Err(error.hint(hint));
    }
    Ok(())
}

/// The same command with an agent, where it lacks one.
fn with_agent(store: &Store, session: &str, error: Error) -> Error {
    if error.hint.is_some() {
        return error;
    }
    let agent = runs::usual(store, session);
    error.hint(super::with_options(super::words(), ["--agent", &agent]))
}

/// How to go on with what failed before.
fn on_failed(context: &Context, failed: &[Open], said: Option<OnFailed>) -> Result<OnFailed> {
    if let Some(said) = said {
        return Ok(said);
    }
    if !context.output.is_terminal() {
        return Err(aborted(failed));
    }
    let terminal = prompt::terminal();
    let _ = terminal.write_str(&progress::open_table(failed));
    let choices = [
        ("continue without them", OnFailed::Continue),
        ("go on with them first", OnFailed::Fix),
        ("start nothing", OnFailed::Abort),
    ];
    let chosen = Select::new()
        .with_prompt("These failed before, or were interrupted")
        .items(choices.map(|(text, _)| text))
        .default(0)
        .interact_on_opt(&terminal)
        .map_err(not_asked)?;
    let chosen = chosen.and_then(|at| choices.get(at));
    Ok(chosen.map_or(OnFailed::Abort, |(_, how)| *how))
}

fn aborted(failed: &[Open]) -> Error {
    let number = crate::operations::counted(failed.len(), "item");
    let were = if failed.len() == 1 { "was" } else { "were" };
    let message = format!("{number} failed before or {were} interrupted; nothing was started");
    let mut error = Error::new(Kind::Unmet, message);
    error.details = progress::open_table(failed)
        .lines()
        .map(str::to_owned)
        .collect();
    let mut words: Vec<_> = super::words().collect();
    words.retain(|word| !word.starts_with("--on-failed=") && word != "--json");
    if let Some(at) = words.iter().position(|word| word == "--on-failed") {
        words.drain(at..(at + 2).min(words.len()));
    }
    error.hint(super::with_options(words, ["--on-failed", "fix"]))
}

/// An item on which an agent failed goes on where that is possible, and starts over where not.
fn fixed(store: &Store, open: Open, default: Option<&str>) -> Result<Vec<Job>> {
    let way = if open.resumable {
        Way::Resume
    } else {
        Way::Retry
    };
    let planned = runs::go_on(store, vec![open.clone()], &way, default)?;
    if planned.left.is_empty() {
        return Ok(planned.jobs);
    }
    Ok(runs::go_on(store, vec![open], &Way::Retry, default)?.jobs)
}

pub(super) fn not_asked(error: dialoguer::Error) -> Error {
    let dialoguer::Error::IO(error) = error;
    Error::usage(format!(
        "cannot ask on this terminal: {error}; nothing was started"
    ))
    .hint("agentsess help run")
}
