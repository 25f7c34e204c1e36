use std::fs;
use std::path::{Path, PathBuf};

use log::debug;

use super::{Store, session_files};
use crate::config;
use crate::error::{Error, Result};
use crate::git::Repository;

/// The sessions folder, relative to the root.
pub const SESSIONS: &str = ".agents/sessions";

/// Where to look for sessions.
#[derive(Debug, Clone, Default)]
pub struct Place {
    /// `-C`: act as if started here; by default the current directory.
    pub directory: Option<PathBuf>,
    /// `AGENTSESS_DIR`: the sessions folder itself.
    pub sessions: Option<PathBuf>,
    /// Whether a folder that was named so may be missing, because it is made then.
    pub make: bool,
    /// Where the settings are.
    pub settings: SettingsFile,
}

/// The configuration to go by.
#[derive(Debug, Clone, Default)]
pub enum SettingsFile {
    /// The repository's own, if it has one.
    #[default]
    Found,
    /// This one.
    Named(PathBuf),
    /// None.
    None,
}

pub(super) struct Found {
    pub start: PathBuf,
    pub root: PathBuf,
    pub sessions: PathBuf,
    pub repository: Option<Repository>,
}

impl Place {
    /// The root is the nearest folder from the start upwards, not above the top of the git work
    /// tree, that has sessions or a configuration; else that top. Without git it is the start, so
    /// that a folder in somebody's home directory is never taken for a project's.
    pub(super) fn find(&self) -> Result<Found> {
        let start = self.directory.as_deref().unwrap_or(Path::new("."));
        let start = fs::canonicalize(start)
            .map_err(|error| Error::io("enter the directory", start, &error))?;
        if !start.is_dir() {
            return Err(Error::usage("this is not a directory").at(&start, None));
        }
        let repository = Repository::discover(&start);
        let top = repository.as_ref().map_or(&start, |r| &r.top);
        if let Some(sessions) = &self.sessions {
            debug!("the sessions folder was named: {}", sessions.display());
            let sessions = start.join(sessions);
            let sessions = fs::canonicalize(&sessions).unwrap_or(sessions);
            let root = sessions
                .ancestors()
                .find(|root| root.join(SESSIONS) == sessions)
                .unwrap_or(if sessions.starts_with(top) {
                    top
                } else {
                    &sessions
                })
                .to_owned();
            return Ok(Found {
                repository: Repository::discover(&root),
                start,
                root,
                sessions,
            });
        }
        let why = |dir: &Path| match repository {
            _ if dir.join(SESSIONS).is_dir() => Some("it is the nearest that has sessions"),
            _ if dir.join(config::FILE).is_file() => Some("it is the nearest with a configuration"),
            Some(_) if dir == top => Some("it is the top of the git work tree"),
            None => Some("there is no git repository"),
            Some(_) => None,
        };
        let mut above = start.ancestors().take_while(|dir| dir.starts_with(top));
        let (root, why) = above
            .find_map(|dir| Some((dir, why(dir)?)))
            .unwrap_or((top, ""));
        let root = root.to_owned();
        debug!("the root is {}: {why}", root.display());
        let sessions = root.join(SESSIONS);
        if let Ok(real) = fs::canonicalize(&sessions)
            && !real.starts_with(&root)
        {
            return Err(leads_out(&sessions, &real));
        }
        Ok(Found {
            start,
            root,
            sessions,
            repository,
        })
    }
}

/// The error for a sessions folder that is really somewhere else.
pub(super) fn leads_out(sessions: &Path, real: &Path) -> Error {
    Error::usage(format!(
        "the sessions folder is a link out of the project, to {}",
        real.display()
    ))
    .at(sessions, None)
    .hint("make it a folder, or name it with AGENTSESS_DIR")
}

impl Store {
    /// Where sessions are in the nearest folder above, as seen from here, if there is no git and
    /// therefore nobody looks for them there. `home` and what lies above it is nobody's project.
    pub fn sessions_above(&self, home: Option<&Path>) -> Option<PathBuf> {
        if self.repository.is_some() || self.sessions.is_dir() {
            return None;
        }
        let home = home.and_then(|home| fs::canonicalize(home).ok());
        let is_project = |dir: &&Path| {
            dir.parent().is_some() && !home.as_ref().is_some_and(|home| home.starts_with(dir))
        };
        let has_sessions = |dir: &&Path| {
            let files = session_files(&dir.join(SESSIONS));
            files.is_ok_and(|files| !files.is_empty())
        };
        let mut above = self.root.ancestors().skip(1).take_while(is_project);
        let above = above.find(has_sessions)?;
        let down = self.root.strip_prefix(above).ok()?;
        Some(down.iter().map(|_| "..").collect())
    }
}
