use std::fmt;
use std::path::{Path, PathBuf};

use crate::shell;

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file, as the user knows it.
    pub path: PathBuf,
    /// One-based line and column, where they are known.
    pub position: Option<(usize, usize)>,
}

/// What kind of failure this is, for callers that decide on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Wrong arguments, a wrong configuration, or a session that cannot be edited.
    Usage,
    /// The operating system refused.
    Io,
    /// No session, or no such session.
    NotFound,
    /// More than one session fits.
    Ambiguous,
    /// A gate that is not met.
    Unmet,
}

/// What every operation fails with: what is wrong, where, and what to do next.
#[derive(Debug, Clone)]
pub struct Error {
    /// The kind.
    pub kind: Kind,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
    /// What it is about, one per line: candidates, unmet conditions.
    pub details: Vec<String>,
    /// The root of the work tree in which it can be done, where that is another one, as the user
    /// would write it.
    pub elsewhere: Option<PathBuf>,
    /// One thing to do about it, a command that can be run where there is one.
    pub hint: Option<String>,
    /// The operating system's number for it, for those who try again.
    pub errno: Option<i32>,
}

/// The result of an operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            location: None,
            details: Vec::new(),
            elsewhere: None,
            hint: None,
            errno: None,
        }
    }

    /// Wrong arguments, configuration or content.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A failed system call on `path`: `doing` completes "cannot …".
    pub fn io(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        let cause = error.to_string();
        // The number means nothing to most, and the text before it says the same.
        let cause = cause.split(" (os error").next().unwrap_or(&cause);
        let hint = match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Some("free some space, then run the command again".to_owned())
            }
            // How to be allowed to write is no help then.
            std::io::ErrorKind::PermissionDenied if doing.starts_with("read ") => None,
            std::io::ErrorKind::PermissionDenied => {
                let folder = path.parent().unwrap_or(path).display().to_string();
                let chmod = format!("chmod u+w {}", shell::word(&folder));
                Some(format!("`{chmod}` if it is yours; {}", sandboxed(path)))
            }
            std::io::ErrorKind::ReadOnlyFilesystem => Some(sandboxed(path)),
            _ => None,
        };
        let mut result = Self::new(Kind::Io, format!("cannot {doing}: {cause}")).at(path, None);
        result.hint = hint;
        result.errno = error.raw_os_error();
        result
    }

    /// The same error with its place.
    #[must_use]
    pub fn at(mut self, path: &Path, position: Option<(usize, usize)>) -> Self {
        self.location = Some(Location {
            path: path.to_owned(),
            position,
        });
        self
    }

    /// The same error with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The exit code: 1 for a gate that is not met, 2 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Unmet => 1,
            Kind::Usage | Kind::Io | Kind::NotFound | Kind::Ambiguous => 2,
        }
    }
}

/// What lets an agent write to `path`.
fn sandboxed(path: &Path) -> String {
    // Whoever may write to a folder may make and replace files in it.
    let agents = path.ancestors().find(|folder| folder.ends_with(".agents"));
    let folder = match agents {
        Some(_) => Path::new(".agents"),
        None => path.parent().unwrap_or(path),
    };
    format!(
        "in an agent's sandbox, name `{}` itself as a writable root",
        folder.display()
    )
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match self.position {
            Some((line, column)) => write!(f, ":{line}:{column}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(location) = &self.location {
            write!(f, "{location}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The one of these names that was probably meant.
pub(crate) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let likeness = |known: &str| strsim::jaro_winkler(name, known);
    known
        .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
        .filter(|known| likeness(known) > 0.8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_not_read_is_not_told_how_to_write() {
        let denied = std::io::ErrorKind::PermissionDenied.into();
        let error = |doing| Error::io(doing, Path::new("a.md"), &denied);
        assert_eq!(error("read the file").hint, None);
        assert!(error("create the file").hint.unwrap().contains("writable"));
    }

    #[test]
    fn who_may_not_write_is_told_where_to() {
        let denied = std::io::ErrorKind::PermissionDenied.into();
        for (path, folder, root) in [
            (
                "/p/.agents/sessions/a.md",
                "u+w /p/.agents/sessions`",
                "`.agents`",
            ),
            ("/p/docs/0001-a.md", "u+w /p/docs`", "`/p/docs`"),
        ] {
            let hint = Error::io("write the file", Path::new(path), &denied)
                .hint
                .unwrap();
            assert!(hint.contains(folder) && hint.contains(root), "{hint}");
        }
    }
}
