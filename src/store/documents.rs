//! The project's own documents, which an operation reads or adds to: below the root, never through
//! a link that leads out of it, and each as whole as a session is.

use std::fs;
use std::path::{Component, Path, PathBuf};

use super::{Before, Change, Store, files};
use crate::error::{Error, Kind, Result};

impl Store {
    /// The full path of a document, given relative to the root. It need not exist.
    ///
    /// # Errors
    ///
    /// When it leads out of the project, by itself or through a link.
    pub fn document(&self, path: &Path) -> Result<PathBuf> {
        let full = self.root.join(path);
        let mut parts = path.components();
        let plain = parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let existing = full
            .ancestors()
            .skip(1)
            .find_map(|at| at.canonicalize().ok());
        if !plain || !existing.is_some_and(|folder| folder.starts_with(&self.root)) {
            return Err(Error::usage("this path leads out of the project").at(path, None));
        }
        if files::is_link(&full) {
            return Err(
                Error::usage("this is a symbolic link; name the file it leads to")
                    .at(&self.shown(&full), None),
            );
        }
        Ok(full)
    }

    /// What a document holds; nothing if there is none.
    ///
    /// # Errors
    ///
    /// As for [`Store::document`], and when it cannot be read.
    pub fn read_document(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        let full = self.document(path)?;
        match files::read(&full) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(self.relocate(error)),
        }
    }

    /// Makes a document, its folder included, and never in place of another one: a taken name is
    /// an error of kind [`Kind::Ambiguous`].
    ///
    /// # Errors
    ///
    /// As for [`Store::document`], and when the name is taken or the operating system refuses.
    pub fn create_document(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        let full = self.document(path)?;
        let folder = full.parent().unwrap_or(&self.root);
        files::create_folder(folder)
            .and_then(|()| files::create(&full, bytes, None))
            .map_err(|error| self.relocate(error))
    }

    /// Lets `change` compute a document's new bytes from those it has, if any (or `None` for no
    /// change), and writes them. `change` is called again if another program writes in between.
    ///
    /// # Errors
    ///
    /// As for [`Store::document`], when `change` fails, or when the operating system refuses;
    /// nothing is changed then.
    pub fn amend_document<T>(
        &self,
        path: &Path,
        before: Before,
        mut change: impl FnMut(Option<&[u8]>) -> Result<Change<T>>,
    ) -> Result<T> {
        let full = self.document(path)?;
        for _ in 0..100 {
            let old = self.read_document(path)?;
            let (new, outcome) = change(old.as_deref())?;
            let Some(new) = new else {
                return Ok(outcome);
            };
            before(path, &new)?;
            let written = match &old {
                Some(old) => files::replace(&full, old, &new),
                None => match self.create_document(path, &new) {
                    Err(error) if error.kind == Kind::Ambiguous => Ok(false),
                    created => created.map(|()| true),
                },
            };
            if written.map_err(|error| self.relocate(error))? {
                return Ok(outcome);
            }
        }
        Err(
            Error::new(Kind::Io, "another program keeps rewriting this file")
                .at(&self.shown(&full), None)
                .hint("close it there, then run the command again"),
        )
    }

    /// The names of the files in a folder of documents; none if there is no such folder.
    pub(super) fn documents_in(&self, folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(folder)).into_iter().flatten();
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }
}
