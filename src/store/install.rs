//! Files in which other programs look for this one.

use std::fs;
use std::path::{Path, PathBuf};

use super::{SESSIONS, Store, files};
use crate::error::{Error, Kind, Result};

/// A file as it was read and as it is to be; `None` where it is not there.
#[derive(Debug)]
pub struct FileState<'f> {
    /// The full path.
    pub path: &'f Path,
    /// What was read.
    pub old: Option<&'f [u8]>,
    /// What is to be.
    pub new: Option<&'f [u8]>,
    /// Whether a new file can be run.
    pub executable: bool,
}

impl Store {
    /// Whether [`Self::install`] will be let do it, as far as that can be said before.
    ///
    /// # Errors
    ///
    /// As it would have.
    pub fn can_install(&self, file: &FileState) -> Result<()> {
        let can = || {
            if let (Some(_), Some(_), Ok(meta)) = (file.old, file.new, fs::metadata(file.path)) {
                files::refuse_read_only(file.path, &meta)?;
            }
            let mut above = file.path.ancestors().zip(file.path.ancestors().skip(1));
            match above.find(|(_, folder)| folder.is_dir()) {
                Some((entry, folder)) => files::probe(folder, entry),
                None => Ok(()),
            }
        };
        can().map_err(|error| self.relocate(error))
    }

    /// Writes or removes a file, whole or not at all, provided that it still is what it was. With a
    /// file that is removed go the folders that are empty then.
    ///
    /// # Errors
    ///
    /// When it is something else by now, or the operating system refuses.
    pub fn install(&self, file: &FileState) -> Result<()> {
        let path = file.path;
        let written = match (file.old, file.new) {
            (None, None) => Ok(true),
            (None, Some(new)) => {
                let folder = path.parent().unwrap_or(&self.root);
                let mode = file.executable.then_some(0o755);
                let created =
                    files::create_folder(folder).and_then(|()| files::create(path, new, mode));
                match created {
                    Err(error) if error.kind == Kind::Ambiguous => Ok(false),
                    created => created.map(|()| true),
                }
            }
            (Some(old), Some(new)) => files::replace(path, old, new),
            (Some(old), None) => {
                let removed = files::remove(path, old);
                if matches!(removed, Ok(true)) {
                    self.remove_empty_folders(path);
                }
                removed
            }
        };
        match written {
            Ok(true) => Ok(()),
            Ok(false) => Err(Error::new(
                Kind::Io,
                "another program has changed this file meanwhile",
            )
            .at(&self.shown(path), None)
            .hint("agentsess init")),
            Err(error) => Err(self.relocate(error)),
        }
    }

    /// The folders above a file that was removed, as far as they are empty; only those of the
    /// project.
    fn remove_empty_folders(&self, path: &Path) {
        let git = self.repository.as_ref().map(|git| &git.common_dir);
        let above = path.ancestors().skip(1);
        let above = above.take_while(|folder| {
            folder.starts_with(&self.root)
                && *folder != self.root
                && !git.is_some_and(|git| folder.starts_with(git))
        });
        for folder in above {
            // One that holds something else stays.
            if fs::remove_dir(folder).is_err() {
                break;
            }
            if let Some(parent) = folder.parent() {
                let _ = files::sync_folder(parent);
            }
        }
    }

    /// The file in which git is told what to leave alone here, as a path, and the pattern for the
    /// sessions.
    pub fn exclude_file(&self) -> Option<(String, String)> {
        let (path, repository) = (self.exclude_path()?, self.repository.as_ref()?);
        let root = self.root.strip_prefix(&repository.top).ok()?;
        let sessions = root.join(SESSIONS);
        let mut pattern = String::from("/");
        for c in sessions.to_str()?.chars() {
            // What has a meaning in a pattern.
            if "\\*?[ ".contains(c) {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        Some((path.to_str()?.to_owned(), pattern + "/"))
    }

    fn exclude_path(&self) -> Option<PathBuf> {
        let repository = self.repository.as_ref()?;
        Some(repository.common_dir.join("info/exclude"))
    }

    /// What it holds; nothing if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn read_exclude(&self) -> Result<Option<Vec<u8>>> {
        let Some(path) = self.exclude_path() else {
            return Ok(None);
        };
        match files::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(self.relocate(error)),
        }
    }
}

impl Store {
    /// What keeps this program from writing sessions here, if anything does, as a sandbox would.
    pub fn cannot_write(&self) -> Option<Error> {
        if !self.sessions.is_dir() {
            return None;
        }
        let probe = files::probe(&self.sessions, &self.sessions.join(".local"));
        probe.err().map(|error| self.relocate(error))
    }
}
