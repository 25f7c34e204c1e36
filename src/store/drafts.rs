//! Copies of sessions that a person changes in an editor, for as long as it takes and without the
//! lock.

use std::path::PathBuf;

use super::lock::local;
use super::{Store, files};
use crate::error::{Error, Result};

/// A copy of a session and what it was made of.
#[derive(Debug)]
pub struct Draft {
    /// The copy, under the session's own name.
    pub path: PathBuf,
    /// What it was made of, beside it.
    pub base: PathBuf,
    folder: tempfile::TempDir,
}

impl Store {
    /// Makes a copy of a session in this work tree's own state.
    ///
    /// # Errors
    ///
    /// When git tracks that state, or the operating system refuses.
    pub fn draft(&self, name: &str, bytes: &[u8]) -> Result<Draft> {
        // Taking the lock is what checks that the state is this work tree's own.
        drop(self.lock()?);
        self.make_draft(name, bytes)
            .map_err(|error| self.relocate(error))
    }

    fn make_draft(&self, name: &str, bytes: &[u8]) -> Result<Draft> {
        let local = local(&self.sessions)?;
        let folder = tempfile::Builder::new()
            .prefix("edit-")
            .tempdir_in(&local)
            .map_err(|error| Error::io("create a folder", &local, &error))?;
        let draft = Draft {
            path: folder.path().join(name),
            base: folder.path().join("base"),
            folder,
        };
        files::create(&draft.path, bytes, Some(0o600))?;
        files::create(&draft.base, bytes, Some(0o600))?;
        Ok(draft)
    }
}

impl Draft {
    /// What the copy says now.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or an editor left something other than a file.
    pub fn read(&self) -> Result<Vec<u8>> {
        files::read(&self.path)
    }

    /// Leaves the copy where it is, for somebody to go on with.
    pub fn keep(self) -> (PathBuf, PathBuf) {
        let _ = self.folder.keep();
        (self.path, self.base)
    }
}
