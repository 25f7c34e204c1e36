//! Which sessions were begun or taken over here, as opposed to those that came with a branch.

use std::collections::BTreeSet;
use std::fs;

use super::leftovers::paths;
use super::lock::{LOCAL, local};
use super::{Store, files};
use crate::error::{Kind, Result};

/// Has an empty file for each of them, named as the session is.
const FOLDER: &str = "own";

impl Store {
    /// Notes that a session is begun or taken over here.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn own(&self, name: &str) -> Result<()> {
        let note = || {
            let folder = local(&self.sessions)?.join(FOLDER);
            let path = folder.join(name);
            if path.exists() {
                return Ok(());
            }
            files::create_folder(&folder)?;
            match files::create(&path, b"", Some(0o600)) {
                Err(error) if error.kind == Kind::Ambiguous => Ok(()),
                outcome => outcome,
            }
        };
        note().map_err(|error| self.relocate(error))
    }

    /// Forgets that about a session that is gone.
    pub(super) fn disown(&self, name: &str) {
        let local = self.sessions.join(LOCAL);
        if !files::is_link(&local) {
            // One that stays is about no session.
            let _ = fs::remove_file(local.join(FOLDER).join(name));
        }
    }

    /// The file names of the sessions that were begun or taken over in this clone. What git tracks
    /// came from somebody else and counts for nothing.
    pub fn owned(&self) -> BTreeSet<String> {
        let others = self.other_work_trees();
        let mut names = BTreeSet::new();
        for store in std::iter::once(self).chain(&others) {
            let local = store.sessions.join(LOCAL);
            let found: Vec<_> = paths(&local.join(FOLDER)).collect();
            let repository = store.repository.as_ref();
            let foreign = || repository.is_some_and(|it| it.tracks_below(&local));
            if found.is_empty() || files::is_link(&local) || foreign() {
                continue;
            }
            let found = found.iter().filter_map(|path| path.file_name());
            names.extend(found.map(|name| name.to_string_lossy().into_owned()));
        }
        names
    }
}
