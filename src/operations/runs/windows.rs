//! Several agents at once, each in a window of tmux, in which this program itself watches over it
//! and writes down what becomes of it. From here they are only looked at.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::SubsecRound;
use rustix::process::{Pid, Signal, kill_process};

use super::settle;
use super::wave::{Done, Notice, Plan, is_due, tick};
use crate::document::is_token;
use crate::document::time::Timestamp;
use crate::error::{Error, Result};
use crate::operations::queue::{Command, Job, Queue, State};
use crate::operations::stem_of;
use crate::runs::{Event, Machine, Run, Status, Supervisor, Tmux};
use crate::store::Store;

/// How often it is looked how it goes.
const LOOK: Duration = Duration::from_millis(250);

struct Window {
    job: usize,
    pane: String,
    pid: u32,
    /// When it was opened.
    since: Timestamp,
    /// Its record, once there is one.
    run: Option<Run>,
}

/// Opens a window for each job until nothing more is to be started and nothing runs.
///
/// # Errors
///
/// When signals cannot be waited for, or the ledger cannot be read.
pub fn work(
    store: &Store,
    plan: &Plan,
    queue: &mut Queue,
    tmux: &Tmux,
    clock: &dyn Fn() -> Timestamp,
    notice: &mut dyn FnMut(Notice),
) -> Result<Done> {
    let mut supervisor = Supervisor::new().map_err(|error| {
        Error::usage(format!("cannot wait for signals: {error}")).hint("agentsess help run")
    })?;
    let mut work = Work {
        store,
        plan,
        queue,
        tmux,
        clock,
        notice,
        windows: Vec::new(),
        done: Done::default(),
    };
    loop {
        while let Some(at) = work.queue.next() {
            work.start(at);
        }
        if work.windows.is_empty() {
            return Ok(work.done);
        }
        if let Some(Event::Told(told)) = supervisor.wait(Some(Instant::now() + LOOK)) {
            work.queue.stopped = true;
            (work.notice)(Notice::Stopping(work.windows.len()));
            // Whoever watches over a run there answers as it would if it were told itself.
            let windows = work.windows.iter();
            windows.for_each(|window| pass_on(window.pid, told.signal));
        }
        work.look()?;
    }
}

struct Work<'w> {
    store: &'w Store,
    plan: &'w Plan<'w>,
    queue: &'w mut Queue,
    tmux: &'w Tmux,
    clock: &'w dyn Fn() -> Timestamp,
    notice: &'w mut dyn FnMut(Notice),
    windows: Vec<Window>,
    done: Done,
}

impl Work<'_> {
    fn start(&mut self, at: usize) {
        let Some(job) = self.queue.jobs.get_mut(at) else {
            return;
        };
        if !is_due(self.store, self.plan, job, self.notice) {
            return;
        }
        let since = (self.clock)().trunc_subsecs(3);
        let argv = command(self.plan, job);
        let env = std::env::vars_os().chain(self.plan.env.iter().cloned());
        let id = job.assignment.id.as_deref().filter(|id| is_token(id));
        match self.tmux.open(id.unwrap_or(&job.agent.name), &argv, env) {
            Ok(pane) => {
                job.state = State::Running;
                self.windows.push(Window {
                    job: at,
                    pane: pane.id,
                    pid: pane.pid,
                    since,
                    run: None,
                });
            }
            Err(error) => {
                job.state = State::Failed;
                self.queue.stopped = true;
                let error = Error::io("open a window of tmux", Path::new("tmux"), &error);
                self.done.error.get_or_insert(error);
            }
        }
    }

    /// Tells of what has begun and what has ended since.
    fn look(&mut self) -> Result<()> {
        // First the panes: what one that has ended there wrote down is in the ledger then.
        let panes = self.tmux.panes();
        let ledger = self.store.runs()?.unwrap_or_default();
        let here = Machine::this();
        let mut ended = Vec::new();
        for (at, window) in self.windows.iter_mut().enumerate() {
            let Some(job) = self.queue.jobs.get(window.job) else {
                continue;
            };
            let known = window.run.as_ref().map(|run| &run.id);
            let is_its = |run: &&Run| match known {
                Some(id) => run.id == *id,
                None => run.supervisor.pid == window.pid && run.agent == job.agent.name,
            };
            let mut runs = ledger.runs.values().rev();
            // Another one may have had its number long ago.
            let recent = |run: &&Run| run.started_at >= window.since;
            if let Some(run) = runs.find(|run| is_its(run) && recent(run)) {
                if window.run.is_none() {
                    (self.notice)(Notice::Started(job, run));
                }
                window.run = Some(run.clone());
            }
            let pane = panes.iter().find(|pane| pane.id == window.pane);
            let there = pane.is_some_and(|pane| !pane.dead);
            // Whose window was closed may take some time to end.
            let runs = |run: &Run| run.standing(&here).is_running();
            if !there && !window.run.as_ref().is_some_and(runs) {
                ended.push((at, pane.and_then(|pane| pane.code)));
            }
        }
        if !ended.is_empty() {
            settle(self.store, (self.clock)())?;
        }
        for (at, code) in ended.into_iter().rev() {
            let window = self.windows.swap_remove(at);
            self.end(window, code)?;
        }
        Ok(())
    }

    /// What became of a run is what its record says; without one, what its window does.
    fn end(&mut self, window: Window, code: Option<i32>) -> Result<()> {
        let ledger = self.store.runs()?.unwrap_or_default();
        let Some(job) = self.queue.jobs.get_mut(window.job) else {
            return Ok(());
        };
        let run = window.run.map(|run| run.id);
        let run = run.and_then(|id| ledger.runs.get(&id).cloned());
        job.state = match (run.as_ref().map(|run| run.status), code) {
            (Some(Status::Completed), _) => State::Completed,
            (Some(Status::Failed), _) | (None, Some(_)) => State::Failed,
            (Some(Status::Interrupted | Status::Running), _) | (None, None) => State::Interrupted,
        };
        if job.state == State::Completed {
            self.tmux.close(&window.pane);
            tick(self.store, self.plan, job, (self.clock)(), self.notice);
        }
        let Some(run) = run else {
            let how = code.map_or("is gone".to_owned(), |code| format!("ended with {code}"));
            let (pane, item) = (&window.pane, &job.assignment.item);
            let what =
                format!("the window {pane} of `{item}` {how}, and nothing was started there");
            (self.notice)(Notice::Trouble(what));
            return Ok(());
        };
        (self.notice)(Notice::Ended(job, &run));
        self.done.runs.push((window.job, run));
        Ok(())
    }
}

/// What runs in a window.
fn command(plan: &Plan, job: &Job) -> Vec<String> {
    let folder = match &job.command {
        Command::Recorded { folder, .. } => folder,
        Command::Start | Command::Resume(_) => plan.folder,
    };
    let mut words = own(folder, plan.sessions);
    let mut say = |more: &[&str]| words.extend(more.iter().map(ToString::to_string));
    let seconds = |time: Duration| format!("{}s", time.as_secs_f64());
    if let (Command::Resume(_), Some(run)) = (&job.command, &job.run) {
        say(&["runs", "fix", run, "--resume"]);
    } else {
        say(&["run", "--agent", &job.agent.name]);
        if job.is_item {
            say(&[&format!("--item={}", job.assignment.item)]);
        }
        let model = plan.model.or(job.agent.model.as_deref());
        if let Some(model) = model {
            say(&["--model", model]);
        }
        for (name, value) in plan.env {
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            say(&["--env", &format!("{name}={value}")]);
        }
    }
    say(&["--session", stem_of(plan.session)]);
    say(&["--kill-after", &seconds(plan.kill_after)]);
    if let Some(timeout) = plan.timeout {
        say(&["--timeout", &seconds(timeout)]);
    }
    if let Command::Recorded { argv, .. } = &job.command {
        say(&["--capture", "--"]);
        words.extend(argv.iter().cloned());
    }
    words
}

fn pass_on(pid: u32, signal: i32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    if let (Some(pid), Some(signal)) = (pid, Signal::from_named_raw(signal)) {
        // It may have ended just now.
        let _ = kill_process(pid, signal);
    }
}

/// The program itself, as it is to be started again.
fn own(folder: &Path, sessions: Option<&Path>) -> Vec<String> {
    let program = std::env::current_exe().unwrap_or_else(|_| "agentsess".into());
    let lossy = |path: &Path| OsString::from(path).to_string_lossy().into_owned();
    let mut own = vec![lossy(&program), "-C".to_owned(), lossy(folder)];
    if let Some(sessions) = sessions {
        own.extend(["--sessions-dir".to_owned(), lossy(sessions)]);
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agents::Agent;
    use crate::operations::assignment::{Assignment, Background};

    #[test]
    fn what_was_looked_at_runs_in_the_folder_that_was_shown() {
        let plan = Plan {
            session: "20251204-143000-weather.md",
            background: Background {
                slug: "weather".into(),
                title: None,
                context: None,
                current_state: None,
            },
            model: None,
            folder: Path::new("/project"),
            env: &[],
            sessions: None,
            timeout: None,
            kill_after: Duration::ZERO,
            shown: false,
            ticks: true,
        };
        let mut job = Job {
            assignment: Assignment::task("measure"),
            agent: Agent::unknown("dev"),
            run: None,
            is_item: false,
            command: Command::Start,
            state: State::Waiting,
        };
        let folder = |job: &Job| command(&plan, job)[2].clone();
        assert_eq!(folder(&job), "/project");
        job.command = Command::Recorded {
            argv: vec!["./measure".into()],
            folder: "/project/sub".into(),
            env: Vec::new(),
        };
        assert_eq!(folder(&job), "/project/sub");
    }
}
