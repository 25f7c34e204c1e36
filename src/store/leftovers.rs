use std::fs;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;

use super::files::TEMPORARY;
use super::lock::LOCAL;
use super::{Lock, Store, files, trash};
use crate::document::time::Timestamp;
use crate::error::{Error, Result};

impl Store {
    /// Temporary files that killed writers left: those that no living program has locked, in every
    /// folder that this program writes to by itself and, with git, in the whole project, where
    /// `lint --fix`, `close` or `restore` may have been at work. Copies for an editor that nobody
    /// changed are among them once they are a day old, and ledgers of closes whose session is gone.
    pub fn leftovers(&self, now: Timestamp) -> Vec<PathBuf> {
        let local = self.sessions.join(LOCAL);
        let mut folders = vec![self.sessions.clone(), local.clone()];
        folders.extend(subfolders(&self.sessions).filter(|folder| *folder != local));
        folders.extend(subfolders(&local));
        folders.extend(self.shared_trash());
        folders.extend(self.records_folder());
        // What closing writes to.
        let close = &self.config.close;
        folders.push(self.root.join(&close.decisions));
        folders.extend(close.lessons.as_ref().and_then(|lessons| {
            let lessons = self.root.join(lessons);
            lessons.parent().map(Path::to_owned)
        }));
        let mut found: Vec<PathBuf> = leftovers_in(&folders).collect();
        // Without git the root may be all that somebody has.
        if self.repository.is_some() {
            found.extend(self.temporaries().filter(|path| files::is_abandoned(path)));
        }
        found.extend(self.abandoned_drafts(now));
        found.extend(paths(&self.ledgers()).filter(|ledger| {
            let stem = ledger.file_stem().unwrap_or_default().to_string_lossy();
            !self.path(&format!("{stem}.md")).exists()
        }));
        found.sort();
        found.dedup();
        found
    }

    /// Temporary files anywhere in the project, except in folders that git ignores.
    fn temporaries(&self) -> impl Iterator<Item = PathBuf> {
        let mut only = OverrideBuilder::new(&self.root);
        // Found even where git ignores files of such names.
        let _ = only.add(&format!("{}*{}", TEMPORARY.0, TEMPORARY.1));
        let walk = only.build().map(|only| {
            WalkBuilder::new(&self.root)
                .hidden(false)
                .overrides(only)
                .filter_entry(|entry| entry.file_name() != ".git")
                .build()
        });
        let entries = walk.into_iter().flatten().flatten();
        let files = entries.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
        files.map(ignore::DirEntry::into_path)
    }

    /// Removes a leftover.
    ///
    /// # Errors
    ///
    /// When the operating system refuses; one that is gone already is no error.
    pub fn remove_leftover(&self, lock: &Lock, path: &Path) -> Result<()> {
        lock.guards(&self.sessions)?;
        let is_folder = fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
        let removed = if is_folder {
            fs::remove_dir_all(path)
        } else {
            fs::remove_file(path)
        };
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(self.relocate(Error::io("remove the leftover", path, &error)))
            }
            _ => Ok(()),
        }
    }
}

/// The leftovers at the top of folders.
pub(super) fn leftovers_in(folders: &[PathBuf]) -> impl Iterator<Item = PathBuf> {
    let paths = folders.iter().flat_map(|folder| paths(folder));
    paths.filter(|path| {
        let name = path.file_name().unwrap_or_default();
        let is_temporary = files::is_leftover(name) || trash::is_temporary(&name.to_string_lossy());
        is_temporary && files::is_abandoned(path)
    })
}

/// What a folder has; nothing if it cannot be read.
pub(super) fn paths(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

pub(super) fn subfolders(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let is_folder = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
    paths(folder).filter(is_folder)
}
