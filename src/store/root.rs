use std::fs;
use std::path::{Path, PathBuf};

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
        let holds_sessions =
            |dir: &&Path| dir.join(SESSIONS).is_dir() || dir.join(config::FILE).is_file();
        let root = start
            .ancestors()
            .take_while(|dir| dir.starts_with(top))
            .find(holds_sessions)
            .unwrap_or(top)
            .to_owned();
        let sessions = root.join(SESSIONS);
        if let Ok(real) = fs::canonicalize(&sessions)
            && !real.starts_with(&root)
        {
            return Err(Error::usage(format!(
                "the sessions folder is a link out of the project, to {}",
                real.display()
            ))
            .at(&sessions, None)
            .hint("make it a folder, or name it with AGENTSESS_DIR"));
        }
        Ok(Found {
            start,
            root,
            sessions,
            repository,
        })
    }
}
