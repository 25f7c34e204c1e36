//! Starts an agent and stays with it until it has ended.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::SubsecRound;
use serde::Serialize;

use super::ending::{code, conclude, not_started};
use super::list::row;
use super::session::Tick;
use super::settle::{has_others, mark_told};
use super::stops::{Stop, Stops};
use super::{Row, ledger, outcome, session, settle};
use crate::document::time::Timestamp;
use crate::error::{Error, Result};
use crate::hosts;
use crate::operations::stem_of;
use crate::runs::{
    ARGV_LIMIT, Capture, Ended, Event, Input, Machine, Observer, Process, RUN, Reason, Run, RunId,
    Spec, StartError, Status, Supervisor, Updates,
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

/// How many of the runs that were wanted are done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Tally {
    /// Those that completed.
    pub completed: usize,
    /// Those that did not.
    pub remaining: usize,
    /// All of them.
    pub total: usize,
    /// The first of the last, of a hundred; 100 only if nothing remains.
    pub percent: usize,
}

impl Tally {
    /// The tally of so many of so many.
    pub fn new(completed: usize, total: usize) -> Self {
        Self {
            completed,
            remaining: total.saturating_sub(completed),
            total,
            percent: match (200 * completed + total).checked_div(2 * total) {
                Some(percent) if completed < total => percent.min(99),
                _ => 100,
            },
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            completed,
            remaining,
            total,
            percent,
        } = self;
        write!(
            f,
            "completed {completed} of {total} ({percent}%), {remaining} remaining"
        )
    }
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

/// Writes a run down, as running, and lists its agent in the session.
///
/// # Errors
///
/// As for [`run()`].
pub fn begin(store: &Store, request: &Request, now: Timestamp) -> Result<Run> {
    let (item, task) = session::plan(store, request.session, request.agent, request.item, now)?;
    let here = Machine::this();
    let started_at = now.trunc_subsecs(3);
    let mut run = Run {
        id: RunId::new(started_at, None),
        session: request.session.to_owned(),
        agent: request.agent.to_owned(),
        model: request.model.map(str::to_owned),
        item: item.map(|item| bounded(&item)),
        task,
        argv: argv(request.argv),
        env: request.env.iter().map(|(name, _)| lossy(name)).collect(),
        folder: bounded(&request.folder.to_string_lossy()),
        status: Status::Running,
        host: here.host,
        boot: here.boot,
        supervisor: Process::this(),
        pid: None,
        process_start_time: None,
        group: !request.terminal,
        kill_after_ms: u64::try_from(request.kill_after.as_millis()).unwrap_or(u64::MAX),
        started_at,
        completed_at: None,
        exit_code: None,
        signal: None,
        reason: None,
        conversation: request.conversation.map(str::to_owned),
        log: None,
        summary: None,
        logged: false,
    };
    store.record_run(&mut run)?;
    store.reserve_for(&run.id);
    if let Err(error) = session::begun(store, &run, now) {
        run.status = Status::Failed;
        run.reason = Some(Reason::NotStarted);
        run.completed_at = Some(started_at);
        // The session that was not told of its beginning need not be told of its end.
        run.logged = true;
        store.release(&run.id);
        let mut updates = Updates::default();
        updates.put(&run);
        // As it is, it reads as interrupted once this program has ended.
        let _ = store.flush_runs(&mut updates);
        return Err(error);
    }
    Ok(run)
}

/// Writes down that a run has ended, in the ledger and then in the session. What does not work is
/// told, and does not change how it ended.
pub fn end(
    store: &Store,
    run: &mut Run,
    updates: &mut Updates,
    clock: &dyn Fn() -> Timestamp,
    notice: &mut dyn FnMut(Notice),
) {
    updates.put(run);
    let kept = store.flush_runs(updates).is_ok() || {
        store.release(&run.id);
        flush(store, updates, true, notice)
    };
    if !kept {
        return;
    }
    // Whoever kills this program from here on has the session told by the next one.
    store.release(&run.id);
    let others = ledger(store).is_some_and(|ledger| has_others(&ledger, run));
    let told = session::ended(store, run, others, clock());
    if let (Ok(tick), Some(item)) = (&told, &run.item) {
        match tick {
            Tick::Done => notice(Notice::Ticked(item)),
            Tick::Missing => notice(Notice::Trouble(format!(
                "`{item}` is not ticked: the session has no such item any more"
            ))),
            Tick::None => {}
        }
    }
    let told = told.and_then(|_| mark_told(store, std::slice::from_ref(&run.id)));
    match told {
        Ok(()) => run.logged = true,
        Err(error) => {
            let what = format!("the session is told of it later: {error}");
            notice(Notice::Trouble(what));
        }
    }
}

/// Writes down what there is; what cannot be written is kept beside the ledger. Says whether it is
/// in the ledger.
pub(super) fn flush(
    store: &Store,
    updates: &mut Updates,
    last: bool,
    notice: &mut dyn FnMut(Notice),
) -> bool {
    let failed = match store.flush_runs(updates) {
        Ok(found) => {
            for (invalid, path) in found.aside {
                let what = format!("{invalid}; it is kept in {}", path.display());
                notice(Notice::Trouble(what));
            }
            return true;
        }
        Err(error) => error,
    };
    if !last {
        return false;
    }
    let what = match store.keep_pending(updates, &failed) {
        Ok(path) => format!(
            "{failed}; how the run ended is kept in {} for the next `agentsess runs`",
            path.display()
        ),
        Err(error) => format!("{failed}; how the run ended is written down nowhere: {error}"),
    };
    notice(Notice::Trouble(what));
    false
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

fn argv(argv: &[OsString]) -> Vec<String> {
    let mut room = ARGV_LIMIT;
    let mut kept = Vec::new();
    for word in argv.iter().map(lossy) {
        let Some(left) = room.checked_sub(word.len()) else {
            break;
        };
        room = left;
        kept.push(word);
    }
    if kept.is_empty() {
        kept.push("…".to_owned());
    }
    kept
}

pub(super) fn lossy(word: &OsString) -> String {
    word.to_string_lossy().into_owned()
}

/// The text of an item as a record keeps it.
pub(in crate::operations) fn bounded(text: &str) -> String {
    crate::document::insert::cut(text, 1000)
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
        format!(
            "run {}: {} {}; {completed} of {total} completed, {remaining} remaining ({percent} %)",
            self.run.id,
            self.run.agent,
            outcome(&self.run)
        )
    }
}
