//! Several agents at once, each on an item of its own, until nothing more is to be started and
//! nothing runs.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::ending::{code, conclude, not_started};
use super::record::{begin, bounded, end, flush};
use super::run::{Notice as One, Request, SOON, capture, doubt, spec, started};
use super::settle;
use super::stops::{Stop, Stops};
use crate::agents::{self, Words};
use crate::document::time::Timestamp;
use crate::error::{Error, Result};
use crate::operations::assignment::{Background, is_ticked};
use crate::operations::done;
use crate::operations::queue::{Command, Job, Queue, State};
use crate::render::prompt::prompt;
use crate::runs::{Ended, Event, Input, Machine, Run, RunId, Status, Supervisor, Updates};
use crate::store::Store;

/// How often somebody who looks on is shown how it goes.
const LOOK: Duration = Duration::from_millis(500);

/// What holds for all of them.
#[derive(Debug)]
pub struct Plan<'p> {
    /// The file name of the session.
    pub session: &'p str,
    /// What they are told of it.
    pub background: Background,
    /// The model, in place of each agent's own.
    pub model: Option<&'p str>,
    /// Where they are started.
    pub folder: &'p Path,
    /// Variables that they get.
    pub env: &'p [(OsString, OsString)],
    /// The sessions folder, if it was named.
    pub sessions: Option<&'p Path>,
    /// How long each may take.
    pub timeout: Option<Duration>,
    /// How long after that it is killed.
    pub kill_after: Duration,
    /// Whether what they say is passed on.
    pub shown: bool,
    /// Whether items are left out that are ticked by now, and ticked as soon as they are done.
    pub ticks: bool,
}

/// What happens, for whoever looks on.
#[derive(Debug)]
pub enum Notice<'n> {
    /// An agent was started.
    Started(&'n Job, &'n Run),
    /// It has ended; the item that it did could not be ticked, if there is an error.
    Ended(&'n Job, &'n Run),
    /// Nothing, for a while; what runs, and what each said last.
    Look(&'n Queue, &'n [Active]),
    /// This program was told to stop, and waits for so many.
    Stopping(usize),
    /// The same for the second time; these it waits for, with the numbers of their processes.
    Waiting(Vec<(&'n Run, u32)>),
    /// The same for the third time: they are killed.
    Killing(usize),
    /// The item of a run is ticked.
    Ticked(&'n str),
    /// Something did not work that the runs themselves do not depend on.
    Trouble(String),
}

/// An agent that runs.
#[derive(Debug)]
pub struct Active {
    /// Its place in the queue.
    pub job: usize,
    /// Its record.
    pub run: Run,
    /// What it said last.
    pub last: Option<String>,
}

/// What came of all of them.
#[derive(Debug, Default)]
pub struct Done {
    /// Every run, with its place in the queue, in the order in which they ended.
    pub runs: Vec<(usize, Run)>,
    /// The exit code of the last one that ended, as a shell would have it.
    pub code: Option<u8>,
    /// Why one could not be started.
    pub error: Option<Error>,
}

/// Starts what can be started, and goes on until nothing more is to be and nothing runs.
///
/// # Errors
///
/// When signals cannot be waited for. What becomes of each run is in the ledger and the queue.
pub fn work(
    store: &Store,
    plan: &Plan,
    queue: &mut Queue,
    clock: &dyn Fn() -> Timestamp,
    notice: &mut dyn FnMut(Notice),
) -> Result<Done> {
    let supervisor = Supervisor::new().map_err(|error| {
        Error::usage(format!("cannot wait for signals: {error}")).hint("agentsess help run")
    })?;
    let unsettled = settle(store, clock()).err();
    let mut work = Work {
        store,
        plan,
        queue,
        clock,
        notice,
        supervisor,
        updates: Updates::default(),
        active: Vec::new(),
        done: Done::default(),
        unsettled,
    };
    work.go_on();
    Ok(work.done)
}

struct Work<'w> {
    store: &'w Store,
    plan: &'w Plan<'w>,
    queue: &'w mut Queue,
    clock: &'w dyn Fn() -> Timestamp,
    notice: &'w mut dyn FnMut(Notice),
    supervisor: Supervisor,
    updates: Updates,
    active: Vec<Active>,
    done: Done,
    /// What the ledger could not be brought up to date for. What keeps a run from beginning is said
    /// then, and not before, too.
    unsettled: Option<Error>,
}

impl Work<'_> {
    fn go_on(&mut self) {
        let mut stops = Stops::new(false);
        let mut look = Instant::now();
        loop {
            while let Some(at) = self.queue.next() {
                self.start(at);
            }
            if self.active.is_empty() {
                return;
            }
            let soon = (!self.updates.is_empty()).then_some(SOON);
            let wait = soon.unwrap_or(LOOK).min(LOOK);
            match self.supervisor.wait(Some(Instant::now() + wait)) {
                None => self.flush(),
                Some(Event::Learned(id)) => self.learn(&id),
                Some(Event::Told(told)) => {
                    self.flush();
                    // Whatever else it means, nothing more is begun.
                    self.queue.stopped = true;
                    match stops.next(told, Instant::now()) {
                        Stop::Pass | Stop::Forward => self.forward(told.signal),
                        Stop::Answer => self.answer(),
                        Stop::Kill => {
                            (self.notice)(Notice::Killing(self.active.len()));
                            self.supervisor.kill(None);
                        }
                    }
                }
                Some(Event::Ended(id, ended)) => self.end(&id, ended),
            }
            if look.elapsed() >= LOOK {
                look = Instant::now();
                for active in &mut self.active {
                    active.last = self.supervisor.last(&active.run.id);
                }
                (self.notice)(Notice::Look(self.queue, &self.active));
            }
        }
    }

    fn start(&mut self, at: usize) {
        let Some(job) = self.queue.jobs.get_mut(at) else {
            return;
        };
        if !is_due(self.store, self.plan, job, self.notice) {
            return;
        }
        job.state = State::Running;
        let (argv, conversation, folder) = match command(self.plan, job) {
            Ok(command) => command,
            Err(error) => return self.not_begun(at, error),
        };
        let request = Request {
            session: self.plan.session,
            agent: &job.agent.name,
            model: self.plan.model.or(job.agent.model.as_deref()),
            item: job.is_item.then_some(job.assignment.item.as_str()),
            argv: &argv,
            folder: folder.as_deref().unwrap_or(self.plan.folder),
            env: self.plan.env,
            sessions: self.plan.sessions,
            input: Input::Nothing,
            terminal: false,
            shown: self.plan.shown,
            timeout: self.plan.timeout,
            kill_after: self.plan.kill_after,
            conversation: conversation.as_deref(),
        };
        let begun = begin(self.store, &request, (self.clock)());
        let mut run = match begun {
            Ok(run) => run,
            Err(error) => return self.not_begun(at, error),
        };
        if let Some(error) = self.unsettled.take() {
            (self.notice)(Notice::Trouble(error.to_string()));
        }
        // Of a wave an item that another run is on, or that is ticked, is not begun at all.
        if !self.plan.ticks {
            doubt(self.store, &run, &mut forward(self.notice));
        }
        let capture = capture(self.store, &request, &mut run, &mut forward(self.notice));
        let spec = spec(&request, &run);
        let observer = Box::new(job.agent.reader());
        match self.supervisor.start(&run.id, &spec, capture, observer) {
            Ok(process) => {
                started(&mut run, process);
                self.updates.put(&run);
                flush(
                    self.store,
                    &mut self.updates,
                    false,
                    &mut forward(self.notice),
                );
                (self.notice)(Notice::Started(job, &run));
                let last = None;
                self.active.push(Active { job: at, run, last });
            }
            Err(failed) => {
                // It has said nothing.
                run.log = None;
                self.store.forget_run_log(&run.id);
                let error = not_started(self.store, &request, &failed);
                conclude(&mut run, None, Some(&error), (self.clock)());
                self.done.code = Some(failed.code);
                self.done.error.get_or_insert(error);
                self.write_down(at, run);
            }
        }
    }

    /// Whatever kept this one from being written down would keep the others, too.
    fn not_begun(&mut self, at: usize, error: Error) {
        if let Some(job) = self.queue.jobs.get_mut(at) {
            job.state = State::Failed;
        }
        self.queue.stopped = true;
        self.done.error.get_or_insert(error);
    }

    fn learn(&mut self, id: &RunId) {
        let known = self.supervisor.conversation(id);
        let active = self.active.iter_mut().find(|active| active.run.id == *id);
        if let Some(active) = active.filter(|active| active.run.conversation != known) {
            active.run.conversation = known;
            self.updates.put(&active.run);
        }
    }

    fn forward(&mut self, signal: i32) {
        for active in &mut self.active {
            active.run.reason = Some(crate::runs::Reason::Told);
            active.run.signal = Some(signal);
            self.updates.put(&active.run);
        }
        (self.notice)(Notice::Stopping(self.active.len()));
        self.supervisor.signal(None, signal);
    }

    fn answer(&mut self) {
        let running = self.supervisor.running();
        let waiting = running.filter_map(|(id, pid)| {
            let mut active = self.active.iter();
            let active = active.find(|active| active.run.id == *id)?;
            Some((&active.run, pid))
        });
        let waiting = waiting.collect();
        (self.notice)(Notice::Waiting(waiting));
    }

    fn flush(&mut self) {
        flush(
            self.store,
            &mut self.updates,
            false,
            &mut forward(self.notice),
        );
    }

    fn end(&mut self, id: &RunId, ended: Box<Ended>) {
        let Some(at) = self.active.iter().position(|it| it.run.id == *id) else {
            return;
        };
        let active = self.active.swap_remove(at);
        let mut run = active.run;
        for trouble in &ended.trouble {
            (self.notice)(Notice::Trouble(format!("run {id}: {trouble}")));
        }
        self.done.code = Some(code(&run, &ended));
        conclude(&mut run, Some(ended), None, (self.clock)());
        self.write_down(active.job, run);
    }

    /// The item before the run: one that is ticked needs nobody any more, whatever is known of runs.
    fn write_down(&mut self, at: usize, mut run: Run) {
        let Some(job) = self.queue.jobs.get_mut(at) else {
            return;
        };
        job.state = match run.status {
            Status::Completed => State::Completed,
            Status::Interrupted => State::Interrupted,
            Status::Failed | Status::Running => State::Failed,
        };
        if job.state == State::Completed {
            tick(self.store, self.plan, job, (self.clock)(), self.notice);
        }
        end(
            self.store,
            &mut run,
            &mut self.updates,
            self.clock,
            &mut forward(self.notice),
        );
        (self.notice)(Notice::Ended(job, &run));
        self.done.runs.push((at, run));
    }
}

/// Whether a job is still to be begun: others work on the session, too, and on its items.
pub(super) fn is_due(
    store: &Store,
    plan: &Plan,
    job: &mut Job,
    notice: &mut dyn FnMut(Notice),
) -> bool {
    if !plan.ticks || !job.is_item {
        return true;
    }
    let item = &job.assignment.item;
    let ticked = is_ticked(store, plan.session, item);
    let ledger = store.runs().ok().flatten().unwrap_or_default();
    let here = Machine::this();
    let known = bounded(item);
    let at_work = ledger.runs.values().rev().find(|run| {
        let on_it = run.session == plan.session && run.item.as_ref() == Some(&known);
        on_it && run.standing(&here).is_running()
    });
    let (state, why) = match (ticked, at_work) {
        (Ok(Some(true)), _) => (State::Completed, "is ticked by now".to_owned()),
        (Ok(None), _) => (State::LeftOut, "is no longer there".to_owned()),
        (_, Some(run)) => {
            job.run = Some(run.id.to_string());
            (
                State::Taken,
                format!("is what run {} is at work on", run.id),
            )
        }
        // What is wrong with the session is told when it is written to.
        (_, None) => return true,
    };
    let what = format!("`{item}` {why}");
    job.state = state;
    notice(Notice::Trouble(what));
    false
}

/// Ticks the item of a job that is done, with all that is a part of it.
pub(super) fn tick(
    store: &Store,
    plan: &Plan,
    job: &Job,
    now: Timestamp,
    notice: &mut dyn FnMut(Notice),
) {
    if !plan.ticks || !job.is_item {
        return;
    }
    let item = &job.assignment.item;
    if let Err(error) = done::tick(store, plan.session, std::slice::from_ref(item), now) {
        notice(Notice::Trouble(format!(
            "`{item}` is done and not ticked: {error}"
        )));
    }
}

/// What is told of one run, as of all.
fn forward(notice: &mut dyn FnMut(Notice)) -> impl FnMut(One) + '_ {
    move |one| match one {
        One::Trouble(what) => notice(Notice::Trouble(what)),
        One::Ticked(item) => notice(Notice::Ticked(item)),
        _ => {}
    }
}

type Started = (Vec<OsString>, Option<String>, Option<PathBuf>);

/// The command of a job, with the id of the conversation that it has or gets, and the folder for it
/// if that is another one.
fn command(plan: &Plan, job: &Job) -> Result<Started> {
    let prompt = |resumes| prompt(&job.assignment, &plan.background, resumes);
    let words = |prompt, id| Words {
        prompt,
        model: plan.model,
        id,
    };
    let os = |argv: Vec<String>| argv.into_iter().map(OsString::from).collect();
    Ok(match &job.command {
        Command::Start => {
            let id = job.agent.takes_id().then(agents::new_id).transpose();
            let id = id.map_err(|error| {
                Error::io("read random bytes", Path::new("/dev/urandom"), &error)
            })?;
            let prompt = prompt(false);
            let argv = job.agent.started(words(&prompt, id.as_deref()));
            (os(argv), id, None)
        }
        Command::Resume(id) => {
            let prompt = prompt(true);
            let argv = job.agent.resumed(words(&prompt, Some(id)));
            (os(argv), Some(id.clone()), None)
        }
        Command::Recorded { argv, folder, .. } => (os(argv.clone()), None, Some(folder.clone())),
    })
}
