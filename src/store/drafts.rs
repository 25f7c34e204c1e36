//! Copies of sessions that a person changes in an editor, for as long as it takes and without the
//! lock.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use chrono::TimeDelta;

use super::leftovers::{paths, subfolders};
use super::lock::{LOCAL, local};
use super::{Store, files, is_session_name};
use crate::document::time::Timestamp;
use crate::error::{Error, Result};

/// How the folder of a copy is named, before what makes it unique.
const PREFIX: &str = "edit-";

/// What a copy was made of.
const BASE: &str = "base";

/// How long an editor is believed to be open although the program that started it is gone.
const ABANDONED: TimeDelta = TimeDelta::days(1);

/// A copy of a session and what it was made of.
#[derive(Debug)]
pub struct Draft {
    /// The copy, under the session's own name.
    pub path: PathBuf,
    /// What it was made of, beside it.
    pub base: PathBuf,
    folder: tempfile::TempDir,
    /// Held for as long as this program waits for the editor.
    _held: Option<File>,
}

/// A copy that was in an editor of a program that is gone, with somebody's words in it.
#[derive(Debug)]
pub struct Stranded {
    /// What has the words: the copy, or a file that an editor keeps beside it.
    pub path: PathBuf,
    /// What the copy was made of.
    pub base: PathBuf,
    /// The folder of both.
    pub folder: PathBuf,
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
            .prefix(PREFIX)
            .tempdir_in(&local)
            .map_err(|error| Error::io("create a folder", &local, &error))?;
        let draft = Draft {
            path: folder.path().join(name),
            base: folder.path().join(BASE),
            _held: hold(folder.path()),
            folder,
        };
        files::create(&draft.path, bytes, Some(0o600))?;
        files::create(&draft.base, bytes, Some(0o600))?;
        Ok(draft)
    }

    /// Copies that nobody waits for any more and that say something of their own.
    pub fn stranded(&self) -> Vec<Stranded> {
        let words = |folder: PathBuf| {
            Some(Stranded {
                path: words(&folder)?,
                base: folder.join(BASE),
                folder,
            })
        };
        let mut found: Vec<_> = self.left_drafts().filter_map(words).collect();
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    /// Copies that nobody waits for any more, that say nothing of their own, and in which nothing
    /// was written for a day: an editor may outlive the program that started it.
    pub(super) fn abandoned_drafts(&self, now: Timestamp) -> impl Iterator<Item = PathBuf> + use<> {
        let old = move |folder: &PathBuf| {
            let mut paths = paths(folder).chain([folder.clone()]);
            paths.all(|path| {
                let written = fs::symlink_metadata(path).and_then(|meta| meta.modified());
                written.is_ok_and(|at| now - Timestamp::from(at) > ABANDONED)
            })
        };
        let drafts = self.left_drafts();
        drafts.filter(move |folder| words(folder).is_none() && old(folder))
    }

    fn left_drafts(&self) -> impl Iterator<Item = PathBuf> + use<> {
        subfolders(&self.sessions.join(LOCAL)).filter(|folder| {
            let name = folder.file_name().unwrap_or_default().as_encoded_bytes();
            name.starts_with(PREFIX.as_bytes()) && files::is_abandoned(folder)
        })
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

/// Keeps `doctor` from taking a folder for one that was left; where that cannot be, its age does.
fn hold(folder: &Path) -> Option<File> {
    let folder = File::open(folder).ok()?;
    folder.try_lock().ok()?;
    Some(folder)
}

/// The file in a folder of a copy that may say what nothing else does: the copy, if it is not as
/// it was made, or one that this program did not write.
fn words(folder: &Path) -> Option<PathBuf> {
    let base = folder.join(BASE);
    let mut own: Vec<_> = paths(folder)
        .filter(|path| {
            let name = path.file_name().unwrap_or_default();
            *path != base && !files::is_leftover(name)
        })
        .collect();
    own.sort();
    own.into_iter().find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        // The editor is not started before the base is there.
        let as_made = || !base.exists() || files::read(path).ok() == files::read(&base).ok();
        !is_session_name(&name) || !as_made()
    })
}
