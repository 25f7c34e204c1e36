//! What closing does once the gate is met: write, move to the trash, delete.

use super::filing;
use super::ledger::Ledger;
use super::{Closed, Gate, PARENT, Request, Verdict, commit, decisions, lessons, names};
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Planning, Scalar, Source};
use crate::error::{Error, Kind, Result};
use crate::operations::runs::refuse_running;
use crate::operations::{Guard, apply, planning, slug_of, stem_of, updated};
use crate::shell;
use crate::store::{Before, Closing, Lock, Store, Trashed};

/// Writes and files what the gate found to be missing, then moves the session to the trash. The
/// gate must be met and the session be what the gate saw.
///
/// # Errors
///
/// When the gate is not met, another close is at work, something could not be written or filed,
/// the session has changed, git refuses the commit, or the operating system refuses; the session is
/// still there then, or there again, and closing it once more goes on from there.
pub fn close(store: &Store, gate: &Gate, request: &Request, now: Timestamp) -> Result<Closed> {
    if !gate.is_met() {
        return Err(Error::new(Kind::Unmet, "the gate is not met"));
    }
    // One may have begun since the gate was looked at.
    refuse_running(store, &gate.session, request.run.as_deref())?;
    let closing = store.begin_closing()?;
    // What was said about items of the ledger is used up once it is written down there.
    let mut request = request.clone();
    match carry_out(store, &closing, gate, &mut request, now) {
        Ok(closed) => {
            store.remove_ledger(&closing, stem_of(&gate.session));
            Ok(closed)
        }
        Err(error) => {
            let error = with_progress(store, gate, &request, error);
            // What failed first is what has to be said.
            drop(record_failure(store, gate, &error, now));
            Err(error)
        }
    }
}

/// The error with what was done before it, and with the command that goes on from there.
fn with_progress(store: &Store, gate: &Gate, request: &Request, mut error: Error) -> Error {
    let name = gate.session.as_str();
    let ledger = Ledger::load(store, name).unwrap_or_default();
    let filed: Vec<_> = ledger.filed().into_iter().map(|filed| filed.id).collect();
    let filed = match filed.as_slice() {
        [] if gate.plan.filing.is_none() => None,
        [] => Some("none filed".to_owned()),
        filed => Some(format!("{} filed", filed.join(", "))),
    };
    let kept = store.path(name).exists();
    let kept = kept.then(|| "nothing is deleted".to_owned());
    let done: Vec<_> = filed.into_iter().chain(kept).collect();
    if !done.is_empty() {
        error.message = format!("{}; {}", error.message, done.join(", "));
    }
    let written = ledger.written(store).into_iter();
    let written = written.map(|path| store.shown(&store.root.join(path)));
    error
        .details
        .extend(written.map(|path| format!("{} is written", path.display())));
    if error.kind == Kind::NotFound {
        return error.hint(format!("agentsess restore {}", shell::word(stem_of(name))));
    }
    if error.kind == Kind::Unmet && error.hint.is_none() {
        error.hint = Some(gate.command(store, request) + &ledger.answers());
    }
    error
}

/// Notes in the session's record, if it leaves one, what was in the way and what was filed until
/// then.
fn record_failure(store: &Store, gate: &Gate, error: &Error, now: Timestamp) -> Result<()> {
    let lock = store.lock()?;
    let name = gate.session.as_str();
    let source = store.read(name)?;
    let before = Source::new(gate.bytes.clone());
    let tickets = |document: &Document| Planning::of(&document.frontmatter).backlog.tickets;
    let known = tickets(&Document::parse(&before));
    let document = Document::parse(&source);
    let mut filed = tickets(&document);
    filed.retain(|ticket| !known.contains(ticket));
    let message = &error.message;
    planning::record_failed(store, &lock, name, &document, message, &filed, now)?;
    Ok(())
}

fn carry_out(
    store: &Store,
    closing: &Closing,
    gate: &Gate,
    request: &mut Request,
    now: Timestamp,
) -> Result<Closed> {
    let name = gate.session.as_str();
    unchanged(store, name, &gate.bytes)?;
    let mut ledger = filing::told(store, name, request)?;
    ledger.begin(store, &gate.plan, request);
    if !request.filed.is_empty() || !request.refile.is_empty() {
        ledger.save(store, closing, name)?;
        request.filed.clear();
        request.refile.clear();
    }
    let mut before = ledger.before(store, closing, name);
    for record in &gate.plan.records {
        decisions::write(store, record, &mut before)?;
    }
    if let Some(path) = &store.config.close.lessons {
        lessons::write(store, path, &gate.plan.lessons, &mut before)?;
    }
    drop(before);
    let bytes = filing::file(store, closing, gate, &mut ledger, now)?;
    let lock = store.lock()?;
    unchanged(store, name, &bytes)?;
    let vouched = gate
        .checks
        .iter()
        .filter(|check| matches!(check.verdict, Verdict::Confirmed | Verdict::Waived));
    let notes = vouched.map(|check| format!("{}: {}", check.item.id(), check.note));
    let trashed = store.put_in_trash(name, &bytes, notes.collect(), now)?;
    let mut children = Vec::new();
    let mut before = ledger.before(store, closing, name);
    for child in &gate.plan.children {
        let cleared = clear_parent(store, &lock, child, stem_of(name), &mut before, now);
        children.extend(cleared?);
    }
    drop(before);
    let source = Source::new(bytes.clone());
    let document = Document::parse(&source);
    let waived = gate.waived.iter();
    let waived: Vec<_> = waived
        .map(|(item, reason)| (item.id().to_owned(), reason.clone()))
        .collect();
    let record = planning::record_closed(store, &lock, name, &document, &waived, now)?;
    store.remove(&lock, name, &bytes)?;
    store.unbind(name, |it| Some(&it.id) == request.conversation.as_ref());
    // Git runs hooks, and those may write sessions.
    drop(lock);
    let mut closed = Closed {
        session: name.to_owned(),
        slug: slug_of(name).to_owned(),
        filed: ledger.filed(),
        written: ledger.written(store),
        cleared_parents: children.iter().map(|child| child.name.clone()).collect(),
        record: record.map(|path| store.shown(&path)),
        commit: None,
        trash: store.shown(&trashed.path),
        undo: undoing(stem_of(name), &children),
    };
    if request.commit {
        let committed = commit::commit(store, gate, request, &closed);
        closed.commit = committed.map_err(|error| match undo(store, &trashed, &children) {
            Ok(()) => error.hint(gate.command(store, request)),
            Err(mut second) => {
                second.message = format!(
                    "{}, and the session did not come back from the trash: {}",
                    error.message, second.message
                );
                second.details = error.details;
                second.hint(closed.undo.clone())
            }
        })?;
    }
    Ok(closed)
}

/// The command that brings the session back, and makes it the parent of those it was one of.
fn undoing(stem: &str, children: &[Child]) -> String {
    let stem = shell::word(stem);
    let restore = format!("agentsess restore {stem}");
    children.iter().fold(restore, |command, child| {
        let child = shell::word(stem_of(&child.name));
        format!("{command} && agentsess set parent {stem} -s {child}")
    })
}

/// Brings back what a close has removed whose commit was refused.
fn undo(store: &Store, trashed: &Trashed, children: &[Child]) -> Result<()> {
    let lock = store.lock()?;
    store.bring_back(&lock, trashed)?;
    for child in children {
        store.update(&lock, &child.name, |source| {
            // Others may have written it, and it keeps what they wrote.
            let same = source.bytes() == child.after;
            Ok((same.then(|| child.before.clone()), ()))
        })?;
    }
    Ok(())
}

/// A session whose parent was cleared.
struct Child {
    name: String,
    before: Vec<u8>,
    after: Vec<u8>,
}

/// Fails unless the session is there and has these bytes.
pub(super) fn unchanged(store: &Store, name: &str, bytes: &[u8]) -> Result<()> {
    if store.read(name)?.bytes() == bytes {
        return Ok(());
    }
    Err(changed(store, name))
}

/// The session is no longer what its gate saw.
pub(super) fn changed(store: &Store, name: &str) -> Error {
    Error::new(
        Kind::Unmet,
        "the session was changed while it was being closed",
    )
    .at(&store.shown(&store.path(name)), None)
}

fn clear_parent(
    store: &Store,
    lock: &Lock,
    child: &str,
    stem: &str,
    before: Before,
    now: Timestamp,
) -> Result<Option<Child>> {
    store.update(lock, child, |source| {
        let document = Document::parse(source);
        let parent = document.frontmatter.entry(PARENT);
        if !parent.is_some_and(|entry| names(&entry.value, stem)) {
            return Ok((None, None));
        }
        let updated = updated(&document, now);
        let edits = [
            Edit::Remove { path: PARENT },
            Edit::Set {
                path: &["session", "last_updated"],
                value: Scalar::Text(&updated),
            },
        ];
        let after = apply(store, child, &document, &edits, &Guard::default())?;
        if let Ok(path) = store.path(child).strip_prefix(&store.root) {
            before(path, &after)?;
        }
        let cleared = Child {
            name: child.to_owned(),
            before: source.bytes().to_vec(),
            after: after.clone(),
        };
        Ok((Some(after), Some(cleared)))
    })
}
