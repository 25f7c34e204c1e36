//! The one write that takes in a file from elsewhere.

use std::path::{Path, PathBuf};

use super::trash::{Became, Entry, is_same, mode_of};
use super::{Lock, Store, Trashed, files};
use crate::document::sha256;
use crate::document::time::{Timestamp, format_rfc3339};
use crate::error::{Error, Kind, Result};

impl Store {
    /// Puts `new` in the place of the file `original`, which has the bytes `old`: under the first
    /// of the `names` that is free or already holds `new`, as after a run that was cut short.
    /// Then `old` goes to the trash, and the original is removed last, only if it still has these
    /// bytes: killed in between, both are there. Where the name is its own, it is replaced
    /// atomically.
    ///
    /// # Errors
    ///
    /// When the original has changed or the operating system refuses. The original is still there
    /// then.
    pub fn take_in(
        &self,
        lock: &Lock,
        original: &Path,
        old: &[u8],
        names: impl Iterator<Item = String>,
        new: &[u8],
        now: Timestamp,
    ) -> Result<(String, Trashed)> {
        lock.guards(&self.sessions)?;
        let changed = || {
            Error::new(
                Kind::Unmet,
                "the file was changed while it was being adopted",
            )
            .at(original, None)
            .hint("run the command again")
        };
        if files::read(original)? != old {
            return Err(changed());
        }
        let mode = mode_of(original);
        let origin = self.origin(original);
        let name = original.file_name().unwrap_or_default().to_string_lossy();
        let trash = |became: &str| {
            let entry = Entry {
                schema_version: 1,
                name: name.clone().into_owned(),
                origin: origin.clone(),
                removed_at: format_rfc3339(now),
                mode,
                sha256: sha256(old),
                notes: Vec::new(),
                became: Some(Became {
                    name: became.to_owned(),
                    sha256: sha256(new),
                }),
            };
            self.put_entry(&entry, old, now)
        };
        for candidate in names {
            let path = self.path(&candidate);
            if is_same(&path, original) {
                let trashed = trash(&candidate)?;
                if files::replace(original, old, new)? {
                    return Ok((candidate, trashed));
                }
                return Err(changed());
            }
            match files::create(&path, new, Some(mode & 0o777)) {
                // Made by a run that did not live to remove the original, or another file.
                Err(error) if error.kind == Kind::Ambiguous => {
                    let differs = files::read(&path).is_ok_and(|bytes| bytes != new);
                    if differs || self.is_of_another(&candidate, origin.as_deref()) {
                        continue;
                    }
                }
                outcome => outcome?,
            }
            let trashed = match trash(&candidate) {
                Ok(trashed) => trashed,
                Err(error) => {
                    // Without a copy nothing has happened.
                    files::remove(&path, new)?;
                    return Err(error);
                }
            };
            if files::remove(original, old)? {
                return Ok((candidate, trashed));
            }
            return Err(changed());
        }
        Err(Error::usage("a thousand sessions have this name").at(original, None))
    }

    /// Where a file is, relative to the root.
    fn origin(&self, path: &Path) -> Option<String> {
        let (root, path) = (self.root.canonicalize().ok()?, path.canonicalize().ok()?);
        path.strip_prefix(root).ok()?.to_str().map(str::to_owned)
    }

    /// Whether a session was made of another file than the one at `origin`, of the same bytes.
    fn is_of_another(&self, name: &str, origin: Option<&str>) -> bool {
        self.trashed().iter().any(|trashed| {
            let became = trashed.entry.became.as_ref();
            became.is_some_and(|became| became.name == name)
                && trashed.entry.origin.as_deref() != origin
        })
    }

    /// A file that the user named, with the links on its way resolved.
    ///
    /// # Errors
    ///
    /// When it is a link itself, does not exist, or is not in the project.
    pub fn within(&self, path: &Path) -> Result<PathBuf> {
        let full = self.shown_from.join(path);
        if files::is_link(&full) {
            return Err(files::refuse_link(path));
        }
        let real = full.canonicalize().map_err(|error| {
            let mut failed = Error::io("read the file", path, &error);
            if error.kind() == std::io::ErrorKind::NotFound {
                failed = Error::new(Kind::NotFound, "no such file or folder").at(path, None);
            }
            failed
        })?;
        let inside = [&self.root, &self.sessions]
            .into_iter()
            .any(|root| root.canonicalize().is_ok_and(|root| real.starts_with(root)));
        if inside {
            return Ok(real);
        }
        Err(Error::usage("this path is not in the project")
            .at(path, None)
            .hint("copy it into the project, then run the command again"))
    }
}
