//! Documents that sessions start from, and the copies that are kept of them.

use std::path::{Path, PathBuf};

use super::lock::{LOCAL, local};
use super::{Lock, Store, files, read};
use crate::error::{Error, Kind, Result};

/// Where the copies are, in this work tree's own state: each under the SHA-256 of its bytes.
const SOURCES: &str = "sources";

impl Store {
    /// Reads a document of the project at a path that the user wrote. Returns the path relative to
    /// the root.
    ///
    /// # Errors
    ///
    /// When it leads out of the project, is a link or no regular file, is too large or unreadable.
    pub fn read_source(&self, path: &Path) -> Result<(PathBuf, Vec<u8>)> {
        let shown = self.shown(&self.absolute(path));
        if files::is_link(&self.absolute(path)) {
            return Err(Error::usage("this is a symbolic link")
                .at(&shown, None)
                .hint("name the file it leads to"));
        }
        let real = self.within(path)?;
        let relative = real.strip_prefix(self.canonical_root());
        let relative = relative.map(Path::to_owned).map_err(|_| {
            Error::usage("this path is not in the project")
                .at(&shown, None)
                .hint("copy it into the project, then run the command again")
        })?;
        let bytes = read(&real).map_err(|error| self.relocate(error))?;
        Ok((relative, bytes))
    }

    /// Keeps a copy of a document under its SHA-256, readable for this user alone.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn keep_source(&self, lock: &Lock, sha256: &str, bytes: &[u8]) -> Result<()> {
        lock.guards(&self.sessions)?;
        let keep = || {
            let folder = local(&self.sessions)?.join(SOURCES);
            files::create_folder(&folder)?;
            let path = folder.join(sha256);
            match files::create(&path, bytes, Some(0o600)) {
                Err(error) if error.kind == Kind::Ambiguous => {
                    let old = files::read(&path)?;
                    if old != bytes {
                        files::replace(&path, &old, bytes)?;
                    }
                    Ok(())
                }
                outcome => outcome,
            }
        };
        keep().map_err(|error| self.relocate(error))
    }

    /// The copy of the document with this SHA-256, if there may be one; nothing else is named so.
    pub fn kept_source(&self, sha256: &str) -> Option<PathBuf> {
        let hex = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        let path = self.sessions.join(LOCAL).join(SOURCES).join(sha256);
        (hex && path.exists()).then_some(path)
    }
}
