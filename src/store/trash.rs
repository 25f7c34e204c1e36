//! Where closed sessions go, and the way back.
//!
//! An entry is a folder with the session's bytes and a description. It is written under a
//! temporary name, synced, and then renamed, so that an entry that is there is whole. All work
//! trees of a repository share one trash in git's common folder; where that cannot be written, or
//! without git, it is in the sessions folder's `.local`.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::lock::{LOCAL, local};
use super::{Lock, Store, files};
use crate::document::sha256;
use crate::document::time::{Timestamp, format_compact, format_rfc3339};
use crate::error::{Error, Kind, Result};

const SESSION: &str = "session.md";
const ENTRY: &str = "entry.json";

/// How an entry that is being written is named.
const TEMPORARY: &str = ".entry-";

/// Whether this is the name of an entry that was not finished.
pub(super) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY)
}

/// A session in the trash.
#[derive(Debug, Clone)]
pub struct Trashed {
    /// The folder of the entry.
    pub path: PathBuf,
    /// What is known about it.
    pub entry: Entry,
}

/// The description of a trashed session, as its `entry.json` has it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Version of this format: 1.
    pub schema_version: u32,
    /// The session's file name.
    pub name: String,
    /// Where it was, relative to the root, if that was not the sessions folder as such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// When it was removed, RFC 3339.
    pub removed_at: String,
    /// Its mode bits.
    pub mode: u32,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// Why it could be closed although something was not proven, one line each.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The session that was made of it, where it was not closed but adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Became>,
}

/// What took the place of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Became {
    /// The session's file name.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

impl Store {
    /// Writes a copy of a session into the trash and reads it back.
    ///
    /// # Errors
    ///
    /// When no trash can be written, or what was written does not read back.
    pub fn put_in_trash(
        &self,
        name: &str,
        bytes: &[u8],
        notes: Vec<String>,
        now: Timestamp,
    ) -> Result<Trashed> {
        let entry = Entry {
            schema_version: 1,
            name: name.to_owned(),
            origin: None,
            removed_at: format_rfc3339(now),
            mode: mode_of(&self.path(name)),
            sha256: sha256(bytes),
            notes,
            became: None,
        };
        self.put_entry(&entry, bytes, now)
    }

    pub(super) fn put_entry(&self, entry: &Entry, bytes: &[u8], now: Timestamp) -> Result<Trashed> {
        let shared = self.shared_trash();
        let written = match &shared {
            Some(trash) => put(trash, entry, bytes, now),
            None => Err(Error::new(Kind::Io, "there is no git repository")),
        };
        written
            .or_else(|_| put(&local(&self.sessions)?.join("trash"), entry, bytes, now))
            .map_err(|error| self.relocate(error))
    }

    /// Everything in the trash that this work tree and the others of the repository can reach,
    /// the latest first. Damaged entries are left out.
    pub fn trashed(&self) -> Vec<Trashed> {
        let others = self.other_work_trees();
        let stores = std::iter::once(self).chain(&others);
        let locals = stores.map(|store| store.sessions.join(LOCAL).join("trash"));
        let mut found: Vec<Trashed> = self
            .shared_trash()
            .into_iter()
            .chain(locals)
            .flat_map(|trash| entries(&trash))
            .collect();
        found.sort_by(|a, b| (&b.entry.removed_at, &b.path).cmp(&(&a.entry.removed_at, &a.path)));
        found
    }

    /// Removes an entry for good.
    ///
    /// # Errors
    ///
    /// When the operating system refuses; one that is gone already is no error.
    pub fn forget(&self, trashed: &Trashed) -> Result<()> {
        match discard(&trashed.path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let failed = Error::io("empty the trash", &trashed.path, &error);
                Err(self.relocate(failed))
            }
            _ => Ok(()),
        }
    }

    /// Brings a session back under its own name, and what was adopted to where it was, and removes
    /// the entry from the trash.
    ///
    /// # Errors
    ///
    /// When a file is there again, the copy is damaged, or the operating system refuses.
    pub fn bring_back(&self, lock: &Lock, trashed: &Trashed) -> Result<PathBuf> {
        lock.guards(&self.sessions)?;
        let bytes = trashed.bytes()?;
        let path = self.home(trashed);
        let became = trashed.entry.became.as_ref();
        let in_place = became.is_some_and(|became| is_same(&self.path(&became.name), &path));
        match self.made_of(trashed)? {
            Some(now) if in_place => {
                let replaced = files::replace(&path, &now, &bytes);
                if !replaced.map_err(|error| self.relocate(error))? {
                    return Err(self.relocate(
                        Error::new(Kind::Io, "another program has just rewritten this file")
                            .at(&path, None)
                            .hint("run the command again"),
                    ));
                }
            }
            made => {
                self.folder_within(&path)
                    .map_err(|error| self.relocate(error))?;
                match files::create(&path, &bytes, Some(trashed.entry.mode & 0o777)) {
                    // It is back since a restore that was killed.
                    Err(error) if error.kind == Kind::Ambiguous && self.is_back(trashed) => {}
                    created => created.map_err(|error| self.relocate(error))?,
                }
                if let (Some(made), Some(became)) = (made, became) {
                    files::remove(&self.path(&became.name), &made)
                        .map_err(|error| self.relocate(error))?;
                }
            }
        }
        // The session is back; an entry that stays behind costs nothing but its space.
        let _ = discard(&trashed.path);
        Ok(path)
    }

    /// Whether the file that an entry of the trash is of is there, with the bytes it had.
    pub fn is_back(&self, trashed: &Trashed) -> bool {
        let there = files::read(&self.home(trashed));
        there.is_ok_and(|bytes| sha256(&bytes) == trashed.entry.sha256)
    }

    /// Removes a session that has the bytes `expected` and is in the trash. This work tree no
    /// longer uses it then.
    ///
    /// # Errors
    ///
    /// When it has changed, or the operating system refuses; it is still there then.
    pub fn remove(&self, lock: &Lock, name: &str, expected: &[u8]) -> Result<()> {
        lock.guards(&self.sessions)?;
        let path = self.path(name);
        let removed = files::remove(&path, expected).map_err(|error| self.relocate(error))?;
        if removed {
            if self.used().as_deref() == Some(name) {
                // The session is gone; who uses it is told so, and that is all this would spare.
                let _ = self.use_session(lock, None);
            }
            // Who is still at work on it is told that it is gone.
            self.unbind(name, |conversation| conversation.ended_at.is_some());
            self.disown(name);
            return Ok(());
        }
        Err(Error::new(
            Kind::Unmet,
            "the session was changed while it was being closed",
        )
        .at(&self.shown(&path), None)
        .hint("run the command again"))
    }

    /// Where an entry of the trash was.
    pub fn home(&self, trashed: &Trashed) -> PathBuf {
        match &trashed.entry.origin {
            Some(origin) => self.root.join(origin),
            None => self.path(&trashed.entry.name),
        }
    }

    /// Makes the folder of a file that comes back, should it be gone; never one out of the project.
    fn folder_within(&self, path: &Path) -> Result<()> {
        let folder = path.parent().unwrap_or(path);
        let there = folder.ancestors().find(|folder| folder.exists());
        let real = there.and_then(|folder| folder.canonicalize().ok());
        let inside = [&self.root, &self.sessions].into_iter().any(|root| {
            let root = root.canonicalize().ok();
            root.zip(real.as_ref())
                .is_some_and(|(root, real)| real.starts_with(root))
        });
        if inside {
            return files::create_folder(folder);
        }
        Err(Error::usage("its folder is no longer in the project").at(folder, None))
    }

    /// The bytes of the session that was made of a trashed file, if it still is what was made.
    fn made_of(&self, trashed: &Trashed) -> Result<Option<Vec<u8>>> {
        let Some(became) = &trashed.entry.became else {
            return Ok(None);
        };
        match files::read(&self.path(&became.name)) {
            Ok(bytes) => Ok(Some(bytes).filter(|bytes| sha256(bytes) == became.sha256)),
            Err(error) if error.kind == Kind::NotFound => Ok(None),
            Err(error) => Err(self.relocate(error)),
        }
    }

    pub(super) fn shared_trash(&self) -> Option<PathBuf> {
        let repository = self.repository.as_ref()?;
        Some(repository.common_dir.join("agentsess").join("trash"))
    }
}

impl Trashed {
    /// The session's bytes.
    ///
    /// # Errors
    ///
    /// When the copy cannot be read or is damaged.
    pub fn bytes(&self) -> Result<Vec<u8>> {
        let copy = self.path.join(SESSION);
        let bytes = files::read(&copy)?;
        if sha256(&bytes) == self.entry.sha256 {
            return Ok(bytes);
        }
        Err(Error::new(Kind::Io, "the copy in the trash is damaged")
            .at(&copy, None)
            .hint("compare it with the last commit that had the session"))
    }
}

/// Whether two paths lead to the same file.
pub(super) fn is_same(a: &Path, b: &Path) -> bool {
    a == b
        || a.canonicalize()
            .is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

pub(super) fn mode_of(path: &Path) -> u32 {
    fs::symlink_metadata(path).map_or(0o644, |meta| meta.mode() & 0o7777)
}

/// Removes an entry, first from what counts as one: killed on the way it is a leftover, and not half
/// an entry.
fn discard(entry: &Path) -> io::Result<()> {
    let name = entry.file_name().unwrap_or_default().to_string_lossy();
    let aside = entry.with_file_name(format!("{TEMPORARY}{name}"));
    // Of an entry that had the same name, and whose removal was cut short.
    let _ = fs::remove_dir_all(&aside);
    fs::rename(entry, &aside)?;
    fs::remove_dir_all(&aside)
}

fn put(trash: &Path, entry: &Entry, bytes: &[u8], now: Timestamp) -> Result<Trashed> {
    files::create_folder(trash)?;
    let failed = |error: &std::io::Error| Error::io("write to the trash", trash, error);
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(trash)
        .map_err(|error| failed(&error))?;
    let held = fs::File::open(temporary.path()).map_err(|error| failed(&error))?;
    let _ = held.try_lock();
    let json = serde_json::to_vec_pretty(entry).map_err(|error| failed(&error.into()))?;
    files::create(&temporary.path().join(ENTRY), &json, Some(0o600))?;
    let copy = temporary.path().join(SESSION);
    files::create(&copy, bytes, Some(0o600))?;
    if files::read(&copy)? != bytes {
        return Err(Error::new(Kind::Io, "the copy does not read back").at(&copy, None));
    }
    let stem = entry.name.strip_suffix(".md").unwrap_or(&entry.name);
    let stamp = format_compact(now);
    for attempt in 1..1000 {
        let suffix = if attempt == 1 {
            String::new()
        } else {
            format!("-{attempt}")
        };
        let path = trash.join(format!("{stem}.{stamp}{suffix}"));
        // A folder is never renamed over one that has something in it.
        match fs::rename(temporary.path(), &path) {
            Ok(()) => {
                // It is no longer under its temporary name, so nothing is left to be removed.
                let _ = temporary.keep();
                files::sync_folder(trash)?;
                return Ok(Trashed {
                    path,
                    entry: entry.clone(),
                });
            }
            Err(_) if path.exists() => {}
            Err(error) => return Err(failed(&error)),
        }
    }
    Err(Error::new(Kind::Io, "the trash has a thousand copies of this").at(trash, None))
}

fn entries(trash: &Path) -> Vec<Trashed> {
    let folders = fs::read_dir(trash).into_iter().flatten().flatten();
    folders
        .filter(|folder| !folder.file_name().as_encoded_bytes().starts_with(b"."))
        .filter_map(|folder| {
            let path = folder.path();
            let entry: Entry =
                serde_json::from_slice(&files::read(&path.join(ENTRY)).ok()?).ok()?;
            let plain = Path::new(&entry.name).file_name()? == entry.name.as_str();
            let made = entry.became.as_ref().is_none_or(|became| {
                Path::new(&became.name).file_name() == Some(became.name.as_ref())
                    && super::is_session_name(&became.name)
            });
            let within = entry.origin.as_ref().is_none_or(|origin| {
                let origin = Path::new(origin);
                let down = |part| matches!(part, Component::Normal(_));
                origin.components().all(down) && origin.file_name() == Some(entry.name.as_ref())
            });
            (entry.schema_version == 1
                && within
                && plain
                && made
                && super::is_session_name(&entry.name))
            .then_some(Trashed { path, entry })
        })
        .collect()
}
