use std::fs;
use std::path::{Path, PathBuf};

use super::lock::LOCAL;
use super::{Lock, Store, files, trash};
use crate::error::{Error, Result};

impl Store {
    /// Temporary files that a killed writer left in the folders it writes to. While no writer is at
    /// work, that is, under the lock, all of them are leftovers.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let local = self.sessions.join(LOCAL);
        let mut folders = vec![self.sessions.clone(), local.clone()];
        folders.extend(subfolders(&self.sessions).filter(|folder| *folder != local));
        folders.extend(subfolders(&local));
        folders.extend(self.shared_trash());
        // What closing writes to.
        let close = &self.config.close;
        folders.push(self.root.join(&close.decisions));
        folders.extend(close.lessons.as_ref().and_then(|lessons| {
            let lessons = self.root.join(lessons);
            lessons.parent().map(Path::to_owned)
        }));
        let mut found: Vec<PathBuf> = folders
            .iter()
            .flat_map(|folder| paths(folder))
            .filter(|path| {
                let name = path.file_name().unwrap_or_default();
                files::is_leftover(name) || trash::is_temporary(&name.to_string_lossy())
            })
            .collect();
        found.sort();
        found.dedup();
        found
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
