//! Copies of sessions that a person changes in an editor, for as long as it takes and without the
//! lock.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

use super::lock::{LOCAL, local};
use super::{Store, files};
use crate::error::{Error, Result};

/// How the folder of a draft is named.
const PREFIX: &str = "edit-";

/// What the copy was made of, in that folder.
const BASE: &str = "base";

/// A copy of a session and what it was made of.
#[derive(Debug)]
pub struct Draft {
    /// The copy, under the session's own name.
    pub path: PathBuf,
    /// What it was made of, beside it.
    pub base: PathBuf,
    folder: tempfile::TempDir,
    /// Locked for as long as somebody is at work on the copy.
    _alive: File,
}

impl Store {
    /// Makes a copy of a session in this work tree's own state.
    ///
    /// # Errors
    ///
    /// When git tracks that state, or the operating system refuses.
    pub fn draft(&self, name: &str, bytes: &[u8]) -> Result<Draft> {
        // Taking the lock is what checks that the state is this work tree's own; and a draft without
        // anybody at work on it is a leftover.
        let _lock = self.lock()?;
        self.make_draft(name, bytes)
            .map_err(|error| self.relocate(error))
    }

    fn make_draft(&self, name: &str, bytes: &[u8]) -> Result<Draft> {
        let local = local(&self.sessions)?;
        let folder = tempfile::Builder::new()
            .prefix(PREFIX)
            .tempdir_in(&local)
            .map_err(|error| Error::io("create a folder", &local, &error))?;
        let (path, base) = (folder.path().join(name), folder.path().join(BASE));
        files::create(&path, bytes, Some(0o600))?;
        files::create(&base, bytes, Some(0o600))?;
        let alive = File::open(&base)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|error| Error::io("lock the file", &base, &error))?;
        Ok(Draft {
            path,
            base,
            folder,
            _alive: alive,
        })
    }

    /// The folders of drafts that nobody is at work on any more, each with the copy in it if that is
    /// another text than it was made of.
    pub fn abandoned_drafts(&self) -> Vec<(PathBuf, Option<PathBuf>)> {
        let local = self.sessions.join(LOCAL);
        let entries = fs::read_dir(local).into_iter().flatten().flatten();
        let drafts = entries.filter(|entry| {
            let name = entry.file_name();
            let is_draft = name.as_encoded_bytes().starts_with(PREFIX.as_bytes());
            let base = File::open(entry.path().join(BASE));
            let busy = base.map(|base| base.try_lock_shared());
            is_draft && !matches!(busy, Ok(Err(TryLockError::WouldBlock)))
        });
        let drafts = drafts.map(|entry| {
            let folder = entry.path();
            let base = files::read(&folder.join(BASE)).ok();
            let files = fs::read_dir(&folder).into_iter().flatten().flatten();
            let mut files = files.map(|file| file.path());
            let changed = files.find(|file| {
                super::is_session_name(&file.file_name().unwrap_or_default().to_string_lossy())
                    && files::read(file).ok() != base
            });
            (folder, changed)
        });
        drafts.collect()
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
