//! What is checked: the files that arguments mean, and where their content comes from.
//!
//! A file is *named* when it is an argument itself, and *found* when it is in a folder, matches a
//! glob or is staged. Excludes are about what is found, and about what is named only if asked for.

mod glob;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use ignore::gitignore::Gitignore;

pub(crate) use self::glob::Glob;
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::git::{Blob, Entry, Repository, Staged};
use crate::store::{self, FILE_LIMIT, SESSIONS, Store};

/// What was asked for.
#[derive(Debug, Default, Clone, Copy)]
pub struct Request<'r> {
    /// Files, folders and globs as the user wrote them, or `-`.
    pub paths: &'r [PathBuf],
    /// Take what is staged in git instead of what is on disk.
    pub staged: bool,
    /// Where standard input would stand if it were a file.
    pub stdin_filename: Option<&'r Path>,
    /// Patterns of what is left out, besides the configured ones and relative to the root, too.
    pub exclude: &'r [String],
    /// Whether that holds for named files, too.
    pub force_exclude: bool,
}

/// The files to check.
#[derive(Debug)]
pub struct Inputs {
    /// Their absolute paths, sorted. The empty path is standard input of unknown name.
    pub paths: Vec<PathBuf>,
    /// Whether they are all that their folders have on disk.
    pub whole: bool,
    /// Why there may be none though something was asked for.
    reason: Option<&'static str>,
    origin: Origin,
}

#[derive(Debug)]
enum Origin {
    Disk,
    StandardInput,
    Index(HashMap<PathBuf, Entry>),
}

/// The bytes of the files.
#[derive(Debug)]
pub enum Contents {
    /// They are read from disk when they are asked for.
    Disk,
    /// They are known, or why they cannot be. Other files are read from disk, which is what the
    /// checked ones are compared with.
    Known(HashMap<PathBuf, Result<Vec<u8>>>),
}

impl Inputs {
    /// Finds out which files are meant.
    ///
    /// # Errors
    ///
    /// When a path does not exist, a glob matches no session, options contradict each other, a
    /// folder cannot be read, or git fails.
    pub fn resolve(store: &Store, request: Request<'_>) -> Result<Self> {
        let standard_input = request.paths.iter().any(|path| path.as_os_str() == "-");
        let (mut selection, origin) =
            if standard_input || (request.stdin_filename.is_some() && request.paths.is_empty()) {
                (standard_input_of(store, request)?, Origin::StandardInput)
            } else if request.stdin_filename.is_some() {
                return Err(Error::usage("--stdin-filename is for standard input only")
                    .hint("agentsess lint - --stdin-filename PATH < FILE"));
            } else if request.staged {
                staged(store, request.paths)?
            } else {
                (on_disk(store, request)?, Origin::Disk)
            };
        let excludes = Excludes::new(store, request.exclude)?;
        let before = selection.named.len() + selection.found.len();
        selection.found.retain(|path| !excludes.matches(path));
        if request.force_exclude {
            selection.named.retain(|path| !excludes.matches(path));
        }
        let all = selection.named.is_empty() && selection.found.len() == before;
        let whole = all && !selection.in_part && matches!(origin, Origin::Disk);
        let mut paths = selection.found;
        paths.append(&mut selection.named);
        let reason = match origin {
            _ if paths.len() < before => Some("everything is excluded"),
            Origin::Index(_) => Some("no session is staged"),
            Origin::Disk if request.paths.is_empty() => {
                let reason = "there is no sessions folder here";
                (!store.sessions.is_dir()).then_some(reason)
            }
            _ => Some("none of the paths is a session or has one"),
        };
        // By bytes: comparing paths component by component takes longer than reading the folder.
        paths.sort_unstable_by(|a, b| a.as_os_str().cmp(b.as_os_str()));
        paths.dedup();
        Ok(Self {
            paths,
            whole,
            reason,
            origin,
        })
    }

    /// Whether standard input is what is checked.
    pub fn are_standard_input(&self) -> bool {
        matches!(self.origin, Origin::StandardInput)
    }

    /// Why there are none, where that may surprise.
    pub fn nothing(&self) -> Option<&'static str> {
        self.reason.filter(|_| self.paths.is_empty())
    }

    /// Fetches what is not on disk. `standard_input` is called if that is what is checked.
    ///
    /// # Errors
    ///
    /// When standard input cannot be read, or git fails.
    pub fn load(
        &self,
        store: &Store,
        standard_input: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Contents> {
        let known = match &self.origin {
            Origin::Disk => return Ok(Contents::Disk),
            Origin::StandardInput => match self.paths.first() {
                Some(path) => [(path.clone(), Ok(standard_input()?))].into(),
                None => HashMap::new(),
            },
            Origin::Index(entries) => from_index(repository(store)?, &self.paths, entries)?,
        };
        Ok(Contents::Known(known))
    }
}

impl Contents {
    /// The bytes of one file.
    ///
    /// # Errors
    ///
    /// When they cannot be had, as in [`store::read`].
    pub fn read(&self, path: &Path) -> Result<Vec<u8>> {
        match self {
            Self::Disk => store::read(path),
            Self::Known(known) => match known.get(path) {
                Some(bytes) => bytes.clone(),
                None => store::read(path),
            },
        }
    }
}

#[derive(Default)]
struct Selection {
    named: Vec<PathBuf>,
    found: Vec<PathBuf>,
    /// Whether what was found may be a part of a folder.
    in_part: bool,
}

fn standard_input_of(store: &Store, request: Request<'_>) -> Result<Selection> {
    if request.paths.len() > 1 || request.staged {
        return Err(
            Error::usage("`-`, standard input, is checked alone").hint("agentsess lint - < FILE")
        );
    }
    let path = request.stdin_filename.map(|path| store.absolute(path));
    let path = path.filter(|path| may_be_session(path));
    Ok(Selection {
        named: match request.stdin_filename {
            Some(_) => path.into_iter().collect(),
            None => vec![PathBuf::new()],
        },
        ..Selection::default()
    })
}

fn on_disk(store: &Store, request: Request<'_>) -> Result<Selection> {
    let mut selection = Selection::default();
    if request.paths.is_empty() {
        selection.found = store::session_files(&store.sessions)?;
    }
    for argument in request.paths {
        match Meaning::of(store, argument)? {
            Meaning::Folder(folder) => selection.found.extend(store::session_files(&folder)?),
            Meaning::File(path) if may_be_session(&path) => selection.named.push(path),
            Meaning::File(_) => {}
            Meaning::Glob(glob) => {
                selection.in_part = true;
                let before = selection.found.len();
                glob.walk(&mut selection.found);
                if selection.found.len() == before {
                    return Err(Error::new(Kind::NotFound, "no session matches this glob")
                        .at(argument, None)
                        .hint("agentsess lint --show-files"));
                }
            }
            Meaning::Nothing(error) => return Err(error),
        }
    }
    Ok(selection)
}

fn staged(store: &Store, arguments: &[PathBuf]) -> Result<(Selection, Origin)> {
    let repository = repository(store)?;
    let staged = repository.staged()?.into_iter();
    let entries: HashMap<_, _> = staged
        .map(|Staged { path, entry }| (repository.top.join(path), entry))
        .collect();
    let sessions = || entries.keys().filter(|path| is_session(path)).cloned();
    let within = |folder: &Path| {
        let in_it = sessions().filter(|path| path.parent() == Some(folder));
        in_it.collect::<Vec<_>>()
    };
    let mut selection = Selection::default();
    if arguments.is_empty() {
        selection.found.extend(within(&store.sessions));
    }
    for argument in arguments {
        match Meaning::of(store, argument)? {
            Meaning::Folder(folder) => selection.found.extend(within(&folder)),
            Meaning::Glob(glob) => selection
                .found
                .extend(sessions().filter(|path| glob.matches(path))),
            Meaning::File(path) => {
                let staged = may_be_session(&path) && entries.contains_key(&path);
                selection.named.extend(staged.then_some(path));
            }
            // What is staged need not be on disk.
            Meaning::Nothing(error) => {
                let path = store.absolute(argument);
                let below = within(&path);
                if entries.contains_key(&path) {
                    selection.named.push(path);
                } else if below.is_empty() {
                    return Err(error);
                }
                selection.found.extend(below);
            }
        }
    }
    Ok((selection, Origin::Index(entries)))
}

fn repository(store: &Store) -> Result<&Repository> {
    store.repository.as_ref().ok_or_else(|| {
        Error::usage("nothing is staged where there is no git repository").hint("agentsess lint")
    })
}

fn from_index(
    repository: &Repository,
    paths: &[PathBuf],
    entries: &HashMap<PathBuf, Entry>,
) -> Result<HashMap<PathBuf, Result<Vec<u8>>>> {
    let (mut files, mut ids) = (Vec::new(), Vec::new());
    let mut known = HashMap::with_capacity(paths.len());
    for path in paths {
        let refused = match entries.get(path) {
            Some(Entry::File(id)) => {
                files.push(path);
                ids.push(id.as_str());
                continue;
            }
            Some(Entry::Link) => store::refuse_link(path),
            Some(Entry::Submodule) => Error::usage("this is not a regular file").at(path, None),
            Some(Entry::Unmerged) | None => Error::usage("a merge left this file in conflict")
                .at(path, None)
                .hint("git status"),
        };
        known.insert(path.clone(), Err(refused));
    }
    if ids.is_empty() {
        return Ok(known);
    }
    let blobs = repository.blobs(&ids, FILE_LIMIT)?;
    known.extend(files.into_iter().zip(blobs).map(|(path, blob)| {
        let bytes = match blob {
            Blob::Bytes(bytes) => Ok(bytes),
            Blob::TooLarge(size) => Err(store::too_large(path, size)),
            Blob::Missing => Err(Error::usage("git does not have the staged content")
                .at(path, None)
                .hint("git fsck")),
        };
        (path.clone(), bytes)
    }));
    Ok(known)
}

/// Whether a file that was named is checked. What is Markdown and yet no session is left out, as
/// it is in a folder; anything else was named by mistake, which the rule on names says.
fn may_be_session(path: &Path) -> bool {
    path.extension().is_none_or(|end| end != "md") || is_session(path)
}

fn is_session(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| store::is_session_name(&name.to_string_lossy()))
}

/// What an argument is.
enum Meaning {
    File(PathBuf),
    /// A folder that has sessions at its top.
    Folder(PathBuf),
    Glob(Glob),
    Nothing(Error),
}

impl Meaning {
    fn of(store: &Store, argument: &Path) -> Result<Self> {
        let path = store.absolute(argument);
        match std::fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => Ok(Self::Folder(sessions_of(store, path))),
            Ok(_) => Ok(Self::File(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(match Glob::new(store, argument)? {
                    Some(glob) => Self::Glob(glob),
                    None => Self::Nothing(
                        Error::new(Kind::NotFound, "no such file or folder")
                            .at(&path, None)
                            .hint("agentsess lint --show-files"),
                    ),
                })
            }
            Err(error) => Err(Error::io("read the file", &path, &error)),
        }
    }
}

/// The folder with the sessions that a folder means.
fn sessions_of(store: &Store, folder: PathBuf) -> PathBuf {
    let top = store.repository.as_ref().map(|repository| &repository.top);
    // The Markdown files at the top of a repository are no sessions, even if there are none.
    if folder == store.root && (Some(&folder) == top || store.sessions.is_dir()) {
        return store.sessions.clone();
    }
    let inner = [folder.join(SESSIONS), folder.join("sessions")];
    let named_agents = folder.ends_with(".agents");
    let mut inner = inner.into_iter().take(if named_agents { 2 } else { 1 });
    inner.find(|inner| inner.is_dir()).unwrap_or(folder)
}

/// What is left out.
struct Excludes(Gitignore);

impl Excludes {
    fn new(store: &Store, given: &[String]) -> Result<Self> {
        let all = [store.config.lint.exclude.as_slice(), given].concat();
        let globs = config::excluded(&store.root, &all);
        globs.map(Self).map_err(|error| {
            Error::usage(format!("--exclude: {error}")).hint("agentsess help lint")
        })
    }

    fn matches(&self, path: &Path) -> bool {
        let Self(globs) = self;
        // A folder that is left out takes along what is in it.
        let out = |path: &Path| globs.matched_path_or_any_parents(path, false).is_ignore();
        !globs.is_empty() && path.strip_prefix(globs.path()).is_ok_and(out)
    }
}
