//! Brings ledger and sessions to what is true by now.

use super::session::Tick;
use super::{session, standing};
use crate::document::time::Timestamp;
use crate::error::{Error, Kind, Result};
use crate::runs::{Ledger, Life, Machine, Process, RUN, Reason, Run, RunId, Standing, Status};
use crate::store::{FoundRuns, Store};

/// Runs of whose ends sessions could not be told, and why.
pub type Untold = Vec<(RunId, Error)>;

/// What was to be settled.
#[derive(Debug, Default)]
pub struct Settled {
    /// What the ledger was found to hold.
    pub found: FoundRuns,
    /// Runs that nobody saw end, which is written down now.
    pub interrupted: Vec<Run>,
    /// Sessions that could not be told how a run ended, and why.
    pub untold: Untold,
}

/// Writes down which runs nobody saw end, and tells sessions of ends that they have not been told.
/// Writes nothing where there is nothing to settle.
///
/// # Errors
///
/// When the ledger is a newer program's, or cannot be written.
pub fn settle(store: &Store, now: Timestamp) -> Result<Settled> {
    let mut settled = write_down(store, now)?;
    let Some(ledger) = store.runs()? else {
        return Ok(settled);
    };
    let here = Machine::this();
    // Whoever watches over a run tells the session itself.
    let untold = ledger.runs.values().filter(|run| {
        let watched = here.life(&run.machine(), &run.supervisor);
        run.status != Status::Running && !run.logged && watched == Life::Gone
    });
    (_, settled.untold) = tell(store, &ledger, untold, now);
    // Whoever looks on need not hear of a branch that is not checked out each time.
    settled
        .untold
        .retain(|(_, error)| error.kind != Kind::NotFound);
    Ok(settled)
}

/// Tells sessions how runs have ended. Returns those whose items that ticked, and those that could not
/// be told, or of which that could not be written down, and why.
pub(super) fn tell<'r>(
    store: &Store,
    ledger: &Ledger,
    runs: impl Iterator<Item = &'r Run>,
    now: Timestamp,
) -> (Vec<RunId>, Untold) {
    let (mut told, mut ticked, mut untold) = (Vec::new(), Vec::new(), Vec::new());
    for run in runs {
        match session::ended(store, run, has_others(ledger, run), now) {
            Ok(tick) => {
                told.push(run.id.clone());
                ticked.extend((tick == Tick::Done).then(|| run.id.clone()));
            }
            Err(error) => untold.push((run.id.clone(), error)),
        }
        store.release(&run.id);
    }
    let marked = mark_told(store, &told);
    let first = told.into_iter().next();
    untold.extend(first.zip(marked.err()));
    (ticked, untold)
}

/// The same for the ledger alone.
///
/// # Errors
///
/// As for [`settle`].
pub fn write_down(store: &Store, now: Timestamp) -> Result<Settled> {
    let is_lost =
        |run: &Run| run.status == Status::Running && standing(run) == Standing::Interrupted;
    let due = match store.runs()? {
        Some(ledger) => {
            !ledger.aside.is_empty()
                || ledger.migrated.is_some()
                || ledger.runs.values().any(is_lost)
        }
        None => false,
    };
    if !due && !store.has_pending_runs() {
        return Ok(Settled::default());
    }
    let (interrupted, found) = store.update_runs(|ledger| {
        let mut interrupted = Vec::new();
        for run in ledger.runs.values_mut().filter(|run| is_lost(run)) {
            find(run);
        }
        for run in ledger.runs.values_mut().filter(|run| is_lost(run)) {
            run.status = Status::Interrupted;
            run.reason = Some(Reason::Lost);
            run.completed_at = Some(now.max(run.started_at));
            interrupted.push(run.clone());
        }
        Ok(interrupted)
    })?;
    Ok(Settled {
        found,
        interrupted,
        untold: Vec::new(),
    })
}

/// Finds the process of a run whose supervisor was killed after it had started that and before it
/// had written down which it is.
fn find(run: &mut Run) {
    if run.pid.is_some() || !run.group || run.machine() != Machine::this() {
        return;
    }
    if let Some(process) = Process::with_variable(RUN, run.id.as_str()) {
        run.pid = Some(process.pid);
        run.process_start_time = Some(process.start_time);
    }
}

/// Writes down that sessions were told.
pub(super) fn mark_told(store: &Store, told: &[RunId]) -> Result<()> {
    if told.is_empty() {
        return Ok(());
    }
    // Told again, a session would see that it has been.
    let marked = store.update_runs(|ledger| {
        for id in told {
            if let Some(run) = ledger.runs.get_mut(id) {
                run.logged = true;
            }
        }
        Ok(())
    });
    marked.map(drop)
}

/// Whether the same agent still runs for the same task of the same session.
pub(super) fn has_others(ledger: &Ledger, run: &Run) -> bool {
    let same = |other: &&Run| {
        (&other.session, &other.agent, &other.task) == (&run.session, &run.agent, &run.task)
    };
    let mut others = ledger.runs.values().filter(same);
    others.any(|other| {
        other.id != run.id && other.status == Status::Running && standing(other).is_running()
    })
}
