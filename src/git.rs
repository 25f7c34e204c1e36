//! What is asked of git. Finding the repository, its branch and its work trees only reads the few
//! small files that git itself reads for that; starting `git` would cost more than all the rest of
//! most commands. What needs git's own judgement asks it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use memchr::memmem;

use crate::error::{Error, Result};

/// A work tree and the repository it belongs to.
#[derive(Debug, Clone)]
pub struct Repository {
    /// The top folder of this work tree.
    pub top: PathBuf,
    /// This work tree's own part of the repository.
    git_dir: PathBuf,
    /// What all work trees share.
    pub common_dir: PathBuf,
}

impl Repository {
    /// The repository that `dir`, an absolute path, lies in.
    pub fn discover(dir: &Path) -> Option<Self> {
        dir.ancestors().find_map(|top| {
            let dot_git = top.join(".git");
            let git_dir = if dot_git.is_dir() {
                dot_git
            } else {
                let link = fs::read_to_string(&dot_git).ok()?;
                top.join(link.strip_prefix("gitdir:")?.trim())
            };
            if !git_dir.join("HEAD").exists() {
                return None;
            }
            let common_dir = match fs::read_to_string(git_dir.join("commondir")) {
                Ok(path) => git_dir.join(path.trim()),
                Err(_) => git_dir.clone(),
            };
            let common_dir = fs::canonicalize(&common_dir).unwrap_or(common_dir);
            Some(Self {
                top: top.to_owned(),
                git_dir,
                common_dir,
            })
        })
    }

    /// The branch that is checked out; `None` when the head is detached.
    pub fn branch(&self) -> Option<String> {
        let head = fs::read_to_string(self.git_dir.join("HEAD")).ok()?;
        let branch = head.strip_prefix("ref: refs/heads/")?.trim_end();
        if branch == ".invalid" {
            // The reftable format keeps the head elsewhere.
            let name = self.run(["symbolic-ref", "--short", "-q", "HEAD"]).ok()?;
            return Some(name.trim_end().to_owned());
        }
        Some(branch.to_owned())
    }

    /// The branch that the head of `origin` names, as a clone records it.
    pub fn default_branch(&self) -> Option<String> {
        let head = self.common_dir.join("refs/remotes/origin/HEAD");
        let head = fs::read_to_string(head).ok()?;
        let branch = head.strip_prefix("ref: refs/remotes/origin/")?;
        Some(branch.trim_end().to_owned())
    }

    /// The top folders of all work trees that exist, this one first.
    pub fn work_trees(&self) -> Vec<PathBuf> {
        let mut tops = vec![self.top.clone()];
        let main = (self.common_dir.file_name() == Some(OsStr::new(".git")))
            .then(|| self.common_dir.parent().map(Path::to_owned))
            .flatten();
        let mut linked: Vec<PathBuf> = fs::read_dir(self.common_dir.join("worktrees"))
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let dot_git = fs::read_to_string(entry.path().join("gitdir")).ok()?;
                let dot_git = entry.path().join(dot_git.trim_end());
                fs::canonicalize(dot_git.parent()?).ok()
            })
            .collect();
        linked.sort();
        for top in main.into_iter().chain(linked) {
            if !tops.contains(&top) && top.is_dir() {
                tops.push(top);
            }
        }
        tops
    }

    /// Whether git tracks anything below a folder of this name. The index is searched for the
    /// name before git is asked, which is what every writing command can afford.
    pub fn tracks_below(&self, dir: &Path) -> bool {
        let Some(name) = dir.file_name() else {
            return false;
        };
        let mut needle = name.as_encoded_bytes().to_vec();
        needle.push(b'/');
        let index = fs::read(self.git_dir.join("index")).unwrap_or_default();
        if memmem::find(&index, &needle).is_none() {
            return false;
        }
        let args = [OsStr::new("ls-files"), OsStr::new("--"), dir.as_os_str()];
        self.run(args).is_ok_and(|tracked| !tracked.is_empty())
    }

    /// The paths with uncommitted changes, relative to the top; with `only`, those among them.
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn changed(&self, only: &[PathBuf]) -> Result<Vec<PathBuf>> {
        let mut args: Vec<&OsStr> = ["status", "--porcelain=v1", "-z", "--no-renames", "-uall"]
            .map(OsStr::new)
            .to_vec();
        args.push(OsStr::new("--"));
        args.extend(only.iter().map(|path| path.as_os_str()));
        let output = self.run(args)?;
        Ok(output
            .split('\0')
            .filter_map(|line| line.get(3..).filter(|path| !path.is_empty()))
            .map(PathBuf::from)
            .collect())
    }

    /// Whether git has the path, a file or a folder, in its index, or had it in a commit before it
    /// was deleted.
    ///
    /// # Errors
    ///
    /// When git cannot be started or fails.
    pub fn knows(&self, path: &Path) -> Result<bool> {
        let paths = [OsStr::new("--"), path.as_os_str()];
        let list = [OsStr::new("ls-files"), OsStr::new("-z")];
        if !self.run(list.into_iter().chain(paths))?.is_empty() {
            return Ok(true);
        }
        if self.top.join(path).exists() {
            return Ok(false);
        }
        let log = ["log", "-1", "--format=%h"].map(OsStr::new);
        // Before the first commit there is no log.
        Ok(self
            .run(log.into_iter().chain(paths))
            .is_ok_and(|log| !log.is_empty()))
    }

    /// Runs git at the top of the work tree. Paths among the arguments are taken literally.
    fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Result<String> {
        let mut command = Command::new("git");
        command
            .arg("--literal-pathspecs")
            .arg("--no-optional-locks")
            .args(args)
            .current_dir(&self.top)
            .stdin(Stdio::null())
            .stderr(Stdio::piped());
        // Set by git for its hooks, and meant for another work tree than this one.
        for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
            command.env_remove(variable);
        }
        let output = command
            .output()
            .map_err(|error| Error::io("run git", &self.top, &error))?;
        if !output.status.success() {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let first = stderr.lines().next().unwrap_or("no message");
            return Err(Error::usage(format!("git failed: {first}")).at(&self.top, None));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
