//! Work that was begun and is not done: open items that no agent was started on, or whose agents
//! failed or were interrupted.

use serde::Serialize;

use super::list::row;
use super::record::bounded;
use crate::document::time::Timestamp;
use crate::document::{Document, insert};
use crate::error::{Error, Kind, Result};
use crate::operations::assignment::{self, Assignment, Background, Scope};
use crate::operations::spawned;
use crate::runs::{Ledger, Machine, Run, Standing};
use crate::store::Store;

/// How far an open item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// No agent was started on it.
    NotStarted,
    /// An agent completed it, and it is open all the same.
    Reopened,
    /// Its last agent failed.
    Failed,
    /// Its last agent was interrupted.
    Interrupted,
    /// An agent runs, or ran elsewhere where nobody can see it.
    Running,
}

impl Progress {
    /// As it is shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotStarted => "not started",
            Self::Reopened => "completed before",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Running => "running",
        }
    }
}

/// An open item, or a task without one, and what became of the last agent that was started on it.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Open {
    /// Its text.
    pub item: String,
    /// The number of its wave.
    pub wave: Option<u32>,
    /// How far it is.
    pub progress: Progress,
    /// The last run.
    pub run: Option<String>,
    /// The agent of that, or the one that the item mentions.
    pub agent: Option<String>,
    /// Whether that agent's conversation is known.
    pub resumable: bool,
    /// How that run ended, in a word or two.
    pub why: Option<String>,
    /// What that agent said last.
    pub summary: Option<String>,
    /// Whether it is an item of the session.
    #[serde(skip)]
    pub is_item: bool,
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) assignment: Assignment,
    #[serde(skip)]
    #[schemars(skip)]
    pub(super) record: Option<Run>,
}

/// The open items of a session, each with its last run, and what agents need to know of it.
///
/// # Errors
///
/// As for [`assignment::open`], and when the ledger is a newer program's.
pub fn open(
    store: &Store,
    name: &str,
    scope: Scope,
    now: Timestamp,
) -> Result<(Vec<Open>, Background)> {
    let (assignments, background) = assignment::open(store, name, scope)?;
    let ledger = store.runs()?.unwrap_or_default();
    let here = Machine::this();
    let open = assignments.into_iter().map(|assignment| {
        let item = bounded(&assignment.item);
        let on = |run: &&Run| run.session == name && run.item.as_ref() == Some(&item);
        let last = ledger.runs.values().rev().find(on).cloned();
        found(store, assignment, last, &here, now, true)
    });
    Ok((open.collect(), background))
}

/// What of a session was begun and is not done: of every wave in which an agent was started all
/// open items, and the items elsewhere and the tasks without an item whose last run failed or was interrupted. With `word`,
/// only what that means: a run, or an item by its id or a part of its text.
///
/// # Errors
///
/// As for [`open`], and when `word` means nothing of it.
pub fn incomplete(
    store: &Store,
    name: &str,
    word: Option<&str>,
    now: Timestamp,
) -> Result<(Vec<Open>, Background)> {
    let (mut all, background) = open(store, name, Scope::All, now)?;
    let ledger = store.runs()?.unwrap_or_default();
    let begun: Vec<_> = all
        .iter()
        .filter(|open| open.record.is_some())
        .map(|open| open.wave)
        .chain(finished(store, name, &ledger)?)
        .collect();
    if word.is_none() {
        let is_left = |open: &Open| open.progress != Progress::Running;
        all.retain(|open| begun.contains(&open.wave) && is_left(open));
    }
    all.extend(outside(store, name, &ledger, &all, now)?);
    all.extend(tasks(store, name, &ledger, now)?);
    if let Some(word) = word {
        let id = ledger.meant(word);
        let meant: Vec<_> = id.iter().map(|run| run.id.to_string()).collect();
        let lower = word.to_lowercase();
        let fits = |open: &Open| {
            let item = open.assignment.id.as_deref() == Some(word);
            let run = open.run.as_ref().is_some_and(|run| meant.contains(run));
            item || run || (meant.is_empty() && open.item.to_lowercase().contains(&lower))
        };
        all.retain(fits);
        if all.is_empty() {
            let slug = store.selector(name);
            let message = format!("nothing that is open in `{slug}` is meant by `{word}`");
            return Err(Error::new(Kind::NotFound, message)
                .hint(format!("agentsess runs fix --dry-run -s {slug}")));
        }
    }
    Ok((all, background))
}

/// The waves that have items which runs have completed.
fn finished(store: &Store, name: &str, ledger: &Ledger) -> Result<Vec<Option<u32>>> {
    let source = store.read(name)?;
    let document = Document::parse(&source);
    let waves: Vec<_> = document.waves().filter_map(|(_, wave)| wave.ok()).collect();
    let has = |item: &str| {
        let item = bounded(item);
        let mut runs = ledger.runs.values();
        runs.any(|run| run.session == name && run.item.as_ref() == Some(&item))
    };
    let begun = waves.iter().filter(|wave| {
        let texts = wave.items(&document);
        let mut texts = texts.map(|item| insert::line(item.text.of(document.text)));
        texts.any(|text| has(&text))
    });
    Ok(begun.map(|wave| Some(wave.number)).collect())
}

/// The open items that stand in no wave and whose last runs failed or were interrupted.
fn outside(
    store: &Store,
    name: &str,
    ledger: &Ledger,
    known: &[Open],
    now: Timestamp,
) -> Result<Vec<Open>> {
    let here = Machine::this();
    let source = store.read(name)?;
    let document = Document::parse(&source);
    let mut open: Vec<Open> = Vec::new();
    for (_, item, ticked) in document.boxes() {
        let text = insert::line(item.text.of(document.text));
        let is_known = |all: &[Open]| {
            let mut all = all.iter();
            all.any(|open| open.item == text || open.assignment.nested.contains(&text))
        };
        if ticked || is_known(known) || is_known(&open) {
            continue;
        }
        let item_text = bounded(&text);
        let on = |run: &&Run| run.session == name && run.item.as_ref() == Some(&item_text);
        let last = ledger.runs.values().rev().find(on);
        let failed = last.filter(|run| {
            matches!(
                run.standing(&here),
                Standing::Failed | Standing::Interrupted
            )
        });
        if let Some(run) = failed {
            let assignment = assignment::of_item(store, &document, item);
            open.push(found(
                store,
                assignment,
                Some(run.clone()),
                &here,
                now,
                true,
            ));
        }
    }
    Ok(open)
}

/// Tasks without an item, each with its last run, if that is not done. One that an item says is
/// done once that is ticked.
fn tasks(store: &Store, name: &str, ledger: &Ledger, now: Timestamp) -> Result<Vec<Open>> {
    let here = Machine::this();
    let source = store.read(name)?;
    let document = Document::parse(&source);
    let mut seen = Vec::new();
    let mut open = Vec::new();
    for run in ledger.runs.values().rev() {
        let key = (&run.agent, &run.task);
        if run.session != name || run.item.is_some() || seen.contains(&key) {
            continue;
        }
        seen.push(key);
        if matches!(
            run.standing(&here),
            Standing::Failed | Standing::Interrupted
        ) && !spawned::is_ticked(&document, &run.task)
        {
            let assignment = Assignment::task(&run.task);
            open.push(found(
                store,
                assignment,
                Some(run.clone()),
                &here,
                now,
                false,
            ));
        }
    }
    open.reverse();
    Ok(open)
}

fn found(
    store: &Store,
    assignment: Assignment,
    last: Option<Run>,
    here: &Machine,
    now: Timestamp,
    is_item: bool,
) -> Open {
    let standing = last.as_ref().map(|run| run.standing(here));
    let progress = match standing {
        None => Progress::NotStarted,
        Some(Standing::Completed) => Progress::Reopened,
        Some(Standing::Failed) => Progress::Failed,
        Some(Standing::Interrupted) => Progress::Interrupted,
        Some(_) => Progress::Running,
    };
    let record = last.filter(|_| progress != Progress::Reopened);
    let row = record.as_ref().map(|run| row(store, run, here, now));
    let agent = record.as_ref().map(|run| run.agent.clone());
    Open {
        item: assignment.item.clone(),
        wave: assignment.wave,
        progress,
        run: record.as_ref().map(|run| run.id.to_string()),
        agent: agent.or_else(|| assignment.agent.clone()),
        resumable: row.as_ref().is_some_and(|row| row.resumable),
        why: row.as_ref().and_then(|row| row.why.clone()),
        summary: row.and_then(|row| row.summary),
        is_item,
        assignment,
        record,
    }
}

/// The items among them whose last agent failed or was interrupted.
pub fn failures(open: &[Open]) -> Vec<Assignment> {
    let failed = open.iter().filter(|open| {
        open.is_item && matches!(open.progress, Progress::Failed | Progress::Interrupted)
    });
    failed.map(|open| open.assignment.clone()).collect()
}
