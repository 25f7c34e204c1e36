//! `--commit`: one commit of exactly what closing changes.
//!
//! The session is deleted before git is asked, because only what the work tree lacks can be
//! committed as deleted; a commit that git or a hook refuses brings it back. What was written and
//! filed before stays, and the next close commits it with the rest.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::filing::Filing;
use super::gate::Plan;
use super::ledger::Ledger;
use super::{Closed, Gate, Request, Verdict};
use crate::document::{Document, Source, insert};
use crate::error::{Error, Kind, Result};
use crate::git::Repository;
use crate::operations::stem_of;
use crate::store::Store;

/// Fails where the commit would take along what others changed in the same files.
pub(super) fn prepare(store: &Store, name: &str, plan: &Plan) -> Result<()> {
    let Some(repository) = &store.repository else {
        return Err(
            Error::usage("`--commit` needs a git repository, and there is none")
                .hint("agentsess help close"),
        );
    };
    let ours = Ledger::load(store, name)?.written(store);
    let mut paths: Vec<PathBuf> = Vec::new();
    if !plan.lessons.is_empty() {
        paths.extend(store.config.close.lessons.clone());
    }
    let backlog = plan.filing.as_ref().and_then(Filing::document);
    paths.extend(backlog.map(Path::to_owned));
    paths.retain(|path| !ours.contains(path));
    let full = paths.iter().map(|path| store.root.join(path));
    let children = plan.children.iter().map(|child| store.path(child));
    let within = within(repository, full.chain(children));
    let changed = match within.as_slice() {
        [] => Vec::new(),
        within => repository.changed(within)?,
    };
    if changed.is_empty() {
        return Ok(());
    }
    let mut error = Error::new(
        Kind::Unmet,
        "closing would change these files, whose other changes a commit would take along",
    );
    error.details = changed
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Err(error.hint("git status --short"))
}

/// The paths relative to the top, those outside of it left out.
fn within(repository: &Repository, paths: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let within = paths.filter_map(|path| Some(path.strip_prefix(&repository.top).ok()?.to_owned()));
    within.collect()
}

/// Commits what closing has changed.
pub(super) fn commit(
    store: &Store,
    gate: &Gate,
    request: &Request,
    closed: &Closed,
) -> Result<Option<String>> {
    let Some(repository) = &store.repository else {
        return Ok(None);
    };
    let mut documents = closed.written.clone();
    documents.extend(Ledger::load(store, &gate.session)?.written(store));
    documents.sort();
    documents.dedup();
    let documents = documents.iter().map(|path| store.root.join(path));
    let children = closed.cleared_parents.iter().map(|child| store.path(child));
    let record = closed.record.iter().map(|path| store.absolute(path));
    let session = [store.path(&gate.session)];
    let own = documents.chain(children).chain(record).chain(session);
    let paths = within(repository, own);
    repository.commit(&paths, &message(gate, request, closed))
}

fn message(gate: &Gate, request: &Request, closed: &Closed) -> String {
    let source = Source::new(gate.bytes.clone());
    let document = Document::parse(&source);
    let line = |text: &str| -> String {
        let text = insert::line(text);
        text.chars().filter(|c| !c.is_control()).collect()
    };
    let title = document.frontmatter.title().unwrap_or(&closed.slug);
    let mut message = format!("Close session: {}\n\n", line(title));
    let _ = writeln!(message, "Closed-session: {}", stem_of(&gate.session));
    let with = |verdict| {
        gate.checks
            .iter()
            .filter(move |check| check.verdict == verdict)
    };
    let confirmed: Vec<_> = with(Verdict::Confirmed)
        .map(|check| check.item.id())
        .collect();
    if !confirmed.is_empty() {
        let _ = writeln!(
            message,
            "Confirmed-by: {} ({})",
            line(&request.by),
            confirmed.join(", ")
        );
    }
    for check in with(Verdict::Waived) {
        let reason = check.note.strip_prefix("waived: ").unwrap_or(&check.note);
        let _ = writeln!(message, "Waived: {}={}", check.item.id(), line(reason));
    }
    for filed in &closed.filed {
        let _ = writeln!(message, "Filed: {}", filed.id);
    }
    message
}
