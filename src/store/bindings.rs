//! Which session this work tree uses.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use super::lock::LOCAL;
use super::{Lock, Store, files, is_session_name};
use crate::error::{Error, Result};

/// Holds the file name of the used session, and a line break.
const USED: &str = "used";

impl Store {
    /// The file name of the session that this work tree uses. The session need not be there any
    /// more.
    pub fn used(&self) -> Option<String> {
        let text = String::from_utf8(files::read(&self.used_path()?).ok()?).ok()?;
        let name = text.trim_end_matches('\n');
        (is_session_name(name) && !name.contains(['/', '\n'])).then(|| name.to_owned())
    }

    /// Notes which session this work tree uses from now on, or that it uses none.
    ///
    /// # Errors
    ///
    /// When the operating system refuses; the former one is used then.
    pub fn use_session(&self, lock: &Lock, name: Option<&str>) -> Result<()> {
        lock.guards(&self.sessions)?;
        let Some(path) = self.used_path() else {
            return Ok(());
        };
        let written = match name {
            Some(name) => files::put(&path, format!("{name}\n").as_bytes()),
            None => match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    Err(Error::io("remove the file", &path, &error))
                }
                _ => Ok(()),
            },
        };
        written.map_err(|error| self.relocate(error))
    }

    /// `None` where somebody made a link of the folder.
    fn used_path(&self) -> Option<PathBuf> {
        let local = self.sessions.join(LOCAL);
        (!files::is_link(&local)).then(|| local.join(USED))
    }
}
