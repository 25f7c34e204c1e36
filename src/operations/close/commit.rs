//! `--commit`: one commit of exactly what closing changes.
//!
//! The session is deleted before git is asked, because only what the work tree lacks can be
//! committed as deleted; a commit that git or a hook refuses brings it back. What was written and
//! filed before stays, and the next close commits it with the rest.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::filing::Filing;
use super::gate::Plan;
use super::ledger::Ledger;
use super::{Closed, Gate, Request, Subject, Verdict};
use crate::document::{Document, Source, insert};
use crate::error::{Error, Kind, Result};
use crate::git::Repository;
use crate::operations::stem_of;
use crate::store::Store;

/// Fails where the commit would take along what others changed in the same files.
pub(super) fn prepare(subject: &Subject, request: &Request, plan: &Plan) -> Result<()> {
    let Subject { store, name, .. } = *subject;
    let Some(repository) = &store.repository else {
        let mut rest = request.clone();
        rest.commit = false;
        return Err(
            Error::usage("`--commit` needs a git repository, and there is none")
                .hint(rest.command(store, name)),
        );
    };
    let ledger = Ledger::load(store, name)?;
    let mut paths = mixed(store, &ledger, plan)?;
    let ours = ledger.ours(store);
    let children = plan.children.iter().map(|child| store.path(child));
    paths.extend(changed(
        repository,
        children.filter(|child| !ours.contains(child)),
    )?);
    if paths.is_empty() {
        return Ok(());
    }
    let mut error = Error::new(
        Kind::Unmet,
        "closing would change these files, whose other changes a commit would take along",
    );
    let paths = paths.iter().map(|path| store.shown(path));
    error.details = paths.map(|path| path.display().to_string()).collect();
    Err(error.hint("git status --short"))
}

/// Those of [`amended`] that have changes of others.
pub(super) fn mixed(store: &Store, ledger: &Ledger, plan: &Plan) -> Result<Vec<PathBuf>> {
    let Some(repository) = &store.repository else {
        return Ok(Vec::new());
    };
    let ours = ledger.ours(store);
    let documents = amended(store, plan).into_iter();
    changed(repository, documents.filter(|path| !ours.contains(path)))
}

/// The full paths of the documents that closing is going to add to.
pub(super) fn amended(store: &Store, plan: &Plan) -> Vec<PathBuf> {
    let lessons = store.config.close.lessons.as_deref();
    let lessons = lessons.filter(|_| !plan.lessons.is_empty());
    let backlog = plan.filing.as_ref().and_then(Filing::document);
    let documents = lessons.into_iter().chain(backlog);
    documents.map(|path| store.root.join(path)).collect()
}

/// Those of these paths that have changes which are not committed.
fn changed(repository: &Repository, paths: impl Iterator<Item = PathBuf>) -> Result<Vec<PathBuf>> {
    let changed = match within(repository, paths).as_slice() {
        [] => Vec::new(),
        within => repository.changed(within)?,
    };
    let full = changed.iter().map(|path| repository.top.join(path));
    Ok(full.collect())
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
    let documents = Ledger::load(store, &gate.session)?.ours(store);
    let children = closed.cleared_parents.iter().map(|child| store.path(child));
    let record = closed.record.iter().map(|path| store.absolute(path));
    let session = [store.path(&gate.session)];
    let own = documents
        .into_iter()
        .chain(children)
        .chain(record)
        .chain(session);
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
    let confirmed = gate.checks.iter();
    let confirmed = confirmed.filter(|check| check.verdict == Verdict::Confirmed);
    let confirmed: Vec<_> = confirmed.map(|check| check.item.id()).collect();
    if !confirmed.is_empty() {
        let _ = writeln!(
            message,
            "Confirmed-by: {} ({})",
            line(&request.by),
            confirmed.join(", ")
        );
    }
    for (item, reason) in &gate.waived {
        let _ = writeln!(message, "Waived: {}={}", item.id(), line(reason));
    }
    for filed in &closed.filed {
        let _ = writeln!(message, "Filed: {}", filed.id);
    }
    message
}
