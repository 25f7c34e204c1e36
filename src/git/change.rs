//! What git is asked to make: a commit, or one file of two.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Repository, announce};
use crate::error::{Error, Kind, Result};

impl Repository {
    /// Commits these paths, relative to the top, as they are in the work tree and whatever else is
    /// staged, and returns the new commit; `None` where there is nothing to commit. Ignored files
    /// are left out.
    ///
    /// # Errors
    ///
    /// When git cannot be started, or refuses, as a hook may; the index is then as it was.
    pub fn commit(&self, paths: &[PathBuf], message: &str) -> Result<Option<String>> {
        let ask = |what: &[&str], path: &Path| {
            let args = what.iter().map(OsStr::new);
            self.run(args.chain([OsStr::new("--"), path.as_os_str()]))
        };
        let (mut paths_to_commit, mut new) = (Vec::new(), Vec::new());
        for path in paths {
            // Before the first commit there is no head.
            let committed = ask(&["ls-tree", "--name-only", "HEAD"], path).unwrap_or_default();
            let exists = self.top.join(path).exists();
            if committed.is_empty() && !exists {
                continue;
            }
            if exists && ask(&["ls-files"], path)?.is_empty() {
                if ask(&["check-ignore", "--quiet"], path).is_ok() {
                    continue;
                }
                new.push(path.clone());
            }
            paths_to_commit.push(path.clone());
        }
        if paths_to_commit.is_empty() || self.changed(&paths_to_commit)?.is_empty() {
            return Ok(None);
        }
        let with = |args: &[&str], paths: &[PathBuf]| {
            let mut command = self.command(args);
            command.arg("--").args(paths);
            command
        };
        if !new.is_empty() {
            self.output(&mut with(&["add", "--intent-to-add"], &new))?;
        }
        let mut commit = with(
            &["commit", "--quiet", "--only", "--file=-"],
            &paths_to_commit,
        );
        announce(&commit);
        let said = commit
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .and_then(|mut git| {
                let stdin = git.stdin.take();
                let told = stdin.map(|mut stdin| stdin.write_all(message.as_bytes()));
                Ok((git.wait_with_output()?, told))
            });
        let (said, told) = said.map_err(|error| Error::io("run git", &self.top, &error))?;
        if said.status.success() {
            let head = self.run(["rev-parse", "--short", "HEAD"])?;
            return Ok(Some(head.trim().to_owned()));
        }
        if !new.is_empty() {
            self.output(&mut with(&["rm", "--cached", "--quiet"], &new))?;
        }
        match told {
            // A git that does not read it says why it failed.
            Some(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(Error::io("give git the message", &self.top, &error));
            }
            _ => {}
        }
        let mut error = Error::new(Kind::Unmet, "git did not make the commit");
        for stream in [said.stderr, said.stdout] {
            let text = String::from_utf8_lossy(&stream).into_owned();
            let text = anstream::adapter::strip_str(&text).to_string();
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            error.details.extend(lines.take(10).map(str::to_owned));
        }
        Err(error)
    }
}

/// What `ours` and `theirs` each made of `base`, in one; `None` where both changed the same lines,
/// or where there is no git to ask.
///
/// # Errors
///
/// When `theirs` cannot be put beside the others.
pub fn merge_file(ours: &Path, base: &Path, theirs: &[u8]) -> Result<Option<Vec<u8>>> {
    let folder = base.parent().unwrap_or(base);
    let failed = |error: &io::Error| Error::io("write the file", folder, error);
    let mut file = tempfile::Builder::new();
    let file = file
        .prefix(".agentsess-")
        .suffix(".tmp")
        .tempfile_in(folder);
    let mut file = file.map_err(|error| failed(&error))?;
    file.write_all(theirs).map_err(|error| failed(&error))?;
    let mut git = Command::new("git");
    git.args(["merge-file", "-p", "-q", "--"])
        .args([ours, base, file.path()])
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    announce(&git);
    Ok(git
        .output()
        .ok()
        .filter(|output| output.status.success())
        .map(|output| output.stdout))
}
