//! The folder of sessions on disk: where it is, which files are sessions, and the only ways in
//! which they are read, made, replaced and removed.
//!
//! Every write is locked, whole and durable. A writer takes the one lock of the folder, reads the
//! file, computes its new bytes, writes and syncs a temporary file beside it, checks that the file
//! still is what was read, renames, and syncs the folder. Readers take no lock: a rename shows
//! them the old file or the new one. An editor that saves in between is noticed by the check, and
//! the writer starts again from what it saved.

mod adopt;
mod bindings;
mod closing;
mod conversations;
mod decisions;
mod documents;
mod drafts;
mod events;
mod files;
mod hook_log;
mod install;
mod leftovers;
mod lock;
mod owned;
mod records;
mod root;
mod runs;
mod select;
mod sources;
mod templates;
mod trash;
mod trust;

use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use log::debug;
use memchr::memmem;
use walkdir::WalkDir;

pub use closing::Closing;
pub use conversations::Conversation;
pub use decisions::{DecisionRecords, plain};
pub use drafts::{Draft, Stranded};
pub use events::{Event, What};
pub use files::{FILE_LIMIT, is_leftover, read, refuse_link, too_large};
pub use install::FileState;
pub use lock::Lock;
pub use records::Records;
pub use root::{Place, SESSIONS, SettingsFile};
pub use runs::Found as FoundRuns;
pub use select::{Caller, Candidate, Purpose, shared_slugs, short_name};
pub use templates::TEMPLATES;
pub use trash::Trashed;
pub use trust::{Grant, TrustFile};

use crate::config::Config;
use crate::document::{Document, Source, is_in_conflict};
use crate::error::{Error, Kind, Result};
use crate::git::Repository;
use crate::shell;
use lock::{Inside, Tracked};

/// New bytes, if there are any, and what came of making them.
type Change<T> = (Option<Vec<u8>>, T);

/// Called with a path relative to the root and its new bytes, before they are written there.
pub type Before<'b> = &'b mut dyn FnMut(&Path, &[u8]) -> Result<()>;

/// The sessions of one work tree.
#[derive(Debug)]
pub struct Store {
    /// The folder from which paths are shown, that is, where the user is.
    shown_from: PathBuf,
    /// The top of what sessions may talk about and no path leads out of.
    pub root: PathBuf,
    /// The sessions folder; it need not exist.
    pub sessions: PathBuf,
    /// The repository, if there is one.
    pub repository: Option<Repository>,
    /// The settings.
    pub config: Config,
}

impl Store {
    /// Opens the store that `place` leads to.
    ///
    /// # Errors
    ///
    /// When the folder does not exist, the configuration is wrong, or the sessions folder is
    /// outside the root.
    pub fn open(place: &Place) -> Result<Self> {
        let found = place.find()?;
        let mut store = Self {
            config: Config::default(),
            shown_from: found.start,
            root: found.root,
            sessions: found.sessions,
            repository: found.repository,
        };
        if place.sessions.is_some() && !place.make && !store.sessions.exists() {
            let error = Error::new(Kind::NotFound, "there is no such sessions folder");
            let hint = "agentsess new \"What this work is about\"";
            return Err(error.at(&store.shown(&store.sessions), None).hint(hint));
        }
        let config = match &place.settings {
            SettingsFile::Found => Config::load(&store.root),
            SettingsFile::Named(path) => Config::read(&store.absolute(path), &store.root),
            SettingsFile::None => Ok(Config::default()),
        };
        store.config = config.map_err(|error| store.relocate(error))?;
        if store.config.path().is_none() {
            debug!("there is no configuration, or none is wanted");
        }
        for file in store.config.files() {
            debug!("the configuration is from {}", file.display());
        }
        Ok(store)
    }

    /// The stores of the repository's other work trees, as far as they have sessions.
    pub fn other_work_trees(&self) -> Vec<Self> {
        let Some(repository) = &self.repository else {
            return Vec::new();
        };
        let within = |path: &Path| path.strip_prefix(&repository.top).map(Path::to_owned);
        let (Ok(root), Ok(sessions)) = (within(&self.root), within(&self.sessions)) else {
            return Vec::new();
        };
        let others = repository.work_trees().into_iter();
        others
            .filter(|top| *top != repository.top && top.join(&sessions).is_dir())
            .filter_map(|top| {
                Some(Self {
                    shown_from: self.shown_from.clone(),
                    root: top.join(&root),
                    sessions: top.join(&sessions),
                    repository: Some(Repository::discover(&top)?),
                    config: Config::default(),
                })
            })
            .collect()
    }

    /// The file names of all sessions, sorted: every `*.md` at the top of the folder but README.md
    /// and AGENTS.md. A missing folder has none.
    ///
    /// # Errors
    ///
    /// When the folder cannot be read.
    pub fn names(&self) -> Result<Vec<String>> {
        let files = session_files(&self.sessions).map_err(|error| self.relocate(error))?;
        let names = files.iter().filter_map(|path| path.file_name());
        Ok(names
            .map(|name| name.to_string_lossy().into_owned())
            .collect())
    }

    /// The path of a session of this name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.sessions.join(name)
    }

    /// Reads a session.
    ///
    /// # Errors
    ///
    /// When it is missing, a link, not a file, too large or unreadable.
    pub fn read(&self, name: &str) -> Result<Source> {
        let path = self.path(name);
        read(&path)
            .map(Source::new)
            .map_err(|error| self.relocate(error))
    }

    /// Reads the beginning of a session, `limit` bytes or all of it if it has no more.
    ///
    /// # Errors
    ///
    /// As for [`Store::read`].
    pub fn read_start(&self, name: &str, limit: usize) -> Result<Source> {
        files::read_start(&self.path(name), limit)
            .map(Source::new)
            .map_err(|error| self.relocate(error))
    }

    /// A path as the user would write it: relative to where the user is.
    pub fn shown(&self, path: &Path) -> PathBuf {
        relative(path, &self.shown_from)
    }

    /// A path that the user wrote, absolute and without `..`. It need not exist; if it is a link it
    /// stays one.
    pub fn absolute(&self, path: &Path) -> PathBuf {
        let path = self.shown_from.join(path);
        let path = std::path::absolute(&path).unwrap_or(path);
        if memmem::find(path.as_os_str().as_encoded_bytes(), b"/..").is_none() {
            return path;
        }
        let real = match (path.parent(), path.file_name()) {
            (Some(folder), Some(name)) => folder.canonicalize().map(|folder| folder.join(name)),
            _ => path.canonicalize(),
        };
        real.unwrap_or(path)
    }

    /// A path that the user wrote, relative to the root. It need not exist.
    ///
    /// # Errors
    ///
    /// When it leads out of the project.
    pub fn from_root(&self, path: &Path) -> Result<PathBuf> {
        let mut full = PathBuf::new();
        for part in self.shown_from.join(path).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    full.pop();
                }
                part => full.push(part),
            }
        }
        let within = full.strip_prefix(&self.root).map(Path::to_owned);
        within.map_err(|_| {
            Error::usage("this path is not in the project")
                .at(path, None)
                .hint("agentsess help log")
        })
    }

    /// The same error with its path as the user would write it.
    pub fn relocate(&self, mut error: Error) -> Error {
        if let Some(location) = &mut error.location {
            let shown = self.shown(&location.path);
            let folders = location.path.parent().zip(shown.parent());
            if let (Some(hint), Some((folder, shown))) = (&mut error.hint, folders)
                && !shown.as_os_str().is_empty()
            {
                let shown = shown.display().to_string();
                *hint = hint.replace(&folder.display().to_string(), &shown);
            }
            location.path = shown;
        }
        error
    }

    /// Makes a new session from bytes, whole or not at all. A taken name is an error of kind
    /// [`Kind::Ambiguous`].
    ///
    /// # Errors
    ///
    /// When the name is taken or the operating system refuses.
    pub fn create(&self, lock: &Lock, name: &str, bytes: &[u8]) -> Result<()> {
        lock.guards(&self.sessions)?;
        self.refuse_large(&self.path(name), bytes)?;
        files::create(&self.path(name), bytes, None).map_err(|error| self.relocate(error))
    }

    /// What is written must be readable.
    fn refuse_large(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        if bytes.len() as u64 <= FILE_LIMIT {
            return Ok(());
        }
        Err(Error::usage(format!(
            "the session would have {} bytes, more than the {FILE_LIMIT} it may have",
            bytes.len()
        ))
        .at(&self.shown(path), None)
        .hint("agentsess help log"))
    }

    /// Reads a session, lets `change` compute its new bytes (or `None` for no change), and
    /// replaces it. `change` is called again if another program saves the file in between.
    ///
    /// # Errors
    ///
    /// When `change` fails, markers of a merge conflict would be in the file, or the operating
    /// system refuses; nothing is changed then.
    pub fn update<T>(
        &self,
        lock: &Lock,
        name: &str,
        mut change: impl FnMut(&Source) -> Result<Change<T>>,
    ) -> Result<T> {
        lock.guards(&self.sessions)?;
        self.rewrite(&self.path(name), &mut change)
    }

    /// The same for a session wherever it is. It is locked if it lies in a sessions folder; no
    /// other writer of this program works anywhere else.
    ///
    /// # Errors
    ///
    /// As for [`Store::update`].
    pub fn update_at<T>(
        &self,
        path: &Path,
        mut change: impl FnMut(&Source) -> Result<Change<T>>,
    ) -> Result<T> {
        let folder = path.parent().unwrap_or(path);
        let shared = folder == self.sessions || folder.ends_with(SESSIONS);
        let _lock = shared.then(|| self.lock_of(folder)).transpose()?;
        self.rewrite(path, &mut change)
    }

    fn rewrite<T>(
        &self,
        path: &Path,
        change: &mut dyn FnMut(&Source) -> Result<Change<T>>,
    ) -> Result<T> {
        for _ in 0..100 {
            let source = Source::new(read(path).map_err(|error| self.relocate(error))?);
            let changed = change(&source);
            let conflict = || self.conflict_in(path, &Document::parse(&source));
            let (bytes, outcome) = changed.map_err(|error| conflict().unwrap_or(error))?;
            let Some(bytes) = bytes else {
                return Ok(outcome);
            };
            self.refuse_large(path, &bytes)?;
            let new = Source::new(bytes);
            if is_in_conflict(&new) {
                return Err(conflict().unwrap_or_else(|| self.would_conflict(path)));
            }
            let bytes = new.into_bytes();
            let replaced = files::replace(path, source.bytes(), &bytes);
            if replaced.map_err(|error| self.relocate(error))? {
                return Ok(outcome);
            }
        }
        Err(
            Error::new(Kind::Io, "another program keeps rewriting this file")
                .at(&self.shown(path), None)
                .hint("close it there, then run the command again"),
        )
    }

    /// The error for a file in which a merge conflict was left, if there is one. What an entry
    /// between its markers belongs to is decided when it is resolved, so nothing is written before.
    pub fn conflict_in(&self, path: &Path, document: &Document) -> Option<Error> {
        let marker = document.conflict()?;
        let shown = self.shown(path);
        let name = path.file_name().and_then(OsStr::to_str);
        let hint = match name.filter(|_| path.parent() == Some(&self.sessions)) {
            Some(name) => format!("agentsess edit {}", self.selector(name)),
            None => format!("git mergetool -- {}", shell::word(&shown.to_string_lossy())),
        };
        let error = Error::usage("there are markers of a merge conflict");
        let position = document.position(marker.start);
        Some(error.at(&shown, Some(position)).hint(hint))
    }

    /// The error for a text that would look like a merge conflict to everybody.
    fn would_conflict(&self, path: &Path) -> Error {
        let message = "what is to be written has markers of a merge conflict outside of code";
        let error = Error::usage(message).at(&self.shown(path), None);
        error.hint("agentsess rule conflict-marker")
    }

    /// Waits for the lock of the folder, which is made if it is missing.
    ///
    /// # Errors
    ///
    /// When another process holds the lock for too long, or the folder cannot be made.
    pub fn lock(&self) -> Result<Lock> {
        self.lock_of(&self.sessions)
    }

    /// The lock of the folder, unless another process holds it.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or locked.
    pub fn try_lock(&self) -> Result<Option<Lock>> {
        self.acquire(&self.sessions, Lock::try_acquire)
    }

    fn lock_of(&self, sessions: &Path) -> Result<Lock> {
        self.acquire(sessions, |sessions, tracked, inside| {
            Lock::acquire(sessions, self.config.lock_timeout(), tracked, inside)
        })
    }

    fn acquire<T>(
        &self,
        sessions: &Path,
        how: impl FnOnce(&Path, Tracked, Inside) -> Result<T>,
    ) -> Result<T> {
        let tracked = |local: &Path| {
            let repository = self.repository.as_ref();
            repository.is_some_and(|repository| repository.tracks_below(local))
        };
        // Any other folder was named by the user.
        let own = self.root.join(SESSIONS);
        let inside = |sessions: &Path| match sessions.canonicalize() {
            Ok(real) if sessions == own && !real.starts_with(self.canonical_root()) => {
                Err(root::leads_out(sessions, &real))
            }
            _ => Ok(()),
        };
        how(sessions, &tracked, &inside).map_err(|error| self.relocate(error))
    }
}

/// The session files at the top of `folder`, sorted by name.
///
/// # Errors
///
/// When the folder is there and cannot be read.
pub fn session_files(folder: &Path) -> Result<Vec<PathBuf>> {
    if folder.exists() && !folder.is_dir() {
        return Err(Error::usage("this is not a folder").at(folder, None));
    }
    let mut files = Vec::new();
    let entries = WalkDir::new(folder).min_depth(1).max_depth(1).into_iter();
    // Without the filter a folder would be opened, though nothing in it counts.
    for entry in entries.filter_entry(|entry| entry.depth() == 0 || !entry.file_type().is_dir()) {
        match entry {
            Ok(entry) => {
                if is_session_name(&entry.file_name().to_string_lossy()) {
                    files.push(entry.into_path());
                }
            }
            Err(error) => match error.io_error() {
                Some(io) if io.kind() == std::io::ErrorKind::NotFound => {}
                Some(io) => return Err(Error::io("read the folder", folder, io)),
                None => return Err(Error::usage(error.to_string()).at(folder, None)),
            },
        }
    }
    // By bytes: comparing paths component by component takes longer than reading the folder.
    files.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
    Ok(files)
}

/// Whether a file of this name in a sessions folder is a session.
pub fn is_session_name(name: &str) -> bool {
    name.strip_suffix(".md")
        .is_some_and(|stem| !stem.starts_with('.') && !matches!(stem, "" | "README" | "AGENTS"))
}

/// `path` seen from `from`, both absolute.
fn relative(path: &Path, from: &Path) -> PathBuf {
    let common = path
        .components()
        .zip(from.components())
        .take_while(|(a, b)| a == b)
        .count();
    // Only the file system's root in common: an absolute path says more.
    if common < 2 {
        return path.to_owned();
    }
    let up = from.components().skip(common).map(|_| "..");
    let down = path.components().skip(common);
    let relative: PathBuf = up
        .map(PathBuf::from)
        .chain(down.map(|part| PathBuf::from(part.as_os_str())))
        .collect();
    if relative.as_os_str().is_empty() {
        PathBuf::from(".")
    } else if from.starts_with(path) {
        // `../..` tells nobody what it is.
        path.to_owned()
    } else {
        relative
    }
}
