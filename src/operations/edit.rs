//! Lets a person change a session in an editor.
//!
//! The editor gets a copy, because it may stay open for hours and no lock is held that long. What
//! was written to the session meanwhile is merged with what the person made of the copy; where
//! both changed the same lines, both are kept and nothing is decided.

use std::path::Path;

use super::write::closed;
use super::{Guard, Written, updated};
use crate::document::time::Timestamp;
use crate::document::{Document, Edit, Fences, Scalar, Source};
use crate::error::{Error, Kind, Result};
use crate::git;
use crate::shell;
use crate::store::{Draft, Store};

/// A session whose copy is in an editor.
#[derive(Debug)]
pub struct Editing {
    /// The copy.
    pub draft: Draft,
    name: String,
    base: Vec<u8>,
}

/// What became of it.
#[derive(Debug)]
pub struct Edited {
    /// What was written; none if the copy was not changed.
    pub written: Option<Written>,
    /// Whether others wrote meanwhile and their changes are in it too.
    pub merged: bool,
}

/// Makes the copy.
///
/// # Errors
///
/// When the session cannot be read or the copy not be made.
pub fn open(store: &Store, name: &str) -> Result<Editing> {
    let base = store.read(name)?.into_bytes();
    Ok(Editing {
        draft: store.draft(name, &base)?,
        name: name.to_owned(),
        base,
    })
}

/// Keeps what somebody made of the copy although the editor failed; the error says where.
pub fn give_up(store: &Store, editing: Editing, error: Error) -> Error {
    match editing.draft.read() {
        Ok(bytes) if bytes != editing.base => kept(store, editing.draft, error).0,
        _ => error,
    }
}

/// Puts what was made of the copy in the place of the session.
///
/// # Errors
///
/// When nothing is left in the copy, when others changed the same lines, or when the operating
/// system refuses. The copy is kept, unless it is empty, and the error says where.
pub fn save(store: &Store, editing: Editing, now: Timestamp) -> Result<Edited> {
    let Editing { draft, name, base } = editing;
    let bytes = draft.read().map_err(|error| store.relocate(error))?;
    if bytes == base {
        return Ok(Edited {
            written: None,
            merged: false,
        });
    }
    if bytes.trim_ascii().is_empty() {
        return Err(
            Error::usage("nothing was left of the session in the editor; it is unchanged")
                .at(&store.shown(&store.path(&name)), None)
                .hint(format!(
                    "agentsess close {} --dry-run",
                    store.selector(&name)
                )),
        );
    }
    let has_frontmatter = |bytes: &[u8]| {
        let source = Source::new(bytes.to_vec());
        Document::parse(&source).frontmatter.fences == Fences::Closed
    };
    if has_frontmatter(&base) && !has_frontmatter(&bytes) {
        let message = "the frontmatter is gone in the editor; the session is unchanged";
        let error = Error::new(Kind::Unmet, message).at(&store.shown(&store.path(&name)), None);
        let hint = format!("agentsess edit {}", store.selector(&name));
        return Err(kept(store, draft, error).0.hint(hint));
    }
    match put(store, &name, &draft, &base, &bytes, now) {
        Ok(edited) => Ok(edited),
        Err(error) => {
            let error = match error.kind {
                Kind::NotFound => closed(&name),
                _ => error,
            };
            let (mut error, path, base) = kept(store, draft, error);
            if error.kind == Kind::Unmet {
                let session = word(store, &store.path(&name));
                error.hint = Some(format!("git merge-file {session} {base} {path}"));
            }
            Err(error)
        }
    }
}

/// Leaves the copy where it is. Returns the error that says so, the copy, and its base, both as
/// words for a shell.
fn kept(store: &Store, draft: Draft, mut error: Error) -> (Error, String, String) {
    let (path, base) = draft.keep();
    let (path, base) = (word(store, &path), word(store, &base));
    error.details.push(format!("your text is in {path}"));
    (error, path, base)
}

fn word(store: &Store, path: &Path) -> String {
    shell::word(&store.shown(path).display().to_string())
}

fn put(
    store: &Store,
    name: &str,
    draft: &Draft,
    base: &[u8],
    edited: &[u8],
    now: Timestamp,
) -> Result<Edited> {
    // Each round merges with what the session said before it; a writer can come in between.
    for _ in 0..100 {
        let current = store.read(name)?;
        let merged = current.bytes() != base && current.bytes() != edited;
        let bytes = if merged {
            let merged = git::merge_file(&draft.path, &draft.base, current.bytes())?;
            merged.ok_or_else(|| {
                let message = "others changed the same lines meanwhile; the session is unchanged";
                Error::new(Kind::Unmet, message).at(&store.shown(&store.path(name)), None)
            })?
        } else {
            edited.to_vec()
        };
        let after = stamped(bytes, now);
        let lock = store.lock()?;
        let written = store.update(&lock, name, |source| {
            if source.bytes() != current.bytes() {
                return Ok((None, None));
            }
            let documents = (Document::parse(source), Document::parse(&after));
            let guard = Guard::new(true);
            let written = Written::new(name, now, &documents.0, &documents.1, &guard);
            Ok((Some(after.bytes().to_vec()), Some(written)))
        })?;
        if written.is_some() {
            return Ok(Edited { written, merged });
        }
    }
    Err(Error::new(Kind::Io, "others keep writing to this session")
        .at(&store.shown(&store.path(name)), None))
}

/// With the time of the update, as far as the frontmatter still can be edited.
fn stamped(bytes: Vec<u8>, now: Timestamp) -> Source {
    let source = Source::new(bytes);
    let document = Document::parse(&source);
    let updated = updated(&document, now);
    let edit = Edit::Set {
        path: &["session", "last_updated"],
        value: Scalar::Text(&updated),
    };
    match document.apply(&[edit]) {
        Ok(bytes) => Source::new(bytes),
        Err(_) => source,
    }
}
