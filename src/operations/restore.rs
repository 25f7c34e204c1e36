//! Brings closed sessions back.

use std::path::PathBuf;

use super::{slug_of, stem_of};
use crate::error::{Error, Kind, Result};
use crate::store::{Store, Trashed};

/// A session that was brought back.
#[derive(Debug)]
pub struct Restored {
    /// Its file name.
    pub session: String,
    /// The file.
    pub path: PathBuf,
}

/// Brings back the session whose name or slug is `wanted` or begins with it; of several copies of
/// one session, the latest.
///
/// # Errors
///
/// When nothing or more than one session fits, a session of that name exists, or the operating
/// system refuses.
pub fn restore(store: &Store, wanted: &str) -> Result<Restored> {
    let trashed = store.trashed();
    let latest = find(&trashed, wanted)?;
    let name = &latest.entry.name;
    let lock = store.lock()?;
    let path = store
        .bring_back(&lock, latest)
        .map_err(|error| match error.kind {
            Kind::Ambiguous => Error::new(Kind::Ambiguous, "a session of this name exists")
                .at(&store.shown(&store.path(name)), None)
                .hint(format!("agentsess show -s {}", stem_of(name))),
            _ => error,
        })?;
    Ok(Restored {
        session: name.clone(),
        path: store.shown(&path),
    })
}

/// The session in the trash that `wanted` means; of several copies of one session, the latest.
pub(super) fn find<'t>(trashed: &'t [Trashed], wanted: &str) -> Result<&'t Trashed> {
    let bare = stem_of(wanted);
    let names = |entry: &Trashed| {
        let name = entry.entry.name.clone();
        (stem_of(&name).to_owned(), slug_of(&name).to_owned())
    };
    let exact = |entry: &&Trashed| {
        let (stem, slug) = names(entry);
        stem == bare || slug == bare
    };
    let begins = |entry: &&Trashed| {
        let (stem, slug) = names(entry);
        !bare.is_empty() && (stem.starts_with(bare) || slug.starts_with(bare))
    };
    let mut found: Vec<_> = trashed.iter().filter(exact).collect();
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
    let name = &latest.entry.name;
    if found.iter().any(|entry| &entry.entry.name != name) {
        let mut error = Error::new(
            Kind::Ambiguous,
            format!("`{wanted}` fits several sessions in the trash"),
        );
        error.details = found.iter().map(|entry| names(entry).0).collect();
        error.details.dedup();
        return Err(error.hint(format!("agentsess restore {}", stem_of(name))));
    }
    Ok(latest)
}
