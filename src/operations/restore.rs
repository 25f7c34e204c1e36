//! Brings closed sessions back.

use std::path::{Path, PathBuf};

use super::{slug_of, stem_of};
use crate::error::{Error, Kind, Result};
use crate::shell;
use crate::store::{Store, Trashed};

/// A session that was brought back.
#[derive(Debug)]
pub struct Restored {
    /// Its file name.
    pub session: String,
    /// The file.
    pub path: PathBuf,
}

/// Brings back the session whose name or slug is `wanted` or begins with it, or the file that was
/// at the path `wanted` before it was adopted; of several copies of one, the latest.
///
/// # Errors
///
/// When nothing or more than one fits, a file is in its place, or the operating system refuses.
pub fn restore(store: &Store, wanted: &str) -> Result<Restored> {
    let trashed = store.trashed();
    let bare = stem_of(wanted);
    let place = store.absolute(Path::new(wanted));
    let names = |entry: &Trashed| {
        let name = entry.entry.name.clone();
        (stem_of(&name).to_owned(), slug_of(&name).to_owned())
    };
    let was_there = |entry: &&Trashed| entry.entry.origin.is_some() && store.home(entry) == place;
    let exact = |entry: &&Trashed| {
        let (stem, slug) = names(entry);
        stem == bare || slug == bare
    };
    let begins = |entry: &&Trashed| {
        let (stem, slug) = names(entry);
        !bare.is_empty() && (stem.starts_with(bare) || slug.starts_with(bare))
    };
    let mut found: Vec<_> = trashed.iter().filter(was_there).collect();
    if found.is_empty() {
        found = trashed.iter().filter(exact).collect();
    }
    if found.is_empty() {
        found = trashed.iter().filter(begins).collect();
    }
    let Some(latest) = found.first() else {
        return Err(Error::new(
            Kind::NotFound,
            format!("nothing in the trash matches `{wanted}`"),
        )
        .hint("agentsess restore"));
    };
    let home = store.home(latest);
    if found.iter().any(|one| store.home(one) != home) {
        let mut error = Error::new(
            Kind::Ambiguous,
            format!("`{wanted}` fits several sessions in the trash"),
        );
        error.details = found.iter().map(|one| call(store, one)).collect();
        error.details.dedup();
        let first = shell::word(&call(store, latest));
        return Err(error.hint(format!("agentsess restore {first}")));
    }
    let lock = store.lock()?;
    let path = store.bring_back(&lock, latest).map_err(|error| {
        match (error.kind, &latest.entry.origin) {
            (Kind::Ambiguous, None) => Error::new(Kind::Ambiguous, "a session of this name exists")
                .at(&store.shown(&home), None)
                .hint(format!("agentsess show -s {}", stem_of(&latest.entry.name))),
            _ => error,
        }
    })?;
    Ok(Restored {
        session: latest.entry.name.clone(),
        path: store.shown(&path),
    })
}

/// What brings this entry of the trash back and no other: the path of a file that was adopted, the
/// name of a session.
pub fn call(store: &Store, trashed: &Trashed) -> String {
    match trashed.entry.origin {
        Some(_) => store.shown(&store.home(trashed)).display().to_string(),
        None => stem_of(&trashed.entry.name).to_owned(),
    }
}
