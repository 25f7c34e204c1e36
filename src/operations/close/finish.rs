//! What closing does once the gate is met: write, move to the trash, delete.

use super::{Closed, Gate, PARENT, Verdict, decisions, lessons, names};
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Scalar};
use crate::error::{Error, Kind, Result};
use crate::operations::{Guard, apply, slug_of, stem_of, updated};
use crate::store::{Lock, Store};

/// Writes what the gate found to be missing and moves the session to the trash. The gate must be met and the session be what the gate saw.
///
/// # Errors
///
/// When the gate is not met, the session has changed, or the operating system refuses; the session
/// is still there then.
pub fn close(store: &Store, gate: &Gate, now: Timestamp) -> Result<Closed> {
    let name = gate.session.as_str();
    if !gate.is_met() {
        return Err(Error::new(Kind::Unmet, "the gate is not met"));
    }
    let mut written = decisions::write(store, &gate.plan.records)?;
    if let Some(path) = store.config.close.lessons.as_ref()
        && lessons::write(store, path, &gate.plan.lessons)?
    {
        written.push(path.clone());
    }
    let lock = store.lock()?;
    if store.read(name)?.bytes() != gate.bytes {
        return Err(Error::new(
            Kind::Unmet,
            "the session changed while its gate was checked",
        )
        .at(&store.shown(&store.path(name)), None)
        .hint("run the command again"));
    }
    let vouched = gate
        .checks
        .iter()
        .filter(|check| matches!(check.verdict, Verdict::Confirmed | Verdict::Waived));
    let notes = vouched.map(|check| format!("{}: {}", check.item.id(), check.note));
    let trashed = store.put_in_trash(name, &gate.bytes, notes.collect(), now)?;
    let mut cleared_parents = Vec::new();
    for child in &gate.plan.children {
        if clear_parent(store, &lock, child, stem_of(name), now)? {
            cleared_parents.push(child.clone());
        }
    }
    store.remove(&lock, name, &gate.bytes)?;
    Ok(Closed {
        session: name.to_owned(),
        slug: slug_of(name).to_owned(),
        written,
        cleared_parents,
        trash: store.shown(&trashed.path),
        undo: format!("agentsess restore {}", stem_of(name)),
    })
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
