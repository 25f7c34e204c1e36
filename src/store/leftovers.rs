use std::fs;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use ignore::overrides::OverrideBuilder;

use super::files::TEMPORARY;
use super::lock::LOCAL;
use super::{Lock, Store, files, trash};
use crate::error::{Error, Result};

impl Store {
    /// What killed writers left behind: temporary files anywhere in the project, unless git ignores
    /// the folder, copies for editors in which nothing was changed, and ledgers of closes whose
    /// session is gone. While no writer is at work, that is, under the lock, all of them are
    /// leftovers.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let local = self.sessions.join(LOCAL);
        let mut folders = vec![self.sessions.clone(), local.clone()];
        folders.extend(subfolders(&self.sessions).filter(|folder| *folder != local));
        folders.extend(subfolders(&local));
        folders.extend(self.shared_trash());
        let mut found: Vec<PathBuf> = folders
            .iter()
            .flat_map(|folder| paths(folder))
            .filter(|path| {
                let name = path.file_name().unwrap_or_default();
                files::is_leftover(name) || trash::is_temporary(&name.to_string_lossy())
            })
            .collect();
        found.extend(self.temporaries());
        found.extend(paths(&self.ledgers()).filter(|ledger| {
            let stem = ledger.file_stem().unwrap_or_default().to_string_lossy();
            !self.path(&format!("{stem}.md")).exists()
        }));
        let drafts = self.abandoned_drafts().into_iter();
        found.extend(drafts.filter_map(|(folder, changed)| changed.is_none().then_some(folder)));
        found.sort();
        found.dedup();
        found
    }

    /// Temporary files outside of the folders that are the tool's own: documents are written
    /// wherever they are.
    fn temporaries(&self) -> impl Iterator<Item = PathBuf> {
        let mut only = OverrideBuilder::new(&self.root);
        // Found even where git ignores files of such names.
        let _ = only.add(&format!("{}*{}", TEMPORARY.0, TEMPORARY.1));
        let walk = only.build().map(|only| {
            WalkBuilder::new(&self.root)
                .hidden(false)
                .require_git(false)
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

fn paths(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path())
}

fn subfolders(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let is_folder = |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|meta| meta.is_dir());
    paths(folder).filter(is_folder)
}
