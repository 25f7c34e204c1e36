//! Which commands this user lets run, by the hash of their content: a file of the user's own, in
//! no repository.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files;
use crate::error::{Error, Kind, Result};

/// The file of trusted commands.
#[derive(Debug, Clone)]
pub struct TrustFile {
    path: PathBuf,
}

/// A command that is trusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// SHA-256 of the content, in hexadecimal.
    pub sha256: String,
    /// What the command is called.
    pub name: String,
    /// The command, as a shell would take it.
    pub command: String,
    /// The project whose configuration may run it.
    pub project: PathBuf,
    /// Since when, RFC 3339.
    pub at: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    schema_version: u32,
    trusted: Vec<Grant>,
}

impl TrustFile {
    /// The file below `state`, the user's folder for state.
    pub fn below(state: &Path) -> Self {
        Self {
            path: state.join("agentsess").join("trust.json"),
        }
    }

    /// Temporary files that a killed process left beside it.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let folder = self.path.parent().map(fs::read_dir);
        let entries = folder.into_iter().flatten().flatten().flatten();
        entries
            .filter(|entry| files::is_leftover(&entry.file_name()))
            .map(|entry| entry.path())
            .collect()
    }

    /// Everything that is trusted; nothing if there is no such file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not what this program writes.
    pub fn grants(&self) -> Result<Vec<Grant>> {
        Ok(self.read()?.1)
    }

    /// Lets `change` revise what is trusted.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or written.
    pub fn revise(&self, mut change: impl FnMut(&mut Vec<Grant>)) -> Result<()> {
        if let Some(folder) = self.path.parent().filter(|folder| !folder.is_dir()) {
            files::create_folder(folder)?;
            fs::set_permissions(folder, Permissions::from_mode(0o700))
                .map_err(|error| Error::io("set the mode of the folder", folder, &error))?;
        }
        for _ in 0..100 {
            let (old, mut trusted) = self.read()?;
            change(&mut trusted);
            let content = Content {
                schema_version: 1,
                trusted,
            };
            let new = serde_json::to_vec_pretty(&content)
                .map_err(|error| Error::io("write the file", &self.path, &error.into()))?;
            let written = match old {
                Some(old) => files::replace(&self.path, &old, &new),
                None => match files::create(&self.path, &new, Some(0o600)) {
                    Err(error) if error.kind == Kind::Ambiguous => Ok(false),
                    created => created.map(|()| true),
                },
            };
            if written? {
                return Ok(());
            }
        }
        Err(Error::new(Kind::Io, "another program keeps rewriting this file").at(&self.path, None))
    }

    fn read(&self) -> Result<(Option<Vec<u8>>, Vec<Grant>)> {
        let bytes = match files::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind == Kind::NotFound => return Ok((None, Vec::new())),
            Err(error) => return Err(error),
        };
        match serde_json::from_slice::<Content>(&bytes) {
            Ok(content) if content.schema_version == 1 => Ok((Some(bytes), content.trusted)),
            _ => Err(Error::usage("this is not a list of trusted commands")
                .at(&self.path, None)
                .hint(format!(
                    "mv {0} {0}.old",
                    crate::shell::word(&self.path.display().to_string())
                ))),
        }
    }
}
