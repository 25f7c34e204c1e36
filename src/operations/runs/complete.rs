//! Says of runs that their work is done, though nobody saw them do it.

use serde::Serialize;

use super::settle::{Untold, tell};
use super::{meant, outcome, session};
use crate::document::time::Timestamp;
use crate::document::{Document, insert, issue_id};
use crate::error::{Error, Kind, Result};
use crate::runs::{Ledger, Machine, Reason, Run, RunId, Standing, Status};
use crate::store::Store;

/// Of which runs it is said.
#[derive(Debug, Clone, Copy)]
pub enum Which<'w> {
    /// Of those on an item, by its id or text.
    Item(&'w str),
    /// Of those on the items of a wave of a session.
    Wave(&'w str, u32),
    /// Of one, by its id.
    Run(&'w str),
    /// Of all.
    All,
}

/// A run of which it was said.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Completed {
    /// Its id.
    pub id: RunId,
    /// The file name of its session.
    pub session: String,
    /// Who.
    pub agent: String,
    /// Its item.
    pub item: Option<String>,
    /// What it was before: `running` or `interrupted`.
    pub previous: Status,
    /// Whether its process is still there.
    pub alive: bool,
    /// Whether its item was ticked with that.
    pub ticked: bool,
}

/// A run that failed, which nobody's word changes.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Failed {
    /// Its id.
    pub id: RunId,
    /// The file name of its session.
    pub session: String,
    /// Who.
    pub agent: String,
    /// Its item.
    pub item: Option<String>,
    /// How it ended, in words.
    pub outcome: String,
}

/// What came of saying so.
#[derive(Debug)]
pub struct Said {
    /// The runs that are completed with that.
    pub completed: Vec<Completed>,
    /// Those that failed and are still to be done; if one run was named, that one in any case.
    pub failed: Vec<Failed>,
    /// Sessions that could not be told, and why.
    pub untold: Untold,
}

/// Says that runs are completed, as far as they are running or interrupted, and ticks their items;
/// of one session only, if one is given.
///
/// # Errors
///
/// When nothing fits, or the ledger cannot be written.
pub fn complete(
    store: &Store,
    which: Which,
    session: Option<&str>,
    now: Timestamp,
) -> Result<Said> {
    let ledger = store.runs()?.unwrap_or_default();
    let meant = ids(store, &ledger, which, session)?;
    let here = Machine::this();
    let (completed, _) = store.update_runs(|ledger| {
        let mut completed = Vec::new();
        for run in ledger
            .runs
            .values_mut()
            .filter(|run| meant.contains(&run.id))
        {
            let standing = run.standing(&here);
            let previous = match standing {
                Standing::Completed | Standing::Failed | Standing::Lingering => continue,
                Standing::Interrupted => Status::Interrupted,
                _ => Status::Running,
            };
            run.status = Status::Completed;
            run.reason = Some(Reason::ByHand);
            run.completed_at = Some(now.max(run.started_at));
            // How it ends is not known as long as it runs, whatever it was told.
            run.signal = run.signal.filter(|_| !standing.is_running());
            // What the session was told before is no longer so.
            run.logged = false;
            completed.push((run.clone(), previous, standing.is_running()));
        }
        Ok(completed)
    })?;
    let ledger = store.runs()?.unwrap_or_default();
    let (ticked, untold) = tell(store, &ledger, completed.iter().map(|(run, ..)| run), now);
    let is_left = |run: &&Run| {
        let named = matches!(which, Which::Run(_));
        run.status == Status::Failed && (named || is_to_be_done(store, &ledger, run))
    };
    let failed = meant.iter().filter_map(|id| ledger.runs.get(id));
    let failed = failed.filter(is_left).map(|run| Failed {
        id: run.id.clone(),
        session: run.session.clone(),
        agent: run.agent.clone(),
        item: run.item.clone(),
        outcome: outcome(run),
    });
    let failed = failed.collect();
    let completed = completed
        .into_iter()
        .map(|(run, previous, alive)| Completed {
            ticked: ticked.contains(&run.id),
            id: run.id,
            session: run.session,
            agent: run.agent,
            item: run.item,
            previous,
            alive,
        });
    Ok(Said {
        completed: completed.collect(),
        failed,
        untold,
    })
}

/// Whether nobody has done since what a run failed on, or is at it.
fn is_to_be_done(store: &Store, ledger: &Ledger, run: &Run) -> bool {
    let same = |other: &Run| match &run.item {
        Some(_) => (&other.session, &other.item) == (&run.session, &run.item),
        None => {
            (&other.session, &other.agent, &other.task) == (&run.session, &run.agent, &run.task)
        }
    };
    let mut runs = ledger.runs.values().rev();
    let is_last = runs
        .find(|other| same(other))
        .is_some_and(|last| last.id == run.id);
    is_last && store.path(&run.session).is_file() && !session::is_ticked(store, run)
}

fn ids(store: &Store, ledger: &Ledger, which: Which, session: Option<&str>) -> Result<Vec<RunId>> {
    let here = |run: &&Run| session.is_none_or(|session| session == run.session);
    let on = |items: &[String]| {
        let fits = |run: &&Run| {
            let item = run.item.as_deref();
            item.is_some_and(|item| items.iter().any(|wanted| is_on(store, item, wanted)))
        };
        let runs = ledger.runs.values().filter(here).filter(fits);
        runs.map(|run| run.id.clone()).collect::<Vec<_>>()
    };
    let none = |what: String| {
        let error = Error::new(Kind::NotFound, format!("there is no run {what}"));
        error.hint("agentsess runs --all")
    };
    match which {
        Which::All => Ok(ledger
            .runs
            .values()
            .filter(here)
            .map(|run| run.id.clone())
            .collect()),
        Which::Run(word) => meant(ledger, word).map(|run| vec![run.id.clone()]),
        Which::Item(item) => {
            let found = on(&[item.to_owned()]);
            if found.is_empty() {
                return Err(none(format!("on the item `{item}`")));
            }
            Ok(found)
        }
        Which::Wave(name, number) => {
            let source = store.read(name)?;
            let document = Document::parse(&source);
            let mut waves = document.waves().filter_map(|(_, wave)| wave.ok());
            let wave = waves.find(|wave| wave.number == number);
            let items = wave.iter().flat_map(|wave| wave.items(&document));
            let items = items.map(|item| insert::line(item.text.of(document.text)));
            let found = on(&items.collect::<Vec<_>>());
            if found.is_empty() {
                return Err(none(format!("on an item of wave {number}")));
            }
            Ok(found)
        }
    }
}

/// Whether an item is the one that is meant: by its id, or by all of its text, or a part of it.
fn is_on(store: &Store, item: &str, wanted: &str) -> bool {
    let id = |text| issue_id(text, |token| store.config.items.is_id(token));
    match (id(item), id(wanted)) {
        (Some(own), _) if own == wanted.trim() => true,
        (Some(own), Some(other)) => own == other,
        _ => item.to_lowercase().contains(&wanted.trim().to_lowercase()),
    }
}
