//! Ends runs.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::Serialize;

use super::{meant, outcome, settle};
use crate::document::time::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::runs::{Life, Machine, Reason, Run, RunId, Standing, Status};
use crate::store::Store;

/// How often it is looked whether a run has ended.
const PAUSE: Duration = Duration::from_millis(20);

/// How long it is waited for a process that was killed.
const KILLED: Duration = Duration::from_secs(5);

/// A run that was stopped.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Stopped {
    /// Its id.
    pub id: RunId,
    /// What came of it.
    pub status: Status,
    /// The same in words.
    pub outcome: String,
    /// Whether it had to be killed.
    pub killed: bool,
}

/// Tells runs to end, waits for that, and kills what has not ended by then: after `grace`, or else
/// after as long as each was started with.
///
/// # Errors
///
/// When one is not found, runs elsewhere or does not run, which changes nothing; or when it cannot
/// be ended.
pub fn stop(
    store: &Store,
    words: &[String],
    grace: Option<Duration>,
    clock: &dyn Fn() -> Timestamp,
) -> Result<Vec<Stopped>> {
    let ledger = store.runs()?.unwrap_or_default();
    // With it comes the proof that the ledger is this work tree's own.
    store.make_runs_folder()?;
    let here = Machine::this();
    let mut runs: Vec<&Run> = Vec::new();
    for word in words {
        let run = meant(&ledger, word)?;
        let standing = run.standing(&here);
        if standing == Standing::Unknown {
            let message = format!("run {} is on another machine, {}", run.id, run.host);
            return Err(Error::usage(message).hint("agentsess runs --all"));
        }
        if !standing.is_running() {
            let message = format!("run {} is not running: {}", run.id, standing.as_str());
            return Err(Error::new(Kind::Unmet, message).hint("agentsess runs"));
        }
        if !runs.iter().any(|known| known.id == run.id) {
            runs.push(run);
        }
    }
    for run in &runs {
        tell(run, &here, Signal::TERM)?;
    }
    let mut stopped = Vec::new();
    let told = Instant::now();
    for run in runs {
        let mut killed = false;
        let grace = grace.unwrap_or(Duration::from_millis(run.kill_after_ms));
        if !ends(store, run, &here, told.checked_add(grace))? {
            killed = true;
            kill(run, &here);
            if !ends(store, run, &here, Instant::now().checked_add(KILLED))? {
                let message = format!("run {} does not end, though it was killed", run.id);
                return Err(Error::new(Kind::Io, message)
                    .hint(format!("ps {}", run.pid.unwrap_or(run.supervisor.pid))));
            }
        }
        let id = run.id.clone();
        // Nobody else writes it down where its supervisor was gone before.
        store.update_runs(|ledger| {
            if let Some(run) = ledger.runs.get_mut(&id)
                && run.status == Status::Running
            {
                run.status = Status::Interrupted;
                run.reason = Some(Reason::Told);
                run.signal = Some(if killed { Signal::KILL } else { Signal::TERM }.as_raw());
                run.completed_at = Some(clock().max(run.started_at));
            }
            Ok(())
        })?;
        let now = store.runs()?.unwrap_or_default();
        let run = now.runs.get(&id).unwrap_or(run);
        stopped.push(Stopped {
            id,
            status: run.status,
            outcome: outcome(run),
            killed,
        });
    }
    settle(store, clock())?;
    Ok(stopped)
}

/// Tells whoever watches over a run, which passes it on, or else the run itself.
fn tell(run: &Run, here: &Machine, signal: Signal) -> Result<()> {
    let machine = run.machine();
    if let Life::Alive { .. } = here.life(&machine, &run.supervisor) {
        let pid = pid(run.supervisor.pid);
        let sent =
            pid.map(|pid| kill_process(pid, signal).and_then(|()| kill_process(pid, Signal::CONT)));
        return sent.unwrap_or(Ok(())).map_err(|error| {
            let message = format!("run {} cannot be stopped: {error}", run.id);
            Error::new(Kind::Io, message).hint(format!("ps {}", run.supervisor.pid))
        });
    }
    send(run, here, signal);
    Ok(())
}

fn kill(run: &Run, here: &Machine) {
    send(run, here, Signal::KILL);
}

/// Sends a signal to the process of a run, if that is still the one that it was, and to what it left.
fn send(run: &Run, here: &Machine, signal: Signal) {
    let Some(process) = run.process() else {
        return;
    };
    let is_there = matches!(here.life(&run.machine(), &process), Life::Alive { .. });
    if !is_there && !run.has_left(here) {
        return;
    }
    let send = if run.group {
        kill_process_group
    } else {
        kill_process
    };
    if let Some(pid) = pid(process.pid) {
        // It may have ended just now.
        let _ = send(pid, signal);
        let _ = send(pid, Signal::CONT);
    }
}

fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// Waits until a run has ended and its end is written down, or nobody is there to do so. Without a
/// deadline it waits for as long as that takes.
fn ends(store: &Store, run: &Run, here: &Machine, deadline: Option<Instant>) -> Result<bool> {
    loop {
        let ledger = store.runs()?.unwrap_or_default();
        let now = ledger.runs.get(&run.id).unwrap_or(run);
        let watched = here.life(&now.machine(), &now.supervisor) != Life::Gone;
        let is_gone = !now.standing(here).is_running();
        // What is left to be said of it is said by whoever watches over it.
        if is_gone && (now.status == Status::Running || now.logged || !watched) {
            return Ok(true);
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(is_gone);
        }
        thread::sleep(PAUSE);
    }
}
