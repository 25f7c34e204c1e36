//! Writes down that a run has begun and how it ended, first in the ledger and then in the session.

use std::ffi::OsString;

use chrono::SubsecRound;

use super::run::{Notice, Request};
use super::session::Tick;
use super::settle::{has_others, mark_told};
use super::{ledger, session};
use crate::document::time::Timestamp;
use crate::error::Result;
use crate::runs::{ARGV_LIMIT, Machine, Process, Reason, Run, RunId, Status, Updates};
use crate::store::Store;

/// Writes a run down, as running, and lists its agent in the session.
///
/// # Errors
///
/// As for [`run()`](super::run()).
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
