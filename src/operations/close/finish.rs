//! What closing does once the gate is met: write, move to the trash, delete.

use super::filing::{self, Filing};
use super::{Closed, Gate, PARENT, Request, Verdict, decisions, lessons, names};
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Scalar};
use crate::error::{Error, Kind, Result};
use crate::operations::{Guard, apply, slug_of, stem_of, updated};
use crate::shell;
use crate::store::{Closing, Lock, Store};

/// Writes and files what the gate found to be missing, then moves the session to the trash. The
/// gate must be met and the session be what the gate saw.
///
/// # Errors
///
/// When the gate is not met, another close is at work, something could not be written or filed,
/// the session has changed, or the operating system refuses; the session is still there then, and
/// closing it again goes on from there.
pub fn close(store: &Store, gate: &Gate, request: &Request, now: Timestamp) -> Result<Closed> {
    if !gate.is_met() {
        return Err(Error::new(Kind::Unmet, "the gate is not met"));
    }
    let closing = store.begin_closing()?;
    let closed = carry_out(store, &closing, gate, request, now);
    if closed.is_ok() {
        store.remove_ledger(&closing, stem_of(&gate.session));
    }
    closed
}

fn carry_out(
    store: &Store,
    closing: &Closing,
    gate: &Gate,
    request: &Request,
    now: Timestamp,
) -> Result<Closed> {
    let name = gate.session.as_str();
    unchanged(store, name, &gate.bytes)?;
    let mut written = decisions::write(store, &gate.plan.records)?;
    if let Some(path) = store.config.close.lessons.as_ref()
        && lessons::write(store, path, &gate.plan.lessons)?
    {
        written.push(path.clone());
    }
    let (filed, bytes) = match &gate.plan.filing {
        Some(filing) => filing::file(store, closing, gate, filing, request, now)?,
        None => (Vec::new(), gate.bytes.clone()),
    };
    if let Some(path) = gate.plan.filing.as_ref().and_then(Filing::document) {
        written.push(path.to_owned());
    }
    let lock = store.lock()?;
    unchanged(store, name, &bytes)?;
    let vouched = gate
        .checks
        .iter()
        .filter(|check| matches!(check.verdict, Verdict::Confirmed | Verdict::Waived));
    let notes = vouched.map(|check| format!("{}: {}", check.item.id(), check.note));
    let trashed = store.put_in_trash(name, &bytes, notes.collect(), now)?;
    let mut cleared_parents = Vec::new();
    for child in &gate.plan.children {
        if clear_parent(store, &lock, child, stem_of(name), now)? {
            cleared_parents.push(child.clone());
        }
    }
    store.remove(&lock, name, &bytes)?;
    Ok(Closed {
        session: name.to_owned(),
        slug: slug_of(name).to_owned(),
        filed,
        written,
        cleared_parents,
        trash: store.shown(&trashed.path),
        undo: format!("agentsess restore {}", stem_of(name)),
    })
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
    Error::new(Kind::Unmet, "the session was changed while it was being closed")
        .at(&store.shown(&store.path(name)), None)
        .hint(format!("agentsess close {} --dry-run", shell::word(slug_of(name))))
}

fn clear_parent(
    store: &Store,
    lock: &Lock,
    child: &str,
    stem: &str,
    now: Timestamp,
) -> Result<bool> {
    store.update(lock, child, |source| {
        let document = Document::parse(source);
        let parent = document.frontmatter.entry(PARENT);
        if !parent.is_some_and(|entry| names(&entry.value, stem)) {
            return Ok((None, false));
        }
        let updated = updated(&document, now);
        let edits = [
            Edit::Remove { path: PARENT },
            Edit::Set {
                path: &["session", "last_updated"],
                value: Scalar::Text(&updated),
            },
        ];
        Ok((
            Some(apply(store, child, &document, &edits, &Guard::default())?),
            true,
        ))
    })
}
