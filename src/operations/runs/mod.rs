//! Agents at work on a session: started, looked at, stopped, and written about in it.
//!
//! The ledger comes first and is right by itself. What the session says of a run follows from it, an
//! entry in `spawned_agents` while it runs and one line in the log once it has ended; a session that
//! cannot be written then is told by whoever comes next.

mod complete;
mod ending;
mod incomplete;
mod list;
mod plan;
mod record;
mod run;
mod session;
mod settle;
mod stop;
mod stops;
mod tally;
mod wave;
mod windows;

use serde::Serialize;

pub use complete::{Completed, Failed, Which, complete};
pub use incomplete::{Open, Progress, failures, incomplete, open};
pub use list::{Filter, Listing, Row, list, rows};
pub use plan::{Left, Planned, Way, begin as plan_begin, go_on, known, require_trust, usual};
pub(super) use record::bounded;
pub use record::{begin, end};
pub use run::{Notice, OWN, Outcome, Ran, Request, run};
pub use settle::{Settled, Untold, settle, write_down};
pub use stop::{Stopped, stop};
pub use tally::Tally;
pub use wave::{Active, Done, Notice as Progressed, Plan, work};
pub use windows::work as in_windows;

use super::counted;
use crate::error::{Error, Kind, Result};
use crate::render::age;
pub use crate::runs::RUN;
use crate::runs::{Ledger, Machine, Reason, Run, Standing, Status};
use crate::store::Store;

/// How many runs of a session there are of the kinds that somebody has to know of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Count {
    /// Those that run.
    pub running: usize,
    /// Those that failed or were interrupted and whose conversation is known.
    pub resumable: usize,
}

impl Count {
    /// Those of a session; nothing if there is nothing to know of.
    pub fn of(ledger: &Ledger, session: &str) -> Option<Self> {
        let here = Machine::this();
        let mut count = Self::default();
        for run in ledger.runs.values().filter(|run| run.session == session) {
            let standing = run.standing(&here);
            count.running += usize::from(standing.is_running());
            count.resumable += usize::from(run.is_resumable(standing));
        }
        (count != Self::default()).then_some(count)
    }

    /// Such as `2 running, 1 resumable`.
    pub fn tag(self) -> String {
        let parts = [(self.running, "running"), (self.resumable, "resumable")];
        let parts = parts.iter().filter(|(number, _)| *number > 0);
        let parts: Vec<_> = parts
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
        parts.join(", ")
    }
}

/// The ledger for those who only want to say something about it: whatever is wrong with it, those
/// who work with it say.
pub(super) fn ledger(store: &Store) -> Option<Ledger> {
    store.runs().ok().flatten()
}

/// Fails while runs of a session are running, but for the one that asks.
///
/// # Errors
///
/// Of kind [`Kind::Unmet`], with their names, or while the ledger cannot be read whole; or when that
/// is a newer program's.
pub(super) fn refuse_running(store: &Store, name: &str, own: Option<&str>) -> Result<()> {
    let Some(ledger) = store.runs()? else {
        return Ok(());
    };
    if !ledger.aside.is_empty() {
        let message = "the ledger of runs cannot be read whole, so an agent may be running; nothing was changed";
        let mut error = Error::new(Kind::Unmet, message);
        let aside = ledger.aside.iter();
        error.details = aside.map(|aside| aside.invalid.to_string()).collect();
        return Err(error.hint("agentsess runs"));
    }
    let here = Machine::this();
    let runs = ledger.runs.values();
    let running: Vec<&Run> = runs
        .filter(|run| run.session == name)
        .filter(|run| Some(run.id.as_str()) != own && run.standing(&here).is_running())
        .collect();
    if running.is_empty() {
        return Ok(());
    }
    let slug = store.short_name(name);
    let are = if running.len() == 1 { "is" } else { "are" };
    let runs = counted(running.len(), "run");
    let message = format!("{runs} of `{slug}` {are} still running; nothing was changed");
    let mut error = Error::new(Kind::Unmet, message);
    error.details = running
        .iter()
        .map(|run| format!("{} {}: {}", run.id, run.agent, run.task))
        .collect();
    let ids: Vec<_> = running.iter().map(|run| run.id.as_str()).collect();
    Err(error.hint(format!("agentsess runs stop {}", ids.join(" "))))
}

/// The one run that a word means.
///
/// # Errors
///
/// When it means none or several.
pub fn meant<'l>(ledger: &'l Ledger, word: &str) -> Result<&'l Run> {
    match ledger.meant(word).as_slice() {
        [run] => Ok(run),
        [] => {
            let message = format!("there is no run `{word}`");
            Err(Error::new(Kind::NotFound, message).hint("agentsess runs --all"))
        }
        several => {
            let message = format!("`{word}` is the beginning of {} runs", several.len());
            let mut error = Error::new(Kind::Ambiguous, message);
            error.details = several.iter().map(|run| line(run)).collect();
            Err(error.hint("agentsess runs --all"))
        }
    }
}

fn line(run: &Run) -> String {
    format!("{} {}: {}", run.id, run.agent, run.task)
}

/// How a run ended, in a few words, such as `completed in 3m (exit 0)`.
pub fn outcome(run: &Run) -> String {
    let took = took(run)
        .map(|took| format!(" in {took}"))
        .unwrap_or_default();
    let why = why(run).map(|why| format!(" ({why})")).unwrap_or_default();
    format!("{}{took}{why}", run.status.as_str())
}

/// How long a run took, if somebody saw it end.
fn took(run: &Run) -> Option<String> {
    let ended = run.completed_at.filter(|_| {
        !matches!(
            run.reason,
            Some(Reason::Lost | Reason::NotStarted | Reason::ByHand)
        )
    });
    ended.map(|ended| age((ended - run.started_at).num_seconds()))
}

/// Why a run ended as it did, such as `exit 1`.
fn why(run: &Run) -> Option<String> {
    let exit = || run.exit_code.map(|code| format!("exit {code}"));
    let signal = || run.signal.map(signal_name);
    match run.reason {
        Some(Reason::Timeout) => Some("timeout".to_owned()),
        Some(Reason::NotStarted) => Some("not started".to_owned()),
        Some(Reason::Lost) => Some("nobody saw it end".to_owned()),
        Some(Reason::ByHand) => Some(match exit().or_else(signal) {
            Some(how) => format!("by hand; {how}"),
            None => "by hand".to_owned(),
        }),
        Some(Reason::Said) => Some("it says so".to_owned()),
        Some(Reason::Told) => signal(),
        None => exit().or_else(signal),
    }
}

/// A signal as people know it.
pub fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        6 => "SIGABRT",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return format!("signal {signal}"),
    };
    name.to_owned()
}

/// A run's standing in the list of agents of its session, once it has ended: what is not done is to
/// be done.
fn listed_as(run: &Run) -> (&'static str, String) {
    let why = why(run).unwrap_or_default();
    match (run.status, &run.summary) {
        (Status::Completed, Some(summary)) => ("completed", summary.clone()),
        (Status::Completed, None) => ("completed", outcome(run)),
        (Status::Running, _) => ("in_progress", format!("run {}", run.id)),
        (status, _) => ("pending", format!("{} ({why})", status.as_str())),
    }
}

/// How a run stands now.
fn standing(run: &Run) -> Standing {
    run.standing(&Machine::this())
}
