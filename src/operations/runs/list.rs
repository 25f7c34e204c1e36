//! The runs as they stand.

use serde::Serialize;

use super::why;
use crate::document::time::{Timestamp, format_rfc3339};
use crate::error::Result;
use crate::runs::{Machine, Process, Reason, Run, Standing, Status};
use crate::store::Store;

/// Which runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'f> {
    /// Those that run.
    pub running: bool,
    /// Those that failed.
    pub failed: bool,
    /// Those whose conversation could be gone on with.
    pub resumable: bool,
    /// Those of this session.
    pub session: Option<&'f str>,
}

/// One run.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// The file name of its session.
    pub session: String,
    /// Who.
    pub agent: String,
    /// The model, if one was named.
    pub model: Option<String>,
    /// The text of the item it was started on, if it was one.
    pub item: Option<String>,
    /// What it is to do.
    pub task: String,
    /// The program and its arguments.
    pub argv: Vec<String>,
    /// What is known of it now, whatever is written down: `running`, `completed`, `failed` or
    /// `interrupted`.
    pub status: Status,
    /// The same more exactly.
    pub standing: Standing,
    /// The machine it runs on.
    pub host: String,
    /// The number of its process.
    pub pid: Option<u32>,
    /// The start time of its process.
    pub process_start_time: Option<String>,
    /// The number of the process that watches over it.
    pub supervisor: u32,
    /// When it was started, RFC 3339.
    pub started_at: String,
    /// When it ended, RFC 3339; of one that nobody saw end, when that was noticed.
    pub completed_at: Option<String>,
    /// Seconds from its start to its end, or until now; nothing if nobody saw it end here.
    pub duration: Option<i64>,
    /// Its exit code.
    pub exit_code: Option<i32>,
    /// The signal that ended it or with which it was told to end.
    pub signal: Option<i32>,
    /// Why it ended as it did, where exit code and signal do not say it.
    pub reason: Option<Reason>,
    /// The host's id of the conversation.
    pub conversation: Option<String>,
    /// Whether it failed or was interrupted and its conversation is known.
    pub resumable: bool,
    /// The file with what it said, as the user would write it.
    pub log: Option<String>,
    /// What it said last.
    pub summary: Option<String>,
    /// How it ended, in a word or two.
    #[serde(skip)]
    pub why: Option<String>,
}

/// Runs, and how many there are of each kind.
#[derive(Debug, Default, Serialize, schemars::JsonSchema)]
pub struct Listing {
    /// Those that were asked for, the latest first.
    pub runs: Vec<Row>,
    /// How many run, of all.
    pub running: usize,
    /// How many could be resumed, of all.
    pub resumable: usize,
    /// All of them.
    pub total: usize,
}

/// Lists the runs of this work tree.
///
/// # Errors
///
/// When the ledger is a newer program's, or cannot be read.
pub fn list(store: &Store, filter: Filter, now: Timestamp) -> Result<Listing> {
    let Some(ledger) = store.runs()? else {
        return Ok(Listing::default());
    };
    let here = Machine::this();
    let mut listing = Listing::default();
    for run in ledger.runs.values().rev() {
        let row = row(store, run, &here, now);
        listing.total += 1;
        listing.running += usize::from(row.standing.is_running());
        listing.resumable += usize::from(row.resumable);
        let wanted = (!filter.running || row.standing.is_running())
            && (!filter.failed || row.standing == Standing::Failed)
            && (!filter.resumable || row.resumable)
            && filter.session.is_none_or(|session| session == run.session);
        if wanted {
            listing.runs.push(row);
        }
    }
    Ok(listing)
}

/// These runs, as they stand.
pub fn rows<'r>(store: &Store, runs: impl Iterator<Item = &'r Run>, now: Timestamp) -> Vec<Row> {
    let here = Machine::this();
    runs.map(|run| row(store, run, &here, now)).collect()
}

pub(super) fn row(store: &Store, run: &Run, here: &Machine, now: Timestamp) -> Row {
    let standing = run.standing(here);
    let lost = standing == Standing::Interrupted
        && (run.status == Status::Running || run.reason == Some(Reason::Lost));
    let until = run.completed_at.or((!lost).then_some(now));
    let by_hand = run.reason == Some(Reason::ByHand);
    let until = until.filter(|_| !lost && !by_hand && standing != Standing::Unknown);
    let status = match standing {
        Standing::Interrupted => Status::Interrupted,
        _ => run.status,
    };
    let log = run.log.as_ref();
    Row {
        id: run.id.to_string(),
        session: run.session.clone(),
        agent: run.agent.clone(),
        model: run.model.clone(),
        item: run.item.clone(),
        task: run.task.clone(),
        argv: run.argv.clone(),
        status,
        standing,
        host: run.host.clone(),
        pid: run.pid,
        process_start_time: run.process().map(|Process { start_time, .. }| start_time),
        supervisor: run.supervisor.pid,
        started_at: format_rfc3339(run.started_at),
        completed_at: run.completed_at.map(format_rfc3339),
        duration: until.map(|until| (until - run.started_at).num_seconds()),
        exit_code: run.exit_code,
        signal: run.signal,
        reason: if lost { Some(Reason::Lost) } else { run.reason },
        conversation: run.conversation.clone(),
        resumable: run.is_resumable(standing),
        log: log.map(|_| store.shown(&store.run_log(&run.id)).display().to_string()),
        summary: run.summary.clone(),
        why: if lost {
            Some("nobody saw it end".to_owned())
        } else {
            why(run)
        },
    }
}
