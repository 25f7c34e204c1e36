//! The project's own templates, and other documents that a session starts from.

use std::path::{Path, PathBuf};

use super::{Store, files, read, session_files};
use crate::error::{Error, Result};

/// Where the project's templates are, relative to the root.
pub const TEMPLATES: &str = ".agents/templates";

/// Largest template that is read, in bytes.
const TEMPLATE_LIMIT: usize = 256 * 1024;

impl Store {
    /// The files of the project's templates, sorted by name: every `*.md` at the top of their
    /// folder but README.md and AGENTS.md. A missing folder has none.
    ///
    /// # Errors
    ///
    /// When the folder is a link, leads out of the project, or cannot be read.
    pub fn templates(&self) -> Result<Vec<PathBuf>> {
        let folder = self.root.join(TEMPLATES);
        let real = folder.canonicalize().ok();
        let leaves = real.is_some_and(|real| real != self.canonical_root().join(TEMPLATES));
        if files::is_link(&folder) || leaves {
            return Err(
                Error::usage("templates are not read through a symbolic link")
                    .at(&self.shown(&folder), None)
                    .hint("put the folder itself here"),
            );
        }
        session_files(&folder).map_err(|error| self.relocate(error))
    }

    /// The bytes of a template.
    ///
    /// # Errors
    ///
    /// When it is a link, not a regular file, too large or unreadable.
    pub fn read_template(&self, path: &Path) -> Result<Vec<u8>> {
        let shown = self.shown(path);
        if files::is_link(path) {
            return Err(
                Error::usage("this is a symbolic link, which a template must not be")
                    .at(&shown, None)
                    .hint("put the file itself here"),
            );
        }
        let bytes = read(path).map_err(|error| self.relocate(error))?;
        if bytes.len() > TEMPLATE_LIMIT {
            return Err(Error::usage(format!(
                "the template has {} KiB, more than the {} KiB it may have",
                bytes.len() >> 10,
                TEMPLATE_LIMIT >> 10
            ))
            .at(&shown, None)
            .hint("leave to the session what differs from one to the next"));
        }
        Ok(bytes)
    }

    pub(super) fn canonical_root(&self) -> PathBuf {
        let root = self.root.canonicalize();
        root.unwrap_or_else(|_| self.root.clone())
    }
}
