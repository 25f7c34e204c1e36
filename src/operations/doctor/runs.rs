//! What is not as it should be about runs.

use std::collections::BTreeMap;

use super::{Problem, Repair};
use crate::document::Document;
use crate::operations::spawned;
use crate::runs::{Ledger, Machine, Run, Standing, Status};
use crate::shell;
use crate::store::Store;

/// Runs that nobody saw end, and what is not where it belongs in their ledger.
pub(super) fn examine(store: &Store) -> Vec<Problem> {
    let ledger = match store.runs() {
        Ok(ledger) => ledger.unwrap_or_default(),
        Err(error) => {
            return vec![error.into()];
        }
    };
    let here = Machine::this();
    let lost = ledger.runs.values().filter(|run| {
        run.status == Status::Running && run.standing(&here) == Standing::Interrupted
    });
    let mut found: Vec<_> = lost
        .map(|run| {
            let path = store.shown(&store.path(&run.session));
            let message = format!("run {} of {} ended, and nobody saw it", run.id, run.agent);
            Problem::repairable("interrupted-run", path, message, Repair::Runs)
        })
        .collect();
    found.extend(untold(store, &ledger));
    let (pending, aside) = store.runs_beside();
    found.extend(pending.into_iter().map(|(path, error)| {
        let message = format!("how runs ended could not be written down: {error}");
        Problem::repairable("pending-run", store.shown(&path), message, Repair::Runs)
    }));
    found.extend(ledger.aside.iter().map(|aside| {
        let path = store.shown(&store.runs_ledger());
        let message = aside.invalid.to_string();
        Problem::repairable("set-aside-run", path, message, Repair::Runs)
    }));
    found.extend(aside.into_iter().map(|path| {
        let path = store.shown(&path);
        let message = "this stood in the ledger of runs and is no record";
        let word = shell::word(&path.to_string_lossy());
        let help = format!("take from it what you need, then rm {word}");
        Problem::new("set-aside-run", path, message, help)
    }));
    found
}

/// Agents that sessions list as at work though their last runs have ended.
fn untold(store: &Store, ledger: &Ledger) -> Vec<Problem> {
    let here = Machine::this();
    let key = |run: &Run| (run.session.clone(), run.agent.clone(), run.task.clone());
    let mut last = BTreeMap::new();
    for run in ledger.runs.values() {
        let is_at_work = run.status == Status::Running || run.standing(&here).is_running();
        let before = last.insert(key(run), (run, is_at_work));
        if let (Some((_, true)), Some((_, now))) = (before, last.get_mut(&key(run))) {
            *now = true;
        }
    }
    let ended = || last.values().filter(|(_, is_at_work)| !is_at_work);
    let lists =
        |document: &Document, run: &Run| spawned::is_at_work(document, &run.agent, &run.task);
    let listed = ended().filter(|(run, _)| {
        let source = store.read(&run.session).ok();
        source.is_some_and(|source| lists(&Document::parse(&source), run))
    });
    let problem = |run: &Run, session: &str| {
        let path = store.shown(&store.path(session));
        let (id, agent, ended) = (&run.id, &run.agent, run.status.as_str());
        let message = format!("it lists {agent} as in_progress, and run {id} is {ended}");
        // One that has another name now is not told any more.
        let help = if run.logged || run.session != session {
            format!("agentsess edit {}", store.selector(session))
        } else {
            "agentsess runs".to_owned()
        };
        Problem::new("untold-run", path, message, help)
    };
    let mut found: Vec<_> = listed.map(|(run, _)| problem(run, &run.session)).collect();
    let away = ended().filter(|(run, _)| !run.logged && !store.path(&run.session).is_file());
    let away: Vec<_> = away.map(|(run, _)| *run).collect();
    let names = store.names().unwrap_or_default().into_iter();
    for name in names.filter(|_| !away.is_empty()) {
        let Ok(source) = store.read(&name) else {
            continue;
        };
        let document = Document::parse(&source);
        let is_own =
            |run: &Run| last.contains_key(&(name.clone(), run.agent.clone(), run.task.clone()));
        let renamed = away
            .iter()
            .filter(|run| !is_own(run) && lists(&document, run));
        found.extend(renamed.map(|run| problem(run, &name)));
    }
    found
}
