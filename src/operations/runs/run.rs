//! Starts an agent and stays with it until it has ended.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::ending::{code, conclude, not_started};
use super::list::row;
use super::record::{begin, end, flush};
use super::stops::{Stop, Stops};
use super::{Row, Tally, ledger, outcome, session, settle};
use crate::document::time::Timestamp;
use crate::error::{Error, Result};
use crate::hosts;
use crate::operations::stem_of;
use crate::runs::{
    Capture, Ended, Event, Input, Machine, Observer, Process, RUN, Reason, Run, Spec, StartError,
    Status, Supervisor, Updates,
};
use crate::store::Store;

/// How soon what passes while a run goes on is written down.
pub(super) const SOON: Duration = Duration::from_millis(500);

/// Longest id of a conversation, in bytes. Those of all known hosts are below 100.
pub(super) const CONVERSATION: usize = 512;

/// The variables by which a process knows where it belongs: the session, the run, who it is, and the
/// folder of the sessions.
pub const OWN: [&str; 4] = ["AGENTSESS_SESSION", RUN, "AGENTSESS_AGENT", "AGENTSESS_DIR"];

/// What to start.
#[derive(Debug)]
pub struct Request<'r> {
    /// The file name of the session.
    pub session: &'r str,
    /// Who.
    pub agent: &'r str,
    /// The model.
    pub model: Option<&'r str>,
    /// The item, by id or text.
    pub item: Option<&'r str>,
    /// The program and its arguments.
    pub argv: &'r [OsString],
    /// Where.
    pub folder: &'r Path,
    /// Variables that it gets.
    pub env: &'r [(OsString, OsString)],
    /// The sessions folder, if it was named.
    pub sessions: Option<&'r Path>,
    /// Its standard input.
    pub input: Input,
    /// Whether it has the terminal for itself.
    pub terminal: bool,
    /// Whether what it says is passed on.
    pub shown: bool,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// How long after that it is killed.
    pub kill_after: Duration,
    /// The host's id of the conversation, where it is known before.
    pub conversation: Option<&'r str>,
}

/// What somebody may want to know while a run goes on.
#[derive(Debug)]
pub enum Notice<'n> {
    /// It has begun.
    Begun(&'n Run),
    /// This program was told to stop, by this signal, and passes that on.
    Stopping(&'n Run, i32),
    /// It was told so for the second time, and waits for the process of this number.
    Waiting(&'n Run, u32),
    /// The same for the third time: it is killed.
    Killing(&'n Run),
    /// The item that it did is ticked.
    Ticked(&'n str),
    /// Something did not work that the run itself does not depend on.
    Trouble(String),
}

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Its record.
    pub run: Run,
    /// What this program is to exit with: the exit code of the process, 128 and the signal that
    /// ended it, 124 if it took too long, or 125 to 127 if it could not be started.
    pub code: u8,
    /// How much of what was wanted is done.
    pub tally: Tally,
    /// Why it could not be started.
    pub error: Option<Error>,
}

/// The same as others read it.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Ran {
    /// The run.
    #[serde(flatten)]
    pub run: Row,
    /// See [`Outcome::tally`].
    pub tally: Tally,
}

impl Ran {
    /// What came of a run.
    pub fn new(store: &Store, outcome: &Outcome, now: Timestamp) -> Self {
        Self {
            run: row(store, &outcome.run, &Machine::this(), now),
            tally: outcome.tally,
        }
    }
}

/// Starts an agent on a task of a session, and stays with it until it has ended. The run is written
/// down before its process begins, and its end before anything else is done about it.
///
/// # Errors
///
/// When the session or the item is not found, the session is completed, or the run cannot be
/// written down; then nothing was started.
pub fn run(
    store: &Store,
    request: &Request,
    clock: &dyn Fn() -> Timestamp,
    observer: Box<dyn Observer>,
    notice: &mut dyn FnMut(Notice),
) -> Result<Outcome> {
    let mut supervisor = Supervisor::new().map_err(|error| {
        Error::usage(format!("cannot wait for signals: {error}")).hint("agentsess help run")
    })?;
    let settled = settle(store, clock());
    let mut run = begin(store, request, clock())?;
    if let Err(error) = settled {
        notice(Notice::Trouble(error.to_string()));
    }
    doubt(store, &run, notice);
    let capture = capture(store, request, &mut run, notice);
    let spec = spec(request, &run);
    let mut updates = Updates::default();
    let ended = match supervisor.start(&run.id, &spec, capture, observer) {
        Ok(process) => {
            started(&mut run, process);
            updates.put(&run);
            notice(Notice::Begun(&run));
            flush(store, &mut updates, false, notice);
            stay(
                store,
                &mut supervisor,
                &mut run,
                &mut updates,
                request.terminal,
                notice,
            )
        }
        Err(error) => {
            // It has said nothing.
            run.log = None;
            store.forget_run_log(&run.id);
            Err(error)
        }
    };
    for trouble in ended.iter().flat_map(|ended| &ended.trouble) {
        notice(Notice::Trouble(trouble.clone()));
    }
    let (error, code) = match &ended {
        Ok(ended) => (None, code(&run, ended)),
        Err(failed) => (Some(not_started(store, request, failed)), failed.code),
    };
    conclude(&mut run, ended.ok(), error.as_ref(), clock());
    end(store, &mut run, &mut updates, clock, notice);
    let tally = Tally::new(usize::from(run.status == Status::Completed), 1);
    Ok(Outcome {
        run,
        code,
        tally,
        error,
    })
}

/// Says what speaks against a run that has begun: others that are on its item, or that it is done.
pub(super) fn doubt(store: &Store, run: &Run, notice: &mut dyn FnMut(Notice)) {
    let Some(item) = &run.item else { return };
    let here = Machine::this();
    let ledger = ledger(store).unwrap_or_default();
    let others = ledger.runs.values().filter(|other| {
        (&other.session, &other.item) == (&run.session, &run.item) && other.id != run.id
    });
    for other in others.filter(|other| other.standing(&here).is_running()) {
        let (id, agent) = (&other.id, &other.agent);
        notice(Notice::Trouble(format!(
            "run {id} of {agent} is on `{item}`, too"
        )));
    }
    if session::is_ticked(store, run) {
        notice(Notice::Trouble(format!("`{item}` is ticked already")));
    }
}

pub(super) fn capture(
    store: &Store,
    request: &Request,
    run: &mut Run,
    notice: &mut dyn FnMut(Notice),
) -> Option<Capture> {
    if request.terminal {
        return None;
    }
    match Capture::create(&store.run_log(&run.id)) {
        Ok(capture) => {
            run.log = Some(format!("{}.log", run.id));
            Some(capture)
        }
        Err(error) => {
            let what = format!("what it says cannot be kept: {error}");
            notice(Notice::Trouble(what));
            None
        }
    }
}

/// What the process gets: where it belongs, and nothing of a conversation from which this was
/// called.
pub(super) fn spec<'r>(request: &'r Request<'r>, run: &Run) -> Spec<'r> {
    let [session, own, agent, folder] = OWN;
    let own = [
        (session, stem_of(&run.session)),
        (own, run.id.as_str()),
        (agent, &run.agent),
    ];
    let mut set = request.env.to_vec();
    set.extend(own.map(|(name, value)| (name.into(), value.into())));
    let sessions = request
        .sessions
        .map(|sessions| (folder.into(), sessions.into()));
    set.extend(sessions);
    Spec {
        argv: request.argv,
        folder: request.folder,
        set,
        remove: hosts::variables().collect(),
        input: request.input,
        terminal: request.terminal,
        shown: request.shown,
        timeout: request.timeout,
        kill_after: request.kill_after,
    }
}

pub(super) fn started(run: &mut Run, process: Process) {
    run.pid = Some(process.pid);
    run.process_start_time = Some(process.start_time);
}

/// Waits for the end.
fn stay(
    store: &Store,
    supervisor: &mut Supervisor,
    run: &mut Run,
    updates: &mut Updates,
    terminal: bool,
    notice: &mut dyn FnMut(Notice),
) -> Result<Box<Ended>, StartError> {
    let mut stops = Stops::new(terminal);
    loop {
        let until = (!updates.is_empty()).then(|| Instant::now() + SOON);
        match supervisor.wait(until) {
            None => {
                flush(store, updates, false, notice);
            }
            Some(Event::Learned(_)) => {
                let known = supervisor.conversation(&run.id);
                let known = known.filter(|id| id.len() <= CONVERSATION);
                if known.is_some() && known != run.conversation {
                    run.conversation = known;
                    updates.put(run);
                }
            }
            Some(Event::Told(told)) => {
                flush(store, updates, false, notice);
                match stops.next(told, Instant::now()) {
                    Stop::Pass => {}
                    Stop::Forward => {
                        run.reason = Some(Reason::Told);
                        run.signal = Some(told.signal);
                        notice(Notice::Stopping(run, told.signal));
                        supervisor.signal(None, told.signal);
                        updates.put(run);
                    }
                    Stop::Answer => {
                        for (_, pid) in supervisor.running() {
                            notice(Notice::Waiting(run, pid));
                        }
                    }
                    Stop::Kill => {
                        notice(Notice::Killing(run));
                        supervisor.kill(None);
                    }
                }
            }
            Some(Event::Ended(_, ended)) => return Ok(ended),
        }
    }
}

impl Outcome {
    /// One line on it.
    pub fn line(&self) -> String {
        let Tally {
            completed,
            remaining,
            total,
            percent,
        } = self.tally;
        let unticked = match self.run.item {
            None => "; nothing is ticked without `--item`",
            Some(_) => "",
        };
        format!(
            "run {}: {} {}; runs: {completed} of {total} completed, {remaining} remaining ({percent} %){unticked}",
            self.run.id,
            self.run.agent,
            outcome(&self.run)
        )
    }
}
